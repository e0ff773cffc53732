//! Endpoints that are in somebody's way.
//!
//! Owns ports of the ephemeral range and ipc paths. Whether an endpoint can be read is the
//! checker's question.

use std::ops::RangeInclusive;

use crate::diagnostic::{Code, Diagnostic};
use crate::source::Span;
use crate::topology::Attachment;
use crate::zeromq::{Endpoint, Transport};

use super::subject::Graph;
use super::written::sockets;

/// The ports that Linux takes for outgoing connections, unless told otherwise.
const EPHEMERAL: RangeInclusive<u16> = 32_768..=60_999;

pub(super) fn check(graph: &Graph<'_>, findings: &mut Vec<Diagnostic>) {
    for (end, socket) in sockets(graph.topology) {
        let targets = graph.written.targets(end);
        for (attachment, target) in socket.attachments.iter().zip(targets) {
            match attachment {
                Attachment::Bind(endpoint) => {
                    findings.extend(check_bound_port(graph, endpoint, target.span));
                    findings.extend(check_path(graph, endpoint, target.span));
                }
                Attachment::Connect(endpoint) => {
                    findings.extend(check_connected_port(graph, endpoint, target.span));
                }
                Attachment::ConnectNode { .. } | Attachment::ConnectPlace { .. } => {}
            }
        }
    }
}

/// The port of an endpoint that the file itself chose from the ephemeral range.
fn ephemeral(graph: &Graph<'_>, endpoint: &Endpoint, place: Span) -> Option<u16> {
    endpoint.port().filter(|port| EPHEMERAL.contains(port) && !graph.written.is_variable(place))
}

fn check_bound_port(graph: &Graph<'_>, endpoint: &Endpoint, place: Span) -> Option<Diagnostic> {
    let port = ephemeral(graph, endpoint, place)?;
    Some(
        Diagnostic::new(Code::EphemeralPort, format!("the port {port} may be taken at any time"))
            .at(place, "bound here")
            .because(
                "the system takes ports from 32768 to 60999 for outgoing connections, so now and \
                 then the bind fails with `Address already in use`",
            )
            .help("write a port from 1024 to 32767"),
    )
}

/// libzmq#4588: a TCP connection to a port of one's own machine can meet itself.
fn check_connected_port(graph: &Graph<'_>, endpoint: &Endpoint, place: Span) -> Option<Diagnostic> {
    let port = ephemeral(graph, endpoint, place)?;
    let address = endpoint.address();
    let is_local = ["127.", "localhost:", "[::1]:"].iter().any(|host| address.starts_with(host));
    if !is_local || is_bound_here(graph, endpoint) {
        return None;
    }
    Some(
        Diagnostic::new(Code::EphemeralPort, format!("the port {port} can connect to itself"))
            .at(place, "connected to here")
            .because(
                "while no server is there, TCP may take this very port for the outgoing end and \
                 connect the socket to itself, and then the server cannot bind (libzmq#4588)",
            )
            .help("let the server bind a port below 32768"),
    )
}

/// Whether a node of this file has bound it before anybody connects.
fn is_bound_here(graph: &Graph<'_>, endpoint: &Endpoint) -> bool {
    let mut bound = sockets(graph.topology).flat_map(|(_, socket)| socket.binds());
    bound.any(|bound| bound.is_reached_by(endpoint))
}

/// libzmq#2059: bind unlinks whatever lies there.
fn check_path(graph: &Graph<'_>, endpoint: &Endpoint, place: Span) -> Option<Diagnostic> {
    let path = endpoint.address();
    let has_path = endpoint.transport() == Transport::Ipc && path != "*" && !path.starts_with('@');
    if !has_path || !(graph.subject.is_taken)(path) {
        return None;
    }
    Some(
        Diagnostic::new(Code::IpcNoSocket, format!("{path} is there already and is no socket"))
            .at(place, "bound here")
            .because("ZeroMQ's bind deletes whatever lies at the path (libzmq#2059)")
            .help("write another path, or remove what is there"),
    )
}
