//! `zrig plan`: what a reload from one file to another would do.
//!
//! Owns the arguments of `plan`. Never runs anything.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueEnum};

use super::output::{INVALID, invalid, show_faults};
use super::variables::Variables;
use crate::load::load;
use crate::plan::Plan;
use crate::topology::{Part, Topology};

/// Show what a reload from OLD to NEW would do, node by node
#[derive(Args, Debug)]
pub(super) struct PlanArguments {
    /// The topology file that would be running
    old: PathBuf,
    /// The topology file that would replace it
    new: PathBuf,
    /// How the plan is printed
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Plan for the nodes of this place, at its addresses
    #[arg(long, value_name = "PLACE")]
    place: Option<String>,
    /// Set a variable of the files, before the environment
    #[arg(long, value_name = "NAME=VALUE")]
    set: Vec<String>,
}

/// How a plan is printed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
enum Format {
    /// Lines for a person
    Text,
    /// One JSON array, an object a node
    Json,
}

impl PlanArguments {
    /// Prints the plan.
    ///
    /// # Errors
    ///
    /// When the result cannot be written.
    pub(super) fn run(&self) -> io::Result<ExitCode> {
        let variables = match Variables::parse(&self.set) {
            Ok(variables) => variables,
            Err(error) => return Ok(invalid(&error)),
        };
        let (old, new) = (sound(&self.old, &variables), sound(&self.new, &variables));
        let (Some(old), Some(new)) = (old, new) else { return Ok(ExitCode::from(INVALID)) };
        let part = Part { place: self.place.clone(), ..Part::default() };
        let (old, new) = match (old.part(&part), new.part(&part)) {
            (Ok(old), Ok(new)) => (old, new),
            (Err(error), _) | (_, Err(error)) => return Ok(invalid(&format!("--place: {error}"))),
        };
        let plan = Plan::between(&old, &new);
        let mut out = io::stdout().lock();
        match self.format {
            Format::Text => write!(out, "{plan}")?,
            Format::Json => writeln!(out, "{}", plan.to_json())?,
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// The topology of a file; its faults are drawn.
fn sound(file: &std::path::Path, variables: &Variables) -> Option<Topology> {
    let loaded = load(file, &|name| variables.get(name));
    show_faults(&loaded);
    loaded.topology
}
