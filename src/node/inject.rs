//! Messages that somebody outside gives to a node: to send, to take as received, or to answer.
//!
//! Owns their queue and their deadlines. They wait for their turn as the node's own messages do,
//! and never hold up the node. Never reads a socket of a client.

use std::rc::Rc;
use std::time::Instant;

use tokio::sync::oneshot;

use super::socket::Sent;
use super::task::{Node, Phase};
use crate::message::{Frame, Multipart, Outgoing};
use crate::script::{Effect, Inbound, Offered, Route, encode_offered};

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
enum Outcome {
    Waits,
    Done(Result<(), String>),
    /// It is a request for this socket, which can be taken now.
    Asks(usize),
}

impl Node {
    /// Takes a message from outside into the queue, or says at once why not.
    pub(super) fn inject(&mut self, injection: Injection) {
        let Injection { socket, way, value, tag, deadline, done } = injection;
        let socket_view = self.socket_views.iter().find(|socket_view| *socket_view.name == *socket);
        let refused = match socket_view {
            None => Err(format!("the node has no socket {socket:?} any more")),
            Some(_) if self.injected.len() >= WAITING_MAX => {
                Err(format!("{WAITING_MAX} messages from outside wait in the node already"))
            }
            Some(socket_view) => encode_offered(value, tag.as_deref(), socket_view),
        };
        match refused {
            Ok(payload) => {
                let envelope = match &way {
                    Way::Send { to: Some(id) } => Some(Frame::copy(id)),
                    Way::Send { to: None } | Way::Receive | Way::Call => None,
                };
                let frames: Multipart = envelope.into_iter().chain(payload).collect();
                let waits_for = "the node does not run yet";
                let message = Outgoing::from(frames);
                self.injected.push_back(Injected {
                    socket,
                    way,
                    message,
                    deadline,
                    done,
                    waits_for,
                });
            }
            // Whoever asked may be gone.
            Err(why) => drop(done.send(Err(why))),
        }
    }

    /// Does what can be done of what was given from outside; whether that was anything.
    pub(super) fn perform_injected(&mut self, now: Instant) -> bool {
        if self.injected.is_empty() {
            return false;
        }
        let mut done = false;
        for mut one in std::mem::take(&mut self.injected) {
            match self.perform_one(&mut one) {
                Outcome::Waits if now >= one.deadline => {
                    let _ = one.done.send(Err(format!("not in time: {}", one.waits_for)));
                }
                // Whoever asked has gone, so nobody expects it to be done any more.
                Outcome::Waits if one.done.is_closed() => {}
                Outcome::Waits => self.injected.push_back(one),
                Outcome::Done(result) => {
                    done = true;
                    let _ = one.done.send(result.map(|()| Multipart::new()));
                }
                Outcome::Asks(place) => {
                    done = true;
                    self.ask(place, one);
                }
            }
        }
        done
    }

    /// When something that was given from outside has waited long enough.
    pub(super) fn injected_due(&self) -> Option<Instant> {
        let waiting = self.injected.iter().map(|one| one.deadline);
        let callers = self.sockets.iter().filter_map(|socket| socket.callers.due());
        waiting.chain(callers).min()
    }

    /// Ends calls whose time is over.
    pub(super) fn end_calls(&mut self, now: Instant) {
        self.sockets.iter_mut().for_each(|socket| socket.callers.end(now));
    }

    fn place_of(&self, socket: &str) -> Option<usize> {
        self.sockets.iter().position(|known| *known.name == *socket)
    }

    fn perform_one(&mut self, one: &mut Injected) -> Outcome {
        if !matches!(self.phase, Phase::Running | Phase::Quiet) {
            return Outcome::Waits;
        }
        let Some(place) = self.place_of(&one.socket) else {
            return Outcome::Done(Err(format!("the node has no socket {:?} any more", one.socket)));
        };
        if self.held.is_some() {
            one.waits_for = "a reload holds the node";
            return Outcome::Waits;
        }
        match one.way {
            Way::Send { .. } => self.send_injected(place, one),
            Way::Receive | Way::Call if !self.takes_new() => {
                one.waits_for = "the node takes nothing new while a message of its own waits to be \
                                 sent or written, or while it rests after a failure";
                Outcome::Waits
            }
            Way::Receive => {
                let frames = std::mem::take(&mut one.message.frames);
                self.receive_injected(place, frames);
                Outcome::Done(Ok(()))
            }
            Way::Call => Outcome::Asks(place),
        }
    }

    fn send_injected(&mut self, place: usize, one: &mut Injected) -> Outcome {
        let is_awaited = |effect: &Effect| effect.sends_on() == Some(place);
        let is_in_hand =
            self.forwards.iter().any(|forward| forward.to == place && !forward.is_idle());
        if self.pending.iter().any(is_awaited) || is_in_hand {
            one.waits_for = FULL;
            return Outcome::Waits;
        }
        match self.sockets[place].send(&mut one.message) {
            Sent::Taken => Outcome::Done(Ok(())),
            Sent::Waits if one.message.next > 0 => {
                // A message that was begun has to be ended before any other one.
                let message = std::mem::replace(&mut one.message, Multipart::new().into());
                self.pending.push_front(Effect::Send { socket: place, message });
                Outcome::Done(Ok(()))
            }
            Sent::Waits if self.sockets[place].awaits_reply => {
                one.waits_for = "a req sends again when its last request is answered";
                Outcome::Waits
            }
            Sent::Waits => {
                one.waits_for = FULL;
                Outcome::Waits
            }
            Sent::Dropped(reason) => Outcome::Done(Err(format!("dropped: {}", reason.sentence()))),
            Sent::Refused(errno) => Outcome::Done(Err(format!("libzmq refused it: {errno}"))),
        }
    }

    fn receive_injected(&mut self, place: usize, frames: Multipart) {
        self.sockets[place].taps.received(&frames);
        if self.forwards.iter().any(|forward| forward.from == place) {
            self.forward_later(place, frames);
        } else {
            self.take(Inbound { socket: place, payload: frames, route: None });
        }
    }

    /// Takes a request, and remembers who wants the answer.
    fn ask(&mut self, place: usize, one: Injected) {
        self.calls += 1;
        let envelope = self.sockets[place].callers.add(self.calls, one.deadline, one.done);
        let payload = one.message.frames;
        if !self.sockets[place].taps.is_empty() {
            let whole: Vec<Frame> = envelope.iter().chain(&payload).map(Frame::share).collect();
            self.sockets[place].taps.received(&whole);
        }
        if self.forwards.iter().any(|forward| forward.from == place) {
            self.forward_later(place, envelope.into_iter().chain(payload).collect());
        } else {
            let route = Some(Rc::new(Route { envelope }));
            self.take(Inbound { socket: place, payload, route });
        }
    }
}

const FULL: &str = "no peer takes it: none is connected, or the queue of each is at its \
                    high-water mark";
