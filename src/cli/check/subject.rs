//! What `zrig check` found of one file, be it a topology or a test file.
//!
//! Owns that a topology's faults are told once, although its tests are checked with it. Never prints.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::diagnostic::Diagnostic;
use crate::load::{Loaded, load, load_tests, text_of};
use crate::source::SourceMap;
use crate::test_file::is_test_file;
use crate::topology::Topology;

/// What was found of one file.
pub(super) struct Subject {
    pub(super) sources: SourceMap,
    pub(super) diagnostics: Vec<Diagnostic>,
    /// The topology, or that of the tests, if no fault stops a run.
    pub(super) topology: Option<Topology>,
    /// How many tests there are.
    pub(super) tests: usize,
    /// Whether no fault stops a run.
    pub(super) is_sound: bool,
    /// Whether the topology of the tests is checked by itself too.
    pub(super) is_told_elsewhere: bool,
}

/// Whether a file is one of tests; what cannot be read twice is none, unless its name says so.
fn is_of_tests(file: &Path) -> bool {
    is_test_file(file, "") || text_of(file).is_some_and(|text| is_test_file(file, &text))
}

/// Those of the files that are topologies, as the system knows them.
pub(super) fn told_by_themselves(files: &[PathBuf]) -> BTreeSet<PathBuf> {
    // Only test files ask, and mostly there is none.
    if !files.iter().any(|file| is_of_tests(file)) {
        return BTreeSet::new();
    }
    let topologies = files.iter().filter(|file| !is_of_tests(file));
    topologies.filter_map(|file| file.canonicalize().ok()).collect()
}

impl Subject {
    /// Reads and checks a file with all that it names.
    pub(super) fn load(
        file: &Path,
        told: &BTreeSet<PathBuf>,
        lookup: &dyn Fn(&str) -> Option<OsString>,
    ) -> Self {
        if is_of_tests(file) {
            Self::tests(file, told, lookup)
        } else {
            Self::topology(file, lookup)
        }
    }

    fn topology(file: &Path, lookup: &dyn Fn(&str) -> Option<OsString>) -> Self {
        let mut loaded = load(file, lookup);
        loaded.diagnostics.extend(absent(&loaded));
        Self {
            is_sound: loaded.topology.is_some(),
            sources: loaded.sources,
            diagnostics: loaded.diagnostics,
            topology: loaded.topology,
            tests: 0,
            is_told_elsewhere: false,
        }
    }

    fn tests(
        file: &Path,
        told: &BTreeSet<PathBuf>,
        lookup: &dyn Fn(&str) -> Option<OsString>,
    ) -> Self {
        let mut loaded = load_tests(file, lookup);
        let is_sound = loaded.file.is_some();
        if let Some(tested) = &loaded.tested {
            loaded.diagnostics.extend(absent(tested));
        }
        let tested = loaded.topology_file.as_ref().and_then(|path| path.canonicalize().ok());
        let is_told_elsewhere = tested.is_some_and(|path| told.contains(&path));
        if is_told_elsewhere {
            let own = loaded.sources.find(file);
            let is_own =
                |fault: &Diagnostic| fault.span().is_none_or(|span| Some(span.source) == own);
            loaded.diagnostics.retain(is_own);
        }
        Self {
            is_sound,
            tests: loaded.file.map_or(0, |file| file.tests.len()),
            sources: loaded.sources,
            diagnostics: loaded.diagnostics,
            topology: loaded.topology,
            is_told_elsewhere,
        }
    }
}

/// Files and programs that a run would miss.
fn absent(loaded: &Loaded) -> Vec<Diagnostic> {
    loaded.absent_files().into_iter().chain(loaded.absent_programs()).collect()
}
