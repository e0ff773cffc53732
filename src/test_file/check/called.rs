//! `call`: one handler alone.
//!
//! Owns which handler of which node is meant, and what it can be called with.

use crate::diagnostic::{Code, Diagnostic};
use crate::document::{Entry, Mapping, Node};
use crate::nearest::one_of;
use crate::script::{Offered, argument_of};
use crate::topology::reading::{Report, value};
use crate::topology::{NodeSpec, SocketSpec};

use super::super::known;
use super::super::spec::{CallSpec, MessageSpec};
use super::context::Context;
use super::keys::{map_of, needed};
use super::message;
use super::places::{self, End, Spot, Who};

/// Reads `call`.
pub(super) fn read(
    entry: &Entry,
    context: &Context<'_>,
    report: &mut Report<'_>,
) -> Option<CallSpec> {
    let mapping = map_of(entry, report)?;
    let node = needed("node", entry, mapping, report);
    let named = node.and_then(|node| {
        let (name, spot) = places::read("node", node, Who::Nodes, context, report)?;
        places::no_program(node, spot, "its program's handlers are not ours", report)?;
        Some((name, spot))
    });
    let spot = named.as_ref().map_or(Spot::Unknown, |(_, spot)| *spot);
    let socket = read_socket(mapping, spot, report);
    let handler = read_handler(entry, mapping, node, spot, socket.as_ref(), context, report);
    let message = read_message(mapping, handler.as_deref(), spot, socket.as_ref(), context, report);
    let mut json = |key: &str| match mapping.get(key) {
        None => Some(None),
        Some(node) => message::read_json(key, node, report).map(Some),
    };
    let (state, returns, this) = (json("state"), json("returns"), json("this"));
    check_map("state", mapping, state.as_ref(), report);
    check_map("this", mapping, this.as_ref(), report);
    let sends = mapping.get("sends").map(|node| read_sends(node, report));
    Some(CallSpec {
        node: named?.0,
        handler: handler?,
        socket: socket?,
        message: message?,
        state: state?,
        returns: returns?,
        sends: sends.map_or(Some(None), |sends| sends.map(Some))?,
        this: this?,
    })
}

/// `socket`. Nothing where it cannot be read.
fn read_socket(
    mapping: &Mapping,
    spot: Spot<'_>,
    report: &mut Report<'_>,
) -> Option<Option<String>> {
    let Some(node) = mapping.get("socket") else { return Some(None) };
    let name = value::text("socket", node, report)?;
    let Some(spec) = spot.node().filter(|spec| spec.socket(&name).is_none()) else {
        return Some(Some(name));
    };
    let names = || spec.sockets.iter().map(|socket| socket.name.as_str());
    let fault =
        Diagnostic::new(Code::UnknownNode, format!("`{}` has no socket `{name}`", spec.name))
            .at(node.span, "no such socket");
    match report.nearest(&name, names()) {
        Some(meant) => {
            report.add_with_fix(fault.help(meant.question()), node.span, meant.first());
        }
        None => report.add(fault.help(format!("its sockets: {}", one_of(names())))),
    }
    None
}

/// The socket that the message is of: the one that is named, or the first that receives.
fn socket_of<'s>(spec: &'s NodeSpec, socket: Option<&Option<String>>) -> Option<&'s SocketSpec> {
    match socket.and_then(Option::as_deref) {
        Some(name) => spec.sockets.iter().find(|socket| socket.name == name),
        None => spec.sockets.iter().find(|socket| socket.role.receives()),
    }
}

