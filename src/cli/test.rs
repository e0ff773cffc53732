//! `zrig test`: test files, simulated or on real sockets.
//!
//! Owns its arguments, which tests are carried out and how often, and the exit status. How a test is
//! carried out is `trial`'s, how that is shown the files' beside this one.

mod coverage;
mod report;
mod text;

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use clap::{Args, ValueEnum};

pub(super) use self::text::failed_test;

use self::coverage::Coverage;
use self::report::{Done, report_json, report_junit};
use super::check::test_files;
use super::draw::{Look, draw};
use super::output::{FAILED, INVALID, aside, colours_on, invalid};
use super::saved;
use super::variables::Variables;
use crate::load::{LoadedTests, load_tests};
use crate::source::SourceMap;
use crate::test_file::TestSpec;
use crate::topology::Topology;
use crate::trial::{Manner, Outcome, Verdict, carry_out};
use crate::watch::Watcher;

/// Carry out tests of topologies: simulated, in a time of their own, unless told otherwise
#[derive(Args, Debug)]
pub(super) struct TestArguments {
    /// Test files, folders of them, or patterns such as 'topologies/*.test.yaml'
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// On real sockets, in real time
    #[arg(long, conflicts_with_all = ["seed", "seeds"])]
    real: bool,
    /// The order of all that ZeroMQ leaves open; the same seed gives the same run
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// In so many orders, from that seed on
    #[arg(long, value_name = "COUNT", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..))]
    seeds: u64,
    /// Only tests whose name has this in it
    #[arg(long, value_name = "TEXT")]
    filter: Option<String>,
    /// How results are printed
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Again whenever one of their files is saved, until Ctrl-C
    #[arg(long, conflicts_with = "format")]
    watch: bool,
    /// Set a variable of the files, before the environment
    #[arg(long, value_name = "NAME=VALUE")]
    set: Vec<String>,
}

/// How results are printed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
enum Format {
    /// A line a test, and why it failed
    Text,
    /// As JUnit's XML, for machines that build
    Junit,
    /// One JSON object a test
    Json,
}

/// What came of all tests.
#[derive(Default)]
struct Sum {
    passed: usize,
    failed: usize,
    impossible: usize,
    /// Files with faults.
    faulty: usize,
}

impl TestArguments {
    /// Carries out every test.
    ///
    /// # Errors
    ///
    /// When the results cannot be written.
    pub(super) fn run(&self) -> io::Result<ExitCode> {
        let asked = Variables::parse(&self.set).map_err(|error| error.to_string());
        let asked = asked.and_then(|variables| Ok((variables, test_files(&self.files)?)));
        let (variables, files) = match asked {
            Ok(asked) => asked,
            Err(error) => return Ok(invalid(&error)),
        };
        if self.watch {
            self.again_and_again(&files, &variables)
        } else {
            self.once(&files, &variables).map(|(status, _)| status)
        }
    }

