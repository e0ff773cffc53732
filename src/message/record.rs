//! Messages as they lie in a file: lines, or records that keep every frame byte for byte.
//!
//! Owns both ways of each format, and what is too large for any. Never opens a file, and never says
//! where in one something is.

use std::fmt;

use data_encoding::{BASE64, HEXLOWER, HEXLOWER_PERMISSIVE};
use serde::de::{self, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde::{Deserialize, Deserializer};

use super::{Frame, Multipart, as_text};

/// The longest record of a file, in the bytes that it has there without its end or its length.
pub const RECORD_MAX: usize = 16 << 20;
/// The most frames that a record of several frames has.
pub const FRAMES_MAX: usize = 1 << 16;
/// How many bytes a length has.
pub const LENGTH: usize = 4;

/// How the messages of a file are kept apart, and their frames.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RecordFormat {
    /// A line a message, its frames joined by a space.
    Lines {
        /// `\n`, `\r` and `\\` stand for a line feed, a carriage return and a backslash.
        escape: bool,
    },
    /// The length of a message in 4 bytes, then each frame behind its own length.
    Length,
    /// A line a message, its frames in base64 and joined by a space.
    Base64,
    /// A line a message, a JSON object with its `frames`.
    Json,
    /// The bytes alone: nothing says where a message or a frame ends.
    Bytes,
}

/// Why a message cannot be written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unfit {
    /// A line end inside would make two lines of it.
    LineEnd,
    /// It would be a record of so many bytes.
    Large(usize),
    /// It has so many frames.
    Frames(usize),
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LineEnd => f.write_str(
                "a message with a line end inside was left out, since it would make two lines; \
                 `escape: true` of `write` writes line ends as \\n and \\r",
            ),
            Self::Large(bytes) => write!(
                f,
                "a message was left out, since it would be a record of {bytes} bytes; a record has \
                 {} MiB at most",
                RECORD_MAX >> 20
            ),
            Self::Frames(frames) => write!(
                f,
                "a message of {frames} frames was left out; a record has {FRAMES_MAX} at most"
            ),
        }
    }
}

impl RecordFormat {
    /// The words of the file, each with what it stands for.
    pub const WORDS: [(&'static str, Self); 5] = [
        ("lines", Self::Lines { escape: false }),
        ("length", Self::Length),
        ("base64", Self::Base64),
        ("json", Self::Json),
        ("bytes", Self::Bytes),
    ];

    /// The word of the topology file.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Lines { .. } => "lines",
            Self::Length => "length",
            Self::Base64 => "base64",
            Self::Json => "json",
            Self::Bytes => "bytes",
        }
    }

    /// Whether each record is a line.
    #[must_use]
    pub fn is_of_lines(self) -> bool {
        match self {
            Self::Lines { .. } | Self::Base64 | Self::Json => true,
            Self::Length | Self::Bytes => false,
        }
    }

    /// Adds a message to the bytes of a file; where it cannot be written they stay as they were.
    ///
    /// # Errors
    ///
    /// When it would not be read again as it is.
    pub fn write(self, frames: &[&[u8]], file: &mut Vec<u8>) -> Result<(), Unfit> {
        let start = file.len();
        // A request may have no frame behind its delimiter; nobody could send such a message again.
        let frames = if frames.is_empty() { &[&[][..]] } else { frames };
        match self {
            Self::Lines { escape } => return write_line(frames, escape, file),
            Self::Bytes => {
                frames.iter().for_each(|frame| file.extend_from_slice(frame));
                return Ok(());
            }
            _ if frames.len() > FRAMES_MAX => return Err(Unfit::Frames(frames.len())),
            Self::Length => write_lengths(frames, file)?,
            Self::Base64 => {
                for (at, frame) in frames.iter().enumerate() {
                    if at > 0 {
                        file.push(b' ');
                    }
                    let (text, room) = (file.len(), BASE64.encode_len(frame.len()));
                    file.resize(text + room, 0);
                    BASE64.encode_mut(frame, &mut file[text..]);
                }
            }
            Self::Json => {
                let frames: Vec<JsonFrame<'_>> = frames.iter().copied().map(JsonFrame).collect();
                file.extend_from_slice(b"{\"frames\":");
                // Text and maps of text always have a form in JSON, and a vector takes all bytes.
                let _ = serde_json::to_writer(&mut *file, &frames);
                file.push(b'}');
            }
        }
        let around = if self == Self::Length { LENGTH } else { 0 };
        let bytes = file.len() - start - around;
        if bytes > RECORD_MAX {
            file.truncate(start);
            return Err(Unfit::Large(bytes));
        }
        if self != Self::Length {
            file.push(b'\n');
        }
        Ok(())
    }

    /// The frames of a record, without its end or its length.
    ///
    /// # Errors
    ///
    /// What is wrong with it.
    pub fn read(self, record: &[u8]) -> Result<Multipart, String> {
        let frames: Multipart = match self {
            Self::Lines { .. } | Self::Bytes => Multipart::from_buf([Frame::copy(record)]),
            Self::Length => read_lengths(record)?,
            Self::Base64 => record
                .split(|&byte| byte == b' ')
                .take(FRAMES_MAX + 1)
                .map(|text| match BASE64.decode(text) {
                    Ok(frame) => Ok(Frame::copy(&frame)),
                    Err(error) => Err(format!("it is no base64: {error}")),
                })
                .collect::<Result<_, _>>()?,
            Self::Json => {
                let read: Result<JsonRecord, _> = serde_json::from_slice(record);
                read.map_err(|error| format!("it is no JSON object with `frames`: {error}"))?
                    .frames
                    .0
            }
        };
        match frames.len() {
            0 => Err("it has no frame".to_owned()),
            many if many > FRAMES_MAX => Err(format!("it has more than {FRAMES_MAX} frames")),
            _ => Ok(frames),
        }
    }
}

