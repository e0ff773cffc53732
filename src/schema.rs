//! The JSON Schemas of topologies and of test files, for editors.
//!
//! Owns its shape. The words come from where the checker has them, the meanings from the pages of
//! `explain`. Never checks a topology: a schema sees one value at a time, the checker the whole.

mod test_files;

use serde_json::{Map, Value, json};

use crate::explain::{meaning, takes};
use crate::message::RecordFormat;
use crate::topology::{StopSignal, keys};
use crate::zeromq::{OptionKind, Role, SocketOption};

pub use test_files::test_schema;

/// What a variable looks like, which may stand for any scalar.
const VARIABLE: &str = r"\$";
/// A duration as people write it.
const DURATION: &str = r"^[0-9]+(\.[0-9]+)? *(us|µs|ms|s|m|h)?$";
/// A size, with a binary or decimal unit.
const SIZE: &str = r"^[0-9]+(\.[0-9]+)? *([KMGT]i?B|B)?$";
/// So many per time.
const RATE: &str = r"^[0-9]+(\.[0-9]+)? */ *(us|ms|s|m|h)$";
/// A node's name, or a node's and a socket's.
const NAME: &str = "^[A-Za-z][A-Za-z0-9_-]*$";
/// A socket's or a timer's name.
const SOCKET_NAME: &str = "^[A-Za-z][A-Za-z0-9_]*$";

/// The schema, draft-07.
#[must_use]
pub fn schema() -> Value {
    json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "zrig topology",
        "description": "Nodes, sockets and handlers of a ZeroMQ topology, version 1",
        "type": "object",
        "additionalProperties": false,
        "required": ["nodes"],
        "properties": described(keys::TOP, &top_key),
        "definitions": {
            "node": node(),
            "socket": {
                "type": "object",
                "additionalProperties": false,
                "properties": described(keys::SOCKET, &socket_key),
            },
            "options": options(),
        },
    })
}

/// Each key with what it takes and its one line.
fn described(keys: &[&str], takes: &dyn Fn(&str) -> Value) -> Map<String, Value> {
    keys.iter().map(|key| ((*key).to_owned(), with_meaning(takes(key), key))).collect()
}

fn with_meaning(mut schema: Value, word: &str) -> Value {
    if let (Some(object), Some(meaning)) = (schema.as_object_mut(), meaning(word)) {
        object.insert("description".to_owned(), json!(meaning));
    }
    schema
}

fn top_key(key: &str) -> Value {
    match key {
        "version" => json!({"enum": [1, "1"]}),
        "defaults" => object(keys::DEFAULTS, &socket_key),
        "security" => object(keys::SECURITY, &|_| text()),
        "places" => json!({
            "type": "object",
            "additionalProperties": false,
            "patternProperties": {NAME: object(keys::PLACE, &place_key), "^<<$": {}},
        }),
        "nodes" => json!({
            "type": "object",
            "minProperties": 1,
            "additionalProperties": false,
            // A merge key names no node.
            "patternProperties": {NAME: {"$ref": "#/definitions/node"}, "^<<$": {}},
        }),
        _ => text(),
    }
}

fn place_key(key: &str) -> Value {
    match key {
        "replicas" => integer(1, Some(10_000)),
        _ => text(),
    }
}

fn object(keys: &[&str], takes: &dyn Fn(&str) -> Value) -> Value {
    json!({
        "type": "object",
        "additionalProperties": false,
        "properties": described(keys, takes),
    })
}

fn node() -> Value {
    let mut properties = described(keys::NODE, &node_key);
    properties.extend(described(keys::SOCKET, &socket_key));
    properties.extend(described(keys::EVENTS, &|_| text()));
    json!({
        "type": "object",
        "additionalProperties": false,
        "properties": properties,
        // One handler for each socket, which only the checker can hold against the sockets.
        "patternProperties": {"^on_[A-Za-z][A-Za-z0-9_]*$": text(), "^<<$": {}},
    })
}

