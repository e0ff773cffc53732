//! `zrig web`: a live page of a run that is already there.
//!
//! Owns the arguments of `web`. The page is `web`'s, and never stops or starts a run.

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Args;

use super::output::{aside, end_with_reader, fail, invalid};
use super::variables::Variables;
use crate::control::Failed;
use crate::web::{Listening, Page, Reach, ServeAddress, Tell};

/// Serve a live page of a run, and find the run again when it comes back
#[derive(Args, Debug)]
pub(super) struct WebArguments {
    /// A running topology: its name, its file, its process or its control socket
    run: String,
    /// Where the page is served; a port alone is one of 127.0.0.1, and port 0 takes a free one
    #[arg(long, value_name = "[HOST:]PORT", default_value = "0")]
    port: ServeAddress,
    /// Open the page in a browser
    #[arg(long)]
    open: bool,
    /// Let the page change the file and its scripts, and replay recordings into the run
    #[arg(long)]
    edit: bool,
    /// Set a variable of the file, before the environment, as the run has it
    #[arg(long, value_name = "NAME=VALUE")]
    set: Vec<String>,
}

impl WebArguments {
    /// Serves until Ctrl-C.
    ///
    /// # Errors
    ///
    /// When the address cannot be printed, or the system gives no thread.
    pub(super) fn run(&self) -> io::Result<ExitCode> {
        let variables = match Variables::parse(&self.set) {
            Ok(variables) => variables,
            Err(error) => return Ok(invalid(&error)),
        };
        let reach = match Reach::beside(&self.run) {
            Ok(reach) => reach,
            Err(failed) => return Ok(fail(&failed)),
        };
        let listening = match Listening::at(&self.port, "--port") {
            Ok(listening) => listening,
            Err(error) => return Ok(fail(&Failed { error: error.to_string(), invalid: false })),
        };
        let page = Page {
            reach,
            lookup: variables.lookup(),
            edit: self.edit,
            open: self.open,
            tell: Tell::new(aside),
        };
        end_with_reader();
        let address = listening.address();
        let mut out = io::stdout().lock();
        writeln!(out, "page at http://{address}/")?;
        out.flush()?;
        page.serve(listening)?;
        loop {
            std::thread::park();
        }
    }
}
