//! Widths: where the columns stand, and the way of each wire between them.
//!
//! Owns the gaps between columns: labels first, then room to swing, then labels again. Never
//! moves anything up or down.

use super::box_metrics::BoxMetrics;
use super::layers::{Edge, Layers, Side, Slot};

/// A place in the picture.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(in super::super) struct Point {
    /// From the left.
    pub x: f64,
    /// From the top.
    pub y: f64,
}

/// Which way an arrowhead at a wire's end would look.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in super::super) enum Facing {
    /// Into the right edge of a box.
    Left,
    /// Into the left edge of a box.
    Right,
}

/// The way of a wire.
#[derive(Clone, PartialEq, Debug)]
pub(in super::super) struct Route {
    /// Its left end, at the edge of a box.
    pub begin: Point,
    /// What leads from there to the other end.
    pub steps: Vec<Step>,
    /// Its right end, at the edge of a box.
    pub end: Point,
    /// How its right end meets the box; the left one always meets a right edge.
    pub end_facing: Facing,
    /// Whether `begin` is where the wire's messages come from.
    pub begins_at_from: bool,
}

/// A piece of a way.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(in super::super) enum Step {
    /// Straight across to there.
    Across(f64),
    /// Up or down to there, level at both ends.
    Swing(Point),
    /// Back to there, in a bow that goes this far to the right.
    Bow(Point, f64),
}

/// The room that a wire needs at a box for its dot and its arrowhead.
const STUB: f64 = 30.0;
/// What a label needs besides its own width.
const LABEL_ROOM: f64 = 22.0;
const SWING_LEAST: f64 = 44.0;
const SWING_MOST: f64 = 120.0;
const BOW: f64 = 40.0;

/// The columns of a picture.
pub(super) struct Columns {
    columns: Vec<Column>,
}

struct Column {
    /// Where its boxes begin.
    x: f64,
    /// How wide its boxes are.
    width: f64,
    /// How wide the labels to the right of its boxes are, with their dots.
    right: f64,
    /// How much room wires have to swing behind those.
    swing: f64,
}

impl Column {
    fn swing_begin(&self) -> f64 {
        self.x + self.width + self.right
    }

    fn swing_end(&self) -> f64 {
        self.swing_begin() + self.swing
    }
}

impl Columns {
    /// Measures the columns and puts them side by side.
    pub(super) fn new(
        layers: &Layers,
        edges: &[Edge],
        metrics: &[BoxMetrics],
        y: &dyn Fn(Slot, Side) -> f64,
    ) -> Self {
        let mut columns = Vec::with_capacity(layers.layers.len());
        let mut x = 0.0;
        for (layer, items) in layers.layers.iter().enumerate() {
            let blocks = || items.iter().filter_map(|&item| metrics.get(item));
            let width = blocks().map(|metrics| metrics.width).fold(0.0, f64::max);
            let room = |side: Side| {
                let label = blocks().map(|metrics| metrics.outside_room(side)).fold(0.0, f64::max);
                if label > 0.0 { STUB.max(label + LABEL_ROOM) } else { 0.0 }
            };
            let (has_left, has_right) = (layer > 0, layer + 1 < layers.layers.len());
            let left = room(Side::Left).max(if has_left { STUB } else { 0.0 });
            let right = room(Side::Right).max(if has_right { STUB } else { 0.0 });
            let is_looped = |edge: &Edge| {
                edge.from.at == edge.to.at && layers.items[edge.from.at].layer == layer
            };
            let bow = if edges.iter().any(is_looped) { BOW.max(STUB - right) } else { 0.0 };
            let swing = layers.segments.get(layer).map_or(0.0, |segments| {
                let rise =
                    |left: Slot, right: Slot| (y(left, Side::Right) - y(right, Side::Left)).abs();
                let rises = segments.iter().map(|segment| rise(segment.left, segment.right));
                (rises.fold(0.0, f64::max) * 0.45).clamp(SWING_LEAST, SWING_MOST).round()
            });
            x += left;
            let column = Column { x, width, right: right + bow, swing };
            x = column.swing_end();
            columns.push(column);
        }
        Self { columns }
    }

    /// From the left end of the first label to the right end of the last.
    pub(super) fn width(&self) -> f64 {
        self.columns.last().map_or(0.0, Column::swing_end)
    }

    /// The left edge and the width of each block. Nodes fill their column; terminals stand at the
    /// side of it that they are wired on.
    pub(super) fn blocks(
        &self,
        layers: &Layers,
        metrics: &[BoxMetrics],
        nodes: usize,
    ) -> (Vec<f64>, Vec<f64>) {
        let mut is_wired_right = vec![false; layers.items.len()];
        for segment in layers.segments.iter().flatten() {
            is_wired_right[segment.left.at] = true;
        }
        let place = |(at, metrics): (usize, &BoxMetrics)| {
            let column = &self.columns[layers.items[at].layer];
            if at < nodes {
                (column.x, column.width)
            } else if is_wired_right[at] {
                (column.x + column.width - metrics.width, metrics.width)
            } else {
                (column.x, metrics.width)
            }
        };
        metrics.iter().enumerate().map(place).unzip()
    }

    /// The way of each edge.
    pub(super) fn routes(
        &self,
        layers: &Layers,
        edges: &[Edge],
        xs: &[f64],
        widths: &[f64],
        y: &dyn Fn(Slot, Side) -> f64,
    ) -> Vec<Route> {
        let right_edge =
            |slot: Slot| Point { x: xs[slot.at] + widths[slot.at], y: y(slot, Side::Right) };
        let left_edge = |slot: Slot| Point { x: xs[slot.at], y: y(slot, Side::Left) };
        let route = |(edge, path): (&Edge, &Vec<Slot>)| match (path.first(), path.last()) {
            (Some(&first), Some(&last)) => Route {
                begin: right_edge(first),
                steps: self.steps(layers, path, left_edge(last).x, y),
                end: left_edge(last),
                end_facing: Facing::Right,
                begins_at_from: first == edge.from,
            },
            (None, _) | (_, None) => self.bow(layers, edge, &right_edge),
        };
        edges.iter().zip(&layers.paths).map(route).collect()
    }

    fn steps(
        &self,
        layers: &Layers,
        path: &[Slot],
        end: f64,
        y: &dyn Fn(Slot, Side) -> f64,
    ) -> Vec<Step> {
        let swing = |ends: &[Slot]| {
            let (left, right) = (ends[0], ends[1]);
            let column = &self.columns[layers.items[left.at].layer];
            let there = Point { x: column.swing_end(), y: y(right, Side::Left) };
            [Step::Across(column.swing_begin()), Step::Swing(there)]
        };
        path.chunks_exact(2).flat_map(swing).chain([Step::Across(end)]).collect()
    }

    /// A wire from a box to itself.
    fn bow(&self, layers: &Layers, edge: &Edge, end_at: &dyn Fn(Slot) -> Point) -> Route {
        let column = &self.columns[layers.items[edge.from.at].layer];
        let (begin, end) = (end_at(edge.from), end_at(edge.to));
        let turn = column.swing_begin() - BOW;
        let steps = vec![
            Step::Across(turn),
            Step::Bow(Point { x: turn, y: end.y }, BOW - 6.0),
            Step::Across(end.x),
        ];
        Route { begin, steps, end, end_facing: Facing::Left, begins_at_from: true }
    }
}
