//! Texts and the places in them: which file, which bytes, which line and column.
//!
//! Owns the [`SourceMap`] that every diagnostic points into. Never reads a file.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Names one text of a [`SourceMap`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct SourceId(u32);

/// A range of bytes in one text.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Span {
    /// The text.
    pub source: SourceId,
    /// The first byte.
    pub start: usize,
    /// The byte after the last one.
    pub end: usize,
}

impl Span {
    /// The bytes `start..end` of `source`.
    #[must_use]
    pub fn new(source: SourceId, start: usize, end: usize) -> Self {
        Self { source, start, end }
    }
}

/// A line and a column, both counted from one; columns count characters.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Position {
    /// The line, from 1.
    pub line: usize,
    /// The character in the line, from 1.
    pub column: usize,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// One text with its path as the user wrote it.
#[derive(Clone, Debug)]
pub struct Source {
    path: PathBuf,
    text: Arc<str>,
    /// Shared, and half as wide as a `usize`: a text of nothing but line breaks has millions.
    line_starts: Arc<[u32]>,
    /// What is not to be shown.
    hidden: Arc<[Range<usize>]>,
}

impl Source {
    /// A text that was read from `path`.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>, text: impl Into<Arc<str>>) -> Self {
        let text = text.into();
        let start = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        let breaks = text.match_indices('\n').map(|(at, _)| start(at + 1));
        let line_starts = std::iter::once(0).chain(breaks).collect();
        Self { path: path.into(), text, line_starts, hidden: Arc::default() }
    }

    /// Where the text came from.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The whole text.
    #[must_use]
    pub fn text(&self) -> &Arc<str> {
        &self.text
    }

    /// Says which bytes are secrets, instead of those before.
    #[must_use]
    pub fn hiding(mut self, places: impl IntoIterator<Item = Range<usize>>) -> Self {
        self.hidden = places.into_iter().collect();
        self
    }

    /// A part of the text as it may be shown: as long as it is, and of secrets no more than that.
    #[must_use]
    pub fn shown(&self, range: Range<usize>) -> Cow<'_, str> {
        let text = &self.text[range.clone()];
        let is_touched =
            |hidden: &&Range<usize>| hidden.start < range.end && range.start < hidden.end;
        let hidden: Vec<&Range<usize>> = self.hidden.iter().filter(is_touched).collect();
        if hidden.is_empty() {
            return Cow::Borrowed(text);
        }
        let masked = |(at, c): (usize, char)| {
            let at = range.start + at;
            let is_hidden = !c.is_whitespace() && hidden.iter().any(|place| place.contains(&at));
            // As many bytes, so that places stay.
            match c.len_utf8() {
                _ if !is_hidden => c,
                1 => '*',
                2 => '·',
                3 => '•',
                _ => '🞄',
            }
        };
        Cow::Owned(text.char_indices().map(masked).collect())
    }

    /// The line and column of a byte; a byte past the end counts as the end.
    #[must_use]
    pub fn position(&self, byte: usize) -> Position {
        let byte = self.floor(byte);
        let line = self.line_starts.partition_point(|&start| start as usize <= byte);
        let start = self.line_starts[line - 1] as usize;
        Position { line, column: self.text[start..byte].chars().count() + 1 }
    }

    /// The byte of a line and column; a column past the line's end counts as its end.
    #[must_use]
    pub fn byte(&self, position: Position) -> usize {
        let Some(start) = self.start_of(position.line) else { return self.text.len() };
        let line = self.line(position.line);
        let column = position.column.saturating_sub(1);
        start + line.char_indices().nth(column).map_or(line.len(), |(at, _)| at)
    }

    /// One line without its end; empty when there is no such line.
    #[must_use]
    pub fn line(&self, line: usize) -> &str {
        let Some(start) = self.start_of(line) else { return "" };
        let end = self.start_of(line.max(1) + 1).unwrap_or(self.text.len());
        self.text[start..end].trim_end_matches(['\n', '\r'])
    }

    /// Where the word that starts at a byte ends; of what is no word, one character counts.
    #[must_use]
    pub fn word_end(&self, start: usize) -> usize {
        let text = &self.text[start..];
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        let length = match text.find(|c| !is_word(c)) {
            Some(0) => text.chars().next().filter(|&c| c != '\n').map_or(0, char::len_utf8),
            Some(end) => end,
            None => text.len(),
        };
        start + length
    }

    /// How many lines there are.
    #[must_use]
    pub fn lines(&self) -> usize {
        self.line_starts.len()
    }

    fn start_of(&self, line: usize) -> Option<usize> {
        self.line_starts.get(line.saturating_sub(1)).map(|&start| start as usize)
    }

    fn floor(&self, byte: usize) -> usize {
        let mut byte = byte.min(self.text.len());
        while !self.text.is_char_boundary(byte) {
            byte -= 1;
        }
        byte
    }
}

