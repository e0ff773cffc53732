//! The running topology: which nodes run where, started, linked and stopped in order.
//!
//! Owns the shards, the libzmq context and every node's handle. Never touches a socket itself.

mod accounting;
mod actions;
mod eager_links;
mod endpoint_resolution;
mod flow_graph;
mod kernel_queues;
mod metrics_view;
mod node_registry;
mod quiescence;
mod rehearsal;
mod reload;
mod start;
mod stillness;
mod stop;
mod stop_order;
mod wanted;

pub use metrics_view::View;
pub use node_registry::{Roster, RosterEntry};
pub use stop::{Ending, Haste};

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Instant;

use thiserror::Error;
use tokio::sync::{oneshot, watch};

use crate::event::Events;
use crate::listing::thousands;
use crate::node::{
    Context, Control, Errno, Legacy, Lingering, NodeError, NodeHandle, NodeState, Shard,
    SocketError, Taps,
};
use crate::topology::Topology;

/// Sockets a context holds at least, so that a reload has room to grow.
const SOCKETS_MIN: usize = 16_384;

/// Why a topology could not be started.
#[derive(Debug, Error)]
pub enum StartError {
    /// libzmq gave no context.
    #[error("libzmq could not be set up: {0}")]
    Context(Errno),
    /// The system gave no thread.
    #[error("a thread could not be started: {0}")]
    Thread(#[from] std::io::Error),
    /// Nodes could not be made.
    #[error("{}", failures(.0))]
    Nodes(Vec<(Arc<str>, NodeError)>),
}

/// How many nodes that could not be made are named.
const FAILURES: usize = 5;

/// A line for each node, up to five, and how many more.
fn failures(failures: &[(Arc<str>, NodeError)]) -> String {
    let shown = failures.iter().take(FAILURES).map(|(node, error)| format!("{node}: {error}"));
    let mut lines: Vec<String> = shown.collect();
    if failures.len() > FAILURES {
        lines.push(format!("and {} more nodes", thousands((failures.len() - FAILURES) as u64)));
    }
    lines.join("\n")
}

impl From<(Arc<str>, SocketError)> for StartError {
    fn from((node, error): (Arc<str>, SocketError)) -> Self {
        Self::Nodes(vec![(node, error.into())])
    }
}

/// The running topology.
#[derive(Debug)]
pub struct Supervisor {
    // Dropped first: a node ends when its handle is gone, and a shard when its nodes have ended.
    nodes: BTreeMap<Arc<str>, NodeHandle>,
    /// The threads of nodes with `isolate`, by instance.
    isolated: BTreeMap<Arc<str>, Shard>,
    shards: Vec<Shard>,
    context: Context,
    topology: Topology,
    events: Events,
    started: Instant,
    /// What makes the chance of handlers repeat.
    seed: Option<u64>,
    generation: u64,
    /// Nodes that a failed change may have left in between.
    unsettled: BTreeSet<String>,
    /// The sockets of instances as they were when nothing was under way.
    baselines: BTreeMap<(Arc<str>, String), quiescence::Baseline>,
    /// Instances that a reload under way holds.
    held: BTreeSet<Arc<str>>,
    /// What a rehearsal made for instances that are to join.
    made: BTreeMap<Arc<str>, rehearsal::Made>,
    /// Instances that were told to end and have not.
    ending: Ending,
    /// What instances left that ended in the reload under way.
    legacies: BTreeMap<Arc<str>, Legacy>,
    taps: Arc<Taps>,
    roster: watch::Sender<Arc<Roster>>,
    /// What observers see.
    view: View,
}

impl Supervisor {
    /// Threads and a libzmq context with room for this topology; nothing runs yet.
    ///
    /// # Errors
    ///
    /// When the system gives no thread or libzmq no context.
    pub fn new(topology: &Topology, events: Events) -> Result<Self, StartError> {
        let wanted = (topology.socket_count() * 2).max(SOCKETS_MIN);
        let wanted = i32::try_from(wanted).unwrap_or(i32::MAX).min(Context::socket_limit());
        let context = Context::new(wanted, 1, events.clone()).map_err(StartError::Context)?;
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let shards = (0..cores)
            .map(|number| Shard::start(&format!("shard-{number}")))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            context,
            shards,
            isolated: BTreeMap::new(),
            nodes: BTreeMap::new(),
            topology: Topology::empty(),
            events,
            started: Instant::now(),
            seed: None,
            generation: 0,
            unsettled: BTreeSet::new(),
            baselines: BTreeMap::new(),
            held: BTreeSet::new(),
            made: BTreeMap::new(),
            ending: Ending::default(),
            legacies: BTreeMap::new(),
            taps: Arc::default(),
            roster: watch::Sender::default(),
            view: View::new(),
        })
    }

    /// The same, with handlers whose chance repeats.
    #[must_use]
    pub fn with_seed(self, seed: Option<u64>) -> Self {
        Self { seed, ..self }
    }

    /// Where one can look at the messages of running nodes.
    #[must_use]
    pub fn taps(&self) -> Arc<Taps> {
        Arc::clone(&self.taps)
    }

    /// The sockets that were closed and still have something to send.
    #[must_use]
    pub fn lingering(&self) -> Lingering {
        self.context.lingering().clone()
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

    /// What every instance is made of at this moment, as its sockets tell it.
    pub async fn state(&self) -> BTreeMap<Arc<str>, NodeState> {
        let mut asked = Vec::new();
        for handle in self.nodes.values() {
            let (answer, state) = oneshot::channel();
            if handle.control.send(Control::Describe { answer }).is_ok() {
                asked.push((Arc::clone(&handle.instance), state));
            }
        }
        let mut states = BTreeMap::new();
        for (instance, state) in asked {
            if let Ok(state) = state.await {
                states.insert(instance, state);
            }
        }
        states
    }

    /// Every running node.
    pub fn nodes(&self) -> impl Iterator<Item = &NodeHandle> {
        self.nodes.values()
    }
}
