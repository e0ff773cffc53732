//! One socket of a running node: opened from its spec, its options, its subscriptions.
//!
//! Owns what a socket remembers. Its endpoints are `attaching`'s, its messages `exchange`'s.

mod attaching;
mod callers;
mod delimiters;
mod error;
mod exchange;
mod interest;
mod options;
mod securing;

pub(super) use attaching::{PROBE_PAUSE, REBIND_PAUSE, REBIND_TIMEOUT, bind_failure, came_in_by};
pub(super) use callers::Callers;
use delimiters::Delimiters;
pub use error::SocketError;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::carrier::Carrier;
use super::context::Context;
use super::door::Doors;
use super::fanout::Fanout;
use super::interception::Passage;
use super::ipc::IpcFile;
use super::known_peers::KnownPeers;
use super::known_servers::KnownServers;
use super::lingering::{Lingering, Unconnected};
use super::monitor::Monitor;
use super::raw::Errno;
use super::sequence::{Checking, Numbering};
use super::state::SocketState;
use super::unreached::Unreached;
use super::wait::Ready;

use crate::clock;
use crate::counters::{DropReason, SocketCounters};
use crate::message::Multipart;
use crate::topology::SocketSpec;
use crate::zeromq::{OptionValue, Role};

/// After how many messages a subscriber that threw nothing away meanwhile has none left from before it
/// unsubscribed: more than marks commonly let wait.
pub(super) const THROWS_FOR: u32 = 100_000;

/// What became of a message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Sent {
    /// libzmq has it.
    Taken,
    /// It has to wait; the frames are still there.
    Waits,
    /// The pattern drops it, and it was counted.
    Dropped(DropReason),
    /// libzmq refused it for good.
    Refused(Errno),
}

/// A socket of a running node.
#[derive(Debug)]
pub(super) struct NodeSocket {
    // Deregisters the descriptor, so it has to go before the socket does.
    pub(super) ready: Ready,
    pub(super) monitor: Option<Monitor>,
    pub(super) raw: Carrier,
    pub(super) spec: SocketSpec,
    pub(super) name: Arc<str>,
    pub(super) counters: Arc<SocketCounters>,
    /// Whether a receive might go through: true after every call but a receive that found nothing,
    /// because any other may have consumed the descriptor's edge.
    pub(super) readable: bool,
    /// Whether a handler wants nothing taken from it.
    pub(super) paused: bool,
    /// Whether a REQ has asked and waits for the answer.
    pub(super) awaits_reply: bool,
    /// Endpoints as libzmq knows them, by the text they were given as.
    pub(super) bound: BTreeMap<String, String>,
    /// Those of them that only handlers have bound.
    pub(super) bound_by_handlers: BTreeSet<String>,
    /// What it was bound to last, as libzmq calls it.
    pub(super) last_endpoint: Option<String>,
    /// The files of ipc endpoints that it bound, by the text those were given as.
    files: BTreeMap<String, IpcFile>,
    /// Endpoints it connects to, as they were given.
    pub(super) connected: Vec<String>,
    /// Those of them that the file declares; handlers may connect to more.
    pub(super) declared: Vec<String>,
    /// Those that only handlers had connected to when it let go of all.
    undeclared: Vec<String>,
    /// Whole messages that a reload took from libzmq before the node may handle them.
    stash: VecDeque<Multipart>,
    /// What its handlers subscribed to beyond the spec; below zero, what they took off it.
    wishes: BTreeMap<Vec<u8>, i32>,
    /// How many subscribers want each topic, on a publisher.
    pub(super) topics: BTreeMap<Vec<u8>, u32>,
    /// Whom it is connected with.
    pub(super) peers: KnownPeers,
    /// Whether its peers were told that no more answers come.
    pub(super) takes_no_answers: bool,
    /// Who stands in its messages' way.
    pub(super) passage: Passage,
    /// Who waits for an answer without being a peer.
    pub(super) callers: Callers,
    /// On a router: what its peers put before their text.
    pub(super) delimiters: Delimiters,
    /// Endpoints it connects to that have no connection.
    pub(super) unreached: Unreached,
    /// On a publisher: what subscribers inside the file should get.
    pub(super) fanout: Fanout,
    /// On a subscriber: what it takes, and whether its publishers have been told.
    taken: BTreeMap<Vec<u8>, u32>,
    taken_is_told: bool,
    /// How many messages libzmq had thrown away when it was last asked.
    unwanted: u32,
    /// After how many more messages it is looked whether libzmq has thrown away any.
    throws_for: u32,
    /// Messages in and out so far, and when that last changed.
    moved: (u64, Instant),
    blocked_since: Option<Instant>,
    owner: String,
    /// Where a ZAP handler of the run says what becomes of its connections.
    doors: Doors,
    /// Whose public keys a run knows by their endpoints.
    servers: KnownServers,
    /// Who hears of it when it is closed, unless it has nothing to send.
    lingering: Option<Lingering>,
    /// What it could not reach, for whoever hears of that.
    pub(super) unconnected: Unconnected,
    numbering: Option<Numbering>,
    checking: Checking,
}

