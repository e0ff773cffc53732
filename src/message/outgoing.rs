//! A message on its way to its socket.
//!
//! Owns how far it has got. Never sends: sockets belong to `node/`.

use super::frame::Multipart;

/// A message that its socket has not taken yet, or not all of it.
#[derive(Default, Debug)]
pub struct Outgoing {
    /// All frames, those that are still to go with their bytes.
    pub frames: Multipart,
    /// The first of them that libzmq does not have yet.
    pub next: usize,
    /// Whether it bears its number already, where `sequence` is on.
    pub numbered: bool,
    /// Whether it was counted for those whom it should reach.
    pub counted: bool,
}

impl From<Multipart> for Outgoing {
    fn from(frames: Multipart) -> Self {
        Self { frames, next: 0, numbered: false, counted: false }
    }
}
