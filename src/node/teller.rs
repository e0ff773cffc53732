//! Where a node's helpers on threads of their own tell what happens, under the node's name.
//!
//! Owns the words between such a thread and the log. Never waits.

use std::sync::{Arc, Mutex};

use crate::event::{Fact, Facts, What};
use crate::lock::locked;

/// Tells facts of a node from any thread.
#[derive(Clone, Debug)]
pub(super) struct Teller {
    facts: Facts,
    /// The name may change while such a thread goes on.
    node: Arc<Mutex<Arc<str>>>,
}

impl Teller {
    pub(super) fn new(facts: &Facts, node: &Arc<str>) -> Self {
        Self { facts: facts.clone(), node: Arc::new(Mutex::new(Arc::clone(node))) }
    }

    /// Tells under another name from now on, wherever it was cloned to.
    pub(super) fn rename(&self, node: &Arc<str>) {
        *locked(&self.node) = Arc::clone(node);
    }

    pub(super) fn tell(&self, what: What) {
        let node = Arc::clone(&locked(&self.node));
        self.facts.tell(Fact { node, socket: None, what, repeated: 0 });
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
