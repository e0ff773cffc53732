//! CBOR, from values and to values.
//!
//! Owns what becomes of each of its types: an integer past 64 bits keeps its digits, whether CBOR has
//! it as an integer or as a bignum; of any other tag the content is taken. Never guesses.

use std::rc::Rc;

use minicbor::data::{Tag, Type};
use minicbor::{Decoder, Encoder};
use rhai::{Array, Blob, Dynamic, Engine, ImmutableString, Map};

use super::binary_form::{self, Form, cut_off, integer, key_of, left_behind, too_deep};
use super::digits::Digits;
use super::guard::Guard;
use super::limits;
use super::operand::{Answer, Growing, with_bytes};

const NAME: &str = "CBOR";
/// The tags of integers of any size.
const BIGNUM: u64 = 2;
const NEGATIVE_BIGNUM: u64 = 3;

/// Gives an engine these functions.
pub(super) fn register(engine: &mut Engine, guard: &Rc<Guard>) {
    let here = Rc::clone(guard);
    engine.register_fn("to_cbor", move |value: Dynamic| -> Answer<Blob> {
        let mut form = Writer(Growing::new(&here));
        binary_form::write(&mut form, &value)?;
        Ok(form.0.into_blob())
    });
    let here = Rc::clone(guard);
    engine.register_fn("from_cbor", move |value: Dynamic| -> Answer<Dynamic> {
        with_bytes("from_cbor", &value, |bytes| {
            let mut reader = Reader { guard: &here, bytes: Decoder::new(bytes), count: 0 };
            let value = reader.value(limits::JSON_DEPTH)?;
            match bytes.len() - reader.bytes.position() {
                0 => Ok(value),
                left => Err(left_behind(NAME, left).into()),
            }
        })
    });
}

struct Writer(Growing);

impl Writer {
    /// Adds what the crate writes for something short.
    fn head<T, E>(
        &mut self,
        write: impl FnOnce(&mut Encoder<&mut Vec<u8>>) -> Result<T, E>,
    ) -> Answer<()> {
        let mut head = Vec::with_capacity(9);
        // Writing to memory does not fail.
        drop(write(&mut Encoder::new(&mut head)).ok());
        self.0.extend(&head)
    }

    fn length<E>(
        &mut self,
        length: usize,
        write: impl FnOnce(&mut Encoder<&mut Vec<u8>>, u64) -> Result<(), E>,
    ) -> Answer<()> {
        self.head(|head| write(head, length as u64))
    }

    /// An integer that has no place in 64 bits and a sign of its own.
    fn bignum(&mut self, tag: u64, magnitude: u128) -> Answer<()> {
        let bytes = magnitude.to_be_bytes();
        let zeros = bytes.iter().take_while(|&&byte| byte == 0).count();
        self.head(|head| head.tag(Tag::new(tag)).map(drop))?;
        self.blob(&bytes[zeros..])
    }
}

impl Form for Writer {
    const NAME: &'static str = NAME;

    fn unit(&mut self) -> Answer<()> {
        self.head(|head| head.null().map(drop))
    }

    fn boolean(&mut self, truth: bool) -> Answer<()> {
        self.head(|head| head.bool(truth).map(drop))
    }

    fn integer(&mut self, number: i64) -> Answer<()> {
        self.head(|head| head.i64(number).map(drop))
    }

    fn digits(&mut self, digits: &str) -> Answer<()> {
        if let Ok(number) = digits.parse::<u64>() {
            return self.head(|head| head.u64(number).map(drop));
        }
        if let Ok(number) = digits.parse::<u128>() {
            return self.bignum(BIGNUM, number);
        }
        // CBOR counts negative integers from -1 downward.
        match digits.parse::<i128>().map(|number| (-1 - number).unsigned_abs()) {
            Ok(below) => match u64::try_from(below) {
                Ok(below) => self.head(|head| {
                    let number = minicbor::data::Int::try_from(-1 - i128::from(below));
                    number.map(|number| head.int(number).is_ok())
                }),
                Err(_) => self.bignum(NEGATIVE_BIGNUM, below),
            },
            Err(_) => Err(format!("{digits} needs more than 128 bits; send it as text").into()),
        }
    }

    fn float(&mut self, number: f64) -> Answer<()> {
        self.head(|head| head.f64(number).map(drop))
    }

    fn text(&mut self, text: &str) -> Answer<()> {
        self.length(text.len(), |head, length| head.str_len(length).map(drop))?;
        self.0.extend(text.as_bytes())
    }

    fn blob(&mut self, bytes: &[u8]) -> Answer<()> {
        self.length(bytes.len(), |head, length| head.bytes_len(length).map(drop))?;
        self.0.extend(bytes)
    }

    fn array(&mut self, count: usize) -> Answer<()> {
        self.length(count, |head, length| head.array(length).map(drop))
    }

    fn map(&mut self, count: usize) -> Answer<()> {
        self.length(count, |head, length| head.map(length).map(drop))
    }

    fn written(&self) -> &Growing {
        &self.0
    }
}

