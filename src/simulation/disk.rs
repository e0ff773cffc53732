//! Files of a simulation: what nodes write stays in memory.
//!
//! Owns their bytes. Never touches a file of the system.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use crate::lock::locked;

/// What standard output is called here.
const STANDARD: &str = "-";

/// The files that were written; a clone is the same disk.
#[derive(Clone, Default, Debug)]
pub(crate) struct Disk(Arc<Mutex<BTreeMap<PathBuf, Vec<u8>>>>);

impl Disk {
    /// Begins a file, or empties it.
    pub(crate) fn empty(&self, path: Option<&Path>) {
        locked(&self.0).insert(name(path), Vec::new());
    }

    /// Writes at the end of a file; without a path, to standard output.
    pub(crate) fn append(&self, path: Option<&Path>, bytes: &[u8]) {
        locked(&self.0).entry(name(path)).or_default().extend_from_slice(bytes);
    }

    /// Puts a whole file in the place of another one.
    pub(crate) fn write(&self, path: &Path, bytes: Vec<u8>) {
        locked(&self.0).insert(path.to_owned(), bytes);
    }

    /// What is in a file that was written, from a byte on.
    pub(crate) fn read(&self, path: Option<&Path>, from: usize) -> Option<Vec<u8>> {
        locked(&self.0).get(&name(path)).map(|bytes| bytes.get(from..).unwrap_or_default().to_vec())
    }
}

fn name(path: Option<&Path>) -> PathBuf {
    path.unwrap_or(Path::new(STANDARD)).to_owned()
}
