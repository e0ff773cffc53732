//! What a reload would do: the difference of two topologies as a printable value.
//!
//! Owns which change is live, which re-attaches an endpoint and which rebuilds a socket. Pure; the
//! supervisor carries a plan out and has nothing left to choose.

mod change;
mod difference;
mod words;

pub use change::{Change, ChangeKind, How, Queue, Why};
pub(crate) use difference::needs_rebuild;

use std::sync::Arc;

use crate::topology::{NodeSpec, TopologySpec};

/// What happens to one node.
#[derive(Clone, PartialEq, Debug)]
pub enum NodePlan {
    /// It stays as it is. Its handlers may stand on other lines now.
    Keep(Arc<NodeSpec>),
    /// It is new.
    Add(Arc<NodeSpec>),
    /// It goes.
    Remove(Arc<NodeSpec>),
    /// It changes.
    Change {
        /// As it is.
        from: Arc<NodeSpec>,
        /// As it will be.
        to: Arc<NodeSpec>,
        /// In what.
        changes: Vec<Change>,
    },
}

impl NodePlan {
    /// The node's name.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Keep(spec) | Self::Add(spec) | Self::Remove(spec) => &spec.name,
            Self::Change { to, .. } => &to.name,
        }
    }

    /// The node as it will be, unless it goes.
    #[must_use]
    pub fn after(&self) -> Option<&Arc<NodeSpec>> {
        match self {
            Self::Keep(spec) | Self::Add(spec) => Some(spec),
            Self::Change { to, .. } => Some(to),
            Self::Remove(_) => None,
        }
    }

    /// `+`, `-`, `~` or `=`.
    #[must_use]
    pub fn sign(&self) -> char {
        match self {
            Self::Keep(_) => '=',
            Self::Add(_) => '+',
            Self::Remove(_) => '-',
            Self::Change { .. } => '~',
        }
    }

    fn inverse(&self) -> Self {
        match self {
            Self::Keep(spec) => Self::Keep(Arc::clone(spec)),
            Self::Add(spec) => Self::Remove(Arc::clone(spec)),
            Self::Remove(spec) => Self::Add(Arc::clone(spec)),
            Self::Change { from, to, .. } => Self::between(to, from),
        }
    }

    fn between(from: &Arc<NodeSpec>, to: &Arc<NodeSpec>) -> Self {
        let changes = difference::of_nodes(from, to);
        if changes.is_empty() {
            return Self::Keep(Arc::clone(to));
        }
        Self::Change { from: Arc::clone(from), to: Arc::clone(to), changes }
    }
}

/// What a reload from one topology to another would do.
#[derive(Clone, PartialEq, Debug)]
pub struct Plan {
    /// Every node of either topology: those that stay or come in the order of the new file, then
    /// those that go.
    pub nodes: Vec<NodePlan>,
}

impl Plan {
    /// The plan that leads from one topology to another.
    #[must_use]
    pub fn between(old: &TopologySpec, new: &TopologySpec) -> Self {
        let (known, staying) = (old.places(), new.places());
        let mut nodes = Vec::with_capacity(new.nodes.len());
        for node in &new.nodes {
            nodes.push(match known.get(node.name.as_str()) {
                Some(&before) => NodePlan::between(&old.nodes[before], node),
                None => NodePlan::Add(Arc::clone(node)),
            });
        }
        let gone = old.nodes.iter().filter(|node| !staying.contains_key(node.name.as_str()));
        nodes.extend(gone.map(|node| NodePlan::Remove(Arc::clone(node))));
        Self { nodes }
    }

    /// Whether nothing would be done.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.nodes.iter().all(|node| matches!(node, NodePlan::Keep(_)))
    }

    /// The plan that leads back. What it keeps it keeps as it is now.
    #[must_use]
    pub fn inverse(&self) -> Self {
        Self { nodes: self.nodes.iter().map(NodePlan::inverse).collect() }
    }

    /// The nodes as they will be, in the order of the plan.
    pub fn after(&self) -> impl Iterator<Item = &Arc<NodeSpec>> {
        self.nodes.iter().filter_map(NodePlan::after)
    }
}
