//! Everything of a node that waits to go out, in one place, so that no queue is forgotten where they
//! are asked about, drained, moved to other sockets or dropped.
//!
//! Owns the queue of effects, the answers that wait for their peers, what forwards have in hand, and
//! what was given from outside. While an effect waits the node takes nothing new, so nothing is ever
//! lost here. Never calls a handler.

use std::collections::VecDeque;
use std::time::Instant;

use super::debts::Debts;
use super::forward::{Between, Forward};
use super::inject::{Injected, InjectedQueue, Outcome};
use super::life::Life;
use super::notes::Notes;
use super::socket::{NodeSocket, Sent};
use crate::counters::DropReason;
use crate::message::{Multipart, Outgoing, share_all};
use crate::script::{Effect, Level};

/// What waits to go out of a node.
pub(super) struct Outbox {
    /// What handlers want done, in order.
    effects: VecDeque<Effect>,
    /// By the places of the sockets: answers of a REP whose peer's queue is full.
    deferred: Vec<VecDeque<Outgoing>>,
    /// Each has a message in hand at most.
    forwards: Vec<Forward>,
    injected: InjectedQueue,
    /// Until when a handler said that it is busy: what it wants done after that waits.
    busy_until: Option<Instant>,
    /// Whether a socket may have got room for what waits without anybody hearing of it.
    may_have_room: bool,
    debts: Debts,
}

impl Outbox {
    /// Of a node with so many sockets.
    pub(super) fn new(sockets: usize, forwards: Vec<Forward>) -> Self {
        Self {
            effects: VecDeque::new(),
            deferred: (0..sockets).map(|_| VecDeque::new()).collect(),
            forwards,
            injected: InjectedQueue::default(),
            busy_until: None,
            may_have_room: false,
            debts: Debts::default(),
        }
    }

    /// Does nothing that waits, and takes nothing new, until then.
    pub(super) fn be_busy(&mut self, until: Instant) {
        self.busy_until = Some(until);
    }

    /// Until when the node is busy, if it is.
    pub(super) fn busy_until(&self) -> Option<Instant> {
        self.busy_until
    }

    /// Whether the node is busy yet; one that goes no longer on is not.
    pub(super) fn is_busy(&mut self, now: Instant, goes_on: bool) -> bool {
        self.busy_until = self.busy_until.filter(|&until| goes_on && now < until);
        self.busy_until.is_some()
    }

    /// Whether a call whose effects begin there wants nothing more of what has come to be taken.
    pub(super) fn is_held_back(&self, from: usize) -> bool {
        self.busy_until.is_some()
            || (from..self.effects.len()).any(|place| self.effects[place].holds_back())
    }

    /// The answers that the node owes.
    pub(super) fn debts(&mut self) -> &mut Debts {
        &mut self.debts
    }

    /// Whether a socket owes an answer that its handler gives later.
    pub(super) fn is_in_debt(&self, place: usize) -> bool {
        self.debts.has_of(place)
    }

    /// Whether any socket does.
    pub(super) fn is_in_debt_at_all(&self) -> bool {
        self.debts.has_any()
    }

    /// When an answer that is owed has to be there.
    pub(super) fn debts_due(&self) -> Option<Instant> {
        self.debts.due()
    }

    /// Where a handler's call puts what it wants done.
    pub(super) fn effects(&mut self) -> &mut VecDeque<Effect> {
        &mut self.effects
    }

    /// Sends a message after all others.
    pub(super) fn send_last(&mut self, socket: usize, frames: Multipart) {
        self.effects.push_back(Effect::Send { socket, message: frames.into() });
    }

