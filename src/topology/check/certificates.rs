//! The certificates and users of a topology on their way from the loader.
//!
//! Owns which node has which, and who else may come. Never reads a file.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::diagnostic::Diagnostic;
use crate::security::{PublicKey, Users};
use crate::topology::curve::NodeKey;

/// What lies in the files that a topology names.
#[derive(Default, Debug)]
pub struct Certificates {
    /// Of each node that has one; nothing where it is faulty, which is told with it.
    pub nodes: BTreeMap<String, Option<NodeKey>>,
    /// Who may come from elsewhere, with their names.
    pub allowed: BTreeMap<PublicKey, Arc<str>>,
    /// Of servers elsewhere, by the path as written.
    pub servers: BTreeMap<String, Option<PublicKey>>,
    /// Those of PLAIN servers, by the path as written; nothing where the file is faulty.
    pub users: BTreeMap<String, Option<Users>>,
    /// What is wrong with any of them.
    pub faults: Vec<Diagnostic>,
}
