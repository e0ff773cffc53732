//! Which nodes and peers of a test are linked with which.
//!
//! Owns that answer. Never reports.

use std::collections::BTreeSet;

use crate::topology::Topology;
use crate::zeromq::Side;

use super::super::place::Place;
use super::super::spec::{PeerEnd, PeerSpec};
use super::meeting::{Meeting, Party};

/// Who is linked with whom.
pub(super) struct Linked(BTreeSet<(Party, Party)>);

impl Linked {
    pub(super) fn new(topology: &Topology, peers: &[PeerSpec]) -> Self {
        let mut pairs = BTreeSet::new();
        let meeting = Meeting::new(topology, peers);
        for link in topology.links() {
            join(&mut pairs, Party::Node(link.connecter.node), Party::Node(link.binder.node));
        }
        for (at, peer) in peers.iter().enumerate() {
            for end in &peer.ends {
                for other in parties(end, topology, &meeting) {
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
fn parties(end: &PeerEnd, topology: &Topology, meeting: &Meeting<'_>) -> Vec<Party> {
    match end {
        PeerEnd::Node { node, .. } => {
            let place = Place::find(topology, node);
            place.map(|place| Party::Node(place.node)).into_iter().collect()
        }
        PeerEnd::Connect(endpoint) => meeting.across(Side::Connect, endpoint).collect(),
        PeerEnd::Bind(endpoint) => meeting.across(Side::Bind, endpoint).collect(),
    }
}
