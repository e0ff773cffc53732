//! Files that one part of a topology would write while another uses them.
//!
//! Owns the texts of the topology itself, and what `read`, `write` and `persist` name. Never opens a
//! file.

use std::path::{Path, PathBuf};

use crate::diagnostic::{Code, Diagnostic};
use crate::source::Span;
use crate::topology::{FileSpec, NodeSpec};

use super::subject::Graph;

pub(super) fn check(graph: &Graph<'_>, findings: &mut Vec<Diagnostic>) {
    for (writer, node) in graph.topology.nodes.iter().enumerate() {
        if let Some(path) = sink_of(node) {
            let place = file_of(graph, writer, "write");
            findings.extend(check_texts(graph, "write", path, place));
            findings.extend(check_sources(graph, path, place));
        }
        if node.persist.is_some() {
            check_state(graph, writer, findings);
        }
    }
}

fn sink_of(node: &NodeSpec) -> Option<&Path> {
    path_of(node.write.as_ref().map(|write| &write.file))
}

fn source_of(node: &NodeSpec) -> Option<&Path> {
    path_of(node.read.as_ref().map(|read| &read.file))
}

fn path_of(file: Option<&FileSpec>) -> Option<&Path> {
    match file? {
        FileSpec::Path(path) => Some(path),
        FileSpec::Standard => None,
    }
}

/// Where a node names the file of one of its keys.
fn file_of(graph: &Graph<'_>, node: usize, key: &str) -> Span {
    let value = graph.written.node_key(node, key).map(|entry| &entry.value);
    let file =
        value.map(|value| value.as_mapping().and_then(|map| map.get("file")).unwrap_or(value));
    file.map_or_else(|| graph.written.node(node), |file| file.span)
}

fn check_texts(graph: &Graph<'_>, key: &str, path: &Path, place: Span) -> Option<Diagnostic> {
    let is_same = graph.subject.is_same_file;
    let mut texts = graph.subject.sources.iter().map(|(_, source)| source.path());
    let text = texts.find(|text| is_same(text, path))?;
    let message = format!("`{key}` would destroy {}", text.display());
    Some(
        Diagnostic::new(Code::FileInUse, message)
            .at(place, "written here")
            .because("the file is part of this topology, which is read again after each change")
            .help("write another file"),
    )
}

fn check_sources(graph: &Graph<'_>, path: &Path, place: Span) -> Option<Diagnostic> {
    let is_same = graph.subject.is_same_file;
    let reads = |node: &NodeSpec| source_of(node).is_some_and(|read| is_same(read, path));
    let reader = graph.topology.nodes.iter().position(|node| reads(node))?;
    let name = &graph.topology.nodes[reader].name;
    let message = format!("`write` goes into the file that `{name}` reads");
    Some(
        Diagnostic::new(Code::FileInUse, message)
            .at(place, "written here")
            .at(file_of(graph, reader, "read"), "read here")
            .because("what is read is emptied at the start, or grows as fast as it is read")
            .help("write another file; nodes pass messages on by their sockets"),
    )
}

/// A state is its node's alone: another version of it takes the file's place again and again.
fn check_state(graph: &Graph<'_>, keeper: usize, findings: &mut Vec<Diagnostic>) {
    let is_same = graph.subject.is_same_file;
    let states: Vec<PathBuf> = graph.topology.nodes[keeper].states().collect();
    let place = file_of(graph, keeper, "persist");
    let is_kept = |path: &Path| states.iter().any(|state| is_same(state, path));
    findings.extend(states.iter().find_map(|state| check_texts(graph, "persist", state, place)));
    for (other, node) in graph.topology.nodes.iter().enumerate() {
        let uses = [
            (source_of(node).is_some_and(is_kept), "read", "reads"),
            (sink_of(node).is_some_and(is_kept), "write", "writes"),
            (
                other < keeper && node.states().any(|state| is_kept(&state)),
                "persist",
                "keeps its state in",
            ),
        ];
        for (_, key, does) in uses.into_iter().filter(|(is_used, ..)| *is_used) {
            let message = format!("`persist` names the file that `{}` {does}", node.name);
            findings.push(
                Diagnostic::new(Code::FileInUse, message)
                    .at(place, "a state is kept here")
                    .at(file_of(graph, other, key), "the same file")
                    .because("each version of the state takes the place of the whole file")
                    .help("give each a file of its own"),
            );
        }
    }
}
