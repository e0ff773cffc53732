//! What a test file is checked against, and what is known where a step is read.
//!
//! Owns nothing but what is handed on.

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
    /// Whether some could not be read, so that what seems missing may only be misspelt.
    pub(super) has_unread_peers: bool,
}
