//! A node's source: lines or records of a file or of standard input, at a rate.
//!
//! Owns the rate, and taking records one by one out of what was read. The reading is done by a thread of its own
//! (`reader`), since any file may keep its reader waiting. Never calls a handler.

mod budget;
mod cutter;
mod input;
mod reader;

use std::io::{self, BufRead};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{Notify, oneshot};

use self::budget::Budget;
use self::cutter::{Piece, Place};
use self::reader::{Item, Queue, Reader};
use super::emitter::Emitter;
use crate::clock;
use crate::message::{LENGTH, Multipart, RecordFormat, first_length, unescape};
use crate::simulation::Disk;
use crate::topology::ReadSpec;

/// A source that is late by more than this starts its rhythm again from now.
const CATCH_UP: Duration = Duration::from_secs(1);
/// How long a node waits for its file to be open: a file system that does not answer is told of, and
/// the node goes on without it.
const OPENING: Duration = Duration::from_secs(2);

/// What a source has to give.
#[derive(Debug)]
pub(super) enum Next {
    /// A line without its end.
    Line(Vec<u8>),
    /// The frames of a record.
    Frames(Multipart),
    /// Bytes as they came.
    Bytes(Vec<u8>),
    /// Something was left out, for that reason.
    LeftOut(String),
    /// Nothing yet: `due` or `arrived` tells when.
    Nothing,
    /// The end, told once.
    End,
    /// The end was told.
    Ended,
}

/// A running source.
#[derive(Debug)]
pub(super) struct LineSource {
    interval: Option<Duration>,
    due: Instant,
    file: String,
    format: RecordFormat,
    queue: Arc<Queue>,
    /// Whole records, how much of them was given, and where in the file that is.
    block: Vec<u8>,
    at: usize,
    place: Place,
    ended: bool,
    waits_for_its_time: bool,
    /// How many bytes of long lines may be on their way.
    budget: Arc<Budget>,
    emitter: Emitter,
}

impl LineSource {
    /// Opens the source. A pipe without a writer, and a file system that does not answer, are waited
    /// for by the reading thread alone.
    pub(super) async fn open(spec: &ReadSpec, now: Instant, emitter: Emitter) -> io::Result<Self> {
        let (opened, report) = oneshot::channel();
        let queue = Arc::new(Queue::default());
        Reader::start(spec, Arc::clone(&queue), emitter.clone(), opened)?;
        match clock::before(clock::now() + OPENING, report).await {
            Some(Ok(result)) => result?,
            Some(Err(_)) => return Err(io::Error::other("the thread that reads has ended")),
            None => {
                emitter.waits(format!("{} does not answer; waits for it", reader::name(&spec.file)))
            }
        }
        Ok(Self::of(spec, queue, now, emitter))
    }

    fn of(spec: &ReadSpec, queue: Arc<Queue>, now: Instant, emitter: Emitter) -> Self {
        let budget = Arc::new(Budget::new(queue.arrived()));
        Self {
            interval: spec.interval,
            due: now,
            file: reader::name(&spec.file),
            format: spec.format,
            queue,
            block: Vec::new(),
            at: 0,
            place: Place::default(),
            ended: false,
            waits_for_its_time: false,
            budget,
            emitter,
        }
    }

    /// A source of a simulation: all of its file is read at once, and again where it repeats.
    pub(super) fn simulated(
        spec: &ReadSpec,
        now: Instant,
        emitter: Emitter,
        disk: &Disk,
    ) -> io::Result<Self> {
        let queue = Arc::new(Queue::of_memory(spec, disk)?);
        Ok(Self::of(spec, queue, now, emitter))
    }

    /// Begins its rhythm now.
    pub(super) fn begin(&mut self, now: Instant) {
        self.due = now;
    }

    /// Goes on as a spec says that differs in no more than its rhythm and escapes.
    pub(super) fn adopt(&mut self, spec: &ReadSpec) {
        self.interval = spec.interval;
        self.format = spec.format;
    }

    /// Tells what happens under another node's name from now on.
    pub(super) fn belongs_to(&self, node: &Arc<str>) {
        self.emitter.rename(node);
    }

    /// The next line, if its time has come and there is room for it.
    pub(super) fn next(&mut self, now: Instant) -> io::Result<Next> {
        if self.ended {
            return Ok(Next::Ended);
        }
        self.waits_for_its_time = self.interval.is_some() && self.due > now;
        if self.waits_for_its_time || self.budget.is_spent() {
            return Ok(Next::Nothing);
        }
        while self.at >= self.block.len() {
            match self.queue.take() {
                Some(Item::Piece(Piece::Records(block, place))) => {
                    (self.block, self.at, self.place) = (block, 0, place);
                }
                Some(Item::Piece(Piece::LeftOut(why))) => {
                    return Ok(Next::LeftOut(self.told(&why)));
                }
                Some(Item::Failed(error)) => return Err(error),
                Some(Item::End) => {
                    self.ended = true;
                    return Ok(Next::End);
                }
                None => return Ok(Next::Nothing),
            }
        }
        self.beat(now);
        match self.format {
            RecordFormat::Length => Ok(self.record()),
            RecordFormat::Bytes => {
                self.at = 0;
                Ok(Next::Bytes(std::mem::take(&mut self.block)))
            }
            RecordFormat::Lines { .. } | RecordFormat::Base64 | RecordFormat::Json => self.line(),
        }
    }

