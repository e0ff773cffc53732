//! Where a node's helpers on threads of their own tell what happens, under the node's name.
//!
//! Owns the words between such a thread and the log. Never waits.

use std::sync::{Arc, Mutex};

use crate::event::{Event, EventKind, Events};
use crate::lock::locked;

/// Tells events of a node from any thread.
#[derive(Clone, Debug)]
pub(super) struct Emitter {
    events: Events,
    /// The name may change while such a thread goes on.
    node: Arc<Mutex<Arc<str>>>,
}

impl Emitter {
    pub(super) fn new(events: &Events, node: &Arc<str>) -> Self {
        Self { events: events.clone(), node: Arc::new(Mutex::new(Arc::clone(node))) }
    }

    /// Tells under another name from now on, wherever it was cloned to.
    pub(super) fn rename(&self, node: &Arc<str>) {
        *locked(&self.node) = Arc::clone(node);
    }

    pub(super) fn emit(&self, kind: EventKind) {
        let node = Arc::clone(&locked(&self.node));
        self.events.emit(Event { node, socket: None, kind, repeated: 0 });
    }

    /// Tells that a file keeps the node waiting, or no longer does.
    pub(super) fn waits(&self, text: String) {
        self.emit(EventKind::FileWaits { text });
    }

    /// Tells that something could not be read or written.
    pub(super) fn failed(&self, error: String) {
        self.emit(EventKind::FileFailed { error });
    }
}
