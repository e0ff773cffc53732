//! What a node does with a message, a timer or a line: its handler, its sink, or nothing.
//!
//! Owns what follows a handler that failed. Never sends: what is to go out is queued.

use std::io;
use std::path::Path;
use std::time::Instant;

use smallvec::SmallVec;

use super::Node;
use super::task::BURST;
use crate::clock;
use crate::counters::DropReason;
use crate::event::EventKind;
use crate::fiber;
use crate::message::{Frame, Malformed, Multipart};
use crate::node::call_log::{Begun, end_of};
use crate::node::inbox::{beginning, open_envelope, subscription};
use crate::node::life::Phase;
use crate::node::line_source::Next;
use crate::node::slowness;
use crate::node::timers::TimerName;
use crate::script::{
    Handler, HandlerError, HandlerErrorKind, Inbound, Invocation, Route, StateNews, fits,
    panic_text,
};
use crate::topology::OnError;
use crate::units::size_text;
use crate::zeromq::Role;

impl Node {
    pub(super) fn arrived(&mut self, place: usize, mut frames: Multipart) {
        let role = self.sockets[place].spec.role;
        self.came = self.sockets[place].came();
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

    #[inline]
    pub(super) fn take(&mut self, inbound: Inbound) {
        if self.life.phase() == Phase::Attaching {
            self.incoming.keep(inbound, self.came);
        } else {
            self.handle(inbound);
        }
    }

    /// A STREAM tells connects and disconnects as empty messages; whether this was one.
    fn stream_peer_changed(&mut self, inbound: &Inbound) -> bool {
        let Some(kind) = self.connections.stream_peer(inbound) else { return false };
        let (_, _, _, mut notes) = self.sending();
        notes.peer(kind, inbound.socket, String::new(), None);
        true
    }

    #[inline]
    pub(super) fn handle(&mut self, inbound: Inbound) {
        if self.blueprint.spec.counts {
            return self.hear_counts(&inbound);
        }
        if self.handler.as_ref().is_some_and(|handler| handler.takes(inbound.socket)) {
            self.call(Invocation::Message(inbound));
            return;
        }
        let format = self.sockets[inbound.socket].spec.format;
        if let Err(why) = fits(format, &inbound.payload) {
            self.malformed(inbound.socket, why, &inbound.payload);
            return;
        }
        if self.files.has_sink() {
            let parts: SmallVec<[&[u8]; 4]> =
                inbound.payload.iter().map(|frame| &**frame).collect();
            self.write(&parts);
        }
        self.answer_without_handler(inbound);
    }

    /// Takes in what another place tells of its counts.
    fn hear_counts(&mut self, inbound: &Inbound) {
        let heard = inbound.payload.last().map(|frame| self.blueprint.tally.hear(frame));
        if let Some(Err(why)) = heard {
            self.sockets[inbound.socket].counters.drop_one(DropReason::Malformed);
            let message = format!("{why}: {}", beginning(&inbound.payload));
            self.reporter.emit_limited(Some(inbound.socket), EventKind::Malformed { message });
        }
    }

    /// A `rep` without a handler still answers, with an empty frame: no client waits for ever.
    pub(super) fn answer_without_handler(&mut self, inbound: Inbound) {
        let socket = inbound.socket;
        if self.sockets[socket].spec.role != Role::Rep {
            return;
        }
        let Some(route) = inbound.route else { return };
        let frames = Route::back(route, Multipart::from_buf([Frame::empty()]));
        self.outbox.send_last(socket, frames);
    }

    pub(super) fn malformed(&mut self, place: usize, why: Malformed, frames: &[Frame]) {
        self.sockets[place].counters.drop_one(DropReason::Malformed);
        let message = format!("{why}: {}", beginning(frames));
        self.reporter.emit_limited(Some(place), EventKind::Malformed { message });
    }

    /// Calls the handler, and queues what it wants done.
    pub(super) fn call(&mut self, invocation: Invocation) {
        if self.handler.is_none() {
            return;
        }
        let (name, place) = if let Invocation::Message(inbound) = &invocation {
            (Invocation::OF_MESSAGE, Some(inbound.socket))
        } else {
            (invocation.handler(), None)
        };
        let begun = self.log.begins().then(|| self.begin_call(&invocation));
        let Some(handler) = &mut self.handler else { return };
        let before = self.clock.now();
        let waiting = self.outbox.waiting();
        let result = handler.call_into(invocation, self.outbox.effects());
        let has_said = handler.has_said();
        if let Some(begun) = begun {
            self.log_call(begun, waiting, &result);
        }
        let Some(handler) = &mut self.handler else { return };
        let after = self.clock.called();
        let took = after - before;
        let nanos = clock::nanos(took);
        let counters = &self.blueprint.counters;
        counters.handled.add(1);
        counters.handler.add(nanos);
        if let Some(called) = handler.called().and_then(|at| self.handler_counters.get(at)) {
            called.add(nanos);
        }
        counters.state_bytes.set(handler.state().bytes() as u64);
        let news = handler.state_mut().news();
        self.files.state_changed(after);
        if has_said {
            self.tell_said(waiting);
        }
        self.take_its_time();
        match result {
            Ok(()) => {}
            Err(error) if matches!(error.kind, HandlerErrorKind::Malformed(_)) => {
                if let Some(place) = place {
                    self.sockets[place].counters.drop_one(DropReason::Malformed);
                }
                self.reporter.emit_limited(place, EventKind::Malformed { message: error.message });
            }
            Err(error) => self.failed(error),
        }
        if let Some(news) = news {
            self.state_grew(news);
        }
        if let Some(due) = fiber::due(before)
            && (after >= due || took >= slowness::LONG)
        {
            self.long_called((name, place), (before, after), due);
        }
    }

    /// What is to be known of a call before it begins, for who records it.
    #[cold]
    fn begin_call(&mut self, invocation: &Invocation) -> Begun {
        self.tell_stand();
        Begun::of(invocation, self.came, &self.socket_views)
    }

    /// Notes a call for who records it. Its effects are the last ones of the queue.
    #[cold]
    fn log_call(&mut self, begun: Begun, waiting: usize, result: &Result<(), Box<HandlerError>>) {
        let Some(handler) = &self.handler else { return };
        let endpoints = || self.sockets.iter().map(|socket| socket.last_endpoint.clone()).collect();
        let effects = self.outbox.effects().range(waiting..);
        self.log.add(begun, handler, endpoints, (effects, &self.socket_views), end_of(result));
    }

    /// Counts for the handlers that there are now.
    pub(super) fn count_handlers(&mut self) {
        let names = self.handler.iter().flat_map(Handler::names);
        self.handler_counters = self.blueprint.counters.set_handlers(names);
    }

    /// Warns of a large state, and ends the life of one that is too large: no message can be
    /// skipped to make it smaller.
    fn state_grew(&mut self, news: StateNews) {
        let limit = self.blueprint.spec.state_limit;
        let bytes = match news {
            StateNews::Large { bytes } => {
                return self
                    .reporter
                    .emit(None, EventKind::StateLarge { bytes: bytes as u64, limit });
            }
            StateNews::TooLarge { bytes } => bytes as u64,
        };
        self.blueprint.counters.failed.add(1);
        let error = format!(
            "the state of the handlers takes {}, more than the {} of `state_limit`",
            size_text(bytes),
            size_text(limit)
        );
        self.reporter.emit_limited(None, EventKind::HandlerFailed { error, fault: None });
        if self.blueprint.spec.on_error == OnError::Stop {
            let why = format!("the state of {} is too large", self.blueprint.instance);
            return self.reporter.emit(None, EventKind::StopRequested { status: 1, why });
        }
        if let Some(handler) = &mut self.handler {
            handler.state_mut().clear();
            self.log.moved();
            self.files.state_changed(clock::now());
            self.blueprint.counters.state_bytes.set(0);
        }
        self.rest();
    }

    /// Tells what a call logged, which does not wait for a full socket as its messages do. Its effects
    /// are the last ones of the queue.
    fn tell_said(&mut self, waiting: usize) {
        for (level, text) in self.outbox.take_said(waiting) {
            self.reporter.emit(None, EventKind::Log { level, text });
        }
    }

    pub(super) fn failed(&mut self, error: Box<HandlerError>) {
        self.blueprint.counters.failed.add(1);
        let text = error.to_string();
        self.reporter.emit_limited(
            None,
            EventKind::HandlerFailed { error: text, fault: Some(error.into()) },
        );
        self.obey_on_error(|instance| format!("a handler of {instance} failed"));
    }

    /// Does what the file wants after a failure.
    pub(super) fn obey_on_error(&mut self, why: impl FnOnce(&str) -> String) {
        match self.blueprint.spec.on_error {
            OnError::Skip => {}
            OnError::Restart => self.rest(),
            OnError::Stop => {
                let why = why(&self.blueprint.instance);
                self.reporter.emit(None, EventKind::StopRequested { status: 1, why });
            }
        }
    }

    pub(super) fn rest(&mut self) {
        let pause = self.life.rest(clock::now());
        let after_ms = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX);
        self.reporter.emit_limited(None, EventKind::Restarting { after_ms });
    }

