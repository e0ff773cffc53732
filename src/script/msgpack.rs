//! MessagePack, from values and to values.
//!
//! Owns what becomes of each of its types: an integer past 64 bits keeps its digits, a time becomes
//! seconds, and a type of somebody's own is refused. Never guesses: text that is none is an error.

use std::rc::Rc;

use rhai::{Array, Blob, Dynamic, Engine, ImmutableString, Map};
use rmp::{Marker, encode};

use super::binary_form::{self, Form, cut_off, integer, key_of, left_behind, too_deep};
use super::guard::Guard;
use super::limits;
use super::operand::{Answer, Growing, with_bytes};
use crate::message::as_text;

const NAME: &str = "MessagePack";
/// The extension type of times.
const TIME: i8 = -1;

/// Gives an engine these functions.
pub(super) fn register(engine: &mut Engine, guard: &Rc<Guard>) {
    let here = Rc::clone(guard);
    engine.register_fn("to_msgpack", move |value: Dynamic| -> Answer<Blob> {
        let mut form = Writer(Growing::new(&here));
        binary_form::write(&mut form, &value)?;
        Ok(form.0.into_blob())
    });
    let here = Rc::clone(guard);
    engine.register_fn("from_msgpack", move |value: Dynamic| -> Answer<Dynamic> {
        with_bytes("from_msgpack", &value, |bytes| {
            let mut reader = Reader { guard: &here, rest: bytes, count: 0 };
            let value = reader.value(limits::JSON_DEPTH)?;
            match reader.rest.len() {
                0 => Ok(value),
                left => Err(left_behind(NAME, left).into()),
            }
        })
    });
}

struct Writer(Growing);

impl Writer {
    /// Adds what the crate writes for something short.
    fn head<E>(&mut self, write: impl FnOnce(&mut Vec<u8>) -> Result<(), E>) -> Answer<()> {
        let mut head = Vec::with_capacity(9);
        // Writing to memory does not fail.
        drop(write(&mut head));
        self.0.extend(&head)
    }
}

