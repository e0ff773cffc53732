//! The value of one libzmq option.
//!
//! Owns how each kind of value is written and what libzmq's bounds are. Which options there are
//! is the table's in `zeromq/`.

use std::time::Duration;

use crate::diagnostic::{Code, Diagnostic};
use crate::document::{Node, Scalar};
use crate::duration::format_duration;
use crate::security::Secret;
use crate::units;
use crate::zeromq::{OptionKind, OptionValue, SocketOption, decode_z85};

use super::report::Report;
use super::value;
use crate::nearest::one_of;

/// The bytes of a CURVE key, raw and as Z85.
const KEY_BYTES: usize = 32;
const KEY_CHARACTERS: usize = 40;

/// Reads a value as libzmq wants it.
pub(super) fn read(
    option: &'static SocketOption,
    node: &Node,
    report: &mut Report<'_>,
) -> Option<OptionValue> {
    let value = read_kind(option, node, report)?;
    if !option.name.is_secret() {
        return Some(value);
    }
    Some(match value {
        OptionValue::Bytes(bytes) => OptionValue::Secret(Secret::new(bytes)),
        OptionValue::Int(_) | OptionValue::Long(_) | OptionValue::Secret(_) => value,
    })
}

fn read_kind(
    option: &'static SocketOption,
    node: &Node,
    report: &mut Report<'_>,
) -> Option<OptionValue> {
    let name = option.name.0;
    let number = node.as_scalar().and_then(Scalar::as_integer);
    match option.kind {
        OptionKind::Boolean => boolean(name, node, report).map(OptionValue::Int),
        OptionKind::Tristate if number == Some(-1) => Some(OptionValue::Int(-1)),
        OptionKind::Tristate => boolean(name, node, report).map(OptionValue::Int),
        OptionKind::Integer { min, max } => integer(name, node, min, max, report),
        OptionKind::Buffer => buffer(name, node, report),
        OptionKind::Milliseconds { min, .. } if min < 0 && number == Some(-1) => {
            Some(OptionValue::Int(-1))
        }
        OptionKind::Milliseconds { max, step, .. } => milliseconds(name, node, max, step, report),
        OptionKind::Seconds if number == Some(-1) => Some(OptionValue::Int(-1)),
        OptionKind::Seconds => seconds(name, node, number, report),
        OptionKind::Size if number == Some(-1) => Some(OptionValue::Int(-1)),
        OptionKind::Size => int_size(name, node, report),
        OptionKind::LongSize if number == Some(-1) => Some(OptionValue::Long(-1)),
        OptionKind::LongSize => long_size(name, node, report).map(OptionValue::Long),
        OptionKind::Mask => value::integer(name, node, 0..=i64::MAX, report).map(OptionValue::Long),
        OptionKind::Flags(words) => flags(name, node, words, report),
        OptionKind::Text { min, max } => bounded_text(name, node, min, max, report),
        OptionKind::Key => key(name, node, report),
        OptionKind::Property => property(name, node, report),
    }
}

/// `true`, `false`, or libzmq's own 1 and 0.
fn boolean(name: &str, node: &Node, report: &mut Report<'_>) -> Option<i32> {
    match node.as_scalar().and_then(Scalar::as_integer) {
        Some(0) => Some(0),
        Some(1) => Some(1),
        Some(_) | None => value::boolean(name, node, report).map(i32::from),
    }
}

fn integer(
    name: &str,
    node: &Node,
    min: i32,
    max: i32,
    report: &mut Report<'_>,
) -> Option<OptionValue> {
    let number = value::integer(name, node, i64::from(min)..=i64::from(max), report)?;
    i32::try_from(number).ok().map(OptionValue::Int)
}

fn buffer(name: &str, node: &Node, report: &mut Report<'_>) -> Option<OptionValue> {
    let (step, most) = (OptionKind::BUFFER_STEP, OptionKind::LARGEST_BUFFER);
    let number = value::integer(name, node, i64::from(step)..=i64::from(most), report)?;
    let number = i32::try_from(number).ok()?;
    if number % step == 0 {
        return Some(OptionValue::Int(number));
    }
    report.add(
        Diagnostic::new(Code::OutOfRange, format!("`{name}` is counted in steps of {step} bytes"))
            .at(node.span, format!("this is {}", node.describe()))
            .because("libzmq keeps what points to the messages in it right behind it, aligned")
            .help(format!("write {}", number / step * step + step)),
    );
    None
}

fn milliseconds(
    name: &str,
    node: &Node,
    max: i32,
    step: i32,
    report: &mut Report<'_>,
) -> Option<OptionValue> {
    let duration = value::duration(name, node, report)?;
    let unit = Duration::from_millis(u64::from(step.unsigned_abs()));
    if !is_multiple(duration, unit) {
        let unit = format_duration(unit);
        report.add(
            Diagnostic::new(Code::OutOfRange, format!("`{name}` is counted in steps of {unit}"))
                .at(node.span, format!("this is {}", node.describe()))
                .because("libzmq cuts off the rest, down to nothing")
                .help(format!("write a multiple of {unit}")),
        );
        return None;
    }
    int_within(name, node, duration.as_millis(), max, "ms", report)
}

fn is_multiple(duration: Duration, unit: Duration) -> bool {
    unit.is_zero() || duration.as_nanos().is_multiple_of(unit.as_nanos())
}

