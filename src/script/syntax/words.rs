//! The words of a script that does not compile.
//!
//! Owns where each begins and ends. Never fails: what is no word of the language is one here.

use rhai::Position;

/// What a word is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    /// A name, or a word of the language.
    Name,
    /// A number.
    Number,
    /// A text in quotation marks of any kind.
    Text,
    /// `(`, `[`, `{` or `#{`.
    Open,
    /// `)`, `]` or `}`.
    Close,
    /// Anything else.
    Symbol,
}

/// A word of a script.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Word<'t> {
    pub(super) text: &'t str,
    pub(super) kind: Kind,
    pub(super) line: usize,
    pub(super) column: usize,
    start: usize,
}

impl Word<'_> {
    pub(super) fn place(&self) -> Position {
        position(self.line, self.column)
    }

    /// Where the next character stands.
    pub(super) fn end(&self) -> Position {
        let last = self.text.rsplit('\n').next().unwrap_or_default().chars().count();
        match self.text.matches('\n').count() {
            0 => position(self.line, self.column + last),
            lines => position(self.line + lines, last + 1),
        }
    }

    /// What stands behind it on its line.
    pub(super) fn rest_of_line<'s>(&self, script: &'s str) -> &'s str {
        script[self.start + self.text.len()..].lines().next().unwrap_or_default()
    }

    /// Whether it is, or ends, a value.
    pub(super) fn ends_a_value(&self) -> bool {
        matches!(self.kind, Kind::Name | Kind::Number | Kind::Text | Kind::Close)
    }
}

/// A script and where its parser stopped.
pub(super) struct Reading<'t> {
    pub(super) script: &'t str,
    pub(super) words: Vec<Word<'t>>,
    /// The word where it stopped; behind the last one at the end.
    pub(super) at: usize,
    pub(super) is_inline: bool,
}

impl<'t> Reading<'t> {
    /// The first and the last line of inline handlers are not the user's.
    pub(super) fn new(script: &'t str, stopped: Position, is_inline: bool) -> Self {
        let mut words = words(script);
        if is_inline {
            let last = script.lines().count();
            words.retain(|word| word.line > 1 && word.line < last);
        }
        let place = (stopped.line().unwrap_or(usize::MAX), stopped.position().unwrap_or(1));
        let at = words.partition_point(|word| (word.line, word.column) < place);
        Self { script, words, at, is_inline }
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.at >= self.words.len()
    }

    pub(super) fn word(&self) -> Option<&Word<'t>> {
        self.words.get(self.at)
    }

    pub(super) fn before(&self) -> Option<&Word<'t>> {
        self.words.get(self.at.checked_sub(1)?)
    }

    /// The text of the word where the parser stopped.
    pub(super) fn text(&self) -> &'t str {
        self.text_of(self.at)
    }

    pub(super) fn text_of(&self, at: usize) -> &'t str {
        self.words.get(at).map_or("", |word| word.text)
    }

    /// The words of the line where it stopped, as places among all.
    pub(super) fn line(&self) -> std::ops::Range<usize> {
        let Some(line) = self.word().or(self.words.last()).map(|word| word.line) else {
            return 0..0;
        };
        let first = self.words.partition_point(|word| word.line < line);
        first..self.words.partition_point(|word| word.line <= line)
    }

    /// What is written from one word to before another of the same line.
    pub(super) fn written(&self, from: usize, to: usize) -> &'t str {
        let (Some(first), Some(last)) =
            (self.words.get(from), to.checked_sub(1).and_then(|last| self.words.get(last)))
        else {
            return "";
        };
        self.script.get(first.start..last.start + last.text.len()).unwrap_or_default()
    }

    /// The same of words that may stand on several lines, each of their gaps as one space.
    pub(super) fn script_between(&self, from: usize, to: usize) -> String {
        self.written(from, to).split_whitespace().collect::<Vec<_>>().join(" ")
    }
}

/// The engine counts lines and columns by 16 bits.
fn position(line: usize, column: usize) -> Position {
    let small = |number: usize| u16::try_from(number).unwrap_or(u16::MAX);
    Position::new(small(line.max(1)), small(column))
}

pub(super) fn words(script: &str) -> Vec<Word<'_>> {
    let mut words = Vec::new();
    let (mut at, mut line, mut line_start) = (0, 1, 0);
    while let Some(c) = script[at..].chars().next() {
        let rest = &script[at..];
        let length = length(rest, c);
        let kind = kind(rest, c);
        if let Some(kind) = kind {
            let column = script[line_start..at].chars().count() + 1;
            words.push(Word { text: &rest[..length], kind, line, column, start: at });
        }
        line += rest[..length].matches('\n').count();
        if let Some(newline) = rest[..length].rfind('\n') {
            line_start = at + newline + 1;
        }
        at += length;
    }
    words
}

fn kind(rest: &str, c: char) -> Option<Kind> {
    Some(match c {
        _ if c.is_whitespace() || rest.starts_with("//") || rest.starts_with("/*") => return None,
        '"' | '`' | '\'' => Kind::Text,
        '(' | '[' | '{' => Kind::Open,
        '#' if rest.starts_with("#{") => Kind::Open,
        ')' | ']' | '}' => Kind::Close,
        _ if c.is_ascii_digit() => Kind::Number,
        _ if c.is_alphabetic() || c == '_' => Kind::Name,
        _ => Kind::Symbol,
    })
}

const LONG: [&str; 21] = [
    "!==", "===", "..=", "**=", "#{", "==", "!=", "<=", ">=", "&&", "||", "++", "--", "+=", "-=",
    "*=", "/=", ":=", "=>", "->", "::",
];

fn length(rest: &str, c: char) -> usize {
    let until = |is_end: &dyn Fn(char) -> bool| rest.find(is_end).unwrap_or(rest.len());
    match c {
        _ if rest.starts_with("//") => until(&|c| c == '\n'),
        _ if rest.starts_with("/*") => rest.find("*/").map_or(rest.len(), |end| end + 2),
        '"' => quoted(rest, '"'),
        '\'' => quoted(rest, '\''),
        '`' => interpolated(rest),
        _ if c.is_ascii_digit() => until(&|c| !(c.is_alphanumeric() || c == '_')),
        _ if c.is_alphabetic() || c == '_' => until(&|c| !(c.is_alphanumeric() || c == '_')),
        _ => LONG.iter().find(|word| rest.starts_with(**word)).map_or(c.len_utf8(), |w| w.len()),
    }
}

/// A text on one line; one that is not closed is its mark alone.
fn quoted(rest: &str, mark: char) -> usize {
    let mut is_escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            '\n' => break,
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            _ if c == mark => return at + c.len_utf8(),
            _ => {}
        }
    }
    mark.len_utf8()
}

/// A text in backquotes, with what stands in it.
fn interpolated(rest: &str) -> usize {
    let mut depth = 0_usize;
    let mut before = ' ';
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            '`' if depth == 0 => return at + 1,
            '{' if depth > 0 || before == '$' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        before = c;
    }
    1
}
