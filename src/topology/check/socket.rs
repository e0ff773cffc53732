//! One socket: its role and the settings that every role may have.
//!
//! Owns reading them. What only some roles have is `publish.rs`'s; links are `resolve.rs`'s.

use crate::diagnostic::{Code, Diagnostic};
use crate::document::{Mapping, Node};
use crate::script::Reach;
use crate::source::Span;
use crate::zeromq::{OptionName, Role};

use super::attach;
use super::curve;
use super::defaults::{self, Defaults};
use super::gate;
use super::keys;
pub(super) use super::keys::SOCKET as KEYS;
use super::options;
use super::plain;
use super::publish;
use super::report::Report;
use super::security;
use super::unresolved::UnresolvedSocket;
use super::value;
use crate::nearest::{Guess, one_of};

/// Words that people use for a role.
const OTHER_WORDS: &[(&str, Role)] = &[
    ("publisher", Role::Pub),
    ("subscriber", Role::Sub),
    ("request", Role::Req),
    ("client", Role::Req),
    ("reply", Role::Rep),
    ("server", Role::Rep),
    ("pusher", Role::Push),
    ("puller", Role::Pull),
    ("xreq", Role::Dealer),
    ("xrep", Role::Router),
    ("raw", Role::Stream),
];

/// Reads a socket from the mapping that holds its keys. Without a `name` it is called after its role.
pub(super) fn read(
    mapping: &Mapping,
    name: Option<&str>,
    name_span: Span,
    defaults: &Defaults,
    report: &mut Report<'_>,
) -> UnresolvedSocket {
    let role = read_role(mapping, name_span, report);
    let (mut targets, has_unread_targets) = attach::read(mapping, report);
    let only_role = role.map(|(role, _)| role);
    let hwm = mapping.get("hwm").map(|hwm| defaults::read_hwm(hwm, report)).unwrap_or_default();
    let linger = mapping.get("linger").and_then(|linger| defaults::read_linger(linger, report));
    let own = mapping.get("options").map(|given| options::read(given, report)).unwrap_or_default();
    let options = options::of_socket(own, &defaults.options, role, report);
    security::check(&options, report);
    attach::use_ipv6(&mut targets, options.sound.get(&OptionName("ipv6")), report);
    let publishing = publish::read(mapping, role, report);
    UnresolvedSocket {
        name: name.map_or_else(|| only_role.map_or("socket", Role::word).to_owned(), str::to_owned),
        name_span,
        role,
        targets,
        has_unread_targets,
        reach: Reach::default(),
        filters: publishing.filters,
        msgid: publishing.msgid,
        format: publishing.format,
        hwm: hwm.or(defaults.hwm),
        when_full: publishing.when_full,
        sequence: publishing.sequence,
        linger: linger.or(defaults.linger).unwrap_or(Some(defaults::LINGER)),
        identity: mapping
            .get("identity")
            .and_then(|identity| read_identity(identity, role, report)),
        options: options.sound,
        curve: curve::read(mapping, report),
        plain: plain::read(mapping, report),
        gate: gate::read(mapping, report),
    }
}

pub(crate) fn read_role(
    mapping: &Mapping,
    name_span: Span,
    report: &mut Report<'_>,
) -> Option<(Role, Span)> {
    let Some(node) = mapping.get("role") else {
        // It has lost its `:` only, or has another name, which is told there.
        let is_half = mapping.entries.iter().any(|entry| entry.key.text.starts_with("role "));
        if is_half || keys::stands_for(mapping, "role", &[KEYS, keys::NODE]) {
            return None;
        }
        report.add(
            Diagnostic::new(Code::MissingKey, "a socket without a role")
                .at(name_span, "it has no `role`")
                .because("the role says how messages are sent and received")
                .help(format!("write `role:` and {}", role_words())),
        );
        return None;
    };
    let word = value::text("role", node, report)?;
    match Role::parse(&word) {
        Some(role) => Some((role, node.span)),
        None => {
            report_role(&word, node, report);
            None
        }
    }
}

fn report_role(word: &str, node: &Node, report: &mut Report<'_>) {
    let message = format!("there is no role `{}`", keys::shorten(word));
    let fault = Diagnostic::new(Code::UnknownWord, message).at(node.span, "not a role");
    let lower = word.to_lowercase();
    let lower =
        ["zmq_", "zmq."].iter().find_map(|begin| lower.strip_prefix(begin)).unwrap_or(&lower);
    let other = OTHER_WORDS.iter().find(|(other, _)| *other == lower).map(|(_, role)| role.word());
    let near = || report.nearest(lower, Role::ALL.into_iter().map(Role::word));
    match other.map(Guess::of).or_else(near) {
        Some(meant) => {
            report.add_with_fix(fault.help(meant.question()), node.span, meant.first());
        }
        None => report.add(fault.help(format!("the roles are {}", role_words()))),
    }
}

fn role_words() -> String {
    one_of(Role::ALL.into_iter().map(Role::word))
}

/// The roles that have a routing id by libzmq's documentation.
const IDENTIFIED: &[Role] = &[Role::Req, Role::Rep, Role::Dealer, Role::Router];

pub(crate) fn read_identity(
    node: &Node,
    role: Option<(Role, Span)>,
    report: &mut Report<'_>,
) -> Option<(Vec<u8>, Span)> {
    let identity = value::text("identity", node, report)?.into_bytes();
    if let Some((role, place)) = role.filter(|(role, _)| !IDENTIFIED.contains(role)) {
        report.add(
            Diagnostic::new(Code::NotHere, format!("a {role} has no identity"))
                .at(node.span, "means nothing here")
                .at(place, "the role")
                .because("only a ROUTER reads routing ids, of req, rep, dealer and router")
                .help("remove it"),
        );
        return None;
    }
    if identity.is_empty() || identity.len() > 255 || identity.starts_with(&[0]) {
        report.add(
            Diagnostic::new(Code::OutOfRange, "an identity has 1 to 255 bytes, no zero first")
                .at(node.span, format!("this has {} bytes", identity.len()))
                .because("libzmq keeps ids that start with a zero byte for itself")
                .help("write a shorter text, or remove it"),
        );
        return None;
    }
    Some((identity, node.span))
}

/// A socket that has no endpoint, nor gets one while it runs.
pub(super) fn report_unattached(unresolved: &UnresolvedSocket, report: &mut Report<'_>) {
    let gets_one = unresolved.reach.binds || unresolved.reach.connects;
    if unresolved.targets.is_empty() && !unresolved.has_unread_targets && !gets_one {
        report.add(
            Diagnostic::new(Code::MissingKey, "a socket that neither binds nor connects")
                .at(unresolved.span(), "it has no endpoint")
                .because("no message could ever pass it")
                .help(
                    "write `bind: PORT` at one end of a link and `connect: NODE` at the other, or have a \
                     handler give it one while it runs: `bind(endpoint)` or `connect(endpoint)`",
                ),
        );
    }
}
