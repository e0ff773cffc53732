//! `zrig guard`: the process between a run and a program of it. Nobody types it.
//!
//! Owns its arguments. What it does is the node's.

use std::ffi::OsString;
use std::io;
use std::process::ExitCode;

use clap::Args;

use crate::node::guard;

/// Guard a program of a run; a run starts this by itself
#[derive(Args, Debug)]
pub(super) struct GuardArguments {
    /// The program and its arguments
    #[arg(last = true, required = true)]
    program: Vec<OsString>,
}

impl GuardArguments {
    /// Guards the program until nothing of it is left.
    ///
    /// # Errors
    ///
    /// When it was not started by a run.
    pub(super) fn run(&self) -> io::Result<ExitCode> {
        guard(&self.program).map(|()| ExitCode::SUCCESS)
    }
}
