//! Which sockets of a running topology exchange messages with which.
//!
//! Owns the finding of flows and links among instances, and what a flow takes over from the
//! version of the file before. Counts nothing.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::sync::Arc;

use super::accounting::{Flow, Member};
use super::capacity::{Capacity, capacity, port};
use super::endpoint_resolution;
use super::instances::Instances;
use crate::counters::{ExpectedDeliveries, SocketCounters};
use crate::node::Subscriber;
use crate::snapshot::PortSnapshot;
use crate::topology::{Attachment, LinkEnd, SocketSpec, Topology};
use crate::zeromq::Role;

/// Options with which nobody can say which messages a subscriber should get.
const UNCOUNTABLE: [&str; 6] = [
    "conflate",
    "invert_matching",
    "xpub_manual",
    "xpub_manual_last_value",
    "xpub_welcome_msg",
    "only_first_subscribe",
];

/// Messages that a subscriber's socket reads ahead of its queues when it is asked for its events.
const READ_AHEAD: u64 = 1;

/// The flows and links of what runs.
#[derive(Default, Debug)]
pub(super) struct Flows {
    pub(super) flows: Vec<Flow>,
    pub(super) links: Vec<Pair>,
    /// The figures of every socket that ran, by their address.
    known: HashSet<usize>,
}

/// One direction of a link between two instances.
#[derive(Clone, Debug)]
pub(super) struct Pair {
    pub(super) from: Arc<Member>,
    pub(super) to: Arc<Member>,
    pub(super) endpoint: String,
    /// From a publisher: what the subscriber should get.
    pub(super) expected: Option<Arc<ExpectedDeliveries>>,
    capacity: Option<Capacity>,
    countable: bool,
}

/// A socket of an instance.
type PortKey = (Arc<str>, usize);

impl Flows {
    /// The flows of a topology, which take over what those before them counted.
    pub(super) fn of(topology: &Topology, instances: &Instances, before: &Self) -> Self {
        let members = members(topology, instances);
        let known = members.values().map(|member| address(&member.counters)).collect();
        let mut flows = Self { known, ..Self::default() };
        let mut exchanges: Vec<(PortKey, PortKey)> = Vec::new();
        for link in topology.links() {
            let spec = |end: LinkEnd| &topology.nodes[end.node].sockets[end.socket];
            let (one, other) = (spec(link.connecter), spec(link.binder));
            // What went through a program's socket only the program knows.
            let is_known = [link.connecter, link.binder]
                .iter()
                .all(|end| !topology.nodes[end.node].is_program());
            for one_end in ports(topology, link.connecter) {
                for other_end in ports(topology, link.binder) {
                    let (Some(a), Some(b)) = (members.get(&one_end), members.get(&other_end))
                    else {
                        continue;
                    };
                    let port = instances.get(&other_end.0).and_then(|handle| port(handle, link));
                    for (from, to) in [(a, b), (b, a)] {
                        if from.role.flow_with(to.role).goes_out() {
                            flows.links.push(Pair {
                                from: Arc::clone(from),
                                to: Arc::clone(to),
                                endpoint: link.endpoint.to_string(),
                                expected: None,
                                capacity: capacity(link, one, other, from.role, port),
                                countable: is_countable(one) && is_countable(other) && is_known,
                            });
                        }
                    }
                    if !one.role.publishes() && !other.role.publishes() {
                        exchanges.push((one_end.clone(), other_end));
                    }
                }
            }
        }
        flows.find_publishers(before);
        flows.find_exchanges(&members, &exchanges);
        flows.inherit(before);
        flows
    }

    /// The subscribers inside the file of every instance that has some.
    pub(super) fn subscribers(&self) -> HashMap<&str, Vec<Subscriber>> {
        let mut subscribers: HashMap<&str, Vec<Subscriber>> = HashMap::new();
        for pair in &self.links {
            let Some(expected) = &pair.expected else { continue };
            let port = &pair.from.port;
            subscribers.entry(&port.instance).or_default().push(Subscriber {
                socket: port.socket.clone(),
                counters: Arc::clone(&pair.to.counters),
                expected: Arc::clone(expected),
            });
        }
        subscribers
    }

