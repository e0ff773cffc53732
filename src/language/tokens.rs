//! A script as tokens, also where it does not compile.
//!
//! Owns what is a comment, a text, a word. Never knows what a word means.

use std::ops::Range;

/// What a token is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum TokenKind {
    /// A name or a keyword.
    Word,
    /// A number.
    Number,
    /// A text, or a piece of one between backticks.
    Text,
    /// A comment.
    Comment,
    /// Anything else, one character.
    Mark(char),
}

/// A token with its place.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Token {
    pub(super) kind: TokenKind,
    pub(super) span: Range<usize>,
    /// Of a text, what stands between its quotation marks; otherwise the same as the span.
    pub(super) inner: Range<usize>,
    /// Whether a text or comment goes on up to its place, so that a cursor behind it is inside.
    pub(super) is_open: bool,
}

/// The tokens of a script, in order.
pub(super) fn tokens(text: &str) -> Vec<Token> {
    let mut lexer = Lexer { text, at: 0, found: Vec::new(), open: Vec::new() };
    while lexer.at < text.len() {
        lexer.step();
    }
    lexer.found
}

struct Lexer<'t> {
    text: &'t str,
    at: usize,
    found: Vec<Token>,
    /// For each `${` that is open, how many braces are open in it.
    open: Vec<usize>,
}

impl Lexer<'_> {
    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn push(&mut self, kind: TokenKind, length: usize) {
        let span = self.at..self.at + length;
        self.found.push(Token { kind, inner: span.clone(), span, is_open: false });
        self.at += length;
    }

    fn step(&mut self) {
        let rest = self.rest();
        let Some(c) = rest.chars().next() else { return };
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        let reach = |is: &dyn Fn(char) -> bool| rest.find(|c| !is(c)).unwrap_or(rest.len());
        if c.is_whitespace() {
            self.at += reach(&char::is_whitespace);
        } else if rest.starts_with("//") {
            let length = rest.find('\n').unwrap_or(rest.len());
            self.push(TokenKind::Comment, length);
            self.mark_open();
        } else if rest.starts_with("/*") {
            self.block_comment();
        } else if c.is_ascii_digit() {
            let length = reach(&is_word);
            self.push(TokenKind::Number, length);
        } else if is_word(c) {
            let length = reach(&is_word);
            self.push(TokenKind::Word, length);
        } else if let Some(closer) = raw_closer(rest) {
            self.raw(&closer);
        } else if c == '"' || c == '\'' {
            self.quoted(c);
        } else if c == '`' {
            self.at += 1;
            self.filled(1);
        } else {
            self.mark(c);
        }
    }

    fn mark(&mut self, c: char) {
        match (c, self.open.last_mut()) {
            ('{', Some(braces)) => *braces += 1,
            // It belongs to the text that goes on behind it, as `${` does to the one before.
            ('}', Some(0)) => {
                self.open.pop();
                self.at += 1;
                return self.filled(1);
            }
            ('}', Some(braces)) => *braces -= 1,
            _ => {}
        }
        self.push(TokenKind::Mark(c), c.len_utf8());
    }

    fn mark_open(&mut self) {
        if let Some(last) = self.found.last_mut() {
            last.is_open = true;
        }
    }

    fn block_comment(&mut self) {
        let close = self.rest()[2..].find("*/");
        let length = close.map_or(self.rest().len(), |close| close + 4);
        self.push(TokenKind::Comment, length);
        if close.is_none() {
            self.mark_open();
        }
    }

    /// `#"…"#`.
    fn raw(&mut self, closer: &str) {
        let start = self.at;
        let inner = start + closer.len();
        let close = self.text[inner..].find(closer).map(|at| inner + at);
        let inner = inner..close.unwrap_or(self.text.len());
        let end = close.map_or(self.text.len(), |close| close + closer.len());
        self.text_token(start..end, inner, close.is_none());
    }

    fn quoted(&mut self, mark: char) {
        let start = self.at;
        let mut characters = self.text[start + 1..].char_indices();
        let mut end = None;
        let mut stop = self.text.len();
        while let Some((at, c)) = characters.next() {
            match c {
                '\\' => drop(characters.next()),
                '\n' => {
                    stop = start + 1 + at;
                    break;
                }
                c if c == mark => {
                    end = Some(start + 1 + at);
                    break;
                }
                _ => {}
            }
        }
        let inner = start + 1..end.unwrap_or(stop);
        self.text_token(start..end.map_or(stop, |end| end + 1), inner, end.is_none());
    }

    /// A piece of a text between backticks, behind its first one or behind a `}`.
    fn filled(&mut self, before: usize) {
        let start = self.at;
        let mut characters = self.text[start..].char_indices();
        while let Some((at, c)) = characters.next() {
            let at = start + at;
            match c {
                '\\' => drop(characters.next()),
                '`' => return self.text_token(start - before..at + 1, start..at, false),
                '$' if self.text[at..].starts_with("${") => {
                    self.text_token(start - before..at + 2, start..at, false);
                    self.open.push(0);
                    return;
                }
                _ => {}
            }
        }
        self.text_token(start - before..self.text.len(), start..self.text.len(), true);
    }

    fn text_token(&mut self, span: Range<usize>, inner: Range<usize>, is_open: bool) {
        self.at = span.end;
        self.found.push(Token { kind: TokenKind::Text, span, inner, is_open });
    }
}

/// What ends a raw text that begins here.
fn raw_closer(rest: &str) -> Option<String> {
    let hashes = rest.len() - rest.trim_start_matches('#').len();
    let is_raw = hashes > 0 && rest[hashes..].starts_with('"');
    is_raw.then(|| format!("\"{}", "#".repeat(hashes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> Vec<String> {
        let shown = tokens(text).into_iter().map(|token| {
            let inner = &text[token.inner.clone()];
            match token.kind {
                TokenKind::Word => inner.to_owned(),
                TokenKind::Number => format!("number {inner}"),
                TokenKind::Text => format!("text <{inner}>"),
                TokenKind::Comment => "comment".to_owned(),
                TokenKind::Mark(c) => c.to_string(),
            }
        });
        shown.collect()
    }

    #[test]
    fn texts_comments_and_what_fills_a_text_are_told_apart() {
        assert_eq!(told("send(\"a\\\"b\") // x"), ["send", "(", "text <a\\\"b>", ")", "comment"]);
        assert_eq!(
            told("`a ${#{b: `${c}`}} d` e"),
            ["text <a >", "#", "{", "b", ":", "text <>", "c", "text <>", "}", "text < d>", "e"]
        );
        assert_eq!(
            told("#\"a \"b\"# /* x\n */ 1.5"),
            ["text <a \"b>", "comment", "number 1", ".", "number 5"]
        );
    }

    #[test]
    fn a_text_that_is_never_closed_ends_with_its_line_and_is_open() {
        let text = "send(\"a\nprint(1)";
        let tokens = tokens(text);
        assert!(tokens[2].is_open);
        assert_eq!(&text[tokens[2].inner.clone()], "a");
        assert_eq!(&text[tokens[3].span.clone()], "print");
    }
}
