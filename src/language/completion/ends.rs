//! The other ends: nodes, sockets, endpoints and files that a value could name.
//!
//! Owns which of them fit. Never looks at a place.

use std::path::Path;

use super::{Completion, CompletionKind};
use crate::language::outline::{Node, Outline, Socket};
use crate::language::project::Project;
use crate::zeromq::{Role, Transport};

/// The sockets of a node itself.
pub(super) fn own_sockets(outline: &Outline<'_>, node: &Node) -> Vec<Completion> {
    let named = node.sockets.iter().filter(|socket| socket.name.is_some());
    named.map(|socket| of_socket(socket, socket.name_in(outline.text), outline)).collect()
}

/// A socket with what it is.
pub(super) fn of_socket(socket: &Socket, label: &str, outline: &Outline<'_>) -> Completion {
    let about = about(socket, outline);
    Completion::new(label, CompletionKind::Socket, about.as_deref())
}

/// `a pub on 5556`.
pub(in crate::language) fn about(socket: &Socket, outline: &Outline<'_>) -> Option<String> {
    let role = socket.role?;
    let end = |places: &[std::ops::Range<usize>], word: &str| {
        let ends: Vec<&str> = places.iter().map(|it| &outline.text[it.clone()]).collect();
        (!ends.is_empty()).then(|| format!(" {word} {}", ends.join(", ")))
    };
    let binds = end(&socket.binds, "on").unwrap_or_default();
    let connects = end(&socket.connects, "to").unwrap_or_default();
    Some(format!("{role}{binds}{connects}"))
}

/// What a socket of a node could connect to: nodes, their sockets where one has several, and how
/// endpoints begin.
pub(super) fn peers(
    outline: &Outline<'_>,
    own: &Node,
    socket: Option<usize>,
    role: Option<Role>,
) -> Vec<Completion> {
    let mut found = Vec::new();
    for node in &outline.nodes {
        let is_own = std::ptr::eq(node, own);
        let fits = |(at, other): &(usize, &Socket)| {
            let is_itself = is_own && socket.is_none_or(|own| own == *at);
            let can_talk = match (role, other.role) {
                (Some(Role::Stream), Some(other)) => other == Role::Stream,
                (Some(role), Some(other)) => role.peers().contains(&other),
                (None, _) | (_, None) => true,
            };
            !other.binds.is_empty() && !is_itself && can_talk
        };
        let fitting: Vec<(usize, &Socket)> = node.sockets.iter().enumerate().filter(fits).collect();
        let name = &outline.text[node.name.clone()];
        for (_, socket) in &fitting {
            let label = match socket.name {
                Some(_) if node.sockets.len() > 1 => {
                    format!("{name}.{}", socket.name_in(outline.text))
                }
                Some(_) | None => name.to_owned(),
            };
            let about = about(socket, outline);
            found.push(Completion::new(label, CompletionKind::Node, about.as_deref()));
        }
        if fitting.len() == 1 && node.sockets.len() > 1 {
            let about = about(fitting[0].1, outline);
            found.push(Completion::new(name, CompletionKind::Node, about.as_deref()));
        }
    }
    found.extend(transports());
    found
}

/// The places that a node could be on, each with its address.
pub(super) fn places(outline: &Outline<'_>) -> Vec<Completion> {
    let declared = outline.tree.get(outline.text, "places");
    let found = outline.places.iter().map(|key| {
        let name = &outline.text[key.clone()];
        let address = declared.and_then(|places| places.get(outline.text, name));
        let address = address.and_then(|place| place.get(outline.text, "address"));
        let address = address.and_then(|address| address.word(outline.text));
        Completion::new(name, CompletionKind::Place, address)
    });
    found.collect()
}

/// How endpoints begin.
pub(super) fn transports() -> Vec<Completion> {
    let found = Transport::ALL.into_iter().map(|transport| {
        let about = crate::explain::meaning(transport.scheme());
        Completion::new(format!("{}://", transport.scheme()), CompletionKind::Endpoint, about)
    });
    found.collect()
}

/// The scripts that a node could name.
pub(super) fn scripts(project: &Project<'_>) -> Vec<Completion> {
    let Some(folder) = project.topology.and_then(|file| file.path.parent()) else {
        return Vec::new();
    };
    let paths = project.scripts.iter().map(|file| relative(folder, file.path));
    paths.map(|path| Completion::new(path, CompletionKind::File, None)).collect()
}

/// A path as seen from a folder.
pub(in crate::language) fn relative(folder: &Path, path: &Path) -> String {
    let mut up = String::new();
    let mut from = folder;
    loop {
        if let Ok(below) = path.strip_prefix(from) {
            return format!("{up}{}", below.display());
        }
        let Some(parent) = from.parent() else { return path.display().to_string() };
        up.push_str("../");
        from = parent;
    }
}
