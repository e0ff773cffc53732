//! What a client may ask and what it is told: one JSON object a line.
//!
//! Owns the words on the wire. Described for other programs in `docs/control-socket.md`.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::event::LetGo;
use crate::node::Direction;
use crate::observe::Happened;
use crate::receipt::Verdict;
use crate::script::Offered;
use crate::snapshot::Snapshot;
use crate::tally::Told;
use crate::topology::{Part, WhenFull};

/// The version of the protocol, in every request under `zrig`.
pub(super) const VERSION: u64 = 1;
/// Bytes of one request, its end of line included.
pub(super) const REQUEST_MAX: u64 = 1 << 20;

/// What a client may ask.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "lowercase", deny_unknown_fields)]
pub enum Request {
    /// Who runs here.
    Hello,
    /// The figures of this moment.
    Figures,
    /// What all places count, as this one knows it.
    Counts,
    /// What a version of the topology was read from.
    Texts {
        /// Which version.
        generation: u64,
    },
    /// Messages, as they pass.
    Tap {
        /// Whose; without it every node's, in the order in which they pass.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        target: Option<String>,
        /// Only those that go this way.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        direction: Option<Direction>,
        /// Only those of which this says true.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        filter: Option<String>,
        /// Every message, with all its frames whole; and what becomes of one that finds no room,
        /// because the client is slow: it is said to be missing, or its node has to wait.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        all: Option<WhenFull>,
        /// Whether each is to be told frame by frame, as it is on the wire, beside what it says.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        frames: bool,
    },
    /// Record what passes and what happens in a file, until this connection ends or says anything.
    Record {
        /// The file, as the run finds it; it must not be there.
        to: String,
        /// Whose messages; without it every node's.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        target: Option<String>,
        /// Only messages of which this says true.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        filter: Option<String>,
        /// What becomes of messages that the recording is too slow for: they are said to be missing, or their
        /// nodes have to wait.
        when_slow: WhenFull,
        /// A file that has so many bytes is followed by another one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        rotate: Option<u64>,
    },
    /// What happens, from now on.
    Events {
        /// And so many of the last things that happened before, as far as they are kept.
        #[serde(default, skip_serializing_if = "is_zero")]
        last: u64,
    },
    /// Let a node send a value, or take it as received.
    Send(Spoken),
    /// Ask a node, and wait for the answer.
    Call(Spoken),
    /// Let no node take anything, until this connection ends or lets them.
    Hold,
    /// Let a node take one thing.
    Step {
        /// Which node, and perhaps which of its copies.
        target: String,
    },
    /// Let every node take everything again.
    Release,
    /// Look at the files again, and apply what they say.
    Reload,
    /// End in good order; the connection stays until the end.
    Stop,
}

/// A value for a node.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spoken {
    /// Which node, and perhaps which of its sockets.
    pub target: String,
    /// What.
    pub value: Offered,
    /// A message id or a topic, instead of the socket's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    /// The routing id of the peer that it is for, on a `router` or `stream`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// Whether the node takes it as received, on a socket that could also send it.
    #[serde(default)]
    pub receive: bool,
    /// How long it may take.
    pub milliseconds: u64,
}

/// What a client is told.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Reply {
    /// Who runs here.
    Hello(Hello),
    /// The figures.
    Figures(Box<Snapshot>),
    /// What all places count.
    Counts(Box<Told>),
    /// What a version was read from.
    Texts(Box<Texts>),
    /// The tap is on; these are the copies it looks at.
    Tapping(Vec<String>),
    /// A message passed.
    Message(Box<Message>),
    /// Something happened.
    Event(Box<Happened>),
    /// So many things that happened before follow, and what happens then.
    Kept {
        /// How many.
        events: u64,
        /// How many were before those.
        older: u64,
    },
    /// So many messages passed that the tap did not show, or so many events happened that found no
    /// room, since this was last said.
    Dropped(u64),
    /// The filter failed for so many messages, since this was last said; the last reason.
    Unfiltered {
        /// How many messages.
        count: u64,
        /// Why, the last time.
        error: String,
    },
    /// Messages passed here that found no room, in a tap that shows all.
    Missing(Lacking),
    /// That was all, of a tap that shows all, and the run is over.
    Ended(Ended),
    /// What a recording has so far, or has in all.
    Recording(RecordingFigures),
    /// What a tap looks at has gone or come back.
    Note(String),
    /// A value was sent or taken.
    Done(String),
    /// A node's answer.
    Answer(Box<Message>),
    /// The run is held: these copies take nothing.
    Holding(Vec<String>),
    /// A node took one thing.
    Stepped(Box<Stepped>),
    /// The run is held no more.
    Released(Released),
    /// What became of a reload.
    Reloaded(Box<Reloaded>),
    /// The run ends.
    Stopping,
    /// It could not be done.
    Failed(Failed),
}

