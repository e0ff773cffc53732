//! From names to sockets: which socket a `connect: NODE` means.
//!
//! Owns finding it and saying why it cannot be found. Links by endpoint are `semantics.rs`'s.

use std::collections::{HashMap, HashSet};

use crate::diagnostic::{Code, Diagnostic};
use crate::source::Span;
use crate::topology::spec::Attachment;
use crate::zeromq::Role;

use super::report::Report;
use super::unresolved::{Resolved, TargetKind, UnresolvedNode, UnresolvedSocket};
use crate::nearest::one_of;

/// Resolves every target of every socket.
pub(super) fn resolve(unresolved: &[UnresolvedNode], report: &mut Report<'_>) -> Resolved {
    let by_name: HashMap<&str, usize> = unresolved
        .iter()
        .enumerate()
        .map(|(at, unresolved)| (unresolved.spec.name.as_str(), at))
        .collect();
    let mut resolver = Resolver { unresolved, by_name, report, told: HashSet::new() };
    let nodes = unresolved.iter().enumerate();
    nodes.map(|(at, unresolved)| resolver.node(at, unresolved)).collect()
}

struct Resolver<'a, 'r, 'd> {
    unresolved: &'a [UnresolvedNode],
    by_name: HashMap<&'a str, usize>,
    report: &'r mut Report<'d>,
    /// The pairs of nodes of which it has been told that both only connect.
    told: HashSet<(usize, usize)>,
}

/// The socket that wants to connect, and where it says so.
#[derive(Clone, Copy)]
struct Asker<'a> {
    node: usize,
    socket: usize,
    unresolved: &'a UnresolvedSocket,
    span: Span,
}

impl<'a> Resolver<'a, '_, '_> {
    fn node(&mut self, at: usize, unresolved: &'a UnresolvedNode) -> Vec<Vec<Option<Attachment>>> {
        let sockets = unresolved.sockets.iter().enumerate();
        sockets
            .map(|(socket, unresolved)| {
                let targets = unresolved.targets.iter();
                targets
                    .map(|target| match &target.to {
                        TargetKind::Bind(endpoint) => Some(Attachment::Bind(endpoint.clone())),
                        TargetKind::Connect(endpoint) => {
                            Some(Attachment::Connect(endpoint.clone()))
                        }
                        TargetKind::Named { node, socket: wanted } => {
                            let asker = Asker { node: at, socket, unresolved, span: target.span };
                            self.named(asker, node, wanted.as_deref())
                        }
                    })
                    .collect()
            })
            .collect()
    }

    fn named(&mut self, asker: Asker<'a>, name: &str, wanted: Option<&str>) -> Option<Attachment> {
        let Some(&node) = self.by_name.get(name) else {
            // `nodes.server`, by the way through the file.
            let is_path = wanted.filter(|wanted| self.by_name.contains_key(wanted));
            match is_path {
                Some(meant) => {
                    let fault =
                        Diagnostic::new(Code::UnknownNode, format!("there is no node `{name}`"))
                            .at(asker.span, "no such node")
                            .help(format!("write `{meant}`: a node's name is its endpoint"));
                    self.report.add_with_fix(fault, asker.span, meant);
                }
                None => self.report_unknown_node(name, asker.span),
            }
            return None;
        };
        let socket = match wanted {
            Some(wanted) => self.wanted_socket(asker, node, wanted)?,
            None => self.only_socket(asker, node)?,
        };
        let endpoint = self.unresolved[node].sockets[socket].bound()?.clone();
        Some(Attachment::ConnectNode { node: name.to_owned(), socket, endpoint })
    }

    fn report_unknown_node(&mut self, name: &str, span: Span) {
        let names = || self.unresolved.iter().map(|unresolved| unresolved.spec.name.as_str());
        let fault = Diagnostic::new(Code::UnknownNode, format!("there is no node `{name}`"))
            .at(span, "no such node");
        match self.report.nearest(name, names()) {
            Some(meant) => {
                let fault = fault.help(meant.question());
                self.report.add_with_fix(fault, span, meant.first());
            }
            None => {
                let help = "write a node's name, a port, or an endpoint such as tcp://HOST:PORT";
                self.report.add(fault.help(help));
            }
        }
    }

    fn wanted_socket(&mut self, asker: Asker<'a>, node: usize, wanted: &str) -> Option<usize> {
        let unresolved = &self.unresolved[node];
        let name = &unresolved.spec.name;
        let Some(socket) = unresolved.sockets.iter().position(|socket| socket.name == wanted)
        else {
            if !unresolved.has_unread_sockets {
                let names = || unresolved.sockets.iter().map(|socket| socket.name.as_str());
                let fault = Diagnostic::new(
                    Code::UnknownNode,
                    format!("`{name}` has no socket `{wanted}`"),
                )
                .at(asker.span, "no such socket")
                .at(unresolved.name_span, "the node");
                match self.report.nearest(wanted, names()) {
                    Some(meant) => {
                        let meant = format!("{name}.{}", meant.first());
                        let fault = fault.help(format!("did you mean `{meant}`?"));
                        self.report.add_with_fix(fault, asker.span, &meant);
                    }
                    None => {
                        self.report.add(fault.help(format!("its sockets: {}", one_of(names()))));
                    }
                }
            }
            return None;
        };
        let found = &unresolved.sockets[socket];
        if !found.binds() {
            if !found.has_unread_targets {
                let name = format!("{name}.{wanted}");
                self.report_nobody_binds(asker, node, &name, found.span());
            }
            return None;
        }
        self.check_roles(asker, found)?;
        Some(socket)
    }

