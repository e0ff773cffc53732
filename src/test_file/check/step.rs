//! Steps: which one it is, and those with few keys.
//!
//! Owns that each step does one thing. Those that look for something are `watched.rs`'s.

use crate::diagnostic::{Code, Diagnostic};
use crate::document::{Entry, Mapping, Node};
use crate::nearest::one_of;
use crate::source::Span;
use crate::topology::reading::{Report, check_keys, first_line, unknown_key, value};

use super::super::known;
use super::super::spec::{Action, StepSpec};
use super::context::Context;
use super::keys::{map_of, needed};
use super::places::{self, End, Spot, Who};
use super::{called, message, saved, watched};

/// Reads a step.
pub(super) fn read(
    item: &Node,
    context: &Context<'_>,
    report: &mut Report<'_>,
) -> Option<StepSpec> {
    let names = || one_of(known::STEPS.iter().map(|step| step.name));
    let Some(step) = item.as_mapping() else {
        let word = item.as_scalar().and_then(|scalar| known::step(&scalar.text));
        let help = word.map_or_else(
            || format!("write one of {} and what it does", names()),
            |step| format!("write `{}`", step.example),
        );
        value::wrong("steps", item, "maps of one key each", &help, report);
        return None;
    };
    let is_step = |entry: &&Entry| known::step(&entry.key.text).is_some();
    let done: Vec<&Entry> = step.entries.iter().filter(is_step).collect();
    let steps: Vec<&str> = known::STEPS.iter().map(|step| step.name).collect();
    for entry in step.entries.iter().filter(|entry| !is_step(entry)) {
        report_unknown(entry, step, done.first().copied(), &steps, report);
    }
    match done.as_slice() {
        [entry] => {
            let action = read_action(entry, context, report)?;
            Some(StepSpec { span: entry.key.span, action })
        }
        [first, second, ..] => {
            report.add(
                Diagnostic::new(
                    Code::StepNotOne,
                    format!(
                        "a step that does two things, `{}` and `{}`",
                        first.key.text, second.key.text
                    ),
                )
                .at(second.key.span, "the second one")
                .at(first.key.span, "the first one")
                .because("steps are done one after the other, and a map has no order")
                .help(format!("write `- {}:` as a step of its own", second.key.text)),
            );
            None
        }
        [] if step.entries.is_empty() => {
            report.add(
                Diagnostic::new(Code::StepNotOne, "a step that does nothing")
                    .at(first_line(item.span, report.source()), "nothing in it")
                    .help(format!("write one of {}", names())),
            );
            None
        }
        [] => None,
    }
}

/// A key beside a step that belongs into it, or a step that there is not.
fn report_unknown(
    entry: &Entry,
    step: &Mapping,
    done: Option<&Entry>,
    steps: &[&str],
    report: &mut Report<'_>,
) {
    let known = done.and_then(|done| known::step(&done.key.text));
    let key = &*entry.key.text;
    if let (Some(done), Some(known)) = (done, known)
        && known.keys.iter().any(|keys| keys.contains(&key))
    {
        report.add(
            Diagnostic::new(Code::UnknownKey, format!("`{key}` beside `{}`", done.key.text))
                .at(entry.key.span, format!("a key of `{}`", done.key.text))
                .at(done.key.span, "which is here")
                .help(format!("indent it below `{}`, or write `{}`", done.key.text, known.example)),
        );
        return;
    }
    let other = OTHER_WORDS.iter().find(|(word, _)| *word == key).map(|(_, ours)| *ours);
    if let Some(meant) = other.filter(|_| done.is_none()) {
        let fault = Diagnostic::new(Code::UnknownKey, format!("there is no step `{key}`"))
            .at(entry.key.span, "not a step")
            .help(format!("did you mean `{meant}`?"));
        report.add_with_fix(fault, entry.key.span, meant);
        return;
    }
    unknown_key(entry, step, &[steps], "a step", report);
}

/// Words of other programs for a step.
const OTHER_WORDS: &[(&str, &str)] = &[
    ("assert", "expect"),
    ("receive", "expect"),
    ("recv", "expect"),
    ("see", "expect"),
    ("should", "expect"),
    ("sleep", "wait"),
    ("pause", "wait"),
    ("publish", "send"),
    ("stop", "kill"),
    ("crash", "kill"),
    ("restart", "start"),
    ("reload", "save"),
    ("edit", "save"),
    ("partition", "cut"),
    ("disconnect", "cut"),
    ("connect", "heal"),
    ("latency", "delay"),
    ("timer", "tick"),
    ("fire", "tick"),
];

