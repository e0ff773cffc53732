//! What a node is made from, and making it.
//!
//! Owns the order of creation: script, sockets, source and sink, then binding. Never connects.

use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;

use thiserror::Error;

use super::chosen_ports::ChosenPorts;
use super::context::Context;
use super::emitter::Emitter;
use super::interception::Interceptors;
use super::keeper::Keeper;
use super::legacy::Legacy;
use super::line_source::LineSource;
use super::sink::Sink;
use super::socket::{NodeSocket, SocketError};
use crate::clock::{self, RunClock};
use crate::counters::NodeCounters;
use crate::event::Events;
use crate::script::{Branches, Engine, Handler, NodeView, ScriptFault, SocketView};
use crate::tally::Tally;
use crate::topology::{FileSpec, NodeSpec};

/// What to do about a file that is no state.
pub(super) const UNFIT: &str = "mend it, or move it away to begin with an empty state";

/// Everything a node is made from; it travels to the node's thread.
#[derive(Clone, Debug)]
pub struct Blueprint {
    /// What is wanted.
    pub spec: Arc<NodeSpec>,
    /// The name it runs under.
    pub instance: Arc<str>,
    /// The number of the copy, from 1.
    pub replica: u32,
    /// The libzmq context.
    pub context: Context,
    /// Its figures.
    pub counters: Arc<NodeCounters>,
    /// Where it tells what happens.
    pub events: Events,
    /// Who stands in its messages' way.
    pub interceptors: Arc<Interceptors>,
    /// The time of the run, as its handlers know it.
    pub clock: RunClock,
    /// What makes the chance of its handlers repeat.
    pub seed: Option<u64>,
    /// Where it is counted which branches of its handlers are passed, if anybody wants to know.
    pub branches: Option<Branches>,
    /// The ports that are chosen for programs.
    pub ports: ChosenPorts,
    /// What all places count, for who hears of it.
    pub tally: Tally,
    /// What an earlier node leaves it, which then goes on instead of starting.
    pub kept: Option<Legacy>,
    /// Whether its sink's file is one that the run has been writing already, so that it is not
    /// emptied.
    pub continues_sink: bool,
}

/// Why a node could not be made.
#[derive(Debug, Error)]
pub enum NodeError {
    /// Its script does not compile; the checker found nothing, so this is rare.
    #[error("the script does not compile: {}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Script(Vec<ScriptFault>),
    /// A socket could not be set up.
    #[error(transparent)]
    Socket(#[from] SocketError),
    /// Its source could not be opened.
    #[error("cannot read {}: {error}", path.display())]
    Source {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        error: std::io::Error,
    },
    /// Its sink could not be opened.
    #[error("cannot write {}: {error}", path.display())]
    Sink {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        error: std::io::Error,
    },
    /// Its state could not be read, or not be kept.
    #[error("cannot keep its state in {}: {why}", path.display())]
    State {
        /// Which file.
        path: PathBuf,
        /// What is wrong, and what to do.
        why: String,
    },
    /// Its program cannot be started.
    #[error("its program cannot be started: {0}")]
    Program(String),
    /// The thread that should run it is gone.
    #[error("the thread that should run it has ended")]
    ThreadGone,
}

/// The parts of a node, open and bound.
pub(super) struct Parts {
    pub(super) sockets: Vec<NodeSocket>,
    pub(super) handler: Option<Handler>,
    pub(super) source: Option<LineSource>,
    pub(super) sink: Option<Sink>,
    pub(super) keeper: Option<Keeper>,
}

impl Blueprint {
    /// Makes the parts, of which some may be there from a rehearsal, and binds the sockets.
    pub(super) async fn build(
        &self,
        engine: &Rc<Engine>,
        rehearsed: Vec<NodeSocket>,
    ) -> Result<Parts, NodeError> {
        let mut handler = self.handler(engine)?;
        let mut rehearsed = rehearsed.into_iter();
        let mut sockets = Vec::with_capacity(self.spec.sockets.len());
        for (spec, counters) in self.spec.sockets.iter().zip(self.counters.sockets()) {
            sockets.push(match rehearsed.next() {
                Some(socket) => socket,
                None => NodeSocket::open(&self.context, &self.instance, spec, counters)?,
            });
        }
        // What is left to it is taken when it begins to work.
        let (has_source, has_sink) = self.kept.as_ref().map_or((false, false), |left| {
            (left.has_source(&self.spec), left.has_sink(&self.spec))
        });
        let source = if has_source { None } else { self.source().await? };
        let sink = if has_sink { None } else { self.sink().await? };
        let keeper = self.keeper(handler.as_mut()).await?;
        for socket in &mut sockets {
            let binds: Vec<_> = socket.spec.binds().cloned().collect();
            for endpoint in binds {
                socket.bind_again(endpoint.as_str()).await?;
            }
        }
        Ok(Parts { sockets, handler, source, sink, keeper })
    }

