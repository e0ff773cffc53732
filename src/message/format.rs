//! The wire formats: `msgid` (one frame `<msgid> <msgtype> <body>`), `envelope` (topic and body)
//! and `plain` (frames as they are).
//!
//! Owns how frames are cut into their parts and put together. Never parses a body.

use std::fmt;

use super::{Frame, Multipart, as_text};
use crate::listing::counted;

/// How a socket's messages are laid out.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Format {
    /// One frame, `<msgid> <msgtype> <body>`.
    Msgid,
    /// Two frames, topic and body.
    Envelope,
    /// Frames as they are.
    Plain,
}

impl Format {
    /// All formats.
    pub const ALL: [Self; 3] = [Self::Msgid, Self::Envelope, Self::Plain];

    /// The format of that word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.word() == word)
    }

    /// Whether a message has a property that handlers read.
    #[must_use]
    pub fn has(self, property: &str) -> bool {
        match property {
            "msgid" | "msgtype" => self == Self::Msgid,
            "topic" => self == Self::Envelope,
            _ => true,
        }
    }

    /// The word of the topology file.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Msgid => "msgid",
            Self::Envelope => "envelope",
            Self::Plain => "plain",
        }
    }
}

/// What the body of a `msgid` message is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MsgType<'a> {
    /// UTF-8 text.
    Text,
    /// One JSON value.
    Json,
    /// A word of somebody else's; the body is read as text.
    Other(&'a str),
}

impl<'a> MsgType<'a> {
    /// The word on the wire.
    #[must_use]
    pub fn word(&self) -> &'a str {
        match self {
            Self::Text => "text",
            Self::Json => "json",
            Self::Other(word) => word,
        }
    }
}

/// The parts of a `msgid` message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Tagged<'a> {
    /// The message id.
    pub msgid: i64,
    /// What the body is.
    pub msgtype: MsgType<'a>,
    /// The rest, as it came.
    pub body: &'a [u8],
}

/// Why a message does not fit its socket's format.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Malformed {
    /// So many frames instead of so many.
    Frames {
        /// How many the format has.
        want: usize,
        /// How many came.
        got: usize,
    },
    /// The text before the first space is no integer.
    Msgid,
    /// There is no `<msgtype> ` after the message id, or it is no text.
    Msgtype,
    /// The body is marked as text but is not UTF-8.
    NotUtf8,
    /// The body is marked as JSON but does not parse.
    NotJson,
    /// No trailing frame with source, number and time, where `sequence` asks for one.
    Sequence,
    /// A request without the empty delimiter frame that a REQ socket sends.
    Delimiter,
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Frames { want, got } => {
                write!(f, "it has {got} frames where the format has {}", counted(*want, "frame"))
            }
            Self::Msgid => f.write_str("it does not begin with an integer and a space"),
            Self::Msgtype => f.write_str("its message id is not followed by a message type"),
            Self::NotUtf8 => f.write_str("it says it is text but is not UTF-8"),
            Self::NotJson => f.write_str("it says it is JSON but does not parse"),
            Self::Sequence => f.write_str("it has no trailing frame `<source> <number> <time>`"),
            Self::Delimiter => f.write_str("it has no empty delimiter frame before the request"),
        }
    }
}

/// Cuts the one frame of a `msgid` message. Neither the body nor its encoding is looked at.
///
/// # Errors
///
/// When the frame does not begin with an integer, a space, a word and a space (or its end).
pub fn parse_tagged(frame: &[u8]) -> Result<Tagged<'_>, Malformed> {
    let (msgid, rest) = split(frame).ok_or(Malformed::Msgid)?;
    let msgid = parse_integer(msgid).ok_or(Malformed::Msgid)?;
    let (word, body) = split(rest).unwrap_or((rest, &[]));
    let msgtype = match word {
        b"" => return Err(Malformed::Msgtype),
        b"text" => MsgType::Text,
        b"json" => MsgType::Json,
        other => MsgType::Other(as_text(other).ok_or(Malformed::Msgtype)?),
    };
    Ok(Tagged { msgid, msgtype, body })
}

/// Cuts an envelope into topic and body.
///
/// # Errors
///
/// When there are not two frames.
pub fn parse_envelope(frames: &[Frame]) -> Result<(&Frame, &Frame), Malformed> {
    match frames {
        [topic, body] => Ok((topic, body)),
        _ => Err(Malformed::Frames { want: 2, got: frames.len() }),
    }
}

/// Puts a `msgid` message together: one frame.
#[must_use]
pub fn encode_tagged(msgid: i64, msgtype: &str, body: &[u8]) -> Multipart {
    let mut digits = itoa::Buffer::new();
    let msgid = digits.format(msgid).as_bytes();
    Multipart::from_buf([Frame::joined(&[msgid, b" ", msgtype.as_bytes(), b" ", body])])
}

fn split(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = bytes.iter().position(|&byte| byte == b' ')?;
    Some((&bytes[..at], &bytes[at + 1..]))
}

fn parse_integer(digits: &[u8]) -> Option<i64> {
    let (negative, digits) = match digits {
        [b'-', rest @ ..] => (true, rest),
        _ => (false, digits),
    };
    if digits.is_empty() || digits.len() > 18 {
        return None;
    }
    let mut value = 0_i64;
    for &digit in digits {
        if !digit.is_ascii_digit() {
            return None;
        }
        value = value * 10 + i64::from(digit - b'0');
    }
    Some(if negative { -value } else { value })
}

/// Writes an integer behind what is in `text`.
pub fn write_integer(text: &mut Vec<u8>, value: i64) {
    text.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_msgid_frame_is_cut_at_its_first_two_spaces() {
        for (frame, msgid, msgtype, body) in [
            ("1000 json {\"data\": 42}", 1000, MsgType::Json, "{\"data\": 42}"),
            ("7 text a b c", 7, MsgType::Text, "a b c"),
            ("7 text ", 7, MsgType::Text, ""),
            ("7 text", 7, MsgType::Text, ""),
            ("-3 blob x", -3, MsgType::Other("blob"), "x"),
        ] {
            let want = Tagged { msgid, msgtype, body: body.as_bytes() };
            assert_eq!(parse_tagged(frame.as_bytes()), Ok(want), "{frame}");
        }
    }

    #[test]
    fn a_frame_that_is_no_msgid_message_says_why() {
        for (frame, why) in [
            (&b""[..], Malformed::Msgid),
            (b"1000", Malformed::Msgid),
            (b"abc text x", Malformed::Msgid),
            (b"99999999999999999999 text x", Malformed::Msgid),
            (b"1000 ", Malformed::Msgtype),
            (b"1000  x", Malformed::Msgtype),
            (b"1000 \xff x", Malformed::Msgtype),
        ] {
            assert_eq!(parse_tagged(frame), Err(why), "{:?}", String::from_utf8_lossy(frame));
        }
    }

    #[test]
    fn what_is_encoded_is_parsed_back() {
        let frames = encode_tagged(-12, "json", b"{}");
        assert_eq!(&*frames[0], b"-12 json {}");
        assert_eq!(parse_tagged(&frames[0]).map(|tagged| tagged.msgid), Ok(-12));
    }
}
