//! Looking at every message as it passes a socket, whole.
//!
//! Owns what waits for the reader, bounded by bytes. What finds no room is counted in its place, by
//! socket and direction, or holds its node back, as the reader wants it. Never drops in silence.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use super::calls::Calls;
use super::interception::{Direction, Interceptor, Interceptors, Passed, Passing, Place, Unseen};
use super::share::Share;
use super::target::Target;
use crate::clock;
use crate::lock::locked;
use crate::message::Frame;
use crate::topology::WhenFull;

/// Bytes that a message and each of its frames take beside what they say, about.
const OVERHEAD: usize = 64;

/// What a whole tap has for its reader.
#[derive(Debug)]
pub enum Seen {
    /// A message passed.
    Message(Passed),
    /// Here messages passed that found no room.
    Missing(Missing),
    /// Handlers of a node were called.
    Calls {
        /// The calls.
        calls: Arc<Calls>,
        /// How many before them found no room.
        missing: u64,
    },
}

impl Seen {
    /// When it passed, or the first of what is missing.
    #[must_use]
    pub fn at(&self) -> SystemTime {
        match self {
            Self::Message(passed) => passed.at,
            Self::Missing(missing) => missing.since,
            Self::Calls { calls, .. } => calls.at,
        }
    }
}

/// Messages that passed a socket one way and found no room.
#[derive(Debug)]
pub struct Missing {
    /// Where.
    pub place: Arc<Place>,
    /// Which way.
    pub direction: Direction,
    /// How many.
    pub messages: u64,
    /// When the first of them passed.
    pub since: SystemTime,
    /// When the last of them passed.
    pub until: SystemTime,
}

/// The reader's end of a whole tap; dropping it ends the tap.
#[derive(Debug)]
pub struct WholeReader {
    interceptors: Arc<Interceptors>,
    tap: Arc<WholeTap>,
}

/// What one reader wants to see, shared with the nodes that it looks at.
#[derive(Debug)]
struct WholeTap {
    target: Target,
    direction: Option<Direction>,
    /// Bytes that may wait.
    room: usize,
    when_full: WhenFull,
    /// Whether it sees the calls of handlers too.
    calls: bool,
    /// How often it has asked how the nodes stand.
    asked: AtomicU64,
    /// How many calls of each node have found no room since the last one that did.
    missed: Mutex<BTreeMap<Arc<str>, u64>>,
    closed: AtomicBool,
    /// Whether something found no room, and half of the room is not free again. Where messages may be
    /// missing none is looked at meanwhile, so that a node pays least where there is most to do.
    full: AtomicBool,
    /// Whether the reader says that it is behind.
    behind: AtomicBool,
    /// Bytes that wait.
    bytes: AtomicUsize,
    queue: Mutex<VecDeque<Seen>>,
}

impl Interceptors {
    /// Begins to look at every message of a part of the topology. So many bytes of them may wait for
    /// the reader; when they do, nodes are held back or messages are counted as missing.
    #[must_use]
    pub fn whole_tap(
        self: &Arc<Self>,
        target: Target,
        direction: Option<Direction>,
        room: usize,
        when_full: WhenFull,
    ) -> WholeReader {
        self.whole_tap_of((target, direction), false, room, when_full)
    }

    /// The same, and at the calls of handlers of nodes that are looked at as a whole.
    #[must_use]
    pub fn whole_tap_with_calls(
        self: &Arc<Self>,
        target: Target,
        room: usize,
        when_full: WhenFull,
    ) -> WholeReader {
        self.whole_tap_of((target, None), true, room, when_full)
    }

    fn whole_tap_of(
        self: &Arc<Self>,
        (target, direction): (Target, Option<Direction>),
        calls: bool,
        room: usize,
        when_full: WhenFull,
    ) -> WholeReader {
        let tap = Arc::new(WholeTap {
            target,
            direction,
            room,
            when_full,
            calls,
            asked: AtomicU64::new(0),
            missed: Mutex::default(),
            closed: AtomicBool::new(false),
            full: AtomicBool::new(false),
            behind: AtomicBool::new(false),
            bytes: AtomicUsize::new(0),
            queue: Mutex::default(),
        });
        self.add(Arc::clone(&tap) as Arc<dyn Interceptor>);
        WholeReader { interceptors: Arc::clone(self), tap }
    }
}

impl WholeReader {
    /// The next message, or what is missing in its place, if anything waits.
    #[must_use]
    pub fn try_next(&self) -> Option<Seen> {
        let seen = locked(&self.tap.queue).pop_front()?;
        self.tap.gone(size_of(&seen));
        Some(seen)
    }

