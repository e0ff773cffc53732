//! Which message that came is which that was sent.
//!
//! Owns what is on its way, as far as it is remembered: what says the same is the same, in order, where
//! there is a link. Never holds a message.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use super::places::{At, Places};
use crate::clock::nanos;
use crate::node::{ON_ITS_WAY, Passed, said};
use crate::zeromq::Role;

/// How long what a new subscriber gets may have been on its way, where several say the same.
const JOINING: Duration = Duration::from_millis(100);
/// How many messages are remembered as being on their way, of those that are for one and of those for all.
const REMEMBERED: usize = 1 << 18;
/// From how many on that say the same it is remembered how far they have been looked through, and how often.
const MANY: usize = 8;
const HINTS: usize = 1 << 16;
/// How many routing ids are remembered.
const IDS: usize = 1 << 16;

/// Pairs what comes with what was sent.
#[derive(Default, Debug)]
pub(super) struct Pairing {
    under_way: HashMap<Kind, Queue>,
    /// What was sent for one and what was sent for all, the oldest first, as it is forgotten.
    order: [VecDeque<(Kind, u64)>; 2],
    /// How many of a kind a socket need not look at again.
    hints: HashMap<(Kind, At), u64>,
    /// The last message that a socket got from another one.
    last: HashMap<(At, At), u64>,
    /// By a socket's routing ids of its peers: who they are, as far as that has been seen.
    ids: HashMap<(At, Box<[u8]>), Party>,
}

/// Messages that say the same, from one socket of all copies of a node.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
struct Kind {
    port: usize,
    said: u64,
    /// The one socket that they are for, where they name it.
    only: Option<At>,
}

/// Who is at the other end.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) enum Party {
    /// A socket of the recording.
    Inside(At),
    /// Nobody of the file; its routing id where that is known.
    Outside(Option<Box<[u8]>>),
    /// That is not known.
    Unknown,
}

/// A message as it was sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Sent {
    /// Its number: later ones have a higher one.
    pub(super) number: u64,
    /// When, in nanoseconds since the epoch.
    pub(super) at: u64,
    /// From where.
    pub(super) from: At,
    /// Whether it goes to every peer that wants it.
    pub(super) is_for_all: bool,
    /// Whether it is wanted in the picture.
    pub(super) is_wanted: bool,
    /// How often it has come.
    pub(super) came: u32,
}

#[derive(Default, Debug)]
struct Queue {
    /// How many are gone from its front.
    gone: u64,
    sent: VecDeque<Sent>,
}

impl Pairing {
    /// Notes a message that was sent; to whom, as far as that is known before it comes.
    pub(super) fn send(&mut self, places: &mut Places, passed: &Passed, sent: Sent) -> Party {
        let id = routing_id(passed);
        let known = id.and_then(|id| self.ids.get(&(sent.from, id.into())));
        if places.linked(sent.from).is_empty() {
            return Party::Outside(id.map(Into::into));
        }
        let only = match known {
            Some(outside @ Party::Outside(_)) => return outside.clone(),
            Some(Party::Inside(at)) => Some(*at),
            Some(Party::Unknown) | None => None,
        };
        let kind = Kind { port: places.port(sent.from), said: said(passed), only };
        self.under_way.entry(kind).or_default().sent.push_back(sent);
        let order = &mut self.order[usize::from(sent.is_for_all)];
        order.push_back((kind, sent.number));
        if order.len() > REMEMBERED
            && let Some((kind, number)) = order.pop_front()
        {
            self.forget(places, (kind, number), sent.at);
        }
        only.map_or(Party::Unknown, Party::Inside)
    }

