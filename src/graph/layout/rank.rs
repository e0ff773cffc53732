//! Which layer each block stands in.
//!
//! Owns the cutting of cycles, layers by the longest path, and which blocks hang together. Never
//! orders within a layer.

use std::collections::VecDeque;

/// An arc from one block to another, both by their places.
pub(super) type Arc = (usize, usize);

/// The layer of each block. Every arc of two blocks joins two layers, most of them from the lower
/// to the higher.
pub(super) fn layers(blocks: usize, arcs: &[Arc]) -> Vec<usize> {
    let sequence = sequence(blocks, arcs);
    let mut place = vec![0; blocks];
    for (at, &block) in sequence.iter().enumerate() {
        place[block] = at;
    }
    // An arc that goes back in the sequence would close a cycle: it counts the other way round.
    let forward: Vec<Arc> = arcs
        .iter()
        .filter(|(from, to)| from != to)
        .map(|&(from, to)| if place[from] < place[to] { (from, to) } else { (to, from) })
        .collect();
    let (next, previous) = neighbours(blocks, &forward);
    let mut layers = vec![0; blocks];
    for &block in &sequence {
        layers[block] = previous[block].iter().map(|&before| layers[before] + 1).max().unwrap_or(0);
    }
    // What pulls more to the right than to the left moves next to what it pulls at.
    for &block in sequence.iter().rev() {
        let nearest = next[block].iter().map(|&after| layers[after] - 1).min();
        if let Some(nearest) = nearest.filter(|_| next[block].len() > previous[block].len()) {
            layers[block] = nearest;
        }
    }
    start_at_zero(&mut layers, arcs);
    layers
}

/// For each block, which group of linked blocks it is in; groups are numbered in the order of
/// their first blocks.
pub(super) fn groups(blocks: usize, arcs: &[Arc]) -> Vec<usize> {
    let (next, previous) = neighbours(blocks, arcs);
    let mut groups = vec![usize::MAX; blocks];
    let mut count = 0;
    for start in 0..blocks {
        if groups[start] != usize::MAX {
            continue;
        }
        let mut open = vec![start];
        while let Some(block) = open.pop() {
            if groups[block] == usize::MAX {
                groups[block] = count;
                open.extend(next[block].iter().chain(&previous[block]));
            }
        }
        count += 1;
    }
    groups
}

/// All blocks in an order that few arcs go against: sources first and, within a cycle, what gives
/// more than it takes.
fn sequence(blocks: usize, arcs: &[Arc]) -> Vec<usize> {
    let arcs: Vec<Arc> = arcs.iter().copied().filter(|(from, to)| from != to).collect();
    let (next, previous) = neighbours(blocks, &arcs);
    let mut waiting_for: Vec<usize> = previous.iter().map(Vec::len).collect();
    let mut ready: VecDeque<usize> = (0..blocks).filter(|&at| waiting_for[at] == 0).collect();
    let mut is_placed = vec![false; blocks];
    let mut sequence = Vec::with_capacity(blocks);
    while sequence.len() < blocks {
        let block = match ready.pop_front() {
            Some(block) if is_placed[block] => continue,
            Some(block) => block,
            None => cut(&next, &previous, &is_placed),
        };
        is_placed[block] = true;
        sequence.push(block);
        for &after in &next[block] {
            waiting_for[after] -= 1;
            if waiting_for[after] == 0 {
                ready.push_back(after);
            }
        }
    }
    sequence
}

/// Where to enter a cycle: at the block that gives most and takes least, by preference one that
/// something placed leads to.
fn cut(next: &[Vec<usize>], previous: &[Vec<usize>], is_placed: &[bool]) -> usize {
    let open = |blocks: &[usize]| blocks.iter().filter(|&&at| !is_placed[at]).count() as isize;
    let rest = (0..is_placed.len()).filter(|&at| !is_placed[at]);
    // Of equals, `max_by_key` takes the last: the reversed order makes it the file's first.
    let best = rest.rev().max_by_key(|&at| {
        let is_reached = previous[at].iter().any(|&before| is_placed[before]);
        (open(&next[at]) - open(&previous[at]), is_reached)
    });
    best.unwrap_or(0)
}

fn neighbours(blocks: usize, arcs: &[Arc]) -> (Vec<Vec<usize>>, Vec<Vec<usize>>) {
    let (mut next, mut previous) = (vec![Vec::new(); blocks], vec![Vec::new(); blocks]);
    for &(from, to) in arcs {
        next[from].push(to);
        previous[to].push(from);
    }
    (next, previous)
}

/// Moves each group as far left as it goes.
fn start_at_zero(layers: &mut [usize], arcs: &[Arc]) {
    let groups = groups(layers.len(), arcs);
    let mut lowest = vec![usize::MAX; layers.len()];
    for (&group, &layer) in groups.iter().zip(&*layers) {
        lowest[group] = lowest[group].min(layer);
    }
    for (&group, layer) in groups.iter().zip(layers) {
        *layer -= lowest[group];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_stand_in_layers_by_the_longest_path() {
        for (blocks, arcs, want) in [
            (0, &[][..], &[][..]),
            (2, &[], &[0, 0]),
            (3, &[(0, 1), (1, 2)], &[0, 1, 2]),
            (3, &[(0, 1), (1, 2), (0, 2)], &[0, 1, 2]),
            // A source stands next to what it feeds.
            (4, &[(0, 1), (1, 2), (3, 2)], &[0, 1, 2, 1]),
            // A cycle is cut where it is entered.
            (3, &[(0, 1), (1, 2), (2, 1)], &[0, 1, 2]),
            (2, &[(0, 1), (1, 0)], &[0, 1]),
            (1, &[(0, 0)], &[0]),
        ] {
            assert_eq!(layers(blocks, arcs), want, "{arcs:?}");
        }
    }

    #[test]
    fn blocks_that_hang_together_are_one_group() {
        assert_eq!(groups(5, &[(3, 0), (1, 4)]), [0, 1, 2, 0, 1]);
    }

    #[test]
    fn no_arc_joins_a_layer_with_itself() {
        let arcs: Vec<Arc> = (0..60).map(|at| (at * 7 % 13, at * 5 % 11)).collect();
        let layers = layers(13, &arcs);
        for (from, to) in arcs.into_iter().filter(|(from, to)| from != to) {
            assert_ne!(layers[from], layers[to], "{from} {to}");
        }
    }
}
