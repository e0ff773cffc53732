//! `zrig recording`: what is in a recording, and parts of it.
//!
//! Owns the arguments of `recording` and what it prints. Never changes a recording.

mod picture;

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::ops::{ControlFlow, RangeInclusive};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::rc::Rc;
use std::time::Duration;

use chrono::{DateTime, Local};
use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use super::events::for_person;
use super::message;
use super::output::{FAILED, aside, fail, invalid};
use super::picture::no_picture;
use crate::clock::nanos;
use crate::control::{Opened, Sieve};
use crate::duration::{format_duration, parse_duration};
use crate::node::{Passed, Target};
use crate::observe::{Happened, time_of_day};
use crate::recording::{CallChannel, Channel, Entry, Reader, RecordingError, Wants, cut, moment};
use crate::script::Engine;
use crate::visible::visible;

/// Show what is in a recording, parts of it, or whether it is as it was written
#[derive(Args, Debug)]
pub(super) struct RecordingArguments {
    /// The recording
    file: PathBuf,
    /// Look at every part, and say whether it is as it was written
    #[arg(long, conflicts_with_all = ["cut", "node", "condition", "format", "to", "picture"])]
    check: bool,
    /// Only this stretch, counted from its beginning: 10s..20s, 10s.. or ..20s
    #[arg(long, value_name = "FROM..TO", value_parser = stretch)]
    cut: Option<Stretch>,
    /// Only what passed here: NODE, NODE.SOCKET, NODE.COPY or NODE.COPY.SOCKET
    #[arg(long, value_name = "NODE")]
    node: Option<Target>,
    /// Only messages of which this Rhai expression says true; `msg` is the message
    #[arg(long = "where", value_name = "EXPRESSION")]
    condition: Option<String>,
    /// Write that part to a recording of its own, which must not be there
    #[arg(long, value_name = "FILE")]
    to: Option<PathBuf>,
    /// Print what is in it, or draw it: which message went where, and when
    #[arg(long, value_enum, conflicts_with = "to")]
    format: Option<Format>,
    /// Draw that part as messages over time: FILE.svg, or FILE.mmd for Mermaid
    #[arg(long, value_name = "FILE", conflicts_with_all = ["to", "format"])]
    picture: Vec<PathBuf>,
}

/// How a part is printed or drawn.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
enum Format {
    /// A line for a person
    Text,
    /// One JSON object a line, as `zrig tap` and `zrig events` have them
    Jsonl,
    /// Messages over time for a terminal: a column a node, a line a message
    Sequence,
    /// Messages over time as a picture for slides and pages
    Svg,
    /// Messages over time for sites that draw Mermaid
    Mermaid,
}

/// A stretch of time since the beginning.
#[derive(Clone, Copy, Debug)]
struct Stretch {
    from: Duration,
    to: Option<Duration>,
}

fn stretch(text: &str) -> Result<Stretch, String> {
    let wrong = "it wants FROM..TO, such as 10s..20s, 10s.. or ..20s";
    let (from, to) = text.split_once("..").ok_or(wrong)?;
    let time = |text: &str| parse_duration(text).map_err(|error| error.to_string());
    let from = if from.is_empty() { Duration::ZERO } else { time(from)? };
    let to = if to.is_empty() { None } else { Some(time(to)?) };
    match to {
        Some(to) if to < from => Err("it ends before it begins".to_owned()),
        to => Ok(Stretch { from, to }),
    }
}

