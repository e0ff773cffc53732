//! Strangers: peers that say what no ZeroMQ library would, vanish where they should not, and take
//! their time, against every reader of peers' data in libzmq.
//!
//! Owns the proof that none of them ends the process, sees another's memory, or disturbs others. The
//! test passes when it comes to its end: an assertion in libzmq aborts it. Under sanitizers, and with
//! many more bytes, `fuzz/strangers.sh` runs the same. Never a test of what zrig makes of it.

#![allow(unsafe_code, reason = "libzmq and libsodium are called as they are")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(clippy::print_stdout, reason = "a test says what it measured")]
#![allow(clippy::wildcard_enum_match_arm, reason = "most readers are read to in one way")]

mod bytes;
mod curve;
mod early;
mod ending;
mod faults;
mod library;
mod pair;
mod peer;
mod router;
mod storm;