/// A bare number is seconds, as in libzmq and the kernel.
fn seconds(
    name: &str,
    node: &Node,
    number: Option<i64>,
    report: &mut Report<'_>,
) -> Option<OptionValue> {
    const MAX: i32 = 32_767;
    if number.is_some() {
        return integer(name, node, 1, MAX, report);
    }
    let duration = value::duration(name, node, report)?;
    if duration.subsec_nanos() != 0 || duration.is_zero() {
        report.add(
            Diagnostic::new(Code::OutOfRange, format!("`{name}` is counted in whole seconds"))
                .at(node.span, format!("this is {}", node.describe()))
                .because("the kernel's own setting has no finer unit")
                .help("write a number of seconds, such as `60s`"),
        );
        return None;
    }
    int_within(name, node, u128::from(duration.as_secs()), MAX, "s", report)
}

fn int_within(
    name: &str,
    node: &Node,
    number: u128,
    max: i32,
    unit: &str,
    report: &mut Report<'_>,
) -> Option<OptionValue> {
    match i32::try_from(number).ok().filter(|number| *number <= max) {
        Some(number) => Some(OptionValue::Int(number)),
        None => {
            let most = format!("{max}{unit}");
            report.add(value::out_of_range(name, node, &format!("0{unit}"), &most));
            None
        }
    }
}

fn long_size(name: &str, node: &Node, report: &mut Report<'_>) -> Option<i64> {
    let help = format!("write bytes, or a number with {}, or -1", units::SIZE_UNITS);
    let Some(scalar) = node.as_scalar() else {
        value::wrong(name, node, "a size", &help, report);
        return None;
    };
    let size = value::unit(name, node, "a size", units::size(&scalar.text), &help, report)?;
    i64::try_from(size).ok()
}

fn int_size(name: &str, node: &Node, report: &mut Report<'_>) -> Option<OptionValue> {
    let size = long_size(name, node, report)?;
    int_within(name, node, u128::from(size.unsigned_abs()), i32::MAX, "B", report)
}

/// A word, a list of words, or libzmq's own number.
fn flags(
    name: &str,
    node: &Node,
    words: &[(&'static str, i32)],
    report: &mut Report<'_>,
) -> Option<OptionValue> {
    let all = words.iter().fold(0, |all, (_, bit)| all | bit);
    if node.as_scalar().is_some_and(|scalar| scalar.as_integer().is_some()) {
        return integer(name, node, 0, all, report);
    }
    if node.as_mapping().is_some() {
        let help = format!("write a list of {}", one_of(words.iter().map(|(word, _)| *word)));
        value::wrong(name, node, "a word or a list of words", &help, report);
        return None;
    }
    let items = value::one_or_many(node);
    let bits: Vec<_> = items.iter().map(|item| value::word(name, item, words, report)).collect();
    let bits = bits.into_iter().try_fold(0, |all, bit| Some(all | bit?))?;
    Some(OptionValue::Int(bits))
}

fn bounded_text(
    name: &str,
    node: &Node,
    min: usize,
    max: usize,
    report: &mut Report<'_>,
) -> Option<OptionValue> {
    let text = value::text(name, node, report)?;
    if (min..=max).contains(&text.len()) {
        return Some(OptionValue::Bytes(text.into_bytes()));
    }
    report.add(
        Diagnostic::new(Code::OutOfRange, format!("`{name}` has {min} to {max} bytes"))
            .at(node.span, format!("this has {}", text.len()))
            .help("write a text of that length, or remove it"),
    );
    None
}

/// A CURVE key; a text of 32 bytes is the key itself.
fn key(name: &str, node: &Node, report: &mut Report<'_>) -> Option<OptionValue> {
    let text = value::text(name, node, report)?;
    if text.len() == KEY_BYTES {
        return Some(OptionValue::Bytes(text.into_bytes()));
    }
    // The key itself is not repeated in messages: it may be a secret.
    let fault = if text.len() != KEY_CHARACTERS {
        Diagnostic::new(
            Code::OutOfRange,
            format!("`{name}` has {KEY_CHARACTERS} characters of Z85"),
        )
        .at(node.span, format!("this has {} bytes", text.len()))
    } else if let Some(bytes) = decode_z85(&text) {
        return Some(OptionValue::Bytes(bytes));
    } else {
        Diagnostic::new(Code::WrongType, format!("`{name}` is not Z85"))
            .at(node.span, "it holds characters or values that Z85 has not")
    };
    report.add(fault.help("copy the whole key as the key generator printed it, in quotes"));
    None
}

fn property(name: &str, node: &Node, report: &mut Report<'_>) -> Option<OptionValue> {
    let text = value::text(name, node, report)?;
    let is_property = text.split_once(':').is_some_and(|(key, value)| {
        key.len() > 2 && key.starts_with("X-") && key.len() <= 255 && !value.is_empty()
    });
    if is_property {
        return Some(OptionValue::Bytes(text.into_bytes()));
    }
    report.add(
        Diagnostic::new(Code::WrongType, format!("`{name}` is `X-NAME:VALUE`"))
            .at(node.span, format!("this is {}", node.describe()))
            .because("libzmq refuses any other text")
            .help("write a name that starts with `X-`, a colon and a value"),
    );
    None
}
