//! `zrig schema`: the JSON Schema of the topology file, or of test files.
//!
//! Owns how it is printed. Its shape is `schema.rs`'s.

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Args;

use crate::schema::{schema, test_schema};

/// Print the JSON Schema of the topology file, for editors
#[derive(Args, Debug)]
pub(super) struct SchemaArguments {
    /// That of test files instead
    #[arg(long)]
    tests: bool,
}

impl SchemaArguments {
    /// Prints it.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub(super) fn run(&self) -> io::Result<ExitCode> {
        let mut out = io::stdout().lock();
        let schema = if self.tests { test_schema() } else { schema() };
        writeln!(out, "{schema:#}")?;
        Ok(ExitCode::SUCCESS)
    }
}
