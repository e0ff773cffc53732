//! The wires that go from the end of a row to the beginning of another: which of several runs
//! where, side by side.
//!
//! Owns their tracks. Never knows a coordinate.

use std::collections::HashMap;

use super::layers::{Layers, Segment, Slot};

/// More run one on the other: nobody follows one of so many.
const MOST: usize = 8;

/// The tracks of one wire: down behind its row, back above the other row, down before that.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Track {
    /// Among those behind the same column.
    pub down: usize,
    /// Among those above the same row.
    pub back: usize,
    /// Among those before the same column.
    pub into: usize,
}

/// The tracks of all of them, and how many there are at each place.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(super) struct Returns {
    tracks: HashMap<Segment, Track>,
    /// How many run down behind each column.
    pub behind: Vec<usize>,
    /// How many run down before each column.
    pub before: Vec<usize>,
    /// How many run back above each row.
    pub above: Vec<usize>,
}

impl Returns {
    /// Gives each a track; those that come from one slot share it.
    pub(super) fn new(layers: &Layers) -> Self {
        let columns = layers.layers.len();
        let mut returns = Self {
            tracks: HashMap::new(),
            behind: vec![0; columns],
            before: vec![0; columns],
            above: vec![0; layers.spans.len()],
        };
        let (mut behind, mut before, mut above) = (HashMap::new(), HashMap::new(), HashMap::new());
        for &piece in &layers.returns {
            let (left, right) = (layers.items[piece.left.at], layers.items[piece.right.at]);
            let track = Track {
                down: take(&mut behind, (left.layer, piece.left), &mut returns.behind[left.layer]),
                back: take(&mut above, (right.row, piece.left), &mut returns.above[right.row]),
                into: take(
                    &mut before,
                    (right.layer, piece.left),
                    &mut returns.before[right.layer],
                ),
            };
            returns.tracks.insert(piece, track);
        }
        returns
    }

    /// The tracks of a wire, if it goes from row to row.
    pub(super) fn track(&self, piece: Segment) -> Option<Track> {
        self.tracks.get(&piece).copied()
    }
}

fn take(taken: &mut HashMap<(usize, Slot), usize>, key: (usize, Slot), count: &mut usize) -> usize {
    *taken.entry(key).or_insert_with(|| {
        *count += 1;
        if *count > MOST {
            *count = MOST;
        }
        *count - 1
    })
}
