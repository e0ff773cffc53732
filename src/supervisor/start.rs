//! Starting nodes: bind all, connect all, wait for the links, then let them begin.
//!
//! Owns the start barrier, which is why nothing inside one file is lost to the slow joiner.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::eager_links::EagerLinks;
use super::endpoint_resolution::{self, Directory};
use super::quiescence::Outsiders;
use super::reload::Done;
use super::wanted::await_topics;
use super::{StartError, Supervisor};
use crate::counters::NodeCounters;
use crate::event::{Event, EventKind};
use crate::listing::thousands;
use crate::node::{Blueprint, Control, MissingLink, NodeError, NodeHandle, Shard};
use crate::plan::Plan;
use crate::topology::{NodeSpec, Topology};
use crate::zeromq::Role;

/// How long the start waits for links inside the file while none comes up.
const BARRIER: Duration = Duration::from_secs(2);
/// The same for a reload and the links that it changed.
const RELOAD_BARRIER: Duration = Duration::from_millis(500);
/// How often to look whether links come up.
const PROGRESS: Duration = Duration::from_millis(100);

/// How many links that are not up are told of, each on a line; of more only the number.
const LINKS_TOLD: usize = 5;

/// A node that is being made on its thread.
type Begun = oneshot::Receiver<Result<NodeHandle, NodeError>>;

impl Supervisor {
    /// Starts every node of a topology: a reload from nothing.
    ///
    /// # Errors
    ///
    /// When a node cannot be made or linked; then nothing of it runs.
    pub async fn start(&mut self, topology: &Topology) -> Result<(), StartError> {
        let plan = Plan::between(&self.topology, topology);
        match self.carry_out(&plan, &[]).await {
            Ok(_) => {
                self.generation += 1;
                self.show();
                self.announce();
                Ok(())
            }
            Err(error) => {
                self.stop(super::stop::Haste::Now).await;
                Err(error.into_error())
            }
        }
    }

    /// Makes instances of nodes: everything open and bound, and nothing connected but the links of
    /// a first start, as soon as both ends are there.
    pub(super) async fn make(
        &mut self,
        wanted: impl Iterator<Item = (Arc<NodeSpec>, Arc<str>, u32)>,
        eager: &mut Option<EagerLinks<'_>>,
    ) -> Result<(), StartError> {
        let mut begun = Vec::new();
        for (spec, instance, replica) in wanted {
            let number = self.nodes.len() + begun.len();
            begun.push(self.begin(&spec, instance, replica, number)?);
        }
        let mut failures = Vec::new();
        for (instance, result) in begun {
            match result.await {
                Ok(Ok(handle)) => {
                    let node = handle.node.clone();
                    self.nodes.insert(instance, handle);
                    if let Some(eager) = eager {
                        self.connect_eagerly(eager, &node);
                    }
                }
                Ok(Err(error)) => failures.push((instance, error)),
                Err(_) => failures.push((instance, NodeError::ThreadGone)),
            }
        }
        if failures.is_empty() { Ok(()) } else { Err(StartError::Nodes(failures)) }
    }

    /// Makes the links for which an instance of this node was the last one missing.
    fn connect_eagerly(&self, eager: &mut EagerLinks<'_>, node: &str) {
        for (node, endpoints) in eager.made(node, &self.nodes) {
            for (instance, _) in node.instances() {
                self.tell(&instance, Control::ConnectEarly { endpoints: endpoints.clone() });
            }
        }
    }

    fn begin(
        &mut self,
        spec: &Arc<NodeSpec>,
        instance: Arc<str>,
        replica: u32,
        number: usize,
    ) -> Result<(Arc<str>, Begun), StartError> {
        let mut blueprint = self.blueprint(spec, &instance, replica);
        let mut thread = Err(self.shard_of(number));
        if let Some(made) = self.made.remove(&instance) {
            blueprint.counters = made.counters;
            thread = made.thread;
        } else if spec.isolate {
            thread = Ok(Shard::start(&instance)?);
        }
        let result = match thread {
            Ok(shard) => {
                let result = shard.begin_spawn(blueprint);
                self.isolated.insert(Arc::clone(&instance), shard);
                result
            }
            Err(at) => self.shards[at].begin_spawn(blueprint),
        };
        Ok((instance, result))
    }

    /// What an instance is made from.
    pub(super) fn blueprint(
        &self,
        spec: &Arc<NodeSpec>,
        instance: &Arc<str>,
        replica: u32,
    ) -> Blueprint {
        Blueprint {
            spec: Arc::clone(spec),
            instance: Arc::clone(instance),
            replica,
            context: self.context.clone(),
            counters: Arc::new(NodeCounters::new(spec.sockets.len())),
            events: self.events.clone(),
            taps: Arc::clone(&self.taps),
            started: self.started,
            seed: self.seed,
            kept: self.legacies.get(instance).cloned(),
            continues_sink: self.topology.node(&spec.name).is_some_and(|one| one.keeps_sink(spec)),
        }
    }

    /// The shard of the node of that number.
    pub(super) fn shard_of(&self, number: usize) -> usize {
        shard_of(number, self.shards.len())
    }

