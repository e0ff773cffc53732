//! Numbers and bytes laid out one behind the other, by the formats of Python's `struct`.
//!
//! Owns the formats: byte order, alignment and size of each letter. Never knows what a layout is of.

use std::rc::Rc;

use rhai::{Array, Blob, Dynamic, Engine};

use super::binary_form::integer;
use super::digits::Digits;
use super::encode::kind_of;
use super::guard::Guard;
use super::operand::{Answer, Growing, with_array, with_bytes};
use crate::listing::counted;

/// Gives an engine these functions.
pub(super) fn register(engine: &mut Engine, guard: &Rc<Guard>) {
    let here = Rc::clone(guard);
    engine.register_fn("pack", move |format: &str, values: Dynamic| -> Answer<Blob> {
        let layout = Layout::parse(format)?;
        with_array("pack", &values, |values| pack(&here, &layout, format, values))
    });
    let here = Rc::clone(guard);
    engine.register_fn("unpack", move |format: &str, bytes: Dynamic| -> Answer<Array> {
        let layout = Layout::parse(format)?;
        with_bytes("unpack", &bytes, |bytes| unpack(&here, &layout, format, bytes))
    });
}

/// Why a format that is written out in a script is none.
pub(super) fn refusal(format: &str) -> Option<String> {
    Layout::parse(format).err()
}

/// What one letter stands for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    /// A byte that is no value.
    Pad,
    /// One byte, as a blob.
    Byte,
    Boolean,
    Signed,
    Unsigned,
    Float,
    /// As many bytes as the count says, as one blob.
    Bytes,
    /// The same with its length before it.
    Counted,
}

/// A letter with its count.
#[derive(Clone, Copy, Debug)]
struct Item {
    kind: Kind,
    /// How many values; of bytes, how long the one is.
    count: usize,
    /// Bytes of one.
    size: usize,
    /// How many bytes are left out before it.
    gap: usize,
}

/// A format.
struct Layout {
    big: bool,
    items: Vec<Item>,
    bytes: usize,
    values: usize,
}

const LETTERS: &str = "x c b B ? h H i I l L q Q n N e f d s p P";

impl Layout {
    fn parse(format: &str) -> Result<Self, String> {
        let wrong = |why: String| format!("{format:?} is no format of a layout: {why}");
        let native = !format.starts_with(['=', '<', '>', '!']);
        let big = format.starts_with(['>', '!'])
            || (cfg!(target_endian = "big") && !format.starts_with('<'));
        let letters = format.strip_prefix(['@', '=', '<', '>', '!']).unwrap_or(format);
        let mut layout = Self { big, items: Vec::new(), bytes: 0, values: 0 };
        let mut count: Option<usize> = None;
        for letter in letters.chars() {
            if let Some(digit) = letter.to_digit(10) {
                let more = count.unwrap_or(0).checked_mul(10);
                count = more.and_then(|count| count.checked_add(digit as usize));
                if count.is_none() {
                    return Err(wrong("its counts are too large".to_owned()));
                }
                continue;
            }
            if letter.is_ascii_whitespace() {
                if count.is_some() {
                    return Err(wrong("a count stands right before its letter".to_owned()));
                }
                continue;
            }
            let (kind, size) = kind_of_letter(letter, native).ok_or_else(|| {
                wrong(match letter {
                    'n' | 'N' | 'P' => format!("{letter:?} stands in native formats only, `@`"),
                    _ => format!("{letter:?} stands for nothing; there are {LETTERS}"),
                })
            })?;
            layout
                .add(kind, size, count.take().unwrap_or(1), native)
                .ok_or_else(|| wrong("its counts are too large".to_owned()))?;
        }
        if count.is_some() {
            return Err(wrong("a count has no letter behind it".to_owned()));
        }
        Ok(layout)
    }

    fn add(&mut self, kind: Kind, size: usize, count: usize, aligned: bool) -> Option<()> {
        let gap = if aligned { self.bytes.next_multiple_of(size) - self.bytes } else { 0 };
        let length = size.checked_mul(count)?.checked_add(gap)?;
        self.bytes = self.bytes.checked_add(length)?;
        let values = match kind {
            Kind::Pad => 0,
            Kind::Bytes | Kind::Counted => 1,
            Kind::Byte | Kind::Boolean | Kind::Signed | Kind::Unsigned | Kind::Float => count,
        };
        self.values = self.values.checked_add(values)?;
        self.items.push(Item { kind, count, size, gap });
        Some(())
    }
}

