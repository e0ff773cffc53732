//! A YAML text as a tree, also where it is no YAML yet.
//!
//! Owns guessing what somebody means who is still writing: a key without its colon, a bracket or a
//! quotation mark that is never closed, a line too far right. Never says what is wrong: the document
//! does.

mod flow;
mod lines;

use std::ops::Range;

use crate::document::Style;

pub(super) use lines::{Line, lines_of};
use lines::{key_at, plain_end, skip_blanks};

/// No value lies deeper.
const DEEPEST: usize = 48;

/// A value with its place.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Value {
    /// As it is written, from its first mark to its last.
    pub(super) span: Range<usize>,
    /// What it is.
    pub(super) kind: Kind,
    /// The name of its `&anchor`.
    pub(super) anchor: Option<Range<usize>>,
}

/// What a value is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    /// Nothing yet.
    Empty,
    /// A text, with what stands between its quotation marks or below its `|`.
    Scalar(Style, Range<usize>),
    /// `*NAME`, with the name.
    Alias(Range<usize>),
    /// A list.
    Sequence(Vec<Value>),
    /// Keys with values.
    Mapping(Vec<Entry>),
}

/// A key with its value.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Entry {
    /// The key, without its quotation marks.
    pub(super) key: Range<usize>,
    /// Whether a `:` follows.
    pub(super) has_colon: bool,
    /// Whether it stands between braces.
    pub(super) is_flow: bool,
    /// The value.
    pub(super) value: Value,
}

impl Value {
    fn empty(at: usize) -> Self {
        Self { span: at..at, kind: Kind::Empty, anchor: None }
    }

    /// The entries, if it is a mapping.
    pub(super) fn entries(&self) -> &[Entry] {
        match &self.kind {
            Kind::Mapping(entries) => entries,
            Kind::Empty | Kind::Scalar(..) | Kind::Alias(_) | Kind::Sequence(_) => &[],
        }
    }

    /// The items of a list; of anything else that is there, itself.
    pub(super) fn one_or_many(&self) -> &[Value] {
        match &self.kind {
            Kind::Sequence(items) => items,
            Kind::Empty => &[],
            Kind::Scalar(..) | Kind::Alias(_) | Kind::Mapping(_) => std::slice::from_ref(self),
        }
    }

    /// The text of a scalar on one line.
    pub(super) fn word<'t>(&self, text: &'t str) -> Option<&'t str> {
        Some(&text[self.inner()?])
    }

    /// What stands between the quotation marks of a scalar, or all of it.
    pub(super) fn inner(&self) -> Option<Range<usize>> {
        match &self.kind {
            Kind::Scalar(_, inner) => Some(inner.clone()),
            Kind::Empty | Kind::Alias(_) | Kind::Sequence(_) | Kind::Mapping(_) => None,
        }
    }

    /// The value of a key.
    pub(super) fn get(&self, text: &str, key: &str) -> Option<&Value> {
        self.entries().iter().find(|entry| &text[entry.key.clone()] == key).map(|it| &it.value)
    }
}

/// The tree of a text.
pub(super) fn parse(text: &str) -> Value {
    let mut reader = Reader { text, lines: lines_of(text), at: 0, depth: 0 };
    reader.block(0).unwrap_or_else(|| Value::empty(text.len()))
}

struct Reader<'t> {
    text: &'t str,
    lines: Vec<Line>,
    /// The next line.
    at: usize,
    depth: usize,
}

