//! What runs, and what ran before, to be drawn and compared.
//!
//! Owns which versions of the topology are kept. Never draws one.

use std::sync::{Arc, Mutex};

use super::lookup::Lookup;
use crate::control::Hello;
use crate::load::load_again;
use crate::lock::locked;
use crate::topology::Topology;

/// How many versions are kept.
const VERSIONS: usize = 50;

/// The versions of a topology that ran while the page was served.
pub(super) struct Pictures {
    lookup: Lookup,
    kept: Mutex<Vec<(u64, Arc<Topology>)>>,
    /// The nodes that run, where some of the file do not.
    only: Mutex<Option<Vec<String>>>,
}

impl Pictures {
    pub(super) fn new(lookup: Lookup) -> Self {
        Self { lookup, kept: Mutex::default(), only: Mutex::default() }
    }

    /// Another version runs: reads it. What cannot be read, because it was changed again, has no picture.
    pub(super) async fn is_of(&self, hello: &Hello) {
        let (lookup, file) = (self.lookup.clone(), hello.file.clone());
        let loading = tokio::task::spawn_blocking(move || {
            load_again(file.as_ref(), &|name| lookup.get(name)).topology
        });
        let Ok(Some(topology)) = loading.await else { return };
        let runs = |name: &str| hello.nodes.iter().any(|node| node.name == name);
        let only: Vec<String> = topology
            .nodes
            .iter()
            .filter(|node| node.instances().any(|(instance, _)| runs(&instance)))
            .map(|node| node.name.clone())
            .collect();
        let is_part = only.len() < topology.nodes.len();
        let topology = if is_part { topology.only(&only) } else { topology };
        let topology = Arc::new(topology);
        *locked(&self.only) = is_part.then_some(only);
        let mut kept = locked(&self.kept);
        // A run that came back counts from the beginning.
        kept.retain(|(generation, _)| *generation < hello.generation);
        kept.push((hello.generation, topology));
        if kept.len() > VERSIONS {
            kept.remove(0);
        }
    }

    /// What a version would have of what runs here: `--only` leaves the rest to others.
    pub(super) fn running_of(&self, topology: &Topology) -> Topology {
        match &*locked(&self.only) {
            Some(only) => topology.only(only),
            None => topology.clone(),
        }
    }

    /// A version, or the one that runs.
    pub(super) fn topology(&self, generation: Option<u64>) -> Option<Arc<Topology>> {
        let kept = locked(&self.kept);
        let found = match generation {
            Some(wanted) => kept.iter().rfind(|(generation, _)| *generation == wanted),
            None => kept.last(),
        };
        found.map(|(_, topology)| Arc::clone(topology))
    }
}
