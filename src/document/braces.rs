//! Handlers inside braces: `{role: pull, on_message: print(msg.text)}`.
//!
//! Owns where YAML ends an unquoted body too early there, and the quotes that it needs. Never
//! compiles one.

use crate::diagnostic::{Code, Diagnostic};
use crate::source::{Source, Span};

use super::handler_key::is_handler_key;

/// Why YAML did not read the body as it was meant.
pub(super) const WHY: &str = "inside `{…}` an unquoted text ends at `,`, at brackets and braces and at \
                              `: `, and ` #` begins a comment";
/// What to do about it.
pub(super) const HELP: &str =
    "put the body in quotes, or write the node on lines of its own and the body as a `|` block";

/// An error of the parser in an unquoted handler inside braces, or right behind one.
pub(super) fn diagnose(at: usize, span: Span, source: &Source) -> Option<Diagnostic> {
    let text = source.text();
    let line_start = text.get(..at)?.rfind('\n').map_or(0, |newline| newline + 1);
    let is_behind = text[line_start..at].trim().is_empty();
    let (start, end) = match is_behind && line_start > 0 {
        // A comment took the rest of the line, the closing brace with it.
        true => {
            let end = line_start - 1;
            (text[..end].rfind('\n').map_or(0, |newline| newline + 1), end)
        }
        false => (line_start, text[at..].find('\n').map_or(text.len(), |newline| at + newline)),
    };
    let line = &text[start..end];
    let limit = if is_behind { line.len() } else { at - start };
    let body = body_before(line, limit)?;
    let hash = line[body..].find(" #").map(|hash| start + body + hash + 1);
    let place = match hash {
        Some(hash) if is_behind => Span::new(span.source, hash, hash + 1),
        None if is_behind => return None,
        _ => span,
    };
    let label = if is_behind { "the rest is a comment" } else { "the text ends here" };
    let diagnostic = Diagnostic::new(Code::NotYaml, "a handler inside braces needs quotes here")
        .at(place, label)
        .because(WHY)
        .help(HELP);
    Some(match quoted(source, start + body) {
        Some((end, quoted)) => diagnostic.fix(Span::new(span.source, start + body, end), quoted),
        None => diagnostic,
    })
}

/// Where the unquoted body of the last handler inside braces begins that a line has before a place.
fn body_before(line: &str, limit: usize) -> Option<usize> {
    let before = line.get(..limit)?;
    let key = before.rmatch_indices("on_").map(|(at, _)| at).find(|&at| {
        let name = &line[at..];
        let name = &name[..name.find(':').unwrap_or(0)];
        is_handler_key(name) && before[..at].trim_end().ends_with(['{', ','])
    })?;
    let colon = key + line[key..].find(':')?;
    let value = &line[colon + 1..];
    let body = colon + 1 + value.len() - value.trim_start().len();
    let is_plain = !line[body..].starts_with(['"', '\'', '|', '>']);
    (is_plain && body <= limit).then_some(body)
}

/// The body that starts at a place in quotes, and where it ends: before the brace that ends its line.
/// Nothing where other keys follow, or it cannot be told.
pub(super) fn quoted(source: &Source, start: usize) -> Option<(usize, String)> {
    let rest = source.text().get(start..)?;
    let line = rest.split(['\n', '\r']).next()?.trim_end();
    let body = line.strip_suffix('}')?.trim_end();
    let has_key = |part: &str| {
        part.trim_start().split_once(": ").is_some_and(|(key, _)| {
            !key.is_empty() && key.chars().all(|c| c.is_ascii_lowercase() || c == '_')
        })
    };
    let is_whole = !opens_more_than_it_closes(body) && !body.split(',').skip(1).any(has_key);
    is_whole.then(|| (start + body.len(), format!("'{}'", body.replace('\'', "''"))))
}

/// Whether a text has brackets that are not closed in it.
pub(super) fn opens_more_than_it_closes(text: &str) -> bool {
    let opened = text.matches(['(', '[', '{']).count();
    opened > text.matches([')', ']', '}']).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_quoted_up_to_the_brace_that_ends_its_line() {
        for (line, want) in [
            ("{on_tick: send(#{a: 1})}", Some("'send(#{a: 1})'")),
            ("{on_tick: send([1, 2]) }", Some("'send([1, 2])'")),
            ("{on_tick: print('x')}", Some("'print(''x'')'")),
            ("{on_tick: send([1, 2]), every: 1s}", None),
            ("{on_tick: send(1", None),
        ] {
            let source = Source::new("a.yaml", line);
            let found = quoted(&source, "{on_tick: ".len());
            assert_eq!(found.map(|(_, text)| text).as_deref(), want, "{line}");
        }
    }
}
