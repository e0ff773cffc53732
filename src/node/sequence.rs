//! `sequence: true`: numbering what a publisher sends, and checking it where it arrives.
//!
//! The trailing frame is text, `<source> <number> <seconds since the epoch>`, so that a peer in
//! any language can take part. Numbers count per source and per message id or topic, so a
//! subscriber that filters sees no gaps. Owns the numbers; never drops a message.

use std::collections::HashMap;

use crate::clock::{self, since_epoch};
use crate::counters::SocketCounters;
use crate::message::{Format, Frame, Malformed, Multipart, parse_tagged};

/// What a message is numbered by: its id or topic, or nothing in format `plain`.
type Tag = Vec<u8>;

/// Numbers the messages of one publishing socket.
#[derive(Debug)]
pub(super) struct Numbering {
    source: String,
    numbers: HashMap<Tag, u64>,
}

impl Numbering {
    /// A numbering from 1, of a source that no other run shares.
    pub(super) fn new(name: &str) -> Self {
        let run = since_epoch(clock::time_of_day()).as_micros();
        Self { source: format!("{name}@{run:x}"), numbers: HashMap::new() }
    }

    /// Adds the trailing frame.
    pub(super) fn number(&mut self, format: Format, frames: &mut Multipart) {
        let number = self.numbers.entry(tag(format, frames)).or_default();
        *number += 1;
        let now = since_epoch(clock::time_of_day()).as_secs_f64();
        let text = format!("{} {number} {now:.6}", self.source);
        frames.push(Frame::from(text.as_str()));
    }
}

/// Checks the numbers of everything that one socket receives.
#[derive(Default, Debug)]
pub(super) struct Checking {
    last: HashMap<(String, Tag), u64>,
}

impl Checking {
    /// Takes the trailing frame off, and counts gaps, duplicates and delay.
    ///
    /// # Errors
    ///
    /// When there is no such frame; the message is left as it was.
    pub(super) fn check(
        &mut self,
        format: Format,
        frames: &mut Multipart,
        counters: &SocketCounters,
    ) -> Result<(), Malformed> {
        let (source, number, sent) = frames.last().and_then(parse).ok_or(Malformed::Sequence)?;
        frames.pop();
        let delay = since_epoch(clock::time_of_day()).as_secs_f64() - sent;
        counters.delay_micros.set((delay.max(0.0) * 1e6) as u64);
        match self.last.entry((source, tag(format, frames))) {
            // Whoever joins late has missed nothing that it asked for.
            std::collections::hash_map::Entry::Vacant(entry) => drop(entry.insert(number)),
            std::collections::hash_map::Entry::Occupied(mut entry) if number > *entry.get() => {
                counters.sequence_gaps.add(number - entry.get() - 1);
                entry.insert(number);
            }
            std::collections::hash_map::Entry::Occupied(_) => counters.sequence_duplicates.add(1),
        }
        Ok(())
    }
}

fn parse(frame: &Frame) -> Option<(String, u64, f64)> {
    let mut words = std::str::from_utf8(frame).ok()?.split(' ');
    let source = words.next().filter(|source| !source.is_empty())?.to_owned();
    let number = words.next()?.parse().ok()?;
    let sent = words.next()?.parse().ok()?;
    words.next().is_none().then_some((source, number, sent))
}

fn tag(format: Format, frames: &[Frame]) -> Tag {
    match (format, frames) {
        (Format::Msgid, [frame, ..]) => parse_tagged(frame)
            .map_or_else(|_| Tag::new(), |tagged| tagged.msgid.to_be_bytes().into()),
        (Format::Envelope, [topic, ..]) => topic.to_vec(),
        _ => Tag::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(text: &str) -> Multipart {
        Multipart::from_buf([Frame::from(text)])
    }

    #[test]
    fn gaps_and_duplicates_are_counted_per_message_id() {
        let mut numbering = Numbering::new("station.pub");
        let mut sent = Vec::new();
        for text in ["1 text a", "2 text b", "1 text c", "1 text d", "2 text e"] {
            let mut frames = message(text);
            numbering.number(Format::Msgid, &mut frames);
            sent.push(frames);
        }
        let counters = SocketCounters::default();
        let mut checking = Checking::default();
        // Of id 1 the second is missing; of id 2 the last arrives twice.
        for at in [0, 1, 3, 4, 4] {
            let mut frames = crate::message::share_all(&sent[at]);
            checking.check(Format::Msgid, &mut frames, &counters).unwrap();
            assert_eq!(frames.len(), 1);
        }
        assert_eq!(counters.sequence_gaps.get(), 1);
        assert_eq!(counters.sequence_duplicates.get(), 1);
    }

    #[test]
    fn a_message_without_the_frame_is_malformed() {
        let counters = SocketCounters::default();
        for text in ["1 text a", "station x 1.5", "station 1", " 1 1.5", "a 1 1.5 more"] {
            let mut frames = message(text);
            let checked = Checking::default().check(Format::Plain, &mut frames, &counters);
            assert_eq!((checked, frames.len()), (Err(Malformed::Sequence), 1), "{text}");
        }
    }
}
