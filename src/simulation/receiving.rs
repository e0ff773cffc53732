//! What a role makes of a message that came.
//!
//! Owns libzmq's rules of that: whose turn it is, filters, envelopes, the lockstep. Never sends.

use super::Refusal;
use super::end::{EndId, SocketId, Stage};
use super::network::{Action, State};
use super::socket::{Lockstep, Taken};
use crate::message::{Frame, Multipart};
use crate::zeromq::Role;

impl State {
    /// A socket notices that something came by an end.
    pub(super) fn notice(&mut self, id: EndId) {
        let Some(end) = self.end(id) else { return };
        let socket = end.socket;
        let Some(known) = self.socket_mut(socket) else { return };
        match known.role {
            Role::Pub | Role::Xpub => self.read_wishes(socket, id),
            Role::Pair
            | Role::Sub
            | Role::Req
            | Role::Rep
            | Role::Dealer
            | Role::Router
            | Role::Push
            | Role::Pull
            | Role::Xsub
            | Role::Stream => known.sources.activate(id),
        }
        self.ring(socket);
    }

    /// Whether a receive would go through. As in libzmq, a ROUTER, a REP and a subscriber take a frame off
    /// the queue to find out, which is a message where it is the only one; the others leave all there.
    pub(super) fn is_readable(&mut self, id: SocketId) -> bool {
        let Some(socket) = self.socket(id) else { return false };
        let is_held = socket.found.is_some() || socket.prefetched.is_some();
        if !socket.receiving.is_empty() || is_held || socket.is_decided {
            return true;
        }
        let (role, pending) = (socket.role, !socket.pending.is_empty());
        let (asked, answers) = (socket.lockstep != Lockstep::Idle, socket.envelope.is_some());
        match role {
            Role::Pub | Role::Xpub => pending,
            Role::Pair | Role::Dealer | Role::Pull | Role::Stream => self.has_next(id),
            Role::Req => asked && self.has_next(id),
            Role::Rep if answers => false,
            Role::Router | Role::Rep if self.next_has_several(id) => true,
            Role::Router | Role::Rep => {
                let next = self.next_in_turn(id);
                self.socket_mut(id).is_some_and(|socket| {
                    socket.prefetched = next;
                    socket.prefetched.is_some()
                })
            }
            Role::Sub | Role::Xsub if self.next_has_several(id) && self.next_is_wanted(id) => {
                self.socket_mut(id).is_some_and(|socket| {
                    socket.is_decided = true;
                    socket.is_decided
                })
            }
            Role::Sub | Role::Xsub => {
                let found = self.next_message(id);
                self.socket_mut(id).is_some_and(|socket| {
                    socket.found = found;
                    socket.found.is_some()
                })
            }
            Role::Push => false,
        }
    }

    /// Whether the next message has more frames than one.
    fn next_has_several(&mut self, id: SocketId) -> bool {
        self.has_next(id) && self.front(id).is_some_and(|message| message.len() > 1)
    }

    /// Whether a subscriber wants the next message.
    fn next_is_wanted(&self, id: SocketId) -> bool {
        let Some((socket, message)) = self.socket(id).zip(self.front(id)) else { return false };
        let matches = || {
            let first = message.first();
            first.is_some_and(|first| socket.topics.match_frame(first) != socket.settings.inverts)
        };
        socket.role == Role::Xsub || matches()
    }

    /// The message that is next, once that was looked for.
    fn front(&self, id: SocketId) -> Option<&Multipart> {
        self.end(self.source(id)?)?.inbound.front()
    }

    /// The end that is read next: where a PAIR's peer has gone, what that one sent comes before what its next
    /// one does.
    fn source(&self, id: SocketId) -> Option<EndId> {
        let socket = self.socket(id)?;
        if socket.role != Role::Pair {
            return socket.sources.current();
        }
        // What it has let go of itself it reads no more.
        let is_read =
            |end: &&EndId| self.end(**end).is_some_and(|end| end.stage != Stage::Lingering);
        socket.sources.all().iter().filter(is_read).min().copied()
    }

    /// Nothing waits at the end that was to be read; whether another one is read now.
    fn pass_over(&mut self, id: SocketId, end: EndId) -> bool {
        if let Some(socket) = self.socket_mut(id).filter(|socket| socket.role != Role::Pair) {
            socket.sources.skip();
        }
        self.remove_if_drained(end);
        self.source(id) != Some(end)
    }

    /// Whether anybody whose turn it is has a message.
    fn has_next(&mut self, id: SocketId) -> bool {
        loop {
            let Some(end) = self.source(id) else { return false };
            if self.end(end).is_some_and(|end| !end.inbound.is_empty()) {
                return true;
            }
            if !self.pass_over(id, end) {
                return false;
            }
        }
    }

