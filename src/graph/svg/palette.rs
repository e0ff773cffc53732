//! The colours of a picture.
//!
//! Owns which family has which colour, and the word of each: what is filled with a colour has the
//! class `fill-WORD`, what is drawn with it `stroke-WORD`, so that a page's style sheet can give it
//! another one. Text colours keep a contrast of 4.5 on what they stand on.

use super::super::family::Family;

/// A colour and its word.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Colour {
    /// As SVG has it.
    pub value: &'static str,
    /// What it is for.
    pub word: &'static str,
}

/// The colours of one family.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Palette {
    /// Wires, pills, edges; white text can be read on it.
    pub strong: Colour,
    /// The strip behind a name.
    pub tint: Colour,
    /// The edges of boxes.
    pub edge: Colour,
    /// Names on the strip.
    pub deep: Colour,
}

const fn colour(value: &'static str, word: &'static str) -> Colour {
    Colour { value, word }
}

/// What lies under everything.
pub(super) const GROUND: Colour = colour("#ffffff", "ground");
/// The inside of a box.
pub(super) const BOX: Colour = colour("#ffffff", "box");
/// The role on a pill.
pub(super) const PILL_TEXT: Colour = colour("#ffffff", "pill-text");
/// The topology's name.
pub(super) const INK: Colour = colour("#0f172a", "ink");
/// Ports and marks.
pub(super) const TEXT: Colour = colour("#334155", "text");
/// Descriptions and the legend.
pub(super) const MUTED: Colour = colour("#5b6879", "muted");
/// Rules.
pub(super) const RULE: Colour = colour("#dbe2ea", "rule");
/// What waits, is blocked or was dropped.
pub(super) const ALARM: Colour = colour("#b91c1c", "alarm");
/// The inside of a terminal.
pub(super) const OUTSIDE: Colour = colour("#f8fafc", "outside");
/// The edge of a terminal.
pub(super) const OUTSIDE_EDGE: Colour = colour("#8594a8", "outside-edge");

/// The colours of a family, or of a node whose sockets are of several.
pub(super) fn palette(family: Option<Family>) -> Palette {
    macro_rules! palette {
        ($word:literal, $strong:literal, $tint:literal, $edge:literal, $deep:literal) => {
            Palette {
                strong: colour($strong, concat!($word, "-strong")),
                tint: colour($tint, concat!($word, "-tint")),
                edge: colour($edge, concat!($word, "-edge")),
                deep: colour($deep, concat!($word, "-deep")),
            }
        };
    }
    match family {
        Some(Family::PublishSubscribe) => {
            palette!("pubsub", "#2563eb", "#eaf1ff", "#93b4f5", "#1e3a8a")
        }
        Some(Family::RequestReply) => {
            palette!("reqrep", "#0f766e", "#e2f5f1", "#7cc4b8", "#134e4a")
        }
        Some(Family::Pipeline) => palette!("pipeline", "#b45309", "#fdf1dd", "#e3b172", "#7c2d12"),
        Some(Family::ExclusivePair) => {
            palette!("pair", "#a21caf", "#faebfc", "#d99ae0", "#701a75")
        }
        Some(Family::Native) => palette!("stream", "#be123c", "#ffeaee", "#ee9fb0", "#881337"),
        None => palette!("mixed", "#475569", "#eef2f6", "#a9b6c6", "#1e293b"),
    }
}
