//! `where`, `always` and `rhai`: expressions of a message, of figures, and of nothing.
//!
//! Owns what is said of their words. How an expression is compiled is the script engine's.

use crate::diagnostic::{Code, Diagnostic};
use crate::document::{Entry, Node};
use crate::message::Format;
use crate::nearest::{nearest, one_of};
use crate::script::{ExpressionText, MESSAGE_PROPERTIES, ScriptFault, Survey, Way};
use crate::source::{Position, Span};
use crate::topology::reading::{Report, value};

use super::super::known::{FIGURES, Figure};
use super::super::spec::Condition;
use super::context::Context;

/// What `always` calls the figures.
const FIGURES_NAME: &str = "counters";

/// Reads `where`; `formats` are those of the messages that it may see.
pub(super) fn read_where(
    node: &Node,
    formats: &[Format],
    context: &Context<'_>,
    report: &mut Report<'_>,
) -> Option<Condition> {
    let text = value::text("where", node, report)?;
    match context.engine.survey_of_message(&expression(node, &text, report)) {
        Ok(survey) => {
            check_words(&survey, node, "the message is `msg`", &["msg"], context, report);
            check_properties(&survey, node, formats, report);
        }
        Err(faults) => report_faults(faults, node, report),
    }
    Some(Condition { text, span: node.span })
}

/// Reads a frame that is written as an expression: the bytes that it comes to.
pub(super) fn read_frame(
    node: &Node,
    context: &Context<'_>,
    report: &mut Report<'_>,
) -> Option<Vec<u8>> {
    let text = value::text("rhai", node, report)?;
    match context.engine.frame_of(&expression(node, &text, report)) {
        Ok(frame) => Some(frame),
        Err(faults) => {
            report_faults(faults, node, report);
            None
        }
    }
}

/// Reads `always`: one expression or several.
pub(super) fn read_always(
    entry: &Entry,
    context: &Context<'_>,
    report: &mut Report<'_>,
) -> Vec<Condition> {
    let items = value::one_or_many(&entry.value).iter();
    items.filter_map(|item| read_one_always(item, context, report)).collect()
}

fn read_one_always(
    node: &Node,
    context: &Context<'_>,
    report: &mut Report<'_>,
) -> Option<Condition> {
    let text = value::text("always", node, report)?;
    match context.engine.survey_of_map(&expression(node, &text, report), FIGURES_NAME) {
        Ok((survey, ways)) => {
            let known = "the figures are `counters.NODE.sent` and the like";
            check_words(&survey, node, known, &[FIGURES_NAME], context, report);
            if ways.is_empty() && survey.unknown_variables.is_empty() {
                report_constant(node, report);
            }
            for way in &ways {
                check_way(way, node, context, report);
            }
        }
        Err(faults) => report_faults(faults, node, report),
    }
    Some(Condition { text, span: node.span })
}

fn report_constant(node: &Node, report: &mut Report<'_>) {
    report.add(
        Diagnostic::new(Code::UnknownFigure, "`always` looks at no figure")
            .at(node.span, "it is the same all the time")
            .because("what it says can depend on `counters` alone")
            .help("write such as `counters.sink.received <= counters.source.sent`"),
    );
}

fn expression<'t>(node: &Node, text: &'t str, report: &Report<'t>) -> ExpressionText<'t> {
    let document = report.document();
    ExpressionText { path: document.source().path(), text, lines: document.line_places(node) }
}

/// The word that stands at a place of the file.
fn word_at(position: Option<Position>, node: &Node, report: &Report<'_>) -> Span {
    let source = report.source();
    let Some(position) = position else { return node.span };
    let start = source.byte(position);
    Span::new(node.span.source, start, source.word_end(start))
}

fn report_faults(faults: Vec<ScriptFault>, node: &Node, report: &mut Report<'_>) {
    for fault in faults {
        let span = word_at(fault.position, node, report);
        let help = fault.help.unwrap_or_else(|| "write an expression of Rhai".to_owned());
        let diagnostic = Diagnostic::new(Code::ScriptSyntax, fault.message).at(span, "").help(help);
        report.add(match report.document().yaml_hand(node) {
            Some(hand) => diagnostic
                .because(hand.why())
                .help("write it as a block: `|` after the key, or in quotes"),
            None => diagnostic,
        });
    }
}

/// Reports variables that are none, and functions that are not there.
fn check_words(
    survey: &Survey,
    node: &Node,
    what: &str,
    known: &[&str],
    context: &Context<'_>,
    report: &mut Report<'_>,
) {
    for unknown in &survey.unknown_variables {
        let span = word_at(unknown.site.position, node, report);
        let message = format!("there is no variable `{}`", unknown.name);
        let fault = Diagnostic::new(Code::UnknownVariable, message).at(span, "nothing defines it");
        match nearest(&unknown.name, known.iter().copied()) {
            Some(meant) => {
                report.add_with_fix(fault.help(meant.question()), span, meant.first());
            }
            None => report.add(fault.help(what)),
        }
    }
    let Some(vocabulary) = context.tested.surveys.map(|surveys| surveys.vocabulary()) else {
        return;
    };
    for call in survey.calls.iter().filter(|call| call.module.is_none()) {
        let is_known = vocabulary.arguments_of(&call.name).next().is_some()
            || vocabulary.takes_any(&call.name);
        if is_known {
            continue;
        }
        let span = word_at(call.site.position, node, report);
        let message = format!("there is no function `{}`", call.name);
        let fault = Diagnostic::new(Code::UnknownFunction, message).at(span, "nothing defines it");
        match nearest(&call.name, vocabulary.names()) {
            Some(meant) => {
                report.add_with_fix(fault.help(meant.question()), span, meant.first());
            }
            None => report.add(fault.help("`zrig explain functions` lists those that there are")),
        }
    }
}

