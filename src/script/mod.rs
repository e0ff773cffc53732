//! The Rhai engine: its limits, the functions of the contract, and the handlers of a node.
//!
//! Owns everything that knows Rhai. Never touches a socket: what a handler wants done comes back
//! as [`Effect`]s.

mod bounded;
mod bytes;
mod collector;
mod compile;
mod custom;
mod desk;
mod digits;
mod effect;
mod encode;
mod engine;
mod failure;
mod fault;
mod filter;
mod functions;
mod guard;
mod handler;
mod handover;
mod import;
mod json;
mod keepsake;
mod lengthy;
mod limits;
mod msg;
mod outlets;
mod places;
mod program;
mod refusal;
mod shortcut;
mod survey;
mod text;
#[cfg(test)]
mod trial;
mod vocabulary;
mod weight;

pub use desk::NodeView;
pub use effect::{Effect, Inbound, Invocation, Level, Outlet, PeerEvent, PeerEventKind, Route};
pub use encode::{Offered, encode_line, encode_offered};
pub use engine::Engine;
pub use failure::panic_text;
pub use fault::{CallSite, FaultKind, HandlerError, HandlerErrorKind, ScriptFault};
pub use filter::Filter;
pub use handler::Handler;
pub use import::ImportError;
pub use keepsake::Keepsake;
pub use limits::STACK_BYTES;
pub use msg::fits;
pub use outlets::Socket;
pub use program::Program;
pub use refusal::Refusal;
pub use survey::{Call, Function, Literal, Property, Site, Survey, Unknown};
pub use text::{Handlers, Piece, ScriptText};
pub use vocabulary::Vocabulary;
pub use weight::StateNews;
