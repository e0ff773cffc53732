//! What a node wants done, and what others want of it: performed in order, as far as sockets take it.
//!
//! Owns the moment. What waits, and for how long, is the outbox's. Never calls a handler by itself.

use std::rc::Rc;
use std::time::Instant;

use smallvec::SmallVec;

use super::Node;
use crate::clock;
use crate::event::EventKind;
use crate::message::{Frame, Multipart};
use crate::node::debts::Owed;
use crate::node::inject::{Injected, Injection, Outcome, Way};
use crate::node::raw::Errno;
use crate::node::socket::{NodeSocket, SocketError};
use crate::script::{Effect, Inbound, Route, SocketView, encode_line, encode_record};

impl Node {
    /// Performs what waits, until something has to go on waiting; whether anything was done.
    pub(super) fn flush(&mut self, now: Instant) -> bool {
        let mut done = false;
        loop {
            if self.outbox.is_busy(now, self.life.goes_on()) {
                return done;
            }
            let (outbox, sockets, life, mut notes) = self.sending();
            done |= outbox.send_first(sockets, life, &mut notes) > 0;
            let Some(effect) = self.outbox.next_deed() else { return done };
            self.perform(effect, now);
            done = true;
        }
    }

    fn perform(&mut self, effect: Effect, now: Instant) {
        match effect {
            // `flush` sends messages itself.
            Effect::Send { .. } => self.outbox.effects().push_front(effect),
            Effect::Write(frames) => {
                let frames: SmallVec<[&[u8]; 4]> = frames.iter().map(|frame| &**frame).collect();
                self.write(&frames);
            }
            Effect::Subscribe { socket, prefix } => {
                let result = self.sockets[socket].subscribe_more(&prefix);
                self.tell_refused(socket, "subscribe", result.err());
            }
            Effect::Unsubscribe { socket, prefix } => {
                let result = self.sockets[socket].subscribe_less(&prefix);
                self.tell_refused(socket, "unsubscribe", result.err());
            }
            Effect::Connect { socket, endpoint } => {
                let result = self.sockets[socket].connect(endpoint.as_str());
                self.tell_failed(socket, result.err());
            }
            Effect::Disconnect { socket, endpoint } => {
                let result = self.sockets[socket].disconnect(endpoint.as_str());
                self.tell_failed(socket, result.err());
            }
            Effect::Bind { socket, wanted } => {
                self.bindings.add(socket, wanted);
                self.advance_bindings(now);
            }
            Effect::Unbind { socket, wanted } => self.unbind(socket, &wanted),
            Effect::After { timer, delay, name } => self.timers.after(timer, delay, &name, now),
            Effect::Cancel { timer } => self.timers.cancel(timer),
            Effect::Busy { time } if self.life.goes_on() => {
                self.outbox.be_busy(clock::now() + time);
            }
            // What a node has to say at its end does not wait.
            Effect::Busy { .. } => {}
            Effect::Owe { socket, route, debt, within } => {
                self.outbox.debts().add(Owed { socket, route, debt, within }, clock::now());
            }
            Effect::Pause { socket } => self.sockets[socket].paused = true,
            Effect::Resume { socket } => {
                self.sockets[socket].paused = false;
                self.sockets[socket].readable = true;
            }
            Effect::Log { level, text } => self.reporter.emit(None, EventKind::Log { level, text }),
            Effect::Count { name, by } => self.blueprint.counters.count(name, by),
            Effect::Stop { status } => {
                // Its own timers and lines end with it; what is on its way to it is still taken.
                self.life.has_called_stop();
                let why = format!("{} called stop()", self.blueprint.instance);
                self.reporter.emit(None, EventKind::StopRequested { status, why });
            }
        }
    }

    fn tell_refused(&mut self, place: usize, what: &str, errno: Option<Errno>) {
        if let Some(errno) = errno {
            let error = format!("{what} failed: {errno}");
            self.reporter.emit_limited(Some(place), EventKind::Failed { error });
        }
    }

    fn tell_failed(&mut self, place: usize, error: Option<SocketError>) {
        if let Some(error) = error {
            self.reporter.emit_limited(Some(place), EventKind::Failed { error: error.to_string() });
        }
    }

    /// Sends a line of the source as it is, in the format of the node's one sending socket.
    pub(super) fn send_line(&mut self, line: &[u8]) {
        self.send_read(|socket_view| encode_line(line, socket_view));
    }

    /// Sends a record of the source, in the format of the node's one sending socket.
    pub(super) fn send_record(&mut self, frames: Multipart) {
        self.send_read(|socket_view| encode_record(frames, socket_view));
    }