    /// The one socket of a node that binds and can talk to the asker.
    fn only_socket(&mut self, asker: Asker<'a>, node: usize) -> Option<usize> {
        let unresolved = &self.unresolved[node];
        let binds = |(at, socket): &(usize, &UnresolvedSocket)| {
            socket.binds() && (node, *at) != (asker.node, asker.socket)
        };
        let bound: Vec<_> = unresolved.sockets.iter().enumerate().filter(binds).collect();
        let fits: Vec<_> = bound
            .iter()
            .copied()
            .filter(|(_, socket)| can_talk(asker.unresolved, socket))
            .collect();
        match (bound.as_slice(), fits.as_slice()) {
            (_, [(socket, _)]) => Some(*socket),
            ([], _) => {
                let is_unread = unresolved.has_unread_sockets
                    || unresolved.sockets.iter().any(|socket| socket.has_unread_targets);
                if !is_unread {
                    self.report_nobody_binds(
                        asker,
                        node,
                        &unresolved.spec.name,
                        unresolved.name_span,
                    );
                }
                None
            }
            ([(_, socket), ..], []) => {
                self.check_roles(asker, socket);
                None
            }
            // Without its role there is no telling which of them would fit.
            (_, several) if asker.unresolved.role.is_some() => {
                self.report_ambiguous(asker, unresolved, several);
                None
            }
            (_, _) => None,
        }
    }

    fn check_roles(&mut self, asker: Asker<'a>, other: &UnresolvedSocket) -> Option<()> {
        if can_talk(asker.unresolved, other) {
            return Some(());
        }
        if let (Some((mine, mine_at)), Some((theirs, theirs_at))) =
            (asker.unresolved.role, other.role)
        {
            self.report.add(cannot_talk(asker.span, (mine, mine_at), (theirs, theirs_at)));
        }
        None
    }

    fn report_nobody_binds(&mut self, asker: Asker<'a>, node: usize, name: &str, place: Span) {
        if node == asker.node && asker.unresolved.binds() {
            self.report.add(
                Diagnostic::new(Code::NobodyBinds, "a socket that connects to itself")
                    .at(asker.span, "its own node, where nothing else binds")
                    .because("a message it sends would come back to it")
                    .help("name the node at the other end of the link"),
            );
            return;
        }
        let back = &self.unresolved[asker.node].spec.name;
        let targets = self.unresolved[node].sockets.iter().flat_map(|socket| &socket.targets);
        let connects_back = targets
            .filter(|_| node != asker.node)
            .find(|target| matches!(&target.to, TargetKind::Named { node, .. } if node == back));
        let pair = (node.min(asker.node), node.max(asker.node));
        if connects_back.is_some() && !self.told.insert(pair) {
            return;
        }
        let fault = Diagnostic::new(Code::NobodyBinds, format!("`{name}` binds nothing"))
            .at(asker.span, "connects to it")
            .at(place, "only connects");
        let fault = match connects_back {
            Some(target) => fault
                .at(target.span, "and connects back")
                .because("one end of a link has to bind, and here neither does"),
            None => fault.because("one end of a link has to bind"),
        };
        self.report.add(fault.help(format!("give `{name}` a `bind: PORT`")));
    }

    fn report_ambiguous(
        &mut self,
        asker: Asker<'a>,
        unresolved: &UnresolvedNode,
        several: &[(usize, &UnresolvedSocket)],
    ) {
        let name = &unresolved.spec.name;
        let names: Vec<String> =
            several.iter().map(|(_, socket)| format!("{name}.{}", socket.name)).collect();
        let fault =
            Diagnostic::new(Code::Ambiguous, format!("`{name}` has several sockets that fit"))
                .at(asker.span, "which of them?");
        let fault =
            several.iter().fold(fault, |fault, (_, socket)| fault.at(socket.name_span, "fits"));
        let choices = one_of(names.iter().map(String::as_str));
        self.report.add(fault.help(format!("write {choices}")));
    }
}

/// Whether a link between two sockets can work, as far as their roles are known.
pub(super) fn can_talk(one: &UnresolvedSocket, other: &UnresolvedSocket) -> bool {
    match (one.role(), other.role()) {
        // Two STREAM sockets are two ends of a TCP connection.
        (Some(Role::Stream), Some(Role::Stream)) => true,
        (Some(one), Some(other)) => one.peers().contains(&other),
        // A missing role has been reported.
        (_, None) | (None, _) => true,
    }
}

/// Two roles at one link that do not go together.
pub(super) fn cannot_talk(
    link: Span,
    (one, one_at): (Role, Span),
    (other, other_at): (Role, Span),
) -> Diagnostic {
    let partners = one_of(one.peers().iter().map(|role| role.word()));
    let help = if one.peers().is_empty() {
        format!("connect a {one} to a program that speaks raw TCP")
    } else {
        format!("a {one} talks to {partners}")
    };
    Diagnostic::new(Code::RolesCannotTalk, format!("a {one} cannot talk to a {other}"))
        .at(link, "this link")
        .at(one_at, format!("a {one}"))
        .at(other_at, format!("a {other}"))
        .because("ZeroMQ refuses the handshake between these socket types, and over inproc nobody notices")
        .help(help)
}
