//! In which order the items of a layer stand, so that few wires cross.
//!
//! Owns the sweeps by barycentre, the exchange of neighbours and the counting of crossings. Never
//! knows a coordinate.

use super::layers::{Layers, Segment, Side, Sides, Slot};

/// How often the layers are swept in each direction; more changes nothing in practice.
const SWEEPS: usize = 6;

/// The order of every layer, and of the ports on every box.
#[derive(Clone, Debug)]
pub(super) struct Order {
    /// The items of each layer from top to bottom.
    pub layers: Vec<Vec<usize>>,
    /// The ports of each block; a lane has one on either side.
    pub sides: Vec<Sides>,
    /// The place of each item in its layer.
    rank: Vec<usize>,
}

impl Order {
    /// The order with the fewest crossings that a few sweeps find, `sides` as the start.
    pub(super) fn new(layers: &Layers, sides: Vec<Sides>) -> Self {
        let mut order =
            Self { layers: layers.layers.clone(), sides, rank: vec![0; layers.items.len()] };
        for layer in &mut order.layers {
            *layer = lanes_amid(layers, layer);
        }
        order.renumber();
        let near = Near::new(layers);
        let mut best = order.clone();
        let mut fewest = best.crossings(layers);
        let mut swept = [None, None];
        'sweeps: for _ in 0..SWEEPS {
            for (side, before) in [Side::Left, Side::Right].into_iter().zip(&mut swept) {
                order.sweep(layers, side);
                order.exchange(layers, &near);
                // From here on it would go to and fro.
                let now = (order.layers.clone(), order.sides.clone());
                if before.as_ref() == Some(&now) {
                    break 'sweeps;
                }
                *before = Some(now);
                let crossings = order.crossings(layers);
                if crossings < fewest {
                    (best, fewest) = (order.clone(), crossings);
                }
            }
        }
        best
    }

    /// How many pairs of wires cross.
    pub(super) fn crossings(&self, layers: &Layers) -> usize {
        layers.segments.iter().map(|segments| self.crossings_between(segments)).sum()
    }

    fn renumber(&mut self) {
        for layer in &self.layers {
            for (rank, &item) in layer.iter().enumerate() {
                self.rank[item] = rank;
            }
        }
    }

    /// Sorts each layer, and its ports, by where the wires on one side of it come from.
    fn sweep(&mut self, layers: &Layers, side: Side) {
        let count = self.layers.len();
        for step in 0..count {
            let (layer, gap) = match side {
                Side::Left => (step, step.checked_sub(1)),
                Side::Right => (count - 1 - step, Some(count - 1 - step)),
            };
            let segments =
                gap.and_then(|gap| layers.segments.get(gap)).map_or(&[][..], Vec::as_slice);
            let pulls = self.pulls(segments, side);
            self.sort_layer(layers, layer, &pulls);
            self.sort_ports(layer, &pulls, side);
        }
        // What a layer's other side looks at has moved since.
        for layer in 0..count {
            for side in [Side::Left, Side::Right] {
                let gap = if side == Side::Left { layer.checked_sub(1) } else { Some(layer) };
                let Some(segments) = gap.and_then(|gap| layers.segments.get(gap)) else {
                    continue;
                };
                let pulls = self.pulls(segments, side);
                self.sort_ports(layer, &pulls, side);
            }
        }
    }

    /// For each segment its end in the layer that is sorted, and where it comes from.
    fn pulls(&self, segments: &[Segment], side: Side) -> Vec<(Slot, f64)> {
        let mut pulls: Vec<_> = segments
            .iter()
            .map(|segment| match side {
                Side::Left => (segment.right, self.position(segment.left, Side::Right)),
                Side::Right => (segment.left, self.position(segment.right, Side::Left)),
            })
            .collect();
        pulls.sort_by_key(|pull| pull.0);
        pulls
    }

    fn sort_layer(&mut self, layers: &Layers, layer: usize, pulls: &[(Slot, f64)]) {
        let mut keyed: Vec<(usize, f64, usize)> = self.layers[layer]
            .iter()
            .map(|&item| {
                let range = equal_range(pulls, |slot| slot.at.cmp(&item));
                let own = self.rank[item] as f64;
                (layers.items[item].row, mean(range).unwrap_or(own), item)
            })
            .collect();
        keyed.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
        self.layers[layer] = keyed.into_iter().map(|(_, _, item)| item).collect();
        for (rank, &item) in self.layers[layer].iter().enumerate() {
            self.rank[item] = rank;
        }
    }

    fn sort_ports(&mut self, layer: usize, pulls: &[(Slot, f64)], side: Side) {
        for &item in &self.layers[layer] {
            let Some(sides) = self.sides.get_mut(item) else { continue };
            let ports = sides.of_mut(side);
            ports.sort_by_cached_key(|&port| {
                let range = equal_range(pulls, |slot| slot.cmp(&Slot { at: item, port }));
                // Places are small numbers with a fraction: a millionth tells them apart.
                (mean(range).map_or(i64::MAX, |place| (place * 1e6) as i64), port)
            });
        }
    }

    /// Exchanges neighbours in a layer as long as that saves crossings.
    fn exchange(&mut self, layers: &Layers, near: &Near) {
        let mut ends = Ends::default();
        for layer in 0..self.layers.len() {
            for _ in 0..SWEEPS {
                let mut has_changed = false;
                for at in 1..self.layers[layer].len() {
                    let (upper, lower) = (self.layers[layer][at - 1], self.layers[layer][at]);
                    if layers.items[upper].row != layers.items[lower].row {
                        continue;
                    }
                    let (now, then) = self.crossings_of(near, &mut ends, upper, lower);
                    if then < now {
                        self.layers[layer].swap(at - 1, at);
                        self.rank.swap(upper, lower);
                        has_changed = true;
                    }
                }
                if !has_changed {
                    break;
                }
            }
        }
    }

    /// The crossings between two neighbours' wires as they stand, and exchanged.
    fn crossings_of(
        &self,
        near: &Near,
        Ends { above, below }: &mut Ends,
        upper: usize,
        lower: usize,
    ) -> (usize, usize) {
        let (mut now, mut then) = (0, 0);
        for (side, far) in [(Side::Left, Side::Right), (Side::Right, Side::Left)] {
            for (item, places) in [(upper, &mut *above), (lower, &mut *below)] {
                places.clear();
                places.extend(near.of(item, side).iter().map(|&slot| self.position(slot, far)));
                places.sort_unstable_by(f64::total_cmp);
            }
            now += pairs_below(above, below);
            then += pairs_below(below, above);
        }
        (now, then)
    }

    fn position(&self, slot: Slot, side: Side) -> f64 {
        let on_it = self.sides.get(slot.at).map_or(0.5, |sides| sides.position(side, slot.port));
        self.rank[slot.at] as f64 + on_it
    }

    fn crossings_between(&self, segments: &[Segment]) -> usize {
        let mut ends: Vec<(f64, f64)> = segments
            .iter()
            .map(|segment| {
                (self.position(segment.left, Side::Right), self.position(segment.right, Side::Left))
            })
            .collect();
        ends.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
        let mut right: Vec<f64> = ends.into_iter().map(|(_, right)| right).collect();
        inversions(&mut right)
    }
}