struct Reader<'a> {
    guard: &'a Guard,
    bytes: Decoder<'a>,
    count: usize,
}

/// In the words of the house.
#[expect(clippy::needless_pass_by_value, reason = "it is what maps an error")]
fn fault(error: minicbor::decode::Error) -> String {
    if error.is_end_of_input() { cut_off(NAME) } else { format!("the blob is no {NAME}: {error}") }
}

impl Reader<'_> {
    fn value(&mut self, depth: usize) -> Answer<Dynamic> {
        self.count += 1;
        self.guard.pace(self.count)?;
        let Some(depth) = depth.checked_sub(1) else { return Err(too_deep().into()) };
        let bytes = &mut self.bytes;
        Ok(match bytes.datatype().map_err(fault)? {
            Type::Null => bytes.null().map(|()| Dynamic::UNIT).map_err(fault)?,
            Type::Undefined => bytes.undefined().map(|()| Dynamic::UNIT).map_err(fault)?,
            Type::Bool => Dynamic::from_bool(bytes.bool().map_err(fault)?),
            Type::U8
            | Type::U16
            | Type::U32
            | Type::U64
            | Type::I8
            | Type::I16
            | Type::I32
            | Type::I64
            | Type::Int => integer(bytes.int().map_err(fault)?.into()),
            Type::F16 => Dynamic::from_float(bytes.f16().map_err(fault)?.into()),
            Type::F32 => Dynamic::from_float(bytes.f32().map_err(fault)?.into()),
            Type::F64 => Dynamic::from_float(bytes.f64().map_err(fault)?),
            Type::Bytes | Type::BytesIndef => Dynamic::from_blob(self.blob()?),
            Type::String | Type::StringIndef => self.text()?.into(),
            Type::Array | Type::ArrayIndef => self.array(depth)?,
            Type::Map | Type::MapIndef => self.map(depth)?,
            Type::Tag => self.tagged(depth)?,
            Type::Simple => {
                let number = bytes.simple().map_err(fault)?;
                return Err(
                    format!("the simple value {number} of {NAME} has no form in a script").into()
                );
            }
            Type::Break | Type::Unknown(_) => {
                return Err(
                    format!("the byte at {} begins nothing in {NAME}", bytes.position()).into()
                );
            }
        })
    }

    fn blob(&mut self) -> Answer<Blob> {
        let mut blob = Blob::new();
        for piece in self.bytes.bytes_iter().map_err(fault)? {
            let piece = piece.map_err(fault)?;
            self.guard.ask(blob.len() + piece.len(), 1)?;
            blob.extend_from_slice(piece);
        }
        Ok(blob)
    }

    fn text(&mut self) -> Answer<ImmutableString> {
        let mut text = String::new();
        for piece in self.bytes.str_iter().map_err(fault)? {
            let piece = piece.map_err(fault)?;
            self.guard.ask(text.len() + piece.len(), 1)?;
            text.push_str(piece);
        }
        Ok(text.into())
    }

    /// Whether there is one more in a sequence of that length, or up to a break.
    fn goes_on(&mut self, length: Option<u64>, count: u64) -> Answer<bool> {
        if let Some(length) = length {
            return Ok(count < length);
        }
        let ends = self.bytes.datatype().map_err(fault)? == Type::Break;
        if ends {
            self.bytes.set_position(self.bytes.position() + 1);
        }
        Ok(!ends)
    }

    fn array(&mut self, depth: usize) -> Answer<Dynamic> {
        let length = self.bytes.array().map_err(fault)?;
        let mut array = Array::new();
        while self.goes_on(length, array.len() as u64)? {
            if array.len() == array.capacity() {
                self.guard.ask(array.len().max(4) * 2, size_of::<Dynamic>())?;
            }
            array.push(self.value(depth)?);
        }
        Ok(Dynamic::from_array(array))
    }

    fn map(&mut self, depth: usize) -> Answer<Dynamic> {
        let length = self.bytes.map().map_err(fault)?;
        let (mut map, mut count) = (Map::new(), 0);
        while self.goes_on(length, count)? {
            let key = key_of(&self.value(1)?, NAME)?;
            self.guard.ask(4, size_of::<Dynamic>())?;
            map.insert(key, self.value(depth)?);
            count += 1;
        }
        Ok(Dynamic::from_map(map))
    }

    fn tagged(&mut self, depth: usize) -> Answer<Dynamic> {
        let tag = self.bytes.tag().map_err(fault)?.as_u64();
        if tag != BIGNUM && tag != NEGATIVE_BIGNUM {
            return self.value(depth);
        }
        let bytes = self.blob()?;
        let zeros = bytes.iter().take_while(|&&byte| byte == 0).count();
        let digits = &bytes[zeros..];
        let magnitude = digits.iter().fold(0, |sum, &byte| sum << 8 | u128::from(byte));
        let (fits, number) = if tag == BIGNUM {
            (digits.len() <= 16, magnitude.to_string())
        } else {
            let number = i128::try_from(magnitude).map(|magnitude| -1 - magnitude);
            (digits.len() <= 16 && number.is_ok(), number.unwrap_or_default().to_string())
        };
        if !fits {
            return Err(format!("an integer of the {NAME} needs more than 128 bits").into());
        }
        Ok(number.parse().map_or_else(|_| Dynamic::from(Digits::new(&number)), Dynamic::from_int))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::script::trial::{said, said_of, said_patiently, table};

    #[test]
    fn values_are_written_as_the_specification_says() {
        // The examples of RFC 8949, appendix A.
        table(&[
            ("to_cbor(()).to_hex()", "f6"),
            (
                "to_cbor([true, false, 0, 23, 24, 1000, -1, -100]).to_hex()",
                "88f5f4001718181903e8203863",
            ),
            ("to_cbor(1.1).to_hex()", "fb3ff199999999999a"),
            ("to_cbor(\"ü\").to_hex()", "62c3bc"),
            ("to_cbor(blob(2, 7)).to_hex()", "420707"),
            ("to_cbor(#{a: 1, b: [2, 3]}).to_hex()", "a26161016162820203"),
            ("to_cbor(parse_json(\"18446744073709551615\")).to_hex()", "1bffffffffffffffff"),
            ("to_cbor(parse_json(\"18446744073709551616\")).to_hex()", "c249010000000000000000"),
            ("to_cbor(parse_json(\"-18446744073709551616\")).to_hex()", "3bffffffffffffffff"),
            ("to_cbor(parse_json(\"-18446744073709551617\")).to_hex()", "c349010000000000000000"),
            ("to_cbor(|x| x)", "failed: a function has no CBOR form"),
        ]);
    }

    #[test]
    fn values_are_read_as_the_specification_says() {
        for (hex, want) in [
            ("f6", "()"),
            ("f7", "()"),
            ("f93e00", "1.5"),
            ("fa47c35000", "100000.0"),
            ("1bffffffffffffffff", "18446744073709551615"),
            ("3bffffffffffffffff", "-18446744073709551616"),
            ("3b7fffffffffffffff", "-9223372036854775808"),
            ("c249010000000000000000", "18446744073709551616"),
            ("c349010000000000000000", "-18446744073709551617"),
            ("c24101", "1"),
            ("c074323031332d30332d32315432303a30343a30305a", "\"2013-03-21T20:04:00Z\""),
            ("5f42010243030405ff", "[0102030405]"),
            ("7f657374726561646d696e67ff", "\"streaming\""),
            ("9f018202039f0405ffff", "[1, [2, 3], [4, 5]]"),
            ("bf61610161629f0203ffff", r##"#{"a": 1, "b": [2, 3]}"##),
            ("a201020304", r##"#{"1": 2, "3": 4}"##),
            ("", "failed: the blob ends in the middle of its CBOR"),
            ("8201", "failed: the blob ends in the middle of its CBOR"),
            ("9bffffffffffffffff01", "failed: the blob ends in the middle of its CBOR"),
            ("0101", "failed: 1 bytes are left behind the end of the CBOR"),
            ("ff", "failed: the byte at 0 begins nothing in CBOR"),
            ("f0", "failed: the simple value 16 of CBOR has no form in a script"),
            ("c25101", "failed: the blob ends in the middle of its CBOR"),
            (
                "c2510100000000000000000000000000000000",
                "failed: an integer of the CBOR needs more than 128 bits",
            ),
            ("a1f601", "failed: a key of a map is a text or an integer; one in the CBOR is ()"),
        ] {
            let want =
                if want.starts_with("failed") { want.to_owned() } else { format!("[{want}]") };
            assert_eq!(
                said(&format!("[from_cbor(from_hex(\"{hex}\"))].to_debug()")),
                want,
                "{hex}"
            );
        }
    }

    #[test]
    fn what_lies_about_its_length_allocates_nothing() {
        let before = crate::memory::held();
        let deep = "81".repeat(1000);
        for hex in ["9b00000000ffffff00", "bb00000000ffffff00", "5affffffff", "7affffffff", &deep] {
            let said = said(&format!("from_cbor(from_hex(\"{hex}\"))"));
            assert!(said.starts_with("failed: the "), "{said}");
        }
        assert!(crate::memory::held() - before < 1 << 20);
    }

    #[test]
    fn what_grows_is_bounded() {
        let body = "let s = \"x\"; s.pad(1000000, 'x'); let a = []; a.pad(1000, s); to_cbor(a)";
        assert_eq!(
            said_patiently(body),
            "failed: a call can hold 96 MiB at most, and this is more"
        );
        let body = "let b = blob(8000002, 0x80); b[0] = 0x9f; b[8000001] = 0xff; from_cbor(b)";
        assert_eq!(
            said_patiently(body),
            "failed: a call can hold 96 MiB at most, and this is more"
        );
    }

    proptest! {
        #[test]
        fn no_bytes_break_the_reader(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let said = said_of("let v = from_cbor(msg.bytes); let w = to_cbor(v); `${from_cbor(w) == v}`", &bytes);
            prop_assert!(said == "true" || said == "false" || said.starts_with("failed: "), "{}", said);
        }
    }
}
