//! A thread that runs nodes: one tokio current-thread runtime, one Rhai engine.
//!
//! Owns the thread. A node stays on its shard for life, so neither its sockets nor its handler
//! need to be sent between threads. One whose handlers compute long runs on a stack of its own, in
//! turn with the others.

use std::collections::HashMap;
use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::thread::JoinHandle;

use tokio::sync::{mpsc, oneshot};
use tokio::task::LocalSet;

use super::blueprint::{Blueprint, NodeError};
use super::control::{ControlSender, NodeHandle};
use super::neighbours::Neighbours;
use super::program::Program;
use super::rehearsal::{Claim, Rehearsed};
use super::running::Node;
use crate::fiber::Fibers;
use crate::script::{Engine, STACK_BYTES};

/// What a shard is told.
enum Order {
    Rehearse { blueprint: Box<Blueprint>, done: oneshot::Sender<Result<Vec<Claim>, NodeError>> },
    Forget,
    Spawn(Box<Spawn>),
}

struct Spawn {
    blueprint: Blueprint,
    done: oneshot::Sender<Result<NodeHandle, NodeError>>,
}

/// A thread that runs nodes.
#[derive(Debug)]
pub struct Shard {
    inbox: Option<mpsc::UnboundedSender<Order>>,
    thread: Option<JoinHandle<()>>,
}

impl Shard {
    /// Starts the thread.
    ///
    /// # Errors
    ///
    /// When the system gives no thread or no reactor.
    pub fn start(name: &str) -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (sender, inbox) = mpsc::unbounded_channel::<Order>();
        let builder = std::thread::Builder::new().name(name.to_owned()).stack_size(STACK_BYTES);
        let thread = builder.spawn(move || {
            let shared = Rc::new(Shared {
                engine: Rc::new(Engine::new()),
                fibers: Fibers::new(STACK_BYTES),
                neighbours: Rc::default(),
                takes_turns: true,
            });
            let nodes = LocalSet::new();
            runtime.block_on(nodes.run_until(obey(inbox, shared)));
            // Whoever drops the shard has stopped its nodes; what is left waits for nothing.
            runtime.block_on(nodes);
        })?;
        Ok(Self { inbox: Some(sender), thread: Some(thread) })
    }

    /// No thread of its own: nodes run on this one, within the `LocalSet` that runs now, one after the
    /// other, and none makes way for others in the middle of a call.
    #[must_use]
    pub fn local() -> Self {
        let (sender, inbox) = mpsc::unbounded_channel::<Order>();
        let shared = Rc::new(Shared {
            engine: Rc::new(Engine::new()),
            fibers: Fibers::new(STACK_BYTES),
            neighbours: Rc::default(),
            takes_turns: false,
        });
        tokio::task::spawn_local(obey(inbox, shared));
        Self { inbox: Some(sender), thread: None }
    }

    /// Makes a node on this thread: everything open and bound, nothing connected.
    ///
    /// # Errors
    ///
    /// See [`NodeError`].
    pub async fn spawn(&self, blueprint: Blueprint) -> Result<NodeHandle, NodeError> {
        self.begin_spawn(blueprint).await.map_err(|_| NodeError::ThreadGone)?
    }

    /// The same, without waiting: many nodes can be begun at once.
    pub fn begin_spawn(
        &self,
        blueprint: Blueprint,
    ) -> oneshot::Receiver<Result<NodeHandle, NodeError>> {
        let (done, result) = oneshot::channel();
        if let Some(inbox) = &self.inbox {
            // If the thread is gone, `done` is dropped and the receiver hears of it.
            let _ = inbox.send(Order::Spawn(Box::new(Spawn { blueprint, done })));
        }
        result
    }

    /// Tries what making a node could fail at, and keeps what it opened for that until the node is
    /// made or it is told to forget it. Tells what the node would bind.
    pub fn begin_rehearsal(
        &self,
        blueprint: Blueprint,
    ) -> oneshot::Receiver<Result<Vec<Claim>, NodeError>> {
        let (done, result) = oneshot::channel();
        if let Some(inbox) = &self.inbox {
            // As in `begin_spawn`.
            let _ = inbox.send(Order::Rehearse { blueprint: Box::new(blueprint), done });
        }
        result
    }

    /// Lets go of everything that was rehearsed here and not made.
    pub fn forget(&self) {
        if let Some(inbox) = &self.inbox {
            // A thread that is gone has forgotten.
            let _ = inbox.send(Order::Forget);
        }
    }
}

