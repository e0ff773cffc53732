//! Waiting for a moment that may never come.
//!
//! Owns the one way to say so in a choice between several waits. Never reads a clock.

use std::time::Instant;

/// Returns at that moment, at once if it is past; never where there is none.
pub(crate) async fn until(due: Option<Instant>) {
    match due {
        Some(due) => tokio::time::sleep_until(due.into()).await,
        None => std::future::pending().await,
    }
}
