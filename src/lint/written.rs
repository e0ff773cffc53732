//! Where a checked topology's parts are written.
//!
//! Owns the way from a node, a socket or a setting back to its place. Never interprets a value.

use crate::document::{Document, Entry, Kind, Mapping, Node};
use crate::source::Span;
use crate::topology::{Attachment, Link, LinkEnd, Queue, SocketSpec, Topology};

/// The places of a topology's nodes; a sound document has one entry for each, in order.
pub(super) struct Written<'a> {
    topology: &'a Topology,
    nodes: Vec<&'a Entry>,
    defaults: Option<&'a Mapping>,
    root: Span,
    text: &'a str,
}

impl<'a> Written<'a> {
    pub(super) fn new(document: &'a Document, topology: &'a Topology) -> Self {
        let top = document.root().as_mapping();
        let nodes = top.and_then(|top| top.get("nodes")?.as_mapping());
        Self {
            topology,
            nodes: nodes.map(|nodes| nodes.entries.iter().collect()).unwrap_or_default(),
            defaults: top.and_then(|top| top.get("defaults")?.as_mapping()),
            root: document.root().span,
            text: document.source().text(),
        }
    }

    /// A node's name where it is declared.
    pub(super) fn node(&self, node: usize) -> Span {
        self.nodes.get(node).map_or(self.root, |entry| entry.key.span)
    }

    /// A key of a node.
    pub(super) fn node_key(&self, node: usize, key: &str) -> Option<&'a Entry> {
        self.nodes.get(node)?.value.as_mapping()?.entry(key)
    }

    fn socket_mapping(&self, end: LinkEnd) -> Option<&'a Mapping> {
        let node = self.nodes.get(end.node)?.value.as_mapping()?;
        match node.get("sockets") {
            Some(sockets) => sockets.as_mapping()?.entries.get(end.socket)?.value.as_mapping(),
            None => Some(node),
        }
    }

    /// The role of a socket where it is written: the place of the socket as a whole.
    pub(super) fn socket(&self, end: LinkEnd) -> Span {
        let role = self.socket_mapping(end).and_then(|mapping| mapping.get("role"));
        role.map_or_else(|| self.node(end.node), |role| role.span)
    }

    /// A socket in words, for labels: `a pub of \`station\``.
    pub(super) fn name(&self, end: LinkEnd) -> String {
        let node = &self.topology.nodes[end.node];
        let role = node.sockets[end.socket].role;
        format!("the {role} of `{}`", node.name)
    }

    /// A key of a socket, at the socket itself.
    pub(super) fn key(&self, end: LinkEnd, key: &str) -> Option<&'a Entry> {
        self.socket_mapping(end)?.entry(key)
    }

    /// A setting that `defaults` may give too.
    pub(super) fn setting(&self, end: LinkEnd, key: &str) -> Option<&'a Entry> {
        self.key(end, key).or_else(|| self.defaults?.entry(key))
    }

    /// An option of libzmq, at the socket or in the defaults.
    pub(super) fn option(&self, end: LinkEnd, name: &str) -> Option<&'a Entry> {
        let own = self.key(end, "options").and_then(|options| options.value.as_mapping());
        let given = self.defaults.and_then(|defaults| defaults.get("options")?.as_mapping());
        [own, given].into_iter().flatten().find_map(|options| options.entry(name))
    }

    /// The high-water mark of a queue, where it is written.
    pub(super) fn mark(&self, end: LinkEnd, queue: Queue) -> Option<&'a Node> {
        let own = self.key(end, "hwm");
        let given = self.defaults.and_then(|defaults| defaults.entry("hwm"));
        [own, given].into_iter().flatten().find_map(|hwm| match hwm.value.as_mapping() {
            Some(queues) => queues.get(queue.word()),
            None => Some(&hwm.value),
        })
    }

    /// Everything a socket binds and connects to, in the order of its attachments.
    pub(super) fn targets(&self, end: LinkEnd) -> Vec<&'a Node> {
        let entries = self.socket_mapping(end).into_iter().flat_map(|mapping| &mapping.entries);
        entries
            .filter(|entry| matches!(&*entry.key.text, "bind" | "connect"))
            .flat_map(|entry| match &entry.value.kind {
                Kind::Sequence(items) => items.as_slice(),
                Kind::Scalar(_) | Kind::Mapping(_) | Kind::Faulty => {
                    std::slice::from_ref(&entry.value)
                }
            })
            .collect()
    }

    /// The `connect` of a link.
    pub(super) fn connect(&self, link: &Link) -> Span {
        let end = link.connecter;
        let socket = self.socket_spec(end);
        let at = socket.attachments.iter().position(|attachment| match attachment {
            Attachment::Bind(_) | Attachment::ConnectPlace { .. } => false,
            Attachment::Connect(endpoint) => link.endpoint.is_reached_by(endpoint),
            Attachment::ConnectNode { node, socket, .. } => {
                *node == self.topology.nodes[link.binder.node].name && *socket == link.binder.socket
            }
        });
        let target = at.and_then(|at| self.targets(end).get(at).copied());
        target.map_or_else(|| self.socket(end), |target| target.span)
    }

    fn socket_spec(&self, end: LinkEnd) -> &'a SocketSpec {
        &self.topology.nodes[end.node].sockets[end.socket]
    }

    /// Whether a value was put together from variables, so that the file does not say it.
    pub(super) fn is_variable(&self, span: Span) -> bool {
        self.text.get(span.start..span.end).is_some_and(|written| written.contains('$'))
    }
}

/// Every socket of a topology with its place.
pub(super) fn sockets(topology: &Topology) -> impl Iterator<Item = (LinkEnd, &SocketSpec)> {
    topology.nodes.iter().enumerate().flat_map(|(node, spec)| {
        let sockets = spec.sockets.iter().enumerate();
        sockets.map(move |(socket, spec)| (LinkEnd { node, socket }, spec))
    })
}
