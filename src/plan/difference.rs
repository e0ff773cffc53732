//! The differences of two nodes of one name, and of two sockets of one name.
//!
//! Owns the reasons why a change is live, re-attaches or rebuilds. Pure.

use std::collections::BTreeSet;

use super::change::{Change, ChangeKind, How, Why};
use crate::script::{Handlers, ScriptText};
use crate::topology::{Filter, NodeSpec, ProgramSpec, Queue, SocketSpec};
use crate::zeromq::{Effective, OptionName, OptionValue};

/// Every change between two nodes of one name; the places where handlers are written do not count.
pub(super) fn of_nodes(from: &NodeSpec, to: &NodeSpec) -> Vec<Change> {
    let mut changes = match (&from.process, &to.process) {
        (None, None) => of_handlers(from, to),
        (Some(from), Some(to)) => of_programs(from, to),
        (None, Some(_)) => vec![restarted(ChangeKind::ToProgram, Why::HandedOver)],
        (Some(_), None) => vec![restarted(ChangeKind::ToHandlers, Why::HandedOver)],
    };
    if from.description != to.description {
        changes.push(of_node(ChangeKind::Description, How::Live, Why::BetweenMessages));
    }
    if from.replicas != to.replicas {
        let count = |node: &NodeSpec| node.instances().count();
        let kind = ChangeKind::Replicas { from: count(from), to: count(to) };
        changes.push(of_node(kind, How::Live, Why::CopiesComeAndGo));
    }
    let begun = changes.len();
    changes.extend(of_all_sockets(from, to));
    if from.is_program() || to.is_program() {
        changes[begun..].iter_mut().for_each(tell_at_the_start);
    }
    changes
}

/// What a program is told of its sockets it is told once. Who may come is asked by others.
fn tell_at_the_start(change: &mut Change) {
    let is_asked_by_others = matches!(
        change.kind,
        ChangeKind::Admission { .. } | ChangeKind::AsksZap | ChangeKind::AsksZapNoLonger
    );
    (change.how, change.why) = if is_asked_by_others {
        (How::Live, Why::OthersStay)
    } else {
        (How::Restart, Why::ToldAtTheStart)
    };
}

/// Every change between two programs.
fn of_programs(from: &ProgramSpec, to: &ProgramSpec) -> Vec<Change> {
    let mut changes = Vec::new();
    for (differs, kind) in [
        (from.command != to.command, ChangeKind::Command),
        (from.directory != to.directory, ChangeKind::Directory),
        (from.environment != to.environment, ChangeKind::Environment),
        (from.keys != to.keys, ChangeKind::Curve),
    ] {
        if differs {
            changes.push(restarted(kind, Why::ToldAtTheStart));
        }
    }
    for (differs, kind) in [
        (from.on_exit != to.on_exit, ChangeKind::OnExit),
        (from.ready != to.ready, ChangeKind::Ready),
        (from.stop != to.stop, ChangeKind::Stop),
    ] {
        if differs {
            changes.push(of_node(kind, How::Live, Why::FromNowOn));
        }
    }
    changes
}

fn restarted(kind: ChangeKind, why: Why) -> Change {
    of_node(kind, How::Restart, why)
}