fn node_key(key: &str) -> Value {
    match key {
        "sockets" => json!({
            "type": "object",
            "minProperties": 1,
            "additionalProperties": false,
            "patternProperties": {SOCKET_NAME: {"$ref": "#/definitions/socket"}, "^<<$": {}},
        }),
        "every" | "idle" => duration(),
        "timers" => json!({"type": "object", "additionalProperties": duration()}),
        "forward" => forward(),
        "read" => object(keys::READ, &|key| match key {
            "rate" => {
                json!({"type": "string", "anyOf": [{"pattern": RATE}, {"pattern": VARIABLE}]})
            }
            "repeat" | "escape" | "follow" => boolean(),
            "from" => read_from(),
            "format" => record_formats(),
            _ => text(),
        }),
        "write" => object(keys::WRITE, &|key| match key {
            "file" => text(),
            "format" => record_formats(),
            _ => boolean(),
        }),
        "process" => process(),
        "params" => json!({"type": ["object", "null"]}),
        "replicas" => integer(1, Some(10_000)),
        "on_error" => words(["skip", "restart", "stop"]),
        "isolate" | "counts" => boolean(),
        "state_limit" => size(),
        _ => text(),
    }
}

fn process() -> Value {
    let word = json!({"type": ["string", "number", "boolean"]});
    let key = |key: &str| match key {
        "command" => one_or_many(word.clone()),
        "environment" => json!({
            "type": "object",
            "additionalProperties": text(),
            "propertyNames": {"pattern": "^[^=]+$"},
        }),
        "on_exit" => words(["restart", "stop", "leave"]),
        "ready" => json!({
            "anyOf": [{"type": "integer", "minimum": 1, "maximum": 65535}, {"type": "string", "minLength": 1}],
        }),
        "stop" => object(keys::STOP, &|key| match key {
            "signal" => words(StopSignal::WORDS.map(|(word, _)| word)),
            _ => duration(),
        }),
        _ => text(),
    };
    let mut process = object(keys::PROCESS, &key);
    // The function `stop` has a page of that word.
    let stop = &mut process["properties"]["stop"];
    *stop = with_meaning(stop.take(), "stop of a program");
    process["required"] = json!(["command"]);
    process
}

fn read_from() -> Value {
    let place = |least: i64| integer(least, None);
    let of = |key: &str, least| {
        json!({
            "type": "object",
            "additionalProperties": false,
            "required": [key],
            "properties": {key: place(least)},
        })
    };
    json!({"anyOf": [words(["start", "end"]), of("byte", 0), of("line", 1)]})
}

fn record_formats() -> Value {
    words(RecordFormat::WORDS.map(|(word, _)| word))
}

fn forward() -> Value {
    let pair = json!({"type": "array", "items": {"type": "string"}, "minItems": 2, "maxItems": 2});
    let one_way = json!({"type": "object", "additionalProperties": {"type": "string"}});
    let several = json!({"type": "array", "items": {"anyOf": [pair, one_way]}});
    json!({"anyOf": [pair, one_way, several]})
}

fn socket_key(key: &str) -> Value {
    match key {
        "role" => roles(),
        "bind" | "connect" => one_or_many(json!({
            "anyOf": [{"type": "integer", "minimum": 1, "maximum": 65535}, {"type": "string", "minLength": 1}],
        })),
        "msgids" => one_or_many(integer(-999_999_999_999_999_999, Some(999_999_999_999_999_999))),
        "topics" => one_or_many(text()),
        "msgid" => integer(-999_999_999_999_999_999, Some(999_999_999_999_999_999)),
        "format" => words(["msgid", "envelope", "plain"]),
        "hwm" => json!({"anyOf": [mark(), object(keys::HWM, &|_| mark())]}),
        "when_full" => words(["drop", "wait"]),
        "sequence" => boolean(),
        "linger" => json!({"anyOf": [{"const": -1}, duration()]}),
        "options" => json!({"$ref": "#/definitions/options"}),
        "allow" | "deny" => one_or_many(text()),
        "curve" => json!({"anyOf": [{"enum": [false, "false"]}, object(keys::CURVE, &curve_key)]}),
        "plain" => object(keys::PLAIN, &|_| text()),
        _ => text(),
    }
}

