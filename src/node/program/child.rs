//! A guard and its program, as the run sees them.
//!
//! Owns starting the guard, telling it something, and hearing of it. Where the guard itself is killed,
//! the program's group is killed too, and who bears its mark. Never decides what happens next.

use std::collections::BTreeMap;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream as StdStream;
use std::path::Path;
use std::process::{ExitStatus, Stdio};

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::process::{Child as Process, ChildStderr, ChildStdout, Command};

use super::mark::Mark;
use super::words::{Order, Report};

/// This program itself, whatever has become of its file since.
const OURSELVES: &str = "/proc/self/exe";

/// A guard that runs, with its program.
#[derive(Debug)]
pub(super) struct Child {
    guard: Process,
    reports: Lines<BufReader<OwnedReadHalf>>,
    orders: OwnedWriteHalf,
    /// What the processes of its program bear.
    mark: Mark,
    /// The program's number, once it is known and as long as it may run.
    pid: Option<u32>,
    is_over: bool,
}

/// What a program prints.
pub(super) struct Output {
    pub(super) stdout: Option<ChildStdout>,
    pub(super) stderr: Option<ChildStderr>,
}

impl Child {
    /// Starts a program in a directory, with an environment beside ours.
    pub(super) fn start(
        program: &Path,
        arguments: &[String],
        directory: &Path,
        environment: &BTreeMap<String, String>,
    ) -> io::Result<(Self, Output)> {
        let (ours, theirs) = StdStream::pair()?;
        let mark = Mark::new();
        ours.set_nonblocking(true)?;
        let mut command = Command::new(OURSELVES);
        command
            .arg0("zrig")
            .args(["guard", "--"])
            .arg(program)
            .args(arguments)
            .current_dir(directory)
            // It is the run that tells systemd how it does.
            .env_remove("NOTIFY_SOCKET")
            .envs(mark.added_to(environment))
            .stdin(Stdio::from(OwnedFd::from(theirs)))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut guard = command.spawn()?;
        // The other end is the guard's alone, so that the end of one is heard by the other.
        drop(command);
        let output = Output { stdout: guard.stdout.take(), stderr: guard.stderr.take() };
        let (reports, orders) = UnixStream::from_std(ours)?.into_split();
        let reports = BufReader::new(reports).lines();
        Ok((Self { guard, reports, orders, mark, pid: None, is_over: false }, output))
    }

    /// The program's number.
    pub(super) fn pid(&self) -> Option<u32> {
        self.pid
    }

    /// What happens next; nothing once the guard is gone, and the program with it.
    pub(super) async fn next(&mut self) -> Option<Report> {
        loop {
            let Ok(Some(line)) = self.reports.next_line().await else { return None };
            let Some(report) = Report::parse(&line) else { continue };
            match &report {
                Report::Started(pid) => self.pid = Some(*pid),
                Report::Over => self.is_over = true,
                Report::Failed(_) | Report::Exited(_) => {}
            }
            return Some(report);
        }
    }

    /// Tells the guard. That it is gone is heard by [`Child::next`].
    pub(super) fn tell(&self, order: Order) {
        // A line is short, and hardly any is ever told, so there is room for it.
        let _ = self.orders.try_write(order.line().as_bytes());
    }

    /// Waits for the guard, which has said its last; how it ended.
    pub(super) async fn end(mut self) -> Option<ExitStatus> {
        let status = self.guard.wait().await.ok();
        if self.is_over {
            return status;
        }
        // Somebody killed the guard: what stayed in the program's group is known by its number, and who
        // has left that bears the mark.
        if let Some(pid) = self.pid.and_then(|pid| Pid::from_raw(i32::try_from(pid).ok()?)) {
            let _ = kill_process_group(pid, Signal::KILL);
        }
        let _ = tokio::task::spawn_blocking(move || self.mark.kill_all()).await;
        status
    }
}
