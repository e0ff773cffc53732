//! What tests reached of a topology: its handlers and its links.
//!
//! Owns the count, and how it is told.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::topology::Topology;
use crate::trial::Reached;

/// How many that were not reached are named.
const NAMED: usize = 6;

/// What all tests of all files reached, by the name of the topology.
#[derive(Default)]
pub(super) struct Coverage(BTreeMap<String, Of>);

#[derive(Default)]
struct Of {
    /// By name, whether it was reached.
    handlers: BTreeMap<String, bool>,
    links: BTreeMap<String, bool>,
}

impl Coverage {
    /// Adds what a test reached.
    pub(super) fn add(&mut self, topology: &Topology, reached: &Reached) {
        let of = self.0.entry(topology.name.clone()).or_default();
        for ((node, handler), calls) in &reached.handlers {
            *of.handlers.entry(format!("{node}.{handler}")).or_default() |= *calls > 0;
        }
        for link in topology.links() {
            let end = |node: usize, socket: usize| {
                let node = &topology.nodes[node];
                (node.name.clone(), node.sockets[socket].name.clone())
            };
            let one = end(link.binder.node, link.binder.socket);
            let other = end(link.connecter.node, link.connecter.socket);
            let is_used = |key: &(String, String)| reached.sockets.get(key).is_some_and(|n| *n > 0);
            let name = format!("{}.{} – {}.{}", one.0, one.1, other.0, other.1);
            *of.links.entry(name).or_default() |= is_used(&one) && is_used(&other);
        }
    }

    /// A line or two for each topology.
    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        for (name, of) in &self.0 {
            // Writing into a String cannot fail.
            let _ = writeln!(
                text,
                "{name}: {}, {}",
                told(&of.handlers, "handler"),
                told(&of.links, "link")
            );
        }
        text
    }
}

/// `3 of 4 handlers (not sink.on_stop)`
fn told(all: &BTreeMap<String, bool>, what: &str) -> String {
    let missed: Vec<&str> =
        all.iter().filter(|(_, reached)| !**reached).map(|(name, _)| name.as_str()).collect();
    let s = if all.len() == 1 { "" } else { "s" };
    let mut text = format!("{} of {} {what}{s}", all.len() - missed.len(), all.len());
    if !missed.is_empty() {
        let named = missed.iter().take(NAMED).copied().collect::<Vec<_>>().join(", ");
        let more = missed.len().saturating_sub(NAMED);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let _ = write!(text, " (not {named}{more})");
    }
    text
}
