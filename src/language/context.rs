//! What stands at a place of a file: which key, which value, which script and where in it.
//!
//! Owns finding that out, also in a text that does not parse. Never says what could stand there.

use std::borrow::Cow;
use std::ops::Range;
use std::path::Path;

use super::body::Body;
use super::outline::{Node, Outline};
use super::project::Project;
use super::tree::{Entry, Kind, Value};
use crate::document::{Style, is_handler_key};

/// What stands for the word that is about to be written.
pub(super) const CURSOR: &str = "zrig0cursor0";

/// A key or a value, with the keys that lead to it.
pub(super) struct Spot<'v> {
    /// The keys, lists looked through; of a key without itself.
    pub(super) path: Vec<&'v str>,
    pub(super) what: What<'v>,
}

/// What a spot is.
pub(super) enum What<'v> {
    /// A key, in this mapping.
    Key(&'v Entry, &'v Value),
    /// A value, and the mapping of the key that it has.
    Value(&'v Value),
}

/// Finds the innermost key or value that touches a byte.
pub(super) fn spot<'v>(text: &'v str, tree: &'v Value, byte: usize) -> Option<Spot<'v>> {
    let mut path = Vec::new();
    let what = find(text, tree, byte, &mut path)?;
    Some(Spot { path, what })
}

fn touches(span: &Range<usize>, byte: usize) -> bool {
    span.start <= byte && byte <= span.end
}

fn find<'v>(
    text: &'v str,
    value: &'v Value,
    byte: usize,
    path: &mut Vec<&'v str>,
) -> Option<What<'v>> {
    match &value.kind {
        Kind::Mapping(entries) => entries.iter().find_map(|entry| {
            if touches(&entry.key, byte) {
                return Some(What::Key(entry, value));
            }
            path.push(&text[entry.key.clone()]);
            let found = find(text, &entry.value, byte, path);
            if found.is_none() {
                path.pop();
            }
            found
        }),
        Kind::Sequence(items) => items.iter().find_map(|item| find(text, item, byte, path)),
        Kind::Empty | Kind::Scalar(..) | Kind::Alias(_) => {
            touches(&value.span, byte).then_some(What::Value(value))
        }
    }
}

/// A place in a script: a file of its own, or a handler in a topology.
pub(super) struct InScript<'o> {
    pub(super) body: Body,
    /// Which byte of the body it is.
    pub(super) at: usize,
    /// The handler, where its head is not in the text.
    pub(super) handler: Option<String>,
    pub(super) nodes: Vec<&'o Node>,
}

/// The script at a byte of a file, if there is one.
pub(super) fn in_script<'o>(
    project: &Project<'_>,
    outline: &'o Outline<'_>,
    path: &Path,
    byte: usize,
) -> Option<InScript<'o>> {
    if !project.is_topology(path) {
        let file = project.file(path)?;
        let nodes = project.nodes_of(path, outline);
        return Some(InScript { body: Body::of_file(file.text), at: byte, handler: None, nodes });
    }
    let node = outline.node_at(byte)?;
    let (name, body) = node.handlers.iter().find(|(_, body)| body.contains(byte))?;
    let handler = Some(outline.text[name.clone()].to_owned());
    let at = body.body_byte(byte);
    Some(InScript { body: body.clone(), at, handler, nodes: vec![node] })
}

/// A topology's text with a word put in where one is about to be written.
pub(super) fn with_cursor(text: &str, byte: usize) -> String {
    [&text[..byte], CURSOR, &text[byte..]].concat()
}

/// What is about to be written.
pub(super) enum Writing<'v> {
    /// A key of the map that the path leads to.
    Key {
        path: Vec<&'v str>,
        /// The keys that are there.
        present: Vec<&'v str>,
        entry: Option<&'v Entry>,
    },
    /// The value of the last key of the path.
    Value { path: Vec<&'v str> },
}

/// What is about to be written at the cursor of a text that has one, and the bytes that it replaces,
/// the cursor's own included.
pub(super) fn writing<'v>(
    text: &'v str,
    tree: &'v Value,
    cursor: usize,
) -> Option<(Writing<'v>, Range<usize>)> {
    let Spot { path, what } = spot(text, tree, cursor + 1)?;
    match what {
        What::Key(entry, mapping) => {
            let word = &text[entry.key.clone()];
            if !word.contains(CURSOR) || word.contains([':', ' ']) {
                return None;
            }
            let keys = mapping.entries().iter().map(|entry| &text[entry.key.clone()]);
            let present = keys.filter(|key| !key.contains(CURSOR)).collect();
            Some((Writing::Key { path, present, entry: Some(entry) }, entry.key.clone()))
        }
        What::Value(value) => {
            let inner = value.inner()?;
            let word = &text[inner.clone()];
            if !word.contains(CURSOR) || word.contains('\n') {
                return None;
            }
            let is_block = matches!(value.kind, Kind::Scalar(Style::Literal | Style::Folded, _));
            let is_body = path.len() == 3 && path[0] == "nodes" && is_handler_key(path[2]);
            if is_block || is_body {
                return None;
            }
            let line_start = text[..inner.start].rfind('\n').map_or(0, |at| at + 1);
            let is_alone = text[line_start..inner.start].trim().is_empty();
            let is_plain = matches!(value.kind, Kind::Scalar(Style::Plain, _));
            // A word on a line of its own begins a map, where one can stand.
            let writing = if is_alone && is_plain && !super::shape::keys(&path).is_empty() {
                Writing::Key { path, present: Vec::new(), entry: None }
            } else {
                Writing::Value { path }
            };
            Some((writing, inner))
        }
    }
}

/// The part of a comment's line before a byte, if the byte is in a comment that silences findings.
pub(super) fn allow_before(text: &str, byte: usize) -> Option<Cow<'_, str>> {
    let start = text[..byte].rfind('\n').map_or(0, |at| at + 1);
    let (_, behind) = text[start..byte].rsplit_once("zrig: allow ")?;
    behind.chars().all(|c| c.is_ascii_alphanumeric()).then_some(Cow::Borrowed(behind))
}