    /// The next record, of which the whole is there.
    fn record(&mut self) -> Next {
        let rest = &self.block[self.at..];
        let whole = first_length(rest).and_then(|(length, rest)| rest.get(..length));
        let record = whole.unwrap_or_default();
        let place = self.place;
        let read = self.format.read(record);
        let bytes = LENGTH + record.len();
        self.at += bytes;
        self.place.at += bytes as u64;
        self.frames(read, place)
    }

    fn frames(&self, read: Result<Multipart, String>, place: Place) -> Next {
        match read {
            Ok(frames) => Next::Frames(frames),
            Err(why) => {
                let place = place.text(self.format);
                Next::LeftOut(self.told(&format!("{place} was left out: {why}")))
            }
        }
    }

    /// What is said of a place in the file.
    fn told(&self, what: &str) -> String {
        format!("reading {}: {what}", self.file)
    }

    fn line(&mut self) -> io::Result<Next> {
        let place = self.place;
        let mut line = Vec::new();
        self.at += (&self.block[self.at..]).read_until(b'\n', &mut line)?;
        self.place.at += 1;
        if line.last() == Some(&b'\n') {
            line.pop();
            if line.last() == Some(&b'\r') {
                line.pop();
            }
        }
        Ok(match self.format {
            RecordFormat::Lines { escape: false } => Next::Line(line),
            RecordFormat::Lines { escape: true } => Next::Line(unescape(&line)),
            format @ (RecordFormat::Base64
            | RecordFormat::Json
            | RecordFormat::Length
            | RecordFormat::Bytes) => self.frames(format.read(&line), place),
        })
    }

    fn beat(&mut self, now: Instant) {
        if let Some(interval) = self.interval {
            if now.duration_since(self.due) > CATCH_UP {
                self.due = now;
            }
            self.due += interval;
        }
    }

    /// When the next line's time comes, wherever it is now.
    pub(super) fn next_due(&self, now: Instant) -> Instant {
        if self.interval.is_some() { self.due } else { now }
    }

    /// Has the next line's time come at once.
    pub(super) fn bring_forward(&mut self, now: Instant) {
        self.due = self.due.min(now);
    }

    /// When the next line's time comes, if that is what the source waited for when it was last
    /// asked. It may have come since.
    pub(super) fn due(&self) -> Option<Instant> {
        self.waits_for_its_time.then_some(self.due)
    }

    /// What wakes the node when a waiting source has something.
    pub(super) fn arrived(&self) -> Arc<Notify> {
        self.queue.arrived()
    }

    /// What long lines on their way are held against.
    pub(super) fn budget(&self) -> &Arc<Budget> {
        &self.budget
    }
}

impl Drop for LineSource {
    fn drop(&mut self) {
        self.queue.close();
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::{LineSource, Next};
    use crate::event::events;
    use crate::message::RecordFormat;
    use crate::node::emitter::Emitter;
    use crate::topology::{FileSpec, ReadFrom, ReadSpec};

    #[test]
    fn a_line_whose_time_comes_while_its_node_falls_asleep_wakes_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lines.txt");
        std::fs::write(&path, "one\ntwo\n").unwrap();
        let interval = Some(Duration::from_millis(10));
        let file = FileSpec::Path(path);
        let format = RecordFormat::Lines { escape: false };
        let from = ReadFrom::Start;
        let spec = ReadSpec { file, interval, repeat: false, format, from, follow: false };
        let (emitter, _reader) = events();
        let emitter = Emitter::new(&emitter, &"a".into());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let begun = Instant::now();
        let mut lines = runtime.block_on(LineSource::open(&spec, begun, emitter)).unwrap();
        while !matches!(lines.next(begun), Ok(Next::Line(_))) {
            assert!(begun.elapsed() < Duration::from_secs(60));
            assert_eq!(lines.due(), None, "it waits for the file");
        }
        assert!(matches!(lines.next(begun), Ok(Next::Nothing)));
        // However much later that is asked.
        assert_eq!(lines.due(), Some(begun + Duration::from_millis(10)));
        let later = begun + Duration::from_millis(11);
        assert!(matches!(lines.next(later), Ok(Next::Line(_))));
        assert_eq!(lines.due(), None);
    }
}
