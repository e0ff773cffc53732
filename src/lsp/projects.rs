//! A file with what it is part of, as questions are asked of it.
//!
//! Owns which texts these are: as they are edited, otherwise as they were last read. Never reads a
//! file.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::documents::Kind;
use super::session::Session;
use crate::language::{File, Project};

impl Session {
    /// The text of a file as it is now: as it is edited, or as it was last read.
    pub(super) fn text(&self, path: &Path) -> Option<std::sync::Arc<str>> {
        if let Some(document) = self.documents.get(path) {
            return Some(std::sync::Arc::clone(&document.text));
        }
        self.findings.values().find_map(|findings| {
            let read = findings.sources.find(path).map(|id| findings.sources.get(id).text());
            read.or_else(|| findings.scripts.get(path)).cloned()
        })
    }

    /// Answers a question about a file with what it is part of.
    pub(super) fn with_project<T>(
        &self,
        path: &Path,
        topology: Option<&Path>,
        ask: impl FnOnce(&Project<'_>) -> T,
    ) -> T {
        let topology_text = topology.and_then(|path| self.text(path));
        let mut texts: BTreeMap<PathBuf, std::sync::Arc<str>> = BTreeMap::new();
        if let Some(findings) = topology.and_then(|path| self.findings.get(path)) {
            for near in &findings.near {
                texts.insert(near.clone(), "".into());
            }
            for (script, text) in &findings.scripts {
                texts.insert(script.clone(), std::sync::Arc::clone(text));
            }
        }
        for (path, document) in self.documents.iter() {
            if document.kind == Kind::Script {
                texts.insert(path.clone(), std::sync::Arc::clone(&document.text));
            }
        }
        if topology != Some(path)
            && let Some(text) = self.text(path)
        {
            texts.insert(path.to_owned(), text);
        }
        let project = Project {
            topology: topology
                .zip(topology_text.as_deref())
                .map(|(path, text)| File { path, text }),
            scripts: texts.iter().map(|(path, text)| File { path, text }).collect(),
        };
        ask(&project)
    }

    /// The topology that a question about a file is asked of.
    pub(super) fn topology_for(&self, path: &Path) -> Option<PathBuf> {
        match self.documents.get(path)?.kind {
            Kind::Topology => Some(path.to_owned()),
            Kind::Script => {
                let mut known = self.topologies_of(path).into_iter();
                known.find(|path| self.findings.get(path).is_none_or(|it| it.tested.is_none()))
            }
            Kind::Tests => self.findings.get(path)?.tested.clone(),
            Kind::Other => None,
        }
    }
}
