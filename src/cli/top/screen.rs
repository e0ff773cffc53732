//! The whole screen of a terminal: taken, drawn on, and given back as it was on every way out.
//!
//! Owns the terminal's mode and its keys. Never knows what it shows.

use std::io::{self, IsTerminal, Stdout};
use std::panic;
use std::sync::atomic::{AtomicBool, Ordering};

use ratatui::backend::CrosstermBackend;
use ratatui::crossterm::cursor::Show;
use ratatui::crossterm::event::{self, Event};
use ratatui::crossterm::execute;
use ratatui::crossterm::terminal::{
    EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode, size,
};
use ratatui::layout::Rect;
use ratatui::{Frame, Terminal, TerminalOptions, Viewport};
use tokio::sync::mpsc;

/// A size for terminals that tell none.
const SIZE: (u16, u16) = (80, 24);

/// Whether the screen is ours, and has to be given back.
static IS_TAKEN: AtomicBool = AtomicBool::new(false);

/// Whether a person is there to see a screen and to press keys.
pub(super) fn is_there() -> bool {
    let is_dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    io::stdout().is_terminal() && io::stdin().is_terminal() && !is_dumb
}

/// The screen, until it is dropped.
pub(super) struct Screen {
    terminal: Terminal<CrosstermBackend<Stdout>>,
    size: (u16, u16),
}

impl Screen {
    /// Takes the screen.
    ///
    /// # Errors
    ///
    /// When the terminal does not do what a screen needs.
    pub(super) fn enter() -> io::Result<Self> {
        let size = size_or_usual();
        // Whoever panics has to find the terminal as it was, with the words of the panic on it.
        let told = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            give_back();
            told(info);
        }));
        IS_TAKEN.store(true, Ordering::Relaxed);
        let taken = enable_raw_mode()
            .and_then(|()| execute!(io::stdout(), EnterAlternateScreen))
            .and_then(|()| {
                let viewport = Viewport::Fixed(Rect::new(0, 0, size.0, size.1));
                // The other screen is empty. To clear it would ask where the cursor is, and wait.
                let backend = CrosstermBackend::new(io::stdout());
                Terminal::with_options(backend, TerminalOptions { viewport })
            });
        match taken {
            Ok(mut terminal) => {
                terminal.hide_cursor()?;
                Ok(Self { terminal, size })
            }
            Err(error) => {
                give_back();
                Err(error)
            }
        }
    }

    /// Cells and lines.
    pub(super) fn size(&self) -> (u16, u16) {
        self.size
    }

    /// The terminal has another size, or may have.
    ///
    /// # Errors
    ///
    /// When the terminal has gone.
    pub(super) fn resized(&mut self) -> io::Result<(u16, u16)> {
        self.size = size_or_usual();
        self.terminal.resize(Rect::new(0, 0, self.size.0, self.size.1))?;
        Ok(self.size)
    }

    /// Draws what has changed.
    ///
    /// # Errors
    ///
    /// When the terminal has gone.
    pub(super) fn draw(&mut self, draw: impl FnOnce(&mut Frame<'_>)) -> io::Result<()> {
        self.terminal.draw(draw).map(drop)
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        give_back();
        // It would show the cursor once more, on the screen that is not ours any more.
        let _ = self.terminal.show_cursor();
    }
}

/// Gives the terminal back. There is nobody to tell when that fails, and nothing else to do.
fn give_back() {
    // Once: a second time it would put the cursor back over what was printed since.
    if !IS_TAKEN.swap(false, Ordering::Relaxed) {
        return;
    }
    let _ = disable_raw_mode();
    let _ = execute!(io::stdout(), Show, LeaveAlternateScreen);
}

fn size_or_usual() -> (u16, u16) {
    match size() {
        Ok((width, height)) if width > 0 && height > 0 => (width, height),
        _ => SIZE,
    }
}

/// What comes from the terminal, on a thread of its own, which ends with the process.
///
/// # Errors
///
/// When the system gives no thread.
pub(super) fn keys() -> io::Result<mpsc::Receiver<io::Result<Event>>> {
    let (told, keys) = mpsc::channel(64);
    let thread = std::thread::Builder::new().name("keys".to_owned());
    thread.spawn(move || {
        loop {
            let read = event::read();
            let is_over = read.is_err();
            if told.blocking_send(read).is_err() || is_over {
                return;
            }
        }
    })?;
    Ok(keys)
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    /// In the whole program no panic can be had for the asking, so these tests are the program.
    #[test]
    #[ignore = "run on a terminal, by the test below"]
    fn panics_on_the_screen() {
        let mut screen = Screen::enter().unwrap();
        screen.draw(|frame| frame.render_widget("drawn", frame.area())).unwrap();
        panic!("on purpose");
    }

    #[test]
    fn a_panic_gives_the_terminal_back_and_is_read_on_it() {
        let test = "cli::top::screen::tests::panics_on_the_screen";
        let output = Command::new("python3")
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/python/terminal.py"))
            .args(["80x24", "--"])
            .arg(std::env::current_exe().unwrap())
            .args([test, "--exact", "--ignored", "--nocapture"])
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let said: serde_json::Value = serde_json::from_str(&said).unwrap();
        for fact in ["entered", "left", "mode restored"] {
            assert_eq!(said[fact], true, "{fact}: {said}");
        }
        assert!(said["after"].as_str().unwrap().contains("on purpose"), "{said}");
    }
}
