//! The figures of a running topology at one moment, as plain data for observers.
//!
//! Owns the shape of what the metrics, `zrig top` and a live picture show. Never counts and never
//! asks anybody: the supervisor fills it.
//!
//! Counts are of whole messages since the socket was made; they survive a reload of their socket.
//! What nobody can know is `None` (`null` in JSON), never a guess.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

/// Every figure of a running topology.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Snapshot {
    /// The topology's name.
    pub topology: String,
    /// The place of it that runs, where it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// The file it was read from.
    pub file: PathBuf,
    /// The number of the version that runs; the first start is 1, and 0 is before it.
    pub generation: u64,
    /// Seconds since the start.
    pub seconds: f64,
    /// Whether the start is over: every link inside the file is up, or its wait ran out.
    pub started: bool,
    /// The instances of the nodes, by name.
    pub nodes: Vec<NodeSnapshot>,
    /// The links inside the file, one entry a pair of instances and direction.
    pub links: Vec<LinkSnapshot>,
    /// The balance of every link: which sockets exchange messages only with each other, and what
    /// became of those. Each link belongs to one flow a direction.
    pub flows: Vec<FlowSnapshot>,
}

/// What a node is doing.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NodeStatus {
    /// A handler said that it is busy for a while; or it did not answer in time: a handler runs, or
    /// the machine is busy. What it counts is right all the same; what only the node itself can tell
    /// is missing where it did not answer.
    #[default]
    Busy,
    /// Its links come up.
    Attaching,
    /// It runs.
    Running,
    /// A reload holds it for a moment.
    Held,
    /// It waits to start anew after a failed handler, by `on_error: restart`; or its program is started
    /// again after a pause.
    Resting,
    /// It ends in good order.
    Stopping,
    /// Its program exited, and is left so, by `on_exit: leave`.
    Exited,
    /// Its task is over although nobody stopped it.
    Failed,
}

impl NodeStatus {
    /// Every status.
    pub const ALL: [Self; 8] = [
        Self::Busy,
        Self::Attaching,
        Self::Running,
        Self::Held,
        Self::Resting,
        Self::Stopping,
        Self::Exited,
        Self::Failed,
    ];

    /// The word of metrics and tables.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Busy => "busy",
            Self::Attaching => "attaching",
            Self::Running => "running",
            Self::Held => "held",
            Self::Resting => "resting",
            Self::Stopping => "stopping",
            Self::Exited => "exited",
            Self::Failed => "failed",
        }
    }
}

/// What a program that drives a node is doing.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct ProgramSnapshot {
    /// `waiting`, `starting`, `running`, `pausing` or `exited`.
    pub state: String,
    /// Its process, while it runs.
    pub pid: Option<u32>,
    /// For how many seconds that runs.
    pub uptime: Option<f64>,
    /// How often it was started again after it had exited by itself.
    pub restarts: u64,
    /// The status with which it exited last.
    pub exit_status: Option<i32>,
    /// The number of the signal that ended it last.
    pub exit_signal: Option<i32>,
}

/// The figures of one instance of a node. Those that only a program knows are `null` in JSON where a
/// program drives it.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(remote = "Self")]
pub struct NodeSnapshot {
    /// The program that drives it, if one does.
    #[serde(default)]
    pub program: Option<ProgramSnapshot>,
    /// The name it runs under: the node's, with `.1`, `.2`, … where it has replicas.
    pub instance: String,
    /// The node's name in the file.
    pub node: String,
    /// What it is doing.
    pub status: NodeStatus,
    /// Events that a handler was called for.
    #[serde(default, deserialize_with = "known_or_default")]
    pub handled: u64,
    /// Handler calls that failed, and messages that libzmq refused.
    #[serde(default, deserialize_with = "known_or_default")]
    pub failed: u64,
    /// How long handlers took.
    #[serde(default, deserialize_with = "known_or_default")]
    pub handler: Histogram,
    /// The same of each handler, in the order of their names.
    #[serde(default, deserialize_with = "known_or_default")]
    pub handlers: Vec<HandlerSnapshot>,
    /// Lines that `read` took.
    #[serde(default, deserialize_with = "known_or_default")]
    pub lines_read: u64,
    /// Lines that `write` wrote.
    #[serde(default, deserialize_with = "known_or_default")]
    pub lines_written: u64,
    /// Lines that `read` or `write` left out: too long, or with a line end inside.
    #[serde(default, deserialize_with = "known_or_default")]
    pub lines_refused: u64,
    /// About how many bytes the state of its handlers takes: exact to a MiB, or an eighth of it.
    #[serde(default, deserialize_with = "known_or_default")]
    pub state_bytes: u64,
    /// Messages and other effects in the node: handled, but not yet taken by a full socket.
    #[serde(default, deserialize_with = "known_or_default")]
    pub waiting: u64,
    /// The user's own `count(…)`.
    #[serde(default, deserialize_with = "known_or_default")]
    pub user: BTreeMap<String, i64>,
    /// Its sockets, in the order of the file.
    pub sockets: Vec<SocketSnapshot>,
}

