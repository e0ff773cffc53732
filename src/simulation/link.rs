//! What happens to a link: a socket that connects, a socket that listens, and the line between them.
//!
//! Owns how a link comes up, carries messages, and breaks. What its sockets make of that is theirs.

use std::time::Duration;

use rand::RngExt;

use super::end::{End, EndId, LinkId, SocketId, Stage};
use super::line::{Line, Link, Way};
use super::network::{Action, State};
use super::pipe::Pipe;
use super::stream::pieces;
use super::topics::Topics;
use super::{Told, faults};
use crate::message::Multipart;
use crate::zeromq::Role;

/// What the system keeps of a connection, in bytes: at least and at most.
const LINE: (u32, u32) = (128 * 1024, 4 * 1024 * 1024);

/// Whether a connection between two roles comes about. A STREAM speaks no ZMTP: with its like alone.
fn can_talk(one: Role, other: Role) -> bool {
    one.peers().contains(&other) || (one == Role::Stream && other == Role::Stream)
}

/// Whether a message has the form that a REQ takes off a connection (`req.cpp`): perhaps a number, then
/// an empty frame, then more.
fn is_answer(message: &Multipart) -> bool {
    let lengths: Vec<usize> = message.iter().take(3).map(|frame| frame.len()).collect();
    matches!(lengths[..], [0, _, ..] | [4, 0, _])
}

/// Whether it begins like one.
fn begins_as_answer(message: &Multipart) -> bool {
    message.len() > 1 && matches!(message[0].len(), 0 | 4)
}

impl State {
    /// A link from a socket to an endpoint, which is not up yet.
    pub(super) fn make_link(&mut self, socket: SocketId, endpoint: &str) -> Option<EndId> {
        let is_direct = endpoint.starts_with("inproc:");
        let capacity = self.chance.random_range(LINE.0.ilog2()..LINE.1.ilog2());
        let capacity = self.chance.random_range(1_usize << capacity..1_usize << (capacity + 1));
        let link = LinkId(self.links.add(Link {
            endpoint: endpoint.to_owned(),
            connecting: EndId(u32::MAX),
            accepted: None,
            is_direct,
            by: String::new(),
            forth: Line::default(),
            back: Line::default(),
            capacity,
            delay: Duration::ZERO,
            cuts: 0,
            owners: None,
            is_over: false,
        }));
        let local = self.chosen_local(endpoint);
        let end = self.make_end(socket, link, true, (local, endpoint.to_owned()))?;
        self.link_mut(link)?.connecting = end;
        Some(end)
    }

    /// An end of a socket, with queues as that is set.
    pub(super) fn make_end(
        &mut self,
        socket: SocketId,
        link: LinkId,
        connects: bool,
        ends: (String, String),
    ) -> Option<EndId> {
        let settings = self.socket(socket)?.settings.clone();
        let id = EndId(self.ends.add(End {
            socket,
            link,
            connects,
            stage: Stage::Unattached,
            was_full: false,
            out: Pipe::new(settings.send_mark, settings.conflates),
            inbound: Pipe::new(settings.receive_mark, settings.conflates),
            topics: Topics::default(),
            name: None,
            ends,
        }));
        self.socket_mut(socket)?.ends.push(id);
        Some(id)
    }

    /// A link tries to come up: whoever listens there accepts it, or it tries again.
    pub(super) fn attempt(&mut self, id: LinkId) {
        let Some(link) = self.link(id).filter(|link| link.accepted.is_none()) else { return };
        let (connecting, endpoint, is_direct) =
            (link.connecting, link.endpoint.clone(), link.is_direct);
        // Inside one process there is no line that could be cut.
        let is_cut_off = !is_direct && self.is_unreachable(id);
        let found = if is_cut_off { None } else { self.who_listens(&endpoint) };
        match found {
            Some((socket, by)) => self.accept(id, socket, by),
            // It comes up when somebody binds there.
            None if is_direct => {}
            None => {
                let Some(socket) = self.end(connecting).map(|end| end.socket) else { return };
                if let Some(socket) = self.socket(socket).filter(|it| !it.is_closed) {
                    socket.tell(Told::Refused(&endpoint));
                }
                self.try_again(id, socket);
            }
        }
    }

