//! One change of a node that stays, as data.
//!
//! Owns what can change, how it takes effect, and what follows from it for peers. Never a word that
//! is shown: `words` has those, and nothing decides by them.

use serde::ser::{Serialize, SerializeStruct, Serializer};

use crate::topology::{Attachment, Filter, Queue};
use crate::zeromq::{OptionName, Role};

/// How a change takes effect.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum How {
    /// The socket and its connections stay.
    Live,
    /// The socket stays, an endpoint of it comes or goes.
    ReAttach,
    /// The socket is replaced by a new one.
    Rebuild,
    /// The node ends, and begins anew as it will be: a program can be told only at its start.
    Restart,
}

/// One change of a node that stays.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Change {
    /// The socket, if it concerns one.
    pub socket: Option<String>,
    /// What changes.
    pub kind: ChangeKind,
    /// How.
    pub how: How,
    /// Why it takes effect that way.
    pub why: Why,
}

/// What can change.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ChangeKind {
    /// The text of its handlers.
    Handlers,
    /// `every`.
    Every,
    /// `idle`.
    Idle,
    /// `timers`.
    Timers,
    /// `params`.
    Params,
    /// `read`.
    Read,
    /// `write`.
    Write,
    /// `persist`.
    Persist,
    /// `on_error`.
    OnError,
    /// `state_limit`.
    StateLimit,
    /// `description`.
    Description,
    /// `on`.
    Place,
    /// `forward` and `capture`.
    Forward,
    /// How many copies there are.
    Replicas {
        /// As it is.
        from: usize,
        /// As it will be.
        to: usize,
    },
    /// Whether it has a thread of its own.
    Isolate,
    /// `counts`.
    Counts,
    /// A program drives it in the place of handlers.
    ToProgram,
    /// Handlers drive it in the place of a program.
    ToHandlers,
    /// `command` of its program.
    Command,
    /// `directory` of its program.
    Directory,
    /// `environment` of its program.
    Environment,
    /// `on_exit` of its program.
    OnExit,
    /// `ready` of its program.
    Ready,
    /// `stop` of its program.
    Stop,
    /// A socket more.
    SocketAdded,
    /// A socket less.
    SocketRemoved,
    /// The socket type.
    Role {
        /// As it is.
        from: Role,
        /// As it will be.
        to: Role,
    },
    /// The routing id.
    Identity,
    /// A high-water mark, in messages a peer.
    Mark {
        /// Of which queue.
        queue: Queue,
        /// As it is.
        from: u32,
        /// As it will be.
        to: u32,
    },
    /// A libzmq option.
    Option(OptionName),
    /// From now on a ZAP handler is asked about its peers.
    AsksZap,
    /// No ZAP handler is asked any more.
    AsksZapNoLonger,
    /// Its certificate, or whom it knows by theirs.
    Curve,
    /// Whether it asks for passwords, or the one that it says.
    Plain,
    /// Who may come: whom it lets in from now on, and whom no longer.
    Admission {
        /// Names that are new.
        more: Vec<String>,
        /// Names that are gone.
        less: Vec<String>,
    },
    /// `linger`.
    Linger,
    /// `msgid`.
    Msgid,
    /// `format`.
    Format,
    /// `when_full`.
    WhenFull,
    /// `sequence`.
    Sequence,
    /// A filter more.
    Subscribe(Filter),
    /// A filter less.
    Unsubscribe(Filter),
    /// An endpoint more.
    Attach(Attachment),
    /// An endpoint less.
    Detach(Attachment),
}

/// Why a change takes effect the way it does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Why {
    /// The whole file runs here.
    RunsHereAnyway,
    /// The node takes it over between two messages.
    BetweenMessages,
    /// The source begins at its first line.
    ReadAnew,
    /// What is written from now on has another format; what is in the file stays.
    WhatFollowsHasIt,
    /// What was in the file goes, since the new sink does not append.
    EmptiedFirst,
    /// What waits for the file before is written there.
    WrittenOut,
    /// The state that runs is kept in another file; what that held goes.
    KeptThere,
    /// The state is kept no more; the file stays as it was last.
    KeptNoMore,
    /// Copies come and go by themselves.
    CopiesComeAndGo,
    /// A thread cannot hand a node to another.
    AnotherThread,
    /// It only comes.
    OneMore,
    /// What it has is handled before it goes.
    DrainedFirst,
    /// A socket has one type for life.
    AnotherSocketType,
    /// `ZMQ_ROUTING_ID` is told in the handshake.
    ToldInTheHandshake,
    /// A queue that is full when its mark changes may never be written to again.
    FullQueueCanStall,
    /// Whoever came in unasked has to be asked.
    PeersCameInUnasked,
    /// There is nobody to ask: it let nobody in.
    LetNobodyIn,
    /// Who was let in stays.
    ConnectedStays,
    /// Who was let in and may not come any more goes; all others stay.
    OthersStay,
    /// `zmq_setsockopt` on a socket with connections.
    TakenAtOnce,
    /// The same, or the runner's own.
    TakenAtOnceByEither,
    /// It is read for each new connection.
    ForLaterPeers,
    /// It is read when an endpoint is bound or connected.
    CopiedWhenAttached,
    /// A string or key that was set cannot be unset.
    CannotBeSetBack,
    /// Subscriptions travel on the connections there are.
    ConnectionsStay,
    /// Endpoints come and go by themselves.
    SocketStays,
    /// A program reads its environment once.
    ToldAtTheStart,
    /// Who comes can bind only what the other has let go of.
    HandedOver,
    /// It is looked at when it is time.
    FromNowOn,
}

impl ChangeKind {
    /// Whether a socket loses an endpoint by it, or goes itself: its connections end.
    #[must_use]
    pub fn ends_connections(&self) -> bool {
        matches!(self, Self::Detach(_) | Self::SocketRemoved)
    }

    /// Whether what the socket has received can only be handled before: nothing afterwards would
    /// know what to do with it.
    #[must_use]
    pub fn ends_the_role(&self) -> bool {
        matches!(self, Self::Role { .. } | Self::SocketRemoved)
    }
}

/// For machines: the words a person reads, and no more than they say.
impl Serialize for Change {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut change = serializer.serialize_struct("Change", 4)?;
        if let Some(socket) = &self.socket {
            change.serialize_field("socket", socket)?;
        }
        change.serialize_field("what", &self.kind.to_string())?;
        change.serialize_field("how", self.how.token())?;
        change.serialize_field("why", &self.why.to_string())?;
        change.end()
    }
}
