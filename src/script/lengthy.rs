//! The engine's own functions whose one call takes long over a large value, done in pieces: between
//! two of them the call can be ended, and other nodes have their turn.
//!
//! Owns the list of them. What they do is the engine's documentation's; a comparison that fails ends
//! them, where the engine's own go on without it.

use std::any::TypeId;
use std::cmp::Ordering;
use std::fmt::Write as _;
use std::rc::Rc;

use rhai::{
    Array, Blob, Dynamic, EvalAltResult, FnPtr, FuncRegistration, ImmutableString, Map,
    NativeCallContext, Position,
};

use super::guard::Guard;

type Answer<T> = Result<T, Box<EvalAltResult>>;

/// How many elements are gone through in one piece.
const PIECE: usize = 256;
/// How many elements are sorted in one piece; more are merged.
const SORTED: usize = 4096;
/// How many bytes of a blob are shown as text: one takes as long as a hundred that are copied.
const SHOWN_BYTES: usize = 64 << 10;

/// Puts these functions before the engine's own.
pub(super) fn register(engine: &mut rhai::Engine, guard: &Rc<Guard>) {
    register_sorting(engine, guard);
    register_comparing(engine, guard);
    register_showing(engine, guard);
}

/// A function that leaves its first argument as it is, so that constants have it as well.
fn pure(name: &str) -> FuncRegistration {
    FuncRegistration::new(name).with_purity(true)
}

fn register_sorting(engine: &mut rhai::Engine, guard: &Rc<Guard>) {
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

fn register_comparing(engine: &mut rhai::Engine, guard: &Rc<Guard>) {
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

fn register_showing(engine: &mut rhai::Engine, guard: &Rc<Guard>) {
    for name in ["print", "to_string", "debug", "to_debug"] {
        let here = Rc::clone(guard);
        pure(name).register_into_engine(
            engine,
            move |context: NativeCallContext<'_>, array: &mut Array| -> Answer<ImmutableString> {
                let mut text = Text::new(&here, &context);
                let outcome = text.array(array);
                text.end(outcome)
            },
        );
        let here = Rc::clone(guard);
        pure(name).register_into_engine(
            engine,
            move |context: NativeCallContext<'_>, map: &mut Map| -> Answer<ImmutableString> {
                let mut text = Text::new(&here, &context);
                let outcome = text.map(map);
                text.end(outcome)
            },
        );
        let debug = name.ends_with("debug");
        pure(name).register_into_engine(engine, move |blob: &mut Blob| shown(blob, debug));
    }
}

impl Guard {
    /// Between two pieces: ends the call, or lets others have their turn, where it is time.
    pub(super) fn breathe(&self) -> Answer<()> {
        match self.look_at_clock() {
            None => Ok(()),
            Some(spent) => {
                Err(EvalAltResult::ErrorTerminated(spent.token(), Position::NONE).into())
            }
        }
    }

    /// The same, once a piece, for who counts the elements.
    pub(super) fn pace(&self, number: usize) -> Answer<()> {
        if number % PIECE == PIECE - 1 { self.breathe() } else { Ok(()) }
    }
}

/// Sorts elements of one simple type.
fn sort_plain(guard: &Guard, array: &mut Array, down: bool) -> Answer<()> {
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
fn sort_by(
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

/// A value as text, as it is printed.
struct Text<'a> {
    guard: &'a Guard,
    context: &'a NativeCallContext<'a>,
    written: String,
    count: usize,
}

impl<'a> Text<'a> {
    fn new(guard: &'a Guard, context: &'a NativeCallContext<'a>) -> Self {
        Self { guard, context, written: String::new(), count: 0 }
    }

    /// What was written. Where the call is to end it is not all, but the next step ends it: the engine
    /// takes an error here for a reason to show the value by itself.
    fn end(self, outcome: Answer<()>) -> Answer<ImmutableString> {
        match outcome {
            Err(error) if !matches!(*error, EvalAltResult::ErrorTerminated(..)) => Err(error),
            Ok(()) | Err(_) => Ok(self.written.into()),
        }
    }

    fn array(&mut self, array: &mut Array) -> Answer<()> {
        self.written.push('[');
        for (place, element) in array.iter_mut().enumerate() {
            if place > 0 {
                self.written.push_str(", ");
            }
            self.value(element)?;
        }
        self.written.push(']');
        Ok(())
    }

    fn map(&mut self, map: &mut Map) -> Answer<()> {
        self.written.push_str("#{");
        for (place, (key, value)) in map.iter_mut().enumerate() {
            if place > 0 {
                self.written.push_str(", ");
            }
            // Writing to a text does not fail.
            let _ = write!(self.written, "{key:?}: ");
            self.value(value)?;
        }
        self.written.push('}');
        Ok(())
    }

    fn value(&mut self, value: &mut Dynamic) -> Answer<()> {
        self.count += 1;
        self.guard.pace(self.count)?;
        if let Ok(number) = value.as_int() {
            self.written.push_str(itoa::Buffer::new().format(number));
            return Ok(());
        }
        if let Ok(mut array) = value.as_array_mut() {
            return self.array(&mut array);
        }
        if let Ok(mut map) = value.as_map_mut() {
            return self.map(&mut map);
        }
        match self.context.call_native_fn_raw("to_debug", true, &mut [value]) {
            Ok(said) => match said.as_immutable_string_ref() {
                Ok(text) => self.written.push_str(&text),
                Err(_) => {
                    self.written.push_str(self.context.engine().map_type_name(said.type_name()))
                }
            },
            Err(error) if matches!(*error, EvalAltResult::ErrorFunctionNotFound(..)) => {
                let shown = format!("{value:?}");
                self.written.push_str(self.context.engine().map_type_name(&shown));
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }
}

/// A blob as text. The engine takes the error of a function that shows something for a reason to do
/// it by itself, so too many bytes are none.
fn shown(blob: &Blob, debug: bool) -> ImmutableString {
    let begin = blob.len().min(SHOWN_BYTES);
    let value = Dynamic::from_blob(blob[..begin].to_vec());
    let text = if debug { format!("{value:?}") } else { value.to_string() };
    if begin == blob.len() {
        return text.into();
    }
    format!("{}… and {} bytes more]", text.trim_end_matches(']'), blob.len() - begin).into()
}

#[cfg(test)]
mod tests;
