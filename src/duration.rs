//! Durations as people write them: `250us`, `10ms`, `1.5s`, `2m`, `1h`; a bare number is
//! milliseconds.
//!
//! Owns how such a text is read and written. Never looks at a clock.

use std::time::Duration;

use thiserror::Error;

/// Why a text is no duration.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum DurationError {
    /// Nothing before the unit, or something that is no plain number.
    #[error("{0:?} is no duration; one is written 250us, 10ms, 1.5s, 2m or 1h")]
    Number(String),
    /// A unit that there is not.
    #[error("{0:?} is no unit of time; those are us, ms, s, m and h")]
    Unit(String),
    /// Below zero.
    #[error("a duration cannot be negative")]
    Negative,
    /// Longer than anybody waits.
    #[error("a duration cannot be longer than {} years", YEARS_MAX)]
    TooLong,
}

const YEARS_MAX: u64 = 100;
const NANOS_MAX: u128 = YEARS_MAX as u128 * 365 * 24 * 3600 * 1_000_000_000;

/// Reads a duration.
///
/// # Errors
///
/// When the text is no number with a unit of time, or out of range.
pub fn parse_duration(text: &str) -> Result<Duration, DurationError> {
    let text = text.trim();
    if text.starts_with('-') {
        return Err(DurationError::Negative);
    }
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let nanos_per_unit: u128 = match unit.trim_start() {
        "us" | "µs" => 1_000,
        "" | "ms" => 1_000_000,
        "s" => 1_000_000_000,
        "m" => 60_000_000_000,
        "h" => 3_600_000_000_000,
        _ if number.is_empty() => return Err(DurationError::Number(text.to_owned())),
        other => return Err(DurationError::Unit(other.to_owned())),
    };
    let wrong = || DurationError::Number(text.to_owned());
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    if whole.is_empty() || fraction.is_empty() || fraction.contains('.') {
        return Err(wrong());
    }
    // 20 digits are past the limit in every unit, and still far from overflowing.
    if whole.trim_start_matches('0').len() > 20 {
        return Err(DurationError::TooLong);
    }
    let whole: u128 = whole.parse().map_err(|_| wrong())?;
    // Twelve digits after the point are below a nanosecond in every unit up to seconds.
    let digits = &fraction[..fraction.len().min(12)];
    let part: u128 = digits.parse().map_err(|_| wrong())?;
    let scale = 10_u128.pow(u32::try_from(digits.len()).unwrap_or(12));
    from_nanos(whole * nanos_per_unit + part * nanos_per_unit / scale)
}

/// Words that people write for a unit.
const UNIT_WORDS: [(&[&str], &str); 5] = [
    (&["usec", "usecs", "micros", "microsecond", "microseconds"], "us"),
    (&["msec", "msecs", "millis", "millisecond", "milliseconds"], "ms"),
    (&["sec", "secs", "second", "seconds"], "s"),
    (&["min", "mins", "minute", "minutes"], "m"),
    (&["hr", "hrs", "hour", "hours"], "h"),
];

/// How a duration is written that another notation says: `5 seconds`, `1,5s`, `1m30s`, `10hz`.
#[must_use]
pub fn meant_duration(text: &str) -> Option<String> {
    let lower = text.trim().to_lowercase().replace(',', ".");
    let end = lower.find(|c: char| !c.is_ascii_digit() && c != '.')?;
    let (number, unit) = lower.split_at(end);
    let unit = unit.trim_start();
    let known = UNIT_WORDS.iter().find(|(words, _)| words.contains(&unit));
    let meant = match known {
        Some((_, unit)) => format!("{number}{unit}"),
        None if unit == "hz" => {
            let rate: f64 = number.parse().ok().filter(|rate| *rate > 0.0)?;
            format_duration(from_millis(1000.0 / rate).ok()?)
        }
        None => match parse_duration(&lower) {
            Ok(_) => lower,
            Err(_) => format_duration(sum_of_parts(&lower)?),
        },
    };
    parse_duration(&meant).ok().map(|_| meant)
}

/// `1h30m`.
fn sum_of_parts(text: &str) -> Option<Duration> {
    let mut sum = Duration::ZERO;
    let mut rest = text;
    while !rest.is_empty() {
        let unit = rest.find(|c: char| c.is_ascii_alphabetic())?;
        let end = rest[unit..].find(|c: char| !c.is_ascii_alphabetic());
        let (part, more) = rest.split_at(end.map_or(rest.len(), |end| unit + end));
        sum = sum.checked_add(parse_duration(part).ok()?)?;
        rest = more.trim_start();
    }
    Some(sum)
}

/// The duration of that many milliseconds.
///
/// # Errors
///
/// When the number is negative, not a number, or out of range.
pub fn from_millis(millis: f64) -> Result<Duration, DurationError> {
    if millis.is_nan() {
        return Err(DurationError::Number("NaN".to_owned()));
    }
    if millis < 0.0 {
        return Err(DurationError::Negative);
    }
    let nanos = millis * 1e6;
    if nanos > NANOS_MAX as f64 {
        return Err(DurationError::TooLong);
    }
    from_nanos(nanos.round() as u128)
}

