//! From a topology to its picture.
//!
//! Owns which way each wire goes, what leads outside the file and what a box mentions. Never looks
//! at a file and never lays out.

use std::collections::{BTreeSet, HashMap, HashSet};

use crate::topology::{Attachment, ForwardSpec, Link, LinkEnd, NodeSpec, SocketSpec, Topology};
use crate::zeromq::{Endpoint, MessageFlow, Role, Transport};

use super::family::Family;
use super::picture::{
    End, Forward, ForwardKind, Mark, MarkKind, NodeBox, Picture, Port, Terminal, Wire,
};
use super::words;

impl Picture {
    /// The picture of a topology.
    #[must_use]
    pub fn of(topology: &Topology) -> Self {
        let mut scripts: HashMap<_, usize> = HashMap::new();
        let boxes = topology.nodes.iter().map(|node| {
            let next = scripts.len();
            let texts = node.script.as_ref().map(|script| format!("{:?}", script.handlers));
            let command = node.process.as_ref().map(|program| format!("{:?}", program.command));
            let texts = texts.or(command);
            node_box(node, texts.map(|texts| *scripts.entry(texts).or_insert(next)))
        });
        let boxes = boxes.collect();
        let mut picture = Self {
            name: topology.title(),
            description: topology.description.clone(),
            boxes,
            terminals: Vec::new(),
            wires: Vec::new(),
        };
        picture.add_links(topology.links());
        picture.add_outside(topology);
        picture.turn_middles();
        picture
    }

    fn add_links(&mut self, links: &[Link]) {
        let mut places = HashMap::new();
        for link in links {
            let endpoint = link.endpoint.as_str().to_owned();
            let at = *places.entry((link.connecter, link.binder)).or_insert(self.wires.len());
            if let Some(wire) = self.wires.get_mut(at) {
                wire.endpoints.push(endpoint);
                continue;
            }
            let (connecter, binder) = (self.role(link.connecter), self.role(link.binder));
            // Equals stand in the order of the file.
            let asks = link.connecter < link.binder;
            self.add_wire(
                End::Port(link.connecter),
                End::Port(link.binder),
                connecter.flow_with(binder),
                asks,
                endpoint,
                Family::of(connecter),
            );
        }
    }

    fn add_outside(&mut self, topology: &Topology) {
        let inside = Inside::new(topology);
        let mut known = HashMap::new();
        for (node, spec) in topology.nodes.iter().enumerate() {
            for (socket, spec) in spec.sockets.iter().enumerate() {
                let place = LinkEnd { node, socket };
                for endpoint in inside.connected_outside(spec, place) {
                    let at = *known.entry(endpoint.as_str()).or_insert_with(|| {
                        self.terminals.push(Terminal {
                            endpoint: Some(endpoint.as_str().into()),
                            place: place_at(spec, endpoint),
                            count: 1,
                        });
                        self.terminals.len() - 1
                    });
                    let ends = (End::Port(place), End::Terminal(at));
                    self.add_outside_wire(spec.role, ends, true, endpoint);
                }
                if let Some(endpoint) = inside.bound_for_outside(spec, place) {
                    self.terminals.push(Terminal { endpoint: None, place: None, count: 1 });
                    let terminal = End::Terminal(self.terminals.len() - 1);
                    self.add_outside_wire(spec.role, (terminal, End::Port(place)), false, endpoint);
                }
            }
        }
    }

    fn add_outside_wire(
        &mut self,
        role: Role,
        (connecter, binder): (End, End),
        socket_connects: bool,
        endpoint: &Endpoint,
    ) {
        let seen_from_socket = role.flow_with_anybody();
        let flow = if socket_connects { seen_from_socket } else { seen_from_socket.turned() };
        let text = endpoint.as_str().to_owned();
        self.add_wire(connecter, binder, flow, true, text, Family::of(role));
    }

    fn add_wire(
        &mut self,
        connecter: End,
        binder: End,
        flow: MessageFlow,
        asks_if_level: bool,
        endpoint: String,
        family: Family,
    ) {
        let connecter_first = flow.begins_here().unwrap_or(asks_if_level);
        let (from, to) = if connecter_first { (connecter, binder) } else { (binder, connecter) };
        self.wires.push(Wire {
            from,
            to,
            both_ways: flow.is_two_way(),
            bound_at_from: !connecter_first,
            endpoints: vec![endpoint],
            family,
            links: 1,
        });
    }

    /// A node whose routers are all asked stands between two sorts of askers, as a balancer does
    /// between clients and workers: it is shown asking those of its last router.
    fn turn_middles(&mut self) {
        let turned: HashSet<End> = self
            .asked_routers()
            .into_iter()
            .filter_map(|asked| {
                let asked = asked?;
                (asked.len() > 1).then(|| asked.last().map(|&at| End::Port(at))).flatten()
            })
            .collect();
        for wire in &mut self.wires {
            if turned.contains(&wire.to) {
                std::mem::swap(&mut wire.from, &mut wire.to);
                wire.bound_at_from = !wire.bound_at_from;
            }
        }
    }

    /// For each node that has wires to asked routers and no others, those routers.
    fn asked_routers(&self) -> Vec<Option<BTreeSet<LinkEnd>>> {
        let mut asked = vec![Some(BTreeSet::new()); self.boxes.len()];
        for wire in &self.wires {
            for (end, is_asked) in [(wire.from, false), (wire.to, wire.both_ways)] {
                let End::Port(at) = end else { continue };
                match &mut asked[at.node] {
                    Some(routers) if is_asked && self.role(at) == Role::Router => {
                        routers.insert(at);
                    }
                    other => *other = None,
                }
            }
        }
        asked
    }

    fn role(&self, at: LinkEnd) -> Role {
        self.boxes[at.node].ports[at.socket].role
    }
}

