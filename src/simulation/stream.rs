//! STREAM: bytes of TCP, which know no messages.
//!
//! Owns what a STREAM tells of its peers and what becomes of bytes on their way: pieces of any size, in
//! order. Its routing ids are those of a ROUTER.

use rand::RngExt;
use rand::rngs::StdRng;

use super::end::{EndId, SocketId};
use super::network::{Action, State};
use crate::message::{Frame, Multipart};
use crate::zeromq::Role;

/// How many bytes libzmq reads of a connection at once.
const READ: usize = 8192;

impl State {
    /// A STREAM calls each connection by a name of its own, and a connection made anew as before.
    pub(super) fn name_stream(&mut self, socket: SocketId, id: EndId) {
        if self.end(id).is_some_and(|end| end.name.is_none()) {
            let name = self.new_name();
            self.rename(socket, id, name);
        }
    }

    /// A STREAM is told by an empty message that a peer has come or gone.
    pub(super) fn tell_stream(&mut self, id: EndId) {
        let Some(socket) = self.end(id).map(|end| end.socket) else { return };
        if self.socket(socket).is_none_or(|socket| socket.role != Role::Stream) {
            return;
        }
        if let Some(end) = self.end_mut(id) {
            end.inbound.write(Multipart::from_iter([Frame::empty()]));
            self.soon(Action::Notice(id));
        }
    }

    /// Bytes for a peer; none at all close the connection, after all that was sent before.
    pub(super) fn send_bytes(&mut self, id: EndId, mut frames: Multipart) {
        frames.truncate(1);
        if !self.end(id).is_some_and(super::end::End::is_open) {
            return;
        }
        if frames.iter().all(|frame| frame.is_empty()) {
            self.let_go(id, None);
        } else {
            self.put(id, frames);
        }
    }
}

/// The pieces in which bytes arrive: mostly as they were sent, where that is not too much.
pub(super) fn pieces(message: Multipart, chance: &mut StdRng) -> Vec<Multipart> {
    let mut pieces = Vec::new();
    for frame in &message {
        let mut rest: &[u8] = frame;
        while !rest.is_empty() {
            let most = rest.len().min(READ);
            let size = if chance.random_bool(0.75) { most } else { chance.random_range(1..=most) };
            let (piece, after) = rest.split_at(size);
            pieces.push(Multipart::from_iter([Frame::copy(piece)]));
            rest = after;
        }
    }
    pieces
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    #[test]
    fn bytes_arrive_whole_and_in_order_whatever_the_pieces_are() {
        let bytes: Vec<u8> = (0..20_000_u32).map(|number| number.to_le_bytes()[0]).collect();
        let mut counts = std::collections::BTreeSet::new();
        for seed in 0..50 {
            let message = Multipart::from_iter([Frame::copy(&bytes)]);
            let pieces = pieces(message, &mut StdRng::seed_from_u64(seed));
            let all: Vec<u8> = pieces.iter().flat_map(|piece| piece[0].to_vec()).collect();
            assert_eq!(all, bytes);
            assert!(pieces.iter().all(|piece| piece[0].len() <= READ));
            counts.insert(pieces.len());
        }
        assert!(counts.contains(&3) && counts.len() > 3, "{counts:?}");
    }
}
