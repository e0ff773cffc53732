//! The loop of a running node: rounds of work, and sleep when EVENTS says there is none.
//!
//! Owns the order of a round and the phases of a node's life. What a round consists of stands in
//! `service`, `forward`, `inbox`, `outbox`.

mod handling;
mod slowness;
mod stopping;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

use smallvec::SmallVec;
use tokio::sync::{Notify, mpsc, oneshot};

use self::slowness::Slowness;
use self::stopping::{Drain, Unsent};
use super::arrivals::Arrivals;
use super::backoff::Backoff;
use super::blueprint::{Blueprint, NodeError};
use super::control::Control;
use super::forward::Forward;
use super::inject::Injected;
use super::legacy::{Files, Legacy};
use super::limiter::Limiter;
use super::line_source::LineSource;
use super::neighbours::{Neighbours, Seat};
use super::observation::Inquiry;
use super::rehearsal::Rehearsed;
use super::sink::Sink;
use super::socket::NodeSocket;
use super::state::{Bound, Expectation};
use super::tap::TapWatch;
use super::timers::Timers;

use crate::event::EventKind;
use crate::fiber;
use crate::script::{Effect, Engine, Handler, Inbound, Invocation, PeerEvent, SocketView};
use crate::until::until;

/// How many messages, timers or lines one round handles before other nodes have their turn.
const BURST: usize = 64;
/// How many requests of a burst are handled before what came of them is sent: who asked waits, and
/// libzmq's thread answers while the others are handled. Where nobody waits, waking it twice would
/// only cost time.
const ANSWERED: usize = 16;
/// How long a round may take before other nodes have their turn.
const BURST_TIME: Duration = Duration::from_micros(300);
/// How many busy rounds a node may have before other nodes have their turn.
const ROUNDS_IN_A_ROW: u32 = 2;
/// How often answers that a peer has no room for are offered again.
const DEFERRED: Duration = Duration::from_millis(5);
/// How often a node that stops looks whether its last lines go on being written.
const WRITING: Duration = Duration::from_millis(20);

/// Where a node is in its life.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Phase {
    /// Its links come up; forwards run, handlers do not.
    Attaching,
    /// It receives, ticks and reads.
    Running,
    /// It receives, but begins nothing by itself.
    Quiet,
    /// It only sends what waits.
    Stopping { deadline: Instant },
    /// It is over.
    Closed,
}

/// A running node.
pub(super) struct Node {
    pub(super) blueprint: Blueprint,
    pub(super) engine: Rc<Engine>,
    pub(super) sockets: Vec<NodeSocket>,
    pub(super) handler: Option<Handler>,
    pub(super) socket_views: Vec<SocketView>,
    pub(super) timers: Timers,
    pub(super) source: Option<LineSource>,
    pub(super) sink: Option<Sink>,
    /// Sinks of earlier versions of the node that have not written all yet.
    pub(super) old_sinks: Vec<Sink>,
    pub(super) forwards: Vec<Forward>,
    /// What is to be done, in order.
    pub(super) pending: VecDeque<Effect>,
    pub(super) early: VecDeque<Inbound>,
    pub(super) peer_events: VecDeque<PeerEvent>,
    pub(super) phase: Phase,
    pub(super) limiter: Limiter,
    pub(super) expectation: Expectation,
    pub(super) linked: Option<oneshot::Sender<()>>,
    pub(super) reconnects: Vec<(Instant, usize, String)>,
    /// Peers of a STREAM socket that were told as connected.
    pub(super) stream_peers: BTreeMap<Vec<u8>, ()>,
    drain: Option<Drain>,
    /// What waits for connections that did not come up, asked of libzmq before the end.
    unsent: Unsent,
    /// Whether another node goes on with its source and its sink when it has ended.
    pub(super) is_succeeded: bool,
    resting_until: Option<Instant>,
    /// While a reload holds the node: the sockets whose messages are stashed.
    pub(super) held: Option<BTreeSet<usize>>,
    /// What the change to come was found to need.
    pub(super) rehearsed: Option<Box<Rehearsed>>,
    /// Questions of observers that wait for libzmq.
    pub(super) inquiry: Option<Inquiry>,
    /// How often the node began anew after failed handlers.
    restarts: Backoff,
    /// How often it went wrong in a way that nothing foresees.
    panics: Backoff,
    /// Until when it does nothing after that.
    recovering_until: Option<Instant>,
    cursor: usize,
    /// In a burst, when the last call ended: a clock costs as much as half of a short call, so the
    /// end of one is the beginning of the next.
    pub(super) last_call: Option<Instant>,
    /// When the last call of all ended.
    call_ended: Instant,
    pub(super) arrivals: Arrivals,
    pub(super) taps: TapWatch,
    /// What was given from outside and waits for its turn.
    pub(super) injected: VecDeque<Injected>,
    /// How many calls there were.
    pub(super) calls: u64,
    slowness: Slowness,
}

