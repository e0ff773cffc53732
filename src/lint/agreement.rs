//! What the two ends of a link have to agree on.
//!
//! Owns format, sequence, matching and authentication of linked sockets. Which roles fit is the
//! checker's.

use crate::diagnostic::{Code, Diagnostic};
use crate::message::Format;
use crate::security::{KeyPair, PublicKey};
use crate::source::Span;
use crate::topology::{Link, LinkEnd, Mechanism, PlainSpec, SocketSpec, Wanted};
use crate::zeromq::{OptionName, OptionValue, Role, Side, Transport};

use super::options::number;
use super::peers::spec;
use super::subject::Graph;

pub(super) fn check(graph: &Graph<'_>, findings: &mut Vec<Diagnostic>) {
    for link in graph.links {
        findings.extend(check_format(graph, link));
        findings.extend(check_sequence(graph, link));
        findings.extend(check_matching(graph, link));
        findings.extend(check_security(graph, link));
        findings.extend(check_heartbeats(graph, link.connecter, link.binder));
        findings.extend(check_heartbeats(graph, link.binder, link.connecter));
    }
}

/// Whether a socket's messages pass without anybody looking at them.
fn is_forwarded(graph: &Graph<'_>, end: LinkEnd) -> bool {
    let node = &graph.topology.nodes[end.node];
    node.forwards.iter().any(|forward| forward.joins(end.socket))
        || node.capture == Some(end.socket)
}

fn check_format(graph: &Graph<'_>, link: &Link) -> Option<Diagnostic> {
    let (one, other) = (spec(graph, link.connecter), spec(graph, link.binder));
    let is_looked_at = !is_forwarded(graph, link.connecter) && !is_forwarded(graph, link.binder);
    let is_plain = |socket: &SocketSpec| socket.format == Format::Plain;
    if one.format == other.format || is_plain(one) || is_plain(other) || !is_looked_at {
        return None;
    }
    let written = &graph.written;
    let label = |end: LinkEnd, socket: &SocketSpec| {
        let place = written.key(end, "format").map_or(written.socket(end), |e| e.value.span);
        (place, format!("{} has format {}", written.name(end), socket.format.word()))
    };
    let (first, first_text) = label(link.connecter, one);
    let (second, second_text) = label(link.binder, other);
    Some(
        Diagnostic::new(Code::FormatsDiffer, "the two ends of a link have different formats")
            .at(first, first_text)
            .at(second, second_text)
            .because("every message would be malformed at the receiving end, counted and dropped")
            .help("give both ends the same `format`"),
    )
}

fn check_sequence(graph: &Graph<'_>, link: &Link) -> Option<Diagnostic> {
    let (one, other) = (spec(graph, link.connecter), spec(graph, link.binder));
    let roles = [one.role, other.role];
    let is_direct = roles.contains(&Role::Pub) && roles.contains(&Role::Sub);
    if !is_direct || one.sequence == other.sequence {
        return None;
    }
    let (with, without) =
        if one.sequence { (link.connecter, link.binder) } else { (link.binder, link.connecter) };
    let written = &graph.written;
    let place = written.key(with, "sequence").map_or(written.socket(with), |e| e.key.span);
    let why = if spec(graph, with).role == Role::Pub {
        "the publisher adds a frame that the subscriber does not expect, so every message is malformed"
    } else {
        "the subscriber waits for numbers that never come, so every message is malformed"
    };
    Some(
        Diagnostic::new(Code::SequenceOneSided, "`sequence` at one end only")
            .at(place, format!("{} has it", written.name(with)))
            .at(written.socket(without), format!("{} has not", written.name(without)))
            .because(why)
            .help("write `sequence: true` at both ends"),
    )
}

fn check_matching(graph: &Graph<'_>, link: &Link) -> Option<Diagnostic> {
    let (one, other) = (spec(graph, link.connecter), spec(graph, link.binder));
    let turns = |socket: &SocketSpec| socket.is_on("invert_matching");
    let has_option =
        |socket: &SocketSpec| OptionName("invert_matching").option().is_of(socket.role);
    if turns(one) == turns(other) || !has_option(one) || !has_option(other) {
        return None;
    }
    let (with, without) =
        if turns(one) { (link.connecter, link.binder) } else { (link.binder, link.connecter) };
    let written = &graph.written;
    let place =
        written.option(with, "invert_matching").map_or(written.socket(with), |e| e.key.span);
    Some(
        Diagnostic::new(Code::InvertOneSided, "`invert_matching` at one end only")
            .at(place, format!("{} has it", written.name(with)))
            .at(written.socket(without), format!("{} has not", written.name(without)))
            .because("what one end sends the other end drops, so nothing arrives")
            .help("write `options: {invert_matching: true}` at both ends"),
    )
}