    /// All that waits, behind what `into` has already; the memory of an empty one is used again.
    pub fn take_all(&self, into: &mut VecDeque<Seen>) {
        let known = into.len();
        {
            let mut queue = locked(&self.tap.queue);
            if known == 0 { std::mem::swap(&mut *queue, into) } else { into.append(&mut queue) }
        }
        self.tap.gone(into.iter().skip(known).map(size_of).sum());
    }

    /// The share of the thread that calls it, which is to read: it stands back where nodes want its processor too,
    /// and what is not given then is counted. Nodes that wait for it would wait for nothing else.
    #[must_use]
    pub fn stand_back(&self) -> Share {
        match self.tap.when_full {
            WhenFull::Drop => Share::standing_back(),
            WhenFull::Wait => Share::whole(),
        }
    }

    /// Says whether the reader is behind. Where messages may be missing, none is looked at then: it shall not wait for
    /// long, whatever room there is.
    pub fn set_behind(&self, is_behind: bool) {
        self.tap.behind.store(is_behind, Relaxed);
    }

    /// Whether so much waits that it should be taken soon.
    #[must_use]
    pub fn is_filling(&self) -> bool {
        self.tap.bytes.load(Relaxed) >= self.tap.room / 4
    }

    /// Asks the nodes how they stand, before their next calls.
    pub fn ask_stands(&self) {
        self.tap.asked.fetch_add(1, Relaxed);
    }

    /// How many calls of each node have found no room since the last one that did.
    #[must_use]
    pub fn take_missed_calls(&self) -> BTreeMap<Arc<str>, u64> {
        std::mem::take(&mut *locked(&self.tap.missed))
    }
}

impl Drop for WholeReader {
    fn drop(&mut self) {
        self.tap.closed.store(true, Relaxed);
        self.interceptors.remove(&self.tap);
        locked(&self.tap.queue).clear();
    }
}

impl Interceptor for WholeTap {
    fn target(&self) -> &Target {
        &self.target
    }

    fn wants(&self, direction: Direction) -> bool {
        self.looks(direction) && !self.passes_over()
    }

    fn holds(&self) -> bool {
        let waits = || self.bytes.load(Relaxed) >= self.room;
        self.when_full == WhenFull::Wait && waits() && !self.closed.load(Relaxed)
    }

    fn passed(&self, passing: Passing<'_>, frames: &[Frame]) {
        let Passing { direction, place, .. } = passing;
        if !self.looks(direction) || self.closed.load(Relaxed) {
            return;
        }
        let bytes = size(frames);
        let mut queue = locked(&self.queue);
        if self.takes(bytes) {
            self.bytes.fetch_add(bytes, Relaxed);
            queue.push_back(Seen::Message(Passed::of(passing, frames)));
        } else {
            miss(&mut queue, direction, place, Unseen { messages: 1, since: passing.at });
        }
    }

    fn passed_unseen(&self, direction: Direction, place: &Arc<Place>, unseen: Unseen) {
        if self.looks(direction) && !self.closed.load(Relaxed) {
            miss(&mut locked(&self.queue), direction, place, unseen);
        }
    }

    fn wants_calls(&self, node: &str, replica: u32) -> bool {
        // Of a part of a node it is not known what its handlers were given.
        self.calls && self.target.socket.is_none() && self.target.means(node, replica, "")
    }

    fn has_room_for_calls(&self) -> bool {
        !self.passes_over()
    }

    fn stands_asked(&self) -> u64 {
        self.asked.load(Relaxed)
    }

    fn called(&self, calls: &Arc<Calls>) {
        if self.closed.load(Relaxed) {
            return;
        }
        let mut queue = locked(&self.queue);
        let bytes = calls.bytes();
        if !self.takes(bytes) {
            let count = calls.calls.len() as u64;
            self.called_unseen(&calls.instance, count.max(1));
            return;
        }
        let missing = locked(&self.missed).remove(&calls.instance).unwrap_or_default();
        self.bytes.fetch_add(bytes, Relaxed);
        queue.push_back(Seen::Calls { calls: Arc::clone(calls), missing });
    }

    fn called_unseen(&self, instance: &Arc<str>, calls: u64) {
        *locked(&self.missed).entry(Arc::clone(instance)).or_default() += calls;
    }
}

impl WholeTap {
    fn looks(&self, direction: Direction) -> bool {
        self.direction.is_none_or(|wanted| wanted == direction)
    }

    /// Whether messages may be missing and none is looked at now.
    fn passes_over(&self) -> bool {
        let is_behind = || self.behind.load(Relaxed) && self.when_full == WhenFull::Drop;
        self.full.load(Relaxed) || is_behind()
    }

