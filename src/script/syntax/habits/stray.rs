//! Words of other languages that stand beside a value, where none of this one may.
//!
//! Owns the list of them, and what is written instead. Never looks further than their line.

use super::at;
use crate::script::syntax::told::Told;
use crate::script::syntax::words::{Kind, Reading};

/// Words that stand between two values, which no word of the language does.
const BETWEEN: &[(&[&str], &str, &str)] = &[
    (&["is", "not"], "two values are told apart by `!=`", "!="),
    (&["not", "in"], "what is not in something is written `!in`", "!in"),
    (&["is"], "two values are compared by `==`", "=="),
    (&["and"], "both of two is written `&&`", "&&"),
    (&["or"], "one of two is written `||`", "||"),
    (&["div"], "a whole number of times is written `/` between integers", "/"),
    (&["mod"], "the rest of a division is written `%`", "%"),
];

/// Words that stand before something, which no word of the language does.
const BEFORE: &[(&str, &str, &str)] = &[
    ("not", "what is not true is written `!`", "!"),
    ("elif", "another condition is written `else if`", "else if"),
    ("elsif", "another condition is written `else if`", "else if"),
    ("elseif", "another condition is written `else if`", "else if"),
    ("unless", "what is not true is written `if !(…)`", "if !"),
    ("raise", "a handler is made to fail by `throw`", "throw"),
    ("function", "a function is written `fn`", "fn"),
    ("func", "a function is written `fn`", "fn"),
    ("def", "a function is written `fn`", "fn"),
    ("del", "an entry is removed by `map.remove(key)`", ""),
    ("foreach", "every item is visited by `for item in list`", "for"),
    ("int", "a variable begins with `let`, without a type", "let"),
    ("str", "a variable begins with `let`, without a type", "let"),
    ("float", "a variable begins with `let`, without a type", "let"),
    ("double", "a variable begins with `let`, without a type", "let"),
    ("string", "a variable begins with `let`, without a type", "let"),
    ("String", "a variable begins with `let`, without a type", "let"),
    ("bool", "a variable begins with `let`, without a type", "let"),
    ("auto", "a variable begins with `let`, without a type", "let"),
    ("local", "a variable begins with `let`", "let"),
    ("global", "what outlasts a call is kept in `this`, a map", ""),
    ("nonlocal", "what outlasts a call is kept in `this`, a map", ""),
    ("mut", "every variable can be changed, so there is no `mut`", ""),
    ("pub", "every function can be called from elsewhere, so there is no `pub`", ""),
    ("echo", "the log is written by `print(text)`", ""),
];

/// Two values beside one another: the first word of the line that stands so and is known.
pub(super) fn on_the_line(reading: &Reading<'_>) -> Option<Told> {
    let line = reading.line();
    // What the parser takes for a value may have begun on the line before.
    let start = line.start.min(reading.at.saturating_sub(1));
    (start..line.end).find_map(|here| {
        let word = reading.words.get(here)?;
        let next = reading.words.get(here + 1)?;
        let follows_value = here
            .checked_sub(1)
            .and_then(|before| reading.words.get(before))
            .is_some_and(|before| before.ends_a_value() && before.line == word.line);
        if follows_value && let Some(told) = between(reading, here) {
            return Some(told);
        }
        let is_before = matches!(next.kind, Kind::Name | Kind::Number | Kind::Text | Kind::Open)
            && next.line == word.line
            && next.place() != word.end();
        before(reading, here).filter(|_| is_before)
    })
}

fn between(reading: &Reading<'_>, here: usize) -> Option<Told> {
    let (words, message, instead) = BETWEEN.iter().find(|(words, ..)| {
        words.iter().enumerate().all(|(more, word)| reading.text_of(here + more) == *word)
    })?;
    let written = reading.written(here, here + words.len());
    let word = reading.words.get(here)?;
    Some(at(word, *message, format!("write `{instead}`")).mended(word, written, instead))
}

fn before(reading: &Reading<'_>, here: usize) -> Option<Told> {
    let word = reading.words.get(here)?;
    let next = reading.text_of(here + 1);
    if word.text == "let" || word.kind != Kind::Name {
        return None;
    }
    if ["print", "send", "throw_", "log"].contains(&word.text)
        && reading.words.get(here + 1)?.kind == Kind::Text
    {
        return Some(
            at(
                word,
                format!("a function is called with parentheses: `{}(…)`", word.text),
                format!("write `{}({next})`", word.text),
            )
            .mended(
                word,
                reading.written(here, here + 2),
                &format!("{}({next})", word.text),
            ),
        );
    }
    let (known, message, instead) = BEFORE.iter().find(|(known, ..)| *known == word.text)?;
    let is_set = ["=", ";"].contains(&reading.text_of(here + 2));
    if message.ends_with("without a type") && !is_set {
        return None;
    }
    let is_definition = ["def", "function", "func"].contains(known);
    if is_definition && (reading.is_inline || reading.words.get(here + 1)?.kind == Kind::Open) {
        let help = "write `let f = |x| { … };` and call it by `f.call(1)`; functions with names stand \
                    in a `script`";
        return Some(at(word, "a function inside a handler is a closure: `|x| x + 1`", help));
    }
    Some(match *known {
        "mut" | "pub" => at(word, *message, "remove it").mended(word, &format!("{known} "), ""),
        "del" => at(word, *message, "write `this.map.remove(key)`"),
        "global" | "nonlocal" => at(word, *message, format!("remove it, and write `this.{next}`")),
        "echo" => at(word, *message, format!("write `print({next})`")),
        "not" => {
            at(word, *message, "write `!` before it, with parentheses around more than one word")
                .mended(word, "not ", "!")
        }
        _ => at(word, *message, format!("write `{instead}`")).mended(word, known, instead),
    })
}
