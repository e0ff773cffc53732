//! Widths: where the columns stand, and the way of each wire between them.
//!
//! Owns the gaps between columns: labels first, then room to swing, then labels again. Never
//! moves anything up or down.

use super::box_metrics::BoxMetrics;
use super::layers::{Edge, Layers, Segment, Side, Slot};
use super::place::TRACK;
use super::returns::{Returns, Track};

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
    /// Straight down to there.
    Down(f64),
    /// Round a corner, the first, to the second.
    Corner(Point, Point),
}

/// The room that a wire needs at a box for its dot and its arrowhead.
const STUB: f64 = 30.0;
/// What a label needs besides its own width.
const LABEL_ROOM: f64 = 22.0;
const SWING_LEAST: f64 = 44.0;
const BOW: f64 = 40.0;
/// Between a column and the first wire that runs down beside it.
const ASIDE: f64 = 12.0;
/// Between a row and the first wire that runs back above it.
const ABOVE: f64 = 14.0;
const CORNER: f64 = 6.0;

/// The columns of a picture.
pub(super) struct Columns<'l> {
    columns: Vec<Column>,
    layers: &'l Layers,
    returns: &'l Returns,
    /// The top of each row.
    rows: &'l [f64],
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
    /// Where wires that come from another row run down before it.
    before: f64,
    /// How much room those have that go to another row.
    behind: f64,
}

impl Column {
    fn swing_begin(&self) -> f64 {
        self.x + self.width + self.right
    }

    fn swing_end(&self) -> f64 {
        self.swing_begin() + self.swing
    }

    fn end(&self) -> f64 {
        self.swing_end() + self.behind
    }
}

impl<'l> Columns<'l> {
    /// Measures the columns and puts them side by side.
    pub(super) fn new(
        layers: &'l Layers,
        (returns, rows): (&'l Returns, &'l [f64]),
        edges: &[Edge],
        metrics: &[BoxMetrics],
        swing_most: f64,
        y: &dyn Fn(Slot, Side) -> f64,
    ) -> Self {
        let room = |tracks: usize| {
            if tracks == 0 { 0.0 } else { 2.0 * ASIDE + TRACK * (tracks - 1) as f64 }
        };
        let mut columns = Vec::with_capacity(layers.layers.len());
        let mut x = 0.0;
        for (layer, items) in layers.layers.iter().enumerate() {
            let blocks = || items.iter().filter_map(|&item| metrics.get(item));
            let width = blocks().map(|metrics| metrics.width).fold(0.0, f64::max);
            let labels = |side: Side| {
                let label = blocks().map(|metrics| metrics.outside_room(side)).fold(0.0, f64::max);
                if label > 0.0 { STUB.max(label + LABEL_ROOM) } else { 0.0 }
            };
            let (has_left, has_right) = (layer > 0, layer + 1 < layers.layers.len());
            let left = labels(Side::Left).max(if has_left { STUB } else { 0.0 });
            let right = labels(Side::Right).max(if has_right { STUB } else { 0.0 });
            let is_looped = |edge: &Edge| {
                edge.from.at == edge.to.at && layers.items[edge.from.at].layer == layer
            };
            let bow = if edges.iter().any(is_looped) { BOW.max(STUB - right) } else { 0.0 };
            let swing = layers.segments.get(layer).map_or(0.0, |segments| {
                let rise =
                    |left: Slot, right: Slot| (y(left, Side::Right) - y(right, Side::Left)).abs();
                let rises = segments.iter().map(|segment| rise(segment.left, segment.right));
                (rises.fold(0.0, f64::max) * 0.45).clamp(SWING_LEAST, swing_most).round()
            });
            let (into, behind) = (room(returns.before[layer]), room(returns.behind[layer]));
            let before = x + into - ASIDE;
            x += into + left;
            let column = Column { x, width, right: right + bow, swing, before, behind };
            x = column.end();
            columns.push(column);
        }
        Self { columns, layers, returns, rows }
    }

    /// From the left end of the first label to the right end of the last.
    pub(super) fn width(&self) -> f64 {
        self.columns.last().map_or(0.0, Column::end)
    }

    /// The left edge and the width of each block. Nodes fill their column; terminals stand at the
    /// side of it that they are wired on.
    pub(super) fn blocks(&self, metrics: &[BoxMetrics], nodes: usize) -> (Vec<f64>, Vec<f64>) {
        let layers = self.layers;
        let mut is_wired_right = vec![false; layers.items.len()];
        for segment in layers.segments.iter().flatten().chain(&layers.returns) {
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
        edges: &[Edge],
        xs: &[f64],
        widths: &[f64],
        y: &dyn Fn(Slot, Side) -> f64,
    ) -> Vec<Route> {
        let right_edge =
            |slot: Slot| Point { x: xs[slot.at] + widths[slot.at], y: y(slot, Side::Right) };
        let left_edge = |slot: Slot| Point { x: xs[slot.at], y: y(slot, Side::Left) };
        let route = |(edge, path): (&Edge, &Vec<Segment>)| match (path.first(), path.last()) {
            (Some(first), Some(last)) => Route {
                begin: right_edge(first.left),
                steps: self.steps(path, left_edge(last.right).x, y),
                end: left_edge(last.right),
                end_facing: Facing::Right,
                begins_at_from: first.left == edge.from,
            },
            (None, _) | (_, None) => self.bow(edge, &right_edge),
        };
        edges.iter().zip(&self.layers.paths).map(route).collect()
    }

    fn steps(&self, path: &[Segment], end: f64, y: &dyn Fn(Slot, Side) -> f64) -> Vec<Step> {
        let mut steps = Vec::with_capacity(path.len() * 2 + 1);
        for &piece in path {
            let column = &self.columns[self.layers.items[piece.left.at].layer];
            let (from, to) = (y(piece.left, Side::Right), y(piece.right, Side::Left));
            match self.returns.track(piece) {
                Some(track) => steps.extend(self.back(piece, track, (from, to))),
                None => {
                    steps.push(Step::Across(column.swing_begin()));
                    steps.push(Step::Swing(Point { x: column.swing_end(), y: to }));
                }
            }
        }
        steps.push(Step::Across(end));
        steps
    }

    /// Down behind a row, back above another, down before that one.
    fn back(&self, piece: Segment, track: Track, (from, to): (f64, f64)) -> [Step; 9] {
        let items = [piece.left, piece.right].map(|slot| self.layers.items[slot.at]);
        let [left, right] = items.map(|item| &self.columns[item.layer]);
        let down = left.swing_end() + ASIDE + TRACK * track.down as f64;
        let into = right.before - TRACK * track.into as f64;
        let back = self.rows[items[1].row] - ABOVE - TRACK * track.back as f64;
        let at = |x: f64, y: f64| Point { x, y };
        [
            Step::Across(down - CORNER),
            Step::Corner(at(down, from), at(down, from + CORNER)),
            Step::Down(back - CORNER),
            Step::Corner(at(down, back), at(down - CORNER, back)),
            Step::Across(into + CORNER),
            Step::Corner(at(into, back), at(into, back + CORNER)),
            Step::Down(to - CORNER),
            Step::Corner(at(into, to), at(into + CORNER, to)),
            Step::Across(into + CORNER),
        ]
    }

    /// A wire from a box to itself.
    fn bow(&self, edge: &Edge, end_at: &dyn Fn(Slot) -> Point) -> Route {
        let column = &self.columns[self.layers.items[edge.from.at].layer];
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
