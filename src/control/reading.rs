//! From the frames of a message to what a person or a program reads of it.
//!
//! Owns how a body is shown: JSON as it is, text as text, anything else in hex, long ones cut.

use std::sync::Arc;
use std::time::SystemTime;

use serde_json::{Value, json};

use super::protocol::{FrameKind, Message, WireFrame};
use crate::clock::since_epoch;
use crate::message::{
    Format, Frame, JsonFrame, Malformed, MsgType, Multipart, as_text, integer_past_64_bits,
    parse_envelope, parse_tagged,
};
use crate::node::{Direction, Passed, Place, open_envelope};
use crate::script::{Inbound, Route};
use crate::zeromq::Role;

/// Bytes of one frame that are shown.
const SHOWN: usize = 16 << 10;
/// Frames of one message that are shown.
const FRAMES_SHOWN: usize = 64;

/// A message without its envelope, as handlers and filters get it.
pub(crate) struct Opened {
    at: SystemTime,
    direction: Direction,
    pub(crate) place: Arc<Place>,
    bytes: usize,
    sequence: Option<Frame>,
    pub(crate) inbound: Inbound,
    misfit: Option<Malformed>,
}

impl Opened {
    /// Takes off the envelope, and the frame of `sequence`.
    pub(crate) fn of(mut passed: Passed) -> Self {
        let bytes = passed.frames.iter().map(|frame| frame.len()).sum();
        let sequence = passed.take_sequence();
        let Passed { at, direction, place, frames, .. } = passed;
        let (inbound, misfit) = match open_envelope(0, place.role, frames) {
            Ok(inbound) => (inbound, None),
            Err((why, payload)) => (Inbound { socket: 0, payload, route: None }, Some(why)),
        };
        Self { at, direction, place, bytes, sequence, inbound, misfit }
    }

    /// What there is to read.
    pub(crate) fn read(&self) -> Message {
        let peer = self.inbound.route.as_ref().and_then(|route| route.envelope.first());
        let mut message = Message {
            time: seconds(self.at),
            direction: Some(self.direction),
            node: self.place.instance.to_string(),
            socket: self.place.socket.to_string(),
            peer: peer.map(|id| routing_id_text(id)),
            sequence: self.sequence.as_ref().map(|frame| String::from_utf8_lossy(frame).into()),
            bytes: self.bytes,
            ..Message::default()
        };
        let payload = &self.inbound.payload;
        let read = match self.misfit {
            Some(why) => Err(why),
            None => read_payload(&mut message, &self.place, payload),
        };
        if let Err(why) = read {
            message.malformed = Some(why.to_string());
            message.frames = Some(shown_frames(payload, &mut message.cut));
        }
        message
    }
}

/// What there is to read of a message, and every frame of it as it is on the wire.
pub(crate) fn read_by_frames(passed: Passed) -> Message {
    let wire = Some(wire(&passed));
    Message { wire, ..Opened::of(passed).read() }
}

/// A message with all its frames whole, the envelope among them.
pub(super) fn read_whole(opened: &Opened, frames: &[Frame]) -> Message {
    let peer = opened.inbound.route.as_ref().and_then(|route| route.envelope.first());
    Message {
        time: seconds(opened.at),
        direction: Some(opened.direction),
        node: opened.place.instance.to_string(),
        socket: opened.place.socket.to_string(),
        peer: peer.map(|id| routing_id_text(id)),
        frames: Some(frames.iter().map(|frame| json!(JsonFrame(frame))).collect()),
        bytes: opened.bytes,
        ..Message::default()
    }
}

/// Every frame of a message, as it is on the wire.
pub(super) fn wire(passed: &Passed) -> Vec<WireFrame> {
    let Passed { place, frames, .. } = passed;
    let has_peer = matches!(place.role, Role::Router | Role::Rep | Role::Stream);
    let has_envelope = has_peer && place.role != Role::Stream || place.role == Role::Dealer;
    let delimiter = frames.iter().position(|frame| frame.is_empty()).filter(|_| has_envelope);
    let ids = delimiter.unwrap_or(usize::from(has_peer));
    let wire = frames.iter().enumerate().map(|(at, frame)| WireFrame {
        kind: match at {
            _ if at < ids => FrameKind::RoutingId,
            _ if Some(at) == delimiter => FrameKind::Delimiter,
            _ => FrameKind::Payload,
        },
        frame: shown(frame, &mut false),
        bytes: frame.len(),
        local: at == 0 && has_peer,
    });
    // A REQ leaves to libzmq what everybody else sees of it.
    let of_req = (place.role == Role::Req).then(|| WireFrame {
        kind: FrameKind::Delimiter,
        frame: Value::String(String::new()),
        bytes: 0,
        local: false,
    });
    of_req.into_iter().chain(wire).collect()
}

/// A node's answer, without its envelope.
pub(super) fn read_answer(place: &Place, payload: &Multipart) -> Message {
    let mut message = Message {
        time: seconds(SystemTime::now()),
        node: place.instance.to_string(),
        socket: place.socket.to_string(),
        bytes: payload.iter().map(|frame| frame.len()).sum(),
        ..Message::default()
    };
    if let Err(why) = read_payload(&mut message, place, payload) {
        message.malformed = Some(why.to_string());
        message.frames = Some(shown_frames(payload, &mut message.cut));
    }
    message
}

