//! What moves messages without a handler: `forward` and `capture`.
//!
//! Owns reading them and whether the node's sockets can pass messages on.

use std::collections::HashMap;

use crate::diagnostic::{Code, Diagnostic};
use crate::document::{Mapping, Node};
use crate::source::Span;
use crate::topology::spec::ForwardSpec;
use crate::zeromq::Role;

use super::keys;
use super::report::{Report, first_line};
use super::unresolved::UnresolvedSocket;
use super::value;
use crate::nearest::one_of;

/// The roles that can send a copy to somebody without an address.
const CAPTURES: &[Role] = &[Role::Pub, Role::Xpub, Role::Push, Role::Dealer, Role::Pair];

/// `forward` and `capture` of a node.
pub(super) fn read(
    node: &Mapping,
    sockets: &[UnresolvedSocket],
    report: &mut Report<'_>,
) -> (Vec<ForwardSpec>, Option<usize>) {
    let (forward, capture) = (node.get("forward"), node.get("capture"));
    if forward.is_none() && capture.is_none() {
        return (Vec::new(), None);
    }
    let by_name = sockets.iter().enumerate().map(|(at, socket)| (socket.name.as_str(), at));
    let mut reader = ForwardReader {
        sockets,
        by_name: by_name.collect(),
        forwards: Vec::new(),
        used: HashMap::new(),
        taken: HashMap::new(),
        capture,
        report,
    };
    if let Some(forward) = forward {
        reader.read_all(forward);
    }
    let capture = reader.read_capture(forward.is_some());
    (reader.forwards, capture)
}

struct ForwardReader<'n, 'r, 'd> {
    sockets: &'n [UnresolvedSocket],
    by_name: HashMap<&'n str, usize>,
    forwards: Vec<ForwardSpec>,
    /// Which sockets take part, and where that is said.
    used: HashMap<usize, Span>,
    /// Whose messages are taken, and where that is said.
    taken: HashMap<usize, Span>,
    capture: Option<&'n Node>,
    report: &'r mut Report<'d>,
}

impl<'n> ForwardReader<'n, '_, '_> {
    /// One pair, or a list of pairs.
    fn read_all(&mut self, forward: &'n Node) {
        let is_name = |item: &Node| item.as_scalar().is_some();
        match forward.as_sequence() {
            Some(items) if !items.iter().any(is_name) => {
                for item in items {
                    self.read_one(item);
                }
            }
            Some(_) | None => self.read_one(forward),
        }
    }

    /// `[a, b]`, `{a: b}`, or `{a: b, capture: c}`.
    fn read_one(&mut self, node: &'n Node) {
        if let Some(mapping) = node.as_mapping() {
            self.read_one_way(mapping);
        } else if let Some([from, to]) = node.as_sequence() {
            let (from, to) = (self.read_socket(from), self.read_socket(to));
            if let (Some(from), Some(to)) = (from, to) {
                self.add(from, to, true, first_line(node.span, self.report.source()));
            }
        } else {
            let help = "write `forward: [frontend, backend]`, or `forward: {in: out}` for one way";
            value::wrong("forward", node, "a pair of sockets", help, self.report);
        }
    }

    fn read_one_way(&mut self, mapping: &'n Mapping) {
        for entry in &mapping.entries {
            let key = &*entry.key.text;
            if key == "capture" && !self.by_name.contains_key(key) {
                self.capture = self.capture.or(Some(&entry.value));
                continue;
            }
            let (from, to) = (self.find(key, entry.key.span), self.read_socket(&entry.value));
            if let (Some(from), Some(to)) = (from, to) {
                self.add(from, to, false, entry.key.span);
            }
        }
    }

    fn read_socket(&mut self, node: &Node) -> Option<usize> {
        let name = value::text("forward", node, self.report)?;
        self.find(&name, node.span)
    }

