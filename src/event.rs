//! What happens in a running topology, as events: nodes emit them, readers interpret them.
//!
//! Owns [`Event`] and what can happen. How events reach their readers is `hub`'s.

mod hub;
mod json;
mod kept;

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

pub use self::hub::{EventReader, Events, Heard, events};
pub(crate) use self::json::FaultJson;
use crate::counters::DropReason;
use crate::receipt::Receipt;
use crate::script::{HandlerError, Level};

/// Something that happened.
#[derive(Clone, Debug)]
pub struct Event {
    /// The node, with its copy's number where it is replicated; empty for the whole topology.
    pub node: Arc<str>,
    /// The socket, if one is concerned.
    pub socket: Option<Arc<str>>,
    /// What happened.
    pub kind: EventKind,
    /// How many times more the same happened since it was last told.
    pub repeated: u64,
}

impl Event {
    /// Something that happened to the run as a whole.
    #[must_use]
    pub fn of_run(kind: EventKind) -> Self {
        Self { node: "".into(), socket: None, kind, repeated: 0 }
    }
}

/// What can happen.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "kind", content = "details", rename_all = "kebab-case")]
pub enum EventKind {
    /// A handler printed or logged.
    Log {
        /// How much it matters.
        #[serde(serialize_with = "json::level")]
        level: Level,
        /// The text.
        text: String,
    },
    /// The run itself says something.
    Note {
        /// How much it matters.
        #[serde(serialize_with = "json::level")]
        level: Level,
        /// The text.
        text: String,
    },
    /// An attempt to reload has ended.
    Reloaded {
        /// What became of it.
        #[serde(serialize_with = "json::receipt")]
        receipt: Arc<Receipt>,
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
    /// A live page is served at this address.
    PageServed {
        /// Host and port.
        address: String,
    },
    /// A handler failed.
    HandlerFailed {
        /// The message with the place in the script.
        error: String,
        /// The same for machines: the place, and how it got there. None where no call was it.
        #[serde(serialize_with = "json::fault")]
        fault: Option<Arc<HandlerError>>,
    },
    /// A call of a handler took long, and other nodes have the same thread.
    LongCall {
        /// Which handler, and where it is written.
        handler: String,
        /// How many milliseconds it took.
        took_ms: u64,
        /// How many of them the others waited on end, if they had to.
        held_ms: Option<u64>,
        /// The names of the others.
        others: String,
    },
    /// A message did not fit its socket's format.
    Malformed {
        /// Why, and how it begins.
        message: String,
    },
    /// A message could not be delivered.
    Dropped {
        /// Why.
        #[serde(serialize_with = "json::reason")]
        reason: DropReason,
        /// How many at once.
        count: u64,
    },
    /// A socket was closed, and its linger was over before it had sent everything.
    Unsent {
        /// For whom.
        endpoint: String,
        /// How many messages were dropped.
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
    /// A peer was not let in.
    Refused {
        /// Why, in plain words.
        why: String,
        /// Whom.
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
    /// An endpoint that a socket connects to has had no connection for a while.
    Unreached {
        /// The endpoint.
        endpoint: String,
        /// The place that is there, where it is one of the file's.
        #[serde(skip_serializing_if = "Option::is_none")]
        place: Option<String>,
        /// For how long.
        #[serde(rename = "waited_seconds", serialize_with = "json::seconds")]
        waited: Duration,
        /// Why, as far as libzmq tells.
        why: Option<String>,
    },
    /// Another place of the file is connected.
    PlaceThere {
        /// Which.
        place: String,
        /// Where.
        endpoint: String,
        /// How long it was away.
        #[serde(rename = "waited_seconds", serialize_with = "json::seconds")]
        waited: Duration,
    },
    /// Another place of the file is connected no more.
    PlaceAway {
        /// Which.
        place: String,
        /// Where.
        endpoint: String,
    },
    /// The node ends, and messages still waited for a connection.
    NeverSent {
        /// To which endpoint.
        endpoint: String,
        /// How many.
        count: u64,
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
    /// A file keeps its node waiting, or no longer does.
    FileWaits {
        /// Which file, and for what.
        text: String,
    },
    /// Lines were not written before their node had to close: the run did not do all it should.
    Unwritten {
        /// How many, and to which file.
        error: String,
    },
    /// Something in the runner itself went wrong; the node goes on.
    Panicked {
        /// What it said.
        message: String,
    },
    /// The control socket is not where it is wanted first.
    ControlSocketElsewhere {
        /// Where it is, and why not there.
        text: String,
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
    /// So many more events of one kind, each different, were not told.
    More {
        /// How many.
        count: u64,
    },
    /// The state of a node's handlers has become large.
    StateLarge {
        /// How many bytes it takes.
        bytes: u64,
        /// How many it may take.
        limit: u64,
    },
    /// The node starts anew after a failed handler.
    Restarting {
        /// After how many milliseconds.
        after_ms: u64,
    },
    /// A program was started.
    ProgramStarted {
        /// Its process.
        pid: u32,
    },
    /// What a program's `ready` names accepts connections.
    ProgramReady {
        /// What it names.
        endpoint: String,
        /// After how many milliseconds.
        after_ms: u64,
    },
    /// A program ended, and nothing of what it had started is left.
    ProgramExited {
        /// Its process, if it had one.
        pid: Option<u32>,
        /// With which status, or by which signal.
        how: String,
        /// How long it ran.
        #[serde(rename = "ran_seconds", serialize_with = "json::seconds")]
        ran: Duration,
        /// Whether zrig had told it to.
        is_wanted: bool,
    },
    /// A program that had exited is started again.
    ProgramRestarting {
        /// After how many milliseconds.
        after_ms: u64,
    },
    /// A program did not end in its time, and was killed.
    ProgramKilled {
        /// Its process.
        pid: u32,
    },
    /// A program printed more than is told.
    OutputLeftOut {
        /// How many lines were not told.
        lines: u64,
    },
    /// A client of the control socket holds the run, and steps its nodes.
    Held {
        /// How many nodes.
        nodes: usize,
    },
    /// The run is held no more.
    Released {
        /// Why.
        why: LetGo,
    },
    /// The whole topology should end.
    StopRequested {
        /// The exit status.
        status: u8,
        /// Who wants it, or why.
        why: String,
    },
}

/// Why a run is held no more.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LetGo {
    /// Who held it asked for that.
    Asked,
    /// Who held it has gone.
    Gone,
    /// A reload goes before.
    Reload,
    /// The run ends.
    Stop,
}

impl Event {
    /// About how many bytes of text it has: those that users and peers can make long.
    #[must_use]
    pub fn size(&self) -> usize {
        if let EventKind::Reloaded { receipt } = &self.kind {
            return receipt.size();
        }
        self.kind.text().len()
    }
}

impl EventKind {
    /// What users and peers say in it, which can be long.
    #[must_use]
    pub fn text(&self) -> &str {
        match self {
            Self::Log { text, .. }
            | Self::Note { text, .. }
            | Self::FileWaits { text }
            | Self::ControlSocketElsewhere { text } => text,
            Self::HandlerFailed { error, .. }
            | Self::FileFailed { error }
            | Self::Unwritten { error }
            | Self::Failed { error }
            | Self::NoControlSocket { error } => error,
            Self::Malformed { message } | Self::Panicked { message } => message,
            Self::PlaceThere { place, .. } | Self::PlaceAway { place, .. } => place,
            Self::HandshakeFailed { why, .. }
            | Self::Refused { why, .. }
            | Self::StopRequested { why, .. } => why,
            Self::Bound { .. }
            | Self::Reloaded { .. }
            | Self::Serving { .. }
            | Self::PageServed { .. }
            | Self::Dropped { .. }
            | Self::Unsent { .. }
            | Self::Lost { .. }
            | Self::PeerConnected { .. }
            | Self::PeerDisconnected { .. }
            | Self::LimitedPeerGone { .. }
            | Self::LinkMissing { .. }
            | Self::StateLarge { .. }
            | Self::Unreached { .. }
            | Self::NeverSent { .. }
            | Self::LongCall { .. }
            | Self::More { .. }
            | Self::Held { .. }
            | Self::Released { .. }
            | Self::ProgramStarted { .. }
            | Self::ProgramReady { .. }
            | Self::ProgramExited { .. }
            | Self::ProgramRestarting { .. }
            | Self::ProgramKilled { .. }
            | Self::OutputLeftOut { .. }
            | Self::Restarting { .. } => "",
        }
    }

    /// Whether a handler failed.
    fn is_of_a_handler(&self) -> bool {
        matches!(self, Self::HandlerFailed { .. } | Self::Panicked { .. })
    }

    /// Whether it makes a run that ends well a failed one.
    fn is_failure(&self) -> bool {
        matches!(self, Self::Unwritten { .. })
    }

    /// With which exit status the whole topology should end, if it should.
    #[must_use]
    pub fn exit_status(&self) -> Option<u8> {
        if let Self::StopRequested { status, .. } = self { Some(*status) } else { None }
    }
}

/// An event with the time at which it was emitted.
#[derive(Clone, Debug)]
pub struct Stamped {
    /// When.
    pub at: SystemTime,
    /// What.
    pub event: Event,
}
