//! What sockets of several places exchange with each other and with nobody else.
//!
//! Owns these values. Which there are `exchanges` finds.

/// Messages that go from sockets of some places to sockets of others, one direction of them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Exchange {
    /// The roles, such as `push → pull`.
    pub pattern: String,
    /// Who sends.
    pub from: Vec<FarPort>,
    /// Who receives.
    pub to: Vec<FarPort>,
}

/// A socket of an instance at a place.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct FarPort {
    /// The place.
    pub place: String,
    /// The instance's name there.
    pub instance: String,
    /// The socket's name in it.
    pub socket: String,
    /// How many connections it has with sockets of the file.
    pub peers: u64,
}
