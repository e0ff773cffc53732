//! Keys that the format does not know.
//!
//! Owns what is said of them. Never looks at a value.

use crate::diagnostic::{Code, Diagnostic};
use crate::document::{Document, Entry, Mapping, YamlHand, is_handler_key};
use crate::zeromq::SocketOption;

use super::report::Report;
use crate::nearest::{Guess, nearest, one_of};

/// The keys of the whole file.
pub const TOP: &[&str] =
    &["version", "name", "description", "defaults", "security", "places", "nodes"];

/// The keys of a node that are not its socket's.
pub const NODE: &[&str] = &[
    "on",
    "sockets",
    "process",
    "script",
    "every",
    "idle",
    "timers",
    "forward",
    "capture",
    "read",
    "write",
    "persist",
    "params",
    "replicas",
    "on_error",
    "isolate",
    "state_limit",
    "counts",
    "description",
];

/// The keys of a socket.
pub const SOCKET: &[&str] = &[
    "role",
    "bind",
    "connect",
    "msgids",
    "topics",
    "msgid",
    "format",
    "hwm",
    "when_full",
    "sequence",
    "linger",
    "identity",
    "options",
    "curve",
    "plain",
    "allow",
    "deny",
];

/// The handlers that do not bear a socket's name.
pub const EVENTS: &[&str] = &[
    "on_start",
    "on_message",
    "on_tick",
    "on_timer",
    "on_idle",
    "on_line",
    "on_end",
    "on_peer",
    "on_reload",
    "on_stop",
];

/// Words of other runners and of ZeroMQ's own interface, with this format's.
const OTHER_WORDS: &[(&str, &str)] = &[
    ("on_msg", "on_message"),
    ("on_data", "on_message"),
    ("on_recv", "on_message"),
    ("on_receive", "on_message"),
    ("on_request", "on_message"),
    ("on_connect", "on_peer"),
    ("on_disconnect", "on_peer"),
    ("on_subscribe", "on_peer"),
    ("on_interval", "on_tick"),
    ("on_timeout", "on_timer"),
    ("on_init", "on_start"),
    ("on_exit", "on_stop"),
    ("on_close", "on_stop"),
    ("type", "role"),
    ("socket", "role"),
    ("pattern", "role"),
    ("port", "bind"),
    ("ports", "bind"),
    ("listen", "bind"),
    ("endpoint", "bind"),
    ("address", "bind"),
    ("addr", "bind"),
    ("url", "bind"),
    ("uri", "bind"),
    ("peer", "connect"),
    ("subscribe", "topics"),
    ("filter", "topics"),
    ("interval", "every"),
    ("count", "replicas"),
    ("handler", "script"),
    ("handlers", "script"),
    ("env", "environment"),
    ("env", "params"),
    ("cmd", "command"),
    ("args", "command"),
    ("exec", "command"),
    ("cwd", "directory"),
    ("workdir", "directory"),
    ("working_dir", "directory"),
    ("restart", "on_exit"),
    ("program", "process"),
    ("executable", "process"),
    ("timeout", "within"),
    ("config", "params"),
    ("proxy", "forward"),
    ("routing_id", "identity"),
    ("high_water_mark", "hwm"),
    ("sndhwm", "hwm"),
    ("rcvhwm", "hwm"),
    ("services", "nodes"),
    ("components", "nodes"),
    ("processes", "nodes"),
    ("hosts", "places"),
    ("machines", "places"),
    ("place", "on"),
];

/// The handler that other runners call so.
#[must_use]
pub fn other_handler(name: &str) -> Option<&'static str> {
    let mut handlers = OTHER_WORDS.iter().filter(|(_, ours)| ours.starts_with("on_"));
    handlers.find(|(word, _)| *word == name).map(|(_, ours)| *ours)
}

/// Whether a mapping has an unknown key in the place of this one, so that it is told there.
pub(crate) fn stands_for(mapping: &Mapping, wanted: &str, sets: &[&[&str]]) -> bool {
    let known = || sets.iter().flat_map(|set| set.iter().copied());
    let mut unknown = mapping.entries.iter().map(|entry| &*entry.key.text).filter(|key| {
        key.len() < 64 && !is_handler_key(key) && !known().any(|known| known == *key)
    });
    unknown.any(|key| match OTHER_WORDS.iter().find(|(word, _)| *word == key) {
        Some((_, ours)) => *ours == wanted,
        None => nearest(key, known()).is_some_and(|meant| meant.first() == wanted),
    })
}

/// The known key that differs in capitals and `_` alone.
#[must_use]
pub fn other_case<'k>(key: &str, mut known: impl Iterator<Item = &'k str>) -> Option<&'k str> {
    let plain = |key: &str| key.replace(['_', '-', ' '], "").to_lowercase();
    let key = plain(key);
    known.find(|known| plain(known) == key)
}

