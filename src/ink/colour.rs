//! The colours of what is in every picture, and what a colour is.
//!
//! Owns the word of each: what is filled with a colour has the class `fill-WORD`, what is drawn with it
//! `stroke-WORD`, so that a page's style sheet can give it another one.

/// A colour and its word.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Colour {
    /// As SVG has it.
    pub value: &'static str,
    /// What it is for.
    pub word: &'static str,
}

impl Colour {
    pub(crate) const fn new(value: &'static str, word: &'static str) -> Self {
        Self { value, word }
    }
}

/// What lies under everything.
pub(crate) const GROUND: Colour = Colour::new("#ffffff", "ground");
/// The inside of a box.
pub(crate) const BOX: Colour = Colour::new("#ffffff", "box");
/// The role on a pill.
pub(crate) const PILL_TEXT: Colour = Colour::new("#ffffff", "pill-text");
/// The topology's name.
pub(crate) const INK: Colour = Colour::new("#0f172a", "ink");
/// Ports and marks.
pub(crate) const TEXT: Colour = Colour::new("#334155", "text");
/// Descriptions and the legend.
pub(crate) const MUTED: Colour = Colour::new("#5b6879", "muted");
/// Rules.
pub(crate) const RULE: Colour = Colour::new("#dbe2ea", "rule");
/// What waits, is blocked or was dropped.
pub(crate) const ALARM: Colour = Colour::new("#b91c1c", "alarm");
/// The inside of a terminal.
pub(crate) const OUTSIDE: Colour = Colour::new("#f8fafc", "outside");
/// The edge of a terminal.
pub(crate) const OUTSIDE_EDGE: Colour = Colour::new("#8594a8", "outside-edge");
