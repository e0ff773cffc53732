//! The loop of a running node: rounds of work, and sleep when EVENTS says there is none.
//!
//! Owns the order of a round, and what a node does of what it is told. What a round consists of stands
//! in the files beside this one.

use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

use smallvec::SmallVec;
use tokio::sync::{Notify, mpsc};

use super::Node;
use crate::clock;
use crate::fiber;
use crate::node::control::Control;
use crate::node::legacy::Legacy;
use crate::node::life::Phase;
use crate::node::socket_control::SocketControl;
use crate::node::wait;
use crate::script::Invocation;
use crate::until::until;

/// How many messages, timers or lines one round handles before other nodes have their turn.
pub(super) const BURST: usize = 64;
/// How many busy rounds a node may have before other nodes have their turn.
const ROUNDS_IN_A_ROW: u32 = 2;
/// How often what a peer has no room for is offered again, where nothing else would say that it has.
const DEFERRED: Duration = Duration::from_millis(5);
/// How often it is looked whether who stands in the way of messages lets them through.
const HELD_BACK: Duration = Duration::from_millis(5);

impl Node {
    /// Runs until it is told to stop; the sockets close with the return.
    pub(in crate::node) async fn run(
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
            // One that a test let vanish does nothing more, and what waits in it is gone with it.
            let busy = self.life.phase() != Phase::Closed && self.guarded_round();
            if self.life.phase() == Phase::Closed {
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
            if self.arrivals.looks_on(clock::really(clock::now())) {
                self.sockets.iter_mut().for_each(|socket| socket.readable = true);
                std::thread::yield_now();
                tokio::task::yield_now().await;
                continue;
            }
            self.arrivals.sleep();
            let told = self.sleep(&mut control).await;
            self.arrivals.wake(clock::really(clock::now()));
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
            Control::Hold { stash } => self.hold(&stash),
            Control::Rehearse { fates, done } => drop(done.send(self.rehearse(&fates))),
            Control::Forget => self.rehearsed = None,
            Control::Change { fates, done } => {
                drop(done.send(Box::pin(self.change(&fates)).await));
            }
            Control::Release { reloaded } => self.release(reloaded),
            Control::Start => self.start(),
            Control::Quiesce => {
                // It comes to its end, and nobody may keep it from that.
                self.let_through(true);
                self.life.quiesce();
            }
            Control::Drain { quiet, deadline, done } => self.life.drain(quiet, deadline, done),
            Control::Stop { deadline, alone, succeeded } => {
                if alone {
                    Box::pin(self.answer_before_stop()).await;
                }
                self.begin_stop(deadline, alone, succeeded);
            }
            Control::Observe { answer } => self.inquire(answer),
            Control::Describe { answer } => drop(answer.send(self.describe())),
            Control::SlowMotion(told) => self.obey_slow_motion(told),
            Control::Interfere(told) => self.interfered(told),
            Control::Sockets(told) => self.obey_of_sockets(told),
        }
    }

    /// Does what only a node with sockets can be told.
    fn obey_of_sockets(&mut self, told: SocketControl) {
        match told {
            SocketControl::ConnectEarly { endpoints } => drop(self.connect_all(&endpoints, &[])),
            SocketControl::Connect { endpoints, renew, expectation, done, linked } => {
                // Whoever asked may have given up; there is nobody else to tell.
                let _ = done.send(self.connect_all(&endpoints, &renew));
                self.connections.expect(expectation, linked);
            }
            SocketControl::Figures { answer } => drop(answer.send(self.figures())),
            SocketControl::Missing { answer } => {
                let instance = &self.blueprint.instance;
                drop(answer.send(self.connections.missing(instance, &self.sockets)));
            }
            SocketControl::Audience { subscribers } => self.set_audience(&subscribers),
            SocketControl::Inject(injection) => self.inject(injection),
        }
    }