/// Every text that one load read, in the order of reading.
#[derive(Clone, Default, Debug)]
pub struct SourceMap {
    sources: Vec<Source>,
}

impl SourceMap {
    /// Adds a text and names it.
    pub fn add(&mut self, source: Source) -> SourceId {
        let id = SourceId(u32::try_from(self.sources.len()).unwrap_or(u32::MAX));
        self.sources.push(source);
        id
    }

    /// Says which bytes of a text are secrets, instead of those before.
    ///
    /// # Panics
    ///
    /// When `id` comes from another map.
    pub fn hide(&mut self, id: SourceId, places: impl IntoIterator<Item = Range<usize>>) {
        let source = &mut self.sources[id.0 as usize];
        source.hidden = places.into_iter().collect();
    }

    /// The text of that name.
    ///
    /// # Panics
    ///
    /// When `id` comes from another map.
    #[must_use]
    pub fn get(&self, id: SourceId) -> &Source {
        &self.sources[id.0 as usize]
    }

    /// The text that was read from `path`, if any.
    #[must_use]
    pub fn find(&self, path: &Path) -> Option<SourceId> {
        // Mostly it is written the same, which is seen sooner than that it means the same.
        let is_it =
            |source: &Source| source.path.as_os_str() == path.as_os_str() || source.path == path;
        let at = self.sources.iter().position(is_it)?;
        Some(SourceId(u32::try_from(at).unwrap_or(u32::MAX)))
    }

    /// All texts with their names.
    pub fn iter(&self) -> impl Iterator<Item = (SourceId, &Source)> {
        self.sources
            .iter()
            .enumerate()
            .map(|(at, source)| (SourceId(u32::try_from(at).unwrap_or(u32::MAX)), source))
    }

    /// The line and column where a span starts.
    #[must_use]
    pub fn position(&self, span: Span) -> Position {
        self.get(span.source).position(span.start)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_and_its_position_are_inverse() {
        let source = Source::new("a", "äb\ncdé\n\nf");
        for (byte, _) in source.text().char_indices() {
            assert_eq!(source.byte(source.position(byte)), byte);
        }
    }

    #[test]
    fn what_is_hidden_is_shown_as_long_as_it_is() {
        let source = Source::new("a", "pass: hä€𝄞 x # no\n").hiding(std::iter::once(6..18));
        let shown = source.shown(0..source.text().len());
        assert_eq!(shown, "pass: *·•🞄 * # no\n");
        assert_eq!(shown.len(), source.text().len());
        assert_eq!(source.shown(0..6), "pass: ");
        assert_eq!(source.shown(7..9), "·");
    }

    #[test]
    fn places_past_the_end_are_the_end() {
        let source = Source::new("a", "ab\n");
        assert_eq!(source.position(99), Position { line: 2, column: 1 });
        assert_eq!(source.byte(Position { line: 9, column: 1 }), 3);
        assert_eq!(source.byte(Position { line: 1, column: 9 }), 2);
    }
}
