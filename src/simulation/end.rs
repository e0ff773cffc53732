//! One end of a link: a socket's own side of it, with its queues.
//!
//! Owns what is known of an end. What happens to one is the files' of the network.

use super::pipe::Pipe;
use super::topics::Topics;

/// A socket, by its number.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct SocketId(pub(super) u32);

/// An end of a link, by its number.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct EndId(pub(super) u32);

/// A link, by its number.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct LinkId(pub(super) u32);

/// How far an end is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Stage {
    /// Its socket does not know of it yet.
    Unattached,
    /// Messages go both ways.
    Open,
    /// The peer is gone: what came can be read yet, and nothing more goes out.
    Draining,
    /// Its socket has let go of it: what waits to go out goes, within the linger. Inside a process what was
    /// sent is read yet.
    Lingering,
}

/// One end of a link.
#[derive(Debug)]
pub(super) struct End {
    pub(super) socket: SocketId,
    pub(super) link: LinkId,
    /// Whether it is the end that connects.
    pub(super) connects: bool,
    pub(super) stage: Stage,
    /// Whether it took no more when it was open last.
    pub(super) was_full: bool,
    /// What its socket wrote and the link has not taken.
    pub(super) out: Pipe,
    /// What came and its socket has not read.
    pub(super) inbound: Pipe,
    /// What the peer wants, on a publisher.
    pub(super) topics: Topics,
    /// By what name a ROUTER knows the peer.
    pub(super) name: Option<Vec<u8>>,
    /// This end of the connection, and the peer's.
    pub(super) ends: (String, String),
}

impl End {
    /// Whether messages may go out on it.
    pub(super) fn is_open(&self) -> bool {
        self.stage == Stage::Open
    }
}
