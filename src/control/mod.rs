//! The control socket: how other processes of the same user look into a run and speak with its
//! nodes.
//!
//! ```text
//! zrig list, tap, events, send, stop, … ──lines of JSON──▶ control socket ──▶ nodes, figures
//! ```
//!
//! Owns the protocol, the socket file and both ends. A node never waits for a client, and a run
//! goes on without its control socket.

mod asked;
mod client;
mod conversation;
mod events;
mod folder;
mod in_order;
mod paper;
mod protocol;
mod reading;
mod record;
mod sampling;
mod server;
mod sieve;
mod socket_file;
mod speak;
mod stepping;
mod tapping;
mod watched;
mod whole;

pub use asked::{Asked, asked};
pub use client::{Client, Running, find, running};
pub use conversation::Conversation;
pub use protocol::{
    Ended, Failed, FrameKind, Hello, HelloNode, Lacking, Message, RecordingFigures, Released,
    Reloaded, Reply, Request, Spoken, Stepped, Taken, Texts, WireFrame,
};
pub use reading::routing_id;
pub(crate) use reading::{Opened, read_by_frames, routing_id_text};
pub use server::{Desk, OpenTaps};
pub(crate) use sieve::Sieve;
pub use socket_file::ControlSocket;
pub(crate) use speak::send;