    fn send_read(&mut self, encode: impl FnOnce(&SocketView) -> Result<Multipart, String>) {
        let sends = |socket: &NodeSocket| socket.spec.role.sends();
        let Some(place) = self.sockets.iter().position(sends) else { return };
        let Some(socket_view) = self.socket_views.get(place) else { return };
        match encode(socket_view) {
            Ok(frames) => {
                let frames = self.files.count(frames);
                self.outbox.send_last(place, frames);
            }
            Err(why) => self.reporter.failed(place, why),
        }
    }

    /// Moves a burst in every direction of the forwards; whether anything moved.
    pub(super) fn forward(&mut self) -> bool {
        let (outbox, sockets, life, mut notes) = self.sending();
        let moved = outbox.forward(sockets, life, &mut notes);
        if moved {
            self.timers.came(clock::now);
        }
        moved
    }

    /// Takes a message from outside into the queue, or says at once why not.
    pub(super) fn inject(&mut self, injection: Injection) {
        self.outbox.injected().take(injection, &self.socket_views);
    }

    /// Does what can be done of what was given from outside; whether that was anything.
    pub(super) fn perform_injected(&mut self, now: Instant) -> bool {
        if self.outbox.injected().is_empty() {
            return false;
        }
        let mut done = false;
        for mut one in self.outbox.injected().take_all() {
            let outcome = self.perform_one(&mut one);
            done |= !matches!(outcome, Outcome::Waits);
            if let Some((place, one)) = self.outbox.injected().note(one, outcome, now) {
                self.ask(place, one);
            }
        }
        done
    }

    /// When something that was given from outside has waited long enough.
    pub(super) fn injected_due(&self) -> Option<Instant> {
        let callers = self.sockets.iter().filter_map(|socket| socket.callers.due());
        callers.chain(self.outbox.injected_due()).min()
    }

    /// Ends calls whose time is over.
    pub(super) fn end_calls(&mut self, now: Instant) {
        self.sockets.iter_mut().for_each(|socket| socket.callers.end(now));
    }

    fn perform_one(&mut self, one: &mut Injected) -> Outcome {
        if !self.life.works() {
            return Outcome::Waits;
        }
        let Some(place) = self.sockets.iter().position(|known| *known.name == *one.socket()) else {
            return Outcome::Done(Err(format!(
                "the node has no socket {:?} any more",
                one.socket()
            )));
        };
        if self.life.is_held() {
            return one.waits("a reload holds the node");
        }
        match one.way() {
            Way::Send { .. } => {
                self.outbox.send_injected(place, &mut self.sockets[place], one)
            }
            Way::Receive | Way::Call if self.life.is_halted() => {
                one.waits("the run is held: who holds it lets this node take one thing at a time")
            }
            Way::Receive | Way::Call if !self.takes_new() => one.waits(
                "the node takes nothing new while a message of its own waits to be sent or written, \
                 or while it rests after a failure",
            ),
            Way::Receive | Way::Call if self.outbox.is_in_debt(place) => {
                one.waits("the request before it is not answered yet")
            }
            Way::Receive => {
                let frames = std::mem::take(&mut one.message().frames);
                self.receive_injected(place, frames);
                Outcome::Done(Ok(()))
            }
            Way::Call => Outcome::Asks(place),
        }
    }

    fn receive_injected(&mut self, place: usize, frames: Multipart) {
        self.timers.came(clock::now);
        self.life.halt().has_taken();
        self.sockets[place].passage.received(&frames);
        self.came = self.sockets[place].passage.number();
        if self.outbox.forwards_from(place) {
            self.outbox.forward_later(place, &frames);
        } else {
            self.take(Inbound { socket: place, payload: frames, route: None });
        }
    }

    /// Takes a request, and remembers who wants the answer.
    fn ask(&mut self, place: usize, one: Injected) {
        self.calls += 1;
        self.timers.came(clock::now);
        self.life.halt().has_taken();
        let (payload, deadline, done) = one.into_request();
        let socket = &mut self.sockets[place];
        let envelope = socket.callers.add(self.calls, deadline, done);
        if !socket.passage.is_free() {
            let whole: Vec<Frame> = envelope.iter().chain(&payload).map(Frame::share).collect();
            socket.passage.received(&whole);
            self.came = socket.passage.number();
        }
        if self.outbox.forwards_from(place) {
            let whole: Multipart = envelope.into_iter().chain(payload).collect();
            self.outbox.forward_later(place, &whole);
        } else {
            let route = Some(Rc::new(Route { envelope }));
            self.take(Inbound { socket: place, payload, route });
        }
    }
}
