//! `expect` and `never`: what is looked for, and where.
//!
//! Owns what can be seen at which place.

use std::time::Duration;

use crate::diagnostic::{Code, Diagnostic};
use crate::document::{Entry, Mapping, Node};
use crate::message::Format;
use crate::topology::reading::{Report, check_keys, value};

use super::super::known;
use super::super::spec::{Expected, Line, Watched};
use super::context::Context;
use super::places::{self, End, Spot, Who};
use super::{condition, message};

/// How long it is looked where the file does not say.
const USUAL: Duration = Duration::from_secs(1);
/// How many can be asked for.
const COUNTS: std::ops::RangeInclusive<i64> = 1..=1_000_000_000;

/// Reads `expect` or `never`.
pub(super) fn read(
    entry: &Entry,
    context: &Context<'_>,
    report: &mut Report<'_>,
) -> Option<Watched> {
    let step = &*entry.key.text;
    let mapping = value::map(step, &entry.value, report)?;
    let (keys, time_key, other) = match step {
        "expect" => (known::EXPECT, "within", "for"),
        _ => (known::NEVER, "for", "within"),
    };
    check_time_key(mapping, step, time_key, other, report);
    let keys = [keys, known::SEEN, known::LINES, &[other]];
    check_keys(mapping, &keys, &format!("`{step}`"), report);
    let time = mapping.get(time_key).map(|time| value::duration(time_key, time, report));
    let count = mapping.get("count").map(|count| value::integer("count", count, COUNTS, report));
    let at = read_at(entry, mapping, step, context, report);
    let spot = at.as_ref().map_or(Spot::Unknown, |(_, spot)| *spot);
    let what = read_what(mapping, spot, context, report);
    let (at, _) = at?;
    Some(Watched {
        at,
        what: what?,
        count: u32::try_from(count.unwrap_or(Some(1))?).ok()?,
        time: time.unwrap_or(Some(USUAL))?,
    })
}

/// Reports `within` of `never` and `for` of `expect`.
fn check_time_key(
    mapping: &Mapping,
    step: &str,
    wanted: &str,
    other: &str,
    report: &mut Report<'_>,
) {
    let Some(entry) = mapping.entry(other) else { return };
    let why = if step == "expect" {
        "it ends as soon as it has been seen"
    } else {
        "it has to hold for the whole time"
    };
    let fault = Diagnostic::new(Code::UnknownKey, format!("`{step}` has no key `{other}`"))
        .at(entry.key.span, "not a key of the format")
        .because(why)
        .help(format!("write `{wanted}`"));
    if mapping.get(wanted).is_some() {
        report.add(fault);
    } else {
        report.add_with_fix(fault, entry.key.span, wanted);
    }
}

fn read_at<'c>(
    entry: &Entry,
    mapping: &Mapping,
    step: &str,
    context: &Context<'c>,
    report: &mut Report<'_>,
) -> Option<(String, Spot<'c>)> {
    match mapping.get("at") {
        Some(at) => places::read("at", at, Who::All, context, report),
        None => {
            if !has_misspelt(mapping) {
                report.add(
                    Diagnostic::new(Code::MissingKey, format!("`{step}` without a place"))
                        .at(entry.key.span, "it has no `at`")
                        .because("something is seen at a node, a socket of it, or a peer")
                        .help("write `at:` and the name of one"),
                );
            }
            None
        }
    }
}

/// Whether a key is none, which may be the one that lacks.
fn has_misspelt(mapping: &Mapping) -> bool {
    let known = [known::EXPECT, known::NEVER, known::SEEN, known::LINES];
    let mut keys = mapping.entries.iter().map(|entry| &*entry.key.text);
    keys.any(|key| !known.iter().any(|known| known.contains(&key)) && key.len() <= 2)
}

fn read_what(
    mapping: &Mapping,
    spot: Spot<'_>,
    context: &Context<'_>,
    report: &mut Report<'_>,
) -> Option<Expected> {
    let lines: Vec<&Entry> = known::LINES.iter().filter_map(|key| mapping.entry(key)).collect();
    let seen: Vec<&Entry> = known::SEEN.iter().filter_map(|key| mapping.entry(key)).collect();
    let Some(line) = lines.first() else { return read_message(mapping, spot, context, report) };
    if let Some(other) = lines.get(1).or(seen.first()) {
        report.add(
            Diagnostic::new(
                Code::Conflict,
                format!("`{}` beside `{}`", other.key.text, line.key.text),
            )
            .at(other.key.span, "one thing")
            .at(line.key.span, "and another")
            .because("one step looks for one thing: a message, a line, or a failure")
            .help("write a step for each"),
        );
        return None;
    }
    let key = &*line.key.text;
    check_line(line, spot, report);
    let text = Line(message::read_text(key, &line.value, report)?);
    Some(match key {
        "log" => Expected::Log(text),
        "fails" => Expected::Fails(text),
        _ => Expected::File(text),
    })
}

