//! The loop of a running node: rounds of work, and sleep when EVENTS says there is none.
//!
//! Owns the order of a round and the phases of a node's life. What a round consists of stands in
//! `service`, `forward`, `inbox`, `outbox`.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

use smallvec::SmallVec;
use tokio::sync::{Notify, mpsc, oneshot};

use super::blueprint::{Blueprint, NodeError};
use super::control::{Bound, Control, Expectation};
use super::forward::Forward;
use super::inbox::{beginning, open_envelope, subscription};
use super::inject::Injected;
use super::lines::{Lines, Next};
use super::observation::Inquiry;
use super::outbox::Pending;
use super::service::Limiter;
use super::sink::Sink;
use super::socket::NodeSocket;
use super::timers::{TimerName, Timers};
use crate::counters::DropReason;
use crate::event::What;
use crate::message::{Frame, Malformed, Multipart};
use crate::script::{
    Effect, Engine, Event, Handler, HandlerError, HandlerErrorKind, Inbound, Keepsake, Outlet,
    PeerEvent, fits,
};
use crate::topology::OnError;
use crate::zeromq::Role;

/// How many messages, timers or lines one round handles before other nodes have their turn.
const BURST: usize = 64;
/// How long a round may take before other nodes have their turn.
const BURST_TIME: Duration = Duration::from_micros(300);
/// How many busy rounds a node may have before other nodes have their turn.
const ROUNDS_IN_A_ROW: u32 = 2;
/// The first pause of `on_error: restart`; it doubles with each failure in a row.
const RESTART_FIRST: Duration = Duration::from_millis(100);
/// The longest pause of `on_error: restart`.
const RESTART_LONGEST: Duration = Duration::from_secs(5);
/// How often a node that stops looks whether its last lines are written.
const WRITING: Duration = Duration::from_millis(5);
/// How many messages may arrive before the start without being handled.
const EARLY_MAX: usize = 1000;

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

struct Drain {
    quiet: Duration,
    deadline: Instant,
    last_activity: Instant,
    done: oneshot::Sender<bool>,
}

/// A running node.
pub(super) struct Node {
    pub(super) blueprint: Blueprint,
    pub(super) engine: Rc<Engine>,
    pub(super) sockets: Vec<NodeSocket>,
    pub(super) handler: Option<Handler>,
    pub(super) outlets: Vec<Outlet>,
    pub(super) timers: Timers,
    pub(super) source: Option<Lines>,
    pub(super) sink: Option<Sink>,
    pub(super) forwards: Vec<Forward>,
    pub(super) pending: VecDeque<Pending>,
    pub(super) effects: Vec<Effect>,
    early: VecDeque<Inbound>,
    pub(super) peer_events: VecDeque<PeerEvent>,
    pub(super) phase: Phase,
    pub(super) limiter: Limiter,
    pub(super) expectation: Expectation,
    pub(super) linked: Option<oneshot::Sender<()>>,
    pub(super) reconnects: Vec<(Instant, usize, String)>,
    /// Peers of a STREAM socket that were told as connected.
    pub(super) stream_peers: BTreeMap<Vec<u8>, ()>,
    drain: Option<Drain>,
    resting_until: Option<Instant>,
    /// While a reload holds the node: the sockets whose messages are stashed.
    pub(super) held: Option<BTreeSet<usize>>,
    /// Questions of observers that wait for libzmq.
    pub(super) inquiry: Option<Inquiry>,
    restarts: u32,
    cursor: usize,
    /// The version of the list of taps that was last looked at.
    pub(super) taps_seen: Option<u64>,
    /// What was given from outside and waits for its turn.
    pub(super) injected: VecDeque<Injected>,
    /// How many calls there were.
    pub(super) calls: u64,
}

