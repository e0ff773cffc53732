//! What a script defines and calls, also where it does not compile.
//!
//! Owns reading that off its tokens. Never knows a topology.

use std::ops::Range;

use super::tokens::{Token, TokenKind, tokens};

/// A script's text with its tokens.
pub(super) struct Script<'t> {
    pub(super) text: &'t str,
    pub(super) tokens: Vec<Token>,
}

/// A function that a script defines.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Defined {
    pub(super) name: Range<usize>,
    pub(super) arguments: Vec<Range<usize>>,
    /// From `fn` to the end of its body.
    pub(super) span: Range<usize>,
}

/// The call around a place.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Around {
    /// The function's name.
    pub(super) name: Range<usize>,
    /// Which argument the place is in, from 0.
    pub(super) argument: usize,
    /// Whether a dot stands before it.
    pub(super) on_value: bool,
}

/// An `import "path" as alias`.
pub(super) struct Import {
    pub(super) path: Range<usize>,
    pub(super) alias: Option<Range<usize>>,
}

impl<'t> Script<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { text, tokens: tokens(text) }
    }

    /// What a token says.
    pub(super) fn says(&self, token: &Token) -> &'t str {
        &self.text[token.inner.clone()]
    }

    fn is(&self, at: usize, word: &str) -> bool {
        self.tokens
            .get(at)
            .is_some_and(|token| token.kind == TokenKind::Word && self.says(token) == word)
    }

    fn mark(&self, at: usize) -> Option<char> {
        match self.tokens.get(at)?.kind {
            TokenKind::Mark(c) => Some(c),
            TokenKind::Word | TokenKind::Number | TokenKind::Text | TokenKind::Comment => None,
        }
    }

    /// The token that a place is in, or that ends there.
    pub(super) fn at(&self, byte: usize) -> Option<usize> {
        let behind = self.tokens.partition_point(|token| token.span.start <= byte);
        let touches = |at: &usize| {
            let token = &self.tokens[*at];
            match token.kind {
                TokenKind::Word | TokenKind::Number => byte <= token.span.end,
                TokenKind::Text | TokenKind::Comment => {
                    byte > token.span.start && (byte < token.span.end || token.is_open)
                        || (token.inner.start..=token.inner.end).contains(&byte)
                            && token.kind == TokenKind::Text
                }
                TokenKind::Mark(_) => byte < token.span.end,
            }
        };
        let last = behind.checked_sub(1)?;
        // At the border of two the word is meant.
        let is_word = |at: &usize| self.tokens[*at].kind == TokenKind::Word;
        let before = last.checked_sub(1).filter(|at| is_word(at) && touches(at));
        if is_word(&last) || before.is_none() { Some(last).filter(touches) } else { before }
    }

    /// The functions that it defines.
    pub(super) fn functions(&self) -> Vec<Defined> {
        let heads = (0..self.tokens.len()).filter(|&at| self.is(at, "fn"));
        heads.filter_map(|at| self.function(at)).collect()
    }

    fn function(&self, at: usize) -> Option<Defined> {
        let name = self.tokens.get(at + 1).filter(|token| token.kind == TokenKind::Word)?;
        let mut next = at + 2;
        let mut arguments = Vec::new();
        if self.mark(next) == Some('(') {
            next += 1;
            while let Some(token) = self.tokens.get(next).filter(|_| self.mark(next) != Some(')')) {
                if token.kind == TokenKind::Word {
                    arguments.push(token.span.clone());
                }
                // A head that is never closed ends with its line.
                if self.mark(next) == Some('{') {
                    break;
                }
                next += 1;
            }
            next += usize::from(self.mark(next) == Some(')'));
        }
        let end =
            self.block_end(next).unwrap_or(self.tokens[next.min(self.tokens.len()) - 1].span.end);
        let span = self.tokens[at].span.start..end;
        Some(Defined { name: name.span.clone(), arguments, span })
    }

    /// Where the block ends that begins at a token; that of one that is never closed is the next
    /// function.
    fn block_end(&self, open: usize) -> Option<usize> {
        if self.mark(open) != Some('{') {
            return None;
        }
        let mut depth = 0_usize;
        for at in open..self.tokens.len() {
            match self.mark(at) {
                Some('{') => depth += 1,
                Some('}') => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                return Some(self.tokens[at].span.end);
            }
            if at > open && self.is(at, "fn") && self.is_at_line_start(at) {
                return Some(self.tokens[at - 1].span.end);
            }
        }
        Some(self.text.len())
    }

    fn is_at_line_start(&self, at: usize) -> bool {
        let start = self.tokens[at].span.start;
        start == 0 || self.text[..start].ends_with('\n')
    }

    /// The function that a place is in.
    pub(super) fn function_at(&self, byte: usize) -> Option<Defined> {
        let around = |function: &Defined| (function.span.start..=function.span.end).contains(&byte);
        self.functions().into_iter().rev().find(around)
    }

    /// The names that `let`, `const`, `for` and closures define before a place.
    pub(super) fn variables_before(&self, byte: usize) -> Vec<&'t str> {
        let from = self.function_at(byte).map_or(0, |function| function.span.start);
        let mut found: Vec<&str> = Vec::new();
        let near = |token: &&Token| (from..byte).contains(&token.span.start);
        for (at, token) in self.tokens.iter().enumerate().filter(|(_, token)| near(token)) {
            let word = match token.kind {
                TokenKind::Word if ["let", "const", "for"].contains(&self.says(token)) => at + 1,
                TokenKind::Mark('|') | TokenKind::Mark(',') if self.mark(at + 2) == Some('|') => {
                    at + 1
                }
                TokenKind::Word
                | TokenKind::Number
                | TokenKind::Text
                | TokenKind::Comment
                | TokenKind::Mark(_) => continue,
            };
            if let Some(name) = self
                .tokens
                .get(word)
                .filter(|name| name.kind == TokenKind::Word && name.span.end < byte)
            {
                found.push(self.says(name));
            }
        }
        found
    }

    /// What it keeps in `this`.
    pub(super) fn members_of_this(&self) -> Vec<&'t str> {
        self.members("this").map(|token| self.says(token)).collect()
    }

    /// The words behind `NAME.`.
    pub(super) fn members<'s>(&'s self, name: &'s str) -> impl Iterator<Item = &'s Token> {
        let firsts = (0..self.tokens.len())
            .filter(move |&at| self.is(at, name) && self.mark(at + 1) == Some('.'));
        firsts.filter_map(|at| self.tokens.get(at + 2)).filter(|it| it.kind == TokenKind::Word)
    }

    /// What it imports.
    pub(super) fn imports(&self) -> Vec<Import> {
        let heads = (0..self.tokens.len()).filter(|&at| self.is(at, "import"));
        let imports = heads.filter_map(|at| {
            let path = self.tokens.get(at + 1).filter(|token| token.kind == TokenKind::Text)?;
            let alias = self.tokens.get(at + 3).filter(|_| self.is(at + 2, "as"));
            Some(Import { path: path.inner.clone(), alias: alias.map(|it| it.span.clone()) })
        });
        imports.collect()
    }

    /// The calls `NAME("text", …)`: their name, and each argument that is one text, with its place.
    pub(super) fn calls_with_text(&self) -> Vec<(&'t str, usize, &Token)> {
        let texts = self.tokens.iter().filter(|token| token.kind == TokenKind::Text);
        texts
            .filter_map(|token| {
                let around = self.around(token.span.start)?;
                Some((&self.text[around.name], around.argument, token))
            })
            .collect()
    }

    /// The call whose parentheses a place is in.
    pub(super) fn around(&self, byte: usize) -> Option<Around> {
        let behind = self.tokens.partition_point(|token| token.span.start < byte);
        let mut argument = 0;
        let mut depth = 0_usize;
        for at in (0..behind).rev() {
            match self.mark(at) {
                Some(')' | ']' | '}') => depth += 1,
                Some('(') if depth == 0 => {
                    let name = self.tokens.get(at.checked_sub(1)?)?;
                    let on_value = at >= 2 && self.mark(at - 2) == Some('.');
                    let is_call = name.kind == TokenKind::Word;
                    return is_call.then(|| Around { name: name.span.clone(), argument, on_value });
                }
                Some('[' | '{') if depth == 0 => return None,
                Some('(' | '[' | '{') => depth -= 1,
                Some(',') if depth == 0 => argument += 1,
                Some(';') if depth == 0 => return None,
                _ => {}
            }
        }
        None
    }

    /// Whether a token is compared with `msg.NAME` or `peer.NAME`.
    pub(super) fn is_compared(&self, at: usize, name: &str) -> bool {
        let is_equals = |at: usize| matches!(self.mark(at), Some('=' | '!'));
        let Some(word) = at.checked_sub(3) else { return false };
        is_equals(at - 1)
            && is_equals(at - 2)
            && self.is(word, name)
            && matches!(self.owner(word), Some(("msg" | "peer", false)))
    }

    /// Whether a word is called, or is a function's where that is defined.
    pub(super) fn is_called(&self, at: usize) -> bool {
        self.mark(at + 1) == Some('(') || at.checked_sub(1).is_some_and(|at| self.is(at, "fn"))
    }

    /// The word before a dot or `::` that a word at a token hangs on.
    pub(super) fn owner(&self, at: usize) -> Option<(&'t str, bool)> {
        let dot = at.checked_sub(1)?;
        match self.mark(dot)? {
            '.' => {
                let before = self.tokens.get(dot.checked_sub(1)?)?;
                let is_word = before.kind == TokenKind::Word;
                // `a.b.` hangs on `b`, of which nothing is known.
                let is_first = dot < 2 || self.mark(dot - 2) != Some('.');
                Some((if is_word && is_first { self.says(before) } else { "" }, false))
            }
            ':' if self.mark(dot.checked_sub(1)?) == Some(':') => {
                let before = self.tokens.get(dot.checked_sub(2)?)?;
                Some((self.says(before), true))
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCRIPT: &str = "import \"unit\" as u;\nfn on_start() { this.count = 0; }\nfn half(a, b) {\n    let c = a / 2;\n    [1].map(|x| x);\n    send_to(\"news\", c)\n}\n";

    #[test]
    fn what_a_script_defines_is_read_off_its_tokens() {
        let script = Script::new(SCRIPT);
        let functions = script.functions();
        let names: Vec<&str> = functions.iter().map(|it| &SCRIPT[it.name.clone()]).collect();
        assert_eq!(names, ["on_start", "half"]);
        assert_eq!(functions[1].arguments.len(), 2);
        assert!(SCRIPT[functions[1].span.clone()].ends_with("c)\n}"));
        assert_eq!(script.members_of_this(), ["count"]);
        assert_eq!(&SCRIPT[script.imports()[0].path.clone()], "unit");
        let at = SCRIPT.find(", c)").unwrap();
        assert_eq!(script.variables_before(at), ["c", "x"]);
        let around = script.around(at + 2).unwrap();
        assert_eq!((&SCRIPT[around.name], around.argument), ("send_to", 1));
        assert_eq!(script.calls_with_text().len(), 1);
    }

    #[test]
    fn what_is_not_finished_is_read_as_far_as_it_goes() {
        for end in 0..SCRIPT.len() {
            let script = Script::new(&SCRIPT[..end]);
            script.functions();
            script.variables_before(end);
            script.around(end);
            script.at(end);
        }
        let script = Script::new("fn a( {\nfn b() { send(\"");
        assert_eq!(script.functions().len(), 2);
        assert_eq!(script.around(22).map(|around| around.argument), Some(0));
    }
}
