//! What a test file says, read and checked.
//!
//! Plain data. Every name in it is one of the topology or of the test.

use std::path::PathBuf;
use std::time::Duration;

use crate::message::Format;
use crate::script::Offered;
use crate::source::Span;
use crate::topology::Filter;
use crate::zeromq::{Endpoint, Role};

/// A file of tests.
#[derive(Clone, Debug)]
pub struct TestFile {
    /// The topology that is tested.
    pub topology: PathBuf,
    /// Its tests, in order.
    pub tests: Vec<TestSpec>,
}

/// One test: a run of its own.
#[derive(Clone, Debug)]
pub struct TestSpec {
    /// `name`.
    pub name: String,
    /// Where it begins.
    pub span: Span,
    /// `without`: nodes that do not run in it.
    pub without: Vec<String>,
    /// `peers`: programs outside that the test plays, in order of the file.
    pub peers: Vec<PeerSpec>,
    /// `steps`.
    pub steps: Vec<StepSpec>,
    /// `always`: what has to hold after every step and whenever something has happened.
    pub always: Vec<Condition>,
}

/// A program outside that a test plays: one socket, as ZeroMQ has it.
#[derive(Clone, Debug)]
pub struct PeerSpec {
    /// Its name, which no node has.
    pub name: String,
    /// Where that stands.
    pub span: Span,
    /// `role`.
    pub role: Role,
    /// `format`: how its messages are laid out; that of its role unless the file says otherwise.
    pub format: Format,
    /// `identity`, its routing id.
    pub identity: Option<Vec<u8>>,
    /// `msgids` and `topics`, on `sub` and `xsub`.
    pub filters: Vec<Filter>,
    /// `hwm`, for sending and receiving.
    pub hwm: (u32, u32),
    /// `connect` and `bind`, in order.
    pub ends: Vec<PeerEnd>,
}

/// Where a peer goes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum PeerEnd {
    /// It connects to what this node's socket has bound; without a socket, to the node's only one that
    /// binds.
    Node {
        /// The node, with a copy's number where it is replicated.
        node: String,
        /// The socket.
        socket: Option<String>,
    },
    /// It connects to an endpoint.
    Connect(Endpoint),
    /// It binds an endpoint.
    Bind(Endpoint),
}

/// One step.
#[derive(Clone, Debug)]
pub struct StepSpec {
    /// Where it stands.
    pub span: Span,
    /// What it does.
    pub action: Action,
}

/// What a step does.
#[derive(Clone, PartialEq, Debug)]
pub enum Action {
    /// `send: {from, …}`: a node's socket, or a peer, sends a message.
    Send {
        /// `NODE`, `NODE.SOCKET`, `NODE.COPY`, `NODE.COPY.SOCKET` or a peer.
        from: String,
        /// What.
        message: MessageSpec,
    },
    /// `send: {to, …}`: a node takes a message as received.
    Receive {
        /// As `from`, but never a peer.
        to: String,
        /// What.
        message: MessageSpec,
    },
    /// `expect`: this has to be seen within the time, after what earlier steps saw at the same place.
    Expect(Watched),
    /// `never`: this must not be seen for the time.
    Never(Watched),
    /// `wait`: time passes.
    Wait(Duration),
    /// `tick`: a timer falls now: the node's only one, or the one of that name.
    Tick {
        /// The node.
        node: String,
        /// The timer of `timers`.
        timer: Option<String>,
    },
    /// `kill`: a node, or one copy, vanishes without a word.
    Kill(String),
    /// `start`: one that was killed is back, with nothing but what it persists.
    Start(String),
    /// `cut: [a, b]`: nothing passes between two nodes or peers any more.
    Cut(String, String),
    /// `heal: [a, b]`.
    Heal(String, String),
    /// `delay: {between: [a, b], by}`: each message takes so long.
    Delay {
        /// Between these.
        between: (String, String),
        /// How long; 0 ends it.
        by: Duration,
    },
    /// `slow: {node, by}`: each call of a handler takes so long.
    Slow {
        /// The node.
        node: String,
        /// How long; 0 ends it.
        by: Duration,
    },
    /// `save`: another version of the topology is saved, which reloads.
    Save(Saved),
    /// `call`: one handler alone is called, with an empty state and without a socket.
    Call(CallSpec),
}

/// A message as a test lays it out. Without anything, it is empty.
#[derive(Clone, PartialEq, Debug)]
pub struct MessageSpec {
    /// `text` or `json`, as `send(v)` of a handler lays it out.
    pub value: Offered,
    /// `msgid` or `topic`.
    pub tag: Option<String>,
    /// `frames`: all frames as they are, in place of a value.
    pub frames: Option<Vec<Vec<u8>>>,
    /// `to`: on a `router`, the routing id of the peer.
    pub to: Option<Vec<u8>>,
}

/// Something that is looked for.
#[derive(Clone, PartialEq, Debug)]
pub struct Watched {
    /// `at`: the node (a copy, a socket of it) or the peer.
    pub at: String,
    /// What.
    pub what: Expected,
    /// `count`: how many of them; 1 unless said.
    pub count: u32,
    /// `within` of `expect` (1 s unless said), `for` of `never`.
    pub time: Duration,
}

/// What a step looks for.
#[derive(Clone, PartialEq, Debug)]
pub enum Expected {
    /// A message that arrives there, or with `sent: true` one that it sends: everything that is said has
    /// to fit.
    Message {
        /// Whether it is one that goes out.
        sent: bool,
        /// `text`: the body as text.
        text: Option<String>,
        /// `json`: the body as JSON.
        json: Option<serde_json::Value>,
        /// `msgid`.
        msgid: Option<i64>,
        /// `topic`.
        topic: Option<String>,
        /// `where`: a Rhai expression of `msg`.
        condition: Option<Condition>,
    },
    /// `log`: a line that the node prints or logs, which has this in it.
    Log(Line),
    /// `fails`: a handler of the node fails with an error that has this in it.
    Fails(Line),
    /// `file`: this is written, as a line, to the node's `write` file.
    File(Line),
}

/// A text that a line has in it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Line(pub String);

/// A Rhai expression.
#[derive(Clone, PartialEq, Debug)]
pub struct Condition {
    /// It.
    pub text: String,
    /// Where it stands.
    pub span: Span,
}

/// A version that a test saves.
#[derive(Clone, PartialEq, Debug)]
pub enum Saved {
    /// `file`: the text of another file in place of the topology's.
    File(PathBuf),
    /// `set: {nodes.sink.hwm: 5}`: keys of the topology with other values; null takes one away. The text
    /// is that of the value, as YAML in one line.
    Set(Vec<(Vec<String>, Option<String>)>),
}

/// One handler that is called alone.
#[derive(Clone, PartialEq, Debug)]
pub struct CallSpec {
    /// The node.
    pub node: String,
    /// `handler`: `on_message` unless said.
    pub handler: String,
    /// The socket that the message is of; the first that receives unless said.
    pub socket: Option<String>,
    /// The message.
    pub message: MessageSpec,
    /// `state`: what `this` is before.
    pub state: Option<serde_json::Value>,
    /// `returns`: what it has to return.
    pub returns: Option<serde_json::Value>,
    /// `sends`: the bodies of what it has to send, all of them in order.
    pub sends: Option<Vec<serde_json::Value>>,
    /// `this`: keys that the state has to have after it.
    pub this: Option<serde_json::Value>,
}
