//! Numbers laid out as text: decimals, width, fill and base.
//!
//! Owns the specifications, which are those of Python's `format` as far as they are about numbers,
//! except that a precision alone counts decimals. Never rounds an integer.

use std::fmt::Write as _;

use rhai::{Dynamic, Engine, ImmutableString};

use super::encode::kind_of;
use super::operand::Answer;

/// The widest a number is laid out.
const WIDEST: usize = 1000;

/// Gives an engine these functions.
pub(super) fn register(engine: &mut Engine) {
    engine.register_fn("format", |number: Dynamic, spec: &str| -> Answer<ImmutableString> {
        Ok(format_number(&number, spec)?.into())
    });
}

/// Why a specification that is written out in a script is none.
pub(super) fn refusal(spec: &str) -> Option<String> {
    Spec::parse(spec).err()
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Align {
    Left,
    Right,
    Centre,
    /// Between sign and digits.
    Inside,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Base {
    /// Decimal, as the number's kind is.
    Plain,
    Integer(u32),
    Capital,
    Fixed,
    Exponent,
    Percent,
}

/// `[[fill]align][sign][#][0][width][,][.decimals][kind]`
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Spec {
    fill: char,
    align: Align,
    /// What stands before a number that is not negative.
    plus: &'static str,
    prefix: bool,
    width: usize,
    groups: bool,
    decimals: Option<usize>,
    base: Base,
}

impl Spec {
    fn parse(spec: &str) -> Result<Self, String> {
        let mut rest = Rest(spec);
        let mut found = Self {
            fill: ' ',
            align: Align::Right,
            plus: "",
            prefix: false,
            width: 0,
            groups: false,
            decimals: None,
            base: Base::Plain,
        };
        let (aligned, filled) = rest.alignment(&mut found);
        found.plus = match rest.one_of("+- ") {
            Some('+') => "+",
            Some(' ') => " ",
            _ => "",
        };
        found.prefix = rest.one_of("#").is_some();
        if rest.one_of("0").is_some() {
            if !filled {
                found.fill = '0';
            }
            if !aligned {
                found.align = Align::Inside;
            }
        }
        found.width = rest.number(spec)?.unwrap_or(0);
        found.groups = rest.one_of(",").is_some();
        if rest.one_of(".").is_some() {
            let decimals = rest.number(spec)?;
            found.decimals =
                Some(decimals.ok_or_else(|| wrong(spec, "the `.` has no number behind it"))?);
        }
        found.base = match rest.one_of("dxXobfe%") {
            None => Base::Plain,
            Some('x') => Base::Integer(16),
            Some('X') => Base::Capital,
            Some('o') => Base::Integer(8),
            Some('b') => Base::Integer(2),
            Some('f') => Base::Fixed,
            Some('e') => Base::Exponent,
            Some('%') => Base::Percent,
            Some(_) => Base::Integer(10),
        };
        if let Some(character) = rest.0.chars().next() {
            return Err(wrong(spec, &format!("{character:?} is not expected there")));
        }
        let is_integer = matches!(found.base, Base::Integer(_) | Base::Capital);
        if is_integer && found.decimals.is_some() {
            return Err(wrong(spec, "an integer has no decimals"));
        }
        if found.groups && is_integer && found.base != Base::Integer(10) {
            return Err(wrong(spec, "a `,` groups decimal digits only"));
        }
        Ok(found)
    }

    /// Sign, prefix and digits at their places.
    fn laid_out(&self, negative: bool, prefix: &str, digits: &str) -> String {
        let sign = if negative { "-" } else { self.plus };
        let prefix = if self.prefix { prefix } else { "" };
        let mut digits = if self.groups { grouped(digits, 0) } else { digits.to_owned() };
        let length = sign.len() + prefix.len() + digits.chars().count();
        let missing = self.width.saturating_sub(length);
        if self.groups && self.fill == '0' && self.align == Align::Inside {
            digits = grouped(
                &digits.replace(',', ""),
                self.width - length.min(self.width) + digits.len(),
            );
            return format!("{sign}{prefix}{digits}");
        }
        let fill = |count: usize| self.fill.to_string().repeat(count);
        match self.align {
            Align::Left => format!("{sign}{prefix}{digits}{}", fill(missing)),
            Align::Right => format!("{}{sign}{prefix}{digits}", fill(missing)),
            Align::Inside => format!("{sign}{prefix}{}{digits}", fill(missing)),
            Align::Centre => {
                let before = missing / 2;
                format!("{}{sign}{prefix}{digits}{}", fill(before), fill(missing - before))
            }
        }
    }
}

/// What is left of a specification.
struct Rest<'s>(&'s str);

impl Rest<'_> {
    fn one_of(&mut self, wanted: &str) -> Option<char> {
        let first = self.0.chars().next().filter(|&first| wanted.contains(first))?;
        self.0 = &self.0[first.len_utf8()..];
        Some(first)
    }

    /// Whether there is an alignment, and a fill before it.
    fn alignment(&mut self, spec: &mut Spec) -> (bool, bool) {
        let align = |character: Option<char>| {
            Some(match character? {
                '<' => Align::Left,
                '>' => Align::Right,
                '^' => Align::Centre,
                '=' => Align::Inside,
                _ => return None,
            })
        };
        let mut characters = self.0.chars();
        let (first, second) = (characters.next(), characters.next());
        if let (Some(fill), Some(found)) = (first, align(second)) {
            (spec.fill, spec.align) = (fill, found);
            self.0 = &self.0[fill.len_utf8() + 1..];
            return (true, true);
        }
        if let Some(found) = align(first) {
            spec.align = found;
            self.0 = &self.0[1..];
            return (true, false);
        }
        (false, false)
    }

    fn number(&mut self, spec: &str) -> Result<Option<usize>, String> {
        let end = self.0.find(|c: char| !c.is_ascii_digit()).unwrap_or(self.0.len());
        let (digits, rest) = self.0.split_at(end);
        self.0 = rest;
        if digits.is_empty() {
            return Ok(None);
        }
        let number = digits.parse().ok().filter(|&number| number <= WIDEST);
        number.map(Some).ok_or_else(|| wrong(spec, &format!("{WIDEST} is the most")))
    }
}

