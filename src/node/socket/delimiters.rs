//! Whether a router's peers put an empty frame before their text, and whether what goes to them does.
//!
//! Owns noticing that one is left out: a REQ closes its connection over that, and nobody is told.
//! Never changes a message.

use std::cell::Cell;

use crate::message::Frame;

/// What a router has seen of its peers' delimiters.
#[derive(Default, Debug)]
pub(in crate::node) struct Delimiters {
    came_with: bool,
    came_without: bool,
    told: Cell<bool>,
    is_to_tell: Cell<bool>,
}

impl Delimiters {
    /// Notes a message that came, with its routing id.
    pub(super) fn came(&mut self, frames: &[Frame]) {
        match frames {
            [_, delimiter, _, ..] if delimiter.is_empty() => self.came_with = true,
            _ => self.came_without = true,
        }
    }

    /// Whether a message that goes out lacks what all have had that came.
    pub(super) fn lacks(&self, frames: &[Frame]) -> bool {
        let has_one = frames.get(1).is_some_and(|frame| frame.is_empty());
        self.came_with && !self.came_without && !has_one
    }

    /// Notes that such a message has gone out.
    pub(super) fn lacked(&self) {
        if !self.told.replace(true) {
            self.is_to_tell.set(true);
        }
    }

    /// Whether that is to be told now; it is once.
    pub(in crate::node) fn take(&self) -> bool {
        self.is_to_tell.take()
    }
}
