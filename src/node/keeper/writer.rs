//! The thread that reads a state's file once and writes each version of it, whole or not at all.
//!
//! Owns every call that may keep it waiting, and the order that makes a version whole: another file
//! beside it, its bytes with the disk, then its name. Only the newest version waits. Never joined: it
//! may sit in a call that nobody ever ends.

use std::fs::{self, File, OpenOptions};
use std::hash::{BuildHasher, RandomState};
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{Notify, oneshot};

use crate::lock::locked;
use crate::node::emitter::Emitter;

/// How long a failed write rests before it is tried again.
const RETRY: Duration = Duration::from_millis(200);
/// How old a version may be when it is with the disk, before that is told.
const LATE: Duration = Duration::from_secs(1);
/// How often the same trouble is told.
const TELL_EVERY: Duration = Duration::from_secs(10);
/// The largest file that is read: more than the largest state there may be takes as text.
const READ_MAX: u64 = 4 << 30;
/// The stack of the thread, which only reads and writes.
const STACK: usize = 128 << 10;

/// Names no two files beside the kept ones alike, also where a thread before sits in a call.
static NUMBER: AtomicU64 = AtomicU64::new(0);

/// A version of a state.
#[derive(Debug)]
pub(super) struct Version {
    pub(super) text: Vec<u8>,
    /// Since when it, or one before it that was not written, differs from what is in the file.
    pub(super) changed: Instant,
}

/// What lies between a node and the thread: the newest version.
#[derive(Default, Debug)]
pub(super) struct Slot {
    state: Mutex<State>,
    changed: Condvar,
    moved: Arc<Notify>,
}

#[derive(Default, Debug)]
struct State {
    waiting: Option<Version>,
    /// Whether the thread has a version in hand.
    writes: bool,
    is_closed: bool,
}

impl Slot {
    /// Puts a version in the place of one that waits.
    pub(super) fn hand_over(&self, version: Version) {
        let mut state = locked(&self.state);
        let changed = state.waiting.take().map_or(version.changed, |before| before.changed);
        state.waiting = Some(Version { changed, ..version });
        self.changed.notify_one();
    }

    pub(super) fn is_idle(&self) -> bool {
        let state = locked(&self.state);
        state.waiting.is_none() && !state.writes
    }

    /// What is notified when there is nothing to write any more.
    pub(super) fn moved(&self) -> Arc<Notify> {
        Arc::clone(&self.moved)
    }

    /// Ends the thread; a version that is not whole yet never takes the file's name.
    pub(super) fn close(&self) {
        let mut state = locked(&self.state);
        state.is_closed = true;
        state.waiting = None;
        self.changed.notify_one();
    }

    fn is_closed(&self) -> bool {
        locked(&self.state).is_closed
    }

