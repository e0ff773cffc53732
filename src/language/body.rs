//! A handler's body inside a YAML text, as Rhai gets it, with the way between both.
//!
//! Owns undoing what YAML wraps around a body: indentation, quotation marks, escapes. Never knows
//! Rhai.

use std::ops::Range;

use super::tree::{Kind, Value};
use crate::document::Style;

/// A script's text with the places of its parts in the file.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Body {
    /// As Rhai gets it.
    pub(super) text: String,
    /// Where in the text and where in the file each part begins, in order.
    parts: Vec<(usize, usize)>,
    /// All of it in the file.
    span: Range<usize>,
}

impl Body {
    /// A text that is a file of its own.
    pub(super) fn of_file(text: &str) -> Self {
        Self { text: text.to_owned(), parts: vec![(0, 0)], span: 0..text.len() }
    }

    /// The body that a value is; nothing where it is no text.
    pub(super) fn of_value(text: &str, value: &Value) -> Option<Self> {
        let Kind::Scalar(style, inner) = &value.kind else { return None };
        let mut body = Self { span: value.span.clone(), ..Self::default() };
        match style {
            Style::Literal | Style::Folded => {
                body.lines(text, inner.clone(), &text[value.span.start..inner.start]);
            }
            Style::Plain => body.part(inner.start, &text[inner.clone()]),
            Style::SingleQuoted => body.single_quoted(text, inner.clone()),
            Style::DoubleQuoted => body.double_quoted(text, inner.clone()),
        }
        if body.parts.is_empty() {
            body.parts.push((0, inner.start));
        }
        Some(body)
    }

    /// Whether a byte of the file is in it.
    pub(super) fn contains(&self, byte: usize) -> bool {
        (self.span.start..=self.span.end).contains(&byte)
    }

    /// The byte of the file behind it.
    pub(super) fn end(&self) -> usize {
        self.span.end
    }

    /// Where a byte of it stands in the file.
    pub(super) fn file_byte(&self, byte: usize) -> usize {
        let at = self.parts.partition_point(|(start, _)| *start <= byte);
        let (start, file) = self.parts[at.saturating_sub(1)];
        file + byte.saturating_sub(start)
    }

    /// The same of a range.
    pub(super) fn range(&self, range: Range<usize>) -> Range<usize> {
        let start = self.file_byte(range.start);
        // What ends a line ends there, and not where the next one begins.
        let end = match range.end.checked_sub(1).filter(|last| *last >= range.start) {
            Some(last) => self.file_byte(last) + 1,
            None => start,
        };
        start..end
    }

    /// Which of its bytes stands at one of the file.
    pub(super) fn body_byte(&self, byte: usize) -> usize {
        let at = self.parts.partition_point(|(_, file)| *file <= byte);
        let Some(at) = at.checked_sub(1) else { return 0 };
        let (start, file) = self.parts[at];
        let end = self.parts.get(at + 1).map_or(self.text.len(), |(next, _)| *next);
        let byte = (start + byte - file).min(end);
        super::position::floor(&self.text, byte)
    }

    fn part(&mut self, file: usize, text: &str) {
        self.parts.push((self.text.len(), file));
        self.text.push_str(text);
    }

    fn lines(&mut self, text: &str, inner: Range<usize>, header: &str) {
        let content = &text[inner.clone()];
        let first = content.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
        let indent = first.len() - first.trim_start_matches(' ').len();
        // A digit in the header says how much is indentation, counted from the key's.
        let indent = if header.bytes().any(|byte| byte.is_ascii_digit()) { 0 } else { indent };
        let mut start = inner.start;
        for line in content.split_inclusive('\n') {
            let blanks = line.len() - line.trim_start_matches(' ').len();
            let cut = blanks.min(indent);
            self.part(start + cut, &line[cut..]);
            start += line.len();
        }
    }

    fn single_quoted(&mut self, text: &str, inner: Range<usize>) {
        let mut start = inner.start;
        while let Some(at) = text[start..inner.end].find("''") {
            self.part(start, &text[start..=start + at]);
            start += at + 2;
        }
        self.part(start, &text[start..inner.end]);
    }

    fn double_quoted(&mut self, text: &str, inner: Range<usize>) {
        let mut start = inner.start;
        while let Some(at) = text[start..inner.end].find('\\').map(|at| start + at) {
            self.part(start, &text[start..at]);
            let escaped = text[at + 1..inner.end].chars().next();
            let Some(escaped) = escaped else { return };
            let read = match escaped {
                'n' => '\n',
                't' => '\t',
                'r' => '\r',
                other => other,
            };
            self.part(at, read.encode_utf8(&mut [0; 4]));
            start = at + 1 + escaped.len_utf8();
        }
        self.part(start, &text[start..inner.end]);
    }
}

#[cfg(test)]
mod tests {
    use super::super::tree;
    use super::*;

    fn body(text: &str) -> Body {
        let tree = tree::parse(text);
        Body::of_value(text, tree.get(text, "on_message").unwrap()).unwrap()
    }

    #[test]
    fn a_body_is_what_rhai_gets_and_knows_where_each_part_stands() {
        for (yaml, want) in [
            ("on_message: |\n  let a = 1;\n    a\n\n  b\n", "let a = 1;\n  a\n\nb"),
            ("on_message: print(\"ä\")  # why\n", "print(\"ä\")"),
            ("on_message: 'it''s ''x'''\n", "it's 'x'"),
            ("on_message: \"send(\\\"a\\\")\\nb\"\n", "send(\"a\")\nb"),
        ] {
            let body = body(yaml);
            assert_eq!(body.text, want);
            for (at, c) in body.text.char_indices().filter(|(_, c)| c.is_alphanumeric()) {
                let file = body.file_byte(at);
                assert!(yaml[file..].starts_with(c), "{yaml} {at} {file}");
                assert_eq!(body.body_byte(file), at, "{yaml}");
            }
        }
    }
}
