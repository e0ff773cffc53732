//! The order in which messages flow through a topology: who is upstream of whom.
//!
//! Owns the levels by which nodes are drained and stopped. Pure.

use std::collections::{BTreeMap, BTreeSet};

use crate::topology::{Link, LinkEnd, Topology};

/// Nodes by level, the sources first; every node of a level is downstream of earlier levels only,
/// unless it lies on a cycle, which is cut at its first node in the file. Those that tell what the others
/// have counted come last.
pub(super) fn levels(topology: &Topology) -> Vec<Vec<String>> {
    let mut upstream: BTreeMap<usize, BTreeSet<usize>> =
        (0..topology.nodes.len()).map(|node| (node, BTreeSet::new())).collect();
    let tells: Vec<usize> =
        upstream.keys().copied().filter(|&at| topology.nodes[at].counts).collect();
    upstream.retain(|node, _| !tells.contains(node));
    for link in topology.links() {
        let (from, to) = direction(topology, link);
        if from != to && !tells.contains(&from) && !tells.contains(&to) {
            upstream.entry(to).or_default().insert(from);
        }
    }
    let named = |nodes: Vec<usize>| {
        nodes.into_iter().map(|node| topology.nodes[node].name.clone()).collect()
    };
    let mut levels = Vec::new();
    while !upstream.is_empty() {
        let mut level: Vec<usize> =
            upstream.iter().filter(|(_, from)| from.is_empty()).map(|(&node, _)| node).collect();
        if level.is_empty() {
            level.extend(upstream.first_key_value().map(|(&node, _)| node));
        }
        for node in &level {
            upstream.remove(node);
        }
        for from in upstream.values_mut() {
            from.retain(|node| !level.contains(node));
        }
        levels.push(named(level));
    }
    if !tells.is_empty() {
        levels.push(named(tells));
    }
    levels
}

/// From which node to which one a link's messages begin to flow; among equals, from who connects.
fn direction(topology: &Topology, link: &Link) -> (usize, usize) {
    let role = |end: LinkEnd| topology.nodes[end.node].sockets[end.socket].role;
    let flow = role(link.connecter).flow_with(role(link.binder));
    if flow.begins_here().unwrap_or(true) {
        (link.connecter.node, link.binder.node)
    } else {
        (link.binder.node, link.connecter.node)
    }
}

#[cfg(test)]
mod tests {
    use super::levels;
    use crate::topology::sound;

    #[test]
    fn sources_come_first_and_a_circle_is_cut_at_its_first_node() {
        for (text, expected) in [
            (
                "nodes: {a: {role: push, bind: 'tcp://127.0.0.1:*'}, b: {role: pull, connect: a}}",
                vec!["a", "b"],
            ),
            (
                "nodes: {b: {role: pull, bind: 'tcp://127.0.0.1:*'}, a: {role: push, connect: b}}",
                vec!["a", "b"],
            ),
            (
                "nodes: {a: {role: pub, bind: 'tcp://127.0.0.1:*'}, b: {role: sub, connect: a, topics: all}, \
                 c: {role: sub, connect: a, topics: all}}",
                vec!["a", "b c"],
            ),
            // Among equals, from who connects.
            (
                "nodes: {a: {role: pair, bind: 'tcp://127.0.0.1:*'}, b: {role: pair, connect: a}}",
                vec!["b", "a"],
            ),
            (
                "nodes: {a: {role: rep, bind: 'tcp://127.0.0.1:*'}, b: {role: req, connect: a}}",
                vec!["b", "a"],
            ),
            (
                "nodes: {one: {sockets: {in: {role: pull, bind: 'tcp://127.0.0.1:*'}, out: {role: push, connect: two.in}}}, \
                 two: {sockets: {in: {role: pull, bind: 'tcp://127.0.0.1:*'}, out: {role: push, connect: one.in}}}, \
                 last: {role: sub, connect: first, topics: all}, first: {role: pub, bind: 'tcp://127.0.0.1:*'}}",
                vec!["first", "last", "one", "two"],
            ),
        ] {
            let levels = levels(&sound(text));
            let levels: Vec<String> = levels.iter().map(|level| level.join(" ")).collect();
            assert_eq!(levels, expected, "{text}");
        }
    }
}
