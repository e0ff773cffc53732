//! Messages moved natively between two sockets: what `zmq_proxy` does, without a script.
//!
//! Owns one direction each, with at most one message in hand: what the other side does not take
//! is not received, so back-pressure goes through. Never looks into a message, and puts its frames
//! together only where it has to wait or somebody else gets a copy.

use super::inbox::subscription;
use super::socket::{NodeSocket, Sent};
use super::tap::Direction;
use super::task::Node;
use crate::message::{Frame, Multipart, Outgoing, share_all};
use crate::script::Effect;
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

    /// Takes away what is in hand; on which sockets it was to go.
    pub(super) fn give_up(&mut self) -> impl Iterator<Item = usize> + use<> {
        let held = self.held.take().map(|_| self.to);
        let copy = self.held_copy.take().and(self.capture);
        held.into_iter().chain(copy)
    }

    /// Whether no message is in hand.
    pub(super) fn is_idle(&self) -> bool {
        self.held.is_none() && self.held_copy.is_none()
    }
}

impl Node {
    /// Moves a burst in every direction; whether anything moved.
    pub(super) fn forward(&mut self) -> bool {
        let mut moved = 0;
        for at in 0..self.forwards.len() {
            let mut left = BURST;
            while left > 0 {
                let now = if self.may_relay(at) {
                    self.relay(at, left)
                } else {
                    usize::from(self.forward_one(at))
                };
                if now == 0 {
                    break;
                }
                moved += now;
                left -= now;
            }
        }
        moved > 0
    }

    /// Whether a direction's messages may go through without being put together first.
    fn may_relay(&self, at: usize) -> bool {
        let Forward { from, to, capture, .. } = self.forwards[at];
        self.held.is_none()
            && capture.is_none()
            && from != to
            && self.forwards[at].is_idle()
            && self.pending.is_empty()
            && self.sockets[from].passes_frames(Direction::In)
            && self.sockets[to].passes_frames(Direction::Out)
    }

    /// Moves so many messages at most, frame by frame; how many it took.
    fn relay(&mut self, at: usize, most: usize) -> usize {
        let Forward { from, to, .. } = self.forwards[at];
        if !self.sockets[from].readable {
            return 0;
        }
        let Ok([source, target]) = self.sockets.get_disjoint_mut([from, to]) else { return 0 };
        let mut handed_on = 0;
        let mut frame = Frame::empty();
        let refused = loop {
            if handed_on == most {
                break None;
            }
            match relay_one(source, target, &mut frame) {
                Relayed::Nothing => break None,
                Relayed::Moved => handed_on += 1,
                Relayed::Refused(frames) => break Some(frames),
            }
        };
        let taken = handed_on + usize::from(refused.is_some());
        self.sockets[from].taps.passed(Direction::In, taken);
        self.sockets[to].taps.passed(Direction::Out, handed_on);
        self.note_answers(to, handed_on);
        if let Some(frames) = refused {
            self.forwards[at].held = Some(frames.into());
            self.deliver_held(at);
        }
        taken
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
                self.pending.push_back(Effect::Send { socket, message });
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
        if self.pending.iter().any(|effect| effect.sends_on() == Some(to)) {
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
        self.note_sent(to, sent);
        sent != Sent::Waits
    }
}

/// What became of a message that went through frame by frame.
enum Relayed {
    /// There was none.
    Nothing,
    /// The other socket has it.
    Moved,
    /// The other socket does not take it now, or knows no such peer.
    Refused(Multipart),
}

/// Hands the frames of one message on as they come. A socket that took the first takes them all,
/// and libzmq gives a message whole, so only the first frame can find no way.
fn relay_one(source: &mut NodeSocket, target: &mut NodeSocket, frame: &mut Frame) -> Relayed {
    let Ok(mut bytes) = source.raw.receive(frame) else {
        source.readable = false;
        return Relayed::Nothing;
    };
    let mut more = frame.more();
    // Sending may consume the edge of a message that came meanwhile, also where it fails.
    target.readable = true;
    source.counters.messages_in.add(1);
    if target.raw.send(frame, more).is_err() {
        let mut frames = Multipart::new();
        frames.push(std::mem::replace(frame, Frame::empty()));
        while more && let Ok(length) = source.raw.receive(frame) {
            more = frame.more();
            bytes += length;
            frames.push(std::mem::replace(frame, Frame::empty()));
        }
        source.counters.bytes_in.add(bytes as u64);
        return Relayed::Refused(frames);
    }
    while more && let Ok(length) = source.raw.receive(frame) {
        more = frame.more();
        bytes += length;
        if target.raw.send(frame, more).is_err() {
            // The connection ended meanwhile, and with it what it had of the message.
            continue;
        }
    }
    source.counters.bytes_in.add(bytes as u64);
    target.counters.messages_out.add(1);
    target.counters.bytes_out.add(bytes as u64);
    target.counters.note_size(bytes as u64);
    Relayed::Moved
}
