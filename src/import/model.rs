//! What a file of another system says, before it is written in the words of this one.
//!
//! Owns the shape. Never knows where it came from.

use crate::zeromq::{Role, Side};

/// A device.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Node {
    /// Its name, as it was written until [`super::names`] settles it.
    pub(super) name: String,
    pub(super) sockets: Vec<Socket>,
    pub(super) work: Work,
    /// What has no equal here, a comment each.
    pub(super) remarks: Vec<String>,
}

/// What a device does with its messages.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Work {
    /// What its program does, which the file does not say.
    Program,
    /// Passes them on between its first two sockets, both ways or from the first to the second.
    Forward { both_ways: bool },
}

/// A socket of a device.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Socket {
    pub(super) name: String,
    pub(super) role: Role,
    pub(super) ends: Vec<End>,
    /// Keys of the socket with their values, as YAML.
    pub(super) keys: Vec<(&'static str, String)>,
    /// Options of libzmq with their values, as YAML.
    pub(super) options: Vec<(&'static str, String)>,
    pub(super) remarks: Vec<String>,
}

/// Where a socket binds or connects to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct End {
    pub(super) side: Side,
    pub(super) at: At,
}

/// What is known of an endpoint.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum At {
    /// An endpoint that libzmq can use.
    Endpoint(String),
    /// A node of the file, with its socket where that has to be said.
    Node(String),
    /// Nothing: whoever runs it says it.
    Unknown,
}

impl Node {
    /// How many comments it has.
    pub(super) fn remarks(&self) -> usize {
        self.remarks.len() + self.sockets.iter().map(|it| it.remarks.len()).sum::<usize>()
    }
}
