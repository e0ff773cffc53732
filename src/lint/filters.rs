//! Filters that take more than they say, or nothing that another does not take.
//!
//! Owns the rules about prefixes. A subscriber without a filter is the checker's error.

use crate::diagnostic::{Code, Diagnostic};
use crate::document::{Kind, Node};
use crate::message::Format;
use crate::source::Span;
use crate::topology::{Filter, LinkEnd, SocketSpec};

use super::subject::Graph;
use super::written::sockets;

/// More filters than this are not compared with one another.
const MOST_COMPARED: usize = 1_000;

pub(super) fn check(graph: &Graph<'_>, findings: &mut Vec<Diagnostic>) {
    for (end, socket) in sockets(graph.topology).filter(|(_, socket)| socket.role.filters()) {
        check_bare_ids(graph, end, socket, findings);
        check_fit(graph, end, socket, findings);
        check_redundant(graph, end, findings);
    }
}

/// `100` also takes `1000 json …`.
fn check_bare_ids(
    graph: &Graph<'_>,
    end: LinkEnd,
    socket: &SocketSpec,
    findings: &mut Vec<Diagnostic>,
) {
    if socket.format != Format::Msgid {
        return;
    }
    for topic in topics(graph, end) {
        let Some(text) = topic.as_scalar().map(|scalar| &*scalar.text) else { continue };
        if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
            continue;
        }
        findings.push(
            Diagnostic::new(
                Code::PrefixTakesMore,
                format!("the filter `{text}` takes other ids too"),
            )
            .at(topic.span, format!("takes {text}, and also {text}0 and {text}01"))
            .because("ZeroMQ compares the first bytes only, so an id has to end with its space")
            .help(format!("write `msgids: [{text}]`, or the topic `\"{text} \"`"))
            .fix(topic.span, format!("\"{text} \"")),
        );
    }
}

/// `*` and `weather.`: no message of format `msgid` begins so.
fn check_fit(graph: &Graph<'_>, end: LinkEnd, socket: &SocketSpec, findings: &mut Vec<Diagnostic>) {
    let node = &graph.topology.nodes[end.node];
    let is_forwarded = node.forwards.iter().any(|forward| forward.joins(end.socket));
    let is_inverted = socket.options.keys().any(|name| name.0 == "invert_matching");
    // What is forwarded is in any format, whatever the socket's is.
    if socket.format != Format::Msgid || is_forwarded || is_inverted {
        return;
    }
    for topic in topics(graph, end) {
        let Some(text) = topic.as_scalar().map(|scalar| &*scalar.text) else { continue };
        if text.is_empty() || text.starts_with(|c: char| c.is_ascii_digit() || c == '-') {
            continue;
        }
        let finding =
            Diagnostic::new(Code::FilterTakesNothing, format!("the filter `{text}` takes nothing"))
                .at(topic.span, "no message begins so")
                .because(
                    "in format `msgid` a message begins with its id, a number; and a filter is a \
                     prefix, in which no sign stands for others",
                );
        findings.push(if text == "*" || text == "#" {
            finding.help("write `topics: all`").fix(topic.span, all(graph, end, topic))
        } else {
            finding.help(
                "write `msgids: [1000]` for ids, or `format: envelope` at both ends for topics in \
                 words",
            )
        });
    }
}

/// How everything is written in the place of one topic: the word `all` stands for the list.
fn all(graph: &Graph<'_>, end: LinkEnd, topic: &Node) -> &'static str {
    let is_alone =
        graph.written.key(end, "topics").is_some_and(|entry| entry.value.span == topic.span);
    if is_alone { "all" } else { "\"\"" }
}

fn topics<'a>(graph: &Graph<'a>, end: LinkEnd) -> Vec<&'a Node> {
    let Some(entry) = graph.written.key(end, "topics") else { return Vec::new() };
    match &entry.value.kind {
        Kind::Sequence(items) => items.iter().collect(),
        Kind::Scalar(scalar) if &*scalar.text == "all" => Vec::new(),
        Kind::Scalar(_) | Kind::Mapping(_) | Kind::Faulty => vec![&entry.value],
    }
}

/// What a filter was written as, with the prefix that it is.
fn written_filters(graph: &Graph<'_>, end: LinkEnd) -> Vec<(Vec<u8>, Span, String)> {
    let mut filters = Vec::new();
    if let Some(entry) = graph.written.key(end, "topics")
        && entry.value.as_scalar().is_some_and(|scalar| &*scalar.text == "all")
    {
        filters.push((Vec::new(), entry.value.span, "all".to_owned()));
    }
    for topic in topics(graph, end) {
        if let Some(scalar) = topic.as_scalar() {
            filters.push((scalar.text.as_bytes().to_vec(), topic.span, scalar.text.to_string()));
        }
    }
    if let Some(entry) = graph.written.key(end, "msgids") {
        let ids = match &entry.value.kind {
            Kind::Sequence(items) => items.as_slice(),
            Kind::Scalar(_) | Kind::Mapping(_) | Kind::Faulty => std::slice::from_ref(&entry.value),
        };
        for id in ids {
            if let Some(number) = id.as_scalar().and_then(|scalar| scalar.as_integer()) {
                filters.push((Filter::Msgid(number).prefix(), id.span, number.to_string()));
            }
        }
    }
    filters
}

fn check_redundant(graph: &Graph<'_>, end: LinkEnd, findings: &mut Vec<Diagnostic>) {
    let mut filters = written_filters(graph, end);
    if filters.len() > MOST_COMPARED {
        return;
    }
    // After sorting, what a prefix contains stands behind it.
    filters.sort();
    let mut containing: Option<&(Vec<u8>, Span, String)> = None;
    for filter in &filters {
        match containing {
            Some((prefix, place, name)) if filter.0.starts_with(prefix) && filter.1 != *place => {
                findings.push(
                    Diagnostic::new(
                        Code::RedundantFilter,
                        format!("the filter `{}` adds nothing to `{name}`", filter.2),
                    )
                    .at(filter.1, "takes what comes already")
                    .at(*place, "takes all of it")
                    .because(
                        "a message that fits two filters arrives once, and a filter is a prefix",
                    )
                    .help("remove one of the two"),
                );
            }
            Some(_) | None => containing = Some(filter),
        }
    }
}
