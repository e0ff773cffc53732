//! The sockets of a recording, and who may have sent what came where.
//!
//! Owns what is known of each beside its messages. Never looks into a message.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::node::{Direction, Place, copy_of, port_of};
use crate::recording::contents::Channel;
use crate::topology::{Neighbours, Port};
use crate::zeromq::Role;

/// A socket of one copy of a node, by its place among those of a recording.
pub(super) type At = usize;

/// The sockets of a recording.
#[derive(Debug)]
pub(super) struct Places {
    all: Vec<Socket>,
    by_name: HashMap<(Arc<str>, Arc<str>), At>,
    ports: Vec<PortAround>,
    by_port: HashMap<Port, usize>,
    /// Whether every message of the run is in the file but for those that it says are missing.
    is_whole: bool,
}

#[derive(Debug)]
struct Socket {
    instance: Arc<str>,
    port: usize,
}

/// The socket of a node, whichever copy it is of.
#[derive(Default, Debug)]
struct PortAround {
    roles: Vec<Role>,
    linked: Vec<usize>,
    /// Whether the file has messages that it sent.
    sends: bool,
    /// Whether its node ran here, as far as can be seen: a recording may be of a part of the file.
    is_here: bool,
    /// Whether messages that came to it, or that it sent, are missing.
    lacks_in: bool,
    lacks_out: bool,
    /// Whether all its peers are in the file.
    is_closed: bool,
    /// Whether something it sent is no longer looked for.
    is_forgotten: bool,
}

impl Places {
    /// Those of channels; `calls` has the nodes whose calls are in the file, if some are: then all is that
    /// passed.
    pub(super) fn of<'c>(
        channels: impl Iterator<Item = &'c Channel>,
        calls: Option<HashSet<&str>>,
        neighbours: &Neighbours,
    ) -> Self {
        let is_whole = calls.is_some();
        let mut here: HashSet<&str> = calls.unwrap_or_default();
        let mut places = Self {
            all: Vec::new(),
            by_name: HashMap::new(),
            ports: Vec::new(),
            by_port: HashMap::new(),
            is_whole,
        };
        for (name, role) in neighbours.ports() {
            let port = places.known(name.clone(), role);
            places.ports[port].is_closed = neighbours.is_closed(name);
        }
        for Channel { place, direction, missing, .. } in channels {
            here.insert(copy_of(&place.instance).0);
            let port = places.known(port_of(&place.instance, &place.socket), place.role);
            places.add(place, port);
            let port = &mut places.ports[port];
            port.sends |= *direction == Direction::Out;
            if *missing > 0 {
                port.lacks(*direction);
            }
        }
        for ((node, _), port) in &places.by_port {
            places.ports[*port].is_here = here.contains(node.as_str());
        }
        places.link(neighbours);
        places
    }

    /// The socket of that name, which has that role.
    fn known(&mut self, name: Port, role: Role) -> usize {
        let at = *self.by_port.entry(name).or_insert_with(|| {
            self.ports.push(PortAround::default());
            self.ports.len() - 1
        });
        let roles = &mut self.ports[at].roles;
        if !roles.contains(&role) {
            roles.push(role);
        }
        at
    }

    fn add(&mut self, place: &Place, port: usize) {
        let key = (Arc::clone(&place.instance), Arc::clone(&place.socket));
        self.by_name.entry(key).or_insert_with(|| {
            self.all.push(Socket { instance: Arc::clone(&place.instance), port });
            self.all.len() - 1
        });
    }

    /// Finds who is linked with whom. A socket of which the file does not say where it has its peers may
    /// have every other as one that its role fits.
    fn link(&mut self, neighbours: &Neighbours) {
        let mut names: Vec<(&Port, usize)> =
            self.by_port.iter().map(|(it, at)| (it, *at)).collect();
        names.sort_by_key(|(_, at)| *at);
        let is_open = |name: &Port| !neighbours.is_attached(name);
        let mut linked: Vec<Vec<usize>> = Vec::with_capacity(names.len());
        for (name, at) in &names {
            let mut around: Vec<usize> =
                neighbours.linked(name).filter_map(|it| self.by_port.get(it).copied()).collect();
            let fits = |other: usize| {
                let peers = self.ports[*at].roles.iter().flat_map(|role| role.peers());
                peers.into_iter().any(|role| self.ports[other].roles.contains(role))
            };
            let open = names.iter().filter(|(other, _)| is_open(name) || is_open(other));
            around.extend(open.map(|(_, other)| *other).filter(|other| fits(*other)));
            around.sort_unstable();
            around.dedup();
            linked.push(around);
        }
        self.ports.iter_mut().zip(linked).for_each(|(port, linked)| port.linked = linked);
    }

    /// The socket where something passed.
    pub(super) fn at(&self, place: &Place) -> Option<At> {
        let key = (Arc::clone(&place.instance), Arc::clone(&place.socket));
        self.by_name.get(&key).copied()
    }

    /// The name of the copy of a node that a socket is of.
    pub(super) fn instance(&self, at: At) -> &Arc<str> {
        &self.all[at].instance
    }

    /// What stands for a socket and those of the node's other copies.
    pub(super) fn port(&self, at: At) -> usize {
        self.all[at].port
    }

    /// The sockets, of all copies, that have a link with one.
    pub(super) fn linked(&self, at: At) -> &[usize] {
        &self.ports[self.all[at].port].linked
    }

    /// Notes that messages of a socket are missing.
    pub(super) fn lacks(&mut self, instance: &str, socket: &str, direction: Direction) {
        if let Some(port) = self.by_port.get(&port_of(instance, socket)) {
            self.ports[*port].lacks(direction);
        }
    }

    /// Notes that something which a socket sent is no longer looked for.
    pub(super) fn forget(&mut self, port: usize) {
        self.ports[port].is_forgotten = true;
    }

    /// Whether what a socket got and none of those that are linked with it has sent is from outside: somebody
    /// outside can come to it, and all that those sent was looked through.
    pub(super) fn is_from_outside(&self, at: At, role: Role) -> bool {
        if self.ports[self.all[at].port].is_closed {
            return false;
        }
        self.linked(at).iter().map(|port| &self.ports[*port]).all(|port| {
            // What a SUB subscribes to comes, and is no message that it sent.
            let asks = role == Role::Xpub && port.roles.contains(&Role::Sub);
            (port.sends || self.is_whole && port.is_here)
                && !port.lacks_out
                && !port.is_forgotten
                && !asks
        })
    }

    /// Whether all that came to linked sockets is there, and nobody outside can have got what one sent;
    /// `is_for_inside` where it names a peer that is in the file.
    pub(super) fn knows_receivers(&self, at: At, is_for_inside: bool) -> bool {
        let port = &self.ports[self.all[at].port];
        self.is_whole
            && (port.is_closed || is_for_inside)
            && !port.is_forgotten
            && port
                .linked
                .iter()
                .map(|port| &self.ports[*port])
                .all(|it| it.is_here && !it.lacks_in)
    }
}

impl PortAround {
    fn lacks(&mut self, direction: Direction) {
        match direction {
            Direction::In => self.lacks_in = true,
            Direction::Out => self.lacks_out = true,
        }
    }
}
