//! Sizes and rates as people write them.
//!
//! Owns what `64KiB` and `100/s` mean; durations are `duration.rs`'s. Never reports: whoever
//! reads one does.

use std::time::Duration;

use thiserror::Error;

use crate::duration::{DurationError, parse_duration};

/// Why a text is no quantity.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum UnitError {
    /// No number in front.
    #[error("it does not start with a number")]
    NoNumber,
    /// A unit that is none.
    #[error("`{0}` is no unit of {1}")]
    Unit(String, &'static str),
    /// Below nothing.
    #[error("it is negative")]
    Negative,
    /// The time of a rate.
    #[error(transparent)]
    Time(#[from] DurationError),
    /// More than can be counted.
    #[error("it is too large")]
    TooLarge,
}

/// The units of a size.
pub const SIZE_UNITS: &str = "B, KiB, MiB and GiB";

/// Reads `512`, `64KiB`, `1MiB`; a bare number is bytes.
///
/// # Errors
///
/// When it is no such text.
pub fn size(text: &str) -> Result<u64, UnitError> {
    let (number, unit) = split(text)?;
    let bytes: f64 = match unit {
        "" | "B" => 1.0,
        "KiB" => 1024.0,
        "MiB" => 1024.0 * 1024.0,
        "GiB" => 1024.0 * 1024.0 * 1024.0,
        "kB" | "KB" => 1e3,
        "MB" => 1e6,
        "GB" => 1e9,
        other => return Err(UnitError::Unit(other.to_owned(), "size")),
    };
    let bytes = (number * bytes).round();
    if bytes < 0.0 {
        return Err(UnitError::Negative);
    }
    // Beyond 2^53 a float no longer holds every integer.
    if bytes > 9_007_199_254_740_992.0 {
        return Err(UnitError::TooLarge);
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "bounded on both sides just above"
    )]
    Ok(bytes as u64)
}

/// Reads `100/s`, `5/m`, `1/h`, `10/100ms`; a bare number is a second's. Gives the time that one takes.
///
/// # Errors
///
/// When it is no such text, or no more than nothing.
pub fn rate(text: &str) -> Result<Duration, UnitError> {
    let (count, per) = text.split_once('/').unwrap_or((text, "s"));
    let (count, unit) = split(count.trim())?;
    if !unit.is_empty() {
        return Err(UnitError::Unit(unit.to_owned(), "a count"));
    }
    if count <= 0.0 {
        return Err(UnitError::Negative);
    }
    let per = per.trim();
    if per.is_empty() {
        return Err(UnitError::NoNumber);
    }
    let per = if per.starts_with(|c: char| c.is_ascii_digit()) {
        parse_duration(per)?
    } else {
        parse_duration(&format!("1{per}"))?
    };
    Duration::try_from_secs_f64(per.as_secs_f64() / count).map_err(|_| UnitError::TooLarge)
}

/// The number in front and the unit behind it.
/// A size for people, in whole units.
#[must_use]
pub fn size_text(bytes: u64) -> String {
    match bytes {
        0..1024 => format!("{bytes} B"),
        1024..1_048_576 => format!("{} KiB", bytes >> 10),
        _ => format!("{} MiB", bytes >> 20),
    }
}

fn split(text: &str) -> Result<(f64, &str), UnitError> {
    let text = text.trim();
    let end = text
        .char_indices()
        .find(|&(at, c)| !(c.is_ascii_digit() || c == '.' || at == 0 && matches!(c, '-' | '+')))
        .map_or(text.len(), |(at, _)| at);
    let number: f64 = text[..end].parse().map_err(|_| UnitError::NoNumber)?;
    if number.is_finite() {
        Ok((number, text[end..].trim_start()))
    } else {
        Err(UnitError::TooLarge)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_binary_units() {
        assert_eq!(size("512"), Ok(512));
        assert_eq!(size("64KiB"), Ok(65_536));
        assert_eq!(size("1MiB"), Ok(1_048_576));
        assert_eq!(size("1kB"), Ok(1_000));
        assert_eq!(size("1MiBs"), Err(UnitError::Unit("MiBs".into(), "size")));
        assert_eq!(size("99999999GiB"), Err(UnitError::TooLarge));
    }

    #[test]
    fn a_rate_is_the_time_that_one_takes() {
        assert_eq!(rate("100/s"), Ok(Duration::from_millis(10)));
        assert_eq!(rate("100"), Ok(Duration::from_millis(10)));
        assert_eq!(rate("30/m"), Ok(Duration::from_secs(2)));
        assert_eq!(rate("10/100ms"), Ok(Duration::from_millis(10)));
        assert_eq!(rate("0/s"), Err(UnitError::Negative));
        assert!(rate("/s").is_err() && rate("5/").is_err() && rate("5/x").is_err());
    }
}
