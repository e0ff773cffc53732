//! Names of nodes, copies, sockets and peers in a test.
//!
//! Owns what is said of one that means nothing, or more than one thing. Never asks what is done there.

use crate::diagnostic::{Code, Diagnostic};
use crate::document::Node;
use crate::message::Format;
use crate::nearest::{nearest, one_of};
use crate::topology::reading::{Report, shorten, value};
use crate::topology::{NodeSpec, SocketSpec, Topology};
use crate::zeromq::Role;

use super::super::place::{NoPlace, Place};
use super::super::spec::PeerSpec;
use super::context::Context;

/// What a name means.
#[derive(Clone, Copy)]
pub(super) enum Spot<'c> {
    Node(&'c Topology, Place),
    Peer(&'c PeerSpec),
    /// There is no telling: the topology has faults, or the peers have.
    Unknown,
}

/// A socket as far as messages care.
#[derive(Clone, Copy)]
pub(super) struct End {
    pub(super) role: Role,
    pub(super) format: Format,
    /// The message id of a publisher that gives none.
    pub(super) msgid: i64,
}

impl From<&SocketSpec> for End {
    fn from(socket: &SocketSpec) -> Self {
        Self { role: socket.role, format: socket.format, msgid: socket.msgid }
    }
}

impl<'c> Spot<'c> {
    /// The sockets that it means; nothing where there is no telling.
    pub(super) fn ends(self) -> Option<Vec<End>> {
        match self {
            Self::Node(topology, place) => {
                let sockets = &topology.nodes[place.node].sockets;
                let meant = sockets.iter().enumerate();
                let meant = meant.filter(|(at, _)| place.socket.is_none_or(|socket| socket == *at));
                Some(meant.map(|(_, socket)| End::from(socket)).collect())
            }
            Self::Peer(peer) => {
                Some(vec![End { role: peer.role, format: peer.format, msgid: 1000 }])
            }
            Self::Unknown => None,
        }
    }

    /// The node, where it is one.
    pub(super) fn node(self) -> Option<&'c NodeSpec> {
        match self {
            Self::Node(topology, place) => Some(&topology.nodes[place.node]),
            Self::Peer(_) | Self::Unknown => None,
        }
    }
}

/// Who may stand at a place of a step.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Who {
    /// A node, or a copy of one.
    Nodes,
    /// A node, a copy, a socket of theirs.
    Sockets,
    /// A node, a copy, or a peer.
    NodesAndPeers,
    /// Any of them.
    All,
}

impl Who {
    fn takes_peers(self) -> bool {
        matches!(self, Self::NodesAndPeers | Self::All)
    }

    fn takes_sockets(self) -> bool {
        matches!(self, Self::Sockets | Self::All)
    }
}

/// Reads a name. Its text is given back too: the model has it.
pub(super) fn read<'c>(
    key: &str,
    node: &Node,
    who: Who,
    context: &Context<'c>,
    report: &mut Report<'_>,
) -> Option<(String, Spot<'c>)> {
    let name = value::text(key, node, report)?;
    let spot = find(&name, node, who, context, report)?;
    Some((name, spot))
}

fn find<'c>(
    name: &str,
    node: &Node,
    who: Who,
    context: &Context<'c>,
    report: &mut Report<'_>,
) -> Option<Spot<'c>> {
    if let Some(peer) = context.peer(name) {
        if who.takes_peers() {
            return Some(Spot::Peer(peer));
        }
        report.add(
            Diagnostic::new(Code::UnknownNode, format!("`{name}` is a peer, not a node"))
                .at(node.span, "a peer of the test")
                .at(peer.span, "declared here")
                .because("a peer is a program outside, played by the test itself")
                .help("name a node of the topology"),
        );
        return None;
    }
    let Some(topology) = context.tested.topology else { return Some(Spot::Unknown) };
    match Place::find(topology, name) {
        Ok(place) if place.socket.is_some() && !who.takes_sockets() => {
            let meant = name.rsplit_once('.').map_or(name, |(node, _)| node);
            let fault = Diagnostic::new(
                Code::NotHere,
                format!("`{name}` is a socket, and a node is meant"),
            )
            .at(node.span, "a node with its socket")
            .help(format!("write `{meant}`"));
            report.add_with_fix(fault, node.span, meant);
            None
        }
        Ok(place) => Some(Spot::Node(topology, place)),
        Err(NoPlace::Node(_)) if who.takes_peers() && context.has_unread_peers => {
            Some(Spot::Unknown)
        }
        Err(missing) => {
            report_missing(name, node, &missing, topology, context, who, report);
            None
        }
    }
}

/// Reports a name that means nothing.
fn report_missing(
    name: &str,
    node: &Node,
    missing: &NoPlace,
    topology: &Topology,
    context: &Context<'_>,
    who: Who,
    report: &mut Report<'_>,
) {
    match missing {
        NoPlace::Node(wanted) => {
            let peers = context.peers.iter().map(|peer| peer.name.as_str());
            let peers = peers.filter(|_| who.takes_peers());
            let nodes = topology.nodes.iter().map(|node| node.name.as_str());
            let what = if who.takes_peers() { "node and no peer" } else { "node" };
            let message = format!("there is no {what} `{}`", shorten(wanted));
            let fault = Diagnostic::new(Code::UnknownNode, message).at(node.span, "no such name");
            match report.nearest(wanted, nodes.clone().chain(peers)) {
                Some(meant) => {
                    let mended = name.replacen(wanted.as_str(), meant.first(), 1);
                    report.add_with_fix(fault.help(meant.question()), node.span, &mended);
                }
                None => {
                    report.add(fault.help(format!("the nodes are {}", one_of(nodes))));
                }
            }
        }
        NoPlace::Copy { node: at, copy } => report_copy(node, &topology.nodes[*at], copy, report),
        NoPlace::Socket { node: at, socket } => {
            report_socket(name, node, &topology.nodes[*at], socket, report);
        }
    }
}

