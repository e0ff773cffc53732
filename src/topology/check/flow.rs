//! What moves messages without a handler: `forward`, `capture`, `read`, `write`.
//!
//! Owns reading them and whether the node's sockets can do what they say.

use crate::diagnostic::{Code, Diagnostic};
use crate::document::{Key, Mapping, Node};
use crate::source::Span;
use crate::topology::spec::{FileSpec, ForwardSpec, ReadSpec, WriteSpec};
use crate::zeromq::Role;

use super::draft::SocketDraft;
use super::keys;
use super::nearest::one_of;
use super::report::{Report, first_line};
use super::value;

const READ_KEYS: &[&str] = &["file", "rate", "repeat"];
const WRITE_KEYS: &[&str] = &["file", "append"];
/// The roles that can send a copy to somebody without an address.
const CAPTURES: &[Role] = &[Role::Pub, Role::Xpub, Role::Push, Role::Dealer, Role::Pair];

/// `forward` and `capture` of a node.
pub(super) fn read_forwards(
    node: &Mapping,
    sockets: &[SocketDraft],
    report: &mut Report<'_>,
) -> (Vec<ForwardSpec>, Option<usize>) {
    let mut forwards = Vec::new();
    let mut capture = node.get("capture");
    if let Some(forward) = node.get("forward") {
        let is_pair = |item: &Node| item.as_scalar().is_some();
        match forward.as_sequence() {
            Some(items) if !items.iter().any(is_pair) => {
                for item in items {
                    read_one(item, sockets, &mut forwards, &mut capture, report);
                }
            }
            Some(_) | None => read_one(forward, sockets, &mut forwards, &mut capture, report),
        }
    }
    let capture = capture.and_then(|capture| {
        read_capture(capture, node.get("forward"), sockets, &forwards, report)
    });
    (forwards.into_iter().map(|(forward, _)| forward).collect(), capture)
}

type Placed = (ForwardSpec, Span);

/// `[a, b]`, `{a: b}`, or `{a: b, capture: c}`.
fn read_one<'n>(
    node: &'n Node,
    sockets: &[SocketDraft],
    forwards: &mut Vec<Placed>,
    capture: &mut Option<&'n Node>,
    report: &mut Report<'_>,
) {
    if let Some(mapping) = node.as_mapping() {
        for entry in &mapping.entries {
            let is_socket = sockets.iter().any(|socket| *socket.name == *entry.key.text);
            if &*entry.key.text == "capture" && !is_socket {
                *capture = capture.or(Some(&entry.value));
                continue;
            }
            let from = find(&entry.key.text, entry.key.span, sockets, report);
            let to = read_socket(&entry.value, sockets, report);
            if let (Some(from), Some(to)) = (from, to) {
                let span = Span::new(node.span.source, entry.key.span.start, entry.key.span.end);
                add(from, to, false, span, sockets, forwards, report);
            }
        }
    } else if let Some([from, to]) = node.as_sequence() {
        let from = read_socket(from, sockets, report);
        let to = read_socket(to, sockets, report);
        if let (Some(from), Some(to)) = (from, to) {
            add(from, to, true, node.span, sockets, forwards, report);
        }
    } else {
        let help = "write `forward: [frontend, backend]`, or `forward: {in: out}` for one way";
        value::wrong("forward", node, "a pair of sockets", help, report);
    }
}

fn read_socket(node: &Node, sockets: &[SocketDraft], report: &mut Report<'_>) -> Option<usize> {
    let name = value::text("forward", node, report)?;
    find(&name, node.span, sockets, report)
}

fn find(
    name: &str,
    span: Span,
    sockets: &[SocketDraft],
    report: &mut Report<'_>,
) -> Option<usize> {
    let found = sockets.iter().position(|socket| socket.name == name);
    if found.is_none() {
        let names = || sockets.iter().map(|socket| socket.name.as_str());
        let message = format!("this node has no socket `{}`", keys::shorten(name));
        let fault = Diagnostic::new(Code::UnknownNode, message).at(span, "no such socket");
        match report.nearest(name, names()) {
            Some(meant) => {
                report.add_with_fix(fault.help(format!("did you mean `{meant}`?")), span, meant);
            }
            None if sockets.is_empty() => report.add(fault.help("declare it under `sockets`")),
            None => report.add(fault.help(format!("its sockets: {}", one_of(names())))),
        }
    }
    found
}