    /// Ends the pause of `on_error: restart`: an empty state, fresh timers, and `on_start` again.
    pub(super) fn rest_is_over(&mut self, now: Instant) -> bool {
        if !self.life.rest_is_over(now) {
            return false;
        }
        match self.blueprint.handler(&self.engine) {
            Ok(handler) => {
                self.handler = handler;
                self.log.moved();
                self.share_endpoints();
            }
            // It compiled when the node was made, so this cannot fail now.
            Err(error) => self.reporter.emit(None, EventKind::Failed { error: error.to_string() }),
        }
        self.timers.clear();
        self.unbind_all();
        self.start();
        true
    }

    /// Goes on after a panic in a while, or does what the file wants after a failure. A node that is
    /// to stop and cannot do so in good order ends at its deadline.
    pub(super) fn panicked(&mut self, panic: &(dyn std::any::Any + Send)) {
        self.clock.end_burst();
        let message = panic_text(panic).to_owned();
        self.blueprint.counters.failed.add(1);
        self.reporter.emit_limited(None, EventKind::Panicked { message });
        if self.life.recover(clock::now()) {
            self.obey_on_error(|instance| format!("{instance} panicked"));
        }
    }

    /// Whether the node does anything of itself: a call of `stop()` among those before ends that.
    fn begins(&self) -> bool {
        self.life.phase() == Phase::Running
    }

