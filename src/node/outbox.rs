//! Performing what handlers want done, in order, and waiting where a socket is full.
//!
//! Owns the queue of effects: while one of them waits the node takes nothing new, so nothing is
//! ever lost in it. Never calls a handler.

use std::time::Instant;

use super::socket::{Outgoing, Sent, SocketError};
use super::task::Node;
use crate::counters::DropReason;
use crate::event::What;
use crate::script::{Effect, encode_line};

/// Something a handler wants done, or the rest of it.
#[derive(Debug)]
pub(super) enum Pending {
    /// A message that libzmq does not have yet, or not all of it.
    Send { socket: usize, message: Outgoing },
    /// Anything that never waits.
    Other(Effect),
}

impl Pending {
    /// The socket it concerns, if it is a message.
    pub(super) fn socket(&self) -> Option<usize> {
        match self {
            Self::Send { socket, .. } => Some(*socket),
            Self::Other(_) => None,
        }
    }
}

impl From<Effect> for Pending {
    fn from(effect: Effect) -> Self {
        if let Effect::Send { socket, frames } = effect {
            return Self::Send { socket, message: frames.into() };
        }
        Self::Other(effect)
    }
}

impl Node {
    /// Performs what waits, until something has to go on waiting; whether anything was done.
    pub(super) fn flush(&mut self, now: Instant) -> bool {
        let mut done = false;
        while let Some(mut pending) = self.pending.pop_front() {
            if let Pending::Send { socket, message } = &mut pending {
                let place = *socket;
                if self.is_frozen(place) && message.next == 0 {
                    self.pending.push_front(pending);
                    return done;
                }
                if self.send(place, message) == Sent::Waits {
                    self.sockets[place].set_blocked(true);
                    self.pending.push_front(pending);
                    return done;
                }
                self.sockets[place].set_blocked(false);
            } else if let Pending::Other(effect) = pending {
                self.perform(effect, now);
            }
            done = true;
        }
        done
    }

    /// Sends what waits for one socket that is about to go; what it does not take is dropped.
    pub(super) fn send_last(&mut self, place: usize) {
        self.sockets[place].send_parked();
        for mut pending in std::mem::take(&mut self.pending) {
            match &mut pending {
                Pending::Send { socket, message } if *socket == place => {
                    if self.send(place, message) == Sent::Waits {
                        self.sockets[place].counters.drop_one(DropReason::Shutdown);
                    }
                }
                Pending::Send { .. } | Pending::Other(_) => self.pending.push_back(pending),
            }
        }
        for _ in std::mem::take(&mut self.sockets[place].parked) {
            self.sockets[place].counters.drop_one(DropReason::Shutdown);
        }
        self.sockets[place].set_blocked(false);
    }

    /// Hands a message to its socket and tells what became of it.
    fn send(&mut self, place: usize, message: &mut Outgoing) -> Sent {
        let sent = self.sockets[place].send(message);
        match sent {
            Sent::Taken | Sent::Waits => {}
            Sent::Dropped(reason) => self.tell_drop(place, reason),
            Sent::Refused(errno) => {
                self.blueprint.counters.failed.add(1);
                let error = format!("a message could not be sent: {errno}");
                self.tell_limited(Some(place), What::Failed { error });
            }
        }
        sent
    }

    /// Tells of a dropped message; with `router_mandatory` it counts as a failure too.
    pub(super) fn tell_drop(&mut self, place: usize, reason: DropReason) {
        if self.sockets[place].spec.is_on("router_mandatory") {
            self.blueprint.counters.failed.add(1);
            let error =
                format!("router_mandatory: a message could not be delivered ({})", reason.word());
            self.tell_limited(Some(place), What::Failed { error });
        } else {
            self.tell_limited(Some(place), What::Dropped { reason, count: 1 });
        }
    }

    fn perform(&mut self, effect: Effect, now: Instant) {
        match effect {
            // Only `Pending::from` makes pendings, and it keeps messages apart.
            Effect::Send { socket, frames } => {
                self.pending.push_front(Pending::Send { socket, message: frames.into() });
            }
            Effect::Write(line) => {
                if let Some(sink) = &mut self.sink {
                    sink.line(&[&line]);
                    self.blueprint.counters.lines_written.add(1);
                }
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
            Effect::After { delay, name } => self.timers.after(delay, &name, now),
            Effect::Log { level, text } => self.tell(None, What::Log { level, text }),
            Effect::Count { name, by } => self.blueprint.counters.count(name, by),
            Effect::Stop { status } => {
                let why = format!("{} called stop()", self.blueprint.instance);
                self.tell(None, What::StopRequested { status, why });
            }
        }
    }

    fn tell_refused(&mut self, place: usize, what: &str, errno: Option<super::raw::Errno>) {
        if let Some(errno) = errno {
            let error = format!("{what} failed: {errno}");
            self.tell_limited(Some(place), What::Failed { error });
        }
    }

    fn tell_failed(&mut self, place: usize, error: Option<SocketError>) {
        if let Some(error) = error {
            self.tell_limited(Some(place), What::Failed { error: error.to_string() });
        }
    }

    /// Sends a line of the source as it is, in the format of the node's one sending socket.
    pub(super) fn send_line(&mut self, line: &[u8]) {
        let sends = |socket: &super::socket::NodeSocket| socket.spec.role.sends();
        let Some(place) = self.sockets.iter().position(sends) else { return };
        let Some(outlet) = self.outlets.get(place) else { return };
        match encode_line(&String::from_utf8_lossy(line), outlet) {
            Ok(frames) => {
                self.pending.push_back(Pending::Send { socket: place, message: frames.into() });
            }
            Err(why) => {
                self.blueprint.counters.failed.add(1);
                self.tell_limited(Some(place), What::Failed { error: why });
            }
        }
    }
}
