//! Texts as YAML takes them.
//!
//! Owns what wants quotes. Never decides what is written.

use crate::document::{Scalar, Style};

/// A text as it is where it can be nothing else, and otherwise in quotes.
pub(super) fn scalar(text: &str) -> String {
    let plain = Scalar { text: text.into(), style: Style::Plain, is_secret: false };
    let is_plain = text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "_./:*@+-".contains(c))
        && !text.ends_with(':')
        && !plain.is_null()
        && plain.as_bool().is_none();
    if is_plain { text.to_owned() } else { quoted(text) }
}

/// A text in quotes.
pub(super) fn quoted(text: &str) -> String {
    if text.chars().any(char::is_control) {
        return serde_json::Value::from(text).to_string();
    }
    format!("'{}'", text.replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_could_be_read_as_something_else_is_in_quotes() {
        for (text, expected) in [
            ("tcp://*:5555", "tcp://*:5555"),
            ("front", "front"),
            ("true", "'true'"),
            ("TRUE", "'TRUE'"),
            ("NULL", "'NULL'"),
            ("5", "'5'"),
            ("", "''"),
            ("key:", "'key:'"),
            ("it's #1", "'it''s #1'"),
            ("a\tb", "\"a\\tb\""),
        ] {
            assert_eq!(scalar(text), expected);
        }
    }
}