impl Node {
    /// Makes a node: everything open and bound, nothing connected.
    pub(super) async fn create(
        blueprint: Blueprint,
        engine: Rc<Engine>,
        neighbours: Rc<Neighbours>,
        rehearsed: Option<Rehearsed>,
    ) -> Result<(Box<Self>, Bound), NodeError> {
        let seat = Seat::take(&neighbours, &blueprint.instance);
        let rehearsed = rehearsed.map(|rehearsed| rehearsed.sockets_for(&blueprint.spec));
        let parts = blueprint.build(&engine, rehearsed.unwrap_or_default()).await?;
        let mut bound = Bound::new();
        for (place, socket) in parts.sockets.iter().enumerate() {
            for (given, actual) in &socket.bound {
                bound.push((place, given.clone(), actual.clone()));
            }
        }
        let forwards = Forward::all(&blueprint.spec);
        let socket_views = blueprint.socket_views();
        let taps = TapWatch::new(&blueprint.taps);
        let node = Self {
            socket_views,
            blueprint,
            engine,
            sockets: parts.sockets,
            handler: parts.handler,
            timers: Timers::default(),
            source: parts.source,
            sink: parts.sink,
            old_sinks: Vec::new(),
            forwards,
            pending: VecDeque::new(),
            early: VecDeque::new(),
            peer_events: VecDeque::new(),
            phase: Phase::Attaching,
            limiter: Limiter::default(),
            expectation: Expectation::default(),
            linked: None,
            reconnects: Vec::new(),
            stream_peers: BTreeMap::new(),
            drain: None,
            unsent: Unsent::default(),
            is_succeeded: false,
            resting_until: None,
            held: None,
            rehearsed: None,
            inquiry: None,
            restarts: Backoff::new(Instant::now()),
            panics: Backoff::new(Instant::now()),
            recovering_until: None,
            cursor: 0,
            last_call: None,
            call_ended: Instant::now(),
            arrivals: Arrivals::new(Instant::now()),
            taps,
            injected: VecDeque::new(),
            calls: 0,
            slowness: Slowness::new(seat),
        };
        for (place, _, actual) in &bound {
            node.emit(Some(*place), EventKind::Bound { endpoint: actual.clone() });
        }
        Ok((Box::new(node), bound))
    }

    /// Runs until it is told to stop; the sockets close with the return.
    pub(super) async fn run(
        mut self: Box<Self>,
        mut control: mpsc::UnboundedReceiver<Box<Control>>,
    ) -> Option<Legacy> {
        let mut row = 0;
        loop {
            loop {
                match control.try_recv() {
                    Ok(told) => self.guarded_obey(*told).await,
                    Err(mpsc::error::TryRecvError::Empty) => break,
                    // The supervisor is gone, so nobody could ever stop this node.
                    Err(mpsc::error::TryRecvError::Disconnected) => return None,
                }
            }
            let busy = self.guarded_round();
            if self.phase == Phase::Closed {
                return Some(self.leave());
            }
            if busy {
                self.arrivals.work();
                // The round after a short one mostly finds nothing, and a turn costs a system call.
                row += 1;
                if row >= ROUNDS_IN_A_ROW {
                    row = 0;
                    tokio::task::yield_now().await;
                }
                continue;
            }
            row = 0;
            if self.arrivals.looks_on(Instant::now()) {
                self.sockets.iter_mut().for_each(|socket| socket.readable = true);
                std::thread::yield_now();
                tokio::task::yield_now().await;
                continue;
            }
            self.arrivals.sleep();
            let told = self.sleep(&mut control).await;
            self.arrivals.wake(Instant::now());
            if let Some(told) = told {
                self.guarded_obey(told).await;
            }
        }
    }