    /// A handler with an empty state.
    pub(super) fn handler(&self, engine: &Rc<Engine>) -> Result<Option<Handler>, NodeError> {
        let Some(script) = &self.spec.script else { return Ok(None) };
        let compiled = engine.compile_counting(script, self.branches.as_ref());
        let program = compiled.map_err(NodeError::Script)?.without_survey();
        let handler = Handler::new(engine, program, self.view());
        Ok(Some(if self.spec.isolate { handler.with_patience() } else { handler }))
    }

    /// The node as its handler sees it.
    pub(super) fn view(&self) -> NodeView {
        NodeView {
            node: self.spec.name.as_str().into(),
            replica: (&*self.instance).into(),
            replica_index: self.replica,
            seed: self.seed,
            params: self.spec.params.clone(),
            sockets: self.socket_views(),
            writes: self.spec.write.is_some(),
            state_limit: usize::try_from(self.spec.state_limit).unwrap_or(usize::MAX),
            clock: self.clock.clone(),
        }
    }

    /// The sockets as a handler sees them.
    pub(super) fn socket_views(&self) -> Vec<SocketView> {
        self.spec.sockets.iter().map(socket_view).collect()
    }

    pub(super) async fn source(&self) -> Result<Option<LineSource>, NodeError> {
        let Some(spec) = &self.spec.read else { return Ok(None) };
        let source = match self.context.network() {
            Some(network) => {
                LineSource::simulated(spec, clock::now(), self.emitter(), network.disk())
            }
            None => LineSource::open(spec, clock::now(), self.emitter()).await,
        };
        source.map(Some).map_err(|error| NodeError::Source { path: path(&spec.file), error })
    }

    pub(super) async fn sink(&self) -> Result<Option<Sink>, NodeError> {
        let Some(spec) = &self.spec.write else { return Ok(None) };
        let appends = spec.append || self.continues_sink;
        if let Some(network) = self.context.network() {
            return Ok(Some(Sink::simulated(spec, appends, self.emitter(), network.disk())));
        }
        let sink = Sink::open(spec, appends, self.emitter()).await;
        sink.map(Some).map_err(|error| NodeError::Sink { path: path(&spec.file), error })
    }

    /// The file that keeps the state of its handlers, and the state that is there; one that an earlier
    /// node leaves comes later, and is newer.
    pub(super) async fn keeper(
        &self,
        handler: Option<&mut Handler>,
    ) -> Result<Option<Keeper>, NodeError> {
        let Some(path) = self.spec.persists_in(self.replica) else { return Ok(None) };
        let failed = |why| NodeError::State { path: path.clone(), why };
        let (keeper, kept) = match self.context.network() {
            // What a run has left behind is not there: a simulation begins as a first run does.
            Some(network) => Keeper::simulated(&path, self.emitter(), network.disk()),
            None => {
                let opened = Keeper::open(&path, self.emitter()).await;
                opened.map_err(|error| failed(error.to_string()))?
            }
        };
        if let Some((handler, text)) = handler.zip(kept) {
            let restored = handler.state_mut().restore_text(&text);
            restored.map_err(|why| failed(format!("{why}; {UNFIT}")))?;
        }
        Ok(Some(keeper))
    }

    fn emitter(&self) -> Emitter {
        Emitter::new(&self.events, &self.instance)
    }
}

fn socket_view(socket: &crate::topology::SocketSpec) -> SocketView {
    SocketView {
        name: socket.name.as_str().into(),
        role: socket.role,
        format: socket.format,
        msgid: socket.msgid,
    }
}

fn path(file: &FileSpec) -> PathBuf {
    match file {
        FileSpec::Standard => PathBuf::from("-"),
        FileSpec::Path(path) => path.clone(),
    }
}
