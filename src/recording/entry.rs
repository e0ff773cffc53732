//! A message as a recording has it: a protobuf message whose schema is in the file.
//!
//! Owns its form, and the names of channels. Never touches a file.

use std::collections::BTreeMap;

use prost::Message as _;
use prost::bytes::Bytes;
use prost_types::field_descriptor_proto::{Label, Type};
use prost_types::{DescriptorProto, FieldDescriptorProto, FileDescriptorProto, FileDescriptorSet};

use crate::message::Frame;
use crate::node::{Direction, Place};

/// The name of the message in its schema.
pub(super) const MESSAGE: &str = "zrig.Message";
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
    /// Of frames that were received or sent.
    pub(super) fn of(frames: &[Frame], peer: Option<String>) -> Self {
        Self { frames: frames.iter().map(|frame| Bytes::copy_from_slice(frame)).collect(), peer }
    }
}

/// The schema of [`Message`] as other programs read it: a `FileDescriptorSet`.
pub(super) fn schema() -> Vec<u8> {
    let field = |name: &str, number, label: Label, kind: Type| FieldDescriptorProto {
        name: Some(name.to_owned()),
        number: Some(number),
        label: Some(label.into()),
        r#type: Some(kind.into()),
        ..FieldDescriptorProto::default()
    };
    let mut peer = field("peer", 2, Label::Optional, Type::String);
    // `optional` of proto3 is a oneof of its own.
    (peer.proto3_optional, peer.oneof_index) = (Some(true), Some(0));
    let message = DescriptorProto {
        name: Some("Message".to_owned()),
        field: vec![field("frames", 1, Label::Repeated, Type::Bytes), peer],
        oneof_decl: vec![prost_types::OneofDescriptorProto {
            name: Some("_peer".to_owned()),
            options: None,
        }],
        ..DescriptorProto::default()
    };
    let file = FileDescriptorProto {
        name: Some("zrig/message.proto".to_owned()),
        package: Some("zrig".to_owned()),
        message_type: vec![message],
        syntax: Some("proto3".to_owned()),
        ..FileDescriptorProto::default()
    };
    FileDescriptorSet { file: vec![file] }.encode_to_vec()
}

/// The topic of what passes a socket one way: `/NODE/SOCKET/in`.
pub(super) fn topic(place: &Place, direction: Direction) -> String {
    format!("/{}/{}/{}", place.instance, place.socket, direction.word())
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
    use super::*;

    #[test]
    fn the_schema_says_what_is_written() {
        let set = FileDescriptorSet::decode(&*schema()).unwrap();
        let message = &set.file[0].message_type[0];
        assert_eq!(
            format!("{}.{}", set.file[0].package(), message.name()),
            MESSAGE,
            "the name that channels refer to"
        );
        let fields: Vec<_> =
            message.field.iter().map(|it| (it.name(), it.number(), it.r#type())).collect();
        assert_eq!(fields, [("frames", 1, Type::Bytes), ("peer", 2, Type::String)]);
        let written = Message { frames: vec![Bytes::from_static(b"ab")], peer: Some("h".into()) };
        assert_eq!(written.encode_to_vec(), b"\x0a\x02ab\x12\x01h");
    }
}
