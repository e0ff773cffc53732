//! The copies of a node one by one, in the place of its one box.
//!
//! Owns what becomes of the node's wires. Never decides whose copies are shown: who looks does.

use std::collections::BTreeSet;
use std::ops::Range;

use super::picture::{End, NodeBox, Picture, Wire};
use crate::topology::LinkEnd;

/// How many boxes a picture may come to have so.
const BOXES_MOST: usize = 2_000;
/// How many wires a picture may come to have so: each copy has those of its node, and between two
/// nodes that is a product.
const WIRES_MOST: usize = 5_000;

impl Picture {
    /// The same with the copies of these nodes one by one; nothing where that would be more than
    /// anybody could look at.
    #[must_use]
    pub fn with_copies(&self, of: &BTreeSet<String>) -> Option<Self> {
        let copies = |node: &NodeBox| match node.copies {
            Some(copies) if of.contains(&node.name) && node.group.is_none() => copies.get(),
            Some(_) | None => 1,
        };
        let count: usize = self.boxes.iter().map(|node| copies(node) as usize).sum();
        if count > BOXES_MOST.max(self.boxes.len()) {
            return None;
        }
        let mut boxes = Vec::new();
        let mut places: Vec<Range<usize>> = Vec::new();
        for node in &self.boxes {
            let first = boxes.len();
            match copies(node) {
                1 => boxes.push(node.clone()),
                count => boxes.extend((1..=count).map(|number| copy(node, number))),
            }
            places.push(first..boxes.len());
        }
        let ends = |end: End| match end {
            End::Port(at) => {
                let places = places[at.node].clone();
                places.map(|node| End::Port(LinkEnd { node, ..at })).collect()
            }
            End::Terminal(_) => vec![end],
        };
        let mut wires = Vec::new();
        for wire in &self.wires {
            let (from, to) = (ends(wire.from), ends(wire.to));
            if wires.len() + from.len() * to.len() > WIRES_MOST.max(self.wires.len()) {
                return None;
            }
            for from in from {
                let of_copy = to.iter().map(|&to| Wire { from, to, ..wire.clone() });
                wires.extend(of_copy);
            }
        }
        Some(Self { boxes, wires, ..self.clone() })
    }
}

fn copy(node: &NodeBox, number: u32) -> NodeBox {
    NodeBox {
        name: format!("{}.{number}", node.name),
        copies: None,
        copy_of: Some(node.name.clone()),
        ..node.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::Open;
    use crate::topology::sound;

    fn named(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|name| String::from(*name)).collect()
    }

    fn wires(picture: &Picture) -> Vec<String> {
        let ends = |wire: &Wire| [wire.from, wire.to].map(|end| picture.end_name(end)).join(" → ");
        picture.wires.iter().map(ends).collect()
    }

    #[test]
    fn copies_have_the_wires_of_their_node_each() {
        let picture = Picture::of(&sound(
            "
nodes:
  source: {role: push, bind: 5}
  worker:
    replicas: 3
    sockets:
      in: {role: pull, connect: source}
      out: {role: push, connect: sink}
  sink: {role: pull, bind: 6}
",
        ));
        assert_eq!(picture.with_copies(&named(&["sink", "nobody"])).as_ref(), Some(&picture));
        let shown = picture.with_copies(&named(&["worker"])).unwrap();
        let names: Vec<&str> = shown.boxes.iter().map(|node| &*node.name).collect();
        assert_eq!(names, ["source", "worker.1", "worker.2", "worker.3", "sink"]);
        let copy = &shown.boxes[2];
        assert_eq!((copy.badge(), copy.copy_of.as_deref()), (None, Some("worker")));
        assert_eq!(
            wires(&shown),
            [
                "source → worker.1.in",
                "source → worker.2.in",
                "source → worker.3.in",
                "worker.1.out → sink",
                "worker.2.out → sink",
                "worker.3.out → sink",
            ]
        );
    }

    #[test]
    fn between_two_nodes_that_is_a_product_and_has_an_end() {
        let picture = |replicas: u32| {
            Picture::of(&sound(&format!(
                "
nodes:
  hub: {{role: pull, bind: 5}}
  many: {{role: push, connect: hub, replicas: {replicas}}}
  pub: {{role: pub, bind: 'tcp://127.0.0.1:*', replicas: {replicas}}}
  sub: {{role: sub, connect: pub, topics: [''], replicas: {replicas}}}
"
            )))
        };
        let both = named(&["pub", "sub"]);
        let all = picture(20).with_copies(&both).unwrap();
        assert_eq!((all.boxes.len(), all.wires.len()), (42, 401));
        assert_eq!(picture(100).with_copies(&both), None);
        let many = named(&["many"]);
        assert_eq!(picture(100).with_copies(&many).unwrap().boxes.len(), 103);
        assert_eq!(picture(10_000).with_copies(&many), None);
    }

    #[test]
    fn a_group_of_nodes_stays_one_box() {
        let nodes = (0..5).map(|at| {
            format!("  view{at}: {{role: sub, connect: hub, topics: [''], replicas: 2}}\n")
        });
        let nodes: String = nodes.collect();
        let picture =
            Picture::of(&sound(&format!("nodes:\n  hub: {{role: pub, bind: 5}}\n{nodes}")));
        let folded = picture.folded(&Open::default());
        let names = named(&["view", "view0", "view3"]);
        assert_eq!(folded.with_copies(&names), Some(folded));
        let open = picture.folded(&Open::all());
        assert_eq!(open.with_copies(&names).unwrap().boxes.len(), 1 + 5 + 2);
    }
}
