//! What only a node can be told that has sockets of its own.
//!
//! Owns the words about links, messages and who subscribes. What every node can be told is `control`'s.

use tokio::sync::oneshot;

use super::inject::Injection;
use super::socket::SocketError;
use super::state::{Expectation, Figures, MissingLink, Subscriber};

/// What only a node can be told that has sockets of its own. Every one is answered, also when it fails.
#[derive(Debug)]
pub enum SocketControl {
    /// Connect sockets to these endpoints already; what fails is told when all are connected.
    ConnectEarly {
        /// Place of the socket and endpoint.
        endpoints: Vec<(usize, String)>,
    },
    /// Connect sockets to endpoints, and say when the expected links are up.
    Connect {
        /// Every endpoint that the file declares: place of the socket and endpoint. What was
        /// declared before and is no more is disconnected.
        endpoints: Vec<(usize, String)>,
        /// Those of them to disconnect first, because the other end was replaced.
        renew: Vec<(usize, String)>,
        /// What to wait for.
        expectation: Expectation,
        /// Told at once, with every failure.
        done: oneshot::Sender<Vec<SocketError>>,
        /// Told when the links are up.
        linked: oneshot::Sender<()>,
    },
    /// Say what the expected links still lack.
    Missing {
        /// One entry a missing link.
        answer: oneshot::Sender<Vec<MissingLink>>,
    },
    /// Count what subscribers inside the file should get.
    Audience {
        /// All of them, for all its sockets.
        subscribers: Vec<Subscriber>,
    },
    /// Say what went through the sockets, and whether anything is under way in the node.
    Figures {
        /// The figures of this moment.
        answer: oneshot::Sender<Figures>,
    },
    /// Do something with a message from outside.
    Inject(Injection),
}
