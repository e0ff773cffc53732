//! The log: facts as lines on standard error, for a person or as JSON.
//!
//! Owns the lines' shape, and that the same line comes at most once a second with a count of the
//! rest. Never decides what a fact means: `words` does.

use std::cell::RefCell;
use std::fmt::Write as _;
use std::io::{self, IsTerminal, Write as _};
use std::time::{Duration, Instant, SystemTime};

use chrono::{DateTime, Local, SecondsFormat, Utc};
use serde::Serialize;

use super::filter::LogFilter;
use super::repeats::{Line, Repeats};
use super::words::{level, sentence};
use crate::event::Fact;
use crate::script::Level;
use crate::supervisor::{Receipt, Verdict};

/// How often the same line may come.
const TELL_EVERY: Duration = Duration::from_secs(1);

/// How log lines look.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum LogFormat {
    /// A line for a person.
    #[default]
    Human,
    /// One JSON object a line.
    Json,
}

/// Writes facts to standard error.
#[derive(Debug)]
pub struct Logger {
    format: LogFormat,
    colours: bool,
    filter: LogFilter,
    repeats: RefCell<Repeats>,
}

impl Logger {
    /// A log of this shape that tells this much.
    #[must_use]
    pub fn new(format: LogFormat, filter: LogFilter) -> Self {
        let colours = io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
        Self { format, colours, filter, repeats: RefCell::new(Repeats::new(TELL_EVERY)) }
    }

    /// Writes what became of an attempt to reload.
    pub fn receipt(&self, receipt: &Receipt) {
        let level = match receipt.verdict {
            Verdict::Applied => Level::Info,
            Verdict::Rejected | Verdict::RolledBack => Level::Warn,
        };
        let line = Line { level, node: "".into(), socket: None, message: receipt.to_string() };
        // Each attempt is told, also when it reads like the one before.
        if self.filter.admits(level, "") {
            self.put(&[(line, 0)]);
        }
    }

    /// Writes one fact; see [`Logger::write_all`].
    pub fn write(&self, fact: &Fact) {
        self.write_all(std::slice::from_ref(fact));
    }

    /// Writes facts together, except those whose line was written within the last second: they are
    /// counted and told of by [`Logger::catch_up`].
    pub fn write_all(&self, facts: &[Fact]) {
        let lines: Vec<_> = facts.iter().filter_map(|fact| self.line_of(fact)).collect();
        self.put(&lines);
    }

    /// What a fact is to be shown as, and how often it was held back; nothing where it is not.
    fn line_of(&self, fact: &Fact) -> Option<(Line, u64)> {
        let level = level(&fact.what);
        if !self.filter.admits(level, &fact.node) {
            return None;
        }
        let line = Line {
            level,
            node: fact.node.clone(),
            socket: fact.socket.clone(),
            message: sentence(&fact.what),
        };
        let repeated = self.repeats.borrow_mut().admit(&line, fact.repeated, Instant::now())?;
        Some((line, repeated))
    }

    /// When [`Logger::catch_up`] has something to tell.
    pub fn due(&self) -> Option<Instant> {
        self.repeats.borrow().due()
    }

    /// Writes the lines that were held back long enough, with how often they came.
    pub fn catch_up(&self) {
        let due = self.repeats.borrow_mut().take_due(Instant::now());
        self.put(&due);
    }

    /// Writes all that was held back.
    pub fn finish(&self) {
        let held = self.repeats.borrow_mut().take_all();
        self.put(&held);
    }

    /// Writes whole lines, in one system call where the reader has room.
    fn put(&self, lines: &[(Line, u64)]) {
        let shown = lines.iter().map(|(line, repeated)| self.shown(line, *repeated));
        // Whoever closed our standard error must not end the run.
        let _ = io::stderr().lock().write_all(shown.collect::<String>().as_bytes());
    }

    fn shown(&self, line: &Line, repeated: u64) -> String {
        match self.format {
            LogFormat::Human => human(line, repeated, SystemTime::now().into(), self.colours),
            LogFormat::Json => json(line, repeated, SystemTime::now().into()),
        }
    }
}