/// Every change between the handlers of two nodes, and of what only they have.
fn of_handlers(from: &NodeSpec, to: &NodeSpec) -> Vec<Change> {
    let mut changes = Vec::new();
    for (differs, kind) in [
        (!same_text(from.script.as_ref(), to.script.as_ref()), ChangeKind::Handlers),
        (from.every != to.every, ChangeKind::Every),
        (from.idle != to.idle, ChangeKind::Idle),
        (from.timers != to.timers, ChangeKind::Timers),
        (from.params != to.params, ChangeKind::Params),
        (from.on_error != to.on_error, ChangeKind::OnError),
        (from.state_limit != to.state_limit, ChangeKind::StateLimit),
        (from.counts != to.counts, ChangeKind::Counts),
        (named_forwards(from) != named_forwards(to), ChangeKind::Forward),
    ] {
        if differs {
            changes.push(of_node(kind, How::Live, Why::BetweenMessages));
        }
    }
    if from.place != to.place {
        changes.push(of_node(ChangeKind::Place, How::Live, Why::RunsHereAnyway));
    }
    if from.read != to.read {
        let why = if from.keeps_source(to) { Why::BetweenMessages } else { Why::ReadAnew };
        changes.push(of_node(ChangeKind::Read, How::Live, why));
    }
    if from.write != to.write {
        let format = |node: &NodeSpec| node.write.as_ref().map(|write| write.format.word());
        let why = match &to.write {
            _ if from.keeps_sink(to) && format(from) != format(to) => Why::WhatFollowsHasIt,
            _ if from.keeps_sink(to) => Why::BetweenMessages,
            Some(write) if !write.append => Why::EmptiedFirst,
            Some(_) | None => Why::WrittenOut,
        };
        changes.push(of_node(ChangeKind::Write, How::Live, why));
    }
    if from.persist != to.persist {
        let why = if to.persist.is_some() { Why::KeptThere } else { Why::KeptNoMore };
        changes.push(of_node(ChangeKind::Persist, How::Live, why));
    }
    if from.isolate != to.isolate {
        changes.push(of_node(ChangeKind::Isolate, How::Rebuild, Why::AnotherThread));
    }
    changes
}

/// Every change of the sockets of two nodes.
fn of_all_sockets(from: &NodeSpec, to: &NodeSpec) -> Vec<Change> {
    let mut changes = Vec::new();
    for socket in &to.sockets {
        match from.sockets.iter().find(|before| before.name == socket.name) {
            Some(before) => changes.extend(of_sockets(before, socket)),
            None => changes.push(of_socket(
                &socket.name,
                ChangeKind::SocketAdded,
                How::Live,
                Why::OneMore,
            )),
        }
    }
    let gone = from.sockets.iter().filter(|old| !to.sockets.iter().any(|new| new.name == old.name));
    changes.extend(gone.map(|old| {
        of_socket(&old.name, ChangeKind::SocketRemoved, How::ReAttach, Why::DrainedFirst)
    }));
    changes
}

fn of_sockets(from: &SocketSpec, to: &SocketSpec) -> Vec<Change> {
    let mut changes = Vec::new();
    let mut add = |kind, how, why| changes.push(of_socket(&to.name, kind, how, why));
    if from.role != to.role {
        let kind = ChangeKind::Role { from: from.role, to: to.role };
        add(kind, How::Rebuild, Why::AnotherSocketType);
    }
    if from.identity != to.identity {
        add(ChangeKind::Identity, How::Rebuild, Why::ToldInTheHandshake);
    }
    for (queue, from, to) in [
        (Queue::Send, from.hwm.send, to.hwm.send),
        (Queue::Receive, from.hwm.receive, to.hwm.receive),
    ] {
        if from != to {
            add(ChangeKind::Mark { queue, from, to }, How::Rebuild, Why::FullQueueCanStall);
        }
    }
    for (name, how, why) in option_changes(from, to) {
        add(ChangeKind::Option(name), how, why);
    }
    match (from.admission.is_some(), to.admission.is_some()) {
        _ if from.curve != to.curve => {
            add(ChangeKind::Curve, How::Rebuild, Why::CopiedWhenAttached);
        }
        _ if from.plain != to.plain => {
            add(ChangeKind::Plain, How::Rebuild, Why::CopiedWhenAttached);
        }
        (false, true) => add(ChangeKind::AsksZap, How::Rebuild, Why::PeersCameInUnasked),
        (true, false) => add(ChangeKind::AsksZapNoLonger, How::Rebuild, Why::CopiedWhenAttached),
        (true, true) | (false, false) => {}
    }
    if let (Some(before), Some(after)) = (&from.admission, &to.admission)
        && before != after
    {
        let (more, less) = (before.names_beyond(after), after.names_beyond(before));
        add(ChangeKind::Admission { more, less }, How::Live, Why::OthersStay);
    }
    match (from.asks_zap, to.asks_zap) {
        (false, true) if from.lets_in_unasked() => {
            add(ChangeKind::AsksZap, How::Rebuild, Why::PeersCameInUnasked);
        }
        (false, true) => add(ChangeKind::AsksZap, How::Live, Why::LetNobodyIn),
        (true, false) => add(ChangeKind::AsksZapNoLonger, How::Live, Why::ConnectedStays),
        (true, true) | (false, false) => {}
    }
    for (differs, kind) in [
        (from.linger != to.linger, ChangeKind::Linger),
        (from.msgid != to.msgid, ChangeKind::Msgid),
        (from.format != to.format, ChangeKind::Format),
        (from.when_full != to.when_full, ChangeKind::WhenFull),
        (from.sequence != to.sequence, ChangeKind::Sequence),
    ] {
        if differs {
            add(kind, How::Live, Why::TakenAtOnceByEither);
        }
    }
    let (old, new) = (filters(from), filters(to));
    for &filter in new.difference(&old) {
        add(ChangeKind::Subscribe(filter.clone()), How::Live, Why::ConnectionsStay);
    }
    for &filter in old.difference(&new) {
        add(ChangeKind::Unsubscribe(filter.clone()), How::Live, Why::ConnectionsStay);
    }
    for attachment in to.attachments.iter().filter(|one| !from.attachments.contains(one)) {
        add(ChangeKind::Attach(attachment.clone()), How::ReAttach, Why::SocketStays);
    }
    for attachment in from.attachments.iter().filter(|one| !to.attachments.contains(one)) {
        add(ChangeKind::Detach(attachment.clone()), How::ReAttach, Why::SocketStays);
    }
    changes
}

