//! Who is at the other ends of a socket's links: too many, the wrong way round, or nobody.
//!
//! Owns the rules about the shape of the graph. What two ends have to agree on is `agreement.rs`'s.

use std::collections::{HashMap, HashSet};

use crate::diagnostic::{Code, Diagnostic};
use crate::topology::{Link, LinkEnd, NodeSpec, SocketSpec};
use crate::zeromq::{Role, Side, Transport};

use super::subject::Graph;
use super::written::sockets;

pub(super) fn check(graph: &Graph<'_>, findings: &mut Vec<Diagnostic>) {
    for link in graph.links {
        findings.extend(check_publisher_connects(graph, link));
    }
    for (end, socket) in sockets(graph.topology) {
        findings.extend(check_pair(graph, end, socket));
        findings.extend(check_read(graph, end, socket));
        check_twice(graph, end, socket, findings);
    }
    check_identities(graph, findings);
    check_request_cycles(graph, findings);
}

pub(super) fn spec<'g>(graph: &'g Graph<'_>, end: LinkEnd) -> &'g SocketSpec {
    &graph.topology.nodes[end.node].sockets[end.socket]
}

fn copies(node: &NodeSpec) -> u32 {
    node.replicas.map_or(1, std::num::NonZeroU32::get)
}

/// libzmq#2267.
fn check_publisher_connects(graph: &Graph<'_>, link: &Link) -> Option<Diagnostic> {
    let (publisher, subscriber) = (spec(graph, link.connecter), spec(graph, link.binder));
    if !publisher.role.publishes() || subscriber.role != Role::Sub {
        return None;
    }
    let written = &graph.written;
    Some(
        Diagnostic::new(Code::PublisherConnects, "the publisher connects and the subscriber binds")
            .at(written.connect(link), format!("{} connects", written.name(link.connecter)))
            .at(written.socket(link.binder), format!("{} binds", written.name(link.binder)))
            .because(
                "after each (re)connect the publisher drops everything until the subscription \
                 has come over (libzmq#2267)",
            )
            .help("let the publisher bind and the subscriber connect, or put an xsub/xpub bus between"),
    )
}

/// How many peers a pair would get.
fn check_pair(graph: &Graph<'_>, end: LinkEnd, socket: &SocketSpec) -> Option<Diagnostic> {
    if socket.role != Role::Pair {
        return None;
    }
    let arriving = graph.links_of(end).filter(|link| link.binder == end);
    let arriving: Vec<(&Link, u32)> =
        arriving.map(|link| (link, copies(&graph.topology.nodes[link.connecter.node]))).collect();
    let connects = socket.attachments.iter().filter(|it| it.side() == Side::Connect).count();
    let peers: u32 = arriving.iter().map(|(_, copies)| copies).sum();
    let peers = peers as usize + connects;
    if peers < 2 {
        return None;
    }
    let written = &graph.written;
    let mut finding = Diagnostic::new(Code::PairThirdPeer, format!("a pair with {peers} peers"))
        .at(written.socket(end), format!("{} has room for one", written.name(end)));
    for (link, copies) in arriving.iter().take(3) {
        let node = &graph.topology.nodes[link.connecter.node].name;
        let text = match copies {
            1 => format!("`{node}` connects"),
            copies => format!("{copies} copies of `{node}` connect"),
        };
        finding = finding.at(written.connect(link), text);
    }
    Some(
        finding
            .because(
                "a PAIR takes its first peer; ZeroMQ turns every other one away without a word",
            )
            .help("give each pair one peer, or use dealer and router for several"),
    )
}

/// A sender that only this process can reach, and nobody in it does.
fn check_read(graph: &Graph<'_>, end: LinkEnd, socket: &SocketSpec) -> Option<Diagnostic> {
    let has_endpoints = !socket.attachments.is_empty();
    let is_private = has_endpoints
        && socket.attachments.iter().all(|attachment| {
            attachment.side() == Side::Bind
                && attachment.endpoint().transport() == Transport::Inproc
        });
    let is_reached = || graph.links_of(end).any(|link| link.binder == end);
    if !is_private || socket.is_zap_handler() || is_reached() || connects_itself(graph, end.node) {
        return None;
    }
    let effect = match socket.role {
        Role::Push | Role::Dealer | Role::Req | Role::Pair => {
            "what it sends waits for ever, and holds up whatever feeds the node"
        }
        Role::Pub | Role::Xpub | Role::Router => "what it sends is dropped",
        Role::Rep | Role::Sub | Role::Xsub | Role::Pull | Role::Stream => "nothing ever arrives",
    };
    let finding = Diagnostic::new(
        Code::NobodyReads,
        format!("nobody connects to {}", graph.written.name(end)),
    )
    .at(graph.written.socket(end), "bound here, inside this process");
    Some(
        finding
            .because(format!("an inproc:// endpoint is seen by this topology only, so {effect}"))
            .help("connect a node to it, remove it, or bind an endpoint that others can reach"),
    )
}

/// Whether handlers of a node connect its sockets, or bind more endpoints, while it runs.
fn connects_itself(graph: &Graph<'_>, node: usize) -> bool {
    let survey = graph.subject.surveys.of(&graph.topology.nodes[node].name);
    survey.is_some_and(|survey| {
        survey.calls.iter().any(|call| matches!(&*call.name, "connect" | "bind"))
    })
}