    /// Which message it is that came; otherwise who sent it, as far as that is known.
    pub(super) fn receive(
        &mut self,
        places: &Places,
        passed: &Passed,
        (to, at): (At, u64),
    ) -> Result<Sent, Party> {
        let said = said(passed);
        let kinds = places
            .linked(to)
            .iter()
            .flat_map(|&port| [None, Some(to)].map(|only| Kind { port, said, only }));
        let mut found: Option<(Kind, usize, u64)> = None;
        for kind in kinds {
            let Some((place, number)) = self.find(kind, to, at) else { continue };
            if found.is_none_or(|(_, _, other)| number < other) {
                found = Some((kind, place, number));
            }
        }
        let sent = found.and_then(|(kind, place, _)| self.take(kind, place));
        let id = routing_id(passed);
        let party = match sent {
            Some(sent) => Party::Inside(sent.from),
            None if places.is_from_outside(to, passed.place.role) => {
                Party::Outside(id.map(Into::into))
            }
            None => Party::Unknown,
        };
        self.note_id(to, id, &party);
        let Some(sent) = sent else { return Err(party) };
        self.last.insert((to, sent.from), sent.number);
        Ok(sent)
    }

    /// The first of a kind that may be what came to a socket: its place and its number. What comes from one
    /// socket to another one comes in order.
    fn find(&mut self, kind: Kind, to: At, now: u64) -> Option<(usize, u64)> {
        let queue = self.under_way.get(&kind)?;
        let hint = self.hints.get(&(kind, to)).map_or(0, |hint| hint.saturating_sub(queue.gone));
        let mut late = None;
        let mut looked = usize::try_from(hint).unwrap_or(usize::MAX);
        for (place, sent) in queue.sent.iter().enumerate().skip(looked) {
            looked = place;
            let found = Some((place, sent.number));
            match self.last.get(&(to, sent.from)) {
                _ if !sent.may_come(now) => {}
                Some(last) if sent.number <= *last => {}
                // A subscriber that has just come did not get all that was sent before.
                None if sent.is_for_all && now.saturating_sub(sent.at) > nanos(JOINING) => {
                    late = found;
                }
                Some(_) | None => {
                    late = found;
                    break;
                }
            }
        }
        if late.is_none_or(|(place, _)| place == looked) && looked >= MANY {
            if self.hints.len() >= HINTS {
                self.hints.clear();
            }
            self.hints.insert((kind, to), queue.gone + looked as u64);
        }
        late
    }

    fn take(&mut self, kind: Kind, place: usize) -> Option<Sent> {
        let queue = self.under_way.get_mut(&kind)?;
        let sent = queue.sent.get_mut(place)?;
        let taken = *sent;
        sent.came += 1;
        while queue.sent.front().is_some_and(Sent::is_over) {
            queue.sent.pop_front();
            queue.gone += 1;
        }
        if queue.sent.is_empty() {
            self.under_way.remove(&kind);
        }
        Some(taken)
    }

    /// Notes whose routing id it was.
    fn note_id(&mut self, at: At, id: Option<&[u8]>, party: &Party) {
        let Some(id) = id else { return };
        if self.ids.len() >= IDS {
            self.ids.clear();
        }
        self.ids.insert((at, id.into()), party.clone());
    }

    /// Forgets a message, the oldest of its kind that there may be.
    fn forget(&mut self, places: &mut Places, (kind, number): (Kind, u64), now: u64) {
        let Some(queue) = self.under_way.get_mut(&kind) else { return };
        if let Some(oldest) = queue.sent.front().filter(|sent| sent.number == number) {
            if oldest.may_come(now) {
                places.forget(kind.port);
            }
            queue.sent.pop_front();
            queue.gone += 1;
        }
        if queue.sent.is_empty() {
            self.under_way.remove(&kind);
        }
    }
}

impl Sent {
    /// Whether it cannot come any more.
    fn is_over(&self) -> bool {
        !self.is_for_all && self.came > 0
    }

    /// Whether it may be on its way yet.
    fn may_come(&self, now: u64) -> bool {
        !self.is_over() && now.saturating_sub(self.at) <= nanos(ON_ITS_WAY)
    }
}

/// Whether a message of a socket of that role goes to every peer that wants it.
pub(super) fn is_for_all(role: Role) -> bool {
    role.publishes() || role == Role::Xsub
}

/// The routing id of the peer that a message is from or for, where its socket names one.
fn routing_id(passed: &Passed) -> Option<&[u8]> {
    passed.frames.first().filter(|_| passed.place.role.routes()).map(|frame| &**frame)
}

#[cfg(test)]
mod tests;