    /// A flow for each subscriber, from all its publishers.
    fn find_publishers(&mut self, before: &Self) {
        for pair in self.links.iter_mut().filter(|pair| pair.from.role.publishes()) {
            let known = before.links.iter().find(|known| known.is_same(pair));
            let expected = known.and_then(|known| known.expected.clone()).unwrap_or_default();
            pair.expected = Some(Arc::clone(&expected));
            let of_subscriber = |flow: &&mut Flow| same(&flow.to[0], &pair.to);
            let flow = match self.flows.iter_mut().find(of_subscriber) {
                Some(flow) => flow,
                None => {
                    self.flows.push(Flow {
                        capacity: Some(Capacity { messages: READ_AHEAD, ..Capacity::default() }),
                        ..Flow::new(Vec::new(), vec![Arc::clone(&pair.to)], true)
                    });
                    let Some(last) = self.flows.last_mut() else { continue };
                    last
                }
            };
            if !flow.from.iter().any(|known| same(known, &pair.from)) {
                flow.from.push(Arc::clone(&pair.from));
            }
            flow.countable &= pair.countable;
            flow.capacity =
                flow.capacity.take().zip(pair.capacity.clone()).map(|(a, b)| Capacity {
                    messages: a.messages + b.messages,
                    bytes: a.bytes + b.bytes,
                    ports: [a.ports, b.ports].concat(),
                });
            flow.expected.push(expected);
        }
    }

    /// Two flows for each group of sockets that exchange messages, one a direction.
    fn find_exchanges(
        &mut self,
        members: &BTreeMap<PortKey, Arc<Member>>,
        exchanges: &[(PortKey, PortKey)],
    ) {
        let mut peers: BTreeMap<&PortKey, Vec<&PortKey>> = BTreeMap::new();
        for (one, other) in exchanges {
            peers.entry(one).or_default().push(other);
            peers.entry(other).or_default().push(one);
        }
        let uncountable: Vec<Arc<Member>> = self
            .links
            .iter()
            .filter(|pair| !pair.countable)
            .map(|pair| Arc::clone(&pair.from))
            .collect();
        let mut seen: BTreeSet<&PortKey> = BTreeSet::new();
        for &start in peers.keys() {
            if seen.contains(start) {
                continue;
            }
            let (sides, has_sides) = sides(start, &peers);
            seen.extend(sides.keys());
            let side = |wanted: bool| {
                let of_side = sides.iter().filter(|(_, side)| **side == wanted || !has_sides);
                let of_side = of_side.filter_map(|(port, _)| members.get(*port));
                of_side.cloned().collect::<Vec<_>>()
            };
            let (one, other) = (side(false), side(true));
            let directions = [(one.clone(), other.clone()), (other, one)];
            for (from, to) in directions.into_iter().take(if has_sides { 2 } else { 1 }) {
                let moves =
                    from.iter().any(|a| to.iter().any(|b| a.role.flow_with(b.role).goes_out()));
                if moves {
                    let is_its = |end: &Arc<Member>| from.iter().any(|known| same(known, end));
                    let countable = !uncountable.iter().any(is_its);
                    self.flows.push(Flow { countable, ..Flow::new(from, to, false) });
                }
            }
        }
    }

    /// Takes over what the same sockets had lost, and the counts of those that are gone.
    fn inherit(&mut self, before: &Self) {
        for flow in &mut self.flows {
            let mut heirs = before.flows.iter().filter(|old| {
                old.publishes == flow.publishes
                    && old.to.iter().any(|old| flow.to.iter().any(|new| same(old, new)))
            });
            let old = heirs.next();
            let is_only = heirs.next().is_none();
            if let Some(old) = old.filter(|_| is_only) {
                flow.lost = old.lost;
                flow.sent_before = i128::from(old.sent()) - i128::from(flow.sent());
                flow.received_before = i128::from(old.received()) - i128::from(flow.received());
                continue;
            }
            // A socket that ran before without this flow begins it at nothing.
            let ran = |member: &&Arc<Member>| before.known.contains(&address(&member.counters));
            let received = flow.to.iter().filter(ran).map(|to| to.received());
            flow.received_before = -i128::from(received.sum::<u64>());
            if !flow.publishes {
                let sent = flow.from.iter().filter(ran).map(|from| from.sent());
                flow.sent_before = -i128::from(sent.sum::<u64>());
            }
        }
    }
}

