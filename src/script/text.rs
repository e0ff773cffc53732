//! A node's handlers as text, with the way back to where each line was written.
//!
//! Owns how inline handlers become one script. Never compiles: the engine does.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::source::Position;

/// All the text that a node's handlers are compiled from; comparing two tells whether a reload
/// has to swap them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ScriptText {
    /// The script's file, or the topology file for inline handlers, as shown in messages.
    pub path: PathBuf,
    /// Where they were written.
    pub handlers: Handlers,
    /// Every module that the script imports, directly or not, by its path relative to the
    /// topology's folder.
    pub modules: BTreeMap<PathBuf, Arc<str>>,
}

/// Where handlers were written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Handlers {
    /// In a script file, which defines functions.
    File(Arc<str>),
    /// In the topology file: one body a handler.
    Inline(Vec<HandlerText>),
}

/// One inline handler.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct HandlerText {
    /// Its key, such as `on_message`.
    pub name: String,
    /// Its body.
    pub body: Arc<str>,
    /// For each line of the body, where that line begins in the topology file.
    pub lines: Vec<Position>,
}

impl ScriptText {
    /// A script of one inline handler, which imports nothing.
    pub(super) fn of_one(path: &Path, handler: HandlerText) -> Self {
        Self {
            path: path.to_owned(),
            handlers: Handlers::Inline(vec![handler]),
            modules: BTreeMap::new(),
        }
    }

    /// Whether two scripts have the same text, wherever in a file it stands.
    #[must_use]
    pub fn says_the_same(&self, other: &Self) -> bool {
        let bodies = |text: &Self| match &text.handlers {
            Handlers::File(script) => vec![(String::new(), script.clone())],
            Handlers::Inline(handlers) => handlers
                .iter()
                .map(|handler| (handler.name.clone(), handler.body.clone()))
                .collect(),
        };
        bodies(self) == bodies(other)
    }
}