impl NodeSocket {
    /// Opens a socket of a node's instance and sets its options; nothing is bound or connected yet.
    pub(super) fn open(
        context: &Context,
        owner: &str,
        spec: &SocketSpec,
        counters: Arc<SocketCounters>,
    ) -> Result<Self, SocketError> {
        let refused = |errno| SocketError::Open { socket: spec.name.clone(), errno };
        let raw = context.open(owner, spec).map_err(refused)?;
        let ready = raw.watch().map_err(refused)?;
        let mut socket = Self {
            ready,
            monitor: None,
            raw,
            owner: owner.to_owned(),
            doors: context.doors().clone(),
            servers: context.servers().clone(),
            lingering: sends_messages(spec.role).then(|| context.lingering().clone()),
            unconnected: Unconnected::default(),
            name: spec.name.as_str().into(),
            spec: spec.clone(),
            counters,
            readable: true,
            paused: false,
            awaits_reply: false,
            bound: BTreeMap::new(),
            bound_by_handlers: BTreeSet::new(),
            last_endpoint: None,
            files: BTreeMap::new(),
            connected: Vec::new(),
            declared: Vec::new(),
            undeclared: Vec::new(),
            stash: VecDeque::new(),
            wishes: BTreeMap::new(),
            topics: BTreeMap::new(),
            peers: KnownPeers::default(),
            takes_no_answers: false,
            passage: Passage::default(),
            callers: Callers::default(),
            delimiters: Delimiters::default(),
            unreached: Unreached::default(),
            fanout: Fanout::default(),
            taken: BTreeMap::new(),
            taken_is_told: false,
            unwanted: 0,
            throws_for: 0,
            moved: (0, clock::now()),
            blocked_since: None,
            numbering: None,
            checking: Checking::default(),
        };
        socket.set_options()?;
        Ok(socket)
    }

    /// Takes the place of a socket: what that received and did not hand on, its numbering, and what
    /// handlers changed in it while it ran.
    pub(super) fn succeed(&mut self, before: &mut Self) {
        self.stash = std::mem::take(&mut before.stash);
        self.paused = before.paused;
        self.numbering = before.numbering.take();
        self.checking = std::mem::take(&mut before.checking);
        self.passage = std::mem::take(&mut before.passage);
        self.callers = std::mem::take(&mut before.callers);
        self.counters.peers.set(0);
        self.counters.subscriptions.set(0);
        self.take_passed_on(before);
        if self.spec.role == before.spec.role {
            self.wishes = std::mem::take(&mut before.wishes);
        }
        for (prefix, count) in self.wishes.clone() {
            for _ in 0..count.unsigned_abs() {
                // What the socket before took, this one takes.
                let _ = if count > 0 { self.subscribe(&prefix) } else { self.unsubscribe(&prefix) };
            }
        }
        // Bound when the endpoints are free.
        self.bound_by_handlers = std::mem::take(&mut before.bound_by_handlers);
        self.last_endpoint = before.last_endpoint.take();
        for endpoint in std::mem::take(&mut before.undeclared) {
            // An inproc endpoint may be gone; nothing in the file wants it.
            let _ = self.connect(&endpoint);
        }
    }