    pub(super) fn fire(&mut self, now: Instant) -> bool {
        let mut fired = 0;
        while fired < BURST && self.begins() && self.takes_new() && !self.has_worked_long() {
            let Some(name) = self.timers.take_due(now) else { break };
            fired += 1;
            self.call_timer(name);
            self.flush(now);
        }
        fired > 0
    }

    pub(super) fn call_timer(&mut self, name: TimerName) {
        self.call(match name {
            TimerName::Tick => Invocation::Tick,
            TimerName::Named(name) => Invocation::Timer(name),
            TimerName::Idle => Invocation::Idle,
        });
    }

    pub(super) fn read_lines(&mut self, now: Instant) -> bool {
        let mut read = 0;
        while read < BURST && self.begins() && self.takes_new() && !self.has_worked_long() {
            let Some(next) = self.files.next_record(now) else { break };
            if matches!(next, Ok(Next::Nothing | Next::Ended)) {
                break;
            }
            read += 1;
            let is_over = matches!(next, Ok(Next::End));
            self.take_record(next, now);
            if is_over {
                break;
            }
        }
        read > 0
    }

    /// Takes what the source gave.
    pub(super) fn take_record(&mut self, next: io::Result<Next>, now: Instant) {
        match next {
            Ok(Next::Line(line)) => {
                self.blueprint.counters.lines_read.add(1);
                self.line(line);
                self.flush(now);
            }
            Ok(Next::Frames(frames)) => {
                self.blueprint.counters.lines_read.add(1);
                self.record(frames);
                self.flush(now);
            }
            Ok(Next::Bytes(bytes)) => {
                self.blueprint.counters.lines_read.add(1);
                self.bytes(bytes);
                self.flush(now);
            }
            Ok(Next::LeftOut(why)) => self.refuse_line(why),
            Ok(Next::End) => self.call(Invocation::End),
            Ok(Next::Nothing | Next::Ended) => {}
            Err(error) => {
                let error = format!("reading: {error}");
                self.reporter.emit(None, EventKind::FileFailed { error });
            }
        }
    }

