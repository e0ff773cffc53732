//! Starting nodes: bind all, connect all, wait for the links, then let them begin.
//!
//! Owns the start barrier, which is why nothing inside one file is lost to the slow joiner.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;

use super::{StartError, Supervisor, links};
use crate::counters::NodeCounters;
use crate::event::{Fact, What};
use crate::node::{Blueprint, Control, NodeHandle, Shard};
use crate::topology::{NodeSpec, Topology, links_of};

/// How long the start waits for links inside the file.
const BARRIER: Duration = Duration::from_secs(2);

impl Supervisor {
    /// Starts every node of a topology.
    ///
    /// # Errors
    ///
    /// When a node cannot be made or linked; then nothing of it runs.
    pub async fn start(&mut self, topology: &Topology) -> Result<(), StartError> {
        let mut begun = Vec::new();
        for node in &topology.nodes {
            let spec = Arc::new(node.clone());
            for (instance, replica) in node.instances() {
                begun.push(self.begin(&spec, instance.into(), replica, begun.len())?);
            }
        }
        let mut failures = Vec::new();
        for (instance, result) in begun {
            match result.await {
                Ok(Ok(handle)) => drop(self.nodes.insert(instance, handle)),
                Ok(Err(error)) => failures.push((instance, error)),
                Err(_) => failures.push((instance, crate::node::NodeError::ThreadGone)),
            }
        }
        self.topology = topology.clone();
        if failures.is_empty() {
            failures = self.connect_all(topology).await;
        }
        if !failures.is_empty() {
            self.stop(super::stop::Haste::Now).await;
            return Err(StartError::Nodes(failures));
        }
        for handle in self.nodes.values() {
            // A node that ended meanwhile has told why.
            let _ = handle.control.send(Control::Start);
        }
        Ok(())
    }

    fn begin(
        &mut self,
        spec: &Arc<NodeSpec>,
        instance: Arc<str>,
        replica: u32,
        number: usize,
    ) -> Result<(Arc<str>, oneshot::Receiver<Result<NodeHandle, crate::node::NodeError>>), StartError>
    {
        let blueprint = Blueprint {
            spec: Arc::clone(spec),
            instance: Arc::clone(&instance),
            replica,
            context: self.context.clone(),
            counters: Arc::new(NodeCounters::new(spec.sockets.len())),
            facts: self.facts.clone(),
            started: self.started,
        };
        let result = if spec.isolate {
            let shard = Shard::start(&instance)?;
            let result = shard.begin_spawn(blueprint);
            self.isolated.insert(Arc::clone(&instance), shard);
            result
        } else {
            self.shards[number % self.shards.len()].begin_spawn(blueprint)
        };
        Ok((instance, result))
    }

    /// Connects everything and waits for the links; what could not be connected is returned.
    async fn connect_all(
        &mut self,
        topology: &Topology,
    ) -> Vec<(Arc<str>, crate::node::NodeError)> {
        let links = links_of(topology);
        let mut expectations = links::expectations(topology, &links);
        let mut answers = Vec::new();
        for (place, node) in topology.nodes.iter().enumerate() {
            let expectation = expectations.remove(&place).unwrap_or_default();
            for (instance, _) in node.instances() {
                let Some(handle) = self.nodes.get(instance.as_str()) else { continue };
                let (done, connected) = oneshot::channel();
                let (linked, up) = oneshot::channel();
                let told = handle.control.send(Control::Connect {
                    endpoints: links::connects(node, &self.nodes),
                    expectation: expectation.clone(),
                    done,
                    linked,
                });
                if told.is_ok() {
                    answers.push((Arc::clone(&handle.instance), connected, up));
                }
            }
        }
        let mut failures = Vec::new();
        let mut waiting = Vec::new();
        for (instance, connected, up) in answers {
            let failed = connected.await.unwrap_or_default();
            failures.extend(failed.into_iter().map(|error| (Arc::clone(&instance), error.into())));
            waiting.push((instance, up));
        }
        if failures.is_empty() {
            self.wait_for_links(waiting).await;
        }
        failures
    }

    async fn wait_for_links(&self, waiting: Vec<(Arc<str>, oneshot::Receiver<()>)>) {
        let deadline = tokio::time::Instant::now() + BARRIER;
        for (instance, up) in waiting {
            if tokio::time::timeout_at(deadline, up).await.is_ok() {
                continue;
            }
            let Some(handle) = self.nodes.get(&instance) else { continue };
            let (answer, missing) = oneshot::channel();
            let _ = handle.control.send(Control::Missing { answer });
            for link in missing.await.unwrap_or_default() {
                self.facts.tell(Fact {
                    node: Arc::clone(&instance),
                    socket: None,
                    what: What::LinkMissing { link },
                    repeated: 0,
                });
            }
        }
    }
}
