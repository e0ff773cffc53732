//! How an end joins its socket, and leaves it.
//!
//! Owns what each role makes of a peer that comes or goes: turns, names, subscriptions. Moves no message.

use super::end::{EndId, LinkId, SocketId, Stage};
use super::network::{Action, State};
use super::pipe::Pipe;
use super::socket::{Lockstep, Socket};
use crate::message::{Frame, Multipart};
use crate::zeromq::Role;

impl State {
    /// An end is there for its socket from now on; whether that takes it.
    pub(super) fn attach(&mut self, id: EndId, peer: EndId) -> bool {
        let Some(end) = self.end(id) else { return false };
        let (socket, stage) = (end.socket, end.stage);
        let Some(role) = self.socket(socket).map(|socket| socket.role) else { return false };
        if matches!(role, Role::Router | Role::Rep) && !self.name_peer(socket, id, peer) {
            return false;
        }
        if role == Role::Stream {
            self.name_stream(socket, id);
        }
        if stage == Stage::Unattached {
            if self.peer_of_pair(socket).is_some() {
                // It waits until that one has gone.
                self.note_refusal(id);
            }
            self.join(socket, id);
        }
        if role == Role::Stream {
            self.tell_stream(id);
        }
        true
    }

    /// The peer that a PAIR has: the first one that came and has not gone.
    pub(super) fn peer_of_pair(&self, id: SocketId) -> Option<EndId> {
        let socket = self.socket(id).filter(|socket| socket.role == Role::Pair)?;
        let is_open = |end: &&EndId| self.end(**end).is_some_and(super::end::End::is_open);
        socket.sources.all().iter().filter(is_open).min().copied()
    }

    /// An end takes part in what its socket does.
    pub(super) fn join(&mut self, id: SocketId, end: EndId) {
        let Some(joined) = self.end_mut(end) else { return };
        joined.stage = Stage::Open;
        let Some(socket) = self.socket_mut(id) else { return };
        let role = socket.role;
        if receives_in_turn(role) {
            socket.sources.attach(end);
        }
        if !matches!(role, Role::Pull | Role::Router | Role::Rep | Role::Stream) {
            socket.targets.attach(end);
        }
        let probes = socket.settings.probes;
        socket.bell.ring();
        if role.filters() {
            self.tell_topics(id, end);
        }
        if probes && matches!(role, Role::Dealer | Role::Router | Role::Req) {
            self.put(end, Multipart::from_iter([Frame::empty()]));
        }
        let has_messages = self.end(end).is_some_and(|it| !it.inbound.is_empty());
        if has_messages {
            self.notice(end);
        }
    }

    /// A ROUTER or REP calls a peer by the routing id that it has, or by a new one; whether it takes it.
    fn name_peer(&mut self, socket: SocketId, id: EndId, peer: EndId) -> bool {
        if self.end(id).is_some_and(|end| end.name.is_some()) {
            // Whoever it is now, it is called as before.
            return true;
        }
        let theirs = self.end(peer).and_then(|peer| self.socket(peer.socket));
        let wanted = theirs.map_or_else(Vec::new, |it| it.settings.routing_id.clone());
        let name = if wanted.is_empty() { self.new_name() } else { wanted };
        let Some(known) = self.socket(socket) else { return false };
        let before = known.routes.get(&name).copied().filter(|before| *before != id);
        let (role, takes_over) = (known.role, known.settings.handover);
        if let Some(before) = before {
            if role == Role::Rep || !takes_over {
                return false;
            }
            // The one before is called otherwise from now on, and goes.
            let other = self.new_name();
            self.rename(socket, before, other);
            if let Some(link) = self.end(before).map(|end| end.link) {
                self.turn_away(before, link);
            }
        }
        self.rename(socket, id, name);
        true
    }

    /// A socket would not have the end of a link, or no longer.
    fn turn_away(&mut self, id: EndId, link: LinkId) {
        if self.link(link).is_some_and(|link| link.is_direct) {
            self.let_go(id, None);
        } else {
            self.break_link(link);
        }
    }

    pub(super) fn rename(&mut self, socket: SocketId, id: EndId, name: Vec<u8>) {
        let Some(before) = self.end_mut(id).map(|end| end.name.replace(name.clone())) else {
            return;
        };
        let Some(socket) = self.socket_mut(socket) else { return };
        if let Some(before) = before {
            socket.routes.remove(&before);
        }
        socket.routes.insert(name, id);
    }

    /// What libzmq calls a peer that has no routing id: a zero and a number.
    pub(super) fn new_name(&mut self) -> Vec<u8> {
        self.routing_number = self.routing_number.wrapping_add(1);
        let mut name = vec![0];
        name.extend(self.routing_number.to_be_bytes());
        name
    }

    /// Both ends of a link inside one process: what waits to go out is there at once, and the marks of
    /// both add up.
    pub(super) fn join_queues(&mut self, near: EndId, far: EndId) {
        for (from, to) in [(near, far), (far, near)] {
            let Some(sender) = self.end(from).and_then(|end| self.socket(end.socket)) else {
                return;
            };
            let (send, conflates) = (sender.settings.send_mark, sender.settings.conflates);
            let Some(receiver) = self.end(to).and_then(|end| self.socket(end.socket)) else {
                return;
            };
            let (receive, conflates) =
                (receiver.settings.receive_mark, conflates || receiver.settings.conflates);
            let mark = if send == 0 || receive == 0 { 0 } else { send + receive };
            let waiting = self.end_mut(from).map(|end| end.out.take()).unwrap_or_default();
            if let Some(end) = self.end_mut(to) {
                end.inbound = Pipe::new(mark, conflates);
                waiting.into_iter().for_each(|message| end.inbound.write(message));
            }
            let has_room = self.end(to).is_some_and(|end| end.inbound.has_room());
            if let Some(socket) = self.end(from).map(|end| end.socket).filter(|_| has_room) {
                // It was passed over where it was full by its own mark alone.
                self.may_write(socket, from);
            }
        }
    }