    /// Whether what goes out of it are messages, and not only subscriptions.
    pub(super) fn sends_messages(&self) -> bool {
        self.spec.role.sends() && !self.spec.role.filters()
    }

    /// Whether it drops messages when it is closed that nobody tells of then: before anybody listens,
    /// or libzmq does not say it.
    pub(super) fn drops_untold(&self) -> bool {
        let at_once = self.spec.linger == Some(Duration::ZERO) || self.spec.is_on("conflate");
        self.sends_messages() && (at_once || !Lingering::IS_TOLD)
    }

    /// Notes whether messages went through since this was last asked.
    pub(super) fn note_movement(&mut self, now: Instant) {
        let moved = self.counters.moved();
        if moved != self.moved.0 {
            self.moved = (moved, now);
        }
    }

    /// Whether no message waits to be received.
    pub(super) fn look_drained(&mut self) -> bool {
        let drained = !self.look() && self.stash.is_empty();
        self.note_unwanted();
        drained
    }

    /// Counts what libzmq threw away because it was unsubscribed from when it came.
    pub(super) fn note_unwanted(&mut self) {
        if self.spec.role == Role::Sub
            && let Ok(unwanted) = self.raw.get_int(zmq_sys::ZMQ_SYS_UNWANTED)
        {
            let unwanted = unwanted.cast_unsigned();
            let more = unwanted.wrapping_sub(std::mem::replace(&mut self.unwanted, unwanted));
            self.counters.unwanted.add(u64::from(more));
            if more > 0 {
                self.throws_for = THROWS_FOR;
            }
        }
    }

    /// After a message: counts what libzmq threw away before it, as long as that may be.
    #[inline]
    pub(super) fn note_thrown(&mut self) {
        if self.throws_for > 0 {
            self.throws_for -= 1;
            self.note_unwanted();
        }
    }

    /// Messages that had moved through it when that was last noted.
    pub(super) fn moved(&self) -> u64 {
        self.moved.0
    }

    /// When the last of them was noted.
    pub(super) fn still_since(&self) -> Instant {
        self.moved.1
    }

    /// Asks libzmq how full the queues of each connection are; how many will be told of at least.
    pub(super) fn ask_queues(&mut self) -> usize {
        // Only what has been read from its commands does libzmq know of.
        self.look();
        if self.monitor.is_none() || self.raw.ask_queues().is_err() {
            return 0;
        }
        let accepted: u32 = self.peers.accepted(&self.connected).map(|(_, count)| count).sum();
        self.connected.len() + accepted as usize
    }

    /// Whether EVENTS says that a peer's message waits; processes all pending commands, and throws
    /// away what is not wanted before it.
    pub(super) fn look(&mut self) -> bool {
        let arrived = self.raw.events().is_ok_and(super::raw::Readiness::readable);
        self.readable = arrived || !self.stash.is_empty();
        if self.throws_for > 0 {
            self.note_unwanted();
        }
        arrived
    }

    /// What is there, as libzmq tells it where it does.
    pub(super) fn describe(&self) -> SocketState {
        let number = |option: u32| self.raw.get_int(option).unwrap_or(i32::MIN);
        let options = self.spec.options.iter().filter_map(|(name, value)| match value {
            OptionValue::Int(_) => {
                let read = self.raw.get_int(name.number().cast_unsigned()).ok()?;
                Some((*name, read))
            }
            OptionValue::Long(_) | OptionValue::Bytes(_) | OptionValue::Secret(_) => None,
        });
        SocketState {
            spec: self.spec.clone(),
            bound: self.bound.keys().cloned().collect(),
            connected: self.connected.iter().cloned().collect(),
            wanted: self.topics.clone(),
            hwm: (number(zmq_sys::ZMQ_SNDHWM), number(zmq_sys::ZMQ_RCVHWM)),
            linger: number(zmq_sys::ZMQ_LINGER),
            options: options.collect(),
        }
    }
}

/// Whether a role sends anything but subscriptions.
fn sends_messages(role: Role) -> bool {
    !matches!(role, Role::Sub | Role::Xsub | Role::Pull)
}