impl Reader<'_> {
    /// The next line that says something.
    fn next(&mut self) -> Option<Line> {
        while self.lines.get(self.at).is_some_and(|line| line.is_silent(self.text)) {
            self.at += 1;
        }
        self.lines.get(self.at).copied()
    }

    /// What begins at the next line, if that is no further left than `least`.
    fn block(&mut self, least: usize) -> Option<Value> {
        let line = self.next().filter(|line| line.indent >= least)?;
        if self.depth >= DEEPEST {
            self.skip(least);
            return Some(Value::empty(line.first));
        }
        self.depth += 1;
        let value = if line.is_item(self.text) {
            self.sequence(line.indent)
        } else if key_at(self.text, line.first, line.end).is_some() || self.is_bare_key(line) {
            self.mapping(line.indent)
        } else {
            self.value(line.first, line.indent.saturating_sub(1))
        };
        self.depth -= 1;
        Some(value)
    }

    fn skip(&mut self, least: usize) {
        while self.next().is_some_and(|line| line.indent >= least) {
            self.at += 1;
        }
    }

    /// A word with keys below it is one that has no colon yet.
    fn is_bare_key(&self, line: Line) -> bool {
        let is_word = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
        let mut below = self.lines[self.at + 1..].iter().filter(|line| !line.is_silent(self.text));
        line.text(self.text).chars().all(is_word)
            && below.next().is_some_and(|next| {
                next.indent == line.indent && key_at(self.text, next.first, next.end).is_some()
            })
    }

    fn mapping(&mut self, indent: usize) -> Value {
        let mut entries: Vec<Entry> = Vec::new();
        while let Some(line) = self.next().filter(|line| line.indent >= indent) {
            let entry = match key_at(self.text, line.first, line.end) {
                Some((key, behind)) => {
                    let value = self.value(behind, line.indent);
                    Entry { key, has_colon: true, is_flow: false, value }
                }
                None => {
                    self.at += 1;
                    let end = plain_end(self.text, line.first, line.end);
                    let value = Value::empty(end);
                    Entry { key: line.first..end, has_colon: false, is_flow: false, value }
                }
            };
            entries.push(entry);
        }
        let span = span_of(entries.iter().map(|entry| entry.key.start..entry.value.span.end));
        Value { span, kind: Kind::Mapping(entries), anchor: None }
    }

    fn sequence(&mut self, indent: usize) -> Value {
        let mut items: Vec<Value> = Vec::new();
        while let Some(line) = self.next().filter(|line| line.indent == indent) {
            if !line.is_item(self.text) {
                break;
            }
            let content = skip_blanks(self.text, line.first + 1, line.end);
            let is_nested = content < line.end
                && (Line { first: content, ..line }.is_item(self.text)
                    || key_at(self.text, content, line.end).is_some());
            items.push(if is_nested {
                // What stands behind the dash begins a block of its own.
                let place = &mut self.lines[self.at];
                place.indent += content - line.first;
                place.first = content;
                self.block(indent + 1).unwrap_or_else(|| Value::empty(content))
            } else {
                self.value(line.first + 1, indent)
            });
        }
        let span = span_of(items.iter().map(|item| item.span.clone()));
        Value { span, kind: Kind::Sequence(items), anchor: None }
    }

    /// What stands behind a colon or a dash of the next line, whose block begins at `indent`.
    fn value(&mut self, from: usize, indent: usize) -> Value {
        let line = self.lines[self.at];
        let (start, anchor) = self.properties(from, line.end);
        let rest = &self.text[start..line.end];
        let mut value = match rest.as_bytes().first() {
            None | Some(b'#') => self.below(start, indent),
            Some(b'|' | b'>') if is_header(rest) => self.literal(start, indent),
            Some(b'"' | b'\'') => self.quoted(start, indent),
            Some(b'{' | b'[') => {
                let limit = self.limit(indent);
                let value = flow::value(self.text, start, limit, 0);
                self.pass(value.span.end);
                value
            }
            Some(b'*') => {
                self.at += 1;
                let end = plain_end(self.text, start, line.end);
                Value { span: start..end, kind: Kind::Alias(start + 1..end), anchor: None }
            }
            Some(_) => self.plain(start, indent),
        };
        value.anchor = anchor;
        value
    }

    /// Passes `&anchor` and `!tag`.
    fn properties(&self, from: usize, end: usize) -> (usize, Option<Range<usize>>) {
        let mut at = skip_blanks(self.text, from, end);
        let mut anchor = None;
        while self.text[at..end].starts_with(['&', '!']) {
            let length = self.text[at..end].find([' ', '\t']).unwrap_or(end - at);
            if self.text[at..].starts_with('&') {
                anchor = Some(at + 1..at + length);
            }
            at = skip_blanks(self.text, at + length, end);
        }
        (at, anchor)
    }

    /// What stands on the lines below a key.
    fn below(&mut self, at: usize, indent: usize) -> Value {
        self.at += 1;
        let Some(next) = self.next() else { return Value::empty(at) };
        let is_list = next.indent == indent && next.is_item(self.text);
        let least = if is_list { indent } else { indent + 1 };
        self.block(least).unwrap_or_else(|| Value::empty(at))
    }

    fn literal(&mut self, start: usize, indent: usize) -> Value {
        let header = self.lines[self.at];
        let style =
            if self.text[start..].starts_with('|') { Style::Literal } else { Style::Folded };
        self.at += 1;
        let content = self.lines.get(self.at).map_or(self.text.len(), |line| line.start);
        let mut end = content;
        while let Some(line) = self.lines.get(self.at) {
            let is_blank = line.first >= line.end;
            if !is_blank && line.indent <= indent {
                break;
            }
            if !is_blank {
                end = line.end;
            }
            self.at += 1;
        }
        let span = start..if end > content { end } else { header.end };
        Value { span, kind: Kind::Scalar(style, content..end), anchor: None }
    }

    fn quoted(&mut self, start: usize, indent: usize) -> Value {
        let line = self.lines[self.at];
        let limit = self.limit(indent);
        let value = flow::quoted(self.text, start, limit).unwrap_or_else(|style| {
            let end = line.end;
            Value { span: start..end, kind: Kind::Scalar(style, start + 1..end), anchor: None }
        });
        self.pass(value.span.end);
        value
    }

    fn plain(&mut self, start: usize, indent: usize) -> Value {
        let line = self.lines[self.at];
        let mut end = plain_end(self.text, start, line.end);
        self.at += 1;
        // An unquoted text goes on where nothing else could begin.
        while let Some(next) = self.next().filter(|next| next.indent > indent) {
            if key_at(self.text, next.first, next.end).is_some() || next.is_item(self.text) {
                break;
            }
            end = plain_end(self.text, next.first, next.end);
            self.at += 1;
        }
        Value { span: start..end, kind: Kind::Scalar(Style::Plain, start..end), anchor: None }
    }

    /// How far quotation marks and brackets can reach: up to the next key that is no further right.
    fn limit(&self, indent: usize) -> usize {
        let mut below = self.lines[self.at + 1..].iter();
        let end = below.find(|line| {
            !line.is_silent(self.text)
                && line.indent <= indent
                && key_at(self.text, line.first, line.end).is_some()
        });
        end.map_or(self.text.len(), |line| line.start)
    }

    /// Goes on behind the line that has the last byte of a value.
    fn pass(&mut self, end: usize) {
        // What is never closed ends where the next key's line begins.
        let behind = self.lines.partition_point(|line| line.start < end);
        self.at = behind.max(self.at + 1);
    }
}

/// `|`, `>-`, `|2+ # why`.
fn is_header(text: &str) -> bool {
    let rest = text[1..].trim_start_matches(|c: char| c.is_ascii_digit() || c == '+' || c == '-');
    let rest = rest.trim();
    rest.is_empty() || rest.starts_with('#')
}

fn span_of(parts: impl Iterator<Item = Range<usize>>) -> Range<usize> {
    parts.reduce(|all, part| all.start..part.end.max(all.end)).unwrap_or(0..0)
}

#[cfg(test)]
mod tests;