impl RecordingArguments {
    /// Shows what is wanted.
    ///
    /// # Errors
    ///
    /// When the result cannot be written.
    pub(super) fn run(&self) -> io::Result<ExitCode> {
        if self.check {
            return match Reader::check(&self.file) {
                Ok(()) => {
                    writeln!(io::stdout(), "{}: as it was written", self.file.display())?;
                    Ok(ExitCode::SUCCESS)
                }
                Err(error) => Ok(refuse(&error)),
            };
        }
        if let Some(why) = no_picture(self.picture.iter().map(PathBuf::as_path)) {
            return Ok(invalid(&why));
        }
        let mut reader = match Reader::open(&self.file) {
            Ok(reader) => reader,
            Err(error) => return Ok(refuse(&error)),
        };
        let engine = Rc::new(Engine::new());
        let mut sieve = match Sieve::of(&engine, self.condition.as_deref()) {
            Ok(sieve) => sieve,
            Err(failed) => return Ok(fail(&failed)),
        };
        let is_part = self.cut.is_some() || self.node.is_some() || self.condition.is_some();
        let code = match &self.to {
            Some(to) => self.write(&mut reader, &mut sieve, to)?,
            None if self.form().is_some() || !self.picture.is_empty() => {
                self.draw(&mut reader, &mut sieve)?
            }
            None if is_part || self.format.is_some() => self.list(&mut reader, &mut sieve)?,
            None => {
                let mut out = io::stdout().lock();
                out.write_all(summary(&self.file, &reader).as_bytes())?;
                ExitCode::SUCCESS
            }
        };
        if let Some(said) = self.not_there(&reader) {
            aside(&visible(&said));
        }
        if let Some((count, error)) = sieve.failures() {
            aside(&format!("… left out, as --where failed ({count} times): {}", visible(error)));
        }
        Ok(code)
    }

    /// Writes a part to a file of its own.
    fn write(&self, reader: &mut Reader, sieve: &mut Sieve, to: &Path) -> io::Result<ExitCode> {
        let times = self.times(reader);
        let mut some = |passed: &Passed| self.wants(sieve, passed);
        let gaps = |gap: &Value| self.means_gap(gap);
        let is_part = self.node.is_some() || self.condition.is_some();
        let some = Wants::Some { messages: &mut some, gaps: &gaps };
        let wants = if is_part { some } else { Wants::All };
        match cut(reader, times, wants, to) {
            Ok(messages) => {
                writeln!(io::stdout(), "{}: {messages} messages", to.display())?;
                Ok(ExitCode::SUCCESS)
            }
            Err(error) => Ok(invalid(&error.to_string())),
        }
    }

    /// Prints a part.
    fn list(&self, reader: &mut Reader, sieve: &mut Sieve) -> io::Result<ExitCode> {
        let mut out = io::BufWriter::new(io::stdout().lock());
        let times = self.times(reader);
        let chosen = self.node.is_some() || self.condition.is_some();
        let read = reader.read(times, |entry| {
            let line = match entry {
                Entry::Message { passed, .. } if !self.wants(sieve, &passed) => {
                    return ControlFlow::Continue(());
                }
                Entry::Message { passed, peer } => self.message(passed, peer),
                // They are for a comparison.
                Entry::Calls { .. } => return ControlFlow::Continue(()),
                // What is asked for are messages.
                Entry::Event { .. } if chosen => return ControlFlow::Continue(()),
                Entry::Event { happened, .. } => self.event(&happened),
                Entry::Gap { gap, .. } if !self.means_gap(&gap) => return ControlFlow::Continue(()),
                Entry::Gap { gap, .. } => self.gap(&gap),
            };
            match writeln!(out, "{line}") {
                Ok(()) => ControlFlow::Continue(()),
                Err(error) => ControlFlow::Break(error),
            }
        });
        match read {
            Ok(None) => {}
            Ok(Some(error)) => return Err(error),
            Err(error) => {
                out.flush()?;
                return Ok(refuse(&error));
            }
        }
        out.flush()?;
        Ok(ExitCode::SUCCESS)
    }

