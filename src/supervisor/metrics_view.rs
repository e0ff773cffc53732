//! What observers see: the figures of everything that runs, at any time, also during a reload.
//!
//! Owns [`View`], how a [`Snapshot`] is filled, and that all who look at the same time share one.
//! Never keeps a node alive and never changes one; a node that is busy is waited for only as long as
//! [`PATIENCE`].

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::endpoint_resolution::Directory;
use super::flow_graph::Flows;
use super::instances::Instances;
use super::place_counts::PlaceCounts;
use crate::clock;
use crate::counters::{
    BOUNDS, DropReason, Durations, HandlerCounters, NodeCounters, ProgramCounters, SocketCounters,
};
use crate::event::{Event, Events};
use crate::lock::locked;
use crate::node::{
    Bound, Control, Observation, SocketControl, SocketObservation, WeakControlSender,
};
use crate::snapshot::{
    Bucket, Dropped, HandlerSnapshot, Histogram, NodeSnapshot, NodeStatus, PortSnapshot,
    ProgramSnapshot, Snapshot, SocketSnapshot,
};
use crate::tally::{Tally, Told};
use crate::topology::{HighWaterMark, Topology};
use crate::zeromq::Role;

/// How long a node may take to answer an observer.
const PATIENCE: Duration = Duration::from_millis(250);
/// How long it is between two times that other places are told what this one counts.
const BETWEEN_COUNTS: Duration = Duration::from_secs(1);

/// A window on the running topology: cheap to clone, usable from any task, empty when the
/// supervisor is gone.
#[derive(Clone, Debug)]
pub struct View {
    shown: Arc<Mutex<Shown>>,
    /// The last figures, and since when they were taken; nodes are asked by one at a time.
    sampled: Arc<tokio::sync::Mutex<Option<Sampled>>>,
    /// What places tell each other.
    counts: Arc<Mutex<PlaceCounts>>,
}

/// Figures, and since when they were taken.
type Sampled = (Instant, Arc<Snapshot>);

/// What the window shows.
#[derive(Debug)]
struct Shown {
    /// The topology's name.
    name: String,
    /// The place of which it is the part, where it is one.
    place: Option<String>,
    begun: Instant,
    generation: u64,
    nodes: Vec<ShownNode>,
    flows: Flows,
}

/// An instance as observers see it.
#[derive(Clone, Debug)]
struct ShownNode {
    instance: Arc<str>,
    /// The node's name in the file, and its sockets.
    node: Arc<str>,
    sockets: Arc<[ShownSocket]>,
    counters: Arc<NodeCounters>,
    bound: Bound,
    // A node ends when nobody can tell it anything any more, so an observer may not hold a sender.
    control: WeakControlSender,
}

/// A socket as observers see it; a whole spec for each node would be memory for nothing.
#[derive(Clone, Debug)]
struct ShownSocket {
    name: String,
    role: Role,
    hwm: HighWaterMark,
}

/// An instance's answer, or why there is none.
enum Answer {
    Given(Observation),
    Late,
    Gone,
}

impl View {
    pub(super) fn new(tally: Tally) -> Self {
        let shown = Shown {
            name: String::new(),
            place: None,
            begun: clock::now(),
            generation: 0,
            nodes: Vec::new(),
            flows: Flows::default(),
        };
        Self {
            shown: Arc::new(Mutex::new(shown)),
            sampled: Arc::default(),
            counts: Arc::new(Mutex::new(PlaceCounts::of(tally))),
        }
    }

    /// Every figure, as of this moment or after. A node that does not answer within a quarter of a
    /// second is shown as busy, with all that it counts.
    ///
    /// However many look, nodes are asked one time for all who looked since they were asked last.
    pub async fn snapshot(&self, file: &Path) -> Arc<Snapshot> {
        let wanted = clock::now();
        let mut sampled = self.sampled.lock().await;
        if let Some((since, snapshot)) = &*sampled
            && *since >= wanted
        {
            return Arc::clone(snapshot);
        }
        let since = clock::now();
        let snapshot = Arc::new(self.sample(file).await);
        *sampled = Some((since, Arc::clone(&snapshot)));
        snapshot
    }

