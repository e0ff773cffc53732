//! `zrig explore`: a search for what goes wrong with a topology.
//!
//! Owns its arguments, how a finding is shown, and the test that is made of one. What is searched is
//! `trial`'s.

use std::fmt::Write as _;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;

use super::output::{FAILED, INVALID, invalid, show_faults};
use super::variables::Variables;
use crate::duration::parse_duration;
use crate::load::load;
use crate::source::Span;
use crate::test_file::Action;
use crate::trial::{Finding, Progress, Search, Symptom, explore};
use crate::visible::visible;

/// How often the progress line is written anew.
const TELL_EVERY: Duration = Duration::from_millis(200);

/// Search a topology, simulated, for what goes wrong with it
#[derive(Args, Debug)]
pub(super) struct ExploreArguments {
    /// The topology file
    file: PathBuf,
    /// In so many runs at most, each in another order
    #[arg(long, default_value_t = 1000)]
    runs: u64,
    /// The seed of the first run; the same seed gives the same search
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Let nodes die, lines be cut and delayed, and handlers be slow
    #[arg(long)]
    faults: bool,
    /// How long each run is, in its own time
    #[arg(long, default_value = "10s", value_parser = parse_duration)]
    time: Duration,
    /// How long the search takes at most
    #[arg(long, default_value = "1m", value_parser = parse_duration)]
    most: Duration,
    /// Write what is found as a test, which fails until it is mended; never over a file that is there
    #[arg(long, value_name = "FILE.test.yaml")]
    write: Option<PathBuf>,
    /// Set a variable of the file, before the environment
    #[arg(long, value_name = "NAME=VALUE")]
    set: Vec<String>,
}

impl ExploreArguments {
    /// Searches, and prints what was found.
    ///
    /// # Errors
    ///
    /// When the result cannot be written.
    pub(super) fn run(&self) -> io::Result<ExitCode> {
        let variables = match Variables::parse(&self.set) {
            Ok(variables) => variables,
            Err(error) => return Ok(invalid(&error)),
        };
        if let Some(path) = self.write.as_ref().filter(|path| path.exists()) {
            return Ok(invalid(&format!("{} is there already", path.display())));
        }
        let loaded = load(&self.file, &|name| variables.get(name));
        let source = loaded.sources.iter().next().map(|(id, _)| id);
        let Some((topology, source)) = loaded.topology.as_ref().zip(source) else {
            show_faults(&loaded);
            return Ok(ExitCode::from(INVALID));
        };
        let Self { runs, seed, faults, time, most, .. } = *self;
        let search = Search { runs, seed, faults, time, most };
        let mut line = Line::default();
        let searched = explore(topology, Span::new(source, 0, 0), search, |it| line.tell(it));
        line.clear();
        let searched = match searched {
            Ok(searched) => searched,
            Err(error) => return Ok(invalid(&error.to_string())),
        };
        let mut out = io::stdout().lock();
        let done = told(searched.progress);
        let Some(finding) = searched.finding else {
            writeln!(out, "nothing went wrong: {done}")?;
            return Ok(ExitCode::SUCCESS);
        };
        out.write_all(shown(&finding).as_bytes())?;
        writeln!(out, "{done}")?;
        if let Some(path) = &self.write {
            std::fs::write(path, as_test(&finding, &self.file, path))?;
            writeln!(out, "written as a test to {}", path.display())?;
        }
        Ok(ExitCode::from(FAILED))
    }
}

/// A line that says how far the search is, where somebody looks.
#[derive(Default)]
struct Line {
    told: Duration,
    is_there: bool,
}

impl Line {
    fn tell(&mut self, progress: Progress) {
        if progress.took < self.told + TELL_EVERY || !io::stderr().is_terminal() {
            return;
        }
        (self.told, self.is_there) = (progress.took, true);
        // Nobody may be reading it any more.
        let _ = write!(io::stderr(), "\r\u{1b}[K{}", told(progress));
    }

    fn clear(&self) {
        if self.is_there {
            let _ = write!(io::stderr(), "\r\u{1b}[K");
        }
    }
}

/// `120 runs, 34 kinds of states, 60 runs a second`
fn told(progress: Progress) -> String {
    let Progress { runs, states, took } = progress;
    let a_second = runs as f64 / took.as_secs_f64().max(0.001);
    format!("{runs} runs, {states} kinds of states, {a_second:.0} runs a second")
}

