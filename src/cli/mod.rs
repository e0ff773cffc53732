//! The command line: one file a subcommand.
//!
//! Owns arguments, exit statuses and what is printed. Never starts a node itself.

mod check;
mod draw;
mod explain;
mod graph;
mod message;
mod plan;
mod run;
mod schema;
mod send;
mod tap;
mod top;
mod variables;

use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;

use crate::load::Loaded;
use crate::visible::visible_lines;

pub use draw::{Look, draw, summary};
pub use variables::Variables;

/// The exit status of an invalid topology or command line.
const INVALID: u8 = 2;
/// The exit status of what failed while running.
const FAILED: u8 = 1;

/// Runs declarative ZeroMQ topologies.
#[derive(Parser, Debug)]
#[command(name = "zrig", version, about, max_term_width = 100)]
pub struct CommandLine {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    Run(run::RunArguments),
    Check(check::CheckArguments),
    Plan(plan::PlanArguments),
    Graph(graph::GraphArguments),
    Top(top::TopArguments),
    Tap(tap::TapArguments),
    Send(send::SendArguments),
    Call(send::CallArguments),
    Explain(explain::ExplainArguments),
    Schema(schema::SchemaArguments),
}

/// Does what the process's arguments say.
#[must_use]
pub fn main() -> ExitCode {
    let done = match CommandLine::parse().command {
        Command::Run(arguments) => arguments.run(),
        Command::Check(arguments) => arguments.run(),
        Command::Plan(arguments) => arguments.run(),
        Command::Graph(arguments) => arguments.run(),
        Command::Top(arguments) => arguments.run(),
        Command::Tap(arguments) => arguments.run(),
        Command::Send(arguments) => arguments.run(),
        Command::Call(arguments) => arguments.run(),
        Command::Explain(arguments) => arguments.run(),
        Command::Schema(arguments) => arguments.run(),
    };
    done.unwrap_or_else(|error| {
        // A reader that closed its end of the pipe has seen enough.
        if error.kind() != io::ErrorKind::BrokenPipe {
            aside(&format!("error: {}", visible_lines(&error.to_string())));
        }
        ExitCode::from(FAILED)
    })
}

/// Says a line beside the result, on standard error. Where nobody reads that, the result still
/// counts.
fn aside(line: &str) {
    let _ = io::stderr().write_all(format!("{line}\n").as_bytes());
}

/// Says why what was asked for is invalid.
fn invalid(error: &str) -> ExitCode {
    aside(&format!("error: {}", visible_lines(error)));
    ExitCode::from(INVALID)
}

/// Draws what is wrong with a file, beside the result.
fn show_faults(loaded: &Loaded) {
    let look = Look::Full { colours: colours_on(&io::stderr()) };
    let drawn = draw(&loaded.diagnostics, &loaded.sources, look);
    let _ = io::stderr().write_all(drawn.as_bytes());
}

/// Ends the process as soon as the reader of standard output is gone, for what may go on for ever
/// without printing anything.
fn end_with_reader() {
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
fn colours_on(out: &impl IsTerminal) -> bool {
    let is_refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    out.is_terminal() && !is_refused
}