    /// Takes out what was logged among the effects from that one on, since a line of the log does not
    /// wait for a full socket as messages do.
    pub(super) fn take_said(&mut self, from: usize) -> Vec<(Level, String)> {
        let mut said = Vec::new();
        for effect in self.effects.split_off(from.min(self.effects.len())) {
            match effect {
                Effect::Log { level, text } => said.push((level, text)),
                Effect::Send { .. }
                | Effect::Write(_)
                | Effect::Subscribe { .. }
                | Effect::Unsubscribe { .. }
                | Effect::Connect { .. }
                | Effect::Disconnect { .. }
                | Effect::Bind { .. }
                | Effect::Unbind { .. }
                | Effect::After { .. }
                | Effect::Cancel { .. }
                | Effect::Busy { .. }
                | Effect::Owe { .. }
                | Effect::Pause { .. }
                | Effect::Resume { .. }
                | Effect::Count { .. }
                | Effect::Stop { .. } => self.effects.push_back(effect),
            }
        }
        said
    }

    /// How many effects wait.
    pub(super) fn waiting(&self) -> usize {
        self.effects.len()
    }

    /// How many messages and lines wait among them.
    pub(super) fn messages_waiting(&self) -> u64 {
        let is_message =
            |effect: &&Effect| matches!(effect, Effect::Send { .. } | Effect::Write(_));
        self.effects.iter().filter(is_message).count() as u64
    }

    /// Whether nothing that handlers want done waits, so that the node may take something new.
    pub(super) fn is_clear(&self) -> bool {
        self.effects.is_empty() && self.busy_until.is_none()
    }

    /// Whether no forward has a message in hand.
    pub(super) fn forwards_are_idle(&self) -> bool {
        self.forwards.iter().all(Forward::is_idle)
    }

    /// Whether an answer waits for its peer.
    pub(super) fn has_deferred(&self) -> bool {
        self.deferred.iter().any(|deferred| !deferred.is_empty())
    }

    /// Notes whether what waits is to be offered again soon, although no socket says that it has room.
    pub(super) fn offer_again_soon(&mut self, soon: bool) {
        self.may_have_room = soon;
    }

    /// Whether something waits that is offered again soon.
    pub(super) fn is_offered_again(&self) -> bool {
        self.may_have_room || self.has_deferred()
    }

    /// Whether an answer of this socket waits for its peer.
    pub(super) fn has_deferred_of(&self, place: usize) -> bool {
        !self.deferred[place].is_empty()
    }

    /// Whether nothing waits that the node has to send. What was given from outside is not its own
    /// yet: who gave it hears what becomes of it.
    pub(super) fn is_empty(&self) -> bool {
        self.is_clear() && self.forwards_are_idle() && !self.has_deferred()
    }

    /// Whether an effect or an answer waits for this socket.
    pub(super) fn owes(&self, place: usize) -> bool {
        self.sends_by(place) || self.has_deferred_of(place)
    }

    fn sends_by(&self, place: usize) -> bool {
        self.effects.iter().any(|effect| effect.sends_on() == Some(place))
    }

    /// Sends the messages at the front of the effects until one has to wait; how many are done with.
    pub(super) fn send_first(
        &mut self,
        sockets: &mut [NodeSocket],
        life: &Life,
        notes: &mut Notes<'_>,
    ) -> usize {
        let mut sent = 0;
        while let Some(Effect::Send { socket, message }) = self.effects.get_mut(sent) {
            let place = *socket;
            if message.next == 0 && life.holds(place) {
                break;
            }
            let socket = &mut sockets[place];
            let outcome = socket.send(message, &mut self.deferred[place]);
            socket.set_blocked(outcome == Sent::Waits);
            if outcome == Sent::Waits {
                break;
            }
            sent += 1;
            notes.sent(place, socket, outcome);
        }
        // Dropped where they lie: to move each out first would stall on what was just written.
        self.effects.drain(..sent);
        sent
    }

    /// The first effect, if it is no message.
    pub(super) fn next_deed(&mut self) -> Option<Effect> {
        let first = self.effects.front()?;
        if first.sends_on().is_some() { None } else { self.effects.pop_front() }
    }

    /// Offers answers of a socket to their peers again: one slow client holds up nobody else.
    pub(super) fn send_deferred(&mut self, place: usize, socket: &mut NodeSocket) {
        // In their order: one that is deferred again holds back those of its peer that come after it.
        for mut message in std::mem::take(&mut self.deferred[place]) {
            socket.send(&mut message, &mut self.deferred[place]);
        }
    }

