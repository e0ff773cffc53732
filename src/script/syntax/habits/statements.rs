//! Statements of other languages: loops, classes, what fails, and blocks without braces.
//!
//! Owns how each is recognised, and how it is written here. Never looks at an operator.

use rhai::ParseErrorType;

use super::several::closing;
use super::{at, innermost, is_inside};
use crate::script::places::is_handler;
use crate::script::syntax::told::Told;
use crate::script::syntax::words::{Kind, Reading, Word};

pub(super) fn told(reading: &Reading<'_>, error: &ParseErrorType) -> Option<Told> {
    documentation(reading)
        .or_else(|| function_inside(reading, error))
        .or_else(|| state_outside(reading, error))
        .or_else(|| made_by_new(reading, error))
        .or_else(|| raised(reading))
        .or_else(|| after_its_word(reading))
        .or_else(|| loops(reading))
        .or_else(|| case(reading))
        .or_else(|| pattern(reading))
}

/// `"""What it does."""` as a statement.
fn documentation(reading: &Reading<'_>) -> Option<Told> {
    let line = reading.before()?.line;
    let first = reading.words.partition_point(|word| word.line < line);
    let first = reading.words.get(first)?;
    let text = reading.script.lines().nth(line - 1)?.trim();
    let says = text.strip_prefix("\"\"\"").or_else(|| text.strip_prefix("'''"))?;
    let told = at(first, "a comment begins with `//`", "write `//` before each line of it");
    let Some(says) = says.strip_suffix("\"\"\"").or_else(|| says.strip_suffix("'''")) else {
        return Some(told);
    };
    Some(told.mended(first, text, &format!("// {}", says.trim())))
}

/// `fn on_message(msg) { … }` as a handler's body.
fn function_inside(reading: &Reading<'_>, error: &ParseErrorType) -> Option<Told> {
    let word = reading.word().filter(|_| *error == ParseErrorType::WrongFnDefinition)?;
    let name = reading.text_of(reading.at + 1);
    Some(if reading.is_inline && is_handler(name) {
        at(
            word,
            "a handler in the topology is the inside of its function alone",
            format!("leave out `fn {name}(…) {{` and its `}}`"),
        )
    } else {
        let (message, home) = if reading.is_inline {
            ("a function with a name stands in a file that `script` names", "there")
        } else {
            ("a function with a name stands inside no other", "out of this one")
        };
        let help =
            format!("move it {home}, or write `let f = |x| {{ … }};` and call it by `f.call(1)`");
        at(word, message, help)
    })
}

/// `this.n = 0;` outside of a function.
fn state_outside(reading: &Reading<'_>, error: &ParseErrorType) -> Option<Told> {
    let word = reading.word().filter(|word| word.text == "this")?;
    let is_outside = matches!(error, ParseErrorType::BadInput(_) | ParseErrorType::Reserved(_))
        && !reading.is_inline
        && innermost(reading).is_none();
    let line = reading.line();
    is_outside.then(|| {
        let set = reading.written(reading.at, line.end).trim_end_matches(';');
        at(
            word,
            "`this`, what a node keeps, is there in its handlers only",
            format!("write `fn on_start() {{ {set}; }}`"),
        )
    })
}

/// `throw new Error("…")`, `new Date()`.
fn made_by_new(reading: &Reading<'_>, error: &ParseErrorType) -> Option<Told> {
    let word = reading.word().filter(|word| word.text == "new")?;
    if !matches!(error, ParseErrorType::Reserved(_)) {
        return None;
    }
    if reading.before().is_some_and(|before| before.text == "throw") {
        return thrown(reading, reading.at, reading.at + 1, "");
    }
    let help = match reading.text_of(reading.at + 1) {
        "Map" | "Object" => "write a map as `#{a: 1}`",
        "Array" => "write an array as `[1, 2]`",
        "Set" => "keep them as keys of a map: `this.seen[key] = true`, and ask `key in this.seen`",
        "Date" => "write `now()` for seconds since 1970, `time_text(now())` for a text",
        "Uint8Array" | "Buffer" | "ArrayBuffer" => "write `blob(size)`, or `text.to_blob()`",
        "RegExp" => "write the pattern as a text: `text.matches(\"a+\")`",
        _ => "write a map as `#{a: 1}`, an array as `[1, 2]`; or give it another name",
    };
    Some(at(word, "there are no classes, so nothing is made by `new`", help))
}

