//! One socket of a running node: opened from its spec, its options, its subscriptions.
//!
//! Owns what a socket remembers. Its endpoints are `attaching`'s, its messages `exchange`'s.

mod attaching;
mod exchange;

pub(super) use attaching::{bind_failure, came_in_by};

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::os::fd::RawFd;
use std::sync::Arc;
use std::time::{Duration, Instant};

use thiserror::Error;
use tokio::io::unix::AsyncFd;

use super::control::SocketState;
use super::fanout::Fanout;
use super::inbox::subscription;
use super::inject::Caller;
use super::ipc::IpcFile;
use super::lingering::{Lingering, Unconnected};
use super::monitor::Monitor;
use super::raw::{Context, Errno, RawSocket};
use super::sequence::{Checking, Numbering};
use super::tap::Ends;
use super::unreached::Unreached;

use crate::counters::{DropReason, SocketCounters};
use crate::message::{Frame, Multipart, Outgoing};
use crate::plan::needs_rebuild;
use crate::topology::{Filter, SocketSpec, WhenFull};
use crate::zeromq::{OptionValue, Role, SocketOption};

/// How long a socket that a reload replaces or removes goes on sending what it was given, at least:
/// only the end of the whole run is bound by `linger`.
const UNSENT_KEPT: Duration = Duration::from_secs(10);

