//! A file as it is usually laid out.
//!
//! Owns what is surely harmless: indentation, blanks at the ends of lines, blank lines, and by `spacing`
//! those between keys, values and commas. A text that would not mean the same afterwards stays as it is,
//! comments included.

mod spacing;

use std::ops::Range;

use self::spacing::spaced;
use super::position::floor;
use super::tokens::{Token, TokenKind, tokens};
use super::tree::{self, Kind, Line, Value, lines_of};
use crate::document::{self, Document, Style};
use crate::source::{Source, SourceMap};

/// How far what belongs to a key stands to its right.
const STEP: usize = 2;

/// A topology's text, laid out; nothing where it is so already, or cannot be without a change of what
/// it means.
#[must_use]
pub fn format_topology(text: &str) -> Option<String> {
    match formatted(text) {
        Formatted::Anew(text) => Some(text),
        Formatted::Already | Formatted::Never(_) => None,
    }
}

/// What comes of laying out a text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Formatted {
    /// It is laid out so already.
    Already,
    /// So it looks then.
    Anew(String),
    /// It stays as it is, for this reason.
    Never(&'static str),
}

/// A topology's or a test file's text, laid out as far as it means the same then.
#[must_use]
pub fn formatted(text: &str) -> Formatted {
    if text.contains('\r') {
        return Formatted::Never("its lines end with CR and LF, which stays as it is");
    }
    let Some(meaning) = means(text) else {
        return Formatted::Never("it is no sound YAML: `zrig check` says where");
    };
    // Indentation alone, where the rest would mean something else.
    for lay_out in [|text: &str| spaced(&laid_out(text)), laid_out] {
        let formatted = lay_out(text);
        if formatted == text {
            return Formatted::Already;
        }
        if lay_out(&formatted) == formatted && means(&formatted).as_ref() == Some(&meaning) {
            return Formatted::Anew(formatted);
        }
    }
    Formatted::Never("laid out it would mean something else, or look different each time")
}

/// The same of a script: blanks at the ends of lines, and blank lines.
#[must_use]
pub fn format_script(text: &str) -> Option<String> {
    if text.contains('\r') {
        return None;
    }
    let before = tokens(text);
    let is_kept = |at: usize| {
        let behind = before.partition_point(|token| token.span.start < at);
        let around = behind.checked_sub(1).map(|last| &before[last]);
        around.is_some_and(|token| {
            let is_long =
                matches!(token.kind, TokenKind::Text) || text[token.span.clone()].starts_with("/*");
            at < token.span.end && is_long
        })
    };
    let mut out = String::with_capacity(text.len());
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let end = start + line.trim_end_matches('\n').len();
        let inside = is_kept(end);
        let says = if inside { line.trim_end_matches('\n') } else { line.trim_end() };
        let is_second_blank = says.is_empty() && (out.is_empty() || out.ends_with("\n\n"));
        if inside || is_kept(start) || !is_second_blank {
            out.push_str(says);
            out.push('\n');
        }
        start += line.len();
    }
    end_with_one_newline(&mut out);
    let says = |text: &str, tokens: &[Token]| -> Vec<(TokenKind, String)> {
        let said = |token: &Token| {
            let written = &text[token.span.clone()];
            let is_line_comment = token.kind == TokenKind::Comment && written.starts_with("//");
            let shown = if is_line_comment { written.trim_end() } else { written };
            (token.kind, shown.to_owned())
        };
        tokens.iter().map(said).collect()
    };
    (out != text && says(text, &before) == says(&out, &tokens(&out))).then_some(out)
}

/// The bytes of a text that differ from another one, and what stands there in that.
#[must_use]
pub fn difference(from: &str, to: &str) -> (Range<usize>, String) {
    let alike = from.bytes().zip(to.bytes()).take_while(|(a, b)| a == b).count();
    let start = floor(from, alike).min(floor(to, alike));
    let (left, right) = (&from[start..], &to[start..]);
    let behind = left.chars().rev().zip(right.chars().rev()).take_while(|(a, b)| a == b);
    let behind: usize = behind.map(|(c, _)| c.len_utf8()).sum();
    (start..from.len() - behind, to[start..to.len() - behind].to_owned())
}

fn end_with_one_newline(text: &mut String) {
    text.truncate(text.trim_end_matches('\n').len());
    if !text.is_empty() {
        text.push('\n');
    }
}

/// What a text means, without where it stands.
fn means(text: &str) -> Option<Meaning> {
    let mut sources = SourceMap::default();
    let source = Source::new("", text);
    let document = Document::parse_data(sources.add(source.clone()), &source).ok()?;
    document.faults().is_empty().then(|| Meaning::of(document.root()))
}

