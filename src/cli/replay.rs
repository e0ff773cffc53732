//! `zrig replay`: what came from outside, once more.
//!
//! Owns the arguments of `replay`, the run that it starts where there is none, and what it prints. What is
//! given, and how, is `replay`'s.

use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use clap::Args;
use rustix::process::{Pid, Signal, kill_process};

use super::compare::{Compare, Format};
use super::output::{FAILED, INVALID, aside, fail, invalid, show_faults};
use super::variables::Variables;
use crate::control::{Client, Failed, Reply, Request, find};
use crate::load::load;
use crate::recording::Reader;
use crate::replay::{Pace, Performance, Replayed, Stop};
use crate::snapshot::Snapshot;
use crate::topology::Topology;
use crate::visible::visible;

/// How long a run may take to stand.
const STARTING: Duration = Duration::from_secs(30);
/// How often a run is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Give what came from outside in a recording to the nodes of a run again, in time
#[derive(Args, Debug)]
pub(super) struct ReplayArguments {
    /// The recording
    file: PathBuf,
    /// A running topology, or the file of one, which is run for that
    target: String,
    /// So many times as fast as it was, or `max`
    #[arg(long, value_name = "N", default_value = "1")]
    speed: Pace,
    /// Run nothing: show what the handlers, as they are now, would do otherwise than they did
    #[arg(long, conflicts_with = "speed")]
    compare: bool,
    /// Differences that are meant: KIND:NODE.HANDLER, or a file with such lines
    #[arg(long, value_name = "GROUP|FILE", requires = "compare")]
    accept: Vec<String>,
    /// How differences are printed
    #[arg(long, value_enum, default_value_t = Format::Text, requires = "compare")]
    format: Format,
    /// Set a variable of the file, before the environment
    #[arg(long, value_name = "NAME=VALUE")]
    set: Vec<String>,
}

impl ReplayArguments {
    /// Replays, and prints what became of it.
    ///
    /// # Errors
    ///
    /// When the result cannot be written, or no run can be started.
    pub(super) fn run(&self) -> io::Result<ExitCode> {
        let variables = match Variables::parse(&self.set) {
            Ok(variables) => variables,
            Err(error) => return Ok(invalid(&error)),
        };
        let reader = match Reader::open(&self.file) {
            Ok(reader) => reader,
            Err(error) => return Ok(invalid(&error.to_string())),
        };
        if self.compare {
            let (file, target) = (&*self.file, &*self.target);
            let compare = Compare { file, target, accept: &self.accept, format: self.format };
            return compare.run(reader, &variables);
        }
        let (client, started) = match find(&self.target) {
            Ok(client) => (client, None),
            Err(_) if Path::new(&self.target).is_file() => match self.start()? {
                Ok((client, started)) => (client, Some(started)),
                Err(code) => return Ok(code),
            },
            Err(failed) => return Ok(fail(&failed)),
        };
        let loaded = load(Path::new(&client.hello.file), &|name| variables.get(name));
        let Some(topology) = &loaded.topology else {
            show_faults(&loaded);
            return Ok(ExitCode::from(INVALID));
        };
        match self.play(reader, client.hello.pid, topology) {
            Ok(replayed) => {
                let mut out = io::stdout().lock();
                out.write_all(told(&replayed).as_bytes())?;
                let stopped = started.is_none_or(Started::stop);
                let all = replayed.refused.is_empty() && stopped;
                Ok(if all { ExitCode::SUCCESS } else { ExitCode::from(FAILED) })
            }
            Err(failed) => Ok(fail(&failed)),
        }
    }

    /// Runs the topology.
    fn start(&self) -> io::Result<Result<(Client, Started), ExitCode>> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("run").arg(&self.target).arg("--no-watch").stdin(Stdio::null());
        for pair in &self.set {
            command.args(["--set", pair]);
        }
        let mut started = Started(command.spawn()?);
        let until = Instant::now() + STARTING;
        loop {
            if let Some(status) = started.0.try_wait()? {
                // It has said why.
                let code = status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(FAILED);
                return Ok(Err(ExitCode::from(code.max(1))));
            }
            match find(&started.0.id().to_string()) {
                Ok(client) => return Ok(Ok((client, started))),
                Err(failed) if Instant::now() >= until => return Ok(Err(fail(&failed))),
                Err(_) => std::thread::sleep(LOOK_EVERY),
            }
        }
    }

    fn play(&self, mut reader: Reader, run: u32, topology: &Topology) -> Result<Replayed, Failed> {
        let performance =
            Performance { topology, pace: self.speed, from: None, stop: Stop::default() };
        // Another connection each time, since one that is silent for long is closed.
        let mut figures = || figures(&mut find(&run.to_string())?);
        let performed =
            performance.give(&mut reader, &mut figures, &mut |it| progress(it.replayed))?;
        clear();
        if !performed.is_quiet {
            aside(
                "… the run still has something to do, and what it has not taken yet is not waited for",
            );
        }
        Ok(performed.replayed)
    }
}

/// A run that was started for a replay; it is ended with it.
struct Started(Child);

impl Started {
    /// Ends it in good order; whether it ended well.
    fn stop(mut self) -> bool {
        self.interrupt();
        self.0.wait().is_ok_and(|status| status.success())
    }

    fn interrupt(&self) {
        let pid = i32::try_from(self.0.id()).ok().and_then(Pid::from_raw);
        // It may have ended already.
        let _ = pid.map(|pid| kill_process(pid, Signal::INT));
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        if self.0.try_wait().is_ok_and(|status| status.is_none()) {
            self.interrupt();
            let _ = self.0.wait();
        }
    }
}

fn figures(client: &mut Client) -> Result<Snapshot, Failed> {
    client.ask(&Request::Figures)?;
    match client.next(Some(STARTING))? {
        Some(Reply::Figures(snapshot)) => Ok(*snapshot),
        Some(Reply::Failed(failed)) => Err(failed),
        _ => Err(Failed::now("the run does not tell its figures")),
    }
}

/// What became of it, for a person.
fn told(replayed: &Replayed) -> String {
    let mut text = format!("{}\n", replayed.sentence());
    for (why, count) in &replayed.refused {
        text.push_str(&format!("{count} not given: {}\n", visible(why)));
    }
    text
}

fn progress(replayed: &Replayed) {
    if io::stderr().is_terminal() {
        // Nobody may be reading it any more.
        let _ = write!(io::stderr(), "\r\u{1b}[K{} messages given", replayed.given);
    }
}

fn clear() {
    if io::stderr().is_terminal() {
        aside("");
    }
}
