//! `zrig manual`: the manual pages, one for zrig and one for each of its commands.
//!
//! Owns where they are written. What they say is the command line's own definition.

use std::fs;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Command};
use clap_mangen::Man;

use crate::whole::naming;

/// What the pages are of.
const SOURCE: &str = concat!("zrig ", env!("CARGO_PKG_VERSION"));

/// Write the manual pages: zrig.1, and one for each command, such as zrig-run.1
#[derive(Args, Debug)]
pub(super) struct ManualArguments {
    /// The folder, which is made where it is missing; pages of an earlier zrig are replaced
    #[arg(long, value_name = "DIR")]
    to: PathBuf,
}

impl ManualArguments {
    /// Writes them.
    ///
    /// # Errors
    ///
    /// When one cannot be written.
    pub(super) fn run(&self, definition: Command) -> io::Result<ExitCode> {
        let named = |error: io::Error| naming(&self.to, &error);
        fs::create_dir_all(&self.to).map_err(named)?;
        let mut definition = definition.disable_help_subcommand(true);
        definition.build();
        let commands = definition.get_subcommands().cloned();
        let mut pages = 0;
        for command in std::iter::once(definition.clone()).chain(commands) {
            Man::new(command).manual("zrig").source(SOURCE).generate_to(&self.to).map_err(named)?;
            pages += 1;
        }
        writeln!(io::stdout(), "{pages} pages in {}", self.to.display())?;
        Ok(ExitCode::SUCCESS)
    }
}
