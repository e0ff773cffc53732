//! One node.
//!
//! Owns reading its keys and whether they go together. Its sockets are `socket.rs`'s.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use crate::diagnostic::{Code, Diagnostic};
use crate::document::{Entry, Mapping, Node, Style, is_handler_key};
use crate::script::{Handlers, ScriptText};
use crate::topology::spec::{NodeSpec, OnError};

use super::counts;
use super::defaults::Defaults;
use super::forward;
use super::handlers;
use super::keys;
pub(super) use super::keys::NODE as KEYS;
use super::lines;
use super::name;
use super::places::{self, WrittenPlaces};
use super::program;
use super::report::{Report, first_line};
use super::scripts::Scripts;
use super::socket;
use super::unresolved::{UnresolvedNode, UnresolvedSocket};
use super::value;

const ON_ERROR: &[(&str, OnError)] =
    &[("skip", OnError::Skip), ("restart", OnError::Restart), ("stop", OnError::Stop)];

/// What the state of a node's handlers may take where the file does not say.
const STATE_LIMIT: u64 = 256 << 20;
/// What can be said.
const STATE_LIMITS: RangeInclusive<u64> = 64 << 10..=1 << 40;

/// More copies than this is a slip: each is a task with sockets of its own.
const MAX_REPLICAS: i64 = 10_000;

/// What reading a node needs besides the node.
pub(super) struct Context<'d> {
    pub(super) scripts: &'d Scripts,
    pub(super) defaults: &'d Defaults,
    pub(super) places: &'d WrittenPlaces,
}

/// Reads one entry of `nodes`.
pub(super) fn read(
    entry: &Entry,
    context: &Context<'_>,
    report: &mut Report<'_>,
) -> Option<UnresolvedNode> {
    name::check_node(&entry.key, report);
    let name = entry.key.text.to_string();
    let what = keys::shorten(&name);
    if is_key_of_a_node(entry) {
        report.add(
            Diagnostic::new(
                Code::WrongType,
                format!("`{name}` stands where nodes have their names"),
            )
            .at(entry.key.span, "a key of a node")
            .help("indent it as the other keys of its node"),
        );
        return None;
    }
    let mapping = value::map(&what, &entry.value, report)?;
    check_keys(mapping, report);
    let (mut sockets, sockets_are_named, has_unread_sockets) =
        read_sockets(entry, mapping, context, report);
    find_reach(&name, &mut sockets, context.scripts, report);
    if mapping.get("process").is_none() {
        handlers::check(mapping, &sockets, report);
    }
    let (forwards, capture) = forward::read(mapping, &sockets, report);
    let script = context.scripts.of(&name).cloned();
    let handles_lines = handles_lines(mapping, script.as_ref());
    let spec = NodeSpec {
        description: mapping.get("description").and_then(|d| value::text("description", d, report)),
        place: mapping.entry("on").and_then(|on| places::read_on(on, context.places, report)),
        sockets: Vec::new(),
        sockets_are_named,
        process: program::read(mapping, &sockets, report),
        script,
        every: mapping.get("every").and_then(|every| value::interval("every", every, report)),
        idle: mapping.get("idle").and_then(|idle| value::interval("idle", idle, report)),
        timers: mapping.get("timers").map(|t| read_timers(t, report)).unwrap_or_default(),
        forwards,
        capture,
        read: mapping.entry("read").and_then(|read| {
            lines::read_source(&read.key, &read.value, &sockets, handles_lines, report)
        }),
        write: mapping
            .entry("write")
            .and_then(|write| lines::read_sink(&write.key, &write.value, &sockets, report)),
        persist: mapping.entry("persist").and_then(|entry| read_persist(entry, mapping, report)),
        params: read_params(mapping, &name, context.scripts, report),
        replicas: mapping.get("replicas").and_then(|replicas| read_replicas(replicas, report)),
        on_error: mapping
            .get("on_error")
            .and_then(|word| value::word("on_error", word, ON_ERROR, report))
            .unwrap_or_default(),
        isolate: mapping
            .get("isolate")
            .and_then(|isolate| value::boolean("isolate", isolate, report))
            .unwrap_or_default(),
        state_limit: mapping
            .get("state_limit")
            .and_then(|limit| value::size("state_limit", limit, STATE_LIMITS, report))
            .unwrap_or(STATE_LIMIT),
        counts: counts::read(mapping, &sockets, report),
        name,
    };
    Some(UnresolvedNode {
        spec,
        sockets,
        name_span: entry.key.span,
        replicas_span: mapping.get("replicas").map(|replicas| replicas.span),
        has_unread_sockets,
    })
}

