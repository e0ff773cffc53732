//! How a test is carried out.
//!
//! Plain data, and the one question that a trial asks of its caller.

use std::time::Instant;

use crate::test_file::Saved;
use crate::topology::Topology;

/// How a test is carried out.
#[derive(Clone, Copy, Debug)]
pub struct Manner {
    /// The order of all that ZeroMQ leaves open, and the chance of handlers.
    pub seed: u64,
    /// On real sockets, in real time.
    pub real: bool,
    /// Whether queues are watched, for a search.
    pub watched: bool,
    /// When it is to be over in real time, whatever the nodes do; then it has failed.
    pub until: Option<Instant>,
    /// Whether all that happened is told as it can be drawn.
    pub told: bool,
}

impl Manner {
    /// As a test is carried out: simulated, in the order of that seed.
    #[must_use]
    pub fn simulated(seed: u64) -> Self {
        Self { seed, real: false, watched: false, until: None, told: false }
    }
}

/// Makes another version of the topology of what a test saves; the error is why it cannot be one.
pub type Load<'l> = &'l dyn Fn(&Saved) -> Result<Topology, String>;
