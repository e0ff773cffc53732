//! Collecting faults.
//!
//! Owns their order and that none is told twice (a value behind an anchor is read once for each
//! alias). Never decides what is a fault.

use std::path::Path;

use crate::diagnostic::{Diagnostic, in_order};
use crate::document::Document;
use crate::source::{Source, Span};

use crate::nearest::{Guess, nearest};

/// From so many faults on, they are told more tersely.
const MANY: usize = 200;
/// So many faults are kept; nobody reads more, and a large file could have millions.
const MOST: usize = 1000;

/// The faults found so far.
pub(crate) struct Report<'d> {
    document: &'d Document,
    faults: Vec<Diagnostic>,
    has_error: bool,
}

impl<'d> Report<'d> {
    pub(crate) fn new(document: &'d Document) -> Self {
        Self { document, faults: Vec::new(), has_error: false }
    }

    pub(crate) fn add(&mut self, fault: Diagnostic) {
        self.has_error |= fault.is_error();
        if self.faults.len() < MOST {
            self.faults.push(fault);
        }
    }

    /// Whether a fault stops a run.
    pub(crate) fn has_error(&self) -> bool {
        self.has_error
    }

    /// Adds a fault with the mended text, unless the place holds a variable: its value is not
    /// what should be written there.
    pub(crate) fn add_with_fix(&mut self, fault: Diagnostic, span: Span, replacement: &str) {
        let written = self.source().text().get(span.start..span.end).unwrap_or_default();
        let can_mend = !written.contains('$') && !written.contains('\n');
        self.add(if can_mend { fault.fix(span, quoted_as(written, replacement)) } else { fault });
    }

    /// The word that was probably meant, as long as there are few faults: each guess costs a
    /// look at every candidate, and nobody reads the hundredth.
    pub(crate) fn nearest<'c>(
        &self,
        word: &str,
        candidates: impl IntoIterator<Item = &'c str>,
    ) -> Option<Guess<'c>> {
        if self.has_many() { None } else { nearest(word, candidates) }
    }

    /// Whether there are so many faults that more need no long help.
    pub(crate) fn has_many(&self) -> bool {
        self.faults.len() >= MANY
    }

    pub(crate) fn document(&self) -> &'d Document {
        self.document
    }

    pub(crate) fn source(&self) -> &'d Source {
        self.document.source()
    }

    /// The folder that the topology's relative paths start from.
    pub(crate) fn folder(&self) -> &'d Path {
        self.source().path().parent().unwrap_or_else(|| Path::new(""))
    }

    /// All faults in the order of their main places.
    pub(crate) fn finish(self) -> Vec<Diagnostic> {
        in_order(self.faults)
    }
}

/// The first line of a span.
pub(crate) fn first_line(span: Span, source: &Source) -> Span {
    let text = source.text().get(span.start..span.end).unwrap_or_default();
    let length = text.find('\n').unwrap_or(text.len());
    Span::new(span.source, span.start, span.start + length)
}

/// A replacement with the quotes of what it replaces, unless it is a plain word, or with some where
/// YAML wants them.
fn quoted_as(written: &str, replacement: &str) -> String {
    let is_word = |c: char| c.is_alphanumeric() || "_-./".contains(c);
    let quote = match written.chars().next() {
        Some(quote @ ('"' | '\'')) if !replacement.chars().all(is_word) => quote,
        _ if replacement.contains(['[', ']', '{', '}', ',', '#']) => '"',
        _ => return replacement.to_owned(),
    };
    if replacement.contains([quote, '\\']) {
        return replacement.to_owned();
    }
    format!("{quote}{replacement}{quote}")
}
