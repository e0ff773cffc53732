//! Trials: a topology runs, a test does things to it, and what comes of that is looked at.
//!
//! Owns how a test is carried out, simulated or on real sockets. Prints nothing.

#[cfg(test)]
mod agreement;
mod deliveries;
#[cfg(test)]
mod drawn;
mod explore;
mod figures;
mod findings;
mod handler_call;
mod manner;
mod outcome;
mod part;
mod peer;
mod queues;
mod schedule;
mod shorten;
mod sightings;
mod stage;
mod steps;
mod story;
mod subject;
mod symptom;
mod symptoms;
mod unsimulated;
mod virtual_time;
mod watch;
mod written;

use std::io;

pub use explore::{Finding, Progress, Searched, explore};
pub use manner::{Load, Manner};
pub use outcome::{Failure, Outcome, Reached, Verdict};
pub use subject::Search;
pub use symptom::Symptom;

use part::Part;

use crate::simulation::Network;
use crate::test_file::TestSpec;
use crate::topology::Topology;

/// Carries out a test.
///
/// # Errors
///
/// When the system refuses what that needs.
pub fn carry_out(
    test: &TestSpec,
    topology: &Topology,
    load: Load<'_>,
    manner: Manner,
) -> io::Result<Outcome> {
    if manner.real {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let part = Part::real(test)?;
        let work = steps::carry_out(test, topology, part, load, manner, None);
        return Ok(runtime.block_on(work));
    }
    let part = Part::simulated(test);
    let cannot = part.unsimulated(topology);
    if !cannot.is_empty() {
        return Ok(Outcome::without_a_run(Verdict::Impossible(cannot)));
    }
    let network = Network::new(manner.seed);
    let work = steps::carry_out(test, topology, part, load, manner, Some(network.clone()));
    virtual_time::in_virtual_time(&network, work)
}
