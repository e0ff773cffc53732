//! Which sockets a plan disturbs, who is held meanwhile, and which links are made anew.
//!
//! Owns the reasoning. A socket that is replaced, detached or removed disturbs every socket that can
//! exchange messages with it inside the file.

use std::collections::{BTreeMap, BTreeSet};

use super::{ChangeKind, How, NodePlan};
use crate::topology::{LinkEnd, NodeSpec, SocketSpec, Topology};

/// A socket, by its node's name and its own.
pub(crate) type SocketKey = (String, String);

/// What a plan disturbs in the topology as it is.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub(crate) struct Impact {
    /// Every disturbed socket, by node.
    pub(crate) sockets: BTreeMap<String, BTreeSet<String>>,
    /// Nodes that go on handling until the others are calm: they owe answers, or they go.
    pub(crate) keep_serving: BTreeSet<String>,
    /// Groups of sockets that exchange messages, where sent and received must become equal.
    pub(crate) groups: Vec<Group>,
    /// Sockets that are replaced.
    pub(crate) replaced: BTreeSet<SocketKey>,
    /// Sockets that go, or lose an endpoint.
    pub(crate) detached: BTreeSet<SocketKey>,
    /// Disturbed sockets that answer by their connections: what they owe may have no way afterwards.
    pub(crate) answerers: BTreeSet<SocketKey>,
    /// Binding ends of links, in the topology as it will be, that are new: the other ends connect
    /// anew.
    pub(crate) renewed: BTreeSet<LinkEnd>,
}

/// Sockets that exchange messages inside the file.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub(crate) struct Group {
    /// The sockets.
    pub(crate) sockets: BTreeSet<SocketKey>,
    /// Whether each message that one of them sends is received by exactly one of them.
    pub(crate) balances: bool,
}

impl Impact {
    /// What plans of all nodes disturb.
    pub(super) fn of(nodes: &[NodePlan], old: &Topology, new: &Topology) -> Self {
        let mut impact = Self::default();
        let mut touched = BTreeSet::new();
        for node in nodes {
            impact.touch(node, &mut touched);
        }
        impact.detached.extend(touched.difference(&impact.replaced).cloned());
        for group in groups(old) {
            if group.sockets.is_disjoint(&touched) || is_zap_handler(old, &group) {
                continue;
            }
            for (node, socket) in &group.sockets {
                impact.sockets.entry(node.clone()).or_default().insert(socket.clone());
                if old.node(node).is_some_and(|node| routes(node, socket)) {
                    impact.keep_serving.insert(node.clone());
                    impact.answerers.insert((node.clone(), socket.clone()));
                }
            }
            impact.groups.push(group);
        }
        impact.renewed = impact.renewed_ends(nodes, new);
        impact
    }

    /// Whether all that is disturbed of a node are sockets that answer, and have such peers.
    pub(crate) fn only_answers(&self, node: &str, has_peers: impl Fn(&SocketKey) -> bool) -> bool {
        let sockets = self.sockets.get(node).into_iter().flatten();
        let mut keys = sockets.map(|socket| (node.to_owned(), socket.clone()));
        self.sockets.contains_key(node)
            && keys.all(|key| self.answerers.contains(&key) && has_peers(&key))
    }

    fn touch(&mut self, node: &NodePlan, touched: &mut BTreeSet<SocketKey>) {
        match node {
            NodePlan::Keep(_) | NodePlan::Add(_) => {}
            NodePlan::Remove(spec) => {
                self.keep_serving.insert(spec.name.clone());
                touched.extend(all_sockets(spec));
            }
            NodePlan::Change { from, to, changes } => {
                for change in changes {
                    let Some(socket) = &change.socket else { continue };
                    let key = (to.name.clone(), socket.clone());
                    if change.how == How::Rebuild {
                        self.replaced.insert(key.clone());
                    }
                    if change.how == How::Rebuild || change.kind.ends_connections() {
                        touched.insert(key);
                    }
                    if change.kind.ends_the_role() {
                        self.keep_serving.insert(to.name.clone());
                    }
                }
                if !node.instances().ended.is_empty() {
                    self.keep_serving.insert(to.name.clone());
                    touched.extend(all_sockets(from));
                }
            }
        }
    }

