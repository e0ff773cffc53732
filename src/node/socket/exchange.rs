//! Whole messages in and out of a socket.
//!
//! Owns ZeroMQ's rules of sending: what waits, what is dropped and why. Never calls a handler.

use std::collections::VecDeque;
use std::sync::atomic::Ordering::Relaxed;

use super::{NodeSocket, Sent};
use crate::clock::{self, nanos};
use crate::counters::DropReason;
use crate::message::{Frame, Malformed, Multipart, Outgoing};
use crate::node::interception::Direction;
use crate::node::raw::Errno;
use crate::node::sequence::Numbering;
use crate::topology::WhenFull;
use crate::zeromq::Role;

/// How many answers a REP keeps for peers whose queue is full, before it drops any.
const DEFERRED_MAX: usize = 1000;

impl NodeSocket {
    /// The next message, whole, without waiting: what a reload stashed, then what libzmq has.
    pub(in crate::node) fn receive(&mut self) -> Option<Multipart> {
        match self.stash.pop_front() {
            Some(frames) => Some(frames),
            None if !self.passage.lets_through() => {
                // Looked at again by `try_passage`: until then there is nothing to do.
                self.readable = false;
                None
            }
            None => self.receive_from_peers(),
        }
    }

    /// The number of the message that was received last: what is stashed came after it.
    #[inline]
    pub(in crate::node) fn came(&self) -> u32 {
        #[expect(clippy::cast_possible_truncation, reason = "numbers begin anew some time")]
        let stashed = self.stash.len() as u32;
        self.passage.number().wrapping_sub(stashed)
    }

    /// Tries again what was not let through, in the next round.
    #[inline]
    pub(in crate::node) fn try_passage(&mut self) {
        if self.passage.take_held() {
            self.readable = true;
        }
    }

    /// Takes a message from libzmq to be handled later; whether there was one.
    pub(in crate::node) fn stash_one(&mut self) -> bool {
        let message = self.receive_from_peers();
        let taken = message.is_some();
        self.stash.extend(message);
        taken
    }

    /// The next message that was stashed.
    pub(in crate::node) fn next_stashed(&mut self) -> Option<Multipart> {
        self.stash.pop_front()
    }

    /// How many messages are stashed.
    pub(in crate::node) fn stashed(&self) -> usize {
        self.stash.len()
    }

    /// Drops what is stashed, and counts it.
    pub(in crate::node) fn drop_stash(&mut self) {
        for _ in self.stash.drain(..) {
            self.counters.drop_one(DropReason::Shutdown);
        }
    }

    pub(super) fn receive_from_peers(&mut self) -> Option<Multipart> {
        let mut frames = Multipart::new();
        let mut bytes = 0;
        loop {
            let mut frame = Frame::empty();
            let Ok((length, more)) = self.raw.receive(&mut frame) else {
                // libzmq delivers a message whole, so frames cut short by an error are no message.
                self.readable = false;
                return None;
            };
            bytes += length;
            if more && frames.is_empty() {
                // Most messages of several frames have an envelope of two.
                frames.reserve(4);
            }
            frames.push(frame);
            if !more {
                break;
            }
        }
        self.awaits_reply = false;
        if self.spec.role == Role::Router {
            self.delimiters.came(&frames);
        }
        self.counters.messages_in.add(1);
        self.counters.bytes_in.add(bytes as u64);
        self.note_thrown();
        if !self.passage.is_free() && self.spec.role.receives() {
            self.passage.received(&frames);
        }
        Some(frames)
    }

    /// Whether messages may go through it frame by frame, because nothing here has to see them
    /// whole or in their turn: what publishes counts whom it reaches, a REQ and a REP keep turns.
    pub(in crate::node) fn passes_frames(&self, direction: Direction) -> bool {
        let plain = matches!(
            self.spec.role,
            Role::Pair | Role::Push | Role::Pull | Role::Dealer | Role::Router | Role::Sub
        );
        let is_seen = self.passage.is_watched(direction) || !self.passage.lets_through();
        plain && !self.spec.sequence && !is_seen && self.stash.is_empty()
    }

