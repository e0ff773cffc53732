//! Observers: what interprets the facts and figures of a running topology.
//!
//! Owns the log. Never changes what runs, and a node never waits for it.

mod log;
mod words;

pub use log::{LogFormat, Logger};
