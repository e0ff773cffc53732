//! `zrig import`: the topology of another system as one of this one.
//!
//! Owns the arguments of `import` and what is said of its result. Never overwrites a file unasked.

use std::fs;
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;

use super::draw::{Look, draw};
use super::output::{FAILED, INVALID, aside, colours_on};
use crate::import::{Imported, import};
use crate::source::{Source, SourceMap};
use crate::visible::visible;
use crate::whole::{replace, write_new};

/// Turn a file of FairMQ (JSON) or ZDCF (ZeroMQ RFC 5: JSON, ZPL) into a topology
///
/// What has no equal is a comment. Where the file only names a program, handlers stand in its place.
#[derive(Args, Debug)]
pub(super) struct ImportArguments {
    /// The file of the other system
    file: PathBuf,
    /// Write to this file instead of standard output
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Overwrite the file of --output
    #[arg(long, requires = "output")]
    force: bool,
}

impl ImportArguments {
    /// Writes the topology.
    ///
    /// # Errors
    ///
    /// When the result cannot be printed.
    pub(super) fn run(&self) -> io::Result<ExitCode> {
        let shown = self.file.display().to_string();
        let text = match fs::read_to_string(&self.file) {
            Ok(text) => text,
            Err(error) => {
                aside(&format!("error: cannot read {}: {error}", visible(&shown)));
                return Ok(ExitCode::from(INVALID));
            }
        };
        let mut sources = SourceMap::default();
        let source = Source::new(&self.file, text);
        let id = sources.add(source.clone());
        let imported = match import(id, &source) {
            Ok(imported) => imported,
            Err(faults) => {
                let look = Look::Full { colours: colours_on(&io::stderr()) };
                aside(draw(&faults, &sources, look).trim_end());
                return Ok(ExitCode::from(INVALID));
            }
        };
        let Some(output) = &self.output else {
            io::stdout().lock().write_all(imported.text.as_bytes())?;
            aside(&said(&shown, &imported));
            return Ok(ExitCode::SUCCESS);
        };
        let path = output.display().to_string();
        match self.write(output, &imported.text) {
            Ok(()) => {
                aside(&said(&shown, &imported));
                writeln!(
                    io::stdout(),
                    "written: {}; `zrig check` says what it lacks",
                    visible(&path)
                )?;
                Ok(ExitCode::SUCCESS)
            }
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                aside(&format!(
                    "error: {} is there already; --force overwrites it",
                    visible(&path)
                ));
                Ok(ExitCode::from(FAILED))
            }
            Err(error) => {
                aside(&format!("error: cannot write {}: {error}", visible(&path)));
                Ok(ExitCode::from(FAILED))
            }
        }
    }

    fn write(&self, output: &Path, text: &str) -> io::Result<()> {
        if self.force && output.exists() {
            return replace(output, text.as_bytes());
        }
        write_new(output, text.as_bytes(), 0o644)
    }
}

fn said(file: &str, imported: &Imported) -> String {
    let nodes = match imported.nodes {
        1 => "1 node".to_owned(),
        count => format!("{count} nodes"),
    };
    let remarks = match imported.remarks {
        0 => "nothing was left out".to_owned(),
        1 => "1 comment says what is not as it was".to_owned(),
        count => format!("{count} comments say what is not as it was"),
    };
    format!("{} is of {}: {nodes}; {remarks}", visible(file), imported.system.name())
}
