//! The links inside a topology: which socket connects to which one that binds.
//!
//! Owns the matching of names, ports and endpoints. Pure.

use std::collections::HashMap;

use super::{Attachment, Topology};
use crate::zeromq::{Endpoint, Transport};

/// A socket, by its node's place in the topology and its own place in the node.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct LinkEnd {
    /// The node.
    pub node: usize,
    /// The socket in it.
    pub socket: usize,
}

/// A link inside the file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Link {
    /// The end that connects.
    pub connecter: LinkEnd,
    /// The end that binds.
    pub binder: LinkEnd,
    /// The endpoint as the binder has it.
    pub endpoint: Endpoint,
}

/// Every link inside a topology, in the order of the connecting sockets.
#[must_use]
pub fn links_of(topology: &Topology) -> Vec<Link> {
    let mut by_port: HashMap<(Transport, Option<u16>), Vec<(LinkEnd, &Endpoint)>> = HashMap::new();
    let mut by_text: HashMap<&str, Vec<(LinkEnd, &Endpoint)>> = HashMap::new();
    let mut places = HashMap::new();
    for (at, node) in topology.nodes.iter().enumerate() {
        places.insert(node.name.as_str(), at);
        for (place, socket) in node.sockets.iter().enumerate() {
            let end = LinkEnd { node: at, socket: place };
            for endpoint in socket.binds() {
                match endpoint.transport() {
                    Transport::Tcp | Transport::Ws => by_port
                        .entry((endpoint.transport(), endpoint.port()))
                        .or_default()
                        .push((end, endpoint)),
                    Transport::Ipc | Transport::Inproc => {
                        by_text.entry(endpoint.as_str()).or_default().push((end, endpoint));
                    }
                }
            }
        }
    }
    let mut links = Vec::new();
    for (at, node) in topology.nodes.iter().enumerate() {
        for (place, socket) in node.sockets.iter().enumerate() {
            let connecter = LinkEnd { node: at, socket: place };
            for attachment in &socket.attachments {
                match attachment {
                    Attachment::Bind(_) => {}
                    Attachment::ConnectNode { node, socket, endpoint } => {
                        if let Some(&node) = places.get(node.as_str()) {
                            let binder = LinkEnd { node, socket: *socket };
                            links.push(Link { connecter, binder, endpoint: endpoint.clone() });
                        }
                    }
                    Attachment::Connect(endpoint) => {
                        let candidates = match endpoint.transport() {
                            Transport::Tcp | Transport::Ws => {
                                by_port.get(&(endpoint.transport(), endpoint.port()))
                            }
                            Transport::Ipc | Transport::Inproc => by_text.get(endpoint.as_str()),
                        };
                        for &(binder, bound) in candidates.into_iter().flatten() {
                            if bound.is_reached_by(endpoint) {
                                links.push(Link { connecter, binder, endpoint: bound.clone() });
                            }
                        }
                    }
                }
            }
        }
    }
    links
}
