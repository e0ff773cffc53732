//! What is said of variables that cannot be filled in.
//!
//! Owns finding the place of a variable inside its scalar. Never looks one up.

use crate::diagnostic::{Code, Diagnostic};
use crate::source::Span;

use super::substitute::{SubstituteError, SubstituteErrorKind};

/// One fault for each variable of a scalar that could not be filled in.
pub(super) fn variable_faults(
    errors: &[SubstituteError],
    text: &str,
    scalar: Span,
    is_secret: bool,
) -> Vec<Diagnostic> {
    let written = &text[scalar.start..scalar.end];
    let mut from = 0;
    let mut faults = Vec::with_capacity(errors.len());
    for error in errors {
        // Escapes may make the written text differ from the read one: then the whole scalar.
        let place = match find(&error.kind, written, from) {
            Some((start, end)) => {
                from = end;
                Span::new(scalar.source, scalar.start + start, scalar.start + end)
            }
            None => scalar,
        };
        // What is no name may be a part of the secret.
        let is_part = is_secret && matches!(error.kind, SubstituteErrorKind::BadName(_));
        faults.push(if is_part {
            fault(&SubstituteErrorKind::BadName("…".to_owned()), scalar)
        } else {
            fault(&error.kind, place)
        });
    }
    faults
}

/// The bytes of a variable in the text as written.
fn find(kind: &SubstituteErrorKind, written: &str, from: usize) -> Option<(usize, usize)> {
    let name = match kind {
        SubstituteErrorKind::Undefined(name)
        | SubstituteErrorKind::NotUtf8(name)
        | SubstituteErrorKind::BadName(name) => name,
        SubstituteErrorKind::Unclosed | SubstituteErrorKind::TooDeep => "",
    };
    let start = from + written[from..].find(&format!("${{{name}"))?;
    let rest = &written[start..];
    let length = match kind {
        SubstituteErrorKind::Unclosed | SubstituteErrorKind::TooDeep => 2,
        SubstituteErrorKind::Undefined(_)
        | SubstituteErrorKind::NotUtf8(_)
        | SubstituteErrorKind::BadName(_) => rest.find('}')? + 1,
    };
    Some((start, start + length))
}

fn fault(kind: &SubstituteErrorKind, place: Span) -> Diagnostic {
    match kind {
        SubstituteErrorKind::Undefined(name) => {
            Diagnostic::new(Code::UndefinedVariable, format!("the variable `{name}` is not set"))
                .at(place, "it has no value and no default")
                .help(format!("set it (`--set {name}=…`), or give a default: `${{{name}:-…}}`"))
        }
        SubstituteErrorKind::NotUtf8(name) => Diagnostic::new(
            Code::UndefinedVariable,
            format!("the variable `{name}` is set to bytes that are no UTF-8"),
        )
        .at(place, "its value is no text")
        .help(format!("set it to a text in UTF-8: `--set {name}=…`")),
        SubstituteErrorKind::Unclosed => {
            Diagnostic::new(Code::UndefinedVariable, "a `${` without its `}`")
                .at(place, "it is never closed")
                .help("close it, or write `$$` for a dollar sign")
        }
        SubstituteErrorKind::BadName(name) => {
            Diagnostic::new(Code::UndefinedVariable, format!("`{name}` is no variable's name"))
                .at(place, "")
                .because("a variable's name has letters, digits and `_`, and no digit first")
                .help("write `${NAME}` or `${NAME:-default}`, or `$$` for a dollar sign")
        }
        SubstituteErrorKind::TooDeep => {
            Diagnostic::new(Code::UndefinedVariable, "defaults inside defaults, too deep")
                .at(place, "")
                .help("give the inner variable a plain default")
        }
    }
}
