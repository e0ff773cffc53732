//! A node's source: lines of a file or of standard input, at a rate.
//!
//! Owns the reading. A regular file is read in place; whatever may keep a reader waiting (standard
//! input, a pipe, a device) is read by a thread of its own. Never calls a handler.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{Notify, mpsc};

use crate::topology::{FileSpec, ReadSpec};

/// The longest line; a longer one is cut into several.
const LINE_MAX: u64 = 16 << 20;
/// How many lines the reading thread keeps ready.
const AHEAD: usize = 256;
/// A source that is late by more than this starts its rhythm again from now.
const CATCH_UP: Duration = Duration::from_secs(1);

/// What a source has to give.
#[derive(Debug)]
pub(super) enum Next {
    /// A line without its end.
    Line(Vec<u8>),
    /// Nothing yet: `due` or `arrived` tells when.
    Nothing,
    /// The end, told once.
    End,
    /// The end was told.
    Ended,
}

/// A running source.
#[derive(Debug)]
pub(super) struct Lines {
    interval: Option<Duration>,
    due: Instant,
    repeat: bool,
    input: Input,
    ended: bool,
    read_any: bool,
}

#[derive(Debug)]
enum Input {
    File(BufReader<File>),
    Thread { lines: mpsc::Receiver<io::Result<Vec<u8>>>, arrived: Arc<Notify> },
}

impl Lines {
    /// Opens the source.
    pub(super) fn open(spec: &ReadSpec, now: Instant) -> io::Result<Self> {
        let input = match &spec.file {
            FileSpec::Standard => Input::threaded(io::stdin()),
            FileSpec::Path(path) => Input::open(path)?,
        };
        Ok(Self {
            interval: spec.interval,
            due: now,
            repeat: spec.repeat,
            input,
            ended: false,
            read_any: false,
        })
    }

    /// The next line, if its time has come.
    pub(super) fn next(&mut self, now: Instant) -> io::Result<Next> {
        if self.ended {
            return Ok(Next::Ended);
        }
        if self.interval.is_some() && self.due > now {
            return Ok(Next::Nothing);
        }
        match self.input.take()? {
            Taken::Line(line) => {
                self.read_any = true;
                self.beat(now);
                Ok(Next::Line(line))
            }
            Taken::Nothing => Ok(Next::Nothing),
            // An empty file repeated would spin for ever.
            Taken::End if self.repeat && self.read_any && self.input.rewind()? => self.next(now),
            Taken::End => {
                self.ended = true;
                Ok(Next::End)
            }
        }
    }

    fn beat(&mut self, now: Instant) {
        if let Some(interval) = self.interval {
            if now.duration_since(self.due) > CATCH_UP {
                self.due = now;
            }
            self.due += interval;
        }
    }

    /// When the next line's time comes, if that is what the source waits for.
    pub(super) fn due(&self, now: Instant) -> Option<Instant> {
        (!self.ended && self.interval.is_some() && self.due > now).then_some(self.due)
    }

    /// What wakes the node when a waiting source has something, if it is such a source.
    pub(super) fn arrived(&self) -> Option<Arc<Notify>> {
        match &self.input {
            Input::File(_) => None,
            Input::Thread { arrived, .. } => Some(Arc::clone(arrived)),
        }
    }
}

enum Taken {
    Line(Vec<u8>),
    Nothing,
    End,
}

impl Input {
    fn open(path: &Path) -> io::Result<Self> {
        let metadata = path.metadata()?;
        if metadata.is_dir() {
            return Err(io::Error::from(io::ErrorKind::IsADirectory));
        }
        if metadata.is_file() {
            return Ok(Self::File(BufReader::with_capacity(64 << 10, File::open(path)?)));
        }
        // Opening a pipe waits for its writer, so that happens in the thread too.
        let path = path.to_owned();
        Ok(Self::threaded_from(move || File::open(path)))
    }

    fn threaded(input: impl Read + Send + 'static) -> Self {
        Self::threaded_from(move || Ok(input))
    }

    fn threaded_from<R: Read>(open: impl FnOnce() -> io::Result<R> + Send + 'static) -> Self {
        let (sender, lines) = mpsc::channel(AHEAD);
        let arrived = Arc::new(Notify::new());
        let notify = Arc::clone(&arrived);
        // Never joined: it may sit in a read that nobody will ever satisfy.
        std::thread::spawn(move || {
            let mut input = match open() {
                Ok(input) => BufReader::new(input),
                Err(error) => {
                    let _ = sender.blocking_send(Err(error));
                    notify.notify_one();
                    return;
                }
            };
            loop {
                let line = read_line(&mut input).transpose();
                let Some(line) = line else { break };
                let failed = line.is_err();
                if sender.blocking_send(line).is_err() {
                    break;
                }
                notify.notify_one();
                if failed {
                    break;
                }
            }
            drop(sender);
            notify.notify_one();
        });
        Self::Thread { lines, arrived }
    }

    fn take(&mut self) -> io::Result<Taken> {
        match self {
            Self::File(file) => Ok(read_line(file)?.map_or(Taken::End, Taken::Line)),
            Self::Thread { lines, .. } => match lines.try_recv() {
                Ok(line) => line.map(Taken::Line),
                Err(mpsc::error::TryRecvError::Empty) => Ok(Taken::Nothing),
                Err(mpsc::error::TryRecvError::Disconnected) => Ok(Taken::End),
            },
        }
    }

    fn rewind(&mut self) -> io::Result<bool> {
        match self {
            Self::File(file) => file.rewind().map(|()| true),
            Self::Thread { .. } => Ok(false),
        }
    }
}

/// A line without its end; `None` at the end of the input.
fn read_line(input: &mut impl BufRead) -> io::Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    let length = input.by_ref().take(LINE_MAX).read_until(b'\n', &mut line)?;
    if length == 0 {
        return Ok(None);
    }
    if line.last() == Some(&b'\n') {
        line.pop();
        if line.last() == Some(&b'\r') {
            line.pop();
        }
    }
    Ok(Some(line))
}
