//! A message as a test lays it out.
//!
//! Owns reading it, and whether it fits the socket that it passes. How it is laid out is the formats'.

use crate::diagnostic::{Code, Diagnostic};
use crate::document::{Entry, Mapping, Node};
use crate::message::Format;
use crate::script::{Offered, SocketView, encode_offered};
use crate::topology::reading::{Report, check_keys, first_line, report_lossy_numbers, value};
use crate::zeromq::Role;

use super::super::known;
use super::super::spec::MessageSpec;
use super::condition;
use super::context::Context;
use super::places::End;

/// What a frame's message id is read with: 18 digits.
pub(super) const MSGIDS: std::ops::RangeInclusive<i64> =
    -999_999_999_999_999_999..=999_999_999_999_999_999;

/// Reads a message; `end` is the socket that it passes, where that is known.
pub(super) fn read(
    mapping: &Mapping,
    end: Option<End>,
    context: &Context<'_>,
    report: &mut Report<'_>,
) -> Option<MessageSpec> {
    let bodies: Vec<&Entry> =
        ["text", "json", "frames"].iter().filter_map(|key| mapping.entry(key)).collect();
    let tags: Vec<&Entry> =
        ["msgid", "topic"].iter().filter_map(|key| mapping.entry(key)).collect();
    let is_clear = one_of_them(&bodies, "a message has one body", report)
        & one_of_them(&tags, "a message has one of them, by its socket's format", report);
    let value = read_value(mapping, report);
    let frames = mapping.get("frames").and_then(|frames| read_frames(frames, context, report));
    let tag = read_tag(mapping, report);
    if let (Some(frames), Some(tag)) = (mapping.entry("frames"), tags.first()) {
        report.add(
            Diagnostic::new(Code::Conflict, format!("`{}` beside `frames`", tag.key.text))
                .at(tag.key.span, "a part of a message")
                .at(frames.key.span, "but these are all its frames")
                .because("`frames` are sent as they are")
                .help(format!("write it into the frames, or take `{}` away", tag.key.text)),
        );
        return None;
    }
    if !is_clear || (mapping.entry("frames").is_some() && frames.is_none()) {
        return None;
    }
    let message = MessageSpec { value: value?, tag: tag?, frames, to: None };
    let place = bodies.first().or(tags.first());
    if let Some(end) = end
        && check_tag(&tags, end, report).is_some()
    {
        check_form(&message, end, place.copied(), report);
    }
    Some(message)
}

/// Reports the second of several keys of which there can be one.
fn one_of_them(entries: &[&Entry], why: &str, report: &mut Report<'_>) -> bool {
    let [first, second, ..] = entries else { return true };
    report.add(
        Diagnostic::new(
            Code::Conflict,
            format!("`{}` beside `{}`", second.key.text, first.key.text),
        )
        .at(second.key.span, "the second one")
        .at(first.key.span, "the first one")
        .because(why)
        .help("remove one of them"),
    );
    false
}

/// `text` or `json`; without either the body is empty. Nothing where it cannot be read.
fn read_value(mapping: &Mapping, report: &mut Report<'_>) -> Option<Offered> {
    if let Some(node) = mapping.get("json") {
        return read_json("json", node, report).map(Offered::Json);
    }
    match mapping.get("text") {
        Some(node) => read_text("text", node, report).map(Offered::Text),
        None => Some(Offered::Text(String::new())),
    }
}

/// A text, which may be an empty one in quotes.
pub(super) fn read_text(key: &str, node: &Node, report: &mut Report<'_>) -> Option<String> {
    if node.as_mapping().is_some() || node.as_sequence().is_some() {
        let help = format!("write `{key}: some text`, or `json:` for a map or a list");
        value::wrong(key, node, "a text", &help, report);
        return None;
    }
    value::text(key, node, report)
}

/// A value of JSON.
pub(super) fn read_json(
    key: &str,
    node: &Node,
    report: &mut Report<'_>,
) -> Option<serde_json::Value> {
    report_lossy_numbers(node, report);
    match node.read() {
        Ok(value) => Some(value),
        Err(error) => {
            report.add(
                Diagnostic::new(Code::WrongType, format!("`{key}` is no value of JSON"))
                    .at(first_line(node.span, report.source()), error.to_string())
                    .help("use text, numbers, booleans, lists and maps"),
            );
            None
        }
    }
}

