//! Places, and what nodes of different ones tell each other.
//!
//! Owns links between machines that anybody in between can read, and places and nodes that are left
//! out. What cannot work is the checker's.

use crate::diagnostic::{Code, Diagnostic};
use crate::topology::{Crossing, Mechanism};
use crate::zeromq::{Role, Side};

use super::peers::spec;
use super::subject::Graph;

pub(super) fn check(graph: &Graph<'_>, findings: &mut Vec<Diagnostic>) {
    for crossing in graph.topology.crossings() {
        findings.extend(check_crossing(graph, &crossing));
        findings.extend(check_identity(graph, &crossing));
    }
    let top = graph.subject.document.root().as_mapping();
    let places = top.and_then(|top| top.get("places")?.as_mapping());
    for entry in places.into_iter().flat_map(|places| &places.entries) {
        let is_there = |name: &Option<String>| name.as_deref() == Some(&*entry.key.text);
        if graph.topology.nodes.iter().any(|node| is_there(&node.place)) {
            continue;
        }
        let name = &entry.key.text;
        findings.push(
            Diagnostic::new(Code::PlaceEmpty, format!("the place `{name}` has no nodes"))
                .at(entry.key.span, "nothing runs there")
                .because("a node is at a place by its `on`")
                .help(format!("write `on: {name}` at a node, or remove the place")),
        );
    }
    findings.extend(check_left_out(graph));
}

/// A link between machines whose messages are neither encrypted nor authenticated.
fn check_crossing(graph: &Graph<'_>, crossing: &Crossing<'_>) -> Option<Diagnostic> {
    let link = crossing.link;
    // A password that is said in clear is told as such.
    let is_open = spec(graph, link.binder).mechanism(Side::Bind) == Mechanism::Null
        && spec(graph, link.connecter).mechanism(Side::Connect) == Mechanism::Null;
    if !is_open || (crossing.binder.is_here() && crossing.connecter.is_here()) {
        return None;
    }
    let (from, to) = (&crossing.connecter.name, &crossing.binder.name);
    let bound = graph.written.targets(link.binder);
    let attachments = &spec(graph, link.binder).attachments;
    let at = attachments.iter().position(|one| *one.endpoint() == link.endpoint);
    let bound = at.and_then(|at| bound.get(at)).map(|target| target.span);
    Some(
        Diagnostic::new(Code::CrossesInClear, "a link between places that is not encrypted")
            .at(graph.written.connect(link), format!("goes from `{from}` to `{to}`"))
            .at(
                bound.unwrap_or_else(|| graph.written.socket(link.binder)),
                format!("at `{to}` it lets in whoever reaches {}", crossing.binder.address),
            )
            .because("whoever is on the way can read its messages, and send some")
            .help(
                "write `security: {curve: keys}` at the top, and make the certificates with \
                 `zrig keys keys --for FILE`; or say `# zrig: allow ZR0358 because …`",
            ),
    )
}

/// Copies of a place that a router at another one cannot tell apart.
fn check_identity(graph: &Graph<'_>, crossing: &Crossing<'_>) -> Option<Diagnostic> {
    let (place, link) = (crossing.connecter, crossing.link);
    let is_router = spec(graph, link.binder).role == Role::Router;
    if place.copies() < 2 || !is_router || spec(graph, link.connecter).identity.is_none() {
        return None;
    }
    let span = graph.written.key(link.connecter, "identity")?.value.span;
    let written = graph.subject.document.source().text().get(span.start..span.end)?;
    // The copies of a node are told apart by these, those of its place are not.
    let of_nodes = ["${replica}", "${replica_index}"];
    let rest = of_nodes.iter().fold(written.to_owned(), |rest, word| rest.replace(word, ""));
    if rest.contains('$') {
        return None;
    }
    let message = format!("copies of the place `{}` with one identity", place.name);
    Some(
        Diagnostic::new(Code::DuplicateIdentity, message)
            .at(span, format!("each of the {} copies bears it", place.copies()))
            .at(graph.written.socket(link.binder), "hears the first of them")
            .because("a ROUTER ignores the second peer of one routing id, which then gets nothing")
            .help("put a variable into it that each machine sets, such as `${HOSTNAME}`"),
    )
}

/// The nodes that run at no place, told at the first of them.
fn check_left_out(graph: &Graph<'_>) -> Option<Diagnostic> {
    let nodes = &graph.topology.nodes;
    if nodes.iter().all(|node| node.place.is_none()) {
        return None;
    }
    let mut left_out = nodes.iter().enumerate().filter(|(_, node)| node.place.is_none());
    let (first, node) = left_out.next()?;
    let message = match left_out.count() {
        0 => format!("`{}` runs at no place", node.name),
        more => format!("`{}` and {more} more run at no place", node.name),
    };
    Some(
        Diagnostic::new(Code::NodeWithoutPlace, message)
            .at(graph.written.node(first), "has no `on`, and others have")
            .because("`zrig run FILE --place NAME` runs the nodes that are on that place alone")
            .help("write `on:` and the name of a place"),
    )
}
