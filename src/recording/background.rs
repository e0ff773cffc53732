//! A recording of a run from its start to its end, on a thread of its own.
//!
//! Owns the thread, and what is said when its file takes no more. Never ends a run that was not to end
//! for that.

use std::fmt::Write as _;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::thread::Thread;
use std::time::Duration;

use super::recorder::{Recorded, Recorder, Wanted};
use crate::event::{Event, EventKind, Events};
use crate::load::Versions;
use crate::node::{Interceptors, Passed, Target};
use crate::script::Level;
use crate::topology::WhenFull;

/// How often it looks for messages when they are few.
const TICK: Duration = Duration::from_millis(5);
/// How long the end of a run waits for a disk.
const PATIENCE: Duration = Duration::from_secs(10);

/// What becomes of a run whose recording cannot go on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OnFull {
    /// It goes on without.
    Continue,
    /// It ends in good order, with status 1.
    Stop,
}

/// How a run is recorded.
#[derive(Clone, Debug)]
pub struct RecordOptions {
    /// The file, which must not be there.
    pub to: PathBuf,
    /// What becomes of messages that the recording is too slow for: they are counted as missing, or their
    /// nodes wait.
    pub when_slow: WhenFull,
    /// What becomes of the run when the file takes no more.
    pub on_full: OnFull,
    /// A file that has so many bytes is followed by another one.
    pub rotate: Option<u64>,
}

/// A recording at work.
#[derive(Debug)]
pub struct Recording {
    to: PathBuf,
    over: Arc<AtomicBool>,
    thread: Thread,
    done: Receiver<Option<Recorded>>,
    events: Events,
}

impl Recording {
    /// Begins a recording of all that passes from now on.
    ///
    /// # Errors
    ///
    /// When its file is there already or cannot be written, or the system gives no thread.
    pub fn begin(
        options: &RecordOptions,
        interceptors: &Arc<Interceptors>,
        events: &Events,
        versions: &Versions,
    ) -> io::Result<Self> {
        let wanted = Wanted {
            to: options.to.clone(),
            target: Target::everything(),
            when_full: options.when_slow,
            calls: true,
            rotate: options.rotate,
        };
        let recorder = Recorder::begin(wanted, interceptors, events, versions)?;
        let over = Arc::new(AtomicBool::new(false));
        let (tell, done) = sync_channel(1);
        let work = Work {
            to: options.to.clone(),
            on_full: options.on_full,
            over: Arc::clone(&over),
            events: events.clone(),
        };
        let thread = std::thread::Builder::new().name("recording".to_owned()).spawn(move || {
            // Nobody may wait for it any more.
            let _ = tell.send(work.record(recorder));
        })?;
        let thread = thread.thread().clone();
        Ok(Self { to: options.to.clone(), over, thread, done, events: events.clone() })
    }

    /// Writes the rest, once nothing passes any more, and says what the recording has.
    pub fn finish(self) {
        self.over.store(true, Relaxed);
        self.thread.unpark();
        let to = self.to.display();
        match self.done.recv_timeout(PATIENCE) {
            Ok(Some(recorded)) => {
                note(&self.events, Level::Info, format!("recorded to {to}: {}", said(recorded)));
            }
            // It has been told why.
            Ok(None) | Err(RecvTimeoutError::Disconnected) => {}
            Err(RecvTimeoutError::Timeout) => {
                let text = format!(
                    "{to} was not finished: its disk took longer than {PATIENCE:?}; what is there can be read"
                );
                note(&self.events, Level::Error, text);
            }
        }
    }
}

/// What the thread of a recording knows.
struct Work {
    to: PathBuf,
    on_full: OnFull,
    over: Arc<AtomicBool>,
    events: Events,
}

impl Work {
    /// Records until the run is over; what is in the file then, if it took all.
    fn record(&self, recorder: Recorder) -> Option<Recorded> {
        let mut all = |_: &Passed| true;
        self.record_all(recorder, &mut all)
            .map_err(|(error, recorded)| self.give_up(&error, recorded))
            .ok()
    }

    fn record_all(
        &self,
        mut recorder: Recorder,
        all: &mut dyn FnMut(&Passed) -> bool,
    ) -> Result<Recorded, (io::Error, Recorded)> {
        recorder.stand_back();
        // Asked first: when the run is over its nodes have ended, and nothing more comes.
        while !self.over.load(Relaxed) {
            let found = recorder.step(all);
            found.map_err(|error| (error, recorder.recorded()))?;
            if !recorder.is_pressed() {
                std::thread::park_timeout(TICK);
            }
        }
        let recorded = recorder.recorded();
        recorder.finish(all).map_err(|error| (error, recorded))
    }

    fn give_up(&self, error: &io::Error, recorded: Recorded) {
        let to = self.to.display();
        let mut text = format!(
            "the recording has ended: {to} takes no more: {error}; what was written until then can be read ({})",
            said(recorded)
        );
        if self.on_full == OnFull::Continue {
            // Writing into a String cannot fail.
            let _ = write!(text, "; the topology goes on");
        }
        note(&self.events, Level::Error, text);
        if self.on_full == OnFull::Stop {
            let why = format!("{to} takes no more, and --record-on-full is stop");
            self.events.emit(Event::of_run(EventKind::StopRequested { status: 1, why }));
        }
    }
}

/// `2 messages, 512 B`
fn said(recorded: Recorded) -> String {
    let Recorded { messages, missing, bytes, files } = recorded;
    let mut text = format!("{messages} messages in {bytes} bytes");
    if files > 1 {
        // Writing into a String cannot fail.
        let _ = write!(text, " of {files} files");
    }
    if missing > 0 {
        let _ = write!(text, ", {missing} missing: the recording was too slow");
    }
    text
}

fn note(events: &Events, level: Level, text: String) {
    events.emit(Event::of_run(EventKind::Note { level, text }));
}
