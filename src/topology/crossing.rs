//! Links whose ends are at different places, and what becomes of endpoints there.
//!
//! Owns the one answer to what a socket binds and connects to where its node runs at its place. Never
//! looks a name up.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::links::{Link, LinkEnd};
use super::place::PlaceSpec;
use super::spec::{Attachment, TopologySpec};
use crate::zeromq::{Endpoint, Transport};

/// A link whose ends are at different places.
#[derive(Clone, Copy, Debug)]
pub struct Crossing<'t> {
    /// The link.
    pub link: &'t Link,
    /// Where the socket is that connects.
    pub connecter: &'t PlaceSpec,
    /// Where the socket is that binds.
    pub binder: &'t PlaceSpec,
}

/// The attachments of sockets that have others where their node runs at its place than where the file
/// runs whole.
pub(super) type Deployed = BTreeMap<LinkEnd, Vec<Attachment>>;

/// Every link between places, in the order of the connecting sockets.
pub(super) fn crossings<'t>(spec: &'t TopologySpec, links: &'t [Link]) -> Vec<Crossing<'t>> {
    let place = |node: usize| spec.place_of(&spec.nodes[node]);
    let crossing = |link: &'t Link| {
        let (connecter, binder) = (place(link.connecter.node)?, place(link.binder.node)?);
        (connecter.name != binder.name).then_some(Crossing { link, connecter, binder })
    };
    links.iter().filter_map(crossing).collect()
}

/// What sockets bind and connect to where their nodes run at their places.
///
/// An endpoint that others come to from another place is bound on the `bind_address` of its own, and
/// they connect to its `address`. One that names an address of its own, neither loopback nor all of
/// them, keeps that at both ends.
pub(super) fn deployed(spec: &TopologySpec, links: &[Link]) -> Deployed {
    let crossed = crossings(spec, links).into_iter().map(|it| (it.link.binder, &it.link.endpoint));
    let deployment = Deployment {
        spec,
        links,
        crossed: crossed.filter(|(_, endpoint)| is_movable(endpoint)).collect(),
        positions: spec.positions(),
    };
    let mut deployed = Deployed::new();
    for (node, wanted) in spec.nodes.iter().enumerate() {
        let Some(place) = spec.place_of(wanted) else { continue };
        for (socket, wanted) in wanted.sockets.iter().enumerate() {
            let end = LinkEnd { node, socket };
            let attachments = wanted.attachments.iter();
            let attachments: Vec<_> =
                attachments.map(|written| deployment.of(written, end, place)).collect();
            if attachments != wanted.attachments {
                deployed.insert(end, attachments);
            }
        }
    }
    deployed
}

/// By which text a socket knows who is at an attachment.
pub(super) fn meeting_point(attachment: &Attachment) -> String {
    match attachment {
        Attachment::Bind(endpoint)
        | Attachment::Connect(endpoint)
        | Attachment::ConnectPlace { endpoint, .. } => endpoint.to_string(),
        Attachment::ConnectNode { endpoint, .. } => endpoint.as_seen_by_peer().to_string(),
    }
}

/// Whether an endpoint says no more than that it is on this machine.
fn is_movable(endpoint: &Endpoint) -> bool {
    matches!(endpoint.transport(), Transport::Tcp | Transport::Ws)
        && (endpoint.has_any_host() || endpoint.is_on_loopback())
}

struct Deployment<'t> {
    spec: &'t TopologySpec,
    links: &'t [Link],
    /// What others come to from other places.
    crossed: HashSet<(LinkEnd, &'t Endpoint)>,
    positions: HashMap<&'t str, usize>,
}

impl Deployment<'_> {
    /// What becomes of one attachment of a socket at this place.
    fn of(&self, written: &Attachment, end: LinkEnd, here: &PlaceSpec) -> Attachment {
        match written {
            Attachment::Bind(endpoint) => Attachment::Bind(self.bound(end, endpoint, here)),
            Attachment::Connect(endpoint) => {
                let is_it =
                    |link: &&Link| link.connecter == end && link.endpoint.is_reached_by(endpoint);
                let link = self.links.iter().find(is_it);
                link.and_then(|link| self.reached(endpoint, link, here))
                    .unwrap_or_else(|| written.clone())
            }
            Attachment::ConnectNode { node, socket, endpoint } => {
                let Some(&at) = self.positions.get(node.as_str()) else { return written.clone() };
                let binder = LinkEnd { node: at, socket: *socket };
                match self.spec.place_of(&self.spec.nodes[at]) {
                    None => written.clone(),
                    Some(there) if there.name == here.name => Attachment::ConnectNode {
                        node: node.clone(),
                        socket: *socket,
                        endpoint: self.bound(binder, endpoint, there),
                    },
                    Some(there) => elsewhere(&endpoint.as_seen_by_peer(), endpoint, there),
                }
            }
            Attachment::ConnectPlace { .. } => written.clone(),
        }
    }

    /// What an endpoint of a place is bound to.
    fn bound(&self, end: LinkEnd, endpoint: &Endpoint, place: &PlaceSpec) -> Endpoint {
        match self.crossed.contains(&(end, endpoint)) {
            true => endpoint.at_host(place.bind_host()),
            false => endpoint.clone(),
        }
    }

    /// What a socket here connects to that the file has connect to the bound end of a link.
    fn reached(&self, written: &Endpoint, link: &Link, here: &PlaceSpec) -> Option<Attachment> {
        let there = self.spec.place_of(&self.spec.nodes[link.binder.node])?;
        if there.name != here.name {
            return Some(elsewhere(written, &link.endpoint, there));
        }
        let bound = self.bound(link.binder, &link.endpoint, here);
        let is_moved = bound != link.endpoint;
        is_moved.then(|| Attachment::Connect(written.at_host(bound.as_seen_by_peer().host())))
    }
}

