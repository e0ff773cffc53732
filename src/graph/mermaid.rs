//! The picture as a Mermaid flowchart, which many documentation sites draw.
//!
//! Owns Mermaid's words and escapes. Never lays out: its readers do.

use std::fmt::{self, Write as _};

use super::family::Family;
use super::picture::{End, ForwardKind, NodeBox, Picture, Port, Wire};
use crate::topology::LinkEnd;
use crate::visible::acts;

/// Writes a picture as a Mermaid flowchart.
#[must_use]
pub fn mermaid(picture: &Picture) -> String {
    let mut out = String::new();
    // Writing to a string does not fail.
    let _ = write_picture(&mut out, picture);
    out
}

fn write_picture(out: &mut String, picture: &Picture) -> fmt::Result {
    writeln!(out, "---\ntitle: \"{}\"\n---", YamlText(&picture.name))?;
    writeln!(out, "flowchart LR")?;
    if let Some(description) = &picture.description {
        writeln!(out, "  accDescr: {}", one_line(description))?;
    }
    for (at, node) in picture.boxes.iter().enumerate() {
        write_node(out, at, node)?;
    }
    for (at, terminal) in picture.terminals.iter().enumerate() {
        writeln!(out, "  outside{at}([\"{}\"]):::outside", Label(&terminal.title()))?;
    }
    for wire in &picture.wires {
        let arrow = if wire.both_ways { "<-->" } else { "-->" };
        let label = wire_label(picture, wire);
        writeln!(out, "  {} {arrow}|\"{label}\"| {}", id(wire.from), id(wire.to))?;
    }
    for family in picture.families() {
        writeln!(out, "  classDef {} {}", family.word(), style(family))?;
    }
    if !picture.terminals.is_empty() {
        writeln!(out, "  classDef outside fill:#f8fafc,stroke:#8594a8,stroke-dasharray:4 3")?;
    }
    Ok(())
}

/// A node with one socket is a box; one with several is a frame around theirs.
fn write_node(out: &mut String, at: usize, node: &NodeBox) -> fmt::Result {
    let details: Vec<String> = std::iter::once(node.title())
        .chain(node.description.clone())
        .chain(node.marks.iter().map(super::Mark::phrase))
        .collect();
    if let [port] = &node.ports[..] {
        let title = format!("{}<br/>{}", Label(&details.join("\n")), port_text(port));
        return writeln!(out, "  n{at}s0(\"{title}\"):::{}", Family::of(port.role).word());
    }
    writeln!(out, "  subgraph n{at}[\"{}\"]", Label(&details.join("\n")))?;
    for (socket, port) in node.ports.iter().enumerate() {
        let (text, class) = (port_text(port), Family::of(port.role).word());
        writeln!(out, "    n{at}s{socket}(\"{text}\"):::{class}")?;
    }
    for forward in &node.forwards {
        let arrow = match forward.kind {
            ForwardKind::OneWay => "==>",
            ForwardKind::BothWays => "<==>",
            ForwardKind::Copy => "-.->",
        };
        writeln!(out, "    n{at}s{} {arrow} n{at}s{}", forward.from, forward.to)?;
    }
    writeln!(out, "  end")
}

fn port_text(port: &Port) -> String {
    let role = port.role.word().to_uppercase();
    let name = port.name.iter().map(|name| Label(name).to_string());
    let hwm = port.hwm.as_ref().map(|hwm| format!("({hwm})"));
    std::iter::once(role).chain(name).chain(hwm).collect::<Vec<_>>().join(" ")
}

fn wire_label(picture: &Picture, wire: &Wire) -> String {
    let lines: Vec<String> = wire
        .endpoints
        .iter()
        .cloned()
        .chain(picture.filters(wire).chunks(4).map(|some| some.join(", ")))
        .collect();
    Label(&lines.join("\n")).to_string()
}

fn id(end: End) -> String {
    match end {
        End::Port(LinkEnd { node, socket }) => format!("n{node}s{socket}"),
        End::Terminal(at) => format!("outside{at}"),
    }
}

fn style(family: Family) -> &'static str {
    match family {
        Family::PublishSubscribe => "fill:#eaf1ff,stroke:#2563eb,color:#1e3a8a",
        Family::RequestReply => "fill:#e2f5f1,stroke:#0f766e,color:#134e4a",
        Family::Pipeline => "fill:#fdf1dd,stroke:#b45309,color:#7c2d12",
        Family::ExclusivePair => "fill:#faebfc,stroke:#a21caf,color:#701a75",
        Family::Native => "fill:#ffeaee,stroke:#be123c,color:#881337",
    }
}

fn one_line(text: &str) -> String {
    text.split(|c: char| c.is_whitespace() || acts(c))
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

/// A text within quotes: Mermaid takes entities, with `#` in place of `&`.
struct Label<'t>(&'t str);

impl fmt::Display for Label<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in self.0.chars() {
            match c {
                '\n' => f.write_str("<br/>")?,
                c if acts(c) => f.write_char(' ')?,
                // What HTML, Markdown or Mermaid itself would read as markup.
                '"' | '#' | '&' | '<' | '>' | '`' | '*' | '_' | '\\' | '|' | '[' | ']' | '{'
                | '}' | ';' => write!(f, "#{};", u32::from(c))?,
                c => f.write_char(c)?,
            }
        }
        Ok(())
    }
}

/// A text within the double quotes of YAML.
struct YamlText<'t>(&'t str);

impl fmt::Display for YamlText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in self.0.chars() {
            match c {
                '"' | '\\' => write!(f, "\\{c}")?,
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
        assert_eq!(Label("a\"b#<c>\n").to_string(), "a#34;b#35;#60;c#62;<br/>");
        assert_eq!(YamlText("a\"b\n").to_string(), "a\\\"b ");
    }
}
