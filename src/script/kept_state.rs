//! A node's state as the text of a file that keeps it.
//!
//! Owns what of `this` comes back from such a text, and that all of it comes back exactly: JSON, and
//! `{"$blob": …}` and the like for what JSON has no form for. Never opens a file.

use std::cell::{Cell, RefCell};
use std::time::Instant;

use data_encoding::BASE64;
use rhai::{Array, Blob, Dynamic, Map};
use serde::ser::{Error as _, Serialize, SerializeMap, SerializeSeq, Serializer};

use super::digits::Digits;
use super::json;
use super::msg::Msg;
use crate::clock;
use crate::fiber;

/// How deep a state may be nested: what is deeper, no reader of JSON takes.
const DEPTH: usize = 100;
/// After how many values it is looked whether others of the thread wait.
const LOOK: u32 = 256;
/// How many values that cannot be kept are named.
const NAMED: usize = 3;

/// A state as text.
#[derive(Debug)]
pub struct StateText {
    /// The text.
    pub text: Vec<u8>,
    /// What of the state is not in it, in words, each with its place.
    pub left_out: Vec<String>,
}

/// Writes a state.
///
/// # Errors
///
/// When it is nested too deep.
pub(super) fn write(state: &Dynamic) -> Result<StateText, String> {
    let walk = Walk::default();
    let mut text = Vec::new();
    let node = Kept { value: state, depth: DEPTH, walk: &walk, at: None };
    let written = if state.is_map() {
        serde_json::to_writer(&mut text, &node)
    } else {
        serde_json::to_writer(&mut text, &Tagged { tag: "$this", value: &node })
    };
    written.map_err(|error| error.to_string())?;
    text.push(b'\n');
    Ok(StateText { text, left_out: walk.left_out.into_inner() })
}

/// Reads a state.
///
/// # Errors
///
/// When the text is none, with what is wrong where.
pub(super) fn read(text: &[u8]) -> Result<Dynamic, String> {
    if text.iter().all(u8::is_ascii_whitespace) {
        return Err("it is empty".to_owned());
    }
    let value = json::read_whole(text).map_err(|error| error.to_string())?;
    if !value.is_map() {
        return Err("a state is a JSON object, `{…}`".to_owned());
    }
    untagged(value, &mut Vec::new())
}

/// Whether a text is a state that a node can go on with.
///
/// # Errors
///
/// When it is none, with what is wrong where.
pub fn check_state_text(text: &[u8]) -> Result<(), String> {
    read(text).map(drop)
}

/// What is known while a state is written.
#[derive(Default)]
struct Walk {
    seen: Cell<u32>,
    left_out: RefCell<Vec<String>>,
}

impl Walk {
    /// Lets others of the thread have their turn now and then.
    fn step(&self) {
        let seen = self.seen.get().wrapping_add(1);
        self.seen.set(seen);
        if seen.is_multiple_of(LOOK) {
            let now = clock::really(clock::now());
            if fiber::due(now).is_some_and(|due| now >= due) {
                fiber::pause();
            }
        }
    }

    fn leave_out(&self, at: Option<&Step<'_>>, what: &str) {
        let mut left_out = self.left_out.borrow_mut();
        if left_out.len() < NAMED {
            let place = at.map_or_else(|| "this".to_owned(), Step::text);
            left_out.push(format!("{place}, {what}"));
        }
    }
}

/// The way to a value.
struct Step<'a> {
    before: Option<&'a Step<'a>>,
    name: Name<'a>,
}

enum Name<'a> {
    Key(&'a str),
    Index(usize),
}

impl Step<'_> {
    fn text(&self) -> String {
        let before = self.before.map_or_else(|| "this".to_owned(), Step::text);
        match self.name {
            Name::Key(key) => format!("{before}.{key}"),
            Name::Index(index) => format!("{before}[{index}]"),
        }
    }
}

struct Kept<'a> {
    value: &'a Dynamic,
    depth: usize,
    walk: &'a Walk,
    at: Option<&'a Step<'a>>,
}

impl Kept<'_> {
    fn map<S: Serializer>(
        &self,
        map: &Map,
        depth: usize,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let mut entries = serializer.serialize_map(Some(map.len()))?;
        for (key, value) in map {
            let step = Step { before: self.at, name: Name::Key(key) };
            let kept = Kept { value, depth, walk: self.walk, at: Some(&step) };
            if key.starts_with('$') {
                entries.serialize_entry(&format!("${key}"), &kept)?;
            } else {
                entries.serialize_entry(key.as_str(), &kept)?;
            }
        }
        entries.end()
    }

    fn array<S: Serializer>(
        &self,
        array: &Array,
        depth: usize,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let mut elements = serializer.serialize_seq(Some(array.len()))?;
        for (index, value) in array.iter().enumerate() {
            let step = Step { before: self.at, name: Name::Index(index) };
            elements.serialize_element(&Kept { value, depth, walk: self.walk, at: Some(&step) })?;
        }
        elements.end()
    }
}

