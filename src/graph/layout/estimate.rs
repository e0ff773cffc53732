//! How large a picture would become with its blocks in certain places.
//!
//! Owns the estimate, lanes and wires from row to row included. Never orders, so it may be a little
//! off.

use super::layers::{Edge, Layers};
use super::place::{ROW_GAP, TRACK};
use super::returns::Returns;
use super::wrap::{Places, SLIDE, Size};

/// How much larger than a slide: up to 1 it fits.
pub(super) fn excess(places: &Places, edges: &[Edge], sizes: &[Size], lane: f64) -> f64 {
    let layers = Layers::new(places, edges);
    let returns = Returns::new(&layers);
    let mut widths = vec![0.0_f64; layers.layers.len()];
    let mut heights: Vec<Vec<f64>> =
        layers.spans.iter().map(|(first, last)| vec![0.0; last - first + 1]).collect();
    for (at, item) in layers.items.iter().enumerate() {
        let size = sizes.get(at).copied().unwrap_or(Size { width: 0.0, height: lane });
        widths[item.layer] = widths[item.layer].max(size.width);
        heights[item.row][item.layer - layers.spans[item.row].0] += size.height;
    }
    let mut ends = vec![0.0_f64; widths.len()];
    for ((row, &(first, last)), tracks) in heights.iter().zip(&layers.spans).zip(&returns.above) {
        let top = ends[first..=last].iter().copied().fold(0.0, f64::max);
        let height = row.iter().copied().fold(0.0, f64::max);
        ends[first..=last].fill(top + TRACK * *tracks as f64 + height + ROW_GAP);
    }
    let tracks: usize = returns.before.iter().chain(&returns.behind).sum();
    let width = widths.iter().sum::<f64>() + TRACK * tracks as f64;
    let height = ends.iter().copied().fold(0.0, f64::max);
    (width / SLIDE.width).max(height / SLIDE.height)
}
