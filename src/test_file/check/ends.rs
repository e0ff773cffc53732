//! Where peers go: `connect` and `bind`.
//!
//! Owns which socket of which node is meant, and whether the two can talk. Names of sockets are always
//! put in, so that nobody has to choose again.

use crate::diagnostic::{Code, Diagnostic};
use crate::document::{Entry, Mapping, Node};
use crate::nearest::one_of;
use crate::source::Span;
use crate::topology::reading::{Report, TargetKind, first_line, is_name, read_target, value};
use crate::topology::{Attachment, NodeSpec, SocketSpec, Topology};
use crate::zeromq::{Endpoint, Role, Side};

use super::super::known;
use super::super::place::{NoPlace, Place};
use super::super::spec::{PeerEnd, PeerSpec};
use super::meeting::Meeting;

/// The role of a peer, with its place.
type PlacedRole = Option<(Role, Span)>;

/// Reads the ends of one peer.
pub(super) fn read(
    entry: &Entry,
    mapping: &Mapping,
    role: PlacedRole,
    topology: Option<&Topology>,
    report: &mut Report<'_>,
) -> Vec<PeerEnd> {
    let mut ends = Vec::new();
    let mut has_any = mapping.entries.iter().any(|it| !known::PEER.contains(&&*it.key.text));
    for entry in &mapping.entries {
        let side = match &*entry.key.text {
            "bind" => Side::Bind,
            "connect" => Side::Connect,
            _ => continue,
        };
        for item in value::one_or_many(&entry.value) {
            has_any = true;
            ends.extend(read_end(item, side, role, topology, report));
        }
    }
    if !has_any {
        report.add(
            Diagnostic::new(
                Code::MissingKey,
                format!("the peer `{}` goes nowhere", entry.key.text),
            )
            .at(entry.key.span, "it neither connects nor binds")
            .because("no message could ever pass it")
            .help("write `connect:` and the node that it talks to"),
        );
    }
    ends
}

fn read_end(
    item: &Node,
    side: Side,
    role: PlacedRole,
    topology: Option<&Topology>,
    report: &mut Report<'_>,
) -> Option<PeerEnd> {
    let name = item.as_scalar().filter(|_| side == Side::Connect).map(|scalar| &*scalar.text);
    if let Some(name) = name.filter(|name| looks_like_a_place(name)) {
        let Some(topology) = topology else {
            return Some(PeerEnd::Node { node: name.to_owned(), socket: None });
        };
        return named(name, item, role, topology, report);
    }
    match read_target(item, side, report)? {
        TargetKind::Bind(endpoint) => {
            if let Some(topology) = topology {
                check_bound(&endpoint, item, role, topology, report)?;
            }
            Some(PeerEnd::Bind(endpoint))
        }
        TargetKind::Connect(endpoint) => {
            if let Some(topology) = topology {
                check_reached(&endpoint, item, role, topology, report)?;
            }
            Some(PeerEnd::Connect(endpoint))
        }
        // Names have been taken above.
        TargetKind::Named { .. } => None,
    }
}

/// `NODE`, `NODE.SOCKET`, `NODE.COPY`, `NODE.COPY.SOCKET`.
fn looks_like_a_place(text: &str) -> bool {
    let mut parts = text.split('.');
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    parts.next().is_some_and(is_name) && parts.all(|part| is_name(part) || is_number(part))
}

fn named(
    name: &str,
    item: &Node,
    role: PlacedRole,
    topology: &Topology,
    report: &mut Report<'_>,
) -> Option<PeerEnd> {
    let place = match Place::find(topology, name) {
        Ok(place) => place,
        Err(missing) => {
            report_missing(name, item, &missing, topology, report);
            return None;
        }
    };
    let spec = &topology.nodes[place.node];
    if let Some(count) = spec.replicas.filter(|count| count.get() > 1 && place.copy.is_none()) {
        let rest = name.strip_prefix(spec.name.as_str()).unwrap_or_default();
        let copy = |number: u32| format!("{}.{number}{rest}", spec.name);
        report.add(
            Diagnostic::new(Code::Ambiguous, format!("`{}` has {count} copies", spec.name))
                .at(item.span, "which of them?")
                .help(format!("write `{}` to `{}`", copy(1), copy(count.get()))),
        );
        return None;
    }
    let socket = match place.socket {
        Some(socket) => &spec.sockets[socket],
        None => only_socket(name, item, role, spec, report)?,
    };
    if socket.binds().next().is_none() {
        report_nobody_binds(name, item, report);
        return None;
    }
    if let Some(role) = role {
        can_talk(role, socket.role, &format!("{}.{}", spec.name, socket.name), item.span, report)?;
    }
    let instance = place.instances(topology).into_iter().next()?;
    Some(PeerEnd::Node { node: instance, socket: Some(socket.name.clone()) })
}

