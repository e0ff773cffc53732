//! The log: events as lines on standard error, for a person or as JSON.
//!
//! Owns which events it reads, and that nobody waits for it: a thread of its own writes, and what
//! finds no room before it is counted in its place. What an event means is `words`', how a line looks
//! `line`'s.

use std::fs::File;
use std::io::{self, IsTerminal};
use std::os::fd::AsFd;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::filter::LogFilter;
use super::line::{LogFormat, Look};
use super::scribe::{Entry, Scribe};
use super::words::level;
use crate::backlog::{Backlog, Room};
use crate::event::{Event, Events};

/// How much may wait to be written.
const ROOM: Room = Room { entries: 65_536, bytes: 64 << 20 };
/// How long the end waits for a reader of the log that takes nothing.
const PATIENCE: Duration = Duration::from_millis(500);
/// How long it waits for one that takes little by little.
const PATIENCE_MOST: Duration = Duration::from_secs(5);

/// The log of a run on standard error; clones are the same log.
#[derive(Clone, Debug)]
pub struct Logger {
    filter: Arc<LogFilter>,
    backlog: Arc<Backlog<Entry>>,
    /// Whether standard error has lost its reader, and standard output with it.
    unheard: watch::Receiver<bool>,
}

impl Logger {
    /// A log of this shape that tells this much.
    ///
    /// # Errors
    ///
    /// When the system gives no thread.
    pub fn new(format: LogFormat, filter: LogFilter) -> io::Result<Self> {
        let colours = io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
        let backlog = Arc::new(Backlog::new(ROOM));
        // A copy of the descriptor needs no lock, which a thread that is held up would keep.
        let out = File::from(io::stderr().as_fd().try_clone_to_owned()?);
        let (gone, unheard) = watch::channel(false);
        let scribe = Scribe::new(Arc::clone(&backlog), Look { format, colours }, out, move || {
            if is_one_pipe() {
                // The app may have ended.
                let _ = gone.send(true);
            }
        });
        // Never joined: it may sit in a write that nobody will ever read.
        std::thread::Builder::new().name("log".to_owned()).spawn(move || scribe.run())?;
        Ok(Self { filter: Arc::new(filter), backlog, unheard })
    }

    /// Reads what happens from now on. An event whose line was written within the last second is
    /// counted and told of later, but for what a handler or the run says itself, and receipts.
    pub fn follow(&self, events: &Events) {
        let filter = Arc::clone(&self.filter);
        let wants = move |event: &Event| filter.admits(level(&event.kind), &event.node);
        events.deliver(&self.backlog, wants);
    }

    /// Shows a text that is no line of the log, such as drawn diagnostics.
    pub fn show(&self, text: String) {
        if !text.is_empty() {
            let size = text.len();
            self.backlog.put(Entry::Text(text), size);
        }
    }

    /// Writes all that waits and was held back, as long as somebody reads it; to be called once.
    pub fn finish(&self) {
        self.backlog.close(PATIENCE, PATIENCE_MOST);
    }

    /// Returns when whoever read standard error is gone and read standard output through the same
    /// pipe, as in `zrig run FILE 2>&1 | head`: nobody is left to run for.
    pub async fn unheard(&self) {
        let mut unheard = self.unheard.clone();
        if unheard.wait_for(|gone| *gone).await.is_err() {
            std::future::pending().await
        }
    }
}

/// Whether standard output and standard error are the same pipe. A socket is none: services have
/// one as both, and it may go and come back.
fn is_one_pipe() -> bool {
    use std::os::unix::fs::{FileTypeExt, MetadataExt};

    let looked = |fd: io::Result<std::os::fd::OwnedFd>| File::from(fd?).metadata();
    let out = looked(io::stdout().as_fd().try_clone_to_owned());
    let err = looked(io::stderr().as_fd().try_clone_to_owned());
    out.ok().zip(err.ok()).is_some_and(|(out, err)| {
        err.file_type().is_fifo() && (out.dev(), out.ino()) == (err.dev(), err.ino())
    })
}