/// `handlers:` with handlers below it.
fn has_handlers(entry: &Entry) -> bool {
    let keys = entry.value.as_mapping();
    keys.is_some_and(|keys| keys.entries.iter().any(|entry| is_handler_key(&entry.key.text)))
}

/// Reports every key of a mapping that is in none of the sets.
pub(crate) fn check(mapping: &Mapping, sets: &[&[&str]], whose: &str, report: &mut Report<'_>) {
    for entry in written_keys(mapping, report.document()) {
        if !sets.iter().any(|set| set.contains(&&*entry.key.text)) {
            unknown(entry, mapping, sets, whose, report);
        }
    }
}

/// The entries of a mapping, but not those that YAML cut off a handler inside braces: they are told
/// with the handler.
pub(crate) fn written_keys<'m>(
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

/// Reports one unknown key of a mapping.
pub(crate) fn unknown(
    entry: &Entry,
    mapping: &Mapping,
    sets: &[&[&str]],
    whose: &str,
    report: &mut Report<'_>,
) {
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
    if let Some(word) = key.text.split([' ', '=']).next().filter(|word| {
        entry.value.is_null() && key.text.len() > word.len() && known().any(|key| key == *word)
    }) {
        let rest = key.text[word.len()..].trim_start_matches([' ', '=']);
        let fault = Diagnostic::new(Code::UnknownKey, format!("`{word}` without its `:`"))
            .at(key.span, "no key and value")
            .help(format!("write `{word}: {rest}`"));
        return report.add_with_fix(fault, key.span, &format!("{word}: {rest}"));
    }
    let takes_handlers = known().any(|key| key == "script");
    if takes_handlers && has_handlers(entry) {
        report.add(
            fault
                .at(key.span, "not a key of the format")
                .help("remove it, and indent the handlers as the other keys of the node"),
        );
        return;
    }
    let other = OTHER_WORDS.iter().find(|(word, ours)| {
        let is_taken =
            known().any(|key| key == *ours) || (takes_handlers && ours.starts_with("on_"));
        *word == &*key.text && is_taken
    });
    let events = if takes_handlers { EVENTS } else { &[] };
    let other = other.map(|(_, ours)| *ours);
    let other = other.or_else(|| other_case(&key.text, known().chain(events.iter().copied())));
    let other = other.map(Guess::of);
    let meant = other.or_else(|| report.nearest(&key.text, known()));
    match meant {
        Some(meant) if mapping.get(meant.first()).is_some() => report.add(
            fault
                .at(key.span, "not a key of the format")
                .help(format!("{} It is there already, so remove this one", meant.question())),
        ),
        Some(meant) => {
            let fault = fault.at(key.span, "not a key of the format").help(meant.question());
            report.add_with_fix(fault, key.span, meant.first());
        }
        None if is_cut_by_a_comma(entry, report) => report.add(
            fault
                .at(key.span, "the text before ends at the comma")
                .because("inside `{…}` a `,` ends a text that is not quoted")
                .help("put the whole text in quotes"),
        ),
        None if let Some(home) = home_of(&key.text, whose) => report.add(
            fault
                .at(key.span, format!("a key of {home}"))
                .help(format!("indent it as the other keys of {home} it belongs to")),
        ),
        None if is_a_node(entry, whose) => report.add(
            fault
                .at(key.span, "a node, but not below `nodes:`")
                .help("write `nodes:` above it and indent it below"),
        ),
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

/// `{description: one, two}`: the rest of a text, read as a key without a value.
fn is_cut_by_a_comma(entry: &Entry, report: &Report<'_>) -> bool {
    let text = report.source().text();
    let before = text.get(..entry.key.span.start).unwrap_or_default().trim_end();
    let line = before.strip_suffix(',').and_then(|before| before.rsplit('\n').next());
    let value = line.and_then(|line| line.rsplit_once(": ")).map(|(_, value)| value.trim());
    entry.value.is_null()
        && value.is_some_and(|value| !value.ends_with(['"', '\'', ']', '}']) && !value.is_empty())
}

/// What a key belongs to that stands too far left.
fn home_of(key: &str, whose: &str) -> Option<&'static str> {
    let of_a_node = NODE.contains(&key) || SOCKET.contains(&key) || is_handler_key(key);
    (whose == "a topology" && of_a_node).then_some("the node")
}

fn is_a_node(entry: &Entry, whose: &str) -> bool {
    let of_a_node = |key: &str| key == "role" || key == "sockets";
    let keys = entry.value.as_mapping();
    whose == "a topology"
        && keys.is_some_and(|keys| keys.entries.iter().any(|entry| of_a_node(&entry.key.text)))
}

/// As much of a text as a message can hold.
pub(crate) fn shorten(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    let short: String = line.chars().take(40).collect();
    if short.len() < text.len() { format!("{short}…") } else { short }
}
