//! One run: load, start, observe, stop.
//!
//! Owns the wiring of loader, supervisor and observers, and the signals. Never draws a diagnostic:
//! `cli/` does.

mod retry;
mod sight;

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use thiserror::Error;
use tokio::signal::unix::{Signal, SignalKind, signal};

use self::retry::Retry;
use self::sight::{Sight, lost};
use crate::backlog::Room;
use crate::control::ControlSocket;
use crate::diagnostic::Diagnostic;
use crate::event::{Event, EventKind, EventReader, Events};
use crate::listing::some_of;
use crate::load::{Loaded, Trouble, load_again};
use crate::node::lay_out_descriptors;
use crate::observe::{Logger, Receipts, ServeAddress, ServeError, Server};
use crate::receipt::{Receipt, Verdict};
use crate::script::Level;
use crate::source::SourceMap;
use crate::supervisor::{Haste, StartError, Supervisor};
use crate::topology::Topology;
use crate::until::until;
use crate::watch::Watcher;

/// How long the whole stop may take before what holds it is named.
const STOP_PATIENCE: Duration = Duration::from_secs(2);
/// How long nodes may take to stop before the process ends without them.
const STUCK: Duration = Duration::from_secs(10);
/// How long the threads and libzmq may take to end beyond the longest linger.
const CLOSING: Duration = Duration::from_secs(1);
/// How long a file that was there may be gone or empty before that counts as meant.
const SAVING: Duration = Duration::from_secs(1);
/// How long two looks at polled files lie apart that have to agree.
const SETTLED: Duration = Duration::from_millis(50);
/// How many requests to end the run may wait; the first one decides.
const ENDS: Room = Room { entries: 16, bytes: 64 << 10 };
/// How often files that are written to all the time are read for a version that is whole.
const LOOKS_MOST: usize = 50;

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
    /// Run only these nodes; all when empty.
    pub only: Vec<String>,
    /// End after this time.
    pub duration: Option<Duration>,
    /// Whether its files are watched.
    pub watching: Watching,
    /// Where a line of JSON for each attempt to reload goes.
    pub receipts: Option<PathBuf>,
    /// Where figures are served.
    pub metrics: Option<ServeAddress>,
    /// What makes the chance of handlers repeat.
    pub seed: Option<u64>,
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
    /// Its figures could not be served.
    #[error(transparent)]
    Serve(#[from] ServeError),
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
    let topology =
        loaded.topology.as_ref().map_or_else(Topology::empty, |topology| chosen(topology, options));
    let events = Events::new();
    logger.follow(&events);
    let ends = events.subscribe(ENDS, |event| event.kind.exit_status().is_some());
    let mut watcher = Watcher::new(options.watching == Watching::Polling);
    if options.watching != Watching::Off {
        watcher.follow(&loaded.files);
    }
    let server = options.metrics.as_ref().map(Server::listen).transpose()?;
    let receipts =
        options.receipts.as_ref().map(|path| Receipts::open(path, &events)).transpose()?;
    let supervisor = Supervisor::new(&topology, events.clone())?.with_seed(options.seed);
    let mut run = Run {
        supervisor,
        events: events.clone(),
        ends,
        watcher,
        seen: Sight::of(loaded),
        trouble: options.file.metadata().is_ok_and(|file| !file.is_file()).then_some(Trouble::Pipe),
        retry: Retry::default(),
        options,
        terminal,
        logger,
    };
    let status = runtime.block_on(async {
        if let Some(server) = server {
            run.serve(server);
        }
        let status = match run.start(&topology, &mut signals).await? {
            Some(status) => status,
            None => {
                let _control = run.open_control();
                run.watch(&mut signals).await
            }
        };
        stop(&mut run.supervisor, &events, &mut signals, logger).await;
        Ok::<u8, RunError>(status)
    })?;
    let status = end(run.supervisor, status, &runtime, &events, logger);
    if let Some(receipts) = receipts {
        receipts.finish();
    }
    Ok(if events.have_failed() { status.max(1) } else { status })
}

