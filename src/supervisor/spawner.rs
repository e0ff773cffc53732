//! Making instances: what each is made from, and the thread on which it runs.
//!
//! Owns the threads, the libzmq context, and what instances leave to those that come after them.
//! Never tells an instance anything.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use tokio::sync::oneshot;

use super::actions::Join;
use super::error::StartError;
use crate::clock::RunClock;
use crate::counters::NodeCounters;
use crate::event::Events;
use crate::node::{
    Asking, Blueprint, ChosenPorts, Claim, Context, Errno, Interceptors, Legacy, Lingering,
    NodeError, NodeHandle, Shard, ZapService,
};
use crate::plan::Plan;
use crate::script::Branches;
use crate::simulation::Network;
use crate::tally::Tally;
use crate::topology::{NodeSpec, Policy, Topology};

/// Sockets a context holds at least, so that a reload has room to grow.
const SOCKETS_MIN: usize = 16_384;

/// A node that is being made on its thread.
pub(super) type Begun = oneshot::Receiver<Result<NodeHandle, NodeError>>;

/// A rehearsal that is under way on a node's thread.
pub(super) type Rehearsing = oneshot::Receiver<Result<Vec<Claim>, NodeError>>;

/// What makes instances.
#[derive(Debug)]
pub(super) struct Spawner {
    // Dropped first: a thread ends when its nodes have, and the context when its sockets are closed.
    /// The threads of nodes with `isolate`, by instance.
    isolated: BTreeMap<Arc<str>, Shard>,
    shards: Vec<Shard>,
    /// Who decides about connections goes after all that have some.
    zap: Option<ZapService>,
    context: Context,
    events: Events,
    interceptors: Arc<Interceptors>,
    clock: RunClock,
    /// What makes the chance of handlers repeat.
    seed: Option<u64>,
    /// Where passed branches of handlers are counted.
    branches: Option<Branches>,
    /// The ports that are chosen for programs, for the life of the run.
    ports: ChosenPorts,
    /// What all places count.
    tally: Tally,
    /// What a rehearsal made for instances that are to join.
    made: BTreeMap<Arc<str>, Made>,
    /// What instances left that ended in the reload under way.
    legacies: BTreeMap<Arc<str>, Legacy>,
}

/// What was made beforehand for an instance that joins.
#[derive(Debug)]
struct Made {
    /// Its figures, which its sockets hold.
    counters: Arc<NodeCounters>,
    thread: Thread,
}

/// What an instance runs on.
#[derive(Debug)]
enum Thread {
    Own(Shard),
    /// The one of that number.
    Shared(usize),
}

impl Spawner {
    /// One thread, this one, and the sockets of a simulation, whose time of day begins with that.
    pub(super) fn simulated(
        network: &Network,
        from: SystemTime,
        events: Events,
    ) -> Result<Self, StartError> {
        let context = Context::simulated(network, events.clone()).map_err(StartError::Context)?;
        let clock = RunClock::begun_at(from);
        Ok(Self::of(context, vec![Shard::local()], clock, events))
    }

    /// Threads and a libzmq context with room for this topology.
    pub(super) fn new(topology: &Topology, events: Events) -> Result<Self, StartError> {
        let wanted = (topology.socket_count() * 2).max(SOCKETS_MIN);
        let wanted = i32::try_from(wanted).unwrap_or(i32::MAX).min(Context::socket_limit());
        let context = Context::new(wanted, 1, events.clone()).map_err(StartError::Context)?;
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let shards = (0..cores)
            .map(|number| Shard::start(&format!("shard-{number}")))
            .collect::<Result<_, _>>()?;
        Ok(Self::of(context, shards, RunClock::begun(), events))
    }

    fn of(context: Context, shards: Vec<Shard>, clock: RunClock, events: Events) -> Self {
        Self {
            isolated: BTreeMap::new(),
            shards,
            zap: None,
            context,
            events,
            interceptors: Arc::default(),
            clock,
            seed: None,
            branches: None,
            ports: ChosenPorts::default(),
            tally: Tally::default(),
            made: BTreeMap::new(),
            legacies: BTreeMap::new(),
        }
    }

    /// Whether nothing here is of the system.
    pub(super) fn is_simulated(&self) -> bool {
        self.context.is_simulated()
    }

    /// Gives every instance this seed.
    pub(super) fn set_seed(&mut self, seed: Option<u64>) {
        self.seed = seed;
    }

    /// Counts the branches of every instance's handlers.
    pub(super) fn count_branches(&mut self, branches: Branches) {
        self.branches = Some(branches);
    }

    pub(super) fn interceptors(&self) -> Arc<Interceptors> {
        Arc::clone(&self.interceptors)
    }

    /// What all places count.
    pub(super) fn tally(&self) -> Tally {
        self.tally.clone()
    }

    pub(super) fn lingering(&self) -> Lingering {
        self.context.lingering().clone()
    }

    pub(super) fn started(&self) -> Instant {
        self.clock.beginning()
    }

    /// Has connections asked about as any of these topologies wants it, or no longer.
    pub(super) fn need_zap(&self, topologies: &[&Topology]) -> Result<(), Errno> {
        let any = |wants: fn(&Topology) -> bool| topologies.iter().any(|it| wants(it));
        self.context.need_zap(match () {
            () if any(|it| it.says_who_may_come()) => Asking::HandlerOfTheRun,
            () if any(|it| it.asks_zap()) => Asking::HandlerOfTheFile,
            () => Asking::Nobody,
        })
    }