    /// Shows what runs now: a topology, as the version of that number.
    pub(super) fn show(
        &self,
        topology: &Topology,
        instances: &Instances,
        generation: u64,
        begun: Instant,
    ) {
        let directory = Directory::of(topology);
        let mut known: BTreeMap<&str, (Arc<str>, Arc<[ShownSocket]>)> = BTreeMap::new();
        let nodes = instances.iter().filter_map(|handle| {
            let spec = directory.node(&handle.node)?;
            let (node, sockets) = known.entry(&handle.node).or_insert_with(|| {
                let sockets = spec.sockets.iter().map(|socket| ShownSocket {
                    name: socket.name.clone(),
                    role: socket.role,
                    hwm: socket.hwm,
                });
                (spec.name.as_str().into(), sockets.collect())
            });
            Some(ShownNode {
                instance: Arc::clone(&handle.instance),
                node: Arc::clone(node),
                sockets: Arc::clone(sockets),
                counters: Arc::clone(&handle.counters),
                bound: handle.bound.clone(),
                control: handle.control.downgrade(),
            })
        });
        let nodes = nodes.collect();
        let mut shown = self.shown();
        shown.name.clone_from(&topology.name);
        shown.place.clone_from(&topology.here);
        shown.begun = begun;
        shown.generation = generation;
        shown.nodes = nodes;
    }

    /// Finds the flows of what runs now, and tells publishers whom to count for.
    pub(super) fn account(&self, topology: &Topology, instances: &Instances) {
        let mut shown = self.shown();
        let is_first = shown.generation == 0;
        let flows = Flows::of(topology, instances, &shown.flows);
        let mut subscribers = flows.subscribers();
        for handle in instances.iter() {
            let subscribers = subscribers.remove(&*handle.instance).unwrap_or_default();
            if subscribers.is_empty() && is_first {
                continue;
            }
            // Told even if there is none any more; a node that ended counts nothing.
            instances.tell(&handle.instance, SocketControl::Audience { subscribers });
        }
        shown.flows = flows;
        drop(shown);
        locked(&self.counts).follow(topology, instances);
    }

    /// What all places count, as this one knows it.
    #[must_use]
    pub fn told_counts(&self) -> Told {
        locked(&self.counts).told()
    }

    /// Tells other places what this one counts, again and again.
    pub async fn keep_telling_counts(self) {
        loop {
            clock::sleep(BETWEEN_COUNTS).await;
            drop(locked(&self.counts).tell(false));
        }
    }

    /// Tells other places what this one has counted, now that this is all.
    pub(super) async fn tell_last_counts(&self) {
        let deadline = clock::now() + PATIENCE;
        let told = locked(&self.counts).tell(true);
        for taken in told {
            // A node that ended tells nobody anything.
            let _ = clock::before(deadline, taken).await;
        }
    }

    /// Tells what never arrived, now that every node has ended.
    pub(super) fn close_accounts(&self, events: &Events) {
        for flow in &mut self.shown().flows.flows {
            if let Some(kind) = flow.close() {
                events.emit(Event::of_run(kind));
            }
        }
    }

    async fn sample(&self, file: &Path) -> Snapshot {
        let (nodes, mut snapshot) = {
            let shown = self.shown();
            let snapshot = Snapshot {
                topology: shown.name.clone(),
                place: shown.place.clone(),
                file: file.to_owned(),
                generation: shown.generation,
                seconds: clock::since(shown.begun).as_secs_f64(),
                started: shown.generation > 0,
                nodes: Vec::new(),
                links: Vec::new(),
                flows: Vec::new(),
            };
            (shown.nodes.clone(), snapshot)
        };
        let mut answers = ask(&nodes).await;
        let mut observed = BTreeMap::new();
        for node in &nodes {
            let answer = answers.remove(&node.instance).unwrap_or(Answer::Gone);
            snapshot.nodes.push(node.snapshot(&answer));
            observe(node, answer, &mut observed);
        }
        self.shown().flows.balance(&observed, &mut snapshot);
        snapshot.flows.extend(locked(&self.counts).flows());
        snapshot
    }

    fn shown(&self) -> MutexGuard<'_, Shown> {
        locked(&self.shown)
    }
}

/// Notes what a node told of its sockets.
fn observe(
    node: &ShownNode,
    answer: Answer,
    observed: &mut BTreeMap<PortSnapshot, SocketObservation>,
) {
    let Answer::Given(observation) = answer else { return };
    for (shown, socket) in node.sockets.iter().zip(observation.sockets) {
        let instance = node.instance.to_string();
        let port = PortSnapshot { place: None, instance, socket: shown.name.clone() };
        observed.insert(port, socket);
    }
}

/// Asks every node at once, and waits for all of them together.
async fn ask(nodes: &[ShownNode]) -> BTreeMap<Arc<str>, Answer> {
    let deadline = clock::now() + PATIENCE;
    let mut asked = Vec::with_capacity(nodes.len());
    for node in nodes {
        let (answer, observation) = oneshot::channel();
        if let Some(control) = node.control.upgrade() {
            // That its task is over shows when nobody answers.
            let _ = control.send(Control::Observe { answer });
        }
        asked.push((node, observation));
    }
    let mut answers = BTreeMap::new();
    for (node, observation) in asked {
        let answer = match clock::before(deadline, observation).await {
            Some(Ok(observation)) => Answer::Given(observation),
            Some(Err(_)) | None if node.lives() => Answer::Late,
            Some(Err(_)) | None => Answer::Gone,
        };
        answers.insert(Arc::clone(&node.instance), answer);
    }
    answers
}

