//! What came in and waits for the node's handlers: messages before the start, and news of peers.
//!
//! Owns how much may wait. Never calls a handler. What a reload takes from libzmq waits in its socket.

use std::collections::VecDeque;

use crate::script::{Inbound, PeerEvent};

/// How many messages may arrive before the start without being handled.
const EARLY_MAX: usize = 1000;
/// How many peer events may wait for `on_peer`.
const PEER_EVENTS_MAX: usize = 100_000;

/// What came in and waits.
#[derive(Default)]
pub(super) struct Incoming {
    /// Messages that came before the start, with their numbers.
    early: VecDeque<(Inbound, u32)>,
    /// What `on_peer` is to hear.
    peer_events: VecDeque<PeerEvent>,
}

impl Incoming {
    /// Keeps a message until the start.
    pub(super) fn keep(&mut self, inbound: Inbound, number: u32) {
        if self.early.len() < EARLY_MAX {
            self.early.push_back((inbound, number));
        }
    }

    /// What came before the start, in order.
    pub(super) fn take_early(&mut self) -> VecDeque<(Inbound, u32)> {
        std::mem::take(&mut self.early)
    }

    /// Keeps what `on_peer` is to hear.
    pub(super) fn hear(&mut self, event: PeerEvent) {
        if self.peer_events.len() < PEER_EVENTS_MAX {
            self.peer_events.push_back(event);
        }
    }

    /// The next thing for `on_peer`.
    pub(super) fn next_peer_event(&mut self) -> Option<PeerEvent> {
        self.peer_events.pop_front()
    }

    /// Moves what waits from the old places of sockets to the new ones; of one that is gone nothing is
    /// to be told.
    pub(super) fn renumber(&mut self, place_now: impl Fn(usize) -> Option<usize>) {
        self.peer_events.retain_mut(|event| {
            let place = place_now(event.socket);
            event.socket = place.unwrap_or(event.socket);
            place.is_some()
        });
    }
}
