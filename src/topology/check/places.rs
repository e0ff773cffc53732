//! `places` and `on` as written, and links between places that cannot work.
//!
//! Owns reading them, and what is told over the whole file, whichever place of it is run. What becomes
//! of endpoints is `crossing.rs`'s of the model; what is unwise is `lint/`'s.

use std::num::NonZeroU32;

use crate::diagnostic::{Code, Diagnostic};
use crate::document::{Entry, Kind, Mapping, Node};
use crate::nearest::one_of;
use crate::source::Span;
use crate::topology::crossing::{Crossing, crossings, deployed};
use crate::topology::links::{LinkEnd, links_of};
use crate::topology::place::PlaceSpec;
use crate::topology::spec::{Attachment, TopologySpec};
use crate::zeromq::{Endpoint, EndpointError, Side, Transport};

use super::keys;
use super::name;
use super::report::Report;
use super::secure::WrittenSocket;
use super::value;

/// The keys of a place.
pub const KEYS: &[&str] = &["address", "bind_address", "replicas"];

/// More than so many machines that are alike is a slip.
const MAX_REPLICAS: i64 = 10_000;

/// The places of a file.
#[derive(Default)]
pub(super) struct WrittenPlaces {
    /// Those that could be read.
    pub(super) specs: Vec<PlaceSpec>,
    /// All of them, by name, each with what says how often it runs.
    names: Vec<(String, Option<Span>)>,
}

/// Reads `places`.
pub(super) fn read(top: &Mapping, report: &mut Report<'_>) -> WrittenPlaces {
    let mut written = WrittenPlaces::default();
    let Some(places) = top.get("places") else { return written };
    let Some(mapping) = value::map("places", places, report) else { return written };
    for entry in &mapping.entries {
        name::check_place(&entry.key, report);
        let replicas = entry.value.as_mapping().and_then(|place| place.get("replicas"));
        let replicas = replicas.map(|replicas| replicas.span);
        written.names.push((entry.key.text.to_string(), replicas));
        written.specs.extend(read_place(entry, report));
    }
    written
}

fn read_place(entry: &Entry, report: &mut Report<'_>) -> Option<PlaceSpec> {
    let name = keys::shorten(&entry.key.text);
    let mapping = value::map(&name, &entry.value, report)?;
    keys::check(mapping, &[KEYS], "a place", report);
    let mut host = |key: &str, side| read_host(key, mapping.get(key)?, side, report);
    let (address, bind_address) =
        (host("address", Side::Connect), host("bind_address", Side::Bind));
    if mapping.get("address").is_none() && !keys::stands_for(mapping, "address", &[KEYS]) {
        report.add(
            Diagnostic::new(Code::MissingKey, format!("the place `{name}` has no address"))
                .at(entry.key.span, "where is it?")
                .because("other places connect to it there")
                .help("write `address:` and a host's name or its IP address"),
        );
    }
    let replicas = mapping
        .get("replicas")
        .and_then(|replicas| value::integer("replicas", replicas, 1..=MAX_REPLICAS, report))
        .and_then(|count| NonZeroU32::new(u32::try_from(count).ok()?));
    Some(PlaceSpec { name: entry.key.text.to_string(), address: address?, bind_address, replicas })
}

/// A host: what stands between `tcp://` and the port.
fn read_host(key: &str, node: &Node, side: Side, report: &mut Report<'_>) -> Option<String> {
    if matches!(node.kind, Kind::Sequence(_)) {
        let help = format!("put it in quotes: `{key}: \"[::1]\"`");
        value::wrong(key, node, "a host, and outside of quotes `[…]` is a list", &help, report);
        return None;
    }
    let host = value::text(key, node, report)?;
    let port = host.rsplit_once(':').filter(|(_, port)| port.parse::<u16>().is_ok());
    let bare = port.map(|(bare, _)| bare).filter(|bare| !bare.contains(':'));
    let fault = match Endpoint::parse(&format!("tcp://{host}:1"), side) {
        _ if host.contains(['/', ';']) => "it has no transport and no path".to_owned(),
        Ok(_) => return Some(host),
        Err(_) if bare.is_some() => "the ports are those of its sockets".to_owned(),
        Err(EndpointError::Wildcard) => {
            "connect needs an address; `*` is every one that a machine has".to_owned()
        }
        Err(error) => error.to_string(),
    };
    let mended = match bare {
        Some(bare) => Some(bare.to_owned()),
        None if host.parse::<std::net::Ipv6Addr>().is_ok() => Some(format!("[{host}]")),
        None => None,
    };
    let fault = Diagnostic::new(Code::BadEndpoint, format!("`{key}` takes a host"))
        .at(node.span, format!("this is {}", node.describe()))
        .because(fault);
    match mended {
        Some(mended) => {
            let fault = fault.help(format!("write `{key}: \"{mended}\"`"));
            report.add_with_fix(fault, node.span, &mended);
        }
        None if side == Side::Connect => report
            .add(fault.help("write a name such as `edge.local`, or an address such as `10.1.0.7`")),
        None => report.add(
            fault.help("write an address of that machine, an interface such as `eth0`, or \"*\""),
        ),
    }
    None
}

