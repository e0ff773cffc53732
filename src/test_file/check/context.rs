//! What a test file is checked against, and what is known where a step is read.
//!
//! Owns nothing but what is handed on.

use std::collections::HashMap;
use std::rc::Rc;

use super::super::spec::PeerSpec;
use crate::lint::Surveys;
use crate::script::Engine;
use crate::topology::Topology;

/// What a test file is checked against.
#[derive(Clone, Copy, Debug)]
pub struct Tested<'t> {
    /// The topology that it tests; without one, names are not looked up.
    pub topology: Option<&'t Topology>,
    /// What its handlers say of themselves.
    pub surveys: Option<&'t Surveys>,
}

/// What reading a step needs besides the step.
pub(super) struct Context<'c> {
    pub(super) tested: Tested<'c>,
    pub(super) engine: &'c Rc<Engine>,
    /// The peers of the test.
    pub(super) peers: &'c [PeerSpec],
    /// Their places, by name.
    by_name: HashMap<&'c str, usize>,
    /// Whether some could not be read, so that what seems missing may only be misspelt.
    pub(super) has_unread_peers: bool,
}

impl<'c> Context<'c> {
    pub(super) fn new(
        tested: Tested<'c>,
        engine: &'c Rc<Engine>,
        peers: &'c [PeerSpec],
        has_unread_peers: bool,
    ) -> Self {
        let named = peers.iter().enumerate().map(|(at, peer)| (peer.name.as_str(), at));
        Self { tested, engine, peers, by_name: named.collect(), has_unread_peers }
    }

    /// The peer of that name.
    pub(super) fn peer(&self, name: &str) -> Option<&'c PeerSpec> {
        self.by_name.get(name).map(|at| &self.peers[*at])
    }
}
