//! Whom a socket meets from other machines, and what they can see and do.
//!
//! Owns what is said of passwords in clear, of sockets that anybody may come to, and of addresses that
//! shut out the file's own links. Who is asked about peers is `authentication`'s.

use std::net::IpAddr;

use crate::diagnostic::{Code, Diagnostic};
use crate::source::Span;
use crate::topology::{Attachment, Link, LinkEnd, Mechanism, SocketSpec};
use crate::zeromq::{Endpoint, Role, Side, Transport};

use super::subject::Graph;
use super::written::sockets;

pub(super) fn check(graph: &Graph<'_>, findings: &mut Vec<Diagnostic>) {
    let top = graph.subject.document.root().as_mapping();
    let security = top.and_then(|top| top.get("security")?.as_mapping());
    let has_curve = security.is_some_and(|security| security.get("curve").is_some());
    for (end, socket) in sockets(graph.topology) {
        findings.extend(check_password(graph, end, socket));
        findings.extend(check_bound(graph, end, socket, has_curve));
    }
    for link in graph.links {
        findings.extend(check_addresses(graph, link, Side::Bind));
        findings.extend(check_addresses(graph, link, Side::Connect));
    }
}

/// Whether other machines are in between, or may be.
fn leaves_the_machine(endpoint: &Endpoint) -> bool {
    matches!(endpoint.transport(), Transport::Tcp | Transport::Ws) && !endpoint.is_on_loopback()
}

fn check_password(graph: &Graph<'_>, end: LinkEnd, socket: &SocketSpec) -> Option<Diagnostic> {
    // Where its node runs at its place, other machines may be in between.
    let attachments = graph.topology.deployed(end).iter().zip(graph.written.targets(end));
    let (_, target) = attachments.into_iter().find(|(attachment, _)| match attachment {
        Attachment::Bind(endpoint) | Attachment::Connect(endpoint) => leaves_the_machine(endpoint),
        // Where it binds, it is told.
        Attachment::ConnectPlace { endpoint, .. } => leaves_the_machine(endpoint),
        Attachment::ConnectNode { .. } => false,
    })?;
    let mechanism = socket.mechanism(Side::Bind);
    let label = match mechanism {
        Mechanism::PlainServer => "asks for passwords that whoever is on the line can read",
        Mechanism::PlainClient => "says its password to whoever is on the line",
        Mechanism::Null | Mechanism::CurveServer | Mechanism::CurveClient => return None,
    };
    let option = mechanism.option().and_then(|option| graph.written.option(end, option));
    let entry = graph.written.key(end, "plain").or(option)?;
    Some(
        Diagnostic::new(Code::PasswordInClear, "a password that goes over the line in clear")
            .at(entry.key.span, label)
            .at(target.span, "leaves this machine")
            .because("PLAIN encrypts nothing: neither the password nor the messages")
            .help(
                "use `security: {curve: keys}`, stay on 127.0.0.1 or ipc, or say \
                 `# zrig: allow ZR0342 because …` where something else encrypts the line",
            ),
    )
}