    /// Lets the run's own ZAP handler decide by a topology from now on; where that says nothing of who
    /// may come, there is none.
    pub(super) async fn decide_by(&mut self, topology: &Topology) -> Result<(), StartError> {
        let policy = Policy::of(topology);
        match &self.zap {
            _ if policy.is_empty() => self.zap = None,
            Some(zap) => zap.decide_by(policy),
            None => {
                let started = ZapService::start(&self.context, policy).await;
                self.zap = Some(started.map_err(StartError::Zap)?);
            }
        }
        Ok(())
    }

    /// Begins to make an instance, the one of that number; `before` is the topology that it joins.
    pub(super) fn begin(
        &mut self,
        (spec, instance, replica): &Join,
        number: usize,
        before: &Topology,
    ) -> Result<Begun, StartError> {
        let mut blueprint = self.blueprint(spec, instance, *replica, before);
        let thread = match self.made.remove(instance) {
            Some(made) => {
                blueprint.counters = made.counters;
                made.thread
            }
            None => self.thread_for(spec, instance, number)?,
        };
        let begun = self.shard(&thread).begin_spawn(blueprint);
        if let Thread::Own(shard) = thread {
            self.isolated.insert(Arc::clone(instance), shard);
        }
        Ok(begun)
    }

    /// Begins to try out what making an instance could fail at; what that makes is kept for it.
    pub(super) fn rehearse(
        &mut self,
        (spec, instance, replica): &Join,
        number: usize,
        before: &Topology,
    ) -> Result<Rehearsing, StartError> {
        let blueprint = self.blueprint(spec, instance, *replica, before);
        let counters = Arc::clone(&blueprint.counters);
        let thread = self.thread_for(spec, instance, number)?;
        let claims = self.shard(&thread).begin_rehearsal(blueprint);
        self.made.insert(Arc::clone(instance), Made { counters, thread });
        Ok(claims)
    }

    /// The thread for an instance, the one of that number.
    fn thread_for(
        &self,
        spec: &NodeSpec,
        instance: &str,
        number: usize,
    ) -> Result<Thread, StartError> {
        Ok(if spec.isolate && !self.is_simulated() {
            Thread::Own(Shard::start(instance)?)
        } else {
            Thread::Shared(shard_of(number, self.shards.len()))
        })
    }

    fn shard<'s>(&'s self, thread: &'s Thread) -> &'s Shard {
        match thread {
            Thread::Own(shard) => shard,
            Thread::Shared(number) => &self.shards[*number],
        }
    }

    /// Lets go of what rehearsals made.
    pub(super) fn forget_rehearsals(&mut self) {
        self.shards.iter().for_each(Shard::forget);
        self.made.clear();
    }

    /// Takes what an instance left that has ended, and ends its thread where it had one of its own.
    pub(super) fn has_ended(&mut self, instance: &Arc<str>, left: Option<Legacy>) {
        if let Some(left) = left {
            self.legacies.insert(Arc::clone(instance), left);
        }
        self.isolated.remove(instance);
    }

    /// Lets a node that is replicated from now on, or no longer, keep its state by the other name.
    pub(super) fn hand_down(&mut self, plan: &Plan) {
        for node in &plan.nodes {
            let Some((before, after)) = node.renames() else { continue };
            if let Some(left) = self.legacies.get(before.as_str()).cloned() {
                self.legacies.entry(after.into()).or_insert(left);
            }
        }
    }

    /// Nobody comes any more for what was left.
    pub(super) fn forget_legacies(&mut self) {
        self.legacies.clear();
    }

    fn blueprint(
        &self,
        spec: &Arc<NodeSpec>,
        instance: &Arc<str>,
        replica: u32,
        before: &Topology,
    ) -> Blueprint {
        Blueprint {
            spec: Arc::clone(spec),
            instance: Arc::clone(instance),
            replica,
            context: self.context.clone(),
            counters: Arc::new(if spec.is_program() {
                NodeCounters::of_program(spec.sockets.len())
            } else {
                NodeCounters::new(spec.sockets.len())
            }),
            ports: self.ports.clone(),
            tally: self.tally.clone(),
            events: self.events.clone(),
            interceptors: Arc::clone(&self.interceptors),
            clock: self.clock.clone(),
            seed: self.seed,
            branches: self.branches.clone(),
            kept: self.legacies.get(instance).cloned(),
            continues_sink: before.node(&spec.name).is_some_and(|one| one.keeps_sink(spec)),
        }
    }
}

/// The shard of the node of that number: there and back, so that where every other node binds, the
/// ones that bind are not all on the same thread.
fn shard_of(number: usize, shards: usize) -> usize {
    let at = number % (2 * shards);
    if at < shards { at } else { 2 * shards - 1 - at }
}

#[cfg(test)]
mod tests {
    use super::shard_of;

    #[test]
    fn nodes_are_dealt_out_there_and_back() {
        let dealt: Vec<usize> = (0..8).map(|number| shard_of(number, 3)).collect();
        assert_eq!(dealt, [0, 1, 2, 2, 1, 0, 0, 1]);
        assert_eq!(shard_of(7, 1), 0);
    }
}