fn read_action(entry: &Entry, context: &Context<'_>, report: &mut Report<'_>) -> Option<Action> {
    let value = &entry.value;
    match &*entry.key.text {
        "send" => read_send(entry, context, report),
        "expect" => watched::read(entry, context, report).map(Action::Expect),
        "never" => watched::read(entry, context, report).map(Action::Never),
        "wait" => value::duration("wait", value, report).map(Action::Wait),
        "tick" => read_tick(entry, context, report),
        "kill" => read_node("kill", value, context, report).map(Action::Kill),
        "start" => read_node("start", value, context, report).map(Action::Start),
        "cut" => {
            read_pair("cut", value, context, report).map(|(one, other)| Action::Cut(one, other))
        }
        "heal" => {
            read_pair("heal", value, context, report).map(|(one, other)| Action::Heal(one, other))
        }
        "delay" => read_delay(entry, context, report),
        "slow" => read_slow(entry, context, report),
        "save" => saved::read(entry, context, report).map(Action::Save),
        "call" => called::read(entry, context, report).map(Action::Call),
        // Only those of `known::STEPS` come here.
        _ => None,
    }
}

fn read_node(
    key: &str,
    value: &Node,
    context: &Context<'_>,
    report: &mut Report<'_>,
) -> Option<String> {
    places::read(key, value, Who::Nodes, context, report).map(|(name, _)| name)
}

fn read_send(entry: &Entry, context: &Context<'_>, report: &mut Report<'_>) -> Option<Action> {
    let mapping = map_of(entry, report)?;
    if let Some(from) = mapping.get("from") {
        let named = places::read("from", from, Who::All, context, report);
        let end = named.as_ref().and_then(|(name, spot)| {
            places::no_program(from, *spot, "what it sends is its program's alone", report)?;
            places::one_copy(name, from, *spot, report)?;
            places::one_socket(name, from, *spot, |role| role.sends(), "send", report)
        });
        let message = message::read(mapping, end.flatten(), context, report);
        let to = read_route(entry, mapping, end.flatten(), report);
        end?;
        let (from, _) = named?;
        return Some(Action::Send { from, message: message::routed(message?, to?) });
    }
    let Some(to) = mapping.get("to") else {
        if !has_misspelt(mapping) {
            report.add(
                Diagnostic::new(Code::MissingKey, "`send` without a sender or a receiver")
                    .at(entry.key.span, "it has neither `from` nor `to`")
                    .because(
                        "with `from` a node or a peer sends, with `to` a node takes the message as \
                         received",
                    )
                    .help("write `from:` and a node or a peer"),
            );
        }
        return None;
    };
    let named = places::read("to", to, Who::Sockets, context, report);
    let end = named.as_ref().and_then(|(name, spot)| {
        places::no_program(to, *spot, "what it receives comes to its program's sockets", report)?;
        places::one_copy(name, to, *spot, report)?;
        places::one_socket(name, to, *spot, |role| role.receives(), "receive", report)
    });
    let message = message::read(mapping, end.flatten(), context, report);
    end?;
    let (to, _) = named?;
    Some(Action::Receive { to, message: message? })
}

fn has_misspelt(mapping: &Mapping) -> bool {
    let known = [known::SEND, known::MESSAGE];
    let mut keys = mapping.entries.iter().map(|entry| &*entry.key.text);
    keys.any(|key| {
        !known.iter().any(|known| known.contains(&key))
            && crate::nearest::nearest(key, known::SEND.iter().copied()).is_some()
    })
}

/// `to` beside `from`: the routing id of the peer that a router sends to.
fn read_route(
    entry: &Entry,
    mapping: &Mapping,
    end: Option<End>,
    report: &mut Report<'_>,
) -> Option<Option<Vec<u8>>> {
    let routes = end.is_none_or(|end| end.role == crate::zeromq::Role::Router);
    match (mapping.entry("to"), end) {
        (Some(to), _) if routes => {
            let id = value::text("to", &to.value, report)?;
            if id.is_empty() {
                value::wrong("to", &to.value, "a routing id", "write the peer's identity", report);
                return None;
            }
            Some(Some(id.into_bytes()))
        }
        (Some(to), end) => {
            let role = end.map_or("socket", |end| end.role.word());
            report.add(
                Diagnostic::new(
                    Code::NotHere,
                    format!("a {role} does not say where a message goes"),
                )
                .at(to.key.span, "for a router only")
                .because(
                    "beside `from`, `to` is the routing id of one peer; who gets the messages of \
                         other sockets is ZeroMQ's choice",
                )
                .help("remove `to`"),
            );
            None
        }
        (None, Some(end))
            if end.role == crate::zeromq::Role::Router && mapping.get("frames").is_none() =>
        {
            report.add(
                Diagnostic::new(Code::MissingKey, "a message of a router that goes to nobody")
                    .at(entry.key.span, "it has no `to`")
                    .because("a router sends to the peer whose routing id it is given")
                    .help(
                        "write `to:` and the identity of a peer, or `frames:` with it as the first",
                    ),
            );
            None
        }
        (None, _) => Some(None),
    }
}