impl Pair {
    fn is_same(&self, other: &Self) -> bool {
        same(&self.from, &other.from)
            && same(&self.to, &other.to)
            && self.endpoint == other.endpoint
    }
}

/// Every socket that runs, with what links make of it.
fn members(topology: &Topology, instances: &Instances) -> BTreeMap<PortKey, Arc<Member>> {
    let expected = endpoint_resolution::expectations(topology, &|_, _| None);
    let places = topology.positions();
    let mut begun: HashMap<LinkEnd, usize> = HashMap::new();
    for link in topology.links() {
        *begun.entry(link.connecter).or_default() += 1;
    }
    let mut members = BTreeMap::new();
    for handle in instances.iter() {
        let Some(&node) = places.get(handle.node.as_str()) else { continue };
        let spec = &topology.nodes[node];
        for (place, (socket, counters)) in
            spec.sockets.iter().zip(handle.counters.sockets()).enumerate()
        {
            let inside = expected.get(&node).and_then(|expected| expected.peers.get(&place));
            let links = begun.get(&LinkEnd { node, socket: place }).copied().unwrap_or(0);
            let member = Member {
                port: PortSnapshot {
                    place: None,
                    instance: handle.instance.to_string(),
                    socket: socket.name.clone(),
                },
                role: socket.role,
                counters,
                inside: inside.map_or(0, |(least, _)| *least),
                connects: links > 0,
                goes_outside: goes_outside(socket, links),
                is_program: spec.is_program(),
            };
            members.insert((Arc::clone(&handle.instance), place), Arc::new(member));
        }
    }
    members
}

/// Whether a socket connects to more than so many links, which begin at it.
fn goes_outside(socket: &SocketSpec, links: usize) -> bool {
    let connects =
        socket.attachments.iter().filter(|attachment| !matches!(attachment, Attachment::Bind(_)));
    links < connects.count()
}

fn ports(topology: &Topology, end: LinkEnd) -> impl Iterator<Item = PortKey> {
    let instances = topology.nodes[end.node].instances();
    instances.map(move |(instance, _)| (instance.into(), end.socket))
}

fn is_countable(socket: &SocketSpec) -> bool {
    socket.role != Role::Stream && !UNCOUNTABLE.iter().any(|option| is_set(socket, option))
}

fn is_set(socket: &SocketSpec, option: &str) -> bool {
    let zero = crate::zeromq::OptionValue::Int(0);
    socket.options.iter().any(|(name, value)| name.0 == option && *value != zero)
}

/// Divides a group into two sides that only talk to each other, if it can be.
fn sides<'p>(
    start: &'p PortKey,
    peers: &BTreeMap<&'p PortKey, Vec<&'p PortKey>>,
) -> (BTreeMap<&'p PortKey, bool>, bool) {
    let mut sides = BTreeMap::from([(start, false)]);
    let mut divides = true;
    let mut open = VecDeque::from([start]);
    while let Some(port) = open.pop_front() {
        let side = sides[port];
        for &peer in peers.get(port).into_iter().flatten() {
            match sides.get(peer) {
                Some(&theirs) => divides &= theirs != side,
                None => {
                    sides.insert(peer, !side);
                    open.push_back(peer);
                }
            }
        }
    }
    (sides, divides)
}

/// Whether both are the same socket.
pub(super) fn same(one: &Arc<Member>, other: &Arc<Member>) -> bool {
    Arc::ptr_eq(&one.counters, &other.counters)
}