/// What is known of a node that a program drives, and of its sockets; all else only the program knows.
const KNOWN_OF_PROGRAMS: [&str; 5] = ["program", "instance", "node", "status", "sockets"];
/// The same of its sockets.
const KNOWN_OF_THEIR_SOCKETS: [&str; 5] = ["name", "role", "bound", "hwm_send", "hwm_receive"];

impl Serialize for NodeSnapshot {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.program.is_none() {
            return Self::serialize(self, serializer);
        }
        let told = Self::serialize(self, serde_json::value::Serializer);
        let mut told = told.map_err(serde::ser::Error::custom)?;
        forget_what_a_program_knows(&mut told, &KNOWN_OF_PROGRAMS, &KNOWN_OF_THEIR_SOCKETS);
        told.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for NodeSnapshot {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::deserialize(deserializer)
    }
}

/// Makes `null` of all but some keys of a node that a program drives, and of its sockets.
pub(crate) fn forget_what_a_program_knows(node: &mut Value, known: &[&str], of_sockets: &[&str]) {
    forget_all_but(node, known);
    for socket in node["sockets"].as_array_mut().into_iter().flatten() {
        forget_all_but(socket, of_sockets);
    }
}

fn forget_all_but(of: &mut Value, known: &[&str]) {
    let entries = of.as_object_mut().into_iter().flatten();
    for (_, value) in entries.filter(|(key, _)| !known.contains(&key.as_str())) {
        *value = Value::Null;
    }
}

/// A figure that may be `null`.
fn known_or_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Option::<T>::deserialize(deserializer).map(Option::unwrap_or_default)
}

/// The figures of one handler.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct HandlerSnapshot {
    /// Its name, such as `on_message`.
    pub name: String,
    /// How often it was called.
    pub calls: u64,
    /// Seconds that all calls took.
    pub seconds: f64,
}

/// How long something took, how often.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Histogram {
    /// How often.
    pub count: u64,
    /// In seconds, all together.
    pub sum: f64,
    /// How often it took at most so long; each bucket includes those before it. What took longer
    /// than the last is in `count` alone.
    pub buckets: Vec<Bucket>,
}

/// One bucket of a histogram.
#[derive(Clone, Copy, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Bucket {
    /// At most so many seconds.
    pub le: f64,
    /// How often.
    pub count: u64,
}

/// The figures of one socket.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct SocketSnapshot {
    /// Its name in the node.
    pub name: String,
    /// Its role's word, such as `pub`.
    pub role: String,
    /// The endpoints it is bound to, with the ports that the system chose.
    pub bound: Vec<String>,
    /// `ZMQ_SNDHWM`: how many messages each connection holds outbound; 0 is no limit.
    pub hwm_send: u32,
    /// `ZMQ_RCVHWM`: the same inbound.
    pub hwm_receive: u32,
    /// Messages received.
    #[serde(default, deserialize_with = "known_or_default")]
    pub messages_in: u64,
    /// Messages handed to libzmq.
    #[serde(default, deserialize_with = "known_or_default")]
    pub messages_out: u64,
    /// Bytes received, all frames.
    #[serde(default, deserialize_with = "known_or_default")]
    pub bytes_in: u64,
    /// Bytes handed to libzmq, all frames.
    #[serde(default, deserialize_with = "known_or_default")]
    pub bytes_out: u64,
    /// Messages dropped, by reason.
    #[serde(default, deserialize_with = "known_or_default")]
    pub dropped: Dropped,
    /// Whether a message waits now for room in this socket.
    #[serde(default, deserialize_with = "known_or_default")]
    pub blocked: bool,
    /// Seconds that messages waited so, the one that waits now included.
    #[serde(default, deserialize_with = "known_or_default")]
    pub blocked_seconds: f64,
    /// Connections whose handshake is done; `inproc` has none to count.
    #[serde(default, deserialize_with = "known_or_default")]
    pub peers: u64,
    /// What subscribers want of a publisher now: each wish of each of them.
    #[serde(default, deserialize_with = "known_or_default")]
    pub subscriptions: u64,
    /// Handshakes that failed.
    #[serde(default, deserialize_with = "known_or_default")]
    pub handshakes_failed: u64,
    /// Connections that were lost.
    #[serde(default, deserialize_with = "known_or_default")]
    pub disconnects: u64,
    /// Connections to an endpoint that had one before.
    #[serde(default, deserialize_with = "known_or_default")]
    pub reconnects: u64,
    /// Messages that `sequence` found missing.
    #[serde(default, deserialize_with = "known_or_default")]
    pub sequence_gaps: u64,
    /// Messages that `sequence` saw before.
    #[serde(default, deserialize_with = "known_or_default")]
    pub sequence_duplicates: u64,
    /// Seconds between sending and receiving of the last message with a `sequence` frame.
    #[serde(default, deserialize_with = "known_or_default")]
    pub sequence_delay: f64,
    /// Its connections and how full their queues are; `None` where the node did not answer in time.
    pub connections: Option<Vec<ConnectionSnapshot>>,
}