    /// Does what it is told, and survives a panic: whoever asked hears that there is no answer.
    async fn guarded_obey(&mut self, told: Control) {
        let mut obeying = Box::pin(self.obey(told));
        let done = poll_fn(move |task| {
            match catch_unwind(AssertUnwindSafe(|| obeying.as_mut().poll(task))) {
                Ok(polled) => polled.map(|()| None),
                Err(panic) => Poll::Ready(Some(panic)),
            }
        });
        if let Some(panic) = done.await {
            self.panicked(&*panic);
        }
    }

    async fn obey(&mut self, told: Control) {
        match told {
            Control::ConnectEarly { endpoints } => drop(self.connect_all(&endpoints, &[])),
            Control::Connect { endpoints, renew, expectation, done, linked } => {
                // Whoever asked may have given up; there is nobody else to tell.
                let _ = done.send(self.connect_all(&endpoints, &renew));
                self.expectation = expectation;
                self.linked = Some(linked);
            }
            Control::Hold { stash } => self.hold(&stash),
            Control::Figures { answer } => drop(answer.send(self.figures())),
            Control::Rehearse { spec, done } => drop(done.send(self.rehearse(spec))),
            Control::Forget => self.rehearsed = None,
            Control::Change { spec, done } => drop(done.send(self.change(spec).await)),
            Control::Release { reloaded } => self.release(reloaded),
            Control::Missing { answer } => drop(answer.send(self.missing_links())),
            Control::Audience { subscribers } => self.set_audience(&subscribers),
            Control::Start => self.start(),
            Control::Quiesce => {
                if self.phase == Phase::Running {
                    self.phase = Phase::Quiet;
                }
            }
            Control::Drain { quiet, deadline, done } => {
                let last_activity = Instant::now();
                self.drain = Some(Drain { quiet, deadline, last_activity, done });
            }
            Control::Stop { deadline, alone, succeeded } => {
                if alone {
                    self.answer_before_stop().await;
                }
                self.is_succeeded = succeeded;
                self.begin_stop(deadline, alone);
            }
            Control::Inject(injection) => self.inject(injection),
            Control::Observe { answer } => self.inquire(answer),
            Control::Describe { answer } => drop(answer.send(self.describe())),
        }
    }

    fn start(&mut self) {
        let is_first = self.phase == Phase::Attaching;
        self.phase = Phase::Running;
        let spec = Arc::clone(&self.blueprint.spec);
        self.timers.set_periodic(spec.every, &spec.timers, Instant::now());
        let left = self.blueprint.kept.take();
        let inherits_source = left.as_ref().is_some_and(|left| self.inherit_files(left));
        let event = match (left.and_then(|left| left.state), &mut self.handler) {
            (Some(state), Some(handler)) => {
                handler.restore(state);
                Invocation::Reload
            }
            _ => Invocation::Start,
        };
        self.call(event);
        if let Some(source) = self.source.as_mut().filter(|_| is_first && !inherits_source) {
            source.begin(Instant::now());
        }
        for inbound in std::mem::take(&mut self.early) {
            self.handle(inbound);
        }
    }

    /// Goes on with the source and the sink of the node before it; whether there was a source.
    fn inherit_files(&mut self, left: &Legacy) -> bool {
        let (spec, instance) = (&self.blueprint.spec, &self.blueprint.instance);
        let Files { source, sink } = left.take_files(spec);
        if let (Some(mut sink), Some(spec)) = (sink, &spec.write) {
            sink.belongs_to(instance);
            sink.adopt(spec);
            self.sink = Some(sink);
        }
        let (Some(mut source), Some(spec)) = (source, &spec.read) else { return false };
        source.belongs_to(instance);
        source.adopt(spec);
        self.source = Some(source);
        true
    }

