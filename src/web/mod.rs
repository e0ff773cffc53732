//! What a run shows over HTTP: its figures, and the live page.
//!
//! ```text
//! --metrics ──▶ figures ──▶ a window on what runs
//! --web ──▶ routes ──▶ board ◀── sampler ──lines of JSON──▶ control socket
//!                  ──▶ shelf ──▶ recordings beside the file ──▶ replay ──ZeroMQ──▶ nodes
//! ```
//!
//! Owns the servers, who is let in, and the page with its parts. The page's server is a client of the
//! control protocol, and otherwise reads files alone: a hundred who look cost the run nothing more than one.

mod apply;
mod assets;
mod board;
mod browser;
mod entrance;
mod faults;
mod figures;
mod files;
mod help;
mod known_files;
mod lookup;
mod names;
mod page;
mod picture;
mod pictures;
mod places;
mod reach;
mod recordings;
mod refusal;
mod replay;
mod replays;
mod routes;
mod sample;
mod sampler;
mod serve;
mod shelf;
mod site;
mod slow;
mod speak;
mod stream;
mod tap;
mod tokens;
mod words;

pub use figures::serve_figures;
pub use lookup::Lookup;
pub use reach::Reach;
pub use routes::Page;
pub use serve::{Listening, ServeAddress, ServeError};
pub use tokens::Tell;
