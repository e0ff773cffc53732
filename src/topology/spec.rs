//! The model that cannot be wrong: what a topology file wants, as plain `Eq` data.
//!
//! Owns the `*Spec` types. That every name in them is defined, every endpoint usable and every option
//! known to its role is said by [`Topology`](super::Topology) alone.

use std::collections::{BTreeMap, HashMap};
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::admission::Admission;
use super::curve::CurveSpec;
use super::exchange::Exchange;
use super::place::PlaceSpec;
use super::plain::PlainSpec;
use super::program::ProgramSpec;
use crate::message::{Format, RecordFormat};
use crate::script::ScriptText;
use crate::zeromq::{Endpoint, OptionName, OptionValue, Role, Side};

/// What a topology says.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct TopologySpec {
    /// `name`, by default the file's stem.
    pub name: String,
    /// `description`.
    pub description: Option<String>,
    /// The places that nodes can be at, in the order of the file; names are unique.
    pub places: Vec<PlaceSpec>,
    /// The place of which this is the part, where it is one.
    pub here: Option<String>,
    /// What places exchange with each other, where this is the part of one.
    pub exchanges: Vec<Exchange>,
    /// The nodes, in the order of the file; names are unique.
    pub nodes: Vec<Arc<NodeSpec>>,
}

impl TopologySpec {
    /// The node of that name.
    #[must_use]
    pub fn node(&self, name: &str) -> Option<&NodeSpec> {
        self.nodes.iter().map(Arc::as_ref).find(|node| node.name == name)
    }

    /// The place of that name.
    #[must_use]
    pub fn place(&self, name: &str) -> Option<&PlaceSpec> {
        self.places.iter().find(|place| place.name == name)
    }

    /// Where a node is.
    #[must_use]
    pub fn place_of(&self, node: &NodeSpec) -> Option<&PlaceSpec> {
        self.place(node.place.as_deref()?)
    }

    /// What it is called where it runs: `weather`, or `weather at edge`.
    #[must_use]
    pub fn title(&self) -> String {
        match &self.here {
            Some(place) => format!("{} at {place}", self.name),
            None => self.name.clone(),
        }
    }

    /// Whether the file has a ZAP handler that somebody asks. It stays so where only some of the
    /// file's nodes run, the handler not among them.
    #[must_use]
    pub fn asks_zap(&self) -> bool {
        self.nodes.iter().flat_map(|node| &node.sockets).any(|socket| socket.asks_zap)
    }

    /// Whether sockets of it ask the run's own ZAP handler who may come.
    #[must_use]
    pub fn says_who_may_come(&self) -> bool {
        self.nodes.iter().flat_map(|node| &node.sockets).any(|socket| socket.admission.is_some())
    }

    /// Which of the nodes each name is, for who looks for many.
    #[must_use]
    pub fn positions(&self) -> HashMap<&str, usize> {
        self.nodes.iter().enumerate().map(|(at, node)| (node.name.as_str(), at)).collect()
    }
}

/// One node. Sockets are referred to by their place in `sockets`.
#[derive(Clone, PartialEq, Debug)]
pub struct NodeSpec {
    /// Its name.
    pub name: String,
    /// `description`.
    pub description: Option<String>,
    /// `on`: the place where it runs; without one it runs where the whole file does.
    pub place: Option<String>,
    /// Its sockets, in the order of the file. The one socket of a node without `sockets` has its
    /// role's word as its name.
    pub sockets: Vec<SocketSpec>,
    /// Whether the sockets stood under `sockets`.
    pub sockets_are_named: bool,
    /// `process`: the program that drives it and opens its sockets. Then it has no handlers, and none
    /// of what only they have.
    pub process: Option<ProgramSpec>,
    /// The handlers, from a file or inline.
    pub script: Option<ScriptText>,
    /// `every`.
    pub every: Option<Duration>,
    /// `idle`.
    pub idle: Option<Duration>,
    /// `timers`.
    pub timers: BTreeMap<String, Duration>,
    /// `forward`.
    pub forwards: Vec<ForwardSpec>,
    /// `capture` of the forwards.
    pub capture: Option<usize>,
    /// `read`.
    pub read: Option<ReadSpec>,
    /// `write`.
    pub write: Option<WriteSpec>,
    /// `persist`: the file that keeps the state of its handlers.
    pub persist: Option<PathBuf>,
    /// `params`, a JSON object.
    pub params: serde_json::Map<String, serde_json::Value>,
    /// `replicas`; without it there is one copy that bears the node's plain name.
    pub replicas: Option<NonZeroU32>,
    /// `on_error`.
    pub on_error: OnError,
    /// `isolate`.
    pub isolate: bool,
    /// `state_limit`: how many bytes the state of its handlers may take.
    pub state_limit: u64,
    /// `counts`: whether it tells other places what this one counts, and hears theirs.
    pub counts: bool,
}