fn read_payload(message: &mut Message, place: &Place, payload: &[Frame]) -> Result<(), Malformed> {
    if let (Role::Xpub | Role::Xsub, [frame]) = (place.role, payload)
        && let [wish @ (0 | 1), topic @ ..] = &**frame
    {
        let topic = Some(shown(topic, &mut message.cut));
        let slot = if *wish == 1 { &mut message.subscribe } else { &mut message.unsubscribe };
        *slot = topic;
        return Ok(());
    }
    match place.format {
        Format::Msgid => {
            let [frame] = payload else {
                return Err(Malformed::Frames { want: 1, got: payload.len() });
            };
            let tagged = parse_tagged(frame)?;
            message.msgid = Some(tagged.msgid);
            message.msgtype = Some(tagged.msgtype.word().to_owned());
            let body = match tagged.msgtype {
                MsgType::Json if tagged.body.len() <= SHOWN => {
                    let value =
                        serde_json::from_slice(tagged.body).map_err(|_| Malformed::NotJson)?;
                    let text = as_text(tagged.body).unwrap_or_default();
                    // As a value it would lose digits.
                    match integer_past_64_bits(text) {
                        Some(_) => Value::String(text.to_owned()),
                        None => value,
                    }
                }
                MsgType::Json | MsgType::Text | MsgType::Other(_) => {
                    shown(tagged.body, &mut message.cut)
                }
            };
            message.body = Some(body);
        }
        Format::Envelope => {
            let (topic, body) = parse_envelope(payload)?;
            message.topic = Some(shown(topic, &mut message.cut));
            message.body = Some(shown(body, &mut message.cut));
        }
        Format::Plain => match payload {
            [] => message.body = Some(Value::String(String::new())),
            [frame] => message.body = Some(shown(frame, &mut message.cut)),
            frames => message.frames = Some(shown_frames(frames, &mut message.cut)),
        },
    }
    Ok(())
}

/// One line, or all frames of a record.
pub(super) fn shown_bytes(frames: &[Vec<u8>]) -> Value {
    match frames {
        [line] => shown(line, &mut false),
        frames => frames.iter().take(FRAMES_SHOWN).map(|frame| shown(frame, &mut false)).collect(),
    }
}

fn shown_frames(frames: &[Frame], cut: &mut bool) -> Vec<Value> {
    *cut |= frames.len() > FRAMES_SHOWN;
    frames.iter().take(FRAMES_SHOWN).map(|frame| shown(frame, cut)).collect()
}

/// Text where it is text, otherwise hex.
fn shown(bytes: &[u8], cut: &mut bool) -> Value {
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(_) => {
            *cut |= bytes.len() > SHOWN;
            return json!({ "hex": hex(&bytes[..bytes.len().min(SHOWN)]) });
        }
    };
    let most = SHOWN.min(text.len());
    let end = (0..=most).rev().find(|&at| text.is_char_boundary(at)).unwrap_or_default();
    *cut |= end < text.len();
    Value::String(text[..end].to_owned())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        for digit in [byte >> 4, byte & 15] {
            text.push(char::from(b"0123456789abcdef"[usize::from(digit)]));
        }
        text
    })
}

/// A routing id as text where it is some, otherwise as `0x…`.
pub(crate) fn routing_id_text(id: &[u8]) -> String {
    let plain = |text: &&str| !text.is_empty() && text.chars().all(|c| c.is_ascii_graphic());
    match std::str::from_utf8(id).ok().filter(plain).filter(|text| !text.starts_with("0x")) {
        Some(text) => text.to_owned(),
        None => format!("0x{}", hex(id)),
    }
}

/// The routing id that a text stands for: as it is, or in hex behind `0x`.
///
/// # Errors
///
/// When what follows `0x` is no hex.
pub fn routing_id(text: &str) -> Result<Vec<u8>, String> {
    let Some(digits) = text.strip_prefix("0x") else { return Ok(text.as_bytes().to_vec()) };
    let wrong = || format!("{text} is no routing id: behind 0x stand two hex digits a byte");
    if digits.is_empty() || digits.len() % 2 > 0 || !digits.is_ascii() {
        return Err(wrong());
    }
    (0..digits.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&digits[at..at + 2], 16).map_err(|_| wrong()))
        .collect()
}

/// Seconds since the epoch.
pub(super) fn seconds(at: SystemTime) -> f64 {
    since_epoch(at).as_secs_f64()
}

