//! Recording a run while it runs.
//!
//! Owns what is read from the run, in which steps it is written, and what becomes of a file that takes no
//! more. What is recorded is complete, or says exactly what is missing. Never holds a node back that was
//! not to be.

use std::collections::VecDeque;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use super::writer::Writer;
use crate::backlog::Room;
use crate::event::{EventKind, EventReader, Events, Heard};
use crate::load::Versions;
use crate::message::Frame;
use crate::node::{Calls, Direction, Interceptors, Passed, Seen, Share, Target, WholeReader};
use crate::observe::Happened;
use crate::topology::WhenFull;

/// Bytes of messages that may wait to be written.
const ROOM: usize = 64 << 20;
/// How much of what happens may wait to be written.
const EVENTS_ROOM: Room = Room { entries: 65_536, bytes: 16 << 20 };
/// How old what is given may be before it is in the file: a run that is killed loses no more.
const FLUSH_EVERY: Duration = Duration::from_millis(500);

/// How long what was taken may take to be written before more is too much.
const BEHIND: Duration = Duration::from_millis(100);
/// How many messages are written before it looks at the time.
const LOOK_AFTER: usize = 256;
/// How long after something was missing nodes are asked how they stand: where much is, not for each of it.
const ASK_AFTER: Duration = Duration::from_secs(1);

/// What is recorded, and where to.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    /// The file, which must not be there.
    pub(crate) to: PathBuf,
    /// Which sockets.
    pub(crate) target: Target,
    /// What becomes of messages that the recording is too slow for: they are counted as missing, or their
    /// nodes wait.
    pub(crate) when_full: WhenFull,
    /// Whether the calls of handlers too, which a comparison needs.
    pub(crate) calls: bool,
    /// A file that has so many bytes is followed by another one.
    pub(crate) rotate: Option<u64>,
}

/// What a recording has so far.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(crate) struct Recorded {
    /// Messages, each way.
    pub(crate) messages: u64,
    /// Messages that passed and are not in it.
    pub(crate) missing: u64,
    /// Bytes of all its files, as far as they are written.
    pub(crate) bytes: u64,
    /// How many files.
    pub(crate) files: u32,
}

/// A recording at work.
pub(crate) struct Recorder {
    wanted: Wanted,
    writer: Writer,
    reader: WholeReader,
    /// What this thread may take of the processor.
    share: Share,
    events: EventReader,
    versions: Versions,
    /// The last version whose texts are in the file.
    generation: u64,
    waiting: VecDeque<Seen>,
    /// When it was seen first that something is missing, without which it is not known how nodes stand.
    is_short: Option<Instant>,
    recorded: Recorded,
    /// Bytes of the files before this one.
    before: u64,
    flushed: Instant,
    is_dirty: bool,
}

impl Recorder {
    /// Begins a recording.
    ///
    /// # Errors
    ///
    /// When its file is there already, or cannot be written.
    pub(crate) fn begin(
        wanted: Wanted,
        interceptors: &std::sync::Arc<Interceptors>,
        events: &Events,
        versions: &Versions,
    ) -> io::Result<Self> {
        let writer = Writer::create(&wanted.to)?;
        let events = events.subscribe(EVENTS_ROOM, |_| true);
        let (target, when_full) = (wanted.target.clone(), wanted.when_full);
        let reader = if wanted.calls {
            interceptors.whole_tap_with_calls(target, ROOM, when_full)
        } else {
            interceptors.whole_tap(target, None, ROOM, when_full)
        };
        Ok(Self {
            wanted,
            writer,
            reader,
            share: Share::whole(),
            events,
            versions: versions.clone(),
            generation: 0,
            waiting: VecDeque::new(),
            is_short: None,
            recorded: Recorded { files: 1, ..Recorded::default() },
            before: 0,
            flushed: Instant::now(),
            is_dirty: true,
        })
    }

    /// Has this thread, which is to record, stand back where nodes want its processor too, unless they are
    /// to wait for it.
    pub(crate) fn stand_back(&mut self) {
        self.share = self.reader.stand_back();
    }