impl NodeSpec {
    /// Whether its source can become that of another version without being opened again; so it is
    /// where neither has one.
    #[must_use]
    pub fn keeps_source(&self, to: &Self) -> bool {
        // Whether it waits between two lines decides how far ahead is read.
        let opened = |read: &ReadSpec| {
            let reads_ahead = read.interval.is_none();
            (
                read.file.clone(),
                read.repeat,
                reads_ahead,
                read.format.word(),
                read.from,
                read.follow,
            )
        };
        self.read.as_ref().map(opened) == to.read.as_ref().map(opened)
    }

    /// The same of its sink: `append` is about what was in the file before.
    #[must_use]
    pub fn keeps_sink(&self, to: &Self) -> bool {
        let file = |write: &WriteSpec| write.file.clone();
        self.write.as_ref().map(file) == to.write.as_ref().map(file)
    }

    /// The file that keeps the state of the copy of that number: `state.json`, or `state.2.json`
    /// where there are several.
    #[must_use]
    pub fn persists_in(&self, replica: u32) -> Option<PathBuf> {
        let path = self.persist.as_ref()?;
        if self.replicas.is_none() {
            return Some(path.clone());
        }
        let mut name = path.file_stem().unwrap_or_default().to_owned();
        name.push(format!(".{replica}"));
        if let Some(extension) = path.extension() {
            name.push(".");
            name.push(extension);
        }
        Some(path.with_file_name(name))
    }

    /// The files that keep the states of its first copies; those of all others have like names.
    pub fn states(&self) -> impl Iterator<Item = PathBuf> + '_ {
        const COPIES: usize = 32;
        self.instances().take(COPIES).filter_map(|(_, replica)| self.persists_in(replica))
    }

    /// Whether a program drives it, which opens its sockets itself.
    #[must_use]
    pub fn is_program(&self) -> bool {
        self.process.is_some()
    }

    /// Whether one of its sockets is the process's ZAP handler.
    #[must_use]
    pub fn is_zap_handler(&self) -> bool {
        self.sockets.iter().any(SocketSpec::is_zap_handler)
    }

    /// The socket of that name, by its place.
    #[must_use]
    pub fn socket(&self, name: &str) -> Option<usize> {
        self.sockets.iter().position(|socket| socket.name == name)
    }

    /// The names its copies run under: `worker`, or `worker.1`, `worker.2`, …
    pub fn instances(&self) -> impl Iterator<Item = (String, u32)> {
        let count = self.replicas.map_or(1, NonZeroU32::get);
        let replicated = self.replicas.is_some();
        let name = self.name.clone();
        (1..=count).map(move |replica| {
            let instance = if replicated { format!("{name}.{replica}") } else { name.clone() };
            (instance, replica)
        })
    }
}

/// Whether an identity is another one for each copy of a node.
pub(super) fn differs_by_copy(identity: &[u8]) -> bool {
    let text = String::from_utf8_lossy(identity);
    text.contains(REPLICA) || text.contains(REPLICA_INDEX)
}

/// The identity of a copy of a node.
pub(super) fn identity_of(identity: &[u8], instance: &str, replica: u32) -> Vec<u8> {
    // What is no text has no such words, and stays as it is.
    let Ok(text) = std::str::from_utf8(identity) else { return identity.to_vec() };
    text.replace(REPLICA_INDEX, &replica.to_string()).replace(REPLICA, instance).into_bytes()
}

/// The name of a copy, in an identity.
const REPLICA: &str = "${replica}";
/// The number of a copy, in an identity.
const REPLICA_INDEX: &str = "${replica_index}";

