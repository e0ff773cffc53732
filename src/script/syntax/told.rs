//! What is said of a script that does not compile, in the places of its own text.
//!
//! Owns nothing but the shape of it.

use rhai::Position;

/// What is wrong, where, and what to do; the text that mends it where it is certain.
pub(super) struct Told {
    pub(super) at: Position,
    pub(super) message: String,
    pub(super) help: String,
    pub(super) fix: Option<Change>,
}

/// A part of the script and what should stand there.
pub(super) struct Change {
    pub(super) at: Position,
    pub(super) written: String,
    pub(super) replacement: String,
}
