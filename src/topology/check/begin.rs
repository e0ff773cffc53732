//! Where a source begins, and whether it goes on at its end: `from` and `follow`.
//!
//! Owns which of them fit what is read. Never opens a file.

use crate::diagnostic::{Code, Diagnostic};
use crate::document::{Mapping, Node};
use crate::topology::spec::{FileSpec, ReadFrom, ReadSpec};

use super::keys;
use super::report::Report;
use super::value;

/// The keys of a place in a file.
const PLACES: &[&str] = &["byte", "line"];
/// The most bytes that a file has.
const MOST: i64 = 999_999_999_999_999_999;

/// `from`.
pub(super) fn read_from(node: &Node, report: &mut Report<'_>) -> Option<ReadFrom> {
    let Some(place) = node.as_mapping() else {
        let words = [("start", ReadFrom::Start), ("end", ReadFrom::End)];
        return value::word("from", node, &words, report);
    };
    keys::check(place, &[PLACES], "`from`", report);
    let number = |key: &str, least: i64, report: &mut Report<'_>| {
        let number = value::integer(key, place.get(key)?, least..=MOST, report)?;
        u64::try_from(number).ok()
    };
    match (place.get("byte"), place.get("line")) {
        (Some(_), None) => number("byte", 0, report).map(ReadFrom::Byte),
        (None, Some(_)) => number("line", 1, report).map(ReadFrom::Line),
        (None, None) | (Some(_), Some(_)) => {
            let help = "write `from: {byte: 4096}` or `from: {line: 100}`";
            value::wrong("from", node, "`start`, `end`, or one place", help, report);
            None
        }
    }
}

/// Reports what does not go together.
pub(super) fn check(mapping: &Mapping, spec: &ReadSpec, report: &mut Report<'_>) {
    let is_standard = spec.file == FileSpec::Standard;
    let goes_elsewhere = spec.from != ReadFrom::Start;
    let by_line = matches!(spec.from, ReadFrom::Line(_));
    for (is_wrong, key, message, why, help) in [
        (
            is_standard && spec.follow,
            "follow",
            "`follow` of standard input".to_owned(),
            "standard input is read as long as somebody writes to it",
            "leave out `follow`",
        ),
        (
            is_standard && goes_elsewhere && !by_line,
            "from",
            "`from` of standard input".to_owned(),
            "standard input has no places to go to",
            "leave out `from`, or give a file",
        ),
        (
            spec.follow && spec.repeat,
            "follow",
            "`follow` beside `repeat`".to_owned(),
            "a file that is followed has no end at which it could begin again",
            "leave out one of them",
        ),
        (
            spec.from == ReadFrom::End && !spec.follow && !is_standard,
            "from",
            "`from: end` without `follow`".to_owned(),
            "behind the end of a file there is nothing to read",
            "write `follow: true` too, which waits for more",
        ),
        (
            by_line && !spec.format.is_of_lines(),
            "from",
            format!("`from` a line of `format: {}`", spec.format.word()),
            "what is read has no lines",
            "write `from: {byte: 4096}`, a byte at which a record begins",
        ),
    ] {
        if is_wrong && let Some(entry) = mapping.entry(key) {
            let fault = Diagnostic::new(Code::NotHere, message).at(entry.key.span, "not here");
            report.add(fault.because(why).help(help));
        }
    }
}
