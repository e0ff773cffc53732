//! What libzmq makes of a topology whose every part reads well, where that stops a run.
//!
//! Owns the rules that look at several settings or several nodes. Unwise things are `lint/`'s.

use std::collections::HashSet;

use crate::diagnostic::{Code, Diagnostic};
use crate::source::Span;
use crate::topology::links::Meeting;
use crate::topology::spec::{differs_by_copy, identity_of};
use crate::zeromq::{Endpoint, OptionName, Role, Transport};

use super::report::Report;
use super::resolve::{can_talk, cannot_talk};
use super::unresolved::{Target, TargetKind, UnresolvedNode, UnresolvedSocket};

/// Reports what cannot work.
pub(super) fn check(unresolved: &[UnresolvedNode], report: &mut Report<'_>) {
    for unresolved in unresolved {
        for socket in &unresolved.sockets {
            check_hwm(socket, report);
            check_connect_routing_id(socket, report);
            check_replicas(unresolved, socket, report);
            check_identity(unresolved, socket, report);
            check_stream(socket, report);
            check_zap_handler(socket, report);
        }
    }
    check_endpoints(unresolved, report);
}

/// libzmq#4750.
fn check_hwm(socket: &UnresolvedSocket, report: &mut Report<'_>) {
    let (Some((role, place)), Some((1, mark))) = (socket.role, socket.hwm.send) else { return };
    if !matches!(role, Role::Rep | Role::Router) {
        return;
    }
    let fault =
        Diagnostic::new(Code::HwmLosesReplies, format!("a high-water mark of 1 on a {role}"))
            .at(mark, "one message may wait for a peer")
            .at(place, "the role")
            .because(
                "a reply is dropped without a word while the peer's credit for the last one is \
                 still on its way (libzmq#4750)",
            )
            .help("let at least 10 messages wait");
    report.add_with_fix(fault, mark, "10");
}

fn check_connect_routing_id(socket: &UnresolvedSocket, report: &mut Report<'_>) {
    let Some((_, place)) = socket.options.get(&OptionName("connect_routing_id")) else { return };
    let connects: Vec<&Target> =
        socket.targets.iter().filter(|target| target.bound().is_none()).collect();
    let fault = match connects.as_slice() {
        [_] => return,
        [] => Diagnostic::new(Code::NotHere, "`connect_routing_id` on a socket that only binds")
            .at(*place, "names no connection"),
        [_, second, ..] => {
            Diagnostic::new(Code::Conflict, "`connect_routing_id` with several connections")
                .at(*place, "names the first connection only")
                .at(second.span, "another connection")
        }
    };
    report.add(
        fault
            .because("libzmq gives the id to the next connection, and aborts when one is taken")
            .help("remove it, or let the socket connect once"),
    );
}

/// libzmq takes 255 bytes; the name of a copy is known here.
fn check_identity(unresolved: &UnresolvedNode, socket: &UnresolvedSocket, report: &mut Report<'_>) {
    let Some((bytes, place)) = &socket.identity else { return };
    let Some((instance, replica)) = unresolved.spec.instances().last() else { return };
    let length = identity_of(bytes, &instance, replica).len();
    if bytes.len() <= 255 && length > 255 {
        report.add(
            Diagnostic::new(Code::OutOfRange, "an identity has 1 to 255 bytes, no zero first")
                .at(*place, format!("that of {instance} has {length} bytes"))
                .help("write a shorter text"),
        );
    }
}

fn check_replicas(unresolved: &UnresolvedNode, socket: &UnresolvedSocket, report: &mut Report<'_>) {
    let (Some(count), Some(place)) = (unresolved.spec.replicas, unresolved.replicas_span) else {
        return;
    };
    if count.get() < 2 {
        return;
    }
    for target in &socket.targets {
        let Some(bound) = target.bound().filter(|bound| !bound.is_wildcard()) else { continue };
        report.add(
            Diagnostic::new(Code::ReplicasBind, "copies of a node that bind one endpoint")
                .at(target.span, format!("{} can be bound once", bound.as_str()))
                .at(place, format!("but there are {count} copies"))
                .because("the second copy would fail with `Address already in use`")
                .help("let the copies connect and the other end bind, or bind `tcp://127.0.0.1:*`"),
        );
    }
    if let Some((bytes, identity)) = &socket.identity
        && !differs_by_copy(bytes)
    {
        report.add(
            Diagnostic::new(Code::Conflict, "copies of a node with one identity")
                .at(*identity, "every copy would bear it")
                .at(place, format!("and there are {count} copies"))
                .because("a ROUTER ignores the second peer of one routing id")
                .help("write `${replica}` into it, which is each copy's own name"),
        );
    }
}

