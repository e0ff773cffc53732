//! `zrig run` as a process.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::{Lines, PATIENCE, soaking};

/// How long a forgotten run may live, when a test is killed before it can end it.
fn life() -> &'static str {
    if soaking() { "60m" } else { "5m" }
}

/// A run that is yet to start.
pub(crate) struct Zrig {
    folder: Option<Arc<TempDir>>,
    file: PathBuf,
    arguments: Vec<String>,
    environment: Vec<(String, String)>,
    within: Vec<String>,
    /// Where it is recorded, to be compared with itself at its end.
    recorded: Option<TempDir>,
    lives: bool,
    keeps_stdin: bool,
    reads_stdout: bool,
    reads_log: bool,
}

impl Zrig {
    /// A topology of its own, in a folder of its own.
    pub(crate) fn of(yaml: &str) -> Self {
        let folder = TempDir::with_prefix("zrig-test-").unwrap();
        let file = folder.path().join("topology.yaml");
        fs::write(&file, yaml).unwrap();
        Self { folder: Some(Arc::new(folder)), ..Self::file(file) }
    }

    /// A topology file that is there.
    pub(crate) fn file(file: impl Into<PathBuf>) -> Self {
        Self {
            folder: None,
            file: file.into(),
            arguments: Vec::new(),
            environment: Vec::new(),
            within: Vec::new(),
            recorded: None,
            lives: true,
            keeps_stdin: false,
            reads_stdout: true,
            reads_log: true,
        }
    }

    /// One that ships, in its place. It is recorded, and its handlers are compared with what they did when
    /// it has ended: nothing differs.
    pub(crate) fn shipped(name: &str) -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("topologies");
        let recorded = TempDir::with_prefix("zrig-recorded-").unwrap();
        Self { recorded: Some(recorded), ..Self::file(folder.join(format!("{name}.yaml"))) }
    }

    /// A file beside the topology.
    pub(crate) fn with(self, name: &str, text: impl AsRef<[u8]>) -> Self {
        fs::write(self.path(name), text).unwrap();
        self
    }

    /// The path of something beside the topology.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.file.parent().unwrap().join(name)
    }

    /// More arguments.
    pub(crate) fn arguments<const N: usize>(mut self, arguments: [&str; N]) -> Self {
        self.arguments.extend(arguments.map(str::to_owned));
        self
    }

    /// How long it runs: `--for`.
    pub(crate) fn lasting(mut self, duration: &str) -> Self {
        self.lives = false;
        self.arguments(["--for", duration])
    }

    /// A variable of the file.
    pub(crate) fn set(self, name: &str, value: impl ToString) -> Self {
        let pair = format!("{name}={}", value.to_string());
        self.arguments(["--set", &pair])
    }

    /// A variable of the environment.
    pub(crate) fn environment(mut self, name: &str, value: impl ToString) -> Self {
        self.environment.push((name.to_owned(), value.to_string()));
        self
    }

    /// The command that it is started by, with its arguments.
    pub(crate) fn within(mut self, command: &[&str]) -> Self {
        self.within.extend(command.iter().map(ToString::to_string));
        self
    }

    /// Keeps standard input open, for the test to write to.
    pub(crate) fn with_stdin(mut self) -> Self {
        self.keeps_stdin = true;
        self
    }

    /// Leaves standard output to the test, which may leave it unread.
    pub(crate) fn with_unread_output(mut self) -> Self {
        self.reads_stdout = false;
        self
    }

    /// Leaves standard error to the test, which may leave it unread.
    pub(crate) fn with_unread_log(mut self) -> Self {
        self.reads_log = false;
        self
    }

    fn command(&self) -> Command {
        let mut words = self.within.iter().map(String::as_str);
        let mut command = Command::new(words.next().unwrap_or(env!("CARGO_BIN_EXE_zrig")));
        command.args(words);
        if !self.within.is_empty() {
            command.arg(env!("CARGO_BIN_EXE_zrig"));
        }
        command.arg("run").arg(&self.file).args(&self.arguments);
        if self.lives {
            command.args(["--for", life()]);
        }
        if let Some(recorded) = &self.recorded {
            command.arg("--record").arg(recorded.path().join(RECORDING));
        }
        for (name, value) in &self.environment {
            command.env(name, value);
        }
        command.stdin(if self.keeps_stdin { Stdio::piped() } else { Stdio::null() });
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Starts it.
    pub(crate) fn start(self) -> Runner {
        let mut command = self.command();
        let mut child = command.spawn().unwrap();
        let stdin = child.stdin.take();
        let log = self.reads_log.then(|| Lines::of(child.stderr.take().unwrap()));
        let out = self.reads_stdout.then(|| Lines::of(child.stdout.take().unwrap()));
        let compared = self.recorded.map(|folder| {
            let mut command = Command::new(env!("CARGO_BIN_EXE_zrig"));
            command
                .arg("replay")
                .arg(folder.path().join(RECORDING))
                .arg(&self.file)
                .arg("--compare");
            let set = self.arguments.windows(2).filter(|pair| pair[0] == "--set");
            for pair in set {
                command.args(pair);
            }
            command.envs(self.environment);
            Compared { command, _folder: folder }
        });
        Runner { folder: self.folder, file: self.file, compared, child, stdin, log, out }
    }

    /// Starts it and waits until it ends by itself.
    pub(crate) fn ends(self) -> Ending {
        self.start().ends()
    }
}

