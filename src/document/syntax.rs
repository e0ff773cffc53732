//! The parser's errors in plain words.
//!
//! Owns what is said of a text that is no YAML. Never decides that it is none.

use saphyr_parser::ScanError;

use crate::diagnostic::{Code, Diagnostic};
use crate::source::{Source, Span};

use super::bounds::too_large;
use super::piece::is_handler_key;

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
    let known = WORDS.iter().find(|(start, _, _)| error.info().starts_with(start));
    let (message, help) = match known {
        Some((_, message, help)) => (*message, *help),
        None => ("this is not YAML", "check the indentation, the quotes and the brackets"),
    };
    let diagnostic = Diagnostic::new(Code::NotYaml, message)
        .at(span, "here")
        .because(format!("the YAML parser says: {}", error.info()));
    match handler_line(at, source) {
        Some(key) => diagnostic.help(format!(
            "write the handler as a block: `{key}: |` with the code indented below it, where \
             YAML leaves `: `, ` #`, quotes and braces alone"
        )),
        None => diagnostic.help(help),
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

/// The handler whose line the error is on.
fn handler_line(at: usize, source: &Source) -> Option<&str> {
    let line = source.line(source.position(at).line);
    let (key, _) = line.trim_start().split_once(':')?;
    is_handler_key(key).then_some(key)
}