/// What a letter stands for, and how many bytes it has.
fn kind_of_letter(letter: char, native: bool) -> Option<(Kind, usize)> {
    Some(match letter {
        'x' => (Kind::Pad, 1),
        'c' => (Kind::Byte, 1),
        '?' => (Kind::Boolean, 1),
        'b' => (Kind::Signed, 1),
        'B' => (Kind::Unsigned, 1),
        'h' => (Kind::Signed, 2),
        'H' => (Kind::Unsigned, 2),
        'i' => (Kind::Signed, 4),
        'I' => (Kind::Unsigned, 4),
        'l' => (Kind::Signed, if native { 8 } else { 4 }),
        'L' => (Kind::Unsigned, if native { 8 } else { 4 }),
        'q' => (Kind::Signed, 8),
        'Q' => (Kind::Unsigned, 8),
        'n' if native => (Kind::Signed, 8),
        'N' | 'P' if native => (Kind::Unsigned, 8),
        'e' => (Kind::Float, 2),
        'f' => (Kind::Float, 4),
        'd' => (Kind::Float, 8),
        's' => (Kind::Bytes, 1),
        'p' => (Kind::Counted, 1),
        _ => return None,
    })
}

fn pack(guard: &Rc<Guard>, layout: &Layout, format: &str, values: &Array) -> Answer<Blob> {
    if values.len() != layout.values {
        return Err(format!(
            "the format {format:?} takes {}; there are {}",
            counted(layout.values, "value"),
            values.len()
        )
        .into());
    }
    let mut blob = Growing::new(guard);
    blob.reserve(layout.bytes)?;
    let mut values = values.iter();
    for item in &layout.items {
        blob.extend(&[0; 8][..item.gap])?;
        match item.kind {
            Kind::Pad => fill(&mut blob, item.count)?,
            Kind::Bytes | Kind::Counted => {
                let Some(value) = values.next() else { break };
                pack_bytes(&mut blob, *item, value)?;
            }
            Kind::Byte | Kind::Boolean | Kind::Signed | Kind::Unsigned | Kind::Float => {
                for (number, value) in values.by_ref().take(item.count).enumerate() {
                    guard.pace(number)?;
                    pack_one(&mut blob, *item, layout.big, value)?;
                }
            }
        }
    }
    Ok(blob.into_blob())
}

/// Zeros, which are reserved already.
fn fill(blob: &mut Growing, count: usize) -> Answer<()> {
    const ZEROS: [u8; 4096] = [0; 4096];
    let mut left = count;
    while left > 0 {
        let piece = left.min(ZEROS.len());
        blob.extend(&ZEROS[..piece])?;
        left -= piece;
    }
    Ok(())
}

/// As many bytes as there is room for, and zeros behind them.
fn pack_bytes(blob: &mut Growing, item: Item, value: &Dynamic) -> Answer<()> {
    with_bytes("pack", value, |bytes| {
        let mut room = item.count;
        if item.kind == Kind::Counted && room > 0 {
            room -= 1;
            let length = bytes.len().min(room).min(255);
            blob.push(u8::try_from(length).unwrap_or(u8::MAX))?;
        }
        let bytes = &bytes[..bytes.len().min(room)];
        blob.extend(bytes)?;
        fill(blob, room - bytes.len())
    })
}

fn pack_one(blob: &mut Growing, item: Item, big: bool, value: &Dynamic) -> Answer<()> {
    let mut bytes = match item.kind {
        Kind::Byte => {
            return with_bytes("pack", value, |bytes| match bytes {
                [byte] => blob.push(*byte),
                _ => Err(format!("\"c\" is one byte; there are {}", bytes.len()).into()),
            });
        }
        Kind::Boolean => {
            let truth = value
                .as_bool()
                .map_err(|_| format!("\"?\" takes a boolean; this is {}", kind_of(value)))?;
            return blob.push(truth.into());
        }
        Kind::Float => float_bytes(item.size, value)?,
        Kind::Signed | Kind::Unsigned | Kind::Pad | Kind::Bytes | Kind::Counted => {
            integer_bytes(item, value)?
        }
    };
    // The number lies in the first bytes, the lowest first.
    let bytes = &mut bytes[..item.size];
    if big {
        bytes.reverse();
    }
    blob.extend(bytes)
}

fn integer_bytes(item: Item, value: &Dynamic) -> Result<[u8; 8], String> {
    let digits = value.read_lock::<Digits>();
    let number = match (value.as_int(), &digits) {
        (Ok(number), _) => i128::from(number),
        // More digits than these fit no format.
        (Err(_), Some(digits)) => digits.as_str().parse().unwrap_or(i128::MAX),
        (Err(_), None) => {
            let kind = if value.is_float() { "a float" } else { kind_of(value) };
            let size = counted(item.size, "byte");
            return Err(format!("an integer of {size} is asked for; this is {kind}"));
        }
    };
    let bits = item.size * 8;
    let (low, high) = if item.kind == Kind::Signed {
        (-(1_i128 << (bits - 1)), (1_i128 << (bits - 1)) - 1)
    } else {
        (0, (1_i128 << bits) - 1)
    };
    if (low..=high).contains(&number) {
        let mut bytes = [0; 8];
        bytes.copy_from_slice(&number.to_le_bytes()[..8]);
        return Ok(bytes);
    }
    let shown = digits.map_or_else(|| value.to_string(), |digits| digits.to_string());
    Err(format!("{shown} is outside {low} to {high}, which {} hold", counted(item.size, "byte")))
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "the format asks for that many bytes"
)]
fn float_bytes(size: usize, value: &Dynamic) -> Result<[u8; 8], String> {
    let number = if let Ok(number) = value.as_float() {
        number
    } else if let Ok(number) = value.as_int() {
        number as f64
    } else {
        return Err(format!("a float is asked for; this is {}", kind_of(value)));
    };
    let mut bytes = [0; 8];
    let is_infinite = match size {
        2 => {
            let half = half_of(number);
            bytes[..2].copy_from_slice(&half.to_le_bytes());
            half & !SIGN == INFINITE
        }
        4 => {
            let single = number as f32;
            bytes[..4].copy_from_slice(&single.to_le_bytes());
            single.is_infinite()
        }
        _ => {
            bytes = number.to_le_bytes();
            number.is_infinite()
        }
    };
    if is_infinite && number.is_finite() {
        return Err(format!("{value} is too large for a float of {}", counted(size, "byte")));
    }
    Ok(bytes)
}