/// A value without its place.
#[derive(PartialEq, Eq)]
enum Meaning {
    Scalar(std::sync::Arc<str>, Style),
    Sequence(Vec<Meaning>),
    Mapping(Vec<(std::sync::Arc<str>, Meaning)>),
    Faulty,
}

impl Meaning {
    fn of(node: &document::Node) -> Self {
        match &node.kind {
            document::Kind::Scalar(scalar) => Self::Scalar(scalar.text.clone(), scalar.style),
            document::Kind::Sequence(items) => Self::Sequence(items.iter().map(Self::of).collect()),
            document::Kind::Mapping(mapping) => {
                let entries = mapping.entries.iter();
                Self::Mapping(
                    entries.map(|it| (it.key.text.clone(), Self::of(&it.value))).collect(),
                )
            }
            document::Kind::Faulty => Self::Faulty,
        }
    }
}

/// What becomes of a line.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Place {
    /// Blank, or a comment: it goes with those around it.
    Loose,
    /// It begins there.
    At(usize),
    /// It is moved as the line it belongs to.
    By(isize),
    /// It is part of a text in which blanks count.
    Text(isize),
}

fn laid_out(text: &str) -> String {
    let lines = lines_of(text);
    let mut layout = Layout { text, lines: &lines, places: vec![Place::Loose; lines.len()] };
    layout.value(&tree::parse(text), 0);
    layout.comments();
    let mut out = String::with_capacity(text.len());
    for (line, place) in lines.iter().zip(layout.places) {
        let written = &text[line.start..];
        let written = written.split('\n').next().unwrap_or_default();
        let moved = |by: isize| line.indent.saturating_add_signed(by);
        let (indent, says) = match place {
            Place::Text(by) => {
                let blanks = written.len() - written.trim_start_matches(' ').len();
                (
                    if written.is_empty() { 0 } else { blanks.saturating_add_signed(by) },
                    &written[blanks..],
                )
            }
            Place::At(indent) => (indent, line.text(text)),
            Place::By(by) => (moved(by), line.text(text)),
            Place::Loose => (line.indent, line.text(text)),
        };
        if says.is_empty() && !matches!(place, Place::Text(_)) {
            if !out.is_empty() && !out.ends_with("\n\n") {
                out.push('\n');
            }
            continue;
        }
        out.extend(std::iter::repeat_n(' ', indent));
        out.push_str(says);
        out.push('\n');
    }
    end_with_one_newline(&mut out);
    out
}

struct Layout<'t> {
    text: &'t str,
    lines: &'t [Line],
    places: Vec<Place>,
}

