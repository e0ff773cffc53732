//! A node's state as it travels between threads.
//!
//! Owns what of `this` can be kept when a node begins anew: values, not functions and not messages.

use rhai::{Array, Blob, Dynamic, Map};

use super::digits::Digits;

/// A node's state, taken out of its handlers.
#[derive(Clone, PartialEq, Debug)]
pub struct SavedState(Value);

#[derive(Clone, PartialEq, Debug)]
enum Value {
    Unit,
    Bool(bool),
    Int(i64),
    Float(f64),
    Digits(String),
    Char(char),
    Text(String),
    Blob(Vec<u8>),
    Array(Vec<Value>),
    Map(Vec<(String, Value)>),
}

impl SavedState {
    /// The part of a state that can be kept; anything else in it becomes `()`.
    pub(super) fn of(state: &Dynamic) -> Self {
        Self(value(state))
    }

    /// The state again.
    pub(super) fn into_state(self) -> Dynamic {
        dynamic(self.0)
    }
}

fn value(from: &Dynamic) -> Value {
    if from.is_shared() {
        return value(&from.flatten_clone());
    }
    if let Some(map) = from.read_lock::<Map>() {
        let entries = map.iter().map(|(key, entry)| (key.to_string(), value(entry)));
        return Value::Map(entries.collect());
    }
    if let Some(array) = from.read_lock::<Array>() {
        return Value::Array(array.iter().map(value).collect());
    }
    if let Some(blob) = from.read_lock::<Blob>() {
        return Value::Blob(blob.clone());
    }
    if let Ok(text) = from.as_immutable_string_ref() {
        return Value::Text(text.to_string());
    }
    if let Some(digits) = from.read_lock::<Digits>() {
        return Value::Digits(digits.to_string());
    }
    let number = from.as_int().map(Value::Int).or_else(|_| from.as_float().map(Value::Float));
    let simple = number.or_else(|_| from.as_bool().map(Value::Bool));
    simple.or_else(|_| from.as_char().map(Value::Char)).unwrap_or(Value::Unit)
}

fn dynamic(from: Value) -> Dynamic {
    match from {
        Value::Unit => Dynamic::UNIT,
        Value::Bool(value) => value.into(),
        Value::Int(value) => value.into(),
        Value::Float(value) => value.into(),
        Value::Digits(value) => Dynamic::from(Digits::new(&value)),
        Value::Char(value) => value.into(),
        Value::Text(value) => value.into(),
        Value::Blob(value) => Dynamic::from_blob(value),
        Value::Array(values) => Dynamic::from_array(values.into_iter().map(dynamic).collect()),
        Value::Map(entries) => Dynamic::from_map(
            entries.into_iter().map(|(key, value)| (key.into(), dynamic(value))).collect(),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_of_plain_values_is_kept_whole() {
        let mut state = Map::new();
        state.insert("n".into(), 5_i64.into());
        state.insert("ratio".into(), 0.5_f64.into());
        state.insert("wide".into(), Dynamic::from(Digits::new("18446744073709551616")));
        state.insert("name".into(), "Oslo".into());
        state.insert("message".into(), 'x'.into());
        state.insert("none".into(), Dynamic::UNIT);
        state.insert("raw".into(), Dynamic::from_blob(vec![0, 255]));
        state.insert(
            "seen".into(),
            Dynamic::from_array(vec![true.into(), Dynamic::from(1_i64).into_shared()]),
        );
        let state = Dynamic::from_map(state);
        let kept = SavedState::of(&state);
        let again = kept.clone().into_state();
        assert_eq!(SavedState::of(&again), kept);
        assert_eq!(format!("{again:?}"), format!("{:?}", kept.into_state()));
        let map = again.cast::<Map>();
        assert_eq!(map["n"].as_int(), Ok(5));
        assert_eq!(map["seen"].clone().into_array().unwrap()[1].as_int(), Ok(1));
    }

    #[test]
    fn what_is_no_value_is_left_behind() {
        let function = rhai::FnPtr::new("f").unwrap();
        assert_eq!(SavedState::of(&Dynamic::from(function)), SavedState(Value::Unit));
    }
}
