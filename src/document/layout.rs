//! Lines that stand where they do not belong, and brackets that are never closed.
//!
//! Owns which line or bracket it was, since the parser notices only later. Never reads a value.

use saphyr_parser::ScanError;

use crate::diagnostic::{Code, Diagnostic};
use crate::source::{Position, Source, Span};

/// An address in brackets, or a list or map in them that is never closed.
pub(super) fn unclosed(
    error: &ScanError,
    at: usize,
    span: Span,
    source: &Source,
) -> Option<Diagnostic> {
    let info = error.info();
    let is_flow = info.starts_with("while parsing a flow") || info.starts_with("illegal placement");
    if !is_flow {
        return None;
    }
    let text = source.text();
    if let Some(diagnostic) = address_in_brackets(at, span, source) {
        return Some(diagnostic);
    }
    let open = innermost_open(text, at)?;
    if source.position(open).line == source.position(at).line && at < text.trim_end().len() {
        return None;
    }
    let bracket = &text[open..=open];
    let (what, closer) = if bracket == "{" { ("map", "}") } else { ("list", "]") };
    let diagnostic = Diagnostic::new(Code::NotYaml, format!("a {what} that is never closed"))
        .at(Span::new(span.source, open, open + 1), format!("this `{bracket}`"));
    let diagnostic = match at < text.trim_end().len() {
        true => diagnostic.at(span, "what follows cannot belong to it"),
        false => diagnostic,
    };
    Some(diagnostic.help(format!("write `{closer}` where it ends, and commas between its entries")))
}

/// `{bind: tcp://[::1]:5556}`: YAML takes the brackets for a list's.
fn address_in_brackets(at: usize, span: Span, source: &Source) -> Option<Diagnostic> {
    let text = source.text();
    let line_start = text.get(..at)?.rfind('\n').map_or(0, |newline| newline + 1);
    let line = source.line(source.position(at).line);
    let bracket = line_start + line.find("://[")? + 3;
    let start = text[line_start..bracket]
        .rfind([' ', ',', '[', '{'])
        .map_or(line_start, |before| line_start + before + 1);
    let close = bracket + text[bracket..].find(']')?;
    let port = text[close + 1..].find([',', '}', ']', '\n', ' ']).unwrap_or(0);
    let end = close + 1 + port;
    let endpoint = &text[start..end];
    Some(
        Diagnostic::new(Code::NotYaml, "an address in brackets needs quotes here")
            .at(Span::new(span.source, start, end), "YAML reads a list in it")
            .because("inside `{…}` and `[…]` YAML takes brackets for its own")
            .help(format!("write \"{endpoint}\""))
            .fix(Span::new(span.source, start, end), format!("\"{endpoint}\"")),
    )
}

/// The last bracket before a place that is open there; what stands in blocks, quotes and comments
/// does not count.
fn innermost_open(text: &str, until: usize) -> Option<usize> {
    let mut open = Vec::new();
    let mut start = 0;
    let mut block: Option<usize> = None;
    for line in text.split_inclusive('\n') {
        let indent = indent(line);
        let is_blank = line.trim().is_empty();
        if block.take_if(|block| !is_blank && indent <= *block).is_none() && block.is_some() {
            start += line.len();
            continue;
        }
        let mut quote = None;
        let mut before = ' ';
        for (at, c) in line.char_indices() {
            let here = start + at;
            if here >= until {
                return open.pop();
            }
            match (quote, c) {
                (Some(mark), c) if c == mark => quote = None,
                (Some(_), _) => {}
                (None, '"' | '\'') if " [{,:".contains(before) => quote = Some(c),
                (None, '#') if before.is_whitespace() => break,
                (None, '{' | '[') => open.push(here),
                (None, '}' | ']') => drop(open.pop()),
                (None, _) => {}
            }
            before = c;
        }
        let header = line.trim_end().trim_end_matches(['-', '+']);
        block = (open.is_empty() && header.ends_with(['|', '>'])).then_some(indent);
        start += line.len();
    }
    open.pop()
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}

/// A line of keys as the eye sees it.
struct Line<'t> {
    number: usize,
    indent: usize,
    text: &'t str,
}

impl Line<'_> {
    fn has_key(&self) -> bool {
        self.text.ends_with(':') || self.text.contains(": ")
    }

    fn has_value(&self) -> bool {
        !self.text.ends_with(':') && self.text.contains(": ")
    }

    fn span(&self, id: Span, source: &Source) -> Span {
        let start = source.byte(Position { line: self.number, column: self.indent + 1 });
        Span::new(id.source, start, start + self.text.len())
    }
}