/// The descriptors of libzmq's sockets, each with a way to wake it, a listener and a connection; and
/// some of the program's own.
fn expected_descriptors(topology: Option<&Topology>) -> u64 {
    64 + 3 * topology.map_or(0, Topology::socket_count) as u64
}

fn chosen(topology: &Topology, options: &RunOptions) -> Topology {
    if options.only.is_empty() { topology.clone() } else { topology.only(&options.only) }
}

struct Run<'a> {
    supervisor: Supervisor,
    events: Events,
    /// Requests to end the run.
    ends: EventReader,
    watcher: Watcher,
    /// What the files said last, when the topology file said anything.
    seen: Sight,
    /// Why the topology file says nothing, once that was told.
    trouble: Option<Trouble>,
    /// The reload that failed last, if it did.
    retry: Retry,
    options: &'a RunOptions,
    terminal: &'a Terminal<'a>,
    logger: &'a Logger,
}

impl Run<'_> {
    /// Serves figures until the run is over.
    fn serve(&self, server: Server) {
        let address = server.address().to_string();
        let started = server.start(self.supervisor.view(), self.options.file.clone());
        self.emit(match started {
            Ok(()) => EventKind::Serving { address },
            Err(error) => EventKind::Failed { error: format!("--metrics: cannot serve: {error}") },
        });
    }

    /// Lets other processes of this user look into the run; it goes on without that too.
    fn open_control(&self) -> Option<ControlSocket> {
        let opened = ControlSocket::open(&self.options.file, &self.supervisor, &self.events);
        let told = |error: std::io::Error| EventKind::NoControlSocket { error: error.to_string() };
        let opened = opened.map_err(|error| self.emit(told(error))).ok()?;
        if let Some(why) = opened.detour() {
            let text = format!("{}, because {why}", opened.path().display());
            self.emit(EventKind::ControlSocketElsewhere { text });
        }
        Some(opened)
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
        let over = self.options.duration.map(|duration| Instant::now() + duration);
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
                () = self.watcher.changed(), if watches => Reason::Changed,
                () = until(look_again) => Reason::Waited,
                () = until(self.retry.due()) => Reason::Again,
                () = until(over) => return 0,
                () = self.logger.unheard() => return 0,
            };
            match self.reload(reason, signals).await {
                Reloaded::Done => look_again = None,
                Reloaded::StillSaving => {
                    let under_way = look_again.filter(|_| reason != Reason::Waited);
                    look_again = under_way.or(Some(Instant::now() + SAVING));
                }
                Reloaded::Over(status) => return status,
            }
        }
    }

    fn emit(&self, kind: EventKind) {
        self.events.emit(Event { node: "".into(), socket: None, kind, repeated: 0 });
    }

    /// Loads again, and changes what runs if anything is different and sound.
    async fn reload(&mut self, reason: Reason, signals: &mut Signals) -> Reloaded {
        let begun = Instant::now();
        if reason == Reason::Again {
            self.retry.begin();
        }
        let is_saved =
            matches!(reason, Reason::Asked | Reason::Waited) && !self.watcher.is_moving();
        let Some((loaded, now)) = self.look().await else { return Reloaded::StillSaving };
        let is_wanted = matches!(reason, Reason::Asked | Reason::Again);
        if let Some(trouble) = &loaded.trouble {
            if !is_saved {
                return Reloaded::StillSaving;
            }
            if reason == Reason::Asked || self.trouble.as_ref() != Some(trouble) {
                self.reject_lost(&loaded, trouble, begun);
            }
            return Reloaded::Done;
        }
        // A script may be meant to be gone.
        if !is_saved && reason != Reason::Again && now.lacks(&self.seen, &loaded.files) {
            return Reloaded::StillSaving;
        }
        let is_new = now != self.seen;
        let was_lost = self.trouble.take().is_some();
        if !is_new && !is_wanted && !self.retry.is_asked_for(&loaded.files) {
            if was_lost {
                let file = self.options.file.display();
                let text = format!("{file} is there again and says what runs: nothing changed");
                self.emit(EventKind::Note { level: Level::Info, text });
            }
            return Reloaded::Done;
        }
        if is_new {
            self.retry.clear();
        }
        self.seen = now;
        if self.options.watching != Watching::Off {
            self.watcher.follow(&loaded.files);
        }
        if is_new || reason != Reason::Again {
            (self.terminal.show)(&loaded);
        }
        let Some(topology) = &loaded.topology else {
            let errors: Vec<String> = loaded
                .diagnostics
                .iter()
                .filter(|fault| fault.is_error())
                .map(|fault| (self.terminal.line)(fault, &loaded.sources))
                .collect();
            let generation = self.supervisor.generation();
            self.retry.clear();
            self.hand_out(Receipt::rejected(generation, begun.elapsed(), errors));
            return Reloaded::Done;
        };
        let topology = chosen(topology, self.options);
        let mut ended = None;
        let mut end_by = None;
        let receipt = {
            let reloading = self.supervisor.reload(&topology);
            tokio::pin!(reloading);
            loop {
                tokio::select! {
                    receipt = &mut reloading => break Some(receipt),
                    () = until(end_by) => break None,
                    () = signals.next() => {
                        ended = Some(0);
                        end_by.get_or_insert_with(|| Instant::now() + STOP_PATIENCE);
                    }
                    status = asked_to_end(&mut self.ends) => ended = ended.or(Some(status)),
                }
            }
        };
        if let Some(mut receipt) = receipt {
            if receipt.verdict == Verdict::RolledBack {
                // What was in the way may be gone by and by, or when the same is saved again.
                receipt.retry_seconds = Some(self.retry.failed(&loaded.files).as_secs());
            } else {
                self.retry.clear();
            }
            self.hand_out(receipt);
        }
        ended.map_or(Reloaded::Done, Reloaded::Over)
    }

    /// What the files say now; nothing if they are written to all the time. Where nothing tells that
    /// a save is over, two looks have to agree.
    async fn look(&self) -> Option<(Loaded, Sight)> {
        let read = || {
            let loaded = load_again(&self.options.file, self.terminal.lookup);
            let sight = Sight::of(&loaded);
            (loaded, sight)
        };
        for _ in 0..LOOKS_MOST {
            let writes = self.watcher.writes();
            let (mut loaded, mut now) = read();
            while self.watcher.polls() && now != self.seen {
                tokio::time::sleep(SETTLED).await;
                let before = now;
                (loaded, now) = read();
                if now == before {
                    break;
                }
            }
            if !self.watcher.may_be_half(writes).await {
                return Some((loaded, now));
            }
        }
        None
    }

    /// Says that the topology file says nothing, and why.
    fn reject_lost(&mut self, loaded: &Loaded, trouble: &Trouble, begun: Instant) {
        if *trouble != Trouble::Gone {
            (self.terminal.show)(loaded);
        }
        let errors = vec![lost(&self.options.file, trouble)];
        self.hand_out(Receipt::rejected(self.supervisor.generation(), begun.elapsed(), errors));
        self.trouble = Some(trouble.clone());
    }

    fn hand_out(&self, receipt: Receipt) {
        self.emit(EventKind::Reloaded { receipt: Arc::new(receipt) });
    }
}

