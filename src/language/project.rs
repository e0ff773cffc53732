//! A topology with its scripts, as somebody edits them.
//!
//! Owns which node runs which script, and what a place in a file is a place of. Never reads a file.

use std::path::{Component, Path, PathBuf};

use super::body::Body;
use super::outline::{Node, Outline};
use super::script::Script;

/// A text with its path.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct File<'a> {
    /// Where it is, or would be.
    pub path: &'a Path,
    /// What is in it now.
    pub text: &'a str,
}

/// A topology and its scripts. Either may be missing: then less is known.
#[derive(Clone, Default, Debug)]
pub struct Project<'a> {
    /// The topology.
    pub topology: Option<File<'a>>,
    /// Its scripts, what they import, and what else a node could name.
    pub scripts: Vec<File<'a>>,
}

impl<'a> Project<'a> {
    /// The file of that path.
    pub(super) fn file(&self, path: &Path) -> Option<File<'a>> {
        let all = self.topology.iter().chain(&self.scripts);
        all.copied().find(|file| file.path == path)
    }

    /// Whether a path is the topology's.
    pub(super) fn is_topology(&self, path: &Path) -> bool {
        self.topology.is_some_and(|file| file.path == path)
    }

    /// What the topology declares; nothing where there is none.
    pub(super) fn outline(&self) -> Outline<'a> {
        Outline::new(self.topology.map_or("", |file| file.text))
    }

    /// The path of a script that the topology names.
    pub(super) fn script_path(&self, written: &str) -> Option<PathBuf> {
        let folder = self.topology?.path.parent()?;
        Some(tidy(&folder.join(written)))
    }

    /// The path that a file imports, without its ending.
    pub(super) fn import_path(from: &Path, written: &str) -> Option<PathBuf> {
        Some(tidy(&from.parent()?.join(format!("{written}.rhai"))))
    }

    /// Every text of handlers, with its file and the nodes that run it.
    pub(super) fn bodies<'o>(&self, outline: &'o Outline<'_>) -> Vec<Handlers<'o, 'a>> {
        let mut found = Vec::new();
        if let Some(topology) = self.topology {
            for node in &outline.nodes {
                for (_, body) in &node.handlers {
                    let (file, body) = (topology, body.clone());
                    found.push(Handlers { file, body, nodes: vec![node] });
                }
            }
        }
        for &file in &self.scripts {
            let nodes = self.nodes_of(file.path, outline);
            found.push(Handlers { file, body: Body::of_file(file.text), nodes });
        }
        found
    }

    /// The names of the nodes that share a node's script, its own among them.
    pub(super) fn sharing(&self, outline: &Outline<'_>, node: &Node) -> Vec<String> {
        let script = node.script.clone().and_then(|it| self.script_path(&outline.text[it]));
        let nodes = match script {
            Some(script) => self.nodes_of(&script, outline),
            None => vec![node],
        };
        nodes.into_iter().map(|node| outline.text[node.name.clone()].to_owned()).collect()
    }

    /// The nodes that name a script; of one that none names, those that name one that imports it.
    pub(super) fn nodes_of<'o>(&self, script: &Path, outline: &'o Outline<'_>) -> Vec<&'o Node> {
        let named = self.naming(script, outline);
        if !named.is_empty() {
            return named;
        }
        let imports_it = |file: &&File<'_>| {
            let text = Script::new(file.text);
            let mut paths = text.imports().into_iter().map(|it| &file.text[it.path]);
            paths.any(|path| Self::import_path(file.path, path).is_some_and(|path| path == script))
        };
        let importers = self.scripts.iter().filter(|file| file.text.contains("import"));
        let importers = importers.filter(imports_it);
        importers.flat_map(|file| self.naming(file.path, outline)).collect()
    }

    fn naming<'o>(&self, script: &Path, outline: &'o Outline<'_>) -> Vec<&'o Node> {
        let named = |node: &&Node| {
            let written = node.script.clone().map(|place| &outline.text[place]);
            written.and_then(|written| self.script_path(written)).is_some_and(|path| path == script)
        };
        outline.nodes.iter().filter(named).collect()
    }
}

/// A text of handlers.
pub(super) struct Handlers<'o, 'a> {
    pub(super) file: File<'a>,
    pub(super) body: Body,
    pub(super) nodes: Vec<&'o Node>,
}

/// A path without `.` and `..`.
pub(super) fn tidy(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if plain.file_name().is_some() => {
                plain.pop();
            }
            Component::ParentDir
            | Component::Normal(_)
            | Component::RootDir
            | Component::Prefix(_) => {
                plain.push(part);
            }
        }
    }
    plain
}
