//! What the files of a run said when they were looked at.
//!
//! Owns what tells a new version from the one before, a save that is under way from one that is
//! meant, and why a topology file says nothing. Never reads a file.

use std::path::{Path, PathBuf};

use crate::load::{Loaded, Unread};

/// What the files said at one time.
#[derive(PartialEq, Eq)]
pub(super) struct Sight {
    texts: Vec<(PathBuf, String)>,
}

/// Why a topology file says nothing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Trouble {
    /// There is none.
    Gone,
    /// It holds nothing.
    Empty,
    /// It is a pipe, which gives its text only once: so from the start, mostly.
    Pipe,
    /// It is not to be read, and why.
    Unreadable(String),
}

impl Sight {
    /// What was read.
    pub(super) fn of(loaded: &Loaded) -> Self {
        let texts = loaded.sources.iter();
        let texts = texts.map(|(_, source)| (source.path().to_owned(), source.text().to_string()));
        Self { texts: texts.collect() }
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

impl Trouble {
    /// Why the topology file says nothing, if so.
    pub(super) fn of(loaded: &Loaded) -> Option<Self> {
        match &loaded.unread {
            Some(Unread::Missing) => Some(Self::Gone),
            Some(Unread::Pipe) => Some(Self::Pipe),
            Some(Unread::Because(why)) => Some(Self::Unreadable(why.clone())),
            None => {
                let (_, source) = loaded.sources.iter().next()?;
                is_blank(source.text()).then_some(Self::Empty)
            }
        }
    }

    /// What a receipt says of it.
    pub(super) fn text(&self, file: &Path) -> String {
        let file = file.display();
        match self {
            Self::Gone => format!("{file} is gone; what runs stays"),
            Self::Empty => format!("{file} is empty; what runs stays"),
            Self::Pipe => format!("{file} is a pipe, which gives its text only once"),
            Self::Unreadable(why) => format!("cannot read {file}: {why}"),
        }
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
        Sight { texts: texts.collect() }
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
