//! Observers: what interprets the facts and figures of a running topology.
//!
//! Owns the log and what is served over HTTP. Never changes what runs, and a node never waits for
//! it.

mod exposition;
mod filter;
mod log;
mod metrics;
mod repeats;
mod server;
mod words;

pub use filter::LogFilter;
pub use log::{LogFormat, Logger, time_of_day};
pub use server::{ServeAddress, ServeError, Server};
