//! The parser's errors in plain words.
//!
//! Owns what is said of a text that is no YAML. Never decides that it is none.

use saphyr_parser::ScanError;

use crate::diagnostic::{Code, Diagnostic};
use crate::source::{Position, Source, Span};

use super::bounds::too_large;
use super::braces;
use super::handler_key::is_handler_key;
use super::layout;
use super::written::as_block;

/// What the parser's wording starts with, what is wrong in plain words, and what to do.
const WORDS: &[(&str, &str, &str)] = &[
    ("tabs disallowed", "a tab cannot indent", "indent with spaces"),
    (
        "a block scalar content cannot start with a tab",
        "a tab cannot indent the lines of a block",
        "indent with spaces",
    ),
    (
        "mapping values are not allowed",
        "a `: ` where no key can stand",
        "put the text in quotes if the colon belongs to it, or check the indentation",
    ),
    (
        "illegal placement of ':'",
        "a `:` where no key can stand",
        "close the list or map above, or put the text in quotes",
    ),
    (
        "while parsing node, found unknown anchor",
        "an alias without its anchor",
        "write `&NAME` at a value before `*NAME` repeats it, or quote a text that starts with `*`",
    ),
    (
        "while scanning a quoted scalar, found unexpected end of stream",
        "a quotation mark that is never closed",
        "close it, or double it where it belongs to the text",
    ),
    (
        "invalid indentation in quoted scalar",
        "a quotation mark that is never closed",
        "close it on its line, or double it where it belongs to the text",
    ),
    (
        "invalid trailing content after",
        "text after a closing quotation mark",
        "put the whole text in one pair of quotes",
    ),
    (
        "unexpected character",
        "a text that starts with a character that YAML keeps for itself",
        "put the text in quotes",
    ),
    (
        "while parsing a flow mapping",
        "a `{` whose map is not closed, or lacks a comma",
        "put commas between the entries and a `}` at the end",
    ),
    (
        "while parsing a flow sequence",
        "a `[` whose list is not closed, or lacks a comma",
        "put commas between the items and a `]` at the end",
    ),
    (
        "block sequence entries are not allowed",
        "a `- ` where no list can start",
        "put the list on lines of its own below the key",
    ),
    (
        "while parsing a block collection",
        "a line that does not go with the list above it",
        "indent it as the lines it belongs to",
    ),
    (
        "while parsing a block mapping, did not find expected key",
        "a line that does not go with the map above it",
        "indent it as the lines it belongs to",
    ),
    ("simple key expected", "a line without `: `", "write `key: value`"),
    ("simple key expect", "a line without `: `", "write `key: value`"),
    (
        "while scanning a block scalar, did not find expected comment",
        "text beside the `|` of a block",
        "write the text on the lines below, indented",
    ),
    (
        "did not find expected <document start>",
        "text after the end of the document",
        "check the indentation: everything belongs below the first keys",
    ),
];

/// A text that the parser refuses.
pub(super) fn diagnose(error: &ScanError, at: usize, span: Span, source: &Source) -> Diagnostic {
    if error.info() == "recursion limit exceeded" {
        return too_large(span, "lists and maps lie too deep in one another");
    }
    if let Some(diagnostic) = variable_in_braces(at, span, source) {
        return diagnostic;
    }
    if let Some(diagnostic) = wildcard_as_alias(at, span, source) {
        return diagnostic;
    }
    if let Some(diagnostic) = braces::diagnose(at, span, source) {
        return diagnostic;
    }
    if let Some(diagnostic) =
        layout::unclosed(error, at, span, source).or_else(|| layout::lines(error, at, span, source))
    {
        return diagnostic;
    }
    let known = WORDS.iter().find(|(start, _, _)| error.info().starts_with(start));
    let (message, help) = match known {
        Some((_, message, help)) => (*message, *help),
        None => ("this is not YAML", "check the indentation, the quotes and the brackets"),
    };
    if let Some(diagnostic) = hash_without_space(error, at, span, source) {
        return diagnostic;
    }
    let diagnostic = Diagnostic::new(Code::NotYaml, message)
        .at(span, "here")
        .because(format!("the YAML parser says: {}", error.info()));
    let Some(body) = handler_body(at, source) else { return diagnostic.help(help) };
    let diagnostic = diagnostic.help(
        "write the handler as a block, where YAML leaves `: `, ` #`, quotes and braces alone",
    );
    match as_block(source, body) {
        Some((end, block)) => diagnostic.fix(Span::new(span.source, body, end), block),
        None => diagnostic,
    }
}

