//! What an observer asks of a node: what only the node itself can tell of this moment.
//!
//! Owns the answer, and the asking of libzmq how full its queues are. Costs nothing while nobody
//! asks, and never makes the node wait: what libzmq does not tell in time is left out.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::blueprint::Blueprint;
use super::state::Subscriber;
use super::tap::Place;
use super::task::{Node, Phase};
use crate::snapshot::{ConnectionSnapshot, NodeStatus};
use crate::zeromq::Role;

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
    /// For how long no message has gone through it.
    pub still_for: Duration,
    /// Whether no message waits to be received, in libzmq or in the node.
    pub drained: bool,
}

/// Questions of observers that wait for libzmq.
#[derive(Debug)]
pub(super) struct Inquiry {
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

impl Inquiry {
    /// When to answer at the latest.
    pub(super) fn until(&self) -> Instant {
        self.until
    }

    /// Notes how full a connection's queues are.
    pub(super) fn note(&mut self, place: usize, connection: ConnectionSnapshot, unsent: u64) {
        if let Some(told) = self.told.get_mut(place) {
            told.connections.push(connection);
            told.unsent.push(unsent);
        }
    }

    fn is_complete(&self) -> bool {
        self.told.iter().all(|told| told.connections.len() >= told.expected)
    }
}

impl Node {
    /// Asks libzmq how full its queues are, to answer an observer.
    pub(super) fn inquire(&mut self, answer: oneshot::Sender<Observation>) {
        if let Some(inquiry) = &mut self.inquiry {
            inquiry.answers.push(answer);
            return;
        }
        if let Some(handler) = &mut self.handler {
            handler.measure_small_state();
            self.blueprint.counters.state_bytes.set(handler.state_bytes() as u64);
        }
        let told = self
            .sockets
            .iter_mut()
            .map(|socket| Told { expected: socket.ask_queues(), ..Told::default() });
        let told = told.collect();
        self.inquiry =
            Some(Inquiry { answers: vec![answer], until: Instant::now() + PATIENCE, told });
    }

    /// Lets libzmq's answers come through, and passes them on when all are there.
    pub(super) fn advance_inquiry(&mut self, now: Instant) {
        let Some(inquiry) = &self.inquiry else { return };
        if !inquiry.is_complete() && now < inquiry.until {
            for socket in &mut self.sockets {
                // The answers pass through the socket, and a busy node would not look there.
                socket.look();
            }
            return;
        }
        let Some(inquiry) = self.inquiry.take() else { return };
        let sockets =
            self.sockets.iter_mut().zip(inquiry.told).map(|(socket, told)| SocketObservation {
                is_blocked: socket.count_blocked(),
                connections: told.connections,
                unsent: told.unsent,
                still_for: socket.still_for(),
                drained: socket.look_drained(),
            });
        let sockets = sockets.collect();
        let observation = Observation { status: self.status(), sockets };
        for answer in inquiry.answers {
            // An observer that gave up hears of the next one.
            let _ = answer.send(observation.clone());
        }
    }

    /// Looks whether anybody began or ceased to look at this node's messages.
    #[inline]
    pub(super) fn look_for_taps(&mut self) {
        if self.taps.has_changed() {
            self.attach_taps();
        }
    }

    #[cold]
    fn attach_taps(&mut self) {
        let Blueprint { spec, replica, instance, .. } = &self.blueprint;
        for socket in &mut self.sockets {
            let place = Place {
                instance: Arc::clone(instance),
                socket: Arc::clone(&socket.name),
                role: socket.spec.role,
                format: socket.spec.format,
                numbered: socket.spec.sequence,
            };
            self.taps.attach(&spec.name, *replica, place, &mut socket.taps);
        }
    }

    /// Says who the subscribers inside the file are.
    pub(super) fn set_audience(&mut self, subscribers: &[Subscriber]) {
        for socket in &mut self.sockets {
            let of_socket = subscribers.iter().filter(|one| *one.socket == *socket.name);
            let of_socket =
                of_socket.map(|one| (Arc::clone(&one.counters), Arc::clone(&one.expected)));
            let is_told = socket.spec.role == Role::Pub && !socket.spec.is_on("conflate");
            socket.fanout.set(of_socket.collect(), is_told);
        }
    }

    /// Notes which sockets messages went through.
    pub(super) fn note_movement(&mut self, now: Instant) {
        for socket in &mut self.sockets {
            socket.note_movement(now);
        }
    }

    fn status(&self) -> NodeStatus {
        match self.phase {
            Phase::Attaching => NodeStatus::Attaching,
            Phase::Running | Phase::Quiet if self.held.is_some() => NodeStatus::Held,
            Phase::Running | Phase::Quiet if self.is_resting() => NodeStatus::Resting,
            Phase::Running | Phase::Quiet => NodeStatus::Running,
            Phase::Stopping { .. } | Phase::Closed => NodeStatus::Stopping,
        }
    }
}
