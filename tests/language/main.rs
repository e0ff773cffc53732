//! `zrig lsp` from outside: a scripted client against the built program.
//!
//! Owns what an editor relies on, one module a subject. Whatever a test waits for has a deadline.
//! With `ZRIG_SOAK=1` in the environment the edits at random go on for ten minutes.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(clippy::print_stdout, reason = "a test says what it measured")]

mod client;
mod completion;
mod diagnostics;
mod editors;
mod formatting;
mod fuzz;
#[path = "../check/large.rs"]
mod large;
mod life;
mod meaning;
mod measure;
mod rename;
#[path = "../check/secrets.rs"]
mod secrets;
mod unfinished;