    /// What to say where nothing ever passed at the node that is asked for: who is in it instead.
    fn not_there(&self, reader: &Reader) -> Option<String> {
        let target = self.node.as_ref()?;
        let places = || reader.channels().values().map(|channel| &channel.place);
        if places().any(|it| is_meant(Some(target), &it.instance, Some(&it.socket))) {
            return None;
        }
        let known: BTreeSet<&str> = places().map(|place| &*place.instance).collect();
        let known: Vec<&str> = known.into_iter().collect();
        let file = self.file.display();
        Some(if known.is_empty() {
            format!("nothing of {target} is in {file}, nor of any other node")
        } else {
            format!("nothing of {target} is in {file}; it has what passed at {}", known.join(", "))
        })
    }

    fn wants(&self, sieve: &mut Sieve, passed: &Passed) -> bool {
        let place = &passed.place;
        is_meant(self.node.as_ref(), &place.instance, Some(&place.socket))
            && sieve.wants_passed(passed)
    }

    /// Whether what is asked for may have been among what is missing there.
    fn means_gap(&self, gap: &Value) -> bool {
        let text = |name: &str| gap[name].as_str().unwrap_or_default();
        is_meant(self.node.as_ref(), text("node"), Some(text("socket")))
    }

    fn message(&self, passed: Passed, peer: Option<String>) -> String {
        let mut message = Opened::of(passed).read();
        message.peer = message.peer.or(peer);
        if self.format == Some(Format::Jsonl) {
            return json!({"message": message}).to_string();
        }
        message::line(&message)
    }

    fn event(&self, happened: &Value) -> String {
        if self.format == Some(Format::Jsonl) {
            return json!({"event": happened}).to_string();
        }
        match serde_json::from_value::<Happened>(happened.clone()) {
            Ok(happened) => for_person(&happened, false).trim_end().to_owned(),
            Err(_) => visible(&happened.to_string()).into_owned(),
        }
    }

    fn gap(&self, gap: &Value) -> String {
        if self.format == Some(Format::Jsonl) {
            return json!({"missing": gap}).to_string();
        }
        let text = |name: &str| gap[name].as_str().unwrap_or_default();
        let time =
            |name: &str| time_of_day(message::moment(gap[name].as_f64().unwrap_or_default()));
        let line = format!(
            "… {} messages are missing here: {}.{} {}, {} to {}",
            gap["messages"],
            text("node"),
            text("socket"),
            text("direction"),
            time("since"),
            time("until")
        );
        visible(&line).into_owned()
    }

    /// The times of the stretch, in nanoseconds since the epoch.
    fn times(&self, reader: &Reader) -> Option<RangeInclusive<u64>> {
        let stretch = self.cut?;
        let all = reader.times()?;
        let at = |since: Duration| all.start().saturating_add(nanos(since));
        Some(at(stretch.from)..=stretch.to.map_or(u64::MAX, at))
    }
}

fn refuse(error: &RecordingError) -> ExitCode {
    match error {
        RecordingError::Damaged { .. } => {
            aside(&format!("error: {}", visible(&error.to_string())));
            ExitCode::from(FAILED)
        }
        RecordingError::Io { .. } | RecordingError::NotOne { .. } => invalid(&error.to_string()),
    }
}

