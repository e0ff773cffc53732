//! The picture of a topology: what it shows, and its four renderings.
//!
//! ```text
//! Topology ──Picture::of──▶ Picture ──┬─ svg      (laid out here)
//!                                     ├─ mermaid, dot   (laid out by their readers)
//!                                     └─ text
//! ```
//!
//! Owns every picture of a file. Pure: the same topology gives the same bytes.

mod alike;
mod copies;
mod dot;
mod family;
mod fold;
mod layout;
mod mermaid;
mod picture;
mod svg;
mod text;
mod trace;
mod words;

pub use dot::dot;
pub use family::Family;
pub use fold::Open;
pub use mermaid::mermaid;
pub use picture::{
    End, Forward, ForwardKind, Group, Live, Mark, MarkKind, NodeBox, Picture, Port, Terminal, Wire,
};
pub use svg::svg;
pub use text::text;

#[cfg(test)]
mod tests;
