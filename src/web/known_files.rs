//! The texts of the run's files as they are on the disk, for who asks for them at each keystroke.
//!
//! Owns that they are loaded again only when one of them is another one. What belongs to them is the
//! loader's to say.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use crate::load::{Loaded, text_of};
use crate::lock::locked;
use crate::source::Source;

/// The texts that were there last.
#[derive(Default)]
pub(super) struct KnownFiles(Mutex<Option<Arc<Known>>>);

struct Known {
    file: PathBuf,
    sources: Vec<Source>,
    /// What the topology names and was not there.
    absent: Vec<PathBuf>,
}

impl KnownFiles {
    /// The texts of a topology and of what belongs to it; `load` is asked where they have changed.
    pub(super) fn texts(&self, file: &Path, load: impl FnOnce() -> Loaded) -> Vec<Source> {
        let known = locked(&self.0).clone();
        if let Some(known) = known.filter(|known| known.file == file && known.is_so()) {
            return known.sources.clone();
        }
        let loaded = load();
        let sources: Vec<Source> = loaded.sources.iter().map(|(_, one)| one.clone()).collect();
        let is_absent =
            |path: &&PathBuf| sources.iter().all(|one| one.path() != *path) && !path.exists();
        let absent = loaded.files.iter().filter(is_absent).cloned().collect();
        let known = Known { file: file.to_owned(), sources: sources.clone(), absent };
        // A topology that cannot be read now may be there the next time.
        *locked(&self.0) = (!sources.is_empty()).then(|| Arc::new(known));
        sources
    }
}

impl Known {
    /// Whether they say the same yet.
    fn is_so(&self) -> bool {
        let is_same = |one: &Source| text_of(one.path()).is_some_and(|text| *text == **one.text());
        self.sources.iter().all(is_same) && !self.absent.iter().any(|path| path.exists())
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::fs;

    use super::*;
    use crate::load::load_again;

    #[test]
    fn texts_are_loaded_again_when_one_has_changed_or_come() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.yaml");
        let yaml = "nodes:\n  a: {role: pull, bind: 5, script: a.rhai}\n";
        fs::write(&file, yaml).unwrap();
        let known = KnownFiles::default();
        let loads = Cell::new(0);
        let texts = || {
            let load = || {
                loads.set(loads.get() + 1);
                load_again(&file, &|_| None)
            };
            let texts = known.texts(&file, load);
            texts.iter().map(|one| one.text().to_string()).collect::<Vec<_>>()
        };
        assert_eq!((texts(), texts(), loads.get()), (vec![yaml.into()], vec![yaml.into()], 1));
        let script = folder.path().join("a.rhai");
        fs::write(&script, "fn on_message(m) {}").unwrap();
        assert_eq!(texts()[1], "fn on_message(m) {}");
        fs::write(&script, "fn on_message(m) { }").unwrap();
        assert_eq!((&*texts()[1], loads.get()), ("fn on_message(m) { }", 3));
        texts();
        assert_eq!(loads.get(), 3);
        fs::remove_file(&script).unwrap();
        assert_eq!((texts().len(), loads.get()), (1, 4));
    }
}
