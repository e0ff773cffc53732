//! What came of a test.
//!
//! Plain data; how it is shown is the command line's.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::symptom::Symptom;
use crate::script::Branch;
use crate::sequence::Sequence;
use crate::source::Span;

/// What came of a test.
#[derive(Clone, PartialEq, Debug)]
pub struct Outcome {
    /// Whether it holds.
    pub verdict: Verdict,
    /// How long it took, in the time of the nodes.
    pub took: Duration,
    /// What its handlers and sockets came to.
    pub reached: Reached,
    /// What tells the order of all that was seen from another one.
    pub order: u64,
    /// All that was seen, a line each.
    #[cfg(test)]
    pub(crate) seen: String,
    /// What went wrong, whether the test asks of it or not.
    pub symptoms: Vec<Symptom>,
    /// What handlers, queues and sockets came to, each a word: what tells two kinds of runs apart.
    pub states: BTreeSet<String>,
    /// What happened last, of all places, a line each.
    pub sequence: Vec<String>,
    /// What happened, as it can be drawn, where that was asked for.
    pub story: Sequence,
    /// Of each instance that was watched how many messages it got and sent at last.
    pub last: BTreeMap<String, (u64, u64)>,
    /// The same in all.
    pub passed: BTreeMap<String, (u64, u64)>,
    /// When messages passed.
    pub moments: Vec<Duration>,
    /// Whether a node asked for the end of the run.
    pub ended: bool,
}

/// Whether a test holds.
#[derive(Clone, PartialEq, Debug)]
pub enum Verdict {
    /// It does.
    Passed,
    /// It does not.
    Failed(Box<Failure>),
    /// It cannot be carried out like that, for these reasons.
    Impossible(Vec<String>),
}

/// Why a test does not hold.
#[derive(Clone, PartialEq, Debug)]
pub struct Failure {
    /// The step, or the assertion.
    pub span: Span,
    /// What did not come about, in a sentence.
    pub what: String,
    /// When, since the test began.
    pub at: Duration,
    /// What was seen there instead, a line each.
    pub instead: Vec<String>,
    /// What happened last, of all places, a line each.
    pub sequence: Vec<String>,
    /// Whether it is what has to hold always.
    pub is_always: bool,
}

/// What a test reached: the handlers of nodes with how often each was called, and the sockets with how
/// many messages went through, and the branches of handlers.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Reached {
    /// By node and handler.
    pub handlers: BTreeMap<(String, String), u64>,
    /// By node and socket.
    pub sockets: BTreeMap<(String, String), u64>,
    /// How often each branch of the handlers was passed.
    pub branches: BTreeMap<Branch, u64>,
}

impl Outcome {
    /// What comes of a test for which nothing ran.
    pub(crate) fn without_a_run(verdict: Verdict) -> Self {
        Self {
            verdict,
            took: Duration::ZERO,
            reached: Reached::default(),
            order: 0,
            #[cfg(test)]
            seen: String::new(),
            symptoms: Vec::new(),
            states: BTreeSet::new(),
            sequence: Vec::new(),
            story: Sequence::default(),
            last: BTreeMap::new(),
            passed: BTreeMap::new(),
            moments: Vec::new(),
            ended: false,
        }
    }
}

impl Reached {
    /// Adds what another test reached.
    pub fn add(&mut self, other: &Self) {
        for (name, calls) in &other.handlers {
            *self.handlers.entry(name.clone()).or_default() += calls;
        }
        for (name, messages) in &other.sockets {
            *self.sockets.entry(name.clone()).or_default() += messages;
        }
        for (branch, passed) in &other.branches {
            *self.branches.entry(branch.clone()).or_default() += passed;
        }
    }
}
