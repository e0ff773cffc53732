//! What a node that ends leaves to the one that takes its place: on another thread, or under
//! another name.
//!
//! Owns the state of its handlers, what they have bound, its source and its sink on their way. They are taken when the
//! successor begins to work, so that one that never does leaves them to the next. Never opens a file.

use std::sync::{Arc, Mutex};

use super::files::Files;
use crate::lock::locked;
use crate::script::SavedState;
use crate::topology::NodeSpec;

/// What a node leaves behind.
#[derive(Clone, Debug)]
pub struct Legacy {
    /// What the node was.
    spec: Arc<NodeSpec>,
    /// The state of its handlers.
    pub(super) state: Option<SavedState>,
    /// What its handlers have bound: the name of the socket, and the endpoint.
    pub(super) bound: Vec<(String, String)>,
    files: Arc<Mutex<Files>>,
}

impl Legacy {
    /// What a node of that spec leaves.
    pub(super) fn of(
        spec: &Arc<NodeSpec>,
        state: Option<SavedState>,
        bound: Vec<(String, String)>,
        files: Files,
    ) -> Self {
        Self { spec: Arc::clone(spec), state, bound, files: Arc::new(Mutex::new(files)) }
    }

    /// Whether there is a source that goes on as that of this node.
    pub(super) fn has_source(&self, of: &NodeSpec) -> bool {
        self.spec.keeps_source(of) && locked(&self.files).has_source()
    }

    /// Whether there is a sink that goes on as that of this node.
    pub(super) fn has_sink(&self, of: &NodeSpec) -> bool {
        self.spec.keeps_sink(of) && locked(&self.files).has_sink()
    }

    /// The source and the sink, as far as they go on as those of this node.
    pub(super) fn take_files(&self, of: &NodeSpec) -> Files {
        locked(&self.files).take(self.spec.keeps_source(of), self.spec.keeps_sink(of))
    }
}
