//! The schemas of what a recording has as protobuf, as other programs read them.
//!
//! Owns them as tables, beside the messages of `entry` and `calls`. Never touches a file.

use prost::Message as _;
use prost_types::field_descriptor_proto::{Label, Type};
use prost_types::{
    DescriptorProto, FieldDescriptorProto, FileDescriptorProto, FileDescriptorSet,
    OneofDescriptorProto,
};

/// A field: its number, its name, and how often it is there.
type Field = (i32, &'static str, Often, Of);

/// How often a field is there.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Often {
    Once,
    Perhaps,
    Many,
}

/// What a field is.
#[derive(Clone, Copy)]
enum Of {
    Bytes,
    Text,
    Number,
    Count,
    Fixed,
    Truth,
    One(&'static str),
}

use Of::{Bytes, Count, Fixed, Number, One, Text, Truth};
use Often::{Many, Once, Perhaps};

const MESSAGE: &[Field] = &[(1, "frames", Many, Bytes), (2, "peer", Perhaps, Text)];

const CALLS: &[(&str, &[Field])] = &[
    (
        "Calls",
        &[
            (1, "stand", Once, One("Stand")),
            (2, "calls", Many, One("Call")),
            (3, "missing", Once, Count),
        ],
    ),
    (
        "Stand",
        &[
            (1, "state", Once, Bytes),
            (2, "unknown", Once, Text),
            (3, "sockets", Many, One("Socket")),
            (4, "at", Once, Fixed),
            (5, "running", Once, Count),
            (6, "goes_on", Once, Truth),
        ],
    ),
    (
        "Socket",
        &[
            (1, "name", Once, Text),
            (2, "role", Once, Text),
            (3, "format", Once, Text),
            (4, "is_handled", Once, Truth),
            (5, "endpoint", Perhaps, Text),
        ],
    ),
    (
        "Call",
        &[
            (1, "handler", Once, Text),
            (2, "socket", Once, Number),
            (3, "number", Once, Number),
            (4, "is_bare", Once, Truth),
            (5, "at", Once, Fixed),
            (6, "given", Many, Bytes),
            (7, "form", Once, Text),
            (8, "timer", Once, Text),
            (9, "peer", Once, One("Peer")),
            (10, "times", Many, Fixed),
            (11, "running", Many, Count),
            (12, "chance", Perhaps, Count),
            (13, "seed", Once, Bytes),
            (14, "end", Once, Text),
            (15, "to", Many, Number),
            (16, "fingerprints", Many, Fixed),
            (17, "written", Many, One("Record")),
            (18, "deeds", Many, Text),
            (19, "endpoints", Once, One("Endpoints")),
        ],
    ),
    ("Record", &[(1, "frames", Many, Bytes)]),
    ("Endpoints", &[(1, "endpoints", Many, Text)]),
    (
        "Peer",
        &[
            (1, "event", Once, Text),
            (2, "endpoint", Perhaps, Text),
            (3, "topic", Perhaps, Bytes),
            (4, "user", Perhaps, Text),
            (5, "reason", Perhaps, Text),
        ],
    ),
];

/// The schema of a message that passed a socket: a `FileDescriptorSet`.
pub(super) fn of_message() -> Vec<u8> {
    file("zrig/message.proto", vec![message("Message", MESSAGE)])
}

/// The schema of calls.
pub(super) fn of_calls() -> Vec<u8> {
    file("zrig/calls.proto", CALLS.iter().map(|(name, fields)| message(name, fields)).collect())
}

fn file(name: &str, message_type: Vec<DescriptorProto>) -> Vec<u8> {
    let file = FileDescriptorProto {
        name: Some(name.to_owned()),
        package: Some("zrig".to_owned()),
        message_type,
        syntax: Some("proto3".to_owned()),
        ..FileDescriptorProto::default()
    };
    FileDescriptorSet { file: vec![file] }.encode_to_vec()
}

fn message(name: &str, fields: &[Field]) -> DescriptorProto {
    let mut message = DescriptorProto { name: Some(name.to_owned()), ..Default::default() };
    for &(number, name, often, of) in fields {
        let mut field = FieldDescriptorProto {
            name: Some(name.to_owned()),
            number: Some(number),
            label: Some(if often == Many { Label::Repeated } else { Label::Optional }.into()),
            ..FieldDescriptorProto::default()
        };
        let kind = match of {
            Bytes => Type::Bytes,
            Text => Type::String,
            Number => Type::Uint32,
            Count => Type::Uint64,
            Fixed => Type::Fixed64,
            Truth => Type::Bool,
            One(name) => {
                field.type_name = Some(format!(".zrig.{name}"));
                Type::Message
            }
        };
        field.r#type = Some(kind.into());
        if often == Perhaps {
            // `optional` of proto3 is a oneof of its own.
            field.proto3_optional = Some(true);
            field.oneof_index = i32::try_from(message.oneof_decl.len()).ok();
            let name = Some(format!("_{name}"));
            message.oneof_decl.push(OneofDescriptorProto { name, options: None });
        }
        message.field.push(field);
    }
    message
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schemas_say_what_is_written() {
        let of = |schema: Vec<u8>| FileDescriptorSet::decode(&*schema).unwrap().file.remove(0);
        let message = &of(of_message()).message_type[0];
        assert_eq!(message.name(), "Message");
        let fields: Vec<_> =
            message.field.iter().map(|field| (field.number(), field.name())).collect();
        assert_eq!(fields, [(1, "frames"), (2, "peer")]);
        let calls = of(of_calls());
        let names: Vec<&str> = calls.message_type.iter().map(|it| it.name()).collect();
        for field in calls.message_type.iter().flat_map(|message| &message.field) {
            let named = field.type_name.as_deref().map(|name| name.trim_start_matches(".zrig."));
            assert!(named.is_none_or(|name| names.contains(&name)), "{named:?}");
        }
    }
}
