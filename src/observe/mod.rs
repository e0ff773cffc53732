//! Observers: what interprets the events and figures of a running topology.
//!
//! Owns the log, the receipts and the text of figures. Never changes what runs, and a node never waits for
//! it.

mod exposition;
mod filter;
mod flow_metrics;
mod happened;
mod line;
mod log;
mod metrics;
mod receipts;
mod repeats;
mod scribe;
mod words;

pub(crate) use exposition::CONTENT_TYPE;
pub use filter::LogFilter;
pub use happened::Happened;
pub(crate) use line::Line;
pub use line::{LogFormat, time_of_day};
pub use log::Logger;
pub(crate) use metrics::text as metrics_text;
pub use receipts::Receipts;
pub(crate) use words::level;