    /// Waits for a version; nothing once the slot is closed.
    fn take(&self) -> Option<Version> {
        let mut state = locked(&self.state);
        loop {
            if state.is_closed {
                return None;
            }
            if let Some(version) = state.waiting.take() {
                state.writes = true;
                return Some(version);
            }
            state.writes = false;
            self.moved.notify_one();
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Waits a moment for a version that takes the place of one that could not be written; nothing
    /// once the slot is closed.
    fn retry(&self, failed: Version) -> Option<Version> {
        let state = locked(&self.state);
        let waited = self.changed.wait_timeout_while(state, RETRY, |state| !state.is_closed);
        let mut state = waited.unwrap_or_else(PoisonError::into_inner).0;
        if state.is_closed {
            return None;
        }
        let newer = state.waiting.take();
        let text = newer.map_or(failed.text, |newer| newer.text);
        Some(Version { text, changed: failed.changed })
    }
}

/// The thread.
pub(super) struct Writer {
    path: PathBuf,
    slot: Arc<Slot>,
    emitter: Emitter,
    /// What is in the file, so that the same is not written again.
    written: Option<(usize, u64)>,
    hasher: RandomState,
    told: Option<Instant>,
    is_in_trouble: bool,
}

impl Writer {
    /// Starts the thread. `opened` gets what is in the file, if there is one that can be read and
    /// written again.
    pub(super) fn start(
        path: &Path,
        slot: Arc<Slot>,
        emitter: Emitter,
        opened: oneshot::Sender<io::Result<Option<Vec<u8>>>>,
    ) -> io::Result<()> {
        let writer = Self {
            path: path.to_owned(),
            slot,
            emitter,
            written: None,
            hasher: RandomState::new(),
            told: None,
            is_in_trouble: false,
        };
        let thread = std::thread::Builder::new().name("zrig-keep".to_owned()).stack_size(STACK);
        thread.spawn(move || writer.run(opened)).map(drop)
    }

    fn run(mut self, opened: oneshot::Sender<io::Result<Option<Vec<u8>>>>) {
        let kept = self.open();
        let is_open = kept.is_ok();
        if opened.send(kept).is_err() || !is_open {
            return;
        }
        let mut next = self.slot.take();
        while let Some(version) = next {
            next = match self.write(&version.text) {
                Ok(()) => {
                    self.wrote(version.changed.elapsed());
                    self.slot.take()
                }
                Err(_) if self.slot.is_closed() => return,
                Err(error) => {
                    self.trouble(&format!("{error}; it is tried again"));
                    self.slot.retry(version)
                }
            };
        }
    }

    /// What is in the file, if there is one, and whether another can take its place.
    fn open(&mut self) -> io::Result<Option<Vec<u8>>> {
        // A link stays, and the file that it leads to is replaced.
        if let Ok(path) = self.path.canonicalize() {
            self.path = path;
        }
        self.remove_leftovers();
        let kept = read_whole(&self.path)?;
        self.written = kept.as_ref().map(|text| self.mark(text));
        let probe = self.beside();
        File::create(&probe)?;
        fs::remove_file(&probe)?;
        Ok(kept)
    }

    fn mark(&self, text: &[u8]) -> (usize, u64) {
        (text.len(), self.hasher.hash_one(text))
    }

    fn folder(&self) -> &Path {
        let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty());
        folder.unwrap_or(Path::new("."))
    }

    fn name(&self) -> String {
        self.path.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }

    /// The file that a version is written to first.
    fn beside(&self) -> PathBuf {
        let number = NUMBER.fetch_add(1, Relaxed);
        self.folder().join(format!(".{}.{}-{number}.new", self.name(), std::process::id()))
    }

    /// Removes what processes left that were killed while they wrote.
    fn remove_leftovers(&self) {
        let start = format!(".{}.", self.name());
        let Ok(entries) = fs::read_dir(self.folder()) else { return };
        for entry in entries.flatten() {
            let name = entry.file_name();
            let middle = name
                .to_str()
                .and_then(|name| name.strip_prefix(&start)?.strip_suffix(".new")?.split_once('-'));
            let Some((process, number)) = middle else { continue };
            let is_number = |text: &str| text.parse::<u64>().is_ok();
            let own = std::process::id().to_string();
            let lives = process != own && Path::new("/proc").join(process).exists();
            if is_number(process) && is_number(number) && !lives {
                // What cannot be removed only takes room.
                let _ = fs::remove_file(entry.path());
            }
        }
    }

    /// Writes a version, whole or not at all; not again what the file holds already.
    fn write(&mut self, text: &[u8]) -> io::Result<()> {
        let mark = self.mark(text);
        if self.written == Some(mark) && self.path.exists() {
            return Ok(());
        }
        let beside = self.beside();
        let result = self.replace(&beside, text);
        if result.is_err() {
            // It may not be there.
            let _ = fs::remove_file(&beside);
        } else {
            self.written = Some(mark);
        }
        result
    }

    fn replace(&self, beside: &Path, text: &[u8]) -> io::Result<()> {
        let mut file = OpenOptions::new().write(true).create_new(true).open(beside)?;
        file.write_all(text)?;
        if let Ok(before) = self.path.metadata() {
            file.set_permissions(before.permissions())?;
        }
        file.sync_all()?;
        drop(file);
        if self.slot.is_closed() {
            return Err(ErrorKind::Interrupted.into());
        }
        fs::rename(beside, &self.path)?;
        // Only then does the name survive that the machine stops.
        File::open(self.folder())?.sync_all()
    }

    fn wrote(&mut self, age: Duration) {
        if age > LATE {
            let why = format!(
                "it took {:.1} s until the last version was with the disk",
                age.as_secs_f64()
            );
            self.trouble(&why);
        } else if std::mem::take(&mut self.is_in_trouble) {
            self.emitter.waits(format!("goes on keeping the state in {}", self.path.display()));
        }
    }

    fn trouble(&mut self, why: &str) {
        let now = Instant::now();
        if self.told.is_none_or(|at| now - at >= TELL_EVERY) {
            self.told = Some(now);
            self.is_in_trouble = true;
            self.emitter.failed(format!("keeping the state in {}: {why}", self.path.display()));
        }
    }
}

/// What is in a file; nothing where there is none.
fn read_whole(path: &Path) -> io::Result<Option<Vec<u8>>> {
    let about = match path.metadata() {
        Ok(about) => about,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    if about.is_dir() {
        return Err(ErrorKind::IsADirectory.into());
    }
    if !about.is_file() {
        return Err(io::Error::other("it is no file but a pipe or a device"));
    }
    if about.len() > READ_MAX {
        return Err(ErrorKind::FileTooLarge.into());
    }
    let mut text = Vec::new();
    File::open(path)?.take(READ_MAX).read_to_end(&mut text)?;
    Ok(Some(text))
}