/// The one socket of a node that binds and can talk to the peer.
fn only_socket<'t>(
    name: &str,
    item: &Node,
    role: PlacedRole,
    spec: &'t NodeSpec,
    report: &mut Report<'_>,
) -> Option<&'t SocketSpec> {
    let bound: Vec<&SocketSpec> =
        spec.sockets.iter().filter(|socket| socket.binds().next().is_some()).collect();
    let talks = |socket: &&&SocketSpec| {
        role.is_none_or(|(role, _)| {
            role.peers().contains(&socket.role) || is_raw(role, socket.role)
        })
    };
    let fits: Vec<&SocketSpec> = bound.iter().filter(talks).copied().collect();
    match (bound.as_slice(), fits.as_slice()) {
        (_, [socket]) => Some(socket),
        ([], _) => {
            report_nobody_binds(name, item, report);
            None
        }
        // The caller says that they cannot talk.
        ([socket, ..], []) => Some(socket),
        (_, several) => {
            let names: Vec<String> =
                several.iter().map(|socket| format!("{name}.{}", socket.name)).collect();
            let choices = one_of(names.iter().map(String::as_str));
            report.add(
                Diagnostic::new(Code::Ambiguous, format!("`{name}` has several sockets that fit"))
                    .at(item.span, "which of them?")
                    .help(format!("write {choices}")),
            );
            None
        }
    }
}

/// Two STREAM sockets are two ends of a TCP connection.
fn is_raw(one: Role, other: Role) -> bool {
    one == Role::Stream && other == Role::Stream
}

fn can_talk(
    (role, place): (Role, Span),
    other: Role,
    whose: &str,
    link: Span,
    report: &mut Report<'_>,
) -> Option<()> {
    if role.peers().contains(&other) || is_raw(role, other) {
        return Some(());
    }
    let partners = one_of(other.peers().iter().map(|role| role.word()));
    let fault = Diagnostic::new(
        Code::RolesCannotTalk,
        format!("a {role} cannot talk to `{whose}`, a {other}"),
    )
    .at(link, "this link")
    .at(place, format!("a {role}"))
    .because("ZeroMQ refuses the handshake between these socket types");
    report.add(match other.peers() {
        [] => fault.help(format!("connect a {other} to a program that speaks raw TCP")),
        [only] => fault.help(format!("write `role: {only}`: a {other} talks to {partners}")),
        _ => fault.help(format!("a {other} talks to {partners}")),
    });
    None
}

fn report_nobody_binds(name: &str, item: &Node, report: &mut Report<'_>) {
    report.add(
        Diagnostic::new(Code::NobodyBinds, format!("`{name}` binds nothing"))
            .at(item.span, "connects to it")
            .because("one end of a link has to bind")
            .help("have the peer `bind` what the node connects to"),
    );
}

fn report_missing(
    name: &str,
    item: &Node,
    missing: &NoPlace,
    topology: &Topology,
    report: &mut Report<'_>,
) {
    let (message, wanted, names) = match missing {
        NoPlace::Node(wanted) => {
            let names: Vec<&str> = topology.nodes.iter().map(|node| node.name.as_str()).collect();
            (format!("there is no node `{wanted}`"), wanted, names)
        }
        NoPlace::Copy { node, copy } => {
            (format!("`{}` has no copy `{copy}`", topology.nodes[*node].name), copy, Vec::new())
        }
        NoPlace::Socket { node, socket } => {
            let spec = &topology.nodes[*node];
            let names = spec.sockets.iter().map(|socket| socket.name.as_str()).collect();
            (format!("`{}` has no socket `{socket}`", spec.name), socket, names)
        }
    };
    let fault = Diagnostic::new(Code::UnknownNode, message).at(item.span, "nothing of that name");
    match report.nearest(wanted, names.iter().copied()) {
        Some(meant) => {
            let mended = name.replacen(wanted.as_str(), meant.first(), 1);
            report.add_with_fix(fault.help(meant.question()), item.span, &mended);
        }
        None if names.is_empty() => report.add(fault.help("write one that the topology has")),
        None => {
            let help = format!("write {}, or an endpoint", one_of(names));
            report.add(fault.help(help));
        }
    }
}

