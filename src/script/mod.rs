//! The Rhai engine: its limits, the functions of the contract, and the handlers of a node.
//!
//! Owns everything that knows Rhai. Never touches a socket: what a handler wants done comes back
//! as [`Effect`]s.

mod argument;
mod binary_form;
mod binary_layout;
mod body;
mod bounded;
mod byte_literal;
mod bytes;
mod call_context;
mod cbor;
mod chance;
mod collector;
mod compile;
mod compression;
mod csv_lines;
mod custom;
mod debt;
mod digits;
mod effect;
mod encode;
mod engine;
mod expression;
mod failure;
mod fast_expression;
mod fault;
mod filter;
mod functions;
mod generator;
mod guard;
mod handler;
mod hashes;
mod import;
mod json;
mod kept_state;
mod lending;
mod lengthy;
mod limits;
mod moments;
mod move_return;
mod msg;
mod msgpack;
mod numbers;
mod operand;
mod own_function;
mod patterns;
mod places;
mod program;
mod reach;
mod refusal;
mod saved_state;
mod semicolon;
mod socket_lookup;
mod state_use;
mod survey;
mod syntax;
mod text;
mod text_codecs;
mod text_use;
mod timer;
#[cfg(test)]
mod trial;
mod vocabulary;
mod weight;
mod wording;

pub use argument::words_of;
pub use call_context::NodeView;
pub use csv_lines::csv_table;
pub use debt::Debt;
pub use effect::{
    Effect, EndpointCall, Inbound, Invocation, Level, PeerEvent, PeerEventKind, Route, SocketView,
};
pub use encode::{Offered, encode_failure, encode_line, encode_offered, encode_record};
pub use engine::Engine;
pub use expression::{ExpressionText, Way};
pub use failure::panic_text;
pub use fault::{CallSite, FaultKind, HandlerError, HandlerErrorKind, ScriptFault, ScriptFix};
pub use filter::Filter;
pub use handler::{Handler, NodeState};
pub use import::ImportError;
pub use kept_state::{StateText, check_state_text};
pub use limits::STACK_BYTES;
pub use msg::{PROPERTIES as MESSAGE_PROPERTIES, fits};
pub use places::argument_of;
pub use program::Program;
pub use reach::Reach;
pub use refusal::Refusal;
pub use saved_state::SavedState;
pub use socket_lookup::Socket;
pub use survey::{Call, Function, Literal, Property, Returned, Site, Survey, Unknown};
pub use syntax::{Meant, Mistake, foreign_function, foreign_variable};
pub use text::{HandlerText, Handlers, ScriptText};
pub use vocabulary::Vocabulary;
pub use weight::StateNews;
