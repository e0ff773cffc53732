//! libzmq's options that do something else than they seem to, or nothing.
//!
//! Owns the rules about one socket's options and its linger. Which role has an option is the
//! checker's question.

use crate::diagnostic::{Code, Diagnostic};
use crate::document::Entry;
use crate::message::Format;
use crate::topology::{LinkEnd, SocketSpec};
use crate::zeromq::{OptionName, OptionValue, Role};

use super::subject::Graph;
use super::written::sockets;

/// A shorter heartbeat may be late by the scheduler alone.
const SHORTEST_HEARTBEAT: i32 = 100;

/// What does nothing without another option, with what that is.
const NEEDS: &[(&str, &str, &str)] = &[
    (
        "tcp_keepalive_idle",
        "tcp_keepalive",
        "only a socket that probes its connections looks at it",
    ),
    (
        "tcp_keepalive_intvl",
        "tcp_keepalive",
        "only a socket that probes its connections looks at it",
    ),
    ("tcp_keepalive_cnt", "tcp_keepalive", "only a socket that probes its connections looks at it"),
    (
        "heartbeat_timeout",
        "heartbeat_ivl",
        "without an interval no PING is sent whose answer could be late",
    ),
    (
        "heartbeat_ttl",
        "heartbeat_ivl",
        "it travels with the PING, and without an interval none is sent",
    ),
    ("zap_enforce_domain", "zap_domain", "without a domain there is nothing to enforce"),
];

pub(super) fn check(graph: &Graph<'_>, findings: &mut Vec<Diagnostic>) {
    for (end, socket) in sockets(graph.topology) {
        findings.extend(check_reconnect(graph, end, socket));
        findings.extend(check_reconnect_max(graph, end, socket));
        findings.extend(check_linger(graph, end, socket));
        findings.extend(check_heartbeat(graph, end, socket));
        findings.extend(check_conflate(graph, end, socket));
        findings.extend(check_proxy(graph, end, socket));
        check_effect(graph, end, socket, findings);
    }
}

/// The value of an option that is a number, if it is set.
pub(super) fn number(socket: &SocketSpec, name: &'static str) -> Option<i32> {
    match socket.options.get(&OptionName(name))? {
        OptionValue::Int(number) => Some(*number),
        OptionValue::Long(_) | OptionValue::Bytes(_) | OptionValue::Secret(_) => None,
    }
}

fn set<'a>(
    graph: &Graph<'a>,
    end: LinkEnd,
    socket: &SocketSpec,
    name: &'static str,
) -> Option<(i32, &'a Entry)> {
    Some((number(socket, name)?, graph.written.option(end, name)?))
}

/// An XSUB counts how often it subscribed to a topic and lets go of it when it unsubscribed as often.
fn check_proxy(graph: &Graph<'_>, end: LinkEnd, socket: &SocketSpec) -> Option<Diagnostic> {
    let (1, entry) = set(graph, end, socket, "xpub_verbose")? else { return None };
    let node = &graph.topology.nodes[end.node];
    let is_proxied = node.forwards.iter().any(|forward| {
        let other = match end.socket {
            at if at == forward.from => forward.to,
            at if at == forward.to && forward.both_ways => forward.from,
            _ => return false,
        };
        node.sockets[other].role == Role::Xsub
    });
    if !is_proxied || socket.is_on("xpub_verboser") {
        return None;
    }
    Some(
        Diagnostic::new(Code::NeverUnsubscribes, "`xpub_verbose` in front of an xsub")
            .at(entry.key.span, "passes on every subscription, but only the last unsubscription")
            .because(
                "an xsub counts the subscriptions to a topic, and lets go of it when it was \
                 unsubscribed as often: publishers would go on sending what nobody takes",
            )
            .help("write `xpub_verboser: true`, which passes on both, or remove it"),
    )
}

