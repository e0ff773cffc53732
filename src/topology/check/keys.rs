//! Keys that the format does not know.
//!
//! Owns what is said of them. Never looks at a value.

use crate::diagnostic::{Code, Diagnostic};
use crate::document::{Document, Entry, Mapping, YamlHand, is_handler_key};
use crate::zeromq::SocketOption;

use super::report::Report;
use crate::nearest::{Guess, one_of};

/// The keys of the whole file.
pub const TOP: &[&str] = &["version", "name", "description", "defaults", "nodes"];

/// Words of other runners and of ZeroMQ's own interface, with this format's.
const OTHER_WORDS: &[(&str, &str)] = &[
    ("type", "role"),
    ("socket", "role"),
    ("pattern", "role"),
    ("port", "bind"),
    ("ports", "bind"),
    ("listen", "bind"),
    ("endpoint", "bind"),
    ("peer", "connect"),
    ("subscribe", "topics"),
    ("filter", "topics"),
    ("interval", "every"),
    ("count", "replicas"),
    ("handler", "script"),
    ("handlers", "script"),
    ("env", "params"),
    ("config", "params"),
    ("proxy", "forward"),
    ("routing_id", "identity"),
    ("high_water_mark", "hwm"),
];

/// Reports every key of a mapping that is in none of the sets.
pub(super) fn check(mapping: &Mapping, sets: &[&[&str]], whose: &str, report: &mut Report<'_>) {
    for entry in written_keys(mapping, report.document()) {
        if !sets.iter().any(|set| set.contains(&&*entry.key.text)) {
            unknown(entry, sets, whose, report);
        }
    }
}

/// The entries of a mapping, but not those that YAML cut off a handler inside braces: they are told
/// with the handler.
pub(super) fn written_keys<'m>(
    mapping: &'m Mapping,
    document: &'m Document,
) -> impl Iterator<Item = &'m Entry> {
    let is_cut_handler = |entry: &Entry| {
        is_handler_key(&entry.key.text)
            && document.yaml_hand(&entry.value) == Some(YamlHand::CutInBraces)
    };
    let mut is_cut = false;
    mapping.entries.iter().filter(move |entry| {
        let is_rest = is_cut && entry.value.is_null();
        is_cut = is_rest || is_cut_handler(entry);
        !is_rest
    })
}

/// Reports one unknown key.
pub(super) fn unknown(entry: &Entry, sets: &[&[&str]], whose: &str, report: &mut Report<'_>) {
    let key = &entry.key;
    let known = || sets.iter().flat_map(|set| set.iter().copied());
    let message = format!("{whose} has no key `{}`", shorten(&key.text));
    let fault = Diagnostic::new(Code::UnknownKey, message);
    if known().any(|key| key == "options") && SocketOption::find(&key.text).is_some() {
        report.add(
            fault
                .at(key.span, "this is an option of libzmq")
                .help(format!("write it under `options`: `options: {{{}: …}}`", key.text)),
        );
        return;
    }
    let other = OTHER_WORDS
        .iter()
        .find(|(word, ours)| *word == &*key.text && known().any(|key| key == *ours));
    let meant = report.nearest(&key.text, known()).or(other.map(|(_, ours)| Guess::of(ours)));
    match meant {
        Some(meant) => {
            let fault = fault.at(key.span, "not a key of the format").help(meant.question());
            report.add_with_fix(fault, key.span, meant.first());
        }
        None => {
            let fault = fault.at(key.span, "not a key of the format");
            let is_terse = report.has_many();
            report.add(if is_terse {
                fault
            } else {
                fault.help(format!("{whose} takes {}", one_of(known())))
            });
        }
    }
}

/// As much of a text as a message can hold.
pub(super) fn shorten(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    let short: String = line.chars().take(40).collect();
    if short.len() < text.len() { format!("{short}…") } else { short }
}
