//! A node that a program drives: started, told its endpoints, watched, started again and ended.
//!
//! Owns the program's life. It is told what every node is told, and opens no socket: what went through
//! those of the program nobody here knows. The program's processes are the guard's.

mod alive;
mod child;
mod guard;
mod located;
mod making;
mod mark;
mod outlook;
mod output;
mod readiness;
mod told;
mod words;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::io::AsyncRead;
use tokio::sync::{mpsc, oneshot};

use self::alive::{Alive, Ending, Then};
use self::child::Child;
use self::output::Allowance;
use self::words::{Exit, Order, Report};
use super::backoff::Backoff;
use super::blueprint::{Blueprint, NodeError};
use super::control::Control;
use super::emitter::Emitter;
use super::state::Bound;
use crate::clock;
use crate::counters::{ProgramExit, ProgramMoment, ProgramState};
use crate::event::EventKind;
use crate::topology::{NodeSpec, OnExit, ProgramSpec};
use crate::until::until;

pub use guard::guard;
pub use located::{NotFound, locate};

/// How long what a program printed last may take to be read.
const LAST_WORDS: Duration = Duration::from_millis(200);

/// A node that a program drives.
pub(super) struct Program {
    spec: Arc<NodeSpec>,
    blueprint: Blueprint,
    emitter: Emitter,
    bound: Bound,
    /// What its sockets connect to, once that is known.
    connects: Option<Vec<(usize, String)>>,
    stage: Stage,
    backoff: Backoff,
    /// Whoever waits for it to be ready.
    waiting: Option<oneshot::Sender<()>>,
    /// Of its standard output and of its standard error: a flood of one hides nothing of the other.
    allowances: [Rc<RefCell<Allowance>>; 2],
}

/// Where a program is in its life.
enum Stage {
    /// Nobody has said yet where its links go.
    Waiting,
    /// It runs, or what it started does.
    Alive(Box<Alive>),
    /// It is started again at this time.
    Pausing { until: Instant },
    /// It exited, and is left so.
    Left,
    /// It is over.
    Ended,
}

/// What happens next.
enum Next {
    Told(Option<Box<Control>>),
    Reported(Option<Report>),
    Ready,
    Due,
}

impl Program {
    /// Makes what there is before the program itself: its ports are chosen, and it is looked for.
    pub(super) fn create(blueprint: Blueprint) -> Result<(Self, Bound), NodeError> {
        let spec = Arc::clone(&blueprint.spec);
        let Some(program) = &spec.process else { return Err(NodeError::ThreadGone) };
        locate(program).map_err(|why| NodeError::Program(why.to_string()))?;
        let bound = blueprint.program_bound()?;
        let emitter = Emitter::new(&blueprint.events, &blueprint.instance);
        let made = Self {
            spec: Arc::clone(&spec),
            blueprint,
            emitter,
            bound: bound.clone(),
            connects: None,
            stage: Stage::Waiting,
            backoff: Backoff::new(clock::now()),
            waiting: None,
            allowances: std::array::from_fn(|_| {
                Rc::new(RefCell::new(Allowance::new(clock::now())))
            }),
        };
        Ok((made, bound))
    }

    /// Runs until it is told to stop, or nobody can tell it anything any more.
    pub(super) async fn run(mut self, mut inbox: mpsc::UnboundedReceiver<Box<Control>>) {
        while !matches!(self.stage, Stage::Ended) {
            match self.next(&mut inbox).await {
                Next::Told(Some(control)) => self.told(*control),
                Next::Told(None) => {
                    // Whoever could tell it anything is gone, and so shall it be.
                    self.end(clock::now());
                    while let Stage::Alive(alive) = &mut self.stage {
                        let report = alive.child.next().await;
                        self.reported(report).await;
                    }
                    return;
                }
                Next::Reported(report) => self.reported(report).await,
                Next::Ready => self.is_ready(),
                Next::Due => self.due(),
            }
        }
    }

