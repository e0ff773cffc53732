//! Lines and records in and out: `read` and `write`.
//!
//! Owns reading them and whether the node's sockets can do what they say. Never opens a file.

use crate::diagnostic::{Code, Diagnostic};
use crate::document::{Key, Mapping, Node};
use crate::message::RecordFormat;
use crate::source::Span;
use crate::topology::spec::{FileSpec, ReadSpec, WriteSpec};
use crate::zeromq::Role;

use super::begin;
use super::keys;
use super::report::Report;
use super::unresolved::UnresolvedSocket;
use super::value;

/// The keys of `read`.
pub const READ_KEYS: &[&str] = &["file", "format", "from", "follow", "rate", "repeat", "escape"];
/// The keys of `write`.
pub const WRITE_KEYS: &[&str] = &["file", "format", "append", "escape"];

/// `read` of a node.
pub(super) fn read_source(
    key: &Key,
    node: &Node,
    sockets: &[UnresolvedSocket],
    handles_lines: bool,
    report: &mut Report<'_>,
) -> Option<ReadSpec> {
    let mapping = value::map("read", node, report)?;
    keys::check(mapping, &[READ_KEYS], "`read`", report);
    let file = read_file("read", key, mapping, report);
    let interval = mapping.get("rate").and_then(|rate| value::rate("rate", rate, report));
    let repeat = mapping.get("repeat").and_then(|repeat| value::boolean("repeat", repeat, report));
    let format = read_format("read", mapping, report);
    let from = mapping.get("from").and_then(|from| begin::read_from(from, report));
    let follow = mapping.get("follow").and_then(|follow| value::boolean("follow", follow, report));
    let from = from.unwrap_or_default();
    let spec = file.map(|file| ReadSpec {
        file,
        interval,
        repeat: repeat.unwrap_or_default(),
        format,
        from,
        follow: follow.unwrap_or_default(),
    });
    if let Some(spec) = &spec {
        begin::check(mapping, spec, report);
    }
    if !handles_lines {
        check_line_sender(key.span, sockets, report);
    }
    spec
}

/// Without `on_line`, lines go out on the one socket that can send unasked.
fn check_line_sender(span: Span, sockets: &[UnresolvedSocket], report: &mut Report<'_>) {
    if sockets.iter().any(|socket| socket.role.is_none()) {
        return;
    }
    let can_send = |role: Role| role.sends() && !role.routes() && role != Role::Xsub;
    let senders: Vec<&UnresolvedSocket> =
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
    sockets: &[UnresolvedSocket],
    report: &mut Report<'_>,
) -> Option<WriteSpec> {
    let mapping = value::map("write", node, report)?;
    keys::check(mapping, &[WRITE_KEYS], "`write`", report);
    let file = read_file("write", key, mapping, report);
    let append = mapping.get("append").and_then(|append| value::boolean("append", append, report));
    let format = read_format("write", mapping, report);
    if sockets.iter().all(|socket| socket.role().is_some_and(|role| !role.receives())) {
        report.add(
            Diagnostic::new(Code::NotHere, "`write` in a node that receives nothing")
                .at(key.span, "each received message is written")
                .because("none of its sockets receives")
                .help("give the node a socket that receives, such as a `pull` or a `sub`"),
        );
    }
    Some(WriteSpec { file: file?, append: append.unwrap_or_default(), format })
}

/// `format` and `escape`; what they are where they are faulty does not matter any more.
fn read_format(whose: &str, mapping: &Mapping, report: &mut Report<'_>) -> RecordFormat {
    let word = mapping.get("format");
    let format = word.and_then(|word| value::word("format", word, &RecordFormat::WORDS, report));
    let escape = mapping.get("escape").and_then(|escape| value::boolean("escape", escape, report));
    let lines = RecordFormat::Lines { escape: escape.unwrap_or_default() };
    let Some(format) = format else { return lines };
    if matches!(format, RecordFormat::Lines { .. }) {
        return lines;
    }
    if let (Some(escape), Some(word)) = (mapping.entry("escape"), word) {
        let name = format.word();
        report.add(
            Diagnostic::new(Code::NotHere, format!("`escape` beside `format: {name}`"))
                .at(escape.key.span, "this is for lines")
                .at(word.span, "this takes any bytes as they are")
                .because(format!(
                    "with `format: {name}` a line end inside a message is a byte like others, so \
                     there is nothing to escape"
                ))
                .help(format!("leave out the `escape` of this `{whose}`")),
        );
    }
    format
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
