//! The picture as DOT, for Graphviz.
//!
//! Owns Graphviz's words and escapes. Never lays out: Graphviz does.

use std::fmt::{self, Write as _};

use super::picture::{End, ForwardKind, NodeBox, Picture, Port, Wire};
use crate::visible::acts;

/// Writes a picture as a DOT digraph.
#[must_use]
pub fn dot(picture: &Picture) -> String {
    let mut out = String::new();
    // Writing to a string does not fail.
    let _ = write_picture(&mut out, picture);
    out
}

fn write_picture(out: &mut String, picture: &Picture) -> fmt::Result {
    let title: Vec<&str> = [Some(picture.name.as_str()), picture.description.as_deref()]
        .into_iter()
        .flatten()
        .collect();
    writeln!(out, "digraph \"{}\" {{", Quoted(&picture.name))?;
    writeln!(
        out,
        "  graph [rankdir=LR, fontname=\"sans-serif\", labelloc=t, label=\"{}\"];",
        Quoted(&title.join("\n"))
    )?;
    writeln!(out, "  node [shape=plain, fontname=\"sans-serif\"];")?;
    writeln!(out, "  edge [fontname=\"sans-serif\", fontsize=10];")?;
    for (at, node) in picture.boxes.iter().enumerate() {
        write_node(out, at, node)?;
    }
    for (at, terminal) in picture.terminals.iter().enumerate() {
        let title = terminal.title();
        let title = Quoted(&title);
        writeln!(out, "  outside{at} [shape=box, style=\"rounded,dashed\", label=\"{title}\"];")?;
    }
    for wire in &picture.wires {
        write_wire(out, picture, wire)?;
    }
    for (at, node) in picture.boxes.iter().enumerate() {
        write_forwards(out, at, node)?;
    }
    writeln!(out, "}}")
}

/// A node is a table: its name, what it has, and a cell for each socket.
fn write_node(out: &mut String, at: usize, node: &NodeBox) -> fmt::Result {
    writeln!(out, "  n{at} [label=<")?;
    writeln!(
        out,
        "    <table border=\"1\" cellborder=\"0\" cellspacing=\"0\" cellpadding=\"4\" style=\"rounded\">"
    )?;
    writeln!(out, "      <tr><td><b>{}</b></td></tr>", Html(&node.title()))?;
    let details =
        node.description.iter().cloned().chain(node.marks.iter().map(super::Mark::phrase));
    for detail in details {
        let detail = Html(&detail);
        writeln!(out, "      <tr><td><font point-size=\"10\">{detail}</font></td></tr>")?;
    }
    for (socket, port) in node.ports.iter().enumerate() {
        let text = port_text(port);
        writeln!(out, "      <tr><td port=\"s{socket}\">{}</td></tr>", Html(&text))?;
    }
    writeln!(out, "    </table>>];")
}

fn port_text(port: &Port) -> String {
    let role = port.role.word().to_uppercase();
    let hwm = port.hwm.as_ref().map(|hwm| format!("({hwm})"));
    let texts = std::iter::once(role).chain(port.name.clone()).chain(hwm);
    texts.collect::<Vec<_>>().join(" ")
}

/// The end that binds has a filled dot, the other an open one.
fn write_wire(out: &mut String, picture: &Picture, wire: &Wire) -> fmt::Result {
    let (tail, head) = if wire.bound_at_from { ("dot", "odot") } else { ("odot", "dot") };
    let back = if wire.both_ways { "normal" } else { "" };
    let filters = picture.filters(wire);
    let lines: Vec<String> = wire
        .endpoints
        .iter()
        .cloned()
        .chain((!filters.is_empty()).then(|| filters.join(", ")))
        .collect();
    writeln!(
        out,
        "  {} -> {} [dir=both, arrowtail={tail}{back}, arrowhead={head}normal, label=\"{}\"];",
        id(wire.from),
        id(wire.to),
        Quoted(&lines.join("\n")),
    )
}

fn write_forwards(out: &mut String, at: usize, node: &NodeBox) -> fmt::Result {
    for forward in &node.forwards {
        let look = match forward.kind {
            ForwardKind::OneWay => "style=bold",
            ForwardKind::BothWays => "style=bold, dir=both",
            ForwardKind::Copy => "style=dashed",
        };
        let (from, to) = (forward.from, forward.to);
        writeln!(out, "  n{at}:s{from}:e -> n{at}:s{to}:e [{look}, constraint=false];")?;
    }
    Ok(())
}

fn id(end: End) -> String {
    match end {
        End::Port(at) => format!("n{}:s{}", at.node, at.socket),
        End::Terminal(at) => format!("outside{at}"),
    }
}

/// A text within double quotes.
struct Quoted<'t>(&'t str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in self.0.chars() {
            match c {
                '"' => f.write_str("\\\"")?,
                // Graphviz has escapes of its own, such as \N for a node's name.
                '\\' => f.write_str("\\\\")?,
                '\n' => f.write_str("\\n")?,
                c if acts(c) => f.write_char(' ')?,
                c => f.write_char(c)?,
            }
        }
        Ok(())
    }
}

/// A text in an HTML-like label.
struct Html<'t>(&'t str);

impl fmt::Display for Html<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in self.0.chars() {
            match c {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                // Graphviz takes brackets in a table for its own in places.
                '[' => f.write_str("&#91;")?,
                ']' => f.write_str("&#93;")?,
                c if acts(c) => f.write_char(' ')?,
                c => f.write_char(c)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_is_markup() {
        assert_eq!(Quoted("a\"b\\N\nc").to_string(), "a\\\"b\\\\N\\nc");
        assert_eq!(Html("<b>&\"").to_string(), "&lt;b&gt;&amp;&quot;");
    }
}
