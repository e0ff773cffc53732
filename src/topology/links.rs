//! The links inside a file: which socket connects to which.
//!
//! Owns how names, ports and endpoints meet. Never looks outside the file.

use std::collections::HashMap;

use crate::zeromq::Endpoint;

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
pub(super) fn links_of(topology: &TopologySpec) -> Vec<Link> {
    let mut meeting: Meeting<'_, LinkEnd> = Meeting::default();
    let mut connects = Vec::new();
    for (node, spec) in topology.nodes.iter().enumerate() {
        for (socket, spec) in spec.sockets.iter().enumerate() {
            let place = LinkEnd { node, socket };
            for attachment in &spec.attachments {
                match attachment {
                    Attachment::Bind(endpoint) => meeting.bind(endpoint, place),
                    // Who binds there is at another place.
                    Attachment::ConnectPlace { .. } => {}
                    Attachment::Connect(_) | Attachment::ConnectNode { .. } => {
                        connects.push((place, attachment));
                    }
                }
            }
        }
    }
    let places = topology.positions();
    let mut links = Vec::with_capacity(connects.len());
    for (connecter, attachment) in connects {
        match attachment {
            Attachment::ConnectNode { node, socket, endpoint } => {
                // A topology cut down by `only` may have lost the other end.
                let Some(&node) = places.get(node.as_str()) else { continue };
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
            Attachment::Bind(_) | Attachment::ConnectPlace { .. } => {}
        }
    }
    links
}

/// Bound endpoints, found by what a peer connects to.
pub(super) struct Meeting<'e, T> {
    bound: Vec<(&'e Endpoint, T)>,
    named: HashMap<&'e str, Vec<usize>>,
    ports: HashMap<u16, PortMeeting<'e>>,
}

/// Who binds one port, by the host.
#[derive(Default)]
struct PortMeeting<'e> {
    by_host: HashMap<&'e str, Vec<usize>>,
    /// Reached by the loopback address: those who bind it, and those who bind any address.
    by_loopback: Vec<usize>,
    all: Vec<usize>,
}

impl<T> Default for Meeting<'_, T> {
    fn default() -> Self {
        Self { bound: Vec::new(), named: HashMap::new(), ports: HashMap::new() }
    }
}

impl<'e, T> Meeting<'e, T> {
    /// Notes that somebody binds an endpoint; a wildcard is met by nobody.
    pub(super) fn bind(&mut self, endpoint: &'e Endpoint, who: T) {
        let at = self.bound.len();
        self.bound.push((endpoint, who));
        if let Some(port) = endpoint.port() {
            let meeting = self.ports.entry(port).or_default();
            meeting.all.push(at);
            if endpoint.has_any_host() || endpoint.has_loopback_host() {
                meeting.by_loopback.push(at);
            } else {
                meeting.by_host.entry(endpoint.host()).or_default().push(at);
            }
        } else if !endpoint.is_wildcard() {
            self.named.entry(endpoint.as_str()).or_default().push(at);
        }
    }