fn option_changes(from: &SocketSpec, to: &SocketSpec) -> Vec<(OptionName, How, Why)> {
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

fn option_how(name: OptionName, value: Option<&OptionValue>) -> (How, Why) {
    // An option that is taken away goes back to libzmq's default, where that is a number.
    let settable = value.is_some() || name.option().default.is_some();
    match (name.option().effective, settable) {
        // The runner keeps ROUTER_MANDATORY on underneath, and only acts otherwise.
        (Effective::Live, _) if name.0 == "router_mandatory" => (How::Live, Why::BetweenMessages),
        (Effective::Live, true) => (How::Live, Why::TakenAtOnce),
        (Effective::NextPeer, true) => (How::Live, Why::ForLaterPeers),
        (Effective::Rebuild, _) => (How::Rebuild, Why::CopiedWhenAttached),
        (_, false) => (How::Rebuild, Why::CannotBeSetBack),
    }
}

fn filters(socket: &SocketSpec) -> BTreeSet<&Filter> {
    socket.filters.iter().collect()
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

fn of_node(kind: ChangeKind, how: How, why: Why) -> Change {
    Change { socket: None, kind, how, why }
}

fn of_socket(socket: &str, kind: ChangeKind, how: How, why: Why) -> Change {
    Change { socket: Some(socket.to_owned()), kind, how, why }
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::security::PublicKey;
    use crate::topology::{CurveSpec, NodeKey, sound};

    #[test]
    fn another_certificate_is_another_socket() {
        let text = "nodes: {n: {role: pull, bind: 5001, on_message: ''}}";
        let before = sound(text).nodes[0].sockets[0].clone();
        let own = NodeKey::Public(PublicKey::new([1; 32]));
        let curve = CurveSpec { own, role: None, servers: [].into(), server: None };
        let after = SocketSpec { curve: Some(curve), ..before.clone() };
        let changes = of_sockets(&before, &after);
        let of = |change: &Change| (change.kind.clone(), change.how);
        assert_eq!(changes.iter().map(of).collect::<Vec<_>>(), [(ChangeKind::Curve, How::Rebuild)]);
    }

    /// Handlers of a file, with one module.
    fn file(path: &str, text: &str, module: &str) -> ScriptText {
        ScriptText {
            path: path.into(),
            handlers: Handlers::File(text.into()),
            modules: [("m.rhai".into(), module.into())].into(),
        }
    }

    #[test]
    fn handlers_of_a_file_are_the_same_by_its_path_its_text_and_its_modules() {
        let known = file("a.rhai", "fn on_tick() {}", "");
        let same = |other: &ScriptText| same_text(Some(&known), Some(other));
        assert!(same(&file("a.rhai", "fn on_tick() {}", "")));
        assert!(!same(&file("b.rhai", "fn on_tick() {}", "")));
        assert!(!same(&file("a.rhai", "fn on_tick() { }", "")));
        assert!(!same(&file("a.rhai", "fn on_tick() {}", "fn f() {}")));
    }
}
