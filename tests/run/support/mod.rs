//! What the tests of runs share.
//!
//! Owns processes, their lines, ports and folders. Never knows what a test is about.

pub(crate) mod http;
mod lines;
mod peer;
mod port;
mod runner;

pub(crate) use lines::Lines;
pub(crate) use peer::Peer;
#[allow(unused_imports, reason = "the tests of the page have scripts of their own")]
pub(crate) use peer::python;
pub(crate) use port::{free_port, free_ports};
pub(crate) use runner::{Ending, Runner, Zrig};

use std::time::{Duration, Instant};

/// How long anything may take that normally takes no time, on a machine that is busy.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// Whether the long tests should run at full length.
pub(crate) fn soaking() -> bool {
    std::env::var_os("ZRIG_SOAK").is_some_and(|value| value == "1")
}

/// Looks again and again, for what tells nobody when it happens: a file, a figure of the kernel.
pub(crate) fn eventually(what: &str, happened: impl FnMut() -> bool) {
    eventually_or(|| what.to_owned(), happened);
}

/// The same, for what is told by more than a word where it does not happen.
pub(crate) fn eventually_or(what: impl Fn() -> String, mut happened: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !happened() {
        assert!(Instant::now() < deadline, "not in {PATIENCE:?}: {}", what());
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// The program of `tests/python/node.py`, as a `command`.
pub(crate) fn node_py(what: &str) -> String {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/python/node.py");
    format!("[{:?}, {script:?}, {what}]", python())
}

/// The lines `first label`, `second label`, … that numbered messages make.
pub(crate) fn numbered(label: &str, count: usize) -> Vec<String> {
    (0..count).map(|number| format!("{label} {number}")).collect()
}
