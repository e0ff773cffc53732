//! What goes into a handler and what comes out: plain data on both sides.
//!
//! Owns the words between a script and its node. Never performs an effect: `node/` does.

use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use super::debt::Debt;
use crate::message::{Format, Multipart, Outgoing, share_all};
use crate::zeromq::{Endpoint, Role};

/// A socket as a handler sees it: what its name is and how a value for it is encoded.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SocketView {
    /// Its name.
    pub name: Rc<str>,
    /// Its role.
    pub role: Role,
    /// The wire format.
    pub format: Format,
    /// A publisher's default message id.
    pub msgid: i64,
}

/// The way back to whoever sent a message: the routing id and, behind it, the rest of the
/// envelope up to the empty delimiter frame, if there was one.
#[derive(Debug)]
pub struct Route {
    /// The frames to put before the answer, the routing id first.
    pub envelope: Multipart,
}

impl Route {
    /// All frames of an answer. Those of the envelope are moved if nobody else needs them.
    #[must_use]
    pub fn back(route: Rc<Self>, payload: Multipart) -> Multipart {
        let mut frames = match Rc::try_unwrap(route) {
            Ok(route) => route.envelope,
            Err(route) => share_all(&route.envelope),
        };
        frames.extend(payload);
        frames
    }
}

/// A message on its way into a handler.
#[derive(Debug)]
pub struct Inbound {
    /// The socket it came by, as its place in the node.
    pub socket: usize,
    /// The frames after the envelope.
    pub payload: Multipart,
    /// Who sent it, on `rep`, `router` and `stream`.
    pub route: Option<Rc<Route>>,
}

/// What happened to a peer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PeerEventKind {
    /// A connection is up, handshake done.
    Connected,
    /// A connection is gone.
    Disconnected,
    /// Somebody was not let in.
    Refused,
    /// A subscriber asked for a topic.
    Subscribed,
    /// A subscriber no longer wants a topic.
    Unsubscribed,
    /// The socket itself is bound, as a handler wanted.
    Bound,
}

impl PeerEventKind {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Connected,
        Self::Disconnected,
        Self::Refused,
        Self::Subscribed,
        Self::Unsubscribed,
        Self::Bound,
    ];

    /// What `peer.event` says.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Connected => "connected",
            Self::Disconnected => "disconnected",
            Self::Refused => "refused",
            Self::Subscribed => "subscribed",
            Self::Unsubscribed => "unsubscribed",
            Self::Bound => "bound",
        }
    }
}

/// What `on_peer` is told.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PeerEvent {
    /// What happened.
    pub kind: PeerEventKind,
    /// On which socket, as its place in the node.
    pub socket: usize,
    /// The endpoint, of connections.
    pub endpoint: Option<String>,
    /// The topic, of subscriptions.
    pub topic: Option<Vec<u8>>,
    /// The peer's authenticated name.
    pub user: Option<Arc<str>>,
    /// Why it was refused.
    pub reason: Option<String>,
}

/// What a handler is called for.
#[derive(Debug)]
pub enum Invocation {
    /// `on_start()`.
    Start,
    /// `on_SOCKET(msg)` or `on_message(msg)`.
    Message(Inbound),
    /// `on_tick()`.
    Tick,
    /// `on_timer(name)`.
    Timer(Rc<str>),
    /// `on_line(line)`, with the bytes of the line.
    Line(Vec<u8>),
    /// `on_line(frames)`, where what is read keeps the frames of its messages.
    Record(Multipart),
    /// `on_line(blob)`, where what is read is bytes.
    Bytes(Vec<u8>),
    /// `on_end()`.
    End,
    /// `on_idle()`.
    Idle,
    /// `on_peer(peer)`.
    Peer(PeerEvent),
    /// `on_reload()`.
    Reload,
    /// `on_stop()`.
    Stop,
}

impl Invocation {
    /// The handler of messages.
    pub const OF_MESSAGE: &str = "on_message";

    /// The name of the handler; messages of a socket may have one of their own.
    #[must_use]
    pub fn handler(&self) -> &'static str {
        match self {
            Self::Start => "on_start",
            Self::Message(_) => Self::OF_MESSAGE,
            Self::Tick => "on_tick",
            Self::Timer(_) => "on_timer",
            Self::Line(_) | Self::Record(_) | Self::Bytes(_) => "on_line",
            Self::End => "on_end",
            Self::Idle => "on_idle",
            Self::Peer(_) => "on_peer",
            Self::Reload => "on_reload",
            Self::Stop => "on_stop",
        }
    }
}

/// How much a log line matters.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Level {
    /// `log("error", …)`.
    Error,
    /// `log("warn", …)`.
    Warn,
    /// `log("info", …)` and `print`.
    Info,
    /// `log("debug", …)` and `debug`.
    Debug,
    /// `log("trace", …)`.
    Trace,
}

impl Level {
    /// All levels, the gravest first.
    pub const ALL: [Self; 5] = [Self::Error, Self::Warn, Self::Info, Self::Debug, Self::Trace];

    /// The word of handlers and of the log.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
            Self::Trace => "trace",
        }
    }
}

