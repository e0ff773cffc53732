//! `zrig explore`: a search for what goes wrong with a topology.
//!
//! Owns its arguments, the line that says how far it is, and the files that are kept. What is searched is
//! `trial`'s; how a finding is told, and made a test, the files' beside this one.

mod as_test;
mod words;

use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;

use self::as_test::as_test;
use self::words::{shown, told, told_on_the_way, what};
use super::draw::{Look, draw};
use super::output::{FAILED, INVALID, aside, colours_on, invalid, show_faults};
use super::picture::{draw_to, no_picture};
use super::saved::load_saved;
use super::variables::Variables;
use crate::duration::parse_duration;
use crate::load::{load, load_tests};
use crate::source::{SourceMap, Span};
use crate::test_file::{Condition, is_test_file};
use crate::topology::Topology;
use crate::trial::{Finding, Progress, Search, Symptom, explore};

/// How often the progress line is written anew.
const TELL_EVERY: Duration = Duration::from_millis(200);

/// Search a topology, simulated, for what goes wrong with it
#[derive(Args, Debug)]
pub(super) struct ExploreArguments {
    /// The topology file, or a test file of it whose `always` have to hold
    file: PathBuf,
    /// In so many runs at most, each in another order
    #[arg(long, default_value_t = 1000)]
    runs: u64,
    /// The seed of the first run; the same seed gives the same search
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Let nodes die, lines be cut and delayed, handlers be slow, and versions be saved
    #[arg(long)]
    faults: bool,
    /// How long each run is, in its own time
    #[arg(long, default_value = "10s", value_parser = parse_duration)]
    time: Duration,
    /// How long the search takes at most
    #[arg(long, default_value = "1m", value_parser = parse_duration)]
    most: Duration,
    /// What has to hold whenever something has happened: an expression of `counters`
    #[arg(long, value_name = "EXPRESSION")]
    always: Vec<String>,
    /// A kind of symptom that is meant and no finding
    #[arg(long, value_name = "KIND", value_parser = clap::builder::PossibleValuesParser::new(Symptom::KINDS))]
    except: Vec<String>,
    /// Write what is found as a test, which fails until it is mended; never over a file that is there
    #[arg(long, value_name = "FILE.test.yaml")]
    write: Option<PathBuf>,
    /// Draw what happened: FILE.svg, or FILE.mmd for Mermaid
    #[arg(long, value_name = "FILE")]
    picture: Vec<PathBuf>,
    /// Set a variable of the file, before the environment
    #[arg(long, value_name = "NAME=VALUE")]
    set: Vec<String>,
}

/// What is searched, as it was read.
struct Read {
    topology: Topology,
    /// Its file.
    path: PathBuf,
    span: Span,
    always: Vec<Condition>,
}

impl ExploreArguments {
    /// Searches, and prints what was found.
    ///
    /// # Errors
    ///
    /// When the result cannot be written.
    pub(super) fn run(&self) -> io::Result<ExitCode> {
        let variables = match Variables::parse(&self.set) {
            Ok(variables) => variables,
            Err(error) => return Ok(invalid(&error)),
        };
        if let Some(path) = self.write.as_ref().filter(|path| path.exists()) {
            return Ok(invalid(&format!("{} is there already", path.display())));
        }
        if let Some(why) = no_picture(self.picture.iter().map(PathBuf::as_path)) {
            return Ok(invalid(&why));
        }
        // One that cannot be read is told of when it is loaded.
        let text = std::fs::read_to_string(&self.file).unwrap_or_default();
        let read = if is_test_file(&self.file, &text) {
            self.read_tests(&variables)
        } else {
            self.read_topology(&variables)
        };
        let Some(read) = read else { return Ok(ExitCode::from(INVALID)) };
        let Self { runs, seed, faults, time, most, .. } = *self;
        let (always, except) = (read.always, self.except.clone());
        let search = Search { runs, seed, faults, time, most, always, except };
        let load = |saved: &_| load_saved(&read.path, saved, &variables);
        let mut line = Line::default();
        let searched = explore(&read.topology, read.span, &search, &load, |it| line.tell(it));
        line.clear();
        let searched = match searched {
            Ok(searched) => searched,
            Err(error) => return Ok(invalid(&error.to_string())),
        };
        let mut out = io::stdout().lock();
        let done = told(searched.progress);
        let Some(finding) = searched.finding else {
            writeln!(out, "nothing went wrong: {done}")?;
            return Ok(ExitCode::SUCCESS);
        };
        out.write_all(shown(&finding).as_bytes())?;
        writeln!(out, "{done}")?;
        self.keep(&finding, &read.path, &mut out)?;
        Ok(ExitCode::from(FAILED))
    }

