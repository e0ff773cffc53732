//! What a role makes of a message that is handed over: whom it goes to, whether it waits or is dropped.
//!
//! Owns libzmq's rules of that. What becomes of it on its way is `link`'s.

use super::Refusal;
use super::end::{EndId, SocketId};
use super::network::{Action, State};
use super::socket::{Begun, Lockstep, Target};
use crate::message::{Frame, Multipart, share_all};
use crate::zeromq::Role;

impl State {
    /// Takes a frame of a message, or refuses it with the message still to come; the last one sends it.
    pub(super) fn send(
        &mut self,
        id: SocketId,
        frame: &mut Frame,
        more: bool,
    ) -> Result<(), Refusal> {
        let role = self.socket(id).ok_or(Refusal::Unsupported)?.role;
        let begun = self.socket_mut(id).and_then(|socket| socket.begun.take());
        let mut begun = match begun {
            Some(begun) => begun,
            None => {
                if matches!(role, Role::Router | Role::Stream) && !more {
                    // A name without a message is none.
                    drop(std::mem::replace(frame, Frame::empty()));
                    return Ok(());
                }
                let to = self.choose(id, role, frame)?;
                let mut frames = Multipart::new();
                if role == Role::Req {
                    frames = self.question_head(id);
                }
                let begun = Begun { frames, to };
                if matches!(role, Role::Router | Role::Stream) {
                    // The first frame only says to whom.
                    drop(std::mem::replace(frame, Frame::empty()));
                    if let Some(socket) = self.socket_mut(id) {
                        socket.begun = Some(begun);
                    }
                    return Ok(());
                }
                begun
            }
        };
        begun.frames.push(std::mem::replace(frame, Frame::empty()));
        if more {
            if let Some(socket) = self.socket_mut(id) {
                socket.begun = Some(begun);
            }
            return Ok(());
        }
        self.commit(id, role, begun);
        Ok(())
    }

    /// Whom a message that begins with this frame goes to.
    fn choose(&mut self, id: SocketId, role: Role, frame: &Frame) -> Result<Target, Refusal> {
        match role {
            Role::Push | Role::Dealer => self.next_target(id),
            Role::Pair => {
                let end = self.peer_of_pair(id);
                let end = end.filter(|end| self.may_take(*end)).ok_or(Refusal::Again)?;
                Ok(Target::One(end))
            }
            Role::Req => {
                let socket = self.socket(id).ok_or(Refusal::Unsupported)?;
                if socket.lockstep != Lockstep::Idle {
                    if !socket.settings.relaxed {
                        return Err(Refusal::WrongState);
                    }
                    // The connection stays, and a late answer may yet come by it.
                    if let Some(socket) = self.socket_mut(id) {
                        socket.lockstep = Lockstep::Idle;
                    }
                }
                self.next_target(id)
            }
            Role::Pub | Role::Xpub => self.audience(id, frame),
            Role::Xsub => Ok(Target::All),
            Role::Router | Role::Stream => self.route(id, frame),
            Role::Rep => {
                let socket = self.socket(id).ok_or(Refusal::Unsupported)?;
                let (end, _) = socket.envelope.as_ref().ok_or(Refusal::WrongState)?;
                let end = *end;
                Ok(if self.may_take(end) { Target::One(end) } else { Target::Nobody })
            }
            Role::Sub | Role::Pull => Err(Refusal::Unsupported),
        }
    }

    /// Passes over the ends without room whose turn it would be.
    pub(super) fn pass_over_full(&mut self, id: SocketId) {
        let sends = |socket: &super::socket::Socket| {
            matches!(socket.role, Role::Push | Role::Dealer)
                || socket.role == Role::Req
                    && (socket.lockstep == Lockstep::Idle || socket.settings.relaxed)
        };
        if self.socket(id).is_some_and(sends) {
            // That nobody has room is no news.
            let _ = self.next_target(id);
        }
    }

    /// The end whose turn it is, of those that have room.
    fn next_target(&mut self, id: SocketId) -> Result<Target, Refusal> {
        loop {
            let end = self.socket(id).and_then(|it| it.targets.current()).ok_or(Refusal::Again)?;
            if self.may_take(end) {
                return Ok(Target::One(end));
            }
            if let Some(socket) = self.socket_mut(id) {
                socket.targets.skip();
            }
        }
    }

    /// Whether a message that begins so may be published now: where it is to wait for all, each that
    /// wants it has to have room.
    fn audience(&self, id: SocketId, frame: &Frame) -> Result<Target, Refusal> {
        let socket = self.socket(id).ok_or(Refusal::Unsupported)?;
        let is_full = |end: &EndId| self.wants(*end, frame) && self.is_full(*end);
        if socket.settings.waits && socket.targets.all().iter().any(is_full) {
            return Err(Refusal::Again);
        }
        Ok(Target::All)
    }

    /// Whom a ROUTER means by a frame.
    fn route(&self, id: SocketId, frame: &Frame) -> Result<Target, Refusal> {
        let socket = self.socket(id).ok_or(Refusal::Unsupported)?;
        let is_mandatory = socket.settings.mandatory || socket.role == Role::Stream;
        let refusal = match socket.routes.get(&**frame) {
            Some(end) if self.may_take(*end) => return Ok(Target::One(*end)),
            Some(end) if self.is_open(*end) => Refusal::Again,
            // One that is gone may have said what is not read yet.
            Some(_) | None => Refusal::HostUnreachable,
        };
        if is_mandatory { Err(refusal) } else { Ok(Target::Nobody) }
    }

