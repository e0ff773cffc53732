//! What a recording has as a picture of messages over time.
//!
//! Owns which stretch is read for one, what is shown beside messages, and what is said of those whose other
//! end is not there: no more than is known. Draws nothing, as `sequence` does, and never holds more of a
//! recording than a picture has.

mod drawn;
mod links;
mod pairing;
mod places;
mod rows;

use std::collections::HashSet;
use std::ffi::OsString;
use std::ops::{ControlFlow, RangeInclusive};
use std::time::Duration;

use serde_json::Value;

use self::drawn::Drawing;
use self::links::links;
use self::pairing::{Pairing, Party, Sent, is_for_all};
use self::places::Places;
use self::rows::{Key, Row, Rows};
use super::contents::{Entry, RecordingError};
use super::reader::Reader;
use crate::clock::{nanos, since_epoch};
use crate::node::{Direction, Passed, copy_of};
use crate::observe::Happened;
use crate::script::Level;
use crate::sequence::Sequence;

pub use self::drawn::LANES;
pub use self::rows::{LeftOut, ROWS};

/// How long before a stretch it is looked for what comes in it, and after it for what was sent in it.
const AROUND: Duration = Duration::from_secs(5);
/// How long after a stretch it is looked for those who get what others have got already.
const OTHERS: Duration = Duration::from_millis(100);
/// How long after the beginning of a recording may come what was sent before it; one that began so soon after
/// its run has that too.
const BEFORE: Duration = Duration::from_secs(1);
/// How much later than it a recording has to go on for a message that has not come to be missed.
const MISSED: Duration = Duration::from_secs(1);

/// What a picture is to have.
pub struct Wish<'w> {
    /// The stretch, in nanoseconds since the epoch; all without it.
    pub times: Option<RangeInclusive<u64>>,
    /// Whether a message is wanted, by what it is at either end.
    pub message: &'w mut dyn FnMut(&Passed) -> bool,
    /// Whether it is wanted what happened at a node, and perhaps at which of its sockets.
    pub node: &'w dyn Fn(&str, Option<&str>) -> bool,
    /// Whether more is wanted of that than what is missing.
    pub has_events: bool,
    /// What stands at a message.
    pub label: &'w dyn Fn(&Passed) -> String,
    /// The values of variables of the topology.
    pub lookup: &'w dyn Fn(&str) -> Option<OsString>,
}

/// A picture of a stretch.
#[derive(Clone, PartialEq, Debug)]
pub struct Story {
    /// The picture. Its times are counted from the recording's beginning.
    pub sequence: Sequence,
    /// What it has no room for.
    pub left_out: LeftOut,
    /// Whether the texts in the recording say who is linked with whom.
    pub is_by_links: bool,
}

