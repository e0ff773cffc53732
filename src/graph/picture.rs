//! The picture of a topology: boxes, ports and wires, without a place for any of them.
//!
//! Owns what is shown and which way each wire goes. Never looks at a file and never lays out.

use std::num::NonZeroU32;

use crate::topology::{
    Attachment, ForwardSpec, Link, LinkEnd, NodeSpec, SocketSpec, TopologySpec, links_of,
};
use crate::zeromq::{Endpoint, Role, Transport};

use super::family::{Family, Way, way_between, way_outside};
use super::words;

/// What a picture of a topology shows.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Picture {
    /// The topology's name.
    pub name: String,
    /// Its description.
    pub description: Option<String>,
    /// Its nodes, in the order of the file.
    pub boxes: Vec<NodeBox>,
    /// Places outside the file that sockets of the file are linked to.
    pub terminals: Vec<Terminal>,
    /// The links.
    pub wires: Vec<Wire>,
}

/// One node.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NodeBox {
    /// Its name.
    pub name: String,
    /// Its description.
    pub description: Option<String>,
    /// How many copies run, where the file says so.
    pub copies: Option<NonZeroU32>,
    /// Its script, timers and files.
    pub marks: Vec<Mark>,
    /// Its sockets, in the order of the file.
    pub ports: Vec<Port>,
    /// What moves natively between its ports.
    pub forwards: Vec<Forward>,
}

impl NodeBox {
    /// The pattern that all its sockets are of, if they are of one.
    #[must_use]
    pub fn family(&self) -> Option<Family> {
        let mut families = self.ports.iter().map(|port| Family::of(port.role));
        let first = families.next()?;
        families.all(|family| family == first).then_some(first)
    }

    /// Its name and how many copies of it run.
    #[must_use]
    pub fn title(&self) -> String {
        match self.copies {
            Some(copies) => format!("{} ×{copies}", self.name),
            None => self.name.clone(),
        }
    }

    /// Whether it is drawn as several sheets.
    #[must_use]
    pub fn is_stack(&self) -> bool {
        self.copies.is_some_and(|copies| copies.get() > 1)
    }
}

/// Something that a node has besides its sockets.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Mark {
    /// What it is.
    pub kind: MarkKind,
    /// Its name or figure.
    pub text: String,
}

impl Mark {
    /// What it says where there is no sign before it.
    #[must_use]
    pub fn phrase(&self) -> String {
        match self.kind {
            MarkKind::Script | MarkKind::Timer => self.text.clone(),
            MarkKind::Read => format!("reads {}", self.text),
            MarkKind::Write => format!("writes {}", self.text),
        }
    }
}

/// What a mark stands for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MarkKind {
    /// Handlers.
    Script,
    /// `every` or one of `timers`.
    Timer,
    /// `read`.
    Read,
    /// `write`.
    Write,
}

/// One socket of a node.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Port {
    /// Its name; none for the one socket of a node without `sockets`.
    pub name: Option<String>,
    /// Its role.
    pub role: Role,
    /// What it binds.
    pub binds: Vec<String>,
    /// Whether it connects to something.
    pub connects: bool,
    /// What it subscribes to.
    pub filters: Vec<String>,
}

impl Port {
    /// Its name, or its role where it has none.
    #[must_use]
    pub fn title(&self) -> &str {
        self.name.as_deref().unwrap_or(self.role.word())
    }
}

/// Messages that are moved between two ports of one box without a script.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Forward {
    /// The port they come in by.
    pub from: usize,
    /// The port they leave by.
    pub to: usize,
    /// How they go.
    pub kind: ForwardKind,
}

/// How a forward goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ForwardKind {
    /// From the one to the other.
    OneWay,
    /// And back.
    BothWays,
    /// `capture`: a copy of what is forwarded.
    Copy,
}

/// A place outside the file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Terminal {
    /// Where it is, for a socket of the file that connects to it; whoever connects to a socket of
    /// the file has no address.
    pub endpoint: Option<String>,
}

/// One end of a wire.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum End {
    /// A socket, by the places of its box and of itself.
    Port(LinkEnd),
    /// A terminal, by its place.
    Terminal(usize),
}

/// A link. `from` is the end that sends or, where messages go both ways, the one that asks.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Wire {
    /// Where messages come from.
    pub from: End,
    /// Where they go.
    pub to: End,
    /// Whether they also come back.
    pub both_ways: bool,
    /// Whether `from` is the end that binds.
    pub bound_at_from: bool,
    /// Where the ends meet; several where sockets are linked more than once.
    pub endpoints: Vec<String>,
    /// Its pattern.
    pub family: Family,
}

