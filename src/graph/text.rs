//! The picture as text for a terminal.
//!
//! Owns the order of lines: a node, its sockets, who is at the other end. Never uses colours.

use std::collections::HashMap;
use std::fmt::{self, Write as _};

use super::picture::{End, ForwardKind, Mark, NodeBox, Picture, Port, Terminal};
use crate::topology::LinkEnd;
use crate::visible::{visible, visible_layout};

/// Writes a picture as text.
#[must_use]
pub fn text(picture: &Picture) -> String {
    let mut out = String::new();
    // Writing to a string does not fail.
    let _ = write_picture(&mut out, picture);
    visible_layout(&out).into_owned()
}

fn write_picture(out: &mut String, picture: &Picture) -> fmt::Result {
    writeln!(out, "{}", picture.name)?;
    if let Some(description) = &picture.description {
        writeln!(out, "{}", visible(description.trim_end()))?;
    }
    let wires = wires(picture);
    for (at, node) in picture.boxes.iter().enumerate() {
        writeln!(out)?;
        write_node(out, picture, &wires, at, node)?;
    }
    Ok(())
}

fn write_node(
    out: &mut String,
    picture: &Picture,
    wires: &Wires,
    at: usize,
    node: &NodeBox,
) -> fmt::Result {
    write!(out, "{}", node.title())?;
    let marks: Vec<String> = node.marks.iter().map(Mark::phrase).collect();
    if !marks.is_empty() {
        write!(out, "  ({})", marks.join("; "))?;
    }
    writeln!(out)?;
    if let Some(description) = &node.description {
        writeln!(out, "  {}", visible(description.trim_end()))?;
    }
    for (socket, port) in node.ports.iter().enumerate() {
        write_port(out, picture, wires, LinkEnd { node: at, socket }, port)?;
    }
    for forward in &node.forwards {
        let [from, to] = [forward.from, forward.to].map(|port| node.ports[port].title());
        let (word, arrow) = match forward.kind {
            ForwardKind::OneWay => ("forwards", "─▶"),
            ForwardKind::BothWays => ("forwards", "◀▶"),
            ForwardKind::Copy => ("captures", "┄▶"),
        };
        writeln!(out, "  {word} {from} {arrow} {to}")?;
    }
    Ok(())
}

fn write_port(
    out: &mut String,
    picture: &Picture,
    wires: &Wires,
    at: LinkEnd,
    port: &Port,
) -> fmt::Result {
    write!(out, "  {}", port.role)?;
    if let Some(name) = &port.name {
        write!(out, " {name}")?;
    }
    if !port.binds.is_empty() {
        write!(out, ", binds {}", port.binds.join(", "))?;
    }
    if !port.filters.is_empty() {
        write!(out, ", takes {}", visible(&port.filters.join(", ")))?;
    }
    if let Some(hwm) = &port.hwm {
        write!(out, ", {hwm}")?;
    }
    writeln!(out)?;
    for &(arrow, far) in wires.get(&End::Port(at)).map_or(&[][..], Vec::as_slice) {
        writeln!(out, "    {arrow} {}", far_end(picture, far))?;
    }
    Ok(())
}

/// The wires of each end: an arrow and the other end.
type Wires = HashMap<End, Vec<(&'static str, End)>>;

fn wires(picture: &Picture) -> Wires {
    let mut wires = Wires::new();
    for wire in &picture.wires {
        let (out, back) = if wire.both_ways { ("◀▶", "◀▶") } else { ("─▶", "◀─") };
        wires.entry(wire.from).or_default().push((out, wire.to));
        wires.entry(wire.to).or_default().push((back, wire.from));
    }
    wires
}

/// The other end with its copies.
fn far_end(picture: &Picture, end: End) -> String {
    let name = picture.end_name(end);
    match end {
        End::Port(at) => match (&picture.boxes[at.node].group, picture.boxes[at.node].badge()) {
            (_, None) => name,
            (None, Some(badge)) => format!("{name} {badge}"),
            (Some(_), Some(badge)) => format!("{name} ({badge})"),
        },
        End::Terminal(at) => match &picture.terminals[at] {
            Terminal { endpoint: Some(endpoint), place: Some(place), count: 1 } => {
                format!("place {place} at {endpoint}")
            }
            Terminal { endpoint: Some(endpoint), count: 1, .. } => {
                format!("{endpoint} (outside this file)")
            }
            Terminal { endpoint: Some(endpoint), count, .. } => {
                format!("{endpoint} and {} more (outside this file)", count - 1)
            }
            Terminal { endpoint: None, .. } => "whoever connects from outside this file".to_owned(),
        },
    }
}