fn check_reconnect(graph: &Graph<'_>, end: LinkEnd, socket: &SocketSpec) -> Option<Diagnostic> {
    let (0, entry) = set(graph, end, socket, "reconnect_ivl")? else { return None };
    Some(
        Diagnostic::new(Code::NeverReconnects, "a reconnect_ivl of 0 never reconnects")
            .at(entry.value.span, "not `at once`, but `never`")
            .because("libzmq takes every interval that is not above 0 for `do not reconnect`")
            .help("write a short interval such as 10ms, or -1 where never is meant"),
    )
}

fn check_reconnect_max(graph: &Graph<'_>, end: LinkEnd, socket: &SocketSpec) -> Option<Diagnostic> {
    let (most, entry) = set(graph, end, socket, "reconnect_ivl_max")?;
    let first = number(socket, "reconnect_ivl").unwrap_or(100);
    if most == 0 || most >= first {
        return None;
    }
    Some(
        Diagnostic::new(Code::WithoutEffect, "`reconnect_ivl_max` below the interval itself")
            .at(entry.value.span, format!("{most} ms, and the interval is {first} ms"))
            .because("libzmq ignores a maximum below reconnect_ivl")
            .help(format!("write more than {first}ms, or remove it")),
    )
}

fn check_linger(graph: &Graph<'_>, end: LinkEnd, socket: &SocketSpec) -> Option<Diagnostic> {
    if socket.linger.is_some() {
        return None;
    }
    let entry = graph.written.setting(end, "linger")?;
    Some(
        Diagnostic::new(Code::LingerForever, "a linger without an end")
            .at(entry.value.span, "for ever")
            .because("with a peer that is gone, the process waits for it and never ends")
            .help("write how long unsent messages are worth waiting for, such as `linger: 10s`"),
    )
}

fn check_heartbeat(graph: &Graph<'_>, end: LinkEnd, socket: &SocketSpec) -> Option<Diagnostic> {
    let (interval, entry) = set(graph, end, socket, "heartbeat_ivl")?;
    if !(1..SHORTEST_HEARTBEAT).contains(&interval) {
        return None;
    }
    Some(
        Diagnostic::new(Code::HeartbeatDanger, format!("a heartbeat every {interval} ms"))
            .at(entry.value.span, "shorter than a busy machine can keep")
            .because("a peer that is only busy is taken for dead, and its connection closed")
            .help("write at least 100ms; 1s is usual"),
    )
}

fn check_conflate(graph: &Graph<'_>, end: LinkEnd, socket: &SocketSpec) -> Option<Diagnostic> {
    if !socket.is_on("conflate") {
        return None;
    }
    let option = graph.written.option(end, "conflate")?;
    let several = if socket.sequence { Some("sequence") } else { None };
    let several = several.or((socket.format == Format::Envelope).then_some("format"))?;
    let other = graph.written.key(end, several)?;
    Some(
        Diagnostic::new(Code::ConflateMultipart, "`conflate` on messages of several frames")
            .at(option.key.span, "keeps one frame, not one message")
            .at(other.key.span, "makes messages of several frames")
            .because("CONFLATE tears a multipart message and keeps its last frame only")
            .help("remove `conflate`, or use the format `msgid` without `sequence`"),
    )
}

fn check_effect(
    graph: &Graph<'_>,
    end: LinkEnd,
    socket: &SocketSpec,
    findings: &mut Vec<Diagnostic>,
) {
    for (name, needed, why) in NEEDS {
        let is_set = socket.options.contains_key(&OptionName(name));
        let is_on = socket
            .options
            .get(&OptionName(needed))
            .is_some_and(|value| !matches!(value, OptionValue::Int(number) if *number <= 0));
        // There it has an effect, of which `authentication` tells.
        let is_told = *name == "zap_enforce_domain" && socket.is_on("curve_server");
        if !is_set || is_on || is_told {
            continue;
        }
        let Some(entry) = graph.written.option(end, name) else { continue };
        findings.push(
            Diagnostic::new(Code::WithoutEffect, format!("`{name}` without `{needed}`"))
                .at(entry.key.span, "does nothing here")
                .because(*why)
                .help(format!("set `{needed}` too, or remove it")),
        );
    }
}
