//! `zrig run`: checks, starts, and runs until something ends it.
//!
//! Owns the arguments of `run`. Never starts anything itself: `app` does.

use std::fmt::Display;
use std::io;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::draw::{Look, draw, on_one_line};
use super::output::{FAILED, INVALID, colours_on};
use super::record::WhenSlow;
use super::variables::Variables;
use crate::app::{self, PageOptions, RunOptions, Terminal, Watching};
use crate::duration::parse_duration;
use crate::listing::some_of;
use crate::load::{Loaded, load};
use crate::observe::{LogFilter, LogFormat, Logger};
use crate::recording::{OnFull, RecordOptions};
use crate::topology::{Part, Topology};
use crate::units::size;
use crate::visible::visible_lines;
use crate::web::ServeAddress;
use crate::zeromq::{Endpoint, Side};

/// How log lines look.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
enum Format {
    Human,
    Json,
}

impl From<Format> for LogFormat {
    fn from(format: Format) -> Self {
        match format {
            Format::Human => Self::Human,
            Format::Json => Self::Json,
        }
    }
}

/// Run a topology until Ctrl-C, stop() in a handler, or --for
#[derive(Args, Debug)]
pub(super) struct RunArguments {
    /// The topology file
    file: PathBuf,
    /// Run only these nodes; the rest runs elsewhere
    #[arg(long, value_name = "NODE", value_delimiter = ',')]
    only: Vec<String>,
    /// Run only the nodes of this place, at its addresses; without it the whole file runs here
    #[arg(long, value_name = "PLACE")]
    place: Option<String>,
    /// Another host for a place than the file's `address`; there it binds all of its addresses
    #[arg(long, value_name = "PLACE=HOST", value_parser = address, requires = "place")]
    address: Vec<(String, String)>,
    /// End in good order after this time, such as 10s
    #[arg(long = "for", value_name = "DURATION", value_parser = parse_duration)]
    duration: Option<Duration>,
    /// Set a variable of the file, before the environment
    #[arg(long, value_name = "NAME=VALUE")]
    set: Vec<String>,
    /// Apply no changes of the file and its scripts, except on SIGHUP
    #[arg(long)]
    no_watch: bool,
    /// Look for changes twice a second, for file systems without events
    #[arg(long, conflicts_with = "no_watch")]
    poll: bool,
    /// Append one line of JSON to this file for each attempt to reload
    #[arg(long, value_name = "FILE")]
    receipts: Option<PathBuf>,
    /// Serve figures at this address: /metrics for Prometheus, /topology as JSON, /healthz, /readyz;
    /// a port alone is one of 127.0.0.1
    #[arg(long, value_name = "[HOST:]PORT")]
    metrics: Option<ServeAddress>,
    /// Serve a live page at this address: what passes, and how full queues are; a port alone is one of
    /// 127.0.0.1, and port 0 takes a free one, which the log names
    #[arg(long, value_name = "[HOST:]PORT")]
    web: Option<ServeAddress>,
    /// Open the page of --web in a browser
    #[arg(long, requires = "web")]
    open: bool,
    /// Let the page of --web change the file and its scripts, and replay recordings into the run
    #[arg(long, requires = "web")]
    edit: bool,
    /// Record every message that nodes receive and send, and what else happens, in this file, which must
    /// not be there; see `zrig record` for a run that is under way
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
    #[command(flatten)]
    how: Recordings,
    /// Make what handlers leave to chance the same in each run: random, pick, shuffle and uuid
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// End with status 1 where any handler failed, whatever `on_error` says
    #[arg(long)]
    fail_on_error: bool,
    /// What the log tells: off, error, warn, info, debug or trace, and of some nodes more or less
    #[arg(long, value_name = "LEVEL[,NODE=LEVEL,…]", default_value = "info")]
    log: LogFilter,
    /// How its lines look: for a person, or a JSON object each
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = Format::Human)]
    log_format: Format,
}

/// How a run is recorded.
#[derive(Args, Debug)]
struct Recordings {
    /// What becomes of messages while the recording is too slow for them
    #[arg(long, value_name = "WHAT", value_enum, default_value_t = WhenSlow::Drop, requires = "record")]
    record_when_slow: WhenSlow,
    /// What becomes of the run when the disk of the recording is full
    #[arg(long, value_name = "WHAT", value_enum, default_value_t = FullDisk::Continue, requires = "record")]
    record_on_full: FullDisk,
    /// Go on in another file when one has this size, such as 100MiB
    #[arg(long, value_name = "SIZE", value_parser = size, requires = "record")]
    record_rotate: Option<u64>,
}

/// What becomes of a run whose recording cannot go on.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
enum FullDisk {
    /// It goes on, and is not recorded any more
    Continue,
    /// It ends in good order, with status 1
    Stop,
}