    /// Carries out every test whenever a file of theirs has changed.
    fn again_and_again(&self, files: &[PathBuf], variables: &Variables) -> io::Result<ExitCode> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let mut watcher = Watcher::new(false);
        loop {
            let (_, read) = self.once(files, variables)?;
            watcher.follow(&read);
            writeln!(io::stdout(), "waits for a save; Ctrl-C ends")?;
            runtime.block_on(watcher.changed());
            writeln!(io::stdout())?;
        }
    }

    /// Carries out every test; the exit status, and every file that was read.
    fn once(
        &self,
        files: &[PathBuf],
        variables: &Variables,
    ) -> io::Result<(ExitCode, Vec<PathBuf>)> {
        let begun = Instant::now();
        let mut sum = Sum::default();
        let (mut all, mut read) = (Vec::new(), Vec::new());
        let mut coverage = Coverage::default();
        for file in files {
            let loaded = load_tests(file, &|name| variables.get(name));
            self.test_file(file, &loaded, variables, &mut sum, &mut all, &mut coverage)?;
            read.extend(loaded.files);
        }
        let mut out = io::stdout().lock();
        match self.format {
            Format::Junit => out.write_all(report_junit(&all).as_bytes())?,
            Format::Json => {
                for line in coverage.json() {
                    writeln!(out, "{line}")?;
                }
            }
            Format::Text => {
                out.write_all(coverage.text().as_bytes())?;
                writeln!(out, "{}", sum.text(begun.elapsed(), self.seeds))?;
            }
        }
        let status = match () {
            () if sum.faulty > 0 => ExitCode::from(INVALID),
            () if sum.failed > 0 => ExitCode::from(FAILED),
            () if sum.passed + sum.impossible == 0 => invalid(&self.nothing()),
            () => ExitCode::SUCCESS,
        };
        Ok((status, read))
    }

    /// That no test was carried out.
    fn nothing(&self) -> String {
        match &self.filter {
            Some(filter) => format!("no test has {filter:?} in its name"),
            None => "there is no test in these files".to_owned(),
        }
    }

    /// Carries out the tests of a file.
    fn test_file(
        &self,
        path: &Path,
        loaded: &LoadedTests,
        variables: &Variables,
        sum: &mut Sum,
        all: &mut Vec<Done>,
        coverage: &mut Coverage,
    ) -> io::Result<()> {
        let LoadedTests { file: Some(file), topology: Some(topology), .. } = loaded else {
            sum.faulty += 1;
            let look = Look::Full { colours: colours_on(&io::stderr()) };
            aside(draw(&loaded.diagnostics, &loaded.sources, look).trim_end());
            return Ok(());
        };
        if self.format == Format::Text {
            writeln!(io::stdout(), "{}", path.display())?;
        }
        let chosen = |test: &&TestSpec| {
            self.filter.as_ref().is_none_or(|filter| test.name.contains(filter.as_str()))
        };
        for test in file.tests.iter().filter(chosen) {
            let load = |saved: &_| saved::load_saved(&file.topology, saved, variables);
            let (outcome, seed, orders) = self.in_all_orders(test, topology, &load)?;
            coverage.add(topology, &outcome.reached);
            sum.add(&outcome);
            let done = Done::of(path, file, test, outcome, seed, orders, &loaded.sources);
            self.show(&done, test, &loaded.sources)?;
            all.push(done);
        }
        Ok(())
    }

    /// Carries out a test in each order, until one does not hold; with its seed, and how many different
    /// orders there were.
    fn in_all_orders(
        &self,
        test: &TestSpec,
        topology: &Topology,
        load: crate::trial::Load<'_>,
    ) -> io::Result<(Outcome, u64, usize)> {
        let mut orders = std::collections::BTreeSet::new();
        let mut reached = crate::trial::Reached::default();
        let mut last = None;
        for seed in self.seed..self.seed.saturating_add(self.seeds) {
            let manner = Manner { real: self.real, ..Manner::simulated(seed) };
            let mut outcome = carry_out(test, topology, load, manner)?;
            orders.insert(outcome.order);
            reached.add(&outcome.reached);
            outcome.reached = reached.clone();
            let is_over = outcome.verdict != Verdict::Passed;
            last = Some((outcome, seed));
            if is_over {
                break;
            }
        }
        let (outcome, seed) = last.ok_or_else(|| io::Error::other("no seed"))?;
        Ok((outcome, seed, orders.len()))
    }

    fn show(&self, done: &Done, test: &TestSpec, sources: &SourceMap) -> io::Result<()> {
        let mut out = io::stdout().lock();
        match self.format {
            Format::Text => {
                let colours = colours_on(&io::stdout());
                out.write_all(text::shown(done, test, sources, self.seeds, colours).as_bytes())
            }
            Format::Json => writeln!(out, "{}", report_json(done)),
            Format::Junit => Ok(()),
        }
    }
}

impl Sum {
    fn add(&mut self, outcome: &Outcome) {
        match outcome.verdict {
            Verdict::Passed => self.passed += 1,
            Verdict::Failed(_) => self.failed += 1,
            Verdict::Impossible(_) => self.impossible += 1,
        }
    }

    /// `3 passed, 1 failed, in 0.02 s`
    fn text(&self, took: std::time::Duration, seeds: u64) -> String {
        let mut said = vec![format!("{} passed", self.passed)];
        let kinds = [
            (self.failed, "failed"),
            (self.impossible, "cannot be carried out like that"),
            (self.faulty, "with faults"),
        ];
        said.extend(kinds.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{n} {what}")));
        let orders = if seeds > 1 { format!(", {seeds} seeds each") } else { String::new() };
        format!("{}{orders}, in {:.2} s", said.join(", "), took.as_secs_f64())
    }
}
