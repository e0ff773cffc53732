//! What may stand at a path of keys, read off the schema.
//!
//! Owns walking through it. Has no list of keys of its own.

use std::sync::LazyLock;

use serde_json::Value;

static SCHEMA: LazyLock<Value> = LazyLock::new(crate::schema::schema);

/// A key or a word with its line.
pub(super) type Named = (&'static str, Option<&'static str>);

/// Everything that a value at this path may be.
pub(super) fn at(path: &[&str]) -> Vec<&'static Value> {
    let mut shapes = flat(&SCHEMA);
    for key in path {
        shapes = shapes.into_iter().filter_map(|shape| below(shape, key)).flat_map(flat).collect();
    }
    shapes
}

/// The keys that a map at this path may have.
pub(super) fn keys(path: &[&str]) -> Vec<Named> {
    let mut found: Vec<Named> = Vec::new();
    for shape in at(path) {
        let properties = shape.get("properties").and_then(Value::as_object);
        for (key, value) in properties.into_iter().flatten() {
            if !found.iter().any(|(known, _)| known == key) {
                found.push((key, value.get("description").and_then(Value::as_str)));
            }
        }
    }
    found
}

/// The words that a value at this path may be.
pub(super) fn words(path: &[&str]) -> Vec<Named> {
    let mut found: Vec<Named> = Vec::new();
    let mut add = |word: &'static str, about: Option<&'static str>| {
        if !found.iter().any(|(known, _)| *known == word) {
            found.push((word, about));
        }
    };
    for shape in at(path) {
        let about = shape.get("description").and_then(Value::as_str);
        let several = shape.get("enum").and_then(Value::as_array).into_iter().flatten();
        for value in several.chain(shape.get("const")) {
            match value {
                Value::String(word) => add(word, about),
                Value::Bool(truth) => add(if *truth { "true" } else { "false" }, about),
                Value::Null | Value::Number(_) | Value::Array(_) | Value::Object(_) => {}
            }
        }
    }
    found
}

/// Whether nothing but a map can stand there.
pub(super) fn is_map(path: &[&str]) -> bool {
    let is_map = |shape: &&Value| shape.get("type").is_some_and(|kind| kind == "object");
    let shapes = at(path);
    !shapes.is_empty() && shapes.iter().all(is_map)
}

/// A shape's alternatives and those of its references, lists looked through.
fn flat(shape: &'static Value) -> Vec<&'static Value> {
    if let Some(name) = shape.get("$ref").and_then(Value::as_str) {
        let name = name.rsplit('/').next().unwrap_or_default();
        return SCHEMA["definitions"].get(name).map(flat).unwrap_or_default();
    }
    let alternatives = shape.get("anyOf").and_then(Value::as_array).into_iter().flatten();
    let inner = alternatives.chain(shape.get("items")).flat_map(flat);
    std::iter::once(shape).filter(|shape| shape.get("anyOf").is_none()).chain(inner).collect()
}

fn below(shape: &'static Value, key: &str) -> Option<&'static Value> {
    if let Some(found) = shape.get("properties").and_then(|known| known.get(key)) {
        return Some(found);
    }
    let patterns = shape.get("patternProperties").and_then(Value::as_object);
    let mut patterns = patterns.into_iter().flatten().filter(|(pattern, _)| *pattern != "^<<$");
    let fits = |pattern: &str| !pattern.starts_with("^on_") || key.starts_with("on_");
    let named = patterns.find(|(pattern, _)| fits(pattern)).map(|(_, value)| value);
    named.or_else(|| shape.get("additionalProperties").filter(|more| more.is_object()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::topology::keys as known;

    fn names(found: Vec<Named>) -> Vec<&'static str> {
        found.into_iter().map(|(name, _)| name).collect()
    }

    #[test]
    fn every_key_of_the_format_is_found_at_its_place_with_its_line() {
        let of_node = ["nodes", "a"];
        let of_socket = ["nodes", "a", "sockets", "b"];
        for (path, wanted) in [
            (&[][..], known::TOP),
            (&of_node[..], known::NODE),
            (&of_node[..], known::SOCKET),
            (&of_node[..], known::EVENTS),
            (&of_socket[..], known::SOCKET),
            (&["nodes", "a", "read"][..], known::READ),
            (&["nodes", "a", "write"][..], known::WRITE),
            (&["nodes", "a", "process"][..], known::PROCESS),
            (&["nodes", "a", "process", "stop"][..], known::STOP),
            (&["nodes", "a", "hwm"][..], known::HWM),
            (&["nodes", "a", "curve"][..], known::CURVE),
            (&["defaults"][..], known::DEFAULTS),
            (&["security"][..], known::SECURITY),
        ] {
            let found = keys(path);
            for key in wanted {
                let (_, about) = found.iter().find(|(name, _)| name == key).unwrap();
                assert!(about.is_some(), "{path:?} {key}");
            }
        }
        assert!(names(keys(&["nodes", "a", "options"])).contains(&"router_mandatory"));
        assert!(keys(&["nodes", "a", "params"]).is_empty());
    }

    #[test]
    fn words_and_maps_are_told_apart() {
        assert_eq!(words(&["nodes", "a", "role"]).len(), 12);
        assert!(words(&["nodes", "a", "role"]).iter().all(|(_, about)| about.is_some()));
        assert_eq!(names(words(&["nodes", "a", "isolate"])), ["true", "false"]);
        assert!(is_map(&["nodes"]) && is_map(&["nodes", "a", "timers"]));
        assert!(!is_map(&["nodes", "a", "hwm"]) && !is_map(&["nodes", "a", "role"]));
    }
}
