//! Links that can be made while other nodes of a start are still being bound.
//!
//! Owns which ones: those between instances that are there already. A connection to outside the file
//! waits until all nodes are bound, because a start that fails must not have taken a message from
//! anybody else. Pure.

use std::collections::{HashMap, HashSet};

use super::endpoint_resolution::{self, Directory};
use super::instances::Instances;
use crate::topology::{Attachment, NodeSpec, Topology};

/// The links of a start that are still to be made.
pub(super) struct EagerLinks<'t> {
    directory: Directory<'t>,
    /// How many of its instances each node still lacks.
    lacking: HashMap<&'t str, usize>,
    /// The nodes that connect to each node.
    connecters: HashMap<&'t str, Vec<&'t NodeSpec>>,
}

impl<'t> EagerLinks<'t> {
    pub(super) fn of(topology: &'t Topology) -> Self {
        let mut connecters: HashMap<&str, Vec<&NodeSpec>> = HashMap::new();
        for node in &topology.nodes {
            for target in targets(node) {
                connecters.entry(target).or_default().push(node);
            }
        }
        let lacking = topology.nodes.iter().map(|node| (&*node.name, node.instances().count()));
        Self { directory: Directory::of(topology), lacking: lacking.collect(), connecters }
    }

    /// Notes that an instance is there, and gives the nodes for which it was the last one missing,
    /// each with the endpoints that its instances can connect to now.
    pub(super) fn made(
        &mut self,
        node: &str,
        instances: &Instances,
    ) -> Vec<(&'t NodeSpec, Vec<(usize, String)>)> {
        let Some(spec) = self.directory.node(node) else { return Vec::new() };
        let Some(lacking) = self.lacking.get_mut(node) else { return Vec::new() };
        *lacking = lacking.saturating_sub(1);
        if *lacking > 0 {
            return Vec::new();
        }
        let others = self.connecters.get(node).into_iter().flatten().copied();
        let ready = others.filter(|other| other.name != node).chain([spec]);
        ready
            .filter(|node| self.is_ready(node))
            .map(|node| (node, self.endpoints(node, instances)))
            .filter(|(_, endpoints)| !endpoints.is_empty())
            .collect()
    }

    /// What an instance can connect to. A socket that also leads outside waits with all of it: the
    /// order of its connections is the file's.
    fn endpoints(&self, node: &NodeSpec, instances: &Instances) -> Vec<(usize, String)> {
        let leads_outside = |place: usize| {
            let mut attachments = node.sockets[place].attachments.iter();
            attachments.any(|attachment| {
                matches!(attachment, Attachment::Connect(_) | Attachment::ConnectPlace { .. })
            })
        };
        let mut endpoints = endpoint_resolution::connects(node, &self.directory, instances);
        endpoints.retain(|(place, _)| !leads_outside(*place));
        endpoints
    }

    /// Whether a node and all that it connects to are there. One that does not run here never is.
    fn is_ready(&self, node: &NodeSpec) -> bool {
        let mut needed = targets(node).into_iter().chain([&*node.name]);
        needed.all(|name| self.lacking.get(name) == Some(&0))
    }
}

/// The nodes that a node connects to, each once.
fn targets(node: &NodeSpec) -> HashSet<&str> {
    let attachments = node.sockets.iter().flat_map(|socket| &socket.attachments);
    attachments
        .filter_map(|attachment| match attachment {
            Attachment::ConnectNode { node, .. } => Some(node.as_str()),
            Attachment::Bind(_) | Attachment::Connect(_) | Attachment::ConnectPlace { .. } => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::supervisor::doubles::{Double, doubles};
    use crate::topology::sound;

    /// Which nodes connect to what as each instance is made, in this order.
    fn eager(text: &str, made: &[Double<'_>]) -> Vec<String> {
        let topology = sound(text);
        let mut links = EagerLinks::of(&topology);
        let mut found = Vec::new();
        for count in 1..=made.len() {
            let (node, instance, _) = made[count - 1];
            let instances = doubles(&made[..count]);
            for (node, endpoints) in links.made(node, &instances) {
                let endpoints: Vec<_> =
                    endpoints.iter().map(|(at, endpoint)| format!("{at} {endpoint}")).collect();
                found.push(format!("{instance}: {} {}", node.name, endpoints.join(", ")));
            }
        }
        found
    }

    const BOUND: &[(usize, &str, &str)] = &[(0, "tcp://127.0.0.1:*", "tcp://127.0.0.1:4711")];

    #[test]
    fn a_link_is_made_with_the_last_of_its_instances_whichever_end_that_is() {
        let text =
            "nodes: {in: {role: push, connect: out}, out: {role: pull, bind: 'tcp://127.0.0.1:*'}}";
        let link = "in 0 tcp://127.0.0.1:4711";
        assert_eq!(
            eager(text, &[("in", "in", &[]), ("out", "out", BOUND)]),
            [format!("out: {link}")]
        );
        assert_eq!(
            eager(text, &[("out", "out", BOUND), ("in", "in", &[])]),
            [format!("in: {link}")]
        );
        assert_eq!(eager(text, &[("in", "in", &[])]), [""; 0]);
    }

    #[test]
    fn all_copies_of_both_ends_have_to_be_there() {
        let text = "nodes: {in: {role: push, connect: out, replicas: 2}, out: {role: pull, bind: 'tcp://127.0.0.1:*'}}";
        assert_eq!(
            eager(text, &[("in", "in.1", &[]), ("out", "out", BOUND), ("in", "in.2", &[])]),
            ["in.2: in 0 tcp://127.0.0.1:4711"]
        );
    }

    #[test]
    fn a_socket_that_also_leads_outside_waits() {
        let text = "nodes: {in: {role: push, connect: [out, 'tcp://elsewhere:5']}, \
                    out: {role: pull, bind: 'tcp://127.0.0.1:*'}}";
        assert_eq!(eager(text, &[("in", "in", &[]), ("out", "out", BOUND)]), [""; 0]);
    }
}