fn write_line(frames: &[&[u8]], escapes: bool, file: &mut Vec<u8>) -> Result<(), Unfit> {
    let ends_inside = |frame: &&[u8]| frame.contains(&b'\n') || frame.contains(&b'\r');
    if !escapes && frames.iter().any(ends_inside) {
        return Err(Unfit::LineEnd);
    }
    for (at, frame) in frames.iter().enumerate() {
        if at > 0 {
            file.push(b' ');
        }
        if escapes {
            escape(frame, file);
        } else {
            file.extend_from_slice(frame);
        }
    }
    file.push(b'\n');
    Ok(())
}

fn escape(frame: &[u8], line: &mut Vec<u8>) {
    for &byte in frame {
        match byte {
            b'\n' => line.extend_from_slice(b"\\n"),
            b'\r' => line.extend_from_slice(b"\\r"),
            b'\\' => line.extend_from_slice(b"\\\\"),
            other => line.push(other),
        }
    }
}

/// A line as it was before it was escaped; a backslash before anything else stays.
#[must_use]
pub fn unescape(line: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(line.len());
    let mut rest = line.iter();
    while let Some(&byte) = rest.next() {
        let next = rest.as_slice().first();
        let meant = match (byte, next) {
            (b'\\', Some(b'n')) => b'\n',
            (b'\\', Some(b'r')) => b'\r',
            (b'\\', Some(b'\\')) => b'\\',
            _ => {
                plain.push(byte);
                continue;
            }
        };
        plain.push(meant);
        rest.next();
    }
    plain
}

fn write_lengths(frames: &[&[u8]], file: &mut Vec<u8>) -> Result<(), Unfit> {
    let bytes = frames.iter().map(|frame| LENGTH + frame.len()).sum();
    let length = |bytes: usize| match u32::try_from(bytes) {
        Ok(bytes) => Ok(bytes.to_be_bytes()),
        Err(_) => Err(Unfit::Large(bytes)),
    };
    file.extend_from_slice(&length(bytes)?);
    for frame in frames {
        // No longer than the whole, whose length has its place.
        file.extend_from_slice(&length(frame.len())?);
        file.extend_from_slice(frame);
    }
    Ok(())
}

fn read_lengths(mut record: &[u8]) -> Result<Multipart, String> {
    let mut frames = Multipart::new();
    while !record.is_empty() && frames.len() <= FRAMES_MAX {
        let number = frames.len() + 1;
        let Some((length, rest)) = first_length(record) else {
            let left = record.len();
            return Err(format!(
                "{left} of the {LENGTH} bytes of frame {number}'s length are there"
            ));
        };
        let Some((frame, rest)) = rest.split_at_checked(length) else {
            let left = rest.len();
            return Err(format!("its frame {number} says {length} bytes, and {left} are left"));
        };
        frames.push(Frame::copy(frame));
        record = rest;
    }
    Ok(frames)
}

/// The length that bytes begin with, and what follows it.
#[must_use]
pub fn first_length(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<LENGTH>()?;
    Some((u32::from_be_bytes(*length) as usize, rest))
}

/// A frame in JSON: text where it is some, otherwise `{"hex": "…"}`.
#[derive(Debug)]
pub struct JsonFrame<'a>(pub &'a [u8]);

impl Serialize for JsonFrame<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if let Some(text) = as_text(self.0) {
            return serializer.serialize_str(text);
        }
        let mut map = serializer.serialize_map(Some(1))?;
        map.serialize_entry("hex", &HEXLOWER.encode(self.0))?;
        map.end()
    }
}

/// What else the object has, as in a line of `tap`, is not looked at.
#[derive(Deserialize)]
struct JsonRecord {
    frames: JsonFrames,
}

struct JsonFrames(Multipart);

impl<'de> Deserialize<'de> for JsonFrames {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = JsonFrames;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an array of frames")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<JsonFrames, A::Error> {
                let mut frames = Multipart::new();
                while let Some(ReadFrame(frame)) = array.next_element()? {
                    if frames.len() == FRAMES_MAX {
                        return Err(de::Error::custom(format!("more than {FRAMES_MAX} frames")));
                    }
                    frames.push(frame);
                }
                Ok(JsonFrames(frames))
            }
        }
        deserializer.deserialize_seq(Reader)
    }
}

struct ReadFrame(Frame);

impl<'de> Deserialize<'de> for ReadFrame {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = ReadFrame;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a frame: a text or {\"hex\": \"…\"}")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<ReadFrame, E> {
                Ok(ReadFrame(Frame::from(text)))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<ReadFrame, A::Error> {
                let Some("hex") = map.next_key::<String>()?.as_deref() else {
                    return Err(de::Error::custom("a frame that is no text is {\"hex\": \"…\"}"));
                };
                let digits: String = map.next_value()?;
                if map.next_key::<IgnoredAny>()?.is_some() {
                    return Err(de::Error::custom("a frame has `hex` and nothing else"));
                }
                match HEXLOWER_PERMISSIVE.decode(digits.as_bytes()) {
                    Ok(bytes) => Ok(ReadFrame(Frame::copy(&bytes))),
                    Err(error) => Err(de::Error::custom(format!("no hexadecimal: {error}"))),
                }
            }
        }
        deserializer.deserialize_any(Reader)
    }
}

#[cfg(test)]
mod tests;
