//! What a scalar means: YAML 1.2's core schema, and typed reading of subtrees through serde.
//!
//! Owns telling numbers, booleans, nothing and text apart. Never reports: readers do.

use serde::de::DeserializeOwned;
use serde_yaml::Value;
use thiserror::Error;

use super::node::{Kind, Mapping, Node, Scalar, Style};

/// Why a subtree is not of the wanted type.
#[derive(Debug, Error)]
#[error("{0}")]
pub struct TypedError(String);

impl Scalar {
    /// Whether it is nothing: unquoted and empty, `~` or `null`.
    #[must_use]
    pub fn is_null(&self) -> bool {
        self.style == Style::Plain && matches!(&*self.text, "" | "~" | "null" | "Null" | "NULL")
    }

    /// Its truth value, if it is a boolean.
    #[must_use]
    pub fn as_bool(&self) -> Option<bool> {
        match (self.style, &*self.text) {
            (Style::Plain, "true" | "True" | "TRUE") => Some(true),
            (Style::Plain, "false" | "False" | "FALSE") => Some(false),
            _ => None,
        }
    }

    /// The integer that its text spells, quoted or not.
    #[must_use]
    pub fn as_integer(&self) -> Option<i64> {
        integer(self.text.trim())
    }

    /// The digits of what is written as a decimal integer, of any length.
    fn digits(&self) -> Option<&str> {
        let digits = self.text.strip_prefix(['-', '+']).unwrap_or(&self.text);
        let is_decimal = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        (self.style == Style::Plain && is_decimal).then_some(digits)
    }

    fn is_lossy(&self) -> bool {
        match self.digits() {
            Some(_) => self.text.parse::<i64>().is_err() && self.text.parse::<u64>().is_err(),
            None => {
                self.style == Style::Plain
                    && float(&self.text).is_some_and(|read| !read.is_finite())
            }
        }
    }

    /// The value in words, for messages.
    #[must_use]
    pub fn describe(&self) -> String {
        if self.is_null() {
            return "nothing".to_owned();
        }
        if self.is_secret {
            return "a secret".to_owned();
        }
        let first = self.text.lines().next().unwrap_or_default();
        let short: String = first.chars().take(40).collect();
        if short.len() < self.text.trim_end().len() {
            format!("`{short}…`")
        } else {
            format!("`{short}`")
        }
    }

    fn to_value(&self) -> Value {
        if self.style != Style::Plain {
            return Value::String(self.text.to_string());
        }
        if self.is_null() {
            return Value::Null;
        }
        if let Some(truth) = self.as_bool() {
            return Value::Bool(truth);
        }
        if let Some(number) = integer(&self.text) {
            return Value::Number(number.into());
        }
        if let Some(number) = self.digits().and_then(|_| self.text.parse::<u64>().ok()) {
            return Value::Number(number.into());
        }
        match float(&self.text) {
            Some(number) => Value::Number(number.into()),
            None => Value::String(self.text.to_string()),
        }
    }
}

impl Node {
    /// Reads the subtree as a type.
    ///
    /// # Errors
    ///
    /// When it has another shape.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, TypedError> {
        serde_yaml::from_value(self.to_value()).map_err(|error| TypedError(error.to_string()))
    }

    /// The numbers in it that a handler could not have: integers that would lose digits, and what is
    /// no number of JSON.
    #[must_use]
    pub fn lossy_numbers(&self) -> Vec<&Self> {
        match &self.kind {
            Kind::Scalar(scalar) if scalar.is_lossy() => vec![self],
            Kind::Scalar(_) | Kind::Faulty => Vec::new(),
            Kind::Sequence(items) => items.iter().flat_map(Self::lossy_numbers).collect(),
            Kind::Mapping(mapping) => {
                mapping.entries.iter().flat_map(|entry| entry.value.lossy_numbers()).collect()
            }
        }
    }

    fn to_value(&self) -> Value {
        match &self.kind {
            Kind::Scalar(scalar) => scalar.to_value(),
            Kind::Sequence(items) => Value::Sequence(items.iter().map(Self::to_value).collect()),
            Kind::Mapping(mapping) => Value::Mapping(mapping.to_value()),
            Kind::Faulty => Value::Null,
        }
    }
}

impl Mapping {
    fn to_value(&self) -> serde_yaml::Mapping {
        let entries = self.entries.iter();
        entries.map(|e| (Value::String(e.key.text.to_string()), e.value.to_value())).collect()
    }
}

/// `[-+]?[0-9]+`, `0o…` or `0x…`.
fn integer(text: &str) -> Option<i64> {
    if let Some(octal) = text.strip_prefix("0o") {
        return unsigned(octal, 8);
    }
    if let Some(hex) = text.strip_prefix("0x") {
        return unsigned(hex, 16);
    }
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let is_decimal = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    if is_decimal { text.parse().ok() } else { None }
}

fn unsigned(digits: &str, radix: u32) -> Option<i64> {
    // `from_str_radix` would take a sign after the prefix.
    if digits.starts_with(['-', '+']) { None } else { i64::from_str_radix(digits, radix).ok() }
}

/// `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`, `.inf`, `.nan`.
fn float(text: &str) -> Option<f64> {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    if matches!(unsigned, ".inf" | ".Inf" | ".INF") {
        return Some(if text.starts_with('-') { f64::NEG_INFINITY } else { f64::INFINITY });
    }
    if matches!(text, ".nan" | ".NaN" | ".NAN") {
        return Some(f64::NAN);
    }
    // Rust also reads `inf`, `nan` and `infinity`, which are words in YAML.
    let is_number = unsigned.starts_with(|c: char| c.is_ascii_digit() || c == '.')
        && unsigned.bytes().any(|byte| byte.is_ascii_digit());
    if is_number { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(text: &str) -> Value {
        Scalar { text: text.into(), style: Style::Plain, is_secret: false }.to_value()
    }

    #[test]
    fn plain_scalars_follow_the_core_schema() {
        assert_eq!(plain(""), Value::Null);
        assert_eq!(plain("~"), Value::Null);
        assert_eq!(plain("True"), Value::Bool(true));
        assert_eq!(plain("yes"), Value::String("yes".into()));
        assert_eq!(plain("0o17"), Value::Number(15.into()));
        assert_eq!(plain("0x1F"), Value::Number(31.into()));
        assert_eq!(plain("+7"), Value::Number(7.into()));
        assert_eq!(plain("010"), Value::Number(10.into()));
        assert_eq!(plain("18446744073709551615"), Value::Number(u64::MAX.into()));
        assert_eq!(plain("1e3"), Value::Number(1000.0.into()));
        assert_eq!(plain(".5"), Value::Number(0.5.into()));
        assert_eq!(plain("-.inf"), Value::Number(f64::NEG_INFINITY.into()));
        for word in ["inf", "nan", "infinity", "1_000", "0x-1", ".", "-", "1.2.3", "12:30", "."] {
            assert_eq!(plain(word), Value::String(word.into()), "{word}");
        }
    }

    #[test]
    fn a_quoted_scalar_is_text() {
        let quoted = Scalar { text: "7".into(), style: Style::DoubleQuoted, is_secret: false };
        assert_eq!(quoted.to_value(), Value::String("7".into()));
        assert_eq!(quoted.as_integer(), Some(7));
        assert_eq!(quoted.as_bool(), None);
    }
}
