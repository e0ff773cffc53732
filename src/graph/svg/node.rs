//! Boxes and terminals.
//!
//! Owns how a box looks from inside. Never draws a wire.

use super::super::family::Family;
use super::super::layout::box_metrics::{
    BADGE, ICON, LABEL, NAME, PAD, PILL, PILL_HEIGHT, PORT, PortLabel, SMALL,
};
use super::super::layout::{Placed, Side};
use super::super::picture::{Forward, ForwardKind, Mark, MarkKind, NodeBox, Port, Terminal};
use super::icon;
use super::palette::{Palette, palette};
use super::wire::{head, socket_ends};
use crate::ink::{
    ALARM, BOX, Colour, Escaped, Look, MUTED, Markup, Number as N, OUTSIDE, OUTSIDE_EDGE,
    PILL_TEXT, RULE, TEXT,
};

const RADIUS: f64 = 10.0;

/// Draws a node.
pub(super) fn node(markup: &mut Markup, node: &NodeBox, placed: &Placed) {
    let colours = palette(node.family());
    let name = Escaped(&node.name);
    let hook = match &node.group {
        None => format!(r#"class="node" data-node="{name}"{}{}"#, copies(node), place(node)),
        Some(group) => {
            let (count, members) = (group.members.len(), group.members.join(" "));
            format!(
                r#"class="node group" data-group="{name}" data-count="{count}" data-members="{members}""#
            )
        }
    };
    markup.begin("g", &hook);
    markup.words("title", "", &tooltip(node));
    if node.is_stack() {
        sheets(markup, placed, &colours);
    }
    frame(markup, placed, &colours);
    head_strip(markup, placed, &colours);
    for (at, line) in placed.metrics.description.iter().enumerate() {
        let y = placed.y + placed.metrics.head + 15.0 + 15.0 * at as f64;
        markup.text((placed.x + PAD, y), SMALL, &Look::filled(MUTED), line);
    }
    for &forward in &node.forwards {
        draw_forward(markup, forward, placed, &colours);
    }
    for (at, port) in node.ports.iter().enumerate() {
        socket(markup, port, placed, at);
    }
    marks(markup, placed);
    markup.end();
}

/// How many copies a box stands for, or whose copy it is.
fn copies(node: &NodeBox) -> String {
    match (&node.copy_of, node.copies) {
        (Some(node), _) => format!(r#" data-copy-of="{}""#, Escaped(node)),
        (None, Some(copies)) => format!(r#" data-copies="{copies}""#),
        (None, None) => String::new(),
    }
}

/// Where it runs, if the file says that.
fn place(node: &NodeBox) -> String {
    let mark = node.marks.iter().find(|mark| mark.kind == MarkKind::Place);
    mark.map_or_else(String::new, |mark| format!(r#" data-place="{}""#, Escaped(&mark.text)))
}

/// Draws a place outside the file.
pub(super) fn terminal(markup: &mut Markup, at: usize, terminal: &Terminal, placed: &Placed) {
    let endpoint = terminal.endpoint.as_deref().unwrap_or_default();
    let endpoint = Escaped(endpoint);
    markup
        .begin("g", &format!(r#"class="outside" data-outside="{at}" data-endpoint="{endpoint}""#));
    markup.words("title", "", &terminal.title());
    let radius = N(placed.metrics.height / 2.0);
    let look =
        Look::of("box").fill(OUTSIDE).stroke(OUTSIDE_EDGE, 1.2).with(r#"stroke-dasharray="4 3""#);
    markup.leaf("rect", &format!(r#"{} rx="{radius}" {look}"#, rectangle(placed)));
    let x = placed.x + placed.metrics.width / 2.0;
    let y = placed.y + placed.metrics.height / 2.0 + 4.0;
    markup.text((x, y), LABEL, &centred(TEXT), &placed.metrics.title);
    markup.end();
}

fn centred(colour: Colour) -> Look {
    Look::filled(colour).with(r#"text-anchor="middle""#)
}

fn at_end(colour: Colour) -> Look {
    Look::filled(colour).with(r#"text-anchor="end""#)
}

fn rectangle(placed: &Placed) -> String {
    let (x, y) = (N(placed.x), N(placed.y));
    let (width, height) = (N(placed.metrics.width), N(placed.metrics.height));
    format!(r#"x="{x}" y="{y}" width="{width}" height="{height}""#)
}

fn tooltip(node: &NodeBox) -> String {
    let mut lines = vec![node.title()];
    lines.extend(node.description.clone());
    lines.extend(node.marks.iter().map(Mark::phrase));
    let hwm = |port: &Port| port.hwm.as_ref().map(|hwm| format!("{}: {hwm}", port.title()));
    lines.extend(node.ports.iter().filter_map(hwm));
    lines.join("\n")
}

/// Two sheets that show below the box, each a little narrower than the one before.
fn sheets(markup: &mut Markup, placed: &Placed, colours: &Palette) {
    for depth in [2.0, 1.0] {
        let (x, y) = (N(placed.x + 7.0 * depth), N(placed.y + placed.metrics.height - 20.0));
        let (width, height) = (N(placed.metrics.width - 14.0 * depth), N(20.0 + 4.5 * depth));
        let look = Look::of("sheet").fill(colours.tint).stroke(colours.edge, 1.2);
        markup.leaf(
            "rect",
            &format!(r#"x="{x}" y="{y}" width="{width}" height="{height}" rx="8" {look}"#),
        );
    }
}

fn frame(markup: &mut Markup, placed: &Placed, colours: &Palette) {
    let look = Look::of("box").fill(BOX).stroke(colours.edge, 1.4);
    markup.leaf("rect", &format!(r#"{} rx="{RADIUS}" {look}"#, rectangle(placed)));
}

fn head_strip(markup: &mut Markup, placed: &Placed, colours: &Palette) {
    let inset = 0.7;
    let (left, right) = (placed.x + inset, placed.edge(Side::Right) - inset);
    let (top, radius) = (placed.y + inset, RADIUS - inset);
    let shape = format!(
        "M{} {}V{}A{r} {r} 0 0 1 {} {}H{}A{r} {r} 0 0 1 {} {}V{}Z",
        N(left),
        N(placed.y + placed.metrics.head),
        N(top + radius),
        N(left + radius),
        N(top),
        N(right - radius),
        N(right),
        N(top + radius),
        N(placed.y + placed.metrics.head),
        r = N(radius),
    );
    let strip = Look::of("head").fill(colours.tint);
    markup.leaf("path", &format!(r#"d="{shape}" {strip}"#));
    let baseline = placed.y + placed.metrics.head / 2.0 + 5.5;
    let name = Look::filled(colours.deep);
    markup.text((placed.x + PAD, baseline), NAME, &name, &placed.metrics.title);
    if let Some(badge) = &placed.metrics.badge {
        let right = (placed.edge(Side::Right) - PAD, baseline);
        markup.text(right, BADGE, &at_end(colours.strong), badge);
    }
}

/// Draws a socket: its pill and name in the box, its dots on the edge, what is written along its
/// wires outside.
fn socket(markup: &mut Markup, port: &Port, placed: &Placed, at: usize) {
    let (name, role) = (Escaped(port.title()), port.role.word());
    markup.begin("g", &format!(r#"class="socket" data-socket="{name}" data-role="{role}""#));
    for row in &placed.metrics.rows {
        let y = placed.y + row.y;
        if row.left == Some(at) {
            port_label(markup, port, placed, at, (Side::Left, y));
        } else if row.right == Some(at) {
            port_label(markup, port, placed, at, (Side::Right, y));
        }
    }
    socket_ends(markup, port, placed, at);
    markup.end();
}

fn port_label(
    markup: &mut Markup,
    port: &Port,
    placed: &Placed,
    at: usize,
    (side, y): (Side, f64),
) {
    let label = &placed.metrics.labels[at];
    let (pill, name) = match side {
        Side::Left => {
            let pill = placed.x + PAD;
            (pill, pill + label.pill_width + 7.0)
        }
        Side::Right => {
            let pill = placed.edge(Side::Right) - PAD - label.pill_width;
            (pill, pill - 7.0)
        }
    };
    draw_pill(markup, label, (pill, y), palette(Some(Family::of(port.role))).strong);
    if let Some(text) = &label.name {
        let look = if side == Side::Left { Look::filled(TEXT) } else { at_end(TEXT) };
        markup.text((name, y + 4.2), PORT, &look, text);
    }
}

fn draw_pill(markup: &mut Markup, label: &PortLabel, (x, y): (f64, f64), colour: Colour) {
    let (left, top) = (N(x), N(y - PILL_HEIGHT / 2.0));
    let (width, height, radius) = (N(label.pill_width), N(PILL_HEIGHT), N(PILL_HEIGHT / 2.0));
    let look = Look::of("pill").fill(colour);
    markup.leaf(
        "rect",
        &format!(r#"x="{left}" y="{top}" width="{width}" height="{height}" rx="{radius}" {look}"#),
    );
    let middle = (x + label.pill_width / 2.0, y + 3.6);
    markup.text(middle, PILL, &centred(PILL_TEXT), &label.pill);
}

fn marks(markup: &mut Markup, placed: &Placed) {
    if let Some(rule) = placed.metrics.rule {
        let (from, to) = (N(placed.x + PAD), N(placed.edge(Side::Right) - PAD));
        let y = N(placed.y + rule);
        let look = Look::of("rule").hollow().stroke(RULE, 1.0);
        markup.leaf("path", &format!(r#"d="M{from} {y}H{to}" {look}"#));
    }
    for mark in &placed.metrics.marks {
        let (x, y) = (placed.x + mark.x, placed.y + mark.y);
        let (icon, text) = if matches!(mark.kind, MarkKind::Trouble | MarkKind::Slow) {
            (ALARM, ALARM)
        } else {
            (MUTED, TEXT)
        };
        icon::draw(markup, mark.kind, x, y, icon);
        markup.text((x + ICON, y + 4.0), LABEL, &Look::filled(text), &mark.text);
    }
}

/// Draws a forward as a line between the labels of its ports.
fn draw_forward(markup: &mut Markup, forward: Forward, placed: &Placed, colours: &Palette) {
    let ends = [forward.from, forward.to].map(|port| inner_end(placed, port));
    let [Some((from, from_side)), Some((to, to_side))] = ends else {
        return;
    };
    let reach = |side: Side| if side == Side::Left { 1.0 } else { -1.0 };
    let bow = if from_side == to_side { 26.0 } else { ((to.0 - from.0).abs() / 2.0).max(12.0) };
    let shape = format!(
        "M{} {}C{} {} {} {} {} {}",
        N(from.0),
        N(from.1),
        N(from.0 + reach(from_side) * bow),
        N(from.1),
        N(to.0 + reach(to_side) * bow),
        N(to.1),
        N(to.0),
        N(to.1),
    );
    let look = match forward.kind {
        ForwardKind::Copy => Look::of("capture").with(r#"stroke-dasharray="3 3""#),
        ForwardKind::OneWay | ForwardKind::BothWays => Look::of("forward"),
    };
    let colour = colours.strong;
    markup.leaf("path", &format!(r#"d="{shape}" {}"#, look.hollow().stroke(colour, 1.5)));
    // A head looks back the way that its line came.
    head(markup, to, -reach(to_side), 6.5, colour);
    if forward.kind == ForwardKind::BothWays {
        head(markup, from, -reach(from_side), 6.5, colour);
    }
}

/// Where a port's label ends inside the box.
fn inner_end(placed: &Placed, port: usize) -> Option<((f64, f64), Side)> {
    let row = placed.metrics.rows.iter().find(|row| [row.left, row.right].contains(&Some(port)))?;
    let room = PAD + placed.metrics.labels[port].width + 6.0;
    let y = placed.y + row.y;
    Some(if row.left == Some(port) {
        ((placed.x + room, y), Side::Left)
    } else {
        ((placed.edge(Side::Right) - room, y), Side::Right)
    })
}
