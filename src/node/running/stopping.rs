//! How a node comes to its end: drained, then everything sent, then closed.
//!
//! Owns what is asked and told before that. In which order nodes stop is the supervisor's.

use std::time::Instant;

use tokio::sync::oneshot::{self, error::TryRecvError};

use super::Node;
use crate::counters::DropReason;
use crate::event::EventKind;
use crate::node::legacy::Legacy;
use crate::node::life::Phase;
use crate::node::observation::Observation;
use crate::node::socket::NodeSocket;
use crate::script::Invocation;

/// What is known of the end to come.
#[derive(Default)]
pub(super) struct Ending {
    /// What waits for connections that did not come up, asked of libzmq before the end.
    unsent: Unsent,
    /// Whether another node goes on with its source and its sink when it has ended.
    is_succeeded: bool,
}

/// What is known of messages that wait for a connection.
#[derive(Default)]
enum Unsent {
    #[default]
    Unasked,
    Asked(oneshot::Receiver<Observation>),
    Told,
}

impl Node {
    pub(super) fn begin_stop(&mut self, deadline: Instant, alone: bool, is_succeeded: bool) {
        self.ending.is_succeeded = is_succeeded;
        self.let_through(true);
        self.finish_before_stop();
        if alone {
            // It goes on trying, for as long as the run does.
            self.ending.unsent = Unsent::Told;
            self.sockets.iter_mut().for_each(NodeSocket::keep_unsent);
        }
        if self.life.works() {
            self.call(Invocation::Stop);
        }
        self.timers.clear();
        self.bindings.clear();
        self.life.stop(deadline);
    }

    pub(super) fn advance_drain(&mut self, now: Instant, busy: bool) {
        if self.life.drains() {
            let idle = !busy && self.outbox.is_empty() && self.files.have_written();
            self.life.advance_drain(now, idle);
        }
    }

    pub(super) fn advance_stop(&mut self, now: Instant) {
        let Phase::Stopping { deadline } = self.life.phase() else { return };
        // What a forward has in hand is not waited for: it goes on taking what arrives.
        let waits = !self.outbox.is_clear() || self.outbox.has_deferred();
        if waits && now < deadline {
            return;
        }
        self.keep_state(now, true);
        if !self.files.have_ended(self.ending.is_succeeded, deadline, now) {
            return;
        }
        if !self.told_unsent() {
            return;
        }
        self.count_leftovers();
        self.reporter.tell_all_held();
        for socket in &mut self.sockets {
            socket.detach_all();
        }
        self.life.close();
    }

    /// Keeps the state of the handlers in its file, where that is due, or if the node `ends`.
    pub(super) fn keep_state(&mut self, now: Instant, ends: bool) {
        if let Some(handler) = &self.handler {
            self.files.keep_state(now, ends, || handler.state().text());
        }
    }

    /// What it leaves to the node that takes its place; one that never began, what it was left.
    pub(super) fn leave(&mut self) -> Legacy {
        self.log.hand_over(&self.blueprint.instance);
        if let Some(left) = self.blueprint.kept.take() {
            return left;
        }
        let state = self.handler.as_ref().map(|handler| handler.state().saved());
        let is_succeeded = self.ending.is_succeeded;
        let files = self.files.take(is_succeeded, is_succeeded);
        let bound = self.sockets.iter().flat_map(|socket| {
            let endpoints = socket.bound_by_handlers.iter();
            endpoints.map(|endpoint| (socket.spec.name.clone(), endpoint.clone()))
        });
        Legacy::of(&self.blueprint.spec, state, bound.collect(), files)
    }

    /// Asks libzmq what waits for endpoints that have no connection, and tells it, where nobody tells
    /// that when the socket has gone; whether that is done. It takes a few milliseconds at most.
    fn told_unsent(&mut self) -> bool {
        match &mut self.ending.unsent {
            Unsent::Told => {}
            Unsent::Unasked => {
                let waits = |socket: &NodeSocket| {
                    socket.drops_untold() && socket.unreached.endpoints().next().is_some()
                };
                if self.sockets.iter().any(waits) {
                    let (answer, asked) = oneshot::channel();
                    self.ending.unsent = Unsent::Asked(asked);
                    self.inquire(answer);
                    return false;
                }
            }
            Unsent::Asked(asked) => match asked.try_recv() {
                Ok(observation) => self.tell_never_sent(&observation),
                Err(TryRecvError::Empty) => return false,
                Err(TryRecvError::Closed) => {}
            },
        }
        self.ending.unsent = Unsent::Told;
        true
    }

    /// Says how many messages wait for endpoints that have no connection, now that the node ends.
    fn tell_never_sent(&self, observation: &Observation) {
        for (place, (socket, seen)) in self.sockets.iter().zip(&observation.sockets).enumerate() {
            if !socket.drops_untold() {
                continue;
            }
            socket.unconnected.tell_no_more();
            for endpoint in socket.unreached.endpoints() {
                let waiting = seen.connections.iter().filter(|one| one.remote == *endpoint);
                let count = waiting.map(|one| one.outbound).sum();
                if count > 0 {
                    let endpoint = endpoint.to_owned();
                    self.reporter.emit(Some(place), EventKind::NeverSent { endpoint, count });
                }
            }
        }
    }

    /// Counts, and takes, what would be lost with the sockets.
    fn count_leftovers(&mut self) {
        let before: Vec<u64> = self.sockets.iter().map(shut_out).collect();
        self.outbox.drop_all(DropReason::Shutdown, &self.sockets);
        for (inbound, _) in self.incoming.take_early() {
            self.sockets[inbound.socket].counters.drop_one(DropReason::Shutdown);
        }
        self.sockets.iter_mut().for_each(NodeSocket::drop_stash);
        for (place, before) in before.into_iter().enumerate() {
            let count = shut_out(&self.sockets[place]) - before;
            if count > 0 {
                let kind = EventKind::Dropped { reason: DropReason::Shutdown, count };
                self.reporter.emit(Some(place), kind);
            }
        }
        for lost in self.files.lost(self.ending.is_succeeded) {
            self.reporter.emit(None, lost);
        }
    }
}

/// How many messages the end of a node took from a socket.
fn shut_out(socket: &NodeSocket) -> u64 {
    socket.counters.dropped[DropReason::Shutdown as usize].get()
}
