//! What came of a test.
//!
//! Plain data; how it is shown is the command line's.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::script::Branch;
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
    /// What went wrong, whether the test asks of it or not.
    pub symptoms: Vec<Symptom>,
    /// What handlers and queues came to, roughly: what tells two kinds of runs apart.
    pub state: String,
    /// What happened last, of all places, a line each.
    pub sequence: Vec<String>,
}

/// Something that goes wrong with a topology; the gravest first.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Symptom {
    /// A handler failed.
    Failed {
        /// Whose.
        node: String,
        /// With what.
        error: String,
    },
    /// A REQ has asked, and was not answered when all was over.
    Waits {
        /// The node's instance and the socket.
        socket: String,
        /// How many answers it had before.
        answers: u64,
    },
    /// A subscriber missed messages that it wanted, since its queue was full.
    Missed {
        /// The instance of the publisher.
        publisher: String,
        /// The instance of the subscriber.
        subscriber: String,
        /// How many it missed.
        count: u64,
        /// How many came, of all publishers.
        came: u64,
    },
    /// ZeroMQ dropped messages that a node sent to one peer.
    Dropped {
        /// The node's instance.
        node: String,
        /// How many.
        count: u64,
    },
}

impl Symptom {
    /// Whether the same is wrong, whatever the numbers.
    #[must_use]
    pub fn is_like(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Failed { node, .. }, Self::Failed { node: of, .. }) => node == of,
            (Self::Waits { socket, .. }, Self::Waits { socket: of, .. }) => socket == of,
            (
                Self::Missed { publisher, subscriber, .. },
                Self::Missed { publisher: of, subscriber: whom, .. },
            ) => publisher == of && subscriber == whom,
            (Self::Dropped { node, .. }, Self::Dropped { node: of, .. }) => node == of,
            _ => false,
        }
    }
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
    pub(super) fn without_a_run(verdict: Verdict) -> Self {
        Self {
            verdict,
            took: Duration::ZERO,
            reached: Reached::default(),
            order: 0,
            symptoms: Vec::new(),
            state: String::new(),
            sequence: Vec::new(),
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
