//! The thread of the log.
//!
//! Owns the writing: in order, in whole lines, the same one at most once a second with a count of
//! the rest, and a line about those that could not be written. Whoever reads may hold it up; nobody
//! else waits for it.

use std::io::{self, ErrorKind, Write};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use super::line::{Line, Look};
use super::repeats::Repeats;
use super::words::{fault, is_told_each_time, level, sentence};
use crate::backlog::{Backlog, Item};
use crate::event::Stamped;
use crate::script::Level;

/// How often the same line may come.
const TELL_EVERY: Duration = Duration::from_secs(1);
/// About how many bytes are written together.
const TOGETHER: usize = 16 << 10;
/// The pause before a write that found no room is tried again, where another program made standard
/// error one that does not wait.
const RETRY: Duration = Duration::from_millis(5);

/// What the log is told.
#[derive(Debug)]
pub(super) enum Entry {
    /// An event.
    Event(Arc<Stamped>),
    /// A text as it is.
    Text(String),
}

impl From<Arc<Stamped>> for Entry {
    fn from(told: Arc<Stamped>) -> Self {
        Self::Event(told)
    }
}

/// Who writes the log.
pub(super) struct Scribe<W, G> {
    backlog: Arc<Backlog<Entry>>,
    look: Look,
    out: W,
    /// Called when the reader has gone.
    gone: Option<G>,
    repeats: Repeats,
    /// What is to be written together, and how many entries that is.
    text: String,
    entries: u64,
    /// Entries that could not be written, and why the last time.
    unwritten: Option<(u64, io::Error)>,
    /// Whether the last write ended within a line.
    is_torn: bool,
}

impl<W: Write, G: FnOnce()> Scribe<W, G> {
    pub(super) fn new(backlog: Arc<Backlog<Entry>>, look: Look, out: W, gone: G) -> Self {
        Self {
            backlog,
            look,
            out,
            gone: Some(gone),
            repeats: Repeats::new(TELL_EVERY),
            text: String::new(),
            entries: 0,
            unwritten: None,
            is_torn: false,
        }
    }

    /// Writes until the log is closed and all is written.
    pub(super) fn run(mut self) {
        while let Some(items) = self.backlog.take(TOGETHER, self.repeats.due()) {
            // While more waits, what is held back is as old as what is being written.
            let mut time = None;
            for item in items {
                time = self.add(item).or(time);
            }
            let due = self.repeats.take_due(Instant::now());
            let time = time.filter(|_| !self.backlog.is_empty()).unwrap_or_else(SystemTime::now);
            self.add_held(&due, time);
            self.write();
        }
        let held = self.repeats.take_all();
        self.add_held(&held, SystemTime::now());
        self.write();
        self.backlog.finish();
    }

    /// Adds what an entry is shown as; the result is the entry's time.
    fn add(&mut self, item: Item<Entry>) -> Option<SystemTime> {
        match item {
            Item::Entry(Entry::Event(told)) => {
                let Stamped { at, event } = &*told;
                let line = Line {
                    level: level(&event.kind),
                    message: sentence(&event.kind),
                    fault: fault(&event.kind),
                    node: Arc::clone(&event.node),
                    socket: event.socket.clone(),
                };
                let repeated = if is_told_each_time(&event.kind) {
                    Some(event.repeated)
                } else {
                    self.repeats.admit(&line, event.repeated, Instant::now())
                };
                if let Some(repeated) = repeated {
                    self.line(&line, repeated, *at);
                }
                Some(*at)
            }
            Item::Entry(Entry::Text(text)) => {
                self.text.push_str(&text);
                self.entries += 1;
                None
            }
            Item::Missing(count) => {
                self.missing(count, "they came faster than they were read");
                None
            }
        }
    }

    fn add_held(&mut self, held: &[(Line, u64)], time: SystemTime) {
        for (line, repeated) in held {
            self.line(line, *repeated, time);
        }
    }

    fn line(&mut self, line: &Line, repeated: u64, time: SystemTime) {
        self.text.push_str(&self.look.show(line, repeated, time));
        self.entries += 1;
    }

    fn missing(&mut self, count: u64, why: &str) {
        let (s, are) = if count == 1 { ("", "is") } else { ("s", "are") };
        let message = format!("{count} line{s} of the log {are} missing here: {why}");
        self.line(&Line::of_run(Level::Warn, message), 0, SystemTime::now());
    }

    /// Writes whole lines, in one system call where the reader has room.
    fn write(&mut self) {
        let mut text = std::mem::take(&mut self.text);
        let entries = std::mem::take(&mut self.entries);
        // Without a reader there is nothing to do but to keep the queue empty.
        if text.is_empty() || self.gone.is_none() {
            self.backlog.step();
            return;
        }
        if let Some((count, error)) = self.unwritten.take() {
            self.missing(count, &format!("they could not be written: {error}"));
            self.entries = 0;
            text.insert_str(0, &std::mem::take(&mut self.text));
            if self.is_torn {
                text.insert(0, '\n');
            }
            self.unwritten = Some((count, error));
        }
        match self.write_all(text.as_bytes()) {
            Ok(()) => self.unwritten = None,
            // Whoever closed our standard error must not end the run.
            Err(error) if error.kind() == ErrorKind::BrokenPipe => {
                if let Some(gone) = self.gone.take() {
                    gone();
                }
            }
            Err(error) => {
                let before = self.unwritten.take().map_or(0, |(count, _)| count);
                self.unwritten = Some((before + entries, error));
            }
        }
    }