/// Draws a stretch of a recording.
///
/// # Errors
///
/// When it cannot be read.
pub fn story(reader: &mut Reader, wish: Wish<'_>) -> Result<Story, RecordingError> {
    let whole = reader.times().unwrap_or(0..=0);
    let times = wish.times.clone().unwrap_or(0..=u64::MAX);
    let links = links(reader, &times, wish.lookup)?;
    let calls: HashSet<&str> = reader.calls().map(|it| copy_of(&it.instance).0).collect();
    let calls = Some(calls).filter(|calls| !calls.is_empty());
    let places = Places::of(reader.channels().values(), calls, &links.neighbours);
    // A broken-off recording may lack what came in its last second.
    let lacking = if reader.broken_off().is_some() { 2 * MISSED } else { MISSED };
    let around =
        times.start().saturating_sub(nanos(AROUND))..=times.end().saturating_add(nanos(AROUND));
    let mut teller = Teller {
        times,
        begun: *whole.start(),
        is_from_start: false,
        known_until: whole.end().saturating_sub(nanos(lacking)),
        are_fixed: links.are_fixed,
        places,
        pairing: Pairing::default(),
        rows: Rows::default(),
        count: 0,
        wish,
    };
    // Of what has one time, what was sent goes before what came.
    let mut together: (u64, Vec<Entry>) = (0, Vec::new());
    let read = reader.read(Some(around), |entry| {
        let at = time_of(&entry);
        if at != together.0 {
            teller.take_all(&mut together.1);
            together.0 = at;
        }
        together.1.push(entry);
        if teller.is_done(at) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    read?;
    teller.take_all(&mut together.1);
    let is_by_links = links.are_known;
    Ok(teller.finish(is_by_links))
}

fn time_of(entry: &Entry) -> u64 {
    let at = match entry {
        Entry::Message { passed, .. } => passed.at,
        Entry::Calls { calls, .. } => calls.at,
        Entry::Event { at, .. } | Entry::Gap { at, .. } => *at,
    };
    nanos(since_epoch(at))
}

/// Tells what happened, entry by entry.
struct Teller<'w> {
    times: RangeInclusive<u64>,
    /// When the recording begins.
    begun: u64,
    /// Until when it would have what came.
    known_until: u64,
    /// Whether that is when the run began.
    is_from_start: bool,
    /// Whether no handler changes who is linked with whom.
    are_fixed: bool,
    places: Places,
    pairing: Pairing,
    rows: Rows,
    /// How many entries there were.
    count: u64,
    wish: Wish<'w>,
}

impl Teller<'_> {
    /// Whether nothing that comes after a time can change the picture.
    fn is_done(&self, at: u64) -> bool {
        at > self.times.end().saturating_add(nanos(OTHERS)) && !self.rows.is_waiting()
    }

    fn take_all(&mut self, entries: &mut Vec<Entry>) {
        let is_sent = |entry: &Entry| matches!(entry, Entry::Message { passed, .. } if passed.direction == Direction::Out);
        entries.sort_by_key(|entry| !is_sent(entry));
        entries.drain(..).for_each(|entry| self.take(&entry));
    }

    fn take(&mut self, entry: &Entry) {
        self.count += 1;
        let at = time_of(entry);
        match entry {
            Entry::Message { passed, .. } if passed.direction == Direction::Out => {
                self.take_sent(passed, at);
            }
            Entry::Message { passed, .. } => self.take_received(passed, at),
            Entry::Gap { gap, .. } => self.take_gap(gap, at),
            Entry::Event { happened, .. } if self.times.contains(&at) => {
                self.take_event(happened, at);
            }
            // Calls are for a comparison.
            Entry::Calls { calls, .. } => {
                let stand = calls.stand.iter();
                let begun = stand.map(|stand| stand.at.saturating_sub(stand.running)).max();
                let begun =
                    begun.is_some_and(|begun| begun.saturating_add(nanos(BEFORE)) >= self.begun);
                self.is_from_start |= begun;
            }
            Entry::Event { .. } => {}
        }
    }

    fn take_sent(&mut self, passed: &Passed, at: u64) {
        let Some(from) = self.places.at(&passed.place) else { return };
        if at > *self.times.end() {
            return;
        }
        let is_wanted = self.times.contains(&at) && (self.wish.message)(passed);
        let is_for_all = is_for_all(passed.place.role);
        let sent = Sent { number: self.count, at, from, is_for_all, is_wanted, came: 0 };
        let to = self.pairing.send(&mut self.places, passed, sent);
        if is_wanted {
            let row = Row::Sent { from, to, came: None, is_for_all, text: String::new() };
            self.rows.add((at, self.count, 0), row, || (self.wish.label)(passed));
        }
    }

    fn take_received(&mut self, passed: &Passed, at: u64) {
        let Some(to) = self.places.at(&passed.place) else { return };
        let sent = match self.pairing.receive(&self.places, passed, (to, at)) {
            Ok(sent) => sent,
            Err(from) => return self.take_unpaired(passed, (to, at), from),
        };
        let key: Key = (sent.at, sent.number, sent.came);
        if sent.is_wanted && sent.came == 0 {
            self.rows.arrive(key, to, at);
            return;
        }
        if !(sent.is_wanted || self.times.contains(&at) && (self.wish.message)(passed)) {
            return;
        }
        let is_before = sent.at < *self.times.start();
        let before = seconds(at.saturating_sub(sent.at));
        let label = || match is_before {
            true => format!("{} (sent {before} before)", (self.wish.label)(passed)),
            false => (self.wish.label)(passed),
        };
        // What was sent before the stretch stands where it came.
        let key = if is_before { (at, self.count, 0) } else { key };
        let Sent { from, is_for_all, .. } = sent;
        let (to, text) = (Party::Inside(to), String::new());
        self.rows.add(key, Row::Sent { from, to, came: Some(at), is_for_all, text }, label);
    }

    /// A message came, and which it was is not known.
    fn take_unpaired(&mut self, passed: &Passed, (to, at): (usize, u64), from: Party) {
        if !self.times.contains(&at) || !(self.wish.message)(passed) {
            return;
        }
        let is_early = at < self.begun.saturating_add(nanos(BEFORE));
        let is_early = is_early && !self.places.linked(to).is_empty();
        let row = Row::Came { from, to, is_early, text: String::new() };
        self.rows.add((at, self.count, 0), row, || (self.wish.label)(passed));
    }

    fn take_event(&mut self, happened: &Value, at: u64) {
        let Ok(happened) = serde_json::from_value::<Happened>(happened.clone()) else {
            let lost = happened["count"].as_u64().unwrap_or_default();
            let row = Row::Step { text: String::new() };
            let text = || format!("{lost} events are missing here");
            return self.rows.add((at, self.count, 0), row, text);
        };
        let level = Level::ALL.into_iter().find(|level| level.word() == happened.level);
        let level = level.unwrap_or(Level::Info);
        if level > Level::Info {
            return;
        }
        let text = String::new();
        let row = match &happened.node {
            None => Row::Step { text },
            Some(node)
                if self.wish.has_events && (self.wish.node)(node, happened.socket.as_deref()) =>
            {
                Row::Note { node: node.clone(), text, is_alarm: level < Level::Info }
            }
            Some(_) => return,
        };
        self.rows.add((at, self.count, 0), row, || {
            let first = happened.message.lines().next().unwrap_or_default();
            match happened.repeated {
                0 => first.to_owned(),
                more => format!("{first} ({more} times more)"),
            }
        });
    }

    fn take_gap(&mut self, gap: &Value, at: u64) {
        let text = |name: &str| gap[name].as_str().unwrap_or_default();
        let (node, socket) = (text("node"), text("socket"));
        let direction = if text("direction") == "in" { Direction::In } else { Direction::Out };
        self.places.lacks(node, socket, direction);
        let until = Duration::try_from_secs_f64(gap["until"].as_f64().unwrap_or_default());
        let until = until.map_or(at, nanos).max(at);
        let overlaps = at <= *self.times.end() && until >= *self.times.start();
        if !overlaps || !(self.wish.node)(node, Some(socket)) {
            return;
        }
        let count = gap["messages"].as_u64().unwrap_or_default();
        let (node, text) = (node.to_owned(), String::new());
        let row = Row::Note { node, text, is_alarm: true };
        self.rows.add((at.max(*self.times.start()), self.count, 0), row, || {
            let (way, until) = (direction.word(), seconds(until.saturating_sub(self.begun)));
            format!("{count} messages are missing here: {socket} {way}, until {until}")
        });
    }

    fn finish(self, is_by_links: bool) -> Story {
        let Self { rows, places, begun, is_from_start, known_until, are_fixed, .. } = self;
        let (rows, left_out) = rows.finish();
        let mut drawing = Drawing::new(&places, begun, left_out);
        for ((at, ..), mut row) in rows {
            // It may have been sent before the recording began.
            if let Row::Came { from, is_early: true, .. } = &mut row
                && !is_from_start
            {
                *from = Party::Unknown;
            }
            let is_missed = are_fixed && at <= known_until && is_missed(&places, &row);
            drawing.draw(at, row, is_missed);
        }
        let (sequence, left_out) = drawing.finish();
        Story { sequence, left_out, is_by_links }
    }
}

/// Whether a message that has not come would have come to somebody whose messages all are there.
fn is_missed(places: &Places, row: &Row) -> bool {
    let Row::Sent { from, to, came: None, is_for_all: false, .. } = row else { return false };
    places.knows_receivers(*from, matches!(to, Party::Inside(_)))
}

/// `0.506 s`, of nanoseconds.
fn seconds(nanoseconds: u64) -> String {
    crate::sequence::seconds(Duration::from_nanos(nanoseconds))
}

#[cfg(test)]
mod tests;