impl Node {
    /// Makes a node: everything open and bound, nothing connected.
    pub(super) async fn create(
        blueprint: Blueprint,
        engine: Rc<Engine>,
    ) -> Result<(Box<Self>, Bound), NodeError> {
        let parts = blueprint.build(&engine).await?;
        let mut bound = Bound::new();
        for (place, socket) in parts.sockets.iter().enumerate() {
            for (given, actual) in &socket.bound {
                bound.push((place, given.clone(), actual.clone()));
            }
        }
        let forwards = Forward::all(&blueprint.spec);
        let outlets = blueprint.outlets();
        let node = Self {
            outlets,
            blueprint,
            engine,
            sockets: parts.sockets,
            handler: parts.handler,
            timers: Timers::default(),
            source: parts.source,
            sink: parts.sink,
            forwards,
            pending: VecDeque::new(),
            effects: Vec::new(),
            early: VecDeque::new(),
            peer_events: VecDeque::new(),
            phase: Phase::Attaching,
            limiter: Limiter::default(),
            expectation: Expectation::default(),
            linked: None,
            reconnects: Vec::new(),
            stream_peers: BTreeMap::new(),
            drain: None,
            resting_until: None,
            held: None,
            inquiry: None,
            restarts: 0,
            cursor: 0,
            taps_seen: None,
            injected: VecDeque::new(),
            calls: 0,
        };
        for (place, _, actual) in &bound {
            node.tell(Some(*place), What::Bound { endpoint: actual.clone() });
        }
        Ok((Box::new(node), bound))
    }

    /// Runs until it is told to stop; the sockets close with the return.
    pub(super) async fn run(
        mut self: Box<Self>,
        mut control: mpsc::UnboundedReceiver<Box<Control>>,
    ) -> Option<Keepsake> {
        let mut row = 0;
        loop {
            loop {
                match control.try_recv() {
                    Ok(told) => Box::pin(self.obey(*told)).await,
                    Err(mpsc::error::TryRecvError::Empty) => break,
                    // The supervisor is gone, so nobody could ever stop this node.
                    Err(mpsc::error::TryRecvError::Disconnected) => return None,
                }
            }
            let busy = match catch_unwind(AssertUnwindSafe(|| self.round())) {
                Ok(busy) => busy,
                Err(panic) => {
                    self.panicked(&*panic);
                    true
                }
            };
            if self.phase == Phase::Closed {
                // One that never began leaves what it was left.
                let kept = self.blueprint.kept.take();
                return kept.or_else(|| self.handler.as_ref().map(Handler::keepsake));
            }
            if busy {
                // The round after a short one mostly finds nothing, and a turn costs a system call.
                row += 1;
                if row >= ROUNDS_IN_A_ROW {
                    row = 0;
                    tokio::task::yield_now().await;
                }
                continue;
            }
            row = 0;
            if let Some(told) = self.sleep(&mut control).await {
                Box::pin(self.obey(told)).await;
            }
        }
    }

    async fn obey(&mut self, told: Control) {
        match told {
            Control::Connect { endpoints, renew, expectation, done, linked } => {
                // Whoever asked may have given up; there is nobody else to tell.
                let _ = done.send(self.connect_all(&endpoints, &renew));
                self.expectation = self.with_awaited_topics(expectation);
                self.linked = Some(linked);
            }
            Control::Hold { stash } => self.hold(&stash),
            Control::Figures { answer } => drop(answer.send(self.figures())),
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
            Control::Stop { deadline, alone } => self.begin_stop(deadline, alone),
            Control::Inject(injection) => self.inject(injection),
            Control::Observe { answer } => self.inquire(answer),
            Control::Describe { answer } => drop(answer.send(self.describe())),
        }
    }

    fn start(&mut self) {
        self.phase = Phase::Running;
        let spec = Arc::clone(&self.blueprint.spec);
        self.timers.set_periodic(spec.every, &spec.timers, Instant::now());
        let event = match (self.blueprint.kept.take(), &mut self.handler) {
            (Some(kept), Some(handler)) => {
                handler.restore(kept);
                Event::Reload
            }
            _ => Event::Start,
        };
        self.call(event);
        for inbound in std::mem::take(&mut self.early) {
            self.handle(inbound);
        }
    }

