//! What an observer asks of a node: what only the node itself can tell of this moment.
//!
//! Owns the answer. Never waits for anybody, and costs nothing while nobody asks.

use std::time::Duration;

use super::task::{Node, Phase};
use crate::snapshot::{ConnectionSnapshot, NodeStatus};

/// What a node is doing at one moment.
#[derive(Clone, PartialEq, Debug)]
pub struct Observation {
    /// What it is doing.
    pub status: NodeStatus,
    /// Its sockets, in the order of its counters.
    pub sockets: Vec<SocketObservation>,
}

/// What a socket is doing at one moment.
#[derive(Clone, PartialEq, Debug)]
pub struct SocketObservation {
    /// How long a message has been waiting for room in it.
    pub blocked_for: Duration,
    /// Its connections, as far as libzmq told in time.
    pub connections: Vec<ConnectionSnapshot>,
}

impl Node {
    /// What the node is doing now.
    pub(super) fn observe(&self) -> Observation {
        let sockets = self.sockets.iter().map(|socket| SocketObservation {
            blocked_for: socket.blocked_for(),
            connections: Vec::new(),
        });
        Observation { status: self.status(), sockets: sockets.collect() }
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
