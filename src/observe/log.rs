//! The log: facts as lines on standard error, for a person or as JSON.
//!
//! Owns the tracing subscriber. Never decides what a fact means: `words` does.

use std::fmt;
use std::io::IsTerminal;

use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{ChronoLocal, FormatTime};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

use super::words::{level, sentence};
use crate::event::Fact;
use crate::supervisor::{Receipt, Verdict};

/// How log lines look.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum LogFormat {
    /// A line for a person.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// Writes facts to the log.
#[derive(Debug)]
pub struct Logger;

impl Logger {
    /// Installs the log for the whole process; a second call changes nothing.
    #[must_use]
    pub fn install(format: LogFormat, filter: &str) -> Self {
        let filter = tracing_subscriber::EnvFilter::try_new(filter).unwrap_or_default();
        let builder = tracing_subscriber::fmt()
            .with_env_filter(filter)
            .with_writer(std::io::stderr)
            // Whoever closed our standard error must not end the run.
            .log_internal_errors(false);
        let colours = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
        // It fails only when there is one already, as in tests that run several topologies.
        let _ = match format {
            LogFormat::Json => builder.json().flatten_event(true).with_target(false).try_init(),
            LogFormat::Text => builder.event_format(Line { colours }).try_init(),
        };
        Self
    }

    /// Writes what became of an attempt to reload.
    pub fn receipt(&self, receipt: &Receipt) {
        match receipt.verdict {
            Verdict::Applied => tracing::info!(target: "zrig", "{receipt}"),
            Verdict::Rejected | Verdict::RolledBack => tracing::warn!(target: "zrig", "{receipt}"),
        }
    }

    /// Writes one fact.
    pub fn write(&self, fact: &Fact) {
        let text = sentence(fact);
        let node = &*fact.node;
        let socket = fact.socket.as_deref().unwrap_or_default();
        match level(&fact.what) {
            Level::ERROR => tracing::error!(target: "zrig", node, socket, "{text}"),
            Level::WARN => tracing::warn!(target: "zrig", node, socket, "{text}"),
            Level::INFO => tracing::info!(target: "zrig", node, socket, "{text}"),
            Level::DEBUG => tracing::debug!(target: "zrig", node, socket, "{text}"),
            Level::TRACE => tracing::trace!(target: "zrig", node, socket, "{text}"),
        }
    }
}

/// `12:47:24.123  temperature  Oslo: 1 °C`; the level stands only where it is not info.
struct Line {
    colours: bool,
}

impl<S, N> FormatEvent<S, N> for Line
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        _context: &FmtContext<'_, S, N>,
        mut out: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut parts = Parts::default();
        event.record(&mut parts);
        ChronoLocal::new("%H:%M:%S%.3f".to_owned()).format_time(&mut out)?;
        let level = *event.metadata().level();
        if level != Level::INFO {
            write!(out, "  {}", self.paint(level))?;
        }
        if !parts.node.is_empty() {
            write!(out, "  {}", parts.node)?;
            if !parts.socket.is_empty() {
                write!(out, ".{}", parts.socket)?;
            }
        }
        writeln!(out, "  {}", parts.message)
    }
}

impl Line {
    fn paint(&self, level: Level) -> String {
        let word = level.to_string().to_lowercase();
        if !self.colours {
            return word;
        }
        let colour = match level {
            Level::ERROR => 31,
            Level::WARN => 33,
            _ => 2,
        };
        format!("\x1b[{colour}m{word}\x1b[0m")
    }
}

#[derive(Default)]
struct Parts {
    node: String,
    socket: String,
    message: String,
}

impl Visit for Parts {
    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "node" => value.clone_into(&mut self.node),
            "socket" => value.clone_into(&mut self.socket),
            _ => {}
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            self.message = format!("{value:?}");
        }
    }
}
