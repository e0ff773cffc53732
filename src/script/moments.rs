//! Moments as text, as RFC 3339 has them, and back.
//!
//! Owns how they are written: in UTC, to the microsecond, with as many decimals as are needed.
//! Never asks a clock.

use chrono::{DateTime, SecondsFormat};
use rhai::{Dynamic, Engine, ImmutableString};

use super::encode::kind_of;
use super::operand::{Answer, with_text};

/// The first and the last second with four digits of a year.
const YEARS: std::ops::RangeInclusive<i64> = -62_167_219_200..=253_402_300_799;

/// Gives an engine these functions.
pub(super) fn register(engine: &mut Engine) {
    engine.register_fn("time_text", |seconds: Dynamic| -> Answer<ImmutableString> {
        Ok(time_text(&seconds)?.into())
    });
    engine.register_fn("parse_time", |text: Dynamic| -> Answer<f64> {
        with_text("parse_time", &text, |text| Ok(parse(text)?))
    });
}

fn time_text(seconds: &Dynamic) -> Result<String, String> {
    let outside = || format!("{seconds} seconds are outside the years 0 to 9999");
    let micros = if let Ok(seconds) = seconds.as_int() {
        seconds.checked_mul(1_000_000).ok_or_else(outside)?
    } else if let Ok(seconds) = seconds.as_float() {
        micros_of(seconds).ok_or_else(outside)?
    } else {
        return Err(format!(
            "time_text takes seconds since the epoch; this is {}",
            kind_of(seconds)
        ));
    };
    if !YEARS.contains(&micros.div_euclid(1_000_000)) {
        return Err(outside());
    }
    let moment = DateTime::from_timestamp_micros(micros).ok_or_else(outside)?;
    let decimals = match micros.rem_euclid(1_000_000) {
        0 => SecondsFormat::Secs,
        part if part % 1000 == 0 => SecondsFormat::Millis,
        _ => SecondsFormat::Micros,
    };
    Ok(moment.to_rfc3339_opts(decimals, true))
}

/// The nearest microsecond.
#[expect(clippy::cast_possible_truncation, reason = "it was looked at before")]
fn micros_of(seconds: f64) -> Option<i64> {
    // Whole and broken part for themselves: a product would round twice.
    let whole = seconds.floor();
    let part = ((seconds - whole) * 1e6).round_ties_even();
    (whole.abs() < 1e12).then(|| whole as i64 * 1_000_000 + part as i64)
}

/// Seconds since the epoch, or why a text is no moment.
#[expect(clippy::cast_precision_loss, reason = "seconds of four digits of a year are exact")]
pub(super) fn parse(text: &str) -> Result<f64, String> {
    let moment = DateTime::parse_from_rfc3339(text).map_err(|error| {
        format!("{text:?} is no time: {error}; one looks like 2026-11-28T14:30:00Z")
    })?;
    Ok(moment.timestamp() as f64 + f64::from(moment.timestamp_subsec_nanos()) / 1e9)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::script::trial::table;

    #[test]
    fn moments_are_written_and_read() {
        table(&[
            ("time_text(0)", "1970-01-01T00:00:00Z"),
            ("time_text(1764340200)", "2025-11-28T14:30:00Z"),
            ("time_text(1.5)", "1970-01-01T00:00:01.500Z"),
            ("time_text(1764340200.000001)", "2025-11-28T14:30:00.000001Z"),
            ("time_text(-1)", "1969-12-31T23:59:59Z"),
            ("time_text(-0.25)", "1969-12-31T23:59:59.750Z"),
            ("time_text(0.9999999)", "1970-01-01T00:00:01Z"),
            ("`${parse_time(\"1970-01-01T00:00:01.5Z\")}`", "1.5"),
            (
                "`${parse_time(\"2026-11-28T14:30:00+02:00\") - parse_time(\"2026-11-28T12:30:00Z\")}`",
                "0.0",
            ),
            ("`${parse_time(\"1970-01-01 00:00:00z\")}`", "0.0"),
            ("time_text(parse_time(\"2024-02-29T23:59:59.125Z\"))", "2024-02-29T23:59:59.125Z"),
        ]);
    }

    #[test]
    fn what_is_no_moment_is_said() {
        table(&[
            (
                "parse_time(\"2025-02-29T00:00:00Z\")",
                "failed: \"2025-02-29T00:00:00Z\" is no time: input is out of range; one looks like 2026-11-28T14:30:00Z",
            ),
            (
                "parse_time(\"\")",
                "failed: \"\" is no time: premature end of input; one looks like 2026-11-28T14:30:00Z",
            ),
            ("parse_time(17)", "failed: parse_time takes a text; this is a number"),
            (
                "time_text(\"now\")",
                "failed: time_text takes seconds since the epoch; this is a text",
            ),
            ("time_text(1e300)", "failed: 1e300 seconds are outside the years 0 to 9999"),
            ("time_text(0.0/0.0)", "failed: NaN seconds are outside the years 0 to 9999"),
            (
                "time_text(253402300800)",
                "failed: 253402300800 seconds are outside the years 0 to 9999",
            ),
        ]);
    }

    proptest! {
        #[test]
        fn a_moment_comes_back(micros in -62_167_219_200_000_000_i64..253_402_300_799_000_000) {
            let seconds = micros as f64 / 1e6;
            let text = time_text(&Dynamic::from_float(seconds)).unwrap();
            let back = parse(&text).unwrap();
            prop_assert!((back - seconds).abs() < 1e-4, "{} {} {}", seconds, text, back);
        }
    }
}
