//! A node's sink: a line or a record a message, into a file or to standard output.
//!
//! Owns how much may wait, and that no message is lost in silence. The writing is
//! done by a thread of its own (`writer`), since any file may keep its writer waiting. Never decides
//! what a message looks like there.

mod records;
mod writer;

use std::cell::Cell;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::Notify;
use tokio::sync::oneshot;

use self::records::Records;
use self::writer::{WriteQueue, Writer};
use super::emitter::Emitter;
use crate::clock;
use crate::event::EventKind;
use crate::listing::counted;
use crate::message::{RecordFormat, Unfit};
use crate::simulation::Disk;
use crate::topology::{FileSpec, WriteSpec};

/// How many bytes may wait to be written before the node takes nothing new.
const WAITING_MAX: usize = 1 << 20;
/// How long a node waits for its file to be open: a file system that does not answer is told of, and
/// the node goes on without it.
const OPENING: Duration = Duration::from_secs(2);
/// How long a node that stops waits for a file that takes nothing, at the least.
const STALLED: Duration = Duration::from_millis(300);
/// How long a node that stops goes on writing, as long as something is taken.
const WRITING_MOST: Duration = Duration::from_secs(2);

/// A running sink.
#[derive(Debug)]
pub(super) struct Sink {
    file: String,
    queue: Arc<WriteQueue>,
    /// What the writing thread does not have yet.
    waiting: Records,
    format: RecordFormat,
    /// Whether it was full when the node last looked, so that the node has to hear when it is not.
    was_full: Cell<bool>,
    /// How much had been written when that last changed, and when it did.
    written: (u64, Instant),
    emitter: Emitter,
}

/// What the system did not take.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub(super) struct Unwritten {
    pub(super) records: usize,
    pub(super) bytes: usize,
}

impl Unwritten {
    /// What there is to say at the end of a node.
    pub(super) fn lost(self, file: &str) -> EventKind {
        let Self { records, bytes } = self;
        EventKind::Unwritten {
            error: format!(
                "writing {file}: {} ({bytes} bytes) were not taken before the node had to close",
                counted(records, "line")
            ),
        }
    }
}

impl Sink {
    /// Opens the sink; what was in the file goes, unless it `appends`. A pipe without a reader, and a
    /// file system that does not answer, are waited for by the writing thread alone.
    pub(super) async fn open(
        spec: &WriteSpec,
        appends: bool,
        emitter: Emitter,
    ) -> io::Result<Self> {
        let (opened, report) = oneshot::channel();
        let queue = Arc::new(WriteQueue::default());
        Writer::start(&spec.file, appends, Arc::clone(&queue), emitter.clone(), opened)?;
        match clock::before(clock::now() + OPENING, report).await {
            Some(Ok(result)) => result?,
            Some(Err(_)) => return Err(io::Error::other("the thread that writes has ended")),
            None => emitter.waits(format!("{} does not answer; waits for it", name(&spec.file))),
        }
        Ok(Self {
            file: name(&spec.file),
            queue,
            waiting: Records::default(),
            format: spec.format,
            was_full: Cell::new(false),
            written: (0, clock::now()),
            emitter,
        })
    }

    /// A sink of a simulation, which is written to at once and never keeps anybody waiting.
    pub(super) fn simulated(
        spec: &WriteSpec,
        appends: bool,
        emitter: Emitter,
        disk: &Disk,
    ) -> Self {
        let path = match &spec.file {
            FileSpec::Standard => None,
            FileSpec::Path(path) => Some(path.as_path()),
        };
        if !appends {
            disk.empty(path);
        }
        Self {
            file: name(&spec.file),
            queue: Arc::new(WriteQueue::onto(disk, path)),
            waiting: Records::default(),
            format: spec.format,
            was_full: Cell::new(false),
            written: (0, clock::now()),
            emitter,
        }
    }

    /// Goes on as a spec says that differs in no more than its format: from the next message on.
    pub(super) fn adopt(&mut self, spec: &WriteSpec) {
        self.format = spec.format;
    }

    /// Tells what happens under another node's name from now on.
    pub(super) fn belongs_to(&self, node: &Arc<str>) {
        self.emitter.rename(node);
    }

    /// Adds a message. It is written by `flush`.
    ///
    /// # Errors
    ///
    /// When it would not be read again as it is.
    pub(super) fn add(&mut self, frames: &[&[u8]]) -> Result<(), Unfit> {
        self.waiting.add(|bytes| self.format.write(frames, bytes))
    }

    /// Whether so much waits that the node should take nothing new.
    pub(super) fn is_full(&self) -> bool {
        let is_full = self.bytes_waiting() >= WAITING_MAX;
        if is_full {
            self.was_full.set(true);
        }
        is_full
    }

    /// Whether all is with the system.
    pub(super) fn is_idle(&self) -> bool {
        self.bytes_waiting() == 0
    }

    fn bytes_waiting(&self) -> usize {
        self.waiting.bytes() + self.queue.unwritten()
    }

    /// The file, for people.
    pub(super) fn file(&self) -> &str {
        &self.file
    }

    /// What the system does not have yet.
    pub(super) fn unwritten(&self) -> Unwritten {
        let mut unwritten = self.queue.account();
        unwritten.records += self.waiting.count();
        unwritten.bytes += self.waiting.bytes();
        unwritten
    }

    /// Hands what waits to the writing thread. Never blocks.
    pub(super) fn flush(&mut self) {
        if self.waiting.bytes() > 0 {
            self.queue.hand_over(&mut self.waiting);
        }
    }

    /// What wakes a node that found the sink full, or that `waits` for the sink to be idle.
    pub(super) fn moved(&self, waits: bool) -> Option<Arc<Notify>> {
        let was_full = self.was_full.take();
        if !was_full && !waits {
            return None;
        }
        let least = if waits { 0 } else { WAITING_MAX / 2 };
        Some(self.queue.wake_below(least))
    }

    /// Whether a node whose stop is over at this time has no reason to wait for the sink any longer.
    pub(super) fn has_ended(&mut self, deadline: Instant, now: Instant) -> bool {
        let written = self.queue.written();
        if written != self.written.0 {
            self.written = (written, now);
        }
        self.is_idle()
            || now >= deadline
                && (now - self.written.1 >= STALLED || now >= deadline + WRITING_MOST)
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        self.queue.abandon();
    }
}

/// The name of a sink for people.
fn name(file: &FileSpec) -> String {
    match file {
        FileSpec::Standard => "standard output".to_owned(),
        FileSpec::Path(path) => path.display().to_string(),
    }
}
