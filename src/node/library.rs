//! The libzmq that this program is linked with, as it tells of itself.
//!
//! Owns its version and what it was built with. Never makes a socket.

/// What libzmq may be built with, by its own words and by ours.
const CAPABILITIES: [(&str, &str); 10] = [
    ("curve", "curve"),
    ("draft", "draft"),
    ("ipc", "ipc"),
    ("tipc", "tipc"),
    ("WS", "ws"),
    ("WSS", "wss"),
    ("gssapi", "gssapi"),
    ("pgm", "pgm"),
    ("norm", "norm"),
    ("vmci", "vmci"),
];

/// A libzmq.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Library {
    /// Its version, such as `4.3.5`.
    pub version: String,
    /// Whether all patches of this repository are applied, and not only those that zrig cannot do
    /// without.
    pub is_patched: bool,
    /// What it was built with.
    pub features: Vec<&'static str>,
}

/// The libzmq of this program.
#[must_use]
pub fn library() -> Library {
    let (major, minor, patch) = zmq::version();
    let has = |word: &str| zmq::has(word) == Some(true);
    let features = CAPABILITIES.iter().filter(|(word, _)| has(word)).map(|(_, ours)| *ours);
    Library {
        version: format!("{major}.{minor}.{patch}"),
        is_patched: cfg!(feature = "patched-libzmq"),
        features: features.collect(),
    }
}
