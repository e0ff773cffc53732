//! `zrig stop`: ends a run as its Ctrl-C does, and waits until it has ended.
//!
//! Owns the arguments of `stop` and how long it waits. Ending is the run's.

use std::io::{self, Write};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Args;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, pidfd_open};

use super::output::{aside, fail};
use crate::control::{Client, Failed, Reply, Request, find};
use crate::duration::{format_duration, parse_duration};
use crate::visible::visible;

/// How long a run may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long its process may take to go when nothing of the run is left.
const LAST: Duration = Duration::from_secs(1);

/// End a run in good order, as Ctrl-C and SIGTERM do, and wait until it has ended
#[derive(Args, Debug)]
pub(super) struct StopArguments {
    /// A running topology: its name, its file or its process
    run: String,
    /// How long its end may take; then this command ends with status 1, and the run goes on ending
    #[arg(long, value_name = "DURATION", default_value = "30s", value_parser = parse_duration)]
    within: Duration,
}

impl StopArguments {
    /// Asks for the end, and waits for it.
    ///
    /// # Errors
    ///
    /// When the result cannot be written.
    pub(super) fn run(&self) -> io::Result<ExitCode> {
        let asked = find(&self.run).and_then(|mut client| {
            client.ask(&Request::Stop)?;
            match client.next(Some(PATIENCE))? {
                Some(Reply::Stopping) => Ok(client),
                Some(Reply::Failed(failed)) => Err(failed),
                Some(other) => Err(Failed::strange(&other)),
                None => Err(Failed::now("the run ended by itself meanwhile")),
            }
        });
        let mut client = match asked {
            Ok(client) => client,
            Err(failed) => return Ok(fail(&failed)),
        };
        let begun = Instant::now();
        let (title, pid) = (client.hello.title(), client.hello.pid);
        let title = visible(&title);
        // Before its end: then the number is another process's, perhaps.
        let process = i32::try_from(pid).ok().and_then(Pid::from_raw);
        let process = process.and_then(|pid| pidfd_open(pid, PidfdFlags::empty()).ok());
        if !self.has_ended(&mut client, begun) {
            let within = format_duration(self.within);
            aside(&format!(
                "error: {title} (process {pid}) has not ended within {within}; its log says what it waits \
                 for, and `kill {pid}` ends it without that"
            ));
            return Ok(ExitCode::FAILURE);
        }
        if let Some(process) = process {
            let last = Timespec { tv_sec: LAST.as_secs().cast_signed(), tv_nsec: 0 };
            // In another container the number may be somebody else's, who need not end.
            let _ = poll(&mut [PollFd::new(&process, PollFlags::IN)], Some(&last));
        }
        let took = Duration::from_millis(u64::try_from(begun.elapsed().as_millis()).unwrap_or(0));
        writeln!(
            io::stdout(),
            "{title} (process {pid}) has ended, after {}",
            format_duration(took)
        )?;
        Ok(ExitCode::SUCCESS)
    }

    /// Whether the run ends in its time: it keeps the connection until then.
    fn has_ended(&self, client: &mut Client, begun: Instant) -> bool {
        let mut line = String::new();
        loop {
            let left = self.within.saturating_sub(begun.elapsed());
            if left.is_zero() {
                return false;
            }
            match client.next_line(Some(left), &mut line) {
                Ok(true) => {}
                Ok(false) => return true,
                // The time is over, or the run broke off.
                Err(_) => return begun.elapsed() < self.within,
            }
        }
    }
}