impl Layout<'_> {
    fn line_of(&self, byte: usize) -> usize {
        self.lines.partition_point(|line| line.start <= byte).saturating_sub(1)
    }

    /// The line that a byte begins, if it does.
    fn line_begun_by(&self, byte: usize) -> Option<usize> {
        let line = self.line_of(byte);
        self.lines
            .get(line)
            .filter(|found| found.first == byte || self.is_quoted_key(found, byte))?;
        Some(line)
    }

    fn is_quoted_key(&self, line: &Line, byte: usize) -> bool {
        line.first + 1 == byte && self.text[line.first..].starts_with(['"', '\''])
    }

    /// Lays out a block whose lines begin at `indent`.
    fn value(&mut self, value: &Value, indent: usize) {
        match &value.kind {
            Kind::Mapping(entries) if entries.iter().all(|entry| !entry.is_flow) => {
                for entry in entries {
                    let Some(line) = self.line_begun_by(entry.key.start) else {
                        // It stands behind a dash, whose line is placed.
                        self.below(&entry.value, self.line_of(entry.key.start), indent);
                        continue;
                    };
                    self.places[line] = Place::At(indent);
                    self.below(&entry.value, line, indent);
                }
            }
            Kind::Sequence(items) if !self.text[value.span.clone()].starts_with('[') => {
                for item in items {
                    // The dash is what its line begins with, on the item's line or above.
                    let mut line = self.line_of(item.span.start);
                    while line > 0 && !self.lines[line].is_item(self.text) {
                        line -= 1;
                    }
                    self.places[line] = Place::At(indent);
                    let is_block = matches!(&item.kind, Kind::Mapping(entries) if entries.iter().all(|entry| !entry.is_flow));
                    if is_block {
                        let behind = item.span.start - self.lines[line].first;
                        let is_same_line = self.line_of(item.span.start) == line;
                        self.value(item, indent + if is_same_line { behind } else { STEP });
                    } else {
                        self.below(item, line, indent);
                    }
                }
            }
            Kind::Scalar(..)
            | Kind::Alias(_)
            | Kind::Empty
            | Kind::Mapping(_)
            | Kind::Sequence(_) => {}
        }
    }

    /// Lays out what a key or a dash on a line at `indent` has.
    fn below(&mut self, value: &Value, line: usize, indent: usize) {
        let by = isize::try_from(indent).unwrap_or(0)
            - isize::try_from(self.lines[line].indent).unwrap_or(0);
        let last = self.line_of(value.span.end.max(value.span.start + 1) - 1);
        let rest = line + 1..(last + 1).max(line + 1);
        match &value.kind {
            Kind::Empty => {}
            Kind::Scalar(Style::Literal | Style::Folded, inner) => {
                self.literal(value, inner, rest, indent)
            }
            Kind::Scalar(Style::SingleQuoted | Style::DoubleQuoted, _)
                if self.line_of(value.span.start) == line =>
            {
                // The blanks at the ends of its lines are none of it, those of escapes aside.
                rest.for_each(|at| self.places[at] = Place::Text(by.max(0)));
            }
            Kind::Mapping(entries) if entries.iter().all(|entry| !entry.is_flow) => {
                self.value(value, indent + STEP);
            }
            Kind::Sequence(_) if !self.text[value.span.clone()].starts_with('[') => {
                self.value(value, indent + STEP);
            }
            Kind::Scalar(..) | Kind::Alias(_) | Kind::Mapping(_) | Kind::Sequence(_) => {
                for at in rest {
                    if !self.lines[at].text(self.text).is_empty() {
                        self.places[at] = Place::By(by);
                    }
                }
            }
        }
    }

    fn literal(&mut self, value: &Value, inner: &Range<usize>, rest: Range<usize>, indent: usize) {
        let header = &self.text[value.span.start..inner.start];
        let says = |line: &&Line| !line.text(self.text).is_empty();
        let first = self.lines[rest.clone()].iter().find(says).map_or(0, |line| line.indent);
        let has_digit = header.bytes().any(|byte| byte.is_ascii_digit());
        let to = if has_digit { first } else { indent + STEP };
        let by = isize::try_from(to).unwrap_or(0) - isize::try_from(first).unwrap_or(0);
        for at in rest {
            self.places[at] = Place::Text(by);
        }
    }

    /// A comment goes with the line below it, or with the one above where that stands as it does.
    fn comments(&mut self) {
        for at in 0..self.lines.len() {
            let line = self.lines[at];
            if self.places[at] != Place::Loose || !line.text(self.text).starts_with('#') {
                continue;
            }
            let placed = |other: &usize| !matches!(self.places[*other], Place::Loose);
            let below = (at + 1..self.lines.len()).find(placed);
            let above = (0..at).rev().find(placed);
            let alike = |other: &usize| self.lines[*other].indent == line.indent;
            let with = below.filter(alike).or(above.filter(alike)).or(below).or(above);
            let Some(with) = with else { continue };
            self.places[at] = match self.places[with] {
                Place::At(indent) => {
                    let shift = isize::try_from(indent).unwrap_or(0)
                        - isize::try_from(self.lines[with].indent).unwrap_or(0);
                    Place::By(shift)
                }
                Place::By(by) | Place::Text(by) => Place::By(by),
                Place::Loose => Place::Loose,
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_topology_is_indented_and_keeps_its_comments_and_its_meaning() {
        let text = "\n\n# head  \nnodes:\n    # of a\n    a:\n        role: pub   # why\n\n\n        bind:\n        - 5556\n        -   5557\n        on_start: |\n            let a = 1;\n              print(a)  \n\n            print(2)\n        params: {a: 1,\n           b: 2}\n      # loose\n\n";
        let want = "# head\nnodes:\n  # of a\n  a:\n    role: pub   # why\n\n    bind:\n      - 5556\n      - 5557\n    on_start: |\n      let a = 1;\n        print(a)  \n\n      print(2)\n    params: {a: 1,\n       b: 2}\n";
        let formatted = format_topology(text).unwrap();
        assert!(formatted.starts_with(want), "{formatted}");
        assert!(formatted.contains("# loose"));
        assert_eq!(format_topology(&formatted), None);
    }

    #[test]
    fn what_is_no_yaml_stays_as_it_is() {
        for text in ["a:\n    b: [\n", "a: 1\r\nb:  2\r\n", "", "nodes:\n  a: {role: pub}\n"] {
            assert_eq!(format_topology(text), None, "{text}");
        }
    }

    #[test]
    fn a_script_loses_blanks_outside_of_its_texts() {
        let text = "\nfn a() {  \n    `x  \n\n\n  y`; // c  \n\n\n\n    1\n}\n\n";
        let want = "fn a() {\n    `x  \n\n\n  y`; // c\n\n    1\n}\n";
        assert_eq!(format_script(text).as_deref(), Some(want));
        assert_eq!(format_script(want), None);
    }
}