/// What is in a recording, for a person.
fn summary(path: &Path, reader: &Reader) -> String {
    use std::fmt::Write as _;
    let channels: Vec<&Channel> = reader.channels().values().collect();
    let messages: u64 = channels.iter().map(|it| it.messages).sum();
    let mut text = String::new();
    // Writing into a String cannot fail.
    let _ = match reader.times() {
        Some(times) => {
            let lasting = Duration::from_nanos(times.end().saturating_sub(*times.start()));
            let lasting =
                Duration::from_millis(u64::try_from(lasting.as_millis()).unwrap_or(u64::MAX));
            let begin = begin_of(*times.start());
            let lasting = format_duration(lasting);
            writeln!(text, "{}: {messages} messages in {lasting} from {begin}", path.display())
        }
        None => writeln!(text, "{}: nothing", path.display()),
    };
    for version in reader.versions() {
        let at = time_of_day(moment(version.at));
        let _ = writeln!(
            text,
            "  generation {} of {} at {at}",
            version.generation,
            visible(&version.file)
        );
    }
    let mut rows: Vec<[String; 5]> = channels.iter().map(|channel| row(channel)).collect();
    rows.sort();
    let widths: Vec<usize> = (0..5)
        .map(|at| rows.iter().map(|row| row[at].chars().count()).max().unwrap_or(0))
        .collect();
    for row in &rows {
        let [place, way, messages, bytes, missing] = row;
        let line = format!(
            "  {place:<0$}  {way:<1$}  {messages:>2$}  {bytes:>3$}  {missing}",
            widths[0], widths[1], widths[2], widths[3]
        );
        let _ = writeln!(text, "{}", line.trim_end());
    }
    let mut calls: Vec<String> = reader.calls().map(call_line).collect();
    calls.sort();
    for line in calls {
        let _ = writeln!(text, "  {}", visible(&line));
    }
    let _ = writeln!(text, "  {} events", reader.events());
    if let Some(left) = reader.broken_off() {
        let lost = if left > 0 {
            format!(", and its last {left} bytes cannot be read")
        } else {
            String::new()
        };
        let _ = writeln!(
            text,
            "it was broken off: what passed in its last second may not be in it{lost}"
        );
    }
    text
}

/// When a recording begins, for a person.
fn begin_of(nanoseconds: u64) -> String {
    let begin = DateTime::<Local>::from(moment(nanoseconds));
    begin.format("%Y-%m-%d %H:%M:%S%.3f").to_string()
}

/// `worker: 120 calls of its handlers`
fn call_line(channel: &CallChannel) -> String {
    let CallChannel { instance, calls, missing } = channel;
    let calls = calls.map_or_else(|| "calls".to_owned(), |calls| format!("{calls} calls"));
    let missing = if *missing > 0 { format!(", {missing} missing") } else { String::new() };
    format!("{instance}: {calls} of its handlers{missing}")
}

fn row(channel: &Channel) -> [String; 5] {
    let place = format!("{}.{}", channel.place.instance, channel.place.socket);
    let bytes = channel.bytes.map_or_else(String::new, |bytes| format!("{bytes} bytes"));
    let missing = match channel.missing {
        0 => String::new(),
        missing => format!("{missing} missing: the recording was too slow"),
    };
    let messages = format!("{} messages", channel.messages);
    [visible(&place).into_owned(), channel.direction.word().to_owned(), messages, bytes, missing]
}

/// Whether a node that something happened at is wanted, at that socket if it was at one.
fn is_meant(target: Option<&Target>, node: &str, socket: Option<&str>) -> bool {
    target.is_none_or(|target| {
        // What happens to a node as a whole happens to each of its sockets.
        let socket = socket.or(target.socket.as_deref()).unwrap_or_default();
        target.means_instance(node, socket)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stretch_has_a_beginning_or_an_end_or_both() {
        let of =
            |text| stretch(text).map(|it| (it.from.as_millis(), it.to.map(|to| to.as_millis())));
        assert_eq!(of("10s..20s"), Ok((10_000, Some(20_000))));
        assert_eq!(of("500ms.."), Ok((500, None)));
        assert_eq!(of("..1m"), Ok((0, Some(60_000))));
        for wrong in ["10s", "20s..10s", "a..b", "10..20x"] {
            assert!(of(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_happens_to_a_node_is_meant_with_each_of_its_sockets() {
        for (target, node, socket, meant) in [
            (None, "a", None, true),
            (Some("a"), "a.2", Some("in"), true),
            (Some("a.2"), "a.1", None, false),
            (Some("a.in"), "a", None, true),
            (Some("a.in"), "a", Some("out"), false),
            (Some("b"), "a", None, false),
        ] {
            let target: Option<Target> = target.map(|text| text.parse().unwrap());
            assert_eq!(is_meant(target.as_ref(), node, socket), meant, "{target:?} {node}");
        }
    }
}
