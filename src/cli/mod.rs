//! The command line: one file a subcommand.
//!
//! Owns the arguments and what is printed. Never does the work itself.
#![expect(clippy::print_stderr, clippy::print_stdout, reason = "printing is the command line's work")]

mod draw;
mod run;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// The exit status of an invalid topology or command line.
const INVALID: u8 = 2;

/// A declarative ZeroMQ topology runner
#[derive(Parser, Debug)]
#[command(version, about, disable_help_subcommand = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    Run(run::RunArguments),
}

/// Parses the command line, does what it says, and gives the exit status.
#[must_use]
pub fn main() -> ExitCode {
    match Arguments::parse().command {
        Command::Run(arguments) => run::run(&arguments),
    }
}
