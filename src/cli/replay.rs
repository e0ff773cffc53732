//! `zrig replay`: what came from outside, once more.
//!
//! Owns the arguments of `replay`, the run that it starts where there is none, and what it prints. What is
//! given, and how, is `replay`'s.

use std::io::{self, IsTerminal, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use clap::Args;
use rustix::process::{Pid, Signal, kill_process};

use super::compare::{Compare, Format};
use super::output::{FAILED, INVALID, aside, fail, invalid, show_faults};
use super::variables::Variables;
use crate::control::{Client, Failed, Reply, Request, find};
use crate::duration::format_duration;
use crate::load::load;
use crate::node::Direction;
use crate::recording::Reader;
use crate::replay::{Pace, Player, Replayed};
use crate::snapshot::Snapshot;
use crate::topology::Topology;
use crate::visible::visible;

/// How long a run may take to stand.
const STARTING: Duration = Duration::from_secs(30);
/// How long a run has to do nothing to have done all.
const QUIET: Duration = Duration::from_millis(300);
/// How long is waited for that.
const SETTLING: Duration = Duration::from_secs(30);
/// How often a run is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// How often the progress line is written anew.
const TELL_EVERY: Duration = Duration::from_millis(200);

/// Give what came from outside in a recording to the nodes of a run again, in time
#[derive(Args, Debug)]
pub(super) struct ReplayArguments {
    /// The recording
    file: PathBuf,
    /// A running topology, or the file of one, which is run for that
    target: String,
    /// So many times as fast as it was, or `max`
    #[arg(long, value_name = "N", default_value = "1", value_parser = pace)]
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

fn pace(text: &str) -> Result<Pace, String> {
    if text == "max" {
        return Ok(Pace::Most);
    }
    let times: f64 = text.parse().map_err(|_| "it wants a number, such as 10, or `max`")?;
    if times > 0.0 && times.is_finite() {
        Ok(Pace::Times(times))
    } else {
        Err("it wants a number above zero".to_owned())
    }
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
        match self.play(reader, client, topology) {
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

    fn play(
        &self,
        mut reader: Reader,
        mut client: Client,
        topology: &Topology,
    ) -> Result<Replayed, Failed> {
        let run = client.hello.pid;
        let snapshot = figures(&mut client)?;
        let mut player = Player::new(topology, &snapshot, self.speed).map_err(Failed::now)?;
        let channels: Vec<_> = reader.channels().values().cloned().collect();
        let incoming =
            channels.iter().filter(|it| it.direction == Direction::In && it.messages > 0);
        player.prepare(incoming.map(|it| (&*it.place.instance, &*it.place.socket)));
        let mut told = Instant::now();
        let read = reader.read(None, |entry| {
            player.take(&entry);
            if told.elapsed() >= TELL_EVERY {
                told = Instant::now();
                progress(player.replayed());
            }
            ControlFlow::<()>::Continue(())
        });
        read.map_err(|error| Failed::now(error.to_string()))?;
        let is_quiet = settle(run, &mut player, &snapshot)?;
        clear();
        if !is_quiet {
            aside(
                "… the run still has something to do, and what it has not taken yet is not waited for",
            );
        }
        let replayed = player.replayed().clone();
        player.leave();
        Ok(replayed)
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

/// Waits until the nodes have taken what they were given; whether they have.
fn settle(run: u32, player: &mut Player<'_>, begun: &Snapshot) -> Result<bool, Failed> {
    let until = Instant::now() + SETTLING;
    let (mut before, mut since) = (Vec::new(), Instant::now());
    while Instant::now() < until {
        player.drain();
        // Another connection, since one that is silent for long is closed.
        let snapshot = figures(&mut find(&run.to_string())?)?;
        let taken: Vec<(u64, u64)> = player
            .given()
            .map(|((instance, socket), given)| {
                let came = |of: &Snapshot| {
                    of.node(instance)
                        .and_then(|node| node.socket(socket))
                        .map_or(0, |it| it.messages_in)
                };
                (came(&snapshot).saturating_sub(came(begun)), given)
            })
            .collect();
        let all = taken.iter().all(|(taken, given)| taken >= given);
        if taken != before {
            (before, since) = (taken, Instant::now());
        }
        // What a filter or a full queue drops never comes. What all have taken may have to be answered.
        if since.elapsed() >= QUIET || (all && since.elapsed() >= LOOK_EVERY) {
            std::thread::sleep(QUIET);
            return Ok(true);
        }
        std::thread::sleep(LOOK_EVERY);
    }
    Ok(false)
}

/// What became of it, for a person.
fn told(replayed: &Replayed) -> String {
    let Replayed { given, inside, refused, late } = replayed;
    let mut text = format!("{given} messages given");
    if let Some(late) = late {
        let late = Duration::from_micros(u64::try_from(late.as_micros()).unwrap_or(u64::MAX));
        text.push_str(&format!(", at most {} late", format_duration(late)));
    }
    if *inside > 0 {
        text.push_str(&format!("; {inside} came from nodes of the file, and come from them again"));
    }
    text.push('\n');
    for (why, count) in refused {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_speed_is_a_number_above_zero_or_the_most() {
        assert_eq!(pace("10"), Ok(Pace::Times(10.0)));
        assert_eq!(pace("max"), Ok(Pace::Most));
        for wrong in ["0", "-1", "inf", "fast", "NaN"] {
            assert!(pace(wrong).is_err(), "{wrong}");
        }
    }
}