/// The same message again, for a filter to take.
pub(super) fn share(inbound: &Inbound) -> Inbound {
    Inbound {
        socket: inbound.socket,
        payload: crate::message::share_all(&inbound.payload),
        route: inbound.route.as_ref().map(std::rc::Rc::<Route>::clone),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(role: Role, format: Format, numbered: bool, frames: &[&[u8]]) -> Message {
        let place = Arc::new(Place {
            instance: "worker.2".into(),
            socket: role.word().into(),
            role,
            format,
            numbered,
        });
        let frames = frames.iter().map(|bytes| Frame::from(*bytes)).collect();
        let passed =
            Passed { at: SystemTime::now(), direction: Direction::In, place, number: 1, frames };
        Opened::of(passed).read()
    }

    #[test]
    fn a_message_is_read_by_the_format_of_its_socket() {
        let one = read(Role::Sub, Format::Msgid, false, &[b"1000 json {\"a\": 1}"]);
        assert_eq!((one.msgid, one.body), (Some(1000), Some(json!({"a": 1}))));
        assert_eq!(one.msgtype.as_deref(), Some("json"));
        let one = read(Role::Sub, Format::Envelope, false, &[b"weather", b"\xff\x00"]);
        assert_eq!((one.topic, one.body), (Some(json!("weather")), Some(json!({"hex": "ff00"}))));
        let one = read(Role::Pull, Format::Plain, false, &[b"a", b"", b"\xfe"]);
        assert_eq!(one.frames, Some(vec![json!("a"), json!(""), json!({"hex": "fe"})]));
        assert_eq!((one.bytes, one.body), (2, None));
        let one = read(Role::Rep, Format::Plain, false, &[b"\x00\x01", b"", b"ask"]);
        assert_eq!((one.peer.as_deref(), one.body), (Some("0x0001"), Some(json!("ask"))));
        let one = read(Role::Sub, Format::Msgid, true, &[b"7 text x", b"a 1 2.0"]);
        assert_eq!((one.body, one.sequence.as_deref()), (Some(json!("x")), Some("a 1 2.0")));
        let one = read(Role::Xpub, Format::Msgid, false, &[b"\x011000 "]);
        assert_eq!((one.subscribe, one.malformed), (Some(json!("1000 ")), None));
    }

    #[test]
    fn a_message_is_told_frame_by_frame_as_it_is_on_the_wire() {
        for (role, frames, want) in [
            (Role::Router, &[&b"me"[..], b"", b"hi"][..], "(id me) | delimiter | hi"),
            (Role::Router, &[b"me", b"w", b"", b"hi", b""], "(id me) | id w | delimiter | hi | "),
            (Role::Router, &[b"me", b"hi"], "(id me) | hi"),
            (Role::Rep, &[b"me", b"", b"hi"], "(id me) | delimiter | hi"),
            (Role::Req, &[b"hi"], "delimiter | hi"),
            (Role::Dealer, &[b"", b"hi"], "delimiter | hi"),
            (Role::Dealer, &[b"w", b"", b"hi"], "id w | delimiter | hi"),
            (Role::Dealer, &[b"a", b"b"], "a | b"),
            (Role::Stream, &[b"me", b""], "(id me) | "),
            (Role::Push, &[b"a", b"", b"b"], "a |  | b"),
        ] {
            let place = Place {
                instance: "n".into(),
                socket: "s".into(),
                role,
                format: Format::Plain,
                numbered: false,
            };
            let frames = frames.iter().map(|bytes| Frame::from(*bytes)).collect();
            let place = Arc::new(place);
            let passed = Passed {
                at: SystemTime::now(),
                direction: Direction::In,
                place,
                number: 1,
                frames,
            };
            let told = wire(&passed).into_iter().map(|one| {
                let text = one.frame.as_str().unwrap().to_owned();
                match (one.kind, one.local) {
                    (FrameKind::RoutingId, true) => format!("(id {text})"),
                    (FrameKind::RoutingId, false) => format!("id {text}"),
                    (FrameKind::Delimiter, _) => "delimiter".to_owned(),
                    (FrameKind::Payload, _) => text,
                }
            });
            assert_eq!(told.collect::<Vec<_>>().join(" | "), want, "{role}");
        }
    }

    #[test]
    fn what_does_not_fit_is_shown_as_it_is() {
        let one = read(Role::Sub, Format::Msgid, false, &[b"hello"]);
        assert!(one.malformed.is_some_and(|why| why.contains("integer")));
        assert_eq!(one.frames, Some(vec![json!("hello")]));
        let one = read(Role::Rep, Format::Plain, false, &[b"id", b"ask"]);
        assert!(one.malformed.is_some_and(|why| why.contains("delimiter")));
    }

    #[test]
    fn a_long_body_is_cut_between_characters() {
        let long = "é".repeat(SHOWN);
        let one = read(Role::Pull, Format::Plain, false, &[long.as_bytes()]);
        let Some(Value::String(body)) = one.body else { panic!("no text") };
        assert!(one.cut && body.len() == SHOWN && one.bytes == 2 * SHOWN);
    }

    #[test]
    fn a_routing_id_is_written_as_it_is_read() {
        for id in [&b"client"[..], b"\x00\x6b\x8b", b"0x12", b"with space"] {
            assert_eq!(routing_id(&routing_id_text(id)).unwrap(), id);
        }
        assert!(routing_id("0x1").is_err() && routing_id("0xzz").is_err());
    }
}
