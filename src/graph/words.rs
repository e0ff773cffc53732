//! The short texts that stand in a picture: files, paces, filters.
//!
//! Owns how a part of a topology is said in a few words. Never decides where the words stand.

use std::path::Path;
use std::time::Duration;

use crate::duration::format_duration;
use crate::script::{Handlers, ScriptText};
use crate::topology::{FileSpec, Filter, HighWaterMark, ProgramSpec, ReadSpec, WriteSpec};
use crate::zeromq::Role;

/// The name of a script's file; handlers that stand in the topology file have none.
pub(super) fn script(script: &ScriptText) -> Option<String> {
    match script.handlers {
        Handlers::File(_) => Some(file_name(&script.path)),
        Handlers::Inline(_) => None,
    }
}

/// A program with its first argument, as far as these are names.
pub(super) fn program(program: &ProgramSpec) -> String {
    let words = program.command.iter().take(2).filter(|word| !word.starts_with('-'));
    words.map(|word| file_name(Path::new(word))).collect::<Vec<_>>().join(" ")
}

/// A high-water mark that is not ZeroMQ's own, of the directions that the role has.
pub(super) fn hwm(role: Role, hwm: HighWaterMark) -> Option<String> {
    let usual = HighWaterMark::default();
    let say = |mark: u32| if mark == 0 { "no hwm".to_owned() } else { format!("hwm {mark}") };
    let send = (role.sends() && hwm.send != usual.send).then_some(hwm.send);
    let receive = (role.receives() && hwm.receive != usual.receive).then_some(hwm.receive);
    match (send, receive) {
        (None, None) => None,
        (Some(send), Some(receive)) if send == receive => Some(say(send)),
        (Some(send), Some(receive)) => Some(format!("{} out, {} in", say(send), say(receive))),
        (Some(send), None) if role.receives() => Some(format!("{} out", say(send))),
        (None, Some(receive)) if role.sends() => Some(format!("{} in", say(receive))),
        (Some(mark), None) | (None, Some(mark)) => Some(say(mark)),
    }
}

/// After how long without a message a node is told.
pub(super) fn idle(span: Duration) -> String {
    format!("idle after {}", format_duration(span))
}

/// How often a timer fires.
pub(super) fn every(pace: Duration) -> String {
    format!("every {}", format_duration(pace))
}

/// A source of lines.
pub(super) fn read(read: &ReadSpec) -> String {
    let mut text = file(&read.file, "standard input");
    if let Some(interval) = read.interval {
        text.push_str(", ");
        text.push_str(&pace(interval));
    }
    if read.repeat {
        text.push_str(", again and again");
    }
    text
}

/// A sink of lines.
pub(super) fn write(write: &WriteSpec) -> String {
    let mut text = file(&write.file, "standard output");
    if write.append {
        text.push_str(", appended");
    }
    text
}

/// What a subscriber takes; the first of its message ids says what the numbers are.
pub(super) fn filters(filters: &[Filter]) -> Vec<String> {
    let first = filters.iter().position(|filter| matches!(filter, Filter::Msgid(_)));
    let say = |(at, one): (usize, &Filter)| {
        if first == Some(at) { format!("msgid {}", filter(one)) } else { filter(one) }
    };
    filters.iter().enumerate().map(say).collect()
}

fn filter(filter: &Filter) -> String {
    match filter {
        Filter::Msgid(id) => id.to_string(),
        Filter::Topic(topic) if topic.is_empty() => "everything".to_owned(),
        Filter::Topic(topic) => format!("“{}”", topic_text(topic)),
    }
}

fn topic_text(topic: &[u8]) -> String {
    match std::str::from_utf8(topic) {
        Ok(text) => text.to_owned(),
        Err(_) => topic.escape_ascii().to_string(),
    }
}

fn file(file: &FileSpec, standard: &str) -> String {
    match file {
        FileSpec::Standard => standard.to_owned(),
        FileSpec::Path(path) => file_name(path),
    }
}

/// A picture names a file, not its folders: it shall not depend on where the topology lies.
fn file_name(path: &Path) -> String {
    path.file_name().map_or_else(|| path.display().to_string(), |name| name.display().to_string())
}

fn pace(interval: Duration) -> String {
    let rate = 1.0 / interval.as_secs_f64();
    let whole = rate.round();
    if whole >= 1.0 && (rate - whole).abs() < 1e-6 * whole {
        format!("{whole:.0}/s")
    } else {
        format!("one every {}", format_duration(interval))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pace_is_said_by_the_second_where_it_is_whole() {
        for (nanos, want) in [
            (20_000_000, "50/s"),
            (333_333_333, "3/s"),
            (1_000_000_000, "1/s"),
            (6_000_000_000, "one every 6s"),
            (400_000_000, "one every 400ms"),
        ] {
            assert_eq!(pace(Duration::from_nanos(nanos)), want);
        }
    }

    #[test]
    fn a_high_water_mark_is_said_where_it_is_not_the_usual_one() {
        for (role, send, receive, want) in [
            (Role::Push, 1000, 1000, None),
            (Role::Push, 50, 50, Some("hwm 50")),
            (Role::Pull, 50, 1000, None),
            (Role::Sub, 1000, 0, Some("no hwm")),
            (Role::Dealer, 10, 10, Some("hwm 10")),
            (Role::Dealer, 10, 1000, Some("hwm 10 out")),
            (Role::Router, 1000, 7, Some("hwm 7 in")),
            (Role::Router, 5, 7, Some("hwm 5 out, hwm 7 in")),
        ] {
            let said = hwm(role, HighWaterMark { send, receive });
            assert_eq!(said.as_deref(), want, "{role} {send} {receive}");
        }
    }

    #[test]
    fn a_filter_that_is_no_text_is_escaped() {
        for (topic, want) in
            [(&b""[..], "everything"), (b"orders.", "“orders.”"), (b"\xFF\x01", "“\\xff\\x01”")]
        {
            assert_eq!(filter(&Filter::Topic(topic.to_vec())), want);
        }
        let both = [Filter::Topic(b"a".to_vec()), Filter::Msgid(1000), Filter::Msgid(1001)];
        assert_eq!(filters(&both), ["“a”", "msgid 1000", "1001"]);
    }
}