    /// The topology, and what the command line says of it; without one, its faults are told.
    fn read_topology(&self, variables: &Variables) -> Option<Read> {
        let loaded = load(&self.file, &|name| variables.get(name));
        let span = loaded.sources.iter().next().map(|(id, _)| Span::new(id, 0, 0));
        let Some((topology, span)) = loaded.topology.clone().zip(span) else {
            show_faults(&loaded);
            return None;
        };
        let always = self.conditions(span);
        Some(Read { topology, path: self.file.clone(), span, always })
    }

    /// The topology of a test file, with what has to hold in its tests.
    fn read_tests(&self, variables: &Variables) -> Option<Read> {
        let loaded = load_tests(&self.file, &|name| variables.get(name));
        let span = loaded.sources.iter().next().map(|(id, _)| Span::new(id, 0, 0));
        let (Some(file), Some(topology), Some(span)) = (loaded.file, loaded.topology, span) else {
            told_faults(&loaded.diagnostics, &loaded.sources);
            return None;
        };
        let mut always = self.conditions(span);
        for condition in file.tests.into_iter().flat_map(|test| test.always) {
            if !always.iter().any(|known| known.text == condition.text) {
                always.push(condition);
            }
        }
        Some(Read { topology, path: file.topology, span, always })
    }

    /// What the command line says has to hold. Each stands at a place of its own, to be known again.
    fn conditions(&self, span: Span) -> Vec<Condition> {
        let place = |at: usize| Span::new(span.source, at, at + 1);
        let all = self.always.iter().enumerate();
        all.map(|(at, text)| Condition { text: text.clone(), span: place(at) }).collect()
    }

    /// Writes the test and the pictures that are wanted.
    fn keep(&self, finding: &Finding, topology: &Path, out: &mut impl Write) -> io::Result<()> {
        if let Some(path) = &self.write {
            std::fs::write(path, as_test(finding, topology, path))?;
            writeln!(out, "written as a test to {}", path.display())?;
        }
        for path in &self.picture {
            draw_to(path, &finding.story, &what(&finding.symptom))?;
            writeln!(out, "drawn to {}", path.display())?;
        }
        Ok(())
    }
}

fn told_faults(faults: &[crate::diagnostic::Diagnostic], sources: &SourceMap) {
    let look = Look::Full { colours: colours_on(&io::stderr()) };
    aside(draw(faults, sources, look).trim_end());
}

/// A line that says how far the search is, where somebody looks.
#[derive(Default)]
struct Line {
    told: Duration,
    is_there: bool,
}

impl Line {
    fn tell(&mut self, progress: Progress) {
        if progress.took < self.told + TELL_EVERY || !io::stderr().is_terminal() {
            return;
        }
        (self.told, self.is_there) = (progress.took, true);
        // Nobody may be reading it any more.
        let _ = write!(io::stderr(), "\r\u{1b}[K{}", told_on_the_way(progress));
    }

    fn clear(&self) {
        if self.is_there {
            let _ = write!(io::stderr(), "\r\u{1b}[K");
        }
    }
}
