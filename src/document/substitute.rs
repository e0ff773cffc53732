//! `${NAME}`, `${NAME:-default}` and `$$`.
//!
//! Owns what these mean. Never asks the environment itself: a lookup is handed in.

use std::borrow::Cow;
use std::ffi::OsString;
use std::ops::Range;

/// Where variables get their values from.
pub(super) type Lookup<'a> = &'a dyn Fn(&str) -> Option<OsString>;

/// How deep a default may hold variables that have defaults.
const MAX_NESTING: usize = 8;

/// So many errors of one text are told.
const MAX_ERRORS: usize = 100;

/// Why a text cannot be filled in, with the bytes of the text that are to blame.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct SubstituteError {
    pub(super) kind: SubstituteErrorKind,
    pub(super) at: Range<usize>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum SubstituteErrorKind {
    /// No value and no default.
    Undefined(String),
    /// The value is no text.
    NotUtf8(String),
    /// `${` without its `}`.
    Unclosed,
    /// What stands between the braces is no name.
    BadName(String),
    /// Defaults in defaults in defaults.
    TooDeep,
}

/// Fills in every variable; what cannot be filled in is told for each, not for the first only.
pub(super) fn substitute<'t>(
    text: &'t str,
    lookup: Lookup<'_>,
) -> Result<Cow<'t, str>, Vec<SubstituteError>> {
    if !text.contains('$') {
        return Ok(Cow::Borrowed(text));
    }
    let mut filler = Filler { lookup, errors: Vec::new() };
    let mut filled = String::with_capacity(text.len());
    filler.fill(text, 0, MAX_NESTING, &mut filled);
    if filler.errors.is_empty() { Ok(Cow::Owned(filled)) } else { Err(filler.errors) }
}

struct Filler<'l> {
    lookup: Lookup<'l>,
    errors: Vec<SubstituteError>,
}

impl Filler<'_> {
    fn fill(&mut self, text: &str, offset: usize, nesting: usize, filled: &mut String) {
        let mut rest = text;
        while let Some(at) = rest.find('$') {
            filled.push_str(&rest[..at]);
            let start = offset + text.len() - rest.len() + at;
            let after = &rest[at + 1..];
            rest = if let Some(after) = after.strip_prefix('$') {
                filled.push('$');
                after
            } else if let Some(inside) = after.strip_prefix('{') {
                self.variable(inside, start, nesting, filled)
            } else {
                filled.push('$');
                after
            };
        }
        filled.push_str(rest);
    }

    /// Fills in the variable whose text starts after `${`, and gives what follows it.
    fn variable<'t>(
        &mut self,
        inside: &'t str,
        start: usize,
        nesting: usize,
        filled: &mut String,
    ) -> &'t str {
        let Some(end) = closing_brace(inside) else {
            self.fail(SubstituteErrorKind::Unclosed, start..start + 2 + inside.len());
            return "";
        };
        let (body, rest) = (&inside[..end], &inside[end + 1..]);
        let place = start..start + 2 + end + 1;
        let (name, default) = match body.split_once(":-") {
            Some((name, default)) => (name, Some(default)),
            None => (body, None),
        };
        if !is_name(name) {
            self.fail(SubstituteErrorKind::BadName(name.to_owned()), place);
        } else if let Some(value) = self.value(name, default.is_some()) {
            match value.to_str() {
                Some(value) => filled.push_str(value),
                None => self.fail(SubstituteErrorKind::NotUtf8(name.to_owned()), place),
            }
        } else if let Some(default) = default {
            match nesting.checked_sub(1) {
                Some(nesting) => {
                    self.fill(default, start + 2 + name.len() + 2, nesting, filled);
                }
                None => self.fail(SubstituteErrorKind::TooDeep, place),
            }
        } else {
            self.fail(SubstituteErrorKind::Undefined(name.to_owned()), place);
        }
        rest
    }

    /// As in a shell, `:-` also steps in for a variable that is set to nothing.
    fn value(&self, name: &str, has_default: bool) -> Option<OsString> {
        (self.lookup)(name).filter(|value| !(has_default && value.is_empty()))
    }

    fn fail(&mut self, kind: SubstituteErrorKind, at: Range<usize>) {
        if self.errors.len() < MAX_ERRORS {
            self.errors.push(SubstituteError { kind, at });
        }
    }
}

/// The `}` that ends a variable, past those of variables in its default.
fn closing_brace(inside: &str) -> Option<usize> {
    let mut depth = 0_usize;
    let mut previous = 0;
    for (at, byte) in inside.bytes().enumerate() {
        match byte {
            b'{' if previous == b'$' => depth += 1,
            b'}' if depth == 0 => return Some(at),
            b'}' => depth -= 1,
            _ => {}
        }
        previous = byte;
    }
    None
}

fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lookup(name: &str) -> Option<OsString> {
        match name {
            "PORT" => Some("5556".into()),
            "EMPTY" => Some(OsString::new()),
            "TRICK" => Some("${PORT}".into()),
            _ => None,
        }
    }

    #[test]
    fn variables_are_filled_in() {
        for (text, want) in [
            ("", ""),
            ("plain", "plain"),
            ("${PORT}", "5556"),
            ("tcp://*:${PORT}/x", "tcp://*:5556/x"),
            ("${NONE:-7}", "7"),
            ("${NONE:-}", ""),
            ("${EMPTY}", ""),
            ("${EMPTY:-x}", "x"),
            ("${NONE:-a:-b}", "a:-b"),
            ("${NONE:-${PORT}}", "5556"),
            ("${NONE:-${ALSO:-y}z}", "yz"),
            ("$$", "$"),
            ("$${PORT}", "${PORT}"),
            ("$PORT", "$PORT"),
            ("5$", "5$"),
            ("${TRICK}", "${PORT}"),
            ("ä${PORT}ö", "ä5556ö"),
        ] {
            assert_eq!(substitute(text, &lookup).as_deref(), Ok(want), "{text}");
        }
    }

    #[test]
    fn every_variable_without_a_value_is_told_with_its_place() {
        let errors = substitute("a ${X} ${PORT} ${Y} ${1} ${open", &lookup).unwrap_err();
        let told: Vec<_> = errors.into_iter().map(|error| (error.kind, error.at)).collect();
        assert_eq!(
            told,
            [
                (SubstituteErrorKind::Undefined("X".into()), 2..6),
                (SubstituteErrorKind::Undefined("Y".into()), 15..19),
                (SubstituteErrorKind::BadName("1".into()), 20..24),
                (SubstituteErrorKind::Unclosed, 25..31),
            ]
        );
    }

    #[test]
    fn defaults_nested_without_end_are_refused() {
        let text = format!("{}x{}", "${N:-".repeat(20), "}".repeat(20));
        let errors = substitute(&text, &lookup).unwrap_err();
        assert_eq!(errors[0].kind, SubstituteErrorKind::TooDeep);
        assert!(substitute(&"${N:-".repeat(100_000), &lookup).is_err());
    }
}
