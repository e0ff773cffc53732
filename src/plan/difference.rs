//! The differences of two nodes of one name, and of two sockets of one name.
//!
//! Owns the reasons why a change is live, re-attaches or rebuilds. Pure.

use std::collections::BTreeSet;

use super::{Change, How};
use crate::script::{Handlers, ScriptText};
use crate::topology::{Attachment, Filter, NodeSpec, SocketSpec};
use crate::zeromq::{Effective, OptionName, OptionValue};

const BETWEEN_MESSAGES: &str = "taken over between two messages";

/// Whether a socket has to be replaced to become another.
pub(crate) fn needs_rebuild(from: &SocketSpec, to: &SocketSpec) -> bool {
    of_sockets(from, to).iter().any(|change| change.how == How::Rebuild)
}

/// Every change between two nodes of one name; the places where handlers are written do not count.
pub(super) fn of_nodes(from: &NodeSpec, to: &NodeSpec) -> Vec<Change> {
    let mut changes = Vec::new();
    let mut live = |differs: bool, what: &str| {
        if differs {
            changes.push(node_change(what, How::Live, BETWEEN_MESSAGES));
        }
    };
    live(!same_text(from.script.as_ref(), to.script.as_ref()), "handlers");
    live(from.every != to.every, "every");
    live(from.timers != to.timers, "timers");
    live(from.params != to.params, "params");
    live(from.read != to.read, "read");
    live(from.write != to.write, "write");
    live(from.on_error != to.on_error, "on_error");
    live(from.state_limit != to.state_limit, "state_limit");
    live(from.description != to.description, "description");
    live(named_forwards(from) != named_forwards(to), "forward");
    if from.replicas != to.replicas {
        let count = |node: &NodeSpec| node.instances().count();
        let what = format!("replicas {} → {}", count(from), count(to));
        changes.push(node_change(&what, How::Live, "copies come and go, the others stay"));
    }
    if from.isolate != to.isolate {
        changes.push(node_change("isolate", How::Rebuild, "the node moves to another thread"));
    }
    for socket in &to.sockets {
        match from.sockets.iter().find(|before| before.name == socket.name) {
            Some(before) => changes.extend(of_sockets(before, socket)),
            None => changes.push(socket_change(&socket.name, "new", How::Live, "a socket more")),
        }
    }
    let gone = from.sockets.iter().filter(|old| !to.sockets.iter().any(|new| new.name == old.name));
    changes.extend(
        gone.map(|old| socket_change(&old.name, "removed", How::ReAttach, "drained first")),
    );
    changes
}

fn of_sockets(from: &SocketSpec, to: &SocketSpec) -> Vec<Change> {
    let mut changes = Vec::new();
    let mut add = |what: String, how, why| changes.push(socket_change(&to.name, &what, how, why));
    if from.role != to.role {
        add(format!("role {} → {}", from.role, to.role), How::Rebuild, "another socket type");
    }
    if from.identity != to.identity {
        add("identity".into(), How::Rebuild, "peers hear a routing id only when they connect");
    }
    for (name, old, new) in
        [("send", from.hwm.send, to.hwm.send), ("receive", from.hwm.receive, to.hwm.receive)]
    {
        if old != new {
            let why = "changed on a live socket, a full queue can stall for ever";
            add(format!("hwm.{name} {old} → {new}"), How::Rebuild, why);
        }
    }
    for (name, how, why) in option_changes(from, to) {
        add(format!("options.{}", name.0), how, why);
    }
    match (from.asks_zap, to.asks_zap) {
        (false, true) if from.lets_in_unasked() => {
            let why = "peers that came in unasked have to knock again";
            add("asks the ZAP handler".into(), How::Rebuild, why);
        }
        (false, true) => {
            let why = "without one it let nobody in";
            add("asks the ZAP handler".into(), How::Live, why);
        }
        (true, false) => {
            let why = "who is connected stays so";
            add("no longer asks a ZAP handler".into(), How::Live, why);
        }
        (true, true) | (false, false) => {}
    }
    for (differs, what) in [
        (from.linger != to.linger, "linger"),
        (from.msgid != to.msgid, "msgid"),
        (from.format != to.format, "format"),
        (from.when_full != to.when_full, "when_full"),
        (from.sequence != to.sequence, "sequence"),
    ] {
        if differs {
            add(what.into(), How::Live, "libzmq or the runner takes it at once");
        }
    }
    let (old, new) = (filters(from), filters(to));
    for filter in new.difference(&old) {
        add(format!("subscribe {}", filter_text(filter)), How::Live, "connections stay");
    }
    for filter in old.difference(&new) {
        add(format!("unsubscribe {}", filter_text(filter)), How::Live, "connections stay");
    }
    for attachment in to.attachments.iter().filter(|one| !from.attachments.contains(one)) {
        add(format!("+ {}", attachment_text(attachment)), How::ReAttach, "the socket stays");
    }
    for attachment in from.attachments.iter().filter(|one| !to.attachments.contains(one)) {
        add(format!("- {}", attachment_text(attachment)), How::ReAttach, "the socket stays");
    }
    changes
}

