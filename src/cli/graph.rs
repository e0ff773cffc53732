//! `zrig graph`: the picture of a topology.
//!
//! Owns the arguments of `graph` and which format they ask for. Never runs anything.

mod live;

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, ValueEnum};

use super::output::{FAILED, INVALID, aside, fail, invalid, show_faults};
use super::variables::Variables;
use crate::graph::{Open, Picture, dot, mermaid, svg, text};
use crate::load::load;
use crate::topology::Part;
use crate::visible::visible;

/// Draw the topology: nodes, sockets, links and what passes them
#[derive(Args, Debug)]
pub(super) struct GraphArguments {
    /// The topology file; --live knows the run's own
    #[arg(required_unless_present = "live")]
    file: Option<PathBuf>,
    /// Add what this run does now: rates, peers, what waits and what was dropped
    #[arg(long, value_name = "RUN")]
    live: Option<String>,
    /// What to write; without it, what the name of --output ends in, or text
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// Write to this file instead of standard output
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Show a group of nodes that are alike node by node, or `all` of them
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    open: Vec<String>,
    /// Draw only the nodes of this place, at its addresses
    #[arg(long, value_name = "PLACE")]
    place: Option<String>,
    /// Set a variable of the file, before the environment
    #[arg(long, value_name = "NAME=VALUE")]
    set: Vec<String>,
}

/// What the picture is written as.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
enum Format {
    /// A picture for slides and pages
    Svg,
    /// A flowchart for sites that draw Mermaid
    Mermaid,
    /// A graph for Graphviz
    Dot,
    /// Lines for a terminal
    Text,
}

impl Format {
    /// The format that a file of that name has.
    fn of_file(path: &Path) -> Option<Self> {
        match path.extension()?.to_str()? {
            "svg" => Some(Self::Svg),
            "mmd" | "mermaid" => Some(Self::Mermaid),
            "dot" | "gv" => Some(Self::Dot),
            "txt" => Some(Self::Text),
            _ => None,
        }
    }

    fn render(self, picture: &Picture) -> String {
        match self {
            Self::Svg => svg(picture),
            Self::Mermaid => mermaid(picture),
            Self::Dot => dot(picture),
            Self::Text => text(picture),
        }
    }
}

impl GraphArguments {
    /// Writes the picture.
    ///
    /// # Errors
    ///
    /// When the result cannot be printed.
    pub(super) fn run(&self) -> io::Result<ExitCode> {
        let variables = match Variables::parse(&self.set) {
            Ok(variables) => variables,
            Err(error) => return Ok(invalid(&error)),
        };
        let live = match self.live.as_deref().map(live::look).transpose() {
            Ok(live) => live,
            Err(failed) => return Ok(fail(&failed)),
        };
        let file = self.file.clone().or_else(|| live.as_ref().map(|live| live.file.clone()));
        if let Some(error) = self.unwritable() {
            return Ok(invalid(&error));
        }
        let loaded = load(&file.unwrap_or_default(), &|name| variables.get(name));
        show_faults(&loaded);
        let Some(topology) = loaded.topology else {
            return Ok(ExitCode::from(INVALID));
        };
        let of_run = live.as_ref().and_then(|live| live.place.clone());
        let part = Part { place: self.place.clone().or(of_run), ..Part::default() };
        let topology = match topology.part(&part) {
            Ok(topology) => topology,
            Err(error) => return Ok(invalid(&format!("--place: {error}"))),
        };
        let mut picture = Picture::of(&topology);
        if let Some(unknown) = self.unknown_group(&picture) {
            return Ok(invalid(&unknown));
        }
        picture = picture.folded(&Open::named(self.open.iter().map(String::as_str)));
        if let Some(live) = live {
            picture.show_live(&live.boxes(&picture), &live.when);
        }
        let rendered = self.format().render(&picture);
        let Some(output) = &self.output else {
            io::stdout().lock().write_all(rendered.as_bytes())?;
            return Ok(ExitCode::SUCCESS);
        };
        match fs::write(output, rendered) {
            Ok(()) => Ok(ExitCode::SUCCESS),
            Err(error) => {
                let output = output.display().to_string();
                aside(&format!("error: cannot write {}: {error}", visible(&output)));
                Ok(ExitCode::from(FAILED))
            }
        }
    }

    /// A name of `--open` that is neither a group's nor a node's.
    fn unknown_group(&self, picture: &Picture) -> Option<String> {
        let groups = picture.groups();
        let is_known = |name: &String| {
            name == "all"
                || groups.iter().any(|group| group.name == *name)
                || picture.boxes.iter().any(|node| node.name == *name)
        };
        let unknown = self.open.iter().find(|name| !is_known(name))?;
        let names: Vec<String> = groups.into_iter().map(|group| group.name).collect();
        let groups = if names.is_empty() {
            "no nodes are shown as one here".to_owned()
        } else {
            format!("the groups are {}", names.join(", "))
        };
        Some(format!("no group {}: {groups}", visible(unknown)))
    }

    /// Why a file of that name cannot be written.
    fn unwritable(&self) -> Option<String> {
        let output = self.output.as_deref().filter(|_| self.format.is_none())?;
        let extension = output.extension()?.to_str()?;
        if Format::of_file(output).is_some() {
            return None;
        }
        let svg = visible(&output.with_extension("svg").display().to_string()).into_owned();
        let name = visible(&output.display().to_string()).into_owned();
        Some(match extension {
            "png" | "pdf" | "jpg" | "jpeg" | "gif" | "webp" => format!(
                "no {extension} is written here: write {svg}, and make {extension} of it, as by \
                 `rsvg-convert {svg} -o {name}` or `inkscape {svg} -o {name}`"
            ),
            _ => format!(
                "{name}: no format ends in .{extension}; use .svg, .mmd, .dot or .txt, or say which \
                 by --format"
            ),
        })
    }

    fn format(&self) -> Format {
        let of_output = || self.output.as_deref().and_then(Format::of_file);
        self.format.or_else(of_output).unwrap_or(Format::Text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_name_says_its_format() {
        for (name, want) in [
            ("a.svg", Some(Format::Svg)),
            ("a.b.mmd", Some(Format::Mermaid)),
            ("a.gv", Some(Format::Dot)),
            ("a.txt", Some(Format::Text)),
            ("a.png", None),
            ("svg", None),
        ] {
            assert_eq!(Format::of_file(Path::new(name)), want, "{name}");
        }
    }
}
