//! The links inside a file: which socket connects to which.
//!
//! Owns how names, ports and endpoints meet. Never looks outside the file.

use std::collections::HashMap;

use crate::zeromq::{Endpoint, Transport};

use super::spec::{Attachment, TopologySpec};

/// A socket of a topology, by the places of its node and of itself.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct LinkEnd {
    /// The node's place in the topology.
    pub node: usize,
    /// The socket's place in the node.
    pub socket: usize,
}

/// A connection that both ends of which are in the file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Link {
    /// The socket that connects.
    pub connecter: LinkEnd,
    /// The socket that binds.
    pub binder: LinkEnd,
    /// The endpoint as the binder writes it.
    pub endpoint: Endpoint,
}

/// Every link inside a topology, in the order of the connecting sockets.
#[must_use]
pub fn links_of(topology: &TopologySpec) -> Vec<Link> {
    let mut meeting: Meeting<'_, LinkEnd> = Meeting::default();
    let mut connects = Vec::new();
    for (node, spec) in topology.nodes.iter().enumerate() {
        for (socket, spec) in spec.sockets.iter().enumerate() {
            let place = LinkEnd { node, socket };
            for attachment in &spec.attachments {
                match attachment {
                    Attachment::Bind(endpoint) => meeting.bind(endpoint, place),
                    Attachment::Connect(_) | Attachment::ConnectNode { .. } => {
                        connects.push((place, attachment));
                    }
                }
            }
        }
    }
    let names: HashMap<&str, usize> =
        topology.nodes.iter().enumerate().map(|(at, node)| (node.name.as_str(), at)).collect();
    let mut links = Vec::with_capacity(connects.len());
    for (connecter, attachment) in connects {
        match attachment {
            Attachment::ConnectNode { node, socket, endpoint } => {
                // A topology cut down by `only` may have lost the other end.
                let Some(&node) = names.get(node.as_str()) else { continue };
                let binder = LinkEnd { node, socket: *socket };
                links.push(Link { connecter, binder, endpoint: endpoint.clone() });
            }
            Attachment::Connect(endpoint) => {
                links.extend(meeting.reached_by(endpoint).map(|(endpoint, binder)| Link {
                    connecter,
                    binder: *binder,
                    endpoint: endpoint.clone(),
                }));
            }
            Attachment::Bind(_) => {}
        }
    }
    links
}

/// Bound endpoints, found by what a peer connects to.
pub(super) struct Meeting<'e, T> {
    bound: HashMap<MeetingPoint<'e>, Vec<(&'e Endpoint, T)>>,
}

/// What two endpoints have to share before they can meet.
#[derive(PartialEq, Eq, Hash)]
enum MeetingPoint<'e> {
    Port(u16),
    Name(&'e str),
}

impl<T> Default for Meeting<'_, T> {
    fn default() -> Self {
        Self { bound: HashMap::new() }
    }
}

impl<'e, T> Meeting<'e, T> {
    /// Notes that somebody binds an endpoint; a wildcard is met by nobody.
    pub(super) fn bind(&mut self, endpoint: &'e Endpoint, who: T) {
        if let Some(point) = point(endpoint) {
            self.bound.entry(point).or_default().push((endpoint, who));
        }
    }

    /// Whoever is reached by connecting to an endpoint.
    pub(super) fn reached_by<'m>(
        &'m self,
        endpoint: &'m Endpoint,
    ) -> impl Iterator<Item = (&'e Endpoint, &'m T)> {
        let bound = point(endpoint).and_then(|point| self.bound.get(&point));
        let bound = bound.map(Vec::as_slice).unwrap_or_default();
        bound
            .iter()
            .filter(|(bound, _)| bound.is_reached_by(endpoint))
            .map(|(bound, who)| (*bound, who))
    }

    /// Somebody who has bound an endpoint already, so that it cannot be bound again.
    pub(super) fn binder_in_the_way<'m>(&'m self, endpoint: &'m Endpoint) -> Option<&'m T> {
        let bound = self.bound.get(&point(endpoint)?)?;
        bound.iter().find(|(bound, _)| bound.excludes(endpoint)).map(|(_, who)| who)
    }
}

fn point(endpoint: &Endpoint) -> Option<MeetingPoint<'_>> {
    if endpoint.is_wildcard() {
        return None;
    }
    match endpoint.transport() {
        Transport::Tcp | Transport::Ws => endpoint.port().map(MeetingPoint::Port),
        Transport::Ipc | Transport::Inproc => Some(MeetingPoint::Name(endpoint.as_str())),
    }
}
