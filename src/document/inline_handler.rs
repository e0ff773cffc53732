//! Inline handlers: their bodies, and where each line of them stands in the YAML file.
//!
//! Owns the way from a body back to its text, through YAML's folding and escapes. Never compiles.

use crate::source::{Position, Source, Span};

use super::braces::opens_more_than_it_closes;
use super::build::Document;
use super::node::{Node, Scalar, Style};
use super::written::as_block;

/// How YAML changed a handler's body before Rhai saw it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum YamlHand {
    /// An unquoted text ends at ` #`.
    CutAtHash,
    /// Inside braces an unquoted text ends at a comma.
    CutInBraces,
    /// `: ` made a map of it.
    MadeAMap,
    /// Lines of an unquoted, quoted or folded text became one.
    JoinedLines,
    /// `\` in double quotes is YAML's.
    ReadEscapes,
}

impl YamlHand {
    /// What happened, in one sentence.
    #[must_use]
    pub fn why(self) -> &'static str {
        match self {
            Self::CutAtHash => {
                "YAML takes ` #` in an unquoted text for a comment, so the rest of the line never reached Rhai"
            }
            Self::MadeAMap => {
                "YAML takes `: ` in an unquoted text for a key and its value, so no handler reached Rhai"
            }
            Self::CutInBraces => super::braces::WHY,
            Self::JoinedLines => {
                "YAML joins the lines of a text that is no `|` block, so Rhai saw one line"
            }
            Self::ReadEscapes => {
                "YAML reads the backslashes of a text in double quotes, so Rhai saw none of them"
            }
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn help(self) -> &'static str {
        if self == Self::CutInBraces {
            return super::braces::HELP;
        }
        "write the body as a block: `|` after the key, and the code indented below it"
    }
}

impl Document {
    /// For each line of a text's value, where that line begins in the file.
    #[must_use]
    pub fn line_places(&self, value: &Node) -> Vec<Position> {
        let scalar = value.as_scalar();
        scalar.map_or_else(Vec::new, |scalar| line_places(&self.source, value, scalar))
    }

    /// A handler's body as it should have been written, as a `|` block or in quotes, where YAML cut it.
    #[must_use]
    pub fn uncut(&self, value: &Node) -> Option<(Span, String)> {
        let span = value.span;
        let (end, whole) = match self.yaml_hand(value)? {
            YamlHand::CutInBraces => super::braces::quoted(&self.source, span.start)?,
            YamlHand::CutAtHash => {
                as_block(&self.source, span.start).filter(|(end, _)| *end > span.end)?
            }
            YamlHand::MadeAMap | YamlHand::JoinedLines | YamlHand::ReadEscapes => return None,
        };
        Some((Span::new(span.source, span.start, end), whole))
    }

    /// What YAML did to a handler's body, if anything.
    #[must_use]
    pub fn yaml_hand(&self, value: &Node) -> Option<YamlHand> {
        if value.as_mapping().is_some() {
            return Some(YamlHand::MadeAMap);
        }
        let scalar = value.as_scalar()?;
        let written = &self.source.text()[value.span.start..value.span.end];
        match scalar.style {
            Style::Plain if is_cut_in_braces(self.source.text(), value.span.end, &scalar.text) => {
                Some(YamlHand::CutInBraces)
            }
            Style::Plain if is_cut(self.source.text(), value.span.end) => Some(YamlHand::CutAtHash),
            Style::DoubleQuoted if written.contains('\\') => Some(YamlHand::ReadEscapes),
            Style::Plain | Style::SingleQuoted | Style::DoubleQuoted | Style::Folded => {
                written.contains('\n').then_some(YamlHand::JoinedLines)
            }
            Style::Literal => None,
        }
    }
}

/// Whether a comment follows on the same line.
fn is_cut(text: &str, end: usize) -> bool {
    let rest = &text[end..];
    let rest = rest.split('\n').next().unwrap_or_default();
    rest.starts_with([' ', '\t']) && rest.trim_start().starts_with('#')
}

/// Whether a comma that belongs to a call or a list ended the text.
fn is_cut_in_braces(text: &str, end: usize, body: &str) -> bool {
    text[end..].trim_start().starts_with(',') && opens_more_than_it_closes(body)
}

/// Where each line of a body begins.
///
/// Folding and indentation only touch white space: the n-th other character of the body is the
/// n-th other character of what is written, escapes read.
fn line_places(source: &Source, value: &Node, scalar: &Scalar) -> Vec<Position> {
    let written = &source.text()[value.span.start..value.span.end];
    let mut characters = visible_characters(written, scalar.style);
    let mut cursor = Cursor::new(written, source.position(value.span.start));
    let mut places: Vec<Position> = Vec::new();
    let mut next = cursor.position;
    for line in scalar.text.lines() {
        let indentation = line.chars().take_while(|c| c.is_whitespace()).count();
        let length = line.chars().filter(|c| !c.is_whitespace()).count();
        let place = match if length > 0 { characters.next() } else { None } {
            Some(at) => {
                let first = cursor.advance(at);
                Position { column: first.column.saturating_sub(indentation).max(1), ..first }
            }
            None => Position { column: 1, ..next },
        };
        if length > 1 {
            // The rest of the line's characters belong to it.
            characters.nth(length - 2);
        }
        places.push(place);
        next = Position { line: place.line + 1, column: 1 };
    }
    if scalar.style == Style::Literal {
        blank_lines_go_before(&mut places, scalar);
    }
    places
}

/// Counts lines and columns forward, so that many places cost one pass.
struct Cursor<'t> {
    text: &'t str,
    byte: usize,
    position: Position,
}

