//! Large values as text, written in pieces.
//!
//! Owns that a text ends where the call does, and how much of a blob is shown.

use std::fmt::Write as _;
use std::rc::Rc;

use rhai::{Array, Blob, Dynamic, EvalAltResult, ImmutableString, Map, NativeCallContext};

use super::{Answer, pure};
use crate::script::guard::Guard;

/// How many bytes of a blob are shown as text: one takes as long as a hundred that are copied.
const SHOWN_BYTES: usize = 64 << 10;

/// Puts them before the engine's own.
pub(super) fn register(engine: &mut rhai::Engine, guard: &Rc<Guard>) {
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
