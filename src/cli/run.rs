//! `zrig run`: checks, starts, and runs until something ends it.
//!
//! Owns the arguments of `run`. Never starts anything itself: `app` does.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;

use super::{INVALID, draw};
use crate::app::{self, RunOptions};
use crate::duration::parse_duration;
use crate::load::load;
use crate::observe::{LogFormat, Logger};

/// Run a topology until Ctrl-C, stop() in a handler, or --for
#[derive(Args, Debug)]
pub(super) struct RunArguments {
    /// The topology file
    file: PathBuf,
    /// Run only these nodes; the rest runs elsewhere
    #[arg(long, value_name = "NODE", value_delimiter = ',')]
    only: Vec<String>,
    /// End in good order after this time, such as 10s
    #[arg(long = "for", value_name = "DURATION", value_parser = duration)]
    duration: Option<Duration>,
    /// Give a ${NAME} of the file its value, before the environment
    #[arg(long, value_name = "NAME=VALUE", value_parser = variable)]
    set: Vec<(String, String)>,
    /// What the log tells: error, warn, info, debug or trace
    #[arg(long, value_name = "LEVEL", default_value = "info")]
    log: String,
}

pub(super) fn run(arguments: &RunArguments) -> ExitCode {
    let lookup = |name: &str| {
        let set = arguments.set.iter().rev().find(|(known, _)| known == name);
        set.map(|(_, value)| value.clone()).or_else(|| std::env::var(name).ok())
    };
    let loaded = load(&arguments.file, &lookup);
    draw::to_standard_error(&loaded.diagnostics, &loaded.sources);
    let Some(topology) = loaded.topology else { return ExitCode::from(INVALID) };
    let unknown: Vec<&String> =
        arguments.only.iter().filter(|name| topology.node(name).is_none()).collect();
    if !unknown.is_empty() {
        let nodes: Vec<&str> = topology.nodes.iter().map(|node| node.name.as_str()).collect();
        draw::failure(&format!("--only: no node {unknown:?}; there are {}", nodes.join(", ")));
        return ExitCode::from(INVALID);
    }
    let logger = Logger::install(LogFormat::Text, &arguments.log);
    let options = RunOptions { only: arguments.only.clone(), duration: arguments.duration };
    match app::run(&topology, &options, &logger) {
        Ok(status) => ExitCode::from(status),
        Err(error) => {
            draw::failure(&error.to_string());
            ExitCode::FAILURE
        }
    }
}

fn duration(text: &str) -> Result<Duration, String> {
    parse_duration(text).map_err(|error| error.to_string())
}

fn variable(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("this takes NAME=VALUE".to_owned()),
    }
}