/// What happens when a handler fails.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum OnError {
    /// Count it, log it, go on.
    #[default]
    Skip,
    /// The node starts anew, with back-off.
    Restart,
    /// The whole topology ends with exit status 1.
    Stop,
}

/// Messages moved natively between two sockets of one node.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ForwardSpec {
    /// The first socket of `[frontend, backend]`, or the one that `{in: out}` reads.
    pub from: usize,
    /// The other one.
    pub to: usize,
    /// Whether messages also go from `to` to `from`.
    pub both_ways: bool,
}

impl ForwardSpec {
    /// Whether it takes what this socket receives.
    #[must_use]
    pub fn takes_from(&self, socket: usize) -> bool {
        self.from == socket || (self.both_ways && self.to == socket)
    }

    /// Whether it takes what this socket receives, or sends by it.
    #[must_use]
    pub fn joins(&self, socket: usize) -> bool {
        self.from == socket || self.to == socket
    }
}

/// A file, or the process's own input or output.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum FileSpec {
    /// `"-"`.
    Standard,
    /// A path, resolved against the topology's folder.
    Path(PathBuf),
}

/// A source of lines.
#[derive(Clone, PartialEq, Debug)]
pub struct ReadSpec {
    /// Where from.
    pub file: FileSpec,
    /// `rate`: how long one line takes, as an exact interval.
    pub interval: Option<Duration>,
    /// `repeat`: begin again at the end.
    pub repeat: bool,
    /// `format` and `escape`.
    pub format: RecordFormat,
    /// `from`: where it begins.
    pub from: ReadFrom,
    /// `follow`: wait for the file, for more of it, and for another one in its place.
    pub follow: bool,
}

/// Where in its file a source begins.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum ReadFrom {
    /// At its first byte.
    #[default]
    Start,
    /// At its end.
    End,
    /// Behind so many bytes.
    Byte(u64),
    /// At the line of that number, the first one is 1.
    Line(u64),
}

/// A sink of lines.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct WriteSpec {
    /// Where to.
    pub file: FileSpec,
    /// `append`: keep what is there.
    pub append: bool,
    /// `format` and `escape`.
    pub format: RecordFormat,
}

/// One socket.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SocketSpec {
    /// Its name in the node.
    pub name: String,
    /// Its socket type.
    pub role: Role,
    /// What it binds and connects to, in the order of the file; none where handlers give it some.
    pub attachments: Vec<Attachment>,
    /// What a `sub` or `xsub` takes; empty for the other roles.
    pub filters: Vec<Filter>,
    /// A publisher's default message id.
    pub msgid: i64,
    /// The wire format.
    pub format: Format,
    /// The high-water marks.
    pub hwm: HighWaterMark,
    /// What to do when a peer's queue is full.
    pub when_full: WhenFull,
    /// `sequence`.
    pub sequence: bool,
    /// How long unsent messages are kept on closing; `None` is for ever.
    pub linger: Option<Duration>,
    /// The routing id, in which `${replica}` and `${replica_index}` stand for each copy's own.
    pub identity: Option<Vec<u8>>,
    /// Every other libzmq option that was set.
    pub options: BTreeMap<OptionName, OptionValue>,
    /// `curve`: how it encrypts and is known.
    pub curve: Option<CurveSpec>,
    /// `plain`: whether it asks for a name and a password, or says them.
    pub plain: Option<PlainSpec>,
    /// Who may come to it, of whom the run's own ZAP handler asks.
    pub admission: Option<Arc<Admission>>,
    /// Whether a ZAP handler of this file is asked about its peers.
    pub asks_zap: bool,
}

impl SocketSpec {
    /// Whether each copy of a node has a routing id of its own.
    #[must_use]
    pub fn identity_differs(&self) -> bool {
        self.identity.as_deref().is_some_and(differs_by_copy)
    }

    /// The routing id of a copy of its node.
    #[must_use]
    pub fn identity_of(&self, instance: &str, replica: u32) -> Option<Vec<u8>> {
        self.identity.as_deref().map(|identity| identity_of(identity, instance, replica))
    }

