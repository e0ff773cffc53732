//! Observers: what interprets the events and figures of a running topology.
//!
//! Owns the log and what is served over HTTP. Never changes what runs, and a node never waits for
//! it.

mod exposition;
mod filter;
mod line;
mod log;
mod metrics;
mod places;
mod receipts;
mod repeats;
mod scribe;
mod server;
mod words;

pub use filter::LogFilter;
pub(crate) use line::Line;
pub use line::{LogFormat, time_of_day};
pub use log::Logger;
pub use receipts::Receipts;
pub use server::{ServeAddress, ServeError, Server};
pub(crate) use words::{level, sentence};