    /// Has a link that has no peer try again in a while, if its socket is set to that.
    pub(super) fn try_again(&mut self, id: LinkId, socket: SocketId) {
        let pause = self.socket(socket).and_then(|it| it.settings.reconnects_after);
        if let Some(pause) = pause {
            // libzmq adds up to as much again.
            let more = self.chance.random_range(0..=pause.as_millis().max(1));
            let more = Duration::from_millis(u64::try_from(more).unwrap_or(0));
            self.later(pause + more, Action::Attempt(id));
        }
    }

    fn accept(&mut self, id: LinkId, socket: SocketId, by: String) {
        let Some(link) = self.link(id) else { return };
        let (connecting, is_direct) = (link.connecting, link.is_direct);
        let Some(near) = self.end(connecting) else { return };
        let ends = (by.clone(), near.ends.0.clone());
        let near = near.socket;
        let Some(far) = self.make_end(socket, id, false, ends) else { return };
        let owners = self.socket(near).zip(self.socket(socket));
        let owners = owners.map(|(near, far)| faults::ordered(&near.owner, &far.owner));
        if let Some(link) = self.link_mut(id) {
            (link.accepted, link.by, link.owners) = (Some(far), by, owners);
        }
        if is_direct {
            self.join_queues(connecting, far);
        }
        let roles = self.socket(near).zip(self.socket(socket)).map(|(a, b)| (a.role, b.role));
        if !is_direct && roles.is_some_and(|(a, b)| !can_talk(a, b)) {
            // libzmq ends such a connection, and never tries again.
            if let Some(link) = self.link_mut(id) {
                link.accepted = None;
            }
            return self.remove_end(far);
        }
        self.obey_faults(id);
        for end in [connecting, far] {
            self.soon(Action::Greet(end));
        }
    }

    /// An end has got its peer's greeting.
    pub(super) fn greet(&mut self, id: EndId) {
        let Some(end) = self.end(id) else { return };
        let (link, ends, socket, is_lingering) =
            (end.link, end.ends.clone(), end.socket, end.stage == Stage::Lingering);
        let Some(known) = self.link(link) else { return };
        let Some(peer) = known.peer_of(id) else { return };
        let is_direct = known.is_direct;
        if !is_lingering && !self.attach(id, peer) {
            self.note_refusal(id);
            if let Some(socket) = self.socket(socket) {
                socket.tell(Told::TurnedAway(&ends));
            }
        } else if !is_direct {
            if let Some(socket) = self.socket(socket) {
                let listener = if socket.is_closed { &socket.epilogue } else { &socket.listener };
                if let Some(listener) = listener {
                    listener(Told::Connected(&ends));
                }
            }
            self.ring(socket);
        }
        if is_direct {
            self.part_from_who_is_gone(id, peer);
        }
        for way in Way::BOTH {
            self.pump_soon(link, way);
        }
    }

    /// Looks at a way of a link in its turn.
    pub(super) fn pump_soon(&mut self, id: LinkId, way: Way) {
        let Some(link) = self.link_mut(id).filter(|link| !link.is_direct) else { return };
        if !std::mem::replace(&mut link.line(way).is_pumped, true) {
            self.soon(Action::Pump(id, way));
        }
    }

    /// Moves messages along a link: some of those that wait, as many as chance has it.
    pub(super) fn pump(&mut self, id: LinkId, way: Way) {
        let now = self.now;
        let Some(link) = self.link_mut(id) else { return };
        let line = link.line(way);
        line.is_pumped = false;
        line.waits &= line.messages.front().is_some_and(|(at, _)| *at > now);
        let Some((from, to)) = link.way(way) else { return };
        let most = self.chance.random_range(1..=64);
        let mut moved = false;
        for _ in 0..most {
            let arrived = self.hand_on(id, way, to);
            let taken = self.take_up(id, way, from);
            if !arrived && !taken {
                self.moved_all(id, way);
                return;
            }
            moved = true;
        }
        if moved {
            self.pump_soon(id, way);
        }
    }

