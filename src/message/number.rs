//! Numbers of JSON that a reader of 64-bit integers and floats would change.
//!
//! Owns finding them in a text. Never reads anything else of it.

/// The numbers of a valid JSON text that are no 64-bit signed integers, in their order: the digits of
/// each integer, nothing for each float.
pub fn wide_numbers(json: &str) -> impl Iterator<Item = Option<&str>> {
    let mut rest = json;
    std::iter::from_fn(move || {
        loop {
            let start = rest.find(|c: char| c == '"' || c == '-' || c.is_ascii_digit())?;
            rest = &rest[start..];
            if let Some(text) = rest.strip_prefix('"') {
                rest = behind_text(text);
                continue;
            }
            let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || "+-.".contains(c)));
            let (number, behind) = rest.split_at(end.unwrap_or(rest.len()));
            rest = behind;
            if number.contains(['.', 'e', 'E']) || number == "-0" {
                return Some(None);
            }
            if number.parse::<i64>().is_err() {
                return Some(Some(number));
            }
        }
    })
}

/// What follows the text that begins here, behind its closing quote.
fn behind_text(text: &str) -> &str {
    let mut is_escaped = false;
    let end = text.bytes().position(|byte| {
        let ends = byte == b'"' && !is_escaped;
        is_escaped = byte == b'\\' && !is_escaped;
        ends
    });
    end.and_then(|end| text.get(end + 1..)).unwrap_or_default()
}

/// The first integer of a valid JSON text that a `serde_json::Value` would make a float of.
#[must_use]
pub fn integer_past_64_bits(json: &str) -> Option<&str> {
    wide_numbers(json).flatten().find(|digits| digits.parse::<u64>().is_err())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_past_64_bits_are_found_beside_floats() {
        for (json, want) in [
            ("[1, -2, 9223372036854775807, -9223372036854775808]", &[][..]),
            ("[9223372036854775808]", &[Some("9223372036854775808")]),
            ("{\"a\":-9223372036854775809,\"b\":1e5}", &[Some("-9223372036854775809"), None]),
            (
                "[1.0,-0,-0.0,1E400,18446744073709551616]",
                &[None, None, None, None, Some("18446744073709551616")],
            ),
            ("[\"18446744073709551616\", \"\\\\\", \"\\\"99999999999999999999\"]", &[]),
            ("99999999999999999999", &[Some("99999999999999999999")]),
        ] {
            assert_eq!(wide_numbers(json).collect::<Vec<_>>(), want, "{json}");
        }
        assert_eq!(integer_past_64_bits("[18446744073709551615, 1e30]"), None);
        assert_eq!(integer_past_64_bits("[18446744073709551616]"), Some("18446744073709551616"));
    }
}
