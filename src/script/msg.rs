//! `msg`: a received message as a handler sees it, read only where somebody looks.
//!
//! Owns what each property of `msg` means in each format. Never decides where a message goes.

use std::cell::{Cell, OnceCell, RefCell};
use std::fmt;
use std::ops::Range;
use std::rc::Rc;

use rhai::{Array, Blob, Dynamic, ImmutableString};

use super::debt::Debt;
use super::effect::{Inbound, Route, SocketView};
use super::json;
use crate::message::{
    Format, Frame, Malformed, MsgType, Multipart, as_text, parse_envelope, parse_tagged,
};
use crate::zeromq::Role;

/// Every property of `msg`.
pub const PROPERTIES: [&str; 11] = [
    "socket", "msgid", "msgtype", "topic", "body", "text", "bytes", "json", "frames", "sender",
    "user",
];

/// A message in the hands of a script; a second one shares its message.
#[derive(Clone)]
pub(super) struct Msg(pub(super) Rc<LazyMessage>);

/// A received message, and what was read of it so far.
pub(super) struct LazyMessage {
    /// The socket it came by, as its place in the node.
    pub(super) socket: usize,
    /// That socket's name.
    pub(super) name: ImmutableString,
    /// That socket's role.
    pub(super) role: Role,
    /// How it is laid out.
    pub(super) format: Format,
    /// The frames after the envelope.
    pub(super) payload: Multipart,
    /// Who sent it.
    pub(super) route: Option<Rc<Route>>,
    /// Whether a request has its answer, as far as it has none owed.
    answered: Cell<bool>,
    /// What is owed to whoever sent it, where it is answered later.
    pub(super) debt: OnceCell<Debt>,
    head: Option<Head>,
    json: RefCell<Option<Dynamic>>,
    json_reads: Cell<u32>,
    text: OnceCell<ImmutableString>,
}

/// The parts of a `msgid` frame, as places in it: the frame's own bytes may move.
#[derive(Clone)]
struct Head {
    msgid: i64,
    kind: Kind,
    msgtype: Range<usize>,
    body: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Json,
    Other,
}

/// How a node's handlers have read JSON bodies lately, which decides what is done ahead.
#[derive(Clone, Copy, Default, Debug)]
pub(super) struct ReadProfile {
    /// Bodies are read: build the value while it is checked, instead of checking only.
    pub(super) reads: bool,
    /// Bodies are read more than once: keep a copy instead of building the value again.
    pub(super) rereads: bool,
}

/// A message that does not fit its socket's format, given back.
pub(super) struct Misfit {
    pub(super) why: Malformed,
    pub(super) inbound: Inbound,
}

impl LazyMessage {
    /// Reads as much of a message as tells whether it fits its socket's format.
    ///
    /// Inlined, since to hand over and to give back so large a thing takes as long as to read it.
    #[inline(always)]
    pub(super) fn open(
        inbound: Inbound,
        socket_view: &SocketView,
        name: &ImmutableString,
        profile: ReadProfile,
    ) -> Result<Self, Misfit> {
        let (head, json) = match head_of(&inbound.payload, socket_view.format, profile) {
            Ok(found) => found,
            Err(why) => return Err(Misfit { why, inbound }),
        };
        Ok(Self {
            socket: inbound.socket,
            name: name.clone(),
            role: socket_view.role,
            format: socket_view.format,
            payload: inbound.payload,
            route: inbound.route,
            answered: Cell::new(false),
            debt: OnceCell::new(),
            head,
            json: RefCell::new(json),
            json_reads: Cell::new(u32::from(profile.rereads)),
            text: OnceCell::new(),
        })
    }

    /// No message at all.
    pub(super) fn blank() -> Self {
        Self {
            socket: usize::MAX,
            name: ImmutableString::new(),
            role: Role::Pair,
            format: Format::Plain,
            payload: Multipart::new(),
            route: None,
            answered: Cell::new(true),
            debt: OnceCell::new(),
            head: None,
            json: RefCell::new(None),
            json_reads: Cell::new(0),
            text: OnceCell::new(),
        }
    }

    /// Whether a request has its answer.
    pub(super) fn is_answered(&self) -> bool {
        self.debt.get().map_or(self.answered.get(), Debt::is_paid)
    }

    /// Notes that a request has its answer.
    pub(super) fn set_answered(&self) {
        self.answered.set(true);
        if let Some(debt) = self.debt.get() {
            debt.close();
        }
    }

    /// Whether a request is answered later.
    pub(super) fn is_owed(&self) -> bool {
        self.debt.get().is_some_and(|debt| !debt.is_paid())
    }