    pub(super) fn start(&mut self) {
        // Who records its calls has to see the first one.
        self.look_out();
        let is_first = self.life.start();
        let spec = Arc::clone(&self.blueprint.spec);
        self.timers.set_periodic(spec.every, &spec.timers, clock::now());
        self.timers.set_idle(spec.idle, clock::now());
        let left = self.blueprint.kept.take();
        let inherits_source = left.as_ref().is_some_and(|left| {
            self.files.inherit(left.take_files(&spec), &self.blueprint.instance, &spec)
        });
        if let Some(left) = &left {
            self.bind_as_before(&left.bound);
        }
        let event = match (left.and_then(|left| left.state), &mut self.handler) {
            (Some(state), Some(handler)) => {
                handler.state_mut().restore(state);
                self.log.moved();
                Invocation::Reload
            }
            _ => Invocation::Start,
        };
        self.call(event);
        if is_first && !inherits_source {
            self.files.begin(clock::now());
        }
        for (inbound, number) in self.incoming.take_early() {
            self.came = number;
            self.handle(inbound);
        }
    }

    /// One round of work that survives a panic; whether there was any. After one it pauses, so that
    /// one that lasts leaves the others of the thread their time.
    pub(super) fn guarded_round(&mut self) -> bool {
        if self.life.recovers() {
            return false;
        }
        catch_unwind(AssertUnwindSafe(|| self.round())).unwrap_or_else(|panic| {
            self.panicked(&*panic);
            false
        })
    }

    /// One round of work; whether there was any.
    fn round(&mut self) -> bool {
        let now = clock::now();
        self.clock.begin_round(now);
        #[cfg(test)]
        super::tests::panic_if_wanted(&self.blueprint.spec.name);
        self.look_out();
        self.service(now);
        self.settle_debts(now);
        self.advance_bindings(now);
        let mut busy = self.stash();
        busy |= self.forward();
        busy |= self.flush(now);
        if self.life.works() {
            busy |= self.rest_is_over(now);
            busy |= self.fire_in_turn(now);
            let received = self.receive(now);
            busy |= received;
            if self.life.phase() == Phase::Running {
                busy |= self.fire(now);
                busy |= self.read_lines(now);
            }
            self.note_turn(received, now);
            busy |= self.give_what_is_owed(now);
            busy |= self.tell_peer_events();
            // What goes out here makes room for what a source or a timer has next.
            busy |= self.flush(now);
        }
        busy |= self.perform_injected(now);
        self.end_calls(now);
        self.sockets.iter().for_each(|socket| socket.passage.tell_unseen());
        self.log.hand_over(&self.blueprint.instance);
        self.files.flush();
        self.keep_state(now, false);
        self.advance_inquiries(now);
        if !busy {
            // After everything that reads EVENTS: what they told would be known to nobody.
            busy = self.look_again(now);
        }
        self.reporter.tell_held(now);
        self.tell_unreached(now);
        self.sockets.iter_mut().for_each(|socket| socket.note_movement(now));
        self.advance_drain(now, busy);
        self.advance_stop(now);
        self.blueprint.counters.waiting.set(self.outbox.messages_waiting());
        busy
    }

    /// Whether the node takes anything new: nothing waits to be sent or written, and it does not
    /// rest after a failure.
    pub(super) fn takes_new(&self) -> bool {
        self.outbox.is_clear()
            && !self.life.is_held()
            && !self.life.is_halted()
            && !self.life.is_resting()
            && !self.files.are_full()
    }

    /// Whether a socket's messages go to the handler or sink, now.
    pub(super) fn takes_from(&self, place: usize) -> bool {
        let socket = &self.sockets[place];
        // A REQ that has asked must hear the answer before anything more can be sent on it.
        let is_busy = self.outbox.busy_until().is_some();
        let is_stopped = self.life.is_resting() || self.life.is_held() || self.life.is_halted();
        let may_handle = !is_stopped && !is_busy;
        // Nobody is let in while a ZAP handler waits, so a hold for other sockets is not for it.
        let decides = || {
            (self.life.is_held() || self.life.is_halted())
                && !self.life.holds(place)
                && !self.life.is_resting()
                && self.outbox.is_clear()
                && socket.spec.is_zap_handler()
        };
        let wanted = self.takes_new() || socket.awaits_reply && may_handle || decides();
        let is_open = !socket.paused && !self.outbox.is_in_debt(place);
        wanted && is_open && socket.spec.role.receives() && !self.outbox.forwards_from(place)
    }

