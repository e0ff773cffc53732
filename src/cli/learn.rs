//! `zrig learn`: lessons in the terminal.
//!
//! Owns the arguments of `learn`, which lesson is the one to work at, and what is said of it. Judging is
//! `learn`'s.

mod words;

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;

use self::words::{began, finished, said, table};
use super::output::{FAILED, colours_on, invalid};
use super::saved::load_saved;
use super::variables::Variables;
use crate::learn::{Judgement, LESSONS, Lesson, judge, path_of, put_aside, write_missing};
use crate::load::text_of;
use crate::visible::visible;
use crate::watch::Watcher;

/// Learn ZeroMQ by mending topologies: lessons that are judged as you save
///
/// Writes the lessons to a folder, says what is wanted of the first that is not done, and looks again
/// whenever you save it. What is there is never written over.
#[derive(Args, Debug)]
pub(super) struct LearnArguments {
    /// The folder of the lessons, which is made where it is missing
    #[arg(value_name = "DIR", default_value = "zrig-lessons")]
    folder: PathBuf,
    /// This lesson, by its number or name; without it the first that is not done
    #[arg(long, value_name = "LESSON", value_parser = lesson)]
    lesson: Option<&'static Lesson>,
    /// List the lessons, and which of them are done
    #[arg(long, conflicts_with_all = ["lesson", "hint", "reset", "once"])]
    list: bool,
    /// Give a hint
    #[arg(long, conflicts_with_all = ["reset", "once"])]
    hint: bool,
    /// Put a lesson back as it was given; your file is kept beside it
    #[arg(long, value_name = "LESSON", value_parser = lesson, conflicts_with_all = ["lesson", "once"])]
    reset: Option<&'static Lesson>,
    /// Look once and end: with status 0 if the lesson is done, or all are, otherwise with 1
    #[arg(long)]
    once: bool,
}

impl LearnArguments {
    /// Goes from lesson to lesson until all are done, or Ctrl-C.
    ///
    /// # Errors
    ///
    /// When a file or the result cannot be written.
    pub(super) fn run(&self) -> io::Result<ExitCode> {
        let variables = match Variables::parse(&[]) {
            Ok(variables) => variables,
            Err(error) => return Ok(invalid(&error)),
        };
        let classroom = Classroom { folder: &self.folder, variables };
        if let Some(lesson) = self.reset {
            return classroom.reset(lesson);
        }
        if self.list {
            return classroom.list();
        }
        if self.hint {
            return classroom.hint(self.lesson);
        }
        let written = write_missing(&self.folder)?;
        if written > 0 {
            let folder = self.folder.display().to_string();
            writeln!(io::stdout(), "{written} lessons written to {}\n", visible(&folder))?;
        }
        if self.once { classroom.once(self.lesson) } else { classroom.teach(self.lesson) }
    }
}

/// A folder of lessons.
struct Classroom<'c> {
    folder: &'c Path,
    variables: Variables,
}

impl Classroom<'_> {
    fn judge(&self, lesson: &Lesson) -> io::Result<Judgement> {
        let load = |path: &Path, saved: &_| load_saved(path, saved, &self.variables);
        judge(lesson, &path_of(self.folder, lesson), &load)
    }

    /// The lesson to work at, with what is to be said of it; none when all are done.
    fn current(
        &self,
        wanted: Option<&'static Lesson>,
    ) -> io::Result<Option<(&'static Lesson, Judgement)>> {
        if let Some(lesson) = wanted {
            return Ok(Some((lesson, self.judge(lesson)?)));
        }
        for lesson in LESSONS {
            let judgement = self.judge(lesson)?;
            if !judgement.is_done() {
                return Ok(Some((lesson, judgement)));
            }
        }
        Ok(None)
    }

    /// Says of one lesson what is wrong with it, if anything is.
    fn once(&self, wanted: Option<&'static Lesson>) -> io::Result<ExitCode> {
        let mut out = io::stdout().lock();
        let colours = colours_on(&io::stdout());
        let Some((lesson, judgement)) = self.current(wanted)? else {
            writeln!(out, "{}", finished())?;
            return Ok(ExitCode::SUCCESS);
        };
        out.write_all(began(lesson, &path_of(self.folder, lesson)).as_bytes())?;
        out.write_all(said(lesson, &judgement, colours).as_bytes())?;
        Ok(if judgement.is_done() { ExitCode::SUCCESS } else { ExitCode::from(FAILED) })
    }

    /// Goes on from one lesson to the next as they come to hold.
    fn teach(&self, mut wanted: Option<&'static Lesson>) -> io::Result<ExitCode> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let colours = colours_on(&io::stdout());
        let mut shown = None;
        while let Some((lesson, mut judgement)) = self.current(wanted)? {
            let path = path_of(self.folder, lesson);
            let mut watcher = Watcher::new(false);
            watcher.follow(std::slice::from_ref(&path));
            if shown != Some(lesson.name) {
                io::stdout().write_all(began(lesson, &path).as_bytes())?;
                shown = Some(lesson.name);
            }
            loop {
                let text = said(lesson, &judgement, colours);
                io::stdout().write_all(text.as_bytes())?;
                if judgement.is_done() {
                    break;
                }
                let (hint, folder) = (lesson.number(), self.folder.display().to_string());
                let folder = visible(&folder);
                writeln!(
                    io::stdout(),
                    "waits for a save; `zrig learn {folder} --hint --lesson {hint}` helps, Ctrl-C ends\n"
                )?;
                // Something moves also where nothing was saved anew, and what was saved since then is judged too.
                while text_of(&path).as_deref() == judgement.text() {
                    runtime.block_on(watcher.changed());
                }
                judgement = self.judge(lesson)?;
            }
            wanted = None;
        }
        writeln!(io::stdout(), "{}", finished())?;
        Ok(ExitCode::SUCCESS)
    }

    fn list(&self) -> io::Result<ExitCode> {
        let mut done = Vec::new();
        for lesson in LESSONS {
            done.push(self.judge(lesson)?.is_done());
        }
        io::stdout().write_all(table(&done).as_bytes())?;
        Ok(ExitCode::SUCCESS)
    }

    fn hint(&self, wanted: Option<&'static Lesson>) -> io::Result<ExitCode> {
        let mut out = io::stdout().lock();
        match self.current(wanted)? {
            Some((lesson, _)) => {
                let (number, title) = (lesson.number(), lesson.title());
                writeln!(out, "{number}. {title}\n\n{}", lesson.hint.trim_end())?;
                writeln!(out, "\n`zrig explain {}` tells more", lesson.teaches)?;
            }
            None => writeln!(out, "{}", finished())?,
        }
        Ok(ExitCode::SUCCESS)
    }

    fn reset(&self, lesson: &Lesson) -> io::Result<ExitCode> {
        let kept = put_aside(self.folder, lesson)?;
        let path = path_of(self.folder, lesson).display().to_string();
        let mut out = io::stdout().lock();
        writeln!(out, "{} is as it was given", visible(&path))?;
        if let Some(kept) = kept {
            writeln!(out, "yours is {}", visible(&kept.display().to_string()))?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn lesson(word: &str) -> Result<&'static Lesson, String> {
    Lesson::meant(word).ok_or_else(|| {
        format!("there is no such lesson; they go from 1 to {}: `zrig learn --list`", LESSONS.len())
    })
}