/// What was found, for a person.
fn shown(finding: &Finding) -> String {
    let mut text = format!("found: {}\n\n", visible(&what(&finding.symptom)));
    // Writing into a String cannot fail.
    let _ = writeln!(text, "by these steps, with seed {}:", finding.seed);
    for step in &finding.steps {
        let _ = writeln!(text, "  {}", step_text(step));
    }
    let _ = writeln!(text, "\nwhat happened last:");
    for line in &finding.sequence {
        let _ = writeln!(text, "  {}", visible(line));
    }
    let _ = writeln!(text, "\n{}", lesson(&finding.symptom));
    text
}

fn what(symptom: &Symptom) -> String {
    match symptom {
        Symptom::Failed { node, error } => format!("a handler of {node} failed: {error}"),
        Symptom::Waits { socket, answers } => {
            format!("{socket} has asked and waits for ever; it had {answers} answers before")
        }
        Symptom::Missed { publisher, subscriber, count, .. } => {
            format!("{subscriber} missed {count} messages of {publisher}: its queue was full")
        }
        Symptom::Dropped { node, count } => {
            format!("{count} messages that {node} sent were dropped")
        }
    }
}

/// What there is to learn of it.
fn lesson(symptom: &Symptom) -> &'static str {
    match symptom {
        Symptom::Failed { .. } => "What becomes of a handler that fails: `zrig explain on_error`.",
        Symptom::Waits { .. } => {
            "A REQ that has asked waits for that very answer, and a server that dies takes the question \
             with it: `zrig explain req`."
        }
        Symptom::Missed { .. } => {
            "A publisher waits for nobody: what a subscriber has no room for, it misses: `zrig explain hwm`."
        }
        Symptom::Dropped { .. } => {
            "A ROUTER drops what is for nobody that is there, or has no room: `zrig explain router`."
        }
    }
}

/// A step as a test file has it.
fn step_text(step: &Action) -> String {
    let ms = |time: &Duration| format!("{}ms", time.as_millis());
    match step {
        Action::Wait(time) => format!("wait: {}", ms(time)),
        Action::Kill(node) => format!("kill: {node}"),
        Action::Start(node) => format!("start: {node}"),
        Action::Cut(one, other) => format!("cut: [{one}, {other}]"),
        Action::Heal(one, other) => format!("heal: [{one}, {other}]"),
        Action::Delay { between: (one, other), by } => {
            format!("delay: {{between: [{one}, {other}], by: {}}}", ms(by))
        }
        Action::Slow { node, by } => format!("slow: {{node: {node}, by: {}}}", ms(by)),
        // A search does nothing else.
        Action::Send { .. }
        | Action::Receive { .. }
        | Action::Expect(_)
        | Action::Never(_)
        | Action::Tick { .. }
        | Action::Save(_)
        | Action::Call(_) => String::new(),
    }
}

/// A test that fails until what was found is mended.
fn as_test(finding: &Finding, topology: &Path, at: &Path) -> String {
    let relative = pathname(topology, at);
    let name = what(&finding.symptom).replace('"', "'");
    let name = name.lines().next().unwrap_or_default();
    let mut text = format!(
        "# Found by `zrig explore`; `zrig test --seed {}` fails until that is mended.\n\
         topology: {relative}\ntests:\n  - name: \"{name}\"\n    steps:\n",
        finding.seed
    );
    // Writing into a String cannot fail.
    for step in &finding.steps {
        let _ = writeln!(text, "      - {}", step_text(step));
    }
    let node_of = |instance: &str| instance.split('.').next().unwrap_or_default().to_owned();
    let _ = match &finding.symptom {
        Symptom::Failed { node, .. } => {
            writeln!(text, "    always: counters[\"{}\"].failed == 0", node_of(node))
        }
        Symptom::Dropped { node, .. } => {
            writeln!(text, "    always: counters[\"{}\"].dropped == 0", node_of(node))
        }
        Symptom::Waits { socket, answers } => {
            writeln!(text, "{}", expected(socket, answers + 1, "1m"))
        }
        // All that it wants has to have come by then.
        Symptom::Missed { subscriber, count, came, .. } => {
            writeln!(text, "{}", expected(subscriber, came + count, "1ms"))
        }
    };
    text
}

/// A step that wants so many messages to have come to a place.
fn expected(at: &str, count: u64, within: &str) -> String {
    format!("      - expect: {{at: {at}, where: \"true\", count: {count}, within: {within}}}")
}

/// The topology as its test names it: from the folder of that.
fn pathname(topology: &Path, test: &Path) -> String {
    let folder = test.parent().filter(|it| !it.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let same = topology.parent().filter(|it| !it.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if let (Some(name), true) = (topology.file_name(), folder == same) {
        return name.to_string_lossy().into_owned();
    }
    std::path::absolute(topology).unwrap_or_else(|_| topology.to_owned()).display().to_string()
}