impl From<FullDisk> for OnFull {
    fn from(what: FullDisk) -> Self {
        match what {
            FullDisk::Continue => Self::Continue,
            FullDisk::Stop => Self::Stop,
        }
    }
}

impl RunArguments {
    /// Checks the file, and runs it if no fault stops it.
    ///
    /// # Errors
    ///
    /// When the system gives no thread for the log.
    pub(super) fn run(&self) -> io::Result<ExitCode> {
        let logger = Logger::new(self.log_format.into(), self.log.clone())?;
        tell_panics(&logger);
        let status = self.run_logged(&logger);
        logger.finish();
        Ok(ExitCode::from(status))
    }

    fn run_logged(&self, logger: &Logger) -> u8 {
        let failed = |error: &dyn Display| logger.show(format!("error: {error}\n"));
        let variables = match Variables::parse(&self.set) {
            Ok(variables) => variables,
            Err(error) => {
                failed(&error);
                return INVALID;
            }
        };
        let lookup = |name: &str| variables.get(name);
        let look = Look::Full { colours: colours_on(&io::stderr()) };
        let show = |loaded: &Loaded| logger.show(draw(&loaded.diagnostics, &loaded.sources, look));
        let loaded = load(&self.file, &lookup);
        show(&loaded);
        let Some(topology) = &loaded.topology else { return INVALID };
        if let Some(error) = variables.unread() {
            failed(&error);
            return INVALID;
        }
        if let Err(error) = topology.runnable(&self.part()) {
            failed(&error);
            return INVALID;
        }
        if let Some(error) = self.unknown_nodes(topology) {
            failed(&error);
            return INVALID;
        }
        let terminal = Terminal { lookup: &lookup, show: &show, line: &on_one_line };
        app::run(&loaded, &self.options(&variables), &terminal, logger).unwrap_or_else(|error| {
            failed(&visible_lines(&error.to_string()));
            FAILED
        })
    }

    fn part(&self) -> Part {
        let addresses = self.address.iter().cloned().collect();
        Part { only: self.only.clone(), place: self.place.clone(), addresses }
    }

    fn options(&self, variables: &Variables) -> RunOptions {
        let watching = match (self.no_watch, self.poll) {
            (true, _) => Watching::Off,
            (false, true) => Watching::Polling,
            (false, false) => Watching::Events,
        };
        RunOptions {
            file: self.file.clone(),
            part: self.part(),
            duration: self.duration,
            watching,
            receipts: self.receipts.clone(),
            metrics: self.metrics.clone(),
            web: self.web.clone().map(|address| PageOptions {
                address,
                lookup: variables.lookup(),
                edit: self.edit,
                open: self.open,
            }),
            record: self.record.as_ref().map(|to| RecordOptions {
                to: to.clone(),
                when_slow: self.how.record_when_slow.into(),
                on_full: self.how.record_on_full.into(),
                rotate: self.how.record_rotate,
            }),
            seed: self.seed,
            fail_on_error: self.fail_on_error,
        }
    }

    fn unknown_nodes(&self, topology: &Topology) -> Option<String> {
        let only =
            self.only.iter().map(String::as_str).filter(|name| topology.node(name).is_none());
        let log = self.log.nodes().filter(|name| !has_instance(topology, name));
        let (option, unknown) = match (only.collect::<Vec<_>>(), log.collect::<Vec<_>>()) {
            (only, _) if !only.is_empty() => ("--only", only),
            (_, log) if !log.is_empty() => ("--log", log),
            _ => return None,
        };
        let nodes: Vec<&str> = topology.nodes.iter().map(|node| node.name.as_str()).collect();
        Some(format!(
            "{option} names no node of the topology: {}; its nodes are {}",
            some_of(&unknown),
            some_of(&nodes)
        ))
    }
}

/// Whether a name is a node's or one of its copies'.
fn has_instance(topology: &Topology, name: &str) -> bool {
    let mut instances = topology.nodes.iter().flat_map(|node| node.instances());
    topology.node(name).is_some() || instances.any(|(instance, _)| instance == name)
}

/// Lets the log say where something panicked: who says it by itself may wait for a reader for ever.
fn tell_panics(logger: &Logger) {
    let logger = logger.clone();
    std::panic::set_hook(Box::new(move |panic| {
        let thread = std::thread::current();
        let name = thread.name().unwrap_or("without a name");
        logger.show(format!("thread {name} {}\n", visible_lines(&panic.to_string())));
    }));
}

/// `hall=10.1.0.7`
fn address(text: &str) -> Result<(String, String), String> {
    let (place, host) = text.split_once('=').ok_or("it wants PLACE=HOST")?;
    match Endpoint::parse(&format!("tcp://{host}:1"), Side::Connect) {
        Ok(_) => Ok((place.to_owned(), host.to_owned())),
        Err(error) => Err(error.to_string()),
    }
}
