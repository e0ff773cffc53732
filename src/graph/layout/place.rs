//! Heights: where in its layer each item stands.
//!
//! Owns the relaxation that makes wires straight. Never knows a width.

use super::layers::{Layers, Side, Slot};
use super::order::Order;

/// How often each layer is moved towards its neighbours.
const ROUNDS: usize = 48;

/// What an item needs.
pub(super) struct Extent {
    /// Its height, the sheets of a stack included.
    pub height: f64,
    /// The least distance to whatever is next to it.
    pub margin: f64,
}

/// Between two rows.
pub(super) const ROW_GAP: f64 = 34.0;
/// Between two wires that go from row to row side by side.
pub(super) const TRACK: f64 = 7.0;

/// The top of each item, and of each row. `port_y` tells where on an item's height a slot is,
/// `tracks` how many wires arrive above each row.
pub(super) fn tops(
    layers: &Layers,
    order: &Order,
    extents: &[Extent],
    tracks: &[usize],
    port_y: &dyn Fn(Slot, Side) -> f64,
) -> (Vec<f64>, Vec<f64>) {
    let springs = springs(layers, port_y);
    let mut tops = vec![0.0; extents.len()];
    let mut rows = vec![Vec::new(); layers.spans.len()];
    for layer in &order.layers {
        for run in layer.chunk_by(|&a, &b| layers.items[a].row == layers.items[b].row) {
            rows[layers.items[run[0]].row].push(run.to_vec());
        }
    }
    let mut ends = vec![0.0_f64; layers.layers.len()];
    let mut row_tops = Vec::with_capacity(rows.len());
    for ((row, &(first, last)), &tracks) in rows.iter().zip(&layers.spans).zip(tracks) {
        relax(row, extents, &springs, &mut tops);
        let last = last.min(ends.len().saturating_sub(1));
        let end = ends[first..=last].iter().copied().fold(0.0, f64::max);
        let top = end + TRACK * tracks as f64;
        row_tops.push(top);
        let bottom = stand_below(row, extents, &mut tops, top) + ROW_GAP;
        ends[first..=last].fill(bottom);
    }
    (tops, row_tops)
}

/// What pulls at an item: the other item, how much higher its top wants to be, how strongly.
type Spring = (usize, f64, f64);

fn springs(layers: &Layers, port_y: &dyn Fn(Slot, Side) -> f64) -> Vec<Vec<Spring>> {
    let mut springs = vec![Vec::new(); layers.items.len()];
    for segment in layers.segments.iter().flatten() {
        let lanes = [segment.left, segment.right].map(|slot| layers.items[slot.at].is_lane);
        // A wire that passes by bends, rather than the wires of what it passes.
        let strength = match lanes {
            [false, false] => 8.0,
            [true, true] => 0.2,
            [true, false] | [false, true] => 0.02,
        };
        let offset = port_y(segment.left, Side::Right) - port_y(segment.right, Side::Left);
        springs[segment.left.at].push((segment.right.at, -offset, strength));
        springs[segment.right.at].push((segment.left.at, offset, strength));
    }
    springs
}

/// Moves layer after layer to where its springs pull it, to and fro.
fn relax(layers: &[Vec<usize>], extents: &[Extent], springs: &[Vec<Spring>], tops: &mut [f64]) {
    for layer in layers {
        settle(layer, extents, springs, tops);
    }
    for round in 0..ROUNDS {
        let count = layers.len();
        for step in 0..count {
            let at = if round % 2 == 0 { count - 1 - step } else { step };
            settle(&layers[at], extents, springs, tops);
        }
    }
}

/// Places one layer: as near to where each item wants to be as the others let it, by the method
/// of least squares. Neighbours that want the same place are pooled into one block.
fn settle(layer: &[usize], extents: &[Extent], springs: &[Vec<Spring>], tops: &mut [f64]) {
    let mut pools: Vec<Pool> = Vec::with_capacity(layer.len());
    let mut offset = 0.0;
    let mut previous: Option<&Extent> = None;
    for &item in layer {
        let extent = &extents[item];
        if let Some(previous) = previous {
            offset += previous.height + previous.margin.max(extent.margin);
        }
        previous = Some(extent);
        let (mut sum, mut weight) = (0.0, 0.0);
        for &(other, distance, strength) in &springs[item] {
            sum += (tops[other] + distance - offset) * strength;
            weight += strength;
        }
        if weight == 0.0 {
            (sum, weight) = ((tops[item] - offset) * 1e-3, 1e-3);
        }
        let mut pool = Pool { sum, weight, items: 1 };
        while let Some(above) = pools.pop_if(|above| above.place() > pool.place()) {
            pool = Pool {
                sum: above.sum + pool.sum,
                weight: above.weight + pool.weight,
                items: above.items + pool.items,
            };
        }
        pools.push(pool);
    }
    let places = pools.iter().flat_map(|pool| std::iter::repeat_n(pool.place(), pool.items));
    let mut offset = 0.0;
    let mut previous: Option<&Extent> = None;
    for (&item, place) in layer.iter().zip(places) {
        let extent = &extents[item];
        if let Some(previous) = previous {
            offset += previous.height + previous.margin.max(extent.margin);
        }
        previous = Some(extent);
        tops[item] = place + offset;
    }
}

/// Items that stand as close as they may.
struct Pool {
    sum: f64,
    weight: f64,
    items: usize,
}

impl Pool {
    fn place(&self) -> f64 {
        self.sum / self.weight
    }
}

/// Moves a row down to where it may begin, to whole pixels; its lower end.
fn stand_below(layers: &[Vec<usize>], extents: &[Extent], tops: &mut [f64], top: f64) -> f64 {
    let items = || layers.iter().flatten().copied();
    let highest = items().map(|item| tops[item]).fold(f64::INFINITY, f64::min);
    let mut end = top;
    for item in items() {
        tops[item] = (tops[item] - highest + top).round();
        end = end.max(tops[item] + extents[item].height);
    }
    end
}
