//! The nodes' handlers on their way from the loader.
//!
//! Owns which node has which, or why there are none. Never reads a file.

use std::collections::BTreeMap;

use crate::diagnostic::Diagnostic;
use crate::script::ScriptText;

/// The nodes' handlers, as the loader got them.
#[derive(Default, Debug)]
pub struct Scripts {
    by_node: BTreeMap<String, Result<ScriptText, Vec<Diagnostic>>>,
}

impl Scripts {
    /// Puts a node's handlers in, or why there are none.
    pub fn insert(&mut self, node: String, script: Result<ScriptText, Vec<Diagnostic>>) {
        self.by_node.insert(node, script);
    }

    pub(super) fn of(&self, node: &str) -> Option<&ScriptText> {
        self.by_node.get(node).and_then(|script| script.as_ref().ok())
    }

    pub(super) fn faults(&self) -> impl Iterator<Item = &Diagnostic> {
        self.by_node.values().filter_map(|script| script.as_ref().err()).flatten()
    }
}
