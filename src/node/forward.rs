//! Messages moved natively between two sockets: what `zmq_proxy` does, without a script.
//!
//! Owns one direction each, with at most one message in hand: what the other side does not take
//! is not received, so back-pressure goes through. Never looks into a message.

use super::inbox::subscription;
use super::outbox::Pending;
use super::socket::{Outgoing, Sent};
use super::task::Node;
use crate::message::{Multipart, share_all};
use crate::topology::NodeSpec;
use crate::zeromq::Role;

/// How many messages one direction moves before others have their turn.
const BURST: usize = 256;

/// One direction of a forward.
#[derive(Debug)]
pub(super) struct Forward {
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) capture: Option<usize>,
    /// What `to` did not take yet.
    pub(super) held: Option<Outgoing>,
    /// What the capture did not take yet; it goes first.
    pub(super) held_copy: Option<Outgoing>,
}

impl Forward {
    /// Every direction that a node's spec asks for.
    pub(super) fn all(spec: &NodeSpec) -> Vec<Self> {
        let mut forwards = Vec::new();
        for pair in &spec.forwards {
            forwards.push(Self::new(pair.from, pair.to, spec.capture));
            if pair.both_ways {
                forwards.push(Self::new(pair.to, pair.from, spec.capture));
            }
        }
        forwards
    }

    fn new(from: usize, to: usize, capture: Option<usize>) -> Self {
        Self { from, to, capture, held: None, held_copy: None }
    }

    /// Whether no message is in hand.
    pub(super) fn is_idle(&self) -> bool {
        self.held.is_none() && self.held_copy.is_none()
    }
}

impl Node {
    /// Moves a burst in every direction; whether anything moved.
    pub(super) fn forward(&mut self) -> bool {
        let mut moved = false;
        for at in 0..self.forwards.len() {
            for _ in 0..BURST {
                if !self.forward_one(at) {
                    break;
                }
                moved = true;
            }
        }
        moved
    }

    /// Takes a message over into the queue of what the node sends.
    pub(super) fn forward_later(&mut self, place: usize, frames: Multipart) {
        let ways: Vec<(usize, Option<usize>)> = self
            .forwards
            .iter()
            .filter(|forward| forward.from == place)
            .map(|forward| (forward.to, forward.capture))
            .collect();
        for (to, capture) in ways {
            for socket in capture.into_iter().chain([to]) {
                let message = Outgoing::from(share_all(&frames));
                self.pending.push_back(Pending::Send { socket, message });
            }
        }
    }

    fn forward_one(&mut self, at: usize) -> bool {
        let Forward { from, to, capture, .. } = self.forwards[at];
        // Subscriptions have to reach their publisher before a reload lets go of it.
        if self.held.is_some() && self.sockets[from].spec.role != Role::Xpub {
            return false;
        }
        // What an earlier version of this forward had in hand goes first.
        if self.pending.iter().any(|pending| pending.socket() == Some(to)) {
            return false;
        }
        if !self.deliver_held(at) {
            return false;
        }
        if self.held.is_some() || !self.sockets[from].readable {
            return false;
        }
        let Some(frames) = self.sockets[from].receive() else { return false };
        if self.sockets[from].spec.role == Role::Xpub
            && let Some((wanted, topic)) = subscription(&frames)
        {
            self.subscription_changed(from, wanted, topic);
        }
        if capture.is_some() {
            self.forwards[at].held_copy = Some(share_all(&frames).into());
        }
        let mut message = Outgoing::from(frames);
        if capture.is_none() && self.hand_on(to, &mut message) {
            return true;
        }
        self.forwards[at].held = Some(message);
        self.deliver_held(at);
        true
    }

    /// Delivers what is in hand; whether nothing is left.
    fn deliver_held(&mut self, at: usize) -> bool {
        let Forward { to, capture, .. } = self.forwards[at];
        if let (Some(capture), Some(mut copy)) = (capture, self.forwards[at].held_copy.take())
            && !self.hand_on(capture, &mut copy)
        {
            self.forwards[at].held_copy = Some(copy);
            return false;
        }
        if let Some(mut message) = self.forwards[at].held.take()
            && !self.hand_on(to, &mut message)
        {
            self.forwards[at].held = Some(message);
            return false;
        }
        true
    }

    /// Hands a message on; whether the socket has it, or dropped it by its pattern's rule.
    fn hand_on(&mut self, to: usize, message: &mut Outgoing) -> bool {
        let sent = self.sockets[to].send(message);
        self.sockets[to].set_blocked(sent == Sent::Waits);
        if let Sent::Dropped(reason) = sent {
            self.tell_drop(to, reason);
        }
        sent != Sent::Waits
    }
}
