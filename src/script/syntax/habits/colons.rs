//! A `:` where none can stand: blocks of Python, types of arguments, parts of a list, maps.
//!
//! Owns which of them it is, and how it is written here. Never looks at the `:` of a choice.

use rhai::ParseErrorType;

use super::{at, innermost};
use crate::script::syntax::told::Told;
use crate::script::syntax::words::{Kind, Reading, Word};

/// Words that a block follows.
const HEADS: [&str; 11] =
    ["if", "else", "elif", "for", "while", "try", "except", "loop", "def", "fn", "with"];

pub(super) fn told(reading: &Reading<'_>, error: &ParseErrorType) -> Option<Told> {
    let word = reading.word()?;
    let line = reading.line();
    let open = innermost(reading);
    let opened = open.map_or("", |at| reading.text_of(at));
    if (line.clone().any(|at| reading.text_of(at) == "fn") && opened == "(")
        || matches!(error, ParseErrorType::FnMissingParams(_))
    {
        return Some(at(
            word,
            "an argument has no type",
            "write its name alone, as in `fn f(x, y)`",
        ));
    }
    let entry = reading.at.checked_sub(2);
    if let Some(brace) = entry.filter(|&at| Some(at) == open && opened == "{") {
        let brace = &reading.words[brace];
        return Some(
            at(brace, "a map begins with `#{`; a bare `{` begins a block", "write `#{`")
                .mended(brace, "{", "#{"),
        );
    }
    if opened == "[" {
        return Some(part(reading, word));
    }
    let head = line.clone().find(|&at| HEADS.contains(&reading.text_of(at)))?;
    let is_head = (line.start..head).all(|at| reading.text_of(at) == "}") && head < reading.at;
    let head = reading.written(line.start, reading.at);
    is_head.then(|| {
        at(
            word,
            "a block stands in braces, not behind a `:`",
            format!("write `{head} {{`, and `}}` where the block ends"),
        )
    })
}

/// `x[a:b]`.
pub(super) fn part(reading: &Reading<'_>, word: &Word<'_>) -> Told {
    let is_step = word.text == "::"
        || reading.line().any(|at| at > reading.at && [":", "::"].contains(&reading.text_of(at)));
    let is_from_the_end = reading.text_of(reading.at + 1) == "-";
    let help = match reading.before().map(|before| before.kind) {
        _ if is_step => {
            "write `list.reverse()` to turn an array round, \
             `for i in range(0, list.len(), 2) { … list[i] … }` for every second item"
        }
        Some(Kind::Open) if is_from_the_end => {
            "write `text.sub_string(0, text.len() - 1)` for a text, \
             `list.extract(0, list.len() - 1)` for an array or a blob"
        }
        Some(Kind::Number | Kind::Name) if reading.text_of(reading.at + 1) == "]" => {
            "write `text.sub_string(3)` for a text, `list.extract(3)` for an array or a blob"
        }
        _ => {
            "write `text.sub_string(0, 3)` for a text, `list.extract(0..3)` for an array or a blob"
        }
    };
    at(word, "a part is not written `[a:b]`", help)
}
