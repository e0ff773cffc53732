//! `zrig fmt`: files as they are usually laid out.
//!
//! Owns the arguments of `fmt`, and that a file is written whole or not at all. How a text is laid out
//! is `language/`'s.

use std::fs;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;

use super::check::all_files;
use super::output::{FAILED, INVALID, aside, invalid};
use crate::language::{Formatted, format_script, formatted};
use crate::visible::visible;
use crate::whole::{naming, replace};

/// Lay out topologies, test files and scripts; comments stay, and so does what they mean
#[derive(Args, Debug)]
pub(super) struct FmtArguments {
    /// Topologies, test files, scripts (.rhai), folders of topologies, or patterns such as
    /// 'topologies/*.yaml'; - reads a topology from standard input and writes it to standard output
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Change nothing; name the files that are not laid out so, and end with status 1 if there are any
    #[arg(long)]
    check: bool,
}

/// What came of all files.
#[derive(Default)]
struct Sum {
    changed: usize,
    refused: usize,
}

impl FmtArguments {
    /// Lays out every file.
    ///
    /// # Errors
    ///
    /// When the result cannot be written.
    pub(super) fn run(&self) -> io::Result<ExitCode> {
        if self.files == [Path::new("-")] {
            return self.standard_input();
        }
        let files = match all_files(&self.files) {
            Ok(files) => files,
            Err(error) => return Ok(invalid(&error)),
        };
        let mut out = io::stdout().lock();
        let mut sum = Sum::default();
        for file in &files {
            let shown = file.display().to_string();
            let shown = visible(&shown);
            match fs::read_to_string(file).map(|text| laid_out(file, &text)) {
                Ok(Formatted::Already) => {}
                Ok(Formatted::Anew(text)) => {
                    if !self.check {
                        replace(file, text.as_bytes()).map_err(|error| naming(file, &error))?;
                    }
                    writeln!(out, "{shown}")?;
                    sum.changed += 1;
                }
                Ok(Formatted::Never(why)) => {
                    aside(&format!("error: {shown}: {why}"));
                    sum.refused += 1;
                }
                Err(error) => {
                    aside(&format!("error: {shown}: {error}"));
                    sum.refused += 1;
                }
            }
        }
        Ok(match () {
            () if sum.refused > 0 => ExitCode::from(INVALID),
            () if self.check && sum.changed > 0 => ExitCode::from(FAILED),
            () => ExitCode::SUCCESS,
        })
    }

    fn standard_input(&self) -> io::Result<ExitCode> {
        let mut text = String::new();
        io::stdin().read_to_string(&mut text)?;
        let (text, status) = match formatted(&text) {
            Formatted::Already => (text, ExitCode::SUCCESS),
            Formatted::Anew(text) if self.check => (text, ExitCode::from(FAILED)),
            Formatted::Anew(text) => (text, ExitCode::SUCCESS),
            Formatted::Never(why) => return Ok(invalid(&format!("standard input: {why}"))),
        };
        if !self.check {
            io::stdout().write_all(text.as_bytes())?;
        }
        Ok(status)
    }
}

fn laid_out(file: &Path, text: &str) -> Formatted {
    if file.extension().is_some_and(|end| end == "rhai") {
        return format_script(text).map_or(Formatted::Already, Formatted::Anew);
    }
    formatted(text)
}