/// `raise ValueError("…")`.
fn raised(reading: &Reading<'_>) -> Option<Told> {
    let raise = reading.line().find(|&at| {
        reading.text_of(at) == "raise"
            && reading.words.get(at + 1).is_some_and(|word| word.kind == Kind::Name)
    })?;
    match reading.text_of(raise + 2) {
        "(" => thrown(reading, raise, raise + 1, "throw "),
        _ => None,
    }
}

/// What is thrown is a value, not one of a class: `Error("…")` from the word `class` on.
fn thrown(reading: &Reading<'_>, from: usize, class: usize, begin: &str) -> Option<Told> {
    let word = reading.words.get(from)?;
    let message = "what a handler throws is a value, such as a text";
    let (open, text, close) = (class + 1, class + 2, class + 3);
    let is_text = reading.words.get(text).is_some_and(|word| word.kind == Kind::Text);
    if reading.text_of(open) != "(" || reading.text_of(close) != ")" || !is_text {
        return Some(at(word, message, "write `throw \"what went wrong\"`"));
    }
    let value = format!("{begin}{}", reading.text_of(text));
    let told = at(word, message, format!("write `throw {}`", reading.text_of(text)));
    Some(told.mended(word, reading.written(from, close + 1), &value))
}

/// Words of other languages before which the parser did not stop, but behind them.
fn after_its_word(reading: &Reading<'_>) -> Option<Told> {
    let before = reading.before()?;
    let word = reading.word()?;
    match before.text {
        "finally" if word.text == "{" => Some(at(
            before,
            "what fails in `try { … }` is caught by `catch (error) { … }`, and there is no `finally`",
            "write what has to happen in any case behind the block of `catch`",
        )),
        "assert" if word.line == before.line && word.kind != Kind::Open => {
            let line = reading.line();
            let end = line
                .clone()
                .find(|&at| at > reading.at && [";", ","].contains(&reading.text_of(at)))
                .unwrap_or(line.end);
            Some(at(
                before,
                "there is no `assert`: a handler fails by `throw`",
                format!("write `if !({}) {{ throw \"…\" }}`", reading.written(reading.at, end)),
            ))
        }
        "class" | "struct" | "interface" | "enum" if word.kind == Kind::Name => Some(at(
            before,
            format!(
                "there is no `{}`: a node's handlers are functions, its state is `this`",
                before.text
            ),
            "write each handler as `fn on_message(msg) { … }`, and keep in `this`, a map, what lasts",
        )),
        _ => None,
    }
}

/// `for (let i = 0; i < 3; i++)`, `for (const x of list)`, `for x of list`.
fn loops(reading: &Reading<'_>) -> Option<Told> {
    let word = reading.word()?;
    let line = reading.line();
    let head = line.clone().find(|&at| reading.text_of(at) == "for" && at < reading.at)?;
    let opened = Some(head + 1).filter(|&at| reading.text_of(at) == "(");
    if opened.is_none() {
        return (word.text == "of" && reading.at == head + 2)
            .then(|| at(word, "the items of a list are gone through by `in`", "write `in`"))
            .map(|told| told.mended(word, "of", "in"));
    }
    let names = ["let", "const", "var"];
    let name = head + 2 + usize::from(names.contains(&reading.text_of(head + 2)));
    if reading.at > name + 1 {
        return None;
    }
    let place = &reading.words[head];
    let find =
        |text: &str, from: usize| line.clone().find(|&at| at > from && reading.text_of(at) == text);
    let closed = opened.and_then(|open| closing(reading, open)).filter(|&at| at > name + 1);
    let item = reading.text_of(name);
    Some(match (reading.text_of(name + 1), closed) {
        ("of" | "in", Some(closed)) => {
            let list = reading.written(name + 2, closed);
            at(place, "a `for` has no parentheses", format!("write `for {item} in {list} {{`"))
        }
        ("=", _) => {
            let end = find("<", name).zip(find(";", name)).map(|(less, first)| {
                let second = find(";", first).unwrap_or(line.end);
                (reading.written(name + 2, first), reading.written(less + 1, second))
            });
            let (from, to) =
                end.filter(|(from, to)| !from.is_empty() && !to.is_empty()).unwrap_or(("0", "3"));
            at(
                place,
                "a `for` goes through a range or a list",
                format!("write `for {item} in {from}..{to} {{`"),
            )
        }
        _ => return None,
    })
}

