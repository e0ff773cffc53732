//! Script values from JSON and to JSON, each in one pass.
//!
//! Owns which values have a JSON form: integers stay integers, whatever their size, floats stay
//! floats. Never knows which message a text came from.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::fmt;

use rhai::{Array, Dynamic, Identifier, ImmutableString, Map};
use serde::de::{self, Deserialize, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::ser::{Error as _, Serialize, SerializeMap, SerializeSeq, Serializer};

use super::digits::Digits;
use super::limits;
use crate::message::{as_text, wide_numbers};

/// How many times its text a value can take in memory: an empty array is three bytes of text.
pub(super) const GROWTH: usize = 21;

/// Reads one JSON value.
///
/// # Errors
///
/// When the bytes are no JSON, or nested too deep.
pub(super) fn read(json: &[u8]) -> Result<Dynamic, serde_json::Error> {
    if !is_short(json) {
        let most = limits::JSON_BYTES >> 20;
        return Err(de::Error::custom(format!("it is longer than {most} MiB")));
    }
    read_whole(json)
}

/// The same of a text however long it is.
pub(super) fn read_whole(json: &[u8]) -> Result<Dynamic, serde_json::Error> {
    // All of it is checked at once, not each text in it alone.
    let json = as_text(json).ok_or_else(|| de::Error::custom("it is not UTF-8"))?;
    let numbers = Numbers::default();
    let value = read_with(json, &numbers)?;
    if !numbers.has_wide.get() {
        return Ok(value);
    }
    // Few texts hold any, so only those are looked through for them, and read again.
    let wide = wide_numbers(json).map(|digits| digits.map(Digits::new)).collect();
    read_with(json, &Numbers { wide: RefCell::new(wide), ..numbers })
}

#[inline]
fn read_with(json: &str, numbers: &Numbers) -> Result<Dynamic, serde_json::Error> {
    let mut reader = serde_json::Deserializer::from_str(json);
    let value = ValueSeed(numbers).deserialize(&mut reader)?;
    reader.end()?;
    Ok(value)
}

/// What is known about the numbers of a text that are no 64-bit signed integers.
#[derive(Default)]
struct Numbers {
    /// Whether an integer among them may have been given as a float.
    has_wide: Cell<bool>,
    /// The integers among them, in their order; nothing in place of each float.
    wide: RefCell<VecDeque<Option<Digits>>>,
}

impl Numbers {
    /// A number that the reader takes for a float, or for an integer without a sign.
    fn value_of(&self, number: f64) -> Dynamic {
        // From here on an integer does not fit, and every float is a whole number.
        const WIDE: f64 = 9_223_372_036_854_775_808.0;
        if let Some(Some(digits)) = self.wide.borrow_mut().pop_front() {
            return Dynamic::from(digits);
        }
        if number.abs() >= WIDE {
            self.has_wide.set(true);
        }
        Dynamic::from_float(number)
    }
}

/// Whether [`read`] takes a text of that length.
pub(super) fn is_short(json: &[u8]) -> bool {
    json.len() <= limits::JSON_BYTES
}

/// Whether the bytes are one JSON value that [`read`] takes, found without building it.
pub(super) fn is_valid(json: &[u8]) -> bool {
    as_text(json).is_some_and(|json| serde_json::from_str::<Checked>(json).is_ok())
}

/// The script's map of a JSON object.
pub(super) fn from_object(object: serde_json::Map<String, serde_json::Value>) -> Map {
    object.into_iter().map(|(key, value)| (key.into(), from_value(value))).collect()
}

/// The script's value of a JSON value.
pub(super) fn from_value(value: serde_json::Value) -> Dynamic {
    use serde_json::Value;
    match value {
        Value::Null => Dynamic::UNIT,
        Value::Bool(truth) => Dynamic::from_bool(truth),
        Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(integer), _) => Dynamic::from_int(integer),
            (None, Some(float)) if !number.is_u64() => Dynamic::from_float(float),
            (None, _) => Dynamic::from(Digits::new(&number.to_string())),
        },
        Value::String(text) => text.into(),
        Value::Array(elements) => {
            Dynamic::from_array(elements.into_iter().map(from_value).collect())
        }
        Value::Object(object) => Dynamic::from_map(from_object(object)),
    }
}

/// Writes a value as JSON behind what is in `text`.
///
/// # Errors
///
/// When it holds something without a JSON form, which `kind_of` has the word for.
pub(super) fn write(
    text: &mut Vec<u8>,
    value: &Dynamic,
    kind_of: fn(&Dynamic) -> &'static str,
) -> Result<(), String> {
    let value = Json { value, depth: limits::JSON_DEPTH, kind_of };
    serde_json::to_writer(&mut *text, &value).map_err(|error| error.to_string())
}

/// A value that is looked at and dropped. Not `IgnoredAny`: that knows no depth limit, so it would
/// let through what [`read`] refuses.
struct Checked;

impl<'de> Deserialize<'de> for Checked {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(CheckedVisitor)
    }
}

struct CheckedVisitor;