/// Why something could not be done.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Failed {
    /// What and why.
    pub error: String,
    /// Whether the question was wrong, so that asked again it fails again.
    pub invalid: bool,
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.error)
    }
}

impl Failed {
    /// A question that cannot be answered, now or later.
    pub(crate) fn invalid(error: impl Into<String>) -> Self {
        Self { error: error.into(), invalid: true }
    }

    /// A reply that is none to what was asked.
    pub(crate) fn strange(reply: &Reply) -> Self {
        Self::now(format!("the run said something strange: {reply:?}"))
    }

    /// Something that could not be done now.
    pub(crate) fn now(error: impl ToString) -> Self {
        Self { error: error.to_string(), invalid: false }
    }
}

impl Request {
    /// The line on the wire, with the version.
    pub(super) fn line(&self) -> serde_json::Result<Vec<u8>> {
        let mut request = serde_json::to_value(self)?;
        if let Value::Object(fields) = &mut request {
            fields.insert("zrig".to_owned(), VERSION.into());
        }
        let mut line = serde_json::to_vec(&request)?;
        line.push(b'\n');
        Ok(line)
    }
}

impl Reply {
    /// The line on the wire.
    pub(super) fn line(&self) -> Vec<u8> {
        // Only maps with keys that are no text have no JSON, and there are none.
        let mut line = serde_json::to_vec(self).unwrap_or_default();
        line.push(b'\n');
        line
    }
}

/// Messages of one socket that are missing.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Lacking {
    /// The node, with its copy's number where it is replicated.
    pub node: String,
    /// The socket.
    pub socket: String,
    /// Which way they went.
    pub direction: Direction,
    /// How many.
    pub messages: u64,
    /// When the first of them passed, in seconds since the epoch.
    pub since: f64,
    /// When the last of them passed.
    pub until: f64,
}

/// What a tap that shows all has shown.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Ended {
    /// How many messages.
    pub messages: u64,
    /// How many it said were missing.
    pub missing: u64,
}

/// What a node took with a step, and what came of it.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Stepped {
    /// The node, with its copy's number where it is replicated.
    pub node: String,
    /// What it took; none where there was nothing.
    pub took: Option<Taken>,
    /// What it sent, in order.
    pub sent: Vec<Message>,
    /// How many more messages it sent than are shown.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub more: u64,
    /// How many messages and lines still wait to go out.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub waiting: u64,
    /// Why it took nothing, where it could not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// What a node took.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Taken {
    /// A message.
    Message(Box<Message>),
    /// News of a peer: its event.
    Peer(String),
    /// The tick of `every`: its handler.
    Tick(String),
    /// The timer of this name.
    Timer(String),
    /// The silence of `idle`: its handler.
    Idle(String),
    /// A line of its source, or the frames of a record.
    Line(Value),
    /// The end of its source: its handler.
    End(String),
}

/// What became of a reload that a client asked for.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Reloaded {
    /// How it ended.
    pub verdict: Verdict,
    /// The same as the log has it.
    pub message: String,
    /// All of its receipt.
    pub receipt: Value,
}

