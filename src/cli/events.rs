//! `zrig events`: what happens in a run, as it happens.
//!
//! Owns the arguments of `events` and what it prints. Listening is `control`'s, sentences are `observe`'s.

use std::io::{self, Write};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::{Args, ValueEnum};

use super::message::moment;
use super::output::{aside, colours_on, end_with_reader, fail};
use crate::control::{Client, Failed, Reply, Request, find};
use crate::duration::parse_duration;
use crate::observe::{Happened, Line};
use crate::script::Level;

/// The line of an event on the wire, around the event itself.
const EVENT: &str = "{\"event\":";

/// Follow what happens in a run: connections, drops, faults, reloads, and what handlers print
#[derive(Args, Debug)]
pub(super) struct EventsArguments {
    /// A running topology: its name, its file or its process
    run: String,
    /// End after this time; without it, with the run
    #[arg(long = "for", value_name = "DURATION", value_parser = parse_duration)]
    lasting: Option<Duration>,
    /// End after so many events
    #[arg(long, value_name = "N")]
    count: Option<u64>,
    /// How events are printed
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// How events are printed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
enum Format {
    /// A line for a person
    Text,
    /// One JSON object a line, with all that is known
    Json,
}

impl EventsArguments {
    /// Follows until the run or the time is over, the count is reached, or Ctrl-C.
    ///
    /// # Errors
    ///
    /// When the result cannot be written.
    pub(super) fn run(&self) -> io::Result<ExitCode> {
        let asked = find(&self.run).and_then(|mut client| {
            client.ask(&Request::Events { last: 0 })?;
            Ok(client)
        });
        match asked {
            Ok(client) => self.follow(client),
            Err(failed) => Ok(fail(&failed)),
        }
    }

    fn follow(&self, mut client: Client) -> io::Result<ExitCode> {
        end_with_reader();
        let end = self.lasting.and_then(|lasting| Instant::now().checked_add(lasting));
        let colours = colours_on(&io::stdout());
        let mut out = io::stdout().lock();
        let mut line = String::new();
        let mut seen = 0;
        while self.count.is_none_or(|count| seen < count) {
            let left = end.map(|end| end.saturating_duration_since(Instant::now()));
            if left.is_some_and(|left| left.is_zero()) {
                return Ok(ExitCode::SUCCESS);
            }
            match client.next_line(left, &mut line) {
                Ok(true) => {}
                Ok(false) => return Ok(ExitCode::SUCCESS),
                // That nothing came until the end is no fault.
                Err(_) if end.is_some_and(|end| Instant::now() >= end) => {
                    return Ok(ExitCode::SUCCESS);
                }
                Err(failed) => return Ok(fail(&failed)),
            }
            if let Some(failed) = self.say(&mut out, line.trim_end(), colours)? {
                return Ok(fail(&failed));
            }
            seen += u64::from(line.starts_with(EVENT));
        }
        Ok(ExitCode::SUCCESS)
    }

    /// Prints what the run says; why, when that was the last of it.
    fn say(&self, out: &mut impl Write, line: &str, colours: bool) -> io::Result<Option<Failed>> {
        if self.format == Format::Json
            && let Some(event) = line.strip_prefix(EVENT).and_then(|l| l.strip_suffix('}'))
        {
            writeln!(out, "{event}")?;
            return Ok(None);
        }
        match serde_json::from_str(line)? {
            Reply::Event(happened) => out.write_all(for_person(&happened, colours).as_bytes())?,
            Reply::Dropped(_) if self.format == Format::Json => writeln!(out, "{line}")?,
            Reply::Dropped(count) => {
                let (s, have) = if count == 1 { ("", "has") } else { ("s", "have") };
                aside(&format!("… {count} more event{s} {have} happened and not been shown"));
            }
            Reply::Hello(_) => {}
            Reply::Failed(failed) => return Ok(Some(failed)),
            Reply::Figures(_)
            | Reply::Counts(_)
            | Reply::Texts(_)
            | Reply::Tapping(_)
            | Reply::Message(_)
            | Reply::Unfiltered { .. }
            | Reply::Missing(_)
            | Reply::Ended(_)
            | Reply::Note(_)
            | Reply::Done(_)
            | Reply::Answer(_)
            | Reply::Recording(_)
            | Reply::Holding(_)
            | Reply::Stepped(_)
            | Reply::Released(_)
            | Reply::Kept { .. }
            | Reply::Reloaded(_)
            | Reply::Stopping => {
                return Err(io::Error::other(format!("the run said something strange: {line}")));
            }
        }
        Ok(None)
    }
}

/// The line that the log has for it, whatever the log tells.
pub(super) fn for_person(happened: &Happened, colours: bool) -> String {
    let known = Level::ALL.into_iter().find(|level| level.word() == happened.level);
    let line = Line {
        level: known.unwrap_or(Level::Info),
        node: happened.node.as_deref().unwrap_or_default().into(),
        socket: happened.socket.as_deref().map(Into::into),
        message: happened.message.clone(),
        fault: None,
    };
    line.for_person(happened.repeated, moment(happened.time), colours)
}