/// Stops in good order; a second signal ends the process at once.
async fn stop(
    supervisor: &mut Supervisor,
    events: &Events,
    signals: &mut Signals,
    logger: &Logger,
) {
    let ending = supervisor.ending();
    let stopping = supervisor.stop(Haste::Drain);
    let over_at = Instant::now() + STUCK;
    tokio::pin!(stopping);
    loop {
        tokio::select! {
            () = &mut stopping => return,
            () = signals.next() => end_at_once(logger),
            () = until(Some(over_at)) => {
                let nodes = ending.nodes().join(", ");
                let error = format!("ended by force: {nodes} did not end in {STUCK:?}");
                events.emit(failed(error));
                logger.finish();
                std::process::exit(1);
            }
        }
    }
}

/// Ends the threads and the libzmq context, which waits for what lingers; the result is the exit
/// status. Where libzmq does not come to its end, the process ends without it.
fn end(
    supervisor: Supervisor,
    status: u8,
    runtime: &tokio::runtime::Runtime,
    events: &Events,
    logger: &Logger,
) -> u8 {
    let lingering = supervisor.lingering();
    let linger = longest_linger(supervisor.topology());
    if let Some(linger) = linger {
        // What a reload replaced or removed was given more time than the file gives anybody.
        lingering.end_within(linger);
    }
    let closing = runtime.spawn_blocking(move || drop(supervisor));
    runtime.block_on(async {
        let Ok(mut signals) = Signals::listen() else { return status };
        let named_at = tokio::time::Instant::now() + STOP_PATIENCE;
        let over_at = linger.map(|linger| {
            tokio::time::Instant::now() + (linger + CLOSING).max(STOP_PATIENCE + CLOSING)
        });
        let mut told = false;
        tokio::pin!(closing);
        loop {
            tokio::select! {
                _ = &mut closing => return status,
                () = signals.next() => end_at_once(logger),
                () = tokio::time::sleep_until(named_at), if !told => {
                    told = true;
                    events.emit(held_by(&lingering.sockets()));
                }
                () = until(over_at.map(Into::into)) => {
                    events.emit(given_up(&lingering.sockets()));
                    logger.finish();
                    std::process::exit(i32::from(status.max(1)));
                }
            }
        }
    })
}

