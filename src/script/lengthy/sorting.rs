//! Sorting in pieces.
//!
//! Owns the order of elements of one simple type, and of those that a handler compares itself. A
//! comparison that fails ends it, where the engine's own goes on without it.

use std::any::TypeId;
use std::cmp::Ordering;
use std::rc::Rc;

use rhai::{Array, Dynamic, FnPtr, ImmutableString, NativeCallContext};

use super::{Answer, pure};
use crate::script::guard::Guard;

/// How many elements are sorted in one piece; more are merged.
const SORTED: usize = 4096;

/// Puts them before the engine's own.
pub(super) fn register(engine: &mut rhai::Engine, guard: &Rc<Guard>) {
    for (sort, order, down) in [("sort", "order", false), ("sort_desc", "order_desc", true)] {
        let here = Rc::clone(guard);
        engine.register_fn(sort, move |array: &mut Array| sort_plain(&here, array, down));
        let here = Rc::clone(guard);
        pure(order).register_into_engine(engine, move |array: &mut Array| -> Answer<Array> {
            let mut sorted = array.clone();
            sort_plain(&here, &mut sorted, down)?;
            Ok(sorted)
        });
    }
    for name in ["sort", "sort_by"] {
        let here = Rc::clone(guard);
        engine.register_fn(
            name,
            move |context: NativeCallContext<'_>, array: &mut Array, by: FnPtr| {
                sort_by(&here, array, |a, b| asked(&context, &by, a, b))
            },
        );
    }
    let here = Rc::clone(guard);
    pure("order_by").register_into_engine(
        engine,
        move |context: NativeCallContext<'_>, array: &mut Array, by: FnPtr| -> Answer<Array> {
            let mut sorted = array.clone();
            sort_by(&here, &mut sorted, |a, b| asked(&context, &by, a, b))?;
            Ok(sorted)
        },
    );
}

/// Sorts elements of one simple type.
pub(super) fn sort_plain(guard: &Guard, array: &mut Array, down: bool) -> Answer<()> {
    let Some(first) = array.first() else { return Ok(()) };
    let kind = first.type_id();
    if array.iter().any(|element| element.type_id() != kind) {
        return Err("elements of different types cannot be sorted".into());
    }
    let compare: fn(&Dynamic, &Dynamic) -> Ordering = match kind {
        _ if array.len() == 1 || first.is_unit() => return Ok(()),
        _ if kind == TypeId::of::<i64>() => |a, b| a.as_int().ok().cmp(&b.as_int().ok()),
        _ if kind == TypeId::of::<char>() => |a, b| a.as_char().ok().cmp(&b.as_char().ok()),
        _ if kind == TypeId::of::<bool>() => |a, b| a.as_bool().ok().cmp(&b.as_bool().ok()),
        _ if kind == TypeId::of::<f64>() => {
            |a, b| a.as_float().ok().partial_cmp(&b.as_float().ok()).unwrap_or(Ordering::Equal)
        }
        _ if kind == TypeId::of::<ImmutableString>() => |a, b| {
            let (a, b) = (a.as_immutable_string_ref(), b.as_immutable_string_ref());
            a.ok().as_deref().cmp(&b.ok().as_deref())
        },
        _ => return Err(format!("elements of {} cannot be sorted", first.type_name()).into()),
    };
    let compare = |a: &Dynamic, b: &Dynamic| if down { compare(b, a) } else { compare(a, b) };
    if array.len() <= SORTED {
        array.sort_by(compare);
        return Ok(());
    }
    let mut places: Vec<u32> = (0..u32::try_from(array.len()).unwrap_or(u32::MAX)).collect();
    for row in places.chunks_mut(SORTED) {
        row.sort_by(|a, b| compare(&array[*a as usize], &array[*b as usize]));
        guard.breathe()?;
    }
    merge(guard, array, places, SORTED, |a, b| Ok(compare(a, b)))
}

/// Which of two elements comes first, by a script's own function.
fn asked(
    context: &NativeCallContext<'_>,
    by: &FnPtr,
    a: &Dynamic,
    b: &Dynamic,
) -> Answer<Ordering> {
    let said = by.call_raw(context, None, [a.clone(), b.clone()])?;
    if let Ok(number) = said.as_int() {
        return Ok(number.cmp(&0));
    }
    Ok(match said.as_bool() {
        Ok(true) => Ordering::Less,
        Ok(false) => Ordering::Greater,
        Err(_) => a.type_id().cmp(&b.type_id()),
    })
}

/// Sorts, and leaves equal elements in their order. When a comparison fails, nothing is moved.
pub(super) fn sort_by(
    guard: &Guard,
    array: &mut Array,
    compare: impl FnMut(&Dynamic, &Dynamic) -> Answer<Ordering>,
) -> Answer<()> {
    let places = (0..u32::try_from(array.len()).unwrap_or(u32::MAX)).collect();
    merge(guard, array, places, 1, compare)
}

/// Merges rows of so many places, each of them sorted, and lays the elements in their order.
fn merge(
    guard: &Guard,
    array: &mut Array,
    mut places: Vec<u32>,
    mut width: usize,
    mut compare: impl FnMut(&Dynamic, &Dynamic) -> Answer<Ordering>,
) -> Answer<()> {
    let mut merged: Vec<u32> = Vec::with_capacity(places.len());
    let mut comparisons = 0;
    while width < places.len() {
        merged.clear();
        for pair in places.chunks(2 * width) {
            let (mut left, mut right) = pair.split_at(width.min(pair.len()));
            while let ([a, rest_left @ ..], [b, rest_right @ ..]) = (left, right) {
                comparisons += 1;
                guard.pace(comparisons)?;
                if compare(&array[*a as usize], &array[*b as usize])? == Ordering::Greater {
                    merged.push(*b);
                    right = rest_right;
                } else {
                    merged.push(*a);
                    left = rest_left;
                }
            }
            merged.extend_from_slice(left);
            merged.extend_from_slice(right);
        }
        std::mem::swap(&mut places, &mut merged);
        width *= 2;
    }
    drop(merged);
    *array = places.into_iter().map(|place| std::mem::take(&mut array[place as usize])).collect();
    Ok(())
}
