//! Searching for what goes wrong with a topology: run after run, each in another order, with faults.
//!
//! Owns what is tried next. What counts as a finding is `subject`'s, how one gets shorter `shorten`'s.

use std::collections::BTreeSet;
use std::io;
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::manner::Load;
use super::schedule::{Possible, Schedule};
use super::shorten::{focus, shorten};
use super::subject::{Search, Subject};
use super::symptom::Symptom;
use crate::sequence::Sequence;
use crate::source::Span;
use crate::test_file::Action;
use crate::topology::Topology;

/// In how many runs at first nothing is done, and in how many of the later ones.
const QUIET: (u64, f64) = (3, 0.1);

/// How long shortening a finding takes at most, in real time.
const SHORTENING: Duration = Duration::from_secs(6);

/// How far a search is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Progress {
    /// Runs so far.
    pub runs: u64,
    /// How many different states of queues, handlers and sockets there were in them.
    pub states: usize,
    /// How long it has been going on.
    pub took: Duration,
    /// How long it may go on yet.
    pub left: Duration,
}

/// What a search came to.
#[derive(Clone, Debug)]
pub struct Searched {
    /// What went wrong first, shortened.
    pub finding: Option<Finding>,
    /// How far it went.
    pub progress: Progress,
}

/// Something that went wrong.
#[derive(Clone, Debug)]
pub struct Finding {
    /// What.
    pub symptom: Symptom,
    /// What has to be done for it, and how long it takes.
    pub steps: Vec<Action>,
    /// In the order of that seed.
    pub seed: u64,
    /// What happened, where it went wrong.
    pub story: Sequence,
}

/// Searches until something goes wrong or the search is over.
///
/// # Errors
///
/// When a run cannot be simulated, or the system refuses what it needs.
pub fn explore(
    topology: &Topology,
    span: Span,
    search: &Search,
    load: Load<'_>,
    mut tell: impl FnMut(Progress),
) -> io::Result<Searched> {
    let begun = Instant::now();
    let mut chance = StdRng::seed_from_u64(search.seed);
    let possible = Possible::of(topology);
    let mut subject = Subject::new(topology, span, search, load);
    let mut seen = BTreeSet::new();
    // Schedules of runs that came to something new, from which others are made.
    let mut promising: Vec<Schedule> = Vec::new();
    let mut moments = Vec::new();
    let mut runs = 0;
    let progress = |runs: u64, states: usize| {
        let took = begun.elapsed();
        let each = took.checked_div(u32::try_from(runs).unwrap_or(u32::MAX)).unwrap_or_default();
        let others = u32::try_from(search.runs - runs).unwrap_or(u32::MAX);
        let left = search.most.saturating_sub(took).min(each.saturating_mul(others));
        Progress { runs, states, took, left }
    };
    while runs < search.runs && begun.elapsed() < search.most {
        let seed = search.seed.wrapping_add(runs);
        let is_quiet = !search.faults || runs < QUIET.0 || chance.random_bool(QUIET.1);
        let schedule = match is_quiet {
            true => Schedule::quiet(search.time),
            false => Schedule::next(&possible, search.time, &promising, &moments, &mut chance),
        };
        let outcome = subject.run(&schedule, seed, false)?;
        runs += 1;
        let Some(outcome) = outcome else { continue };
        if let Some(symptom) = subject.gravest(&outcome, &schedule, seed)? {
            let finding = finding(&mut subject, symptom, schedule, seed)?;
            let progress = progress(runs, seen.len());
            return Ok(Searched { finding: Some(finding), progress });
        }
        let before = seen.len();
        seen.extend(outcome.states);
        if schedule.faults.is_empty() {
            moments = outcome.moments;
            subject.note_usual(outcome.last);
        } else if seen.len() > before {
            promising.push(schedule);
        }
        tell(progress(runs, seen.len()));
    }
    Ok(Searched { finding: None, progress: progress(runs, seen.len()) })
}

/// A finding, shortened and told.
fn finding(
    subject: &mut Subject<'_>,
    symptom: Symptom,
    schedule: Schedule,
    seed: u64,
) -> io::Result<Finding> {
    // What was found late is shortened all the same.
    subject.until = Instant::now() + SHORTENING;
    let (symptom, schedule) = shorten(subject, symptom, schedule, seed)?;
    let told = subject.run(&schedule, seed, true)?;
    let story = told.map(|outcome| focus(&outcome.story, &symptom)).unwrap_or_default();
    Ok(Finding { symptom, steps: schedule.steps(), seed, story })
}
