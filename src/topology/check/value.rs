//! Reading leaves: texts, numbers, booleans, durations, words of a list.
//!
//! Owns what is said of a value that is none of the wanted kind. Every function gives nothing
//! after it has reported why; a value that is faulty already is passed over in silence.

use std::fmt::Display;
use std::ops::RangeInclusive;
use std::time::Duration;

use crate::diagnostic::{Code, Diagnostic};
use crate::document::{Kind, Mapping, Node, Scalar};
use crate::duration::{meant_duration, parse_duration};
use crate::units;

use super::keys::shorten;
use super::report::Report;
use crate::nearest::one_of;

/// What stands in maps whose keys are all of one kind.
const MAPS: &[(&str, &str)] =
    &[("timers", "name: 1s"), ("options", "tcp_keepalive: true"), ("params", "name: value")];

/// The units of a duration.
const DURATION_UNITS: &str = "us, ms, s, m or h";

/// Reports a value that is not of the wanted kind.
pub(crate) fn wrong(key: &str, value: &Node, wanted: &str, help: &str, report: &mut Report<'_>) {
    if value.is_faulty() {
        return;
    }
    report.add(
        Diagnostic::new(Code::WrongType, format!("`{key}` takes {wanted}"))
            .at(
                super::report::first_line(value.span, report.source()),
                format!("this is {}", value.describe()),
            )
            .help(help),
    );
}

/// A scalar that is not nothing.
fn scalar<'n>(
    key: &str,
    value: &'n Node,
    wanted: &str,
    help: &str,
    report: &mut Report<'_>,
) -> Option<&'n Scalar> {
    let scalar = value.as_scalar().filter(|scalar| !scalar.is_null());
    if scalar.is_none() {
        wrong(key, value, wanted, help, report);
    }
    scalar
}

/// Text; a number or boolean counts as what it was written as.
pub(crate) fn text(key: &str, value: &Node, report: &mut Report<'_>) -> Option<String> {
    let help = format!("write `{key}: some text`");
    scalar(key, value, "a text", &help, report).map(|scalar| scalar.text.to_string())
}

/// `true` or `false`.
pub(crate) fn boolean(key: &str, value: &Node, report: &mut Report<'_>) -> Option<bool> {
    let spelled = value.as_scalar().and_then(|scalar| match &*scalar.text.to_lowercase() {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    });
    if spelled.is_none() {
        report_no_boolean(key, value, report);
    }
    spelled
}

fn report_no_boolean(key: &str, value: &Node, report: &mut Report<'_>) {
    let meant = value.as_scalar().and_then(|scalar| match &*scalar.text.to_lowercase() {
        "yes" | "on" | "y" | "1" => Some("true"),
        "no" | "off" | "n" | "0" => Some("false"),
        _ => None,
    });
    let Some(meant) = meant else {
        let help = format!("write `{key}: true` or `{key}: false`");
        wrong(key, value, "`true` or `false`", &help, report);
        return;
    };
    let fault = Diagnostic::new(Code::WrongType, format!("`{key}` takes `true` or `false`"))
        .at(value.span, format!("this is {}", value.describe()))
        .because("since YAML 1.2 only these two words are booleans")
        .help(format!("write `{meant}`"));
    report.add_with_fix(fault, value.span, meant);
}

/// An integer within bounds.
pub(crate) fn integer(
    key: &str,
    value: &Node,
    range: RangeInclusive<i64>,
    report: &mut Report<'_>,
) -> Option<i64> {
    let Some(number) = value.as_scalar().and_then(Scalar::as_integer) else {
        let help = if *range.end() > i64::from(u32::MAX) {
            format!("write a whole number of at most 18 digits, such as `{key}: 1000`")
        } else {
            format!("write a whole number from {} to {}", range.start(), range.end())
        };
        wrong(key, value, "a whole number", &help, report);
        return None;
    };
    if range.contains(&number) {
        return Some(number);
    }
    report.add(out_of_range(key, value, &range.start().to_string(), &range.end().to_string()));
    None
}

/// A value below or above its bounds.
pub(crate) fn out_of_range(key: &str, value: &Node, least: &str, most: &str) -> Diagnostic {
    Diagnostic::new(Code::OutOfRange, format!("`{key}` is from {least} to {most}"))
        .at(value.span, format!("this is {}", value.describe()))
        .help(format!("write a value from {least} to {most}"))
}

