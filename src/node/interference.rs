//! What a test does to a node, and nobody else: it vanishes, becomes slow, has a timer fall.
//!
//! Owns the words. What becomes of the node is `running/interfered`'s.

use std::time::Duration;

use tokio::sync::oneshot;

/// What is done to a node.
#[derive(Debug)]
pub enum Interference {
    /// End at once, without a word: nothing that waits is sent, and nothing is kept.
    Vanish,
    /// Let each call of a handler take so long from now on; zero is as long as it takes.
    Slow(Duration),
    /// Let a timer fall now: that of `every` or the only one there is, or the one of that name.
    Tick {
        /// The timer of `timers`.
        timer: Option<String>,
        /// Told when its handler was called, or why it could not be.
        done: oneshot::Sender<Result<(), String>>,
    },
}
