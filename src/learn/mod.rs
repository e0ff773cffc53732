//! Lessons: topologies with a fault or a gap, and what a learner's file lacks to hold.
//!
//! ```text
//! lesson ──written──▶ a learner's file ──check, hidden tests──▶ judgement
//! ```
//!
//! Owns the lessons, their folder, and how a file is judged: by what `check` says and by tests that are
//! carried out, never by its text. Prints nothing.

mod folder;
mod judge;
mod lessons;

pub use folder::{path_of, put_aside, write_missing};
pub use judge::{Finding, Judgement, LoadSaved, judge};
pub use lessons::{LESSONS, Lesson};