/// That a run is held no more.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Released {
    /// Why.
    pub reason: LetGo,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// Who runs.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Hello {
    /// The version of the protocol.
    pub zrig: u64,
    /// The topology's name.
    pub name: String,
    /// The place of it that runs, where it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// Its file, with every symbolic link resolved.
    pub file: String,
    /// The process.
    pub pid: u32,
    /// The version of the topology that runs, from 1.
    pub generation: u64,
    /// Whether what is saved is applied by itself, and not on SIGHUP alone.
    #[serde(default = "yes")]
    pub watched: bool,
    /// The file that it has recorded to since its start, where it does; the first of them, where they follow
    /// each other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recording: Option<String>,
    /// Its nodes.
    pub nodes: Vec<HelloNode>,
}

impl Hello {
    /// What runs: `weather`, or `weather at edge`.
    #[must_use]
    pub fn title(&self) -> String {
        match &self.place {
            Some(place) => format!("{} at {place}", self.name),
            None => self.name.clone(),
        }
    }
}

fn yes() -> bool {
    true
}

/// What a version of a topology was read from.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Texts {
    /// Which version.
    pub generation: u64,
    /// The topology's file.
    pub file: String,
    /// The part of the file that runs.
    #[serde(flatten)]
    pub part: Part,
    /// All texts by their files, secrets and all.
    pub texts: BTreeMap<String, String>,
}

/// What a recording has.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RecordingFigures {
    /// Its file, or the first of them.
    pub file: String,
    /// How many files.
    pub files: u32,
    /// Messages, each way.
    pub messages: u64,
    /// Messages that passed and are not in it, because the recording was too slow.
    pub missing: u64,
    /// Bytes, as far as they are written.
    pub bytes: u64,
    /// Whether that is all, and the file has its end.
    pub ended: bool,
}

/// A node of a run.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct HelloNode {
    /// Its name, with the copy's number where it is replicated.
    pub name: String,
    /// Its sockets, by name.
    pub sockets: Vec<String>,
}

/// A frame of a message.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct WireFrame {
    /// What it is there for.
    pub kind: FrameKind,
    /// What it says: text, or `{"hex": …}` where it is none.
    pub frame: Value,
    /// Its bytes.
    pub bytes: usize,
    /// Whether libzmq alone puts it there, at this end: a peer has no such frame.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub local: bool,
}

/// What a frame is there for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum FrameKind {
    /// A routing id of the envelope.
    #[serde(rename = "routing id")]
    RoutingId,
    /// The empty frame behind the envelope.
    #[serde(rename = "delimiter")]
    Delimiter,
    /// What is sent.
    #[serde(rename = "payload")]
    Payload,
}

/// A message, read by the format of its socket.
#[derive(Clone, Default, PartialEq, Debug, Serialize, Deserialize)]
#[serde(default)]
pub struct Message {
    /// Seconds since the epoch.
    pub time: f64,
    /// `in` or `out`; none for an answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub direction: Option<Direction>,
    /// The node, with its copy's number where it is replicated.
    pub node: String,
    /// The socket.
    pub socket: String,
    /// The routing id of who sent it or whom it goes to, on `rep`, `router` and `stream`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub peer: Option<String>,
    /// The message id, in format `msgid`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub msgid: Option<i64>,
    /// The message type, in format `msgid`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub msgtype: Option<String>,
    /// The topic, in format `envelope`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub topic: Option<Value>,
    /// The body: a JSON value, text, or `{"hex": …}` where it is no text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<Value>,
    /// The frames of a plain message that has several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frames: Option<Vec<Value>>,
    /// Every frame as it is on the wire, where that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wire: Option<Vec<WireFrame>>,
    /// The frame of `sequence`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sequence: Option<String>,
    /// A topic that an `xpub` or `xsub` is told somebody wants.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subscribe: Option<Value>,
    /// A topic that nobody wants any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unsubscribe: Option<Value>,
    /// Why it does not fit the format of its socket; then all frames stand under `frames`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub malformed: Option<String>,
    /// Bytes of all frames.
    pub bytes: usize,
    /// Whether more of it is there than is shown.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub cut: bool,
}
