//! What could be written at a place.
//!
//! Owns which words belong to which place, each with its line. The words themselves are the schema's,
//! the vocabulary's and the project's own.

mod ends;
mod in_script;
mod known;

use std::ops::Range;
use std::path::Path;

pub(super) use ends::about;
pub(super) use known::{VOCABULARY, names_a_socket};

use super::context::{self, CURSOR, Writing};
use super::outline::{Node, Outline};
use super::position::floor;
use super::project::{File, Project};
use super::shape;
use super::tree::{self};
use super::words;
use crate::diagnostic::{Code, Severity};
use crate::explain::Kind as PageKind;
use crate::topology::keys;
use crate::zeromq::{Role, SocketOption};

/// What sort of word a completion is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CompletionKind {
    /// A key of the topology file.
    Key,
    /// One of the few words that a value may be.
    Word,
    /// A node.
    Node,
    /// A place.
    Place,
    /// A socket.
    Socket,
    /// An endpoint, or how one begins.
    Endpoint,
    /// A handler.
    Handler,
    /// A function.
    Function,
    /// What hangs on a value behind a dot.
    Property,
    /// A variable.
    Variable,
    /// A word of the language.
    Keyword,
    /// A name under `params` or `timers`.
    Name,
    /// A file.
    File,
    /// A code of `check`.
    Code,
}

/// A word that could be written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Completion {
    /// The word.
    pub label: String,
    /// What sort of word it is.
    pub kind: CompletionKind,
    /// What it means, in one line.
    pub detail: Option<String>,
    /// What is put in.
    pub insert: String,
    /// The bytes of the file that it takes the place of.
    pub replace: Range<usize>,
}

impl Completion {
    pub(super) fn new(
        label: impl Into<String>,
        kind: CompletionKind,
        detail: Option<&str>,
    ) -> Self {
        let label = label.into();
        let detail = detail.map(str::to_owned);
        Self { insert: label.clone(), label, kind, detail, replace: 0..0 }
    }

    pub(super) fn inserting(mut self, insert: String) -> Self {
        self.insert = insert;
        self
    }
}

/// What could be written at a byte of a file, the likeliest first. What does not begin as the word
/// there is among it: editors choose by themselves.
#[must_use]
pub fn complete(project: &Project<'_>, path: &Path, byte: usize) -> Vec<Completion> {
    let Some(file) = project.file(path) else { return Vec::new() };
    let byte = floor(file.text, byte);
    if let Some(before) = context::allow_before(file.text, byte) {
        return codes(byte - before.len()..byte);
    }
    if !project.is_topology(path) {
        return in_script::complete(project, &project.outline(), path, byte);
    }
    let text = context::with_cursor(file.text, byte);
    let cursored = File { path, text: &text };
    let with_cursor = Project { topology: Some(cursored), scripts: project.scripts.clone() };
    let outline = with_cursor.outline();
    let found = if context::in_script(&with_cursor, &outline, path, byte + 1).is_some() {
        in_script::complete(&with_cursor, &outline, path, byte)
    } else {
        in_topology(&with_cursor, &outline, byte)
    };
    found.into_iter().map(|found| without_cursor(found, byte)).collect()
}

/// Takes the cursor's word out of a range again.
fn without_cursor(mut found: Completion, cursor: usize) -> Completion {
    let moved =
        |at: usize| if at > cursor { at.saturating_sub(CURSOR.len()).max(cursor) } else { at };
    found.replace = moved(found.replace.start)..moved(found.replace.end);
    found
}

fn codes(replace: Range<usize>) -> Vec<Completion> {
    let silent = Code::ALL.iter().filter(|code| code.severity() != Severity::Error);
    let found = silent.map(|code| {
        let found = Completion::new(code.id(), CompletionKind::Code, Some(code.title()));
        let found = found.inserting(format!("{} because ", code.id()));
        Completion { replace: replace.clone(), ..found }
    });
    found.collect()
}

fn in_topology(project: &Project<'_>, outline: &Outline<'_>, cursor: usize) -> Vec<Completion> {
    let Some((writing, replace)) = context::writing(outline.text, &outline.tree, cursor) else {
        return Vec::new();
    };
    let node = outline.node_at(cursor + 1);
    let found = match &writing {
        Writing::Key { path, present, entry } => {
            let form = Form {
                has_colon: entry.is_some_and(|entry| entry.has_colon),
                is_flow: entry.is_some_and(|entry| entry.is_flow),
                indent: column(outline.text, replace.start),
            };
            keys_at(outline, node, path, present, form)
        }
        Writing::Value { path } => values_at(project, outline, node, path, cursor),
    };
    found.into_iter().map(|found| Completion { replace: replace.clone(), ..found }).collect()
}

/// How a key is written.
#[derive(Clone, Copy)]
struct Form {
    has_colon: bool,
    is_flow: bool,
    indent: usize,
}

fn column(text: &str, byte: usize) -> usize {
    byte - text[..byte].rfind('\n').map_or(0, |at| at + 1)
}