/// Reads `on` of a node.
pub(super) fn read_on(
    entry: &Entry,
    places: &WrittenPlaces,
    report: &mut Report<'_>,
) -> Option<String> {
    let node = &entry.value;
    let name = value::text("on", node, report)?;
    let names = || places.names.iter().map(|(name, _)| name.as_str());
    if names().any(|known| known == name) {
        return Some(name);
    }
    let shown = keys::shorten(&name);
    if !name::is_name(&name) {
        let fault = Diagnostic::new(Code::UnknownPlace, "`on` takes the name of a place")
            .at(entry.key.span, "where the node runs")
            .at(node.span, "no name")
            .help("did you mean `on_message`, the handler?");
        report.add_with_fix(fault, entry.key.span, "on_message");
        return None;
    }
    let fault = Diagnostic::new(Code::UnknownPlace, format!("there is no place `{shown}`"))
        .at(node.span, "no such place");
    match report.nearest(&name, names()) {
        Some(meant) => {
            report.add_with_fix(fault.help(meant.question()), node.span, meant.first());
        }
        None if places.names.is_empty() => report.add(
            fault.help(format!("declare it at the top: `places: {{{shown}: {{address: HOST}}}}`")),
        ),
        None => report.add(fault.help(format!("the places are {}", one_of(names())))),
    }
    None
}

/// Reports links between places that cannot work, in a topology that has no other fault.
pub(super) fn check(
    spec: &TopologySpec,
    written: &[Vec<WrittenSocket>],
    places: &WrittenPlaces,
    report: &mut Report<'_>,
) {
    let links = links_of(spec);
    let rules = Rules { spec, written, places };
    for crossing in crossings(spec, &links) {
        if let Some(fault) = rules.private(&crossing).or_else(|| rules.replicated(&crossing)) {
            report.add(fault);
        }
    }
    let deployed = deployed(spec, &links);
    let attachments = |end: &LinkEnd| -> &[Attachment] {
        deployed.get(end).unwrap_or(&spec.nodes[end.node].sockets[end.socket].attachments)
    };
    for fault in rules.collisions(&attachments) {
        report.add(fault);
    }
}

struct Rules<'s> {
    spec: &'s TopologySpec,
    written: &'s [Vec<WrittenSocket>],
    places: &'s WrittenPlaces,
}

/// A bound endpoint of a place, as written and as it is there.
struct Bound<'s> {
    end: LinkEnd,
    span: Span,
    written: &'s Endpoint,
    there: Endpoint,
    place: &'s PlaceSpec,
}

