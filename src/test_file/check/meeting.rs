//! Who meets whom at an endpoint: the sockets of nodes and of peers, by where they bind and connect.
//!
//! Owns the index of that, so that nobody goes through all of them for each. Never reports.

use std::collections::HashMap;

use crate::topology::{Attachment, Topology};
use crate::zeromq::{Endpoint, Side};

use super::super::spec::{PeerEnd, PeerSpec};

/// Somebody at the end of a link: a node by its place, or a peer by its own.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Party {
    Node(usize),
    Peer(usize),
}

/// All endpoints of a topology and the peers of a test.
pub(super) struct Meeting<'m> {
    bound: Ends<'m>,
    connected: Ends<'m>,
}

/// Endpoints with whose they are, by what two that meet have in common.
type Ends<'m> = HashMap<String, Vec<(&'m Endpoint, Party)>>;

impl<'m> Meeting<'m> {
    pub(super) fn new(topology: &'m Topology, peers: &'m [PeerSpec]) -> Self {
        let mut all = Self { bound: HashMap::new(), connected: HashMap::new() };
        for (at, node) in topology.nodes.iter().enumerate() {
            for attachment in node.sockets.iter().flat_map(|socket| &socket.attachments) {
                match attachment {
                    Attachment::Bind(endpoint) => all.add(Side::Bind, endpoint, Party::Node(at)),
                    Attachment::Connect(to) => all.add(Side::Connect, to, Party::Node(at)),
                    Attachment::ConnectNode { .. } | Attachment::ConnectPlace { .. } => {}
                }
            }
        }
        for (at, peer) in peers.iter().enumerate() {
            for end in &peer.ends {
                match end {
                    PeerEnd::Bind(endpoint) => all.add(Side::Bind, endpoint, Party::Peer(at)),
                    PeerEnd::Connect(to) => all.add(Side::Connect, to, Party::Peer(at)),
                    PeerEnd::Node { .. } => {}
                }
            }
        }
        all
    }

    fn add(&mut self, side: Side, endpoint: &'m Endpoint, whose: Party) {
        let ends = match side {
            Side::Bind => &mut self.bound,
            Side::Connect => &mut self.connected,
        };
        ends.entry(key(endpoint)).or_default().push((endpoint, whose));
    }

    /// Those at the other side of an endpoint that is bound, or connected to.
    pub(super) fn across<'s>(
        &'s self,
        side: Side,
        endpoint: &'s Endpoint,
    ) -> impl Iterator<Item = Party> + use<'s, 'm> {
        let ends = match side {
            Side::Bind => &self.connected,
            Side::Connect => &self.bound,
        };
        let near = ends.get(&key(endpoint)).into_iter().flatten();
        let meets = move |other: &Endpoint| match side {
            Side::Bind => endpoint.is_reached_by(other),
            Side::Connect => other.is_reached_by(endpoint),
        };
        near.filter(move |(other, _)| meets(other)).map(|(_, whose)| *whose)
    }
}

/// What two endpoints that meet have in common: the port, or the whole address where there are none.
fn key(endpoint: &Endpoint) -> String {
    let scheme = endpoint.transport().scheme();
    match endpoint.port() {
        Some(port) => format!("{scheme}:{port}"),
        None => endpoint.as_str().to_owned(),
    }
}
