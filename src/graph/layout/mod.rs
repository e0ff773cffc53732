//! Where everything in a picture stands: layers from left to right, wires with few crossings.
//!
//! Owns the coordinates. A layout after Sugiyama: cut cycles and find layers ([`rank`]), give
//! passing wires their lanes ([`layers`]), order ([`order`]), measure ([`box_metrics`]), place
//! ([`place`]), route. Never draws: `svg/` does.

pub(super) mod box_metrics;
mod layers;
mod order;
mod place;
mod rank;
mod route;

use std::collections::HashSet;

use super::picture::{End, Picture};
use crate::topology::LinkEnd;
use box_metrics::{BoxMetrics, STACK};
use layers::{Edge, Layers, Sides, Slot};
use order::Order;
use place::Extent;

pub(super) use layers::Side;
pub(super) use route::{Facing, Point, Route, Step};

/// A picture with places.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Layout {
    /// Its width.
    pub width: f64,
    /// Its height.
    pub height: f64,
    /// The boxes of the picture's nodes, then those of its terminals.
    pub blocks: Vec<Placed>,
    /// The way of each of the picture's wires.
    pub routes: Vec<Route>,
}

/// A box with its place.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Placed {
    /// Its left edge.
    pub x: f64,
    /// Its top edge.
    pub y: f64,
    /// What is in it.
    pub metrics: BoxMetrics,
}

impl Placed {
    /// The edge of a side.
    pub(super) fn edge(&self, side: Side) -> f64 {
        match side {
            Side::Left => self.x,
            Side::Right => self.x + self.metrics.width,
        }
    }
}

/// The height of a lane and the least distances between what stands in a layer.
const LANE: f64 = 4.0;
const MARGIN: f64 = 26.0;
const LANE_MARGIN: f64 = 18.0;

/// Finds a place for everything.
pub(super) fn lay_out(picture: &Picture) -> Layout {
    let edges: Vec<Edge> = picture
        .wires
        .iter()
        .map(|wire| Edge { from: slot(picture, wire.from), to: slot(picture, wire.to) })
        .collect();
    let block_count = picture.boxes.len() + picture.terminals.len();
    let layers = Layers::new(block_count, &edges);
    let order = Order::new(&layers, sides(picture, &layers));
    let metrics = metrics(picture, &order.sides);
    let extents = extents(picture, &metrics, layers.items.len());
    let port_y = |slot: Slot, side: Side| match metrics.get(slot.at) {
        Some(metrics) => metrics.port_y(slot.port, side).unwrap_or(metrics.height / 2.0),
        None => LANE / 2.0,
    };
    let tops = place::tops(&layers, &order, &extents, &port_y);
    let height = bottom(&tops, &extents);
    let y = |slot: Slot, side: Side| tops[slot.at] + port_y(slot, side);
    let columns = route::Columns::new(&layers, &edges, &metrics, &y);
    let (xs, widths) = columns.blocks(&layers, &metrics, picture.boxes.len());
    let routes = columns.routes(&layers, &edges, &xs, &widths, &y);
    let blocks = metrics
        .iter()
        .enumerate()
        .map(|(at, metrics)| Placed {
            x: xs[at],
            y: tops[at],
            metrics: BoxMetrics { width: widths[at], ..metrics.clone() },
        })
        .collect();
    Layout { width: columns.width(), height, blocks, routes }
}

fn slot(picture: &Picture, end: End) -> Slot {
    match end {
        End::Port(at) => Slot { at: at.node, port: at.socket },
        End::Terminal(at) => Slot { at: picture.boxes.len() + at, port: 0 },
    }
}

/// A port stands where its wires are. One without a wire to another box stands on the right if it
/// sends or is wired to its own box.
fn sides(picture: &Picture, layers: &Layers) -> Vec<Sides> {
    let blocks = picture.boxes.len() + picture.terminals.len();
    let mut sides = vec![Sides::default(); blocks];
    for side in [Side::Left, Side::Right] {
        let mut slots: Vec<Slot> = layers.slots_at(side).collect();
        slots.sort();
        slots.dedup();
        for slot in slots {
            sides[slot.at].of_mut(side).push(slot.port);
        }
    }
    let looped: HashSet<End> = picture
        .wires
        .iter()
        .filter(|wire| slot(picture, wire.from).at == slot(picture, wire.to).at)
        .flat_map(|wire| [wire.from, wire.to])
        .collect();
    for (node, (shown, sides)) in picture.boxes.iter().zip(&mut sides).enumerate() {
        for (socket, port) in shown.ports.iter().enumerate() {
            let is_looped = looped.contains(&End::Port(LinkEnd { node, socket }));
            let is_placed = sides.left.contains(&socket) || sides.right.contains(&socket);
            if is_looped && !sides.right.contains(&socket) || !is_placed && port.role.sends() {
                sides.right.push(socket);
            } else if !is_placed {
                sides.left.push(socket);
            }
        }
    }
    sides
}

fn metrics(picture: &Picture, sides: &[Sides]) -> Vec<BoxMetrics> {
    let nodes =
        picture.boxes.iter().zip(sides).map(|(node, sides)| BoxMetrics::of_node(node, sides));
    let terminals = picture.terminals.iter().map(|end| BoxMetrics::of_terminal(end.title()));
    nodes.chain(terminals).collect()
}

fn extents(picture: &Picture, metrics: &[BoxMetrics], items: usize) -> Vec<Extent> {
    let stacks = picture.boxes.iter().map(|node| if node.is_stack() { STACK } else { 0.0 });
    let blocks = metrics.iter().zip(stacks.chain(std::iter::repeat(0.0)));
    let mut extents: Vec<Extent> = blocks
        .map(|(metrics, stack)| Extent { height: metrics.height + stack, margin: MARGIN })
        .collect();
    extents.resize_with(items, || Extent { height: LANE, margin: LANE_MARGIN });
    extents
}

fn bottom(tops: &[f64], extents: &[Extent]) -> f64 {
    tops.iter().zip(extents).map(|(top, extent)| top + extent.height).fold(0.0, f64::max)
}
