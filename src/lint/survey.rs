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
    /// The place of each node's in `shared`.
    by_node: HashMap<String, usize>,
    /// The place of each survey there.
    places: HashMap<*const Survey, usize>,
    /// Each once with its nodes, in the order in which they came, so that findings have an order.
    shared: Vec<(Arc<Survey>, Vec<String>)>,
}

impl Surveys {
    /// None yet; `vocabulary` is what every script may call.
    #[must_use]
    pub fn new(vocabulary: Vocabulary) -> Self {
        Self { vocabulary, by_node: HashMap::new(), places: HashMap::new(), shared: Vec::new() }
    }

    /// Adds a node's; nodes with one script share one survey.
    pub fn insert(&mut self, node: String, survey: Arc<Survey>) {
        let place = *self.places.entry(Arc::as_ptr(&survey)).or_insert(self.shared.len());
        if place == self.shared.len() {
            self.shared.push((survey, Vec::new()));
        }
        self.shared[place].1.push(node.clone());
        self.by_node.insert(node, place);
    }

    /// The survey of a node's handlers.
    pub(crate) fn of(&self, node: &str) -> Option<&Survey> {
        self.by_node.get(node).map(|&place| &*self.shared[place].0)
    }

    pub(crate) fn vocabulary(&self) -> &Vocabulary {
        &self.vocabulary
    }

    /// Every survey once, with the nodes that share it.
    pub(super) fn shared(&self) -> impl Iterator<Item = (&Survey, &[String])> {
        self.shared.iter().map(|(survey, nodes)| (&**survey, nodes.as_slice()))
    }
}

/// The word at a site of a script.
pub(super) fn span_of(site: &Site, sources: &SourceMap) -> Option<Span> {
    let id = sources.find(&site.path)?;
    let source = sources.get(id);
    let start = source.byte(site.position?);
    Some(Span::new(id, start, source.word_end(start)))
}
