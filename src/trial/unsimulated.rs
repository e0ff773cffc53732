//! What a simulation cannot have: programs, security beyond certificates, and options of the network.
//!
//! Owns the list. Never decides what becomes of a topology that has any of it.

use crate::test_file::{PeerEnd, PeerSpec};
use crate::topology::{Attachment, Mechanism, NodeSpec, SocketSpec, Topology};
use crate::zeromq::Side;

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

/// Everything of a topology, and of the peers that a test plays with it, that cannot be simulated, a
/// sentence each. Certificates are no such thing: nodes at a link of the file know each other by theirs.
pub(super) fn unsimulated(topology: &Topology, peers: &[PeerSpec]) -> Vec<String> {
    let mut found: Vec<String> = topology.nodes.iter().flat_map(|node| of_node(node)).collect();
    found.extend(peers.iter().flat_map(|peer| of_peer(topology, peer)));
    found
}

fn of_node(node: &NodeSpec) -> Vec<String> {
    if node.is_program() {
        return vec![format!(
            "{0} is a program, whose inside nobody knows; `without: {0}` leaves it out, and peers can play \
             its part",
            node.name
        )];
    }
    node.sockets.iter().flat_map(|socket| of_socket(&node.name, socket)).collect()
}

fn of_socket(node: &str, socket: &SocketSpec) -> Vec<String> {
    let name = format!("{node}.{}", socket.name);
    let mut found = Vec::new();
    let asks = socket.admission.as_ref().is_some_and(|it| !it.gate.is_open());
    if asks || socket.plain.is_some() || socket.is_zap_handler() || is_secured(socket, false) {
        found.push(format!(
            "{name} says who may come by more than certificates, which is a matter of real connections"
        ));
    }
    for option in socket.options.keys() {
        if !INDIFFERENT.contains(&option.0) && !SIMULATED.contains(&option.0) {
            found.push(format!("{name} sets `{}`, which is not simulated", option.0));
        }
    }
    found
}

/// Whether a socket has a mechanism, by its options or, if those count, by its certificate.
fn is_secured(socket: &SocketSpec, by_certificate: bool) -> bool {
    if socket.curve.is_some() {
        return by_certificate;
    }
    let has = |side| socket.mechanism(side) != Mechanism::Null;
    has(Side::Bind) || has(Side::Connect)
}

/// A peer has no certificate, and would not get in where one is wanted.
fn of_peer(topology: &Topology, peer: &PeerSpec) -> Vec<String> {
    let sockets = || {
        let nodes = topology.nodes.iter();
        nodes.flat_map(|node| node.sockets.iter().map(move |socket| (&node.name, socket)))
    };
    let meets = |node: &str, socket: &SocketSpec, end: &PeerEnd| match end {
        PeerEnd::Node { node: of, socket: wanted } => {
            of.split('.').next() == Some(node)
                && wanted.as_ref().is_none_or(|wanted| *wanted == socket.name)
        }
        PeerEnd::Connect(to) => socket.binds().any(|bound| bound.is_reached_by(to)),
        PeerEnd::Bind(bound) => socket
            .attachments
            .iter()
            .any(|it| matches!(it, Attachment::Connect(to) if bound.is_reached_by(to))),
    };
    let secured = sockets().filter(|(node, socket)| {
        is_secured(socket, true) && peer.ends.iter().any(|end| meets(node, socket, end))
    });
    let told = secured.map(|(node, socket)| {
        format!("the peer {} has no certificate, and {node}.{} wants one", peer.name, socket.name)
    });
    told.collect()
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
            unsimulated(&topology, &[]),
            ["c.router sets `hello_msg`, which is not simulated"]
        );
        for name in INDIFFERENT.iter().chain(SIMULATED) {
            assert!(SocketOption::find(name).is_some(), "{name}");
        }
    }
}