/// The file of a recording, in a folder of its own.
const RECORDING: &str = "run.mcap";

/// The comparison of a recorded run with itself.
struct Compared {
    command: Command,
    _folder: TempDir,
}

impl Compared {
    /// Nothing differs, as far as there are handlers.
    #[track_caller]
    fn finds_nothing(mut self) {
        let output = self.command.stdin(Stdio::null()).output().unwrap();
        let (out, errors) =
            (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        let same = out.contains("compared: no difference") && output.status.code() != Some(1);
        assert!(same || errors.contains("has no calls of handlers"), "{out}{errors}");
    }
}

/// The signals that a run handles, with their numbers.
const HANDLED: [(&str, u32); 3] = [("HUP", 1), ("INT", 2), ("TERM", 15)];

/// A run.
pub(crate) struct Runner {
    folder: Option<Arc<TempDir>>,
    file: PathBuf,
    compared: Option<Compared>,
    child: Child,
    stdin: Option<ChildStdin>,
    log: Option<Lines>,
    out: Option<Lines>,
}

/// How a run ended.
pub(crate) struct Ending {
    /// The exit status; `None` when a signal ended it.
    pub(crate) status: Option<i32>,
    /// How long the end took since it was asked for.
    pub(crate) took: Duration,
    /// Standard error.
    pub(crate) log: Vec<String>,
    /// Standard output.
    pub(crate) out: Vec<String>,
    file: PathBuf,
    _folder: Option<Arc<TempDir>>,
}

impl Runner {
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// The path of something beside the topology.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.file.parent().unwrap().join(name)
    }

    /// Standard input, which ends when it is dropped.
    pub(crate) fn stdin(&mut self) -> ChildStdin {
        self.stdin.take().unwrap()
    }

    /// Standard output, of a run that was started with it unread.
    pub(crate) fn unread(&mut self) -> ChildStdout {
        self.child.stdout.take().unwrap()
    }

    /// Standard error, of a run that was started with it unread.
    pub(crate) fn unread_log(&mut self) -> ChildStderr {
        self.child.stderr.take().unwrap()
    }

    fn lines(&self) -> &Lines {
        self.log.as_ref().unwrap()
    }

    /// The log so far.
    pub(crate) fn log(&self) -> Vec<String> {
        self.log.as_ref().map(Lines::all).unwrap_or_default()
    }

    /// The process of each copy of a program that was told of last.
    pub(crate) fn programs(&self) -> BTreeMap<String, u32> {
        let lines = self.log();
        let told = lines.iter().filter_map(|line| {
            let (before, pid) = line.split_once("  its program runs as process ")?;
            Some((before.rsplit(' ').next()?.to_owned(), pid.parse().ok()?))
        });
        told.collect()
    }

    /// Waits for a line of the log.
    #[track_caller]
    pub(crate) fn says(&self, text: &str) -> String {
        self.says_what(text, |line| line.contains(text))
    }

    /// Waits for a line of the log that fits.
    #[track_caller]
    pub(crate) fn says_what(&self, what: &str, fits: impl FnMut(&str) -> bool) -> String {
        match self.lines().find(PATIENCE, fits) {
            Ok(line) => line,
            Err(why) => panic!("no line with {what:?} in the log: {why}"),
        }
    }

    /// Waits until so many lines of the log have a text.
    #[track_caller]
    pub(crate) fn says_times(&self, text: &str, times: usize) {
        if let Err(why) = self.lines().count(PATIENCE, text, times) {
            panic!("the log: {why}");
        }
    }

    /// Waits until so many lines of standard output have a text.
    #[track_caller]
    pub(crate) fn prints_times(&self, text: &str, times: usize) {
        if let Err(why) = self.out.as_ref().unwrap().count(PATIENCE, text, times) {
            panic!("standard output: {why}\nthe log:\n{}", self.log().join("\n"));
        }
    }