    /// Learns from how this message was read what to do ahead with the next one.
    pub(super) fn teach(&self, profile: &mut ReadProfile) {
        if self.head.as_ref().is_some_and(|head| head.kind == Kind::Json) {
            let reads = self.json_reads.get() - u32::from(profile.rereads);
            profile.reads = reads > 0;
            profile.rereads |= reads > 1;
        }
    }

    /// `msg.msgid`.
    pub(super) fn msgid(&self) -> Result<i64, String> {
        self.head.as_ref().map(|head| head.msgid).ok_or_else(|| self.has_no("msgid", Format::Msgid))
    }

    /// `msg.msgtype`.
    pub(super) fn msgtype(&self) -> Result<&str, String> {
        let head = self.head.as_ref().ok_or_else(|| self.has_no("msgtype", Format::Msgid))?;
        Ok(as_text(&self.payload[0][head.msgtype.clone()]).unwrap_or_default())
    }

    /// `msg.topic`: text, or a blob where it is not UTF-8.
    pub(super) fn topic(&self) -> Result<Dynamic, String> {
        match self.format {
            Format::Envelope => Ok(text_or_blob(&self.payload[0])),
            Format::Msgid | Format::Plain => Err(self.has_no("topic", Format::Envelope)),
        }
    }

    /// `msg.body`: parsed where the message type is json, otherwise text, or a blob where it is
    /// not UTF-8.
    pub(super) fn body(&self) -> Result<Dynamic, String> {
        if self.head.as_ref().is_some_and(|head| head.kind == Kind::Json) {
            return self.json();
        }
        Ok(match self.text() {
            Ok(text) => text.into(),
            Err(_) => Dynamic::from_blob(self.bytes().to_vec()),
        })
    }

    /// `msg.text`: the payload as UTF-8 text.
    pub(super) fn text(&self) -> Result<ImmutableString, String> {
        if let Some(text) = self.text.get() {
            return Ok(text.clone());
        }
        let text = as_text(self.bytes())
            .ok_or_else(|| "the message is not UTF-8 text; read msg.bytes".to_owned())?;
        let text = ImmutableString::from(text);
        Ok(self.text.get_or_init(|| text).clone())
    }

    /// The payload, where it is UTF-8 text.
    pub(super) fn as_text(&self) -> Option<&str> {
        match self.text.get() {
            Some(text) => Some(text),
            None => as_text(self.bytes()),
        }
    }

    /// `msg.body`, where it is text.
    pub(super) fn body_text(&self) -> Option<&str> {
        let is_json = self.head.as_ref().is_some_and(|head| head.kind == Kind::Json);
        if is_json { None } else { self.as_text() }
    }

    /// `msg.topic`, where it is text.
    pub(super) fn topic_text(&self) -> Option<&str> {
        let topic = self.payload.first().filter(|_| self.format == Format::Envelope)?;
        as_text(topic)
    }

    /// `msg.json`: the payload as a JSON value.
    pub(super) fn json(&self) -> Result<Dynamic, String> {
        let reads = self.json_reads.get();
        self.json_reads.set(reads.saturating_add(1));
        let mut kept = self.json.borrow_mut();
        let value = match kept.take() {
            Some(value) => value,
            None => json::read(self.bytes())
                .map_err(|error| format!("the message is not JSON: {error}"))?,
        };
        // The first reader gets the value itself: most handlers look once, and a copy of a map
        // costs as much as half of parsing it.
        if reads > 0 {
            *kept = Some(value.clone());
        }
        Ok(value)
    }

    /// Whether a property has this value.
    pub(super) fn has(&self, property: &str, value: &Dynamic) -> bool {
        let now: Result<Dynamic, String> = match property {
            "body" => self.body(),
            "json" => self.json(),
            "text" => self.text().map(Into::into),
            "topic" => self.topic(),
            "socket" => Ok(self.name.clone().into()),
            "msgid" => self.msgid().map(Into::into),
            "msgtype" => self.msgtype().map(|word| ImmutableString::from(word).into()),
            "bytes" => return value.as_blob_ref().is_ok_and(|blob| *blob == *self.bytes()),
            "sender" => self.sender().map(Dynamic::from_blob),
            "frames" => Ok(Dynamic::from_array(self.frames())),
            "user" => Ok(self.user()),
            _ => return false,
        };
        now.is_ok_and(|now| json::is_same(&now, value))
    }

    /// `msg.frames`: all frames as they came; on `rep` only those after the envelope, as ZeroMQ
    /// itself gives them.
    pub(super) fn frames(&self) -> Array {
        blobs(self.all_frames())
    }

    /// `msg.sender`: the routing id.
    pub(super) fn sender(&self) -> Result<Blob, String> {
        let route = self.route.as_ref().and_then(|route| route.envelope.first());
        route.map(|id| id.to_vec()).ok_or_else(|| {
            format!("a message from {} has no sender; router, rep and stream have", self.role)
        })
    }

