//! `save`: another version of the topology.
//!
//! Owns which keys it can set. Whether that version holds is seen when it is saved: a faulty one may be
//! what is tested.

use crate::diagnostic::{Code, Diagnostic};
use crate::document::{Entry, Mapping, is_handler_key};
use crate::nearest::one_of;
use crate::topology::keys;
use crate::topology::reading::{Report, shorten, value};

use super::super::spec::Saved;
use super::context::Context;
use super::keys::map_of;
use super::message;

/// Reads `save`.
pub(super) fn read(entry: &Entry, context: &Context<'_>, report: &mut Report<'_>) -> Option<Saved> {
    let mapping = map_of(entry, report)?;
    match (mapping.entry("file"), mapping.entry("set")) {
        (Some(file), None) => {
            let path = value::text("file", &file.value, report)?;
            if path.is_empty() || path.contains('\0') {
                let help = "write its path from the folder of this file";
                value::wrong("file", &file.value, "a file", help, report);
                return None;
            }
            Some(Saved::File(report.folder().join(path)))
        }
        (None, Some(set)) => {
            let keys = value::map("set", &set.value, report)?;
            read_set(set, keys, context, report).map(Saved::Set)
        }
        (Some(file), Some(set)) => {
            report.add(
                Diagnostic::new(Code::Conflict, "`set` beside `file`")
                    .at(set.key.span, "some keys")
                    .at(file.key.span, "and a whole file")
                    .because("one version is saved at a time")
                    .help("write two steps"),
            );
            None
        }
        (None, None) => {
            if mapping.entries.is_empty() {
                report.add(
                    Diagnostic::new(Code::MissingKey, "`save` without a version")
                        .at(entry.key.span, "it has neither `file` nor `set`")
                        .help(
                            "write `save: {set: {nodes.display.hwm: 5}}`, or `save: {file: FILE}`",
                        ),
                );
            }
            None
        }
    }
}

fn read_set(
    set: &Entry,
    keys: &Mapping,
    context: &Context<'_>,
    report: &mut Report<'_>,
) -> Option<Vec<(Vec<String>, Option<String>)>> {
    if keys.entries.is_empty() {
        report.add(
            Diagnostic::new(Code::MissingKey, "`set` without a key")
                .at(set.key.span, "nothing below it")
                .help("write such as `set: {nodes.display.hwm: 5}`"),
        );
        return None;
    }
    let read: Vec<_> = keys
        .entries
        .iter()
        .filter_map(|entry| {
            check_way(entry, context, report)?;
            let value = match entry.value.is_null() {
                true => None,
                false => {
                    Some(message::read_json(&entry.key.text, &entry.value, report)?.to_string())
                }
            };
            Some((entry.key.text.split('.').map(str::to_owned).collect(), value))
        })
        .collect();
    (read.len() == keys.entries.len()).then_some(read)
}

/// Reports a way that leads to no key of a topology.
fn check_way(entry: &Entry, context: &Context<'_>, report: &mut Report<'_>) -> Option<()> {
    let way: Vec<&str> = entry.key.text.split('.').collect();
    if way.iter().any(|part| part.is_empty()) {
        report.add(
            Diagnostic::new(Code::BadName, format!("`{}` names no key", shorten(&entry.key.text)))
                .at(entry.key.span, "a part of it is empty")
                .help("write the keys one by one, with `.` between: `nodes.display.hwm`"),
        );
        return None;
    }
    known_part(entry, &way, 0, keys::TOP.iter().copied(), "a topology", report)?;
    let (Some(topology), ["nodes", node, rest @ ..]) = (context.tested.topology, way.as_slice())
    else {
        return Some(());
    };
    // A whole node may be a new one.
    let is_new = rest.is_empty() && !entry.value.is_null();
    let Some(spec) = topology.node(node) else {
        if is_new {
            return Some(());
        }
        let names = topology.nodes.iter().map(|node| node.name.as_str());
        return known_part(entry, &way, 1, names, "the topology", report);
    };
    match rest {
        [] => Some(()),
        [key, ..] if is_handler_key(key) => Some(()),
        ["sockets", socket, key, ..] => {
            if spec.socket(socket).is_some() {
                let keys = keys::SOCKET.iter().copied();
                known_part(entry, &way, 4, keys, "a socket", report).map(|()| {
                    let _ = key;
                })
            } else {
                let names = spec.sockets.iter().map(|socket| socket.name.as_str());
                known_part(entry, &way, 3, names, &format!("`{node}`"), report)
            }
        }
        [_, ..] => {
            let keys = keys::NODE.iter().chain(keys::SOCKET).copied();
            known_part(entry, &way, 2, keys, "a node", report)
        }
    }
}

/// Reports a part of a way that is none of those that there are.
fn known_part<'k>(
    entry: &Entry,
    way: &[&str],
    at: usize,
    known: impl Iterator<Item = &'k str> + Clone,
    whose: &str,
    report: &mut Report<'_>,
) -> Option<()> {
    let part = *way.get(at)?;
    if known.clone().any(|known| known == part) {
        return Some(());
    }
    let fault = Diagnostic::new(Code::UnknownKey, format!("{whose} has no `{}`", shorten(part)))
        .at(entry.key.span, "leads to nothing");
    match report.nearest(part, known.clone()) {
        Some(meant) => {
            let mut mended = way.to_vec();
            mended[at] = meant.first();
            let mended = mended.join(".");
            let fault = fault.help(format!("did you mean `{mended}`?"));
            report.add_with_fix(fault, entry.key.span, &mended);
        }
        None if report.has_many() => report.add(fault),
        None => report.add(fault.help(format!("{whose} has {}", one_of(known)))),
    }
    None
}
