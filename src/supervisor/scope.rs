//! Which sockets a plan disturbs, and who has to be held meanwhile.
//!
//! Owns the reasoning; pure. A socket that is replaced, detached or removed disturbs every socket
//! that can exchange messages with it inside the file.

use std::collections::{BTreeMap, BTreeSet};

use crate::plan::{How, NodePlan, Plan};
use crate::topology::{Link, LinkEnd, NodeSpec, SocketSpec, Topology};
use crate::zeromq::Role;

/// What a plan disturbs in the running topology, by node name.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub(super) struct Scope {
    /// Every disturbed socket, by node, with whether its counts can be balanced: the pattern
    /// delivers each message once.
    pub(super) sockets: BTreeMap<String, BTreeSet<String>>,
    /// Nodes that go on handling until the others are calm: they owe answers, or they go.
    pub(super) run_on: BTreeSet<String>,
    /// Groups of sockets that exchange messages, where sent and received must become equal.
    pub(super) groups: Vec<Group>,
    /// Sockets that are replaced, by node.
    pub(super) rebuilt: BTreeSet<(String, String)>,
    /// Sockets that go, or lose an endpoint, by node.
    pub(super) cut: BTreeSet<(String, String)>,
    /// Disturbed sockets that answer by their connections: what they owe may have no way afterwards.
    pub(super) answerers: BTreeSet<(String, String)>,
}

/// Sockets that exchange messages inside the file.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub(super) struct Group {
    /// The sockets, by node and name.
    pub(super) sockets: BTreeSet<(String, String)>,
    /// Whether each message that one of them sends is received by exactly one of them.
    pub(super) balances: bool,
}

impl Scope {
    /// What a plan disturbs.
    pub(super) fn of(plan: &Plan, old: &Topology, links: &[Link]) -> Self {
        let mut scope = Self::default();
        let mut touched = BTreeSet::new();
        for node in &plan.nodes {
            scope.touch(node, &mut touched);
        }
        scope.cut.extend(touched.difference(&scope.rebuilt).cloned());
        for group in groups(old, links) {
            if group.sockets.is_disjoint(&touched) || is_zap_handler(old, &group) {
                continue;
            }
            for (node, socket) in &group.sockets {
                scope.sockets.entry(node.clone()).or_default().insert(socket.clone());
                if old.node(node).is_some_and(|node| routes(node, socket)) {
                    scope.run_on.insert(node.clone());
                    scope.answerers.insert((node.clone(), socket.clone()));
                }
            }
            scope.groups.push(group);
        }
        scope
    }

    /// Whether all that is disturbed of a node are sockets that answer, and have such peers.
    pub(super) fn only_answers(
        &self,
        node: &str,
        has_peers: impl Fn(&(String, String)) -> bool,
    ) -> bool {
        let sockets = self.sockets.get(node).into_iter().flatten();
        let mut keys = sockets.map(|socket| (node.to_owned(), socket.clone()));
        self.sockets.contains_key(node)
            && keys.all(|key| self.answerers.contains(&key) && has_peers(&key))
    }

    fn touch(&mut self, node: &NodePlan, touched: &mut BTreeSet<(String, String)>) {
        match node {
            NodePlan::Keep(_) | NodePlan::Add(_) => {}
            NodePlan::Remove(spec) => {
                self.run_on.insert(spec.name.clone());
                touched.extend(all_sockets(spec));
            }
            NodePlan::Change { from, to, changes } => {
                for change in changes {
                    let Some(socket) = &change.socket else { continue };
                    let key = (to.name.clone(), socket.clone());
                    if change.how == How::Rebuild {
                        self.rebuilt.insert(key.clone());
                    }
                    if change.how == How::Rebuild || change.kind.ends_connections() {
                        touched.insert(key);
                    }
                    if change.kind.ends_the_role() {
                        self.run_on.insert(to.name.clone());
                    }
                }
                if is_moved(from, to) || to.instances().count() < from.instances().count() {
                    self.run_on.insert(to.name.clone());
                    touched.extend(all_sockets(from));
                }
            }
        }
    }
}

/// Whether a node's instances all end and begin anew: on another thread, or under other names.
pub(super) fn is_moved(from: &NodeSpec, to: &NodeSpec) -> bool {
    from.isolate != to.isolate || from.replicas.is_some() != to.replicas.is_some()
}

fn all_sockets(spec: &NodeSpec) -> impl Iterator<Item = (String, String)> + '_ {
    spec.sockets.iter().map(|socket| (spec.name.clone(), socket.name.clone()))
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
fn groups(topology: &Topology, links: &[Link]) -> Vec<Group> {
    let mut group_of: BTreeMap<LinkEnd, usize> = BTreeMap::new();
    let mut members: Vec<Vec<LinkEnd>> = Vec::new();
    for (node, spec) in topology.nodes.iter().enumerate() {
        for socket in 0..spec.sockets.len() {
            let end = LinkEnd { node, socket };
            group_of.insert(end, members.len());
            members.push(vec![end]);
        }
    }
    for link in links {
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
    let delivers_once = |end: &LinkEnd| {
        let role = topology.nodes[end.node].sockets[end.socket].role;
        !matches!(role, Role::Pub | Role::Sub | Role::Xpub | Role::Xsub | Role::Stream)
            && !topology.nodes[end.node].sockets[end.socket].is_on("conflate")
    };
    Group { sockets: sockets.collect(), balances: ends.iter().all(delivers_once) }
}
