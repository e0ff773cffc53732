//! Quantities as people write them: durations, sizes and rates with their units.
//!
//! Owns what `10ms`, `64KiB` and `100/s` mean. Never reports: whoever reads one does.

use std::time::Duration;

use thiserror::Error;

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
    /// More than can be counted.
    #[error("it is too large")]
    TooLarge,
}

/// The units of a duration.
pub const DURATION_UNITS: &str = "us, ms, s, m and h";
/// The units of a size.
pub const SIZE_UNITS: &str = "B, KiB, MiB and GiB";

/// The longest duration, a hundred years.
const MAX_SECONDS: f64 = 100.0 * 366.0 * 86_400.0;

/// Reads `250us`, `10ms`, `1.5s`, `2m`, `1h`; a bare number is milliseconds.
///
/// # Errors
///
/// When it is no such text.
pub fn duration(text: &str) -> Result<Duration, UnitError> {
    let (number, unit) = split(text)?;
    let nanoseconds: f64 = match unit {
        "" | "ms" => 1e6,
        "ns" => 1.0,
        "us" | "µs" => 1e3,
        "s" => 1e9,
        "m" | "min" => 60e9,
        "h" => 3600e9,
        other => return Err(UnitError::Unit(other.to_owned(), "time")),
    };
    let nanoseconds = number * nanoseconds;
    if nanoseconds < 0.0 {
        return Err(UnitError::Negative);
    }
    if nanoseconds > MAX_SECONDS * 1e9 {
        return Err(UnitError::TooLarge);
    }
    // A hundred years in nanoseconds fit a u64.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "bounded on both sides just above"
    )]
    Ok(Duration::from_nanos(nanoseconds.round() as u64))
}

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
    let per = if per.starts_with(|c: char| c.is_ascii_digit()) {
        duration(per)?
    } else {
        duration(&format!("1{per}"))?
    };
    let seconds = per.as_secs_f64() / count;
    if seconds > MAX_SECONDS { Err(UnitError::TooLarge) } else { Ok(Duration::from_secs_f64(seconds)) }
}

/// A duration in the largest unit that leaves a whole number.
#[must_use]
pub fn show_duration(duration: Duration) -> String {
    let nanoseconds = duration.as_nanos();
    for (unit, length) in [("h", 3_600_000_000_000), ("m", 60_000_000_000), ("s", 1_000_000_000), ("ms", 1_000_000), ("us", 1_000)] {
        if nanoseconds >= length && nanoseconds.is_multiple_of(length) {
            return format!("{}{unit}", nanoseconds / length);
        }
    }
    if nanoseconds == 0 { "0ms".to_owned() } else { format!("{nanoseconds}ns") }
}

/// The number in front and the unit behind it.
fn split(text: &str) -> Result<(f64, &str), UnitError> {
    let text = text.trim();
    let end = text
        .char_indices()
        .find(|&(at, c)| !(c.is_ascii_digit() || c == '.' || at == 0 && matches!(c, '-' | '+')))
        .map_or(text.len(), |(at, _)| at);
    let number: f64 = text[..end].parse().map_err(|_| UnitError::NoNumber)?;
    if number.is_finite() { Ok((number, text[end..].trim_start())) } else { Err(UnitError::TooLarge) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_units_and_bare_numbers_are_milliseconds() {
        for (text, nanoseconds) in [
            ("250us", 250_000),
            ("10ms", 10_000_000),
            ("1.5s", 1_500_000_000),
            ("2m", 120_000_000_000),
            ("1h", 3_600_000_000_000),
            ("0", 0),
            ("7", 7_000_000),
            (" 1 s ", 1_000_000_000),
        ] {
            assert_eq!(duration(text), Ok(Duration::from_nanos(nanoseconds)), "{text}");
        }
    }

    #[test]
    fn what_is_no_duration_says_why() {
        assert_eq!(duration("fast"), Err(UnitError::NoNumber));
        assert_eq!(duration(""), Err(UnitError::NoNumber));
        assert_eq!(duration("5sec"), Err(UnitError::Unit("sec".into(), "time")));
        assert_eq!(duration("-1s"), Err(UnitError::Negative));
        assert_eq!(duration("9999999999h"), Err(UnitError::TooLarge));
        assert_eq!(duration(&"9".repeat(400)), Err(UnitError::TooLarge));
    }

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

    #[test]
    fn a_duration_is_shown_as_it_is_read() {
        for text in ["250us", "10ms", "1500ms", "2m", "1h", "0ms"] {
            assert_eq!(show_duration(duration(text).unwrap()), text);
        }
    }
}
