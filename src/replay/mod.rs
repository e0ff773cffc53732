//! Giving what came from outside to the nodes of a run again.
//!
//! ```text
//! recording ──Origin──▶ what came from outside ──Player──▶ peers of its own ──ZeroMQ──▶ nodes
//! ```
//!
//! Owns which messages those are, and the peers that it plays. Never touches a node: what it gives comes
//! over the sockets, as it came then.

mod origin;
mod player;

pub use player::{Pace, Player, Replayed};
