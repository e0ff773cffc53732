//! The versions that a test saves.
//!
//! Owns how one comes about. Writes no file.

use std::path::Path;

use super::variables::Variables;
use crate::document::with_values;
use crate::load::{load, load_text};
use crate::test_file::Saved;
use crate::topology::Topology;

/// Another version of a topology, or why there is none.
pub(super) fn load_saved(
    path: &Path,
    saved: &Saved,
    variables: &Variables,
) -> Result<Topology, String> {
    let lookup = |name: &str| variables.get(name);
    let read = |path: &Path| {
        std::fs::read_to_string(path)
            .map_err(|error| format!("cannot read {}: {error}", path.display()))
    };
    let loaded = match saved {
        Saved::File(other) if other.parent() == path.parent() => load(other, &lookup),
        Saved::File(other) => load_text(path, &read(other)?, &lookup),
        Saved::Set(values) => load_text(path, &with_values(&read(path)?, values)?, &lookup),
    };
    let faults = loaded.diagnostics.iter().filter(|fault| fault.is_error());
    let faults: Vec<&str> = faults.map(|fault| fault.message.as_str()).collect();
    loaded.topology.ok_or_else(|| format!("what is saved is faulty: {}", faults.join("; ")))
}
