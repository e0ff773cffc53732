//! ZPL, the ZeroMQ Property Language of RFC 4, into a tree.
//!
//! Owns its form: names by indentation of four, `name = value`. Never knows what a name means.

use std::sync::Arc;

use crate::diagnostic::{Code, Diagnostic};
use crate::document::{Entry, Key, Kind, Mapping, Node, Scalar, Style};
use crate::source::{SourceId, Span};
use crate::visible::visible;

/// How far names of one level stand to the right of those above them.
const STEP: usize = 4;
/// How deep names may be in each other.
const DEEPEST: usize = 32;
/// After so many faults it is no ZPL, and nobody reads on.
const MOST: usize = 5;

/// A line with a name.
struct Line {
    depth: usize,
    entry: Entry,
}

/// Reads a text.
///
/// # Errors
///
/// Every line that is no ZPL, with its place.
pub(super) fn parse(id: SourceId, text: &str) -> Result<Node, Vec<Diagnostic>> {
    let mut lines = Vec::new();
    let mut faults = Vec::new();
    let mut start = 0;
    for raw in text.split_inclusive('\n') {
        match line(id, raw.trim_end_matches(['\n', '\r']), start) {
            Ok(read) => lines.extend(read),
            Err(fault) => faults.push(*fault),
        }
        if faults.len() == MOST {
            return Err(faults);
        }
        start += raw.len();
    }
    let mut above = None;
    for line in &lines {
        let most = above.map_or(0, |above: usize| above + 1);
        if line.depth > most.min(DEEPEST) {
            faults.push(bad(
                line.entry.key.span,
                "this stands further to the right than the name above",
            ));
        }
        above = Some(line.depth);
    }
    if !faults.is_empty() {
        return Err(faults);
    }
    let span = Span::new(id, 0, text.len());
    let mut lines = lines.into_iter().peekable();
    Ok(Node { kind: Kind::Mapping(level(&mut lines, 0)), span })
}

fn bad(at: Span, what: &str) -> Diagnostic {
    Diagnostic::new(Code::WrongType, format!("this is neither JSON nor ZPL: {what}"))
        .at(at, "here")
        .help(
            "JSON begins with `{`; ZPL has a name a line, `name = value`, and what belongs to a name \
             stands four spaces to its right",
        )
}

fn line(id: SourceId, raw: &str, start: usize) -> Result<Option<Line>, Box<Diagnostic>> {
    let body = raw.trim_start_matches(' ');
    let indent = raw.len() - body.len();
    if body.trim().is_empty() || body.starts_with('#') {
        return Ok(None);
    }
    let whole = Span::new(id, start + indent, start + raw.trim_end().len());
    if !indent.is_multiple_of(STEP) {
        return Err(Box::new(bad(whole, "it is not indented by fours")));
    }
    let (name, value) = match body.split_once('=') {
        Some((name, value)) => (name, Some(value)),
        None => (body.split_once('#').map_or(body, |(name, _)| name), None),
    };
    let name = name.trim_end();
    let is_name = |c: char| c.is_ascii_alphanumeric() || "$-_@.&+/".contains(c);
    if name.is_empty() || !name.chars().all(is_name) {
        return Err(Box::new(bad(whole, &format!("`{}` is no name", visible(name)))));
    }
    let key_start = start + indent;
    let key = Key { text: name.into(), span: Span::new(id, key_start, key_start + name.len()) };
    let value = match value.map(unquoted) {
        Some((text, style)) => Node {
            kind: Kind::Scalar(Scalar { text: Arc::from(text), style, is_secret: false }),
            span: whole,
        },
        None => Node { kind: Kind::Mapping(Mapping::default()), span: whole },
    };
    Ok(Some(Line { depth: indent / STEP, entry: Entry { key, value } }))
}

/// A value without its quotes, or without the comment behind it.
fn unquoted(value: &str) -> (&str, Style) {
    let value = value.trim();
    for (quote, style) in [('"', Style::DoubleQuoted), ('\'', Style::SingleQuoted)] {
        let quoted = value.strip_prefix(quote).and_then(|rest| rest.split_once(quote));
        if let Some((text, _)) = quoted {
            return (text, style);
        }
    }
    (value.split_once('#').map_or(value, |(value, _)| value.trim_end()), Style::Plain)
}

/// The names of one level with all below them; a name with values more than once has a list of them.
fn level(lines: &mut std::iter::Peekable<std::vec::IntoIter<Line>>, depth: usize) -> Mapping {
    let mut mapping = Mapping::default();
    while let Some(Line { mut entry, .. }) = lines.next_if(|line| line.depth == depth) {
        if lines.peek().is_some_and(|line| line.depth > depth) {
            let below = level(lines, depth + 1);
            entry.value.kind = Kind::Mapping(below);
        }
        let known = mapping.entries.iter_mut().find(|it| it.key.text == entry.key.text);
        match known {
            Some(known) => add(&mut known.value, entry.value),
            None => mapping.entries.push(entry),
        }
    }
    mapping
}

fn add(known: &mut Node, another: Node) {
    match (&mut known.kind, another.kind) {
        (Kind::Mapping(known), Kind::Mapping(more)) => known.entries.extend(more.entries),
        (Kind::Sequence(items), kind) => items.push(Node { kind, span: another.span }),
        (_, kind) => {
            let first = known.clone();
            known.kind = Kind::Sequence(vec![first, Node { kind, span: another.span }]);
        }
    }
}
