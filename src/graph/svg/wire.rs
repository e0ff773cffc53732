//! Wires, their arrowheads, dots and labels.
//!
//! Owns everything between boxes. Never draws inside one.

use super::super::family::Family;
use super::super::layout::box_metrics::LABEL;
use super::super::layout::{Facing, Placed, Point, Route, Side, Step};
use super::super::picture::{End, Picture, Port, Wire};
use super::palette::palette;
use crate::ink::{BOX, Colour, Escaped, Look, MUTED, Markup, Number as N, TEXT};

const DOT: f64 = 4.6;
const HEAD: f64 = 10.0;

/// Draws a wire with its heads, and the dots at its ends outside the file. Its line begins where
/// its messages come from.
pub(super) fn wire(markup: &mut Markup, picture: &Picture, wire: &Wire, route: &Route) {
    let colour = palette(Some(wire.family)).strong;
    let (from, to) = (end(picture, wire.from, "from"), end(picture, wire.to, "to"));
    let (family, ways) = (wire.family.word(), if wire.both_ways { 2 } else { 1 });
    markup.begin(
        "g",
        &format!(
            r#"class="wire" {from} {to} data-family="{family}" data-ways="{ways}" data-links="{}""#,
            wire.links
        ),
    );
    markup.words("title", "", &tooltip(picture, wire));
    let look = Look::of("line").hollow().stroke(colour, 1.8);
    markup.leaf("path", &format!(r#"d="{}" {look}"#, path(route)));
    let gap = DOT + 0.8;
    if wire.both_ways || route.begins_at_from {
        let looks = if route.end_facing == Facing::Right { 1.0 } else { -1.0 };
        head(markup, (route.end.x - looks * gap, route.end.y), looks, HEAD, colour);
    }
    if wire.both_ways || !route.begins_at_from {
        head(markup, (route.begin.x + gap, route.begin.y), -1.0, HEAD, colour);
    }
    terminal_dots(markup, picture, wire, route);
    markup.end();
}

/// An end's attributes: `data-from` and `data-from-socket`, or `data-from-outside` and, where another
/// place of the file is there, `data-from-place`.
fn end(picture: &Picture, end: End, name: &str) -> String {
    match end {
        End::Port(at) => {
            let node = &picture.boxes[at.node];
            let socket = Escaped(node.ports[at.socket].title());
            format!(r#"data-{name}="{}" data-{name}-socket="{socket}""#, Escaped(&node.name))
        }
        End::Terminal(at) => {
            let place = picture.terminals[at].place.as_deref();
            let place = place.map(|it| format!(r#" data-{name}-place="{}""#, Escaped(it)));
            format!(r#"data-{name}-outside="{at}"{}"#, place.unwrap_or_default())
        }
    }
}

/// Draws an arrowhead with its tip there, looking right (1) or left (-1).
pub(super) fn head(markup: &mut Markup, tip: (f64, f64), looks: f64, length: f64, colour: Colour) {
    let (x, y) = tip;
    let (back, half) = (N(x - looks * length), length * 0.45);
    let shape = format!("M{} {}L{back} {}V{}Z", N(x), N(y), N(y - half), N(y + half));
    markup.leaf("path", &format!(r#"d="{shape}" {}"#, Look::of("arrow").fill(colour)));
}

/// Draws the dots of a socket and what is written along its wires.
pub(super) fn socket_ends(markup: &mut Markup, port: &Port, placed: &Placed, at: usize) {
    for row in &placed.metrics.rows {
        for (side, other) in [(Side::Left, row.left), (Side::Right, row.right)] {
            if other != Some(at) {
                continue;
            }
            let end = Point { x: placed.edge(side), y: placed.y + row.y };
            dot(markup, end, Attached::of(port), Some(Family::of(port.role)));
            // A port on both sides is labelled once.
            if side == Side::Left || row.left != row.right {
                labels(markup, placed, at, end, side);
            }
        }
    }
}

fn terminal_dots(markup: &mut Markup, picture: &Picture, wire: &Wire, route: &Route) {
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
    let fill = if attached == Attached::Binds { colour } else { BOX };
    let (x, y) = (N(at.x), N(at.y));
    let look = Look::of("dot").fill(fill).stroke(colour, 1.8);
    markup.leaf("circle", &format!(r#"cx="{x}" cy="{y}" r="{}" {look}"#, N(DOT)));
    if attached == Attached::Both {
        let look = Look::filled(colour);
        markup.leaf("circle", &format!(r#"cx="{x}" cy="{y}" r="2" {look}"#));
    }
}

fn labels(markup: &mut Markup, placed: &Placed, port: usize, at: Point, side: Side) {
    let label = &placed.metrics.labels[port];
    let (x, anchor) = match side {
        Side::Left => (at.x - 10.0, r#"text-anchor="end""#),
        Side::Right => (at.x + 10.0, r#"text-anchor="start""#),
    };
    let mut write = |y: f64, colour: Colour, text: &str| {
        let look = Look::of("label").fill(colour).with(anchor);
        markup.text((x, y), LABEL, &look, text);
    };
    if let Some(above) = &label.above {
        write(at.y - 7.0, MUTED, above);
    }
    if let Some(below) = &label.below {
        write(at.y + 15.0, TEXT, below);
    }
}

fn tooltip(picture: &Picture, wire: &Wire) -> String {
    let arrow = if wire.both_ways { "⇄" } else { "→" };
    let (from, to) = (picture.end_name(wire.from), picture.end_name(wire.to));
    let links = if wire.links > 1 { format!("\n{} links", wire.links) } else { String::new() };
    let mut text = format!("{from} {arrow} {to}{links}\n{}", wire.endpoints.join("\n"));
    let filters = picture.filters(wire);
    if !filters.is_empty() {
        text.push('\n');
        text.push_str(&filters.join(", "));
    }
    text
}

/// A piece of a line: straight across or down, or a curve with its two handles.
enum Piece {
    Across,
    Down,
    Curve(Point, Point),
}

/// The line from where messages come from.
fn path(route: &Route) -> String {
    use std::fmt::Write as _;
    let mut pieces: Vec<(Point, Piece, Point)> = Vec::with_capacity(route.steps.len());
    let mut at = route.begin;
    for &step in &route.steps {
        let curve = |to: Point, x: f64| Piece::Curve(Point { x, y: at.y }, Point { x, y: to.y });
        let (piece, to) = match step {
            Step::Across(x) => (Piece::Across, Point { x, y: at.y }),
            Step::Swing(to) => (curve(to, f64::midpoint(at.x, to.x)), to),
            Step::Bow(to, reach) => (curve(to, at.x + reach), to),
            Step::Down(y) => (Piece::Down, Point { x: at.x, y }),
            Step::Corner(round, to) => (Piece::Curve(round, round), to),
        };
        pieces.push((at, piece, to));
        at = to;
    }
    if !route.begins_at_from {
        pieces.reverse();
        for (from, piece, to) in &mut pieces {
            std::mem::swap(from, to);
            if let Piece::Curve(first, second) = piece {
                std::mem::swap(first, second);
            }
        }
    }
    let begin = pieces.first().map_or(route.begin, |(from, _, _)| *from);
    let mut shape = format!("M{} {}", N(begin.x), N(begin.y));
    for (_, piece, to) in pieces {
        let (x, y) = (N(to.x), N(to.y));
        // Writing to a string does not fail.
        let _ = match piece {
            Piece::Across => write!(shape, "H{x}"),
            Piece::Down => write!(shape, "V{y}"),
            Piece::Curve(a, b) => {
                write!(shape, "C{} {} {} {} {x} {y}", N(a.x), N(a.y), N(b.x), N(b.y))
            }
        };
    }
    shape
}