fn keys_at(
    outline: &Outline<'_>,
    node: Option<&Node>,
    path: &[&str],
    present: &[&str],
    form: Form,
) -> Vec<Completion> {
    let mut found: Vec<Completion> = Vec::new();
    if let (["nodes", _, "forward"], Some(node)) = (path, node) {
        let sockets = ends::own_sockets(outline, node).into_iter();
        found.extend(sockets.map(|it| with_colon(it, path, form)));
        let capture = words::line("capture", PageKind::Key);
        found.push(with_colon(
            Completion::new("capture", CompletionKind::Key, capture),
            path,
            form,
        ));
    }
    let role = role_at(outline, node, path);
    for (key, about) in shape::keys(path) {
        let is_handler = keys::EVENTS.contains(&key);
        if present.contains(&key) || !belongs(key, path, present, role) {
            continue;
        }
        let kind = if is_handler { CompletionKind::Handler } else { CompletionKind::Key };
        let about = words::handler(key).filter(|_| is_handler).or(about);
        found.push(with_colon(Completion::new(key, kind, about), path, form));
    }
    if let (["nodes", _], Some(node)) = (path, node)
        && !present.contains(&"script")
    {
        let named = node.sockets.iter().filter(|it| it.role.is_none_or(Role::receives));
        for socket in named.filter(|socket| socket.name.is_some()) {
            let name = format!("on_{}", socket.name_in(outline.text));
            if !present.contains(&name.as_str()) {
                let about = words::handler(&name);
                let handler = Completion::new(name, CompletionKind::Handler, about);
                found.push(with_colon(handler, path, form));
            }
        }
    }
    found
}

/// The role of the socket that a path of keys leads into.
fn role_at(outline: &Outline<'_>, node: Option<&Node>, path: &[&str]) -> Option<Role> {
    let node = node?;
    match path {
        ["nodes", _, "sockets", name, ..] => {
            let mut named = node.sockets.iter().filter(|it| it.name_in(outline.text) == *name);
            named.next()?.role
        }
        ["nodes", _, ..] => node.sockets.first().filter(|socket| socket.name.is_none())?.role,
        _ => None,
    }
}

/// Whether a key can stand beside those that are there.
fn belongs(key: &str, path: &[&str], present: &[&str], role: Option<Role>) -> bool {
    if path.last() == Some(&"options")
        && let (Some(option), Some(role)) = (SocketOption::find(key), role)
    {
        return option.is_of(role);
    }
    let only_filters = ["msgids", "topics"].contains(&key);
    if only_filters && role.is_some_and(|role| !role.filters()) {
        return false;
    }
    if !matches!(path, ["nodes", _]) {
        return true;
    }
    let is_socket_key = keys::SOCKET.contains(&key);
    let has = |keys: &[&str]| present.iter().any(|key| keys.contains(key));
    let handles = |key: &str| key.starts_with("on_") && key != "on_error";
    match key {
        "sockets" => !has(keys::SOCKET),
        "script" => !present.iter().any(|key| handles(key)),
        _ if is_socket_key => !has(&["sockets"]),
        _ if handles(key) => !has(&["script"]),
        _ => true,
    }
}

/// A key with what has to stand behind it.
fn with_colon(found: Completion, path: &[&str], form: Form) -> Completion {
    if form.has_colon {
        return found;
    }
    let path: Vec<&str> = path.iter().copied().chain([found.label.as_str()]).collect();
    let insert = if !form.is_flow && shape::is_map(&path) {
        format!("{}:\n{}", found.label, " ".repeat(form.indent + 2))
    } else {
        format!("{}: ", found.label)
    };
    found.inserting(insert)
}

fn values_at(
    project: &Project<'_>,
    outline: &Outline<'_>,
    node: Option<&Node>,
    path: &[&str],
    cursor: usize,
) -> Vec<Completion> {
    let about_words = || {
        let words = shape::words(path).into_iter();
        words.map(|(word, about)| Completion::new(word, CompletionKind::Word, about)).collect()
    };
    let [.., key] = path else { return Vec::new() };
    match (path, node) {
        (["nodes", _, "forward" | "capture", ..], Some(node)) => ends::own_sockets(outline, node),
        (["nodes", _, "on"], _) => ends::places(outline),
        (["nodes", _, "script"], _) => ends::scripts(project),
        (["nodes", ..], Some(node)) if *key == "connect" => {
            ends::peers(outline, node, socket_at(node, cursor), role_at(outline, Some(node), path))
        }
        (["nodes", ..], _) if *key == "bind" => ends::transports(),
        (["nodes", _, "params", ..], _) => Vec::new(),
        _ => about_words(),
    }
}

/// Which socket of its node a byte is in.
fn socket_at(node: &Node, byte: usize) -> Option<usize> {
    node.sockets.iter().position(|it| it.span.start <= byte && byte <= it.span.end)
}

/// Whether a text looks like a topology, whatever its file is called.
#[must_use]
pub fn looks_like_a_topology(text: &str) -> bool {
    let has_nodes = text.lines().any(|line| line.starts_with("nodes:"));
    has_nodes && tree::parse(text).get(text, "nodes").is_some()
}
