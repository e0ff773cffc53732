//! Blobs as sequences of integers, and numbers laid out in them.
//!
//! Owns what the engine itself gets wrong: its loops hand out bytes of a type that compares with
//! nothing, and its big-endian numbers of fewer than eight bytes sit at the wrong end. Never reads a
//! message.

use std::any::TypeId;
use std::ops::{Range, RangeInclusive};

use rhai::{Blob, Dynamic, Engine, EvalAltResult, FuncRegistration, Module};

type Answer<T> = Result<T, Box<EvalAltResult>>;

/// Puts these before the engine's own.
pub(super) fn register(engine: &mut Engine) {
    let mut module = Module::new();
    module.set_iter(TypeId::of::<Blob>(), |blob| {
        Box::new(blob.cast::<Blob>().into_iter().map(|byte| Dynamic::from_int(byte.into())))
    });
    register_order(&mut module, "be", Order::Big);
    register_order(&mut module, "le", Order::Little);
    module.build_index();
    engine.register_global_module(module.into());
}

/// Which end of a number comes first.
#[derive(Clone, Copy)]
enum Order {
    Big,
    Little,
}

/// Which bytes of a blob are meant: a place and a length, or a range.
trait Part {
    /// Start, where below 0 counts from the end, and length.
    fn bounds(self) -> (i64, i64);
}

impl Part for Range<i64> {
    fn bounds(self) -> (i64, i64) {
        let start = self.start.max(0);
        (start, self.end.max(start) - start)
    }
}

impl Part for RangeInclusive<i64> {
    fn bounds(self) -> (i64, i64) {
        let start = (*self.start()).max(0);
        (start, (*self.end()).max(start - 1).saturating_sub(start).saturating_add(1))
    }
}

impl Part for (i64, i64) {
    fn bounds(self) -> (i64, i64) {
        self
    }
}

/// The places of at most eight bytes, as many of them as there are.
fn places(blob: &Blob, part: impl Part) -> Range<usize> {
    let (start, length) = part.bounds();
    let from_end = usize::try_from(start.unsigned_abs()).unwrap_or(usize::MAX);
    let start = match usize::try_from(start) {
        Ok(start) => start.min(blob.len()),
        Err(_) => blob.len().saturating_sub(from_end),
    };
    let length = usize::try_from(length).unwrap_or(0).min(8).min(blob.len() - start);
    start..start + length
}

/// Registers a reader and a writer for each way of saying which bytes.
macro_rules! for_each_part {
    ($module:ident, $name:expr, read $function:expr) => {
        FuncRegistration::new($name)
            .with_purity(true)
            .set_into_module($module, move |blob: &mut Blob, start: i64, length: i64| {
                $function(blob, (start, length))
            });
        FuncRegistration::new($name)
            .with_purity(true)
            .set_into_module($module, move |blob: &mut Blob, part: Range<i64>| {
                $function(blob, part.bounds())
            });
        FuncRegistration::new($name)
            .with_purity(true)
            .set_into_module($module, move |blob: &mut Blob, part: RangeInclusive<i64>| {
                $function(blob, part.bounds())
            });
    };
    ($module:ident, $name:expr, write $value:ty, $function:expr) => {
        FuncRegistration::new($name).set_into_module(
            $module,
            move |blob: &mut Blob, start: i64, length: i64, value: $value| {
                $function(blob, (start, length), value)
            },
        );
        FuncRegistration::new($name).set_into_module(
            $module,
            move |blob: &mut Blob, part: Range<i64>, value: $value| {
                $function(blob, part.bounds(), value)
            },
        );
        FuncRegistration::new($name).set_into_module(
            $module,
            move |blob: &mut Blob, part: RangeInclusive<i64>, value: $value| {
                $function(blob, part.bounds(), value)
            },
        );
    };
}

fn register_order(module: &mut Module, word: &str, order: Order) {
    let read = move |blob: &mut Blob, part| -> Answer<i64> { Ok(read_integer(blob, part, order)) };
    for_each_part!(module, format!("parse_{word}_int"), read read);
    let read = move |blob: &mut Blob, part| read_float(blob, part, order);
    for_each_part!(module, format!("parse_{word}_float"), read read);
    let write = move |blob: &mut Blob, part, value: i64| -> Answer<()> {
        write_integer(blob, part, value, order);
        Ok(())
    };
    for_each_part!(module, format!("write_{word}"), write i64, write);
    let write = move |blob: &mut Blob, part, value: f64| write_float(blob, part, value, order);
    for_each_part!(module, format!("write_{word}"), write f64, write);
}

/// The value of so many bytes, without a sign where there are fewer than eight.
fn read_integer(blob: &Blob, part: (i64, i64), order: Order) -> i64 {
    let bytes = &blob[places(blob, part)];
    let mut all = [0; 8];
    match order {
        Order::Big => {
            all[8 - bytes.len()..].copy_from_slice(bytes);
            i64::from_be_bytes(all)
        }
        Order::Little => {
            all[..bytes.len()].copy_from_slice(bytes);
            i64::from_le_bytes(all)
        }
    }
}

/// As many of an integer's low bytes as there is room for.
fn write_integer(blob: &mut Blob, part: (i64, i64), value: i64, order: Order) {
    let places = places(blob, part);
    let length = places.len();
    match order {
        Order::Big => blob[places].copy_from_slice(&value.to_be_bytes()[8 - length..]),
        Order::Little => blob[places].copy_from_slice(&value.to_le_bytes()[..length]),
    }
}

