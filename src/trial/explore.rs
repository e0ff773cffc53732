//! Searching for what goes wrong with a topology: run after run, each in another order, with faults.
//!
//! Owns what is tried next and what counts as a finding, and shortens one. How a run is carried out is
//! `steps`'.

use std::collections::BTreeSet;
use std::io;
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::manner::Manner;
use super::outcome::Symptom;
use super::{Outcome, Verdict, carry_out};
use crate::source::Span;
use crate::test_file::{Action, StepSpec, TestSpec};
use crate::topology::Topology;

/// How many faults a run has at most.
const FAULTS: usize = 3;
/// How long a run goes on when all faults are over: whoever still waits then waits for ever.
const AFTERWARDS: Duration = Duration::from_secs(15);

/// What is searched.
#[derive(Clone, Copy, Debug)]
pub struct Search {
    /// In how many runs.
    pub runs: u64,
    /// The seed of the first.
    pub seed: u64,
    /// Whether nodes die, lines are cut and delayed, and handlers are slow.
    pub faults: bool,
    /// How long a run is, in its own time.
    pub time: Duration,
    /// How long the search takes at most, in real time.
    pub most: Duration,
}

/// How far a search is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Progress {
    /// Runs so far.
    pub runs: u64,
    /// How many of them came to something new.
    pub states: usize,
    /// How long it has been going on.
    pub took: Duration,
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
    /// What happened last, a line each.
    pub sequence: Vec<String>,
}

/// Searches until something goes wrong or the search is over.
///
/// # Errors
///
/// When a run cannot be simulated, or the system refuses what it needs.
pub fn explore(
    topology: &Topology,
    span: Span,
    search: Search,
    mut tell: impl FnMut(Progress),
) -> io::Result<Searched> {
    let begun = Instant::now();
    let mut chance = StdRng::seed_from_u64(search.seed);
    let mut seen = BTreeSet::new();
    // Schedules of runs that came to something new, from which others are made.
    let mut promising: Vec<Vec<Action>> = Vec::new();
    let mut progress = Progress { runs: 0, states: 0, took: Duration::ZERO };
    while progress.runs < search.runs && progress.took < search.most {
        let seed = search.seed.wrapping_add(progress.runs);
        let steps = schedule(topology, search, &promising, &mut chance);
        let outcome = run(topology, span, &steps, seed)?;
        if let Some(symptom) = first(&outcome, &steps) {
            let finding = shorten(topology, span, symptom, steps, seed)?;
            progress = Progress { runs: progress.runs + 1, took: begun.elapsed(), ..progress };
            return Ok(Searched { finding: Some(finding), progress });
        }
        if seen.insert(outcome.state.clone()) {
            promising.push(steps);
        }
        let runs = progress.runs + 1;
        progress = Progress { runs, states: seen.len(), took: begun.elapsed() };
        tell(progress);
    }
    Ok(Searched { finding: None, progress })
}

/// The gravest thing that went wrong in a run. What was for a node that had died is none.
fn first(outcome: &Outcome, steps: &[Action]) -> Option<Symptom> {
    let dies = steps.iter().any(|step| matches!(step, Action::Kill(_)));
    let is_meant = |it: &&Symptom| !(dies && matches!(it, Symptom::Dropped { .. }));
    outcome.symptoms.iter().filter(is_meant).min().cloned()
}

/// Carries a run out.
fn run(topology: &Topology, span: Span, steps: &[Action], seed: u64) -> io::Result<Outcome> {
    let steps = steps.iter().map(|action| StepSpec { span, action: action.clone() });
    let test = TestSpec {
        name: "explored".to_owned(),
        span,
        without: Vec::new(),
        peers: Vec::new(),
        steps: steps.collect(),
        always: Vec::new(),
    };
    let load = |_: &_| Err("nothing is saved".to_owned());
    let outcome = carry_out(&test, topology, &load, Manner { seed, real: false })?;
    match &outcome.verdict {
        Verdict::Passed => Ok(outcome),
        Verdict::Failed(failure) => Err(io::Error::other(failure.what.clone())),
        Verdict::Impossible(why) => Err(io::Error::other(why.join("; "))),
    }
}