    fn renewed_ends(&self, nodes: &[NodePlan], new: &Topology) -> BTreeSet<LinkEnd> {
        // Who connects to a program keeps what waits for it, and reconnects by itself.
        let begins = |node: &&NodePlan| !node.instances().made.is_empty() && !node.was_program();
        let made: BTreeSet<&str> = nodes.iter().filter(begins).map(NodePlan::name).collect();
        let added: BTreeSet<SocketKey> = nodes.iter().flat_map(added_sockets).collect();
        let is_new = |end: &LinkEnd| {
            let binder = &new.nodes[end.node];
            let key = (binder.name.clone(), binder.sockets[end.socket].name.clone());
            made.contains(binder.name.as_str())
                || self.replaced.contains(&key)
                || added.contains(&key)
        };
        // Many may connect to one.
        let ends: BTreeSet<LinkEnd> = new.links().iter().map(|link| link.binder).collect();
        ends.into_iter().filter(is_new).collect()
    }
}

fn all_sockets(spec: &NodeSpec) -> impl Iterator<Item = SocketKey> + '_ {
    spec.sockets.iter().map(|socket| (spec.name.clone(), socket.name.clone()))
}

/// The sockets that a node that stays has more.
fn added_sockets(node: &NodePlan) -> Vec<SocketKey> {
    let NodePlan::Change { to, changes, .. } = node else { return Vec::new() };
    let added = changes.iter().filter(|change| change.kind == ChangeKind::SocketAdded);
    added.filter_map(|change| Some((to.name.clone(), change.socket.clone()?))).collect()
}

/// Whether a group is a ZAP handler that only libzmq asks. It goes on answering up to its change:
/// while it is held, nobody is let in.
fn is_zap_handler(topology: &Topology, group: &Group) -> bool {
    let mut sockets = group.sockets.iter();
    let (Some((node, name)), None) = (sockets.next(), sockets.next()) else { return false };
    let spec = topology.node(node);
    let socket = spec.and_then(|spec| spec.sockets.iter().find(|socket| socket.name == *name));
    socket.is_some_and(SocketSpec::is_zap_handler)
}

fn routes(node: &NodeSpec, socket: &str) -> bool {
    node.sockets.iter().any(|known| known.name == socket && known.role.routes())
}

/// Every group of sockets that exchange messages; a socket without a link is a group of its own.
fn groups(topology: &Topology) -> Vec<Group> {
    let mut group_of: BTreeMap<LinkEnd, usize> = BTreeMap::new();
    let mut members: Vec<Vec<LinkEnd>> = Vec::new();
    for (node, spec) in topology.nodes.iter().enumerate() {
        for socket in 0..spec.sockets.len() {
            let end = LinkEnd { node, socket };
            group_of.insert(end, members.len());
            members.push(vec![end]);
        }
    }
    for link in topology.links() {
        let (a, b) = (group_of[&link.connecter], group_of[&link.binder]);
        if a != b {
            let moved = std::mem::take(&mut members[b]);
            for end in &moved {
                group_of.insert(*end, a);
            }
            members[a].extend(moved);
        }
    }
    members.retain(|ends| !ends.is_empty());
    members.into_iter().map(|ends| group(topology, &ends)).collect()
}

fn group(topology: &Topology, ends: &[LinkEnd]) -> Group {
    let sockets = ends.iter().map(|end| {
        let node = &topology.nodes[end.node];
        (node.name.clone(), node.sockets[end.socket].name.clone())
    });
    // What a program has received only that program knows.
    let delivers_once = |end: &LinkEnd| {
        let node = &topology.nodes[end.node];
        node.sockets[end.socket].delivers_once() && !node.is_program()
    };
    Group { sockets: sockets.collect(), balances: ends.iter().all(delivers_once) }
}