/// Reports properties that no message has, or none of those that it may see.
fn check_properties(survey: &Survey, node: &Node, formats: &[Format], report: &mut Report<'_>) {
    for property in &survey.properties {
        let span = word_at(property.site.position, node, report);
        let name = property.name.as_str();
        if !MESSAGE_PROPERTIES.contains(&name) {
            let message = format!("a message has no `{name}`");
            let fault = Diagnostic::new(Code::UnknownProperty, message).at(span, "not a property");
            match nearest(name, MESSAGE_PROPERTIES.iter().copied()) {
                Some(meant) => {
                    report.add_with_fix(fault.help(meant.question()), span, meant.first());
                }
                None => {
                    let all = one_of(MESSAGE_PROPERTIES.iter().copied());
                    report.add(fault.help(format!("a message has {all}")));
                }
            }
        } else if let [first, ..] = formats
            && !formats.iter().any(|format| format.has(name))
        {
            let message = format!("messages of format `{}` have no `{name}`", first.word());
            report.add(
                Diagnostic::new(Code::PropertyNotInFormat, message)
                    .at(span, "this is `()` at that place")
                    .because("what a message has depends on the format of its socket")
                    .help("look at `msg.text` or `msg.body`, or at another place"),
            );
        }
    }
}

/// Reports a way through the figures that leads nowhere.
fn check_way(way: &Way, node: &Node, context: &Context<'_>, report: &mut Report<'_>) {
    let Some(topology) = context.tested.topology else { return };
    let Some(((name, at), rest)) = way.split_first() else { return };
    if let Some(peer) = context.peer(name) {
        report.add(
            Diagnostic::new(Code::UnknownFigure, format!("the peer `{name}` has no figures"))
                .at(word_at(Some(*at), node, report), "a peer of the test")
                .at(peer.span, "declared here")
                .because("`counters` are those of the topology's nodes")
                .help("look at the node that it talks to"),
        );
        return;
    }
    if context.has_unread_peers && topology.node(name).is_none() {
        return;
    }
    let Some(spec) = topology.node(name) else {
        let nodes = topology.nodes.iter().map(|node| node.name.as_str());
        let span = word_at(Some(*at), node, report);
        let fault = Diagnostic::new(Code::UnknownNode, format!("there is no node `{name}`"))
            .at(span, "`counters` has no such key");
        match nearest(name, nodes.clone()) {
            Some(meant) => {
                report.add_with_fix(fault.help(meant.question()), span, meant.first());
            }
            None => report.add(fault.help(format!("the nodes are {}", one_of(nodes)))),
        }
        return;
    };
    let whose = format!("`{name}`");
    match rest.split_first() {
        Some(((socket, _), rest)) if spec.socket(socket).is_some() => {
            let whose = format!("`{name}.{socket}`");
            check_figure(rest, &whose, |figure| figure.of_sockets, &[], node, report);
        }
        _ => {
            let sockets: Vec<&str> = spec.sockets.iter().map(|it| it.name.as_str()).collect();
            check_figure(rest, &whose, |_| true, &sockets, node, report);
        }
    }
}

/// Reports what stands where a figure should, if it is none. A way that ends before is a map, which
/// may be what is meant.
fn check_figure(
    rest: &[(String, Position)],
    whose: &str,
    has: impl Fn(&Figure) -> bool,
    sockets: &[&str],
    node: &Node,
    report: &mut Report<'_>,
) {
    let Some((name, at)) = rest.first() else { return };
    let figures = || FIGURES.iter().filter(|figure| has(figure)).map(|figure| figure.name);
    // Maps have functions of their own.
    let functions = ["keys", "values", "len", "contains", "is_empty"];
    if figures().any(|figure| figure == name) || functions.contains(&name.as_str()) {
        return;
    }
    let span = word_at(Some(*at), node, report);
    let fault = Diagnostic::new(Code::UnknownFigure, format!("{whose} has no figure `{name}`"))
        .at(span, "not a figure");
    let elsewhere = FIGURES.iter().find(|figure| figure.name == name);
    match (elsewhere, nearest(name, figures().chain(sockets.iter().copied()))) {
        (Some(_), _) => {
            let fault = fault.because("only nodes have it: `counters.NODE.…`");
            report.add(fault.help(format!("it has {}", one_of(figures()))));
        }
        (None, Some(meant)) => {
            report.add_with_fix(fault.help(meant.question()), span, meant.first());
        }
        (None, None) => report.add(fault.help(format!("it has {}", one_of(figures())))),
    }
}
