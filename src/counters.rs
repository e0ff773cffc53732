//! Figures of a running topology: written by one node's thread, read by anybody.
//!
//! Owns the counters of nodes and sockets. Never interprets them: `observe/` does.

mod expected_deliveries;

pub use expected_deliveries::{ExpectedDeliveries, Interest, said};

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::Instant;

use crate::lock::locked;

/// A figure that only one thread changes, so that a change is a plain load and store.
#[derive(Default, Debug)]
pub struct Counter(AtomicU64);

impl Counter {
    /// Adds to it. Only the owning thread may.
    pub fn add(&self, by: u64) {
        self.0.store(self.0.load(Relaxed).wrapping_add(by), Relaxed);
    }

    /// Takes from it, not below zero. Only the owning thread may.
    pub fn subtract(&self, by: u64) {
        self.0.store(self.0.load(Relaxed).saturating_sub(by), Relaxed);
    }

    /// Sets it. Only the owning thread may.
    pub fn set(&self, value: u64) {
        self.0.store(value, Relaxed);
    }

    /// What it is now.
    #[must_use]
    pub fn get(&self) -> u64 {
        self.0.load(Relaxed)
    }
}

/// The upper bounds of a [`Durations`]' buckets, in nanoseconds.
pub const BOUNDS: [u64; 19] = [
    1_000,
    2_500,
    5_000,
    10_000,
    25_000,
    50_000,
    100_000,
    250_000,
    500_000,
    1_000_000,
    2_500_000,
    5_000_000,
    10_000_000,
    25_000_000,
    50_000_000,
    100_000_000,
    250_000_000,
    500_000_000,
    1_000_000_000,
];

/// How long something took, how often; changed by one thread only.
#[derive(Default, Debug)]
pub struct Durations {
    /// Nanoseconds, all together.
    pub nanos: Counter,
    /// How often it took longer than the bound before and at most the one of this place; the last
    /// place is for what took longer than all bounds.
    buckets: [Counter; BOUNDS.len() + 1],
}

impl Durations {
    /// Counts one more. Only the owning thread may.
    pub fn add(&self, nanos: u64) {
        self.nanos.add(nanos);
        self.buckets[BOUNDS.partition_point(|&bound| bound < nanos)].add(1);
    }

    /// How often each bucket was met, in the order of [`BOUNDS`], and then what took longer.
    #[must_use]
    pub fn buckets(&self) -> [u64; BOUNDS.len() + 1] {
        std::array::from_fn(|place| self.buckets[place].get())
    }
}

/// Why a message was dropped.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum DropReason {
    /// A ROUTER, STREAM or REP had no peer of that routing id.
    Unroutable,
    /// The peer's queue was full where the pattern drops.
    Full,
    /// It did not fit its socket's format.
    Malformed,
    /// It was still there when the node had to close.
    Shutdown,
}

impl DropReason {
    /// All reasons.
    pub const ALL: [Self; 4] = [Self::Unroutable, Self::Full, Self::Malformed, Self::Shutdown];

    /// The word of logs and metrics.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Unroutable => "unroutable",
            Self::Full => "full",
            Self::Malformed => "malformed",
            Self::Shutdown => "shutdown",
        }
    }

    /// The reason in plain words, to follow a colon.
    #[must_use]
    pub fn sentence(self) -> &'static str {
        match self {
            Self::Unroutable => "no peer of that routing id is connected",
            Self::Full => "the peer's queue is at its high-water mark",
            Self::Malformed => "not in the socket's format",
            Self::Shutdown => "not taken by any peer before the node had to close",
        }
    }
}

