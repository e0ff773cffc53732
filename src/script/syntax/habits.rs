//! Habits of other languages: what people who know Python, JavaScript or Rust write first.
//!
//! Owns how each is recognised, and how it is written here. Never looks at brackets that are alone;
//! words that stand where none may are [`stray`]'s, several values in the place of one [`several`]'s,
//! colons [`colons`]', loops, classes and blocks [`statements`]'.

mod colons;
mod several;
mod statements;
mod stray;

use rhai::{LexError, ParseErrorType};

use super::told::{Change, Told};
use super::words::{Kind, Reading, Word};

/// What the parser stopped at, if it is a habit of another language.
pub(super) fn told(reading: &Reading<'_>, error: &ParseErrorType) -> Option<Told> {
    statements::told(reading, error)
        .or_else(|| several::told(reading, error))
        .or_else(|| operators(reading, error))
        .or_else(|| reserved(reading, error))
        .or_else(|| import_of_a_name(reading))
        .or_else(|| stray::on_the_line(reading))
        .or_else(|| at_the_word(reading, error))
        .or_else(|| statements::without_braces(reading, error))
        .or_else(|| missing_semicolon(reading, error))
}

fn at(word: &Word<'_>, message: impl Into<String>, help: impl Into<String>) -> Told {
    Told { at: word.place(), message: message.into(), help: help.into(), fix: None }
}

impl Told {
    fn mended(mut self, word: &Word<'_>, written: &str, replacement: &str) -> Self {
        self.fix = Some(Change {
            at: word.place(),
            written: written.to_owned(),
            replacement: replacement.to_owned(),
        });
        self
    }
}

/// Texts in quotation marks that are none here.
pub(super) fn quotes(reading: &Reading<'_>, error: &ParseErrorType) -> Option<Told> {
    if let ParseErrorType::BadInput(LexError::MalformedChar(_)) = error {
        let word = reading.word()?;
        let inner = word.text.strip_prefix('\'')?.strip_suffix('\'').unwrap_or_default();
        if inner.is_empty() {
            return Some(at(
                word,
                "a `'` holds one character",
                "put a text in double quotation marks: `\"…\"`",
            ));
        }
        let mark = if inner.contains('"') { '`' } else { '"' };
        let text = format!("{mark}{inner}{mark}");
        return Some(
            at(word, "a text stands in double quotation marks", format!("write `{text}`"))
                .mended(word, word.text, &text),
        );
    }
    let text = reading.word().filter(|word| word.kind == Kind::Text)?;
    let before = reading.before()?;
    let is_prefix = ["f", "F", "r", "b", "u", "fr", "rb"].contains(&before.text);
    if !is_prefix || before.end() != text.place() {
        return None;
    }
    let written = format!("{}{}", before.text, text.text);
    let inner = text.text.trim_matches(['"', '\'', '`']);
    Some(if before.text.eq_ignore_ascii_case("f") {
        let inner = if inner.contains("${") { inner.to_owned() } else { inner.replace('{', "${") };
        let replacement = format!("`{inner}`");
        at(
            before,
            "a text with values in it stands in backquotes, each value in `${…}`",
            format!("write {replacement}"),
        )
        .mended(before, &written, &replacement)
    } else {
        let help = match before.text {
            "b" | "rb" => "write bytes as `b\"\\x00\\xff\"`, in double quotation marks",
            _ => "put it in backquotes, where a backslash is one",
        };
        at(before, format!("a text has no `{}` before it", before.text), help)
    })
}

/// Signs that mean something elsewhere: what stands there, what to say, what to write.
const SIGNS: &[(&str, &str, Option<&str>)] = &[
    ("===", "two values are compared by `==`", Some("==")),
    ("!==", "two values are told apart by `!=`", Some("!=")),
    ("<>", "two values are told apart by `!=`", Some("!=")),
    (":=", "a variable is set by `=`, the first time by `let x =`", Some("=")),
    ("++", "a number is raised by `+= 1`", Some(" += 1")),
    ("--", "a number is lowered by `-= 1`", Some(" -= 1")),
    ("#", "a comment begins with `//`", Some("//")),
    ("=>", "a function without a name is written `|x| x + 1`", None),
    ("->", "a function does not name the type of what it returns", None),
    ("?", "a choice is written `if a { b } else { c }`, also as a value", None),
    ("@", "there are no decorators", None),
    ("$", "a variable has no `$`; `${…}` stands in texts between backquotes", None),
];

