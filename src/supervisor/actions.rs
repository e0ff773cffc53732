//! What a plan comes to for the instances that run: which end, change and join, and whose connections
//! have to be seen to.
//!
//! Owns the choice. Never tells a node anything: `reload` does.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use super::endpoint_resolution::{self, Directory};
use super::instances::Instances;
use crate::plan::{NodePlan, Plan};
use crate::topology::{NodeSpec, Topology};
use crate::zeromq::{Endpoint, Side};

/// An instance that is new: what it is to be, its name, and the number of the copy.
pub(super) type Join = (Arc<NodeSpec>, Arc<str>, u32);

/// Instances by what happens to them.
#[derive(Default, Debug)]
pub(super) struct Actions {
    /// Those that end.
    pub(super) leave: Vec<Arc<str>>,
    /// Those that change, and whether their handlers do.
    pub(super) change: Vec<(Arc<str>, Arc<NodeSpec>, bool)>,
    /// Those that are new.
    pub(super) join: Vec<Join>,
}

impl Actions {
    /// What a plan comes to for what runs now, by the topology `before`; nodes that are `unsettled`
    /// may be in between.
    pub(super) fn of(
        plan: &Plan,
        before: &Topology,
        instances: &Instances,
        unsettled: &BTreeSet<String>,
    ) -> Self {
        let mut actions = Self::default();
        let mut running: HashMap<&str, Vec<&Arc<str>>> = HashMap::new();
        for handle in instances.iter() {
            running.entry(&handle.node).or_default().push(&handle.instance);
        }
        for node in &plan.nodes {
            let from = match node {
                NodePlan::Remove(from) | NodePlan::Change { from, .. } => Some(from),
                NodePlan::Keep(_) | NodePlan::Add(_) => None,
            };
            let moved = node.is_moved();
            let to = node.after().cloned();
            let wanted: Vec<(Arc<str>, u32)> = to
                .iter()
                .flat_map(|spec| spec.instances())
                .map(|(instance, replica)| (instance.into(), replica))
                .collect();
            let stays =
                |instance: &str| !moved && wanted.iter().any(|(wanted, _)| **wanted == *instance);
            let of_node = running.get(node.name()).into_iter().flatten().copied();
            let leaving = of_node.filter(|instance| from.is_some() && !stays(instance));
            actions.leave.extend(leaving.cloned());
            let Some(to) = to else { continue };
            for (instance, replica) in wanted.clone() {
                if stays(&instance) && instances.get(&instance).is_some() {
                    actions.change.push((instance, Arc::clone(&to), node.changes_handlers()));
                } else {
                    actions.join.push((Arc::clone(&to), instance, replica));
                }
            }
        }
        // What neither changes nor stands on other lines is left alone.
        let before = Directory::of(before);
        actions.change.retain(|(_, spec, _)| {
            before.node(&spec.name).is_none_or(|before| *before != **spec)
                || unsettled.contains(&spec.name)
        });
        actions
    }

    /// Instances whose connections have to be seen to, with the endpoints to connect to anew.
    pub(super) fn concerned(
        &self,
        plan: &Plan,
        before: &Topology,
        instances: &Instances,
    ) -> BTreeMap<Arc<str>, Vec<(usize, String)>> {
        let mut concerned: BTreeMap<Arc<str>, Vec<(usize, String)>> = BTreeMap::new();
        for (_, instance, _) in &self.join {
            concerned.entry(Arc::clone(instance)).or_default();
        }
        // Whoever was linked with what is gone waits until that connection has ended.
        for handle in instances.iter() {
            if plan.impact().sockets.contains_key(&handle.node) {
                concerned.entry(Arc::clone(&handle.instance)).or_default();
            }
        }
        let before = Directory::of(before);
        for (instance, spec, _) in &self.change {
            if before.node(&spec.name).is_none_or(|old| old.sockets != spec.sockets) {
                concerned.entry(Arc::clone(instance)).or_default();
            }
        }
        let joined: HashSet<&str> =
            self.join.iter().map(|(spec, _, _)| spec.name.as_str()).collect();
        let joins: HashSet<&str> = self.join.iter().map(|(_, instance, _)| &**instance).collect();
        let new = plan.to();
        let directory = Directory::of(new);
        for link in new.links() {
            let binder = &new.nodes[link.binder.node];
            // What a plan back has to make anew it cannot know.
            let is_new = joined.contains(binder.name.as_str());
            if !is_new && !plan.impact().renewed.contains(&link.binder) {
                continue;
            }
            let connecter = &new.nodes[link.connecter.node];
            // What is new connects anew anyway.
            let stays = |instance: &String| !joins.contains(instance.as_str());
            let staying: Vec<String> =
                connecter.instances().map(|(instance, _)| instance).filter(stays).collect();
            if staying.is_empty() {
                continue;
            }
            let endpoints = endpoint_resolution::connects(connecter, &directory, instances);
            for instance in staying {
                let renew = concerned.entry(instance.into()).or_default();
                for (place, endpoint) in &endpoints {
                    let reached = Endpoint::parse(endpoint, Side::Connect)
                        .is_ok_and(|endpoint| directory.binds(&binder.name, &endpoint, instances));
                    let known = (*place, endpoint.clone());
                    if *place == link.connecter.socket && reached && !renew.contains(&known) {
                        renew.push(known);
                    }
                }
            }
        }
        concerned
    }

    /// The instances that end and have others in their place: under the same name, or under the one
    /// that the plan gives the first of a node's copies.
    pub(super) fn succeeded(&self, plan: &Plan) -> BTreeSet<Arc<str>> {
        let renamed: Vec<(String, String)> =
            plan.nodes.iter().filter_map(NodePlan::renames).collect();
        let joins = |name: &str| self.join.iter().any(|(_, instance, _)| **instance == *name);
        let is_succeeded = |instance: &&Arc<str>| {
            let renamed = renamed.iter().find(|(before, _)| **before == ***instance);
            joins(instance) || renamed.is_some_and(|(_, after)| joins(after))
        };
        self.leave.iter().filter(is_succeeded).cloned().collect()
    }
}