/// STREAM speaks no ZMTP, which WebSocket and inproc links are made of.
fn check_stream(socket: &UnresolvedSocket, report: &mut Report<'_>) {
    let Some((Role::Stream, place)) = socket.role else { return };
    for target in &socket.targets {
        let (TargetKind::Bind(endpoint) | TargetKind::Connect(endpoint)) = &target.to else {
            continue;
        };
        if matches!(endpoint.transport(), Transport::Ws | Transport::Inproc) {
            let scheme = endpoint.transport().scheme();
            report.add(
                Diagnostic::new(Code::BadEndpoint, format!("a stream has no {scheme}:// endpoint"))
                    .at(target.span, "not a stream of bytes")
                    .at(place, "the role")
                    .because("a STREAM socket speaks raw TCP to programs that know no ZeroMQ")
                    .help("use a tcp:// endpoint"),
            );
        }
    }
}

/// libzmq asserts that the ZAP handler's socket can answer.
fn check_zap_handler(socket: &UnresolvedSocket, report: &mut Report<'_>) {
    let Some((role, place)) = socket.role else { return };
    if matches!(role, Role::Rep | Role::Router) {
        return;
    }
    let mut targets = socket.targets.iter();
    let Some(target) = targets.find(|target| target.bound().is_some_and(Endpoint::is_zap)) else {
        return;
    };
    let fault = Diagnostic::new(Code::BadEndpoint, format!("a {role} cannot be the ZAP handler"))
        .at(place, "the role")
        .at(target.span, "where libzmq asks who may connect")
        .because("a ZAP handler answers questions, and libzmq aborts when it finds another role")
        .help("make it a rep, or bind another endpoint");
    report.add_with_fix(fault, place, "rep");
}

/// One endpoint of one socket.
#[derive(Clone, Copy)]
struct End<'a> {
    socket: &'a UnresolvedSocket,
    span: Span,
    node: &'a UnresolvedNode,
}

fn check_endpoints(unresolved: &[UnresolvedNode], report: &mut Report<'_>) {
    let ends = || {
        unresolved.iter().flat_map(|node| {
            node.sockets.iter().flat_map(move |socket| {
                socket.targets.iter().map(move |target| (node, socket, target))
            })
        })
    };
    let mut bound: Meeting<'_, End<'_>> = Meeting::default();
    for (node, socket, target) in ends() {
        let Some(endpoint) = target.bound() else { continue };
        let end = End { socket, span: target.span, node };
        match bound.binder_in_the_way(endpoint) {
            Some(first) => report_two_binders(endpoint, first, &end, report),
            None => bound.bind(endpoint, end),
        }
    }
    let mut told = HashSet::new();
    for (_, socket, target) in ends() {
        let TargetKind::Connect(endpoint) = &target.to else { continue };
        if is_private(endpoint)
            && all_are_read(unresolved)
            && bound.reached_by(endpoint).next().is_none()
        {
            report_nobody_binds(endpoint, target.span, report);
        }
        for (_, other) in bound.reached_by(endpoint) {
            check_link(socket, target.span, other, &mut told, report);
        }
    }
}

/// Whether only this process can reach it.
fn is_private(endpoint: &Endpoint) -> bool {
    endpoint.transport() == Transport::Inproc
}

/// Whether every endpoint could be read, so that what seems missing is missing.
fn all_are_read(unresolved: &[UnresolvedNode]) -> bool {
    let sockets = || unresolved.iter().flat_map(|node| &node.sockets);
    unresolved.iter().all(|node| !node.has_unread_sockets)
        && sockets().all(|socket| !socket.has_unread_targets)
}

fn report_nobody_binds(endpoint: &Endpoint, place: Span, report: &mut Report<'_>) {
    report.add(
        Diagnostic::new(Code::NobodyBinds, format!("nobody binds {}", endpoint.as_str()))
            .at(place, "connects to it")
            .because("an inproc:// endpoint is seen by this topology only, and none of its sockets binds it")
            .help("let the socket at the other end bind it"),
    );
}

fn report_two_binders(
    endpoint: &Endpoint,
    first: &End<'_>,
    second: &End<'_>,
    report: &mut Report<'_>,
) {
    let text = endpoint.as_str();
    report.add(
        Diagnostic::new(Code::TwoBinders, format!("{text} is bound twice"))
            .at(second.span, format!("bound again by `{}`", second.node.spec.name))
            .at(first.span, format!("first bound by `{}`", first.node.spec.name))
            .because(
                "an endpoint belongs to one socket; the second bind fails, or over ipc steals it",
            )
            .help("give one of them another endpoint, or let it connect"),
    );
}

fn check_link(
    socket: &UnresolvedSocket,
    span: Span,
    other: &End<'_>,
    told: &mut HashSet<(Span, Span)>,
    report: &mut Report<'_>,
) {
    let (Some(mine), Some(theirs)) = (socket.role, other.socket.role) else { return };
    if !can_talk(socket, other.socket) && told.insert((span, other.span)) {
        report.add(cannot_talk(span, mine, theirs));
    }
}