/// `case "a":` and `default:` of a `switch`.
fn case(reading: &Reading<'_>) -> Option<Told> {
    let word = reading.word().filter(|_| is_inside(reading, "{"))?;
    match word.text {
        "case" => {
            let value = reading.text_of(reading.at + 1);
            let help =
                format!("write `{value} => {{ … }}`, and a `,` behind it; there is no `break`");
            Some(at(word, "a case of `switch` has no word before it", help))
        }
        "default" => Some(at(word, "the last case of `switch` is `_`", "write `_ => { … }`")),
        _ => None,
    }
}

/// `if x return 1;` and `if x then 1`.
pub(super) fn without_braces(reading: &Reading<'_>, error: &ParseErrorType) -> Option<Told> {
    let is_it = matches!(error, ParseErrorType::MissingToken(token, _) if token == "{");
    let word = reading.word().filter(|word| is_it && word.text != ":")?;
    let heads = ["if", "while", "for", "else", "loop"];
    let head = (0..reading.at).rfind(|&at| heads.contains(&reading.text_of(at)))?;
    let message = "a block stands in braces, also where it is one statement";
    if reading.words[head].line + 1 < word.line {
        return Some(at(word, message, "write `{` before it, and `}` behind it"));
    }
    let line = reading.line();
    let begin = reading.at + usize::from(word.text == "then");
    let other = (begin..line.end).find(|&at| reading.text_of(at) == "else");
    let semicolon = (begin..line.end).find(|&at| reading.text_of(at) == ";").map(|at| at + 1);
    let end = other.or(semicolon).unwrap_or(line.end);
    let condition = reading.script_between(head, reading.at);
    let rest = other.filter(|&at| at + 1 < line.end).map_or_else(String::new, |at| {
        format!(" else {{ {} }}", reading.written(at + 1, line.end))
    });
    let help = format!("write `{condition} {{ {} }}{rest}`", reading.written(begin, end));
    Some(at(word, message, help))
}

/// `/a+/.test(text)`.
fn pattern(reading: &Reading<'_>) -> Option<Told> {
    let word = reading.word().filter(|word| word.text == "/")?;
    let heads = ["if", "while", "return", "in", "switch", "else"];
    let begins = reading
        .before()
        .is_none_or(|before| !before.ends_a_value() || heads.contains(&before.text));
    let closed = reading.line().any(|at| at > reading.at && reading.text_of(at) == "/");
    (begins && closed).then(|| {
        at(
            word,
            "a pattern is a text like others",
            "write `text.matches(\"a+\")`, `text.captures(\"a+\")` or `text.replace_all(\"a+\", \"b\")`",
        )
    })
}

/// A statement at the top of a script, which runs nothing there.
pub(super) fn outside(reading: &Reading<'_>, before: &Word<'_>) -> Option<Told> {
    if reading.is_inline || innermost(reading).is_some() {
        return None;
    }
    let first = reading.words.partition_point(|word| word.line < before.line);
    let first = reading.words.get(first)?;
    if ["const", "import", "export", "fn", "private", "}"].contains(&first.text) {
        return None;
    }
    let line = reading.script.lines().nth(first.line - 1).unwrap_or_default().trim();
    let set = line.trim_start_matches("let ").trim_end_matches(';');
    let help = if line.contains('=') && set.starts_with(|c: char| c.is_alphabetic()) {
        format!(
            "write `fn on_start() {{ this.{set}; }}` for what is kept, `const` for what never changes"
        )
    } else {
        format!("write `fn on_start() {{ {set}; }}`")
    };
    Some(at(first, "only fn, const and import may stand at top level", help))
}
