//! Files that one part of a topology would write while another reads them.
//!
//! Owns the texts of the topology itself and what `read` reads. Never opens a file.

use std::path::Path;

use crate::diagnostic::{Code, Diagnostic};
use crate::source::Span;
use crate::topology::FileSpec;

use super::subject::Graph;

pub(super) fn check(graph: &Graph<'_>, findings: &mut Vec<Diagnostic>) {
    for (writer, node) in graph.topology.nodes.iter().enumerate() {
        let Some(FileSpec::Path(path)) = node.write.as_ref().map(|write| &write.file) else {
            continue;
        };
        let place = file_of(graph, writer, "write");
        findings.extend(check_texts(graph, path, place));
        findings.extend(check_sources(graph, path, place));
    }
}

/// Where a node names the file of its `read` or `write`.
fn file_of(graph: &Graph<'_>, node: usize, key: &str) -> Span {
    let entry = graph.written.node_key(node, key);
    let file = entry.and_then(|entry| entry.value.as_mapping()?.get("file"));
    file.map_or_else(|| graph.written.node(node), |file| file.span)
}

fn check_texts(graph: &Graph<'_>, path: &Path, place: Span) -> Option<Diagnostic> {
    let is_same = graph.subject.is_same_file;
    let mut texts = graph.subject.sources.iter().map(|(_, source)| source.path());
    let text = texts.find(|text| is_same(text, path))?;
    let message = format!("`write` would destroy {}", text.display());
    Some(
        Diagnostic::new(Code::FileInUse, message)
            .at(place, "written here")
            .because("the file is part of this topology, which is read again after each change")
            .help("write another file"),
    )
}

fn check_sources(graph: &Graph<'_>, path: &Path, place: Span) -> Option<Diagnostic> {
    let reads = |file: Option<&FileSpec>| matches!(file, Some(FileSpec::Path(read)) if (graph.subject.is_same_file)(read, path));
    let mut nodes = graph.topology.nodes.iter();
    let reader = nodes.position(|node| reads(node.read.as_ref().map(|read| &read.file)))?;
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
