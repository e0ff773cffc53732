//! Script values to frames.
//!
//! Owns how each kind of value is laid out in each format. Never decides which socket it is for.

use std::rc::Rc;

use rhai::{Dynamic, ImmutableString};

use super::digits::Digits;
use super::effect::{Route, SocketView};
use super::json;
use super::msg::{Msg, fits, text_or_blob};
use super::socket_lookup::{self, Tag};
use crate::message::{Format, Frame, Multipart, as_text, encode_tagged, share_all, write_integer};
use crate::zeromq::Role;

/// Message ids have at most 18 digits, so that every reader can hold them.
const MSGID_MAX: u64 = 999_999_999_999_999_999;

/// A value as the frames of one message, for a socket that sends to whoever is there.
pub(super) fn message(
    value: Dynamic,
    socket_view: &SocketView,
    tag: &Tag,
    scratch: &mut Vec<u8>,
) -> Result<Multipart, String> {
    if value.is_unit() {
        return Err("() cannot be sent; an empty frame is \"\"".to_owned());
    }
    socket_lookup::takes_tag(socket_view, tag)?;
    match (socket_lookup::format_of(socket_view), tag) {
        (Format::Plain, _) => plain(value, scratch),
        (Format::Envelope, _) => envelope(value, socket_view, tag, scratch),
        (Format::Msgid, Tag::Msgid(msgid)) => tagged(value, *msgid, false, scratch),
        (Format::Msgid, _) => tagged(value, socket_view.msgid, true, scratch),
    }
}

/// A value that somebody outside the topology offers.
#[derive(Clone, PartialEq, Debug, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Offered {
    /// As text.
    Text(String),
    /// As JSON.
    Json(serde_json::Value),
    /// As these frames, whatever the socket's format; a test alone offers them.
    #[serde(skip)]
    Frames(Vec<Vec<u8>>),
}

/// A value from outside as the payload of a message, as `send(v)` or `publish(tag, v)` would lay
/// it out. `tag` is a message id or a topic.
///
/// # Errors
///
/// When the socket's format has no such tag, or no form for the value.
pub fn encode_offered(
    value: Offered,
    tag: Option<&str>,
    socket_view: &SocketView,
) -> Result<Multipart, String> {
    let value = match value {
        Offered::Text(text) => text.into(),
        Offered::Json(value) => json::from_value(value),
        Offered::Frames(frames) => {
            return Ok(frames.iter().map(|frame| Frame::copy(frame)).collect());
        }
    };
    let tag = match tag {
        None => Tag::Default,
        Some(tag) => match tag.parse() {
            Ok(msgid) if socket_view.format == Format::Msgid => Tag::Msgid(msgid),
            _ => Tag::Topic(tag.as_bytes().to_vec()),
        },
    };
    message(value, socket_view, &tag, &mut Vec::new())
}

/// A value as the frames of an answer, without the envelope: a message gives its payload.
pub(super) fn answer(
    value: Dynamic,
    socket_view: &SocketView,
    scratch: &mut Vec<u8>,
) -> Result<Multipart, String> {
    match value.try_cast_result::<Msg>() {
        Ok(msg) if socket_view.format == Format::Plain || socket_view.format == msg.0.format => {
            Ok(match Rc::try_unwrap(msg.0) {
                Ok(message) => message.payload,
                Err(message) => share_all(&message.payload),
            })
        }
        Ok(msg) => message(Dynamic::from(msg), socket_view, &Tag::Default, scratch),
        Err(value) => message(value, socket_view, &Tag::Default, scratch),
    }
}

/// A text as the frames of one message, where the socket's format has a place for it.
pub(super) fn text(text: &str, socket_view: &SocketView) -> Option<Multipart> {
    let has_place = match socket_view.format {
        Format::Plain => true,
        Format::Msgid => socket_view.msgid.unsigned_abs() <= MSGID_MAX,
        Format::Envelope => false,
    };
    has_place.then(|| notice(text, socket_view))
}

/// A text about something that went wrong, in the form that the other side expects messages in.
pub(super) fn notice(text: &str, socket_view: &SocketView) -> Multipart {
    match socket_view.format {
        Format::Plain => Multipart::from_buf([Frame::from(text)]),
        Format::Msgid => encode_tagged(socket_view.msgid, "text", text.as_bytes()),
        Format::Envelope => [Frame::empty(), Frame::from(text)].into_iter().collect(),
    }
}

