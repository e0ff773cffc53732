//! `zrig check`: all faults of all files.
//!
//! Owns the arguments of `check` and its exit status. Never finds a fault itself.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueEnum};

use crate::load::load;

use super::draw::{Look, draw_each, summary};
use super::variables::Variables;
use super::{INVALID, colours_on};

/// Check topologies without running them
#[derive(Args, Debug)]
pub(super) struct CheckArguments {
    /// The topology files
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// How faults are printed
    #[arg(long, value_enum, default_value_t = Format::Full)]
    format: Format,
    /// Set a variable of the files, before the environment
    #[arg(long, value_name = "NAME=VALUE")]
    set: Vec<String>,
}

/// How faults are printed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
enum Format {
    /// With snippets
    Full,
    /// One line each
    Short,
}

impl CheckArguments {
    /// Checks every file.
    ///
    /// # Errors
    ///
    /// When the result cannot be written.
    pub(super) fn run(&self) -> io::Result<ExitCode> {
        let mut out = io::stdout().lock();
        let variables = match Variables::parse(&self.set) {
            Ok(variables) => variables,
            Err(error) => {
                writeln!(io::stderr(), "error: {error}")?;
                return Ok(ExitCode::from(INVALID));
            }
        };
        let look = match self.format {
            Format::Full => Look::Full { colours: colours_on(&io::stdout()) },
            Format::Short => Look::Short,
        };
        let mut is_sound = true;
        let mut faults = Vec::new();
        for file in &self.files {
            let loaded = load(file, &|name| variables.get(name));
            is_sound &= loaded.topology.is_some();
            let drawn = draw_each(&loaded.diagnostics, &loaded.sources, look);
            out.write_all(drawn.as_bytes())?;
            faults.extend(loaded.diagnostics);
        }
        if let Some(summary) = summary(&faults) {
            writeln!(out, "{summary}")?;
        }
        Ok(if is_sound { ExitCode::SUCCESS } else { ExitCode::from(INVALID) })
    }
}
