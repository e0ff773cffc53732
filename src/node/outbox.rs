//! Performing what handlers want done, in order, and waiting where a socket is full.
//!
//! Owns the queue of effects: while one of them waits the node takes nothing new, so nothing is
//! ever lost in it. Never calls a handler.

use std::time::Instant;

use super::socket::{Sent, SocketError};
use super::task::Node;
use crate::counters::DropReason;
use crate::event::EventKind;
use crate::script::{Effect, encode_line};

impl Node {
    /// Performs what waits, until something has to go on waiting; whether anything was done.
    pub(super) fn flush(&mut self, now: Instant) -> bool {
        let mut done = false;
        loop {
            let sent = self.send_first();
            done |= sent > 0;
            // Dropped where they lie: to move each out first would stall on what was just written.
            self.pending.drain(..sent);
            if self.pending.front().is_none_or(|effect| effect.sends_on().is_some()) {
                return done;
            }
            if let Some(effect) = self.pending.pop_front() {
                self.perform(effect, now);
                done = true;
            }
        }
    }

    /// Sends the messages at the front of the queue until one has to wait; how many are done with.
    fn send_first(&mut self) -> usize {
        let mut sent = 0;
        while let Some(Effect::Send { socket, message }) = self.pending.get_mut(sent) {
            let place = *socket;
            let is_frozen = self.held.as_ref().is_some_and(|held| held.contains(&place));
            if is_frozen && message.next == 0 {
                break;
            }
            let outcome = self.sockets[place].send(message);
            self.sockets[place].set_blocked(outcome == Sent::Waits);
            if outcome == Sent::Waits {
                break;
            }
            sent += 1;
            self.note_sent(place, outcome);
        }
        sent
    }

    /// Sends what waits for one socket that is about to go, as far as it takes it; whether it took
    /// all.
    pub(super) fn send_what_waits(&mut self, place: usize) -> bool {
        self.sockets[place].send_parked();
        let mut waits = false;
        for mut effect in std::mem::take(&mut self.pending) {
            if let Effect::Send { socket, message } = &mut effect
                && *socket == place
                && !waits
            {
                let outcome = self.sockets[place].send(message);
                self.note_sent(place, outcome);
                waits = outcome == Sent::Waits;
                if !waits {
                    continue;
                }
            }
            self.pending.push_back(effect);
        }
        !waits && self.sockets[place].deferred_replies.is_empty()
    }

    /// Drops what still waits for one socket that goes now.
    pub(super) fn drop_what_waits(&mut self, place: usize) {
        for effect in std::mem::take(&mut self.pending) {
            if effect.sends_on() == Some(place) {
                self.sockets[place].counters.drop_one(DropReason::Shutdown);
            } else {
                self.pending.push_back(effect);
            }
        }
        for _ in std::mem::take(&mut self.sockets[place].deferred_replies) {
            self.sockets[place].counters.drop_one(DropReason::Shutdown);
        }
        self.sockets[place].set_blocked(false);
    }

    /// Notes that a socket has so many messages more, if they are answers.
    pub(super) fn note_answers(&mut self, place: usize, count: usize) {
        if self.sockets[place].spec.role.routes() {
            self.arrivals.answer(count);
        }
    }

    /// Notes what became of a message, and tells of one that its socket never takes.
    pub(super) fn note_sent(&mut self, place: usize, sent: Sent) {
        match sent {
            Sent::Taken => self.note_answers(place, 1),
            Sent::Waits => {}
            Sent::Dropped(reason) => self.tell_drop(place, reason),
            Sent::Refused(errno) => {
                self.blueprint.counters.failed.add(1);
                let error = format!("a message could not be sent: {errno}");
                self.emit_limited(Some(place), EventKind::Failed { error });
            }
        }
    }

    /// Tells of a dropped message; with `router_mandatory` it counts as a failure too.
    pub(super) fn tell_drop(&mut self, place: usize, reason: DropReason) {
        if self.sockets[place].spec.is_on("router_mandatory") {
            self.blueprint.counters.failed.add(1);
            let error =
                format!("router_mandatory: a message could not be delivered ({})", reason.word());
            self.emit_limited(Some(place), EventKind::Failed { error });
        } else {
            self.emit_limited(Some(place), EventKind::Dropped { reason, count: 1 });
        }
    }

    fn perform(&mut self, effect: Effect, now: Instant) {
        match effect {
            // `flush` sends messages itself.
            Effect::Send { .. } => self.pending.push_front(effect),
            Effect::Write(line) => self.write_line(&[&line]),
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
            Effect::After { delay, name } => self.timers.after(delay, &name, now),
            Effect::Log { level, text } => self.emit(None, EventKind::Log { level, text }),
            Effect::Count { name, by } => self.blueprint.counters.count(name, by),
            Effect::Stop { status } => {
                let why = format!("{} called stop()", self.blueprint.instance);
                self.emit(None, EventKind::StopRequested { status, why });
            }
        }
    }

    fn tell_refused(&mut self, place: usize, what: &str, errno: Option<super::raw::Errno>) {
        if let Some(errno) = errno {
            let error = format!("{what} failed: {errno}");
            self.emit_limited(Some(place), EventKind::Failed { error });
        }
    }

    fn tell_failed(&mut self, place: usize, error: Option<SocketError>) {
        if let Some(error) = error {
            self.emit_limited(Some(place), EventKind::Failed { error: error.to_string() });
        }
    }

    /// Sends a line of the source as it is, in the format of the node's one sending socket.
    pub(super) fn send_line(&mut self, line: &[u8]) {
        let sends = |socket: &super::socket::NodeSocket| socket.spec.role.sends();
        let Some(place) = self.sockets.iter().position(sends) else { return };
        let Some(socket_view) = self.socket_views.get(place) else { return };
        match encode_line(line, socket_view) {
            Ok(frames) => {
                let frames = match &self.source {
                    Some(source) => source.budget().count(frames),
                    None => frames,
                };
                self.pending.push_back(Effect::Send { socket: place, message: frames.into() });
            }
            Err(why) => {
                self.blueprint.counters.failed.add(1);
                self.emit_limited(Some(place), EventKind::Failed { error: why });
            }
        }
    }
}
