//! The thread that writes a sink's records, and the queue over which it gets them.
//!
//! Owns every call that may keep a writer waiting: opening, a pipe without a reader, a full disk, a
//! file system that does not answer. What could not be written stays and is tried again. Never
//! looks into a record, and is never joined: it may sit in a call that nobody ever ends.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{Notify, oneshot};

use super::records::{Mark, Records};
use super::{Unwritten, name};
use crate::event::EventKind;
use crate::lock::locked;
use crate::node::emitter::Emitter;
use crate::simulation::Disk;
use crate::topology::FileSpec;

/// How long a failed write rests before it is tried again.
const RETRY: Duration = Duration::from_millis(200);
/// How often a pipe is looked at that nobody reads.
const READER: Duration = Duration::from_millis(50);
/// How long a file that takes nothing just now is left alone.
const PAUSE: Duration = Duration::from_millis(2);
/// How often the same trouble is told.
const TELL_EVERY: Duration = Duration::from_secs(10);
/// What a pipe takes whole or not at all, so that the records of several writers stay whole.
const PIPE_WHOLE: usize = 4096;
/// The room that is kept for the next records.
const ROOM_KEPT: usize = 2 << 20;
/// The stack of the thread, which only writes.
const STACK: usize = 128 << 10;

/// What lies between a node and the thread that writes for it.
#[derive(Default, Debug)]
pub(super) struct WriteQueue {
    state: Mutex<State>,
    changed: Condvar,
    /// How many bytes were handed over and are not with the system.
    unwritten: AtomicUsize,
    /// How many bytes are with the system.
    written: AtomicU64,
    /// The node wants to hear when less than this is unwritten; 0 is never.
    wake_below: AtomicUsize,
    moved: Arc<Notify>,
    /// In a simulation, where it goes at once: no thread takes it from here.
    memory: Option<(Disk, Option<PathBuf>)>,
}

#[derive(Default, Debug)]
struct State {
    waiting: Records,
    /// How many records the thread has in hand.
    in_hand: usize,
    /// Whether the thread waits for records.
    sleeps: bool,
    /// Nobody wants what is written any more.
    is_closed: bool,
}

impl WriteQueue {
    /// One whose records go onto a disk that is none.
    pub(super) fn onto(disk: &Disk, path: Option<&Path>) -> Self {
        let memory = Some((disk.clone(), path.map(Path::to_owned)));
        Self { memory, ..Self::default() }
    }

    /// Takes records over, and leaves the room of earlier ones in their place.
    pub(super) fn hand_over(&self, records: &mut Records) {
        if let Some((disk, path)) = &self.memory {
            disk.append(path.as_deref(), records.as_slice());
            self.written.fetch_add(records.bytes() as u64, SeqCst);
            *records = std::mem::take(records).clear(ROOM_KEPT);
            return;
        }
        let mut state = locked(&self.state);
        if state.is_closed {
            *records = Records::default();
            return;
        }
        self.unwritten.fetch_add(records.bytes(), SeqCst);
        state.waiting.append(records);
        if state.sleeps {
            state.sleeps = false;
            self.changed.notify_one();
        }
    }

    pub(super) fn unwritten(&self) -> usize {
        self.unwritten.load(SeqCst)
    }

    pub(super) fn written(&self) -> u64 {
        self.written.load(SeqCst)
    }

    pub(super) fn account(&self) -> Unwritten {
        let state = locked(&self.state);
        Unwritten { records: state.waiting.count() + state.in_hand, bytes: self.unwritten() }
    }

    /// What is notified when no more than that is unwritten.
    pub(super) fn wake_below(&self, least: usize) -> Arc<Notify> {
        self.wake_below.store(least + 1, SeqCst);
        self.look_for_sleeper();
        Arc::clone(&self.moved)
    }

    fn look_for_sleeper(&self) {
        let below = self.wake_below.load(SeqCst);
        if below > 0 && self.unwritten() < below && self.wake_below.swap(0, SeqCst) > 0 {
            self.moved.notify_one();
        }
    }

    /// Ends the thread as soon as it is not inside a call of the system; what it has not written is
    /// forgotten.
    pub(super) fn abandon(&self) {
        let mut state = locked(&self.state);
        state.is_closed = true;
        state.waiting = Records::default();
        state.in_hand = 0;
        self.unwritten.store(0, SeqCst);
        self.changed.notify_one();
        drop(state);
        self.look_for_sleeper();
    }

