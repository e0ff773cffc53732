//! What happens in a running topology, as facts: nodes tell them, observers interpret them.
//!
//! Owns [`Fact`] and the queue to the observers. A node never waits for an observer: when the
//! queue is full a fact is dropped and counted.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use tokio::sync::mpsc;

use crate::counters::DropReason;
use crate::script::Level;

/// Something that happened.
#[derive(Clone, Debug)]
pub struct Fact {
    /// The node, with its copy's number where it is replicated; empty for the whole topology.
    pub node: Arc<str>,
    /// The socket, if one is concerned.
    pub socket: Option<Arc<str>>,
    /// What happened.
    pub what: What,
    /// How many times more the same happened since it was last told.
    pub repeated: u64,
}

/// What can happen.
#[derive(Clone, Debug)]
pub enum What {
    /// A handler printed or logged.
    Log {
        /// How much it matters.
        level: Level,
        /// The text.
        text: String,
    },
    /// A socket accepts peers at this endpoint.
    Bound {
        /// Where, with the port that the system chose.
        endpoint: String,
    },
    /// Figures are served at this address.
    Serving {
        /// Host and port.
        address: String,
    },
    /// A handler failed.
    HandlerFailed {
        /// The message with the place in the script.
        error: String,
    },
    /// A message did not fit its socket's format.
    Malformed {
        /// Why, and how it begins.
        message: String,
    },
    /// A message could not be delivered.
    Dropped {
        /// Why.
        reason: DropReason,
        /// How many at once.
        count: u64,
    },
    /// The run is over, and messages of a link inside the file never arrived.
    Lost {
        /// From where to where.
        flow: String,
        /// How many.
        lost: u64,
        /// Of how many.
        sent: u64,
        /// Whether the pattern drops what a full queue does not take.
        dropped: bool,
    },
    /// A peer's handshake failed.
    HandshakeFailed {
        /// Why, in plain words.
        why: String,
        /// With whom.
        endpoint: String,
    },
    /// A connection is up.
    PeerConnected {
        /// With whom.
        endpoint: String,
    },
    /// A connection is gone.
    PeerDisconnected {
        /// With whom.
        endpoint: String,
    },
    /// A connection of a socket with `maxmsgsize` is gone, perhaps for a message that was larger.
    LimitedPeerGone {
        /// With whom.
        endpoint: String,
        /// The limit, in bytes.
        maxmsgsize: i64,
    },
    /// A link inside the file did not come up before the start.
    LinkMissing {
        /// Which one, and what it waits for.
        link: String,
    },
    /// A source or a sink had an error.
    FileFailed {
        /// What was done to which file, and what the system said.
        error: String,
    },
    /// Something in the runner itself went wrong; the node goes on.
    Panicked {
        /// What it said.
        message: String,
    },
    /// Nobody outside can look into the run.
    NoControlSocket {
        /// Why.
        error: String,
    },
    /// Something in a node could not be done.
    Failed {
        /// What and why.
        error: String,
    },
    /// The node starts anew after a failed handler.
    Restarting {
        /// After how many milliseconds.
        after_ms: u64,
    },
    /// The whole topology should end.
    StopRequested {
        /// The exit status.
        status: u8,
        /// Who wants it, or why.
        why: String,
    },
}

impl What {
    /// With which exit status the whole topology should end, if it should.
    #[must_use]
    pub fn exit_status(&self) -> Option<u8> {
        if let Self::StopRequested { status, .. } = self { Some(*status) } else { None }
    }
}

/// How many facts are taken together at most.
const TOGETHER: usize = 64;

/// How many facts may wait for the observers.
const QUEUE: usize = 65_536;

/// Where nodes put facts.
#[derive(Clone, Debug)]
pub struct Facts {
    queue: mpsc::Sender<Fact>,
    lost: Arc<AtomicU64>,
}

/// Where the observers take them.
#[derive(Debug)]
pub struct FactReader {
    queue: mpsc::Receiver<Fact>,
    lost: Arc<AtomicU64>,
}

/// A queue of facts.
#[must_use]
pub fn facts() -> (Facts, FactReader) {
    let (sender, receiver) = mpsc::channel(QUEUE);
    let lost = Arc::new(AtomicU64::new(0));
    (Facts { queue: sender, lost: Arc::clone(&lost) }, FactReader { queue: receiver, lost })
}

impl Facts {
    /// Tells a fact, or counts it as lost when the observers are far behind.
    pub fn tell(&self, fact: Fact) {
        if self.queue.try_send(fact).is_err() {
            self.lost.fetch_add(1, Relaxed);
        }
    }
}

impl FactReader {
    /// The next fact; `None` when every teller is gone.
    pub async fn next(&mut self) -> Option<Fact> {
        self.queue.recv().await
    }

    /// The next fact and those that wait behind it, some dozens at most; none when every teller is
    /// gone.
    pub async fn next_ones(&mut self) -> Vec<Fact> {
        let mut facts = Vec::new();
        self.queue.recv_many(&mut facts, TOGETHER).await;
        facts
    }

    /// The next fact, if one waits.
    pub fn try_next(&mut self) -> Option<Fact> {
        self.queue.try_recv().ok()
    }

    /// How many facts were lost since this was last asked.
    pub fn take_lost(&self) -> u64 {
        self.lost.swap(0, Relaxed)
    }
}