    /// Whoever is reached by connecting to an endpoint.
    pub(super) fn reached_by<'m>(
        &'m self,
        endpoint: &'m Endpoint,
    ) -> impl Iterator<Item = (&'e Endpoint, &'m T)> {
        let candidates = match endpoint.port() {
            None => self.named.get(endpoint.as_str()),
            Some(port) => self.ports.get(&port).and_then(|meeting| {
                if endpoint.has_loopback_host() {
                    Some(&meeting.by_loopback)
                } else {
                    meeting.by_host.get(endpoint.host())
                }
            }),
        };
        let bound = candidates.into_iter().flatten().map(|&at| &self.bound[at]);
        bound.filter(|(bound, _)| bound.is_reached_by(endpoint)).map(|(bound, who)| (*bound, who))
    }

    /// Somebody who has bound an endpoint already, so that it cannot be bound again.
    pub(super) fn binder_in_the_way(&self, endpoint: &Endpoint) -> Option<&T> {
        let at = match endpoint.port() {
            None => *self.named.get(endpoint.as_str())?.first()?,
            Some(port) => {
                let bound = &self.ports.get(&port)?.all;
                *bound.iter().find(|&&at| self.bound[at].0.overlaps(endpoint))?
            }
        };
        Some(&self.bound[at].1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::zeromq::Side;

    fn endpoint(text: &str, side: Side) -> Endpoint {
        Endpoint::parse(text, side).unwrap()
    }

    #[test]
    fn who_connects_meets_who_binds() {
        for (bound, connected, meet) in [
            ("tcp://127.0.0.1:5", "tcp://127.0.0.1:5", true),
            ("tcp://127.0.0.1:5", "tcp://localhost:5", true),
            ("tcp://*:5", "tcp://127.0.0.1:5", true),
            ("tcp://0.0.0.0:5", "tcp://localhost:5", true),
            ("tcp://10.0.0.1:5", "tcp://10.0.0.1:5", true),
            ("tcp://10.0.0.1:5", "tcp://127.0.0.1:5", false),
            ("tcp://127.0.0.1:5", "tcp://127.0.0.1:6", false),
            ("tcp://[::1]:5", "tcp://[::1]:5", true),
            ("tcp://[::1]:5", "tcp://[0::1]:5", true),
            ("tcp://[::]:5", "tcp://[::1]:5", true),
            ("tcp://[::]:5", "tcp://127.0.0.1:5", true),
            ("tcp://[::1]:5", "tcp://127.0.0.1:5", false),
            ("tcp://127.0.0.1:5", "tcp://[::1]:5", false),
            ("tcp://*:5", "tcp://[::1]:5", false),
            ("tcp://127.0.0.1:5", "ws://127.0.0.1:5", false),
            ("tcp://127.0.0.1:*", "tcp://127.0.0.1:5", false),
            ("ipc:///tmp/a", "ipc:///tmp/a", true),
            ("ipc:///tmp/a", "ipc:///tmp/b", false),
            ("inproc://a", "inproc://a", true),
            ("inproc://a", "ipc://a", false),
        ] {
            let (bound, connected) =
                (endpoint(bound, Side::Bind), endpoint(connected, Side::Connect));
            let mut meeting = Meeting::default();
            meeting.bind(&bound, ());
            let met = meeting.reached_by(&connected).count();
            assert_eq!(met, usize::from(meet), "{bound:?} {connected:?}");
        }
    }

    #[test]
    fn a_wildcard_is_met_over_ipv6_where_the_option_is_on() {
        let bound = endpoint("tcp://*:5", Side::Bind).over_ipv6();
        let connected = endpoint("tcp://[::1]:5", Side::Connect);
        let mut meeting = Meeting::default();
        meeting.bind(&bound, ());
        assert_eq!(meeting.reached_by(&connected).count(), 1);
        assert!(meeting.binder_in_the_way(&endpoint("tcp://[::1]:5", Side::Bind)).is_some());
    }

    #[test]
    fn an_endpoint_cannot_be_bound_twice() {
        for (first, second, clash) in [
            ("tcp://127.0.0.1:5", "tcp://127.0.0.1:5", true),
            ("tcp://127.0.0.1:5", "tcp://*:5", true),
            ("tcp://*:5", "tcp://10.0.0.1:5", true),
            ("tcp://127.0.0.1:5", "ws://127.0.0.1:5", true),
            ("tcp://127.0.0.1:5", "tcp://10.0.0.1:5", false),
            ("tcp://127.0.0.1:*", "tcp://127.0.0.1:*", false),
            ("tcp://lo:5", "tcp://eth0:5", false),
            ("tcp://127.0.0.1:5", "tcp://[::1]:5", false),
            ("tcp://*:5", "tcp://[::1]:5", false),
            ("tcp://[::]:5", "tcp://127.0.0.1:5", true),
            ("tcp://[::1]:5", "tcp://[::]:5", true),
            ("ipc:///tmp/a", "ipc:///tmp/a", true),
            ("ipc://*", "ipc://*", false),
            ("inproc://a", "inproc://b", false),
        ] {
            let (first, second) = (endpoint(first, Side::Bind), endpoint(second, Side::Bind));
            let mut meeting = Meeting::default();
            meeting.bind(&first, ());
            assert_eq!(meeting.binder_in_the_way(&second).is_some(), clash, "{first:?} {second:?}");
        }
    }
}
