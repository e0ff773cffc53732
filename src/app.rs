//! One run: load, start, observe, stop.
//!
//! Owns the wiring of loader, supervisor and observers, and the loop that waits for what comes next.
//! Never draws a diagnostic: `cli/` does.

mod retry;
mod saves;
mod service_manager;
mod shutdown;
mod sight;
mod signals;

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::{Duration, Instant, SystemTime};

use thiserror::Error;

use self::retry::Retry;
use self::saves::{Reason, Reloaded};
use self::shutdown::{end, finish, stop};
use self::sight::Sight;
use self::signals::{Asked, Signals};
use crate::backlog::Room;
use crate::clock;
use crate::control::{Asked as AskedByClients, ControlSocket, Desk, asked};
use crate::diagnostic::Diagnostic;
use crate::duration::format_duration;
use crate::event::{Event, EventKind, EventReader, Events};
use crate::listing::counted;
use crate::load::{Loaded, Trouble, Versions};
use crate::node::lay_out_descriptors;
use crate::observe::{Logger, Receipts, level as level_of};
use crate::recording::{RecordOptions, Recording};
use crate::script::Level;
use crate::source::SourceMap;
use crate::supervisor::{StartError, Supervisor};
use crate::topology::{NotHere, Part, Topology};
use crate::until::until;
use crate::watch::Watcher;
use crate::web::{Listening, Lookup, Page, Reach, ServeAddress, ServeError, Tell, serve_figures};

/// How long the whole stop may take before what holds it is named.
const STOP_PATIENCE: Duration = Duration::from_secs(2);
/// How long a file that was there may be gone or empty before that counts as meant.
const SAVING: Duration = Duration::from_secs(1);
/// How much of the log is kept for who looks later.
const KEPT: Room = Room { entries: 1_000, bytes: 1 << 20 };
/// How many requests to end the run may wait; the first one decides.
const ENDS: Room = Room { entries: 16, bytes: 64 << 10 };

/// Whether and how files are watched.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Watching {
    /// Not at all; SIGHUP still reloads.
    Off,
    /// By the system's events.
    Events,
    /// By looking again and again, for file systems without events.
    Polling,
}

/// What to run, and how long.
#[derive(Clone, Debug)]
pub struct RunOptions {
    /// The topology file.
    pub file: PathBuf,
    /// The part of the file that runs here.
    pub part: Part,
    /// End after this time.
    pub duration: Option<Duration>,
    /// Whether its files are watched.
    pub watching: Watching,
    /// Where a line of JSON for each attempt to reload goes.
    pub receipts: Option<PathBuf>,
    /// Where figures are served.
    pub metrics: Option<ServeAddress>,
    /// Where a live page is served.
    pub web: Option<PageOptions>,
    /// How all that passes is recorded, if it is.
    pub record: Option<RecordOptions>,
    /// What makes the chance of handlers repeat.
    pub seed: Option<u64>,
    /// Whether a handler that failed makes the exit status 1.
    pub fail_on_error: bool,
}

/// A live page of a run.
#[derive(Clone, Debug)]
pub struct PageOptions {
    /// Where it is served.
    pub address: ServeAddress,
    /// The same variables as the run's, for another thread.
    pub lookup: Lookup,
    /// Whether it may change the run's files, and replay recordings into it.
    pub edit: bool,
    /// Whether a browser is to open it.
    pub open: bool,
}

/// What a run needs from the command line: variables, and drawing.
pub struct Terminal<'a> {
    /// The value of a variable.
    pub lookup: &'a dyn Fn(&str) -> Option<OsString>,
    /// Prints what is wrong with a version of the file.
    pub show: &'a dyn Fn(&Loaded),
    /// One fault on one line.
    pub line: &'a dyn Fn(&Diagnostic, &SourceMap) -> String,
}

