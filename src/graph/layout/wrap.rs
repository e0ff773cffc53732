//! How layers become columns and rows, so that a picture has the shape of a slide.
//!
//! Owns where a wide layer is broken into columns, a long chain into rows, and what stands side by
//! side. What fits as it is stays as it is. Never orders and never measures.

/// How much larger than a slide blocks are at least, however they stand: nothing lies on another.
pub(super) fn least(sizes: &[Size]) -> f64 {
    let area = |size: &Size| size.width * size.height;
    (sizes.iter().map(area).sum::<f64>() / area(&SLIDE)).sqrt()
}

/// What a block takes, with its wires and labels.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Size {
    /// From column to column.
    pub width: f64,
    /// From block to block.
    pub height: f64,
}

/// The column and the row of each block.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Places {
    /// The column of each block.
    pub columns: Vec<usize>,
    /// The row of each block. No two rows meet in a column other than one above the other.
    pub rows: Vec<usize>,
    /// The first and the last column of each row, or of the longest of its part.
    pub spans: Vec<(usize, usize)>,
    /// How much larger than a slide all of it is, about; up to 1 it fits.
    pub excess: f64,
}

/// A slide without its title, its margins and its legend.
pub(super) const SLIDE: Size = Size { width: 1_860.0, height: 940.0 };
/// Between two rows, besides what stands in them.
const ROW_GAP: f64 = 30.0;
/// How many columns may be tried.
const COLUMNS: [usize; 20] =
    [2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 14, 16, 18, 20, 24, 28, 34, 42, 56];
/// How high a column may be tried, from least to most broken.
const HEIGHTS: [f64; 15] = [
    f64::INFINITY,
    9_000.0,
    6_500.0,
    5_000.0,
    3_800.0,
    3_000.0,
    2_400.0,
    1_900.0,
    1_500.0,
    1_200.0,
    950.0,
    750.0,
    600.0,
    480.0,
    380.0,
];
/// A way to break that is hardly worse is taken if it breaks less, so that an edit seldom changes it.
const NEARLY: f64 = 1.08;

/// The blocks of each layer of each part that hangs together.
type Part = Vec<Vec<usize>>;

/// How many blocks, all tries together, may be looked at closely.
const CLOSELY: usize = 4_000;

/// The places where every part is as it is, or those that fit a slide best. `excess` looks closely
/// at some: how much larger than a slide would that be?
pub(super) fn wrap(
    layers: &[usize],
    groups: &[usize],
    sizes: &[Size],
    excess: &dyn Fn(&Places) -> f64,
) -> Places {
    let parts = parts(layers, groups);
    let mut natural = natural(&parts, sizes);
    natural.excess = excess(&natural);
    if natural.excess <= 1.0 {
        return natural;
    }
    let longest = parts.iter().map(Vec::len).max().unwrap_or(0);
    let most = (longest.max(4) * 4).max(parts.len()).max(sizes.len() / 4);
    let tries = HEIGHTS.iter().flat_map(|&height| {
        let parts: Vec<Part> = parts.iter().map(|part| cut(part, sizes, height)).collect();
        let columns = COLUMNS.iter().filter(move |&&columns| columns <= most);
        columns.map(move |&columns| broken(&parts, sizes, columns))
    });
    let mut tries: Vec<(usize, Places)> = tries.enumerate().collect();
    tries.sort_by(|one, other| one.1.excess.total_cmp(&other.1.excess));
    tries.truncate(CLOSELY / sizes.len().max(1));
    // Of those that are about as good, the one that breaks least.
    tries.sort_by_key(|one| one.0);
    for (_, places) in &mut tries {
        places.excess = excess(places);
    }
    let least = tries.iter().map(|one| one.1.excess).fold(f64::INFINITY, f64::min);
    if natural.excess <= least * NEARLY {
        return natural;
    }
    let enough = (least * NEARLY).max(0.9);
    let found = tries.into_iter().find(|one| one.1.excess <= enough);
    found.map_or(natural, |(_, places)| places)
}

fn parts(layers: &[usize], groups: &[usize]) -> Vec<Part> {
    let mut parts: Vec<Part> =
        vec![Vec::new(); groups.iter().map(|group| group + 1).max().unwrap_or(0)];
    for (block, (&layer, &group)) in layers.iter().zip(groups).enumerate() {
        let part = &mut parts[group];
        if part.len() <= layer {
            part.resize(layer + 1, Vec::new());
        }
        part[layer].push(block);
    }
    parts
}

/// Each part one row, one below the other.
fn natural(parts: &[Part], sizes: &[Size]) -> Places {
    let columns = parts.iter().map(Vec::len).max().unwrap_or(0);
    let mut packing = Packing::new(sizes, columns);
    for part in parts {
        packing.put(&[part], 0);
    }
    packing.finish()
}

/// A part in columns no higher than this.
fn cut(part: &Part, sizes: &[Size], height: f64) -> Part {
    part.iter().flat_map(|layer| split(layer, sizes, height)).collect()
}

