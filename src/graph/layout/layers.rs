//! The layers with everything that takes room in them.
//!
//! Owns how a wire that spans layers gets a lane through each of them, or goes on in another row,
//! and on which sides of its box a port stands. Never orders and never places.

use std::collections::{HashMap, HashSet};

use super::wrap::Places;

/// A port of a block.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(super) struct Slot {
    /// The block's, or later the item's, place.
    pub at: usize,
    /// The port's place in it.
    pub port: usize,
}

/// A wire between two slots of blocks, as it is meant to be read: from left to right.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Edge {
    /// Where it begins.
    pub from: Slot,
    /// Where it ends.
    pub to: Slot,
}

/// Something that takes room in a layer. The first items are the blocks, in their order.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Item {
    /// Its layer.
    pub layer: usize,
    /// Its row: rows that share a column stand one below the other.
    pub row: usize,
    /// Whether it is a wire that passes through.
    pub is_lane: bool,
}

/// A piece of a wire, between items of adjacent layers or from the end of a row to the beginning of
/// another.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) struct Segment {
    /// Its end in the lower layer.
    pub left: Slot,
    /// Its end in the next layer.
    pub right: Slot,
}

/// Blocks and lanes in layers.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Layers {
    /// Blocks first, then lanes.
    pub items: Vec<Item>,
    /// The items of each layer, in no particular order yet.
    pub layers: Vec<Vec<usize>>,
    /// The pieces of wire from each layer to the next.
    pub segments: Vec<Vec<Segment>>,
    /// The pieces of wire from the end of a row to the beginning of one below.
    pub returns: Vec<Segment>,
    /// The first and the last layer of each row, or of the longest of its part.
    pub spans: Vec<(usize, usize)>,
    /// For each edge its pieces from left to right; empty for one that returns to its own block.
    pub paths: Vec<Vec<Segment>>,
}

impl Layers {
    /// Leads the edges through layers of blocks. Wires of one slot that pass the same layer share
    /// a lane there.
    pub(super) fn new(places: &Places, edges: &[Edge]) -> Self {
        let count = places.spans.iter().map(|span| span.1 + 1).max().unwrap_or(0);
        let mut layers = Self {
            items: Vec::with_capacity(places.columns.len()),
            layers: vec![Vec::new(); count],
            segments: vec![Vec::new(); count.saturating_sub(1)],
            returns: Vec::new(),
            spans: places.spans.clone(),
            paths: Vec::with_capacity(edges.len()),
        };
        for (&layer, &row) in places.columns.iter().zip(&places.rows) {
            layers.add(Item { layer, row, is_lane: false });
        }
        let mut wires: HashMap<Slot, usize> = HashMap::new();
        for edge in edges {
            *wires.entry(edge.from).or_default() += 1;
            *wires.entry(edge.to).or_default() += 1;
        }
        let mut guide = Guide { wires, lanes: HashMap::new(), drawn: HashSet::new() };
        for edge in edges {
            let path = layers.lead(edge, &mut guide);
            layers.paths.push(path);
        }
        layers
    }

    /// The blocks' ports that have a segment at their left or right side.
    pub(super) fn slots_at(&self, side: Side) -> impl Iterator<Item = Slot> {
        let pieces = self.segments.iter().flatten().chain(&self.returns);
        let slots = pieces.map(move |segment| match side {
            Side::Left => segment.right,
            Side::Right => segment.left,
        });
        slots.filter(|slot| !self.items[slot.at].is_lane)
    }

    fn add(&mut self, item: Item) -> usize {
        self.items.push(item);
        self.layers[item.layer].push(self.items.len() - 1);
        self.items.len() - 1
    }

    fn lead(&mut self, edge: &Edge, guide: &mut Guide) -> Vec<Segment> {
        let place = |slot: Slot| (self.items[slot.at].row, self.items[slot.at].layer);
        let (left, right) = if place(edge.from) <= place(edge.to) {
            (edge.from, edge.to)
        } else {
            (edge.to, edge.from)
        };
        let ((row, first), (last_row, last)) = (place(left), place(right));
        if left.at == right.at {
            return Vec::new();
        }
        let many = |slot: Slot| guide.wires.get(&slot).copied().unwrap_or(0);
        let key = if many(left) >= many(right) { (left, true) } else { (right, false) };
        let mut passed: Vec<(usize, usize)> = Vec::new();
        if row == last_row {
            passed.extend((first + 1..last).map(|layer| (row, layer)));
        } else {
            passed.extend((first + 1..=self.spans[row].1).map(|layer| (row, layer)));
            passed.extend((self.spans[last_row].0..last).map(|layer| (last_row, layer)));
        }
        let mut path = Vec::with_capacity(passed.len() + 1);
        let lanes = guide.lanes.entry(key).or_default();
        let first_new = self.items.len();
        let mut from = left;
        for (row, layer) in passed {
            let known = lanes.iter().find(|lane| (lane.0, lane.1) == (row, layer));
            let known = known.map(|&(_, _, at)| at);
            let at = known.unwrap_or_else(|| self.add(Item { layer, row, is_lane: true }));
            if known.is_none() {
                lanes.push((row, layer, at));
            }
            let to = Slot { at, port: 0 };
            path.push(Segment { left: from, right: to });
            from = to;
        }
        path.push(Segment { left: from, right });
        for &piece in &path {
            // Between two lanes of a trunk there is a piece as soon as there are both.
            let is_amid = [piece.left, piece.right].iter().all(|end| self.items[end.at].is_lane);
            let is_drawn = if is_amid {
                piece.left.at.max(piece.right.at) < first_new
            } else {
                !guide.drawn.insert(piece)
            };
            if !is_drawn {
                let (left, right) = (self.items[piece.left.at], self.items[piece.right.at]);
                let pieces = if left.row == right.row {
                    &mut self.segments[left.layer]
                } else {
                    &mut self.returns
                };
                pieces.push(piece);
            }
        }
        path
    }
}

/// A slot, and whether it is the left end of the wires that share its lanes.
type Trunk = (Slot, bool);

/// What is known while edges are led.
struct Guide {
    /// How many wires each slot has.
    wires: HashMap<Slot, usize>,
    /// The lanes of each trunk: row, layer and item.
    lanes: HashMap<Trunk, Vec<(usize, usize, usize)>>,
    /// The pieces that begin or end at a block.
    drawn: HashSet<Segment>,
}

/// A side of a box.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in super::super) enum Side {
    /// Towards the lower layers.
    Left,
    /// Towards the higher layers.
    Right,
}

/// Which ports stand on either side of each block, from top to bottom.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(super) struct Sides {
    /// On the left.
    pub left: Vec<usize>,
    /// On the right.
    pub right: Vec<usize>,
}

impl Sides {
    /// The ports of one side.
    pub(super) fn of(&self, side: Side) -> &[usize] {
        match side {
            Side::Left => &self.left,
            Side::Right => &self.right,
        }
    }

    /// The ports of one side, to sort them.
    pub(super) fn of_mut(&mut self, side: Side) -> &mut Vec<usize> {
        match side {
            Side::Left => &mut self.left,
            Side::Right => &mut self.right,
        }
    }

    /// Where on a side a port stands, from 0 at the top to 1 at the bottom.
    pub(super) fn position(&self, side: Side, port: usize) -> f64 {
        let ports = self.of(side);
        let at = ports.iter().position(|&other| other == port).unwrap_or(0);
        (at as f64 + 1.0) / (ports.len() as f64 + 1.0)
    }
}