    /// Writes what has come since it was last called, as far as it is wanted; whether anything had.
    ///
    /// # Errors
    ///
    /// When the file takes no more. What was written before stays.
    pub(crate) fn step(&mut self, wants: &mut dyn FnMut(&Passed) -> bool) -> io::Result<bool> {
        if self.generation == 0 {
            self.write_texts(u64::MAX, SystemTime::now())?;
        }
        self.reader.take_all(&mut self.waiting);
        let mut found = !self.waiting.is_empty();
        self.write_waiting(wants)?;
        while let Some(heard) = self.events.try_next() {
            found = true;
            self.write_event(&heard)?;
        }
        if self.is_short.is_some_and(|since| since.elapsed() >= ASK_AFTER) {
            self.is_short = None;
            self.reader.ask_stands();
        }
        self.is_dirty |= found;
        self.flush_if_due()?;
        Ok(found)
    }

    /// Writes what was taken. Where that lasts, nodes are told: what is given shall be in the file within a second.
    /// So they are where they would wait for a processor that this takes.
    fn write_waiting(&mut self, wants: &mut dyn FnMut(&Passed) -> bool) -> io::Result<()> {
        let begun = Instant::now();
        let mut is_behind = false;
        let mut written = 0_usize;
        while let Some(seen) = self.waiting.pop_front() {
            self.write(&seen, wants)?;
            self.is_dirty = true;
            written += 1;
            if written.is_multiple_of(LOOK_AFTER) {
                self.flush_if_due()?;
                if !is_behind && (begun.elapsed() >= BEHIND || self.share.is_spent()) {
                    is_behind = true;
                    self.reader.set_behind(true);
                }
            }
        }
        // What came until it was told is the next to be written.
        self.reader.set_behind(is_behind || self.share.is_spent());
        Ok(())
    }

    fn flush_if_due(&mut self) -> io::Result<()> {
        let is_due = self.is_dirty && self.flushed.elapsed() >= FLUSH_EVERY;
        if is_due { self.flush() } else { Ok(()) }
    }

    /// Whether so much waits to be written that it should go on at once. Otherwise it should let some come
    /// together: whoever takes each message by itself is in the way of who gives it.
    pub(crate) fn is_pressed(&self) -> bool {
        self.reader.is_filling()
    }

    /// What it has so far.
    pub(crate) fn recorded(&self) -> Recorded {
        self.recorded
    }

    /// Writes the rest and the index.
    ///
    /// # Errors
    ///
    /// When the file takes no more. What was written before stays.
    pub(crate) fn finish(mut self, wants: &mut dyn FnMut(&Passed) -> bool) -> io::Result<Recorded> {
        while self.step(wants)? {}
        for (instance, missing) in self.reader.take_missed_calls() {
            let none = Calls { instance, at: SystemTime::now(), stand: None, calls: Vec::new() };
            self.writer.calls(&none, missing)?;
        }
        self.recorded.bytes = self.before + self.writer.finish()?;
        Ok(self.recorded)
    }

    fn write(&mut self, seen: &Seen, wants: &mut dyn FnMut(&Passed) -> bool) -> io::Result<()> {
        match seen {
            Seen::Message(passed) if wants(passed) => {
                self.recorded.messages += 1;
                self.writer.message(passed, peer(passed))
            }
            Seen::Message(_) => Ok(()),
            Seen::Missing(missing) => {
                self.recorded.missing += missing.messages;
                self.is_short.get_or_insert_with(Instant::now);
                let times = (missing.since, missing.until);
                self.writer.gap(&missing.place, missing.direction, missing.messages, times)
            }
            Seen::Calls { calls, missing } => {
                if *missing > 0 && calls.stand.is_none() {
                    self.is_short.get_or_insert_with(Instant::now);
                }
                self.writer.calls(calls, *missing)
            }
        }
    }

