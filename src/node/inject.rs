//! Messages that somebody outside gives to a node: to send, to take as received, or to answer.
//!
//! Owns their queue and their deadlines. They wait for their turn as the node's own messages do,
//! and never hold up the node. Never reads a socket of a client.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use tokio::sync::oneshot;

use crate::message::{Frame, Multipart, Outgoing};
use crate::script::{Offered, SocketView, encode_offered};

/// How many may wait in one node.
const WAITING_MAX: usize = 1000;

/// What to do with a message from outside.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Way {
    /// Send it; on `router` and `stream`, to the peer of that routing id.
    Send {
        /// The routing id.
        to: Option<Vec<u8>>,
    },
    /// Take it as received.
    Receive,
    /// Take it as a request, and give its answer back.
    Call,
}

/// A message from outside.
#[derive(Debug)]
pub struct Injection {
    /// The socket, by name.
    pub socket: String,
    /// What to do with it.
    pub way: Way,
    /// What it says.
    pub value: Offered,
    /// A message id or topic of its own.
    pub tag: Option<String>,
    /// When to give up.
    pub deadline: Instant,
    /// Whether the node has it: until then a handler holds the node up.
    pub taken: Arc<AtomicBool>,
    /// Told when it is done, with the answer's payload for a call, or why it is not.
    pub done: oneshot::Sender<Result<Multipart, String>>,
}

/// One that waits for its turn.
#[derive(Debug)]
pub(super) struct Injected {
    socket: String,
    way: Way,
    message: Outgoing,
    deadline: Instant,
    done: oneshot::Sender<Result<Multipart, String>>,
    /// What it waits for.
    waits_for: &'static str,
}

/// What became of one that was tried.
pub(super) enum Outcome {
    Waits,
    Done(Result<(), String>),
    /// It is a request for this socket, which can be taken now.
    Asks(usize),
}

/// What was given from outside and waits for its turn.
#[derive(Default, Debug)]
pub(super) struct InjectedQueue(VecDeque<Injected>);

impl InjectedQueue {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes a message from outside, or says at once why not.
    pub(super) fn take(&mut self, injection: Injection, views: &[SocketView]) {
        let Injection { socket, way, value, tag, deadline, taken, done } = injection;
        taken.store(true, Ordering::Relaxed);
        let view = views.iter().find(|view| *view.name == *socket);
        let payload = match view {
            None => Err(format!("the node has no socket {socket:?} any more")),
            Some(_) if self.0.len() >= WAITING_MAX => {
                Err(format!("{WAITING_MAX} messages from outside wait in the node already"))
            }
            Some(view) => encode_offered(value, tag.as_deref(), view),
        };
        match payload {
            Ok(payload) => {
                let envelope = match &way {
                    Way::Send { to: Some(id) } => Some(Frame::copy(id)),
                    Way::Send { to: None } | Way::Receive | Way::Call => None,
                };
                let frames: Multipart = envelope.into_iter().chain(payload).collect();
                let message = Outgoing::from(frames);
                let waits_for = "the node does not run yet";
                self.0.push_back(Injected { socket, way, message, deadline, done, waits_for });
            }
            // Whoever asked may be gone.
            Err(why) => drop(done.send(Err(why))),
        }
    }

    /// All that wait, in order, to be tried.
    pub(super) fn take_all(&mut self) -> VecDeque<Injected> {
        std::mem::take(&mut self.0)
    }

    /// Notes what became of one that was tried; one that asks is given back, with the socket.
    pub(super) fn note(
        &mut self,
        one: Injected,
        outcome: Outcome,
        now: Instant,
    ) -> Option<(usize, Injected)> {
        match outcome {
            Outcome::Waits if now >= one.deadline => {
                let _ = one.done.send(Err(format!("not in time: {}", one.waits_for)));
            }
            // Whoever asked has gone, so nobody expects it to be done any more.
            Outcome::Waits if one.done.is_closed() => {}
            Outcome::Waits => self.0.push_back(one),
            Outcome::Done(result) => {
                let _ = one.done.send(result.map(|()| Multipart::new()));
            }
            Outcome::Asks(place) => return Some((place, one)),
        }
        None
    }

    /// When the first has waited long enough.
    pub(super) fn due(&self) -> Option<Instant> {
        self.0.iter().map(|one| one.deadline).min()
    }
}

impl Injected {
    /// The socket's name.
    pub(super) fn socket(&self) -> &str {
        &self.socket
    }

    pub(super) fn way(&self) -> &Way {
        &self.way
    }

    pub(super) fn message(&mut self) -> &mut Outgoing {
        &mut self.message
    }

    /// Whether its socket has a part of it.
    pub(super) fn is_begun(&self) -> bool {
        self.message.next > 0
    }

    /// Notes what it waits for.
    pub(super) fn waits(&mut self, what: &'static str) -> Outcome {
        self.waits_for = what;
        Outcome::Waits
    }

    /// What it says, when to give up, and whom to give the answer.
    pub(super) fn into_request(
        self,
    ) -> (Multipart, Instant, oneshot::Sender<Result<Multipart, String>>) {
        (self.message.frames, self.deadline, self.done)
    }
}
