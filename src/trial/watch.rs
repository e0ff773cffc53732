//! What lies between the nodes of a run, looked at again and again.
//!
//! Owns the samples, and what kinds of states there were. Judges none: `queues` does.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::node::NodeHandle;
use crate::simulation::{Network, Stretch, Survey};
use crate::topology::NodeSpec;
use crate::zeromq::Role;

/// How long after one look the next is due.
const EVERY: Duration = Duration::from_millis(250);
/// From how many messages on a queue counts as one with many.
const MANY: u64 = 10;

/// All looks of a run.
#[derive(Default, Debug)]
pub(super) struct Watch {
    samples: Vec<Sample>,
    states: BTreeSet<String>,
}

/// What a REQ has asked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Questions {
    pub(super) asked: u64,
    pub(super) answered: u64,
    /// Whether it may ask again before it is answered.
    pub(super) may_ask_again: bool,
}

/// One look.
#[derive(Clone, Debug)]
pub(super) struct Sample {
    pub(super) at: Duration,
    pub(super) survey: Survey,
    /// Of each instance how many messages it had got and sent.
    pub(super) moved: BTreeMap<String, (u64, u64)>,
    /// The questions of each REQ.
    pub(super) questions: BTreeMap<String, Questions>,
    /// Instances with a message that no peer takes.
    pub(super) blocked: BTreeSet<String>,
}

impl Sample {
    /// A look at what is there now.
    pub(super) fn of<'r>(
        at: Duration,
        network: &Network,
        running: impl Iterator<Item = (&'r NodeHandle, &'r Arc<NodeSpec>)>,
    ) -> Self {
        let survey = network.survey();
        let (moved, questions, blocked) = (BTreeMap::new(), BTreeMap::new(), BTreeSet::new());
        let mut sample = Self { at, survey, moved, questions, blocked };
        for (handle, spec) in running {
            let (instance, sockets) = (&handle.instance, handle.counters.sockets());
            for (spec, it) in spec.sockets.iter().zip(&sockets) {
                if spec.role == Role::Req {
                    let questions = Questions {
                        asked: it.messages_out.get(),
                        answered: it.messages_in.get(),
                        may_ask_again: spec.is_on("req_relaxed"),
                    };
                    sample.questions.insert(format!("{instance}.{}", spec.name), questions);
                }
            }
            let got = sockets.iter().map(|it| it.messages_in.get()).sum::<u64>();
            let sent = sockets.iter().map(|it| it.messages_out.get()).sum::<u64>();
            sample.moved.insert(instance.to_string(), (got, sent));
            if sockets.iter().any(|it| it.blocked.load(Ordering::Relaxed)) {
                sample.blocked.insert(instance.to_string());
            }
        }
        sample
    }
}

impl Watch {
    /// Whether it is time to look again.
    pub(super) fn is_due(&self, at: Duration) -> bool {
        self.samples.last().is_none_or(|last| at >= last.at + EVERY)
    }

    /// Takes in what was seen.
    pub(super) fn add(&mut self, sample: Sample) {
        self.states.extend(sample.survey.stretches.iter().map(state_of));
        for (who, whom) in &sample.survey.asked {
            self.states.insert(format!("{who} asked {whom:?}"));
        }
        for (by, whom) in &sample.survey.turned_away {
            self.states.insert(format!("{by} turns {whom} away"));
        }
        self.states.extend(sample.blocked.iter().map(|who| format!("{who} is blocked")));
        self.samples.push(sample);
    }

    /// All of them, in order.
    pub(super) fn samples(&self) -> &[Sample] {
        &self.samples
    }

    /// What kinds of states there were, a word each.
    pub(super) fn states(&self) -> &BTreeSet<String> {
        &self.states
    }
}

/// How full a way is, roughly.
fn state_of(stretch: &Stretch) -> String {
    let level = match stretch.waiting {
        _ if stretch.is_full => "full",
        0 => "empty",
        1 => "one",
        waiting if waiting < MANY => "some",
        _ => "many",
    };
    let to = stretch.to.as_deref().unwrap_or("nobody");
    format!("{} → {to} {level}", stretch.from)
}
