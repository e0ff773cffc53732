//! A moment of a recording: what passed in the second before it, and the last messages there.
//!
//! Owns how far back is looked for that, in time and in bytes. Never shows a message: `control` does.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use super::contents::{Entry, RecordingError};
use super::entry::topic;
use super::reader::{Reached, Reader, Selection};
use super::writer::nanoseconds;
use crate::clock::nanos;
use crate::node::{Direction, Passed, Place, Target};

/// Over what time figures are.
const WINDOW: Duration = Duration::from_secs(1);
/// How many messages are wanted.
const LAST: usize = 30;
/// Bytes of them that are kept.
const KEPT: usize = 2 << 20;
/// Bytes that are read for the figures, and for the messages before them, unpacked.
const READ: u64 = 64 << 20;

/// A moment of a recording.
#[derive(Debug)]
pub struct Around {
    /// Over what time the figures are: less than a second where more passed than is read.
    pub window: Duration,
    /// What passed each socket in it.
    pub sockets: Vec<Passage>,
    /// The last messages, the last one first, each with the host that it came from, where that is known.
    pub messages: Vec<(Passed, Option<String>)>,
}

/// What passed a socket one way.
#[derive(Clone, Debug)]
pub struct Passage {
    /// Which socket.
    pub place: Arc<Place>,
    /// Which way.
    pub direction: Direction,
    /// How many messages.
    pub messages: u64,
    /// Bytes of their frames.
    pub bytes: u64,
}

impl Around {
    /// The moment of that time, in nanoseconds since the epoch; the messages are those of these sockets, or of
    /// all where none is named.
    ///
    /// # Errors
    ///
    /// When a part of the recording cannot be read.
    pub fn of(reader: &mut Reader, at: u64, targets: &[Target]) -> Result<Self, RecordingError> {
        let since = at.saturating_sub(nanos(WINDOW));
        let mut last = Last::default();
        let mut passages: BTreeMap<(Arc<str>, Arc<str>, bool), Passage> = BTreeMap::new();
        let mut earliest = at;
        let selection = Selection {
            times: Some(since.saturating_add(1)..=at),
            topics: Some(topics(reader, &[])),
            is_backward: true,
            most: READ,
        };
        let reached = reader.select(selection, |entry| {
            let Entry::Message { passed, peer } = entry else { return ControlFlow::Continue(()) };
            earliest = earliest.min(nanoseconds(passed.at));
            note(&mut passages, &passed);
            if is_meant(targets, &passed.place) {
                last.take(passed, peer);
            }
            ControlFlow::<()>::Continue(())
        })?;
        let is_bound = reached == Reached::Bound;
        if !is_bound && !last.is_full() {
            let selection = Selection {
                times: Some(0..=since),
                topics: Some(topics(reader, targets)),
                is_backward: true,
                most: READ,
            };
            reader.select(selection, |entry| {
                let Entry::Message { passed, peer } = entry else {
                    return ControlFlow::Continue(());
                };
                last.take(passed, peer);
                if last.is_full() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            })?;
        }
        let begun = reader.times().map_or(at, |times| *times.start()).clamp(since, at);
        let covered = if is_bound { at - earliest } else { at - begun };
        Ok(Self {
            window: Duration::from_nanos(covered.max(1)),
            sockets: passages.into_values().collect(),
            messages: last.messages,
        })
    }
}

/// The last messages that were found.
#[derive(Default)]
struct Last {
    messages: Vec<(Passed, Option<String>)>,
    bytes: usize,
}

impl Last {
    fn is_full(&self) -> bool {
        self.messages.len() >= LAST || self.bytes >= KEPT
    }

    fn take(&mut self, passed: Passed, peer: Option<String>) {
        if !self.is_full() {
            self.bytes += passed.frames.iter().map(|frame| frame.len()).sum::<usize>();
            self.messages.push((passed, peer));
        }
    }
}

fn note(passages: &mut BTreeMap<(Arc<str>, Arc<str>, bool), Passage>, passed: &Passed) {
    let Passed { place, direction, frames, .. } = passed;
    let is_in = *direction == Direction::In;
    let key = (Arc::clone(&place.instance), Arc::clone(&place.socket), is_in);
    let passage = passages.entry(key).or_insert_with(|| Passage {
        place: Arc::clone(place),
        direction: *direction,
        messages: 0,
        bytes: 0,
    });
    passage.messages += 1;
    passage.bytes += frames.iter().map(|frame| frame.len() as u64).sum::<u64>();
}

/// The topics of the sockets that are meant.
fn topics(reader: &Reader, targets: &[Target]) -> BTreeSet<String> {
    let channels = reader.channels().values();
    let meant = channels.filter(|channel| is_meant(targets, &channel.place));
    meant.map(|channel| topic(&channel.place, channel.direction)).collect()
}

fn is_meant(targets: &[Target], place: &Place) -> bool {
    let means = |target: &Target| target.means_instance(&place.instance, &place.socket);
    targets.is_empty() || targets.iter().any(means)
}