impl Serialize for Kept<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.walk.step();
        let value = self.value;
        let Some(depth) = self.depth.checked_sub(1) else {
            let place = self.at.map_or_else(|| "this".to_owned(), Step::text);
            let place: String = place.chars().take(60).collect();
            return Err(S::Error::custom(format!(
                "it is nested more than {DEPTH} deep, at {place}…"
            )));
        };
        if value.is_shared() {
            let value = &value.flatten_clone();
            return Kept { value, depth, walk: self.walk, at: self.at }.serialize(serializer);
        }
        if let Ok(text) = value.as_immutable_string_ref() {
            return serializer.serialize_str(&text);
        }
        if let Some(map) = value.read_lock::<Map>() {
            return self.map(&map, depth, serializer);
        }
        if let Some(array) = value.read_lock::<Array>() {
            return self.array(&array, depth, serializer);
        }
        if let Ok(number) = value.as_int() {
            return serializer.serialize_i64(number);
        }
        if let Ok(number) = value.as_float() {
            if number.is_finite() {
                return serializer.serialize_f64(number);
            }
            return Tagged { tag: "$float", value: &number.to_string() }.serialize(serializer);
        }
        if let Ok(truth) = value.as_bool() {
            return serializer.serialize_bool(truth);
        }
        if let Some(blob) = value.read_lock::<Blob>() {
            return Tagged { tag: "$blob", value: &BASE64.encode(&blob) }.serialize(serializer);
        }
        if let Some(digits) = value.read_lock::<Digits>() {
            return Tagged { tag: "$integer", value: digits.as_str() }.serialize(serializer);
        }
        if let Ok(character) = value.as_char() {
            return Tagged { tag: "$char", value: &character }.serialize(serializer);
        }
        if !value.is_unit() {
            let what = if value.is_fnptr() {
                "a function"
            } else if value.is::<Msg>() {
                "a message: keep what you need of it, such as `msg.text` or `msg.frames`"
            } else if value.is::<Instant>() {
                "a time of the engine: keep `now()` instead of `timestamp()`"
            } else {
                value.type_name()
            };
            self.walk.leave_out(self.at, what);
        }
        serializer.serialize_unit()
    }
}

/// A value that JSON has no form for.
struct Tagged<'a, T: ?Sized> {
    tag: &'a str,
    value: &'a T,
}

impl<T: Serialize + ?Sized> Serialize for Tagged<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut entry = serializer.serialize_map(Some(1))?;
        entry.serialize_entry(self.tag, self.value)?;
        entry.end()
    }
}

/// The value that a JSON value stands for; `at` is the way to it.
fn untagged(value: Dynamic, at: &mut Vec<String>) -> Result<Dynamic, String> {
    if value.is_array() {
        let elements = value.into_array().unwrap_or_default();
        let elements = elements
            .into_iter()
            .enumerate()
            .map(|(index, element)| within(at, format!("[{index}]"), |at| untagged(element, at)));
        return Ok(Dynamic::from_array(elements.collect::<Result<_, _>>()?));
    }
    if !value.is_map() {
        return Ok(value);
    }
    let mut map = value.cast::<Map>();
    if map.len() == 1
        && let Some(tag) = map.keys().next().filter(|key| is_tag(key)).cloned()
    {
        let inside = map.remove(&tag).unwrap_or_default();
        return stands_for(&tag, inside, at);
    }
    let entries = map.into_iter().map(|(key, value)| {
        if is_tag(&key) {
            return Err(format!("{} has the key `{key}` beside others", place(at)));
        }
        let value = within(at, format!(".{key}"), |at| untagged(value, at))?;
        Ok((key.strip_prefix('$').map_or_else(|| key.clone(), Into::into), value))
    });
    Ok(Dynamic::from_map(entries.collect::<Result<_, _>>()?))
}

/// Whether a key is one that this file gives a meaning; the others that begin so have one `$` more.
fn is_tag(key: &str) -> bool {
    key.starts_with('$') && !key.starts_with("$$")
}

fn within<T>(
    at: &mut Vec<String>,
    step: String,
    then: impl FnOnce(&mut Vec<String>) -> Result<T, String>,
) -> Result<T, String> {
    at.push(step);
    let result = then(at);
    at.pop();
    result
}

fn place(at: &[String]) -> String {
    format!("this{}", at.concat())
}

fn stands_for(tag: &str, inside: Dynamic, at: &mut Vec<String>) -> Result<Dynamic, String> {
    if tag == "$this" && at.is_empty() {
        return untagged(inside, at);
    }
    let text = inside.into_immutable_string().unwrap_or_default();
    let value = match tag {
        "$blob" => BASE64.decode(text.as_bytes()).ok().map(Dynamic::from_blob),
        "$float" => text.parse::<f64>().ok().map(Dynamic::from_float),
        "$integer" => is_integer(&text).then(|| Dynamic::from(Digits::new(&text))),
        "$char" => {
            let mut characters = text.chars();
            let first = characters.next().filter(|_| characters.next().is_none());
            first.map(Dynamic::from_char)
        }
        _ => {
            return Err(format!(
                "{} has the key `{tag}`, which stands for nothing; there are `$blob`, `$char`, \
                 `$float` and `$integer`, and a key of its own that begins so is written `${tag}`",
                place(at)
            ));
        }
    };
    value.ok_or_else(|| format!("{} is no `{tag}`: {text:?}", place(at)))
}

fn is_integer(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests;