impl ShownNode {
    /// Whether its task runs.
    fn lives(&self) -> bool {
        self.control.upgrade().is_some_and(|control| !control.is_closed())
    }

    fn snapshot(&self, answer: &Answer) -> NodeSnapshot {
        let observed: &[SocketObservation] = match answer {
            Answer::Given(observation) => &observation.sockets,
            Answer::Late | Answer::Gone => &[],
        };
        let counters = self.counters.sockets();
        let sockets = self.sockets.iter().zip(&counters).enumerate();
        NodeSnapshot {
            program: self.counters.program.as_ref().map(program),
            instance: self.instance.to_string(),
            node: self.node.to_string(),
            status: match answer {
                Answer::Given(observation) => observation.status,
                Answer::Late => NodeStatus::Busy,
                Answer::Gone => NodeStatus::Failed,
            },
            handled: self.counters.handled.get(),
            failed: self.counters.failed.get(),
            handler: histogram(&self.counters.handler),
            handlers: self.counters.handlers().iter().map(|one| handler(one)).collect(),
            lines_read: self.counters.lines_read.get(),
            lines_written: self.counters.lines_written.get(),
            lines_refused: self.counters.lines_refused.get(),
            state_bytes: self.counters.state_bytes.get(),
            waiting: self.counters.waiting.get(),
            user: self.counters.user(),
            sockets: sockets
                .map(|(place, (shown, counters))| SocketSnapshot {
                    name: shown.name.clone(),
                    role: shown.role.to_string(),
                    bound: self.bound_at(place),
                    hwm_send: shown.hwm.send,
                    hwm_receive: shown.hwm.receive,
                    ..socket(counters, observed.get(place))
                })
                .collect(),
        }
    }

    fn bound_at(&self, place: usize) -> Vec<String> {
        let of_socket = self.bound.iter().filter(|(at, _, _)| *at == place);
        of_socket.map(|(_, _, actual)| actual.clone()).collect()
    }
}

fn socket(counters: &SocketCounters, observed: Option<&SocketObservation>) -> SocketSnapshot {
    let dropped = |reason: DropReason| counters.dropped[reason as usize].get();
    SocketSnapshot {
        messages_in: counters.messages_in.get(),
        messages_out: counters.messages_out.get(),
        bytes_in: counters.bytes_in.get(),
        bytes_out: counters.bytes_out.get(),
        dropped: Dropped {
            unroutable: dropped(DropReason::Unroutable),
            full: dropped(DropReason::Full),
            malformed: dropped(DropReason::Malformed),
            shutdown: dropped(DropReason::Shutdown),
        },
        blocked: counters.blocked.load(std::sync::atomic::Ordering::Relaxed),
        blocked_seconds: seconds(counters.blocked_nanos.get()),
        peers: counters.peers.get(),
        subscriptions: counters.subscriptions.get(),
        handshakes_failed: counters.handshakes_failed.get(),
        disconnects: counters.disconnects.get(),
        reconnects: counters.reconnects.get(),
        sequence_gaps: counters.sequence_gaps.get(),
        sequence_duplicates: counters.sequence_duplicates.get(),
        sequence_delay: counters.delay_micros.get() as f64 / 1e6,
        connections: observed.map(|observed| observed.connections.clone()),
        ..SocketSnapshot::default()
    }
}

fn program(counters: &ProgramCounters) -> ProgramSnapshot {
    let moment = counters.moment();
    ProgramSnapshot {
        state: moment.state.word().to_owned(),
        pid: moment.pid,
        uptime: moment.since.map(|since| clock::since(since).as_secs_f64()),
        restarts: counters.restarts.get(),
        exit_status: moment.exit.and_then(|exit| exit.status),
        exit_signal: moment.exit.and_then(|exit| exit.signal),
    }
}

fn handler(counters: &HandlerCounters) -> HandlerSnapshot {
    HandlerSnapshot {
        name: counters.name.to_string(),
        calls: counters.calls.get(),
        seconds: seconds(counters.nanos.get()),
    }
}

fn histogram(durations: &Durations) -> Histogram {
    let counts = durations.buckets();
    let mut so_far = 0;
    let buckets = BOUNDS.iter().zip(counts).map(|(&bound, count)| {
        so_far += count;
        Bucket { le: seconds(bound), count: so_far }
    });
    let buckets = buckets.collect();
    Histogram { count: counts.iter().sum(), sum: seconds(durations.nanos.get()), buckets }
}

fn seconds(nanos: u64) -> f64 {
    nanos as f64 / 1e9
}

#[cfg(test)]
mod tests;