    /// So many bytes do not wait any more.
    fn gone(&self, bytes: usize) {
        let before = self.bytes.fetch_sub(bytes, Relaxed);
        if before - bytes <= self.room / 2 {
            self.full.store(false, Relaxed);
        }
    }

    /// Whether so many bytes more may wait; a single message always may. Nodes that are held back, and
    /// have to go on nevertheless because they end, may fill as much again.
    fn takes(&self, bytes: usize) -> bool {
        let room = match self.when_full {
            WhenFull::Wait => self.room.saturating_mul(2),
            WhenFull::Drop => self.room,
        };
        let waiting = self.bytes.load(Relaxed);
        let takes = waiting == 0 || waiting.saturating_add(bytes) <= room;
        if !takes && self.when_full == WhenFull::Drop {
            self.full.store(true, Relaxed);
        }
        takes
    }
}

/// Counts messages that found no room, once for each socket and direction since the last one that did.
fn miss(queue: &mut VecDeque<Seen>, direction: Direction, place: &Arc<Place>, unseen: Unseen) {
    let Unseen { messages, since } = unseen;
    let until = clock::time_of_day();
    for seen in queue.iter_mut().rev() {
        let Seen::Missing(missing) = seen else { break };
        if missing.direction == direction && missing.place == *place {
            missing.messages += messages;
            missing.until = until;
            return;
        }
    }
    let place = Arc::clone(place);
    queue.push_back(Seen::Missing(Missing { place, direction, messages, since, until }));
}

/// How much something takes while it waits, about.
fn size_of(seen: &Seen) -> usize {
    match seen {
        Seen::Message(passed) => size(&passed.frames),
        Seen::Missing(_) => 0,
        Seen::Calls { calls, .. } => calls.bytes(),
    }
}

