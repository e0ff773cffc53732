//! Looking at messages as they pass a socket, without holding them up.
//!
//! Owns the way of a message from a node to whoever taps it. A node never waits for a reader: it
//! shares a message while it has credit from the reader, and counts it as dropped otherwise. What
//! a message means is the reader's business.

use std::fmt;
use std::str::FromStr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use crate::counters::Counter;
use crate::lock::locked;
use crate::message::{Format, Frame, Multipart, share_all};
use crate::zeromq::Role;

/// Which way a message went.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// The socket received it.
    In,
    /// libzmq took it to send it.
    Out,
}

/// A part of a topology as a user names it: `node`, `node.2`, `node.socket` or `node.2.socket`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Target {
    /// The node.
    pub node: String,
    /// One of its copies, from 1; all of them without.
    pub replica: Option<u32>,
    /// One of its sockets; all of them without.
    pub socket: Option<String>,
}

impl FromStr for Target {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut parts = text.split('.');
        let node = parts.next().unwrap_or_default().to_owned();
        let mut target = Self { node, replica: None, socket: None };
        for part in parts {
            match part.parse::<u32>() {
                Ok(replica) if target.replica.is_none() && target.socket.is_none() => {
                    target.replica = Some(replica);
                }
                Err(_) if target.socket.is_none() && !part.is_empty() => {
                    target.socket = Some(part.to_owned());
                }
                _ => return Err(not_a_target(text)),
            }
        }
        if target.node.is_empty() { Err(not_a_target(text)) } else { Ok(target) }
    }
}

fn not_a_target(text: &str) -> String {
    format!("{text:?} is not of the form NODE, NODE.SOCKET, NODE.COPY or NODE.COPY.SOCKET")
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.node)?;
        if let Some(replica) = self.replica {
            write!(f, ".{replica}")?;
        }
        if let Some(socket) = &self.socket {
            write!(f, ".{socket}")?;
        }
        Ok(())
    }
}

/// A message that passed a socket.
#[derive(Debug)]
pub struct Tapped {
    /// When.
    pub at: SystemTime,
    /// Which way.
    pub direction: Direction,
    /// Where.
    pub place: Arc<Place>,
    /// All frames as libzmq has them, the envelope included.
    pub frames: Multipart,
}

/// A socket of a running node, with what is needed to read its messages.
#[derive(PartialEq, Eq, Debug)]
pub struct Place {
    /// The node, with its copy's number where it is replicated.
    pub instance: Arc<str>,
    /// The socket's name.
    pub socket: Arc<str>,
    /// Its role.
    pub role: Role,
    /// How its messages are laid out.
    pub format: Format,
    /// Whether its messages end with a frame of `sequence`.
    pub numbered: bool,
}

/// All taps of a running topology. Nodes look at it once a round.
#[derive(Default, Debug)]
pub struct Taps {
    /// Grows with every change of the list.
    version: AtomicU64,
    list: Mutex<Vec<Arc<Tap>>>,
}

/// What one reader wants to see, shared with the nodes that it looks at.
#[derive(Debug)]
struct Tap {
    target: Target,
    direction: Option<Direction>,
    /// Messages that the reader has room for.
    credit: AtomicU64,
    closed: AtomicBool,
    queue: SyncSender<Tapped>,
    /// What did not fit, for each socket that was ever looked at.
    dropped: Mutex<Vec<Arc<Counter>>>,
}

/// The reader's end of a tap; dropping it ends the tap.
#[derive(Debug)]
pub struct TapReader {
    taps: Arc<Taps>,
    tap: Arc<Tap>,
    queue: Receiver<Tapped>,
}

