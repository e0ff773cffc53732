//! What a reload would do: the difference of two topologies as a printable value.
//!
//! Owns which change is live, which re-attaches an endpoint and which rebuilds a socket. Pure; the
//! supervisor carries a plan out and has nothing left to choose.

mod change;
mod difference;
mod fates;
mod impact;
mod json;
#[cfg(test)]
mod tests;
mod words;

pub use change::{Change, ChangeKind, How, Why};
pub use fates::{Fate, SocketFates};
pub(crate) use impact::{Group, Impact};

use std::sync::Arc;

use crate::topology::{NodeSpec, StopSignal, Topology};

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

    /// What happens to its copies.
    #[must_use]
    pub fn instances(&self) -> Instances {
        let all = |spec: &NodeSpec| spec.instances().collect::<Vec<_>>();
        let (from, to) = match self {
            Self::Keep(spec) => {
                return Instances { stay: all(spec), ..Instances::default() };
            }
            Self::Add(spec) => (Vec::new(), all(spec)),
            Self::Remove(spec) => (all(spec), Vec::new()),
            Self::Change { from, to, .. } => (all(from), all(to)),
        };
        let moves = self.is_moved();
        let (stay, made): (Vec<_>, Vec<_>) =
            to.into_iter().partition(|copy| !moves && from.contains(copy));
        let ended = from.into_iter().filter(|copy| !stay.contains(copy));
        let ended = ended.map(|(instance, _)| instance).collect();
        Instances { ended, stay, made }
    }

    /// Whether all its copies end and begin anew: on another thread, under other names, or because a
    /// program has to be told anew.
    #[must_use]
    pub fn is_moved(&self) -> bool {
        let Self::Change { from, to, changes } = self else { return false };
        from.isolate != to.isolate
            || from.replicas.is_some() != to.replicas.is_some()
            || changes.iter().any(|change| change.how == How::Restart)
    }

    /// Whether a program drove it before.
    #[must_use]
    pub fn was_program(&self) -> bool {
        matches!(self, Self::Change { from, .. } if from.is_program())
    }

    /// What its end puts at risk, where copies of a program end.
    #[must_use]
    pub fn risk(&self) -> Option<Risk> {
        let (Self::Remove(from) | Self::Change { from, .. }) = self else { return None };
        let program = from.process.as_ref()?;
        (!self.instances().ended.is_empty()).then_some(Risk { signal: program.stop.signal })
    }

    /// Whether other handlers take over, or the same with other params.
    #[must_use]
    pub fn changes_handlers(&self) -> bool {
        let of_handlers =
            |change: &Change| matches!(change.kind, ChangeKind::Handlers | ChangeKind::Params);
        matches!(self, Self::Change { changes, .. } if changes.iter().any(of_handlers))
    }

    /// The name that its first copy had and the one it will have, where those differ: it is
    /// replicated from now on, or no longer.
    #[must_use]
    pub fn renames(&self) -> Option<(String, String)> {
        let Self::Change { from, to, .. } = self else { return None };
        let first = |spec: &NodeSpec| spec.instances().next().map(|(instance, _)| instance);
        first(from).zip(first(to)).filter(|(before, after)| before != after)
    }

    fn between(from: &Arc<NodeSpec>, to: &Arc<NodeSpec>) -> Self {
        let changes = difference::of_nodes(from, to);
        if changes.is_empty() {
            return Self::Keep(Arc::clone(to));
        }
        Self::Change { from: Arc::clone(from), to: Arc::clone(to), changes }
    }
}

/// What is at risk where a program ends: what it has received and nobody else knows of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Risk {
    /// What it is told by that it ends.
    pub signal: StopSignal,
}

/// A node's copies by what happens to them.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct Instances {
    /// Those that end, by name.
    pub ended: Vec<String>,
    /// Those that stay, by name and number.
    pub stay: Vec<(String, u32)>,
    /// Those that are made.
    pub made: Vec<(String, u32)>,
}

/// What a reload from one topology to another would do.
#[derive(Clone, PartialEq, Debug)]
pub struct Plan {
    /// Every node of either topology: those that stay or come in the order of the new file, then
    /// those that go.
    pub nodes: Vec<NodePlan>,
    impact: Impact,
    from: Topology,
    to: Topology,
}

impl Plan {
    /// The plan that leads from one topology to another.
    #[must_use]
    pub fn between(from: &Topology, to: &Topology) -> Self {
        let (known, staying) = (from.positions(), to.positions());
        let mut nodes = Vec::with_capacity(to.nodes.len());
        for node in &to.nodes {
            nodes.push(match known.get(node.name.as_str()) {
                Some(&before) => NodePlan::between(&from.nodes[before], node),
                None => NodePlan::Add(Arc::clone(node)),
            });
        }
        let gone = from.nodes.iter().filter(|node| !staying.contains_key(node.name.as_str()));
        nodes.extend(gone.map(|node| NodePlan::Remove(Arc::clone(node))));
        let impact = Impact::of(&nodes, from, to);
        Self { nodes, impact, from: from.clone(), to: to.clone() }
    }

    /// What becomes of the sockets of a node that runs, if it goes on.
    #[must_use]
    pub fn fates(&self, node: &str) -> Option<SocketFates> {
        let changes = self.nodes.iter().find(|plan| plan.name() == node).map(|plan| match plan {
            NodePlan::Change { changes, .. } => &changes[..],
            NodePlan::Keep(_) | NodePlan::Add(_) | NodePlan::Remove(_) => &[],
        });
        let spec_in =
            |topology: &Topology| topology.nodes.iter().find(|spec| spec.name == node).cloned();
        let to = spec_in(&self.to)?;
        let from = spec_in(&self.from).unwrap_or_else(|| Arc::clone(&to));
        Some(SocketFates::of(&from, &to, changes.unwrap_or_default()))
    }

    /// Whether nothing would be done.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.nodes.iter().all(|node| matches!(node, NodePlan::Keep(_)))
    }

    /// The plan that leads back from where this one was being carried out. Nobody came in unasked
    /// meanwhile, so nobody has to knock again for that.
    #[must_use]
    pub fn inverse(&self) -> Self {
        Self::between(&self.to.asking_as(&self.from), &self.from)
    }

    /// The topology as it is.
    #[must_use]
    pub fn from(&self) -> &Topology {
        &self.from
    }

    /// The topology as it will be.
    #[must_use]
    pub fn to(&self) -> &Topology {
        &self.to
    }

    /// What it disturbs.
    pub(crate) fn impact(&self) -> &Impact {
        &self.impact
    }

    /// What it does to what a node exchanges with others, if that goes on.
    #[must_use]
    pub fn pause_of(&self, node: &str) -> Option<Pause> {
        // A program goes on as long as it is there.
        let is_program = self.from.node(node).is_some_and(NodeSpec::is_program);
        if is_program || !self.impact.sockets.contains_key(node) {
            None
        } else if self.impact.keep_serving.contains(node) {
            Some(Pause::AfterAnswering)
        } else {
            Some(Pause::Held)
        }
    }

    /// The nodes as they will be, in the order of the plan.
    pub fn after(&self) -> impl Iterator<Item = &Arc<NodeSpec>> {
        self.nodes.iter().filter_map(NodePlan::after)
    }
}

/// How a node is kept from what a plan disturbs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Pause {
    /// It takes nothing new until the change is made; what arrives waits.
    Held,
    /// It begins nothing, but goes on handling until all that it owes is given.
    AfterAnswering,
}
