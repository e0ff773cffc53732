//! From the parser's error to a fault that leads to the mend.
//!
//! Owns what is said of a script that does not compile. Never compiles one.

mod brackets;
mod foreign;
mod habits;
mod mistaken;
mod told;
mod words;

use rhai::{LexError, ParseError, ParseErrorType};

use super::fault::{FaultKind, ScriptFault, ScriptFix};
use super::limits;
use super::places::Places;
use super::wording::lower_first;
use told::Told;
use words::Reading;

pub use mistaken::Mistake;
pub(super) use mistaken::mistaken;

pub use foreign::{Meant, function as foreign_function, variable as foreign_variable};

/// A parser's error as a fault.
pub(super) fn fault(places: &Places, script: &str, error: &ParseError) -> ScriptFault {
    let told = told(script, error, places.is_inline());
    let fix = told.fix.and_then(|change| {
        let at = places.find(change.at)?;
        Some(ScriptFix { at, written: change.written, replacement: change.replacement })
    });
    ScriptFault {
        kind: FaultKind::Syntax,
        path: places.path().to_owned(),
        position: places.find(told.at),
        message: told.message,
        help: Some(told.help),
        fix,
    }
}

/// Where an expression sets something instead of comparing it: a `=` outside of `let`.
pub(super) fn assignment(expression: &str) -> Option<crate::source::Position> {
    let words = words::words(expression);
    let mut begins = true;
    let mut is_let = false;
    words.iter().find_map(|word| {
        if std::mem::replace(&mut begins, [";", "{"].contains(&word.text)) {
            is_let = ["let", "const"].contains(&word.text);
        }
        let place = crate::source::Position { line: word.line, column: word.column };
        (word.text == "=" && !is_let).then_some(place)
    })
}

fn told(script: &str, error: &ParseError, is_inline: bool) -> Told {
    if let Some(told) = of_limits(error) {
        return told;
    }
    let reading = Reading::new(script, error.position(), is_inline);
    habits::quotes(&reading, error.err_type())
        .or_else(|| brackets::told(&reading))
        .or_else(|| habits::told(&reading, error.err_type()))
        .unwrap_or_else(|| plain(&reading, error))
}

/// What no other word would mend.
#[expect(clippy::wildcard_enum_match_arm, reason = "most errors are no limits")]
fn of_limits(error: &ParseError) -> Option<Told> {
    let (message, help) = match error.err_type() {
        ParseErrorType::BadInput(LexError::ImproperSymbol(word, _)) if word == "eval" => (
            "eval is not available: what runs is checked before it runs".to_owned(),
            "Call a function, or keep functions in a map: let f = #{a: |x| x + 1}; f.a.call(1).",
        ),
        ParseErrorType::ExprTooDeep => (
            format!(
                "more than {} expressions or blocks are inside one another",
                limits::EXPRESSION_DEPTH
            ),
            "Move a part into a function, or break a long chain into several statements.",
        ),
        _ => return None,
    };
    Some(Told { at: error.position(), message, help: help.to_owned(), fix: None })
}

/// The parser's own words, with what to do about that kind of error.
#[expect(clippy::wildcard_enum_match_arm, reason = "most errors need no other words")]
fn plain(reading: &Reading<'_>, error: &ParseError) -> Told {
    let word = reading.word();
    let (message, help) = match error.err_type() {
        _ if reading.is_at_end()
            && !matches!(
                error.err_type(),
                ParseErrorType::BadInput(
                    LexError::MalformedEscapeSequence(_) | LexError::UnterminatedString
                )
            ) =>
        {
            (
                "the script ends where something has to follow".to_owned(),
                "write what is missing behind the last word, such as a value behind an operator"
                    .to_owned(),
            )
        }
        ParseErrorType::Reserved(word) => (
            format!("`{word}` is a word that the language keeps for itself"),
            "give it another name".to_owned(),
        ),
        ParseErrorType::VariableExpected
        | ParseErrorType::PropertyExpected
        | ParseErrorType::FnMissingName
            if word.is_some() =>
        {
            (
                format!("`{}` cannot be a name", reading.text()),
                "a name has letters, digits and `_`, and is no word of the language".to_owned(),
            )
        }
        ParseErrorType::MissingToken(token, _) if token == ";" => (
            format!("`{}` cannot follow here", reading.text()),
            format!(
                "put what is missing between `{}` and `{}`: an operator such as `+`, a comma in a \
                 list, or a `;` where a new statement begins",
                reading.before().map_or("", |word| word.text),
                reading.text()
            ),
        ),
        ParseErrorType::MissingToken(token, why) => (
            format!("`{token}` is missing {why}"),
            format!("write `{token}` before `{}`", reading.text()),
        ),
        ParseErrorType::MismatchedType(wanted, found)
            if wanted.contains("bool") && reading.before().is_some_and(|before| before.text == "||") =>
        {
            (
                format!("each side of `||` is true or false, and this is {found}"),
                "write `a ?? b` for a value where there is none; to compare, write both sides out, \
                 as in `x == 1 || x == 2`"
                    .to_owned(),
            )
        }
        ParseErrorType::MismatchedType(wanted, found) if wanted.contains("bool") => (
            format!("a condition is true or false, and this is {found}"),
            "compare it, as in `x == 1` or `x != ()`".to_owned(),
        ),
        ParseErrorType::MismatchedType(_, found)
            if reading.line().any(|at| reading.text_of(at) == "for") =>
        {
            (
                format!("`for` cannot go through {found}"),
                "write a range such as `0..3`, an array, or the `keys()` of a map".to_owned(),
            )
        }
        ParseErrorType::LoopBreak => (
            "`break` and `continue` stand in a loop".to_owned(),
            "write `return;` to leave the handler, and nothing at the end of a case of `switch`"
                .to_owned(),
        ),
        ParseErrorType::ExprExpected(what) if what.contains("literal") => (
            "a case of `switch` is a value that is written out, not a name".to_owned(),
            "write the value itself, such as `1 => …`, or compare by `if x == NAME { … }`"
                .to_owned(),
        ),
        ParseErrorType::BadInput(LexError::MalformedEscapeSequence(escape)) => (
            format!("`{escape}` means no character"),
            "write `\\\\` for a backslash, or put the text in backquotes, which leave it alone"
                .to_owned(),
        ),
        ParseErrorType::BadInput(LexError::UnterminatedString) => (
            "this text is not closed on its line".to_owned(),
            "close it by the same quotation mark; a text of several lines stands in backquotes"
                .to_owned(),
        ),
        ParseErrorType::UnknownOperator(operator) => (
            format!("there is no operator `{operator}`"),
            "the operators are + - * / % ** == != < <= > >= && || ! in".to_owned(),
        ),
        ParseErrorType::BadInput(LexError::UnexpectedInput(text)) => {
            (format!("`{text}` cannot stand here"), "remove it, or put it into a text".to_owned())
        }
        other => (
            lower_first(&other.to_string()),
            "compare this line with the pages of the language, https://rhai.rs/book/language"
                .to_owned(),
        ),
    };
    Told { at: error.position(), message, help, fix: None }
}

#[cfg(test)]
mod tests;
