//! The small process between a run and a program: it sees to it that nothing of the program is left
//! when either of them is gone.
//!
//! Owns the program's processes: whoever is left without a parent among them becomes its child, so that
//! none escapes by a session or a second fork of its own. It speaks with the run by its standard input,
//! a socket; the end of that is the end of the run. Never restarts anything, and never reads what the
//! program prints.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream as StdStream;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::time::Duration;

use rustix::io::Errno;
use rustix::process::{
    Pid, Signal, WaitOptions, WaitStatus, kill_process, kill_process_group, set_child_subreaper,
    setsid, wait,
};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;
use tokio::net::unix::OwnedWriteHalf;
use tokio::signal::unix::{Signal as Stream, SignalKind, signal};

use super::words::{Exit, Order, Report};
use crate::clock;
use crate::topology::StopSignal;

/// How long a look lies behind another while what was killed ends.
const LOOK: Duration = Duration::from_millis(5);
/// The longest such pause: a process that the system holds takes its time.
const LONGEST: Duration = Duration::from_secs(1);

/// Guards a program until it and all that it has started are gone.
///
/// # Errors
///
/// When the system refuses what a guard needs, or standard input is no socket.
pub fn guard(program: &[OsString]) -> io::Result<()> {
    // Its own session, so that no key of the run's terminal ends it before the run has.
    let _ = setsid();
    set_child_subreaper(Pid::from_raw(1))?;
    let stream = StdStream::from(io::stdin().as_fd().try_clone_to_owned()?);
    stream.set_nonblocking(true)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let (orders, reports) = UnixStream::from_std(stream)?.into_split();
        let guard = Guard {
            orders: BufReader::new(orders).lines(),
            reports,
            children: signal(SignalKind::child())?,
            ends: [signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?],
            program: None,
        };
        guard.run(program).await;
        Ok(())
    })
}

struct Guard {
    orders: tokio::io::Lines<BufReader<tokio::net::unix::OwnedReadHalf>>,
    reports: OwnedWriteHalf,
    children: Stream,
    ends: [Stream; 2],
    /// The program itself, which leads the group of its number.
    program: Option<Pid>,
}

/// What was found when those who have ended were taken in.
struct Reaped {
    /// Whether the program itself was among them.
    has_exited: bool,
    /// Whether nothing is left.
    is_last: bool,
}

impl Guard {
    async fn run(mut self, program: &[OsString]) {
        match start(program) {
            Ok(pid) => {
                self.program = Some(pid);
                self.report(Report::Started(pid.as_raw_nonzero().get().unsigned_abs())).await;
            }
            Err(error) => return self.report(Report::Failed(error.to_string())).await,
        }
        if self.until_over().await {
            self.clear().await;
        }
        self.report(Report::Over).await;
    }

    /// Waits until the program has exited or all of it is to be killed; whether anything may be left.
    async fn until_over(&mut self) -> bool {
        loop {
            if self.reap().await.has_exited {
                return true;
            }
            let [terminated, interrupted] = &mut self.ends;
            tokio::select! {
                _ = self.children.recv() => {}
                _ = terminated.recv() => return true,
                _ = interrupted.recv() => return true,
                order = self.orders.next_line() => match order.ok().flatten().as_deref().map(Order::parse) {
                    Some(Some(Order::Signal(signal))) => self.signal(signal),
                    Some(None) => {}
                    // The run is gone, or wants it gone.
                    Some(Some(Order::Kill)) | None => return true,
                },
            }
        }
    }

    /// Tells the program and its group.
    fn signal(&self, signal: StopSignal) {
        if let Some(program) = self.program {
            // Its group is gone where it has just ended.
            let _ = kill_process_group(program, number(signal));
        }
    }

    /// Takes in what has ended.
    async fn reap(&mut self) -> Reaped {
        let mut has_exited = false;
        loop {
            match wait(WaitOptions::NOHANG) {
                Ok(Some((pid, status))) if Some(pid) == self.program => {
                    self.program = None;
                    // What is left of its group goes with it; the number is nobody else's before that.
                    let _ = kill_process_group(pid, Signal::KILL);
                    has_exited = true;
                    self.report(Report::Exited(exit_of(status))).await;
                }
                Ok(Some(_)) => {}
                Err(Errno::CHILD) => return Reaped { has_exited, is_last: true },
                Ok(None) | Err(_) => return Reaped { has_exited, is_last: false },
            }
        }
    }

    /// Kills until nothing is left.
    async fn clear(&mut self) {
        let mut pause = LOOK;
        loop {
            if let Some(program) = self.program {
                let _ = kill_process_group(program, Signal::KILL);
            }
            for child in children() {
                // One that has just ended is taken in below.
                let _ = kill_process(child, Signal::KILL);
            }
            if self.reap().await.is_last {
                return;
            }
            let _ = clock::before(clock::now() + pause, self.children.recv()).await;
            pause = (pause * 2).min(LONGEST);
        }
    }

    /// Tells the run; where that is gone, nobody.
    async fn report(&mut self, report: Report) {
        let _ = self.reports.write_all(report.line().as_bytes()).await;
    }
}

/// Starts the program in a group of its own.
fn start(program: &[OsString]) -> io::Result<Pid> {
    let Some((file, arguments)) = program.split_first() else {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "there is no program to start"));
    };
    let mut command = Command::new(file);
    command.args(arguments).stdin(Stdio::null()).process_group(0);
    let child = command.spawn()?;
    i32::try_from(child.id())
        .ok()
        .and_then(Pid::from_raw)
        .ok_or_else(|| io::Error::other("the system gave it no number"))
}

/// Its children, and whoever else was left to it.
fn children() -> Vec<Pid> {
    let me = std::process::id();
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let numbers = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    numbers.filter(|pid| parent(*pid) == Some(me)).filter_map(Pid::from_raw).collect()
}

fn parent(pid: i32) -> Option<u32> {
    let about = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name before may hold anything but ends with the last bracket.
    let (_, rest) = about.rsplit_once(')')?;
    rest.split_whitespace().nth(1)?.parse().ok()
}

fn exit_of(status: WaitStatus) -> Exit {
    match status.terminating_signal() {
        Some(signal) => Exit::Signal(signal),
        None => Exit::Status(status.exit_status().unwrap_or(-1)),
    }
}

fn number(signal: StopSignal) -> Signal {
    match signal {
        StopSignal::Term => Signal::TERM,
        StopSignal::Int => Signal::INT,
        StopSignal::Hup => Signal::HUP,
        StopSignal::Quit => Signal::QUIT,
        StopSignal::Usr1 => Signal::USR1,
        StopSignal::Usr2 => Signal::USR2,
        StopSignal::Kill => Signal::KILL,
    }
}
