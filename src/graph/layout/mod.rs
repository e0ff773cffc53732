//! Where everything in a picture stands: layers from left to right, wires with few crossings.
//!
//! Owns the coordinates. A layout after Sugiyama: cut cycles and find layers ([`rank`]), break them
//! where a slide ends ([`mod@wrap`]), give passing wires their lanes ([`layers`]), order ([`order`]),
//! measure ([`box_metrics`]), place ([`place`]), route. Never draws: `svg/` does.

pub(super) mod box_metrics;
mod estimate;
mod layers;
mod order;
mod place;
mod rank;
mod returns;
mod route;
mod wrap;

use std::collections::HashSet;

use super::picture::{End, Picture};
use crate::topology::LinkEnd;
use box_metrics::{BoxMetrics, Density, STACK};
use layers::{Edge, Layers, Sides, Slot};
use order::Order;
use place::Extent;
use returns::Returns;
use wrap::{Places, Size, least, wrap};

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

/// The height of a lane.
const LANE: f64 = 4.0;
/// What dots and arrowheads need between two columns, about.
const ENDS: f64 = 50.0;
/// How much larger than a slide a picture may be before its boxes say less.
const TOO_SMALL: f64 = 1.25;

/// Finds a place for everything.
pub(super) fn lay_out(picture: &Picture) -> Layout {
    let edges: Vec<Edge> = picture
        .wires
        .iter()
        .map(|wire| Edge { from: slot(picture, wire.from), to: slot(picture, wire.to) })
        .collect();
    let (places, density) = places(picture, &edges);
    let layers = Layers::new(&places, &edges);
    let order = Order::new(&layers, sides(picture, &layers));
    let metrics = metrics(picture, &order.sides, density);
    let extents = extents(picture, &metrics, layers.items.len(), density);
    let port_y = |slot: Slot, side: Side| match metrics.get(slot.at) {
        Some(metrics) => metrics.port_y(slot.port, side).unwrap_or(metrics.height / 2.0),
        None => LANE / 2.0,
    };
    let returns = Returns::new(&layers);
    let (tops, rows) = place::tops(&layers, &order, &extents, &returns.above, &port_y);
    let height = bottom(&tops, &extents);
    let y = |slot: Slot, side: Side| tops[slot.at] + port_y(slot, side);
    let columns =
        route::Columns::new(&layers, (&returns, &rows), &edges, &metrics, density.swing(), &y);
    let (xs, widths) = columns.blocks(&metrics, picture.boxes.len());
    let routes = columns.routes(&edges, &xs, &widths, &y);
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

/// In which column and row each block stands, and how much is in it: less where all would have to
/// be too small to be read.
fn places(picture: &Picture, edges: &[Edge]) -> (Places, Density) {
    let blocks = picture.boxes.len() + picture.terminals.len();
    let arcs: Vec<_> = edges.iter().map(|edge| (edge.from.at, edge.to.at)).collect();
    let (ranks, groups) = (rank::layers(blocks, &arcs), rank::groups(blocks, &arcs));
    let wrapped = |density: Density, sizes: &[Size]| {
        let lane = LANE + density.lane_margin();
        let excess = |places: &Places| estimate::excess(places, edges, sizes, lane);
        wrap(&ranks, &groups, sizes, &excess)
    };
    let sizes_of = |density| sizes(picture, density);
    let roomy = sizes_of(Density::Roomy);
    // Mostly it is clear without looking closely.
    if least(&roomy) <= TOO_SMALL {
        let roomy = wrapped(Density::Roomy, &roomy);
        if roomy.excess <= TOO_SMALL {
            return (roomy, Density::Roomy);
        }
    }
    (wrapped(Density::Compact, &sizes_of(Density::Compact)), Density::Compact)
}

/// What each block takes about, before anything is known of its wires.
fn sizes(picture: &Picture, density: Density) -> Vec<Size> {
    let usual = |node: &super::picture::NodeBox| {
        let (right, left) = (0..node.ports.len()).partition(|&at| {
            let role = node.ports[at].role;
            role.sends() && !role.receives()
        });
        Sides { left, right }
    };
    let sides: Vec<Sides> = picture.boxes.iter().map(usual).collect();
    let metrics = metrics(picture, &sides, density);
    let channel = ENDS + density.swing() * 0.8;
    let size = |metrics: &BoxMetrics| Size {
        width: metrics.width
            + metrics.outside_room(Side::Left)
            + metrics.outside_room(Side::Right)
            + channel,
        height: metrics.height + density.margin(),
    };
    metrics.iter().map(size).collect()
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

fn metrics(picture: &Picture, sides: &[Sides], density: Density) -> Vec<BoxMetrics> {
    let boxes = picture.boxes.iter().zip(sides);
    let nodes = boxes.map(|(node, sides)| BoxMetrics::of_node(node, sides, density));
    let terminals = picture.terminals.iter().map(|end| BoxMetrics::of_terminal(&end.title()));
    nodes.chain(terminals).collect()
}

fn extents(
    picture: &Picture,
    metrics: &[BoxMetrics],
    items: usize,
    density: Density,
) -> Vec<Extent> {
    let (margin, lane_margin) = (density.margin(), density.lane_margin());
    let stacks = picture.boxes.iter().map(|node| if node.is_stack() { STACK } else { 0.0 });
    let blocks = metrics.iter().zip(stacks.chain(std::iter::repeat(0.0)));
    let mut extents: Vec<Extent> =
        blocks.map(|(metrics, stack)| Extent { height: metrics.height + stack, margin }).collect();
    extents.resize_with(items, || Extent { height: LANE, margin: lane_margin });
    extents
}

fn bottom(tops: &[f64], extents: &[Extent]) -> f64 {
    tops.iter().zip(extents).map(|(top, extent)| top + extent.height).fold(0.0, f64::max)
}
