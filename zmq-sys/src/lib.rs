//! libzmq 4.3.5 with CURVE and the draft API, linked statically, and its declarations.
//!
//! This crate stands in for the published `zmq-sys` under the crate `zmq`, whose libzmq is built
//! with nothing configured: no CURVE, keep-alive without effect, two descriptors a socket,
//! wall-clock timers, no interface names. `build/` makes the library; `src/` says what is in it.
//!
//! It owns the declarations that `zmq` 0.10 and this repository use, written by hand from `zmq.h`:
//! all constants, and those functions that have a caller or are next to one. It never contains
//! logic, and never declares what the library beside it does not have; `tests/upstream.rs` compares
//! with `zmq.h`.
//!
//! # Safety
//!
//! All functions are `unsafe` and are as `zmq.h` says. What recurs:
//!
//! - A context may be used from every thread. A socket may be used from one thread at a time, with
//!   a full fence in between.
//! - A `zmq_msg_t` must be initialised before it is passed to anything but a `zmq_msg_init…`, must
//!   be closed once, and must not be copied or moved in memory by hand while libzmq knows its
//!   address; a move of the Rust value between two calls is fine.
//! - On failure functions return -1 or null, and [`zmq_errno`] tells why.

#![allow(non_camel_case_types, reason = "the names are those of zmq.h")]

pub mod errno;

mod constants;
mod events;
mod functions;
mod messages;
mod options;
#[cfg(feature = "patched")]
mod ours;

pub use constants::*;
pub use events::*;
pub use functions::*;
pub use messages::*;
pub use options::*;
#[cfg(feature = "patched")]
pub use ours::*;

pub use std::os::fd::RawFd;