#[expect(clippy::wildcard_enum_match_arm, reason = "most errors are about something else")]
fn operators(reading: &Reading<'_>, error: &ParseErrorType) -> Option<Told> {
    let word = reading.word()?;
    match error {
        ParseErrorType::BadInput(LexError::ImproperSymbol(_, why))
            if word.text == "=" && why.contains("typo") =>
        {
            return Some(
                at(word, "`=` sets a variable; two values are compared by `==`", "write `==`")
                    .mended(word, "=", "=="),
            );
        }
        _ => {}
    }
    let before = reading.before().filter(|before| before.text == "<" && word.text == ">");
    let sign = before.map_or(word.text, |_| "<>");
    let (_, message, instead) = SIGNS.iter().find(|(known, ..)| *known == sign)?;
    let word = before.unwrap_or(word);
    if sign == ":=" && innermost(reading).is_some_and(|at| reading.text_of(at) == "(") {
        let name = reading.before().map_or("x", |before| before.text);
        let help = format!("write `let {name} = …;` on a line before it");
        return Some(at(word, "a variable is not set inside an expression", help));
    }
    let help = match (sign, instead) {
        (_, Some(instead)) => format!("write `{}`", instead.trim()),
        ("=>", None) => {
            "write the arguments between `|` and `|`, and what it gives behind them".to_owned()
        }
        ("->", None) => "remove it, and the type".to_owned(),
        ("?", None) => {
            choice(reading).unwrap_or_else(|| "write `if a { b } else { c }`".to_owned())
        }
        ("$", None) => "remove it".to_owned(),
        (_, None) => "remove the line".to_owned(),
    };
    let told = at(word, *message, help);
    Some(match instead {
        Some(instead) => told.mended(word, sign, instead),
        None => told,
    })
}

/// `a ? b : c`, written out.
fn choice(reading: &Reading<'_>) -> Option<String> {
    let line = reading.line();
    let colon = line.clone().find(|&at| at > reading.at && reading.text_of(at) == ":")?;
    let starts = |at: &usize| ["=", "return", "(", ";", ","].contains(&reading.text_of(*at));
    let from = (line.start..reading.at).rev().find(starts).map_or(line.start, |at| at + 1);
    let end = (colon..line.end).find(|&at| reading.text_of(at) == ";").unwrap_or(line.end);
    Some(format!(
        "write `if {} {{ {} }} else {{ {} }}`",
        reading.written(from, reading.at),
        reading.written(reading.at + 1, colon),
        reading.written(colon + 1, end)
    ))
}

/// Words that the language keeps for itself.
fn reserved(reading: &Reading<'_>, error: &ParseErrorType) -> Option<Told> {
    let ParseErrorType::Reserved(reserved) = error else { return None };
    let word = reading.word()?;
    if reading.before().is_some_and(|before| ["fn", "let", "const"].contains(&before.text)) {
        return None;
    }
    let (message, help, instead) = match reserved.as_str() {
        "null" | "nil" | "undefined" => ("nothing is written `()`", "write `()`", Some("()")),
        "var" => ("a variable begins with `let`", "write `let`", Some("let")),
        "match" => (
            "what `match` does elsewhere, `switch` does here",
            "write `switch x { 1 => …, _ => … }`",
            Some("switch"),
        ),
        "async" | "await" | "yield" | "spawn" | "go" | "thread" | "sync" => (
            "handlers do not wait, so there is nothing to await",
            "remove it: what comes later calls a handler, such as `on_message` or `on_timer`",
            None,
        ),
        "with" | "package" | "module" | "use" | "public" | "protected" | "static" | "super"
        | "goto" | "void" => {
            return Some(at(
                word,
                format!("`{reserved}` is a word that the language keeps for itself"),
                "remove it, or give it another name",
            ));
        }
        _ => return None,
    };
    let told = at(word, message, help);
    Some(match instead {
        Some(instead) => told.mended(word, reserved, instead),
        None => told,
    })
}

/// `import json`: modules are files, and what Python has in modules is there already.
fn import_of_a_name(reading: &Reading<'_>) -> Option<Told> {
    let from = reading.at.saturating_sub(2);
    let import = (from..=reading.at).find(|&at| {
        reading.text_of(at) == "import"
            && reading.words.get(at + 1).is_some_and(|word| word.kind == Kind::Name)
    });
    let line = reading.line();
    let from = line.clone().find(|&at| reading.text_of(at) == "from" && line.end > at + 2);
    let (at_word, name) = match (import, from) {
        (_, Some(at)) => (at, at + 1),
        (Some(at), None) => (at, at + 1),
        (None, None) => return None,
    };
    let name = reading.text_of(name);
    let help = match super::foreign::variable(name) {
        Some(meant) => format!("remove it; {}", meant.help),
        None => format!(
            "write `import \"{name}\" as {name};` for a file `{name}.rhai`; what handlers can call \
             by themselves `zrig explain functions` lists"
        ),
    };
    Some(at(reading.words.get(at_word)?, "an import names a file, in quotation marks", help))
}