/// The figures of one socket.
#[derive(Default, Debug)]
pub struct SocketCounters {
    /// Messages received.
    pub messages_in: Counter,
    /// Messages handed to libzmq.
    pub messages_out: Counter,
    /// Messages that a subscriber's socket threw away, because it had unsubscribed when they came.
    pub unwanted: Counter,
    /// Bytes received, all frames.
    pub bytes_in: Counter,
    /// Bytes handed to libzmq, all frames.
    pub bytes_out: Counter,
    /// Messages dropped, by [`DropReason`].
    pub dropped: [Counter; 4],
    /// Connections whose handshake is done.
    pub peers: Counter,
    /// The same, with those that ended since.
    pub connects: Counter,
    /// Handshakes that failed.
    pub handshakes_failed: Counter,
    /// Connections that were lost.
    pub disconnects: Counter,
    /// Connections to an endpoint that had one before.
    pub reconnects: Counter,
    /// Nanoseconds spent with a message that a full queue would not take.
    pub blocked_nanos: Counter,
    /// Whether such a message waits now.
    pub blocked: AtomicBool,
    /// Messages that `sequence` found missing.
    pub sequence_gaps: Counter,
    /// Messages that `sequence` saw before.
    pub sequence_duplicates: Counter,
    /// Microseconds between sending and receiving of the last message with a `sequence` frame.
    pub delay_micros: Counter,
    /// Topics that subscribers asked for now.
    pub subscriptions: Counter,
    /// The most connections there were at once since the links were up.
    pub peers_most: Counter,
    /// The size of the smallest message handed to libzmq, in bytes; 0 before the first.
    pub smallest_out: Counter,
    /// What a subscriber takes.
    pub interest: Interest,
}

impl SocketCounters {
    /// Messages that came: those received, and those that a subscriber's socket threw away.
    #[must_use]
    pub fn arrived(&self) -> u64 {
        self.messages_in.get() + self.unwanted.get()
    }

    /// Messages that went through it, either way; a socket for which it stays the same is still.
    #[must_use]
    pub fn moved(&self) -> u64 {
        self.arrived() + self.messages_out.get()
    }

    /// Notes the size of a message handed to libzmq.
    pub fn note_size(&self, bytes: u64) {
        let smallest = self.smallest_out.get();
        if bytes < smallest || smallest == 0 {
            self.smallest_out.set(bytes.max(1));
        }
    }

    /// Counts a dropped message.
    pub fn drop_one(&self, reason: DropReason) {
        self.dropped[reason as usize].add(1);
    }
}

/// The figures of one handler.
#[derive(Debug)]
pub struct HandlerCounters {
    /// Its name.
    pub name: Box<str>,
    /// How often it was called.
    pub calls: Counter,
    /// Nanoseconds that all calls took.
    pub nanos: Counter,
}

impl HandlerCounters {
    /// Counts one more call. Only the owning thread may.
    pub fn add(&self, nanos: u64) {
        self.calls.add(1);
        self.nanos.add(nanos);
    }
}

/// The figures of a program that drives a node.
#[derive(Default, Debug)]
pub struct ProgramCounters {
    /// How often it was started again after it had exited by itself.
    pub restarts: Counter,
    moment: Mutex<ProgramMoment>,
}

/// What a program is doing.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct ProgramMoment {
    /// Where it is in its life.
    pub state: ProgramState,
    /// Its process, while it runs.
    pub pid: Option<u32>,
    /// Since when that runs.
    pub since: Option<Instant>,
    /// How it ended last.
    pub exit: Option<ProgramExit>,
}

/// Where a program is in its life.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum ProgramState {
    /// Its links are not known yet.
    #[default]
    Waiting,
    /// It runs, and is not ready.
    Starting,
    /// It runs.
    Running,
    /// It exited, and is started again after a pause.
    Pausing,
    /// It exited, and is left so.
    Exited,
}

impl ProgramState {
    /// The word of tables and metrics.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Starting => "starting",
            Self::Running => "running",
            Self::Pausing => "pausing",
            Self::Exited => "exited",
        }
    }
}

/// How a program ended: with a status, or by a signal.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct ProgramExit {
    /// The exit status.
    pub status: Option<i32>,
    /// The number of the signal.
    pub signal: Option<i32>,
}

