use std::collections::VecDeque;

use crate::message::Format;
use crate::script::trial::{Trial, compiled, inbound_by, script, view};
use crate::script::{Call, Invocation, Program, SocketView};
use crate::zeromq::Role;

/// Every kind of socket in every format.
fn kinds(name: &str) -> Vec<SocketView> {
    let formats = [Format::Plain, Format::Msgid, Format::Envelope];
    let kind = |role, format| SocketView { name: name.into(), role, format, msgid: 1000 };
    Role::ALL.into_iter().flat_map(|role| formats.map(|format| kind(role, format))).collect()
}

/// Nodes without a socket, with any one, with any two, and with three of a kind or two beside a
/// `rep`.
fn nodes() -> Vec<Vec<SocketView>> {
    let mut nodes = vec![Vec::new()];
    for a in kinds("a") {
        nodes.push(vec![a.clone()]);
        for b in kinds("b") {
            nodes.push(vec![a.clone(), b.clone()]);
            if b.role == a.role && b.format == a.format {
                let rep =
                    SocketView { name: "c".into(), role: Role::Rep, format: Format::Plain, ..b };
                nodes.push(vec![a.clone(), b, rep]);
            }
        }
    }
    nodes
}

/// A message that fits any format of a socket.
fn frames(socket_view: &SocketView) -> &'static [&'static [u8]] {
    if socket_view.format == Format::Envelope { &[b"topic", b"body"] } else { &[b"1000 text body"] }
}

/// Whether some handler of such a node does the call without a fault, on a tick or for a message.
fn goes_well(trial: &mut Trial, sockets: &[SocketView]) -> bool {
    let mut events = vec![Invocation::Tick];
    for (at, socket_view) in
        sockets.iter().enumerate().filter(|(_, socket_view)| socket_view.role.receives())
    {
        events.push(inbound_by(socket_view.role, at, frames(socket_view)));
    }
    events.into_iter().any(|event| trial.handler.call_into(event, &mut VecDeque::new()).is_ok())
}

/// The calls, with `V` for a value and `T` for a tag that only the run knows.
const CALLS: &[&str] = &[
    "send(V)",
    "send(\"text\")",
    "send_to(\"a\", V)",
    "send_to(\"b\", \"text\")",
    "send_to(\"nobody\", V)",
    "publish(7, V)",
    "publish(\"topic\", V)",
    "publish(T, V)",
    "publish(\"a\", 7, V)",
    "publish(\"b\", \"topic\", V)",
    "publish(\"a\", T, V)",
    "publish(\"nobody\", 7, V)",
    "subscribe(7)",
    "unsubscribe(\"a\", \"topic\")",
    "connect(5555)",
    "disconnect(\"b\", 5555)",
    "reply(M, V)",
];

/// The same call with each value that it may be given, in handlers whose last word is nothing.
fn scripts(call: &str) -> Vec<String> {
    let mut scripts = Vec::new();
    for tag in ["7", "\"topic\""] {
        for value in ["1", "[\"id\", \"body\"]"] {
            let call = call.replace('T', "tag").replace('V', "value").replace('M', "msg");
            scripts.push(format!(
                "fn on_tick() {{ let tag = {tag}; let value = {value}; let msg = (); {call}; () }}\n\
                 fn on_message(msg) {{ let tag = {tag}; let value = {value}; {call}; () }}"
            ));
        }
    }
    scripts
}

/// A node without sockets, the scripts of a call, and the call as it is found in them.
fn prepared(call: &str) -> (Trial, Vec<Program>, Call) {
    let trial = Trial::new(&[], "");
    let programs: Vec<_> =
        scripts(call).iter().map(|text| compiled(&trial.engine, &script(text))).collect();
    let name = call.split('(').next();
    let known = |found: &&Call| Some(found.name.as_str()) == name;
    let surveyed = programs[0].survey().calls.iter().find(known).unwrap().clone();
    (trial, programs, surveyed)
}

#[test]
fn a_call_is_refused_beforehand_exactly_where_every_run_of_it_fails() {
    for call in CALLS {
        let (mut trial, programs, surveyed) = prepared(call);
        for sockets in nodes() {
            let said = surveyed.refusal(&sockets);
            let runs = programs.iter().any(|program| {
                trial.handler.swap(program.clone(), view(sockets.clone()));
                goes_well(&mut trial, &sockets)
            });
            assert_eq!(said.is_none(), runs, "{call} on {sockets:#?}: {said:?}");
        }
    }
}

#[test]
fn the_socket_that_a_call_is_said_to_send_on_is_the_one_it_sends_on() {
    for call in ["send(V)", "send_to(\"b\", V)", "publish(T, V)", "publish(\"a\", T, V)"] {
        let (mut trial, programs, surveyed) = prepared(call);
        for sockets in nodes() {
            for program in &programs {
                trial.handler.swap(program.clone(), view(sockets.clone()));
                let Ok(effects) = trial.invoke(Invocation::Tick) else { continue };
                let sent = effects[0].sends_on();
                assert_eq!(surveyed.sends_on(&sockets), sent, "{call} on {sockets:#?}");
            }
        }
    }
}
