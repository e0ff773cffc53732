//! Brackets that are never closed, and those that close nothing.
//!
//! Owns which of them it was. Never looks at other words.

use super::told::{Change, Told};
use super::words::{Kind, Reading, Word};

/// A bracket that is alone, if that can be why the parser stopped where it did.
pub(super) fn told(reading: &Reading<'_>) -> Option<Told> {
    let mut open: Vec<usize> = Vec::new();
    let mut misplaced = None;
    for (at, word) in reading.words.iter().enumerate() {
        match word.kind {
            Kind::Open => open.push(at),
            Kind::Close => {
                match open.last().map(|&opened| (opened, closes(&reading.words[opened]))) {
                    Some((opened, closer)) if closer == word.text => {
                        open.pop();
                        let is_less = indented_less(reading, at, opened);
                        misplaced = misplaced.or(is_less.then_some(opened));
                    }
                    Some((opened, _)) if is_open(reading, &open, word.text) => {
                        return (opened < reading.at).then(|| unclosed(reading, opened));
                    }
                    Some(_) | None => {
                        let is_near = reading.is_at_end() || reading.line().contains(&at);
                        return is_near.then(|| closes_nothing(word));
                    }
                }
            }
            Kind::Name | Kind::Number | Kind::Text | Kind::Symbol => {}
        }
        let is_inside = at + 1 == reading.at && reading.text() == "fn" && !open.is_empty();
        // Where all brackets are closed in the end, one function was meant to stand in another.
        if is_inside && !is_balanced(reading) {
            break;
        }
    }
    let last = *open.last()?;
    (last < reading.at).then(|| unclosed(reading, misplaced.unwrap_or(last)))
}

/// Whether as many brackets are closed as are opened.
fn is_balanced(reading: &Reading<'_>) -> bool {
    let count = |kind| reading.words.iter().filter(|word| word.kind == kind).count();
    count(Kind::Open) == count(Kind::Close)
}

fn closes(open: &Word<'_>) -> &'static str {
    match open.text {
        "(" => ")",
        "[" => "]",
        _ => "}",
    }
}

/// Whether an open bracket further out is the one that this closes.
fn is_open(reading: &Reading<'_>, open: &[usize], closer: &str) -> bool {
    let further_out = open.len().saturating_sub(1);
    let found = open[..further_out].iter().any(|&at| closes(&reading.words[at]) == closer);
    found || (reading.is_inline && closer == "}" && further_out == 0)
}

/// Whether a closing bracket that begins its line stands further left than the line that opened it:
/// then it was written for another one.
fn indented_less(reading: &Reading<'_>, close: usize, open: usize) -> bool {
    let first_of_line = |at: usize| {
        let line = reading.words[at].line;
        &reading.words[reading.words.partition_point(|word| word.line < line)]
    };
    let (closing, opening) = (first_of_line(close), first_of_line(open));
    closing == &reading.words[close] && closing.column < opening.column
}

fn unclosed(reading: &Reading<'_>, open: usize) -> Told {
    let word = &reading.words[open];
    let closer = closes(word);
    let what = match word.text {
        "(" => "put it behind the last argument",
        "[" => "put it behind the last item",
        "#{" => "put it behind the last entry",
        _ => "put it where the block ends, as far left as the line that opens it",
    };
    Told {
        at: word.place(),
        message: format!("this `{}` is never closed", word.text),
        help: format!("its `{closer}` is missing: {what}"),
        fix: None,
    }
}

fn closes_nothing(word: &Word<'_>) -> Told {
    Told {
        at: word.place(),
        message: format!("this `{}` closes nothing", word.text),
        help: "remove it, or open what it should close".to_owned(),
        fix: Some(Change {
            at: word.place(),
            written: word.text.to_owned(),
            replacement: String::new(),
        }),
    }
}
