//! How far a text reaches in the file, and how else it could be written there.
//!
//! Owns what is read off the written text alone. Never knows a document.

use crate::source::Source;

use super::node::Style;

/// The rest of a line as a `|` block: where the line ends, and the block that says the same.
/// Nothing for a handler inside braces, where no block can stand.
pub(super) fn as_block(source: &Source, start: usize) -> Option<(usize, String)> {
    let line = source.line(source.position(start).line);
    let key = line.trim_start();
    if !key.starts_with("on_") {
        return None;
    }
    let rest = &source.text()[start..];
    let body = rest.split(['\n', '\r']).next().unwrap_or_default();
    let indentation = &line[..line.len() - key.len()];
    let code = unquoted(body.trim_end());
    Some((start + body.len(), format!("|\n{indentation}  {code}")))
}

/// A body without what was written for YAML alone: a `|` before it, or quotation marks around all of
/// it.
fn unquoted(body: &str) -> &str {
    if let Some(code) = body.strip_prefix("| ") {
        return code.trim_start();
    }
    // A `'` of Rhai holds one character, so nothing but YAML's begins with one and ends with another.
    if let Some(code) = body.strip_prefix('\'').filter(|code| code.chars().count() > 2) {
        return code.strip_suffix('\'').unwrap_or(code);
    }
    match body.strip_prefix('"') {
        Some(code) if !code.contains('"') => code,
        Some(code) if begins_inside(code) => code.strip_suffix('"').unwrap_or(code),
        Some(_) | None => body,
    }
}

/// Whether the first quotation mark of a code begins a text, as in `print("x")`.
fn begins_inside(code: &str) -> bool {
    let Some((before, after)) = code.split_once('"') else { return false };
    before.ends_with(['(', '[', ',']) && after.starts_with(|c: char| c.is_alphanumeric())
}

/// How much of a text a scalar takes up that starts there: a quoted one up to its closing
/// quotation mark, any other up to the white space behind it.
pub(super) fn written_length(written: &str, style: Style) -> usize {
    let mark = match style {
        Style::SingleQuoted => '\'',
        Style::DoubleQuoted => '"',
        Style::Plain | Style::Literal | Style::Folded => return written.trim_end().len(),
    };
    // A plain scalar tagged as text counts as quoted.
    let Some(inside) = written.strip_prefix(mark) else { return written.trim_end().len() };
    let mut characters = inside.char_indices().peekable();
    while let Some((at, c)) = characters.next() {
        if c == '\\' && mark == '"' {
            characters.next();
        } else if c == mark && (mark == '"' || characters.next_if(|&(_, c)| c == mark).is_none()) {
            return at + 2 * mark.len_utf8();
        }
    }
    written.trim_end().len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_reaches_to_its_closing_mark_or_the_white_space_behind_it() {
        for (written, style, length) in [
            ("a b  \n", Style::Plain, 3),
            ("|\n  a\n\n", Style::Literal, 5),
            (">\n  a \n", Style::Folded, 5),
            ("'it''s' # 'x'", Style::SingleQuoted, 7),
            ("'' x", Style::SingleQuoted, 2),
            ("\"a\\\"b\" \"c\"", Style::DoubleQuoted, 6),
            ("\"\\\\\" \"", Style::DoubleQuoted, 4),
            ("tagged ", Style::DoubleQuoted, 6),
            ("'open ", Style::SingleQuoted, 5),
        ] {
            assert_eq!(written_length(written, style), length, "{written:?}");
        }
    }

    #[test]
    fn the_rest_of_a_handlers_line_is_a_block_below_its_key() {
        for (line, want) in [
            ("  on_tick: send(1) # two  ", Some((26, "|\n    send(1) # two"))),
            ("on_tick: send(1)\nevery: 1s", Some((16, "|\n  send(1)"))),
            ("a: {on_tick: send(1)}", None),
            ("on_tick: | send(1)", Some((18, "|\n  send(1)"))),
            ("on_tick: 'send('x')'", Some((20, "|\n  send('x')"))),
            ("on_tick: \"send(\"x\")\"", Some((20, "|\n  send(\"x\")"))),
            ("on_tick: \"send(1)", Some((17, "|\n  send(1)"))),
            ("on_tick: \"a\" + \"send\"", Some((21, "|\n  \"a\" + \"send\""))),
        ] {
            let source = Source::new("a.yaml", line);
            let start = line.find("on_tick: ").unwrap() + "on_tick: ".len();
            let block = as_block(&source, start);
            let block = block.as_ref().map(|(end, text)| (*end, text.as_str()));
            assert_eq!(block, want, "{line:?}");
        }
    }
}
