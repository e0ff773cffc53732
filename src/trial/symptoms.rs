//! What figures tell of a run that went wrong.
//!
//! Owns what counts as that: what ZeroMQ dropped, and who waits for ever. Never decides whether it was meant.

use std::fmt::Write as _;
use std::time::Duration;

use super::figures::Counted;
use super::outcome::Symptom;
use crate::counters::{Counter, NodeCounters};
use crate::simulation::Network;
use crate::topology::NodeSpec;
use crate::zeromq::Role;

/// How long nothing may have been seen of a REQ that waits before it counts as one that waits for ever.
const FOR_EVER: Duration = Duration::from_secs(10);

/// What the counters of instances tell, at a time of the run.
pub(super) fn of_counters<'c>(
    instances: impl Iterator<Item = (&'c str, &'c NodeSpec, &'c NodeCounters)>,
    last_seen: impl Fn(&str) -> Option<Duration>,
    now: Duration,
) -> Vec<Symptom> {
    let mut found = Vec::new();
    for (instance, spec, counters) in instances {
        let mut dropped = 0;
        for (socket, counters) in spec.sockets.iter().zip(counters.sockets()) {
            dropped += counters.dropped.iter().map(Counter::get).sum::<u64>();
            let (asked, answers) = (counters.messages_out.get(), counters.messages_in.get());
            let is_silent =
                last_seen(instance).is_some_and(|at| now.saturating_sub(at) >= FOR_EVER);
            if socket.role == Role::Req && asked > answers && is_silent {
                let socket = format!("{instance}.{}", socket.name);
                found.push(Symptom::Waits { socket, answers });
            }
        }
        if dropped > 0 {
            found.push(Symptom::Dropped { node: instance.to_owned(), count: dropped });
        }
    }
    found
}

/// What subscribers missed, of which so many messages came to an instance.
pub(super) fn missed(network: &Network, came: impl Fn(&str) -> u64) -> Vec<Symptom> {
    let missed = network.missed().into_iter().map(|((publisher, subscriber), count)| {
        let came = came(&subscriber);
        Symptom::Missed { publisher, subscriber, count, came }
    });
    missed.collect()
}

/// What handlers and queues came to: each figure by its order of magnitude.
pub(super) fn rough_state(counted: &[Counted]) -> String {
    let mut state = String::new();
    let rough = |value: u64| u64::BITS - value.leading_zeros();
    for one in counted {
        let counters = &one.counters;
        // Writing into a String cannot fail.
        let _ = write!(state, "{} {}", one.spec.name, rough(counters.waiting.get()));
        for socket in counters.sockets() {
            let (sent, received) = (socket.messages_out.get(), socket.messages_in.get());
            let _ = write!(state, " {}/{}", rough(sent), rough(received));
        }
        state.push('\n');
    }
    state
}
