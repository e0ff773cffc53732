//! Reading a topology with everything it names, and checking it.
//!
//! Owns which files are read, and within which bounds. Never watches a file and never starts a
//! node.

mod read;
mod scripts;

use std::path::{Path, PathBuf};

use crate::diagnostic::{Code, Diagnostic};
use crate::document::{Document, MAX_BYTES};
use crate::source::{Source, SourceMap};
use crate::topology::{Checked, Topology, check};

use read::read_text;
use scripts::load_scripts;

/// What came of loading a file.
#[derive(Debug)]
pub struct Loaded {
    /// Every text that was read.
    pub sources: SourceMap,
    /// The topology, if no fault stops a run.
    pub topology: Option<Topology>,
    /// All faults.
    pub diagnostics: Vec<Diagnostic>,
    /// Every file that was read or is missing: a change of any of them may change the topology.
    pub files: Vec<PathBuf>,
}

/// Reads a topology, its scripts and what they import; `lookup` gives variables their values.
#[must_use]
pub fn load(path: &Path, lookup: &dyn Fn(&str) -> Option<String>) -> Loaded {
    let mut loaded = Loaded {
        sources: SourceMap::default(),
        topology: None,
        diagnostics: Vec::new(),
        files: vec![path.to_owned()],
    };
    match read_text(path, MAX_BYTES) {
        Ok(text) => loaded.check(Source::new(path, text), lookup),
        Err(error) => {
            let code = if error.is_size() { Code::TooLarge } else { Code::Unreadable };
            let message = format!("cannot read {}", path.display());
            loaded.diagnostics.push(
                Diagnostic::new(code, message).because(error.to_string()).help(error.help()),
            );
        }
    }
    loaded
}

impl Loaded {
    fn check(&mut self, source: Source, lookup: &dyn Fn(&str) -> Option<String>) {
        let id = self.sources.add(source.clone());
        let document = match Document::parse(id, &source, lookup) {
            Ok(document) => document,
            Err(fault) => {
                self.diagnostics.push(fault);
                return;
            }
        };
        let scripts = load_scripts(&document, id, &mut self.sources, &mut self.files);
        let Checked { topology, diagnostics } = check(&document, &scripts);
        self.topology = topology;
        self.diagnostics = diagnostics;
    }
}