    /// Whether an option that is a boolean is set to true.
    #[must_use]
    pub fn is_on(&self, option: &str) -> bool {
        self.options.iter().any(|(name, value)| name.0 == option && *value == OptionValue::Int(1))
    }

    /// The value of an option that is a number: what was set, or its default.
    #[must_use]
    pub fn number(&self, option: OptionName) -> Option<i64> {
        match self.options.get(&option) {
            Some(OptionValue::Int(number)) => Some(i64::from(*number)),
            Some(OptionValue::Long(number)) => Some(*number),
            Some(OptionValue::Bytes(_) | OptionValue::Secret(_)) => None,
            None => option.option().default,
        }
    }

    /// Whether each message that it sends or receives has exactly one receiver.
    #[must_use]
    pub fn delivers_once(&self) -> bool {
        !self.role.publishes()
            && !self.role.filters()
            && self.role != Role::Stream
            && !self.is_on("conflate")
    }

    /// The endpoints it binds.
    pub fn binds(&self) -> impl Iterator<Item = &Endpoint> {
        self.attachments.iter().filter_map(|attachment| match attachment {
            Attachment::Bind(endpoint) => Some(endpoint),
            Attachment::Connect(_)
            | Attachment::ConnectNode { .. }
            | Attachment::ConnectPlace { .. } => None,
        })
    }
}

impl Attachment {
    /// Where it is, or goes to.
    #[must_use]
    pub fn endpoint(&self) -> &Endpoint {
        match self {
            Self::Bind(endpoint)
            | Self::Connect(endpoint)
            | Self::ConnectNode { endpoint, .. }
            | Self::ConnectPlace { endpoint, .. } => endpoint,
        }
    }

    /// Its side.
    #[must_use]
    pub fn side(&self) -> Side {
        match self {
            Self::Bind(_) => Side::Bind,
            Self::Connect(_) | Self::ConnectNode { .. } | Self::ConnectPlace { .. } => {
                Side::Connect
            }
        }
    }
}

/// One endpoint of a socket, with its side.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Attachment {
    /// Waits for peers there.
    Bind(Endpoint),
    /// Goes to a peer there.
    Connect(Endpoint),
    /// Goes to whatever a socket of this file binds: all its copies, where it is replicated.
    ConnectNode {
        /// The node's name.
        node: String,
        /// The place of the socket in it.
        socket: usize,
        /// The endpoint that socket binds, as written there; the first one where it binds several.
        endpoint: Endpoint,
    },
    /// Goes to what a node of another place binds there.
    ConnectPlace {
        /// The place's name.
        place: String,
        /// Where it is.
        endpoint: Endpoint,
    },
}

/// Which of a socket's queues.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Queue {
    /// What waits to go out.
    Send,
    /// What came in.
    Receive,
}

impl Queue {
    /// The word of the topology file.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Send => "send",
            Self::Receive => "receive",
        }
    }
}

/// High-water marks, in messages a peer; 0 is no limit.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct HighWaterMark {
    /// `ZMQ_SNDHWM`.
    pub send: u32,
    /// `ZMQ_RCVHWM`.
    pub receive: u32,
}

impl Default for HighWaterMark {
    /// libzmq's own: 1000 both ways.
    fn default() -> Self {
        Self { send: 1000, receive: 1000 }
    }
}

/// What a `pub`, `xpub` or `router` does when a peer's queue is full.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WhenFull {
    /// ZeroMQ's rule: the message is dropped for that peer.
    #[default]
    Drop,
    /// The slowest peer sets the pace.
    Wait,
}

/// What a subscriber takes.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Filter {
    /// Exactly this message id.
    Msgid(i64),
    /// Everything that starts with these bytes; empty is everything.
    Topic(Vec<u8>),
}