/// How long something may be for MessagePack, which a call has no memory for.
fn length(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

impl Form for Writer {
    const NAME: &'static str = NAME;

    fn unit(&mut self) -> Answer<()> {
        self.head(encode::write_nil)
    }

    fn boolean(&mut self, truth: bool) -> Answer<()> {
        self.head(|head| encode::write_bool(head, truth))
    }

    fn integer(&mut self, number: i64) -> Answer<()> {
        self.head(|head| encode::write_sint(head, number).map(drop))
    }

    fn digits(&mut self, digits: &str) -> Answer<()> {
        match digits.parse::<u64>() {
            Ok(number) => self.head(|head| encode::write_uint(head, number).map(drop)),
            Err(_) => Err(format!(
                "{digits} needs more than 64 bits, the most that {NAME} has; send it as text"
            )
            .into()),
        }
    }

    fn float(&mut self, number: f64) -> Answer<()> {
        self.head(|head| encode::write_f64(head, number))
    }

    fn text(&mut self, text: &str) -> Answer<()> {
        self.head(|head| encode::write_str_len(head, length(text.len())).map(drop))?;
        self.0.extend(text.as_bytes())
    }

    fn blob(&mut self, bytes: &[u8]) -> Answer<()> {
        self.head(|head| encode::write_bin_len(head, length(bytes.len())).map(drop))?;
        self.0.extend(bytes)
    }

    fn array(&mut self, count: usize) -> Answer<()> {
        self.head(|head| encode::write_array_len(head, length(count)).map(drop))
    }

    fn map(&mut self, count: usize) -> Answer<()> {
        self.head(|head| encode::write_map_len(head, length(count)).map(drop))
    }

    fn written(&self) -> &Growing {
        &self.0
    }
}

struct Reader<'a> {
    guard: &'a Guard,
    rest: &'a [u8],
    count: usize,
}

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Answer<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(length).ok_or_else(|| cut_off(NAME))?;
        self.rest = rest;
        Ok(taken)
    }

    fn bytes<const N: usize>(&mut self) -> Answer<[u8; N]> {
        let mut bytes = [0; N];
        bytes.copy_from_slice(self.take(N)?);
        Ok(bytes)
    }

    /// A length of one, two or four bytes.
    fn length<const N: usize>(&mut self) -> Answer<usize> {
        let bytes = self.bytes::<N>()?;
        Ok(bytes.iter().fold(0, |length, &byte| length << 8 | usize::from(byte)))
    }

    fn value(&mut self, depth: usize) -> Answer<Dynamic> {
        self.count += 1;
        self.guard.pace(self.count)?;
        let Some(depth) = depth.checked_sub(1) else { return Err(too_deep().into()) };
        let [first] = self.bytes()?;
        Ok(match Marker::from_u8(first) {
            Marker::Null => Dynamic::UNIT,
            Marker::True => Dynamic::from_bool(true),
            Marker::False => Dynamic::from_bool(false),
            Marker::FixPos(number) => Dynamic::from_int(number.into()),
            Marker::FixNeg(number) => Dynamic::from_int(number.into()),
            Marker::U8 => integer(u8::from_be_bytes(self.bytes()?).into()),
            Marker::U16 => integer(u16::from_be_bytes(self.bytes()?).into()),
            Marker::U32 => integer(u32::from_be_bytes(self.bytes()?).into()),
            Marker::U64 => integer(u64::from_be_bytes(self.bytes()?).into()),
            Marker::I8 => integer(i8::from_be_bytes(self.bytes()?).into()),
            Marker::I16 => integer(i16::from_be_bytes(self.bytes()?).into()),
            Marker::I32 => integer(i32::from_be_bytes(self.bytes()?).into()),
            Marker::I64 => integer(i64::from_be_bytes(self.bytes()?).into()),
            Marker::F32 => Dynamic::from_float(f32::from_be_bytes(self.bytes()?).into()),
            Marker::F64 => Dynamic::from_float(f64::from_be_bytes(self.bytes()?)),
            Marker::FixStr(length) => self.text(length.into())?,
            Marker::Str8 => self.sized::<1>(Self::text)?,
            Marker::Str16 => self.sized::<2>(Self::text)?,
            Marker::Str32 => self.sized::<4>(Self::text)?,
            Marker::Bin8 => self.sized::<1>(Self::blob)?,
            Marker::Bin16 => self.sized::<2>(Self::blob)?,
            Marker::Bin32 => self.sized::<4>(Self::blob)?,
            Marker::FixArray(count) => self.array(count.into(), depth)?,
            Marker::Array16 => self.sized::<2>(|reader, count| reader.array(count, depth))?,
            Marker::Array32 => self.sized::<4>(|reader, count| reader.array(count, depth))?,
            Marker::FixMap(count) => self.map(count.into(), depth)?,
            Marker::Map16 => self.sized::<2>(|reader, count| reader.map(count, depth))?,
            Marker::Map32 => self.sized::<4>(|reader, count| reader.map(count, depth))?,
            Marker::FixExt1 => self.extension(1)?,
            Marker::FixExt2 => self.extension(2)?,
            Marker::FixExt4 => self.extension(4)?,
            Marker::FixExt8 => self.extension(8)?,
            Marker::FixExt16 => self.extension(16)?,
            Marker::Ext8 => self.sized::<1>(Self::extension)?,
            Marker::Ext16 => self.sized::<2>(Self::extension)?,
            Marker::Ext32 => self.sized::<4>(Self::extension)?,
            Marker::Reserved => {
                return Err(format!("the byte {first:#04x} begins nothing in {NAME}").into());
            }
        })
    }

    fn sized<const N: usize>(
        &mut self,
        read: impl FnOnce(&mut Self, usize) -> Answer<Dynamic>,
    ) -> Answer<Dynamic> {
        let length = self.length::<N>()?;
        read(self, length)
    }

    fn text(&mut self, length: usize) -> Answer<Dynamic> {
        let bytes = self.take(length)?;
        let text = as_text(bytes).ok_or_else(|| format!("a text of the {NAME} is not UTF-8"))?;
        self.guard.ask(length, 1)?;
        Ok(ImmutableString::from(text).into())
    }

    fn blob(&mut self, length: usize) -> Answer<Dynamic> {
        let bytes = self.take(length)?;
        self.guard.ask(length, 1)?;
        Ok(Dynamic::from_blob(bytes.to_vec()))
    }

    fn array(&mut self, count: usize, depth: usize) -> Answer<Dynamic> {
        // Each element has a byte at least, so a count that lies reserves nothing.
        if count > self.rest.len() {
            return Err(cut_off(NAME).into());
        }
        self.guard.ask(count, size_of::<Dynamic>())?;
        let mut array = Array::with_capacity(count);
        for _ in 0..count {
            array.push(self.value(depth)?);
        }
        Ok(Dynamic::from_array(array))
    }

    fn map(&mut self, count: usize, depth: usize) -> Answer<Dynamic> {
        let mut map = Map::new();
        for _ in 0..count {
            let key = key_of(&self.value(1)?, NAME)?;
            self.guard.ask(4, size_of::<Dynamic>())?;
            map.insert(key, self.value(depth)?);
        }
        Ok(Dynamic::from_map(map))
    }

    fn extension(&mut self, length: usize) -> Answer<Dynamic> {
        let kind = i8::from_be_bytes(self.bytes()?);
        let data = self.take(length)?;
        let word = |bytes: &[u8]| bytes.iter().fold(0, |word, &byte| word << 8 | u64::from(byte));
        let (seconds, nanos) = match (kind, length) {
            (TIME, 4) => (i64::try_from(word(data)).unwrap_or(i64::MAX), 0),
            (TIME, 8) => {
                let both = word(data);
                ((both & 0x3_ffff_ffff).cast_signed(), both >> 34)
            }
            (TIME, 12) => (word(&data[4..]).cast_signed(), word(&data[..4])),
            _ => {
                return Err(
                    format!("extension type {kind} of {NAME} has no form in a script").into()
                );
            }
        };
        Ok(seconds_of(seconds, nanos))
    }
}

