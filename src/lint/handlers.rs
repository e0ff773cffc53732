//! Handlers that are never called, timers that nobody hears, properties that messages lack.
//!
//! Owns which handlers a node can call. A script that several nodes share is faulty only where it
//! is so in each of them.

use std::borrow::Cow;

use crate::diagnostic::{Code, Diagnostic};
use crate::message::Format;
use crate::nearest::nearest;
use crate::script::{Function, Survey};
use crate::source::Span;
use crate::topology::{NodeSpec, keys};

use super::subject::Graph;
use super::survey::span_of;

pub(super) fn check(graph: &Graph<'_>, findings: &mut Vec<Diagnostic>) {
    for (survey, names) in graph.subject.surveys.shared() {
        let nodes = graph.nodes(names);
        for function in &survey.functions {
            findings.extend(check_called(graph, survey, function, &nodes));
            findings.extend(check_name(graph, survey, function, &nodes));
        }
        check_after(graph, survey, findings);
        check_properties(graph, survey, &nodes, findings);
        findings.extend(check_overwritten(graph, survey, names));
    }
    for node in 0..graph.topology.nodes.len() {
        check_timers(graph, node, findings);
    }
}

/// Why a node would never call a handler; nothing where it may.
fn uncalled(node: &NodeSpec, survey: &Survey, handler: &str) -> Option<String> {
    let why = match handler {
        "on_start" | "on_stop" | "on_reload" | "on_peer" => return None,
        "on_tick" if node.every.is_some() => return None,
        "on_tick" => "`every` is not set".to_owned(),
        "on_idle" if node.idle.is_some() => return None,
        "on_idle" => "`idle` is not set".to_owned(),
        "on_timer" if !node.timers.is_empty() => return None,
        "on_timer" if survey.calls_of("after").next().is_some() => return None,
        "on_timer" => "there are no `timers`, and nothing calls `after`".to_owned(),
        "on_line" | "on_end" if node.read.is_some() => return None,
        "on_line" | "on_end" => "there is no `read`".to_owned(),
        "on_message" => return unmessaged(node, survey),
        _ => {
            let name = handler.strip_prefix("on_").unwrap_or(handler);
            match node.socket(name) {
                None => format!("there is no socket `{name}`"),
                Some(socket) if !node.sockets[socket].role.receives() => {
                    format!("a {} receives nothing", node.sockets[socket].role)
                }
                Some(socket) if is_forwarded(node, socket) => {
                    format!("`forward` takes the messages of `{name}`")
                }
                Some(_) => return None,
            }
        }
    };
    Some(why)
}

fn is_forwarded(node: &NodeSpec, socket: usize) -> bool {
    node.forwards.iter().any(|forward| forward.takes_from(socket))
}

fn unmessaged(node: &NodeSpec, survey: &Survey) -> Option<String> {
    let mut receiving = (0..node.sockets.len())
        .filter(|&at| node.sockets[at].role.receives() && !is_forwarded(node, at))
        .peekable();
    if receiving.peek().is_none() {
        return Some("no socket of this node receives for a handler".to_owned());
    }
    let mut others =
        receiving.filter(|&at| !survey.defines(&format!("on_{}", node.sockets[at].name)));
    match others.next() {
        Some(_) => None,
        None => Some("every socket that receives has a handler of its own".to_owned()),
    }
}

fn check_called(
    graph: &Graph<'_>,
    survey: &Survey,
    function: &Function,
    nodes: &[&NodeSpec],
) -> Option<Diagnostic> {
    let name = function.name.as_str();
    let is_called = || survey.calls.iter().any(|call| call.name == name);
    if function.in_module || !name.starts_with("on_") || nodes.is_empty() {
        return None;
    }
    let reasons: Option<Vec<String>> =
        nodes.iter().map(|node| uncalled(node, survey, name)).collect();
    let why = reasons?.into_iter().next().filter(|_| !is_called())?;
    let names = handler_names(nodes);
    let known = || names.iter().map(|name| &**name);
    let span = name_of(function, graph)?;
    let finding = Diagnostic::new(Code::NeverCalled, format!("`{name}` is never called"))
        .at(span, "this handler")
        .because(why);
    if let Some(meant) = keys::other_handler(name) {
        return Some(finding.help(format!("did you mean `{meant}`?")).fix(span, meant));
    }
    let meant = if known().any(|known| known == name) { None } else { nearest(name, known()) };
    Some(match meant {
        Some(meant) => finding.help(meant.question()).fix(span, meant.first()),
        None => finding.help(match name {
            "on_tick" => "write `every: 1s` in the node, or remove the handler".to_owned(),
            "on_idle" => "write `idle: 2s` in the node, or remove the handler".to_owned(),
            "on_timer" => "write `timers` in the node, or call `after(duration, name)`".to_owned(),
            "on_line" | "on_end" => "write `read: {file: …}` in the node".to_owned(),
            "on_message" => "remove it, or give the node a socket that receives".to_owned(),
            _ => format!("name it after a socket, or after an event: {}", keys::EVENTS.join(", ")),
        }),
    })
}

/// The handlers that these nodes may have, those of events first.
fn handler_names<'n>(nodes: &[&'n NodeSpec]) -> Vec<Cow<'n, str>> {
    let events = keys::EVENTS.iter().copied().map(Cow::Borrowed);
    let sockets = nodes.iter().flat_map(|node| &node.sockets);
    events.chain(sockets.map(|socket| format!("on_{}", socket.name).into())).collect()
}