    /// One round of work that survives a panic; whether there was any. After one it pauses, so that
    /// one that lasts leaves the others of the thread their time.
    pub(super) fn guarded_round(&mut self) -> bool {
        if let Some(until) = self.recovering_until {
            let now = Instant::now();
            if now < until {
                return false;
            }
            self.recovering_until = None;
            self.panics.go_on(now);
        }
        catch_unwind(AssertUnwindSafe(|| self.round())).unwrap_or_else(|panic| {
            self.panicked(&*panic);
            false
        })
    }

    /// One round of work; whether there was any.
    fn round(&mut self) -> bool {
        let now = Instant::now();
        #[cfg(test)]
        tests::panic_if_wanted(&self.blueprint.spec.name);
        self.look_for_taps();
        self.service(now);
        let mut busy = self.stash();
        busy |= self.forward();
        busy |= self.flush(now);
        if matches!(self.phase, Phase::Running | Phase::Quiet) {
            busy |= self.rest_is_over(now);
            busy |= self.receive(now);
            if self.phase == Phase::Running {
                busy |= self.fire(now);
                busy |= self.read_lines(now);
            }
            busy |= self.tell_peer_events();
            // What goes out here makes room for what a source or a timer has next.
            busy |= self.flush(now);
        }
        busy |= self.perform_injected(now);
        self.end_calls(now);
        self.flush_sink();
        if !busy {
            busy = self.look_again(now);
        }
        self.tell_held(now);
        self.tell_unreached(now);
        self.note_movement(now);
        self.advance_inquiry(now);
        self.advance_drain(now, busy);
        self.advance_stop(now);
        self.blueprint.counters.waiting.set(self.pending.len() as u64);
        busy
    }

    /// Whether the node waits to start anew after a failed handler.
    pub(super) fn is_resting(&self) -> bool {
        self.resting_until.is_some()
    }

    /// Whether the node takes anything new: nothing waits to be sent or written, and it does not
    /// rest after a failure.
    pub(super) fn takes_new(&self) -> bool {
        self.pending.is_empty()
            && self.held.is_none()
            && self.resting_until.is_none()
            && !self.sink.as_ref().is_some_and(Sink::is_full)
    }

    /// Whether a socket's messages go to the handler or sink, now.
    fn takes_from(&self, place: usize) -> bool {
        let socket = &self.sockets[place];
        // A REQ that has asked must hear the answer before anything more can be sent on it.
        let may_handle = self.resting_until.is_none() && self.held.is_none();
        // Nobody is let in while a ZAP handler waits, so a hold for other sockets is not for it.
        let decides = || {
            self.held.as_ref().is_some_and(|held| !held.contains(&place))
                && self.resting_until.is_none()
                && self.pending.is_empty()
                && socket.spec.is_zap_handler()
        };
        let wanted = self.takes_new() || socket.awaits_reply && may_handle || decides();
        wanted
            && socket.spec.role.receives()
            && !self.forwards.iter().any(|forward| forward.from == place)
    }

    /// Whether calls of the round that began at `now` took so long that it is to end: nobody tells
    /// the node anything in the middle of one.
    fn has_worked_long(&self, now: Instant) -> bool {
        self.call_ended > now + fiber::TURN
    }

