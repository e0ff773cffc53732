//! A topology that holds.
//!
//! Owns [`Topology`]. Only the checker constructs one; who has one may rely on every name in it being
//! defined, every endpoint usable and every option known to its role.

use std::ops::Deref;
use std::sync::Arc;

use super::links::{Link, links_of};
use super::spec::{Attachment, TopologySpec};

/// A checked topology, with its links.
#[derive(Clone, PartialEq, Debug)]
pub struct Topology {
    spec: TopologySpec,
    links: Arc<[Link]>,
}

impl Topology {
    /// How many sockets all copies of all nodes have.
    #[must_use]
    pub fn socket_count(&self) -> usize {
        self.nodes.iter().map(|node| node.sockets.len() * node.instances().count()).sum()
    }

    /// Only the checker may say that a topology holds.
    pub(super) fn new(spec: TopologySpec) -> Self {
        let links = links_of(&spec).into();
        Self { spec, links }
    }

    /// The topology without any node: what runs before the first start and after the last stop.
    #[must_use]
    pub fn empty() -> Self {
        Self::new(TopologySpec { name: String::new(), description: None, nodes: Vec::new() })
    }

    /// The same topology with only these nodes; the others run elsewhere, at the endpoints that the
    /// file gives them.
    #[must_use]
    pub fn only(&self, names: &[String]) -> Self {
        let mut spec = self.spec.clone();
        spec.nodes.retain(|node| names.contains(&node.name));
        for socket in spec.nodes.iter_mut().flat_map(|node| &mut Arc::make_mut(node).sockets) {
            for attachment in &mut socket.attachments {
                if let Attachment::ConnectNode { node, endpoint, .. } = attachment
                    && !names.contains(node)
                {
                    *attachment = Attachment::Connect(endpoint.as_seen_by_peer());
                }
            }
        }
        Self::new(spec)
    }

    /// Every link inside it, in the order of the connecting sockets.
    #[must_use]
    pub fn links(&self) -> &[Link] {
        &self.links
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
