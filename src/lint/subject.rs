//! What the rules look at.
//!
//! Owns how a checked topology is laid out for them. Never has a rule.

use std::collections::HashMap;
use std::path::Path;

use crate::document::Document;
use crate::source::SourceMap;
use crate::topology::{Link, LinkEnd, NodeSpec, Topology};

use super::survey::Surveys;
use super::written::Written;

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

/// A checked topology with its links and its places.
pub(super) struct Graph<'a> {
    pub(super) topology: &'a Topology,
    pub(super) links: &'a [Link],
    /// Of each socket its links, by their places.
    of_socket: HashMap<LinkEnd, Vec<usize>>,
    pub(super) places: HashMap<&'a str, usize>,
    pub(super) written: Written<'a>,
    pub(super) subject: Subject<'a>,
}

impl<'a> Graph<'a> {
    /// What there is to look at where no fault stands in the way.
    pub(super) fn new(subject: Subject<'a>, topology: &'a Topology) -> Self {
        let links = topology.links();
        let mut of_socket: HashMap<LinkEnd, Vec<usize>> = HashMap::new();
        for (at, link) in links.iter().enumerate() {
            of_socket.entry(link.connecter).or_default().push(at);
            if link.binder != link.connecter {
                of_socket.entry(link.binder).or_default().push(at);
            }
        }
        Self {
            topology,
            links,
            of_socket,
            places: topology.positions(),
            written: Written::new(subject.document, topology),
            subject,
        }
    }

    /// The links of a socket inside the file, in their order.
    pub(super) fn links_of(&self, end: LinkEnd) -> impl Iterator<Item = &'a Link> {
        self.of_socket.get(&end).into_iter().flatten().map(|&at| &self.links[at])
    }

    /// The nodes of these names.
    pub(super) fn nodes(&self, names: &[String]) -> Vec<&'a NodeSpec> {
        let places = names.iter().filter_map(|name| self.places.get(name.as_str()));
        places.map(|&place| &*self.topology.nodes[place]).collect()
    }
}