    /// Connects the instances of these nodes and waits for their links.
    pub(super) async fn connect(
        &mut self,
        topology: &Topology,
        concerned: &BTreeMap<Arc<str>, Vec<(usize, String)>>,
        before: &Done,
    ) -> Result<Vec<String>, StartError> {
        let reloads = self.generation > 0;
        let directory = Directory::of(topology);
        let mut expectations = endpoint_resolution::expectations(topology, &|instance, place| {
            self.taken(instance, place)
        });
        let mut answers = Vec::new();
        for (place, node) in topology.nodes.iter().enumerate() {
            let mut expectation = expectations.remove(&place).unwrap_or_default();
            for (socket, peers) in &mut expectation.peers {
                let socket = &node.sockets[*socket];
                let key = (node.name.clone(), socket.name.clone());
                let outside = before.quiescence.outsiders.get(&key);
                expect_outsiders(peers, reloads, socket.role, outside);
            }
            for (instance, _) in node.instances() {
                let Some(renew) = concerned.get(instance.as_str()) else { continue };
                let Some(handle) = self.nodes.get(instance.as_str()) else { continue };
                let mut expectation = expectation.clone();
                await_topics(&mut expectation, node, &handle.instance, &before.wanted);
                let (done, connected) = oneshot::channel();
                let (linked, up) = oneshot::channel();
                let told = handle.control.send(Control::Connect {
                    endpoints: endpoint_resolution::connects(node, &directory, &self.nodes),
                    renew: renew.clone(),
                    expectation,
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
        if !failures.is_empty() {
            return Err(StartError::Nodes(failures));
        }
        let patience = if reloads { RELOAD_BARRIER } else { BARRIER };
        let missing = self.wait_for_links(waiting, patience).await;
        self.remember_links(&directory, concerned);
        if reloads {
            // A peer outside the file that comes or goes meanwhile upsets the counts.
            return Ok(missing
                .into_iter()
                .map(|(_, link)| format!("not settled yet: {link}"))
                .collect());
        }
        let more = missing.len().saturating_sub(LINKS_TOLD);
        for (instance, link) in missing.into_iter().take(LINKS_TOLD) {
            let kind = EventKind::LinkMissing { link };
            self.events.emit(Event { node: instance, socket: None, kind, repeated: 0 });
        }
        if more > 0 {
            let link = format!("and {} more", thousands(more as u64));
            let kind = EventKind::LinkMissing { link };
            self.events.emit(Event { node: "".into(), socket: None, kind, repeated: 0 });
        }
        Ok(Vec::new())
    }

    /// Waits for links as long as they come up, and tells what is missing when none has for so long.
    async fn wait_for_links(
        &self,
        mut waiting: Vec<(Arc<str>, oneshot::Receiver<()>)>,
        patience: Duration,
    ) -> Vec<(Arc<str>, String)> {
        let mut moved = Instant::now();
        let mut fewest = None;
        loop {
            let look = tokio::time::Instant::now() + PROGRESS;
            let mut lacking = Vec::new();
            for (instance, mut up) in waiting {
                if tokio::time::timeout_at(look, &mut up).await.is_err() {
                    lacking.push((instance, up));
                }
            }
            waiting = lacking;
            let missing = self.missing_links(&waiting).await;
            let count: u64 = missing.iter().map(|(_, link)| link.count).sum();
            if fewest.is_some_and(|fewest| count < fewest) {
                moved = Instant::now();
            }
            fewest = fewest.into_iter().chain([count]).min();
            if waiting.is_empty() || moved.elapsed() >= patience {
                let said = missing.into_iter().map(|(instance, link)| (instance, link.said));
                return said.collect();
            }
        }
    }

    /// What the links lack that these instances wait for.
    async fn missing_links(
        &self,
        waiting: &[(Arc<str>, oneshot::Receiver<()>)],
    ) -> Vec<(Arc<str>, MissingLink)> {
        let mut all_missing = Vec::new();
        for (instance, _) in waiting {
            let (answer, missing) = oneshot::channel();
            self.tell(instance, Control::Missing { answer });
            let missing = missing.await.unwrap_or_default();
            all_missing.extend(missing.into_iter().map(|link| (Arc::clone(instance), link)));
        }
        all_missing
    }
}

/// Corrects how many connections a socket waits for by its peers outside the file.
fn expect_outsiders(
    (least, most): &mut (u64, u64),
    reloads: bool,
    role: Role,
    outside: Option<&Outsiders>,
) {
    let count = outside.map_or(0, |outside| outside.count);
    // Whoever was there before a socket was replaced comes back, but in its own time: only where
    // a message without its peer is dropped is that worth waiting for.
    let replaced = outside.is_some_and(|outside| outside.replaced);
    if !replaced || role.publishes() || role.routes() {
        *least += count;
    }
    *most = if reloads && !replaced { *most + count } else { u64::MAX };
}

/// The shard of the node of that number: there and back, so that where every other node binds, the
/// ones that bind are not all on the same thread.
fn shard_of(number: usize, shards: usize) -> usize {
    let at = number % (2 * shards);
    if at < shards { at } else { 2 * shards - 1 - at }
}
