//! Giving what came from outside to the nodes of a run again, and comparing what handlers would do now.
//!
//! ```text
//! recording ──Origin──▶ what came from outside ──Player──▶ peers of its own ──ZeroMQ──▶ nodes   (Performance)
//!           ──Comparison──▶ the handlers as they are now ──▶ what they would do otherwise
//! ```
//!
//! Owns which messages those are, the peers that it plays, and the comparison. Never touches a node: what it
//! gives comes over the sockets, as it came then.

mod comparison;
mod origin;
mod pace;
mod performance;
mod player;
mod replayed;
mod stop;

pub use comparison::{
    Accepted, Comparison, Difference, Group, Kind, Missing, Report, Sent, look_up,
};
pub use pace::Pace;
pub use performance::{Performance, Performed, Progress};
pub use replayed::Replayed;
pub use stop::Stop;
