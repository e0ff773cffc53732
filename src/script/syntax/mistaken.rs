//! What compiles, but does not mean what it would mean in other languages.
//!
//! Owns only what nobody can have meant as it stands. Never judges what may be meant.

use std::collections::BTreeSet;

use rhai::Position;

use super::words::{Kind, Word, words};

/// What is mistaken for something else.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Mistake {
    /// `{}` where a value stands: an empty block, for a map.
    EmptyBlock,
    /// `"${name}"` of a variable of that name: a text as it is, for one that is filled in.
    Quoted(String),
    /// `7 // 2;`: a comment that hides the `;`, for a division.
    Comment(String),
    /// `0 < x < 10`: a comparison of true or false with something else.
    Chained,
    /// `"-" * 10`: an operator of numbers beside a text.
    Calculated(String),
    /// `if msg.text`: a text for true or false.
    Condition,
    /// `int(msg.text)`: a text for a number.
    Whole,
}

/// Words behind which a value begins, but never a block.
const BEFORE_A_VALUE: [&str; 7] = ["=", "(", "[", ",", ":", "==", "!="];
/// Words that are no value, though they are names.
const NO_VALUES: [&str; 6] = ["return", "break", "continue", "else", "throw", "in"];

/// All of a script that compiles.
pub(in crate::script) fn mistaken(script: &str) -> Vec<(Position, Mistake)> {
    let words = words(script);
    let mut found = Vec::new();
    let mut names = Names::default();
    for (at, word) in words.iter().enumerate() {
        names.pass(&words[..=at]);
        let next = words.get(at + 1);
        let before = at.checked_sub(1).map_or("", |before| words[before].text);
        if word.text == "{"
            && next.is_some_and(|next| next.text == "}")
            && BEFORE_A_VALUE.contains(&before)
        {
            found.push((word.place(), Mistake::EmptyBlock));
        }
        if word.text.starts_with('"') && !is_replacement(&words[..at]) {
            let name = named_in(word.text).into_iter().find(|(name, _)| names.has(name));
            found.extend(name.map(|(_, written)| (word.place(), Mistake::Quoted(written.into()))));
        }
        if let Some(number) = hidden_number(script, word, next) {
            let value = if word.kind == Kind::Close { "…" } else { word.text };
            let meant = format!("{value} / {number}");
            found.push((word.place(), Mistake::Comment(meant)));
        }
    }
    found
}

/// The variables of the function that is being read.
#[derive(Default)]
struct Names<'t> {
    constants: BTreeSet<&'t str>,
    local: BTreeSet<&'t str>,
    depth: usize,
    /// Whether the arguments of a function are being read.
    is_head: bool,
}

impl<'t> Names<'t> {
    fn has(&self, name: &str) -> bool {
        name == "this" || self.local.contains(name) || self.constants.contains(name)
    }

