//! The file that keeps a node's state over restarts of the program: `persist`.
//!
//! Owns when a version is due, and that the last one is not lost in silence. The reading and writing
//! is done by threads of their own (`writer`), since any file may keep them waiting. Never knows what
//! a state says.

mod writer;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{Notify, oneshot};

use self::writer::{Slot, Version, Writer};
use super::emitter::Emitter;
use crate::clock;
use crate::event::EventKind;
use crate::simulation::Disk;

/// How long after a change its version is written, so that the file is never a second old.
const DELAY: Duration = Duration::from_millis(400);
/// How long a file system may take to answer at the start.
const OPENING: Duration = Duration::from_secs(5);
/// How long a node that stops waits for a file that takes nothing, beyond its time.
const STALLED: Duration = Duration::from_millis(300);

/// The keeper of a node's state.
#[derive(Debug)]
pub(super) struct Keeper {
    path: PathBuf,
    store: Store,
    emitter: Emitter,
    /// Since when the state differs from what was handed to the writing thread, if it may.
    changed: Option<Instant>,
    /// What was left out of a version, as far as it was told.
    told: Vec<String>,
}

/// Where versions go.
#[derive(Debug)]
enum Store {
    /// To the thread that writes the file.
    File(Arc<Slot>),
    /// To the disk of a simulation, at once.
    Simulated(Disk),
}

impl Keeper {
    /// One that keeps a state on the disk of a simulation; what it holds, if anybody has kept it there
    /// before.
    pub(super) fn simulated(path: &Path, emitter: Emitter, disk: &Disk) -> (Self, Option<Vec<u8>>) {
        let kept = disk.read(Some(path), 0);
        let store = Store::Simulated(disk.clone());
        (Self { path: path.to_owned(), store, emitter, changed: None, told: Vec::new() }, kept)
    }

    /// Opens the file; what it holds, if there is one.
    pub(super) async fn open(path: &Path, emitter: Emitter) -> io::Result<(Self, Option<Vec<u8>>)> {
        let slot = Arc::new(Slot::default());
        let (opened, report) = oneshot::channel();
        Writer::start(path, Arc::clone(&slot), emitter.clone(), opened)?;
        let (path, store) = (path.to_owned(), Store::File(slot));
        let keeper = Self { path, store, emitter, changed: None, told: Vec::new() };
        let kept = match clock::before(clock::now() + OPENING, report).await {
            Some(Ok(result)) => result?,
            Some(Err(_)) => return Err(io::Error::other("the thread that keeps it has ended")),
            None => {
                return Err(io::Error::new(
                    io::ErrorKind::TimedOut,
                    "its file system does not answer",
                ));
            }
        };
        Ok((keeper, kept))
    }

    /// The file.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Notes that the state may be another one from now on.
    pub(super) fn changed(&mut self, now: Instant) {
        self.changed.get_or_insert(now);
    }

    /// When the next version is to be handed over.
    pub(super) fn due(&self) -> Option<Instant> {
        self.changed.map(|changed| changed + DELAY)
    }

    /// Hands a version over, if there may be one that is due, or any if the node `ends`.
    pub(super) fn keep(
        &mut self,
        now: Instant,
        ends: bool,
        text: impl FnOnce() -> Result<crate::script::StateText, String>,
    ) {
        let Some(changed) = self.changed.filter(|changed| ends || now >= *changed + DELAY) else {
            return;
        };
        self.changed = None;
        match text() {
            Ok(state) => {
                for what in state.left_out {
                    self.tell_once(format!(
                        "keeping the state in {}: {what} cannot be kept, and is () at the next start",
                        self.path.display()
                    ));
                }
                match &self.store {
                    Store::File(slot) => slot.hand_over(Version { text: state.text, changed }),
                    Store::Simulated(disk) => disk.write(&self.path, state.text),
                }
            }
            Err(why) => self.tell_once(format!(
                "keeping the state in {}: {why}; the file keeps the version before",
                self.path.display()
            )),
        }
    }

    fn tell_once(&mut self, text: String) {
        // A state may be one that cannot be kept in ever new ways.
        if self.told.len() < 10 && !self.told.contains(&text) {
            self.emitter.failed(text.clone());
            self.told.push(text);
        }
    }

    /// Whether the last version is with the disk.
    pub(super) fn is_idle(&self) -> bool {
        let is_written = match &self.store {
            Store::File(slot) => slot.is_idle(),
            Store::Simulated(_) => true,
        };
        self.changed.is_none() && is_written
    }

    /// What is notified when a version is with the disk.
    pub(super) fn moved(&self) -> Arc<Notify> {
        match &self.store {
            Store::File(slot) => slot.moved(),
            Store::Simulated(_) => Arc::default(),
        }
    }

    /// Whether a node whose stop is over at this time has no reason to wait any longer.
    pub(super) fn has_ended(&self, deadline: Instant, now: Instant) -> bool {
        self.is_idle() || now >= deadline + STALLED
    }

    /// What there is to say of a last version that was not written.
    pub(super) fn lost(&self) -> Option<EventKind> {
        (!self.is_idle()).then(|| EventKind::Unwritten {
            error: format!(
                "keeping the state in {}: the last version was not written before the node had to \
                 close",
                self.path.display()
            ),
        })
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        if let Store::File(slot) = &self.store {
            slot.close();
        }
    }
}
