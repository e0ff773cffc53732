//! Who waits for an answer of a socket without being a peer.
//!
//! Owns their routing ids and their deadlines. Never sends to a peer.

use std::time::Instant;

use tokio::sync::oneshot;

use super::NodeSocket;
use crate::message::{Frame, Multipart, Outgoing};
use crate::zeromq::Role;

/// Routing ids of callers begin like this: a peer's never begins with a zero and a text.
const CALLER: &[u8] = b"\0zrig-call-";

/// Those who wait.
#[derive(Default, Debug)]
pub(in crate::node) struct Callers(Vec<Caller>);

/// Somebody who waits for a node's answer.
#[derive(Debug)]
struct Caller {
    id: Vec<u8>,
    deadline: Instant,
    done: oneshot::Sender<Result<Multipart, String>>,
}

impl Callers {
    /// Whether nobody waits.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Remembers who makes the node's call of that number; the envelope of the request.
    pub(in crate::node) fn add(
        &mut self,
        number: u64,
        deadline: Instant,
        done: oneshot::Sender<Result<Multipart, String>>,
    ) -> Multipart {
        let id = [CALLER, number.to_string().as_bytes()].concat();
        let envelope = Multipart::from_vec(vec![Frame::copy(&id), Frame::empty()]);
        self.0.push(Caller { id, deadline, done });
        envelope
    }

    /// Ends calls whose time is over.
    pub(in crate::node) fn end(&mut self, now: Instant) {
        let is_over = |caller: &mut Caller| caller.deadline <= now || caller.done.is_closed();
        for caller in self.0.extract_if(.., is_over) {
            let why = "the node took the request and did not answer in time";
            let _ = caller.done.send(Err(why.to_owned()));
        }
    }

    /// When the first call has waited long enough.
    pub(in crate::node) fn due(&self) -> Option<Instant> {
        self.0.iter().map(|caller| caller.deadline).min()
    }

    fn take(&mut self, id: &[u8]) -> Option<Caller> {
        let at = self.0.iter().position(|caller| caller.id == id)?;
        Some(self.0.swap_remove(at))
    }
}

impl NodeSocket {
    /// Gives an answer to whoever called; whether it was for one.
    pub(super) fn answer_caller(&mut self, message: &mut Outgoing) -> bool {
        let id = message.frames.first();
        let Some(caller) = id.and_then(|id| self.callers.take(id)) else { return false };
        let mut payload = std::mem::take(&mut message.frames);
        if !self.passage.is_free() {
            self.passage.sent(self.passage.copy(&payload).as_ref());
        }
        payload.remove(0);
        let has_delimiter = payload.first().is_some_and(|frame| frame.is_empty());
        if has_delimiter && (self.spec.role == Role::Rep || payload.len() > 1) {
            payload.remove(0);
        }
        // It may have given up.
        let _ = caller.done.send(Ok(payload));
        true
    }
}
