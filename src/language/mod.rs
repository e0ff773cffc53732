//! What an editor asks of a topology and its scripts: what could be written here, what this means,
//! where it is defined and used.
//!
//! Owns the answers, also for texts that are not finished. Never reads a file, never speaks a protocol
//! and never says what is wrong: `load/` does.

mod actions;
mod body;
mod completion;
mod context;
mod formatting;
mod hover;
mod outline;
mod position;
mod project;
mod references;
mod rename;
mod script;
mod shape;
mod symbols;
mod target;
mod test_files;
mod tokens;
mod tree;
mod words;

pub use actions::{Action, actions, title as fix_title};
pub use completion::{Completion, CompletionKind, complete, looks_like_a_topology};
pub use formatting::{Formatted, difference, format_script, format_topology, formatted};
pub use hover::{Hover, hover};
pub use position::{Encoding, Lines, byte_of_utf16, utf16_of_byte};
pub use project::{File, Project};
pub use references::{Location, definition, references};
pub use rename::{Edit, renamable, rename};
pub use symbols::{Symbol, SymbolKind, symbols};
pub use test_files::{complete_test, hover_test};