/// An endpoint that a call names, with the place of the call: it is done when the call is over, and what
/// fails then is the call's failure.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct EndpointCall {
    /// The endpoint.
    pub endpoint: Endpoint,
    /// The function.
    pub(super) function: &'static str,
    /// The text in which it was called, as the engine names it.
    pub(super) source: String,
    /// Where in it.
    pub(super) position: rhai::Position,
}

impl EndpointCall {
    /// What an earlier call wanted, once more.
    #[must_use]
    pub fn again(endpoint: Endpoint) -> Self {
        let (source, position) = (String::new(), rhai::Position::NONE);
        Self { endpoint, function: "bind", source, position }
    }
}

/// What a handler wants done, performed in order after it returned.
#[derive(Debug)]
pub enum Effect {
    /// Send a message, encoded for its socket. On `rep`, `router` and `stream` all frames are
    /// there, the routing id first.
    Send {
        /// The socket, as its place in the node.
        socket: usize,
        /// The message.
        message: Outgoing,
    },
    /// Write a message to the node's sink (what a handler returned on a node with `write`).
    Write(Multipart),
    /// Take one more topic, by its raw prefix.
    Subscribe {
        /// The socket.
        socket: usize,
        /// The prefix, with the space behind a message id.
        prefix: Vec<u8>,
    },
    /// No longer take a topic.
    Unsubscribe {
        /// The socket.
        socket: usize,
        /// The prefix.
        prefix: Vec<u8>,
    },
    /// Connect a socket to one more endpoint, already found usable.
    Connect {
        /// The socket.
        socket: usize,
        /// The endpoint.
        endpoint: Endpoint,
    },
    /// Take a connection away.
    Disconnect {
        /// The socket.
        socket: usize,
        /// The endpoint.
        endpoint: Endpoint,
    },
    /// Bind a socket to one more endpoint, already found usable.
    Bind {
        /// The socket.
        socket: usize,
        /// The endpoint, and who wants it.
        wanted: Box<EndpointCall>,
    },
    /// Take a bound endpoint away.
    Unbind {
        /// The socket.
        socket: usize,
        /// The endpoint, and who wants that.
        wanted: Box<EndpointCall>,
    },
    /// Call `on_timer(name)` once, later. A timer that is known begins anew.
    After {
        /// Which one it is.
        timer: u64,
        /// How much later.
        delay: Duration,
        /// Which name.
        name: String,
    },
    /// Forget such a timer.
    Cancel {
        /// Which one it is.
        timer: u64,
    },
    /// Take nothing new for so long, and do what follows then.
    Busy {
        /// How long.
        time: Duration,
    },
    /// A request of a socket is answered later.
    Owe {
        /// The socket.
        socket: usize,
        /// Who asked.
        route: Rc<Route>,
        /// Whether the answer was given.
        debt: Debt,
        /// How long that may take.
        within: Duration,
    },
    /// Take nothing from a socket.
    Pause {
        /// The socket.
        socket: usize,
    },
    /// Take from a socket again.
    Resume {
        /// The socket.
        socket: usize,
    },
    /// A line for the log.
    Log {
        /// How much it matters.
        level: Level,
        /// What it says.
        text: String,
    },
    /// Add to a counter of the user's own.
    Count {
        /// Its name.
        name: String,
        /// How much.
        by: i64,
    },
    /// End the whole topology in good order.
    Stop {
        /// The exit status.
        status: u8,
    },
}

impl Effect {
    /// Adds a message for a socket.
    pub(super) fn add_message(effects: &mut VecDeque<Self>, socket: usize, frames: Multipart) {
        effects.push_back(Self::Send { socket, message: Multipart::new().into() });
        // Filled in where it lies: to move what has just been written stalls the processor for a
        // fifteenth of a short call.
        if let Some(Self::Send { message, .. }) = effects.back_mut() {
            message.frames = frames;
        }
    }

    /// Whether the node is to take nothing more of what has come already, once it is wanted.
    #[must_use]
    pub fn holds_back(&self) -> bool {
        matches!(self, Self::Busy { .. } | Self::Pause { .. } | Self::Owe { .. })
    }

    /// The socket that something is to be done with, other than to send.
    pub fn socket_mut(&mut self) -> Option<&mut usize> {
        match self {
            Self::Subscribe { socket, .. }
            | Self::Unsubscribe { socket, .. }
            | Self::Connect { socket, .. }
            | Self::Disconnect { socket, .. }
            | Self::Bind { socket, .. }
            | Self::Unbind { socket, .. }
            | Self::Owe { socket, .. }
            | Self::Pause { socket }
            | Self::Resume { socket } => Some(socket),
            Self::Send { .. }
            | Self::Write(_)
            | Self::After { .. }
            | Self::Cancel { .. }
            | Self::Busy { .. }
            | Self::Log { .. }
            | Self::Count { .. }
            | Self::Stop { .. } => None,
        }
    }

    /// The frames of a message that is to be sent by a socket, or written where there is none.
    #[must_use]
    pub fn message(&self) -> Option<(Option<usize>, &Multipart)> {
        if let Self::Send { socket, message } = self {
            Some((Some(*socket), &message.frames))
        } else if let Self::Write(frames) = self {
            Some((None, frames))
        } else {
            None
        }
    }

    /// The socket that it is a message for, if it is one.
    #[must_use]
    pub fn sends_on(&self) -> Option<usize> {
        if let Self::Send { socket, .. } = self { Some(*socket) } else { None }
    }
}
