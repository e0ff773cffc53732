//! Looking for a value in pieces, and comparing large ones.
//!
//! Owns what is the same as what: as the engine's `==` says, and what it does not compare is not.

use std::rc::Rc;

use rhai::{Array, Dynamic, EvalAltResult, Map, NativeCallContext};

use super::{Answer, pure};
use crate::script::guard::Guard;

/// Puts them before the engine's own.
pub(super) fn register(engine: &mut rhai::Engine, guard: &Rc<Guard>) {
    let here = Rc::clone(guard);
    pure("contains").register_into_engine(
        engine,
        move |context: NativeCallContext<'_>, array: &mut Array, value: Dynamic| {
            find(&here, &context, array, &value, 0).map(|place| place.is_some())
        },
    );
    let here = Rc::clone(guard);
    pure("index_of").register_into_engine(
        engine,
        move |context: NativeCallContext<'_>, array: &mut Array, value: Dynamic| {
            find(&here, &context, array, &value, 0).map(index)
        },
    );
    let here = Rc::clone(guard);
    pure("index_of").register_into_engine(
        engine,
        move |context: NativeCallContext<'_>, array: &mut Array, value: Dynamic, start: i64| {
            let start = from_start(array.len(), start);
            find(&here, &context, array, &value, start).map(index)
        },
    );
    let here = Rc::clone(guard);
    engine.register_fn("dedup", move |context: NativeCallContext<'_>, array: &mut Array| {
        dedup(&here, &context, array)
    });
    for (name, same) in [("==", true), ("!=", false)] {
        let here = Rc::clone(guard);
        pure(name).register_into_engine(
            engine,
            move |context: NativeCallContext<'_>, one: &mut Array, other: Array| {
                are_equal(&here, &context, one, &other).map(|equal| equal == same)
            },
        );
        let here = Rc::clone(guard);
        pure(name).register_into_engine(
            engine,
            move |context: NativeCallContext<'_>, one: &mut Map, other: Map| {
                are_equal_maps(&here, &context, one, &other).map(|equal| equal == same)
            },
        );
    }
}

fn find(
    guard: &Guard,
    context: &NativeCallContext<'_>,
    array: &mut Array,
    value: &Dynamic,
    start: usize,
) -> Answer<Option<usize>> {
    for (place, element) in array.iter_mut().enumerate().skip(start) {
        guard.pace(place)?;
        if are_same(context, element, value)? {
            return Ok(Some(place));
        }
    }
    Ok(None)
}

fn index(place: Option<usize>) -> i64 {
    place.map_or(-1, |place| i64::try_from(place).unwrap_or(i64::MAX))
}

/// A place that may be counted from the end.
fn from_start(length: usize, place: i64) -> usize {
    let distance = usize::try_from(place.unsigned_abs()).unwrap_or(usize::MAX);
    if place < 0 { length.saturating_sub(distance) } else { distance.min(length) }
}

fn dedup(guard: &Guard, context: &NativeCallContext<'_>, array: &mut Array) -> Answer<()> {
    let mut keep = Vec::with_capacity(array.len());
    for place in 0..array.len() {
        guard.pace(place)?;
        let (before, from_here) = array.split_at_mut(place);
        let same = match before.last_mut() {
            // What cannot be compared is not the same.
            Some(last) => are_same(context, last, &from_here[0]).unwrap_or(false),
            None => false,
        };
        keep.push(!same);
    }
    let mut keep = keep.into_iter();
    array.retain(|_| keep.next().unwrap_or(true));
    Ok(())
}

fn are_equal(
    guard: &Guard,
    context: &NativeCallContext<'_>,
    one: &mut Array,
    other: &Array,
) -> Answer<bool> {
    if one.len() != other.len() {
        return Ok(false);
    }
    for (place, (a, b)) in one.iter_mut().zip(other).enumerate() {
        guard.pace(place)?;
        if !are_same(context, a, b)? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn are_equal_maps(
    guard: &Guard,
    context: &NativeCallContext<'_>,
    one: &mut Map,
    other: &Map,
) -> Answer<bool> {
    if one.len() != other.len() {
        return Ok(false);
    }
    for (place, (key, a)) in one.iter_mut().enumerate() {
        guard.pace(place)?;
        match other.get(key) {
            Some(b) if are_same(context, a, b)? => {}
            _ => return Ok(false),
        }
    }
    Ok(true)
}

/// Whether `==` holds; values of different types that it is not defined for are not the same.
fn are_same(context: &NativeCallContext<'_>, a: &mut Dynamic, b: &Dynamic) -> Answer<bool> {
    if let (Ok(a), Ok(b)) = (a.as_int(), b.as_int()) {
        return Ok(a == b);
    }
    if let (Ok(a), Ok(b)) = (a.as_immutable_string_ref(), b.as_immutable_string_ref()) {
        return Ok(*a == *b);
    }
    match context.call_native_fn_raw("==", true, &mut [a, &mut b.clone()]) {
        Ok(said) => Ok(said.as_bool().unwrap_or(false)),
        Err(error) => {
            let is_undefined = matches!(
                &*error,
                EvalAltResult::ErrorFunctionNotFound(signature, _) if signature.starts_with("==")
            );
            if is_undefined && a.type_id() != b.type_id() { Ok(false) } else { Err(error) }
        }
    }
}
