//! The colours of a picture.
//!
//! Owns which family has which colour. Text colours keep a contrast of 4.5 on what they stand on.

use super::super::family::Family;
use crate::ink::Colour;

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

/// The colours of a family, or of a node whose sockets are of several.
pub(super) fn palette(family: Option<Family>) -> Palette {
    macro_rules! palette {
        ($word:literal, $strong:literal, $tint:literal, $edge:literal, $deep:literal) => {
            Palette {
                strong: Colour::new($strong, concat!($word, "-strong")),
                tint: Colour::new($tint, concat!($word, "-tint")),
                edge: Colour::new($edge, concat!($word, "-edge")),
                deep: Colour::new($deep, concat!($word, "-deep")),
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