/// A key that stands too far left: its value is no node.
fn is_key_of_a_node(entry: &Entry) -> bool {
    let key = &&*entry.key.text;
    let is_known = KEYS.contains(key) || socket::KEYS.contains(key) || is_handler_key(key);
    is_known && entry.value.as_scalar().is_some_and(|value| !value.is_null())
}

fn check_keys(mapping: &Mapping, report: &mut Report<'_>) {
    for entry in keys::written_keys(mapping, report.document()) {
        let key = &&*entry.key.text;
        let is_known = KEYS.contains(key) || socket::KEYS.contains(key);
        if !is_known && !is_handler_key(key) {
            keys::unknown(entry, mapping, &[socket::KEYS, KEYS], "a node", report);
        }
    }
}

/// The sockets, whether they have names of their own, and whether some could not be read.
fn read_sockets(
    entry: &Entry,
    mapping: &Mapping,
    context: &Context<'_>,
    report: &mut Report<'_>,
) -> (Vec<UnresolvedSocket>, bool, bool) {
    let Some(named) = mapping.entry("sockets") else {
        let has_socket = mapping.entries.iter().any(|e| socket::KEYS.contains(&&*e.key.text));
        if !has_socket {
            report_no_socket(entry, report);
            return (Vec::new(), false, true);
        }
        let socket = socket::read(mapping, None, entry.key.span, context.defaults, report);
        return (vec![socket], false, false);
    };
    report_both(named, mapping, report);
    let Some(sockets) = value::map("sockets", &named.value, report) else {
        return (Vec::new(), true, true);
    };
    if sockets.entries.is_empty() {
        report_no_socket(entry, report);
    }
    let mut unresolved = Vec::with_capacity(sockets.entries.len());
    for entry in &sockets.entries {
        name::check_socket(&entry.key, report);
        let what = keys::shorten(&entry.key.text);
        let Some(mapping) = value::map(&what, &entry.value, report) else { continue };
        keys::check(mapping, &[socket::KEYS], "a socket", report);
        let name = Some(&*entry.key.text);
        unresolved.push(socket::read(mapping, name, entry.key.span, context.defaults, report));
    }
    let has_unread = unresolved.len() < sockets.entries.len() || unresolved.is_empty();
    (unresolved, true, has_unread)
}

/// Notes what handlers do with the endpoints of sockets, and reports those that never have any.
fn find_reach(
    node: &str,
    sockets: &mut [UnresolvedSocket],
    scripts: &Scripts,
    report: &mut Report<'_>,
) {
    let alone = sockets.len() == 1;
    for socket in sockets {
        // Of handlers that do not compile nobody knows.
        if let Some(reach) = scripts.reach(node, &socket.name, alone) {
            socket.reach = reach;
            socket::report_unattached(socket, report);
        }
    }
}

fn report_no_socket(entry: &Entry, report: &mut Report<'_>) {
    report.add(
        Diagnostic::new(
            Code::MissingKey,
            format!("the node `{}` has no socket", keys::shorten(&entry.key.text)),
        )
        .at(entry.key.span, "it has neither `role` nor `sockets`")
        .because("a node is one socket or several with their handlers")
        .help("give it a `role` and a `bind` or `connect`"),
    );
}

fn report_both(named: &Entry, mapping: &Mapping, report: &mut Report<'_>) {
    for entry in mapping.entries.iter().filter(|e| socket::KEYS.contains(&&*e.key.text)) {
        let key = &entry.key.text;
        report.add(
            Diagnostic::new(Code::Conflict, format!("`{key}` beside `sockets`"))
                .at(entry.key.span, "a key of a socket")
                .at(named.key.span, "but the sockets are here")
                .because("it would not be clear which of the sockets is meant")
                .help(format!("move `{key}` into the socket that it is for")),
        );
    }
}

