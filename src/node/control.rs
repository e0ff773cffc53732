//! What every node can be told, and the handle by which it is told.
//!
//! Owns the words between the supervisor and a node of any kind: start, hold, change, drain, stop, describe.
//! What only sockets of ours can be told is `socket_control`'s.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, oneshot};

use super::blueprint::NodeError;
use super::interference::Interference;
use super::legacy::Legacy;
use super::observation::Observation;
use super::rehearsal::Claim;
use super::slow_motion::SlowMotion;
use super::socket_control::SocketControl;
use super::state::{Bound, NodeState};
use crate::counters::NodeCounters;
use crate::plan::SocketFates;

/// What every node can be told. Every one is answered, also when it fails.
#[derive(Debug)]
pub enum Control {
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
    /// Try what becoming another could fail at, and change nothing.
    Rehearse {
        /// What becomes of its sockets, and what it is to be.
        fates: SocketFates,
        /// Told what is to be bound, or what fails.
        done: oneshot::Sender<Result<Vec<Claim>, NodeError>>,
    },
    /// Let go of what a rehearsal made.
    Forget,
    /// Become another, connections apart. On failure the node is in between, and wants to be changed
    /// back.
    Change {
        /// What becomes of its sockets, and what it is to be.
        fates: SocketFates,
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
    /// Take nothing but what it is told to take, or go on after that.
    SlowMotion(SlowMotion),
    /// What only a test does.
    Interfere(Interference),
    /// What only a node can be told that has sockets of its own.
    Sockets(SocketControl),
}

impl From<SocketControl> for Control {
    fn from(told: SocketControl) -> Self {
        Self::Sockets(told)
    }
}

impl From<Interference> for Control {
    fn from(told: Interference) -> Self {
        Self::Interfere(told)
    }
}

impl From<SlowMotion> for Control {
    fn from(told: SlowMotion) -> Self {
        Self::SlowMotion(told)
    }
}

/// Where a node is told what to do. Never waits.
#[derive(Clone, Debug)]
pub struct ControlSender(mpsc::UnboundedSender<Box<Control>>);

impl ControlSender {
    /// A sender, and where the node hears it. A channel has room for 32 things from the start, and
    /// a node hears few, so they are boxed.
    pub(crate) fn channel() -> (Self, mpsc::UnboundedReceiver<Box<Control>>) {
        let (sender, receiver) = mpsc::unbounded_channel();
        (Self(sender), receiver)
    }

    /// Tells the node.
    ///
    /// # Errors
    ///
    /// When it has ended.
    pub fn send(
        &self,
        control: impl Into<Control>,
    ) -> Result<(), mpsc::error::SendError<Box<Control>>> {
        self.0.send(Box::new(control.into()))
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
