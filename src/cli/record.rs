//! `zrig record`: what passes in a run, and what else happens there, in a file.
//!
//! Owns the arguments of `record` and what it prints. The run itself writes the file.

use std::io::{self, IsTerminal, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::{Args, ValueEnum};
use tokio::signal::unix::{SignalKind, signal};

use super::output::{aside, fail};
use crate::control::{Client, Failed, RecordingFigures, Reply, Request, find};
use crate::duration::parse_duration;
use crate::topology::WhenFull;
use crate::units::size;
use crate::visible::visible;

/// How long the end of a recording may take.
const ENDING: Duration = Duration::from_secs(30);

/// Record what passes in a run, and what else happens there, until Ctrl-C, --for or its end
#[derive(Args, Debug)]
pub(super) struct RecordArguments {
    /// A running topology: its name, its file or its process
    run: String,
    /// The file, which must not be there; the run writes it, so it is seen from where that runs
    #[arg(long, value_name = "FILE")]
    to: PathBuf,
    /// Only what passes here: NODE, NODE.SOCKET, NODE.COPY or NODE.COPY.SOCKET
    #[arg(long = "node", value_name = "NODE")]
    target: Option<String>,
    /// Only messages of which this Rhai expression says true; `msg` is the message
    #[arg(long = "where", value_name = "EXPRESSION")]
    filter: Option<String>,
    /// End after this time, such as 10s
    #[arg(long = "for", value_name = "DURATION", value_parser = parse_duration)]
    lasting: Option<Duration>,
    /// What becomes of messages while the recording is too slow for them
    #[arg(long, value_name = "WHAT", value_enum, default_value_t = WhenSlow::Drop)]
    when_slow: WhenSlow,
    /// Go on in another file when one has this size, such as 100MiB
    #[arg(long, value_name = "SIZE", value_parser = size)]
    rotate: Option<u64>,
}

/// What becomes of messages that a recording is too slow for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(super) enum WhenSlow {
    /// They are not recorded, and the file says where how many are missing
    Drop,
    /// Their nodes wait for it
    Wait,
}

impl From<WhenSlow> for WhenFull {
    fn from(what: WhenSlow) -> Self {
        match what {
            WhenSlow::Drop => Self::Drop,
            WhenSlow::Wait => Self::Wait,
        }
    }
}

impl RecordArguments {
    /// Records until Ctrl-C, the end of the time or of the run.
    ///
    /// # Errors
    ///
    /// When the result cannot be written.
    pub(super) fn run(&self) -> io::Result<ExitCode> {
        match self.open() {
            Ok(client) => self.follow(client),
            Err(failed) => Ok(fail(&failed)),
        }
    }

    fn open(&self) -> Result<Client, Failed> {
        let mut client = find(&self.run)?;
        let to =
            std::path::absolute(&self.to).map_err(|error| Failed::invalid(error.to_string()))?;
        let to = to.to_str().ok_or_else(|| Failed::invalid("the file's name has to be UTF-8"))?;
        client.ask(&Request::Record {
            to: to.to_owned(),
            target: self.target.clone(),
            filter: self.filter.clone(),
            when_slow: self.when_slow.into(),
            rotate: self.rotate,
        })?;
        Ok(client)
    }

    fn follow(&self, mut client: Client) -> io::Result<ExitCode> {
        end_by_signal(client.speaker()?)?;
        let mut end = self.lasting.and_then(|lasting| Instant::now().checked_add(lasting));
        let mut last: Option<RecordingFigures> = None;
        loop {
            if end.is_some_and(|end| Instant::now() >= end) {
                // The run has all the same; the rest is what it says to that.
                client.say_no_more();
                end = None;
            }
            let left = end.map_or(ENDING, |end| end.saturating_duration_since(Instant::now()));
            let reply = match client.next(Some(left.max(Duration::from_millis(1)))) {
                Ok(Some(reply)) => reply,
                Ok(None) => return Ok(fail(&Failed::now(broken_off(last.as_ref())))),
                Err(_) if end.is_some() => continue,
                Err(failed) => return Ok(fail(&failed)),
            };
            match reply {
                Reply::Recording(figures) if figures.ended => {
                    clear();
                    writeln!(io::stdout(), "{}", line(&figures))?;
                    return Ok(ExitCode::SUCCESS);
                }
                Reply::Recording(figures) => {
                    progress(&figures);
                    last = Some(figures);
                }
                Reply::Failed(failed) => {
                    clear();
                    return Ok(fail(&failed));
                }
                Reply::Note(note) => aside(&format!("… {}", visible(&note))),
                Reply::Unfiltered { count, error } => {
                    let error = visible(&error);
                    aside(&format!(
                        "… not recorded, as the filter failed ({count} times): {error}"
                    ));
                }
                strange @ (Reply::Hello(_)
                | Reply::Figures(_)
                | Reply::Counts(_)
                | Reply::Texts(_)
                | Reply::Tapping(_)
                | Reply::Message(_)
                | Reply::Event(_)
                | Reply::Dropped(_)
                | Reply::Missing(_)
                | Reply::Ended(_)
                | Reply::Done(_)
                | Reply::Answer(_)
                | Reply::Holding(_)
                | Reply::Stepped(_)
                | Reply::Released(_)
                | Reply::Kept { .. }
                | Reply::Reloaded(_)
                | Reply::Stopping) => {
                    return Err(io::Error::other(format!(
                        "the run said something strange: {strange:?}"
                    )));
                }
            }
        }
    }
}

/// Ends the recording in good order at the first Ctrl-C or SIGTERM, and this process at the second one.
fn end_by_signal(speaker: UnixStream) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (mut interrupt, mut terminate) = {
        let _inside = runtime.enter();
        (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?)
    };
    std::thread::Builder::new().name("signals".to_owned()).spawn(move || {
        let mut next = || {
            runtime.block_on(async {
                tokio::select! {
                    _ = interrupt.recv() => {}
                    _ = terminate.recv() => {}
                }
            });
        };
        next();
        // It may have gone meanwhile.
        let _ = speaker.shutdown(Shutdown::Write);
        next();
        std::process::exit(130);
    })?;
    Ok(())
}

fn broken_off(last: Option<&RecordingFigures>) -> String {
    let so_far = last.map(|figures| format!("; until then: {}", line(figures)));
    format!(
        "the run ended before it said that the recording has its end{}",
        so_far.unwrap_or_default()
    )
}

/// `12 messages, 3 missing, in 4096 bytes: drops.mcap`
fn line(figures: &RecordingFigures) -> String {
    let RecordingFigures { file, files, messages, missing, bytes, .. } = figures;
    let missing = match missing {
        0 => String::new(),
        missing => format!(" ({missing} missing: the recording was too slow)"),
    };
    let more = if *files > 1 { format!(" and {} more", files - 1) } else { String::new() };
    format!("{messages} messages{missing}, {bytes} bytes: {}{more}", visible(file))
}

/// How far it is, where somebody looks.
fn progress(figures: &RecordingFigures) {
    if io::stderr().is_terminal() {
        // Nobody may be reading it any more.
        let _ = write!(io::stderr(), "\r\u{1b}[K{}", line(figures));
    }
}

fn clear() {
    if io::stderr().is_terminal() {
        let _ = write!(io::stderr(), "\r\u{1b}[K");
    }
}
