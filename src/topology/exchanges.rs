//! Which sockets of several places exchange messages with each other and with nobody else.
//!
//! Owns whose counts add up only where places tell each other theirs. Counts nothing.

use std::collections::{BTreeMap, VecDeque};

use super::checked::Topology;
use super::exchange::{Exchange, FarPort};
use super::links::LinkEnd;
use super::spec::{Attachment, NodeSpec};
use crate::zeromq::{OptionValue, Role};

/// Every exchange of several places, as far as counts of it can be known: no program is among them, no
/// place that runs several times, and nobody outside the file.
pub(super) fn exchanges(topology: &Topology) -> Vec<Exchange> {
    let group = Groups::of(topology);
    let mut found = Vec::new();
    for (one, other) in &group.sides {
        let place = |end: &LinkEnd| topology.nodes[end.node].place.as_deref();
        let crosses = one.iter().chain(other).any(|end| place(end) != place(&one[0]));
        if !crosses || !one.iter().chain(other).all(|end| group.is_countable(*end)) {
            continue;
        }
        let role = |end: &LinkEnd| topology.nodes[end.node].sockets[end.socket].role;
        for (from, to) in [(one, other), (other, one)] {
            let moves = |a: &LinkEnd| to.iter().any(|b| role(a).flow_with(role(b)).goes_out());
            if from.iter().any(moves) {
                let words = |ends: &[LinkEnd]| {
                    let mut words: Vec<&str> = ends.iter().map(|end| role(end).word()).collect();
                    words.sort_unstable();
                    words.dedup();
                    words.join("+")
                };
                found.push(Exchange {
                    pattern: format!("{} → {}", words(from), words(to)),
                    from: group.ports(from),
                    to: group.ports(to),
                });
            }
        }
    }
    found
}

/// The sockets of a topology, put together by their links.
struct Groups<'t> {
    topology: &'t Topology,
    peers: BTreeMap<LinkEnd, Vec<LinkEnd>>,
    /// Both sides of each group that has two.
    sides: Vec<(Vec<LinkEnd>, Vec<LinkEnd>)>,
}

impl<'t> Groups<'t> {
    fn of(topology: &'t Topology) -> Self {
        let mut peers: BTreeMap<LinkEnd, Vec<LinkEnd>> = BTreeMap::new();
        for link in topology.links() {
            peers.entry(link.connecter).or_default().push(link.binder);
            peers.entry(link.binder).or_default().push(link.connecter);
        }
        let mut sides: BTreeMap<LinkEnd, bool> = BTreeMap::new();
        let mut groups = Vec::new();
        for &start in peers.keys() {
            if sides.contains_key(&start) {
                continue;
            }
            sides.insert(start, false);
            let (mut open, mut group, mut divides) = (VecDeque::from([start]), Vec::new(), true);
            while let Some(end) = open.pop_front() {
                group.push(end);
                let side = sides[&end];
                for &peer in &peers[&end] {
                    match sides.get(&peer) {
                        Some(theirs) => divides &= *theirs != side,
                        None => {
                            sides.insert(peer, !side);
                            open.push_back(peer);
                        }
                    }
                }
            }
            if divides {
                group.sort_unstable();
                groups.push(group.into_iter().partition(|end| !sides[end]));
            }
        }
        Self { topology, peers, sides: groups }
    }