fn curve_key(key: &str) -> Value {
    match key {
        "role" => words(["server", "client"]),
        "allow" => words(["any"]),
        _ => text(),
    }
}

fn mark() -> Value {
    integer(0, Some(i64::from(i32::MAX)))
}

/// The roles, each with its line where an editor shows one.
fn roles() -> Value {
    let roles =
        Role::ALL.into_iter().map(|role| with_meaning(json!({"const": role.word()}), role.word()));
    json!({"anyOf": or_variable(roles.collect())})
}

fn options() -> Value {
    let options = SocketOption::all().iter().map(|option| {
        let mut schema = option_value(option.kind);
        if let Some(object) = schema.as_object_mut() {
            let about = format!("{} (takes {})", option.meaning, takes(option.kind));
            object.insert("description".to_owned(), json!(about));
        }
        (option.name.0.to_owned(), schema)
    });
    json!({
        "type": "object",
        "additionalProperties": false,
        "properties": options.collect::<Map<String, Value>>(),
        "patternProperties": {"^<<$": {}},
    })
}

fn option_value(kind: OptionKind) -> Value {
    let or_minus_one = |schema: Value| json!({"anyOf": [{"const": -1}, schema]});
    match kind {
        OptionKind::Boolean => json!({"anyOf": [boolean(), {"enum": [0, 1]}]}),
        OptionKind::Tristate => json!({"anyOf": [boolean(), {"enum": [-1, 0, 1]}]}),
        OptionKind::Integer { min, max } => integer(i64::from(min), Some(i64::from(max))),
        OptionKind::Buffer => json!({
            "type": "integer",
            "minimum": OptionKind::BUFFER_STEP,
            "maximum": OptionKind::LARGEST_BUFFER,
            "multipleOf": OptionKind::BUFFER_STEP,
        }),
        OptionKind::Milliseconds { min, .. } if min < 0 => or_minus_one(duration()),
        OptionKind::Milliseconds { .. } => duration(),
        OptionKind::Seconds => or_minus_one(duration()),
        OptionKind::Size | OptionKind::LongSize => or_minus_one(size()),
        OptionKind::Mask => integer(0, None),
        OptionKind::Flags(flags) => {
            let word = json!({"enum": flags.iter().map(|(word, _)| *word).collect::<Vec<_>>()});
            json!({"anyOf": [word, {"type": "array", "items": word}, {"type": "integer", "minimum": 0}]})
        }
        OptionKind::Text { .. } | OptionKind::Key | OptionKind::Property => text(),
    }
}

fn text() -> Value {
    json!({"type": ["string", "number", "boolean"]})
}

fn boolean() -> Value {
    json!({"anyOf": or_variable(vec![json!({"type": "boolean"}), json!({"enum": ["true", "false"]})])})
}

fn integer(min: i64, max: Option<i64>) -> Value {
    let mut number = json!({"type": "integer", "minimum": min});
    if let (Some(max), Some(object)) = (max, number.as_object_mut()) {
        object.insert("maximum".to_owned(), json!(max));
    }
    json!({"anyOf": or_variable(vec![number])})
}

fn duration() -> Value {
    let number = json!({"type": "number", "minimum": 0});
    let text = json!({"type": "string", "pattern": DURATION});
    json!({"anyOf": or_variable(vec![number, text])})
}

fn size() -> Value {
    let number = json!({"type": "number", "minimum": 0});
    let text = json!({"type": "string", "pattern": SIZE});
    json!({"anyOf": or_variable(vec![number, text])})
}

fn words<const N: usize>(words: [&str; N]) -> Value {
    json!({"anyOf": or_variable(vec![json!({"enum": words.to_vec()})])})
}

fn one_or_many(schema: Value) -> Value {
    json!({"anyOf": [schema, {"type": "array", "items": schema}]})
}

/// What a scalar may be when its value comes from the environment.
fn or_variable(mut schemas: Vec<Value>) -> Vec<Value> {
    schemas.push(json!({"type": "string", "pattern": VARIABLE}));
    schemas
}
