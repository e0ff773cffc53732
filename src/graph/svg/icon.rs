//! The small signs before marks.
//!
//! Owns their strokes, drawn in a square of 11 pixels. Never sets text.

use super::super::picture::MarkKind;
use crate::ink::{Colour, Look, Markup, Number};

/// Draws a sign, its left edge at `x`, its middle at `y`.
pub(super) fn draw(markup: &mut Markup, kind: MarkKind, x: f64, y: f64, colour: Colour) {
    let strokes = match kind {
        // A pin in a map.
        MarkKind::Place => {
            "M5.5 10.5C3.5 7.5 2 6 2 4A3.5 3.5 0 0 1 9 4C9 6 7.5 7.5 5.5 10.5Z M5.5 3.9V4.1"
        }
        // A sheet with a folded corner and two lines.
        MarkKind::Script => "M1.5 0.5H6.5L9.5 3.5V10.5H1.5Z M3.5 5.5H7.5 M3.5 8H7.5",
        // A window with a prompt.
        MarkKind::Program => "M0.5 1.5H10.5V9.5H0.5Z M2.5 4L4.3 5.5L2.5 7 M5.5 7.3H8.2",
        // A clock.
        MarkKind::Timer => "M5.5 0.5A5 5 0 1 1 5.5 10.5A5 5 0 1 1 5.5 0.5Z M5.5 2.8V5.5L7.5 7",
        // Out of something.
        MarkKind::Read => "M0.8 0.8V10.2 M3 5.5H10.2 M7.2 2.5L10.2 5.5L7.2 8.5",
        // Into something.
        MarkKind::Write => "M10.2 0.8V10.2 M0.8 5.5H8 M5 2.5L8 5.5L5 8.5",
        // A pulse.
        MarkKind::Flow => "M0.5 6H2.8L4.3 1.5L6.7 9.5L8.2 6H10.5",
        // An hourglass.
        MarkKind::Slow => {
            "M2 0.8H9 M2 10.2H9 M2.8 0.8C2.8 4.5 8.2 6.5 8.2 10.2 M8.2 0.8C8.2 4.5 2.8 6.5 2.8 10.2"
        }
        // A triangle with an exclamation mark.
        MarkKind::Trouble => "M5.5 0.8L10.6 10H0.4Z M5.5 4.2V6.8 M5.5 8.4V8.5",
    };
    let (x, y) = (Number(x), Number(y - 5.5));
    let look = Look::of("icon")
        .hollow()
        .stroke(colour, 1.1)
        .with(r#"stroke-linecap="round" stroke-linejoin="round""#);
    markup.leaf("path", &format!(r#"transform="translate({x} {y})" d="{strokes}" {look}"#));
}