/// A time in seconds since the epoch, a float as `now()` is one.
#[expect(clippy::cast_precision_loss, reason = "a float of seconds is what times are")]
fn seconds_of(seconds: i64, nanos: u64) -> Dynamic {
    Dynamic::from_float(seconds as f64 + nanos as f64 / 1e9)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::script::trial::{said, said_of, said_patiently, table};

    #[test]
    fn values_are_written_as_the_specification_says() {
        table(&[
            ("to_msgpack(()).to_hex()", "c0"),
            ("to_msgpack([true, false, 1, -1, 128, -129]).to_hex()", "96c3c201ffcc80d1ff7f"),
            ("to_msgpack(1.5).to_hex()", "cb3ff8000000000000"),
            ("to_msgpack(\"a\").to_hex() + to_msgpack('b').to_hex()", "a161a162"),
            ("to_msgpack(blob(2, 7)).to_hex()", "c4020707"),
            ("to_msgpack(#{b: [], a: #{}}).to_hex()", "82a16180a16290"),
            ("to_msgpack(parse_json(\"18446744073709551615\")).to_hex()", "cfffffffffffffffff"),
            (
                "to_msgpack(parse_json(\"18446744073709551616\"))",
                "failed: 18446744073709551616 needs more than 64 bits, the most that MessagePack has; send it as text",
            ),
            ("to_msgpack(|x| x)", "failed: a function has no MessagePack form"),
            ("to_msgpack([msg])", "failed: a message has no MessagePack form"),
            (
                "let a = 1; for i in 0..70 { a = [a]; } to_msgpack(a)",
                "failed: the value is nested more than 64 deep",
            ),
        ]);
    }

    #[test]
    fn values_are_read_as_the_specification_says() {
        for (hex, want) in [
            ("c0", "()"),
            ("93c3c2ff", "[true, false, -1]"),
            ("cfffffffffffffffff", "18446744073709551615"),
            ("d38000000000000000", "-9223372036854775808"),
            ("ca3fc00000", "1.5"),
            ("d90161", "\"a\""),
            ("c40107", "[07]"),
            ("82a16101a16202", r##"#{"a": 1, "b": 2}"##),
            ("82010203a162", r##"#{"1": 2, "3": "b"}"##),
            // The three forms of a time.
            ("d6ff00000001", "1.0"),
            ("d7ff77359400 00000001", "1.5"),
            ("c70cff1dcd6500fffffffffffffffe", "-1.5"),
            ("d50500ff", "failed: extension type 5 of MessagePack has no form in a script"),
            ("", "failed: the blob ends in the middle of its MessagePack"),
            ("92c0", "failed: the blob ends in the middle of its MessagePack"),
            ("ddffffffff", "failed: the blob ends in the middle of its MessagePack"),
            ("dfffffffff", "failed: the blob ends in the middle of its MessagePack"),
            ("c0c0", "failed: 1 bytes are left behind the end of the MessagePack"),
            ("c1", "failed: the byte 0xc1 begins nothing in MessagePack"),
            ("a1ff", "failed: a text of the MessagePack is not UTF-8"),
            (
                "81c001",
                "failed: a key of a map is a text or an integer; one in the MessagePack is ()",
            ),
        ] {
            let hex = hex.replace(' ', "");
            let body = format!("[from_msgpack(from_hex(\"{hex}\"))].to_debug()");
            assert_eq!(said(&body), wrapped(want), "{hex}");
        }
    }

    /// A value as it is shown inside an array.
    fn wrapped(want: &str) -> String {
        if want.starts_with("failed") { want.to_owned() } else { format!("[{want}]") }
    }

    #[test]
    fn what_lies_about_its_length_allocates_nothing() {
        let before = crate::memory::held();
        let deep = "91".repeat(1000);
        for hex in ["ddffffff00", "dfffffff00", "c6ffffffff", "dbffffffff", &deep] {
            let said = said(&format!("from_msgpack(from_hex(\"{hex}\"))"));
            assert!(said.starts_with("failed: the "), "{said}");
        }
        assert!(crate::memory::held() - before < 1 << 20);
    }

    #[test]
    fn what_grows_is_bounded() {
        let body = "let s = \"x\"; s.pad(1000000, 'x'); let a = []; a.pad(1000, s); to_msgpack(a)";
        assert_eq!(
            said_patiently(body),
            "failed: a call can hold 96 MiB at most, and this is more"
        );
        // A million empty arrays in an array: sixteen times as much memory as bytes.
        let body = "let b = blob(8000005, 0x90); b[0] = 0xdd; b[1] = 0; b[2] = 0x7a; b[3] = 0x12; b[4] = 0; \
                    from_msgpack(b)";
        assert_eq!(
            said_patiently(body),
            "failed: a call can hold 96 MiB at most, and this is more"
        );
    }

    proptest! {
        #[test]
        fn no_bytes_break_the_reader(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let said = said_of("let v = from_msgpack(msg.bytes); let w = to_msgpack(v); `${from_msgpack(w) == v}`", &bytes);
            // What is read is written again; `NaN` and times beside it.
            prop_assert!(said == "true" || said == "false" || said.starts_with("failed: "), "{}", said);
        }
    }
}
