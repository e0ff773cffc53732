//! `zrig tap`, `send`, `call` and `top` from outside: the built program beside a run of it.
//!
//! Owns what a user relies on of the control socket. Every run has a runtime directory of its own,
//! so that tests do not see each other's.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(clippy::print_stdout, reason = "a test says what it did not do")]

mod client;
mod comparison;
mod events;
mod finding;
mod hostile;
mod pictures;
mod recording;
mod replay;
mod secrets;
mod slow_motion;
mod socket;
mod speak;
#[allow(dead_code, unused_imports, reason = "shared with the tests of runs")]
#[path = "../run/support/mod.rs"]
mod support;
mod tap;
mod top;
mod whole_tap;
