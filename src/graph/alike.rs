//! Which nodes of a picture are alike: those that no eye needs to tell apart.
//!
//! Owns the classes: nodes of one name but for its number, or of one work, that have the same
//! sockets and are linked in the same way with nodes that are alike themselves. Never draws one
//! box for several: `fold.rs` does.

use std::collections::{BTreeSet, HashMap};

use super::picture::{End, NodeBox, Picture};

/// What an end of a box's wires is: the port, which way messages go, the far class and port.
type Signature = Vec<(usize, u8, usize, usize)>;

/// How many alike nodes become one box: fewer are as easily read one by one.
pub(super) const LEAST: usize = 4;

/// For each box, then each terminal, the number of its class; of the numbers nothing else is said.
pub(super) fn classes(picture: &Picture) -> Vec<usize> {
    let mut keys = HashMap::new();
    let boxes = picture.boxes.iter().map(likeness);
    let terminals =
        picture.terminals.iter().map(|end| format!("outside {}", end.endpoint.is_some()));
    let mut class = Vec::new();
    for key in boxes.chain(terminals) {
        let next = keys.len();
        class.push(*keys.entry(key).or_insert(next));
    }
    let near = neighbours(picture);
    refine(&near, &mut class);
    // Who is linked with one of two that are drawn as two is not like who is linked with the other.
    while part_small(picture.boxes.len(), &mut class) {
        refine(&near, &mut class);
    }
    class
}

/// Makes boxes whose class is too small for a group classes of their own; whether there were any.
fn part_small(boxes: usize, class: &mut [usize]) -> bool {
    let count = class.iter().max().map_or(0, |highest| highest + 1);
    let mut members = vec![0; count];
    for &class in &class[..boxes] {
        members[class] += 1;
    }
    let mut next = count;
    for class in &mut class[..boxes] {
        if (2..LEAST).contains(&members[*class]) {
            *class = next;
            next += 1;
        }
    }
    next > count
}

/// A name without its digits, if it has any and something else: `view` of `view12`.
pub(super) fn stem(name: &str) -> Option<String> {
    let stem: String = name.chars().filter(|c| !c.is_ascii_digit()).collect();
    let stem = stem.trim_matches(['-', '_', '.']);
    (stem.len() < name.len() && !stem.is_empty()).then(|| stem.to_owned())
}

/// What has to be equal: of numbered nodes the name and the sockets, of others all that is shown.
fn likeness(node: &NodeBox) -> String {
    let ports: Vec<_> = node
        .ports
        .iter()
        .map(|port| (&port.name, port.role, port.binds.is_empty(), port.connects))
        .collect();
    let common = (ports, &node.forwards, node.copies);
    match stem(&node.name) {
        Some(stem) => format!("{stem:?} {common:?}"),
        None => {
            let filters: Vec<_> =
                node.ports.iter().map(|port| (&port.filters, &port.hwm)).collect();
            let work = (node.handlers, &node.description, &node.marks, filters);
            format!("{common:?} {work:?}")
        }
    }
}

/// For each box and terminal: its port, which way messages go, the far one and its port.
fn neighbours(picture: &Picture) -> Vec<Signature> {
    let mut near = vec![Vec::new(); picture.boxes.len() + picture.terminals.len()];
    let place = |end: End| match end {
        End::Port(at) => (at.node, at.socket),
        End::Terminal(at) => (picture.boxes.len() + at, 0),
    };
    for wire in &picture.wires {
        let ((from, out), (to, into)) = (place(wire.from), place(wire.to));
        let ways = if wire.both_ways { 2 } else { 0 };
        near[from].push((out, ways, to, into));
        near[to].push((into, ways + 1, from, out));
    }
    near
}

/// Parts classes until all of one class are linked in the same way with the same classes.
fn refine(near: &[Signature], class: &mut [usize]) {
    let count = class.iter().max().map_or(0, |highest| highest + 1);
    let mut members = vec![Vec::new(); count];
    for (at, &class) in class.iter().enumerate() {
        members[class].push(at);
    }
    let mut signatures = vec![Signature::new(); near.len()];
    let mut changed: BTreeSet<usize> = (0..near.len()).collect();
    while !changed.is_empty() {
        for &at in &changed {
            let mut signature: Signature = near[at]
                .iter()
                .map(|&(port, way, far, far_port)| (port, way, class[far], far_port))
                .collect();
            signature.sort_unstable();
            signature.dedup();
            signatures[at] = signature;
        }
        let touched: BTreeSet<usize> = changed.iter().map(|&at| class[at]).collect();
        changed.clear();
        for touched in touched {
            for part in parts(&members[touched], &signatures) {
                for &at in &part {
                    class[at] = members.len();
                    changed.extend(near[at].iter().map(|&(_, _, far, _)| far));
                }
                members[touched].retain(|at| !part.contains(at));
                members.push(part);
            }
        }
    }
}

/// The members that differ from the most common kind, a list a kind.
fn parts(members: &[usize], signatures: &[Signature]) -> Vec<Vec<usize>> {
    let mut places = HashMap::new();
    let mut parts: Vec<Vec<usize>> = Vec::new();
    for &at in members {
        let place = *places.entry(&signatures[at]).or_insert(parts.len());
        match parts.get_mut(place) {
            Some(part) => part.push(at),
            None => parts.push(vec![at]),
        }
    }
    // The largest keeps its number, so that few others have to look again.
    let largest = (0..parts.len()).rev().max_by_key(|&part| parts[part].len());
    if let Some(largest) = largest {
        parts.remove(largest);
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stem_is_a_name_without_its_number() {
        for (name, want) in [
            ("view0", Some("view")),
            ("view-12", Some("view")),
            ("cam2_left", Some("cam_left")),
            ("view", None),
            ("12", None),
        ] {
            assert_eq!(stem(name).as_deref(), want, "{name}");
        }
    }
}
