//! What of a topology a test runs, and how that differs from what a run makes of it.
//!
//! Owns that each test begins like a first run: without a state that anybody has kept. Changes nothing else
//! on real sockets; in a simulation there is no security.

use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use super::unsimulated::unsimulated;
use crate::test_file::{PeerSpec, TestSpec};
use crate::topology::Topology;

/// Makes the folders of two tests two.
static NUMBER: AtomicU64 = AtomicU64::new(0);

/// What a test runs of each version of its topology.
#[derive(Debug)]
pub(super) struct Part {
    without: Vec<String>,
    peers: Vec<PeerSpec>,
    /// Where states are kept, on real sockets; the disk of a simulation has no folders.
    states: Option<PathBuf>,
}

impl Part {
    /// Of a simulated test.
    pub(super) fn simulated(test: &TestSpec) -> Self {
        Self { without: test.without.clone(), peers: test.peers.clone(), states: None }
    }

    /// Of a test on real sockets, which keeps states in a folder of its own.
    pub(super) fn real(test: &TestSpec) -> io::Result<Self> {
        let number = NUMBER.fetch_add(1, Relaxed);
        let name = format!("zrig-test-{}-{number}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir(&folder)?;
        let (without, peers) = (test.without.clone(), test.peers.clone());
        Ok(Self { without, peers, states: Some(folder) })
    }

    /// Why a version cannot be simulated, where that is what is done with it.
    pub(super) fn unsimulated(&self, topology: &Topology) -> Vec<String> {
        if self.states.is_some() {
            return Vec::new();
        }
        unsimulated(&topology.without(&self.without), &self.peers)
    }

    /// What it runs of a version.
    pub(super) fn of(&self, topology: &Topology) -> Topology {
        let part = topology.without(&self.without);
        match &self.states {
            Some(folder) => part.keeping_states_in(folder),
            None => part.in_the_clear(),
        }
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        if let Some(folder) = &self.states {
            // What stays behind is in the folder for such things.
            let _ = std::fs::remove_dir_all(folder);
        }
    }
}
