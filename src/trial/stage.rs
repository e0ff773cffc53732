//! Where a test takes place: the run, its peers, and everything that is seen of them.
//!
//! Owns what goes on while a step waits: sightings are collected and what has to hold always is asked.
//! Knows no step.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use super::figures::{Counted, figures};
use super::manner::Manner;
use super::outcome::{Failure, Reached};
use super::part::Part;
use super::peer::Peer;
use super::sightings::{SeenMessage, Sight, Sightings};
use super::symptom::Symptom;
use super::virtual_time;
use super::watch::{Sample, Watch};
use super::written::Written;
use crate::backlog::Room;
use crate::clock;
use crate::event::{EventKind, EventReader, Events, Heard, Stamped};
use crate::node::{Context, NodeHandle, Passed, Seen, Target, WholeReader};
use crate::receipt::Receipt;
use crate::script::{Assertion, Branches, Engine};
use crate::simulation::Network;
use crate::source::Span;
use crate::supervisor::{Haste, Supervisor};
use crate::test_file::TestSpec;
use crate::topology::{NodeSpec, Topology, WhenFull};

/// How long a step waits at least, and at most, before it looks again.
const LOOKS: (Duration, Duration) = (Duration::from_millis(1), Duration::from_millis(50));
/// What may wait to be seen.
const ROOM: Room = Room { entries: 1 << 20, bytes: 64 << 20 };
/// Where a test takes place.
pub(super) struct Stage {
    begun: Instant,
    /// The time of day when it began.
    morning: SystemTime,
    pub(super) topology: Topology,
    pub(super) supervisor: Supervisor,
    pub(super) network: Option<Network>,
    pub(super) context: Context,
    pub(super) engine: Rc<Engine>,
    pub(super) peers: BTreeMap<String, Peer>,
    pub(super) sightings: Sightings,
    reader: EventReader,
    tap: WholeReader,
    written: Written,
    always: Vec<(Span, Assertion)>,
    pub(super) branches: Branches,
    /// Handlers that were called alone, by node and name.
    called: BTreeMap<(String, String), u64>,
    /// Instances that are gone, whose figures count on.
    gone: Vec<Counted>,
    /// How many sightings there were when what has to hold was asked last.
    asked_at: Option<usize>,
    /// What of each version runs.
    pub(super) part: Part,
    /// Whether a node has asked for the end of the run, and whether it has come.
    end: End,
    /// What lies between the nodes, where somebody wants to know.
    pub(super) watch: Option<Watch>,
    /// When the run is to be over in real time.
    deadline: Option<Instant>,
    /// Where the test stands.
    span: Span,
    /// What never arrived when the run ended.
    pub(super) lost: Vec<Symptom>,
}

/// How far the run is from its end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum End {
    Open,
    AskedFor,
    Come,
}

impl Stage {
    /// Starts the topology, with the peers connected.
    pub(super) async fn set(
        test: &TestSpec,
        topology: &Topology,
        part: Part,
        manner: Manner,
        network: Option<Network>,
    ) -> Result<Self, Failure> {
        let failed = |what: String| before_it_began(test.span, what);
        let topology = &part.of(topology);
        let (begun, morning) = (clock::now(), clock::time_of_day());
        let events = Events::new();
        let reader = events.subscribe(ROOM, |_| true);
        let made = match &network {
            Some(network) => {
                Supervisor::simulated(network, virtual_time::morning(), events.clone())
            }
            None => Supervisor::new(topology, events.clone()),
        };
        let supervisor = made.map_err(|error| failed(error.to_string()))?;
        let branches = Branches::default();
        let mut supervisor = supervisor.with_seed(Some(manner.seed)).counting(&branches);
        let everything = Target::everything();
        let tap = supervisor.interceptors().whole_tap(everything, None, ROOM.bytes, WhenFull::Wait);
        let context = match &network {
            Some(network) => Context::simulated(network, events.clone()),
            None => Context::new(1024, 1, events.clone()),
        };
        let context = context.map_err(|errno| failed(errno.to_string()))?;
        let engine = Rc::new(Engine::new());
        let always = compiled(test, &engine)?;
        let written = Written::of(test, topology, network.as_ref());
        let started = supervisor.start(topology).await;
        started.map_err(|error| failed(format!("the topology does not start: {error}")))?;
        let mut stage = Self {
            begun,
            morning,
            topology: topology.clone(),
            supervisor,
            network,
            context,
            engine,
            peers: BTreeMap::new(),
            sightings: Sightings::default(),
            reader,
            tap,
            written,
            always,
            branches,
            called: BTreeMap::new(),
            gone: Vec::new(),
            asked_at: None,
            part,
            end: End::Open,
            watch: manner.watched.then(Watch::default),
            deadline: manner.until,
            span: test.span,
            lost: Vec::new(),
        };
        for spec in &test.peers {
            let peer = Peer::open(spec, &stage.context, &stage.supervisor, &stage.topology);
            let peer = peer.map_err(|what| Failure { span: spec.span, ..failed(what) })?;
            stage.peers.insert(spec.name.clone(), peer);
        }
        Ok(stage)
    }