/// What the links inside a file join.
struct Inside<'l> {
    nodes: HashSet<&'l str>,
    reached: HashMap<LinkEnd, Vec<&'l Endpoint>>,
    binders: HashSet<LinkEnd>,
}

impl<'l> Inside<'l> {
    fn new(topology: &'l Topology) -> Self {
        let links = topology.links();
        let mut reached: HashMap<_, Vec<_>> = HashMap::new();
        for link in links {
            reached.entry(link.connecter).or_default().push(&link.endpoint);
        }
        Self {
            nodes: topology.nodes.iter().map(|node| node.name.as_str()).collect(),
            reached,
            binders: links.iter().map(|link| link.binder).collect(),
        }
    }

    /// What a socket connects to that nothing in the file binds.
    fn connected_outside<'t>(&self, spec: &'t SocketSpec, place: LinkEnd) -> Vec<&'t Endpoint> {
        let reached = self.reached.get(&place).map_or(&[][..], Vec::as_slice);
        let is_inside = |endpoint: &Endpoint| reached.iter().any(|it| it.is_reached_by(endpoint));
        let outside = spec.attachments.iter().filter_map(|attachment| match attachment {
            Attachment::Bind(_) => None,
            Attachment::ConnectPlace { endpoint, .. } => Some(endpoint),
            Attachment::Connect(endpoint) => (!is_inside(endpoint)).then_some(endpoint),
            Attachment::ConnectNode { node, endpoint, .. } => {
                (!self.nodes.contains(node.as_str())).then_some(endpoint)
            }
        });
        let mut seen = HashSet::new();
        outside.filter(|endpoint| seen.insert(*endpoint)).collect()
    }

    /// What a socket binds for peers outside: nobody in the file connects, and somebody else can.
    fn bound_for_outside<'t>(&self, spec: &'t SocketSpec, place: LinkEnd) -> Option<&'t Endpoint> {
        if self.binders.contains(&place) {
            return None;
        }
        spec.binds().find(|endpoint| endpoint.transport() != Transport::Inproc)
    }
}

/// The place that a socket meets at an endpoint, if it is one.
fn place_at(spec: &SocketSpec, endpoint: &Endpoint) -> Option<String> {
    spec.attachments.iter().find_map(|attachment| match attachment {
        Attachment::ConnectPlace { place, endpoint: there } if there == endpoint => {
            Some(place.clone())
        }
        Attachment::Bind(_)
        | Attachment::Connect(_)
        | Attachment::ConnectNode { .. }
        | Attachment::ConnectPlace { .. } => None,
    })
}

fn node_box(spec: &NodeSpec, handlers: Option<usize>) -> NodeBox {
    NodeBox {
        name: spec.name.clone(),
        description: spec.description.clone(),
        copies: spec.replicas,
        marks: marks(spec),
        ports: spec.sockets.iter().map(|socket| port(socket, spec.sockets_are_named)).collect(),
        forwards: forwards(spec),
        handlers,
        group: None,
        copy_of: None,
    }
}

fn marks(spec: &NodeSpec) -> Vec<Mark> {
    let mark = |kind, text| Mark { kind, text };
    let every = spec.every.map(|every| mark(MarkKind::Timer, words::every(every)));
    let idle = spec.idle.map(|idle| mark(MarkKind::Timer, words::idle(idle)));
    let timers = spec
        .timers
        .iter()
        .map(|(name, pace)| mark(MarkKind::Timer, format!("{name} {}", words::every(*pace))));
    let read = spec.read.as_ref().map(|read| mark(MarkKind::Read, words::read(read)));
    let script = spec.script.as_ref().and_then(words::script);
    let script = script.map(|script| mark(MarkKind::Script, script));
    let write = spec.write.as_ref().map(|write| mark(MarkKind::Write, words::write(write)));
    let program = spec.process.as_ref();
    let script = script.or(program.map(|it| mark(MarkKind::Program, words::program(it))));
    let place = spec.place.clone().map(|place| mark(MarkKind::Place, place));
    place
        .into_iter()
        .chain(every)
        .chain(idle)
        .chain(timers)
        .chain(read)
        .chain(script)
        .chain(write)
        .collect()
}

fn port(spec: &SocketSpec, is_named: bool) -> Port {
    Port {
        name: is_named.then(|| spec.name.clone()),
        role: spec.role,
        binds: spec.binds().map(|endpoint| endpoint.as_str().to_owned()).collect(),
        connects: spec.attachments.len() > spec.binds().count(),
        filters: words::filters(&spec.filters),
        hwm: words::hwm(spec.role, spec.hwm),
    }
}

fn forwards(spec: &NodeSpec) -> Vec<Forward> {
    let moved = spec.forwards.iter().map(|forward| moved(forward, &spec.sockets));
    let copied = spec.forwards.iter().zip(spec.capture).map(|(forward, capture)| Forward {
        from: forward.from,
        to: capture,
        kind: ForwardKind::Copy,
    });
    moved.chain(copied).collect()
}

/// A forward by the way its messages go: between XSUB and XPUB only subscriptions come back.
fn moved(forward: &ForwardSpec, sockets: &[SocketSpec]) -> Forward {
    let (from, to) = (forward.from, forward.to);
    let can_go = |from: usize, to: usize| {
        let flow = |place: usize| sockets[place].role.flow_with_anybody();
        flow(from) != MessageFlow::Out && flow(to) != MessageFlow::In
    };
    match (forward.both_ways, can_go(from, to), can_go(to, from)) {
        (true, true, true) => Forward { from, to, kind: ForwardKind::BothWays },
        (true, false, true) => Forward { from: to, to: from, kind: ForwardKind::OneWay },
        _ => Forward { from, to, kind: ForwardKind::OneWay },
    }
}
