//! High-water marks that lose replies, hold nothing back, or starve subscriptions.
//!
//! Owns the rules about queues' lengths. A mark of 1 that always loses is the checker's error.

use crate::diagnostic::{Code, Diagnostic};
use crate::topology::{LinkEnd, Queue, SocketSpec};
use crate::zeromq::Role;

use super::subject::Graph;
use super::written::sockets;

/// Below this a reply can meet a queue that only looks full.
const SAFE_FOR_REPLIES: u32 = 10;

pub(super) fn check(graph: &Graph<'_>, findings: &mut Vec<Diagnostic>) {
    for (end, socket) in sockets(graph.topology) {
        findings.extend(check_replies(graph, end, socket));
        findings.extend(check_publisher(graph, end, socket));
        findings.extend(check_unlimited(graph, end, socket));
        findings.extend(check_filters(graph, end, socket));
    }
}

/// libzmq#4750: credit comes back late, so a small queue drops replies that had room.
fn check_replies(graph: &Graph<'_>, end: LinkEnd, socket: &SocketSpec) -> Option<Diagnostic> {
    let (queue, mark) = match socket.role {
        Role::Rep | Role::Router => (Queue::Send, socket.hwm.send),
        Role::Req => (Queue::Receive, socket.hwm.receive),
        Role::Dealer if may_get_replies(graph, end) => (Queue::Receive, socket.hwm.receive),
        Role::Dealer
        | Role::Pair
        | Role::Pub
        | Role::Sub
        | Role::Push
        | Role::Pull
        | Role::Xpub
        | Role::Xsub
        | Role::Stream => return None,
    };
    if !(1..SAFE_FOR_REPLIES).contains(&mark) {
        return None;
    }
    let place = graph.written.mark(end, queue)?;
    let role = socket.role;
    Some(
        Diagnostic::new(Code::HwmSmall, format!("room for {mark} replies on a {role}"))
            .at(place.span, format!("the {} mark", queue.word()))
            .at(graph.written.socket(end), graph.written.name(end))
            .because(
                "a peer's credit comes back late, so under load ZeroMQ drops replies for which \
                 there is room (libzmq#4750)",
            )
            .help(format!("write at least {SAFE_FOR_REPLIES}, or nothing")),
    )
}

/// Whether a dealer faces a router or rep, as far as this file tells.
fn may_get_replies(graph: &Graph<'_>, dealer: LinkEnd) -> bool {
    let others = graph
        .links_of(dealer)
        .map(|link| if link.connecter == dealer { link.binder } else { link.connecter });
    let mut roles = others.map(|end| graph.topology.nodes[end.node].sockets[end.socket].role);
    roles.all(|role| role != Role::Dealer)
}

fn check_publisher(graph: &Graph<'_>, end: LinkEnd, socket: &SocketSpec) -> Option<Diagnostic> {
    if !socket.role.publishes() || socket.hwm.send != 1 {
        return None;
    }
    let place = graph.written.mark(end, Queue::Send)?;
    Some(
        Diagnostic::new(
            Code::HwmOnePublisher,
            format!("a {} with room for one message", socket.role),
        )
        .at(place.span, "for each subscriber")
        .because(
            "a second message in a row is dropped for every subscriber that has not yet \
                 taken the first",
        )
        .help("write at least 10, or `when_full: wait` if nothing may be lost"),
    )
}

fn check_unlimited(graph: &Graph<'_>, end: LinkEnd, socket: &SocketSpec) -> Option<Diagnostic> {
    let queues = [
        (Queue::Send, socket.hwm.send, socket.role.sends()),
        (Queue::Receive, socket.hwm.receive, socket.role.receives()),
    ];
    let (queue, ..) = queues.into_iter().find(|(_, mark, is_used)| *mark == 0 && *is_used)?;
    let place = graph.written.mark(end, queue)?;
    Some(
        Diagnostic::new(Code::HwmUnlimited, "a queue without a limit")
            .at(place.span, "0 is no limit")
            .because("when a peer is slow or gone its queue grows until the memory is used up")
            .help("write the number of messages you are ready to keep for one peer"),
    )
}

/// libzmq#4064, #2258.
fn check_filters(graph: &Graph<'_>, end: LinkEnd, socket: &SocketSpec) -> Option<Diagnostic> {
    let mark = socket.hwm.send as usize;
    let filters = socket.filters.len();
    if !socket.role.filters() || mark == 0 || filters <= mark {
        return None;
    }
    let keys = ["msgids", "topics"].into_iter().filter_map(|key| graph.written.key(end, key));
    let first = keys.min_by_key(|entry| entry.key.span)?;
    let finding = Diagnostic::new(
        Code::FiltersBeyondHwm,
        format!("{filters} filters, and a send mark of {mark}"),
    )
    .at(first.key.span, "each is a message to the publisher");
    let finding = match graph.written.mark(end, Queue::Send) {
        Some(place) => finding.at(place.span, "room for so many"),
        None => finding,
    };
    Some(
        finding
            .because("on each (re)connect the filters beyond the mark vanish without a word")
            .help(format!(
                "write `hwm: {{send: {}}}` or more, or use fewer, shorter prefixes",
                filters + 1
            )),
    )
}