    /// How long the test has been going on.
    pub(super) fn at(&self) -> Duration {
        clock::since(self.begun)
    }

    /// A failure of a step at this moment.
    pub(super) fn failure(&self, span: Span, what: String, instead: Vec<String>) -> Failure {
        let sequence = self.sightings.sequence();
        Failure { span, what, at: self.at(), instead, sequence, is_always: false }
    }

    /// Notes that a step did something.
    pub(super) fn did(&mut self, what: String) {
        let at = self.at();
        self.sightings.add(at, &"test".into(), None, Sight::Done(what));
    }

    /// Takes in what was seen since it last did, in the order in which it happened.
    pub(super) fn collect(&mut self) {
        let at = self.at();
        let messages = std::iter::from_fn(|| self.tap.try_next()).filter_map(|seen| match seen {
            Seen::Message(passed) => Some(passed),
            Seen::Missing(_) | Seen::Calls { .. } => None,
        });
        let mut messages = messages.collect::<Vec<_>>().into_iter().peekable();
        let told = std::iter::from_fn(|| self.reader.try_next()).filter_map(|heard| match heard {
            Heard::Event(told) => Some(told),
            Heard::Lost(_) => None,
        });
        for told in told.collect::<Vec<_>>() {
            while let Some(passed) = messages.next_if(|passed| passed.at <= told.at) {
                self.see(passed);
            }
            self.hear(&told);
        }
        messages.for_each(|passed| self.see(passed));
        for (node, line) in self.written.lines(self.network.as_ref()) {
            self.sightings.add(at, &node, None, Sight::Written(line));
        }
        for peer in self.peers.values() {
            while let Some(passed) = peer.receive() {
                let message = Sight::Message(Box::new(SeenMessage::of(passed)));
                self.sightings.add(at, peer.name(), None, message);
            }
        }
        self.look(at);
    }

    /// Looks at what lies between the nodes, where that is watched and it is time.
    fn look(&mut self, at: Duration) {
        let is_due = self.watch.as_ref().is_some_and(|watch| watch.is_due(at));
        let Some(network) = self.network.as_ref().filter(|_| is_due && self.end != End::Come)
        else {
            return;
        };
        let sample = Sample::of(at, network, self.running());
        self.watch.as_mut().into_iter().for_each(|watch| watch.add(sample.clone()));
    }

    /// When something happened, since the test began.
    fn since_begun(&self, at: SystemTime) -> Duration {
        at.duration_since(self.morning).unwrap_or_default()
    }

    fn see(&mut self, passed: Passed) {
        let (at, place) = (self.since_begun(passed.at), Arc::clone(&passed.place));
        let message = Sight::Message(Box::new(SeenMessage::of(passed)));
        self.sightings.add(at, &place.instance, Some(&place.socket), message);
    }

    fn hear(&mut self, told: &Stamped) {
        let kind = &told.event.kind;
        let sight = if let EventKind::Log { text, .. } = kind {
            Sight::Log(text.clone())
        } else if let EventKind::HandlerFailed { error, .. } = kind {
            Sight::Failed(error.clone())
        } else if let EventKind::Panicked { message } = kind {
            Sight::Failed(message.clone())
        } else if let EventKind::StopRequested { why, .. } = kind {
            self.end = if self.end == End::Open { End::AskedFor } else { self.end };
            Sight::Done(format!("asked for the end: {why}"))
        } else if let EventKind::Lost { flow, lost, sent, .. } = kind {
            let (flow, count, sent) = (flow.clone(), *lost, *sent);
            return self.lost.push(Symptom::Lost { flow, count, sent });
        } else {
            return;
        };
        let at = self.since_begun(told.at);
        self.sightings.add(at, &told.event.node, told.event.socket.as_ref(), sight);
    }

    /// Lets time pass until something holds, or the time is over; whether it held.
    pub(super) async fn wait_until(
        &mut self,
        time: Duration,
        mut holds: impl FnMut(&mut Self) -> Result<bool, Failure>,
    ) -> Result<bool, Failure> {
        let until = clock::now() + time;
        let mut look = LOOKS.0;
        loop {
            let before = self.sightings.count();
            self.collect();
            if self.end == End::AskedFor {
                self.end = End::Come;
                self.stop_all().await;
            }
            self.ask_always()?;
            if holds(self)? {
                return Ok(true);
            }
            if self.deadline.is_some_and(|deadline| Instant::now() > deadline) {
                let what = "the run takes too long in real time".to_owned();
                return Err(self.failure(self.span, what, Vec::new()));
            }
            let left = until.saturating_duration_since(clock::now());
            if left.is_zero() {
                return Ok(false);
            }
            look = if self.sightings.count() > before { LOOKS.0 } else { LOOKS.1.min(look * 2) };
            clock::sleep(look.min(left)).await;
        }
    }