    /// Whether calls of this round took so long that it is to end: nobody tells the node anything in
    /// the middle of one.
    pub(super) fn has_worked_long(&self) -> bool {
        self.clock.calls_took(fiber::TURN)
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
        // What was offered in vain has left unknown whether anything came.
        let unsure: SmallVec<[usize; 4]> =
            (0..self.sockets.len()).filter(|place| self.reads_from(*place)).collect();
        for &place in &unsure {
            self.sockets[place].look();
        }
        // And that it had room may be among what was read by that.
        self.outbox.offer_again_soon(!unsure.is_empty() && !self.outbox.is_clear());
        if busy || (0..self.sockets.len()).any(|place| self.reads_from(place)) {
            return true;
        }
        // The end of a subscription is read before anything is offered again: libzmq sends to fewer then.
        unsure.iter().for_each(|&place| self.sockets[place].readable = true);
        false
    }

    /// Whether something may have come by a socket that the node takes now, whatever waits to go out.
    fn reads_from(&self, place: usize) -> bool {
        self.sockets[place].readable
            && (self.life.works() && self.takes_from(place) || self.is_serviced(place))
    }

    /// Sleeps until a descriptor, a timer, the source or a command wakes the node.
    async fn sleep(
        &mut self,
        control: &mut mpsc::UnboundedReceiver<Box<Control>>,
    ) -> Option<Control> {
        let arrived = self.files.arrived();
        let written = self.files.moved(matches!(self.life.phase(), Phase::Stopping { .. }));
        let kept = self.files.kept(matches!(self.life.phase(), Phase::Stopping { .. }));
        let due = self.next_due();
        let edge = poll_fn(|task| {
            let mut stirred = false;
            for socket in &mut self.sockets {
                if wait::edge(&socket.ready, task) {
                    socket.readable = true;
                    stirred = true;
                }
                stirred |= socket.monitor.as_ref().is_some_and(|monitor| monitor.waits(task));
            }
            stirred |= self.bindings.stirs(task);
            if stirred { Poll::Ready(()) } else { Poll::Pending }
        });
        tokio::select! {
            biased;
            told = control.recv() => Some(told.map_or_else(abandoned, |told| *told)),
            () = edge => None,
            () = until(due) => None,
            () = notified(arrived) => None,
            () = notified(written) => None,
            () = notified(kept) => None,
        }
    }

    fn next_due(&self) -> Option<Instant> {
        if let Some(until) = self.life.recovering_until() {
            return Some(until);
        }
        let running = self.life.phase() == Phase::Running && self.takes_new();
        let unreached = if self.life.goes_on() {
            self.sockets.iter().filter_map(|socket| socket.unreached.due()).min()
        } else {
            None
        };
        // That a peer has room again may be among what was read since they were last offered.
        let deferred = self.outbox.is_offered_again().then(|| clock::now() + DEFERRED);
        let is_held_back = self.sockets.iter().any(|socket| socket.passage.has_held());
        let held_back = is_held_back.then(|| clock::now() + HELD_BACK);
        [
            self.timers.next_due().filter(|_| running),
            self.timers.once_due().filter(|_| self.gives_what_is_owed() && self.takes_new()),
            self.files.due().filter(|_| running),
            self.files.keep_due(),
            self.life.due(|| self.files.have_written() && self.files.have_kept()),
            self.connections.due(),
            self.bindings.due(),
            self.inquiries.due(),
            self.injected_due(),
            self.outbox.busy_until(),
            self.outbox.debts_due().filter(|_| !self.life.is_in_slow_motion()),
            self.reporter.due(),
            unreached,
            deferred,
            held_back,
        ]
        .into_iter()
        .flatten()
        .min()
    }
}

/// What a node does when nobody could ever tell it anything again.
fn abandoned() -> Control {
    Control::Stop { deadline: clock::now(), alone: false, succeeded: false }
}

async fn notified(arrived: Option<Arc<Notify>>) {
    match arrived {
        Some(arrived) => arrived.notified().await,
        None => std::future::pending().await,
    }
}