fn option_changes(from: &SocketSpec, to: &SocketSpec) -> Vec<(OptionName, How, &'static str)> {
    let names: BTreeSet<&OptionName> = from.options.keys().chain(to.options.keys()).collect();
    names
        .into_iter()
        .filter(|name| from.options.get(name) != to.options.get(name))
        .map(|name| {
            let (how, why) = option_how(*name, to.options.get(name));
            (*name, how, why)
        })
        .collect()
}

fn option_how(name: OptionName, value: Option<&OptionValue>) -> (How, &'static str) {
    // An option that is taken away goes back to libzmq's default, where that is a number.
    let settable = value.is_some() || name.option().default.is_some();
    match (name.option().effective, settable) {
        // The runner keeps ROUTER_MANDATORY on underneath, and only acts otherwise.
        (Effective::Live, _) if name.0 == "router_mandatory" => (How::Live, BETWEEN_MESSAGES),
        (Effective::Live, true) => (How::Live, "libzmq takes it at once"),
        (Effective::NextPeer, true) => (How::Live, "it holds for peers that come later"),
        (Effective::Rebuild, _) => {
            (How::Rebuild, "libzmq copies it when an endpoint is bound or connected")
        }
        (_, false) => (How::Rebuild, "libzmq has no call that sets an option back"),
    }
}

fn filters(socket: &SocketSpec) -> BTreeSet<&Filter> {
    socket.filters.iter().collect()
}

fn filter_text(filter: &Filter) -> String {
    match filter {
        Filter::Msgid(id) => id.to_string(),
        Filter::Topic(topic) => format!("{:?}", String::from_utf8_lossy(topic)),
    }
}

fn attachment_text(attachment: &Attachment) -> String {
    match attachment {
        Attachment::Bind(endpoint) => format!("bind {endpoint}"),
        Attachment::Connect(endpoint) => format!("connect {endpoint}"),
        Attachment::ConnectNode { node, endpoint, .. } => format!("connect {node} at {endpoint}"),
    }
}

/// Forwards by the sockets' names, since their places may shift.
fn named_forwards(node: &NodeSpec) -> Vec<(&str, &str, bool, Option<&str>)> {
    let name = |place: usize| node.sockets[place].name.as_str();
    node.forwards
        .iter()
        .map(|pair| (name(pair.from), name(pair.to), pair.both_ways, node.capture.map(name)))
        .collect()
}

fn same_text(from: Option<&ScriptText>, to: Option<&ScriptText>) -> bool {
    match (from, to) {
        (None, None) => true,
        (Some(from), Some(to)) => {
            let handlers = match (&from.handlers, &to.handlers) {
                (Handlers::File(old), Handlers::File(new)) => old == new && from.path == to.path,
                (Handlers::Inline(old), Handlers::Inline(new)) => {
                    old.len() == new.len()
                        && old
                            .iter()
                            .zip(new)
                            .all(|(old, new)| old.name == new.name && old.body == new.body)
                }
                _ => false,
            };
            handlers && from.modules == to.modules
        }
        _ => false,
    }
}

fn node_change(what: &str, how: How, why: &'static str) -> Change {
    Change { socket: None, what: what.to_owned(), how, why }
}

fn socket_change(socket: &str, what: &str, how: How, why: &'static str) -> Change {
    Change { socket: Some(socket.to_owned()), what: what.to_owned(), how, why }
}
