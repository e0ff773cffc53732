//! From a document to a topology that cannot be wrong.
//!
//! Owns every rule that stops a run, and tells all faults at once, each with its places. Never
//! reads a file: the loader hands the scripts in. What is unwise but runs is `lint/`'s.

mod attach;
mod begin;
mod certificates;
mod counts;
mod curve;
mod defaults;
mod forward;
mod gate;
mod handlers;
mod keys;
pub mod known;
mod lines;
mod name;
mod node;
mod option;
mod options;
mod places;
mod plain;
mod program;
mod publish;
pub(crate) mod reading;
mod report;
mod resolve;
mod scripts;
mod secure;
mod security;
mod semantics;
mod socket;
mod unresolved;
pub(crate) mod value;

use crate::diagnostic::{Code, Diagnostic};
use crate::document::{Document, Mapping, Node};

use super::checked::Topology;
use super::spec::TopologySpec;

pub use certificates::Certificates;
pub use handlers::{InlineHandler, WantedHandlers, WantedScript, wanted_scripts};

use defaults::Defaults;
pub use name::names_an_event;
use report::Report;
pub use scripts::Scripts;
use unresolved::UnresolvedNode;

#[cfg(test)]
pub(super) mod tests;

/// What came of checking a document.
#[derive(Debug)]
pub struct Checked {
    /// The topology, if no fault stops a run.
    pub topology: Option<Topology>,
    /// All faults, in the order of the text.
    pub diagnostics: Vec<Diagnostic>,
}

/// Checks a document; `scripts` holds what [`wanted_scripts`] asked for.
#[must_use]
pub fn check(document: &Document, scripts: &Scripts) -> Checked {
    let mut report = Report::new(document);
    for fault in document.faults().iter().chain(scripts.faults()) {
        report.add(fault.clone());
    }
    let spec = read_top(document, scripts, &mut report);
    let is_sound = !report.has_error();
    let diagnostics = report.finish();
    Checked { topology: spec.filter(|_| is_sound).map(Topology::new), diagnostics }
}

/// What a document says as far as it can be read, faults or not: nothing that could run.
pub(super) fn as_far_as_written(document: &Document) -> Option<TopologySpec> {
    read_top(document, &Scripts::default(), &mut Report::new(document))
}

fn read_top(
    document: &Document,
    scripts: &Scripts,
    report: &mut Report<'_>,
) -> Option<TopologySpec> {
    let root = document.root();
    let Some(top) = root.as_mapping() else {
        report_shapeless(root, report);
        return None;
    };
    keys::check(top, &[keys::TOP], "a topology", report);
    check_version(top, report);
    let stem = document.source().path().file_stem().unwrap_or_default();
    let name = top.get("name").and_then(|value| value::text("name", value, report));
    let description = top.get("description").and_then(|d| value::text("description", d, report));
    let defaults = top.get("defaults").map(|d| Defaults::read(d, report)).unwrap_or_default();
    let security = top.entry("security").and_then(|entry| curve::read_security(entry, report));
    let places = places::read(top, report);
    let context = node::Context { scripts, defaults: &defaults, places: &places };
    let unresolved = read_nodes(top, root, &context, report);
    let resolved = resolve::resolve(&unresolved, report);
    semantics::check(&unresolved, report);
    program::check_endpoints(&unresolved, &resolved, report);
    let written = secure::written(&unresolved);
    let mut spec = TopologySpec {
        name: name.unwrap_or_else(|| stem.to_string_lossy().into_owned()),
        description,
        places: places.specs.clone(),
        here: None,
        exchanges: Vec::new(),
        nodes: unresolved::into_specs(unresolved, resolved),
    };
    if !report.has_error() {
        places::check(&spec, &written, &places, report);
    }
    if !report.has_error() {
        secure::secure(&mut spec, &written, security.as_ref(), &scripts.certificates, report);
    }
    for fault in &scripts.certificates.faults {
        report.add(fault.clone());
    }
    if !report.has_error() {
        counts::check(&spec, &written, report);
    }
    Some(spec)
}

fn report_shapeless(root: &Node, report: &mut Report<'_>) {
    if root.is_faulty() {
        return;
    }
    report.add(
        Diagnostic::new(Code::WrongType, "a topology is a map")
            .at(root.span, format!("this is {}", root.describe()))
            .help("start with `nodes:` and the nodes indented below it"),
    );
}

fn check_version(top: &Mapping, report: &mut Report<'_>) {
    let Some(version) = top.get("version").filter(|version| !version.is_faulty()) else { return };
    if version.as_scalar().and_then(|scalar| scalar.as_integer()) != Some(1) {
        let fault = Diagnostic::new(Code::UnknownWord, "there is one version of the format, 1")
            .at(version.span, format!("this is {}", version.describe()))
            .help("write `version: 1`, or leave it out");
        report.add_with_fix(fault, version.span, "1");
    }
}

fn read_nodes<'d>(
    top: &'d Mapping,
    root: &Node,
    context: &node::Context<'d>,
    report: &mut Report<'_>,
) -> Vec<UnresolvedNode> {
    let Some(nodes) = top.entry("nodes") else {
        if keys::stands_for(top, "nodes", &[keys::TOP]) {
            return Vec::new();
        }
        report.add(
            Diagnostic::new(Code::MissingKey, "there are no nodes")
                .at(report::first_line(root.span, report.source()), "no `nodes` in this file")
                .help("declare at least one node under `nodes:`"),
        );
        return Vec::new();
    };
    // Nodes that stand beside it instead of below are told where they are.
    let beside = |entry: &&crate::document::Entry| {
        entry.value.as_mapping().is_some_and(|node| node.get("role").is_some())
    };
    if nodes.value.is_null() && top.entries.iter().find(beside).is_some() {
        return Vec::new();
    }
    let Some(mapping) = value::map("nodes", &nodes.value, report) else { return Vec::new() };
    if mapping.entries.is_empty() {
        report.add(
            Diagnostic::new(Code::MissingKey, "there are no nodes")
                .at(nodes.key.span, "nothing below it")
                .help("declare at least one node under `nodes:`"),
        );
    }
    let entries = mapping.entries.iter();
    entries.filter_map(|entry| node::read(entry, context, report)).collect()
}
