//! What a node can be told, and the handle by which it is told.
//!
//! Owns the words between the supervisor and a node. Never touches a socket.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, oneshot};

use super::SocketError;
use crate::counters::NodeCounters;

/// The endpoints that a node's sockets are bound to: place of the socket, text of the file, and
/// what libzmq made of it.
pub type Bound = Vec<(usize, String, String)>;

/// What a node waits for before it calls its links up.
#[derive(Clone, Default, Debug)]
pub struct Expectation {
    /// Handshakes a socket, for links that have one.
    pub peers: BTreeMap<usize, u64>,
    /// How many subscribers want each topic of a publisher.
    pub topics: BTreeMap<usize, BTreeMap<Vec<u8>, u32>>,
}

/// What a node can be told. Every one is answered, also when it fails.
#[derive(Debug)]
pub enum Control {
    /// Connect sockets to endpoints, and say when the expected links are up.
    Connect {
        /// Place of the socket and endpoint.
        endpoints: Vec<(usize, String)>,
        /// What to wait for.
        expectation: Expectation,
        /// Told at once, with every failure.
        done: oneshot::Sender<Vec<SocketError>>,
        /// Told when the links are up.
        linked: oneshot::Sender<()>,
    },
    /// Say what the expected links still lack.
    Missing {
        /// One sentence a missing link.
        answer: oneshot::Sender<Vec<String>>,
    },
    /// Call `on_start`, then receive, tick and read.
    Start,
    /// Read and tick no more, but go on receiving.
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
    /// Call `on_stop`, send what waits, close the sockets and end.
    Stop {
        /// When to give up sending.
        deadline: Instant,
    },
}

/// A running node, seen from outside its thread.
#[derive(Debug)]
pub struct NodeHandle {
    /// Its name, with the copy's number where it is replicated.
    pub instance: Arc<str>,
    /// The node's name in the file.
    pub node: String,
    /// Where to tell it what to do.
    pub control: mpsc::UnboundedSender<Control>,
    /// Its figures.
    pub counters: Arc<NodeCounters>,
    /// What its sockets are bound to.
    pub bound: Bound,
    /// Told when the task has ended and its sockets are closed.
    pub ended: oneshot::Receiver<()>,
}