/// The rows of a layer one after the other, the blocks of each in the order of the file, what passes
/// between them in their middle.
fn lanes_amid(layers: &Layers, layer: &[usize]) -> Vec<usize> {
    let mut sorted = layer.to_vec();
    sorted.sort_by_key(|&item| (layers.items[item].row, item));
    let rows = sorted.chunk_by(|&a, &b| layers.items[a].row == layers.items[b].row);
    let amid = rows.flat_map(|row| {
        let (lanes, blocks): (Vec<usize>, Vec<usize>) =
            row.iter().copied().partition(|&item| layers.items[item].is_lane);
        let (upper, lower) = blocks.split_at(blocks.len().div_ceil(2));
        [upper, &lanes, lower].concat()
    });
    amid.collect()
}

/// Room for where the wires of two neighbours end, which are compared again and again.
#[derive(Default)]
struct Ends {
    above: Vec<f64>,
    below: Vec<f64>,
}

/// The far ends of each item's wires, by side.
struct Near {
    left: Vec<Vec<Slot>>,
    right: Vec<Vec<Slot>>,
}

impl Near {
    fn new(layers: &Layers) -> Self {
        let empty = vec![Vec::new(); layers.items.len()];
        let mut near = Self { left: empty.clone(), right: empty };
        for segment in layers.segments.iter().flatten() {
            near.right[segment.left.at].push(segment.right);
            near.left[segment.right.at].push(segment.left);
        }
        near
    }

    fn of(&self, item: usize, side: Side) -> &[Slot] {
        match side {
            Side::Left => &self.left[item],
            Side::Right => &self.right[item],
        }
    }
}

/// How many pairs of one from `above` and one from `below`, both sorted, stand the wrong way.
fn pairs_below(above: &[f64], below: &[f64]) -> usize {
    above.iter().map(|place| below.partition_point(|other| other < place)).sum()
}