    /// Sends it a signal: `INT`, `TERM`, `HUP`, `STOP`; not before it listens to those it handles.
    #[track_caller]
    pub(crate) fn signal(&self, name: &str) {
        if let Some((_, number)) = HANDLED.iter().find(|(handled, _)| *handled == name) {
            super::eventually("it listens to signals", || catches(self.id(), *number));
        }
        let id = self.id().to_string();
        let status = Command::new("kill").args(["-s", name, &id]).status().unwrap();
        assert!(status.success(), "kill -s {name} {id}");
    }

    /// The names of its threads and what each waits for; none of a run that has ended.
    pub(crate) fn threads(&self) -> String {
        threads(self.id())
    }

    /// Whether it still runs.
    pub(crate) fn runs(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Asks it to end, as Ctrl-C does, and waits; it has to end well.
    #[track_caller]
    pub(crate) fn stop(self) -> Ending {
        self.signal("INT");
        let ending = self.ends();
        assert_eq!(ending.status, Some(0), "the log:\n{}", ending.log.join("\n"));
        ending
    }

    /// Waits until it ends.
    #[track_caller]
    pub(crate) fn ends(self) -> Ending {
        self.ends_within(PATIENCE)
    }

    /// Waits until it ends, no longer than that.
    #[track_caller]
    pub(crate) fn ends_within(mut self, patience: Duration) -> Ending {
        let begun = Instant::now();
        let Some(status) = wait(&mut self.child, patience) else {
            panic!(
                "the run did not end in {patience:?}; threads: {}; the log:\n{}",
                self.threads(),
                self.log().join("\n")
            );
        };
        let took = begun.elapsed();
        let log = self.log.take().map(Lines::finish).unwrap_or_default();
        let out = self.out.take().map(Lines::finish).unwrap_or_default();
        for word in ["panicked", "a fault in zrig itself"] {
            let fault = log.iter().find(|line| line.contains(word));
            assert!(fault.is_none(), "the log:\n{}", log.join("\n"));
        }
        if let Some(compared) = self.compared.take() {
            compared.finds_nothing();
        }
        let file = self.file.clone();
        Ending { status: status.code(), took, log, out, file, _folder: self.folder.take() }
    }
}

impl Drop for Runner {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Ending {
    /// Whether a line of the log has a text.
    pub(crate) fn said(&self, text: &str) -> bool {
        self.log.iter().any(|line| line.contains(text))
    }

    /// How many lines of the log have a text.
    pub(crate) fn times(&self, text: &str) -> usize {
        self.log.iter().filter(|line| line.contains(text)).count()
    }

    /// The whole log.
    pub(crate) fn text(&self) -> String {
        self.log.join("\n")
    }

    /// The exit status has to be this, and the log has to have these texts.
    #[track_caller]
    pub(crate) fn expect<const N: usize>(self, status: i32, texts: [&str; N]) -> Self {
        assert_eq!(self.status, Some(status), "the log:\n{}", self.text());
        for text in texts {
            assert!(self.said(text), "no {text:?} in the log:\n{}", self.text());
        }
        self
    }

    /// The lines of a file beside the topology.
    #[track_caller]
    pub(crate) fn file(&self, name: &str) -> Vec<String> {
        let path = self.file.parent().unwrap().join(name);
        match fs::read(&path) {
            Ok(bytes) => String::from_utf8_lossy(&bytes).lines().map(str::to_owned).collect(),
            Err(error) => panic!("{}: {error}; the log:\n{}", path.display(), self.text()),
        }
    }
}

fn wait(child: &mut Child, patience: Duration) -> Option<ExitStatus> {
    let deadline = Instant::now() + patience;
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return Some(status);
        }
        if Instant::now() >= deadline {
            return None;
        }
        // The standard library cannot wait for a child with a deadline.
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Whether a process has a handler of a signal, or is over.
fn catches(id: u32, number: u32) -> bool {
    let status = fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
    let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
    let caught = caught.and_then(|caught| u64::from_str_radix(caught.trim(), 16).ok());
    status.contains("State:\tZ") || caught.is_none_or(|caught| caught >> (number - 1) & 1 == 1)
}

/// The names of a process's threads, for whoever has to find out why it hangs.
fn threads(id: u32) -> String {
    let Ok(tasks) = fs::read_dir(format!("/proc/{id}/task")) else { return "none".to_owned() };
    let names = tasks.flatten().filter_map(|task| {
        let name = fs::read_to_string(task.path().join("comm")).ok()?;
        let wait = fs::read_to_string(task.path().join("wchan")).unwrap_or_default();
        Some(format!("{} ({wait})", name.trim()))
    });
    names.collect::<Vec<_>>().join(", ")
}
