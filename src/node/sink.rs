//! A node's sink: one line a message, into a file or to standard output.
//!
//! Owns the writing and that no line is lost: what could not be written stays and is tried again.
//! Never decides what a line says.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::mpsc;

use crate::topology::{FileSpec, WriteSpec};

/// How much may wait to be written before the node takes nothing new.
const WAITING_MAX: usize = 1 << 20;
/// How long a failed write rests before it is tried again.
const RETRY: Duration = Duration::from_millis(200);
/// How many blocks the writing thread of standard output may be behind.
const BLOCKS: usize = 16;

/// A running sink.
#[derive(Debug)]
pub(super) struct Sink {
    output: Output,
    waiting: Vec<u8>,
    retry_at: Option<Instant>,
}

#[derive(Debug)]
enum Output {
    File(File),
    /// Standard output may keep a writer waiting, so a thread writes to it.
    Thread {
        blocks: mpsc::Sender<Vec<u8>>,
        unwritten: Arc<AtomicUsize>,
    },
}

impl Sink {
    /// Opens the sink; without `append` what was in the file goes.
    pub(super) fn open(spec: &WriteSpec) -> io::Result<Self> {
        let output = match &spec.file {
            FileSpec::Standard => Output::standard(),
            FileSpec::Path(path) => {
                // Appending, several copies of a node can share a file line by line.
                let file = OpenOptions::new().create(true).append(true).open(path)?;
                if !spec.append && file.metadata()?.is_file() {
                    file.set_len(0)?;
                }
                Output::File(file)
            }
        };
        Ok(Self { output, waiting: Vec::new(), retry_at: None })
    }

    /// Adds a line. It is written by `flush`.
    pub(super) fn line(&mut self, parts: &[&[u8]]) {
        for (at, part) in parts.iter().enumerate() {
            if at > 0 {
                self.waiting.push(b' ');
            }
            self.waiting.extend_from_slice(part);
        }
        self.waiting.push(b'\n');
    }

    /// Whether so much waits that the node should take nothing new.
    pub(super) fn is_full(&self) -> bool {
        self.waiting.len() >= WAITING_MAX
    }

    /// Whether all lines are with the system.
    pub(super) fn is_idle(&self) -> bool {
        self.unwritten() == 0
    }

    /// How many bytes the system does not have yet.
    pub(super) fn unwritten(&self) -> usize {
        let on_the_way = match &self.output {
            Output::File(_) => 0,
            Output::Thread { unwritten, .. } => unwritten.load(Ordering::Acquire),
        };
        self.waiting.len() + on_the_way
    }

    /// When a failed write is tried again.
    pub(super) fn retry_at(&self) -> Option<Instant> {
        self.retry_at
    }

    /// Writes what waits.
    ///
    /// # Errors
    ///
    /// What the system said; the lines stay and are tried again after a while.
    pub(super) fn flush(&mut self, now: Instant) -> io::Result<()> {
        if self.waiting.is_empty() || self.retry_at.is_some_and(|at| at > now) {
            return Ok(());
        }
        self.retry_at = None;
        let result = self.output.write(&mut self.waiting);
        if result.is_err() || !self.waiting.is_empty() {
            self.retry_at =
                Some(now + if result.is_err() { RETRY } else { Duration::from_millis(1) });
        }
        result
    }
}

impl Output {
    fn standard() -> Self {
        let (blocks, mut inbox) = mpsc::channel::<Vec<u8>>(BLOCKS);
        let unwritten = Arc::new(AtomicUsize::new(0));
        let left = Arc::clone(&unwritten);
        // Nobody joins it: where nobody reads standard output it would never end.
        std::thread::spawn(move || {
            while let Some(block) = inbox.blocking_recv() {
                let mut out = io::stdout().lock();
                let written = out.write_all(&block).and_then(|()| out.flush());
                left.fetch_sub(block.len(), Ordering::Release);
                // Whoever closed our standard output wants no more of it.
                if written.is_err() {
                    inbox.close();
                    left.store(0, Ordering::Release);
                    return;
                }
            }
        });
        Self::Thread { blocks, unwritten }
    }

    /// Takes from `waiting` what could be written.
    fn write(&mut self, waiting: &mut Vec<u8>) -> io::Result<()> {
        match self {
            Self::File(file) => {
                while !waiting.is_empty() {
                    match file.write(waiting) {
                        Ok(written) => drop(waiting.drain(..written)),
                        Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                        Err(error) => return Err(error),
                    }
                }
            }
            Self::Thread { blocks, unwritten } => match blocks.try_reserve() {
                Ok(place) => {
                    unwritten.fetch_add(waiting.len(), Ordering::Release);
                    place.send(std::mem::take(waiting));
                }
                Err(mpsc::error::TrySendError::Full(())) => {}
                Err(mpsc::error::TrySendError::Closed(())) => {
                    waiting.clear();
                    return Err(io::Error::from(io::ErrorKind::BrokenPipe));
                }
            },
        }
        Ok(())
    }
}
