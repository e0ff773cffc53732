//! What a simulation cannot have: programs, other machines, security, and options of the network.
//!
//! Owns the list. Never decides what becomes of a topology that has any of it.

use crate::topology::{Mechanism, NodeSpec, SocketSpec, Topology};
use crate::zeromq::{Role, Side};

/// Options that mean the same where there is no network: they change what it costs, not what arrives.
const INDIFFERENT: &[&str] = &[
    "affinity",
    "backlog",
    "busy_poll",
    "connect_timeout",
    "handshake_ivl",
    "heartbeat_ttl",
    "in_batch_size",
    "ipv6",
    "out_batch_size",
    "priority",
    "rcvbuf",
    "reconnect_ivl_max",
    "sndbuf",
    "tcp_keepalive",
    "tcp_keepalive_cnt",
    "tcp_keepalive_idle",
    "tcp_keepalive_intvl",
    "tcp_maxrt",
    "tos",
];
/// Options that are simulated.
const SIMULATED: &[&str] = &[
    "conflate",
    "heartbeat_ivl",
    "heartbeat_timeout",
    "immediate",
    "invert_matching",
    "probe_router",
    "reconnect_ivl",
    "req_correlate",
    "req_relaxed",
    "router_handover",
    "router_mandatory",
    "xpub_verbose",
    "xpub_verboser",
];

/// Everything of a topology that cannot be simulated, a sentence each.
pub(super) fn unsimulated(topology: &Topology) -> Vec<String> {
    let mut found: Vec<String> = topology.nodes.iter().flat_map(|node| of_node(node)).collect();
    if !topology.places.is_empty() {
        found.push("the file has places, which are other machines".to_owned());
    }
    found
}

fn of_node(node: &NodeSpec) -> Vec<String> {
    let mut found = Vec::new();
    if node.is_program() {
        found.push(format!("{} is a program, whose inside nobody knows", node.name));
    }
    found.extend(node.sockets.iter().flat_map(|socket| of_socket(&node.name, socket)));
    found
}

fn of_socket(node: &str, socket: &SocketSpec) -> Vec<String> {
    let name = format!("{node}.{}", socket.name);
    let mut found = Vec::new();
    if socket.role == Role::Stream {
        found.push(format!("{name} is a stream, whose peers are no sockets of ZeroMQ"));
    }
    let is_secured = |side| socket.mechanism(side) != Mechanism::Null;
    if is_secured(Side::Bind) || is_secured(Side::Connect) || socket.is_zap_handler() {
        found.push(format!("{name} has security, which is a matter of real connections"));
    }
    for option in socket.options.keys() {
        if !INDIFFERENT.contains(&option.0) && !SIMULATED.contains(&option.0) {
            found.push(format!("{name} sets `{}`, which is not simulated", option.0));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::topology::sound;
    use crate::zeromq::SocketOption;

    #[test]
    fn what_is_of_a_network_is_named_and_what_only_costs_is_not() {
        let topology = sound(
            "nodes: {
                a: {role: push, bind: 'tcp://127.0.0.1:20001', options: {sndbuf: 4096, conflate: true}},
                b: {role: stream, bind: 'tcp://127.0.0.1:20002', on_message: 'print(1)'},
                c: {role: router, bind: 'inproc://c', options: {hello_msg: hi}, on_message: msg}}",
        );
        assert_eq!(
            unsimulated(&topology),
            [
                "b.stream is a stream, whose peers are no sockets of ZeroMQ",
                "c.router sets `hello_msg`, which is not simulated"
            ]
        );
        for name in INDIFFERENT.iter().chain(SIMULATED) {
            assert!(SocketOption::find(name).is_some(), "{name}");
        }
    }
}
