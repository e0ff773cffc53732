//! What a plan comes to for the instances that run: which end, change and join, and whose connections
//! have to be seen to.
//!
//! Owns the choice. Never tells a node anything: `reload` does.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::scope::{Scope, is_moved};
use super::{Supervisor, links};
use crate::plan::{NodePlan, Plan};
use crate::topology::{NodeSpec, Topology, links_of};
use crate::zeromq::{Endpoint, Side};

/// Instances by what happens to them.
#[derive(Default, Debug)]
pub(super) struct Steps {
    /// Those that end.
    pub(super) leave: Vec<Arc<str>>,
    /// Those that change, and whether their handlers do.
    pub(super) change: Vec<(Arc<str>, Arc<NodeSpec>, bool)>,
    /// Those that are new, with the number of the copy.
    pub(super) join: Vec<(Arc<NodeSpec>, Arc<str>, u32)>,
}

impl Supervisor {
    /// What a plan comes to for what runs now.
    pub(super) fn steps(&self, plan: &Plan) -> Steps {
        let mut steps = Steps::default();
        for node in &plan.nodes {
            let from = match node {
                NodePlan::Remove(from) | NodePlan::Change { from, .. } => Some(from),
                NodePlan::Keep(_) | NodePlan::Add(_) => None,
            };
            let moved = matches!(node, NodePlan::Change { from, to, .. } if is_moved(from, to));
            let to = node.after().map(Arc::clone);
            let wanted: Vec<(Arc<str>, u32)> = to
                .iter()
                .flat_map(|spec| spec.instances())
                .map(|(instance, replica)| (instance.into(), replica))
                .collect();
            let stays =
                |instance: &str| !moved && wanted.iter().any(|(wanted, _)| **wanted == *instance);
            let running = self.nodes.values().filter(|handle| handle.node == node.name());
            let leaving = running
                .map(|handle| Arc::clone(&handle.instance))
                .filter(|instance| from.is_some() && !stays(instance));
            steps.leave.extend(leaving);
            let Some(to) = to else { continue };
            for (instance, replica) in wanted.clone() {
                if stays(&instance) && self.nodes.contains_key(&instance) {
                    let handlers = matches!(node, NodePlan::Change { from, to, .. }
                        if from.script != to.script || from.params != to.params);
                    steps.change.push((instance, Arc::clone(&to), handlers));
                } else {
                    steps.join.push((Arc::clone(&to), instance, replica));
                }
            }
        }
        // What neither changes nor stands on other lines is left alone.
        steps.change.retain(|(_, spec, _)| {
            self.topology.node(&spec.name).is_none_or(|before| *before != **spec)
                || self.unsettled.contains(&spec.name)
        });
        steps
    }

    /// Instances whose connections have to be seen to, with the endpoints to connect to anew.
    pub(super) fn concerned(
        &self,
        steps: &Steps,
        scope: &Scope,
        new: &Topology,
    ) -> BTreeMap<Arc<str>, Vec<(usize, String)>> {
        let mut concerned: BTreeMap<Arc<str>, Vec<(usize, String)>> = BTreeMap::new();
        for (_, instance, _) in &steps.join {
            concerned.entry(Arc::clone(instance)).or_default();
        }
        // Whoever was linked with what is gone waits until that connection has ended.
        for handle in self.nodes.values() {
            if scope.sockets.contains_key(&handle.node) {
                concerned.entry(Arc::clone(&handle.instance)).or_default();
            }
        }
        for (instance, spec, _) in &steps.change {
            if self.topology.node(&spec.name).is_none_or(|old| old.sockets != spec.sockets) {
                concerned.entry(Arc::clone(instance)).or_default();
            }
        }
        let joined: BTreeSet<&str> =
            steps.join.iter().map(|(spec, _, _)| spec.name.as_str()).collect();
        for link in links_of(new) {
            let binder = &new.nodes[link.binder.node];
            let socket = &binder.sockets[link.binder.socket];
            let replaced = scope.rebuilt.contains(&(binder.name.clone(), socket.name.clone()));
            if !replaced && !joined.contains(binder.name.as_str()) {
                continue;
            }
            let connecter = &new.nodes[link.connecter.node];
            let endpoints = links::connects(connecter, &self.nodes);
            for (instance, _) in connecter.instances() {
                let renew = concerned.entry(instance.into()).or_default();
                for (place, endpoint) in &endpoints {
                    let reached = Endpoint::parse(endpoint, Side::Connect)
                        .is_ok_and(|endpoint| self.binds(binder, &endpoint));
                    let known = (*place, endpoint.clone());
                    if *place == link.connecter.socket && reached && !renew.contains(&known) {
                        renew.push(known);
                    }
                }
            }
        }
        concerned
    }

    fn binds(&self, node: &NodeSpec, endpoint: &Endpoint) -> bool {
        self.nodes.values().filter(|handle| handle.node == node.name).any(|handle| {
            handle.bound.iter().any(|(_, _, actual)| {
                Endpoint::parse(actual, Side::Bind).is_ok_and(|bound| bound.is_reached_by(endpoint))
            })
        })
    }
}

/// Whether a node decides who may connect (ZAP): no link that asks it comes up before it runs.
pub(super) fn authenticates(node: &NodeSpec) -> bool {
    let is_zap = |endpoint: &Endpoint| endpoint.as_str() == "inproc://zeromq.zap.01";
    node.sockets.iter().any(|socket| socket.binds().any(is_zap))
}
