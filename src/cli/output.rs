//! What every subcommand prints beside its result, and the exit statuses.
//!
//! Owns standard error and the meaning of a status. Never prints a result.

use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;

use super::draw::{Look, draw};
use crate::control::Failed;
use crate::load::Loaded;
use crate::visible::visible_lines;

/// The exit status of an invalid topology or command line.
pub(super) const INVALID: u8 = 2;
/// The exit status of what failed while running.
pub(super) const FAILED: u8 = 1;

/// Says a line beside the result, on standard error. Where nobody reads that, the result still
/// counts.
pub(super) fn aside(line: &str) {
    let _ = io::stderr().write_all(format!("{line}\n").as_bytes());
}

/// Says why what was asked for is invalid.
pub(super) fn invalid(error: &str) -> ExitCode {
    aside(&format!("error: {}", visible_lines(error)));
    ExitCode::from(INVALID)
}

/// Draws what is wrong with a file, beside the result.
pub(super) fn show_faults(loaded: &Loaded) {
    let look = Look::Full { colours: colours_on(&io::stderr()) };
    let drawn = draw(&loaded.diagnostics, &loaded.sources, look);
    let _ = io::stderr().write_all(drawn.as_bytes());
}

/// Ends the process as soon as the reader of standard output is gone, for what may go on for ever
/// without printing anything.
pub(super) fn end_with_reader() {
    std::thread::spawn(|| {
        let out = io::stdout();
        let mut watched = [PollFd::new(&out, PollFlags::empty())];
        while poll(&mut watched, None).is_err_and(|error| error == Errno::INTR) {}
        // Of what is no pipe nothing is told, or what cannot be asked.
        if watched[0].revents().contains(PollFlags::ERR) {
            std::process::exit(FAILED.into());
        }
    });
}

/// Whether to print colours: on a terminal, unless `NO_COLOR` is set to anything.
pub(super) fn colours_on(out: &impl IsTerminal) -> bool {
    let is_refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    out.is_terminal() && !is_refused
}

/// Prints why something could not be done.
pub(super) fn fail(failed: &Failed) -> ExitCode {
    aside(&format!("error: {}", visible_lines(&failed.to_string())));
    ExitCode::from(if failed.invalid { INVALID } else { FAILED })
}