    /// The peer of an end is gone: what came can be read yet.
    pub(super) fn lose(&mut self, id: EndId) {
        let Some(end) = self.end_mut(id) else { return };
        let (socket, stage, ends) = (end.socket, end.stage, end.ends.clone());
        let is_direct =
            self.end(id).and_then(|end| self.link(end.link)).is_some_and(|it| it.is_direct);
        match stage {
            Stage::Open => {}
            // It takes part once, for what came.
            Stage::Unattached if is_direct => return,
            Stage::Unattached => return self.remove_end(id),
            Stage::Draining => return,
            Stage::Lingering => {
                self.tell_unsent(id);
                return self.remove_end(id);
            }
        }
        self.tell_stream(id);
        let was_full = !self.has_room(id);
        if let Some(end) = self.end_mut(id) {
            (end.stage, end.was_full) = (Stage::Draining, was_full);
            end.out.clear();
        }
        if let Some(socket) = self.socket(socket).filter(|_| !is_direct) {
            socket.tell(super::Told::Disconnected(&ends));
        }
        self.ring(socket);
        // Who reads finds the end of the queue when it gets there, and until then has the peer's name.
        let reads = self.socket_mut(socket).is_some_and(|socket| {
            let reads = socket.sources.has(id);
            socket.sources.activate(id);
            reads
        });
        if !reads {
            self.remove_if_drained(id);
        }
    }

    /// An end whose peer is gone goes when all that came has been read.
    pub(super) fn remove_if_drained(&mut self, id: EndId) {
        let is_done =
            |end: &super::end::End| end.stage == Stage::Draining && end.inbound.is_empty();
        if self.end(id).is_some_and(is_done) {
            self.remove_end(id);
        }
    }

    /// An end of a link that broke is there for the next connection: a subscriber tells again what it
    /// wants.
    pub(super) fn begin_anew(&mut self, id: EndId) {
        let Some(end) = self.end(id) else { return };
        let (socket, is_open) = (end.socket, end.is_open());
        let Some(known) = self.socket(socket) else { return };
        let (filters, immediate) = (known.role.filters(), known.settings.immediate);
        if filters && is_open {
            self.renew_out(id);
            self.tell_topics(socket, id);
        } else if immediate && is_open {
            // The end is one for this connection alone.
            self.leave(socket, id);
            if let Some(end) = self.end_mut(id) {
                end.stage = Stage::Unattached;
            }
            self.renew_out(id);
        }
    }

    /// An empty queue out, as its socket is set now.
    fn renew_out(&mut self, id: EndId) {
        let socket = self.end(id).and_then(|end| self.socket(end.socket));
        let Some((mark, conflates)) =
            socket.map(|socket| (socket.settings.send_mark, socket.settings.conflates))
        else {
            return;
        };
        if let Some(end) = self.end_mut(id) {
            end.out = Pipe::new(mark, conflates);
        }
    }

    /// An end takes part no more in what its socket does.
    pub(super) fn leave(&mut self, socket: SocketId, id: EndId) {
        let (name, topics) = self.end_mut(id).map_or((None, Vec::new()), |end| {
            let topics = end.topics.all().cloned().collect();
            end.topics = super::topics::Topics::default();
            (end.name.take(), topics)
        });
        let Some(known) = self.socket_mut(socket) else { return };
        known.sources.remove(id);
        known.targets.remove(id);
        known.answers_no_more(id);
        if let Some(name) = name
            && known.routes.get(&name) == Some(&id)
        {
            known.routes.remove(&name);
        }
        let others = topics.into_iter().map(|topic| {
            let others = self.wanted_by_others(socket, id, &topic);
            (topic, others)
        });
        for (topic, others) in others.collect::<Vec<_>>() {
            self.note_wish(socket, false, &topic, !others);
        }
        self.ring(socket);
    }

    /// An end is no more.
    pub(super) fn remove_end(&mut self, id: EndId) {
        let Some((owner, link)) = self.end(id).map(|end| (end.socket, end.link)) else { return };
        self.leave(owner, id);
        self.ends.remove(id.0);
        if let Some(socket) = self.socket_mut(owner) {
            socket.ends.retain(|known| *known != id);
        }
        self.end_inside(link, id);
        if self.link(link).is_some_and(|link| !link.is_direct && link.accepted == Some(id)) {
            self.soon(Action::Break(link));
        }
        self.stop_if_over(owner);
    }
}

impl Socket {
    /// A peer that a REQ has asked answers no more.
    fn answers_no_more(&mut self, id: EndId) {
        if let Lockstep::Asked { end, .. } = &mut self.lockstep
            && *end == Some(id)
        {
            *end = None;
        }
    }
}

/// Whether a role takes messages of its peers in turn. Those of publishers only wish.
fn receives_in_turn(role: Role) -> bool {
    !matches!(role, Role::Push | Role::Pub | Role::Xpub)
}
