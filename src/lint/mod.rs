//! What runs but is unwise, and what a script says that cannot work.
//!
//! Owns the warnings: whole-graph rules about what ZeroMQ will do, and rules about handlers, each
//! with its places, why, and what to do. Never reads a file and never refuses what is only
//! unusual: whatever it says can be silenced where it stands, unless it is an error.
//!
//! One file a subject, one `check_…` function a rule. `allow` silences findings.

mod agreement;
mod allow;
mod authentication;
mod endpoints;
mod files;
mod filters;
mod handlers;
mod marks;
mod options;
mod peers;
mod sends;
mod survey;
mod words;
mod written;

use std::collections::HashMap;
use std::path::Path;

use crate::diagnostic::{Diagnostic, in_order};
use crate::document::Document;
use crate::source::SourceMap;
use crate::topology::{Link, NodeSpec, Topology};

pub use survey::Surveys;

use written::Written;

/// What there is to look at.
#[derive(Clone, Copy)]
pub struct Subject<'a> {
    /// The file as written.
    pub document: &'a Document,
    /// What it means, where no fault stands in the way.
    pub topology: Option<&'a Topology>,
    /// What the nodes' scripts say about themselves.
    pub surveys: &'a Surveys,
    /// Every text that was read.
    pub sources: &'a SourceMap,
    /// Whether something that is no socket lies at a path.
    pub is_taken: &'a dyn Fn(&str) -> bool,
    /// Whether two paths are the same file, and one with an end.
    pub is_same_file: &'a dyn Fn(&Path, &Path) -> bool,
}

impl std::fmt::Debug for Subject<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Subject").field("topology", &self.topology).finish_non_exhaustive()
    }
}

/// Everything that is unwise, in the order of the text, what the file allows left out.
#[must_use]
pub fn lint(subject: &Subject<'_>) -> Vec<Diagnostic> {
    let mut findings = Vec::new();
    words::check(subject, &mut findings);
    if let Some(topology) = subject.topology {
        let graph = Graph {
            topology,
            links: topology.links(),
            places: topology.places(),
            written: Written::new(subject.document, topology),
            subject: *subject,
        };
        graph.check(&mut findings);
    }
    allow::silence(in_order(findings), subject.sources, subject.topology.is_some())
}

/// A checked topology with its links and its places.
struct Graph<'a> {
    topology: &'a Topology,
    links: &'a [Link],
    places: HashMap<&'a str, usize>,
    written: Written<'a>,
    subject: Subject<'a>,
}

impl<'a> Graph<'a> {
    /// The nodes of these names.
    fn nodes(&self, names: &[&str]) -> Vec<&'a NodeSpec> {
        let places = names.iter().filter_map(|name| self.places.get(name));
        places.map(|&place| &*self.topology.nodes[place]).collect()
    }

    fn check(&self, findings: &mut Vec<Diagnostic>) {
        marks::check(self, findings);
        filters::check(self, findings);
        peers::check(self, findings);
        agreement::check(self, findings);
        endpoints::check(self, findings);
        files::check(self, findings);
        options::check(self, findings);
        authentication::check(self, findings);
        handlers::check(self, findings);
        sends::check(self, findings);
    }
}