fn address(counters: &Arc<SocketCounters>) -> usize {
    Arc::as_ptr(counters).addr()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::supervisor::doubles::{Double, doubles};
    use crate::topology::sound;

    /// The flows of a topology all of whose instances run, as `FROM, … → TO, …: PATTERN`, those that
    /// nobody can count with a `?`.
    fn flows(nodes: &str) -> Vec<String> {
        let topology = sound(&format!("nodes: {{{nodes}}}"));
        let flows = Flows::of(&topology, &running(&topology), &Flows::default());
        let names = |members: &[Arc<Member>]| {
            let names = members.iter().map(|member| member.port.instance.clone());
            names.collect::<Vec<_>>().join(", ")
        };
        let shown = flows.flows.iter().map(|flow| {
            let unknown = if flow.countable { "" } else { "?" };
            format!("{} → {}: {}{unknown}", names(&flow.from), names(&flow.to), flow.pattern())
        });
        shown.collect()
    }

    fn running(topology: &Topology) -> Instances {
        let named: Vec<(String, String)> = topology
            .nodes
            .iter()
            .flat_map(|node| node.instances().map(|(instance, _)| (node.name.clone(), instance)))
            .collect();
        let all: Vec<Double<'_>> =
            named.iter().map(|(node, instance)| (&**node, &**instance, &[][..])).collect();
        doubles(&all)
    }

    #[test]
    fn a_subscriber_has_room_for_the_marks_of_its_publishers_and_one_that_it_reads_ahead() {
        let topology = sound(
            "nodes: {a: {role: pub, bind: 'inproc://x', hwm: 5}, b: {role: pub, bind: 'inproc://y', hwm: 5}, \
             c: {role: sub, connect: [a, b], topics: all, hwm: 7}}",
        );
        let found = Flows::of(&topology, &running(&topology), &Flows::default());
        let capacity = found.flows[0].capacity.as_ref().unwrap();
        assert_eq!(capacity.messages, (5 + 7) + (5 + 7) + 1);
    }

    #[test]
    fn who_exchanges_messages_is_a_flow_a_direction_and_each_subscriber_has_its_own() {
        const END: &str = "bind: 'inproc://x'";
        for (nodes, expected) in [
            (
                format!("a: {{role: push, connect: b, replicas: 2}}, b: {{role: pull, {END}}}"),
                vec!["a.1, a.2 → b: push → pull"],
            ),
            (
                format!("a: {{role: req, connect: b}}, b: {{role: rep, {END}, on_message: msg}}"),
                vec!["a → b: req → rep", "b → a: rep → req"],
            ),
            (
                format!(
                    "a: {{role: pub, {END}}}, b: {{role: sub, connect: a, topics: all, replicas: 2}}"
                ),
                vec!["a → b.1: pub → sub", "a → b.2: pub → sub"],
            ),
            (
                format!(
                    "a: {{role: pub, {END}}}, b: {{role: sub, connect: a, topics: all, \
                         options: {{conflate: true}}}}"
                ),
                vec!["a → b: pub → sub?"],
            ),
            (format!("a: {{role: pull, {END}}}"), vec![]),
        ] {
            assert_eq!(flows(&nodes), expected, "{nodes}");
        }
    }

    #[test]
    fn a_flow_goes_on_counting_for_a_receiver_that_stays_when_its_sender_is_another_one() {
        let topology =
            sound("nodes: {a: {role: push, connect: b}, b: {role: pull, bind: 'inproc://x'}}");
        let mut instances = running(&topology);
        let before = Flows::of(&topology, &instances, &Flows::default());
        let counters = |instances: &Instances, instance: &str| {
            instances.get(instance).unwrap().counters.sockets()[0].clone()
        };
        counters(&instances, "a").messages_out.add(10);
        counters(&instances, "b").messages_in.add(7);
        // It left ten, of which three are on their way.
        instances.take("a");
        running(&topology).take("a").into_iter().for_each(|other| instances.add(other));
        let flows = Flows::of(&topology, &instances, &before);
        counters(&instances, "a").messages_out.add(5);
        assert_eq!((flows.flows[0].sent(), flows.flows[0].received()), (15, 7));
        // Without what was before, both begin at what they have.
        let fresh = Flows::of(&topology, &instances, &Flows::default());
        assert_eq!((fresh.flows[0].sent(), fresh.flows[0].received()), (5, 7));
    }
}
