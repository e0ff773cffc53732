//! What pictures are written with: SVG as text, how wide a text is, and the colours of what is in all of
//! them.
//!
//! Owns no picture, and never knows what one means.

mod colour;
mod markup;
mod measure;

pub(crate) use colour::{
    ALARM, BOX, Colour, GROUND, INK, MUTED, OUTSIDE, OUTSIDE_EDGE, PILL_TEXT, RULE, TEXT,
};
pub(crate) use markup::{Escaped, Look, Markup, Number};
pub(crate) use measure::Type;

/// The fonts that a viewer may have, the nicest first.
pub(crate) const FONTS: &str = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', \
                                Arial, 'Liberation Sans', sans-serif";