    fn write_all(&mut self, mut text: &[u8]) -> io::Result<()> {
        while !text.is_empty() {
            match self.out.write(text) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(written) => {
                    self.is_torn = text[written - 1] != b'\n';
                    text = &text[written..];
                    self.backlog.step();
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => std::thread::sleep(RETRY),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::line::LogFormat;
    use super::*;
    use crate::backlog::Room;
    use crate::event::{Event, EventKind};
    use std::sync::Mutex;

    /// A standard error that does what it is told at each write.
    #[derive(Clone, Default)]
    struct Paper {
        written: Arc<Mutex<String>>,
        refusals: Arc<Mutex<Vec<Option<ErrorKind>>>>,
    }

    impl Write for Paper {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            if let Some(Some(kind)) = self.refusals.lock().unwrap().pop() {
                return Err(kind.into());
            }
            // Never more than a few bytes at once.
            let taken = &bytes[..bytes.len().min(7)];
            self.written.lock().unwrap().push_str(std::str::from_utf8(taken).unwrap());
            Ok(taken.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn told(kind: EventKind) -> Item<Entry> {
        let event = Event { node: "a".into(), socket: None, kind, repeated: 0 };
        Item::Entry(Entry::Event(Arc::new(Stamped { at: SystemTime::UNIX_EPOCH, event })))
    }

    fn said(text: &str) -> Item<Entry> {
        told(EventKind::Log { level: Level::Info, text: text.to_owned() })
    }

    fn scribe(paper: &Paper) -> Scribe<Paper, impl FnOnce()> {
        let backlog = Arc::new(Backlog::new(Room { entries: 10, bytes: 1000 }));
        let look = Look { format: LogFormat::Human, colours: false };
        let gone = Arc::clone(&paper.written);
        Scribe::new(backlog, look, paper.clone(), move || gone.lock().unwrap().push_str("<gone>"))
    }

    fn without_times(paper: &Paper) -> Vec<String> {
        let written = paper.written.lock().unwrap();
        written
            .lines()
            .map(|line| line.split_once("  ").map_or(line, |cut| cut.1).to_owned())
            .collect()
    }

    #[test]
    fn a_handlers_lines_stand_as_they_were_said_and_equal_faults_are_counted() {
        let paper = Paper::default();
        let mut scribe = scribe(&paper);
        let failed =
            |error: &str| told(EventKind::HandlerFailed { error: error.to_owned(), fault: None });
        for item in [said("x"), failed("no"), said("x"), failed("no"), failed("never"), said("y")] {
            scribe.add(item);
        }
        scribe.add(Item::Missing(3));
        scribe.add(said("x"));
        scribe.run_out();
        let lines = without_times(&paper);
        assert_eq!(
            lines,
            [
                "a  x",
                "error  a  no",
                "a  x",
                "error  a  never",
                "a  y",
                "warn  3 lines of the log are missing here: they came faster than they were read",
                "a  x",
                "error  a  no",
            ]
        );
    }

    #[test]
    fn a_write_that_fails_is_told_of_by_the_next() {
        let paper = Paper::default();
        let mut scribe = scribe(&paper);
        *paper.refusals.lock().unwrap() = vec![
            None,
            Some(ErrorKind::StorageFull),
            Some(ErrorKind::WouldBlock),
            Some(ErrorKind::Interrupted),
            None,
        ];
        scribe.add(said("one"));
        scribe.add(said("two"));
        scribe.write();
        scribe.add(said("three"));
        scribe.write();
        let lines = without_times(&paper);
        assert_eq!(lines.len(), 3, "{lines:?}");
        assert!(lines[1].starts_with("warn  2 lines of the log are missing here: they could not"));
        assert_eq!(lines[2], "a  three");
    }

    #[test]
    fn a_reader_that_has_gone_is_told_once_and_nothing_more_is_written() {
        let paper = Paper::default();
        let mut scribe = scribe(&paper);
        paper.refusals.lock().unwrap().push(Some(ErrorKind::BrokenPipe));
        for text in ["one", "two"] {
            scribe.add(said(text));
            scribe.write();
        }
        assert_eq!(*paper.written.lock().unwrap(), "<gone>");
    }

    impl<W: Write, G: FnOnce()> Scribe<W, G> {
        fn run_out(mut self) {
            self.backlog.close(Duration::ZERO, Duration::ZERO);
            self.write();
            self.run();
        }
    }
}