impl Filter {
    /// The prefix that libzmq matches: an id with the space that ends it, so that 1000 never
    /// takes 10001.
    #[must_use]
    pub fn prefix(&self) -> Vec<u8> {
        match self {
            Self::Msgid(id) => format!("{id} ").into_bytes(),
            Self::Topic(topic) => topic.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::topology::sound;

    fn node(text: &str) -> NodeSpec {
        NodeSpec::clone(&sound(&format!("nodes: {{a: {{{text}}}}}")).nodes[0])
    }

    #[test]
    fn a_source_is_kept_unless_it_has_to_be_opened_again() {
        let read = |more: &str| node(&format!("role: push, bind: 1, read: {{file: a{more}}}"));
        assert!(read("").keeps_source(&read("")));
        assert!(read(", rate: 1/s").keeps_source(&read(", rate: 2/s")));
        assert!(!read("").keeps_source(&read(", rate: 2/s")), "it reads ahead no more");
        assert!(!read("").keeps_source(&read(", repeat: true")));
    }

    #[test]
    fn a_sink_is_kept_while_it_is_the_same_file() {
        let write = |what: &str| node(&format!("role: pull, bind: 1, write: {{{what}}}"));
        assert!(write("file: a").keeps_sink(&write("file: a, append: true")));
        assert!(!write("file: a").keeps_sink(&write("file: b")));
    }

    #[test]
    fn a_forward_takes_what_comes_at_its_ends_and_joins_no_other_socket() {
        let taken = |both_ways: bool| {
            let forward = ForwardSpec { from: 0, to: 1, both_ways };
            [0, 1, 2].map(|socket| (forward.takes_from(socket), forward.joins(socket)))
        };
        assert_eq!(taken(false), [(true, true), (false, true), (false, false)]);
        assert_eq!(taken(true), [(true, true), (true, true), (false, false)]);
    }

    #[test]
    fn one_receiver_has_each_message_unless_it_is_published_filtered_or_replaced_by_the_next() {
        for (socket, is_once) in [
            ("role: pull", true),
            ("role: dealer", true),
            ("role: pub", false),
            ("role: xpub", false),
            ("role: sub, topics: [a]", false),
            ("role: stream", false),
            ("role: pull, options: {conflate: true}", false),
            ("role: pull, options: {conflate: false}", true),
        ] {
            let node = node(&format!("{socket}, bind: 1"));
            assert_eq!(node.sockets[0].delivers_once(), is_once, "{socket}");
        }
    }

    #[test]
    fn a_number_is_what_was_set_or_its_default() {
        let number = |options: &str| {
            let node = node(&format!("role: pull, bind: 1, options: {{{options}}}"));
            node.sockets[0].number(OptionName("maxmsgsize"))
        };
        assert_eq!((number(""), number("maxmsgsize: 5")), (Some(-1), Some(5)));
    }

    #[test]
    fn copies_differ_by_an_identity_that_names_them() {
        let differs = |identity: &str| {
            let identity = identity.as_bytes().to_vec();
            let node = node("role: dealer, bind: 1");
            let socket = SocketSpec { identity: Some(identity), ..node.sockets[0].clone() };
            socket.identity_differs()
        };
        assert!(differs("w-${replica}") && differs("${replica_index}"));
        assert!(!differs("w"));
        assert!(!node("role: dealer, bind: 1").sockets[0].identity_differs());
    }

    #[test]
    fn a_file_with_a_zap_handler_has_sockets_that_ask_it() {
        let text = "
nodes:
  a: {role: pull, bind: 1, options: {zap_domain: home}}
  b: {role: pull, bind: 2}
  zap: {role: rep, bind: 'inproc://zeromq.zap.01', on_message: msg}
";
        let (with, without) = (sound(text), sound(&text.replace("zeromq.zap.01", "other")));
        let asks = |topology: &crate::topology::Topology| {
            let nodes = topology.nodes.iter();
            nodes.map(|node| node.sockets[0].asks_zap).collect::<Vec<_>>()
        };
        assert!(with.asks_zap() && !without.asks_zap());
        assert_eq!(asks(&with), [true, false, false]);
        assert_eq!(asks(&without.asking_as(&with)), [true, false, false]);
        assert_eq!(asks(&with.asking_as(&without)), [false; 3]);
        let handlers = with.nodes.iter().map(|node| node.is_zap_handler());
        assert_eq!(handlers.collect::<Vec<_>>(), [false, false, true]);
    }

    #[test]
    fn sockets_are_counted_for_every_copy() {
        let text = "nodes: {a: {role: push, connect: 'tcp://127.0.0.1:1', replicas: 3}}";
        assert_eq!(sound(text).socket_count(), 3);
    }
}
