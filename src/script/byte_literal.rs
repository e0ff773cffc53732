//! Literals of bytes: `b"\\x01READY"`.
//!
//! Owns what they are to the engine: calls of a function with a text, of which each character is a byte.
//! Never parses a script.

use rhai::{Blob, Engine};

use super::operand::Answer;

/// The function that a literal is made into; its first letter is the one that was written.
const FUNCTION: &str = "bytes_of_literal";
/// What is put behind that letter, and behind the text.
const OPEN: &str = "ytes_of_literal(";
const CLOSE: &str = ")";
/// The same behind a text with letters that are no bytes.
const CLOSE_LETTERS: &str = ", ())";

/// Gives an engine that function.
pub(super) fn register(engine: &mut Engine) {
    engine
        .register_fn(FUNCTION, |text: &str| -> Answer<Blob> { Ok(bytes(text)?) })
        .register_fn(FUNCTION, |_: &str, (): ()| -> Answer<Blob> { Err(LETTERS.into()) });
}

const LETTERS: &str = "b\"…\" holds ASCII and bytes such as \\xff; other letters are several bytes \
                       each: \"ä\".to_blob()";

/// Why a literal is refused; `letters` says that it has some that are no bytes.
pub(super) fn refusal(function: &str, text: Option<&str>, letters: bool) -> Option<String> {
    if function != FUNCTION {
        return None;
    }
    if letters { Some(LETTERS.to_owned()) } else { bytes(text?).err() }
}

fn bytes(text: &str) -> Result<Blob, String> {
    let byte = |character| u8::try_from(u32::from(character)).map_err(|_| LETTERS.to_owned());
    text.chars().map(byte).collect()
}

/// What makes a call of the text behind a `b`, which stands in that line at that place: behind the
/// letter, and behind the text, if it ends in its line.
pub(super) fn call(line: &str, before: (usize, usize)) -> Vec<((usize, usize), &'static str)> {
    let (number, column) = before;
    let mut characters = line.chars().enumerate().skip(column + 1);
    let mut is_ascii = true;
    while let Some((at, character)) = characters.next() {
        is_ascii &= character.is_ascii();
        match character {
            '\\' => drop(characters.next()),
            '"' if line.chars().nth(at + 1) == Some('"') => drop(characters.next()),
            '"' => {
                let close = if is_ascii { CLOSE } else { CLOSE_LETTERS };
                return vec![(before, OPEN), ((number, at + 1), close)];
            }
            _ => {}
        }
    }
    Vec::new()
}

#[cfg(test)]
mod tests {
    use crate::script::trial::{faults, said, script, table};

    #[test]
    fn a_literal_is_the_bytes_that_it_shows() {
        table(&[
            (r#"b"".len()"#, "0"),
            (r#"b"\x00\xff\x01AZ".to_hex()"#, "00ff01415a"),
            (r#"b"a\"b\\".to_hex()"#, "6122625c"),
            (r#"b"a""b".to_hex()"#, "612262"),
            (r#"b"\n\t" == blob(1, 10) + blob(1, 9)"#, "true"),
            (r#"[b"\x01", b"\x02"].len()"#, "2"),
            (r#"let b = 1; b + b"\x02".len()"#, "2"),
            (r#"if b"x" == b"x" { 1; } `${b"x".len()}${ if true { b"yy".len() } }`"#, "12"),
            (r#"let x = "b"; x + "b""#, "bb"),
        ]);
        assert_eq!(
            said(r#"b"\u0101""#),
            "failed: b\"…\" holds ASCII and bytes such as \\xff; other \
            letters are several bytes each: \"ä\".to_blob()"
        );
        assert!(said(r#"b"ä""#).starts_with("failed: b\"…\" holds ASCII"));
        for wrong in [r#"b "x""#, r#"c"x""#, r#"b`x`"#] {
            assert_ne!(faults(&script(&format!("fn on_tick() {{ {wrong} }}"))), [], "{wrong}");
        }
    }

    #[test]
    fn what_stands_behind_a_literal_keeps_its_place() {
        let text = "const READY = b\"\\x01\";\nfn on_tick() { let x = b\"ab\"; if x == b\"\" { 1; } nope }";
        let engine = crate::script::Engine::new();
        let program = crate::script::trial::compiled(&engine, &script(text));
        let unknown = &program.survey().unknown_variables[0];
        assert_eq!(unknown.site.position.unwrap().to_string(), "2:50");
        let calls = program.survey().calls_of("bytes_of_literal");
        let places: Vec<String> =
            calls.map(|call| call.site.position.unwrap().to_string()).collect();
        assert_eq!(places, ["1:15", "2:24", "2:39"]);
    }
}
