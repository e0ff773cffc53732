//! What each instance of a node connects to, and what it waits for before its links are up.
//!
//! Owns the resolving of node names to the endpoints that libzmq chose. Pure.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::instances::Instances;
use crate::node::{Expectation, NodeHandle};
use crate::topology::{Attachment, LinkEnd, NodeSpec, Topology};
use crate::zeromq::{Endpoint, Role, Side, Transport};

/// A topology's nodes by their names, to find those that run.
pub(super) struct Directory<'t> {
    topology: &'t Topology,
    places: HashMap<&'t str, usize>,
}

impl<'t> Directory<'t> {
    pub(super) fn of(topology: &'t Topology) -> Self {
        Self { topology, places: topology.positions() }
    }

    /// The node of that name.
    pub(super) fn node(&self, name: &str) -> Option<&'t NodeSpec> {
        self.places.get(name).map(|&place| &*self.topology.nodes[place])
    }

    /// The copies of a node that run.
    fn copies<'n>(
        &self,
        name: &str,
        instances: &'n Instances,
    ) -> impl Iterator<Item = &'n NodeHandle> {
        let copies = self.node(name).into_iter().flat_map(NodeSpec::instances);
        copies.filter_map(|(instance, _)| instances.get(&instance))
    }

    /// Whether a copy of a node is bound to what an endpoint leads to.
    pub(super) fn binds(&self, name: &str, endpoint: &Endpoint, instances: &Instances) -> bool {
        self.copies(name, instances).flat_map(|handle| &handle.bound).any(|(_, _, actual)| {
            Endpoint::parse(actual, Side::Bind).is_ok_and(|bound| bound.is_reached_by(endpoint))
        })
    }
}

/// The endpoints that one instance connects to: place of the socket and endpoint.
pub(super) fn connects(
    node: &NodeSpec,
    directory: &Directory<'_>,
    instances: &Instances,
) -> Vec<(usize, String)> {
    let mut connects = Vec::new();
    for (place, socket) in node.sockets.iter().enumerate() {
        for attachment in &socket.attachments {
            let reached = reached(attachment, directory, instances);
            connects.extend(reached.into_iter().map(|endpoint| (place, endpoint)));
        }
    }
    connects
}

/// What a socket connects to because of one attachment.
fn reached(
    attachment: &Attachment,
    directory: &Directory<'_>,
    instances: &Instances,
) -> Vec<String> {
    match attachment {
        Attachment::Bind(_) => Vec::new(),
        Attachment::Connect(endpoint) | Attachment::ConnectPlace { endpoint, .. } => {
            vec![endpoint.to_string()]
        }
        Attachment::ConnectNode { node, socket, endpoint } => {
            bound(directory.copies(node, instances), *socket, endpoint)
        }
    }
}

/// What the instances of a node bound, as a peer on this machine reaches it.
fn bound<'n>(
    copies: impl Iterator<Item = &'n NodeHandle>,
    socket: usize,
    wanted: &Endpoint,
) -> Vec<String> {
    let mut found = Vec::new();
    for handle in copies {
        for (place, given, actual) in &handle.bound {
            if *place == socket && given == wanted.as_str() {
                let seen = Endpoint::parse(actual, Side::Bind)
                    .map_or_else(|_| actual.clone(), |bound| bound.as_seen_by_peer().to_string());
                found.push(seen);
            }
        }
    }
    if found.is_empty() {
        // The node runs elsewhere (`--only`), at the endpoint that the file gives it.
        found.push(wanted.as_seen_by_peer().to_string());
    }
    found
}

/// The topics that a socket of a running instance takes, by its place; nothing where that is unknown.
pub(super) type Taken<'n> = &'n dyn Fn(&str, usize) -> Option<BTreeSet<Vec<u8>>>;

/// What every node waits for, by its place in the topology.
pub(super) fn expectations(topology: &Topology, taken: Taken<'_>) -> BTreeMap<usize, Expectation> {
    let mut expected: BTreeMap<usize, Expectation> = BTreeMap::new();
    for link in topology.links() {
        let copies = |node: usize| topology.nodes[node].instances().count();
        let (connecter, binder) = (link.connecter, link.binder);
        if has_handshake(&link.endpoint) {
            let peers = &mut expected.entry(connecter.node).or_default().peers;
            add(peers.entry(connecter.socket).or_default(), copies(binder.node));
            let peers = &mut expected.entry(binder.node).or_default().peers;
            add(peers.entry(binder.socket).or_default(), copies(connecter.node));
        }
        for (publisher, subscriber) in [(connecter, binder), (binder, connecter)] {
            let socket = &topology.nodes[publisher.node].sockets[publisher.socket];
            // A conflating `pub` cannot see its subscriptions.
            if !socket.role.publishes() || socket.is_on("conflate") {
                continue;
            }
            let wanted = wanted_topics(topology, subscriber, taken, &mut BTreeSet::new());
            let topics = expected
                .entry(publisher.node)
                .or_default()
                .topics
                .entry(publisher.socket)
                .or_default();
            for topic in wanted.into_iter().flatten() {
                let count = topics.entry(topic).or_default();
                // An `xpub` is told only of the first wish for a topic.
                *count = if socket.role == Role::Xpub { 1 } else { *count + 1 };
            }
        }
    }
    expected
}