    /// Lets time pass.
    pub(super) async fn wait(&mut self, time: Duration) -> Result<(), Failure> {
        self.wait_until(time, |_| Ok(false)).await.map(drop)
    }

    /// Asks what has to hold always, where anything happened since that was last asked.
    pub(super) fn ask_always(&mut self) -> Result<(), Failure> {
        if self.always.is_empty() || self.asked_at == Some(self.sightings.count()) {
            return Ok(());
        }
        self.asked_at = Some(self.sightings.count());
        let counters = figures(&self.counted());
        let mut always = std::mem::take(&mut self.always);
        let mut broken = None;
        for (span, assertion) in &mut always {
            match assertion.holds(&counters) {
                Ok(true) => {}
                Ok(false) => broken = broken.or(Some((*span, "this does not hold".to_owned()))),
                Err(why) => broken = broken.or(Some((*span, why))),
            }
        }
        self.always = always;
        match broken {
            Some((span, what)) => {
                let figures = counters.iter().map(|(node, figures)| format!("{node}: {figures}"));
                let failure = self.failure(span, what, figures.collect());
                Err(Failure { is_always: true, ..failure })
            }
            None => Ok(()),
        }
    }

    /// The instances that run, with what they were told to be.
    pub(super) fn running(&self) -> impl Iterator<Item = (&NodeHandle, &Arc<NodeSpec>)> {
        let handles = self.supervisor.nodes();
        handles.filter_map(|handle| {
            let spec = self.topology.nodes.iter().find(|spec| spec.name == handle.node)?;
            Some((handle, spec))
        })
    }

    /// The counters of all instances, those that are gone among them.
    pub(super) fn counted(&self) -> Vec<Counted> {
        let running = self.running().map(|(handle, spec)| counted(handle, spec));
        self.gone.iter().cloned().chain(running).collect()
    }

    /// Whether a node asked for the end of the run.
    pub(super) fn has_ended(&self) -> bool {
        self.end != End::Open
    }

    /// What handlers and sockets came to.
    pub(super) fn reached(&self) -> Reached {
        let mut reached = super::figures::reached(&self.counted());
        reached.branches = self.branches.passed();
        for (handler, calls) in &self.called {
            *reached.handlers.entry(handler.clone()).or_default() += calls;
        }
        reached
    }

    /// Notes that a handler was called alone.
    pub(super) fn called(&mut self, node: &str, handler: &str) {
        *self.called.entry((node.to_owned(), handler.to_owned())).or_default() += 1;
    }

    /// Keeps the figures of an instance that is about to go.
    pub(super) fn keep_figures(&mut self, instance: &str) {
        let found = self.running().find(|(handle, _)| *handle.instance == *instance);
        let kept = found.map(|(handle, spec)| counted(handle, spec));
        self.gone.extend(kept);
    }

    /// Ends the run in good order, since a node has asked for that.
    async fn stop_all(&mut self) {
        self.gone = self.counted();
        self.supervisor.stop(Haste::Drain).await;
        self.collect();
    }

    /// Reloads; the figures of instances that are no more count on.
    pub(super) async fn reload(&mut self, new: &Topology) -> Receipt {
        let before = self.counted();
        let receipt = self.supervisor.reload(new).await;
        let running: Vec<_> = self.supervisor.nodes().map(|it| Arc::clone(&it.counters)).collect();
        let is_gone = |one: &Counted| !running.iter().any(|it| Arc::ptr_eq(it, &one.counters));
        self.gone = before.into_iter().filter(is_gone).collect();
        self.topology = self.supervisor.topology().clone();
        receipt
    }

    /// Ends the run.
    pub(super) async fn strike(mut self) {
        drop(self.tap);
        self.peers.clear();
        self.supervisor.stop(Haste::Now).await;
    }
}

fn counted(handle: &NodeHandle, spec: &Arc<NodeSpec>) -> Counted {
    Counted { spec: Arc::clone(spec), counters: Arc::clone(&handle.counters) }
}

/// A failure of a test that has not begun.
fn before_it_began(span: Span, what: String) -> Failure {
    let (instead, sequence) = (Vec::new(), Vec::new());
    Failure { span, what, at: Duration::ZERO, instead, sequence, is_always: false }
}

/// What has to hold always, compiled.
fn compiled(test: &TestSpec, engine: &Rc<Engine>) -> Result<Vec<(Span, Assertion)>, Failure> {
    let mut always = Vec::new();
    for condition in &test.always {
        let compiled = Assertion::compile(engine, &condition.text).map_err(|faults| {
            let what: Vec<String> = faults.iter().map(ToString::to_string).collect();
            before_it_began(condition.span, what.join("; "))
        });
        always.push((condition.span, compiled?));
    }
    Ok(always)
}