    /// Sends what waits for one socket that is about to go, as far as it takes it; whether it took
    /// all.
    pub(super) fn send_what_waits(
        &mut self,
        place: usize,
        socket: &mut NodeSocket,
        notes: &mut Notes<'_>,
    ) -> bool {
        self.send_deferred(place, socket);
        let mut waits = false;
        for mut effect in std::mem::take(&mut self.effects) {
            if let Effect::Send { socket: to, message } = &mut effect
                && *to == place
                && !waits
            {
                let outcome = socket.send(message, &mut self.deferred[place]);
                notes.sent(place, socket, outcome);
                waits = outcome == Sent::Waits;
                if !waits {
                    continue;
                }
            }
            self.effects.push_back(effect);
        }
        !waits && !self.has_deferred_of(place)
    }

    /// Drops what still waits for one socket that goes now, and counts it there.
    pub(super) fn drop_what_waits(&mut self, place: usize, socket: &mut NodeSocket) {
        let before = self.effects.len();
        self.effects.retain(|effect| effect.sends_on() != Some(place));
        let dropped = before - self.effects.len() + self.deferred[place].len();
        self.deferred[place].clear();
        (0..dropped).for_each(|_| socket.counters.drop_one(DropReason::Shutdown));
        socket.set_blocked(false);
    }

    /// Drops all that waits, and counts each message on the socket that it was for.
    pub(super) fn drop_all(&mut self, reason: DropReason, sockets: &[NodeSocket]) {
        let effects = std::mem::take(&mut self.effects);
        let sent = effects.iter().filter_map(Effect::sends_on);
        let in_hand = self.forwards.iter_mut().flat_map(Forward::take_held).map(|(to, _)| to);
        let deferred = self.deferred.iter_mut().enumerate();
        let deferred =
            deferred.flat_map(|(place, messages)| messages.drain(..).map(move |_| place));
        for place in sent.chain(in_hand).chain(deferred) {
            sockets[place].counters.drop_one(reason);
        }
        // Who gave these hears that the node has ended.
        self.injected = InjectedQueue::default();
    }

    /// Moves a burst in every direction of the forwards; whether anything moved.
    pub(super) fn forward(
        &mut self,
        sockets: &mut [NodeSocket],
        life: &Life,
        notes: &mut Notes<'_>,
    ) -> bool {
        let mut moved = 0;
        let Self { effects, deferred, forwards, .. } = self;
        for forward in forwards {
            let sends = |effect: &Effect| effect.sends_on() == Some(forward.to());
            moved += forward.run(&mut Between {
                sends_itself: (!effects.is_empty(), effects.iter().any(sends)),
                sockets,
                deferred,
                notes,
                is_held: life.is_held(),
                is_halted: life.is_halted(),
            });
        }
        moved > 0
    }

    /// Forwards one message that waits on this socket; whether there was one.
    pub(super) fn forward_one(
        &mut self,
        place: usize,
        sockets: &mut [NodeSocket],
        life: &Life,
        notes: &mut Notes<'_>,
    ) -> bool {
        let Self { effects, deferred, forwards, .. } = self;
        forwards.iter_mut().filter(|forward| forward.from() == place).any(|forward| {
            let sends = |effect: &Effect| effect.sends_on() == Some(forward.to());
            forward.forward_one(&mut Between {
                sends_itself: (!effects.is_empty(), effects.iter().any(sends)),
                sockets,
                deferred,
                notes,
                is_held: life.is_held(),
                is_halted: life.is_halted(),
            })
        })
    }

    /// Whether what arrives on a socket is forwarded.
    pub(super) fn forwards_from(&self, place: usize) -> bool {
        self.forwards.iter().any(|forward| forward.from() == place)
    }