impl Taps {
    /// Begins to look at a part of the topology. `room` messages may wait for the reader.
    #[must_use]
    pub fn open(
        self: &Arc<Self>,
        target: Target,
        direction: Option<Direction>,
        room: u32,
    ) -> TapReader {
        let (sender, queue) = sync_channel(room as usize);
        let tap = Arc::new(Tap {
            target,
            direction,
            credit: AtomicU64::new(room.into()),
            closed: AtomicBool::new(false),
            queue: sender,
            dropped: Mutex::default(),
        });
        locked(&self.list).push(Arc::clone(&tap));
        self.version.fetch_add(1, Relaxed);
        TapReader { taps: Arc::clone(self), tap, queue }
    }

    fn of(&self, node: &str, replica: u32, socket: &str) -> Vec<Arc<Tap>> {
        let list = locked(&self.list);
        list.iter().filter(|tap| tap.looks_at(node, replica, socket)).cloned().collect()
    }
}

impl TapReader {
    /// The next message, if one waits.
    #[must_use]
    pub fn try_next(&self) -> Option<Tapped> {
        self.queue.try_recv().ok()
    }

    /// Lets the nodes share so many messages more: as many as were taken out, at most.
    pub fn give_credit(&self, messages: u64) {
        self.tap.credit.fetch_add(messages, Relaxed);
    }

    /// How many messages passed without being shared, since the beginning.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        locked(&self.tap.dropped).iter().map(|counter| counter.get()).sum()
    }
}

impl Drop for TapReader {
    fn drop(&mut self) {
        self.tap.closed.store(true, Relaxed);
        locked(&self.taps.list).retain(|tap| !Arc::ptr_eq(tap, &self.tap));
        self.taps.version.fetch_add(1, Relaxed);
    }
}

impl Tap {
    fn looks_at(&self, node: &str, replica: u32, socket: &str) -> bool {
        let target = &self.target;
        target.node == node
            && target.replica.is_none_or(|wanted| wanted == replica)
            && target.socket.as_ref().is_none_or(|name| name == socket)
    }

    /// Takes one message's credit, if there is any.
    fn take_credit(&self) -> bool {
        let mut credit = self.credit.load(Relaxed);
        while credit > 0 && !self.closed.load(Relaxed) {
            match self.credit.compare_exchange_weak(credit, credit - 1, Relaxed, Relaxed) {
                Ok(_) => return true,
                Err(now) => credit = now,
            }
        }
        false
    }
}

/// The taps that look at one socket; mostly none.
#[derive(Default, Debug)]
pub(super) struct Ends(Vec<TapEnd>);

#[derive(Debug)]
struct TapEnd {
    tap: Arc<Tap>,
    place: Arc<Place>,
    dropped: Arc<Counter>,
}

impl Ends {
    /// Whether nobody looks.
    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a message that goes that way would be shown to somebody.
    #[inline]
    pub(super) fn have_room(&self, direction: Direction) -> bool {
        self.0.iter().any(|end| end.has_room(direction))
    }

    /// Counts messages that were not shown, because nobody had room for them.
    #[inline]
    pub(super) fn passed(&self, direction: Direction, messages: usize) {
        for end in self.0.iter().filter(|end| end.wants(direction)) {
            end.dropped.add(messages as u64);
        }
    }

    /// Shows a message that arrived.
    pub(super) fn received(&self, frames: &[Frame]) {
        for end in &self.0 {
            end.show(Direction::In, Some(frames));
        }
    }

    /// A second message with the same frames, if somebody has room for it: sending empties the
    /// first one.
    pub(super) fn copy(&self, frames: &[Frame]) -> Option<Multipart> {
        self.have_room(Direction::Out).then(|| share_all(frames))
    }

    /// Shows a message that was sent.
    pub(super) fn sent(&self, copy: Option<&Multipart>) {
        for end in &self.0 {
            end.show(Direction::Out, copy.map(|frames| &frames[..]));
        }
    }
}

impl TapEnd {
    fn wants(&self, direction: Direction) -> bool {
        self.tap.direction.is_none_or(|wanted| wanted == direction)
    }

    fn has_room(&self, direction: Direction) -> bool {
        self.wants(direction) && self.tap.credit.load(Relaxed) > 0
    }

