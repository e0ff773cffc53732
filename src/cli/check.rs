//! `zrig check`: all faults of all files, topologies and test files.
//!
//! Owns the arguments of `check` and its exit status. Never finds a fault itself.

mod files;
mod json;
mod subject;

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, ValueEnum};

pub(super) use self::files::{files as all_files, test_files};

use crate::diagnostic::{Diagnostic, Severity};
use crate::listing::counted;
use crate::topology::{Part, Topology};

use super::draw::{Look, draw_each, summary};
use super::output::{INVALID, colours_on, invalid};
use super::variables::Variables;
use subject::{Subject, told_by_themselves};

/// Check topologies and test files without running them
#[derive(Args, Debug)]
pub(super) struct CheckArguments {
    /// Topology files, test files, folders of them, or patterns such as 'topologies/*.yaml'
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// How faults are printed
    #[arg(long, value_enum, default_value_t = Format::Full)]
    format: Format,
    /// Fail on warnings too
    #[arg(long)]
    deny_warnings: bool,
    /// Check that the files have this place; all of each file is checked all the same
    #[arg(long, value_name = "PLACE")]
    place: Option<String>,
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
    /// One JSON object a line each
    Json,
}

impl CheckArguments {
    /// Checks every file.
    ///
    /// # Errors
    ///
    /// When the result cannot be written.
    pub(super) fn run(&self) -> io::Result<ExitCode> {
        let mut out = io::stdout().lock();
        let asked = Variables::parse(&self.set).map_err(|error| error.to_string());
        let asked = asked.and_then(|variables| Ok((variables, files::files(&self.files)?)));
        let (variables, files) = match asked {
            Ok(asked) => asked,
            Err(error) => return Ok(invalid(&error)),
        };
        let mut is_sound = true;
        let mut seen = Seen::default();
        let mut faults = Vec::new();
        let by_themselves = told_by_themselves(&files);
        for file in &files {
            let subject = Subject::load(file, &by_themselves, &|name| variables.get(name));
            if let Some(error) = self.no_place(file, subject.topology.as_ref()) {
                return Ok(invalid(&error));
            }
            is_sound &= subject.is_sound;
            out.write_all(self.format.print(&file.display().to_string(), &subject).as_bytes())?;
            seen.add(&subject, &self.part());
            faults.extend(subject.diagnostics);
        }
        if let Some(error) = variables.unread() {
            return Ok(invalid(&error));
        }
        if let Some(summary) = summary(&faults).filter(|_| self.format != Format::Json) {
            writeln!(out, "{summary}")?;
        }
        if faults.is_empty() && self.format == Format::Full {
            writeln!(out, "{seen}")?;
        }
        let is_denied = |fault: &Diagnostic| fault.severity == Severity::Warning;
        is_sound &= !(self.deny_warnings && faults.iter().any(is_denied));
        Ok(if is_sound { ExitCode::SUCCESS } else { ExitCode::from(INVALID) })
    }
}

impl CheckArguments {
    fn part(&self) -> Part {
        Part { place: self.place.clone(), ..Part::default() }
    }

    /// That a file has not the place that is asked for.
    fn no_place(&self, file: &Path, topology: Option<&Topology>) -> Option<String> {
        let error = topology?.part(&self.part()).err()?;
        Some(format!("--place: {}: {error}", file.display()))
    }
}

/// What was looked at.
#[derive(Default)]
struct Seen {
    files: usize,
    nodes: usize,
    links: usize,
    tests: usize,
}

impl Seen {
    fn add(&mut self, subject: &Subject, part: &Part) {
        self.files += 1;
        self.tests += subject.tests;
        // One that is checked by itself too is counted there.
        let topology = subject.topology.as_ref().filter(|_| !subject.is_told_elsewhere);
        if let Some(topology) = topology.and_then(|topology| topology.part(part).ok()) {
            self.nodes += topology.nodes.len();
            self.links += topology.links().len();
        }
    }
}

impl std::fmt::Display for Seen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let files = match self.files {
            1 => "sound".to_owned(),
            files => format!("{files} files, all sound"),
        };
        write!(
            f,
            "{files}: {}, {} and their handlers",
            counted(self.nodes, "node"),
            counted(self.links, "link")
        )?;
        match self.tests {
            0 => Ok(()),
            tests => write!(f, ", {}", counted(tests, "test")),
        }
    }
}

impl Format {
    fn print(self, file: &str, loaded: &Subject) -> String {
        let look = match self {
            Self::Full => Look::Full { colours: colours_on(&io::stdout()) },
            Self::Short => Look::Short,
            Self::Json => {
                let objects = loaded.diagnostics.iter();
                return objects
                    .map(|fault| format!("{}\n", json::object(file, fault, &loaded.sources)))
                    .collect();
            }
        };
        draw_each(&loaded.diagnostics, &loaded.sources, look)
    }
}
