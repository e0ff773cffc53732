//! What a node can be told, and the handle by which it is told.
//!
//! Owns the words between the supervisor and a node. Never touches a socket.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, oneshot};

use super::{Claim, Injection, Legacy, NodeError, Observation, SocketError};
use crate::counters::{ExpectedDeliveries, NodeCounters, SocketCounters};
use crate::topology::{NodeSpec, SocketSpec};
use crate::zeromq::OptionName;

/// The endpoints that a node's sockets are bound to: place of the socket, text of the file, and
/// what libzmq made of it.
pub type Bound = Vec<(usize, String, String)>;

/// What a node waits for before it calls its links up.
#[derive(Clone, Default, Debug)]
pub struct Expectation {
    /// Connections of a socket, for links that have a handshake: how many at least, and how many
    /// at most. More are connections to a socket that was replaced; they are still ending, and
    /// would take messages with them.
    pub peers: BTreeMap<usize, (u64, u64)>,
    /// How many subscribers want each topic of a publisher.
    pub topics: BTreeMap<usize, BTreeMap<Vec<u8>, u32>>,
}

/// An expected link that is not up.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MissingLink {
    /// What it lacks, in a sentence.
    pub said: String,
    /// How many connections or subscriptions it lacks, or has too many.
    pub count: u64,
}

/// What a running node is made of, as libzmq tells it where it does.
#[derive(Clone, PartialEq, Debug)]
pub struct NodeState {
    /// What it was told to be.
    pub spec: Arc<NodeSpec>,
    /// Its sockets, in order.
    pub sockets: Vec<SocketState>,
}

/// What a running socket is made of.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SocketState {
    /// What it was told to be.
    pub spec: SocketSpec,
    /// The endpoints it is bound to, as they were given.
    pub bound: BTreeSet<String>,
    /// The endpoints it connects to.
    pub connected: BTreeSet<String>,
    /// The topics that its subscribers want, with how many want each; of a `pub` or `xpub`.
    pub wanted: BTreeMap<Vec<u8>, u32>,
    /// `ZMQ_SNDHWM` and `ZMQ_RCVHWM`.
    pub hwm: (i32, i32),
    /// `ZMQ_LINGER`, in milliseconds.
    pub linger: i32,
    /// The options of its spec that are numbers, with their values in libzmq.
    pub options: BTreeMap<OptionName, i32>,
}

/// What went through a node's sockets up to one moment.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct Figures {
    /// By the socket's name: received from libzmq, handed to libzmq, and connections.
    pub sockets: BTreeMap<String, SocketFigures>,
    /// Whether a question of it is not answered yet, or a peer does not take its answer.
    pub unanswered: bool,
    /// Whether a message waits in it to be sent; one that is held keeps those for later.
    pub unsent: bool,
}

/// What went through a socket up to one moment.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct SocketFigures {
    /// Messages received from libzmq.
    pub received: u64,
    /// Messages handed to libzmq.
    pub sent: u64,
    /// Connections whose handshake is done.
    pub peers: u64,
    /// Connections made and lost so far.
    pub turnover: u64,
    /// Messages stashed.
    pub stashed: u64,
}

impl SocketFigures {
    /// What the counters say, nothing stashed.
    #[must_use]
    pub fn of(counters: &SocketCounters) -> Self {
        Self {
            received: counters.messages_in.get(),
            sent: counters.messages_out.get(),
            peers: counters.peers.get(),
            turnover: counters.connects.get() + counters.disconnects.get(),
            stashed: 0,
        }
    }
}

/// Somebody inside the file whom a publishing socket counts for.
#[derive(Clone, Debug)]
pub struct Subscriber {
    /// The publishing socket's name.
    pub socket: String,
    /// The subscriber's figures.
    pub counters: Arc<SocketCounters>,
    /// Where to count for it.
    pub expected: Arc<ExpectedDeliveries>,
}

