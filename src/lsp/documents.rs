//! The texts that the client has open.
//!
//! Owns how they change. Never knows what they mean.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use lsp_types::{TextDocumentContentChangeEvent, Uri};

use super::places::Text;
use crate::document::MAX_BYTES;
use crate::language::{Encoding, Lines, looks_like_a_topology};
use crate::load::Unsaved;
use crate::test_file::is_test_file;

/// An open text.
pub(super) struct Document {
    pub(super) uri: Uri,
    pub(super) version: i32,
    pub(super) text: Arc<str>,
    pub(super) lines: Lines,
    pub(super) kind: Kind,
}

/// What a text is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    /// A topology.
    Topology,
    /// A script.
    Script,
    /// A test file.
    Tests,
    /// Some other file, of which nothing is said.
    Other,
}

impl Kind {
    /// What a text is by its language and its name; of YAML that is of no language of ours, by what is
    /// in it.
    fn of(language: &str, path: &Path, text: &str) -> Self {
        let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
        let is_yaml = matches!(language, "yaml" | "zrig" | "") || matches!(ending, "yaml" | "yml");
        // Other programs have files of such names, too.
        let is_ours = language == "zrig" || text.lines().any(|line| line.starts_with("topology:"));
        if is_yaml && is_ours && is_test_file(path, text) {
            return Self::Tests;
        }
        match (language, ending) {
            ("zrig", _) => Self::Topology,
            ("rhai", _) | (_, "rhai") => Self::Script,
            ("yaml" | "", _) | (_, "yaml" | "yml") if looks_like_a_topology(text) => Self::Topology,
            _ => Self::Other,
        }
    }
}

impl Document {
    fn text_of(&self, encoding: Encoding) -> Text<'_> {
        Text { text: &self.text, lines: &self.lines, encoding }
    }
}

/// All of them.
#[derive(Default)]
pub(super) struct Documents(BTreeMap<PathBuf, Document>);

impl Documents {
    pub(super) fn get(&self, path: &Path) -> Option<&Document> {
        self.0.get(path)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&PathBuf, &Document)> {
        self.0.iter()
    }

    /// Takes a text; one that is too large is not kept, and that is told.
    pub(super) fn open(
        &mut self,
        path: PathBuf,
        uri: Uri,
        language: &str,
        version: i32,
        text: String,
    ) -> Result<(), String> {
        check_size(&text)?;
        let kind = Kind::of(language, &path, &text);
        let lines = Lines::new(&text);
        self.0.insert(path, Document { uri, version, text: text.into(), lines, kind });
        Ok(())
    }

    pub(super) fn close(&mut self, path: &Path) -> Option<Document> {
        self.0.remove(path)
    }

    /// Applies changes in their order. A text that grows too large is closed, and that is told.
    pub(super) fn change(
        &mut self,
        path: &Path,
        version: i32,
        changes: Vec<TextDocumentContentChangeEvent>,
        encoding: Encoding,
    ) -> Result<(), String> {
        let Some(document) = self.0.get_mut(path) else { return Ok(()) };
        document.version = version;
        for change in changes {
            let text = match change.range {
                None => change.text,
                Some(range) => {
                    let bytes = document.text_of(encoding).bytes(range);
                    let mut text = document.text.to_string();
                    text.replace_range(bytes, &change.text);
                    text
                }
            };
            if let Err(why) = check_size(&text) {
                self.0.remove(path);
                return Err(why);
            }
            document.lines = Lines::new(&text);
            document.text = text.into();
        }
        // What was a topology stays one while somebody writes.
        if document.kind == Kind::Other {
            document.kind = Kind::of("", path, &document.text);
        }
        Ok(())
    }

    /// The texts as the checker reads them.
    pub(super) fn unsaved(&self) -> Unsaved {
        let mut unsaved = Unsaved::default();
        for (path, document) in &self.0 {
            unsaved.insert(path.clone(), Arc::clone(&document.text));
        }
        unsaved
    }

    pub(super) fn versions(&self) -> BTreeMap<PathBuf, i32> {
        self.0.iter().map(|(path, document)| (path.clone(), document.version)).collect()
    }
}

fn check_size(text: &str) -> Result<(), String> {
    if text.len() <= MAX_BYTES {
        return Ok(());
    }
    Err(format!("a text of more than {} MiB is not looked at", MAX_BYTES >> 20))
}