fn add(
    from: usize,
    to: usize,
    both_ways: bool,
    span: Span,
    sockets: &[SocketDraft],
    forwards: &mut Vec<Placed>,
    report: &mut Report<'_>,
) {
    let span = first_line(span, report.source());
    if from == to {
        report.add(
            Diagnostic::new(Code::Conflict, "a forward from a socket to itself")
                .at(span, "both ends are one socket")
                .because("its peers would get their own messages back")
                .help("name two sockets"),
        );
        return;
    }
    let (Some((source, source_span)), Some((target, target_span))) =
        (sockets[from].role, sockets[to].role)
    else {
        return;
    };
    let forth = source.receives() && target.sends();
    let back = both_ways && target.receives() && source.sends();
    let forward = match (forth, back) {
        (_, true) if !forth => ForwardSpec { from: to, to: from, both_ways: false },
        (true, both_ways) => ForwardSpec { from, to, both_ways },
        (false, _) => {
            report.add(
                Diagnostic::new(Code::ForwardRoles, "a forward that no message can pass")
                    .at(span, "this forward")
                    .at(source_span, role_way(source))
                    .at(target_span, role_way(target))
                    .because("it takes messages from a socket that receives to one that sends")
                    .help("turn it round, or change a role"),
            );
            return;
        }
    };
    if let Some((_, first)) = forwards.iter().find(|(other, _)| takes_from_same(other, &forward)) {
        report.add(
            Diagnostic::new(Code::Conflict, "a socket's messages are forwarded twice")
                .at(span, "here")
                .at(*first, "and here")
                .because("each message goes one way")
                .help("forward to one socket, and let its role send to several peers"),
        );
        return;
    }
    forwards.push((forward, span));
}

fn role_way(role: Role) -> String {
    match (role.receives(), role.sends()) {
        (true, true) => format!("a {role} receives and sends"),
        (true, false) => format!("a {role} only receives"),
        (false, _) => format!("a {role} only sends"),
    }
}

fn takes_from_same(one: &ForwardSpec, other: &ForwardSpec) -> bool {
    let sources = |forward: &ForwardSpec| {
        [Some(forward.from), forward.both_ways.then_some(forward.to)]
    };
    sources(one).into_iter().flatten().any(|source| sources(other).contains(&Some(source)))
}

fn read_capture(
    node: &Node,
    forward: Option<&Node>,
    sockets: &[SocketDraft],
    forwards: &[Placed],
    report: &mut Report<'_>,
) -> Option<usize> {
    let name = value::text("capture", node, report)?;
    if forward.is_none() {
        report.add(
            Diagnostic::new(Code::NotHere, "`capture` without `forward`")
                .at(node.span, "nothing is forwarded that it could copy")
                .help("add a `forward`, or remove it"),
        );
        return None;
    }
    let capture = find(&name, node.span, sockets, report)?;
    if let Some((_, span)) =
        forwards.iter().find(|(forward, _)| forward.from == capture || forward.to == capture)
    {
        report.add(
            Diagnostic::new(Code::Conflict, format!("`{name}` is forwarded and captures"))
                .at(node.span, "the capture")
                .at(*span, "the forward")
                .because("copies and messages would be mixed on one socket")
                .help("give the capture a socket of its own"),
        );
        return None;
    }
    if let Some((role, place)) = sockets[capture].role.filter(|(role, _)| !CAPTURES.contains(role)) {
        report.add(
            Diagnostic::new(Code::ForwardRoles, format!("a {role} cannot capture"))
                .at(node.span, "the capture")
                .at(place, "its role")
                .because("a copy is sent to nobody in particular, and no answer is read")
                .help(format!("give it the role {}", one_of(CAPTURES.iter().map(|role| role.word())))),
        );
        return None;
    }
    Some(capture)
}