    fn find(&mut self, name: &str, span: Span) -> Option<usize> {
        let found = self.by_name.get(name).copied();
        if found.is_none() {
            let names = || self.sockets.iter().map(|socket| socket.name.as_str());
            let message = format!("this node has no socket `{}`", keys::shorten(name));
            let fault = Diagnostic::new(Code::UnknownNode, message).at(span, "no such socket");
            match self.report.nearest(name, names()) {
                Some(meant) => {
                    let fault = fault.help(meant.question());
                    self.report.add_with_fix(fault, span, meant.first());
                }
                None if self.sockets.is_empty() || self.report.has_many() => {
                    self.report.add(fault.help("declare it under `sockets`"));
                }
                None => self.report.add(fault.help(format!("its sockets: {}", one_of(names())))),
            }
        }
        found
    }

    fn add(&mut self, from: usize, to: usize, both_ways: bool, span: Span) {
        if from == to {
            self.report.add(
                Diagnostic::new(Code::Conflict, "a forward from a socket to itself")
                    .at(span, "both ends are one socket")
                    .because("its peers would get their own messages back")
                    .help("name two sockets"),
            );
            return;
        }
        let Some(forward) = self.directed(from, to, both_ways, span) else { return };
        let sources = [Some(forward.from), forward.both_ways.then_some(forward.to)];
        for source in sources.into_iter().flatten() {
            if let Some(first) = self.taken.insert(source, span) {
                self.report.add(
                    Diagnostic::new(Code::Conflict, "a socket's messages are forwarded twice")
                        .at(span, "here")
                        .at(first, "and here")
                        .because("each message goes one way")
                        .help("forward to one socket, and let its role send to several peers"),
                );
                return;
            }
        }
        self.used.insert(from, span);
        self.used.insert(to, span);
        self.forwards.push(forward);
    }

    /// The forward in the directions in which messages can pass.
    fn directed(
        &mut self,
        from: usize,
        to: usize,
        both_ways: bool,
        span: Span,
    ) -> Option<ForwardSpec> {
        // A missing role has been reported.
        let (source, source_span) = self.sockets[from].role?;
        let (target, target_span) = self.sockets[to].role?;
        let forth = source.receives() && target.sends();
        let back = both_ways && target.receives() && source.sends();
        match (forth, back) {
            (true, both_ways) => Some(ForwardSpec { from, to, both_ways }),
            (false, true) => Some(ForwardSpec { from: to, to: from, both_ways: false }),
            (false, false) => {
                self.report.add(
                    Diagnostic::new(Code::ForwardRoles, "a forward that no message can pass")
                        .at(span, "this forward")
                        .at(source_span, role_way(source))
                        .at(target_span, role_way(target))
                        .because("it takes messages from a socket that receives to one that sends")
                        .help("turn it round, or change a role"),
                );
                None
            }
        }
    }

    fn read_capture(&mut self, has_forward: bool) -> Option<usize> {
        let node = self.capture?;
        let name = value::text("capture", node, self.report)?;
        if !has_forward {
            self.report.add(
                Diagnostic::new(Code::NotHere, "`capture` without `forward`")
                    .at(node.span, "nothing is forwarded that it could copy")
                    .help("add a `forward`, or remove it"),
            );
            return None;
        }
        let capture = self.find(&name, node.span)?;
        if let Some(span) = self.used.get(&capture) {
            self.report.add(
                Diagnostic::new(Code::Conflict, format!("`{name}` is forwarded and captures"))
                    .at(node.span, "the capture")
                    .at(*span, "the forward")
                    .because("copies and messages would be mixed on one socket")
                    .help("give the capture a socket of its own"),
            );
            return None;
        }
        let (role, place) = self.sockets[capture].role?;
        if !CAPTURES.contains(&role) {
            let choices = one_of(CAPTURES.iter().map(|role| role.word()));
            self.report.add(
                Diagnostic::new(Code::ForwardRoles, format!("a {role} cannot capture"))
                    .at(node.span, "the capture")
                    .at(place, "its role")
                    .because("a copy is sent to nobody in particular, and no answer is read")
                    .help(format!("give it the role {choices}")),
            );
            return None;
        }
        Some(capture)
    }
}

fn role_way(role: Role) -> String {
    match (role.receives(), role.sends()) {
        (true, true) => format!("a {role} receives and sends"),
        (true, false) => format!("a {role} only receives"),
        (false, _) => format!("a {role} only sends"),
    }
}