/// What the word itself says, and those around it.
fn at_the_word(reading: &Reading<'_>, error: &ParseErrorType) -> Option<Told> {
    let word = reading.word()?;
    let before = reading.before();
    if let Some(lambda) = before.filter(|before| before.text == "lambda") {
        return Some(closure(lambda));
    }
    match word.text {
        ":" => colons::told(reading, error),
        "::" if is_inside(reading, "[") => Some(colons::part(reading, word)),
        "for" if is_inside(reading, "[") => Some(at(
            word,
            "a list is made of another by `map` and `filter`",
            "write `list.map(|x| x * 2)` or `list.filter(|x| x > 2)`",
        )),
        "if" if before.is_some_and(Word::ends_a_value) => Some(at(
            word,
            "a choice is written `if a { b } else { c }`, also as a value",
            choice_of_python(reading).unwrap_or_else(|| "write `if a { b } else { c }`".to_owned()),
        )),
        "except" | "finally" => Some(
            at(
                word,
                "what fails in `try { … }` is caught by `catch (error) { … }`",
                "write `catch`; there is no `finally`",
            )
            .mended(word, word.text, "catch"),
        ),
        "else" if before.is_some_and(|before| before.text == ";") => {
            let semicolon = before?;
            Some(
                at(semicolon, "a `;` ends the `if` before its `else`", "remove it")
                    .mended(semicolon, ";", ""),
            )
        }
        ";" if is_inside(reading, "#{") => Some(
            at(word, "the entries of a map are separated by `,`", "write `,`")
                .mended(word, ";", ","),
        ),
        "=" if is_inside(reading, "#{") => Some(
            at(word, "an entry of a map is written `name: value`", "write `:`")
                .mended(word, "=", ":"),
        ),
        "{" if before.is_some_and(|before| before.text == ")") && follows_function(reading) => {
            Some(closure(word))
        }
        "(" if before.is_some_and(|before| before.text == "function") => Some(closure(before?)),
        name if matches!(error, ParseErrorType::PropertyExpected) && word.kind == Kind::Name => {
            let dot = before.filter(|before| before.text == ".")?;
            Some(
                at(
                    word,
                    format!("`{name}` is a word of the language, so it cannot stand behind a dot"),
                    format!("write `[\"{name}\"]`, or give it another name"),
                )
                .mended(dot, &format!(".{name}"), &format!("[\"{name}\"]")),
            )
        }
        _ => None,
    }
}

fn closure(word: &Word<'_>) -> Told {
    at(
        word,
        "a function without a name is written `|x| x + 1`",
        "write `let f = |x| x + 1;` and call it by `f.call(1)`",
    )
}

/// Whether the innermost bracket that is open where the parser stopped is this one.
fn is_inside(reading: &Reading<'_>, bracket: &str) -> bool {
    innermost(reading).is_some_and(|at| reading.text_of(at) == bracket)
}

fn innermost(reading: &Reading<'_>) -> Option<usize> {
    let mut open = Vec::new();
    for (here, word) in reading.words.iter().take(reading.at).enumerate() {
        match word.kind {
            Kind::Open => open.push(here),
            Kind::Close => drop(open.pop()),
            Kind::Name | Kind::Number | Kind::Text | Kind::Symbol => {}
        }
    }
    open.pop()
}

/// `function(x) {`, the parser having stopped at the brace.
fn follows_function(reading: &Reading<'_>) -> bool {
    reading.line().take_while(|&at| at < reading.at).any(|at| reading.text_of(at) == "function")
}

fn choice_of_python(reading: &Reading<'_>) -> Option<String> {
    let line = reading.line();
    let other = line.clone().find(|&at| at > reading.at && reading.text_of(at) == "else")?;
    let starts = |at: &usize| ["=", "return", "(", ";", ","].contains(&reading.text_of(*at));
    let from = (line.start..reading.at).rev().find(starts).map_or(line.start, |at| at + 1);
    let end = (other..line.end).find(|&at| reading.text_of(at) == ";").unwrap_or(line.end);
    Some(format!(
        "write `if {} {{ {} }} else {{ {} }}`",
        reading.written(reading.at + 1, other),
        reading.written(from, reading.at),
        reading.written(other + 1, end)
    ))
}

/// A statement that begins on a line of its own while the one before has not ended.
fn missing_semicolon(reading: &Reading<'_>, error: &ParseErrorType) -> Option<Told> {
    let is_it = matches!(error, ParseErrorType::MissingToken(token, _) if token == ";");
    let (word, before) = (reading.word()?, reading.before()?);
    if !is_it || before.line == word.line {
        return None;
    }
    let comment = before.rest_of_line(reading.script).trim();
    let number = comment.trim_start_matches('/').trim_end_matches(';').trim();
    let is_number = number.parse::<f64>().is_ok();
    let is_hidden = comment.starts_with("//") && (comment.ends_with(';') || is_number);
    if is_hidden {
        let value = if before.kind == Kind::Close { "…" } else { before.text };
        let divided = is_number.then(|| format!("write `{value} / {number};`, or "));
        return Some(Told {
            at: before.end(),
            message: if comment.ends_with(';') {
                "`//` begins a comment here, so the `;` in it ends nothing"
            } else {
                "`//` begins a comment here, so a `;` is missing before it"
            }
            .to_owned(),
            help: format!("{}put a `;` before the comment", divided.unwrap_or_default()),
            fix: None,
        });
    }
    if let Some(told) = statements::outside(reading, before) {
        return Some(told);
    }
    Some(Told {
        at: before.end(),
        message: "a `;` is missing at the end of this line".to_owned(),
        help: "write `;`".to_owned(),
        fix: Some(Change { at: before.end(), written: String::new(), replacement: ";".to_owned() }),
    })
}