impl Rules<'_> {
    /// Where an attachment of a socket is written.
    fn span(&self, end: LinkEnd, is_it: impl Fn(&Attachment) -> bool) -> Span {
        let written = &self.written[end.node][end.socket];
        let at = self.spec.nodes[end.node].sockets[end.socket].attachments.iter().position(is_it);
        at.and_then(|at| written.targets.get(at)).copied().unwrap_or(written.span)
    }

    /// A fault of a crossing with both of its ends.
    fn fault(&self, code: Code, message: String, crossing: &Crossing<'_>) -> Diagnostic {
        let link = crossing.link;
        let binder = &self.spec.nodes[link.binder.node].name;
        let connects = self.span(link.connecter, |attachment| match attachment {
            Attachment::Connect(endpoint) => link.endpoint.is_reached_by(endpoint),
            Attachment::ConnectNode { node, socket, .. } => {
                node == binder && *socket == link.binder.socket
            }
            Attachment::Bind(_) | Attachment::ConnectPlace { .. } => false,
        });
        let binds = self.span(link.binder, |attachment| {
            matches!(attachment, Attachment::Bind(endpoint) if *endpoint == link.endpoint)
        });
        let connecter = &self.spec.nodes[link.connecter.node].name;
        Diagnostic::new(code, message)
            .at(binds, format!("`{binder}` binds it at `{}`", crossing.binder.name))
            .at(connects, format!("`{connecter}` is at `{}`", crossing.connecter.name))
    }

    /// A link that cannot leave its machine.
    fn private(&self, crossing: &Crossing<'_>) -> Option<Diagnostic> {
        let (what, why) = match crossing.link.endpoint.transport() {
            Transport::Ipc => ("an ipc link", "ipc stays on one machine"),
            Transport::Inproc => ("an inproc link", "inproc stays in one process"),
            Transport::Tcp | Transport::Ws if crossing.link.endpoint.is_wildcard() => (
                "a port that the system chooses,",
                "only the run that binds it knows which port that is",
            ),
            Transport::Tcp | Transport::Ws => return None,
        };
        let message = format!("{what} between two places");
        let fault = self.fault(Code::CrossesPrivately, message, crossing);
        Some(fault.because(why).help("bind a TCP port, such as `bind: 5556`"))
    }

    /// A place that runs several times and that others connect to.
    fn replicated(&self, crossing: &Crossing<'_>) -> Option<Diagnostic> {
        let place = crossing.binder;
        if place.copies() < 2 {
            return None;
        }
        let message = format!("`{}` has replicas and binds what others connect to", place.name);
        let fault = self.fault(Code::PlaceReplicasBind, message, crossing);
        let names = self.places.names.iter();
        let replicas = names.filter(|(name, _)| *name == place.name).find_map(|(_, span)| *span);
        let fault = match replicas {
            Some(span) => fault.at(span, format!("it runs {} times", place.copies())),
            None => fault,
        };
        Some(fault.because("one address cannot lead to all of them").help(format!(
            "let the nodes of `{}` connect and the other end bind, or take `replicas` away",
            place.name
        )))
    }

    /// Sockets that bind one port of one machine.
    fn collisions<'d>(
        &self,
        attachments: &impl Fn(&LinkEnd) -> &'d [Attachment],
    ) -> Vec<Diagnostic> {
        let mut bound: Vec<Bound<'_>> = Vec::new();
        let mut found = Vec::new();
        for (node, spec) in self.spec.nodes.iter().enumerate() {
            let Some(place) = self.spec.place_of(spec) else { continue };
            for (socket, spec) in spec.sockets.iter().enumerate() {
                let end = LinkEnd { node, socket };
                let spans = &self.written[node][socket].targets;
                for (at, (written, there)) in
                    spec.attachments.iter().zip(attachments(&end)).enumerate()
                {
                    let (Attachment::Bind(written), Attachment::Bind(there)) = (written, there)
                    else {
                        continue;
                    };
                    let Some(&span) = spans.get(at) else { continue };
                    let next = Bound { end, span, written, there: there.clone(), place };
                    // What is bound twice as written has been told.
                    let is_in_the_way = |other: &&Bound<'_>| {
                        other.place.address == place.address
                            && other.there.overlaps(&next.there)
                            && !other.written.overlaps(next.written)
                    };
                    match bound.iter().find(is_in_the_way) {
                        Some(other) => found.push(self.collision(other, &next)),
                        None => bound.push(next),
                    }
                }
            }
        }
        found
    }

    fn collision(&self, first: &Bound<'_>, second: &Bound<'_>) -> Diagnostic {
        let label = |bound: &Bound<'_>| {
            let name = &self.spec.nodes[bound.end.node].name;
            format!("`{name}` binds {} at `{}`", bound.there, bound.place.name)
        };
        let is_one = first.place.name == second.place.name;
        let why = if is_one {
            "what other places connect to is bound on the `bind_address` of its place"
        } else {
            "the two places have one address, so they are one machine"
        };
        Diagnostic::new(Code::PlacesCollide, "two sockets that bind one port of one machine")
            .at(second.span, label(second))
            .at(first.span, label(first))
            .because(why)
            .help("give one of them another port")
    }
}
