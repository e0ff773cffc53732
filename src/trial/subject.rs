//! A topology that is searched: a run of it, and what went wrong in that.
//!
//! Owns what counts as a finding: what ZeroMQ is known to do under faults is none, and who falls silent is
//! one where it goes on without them.

use std::collections::BTreeMap;
use std::io;
use std::time::{Duration, Instant};

use super::manner::{Load, Manner};
use super::schedule::Schedule;
use super::symptom::Symptom;
use super::{Outcome, Verdict, carry_out};
use crate::source::Span;
use crate::test_file::{Condition, StepSpec, TestSpec};
use crate::topology::Topology;

/// From how many messages on, in the last while of a run, a node counts as one that goes on.
const GOES_ON: u64 = 2;

/// What is searched.
#[derive(Clone, Debug)]
pub struct Search {
    /// In how many runs.
    pub runs: u64,
    /// The seed of the first.
    pub seed: u64,
    /// Whether nodes die, lines are cut and delayed, handlers are slow, and versions are saved.
    pub faults: bool,
    /// How long a run is, in its own time.
    pub time: Duration,
    /// How long the search takes at most, in real time.
    pub most: Duration,
    /// What has to hold always.
    pub always: Vec<Condition>,
    /// Kinds of symptoms that are meant, and no findings.
    pub except: Vec<String>,
}

/// A topology that is searched.
pub(super) struct Subject<'s> {
    topology: &'s Topology,
    /// Where steps of a search stand, as far as anybody asks.
    span: Span,
    search: &'s Search,
    load: Load<'s>,
    /// When the search is to be over.
    pub(super) until: Instant,
    /// What each instance at least got and sent at last where nothing was done.
    usual: BTreeMap<String, (u64, u64)>,
}

impl<'s> Subject<'s> {
    pub(super) fn new(
        topology: &'s Topology,
        span: Span,
        search: &'s Search,
        load: Load<'s>,
    ) -> Self {
        let until = Instant::now() + search.most;
        Self { topology, span, search, load, until, usual: BTreeMap::new() }
    }

    /// Carries a run out; nothing where what was to be done could not be.
    pub(super) fn run(
        &self,
        schedule: &Schedule,
        seed: u64,
        told: bool,
    ) -> io::Result<Option<Outcome>> {
        let span = self.span;
        let steps = schedule.steps().into_iter().map(|action| StepSpec { span, action });
        let test = TestSpec {
            name: "explored".to_owned(),
            span,
            without: Vec::new(),
            peers: Vec::new(),
            steps: steps.collect(),
            always: self.search.always.clone(),
        };
        let until = Some(self.until);
        let manner = Manner { watched: true, told, until, ..Manner::simulated(seed) };
        let mut outcome = carry_out(&test, self.topology, self.load, manner)?;
        match &outcome.verdict {
            Verdict::Passed => Ok(Some(outcome)),
            Verdict::Failed(failure) => {
                let mut always = self.search.always.iter();
                let broken = always.find(|it| failure.is_always && it.span == failure.span);
                match broken {
                    Some(always) => {
                        let always = always.text.trim().to_owned();
                        outcome.symptoms.push(Symptom::Broken { always });
                        Ok(Some(outcome))
                    }
                    None if Instant::now() > self.until => Ok(None),
                    None if schedule.faults.is_empty() => {
                        Err(io::Error::other(failure.what.clone()))
                    }
                    None => Ok(None),
                }
            }
            Verdict::Impossible(why) => Err(io::Error::other(why.join("; "))),
        }
    }

    /// The gravest thing that went wrong in a run, and was not meant.
    pub(super) fn gravest(
        &self,
        outcome: &Outcome,
        schedule: &Schedule,
        seed: u64,
    ) -> io::Result<Option<Symptom>> {
        let symptoms = self.symptoms(outcome, schedule, seed)?;
        let is_meant = |it: &Symptom| self.search.except.iter().any(|kind| kind == it.kind());
        Ok(symptoms.into_iter().filter(|it| !is_meant(it)).min())
    }

    /// All that went wrong in a run.
    pub(super) fn symptoms(
        &self,
        outcome: &Outcome,
        schedule: &Schedule,
        seed: u64,
    ) -> io::Result<Vec<Symptom>> {
        let is_known = |it: &&Symptom| !schedule.faults.is_empty() && it.is_known_under_faults();
        let mut found: Vec<Symptom> =
            outcome.symptoms.iter().filter(|it| !is_known(it)).cloned().collect();
        found.extend(self.silent(outcome, schedule, seed)?);
        Ok(found)
    }

    /// Who gets or sends nothing any more, though all faults are over and without them it goes on.
    fn silent(
        &self,
        outcome: &Outcome,
        schedule: &Schedule,
        seed: u64,
    ) -> io::Result<Option<Symptom>> {
        if schedule.faults.is_empty() || outcome.ended {
            return Ok(None);
        }
        let stopped = |usual: &BTreeMap<String, (u64, u64)>| {
            let now = |instance: &String| outcome.last.get(instance).copied().unwrap_or_default();
            let mut quiet = usual.iter().filter_map(|(instance, (got, sent))| {
                let (gets, sends) = now(instance);
                let stops = |usual: u64, now: u64| usual >= GOES_ON && now == 0;
                let receives = stops(*got, gets);
                (receives || stops(*sent, sends)).then(|| (instance.clone(), receives))
            });
            // Who hears nothing any more is told before who says nothing.
            let first = quiet.next()?;
            Some(if first.1 { first } else { quiet.find(|(_, hears)| *hears).unwrap_or(first) })
        };
        if stopped(&self.usual).is_none() {
            return Ok(None);
        }
        // A run that is as long, in the same order, in which nothing is done.
        let quiet = Schedule::quiet(schedule.time);
        let Some(usual) = self.run(&quiet, seed, false)?.filter(|usual| !usual.ended) else {
            return Ok(None);
        };
        Ok(stopped(&usual.last).map(|(node, receives)| {
            let passed = outcome.passed.get(&node).copied().unwrap_or_default();
            let before = if receives { passed.0 } else { passed.1 };
            Symptom::Silent { node, receives, before }
        }))
    }

    /// Takes in what came of a run in which nothing was done.
    pub(super) fn note_usual(&mut self, last: BTreeMap<String, (u64, u64)>) {
        if self.usual.is_empty() {
            self.usual = last;
            return;
        }
        for (instance, usual) in &mut self.usual {
            let (got, sent) = last.get(instance).copied().unwrap_or_default();
            *usual = (usual.0.min(got), usual.1.min(sent));
        }
    }
}
