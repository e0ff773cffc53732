//! YAML as written: a tree that knows where every key and value stands.
//!
//! Owns reading a topology file's text: one pass of parser events builds the tree, expands
//! aliases and merge keys within bounds, finds keys given twice, and puts the environment's
//! values in. Never knows what a topology is; `topology/` reads this tree.

mod bounds;
mod braces;
mod build;
mod handler_key;
mod inline_handler;
mod layout;
mod merge;
mod node;
mod places;
mod schema;
mod set_values;
mod substitute;
mod syntax;
mod tag;
mod variables;
mod written;

pub use bounds::MAX_BYTES;
pub use build::Document;
pub use handler_key::is_handler_key;
pub use inline_handler::YamlHand;
pub use node::{Entry, Key, Kind, Mapping, Node, Scalar, Style};
pub use schema::TypedError;
pub use set_values::with_values;