/// Whether a reader that is at its high-water mark shows in time that it lives. Where messages go both
/// ways an answer shows it.
fn check_heartbeats(graph: &Graph<'_>, sender: LinkEnd, reader: LinkEnd) -> Option<Diagnostic> {
    let written = &graph.written;
    let (asks, reads) = (spec(graph, sender), spec(graph, reader));
    let every = |socket: &SocketSpec| number(socket, "heartbeat_ivl").filter(|every| *every > 0);
    let interval = every(asks)?;
    let patience =
        number(asks, "heartbeat_timeout").filter(|patience| *patience > 0).unwrap_or(interval);
    let own = every(reads);
    let is_one_way = matches!(reads.role, Role::Pull | Role::Sub | Role::Xsub);
    if !is_one_way || reads.hwm.receive == 0 || own.is_some_and(|own| own <= patience) {
        return None;
    }
    let entry = written.option(sender, "heartbeat_ivl")?;
    let (place, own) = match (own, written.option(reader, "heartbeat_ivl")) {
        (Some(own), Some(entry)) => (entry.value.span, format!("sends one every {own} ms")),
        _ => (written.socket(reader), format!("{} sends none", written.name(reader))),
    };
    Some(
        Diagnostic::new(Code::HeartbeatDanger, "heartbeats towards a reader that cannot answer")
            .at(entry.key.span, format!("gives up after {patience} ms without a sign"))
            .at(place, own)
            .because(
                "a reader at its high-water mark does not read PINGs either: only heartbeats of \
                 its own show that it lives, and without them its connection is closed, with \
                 what is under way",
            )
            .help(format!(
                "write a `heartbeat_ivl` of at most {patience}ms at {}",
                written.name(reader)
            )),
    )
}

fn word(mechanism: Mechanism) -> &'static str {
    match mechanism {
        Mechanism::Null => "does not authenticate",
        Mechanism::PlainServer => "is a PLAIN server",
        Mechanism::PlainClient => "is a PLAIN client",
        Mechanism::CurveServer => "is a CURVE server",
        Mechanism::CurveClient => "is a CURVE client",
    }
}

fn check_security(graph: &Graph<'_>, link: &Link) -> Option<Diagnostic> {
    let one = spec(graph, link.connecter).mechanism(Side::Connect);
    let other = spec(graph, link.binder).mechanism(Side::Bind);
    // Over inproc there is no handshake.
    if link.endpoint.transport() == Transport::Inproc {
        return None;
    }
    let written = &graph.written;
    let place = |end: LinkEnd, mechanism: Mechanism| -> Span {
        let option = mechanism.option().and_then(|name| written.option(end, name));
        let entry = option.or_else(|| written.key(end, "plain"));
        entry.map_or(written.socket(end), |entry| entry.key.span)
    };
    if one.goes_with(other) {
        return check_names(graph, link, &place).or_else(|| check_keys(graph, link));
    }
    let text =
        |end: LinkEnd, mechanism: Mechanism| format!("{} {}", written.name(end), word(mechanism));
    Some(
        Diagnostic::new(Code::SecurityDiffers, "the two ends of a link authenticate differently")
            .at(place(link.connecter, one), text(link.connecter, one))
            .at(place(link.binder, other), text(link.binder, other))
            .because("every handshake fails, and ZeroMQ tries again for ever without a word")
            .help("make one end the server and the other its client, or neither"),
    )
}

/// Whether a PLAIN client of this file is a user of its server.
fn check_names(
    graph: &Graph<'_>,
    link: &Link,
    place: &dyn Fn(LinkEnd, Mechanism) -> Span,
) -> Option<Diagnostic> {
    let ends = [(link.connecter, link.binder), (link.binder, link.connecter)];
    ends.into_iter().find_map(|(client, server)| {
        let PlainSpec::Client { user, .. } = spec(graph, client).plain.as_ref()? else {
            return None;
        };
        let Wanted::Password(users) = &spec(graph, server).admission.as_ref()?.wanted else {
            return None;
        };
        // Where there is nobody at all, that is told.
        if users.has(user.as_bytes()) || users.names().next().is_none() {
            return None;
        }
        let written = &graph.written;
        Some(
            Diagnostic::new(Code::SecurityDiffers, "a link whose client is no user of its server")
                .at(place(client, Mechanism::PlainClient), "says a name")
                .at(place(server, Mechanism::PlainServer), "which its file of users does not have")
                .because(format!("every handshake of {} fails", written.name(client)))
                .help("add the name with `zrig users FILE NAME`, or say another one"),
        )
    })
}

/// Whether a CURVE client of this file knows the key of its server, where both have options.
fn check_keys(graph: &Graph<'_>, link: &Link) -> Option<Diagnostic> {
    let ends = [(link.connecter, link.binder), (link.binder, link.connecter)];
    ends.into_iter().find_map(|(client, server)| {
        let known = spec(graph, client).options.get(&OptionName("curve_serverkey"))?;
        let secret = spec(graph, server).options.get(&OptionName("curve_secretkey"))?;
        let (OptionValue::Bytes(known), OptionValue::Secret(secret)) = (known, secret) else {
            return None;
        };
        let known = PublicKey::new(known.as_slice().try_into().ok()?);
        let theirs = KeyPair::of_bytes(secret)?.public();
        if known == theirs {
            return None;
        }
        let place = |end, option| {
            let entry = graph.written.option(end, option);
            entry.map_or(graph.written.socket(end), |entry| entry.key.span)
        };
        Some(
            Diagnostic::new(Code::SecurityDiffers, "a link whose two ends disagree on a key")
                .at(place(client, "curve_serverkey"), format!("is {known}"))
                .at(place(server, "curve_secretkey"), format!("belongs to {theirs}"))
                .because("every handshake fails, which looks like a network that is slow")
                .help(format!("write `curve_serverkey: '{theirs}'`")),
        )
    })
}