/// `read` of a node.
pub(super) fn read_source(
    key: &Key,
    node: &Node,
    sockets: &[SocketDraft],
    handles_lines: bool,
    report: &mut Report<'_>,
) -> Option<ReadSpec> {
    let mapping = value::map("read", node, report)?;
    keys::check(mapping, &[READ_KEYS], "`read`", report);
    let file = read_file("read", key, mapping, report);
    let interval = mapping.get("rate").and_then(|rate| value::rate("rate", rate, report));
    let repeat = mapping.get("repeat").and_then(|repeat| value::boolean("repeat", repeat, report));
    if !handles_lines {
        check_line_sender(key.span, sockets, report);
    }
    Some(ReadSpec { file: file?, interval, repeat: repeat.unwrap_or_default() })
}

/// Without `on_line`, lines go out on the one socket that can send unasked.
fn check_line_sender(span: Span, sockets: &[SocketDraft], report: &mut Report<'_>) {
    if sockets.iter().any(|socket| socket.role.is_none()) {
        return;
    }
    let can_send = |role: Role| role.sends() && !role.routes() && role != Role::Xsub;
    let senders: Vec<&SocketDraft> =
        sockets.iter().filter(|socket| socket.role().is_some_and(can_send)).collect();
    let fault = match senders.as_slice() {
        [_] => return,
        [] => Diagnostic::new(Code::NotHere, "`read` in a node that can do nothing with a line")
            .at(span, "each line is read")
            .because("there is no `on_line`, and no socket sends without being asked")
            .help("write an `on_line` handler, or give the node a socket that sends"),
        several => several.iter().fold(
            Diagnostic::new(Code::Ambiguous, "`read` in a node with several sending sockets")
                .at(span, "each line is read")
                .because("without `on_line` a line is sent as it is, on the one sending socket")
                .help("write an `on_line` handler that uses `send_to`"),
            |fault, socket| fault.at(socket.span(), "could send it"),
        ),
    };
    report.add(fault);
}

/// `write` of a node.
pub(super) fn read_sink(
    key: &Key,
    node: &Node,
    sockets: &[SocketDraft],
    report: &mut Report<'_>,
) -> Option<WriteSpec> {
    let mapping = value::map("write", node, report)?;
    keys::check(mapping, &[WRITE_KEYS], "`write`", report);
    let file = read_file("write", key, mapping, report);
    let append = mapping.get("append").and_then(|append| value::boolean("append", append, report));
    if sockets.iter().all(|socket| socket.role().is_some_and(|role| !role.receives())) {
        report.add(
            Diagnostic::new(Code::NotHere, "`write` in a node that receives nothing")
                .at(key.span, "each received message is written")
                .because("none of its sockets receives")
                .help("give the node a socket that receives, such as a `pull` or a `sub`"),
        );
    }
    Some(WriteSpec { file: file?, append: append.unwrap_or_default() })
}

fn read_file(
    whose: &str,
    key: &Key,
    mapping: &Mapping,
    report: &mut Report<'_>,
) -> Option<FileSpec> {
    let Some(file) = mapping.get("file") else {
        let input = if whose == "read" { "input" } else { "output" };
        report.add(
            Diagnostic::new(Code::MissingKey, format!("`{whose}` without a `file`"))
                .at(key.span, "which file?")
                .help(format!("write `file: PATH`, or `file: \"-\"` for the standard {input}")),
        );
        return None;
    };
    let path = value::text("file", file, report)?;
    if path == "-" {
        return Some(FileSpec::Standard);
    }
    if path.is_empty() || path.contains('\0') {
        value::wrong("file", file, "a path or \"-\"", "write the path of a file", report);
        return None;
    }
    Some(FileSpec::Path(report.folder().join(path)))
}
