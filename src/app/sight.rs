//! What the files of a run said when they were looked at.
//!
//! Owns what tells a new version from the one before and a save that is under way from one that is
//! meant, and the words for a topology file that says nothing. Never reads a file.

use std::path::{Path, PathBuf};

use crate::load::{Loaded, Trouble};

/// What the files said at one time.
#[derive(PartialEq, Eq)]
pub(super) struct Sight {
    texts: Vec<(PathBuf, String)>,
    /// What tells the versions of files apart whose texts nobody keeps.
    fingerprints: Vec<(PathBuf, u64)>,
}

impl Sight {
    /// What was read.
    pub(super) fn of(loaded: &Loaded) -> Self {
        let texts = loaded.sources.iter();
        let texts = texts.map(|(_, source)| (source.path().to_owned(), source.text().to_string()));
        Self { texts: texts.collect(), fingerprints: loaded.fingerprints.clone() }
    }

    /// The files whose texts were read.
    pub(super) fn paths(&self) -> impl Iterator<Item = &PathBuf> {
        self.texts.iter().map(|(path, _)| path)
    }

    /// Whether a file that had a text before has none now, though the topology may want it.
    pub(super) fn lacks(&self, before: &Self, wanted: &[PathBuf]) -> bool {
        before.texts.iter().any(|(path, text)| {
            let now = self.texts.iter().find(|(known, _)| known == path);
            let has_text = now.map(|(_, text)| !is_blank(text));
            !is_blank(text) && !has_text.unwrap_or(!wanted.contains(path))
        })
    }
}

/// What a receipt says of a topology file that says nothing.
pub(super) fn lost(file: &Path, trouble: &Trouble) -> String {
    let file = file.display();
    match trouble {
        Trouble::Gone => format!("{file} is gone; what runs stays"),
        Trouble::Empty => format!("{file} is empty; what runs stays"),
        Trouble::Pipe => format!("{file} is a pipe, which gives its text only once"),
        Trouble::Unreadable(why) => format!("cannot read {file}: {why}"),
    }
}

fn is_blank(text: &str) -> bool {
    text.trim().is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sight(texts: &[(&str, &str)]) -> Sight {
        let texts = texts.iter().map(|(path, text)| (path.into(), (*text).to_owned()));
        Sight { texts: texts.collect(), fingerprints: Vec::new() }
    }

    #[test]
    fn a_file_that_was_there_and_is_gone_or_empty_is_lacked_if_it_is_wanted() {
        let before = sight(&[("t.yaml", "nodes:"), ("s.rhai", "1"), ("blank.rhai", " ")]);
        let wanted = ["t.yaml".into(), "s.rhai".into(), "blank.rhai".into()];
        assert!(!before.lacks(&before, &wanted));
        assert!(sight(&[("t.yaml", "nodes:"), ("s.rhai", "\n")]).lacks(&before, &wanted));
        assert!(sight(&[("t.yaml", "nodes:")]).lacks(&before, &wanted));
        // The new version names it no longer.
        assert!(!sight(&[("t.yaml", "nodes: {}")]).lacks(&before, &wanted[..1]));
    }
}
