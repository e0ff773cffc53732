//! What handlers do with sockets and params that the node does not have.
//!
//! Owns the rules about calls of the contract's functions with literal arguments. A script that
//! several nodes share is faulty only where it is so in each of them.

use crate::diagnostic::{Code, Diagnostic};
use crate::message::Format;
use crate::nearest::{nearest, one_of};
use crate::script::{Call, Literal, Refusal, Socket, Survey};
use crate::source::Span;
use crate::topology::{Link, LinkEnd, NodeSpec, SocketSpec};
use crate::zeromq::Role;

use super::subject::Graph;
use super::survey::span_of;

pub(super) fn check(graph: &Graph<'_>, findings: &mut Vec<Diagnostic>) {
    for (survey, names) in graph.subject.surveys.shared() {
        let nodes = graph.nodes(names);
        if nodes.is_empty() {
            continue;
        }
        let defines = |name: &str| survey.functions.iter().any(|function| function.name == name);
        let calls = survey.calls.iter().filter(|call| !call.on_value && call.module.is_none());
        for call in calls.filter(|call| !defines(&call.name)) {
            findings.extend(check_socket(graph, call, &nodes));
            findings.extend(check_param(graph, call, &nodes));
        }
    }
    for (at, node) in graph.topology.nodes.iter().enumerate() {
        let Some(survey) = graph.subject.surveys.of(&node.name) else { continue };
        for socket in 0..node.sockets.len() {
            let end = LinkEnd { node: at, socket };
            findings.extend(check_first_message(graph, end, survey));
            check_delimiters(graph, end, survey, findings);
            check_returned(graph, end, survey, findings);
            findings.extend(check_early_publish(graph, end, survey));
        }
    }
}

impl Socket for SocketSpec {
    fn name(&self) -> &str {
        &self.name
    }

    fn role(&self) -> Role {
        self.role
    }

    fn format(&self) -> Format {
        self.format
    }
}

fn check_socket(graph: &Graph<'_>, call: &Call, nodes: &[&NodeSpec]) -> Option<Diagnostic> {
    let refusals: Option<Vec<Refusal>> =
        nodes.iter().map(|node| call.refusal(&node.sockets)).collect();
    let Refusal { socket, why, advice } = refusals?.into_iter().next()?;
    let span = span_of(&call.site, graph.subject.sources)?;
    let node = nodes.first()?;
    let meant = socket.map(|at| node.sockets[at].name.as_str()).or_else(|| call.named_socket());
    let message = match meant {
        Some(name) => format!("`{}` cannot use the socket `{name}`", call.name),
        None if call.usable(&node.sockets).next().is_none() => {
            format!("no socket of `{}` can `{}`", node.name, call.name)
        }
        None => format!("`{}` cannot tell or find its socket", call.name),
    };
    let finding = Diagnostic::new(Code::SendsNowhere, message)
        .at(span, "the handler fails here")
        .because(format!("in `{}`: {why}", node.name));
    let sockets = || nodes.iter().flat_map(|node| &node.sockets).map(|socket| socket.name.as_str());
    let misspelt = call.named_socket().filter(|name| !sockets().any(|socket| socket == *name));
    if let Some(meant) = misspelt.and_then(|name| nearest(name, sockets())) {
        return Some(finding.help(meant.question()));
    }
    let usable: Vec<&str> = call.usable(&node.sockets).map(|at| &*node.sockets[at].name).collect();
    Some(finding.help(if usable.is_empty() {
        advice.to_owned()
    } else {
        format!("name the socket that is meant: {}", one_of(usable))
    }))
}

fn check_param(graph: &Graph<'_>, call: &Call, nodes: &[&NodeSpec]) -> Option<Diagnostic> {
    let (("param", [Some(Literal::Text(name))]), span) = (
        (call.name.as_str(), call.arguments.as_slice()),
        span_of(&call.site, graph.subject.sources)?,
    ) else {
        return None;
    };
    if nodes.iter().any(|node| node.params.contains_key(name)) {
        return None;
    }
    let finding = Diagnostic::new(Code::ParamMissing, format!("no `params` give `{name}`"))
        .at(span, "the handler fails here")
        .because(format!("`param(\"{name}\")` without a default wants the node to give it"));
    let given = nodes.iter().flat_map(|node| node.params.keys()).map(String::as_str);
    Some(match nearest(name, given) {
        Some(meant) => finding.help(meant.question()),
        None => finding.help(format!(
            "write `params: {{{name}: …}}` in the node, or `param(\"{name}\", default)`"
        )),
    })
}

/// Calls that send on a socket, by name or as the one that is meant without.
fn sends_on<'s>(
    survey: &'s Survey,
    node: &'s NodeSpec,
    socket: usize,
) -> impl Iterator<Item = &'s Call> {
    let calls = survey.calls.iter().filter(|call| call.module.is_none() && !call.on_value);
    calls.filter(move |call| call.sends_on(&node.sockets) == Some(socket))
}