/// What a node can be told. Every one is answered, also when it fails.
#[derive(Debug)]
pub enum Control {
    /// Connect sockets to these endpoints already; what fails is told when all are connected.
    ConnectEarly {
        /// Place of the socket and endpoint.
        endpoints: Vec<(usize, String)>,
    },
    /// Connect sockets to endpoints, and say when the expected links are up.
    Connect {
        /// Every endpoint that the file declares: place of the socket and endpoint. What was
        /// declared before and is no more is disconnected.
        endpoints: Vec<(usize, String)>,
        /// Those of them to disconnect first, because the other end was replaced.
        renew: Vec<(usize, String)>,
        /// What to wait for.
        expectation: Expectation,
        /// Told at once, with every failure.
        done: oneshot::Sender<Vec<SocketError>>,
        /// Told when the links are up.
        linked: oneshot::Sender<()>,
    },
    /// Say what the expected links still lack.
    Missing {
        /// One entry a missing link.
        answer: oneshot::Sender<Vec<MissingLink>>,
    },
    /// Count what subscribers inside the file should get.
    Audience {
        /// All of them, for all its sockets.
        subscribers: Vec<Subscriber>,
    },
    /// Call `on_start`, then receive, tick and read.
    Start,
    /// Read and tick no more, but go on receiving, until a release.
    Quiesce,
    /// Say when nothing has arrived, nothing waits and nothing was sent for so long.
    Drain {
        /// For how long nothing may have happened.
        quiet: Duration,
        /// When to say so at the latest.
        deadline: Instant,
        /// Whether it became quiet.
        done: oneshot::Sender<bool>,
    },
    /// Take nothing new, send nothing on these sockets, and take what arrives on them from libzmq
    /// to handle it later.
    Hold {
        /// The sockets, by name.
        stash: BTreeSet<String>,
    },
    /// Say what went through the sockets, and whether anything is under way in the node.
    Figures {
        /// The figures of this moment.
        answer: oneshot::Sender<Figures>,
    },
    /// Try what becoming this spec could fail at, and change nothing.
    Rehearse {
        /// The spec.
        spec: Arc<NodeSpec>,
        /// Told what is to be bound, or what fails.
        done: oneshot::Sender<Result<Vec<Claim>, NodeError>>,
    },
    /// Let go of what a rehearsal made.
    Forget,
    /// Become what this spec says, connections apart. On failure the node is in between, and wants
    /// to be changed back.
    Change {
        /// The spec.
        spec: Arc<NodeSpec>,
        /// Told when it is done or failed.
        done: oneshot::Sender<Result<Bound, NodeError>>,
    },
    /// Go on after a hold or a change.
    Release {
        /// Whether `on_reload` is to be called.
        reloaded: bool,
    },
    /// Call `on_stop`, send what waits, close the sockets and end.
    Stop {
        /// When to give up sending.
        deadline: Instant,
        /// Whether the run goes on without this node: libzmq may then take its time to send.
        alone: bool,
        /// Whether another node takes its place, and goes on with its source and its sink.
        succeeded: bool,
    },
    /// Do something with a message from outside.
    Inject(Injection),
    /// Say what only the node itself knows of this moment.
    Observe {
        /// What it is doing.
        answer: oneshot::Sender<Observation>,
    },
    /// Say what is there.
    Describe {
        /// What is there.
        answer: oneshot::Sender<NodeState>,
    },
}

/// Where a node is told what to do. Never waits.
#[derive(Clone, Debug)]
pub struct ControlSender(mpsc::UnboundedSender<Box<Control>>);

impl ControlSender {
    /// A sender, and where the node hears it. A channel has room for 32 things from the start, and
    /// a node hears few, so they are boxed.
    pub(super) fn channel() -> (Self, mpsc::UnboundedReceiver<Box<Control>>) {
        let (sender, receiver) = mpsc::unbounded_channel();
        (Self(sender), receiver)
    }

    /// Tells the node.
    ///
    /// # Errors
    ///
    /// When it has ended.
    pub fn send(&self, control: Control) -> Result<(), mpsc::error::SendError<Box<Control>>> {
        self.0.send(Box::new(control))
    }

    /// A sender that does not keep the node running.
    #[must_use]
    pub fn downgrade(&self) -> WeakControlSender {
        WeakControlSender(self.0.downgrade())
    }

    /// Whether the node has ended.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.0.is_closed()
    }
}

/// Where a node is told what to do, by somebody for whom it need not go on running.
#[derive(Clone, Debug)]
pub struct WeakControlSender(mpsc::WeakUnboundedSender<Box<Control>>);

impl WeakControlSender {
    /// The sender, if the node still runs.
    #[must_use]
    pub fn upgrade(&self) -> Option<ControlSender> {
        self.0.upgrade().map(ControlSender)
    }
}

/// A running node, seen from outside its thread.
#[derive(Debug)]
pub struct NodeHandle {
    /// Its name, with the copy's number where it is replicated.
    pub instance: Arc<str>,
    /// The node's name in the file.
    pub node: String,
    /// Where to tell it what to do.
    pub control: ControlSender,
    /// Its figures.
    pub counters: Arc<NodeCounters>,
    /// What its sockets are bound to.
    pub bound: Bound,
    /// Told when the task has ended and its sockets are closed, with what it leaves.
    pub ended: oneshot::Receiver<Option<Legacy>>,
}
