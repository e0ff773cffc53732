//! The engine's own functions that could grow a value past all bounds in one step, with a bound.
//!
//! Owns the list of them: everything else at most doubles what is there, which the guard sees a
//! step later. What they do is the engine's documentation's; only too much is refused.

use std::rc::Rc;

use rhai::{Array, Blob, Dynamic, EvalAltResult, ImmutableString, Map, Position};

use super::encode::kind_of;
use super::guard::Guard;
use super::json;

type Answer<T> = Result<T, Box<EvalAltResult>>;

/// What an element of an array takes, with a short text in it.
const ELEMENT_BYTES: usize = 64;

/// Puts the bounded functions before the engine's own.
pub(super) fn register(engine: &mut rhai::Engine, guard: &Rc<Guard>) {
    register_padding(engine, guard);
    register_replacing(engine, guard);
    register_splitting(engine, guard);
    register_json(engine, guard);
}

fn register_padding(engine: &mut rhai::Engine, guard: &Rc<Guard>) {
    let room = Rc::clone(guard);
    engine.register_fn("blob", move |length: i64| zeros(&room, length, 0));
    let room = Rc::clone(guard);
    engine.register_fn("blob", move |length: i64, byte: i64| zeros(&room, length, byte));
    let room = Rc::clone(guard);
    engine.register_fn("pad", move |blob: &mut Blob, length: i64, byte: i64| -> Answer<()> {
        let length = usize::try_from(length).unwrap_or(0);
        if length > blob.len() {
            room.ask(length, 1)?;
            blob.resize(length, low_byte(byte));
        }
        Ok(())
    });
    let room = Rc::clone(guard);
    engine.register_fn("pad", move |array: &mut Array, length: i64, item: Dynamic| -> Answer<()> {
        let length = usize::try_from(length).unwrap_or(0);
        if length > array.len() {
            room.ask(length, weight_of(&item))?;
            array.resize(length, item);
        }
        Ok(())
    });
    let room = Rc::clone(guard);
    engine.register_fn("pad", move |text: &mut ImmutableString, length: i64, character: char| {
        pad(&room, text, length, character.encode_utf8(&mut [0; 4]))
    });
    let room = Rc::clone(guard);
    engine.register_fn("pad", move |text: &mut ImmutableString, length: i64, padding: &str| {
        pad(&room, text, length, padding)
    });
}

fn register_replacing(engine: &mut rhai::Engine, guard: &Rc<Guard>) {
    let room = Rc::clone(guard);
    engine.register_fn("replace", move |text: &mut ImmutableString, old: &str, new: &str| {
        replace(&room, text, old, new)
    });
    let room = Rc::clone(guard);
    engine.register_fn("replace", move |text: &mut ImmutableString, old: char, new: &str| {
        replace(&room, text, old.encode_utf8(&mut [0; 4]), new)
    });
}

fn register_splitting(engine: &mut rhai::Engine, guard: &Rc<Guard>) {
    let room = Rc::clone(guard);
    engine.register_fn("split", move |text: &mut ImmutableString| {
        let text = text.clone();
        collect(&room, text.len() / 2, text.split_whitespace())
    });
    for (name, reverse) in [("split", false), ("split_rev", true)] {
        let room = Rc::clone(guard);
        engine.register_fn(name, move |text: &mut ImmutableString, at: &str| {
            split(&room, &text.clone(), at, usize::MAX, reverse)
        });
        let room = Rc::clone(guard);
        engine.register_fn(name, move |text: &mut ImmutableString, at: &str, segments: i64| {
            let segments = usize::try_from(segments).unwrap_or(1).max(1);
            split(&room, &text.clone(), at, segments, reverse)
        });
        let room = Rc::clone(guard);
        engine.register_fn(name, move |text: &mut ImmutableString, at: char| {
            split(&room, &text.clone(), at.encode_utf8(&mut [0; 4]), usize::MAX, reverse)
        });
        let room = Rc::clone(guard);
        engine.register_fn(name, move |text: &mut ImmutableString, at: char, segments: i64| {
            let segments = usize::try_from(segments).unwrap_or(1).max(1);
            split(&room, &text.clone(), at.encode_utf8(&mut [0; 4]), segments, reverse)
        });
    }
    let room = Rc::clone(guard);
    engine.register_fn("to_chars", move |text: &str| -> Answer<Array> {
        room.ask(text.len(), size_of::<Dynamic>())?;
        gather(&room, text.chars().map(Dynamic::from_char))
    });
    let room = Rc::clone(guard);
    engine.register_fn("to_array", move |blob: &mut Blob| -> Answer<Array> {
        room.ask(blob.len(), size_of::<Dynamic>())?;
        gather(&room, blob.iter().map(|&byte| Dynamic::from_int(byte.into())))
    });
}