/// Rows no longer than that many columns, parts side by side.
fn broken(parts: &[Part], sizes: &[Size], columns: usize) -> Places {
    let mut packing = Packing::new(sizes, columns);
    for all in parts {
        // As few rows as it takes, and all about as long.
        let count = all.len().div_ceil(columns).max(1);
        let rows: Vec<&[Vec<usize>]> = all.chunks(all.len().div_ceil(count).max(1)).collect();
        let width = rows.iter().map(|row| row.len()).max().unwrap_or(0);
        let at = packing.highest(width);
        packing.put(&rows, at);
    }
    packing.finish()
}

/// A layer in the order of the file, so many blocks a column as fit.
fn split(layer: &[usize], sizes: &[Size], most: f64) -> Vec<Vec<usize>> {
    let all: f64 = layer.iter().map(|&block| sizes[block].height).sum();
    let even = all / (all / most).ceil().max(1.0);
    let mut columns: Vec<Vec<usize>> = Vec::new();
    let mut height = f64::INFINITY;
    for &block in layer {
        let size = sizes[block].height;
        match columns.last_mut().filter(|_| height + size / 2.0 <= even + 1.0) {
            Some(column) => {
                height += size;
                column.push(block);
            }
            None => {
                height = size;
                columns.push(vec![block]);
            }
        }
    }
    columns
}

/// Rows put into columns, each as far up as it goes.
struct Packing<'s> {
    sizes: &'s [Size],
    places: Places,
    /// Where each column ends.
    ends: Vec<f64>,
    /// The width of each column.
    widths: Vec<f64>,
}

impl<'s> Packing<'s> {
    fn new(sizes: &'s [Size], columns: usize) -> Self {
        let places = Places {
            columns: vec![0; sizes.len()],
            rows: vec![0; sizes.len()],
            spans: Vec::new(),
            excess: 0.0,
        };
        Self { sizes, places, ends: vec![0.0; columns], widths: vec![0.0; columns] }
    }

    /// The column from which so many are free the farthest up.
    fn highest(&self, width: usize) -> usize {
        let end = |at: usize| self.ends[at..at + width].iter().copied().fold(0.0, f64::max);
        let places = 0..=self.ends.len().saturating_sub(width);
        places.min_by(|&one, &other| end(one).total_cmp(&end(other))).unwrap_or(0)
    }

    fn put<R: AsRef<[Vec<usize>]>>(&mut self, rows: &[R], at: usize) {
        let width = rows.iter().map(|row| row.as_ref().len()).max().unwrap_or(0);
        let mut y = self.ends[at..at + width].iter().copied().fold(0.0, f64::max);
        for row in rows {
            let row = row.as_ref();
            let mut height = 0.0_f64;
            for (column, blocks) in (at..).zip(row) {
                height = height.max(blocks.iter().map(|&block| self.sizes[block].height).sum());
                for &block in blocks {
                    self.places.columns[block] = column;
                    self.places.rows[block] = self.places.spans.len();
                    self.widths[column] = self.widths[column].max(self.sizes[block].width);
                }
            }
            self.places.spans.push((at, at + width.max(1) - 1));
            y += height + ROW_GAP;
        }
        self.ends[at..at + width].fill(y);
    }

    fn finish(mut self) -> Places {
        let width: f64 = self.widths.iter().sum();
        let height = self.ends.iter().copied().fold(0.0, f64::max);
        self.places.excess = (width / SLIDE.width).max(height / SLIDE.height);
        self.places
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrapped(layers: &[usize], groups: &[usize]) -> Places {
        let sizes = vec![Size { width: 300.0, height: 100.0 }; layers.len()];
        wrap(layers, groups, &sizes, &|places| places.excess)
    }

    #[test]
    fn what_fits_stays_as_it_is() {
        let places = wrapped(&[0, 1, 1, 2], &[0; 4]);
        assert_eq!((&*places.columns, &*places.rows), (&[0, 1, 1, 2][..], &[0; 4][..]));
        assert!(places.excess <= 1.0);
    }

    #[test]
    fn a_long_chain_has_rows_a_wide_fan_columns_and_many_parts_stand_side_by_side() {
        let chain: Vec<usize> = (0..40).collect();
        let places = wrapped(&chain, &[0; 40]);
        assert!(places.spans.len() > 3 && places.excess < 2.0, "{places:?}");
        let next = |at: usize| (places.rows[at], places.columns[at]);
        assert!((1..40).all(|at| next(at - 1) < next(at)));

        let fan: Vec<usize> = std::iter::once(0).chain([1; 40]).collect();
        let places = wrapped(&fan, &[0; 41]);
        assert!(places.excess < 1.6, "{places:?}");
        let columns = *places.columns.iter().max().unwrap();
        assert!((4..10).contains(&columns), "{places:?}");

        let pairs: Vec<usize> = (0..40).map(|at| at % 2).collect();
        let groups: Vec<usize> = (0..40).map(|at| at / 2).collect();
        let places = wrapped(&pairs, &groups);
        assert!(places.excess < 1.6, "{places:?}");
        assert!((0..40).step_by(2).all(|at| places.columns[at] + 1 == places.columns[at + 1]));
    }
}