impl ProgramCounters {
    /// What it is doing.
    #[must_use]
    pub fn moment(&self) -> ProgramMoment {
        *locked(&self.moment)
    }

    /// Notes what it is doing.
    pub fn note(&self, note: impl FnOnce(&mut ProgramMoment)) {
        note(&mut locked(&self.moment));
    }
}

/// The figures of one node.
#[derive(Default, Debug)]
pub struct NodeCounters {
    /// Those of the program that drives it. Then nothing else is counted: only the program knows.
    pub program: Option<ProgramCounters>,
    /// Events that a handler was called for.
    pub handled: Counter,
    /// Handler calls that failed.
    pub failed: Counter,
    /// How long handlers took.
    pub handler: Durations,
    /// Lines that `read` took.
    pub lines_read: Counter,
    /// Lines that `write` wrote.
    pub lines_written: Counter,
    /// Lines of `read` and `write` that could not be taken as they are: too long, or with a line end
    /// inside.
    pub lines_refused: Counter,
    /// About how many bytes the state of its handlers takes.
    pub state_bytes: Counter,
    /// Messages held in the node: handled, but not yet taken by a full socket.
    pub waiting: Counter,
    /// One entry a socket, in the node's order; locked only by a reload and by who reads.
    sockets: Mutex<Vec<Arc<SocketCounters>>>,
    /// One entry a handler, in the order of their names; locked only by a reload and by who reads.
    handlers: Mutex<Vec<Arc<HandlerCounters>>>,
    /// `count(…)` of the handlers; locked only by a handler that counts and by who reads.
    user: Mutex<BTreeMap<String, i64>>,
}

impl NodeCounters {
    /// Fresh figures for a node with so many sockets.
    #[must_use]
    pub fn new(sockets: usize) -> Self {
        Self {
            sockets: Mutex::new((0..sockets).map(|_| Arc::default()).collect()),
            ..Self::default()
        }
    }

    /// Fresh figures for a node with so many sockets that a program drives.
    #[must_use]
    pub fn of_program(sockets: usize) -> Self {
        Self { program: Some(ProgramCounters::default()), ..Self::new(sockets) }
    }

    /// The figures of the sockets, in the node's order.
    #[must_use]
    pub fn sockets(&self) -> Vec<Arc<SocketCounters>> {
        locked(&self.sockets).clone()
    }

    /// Says which sockets the node has now.
    pub fn set_sockets(&self, sockets: Vec<Arc<SocketCounters>>) {
        *locked(&self.sockets) = sockets;
    }

    /// The figures of the handlers, in the order of their names.
    #[must_use]
    pub fn handlers(&self) -> Vec<Arc<HandlerCounters>> {
        locked(&self.handlers).clone()
    }

    /// Says which handlers the node has now; their figures, in the same order. Those of one that it
    /// had before go on.
    pub fn set_handlers<'n>(
        &self,
        names: impl Iterator<Item = &'n str>,
    ) -> Vec<Arc<HandlerCounters>> {
        let mut handlers = locked(&self.handlers);
        let of = |name: &str| {
            let known = handlers.iter().find(|known| *known.name == *name).cloned();
            known.unwrap_or_else(|| {
                let (calls, nanos) = (Counter::default(), Counter::default());
                Arc::new(HandlerCounters { name: name.into(), calls, nanos })
            })
        };
        let now: Vec<_> = names.map(of).collect();
        handlers.clone_from(&now);
        now
    }

    /// Adds to a counter of the user's own.
    pub fn count(&self, name: String, by: i64) {
        let mut user = locked(&self.user);
        let counter = user.entry(name).or_default();
        *counter = counter.saturating_add(by);
    }

    /// The user's own counters.
    #[must_use]
    pub fn user(&self) -> BTreeMap<String, i64> {
        locked(&self.user).clone()
    }
}
