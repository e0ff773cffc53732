//! A YAML text with other values.
//!
//! Owns how a value is put in or taken out by the way of its keys. Keeps no comment: who reads the result
//! is a program.

use serde_yaml::{Mapping, Value};

/// The text with these keys set, each by its way from the top to a value in YAML; without a value, the key
/// is taken out.
///
/// # Errors
///
/// When the text or a value is no YAML, or a way leads through something that has no keys.
pub fn with_values(text: &str, values: &[(Vec<String>, Option<String>)]) -> Result<String, String> {
    let mut document: Value = serde_yaml::from_str(text).map_err(|error| error.to_string())?;
    for (way, value) in values {
        let value: Option<Value> = match value {
            Some(text) => Some(serde_yaml::from_str(text).map_err(|error| error.to_string())?),
            None => None,
        };
        set(&mut document, way, value).ok_or_else(|| {
            format!("there are no keys at {}", way[..way.len().saturating_sub(1)].join("."))
        })?;
    }
    serde_yaml::to_string(&document).map_err(|error| error.to_string())
}

fn set(at: &mut Value, way: &[String], value: Option<Value>) -> Option<()> {
    let (first, rest) = way.split_first()?;
    let key = Value::from(first.as_str());
    if at.is_null() {
        *at = Value::Mapping(Mapping::new());
    }
    let mapping = at.as_mapping_mut()?;
    if !rest.is_empty() {
        if !mapping.contains_key(&key) {
            mapping.insert(key.clone(), Value::Null);
        }
        return set(mapping.get_mut(&key)?, rest, value);
    }
    match value {
        Some(value) => drop(mapping.insert(key, value)),
        None => drop(mapping.remove(&key)),
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_set_taken_out_and_made_on_the_way() {
        let text = "nodes:\n  a: {role: push, hwm: 5} # five\n";
        let way = |text: &str| text.split('.').map(str::to_owned).collect::<Vec<_>>();
        let set = |key: &str, value: Option<&str>| {
            with_values(text, &[(way(key), value.map(str::to_owned))])
        };
        let hwm = set("nodes.a.hwm", Some("{send: 1}")).unwrap();
        assert_eq!(hwm, "nodes:\n  a:\n    role: push\n    hwm:\n      send: 1\n");
        assert_eq!(set("nodes.a.hwm", None).unwrap(), "nodes:\n  a:\n    role: push\n");
        assert!(set("nodes.b.role", Some("pull")).unwrap().ends_with("  b:\n    role: pull\n"));
        assert!(set("nodes.a.role.x", Some("1")).unwrap_err().contains("nodes.a.role"));
    }
}