/// Why a socket could not be set up or changed.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum SocketError {
    /// libzmq made no socket.
    #[error("socket {socket}: libzmq could not make it: {errno}")]
    Open {
        /// The socket.
        socket: String,
        /// Why.
        errno: Errno,
    },
    /// libzmq refused an option.
    #[error("socket {socket}: libzmq refused the option {option}: {errno}")]
    Option {
        /// The socket.
        socket: String,
        /// The option's name.
        option: String,
        /// Why.
        errno: Errno,
    },
    /// An endpoint could not be bound.
    #[error("socket {socket}: cannot bind {endpoint}: {why}")]
    Bind {
        /// The socket.
        socket: String,
        /// The endpoint.
        endpoint: String,
        /// Why.
        why: String,
    },
    /// An endpoint could not be connected.
    #[error("socket {socket}: cannot connect to {endpoint}: {errno}")]
    Connect {
        /// The socket.
        socket: String,
        /// The endpoint.
        endpoint: String,
        /// Why.
        errno: Errno,
    },
    /// An endpoint could not be taken away.
    #[error("socket {socket}: cannot let go of {endpoint}: {errno}")]
    Detach {
        /// The socket.
        socket: String,
        /// The endpoint.
        endpoint: String,
        /// Why.
        errno: Errno,
    },
}

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
    pub(super) ready: AsyncFd<RawFd>,
    pub(super) monitor: Option<Monitor>,
    pub(super) raw: RawSocket,
    pub(super) spec: SocketSpec,
    pub(super) name: Arc<str>,
    pub(super) counters: Arc<SocketCounters>,
    /// Whether a receive might go through: true after every call but a receive that found nothing,
    /// because any other may have consumed the descriptor's edge.
    pub(super) readable: bool,
    /// Whether a REQ has asked and waits for the answer.
    pub(super) awaits_reply: bool,
    /// Endpoints as libzmq knows them, by the text they were given as.
    pub(super) bound: BTreeMap<String, String>,
    /// The files of ipc endpoints that it bound, by the text those were given as.
    files: BTreeMap<String, IpcFile>,
    /// Endpoints it connects to, as they were given.
    pub(super) connected: Vec<String>,
    /// Those of them that the file declares; handlers may connect to more.
    pub(super) declared: Vec<String>,
    /// Those that only handlers had connected to when it let go of all.
    undeclared: Vec<String>,
    /// Whole messages that a reload took from libzmq before the node may handle them.
    pub(super) stash: VecDeque<Multipart>,
    /// What its handlers subscribed to beyond the spec; below zero, what they took off it.
    wishes: BTreeMap<Vec<u8>, i32>,
    /// How many subscribers want each topic, on a publisher.
    pub(super) topics: BTreeMap<Vec<u8>, u32>,
    /// Connections whose handshake is done, by both ends' addresses.
    pub(super) peers: BTreeMap<(String, String), u32>,
    /// Connections that this end let go of, and when: the other end may have done so just before.
    pub(super) forgotten: BTreeMap<(String, String), Instant>,
    /// The connection whose handshake failed last.
    pub(super) refused: Option<(String, String)>,
    /// Whether its peers were told that no more answers come.
    pub(super) takes_no_answers: bool,
    /// Answers of a REP whose peer's queue is full.
    pub(super) deferred_replies: VecDeque<Outgoing>,
    /// Who looks at its messages.
    pub(super) taps: Ends,
    /// Who waits for an answer without being a peer.
    pub(super) callers: Vec<Caller>,
    /// Endpoints it connects to that have no connection.
    pub(super) unreached: Unreached,
    /// Endpoints that lost their connection.
    pub(super) lost: BTreeSet<String>,
    /// On a publisher: what subscribers inside the file should get.
    pub(super) fanout: Fanout,
    /// On a subscriber: what it takes, and whether its publishers have been told.
    taken: BTreeMap<Vec<u8>, u32>,
    taken_is_told: bool,
    /// How many messages libzmq had thrown away when it was last asked.
    unwanted: u32,
    /// Messages in and out so far, and when that last changed.
    moved: (u64, Instant),
    blocked_since: Option<Instant>,
    /// Whether peers may be in that no ZAP handler was asked about, though this spec would have.
    may_have_let_in: bool,
    owner: String,
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
        let raw = RawSocket::open(context, spec.role, spec.is_on("conflate")).map_err(refused)?;
        let ready = raw.watch().map_err(refused)?;
        let mut socket = Self {
            ready,
            monitor: None,
            raw,
            owner: owner.to_owned(),
            lingering: sends_messages(spec.role).then(|| context.lingering().clone()),
            unconnected: Unconnected::default(),
            name: spec.name.as_str().into(),
            spec: spec.clone(),
            counters,
            readable: true,
            awaits_reply: false,
            bound: BTreeMap::new(),
            files: BTreeMap::new(),
            connected: Vec::new(),
            declared: Vec::new(),
            undeclared: Vec::new(),
            stash: VecDeque::new(),
            wishes: BTreeMap::new(),
            topics: BTreeMap::new(),
            peers: BTreeMap::new(),
            forgotten: BTreeMap::new(),
            refused: None,
            takes_no_answers: false,
            deferred_replies: VecDeque::new(),
            taps: Ends::default(),
            callers: Vec::new(),
            unreached: Unreached::default(),
            lost: BTreeSet::new(),
            fanout: Fanout::default(),
            taken: BTreeMap::new(),
            taken_is_told: false,
            unwanted: 0,
            moved: (0, Instant::now()),
            blocked_since: None,
            may_have_let_in: spec.lets_in_unasked(),
            numbering: None,
            checking: Checking::default(),
        };
        socket.set_options()?;
        Ok(socket)
    }

    /// Whether it has to be replaced to become what a spec says.
    pub(super) fn has_to_go_for(&self, spec: &SocketSpec) -> bool {
        if self.may_have_let_in {
            return needs_rebuild(&self.spec, spec);
        }
        // After a reload that failed, nobody has come in unasked.
        needs_rebuild(&SocketSpec { asks_zap: spec.asks_zap, ..self.spec.clone() }, spec)
    }

    /// A version of the file holds from now on, also for who comes in.
    pub(super) fn settle(&mut self) {
        self.may_have_let_in |= self.spec.lets_in_unasked();
        if std::mem::take(&mut self.takes_no_answers) {
            // A change that failed leaves it in its place.
            let receive = i32::try_from(self.spec.hwm.receive).unwrap_or(i32::MAX);
            let _ = self.set_int("hwm", zmq_sys::ZMQ_RCVHWM, receive);
            if let Some(monitor) = &self.monitor {
                monitor.welcome();
            }
        }
    }

    fn set_options(&mut self) -> Result<(), SocketError> {
        let this = &*self;
        let set = |name: &str, option: u32, value: i32| this.set_int(name, option, value);
        let hwm = |messages: u32| i32::try_from(messages).unwrap_or(i32::MAX);
        set("hwm", zmq_sys::ZMQ_SNDHWM, hwm(self.spec.hwm.send))?;
        set("hwm", zmq_sys::ZMQ_RCVHWM, hwm(self.spec.hwm.receive))?;
        set("linger", zmq_sys::ZMQ_LINGER, linger(&self.spec))?;
        if let Some(identity) = &self.spec.identity {
            let value = OptionValue::Bytes(identity.clone());
            self.set("identity", zmq_sys::ZMQ_ROUTING_ID.cast_signed(), &value)?;
        }
        if self.spec.role == Role::Pub && !self.spec.is_on("conflate") {
            // Every subscriber's wish is to be seen, not only the first one for a topic.
            set("xpub_verboser", zmq_sys::ZMQ_XPUB_VERBOSER, 1)?;
        }
        if matches!(self.spec.role, Role::Rep | Role::Router) {
            set("router_mandatory", zmq_sys::ZMQ_ROUTER_MANDATORY, 1)?;
        }
        if self.spec.role.publishes() && self.spec.when_full == WhenFull::Wait {
            set("when_full", zmq_sys::ZMQ_XPUB_NODROP, 1)?;
        }
        for name in SocketOption::RAISED {
            if let Some(default) = name.option().default {
                set(
                    name.0,
                    name.number().cast_unsigned(),
                    i32::try_from(default).unwrap_or(i32::MAX),
                )?;
            }
        }
        if self.spec.zap_domain().is_some() {
            // Who names a domain lets nobody in unasked, unless the file says otherwise.
            set("zap_enforce_domain", zmq_sys::ZMQ_ZAP_ENFORCE_DOMAIN, 1)?;
        }
        for (name, value) in &self.spec.options {
            // The runner keeps ROUTER_MANDATORY on and acts on the user's wish itself.
            if name.0 != "router_mandatory" {
                self.set(name.0, name.number(), value)?;
            }
        }
        for prefix in self.spec.filters.iter().map(Filter::prefix).collect::<Vec<_>>() {
            self.note_subscription(true, &prefix);
            self.subscription(&prefix, 1, zmq_sys::ZMQ_SUBSCRIBE)
                .map_err(|errno| self.option_error("subscribe", errno))?;
        }
        Ok(())
    }

    fn set(&self, name: &str, option: i32, value: &OptionValue) -> Result<(), SocketError> {
        self.raw.set(option, value).map_err(|errno| self.option_error(name, errno))
    }

    fn option_error(&self, option: &str, errno: Errno) -> SocketError {
        SocketError::Option { socket: self.spec.name.clone(), option: option.to_owned(), errno }
    }

    /// Takes one more topic.
    pub(super) fn subscribe(&mut self, prefix: &[u8]) -> Result<(), Errno> {
        self.note_subscription(true, prefix);
        self.tell_taken();
        self.subscription(prefix, 1, zmq_sys::ZMQ_SUBSCRIBE)
    }

    /// No longer takes a topic.
    pub(super) fn unsubscribe(&mut self, prefix: &[u8]) -> Result<(), Errno> {
        self.note_subscription(false, prefix);
        self.tell_taken();
        self.subscription(prefix, 0, zmq_sys::ZMQ_UNSUBSCRIBE)
    }

    /// Takes a topic that a handler asks for.
    pub(super) fn subscribe_more(&mut self, prefix: &[u8]) -> Result<(), Errno> {
        self.readable = true;
        self.subscribe(prefix)?;
        *self.wishes.entry(prefix.to_vec()).or_default() += 1;
        Ok(())
    }

    /// No longer takes a topic that a handler wants no more.
    pub(super) fn subscribe_less(&mut self, prefix: &[u8]) -> Result<(), Errno> {
        self.readable = true;
        self.unsubscribe(prefix)?;
        *self.wishes.entry(prefix.to_vec()).or_default() -= 1;
        Ok(())
    }

    /// Takes the place of a socket: what that received and did not hand on, its numbering, and what
    /// handlers changed in it while it ran.
    pub(super) fn succeed(&mut self, before: &mut Self) {
        self.stash = std::mem::take(&mut before.stash);
        self.numbering = before.numbering.take();
        self.checking = std::mem::take(&mut before.checking);
        self.taps = std::mem::take(&mut before.taps);
        self.callers = std::mem::take(&mut before.callers);
        self.counters.peers.set(0);
        self.counters.subscriptions.set(0);
        if self.spec.role == before.spec.role {
            self.wishes = std::mem::take(&mut before.wishes);
        }
        for (prefix, count) in self.wishes.clone() {
            for _ in 0..count.unsigned_abs() {
                // What the socket before took, this one takes.
                let _ = if count > 0 { self.subscribe(&prefix) } else { self.unsubscribe(&prefix) };
            }
        }
        for endpoint in std::mem::take(&mut before.undeclared) {
            // An inproc endpoint may be gone; nothing in the file wants it.
            let _ = self.connect(&endpoint);
        }
    }

    /// Whatever its linger: what it was given to send is not lost because a reload replaces it.
    pub(super) fn keep_unsent(&mut self) {
        let short = self.spec.linger.is_some_and(|linger| linger < UNSENT_KEPT);
        if short && sends_messages(self.spec.role) {
            // The socket goes in any case.
            let _ = self.set_int("linger", zmq_sys::ZMQ_LINGER, milliseconds(Some(UNSENT_KEPT)));
        }
    }

    /// Lets libzmq read whatever comes, since what it left with the kernel would end with its
    /// connection.
    pub(super) fn take_without_limit(&mut self) {
        // Without it the mark stays, as before.
        let _ = self.set_int("hwm", zmq_sys::ZMQ_RCVHWM, 0);
    }

    fn subscription(&mut self, prefix: &[u8], wanted: u8, option: u32) -> Result<(), Errno> {
        if self.spec.role == Role::Xsub {
            let message = [&[wanted], prefix].concat();
            return self.raw.send(&mut Frame::copy(&message), false);
        }
        self.raw.set_bytes(option.cast_signed(), prefix)
    }

    /// Finds the subscribers inside the file that take a message, or notes what is subscribed to.
    fn find_reached(&mut self, message: &mut Outgoing) {
        if message.counted {
            return;
        }
        match (self.spec.role, &*message.frames) {
            (Role::Pub | Role::Xpub, [first, ..]) => self.fanout.find(first),
            (Role::Xsub, frames) => {
                message.counted = true;
                if let Some((wanted, topic)) = subscription(frames) {
                    let topic = topic.to_vec();
                    self.note_subscription(wanted, &topic);
                    self.tell_taken();
                }
            }
            _ => message.counted = true,
        }
    }

    /// Counts a message that libzmq has begun to take for every subscriber that was found.
    fn count_reached(&mut self, message: &mut Outgoing) {
        if !message.counted && message.next > 0 {
            message.counted = true;
            self.fanout.count_found();
        }
    }

    /// Notes what a subscriber takes, for its publishers inside the file.
    fn note_subscription(&mut self, wanted: bool, prefix: &[u8]) {
        let count = self.taken.entry(prefix.to_vec()).or_default();
        *count = if wanted { *count + 1 } else { count.saturating_sub(1) };
        if *count == 0 {
            self.taken.remove(prefix);
        }
        self.taken_is_told = false;
    }

    /// Lets publishers and subscribers inside the file know of each other's changes.
    pub(super) fn share_interest(&mut self) {
        if self.spec.role.publishes() {
            self.fanout.refresh();
        } else {
            self.tell_taken();
        }
    }

    /// Says what a subscriber takes, for its publishers inside the file.
    fn tell_taken(&mut self) {
        if self.spec.role.filters() && !self.taken_is_told {
            self.taken_is_told = true;
            self.counters.interest.set(self.taken.keys().cloned().collect());
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
        let moved = self.counters.messages_in.get() + self.counters.messages_out.get();
        if moved != self.moved.0 {
            self.moved = (moved, now);
        }
    }

    /// Whether no message waits to be received.
    pub(super) fn look_drained(&mut self) -> bool {
        let drained = !self.look() && self.stash.is_empty() && self.deferred_replies.is_empty();
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
        }
    }

    /// For how long nothing has gone through it.
    pub(super) fn still_for(&self) -> Duration {
        self.moved.1.elapsed()
    }

    /// Asks libzmq how full the queues of each connection are; how many will be told of at least.
    pub(super) fn ask_queues(&mut self) -> usize {
        // Only what has been read from its commands does libzmq know of.
        self.look();
        if self.monitor.is_none() || self.raw.ask_queues().is_err() {
            return 0;
        }
        let accepted =
            self.peers.iter().filter(|((_, remote), _)| !self.connected.contains(remote));
        let accepted: u32 = accepted.map(|(_, count)| *count).sum();
        self.connected.len() + accepted as usize
    }

    /// Whether EVENTS says that a peer's message waits; processes all pending commands.
    pub(super) fn look(&mut self) -> bool {
        let arrived = self.raw.events().is_ok_and(super::raw::Readiness::readable);
        self.readable = arrived || !self.stash.is_empty();
        arrived
    }

    /// Takes over what a spec of the same role changes without a new socket, endpoints apart.
    pub(super) fn adopt(&mut self, to: &SocketSpec) -> Result<(), SocketError> {
        let from = std::mem::replace(&mut self.spec, to.clone());
        self.set_int("linger", zmq_sys::ZMQ_LINGER, linger(to))?;
        if to.role.publishes() && from.when_full != to.when_full {
            let wait = i32::from(to.when_full == WhenFull::Wait);
            self.set_int("when_full", zmq_sys::ZMQ_XPUB_NODROP, wait)?;
        }
        for (name, value) in &to.options {
            if from.options.get(name) != Some(value) && name.0 != "router_mandatory" {
                self.set(name.0, name.number(), value)?;
            }
        }
        for name in from.options.keys().filter(|name| !to.options.contains_key(*name)) {
            let default = name.option().default.and_then(|value| i32::try_from(value).ok());
            if let Some(default) = default.filter(|_| name.0 != "router_mandatory") {
                self.set(name.0, name.number(), &OptionValue::Int(default))?;
            }
        }
        let refused = |errno| SocketError::Option {
            socket: to.name.clone(),
            option: "subscribe".to_owned(),
            errno,
        };
        let only = |these: &[Filter], those: &[Filter]| {
            let these = these.iter().filter(|filter| !those.contains(filter));
            these.map(Filter::prefix).collect::<Vec<_>>()
        };
        let (more, less) = (only(&to.filters, &from.filters), only(&from.filters, &to.filters));
        more.iter().for_each(|prefix| self.note_subscription(true, prefix));
        less.iter().for_each(|prefix| self.note_subscription(false, prefix));
        self.tell_taken();
        // The new ones first, so that a message wanted before and after is never missed.
        for prefix in &more {
            self.subscription(prefix, 1, zmq_sys::ZMQ_SUBSCRIBE).map_err(refused)?;
        }
        for prefix in &less {
            self.subscription(prefix, 0, zmq_sys::ZMQ_UNSUBSCRIBE).map_err(refused)?;
        }
        Ok(())
    }

    /// What is there, as libzmq tells it where it does.
    pub(super) fn describe(&self) -> SocketState {
        let number = |option: u32| self.raw.get_int(option).unwrap_or(i32::MIN);
        let options = self.spec.options.iter().filter_map(|(name, value)| match value {
            OptionValue::Int(_) => {
                let read = self.raw.get_int(name.number().cast_unsigned()).ok()?;
                Some((*name, read))
            }
            OptionValue::Long(_) | OptionValue::Bytes(_) => None,
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

    fn set_int(&self, name: &str, option: u32, value: i32) -> Result<(), SocketError> {
        self.set(name, option.cast_signed(), &OptionValue::Int(value))
    }
}

/// A receiver has nothing to keep but subscriptions, which nobody needs once it is gone: waiting
/// with them for a publisher that has closed first would hold up the end of the run.
fn linger(spec: &SocketSpec) -> i32 {
    if sends_messages(spec.role) { milliseconds(spec.linger) } else { 0 }
}

/// Whether a role sends anything but subscriptions.
fn sends_messages(role: Role) -> bool {
    !matches!(role, Role::Sub | Role::Xsub | Role::Pull)
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

fn milliseconds(duration: Option<Duration>) -> i32 {
    duration.map_or(-1, |duration| i32::try_from(duration.as_millis()).unwrap_or(i32::MAX))
}
