//! Recordings: what passed the sockets of a run, and what else happened, in a file.
//!
//! ```text
//! whole tap, events, texts ──Recorder──▶ MCAP file ──Reader──▶ list, cut, story, replay, line of time
//! ```
//!
//! Owns the form of the file: MCAP, with frames as protobuf whose schema is in the file, so that other
//! programs of that format read it. Never holds a node back that was not to be, and never says of a file
//! that it has all where it has not.

mod around;
mod background;
mod calls;
mod contents;
mod cut;
mod entry;
mod glance;
mod names;
mod overview;
mod reader;
mod recorder;
mod schema;
mod story;
mod writer;

pub use around::{Around, Passage};
pub use background::{OnFull, RecordOptions, Recording};
pub(crate) use contents::moment;
pub use contents::{CallChannel, Channel, Entry, RecordingError, Version};
pub use cut::{CutError, Wants, cut};
pub use glance::{Glance, glance};
pub use overview::{Mark, MarkKind, Overview};
pub use reader::Reader;
pub use recorder::follows;
pub(crate) use recorder::{Recorded, Recorder, Wanted};
pub use story::{LANES, LeftOut, ROWS, Story, Wish, story};
