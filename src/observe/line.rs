//! A line of the log, for a person or as JSON.
//!
//! Owns how a line looks. Never decides whether there is one, and never writes it.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::SystemTime;

use chrono::{DateTime, Local, SecondsFormat, Utc};
use serde::Serialize;

use crate::event::FaultJson;
use crate::script::{HandlerError, Level};
use crate::visible::{visible, visible_lines};

/// How log lines look.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum LogFormat {
    /// A line for a person.
    #[default]
    Human,
    /// One JSON object a line.
    Json,
}

/// A line of the log, without its time.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Line {
    pub(crate) level: Level,
    /// The instance; empty for the run as a whole.
    pub(crate) node: Arc<str>,
    pub(crate) socket: Option<Arc<str>>,
    pub(crate) message: String,
    /// The place of a fault in a handler, and how it got there.
    pub(crate) fault: Option<Arc<HandlerError>>,
}

impl Line {
    /// A line of the run as a whole.
    pub(super) fn of_run(level: Level, message: String) -> Self {
        Self { level, node: "".into(), socket: None, message, fault: None }
    }

    /// The whole line as a person reads it, which came so many times more.
    pub(crate) fn for_person(&self, repeated: u64, time: SystemTime, colours: bool) -> String {
        Look { format: LogFormat::Human, colours }.show(self, repeated, time)
    }
}

/// How lines are shown.
#[derive(Clone, Copy, Debug)]
pub(super) struct Look {
    pub(super) format: LogFormat,
    pub(super) colours: bool,
}

impl Look {
    /// A whole line of that time, which came so many times more.
    pub(super) fn show(self, line: &Line, repeated: u64, time: SystemTime) -> String {
        match self.format {
            LogFormat::Human => human(line, repeated, time.into(), self.colours),
            LogFormat::Json => json(line, repeated, time.into()),
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
    if line.node.is_empty() {
        text.push_str("  ");
        // Only the run itself says something in several lines.
        text.push_str(&visible_lines(&line.message));
    } else {
        text.push_str("  ");
        text.push_str(&line.node);
        if let Some(socket) = &line.socket {
            text.push('.');
            text.push_str(socket);
        }
        text.push_str("  ");
        text.push_str(&visible(&line.message));
    }
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
    fault: Option<FaultJson<'l>>,
}

fn json(line: &Line, repeated: u64, time: DateTime<Utc>) -> String {
    let line = JsonLine {
        time: time.to_rfc3339_opts(SecondsFormat::Millis, true),
        level: line.level.word(),
        node: Some(&*line.node).filter(|node| !node.is_empty()),
        socket: line.socket.as_deref(),
        message: &line.message,
        repeated,
        fault: line.fault.as_deref().map(FaultJson::of),
    };
    // Texts and a number always are JSON.
    serde_json::to_string(&line).map(|text| text + "\n").unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(level: Level, node: &str, socket: Option<&str>) -> Line {
        let message = "a \"text\"\nof two lines".to_owned();
        Line { level, node: node.into(), socket: socket.map(Into::into), message, fault: None }
    }

    #[test]
    fn a_line_for_a_person_names_node_and_socket() {
        let shown = |line: &Line, repeated, colours| {
            let text = human(line, repeated, SystemTime::UNIX_EPOCH.into(), colours);
            text.split_once("  ").unwrap().1.to_owned()
        };
        let warn = line(Level::Warn, "a.1", Some("in"));
        assert_eq!(shown(&warn, 0, false), "warn  a.1.in  a \"text\"\\nof two lines\n");
        assert!(shown(&warn, 0, true).starts_with("\x1b[33mwarn\x1b[0m  a.1.in"));
        let info = line(Level::Info, "", None);
        assert_eq!(shown(&info, 3, true), "a \"text\"\n    of two lines (and 3 more like it)\n");
    }

    #[test]
    fn a_line_as_json_has_every_key_and_the_exact_text() {
        let text = json(&line(Level::Error, "a", Some("in")), 7, SystemTime::UNIX_EPOCH.into());
        assert_eq!(
            text,
            "{\"time\":\"1970-01-01T00:00:00.000Z\",\"level\":\"error\",\"node\":\"a\",\
             \"socket\":\"in\",\"message\":\"a \\\"text\\\"\\nof two lines\",\"repeated\":7,\"fault\":null}\n"
        );
        let text = json(&line(Level::Info, "", None), 0, SystemTime::UNIX_EPOCH.into());
        assert!(text.contains("\"node\":null,\"socket\":null,"), "{text}");
    }
}
