//! Keys and passwords that stand in the topology file itself.
//!
//! Owns which keys of the format hold one, and where else to keep it. Never repeats a value.

use std::collections::BTreeSet;

use crate::diagnostic::{Code, Diagnostic};
use crate::document::{Entry, Kind, Node, Style};
use crate::security::is_variable;
use crate::zeromq::SocketOption;

use super::subject::Subject;

pub(super) fn check(subject: &Subject<'_>, findings: &mut Vec<Diagnostic>) {
    let mut found = Vec::new();
    collect(subject.document.root(), "", &mut found);
    let text = subject.document.source().text();
    // What an alias repeats is written once.
    let mut told = BTreeSet::new();
    for entry in found {
        let span = entry.value.span;
        let written = text.get(span.start..span.end).unwrap_or_default();
        if entry.value.as_scalar().is_none_or(|scalar| scalar.text.is_empty())
            || is_variable(written)
            || !told.insert(span)
        {
            continue;
        }
        let key = &entry.key.text;
        let name = if key.ends_with("password") { "PASSWORD" } else { "SECRET_KEY" };
        let finding =
            Diagnostic::new(Code::SecretWritten, format!("`{key}` is written into the file"))
                .at(span, "whoever reads the file has it")
                .because("a topology is copied, shown and put under version control")
                .help(format!("write `\"${{{name}}}\"`, and set that variable where zrig runs"));
        // The header of a block is outside of its place.
        let is_block = entry
            .value
            .as_scalar()
            .is_some_and(|scalar| matches!(scalar.style, Style::Literal | Style::Folded));
        findings.push(if is_block {
            finding
        } else {
            finding.fix(span, format!("\"${{{name}}}\""))
        });
    }
}

/// The entries that hold a secret of the format: an option of libzmq, or the password of `plain`.
/// What lies in `params` is the user's own.
fn collect<'d>(node: &'d Node, above: &str, found: &mut Vec<&'d Entry>) {
    match &node.kind {
        Kind::Mapping(mapping) => {
            for entry in &mapping.entries {
                let key = &*entry.key.text;
                let is_option = above == "options"
                    && SocketOption::find(key).is_some_and(|option| option.name.is_secret());
                if is_option || (above == "plain" && key == "password") {
                    found.push(entry);
                } else if key != "params" {
                    collect(&entry.value, key, found);
                }
            }
        }
        Kind::Sequence(items) => items.iter().for_each(|item| collect(item, above, found)),
        Kind::Scalar(_) | Kind::Faulty => {}
    }
}