/// The sign of a float of two bytes.
const SIGN: u16 = 0x8000;
/// One that is infinite.
const INFINITE: u16 = 0x7c00;

/// The nearest float of two bytes, and of two that are as near the even one.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "what is cast has been bounded"
)]
fn half_of(number: f64) -> u16 {
    let size = number.abs();
    let half = if number.is_nan() {
        INFINITE | 0x200
    } else if size >= 65_520.0 {
        INFINITE
    } else if size < 2_f64.powi(-14) {
        (size * 2_f64.powi(24)).round_ties_even() as u16
    } else {
        let exponent = (size.to_bits() >> 52) as i32 - 1023;
        let digits = (size * 2_f64.powi(10 - exponent)).round_ties_even() as u16;
        // Digits that were rounded up to the next power carry into the exponent by themselves.
        ((exponent + 15) as u16) * 1024 + digits - 1024
    };
    if number.is_sign_negative() { half | SIGN } else { half }
}

/// The number that a float of two bytes is.
fn of_half(half: u16) -> f64 {
    let digits = f64::from(half & 0x3ff);
    let size = match i32::from((half & !SIGN) >> 10) {
        0 => digits * 2_f64.powi(-24),
        31 if digits > 0.0 => f64::NAN,
        31 => f64::INFINITY,
        exponent => (digits + 1024.0) * 2_f64.powi(exponent - 25),
    };
    if half & SIGN == 0 { size } else { -size }
}

fn unpack(guard: &Guard, layout: &Layout, format: &str, bytes: &[u8]) -> Answer<Array> {
    if bytes.len() != layout.bytes {
        return Err(format!(
            "the format {format:?} is {} long; the blob has {}",
            counted(layout.bytes, "byte"),
            bytes.len()
        )
        .into());
    }
    // A byte of its own is a blob of its own.
    guard.ask(layout.values, size_of::<Dynamic>() * 4)?;
    let mut values = Array::with_capacity(layout.values);
    let mut rest = bytes;
    for item in &layout.items {
        let (taken, behind) = rest.split_at(item.gap + item.size * item.count);
        let taken = &taken[item.gap..];
        rest = behind;
        match item.kind {
            Kind::Pad => {}
            Kind::Bytes => {
                guard.ask(taken.len(), 1)?;
                values.push(Dynamic::from_blob(taken.to_vec()));
            }
            Kind::Counted => {
                let (length, text) = taken.split_first().unwrap_or((&0, &[]));
                let text = &text[..text.len().min((*length).into())];
                values.push(Dynamic::from_blob(text.to_vec()));
            }
            Kind::Byte | Kind::Boolean | Kind::Signed | Kind::Unsigned | Kind::Float => {
                for one in taken.chunks_exact(item.size) {
                    guard.pace(values.len())?;
                    values.push(unpack_one(*item, layout.big, one));
                }
            }
        }
    }
    Ok(values)
}

fn unpack_one(item: Item, big: bool, bytes: &[u8]) -> Dynamic {
    let mut low_first = [0; 8];
    low_first[..bytes.len()].copy_from_slice(bytes);
    if big {
        low_first[..bytes.len()].reverse();
    }
    let word = u64::from_le_bytes(low_first);
    let [a, b, c, d, ..] = low_first;
    match (item.kind, item.size) {
        (Kind::Boolean, _) => Dynamic::from_bool(word != 0),
        (Kind::Float, 2) => Dynamic::from_float(of_half(u16::from_le_bytes([a, b]))),
        (Kind::Float, 4) => Dynamic::from_float(f32::from_le_bytes([a, b, c, d]).into()),
        (Kind::Float, _) => Dynamic::from_float(f64::from_le_bytes(low_first)),
        (Kind::Signed, size) => {
            let shift = 64 - size * 8;
            Dynamic::from_int((word << shift).cast_signed() >> shift)
        }
        (Kind::Unsigned, _) => integer(word.into()),
        _ => Dynamic::from_blob(bytes.to_vec()),
    }
}

#[cfg(test)]
mod tests;