/// Reports a line that nothing at the place could bring forth.
fn check_line(line: &Entry, spot: Spot<'_>, report: &mut Report<'_>) {
    let key = &*line.key.text;
    let fault = match spot {
        Spot::Peer(peer) => {
            Diagnostic::new(Code::NeverSeen, format!("`{key}` at the peer `{}`", peer.name))
                .at(line.key.span, "a peer has none")
                .at(peer.span, "the peer")
                .because("a peer is a bare socket: it has no handlers, no log and no files")
                .help("look for a message there, or for the line at a node")
        }
        Spot::Node(topology, place) => {
            let spec = &topology.nodes[place.node];
            let (is_there, why, help) = match key {
                "file" => (
                    spec.write.is_some(),
                    "it has no `write`",
                    "look for a message there, or give the node a `write`",
                ),
                "fails" => (
                    spec.script.is_some(),
                    "it has no handlers",
                    "look at a node with handlers, or at the log",
                ),
                _ => (true, "", ""),
            };
            if is_there {
                return;
            }
            Diagnostic::new(Code::NeverSeen, format!("`{key}` at `{}`", spec.name))
                .at(line.key.span, why)
                .because("it would never be seen, whatever happens")
                .help(help)
        }
        Spot::Unknown => return,
    };
    report.add(fault);
}

fn read_message(
    mapping: &Mapping,
    spot: Spot<'_>,
    context: &Context<'_>,
    report: &mut Report<'_>,
) -> Option<Expected> {
    let sent = mapping.get("sent").map(|sent| value::boolean("sent", sent, report));
    let sent = sent.unwrap_or(Some(false));
    let formats = sent.map_or(Some(Vec::new()), |sent| formats_at(mapping, spot, sent, report));
    let formats = formats.unwrap_or_default();
    for key in ["msgid", "topic"] {
        if let Some(entry) = mapping.entry(key) {
            message::check_seen_tag(entry, &formats, report);
        }
    }
    if let (Some(text), Some(json)) = (mapping.entry("text"), mapping.entry("json")) {
        report.add(
            Diagnostic::new(Code::Conflict, "`json` beside `text`")
                .at(json.key.span, "the body as JSON")
                .at(text.key.span, "and as text")
                .because("a message has one body")
                .help("remove one of them"),
        );
    }
    let text = mapping.get("text").map(|node| message::read_text("text", node, report));
    let json = mapping.get("json").map(|node| message::read_json("json", node, report));
    let msgid =
        mapping.get("msgid").map(|node| value::integer("msgid", node, message::MSGIDS, report));
    let topic = mapping.get("topic").map(|node| message::read_text("topic", node, report));
    let condition =
        mapping.get("where").map(|node| condition::read_where(node, &formats, context, report));
    Some(Expected::Message {
        sent: sent?,
        text: lifted(text)?,
        json: lifted(json)?,
        msgid: lifted(msgid)?,
        topic: lifted(topic)?,
        condition: lifted(condition)?,
    })
}

/// Nothing where something is there that could not be read.
fn lifted<T>(read: Option<Option<T>>) -> Option<Option<T>> {
    match read {
        None => Some(None),
        Some(None) => None,
        Some(Some(value)) => Some(Some(value)),
    }
}

/// The formats of the messages that can be seen at a place; that there are none is reported.
fn formats_at(
    mapping: &Mapping,
    spot: Spot<'_>,
    sent: bool,
    report: &mut Report<'_>,
) -> Option<Vec<Format>> {
    let ends = spot.ends()?;
    let passes = |end: &&End| if sent { end.role.sends() } else { end.role.receives() };
    let formats: Vec<Format> = ends.iter().filter(passes).map(|end| end.format).collect();
    if !formats.is_empty() {
        return Some(formats);
    }
    let at: &Node = mapping.get("at")?;
    let verb = if sent { "sends" } else { "receives" };
    let name = at.as_scalar().map_or("it", |scalar| &*scalar.text);
    let fault = Diagnostic::new(Code::NeverSeen, format!("`{name}` never {verb} a message"))
        .at(at.span, ends.first().map_or(String::new(), |end| format!("a {}", end.role)))
        .because("it would never be seen, whatever happens");
    report.add(match (sent, mapping.entry("sent")) {
        (true, Some(entry)) => fault
            .at(entry.key.span, "messages that go out")
            .help("leave `sent` out, or name the node that sends"),
        _ => fault.help("write `sent: true` for a message that it sends, or name who receives"),
    });
    None
}
