//! What tests reached of a topology: its handlers with their branches, and its links.
//!
//! Owns the count, and how it is told.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::listing::counted;
use crate::script::Branch;
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
    branches: BTreeMap<Branch, bool>,
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
            // Of a node that a test leaves out, nothing is known.
            let ends = [reached.sockets.get(&one), reached.sockets.get(&other)];
            let mut known = ends.into_iter().flatten().peekable();
            let is_used = known.peek().is_some() && known.all(|messages| *messages > 0);
            let name = format!("{}.{} – {}.{}", one.0, one.1, other.0, other.1);
            *of.links.entry(name).or_default() |= is_used;
        }
        for (branch, passed) in &reached.branches {
            *of.branches.entry(branch.clone()).or_default() |= *passed > 0;
        }
    }

    /// A line for each topology, and below it one for each branch that no test passed.
    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        for (name, of) in &self.0 {
            let (handlers, links) = (told(&of.handlers, "handler"), told(&of.links, "link"));
            let (all, missed) = (of.branches.len(), of.missed_branches().count());
            // Writing into a String cannot fail.
            let _ = write!(text, "{name}: {handlers}, {links}");
            if all > 0 {
                let es = if all == 1 { "" } else { "es" };
                let _ = write!(text, ", {} of {all} branch{es}", all - missed);
            }
            text.push('\n');
            for branch in of.missed_branches() {
                let (path, line) = (branch.path.display(), branch.line);
                let _ = writeln!(text, "  {path}:{line}: {}", branch.arm.never());
            }
        }
        text
    }

    /// One line of JSON for each topology.
    pub(super) fn json(&self) -> Vec<Value> {
        let of_one = |(name, of): (&String, &Of)| {
            let branches: Vec<Value> = of
                .missed_branches()
                .map(|branch| {
                    json!({
                        "file": branch.path.display().to_string(),
                        "line": branch.line,
                        "column": branch.column,
                        "what": branch.arm.never(),
                    })
                })
                .collect();
            json!({"topology": name, "coverage": {
                "handlers": {"all": of.handlers.len(), "missed": missed(&of.handlers)},
                "links": {"all": of.links.len(), "missed": missed(&of.links)},
                "branches": {"all": of.branches.len(), "missed": branches},
            }})
        };
        self.0.iter().map(of_one).collect()
    }
}

impl Of {
    fn missed_branches(&self) -> impl Iterator<Item = &Branch> {
        self.branches.iter().filter(|(_, passed)| !**passed).map(|(branch, _)| branch)
    }
}

fn missed(all: &BTreeMap<String, bool>) -> Vec<&str> {
    all.iter().filter(|(_, reached)| !**reached).map(|(name, _)| name.as_str()).collect()
}

/// `3 of 4 handlers (not sink.on_stop)`
fn told(all: &BTreeMap<String, bool>, what: &str) -> String {
    let missed = missed(all);
    let mut text = format!("{} of {}", all.len() - missed.len(), counted(all.len(), what));
    if !missed.is_empty() {
        let named = missed.iter().take(NAMED).copied().collect::<Vec<_>>().join(", ");
        let more = missed.len().saturating_sub(NAMED);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let _ = write!(text, " (not {named}{more})");
    }
    text
}