/// A duration with its unit.
pub(crate) fn duration(key: &str, value: &Node, report: &mut Report<'_>) -> Option<Duration> {
    let help = format!("write a number with {}, such as `{key}: 500ms`", DURATION_UNITS);
    let scalar = scalar(key, value, "a duration", &help, report)?;
    let read = parse_duration(&scalar.text);
    if let (Err(error), Some(meant)) = (&read, meant_duration(&scalar.text)) {
        let fault = Diagnostic::new(Code::WrongType, format!("`{key}` takes a duration"))
            .at(value.span, format!("this is {}", value.describe()))
            .because(format!("{} cannot be read: {error}", value.describe()))
            .help(format!("write `{key}: {meant}`"));
        report.add_with_fix(fault, value.span, &meant);
        return None;
    }
    unit(key, value, "a duration", read, &help, report)
}

/// A duration that is more than nothing.
pub(crate) fn interval(key: &str, value: &Node, report: &mut Report<'_>) -> Option<Duration> {
    let duration = duration(key, value, report)?;
    if duration.is_zero() {
        report.add(
            Diagnostic::new(Code::OutOfRange, format!("`{key}` is longer than nothing"))
                .at(value.span, "this would never let anything else run")
                .help(format!("write an interval, such as `{key}: 10ms`")),
        );
        return None;
    }
    Some(duration)
}

/// A rate: the time that one takes.
pub(crate) fn rate(key: &str, value: &Node, report: &mut Report<'_>) -> Option<Duration> {
    let help = format!("write so many per time, such as `{key}: 100/s`");
    let scalar = scalar(key, value, "a rate", &help, report)?;
    unit(key, value, "a rate", units::rate(&scalar.text), &help, report)
}

/// A size within bounds, in bytes.
pub(crate) fn size(
    key: &str,
    value: &Node,
    range: RangeInclusive<u64>,
    report: &mut Report<'_>,
) -> Option<u64> {
    let help = format!("write a number with {}, such as `{key}: 64MiB`", units::SIZE_UNITS);
    let scalar = scalar(key, value, "a size", &help, report)?;
    let size = unit(key, value, "a size", units::size(&scalar.text), &help, report)?;
    if range.contains(&size) {
        return Some(size);
    }
    let in_kib = |bytes: &u64| format!("{}KiB", bytes >> 10);
    report.add(out_of_range(key, value, &in_kib(range.start()), &in_kib(range.end())));
    None
}

/// What came of reading a quantity, its fault reported.
pub(crate) fn unit<T>(
    key: &str,
    value: &Node,
    wanted: &str,
    read: Result<T, impl Display>,
    help: &str,
    report: &mut Report<'_>,
) -> Option<T> {
    match read {
        Ok(quantity) => Some(quantity),
        Err(error) => {
            report.add(
                Diagnostic::new(Code::WrongType, format!("`{key}` takes {wanted}"))
                    .at(value.span, format!("this is {}", value.describe()))
                    .because(format!("{} cannot be read: {error}", value.describe()))
                    .help(help),
            );
            None
        }
    }
}

/// One of a list of words.
pub(crate) fn word<T: Copy>(
    key: &str,
    value: &Node,
    words: &[(&'static str, T)],
    report: &mut Report<'_>,
) -> Option<T> {
    let choices = one_of(words.iter().map(|(word, _)| *word));
    let scalar =
        scalar(key, value, &format!("one of {choices}"), &format!("write {choices}"), report)?;
    if let Some((_, meaning)) = words.iter().find(|(word, _)| *word == &*scalar.text) {
        return Some(*meaning);
    }
    let message = format!("`{key}` cannot be `{}`", shorten(&scalar.text));
    let fault =
        Diagnostic::new(Code::UnknownWord, message).at(value.span, format!("not one of {choices}"));
    match report.nearest(&scalar.text, words.iter().map(|(word, _)| *word)) {
        Some(meant) => {
            let fault = fault.help(meant.question());
            report.add_with_fix(fault, value.span, meant.first());
        }
        None => report.add(fault.help(format!("write {choices}"))),
    }
    None
}

/// A map.
pub(crate) fn map<'n>(key: &str, value: &'n Node, report: &mut Report<'_>) -> Option<&'n Mapping> {
    let mapping = value.as_mapping();
    if mapping.is_none() {
        let example = MAPS.iter().find(|(known, _)| *known == key).map(|(_, example)| *example);
        let help = match (&value.kind, example) {
            (_, Some(example)) => format!("write `{key}: {{{example}}}`"),
            (Kind::Sequence(_), None) if ["nodes", "sockets"].contains(&key) => {
                "write a name and `:` in the place of each `-`, and its keys indented below"
                    .to_owned()
            }
            (_, None) => {
                format!("write its keys on lines indented below `{key}:`")
            }
        };
        wrong(key, value, "a map", &help, report);
    }
    mapping
}

/// The items of a list, or the one value that stands where a list could.
pub(crate) fn one_or_many(value: &Node) -> &[Node] {
    match &value.kind {
        Kind::Sequence(items) => items,
        Kind::Scalar(_) | Kind::Mapping(_) | Kind::Faulty => std::slice::from_ref(value),
    }
}
