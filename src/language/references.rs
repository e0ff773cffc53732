//! Every place that names the same thing as the word at a place.
//!
//! Owns where names are looked for: keys, ends of links, forwards, and the texts of scripts that are
//! known to be names. Never changes a text.

use std::path::{Path, PathBuf};

use super::completion::names_a_socket;
use super::outline::{Node, Outline, Place};
use super::project::{Handlers, Project};
use super::script::Script;
use super::target::{Target, target};
use super::tokens::TokenKind;
use super::tree::{Kind, Value};

/// A place in a file.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Location {
    /// The file.
    pub path: PathBuf,
    /// Its first byte there, and the one behind its last.
    pub start: usize,
    /// The byte behind its last.
    pub end: usize,
    /// Whether it is where the thing is declared.
    pub is_declaration: bool,
}

/// Every place of a project that names what the word at a byte of a file names, itself included.
#[must_use]
pub fn references(project: &Project<'_>, path: &Path, byte: usize) -> Vec<Location> {
    let outline = project.outline();
    let Some((target, _)) = target(project, &outline, path, byte) else { return Vec::new() };
    of_target(project, &outline, &target)
}

/// Where what the word at a byte of a file names is declared.
#[must_use]
pub fn definition(project: &Project<'_>, path: &Path, byte: usize) -> Vec<Location> {
    let outline = project.outline();
    let Some((target, _)) = target(project, &outline, path, byte) else { return Vec::new() };
    if let Target::File(path) = target {
        return vec![Location { path, start: 0, end: 0, is_declaration: true }];
    }
    let mut found = of_target(project, &outline, &target);
    found.retain(|location| location.is_declaration);
    found
}

pub(super) fn of_target(
    project: &Project<'_>,
    outline: &Outline<'_>,
    target: &Target,
) -> Vec<Location> {
    let mut found = Finder { project, outline, found: Vec::new() };
    match target {
        Target::Node(name) => found.node(name),
        Target::Place(name) => found.place(name),
        Target::Socket { nodes, socket } => found.socket(nodes, socket),
        Target::Param { nodes, name } => found.named(nodes, name, "param", 0, |node| &node.params),
        Target::Timer { nodes, name } => found.named(nodes, name, "after", 1, |node| &node.timers),
        Target::Function { file, name } => found.function(file, name),
        Target::Handler(name) => found.handler(name),
        Target::Anchor(name) => found.anchor(&outline.tree, name),
        Target::File(_)
        | Target::Known(_)
        | Target::Property { .. }
        | Target::Key(_)
        | Target::Option(_)
        | Target::Role(_)
        | Target::Code(_)
        | Target::Term(_) => {}
    }
    found.found.sort();
    found.found.dedup();
    found.found
}

struct Finder<'p, 'a> {
    project: &'p Project<'a>,
    outline: &'p Outline<'p>,
    found: Vec<Location>,
}

impl<'p, 'a> Finder<'p, 'a> {
    fn add(&mut self, path: &Path, place: Place, is_declaration: bool) {
        let (start, end) = (place.start, place.end);
        self.found.push(Location { path: path.to_owned(), start, end, is_declaration });
    }

    fn in_topology(&mut self, place: Place, is_declaration: bool) {
        if let Some(file) = self.project.topology {
            self.add(file.path, place, is_declaration);
        }
    }

