//! Several values where the language has one: tuples, unpacking, spreading, arguments by name.
//!
//! Owns how each is recognised, and how it is written here. Never looks further than the brackets
//! around the word where the parser stopped.

use rhai::ParseErrorType;

use super::{at, closure, innermost};
use crate::script::syntax::told::{Change, Told};
use crate::script::syntax::words::{Kind, Reading, Word};

pub(super) fn told(reading: &Reading<'_>, error: &ParseErrorType) -> Option<Told> {
    let opened = innermost(reading);
    two_of_for(reading)
        .or_else(|| variables(reading))
        .or_else(|| spread(reading, error, opened))
        .or_else(|| named_argument(reading, opened))
        .or_else(|| tuple(reading, opened))
}

/// `for k, v in …`.
fn two_of_for(reading: &Reading<'_>) -> Option<Told> {
    let word = reading.word().filter(|word| word.text == ",")?;
    let item = reading.before()?;
    if reading.text_of(reading.at.checked_sub(2)?) != "for" {
        return None;
    }
    let second = reading.text_of(reading.at + 1);
    let on_line = |name: &str| reading.line().any(|at| reading.text_of(at) == name);
    let help = if on_line("enumerate") {
        format!("write `for ({second}, {}) in list {{ … }}`: the position comes second", item.text)
    } else if on_line("items") || on_line("entries") {
        format!("write `for {0} in map.keys() {{ let {second} = map[{0}]; … }}`", item.text)
    } else {
        "write `for (item, i) in list { … }` for an item and its position, `for key in map.keys() \
         { … map[key] … }` for a map"
            .to_owned()
    };
    Some(at(word, "two names of a `for` stand in parentheses: an item, and its position", help))
}

/// `let a, b = …`, `let (a, b) = …`, `let {a} = …` and `a, b = b, a`.
fn variables(reading: &Reading<'_>) -> Option<Told> {
    let word = reading.word()?;
    let before = reading.before()?;
    let first = reading.at.checked_sub(2).map_or("", |at| reading.text_of(at));
    let message = "one variable is set at a time";
    let is_let = |text: &str| ["let", "const"].contains(&text);
    if is_let(before.text) && word.kind == Kind::Open {
        let name = reading.text_of(reading.at + 1);
        let other = reading.text_of(reading.at + 3);
        let is_name = |text: &str| text.starts_with(|c: char| c.is_alphabetic() || c == '_');
        let (name, other) =
            if is_name(name) && is_name(other) { (name, other) } else { ("a", "b") };
        let help = match word.text {
            "{" => format!("write `let {name} = map.{name}; let {other} = map.{other};`"),
            _ => format!("write `let {name} = list[0]; let {other} = list[1];`"),
        };
        return Some(at(word, message, help));
    }
    if word.text != "," || before.kind != Kind::Name {
        return None;
    }
    let (name, other) = (before.text, reading.text_of(reading.at + 1));
    let sets = reading.line().any(|at| at > reading.at && reading.text_of(at) == "=");
    if is_let(first) {
        return Some(at(word, message, format!("write `let {name} = …; let {other} = …;`")));
    }
    let begins = innermost(reading).is_none_or(|open| reading.text_of(open) == "{")
        && (reading.line().start + 1 == reading.at || [";", "{", "}"].contains(&first));
    (sets && begins).then(|| {
        let help = format!(
            "write `{name} = …; {other} = …;`, and keep in a variable first what both need, as in \
             `let old = {name};`"
        );
        at(word, message, help)
    })
}

/// `[...a, 1]`, `f(...list)`, `f(*list)`.
fn spread(reading: &Reading<'_>, error: &ParseErrorType, opened: Option<usize>) -> Option<Told> {
    let word = reading.word()?;
    let stars = ["*", "**"];
    // The parser takes `(*` for the begin of a comment.
    let is_star = (word.text == "(" && stars.contains(&reading.text_of(reading.at + 1)))
        || (stars.contains(&word.text)
            && reading.before().is_some_and(|before| ["(", ",", "["].contains(&before.text)));
    let is_dots = matches!(error, ParseErrorType::Reserved(dots) if dots == "...");
    if !is_star && !is_dots {
        return None;
    }
    let opened = if word.text == "(" { "(" } else { opened.map_or("", |at| reading.text_of(at)) };
    let help = match opened {
        "[" => "put arrays together by `+`, as in `list + [1]`",
        "#{" | "{" => "put maps together by `+`, as in `map + #{a: 1}`",
        _ => "write each argument, as in `f(list[0], list[1])`, or give the whole array",
    };
    Some(at(word, "an array or a map is not spread over others, nor over arguments", help))
}

/// `f(x = 1)`.
fn named_argument(reading: &Reading<'_>, opened: Option<usize>) -> Option<Told> {
    let word = reading.word().filter(|word| word.text == "=")?;
    let name = reading.before().filter(|before| before.kind == Kind::Name)?;
    let opened = opened.filter(|&at| reading.text_of(at) == "(")?;
    let function = opened.checked_sub(1).and_then(|at| reading.words.get(at))?;
    let begins = ["(", ","].contains(&reading.text_of(reading.at.checked_sub(2)?));
    if !is_called(function) || !begins || name.line != word.line {
        return None;
    }
    let written = reading.written(reading.at - 1, reading.at + 1);
    Some(Told {
        at: name.place(),
        message: "arguments have no names where a function is called".to_owned(),
        help: format!("write the value of `{}` alone, in its place", name.text),
        fix: Some(Change {
            at: name.place(),
            written: written.to_owned(),
            replacement: String::new(),
        }),
    })
}

/// `("a", "b")`, and `(a, b) => …`.
fn tuple(reading: &Reading<'_>, opened: Option<usize>) -> Option<Told> {
    reading.word().filter(|word| word.text == ",")?;
    let opened = opened.filter(|&at| reading.text_of(at) == "(")?;
    let before = opened.checked_sub(1).and_then(|at| reading.words.get(at));
    if before.is_some_and(is_called) {
        return None;
    }
    let open = &reading.words[opened];
    let closed = closing(reading, opened).filter(|&at| reading.words[at].line == open.line);
    if closed.is_some_and(|at| reading.text_of(at + 1) == "=>") {
        return Some(closure(open));
    }
    let message = "several values stand in `[…]`: an array";
    let Some(closed) = closed else { return Some(at(open, message, "write `[a, b]`")) };
    let written = reading.written(opened, closed + 1);
    let array = format!("[{}]", written.trim_start_matches('(').trim_end_matches(')'));
    let told = at(open, message, format!("write `{array}`"));
    Some(told.mended(open, written, &array))
}

/// Whether a word before a `(` is what is called.
fn is_called(word: &Word<'_>) -> bool {
    const HEADS: [&str; 6] = ["in", "return", "if", "while", "switch", "throw"];
    match word.kind {
        Kind::Name => !HEADS.contains(&word.text),
        Kind::Close => true,
        Kind::Number | Kind::Text | Kind::Open | Kind::Symbol => false,
    }
}

/// The bracket that closes another.
pub(super) fn closing(reading: &Reading<'_>, open: usize) -> Option<usize> {
    let mut depth = 0_usize;
    (open..reading.words.len()).find(|&at| {
        match reading.words[at].kind {
            Kind::Open => depth += 1,
            Kind::Close => depth = depth.saturating_sub(1),
            Kind::Name | Kind::Number | Kind::Text | Kind::Symbol => {}
        }
        depth == 0
    })
}
