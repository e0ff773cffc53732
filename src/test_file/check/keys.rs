//! The keys of a step: its map, and those that it needs.
//!
//! Owns what is said where they are not there. Never reads a value.

use crate::diagnostic::{Code, Diagnostic};
use crate::document::{Entry, Mapping, Node};
use crate::topology::reading::{Report, check_keys, value};

use super::super::known;

/// The map of a step with its keys checked.
pub(super) fn map_of<'n>(entry: &'n Entry, report: &mut Report<'_>) -> Option<&'n Mapping> {
    let known = known::step(&entry.key.text)?;
    let Some(mapping) = entry.value.as_mapping() else {
        let help = format!("write `{}`", known.example);
        value::wrong(known.name, &entry.value, "a map", &help, report);
        return None;
    };
    check_keys(mapping, known.keys, &format!("`{}`", known.name), report);
    Some(mapping)
}

/// A key of a step that has to be there.
pub(super) fn needed<'n>(
    key: &str,
    entry: &Entry,
    mapping: &'n Mapping,
    report: &mut Report<'_>,
) -> Option<&'n Node> {
    let found = mapping.get(key);
    let known = known::step(&entry.key.text)?;
    let is_typo = |other: &str| {
        !known.keys.iter().any(|keys| keys.contains(&other))
            && crate::nearest::nearest(other, [key]).is_some()
    };
    if found.is_none() && !mapping.entries.iter().any(|entry| is_typo(&entry.key.text)) {
        report.add(
            Diagnostic::new(Code::MissingKey, format!("`{}` without `{key}`", known.name))
                .at(entry.key.span, format!("it has no `{key}`"))
                .help(format!("write `{}`", known.example)),
        );
    }
    found
}