fn read_float(blob: &Blob, part: (i64, i64), order: Order) -> Answer<f64> {
    let bytes = &blob[places(blob, part)];
    if let Ok(all) = <[u8; 8]>::try_from(bytes) {
        return Ok(match order {
            Order::Big => f64::from_be_bytes(all),
            Order::Little => f64::from_le_bytes(all),
        });
    }
    let all = <[u8; 4]>::try_from(bytes).map_err(|_| no_float(bytes.len()))?;
    Ok(f64::from(match order {
        Order::Big => f32::from_be_bytes(all),
        Order::Little => f32::from_le_bytes(all),
    }))
}

#[expect(clippy::cast_possible_truncation, reason = "four bytes were asked for")]
fn write_float(blob: &mut Blob, part: (i64, i64), value: f64, order: Order) -> Answer<()> {
    let places = places(blob, part);
    let bytes = &mut blob[places];
    match (bytes.len(), order) {
        (8, Order::Big) => bytes.copy_from_slice(&value.to_be_bytes()),
        (8, Order::Little) => bytes.copy_from_slice(&value.to_le_bytes()),
        (4, Order::Big) => bytes.copy_from_slice(&(value as f32).to_be_bytes()),
        (4, Order::Little) => bytes.copy_from_slice(&(value as f32).to_le_bytes()),
        (length, _) => return Err(no_float(length)),
    }
    Ok(())
}

fn no_float(length: usize) -> Box<EvalAltResult> {
    format!("a float has 8 bytes, or 4; there are {length}").into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(code: &str) -> String {
        let mut engine = Engine::new();
        register(&mut engine);
        match engine.eval::<Dynamic>(code) {
            Ok(value) => format!("{} {value:?}", value.type_name()),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn bytes_are_integers_however_they_are_reached() {
        for code in [
            "let sum = 0; for x in blob(3, 7) { sum += x; } sum",
            "let sum = 0; for (x, i) in blob(3, 7) { sum += x; } sum",
            "let sum = 0; for x in blob(3, 7).to_array() { sum += x; } sum",
            "blob(3, 7).to_array().reduce(|sum, x| sum + x, 0)",
            "let b = blob(3, 7); b[0] + b.pop() + b.shift()",
        ] {
            assert_eq!(value(code), "i64 21", "{code}");
        }
        assert_eq!(
            value(
                "let all = true; for x in blob(2, 7) { all &= x == 7 && type_of(x) == \"i64\"; } all"
            ),
            "bool true"
        );
    }

    #[test]
    fn numbers_of_any_length_are_read_from_the_right_end() {
        let bytes = "let b = blob(0); for x in 1..=9 { b += x; } ";
        for (code, want) in [
            ("b.parse_be_int(0, 1)", "i64 1"),
            ("b.parse_be_int(0, 2)", "i64 258"),
            ("b.parse_be_int(0..4)", "i64 16909060"),
            ("b.parse_be_int(0..=3)", "i64 16909060"),
            ("b.parse_be_int(0, 8)", "i64 72623859790382856"),
            ("b.parse_be_int(0, 9)", "i64 72623859790382856"),
            ("b.parse_be_int(-2, 2)", "i64 2057"),
            ("b.parse_be_int(8, 4)", "i64 9"),
            ("b.parse_be_int(9, 4)", "i64 0"),
            ("b.parse_be_int(0, -1)", "i64 0"),
            ("b.parse_be_int(3..1)", "i64 0"),
            ("b.parse_le_int(0, 2)", "i64 513"),
            ("b.parse_le_int(0..=1)", "i64 513"),
            ("const B = blob(2, 1); B.parse_be_int(0, 2)", "i64 257"),
        ] {
            assert_eq!(value(&format!("{bytes}{code}")), want, "{code}");
        }
    }

    #[test]
    fn numbers_of_any_length_are_written_to_the_right_end() {
        for (code, want) in [
            ("b.write_be(1, 2, 258)", "[0001020000000000]"),
            ("b.write_be(1..3, 258)", "[0001020000000000]"),
            ("b.write_be(1..=2, 258)", "[0001020000000000]"),
            ("b.write_le(1, 2, 258)", "[0002010000000000]"),
            ("b.write_be(0, 8, -2)", "[fffffffffffffffe]"),
            ("b.write_be(6, 4, 258)", "[0000000000000102]"),
            ("b.write_be(0, 4, 1.5)", "[3fc0000000000000]"),
            ("b.write_le(0, 4, 1.5)", "[0000c03f00000000]"),
            ("b.write_be(0, 8, 1.5)", "[3ff8000000000000]"),
        ] {
            let got = value(&format!("let b = blob(8); {code}; `${{b}}`"));
            assert_eq!(got, format!("string {want:?}"), "{code}");
        }
        assert_eq!(
            value("let b = blob(8); b.write_be(0, 3, 1.5)").split(" (").next().unwrap(),
            "Runtime error: a float has 8 bytes, or 4; there are 3"
        );
        for number in ["1.5", "-0.25"] {
            for order in ["be", "le"] {
                let code = format!(
                    "let b = blob(12); b.write_{order}(0, 8, {number}); b.write_{order}(8, 4, {number}); \
                     [b.parse_{order}_float(0, 8), b.parse_{order}_float(8..12)]"
                );
                assert_eq!(value(&code), format!("array [{number}, {number}]"));
            }
        }
    }
}
