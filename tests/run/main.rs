//! `zrig run` from outside: the built program, what it prints, and other programs on its sockets.
//!
//! Owns what a user relies on, one module a subject. Whatever a test waits for has a deadline, and
//! nothing is waited for by sleeping. With `ZRIG_SOAK=1` in the environment the long ones run at
//! full length.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(clippy::print_stdout, reason = "a test says what it measured")]

mod bad_input;
mod blocking;
mod certificates;
mod drops;
mod endpoints;
mod fairness;
mod feeds;
mod figures;
mod files;
mod fleet;
mod following;
mod functions;
mod importing;
mod interoperation;
mod late_replies;
mod lifecycle;
mod logs;
mod mechanisms;
mod persist;
mod pipes;
mod places;
mod programs;
mod read_write;
mod records;
mod roles;
mod scale;
mod services;
mod silence;
mod slow_joiner;
#[cfg(feature = "patched-libzmq")]
mod slow_names;
mod state;
#[cfg(feature = "patched-libzmq")]
mod storm;
#[allow(dead_code, reason = "shared with the tests of reloads")]
mod support;
mod topologies;
mod traps;
mod waiting;
