//! What runs, and what ran before, to be drawn and compared.
//!
//! Owns which versions of the topology are kept. Never draws one, and never reads one from a file: what
//! lies there may be newer.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use super::lookup::Lookup;
use crate::control::Texts;
use crate::load::{Unsaved, load_again_unsaved};
use crate::lock::locked;
use crate::topology::{NoSuchPlace, Part, Topology};

/// How many versions are kept.
const VERSIONS: usize = 50;

/// The versions of a topology that ran while the page was served.
pub(super) struct Pictures {
    lookup: Lookup,
    kept: Mutex<Kept>,
}

/// Those of one run.
#[derive(Default)]
struct Kept {
    pid: u32,
    /// The last of which there is a picture, if it can have one.
    last: u64,
    /// The part of the file that runs.
    part: Part,
    versions: Vec<(u64, Arc<Topology>)>,
}

impl Pictures {
    pub(super) fn new(lookup: Lookup) -> Self {
        Self { lookup, kept: Mutex::default() }
    }

    /// The versions of a run that are not known yet, up to one; of a run that is new that one alone.
    pub(super) fn unknown(&self, pid: u32, generation: u64) -> std::ops::RangeInclusive<u64> {
        let mut kept = locked(&self.kept);
        if kept.pid != pid {
            *kept = Kept { pid, last: generation.saturating_sub(1), ..Kept::default() };
        }
        kept.last.max(generation.saturating_sub(VERSIONS as u64)) + 1..=generation
    }

    /// There is all of a version that there can be.
    pub(super) fn is_known(&self, generation: u64) {
        locked(&self.kept).last = generation;
    }

    /// A version was read from these texts. What cannot be read any more, because files that are no
    /// texts have changed, has no picture.
    pub(super) async fn is_of(&self, texts: Texts) {
        let lookup = self.lookup.clone();
        let (generation, part) = (texts.generation, texts.part.clone());
        let loading = tokio::task::spawn_blocking(move || topology_of(texts, &lookup));
        let Ok(Ok(topology)) = loading.await else { return };
        let Ok(topology) = topology.part(&part) else { return };
        let topology = Arc::new(topology);
        let mut kept = locked(&self.kept);
        kept.part = part;
        kept.versions.push((generation, topology));
        if kept.versions.len() > VERSIONS {
            kept.versions.remove(0);
        }
    }

    /// What a version would have of what runs here: the rest runs elsewhere.
    ///
    /// # Errors
    ///
    /// When it has not the place of the run.
    pub(super) fn running_of(&self, topology: &Topology) -> Result<Topology, NoSuchPlace> {
        topology.part(&locked(&self.kept).part)
    }

    /// A version, or the one that runs.
    pub(super) fn topology(&self, generation: Option<u64>) -> Option<Arc<Topology>> {
        let kept = locked(&self.kept);
        let found = match generation {
            Some(wanted) => kept.versions.iter().rfind(|(generation, _)| *generation == wanted),
            None => kept.versions.last(),
        };
        found.map(|(_, topology)| Arc::clone(topology))
    }
}

/// The whole topology that these texts say, or what is wrong with them now.
pub(super) fn topology_of(texts: Texts, lookup: &Lookup) -> Result<Topology, String> {
    let mut read = Unsaved::default();
    for (path, text) in texts.texts {
        read.insert(PathBuf::from(path), text.into());
    }
    let loaded = load_again_unsaved(texts.file.as_ref(), &read, &|name| lookup.get(name));
    let fault =
        loaded.diagnostics.first().map(|fault| format!("{}: {}", texts.file, fault.message));
    loaded
        .topology
        .ok_or_else(|| fault.unwrap_or_else(|| "its texts are not to be read".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_that_followed_each_other_fast_are_asked_for_too() {
        let pictures = Pictures::new(Lookup::new(|_| None));
        let asked = |pid, generation| {
            let unknown = pictures.unknown(pid, generation);
            unknown.inspect(|one| pictures.is_known(*one)).collect::<Vec<u64>>()
        };
        assert_eq!(asked(7, 3), [3], "what ran before anybody looked");
        assert_eq!(asked(7, 3), [0; 0]);
        assert_eq!(asked(7, 6), [4, 5, 6]);
        assert_eq!(asked(7, 500).len(), VERSIONS);
        assert_eq!(asked(8, 1), [1], "another run");
    }
}
