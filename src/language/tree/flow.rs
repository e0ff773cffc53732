//! Lists and maps between brackets, and texts between quotation marks.
//!
//! Owns where they end, closed or not. Never looks at indentation.

use std::ops::Range;

use super::{DEEPEST, Entry, Kind, Value, span_of};
use crate::document::Style;

/// A value between brackets, with quotation marks or without, that reaches no further than `limit`.
pub(super) fn value(text: &str, start: usize, limit: usize, depth: usize) -> Value {
    let mut reader = Flow { text, at: start, limit, depth };
    reader.value()
}

/// A quoted text that is closed before `limit`; otherwise what it would be.
pub(super) fn quoted(text: &str, start: usize, limit: usize) -> Result<Value, Style> {
    let single = text[start..].starts_with('\'');
    let style = if single { Style::SingleQuoted } else { Style::DoubleQuoted };
    let mut characters = text[start + 1..limit.max(start + 1)].char_indices().peekable();
    while let Some((at, c)) = characters.next() {
        match c {
            '\\' if !single => drop(characters.next()),
            '\'' if single && characters.next_if(|(_, next)| *next == '\'').is_some() => {}
            '\'' | '"' if single == (c == '\'') => {
                let close = start + 1 + at;
                let kind = Kind::Scalar(style, start + 1..close);
                return Ok(Value { span: start..close + 1, kind, anchor: None });
            }
            _ => {}
        }
    }
    Err(style)
}

struct Flow<'t> {
    text: &'t str,
    at: usize,
    limit: usize,
    depth: usize,
}

impl Flow<'_> {
    fn rest(&self) -> &str {
        &self.text[self.at..self.limit.max(self.at)]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    /// Passes blanks, line ends and comments.
    fn skip(&mut self) {
        loop {
            let rest = self.rest();
            let blank = rest.len() - rest.trim_start().len();
            self.at += blank;
            if !self.rest().starts_with('#') {
                break;
            }
            self.at += self.rest().find('\n').unwrap_or(self.rest().len());
        }
    }

    fn value(&mut self) -> Value {
        self.skip();
        let mut anchor = None;
        while self.rest().starts_with(['&', '!']) {
            let length = self.rest().find([' ', '\n', ',']).unwrap_or(self.rest().len());
            if self.rest().starts_with('&') {
                anchor = Some(self.at + 1..self.at + length);
            }
            self.at += length;
            self.skip();
        }
        let mut value = match self.peek() {
            Some('[' | '{') if self.depth < DEEPEST => self.collection(),
            Some('"' | '\'') => self.quoted(),
            Some('*') => {
                let span = self.plain_span();
                let kind = Kind::Alias(span.start + 1..span.end);
                Value { span, kind, anchor: None }
            }
            Some(',' | ']' | '}') | None => Value::empty(self.at),
            Some(_) => {
                let span = self.plain_span();
                let kind = Kind::Scalar(Style::Plain, span.clone());
                Value { span, kind, anchor: None }
            }
        };
        value.anchor = anchor;
        value
    }

    fn quoted(&mut self) -> Value {
        let value = quoted(self.text, self.at, self.limit).unwrap_or_else(|style| {
            let length = self.rest().find('\n').unwrap_or(self.rest().len());
            let span = self.at..self.at + length;
            let kind = Kind::Scalar(style, span.start + 1..span.end);
            Value { span, kind, anchor: None }
        });
        self.at = value.span.end;
        value
    }

    /// An unquoted text, up to what cannot belong to it between brackets.
    fn plain_span(&mut self) -> Range<usize> {
        let start = self.at;
        let rest = self.rest();
        let mut end = rest.len();
        let mut before = ' ';
        for (at, c) in rest.char_indices() {
            let next = rest[at + c.len_utf8()..].chars().next();
            let ends_key = c == ':' && next.is_none_or(|c| c.is_whitespace() || ",]}".contains(c));
            let is_comment = c == '#' && before.is_whitespace();
            let is_mark = matches!(c, ',' | ']' | '}' | '[' | '{') && !(c == '{' && before == '$');
            let is_variable = c == '}'
                && rest[..at].rfind("${").is_some_and(|open| !rest[open..at].contains('}'));
            if ends_key || is_comment || (is_mark && !is_variable) {
                end = at;
                break;
            }
            before = c;
        }
        let length = rest[..end].trim_end().len();
        // Something has to be passed, whatever it is.
        let least = rest.chars().next().map_or(0, char::len_utf8);
        let length = length.max(least);
        self.at = start + length;
        start..start + length
    }

    fn collection(&mut self) -> Value {
        let start = self.at;
        let is_map = self.rest().starts_with('{');
        let close = if is_map { '}' } else { ']' };
        self.at += 1;
        self.depth += 1;
        let (mut items, mut entries) = (Vec::new(), Vec::new());
        loop {
            self.skip();
            match self.peek() {
                None => break,
                Some(c) if c == close => {
                    self.at += 1;
                    break;
                }
                Some(',') => self.at += 1,
                // Of another bracket: whoever opened it goes on.
                Some(']' | '}') => break,
                Some(_) if is_map => entries.push(self.entry()),
                Some(_) => items.push(self.item()),
            }
        }
        self.depth -= 1;
        let kind = if is_map { Kind::Mapping(entries) } else { Kind::Sequence(items) };
        Value { span: start..self.at, kind, anchor: None }
    }

    fn entry(&mut self) -> Entry {
        let key = self.value();
        self.behind_key(key)
    }

    /// `[a, b]`, and `[{a: b}]` without its braces.
    fn item(&mut self) -> Value {
        let value = self.value();
        self.skip();
        if !self.rest().starts_with(':') {
            return value;
        }
        let entry = self.behind_key(value);
        let span = span_of(std::iter::once(entry.key.start..entry.value.span.end));
        Value { span, kind: Kind::Mapping(vec![entry]), anchor: None }
    }

    fn behind_key(&mut self, key: Value) -> Entry {
        let key = key.inner().unwrap_or(key.span);
        self.skip();
        let has_colon = self.rest().starts_with(':');
        let value = if has_colon {
            self.at += 1;
            self.value()
        } else {
            Value::empty(key.end)
        };
        Entry { key, has_colon, is_flow: true, value }
    }
}
