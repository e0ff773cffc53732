//! Handlers in the place of a program that a file only names.
//!
//! Owns what they do: enough to see messages flow, and to be replaced line by line. Never claims to know
//! what the program did.

use crate::zeromq::Role;

use super::model::{Node, Socket};
use super::yaml::scalar;

/// The handlers of a node whose program is elsewhere.
#[derive(Default, Debug)]
pub(super) struct StandIn {
    /// What they do in words.
    pub(super) words: String,
    /// Keys of the node with their values, as YAML.
    pub(super) keys: Vec<(String, String)>,
}

/// Handlers by which messages flow as the sockets let them.
pub(super) fn of(node: &Node) -> StandIn {
    let sockets = node.sockets.iter();
    let (asking, others): (Vec<&Socket>, Vec<&Socket>) =
        sockets.partition(|socket| socket.role == Role::Req);
    let takes = |socket: &&&Socket| {
        matches!(
            socket.role,
            Role::Pull | Role::Sub | Role::Xsub | Role::Rep | Role::Router | Role::Stream
        )
    };
    let takers: Vec<&Socket> = others.iter().filter(takes).copied().collect();
    let givers: Vec<&Socket> = others.iter().filter(|it| !takes(it)).copied().collect();
    let mut stand_in = StandIn::default();
    let mut words = Vec::new();
    for socket in &takers {
        // What is returned goes to whoever asked.
        let answers = matches!(socket.role, Role::Rep | Role::Router | Role::Stream);
        let (body, word) = match (answers, givers.as_slice()) {
            (true, _) => ("msg".to_owned(), "answers what it is asked"),
            (false, []) => ("()".to_owned(), "takes what comes"),
            (false, givers) => (sends(givers, "msg"), "passes on what comes"),
        };
        stand_in.keys.push((format!("on_{}", socket.name), scalar(&body)));
        words.push(word);
    }
    let is_source = !takers.iter().any(|it| matches!(it.role, Role::Pull | Role::Sub | Role::Xsub));
    let senders: Vec<&Socket> =
        if is_source { [givers.clone(), asking.clone()].concat() } else { asking.clone() };
    if !senders.is_empty() {
        stand_in.keys.push(("every".to_owned(), "1s".to_owned()));
        let body = sends(&senders, &format!("\"from {}\"", node.name));
        stand_in.keys.push(("on_tick".to_owned(), scalar(&body)));
        words.push("sends a message a second");
    }
    for socket in givers.iter().chain(&asking).filter(|socket| socket.role.receives()) {
        stand_in.keys.push((format!("on_{}", socket.name), scalar("()")));
    }
    words.dedup();
    stand_in.words = words.join(", ");
    stand_in
}

fn sends(sockets: &[&Socket], what: &str) -> String {
    let sends = sockets.iter().map(|socket| format!("send_to(\"{}\", {what});", socket.name));
    sends.collect::<Vec<_>>().join(" ")
}
