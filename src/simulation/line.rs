//! What lies between sockets: links, the lines that carry them, who listens, what is wrong with lines.
//!
//! Plain data. What happens to it stands in the files of the network.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use super::end::{EndId, SocketId};
use crate::message::Multipart;

/// What a frame has beside its bytes.
const FRAME_HEAD: usize = 2;

/// One of the two ways of a link.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Way {
    /// From the end that connects.
    Forth,
    /// To it.
    Back,
}

impl Way {
    pub(super) const BOTH: [Self; 2] = [Self::Forth, Self::Back];
}

/// What the system has taken of one way and not handed on.
#[derive(Default, Debug)]
pub(super) struct Line {
    /// With the time at which each arrives.
    pub(super) messages: VecDeque<(Duration, Multipart)>,
    pub(super) bytes: usize,
    /// How many of them were at the other side already when the line was cut.
    pub(super) arrived: usize,
    /// Whether it is looked at in its turn already.
    pub(super) is_pumped: bool,
    /// Whether it is looked at when what is on its way has arrived.
    pub(super) waits: bool,
}

impl Line {
    pub(super) fn is_empty(&self) -> bool {
        self.messages.is_empty()
    }

    pub(super) fn put(&mut self, at: Duration, message: Multipart) {
        self.bytes += bytes(&message);
        self.messages.push_back((at, message));
    }

    pub(super) fn take(&mut self) -> Option<Multipart> {
        let (_, message) = self.messages.pop_front()?;
        self.bytes -= bytes(&message);
        self.arrived = self.arrived.saturating_sub(1);
        Some(message)
    }

    /// Forgets all but the first of what is on its way.
    pub(super) fn keep(&mut self, most: usize) {
        self.messages.truncate(most);
        self.arrived = self.arrived.min(most);
        self.bytes = self.messages.iter().map(|(_, message)| bytes(message)).sum();
    }
}

fn bytes(message: &Multipart) -> usize {
    message.iter().map(|frame| frame.len() + FRAME_HEAD).sum()
}

/// A link between two sockets.
#[derive(Debug)]
pub(super) struct Link {
    /// Where it connects to, as that was written.
    pub(super) endpoint: String,
    pub(super) connecting: EndId,
    pub(super) accepted: Option<EndId>,
    /// Whether the two are in one process, and hand messages on at once.
    pub(super) is_direct: bool,
    /// By which bound endpoint it came in.
    pub(super) by: String,
    pub(super) forth: Line,
    pub(super) back: Line,
    /// How many bytes the system takes of one way.
    pub(super) capacity: usize,
    /// How long a message is on its way.
    pub(super) delay: Duration,
    /// How often it was cut; odd while it is.
    pub(super) cuts: u32,
    /// Whose sockets it is between, in order of their names, once it has come up.
    pub(super) owners: Option<(String, String)>,
    /// Whether one of its ends has gone, which the other has not noticed yet.
    pub(super) is_over: bool,
}

impl Link {
    pub(super) fn is_cut(&self) -> bool {
        self.cuts % 2 == 1
    }

    /// The end where a way begins, and where it ends.
    pub(super) fn way(&self, way: Way) -> Option<(EndId, EndId)> {
        let accepted = self.accepted?;
        Some(match way {
            Way::Forth => (self.connecting, accepted),
            Way::Back => (accepted, self.connecting),
        })
    }

    pub(super) fn line(&mut self, way: Way) -> &mut Line {
        match way {
            Way::Forth => &mut self.forth,
            Way::Back => &mut self.back,
        }
    }

    /// The peer of an end.
    pub(super) fn peer_of(&self, end: EndId) -> Option<EndId> {
        if end == self.connecting { self.accepted } else { Some(self.connecting) }
    }

    /// The way that leads away from an end.
    pub(super) fn way_from(&self, end: EndId) -> Way {
        if end == self.connecting { Way::Forth } else { Way::Back }
    }
}

/// Somebody who listens.
#[derive(Debug)]
pub(super) struct Listening {
    pub(super) socket: SocketId,
    /// The endpoint with the port that was chosen.
    pub(super) actual: String,
}

/// The faults of a network, by the owners between whom they are; in order of their names.
#[derive(Default, Debug)]
pub(super) struct Faults {
    pub(super) lines: BTreeMap<(String, String), LineFault>,
}

#[derive(Clone, Copy, Default, Debug)]
pub(super) struct LineFault {
    pub(super) is_cut: bool,
    pub(super) delay: Duration,
}
