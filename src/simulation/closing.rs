//! The end of a socket, and of what it had to send.
//!
//! Owns the linger.

use std::time::Duration;

use super::Told;
use super::end::{EndId, LinkId, SocketId, Stage};
use super::network::{Action, State};
use super::socket::Socket;
use crate::zeromq::Role;

impl State {
    /// Closes a socket: what came is lost, what is to go out goes within its linger.
    pub(super) fn close(&mut self, id: SocketId) {
        self.listening.retain(|it| it.socket != id);
        let Some(socket) = self.socket_mut(id) else { return };
        socket.is_closed = true;
        socket.listener = None;
        let linger = socket.settings.linger;
        for end in self.ends_of(id) {
            self.let_go(end, linger);
        }
        self.stop_if_over(id);
    }

    /// A socket vanishes without a word: nothing of what it had is sent. Its peers notice in their turn,
    /// and what they send until then is lost; inside one process they know it at once.
    pub(super) fn vanish(&mut self, id: SocketId) {
        self.listening.retain(|it| it.socket != id);
        for end in self.ends_of(id) {
            let Some(link) = self.end(end).map(|end| end.link) else { continue };
            if self.link(link).is_none_or(|link| link.is_direct) {
                self.let_go(end, None);
                continue;
            }
            let connects = self.end(end).is_some_and(|end| end.connects);
            self.remove_end(end);
            if connects {
                self.soon(Action::Break(link));
            }
        }
    }

    /// A socket lets go of an end, which sends what waits, for so long at most.
    pub(super) fn let_go(&mut self, id: EndId, linger: Option<Duration>) {
        let Some(end) = self.end(id) else { return };
        let (socket, link, stage) = (end.socket, end.link, end.stage);
        let Some(known) = self.link(link) else { return self.remove_end(id) };
        if stage == Stage::Draining {
            return self.remove_end(id);
        }
        if known.is_direct {
            return self.part_inside(id);
        }
        self.leave(socket, id);
        if let Some(end) = self.end_mut(id) {
            end.inbound.clear();
            end.stage = Stage::Lingering;
        }
        match linger {
            Some(Duration::ZERO) => self.expire(id),
            Some(linger) => self.later(linger, Action::Expire(id)),
            None => {}
        }
        if let Some(way) = self.link(link).map(|link| link.way_from(id)) {
            self.pump_soon(link, way);
        }
        self.end_if_done(id);
    }

    /// Inside one process what an end has sent is with its peer already, or waits for one. Until that has
    /// read all and looked for more, its socket has the end: a ROUTER the name, a PAIR the one peer.
    fn part_inside(&mut self, id: EndId) {
        let Some(end) = self.end(id).filter(|end| end.stage != Stage::Lingering) else { return };
        let peer = self.link(end.link).and_then(|link| link.peer_of(id));
        if peer.is_none() && !self.has_something_to_say(id) {
            return self.remove_end(id);
        }
        let was_full = !self.has_room(id);
        if let Some(end) = self.end_mut(id) {
            end.inbound.clear();
            (end.stage, end.was_full) = (Stage::Lingering, was_full);
        }
        peer.into_iter().for_each(|peer| self.lose(peer));
    }

    /// One end of a link inside a process is no more, and so is the other one if it waited for that.
    pub(super) fn end_inside(&mut self, id: LinkId, gone: EndId) {
        let Some(link) = self.link(id).filter(|link| link.is_direct) else { return };
        let peer = link.peer_of(gone).and_then(|peer| Some((peer, self.end(peer)?.stage)));
        match peer {
            None => drop(self.links.remove(id.0)),
            Some((peer, Stage::Lingering)) => self.remove_end(peer),
            Some(_) => {}
        }
    }

    /// Whether messages wait in an end for whoever binds. Subscriptions are nothing that anybody misses.
    fn has_something_to_say(&self, id: EndId) -> bool {
        let Some(end) = self.end(id) else { return false };
        let said = |it: &Socket| it.role != Role::Sub && !it.settings.conflates;
        !end.out.is_empty() && self.socket(end.socket).is_some_and(said)
    }

    /// Only what a peer said is there of one that was gone before anybody was there to hear it.
    pub(super) fn part_from_who_is_gone(&mut self, id: EndId, peer: EndId) {
        let Some(gone) = self.end_mut(peer).filter(|peer| peer.stage == Stage::Lingering) else {
            return;
        };
        gone.inbound.clear();
        self.lose(id);
    }

    /// An end that lingers does so no longer: what still waits is dropped, and told.
    pub(super) fn expire(&mut self, id: EndId) {
        if !self.end(id).is_some_and(|end| end.stage == Stage::Lingering) {
            return;
        }
        self.tell_unsent(id);
        self.end_if_done(id);
    }

    /// What waits to go out is dropped; whoever hears of the end of its socket hears of that.
    pub(super) fn tell_unsent(&mut self, id: EndId) {
        let Some(end) = self.end_mut(id) else { return };
        let count = end.out.clear() as u64;
        let (socket, ends) = (end.socket, end.ends.clone());
        let Some(socket) = self.socket(socket).filter(|_| count > 0) else { return };
        // Subscriptions are nothing that anybody misses.
        if let Some(epilogue) = socket.epilogue.as_ref().filter(|_| !socket.role.filters()) {
            epilogue(Told::Unsent { ends: &ends, count });
        }
    }

    /// An end that lingers, and has nothing more on its way, ends its link.
    pub(super) fn end_if_done(&mut self, id: EndId) {
        let Some(end) = self.end(id) else { return };
        let link = end.link;
        if end.stage != Stage::Lingering || !end.out.is_empty() {
            return;
        }
        let connects = end.connects;
        let Some(known) = self.link_mut(link) else { return self.remove_end(id) };
        let way = known.way_from(id);
        let is_up = known.accepted.is_some();
        if is_up && !known.line(way).is_empty() {
            return;
        }
        if is_up && known.is_cut() {
            known.is_over = true;
            return self.remove_end(id);
        }
        if !connects {
            self.break_link(link);
            self.remove_end(id);
            return;
        }
        let accepted = known.accepted.take();
        self.remove_end(id);
        self.links.remove(link.0);
        accepted.into_iter().for_each(|end| self.lose(end));
    }

    /// Says of a closed socket of which nothing is left that it is over.
    pub(super) fn stop_if_over(&mut self, id: SocketId) {
        if !self.socket(id).is_some_and(|socket| socket.is_closed && socket.ends.is_empty()) {
            return;
        }
        if let Some(epilogue) = self.sockets.remove(id.0).and_then(|it| it.epilogue) {
            epilogue(Told::Stopped);
        }
    }

    /// Tells a socket's listener how full the queues of its connections are.
    pub(super) fn tell_queues(&self, id: SocketId) {
        let Some(socket) = self.socket(id) else { return };
        for end in socket.ends.iter().filter_map(|end| self.end(*end)) {
            let is_direct = self.link(end.link).is_none_or(|link| link.is_direct);
            if is_direct || end.stage != Stage::Open {
                continue;
            }
            socket.tell(Told::Queues {
                ends: &end.ends,
                outbound: end.out.believed(),
                unsent: end.out.waiting() as u64,
                inbound: end.inbound.waiting() as u64,
            });
        }
    }
}
