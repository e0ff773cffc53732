//! Who runs, for those who want to speak with a running node from outside the supervisor.
//!
//! Owns the list that is made anew after each change. Never keeps a node alive.

use std::sync::Arc;

use super::instances::Instances;
use crate::node::{Control, Target, WeakControlSender};
use crate::topology::{NodeSpec, Topology};

/// Every running node at one time.
#[derive(Clone, Default, Debug)]
pub struct Roster {
    /// The topology's name.
    pub name: String,
    /// The place of which it is the part, where it is one.
    pub place: Option<String>,
    /// The version of the topology that runs.
    pub generation: u64,
    /// The nodes, copy by copy, in the order of the file.
    pub entries: Vec<RosterEntry>,
}

/// One running node, or one copy of it.
#[derive(Clone, Debug)]
pub struct RosterEntry {
    /// Its name, with the copy's number where it is replicated.
    pub instance: Arc<str>,
    /// The number of the copy, from 1; none where it is not replicated.
    pub replica: Option<u32>,
    /// What it was told to be.
    pub spec: Arc<NodeSpec>,
    control: WeakControlSender,
}

impl RosterEntry {
    /// Tells the node something; whether it still listens.
    #[must_use]
    pub fn tell(&self, control: impl Into<Control>) -> bool {
        self.control.upgrade().is_some_and(|sender| sender.send(control).is_ok())
    }
}

impl Roster {
    /// Who of a topology runs, as its version of that number.
    pub(super) fn of(topology: &Topology, instances: &Instances, generation: u64) -> Self {
        let mut entries = Vec::new();
        for node in &topology.nodes {
            for (instance, replica) in node.instances() {
                let Some(handle) = instances.get(&instance) else { continue };
                entries.push(RosterEntry {
                    instance: Arc::clone(&handle.instance),
                    replica: node.replicas.map(|_| replica),
                    spec: Arc::clone(node),
                    control: handle.control.downgrade(),
                });
            }
        }
        let (name, place) = (topology.name.clone(), topology.here.clone());
        Self { name, place, generation, entries }
    }

    /// The nodes that a target names.
    ///
    /// # Errors
    ///
    /// When there is none, with what there is instead.
    pub fn find(&self, target: &Target) -> Result<Vec<&RosterEntry>, String> {
        if target.is_everything() {
            return Ok(self.entries.iter().collect());
        }
        let of_node: Vec<&RosterEntry> =
            self.entries.iter().filter(|entry| entry.spec.name == target.node).collect();
        let Some(first) = of_node.first() else {
            let mut names: Vec<&str> =
                self.entries.iter().map(|entry| entry.spec.name.as_str()).collect();
            names.dedup();
            let node = &target.node;
            return Err(format!("there is no node {node:?}; there is {}", listed(&names)));
        };
        if let Some(socket) = &target.socket
            && first.spec.socket(socket).is_none()
        {
            let names: Vec<&str> =
                first.spec.sockets.iter().map(|socket| socket.name.as_str()).collect();
            let has = if names.is_empty() { "no socket".to_owned() } else { listed(&names) };
            return Err(format!("{} has no socket {socket:?}; it has {has}", target.node));
        }
        let Some(replica) = target.replica else { return Ok(of_node) };
        if first.replica.is_none() {
            return Err(format!("{} has no copies; leave out .{replica}", target.node));
        }
        let copies = of_node.len();
        let one: Vec<_> =
            of_node.into_iter().filter(|entry| entry.replica == Some(replica)).collect();
        if one.is_empty() {
            return Err(format!("{} has {copies} copies, and none is {replica}", target.node));
        }
        Ok(one)
    }
}

fn listed(names: &[&str]) -> String {
    match names {
        [] => "none".to_owned(),
        [before @ .., last] if !before.is_empty() => format!("{} and {last}", before.join(", ")),
        _ => names.concat(),
    }
}