    /// Takes a message that is to be forwarded over into what the node sends itself.
    pub(super) fn forward_later(&mut self, place: usize, frames: &Multipart) {
        let forwards = self.forwards.iter().filter(|forward| forward.from() == place);
        for socket in forwards.flat_map(Forward::targets) {
            let message = Outgoing::from(share_all(frames));
            self.effects.push_back(Effect::Send { socket, message });
        }
    }

    /// What the forwards have in hand is sent as the node's own.
    pub(super) fn unload_forwards(&mut self) {
        for (socket, message) in self.forwards.iter_mut().flat_map(Forward::take_held) {
            self.effects.push_back(Effect::Send { socket, message });
        }
    }

    /// Forwards so from now on. The forwards before have nothing in hand.
    pub(super) fn change_forwards(&mut self, forwards: Vec<Forward>) {
        self.forwards = forwards;
    }

    /// Moves what waits from the old places of sockets to the new ones: `sockets`, as they are now. A
    /// message that was begun goes with the old socket, and is counted; how many have none to go to.
    pub(super) fn renumber(
        &mut self,
        sockets: &[NodeSocket],
        place_now: impl Fn(usize) -> Option<usize>,
    ) -> usize {
        let mut lost = 0;
        self.effects.retain_mut(|effect| {
            let Effect::Send { socket, message } = effect else {
                let Some(socket) = effect.socket_mut() else { return true };
                let place = place_now(*socket);
                *socket = place.unwrap_or_default();
                return place.is_some();
            };
            match place_now(*socket) {
                Some(place) if message.next == 0 => {
                    *socket = place;
                    return true;
                }
                Some(place) => sockets[place].counters.drop_one(DropReason::Shutdown),
                None => lost += 1,
            }
            false
        });
        let mut deferred: Vec<_> = sockets.iter().map(|_| VecDeque::new()).collect();
        for (old, messages) in self.deferred.drain(..).enumerate() {
            match place_now(old) {
                Some(place) => deferred[place] = messages,
                None => lost += messages.len(),
            }
        }
        self.deferred = deferred;
        self.debts.renumber(&place_now);
        lost
    }

    /// Has room for what waits for so many sockets.
    pub(super) fn make_room(&mut self, sockets: usize) {
        self.deferred.resize_with(sockets.max(self.deferred.len()), VecDeque::new);
    }

    /// What was given from outside and waits for its turn.
    pub(super) fn injected(&mut self) -> &mut InjectedQueue {
        &mut self.injected
    }

    /// When something that was given from outside has waited long enough.
    pub(super) fn injected_due(&self) -> Option<Instant> {
        self.injected.due()
    }

    /// Sends what was given from outside, after all that the node has to send by that socket.
    pub(super) fn send_injected(
        &mut self,
        place: usize,
        socket: &mut NodeSocket,
        one: &mut Injected,
    ) -> Outcome {
        let in_hand = |forward: &Forward| forward.to() == place && !forward.is_idle();
        if self.sends_by(place) || self.forwards.iter().any(in_hand) {
            return one.waits(FULL);
        }
        match socket.send(one.message(), &mut self.deferred[place]) {
            Sent::Taken => Outcome::Done(Ok(())),
            Sent::Waits if one.is_begun() => {
                // A message that was begun has to be ended before any other one.
                let message = std::mem::take(one.message());
                self.effects.push_front(Effect::Send { socket: place, message });
                Outcome::Done(Ok(()))
            }
            Sent::Waits if socket.awaits_reply => {
                one.waits("a req sends again when its last request is answered")
            }
            Sent::Waits if socket.passage.has_held() => {
                one.waits("a tap of this node that lets nothing pass unseen is full")
            }
            Sent::Waits => one.waits(FULL),
            Sent::Dropped(reason) => Outcome::Done(Err(format!("dropped: {}", reason.sentence()))),
            Sent::Refused(errno) => Outcome::Done(Err(format!("libzmq refused it: {errno}"))),
        }
    }
}

const FULL: &str = "no peer takes it: none is connected, or the queue of each is at its \
                    high-water mark";

#[cfg(test)]
mod tests;