/// The shortest way to write a duration that [`parse_duration`] reads back.
#[must_use]
pub fn format_duration(duration: Duration) -> String {
    let nanos = duration.as_nanos();
    for (unit, size) in [("h", 3_600_000_000_000_u128), ("m", 60_000_000_000), ("s", 1_000_000_000)]
    {
        if nanos > 0 && nanos.is_multiple_of(size) {
            return format!("{}{unit}", nanos / size);
        }
    }
    let (unit, size) = match nanos {
        0..1_000_000 => ("us", 1_000),
        1_000_000..1_000_000_000 => ("ms", 1_000_000),
        _ => ("s", 1_000_000_000),
    };
    let fraction = format!("{:09}", nanos % size * (1_000_000_000 / size));
    let fraction = fraction.trim_end_matches('0');
    let point = if fraction.is_empty() { "" } else { "." };
    format!("{}{point}{fraction}{unit}", nanos / size)
}

fn from_nanos(nanos: u128) -> Result<Duration, DurationError> {
    if nanos > NANOS_MAX {
        return Err(DurationError::TooLong);
    }
    u64::try_from(nanos).map(Duration::from_nanos).map_err(|_| DurationError::TooLong)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_another_notation_says_is_known() {
        for (text, want) in [
            ("1 sec", Some("1s")),
            ("5 seconds", Some("5s")),
            ("5S", Some("5s")),
            ("1,5s", Some("1.5s")),
            ("2 minutes", Some("2m")),
            ("1m30s", Some("90s")),
            ("10hz", Some("100ms")),
            ("1h 1s", Some("3601s")),
            ("0hz", None),
            ("s", None),
            ("*/5 * * * *", None),
            ("1s-", None),
        ] {
            assert_eq!(meant_duration(text).as_deref(), want, "{text}");
        }
    }

    #[test]
    fn a_duration_is_a_number_with_a_unit() {
        for (text, want) in [
            ("250us", Duration::from_micros(250)),
            ("250µs", Duration::from_micros(250)),
            ("10ms", Duration::from_millis(10)),
            ("10 ms", Duration::from_millis(10)),
            ("10", Duration::from_millis(10)),
            ("0", Duration::ZERO),
            ("0.5", Duration::from_micros(500)),
            ("1.5s", Duration::from_millis(1500)),
            ("2m", Duration::from_secs(120)),
            ("1h", Duration::from_secs(3600)),
            (" 1h ", Duration::from_secs(3600)),
            ("0.000000001s", Duration::from_nanos(1)),
            ("876000h", Duration::from_secs(876_000 * 3600)),
        ] {
            assert_eq!(parse_duration(text), Ok(want), "{text}");
        }
    }

    #[test]
    fn what_is_no_duration_says_why() {
        for (text, want) in [
            ("", DurationError::Number(String::new())),
            ("s", DurationError::Number("s".into())),
            ("soon", DurationError::Number("soon".into())),
            (".5s", DurationError::Number(".5s".into())),
            ("5.s", DurationError::Number("5.s".into())),
            ("1.2.3s", DurationError::Number("1.2.3s".into())),
            ("1d", DurationError::Unit("d".into())),
            ("1sec", DurationError::Unit("sec".into())),
            ("1e3", DurationError::Unit("e3".into())),
            ("-1s", DurationError::Negative),
            ("876001h", DurationError::TooLong),
            ("99999999999999999999999999999999999999999999", DurationError::TooLong),
        ] {
            assert_eq!(parse_duration(text), Err(want), "{text}");
        }
    }

    #[test]
    fn a_number_of_milliseconds_may_have_a_fraction() {
        assert_eq!(from_millis(1.5), Ok(Duration::from_micros(1500)));
        assert_eq!(from_millis(-0.1), Err(DurationError::Negative));
        assert_eq!(from_millis(f64::INFINITY), Err(DurationError::TooLong));
        assert!(from_millis(f64::NAN).is_err());
    }

    #[test]
    fn a_duration_is_written_the_way_people_write_it() {
        for (text, want) in [
            ("0", "0us"),
            ("90s", "90s"),
            ("120s", "2m"),
            ("1500", "1.5s"),
            ("0.25", "250us"),
            ("7200s", "2h"),
        ] {
            assert_eq!(parse_duration(text).map(format_duration).as_deref(), Ok(want), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(nanos in 0..u64::from(u32::MAX) * 1_000_000) {
            let duration = Duration::from_nanos(nanos);
            prop_assert_eq!(parse_duration(&format_duration(duration)), Ok(duration));
        }

        #[test]
        fn no_text_panics(text in "\\PC{0,30}") {
            let _ = parse_duration(&text);
        }

        #[test]
        fn no_number_panics(digits in "[0-9.]{0,60}(us|ms|s|m|h)?") {
            let _ = parse_duration(&digits);
        }
    }
}