    fn receive(&mut self, now: Instant) -> bool {
        let count = self.sockets.len();
        let mut taken = 0;
        let open: SmallVec<[bool; 8]> = (0..count).map(|place| self.takes_from(place)).collect();
        'burst: while taken < BURST {
            let before = taken;
            for step in 0..count {
                let place = (self.cursor + step) % count;
                if !open[place] || !self.sockets[place].readable {
                    continue;
                }
                let Some(frames) = self.sockets[place].receive() else { continue };
                if taken == 0 && self.handler.is_some() {
                    self.last_call = Some(Instant::now());
                }
                taken += 1;
                self.arrivals.add();
                self.arrived(place, frames);
                if self.arrivals.is_alone() {
                    break 'burst;
                }
                if taken % ANSWERED == 0 && self.sockets[place].spec.role.routes() {
                    self.flush(now);
                }
                if self.has_worked_long(now) {
                    break 'burst;
                }
                if taken % 8 == 0 && self.last_call.unwrap_or_else(Instant::now) > now + BURST_TIME
                {
                    break 'burst;
                }
            }
            if before == taken {
                break;
            }
        }
        self.last_call = None;
        self.cursor = self.cursor.wrapping_add(1);
        taken > 0
    }

    /// The last look before sleep: EVENTS of every socket, which alone may say there is nothing.
    fn look_again(&mut self, now: Instant) -> bool {
        let mut busy = false;
        for place in 0..self.sockets.len() {
            // A receive that found nothing has read every command, and nothing was done since.
            if !self.sockets[place].readable && self.sockets[place].spec.role.receives() {
                continue;
            }
            let arrived = self.sockets[place].look();
            busy |= arrived && self.is_stashed(place);
        }
        busy |= self.flush(now);
        busy |= self.perform_injected(now);
        busy |= self.forward();
        let running = matches!(self.phase, Phase::Running | Phase::Quiet);
        busy | (0..self.sockets.len()).any(|place| {
            self.sockets[place].readable
                && (running && self.takes_from(place) || self.is_serviced(place))
        })
    }

    /// Sleeps until a descriptor, a timer, the source or a command wakes the node.
    async fn sleep(
        &mut self,
        control: &mut mpsc::UnboundedReceiver<Box<Control>>,
    ) -> Option<Control> {
        let arrived = self.source.as_ref().map(LineSource::arrived);
        let stops = matches!(self.phase, Phase::Stopping { .. });
        let written = self.sink.as_ref().and_then(|sink| sink.moved(stops && !sink.is_idle()));
        let due = self.next_due();
        let edge = poll_fn(|task| {
            let mut stirred = false;
            for socket in &mut self.sockets {
                if super::wait::edge(&socket.ready, task) {
                    socket.readable = true;
                    stirred = true;
                }
                stirred |= socket.monitor.as_ref().is_some_and(|monitor| monitor.waits(task));
            }
            if stirred { Poll::Ready(()) } else { Poll::Pending }
        });
        tokio::select! {
            biased;
            told = control.recv() => Some(told.map_or(Control::Stop { deadline: Instant::now(), alone: false, succeeded: false }, |told| *told)),
            () = edge => None,
            () = until(due) => None,
            () = notified(arrived) => None,
            () = notified(written) => None,
        }
    }

    fn next_due(&self) -> Option<Instant> {
        if self.recovering_until.is_some() {
            return self.recovering_until;
        }
        let running = self.phase == Phase::Running && self.takes_new();
        let timers = self.timers.next_due().filter(|_| running);
        let line = self.source.as_ref().and_then(LineSource::due).filter(|_| running);
        let drain =
            self.drain.as_ref().map(|drain| drain.deadline.min(drain.last_activity + drain.quiet));
        let stop = match self.phase {
            Phase::Stopping { deadline } if self.has_written() => Some(deadline),
            // Past the deadline only what goes on being written is waited for.
            Phase::Stopping { .. } => Some(Instant::now() + WRITING),
            Phase::Attaching | Phase::Running | Phase::Quiet | Phase::Closed => None,
        };
        let reconnect = self.reconnects.iter().map(|(at, _, _)| *at).min();
        let inquiry = self.inquiry.as_ref().map(Inquiry::until);
        let given = self.injected_due();
        let unreached = match self.phase {
            Phase::Attaching | Phase::Running | Phase::Quiet => self.unreached_due(),
            Phase::Stopping { .. } | Phase::Closed => None,
        };
        // That a peer has room again may be among what was read since they were last offered.
        let deferred_replies =
            self.sockets.iter().any(|socket| !socket.deferred_replies.is_empty());
        let deferred_replies = deferred_replies.then(|| Instant::now() + DEFERRED);
        let told = [deferred_replies, self.limiter.due(), unreached];
        [timers, line, drain, stop, reconnect, inquiry, given, self.resting_until]
            .into_iter()
            .chain(told)
            .flatten()
            .min()
    }
}

async fn notified(arrived: Option<Arc<Notify>>) {
    match arrived {
        Some(arrived) => arrived.notified().await,
        None => std::future::pending().await,
    }
}
