//! The lines that a process prints, collected while it runs.

use std::io::{BufRead, BufReader, Read};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Lines of a pipe, read by a thread of their own.
pub(crate) struct Lines {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    lines: Vec<String>,
    ended: bool,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lines {
    pub(crate) fn of(pipe: impl Read + Send + 'static) -> Self {
        let shared = Arc::new(Shared::default());
        let writer = Arc::clone(&shared);
        let thread = std::thread::spawn(move || {
            let mut pipe = BufReader::new(pipe);
            let mut line = Vec::new();
            while pipe.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
                let text = String::from_utf8_lossy(&line).trim_end_matches('\n').to_owned();
                line.clear();
                writer.lock().lines.push(text);
                writer.changed.notify_all();
            }
            writer.lock().ended = true;
            writer.changed.notify_all();
        });
        Self { shared, thread: Some(thread) }
    }

    /// All lines so far.
    pub(crate) fn all(&self) -> Vec<String> {
        self.shared.lock().lines.clone()
    }

    /// The first line of all that fits, as soon as there is one.
    pub(crate) fn find(
        &self,
        patience: Duration,
        mut fits: impl FnMut(&str) -> bool,
    ) -> Result<String, String> {
        self.wait(patience, |lines, from| lines[from..].iter().find(|line| fits(line)).cloned())
    }

    /// Waits until so many lines contain a text.
    pub(crate) fn count(
        &self,
        patience: Duration,
        text: &str,
        wanted: usize,
    ) -> Result<(), String> {
        let mut found = 0;
        self.wait(patience, |lines, from| {
            found += lines[from..].iter().filter(|line| line.contains(text)).count();
            (found >= wanted).then_some(())
        })
        .map_err(|why| format!("{found} of {wanted} lines with {text:?}; {why}"))
    }

    /// Asks `look` about the lines from a place on, which moves with every question.
    fn wait<T>(
        &self,
        patience: Duration,
        mut look: impl FnMut(&[String], usize) -> Option<T>,
    ) -> Result<T, String> {
        let deadline = Instant::now() + patience;
        let mut state = self.shared.lock();
        let mut seen = 0;
        loop {
            if let Some(found) = look(&state.lines, seen) {
                return Ok(found);
            }
            seen = state.lines.len();
            if state.ended {
                return Err(format!("it ended without; it printed:\n{}", tail(&state.lines)));
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(format!("not in {patience:?}; it printed:\n{}", tail(&state.lines)));
            }
            state = self
                .shared
                .changed
                .wait_timeout(state, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }

    /// Everything that was printed, once the process has ended.
    pub(crate) fn finish(mut self) -> Vec<String> {
        if let Some(thread) = self.thread.take() {
            // It ends with the pipe, and the pipe with the process.
            let _ = thread.join();
        }
        self.all()
    }
}

/// The last lines, for a failure's message.
fn tail(lines: &[String]) -> String {
    let from = lines.len().saturating_sub(60);
    let cut: Vec<&str> = lines[from..]
        .iter()
        .map(|line| line.char_indices().nth(400).map_or(line.as_str(), |(end, _)| &line[..end]))
        .collect();
    cut.join("\n")
}
