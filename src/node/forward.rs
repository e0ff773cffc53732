//! Messages moved natively between two sockets: what `zmq_proxy` does, without a script.
//!
//! Owns one direction each, with at most one message in hand: what the other side does not take
//! is not received, so back-pressure goes through. Never looks into a message, and puts its frames
//! together only where it has to wait or somebody else gets a copy.

use std::collections::VecDeque;

use super::inbox::subscription;
use super::interception::Direction;
use super::notes::Notes;
use super::socket::{NodeSocket, Sent};
use crate::message::{Frame, Multipart, Outgoing, share_all};
use crate::topology::NodeSpec;
use crate::zeromq::Role;

/// How many messages one direction moves before others have their turn.
const BURST: usize = 256;

/// One direction of a forward.
#[derive(Debug)]
pub(super) struct Forward {
    from: usize,
    to: usize,
    capture: Option<usize>,
    /// What `to` did not take yet.
    held: Option<Outgoing>,
    /// What the capture did not take yet; it goes first.
    held_copy: Option<Outgoing>,
}

/// What a direction works on.
pub(super) struct Between<'b, 'n> {
    pub(super) sockets: &'b mut [NodeSocket],
    /// Answers that wait for their peers, by the places of the sockets.
    pub(super) deferred: &'b mut [VecDeque<Outgoing>],
    pub(super) notes: &'b mut Notes<'n>,
    /// Whether a reload holds the node.
    pub(super) is_held: bool,
    /// Whether slow motion lets it take nothing.
    pub(super) is_halted: bool,
    /// Whether the node itself has something to send, at all and by the socket that this leads to.
    /// What an earlier version of this forward had in hand is among that, and goes first.
    pub(super) sends_itself: (bool, bool),
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

    /// One that has a message in hand, for the capture if there is one.
    #[cfg(test)]
    pub(super) fn holding(
        from: usize,
        to: usize,
        capture: Option<usize>,
        message: Outgoing,
    ) -> Self {
        let forward = Self::new(from, to, capture);
        match capture {
            Some(_) => Self { held_copy: Some(message), ..forward },
            None => Self { held: Some(message), ..forward },
        }
    }

    pub(super) fn from(&self) -> usize {
        self.from
    }

    pub(super) fn to(&self) -> usize {
        self.to
    }

    /// Where its messages go, in the order in which they have to.
    pub(super) fn targets(&self) -> impl Iterator<Item = usize> + use<> {
        self.capture.into_iter().chain([self.to])
    }

    /// Takes away what is in hand, in the order in which it was to go, with the sockets for it.
    pub(super) fn take_held(&mut self) -> impl Iterator<Item = (usize, Outgoing)> + use<> {
        let copy = self.capture.zip(self.held_copy.take());
        let held = self.held.take().map(|message| (self.to, message));
        copy.into_iter().chain(held)
    }

    /// Whether no message is in hand.
    pub(super) fn is_idle(&self) -> bool {
        self.held.is_none() && self.held_copy.is_none()
    }

    /// Moves a burst; how many messages moved.
    pub(super) fn run(&mut self, between: &mut Between<'_, '_>) -> usize {
        let mut left = BURST;
        while left > 0 {
            let now = if self.may_relay(between) {
                self.relay(between, left)
            } else {
                usize::from(self.forward_one(between))
            };
            if now == 0 {
                break;
            }
            left -= now;
        }
        BURST - left
    }

    /// Whether messages may go through without being put together first.
    fn may_relay(&self, between: &Between<'_, '_>) -> bool {
        !between.is_held
            && !between.is_halted
            && self.capture.is_none()
            && self.from != self.to
            && self.is_idle()
            && !between.sends_itself.0
            && between.sockets[self.from].passes_frames(Direction::In)
            && between.sockets[self.to].passes_frames(Direction::Out)
    }

    /// Moves so many messages at most, frame by frame; how many it took.
    fn relay(&mut self, between: &mut Between<'_, '_>, most: usize) -> usize {
        let sockets = &mut *between.sockets;
        if !sockets[self.from].readable || sockets[self.from].paused {
            return 0;
        }
        let Ok([source, target]) = sockets.get_disjoint_mut([self.from, self.to]) else { return 0 };
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
        source.note_thrown();
        source.passage.passed_unseen(Direction::In, taken);
        target.passage.passed_unseen(Direction::Out, handed_on);
        between.notes.answers(target, handed_on);
        if let Some(frames) = refused {
            self.held = Some(frames.into());
            self.deliver_held(between);
        }
        taken
    }

    /// Moves one message, whole; whether there was one.
    pub(super) fn forward_one(&mut self, between: &mut Between<'_, '_>) -> bool {
        let Self { from, to, capture, .. } = *self;
        // Subscriptions have to reach their publisher before a reload lets go of it.
        if between.is_held && between.sockets[from].spec.role != Role::Xpub {
            return false;
        }
        if between.sends_itself.1 || !self.deliver_held(between) {
            return false;
        }
        let source = &between.sockets[from];
        if between.is_held || between.is_halted || !source.readable || source.paused {
            return false;
        }
        let source = &mut between.sockets[from];
        let Some(frames) = source.receive() else { return false };
        if source.spec.role == Role::Xpub
            && let Some((wanted, topic)) = subscription(&frames)
        {
            between.notes.subscription(from, source, wanted, topic);
        }
        if capture.is_some() {
            self.held_copy = Some(share_all(&frames).into());
        }
        let mut message = Outgoing::from(frames);
        if capture.is_none() && hand_on(between, to, &mut message) {
            return true;
        }
        self.held = Some(message);
        self.deliver_held(between);
        true
    }

    /// Delivers what is in hand; whether nothing is left.
    fn deliver_held(&mut self, between: &mut Between<'_, '_>) -> bool {
        if let (Some(capture), Some(mut copy)) = (self.capture, self.held_copy.take())
            && !hand_on(between, capture, &mut copy)
        {
            self.held_copy = Some(copy);
            return false;
        }
        if let Some(mut message) = self.held.take()
            && !hand_on(between, self.to, &mut message)
        {
            self.held = Some(message);
            return false;
        }
        true
    }
}

/// Hands a message on; whether the socket has it, or dropped it by its pattern's rule.
fn hand_on(between: &mut Between<'_, '_>, to: usize, message: &mut Outgoing) -> bool {
    let socket = &mut between.sockets[to];
    let sent = socket.send(message, &mut between.deferred[to]);
    socket.set_blocked(sent == Sent::Waits);
    between.notes.sent(to, socket, sent);
    sent != Sent::Waits
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
    let Ok((mut bytes, mut more)) = source.raw.receive(frame) else {
        source.readable = false;
        return Relayed::Nothing;
    };
    // Sending may consume the edge of a message that came meanwhile, also where it fails.
    target.readable = true;
    source.counters.messages_in.add(1);
    if target.raw.send(frame, more).is_err() {
        let mut frames = Multipart::new();
        frames.push(std::mem::replace(frame, Frame::empty()));
        while more && let Ok((length, follows)) = source.raw.receive(frame) {
            more = follows;
            bytes += length;
            frames.push(std::mem::replace(frame, Frame::empty()));
        }
        source.counters.bytes_in.add(bytes as u64);
        return Relayed::Refused(frames);
    }
    while more && let Ok((length, follows)) = source.raw.receive(frame) {
        more = follows;
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
