//! A topology that holds.
//!
//! Owns [`Topology`]. Only the checker constructs one; who has one may rely on every name in it being
//! defined, every endpoint usable and every option known to its role.

use std::ops::Deref;
use std::sync::Arc;

use super::crossing::{Crossing, Deployed, crossings, deployed};
use super::links::{Link, LinkEnd, links_of};
use super::spec::{Attachment, TopologySpec};

/// A checked topology, with its links.
#[derive(Clone, PartialEq, Debug)]
pub struct Topology {
    spec: TopologySpec,
    links: Arc<[Link]>,
    deployed: Arc<Deployed>,
}

impl Topology {
    /// How many sockets all copies of all nodes have.
    #[must_use]
    pub fn socket_count(&self) -> usize {
        self.nodes.iter().map(|node| node.sockets.len() * node.instances().count()).sum()
    }

    /// Only the checker may say that a topology holds.
    pub(super) fn new(spec: TopologySpec) -> Self {
        let links = links_of(&spec);
        // A part of a file is at its place already.
        let is_whole = spec.here.is_none() && !spec.places.is_empty();
        let deployed = if is_whole { deployed(&spec, &links) } else { Deployed::default() };
        Self { spec, links: links.into(), deployed: Arc::new(deployed) }
    }

    /// The topology without any node: what runs before the first start and after the last stop.
    #[must_use]
    pub fn empty() -> Self {
        Self::new(TopologySpec::default())
    }

    /// Every link inside it, in the order of the connecting sockets.
    #[must_use]
    pub fn links(&self) -> &[Link] {
        &self.links
    }

    /// Every link between two of its places, in the order of the connecting sockets; none of a part.
    #[must_use]
    pub fn crossings(&self) -> Vec<Crossing<'_>> {
        if self.here.is_some() { Vec::new() } else { crossings(&self.spec, &self.links) }
    }

    /// What a socket binds and connects to where its node runs at its place.
    #[must_use]
    pub fn deployed(&self, end: LinkEnd) -> &[Attachment] {
        let written = &self.nodes[end.node].sockets[end.socket].attachments;
        self.deployed.get(&end).unwrap_or(written)
    }

    /// The same, but with sockets that ask a ZAP handler where those of another topology do.
    #[must_use]
    pub fn asking_as(&self, other: &Self) -> Self {
        let mut asking = self.clone();
        let has_handler = other.asks_zap();
        let nodes = &mut asking.spec.nodes;
        for socket in nodes.iter_mut().flat_map(|node| &mut Arc::make_mut(node).sockets) {
            socket.asks_zap = has_handler && socket.would_ask_zap();
        }
        asking
    }
}

impl Deref for Topology {
    type Target = TopologySpec;

    fn deref(&self) -> &TopologySpec {
        &self.spec
    }
}