fn check_twice(
    graph: &Graph<'_>,
    end: LinkEnd,
    socket: &SocketSpec,
    findings: &mut Vec<Diagnostic>,
) {
    let targets = graph.written.targets(end);
    let mut first: HashMap<&str, usize> = HashMap::new();
    for (at, attachment) in socket.attachments.iter().enumerate() {
        if attachment.side() == Side::Bind {
            continue;
        }
        let endpoint = attachment.endpoint();
        let Some(&before) = first.get(endpoint.as_str()) else {
            first.insert(endpoint.as_str(), at);
            continue;
        };
        let (Some(one), Some(other)) = (targets.get(before), targets.get(at)) else { continue };
        let effect = match socket.role {
            Role::Dealer | Role::Sub | Role::Pub | Role::Req | Role::Xpub | Role::Xsub => {
                "libzmq ignores a second connection of this role to one endpoint"
            }
            Role::Pair | Role::Rep | Role::Router | Role::Push | Role::Pull | Role::Stream => {
                "libzmq makes a second real connection, which counts as another peer"
            }
        };
        findings.push(
            Diagnostic::new(Code::DoubleConnect, format!("{endpoint} is connected to twice"))
                .at(other.span, "again")
                .at(one.span, "already here")
                .because(effect)
                .help("remove one of them"),
        );
    }
}

/// A router ignores the second peer of one routing id.
fn check_identities(graph: &Graph<'_>, findings: &mut Vec<Diagnostic>) {
    let mut seen: HashMap<(LinkEnd, Vec<u8>), LinkEnd> = HashMap::new();
    for link in graph.links {
        for (router, peer) in [(link.binder, link.connecter), (link.connecter, link.binder)] {
            let is_router = spec(graph, router).role == Role::Router;
            if !is_router || spec(graph, router).is_on("router_handover") {
                continue;
            }
            let of_copy = |(instance, replica): (String, u32)| {
                spec(graph, peer).identity_of(&instance, replica)
            };
            let copies = graph.topology.nodes[peer.node].instances();
            let copies =
                copies.take(if spec(graph, peer).identity_differs() { usize::MAX } else { 1 });
            let before = copies.filter_map(of_copy).find_map(|identity| {
                Some(*seen.entry((router, identity)).or_insert(peer)).filter(|&one| one != peer)
            });
            if let Some(before) = before {
                findings.push(duplicate_identity(graph, router, before, peer));
            }
        }
    }
}

fn duplicate_identity(
    graph: &Graph<'_>,
    router: LinkEnd,
    one: LinkEnd,
    other: LinkEnd,
) -> Diagnostic {
    let written = &graph.written;
    let place = |end| written.key(end, "identity").map_or(written.socket(end), |e| e.value.span);
    Diagnostic::new(Code::DuplicateIdentity, "two peers of one router with the same identity")
        .at(place(other), written.name(other))
        .at(place(one), written.name(one))
        .at(written.socket(router), "both are peers of this router")
        .because("a ROUTER ignores the second peer of a routing id, which then never gets anything")
        .help("give them different identities, or the router `router_handover: true`")
}

/// Nodes that ask one another: A asks B, which asks A before it answers.
fn check_request_cycles(graph: &Graph<'_>, findings: &mut Vec<Diagnostic>) {
    let mut asks: HashMap<usize, Vec<&Link>> = HashMap::new();
    for link in graph.links {
        let roles = (spec(graph, link.connecter).role, spec(graph, link.binder).role);
        match roles {
            (Role::Req, Role::Rep) => asks.entry(link.connecter.node).or_default().push(link),
            (Role::Rep, Role::Req) => asks.entry(link.binder.node).or_default().push(link),
            _ => {}
        }
    }
    let mut finished = HashSet::new();
    let mut starts: Vec<usize> = asks.keys().copied().collect();
    starts.sort_unstable();
    for start in starts {
        if let Some(cycle) = cycle_from(graph, start, &asks, &mut finished) {
            findings.push(request_cycle(graph, &cycle));
        }
    }
}

/// Walks along the questions; a node that is met again on the way closes a circle.
fn cycle_from<'l>(
    graph: &Graph<'_>,
    start: usize,
    asks: &HashMap<usize, Vec<&'l Link>>,
    finished: &mut HashSet<usize>,
) -> Option<Vec<&'l Link>> {
    let mut path: Vec<&Link> = Vec::new();
    let mut nodes = vec![start];
    let mut next = vec![0_usize];
    while let (Some(&node), Some(at)) = (nodes.last(), next.last_mut()) {
        let link = asks.get(&node).and_then(|links| links.get(*at)).copied();
        *at += 1;
        let Some(link) = link.filter(|_| !finished.contains(&node)) else {
            finished.insert(node);
            nodes.pop();
            next.pop();
            path.pop();
            continue;
        };
        let answering = answering_node(graph, link);
        path.push(link);
        if let Some(from) = nodes.iter().position(|&other| other == answering) {
            finished.extend(nodes);
            return Some(path.split_off(from));
        }
        nodes.push(answering);
        next.push(0);
    }
    None
}

fn answering_node(graph: &Graph<'_>, link: &Link) -> usize {
    let connecter_asks = spec(graph, link.connecter).role == Role::Req;
    if connecter_asks { link.binder.node } else { link.connecter.node }
}

fn request_cycle(graph: &Graph<'_>, cycle: &[&Link]) -> Diagnostic {
    let mut names: Vec<&str> = Vec::new();
    for link in cycle {
        names.push(&graph.topology.nodes[answering_node(graph, link)].name);
    }
    let message = match names.as_slice() {
        [only] => format!("`{only}` asks itself"),
        names => format!("`{}` ask one another", names.join("` and `")),
    };
    let mut finding = Diagnostic::new(Code::RequestCycle, message);
    for link in cycle.iter().take(4) {
        let answering = &graph.topology.nodes[answering_node(graph, link)].name;
        finding = finding.at(graph.written.connect(link), format!("a question to `{answering}`"));
    }
    finding
        .because("where each answers only after its own question is answered, all wait for ever")
        .help("turn one of the links round, or use dealer and router, which need not take turns")
}