    /// The next frame, and whether more of its message follow.
    pub(super) fn receive(&mut self, id: SocketId) -> Result<(Frame, bool), Refusal> {
        let socket = self.socket_mut(id).ok_or(Refusal::Unsupported)?;
        if let Some(frame) = socket.receiving.pop_front() {
            return Ok((frame, !socket.receiving.is_empty()));
        }
        if socket.role == Role::Req && socket.lockstep == Lockstep::Idle && socket.found.is_none() {
            return Err(Refusal::WrongState);
        }
        if socket.role == Role::Rep && socket.envelope.is_some() && socket.found.is_none() {
            return Err(Refusal::WrongState);
        }
        let found = socket.found.take();
        let mut message = found.or_else(|| self.next_message(id)).ok_or(Refusal::Again)?;
        if message.len() == 1
            && let Some(frame) = message.pop()
        {
            return Ok((frame, false));
        }
        let socket = self.socket_mut(id).ok_or(Refusal::Unsupported)?;
        socket.receiving.extend(message);
        let frame = socket.receiving.pop_front().ok_or(Refusal::Again)?;
        Ok((frame, !socket.receiving.is_empty()))
    }

    /// The next message as the role hands it out.
    fn next_message(&mut self, id: SocketId) -> Option<Multipart> {
        match self.socket(id)?.role {
            Role::Pub | Role::Xpub => self.socket_mut(id)?.pending.pop_front(),
            Role::Sub => self.next_wanted(id),
            Role::Router | Role::Stream => {
                let Taken { name, message, .. } = self.next_in_turn(id)?;
                Some([Frame::copy(&name)].into_iter().chain(message).collect())
            }
            Role::Rep => self.next_question(id),
            Role::Req => self.next_answer(id),
            Role::Pair | Role::Dealer | Role::Pull | Role::Xsub => {
                self.next_in_turn(id).map(|taken| taken.message)
            }
            Role::Push => None,
        }
    }

    /// The next message of whoever's turn it is.
    fn next_in_turn(&mut self, id: SocketId) -> Option<Taken> {
        if let Some(prefetched) = self.socket_mut(id)?.prefetched.take() {
            return Some(prefetched);
        }
        loop {
            let end = self.source(id)?;
            let read = self.end_mut(end).and_then(|end| end.inbound.read());
            let socket = self.socket_mut(id)?;
            let Some((message, credit)) = read else {
                if socket.role == Role::Req {
                    socket.sources.skip();
                    // Until it has parted nobody answers in its place.
                    self.soon(Action::Part(end));
                } else if !self.pass_over(id, end) {
                    return None;
                }
                continue;
            };
            socket.sources.next();
            let name = self.end(end).and_then(|end| end.name.clone()).unwrap_or_default();
            if let Some(read) = credit {
                self.soon(Action::Credit { end, out: false, read });
            }
            return Some(Taken { end, name, message });
        }
    }

    /// Throws away all that came. Peers that are gone are noticed by that, and part in their turn.
    pub(super) fn throw_away(&mut self, id: SocketId) {
        while let Some(end) = self.socket(id).and_then(|socket| socket.sources.current()) {
            let read = self.end_mut(end).and_then(|end| end.inbound.read());
            let Some(socket) = self.socket_mut(id) else { return };
            match read {
                Some((_, credit)) => {
                    socket.sources.next();
                    if let Some(read) = credit {
                        self.soon(Action::Credit { end, out: false, read });
                    }
                    self.may_go_on_meanwhile();
                }
                None => {
                    socket.sources.skip();
                    self.soon(Action::Part(end));
                }
            }
        }
    }

    fn next_wanted(&mut self, id: SocketId) -> Option<Multipart> {
        loop {
            let Taken { message, .. } = self.next_in_turn(id)?;
            let socket = self.socket_mut(id)?;
            let first = message.first()?;
            if std::mem::take(&mut socket.is_decided)
                || socket.topics.match_frame(first) != socket.settings.inverts
            {
                return Some(message);
            }
            socket.unwanted = socket.unwanted.wrapping_add(1);
        }
    }

    /// A question whose envelope a REP keeps for the answer; one without is thrown away.
    fn next_question(&mut self, id: SocketId) -> Option<Multipart> {
        if self.socket(id)?.envelope.is_some() {
            return None;
        }
        loop {
            let Taken { end, message, .. } = self.next_in_turn(id)?;
            let Some(at) = message.iter().position(|frame| frame.is_empty()) else { continue };
            let mut frames = message.into_iter();
            let envelope: Multipart = frames.by_ref().take(at + 1).collect();
            let body: Multipart = frames.collect();
            if body.is_empty() {
                continue;
            }
            self.socket_mut(id)?.envelope = Some((end, envelope));
            return Some(body);
        }
    }

    /// The answer to what a REQ asked; what another sends, or to another question, is thrown away.
    fn next_answer(&mut self, id: SocketId) -> Option<Multipart> {
        loop {
            let Lockstep::Asked { end: asked, number } = self.socket(id)?.lockstep.clone() else {
                return None;
            };
            let Taken { end, message, .. } = self.next_in_turn(id)?;
            if asked.is_some_and(|asked| asked != end) {
                continue;
            }
            let mut frames = message.into_iter();
            if let Some(number) = number
                && frames.next().is_none_or(|frame| *frame != number)
            {
                continue;
            }
            if frames.next().is_none_or(|frame| !frame.is_empty()) {
                continue;
            }
            let body: Multipart = frames.collect();
            if body.is_empty() {
                continue;
            }
            self.socket_mut(id)?.lockstep = Lockstep::Idle;
            return Some(body);
        }
    }
}