fn read_frames(
    node: &Node,
    context: &Context<'_>,
    report: &mut Report<'_>,
) -> Option<Vec<Vec<u8>>> {
    let help = "write a list of texts, such as `frames: [\"\", hello]`";
    let Some(items) = node.as_sequence().filter(|items| !items.is_empty()) else {
        value::wrong("frames", node, "a list of frames", help, report);
        return None;
    };
    let frames: Vec<Vec<u8>> =
        items.iter().filter_map(|item| read_frame(item, context, report)).collect();
    (frames.len() == items.len()).then_some(frames)
}

/// A text, or `{rhai: …}`, which is evaluated.
fn read_frame(item: &Node, context: &Context<'_>, report: &mut Report<'_>) -> Option<Vec<u8>> {
    let Some(mapping) = item.as_mapping() else {
        return value::text("frames", item, report).map(String::into_bytes);
    };
    check_keys(mapping, &[known::FRAME], "a frame", report);
    let Some(expression) = mapping.get("rhai") else {
        if mapping.entries.is_empty() {
            let help = "write a text, or `{rhai: …}` with an expression";
            value::wrong("frames", item, "a frame", help, report);
        }
        return None;
    };
    condition::read_frame(expression, context, report)
}

/// `msgid` or `topic`. Nothing where it cannot be read.
fn read_tag(mapping: &Mapping, report: &mut Report<'_>) -> Option<Option<String>> {
    if let Some(node) = mapping.get("msgid") {
        let msgid = value::integer("msgid", node, MSGIDS, report)?;
        return Some(Some(msgid.to_string()));
    }
    match mapping.get("topic") {
        Some(node) => read_text("topic", node, report).map(Some),
        None => Some(None),
    }
}

/// Reports a tag that messages of a format have not.
fn check_tag(tags: &[&Entry], end: End, report: &mut Report<'_>) -> Option<()> {
    let Some(tag) = tags.iter().find(|tag| !end.format.has(&tag.key.text)) else { return Some(()) };
    report.add(no_tag(&tag.key.text, end.format).at(tag.key.span, format!("at a {}", end.role)));
    None
}

/// That messages of a format have no such part.
fn no_tag(key: &str, format: Format) -> Diagnostic {
    let other = if key == "msgid" { Format::Msgid } else { Format::Envelope };
    let message = format!("messages of format `{}` have no `{key}`", format.word());
    Diagnostic::new(Code::CannotPass, message)
        .because(format!("only messages of format `{}` have one", other.word()))
        .help(match format {
            Format::Msgid => "remove it, or write `msgid`".to_owned(),
            Format::Envelope => "remove it, or write `topic`".to_owned(),
            Format::Plain => "remove it, or write it into the body".to_owned(),
        })
}

/// The same of something that is looked for; `formats` are those of all sockets there.
pub(super) fn check_seen_tag(
    entry: &Entry,
    formats: &[Format],
    report: &mut Report<'_>,
) -> Option<()> {
    let [first, ..] = formats else { return Some(()) };
    if formats.iter().any(|format| format.has(&entry.key.text)) {
        return Some(());
    }
    report.add(no_tag(&entry.key.text, *first).at(entry.key.span, "nothing there has one"));
    None
}

/// Reports a value that the format has no form for.
fn check_form(message: &MessageSpec, end: End, place: Option<&Entry>, report: &mut Report<'_>) {
    // What is routed has a frame before, which the run puts there.
    let is_routed = matches!(end.role, Role::Router | Role::Stream) && end.format == Format::Plain;
    let Some(place) = place.filter(|_| message.frames.is_none() && !is_routed) else { return };
    let view = SocketView {
        name: end.role.word().into(),
        role: end.role,
        format: end.format,
        msgid: end.msgid,
    };
    if let Err(why) = encode_offered(message.value.clone(), message.tag.as_deref(), &view) {
        report.add(
            Diagnostic::new(Code::CannotPass, "a message that cannot be laid out")
                .at(place.key.span, format!("for format `{}`", end.format.word()))
                .because(why)
                .help("write another body, or `frames:` to send bytes as they are"),
        );
    }
}

/// A message with the routing id of who gets it.
pub(super) fn routed(message: MessageSpec, to: Option<Vec<u8>>) -> MessageSpec {
    MessageSpec { to, ..message }
}
