//! The running topology, as it is seen from outside.
//!
//! Owns the parts: the instances, what makes them, their baselines, and what observers see. How they
//! change is `reload`'s, how they end `stop`'s. Never touches a socket itself.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use tokio::sync::watch;

use super::baselines::Baselines;
use super::ending::Ending;
use super::error::StartError;
use super::instances::Instances;
use super::metrics_view::View;
use super::node_registry::Roster;
use super::slow_motion::Holding;
use super::spawner::Spawner;
use crate::event::Events;
use crate::node::{Control, Interceptors, Lingering, NodeHandle, NodeState};
use crate::script::Branches;
use crate::simulation::Network;
use crate::snapshot::Snapshot;
use crate::topology::Topology;

/// The running topology.
#[derive(Debug)]
pub struct Supervisor {
    // Dropped first: a node ends when its handle is gone, and a thread when its nodes have ended.
    pub(super) instances: Instances,
    pub(super) spawner: Spawner,
    pub(super) topology: Topology,
    pub(super) events: Events,
    pub(super) generation: u64,
    /// Nodes that a failed change may have left in between.
    pub(super) unsettled: BTreeSet<String>,
    pub(super) baselines: Baselines,
    /// Instances that a reload under way holds.
    pub(super) held: BTreeSet<Arc<str>>,
    /// Instances that were told to end and have not.
    pub(super) ending: Ending,
    roster: watch::Sender<Arc<Roster>>,
    pub(super) holding: Holding,
    /// What observers see.
    pub(super) view: View,
}

impl Supervisor {
    /// Threads and a libzmq context with room for this topology; nothing runs yet.
    ///
    /// # Errors
    ///
    /// When the system gives no thread or libzmq no context.
    pub fn new(topology: &Topology, events: Events) -> Result<Self, StartError> {
        Ok(Self::of(Spawner::new(topology, events.clone())?, events))
    }

    /// A supervisor whose nodes run on this thread, within the `LocalSet` that runs now, with the sockets
    /// of a simulation; nothing runs yet. Its time of day begins with that.
    ///
    /// # Errors
    ///
    /// When libzmq gives no context.
    pub(crate) fn simulated(
        network: &Network,
        from: SystemTime,
        events: Events,
    ) -> Result<Self, StartError> {
        Ok(Self::of(Spawner::simulated(network, from, events.clone())?, events))
    }

    fn of(spawner: Spawner, events: Events) -> Self {
        Self {
            instances: Instances::default(),
            view: View::new(spawner.tally()),
            spawner,
            topology: Topology::empty(),
            holding: Holding::new(events.clone()),
            events,
            generation: 0,
            unsettled: BTreeSet::new(),
            baselines: Baselines::default(),
            held: BTreeSet::new(),
            ending: Ending::default(),
            roster: watch::Sender::default(),
        }
    }

    /// The same, with handlers whose chance repeats.
    #[must_use]
    pub fn with_seed(mut self, seed: Option<u64>) -> Self {
        self.spawner.set_seed(seed);
        self
    }

    /// The same, and it is counted which branches of handlers are passed.
    #[must_use]
    pub fn counting(mut self, branches: &Branches) -> Self {
        self.spawner.count_branches(branches.clone());
        self
    }

    /// Where one can stand in the way of running nodes' messages.
    #[must_use]
    pub fn interceptors(&self) -> Arc<Interceptors> {
        self.spawner.interceptors()
    }

    /// The sockets that were closed and still have something to send.
    #[must_use]
    pub fn lingering(&self) -> Lingering {
        self.spawner.lingering()
    }

    /// The instances that are being ended, now and later.
    #[must_use]
    pub fn ending(&self) -> Ending {
        self.ending.clone()
    }

    /// What runs now.
    #[must_use]
    pub fn topology(&self) -> &Topology {
        &self.topology
    }

    /// The number of the version that runs; it counts every version that was applied.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// What every instance is made of at this moment, as its sockets tell it.
    pub async fn state(&self) -> BTreeMap<Arc<str>, NodeState> {
        let states = self.instances.ask_all(|_| true, |answer| Control::Describe { answer }).await;
        let states = states.into_iter();
        states.filter_map(|(handle, state)| Some((Arc::clone(&handle.instance), state?))).collect()
    }

    /// Every running node.
    pub fn nodes(&self) -> impl Iterator<Item = &NodeHandle> {
        self.instances.iter()
    }

    /// The window through which observers look, also while a reload is under way.
    #[must_use]
    pub fn view(&self) -> View {
        self.view.clone()
    }

    /// Takes every figure of this moment; see [`View::snapshot`].
    pub async fn snapshot(&self, file: &Path) -> Arc<Snapshot> {
        self.view.snapshot(file).await
    }

    /// Who runs, now and after every change.
    #[must_use]
    pub fn roster(&self) -> watch::Receiver<Arc<Roster>> {
        self.roster.subscribe()
    }

    /// Where the run can be held and stepped.
    #[must_use]
    pub fn holding(&self) -> Holding {
        self.holding.clone()
    }

    /// Lets observers see what runs now.
    pub(super) fn show(&self) {
        let begun = self.spawner.started();
        self.view.show(&self.topology, &self.instances, self.generation, begun);
    }

    /// Lets those who want to speak with a node know who runs now.
    pub(super) fn announce(&self) {
        let roster = Roster::of(&self.topology, &self.instances, self.generation);
        self.roster.send_replace(Arc::new(roster));
    }
}