/// A connection to what another place binds.
fn elsewhere(written: &Endpoint, bound: &Endpoint, there: &PlaceSpec) -> Attachment {
    let endpoint = match is_movable(bound) {
        true => written.at_host(&there.address),
        false => written.clone(),
    };
    Attachment::ConnectPlace { place: there.name.clone(), endpoint }
}

#[cfg(test)]
mod tests {
    use crate::topology::{Attachment, Part, Topology, sound};

    const PLACES: &str = "places: {edge: {address: edge.local}, hall: {address: 10.1.0.7, \
                          bind_address: 10.0.0.1}, yard: {address: '[fe80::7]'}}\n";

    /// What the sockets of nodes have at a place, by node.
    fn at(nodes: &str, place: &str) -> Vec<String> {
        let topology = sound(&format!("{PLACES}nodes: {nodes}"));
        let part = Part { place: Some(place.to_owned()), ..Part::default() };
        shown(&topology.part(&part).unwrap())
    }

    fn shown(topology: &Topology) -> Vec<String> {
        let say = |attachment: &Attachment| match attachment {
            Attachment::Bind(endpoint) => format!("bind {endpoint}"),
            Attachment::Connect(endpoint) => format!("connect {endpoint}"),
            Attachment::ConnectNode { node, endpoint, .. } => format!("to {node} at {endpoint}"),
            Attachment::ConnectPlace { place, endpoint } => format!("{place} at {endpoint}"),
        };
        let nodes = topology.nodes.iter();
        nodes
            .map(|node| {
                let attachments = node.sockets.iter().flat_map(|socket| &socket.attachments);
                let said: Vec<String> = attachments.map(say).collect();
                format!("{}: {}", node.name, said.join(", "))
            })
            .collect()
    }

    #[test]
    fn a_link_that_crosses_places_binds_and_connects_by_their_addresses() {
        let nodes = "{in: {on: edge, role: push, connect: out}, \
                     out: {on: hall, role: pull, bind: 5555, on_message: print(msg.text)}}";
        assert_eq!(at(nodes, "edge"), ["in: hall at tcp://10.1.0.7:5555"]);
        assert_eq!(at(nodes, "hall"), ["out: bind tcp://10.0.0.1:5555"]);
        assert_eq!(at(nodes, "yard"), [""; 0]);
        let whole = sound(&format!("{PLACES}nodes: {nodes}"));
        let expected = ["in: to out at tcp://127.0.0.1:5555", "out: bind tcp://127.0.0.1:5555"];
        assert_eq!(shown(&whole), expected, "without a place all is as it was");
    }

    #[test]
    fn what_is_bound_is_reached_from_its_own_place_too_by_name_and_by_port() {
        let nodes = "{out: {on: hall, role: pull, bind: 5555, on_message: print(msg.text)}, \
                     far: {on: edge, role: push, connect: 5555}, \
                     near: {on: hall, role: push, connect: 5555}, \
                     named: {on: hall, role: push, connect: out}}";
        assert_eq!(
            at(nodes, "hall"),
            [
                "out: bind tcp://10.0.0.1:5555",
                "near: connect tcp://10.0.0.1:5555",
                "named: to out at tcp://10.0.0.1:5555"
            ]
        );
        assert_eq!(at(nodes, "edge"), ["far: hall at tcp://10.1.0.7:5555"]);
    }

    #[test]
    fn ipv6_is_bound_on_all_of_its_addresses_and_an_address_of_its_own_stays() {
        let nodes = "{out: {on: yard, role: pull, bind: [5555, 'tcp://10.9.9.9:5556'], \
                     on_message: print(msg.text)}, \
                     far: {on: edge, role: push, connect: ['tcp://127.0.0.1:5555', \
                     'tcp://10.9.9.9:5556', 'tcp://stranger:1']}}";
        assert_eq!(at(nodes, "yard"), ["out: bind tcp://[::]:5555, bind tcp://10.9.9.9:5556"]);
        assert_eq!(
            at(nodes, "edge"),
            ["far: yard at tcp://[fe80::7]:5555, yard at tcp://10.9.9.9:5556, \
              connect tcp://stranger:1"]
        );
    }

    #[test]
    fn what_no_other_place_comes_to_stays_on_loopback_and_nodes_without_a_place_run_at_none() {
        let nodes = "{out: {on: hall, role: pull, bind: 5555, on_message: print(msg.text)}, \
                     near: {on: hall, role: push, connect: out}, \
                     asks: {on: hall, role: push, connect: nowhere}, \
                     nowhere: {role: pull, bind: 5556, on_message: print(msg.text)}}";
        assert_eq!(
            at(nodes, "hall"),
            [
                "out: bind tcp://127.0.0.1:5555",
                "near: to out at tcp://127.0.0.1:5555",
                "asks: connect tcp://127.0.0.1:5556"
            ]
        );
    }

    #[test]
    fn a_place_that_is_not_there_is_told_with_the_nearest() {
        let topology = sound(&format!("{PLACES}nodes: {{a: {{on: edge, role: pub, bind: 5}}}}"));
        let part = |place: &str| {
            let part = Part { place: Some(place.to_owned()), ..Part::default() };
            topology.part(&part).err().map(|error| error.to_string()).unwrap_or_default()
        };
        assert_eq!(part("edge"), "");
        assert!(part("egde").contains("did you mean edge?"), "{}", part("egde"));
        assert!(part("moon").contains("edge, hall, yard"), "{}", part("moon"));
        let plain = sound("nodes: {a: {role: pub, bind: 5}}");
        let error = plain.part(&Part { place: Some("x".to_owned()), ..Part::default() });
        assert!(error.unwrap_err().to_string().contains("has no `places`"));
    }
}
