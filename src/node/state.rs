//! What a node says of itself, and what is said to it of others: plain data.
//!
//! Owns these words. Never touches a socket.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::counters::{ExpectedDeliveries, SocketCounters};
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
    /// Messages that came, with those that were thrown away because nobody wanted them any more.
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
            received: counters.arrived(),
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
