//! Bytes as text and back: hexadecimal, base64 and Z85.
//!
//! Owns what is taken for each: digits in either case, base64 with or without its padding and in
//! both alphabets. Never guesses which one a text is in.

use std::rc::Rc;

use data_encoding::{
    BASE64, BASE64_NOPAD, BASE64URL, BASE64URL_NOPAD, DecodeError, DecodeKind, Encoding, HEXLOWER,
    HEXLOWER_PERMISSIVE,
};
use rhai::{Blob, Dynamic, Engine, EvalAltResult, ImmutableString};

use super::guard::Guard;
use super::operand::{Answer, Growing, PIECE, in_pieces, with_bytes, with_text};

/// The alphabet of ZeroMQ's RFC 32.
const Z85: &[u8; 85] =
    b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#";

/// Gives an engine these functions.
pub(super) fn register(engine: &mut Engine, guard: &Rc<Guard>) {
    register_writer(engine, guard, "to_hex", |piece, text| write(&HEXLOWER, piece, text));
    register_writer(engine, guard, "to_base64", |piece, text| write(&BASE64, piece, text));
    register_writer(engine, guard, "to_z85", write_z85);
    register_reader(engine, guard, "from_hex", read_hex);
    register_reader(engine, guard, "from_base64", read_base64);
    register_reader(engine, guard, "from_z85", read_z85);
}

/// Why a text that is written out in a script is none of such a function's.
pub(super) fn refusal(function: &str, text: &str) -> Option<String> {
    let read = match function {
        "from_hex" => read_hex,
        "from_base64" => read_base64,
        "from_z85" => read_z85,
        _ => return None,
    };
    read(text.as_bytes(), &mut |_| Ok(())).err().map(|error| reason(&error))
}

/// An error without the place that the engine would add.
fn reason(error: &EvalAltResult) -> String {
    if let EvalAltResult::ErrorRuntime(said, _) = error {
        return said.to_string();
    }
    error.to_string()
}

type Sink<'a> = &'a mut dyn FnMut(&[u8]) -> Answer<()>;

fn register_writer(
    engine: &mut Engine,
    guard: &Rc<Guard>,
    name: &'static str,
    write: fn(&[u8], &mut Growing) -> Answer<()>,
) {
    let here = Rc::clone(guard);
    engine.register_fn(name, move |value: Dynamic| -> Answer<ImmutableString> {
        with_bytes(name, &value, |bytes| {
            let mut text = Growing::new(&here);
            in_pieces(&here, bytes, |piece| write(piece, &mut text))?;
            Ok(text.into_text())
        })
    });
}