    /// Sends a message by the rules of its pattern, without waiting. Among `deferred` are the answers
    /// of a REP whose peers have no room.
    pub(in crate::node) fn send(
        &mut self,
        message: &mut Outgoing,
        deferred: &mut VecDeque<Outgoing>,
    ) -> Sent {
        if self.awaits_reply && !self.spec.is_on("req_relaxed") {
            return Sent::Waits;
        }
        if message.next == 0 && !self.passage.lets_through() {
            return self.held_back(message, deferred);
        }
        if !self.callers.is_empty() && self.answer_caller(message) {
            return Sent::Taken;
        }
        if self.takes_no_answers {
            return self.dropped(DropReason::Shutdown);
        }
        // An earlier answer to the same peer waits, which this one must not overtake.
        if deferred.iter().any(|earlier| earlier.frames.first() == message.frames.first()) {
            return self.full(message, deferred);
        }
        self.number(message);
        // Sending may consume the edge of a message that came meanwhile, also where it fails.
        self.readable = true;
        self.find_reached(message);
        let bytes: usize = message.frames.iter().map(Frame::len).sum();
        let whole = message.next == 0 && !self.passage.is_free();
        let copy = if whole { self.passage.copy(&message.frames) } else { None };
        let is_bare = self.spec.role == Role::Router && self.delimiters.lacks(&message.frames);
        let mut sent = self.hand_over(message);
        if sent == Err(Errno::AGAIN) {
            sent = self.offer_again(message);
        }
        self.count_reached(message);
        match sent {
            Ok(()) => {
                if is_bare {
                    self.delimiters.lacked();
                }
                self.counters.messages_out.add(1);
                self.counters.bytes_out.add(bytes as u64);
                self.passage.sent(copy.as_ref());
                self.counters.note_size(bytes as u64);
                self.awaits_reply = self.spec.role == Role::Req;
                Sent::Taken
            }
            Err(Errno::AGAIN) => self.full(message, deferred),
            Err(Errno::HOST_UNREACHABLE) => self.dropped(DropReason::Unroutable),
            Err(errno) => Sent::Refused(errno),
        }
    }

    pub(super) fn number(&mut self, message: &mut Outgoing) {
        if !self.spec.sequence || message.numbered {
            return;
        }
        message.numbered = true;
        let (owner, name) = (&self.owner, &self.name);
        self.numbering
            .get_or_insert_with(|| Numbering::new(&format!("{owner}.{name}")))
            .number(self.spec.format, &mut message.frames);
    }

    /// Checks the number of a message that arrived, where `sequence` is on.
    pub(in crate::node) fn check_number(
        &mut self,
        frames: &mut Multipart,
    ) -> Result<(), Malformed> {
        if !self.spec.sequence {
            return Ok(());
        }
        self.checking.check(self.spec.format, frames, &self.counters)
    }

    /// Hands over what was refused, once libzmq has looked at what its peers told it.
    #[cold]
    fn offer_again(&mut self, message: &mut Outgoing) -> Result<(), Errno> {
        // Credit from peers may wait among commands that sends skip; EVENTS reads them.
        let _ = self.raw.events();
        // So may the end of a subscription, and then libzmq sends to fewer.
        self.find_reached(message);
        self.hand_over(message)
    }

    #[inline]
    pub(super) fn hand_over(&self, message: &mut Outgoing) -> Result<(), Errno> {
        let last = message.frames.len().saturating_sub(1);
        while message.next <= last {
            let more = message.next < last;
            let Some(frame) = message.frames.get_mut(message.next) else { return Ok(()) };
            self.raw.send(frame, more)?;
            message.next += 1;
        }
        Ok(())
    }

    fn full(&self, message: &mut Outgoing, deferred: &mut VecDeque<Outgoing>) -> Sent {
        match self.spec.role {
            Role::Router if self.spec.when_full == WhenFull::Drop => self.dropped(DropReason::Full),
            Role::Rep if deferred.len() >= DEFERRED_MAX => self.dropped(DropReason::Full),
            Role::Rep => {
                deferred.push_back(std::mem::take(message));
                Sent::Taken
            }
            Role::Pair
            | Role::Pub
            | Role::Sub
            | Role::Req
            | Role::Dealer
            | Role::Router
            | Role::Push
            | Role::Pull
            | Role::Xpub
            | Role::Xsub
            | Role::Stream => Sent::Waits,
        }
    }

    /// What becomes of a message that is not let through now.
    fn held_back(&self, message: &mut Outgoing, deferred: &mut VecDeque<Outgoing>) -> Sent {
        if self.spec.role != Role::Rep {
            return Sent::Waits;
        }
        // Answers wait for their peers there, and while this one does no request is let through.
        deferred.push_back(std::mem::take(message));
        Sent::Taken
    }

    pub(super) fn dropped(&self, reason: DropReason) -> Sent {
        self.counters.drop_one(reason);
        Sent::Dropped(reason)
    }

    /// Notes that a message waits for this socket, or no longer does.
    pub(in crate::node) fn set_blocked(&mut self, blocked: bool) {
        match (self.blocked_since, blocked) {
            (None, true) => self.blocked_since = Some(clock::now()),
            (Some(since), false) => {
                self.counters.blocked_nanos.add(nanos(clock::since(since)));
                self.blocked_since = None;
            }
            (None, false) | (Some(_), true) => return,
        }
        self.counters.blocked.store(blocked, Relaxed);
    }

    /// Counts the time that a message has been waiting for this socket until now; whether one is.
    pub(in crate::node) fn count_blocked(&mut self) -> bool {
        let Some(since) = self.blocked_since else { return false };
        let now = clock::now();
        self.counters.blocked_nanos.add(nanos(now - since));
        self.blocked_since = Some(now);
        true
    }
}