    /// The line takes a message of whoever sends; whether it did.
    fn take_up(&mut self, id: LinkId, way: Way, from: EndId) -> bool {
        let now = self.now;
        let Some(link) = self.links.get_mut(id.0) else { return false };
        let (capacity, delay) = (link.capacity, link.delay);
        let line = link.line(way);
        let Some(end) = self.ends.get_mut(from.0) else { return false };
        if line.bytes >= capacity || end.stage == Stage::Unattached {
            return false;
        }
        let socket = end.socket;
        let Some((message, credit)) = end.out.read() else { return false };
        if self.sockets.get(socket.0).is_some_and(|it| it.role == Role::Stream) {
            pieces(message, &mut self.chance).into_iter().for_each(|it| line.put(now + delay, it));
        } else {
            line.put(now + delay, message);
        }
        if let Some(read) = credit {
            self.soon(Action::Credit { end: from, out: true, read });
        }
        true
    }

    /// The line hands a message on to whoever receives; whether it did.
    fn hand_on(&mut self, id: LinkId, way: Way, to: EndId) -> bool {
        let now = self.now;
        let Some(link) = self.links.get_mut(id.0) else { return false };
        let is_cut = link.is_cut();
        let line = link.line(way);
        if is_cut && line.arrived == 0 {
            return false;
        }
        let Some(end) = self.ends.get_mut(to.0) else { return false };
        match line.messages.front() {
            Some((at, _)) if *at > now => {
                let after = *at - now;
                if !std::mem::replace(&mut line.waits, true) {
                    self.later(after, Action::Pump(id, way));
                }
                return false;
            }
            Some(_) => {}
            None => return false,
        }
        match end.stage {
            Stage::Unattached => return false,
            Stage::Open => {
                let role = self.sockets.get(end.socket.0).map(|socket| socket.role);
                let is_full = !end.inbound.has_room();
                // The first frame is looked at before there is room for it.
                let suits = if is_full { begins_as_answer } else { is_answer };
                if role == Some(Role::Req)
                    && line.messages.front().is_some_and(|(_, message)| !suits(message))
                {
                    self.give_up(id, to);
                    return false;
                }
                if is_full {
                    return false;
                }
                let Some(message) = line.take() else { return false };
                end.inbound.write(message);
                self.soon(Action::Notice(to));
            }
            // Nobody reads it any more.
            Stage::Draining | Stage::Lingering => drop(line.take()),
        }
        true
    }

    /// An end got what breaks its protocol: it ends the connection, and never tries again. What came
    /// before can be read yet.
    fn give_up(&mut self, id: LinkId, end: EndId) {
        if !self.end(end).is_some_and(|end| end.connects) {
            // What it had sent before may come yet.
            self.lose(end);
            return self.soon(Action::Break(id));
        }
        let accepted = self.links.remove(id.0).and_then(|link| link.accepted);
        accepted.into_iter().for_each(|accepted| self.lose(accepted));
        let endpoint = self.end(end).map(|end| (end.socket, end.ends.1.clone()));
        if let Some((socket, endpoint)) = endpoint
            && let Some(socket) = self.socket_mut(socket)
        {
            socket.given_up.push(endpoint);
        }
        self.lose(end);
    }

    /// Nothing more moves on a way now: an end that only lingers for that is over.
    fn moved_all(&mut self, id: LinkId, way: Way) {
        let Some(link) = self.link(id) else { return };
        let (is_over, Some((from, _))) = (link.is_over, link.way(way)) else { return };
        self.end_if_done(from);
        if is_over {
            self.notice_end(id);
        }
    }

    /// Who writes hears how much was read of a queue of that end.
    pub(super) fn credit(&mut self, id: EndId, out: bool, read: u64) {
        let Some(end) = self.end_mut(id) else { return };
        let (link, socket) = (end.link, end.socket);
        if out {
            end.out.credit(read);
            self.may_write(socket, id);
            return;
        }
        end.inbound.credit(read);
        let Some(known) = self.link(link) else { return };
        let (is_direct, peer) = (known.is_direct, known.peer_of(id));
        let Some(peer) = peer else { return };
        if is_direct {
            if let Some(socket) = self.end(peer).map(|end| end.socket) {
                self.may_write(socket, peer);
            }
        } else if let Some(way) = self.link(link).map(|link| link.way_from(peer)) {
            self.pump_soon(link, way);
        }
    }

    pub(super) fn may_write(&mut self, socket: SocketId, end: EndId) {
        if let Some(socket) = self.socket_mut(socket) {
            socket.targets.activate(end);
            socket.bell.ring();
        }
    }
}
