//! The Rhai engine: its limits, the functions of the contract, and the handlers of a node.
//!
//! Owns everything that knows Rhai. Never touches a socket: what a handler wants done comes back
//! as [`Effect`]s.

mod effect;
mod text;

pub use effect::{Effect, Event, Inbound, Level, Outlet, PeerEvent, PeerEventKind, Route};
pub use text::{Handlers, Piece, ScriptText};