fn read_tick(entry: &Entry, context: &Context<'_>, report: &mut Report<'_>) -> Option<Action> {
    let Some(mapping) = entry.value.as_mapping() else {
        let (node, spot) = places::read("tick", &entry.value, Who::Nodes, context, report)?;
        check_timer(spot, None, entry.value.span, report)?;
        return Some(Action::Tick { node, timer: None });
    };
    check_keys(mapping, &[known::TICK], "`tick`", report);
    let node = needed("node", entry, mapping, report);
    let named = node.and_then(|node| places::read("node", node, Who::Nodes, context, report));
    let timer = mapping.get("timer").map(|timer| value::text("timer", timer, report));
    let timer = timer.map_or(Some(None), |timer| timer.map(Some))?;
    let place = mapping.get("timer").or(node).map_or(entry.key.span, |node| node.span);
    let (node, spot) = named?;
    check_timer(spot, timer.as_deref(), place, report)?;
    Some(Action::Tick { node, timer })
}

/// Reports a timer that the node does not have, and none where it has several.
fn check_timer(
    spot: Spot<'_>,
    timer: Option<&str>,
    place: Span,
    report: &mut Report<'_>,
) -> Option<()> {
    let Some(spec) = spot.node() else { return Some(()) };
    let name = &spec.name;
    let timers = || spec.timers.keys().map(String::as_str);
    let Some(timer) = timer else {
        if spec.every.is_some() || spec.timers.len() == 1 {
            return Some(());
        }
        report.add(if spec.timers.is_empty() {
            Diagnostic::new(Code::NoSuchHandler, format!("`{name}` has no timer"))
                .at(place, "nothing falls there")
                .because("it has neither `every` nor `timers`")
                .help("name a node that has one, or `call` its handler")
        } else {
            Diagnostic::new(Code::Ambiguous, format!("`{name}` has several timers"))
                .at(place, "which of them?")
                .help(format!("write `tick: {{node: {name}, timer: …}}` with {}", one_of(timers())))
        });
        return None;
    };
    if spec.timers.contains_key(timer) {
        return Some(());
    }
    let fault = Diagnostic::new(Code::NoSuchHandler, format!("`{name}` has no timer `{timer}`"))
        .at(place, "no such timer");
    match report.nearest(timer, timers()) {
        Some(meant) => {
            report.add_with_fix(fault.help(meant.question()), place, meant.first());
        }
        None if spec.timers.is_empty() && spec.every.is_some() => {
            report.add(fault.because("it has `every` alone").help(format!("write `tick: {name}`")))
        }
        None if spec.timers.is_empty() => report.add(
            fault.because("it has neither `every` nor `timers`").help("name a node that has one"),
        ),
        None => report.add(fault.help(format!("its timers: {}", one_of(timers())))),
    }
    None
}

fn read_pair(
    key: &str,
    value: &Node,
    context: &Context<'_>,
    report: &mut Report<'_>,
) -> Option<(String, String)> {
    let Some([one, other]) = value.as_sequence() else {
        let help = format!("write `{key}: [station, display]`");
        value::wrong(key, value, "a list of two nodes or peers", &help, report);
        return None;
    };
    let first = places::read(key, one, Who::NodesAndPeers, context, report);
    let second = places::read(key, other, Who::NodesAndPeers, context, report);
    let (first, second) = (first?.0, second?.0);
    if first == second {
        report.add(
            Diagnostic::new(Code::Conflict, format!("`{first}` twice"))
                .at(other.span, "the same once more")
                .because("a link has two ends")
                .help("name the node at the other end"),
        );
        return None;
    }
    Some((first, second))
}

fn read_delay(entry: &Entry, context: &Context<'_>, report: &mut Report<'_>) -> Option<Action> {
    let mapping = map_of(entry, report)?;
    let between = needed("between", entry, mapping, report)
        .and_then(|between| read_pair("between", between, context, report));
    let by = needed("by", entry, mapping, report).and_then(|by| value::duration("by", by, report));
    Some(Action::Delay { between: between?, by: by? })
}

fn read_slow(entry: &Entry, context: &Context<'_>, report: &mut Report<'_>) -> Option<Action> {
    let mapping = map_of(entry, report)?;
    let named = needed("node", entry, mapping, report).and_then(|node| {
        let (name, spot) = places::read("node", node, Who::Nodes, context, report)?;
        places::no_program(node, spot, "it has no handlers that could take longer", report)?;
        if let Some(spec) = spot.node().filter(|spec| spec.script.is_none()) {
            report.add(
                Diagnostic::new(Code::NoSuchHandler, format!("`{}` has no handlers", spec.name))
                    .at(node.span, "nothing there takes any time")
                    .because("`slow` makes each call of a handler take longer")
                    .help("name a node with handlers, or `delay` a link"),
            );
            return None;
        }
        Some(name)
    });
    let by = needed("by", entry, mapping, report).and_then(|by| value::duration("by", by, report));
    Some(Action::Slow { node: named?, by: by? })
}