/// The run of a sorted list that compares equal.
fn equal_range(
    pulls: &[(Slot, f64)],
    compare: impl Fn(&Slot) -> std::cmp::Ordering,
) -> &[(Slot, f64)] {
    let from = pulls.partition_point(|(slot, _)| compare(slot).is_lt());
    let to = pulls.partition_point(|(slot, _)| compare(slot).is_le());
    &pulls[from..to]
}

fn mean(pulls: &[(Slot, f64)]) -> Option<f64> {
    let sum: f64 = pulls.iter().map(|(_, place)| place).sum();
    (!pulls.is_empty()).then(|| sum / pulls.len() as f64)
}

/// So many are sorted by moving each up to its place.
const FEW: usize = 16;

/// As [`inversions`], without asking for memory.
fn inversions_of_few(values: &mut [f64]) -> usize {
    let mut count = 0;
    for end in 1..values.len() {
        let mut at = end;
        while at > 0 && values[at] < values[at - 1] {
            values.swap(at, at - 1);
            at -= 1;
        }
        count += end - at;
    }
    count
}

/// How many pairs stand in falling order, counted while sorting by merging.
fn inversions(values: &mut Vec<f64>) -> usize {
    if values.len() <= FEW {
        return inversions_of_few(values);
    }
    let mut upper = values.split_off(values.len() / 2);
    let mut count = inversions(values) + inversions(&mut upper);
    let lower = std::mem::take(values);
    let (mut a, mut b) = (lower.iter().copied().peekable(), upper.iter().copied().peekable());
    let mut left = lower.len();
    while let (Some(&x), Some(&y)) = (a.peek(), b.peek()) {
        if y < x {
            count += left;
            values.extend(b.next());
        } else {
            left -= 1;
            values.extend(a.next());
        }
    }
    values.extend(a.chain(b));
    count
}

#[cfg(test)]
mod tests {
    use super::super::layers::Edge;
    use super::super::rank;
    use super::super::wrap::{Size, wrap};
    use super::*;

    fn edge(from: usize, to: usize) -> Edge {
        Edge { from: Slot { at: from, port: 0 }, to: Slot { at: to, port: 0 } }
    }

    fn ordered(blocks: usize, edges: &[Edge]) -> (Layers, Order) {
        let arcs: Vec<_> = edges.iter().map(|edge| (edge.from.at, edge.to.at)).collect();
        let size = Size { width: 100.0, height: 50.0 };
        let (ranks, groups) = (rank::layers(blocks, &arcs), rank::groups(blocks, &arcs));
        let layers = Layers::new(
            &wrap(&ranks, &groups, &vec![size; blocks], &|places| places.excess),
            edges,
        );
        let sides = vec![Sides { left: vec![0], right: vec![0] }; blocks];
        let order = Order::new(&layers, sides);
        (layers, order)
    }

    #[test]
    fn inversions_are_counted() {
        for (values, want) in [(&[][..], 0), (&[1.0, 2.0, 2.0], 0), (&[3.0, 2.0, 1.0, 1.0], 5)] {
            assert_eq!(inversions(&mut values.to_vec()), want, "{values:?}");
        }
        let many: Vec<f64> = (0..1000).map(|at| f64::from(at * 7919 % 101)).collect();
        let pairs = (0..many.len()).flat_map(|at| many[at + 1..].iter().map(move |low| (at, low)));
        let want = pairs.filter(|&(at, low)| *low < many[at]).count();
        assert_eq!(inversions(&mut many.clone()), want);
    }

    #[test]
    fn what_can_be_drawn_without_crossings_is() {
        for (blocks, edges) in [
            // Two pairs, wired crosswise as written.
            (4, vec![edge(0, 3), edge(1, 2)]),
            // A tree.
            (
                7,
                vec![(0, 1), (0, 2), (1, 5), (1, 6), (2, 3), (2, 4)]
                    .into_iter()
                    .map(|(a, b)| edge(a, b))
                    .collect(),
            ),
            // A wire that passes by.
            (4, vec![edge(0, 1), edge(1, 2), edge(0, 2), edge(3, 1)]),
        ] {
            let (layers, order) = ordered(blocks, &edges);
            assert_eq!(order.crossings(&layers), 0, "{edges:?}");
        }
    }

    #[test]
    fn a_crossing_that_must_be_is_counted_once() {
        let all: Vec<_> = [(0, 2), (0, 3), (1, 2), (1, 3)].map(|(a, b)| edge(a, b)).to_vec();
        let (layers, order) = ordered(4, &all);
        assert_eq!(order.crossings(&layers), 1);
    }
}