    fn begin_stop(&mut self, deadline: Instant, alone: bool) {
        self.finish_before_stop();
        if alone {
            self.sockets.iter_mut().for_each(NodeSocket::keep_unsent);
        }
        if matches!(self.phase, Phase::Running | Phase::Quiet) {
            self.call(Event::Stop);
        }
        self.timers.clear();
        self.phase = Phase::Stopping { deadline };
    }

    /// One round of work; whether there was any.
    fn round(&mut self) -> bool {
        let now = Instant::now();
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
        self.flush_sink(now);
        if !busy {
            busy = self.look_again(now);
        }
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
        let wanted = self.takes_new() || socket.awaits_reply && may_handle;
        wanted
            && socket.spec.role.receives()
            && !self.forwards.iter().any(|forward| forward.from == place)
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
                taken += 1;
                self.arrived(place, frames);
                if taken % 8 == 0 && now.elapsed() > BURST_TIME {
                    break 'burst;
                }
            }
            if before == taken {
                break;
            }
        }
        self.cursor = self.cursor.wrapping_add(1);
        taken > 0
    }

    pub(super) fn arrived(&mut self, place: usize, mut frames: Multipart) {
        let role = self.sockets[place].spec.role;
        if let Err(why) = self.sockets[place].check_number(&mut frames) {
            self.malformed(place, why, &frames);
            return;
        }
        if role == Role::Xpub
            && let Some((wanted, topic)) = subscription(&frames)
        {
            self.subscription_changed(place, wanted, topic);
            return;
        }
        match open_envelope(place, role, frames) {
            Ok(inbound) if role == Role::Stream && self.stream_peer_changed(&inbound) => {}
            Ok(inbound) => self.take(inbound),
            Err((why, frames)) => self.malformed(place, why, &frames),
        }
    }

    pub(super) fn take(&mut self, inbound: Inbound) {
        if self.phase != Phase::Attaching {
            self.handle(inbound);
        } else if self.early.len() < EARLY_MAX {
            self.early.push_back(inbound);
        }
    }

    fn handle(&mut self, inbound: Inbound) {
        if self.handler.as_ref().is_some_and(|handler| handler.takes(inbound.socket)) {
            self.call(Event::Message(inbound));
            return;
        }
        let format = self.sockets[inbound.socket].spec.format;
        if let Err(why) = fits(format, &inbound.payload) {
            self.malformed(inbound.socket, why, &inbound.payload);
            return;
        }
        if let Some(sink) = &mut self.sink {
            let parts: Vec<&[u8]> = inbound.payload.iter().map(|frame| &**frame).collect();
            sink.line(&parts);
            self.blueprint.counters.lines_written.add(1);
        }
        self.answer_without_handler(inbound);
    }

    /// A `rep` without a handler still answers, with an empty frame: no client waits for ever.
    fn answer_without_handler(&mut self, inbound: Inbound) {
        let socket = inbound.socket;
        if self.sockets[socket].spec.role != Role::Rep {
            return;
        }
        let Some(route) = inbound.route else { return };
        let envelope = route.envelope.iter().map(Frame::share);
        let frames: Multipart = envelope.chain([Frame::empty()]).collect();
        self.pending.push_back(Pending::Send { socket, message: frames.into() });
    }

    fn malformed(&mut self, place: usize, why: Malformed, frames: &[Frame]) {
        self.sockets[place].counters.drop_one(DropReason::Malformed);
        let message = format!("{why}: {}", beginning(frames));
        self.tell_limited(Some(place), What::Malformed { message });
    }

    /// Calls the handler, and queues what it wants done.
    pub(super) fn call(&mut self, event: Event) {
        let Some(handler) = &mut self.handler else { return };
        let place = if let Event::Message(inbound) = &event { Some(inbound.socket) } else { None };
        let before = Instant::now();
        let result = handler.call_into(event, &mut self.effects);
        let nanos = u64::try_from(before.elapsed().as_nanos()).unwrap_or(u64::MAX);
        let counters = &self.blueprint.counters;
        counters.handled.add(1);
        counters.handler.add(nanos);
        self.pending.extend(self.effects.drain(..).map(Pending::from));
        match result {
            Ok(()) => self.restarts = 0,
            Err(error) if matches!(error.kind, HandlerErrorKind::Malformed(_)) => {
                if let Some(place) = place {
                    self.sockets[place].counters.drop_one(DropReason::Malformed);
                }
                self.tell_limited(place, What::Malformed { message: error.message });
            }
            Err(error) => self.failed(&error),
        }
    }

    fn failed(&mut self, error: &HandlerError) {
        self.blueprint.counters.failed.add(1);
        self.tell_limited(None, What::HandlerFailed { error: error.to_string() });
        match self.blueprint.spec.on_error {
            OnError::Skip => {}
            OnError::Restart => self.rest(),
            OnError::Stop => {
                let why = format!("a handler of {} failed", self.blueprint.instance);
                self.tell(None, What::StopRequested { status: 1, why });
            }
        }
    }

    fn rest(&mut self) {
        let pause = RESTART_FIRST
            .saturating_mul(2_u32.saturating_pow(self.restarts.min(10)))
            .min(RESTART_LONGEST);
        self.restarts += 1;
        self.resting_until = Some(Instant::now() + pause);
        let after_ms = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX);
        self.tell_limited(None, What::Restarting { after_ms });
    }

    /// Ends the pause of `on_error: restart`: an empty state, fresh timers, and `on_start` again.
    fn rest_is_over(&mut self, now: Instant) -> bool {
        if self.held.is_some() || self.resting_until.is_none_or(|until| until > now) {
            return false;
        }
        self.resting_until = None;
        let restarts = self.restarts;
        match self.blueprint.handler(&self.engine) {
            Ok(handler) => self.handler = handler,
            // It compiled when the node was made, so this cannot fail now.
            Err(error) => self.tell(None, What::Failed { error: error.to_string() }),
        }
        self.timers.clear();
        self.start();
        // Only a handled message, not the start itself, ends a row of failures.
        self.restarts = restarts;
        true
    }

    fn panicked(&mut self, panic: &(dyn std::any::Any + Send)) {
        let message = panic
            .downcast_ref::<&str>()
            .map(|text| (*text).to_owned())
            .or_else(|| panic.downcast_ref::<String>().cloned())
            .unwrap_or_else(|| "unknown".to_owned());
        self.blueprint.counters.failed.add(1);
        self.tell_limited(None, What::Panicked { message });
    }

    fn fire(&mut self, now: Instant) -> bool {
        let mut fired = 0;
        while fired < BURST && self.takes_new() {
            let Some(name) = self.timers.take_due(now) else { break };
            fired += 1;
            self.call(match name {
                TimerName::Tick => Event::Tick,
                TimerName::Named(name) => Event::Timer(name),
            });
            self.flush(now);
        }
        fired > 0
    }

    fn read_lines(&mut self, now: Instant) -> bool {
        let mut read = 0;
        while read < BURST && self.takes_new() {
            let Some(source) = &mut self.source else { break };
            match source.next(now) {
                Ok(Next::Line(line)) => {
                    read += 1;
                    self.blueprint.counters.lines_read.add(1);
                    self.line(line);
                    self.flush(now);
                }
                Ok(Next::End) => {
                    self.call(Event::End);
                    return true;
                }
                Ok(Next::Nothing | Next::Ended) => break,
                Err(error) => {
                    self.source = None;
                    self.tell(None, What::FileFailed { error: format!("reading: {error}") });
                }
            }
        }
        read > 0
    }

    fn line(&mut self, line: Vec<u8>) {
        if self.handler.as_ref().is_some_and(|handler| handler.handles("on_line")) {
            let text = String::from_utf8(line)
                .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned());
            self.call(Event::Line(text));
        } else {
            self.send_line(&line);
        }
    }

    fn tell_peer_events(&mut self) -> bool {
        let mut told = false;
        while self.takes_new() {
            let Some(event) = self.peer_events.pop_front() else { break };
            self.call(Event::Peer(event));
            told = true;
        }
        told
    }

    pub(super) fn flush_sink(&mut self, now: Instant) {
        let Some(sink) = &mut self.sink else { return };
        if let Err(error) = sink.flush(now) {
            self.tell_limited(None, What::FileFailed { error: format!("writing: {error}") });
        }
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

    fn advance_drain(&mut self, now: Instant, busy: bool) {
        let idle = !busy
            && self.pending.is_empty()
            && self.forwards.iter().all(Forward::is_idle)
            && self.sink.as_ref().is_none_or(Sink::is_idle)
            && self.sockets.iter().all(|socket| socket.parked.is_empty());
        let Some(drain) = &mut self.drain else { return };
        if !idle {
            drain.last_activity = now;
        }
        let quiet = now.duration_since(drain.last_activity) >= drain.quiet;
        if (quiet || now >= drain.deadline)
            && let Some(drain) = self.drain.take()
        {
            let _ = drain.done.send(quiet);
        }
    }

    fn advance_stop(&mut self, now: Instant) {
        let Phase::Stopping { deadline } = self.phase else { return };
        let sink_idle = self.sink.as_ref().is_none_or(Sink::is_idle);
        let parked = self.sockets.iter().any(|socket| !socket.parked.is_empty());
        let waits = !self.pending.is_empty() || !sink_idle || parked;
        if waits && now < deadline {
            return;
        }
        self.count_leftovers();
        for socket in &mut self.sockets {
            socket.detach_all();
        }
        self.phase = Phase::Closed;
    }

    /// Sleeps until a descriptor, a timer, the source or a command wakes the node.
    async fn sleep(
        &mut self,
        control: &mut mpsc::UnboundedReceiver<Box<Control>>,
    ) -> Option<Control> {
        let arrived = self.source.as_ref().and_then(Lines::arrived);
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
            told = control.recv() => Some(told.map_or(Control::Stop { deadline: Instant::now(), alone: false }, |told| *told)),
            () = edge => None,
            () = until(due) => None,
            () = notified(arrived) => None,
        }
    }

    fn next_due(&self) -> Option<Instant> {
        let running = self.phase == Phase::Running && self.takes_new();
        let timers = self.timers.next_due().filter(|_| running);
        let line =
            self.source.as_ref().and_then(|source| source.due(Instant::now())).filter(|_| running);
        let drain =
            self.drain.as_ref().map(|drain| drain.deadline.min(drain.last_activity + drain.quiet));
        let stop = match self.phase {
            // Nothing tells when the thread of standard output has written all.
            Phase::Stopping { deadline } if self.sink.as_ref().is_none_or(Sink::is_idle) => {
                Some(deadline)
            }
            Phase::Stopping { deadline } => Some(deadline.min(Instant::now() + WRITING)),
            Phase::Attaching | Phase::Running | Phase::Quiet | Phase::Closed => None,
        };
        let retry = self.sink.as_ref().and_then(Sink::retry_at);
        let reconnect = self.reconnects.iter().map(|(at, _, _)| *at).min();
        let inquiry = self.inquiry.as_ref().map(Inquiry::until);
        let given = self.injected_due();
        [timers, line, drain, stop, retry, reconnect, inquiry, given, self.resting_until]
            .into_iter()
            .flatten()
            .min()
    }
}

async fn until(due: Option<Instant>) {
    match due {
        Some(due) => tokio::time::sleep_until(due.into()).await,
        None => std::future::pending().await,
    }
}

async fn notified(arrived: Option<Arc<Notify>>) {
    match arrived {
        Some(arrived) => arrived.notified().await,
        None => std::future::pending().await,
    }
}