/// What the peer binds: who binds it already, and whether those who connect to it can talk to it.
fn check_bound(
    endpoint: &Endpoint,
    item: &Node,
    role: PlacedRole,
    topology: &Topology,
    report: &mut Report<'_>,
) -> Option<()> {
    for (node, socket, attachment) in attachments(topology) {
        match attachment {
            Attachment::Bind(bound) if bound.overlaps(endpoint) => {
                report.add(
                    Diagnostic::new(Code::TwoBinders, format!("`{}` binds it already", node.name))
                        .at(item.span, "bound a second time")
                        .because("an endpoint has one binder; others connect to it")
                        .help(format!("write `connect: {}`", node.name)),
                );
                return None;
            }
            Attachment::Connect(wanted) if endpoint.is_reached_by(wanted) => {
                if let Some(role) = role {
                    let whose = format!("{}.{}", node.name, socket.name);
                    can_talk(role, socket.role, &whose, item.span, report)?;
                }
            }
            Attachment::Bind(_)
            | Attachment::Connect(_)
            | Attachment::ConnectNode { .. }
            | Attachment::ConnectPlace { .. } => {}
        }
    }
    Some(())
}

/// What the peer connects to: whether who binds it can talk to it.
fn check_reached(
    endpoint: &Endpoint,
    item: &Node,
    role: PlacedRole,
    topology: &Topology,
    report: &mut Report<'_>,
) -> Option<()> {
    for (node, socket, attachment) in attachments(topology) {
        if let (Attachment::Bind(bound), Some(role)) = (attachment, role)
            && bound.is_reached_by(endpoint)
        {
            let whose = format!("{}.{}", node.name, socket.name);
            can_talk(role, socket.role, &whose, item.span, report)?;
        }
    }
    Some(())
}

/// Every attachment of every socket.
fn attachments(topology: &Topology) -> impl Iterator<Item = (&NodeSpec, &SocketSpec, &Attachment)> {
    let nodes = topology.nodes.iter().map(AsRef::as_ref);
    nodes.flat_map(|node: &NodeSpec| {
        let sockets = node.sockets.iter();
        sockets.flat_map(move |socket| {
            socket.attachments.iter().map(move |attachment| (node, socket, attachment))
        })
    })
}

/// Reports peers that go where nothing is: no node binds there, no peer does.
pub(super) fn check_among(
    peers: &[PeerSpec],
    topology: Option<&Topology>,
    written: &Mapping,
    report: &mut Report<'_>,
) {
    let Some(topology) = topology else { return };
    // Handlers may bind or connect while it runs.
    if may_attach(topology) {
        return;
    }
    let meeting = Meeting::new(topology, peers);
    for peer in peers {
        for end in &peer.ends {
            let (side, endpoint) = match end {
                PeerEnd::Node { .. } => continue,
                PeerEnd::Connect(endpoint) => (Side::Connect, endpoint),
                PeerEnd::Bind(endpoint) => (Side::Bind, endpoint),
            };
            if meeting.across(side, endpoint).next().is_none() {
                report_unmet(peer, side, endpoint, written, report);
            }
        }
    }
}

/// Whether a handler could give a socket whatever endpoint it likes.
fn may_attach(topology: &Topology) -> bool {
    topology.nodes.iter().any(|node| node.sockets.iter().any(|it| it.attachments.is_empty()))
}

fn report_unmet(
    peer: &PeerSpec,
    side: Side,
    endpoint: &Endpoint,
    written: &Mapping,
    report: &mut Report<'_>,
) {
    let verb = match side {
        Side::Connect => "binds",
        Side::Bind => "connects to",
    };
    let place = written.get(&peer.name).and_then(|it| it.as_mapping()?.get(side.word()));
    let place = place.map_or(peer.span, |value| first_line(value.span, report.source()));
    report.add(
        Diagnostic::new(Code::StepInVain, format!("nothing {verb} {}", endpoint.as_str()))
            .at(place, format!("`{}` is alone there", peer.name))
            .because("no message could ever pass it")
            .help("write what a socket of the topology has, or a node's name"),
    );
}
