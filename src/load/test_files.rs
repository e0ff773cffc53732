//! Reading a test file with the topology that it tests.
//!
//! Owns which files those are, and that faults of both are told together. What a test may say is
//! `test_file/`'s.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::read::{ReadError, read_text};
use super::scripts::tidy;
use super::told::{in_order, parsed, unreadable};
use super::unsaved::{Kept, Unsaved};
use super::{Loaded, Origin};
use crate::diagnostic::Diagnostic;
use crate::document::{Document, MAX_BYTES};
use crate::lint::silence;
use crate::source::{Source, SourceMap, Span};
use crate::test_file::{Action, Saved, TestFile, Tested, check, topology_of};
use crate::topology::Topology;

/// What came of loading a test file.
#[derive(Debug)]
pub struct LoadedTests {
    /// Every text that was read, the test file's first.
    pub sources: SourceMap,
    /// The tests, if no fault of the test file stops them and the topology is sound.
    pub file: Option<TestFile>,
    /// The topology that is tested, if no fault stops a run.
    pub topology: Option<Topology>,
    /// All faults of both, the gravest first.
    pub diagnostics: Vec<Diagnostic>,
    /// Every file that was read or is missing: a change of any of them may change what comes of it.
    pub files: Vec<PathBuf>,
    /// The topology's file, if the test file names one.
    pub topology_file: Option<PathBuf>,
    /// The nodes and whatever else was known of the topology.
    pub tested: Option<Box<Loaded>>,
}

/// Reads a test file, the topology that it tests, its scripts and what they import; `lookup` gives
/// variables their values.
#[must_use]
pub fn load_tests(path: &Path, lookup: &dyn Fn(&str) -> Option<OsString>) -> LoadedTests {
    loaded_tests(path, read_text(path, MAX_BYTES), &mut Origin::disk(), lookup)
}

/// As [`load_tests`], of texts that are not saved yet where there are such, and with what was kept of
/// the load before.
#[must_use]
pub fn load_tests_unsaved(
    path: &Path,
    unsaved: &Unsaved,
    kept: &mut Kept,
    lookup: &dyn Fn(&str) -> Option<OsString>,
) -> LoadedTests {
    let mut from = Origin { unsaved, kept: std::mem::take(kept) };
    let loaded = loaded_tests(path, unsaved.read(path, MAX_BYTES), &mut from, lookup);
    *kept = from.kept;
    loaded
}

/// As [`load_tests`], of a text that is at hand already; its topology is read from beside `path`.
#[must_use]
pub fn load_tests_text(
    path: &Path,
    text: &str,
    lookup: &dyn Fn(&str) -> Option<OsString>,
) -> LoadedTests {
    loaded_tests(path, Ok(text.to_owned()), &mut Origin::disk(), lookup)
}

fn loaded_tests(
    path: &Path,
    text: Result<String, ReadError>,
    from: &mut Origin<'_>,
    lookup: &dyn Fn(&str) -> Option<OsString>,
) -> LoadedTests {
    let mut loaded = LoadedTests {
        sources: SourceMap::default(),
        file: None,
        topology: None,
        diagnostics: Vec::new(),
        files: vec![path.to_owned()],
        topology_file: None,
        tested: None,
    };
    match text {
        Ok(text) => loaded.check(Source::new(path, text), from, lookup),
        Err(error) => loaded.diagnostics.push(unreadable(path, &error)),
    }
    loaded
}

impl LoadedTests {
    fn check(
        &mut self,
        source: Source,
        from: &mut Origin<'_>,
        lookup: &dyn Fn(&str) -> Option<OsString>,
    ) {
        let parse = |id| Document::parse_tests(id, &source, lookup);
        let (id, document) = match parsed(&source, &mut self.sources, parse) {
            Ok(parsed) => parsed,
            Err(faults) => {
                self.diagnostics = faults;
                return;
            }
        };
        let tested = topology_of(&document)
            .and_then(|(path, span)| self.read_topology(&path, span, from, lookup));
        let surveys = tested.as_ref().and_then(|tested| tested.surveys.as_ref());
        let topology = tested.as_ref().and_then(|tested| tested.topology.as_ref());
        let checked = check(&document, &Tested { topology, surveys });
        // Its own text alone: what the topology allows has been seen with the topology.
        let mut own = SourceMap::default();
        own.add(source.clone());
        let judges_all = checked.file.is_some();
        self.diagnostics.extend(silence(checked.diagnostics, &own, judges_all));
        if let Some(tested) = tested {
            // Its comments that allow something have been judged with it.
            let of_tests = |fault: &&Diagnostic| fault.span().is_some_and(|it| it.source == id);
            let found = tested.diagnostics.iter().filter(|fault| !of_tests(fault));
            self.diagnostics.extend(found.cloned());
            self.topology.clone_from(&tested.topology);
            self.tested = Some(Box::new(tested));
        }
        self.file = checked.file.filter(|_| self.topology.is_some());
        self.find_saved();
        self.diagnostics = in_order(&document, std::mem::take(&mut self.diagnostics));
        if self.diagnostics.iter().any(Diagnostic::is_error) {
            self.file = None;
        }
    }

    /// The topology that is tested, its texts added to those that were read.
    fn read_topology(
        &mut self,
        named: &Path,
        span: Span,
        from: &mut Origin<'_>,
        lookup: &dyn Fn(&str) -> Option<OsString>,
    ) -> Option<Loaded> {
        let folder = self.files[0].parent().unwrap_or_else(|| Path::new(""));
        let path = tidy(&folder.join(named));
        self.topology_file = Some(path.clone());
        let text = match from.unsaved.read(&path, MAX_BYTES) {
            Ok(text) => text,
            Err(error) => {
                self.files.push(path.clone());
                let fault = unreadable(&path, &error);
                let why = "its path is relative to the test file's folder";
                let fault = Diagnostic { why: None, ..fault }.at(span, error.to_string());
                self.diagnostics.push(fault.because(why));
                return None;
            }
        };
        let mut tested = Loaded::nothing_yet(&path);
        tested.sources = std::mem::take(&mut self.sources);
        tested.check(Source::new(&*path, text), from, lookup);
        let mut tested = tested.with_states();
        self.sources = std::mem::take(&mut tested.sources);
        self.files.extend(tested.files.iter().cloned());
        Some(tested)
    }

    /// Looks whether the versions that tests save are there.
    fn find_saved(&mut self) {
        let Some(file) = &self.file else { return };
        let steps = file.tests.iter().flat_map(|test| &test.steps);
        for step in steps {
            let Action::Save(Saved::File(path)) = &step.action else { continue };
            if let Err(error) = super::read::read_file(path, MAX_BYTES) {
                let fault = unreadable(path, &error);
                let why = "its path is relative to the test file's folder";
                self.diagnostics.push(
                    Diagnostic { why: None, ..fault }.at(step.span, error.to_string()).because(why),
                );
            }
            self.files.push(path.clone());
        }
    }
}
