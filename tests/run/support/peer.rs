//! `tests/python/peer.py` as a process: a program that knows nothing of zrig.

use std::io::Write;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::{Lines, PATIENCE};

/// A running peer.
pub(crate) struct Peer {
    name: String,
    child: Child,
    stdin: Option<ChildStdin>,
    out: Option<Lines>,
    errors: Option<Lines>,
}

impl Peer {
    /// Starts a command of `peer.py`; the arguments are words of one line.
    pub(crate) fn start(arguments: &str) -> Self {
        Self::with(arguments, &[])
    }

    /// The same, with arguments that have spaces in them.
    pub(crate) fn with(arguments: &str, more: &[&str]) -> Self {
        Self::of("peer.py", arguments, more)
    }

    /// A command of `flood.py`: numbered messages without pause.
    pub(crate) fn flood(arguments: &str) -> Self {
        Self::of("flood.py", arguments, &[]).ready()
    }

    /// A bare ROUTER that is drained and bound again: `rebind.py`.
    pub(crate) fn rebind(arguments: &str) -> Self {
        Self::of("rebind.py", arguments, &[]).ready()
    }

    /// A command of `frames.py`: frames in hex.
    pub(crate) fn frames(arguments: &str) -> Self {
        Self::of("frames.py", arguments, &[]).ready()
    }

    /// Strangers, and a friend, at these servers: `knock.py`.
    pub(crate) fn knocking(arguments: &str) -> Self {
        Self::of("knock.py", arguments, &[]).ready()
    }

    /// Programs with certificates: `guests.py`.
    pub(crate) fn guests(arguments: &str) -> Self {
        Self::of("guests.py", arguments, &[])
    }

    /// Programs at every role, and strangers: `mechanisms.py`.
    pub(crate) fn mechanisms(arguments: &str) -> Self {
        Self::of("mechanisms.py", arguments, &[])
    }

    /// A command of `sequence.py`: a peer that numbers, or checks numbers.
    pub(crate) fn sequence(arguments: &str) -> Self {
        Self::of("sequence.py", arguments, &[])
    }

    /// Asks a node to compute, and compares: `functions.py`.
    pub(crate) fn functions(arguments: &str) -> Self {
        Self::of("functions.py", arguments, &[])
    }

    /// Somebody else's feed: `feeds.py`.
    pub(crate) fn feed(arguments: &str) -> Self {
        Self::of("feeds.py", arguments, &[])
    }

    /// REQ clients that ask one question each: `late.py PORT COUNT`.
    pub(crate) fn late(arguments: &str) -> Self {
        Self::of("late.py", arguments, &[])
    }

    /// Reads and writes certificates as pyzmq does: `certificates.py`.
    pub(crate) fn certificates(folder: &str) -> Self {
        Self::of("certificates.py", "", &[folder])
    }

    /// Answers a program's questions at a terminal: `typing_in.py`.
    pub(crate) fn typing(words: &str, command: &[&str]) -> Self {
        Self::of("typing_in.py", "", &[&[words], command].concat())
    }

    /// Begins so many handshakes and says no more: `half_open.py`.
    pub(crate) fn half_open(port: u16, count: usize) -> Self {
        Self::of("half_open.py", &format!("{port} {count}"), &[])
    }

    /// Scrapes `/metrics` so many times and watches the counters.
    pub(crate) fn scrape(port: u16, times: usize) -> Self {
        Self::of("scrape.py", &format!("{port} {times}"), &[])
    }

    fn of(script: &str, arguments: &str, more: &[&str]) -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python").join(script);
        let mut child = Command::new(python())
            .arg(script)
            .args(arguments.split_whitespace())
            .args(more)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        Self {
            name: arguments.to_owned(),
            stdin: child.stdin.take(),
            out: child.stdout.take().map(Lines::of),
            errors: child.stderr.take().map(Lines::of),
            child,
        }
    }

    /// Waits for a line that begins so.
    #[track_caller]
    pub(crate) fn says(&self, start: &str) -> String {
        self.says_within(PATIENCE, start)
    }

    /// Waits so long for a line that begins so.
    #[track_caller]
    pub(crate) fn says_within(&self, patience: Duration, start: &str) -> String {
        match self.out.as_ref().unwrap().find(patience, |line| line.starts_with(start)) {
            Ok(line) => line,
            Err(why) => {
                panic!("peer.py {} did not say {start:?}: {why}\n{}", self.name, self.complaints())
            }
        }
    }

    /// Waits until its socket is bound or connecting.
    #[track_caller]
    pub(crate) fn ready(self) -> Self {
        self.says("ready");
        self
    }

    /// Tells it something.
    pub(crate) fn tell(&mut self, line: &str) {
        writeln!(self.stdin.as_mut().unwrap(), "{line}").unwrap();
    }

    /// Waits for its summary, whatever that says.
    #[track_caller]
    pub(crate) fn summary(&mut self) -> Value {
        self.summary_within(Duration::from_secs(240))
    }

    #[track_caller]
    fn summary_within(&mut self, patience: Duration) -> Value {
        let found = self.out.as_ref().unwrap().find(patience, |line| line.starts_with("{\"ok\""));
        match found {
            Ok(line) => serde_json::from_str(&line).unwrap(),
            Err(why) => panic!("peer.py {}: no summary: {why}\n{}", self.name, self.complaints()),
        }
    }

    /// Waits for its summary, which has to say that all was well.
    #[track_caller]
    pub(crate) fn well(mut self) -> Value {
        let summary = self.summary();
        assert_eq!(summary["ok"], true, "peer.py {}: {summary}", self.name);
        summary
    }

    fn complaints(&self) -> String {
        self.errors.as_ref().map(|errors| errors.all().join("\n")).unwrap_or_default()
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // Its summary comes last but one: the context is terminated before, the interpreter after.
        let deadline = Instant::now() + Duration::from_millis(200);
        while Instant::now() < deadline && !std::thread::panicking() {
            if matches!(self.child.try_wait(), Ok(Some(_))) {
                return;
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The interpreter of the tests' own environment, which is made at the first call.
pub(crate) fn python() -> &'static str {
    static PYTHON: OnceLock<String> = OnceLock::new();
    PYTHON.get_or_init(|| {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python/setup.sh");
        let made = Command::new("sh").arg(script).stdin(Stdio::null()).output().unwrap();
        assert!(
            made.status.success(),
            "tests/python/setup.sh failed:\n{}",
            String::from_utf8_lossy(&made.stderr)
        );
        String::from_utf8(made.stdout).unwrap().trim().to_owned()
    })
}
