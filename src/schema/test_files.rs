//! The JSON Schema of test files.
//!
//! Owns its shape. Its words and their meanings are those that the checker of test files reads by.

use serde_json::{Map, Value, json};

use super::{boolean, duration, integer, mark, object, one_or_many, roles, text, words};
use crate::test_file::known;
use crate::topology::keys;

/// The schema of test files, draft-07.
#[must_use]
pub fn test_schema() -> Value {
    json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "zrig tests",
        "description": "Tests of a ZeroMQ topology",
        "type": "object",
        "additionalProperties": false,
        "required": known::TOP,
        "properties": described("", &[known::TOP], &|key| match key {
            "tests" => json!({
                "type": "array",
                "minItems": 1,
                "items": {"$ref": "#/definitions/test"},
            }),
            _ => text(),
        }),
        "definitions": {"test": test(), "peer": peer(), "step": step()},
    })
}

/// Each key of some sets with what it takes and its one line.
fn described(owner: &str, sets: &[&[&str]], takes: &dyn Fn(&str) -> Value) -> Map<String, Value> {
    let keys = sets.iter().flat_map(|keys| keys.iter());
    let described = keys.map(|key| {
        let mut schema = takes(key);
        if let (Some(object), Some(meaning)) = (schema.as_object_mut(), known::meaning(owner, key))
        {
            object.insert("description".to_owned(), json!(meaning));
        }
        ((*key).to_owned(), schema)
    });
    described.collect()
}

fn closed(properties: Map<String, Value>, required: &[&str]) -> Value {
    json!({
        "type": "object",
        "additionalProperties": false,
        "properties": properties,
        "patternProperties": {"^<<$": {}},
        "required": required,
    })
}

fn test() -> Value {
    let properties = described("", &[known::TEST], &|key| match key {
        "peers" => json!({
            "type": ["object", "null"],
            "additionalProperties": {"$ref": "#/definitions/peer"},
        }),
        "steps" => json!({
            "type": "array",
            "minItems": 1,
            "items": {"$ref": "#/definitions/step"},
        }),
        "always" | "without" => one_or_many(text()),
        _ => text(),
    });
    closed(properties, &["name", "steps"])
}

fn peer() -> Value {
    let properties = described("", &[known::PEER], &|key| match key {
        "role" => roles(),
        "connect" | "bind" => one_or_many(json!({
            "anyOf": [
                {"type": "integer", "minimum": 1, "maximum": 65535},
                {"type": "string", "minLength": 1},
            ],
        })),
        "format" => words(["msgid", "envelope", "plain"]),
        "msgids" => one_or_many(msgid()),
        "topics" => one_or_many(text()),
        "hwm" => json!({"anyOf": [mark(), object(keys::HWM, &|_| mark())]}),
        _ => text(),
    });
    let mut peer = closed(properties, &["role"]);
    peer["anyOf"] = json!([{"required": ["connect"]}, {"required": ["bind"]}]);
    peer
}

fn step() -> Value {
    let steps = known::STEPS.iter().map(|step| {
        let mut schema = match step.name {
            "wait" => duration(),
            "kill" | "start" => text(),
            "cut" | "heal" => pair(),
            "tick" => json!({"anyOf": [text(), of_step(step)]}),
            _ => of_step(step),
        };
        if let Some(object) = schema.as_object_mut() {
            object.insert("description".to_owned(), json!(step.meaning));
        }
        (step.name.to_owned(), schema)
    });
    json!({
        "type": "object",
        "additionalProperties": false,
        "minProperties": 1,
        "maxProperties": 1,
        "properties": steps.collect::<Map<String, Value>>(),
    })
}

fn of_step(step: &known::Step) -> Value {
    let properties = described(step.name, step.keys, &|key| match key {
        "msgid" => msgid(),
        "count" => integer(1, Some(1_000_000_000)),
        "within" | "for" | "by" => duration(),
        "sent" => boolean(),
        "between" => pair(),
        "frames" => json!({"type": "array", "minItems": 1, "items": frame()}),
        "sends" => json!({"type": "array"}),
        "state" | "this" => json!({"type": "object"}),
        "set" => json!({"type": "object", "minProperties": 1}),
        "json" | "returns" => json!({}),
        _ => text(),
    });
    let required: &[&str] = match step.name {
        "expect" | "never" => &["at"],
        "delay" => &["between", "by"],
        "slow" => &["node", "by"],
        "tick" | "call" => &["node"],
        _ => &[],
    };
    closed(properties, required)
}

fn frame() -> Value {
    let of = described("", &[known::FRAME], &|_| text());
    json!({"anyOf": [text(), closed(of, known::FRAME)]})
}

fn msgid() -> Value {
    integer(-999_999_999_999_999_999, Some(999_999_999_999_999_999))
}

fn pair() -> Value {
    json!({"type": "array", "items": text(), "minItems": 2, "maxItems": 2})
}
