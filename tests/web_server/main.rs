//! `zrig run --web` from outside: what the page's server answers, whom, and within which bounds.
//!
//! Owns what a page relies on. The page itself is looked at by a browser, in `tests/web/`.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(clippy::print_stdout, reason = "a test says what it measured")]

mod answers;
mod beside;
mod bounds;
#[allow(dead_code, reason = "shared with the tests of the control socket")]
#[path = "../control/client.rs"]
mod client;
mod edit;
mod page;
mod recordings;
mod slow_motion;
mod strangers;
#[allow(dead_code, unused_imports, reason = "shared with the tests of runs")]
#[path = "../run/support/mod.rs"]
mod support;
