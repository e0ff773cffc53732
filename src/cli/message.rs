//! A message as a line for a person.
//!
//! Owns how a tapped message and an answer look in a terminal, and the words of one in a picture. Never
//! asks a run.

use std::fmt::Write as _;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::Value;

use crate::control::{FrameKind, Message, Opened, WireFrame};
use crate::node::{Direction, Passed};
use crate::observe::time_of_day;
use crate::visible::visible;

/// Characters of a body that a line shows.
const SHOWN: usize = 400;
/// Characters of a message that a picture shows: of the longest one Mermaid takes no more.
const LABEL: usize = 80;

/// One line: time, direction, socket, peer, and what it says.
pub(super) fn line(message: &Message) -> String {
    let time = time_of_day(moment(message.time));
    let (word, preposition) = match message.direction {
        Some(Direction::Out) => ("out", "to"),
        Some(Direction::In) | None => ("in ", "from"),
    };
    let mut line = format!("{time}  {word}  {}.{}", message.node, message.socket);
    if let Some(peer) = &message.peer {
        // Writing to a string does not fail.
        let _ = write!(line, "  {preposition} {peer}");
    }
    if let Some(wire) = &message.wire {
        // What peers chose is made visible piece by piece: the ends of lines are ours.
        let frames: String = wire.iter().map(frame_line).collect();
        return format!("{}{frames}", visible(&line));
    }
    line.push_str("  ");
    line.push_str(&shortened(&said(message), SHOWN));
    if let Some(sequence) = &message.sequence {
        let _ = write!(line, "  [{sequence}]");
    }
    if let Some(why) = &message.malformed {
        let _ = write!(line, "  (malformed: {why})");
    }
    // Peers choose their names and what they say.
    visible(&line).into_owned()
}

/// What a message says, for a picture, which escapes it in its own way.
pub(super) fn label(passed: &Passed) -> String {
    shortened(&said(&Opened::of(passed.share()).read()), LABEL)
}

/// A frame on a line of its own: how many bytes, what it says, and what it is there for.
fn frame_line(frame: &WireFrame) -> String {
    let said = shortened(&text(&frame.frame), SHOWN);
    let what = match (frame.kind, frame.local) {
        (FrameKind::RoutingId, true) => "  (routing id, not on the wire)",
        (FrameKind::RoutingId, false) => "  (routing id)",
        (FrameKind::Delimiter, _) => "(delimiter)",
        (FrameKind::Payload, _) => "",
    };
    let bytes = frame.bytes;
    format!("\n    [{bytes:03}] {}{what}", visible(&said))
}

/// The moment so many seconds after the epoch.
pub(super) fn moment(seconds: f64) -> SystemTime {
    let since = Duration::try_from_secs_f64(seconds).unwrap_or_default();
    UNIX_EPOCH.checked_add(since).unwrap_or(UNIX_EPOCH)
}

/// What a message says: its id or topic, then its body or its frames.
fn said(message: &Message) -> String {
    for (word, topic) in
        [("subscribes to", &message.subscribe), ("unsubscribes from", &message.unsubscribe)]
    {
        if let Some(topic) = topic {
            return format!("({word} {topic})");
        }
    }
    let mut parts = Vec::new();
    if let (Some(msgid), Some(msgtype)) = (message.msgid, &message.msgtype) {
        parts.push(format!("{msgid} {msgtype}"));
    }
    if let Some(topic) = &message.topic {
        parts.push(text(topic));
    }
    parts.push(body(message));
    parts.join(" ")
}

/// The body alone, or the frames of a message that has several.
pub(super) fn body(message: &Message) -> String {
    match (&message.body, &message.frames) {
        (Some(body), _) => text(body),
        (None, Some(frames)) => frames.iter().map(text).collect::<Vec<_>>().join(" | "),
        (None, None) => String::new(),
    }
}

/// Text as it is, bytes as hex, other values as JSON.
fn text(value: &Value) -> String {
    let hex = value.as_object().filter(|map| map.len() == 1).and_then(|map| map.get("hex"));
    if let Some(hex) = hex.and_then(Value::as_str) {
        return format!("0x{hex}");
    }
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Not longer than anybody reads.
fn shortened(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_line_says_what_a_person_wants_to_know() {
        let message = Message {
            direction: Some(Direction::In),
            node: "desk".into(),
            socket: "router".into(),
            peer: Some("0x0012".into()),
            frames: Some(vec![json!("a\n"), json!({"hex": "ff"}), json!("")]),
            ..Message::default()
        };
        assert!(line(&message).ends_with("  in   desk.router  from 0x0012  a\\n | 0xff | "));
        let message = Message {
            direction: Some(Direction::Out),
            msgid: Some(7),
            msgtype: Some("json".into()),
            body: Some(json!({"a": 1})),
            ..Message::default()
        };
        assert!(line(&message).ends_with("  7 json {\"a\":1}"));
        let long = Message { body: Some(json!("x".repeat(1000))), ..Message::default() };
        assert!(line(&long).len() < 500);
    }
}
