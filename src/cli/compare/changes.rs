//! What differs between two frames, for a person or a program.
//!
//! Owns that JSON is compared key by key, also where a message id stands before it. Never prints anything.

use serde_json::{Map, Value};

use crate::message::JsonFrame;

/// How many changes of a frame are told.
const MOST: usize = 20;

/// A value that differs.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Change {
    /// Where: `.factors[1]`, or nothing where it is all of it.
    pub(super) path: String,
    /// What it was; nothing where it was not there.
    pub(super) then: Option<Value>,
    /// What it is; nothing where it is there no more.
    pub(super) now: Option<Value>,
}

/// What differs between two frames; of JSON, by its keys, and at most so many.
pub(super) fn changes(then: &[u8], now: &[u8]) -> Vec<Change> {
    if let (Some((before, then)), Some((after, now))) = (json(then), json(now))
        && before == after
    {
        let mut found = Vec::new();
        compare(String::new(), Some(&then), Some(&now), &mut found);
        // The same values may be written otherwise.
        if !found.is_empty() {
            return found;
        }
    }
    let shown = |frame: &[u8]| serde_json::to_value(JsonFrame(frame)).ok();
    vec![Change { path: String::new(), then: shown(then), now: shown(now) }]
}

/// The JSON object or array of a frame, and what stands before it: a message id and its type.
fn json(frame: &[u8]) -> Option<(&[u8], Value)> {
    let begin = frame.iter().position(|byte| matches!(byte, b'{' | b'['))?;
    let (before, text) = frame.split_at(begin);
    Some((before, serde_json::from_slice(text).ok()?))
}

fn compare(path: String, then: Option<&Value>, now: Option<&Value>, found: &mut Vec<Change>) {
    if then == now || found.len() >= MOST {
        return;
    }
    match (then, now) {
        (Some(Value::Object(then)), Some(Value::Object(now))) => {
            for key in keys(then, now) {
                compare(format!("{path}.{key}"), then.get(key), now.get(key), found);
            }
        }
        (Some(Value::Array(then)), Some(Value::Array(now))) => {
            for at in 0..then.len().max(now.len()) {
                compare(format!("{path}[{at}]"), then.get(at), now.get(at), found);
            }
        }
        _ => found.push(Change { path, then: then.cloned(), now: now.cloned() }),
    }
}

/// All keys of either, those of the first one first.
fn keys<'v>(one: &'v Map<String, Value>, other: &'v Map<String, Value>) -> Vec<&'v String> {
    let more = other.keys().filter(|key| !one.contains_key(*key));
    one.keys().chain(more).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(then: &str, now: &str) -> Vec<String> {
        let shown = |value: Option<Value>| value.map_or("-".to_owned(), |it| it.to_string());
        changes(then.as_bytes(), now.as_bytes())
            .into_iter()
            .map(|it| format!("{} {} {}", it.path, shown(it.then), shown(it.now)))
            .collect()
    }

    #[test]
    fn json_is_compared_key_by_key_and_anything_else_as_it_is() {
        for (then, now, want) in [
            (r#"{"a":1,"b":2}"#, r#"{"a":1,"b":3}"#, &[".b 2 3"][..]),
            (r#"{"a":1}"#, r#"{"b":1}"#, &[".a 1 -", ".b - 1"]),
            (r#"{"a":[1,{"x":2}]}"#, r#"{"a":[1,{"x":5},7]}"#, &[".a[1].x 2 5", ".a[2] - 7"]),
            (r#"7 json {"a":1}"#, r#"7 json {"a":2}"#, &[".a 1 2"]),
            (
                r#"7 json {"a":1}"#,
                r#"8 json {"a":1}"#,
                &[r#" "7 json {\"a\":1}" "8 json {\"a\":1}""#],
            ),
            (r#"{"a":1}"#, r#"{ "a":1}"#, &[r#" "{\"a\":1}" "{ \"a\":1}""#]),
            ("[1]", r#"{"a":1}"#, &[r#" [1] {"a":1}"#]),
            ("abc", "abd", &[r#" "abc" "abd""#]),
            ("{a", "{b", &[r#" "{a" "{b""#]),
        ] {
            assert_eq!(told(then, now), want, "{then} {now}");
        }
        assert_eq!(changes(b"\xff", b"a")[0].then, Some(serde_json::json!({"hex": "ff"})));
        let long = |n: u64| serde_json::json!((0..100).map(|it| it + n).collect::<Vec<_>>());
        assert_eq!(told(&long(0).to_string(), &long(1).to_string()).len(), MOST);
    }
}
