//! Who may come to all sockets of a topology, by the domains under which they ask.
//!
//! Owns the names of these domains. The verdict is `admission`'s.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::admission::Admission;
use super::spec::TopologySpec;

/// Who may come to all sockets of a topology that say so, by node and socket.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Policy(BTreeMap<String, BTreeMap<String, Arc<Admission>>>);

impl Policy {
    /// What a topology says.
    #[must_use]
    pub fn of(topology: &TopologySpec) -> Self {
        let mut policy = Self::default();
        for node in &topology.nodes {
            for socket in &node.sockets {
                let Some(admission) = &socket.admission else { continue };
                let sockets = policy.0.entry(node.name.clone()).or_default();
                sockets.insert(socket.name.clone(), Arc::clone(admission));
            }
        }
        policy
    }

    /// Whether no socket asks who may come.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Who may come to a socket, by the domain under which it asks.
    #[must_use]
    pub fn at(&self, domain: &str) -> Option<&Admission> {
        let (instance, socket) = domain.rsplit_once('.')?;
        // No node's name has a point; a copy's name ends with one and its number.
        let node = instance.split('.').next()?;
        Some(self.0.get(node)?.get(socket)?)
    }

    /// The domain under which a socket of an instance asks.
    #[must_use]
    pub fn domain(instance: &str, socket: &str) -> String {
        format!("{instance}.{socket}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_copy_of_a_node_asks_under_a_domain_of_its_own() {
        let admission = Arc::new(Admission::default());
        let sockets = BTreeMap::from([("in".to_owned(), Arc::clone(&admission))]);
        let policy = Policy(BTreeMap::from([("worker".to_owned(), sockets)]));
        for instance in ["worker", "worker.2"] {
            assert_eq!(policy.at(&Policy::domain(instance, "in")), Some(&*admission));
        }
        for domain in ["", "worker", "worker.out", "other.in", "."] {
            assert_eq!(policy.at(domain), None, "{domain}");
        }
    }
}
