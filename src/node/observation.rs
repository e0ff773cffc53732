//! What an observer asks of a node: what only the node itself can tell of this moment.
//!
//! Owns the answer, and the asking of libzmq how full its queues are. Costs nothing while nobody
//! asks, and never makes the node wait: what libzmq does not tell in time is left out.

use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::socket::NodeSocket;
use crate::clock;
use crate::snapshot::{ConnectionSnapshot, NodeStatus};

/// How long libzmq may take to tell of its queues.
const PATIENCE: Duration = Duration::from_millis(20);

/// What a node is doing at one moment.
#[derive(Clone, PartialEq, Debug)]
pub struct Observation {
    /// What it is doing.
    pub status: NodeStatus,
    /// Its sockets, in the order of its counters.
    pub sockets: Vec<SocketObservation>,
}

/// What a socket is doing at one moment.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct SocketObservation {
    /// Whether a message waits for room in it.
    pub is_blocked: bool,
    /// Its connections, as far as libzmq told in time.
    pub connections: Vec<ConnectionSnapshot>,
    /// How many messages really wait to go out on each of them, where the queue says how full it is
    /// in steps of half the high-water mark.
    pub unsent: Vec<u64>,
    /// Whether libzmq told of every connection, and so had a turn after it was asked.
    pub is_told: bool,
    /// Messages that had gone through it, in and out, when it was looked at.
    pub moved: u64,
    /// When the last of them was noticed, and when it was looked at.
    pub still: Option<Still>,
    /// Whether no message waits to be received, in libzmq or in the node.
    pub drained: bool,
}

/// For how long no message had gone through a socket when it was looked at.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Still {
    /// When the last message was noticed.
    pub since: Instant,
    /// When the socket was looked at.
    pub until: Instant,
}

/// Questions of observers that wait for libzmq.
#[derive(Default, Debug)]
pub(super) struct Inquiries(Option<Inquiry>);

#[derive(Debug)]
struct Inquiry {
    answers: Vec<oneshot::Sender<Observation>>,
    until: Instant,
    /// For each socket.
    told: Vec<Told>,
}

/// What libzmq told of a socket so far.
#[derive(Default, Debug)]
struct Told {
    connections: Vec<ConnectionSnapshot>,
    /// How many messages really wait to go out on each.
    unsent: Vec<u64>,
    /// How many connections are to be told of.
    expected: usize,
}

impl Inquiries {
    /// Whether libzmq was asked already and has not told all.
    pub(super) fn are_under_way(&self) -> bool {
        self.0.is_some()
    }

    /// Asks libzmq how full its queues are, to answer an observer.
    pub(super) fn ask(&mut self, sockets: &mut [NodeSocket], answer: oneshot::Sender<Observation>) {
        if let Some(inquiry) = &mut self.0 {
            inquiry.answers.push(answer);
            return;
        }
        let told = sockets
            .iter_mut()
            .map(|socket| Told { expected: socket.ask_queues(), ..Told::default() });
        let told = told.collect();
        self.0 = Some(Inquiry { answers: vec![answer], until: clock::now() + PATIENCE, told });
    }

    /// When to answer at the latest.
    pub(super) fn due(&self) -> Option<Instant> {
        self.0.as_ref().map(|inquiry| inquiry.until)
    }

    /// Notes how full a connection's queues are.
    pub(super) fn note(&mut self, place: usize, connection: ConnectionSnapshot, unsent: u64) {
        let told = self.0.as_mut().and_then(|inquiry| inquiry.told.get_mut(place));
        if let Some(told) = told {
            told.connections.push(connection);
            told.unsent.push(unsent);
        }
    }

    /// Lets libzmq's answers come through, and passes them on when all are there: of a node in this
    /// state, that owes something by some of its sockets.
    pub(super) fn advance(
        &mut self,
        now: Instant,
        sockets: &mut [NodeSocket],
        owes: impl Fn(usize) -> bool,
        status: NodeStatus,
    ) {
        let Some(inquiry) = &self.0 else { return };
        if !inquiry.is_complete() && now < inquiry.until {
            for socket in sockets {
                // The answers pass through the socket, and a busy node would not look there.
                socket.look();
            }
            return;
        }
        let Some(inquiry) = self.0.take() else { return };
        sockets.iter_mut().for_each(|socket| socket.note_movement(now));
        let told = sockets.iter_mut().enumerate().zip(inquiry.told);
        let sockets = told.map(|((place, socket), told)| SocketObservation {
            is_blocked: socket.count_blocked(),
            is_told: told.is_complete(),
            connections: told.connections,
            unsent: told.unsent,
            moved: socket.moved(),
            still: Some(Still { since: socket.still_since(), until: now }),
            drained: socket.look_drained() && !owes(place),
        });
        let observation = Observation { status, sockets: sockets.collect() };
        for answer in inquiry.answers {
            // An observer that gave up hears of the next one.
            let _ = answer.send(observation.clone());
        }
    }

    /// Forgets who asked: the sockets are others now.
    pub(super) fn forget(&mut self) {
        self.0 = None;
    }
}

impl Inquiry {
    fn is_complete(&self) -> bool {
        self.told.iter().all(Told::is_complete)
    }
}

impl Told {
    fn is_complete(&self) -> bool {
        self.connections.len() >= self.expected
    }
}
