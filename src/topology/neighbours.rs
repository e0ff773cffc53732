//! Who may speak with whom inside a file, by name: for who reads what a run has left behind.
//!
//! Owns that question. Which sockets meet is `links`'s.

use std::collections::{BTreeMap, BTreeSet};

use super::check::as_far_as_written;
use super::links::{LinkEnd, links_of};
use super::spec::{Attachment, TopologySpec};
use crate::document::Document;
use crate::zeromq::{Role, Transport};

/// A socket of a node, for all copies of that: their names.
pub type Port = (String, String);

/// The sockets of a topology, and those at the other ends of their links.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Neighbours(BTreeMap<Port, Around>);

/// What is around a socket.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Around {
    role: Role,
    linked: BTreeSet<Port>,
    /// Whether it has endpoints, so that no handler has to give it some.
    is_attached: bool,
    /// Whether nobody outside the file can come to it, and it goes to nobody there.
    is_closed: bool,
}

impl Neighbours {
    /// Those of a topology.
    #[must_use]
    pub fn of(topology: &TopologySpec) -> Self {
        let links = links_of(topology);
        let mut around = BTreeMap::new();
        for (node, spec) in topology.nodes.iter().enumerate() {
            for (socket, spec_of) in spec.sockets.iter().enumerate() {
                let end = LinkEnd { node, socket };
                let inside = |attachment: &Attachment| match attachment {
                    Attachment::Bind(endpoint) => endpoint.transport() == Transport::Inproc,
                    Attachment::Connect(endpoint) => links
                        .iter()
                        .any(|link| link.connecter == end && link.endpoint.is_reached_by(endpoint)),
                    Attachment::ConnectNode { .. } => true,
                    Attachment::ConnectPlace { .. } => false,
                };
                let is_attached = !spec_of.attachments.is_empty();
                let is_closed = is_attached && spec_of.attachments.iter().all(inside);
                let (role, linked) = (spec_of.role, BTreeSet::new());
                let nobody = Around { role, linked, is_attached, is_closed };
                around.insert((spec.name.clone(), spec_of.name.clone()), nobody);
            }
        }
        let mut neighbours = Self(around);
        for link in links {
            let ends = (port(topology, link.connecter), port(topology, link.binder));
            if let (Some(one), Some(other)) = ends {
                neighbours.join(&one, &other);
                neighbours.join(&other, &one);
            }
        }
        neighbours
    }

    /// Those of a text, as far as it can be read: what it names need not be here any more.
    #[must_use]
    pub fn as_far_as_written(document: &Document) -> Self {
        as_far_as_written(document).map(|spec| Self::of(&spec)).unwrap_or_default()
    }

    /// Those of another version of the same file too.
    pub fn add(&mut self, other: Self) {
        for (port, around) in other.0 {
            match self.0.get_mut(&port) {
                None => {
                    self.0.insert(port, around);
                }
                Some(known) => {
                    known.linked.extend(around.linked);
                    known.is_attached &= around.is_attached;
                    known.is_closed &= around.is_closed;
                }
            }
        }
    }

    /// All sockets that are known, with their roles.
    pub fn ports(&self) -> impl Iterator<Item = (&Port, Role)> {
        self.0.iter().map(|(port, around)| (port, around.role))
    }

    /// The sockets at the other ends of a socket's links.
    pub fn linked(&self, port: &Port) -> impl Iterator<Item = &Port> {
        self.0.get(port).into_iter().flat_map(|around| &around.linked)
    }

    /// Whether the file says where a socket has its peers; otherwise a handler does, or nothing is known.
    #[must_use]
    pub fn is_attached(&self, port: &Port) -> bool {
        self.0.get(port).is_some_and(|around| around.is_attached)
    }

    /// Whether all peers that a socket can have are in the file.
    #[must_use]
    pub fn is_closed(&self, port: &Port) -> bool {
        self.0.get(port).is_some_and(|around| around.is_closed)
    }

    fn join(&mut self, one: &Port, other: &Port) {
        if let Some(around) = self.0.get_mut(one) {
            around.linked.insert(other.clone());
        }
    }
}

/// The names of a link's end, which a topology that only was read as far as it could be need not have.
fn port(topology: &TopologySpec, end: LinkEnd) -> Option<Port> {
    let node = topology.nodes.get(end.node)?;
    Some((node.name.clone(), node.sockets.get(end.socket)?.name.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{Source, SourceMap};

    fn neighbours(text: &str) -> Neighbours {
        let source = Source::new("t.yaml", text);
        let id = SourceMap::default().add(source.clone());
        Neighbours::as_far_as_written(&Document::parse(id, &source, &|_| None).unwrap())
    }

    fn port(node: &str, socket: &str) -> Port {
        (node.to_owned(), socket.to_owned())
    }

    const TEXT: &str = "
nodes:
  a: {role: push, bind: 5000}
  b: {role: pull, connect: [a, tcp://127.0.0.1:5000]}
  c: {role: pull, connect: [a, tcp://example.org:5000]}
  d: {role: pair, bind: inproc://d}
  e: {role: pair, connect: d, plain: {user: u, password: \"********\"}, on_message: nonsense(}
  f: {role: router, bind: 5001, script: gone.rhai, on_message: \"\"}
";

    #[test]
    fn they_are_known_by_name_whatever_else_is_wrong_with_a_text() {
        let found = neighbours(TEXT);
        let linked = |node: &str, socket: &str| {
            found.linked(&port(node, socket)).map(|(node, _)| node.clone()).collect::<Vec<_>>()
        };
        assert_eq!(linked("a", "push"), ["b", "c"]);
        assert_eq!(linked("b", "pull"), ["a"]);
        assert_eq!(linked("d", "pair"), ["e"]);
        assert_eq!(linked("f", "router"), [""; 0]);
        assert_eq!(linked("nobody", "pair"), [""; 0]);
    }

    #[test]
    fn a_socket_is_closed_where_nobody_outside_can_be_its_peer() {
        let found = neighbours(TEXT);
        for (node, socket, is_closed) in [
            ("a", "push", false),
            ("b", "pull", true),
            ("c", "pull", false),
            ("d", "pair", true),
            ("e", "pair", true),
            ("nobody", "pair", false),
        ] {
            assert_eq!(found.is_closed(&port(node, socket)), is_closed, "{node}");
            assert_eq!(found.is_attached(&port(node, socket)), node != "nobody", "{node}");
        }
    }

    #[test]
    fn another_version_adds_its_links_and_opens_what_was_closed() {
        let mut both = neighbours(TEXT);
        both.add(neighbours(
            "
nodes:
  d: {role: pair, bind: 5003}
  g: {role: pair, connect: d}
",
        ));
        let linked: Vec<_> = both.linked(&port("d", "pair")).map(|(node, _)| &**node).collect();
        assert_eq!(linked, ["e", "g"]);
        assert!(!both.is_closed(&port("d", "pair")) && both.is_closed(&port("g", "pair")));
    }
}
