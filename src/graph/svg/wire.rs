//! Wires, their arrowheads, dots and labels.
//!
//! Owns everything between boxes. Never draws inside one.

use super::super::family::Family;
use super::super::layout::box_metrics::LABEL;
use super::super::layout::{Facing, Placed, Point, Route, Side, Step};
use super::super::picture::{NodeBox, Picture, Port, Wire};
use super::element::{Markup, Number as N};
use super::palette::{PAPER, QUIET, TEXT, palette};

const DOT: f64 = 4.6;
const HEAD: f64 = 10.0;

/// Draws a wire with its heads.
pub(super) fn wire(markup: &mut Markup, picture: &Picture, wire: &Wire, route: &Route) {
    let colour = palette(Some(wire.family)).strong;
    markup.begin("g", r#"class="wire""#);
    markup.words("title", "", &tooltip(picture, wire));
    let shape = path(route);
    markup
        .leaf("path", &format!(r#"d="{shape}" fill="none" stroke="{colour}" stroke-width="1.8""#));
    let gap = DOT + 0.8;
    if wire.both_ways || route.begins_at_from {
        let looks = if route.end_facing == Facing::Right { 1.0 } else { -1.0 };
        head(markup, (route.end.x - looks * gap, route.end.y), looks, HEAD, colour);
    }
    if wire.both_ways || !route.begins_at_from {
        head(markup, (route.begin.x + gap, route.begin.y), -1.0, HEAD, colour);
    }
    markup.end();
}

/// Draws an arrowhead with its tip there, looking right (1) or left (-1).
pub(super) fn head(markup: &mut Markup, tip: (f64, f64), looks: f64, length: f64, colour: &str) {
    let (x, y) = tip;
    let (back, half) = (N(x - looks * length), length * 0.45);
    let shape = format!("M{} {}L{back} {}V{}Z", N(x), N(y), N(y - half), N(y + half));
    markup.leaf("path", &format!(r#"d="{shape}" fill="{colour}""#));
}

/// Draws the dots of a box's ports and what is written along the wires there.
pub(super) fn ports(markup: &mut Markup, node: &NodeBox, placed: &Placed) {
    for row in &placed.metrics.rows {
        for (side, port) in [(Side::Left, row.left), (Side::Right, row.right)] {
            let Some(port) = port else { continue };
            let at = Point { x: placed.edge(side), y: placed.y + row.y };
            dot(
                markup,
                at,
                Attached::of(&node.ports[port]),
                Some(Family::of(node.ports[port].role)),
            );
            // A port on both sides is labelled once.
            if side == Side::Left || row.left != row.right {
                labels(markup, placed, port, at, side);
            }
        }
    }
}

/// Draws the dots at the terminals' ends of wires.
pub(super) fn terminal_dots(markup: &mut Markup, picture: &Picture, wire: &Wire, route: &Route) {
    let (from, to) =
        if route.begins_at_from { (route.begin, route.end) } else { (route.end, route.begin) };
    for (end, at, binds) in
        [(wire.from, from, wire.bound_at_from), (wire.to, to, !wire.bound_at_from)]
    {
        if picture.port(end).is_none() {
            let attached = if binds { Attached::Binds } else { Attached::Connects };
            dot(markup, at, attached, Some(wire.family));
        }
    }
}

/// How a socket is attached to its wires.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Attached {
    /// It waits for peers.
    Binds,
    /// It goes to them.
    Connects,
    /// Some of this, some of that.
    Both,
}

impl Attached {
    /// How a port is attached.
    pub(super) fn of(port: &Port) -> Self {
        match (port.binds.is_empty(), port.connects) {
            (false, false) => Self::Binds,
            (false, true) => Self::Both,
            (true, _) => Self::Connects,
        }
    }
}

/// Draws a port's dot.
pub(super) fn dot(markup: &mut Markup, at: Point, attached: Attached, family: Option<Family>) {
    let colour = palette(family).strong;
    let fill = if attached == Attached::Binds { colour } else { PAPER };
    let (x, y) = (N(at.x), N(at.y));
    let look = format!(r#"fill="{fill}" stroke="{colour}" stroke-width="1.8""#);
    markup.leaf("circle", &format!(r#"cx="{x}" cy="{y}" r="{}" {look}"#, N(DOT)));
    if attached == Attached::Both {
        markup.leaf("circle", &format!(r#"cx="{x}" cy="{y}" r="2" fill="{colour}""#));
    }
}

fn labels(markup: &mut Markup, placed: &Placed, port: usize, at: Point, side: Side) {
    let label = &placed.metrics.labels[port];
    let (x, anchor) = match side {
        Side::Left => (at.x - 10.0, "end"),
        Side::Right => (at.x + 10.0, "start"),
    };
    let mut write = |y: f64, colour: &str, text: &str| {
        let look = format!(r#"class="label" text-anchor="{anchor}" fill="{colour}""#);
        markup.text((x, y), LABEL, &look, text);
    };
    if let Some(above) = &label.above {
        write(at.y - 7.0, QUIET, above);
    }
    if let Some(below) = &label.below {
        write(at.y + 15.0, TEXT, below);
    }
}

fn tooltip(picture: &Picture, wire: &Wire) -> String {
    let arrow = if wire.both_ways { "⇄" } else { "→" };
    let (from, to) = (picture.end_name(wire.from), picture.end_name(wire.to));
    let mut text = format!("{from} {arrow} {to}\n{}", wire.endpoints.join("\n"));
    let filters = picture.filters(wire);
    if !filters.is_empty() {
        text.push('\n');
        text.push_str(&filters.join(", "));
    }
    text
}

fn path(route: &Route) -> String {
    use std::fmt::Write as _;
    let mut shape = format!("M{} {}", N(route.begin.x), N(route.begin.y));
    let mut at = route.begin;
    for &step in &route.steps {
        // Writing to a string does not fail.
        let _ = match step {
            Step::Across(x) => {
                at.x = x;
                write!(shape, "H{}", N(x))
            }
            Step::Swing(to) => {
                let middle = N(f64::midpoint(at.x, to.x));
                let (from_y, x, y) = (N(at.y), N(to.x), N(to.y));
                at = to;
                write!(shape, "C{middle} {from_y} {middle} {y} {x} {y}")
            }
            Step::Bow(to, reach) => {
                let far = N(at.x + reach);
                let (from_y, x, y) = (N(at.y), N(to.x), N(to.y));
                at = to;
                write!(shape, "C{far} {from_y} {far} {y} {x} {y}")
            }
        };
    }
    shape
}
