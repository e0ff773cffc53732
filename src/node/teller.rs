//! Where a node's helpers on threads of their own tell what happens, under the node's name.
//!
//! Owns the words between such a thread and the log. Never waits.

use std::sync::Arc;

use crate::event::{Fact, Facts, What};

/// Tells facts of a node from any thread.
#[derive(Clone, Debug)]
pub(super) struct Teller {
    facts: Facts,
    node: Arc<str>,
}

impl Teller {
    pub(super) fn new(facts: &Facts, node: &Arc<str>) -> Self {
        Self { facts: facts.clone(), node: Arc::clone(node) }
    }

    pub(super) fn tell(&self, what: What) {
        self.facts.tell(Fact { node: Arc::clone(&self.node), socket: None, what, repeated: 0 });
    }

    /// Tells that a file keeps the node waiting, or no longer does.
    pub(super) fn waits(&self, text: String) {
        self.tell(What::FileWaits { text });
    }

    /// Tells that something could not be read or written.
    pub(super) fn failed(&self, error: String) {
        self.tell(What::FileFailed { error });
    }
}