impl<'t> Cursor<'t> {
    fn new(text: &'t str, position: Position) -> Self {
        Self { text, byte: 0, position }
    }

    fn advance(&mut self, to: usize) -> Position {
        for c in self.text[self.byte..to.max(self.byte)].chars() {
            if c == '\n' {
                self.position = Position { line: self.position.line + 1, column: 1 };
            } else {
                self.position.column += 1;
            }
        }
        self.byte = to.max(self.byte);
        self.position
    }
}

/// A block's blank lines before its first character lie above the place where it starts.
fn blank_lines_go_before(places: &mut [Position], scalar: &Scalar) {
    let blank = scalar.text.lines().take_while(|line| line.trim().is_empty()).count();
    let Some(first) = places.get(blank).copied() else { return };
    for (at, place) in places[..blank].iter_mut().enumerate() {
        place.line = first.line.saturating_sub(blank - at).max(1);
    }
}

/// The places of all characters that are no white space, escapes read as one.
fn visible_characters(written: &str, style: Style) -> Box<dyn Iterator<Item = usize> + '_> {
    match style {
        Style::Plain | Style::Literal | Style::Folded => {
            Box::new(written.char_indices().filter(|(_, c)| !c.is_whitespace()).map(|(at, _)| at))
        }
        Style::SingleQuoted => Box::new(single_quoted(written)),
        Style::DoubleQuoted => Box::new(double_quoted(written)),
    }
}

fn single_quoted(written: &str) -> impl Iterator<Item = usize> + '_ {
    let mut characters = written.char_indices().skip(1).peekable();
    std::iter::from_fn(move || {
        loop {
            let (at, c) = characters.next()?;
            if c == '\'' {
                // Two of them are one; a single one is the end.
                characters.next_if(|&(_, next)| next == '\'')?;
            }
            if !c.is_whitespace() {
                return Some(at);
            }
        }
    })
}

fn double_quoted(written: &str) -> impl Iterator<Item = usize> + '_ {
    let mut characters = written.char_indices().skip(1);
    std::iter::from_fn(move || {
        loop {
            let (at, c) = characters.next()?;
            match c {
                '"' => return None,
                '\\' => {
                    let (_, escape) = characters.next()?;
                    let digits = match escape {
                        'x' => 2,
                        'u' => 4,
                        'U' => 8,
                        _ => 0,
                    };
                    if digits > 0 {
                        characters.nth(digits - 1)?;
                    }
                    let is_white = matches!(
                        escape,
                        'n' | 't'
                            | 'r'
                            | 'v'
                            | 'f'
                            | ' '
                            | '\t'
                            | '\n'
                            | '\r'
                            | 'N'
                            | '_'
                            | 'L'
                            | 'P'
                    );
                    if !is_white {
                        return Some(at);
                    }
                }
                c if c.is_whitespace() => {}
                _ => return Some(at),
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::SourceMap;

    fn handler(yaml: &str) -> (Document, Node) {
        let mut sources = SourceMap::default();
        let source = Source::new("a.yaml", yaml);
        let document = Document::parse(sources.add(source.clone()), &source, &|_| None).unwrap();
        let nodes = document.root().as_mapping().unwrap().get("nodes").unwrap();
        let node = nodes.as_mapping().unwrap().get("a").unwrap();
        let handler = node.as_mapping().unwrap().get("on_message").unwrap().clone();
        (document, handler)
    }

    /// Every visible character of the body is found where the line's place says.
    fn assert_places(yaml: &str, want: &[(usize, usize)]) {
        let (document, value) = handler(yaml);
        let places = document.line_places(&value);
        let found: Vec<_> = places.iter().map(|place| (place.line, place.column)).collect();
        assert_eq!(found, want, "{yaml}");
    }

    #[test]
    fn each_line_of_a_body_knows_where_it_was_written() {
        let head = "nodes:\n  a:\n    on_message: ";
        for (body, want) in [
            ("|\n      a\n        b\n\n      c\n", &[(4, 7), (4 + 1, 7), (6, 1), (7, 7)][..]),
            ("| # note\n\n      a\n", &[(4, 1), (5, 7)]),
            ("|-\n      ä\n      é\n", &[(4, 7), (5, 7)]),
            ("&x |2\n       a\n", &[(4, 7)]),
            (">\n      a\n      b\n\n      c\n", &[(4, 7), (7, 7)]),
            ("send(1)", &[(3, 17)]),
            ("send(1);\n      send(2)\n\n      x", &[(3, 17), (6, 7)]),
            ("'it''s\n\n      b'", &[(3, 18), (5, 7)]),
            ("\"a\\n  b\\x41\\nc\"", &[(3, 18), (3, 21), (3, 30)]),
        ] {
            assert_places(&format!("{head}{body}"), want);
        }
    }

    #[test]
    fn what_yaml_did_to_a_body_is_known() {
        let head = "nodes:\n  a:\n    on_message: ";
        for (body, want) in [
            ("send(1) # two", Some(YamlHand::CutAtHash)),
            ("send(#x)", None),
            ("send([1]), 2", None),
            ("{a: 1}", Some(YamlHand::MadeAMap)),
            ("|\n      send(1) # two\n", None),
            ("send(1);\n      send(2)", Some(YamlHand::JoinedLines)),
            ("\"send(\\\"x\\\")\"", Some(YamlHand::ReadEscapes)),
        ] {
            let (document, value) = handler(&format!("{head}{body}"));
            assert_eq!(document.yaml_hand(&value), want, "{body}");
        }
    }
}