fn read_handler(
    entry: &Entry,
    mapping: &Mapping,
    node: Option<&Node>,
    spot: Spot<'_>,
    socket: Option<&Option<String>>,
    context: &Context<'_>,
    report: &mut Report<'_>,
) -> Option<String> {
    let written = mapping.get("handler").map(|node| value::text("handler", node, report));
    let written = written.map_or(Some(None), |written| written.map(Some))?;
    let Some(spec) = spot.node() else {
        return Some(written.unwrap_or_else(|| "on_message".to_owned()));
    };
    let survey = context.tested.surveys.and_then(|surveys| surveys.of(&spec.name));
    let handlers: Vec<&str> = survey
        .into_iter()
        .flat_map(|survey| &survey.functions)
        .filter(|function| function.name.starts_with("on_") && !function.in_module)
        .map(|function| function.name.as_str())
        .collect();
    let has = |name: &str| handlers.contains(&name);
    let of_socket = socket_of(spec, socket).map(|socket| format!("on_{}", socket.name));
    let meant = match &written {
        Some(written) => written.clone(),
        // A handler of the socket comes before that of all.
        None => of_socket.filter(|handler| has(handler)).unwrap_or_else(|| "on_message".to_owned()),
    };
    if has(&meant) || context.tested.surveys.is_none() {
        return Some(meant);
    }
    let place = mapping.get("handler").or(node).map_or(entry.key.span, |node| node.span);
    let message = format!("`{}` has no handler `{meant}`", spec.name);
    let fault = Diagnostic::new(Code::NoSuchHandler, message).at(place, "nothing to call");
    match report.nearest(&meant, handlers.iter().copied()) {
        Some(near) if written.is_some() => {
            report.add_with_fix(fault.help(near.question()), place, near.first());
        }
        _ if handlers.is_empty() => {
            report.add(fault.because("it has no handlers").help("name a node with handlers"));
        }
        _ => {
            let all = one_of(handlers.iter().copied());
            report.add(fault.help(format!("write `handler:` and one of {all}")));
        }
    }
    None
}

fn read_message(
    mapping: &Mapping,
    handler: Option<&str>,
    spot: Spot<'_>,
    socket: Option<&Option<String>>,
    context: &Context<'_>,
    report: &mut Report<'_>,
) -> Option<MessageSpec> {
    let takes = handler.map(argument_of);
    let given = mapping.entries.iter().find(|entry| known::MESSAGE.contains(&&*entry.key.text));
    if let (Some(""), Some(given), Some(handler)) = (takes, given, handler) {
        report.add(
            Diagnostic::new(Code::NotHere, format!("`{handler}` is called with nothing"))
                .at(given.key.span, "it would see nothing of this")
                .because("only handlers of messages, lines, timers and peers are told something")
                .help("remove it, or put what it needs into `state`"),
        );
        return None;
    }
    let end = spot
        .node()
        .filter(|_| takes == Some("msg"))
        .and_then(|spec| socket_of(spec, socket))
        .map(End::from);
    let message = message::read(mapping, end, context, report)?;
    let is_text = matches!(message.value, Offered::Text(_)) && message.frames.is_none();
    if let (Some("line" | "name"), false, Some(given)) = (takes, is_text, given) {
        report.add(
            Diagnostic::new(Code::NotHere, format!("`{}` takes a text", handler.unwrap_or("it")))
                .at(given.key.span, "this is a message's")
                .because("a line and the name of a timer are texts")
                .help("write `text:`"),
        );
        return None;
    }
    Some(message)
}

/// Reports what a state cannot be.
fn check_map(
    key: &str,
    mapping: &Mapping,
    read: Option<&Option<serde_json::Value>>,
    report: &mut Report<'_>,
) {
    if let (Some(Some(value)), Some(node)) = (read, mapping.get(key))
        && !value.is_object()
    {
        let help = format!("write `{key}: {{count: 1}}`: what `this` has, by its keys");
        value::wrong(key, node, "a map", &help, report);
    }
}

fn read_sends(node: &Node, report: &mut Report<'_>) -> Option<Vec<serde_json::Value>> {
    let Some(items) = node.as_sequence() else {
        let help = "write a list of all bodies in order, or `[]` if it sends nothing";
        value::wrong("sends", node, "a list", help, report);
        return None;
    };
    let read: Vec<_> =
        items.iter().filter_map(|item| message::read_json("sends", item, report)).collect();
    (read.len() == items.len()).then_some(read)
}