/// How much a message takes while it waits, about.
fn size(frames: &[Frame]) -> usize {
    frames.iter().map(|frame| frame.len() + OVERHEAD).sum::<usize>() + OVERHEAD
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::Format;
    use crate::node::interception::{Lookout, Passage};
    use crate::zeromq::Role;

    fn passage(interceptors: &Arc<Interceptors>, socket: &str) -> Passage {
        let place = Place {
            instance: "a".into(),
            socket: socket.into(),
            role: Role::Pair,
            format: Format::Plain,
            numbered: false,
        };
        Lookout::new(interceptors).passage("a", 1, place)
    }

    /// Room for so many messages of one frame with one byte.
    fn room(messages: usize) -> usize {
        messages * (1 + 2 * OVERHEAD)
    }

    /// What waits: texts, and what is missing in their places.
    fn seen(reader: &WholeReader) -> Vec<String> {
        let shown = |seen| match seen {
            Seen::Message(passed) => {
                passed.frames.iter().map(|it| it.escape_ascii().to_string()).collect()
            }
            Seen::Missing(it) => {
                assert!(it.since <= it.until);
                format!("-{} {} {:?}", it.messages, it.place.socket, it.direction)
            }
            Seen::Calls { calls, missing } => format!("{} calls, -{missing}", calls.calls.len()),
        };
        std::iter::from_fn(|| reader.try_next()).map(shown).collect()
    }

    fn send(passage: &Passage, text: &str) {
        passage.sent(passage.copy(&[Frame::from(text)]).as_ref());
    }

    #[test]
    fn what_finds_no_room_is_counted_in_its_place_by_socket_and_direction() {
        let interceptors = Arc::new(Interceptors::default());
        let reader = interceptors.whole_tap("a".parse().unwrap(), None, room(2), WhenFull::Drop);
        let (one, other) = (passage(&interceptors, "one"), passage(&interceptors, "other"));
        for text in ["1", "2", "3", "4"] {
            one.received(&[Frame::from(text)]);
        }
        send(&other, "5");
        one.received(&[Frame::from("6")]);
        send(&one, "7");
        [&one, &other].iter().for_each(|passage| passage.tell_unseen());
        assert!(one.lets_through(), "nobody is held back");
        assert_eq!(seen(&reader), ["1", "2", "-3 one In", "-1 one Out", "-1 other Out"]);
        one.received(&[Frame::from("8")]);
        assert_eq!(seen(&reader), ["8"], "there is room again");
        one.received(&[Frame::from("x".repeat(1000).as_str())]);
        assert_eq!(seen(&reader)[0].len(), 1000, "a single one always finds room");
        for text in ["1", "2", "3"] {
            one.received(&[Frame::from(text)]);
        }
        one.tell_unseen();
        let mut all = VecDeque::new();
        reader.take_all(&mut all);
        assert!(
            matches!(&all.make_contiguous()[..], [_, _, Seen::Missing(it)] if it.messages == 1)
        );
        one.received(&[Frame::from("4")]);
        assert_eq!(seen(&reader), ["4"], "what was taken has left its room");
    }

    #[test]
    fn where_messages_may_be_missing_none_is_looked_at_until_half_of_the_room_is_free_again() {
        let interceptors = Arc::new(Interceptors::default());
        let reader = interceptors.whole_tap("a".parse().unwrap(), None, room(4), WhenFull::Drop);
        let passage = passage(&interceptors, "one");
        let sees = || passage.is_watched(Direction::In) && passage.is_watched(Direction::Out);
        for text in ["1", "2", "3", "4"] {
            assert!(sees());
            passage.received(&[Frame::from(text)]);
        }
        assert!(sees(), "there is no room, and nobody has needed any");
        passage.received(&[Frame::from("5")]);
        assert!(!sees());
        passage.received(&[Frame::from("6")]);
        send(&passage, "7");
        assert!(reader.try_next().is_some() && !sees(), "a quarter is free");
        assert!(reader.try_next().is_some() && sees());
        passage.received(&[Frame::from("8")]);
        assert_eq!(passage.number(), 7, "all that came is counted");
        // What was not looked at is told before what comes after it, or at the end of a round.
        assert_eq!(seen(&reader), ["3", "4", "-2 one In", "-1 one Out", "8"]);
        passage.passed_unseen(Direction::Out, 3);
        assert_eq!(seen(&reader), [""; 0]);
        passage.tell_unseen();
        assert_eq!(seen(&reader), ["-3 one Out"]);
        passage.passed_unseen(Direction::In, 2);
        drop(passage);
        assert_eq!(seen(&reader), ["-2 one In"], "nor is it lost with the socket");
    }

    #[test]
    fn a_reader_that_is_behind_is_given_nothing_more_unless_nodes_are_to_wait_for_it() {
        let interceptors = Arc::new(Interceptors::default());
        for (when_full, after) in [(WhenFull::Drop, "-1 one In"), (WhenFull::Wait, "2")] {
            let target = "a".parse().unwrap();
            let reader = interceptors.whole_tap(target, None, room(9), when_full);
            let passage = passage(&interceptors, "one");
            passage.received(&[Frame::from("1")]);
            reader.set_behind(true);
            passage.received(&[Frame::from("2")]);
            passage.tell_unseen();
            reader.set_behind(false);
            passage.received(&[Frame::from("3")]);
            assert_eq!(seen(&reader), ["1", after, "3"]);
        }
    }

    #[test]
    fn a_tap_that_holds_back_lets_nothing_through_while_it_is_full_and_loses_nothing() {
        let interceptors = Arc::new(Interceptors::default());
        let reader = interceptors.whole_tap("a".parse().unwrap(), None, room(2), WhenFull::Wait);
        let mut passage = passage(&interceptors, "one");
        for text in ["1", "2"] {
            assert!(passage.lets_through());
            passage.received(&[Frame::from(text)]);
        }
        assert!(!passage.lets_through());
        // What was on its way passes nevertheless.
        send(&passage, "3");
        assert_eq!(seen(&reader), ["1", "2", "3"]);
        assert!(passage.lets_through());
        for text in ["1", "2", "3", "4", "5"] {
            send(&passage, text);
        }
        assert!(!passage.lets_through());
        passage.open(true);
        assert!(passage.lets_through(), "who ends waits for nobody");
        passage.open(false);
        assert_eq!(seen(&reader), ["1", "2", "3", "4", "-1 one Out"], "and memory has an end");
        passage.received(&[Frame::from("6"), Frame::from("7"), Frame::from("8")]);
        assert!(!passage.lets_through());
        drop(reader);
        assert!(passage.lets_through(), "nobody is held back by who has gone");
    }

    #[test]
    fn one_direction_is_enough() {
        let interceptors = Arc::new(Interceptors::default());
        let out = Some(Direction::Out);
        let reader = interceptors.whole_tap("a".parse().unwrap(), out, room(9), WhenFull::Drop);
        let passage = passage(&interceptors, "one");
        assert!(passage.is_watched(Direction::Out) && !passage.is_watched(Direction::In));
        passage.received(&[Frame::from("in")]);
        passage.passed_unseen(Direction::In, 3);
        send(&passage, "out");
        passage.sent(None);
        passage.passed_unseen(Direction::Out, 2);
        passage.tell_unseen();
        assert_eq!(seen(&reader), ["out", "-3 one Out"]);
    }
}