/// What a router sends unasked goes to an id that may not be there.
fn check_first_message(graph: &Graph<'_>, end: LinkEnd, survey: &Survey) -> Option<Diagnostic> {
    let node = &graph.topology.nodes[end.node];
    let socket = &node.sockets[end.socket];
    if socket.role != Role::Router || socket.options.keys().any(|name| name.0 == "router_mandatory")
    {
        return None;
    }
    // An id that is not written out came from a message: its peer was there.
    let is_first_word = |call: &&Call| {
        call.frames.as_ref().is_some_and(|frames| frames.first().is_some_and(Option::is_some))
    };
    let call = sends_on(survey, node, end.socket).find(is_first_word)?;
    let span = span_of(&call.site, graph.subject.sources)?;
    Some(
        Diagnostic::new(Code::UnroutableVanishes, "a router that speaks first")
            .at(span, "to a peer that may not be there")
            .at(graph.written.socket(end), "without `router_mandatory`")
            .because("a message to a routing id that is not connected is dropped, and only counted")
            .help(
                "write `options: {router_mandatory: true}` to have each told as an error, or false",
            ),
    )
}

/// The roles at the other ends of a socket's links inside the file.
fn peers(graph: &Graph<'_>, end: LinkEnd) -> Vec<Role> {
    let role = |end: LinkEnd| graph.topology.nodes[end.node].sockets[end.socket].role;
    let other = |link: &Link| if link.connecter == end { link.binder } else { link.connecter };
    graph.links_of(end).map(|link| role(other(link))).collect()
}

/// A REQ and a REP know their messages by the empty frame before them.
fn check_delimiters(
    graph: &Graph<'_>,
    end: LinkEnd,
    survey: &Survey,
    findings: &mut Vec<Diagnostic>,
) {
    let node = &graph.topology.nodes[end.node];
    if node.sockets[end.socket].role != Role::Router {
        return;
    }
    let peers = peers(graph, end);
    let want_one = |role: &Role| matches!(role, Role::Req | Role::Rep);
    if peers.is_empty() || !peers.iter().all(want_one) {
        return;
    }
    let lacks = |frames: &[Option<Literal>]| match frames {
        [_, second, _, ..] => {
            second.as_ref().is_some_and(|second| *second != Literal::Text(String::new()))
        }
        [_, _] => true,
        _ => false,
    };
    for call in sends_on(survey, node, end.socket) {
        if call.name == "publish" || !call.frames.as_deref().is_some_and(lacks) {
            continue;
        }
        let Some(span) = span_of(&call.site, graph.subject.sources) else { continue };
        let (why, peer) = if peers.contains(&Role::Req) {
            ("a REQ closes the connection over an answer without one, and waits for ever", "req")
        } else {
            ("a REP throws away a request without one", "rep")
        };
        findings.push(
            Diagnostic::new(Code::DelimiterMissing, format!("a message to a {peer} without its delimiter"))
                .at(span, "the frame behind the id is not empty")
                .at(graph.written.socket(end), format!("its peers are of role {peer}"))
                .because(why)
                .help("put an empty frame behind the id: `[id, \"\", text]`; `reply(msg, v)` does by itself"),
        );
    }
}

/// What a handler gives back goes to the sender by itself, whose id is put before it.
fn check_returned(
    graph: &Graph<'_>,
    end: LinkEnd,
    survey: &Survey,
    findings: &mut Vec<Diagnostic>,
) {
    let node = &graph.topology.nodes[end.node];
    let socket = &node.sockets[end.socket];
    if !socket.role.routes() {
        return;
    }
    let own = format!("on_{}", socket.name);
    for returned in &survey.returned_senders {
        let is_for_it =
            returned.handler == own || (returned.handler == "on_message" && !survey.defines(&own));
        let span = span_of(&returned.site, graph.subject.sources).filter(|_| is_for_it);
        let Some(span) = span else { continue };
        findings.push(
            Diagnostic::new(Code::SenderTwice, "an answer that names its receiver twice")
                .at(span, "given back, so it goes to the sender by itself")
                .because(format!(
                    "a {} puts the sender's id before what its handler gives back, so the peer gets \
                     its own id as the first frame",
                    socket.role
                ))
                .help("leave the id out, or send it: `send([msg.sender, …])`"),
        );
    }
}

/// Outside this file nobody waits until the subscribers are there.
fn check_early_publish(graph: &Graph<'_>, end: LinkEnd, survey: &Survey) -> Option<Diagnostic> {
    let node = &graph.topology.nodes[end.node];
    let socket = &node.sockets[end.socket];
    if !socket.role.publishes() || is_private(socket) {
        return None;
    }
    let call = sends_on(survey, node, end.socket).find(|call| {
        survey.function_at(&call.site).is_some_and(|function| function.name == "on_start")
    })?;
    if graph.links_of(end).next().is_some() {
        return None;
    }
    let span: Span = span_of(&call.site, graph.subject.sources)?;
    Some(
        Diagnostic::new(Code::PublishesTooEarly, "published before anybody can have subscribed")
            .at(span, "at the start")
            .at(graph.written.socket(end), "no subscriber of it is in this file")
            .because(
                "the start waits for links inside the file only; to everybody else a publisher \
                 drops what it sends before their subscriptions have come",
            )
            .help("publish on a tick or when `on_peer` says `subscribed`"),
    )
}

/// Whether only this process could reach it: then it is told that nobody does.
fn is_private(socket: &SocketSpec) -> bool {
    socket.binds().all(|endpoint| endpoint.transport() == crate::zeromq::Transport::Inproc)
        && socket.binds().next().is_some()
}
