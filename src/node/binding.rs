//! Endpoints that handlers have bound while the node runs: one after the other, without waiting.
//!
//! Owns what has to come first: room for an ipc endpoint, a port that an earlier owner still lets go of,
//! and who has one that does not come free. Whatever may keep its caller waiting is asked elsewhere.

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Instant;

use super::ipc::{Taken, make_room};
use super::port_holder::with_holder;
use super::socket::{NodeSocket, PROBE_PAUSE, REBIND_PAUSE, REBIND_TIMEOUT, SocketError};
use crate::aside::asked;
use crate::script::EndpointCall;

/// Endpoints that are to be bound.
#[derive(Default)]
pub(super) struct Bindings(VecDeque<Pending>);

/// One that is.
struct Pending {
    socket: usize,
    wanted: Box<EndpointCall>,
    /// Until when it is tried again where somebody has it; none before the first try.
    deadline: Option<Instant>,
    /// When it is tried next.
    next: Option<Instant>,
    asked: Option<Pin<Box<dyn Future<Output = Answer>>>>,
    answer: Option<Answer>,
}

/// What was found out.
enum Answer {
    /// Whether there is room for it.
    Room(Result<(), Taken>),
    /// Why it cannot be had, with who has it.
    Holder(String),
}

/// One that is done with.
pub(super) struct Done {
    pub(super) socket: usize,
    pub(super) wanted: Box<EndpointCall>,
    /// The endpoint with what the system chose.
    pub(super) result: Result<String, SocketError>,
}

impl Bindings {
    /// Binds one more, after all others.
    pub(super) fn add(&mut self, socket: usize, wanted: Box<EndpointCall>) {
        let (deadline, next, asked, answer) = (None, None, None, None);
        self.0.push_back(Pending { socket, wanted, deadline, next, asked, answer });
    }

    /// Forgets one that is not bound yet; whether there was one.
    pub(super) fn forget(&mut self, socket: usize, endpoint: &str) -> bool {
        let is_meant =
            |one: &Pending| one.socket == socket && one.wanted.endpoint.as_str() == endpoint;
        let found = self.0.iter().position(is_meant);
        found.and_then(|at| self.0.remove(at)).is_some()
    }

    /// Forgets all of them.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    /// Moves them from the old places of sockets to the new ones.
    pub(super) fn renumber(&mut self, place_now: impl Fn(usize) -> Option<usize>) {
        self.0.retain_mut(|one| {
            let place = place_now(one.socket);
            one.socket = place.unwrap_or_default();
            place.is_some()
        });
    }

    /// When the first is tried again.
    pub(super) fn due(&self) -> Option<Instant> {
        self.0.front().filter(|one| one.asked.is_none()).and_then(|one| one.next)
    }

    /// Whether what the first waits for has come; if it has not, `task` is woken when it does.
    pub(super) fn stirs(&mut self, task: &mut Context<'_>) -> bool {
        self.0.front_mut().is_some_and(|one| one.asked.is_some() && one.listen(task))
    }

    /// Tries the first; what became of it, if it is done with.
    pub(super) fn advance(
        &mut self,
        now: Instant,
        sockets: &mut [NodeSocket],
        task: &mut Context<'_>,
    ) -> Option<Done> {
        let first = self.0.front_mut()?;
        if first.next.is_some_and(|next| now < next) {
            return None;
        }
        let result = first.attempt(now, sockets.get_mut(first.socket)?, task)?;
        let Pending { socket, wanted, .. } = self.0.pop_front()?;
        Some(Done { socket, wanted, result })
    }
}

impl Pending {
    /// Tries once; the result when it is done with.
    fn attempt(
        &mut self,
        now: Instant,
        socket: &mut NodeSocket,
        task: &mut Context<'_>,
    ) -> Option<Result<String, SocketError>> {
        let endpoint = self.wanted.endpoint.as_str();
        let deadline = *self.deadline.get_or_insert(now + REBIND_TIMEOUT);
        if self.asked.is_none() && self.answer.is_none() {
            self.next = None;
            let owned = endpoint.to_owned();
            self.asked = Some(Box::pin(async move { Answer::Room(make_room(&owned).await) }));
        }
        if !self.listen(task) {
            return None;
        }
        let endpoint = self.wanted.endpoint.as_str();
        match self.answer.take()? {
            Answer::Room(Ok(())) => match socket.bind_for_handler(endpoint) {
                Err(SocketError::Bind { is_taken: true, .. }) if now < deadline => {
                    self.next = Some(now + REBIND_PAUSE);
                    None
                }
                Err(SocketError::Bind { why, is_taken: true, .. }) => {
                    self.asked = Some(Box::pin(held_by(why, endpoint.to_owned())));
                    None
                }
                result => Some(result),
            },
            Answer::Room(Err(Taken::Perhaps(_))) if now < deadline => {
                self.next = Some(now + PROBE_PAUSE);
                None
            }
            Answer::Room(Err(Taken::Perhaps(why) | Taken::ForGood(why))) | Answer::Holder(why) => {
                Some(Err(socket.bind_error(endpoint, why)))
            }
        }
    }

    /// Whether there is an answer.
    fn listen(&mut self, task: &mut Context<'_>) -> bool {
        if let Some(asked) = &mut self.asked
            && let Poll::Ready(answer) = asked.as_mut().poll(task)
        {
            self.asked = None;
            self.answer = Some(answer);
        }
        self.answer.is_some()
    }
}

/// Why an endpoint cannot be had, with who has it: that takes a look at every process.
async fn held_by(why: String, endpoint: String) -> Answer {
    let plain = why.clone();
    let told = asked(move || with_holder(why, &endpoint)).await;
    Answer::Holder(told.unwrap_or(plain))
}
