//! `--receipts`: a line of JSON for each attempt to reload, appended to a file.
//!
//! Owns the thread that writes them: the file may be a pipe that nobody reads, and the run does not
//! wait for it. Never decides what a receipt says.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::backlog::{Backlog, Item, Room};
use crate::event::{Event, EventKind, Events, Stamped};
use crate::script::Level;

/// How much may wait to be written.
const ROOM: Room = Room { entries: 1_024, bytes: 16 << 20 };
/// How long the end waits for a file that takes nothing.
const PATIENCE: Duration = Duration::from_millis(500);
/// How long it waits for one that takes little by little.
const PATIENCE_MOST: Duration = Duration::from_secs(2);

/// Where receipts go.
#[derive(Debug)]
pub struct Receipts {
    path: PathBuf,
    backlog: Arc<Backlog<Arc<Stamped>>>,
    events: Events,
}

impl Receipts {
    /// Receipts of what happens from now on for a file, which is opened at once; what is wrong with it
    /// is an event.
    ///
    /// # Errors
    ///
    /// When the system gives no thread.
    pub fn open(path: &Path, events: &Events) -> io::Result<Self> {
        let receipts = Self {
            path: path.to_owned(),
            backlog: Arc::new(Backlog::new(ROOM)),
            events: events.clone(),
        };
        events.deliver(&receipts.backlog, |event| matches!(event.kind, EventKind::Reloaded { .. }));
        let backlog = Arc::clone(&receipts.backlog);
        let mut file = Appended { path: path.to_owned(), pipe: None };
        let events = events.clone();
        // Never joined: opening a pipe that nobody reads may take for ever.
        std::thread::Builder::new().name("receipts".to_owned()).spawn(move || {
            let report = |file: &mut Appended, line: &str| {
                if let Err(error) = file.append(line) {
                    let path = file.path.display();
                    let text = format!("--receipts: cannot write {path}: {error}");
                    note(&events, Level::Error, text);
                }
            };
            report(&mut file, "");
            while let Some(items) = backlog.take(0, None) {
                for item in items {
                    match item {
                        Item::Entry(told) => report(&mut file, &line(&told.event.kind)),
                        Item::Missing(count) => {
                            note(&events, Level::Warn, missing(count, &file.path));
                        }
                    }
                }
                backlog.step();
            }
            backlog.finish();
        })?;
        Ok(receipts)
    }

    /// Waits until all are written, and tells of those that the file does not take.
    pub fn finish(&self) {
        self.backlog.close(PATIENCE, PATIENCE_MOST);
        let left = self.backlog.left();
        if left > 0 {
            note(&self.events, Level::Warn, missing(left, &self.path));
        }
    }
}

fn line(kind: &EventKind) -> String {
    let EventKind::Reloaded { receipt } = kind else { return String::new() };
    // Its parts always are JSON.
    serde_json::to_string(&**receipt).map(|line| line + "\n").unwrap_or_default()
}

fn note(events: &Events, level: Level, text: String) {
    let kind = EventKind::Note { level, text };
    events.emit(Event::of_run(kind));
}

fn missing(count: u64, path: &Path) -> String {
    format!("--receipts: {count} are missing in {}: it did not take them", path.display())
}

/// A file that grows. It is opened each time, because another program may have moved it away; but
/// the reader of a pipe would take that for the end.
struct Appended {
    path: PathBuf,
    pipe: Option<File>,
}

impl Appended {
    fn append(&mut self, line: &str) -> io::Result<()> {
        let mut file = match self.pipe.take() {
            Some(pipe) => pipe,
            None => OpenOptions::new().create(true).append(true).open(&self.path)?,
        };
        file.write_all(line.as_bytes())?;
        if file.metadata()?.file_type().is_fifo() {
            self.pipe = Some(file);
        }
        Ok(())
    }
}