/// What is done in the next run: one like a run that came to something new, or another one.
fn schedule(
    topology: &Topology,
    search: Search,
    promising: &[Vec<Action>],
    chance: &mut StdRng,
) -> Vec<Action> {
    if !search.faults {
        return vec![Action::Wait(search.time), Action::Wait(AFTERWARDS)];
    }
    let mut steps = match promising.len() {
        0 => Vec::new(),
        count if chance.random_bool(0.5) => promising[chance.random_range(0..count)].clone(),
        _ => Vec::new(),
    };
    // The end of the one before is not repeated.
    steps.truncate(steps.len().saturating_sub(2));
    let more = chance.random_range(0..=FAULTS.saturating_sub(steps.len() / 3));
    for _ in 0..more {
        let time = u64::try_from(search.time.as_millis()).unwrap_or(u64::MAX) / 4;
        let mut part = || Action::Wait(Duration::from_millis(chance.random_range(1..=time.max(2))));
        let (before, during) = (part(), part());
        if let Some((fault, over)) = fault(topology, chance) {
            steps.extend([before, fault, during, over]);
        }
    }
    steps.extend([Action::Wait(search.time), Action::Wait(AFTERWARDS)]);
    steps
}

/// A fault, and what ends it.
fn fault(topology: &Topology, chance: &mut StdRng) -> Option<(Action, Action)> {
    let instances: Vec<String> =
        topology.nodes.iter().flat_map(|node| node.instances().map(|(name, _)| name)).collect();
    let any =
        |chance: &mut StdRng| Some(instances[chance.random_range(0..instances.len())].clone());
    let links: Vec<_> = topology.links().iter().collect();
    match chance.random_range(0..4) {
        0 => {
            let name = any(chance)?;
            Some((Action::Kill(name.clone()), Action::Start(name)))
        }
        1 => {
            let node = any(chance)?;
            let by = Duration::from_millis(chance.random_range(10..2000));
            let over = Action::Slow { node: node.clone(), by: Duration::ZERO };
            Some((Action::Slow { node, by }, over))
        }
        kind if !links.is_empty() => {
            let link = links[chance.random_range(0..links.len())];
            let name = |place: usize| topology.nodes[place].name.clone();
            let (one, other) = (name(link.binder.node), name(link.connecter.node));
            if kind == 2 {
                return Some((Action::Cut(one.clone(), other.clone()), Action::Heal(one, other)));
            }
            let by = Duration::from_millis(chance.random_range(10..3000));
            let between = (one, other);
            let over = Action::Delay { between: between.clone(), by: Duration::ZERO };
            Some((Action::Delay { between, by }, over))
        }
        _ => None,
    }
}

/// Steps without the one at a place: a fault goes with what ends it, which does not go alone, and what
/// comes afterwards stays.
fn without(steps: &[Action], at: usize) -> Option<Vec<Action>> {
    let over = match &steps[at] {
        Action::Wait(_) if at + 1 < steps.len() => None,
        Action::Kill(node) => Some(Action::Start(node.clone())),
        Action::Cut(one, other) => Some(Action::Heal(one.clone(), other.clone())),
        Action::Delay { between, by } if !by.is_zero() => {
            Some(Action::Delay { between: between.clone(), by: Duration::ZERO })
        }
        Action::Slow { node, by } if !by.is_zero() => {
            Some(Action::Slow { node: node.clone(), by: Duration::ZERO })
        }
        Action::Send { .. }
        | Action::Receive { .. }
        | Action::Expect(_)
        | Action::Never(_)
        | Action::Wait(_)
        | Action::Tick { .. }
        | Action::Start(_)
        | Action::Heal(..)
        | Action::Delay { .. }
        | Action::Slow { .. }
        | Action::Save(_)
        | Action::Call(_) => return None,
    };
    let mut fewer = steps.to_vec();
    if let Some(over) = over {
        let place = steps[at..].iter().position(|step| *step == over)?;
        fewer.remove(at + place);
    }
    fewer.remove(at);
    Some(fewer)
}

/// The fewest steps, of those that can be left out one by one, by which the same goes wrong.
fn shorten(
    topology: &Topology,
    span: Span,
    symptom: Symptom,
    mut steps: Vec<Action>,
    seed: u64,
) -> io::Result<Finding> {
    let goes_wrong = |steps: &[Action]| -> io::Result<Option<Outcome>> {
        let outcome = run(topology, span, steps, seed)?;
        Ok(outcome.symptoms.iter().any(|it| it.is_like(&symptom)).then_some(outcome))
    };
    let mut at = 0;
    while at < steps.len() {
        match without(&steps, at) {
            Some(fewer) if goes_wrong(&fewer)?.is_some() => steps = fewer,
            Some(_) | None => at += 1,
        }
    }
    let outcome = goes_wrong(&steps)?;
    let (symptom, sequence) = outcome.map_or((symptom.clone(), Vec::new()), |outcome| {
        let like = outcome.symptoms.iter().find(|it| it.is_like(&symptom));
        (like.unwrap_or(&symptom).clone(), outcome.sequence)
    });
    Ok(Finding { symptom, steps, seed, sequence })
}