    fn show(&self, direction: Direction, frames: Option<&[Frame]>) {
        if !self.wants(direction) {
            return;
        }
        let shown = frames.filter(|_| self.tap.take_credit()).is_some_and(|frames| {
            let (place, frames) = (Arc::clone(&self.place), share_all(frames));
            let tapped = Tapped { at: SystemTime::now(), direction, place, frames };
            self.tap.queue.try_send(tapped).is_ok()
        });
        if !shown {
            self.dropped.add(1);
        }
    }
}

/// A node's look at the list of taps.
#[derive(Debug)]
pub(super) struct TapWatch {
    taps: Arc<Taps>,
    /// The version of the list that was last looked at.
    seen: Option<u64>,
}

impl TapWatch {
    pub(super) fn new(taps: &Arc<Taps>) -> Self {
        Self { taps: Arc::clone(taps), seen: None }
    }

    /// Whether anybody began or ceased to look since this was last asked.
    #[inline]
    pub(super) fn has_changed(&mut self) -> bool {
        let version = self.taps.version.load(Relaxed);
        self.seen.replace(version) != Some(version)
    }

    /// Has all sockets looked at anew: what is known of one may be another thing now.
    pub(super) fn look_again(&mut self) {
        self.seen = None;
    }

    /// Lets those who look at a socket of this copy of a node see its messages.
    pub(super) fn attach(&self, node: &str, replica: u32, place: Place, ends: &mut Ends) {
        let before = std::mem::take(&mut ends.0);
        let place = Arc::new(place);
        let taps = self.taps.of(node, replica, &place.socket);
        ends.0.extend(taps.into_iter().map(|tap| {
            let known = before.iter().find(|end| Arc::ptr_eq(&end.tap, &tap));
            let dropped = known.map_or_else(
                || {
                    let counter = Arc::default();
                    locked(&tap.dropped).push(Arc::clone(&counter));
                    counter
                },
                |end| Arc::clone(&end.dropped),
            );
            TapEnd { tap, place: Arc::clone(&place), dropped }
        }));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_a_node_and_perhaps_a_copy_and_a_socket() {
        for (text, node, replica, socket) in [
            ("a", "a", None, None),
            ("a.2", "a", Some(2), None),
            ("a.out", "a", None, Some("out")),
            ("a-b.12.out", "a-b", Some(12), Some("out")),
        ] {
            let target: Target = text.parse().unwrap();
            let want = Target { node: node.into(), replica, socket: socket.map(Into::into) };
            assert_eq!(target, want);
            assert_eq!(target.to_string(), text);
        }
        for text in ["", ".a", "a.", "a..b", "a.b.c", "a.1.2", "a.out.1"] {
            assert!(text.parse::<Target>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn what_finds_no_credit_is_counted_and_nothing_else() {
        let taps = Arc::new(Taps::default());
        let reader = taps.open("a".parse().unwrap(), Some(Direction::In), 2);
        let place = Arc::new(Place {
            instance: "a".into(),
            socket: "in".into(),
            role: Role::Pull,
            format: Format::Plain,
            numbered: false,
        });
        let dropped: Arc<Counter> = Arc::default();
        locked(&reader.tap.dropped).push(Arc::clone(&dropped));
        let end = TapEnd { tap: Arc::clone(&reader.tap), place, dropped };
        let ends = Ends(vec![end]);
        for text in ["1", "2", "3"] {
            ends.received(&[Frame::from(text)]);
        }
        ends.sent(Some(&Multipart::from_buf([Frame::from("out")])));
        assert_eq!(reader.dropped(), 1);
        assert_eq!(&*reader.try_next().unwrap().frames[0], b"1");
        reader.give_credit(1);
        ends.received(&[Frame::from("4")]);
        let rest: Vec<_> = std::iter::from_fn(|| reader.try_next()).collect();
        assert_eq!(rest.len(), 2);
        assert_eq!((&*rest[1].frames[0], reader.dropped()), (&b"4"[..], 1));
    }
}