    /// Waits for records, and takes them all; nothing once the queue is closed.
    fn take(&self, room: Records) -> Option<Records> {
        let mut state = locked(&self.state);
        state.in_hand = 0;
        loop {
            if state.is_closed {
                return None;
            }
            if state.waiting.bytes() > 0 {
                state.in_hand = state.waiting.count();
                return Some(std::mem::replace(&mut state.waiting, room));
            }
            state.sleeps = true;
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Waits for so long; whether the queue is still open then.
    fn rest(&self, pause: Duration) -> bool {
        let until = Instant::now() + pause;
        let mut state = locked(&self.state);
        loop {
            let left = until.saturating_duration_since(Instant::now());
            if state.is_closed || left.is_zero() {
                return !state.is_closed;
            }
            let waited = self.changed.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Notes that the system has so many bytes more, and how many records are still in hand.
    fn wrote(&self, bytes: usize, in_hand: usize) {
        let mut state = locked(&self.state);
        if state.is_closed {
            return;
        }
        state.in_hand = in_hand;
        self.unwritten.fetch_sub(bytes, SeqCst);
        self.written.fetch_add(bytes as u64, SeqCst);
        drop(state);
        self.look_for_sleeper();
    }

    /// Notes that so many bytes have to be written again.
    fn take_back(&self, bytes: usize, in_hand: usize) {
        let mut state = locked(&self.state);
        if !state.is_closed {
            state.in_hand = in_hand;
            self.unwritten.fetch_add(bytes, SeqCst);
        }
    }
}

/// The writing thread.
pub(super) struct Writer {
    file: FileSpec,
    /// Whether the file still has to be emptied.
    empties: bool,
    queue: Arc<WriteQueue>,
    emitter: Emitter,
    /// When trouble was last told, and whether it has not been told to be over.
    told: Option<Instant>,
    is_in_trouble: bool,
}

enum Output {
    /// Whole blocks, as other nodes may write there too.
    Standard(File),
    File(File),
    Pipe(File),
}

impl Writer {
    /// Starts the thread. `opened` hears whether the file could be opened; a pipe without a reader
    /// counts as open.
    pub(super) fn start(
        file: &FileSpec,
        appends: bool,
        queue: Arc<WriteQueue>,
        emitter: Emitter,
        opened: oneshot::Sender<io::Result<()>>,
    ) -> io::Result<()> {
        let (file, empties) = (file.clone(), !appends);
        let writer = Self { file, empties, queue, emitter, told: None, is_in_trouble: false };
        let thread = std::thread::Builder::new().name("zrig-write".to_owned()).stack_size(STACK);
        thread.spawn(move || writer.run(opened)).map(drop)
    }

    fn run(mut self, opened: oneshot::Sender<io::Result<()>>) {
        let Some(mut output) = self.open(Some(opened)) else { return };
        let mut room = Records::default();
        while let Some(block) = self.queue.take(room) {
            if self.write(&mut output, &block).is_none() {
                return;
            }
            room = block.clear(ROOM_KEPT);
        }
    }

    /// Opens the file, however long that takes; nothing if nobody wants it any more.
    fn open(&mut self, mut opened: Option<oneshot::Sender<io::Result<()>>>) -> Option<Output> {
        let mut told = false;
        loop {
            let pause = match self.try_open() {
                Ok(Some(output)) => {
                    if told {
                        self.emitter.waits(format!("{} has a reader", self.name()));
                    }
                    // A node that gave up waiting has said so.
                    drop(opened.map(|opened| opened.send(Ok(()))));
                    return Some(output);
                }
                Ok(None) => {
                    if !std::mem::replace(&mut told, true) {
                        self.emitter.waits(format!("waits for a reader of {}", self.name()));
                    }
                    drop(opened.take().map(|opened| opened.send(Ok(()))));
                    READER
                }
                Err(error) => {
                    let error = match opened.take().map(|opened| opened.send(Err(error))) {
                        Some(Err(Err(error))) => error,
                        Some(_) => return None,
                        None => io::Error::last_os_error(),
                    };
                    self.trouble(&error);
                    RETRY
                }
            };
            if !self.queue.rest(pause) {
                return None;
            }
        }
    }

    /// Opens the file; nothing where it is a pipe that nobody reads.
    fn try_open(&mut self) -> io::Result<Option<Output>> {
        let path = match &self.file {
            FileSpec::Standard => {
                let own = io::stdout().as_fd().try_clone_to_owned()?;
                return Ok(Some(Output::Standard(own.into())));
            }
            FileSpec::Path(path) => path,
        };
        if path.metadata().is_ok_and(|about| about.file_type().is_fifo()) {
            return open_pipe(path);
        }
        // Appending, several copies of a node can share a file line by line.
        let file = OpenOptions::new().create(true).append(true).open(path)?;
        if self.empties && file.metadata()?.is_file() {
            file.set_len(0)?;
        }
        self.empties = false;
        Ok(Some(Output::File(file)))
    }

    /// Writes a block, however long that takes; nothing if nobody wants it any more.
    fn write(&mut self, output: &mut Output, block: &Records) -> Option<()> {
        let _turn = matches!(output, Output::Standard(_)).then(|| io::stdout().lock());
        // What is written next, and the record that it is part of.
        let (mut at, mut mark) = (0, Mark::default());
        while at < block.bytes() {
            let is_open = match output.write(block, at, mark) {
                Ok(0) => self.fails(&ErrorKind::WriteZero.into()),
                Ok(written) => {
                    at += written;
                    mark = block.mark(at, mark);
                    self.queue.wrote(written, block.count_from(mark));
                    true
                }
                Err(error) => match (error.kind(), &output) {
                    (ErrorKind::Interrupted, _) => true,
                    (ErrorKind::WouldBlock, _) => self.queue.rest(PAUSE),
                    (ErrorKind::BrokenPipe, Output::Standard(_)) => {
                        let why = "nobody reads standard output any more".to_owned();
                        self.emitter.emit(EventKind::StopRequested { status: 0, why });
                        self.queue.abandon();
                        false
                    }
                    (ErrorKind::BrokenPipe, Output::Pipe(_)) => {
                        // What was written in part is written again whole, for the next reader.
                        self.queue.take_back(at - mark.start, block.count_from(mark));
                        at = mark.start;
                        *output = self.open(None)?;
                        true
                    }
                    _ => self.fails(&error),
                },
            };
            if !is_open {
                return None;
            }
        }
        if std::mem::take(&mut self.is_in_trouble) {
            self.emitter.waits(format!("goes on writing {}", self.name()));
        }
        Some(())
    }

    /// Tells of a failed write and rests; whether to try it again.
    fn fails(&mut self, error: &io::Error) -> bool {
        self.trouble(error);
        self.queue.rest(RETRY)
    }

    fn trouble(&mut self, error: &io::Error) {
        let now = Instant::now();
        if self.told.is_none_or(|at| now - at >= TELL_EVERY) {
            self.told = Some(now);
            self.is_in_trouble = true;
            self.emitter.failed(format!(
                "writing {}: {error}; what could not be written is kept and tried again",
                self.name()
            ));
        }
    }

    fn name(&self) -> String {
        name(&self.file)
    }
}

/// Opens a pipe; nothing where nobody reads it.
fn open_pipe(path: &Path) -> io::Result<Option<Output>> {
    let mut options = OpenOptions::new();
    match options.write(true).custom_flags(libc::O_NONBLOCK).open(path) {
        // It has a reader, so to open it for writes that wait does not wait itself.
        Ok(_reader_is_there) => Ok(Some(Output::Pipe(OpenOptions::new().write(true).open(path)?))),
        Err(error) if error.raw_os_error() == Some(libc::ENXIO) => Ok(None),
        Err(error) => Err(error),
    }
}

impl Output {
    /// Writes a block from a byte on, which is part of the record at a mark; how much was taken.
    fn write(&mut self, block: &Records, at: usize, mark: Mark) -> io::Result<usize> {
        let bytes = &block.as_slice()[at..];
        match self {
            Self::Standard(file) | Self::File(file) => file.write(bytes),
            Self::Pipe(file) => {
                let whole = block.mark(at + PIPE_WHOLE, mark).start;
                file.write(if whole > at { &bytes[..whole - at] } else { bytes })
            }
        }
    }
}