    async fn next(&mut self, inbox: &mut mpsc::UnboundedReceiver<Box<Control>>) -> Next {
        let due = self.due_at();
        let Stage::Alive(alive) = &mut self.stage else {
            return tokio::select! {
                control = inbox.recv() => Next::Told(control),
                () = until(due) => Next::Due,
            };
        };
        let Alive { child, probe, .. } = &mut **alive;
        let ready = async {
            match probe {
                Some(probe) => drop(probe.await),
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            control = inbox.recv() => Next::Told(control),
            report = child.next() => Next::Reported(report),
            () = ready => Next::Ready,
            () = until(due) => Next::Due,
        }
    }

    fn due_at(&self) -> Option<Instant> {
        match &self.stage {
            Stage::Pausing { until } => Some(*until),
            Stage::Alive(alive) => alive.ending.as_ref().and_then(|ending| ending.kill),
            Stage::Waiting | Stage::Left | Stage::Ended => None,
        }
    }

    fn due(&mut self) {
        match &mut self.stage {
            Stage::Pausing { .. } => self.begin_again(),
            Stage::Alive(alive) => alive.kill(&self.emitter),
            Stage::Waiting | Stage::Left | Stage::Ended => {}
        }
    }

    /// Takes in where its links go: it is started, or started anew where they go elsewhere.
    fn connect(&mut self, endpoints: Vec<(usize, String)>, linked: oneshot::Sender<()>) {
        let is_known = self.connects.as_ref() == Some(&endpoints);
        self.connects = Some(endpoints);
        self.waiting = Some(linked);
        match &mut self.stage {
            Stage::Waiting => self.begin(),
            Stage::Alive(alive) if !is_known => {
                let program = self.spec.process.as_ref();
                if let Some(program) = program.filter(|_| alive.ending.is_none()) {
                    alive.tell_to_end(program, Then::Begin);
                }
            }
            Stage::Pausing { .. } | Stage::Left if !is_known => self.begin(),
            Stage::Alive(alive) if alive.is_ready => self.say_linked(),
            // Nobody shall wait for one that is left, or fails again and again.
            Stage::Pausing { .. } | Stage::Left | Stage::Ended => self.say_linked(),
            Stage::Alive(_) => {}
        }
    }

    /// Starts the program.
    fn begin(&mut self) {
        let Some(program) = self.spec.process.clone() else { return };
        let started = locate(&program).map_err(|why| why.to_string()).and_then(|file| {
            let environment = self.environment(&program);
            let directory = std::path::absolute(&program.directory);
            let directory = directory.unwrap_or_else(|_| program.directory.clone());
            self.start(&program, &file, &directory, &environment).map_err(|error| error.to_string())
        });
        match started {
            Ok(alive) => self.stage = Stage::Alive(Box::new(alive)),
            Err(why) => {
                let error = format!("the program could not be started: {why}");
                self.emitter.emit(EventKind::Failed { error });
                self.after_exit(None);
            }
        }
    }

    fn start(
        &self,
        program: &ProgramSpec,
        file: &Path,
        directory: &Path,
        environment: &BTreeMap<String, String>,
    ) -> std::io::Result<Alive> {
        let (child, output) = Child::start(file, &program.command[1..], directory, environment)?;
        let mut told = Vec::new();
        let [of_output, of_error] = &self.allowances;
        if let Some(stdout) = output.stdout {
            told.push(tokio::task::spawn_local(self.tell(stdout, of_output)));
        }
        if let Some(stderr) = output.stderr {
            told.push(tokio::task::spawn_local(self.tell(stderr, of_error)));
        }
        self.note(|moment| moment.state = ProgramState::Starting);
        Ok(Alive {
            child,
            since: clock::now(),
            exit: None,
            failed: None,
            is_ready: false,
            probe: None,
            output: told,
            ending: None,
        })
    }

    /// Telling what it prints at one of its ends.
    fn tell(
        &self,
        from: impl AsyncRead + Unpin + 'static,
        allowance: &Rc<RefCell<Allowance>>,
    ) -> impl Future<Output = ()> + 'static {
        output::tell(from, self.emitter.clone(), Rc::clone(allowance))
    }

    async fn reported(&mut self, report: Option<Report>) {
        let Stage::Alive(alive) = &mut self.stage else { return };
        match report {
            Some(Report::Started(pid)) => {
                self.emitter.emit(EventKind::ProgramStarted { pid });
                let since = alive.since;
                let awaited = self.awaited();
                let Stage::Alive(alive) = &mut self.stage else { return };
                if !awaited.is_empty() {
                    let probe = readiness::all_accept(awaited);
                    alive.probe = Some(tokio::task::spawn_local(probe));
                }
                let is_ready = alive.probe.is_none();
                self.note(|moment| (moment.pid, moment.since) = (Some(pid), Some(since)));
                if is_ready {
                    self.is_ready();
                }
            }
            Some(Report::Failed(why)) => alive.failed = Some(why),
            Some(Report::Exited(exit)) => {
                alive.exit = Some(exit);
                alive.forget_probe();
            }
            Some(Report::Over) => {}
            None => self.is_gone().await,
        }
    }

