//! What a node is told of slow motion: to take nothing, to take one thing, to go on.
//!
//! Owns the words. What there is to take is found in `running/stepping`.

use tokio::sync::oneshot;

use super::whole_tap::{Seen, WholeReader};

/// What a node is told of slow motion.
#[derive(Debug)]
pub enum SlowMotion {
    /// Finish what is in hand, and take nothing more.
    Hold {
        /// Told when no handler is at work.
        done: oneshot::Sender<()>,
    },
    /// Take one thing, and do what comes of it.
    Step {
        /// A tap that looks at the node.
        seen: WholeReader,
        /// What it was.
        done: oneshot::Sender<Step>,
    },
    /// Take everything again.
    Release,
}

/// What a step was.
#[derive(Debug)]
pub struct Step {
    /// What the node took; nothing where there was nothing.
    pub took: Option<Took>,
    /// Why it took nothing, where it could not.
    pub why: Option<&'static str>,
    /// What passed its sockets meanwhile.
    pub seen: Vec<Seen>,
    /// How many messages and lines still wait to go out.
    pub waiting: u64,
}

/// What a node took.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Took {
    /// A message: the first that was seen to come in.
    Message,
    /// News of a peer, for `on_peer`.
    Peer(&'static str),
    /// The timer of `every`.
    Tick,
    /// A timer of that name.
    Timer(String),
    /// The timer of `idle`.
    Idle,
    /// A line or a record of the source.
    Line(Vec<Vec<u8>>),
    /// The end of the source.
    End,
}