impl<'de> Visitor<'de> for CheckedVisitor {
    type Value = Checked;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Checked, E> {
        Ok(Checked)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Checked, E> {
        Ok(Checked)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Checked, E> {
        Ok(Checked)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Checked, E> {
        Ok(Checked)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Checked, E> {
        Ok(Checked)
    }

    fn visit_str<E>(self, _: &str) -> Result<Checked, E> {
        Ok(Checked)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Checked, A::Error> {
        while elements.next_element::<Checked>()?.is_some() {}
        Ok(Checked)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Checked, A::Error> {
        while entries.next_entry::<Checked, Checked>()?.is_some() {}
        Ok(Checked)
    }
}

#[derive(Clone, Copy)]
struct ValueSeed<'n>(&'n Numbers);

impl<'de> DeserializeSeed<'de> for ValueSeed<'_> {
    type Value = Dynamic;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Dynamic, D::Error> {
        deserializer.deserialize_any(ValueVisitor(self))
    }
}

struct ValueVisitor<'n>(ValueSeed<'n>);

impl<'de> Visitor<'de> for ValueVisitor<'_> {
    type Value = Dynamic;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Dynamic, E> {
        Ok(Dynamic::UNIT)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Dynamic, E> {
        Ok(Dynamic::from_bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Dynamic, E> {
        Ok(Dynamic::from_int(value))
    }

    #[expect(clippy::cast_precision_loss, reason = "past i64 the digits are looked up")]
    fn visit_u64<E>(self, value: u64) -> Result<Dynamic, E> {
        let numbers = self.0.0;
        Ok(i64::try_from(value).map_or_else(|_| numbers.value_of(value as f64), Dynamic::from_int))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Dynamic, E> {
        Ok(self.0.0.value_of(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Dynamic, E> {
        Ok(ImmutableString::from(value).into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Dynamic, A::Error> {
        let mut array = Array::new();
        while let Some(element) = elements.next_element_seed(self.0)? {
            array.push(element);
        }
        Ok(Dynamic::from_array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Dynamic, A::Error> {
        let mut map = Map::new();
        while let Some(Key(key)) = entries.next_key()? {
            map.insert(key, entries.next_value_seed(self.0)?);
        }
        Ok(Dynamic::from_map(map))
    }
}

struct Key(Identifier);

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(KeyVisitor)
    }
}

struct KeyVisitor;

impl Visitor<'_> for KeyVisitor {
    type Value = Key;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, key: &str) -> Result<Key, E> {
        Ok(Key(Identifier::from(key)))
    }
}

struct Json<'a> {
    value: &'a Dynamic,
    depth: usize,
    kind_of: fn(&Dynamic) -> &'static str,
}

impl Serialize for Json<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Some(depth) = self.depth.checked_sub(1) else {
            let deepest = limits::JSON_DEPTH;
            return Err(S::Error::custom(format!("the value is nested more than {deepest} deep")));
        };
        let Self { value, kind_of, .. } = *self;
        // The engine finds words for each wrong guess, so a kind is asked for before its value.
        if value.is_string()
            && let Ok(text) = value.as_immutable_string_ref()
        {
            return serializer.serialize_str(&text);
        }
        if value.is_int()
            && let Ok(number) = value.as_int()
        {
            return serializer.serialize_i64(number);
        }
        if value.is_unit() {
            return serializer.serialize_unit();
        }
        if value.is_bool()
            && let Ok(truth) = value.as_bool()
        {
            return serializer.serialize_bool(truth);
        }
        if value.is_float()
            && let Ok(number) = value.as_float()
        {
            return if number.is_finite() {
                serializer.serialize_f64(number)
            } else {
                Err(S::Error::custom(format!("{number} has no JSON form")))
            };
        }
        if value.is_map()
            && let Ok(map) = value.as_map_ref()
        {
            let mut entries = serializer.serialize_map(Some(map.len()))?;
            for (key, value) in map.iter() {
                entries.serialize_entry(key.as_str(), &Json { value, depth, kind_of })?;
            }
            return entries.end();
        }
        if value.is_array()
            && let Ok(array) = value.as_array_ref()
        {
            let mut elements = serializer.serialize_seq(Some(array.len()))?;
            for value in array.iter() {
                elements.serialize_element(&Json { value, depth, kind_of })?;
            }
            return elements.end();
        }
        if let Ok(character) = value.as_char() {
            return serializer.serialize_char(character);
        }
        if let Some(digits) = value.read_lock::<Digits>() {
            return match (digits.as_str().parse::<u128>(), digits.as_str().parse::<i128>()) {
                (Ok(number), _) => serializer.serialize_u128(number),
                (_, Ok(number)) => serializer.serialize_i128(number),
                _ => Err(S::Error::custom(format!(
                    "{} needs more than 128 bits; send it as text",
                    digits.as_str()
                ))),
            };
        }
        Err(S::Error::custom(format!("{} has no JSON form", kind_of(value))))
    }
}

/// Whether two values are the same, of the kinds that messages are made of.
pub(super) fn is_same(a: &Dynamic, b: &Dynamic) -> bool {
    if let (Ok(a), Ok(b)) = (a.as_int(), b.as_int()) {
        return a == b;
    }
    if let (Ok(a), Ok(b)) = (a.as_immutable_string_ref(), b.as_immutable_string_ref()) {
        return *a == *b;
    }
    if let (Ok(a), Ok(b)) = (a.as_map_ref(), b.as_map_ref()) {
        return a.len() == b.len()
            && a.iter().zip(b.iter()).all(|((ka, a), (kb, b))| ka == kb && is_same(a, b));
    }
    if let (Ok(a), Ok(b)) = (a.as_array_ref(), b.as_array_ref()) {
        return a.len() == b.len() && a.iter().zip(b.iter()).all(|(a, b)| is_same(a, b));
    }
    if let (Ok(a), Ok(b)) = (a.as_blob_ref(), b.as_blob_ref()) {
        return *a == *b;
    }
    if let (Ok(a), Ok(b)) = (a.as_float(), b.as_float()) {
        return a.to_bits() == b.to_bits();
    }
    if let (Ok(a), Ok(b)) = (a.as_bool(), b.as_bool()) {
        return a == b;
    }
    if let (Some(a), Some(b)) = (a.read_lock::<Digits>(), b.read_lock::<Digits>()) {
        return *a == *b;
    }
    a.is_unit() && b.is_unit()
}
