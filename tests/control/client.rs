//! A run in a runtime directory of its own, and the commands that look into it.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

use crate::support::{Lines, PATIENCE, Runner, Zrig, eventually};

/// A runtime directory, as the system makes one for each user.
pub(crate) struct Desk {
    folder: TempDir,
}

impl Desk {
    pub(crate) fn new() -> Self {
        Self { folder: TempDir::with_prefix("zrig-run-").unwrap() }
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Starts a run, and waits until it can be found.
    pub(crate) fn run(&self, yaml: &str) -> Runner {
        self.start(Zrig::of(yaml))
    }

    /// The same of a run that has been prepared.
    pub(crate) fn start(&self, zrig: Zrig) -> Runner {
        let before = self.sockets().len();
        let runner = zrig.environment("XDG_RUNTIME_DIR", self.path().display()).start();
        eventually("a control socket", || self.sockets().len() > before);
        runner
    }

    /// The files of control sockets.
    pub(crate) fn sockets(&self) -> Vec<PathBuf> {
        let Ok(entries) = std::fs::read_dir(self.path().join("zrig")) else { return Vec::new() };
        let paths = entries.flatten().map(|entry| entry.path());
        paths.filter(|path| path.extension().is_some_and(|it| it == "sock")).collect()
    }

    /// A command of zrig that finds the runs of this desk.
    pub(crate) fn command<const N: usize>(&self, arguments: [&str; N]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_zrig"));
        command.args(arguments).stdin(Stdio::null());
        // Where it looks for runs that had no such folder: not among those of this machine.
        command.env("XDG_RUNTIME_DIR", self.path()).env("TMPDIR", self.path());
        command
    }

    /// Runs a command to its end: exit status, standard output, standard error.
    #[track_caller]
    pub(crate) fn ask<const N: usize>(&self, arguments: [&str; N]) -> Said {
        Said::by(&mut self.command(arguments))
    }

    /// Starts a tap that is on when this returns: it has shown what the run is asked to send.
    pub(crate) fn tap<const N: usize>(&self, arguments: [&str; N]) -> Follower {
        Follower::of(self.command(["tap"]).args(arguments))
    }
}

/// What a command said.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) status: Option<i32>,
    pub(crate) out: String,
    pub(crate) errors: String,
}

impl Said {
    /// What this command says until its end, with nobody at its standard input.
    pub(crate) fn by(command: &mut Command) -> Self {
        let output = command.stdin(Stdio::null()).output().unwrap();
        Self {
            status: output.status.code(),
            out: String::from_utf8(output.stdout).unwrap(),
            errors: String::from_utf8(output.stderr).unwrap(),
        }
    }

    #[track_caller]
    pub(crate) fn well(self) -> String {
        assert_eq!((self.status, self.errors.as_str()), (Some(0), ""), "{}", self.out);
        self.out
    }

    #[track_caller]
    pub(crate) fn fails<const N: usize>(self, status: i32, words: [&str; N]) {
        assert_eq!(self.status, Some(status), "{self:?}");
        for word in words {
            assert!(self.errors.contains(word), "no {word:?} in {self:?}");
        }
        assert_eq!(self.out, "");
    }
}

/// A command that goes on.
pub(crate) struct Follower {
    child: Child,
    pub(crate) out: Option<Lines>,
    pub(crate) errors: Lines,
}

impl Follower {
    pub(crate) fn of(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let out = child.stdout.take().map(Lines::of);
        let errors = Lines::of(child.stderr.take().unwrap());
        Self { child, out, errors }
    }

    /// Waits for a line of standard output.
    #[track_caller]
    pub(crate) fn shows(&self, text: &str) -> String {
        let out = self.out.as_ref().unwrap();
        out.find(PATIENCE, |line| line.contains(text))
            .unwrap_or_else(|why| panic!("no {text:?}: {why}\n{:?}", self.errors.all()))
    }

    /// Waits for a line of standard output that is JSON and fits.
    #[track_caller]
    pub(crate) fn shows_json(&self, mut fits: impl FnMut(&Value) -> bool) -> Value {
        let out = self.out.as_ref().unwrap();
        let line = out.find(PATIENCE, |line| fits(&serde_json::from_str(line).unwrap()));
        serde_json::from_str(&line.unwrap()).unwrap()
    }

    /// Waits for its end.
    #[track_caller]
    pub(crate) fn ends(mut self) -> (Option<i32>, Vec<String>) {
        let begun = std::time::Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                let out = self.out.take().map(Lines::finish).unwrap_or_default();
                return (status.code(), out);
            }
            assert!(begun.elapsed() < PATIENCE, "it goes on: {:?}", self.errors.all());
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
