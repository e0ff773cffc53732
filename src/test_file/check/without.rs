//! `without`: nodes that do not run in a test.
//!
//! Owns which those are. What the others connect to stays where it was: a peer can be there.

use crate::diagnostic::{Code, Diagnostic};
use crate::document::Mapping;
use crate::nearest::one_of;
use crate::topology::Topology;
use crate::topology::reading::{Report, shorten, value};

/// Reads the names.
pub(super) fn read(
    test: &Mapping,
    topology: Option<&Topology>,
    report: &mut Report<'_>,
) -> Vec<String> {
    let Some(node) = test.get("without") else { return Vec::new() };
    let mut names = Vec::new();
    for item in value::one_or_many(node) {
        let Some(name) = value::text("without", item, report) else { continue };
        let Some(topology) = topology.filter(|topology| topology.node(&name).is_none()) else {
            names.push(name);
            continue;
        };
        let known = || topology.nodes.iter().map(|node| node.name.as_str());
        let message = format!("there is no node `{}`", shorten(&name));
        let fault = Diagnostic::new(Code::UnknownNode, message).at(item.span, "no such name");
        match report.nearest(&name, known()) {
            Some(meant) => {
                report.add_with_fix(fault.help(meant.question()), item.span, meant.first());
            }
            None => report.add(fault.help(format!("the nodes are {}", one_of(known())))),
        }
    }
    names
}

/// The topology without them; nothing where it is the whole one.
pub(super) fn part(without: &[String], topology: Option<&Topology>) -> Option<Topology> {
    topology.filter(|_| !without.is_empty()).map(|topology| topology.without(without))
}