/// `12:47:24.123`
const TIME_OF_DAY: &str = "%H:%M:%S%.3f";

/// The time of day where this process runs, as it stands before lines for a person.
#[must_use]
pub fn time_of_day(time: SystemTime) -> String {
    DateTime::<Local>::from(time).format(TIME_OF_DAY).to_string()
}

/// `12:47:24.123  temperature.sub  Oslo: 1 °C`; the level stands only where it is not info.
fn human(line: &Line, repeated: u64, time: DateTime<Local>, colours: bool) -> String {
    let mut text = time.format(TIME_OF_DAY).to_string();
    if line.level != Level::Info {
        text.push_str("  ");
        text.push_str(&painted(line.level, colours));
    }
    if !line.node.is_empty() {
        text.push_str("  ");
        text.push_str(&line.node);
        if let Some(socket) = &line.socket {
            text.push('.');
            text.push_str(socket);
        }
    }
    text.push_str("  ");
    text.push_str(&line.message);
    if repeated > 0 {
        // Writing to a text never fails.
        let _ = write!(text, " (and {repeated} more like it)");
    }
    text.push('\n');
    text
}

fn painted(level: Level, colours: bool) -> String {
    let word = level.word();
    let colour = match level {
        Level::Error => 31,
        Level::Warn => 33,
        Level::Info | Level::Debug | Level::Trace => 2,
    };
    if colours { format!("\x1b[{colour}m{word}\x1b[0m") } else { word.to_owned() }
}

/// A line of the log as JSON.
#[derive(Serialize)]
struct JsonLine<'l> {
    time: String,
    level: &'static str,
    node: Option<&'l str>,
    socket: Option<&'l str>,
    message: &'l str,
    repeated: u64,
}

fn json(line: &Line, repeated: u64, time: DateTime<Utc>) -> String {
    let line = JsonLine {
        time: time.to_rfc3339_opts(SecondsFormat::Millis, true),
        level: line.level.word(),
        node: Some(&*line.node).filter(|node| !node.is_empty()),
        socket: line.socket.as_deref(),
        message: &line.message,
        repeated,
    };
    // Texts and a number always are JSON.
    serde_json::to_string(&line).map(|text| text + "\n").unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(level: Level, node: &str, socket: Option<&str>) -> Line {
        let message = "a \"text\"\nof two lines".to_owned();
        Line { level, node: node.into(), socket: socket.map(Into::into), message }
    }

    #[test]
    fn a_line_for_a_person_names_node_and_socket() {
        let shown = |line: &Line, repeated, colours| {
            let text = human(line, repeated, SystemTime::UNIX_EPOCH.into(), colours);
            text.split_once("  ").unwrap().1.to_owned()
        };
        let warn = line(Level::Warn, "a.1", Some("in"));
        assert_eq!(shown(&warn, 0, false), "warn  a.1.in  a \"text\"\nof two lines\n");
        assert!(shown(&warn, 0, true).starts_with("\x1b[33mwarn\x1b[0m  a.1.in"));
        let info = line(Level::Info, "", None);
        assert_eq!(shown(&info, 3, true), "a \"text\"\nof two lines (and 3 more like it)\n");
    }

    #[test]
    fn a_line_as_json_has_every_key() {
        let text = json(&line(Level::Error, "a", Some("in")), 7, SystemTime::UNIX_EPOCH.into());
        assert_eq!(
            text,
            "{\"time\":\"1970-01-01T00:00:00.000Z\",\"level\":\"error\",\"node\":\"a\",\
             \"socket\":\"in\",\"message\":\"a \\\"text\\\"\\nof two lines\",\"repeated\":7}\n"
        );
        let text = json(&line(Level::Info, "", None), 0, SystemTime::UNIX_EPOCH.into());
        assert!(text.contains("\"node\":null,\"socket\":null,"), "{text}");
    }
}