    fn write_event(&mut self, heard: &Heard) -> io::Result<()> {
        match heard {
            Heard::Event(told) => {
                // What is tried and does not run is no version of it.
                if let EventKind::Reloaded { receipt } = &told.event.kind {
                    self.write_texts(receipt.generation, told.at)?;
                }
                // What happened always is JSON.
                let happened = serde_json::to_value(Happened::of(told)).unwrap_or_default();
                self.writer.event(told.at, &happened)
            }
            Heard::Lost(count) => {
                // A reload may be among them.
                self.write_texts(u64::MAX, SystemTime::now())?;
                let lost = serde_json::json!({"kind": "events-lost", "count": count});
                self.writer.event(SystemTime::now(), &lost)
            }
        }
    }

    /// Writes the texts of versions that have come since, up to one, as there from that time on.
    fn write_texts(&mut self, last: u64, mut at: SystemTime) -> io::Result<()> {
        let come = self.versions.since(self.generation);
        for version in come.into_iter().filter(|version| version.generation <= last) {
            self.generation = version.generation;
            let paths = version.texts.iter().map(|(path, _)| path.display().to_string());
            let texts: Vec<_> = paths.zip(version.shown).collect();
            self.writer.texts(version.generation, at, &texts)?;
            // Their texts are told apart by their times.
            at += Duration::from_nanos(1);
            self.is_dirty = true;
        }
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        let bytes = self.writer.flush()?;
        self.writer.sync()?;
        self.recorded.bytes = self.before + bytes;
        if self.wanted.rotate.is_some_and(|most| bytes >= most) {
            self.rotate()?;
        }
        (self.flushed, self.is_dirty) = (Instant::now(), false);
        Ok(())
    }

    /// Goes on in another file, which has what is needed to be read alone.
    fn rotate(&mut self) -> io::Result<()> {
        let next = numbered(&self.wanted.to, self.recorded.files + 1);
        let full = std::mem::replace(&mut self.writer, Writer::create(&next)?);
        self.before += full.finish()?;
        self.recorded.files += 1;
        let running = self.generation;
        self.generation = running.saturating_sub(1);
        // What was told of nodes is in the file before.
        self.reader.ask_stands();
        self.write_texts(running, SystemTime::now())
    }
}

/// The host that a message came from, where its transport knows one.
fn peer(passed: &Passed) -> Option<&str> {
    let address = || passed.frames.last().and_then(Frame::peer_address);
    (passed.direction == Direction::In).then(address).flatten()
}

/// Whether a path is a recording's, or one of those that follow it when it is full.
#[must_use]
pub fn follows(path: &Path, first: &Path) -> bool {
    // With its ending or without.
    let names = [path.file_stem(), path.file_name()].into_iter().flatten();
    let mut numbers = names.filter_map(|name| name.to_str()?.rsplit('.').next()?.parse().ok());
    path == first || numbers.any(|number: u32| number > 1 && numbered(first, number) == path)
}

/// `drops.mcap` is followed by `drops.2.mcap`.
fn numbered(path: &Path, number: u32) -> PathBuf {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let name = match path.extension() {
        Some(extension) => format!("{stem}.{number}.{}", extension.to_string_lossy()),
        None => format!("{stem}.{number}"),
    };
    path.with_file_name(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_files_that_follow_are_numbered_before_their_ending() {
        for (path, want) in [("a/x.mcap", "a/x.2.mcap"), ("x", "x.2"), ("a.b/x.y.z", "a.b/x.y.2.z")]
        {
            assert_eq!(numbered(Path::new(path), 2), Path::new(want));
        }
    }

    #[test]
    fn a_recording_is_followed_by_those_with_its_name_and_a_number() {
        for (path, first, is) in [
            ("/t/a.mcap", "/t/a.mcap", true),
            ("/t/a.2.mcap", "/t/a.mcap", true),
            ("/t/a.x.mcap", "/t/a.mcap", false),
            ("/t/a.1.mcap", "/t/a.mcap", false),
            ("/t/ab.2.mcap", "/t/a.mcap", false),
            ("/u/a.2.mcap", "/t/a.mcap", false),
            ("/t/a.2", "/t/a.mcap", false),
            ("/t/a.2", "/t/a", true),
            ("/t/a.2.mcap", "/t/a", false),
        ] {
            assert_eq!(follows(Path::new(path), Path::new(first)), is, "{path} after {first}");
        }
    }
}
