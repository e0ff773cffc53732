//! The nodes' handlers, and what their `params` look up, on their way from the loader.
//!
//! Owns which node has which, or why there is none. Never reads a file.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use super::certificates::Certificates;
use crate::diagnostic::Diagnostic;
use crate::script::{Reach, ScriptText, Survey};

/// The nodes' handlers, as the loader got them.
#[derive(Default, Debug)]
pub struct Scripts {
    by_node: BTreeMap<String, Result<ScriptText, Vec<Diagnostic>>>,
    /// What the handlers of each node say about themselves.
    surveys: BTreeMap<String, Arc<Survey>>,
    /// By node and param.
    look_ups: BTreeMap<String, BTreeMap<String, Result<Value, Box<Diagnostic>>>>,
    /// What `security` and `curve` name.
    pub certificates: Certificates,
}

impl Scripts {
    /// Puts a node's handlers in, or why there are none.
    pub fn insert(&mut self, node: String, script: Result<ScriptText, Vec<Diagnostic>>) {
        self.by_node.insert(node, script);
    }

    /// Puts in what a node's handlers say about themselves.
    pub fn insert_survey(&mut self, node: String, survey: Arc<Survey>) {
        self.surveys.insert(node, survey);
    }

    /// What a node's handlers may do with the endpoints of a socket, `alone` where it has no other;
    /// nothing where they do not compile.
    pub(super) fn reach(&self, node: &str, socket: &str, alone: bool) -> Option<Reach> {
        if self.by_node.get(node).is_some_and(Result::is_err) {
            return None;
        }
        let survey = self.surveys.get(node);
        Some(survey.map(|survey| survey.reach(socket, alone)).unwrap_or_default())
    }

    pub(super) fn of(&self, node: &str) -> Option<&ScriptText> {
        self.by_node.get(node).and_then(|script| script.as_ref().ok())
    }

    pub(super) fn faults(&self) -> impl Iterator<Item = &Diagnostic> {
        let scripts = self.by_node.values().filter_map(|script| script.as_ref().err()).flatten();
        let look_ups = self.look_ups.values().flat_map(BTreeMap::values);
        scripts.chain(look_ups.filter_map(|value| value.as_ref().err()).map(AsRef::as_ref))
    }

    /// Puts in what a file has for a param, or why it has nothing.
    pub fn insert_look_up(
        &mut self,
        node: &str,
        param: &str,
        value: Result<Value, Box<Diagnostic>>,
    ) {
        self.look_ups.entry(node.to_owned()).or_default().insert(param.to_owned(), value);
    }

    /// The params of a node that come from files, with what is there.
    pub(super) fn looked_up(&self, node: &str) -> impl Iterator<Item = (&String, &Value)> {
        let values = self.look_ups.get(node).into_iter().flatten();
        values.filter_map(|(param, value)| Some((param, value.as_ref().ok()?)))
    }
}
