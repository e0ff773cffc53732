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
            // Nobody counted what waits for a program to the end: a connection that is made anew would
            // lose it, and libzmq makes it again by itself.
            let waits = before.node(&binder.name).is_some_and(NodeSpec::is_program);
            for instance in staying {
                let renew = concerned.entry(instance.into()).or_default();
                if waits {
                    continue;
                }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::supervisor::doubles::{Double, doubles};
    use crate::topology::sound;

    const PORT: &str = "tcp://127.0.0.1:4711";
    const BOUND: &[(usize, &str, &str)] = &[(0, PORT, PORT)];

    fn file(nodes: &str) -> Topology {
        if nodes.is_empty() {
            return Topology::empty();
        }
        sound(&format!("nodes: {{{}}}", nodes.replace("PORT", &format!("'{PORT}'"))))
    }

    /// What a change from one file to another comes to where these run, as `-a ~b ~c! +d`; a `!` has
    /// other handlers. Then who is concerned, with how many endpoints to connect to anew.
    fn actions(old: &str, new: &str, running: &[Double<'_>]) -> (String, String) {
        let (old, new) = (file(old), file(new));
        let plan = Plan::between(&old, &new);
        let instances = doubles(running);
        let actions = Actions::of(&plan, &old, &instances, &BTreeSet::new());
        let leave = actions.leave.iter().map(|instance| format!("-{instance}"));
        let change = actions.change.iter().map(|(instance, _, handlers)| {
            format!("~{instance}{}", if *handlers { "!" } else { "" })
        });
        let join = actions.join.iter().map(|(_, instance, _)| format!("+{instance}"));
        let all: Vec<String> = leave.chain(change).chain(join).collect();
        let concerned = actions.concerned(&plan, &old, &instances);
        let concerned: Vec<String> = concerned
            .iter()
            .map(|(instance, renew)| format!("{instance} {}", renew.len()))
            .collect();
        (all.join(" "), concerned.join(", "))
    }

    #[test]
    fn a_plan_ends_changes_and_makes_the_instances_that_it_has_to() {
        const A: &str = "a: {role: pull, bind: PORT, on_message: '()'}";
        const B: &str = "b: {role: push, connect: a}";
        let both: &[Double<'_>] = &[("a", "a", BOUND), ("b", "b", &[])];
        let copies: &[Double<'_>] = &[("a", "a", BOUND), ("b", "b.1", &[]), ("b", "b.2", &[])];
        let of = |b: &str| format!("{A}, {b}");
        let two = "b: {role: push, connect: a, replicas: 2}";
        let three = "b: {role: push, connect: a, replicas: 3}";
        for (old, new, running, expected, concerned) in [
            (String::new(), of(B), &[][..], "+a +b", "a 0, b 0"),
            (of(B), of(B), both, "", ""),
            (of(B), A.replace("()", "1"), both, "-b ~a!", "a 0, b 0"),
            (of(B), of(B).replace("'()'", "'1'"), both, "~a!", ""),
            (of(two), of(three), copies, "~b.1 ~b.2 +b.3", "b.3 0"),
            (of(two), of(B), copies, "-b.1 -b.2 +b", "b 0"),
            // Whose binder is another one connects anew.
            (of(B), of(B).replace("'()'", "'()', isolate: true"), both, "-a +a", "a 0, b 1"),
        ] {
            let found = actions(&old, &new, running);
            assert_eq!(found.0, expected, "{old} → {new}");
            let mut missing = concerned.split(", ").filter(|one| !found.1.contains(one));
            assert_eq!(missing.next(), None, "{old} → {new}: {}", found.1);
        }
    }

    #[test]
    fn a_node_that_a_failed_change_left_in_between_is_changed_though_its_file_is_the_same() {
        let topology = file("a: {role: pull, bind: PORT}");
        let instances = doubles(&[("a", "a", BOUND)]);
        let plan = Plan::between(&topology, &topology);
        let of = |unsettled: &BTreeSet<String>| {
            Actions::of(&plan, &topology, &instances, unsettled).change.len()
        };
        assert_eq!(of(&BTreeSet::new()), 0);
        assert_eq!(of(&BTreeSet::from(["a".to_owned()])), 1);
    }
}
