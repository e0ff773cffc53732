//! What the scripts of a topology say about themselves, by node.
//!
//! Owns which nodes share a script. Never compiles one.

use std::collections::HashMap;
use std::sync::Arc;

use crate::script::{Site, Survey, Vocabulary};
use crate::source::{SourceMap, Span};

/// The surveys of all nodes that have handlers.
#[derive(Debug)]
pub struct Surveys {
    vocabulary: Vocabulary,
    by_node: HashMap<String, Arc<Survey>>,
    /// In the order in which they came, so that findings have an order.
    nodes: Vec<String>,
}

impl Surveys {
    /// None yet; `vocabulary` is what every script may call.
    #[must_use]
    pub fn new(vocabulary: Vocabulary) -> Self {
        Self { vocabulary, by_node: HashMap::new(), nodes: Vec::new() }
    }

    /// Adds a node's; nodes with one script share one survey.
    pub fn insert(&mut self, node: String, survey: Arc<Survey>) {
        self.nodes.push(node.clone());
        self.by_node.insert(node, survey);
    }

    /// The survey of a node's handlers.
    pub(super) fn of(&self, node: &str) -> Option<&Survey> {
        self.by_node.get(node).map(Arc::as_ref)
    }

    pub(super) fn vocabulary(&self) -> &Vocabulary {
        &self.vocabulary
    }

    /// Every survey once, with the nodes that share it.
    pub(super) fn shared(&self) -> Vec<(&Survey, Vec<&str>)> {
        let mut places: HashMap<*const Survey, usize> = HashMap::new();
        let mut shared: Vec<(&Survey, Vec<&str>)> = Vec::new();
        for node in &self.nodes {
            let survey = &self.by_node[node];
            let place = *places.entry(Arc::as_ptr(survey)).or_insert_with(|| {
                shared.push((survey, Vec::new()));
                shared.len() - 1
            });
            shared[place].1.push(node);
        }
        shared
    }
}

/// The word at a site of a script.
pub(super) fn span_of(site: &Site, sources: &SourceMap) -> Option<Span> {
    let id = sources.find(&site.path)?;
    let source = sources.get(id);
    let start = source.byte(site.position?);
    Some(Span::new(id, start, source.word_end(start)))
}
