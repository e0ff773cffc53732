//! A message as a recording has it: a protobuf message whose schema is in the file.
//!
//! Owns its form, and the names of channels. Never touches a file.

use std::collections::BTreeMap;

use prost::bytes::Bytes;
use prost::encoding::{WireType, encode_key, encode_varint};
use serde_json::Value;

use crate::message::Frame;
use crate::node::{Direction, Place};

/// The name of the message in its schema.
pub(super) const MESSAGE: &str = "zrig.Message";
/// The name of calls in theirs.
pub(super) const CALLS: &str = "zrig.Calls";
/// How messages are written.
pub(super) const PROTOBUF: &str = "protobuf";

/// A message that passed a socket: its time, socket and direction are its channel's and its record's.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Message {
    /// All frames as libzmq has them, the envelope included.
    #[prost(bytes = "bytes", repeated, tag = "1")]
    pub(super) frames: Vec<Bytes>,
    /// The host that a received message came from, where its transport knows one.
    #[prost(string, optional, tag = "2")]
    pub(super) peer: Option<String>,
}

impl Message {
    /// Writes one of frames that were received or sent, without a copy of them in between: what is recorded
    /// is mostly this.
    pub(super) fn write(frames: &[Frame], peer: Option<&str>, into: &mut Vec<u8>) {
        let mut field = |tag, bytes: &[u8]| {
            encode_key(tag, WireType::LengthDelimited, into);
            encode_varint(bytes.len() as u64, into);
            into.extend_from_slice(bytes);
        };
        frames.iter().for_each(|frame| field(1, frame));
        if let Some(peer) = peer {
            field(2, peer.as_bytes());
        }
    }
}

/// The topic of what passes a socket one way: `/NODE/SOCKET/in`.
pub(super) fn topic(place: &Place, direction: Direction) -> String {
    topic_of(&place.instance, &place.socket, direction.word())
}

/// The topic of what passed where messages are missing.
pub(super) fn topic_of_gap(gap: &Value) -> String {
    let word = |name: &str| gap[name].as_str().unwrap_or_default();
    topic_of(word("node"), word("socket"), word("direction"))
}

fn topic_of(instance: &str, socket: &str, direction: &str) -> String {
    format!("/{instance}/{socket}/{direction}")
}

/// What is to be known of a socket to read its messages.
pub(super) fn about(place: &Place, direction: Direction) -> BTreeMap<String, String> {
    let fields = [
        ("node", place.instance.to_string()),
        ("socket", place.socket.to_string()),
        ("direction", direction.word().to_owned()),
        ("role", place.role.word().to_owned()),
        ("format", place.format.word().to_owned()),
        ("sequence", place.numbered.to_string()),
    ];
    fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

#[cfg(test)]
mod tests {
    use prost::Message as _;

    use super::*;

    #[test]
    fn a_message_is_written_as_the_schema_says() {
        for (frames, peer) in [(&[][..], None), (&["ab"], Some("h")), (&["", "x", "yz"], None)] {
            let mut written = Vec::new();
            let given: Vec<Frame> = frames.iter().map(|text| Frame::from(*text)).collect();
            Message::write(&given, peer, &mut written);
            let frames = frames.iter().map(|text| Bytes::from_static(text.as_bytes())).collect();
            let peer = peer.map(str::to_owned);
            assert_eq!(written, Message { frames, peer }.encode_to_vec());
        }
    }
}