fn wrong(spec: &str, why: &str) -> String {
    format!(
        "{spec:?} is no format of a number: {why}; \".2\" has two decimals, \"8\" is eight wide, \
         \"08.2\" both with zeros before, \"x\" is hexadecimal"
    )
}

/// Digits with a comma before each three of those left of the point, at least so wide.
fn grouped(digits: &str, width: usize) -> String {
    let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
    let (whole, rest) = digits.split_at(end);
    let mut padded = whole.to_owned();
    let commas = |length: usize| length.saturating_sub(1) / 3;
    while padded.len() + commas(padded.len()) + rest.len() < width {
        padded.insert(0, '0');
    }
    let mut grouped = String::with_capacity(width + 1);
    for (place, digit) in padded.chars().enumerate() {
        if place > 0 && (padded.len() - place) % 3 == 0 {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped + rest
}

fn format_number(number: &Dynamic, spec: &str) -> Result<String, String> {
    let layout = Spec::parse(spec)?;
    if let Ok(integer) = number.as_int() {
        return Ok(of_integer(integer, layout));
    }
    if let Ok(float) = number.as_float() {
        return of_float(float, spec, layout);
    }
    Err(format!("format takes a number; this is {}", kind_of(number)))
}

#[expect(clippy::cast_precision_loss, reason = "decimals were asked for")]
fn of_integer(integer: i64, layout: Spec) -> String {
    let negative = integer < 0;
    let size = integer.unsigned_abs();
    let (prefix, digits) = match layout.base {
        Base::Integer(16) => ("0x", format!("{size:x}")),
        Base::Capital => ("0X", format!("{size:X}")),
        Base::Integer(8) => ("0o", format!("{size:o}")),
        Base::Integer(2) => ("0b", format!("{size:b}")),
        Base::Plain | Base::Fixed if layout.base == Base::Fixed || layout.decimals.is_some() => {
            // An integer has all its digits, also past those of a float.
            let decimals = layout.decimals.unwrap_or(6);
            let point = if decimals > 0 { "." } else { "" };
            ("", format!("{size}{point}{}", "0".repeat(decimals)))
        }
        Base::Exponent | Base::Percent => ("", decimal(size as f64, layout)),
        Base::Plain | Base::Fixed | Base::Integer(_) => ("", size.to_string()),
    };
    layout.laid_out(negative, prefix, &digits)
}

fn of_float(float: f64, spec: &str, layout: Spec) -> Result<String, String> {
    if matches!(layout.base, Base::Integer(_) | Base::Capital) {
        return Err(format!("{spec:?} is for integers; this is the float {float}"));
    }
    let negative = float.is_sign_negative() && !float.is_nan();
    let digits = decimal(float.abs(), layout);
    Ok(layout.laid_out(negative, "", &digits))
}

/// A number without its sign, in decimals.
fn decimal(size: f64, layout: Spec) -> String {
    if size.is_nan() {
        return if layout.base == Base::Percent { "nan%" } else { "nan" }.to_owned();
    }
    if size.is_infinite() {
        return if layout.base == Base::Percent { "inf%" } else { "inf" }.to_owned();
    }
    let decimals = layout.decimals.unwrap_or(6);
    match layout.base {
        Base::Exponent => exponent(&format!("{size:.decimals$e}")),
        Base::Percent => format!("{:.decimals$}%", size * 100.0),
        Base::Plain if layout.decimals.is_none() => Dynamic::from_float(size).to_string(),
        Base::Plain | Base::Fixed | Base::Integer(_) | Base::Capital => {
            format!("{size:.decimals$}")
        }
    }
}

/// `1.5e7` with a sign and two digits: `1.5e+07`.
fn exponent(text: &str) -> String {
    let Some((digits, power)) = text.split_once('e') else { return text.to_owned() };
    let (sign, power) = power.strip_prefix('-').map_or(('+', power), |power| ('-', power));
    let mut shown = String::with_capacity(text.len() + 2);
    // Writing to a text does not fail.
    let _ = write!(shown, "{digits}e{sign}{power:0>2}");
    shown
}

#[cfg(test)]
mod tests {
    use crate::script::trial::table;

    #[test]
    fn numbers_are_laid_out() {
        table(&[
            ("format(3.14159, \".2\")", "3.14"),
            ("format(2.5, \".0\")", "2"),
            ("format(5, \".2\")", "5.00"),
            ("3.14159.format(\"8.2\")", "    3.14"),
            ("format(3.14159, \"08.2\")", "00003.14"),
            ("format(-3.14159, \"08.2\")", "-0003.14"),
            ("format(255, \"x\")", "ff"),
            ("format(255, \"#06X\")", "0X00FF"),
            ("format(-255, \"x\")", "-ff"),
            ("format(5, \"08b\")", "00000101"),
            ("format(8, \"o\")", "10"),
            ("format(7, \"3\")", "  7"),
            ("format(7, \"<3\") + \"|\"", "7  |"),
            ("format(7, \"*^5\")", "**7**"),
            ("format(7, \"+\")", "+7"),
            ("format(1234567, \",\")", "1,234,567"),
            ("format(1234567.891, \",.2\")", "1,234,567.89"),
            ("format(1234, \"010,\")", "00,001,234"),
            ("format(0.25, \"%\")", "25.000000%"),
            ("format(0.256, \".0%\")", "26%"),
            ("format(15000000.0, \".1e\")", "1.5e+07"),
            ("format(1.5, \"\")", "1.5"),
            ("format(9223372036854775807, \".1\")", "9223372036854775807.0"),
            ("format(-0.0, \".1\")", "-0.0"),
        ]);
    }

    #[test]
    fn what_is_no_format_is_said() {
        let help = "; \".2\" has two decimals, \"8\" is eight wide, \"08.2\" both with zeros before, \"x\" is hexadecimal";
        for (body, want) in [
            (
                "format(1, \"2 decimals\")",
                "\"2 decimals\" is no format of a number: ' ' is not expected there",
            ),
            ("format(1, \".\")", "\".\" is no format of a number: the `.` has no number behind it"),
            ("format(1, \"9999\")", "\"9999\" is no format of a number: 1000 is the most"),
            ("format(1, \".2x\")", "\".2x\" is no format of a number: an integer has no decimals"),
            (
                "format(1, \",x\")",
                "\",x\" is no format of a number: a `,` groups decimal digits only",
            ),
        ] {
            table(&[(body, &format!("failed: {want}{help}"))]);
        }
        table(&[
            ("format(1.5, \"x\")", "failed: \"x\" is for integers; this is the float 1.5"),
            ("format(\"1\", \".2\")", "failed: format takes a number; this is a text"),
        ]);
    }
}
