//! The whole screen of a terminal: entered, drawn, and given back as it was.
//!
//! Owns the terminal's mode. Never knows what it shows.

use std::io::{self, Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Instant;

use rustix::termios::{
    OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcgetwinsize, tcsetattr,
};
use tokio::signal::unix::{SignalKind, signal};

/// The other screen, without a cursor; and back.
const ENTER: &str = "\x1b[?1049h\x1b[?25l";
const LEAVE: &str = "\x1b[?25h\x1b[?1049l";
const HOME: &str = "\x1b[H";
const CLEAR_LINE: &str = "\x1b[K";
const CLEAR_BELOW: &str = "\x1b[J";

/// A size for terminals that tell none.
const SIZE: (usize, usize) = (80, 24);

/// What was pressed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Key {
    /// Nothing, until the time was over.
    None,
    /// `q`, Ctrl-C, or a signal that ends the process.
    Quit,
    /// Something else, or the window changed.
    Other,
}

/// The screen, until it is dropped.
pub(super) struct Screen {
    before: Termios,
    ended: Arc<AtomicBool>,
    size: (usize, usize),
}

impl Screen {
    /// Takes the screen.
    pub(super) fn enter() -> io::Result<Self> {
        let before = tcgetattr(io::stdin())?;
        let mut raw = before.clone();
        raw.make_raw();
        // A read waits a tenth of a second, so that time and signals are looked at.
        raw.special_codes[SpecialCodeIndex::VMIN] = 0;
        raw.special_codes[SpecialCodeIndex::VTIME] = 1;
        tcsetattr(io::stdin(), OptionalActions::Now, &raw)?;
        let screen = Self { before, ended: ended_by_signal()?, size: size() };
        let mut out = io::stdout().lock();
        out.write_all(ENTER.as_bytes())?;
        out.flush()?;
        Ok(screen)
    }

    /// Shows lines, as many as fit.
    pub(super) fn show(&mut self, lines: impl FnOnce(usize) -> Vec<String>) -> io::Result<()> {
        self.size = size();
        let (width, height) = self.size;
        let lines = lines(width);
        let mut text = HOME.to_owned();
        let room = height.saturating_sub(1);
        let shown = if lines.len() > room { room.saturating_sub(1) } else { lines.len() };
        for line in &lines[..shown] {
            text.push_str(&format!("{line}{CLEAR_LINE}\r\n"));
        }
        if shown < lines.len() {
            text.push_str(&format!("… and {} more{CLEAR_LINE}\r\n", lines.len() - shown));
        }
        text.push_str(&format!("{CLEAR_BELOW}q ends"));
        let mut out = io::stdout().lock();
        out.write_all(text.as_bytes())?;
        out.flush()
    }

    /// Waits for a key until then.
    pub(super) fn wait(&self, until: Instant) -> io::Result<Key> {
        let mut key = [0; 32];
        loop {
            let read = match io::stdin().lock().read(&mut key) {
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => 0,
                Err(error) => return Err(error),
            };
            const CTRL_C: u8 = 3;
            if self.ended.load(Relaxed)
                || key[..read].iter().any(|key| matches!(key, b'q' | b'Q' | &CTRL_C))
            {
                return Ok(Key::Quit);
            }
            if read > 0 || size() != self.size {
                return Ok(Key::Other);
            }
            if Instant::now() >= until {
                return Ok(Key::None);
            }
        }
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        // There is nobody to tell, and nothing else to do.
        let _ = tcsetattr(io::stdin(), OptionalActions::Now, &self.before);
        let mut out = io::stdout().lock();
        let _ = out.write_all(LEAVE.as_bytes()).and_then(|()| out.flush());
    }
}

fn size() -> (usize, usize) {
    match tcgetwinsize(io::stdout()) {
        Ok(size) if size.ws_col > 0 && size.ws_row > 0 => (size.ws_col.into(), size.ws_row.into()),
        _ => SIZE,
    }
}

/// Set when a signal wants the process to end: the terminal has to be given back first.
fn ended_by_signal() -> io::Result<Arc<AtomicBool>> {
    let ended = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&ended);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut signals = runtime.block_on(async {
        Ok::<_, io::Error>((
            signal(SignalKind::terminate())?,
            signal(SignalKind::hangup())?,
            signal(SignalKind::interrupt())?,
        ))
    })?;
    // Never joined: it ends with the process.
    std::thread::spawn(move || {
        runtime.block_on(async {
            tokio::select! {
                _ = signals.0.recv() => {}
                _ = signals.1.recv() => {}
                _ = signals.2.recv() => {}
            }
        });
        flag.store(true, Relaxed);
    });
    Ok(ended)
}
