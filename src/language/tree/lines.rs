//! The lines of a YAML text, and the keys that begin them.
//!
//! Owns what one line says by itself. Never knows what stands above.

use std::ops::Range;

/// One line.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::language) struct Line {
    /// Its first byte.
    pub(in crate::language) start: usize,
    /// How many spaces it begins with.
    pub(in crate::language) indent: usize,
    /// Its first byte that is no blank.
    pub(in crate::language) first: usize,
    /// The byte behind its last character that is no blank.
    pub(in crate::language) end: usize,
}

impl Line {
    /// What it says.
    pub(in crate::language) fn text(self, text: &str) -> &str {
        text.get(self.first..self.end).unwrap_or_default()
    }

    /// Whether it is blank, a comment or a mark between documents.
    pub(in crate::language) fn is_silent(self, text: &str) -> bool {
        let says = self.text(text);
        says.is_empty() || says.starts_with('#') || (self.indent == 0 && says == "---")
    }

    /// Whether it is an item of a list.
    pub(in crate::language) fn is_item(self, text: &str) -> bool {
        let says = self.text(text);
        says == "-" || says.starts_with("- ")
    }
}

/// All lines of a text.
pub(in crate::language) fn lines_of(text: &str) -> Vec<Line> {
    let mut start = 0;
    let mut lines = Vec::new();
    for line in text.split_inclusive('\n') {
        let says = line.trim_end();
        let indent = line.len() - line.trim_start_matches(' ').len();
        let blanks = (says.len() - says.trim_start().len()).max(indent.min(says.len()));
        lines.push(Line { start, indent, first: start + blanks, end: start + says.len() });
        start += line.len();
    }
    lines
}

pub(super) fn skip_blanks(text: &str, from: usize, end: usize) -> usize {
    let from = from.min(end);
    let rest = &text[from..end];
    from + rest.len() - rest.trim_start_matches([' ', '\t']).len()
}

/// Where an unquoted text ends: before ` #`, and before the blanks behind it.
pub(super) fn plain_end(text: &str, start: usize, end: usize) -> usize {
    let rest = &text[start..end];
    let comment = [" #", "\t#"].iter().filter_map(|mark| rest.find(mark)).min();
    start + rest[..comment.unwrap_or(rest.len())].trim_end().len()
}

/// The key that begins at a byte, without quotation marks, and the byte behind its colon.
pub(super) fn key_at(text: &str, first: usize, end: usize) -> Option<(Range<usize>, usize)> {
    let rest = text.get(first..end)?;
    if let Some(mark) = rest.chars().next().filter(|c| *c == '"' || *c == '\'') {
        let close = 1 + rest[1..].find(mark)?;
        let behind = rest[close + 1..].trim_start();
        let colon = end - behind.len();
        let is_key = behind.strip_prefix(':').is_some_and(ends_key);
        return is_key.then_some((first + 1..first + close, colon + 1));
    }
    if rest.starts_with(['{', '[', '#', '&', '*', '|', '>', '%', '@', '`', '!']) {
        return None;
    }
    let mut colons = rest.match_indices(':').map(|(at, _)| at);
    let colon = colons.find(|&colon| ends_key(&rest[colon + 1..]))?;
    let key = rest[..colon].trim_end();
    let is_key = !key.is_empty() && !key.contains(" #");
    is_key.then_some((first..first + key.len(), first + colon + 1))
}

fn ends_key(behind: &str) -> bool {
    behind.is_empty() || behind.starts_with([' ', '\t'])
}
