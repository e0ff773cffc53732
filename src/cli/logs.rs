//! `zrig logs`: the last lines of a run's log, and what follows.
//!
//! Owns the arguments of `logs`. What is kept is the run's, how a line looks `events`'.

use std::io::{self, Write};
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::events::for_person;
use super::output::{aside, colours_on, end_with_reader, fail};
use crate::control::{Client, Failed, Reply, Request, find};
use crate::observe::{Happened, LogFilter};
use crate::script::Level;

/// How long a run may take to tell what it has kept.
const PATIENCE: Duration = Duration::from_secs(10);

/// Show the last lines of a run's log, and with -f what follows
#[derive(Args, Debug)]
pub(super) struct LogsArguments {
    /// A running topology: its name, its file or its process
    run: String,
    /// Go on until the run ends, or Ctrl-C
    #[arg(short, long)]
    follow: bool,
    /// So many lines of what was before; a run keeps a thousand
    #[arg(short = 'n', long, value_name = "N", default_value_t = 100)]
    lines: u64,
    /// What is shown: off, error, warn, info, debug or trace, and of some nodes more or less; what was
    /// before is kept from info on
    #[arg(long, value_name = "LEVEL[,NODE=LEVEL,…]", default_value = "info")]
    log: LogFilter,
    /// How lines are printed
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// How lines are printed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
enum Format {
    /// As the log has them
    Text,
    /// One JSON object a line, as of `zrig events`
    Json,
}

impl LogsArguments {
    /// Shows what was, and follows if that is wanted.
    ///
    /// # Errors
    ///
    /// When the result cannot be written.
    pub(super) fn run(&self) -> io::Result<ExitCode> {
        // All that is kept: what is filtered here does not count as a line.
        let asked = find(&self.run).and_then(|mut client| {
            client.ask(&Request::Events { last: u64::MAX })?;
            kept(&mut client).map(|kept| (client, kept))
        });
        let (mut client, (kept, mut older)) = match asked {
            Ok(asked) => asked,
            Err(failed) => return Ok(fail(&failed)),
        };
        let shown: Vec<&Happened> = kept.iter().filter(|happened| self.shows(happened)).collect();
        let left_out =
            shown.len().saturating_sub(usize::try_from(self.lines).unwrap_or(usize::MAX));
        older = if left_out == 0 { older } else { 0 };
        if older > 0 && self.lines > 0 {
            aside(&format!("… {older} earlier events are not kept any more"));
        }
        let mut out = io::stdout().lock();
        for happened in &shown[left_out..] {
            self.print(&mut out, happened)?;
        }
        out.flush()?;
        if !self.follow {
            return Ok(ExitCode::SUCCESS);
        }
        end_with_reader();
        loop {
            match client.next(None) {
                Ok(Some(Reply::Event(happened))) if self.shows(&happened) => {
                    self.print(&mut out, &happened)?;
                }
                Ok(Some(Reply::Event(_))) => {}
                Ok(Some(Reply::Dropped(count))) => {
                    aside(&format!("… {count} more events have happened and not been shown"));
                }
                Ok(Some(other)) => return Ok(fail(&Failed::strange(&other))),
                Ok(None) => return Ok(ExitCode::SUCCESS),
                Err(failed) => return Ok(fail(&failed)),
            }
        }
    }

    fn shows(&self, happened: &Happened) -> bool {
        let level = Level::ALL.into_iter().find(|level| level.word() == happened.level);
        let node = happened.node.as_deref().unwrap_or_default();
        self.log.admits(level.unwrap_or(Level::Info), node)
    }

    fn print(&self, out: &mut impl Write, happened: &Happened) -> io::Result<()> {
        match self.format {
            Format::Text => {
                out.write_all(for_person(happened, colours_on(&io::stdout())).as_bytes())
            }
            Format::Json => writeln!(out, "{}", serde_json::to_string(happened)?),
        }
    }
}

/// What a run has kept, and how many events there were before that.
fn kept(client: &mut Client) -> Result<(Vec<Happened>, u64), Failed> {
    let mut next = || {
        let reply = client.next(Some(PATIENCE))?;
        reply.ok_or_else(|| Failed::now("the run ended meanwhile"))
    };
    let (events, older) = loop {
        let reply = next()?;
        if let Reply::Kept { events, older } = reply {
            break (events, older);
        }
        if let Reply::Failed(failed) = reply {
            return Err(failed);
        }
        if !matches!(reply, Reply::Hello(_)) {
            return Err(Failed::strange(&reply));
        }
    };
    let mut kept = Vec::new();
    for _ in 0..events {
        let reply = next()?;
        let Reply::Event(happened) = reply else { return Err(Failed::strange(&reply)) };
        kept.push(*happened);
    }
    Ok((kept, older))
}
