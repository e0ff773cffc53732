//! What a file declares, as a tree.
//!
//! Owns which things are told: nodes with their sockets and handlers, functions. Never judges them.

use std::ops::Range;
use std::path::Path;

use super::completion::about;
use super::project::Project;
use super::script::Script;

/// What sort of thing a symbol is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SymbolKind {
    /// A node.
    Node,
    /// A socket.
    Socket,
    /// A handler.
    Handler,
    /// A function.
    Function,
}

/// Something that a file declares.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Symbol {
    /// Its name.
    pub name: String,
    /// What sort of thing it is.
    pub kind: SymbolKind,
    /// What is told beside the name.
    pub detail: Option<String>,
    /// All of it.
    pub span: Range<usize>,
    /// Its name in the file.
    pub selection: Range<usize>,
    /// What belongs to it.
    pub children: Vec<Symbol>,
}

/// Everything that a file declares, in its order.
#[must_use]
pub fn symbols(project: &Project<'_>, path: &Path) -> Vec<Symbol> {
    if !project.is_topology(path) {
        return project.file(path).map(|file| of_script(file.text)).unwrap_or_default();
    }
    let outline = project.outline();
    let text = outline.text;
    let nodes = outline.nodes.iter().map(|node| {
        let named = node.sockets.iter().filter_map(|it| Some((it, it.name.clone()?)));
        let sockets = named.map(|(socket, name)| Symbol {
            name: text[name.clone()].to_owned(),
            kind: SymbolKind::Socket,
            detail: about(socket, &outline),
            span: socket.span.clone(),
            selection: name,
            children: Vec::new(),
        });
        let handlers = node.handlers.iter().map(|(name, body)| Symbol {
            name: text[name.clone()].to_owned(),
            kind: SymbolKind::Handler,
            detail: None,
            span: name.start..body.end().max(name.end),
            selection: name.clone(),
            children: Vec::new(),
        });
        // What is merged from elsewhere does not stand here.
        let is_here =
            |it: &Symbol| node.span.start <= it.span.start && it.span.end <= node.span.end;
        let mut children: Vec<Symbol> = sockets.chain(handlers).filter(is_here).collect();
        children.sort_by_key(|it| it.span.start);
        let only = node.sockets.first().filter(|socket| socket.name.is_none());
        Symbol {
            name: text[node.name.clone()].to_owned(),
            kind: SymbolKind::Node,
            detail: only.and_then(|socket| about(socket, &outline)),
            span: node.span.clone(),
            selection: node.name.clone(),
            children,
        }
    });
    nodes.collect()
}

fn of_script(text: &str) -> Vec<Symbol> {
    let script = Script::new(text);
    let functions = script.functions().into_iter().map(|function| {
        let name = text[function.name.clone()].to_owned();
        let kind = if name.starts_with("on_") { SymbolKind::Handler } else { SymbolKind::Function };
        let arguments: Vec<&str> = function.arguments.iter().map(|it| &text[it.clone()]).collect();
        let detail = Some(format!("({})", arguments.join(", ")));
        let (span, selection) = (function.span, function.name);
        Symbol { name, kind, detail, span, selection, children: Vec::new() }
    });
    functions.collect()
}