/// A line that is no key and value, or that stands further left or right than it should.
pub(super) fn lines(
    error: &ScanError,
    at: usize,
    span: Span,
    source: &Source,
) -> Option<Diagnostic> {
    let info = error.info();
    let is_about_keys = info.starts_with("mapping values are not allowed")
        || info.starts_with("while parsing a block mapping")
        || info.starts_with("simple key expect");
    let number = source.position(at).line;
    if let Some(diagnostic) = block_not_indented(number, span, source).filter(|_| is_about_keys) {
        return Some(diagnostic);
    }
    let here = line(source, number).filter(|here| is_about_keys && here.has_key())?;
    let mut before = (1..number).rev().filter_map(|number| line(source, number));
    let above = before.next()?;
    if !above.has_key() && !above.text.starts_with("- ") {
        return Some(no_key(&above, span, source));
    }
    let sibling = before.find(|line| line.indent <= here.indent)?;
    if above.indent < here.indent && sibling.indent == here.indent {
        let key = above.text.split(':').next().unwrap_or_default();
        let place = above.span(span, source);
        let left = Span::new(span.source, place.start - above.indent, place.start);
        return Some(
            Diagnostic::new(Code::NotYaml, "a line further left than those around it")
                .at(Span::new(span.source, place.start, place.start + key.len()), "this key")
                .at(span, "so this one belongs to nothing")
                .help("indent it as the other keys of its node")
                .fix(left, " ".repeat(here.indent)),
        );
    }
    (above.indent < here.indent && above.has_value()).then(|| {
        let place = here.span(span, source);
        let left = Span::new(span.source, place.start - here.indent, place.start);
        Diagnostic::new(Code::NotYaml, "a line further right than the one above")
            .at(Span::new(span.source, place.start, place.start + 1), "this key")
            .at(above.span(span, source), "has its value already, so nothing goes below it")
            .help("indent both alike")
            .fix(left, " ".repeat(above.indent))
    })
}

/// `on_message: |` with its first line as far left as the key.
fn block_not_indented(number: usize, span: Span, source: &Source) -> Option<Diagnostic> {
    let mut upwards = (1..=number).rev().filter_map(|number| line(source, number));
    let first = upwards.find(|line| !line.has_key())?;
    let key = upwards.next()?;
    let header = key.text.trim_end_matches(['-', '+']);
    let opens = header.ends_with(": |") || header.ends_with(": >");
    if !opens || first.indent > key.indent {
        return None;
    }
    let place = first.span(span, source);
    let left = Span::new(span.source, place.start - first.indent, place.start);
    Some(
        Diagnostic::new(Code::NotYaml, "the lines of a block stand further right than its key")
            .at(place, "this line")
            .at(key.span(span, source), "a block begins behind this")
            .help("indent it")
            .fix(left, " ".repeat(key.indent + 2)),
    )
}

fn line(source: &Source, number: usize) -> Option<Line<'_>> {
    let line = source.line(number);
    let indent = indent(line);
    // A tab is no indent, so it belongs to the text.
    let text = line[indent..].trim_end();
    let says = text.trim_start();
    (!says.is_empty() && !says.starts_with('#')).then_some(Line { number, indent, text })
}

/// `role push`, `role = push`, `role:push` and `// a comment`.
fn no_key(line: &Line<'_>, span: Span, source: &Source) -> Diagnostic {
    let place = line.span(span, source);
    let fault = |message: &str| Diagnostic::new(Code::NotYaml, message).at(place, "this line");
    if let Some(comment) = line.text.strip_prefix("//") {
        let mended = format!("#{comment}");
        return fault("a comment begins with `#`").help("write `#`").fix(place, mended);
    }
    let key = line.text.split([' ', '=', ':']).next().unwrap_or_default();
    let rest = line.text[key.len()..].trim_start_matches([' ', '=', ':']);
    let is_name =
        !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    let fault = fault("a line without `: `").because("YAML wants a colon and a space behind a key");
    match is_name && !rest.is_empty() {
        true => {
            let mended = format!("{key}: {rest}");
            fault.help(format!("write `{mended}`")).fix(place, mended)
        }
        false => fault.help("write `key: value`"),
    }
}