/// `{port: ${PORT}}`: inside braces an unquoted text ends at the next brace.
fn variable_in_braces(at: usize, span: Span, source: &Source) -> Option<Diagnostic> {
    let before = source.text().get(..at)?;
    let rest = source.text().get(at..)?;
    let variable = rest.strip_prefix('{').filter(|_| before.ends_with('$'))?;
    let end = variable.find(['}', '\n']).filter(|&end| variable[end..].starts_with('}'))?;
    let name = &variable[..end];
    let place = Span::new(span.source, at - 1, at + end + 2);
    let quoted = format!("\"${{{name}}}\"");
    Some(
        Diagnostic::new(Code::NotYaml, format!("`${{{name}}}` needs quotes here"))
            .at(place, "an unquoted text ends at this brace")
            .because("inside `{…}` and `[…]` YAML takes braces for its own")
            .help(format!("write {quoted}"))
            .fix(place, quoted),
    )
}

/// `bind: *:5556`: an unquoted `*` starts an alias.
fn wildcard_as_alias(at: usize, span: Span, source: &Source) -> Option<Diagnostic> {
    let rest = source.text().get(at..)?;
    let end = rest.find(|c: char| c.is_whitespace() || ",]}".contains(c)).unwrap_or(rest.len());
    if &rest[..end] == "*" {
        return Some(star_alone(at, span, source));
    }
    let port = rest[..end].strip_prefix("*:")?;
    let is_port = port == "*" || port.parse::<u16>().is_ok();
    let place = Span::new(span.source, at, at + end);
    let endpoint = format!("tcp://*:{port}");
    is_port.then(|| {
        Diagnostic::new(Code::NotYaml, "an unquoted text cannot start with `*`")
            .at(place, "YAML reads an alias")
            .because("an endpoint starts with its transport, and YAML repeats anchors with `*NAME`")
            .help(format!("write `{endpoint}`"))
            .fix(place, endpoint)
    })
}

/// `topics: *`: a star that would mean everything.
fn star_alone(at: usize, span: Span, source: &Source) -> Diagnostic {
    let before = source.text().get(..at).unwrap_or_default();
    let line = before.rsplit('\n').next().unwrap_or_default();
    let key = line.rsplit([',', '{']).next().unwrap_or_default().trim();
    let place = Span::new(span.source, at, at + 1);
    let diagnostic = Diagnostic::new(Code::NotYaml, "an unquoted text cannot start with `*`")
        .at(place, "YAML reads an alias");
    if key == "topics:" {
        return diagnostic
            .because("a topic is a prefix, of which `*` is no wildcard; everything is `all`")
            .help("write `all`")
            .fix(place, "all");
    }
    diagnostic
        .because("YAML repeats what an anchor `&NAME` names by `*NAME`")
        .help("put it in quotes: `\"*\"`")
        .fix(place, "\"*\"")
}

/// `[#a]`: inside brackets a `#` without a space before it is no comment either.
fn hash_without_space(
    error: &ScanError,
    at: usize,
    span: Span,
    source: &Source,
) -> Option<Diagnostic> {
    let rest = source.text().get(at..).filter(|rest| rest.starts_with('#'))?;
    if !error.info().starts_with("comments must be separated") {
        return None;
    }
    let end = rest.find([',', ']', '}', '\n']).unwrap_or(rest.len());
    let text = rest[..end].trim_end();
    let place = Span::new(span.source, at, at + text.len());
    let quoted = format!("\"{text}\"");
    let diagnostic = Diagnostic::new(Code::NotYaml, "a text that starts with `#` needs quotes")
        .at(place, "YAML reads a comment");
    Some(match text.contains(['"', '\\']) {
        true => diagnostic.help("put it in quotes"),
        false => diagnostic.help(format!("write {quoted}")).fix(place, quoted),
    })
}

/// Where the body of the handler starts in whose line the error is, if it is in the body.
fn handler_body(at: usize, source: &Source) -> Option<usize> {
    let line = source.position(at).line;
    let start = source.byte(Position { line, column: 1 });
    let text = source.line(line);
    let (key, body) = text.split_once(':')?;
    let body = start + text.len() - body.trim_start().len();
    (is_handler_key(key.trim()) && at >= body).then_some(body)
}
