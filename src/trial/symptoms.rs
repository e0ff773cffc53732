//! What figures tell of a run that went wrong.
//!
//! Owns what counts as that: what ZeroMQ dropped. Never decides whether it was meant.

use std::collections::BTreeSet;

use super::figures::Counted;
use super::symptom::Symptom;
use crate::counters::{DropReason, NodeCounters};
use crate::simulation::Network;
use crate::topology::NodeSpec;

/// What the counters of instances tell.
pub(super) fn of_counters<'c>(
    instances: impl Iterator<Item = (&'c str, &'c NodeSpec, &'c NodeCounters)>,
) -> Vec<Symptom> {
    let mut found = Vec::new();
    for (instance, spec, counters) in instances {
        let mut dropped = [0; DropReason::ALL.len()];
        for counters in counters.sockets().iter().take(spec.sockets.len()) {
            for reason in DropReason::ALL {
                dropped[reason as usize] += counters.dropped[reason as usize].get();
            }
        }
        for reason in DropReason::ALL {
            let (count, node) = (dropped[reason as usize], instance.to_owned());
            if count > 0 {
                found.push(Symptom::Dropped { node, reason: reason.word(), count });
            }
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

/// What handlers and sockets came to: each figure by its order of magnitude, a word each.
pub(super) fn states(counted: &[Counted]) -> BTreeSet<String> {
    let mut states = BTreeSet::new();
    let rough = |value: u64| u64::BITS - value.leading_zeros();
    for one in counted {
        let (counters, name) = (&one.counters, &one.spec.name);
        for handler in counters.handlers() {
            states.insert(format!("{name}.{} {}", handler.name, rough(handler.calls.get())));
        }
        for (spec, socket) in one.spec.sockets.iter().zip(counters.sockets()) {
            let name = format!("{name}.{}", spec.name);
            let peers = (socket.peers.get(), rough(socket.disconnects.get()));
            states.insert(format!("{name} has {peers:?}"));
            for reason in DropReason::ALL {
                let dropped = socket.dropped[reason as usize].get();
                states.insert(format!("{name} {} {}", reason.word(), rough(dropped)));
            }
        }
        states.insert(format!("{name} failed {}", rough(counters.failed.get())));
    }
    states
}