fn report_copy(node: &Node, spec: &NodeSpec, copy: &str, report: &mut Report<'_>) {
    let name = &spec.name;
    let message = format!("`{name}` has no copy `{}`", shorten(copy));
    let fault = Diagnostic::new(Code::UnknownNode, message).at(node.span, "no such copy");
    match spec.replicas {
        Some(count) => {
            report.add(fault.help(format!("its copies are `{name}.1` to `{name}.{count}`")));
        }
        None => {
            let fault = fault.because("it has no `replicas`").help(format!("write `{name}`"));
            report.add_with_fix(fault, node.span, name);
        }
    }
}

fn report_socket(name: &str, node: &Node, spec: &NodeSpec, socket: &str, report: &mut Report<'_>) {
    let message = format!("`{}` has no socket `{}`", spec.name, shorten(socket));
    let fault = Diagnostic::new(Code::UnknownNode, message).at(node.span, "no such socket");
    let names = || spec.sockets.iter().map(|socket| socket.name.as_str());
    match nearest(socket, names()) {
        Some(meant) => {
            let head = name.strip_suffix(socket).unwrap_or_default();
            let mended = format!("{head}{}", meant.first());
            let fault = fault.help(format!("did you mean `{mended}`?"));
            report.add_with_fix(fault, node.span, &mended);
        }
        None => report.add(fault.help(format!("its sockets: {}", one_of(names())))),
    }
}

/// The one copy of a node that is meant, and whether there is a doubt, which is reported.
pub(super) fn one_copy(
    name: &str,
    node: &Node,
    spot: Spot<'_>,
    report: &mut Report<'_>,
) -> Option<()> {
    let Spot::Node(topology, place) = spot else { return Some(()) };
    let spec = &topology.nodes[place.node];
    let Some(count) = spec.replicas.filter(|count| count.get() > 1 && place.copy.is_none()) else {
        return Some(());
    };
    let rest = name.strip_prefix(spec.name.as_str()).unwrap_or_default();
    let copy = |number: u32| format!("{}.{number}{rest}", spec.name);
    report.add(
        Diagnostic::new(Code::Ambiguous, format!("`{}` has {count} copies", spec.name))
            .at(node.span, "which of them?")
            .help(format!("write `{}` to `{}`", copy(1), copy(count.get()))),
    );
    None
}

/// The one socket of a node that fits; a doubt is reported, and so is that none does.
pub(super) fn one_socket(
    name: &str,
    node: &Node,
    spot: Spot<'_>,
    fits: impl Fn(Role) -> bool,
    verb: &str,
    report: &mut Report<'_>,
) -> Option<Option<End>> {
    let Some(ends) = spot.ends() else { return Some(None) };
    let fitting: Vec<End> = ends.iter().copied().filter(|end| fits(end.role)).collect();
    match (fitting.as_slice(), ends.as_slice()) {
        ([end], _) => Some(Some(*end)),
        ([], ends) => {
            let roles: Vec<Role> = ends.iter().map(|end| end.role).collect();
            report.add(cannot(name, node, &roles, verb, spot));
            None
        }
        (_, _) => {
            let Some(spec) = spot.node() else { return Some(None) };
            let sockets = spec.sockets.iter().filter(|socket| fits(socket.role));
            let names: Vec<String> =
                sockets.map(|socket| format!("{name}.{}", socket.name)).collect();
            let choices = one_of(names.iter().map(String::as_str));
            report.add(
                Diagnostic::new(
                    Code::Ambiguous,
                    format!("`{name}` has several sockets that {verb}"),
                )
                .at(node.span, "which of them?")
                .help(format!("write {choices}")),
            );
            None
        }
    }
}

/// That nothing is sent, or received, at a place.
fn cannot(name: &str, node: &Node, roles: &[Role], verb: &str, spot: Spot<'_>) -> Diagnostic {
    let verbs = format!("{verb}s");
    let why = match roles {
        [role] => format!("a {role} never {verbs}"),
        _ => format!("none of its sockets {verbs}"),
    };
    let fault = Diagnostic::new(Code::CannotPass, format!("`{name}` {verbs} nothing"))
        .at(node.span, roles.first().map_or(String::new(), |role| format!("a {role}")))
        .because(why);
    match spot {
        Spot::Peer(peer) => fault
            .at(peer.span, "the peer")
            .help(format!("give it a role that {verbs}, or name another place")),
        Spot::Node(..) | Spot::Unknown => fault.help(format!("name a place that {verbs}")),
    }
}

/// Reports a program that drives a node, where only handlers could do what a step says.
pub(super) fn no_program(
    node: &Node,
    spot: Spot<'_>,
    why: &str,
    report: &mut Report<'_>,
) -> Option<()> {
    let Some(spec) = spot.node().filter(|spec| spec.is_program()) else { return Some(()) };
    report.add(
        Diagnostic::new(Code::NotHere, format!("`{}` is driven by a program", spec.name))
            .at(node.span, "it has a `process`")
            .because(why)
            .help("name a node with handlers, or play the program's part by a peer"),
    );
    None
}