impl Picture {
    /// The picture of a topology.
    #[must_use]
    pub fn of(topology: &TopologySpec) -> Self {
        let boxes = topology.nodes.iter().map(node_box).collect();
        let mut picture = Self {
            name: topology.name.clone(),
            description: topology.description.clone(),
            boxes,
            terminals: Vec::new(),
            wires: Vec::new(),
        };
        let links = links_of(topology);
        picture.add_links(&links);
        picture.add_outside(topology, &links);
        picture.turn_middles();
        picture
    }

    /// The port at an end, if it is one.
    #[must_use]
    pub fn port(&self, end: End) -> Option<&Port> {
        match end {
            End::Port(at) => self.boxes.get(at.node)?.ports.get(at.socket),
            End::Terminal(_) => None,
        }
    }

    /// What an end is called: `node`, `node.socket`, an outside endpoint or `outside`.
    #[must_use]
    pub fn end_name(&self, end: End) -> String {
        match end {
            End::Port(at) => {
                let node = &self.boxes[at.node];
                match &node.ports[at.socket].name {
                    Some(port) => format!("{}.{port}", node.name),
                    None => node.name.clone(),
                }
            }
            End::Terminal(at) => self.terminals[at].title().to_owned(),
        }
    }

    /// The filters that a wire's messages have to pass.
    #[must_use]
    pub fn filters(&self, wire: &Wire) -> &[String] {
        self.port(wire.to).map_or(&[], |port| &port.filters)
    }

    /// The patterns that the picture shows, in the order of a legend.
    pub fn families(&self) -> impl Iterator<Item = Family> {
        let ports = || self.boxes.iter().flat_map(|node| &node.ports);
        Family::ALL
            .into_iter()
            .filter(move |family| ports().any(|port| Family::of(port.role) == *family))
    }

    fn add_links(&mut self, links: &[Link]) {
        let mut places = std::collections::HashMap::new();
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
                way_between(connecter, binder),
                asks,
                endpoint,
                Family::of(connecter),
            );
        }
    }

    fn add_outside(&mut self, topology: &TopologySpec, links: &[Link]) {
        let mut known = std::collections::HashMap::new();
        for (node, spec) in topology.nodes.iter().enumerate() {
            for (socket, spec) in spec.sockets.iter().enumerate() {
                let place = LinkEnd { node, socket };
                for endpoint in outside_endpoints(spec, place, topology, links) {
                    let at = *known.entry(endpoint.as_str()).or_insert_with(|| {
                        self.terminals.push(Terminal { endpoint: Some(endpoint.as_str().into()) });
                        self.terminals.len() - 1
                    });
                    let ends = (End::Port(place), End::Terminal(at));
                    self.add_outside_wire(spec.role, ends, true, endpoint);
                }
                if let Some(endpoint) = waits_for_outside(spec, place, links) {
                    self.terminals.push(Terminal { endpoint: None });
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
        let seen_from_socket = way_outside(role);
        let way = if socket_connects { seen_from_socket } else { seen_from_socket.turned() };
        let text = endpoint.as_str().to_owned();
        self.add_wire(connecter, binder, way, true, text, Family::of(role));
    }

    fn add_wire(
        &mut self,
        connecter: End,
        binder: End,
        way: Way,
        asks_if_level: bool,
        endpoint: String,
        family: Family,
    ) {
        let connecter_first = match way {
            Way::Out | Way::Asks => true,
            Way::In | Way::Answers => false,
            Way::Level => asks_if_level,
        };
        let (from, to) = if connecter_first { (connecter, binder) } else { (binder, connecter) };
        self.wires.push(Wire {
            from,
            to,
            both_ways: !matches!(way, Way::Out | Way::In),
            bound_at_from: !connecter_first,
            endpoints: vec![endpoint],
            family,
        });
    }

    /// A node whose routers are all asked stands between two sorts of askers, as a balancer does
    /// between clients and workers: it is shown asking those of its last router.
    fn turn_middles(&mut self) {
        for node in 0..self.boxes.len() {
            if let Some(port) = self.last_asked_router(node) {
                for wire in &mut self.wires {
                    if wire.to == End::Port(port) {
                        std::mem::swap(&mut wire.from, &mut wire.to);
                        wire.bound_at_from = !wire.bound_at_from;
                    }
                }
            }
        }
    }

    fn last_asked_router(&self, node: usize) -> Option<LinkEnd> {
        let mut asked = std::collections::BTreeSet::new();
        for wire in &self.wires {
            for end in [wire.from, wire.to] {
                if let End::Port(at) = end
                    && at.node == node
                {
                    let is_asked = wire.both_ways && end == wire.to && wire.from != wire.to;
                    if !is_asked || self.role(at) != Role::Router {
                        return None;
                    }
                    asked.insert(at);
                }
            }
        }
        asked.last().copied().filter(|_| asked.len() > 1)
    }

    fn role(&self, at: LinkEnd) -> Role {
        self.boxes[at.node].ports[at.socket].role
    }
}

impl Terminal {
    /// Its address, or `outside`.
    #[must_use]
    pub fn title(&self) -> &str {
        self.endpoint.as_deref().unwrap_or("outside")
    }
}

impl Way {
    /// The same seen from the other end.
    fn turned(self) -> Self {
        match self {
            Self::Out => Self::In,
            Self::In => Self::Out,
            Self::Asks => Self::Answers,
            Self::Answers => Self::Asks,
            Self::Level => Self::Level,
        }
    }
}

/// What a socket connects to that nothing in the file binds.
fn outside_endpoints<'t>(
    spec: &'t SocketSpec,
    place: LinkEnd,
    topology: &TopologySpec,
    links: &[Link],
) -> Vec<&'t Endpoint> {
    let is_inside = |endpoint: &Endpoint| {
        let mut own = links.iter().filter(|link| link.connecter == place);
        own.any(|link| link.endpoint.is_reached_by(endpoint))
    };
    let mut outside: Vec<_> = spec
        .attachments
        .iter()
        .filter_map(|attachment| match attachment {
            Attachment::Bind(_) => None,
            Attachment::Connect(endpoint) => (!is_inside(endpoint)).then_some(endpoint),
            Attachment::ConnectNode { node, endpoint, .. } => {
                topology.node(node).is_none().then_some(endpoint)
            }
        })
        .collect();
    outside.dedup();
    outside
}

