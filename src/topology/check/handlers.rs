//! `script` and inline handlers.
//!
//! Owns which of them a node has, and which handler names there are. Never compiles a script.

use crate::diagnostic::{Code, Diagnostic};
use crate::document::{Document, Entry, Mapping, Node, YamlHand, is_handler_key};
use crate::script::HandlerText;
use crate::source::Span;

use super::keys::{self, EVENTS};
use super::report::{Report, first_line};
use super::unresolved::UnresolvedSocket;
use super::value;

/// The longest body: what the engine takes as one script.
const MAX_BODY: usize = 1 << 20;

/// A node's handlers that the loader has to get.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct WantedScript {
    /// The node.
    pub node: String,
    /// Where its handlers are.
    pub handlers: WantedHandlers,
}

/// Where a node's handlers are.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum WantedHandlers {
    /// In a file.
    File {
        /// Its path as written, relative to the topology file.
        path: String,
        /// Where it is named.
        span: Span,
    },
    /// In the topology file.
    Inline(Vec<InlineHandler>),
}

/// An inline handler.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct InlineHandler {
    /// Its body, with the places of its lines.
    pub text: HandlerText,
    /// The whole body in the topology file.
    pub span: Span,
    /// What YAML did to the body, to be told if it does not compile.
    pub yaml_hand: Option<YamlHand>,
    /// The body as it was meant, where YAML cut it: what to replace, and by what.
    pub uncut: Option<(Span, String)>,
}

/// The handlers of all nodes, faulty ones left out: the checker reports them.
#[must_use]
pub fn wanted_scripts(document: &Document) -> Vec<WantedScript> {
    let nodes = document.root().as_mapping().and_then(|top| top.get("nodes"));
    let Some(nodes) = nodes.and_then(|nodes| nodes.as_mapping()) else { return Vec::new() };
    let nodes = nodes.entries.iter().filter_map(|entry| {
        let handlers = wanted(document, entry.value.as_mapping()?)?;
        Some(WantedScript { node: entry.key.text.to_string(), handlers })
    });
    nodes.collect()
}

fn wanted(document: &Document, node: &Mapping) -> Option<WantedHandlers> {
    if let Some(script) = node.get("script") {
        if is_code(script) {
            return None;
        }
        let path = script.as_scalar().filter(|scalar| !scalar.is_null())?.text.to_string();
        return Some(WantedHandlers::File { path, span: script.span });
    }
    let inline: Vec<InlineHandler> = inline_entries(node)
        .filter(|entry| named_file(&entry.value).is_none())
        .filter_map(|entry| inline(document, entry))
        .collect();
    (!inline.is_empty()).then_some(WantedHandlers::Inline(inline))
}

fn inline(document: &Document, entry: &Entry) -> Option<InlineHandler> {
    let value = &entry.value;
    let body = value.as_scalar().filter(|body| body.text.len() <= MAX_BODY)?.text.clone();
    let lines = document.line_places(value);
    let text = HandlerText { name: entry.key.text.to_string(), body, lines };
    Some(InlineHandler {
        text,
        span: value.span,
        yaml_hand: document.yaml_hand(value),
        uncut: document.uncut(value),
    })
}

/// Whether what should name a file is the text of a script.
fn is_code(value: &Node) -> bool {
    value.as_scalar().is_some_and(|scalar| scalar.text.contains(['\n', '{', ';']))
}

/// The script that a handler's body names instead of being one.
fn named_file(value: &Node) -> Option<&str> {
    let text = value.as_scalar()?.text.trim();
    let is_path = |c: char| c.is_alphanumeric() || "_-./".contains(c);
    (text.ends_with(".rhai") && text.chars().all(is_path)).then_some(text)
}

/// The entries of a node that are handlers' bodies.
pub(super) fn inline_entries(node: &Mapping) -> impl Iterator<Item = &Entry> {
    node.entries.iter().filter(|entry| is_handler_key(&entry.key.text))
}

/// Reports faults of a node's handlers that can be seen without compiling.
pub(super) fn check(node: &Mapping, sockets: &[UnresolvedSocket], report: &mut Report<'_>) {
    let names: Vec<String> = sockets.iter().map(|socket| format!("on_{}", socket.name)).collect();
    let sockets: Vec<&str> = names.iter().map(String::as_str).collect();
    for entry in inline_entries(node) {
        let key = &*entry.key.text;
        if !EVENTS.contains(&key) && !sockets.contains(&key) {
            keys::unknown(entry, node, &[EVENTS, &sockets], "a node", report);
        }
        check_body(entry, report);
    }
    if let Some(script) = node.entry("script") {
        if is_code(&script.value) {
            report_code(script, report);
        } else {
            value::text("script", &script.value, report);
        }
        if let Some(inline) = inline_entries(node).next() {
            report_both(script, inline, report);
        }
    }
}

fn check_body(entry: &Entry, report: &mut Report<'_>) {
    let key = &entry.key.text;
    let value = &entry.value;
    if value.as_scalar().is_some_and(|scalar| scalar.text.len() > MAX_BODY) {
        report.add(
            Diagnostic::new(Code::TooLarge, format!("`{key}` is longer than a script can be"))
                .at(entry.key.span, "more than 1 MiB")
                .help("write what it needs to know into a file and `read` that"),
        );
        return;
    }
    if let Some(path) = named_file(value) {
        report.add(
            Diagnostic::new(Code::WrongType, format!("`{key}` is a handler's body, not a file"))
                .at(value.span, "this names a script")
                .because("a script is a file of functions, one for each handler of the node")
                .help(format!("write `script: {path}`, and `fn {key}(…) {{ … }}` in that file")),
        );
        return;
    }
    if value.as_scalar().is_some_and(|scalar| !scalar.is_null()) || value.is_faulty() {
        return;
    }
    let fault = Diagnostic::new(Code::WrongType, format!("`{key}` is a handler's body, a text"))
        .at(first_line(value.span, report.source()), format!("this is {}", value.describe()));
    let help = format!("write it as a block: `{key}: |` with the code indented below it");
    report.add(if value.as_mapping().is_some() {
        fault.because(YamlHand::MadeAMap.why()).help(help)
    } else {
        fault.help(help)
    });
}

fn report_code(script: &Entry, report: &mut Report<'_>) {
    report.add(
        Diagnostic::new(Code::WrongType, "`script` names a file, and this is a script itself")
            .at(first_line(script.value.span, report.source()), "no path")
            .help(
                "write what stands inside each function under its name: `on_message: |` with the \
                 code indented below it, or move the script into a file",
            ),
    );
}

fn report_both(script: &Entry, inline: &Entry, report: &mut Report<'_>) {
    report.add(
        Diagnostic::new(Code::Conflict, "a node has a `script` or inline handlers, not both")
            .at(inline.key.span, "an inline handler")
            .at(script.key.span, "and a script")
            .because("it would not be clear which of two handlers of one name is called")
            .help(format!("move `{}` into the script as a function", inline.key.text)),
    );
}
