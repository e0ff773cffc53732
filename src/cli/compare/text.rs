//! A comparison for a person.
//!
//! Owns how differences are shown: message by message, frame by frame, JSON by key. Never compares.

use std::fmt::Write as _;

use serde_json::Value;

use super::changes::{Change, changes};
use crate::cli::message;
use crate::control::Opened;
use crate::listing::counted;
use crate::message::JsonFrame;
use crate::node::Passed;
use crate::observe::time_of_day;
use crate::replay::{Accepted, Difference, Group, Missing, Report, Sent};
use crate::visible::visible;

/// Characters of a value that are shown.
const SHOWN: usize = 200;
/// Messages of a call that are shown.
const MESSAGES: usize = 6;

/// The whole report.
pub(super) fn text(report: &Report, accepted: &[Accepted]) -> String {
    let mut text = String::new();
    for group in report.groups.iter().filter(|group| !group.is_accepted(accepted)) {
        // Writing to a string does not fail.
        let _ = writeln!(text, "{}", headline(group));
        first(&mut text, &group.first);
        let _ = writeln!(text, "  meant? --accept {}\n", group.text());
    }
    for group in report.groups.iter().filter(|group| group.is_accepted(accepted)) {
        let _ = writeln!(text, "accepted: {}", headline(group));
    }
    for note in &report.notes {
        let _ = writeln!(text, "note: {}", visible(note));
    }
    for one in &report.missing {
        let is_meant = accepted.iter().any(|accepted| accepted.means_missing(&one.node));
        let word = if is_meant { "accepted: not compared" } else { "not compared" };
        let _ = writeln!(text, "{word}: {}", visible(&missing(one)));
    }
    let differ = report.groups.iter().filter(|group| !group.is_accepted(accepted));
    let calls: u64 = differ.map(|group| group.count).sum();
    let compared = counted(report.compared, "call");
    let _ = match calls {
        0 => writeln!(text, "{compared} compared: no difference"),
        calls => writeln!(text, "{compared} compared: {calls} differ"),
    };
    text
}

/// `handler on_work of worker (scripts/worker.rhai:12): 38 of 120 calls send something else`
fn headline(group: &Group) -> String {
    let Group { kind, node, handler, place, count, of, .. } = group;
    let place = place.as_ref().map_or_else(String::new, |place| format!(" ({place})"));
    let calls = counted(*of, "call");
    let line = format!("handler {handler} of {node}{place}: {count} of {calls} {}", kind.says());
    visible(&line).into_owned()
}

fn missing(one: &Missing) -> String {
    let mut text = one.instance.clone();
    // Writing to a string does not fail.
    let _ = match one.calls {
        0 => Ok(()),
        calls => write!(text, ", {}", counted(calls, "call")),
    };
    if let Some(since) = one.since {
        let _ = write!(text, ", since {}", time_of_day(since));
    }
    format!("{text}: {}", one.why)
}

fn first(text: &mut String, first: &Difference) {
    let at = time_of_day(first.at);
    let _ = match &first.message {
        Some(passed) => writeln!(text, "  the first of them:\n    {}", message_line(passed)),
        None => writeln!(text, "  the first of them, at {at} in {}:", visible(&first.instance)),
    };
    if let Some(error) = &first.error {
        let _ = writeln!(text, "  ! {}", visible(error));
    }
    messages(text, &first.then, &first.now);
    if let Some((then, now)) = &first.deeds {
        let gone = then.iter().filter(|deed| !now.contains(deed));
        for deed in gone {
            let _ = writeln!(text, "  - {}", visible(deed));
        }
        for deed in now.iter().filter(|deed| !then.contains(deed)) {
            let _ = writeln!(text, "  + {}", visible(deed));
        }
    }
}

fn message_line(passed: &Passed) -> String {
    message::line(&Opened::of(passed.share()).read())
}

fn messages(text: &mut String, then: &[Sent], now: &[Sent]) {
    let is_same = |(one, other): &(&Sent, &Sent)| {
        one.fingerprint == other.fingerprint && one.socket == other.socket
    };
    let before = then.iter().zip(now).take_while(is_same).count();
    let most = then.len().min(now.len()) - before;
    let after = then.iter().rev().zip(now.iter().rev()).take(most).take_while(is_same).count();
    if before > 0 {
        let _ = writeln!(text, "    … {before} as they were");
    }
    let old = &then[before..then.len() - after];
    let new = &now[before..now.len() - after];
    for at in 0..old.len().max(new.len()).min(MESSAGES) {
        match (old.get(at), new.get(at)) {
            (Some(old), Some(new)) => pair(text, old, new),
            (Some(old), None) => whole(text, '-', old),
            (None, Some(new)) => whole(text, '+', new),
            (None, None) => {}
        }
    }
    let more = old.len().max(new.len()).saturating_sub(MESSAGES);
    if more > 0 {
        let _ = writeln!(text, "    … and {more} more");
    }
}

/// A message with all its frames.
fn whole(text: &mut String, sign: char, sent: &Sent) {
    let socket = sent.socket.as_deref().unwrap_or("written");
    let said = match &sent.frames {
        Some(frames) => {
            frames.iter().map(|frame| shown_frame(frame)).collect::<Vec<_>>().join(" | ")
        }
        None => "what the recording does not have: it was dropped before it was sent".to_owned(),
    };
    let _ = writeln!(text, "  {sign} {}  {said}", visible(socket));
}

fn pair(text: &mut String, old: &Sent, new: &Sent) {
    whole(text, '-', old);
    whole(text, '+', new);
    let (Some(then), Some(now)) = (&old.frames, &new.frames) else { return };
    let count = then.len();
    if count != now.len() {
        return;
    }
    for (at, (then, now)) in then.iter().zip(now).enumerate().filter(|(_, (a, b))| a != b) {
        let which = if count > 1 { format!("frame {at}: ") } else { String::new() };
        for change in changes(then, now) {
            if change.path.is_empty() && which.is_empty() {
                continue;
            }
            let _ = writeln!(text, "      {which}{}", said(&change));
        }
    }
}

/// `.factors[1]: 2 → 6`
fn said(change: &Change) -> String {
    let path = if change.path.is_empty() { String::new() } else { format!("{}: ", change.path) };
    let line = match (&change.then, &change.now) {
        (Some(then), Some(now)) => format!("{path}{} → {}", shown(then), shown(now)),
        (Some(then), None) => format!("{path}{} is there no more", shown(then)),
        (None, Some(now)) => format!("{path}{} is new", shown(now)),
        (None, None) => path,
    };
    visible(&line).into_owned()
}

fn shown(value: &Value) -> String {
    cut(&value.to_string())
}

fn shown_frame(frame: &[u8]) -> String {
    let said = match serde_json::to_value(JsonFrame(frame)) {
        Ok(Value::String(text)) => text,
        Ok(value) => value.to_string(),
        Err(error) => error.to_string(),
    };
    visible(&cut(&said)).into_owned()
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