/// What a socket binds for peers outside: nobody in the file connects, and somebody else can.
fn waits_for_outside<'t>(
    spec: &'t SocketSpec,
    place: LinkEnd,
    links: &[Link],
) -> Option<&'t Endpoint> {
    if links.iter().any(|link| link.binder == place) {
        return None;
    }
    spec.binds().find(|endpoint| endpoint.transport() != Transport::Inproc)
}

fn node_box(spec: &NodeSpec) -> NodeBox {
    NodeBox {
        name: spec.name.clone(),
        description: spec.description.clone(),
        copies: spec.replicas,
        marks: marks(spec),
        ports: spec.sockets.iter().map(|socket| port(socket, spec.sockets_are_named)).collect(),
        forwards: forwards(spec),
    }
}

fn marks(spec: &NodeSpec) -> Vec<Mark> {
    let mark = |kind, text| Mark { kind, text };
    let every = spec.every.map(|every| mark(MarkKind::Timer, words::every(every)));
    let timers = spec
        .timers
        .iter()
        .map(|(name, pace)| mark(MarkKind::Timer, format!("{name} {}", words::every(*pace))));
    let read = spec.read.as_ref().map(|read| mark(MarkKind::Read, words::read(read)));
    let script = spec.script.as_ref().map(|script| mark(MarkKind::Script, words::script(script)));
    let write = spec.write.as_ref().map(|write| mark(MarkKind::Write, words::write(write)));
    every.into_iter().chain(timers).chain(read).chain(script).chain(write).collect()
}

fn port(spec: &SocketSpec, is_named: bool) -> Port {
    Port {
        name: is_named.then(|| spec.name.clone()),
        role: spec.role,
        binds: spec.binds().map(|endpoint| endpoint.as_str().to_owned()).collect(),
        connects: spec.attachments.len() > spec.binds().count(),
        filters: words::filters(&spec.filters),
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
        way_outside(sockets[from].role) != Way::Out && way_outside(sockets[to].role) != Way::In
    };
    match (forward.both_ways, can_go(from, to), can_go(to, from)) {
        (true, true, true) => Forward { from, to, kind: ForwardKind::BothWays },
        (true, false, true) => Forward { from: to, to: from, kind: ForwardKind::OneWay },
        _ => Forward { from, to, kind: ForwardKind::OneWay },
    }
}