    /// Takes the last of these words into account.
    fn pass(&mut self, words: &[Word<'t>]) {
        let [.., word] = words else { return };
        let before = words.len().checked_sub(2).map_or("", |before| words[before].text);
        match word.text {
            "fn" => {
                self.local.clear();
                self.is_head = true;
            }
            "{" if self.is_head => {
                self.is_head = false;
                self.depth += 1;
            }
            _ if word.kind == Kind::Open => self.depth += 1,
            _ if word.kind == Kind::Close => self.depth = self.depth.saturating_sub(1),
            name if word.kind == Kind::Name => {
                if self.is_head && before != "fn" || ["let", "for"].contains(&before) {
                    self.local.insert(name);
                } else if before == "const" && self.depth == 0 {
                    self.constants.insert(name);
                } else if before == "const" {
                    self.local.insert(name);
                }
            }
            _ => {}
        }
    }
}

/// The names that stand so in a text, with what is written: `${name}`, `${name.part}` or `${name[…]}`.
fn named_in(text: &str) -> Vec<(&str, &str)> {
    let mut names = Vec::new();
    for (at, _) in text.match_indices("${") {
        if text[..at].ends_with(['\\', '$']) {
            continue;
        }
        let rest = &text[at + 2..];
        let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
        if rest[end..].starts_with(['}', '.', '[']) && end > 0 {
            let closed = rest.find('}').map_or(rest.len(), |brace| brace + 1);
            names.push((&rest[..end], &text[at..at + 2 + closed]));
        }
    }
    names
}

/// Whether a text is for `replace_all`, where `${name}` is a group.
fn is_replacement(before: &[Word<'_>]) -> bool {
    let statement = before.iter().rev().take_while(|word| ![";", "{", "}"].contains(&word.text));
    statement.into_iter().any(|word| word.text == "replace_all")
}

/// The number, where a value is followed by a comment of a number and a `;`, and nothing else ends it.
fn hidden_number<'t>(script: &'t str, word: &Word<'t>, next: Option<&Word<'_>>) -> Option<&'t str> {
    let is_value = match word.kind {
        Kind::Name => !NO_VALUES.contains(&word.text),
        Kind::Number => true,
        Kind::Close => word.text != "}",
        Kind::Text | Kind::Open | Kind::Symbol => false,
    };
    if !is_value || next.is_some_and(|next| next.line == word.line) {
        return None;
    }
    let comment = word.rest_of_line(script).trim().strip_prefix("//")?;
    let number = comment.strip_suffix(';')?.trim();
    let is_number = number.starts_with(|c: char| c.is_ascii_digit())
        && number.chars().all(|c| c.is_ascii_digit() || c == '.' || c == '_');
    is_number.then_some(number)
}

#[cfg(test)]
mod tests {
    use super::{Mistake, mistaken};

    fn found(script: &str) -> Vec<Mistake> {
        mistaken(script).into_iter().map(|(_, mistake)| mistake).collect()
    }

    fn quoted(written: &str) -> Vec<Mistake> {
        vec![Mistake::Quoted(written.to_owned())]
    }

    #[test]
    fn what_nobody_can_have_meant_is_found() {
        let block = || vec![Mistake::EmptyBlock];
        for (script, wanted) in [
            ("let m = {};", block()),
            ("this.m = { };", block()),
            ("f({})", block()),
            ("f(1, {})", block()),
            ("let l = [{}];", block()),
            ("let m = #{a: {}};", block()),
            ("if this.m == {} { f() }", block()),
            ("let x = 1; print(\"x is ${x}\");", quoted("${x}")),
            ("fn on_message(msg) { print(\"${msg.text}\") }", quoted("${msg.text}")),
            ("fn f(a, b) { \"a ${b[0]}\" }", quoted("${b[0]}")),
            ("fn f() { print(\"${this.n}\") }", quoted("${this.n}")),
            ("const C = 1; fn f() { \"${C}\" }", quoted("${C}")),
            ("for i in 0..3 { print(\"${i}\"); }", quoted("${i}")),
            ("fn f(n) {\n let h = n // 2;\n}", vec![Mistake::Comment("n / 2".to_owned())]),
            ("f(7) // 2;", vec![Mistake::Comment("… / 2".to_owned())]),
        ] {
            assert_eq!(found(script), wanted, "{script}");
        }
    }

    #[test]
    fn what_may_be_meant_is_left_alone() {
        for script in [
            "let m = #{}; if x {} else {} while f() {} fn g() {} loop {}",
            "switch x { 1 => {}, _ => {} }",
            "let f = |x| {}; let g = || {}; try {} catch {}",
            "let b = { 1 }; let x = if y {} else { 1 };",
            "let x = 1; print(`${x}`); print(`a \"${x}\" b`);",
            "print(\"${HOME} and ${unknown.x}\");",
            "fn f(name) { t.replace_all(\"(?<name>x)\", \"${name}!\") }",
            "fn f(x) { \"$${x} \\${x} ${} ${ x } $x\" }",
            "fn f(x) { x } fn g() { \"${x}\" }",
            "x.len() // 3",
            "x.len(); // 3;",
            "this.n // how many;\n",
            "return // 2;\n",
            "f(1, // 2;\n 3)",
            "{ // 2;\n }",
            "\"a // 2;\"",
        ] {
            assert_eq!(found(script), vec![], "{script}");
        }
    }
}
