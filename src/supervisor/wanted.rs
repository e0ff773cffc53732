//! What the peers of publishers that are replaced want, and will ask for again.
//!
//! Owns the telling apart of subscribers inside the file, who come back as the new file says, and of
//! those outside it, who come back by themselves. Never tells a node anything.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::instances::Instances;
use crate::node::{Control, Expectation};
use crate::plan::Impact;
use crate::topology::{NodeSpec, Topology};
use crate::zeromq::Role;

/// How many want each topic.
pub(super) type Topics = BTreeMap<Vec<u8>, u32>;

/// What peers outside the file want of publishers that are replaced, by instance and socket.
pub(super) type FromOutside = BTreeMap<(Arc<str>, String), Topics>;

/// The topics that a socket of a running instance takes.
pub(super) fn taken(
    instances: &Instances,
    instance: &str,
    place: usize,
) -> Option<BTreeSet<Vec<u8>>> {
    let handle = instances.get(instance)?;
    handle.counters.sockets().get(place)?.interest.taken()
}

/// What peers outside the file want of publishers that a plan replaces: what is subscribed to,
/// less what subscribers inside the file take.
pub(super) async fn wanted_from_outside(
    instances: &Instances,
    impact: &Impact,
    old: &Topology,
) -> FromOutside {
    let mut wanted = FromOutside::new();
    for (place, node) in old.nodes.iter().enumerate() {
        for (at, socket) in node.sockets.iter().enumerate() {
            let is_replaced = impact.replaced.contains(&(node.name.clone(), socket.name.clone()));
            if !is_replaced || !socket.role.publishes() {
                continue;
            }
            let inside = wanted_inside(instances, old, place, at);
            for (instance, _) in node.instances() {
                let mut topics = subscribed(instances, &instance, at).await;
                for (topic, count) in &inside {
                    if let Some(subscribed) = topics.get_mut(topic) {
                        *subscribed = subscribed.saturating_sub(*count);
                    }
                }
                topics.retain(|_, count| *count > 0);
                wanted.insert((instance.into(), socket.name.clone()), topics);
            }
        }
    }
    wanted
}

/// What subscribers inside the file take of a publisher.
fn wanted_inside(instances: &Instances, old: &Topology, node: usize, socket: usize) -> Topics {
    let mut topics = Topics::new();
    for link in old.links() {
        for (from, to) in [(link.connecter, link.binder), (link.binder, link.connecter)] {
            if (from.node, from.socket) != (node, socket) {
                continue;
            }
            for (instance, _) in old.nodes[to.node].instances() {
                for topic in taken(instances, &instance, to.socket).into_iter().flatten() {
                    *topics.entry(topic).or_default() += 1;
                }
            }
        }
    }
    topics
}

/// What is subscribed to at a publisher now.
async fn subscribed(instances: &Instances, instance: &str, place: usize) -> Topics {
    let state = instances.ask(instance, |answer| Control::Describe { answer });
    // A node that ended has no subscribers.
    let Ok(state) = state.await else { return Topics::new() };
    state.sockets.into_iter().nth(place).map(|socket| socket.wanted).unwrap_or_default()
}

/// Adds what peers outside the file want of an instance to what it waits for.
pub(super) fn await_topics(
    expectation: &mut Expectation,
    node: &NodeSpec,
    instance: &Arc<str>,
    wanted: &FromOutside,
) {
    for (place, socket) in node.sockets.iter().enumerate() {
        let key = (Arc::clone(instance), socket.name.clone());
        let Some(topics) = wanted.get(&key).filter(|_| socket.role.publishes()) else { continue };
        let awaited = expectation.topics.entry(place).or_default();
        for (topic, count) in topics {
            let awaited = awaited.entry(topic.clone()).or_default();
            // An `xpub` is told only of the first wish for a topic.
            *awaited = if socket.role == Role::Xpub { 1 } else { *awaited + count };
        }
    }
}