    fn says(&self, place: &Place) -> &'p str {
        &self.outline.text[place.clone()]
    }

    fn nodes(&self, names: &[String]) -> Vec<&'p Node> {
        let outline = self.outline;
        names.iter().filter_map(|name| outline.node(name)).collect()
    }

    /// A node's key, and the ends of links that name it.
    fn node(&mut self, name: &str) {
        let outline = self.outline;
        if let Some(node) = outline.node(name) {
            self.in_topology(node.name.clone(), true);
        }
        for end in outline.nodes.iter().flat_map(|node| &node.sockets).flat_map(|it| &it.connects) {
            if self.says(end).split('.').next() == Some(name) {
                self.in_topology(end.start..end.start + name.len(), false);
            }
        }
    }

    /// A place's key, and the nodes that are on it.
    fn place(&mut self, name: &str) {
        let outline = self.outline;
        for key in &outline.places {
            if self.says(key) == name {
                self.in_topology(key.clone(), true);
            }
        }
        for on in outline.nodes.iter().filter_map(|node| node.on.clone()) {
            if self.says(&on) == name {
                self.in_topology(on, false);
            }
        }
    }

    /// A socket's key, the ends that name it, its node's forwards and handlers, and what scripts
    /// call it.
    fn socket(&mut self, names: &[String], socket: &str) {
        let outline = self.outline;
        let of_it = |node: &&Node| node.sockets.iter().any(|it| it.name_in(outline.text) == socket);
        let named: Vec<&Node> = self.nodes(names).into_iter().filter(of_it).collect();
        let declared: Vec<Place> =
            named.iter().flat_map(|node| &node.sockets).filter_map(|it| it.name.clone()).collect();
        // Nodes that merge one socket have it under one name.
        let has_it = |node: &&Node| {
            let mut own = node.sockets.iter().filter_map(|it| it.name.as_ref());
            own.any(|name| declared.contains(name)) && of_it(node)
        };
        let merged: Vec<&Node> = outline.nodes.iter().filter(has_it).collect();
        let nodes = if merged.is_empty() { named } else { merged };
        let handler = format!("on_{socket}");
        for node in &nodes {
            let places = node.sockets.iter().filter_map(|it| it.name.clone());
            for place in places.filter(|it| outline.text[it.clone()] == *socket) {
                self.in_topology(place, true);
            }
            for place in node.forwarded.iter().filter(|it| outline.text[(*it).clone()] == *socket) {
                self.in_topology(place.clone(), false);
            }
            for (key, _) in
                node.handlers.iter().filter(|(key, _)| outline.text[key.clone()] == handler)
            {
                self.in_topology(key.end - socket.len()..key.end, false);
            }
        }
        for end in outline.nodes.iter().flat_map(|node| &node.sockets).flat_map(|it| &it.connects) {
            let Some((node, named)) = self.says(end).split_once('.') else { continue };
            if named == socket && nodes.iter().any(|it| self.says(&it.name) == node) {
                self.in_topology(end.end - socket.len()..end.end, false);
            }
        }
        for handlers in self.handlers_of(&nodes) {
            let script = Script::new(&handlers.body.text);
            for place in socket_names(&script, socket) {
                self.add(handlers.file.path, handlers.body.range(place), false);
            }
            for function in script.functions() {
                if script.text[function.name.clone()] == handler {
                    let place = function.name.end - socket.len()..function.name.end;
                    self.add(handlers.file.path, handlers.body.range(place), false);
                }
            }
        }
    }

    /// The texts of handlers that some of these nodes run.
    fn handlers_of(&self, nodes: &[&Node]) -> Vec<Handlers<'p, 'a>> {
        let runs = |it: &Handlers<'_, '_>| {
            it.nodes.iter().any(|one| nodes.iter().any(|other| std::ptr::eq(*one, *other)))
        };
        self.project.bodies(self.outline).into_iter().filter(runs).collect()
    }

    /// A name under `params` or `timers`, and the calls that have it as an argument.
    fn named(
        &mut self,
        names: &[String],
        name: &str,
        function: &str,
        argument: usize,
        places: impl Fn(&Node) -> &Vec<Place>,
    ) {
        let nodes = self.nodes(names);
        for place in nodes.iter().flat_map(|node| places(node).clone()) {
            if self.says(&place) == name {
                self.in_topology(place, true);
            }
        }
        for handlers in self.handlers_of(&nodes) {
            let script = Script::new(&handlers.body.text);
            for (called, at, token) in script.calls_with_text() {
                if called == function && at == argument && script.says(token) == name {
                    self.add(handlers.file.path, handlers.body.range(token.inner.clone()), false);
                }
            }
        }
    }

    /// A function of one text, its calls there, and those of modules that import it.
    fn function(&mut self, file: &Path, name: &str) {
        for handlers in self.project.bodies(self.outline) {
            let is_it = handlers.file.path == file;
            let script = Script::new(&handlers.body.text);
            let declared: Vec<Place> = script.functions().into_iter().map(|it| it.name).collect();
            let mut places: Vec<(Place, bool)> = Vec::new();
            for (at, token) in script.tokens.iter().enumerate() {
                let is_word = token.kind == TokenKind::Word
                    && script.says(token) == name
                    && script.is_called(at);
                let of_module = match script.owner(at) {
                    Some((alias, true)) => Some(module_of(&script, handlers.file.path, alias)),
                    _ => None,
                };
                let is_meant = match &of_module {
                    Some(module) => module.as_deref() == Some(file),
                    None => is_it,
                };
                if is_word && is_meant {
                    places.push((token.span.clone(), declared.contains(&token.span)));
                }
            }
            for (place, is_declaration) in places {
                self.add(handlers.file.path, handlers.body.range(place), is_declaration);
            }
        }
    }

    /// The handlers of that name: keys and functions.
    fn handler(&mut self, name: &str) {
        let outline = self.outline;
        for (key, _) in outline.nodes.iter().flat_map(|node| &node.handlers) {
            if self.says(key) == name {
                self.in_topology(key.clone(), true);
            }
        }
        for file in &self.project.scripts {
            let script = Script::new(file.text);
            for function in script.functions() {
                if script.text[function.name.clone()] == *name {
                    self.add(file.path, function.name, true);
                }
            }
        }
    }

    fn anchor(&mut self, value: &Value, name: &str) {
        if let Some(anchor) = value.anchor.clone().filter(|it| self.says(it) == name) {
            self.in_topology(anchor, true);
        }
        match &value.kind {
            Kind::Alias(alias) if self.says(alias) == name => {
                self.in_topology(alias.clone(), false);
            }
            Kind::Sequence(items) => items.iter().for_each(|item| self.anchor(item, name)),
            Kind::Mapping(entries) => {
                entries.iter().for_each(|entry| self.anchor(&entry.value, name));
            }
            Kind::Empty | Kind::Scalar(..) | Kind::Alias(_) => {}
        }
    }
}

/// The texts of a script that are known to name a socket.
fn socket_names(script: &Script<'_>, socket: &str) -> Vec<Place> {
    let mut found: Vec<Place> = Vec::new();
    for (at, token) in script.tokens.iter().enumerate() {
        if token.kind != TokenKind::Text || script.says(token) != socket {
            continue;
        }
        let is_named = script.around(token.span.start).is_some_and(|around| {
            around.argument == 0 && names_a_socket(&script.text[around.name])
        });
        if is_named || script.is_compared(at, "socket") {
            found.push(token.inner.clone());
        }
    }
    found
}

/// The file that a name stands for in `name::function`.
fn module_of(script: &Script<'_>, path: &Path, alias: &str) -> Option<PathBuf> {
    let mut imports = script.imports().into_iter();
    let import = imports.find(|it| it.alias.clone().is_some_and(|at| &script.text[at] == alias))?;
    Project::import_path(path, &script.text[import.path])
}
