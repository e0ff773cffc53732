//! Names of nodes, sockets and timers.
//!
//! Owns which names are allowed. Never asks whether one is taken: the document does.

use crate::diagnostic::{Code, Diagnostic};
use crate::document::Key;

use super::keys::shorten;
use super::report::Report;

/// Words that `on_WORD` means something else for than a socket's messages.
const EVENTS: &[&str] = &[
    "start", "message", "tick", "timer", "idle", "line", "end", "peer", "reload", "stop", "error",
];

/// A letter first, then letters, digits, `_` and `-`.
pub(crate) fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
}

/// Whether `on_WORD` is an event's handler, so that no socket can be called so.
#[must_use]
pub fn names_an_event(word: &str) -> bool {
    EVENTS.contains(&word)
}

/// Reports a node's name that is not allowed.
pub(crate) fn check_node(key: &Key, report: &mut Report<'_>) -> bool {
    let is_fine = is_name(&key.text);
    if !is_fine {
        bad(key, "a node's name", "letters from a to z, digits, `_` and `-`", "_-", report);
    }
    is_fine
}

/// Reports a place's name that is not allowed.
pub(crate) fn check_place(key: &Key, report: &mut Report<'_>) {
    if !is_name(&key.text) {
        bad(key, "a place's name", "letters from a to z, digits, `_` and `-`", "_-", report);
    }
}

/// Reports a socket's name that is not allowed.
pub(crate) fn check_socket(key: &Key, report: &mut Report<'_>) -> bool {
    if names_an_event(&key.text) {
        report.add(
            Diagnostic::new(Code::BadName, format!("a socket cannot be called `{}`", key.text))
                .at(key.span, "this word is an event's")
                .because(format!(
                    "`on_{0}` would be both an event and the messages of socket `{0}`",
                    key.text
                ))
                .help("give it another name"),
        );
        return false;
    }
    let is_fine = is_name(&key.text) && !key.text.contains('-');
    if !is_fine {
        bad(key, "a socket's name", "letters from a to z, digits and `_`", "_", report);
    }
    is_fine
}

fn bad(key: &Key, what: &str, characters: &str, kept: &str, report: &mut Report<'_>) {
    let fault = Diagnostic::new(Code::BadName, format!("`{}` is not {what}", shorten(&key.text)))
        .at(key.span, format!("{what} has {characters}, a letter first"))
        .because(format!(
            "names stand in links, logs, metrics and handlers' names{}",
            others(&key.text, kept)
        ));
    let mended: String = key
        .text
        .chars()
        .flat_map(|c| match c {
            _ if c.is_ascii_alphanumeric() || kept.contains(c) => vec![c],
            _ => plain(c).unwrap_or("_").chars().collect(),
        })
        .collect();
    let mended = mended.trim_start_matches(|c: char| !c.is_ascii_alphabetic());
    if mended.is_empty() || mended.len() > 64 {
        report.add(fault.help("give it a name of such characters"));
    } else {
        let fault = fault.help(format!("write `{mended}`"));
        report.add_with_fix(fault, key.span, mended);
    }
}

/// The characters of a name that it cannot have.
fn others(name: &str, kept: &str) -> String {
    let mut found: Vec<char> =
        name.chars().filter(|&c| !c.is_ascii_alphanumeric() && !kept.contains(c)).collect();
    found.dedup();
    let shown: Vec<String> = found.iter().take(4).map(|c| format!("`{c}`")).collect();
    match shown.as_slice() {
        [] => String::new(),
        [one] => format!("; {one} cannot be in one"),
        several => format!("; {} cannot be in one", several.join(", ")),
    }
}

/// Letters with marks, as they are written without.
fn plain(c: char) -> Option<&'static str> {
    Some(match c {
        'ä' | 'æ' => "ae",
        'ö' | 'ø' | 'œ' => "oe",
        'ü' => "ue",
        'ß' => "ss",
        'á' | 'à' | 'â' | 'ã' | 'å' => "a",
        'é' | 'è' | 'ê' | 'ë' => "e",
        'í' | 'ì' | 'î' | 'ï' => "i",
        'ó' | 'ò' | 'ô' | 'õ' => "o",
        'ú' | 'ù' | 'û' => "u",
        'ñ' => "n",
        'ç' => "c",
        _ => return None,
    })
}