    /// Whether a subscriber wants a message that begins so.
    fn wants(&self, end: EndId, frame: &Frame) -> bool {
        let Some(end) = self.end(end) else { return false };
        let inverts = self.socket(end.socket).is_some_and(|socket| socket.settings.inverts);
        end.topics.match_frame(frame) != inverts
    }

    /// Whether an end takes another message.
    pub(super) fn may_take(&self, id: EndId) -> bool {
        self.is_open(id) && self.has_room(id)
    }

    fn is_open(&self, id: EndId) -> bool {
        self.end(id).is_some_and(super::end::End::is_open)
    }

    /// Whether the queue behind an end has no room, or had none when the end was open last.
    fn is_full(&self, id: EndId) -> bool {
        let Some(end) = self.end(id) else { return true };
        if end.is_open() { !self.has_room(id) } else { end.was_full }
    }

    /// Whether the queue behind an end has room.
    pub(super) fn has_room(&self, id: EndId) -> bool {
        let Some(end) = self.end(id) else { return false };
        let Some(link) = self.link(end.link) else { return end.out.has_room() };
        match link.peer_of(id).filter(|_| link.is_direct).and_then(|peer| self.end(peer)) {
            Some(peer) => peer.inbound.has_room(),
            None => end.out.has_room(),
        }
    }

    /// A whole message goes where it is to go.
    fn commit(&mut self, id: SocketId, role: Role, begun: Begun) {
        let Begun { frames, to } = begun;
        match (role, to) {
            (Role::Rep, to) => self.answer(id, to, frames),
            (Role::Xsub, _) => self.send_upstream(id, frames),
            (Role::Stream, Target::One(end)) => self.send_bytes(end, frames),
            (_, Target::One(end)) => {
                if self.end(end).is_some_and(super::end::End::is_open) {
                    self.put(end, frames);
                }
                if let Some(socket) = self.socket_mut(id) {
                    if socket.targets.current() == Some(end) {
                        socket.targets.next();
                    }
                    if let (Role::Req, Lockstep::Asked { end: asked, .. }) =
                        (role, &mut socket.lockstep)
                    {
                        *asked = Some(end);
                    }
                }
            }
            (_, Target::All) => self.publish(id, &frames),
            (_, Target::Nobody) => {}
        }
    }

    /// A message goes to every subscriber that wants it and has room.
    fn publish(&mut self, id: SocketId, frames: &Multipart) {
        let Some(first) = frames.first() else { return };
        let all = self.socket(id).map_or(&[][..], |socket| socket.targets.all());
        let those: Vec<EndId> = all.iter().copied().filter(|end| self.wants(*end, first)).collect();
        for end in those {
            if self.may_take(end) {
                self.put(end, share_all(frames));
            } else if self.end(end).is_some_and(super::end::End::is_open) {
                let key = self.end(end).and_then(|end| self.owners(end.link)).zip(self.socket(id));
                if let Some(((one, other), socket)) = key {
                    let subscriber = if one == socket.owner { other } else { one };
                    let key = (socket.owner.clone(), subscriber);
                    *self.missed.entry(key).or_default() += 1;
                }
            }
        }
    }

    /// The answer of a REP goes back by the way that the question came.
    fn answer(&mut self, id: SocketId, to: Target, frames: Multipart) {
        let Some((_, mut whole)) = self.socket_mut(id).and_then(|socket| socket.envelope.take())
        else {
            return;
        };
        if let Target::One(end) = to
            && self.may_take(end)
        {
            whole.extend(frames);
            self.put(end, whole);
        }
    }

    /// What a REQ puts before a question; it has asked from now on, and what came before is no answer.
    fn question_head(&mut self, id: SocketId) -> Multipart {
        self.throw_away(id);
        let Some(socket) = self.socket(id) else { return Multipart::new() };
        let number = socket.settings.correlates.then(|| {
            self.routing_number = self.routing_number.wrapping_add(1);
            self.routing_number.to_be_bytes()
        });
        if let Some(socket) = self.socket_mut(id) {
            socket.lockstep = Lockstep::Asked { end: None, number };
        }
        let number = number.as_ref().map(|number| Frame::copy(number));
        number.into_iter().chain([Frame::empty()]).collect()
    }

    /// Puts a message into the queue of an end.
    pub(super) fn put(&mut self, id: EndId, message: Multipart) {
        let Some(end) = self.end(id) else { return };
        let link_id = end.link;
        let Some(link) = self.link(link_id) else { return };
        let way = link.way_from(id);
        match link.peer_of(id).filter(|_| link.is_direct) {
            Some(peer) => {
                if let Some(end) = self.end_mut(peer) {
                    end.inbound.write(message);
                    self.soon(Action::Notice(peer));
                }
            }
            None => {
                if let Some(end) = self.end_mut(id) {
                    end.out.write(message);
                }
                self.pump_soon(link_id, way);
            }
        }
    }
}
