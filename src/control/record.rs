//! A recording that a client asks for.
//!
//! Owns its thread, and what the client is told. The file is written by the run itself, and is finished
//! when the client or the run ends.

use std::io;
use std::os::unix::net::UnixStream;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::paper::Paper;
use super::protocol::{Failed, RecordingFigures, Reply};
use super::sieve::Sieve;
use super::watched::Watched;
use crate::event::Events;
use crate::load::Versions;
use crate::node::Interceptors;
use crate::recording::{Recorded, Recorder, Wanted};
use crate::script::{Engine, STACK_BYTES};
use crate::supervisor::Roster;

/// How often a client is told how far it is.
const TELL_EVERY: Duration = Duration::from_millis(500);
/// How often a client that has gone is noticed where messages never end.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// What a recording is made of.
pub(super) struct Recordable {
    pub(super) interceptors: Arc<Interceptors>,
    pub(super) events: Events,
    pub(super) versions: Versions,
    pub(super) roster: watch::Receiver<Arc<Roster>>,
}

/// Starts the thread of a recording. `slot` is given back when it ends.
///
/// # Errors
///
/// When the system gives no thread.
pub(super) fn start(
    wanted: Wanted,
    filter: Option<String>,
    stream: UnixStream,
    run: Recordable,
    slot: impl Send + 'static,
) -> io::Result<()> {
    let thread = std::thread::Builder::new().name("recording".to_owned()).stack_size(STACK_BYTES);
    thread.spawn(move || {
        // A client that has gone cannot be told anything.
        let _ = record(wanted, filter.as_deref(), stream, run);
        drop(slot);
    })?;
    Ok(())
}

fn record(
    wanted: Wanted,
    filter: Option<&str>,
    stream: UnixStream,
    run: Recordable,
) -> io::Result<()> {
    let paper = Paper::new(stream)?;
    let engine = Rc::new(Engine::new());
    let sieve = match Sieve::of(&engine, filter) {
        Ok(sieve) => sieve,
        Err(failed) => return fail(paper, failed),
    };
    let file = wanted.to.display().to_string();
    let watched = Watched::new(wanted.target.clone(), run.roster);
    let recorder = match Recorder::begin(wanted, &run.interceptors, &run.events, &run.versions) {
        Ok(recorder) => recorder,
        Err(error) => {
            return fail(paper, Failed::invalid(format!("cannot record to {file}: {error}")));
        }
    };
    Session { file, sieve, watched, paper }.run(recorder)
}

fn fail(mut paper: Paper, failed: Failed) -> io::Result<()> {
    paper.say(&Reply::Failed(failed));
    paper.send()
}

/// A recording and its client.
struct Session {
    file: String,
    sieve: Sieve,
    watched: Watched,
    paper: Paper,
}

impl Session {
    fn run(mut self, mut recorder: Recorder) -> io::Result<()> {
        recorder.stand_back();
        let (mut told, mut looked) = (Instant::now(), Instant::now());
        self.tell(recorder.recorded(), false);
        loop {
            // Asked first: when the run is over its nodes have ended, and nothing more comes.
            let is_over = self.watched.changed(&mut self.paper);
            if let Err(error) = recorder.step(&mut |passed| self.sieve.wants_passed(passed)) {
                return self.give_up(&error, recorder.recorded());
            }
            if told.elapsed() >= TELL_EVERY {
                told = Instant::now();
                self.tell(recorder.recorded(), false);
            }
            let mut has_gone = self.paper.send().is_err();
            if !has_gone && (!recorder.is_pressed() || looked.elapsed() >= LOOK_EVERY) {
                looked = Instant::now();
                has_gone = !self.paper.wait().unwrap_or(false);
            }
            if is_over || has_gone {
                return self.finish(recorder);
            }
        }
    }

    fn finish(mut self, recorder: Recorder) -> io::Result<()> {
        let so_far = recorder.recorded();
        match recorder.finish(&mut |passed| self.sieve.wants_passed(passed)) {
            Ok(recorded) => {
                self.tell(recorded, true);
                self.paper.send()
            }
            Err(error) => self.give_up(&error, so_far),
        }
    }

    fn give_up(mut self, error: &io::Error, recorded: Recorded) -> io::Result<()> {
        self.tell(recorded, false);
        let file = &self.file;
        let failed = format!(
            "the recording has ended: {file} takes no more: {error}; what was written until then can be read"
        );
        fail(self.paper, Failed::now(failed))
    }

    fn tell(&mut self, recorded: Recorded, ended: bool) {
        let Recorded { messages, missing, bytes, files } = recorded;
        let file = self.file.clone();
        let figures = RecordingFigures { file, files, messages, missing, bytes, ended };
        self.paper.say(&Reply::Recording(figures));
        self.sieve.tell(&mut self.paper);
    }
}
