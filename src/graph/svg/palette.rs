//! The colours of a picture.
//!
//! Owns which family has which colour; text colours keep a contrast of 4.5 on what they stand on.

use super::super::family::Family;

/// The colours of one family.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Palette {
    /// Wires, pills, edges; white text can be read on it.
    pub strong: &'static str,
    /// The strip behind a name.
    pub tint: &'static str,
    /// The edges of boxes.
    pub edge: &'static str,
    /// Names on the strip.
    pub deep: &'static str,
}

/// What lies under everything.
pub(super) const PAPER: &str = "#ffffff";
/// The topology's name.
pub(super) const INK: &str = "#0f172a";
/// Ports and marks.
pub(super) const TEXT: &str = "#334155";
/// Descriptions and the legend.
pub(super) const QUIET: &str = "#5b6879";
/// Rules and terminals.
pub(super) const LINE: &str = "#dbe2ea";
/// What waits, is blocked or was dropped.
pub(super) const ALARM: &str = "#b91c1c";
/// The edge of a terminal.
pub(super) const DASHED: &str = "#8594a8";
/// The inside of a terminal.
pub(super) const OUTSIDE: &str = "#f8fafc";

/// The colours of a family, or of a node whose sockets are of several.
pub(super) fn palette(family: Option<Family>) -> Palette {
    let (strong, tint, edge, deep) = match family {
        Some(Family::PublishSubscribe) => ("#2563eb", "#eaf1ff", "#93b4f5", "#1e3a8a"),
        Some(Family::RequestReply) => ("#0f766e", "#e2f5f1", "#7cc4b8", "#134e4a"),
        Some(Family::Pipeline) => ("#b45309", "#fdf1dd", "#e3b172", "#7c2d12"),
        Some(Family::ExclusivePair) => ("#a21caf", "#faebfc", "#d99ae0", "#701a75"),
        Some(Family::Native) => ("#be123c", "#ffeaee", "#ee9fb0", "#881337"),
        None => ("#475569", "#eef2f6", "#a9b6c6", "#1e293b"),
    };
    Palette { strong, tint, edge, deep }
}