fn register_reader(
    engine: &mut Engine,
    guard: &Rc<Guard>,
    name: &'static str,
    read: fn(&[u8], Sink<'_>) -> Answer<()>,
) {
    let here = Rc::clone(guard);
    engine.register_fn(name, move |text: Dynamic| -> Answer<Blob> {
        with_text(name, &text, |text| {
            let mut blob = Growing::new(&here);
            let mut is_first = true;
            read(text.as_bytes(), &mut |piece| {
                if !std::mem::take(&mut is_first) {
                    blob.guard().breathe()?;
                }
                blob.extend(piece)
            })?;
            Ok(blob.into_blob())
        })
    });
}

fn write(encoding: &Encoding, piece: &[u8], text: &mut Growing) -> Answer<()> {
    text.extend(encoding.encode(piece).as_bytes())
}

fn write_z85(piece: &[u8], text: &mut Growing) -> Answer<()> {
    if !piece.len().is_multiple_of(4) {
        // Only the last piece can end within a group, and those before it are written.
        let bytes = text.len() / 5 * 4 + piece.len();
        return Err(format!("Z85 is for whole groups of four bytes; these are {bytes}").into());
    }
    text.reserve(piece.len() / 4 * 5)?;
    for group in piece.chunks_exact(4) {
        let mut number = group.iter().fold(0_u32, |number, &byte| number << 8 | u32::from(byte));
        let mut digits = [0; 5];
        for digit in digits.iter_mut().rev() {
            *digit = Z85[(number % 85) as usize];
            number /= 85;
        }
        text.extend(&digits)?;
    }
    Ok(())
}

fn read_hex(text: &[u8], sink: Sink<'_>) -> Answer<()> {
    if !text.len().is_multiple_of(2) {
        return Err(
            format!("hexadecimal has two digits for each byte; these are {}", text.len()).into()
        );
    }
    read_with(&HEXLOWER_PERMISSIVE, "hexadecimal", text, sink)
}

fn read_base64(text: &[u8], sink: Sink<'_>) -> Answer<()> {
    let is_url = text.iter().any(|byte| matches!(byte, b'-' | b'_'));
    let encoding = match (is_url, text.ends_with(b"=")) {
        (false, true) => BASE64,
        (false, false) => BASE64_NOPAD,
        (true, true) => BASE64URL,
        (true, false) => BASE64URL_NOPAD,
    };
    read_with(&encoding, "base64", text, sink)
}

fn read_with(encoding: &Encoding, name: &str, text: &[u8], sink: Sink<'_>) -> Answer<()> {
    for (number, piece) in text.chunks(PIECE).enumerate() {
        let bytes =
            encoding.decode(piece).map_err(|error| fault(name, text, number * PIECE, error))?;
        sink(&bytes)?;
    }
    Ok(())
}

fn fault(name: &str, text: &[u8], offset: usize, error: DecodeError) -> String {
    let at = offset + error.position;
    match error.kind {
        DecodeKind::Length => format!("the {name} is cut off: {} characters", text.len()),
        DecodeKind::Symbol => not_of(name, text, at),
        DecodeKind::Trailing => {
            format!("the last character of the {name} has bits that belong to no byte")
        }
        DecodeKind::Padding => format!("the {name} is padded with `=` wrongly"),
    }
}

/// The character at a place that does not belong there.
fn not_of(name: &str, text: &[u8], at: usize) -> String {
    let rest = String::from_utf8_lossy(&text[at.min(text.len())..]);
    let shown = rest.chars().next().unwrap_or(' ');
    format!("{shown:?} at {at} is no character of {name}")
}

fn read_z85(text: &[u8], sink: Sink<'_>) -> Answer<()> {
    if !text.len().is_multiple_of(5) {
        return Err(format!(
            "Z85 has five characters for each four bytes; these are {}",
            text.len()
        )
        .into());
    }
    let mut values = [None; 256];
    for (value, &character) in (0_u32..).zip(Z85) {
        values[usize::from(character)] = Some(value);
    }
    for (number, piece) in text.chunks(PIECE).enumerate() {
        let mut bytes = Vec::with_capacity(piece.len() / 5 * 4);
        for (group, digits) in piece.chunks_exact(5).enumerate() {
            let at = number * PIECE + group * 5;
            let mut sum = 0_u64;
            for (place, &digit) in digits.iter().enumerate() {
                let Some(value) = values[usize::from(digit)] else {
                    return Err(not_of("Z85", text, at + place).into());
                };
                sum = sum * 85 + u64::from(value);
            }
            let word = u32::try_from(sum)
                .map_err(|_| format!("the five characters at {at} are more than four bytes"))?;
            bytes.extend_from_slice(&word.to_be_bytes());
        }
        sink(&bytes)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::script::trial::{said, said_of, table};

    #[test]
    fn bytes_become_text_and_text_bytes() {
        table(&[
            (r#""Hello".to_hex()"#, "48656c6c6f"),
            (r#"from_hex("48656C6c6f")"#, "Hello"),
            (r#""Hello".to_base64()"#, "SGVsbG8="),
            (r#"from_base64("SGVsbG8=")"#, "Hello"),
            (r#"from_base64("SGVsbG8")"#, "Hello"),
            (r#"from_base64("-_-_").to_hex() + from_base64("+/+/").to_hex()"#, "fbffbffbffbf"),
            // The test vector of RFC 32.
            (r#"from_hex("864fd26fb559f75b").to_z85()"#, "HelloWorld"),
            (r#"from_z85("HelloWorld").to_hex()"#, "864fd26fb559f75b"),
            (
                r#"`${"".to_hex() == "" && from_hex("").len() == 0 && from_z85("").len() == 0}`"#,
                "true",
            ),
            // The engine's own for numbers stay.
            ("255.to_hex()", "ff"),
        ]);
    }

    #[test]
    fn what_is_no_such_text_is_said() {
        table(&[
            (r#"from_hex("abc")"#, "failed: hexadecimal has two digits for each byte; these are 3"),
            (r#"from_hex("abxy")"#, "failed: 'x' at 2 is no character of hexadecimal"),
            (r#"from_base64("abc ")"#, "failed: ' ' at 3 is no character of base64"),
            (r#"from_base64("abcde")"#, "failed: the base64 is cut off: 5 characters"),
            (r#"from_base64("ab=c")"#, "failed: '=' at 2 is no character of base64"),
            (
                r#"from_base64("ab==")"#,
                "failed: the last character of the base64 has bits that belong to no byte",
            ),
            (
                r#"from_z85("Hell")"#,
                "failed: Z85 has five characters for each four bytes; these are 4",
            ),
            (r#"from_z85("Hell,")"#, "failed: ',' at 4 is no character of Z85"),
            ("from_z85(\"#####\")", "failed: the five characters at 0 are more than four bytes"),
            (r#""abc".to_z85()"#, "failed: Z85 is for whole groups of four bytes; these are 3"),
            ("from_hex(1)", "failed: from_hex takes a text; this is a number"),
            ("[1].to_base64()", "failed: to_base64 takes a blob or a text; this is an array"),
        ]);
    }

    #[test]
    fn long_ones_are_the_same_as_short_ones() {
        let body = "let b = blob(1000000, 7); let whole = true; \
                    whole &= from_hex(b.to_hex()) == b; whole &= from_base64(b.to_base64()) == b; \
                    whole &= from_z85(b.to_z85()) == b; `${whole}`";
        assert_eq!(said(body), "true");
    }

    proptest! {
        #[test]
        fn every_blob_comes_back(bytes in prop::collection::vec(any::<u8>(), 0..100)) {
            let body = "let b = msg.bytes; let z = b; z.pad((b.len() + 3) / 4 * 4, 0); \
                        `${from_hex(b.to_hex()) == b} ${from_base64(b.to_base64()) == b} \
                        ${from_z85(z.to_z85()) == z}`";
            prop_assert_eq!(said_of(body, &bytes), "true true true");
        }
    }
}