/// The longest time that a socket of a topology lingers; none where one does so for ever.
fn longest_linger(topology: &Topology) -> Option<Duration> {
    let sockets = topology.nodes.iter().flat_map(|node| &node.sockets);
    sockets
        .map(|socket| socket.linger)
        .try_fold(Duration::ZERO, |most, linger| Some(most.max(linger?)))
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

/// Ends the process, as a second signal asks for.
fn end_at_once(logger: &Logger) {
    logger.finish();
    std::process::exit(130)
}

/// Names the sockets that hold the end.
fn held_by(sockets: &[String]) -> Event {
    failed(if sockets.is_empty() {
        "no message is unsent, but a thread of zrig or libzmq has not ended; press Ctrl-C again to \
         end without it"
            .to_owned()
    } else {
        let sockets = some_of(sockets);
        format!(
            "unsent messages keep zrig from ending, by the linger of {sockets}; press Ctrl-C again \
             to drop them"
        )
    })
}

/// Says what the process ends without.
fn given_up(sockets: &[String]) -> Event {
    let whose = match sockets {
        [] => "a thread of zrig or libzmq has".to_owned(),
        sockets => format!("libzmq has, for {},", some_of(sockets)),
    };
    failed(format!("ended by force: {whose} not come to an end in time"))
}

fn failed(error: String) -> Event {
    Event { node: "".into(), socket: None, kind: EventKind::Failed { error }, repeated: 0 }
}

/// Why files are looked at.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Reason {
    /// Something moved.
    Changed,
    /// A save that seemed to be under way had its time.
    Waited,
    /// Somebody asked for it.
    Asked,
    /// It failed before.
    Again,
}

/// What came of looking at the files.
enum Reloaded {
    /// All there was to do.
    Done,
    /// A file is gone or empty, as in the middle of a save.
    StillSaving,
    /// The run is over, with this status.
    Over(u8),
}

/// What a signal asks for.
enum Asked {
    End,
    Reload,
}

/// SIGINT and SIGTERM, which end a run, and SIGHUP, which reloads.
struct Signals {
    interrupt: Signal,
    terminate: Signal,
    hangup: Signal,
    /// Heard so that it does not end the process: the write that it is about fails anyway.
    _file_size: Signal,
}

impl Signals {
    fn listen() -> std::io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hangup: signal(SignalKind::hangup())?,
            _file_size: signal(SignalKind::from_raw(libc::SIGXFSZ))?,
        })
    }

    async fn any(&mut self) -> Asked {
        tokio::select! {
            _ = self.interrupt.recv() => Asked::End,
            _ = self.terminate.recv() => Asked::End,
            _ = self.hangup.recv() => Asked::Reload,
        }
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