/// A function that nobody calls, with the name of a handler but for capitals and `_`.
fn check_name(
    graph: &Graph<'_>,
    survey: &Survey,
    function: &Function,
    nodes: &[&NodeSpec],
) -> Option<Diagnostic> {
    let name = function.name.as_str();
    let is_called = survey.calls.iter().any(|call| call.name == name) || survey.has_member(name);
    if function.in_module || name.starts_with("on_") || is_called || nodes.is_empty() {
        return None;
    }
    let names = handler_names(nodes);
    let free = names.iter().map(|name| &**name).filter(|name| !survey.defines(name));
    let meant = keys::other_case(name, free)?;
    let span = name_of(function, graph)?;
    Some(
        Diagnostic::new(Code::NeverCalled, format!("`{name}` is never called"))
            .at(span, "this function")
            .because(
                "the node calls its handlers, whose names are written in small letters with `_`",
            )
            .help(format!("did you mean `{meant}`?"))
            .fix(span, meant),
    )
}

/// Where a handler's name is written: last before its body, in a script and in YAML alike.
fn name_of(function: &Function, graph: &Graph<'_>) -> Option<Span> {
    let body = span_of(&function.site, graph.subject.sources)?;
    let before = graph.subject.sources.get(body.source).text().get(..body.start)?;
    let start = before.rfind(&function.name);
    Some(start.map_or(body, |start| Span::new(body.source, start, start + function.name.len())))
}

/// A state that is kept, of which nothing is left after the first call.
fn check_overwritten(graph: &Graph<'_>, survey: &Survey, names: &[String]) -> Option<Diagnostic> {
    let place = span_of(survey.overwrites.as_ref()?, graph.subject.sources)?;
    let mut nodes = names.iter().filter_map(|name| graph.places.get(name.as_str()));
    let node = *nodes.find(|&&node| graph.topology.nodes[node].persist.is_some())?;
    let entry = graph.written.node_key(node, "persist")?;
    Some(
        Diagnostic::new(Code::StateOverwritten, "`on_start` overwrites the state that is kept")
            .at(place, "sets all of `this` anew")
            .at(entry.value.span, "kept here")
            .because("`on_start` is called at each start, with the state that was kept in `this`")
            .help("set what is not there yet: `this.count = this.count ?? 0`"),
    )
}

fn check_after(graph: &Graph<'_>, survey: &Survey, findings: &mut Vec<Diagnostic>) {
    if survey.defines("on_timer") || survey.functions.iter().any(|f| f.name == "after") {
        return;
    }
    for call in survey.calls_of("after") {
        let Some(span) = span_of(&call.site, graph.subject.sources) else { continue };
        findings.push(
            Diagnostic::new(Code::TimerUnheard, "`after` without an `on_timer`")
                .at(span, "calls `on_timer` later")
                .because("the node has no such handler, so the call fails")
                .help("write `on_timer(name)`"),
        );
    }
}

fn check_timers(graph: &Graph<'_>, node: usize, findings: &mut Vec<Diagnostic>) {
    let spec = &graph.topology.nodes[node];
    let survey = graph.subject.surveys.of(&spec.name);
    let defines = |name: &str| survey.is_some_and(|survey| survey.defines(name));
    let timers = [
        ("every", "on_tick", spec.every.is_some()),
        ("timers", "on_timer", !spec.timers.is_empty()),
        ("idle", "on_idle", spec.idle.is_some()),
    ];
    for (key, handler, is_set) in timers {
        let Some(entry) = graph.written.node_key(node, key) else { continue };
        if !is_set || defines(handler) {
            continue;
        }
        findings.push(
            Diagnostic::new(Code::TimerUnheard, format!("`{key}` without an `{handler}`"))
                .at(entry.key.span, format!("calls `{handler}`"))
                .because("the node has no such handler, so nothing happens")
                .help(format!("write `{handler}`, or remove `{key}`")),
        );
    }
}

/// The formats of the messages that a handler of a node gets.
fn formats_of<'n>(
    node: &'n NodeSpec,
    survey: &'n Survey,
    handler: &'n str,
) -> impl Iterator<Item = Format> + 'n {
    let own = |name: &str| survey.defines(&format!("on_{name}"));
    node.sockets
        .iter()
        .enumerate()
        .filter(move |(at, socket)| {
            let is_meant = match handler {
                "on_message" => !own(&socket.name),
                _ => handler.strip_prefix("on_") == Some(socket.name.as_str()),
            };
            is_meant && socket.role.receives() && !is_forwarded(node, *at)
        })
        .map(|(_, socket)| socket.format)
}

fn check_properties(
    graph: &Graph<'_>,
    survey: &Survey,
    nodes: &[&NodeSpec],
    findings: &mut Vec<Diagnostic>,
) {
    for property in &survey.properties {
        let formats: Vec<Format> =
            nodes.iter().flat_map(|node| formats_of(node, survey, &property.handler)).collect();
        let Some(&format) = formats.first() else { continue };
        if formats.iter().any(|&format| format.has(&property.name)) {
            continue;
        }
        let Some(span) = span_of(&property.site, graph.subject.sources) else { continue };
        let wanted = if property.name == "topic" { "envelope" } else { "msgid" };
        let message = format!("a message of format {} has no `{}`", format.word(), property.name);
        findings.push(
            Diagnostic::new(Code::PropertyNotInFormat, message)
                .at(span, "the handler fails here")
                .because(format!("only format `{wanted}` has it"))
                .help(format!("write `format: {wanted}` at both ends, or read `msg.text`")),
        );
    }
}
