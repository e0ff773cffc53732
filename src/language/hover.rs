//! What the word at a place means.
//!
//! Owns which page, or what of the file, is shown for it. Has no text of its own.

use std::fmt::Write;
use std::ops::Range;
use std::path::Path;

use super::completion::{VOCABULARY, about};
use super::outline::{Node, Outline};
use super::project::Project;
use super::script::Script;
use super::target::{Target, target};
use super::words;
use crate::explain::{Kind, explain};

/// What is shown of a word.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Hover {
    /// The text, Markdown.
    pub markdown: String,
    /// The bytes of the word.
    pub range: Range<usize>,
}

/// What the word at a byte of a file means, if it means anything.
#[must_use]
pub fn hover(project: &Project<'_>, path: &Path, byte: usize) -> Option<Hover> {
    let outline = project.outline();
    let (target, range) = target(project, &outline, path, byte)?;
    let markdown = match target {
        Target::Node(name) => of_node(&outline, outline.node(&name)?),
        Target::Place(_) => text("places", Kind::Key)?,
        Target::Socket { nodes, socket } => of_socket(&outline, &nodes, &socket)?,
        Target::Param { nodes, name } => {
            let of = nodes.join("`, `");
            format!("`{name}`, a param of `{of}`\n\n{}", text("params", Kind::Key)?)
        }
        Target::Timer { nodes, name } => {
            let of = nodes.join("`, `");
            format!("`{name}`, a timer of `{of}`\n\n{}", text("timers", Kind::Key)?)
        }
        Target::Handler(name) => {
            format!("`{name}`: {}\n\n{}", words::handler(&name)?, text("handlers", Kind::Key)?)
        }
        Target::Function { file, name } => of_function(project, &file, &name)?,
        Target::Known(name) => text(&name, Kind::Function).or_else(|| explain_of_rhai(&name))?,
        Target::Property { of, name } => {
            format!("`{of}.{name}`: {}", words::property(of, &name)?)
        }
        Target::Key(key) => text(&key, Kind::Key).or_else(|| explain(&key))?,
        Target::Option(name) => text(&name, Kind::Option).or_else(|| explain(&name))?,
        Target::Role(name) => text(&name, Kind::Role)?,
        Target::Code(code) => text(code.id(), Kind::Code)?,
        Target::Term(word) => text(word, Kind::Term)?,
        Target::File(_) | Target::Anchor(_) => return None,
    };
    Some(Hover { markdown, range })
}

fn text(word: &str, kind: Kind) -> Option<String> {
    words::page(word, kind).map(|page| page.text.trim_end().to_owned())
}

/// A function of the language itself, of which only its arguments are known.
fn explain_of_rhai(name: &str) -> Option<String> {
    let counts: Vec<String> = VOCABULARY.arguments_of(name).map(|it| it.to_string()).collect();
    (!counts.is_empty()).then(|| {
        let unit = if counts == ["1"] { "argument" } else { "arguments" };
        format!("`{name}`, a function of Rhai that takes {} {unit}", counts.join(" or "))
    })
}

pub(super) fn of_node(outline: &Outline<'_>, node: &Node) -> String {
    let name = &outline.text[node.name.clone()];
    let description = node.description.clone().map(|it| &outline.text[it]);
    let mut said = format!("**{name}**: {}\n", description.unwrap_or("a node"));
    for socket in &node.sockets {
        let about = about(socket, outline).unwrap_or_else(|| "a socket without a role".to_owned());
        let _ = write!(said, "\n- `{}`: {about}", socket.name_in(outline.text));
    }
    let ends = outline.nodes.iter().filter(|other| {
        let mut ends = other.sockets.iter().flat_map(|socket| &socket.connects);
        ends.any(|end| outline.text[end.clone()].split('.').next() == Some(name))
    });
    let who: Vec<&str> = ends.map(|node| &outline.text[node.name.clone()]).collect();
    if !who.is_empty() {
        let _ = write!(said, "\n\nConnected by {}", crate::listing::some_of(&who));
    }
    said
}

fn of_socket(outline: &Outline<'_>, nodes: &[String], name: &str) -> Option<String> {
    let named = nodes.iter().find_map(|node| {
        let sockets = &outline.node(node)?.sockets;
        let socket = sockets.iter().find(|socket| socket.name_in(outline.text) == name)?;
        Some((node, socket))
    });
    let (node, socket) = named?;
    let about = about(socket, outline).unwrap_or_else(|| "a socket without a role".to_owned());
    let role = socket.role.and_then(|role| text(role.word(), Kind::Role)).unwrap_or_default();
    Some(format!("**{node}.{name}**: {about}\n\n{role}").trim_end().to_owned())
}

/// A function's head and the comment above it.
fn of_function(project: &Project<'_>, file: &Path, name: &str) -> Option<String> {
    let text = project.file(file)?.text;
    let script = Script::new(text);
    let found = script.functions().into_iter().find(|it| text[it.name.clone()] == *name)?;
    let head = text[found.span.start..].split(['{', '\n']).next().unwrap_or_default().trim();
    let above = text[..found.span.start].lines().rev();
    let comment: Vec<&str> = above.map_while(|line| line.trim().strip_prefix("//")).collect();
    let comment: Vec<&str> =
        comment.into_iter().rev().map(|it| it.trim_start_matches('/').trim()).collect();
    Some(format!("```rhai\n{head}\n```\n\n{}", comment.join("\n")).trim_end().to_owned())
}
