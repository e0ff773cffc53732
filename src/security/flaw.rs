//! What is wrong in a text that may hold secrets.
//!
//! Owns its place and its words. It never repeats the text: neither a snippet nor a value.

use std::fmt;

use crate::source::Position;

/// A fault at a line and a column of a text; which text it is, its reader knows.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Flaw<F> {
    /// Where.
    pub position: Position,
    /// What is wrong.
    pub fault: F,
}

impl<F> Flaw<F> {
    /// The fault at a character of a line, both counted from zero.
    pub(super) fn at(line: usize, column: usize, fault: F) -> Self {
        Self { position: Position { line: line + 1, column: column + 1 }, fault }
    }
}

impl<F: fmt::Display> fmt::Display for Flaw<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.position, self.fault)
    }
}

impl<F: std::error::Error> std::error::Error for Flaw<F> {}
