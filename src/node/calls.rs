//! What is kept of the calls of a node's handlers, by which they can be called so again.
//!
//! Owns the values, which travel to who records them. What came by a socket is not in them: it is named by
//! its number there.

use std::sync::Arc;
use std::time::SystemTime;

use smallvec::SmallVec;

use crate::message::Format;
use crate::script::{Learned, PeerEvent};
use crate::zeromq::Role;

/// Calls of one node's handlers, in their order.
#[derive(Clone, PartialEq, Debug)]
pub struct Calls {
    /// The node, with its copy's number where it is replicated.
    pub instance: Arc<str>,
    /// When the last of them was over.
    pub at: SystemTime,
    /// How the node stood before them, where it does not stand as the calls before have left it.
    pub stand: Option<Box<Stand>>,
    /// The calls.
    pub calls: Vec<Called>,
}

/// How a node stands before a call.
#[derive(Clone, PartialEq, Debug)]
pub struct Stand {
    /// The text of its state, or why that cannot be kept; none where it goes on with what it has.
    pub state: Option<Result<Vec<u8>, String>>,
    /// How long the run has lasted, in nanoseconds.
    pub running: u64,
    /// The time of day then, in nanoseconds since the epoch.
    pub at: u64,
    /// Its sockets.
    pub sockets: Vec<SocketStand>,
}

/// How a socket stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SocketStand {
    /// Its name.
    pub name: String,
    /// Its role.
    pub role: Role,
    /// How its messages are laid out.
    pub format: Format,
    /// Whether handlers are called for its messages.
    pub is_handled: bool,
    /// What it was bound to last.
    pub endpoint: Option<String>,
}

/// A call.
#[derive(Clone, PartialEq, Debug)]
pub struct Called {
    /// What for.
    pub cause: Cause,
    /// When, in nanoseconds since the epoch, unless it was for a message.
    pub at: u64,
    /// What it learned beside that.
    pub learned: Option<Box<Learned>>,
    /// What the sockets are bound to now, by their places, where that is not what it was.
    pub endpoints: Option<Vec<Option<String>>>,
    /// How it ended.
    pub end: CallEnd,
    /// What it wanted sent and written, in order.
    pub sent: SmallVec<[SentTo; 1]>,
    /// What it wanted written.
    pub written: Vec<Vec<Vec<u8>>>,
    /// What else it wanted done, in words.
    pub deeds: Vec<String>,
}

/// What a handler was called for.
#[derive(Clone, PartialEq, Debug)]
pub enum Cause {
    /// `on_start`.
    Start,
    /// A message.
    Message {
        /// The socket, by its place in the node.
        socket: usize,
        /// Its number among those that came by it.
        number: u32,
        /// Whether it has no envelope, though those of its socket have: it was given from outside.
        is_bare: bool,
    },
    /// `on_tick`.
    Tick,
    /// `on_timer`, with the name.
    Timer(String),
    /// `on_line`, with the bytes of the line.
    Line(Vec<u8>),
    /// `on_line`, with frames.
    Record(Vec<Vec<u8>>),
    /// `on_line`, with bytes.
    Bytes(Vec<u8>),
    /// `on_end`.
    End,
    /// `on_idle`.
    Idle,
    /// `on_peer`.
    Peer(Box<PeerEvent>),
    /// `on_reload`.
    Reload,
    /// `on_stop`.
    Stop,
}

impl Cause {
    /// The name of the handler, as [`Invocation::handler`](crate::script::Invocation::handler) has it.
    #[must_use]
    pub fn handler(&self) -> &'static str {
        match self {
            Self::Start => "on_start",
            Self::Message { .. } => "on_message",
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

/// How a call ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CallEnd {
    /// Well.
    Well,
    /// It failed.
    Failed,
    /// It used up more time or memory than it may, which depends on the machine.
    Exhausted,
    /// Its message did not fit the socket's format.
    Malformed,
}

/// A message that a call wanted sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SentTo {
    /// The socket, by its place in the node; none where it was written.
    pub socket: Option<u16>,
    /// What tells its frames from others.
    pub fingerprint: u64,
}

fn text_of(stand: &Stand) -> Option<&[u8]> {
    stand.state.as_ref()?.as_deref().ok()
}

/// About how many bytes a call takes.
const CALL: usize = 200;

impl Calls {
    /// About how many bytes they take.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let state = self.stand.as_ref().map_or(0, |stand| text_of(stand).map_or(0, <[u8]>::len));
        let all = self.calls.iter().map(|call| {
            let frames = |frames: &[Vec<u8>]| frames.iter().map(|it| it.len() + 24).sum::<usize>();
            let cause = match &call.cause {
                Cause::Line(bytes) | Cause::Bytes(bytes) => bytes.len(),
                Cause::Record(given) => frames(given),
                Cause::Start
                | Cause::Message { .. }
                | Cause::Tick
                | Cause::Timer(_)
                | Cause::End
                | Cause::Idle
                | Cause::Peer(_)
                | Cause::Reload
                | Cause::Stop => 0,
            };
            let written = call.written.iter().map(|record| frames(record)).sum::<usize>();
            let deeds = call.deeds.iter().map(String::len).sum::<usize>();
            CALL + cause + written + deeds + 16 * call.sent.len()
        });
        CALL + state + all.sum::<usize>()
    }
}
