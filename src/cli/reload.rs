//! `zrig reload`: lets a run look at its files, and says what became of that.
//!
//! Owns the arguments of `reload` and its exit status. Reloading is the run's.

use std::io::{self, Write};
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::output::{FAILED, INVALID, fail};
use crate::control::{Failed, Reloaded, Reply, Request, find};
use crate::receipt::Verdict;
use crate::visible::visible_lines;

/// How long a reload may take: nodes finish what they have in hand, and what failed is undone.
const PATIENCE: Duration = Duration::from_secs(120);

/// Let a run apply what its files say now, as a SIGHUP does, and print the receipt
///
/// Ends with 0 where that is what runs now, with 2 where the files are faulty, and with 1 where it could
/// not be done; then what ran before runs on.
#[derive(Args, Debug)]
pub(super) struct ReloadArguments {
    /// A running topology: its name, its file or its process
    run: String,
    /// How the receipt is printed
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// How a receipt is printed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
enum Format {
    /// Lines for a person
    Text,
    /// One JSON object, as of --receipts
    Json,
}

impl ReloadArguments {
    /// Asks for the reload, and waits for its receipt.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub(super) fn run(&self) -> io::Result<ExitCode> {
        let asked = find(&self.run).and_then(|mut client| {
            client.ask(&Request::Reload)?;
            match client.next(Some(PATIENCE))? {
                Some(Reply::Reloaded(reloaded)) => Ok(*reloaded),
                Some(Reply::Failed(failed)) => Err(failed),
                Some(other) => Err(Failed::strange(&other)),
                None => Err(Failed::now("the run ended meanwhile")),
            }
        });
        let Reloaded { verdict, message, receipt } = match asked {
            Ok(reloaded) => reloaded,
            Err(failed) => return Ok(fail(&failed)),
        };
        let mut out = io::stdout().lock();
        match self.format {
            Format::Text => writeln!(out, "{}", visible_lines(&message))?,
            Format::Json => writeln!(out, "{receipt}")?,
        }
        Ok(match verdict {
            Verdict::Applied => ExitCode::SUCCESS,
            Verdict::Rejected => ExitCode::from(INVALID),
            Verdict::RolledBack => ExitCode::from(FAILED),
        })
    }
}
