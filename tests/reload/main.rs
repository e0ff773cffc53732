//! Changes of a running topology from outside: edits under load, what arrives, what the receipt says.
//!
//! Owns that a reload loses nothing that ZeroMQ itself does not lose. Outside processes number their
//! messages (`tests/python/flood.py`). With `ZRIG_SOAK=1` in the environment the counts are those of
//! a release, otherwise they are small.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(clippy::print_stdout, reason = "a test says what it measured")]

mod authentication;
mod edited;
#[cfg(feature = "patched-libzmq")]
mod endings;
mod endpoints;
mod failures;
mod files;
mod flows;
mod handlers;
mod late_replies;
mod look_ups;
mod marks;
mod passwords;
mod persist;
mod places;
mod plans;
mod programs;
mod random;
mod rebuilds;
mod saves;
mod security;
mod subscriptions;
#[path = "../run/support/mod.rs"]
#[allow(dead_code, reason = "shared with the tests of runs, which use all of it")]
mod support;
mod switches;
mod workers;