/// Messages dropped, by reason.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Dropped {
    /// No peer of that routing id was connected.
    pub unroutable: u64,
    /// A peer's queue was full where the pattern drops; on a publisher what subscribers inside the
    /// file did not get for that reason.
    pub full: u64,
    /// They did not fit the socket's format.
    pub malformed: u64,
    /// No peer had taken them when the socket had to close.
    pub shutdown: u64,
}

impl Dropped {
    /// All of them together.
    #[must_use]
    pub fn total(self) -> u64 {
        self.unroutable + self.full + self.malformed + self.shutdown
    }

    /// Each reason's word with its count.
    #[must_use]
    pub fn by_reason(self) -> [(&'static str, u64); 4] {
        [
            ("unroutable", self.unroutable),
            ("full", self.full),
            ("malformed", self.malformed),
            ("shutdown", self.shutdown),
        ]
    }
}

/// One connection of a socket, as libzmq tells it.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct ConnectionSnapshot {
    /// Our end; empty on the side that connects, and over `inproc`.
    pub local: String,
    /// The peer's end; empty over `inproc`.
    pub remote: String,
    /// Messages that wait to go out, in libzmq. The reader tells of its progress in steps of half
    /// the high-water mark, so this may be too large by less than that; it is one at most where only
    /// the last is kept.
    pub outbound: u64,
    /// Messages that wait to be received, to the same precision.
    pub inbound: u64,
}

/// One direction of a link between two instances in the file.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct LinkSnapshot {
    /// Who sends.
    pub from: PortSnapshot,
    /// Who receives.
    pub to: PortSnapshot,
    /// Where they meet, as the file says it.
    pub endpoint: String,
    /// The two roles, such as `pub → sub`.
    pub pattern: String,
    /// Messages sent on it; on `pub` and `xpub` those that the receiver subscribes to. `None` where
    /// the sender has other peers on the same socket and the pattern does not tell who got what.
    pub sent: Option<u64>,
    /// Messages received from it; `None` where the receiver has other peers on the same socket.
    pub received: Option<u64>,
    /// Messages sent and lost on the way. It is exact once nothing is on its way any more, and
    /// never too large before.
    pub dropped: Option<u64>,
    /// Messages on their way: `sent` is `received` + `dropped` + `waiting`.
    pub waiting: Option<u64>,
}

/// Messages that go from some sockets to others, and nowhere else: from all publishers of one
/// subscriber to it, or between all sockets that links put together, one direction of them.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct FlowSnapshot {
    /// The roles, such as `push → pull`.
    pub pattern: String,
    /// Who sends.
    pub from: Vec<PortSnapshot>,
    /// Who receives.
    pub to: Vec<PortSnapshot>,
    /// Messages sent, those that were refused included; `None`, as the rest, where peers outside
    /// the file take part or an option hides what a subscriber should get.
    pub sent: Option<u64>,
    /// Messages received; those too that a subscriber had unsubscribed from when they came.
    pub received: Option<u64>,
    /// Messages sent and lost, as in [`LinkSnapshot::dropped`].
    pub dropped: Option<u64>,
    /// Messages on their way: `sent` is `received` + `dropped` + `waiting`.
    pub waiting: Option<u64>,
}

/// A socket of an instance.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Default, Serialize, Deserialize)]
pub struct PortSnapshot {
    /// The place where it is, of what places tell each other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// The instance's name.
    pub instance: String,
    /// The socket's name in it.
    pub socket: String,
}

impl Snapshot {
    /// The instance of that name.
    #[must_use]
    pub fn node(&self, instance: &str) -> Option<&NodeSnapshot> {
        self.nodes.iter().find(|node| node.instance == instance)
    }
}

impl NodeSnapshot {
    /// The socket of that name.
    #[must_use]
    pub fn socket(&self, name: &str) -> Option<&SocketSnapshot> {
        self.sockets.iter().find(|socket| socket.name == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_only_a_program_knows_is_null_and_is_read_again() {
        let socket = SocketSnapshot { name: "jobs".to_owned(), hwm_send: 7, ..Default::default() };
        let program = ProgramSnapshot { pid: Some(9), restarts: 2, ..Default::default() };
        let mut node = NodeSnapshot {
            instance: "worker.1".to_owned(),
            program: Some(program),
            sockets: vec![socket],
            ..NodeSnapshot::default()
        };
        let told = serde_json::to_value(&node).unwrap();
        assert_eq!(told["program"]["pid"], 9);
        assert_eq!(told["program"]["uptime"], Value::Null);
        assert_eq!(told["sockets"][0]["hwm_send"], 7);
        for key in ["handled", "handler", "user", "waiting"] {
            assert_eq!(told[key], Value::Null, "{key}");
        }
        for key in ["messages_in", "dropped", "blocked", "peers", "connections"] {
            assert_eq!(told["sockets"][0][key], Value::Null, "{key}");
        }
        assert_eq!(serde_json::from_value::<NodeSnapshot>(told).unwrap(), node);

        node.program = None;
        let told = serde_json::to_value(&node).unwrap();
        assert_eq!((&told["handled"], &told["sockets"][0]["peers"]), (&0.into(), &0.into()));
        assert_eq!(serde_json::from_value::<NodeSnapshot>(told).unwrap(), node);
    }
}