    pub(super) fn line(&mut self, line: Vec<u8>) {
        if self.handler.as_ref().is_some_and(|handler| handler.handles("on_line")) {
            self.call(Invocation::Line(line));
        } else {
            self.send_line(&line);
        }
    }

    /// What was read as the frames of a message.
    fn record(&mut self, frames: Multipart) {
        if self.handler.as_ref().is_some_and(|handler| handler.handles("on_line")) {
            self.call(Invocation::Record(frames));
        } else {
            self.send_record(frames);
        }
    }

    /// Bytes that were read as they came.
    fn bytes(&mut self, bytes: Vec<u8>) {
        if self.handler.as_ref().is_some_and(|handler| handler.handles("on_line")) {
            self.call(Invocation::Bytes(bytes));
        } else {
            self.send_line(&bytes);
        }
    }

    pub(super) fn tell_peer_events(&mut self) -> bool {
        let mut told = false;
        while self.takes_new() {
            let Some(event) = self.incoming.next_peer_event() else { break };
            self.call(Invocation::Peer(event));
            told = true;
        }
        told
    }

    /// Gives the sink a message.
    pub(super) fn write(&mut self, frames: &[&[u8]]) {
        match self.files.write(frames) {
            Ok(true) => self.blueprint.counters.lines_written.add(1),
            Ok(false) => {}
            Err(unfit) => self.refuse_line(format!("writing: {unfit}")),
        }
    }

    /// Counts and tells of a line that could not be taken as it is.
    fn refuse_line(&mut self, error: String) {
        self.blueprint.counters.lines_refused.add(1);
        self.blueprint.counters.failed.add(1);
        self.reporter.emit_limited(None, EventKind::FileFailed { error });
    }

    /// After a call, or the last of some, that took long or has used up the node's turn: says so if
    /// it was a long one, and lets the others have their turn if this one's is over.
    #[cold]
    fn long_called(
        &mut self,
        (handler, socket): (&str, Option<usize>),
        (before, after): (Instant, Instant),
        due: Instant,
    ) {
        let took = after - before;
        if took >= slowness::LONG {
            let since_turn_began = (after + fiber::TURN).saturating_duration_since(due);
            let stretch = since_turn_began.min(took);
            if let Some(long) = self.slowness.judge(&self.engine, before, took, stretch) {
                self.reporter.emit(None, long.of(self.place_of_handler(handler, socket)));
            }
        }
        if after >= due {
            fiber::pause();
            self.clock.paused();
        }
    }

    /// A handler by its name, with the place where it is written.
    fn place_of_handler(&self, handler: &str, socket: Option<usize>) -> String {
        let place = self.handler.as_ref().and_then(|known| known.place_of(handler, socket));
        match place {
            Some((name, path, position)) => {
                let file = path.file_name().map_or(path, Path::new).display();
                format!("{name} ({file}:{position})")
            }
            None => handler.to_owned(),
        }
    }
}
