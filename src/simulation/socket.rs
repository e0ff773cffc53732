//! A socket: its role, its options, its ends.
//!
//! Owns what a socket remembers. What its role makes of messages is `sending`'s and `receiving`'s.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::bell::Bell;
use super::end::EndId;
use super::topics::Topics;
use super::turns::Turns;
use super::{Setting, Told};
use crate::message::{Frame, Multipart};
use crate::zeromq::Role;

/// Hears what is told of a socket's connections; it must not call the network.
pub(crate) type Listener = Box<dyn Fn(Told<'_>) + Send + Sync>;

/// What a socket is set to.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    pub(super) send_mark: u64,
    pub(super) receive_mark: u64,
    /// How long it goes on sending when it is closed; none is without end.
    pub(super) linger: Option<Duration>,
    pub(super) routing_id: Vec<u8>,
    pub(super) conflates: bool,
    pub(super) immediate: bool,
    pub(super) mandatory: bool,
    pub(super) handover: bool,
    pub(super) probes: bool,
    pub(super) relaxed: bool,
    pub(super) correlates: bool,
    pub(super) verbose: bool,
    pub(super) verboser: bool,
    pub(super) waits: bool,
    pub(super) inverts: bool,
    /// How long it waits before it connects again; none is never.
    pub(super) reconnects_after: Option<Duration>,
    /// How often it looks whether a peer is there, and how long it waits for the answer.
    pub(super) heartbeat: Option<Duration>,
    pub(super) heartbeat_timeout: Option<Duration>,
}

impl Default for Settings {
    /// What libzmq sets a socket to.
    fn default() -> Self {
        Self {
            send_mark: 1000,
            receive_mark: 1000,
            linger: None,
            routing_id: Vec::new(),
            conflates: false,
            immediate: false,
            mandatory: false,
            handover: false,
            probes: false,
            relaxed: false,
            correlates: false,
            verbose: false,
            verboser: false,
            waits: false,
            inverts: false,
            reconnects_after: Some(Duration::from_millis(100)),
            heartbeat: None,
            heartbeat_timeout: None,
        }
    }
}

impl Settings {
    /// Takes over one setting.
    pub(super) fn set(&mut self, setting: Setting) {
        match setting {
            Setting::SendMark(mark) => self.send_mark = mark,
            Setting::ReceiveMark(mark) => self.receive_mark = mark,
            Setting::Linger(linger) => self.linger = linger,
            Setting::RoutingId(id) => self.routing_id = id,
            Setting::Conflate(on) => self.conflates = on,
            Setting::Immediate(on) => self.immediate = on,
            Setting::RouterMandatory(on) => self.mandatory = on,
            Setting::RouterHandover(on) => self.handover = on,
            Setting::ProbeRouter(on) => self.probes = on,
            Setting::ReqRelaxed(on) => self.relaxed = on,
            Setting::ReqCorrelate(on) => self.correlates = on,
            Setting::XpubVerbose(on) => self.verbose = on,
            Setting::XpubVerboser(on) => (self.verbose, self.verboser) = (on, on),
            Setting::XpubNoDrop(on) => self.waits = on,
            Setting::InvertMatching(on) => self.inverts = on,
            Setting::ReconnectIvl(pause) => self.reconnects_after = pause,
            Setting::HeartbeatIvl(pause) => self.heartbeat = pause,
            Setting::HeartbeatTimeout(timeout) => self.heartbeat_timeout = timeout,
        }
    }
}

/// How far a REQ or REP is.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(super) enum Lockstep {
    /// A REQ may ask; a REP waits for a question.
    #[default]
    Idle,
    /// A REQ has asked there, and waits for the answer with that number; a peer that is gone never
    /// answers.
    Asked { end: Option<EndId>, number: Option<[u8; 4]> },
}

/// A message that was taken off the queue of a peer.
#[derive(Debug)]
pub(super) struct Taken {
    pub(super) end: EndId,
    /// What a ROUTER called the peer when it was taken.
    pub(super) name: Vec<u8>,
    pub(super) message: Multipart,
}

/// A message that is being handed over, frame by frame.
#[derive(Debug)]
pub(super) struct Begun {
    pub(super) frames: Multipart,
    pub(super) to: Target,
}

/// Whom a message goes to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Target {
    /// One peer.
    One(EndId),
    /// Every peer that wants it.
    All,
    /// Nobody: it is dropped.
    Nobody,
}

/// A socket.
pub(super) struct Socket {
    pub(super) role: Role,
    /// Who has it, for whoever reads of it.
    pub(super) owner: String,
    pub(super) settings: Settings,
    /// All ends it has, also those that it let go of.
    pub(super) ends: Vec<EndId>,
    /// Those that messages come from, and those that they go to.
    pub(super) sources: Turns,
    pub(super) targets: Turns,
    /// On a ROUTER, the ends by the names of their peers.
    pub(super) routes: BTreeMap<Vec<u8>, EndId>,
    /// What it subscribes to.
    pub(super) topics: Topics,
    /// What an XPUB has to tell of its subscribers.
    pub(super) pending: VecDeque<Multipart>,
    pub(super) lockstep: Lockstep,
    /// On a REP: the envelope and the peer of the request in hand.
    pub(super) envelope: Option<(EndId, Multipart)>,
    /// A message that is being sent.
    pub(super) begun: Option<Begun>,
    /// The frames that are left of one that is being received.
    pub(super) receiving: VecDeque<Frame>,
    /// A message that was found by looking.
    pub(super) found: Option<Multipart>,
    /// The same with whom it is from, before the role has made anything of it.
    pub(super) prefetched: Option<Taken>,
    /// Whether the message that is next was found to be wanted, which stays so.
    pub(super) is_decided: bool,
    /// Messages that came though they were unsubscribed from.
    pub(super) unwanted: u32,
    /// Where it connected to and tries no more, as long as nobody disconnects it.
    pub(super) given_up: Vec<String>,
    pub(super) last_endpoint: String,
    pub(super) bell: Arc<Bell>,
    pub(super) listener: Option<Listener>,
    /// Who hears what becomes of it once it is closed.
    pub(super) epilogue: Option<Listener>,
    pub(super) is_closed: bool,
}

impl Socket {
    pub(super) fn new(role: Role, owner: String) -> Self {
        Self {
            role,
            owner,
            settings: Settings::default(),
            ends: Vec::new(),
            sources: Turns::default(),
            targets: Turns::default(),
            routes: BTreeMap::new(),
            topics: Topics::default(),
            pending: VecDeque::new(),
            lockstep: Lockstep::default(),
            envelope: None,
            begun: None,
            receiving: VecDeque::new(),
            found: None,
            prefetched: None,
            is_decided: false,
            unwanted: 0,
            given_up: Vec::new(),
            last_endpoint: String::new(),
            bell: Arc::default(),
            listener: None,
            epilogue: None,
            is_closed: false,
        }
    }

    pub(super) fn tell(&self, told: Told<'_>) {
        if let Some(listener) = &self.listener {
            listener(told);
        }
    }
}

impl fmt::Debug for Socket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.role, self.owner)
    }
}
