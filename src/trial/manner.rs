//! How a test is carried out.
//!
//! Plain data, and the one question that a trial asks of its caller.

use crate::test_file::Saved;
use crate::topology::Topology;

/// How a test is carried out.
#[derive(Clone, Copy, Debug)]
pub struct Manner {
    /// The order of all that ZeroMQ leaves open, and the chance of handlers.
    pub seed: u64,
    /// On real sockets, in real time.
    pub real: bool,
}

/// Makes another version of the topology of what a test saves; the error is why it cannot be one.
pub type Load<'l> = &'l dyn Fn(&Saved) -> Result<Topology, String>;