/// Whether lines have a handler; of a script file only what cannot be is certain here.
fn handles_lines(mapping: &Mapping, script: Option<&ScriptText>) -> bool {
    let is_in_file = |script: &ScriptText| match &script.handlers {
        Handlers::File(text) => text.contains("on_line"),
        Handlers::Inline(_) => false,
    };
    let is_unread_file = mapping.get("script").is_some() && script.is_none();
    mapping.get("on_line").is_some() || is_unread_file || script.is_some_and(is_in_file)
}

/// The file that keeps the state of the handlers, of which there have to be some.
fn read_persist(entry: &Entry, mapping: &Mapping, report: &mut Report<'_>) -> Option<PathBuf> {
    let has_handlers = mapping
        .entries
        .iter()
        .any(|other| &*other.key.text == "script" || is_handler_key(&other.key.text));
    if !has_handlers && mapping.get("process").is_none() {
        report.add(
            Diagnostic::new(Code::NotHere, "`persist` in a node without handlers")
                .at(entry.key.span, "there is nothing to keep")
                .because("it keeps `this`, which only handlers have")
                .help("give the node a `script` or handlers, or leave `persist` out"),
        );
    }
    let path = value::text("persist", &entry.value, report)?;
    // A file may be called so, between quotes.
    let is_boolean = entry.value.as_scalar().is_some_and(|scalar| scalar.style == Style::Plain)
        && matches!(&*path, "true" | "false" | "yes" | "no" | "on" | "off");
    if is_boolean
        || matches!(&*path, "" | "-" | "." | "..")
        || path.ends_with('/')
        || path.contains('\0')
    {
        let help = "write the path of a file, such as `persist: state.json`";
        value::wrong("persist", &entry.value, "the path of a file", help, report);
        return None;
    }
    Some(report.folder().join(path))
}

fn read_timers(node: &Node, report: &mut Report<'_>) -> BTreeMap<String, Duration> {
    let Some(mapping) = value::map("timers", node, report) else { return BTreeMap::new() };
    let timers = mapping.entries.iter().filter_map(|entry| {
        let key = &entry.key.text;
        Some((key.to_string(), value::interval(key, &entry.value, report)?))
    });
    timers.collect()
}

fn read_params(
    mapping: &Mapping,
    name: &str,
    scripts: &Scripts,
    report: &mut Report<'_>,
) -> serde_json::Map<String, serde_json::Value> {
    let node = mapping.get("params").filter(|node| !node.is_null());
    let Some(node) = node.filter(|node| value::map("params", node, report).is_some()) else {
        return serde_json::Map::new();
    };
    report_lossy_numbers(node, report);
    match node.read::<serde_json::Map<_, _>>() {
        Ok(mut params) => {
            let found = scripts.looked_up(name);
            params.extend(found.map(|(param, value)| (param.clone(), value.clone())));
            params
        }
        Err(error) => {
            report.add(
                Diagnostic::new(Code::WrongType, "`params` holds what handlers cannot read")
                    .at(first_line(node.span, report.source()), error.to_string())
                    .help("use text, numbers, booleans, lists and maps"),
            );
            serde_json::Map::new()
        }
    }
}

/// YAML makes a float of an integer of more than 64 bits, and JSON nothing of what is infinite.
pub(crate) fn report_lossy_numbers(node: &Node, report: &mut Report<'_>) {
    for number in node.lossy_numbers() {
        let Some(scalar) = number.as_scalar() else { continue };
        let is_integer =
            scalar.text.bytes().all(|byte| !byte.is_ascii_alphabetic() && byte != b'.');
        let (message, short, why) = match is_integer {
            true => ("an integer of more than 64 bits", "too long", "it would lose digits"),
            false => ("a number without an end", "not finite", "JSON has no such number"),
        };
        let fault = Diagnostic::new(Code::OutOfRange, message)
            .at(number.span, short)
            .because(why)
            .help(format!("write it as text: \"{}\"", scalar.text));
        report.add_with_fix(fault, number.span, &format!("\"{}\"", scalar.text));
    }
}

fn read_replicas(node: &Node, report: &mut Report<'_>) -> Option<NonZeroU32> {
    let count = value::integer("replicas", node, 1..=MAX_REPLICAS, report)?;
    NonZeroU32::new(u32::try_from(count).ok()?)
}