/// All frames of an answer that says why there is no other one.
#[must_use]
pub fn encode_failure(why: &str, route: Rc<Route>, socket_view: &SocketView) -> Multipart {
    Route::back(route, notice(&format!("error: {why}"), socket_view))
}

/// A value as all frames of a message for a socket that routes by the first one.
pub(super) fn routed(
    value: Dynamic,
    socket_view: &SocketView,
    scratch: &mut Vec<u8>,
) -> Result<Multipart, String> {
    let frames = if value.is_array() || value.is::<Msg>() {
        plain(value, scratch)?
    } else {
        Multipart::new()
    };
    if frames.len() < 2 {
        return Err(socket_lookup::needs_id(socket_view));
    }
    Ok(frames)
}

/// A value as the frames of a message for a sink.
pub(super) fn record(value: Dynamic, scratch: &mut Vec<u8>) -> Result<Multipart, String> {
    match value.try_cast_result::<Msg>() {
        Ok(msg) => Ok(share_all(&msg.0.payload)),
        Err(value) => plain(value, scratch),
    }
}

/// A line as the frames of one message, its bytes as they are, as a node without `on_line` sends it.
///
/// # Errors
///
/// When the socket's format needs more than a line says, or text where this is none.
pub fn encode_line(line: &[u8], socket_view: &SocketView) -> Result<Multipart, String> {
    if socket_view.format == Format::Plain {
        return Ok(Multipart::from_buf([Frame::copy(line)]));
    }
    message(text_or_blob(line), socket_view, &Tag::Default, &mut Vec::new())
}

/// A record of a source as a message: as it is where it has the socket's format, else as a line of
/// its one frame.
///
/// # Errors
///
/// When it has several frames that do not fit, or its one frame is no line for the socket.
pub fn encode_record(frames: Multipart, socket_view: &SocketView) -> Result<Multipart, String> {
    match (fits(socket_view.format, &frames), frames.as_slice()) {
        (Ok(()), _) => Ok(frames),
        (Err(_), [only]) => encode_line(only, socket_view),
        (Err(why), _) => Err(format!("a message that was read was left out: {why}")),
    }
}

fn plain(value: Dynamic, scratch: &mut Vec<u8>) -> Result<Multipart, String> {
    let value = match value.try_cast_result::<Msg>() {
        Ok(msg) => return Ok(as_it_came(msg)),
        Err(value) => value,
    };
    let Ok(elements) = value.as_array_ref() else {
        return Ok(Multipart::from_buf([frame(&value, scratch)?]));
    };
    if elements.is_empty() {
        return Err("an empty array has no frames to send".to_owned());
    }
    let mut frames = Multipart::new();
    for element in elements.iter() {
        match element.read_lock::<Msg>() {
            Some(msg) => frames.extend(share_all(&msg.0.payload)),
            None => frames.push(frame(element, scratch)?),
        }
    }
    Ok(frames)
}

/// A message goes with all the frames that the script sees; where nobody else holds it, they are
/// moved.
fn as_it_came(msg: Msg) -> Multipart {
    match Rc::try_unwrap(msg.0) {
        Ok(message) if message.route.is_none() || message.role == Role::Rep => message.payload,
        Ok(message) => message.all_frames().map(Frame::share).collect(),
        Err(message) => message.all_frames().map(Frame::share).collect(),
    }
}

fn envelope(
    value: Dynamic,
    socket_view: &SocketView,
    tag: &Tag,
    scratch: &mut Vec<u8>,
) -> Result<Multipart, String> {
    if let Tag::Topic(topic) = tag {
        return Ok([Frame::copy(topic), body(&value, scratch)?].into_iter().collect());
    }
    let frames = if value.is_array() || value.is::<Msg>() {
        plain(value, scratch)?
    } else {
        Multipart::new()
    };
    if frames.len() != 2 {
        return Err(socket_lookup::needs_topic(socket_view));
    }
    Ok(frames)
}

/// `<msgid> <msgtype> <body>`. `keep` says that a message which has an id keeps it.
fn tagged(
    value: Dynamic,
    msgid: i64,
    keep: bool,
    scratch: &mut Vec<u8>,
) -> Result<Multipart, String> {
    if msgid.unsigned_abs() > MSGID_MAX {
        return Err(format!("the message id {msgid} has more than 18 digits"));
    }
    let value = match value.try_cast_result::<Msg>() {
        Ok(msg) if keep && msg.0.format == Format::Msgid => return Ok(as_it_came(msg)),
        Ok(msg) => return retagged(&msg, msgid, scratch),
        Err(value) => value,
    };
    start(scratch, msgid, if is_json(&value) { "json" } else { "text" });
    if let Ok(blob) = value.as_blob_ref() {
        if as_text(&blob).is_none() {
            return Err("a blob that is not UTF-8 has no form in format: msgid".to_owned());
        }
        scratch.extend_from_slice(&blob);
    } else {
        write(&value, scratch)?;
    }
    Ok(Multipart::from_buf([Frame::copy(scratch)]))
}