/// Through the same reader and writer as messages, which is also three times as fast.
fn register_json(engine: &mut rhai::Engine, guard: &Rc<Guard>) {
    let room = Rc::clone(guard);
    engine.register_fn("parse_json", move |text: &str| -> Answer<Dynamic> {
        room.ask(text.len(), json::GROWTH)?;
        json::read(text.as_bytes()).map_err(|error| format!("the text is not JSON: {error}").into())
    });
    engine.register_fn("to_json", |value: Dynamic| to_json(&value));
    // The engine has one for maps alone, which would come first.
    engine.register_fn("to_json", |map: Map| to_json(&Dynamic::from_map(map)));
}

fn to_json(value: &Dynamic) -> Answer<ImmutableString> {
    let mut text = Vec::new();
    json::write(&mut text, value, kind_of)?;
    Ok(String::from_utf8(text).unwrap_or_default().into())
}

impl Guard {
    /// Refuses what a call has no memory for.
    pub(super) fn ask(&self, count: usize, each: usize) -> Answer<()> {
        if count.checked_mul(each).is_some_and(|bytes| bytes <= self.room()) {
            return Ok(());
        }
        Err(EvalAltResult::ErrorDataTooLarge("what this makes".to_owned(), Position::NONE).into())
    }
}

fn zeros(room: &Guard, length: i64, byte: i64) -> Answer<Blob> {
    let length = usize::try_from(length).unwrap_or(0);
    room.ask(length, 1)?;
    Ok(vec![low_byte(byte); length])
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the lowest byte is meant"
)]
fn low_byte(value: i64) -> u8 {
    value as u8
}

fn weight_of(item: &Dynamic) -> usize {
    let own = std::mem::size_of::<Dynamic>();
    if let Ok(array) = item.as_array_ref() {
        return own + array.iter().map(weight_of).sum::<usize>();
    }
    if let Ok(map) = item.as_map_ref() {
        return own + map.values().map(|value| ELEMENT_BYTES + weight_of(value)).sum::<usize>();
    }
    own + item.as_blob_ref().map_or(0, |blob| blob.len())
}

fn pad(room: &Guard, text: &mut ImmutableString, length: i64, padding: &str) -> Answer<()> {
    let length = usize::try_from(length).unwrap_or(0);
    let missing = length.saturating_sub(text.chars().count());
    if missing == 0 || padding.is_empty() {
        return Ok(());
    }
    room.ask(missing, 4)?;
    let padding: String = padding.chars().cycle().take(missing).collect();
    *text += padding;
    Ok(())
}

fn replace(room: &Guard, text: &mut ImmutableString, old: &str, new: &str) -> Answer<()> {
    if new.len() > old.len() {
        let count = if old.is_empty() { text.len() + 1 } else { text.matches(old).count() };
        room.ask(count, new.len())?;
    }
    *text = text.replace(old, new).into();
    Ok(())
}

fn split(room: &Guard, text: &str, at: &str, segments: usize, reverse: bool) -> Answer<Array> {
    let most = match at.len() {
        0 => text.len() + 2,
        _ => text.matches(at).take(segments).count() + 1,
    };
    let most = most.min(segments);
    if reverse {
        collect(room, most, text.rsplitn(segments, at))
    } else {
        collect(room, most, text.splitn(segments, at))
    }
}

fn collect<'a>(room: &Guard, most: usize, parts: impl Iterator<Item = &'a str>) -> Answer<Array> {
    room.ask(most, ELEMENT_BYTES)?;
    gather(room, parts.map(|part| ImmutableString::from(part).into()))
}

/// Makes an array, piece by piece.
fn gather(guard: &Guard, elements: impl Iterator<Item = Dynamic>) -> Answer<Array> {
    let mut array = Array::new();
    for (place, element) in elements.enumerate() {
        guard.pace(place)?;
        array.push(element);
    }
    Ok(array)
}
