//! What a learner is told.
//!
//! Owns the words around what `check`, tests and `explain` say. Judges nothing.

use std::path::Path;

use crate::cli::draw::{Look, draw};
use crate::cli::test::failed_test;
use crate::diagnostic::Diagnostic;
use crate::explain::meaning;
use crate::learn::{Finding, Judgement, LESSONS, Lesson};
use crate::visible::visible;

/// Which lesson it is, and what is wanted.
pub(super) fn began(lesson: &Lesson, path: &Path) -> String {
    let path = path.display().to_string();
    let wanted: String = lesson.wanted().map(|line| format!("  {line}\n")).collect();
    let (number, all) = (lesson.number(), LESSONS.len());
    format!("Lesson {number} of {all}: {}\n\n{wanted}\n  {}\n\n", lesson.title(), visible(&path))
}

/// What there is to say of a lesson.
pub(super) fn said(lesson: &Lesson, judgement: &Judgement, colours: bool) -> String {
    match &judgement.finding {
        Finding::Done => done(lesson, colours),
        Finding::Missing
        | Finding::Faulty(_)
        | Finding::Lacking(_)
        | Finding::Silenced(_)
        | Finding::Impossible(_)
        | Finding::Failed { .. } => wrong(lesson, judgement, colours),
    }
}

fn done(lesson: &Lesson, colours: bool) -> String {
    let word = lesson.teaches;
    let done = if colours { "\u{1b}[32mdone\u{1b}[0m" } else { "done" };
    let meaning = meaning(word).unwrap_or_default();
    format!(
        "{done}: {}. {}\n  {word}: {meaning}\n  `zrig explain {word}` tells more\n\n",
        lesson.number(),
        lesson.title()
    )
}

fn wrong(lesson: &Lesson, judgement: &Judgement, colours: bool) -> String {
    let sources = &judgement.loaded.sources;
    match &judgement.finding {
        Finding::Done => String::new(),
        Finding::Missing => {
            let number = lesson.number();
            format!("the file is not there; `--reset {number}` writes it again\n\n")
        }
        Finding::Silenced(line) => format!(
            "line {line} has a comment that hides what `zrig check` says: in a lesson it is to be mended\n\n"
        ),
        Finding::Faulty(faults) => {
            let drawn = draw(faults, sources, Look::Full { colours });
            format!("{}\n\n{}\n", drawn.trim_end(), pages(lesson, faults))
        }
        Finding::Lacking(faults) => {
            // Where in the tests, and how those could be mended, is nothing to a learner.
            let lacks = faults.iter().map(|fault| format!("  {}\n", visible(&fault.message)));
            let lacks: String = lacks.collect();
            format!(
                "it checks clean, but is not what is wanted:\n{lacks}\n{}\n",
                pages(lesson, &[])
            )
        }
        Finding::Impossible(why) => {
            let why: String = why.iter().map(|one| format!("  {}\n", visible(one))).collect();
            format!("this cannot be tried in a lesson:\n{why}\n")
        }
        Finding::Failed { name, seed, failure } => {
            let drawn = failed_test(name, failure, *seed, sources, colours);
            format!("it checks clean, but this does not hold:\n{drawn}{}\n", pages(lesson, &[]))
        }
    }
}

/// Where to read on.
fn pages(lesson: &Lesson, faults: &[Diagnostic]) -> String {
    let mut words: Vec<&str> = faults.iter().map(|fault| fault.code.id()).collect();
    words.dedup();
    words.push(lesson.teaches);
    let told = words.iter().map(|word| format!("`zrig explain {word}`"));
    format!("see {}\n", told.collect::<Vec<_>>().join(" and "))
}

/// That nothing is left to do.
pub(super) fn finished() -> String {
    format!("all {} lessons are done", LESSONS.len())
}

/// Every lesson, and whether it is done.
pub(super) fn table(done: &[bool]) -> String {
    let next = done.iter().position(|done| !done);
    let mut text = String::new();
    for (at, (lesson, is_done)) in LESSONS.iter().zip(done).enumerate() {
        let mark = match is_done {
            true => "done",
            false if Some(at) == next => "next",
            false => "",
        };
        text.push_str(&format!("{mark:4}  {:2}  {}\n", at + 1, lesson.title()));
    }
    let count = done.iter().filter(|done| **done).count();
    text.push_str(&format!("{count} of {} are done\n", done.len()));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_marks_what_is_done_and_what_is_next() {
        let done: Vec<bool> = (0..LESSONS.len()).map(|at| at == 0 || at == 2).collect();
        let table = table(&done);
        let marks: Vec<&str> = table.lines().map(|line| &line[..4]).collect();
        assert_eq!(marks[..4], ["done", "next", "done", "    "]);
        assert!(table.ends_with(&format!("\n2 of {} are done\n", LESSONS.len())), "{table}");
    }
}
