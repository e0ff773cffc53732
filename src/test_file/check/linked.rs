//! Which nodes and peers of a test are linked with which.
//!
//! Owns that answer. Never reports.

use std::collections::BTreeSet;

use crate::topology::{Attachment, Topology};

use super::super::place::Place;
use super::super::spec::{PeerEnd, PeerSpec};

/// Somebody at the end of a link: a node by its place, or a peer by its own.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Party {
    Node(usize),
    Peer(usize),
}

/// Who is linked with whom.
pub(super) struct Linked(BTreeSet<(Party, Party)>);

impl Linked {
    pub(super) fn new(topology: &Topology, peers: &[PeerSpec]) -> Self {
        let mut pairs = BTreeSet::new();
        for link in topology.links() {
            join(&mut pairs, Party::Node(link.connecter.node), Party::Node(link.binder.node));
        }
        for (at, peer) in peers.iter().enumerate() {
            for end in &peer.ends {
                for other in parties(end, topology, peers) {
                    join(&mut pairs, Party::Peer(at), other);
                }
            }
        }
        Self(pairs)
    }

    pub(super) fn has(&self, one: Party, other: Party) -> bool {
        self.0.contains(&(one, other))
    }

    /// Those that are linked with one.
    pub(super) fn of(&self, one: Party) -> impl Iterator<Item = Party> {
        self.0.iter().filter(move |(first, _)| *first == one).map(|(_, other)| *other)
    }
}

fn join(pairs: &mut BTreeSet<(Party, Party)>, one: Party, other: Party) {
    pairs.insert((one, other));
    pairs.insert((other, one));
}

/// Who is at the other end of one of a peer's ends.
fn parties(end: &PeerEnd, topology: &Topology, peers: &[PeerSpec]) -> Vec<Party> {
    let nodes = |meets: &dyn Fn(&Attachment) -> bool| -> Vec<Party> {
        let nodes = topology.nodes.iter().enumerate();
        let met = nodes.filter(|(_, node)| {
            node.sockets.iter().any(|socket| socket.attachments.iter().any(meets))
        });
        met.map(|(at, _)| Party::Node(at)).collect()
    };
    let others = |meets: &dyn Fn(&PeerEnd) -> bool| -> Vec<Party> {
        let peers = peers.iter().enumerate();
        peers
            .filter(|(_, peer)| peer.ends.iter().any(meets))
            .map(|(at, _)| Party::Peer(at))
            .collect()
    };
    match end {
        PeerEnd::Node { node, .. } => {
            let place = Place::find(topology, node);
            place.map(|place| Party::Node(place.node)).into_iter().collect()
        }
        PeerEnd::Connect(endpoint) => {
            let mut met = nodes(
                &|attachment| matches!(attachment, Attachment::Bind(bound) if bound.is_reached_by(endpoint)),
            );
            met.extend(others(
                &|end| matches!(end, PeerEnd::Bind(bound) if bound.is_reached_by(endpoint)),
            ));
            met
        }
        PeerEnd::Bind(endpoint) => {
            let mut met = nodes(
                &|attachment| matches!(attachment, Attachment::Connect(to) if endpoint.is_reached_by(to)),
            );
            met.extend(others(
                &|end| matches!(end, PeerEnd::Connect(to) if endpoint.is_reached_by(to)),
            ));
            met
        }
    }
}
