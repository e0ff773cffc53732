//! What a name of a test file means: a node, one of its copies, one of their sockets.
//!
//! Owns the one way to read such a name. Never reports: readers do.

use crate::topology::Topology;

/// A node, a copy or a socket of it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Place {
    /// The node's place in the topology.
    pub node: usize,
    /// The number of one copy, from 1; without one it is all of them, or the node is not replicated.
    pub copy: Option<u32>,
    /// The socket's place in the node; without one it is the node as a whole.
    pub socket: Option<usize>,
}

/// Why a name means nothing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum NoPlace {
    /// There is no such node.
    Node(String),
    /// The node has no copy of that number.
    Copy {
        /// The node's place.
        node: usize,
        /// What was written.
        copy: String,
    },
    /// The node has no such socket.
    Socket {
        /// The node's place.
        node: usize,
        /// What was written.
        socket: String,
    },
}

impl Place {
    /// Reads `NODE`, `NODE.SOCKET`, `NODE.COPY` or `NODE.COPY.SOCKET`.
    ///
    /// # Errors
    ///
    /// When the topology has no such thing.
    pub fn find(topology: &Topology, name: &str) -> Result<Self, NoPlace> {
        let mut parts = name.splitn(3, '.');
        let wanted = parts.next().unwrap_or_default();
        let node = topology.nodes.iter().position(|node| node.name == wanted);
        let node = node.ok_or_else(|| NoPlace::Node(wanted.to_owned()))?;
        let mut place = Self { node, copy: None, socket: None };
        let mut next = parts.next();
        if let Some(copy) = next.filter(|part| part.starts_with(|c: char| c.is_ascii_digit())) {
            let copies = topology.nodes[node].replicas.map_or(0, std::num::NonZeroU32::get);
            let number = copy.parse().ok().filter(|number| (1..=copies).contains(number));
            let number = number.ok_or_else(|| NoPlace::Copy { node, copy: copy.to_owned() })?;
            place.copy = Some(number);
            next = parts.next();
        }
        let Some(socket) = next else { return Ok(place) };
        let whole = parts.next().map_or(socket.to_owned(), |rest| format!("{socket}.{rest}"));
        match topology.nodes[node].socket(&whole) {
            Some(socket) => Ok(Self { socket: Some(socket), ..place }),
            None => Err(NoPlace::Socket { node, socket: whole }),
        }
    }

    /// The names that the copies run under that it means.
    #[must_use]
    pub fn instances(self, topology: &Topology) -> Vec<String> {
        let copies = topology.nodes[self.node].instances();
        let is_meant = |number: u32| self.copy.is_none_or(|copy| copy == number);
        copies.filter(|(_, number)| is_meant(*number)).map(|(name, _)| name).collect()
    }
}