    /// `msg.user`: the authenticated name of who sent it, or nothing.
    pub(super) fn user(&self) -> Dynamic {
        let user = match (&self.payload[..], &self.route) {
            ([frame, ..], _) => frame.user(),
            // Only its envelope came.
            ([], Some(route)) => route.envelope.last().and_then(Frame::user),
            ([], None) => None,
        };
        user.map_or(Dynamic::UNIT, |user| ImmutableString::from(user).into())
    }

    /// `msg.bytes`: the payload: what is behind the head or the topic, and of several plain frames
    /// the first one behind an empty delimiter.
    pub(super) fn bytes(&self) -> &[u8] {
        match (&self.head, &self.payload[..]) {
            (Some(head), [frame, ..]) => &frame[head.body..],
            (None, [_topic, body]) if self.format == Format::Envelope => body,
            (None, [delimiter, body, ..]) if delimiter.is_empty() => body,
            (None, [frame, ..]) => frame,
            (_, []) => &[],
        }
    }

    /// Every frame that the script may see, in order.
    pub(super) fn all_frames(&self) -> impl Iterator<Item = &Frame> {
        let envelope = match (&self.route, self.role) {
            (Some(route), Role::Router | Role::Stream) => &route.envelope[..],
            _ => &[],
        };
        envelope.iter().chain(&self.payload)
    }

    fn has_no(&self, property: &str, format: Format) -> String {
        format!(
            "a message of format {} has no {property}; that comes with format: {}",
            self.format.word(),
            format.word()
        )
    }
}

impl fmt::Display for Msg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown: Vec<String> = self.0.all_frames().map(|frame| excerpt(frame, 200)).collect();
        f.write_str(&shown.join(" | "))
    }
}

/// Whether a message fits a format, for nodes without a handler.
///
/// # Errors
///
/// When it does not, with the reason.
pub fn fits(format: Format, payload: &[Frame]) -> Result<(), Malformed> {
    head_of(payload, format, ReadProfile::default()).map(|_| ())
}

/// The first bytes of a frame in a form that fits one line.
pub(super) fn excerpt(bytes: &[u8], length: usize) -> String {
    let cut = &bytes[..bytes.len().min(length)];
    let mut text: String = String::from_utf8_lossy(cut)
        .chars()
        .map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c })
        .collect();
    if cut.len() < bytes.len() {
        text.push('…');
    }
    text
}

/// Text, or a blob where the bytes are not UTF-8.
/// Frames as a script has them.
pub(super) fn blobs<'f>(frames: impl IntoIterator<Item = &'f Frame>) -> Array {
    frames.into_iter().map(|frame| Dynamic::from_blob(frame.to_vec())).collect()
}

pub(super) fn text_or_blob(bytes: &[u8]) -> Dynamic {
    match as_text(bytes) {
        Some(text) => ImmutableString::from(text).into(),
        None => Dynamic::from_blob(bytes.to_vec()),
    }
}

fn head_of(
    payload: &[Frame],
    format: Format,
    profile: ReadProfile,
) -> Result<(Option<Head>, Option<Dynamic>), Malformed> {
    match format {
        Format::Plain => Ok((None, None)),
        Format::Envelope => parse_envelope(payload).map(|_| (None, None)),
        Format::Msgid => {
            let [frame] = payload else {
                return Err(Malformed::Frames { want: 1, got: payload.len() });
            };
            let frame: &[u8] = frame;
            let tagged = parse_tagged(frame)?;
            let (kind, json) = match tagged.msgtype {
                MsgType::Json if profile.reads && json::is_short(tagged.body) => {
                    let value = json::read(tagged.body).map_err(|_| Malformed::NotJson)?;
                    (Kind::Json, Some(value))
                }
                MsgType::Json if json::is_valid(tagged.body) => (Kind::Json, None),
                MsgType::Json => return Err(Malformed::NotJson),
                MsgType::Text if as_text(tagged.body).is_some() => (Kind::Text, None),
                MsgType::Text => return Err(Malformed::NotUtf8),
                MsgType::Other(_) => (Kind::Other, None),
            };
            let body = frame.len() - tagged.body.len();
            let word = tagged.msgtype.word().len();
            // Without a body there may be no space behind the type either.
            let end =
                if frame.ends_with(b" ") || !tagged.body.is_empty() { body - 1 } else { body };
            let head =
                Head { msgid: tagged.msgid, kind, msgtype: end.saturating_sub(word)..end, body };
            Ok((Some(head), json))
        }
    }
}

#[cfg(test)]
mod tests;