impl Drop for Shard {
    fn drop(&mut self) {
        self.inbox.take();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// What the nodes of a thread share.
struct Shared {
    engine: Rc<Engine>,
    fibers: Fibers,
    neighbours: Rc<Neighbours>,
    /// Whether one that computes long lets the others have their turn.
    takes_turns: bool,
}

/// Does what a shard is told until nobody tells it anything any more.
async fn obey(mut inbox: mpsc::UnboundedReceiver<Order>, shared: Rc<Shared>) {
    let mut rehearsed: HashMap<Arc<str>, Rehearsed> = HashMap::new();
    while let Some(order) = inbox.recv().await {
        match order {
            Order::Rehearse { blueprint, done } => {
                let result = if blueprint.spec.is_program() {
                    let claims = blueprint.rehearse_program();
                    claims.map(|claims| (Rehearsed::nothing(&blueprint.spec), claims))
                } else {
                    blueprint.rehearse(&shared.engine, &[], |_| true)
                };
                let _ = done.send(result.map(|(made, claims)| {
                    rehearsed.insert(Arc::clone(&blueprint.instance), made);
                    claims
                }));
            }
            Order::Forget => rehearsed.clear(),
            Order::Spawn(spawn) => {
                let made = rehearsed.remove(&spawn.blueprint.instance);
                if spawn.blueprint.spec.is_program() {
                    tokio::task::spawn_local(run_program(*spawn));
                } else {
                    tokio::task::spawn_local(run(*spawn, Rc::clone(&shared), made));
                }
            }
        }
    }
}

/// A program needs nothing of what nodes share, and never holds up the thread.
async fn run_program(spawn: Spawn) {
    let Spawn { blueprint, done } = spawn;
    let instance = Arc::clone(&blueprint.instance);
    let node = blueprint.spec.name.clone();
    let counters = Arc::clone(&blueprint.counters);
    match Program::create(blueprint) {
        Ok((program, bound)) => {
            let (control, inbox) = ControlSender::channel();
            let (end, ended) = oneshot::channel();
            let handle = NodeHandle { instance, node, control, counters, bound, ended };
            if done.send(Ok(handle)).is_ok() {
                program.run(inbox).await;
                // It leaves nothing: whoever waits hears that it is over.
                let _ = end.send(None);
            }
        }
        Err(error) => drop(done.send(Err(error))),
    }
}

async fn run(spawn: Spawn, shared: Rc<Shared>, rehearsed: Option<Rehearsed>) {
    let Spawn { blueprint, done } = spawn;
    let instance = Arc::clone(&blueprint.instance);
    let node = blueprint.spec.name.clone();
    let counters = Arc::clone(&blueprint.counters);
    let alone = blueprint.spec.isolate || !shared.takes_turns;
    let (engine, neighbours) = (Rc::clone(&shared.engine), Rc::clone(&shared.neighbours));
    // Boxed: what a node needs only while it is made would otherwise be kept for all its life.
    match Box::pin(Node::create(blueprint, engine, neighbours, rehearsed)).await {
        Ok((running, bound)) => {
            let (control, inbox) = ControlSender::channel();
            let (end, ended) = oneshot::channel();
            let handle = NodeHandle { instance, node, control, counters, bound, ended };
            if done.send(Ok(handle)).is_err() {
                return;
            }
            let life = Box::pin(async move { drop(end.send(running.run(inbox).await)) });
            if alone {
                life.await;
            } else {
                shared.fibers.run(life).await;
            }
        }
        Err(error) => drop(done.send(Err(error))),
    }
}