/// Why a topology does not run.
#[derive(Debug, Error)]
pub enum RunError {
    /// It could not be started.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The part of the file that is asked for cannot run here.
    #[error(transparent)]
    NotHere(#[from] NotHere),
    /// Its figures or its page could not be served.
    #[error(transparent)]
    Serve(#[from] ServeError),
    /// Its recording could not be begun.
    #[error("--record: cannot write {}: {error}", to.display())]
    Record {
        /// The file.
        to: PathBuf,
        /// What the system said.
        error: std::io::Error,
    },
    /// The system gave no reactor or no signals.
    #[error("the system refused what zrig needs to run: {0}")]
    System(#[from] std::io::Error),
}

/// Runs a loaded topology until it ends; the result is the exit status.
///
/// # Errors
///
/// When it cannot be started.
pub fn run(
    loaded: &Loaded,
    options: &RunOptions,
    terminal: &Terminal<'_>,
    logger: &Logger,
) -> Result<u8, RunError> {
    lay_out_descriptors(expected_descriptors(loaded.topology.as_ref()));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    // First of all: a SIGHUP that nobody listens to ends the process.
    let mut signals = runtime.block_on(async { Signals::listen() })?;
    let topology = match &loaded.topology {
        Some(topology) => topology.runnable(&options.part)?,
        None => Topology::empty(),
    };
    let events = Events::new();
    logger.follow(&events);
    events.keep(KEPT, |event| level_of(&event.kind) <= Level::Info);
    let ends = events.subscribe(ENDS, |event| event.kind.exit_status().is_some());
    let mut watcher = Watcher::new(options.watching == Watching::Polling);
    if options.watching != Watching::Off {
        watcher.follow(&loaded.files);
    }
    let metrics = options.metrics.as_ref().map(|at| Listening::at(at, "--metrics")).transpose()?;
    let web = options.web.as_ref().map(|page| Listening::at(&page.address, "--web")).transpose()?;
    let receipts =
        options.receipts.as_ref().map(|path| Receipts::open(path, &events)).transpose()?;
    let supervisor = Supervisor::new(&topology, events.clone())?.with_seed(options.seed);
    let (asking, clients) = asked();
    let mut run = Run {
        supervisor,
        events: events.clone(),
        ends,
        watcher,
        seen: Sight::of(loaded),
        versions: Versions::of(&options.part),
        trouble: options.file.metadata().is_ok_and(|file| !file.is_file()).then_some(Trouble::Pipe),
        holds_until: loaded.holds_until,
        retry: Retry::default(),
        clients,
        options,
        terminal,
        logger,
    };
    run.versions.keep(1, &loaded.sources);
    let recording = run.record()?;
    let outcome = runtime.block_on(async {
        if let Some(listening) = metrics {
            run.serve(listening);
        }
        let mut taps = None;
        let status = match run.start(&topology, &mut signals).await? {
            Some(status) => status,
            None => {
                let desk = Desk::of(
                    &options.file,
                    &run.versions,
                    options.watching != Watching::Off,
                    options.record.as_ref().map(|record| &*record.to),
                    &run.supervisor,
                    &events,
                    asking,
                );
                let _control = run.open_control(&desk);
                if let Some((listening, page)) = web.zip(options.web.as_ref()) {
                    run.serve_page(listening, page, &desk);
                }
                taps = Some(desk.taps());
                if options.part.place.is_some() {
                    tokio::spawn(run.supervisor.view().keep_telling_counts());
                }
                run.tell_live();
                service_manager::ready(&run.status());
                run.watch(&mut signals).await
            }
        };
        service_manager::stopping();
        stop(&mut run.supervisor, &events, &mut signals, logger).await;
        if let Some(taps) = taps {
            tokio::select! {
                () = taps.ended() => {}
                () = signals.next() => {}
            }
        }
        Ok::<u8, RunError>(status)
    });
    if let Some(recording) = recording {
        runtime.block_on(finish(recording, &mut signals, logger));
    }
    let status = outcome?;
    let status = end(run.supervisor, status, &runtime, &events, logger);
    if let Some(receipts) = receipts {
        receipts.finish();
    }
    let has_failed =
        events.have_failed() || (options.fail_on_error && events.handlers_have_failed());
    Ok(if has_failed { status.max(1) } else { status })
}

/// The descriptors of libzmq's sockets, each with a way to wake it, a listener and a connection; and
/// some of the program's own.
fn expected_descriptors(topology: Option<&Topology>) -> u64 {
    64 + 3 * topology.map_or(0, Topology::socket_count) as u64
}

struct Run<'a> {
    supervisor: Supervisor,
    events: Events,
    /// Requests to end the run.
    ends: EventReader,
    watcher: Watcher,
    /// What the files said last, when the topology file said anything.
    seen: Sight,
    /// What the versions that ran were read from.
    versions: Versions,
    /// Why the topology file says nothing, once that was told.
    trouble: Option<Trouble>,
    /// When the first of its certificates ceases to hold.
    holds_until: Option<SystemTime>,
    /// The reload that failed last, if it did.
    retry: Retry,
    /// Clients that want the files looked at.
    clients: AskedByClients,
    options: &'a RunOptions,
    terminal: &'a Terminal<'a>,
    logger: &'a Logger,
}

impl Run<'_> {
    /// Serves figures until the run is over.
    fn serve(&self, listening: Listening) {
        let address = listening.address().to_string();
        let file = self.options.file.clone();
        let started = serve_figures(listening, self.supervisor.view(), file);
        self.emit(match started {
            Ok(()) => EventKind::Serving { address },
            Err(error) => EventKind::Failed { error: format!("--metrics: cannot serve: {error}") },
        });
    }

    /// Serves a live page until the run is over.
    fn serve_page(&self, listening: Listening, options: &PageOptions, desk: &Desk) {
        let address = listening.address().to_string();
        let logger = self.logger.clone();
        let page = Page {
            reach: Reach::Within(desk.clone()),
            lookup: options.lookup.clone(),
            edit: options.edit,
            open: options.open,
            // Not as an event: whoever looks would be told.
            tell: Tell::new(move |text| logger.show(format!("{text}\n"))),
        };
        self.emit(match page.serve(listening) {
            Ok(()) => EventKind::PageServed { address },
            Err(error) => EventKind::Failed { error: format!("--web: cannot serve: {error}") },
        });
    }

    /// Records all that passes from now on, if that is wanted.
    fn record(&self) -> Result<Option<Recording>, RunError> {
        let Some(options) = &self.options.record else { return Ok(None) };
        let interceptors = self.supervisor.interceptors();
        let begun = Recording::begin(options, &interceptors, &self.events, &self.versions);
        begun.map(Some).map_err(|error| RunError::Record { to: options.to.clone(), error })
    }

    /// Lets other processes of this user look into the run; it goes on without that too.
    fn open_control(&self, desk: &Desk) -> Option<ControlSocket> {
        let opened = ControlSocket::open(desk);
        let told = |error: std::io::Error| EventKind::NoControlSocket { error: error.to_string() };
        let opened = opened.map_err(|error| self.emit(told(error))).ok()?;
        if let Some(why) = opened.detour() {
            let text = format!("{}, because {why}", opened.path().display());
            self.emit(EventKind::ControlSocketElsewhere { text });
        }
        Some(opened)
    }

    /// Says that it stands.
    fn tell_live(&self) {
        let watching = match self.options.watching {
            Watching::Off => "a SIGHUP applies changes",
            Watching::Events | Watching::Polling => "what is saved is applied",
        };
        let ends = match self.options.duration {
            Some(duration) => format!("ends in {}", format_duration(duration)),
            None => "Ctrl-C ends".to_owned(),
        };
        let text = format!("running live: {}; {watching}; {ends}", self.what_runs());
        self.emit(EventKind::Note { level: Level::Info, text });
    }

    /// `2 nodes at edge`
    fn what_runs(&self) -> String {
        let nodes = self.supervisor.nodes().count();
        let at = self.options.part.place.as_ref().map(|place| format!(" at {place}"));
        format!("{}{}", counted(nodes, "node"), at.unwrap_or_default())
    }

    /// One line for who looks at the run from outside.
    fn status(&self) -> String {
        format!("{}, generation {}", self.what_runs(), self.supervisor.generation())
    }

    /// Starts; the result is a status when the start was interrupted.
    async fn start(
        &mut self,
        topology: &Topology,
        signals: &mut Signals,
    ) -> Result<Option<u8>, StartError> {
        let starting = self.supervisor.start(topology);
        tokio::pin!(starting);
        tokio::select! {
            result = &mut starting => result.map(|()| None),
            status = asked_to_end(&mut self.ends) => Ok(Some(status)),
            () = signals.next() => Ok(Some(0)),
        }
    }

    /// Logs and reloads until something ends the run; the result is the exit status.
    async fn watch(&mut self, signals: &mut Signals) -> u8 {
        let over = self.options.duration.map(|duration| clock::now() + duration);
        let watches = self.options.watching != Watching::Off;
        // Set while a save seems to be under way.
        let mut look_again: Option<Instant> = None;
        loop {
            let reason = tokio::select! {
                status = asked_to_end(&mut self.ends) => return status,
                asked = signals.any() => match asked {
                    Asked::End => return 0,
                    Asked::Reload => Reason::Asked,
                },
                () = self.clients.next() => Reason::Asked,
                () = self.watcher.changed(), if watches => Reason::Changed,
                () = until(look_again) => Reason::Waited,
                () = until(self.retry.due()) => Reason::Again,
                () = clock::until_time_of_day(self.holds_until) => {
                    // The next look at the files says until when, and may come to nothing.
                    self.holds_until = None;
                    Reason::Expired
                }
                () = until(over) => return 0,
                () = self.logger.unheard() => return 0,
            };
            match self.reload(reason, signals).await {
                Reloaded::Done => look_again = None,
                Reloaded::StillSaving => {
                    let under_way = look_again.filter(|_| reason != Reason::Waited);
                    look_again = under_way.or(Some(clock::now() + SAVING));
                }
                Reloaded::Over(status) => return status,
            }
        }
    }

    fn emit(&self, kind: EventKind) {
        self.events.emit(Event::of_run(kind));
    }
}

/// Returns when something that runs asks for the end, with the exit status that it wants.
async fn asked_to_end(ends: &mut EventReader) -> u8 {
    while let Some(told) = ends.next_event().await {
        if let Some(status) = told.event.kind.exit_status() {
            return status;
        }
    }
    std::future::pending().await
}
