//! ZeroMQ's own vocabulary as data: socket types, endpoints, options.
//!
//! Owns what libzmq 4.3.5 knows and takes. Never calls libzmq: `node/` does.

mod endpoint;
mod flow;
mod option;
mod role;
mod z85;

pub use endpoint::{Endpoint, EndpointError, Side, Transport};
pub use flow::MessageFlow;
pub use option::{Effective, OptionKind, OptionName, OptionValue, Refusal, SocketOption};
pub use role::Role;
pub use z85::{decode_z85, encode_z85};
