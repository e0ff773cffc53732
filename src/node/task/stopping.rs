//! How a node comes to its end: drained, then everything sent, then closed.
//!
//! Owns the deadlines inside a node. In which order nodes stop is the supervisor's.

use std::time::{Duration, Instant};

use tokio::sync::oneshot::{self, error::TryRecvError};

use super::{Node, Phase};
use crate::node::forward::Forward;
use crate::node::legacy::{Files, Legacy};
use crate::node::observation::Observation;
use crate::node::socket::NodeSocket;
use crate::script::{Handler, Invocation};

impl Node {
    pub(super) fn begin_stop(&mut self, deadline: Instant, alone: bool) {
        self.finish_before_stop();
        if alone {
            // It goes on trying, for as long as the run does.
            self.unsent = Unsent::Told;
            self.sockets.iter_mut().for_each(NodeSocket::keep_unsent);
        }
        if matches!(self.phase, Phase::Running | Phase::Quiet) {
            self.call(Invocation::Stop);
        }
        self.timers.clear();
        self.phase = Phase::Stopping { deadline };
    }

    pub(super) fn advance_drain(&mut self, now: Instant, busy: bool) {
        let idle = !busy
            && self.pending.is_empty()
            && self.forwards.iter().all(Forward::is_idle)
            && self.has_written()
            && self.sockets.iter().all(|socket| socket.deferred_replies.is_empty());
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

    pub(super) fn advance_stop(&mut self, now: Instant) {
        let Phase::Stopping { deadline } = self.phase else { return };
        let deferred_replies =
            self.sockets.iter().any(|socket| !socket.deferred_replies.is_empty());
        if (!self.pending.is_empty() || deferred_replies) && now < deadline {
            return;
        }
        let own = self.sink.iter_mut().filter(|_| !self.is_succeeded);
        let mut sinks = own.chain(&mut self.old_sinks);
        if !sinks.all(|sink| sink.has_ended(deadline, now)) {
            return;
        }
        if !self.told_unsent() {
            return;
        }
        self.count_leftovers();
        self.tell_all_held();
        for socket in &mut self.sockets {
            socket.detach_all();
        }
        self.phase = Phase::Closed;
    }
}

impl Node {
    /// What it leaves to the node that takes its place; one that never began, what it was left.
    pub(super) fn leave(&mut self) -> Legacy {
        if let Some(left) = self.blueprint.kept.take() {
            return left;
        }
        let state = self.handler.as_ref().map(Handler::saved_state);
        let files = if self.is_succeeded {
            Files { source: self.source.take(), sink: self.sink.take() }
        } else {
            Files::default()
        };
        Legacy::of(&self.blueprint.spec, state, files)
    }

    /// Asks libzmq what waits for endpoints that have no connection, and tells it, where nobody tells
    /// that when the socket has gone; whether that is done. It takes a few milliseconds at most.
    fn told_unsent(&mut self) -> bool {
        match &mut self.unsent {
            Unsent::Told => {}
            Unsent::Unasked => {
                let waits = |socket: &NodeSocket| {
                    socket.drops_untold() && socket.unreached.endpoints().next().is_some()
                };
                if self.sockets.iter().any(waits) {
                    let (answer, asked) = oneshot::channel();
                    self.unsent = Unsent::Asked(asked);
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
        self.unsent = Unsent::Told;
        true
    }
}

/// What is known of messages that wait for a connection.
#[derive(Default)]
pub(super) enum Unsent {
    #[default]
    Unasked,
    Asked(oneshot::Receiver<Observation>),
    Told,
}

pub(super) struct Drain {
    pub(super) quiet: Duration,
    pub(super) deadline: Instant,
    pub(super) last_activity: Instant,
    pub(super) done: oneshot::Sender<bool>,
}
