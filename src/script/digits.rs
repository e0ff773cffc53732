//! Integers that no handler can count with: those of a message that need more than 64 bits.
//!
//! Owns that they keep their digits on the way through, and what scripts may do with them. Never
//! computes.

use std::fmt;

use rhai::{Engine, EvalAltResult, ImmutableString};

/// An integer of more than 63 bits and a sign, as it was written in JSON.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Digits(ImmutableString);

impl Digits {
    /// The digits of a valid JSON integer.
    pub(super) fn new(digits: &str) -> Self {
        Self(digits.into())
    }

    /// As they were written.
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Digits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Lets scripts look at such integers.
pub(super) fn register(engine: &mut Engine) {
    engine
        .register_type_with_name::<Digits>("integer past 64 bits")
        .register_fn("to_string", |digits: &mut Digits| digits.0.clone())
        .register_fn("to_debug", |digits: &mut Digits| digits.0.clone())
        .register_fn("==", |a: Digits, b: Digits| a == b)
        .register_fn("!=", |a: Digits, b: Digits| a != b)
        .register_fn("to_float", |digits: &mut Digits| digits.0.parse().unwrap_or(f64::NAN))
        .register_fn("to_int", |digits: &mut Digits| -> Result<i64, Box<EvalAltResult>> {
            Err(format!("{digits} does not fit the 64 bits of an integer").into())
        });
}
