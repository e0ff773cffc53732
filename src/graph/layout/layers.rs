//! The layers with everything that takes room in them.
//!
//! Owns how a wire that spans layers gets a lane through each of them, and on which sides of its
//! box a port stands. Never orders and never places.

use super::rank;

/// A port of a block.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
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
    /// Which of the picture's parts that do not hang together it is in.
    pub group: usize,
    /// Whether it is a wire that passes through.
    pub is_lane: bool,
}

/// A piece of a wire, between items of adjacent layers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
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
    /// For each edge its segments' slots from left to right, two a segment; empty for one that
    /// returns to its own block.
    pub paths: Vec<Vec<Slot>>,
}

impl Layers {
    /// Sorts blocks into layers and leads the edges through them.
    pub(super) fn new(blocks: usize, edges: &[Edge]) -> Self {
        let arcs: Vec<_> = edges.iter().map(|edge| (edge.from.at, edge.to.at)).collect();
        let ranks = rank::layers(blocks, &arcs);
        let groups = rank::groups(blocks, &arcs);
        let count = ranks.iter().max().map_or(0, |highest| highest + 1);
        let mut layers = Self {
            items: Vec::with_capacity(blocks),
            layers: vec![Vec::new(); count],
            segments: vec![Vec::new(); count.saturating_sub(1)],
            paths: Vec::with_capacity(edges.len()),
        };
        for (layer, group) in ranks.into_iter().zip(groups) {
            layers.add(Item { layer, group, is_lane: false });
        }
        for edge in edges {
            let path = layers.lead(edge);
            layers.paths.push(path);
        }
        layers
    }

    /// The blocks' ports that have a segment at their left or right side.
    pub(super) fn slots_at(&self, side: Side) -> impl Iterator<Item = Slot> {
        let slots = self.segments.iter().flatten().map(move |segment| match side {
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

    fn lead(&mut self, edge: &Edge) -> Vec<Slot> {
        let layer = |slot: Slot| self.items[slot.at].layer;
        let (left, right) = if layer(edge.from) <= layer(edge.to) {
            (edge.from, edge.to)
        } else {
            (edge.to, edge.from)
        };
        let (first, last) = (layer(left), layer(right));
        let group = self.items[left.at].group;
        let mut path = Vec::new();
        let mut from = left;
        for gap in first..last {
            let to = if gap + 1 == last {
                right
            } else {
                Slot { at: self.add(Item { layer: gap + 1, group, is_lane: true }), port: 0 }
            };
            self.segments[gap].push(Segment { left: from, right: to });
            path.extend([from, to]);
            from = to;
        }
        path
    }
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