    fn is_ready(&mut self) {
        let awaited = self.awaited();
        let Stage::Alive(alive) = &mut self.stage else { return };
        alive.probe = None;
        alive.is_ready = true;
        if !awaited.is_empty() {
            let after_ms = u64::try_from(clock::since(alive.since).as_millis()).unwrap_or(u64::MAX);
            let endpoint = awaited.join(" ");
            self.emitter.emit(EventKind::ProgramReady { endpoint, after_ms });
        }
        self.note(|moment| moment.state = ProgramState::Running);
        self.say_linked();
    }

    /// The guard is gone, and all that the program had started.
    async fn is_gone(&mut self) {
        let Stage::Alive(mut alive) = std::mem::replace(&mut self.stage, Stage::Left) else {
            return;
        };
        alive.forget_probe();
        let pid = alive.child.pid();
        alive.child.end().await;
        for told in alive.output {
            let _ = clock::before(clock::now() + LAST_WORDS, told).await;
        }
        if let Some(why) = alive.failed {
            let error = format!("the program could not be started: {why}");
            self.emitter.emit(EventKind::Failed { error });
        } else {
            let how = alive.exit.map_or("its guard was killed".to_owned(), |exit| exit.to_string());
            let ran = clock::since(alive.since);
            let is_wanted = alive.ending.is_some();
            self.emitter.emit(EventKind::ProgramExited { pid, how, ran, is_wanted });
        }
        let exit = alive.exit;
        self.note(|moment| {
            (moment.pid, moment.since) = (None, None);
            moment.exit = exit.map(|exit| match exit {
                Exit::Status(status) => ProgramExit { status: Some(status), signal: None },
                Exit::Signal(signal) => ProgramExit { status: None, signal: Some(signal) },
            });
        });
        match alive.ending.map(|ending| ending.then) {
            Some(Then::End) => self.stage = Stage::Ended,
            Some(Then::Begin) => self.begin(),
            None => self.after_exit(exit),
        }
    }

    /// It exited by itself, or could not be started.
    fn after_exit(&mut self, exit: Option<Exit>) {
        let on_exit = self.spec.process.as_ref().map(|program| program.on_exit).unwrap_or_default();
        match on_exit {
            OnExit::Restart => {
                let now = clock::now();
                let pause = self.backoff.fail(now);
                let after_ms = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX);
                self.emitter.emit(EventKind::ProgramRestarting { after_ms });
                self.note(|moment| moment.state = ProgramState::Pausing);
                self.stage = Stage::Pausing { until: now + pause };
            }
            OnExit::Stop => {
                let status = u8::from(exit != Some(Exit::Status(0)));
                let how = exit.map_or("an error".to_owned(), |exit| exit.to_string());
                let node = &self.blueprint.instance;
                let why = format!("the program of {node} ended with {how}, by `on_exit: stop`");
                self.emitter.emit(EventKind::StopRequested { status, why });
                self.leave();
            }
            OnExit::Leave => self.leave(),
        }
    }

    fn leave(&mut self) {
        self.note(|moment| moment.state = ProgramState::Exited);
        self.stage = Stage::Left;
        self.say_linked();
    }

    /// Starts it again after a pause.
    fn begin_again(&mut self) {
        self.backoff.go_on(clock::now());
        if let Some(program) = &self.blueprint.counters.program {
            program.restarts.add(1);
        }
        self.begin();
    }

    /// Ends it by its signal, or at once where the time is over.
    fn end(&mut self, deadline: Instant) {
        let Stage::Alive(alive) = &mut self.stage else {
            self.stage = Stage::Ended;
            return;
        };
        let Some(program) = &self.spec.process else { return };
        if clock::now() >= deadline {
            alive.child.tell(Order::Kill);
            alive.ending = Some(Ending { kill: None, then: Then::End });
        } else if let Some(ending) = &mut alive.ending {
            ending.then = Then::End;
        } else {
            alive.tell_to_end(program, Then::End);
        }
    }

    fn say_linked(&mut self) {
        if let Some(waiting) = self.waiting.take() {
            // Nobody waits any more where the wait ran out.
            let _ = waiting.send(());
        }
    }

    fn note(&self, note: impl FnOnce(&mut ProgramMoment)) {
        if let Some(program) = &self.blueprint.counters.program {
            program.note(note);
        }
    }
}