fn add((least, most): &mut (u64, u64), copies: usize) {
    *least += copies as u64;
    *most += copies as u64;
}

fn has_handshake(endpoint: &Endpoint) -> bool {
    endpoint.transport() != Transport::Inproc
}

/// The topics that each copy of a subscribing socket asks for, each once: what it takes if it runs,
/// its own filters otherwise, and what comes back through a forward.
fn wanted_topics(
    topology: &Topology,
    end: LinkEnd,
    taken: Taken<'_>,
    seen: &mut BTreeSet<(usize, usize)>,
) -> Vec<BTreeSet<Vec<u8>>> {
    let node = &topology.nodes[end.node];
    let socket = &node.sockets[end.socket];
    let declared: BTreeSet<Vec<u8>> =
        socket.filters.iter().map(crate::topology::Filter::prefix).collect();
    let is_relayed = node.forwards.iter().any(|forward| forward.joins(end.socket));
    if socket.role != Role::Xsub || !is_relayed {
        let of_copy = |instance: &str| taken(instance, end.socket);
        let copies = node.instances();
        return copies
            .map(|(instance, _)| of_copy(&instance).unwrap_or_else(|| declared.clone()))
            .collect();
    }
    let mut topics = declared;
    let is_new = seen.insert((end.node, end.socket));
    for forward in node.forwards.iter().filter(|_| is_new) {
        let other = match (forward.from == end.socket, forward.to == end.socket) {
            (true, _) if forward.both_ways => forward.to,
            (_, true) => forward.from,
            _ => continue,
        };
        for link in topology.links() {
            let back = [(link.connecter, link.binder), (link.binder, link.connecter)];
            for (from, to) in back {
                if from.node == end.node && from.socket == other {
                    let wanted = wanted_topics(topology, to, taken, seen);
                    topics.extend(wanted.into_iter().flatten());
                }
            }
        }
    }
    vec![topics; node.instances().count()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::supervisor::doubles::doubles;
    use crate::topology::sound;

    const BOUND: &str = "tcp://0.0.0.0:4711";

    #[test]
    fn a_name_leads_to_what_its_copies_bound_and_to_the_file_where_it_does_not_run() {
        let topology = sound(
            "nodes: {a: {role: push, connect: [b, 'tcp://elsewhere:5']}, b: {role: pull, bind: 'tcp://0.0.0.0:*'}}",
        );
        let directory = Directory::of(&topology);
        let node = directory.node("a").unwrap();
        let bound: &[_] = &[(0, "tcp://0.0.0.0:*", BOUND)];
        let running = doubles(&[("b", "b", bound)]);
        let outside = (0, "tcp://elsewhere:5".to_owned());
        assert_eq!(
            connects(node, &directory, &running),
            [(0, "tcp://127.0.0.1:4711".to_owned()), outside.clone()]
        );
        let elsewhere = connects(node, &directory, &doubles(&[]));
        assert_eq!(elsewhere, [(0, "tcp://127.0.0.1:*".to_owned()), outside]);

        let leads = |endpoint| {
            let endpoint = Endpoint::parse(endpoint, Side::Connect).unwrap();
            directory.binds("b", &endpoint, &running)
        };
        assert!(leads("tcp://127.0.0.1:4711") && !leads("tcp://127.0.0.1:4712"));
    }

    #[test]
    fn links_are_expected_by_copies_and_topics_by_subscribers() {
        let topology = sound(
            "nodes: {a: {role: pub, bind: 'tcp://127.0.0.1:*'}, \
             b: {role: sub, connect: a, topics: [x, y], replicas: 2}, \
             c: {role: sub, connect: a, topics: [x]}, \
             d: {role: push, connect: e}, e: {role: pull, bind: 'inproc://e'}}",
        );
        let topics = |of: &[(&str, u32)]| -> BTreeMap<Vec<u8>, u32> {
            of.iter().map(|(topic, count)| (topic.as_bytes().to_vec(), *count)).collect()
        };
        let declared = expectations(&topology, &|_, _| None);
        assert_eq!(declared[&0].peers, BTreeMap::from([(0, (3, 3))]));
        assert_eq!(declared[&0].topics, BTreeMap::from([(0, topics(&[("x", 3), ("y", 2)]))]));
        assert_eq!(declared[&1].peers, BTreeMap::from([(0, (1, 1))]));
        // Without a handshake there is nothing to wait for.
        assert!(!declared.contains_key(&3) && !declared.contains_key(&4));

        // A copy that runs takes what it took, whatever the file says.
        let taken =
            |instance: &str, _| (instance == "b.2").then(|| BTreeSet::from([b"z".to_vec()]));
        let running = expectations(&topology, &taken);
        let expected = topics(&[("x", 2), ("y", 1), ("z", 1)]);
        assert_eq!(running[&0].topics, BTreeMap::from([(0, expected)]));
    }
}
