//! Test files: what is done to a topology, and what has to come of it.
//!
//! Owns the model that a trial obeys, and the reading and checking of the file that says it. Never runs
//! anything, and reads no file by itself.

mod check;
pub mod known;
mod place;
mod spec;

pub use check::{Checked, Tested, check, topology_of};
pub use place::{NoPlace, Place};
pub use spec::{
    Action, CallSpec, Condition, Expected, Line, MessageSpec, PeerEnd, PeerSpec, Saved, StepSpec,
    TestFile, TestSpec, Watched,
};

/// Whether a text is one of tests: by its name, or since it has `tests` and no `nodes`.
#[must_use]
pub fn is_test_file(path: &std::path::Path, text: &str) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let has = |key: &str| text.lines().any(|line| line.starts_with(key));
    name.ends_with(".test.yaml") || name.ends_with(".test.yml") || (has("tests:") && !has("nodes:"))
}