    fn node(&self, end: LinkEnd) -> &'t NodeSpec {
        &self.topology.nodes[end.node]
    }

    /// Whether what goes through a socket is known where it runs, and goes nowhere else.
    fn is_countable(&self, end: LinkEnd) -> bool {
        let node = self.node(end);
        let socket = &node.sockets[end.socket];
        let is_once = self.topology.place_of(node).is_some_and(|place| place.copies() == 1);
        let links = self.topology.links().iter().filter(|link| link.connecter == end).count();
        let connects = socket.attachments.iter();
        let connects = connects.filter(|one| !matches!(one, Attachment::Bind(_))).count();
        let conflates = socket
            .options
            .iter()
            .any(|(name, value)| name.0 == "conflate" && *value != OptionValue::Int(0));
        let exchanges = !socket.role.publishes() && !socket.role.filters();
        let is_stream = socket.role == Role::Stream;
        is_once && links >= connects && exchanges && !conflates && !is_stream && !node.is_program()
    }

    /// The sockets of all copies.
    fn ports(&self, ends: &[LinkEnd]) -> Vec<FarPort> {
        let mut ports = Vec::new();
        for &end in ends {
            let node = self.node(end);
            let peers = self.peers[&end].iter().map(|peer| self.node(*peer).instances().count());
            let peers = peers.sum::<usize>() as u64;
            ports.extend(node.instances().map(|(instance, _)| FarPort {
                place: node.place.clone().unwrap_or_default(),
                instance,
                socket: node.sockets[end.socket].name.clone(),
                peers,
            }));
        }
        ports
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::topology::{Part, sound};

    fn shown(nodes: &str, here: &str) -> Vec<String> {
        let text = format!(
            "places: {{a: {{address: 127.0.0.1}}, b: {{address: 127.0.0.2}}, \
             c: {{address: 127.0.0.3, replicas: 2}}}}\nnodes: {{{nodes}}}"
        );
        let part = Part { place: Some(here.to_owned()), ..Part::default() };
        let names = |ports: &[FarPort]| {
            let names = ports.iter().map(|port| format!("{}/{}", port.place, port.instance));
            names.collect::<Vec<_>>().join(" ")
        };
        let topology = sound(&text).part(&part).unwrap();
        let shown = topology
            .exchanges
            .iter()
            .map(|it| format!("{} → {}: {}", names(&it.from), names(&it.to), it.pattern));
        shown.collect()
    }

    #[test]
    fn what_several_places_exchange_is_known_where_each_of_them_can_tell_its_counts() {
        const PULL: &str = "y: {on: b, role: pull, bind: 5001}";
        const ROUTER: &str = "y: {on: b, role: router, bind: 5001, on_message: 'reply(msg, msg)'}";
        for (nodes, expected) in [
            (
                format!("x: {{on: a, role: push, connect: y, replicas: 2}}, {PULL}"),
                vec!["a/x.1 a/x.2 → b/y: push → pull"],
            ),
            (
                format!("x: {{on: a, role: dealer, connect: y}}, {ROUTER}"),
                vec!["a/x → b/y: dealer → router", "b/y → a/x: router → dealer"],
            ),
            // A place that runs several times, one place alone, a place elsewhere, news.
            (format!("x: {{on: c, role: push, connect: y}}, {PULL}"), vec![]),
            (
                "x: {on: a, role: push, connect: y}, y: {on: a, role: pull, bind: 5001}".to_owned(),
                vec![],
            ),
            (format!("x: {{on: a, role: push, connect: [y, 'tcp://other:5001']}}, {PULL}"), vec![]),
            (
                "x: {on: a, role: pub, bind: 5001}, y: {on: b, role: sub, connect: x, topics: all}"
                    .to_owned(),
                vec![],
            ),
        ] {
            assert_eq!(shown(&nodes, "a"), expected, "{nodes}");
        }
        let file = "places: {a: {address: 127.0.0.1}, b: {address: 127.0.0.2}}\n\
                    nodes: {x: {on: a, role: push, connect: y}, y: {on: b, role: pull, bind: 5001}}";
        let part = Part { place: Some("a".to_owned()), ..Part::default() };
        assert_eq!(sound(file).part(&part).unwrap().exchanges.len(), 1);
        let some = Part { only: vec!["x".to_owned()], ..part };
        assert_eq!(
            sound(file).part(&some).unwrap().exchanges,
            [],
            "a part of a place counts for none"
        );
    }
}