fn retagged(msg: &Msg, msgid: i64, scratch: &mut Vec<u8>) -> Result<Multipart, String> {
    start(scratch, msgid, msg.0.msgtype().unwrap_or("text"));
    let bytes = msg.0.bytes();
    if msg.0.format != Format::Msgid && as_text(bytes).is_none() {
        return Err("a message that is not UTF-8 has no form in format: msgid".to_owned());
    }
    scratch.extend_from_slice(bytes);
    Ok(Multipart::from_buf([Frame::copy(scratch)]))
}

fn start(scratch: &mut Vec<u8>, msgid: i64, msgtype: &str) {
    scratch.clear();
    write_integer(scratch, msgid);
    scratch.push(b' ');
    scratch.extend_from_slice(msgtype.as_bytes());
    scratch.push(b' ');
}

fn is_json(value: &Dynamic) -> bool {
    !(value.is_string() || value.is_blob() || value.is_char())
}

/// The one body frame of an envelope: a message gives its own body.
fn body(value: &Dynamic, scratch: &mut Vec<u8>) -> Result<Frame, String> {
    match value.read_lock::<Msg>() {
        Some(msg) => Ok(Frame::copy(msg.0.bytes())),
        None => frame(value, scratch),
    }
}

fn frame(value: &Dynamic, scratch: &mut Vec<u8>) -> Result<Frame, String> {
    if value.is_unit() {
        return Ok(Frame::empty());
    }
    if let Ok(text) = value.as_immutable_string_ref() {
        return Ok(Frame::copy(text.as_bytes()));
    }
    if let Ok(blob) = value.as_blob_ref() {
        return Ok(Frame::copy(&blob));
    }
    scratch.clear();
    write(value, scratch)?;
    Ok(Frame::copy(scratch))
}

/// Text as it is, numbers and booleans as text, maps and arrays as JSON.
fn write(value: &Dynamic, scratch: &mut Vec<u8>) -> Result<(), String> {
    if let Ok(text) = value.as_immutable_string_ref() {
        scratch.extend_from_slice(text.as_bytes());
        return Ok(());
    }
    if let Ok(character) = value.as_char() {
        scratch.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
        return Ok(());
    }
    if value.is_fnptr() || value.is_timestamp() {
        return Err(format!("{} cannot be sent", kind_of(value)));
    }
    json::write(scratch, value, kind_of)
}

/// A topic that a script gave.
pub(super) fn tag_of(value: &Dynamic) -> Result<Tag, String> {
    if let Ok(msgid) = value.as_int() {
        return Ok(Tag::Msgid(msgid));
    }
    topic_of(value).map(Tag::Topic)
}

/// The prefix that a script subscribes to: an integer is a message id, with the space that ends it.
pub(super) fn prefix_of(value: &Dynamic) -> Result<Vec<u8>, String> {
    if let Ok(msgid) = value.as_int() {
        return Ok(format!("{msgid} ").into_bytes());
    }
    topic_of(value)
}

fn topic_of(value: &Dynamic) -> Result<Vec<u8>, String> {
    if let Some(text) = value.read_lock::<ImmutableString>() {
        return Ok(text.as_bytes().to_vec());
    }
    if let Ok(blob) = value.as_blob_ref() {
        return Ok(blob.to_vec());
    }
    Err(format!("an id is an integer and a topic is text; this is {}", kind_of(value)))
}

/// What a value is, in the words of the documentation, with its article.
pub(super) fn kind_of(value: &Dynamic) -> &'static str {
    if value.is_unit() {
        "()"
    } else if value.is_blob() {
        "a blob"
    } else if value.is_array() {
        "an array"
    } else if value.is_map() {
        "a map"
    } else if value.is_string() || value.is_char() {
        "a text"
    } else if value.is_int() || value.is_float() || value.is::<Digits>() {
        "a number"
    } else if value.is_bool() {
        "a boolean"
    } else if value.is_fnptr() {
        "a function"
    } else if value.is::<Msg>() {
        "a message"
    } else {
        "such a value"
    }
}
