//! Which of the messages that a recording has came from outside.
//!
//! Owns the comparison with what nodes of the file sent over their links. Never reads a file.

use std::collections::{HashMap, VecDeque};
use std::time::SystemTime;

use crate::node::{ON_ITS_WAY, Passed, port_of, said};
use crate::topology::{Neighbours, Port, Topology};
use crate::zeromq::Role;

/// Tells messages of the file's own nodes from those of others.
#[derive(Debug)]
pub(super) struct Origin {
    neighbours: Neighbours,
    /// What was sent to a socket and may be on its way there yet.
    under_way: HashMap<Port, UnderWay>,
}

#[derive(Default, Debug)]
struct UnderWay {
    counts: HashMap<u64, u32>,
    order: VecDeque<(SystemTime, u64)>,
}

impl Origin {
    pub(super) fn of(topology: &Topology) -> Self {
        Self { neighbours: Neighbours::of(topology), under_way: HashMap::new() }
    }

    /// Whether anybody inside the file is linked with a socket.
    pub(super) fn is_linked(&self, instance: &str, socket: &str) -> bool {
        self.neighbours.linked(&port_of(instance, socket)).next().is_some()
    }

    /// Notes a message that a node sent.
    pub(super) fn note_sent(&mut self, passed: &Passed) {
        let sender = port_of(&passed.place.instance, &passed.place.socket);
        let said = said(passed);
        for receiver in self.neighbours.linked(&sender) {
            let under_way = self.under_way.entry(receiver.clone()).or_default();
            *under_way.counts.entry(said).or_default() += 1;
            under_way.order.push_back((passed.at, said));
            under_way.forget(passed.at);
        }
    }

    /// Whether nobody inside the file can have sent a message that a node received.
    pub(super) fn is_from_outside(&mut self, passed: &Passed) -> bool {
        let Some(under_way) =
            self.under_way.get_mut(&port_of(&passed.place.instance, &passed.place.socket))
        else {
            return true;
        };
        let said = said(passed);
        let Some(count) = under_way.counts.get_mut(&said) else { return true };
        // Each subscriber has its own, so that one does not take it from the others.
        if !matches!(passed.place.role, Role::Sub | Role::Xsub) {
            *count -= 1;
            if *count == 0 {
                under_way.counts.remove(&said);
            }
        }
        false
    }
}

impl UnderWay {
    /// Forgets what has been under way for too long.
    fn forget(&mut self, now: SystemTime) {
        while let Some((at, said)) = self.order.front().copied() {
            if now.duration_since(at).unwrap_or_default() < ON_ITS_WAY {
                return;
            }
            self.order.pop_front();
            if let Some(count) = self.counts.get_mut(&said) {
                *count -= 1;
                if *count == 0 {
                    self.counts.remove(&said);
                }
            }
        }
    }
}
