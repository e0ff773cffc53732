//! Whether a learner's file holds: nothing that `check` warns of, and every hidden test in several orders.
//!
//! Owns what counts as done. Never looks at how something is written, but for comments that would hide
//! what `check` says.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::lessons::Lesson;
use crate::diagnostic::{Diagnostic, Severity};
use crate::load::{Kept, LoadedTests, Unsaved, load_tests_unsaved};
use crate::test_file::{Saved, TestFile};
use crate::topology::Topology;
use crate::trial::{Failure, Manner, Verdict, carry_out};

/// In how many orders each test is carried out.
const ORDERS: u64 = 4;
/// How long one test may take in real time: what goes round for ever does not hold.
const PATIENCE: Duration = Duration::from_secs(20);
/// What begins a comment that silences `check`.
const ALLOW: &str = "zrig: allow";

/// Makes another version of a topology's file of what a test saves; the error is why it cannot be one.
pub type LoadSaved<'l> = &'l dyn Fn(&Path, &Saved) -> Result<Topology, String>;

/// What became of a learner's file.
#[derive(Debug)]
pub struct Judgement {
    /// The file with the tests, and all texts.
    pub loaded: LoadedTests,
    /// What was found.
    pub finding: Finding,
}

/// What is found in a learner's file.
#[derive(Debug)]
pub enum Finding {
    /// It holds.
    Done,
    /// There is no such file.
    Missing,
    /// `check` has something to say.
    Faulty(Vec<Diagnostic>),
    /// It is sound, but lacks what the tests need of it.
    Lacking(Vec<Diagnostic>),
    /// A comment hides what `check` says, on this line.
    Silenced(usize),
    /// The tests cannot be carried out, for these reasons.
    Impossible(Vec<String>),
    /// A test does not hold.
    Failed {
        /// Its name.
        name: String,
        /// The order.
        seed: u64,
        /// Why.
        failure: Box<Failure>,
    },
}

impl Judgement {
    /// The text that was judged; none where the file could not be read.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        judged_text(&self.loaded)
    }

    /// Whether the lesson is done.
    #[must_use]
    pub fn is_done(&self) -> bool {
        matches!(self.finding, Finding::Done)
    }
}

/// Judges a learner's file.
///
/// # Errors
///
/// When the system refuses what a test needs.
pub fn judge(lesson: &Lesson, path: &Path, load: LoadSaved<'_>) -> io::Result<Judgement> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let tests = path.with_extension("judge.yaml");
    let text = lesson.judge.replacen("lesson.yaml", &format!("{name:?}"), 1);
    let mut unsaved = Unsaved::default();
    unsaved.insert(tests.clone(), Arc::from(text));
    // No variable is a learner's: what is in the environment is no part of the lesson.
    let loaded = load_tests_unsaved(&tests, &unsaved, &mut Kept::default(), &|_| None);
    let finding = found(path, &loaded, load)?;
    Ok(Judgement { loaded, finding })
}

fn judged_text(loaded: &LoadedTests) -> Option<&str> {
    let source = loaded.sources.find(loaded.topology_file.as_ref()?)?;
    Some(loaded.sources.get(source).text())
}

fn found(path: &Path, loaded: &LoadedTests, load: LoadSaved<'_>) -> io::Result<Finding> {
    let Some(text) = judged_text(loaded) else {
        return Ok(match path.exists() {
            true => Finding::Faulty(loaded.diagnostics.clone()),
            false => Finding::Missing,
        });
    };
    let told = |fault: &&Diagnostic| fault.severity != Severity::Hint;
    let of_topology = loaded.tested.iter().flat_map(|tested| &tested.diagnostics);
    let of_topology: Vec<Diagnostic> = of_topology.filter(told).cloned().collect();
    if !of_topology.is_empty() {
        return Ok(Finding::Faulty(of_topology));
    }
    if let Some(line) = text.lines().position(|line| line.contains(ALLOW)) {
        return Ok(Finding::Silenced(line + 1));
    }
    match (&loaded.file, &loaded.topology) {
        (Some(file), Some(topology)) => tried(path, file, topology, load),
        // What the tests want is not there.
        _ if loaded.topology.is_some() => {
            Ok(Finding::Lacking(loaded.diagnostics.iter().filter(told).cloned().collect()))
        }
        _ => Ok(Finding::Faulty(loaded.diagnostics.iter().filter(told).cloned().collect())),
    }
}

/// Carries out every test in several orders, until one does not hold.
fn tried(
    path: &Path,
    file: &TestFile,
    topology: &Topology,
    load: LoadSaved<'_>,
) -> io::Result<Finding> {
    for test in &file.tests {
        for seed in 0..ORDERS {
            let until = Some(Instant::now() + PATIENCE);
            let manner = Manner { until, ..Manner::simulated(seed) };
            let load = |saved: &_| load(path, saved);
            match carry_out(test, topology, &load, manner)?.verdict {
                Verdict::Passed => {}
                Verdict::Impossible(why) => return Ok(Finding::Impossible(why)),
                Verdict::Failed(failure) => {
                    return Ok(Finding::Failed { name: test.name.clone(), seed, failure });
                }
            }
        }
    }
    Ok(Finding::Done)
}