fn check_bound(
    graph: &Graph<'_>,
    end: LinkEnd,
    socket: &SocketSpec,
    has_curve: bool,
) -> Option<Diagnostic> {
    let is_asked_about =
        socket.admission.is_some() || socket.asks_zap || socket.zap_domain().is_some();
    if socket.mechanism(Side::Bind) != Mechanism::Null || is_asked_about {
        return None;
    }
    let mut attachments = socket.attachments.iter().zip(graph.written.targets(end));
    let (_, target) = attachments.find(|(attachment, _)| match attachment {
        Attachment::Bind(endpoint) if has_curve => leaves_the_machine(endpoint),
        Attachment::Bind(endpoint) => leaves_the_machine(endpoint) && endpoint.has_any_host(),
        Attachment::Connect(_)
        | Attachment::ConnectNode { .. }
        | Attachment::ConnectPlace { .. } => false,
    })?;
    let reason = "say `# zrig: allow";
    let is_raw = socket.role == Role::Stream;
    if has_curve {
        let off = graph.written.key(end, "curve").map(|entry| entry.key.span);
        let help = if is_raw { "bind 127.0.0.1" } else { "remove `curve: false`, bind 127.0.0.1" };
        let fault =
            Diagnostic::new(Code::NullBesideCurve, "peers without a mechanism beside CURVE")
                .at(off.unwrap_or_else(|| graph.written.socket(end)), "is not encrypted")
                .at(target.span, "takes whoever reaches it")
                .because(
                    "all other sockets of the file know their peers, and this one lets in anybody",
                )
                .help(format!("{help}, or {reason} ZR0346 because …`"));
        return Some(fault);
    }
    let help = if is_raw {
        "bind 127.0.0.1, an address of an inner network"
    } else {
        "bind 127.0.0.1, say who may come by `allow`, or encrypt by `security: {curve: keys}`"
    };
    Some(
        Diagnostic::new(Code::OpenToAll, "a socket that lets in whoever reaches this machine")
            .at(target.span, "every interface, and no mechanism")
            .because("ZeroMQ asks nobody who he is unless it is told to")
            .help(format!("{help}; or {reason} ZR0343 because …`")),
    )
}

/// Whether one end of a link lets in the other end's address.
fn check_addresses(graph: &Graph<'_>, link: &Link, side: Side) -> Option<Diagnostic> {
    let (end, other) = match side {
        Side::Bind => (link.binder, link.connecter),
        Side::Connect => (link.connecter, link.binder),
    };
    let socket = &graph.topology.nodes[end.node].sockets[end.socket];
    let admission = socket.admission.as_ref()?;
    // That nobody is let in is told as a whole.
    if admission.gate.lets_nobody_in() {
        return None;
    }
    let connecter = &graph.topology.nodes[link.connecter.node].sockets[link.connecter.socket];
    let address = address_of(&link.endpoint, connecter, side)?;
    if admission.gate.lets_in(address) {
        return None;
    }
    let written = |key| graph.written.key(end, key).map(|entry| entry.key.span);
    let place: Span = written("allow").or(written("deny"))?;
    Some(
        Diagnostic::new(Code::ShutsOutOwn, "a link of this file that `allow` and `deny` shut out")
            .at(place, format!("does not let in {address}"))
            .at(graph.written.connect(link), format!("{} is at it", graph.written.name(other)))
            .because("nodes of the same file come from an address as all others do")
            .help(format!("add {address} to `allow`, or take it out of `deny`")),
    )
}

/// From which address the other end of a link comes, where the file says so.
fn address_of(bound: &Endpoint, connecter: &SocketSpec, side: Side) -> Option<IpAddr> {
    if !matches!(bound.transport(), Transport::Tcp | Transport::Ws) {
        return None;
    }
    let mut reaching = connecter.attachments.iter().filter_map(|attachment| match attachment {
        Attachment::Connect(endpoint) if bound.is_reached_by(endpoint) => Some(endpoint.clone()),
        Attachment::ConnectNode { endpoint, .. } if endpoint == bound => {
            Some(endpoint.as_seen_by_peer())
        }
        Attachment::Bind(_)
        | Attachment::Connect(_)
        | Attachment::ConnectNode { .. }
        | Attachment::ConnectPlace { .. } => None,
    });
    let endpoint = reaching.next()?;
    // Whoever names where he comes from, comes from there.
    let source = endpoint.address().rsplit_once(';').map(|(source, _)| source);
    let host = match source.filter(|_| side == Side::Bind) {
        Some(source) => source.rsplit_once(':').map_or(source, |(host, _)| host),
        None => endpoint.host(),
    };
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    if host == "localhost" { Some(IpAddr::from([127, 0, 0, 1])) } else { bare.parse().ok() }
}
