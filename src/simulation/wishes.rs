//! Subscriptions: how they travel from those that filter to those that publish.
//!
//! Owns what a publisher notes of them, and tells its user. Moves no other message.

use super::end::{EndId, SocketId};
use super::network::{Action, State};
use crate::message::{Frame, Multipart};
use crate::zeromq::Role;

impl State {
    /// A socket wants messages that begin so, and tells all its publishers.
    pub(super) fn subscribe(&mut self, id: SocketId, topic: &[u8]) {
        let Some(socket) = self.socket_mut(id) else { return };
        socket.topics.add(topic);
        self.tell_all(id, &wish(true, topic));
    }

    /// It wants them no longer; its publishers hear of the last time alone.
    pub(super) fn unsubscribe(&mut self, id: SocketId, topic: &[u8]) {
        let Some(socket) = self.socket_mut(id) else { return };
        if socket.topics.remove(topic) == Some(0) {
            self.tell_all(id, &wish(false, topic));
        }
    }

    /// What an XSUB sends: wishes, which it notes, and whatever else is for its publishers.
    pub(super) fn send_upstream(&mut self, id: SocketId, frames: Multipart) {
        let first = frames.first().map(|frame| (frame.first().copied(), frame.to_vec()));
        let Some(socket) = self.socket_mut(id) else { return };
        match first {
            Some((Some(1), text)) => drop(socket.topics.add(&text[1..])),
            Some((Some(0), text)) => {
                if socket.topics.remove(&text[1..]) != Some(0) {
                    return;
                }
            }
            Some(_) | None => {}
        }
        self.tell_all(id, &frames);
    }

    /// Tells a publisher all that a socket wants.
    pub(super) fn tell_topics(&mut self, id: SocketId, end: EndId) {
        let Some(socket) = self.socket(id) else { return };
        let all: Vec<_> = socket.topics.all().map(|topic| wish(true, topic)).collect();
        for message in all {
            // libzmq has no word for one that finds no room.
            if self.may_take(end) {
                self.put(end, message);
            }
        }
    }

    fn tell_all(&mut self, id: SocketId, message: &Multipart) {
        let ends = self.socket(id).map_or_else(Vec::new, |socket| socket.targets.all().to_vec());
        for end in ends {
            if self.may_take(end) {
                self.put(end, crate::message::share_all(message));
            }
        }
    }

    /// A publisher reads what came by an end, all of it.
    pub(super) fn read_wishes(&mut self, socket: SocketId, id: EndId) {
        loop {
            let Some((message, credit)) = self.end_mut(id).and_then(|end| end.inbound.read())
            else {
                break;
            };
            if let Some(read) = credit {
                self.soon(Action::Credit { end: id, out: false, read });
            }
            match message.first().and_then(|frame| frame.split_first()) {
                Some((1, topic)) => {
                    let topic = topic.to_vec();
                    let is_first = !self.wanted_by_others(socket, id, &topic);
                    let is_new = self
                        .end_mut(id)
                        .is_some_and(|end| !end.topics.has(&topic) && end.topics.add(&topic));
                    self.note_wish(socket, true, &topic, is_first && is_new);
                }
                Some((0, topic)) => {
                    let topic = topic.to_vec();
                    let was_wanted =
                        self.end_mut(id).is_some_and(|end| end.topics.remove(&topic).is_some());
                    let is_last = !was_wanted || !self.wanted_by_others(socket, id, &topic);
                    self.note_wish(socket, false, &topic, is_last);
                }
                Some(_) | None => {
                    if let Some(socket) = self.socket_mut(socket).filter(|it| it.role == Role::Xpub)
                    {
                        socket.pending.push_back(message);
                    }
                }
            }
        }
        self.remove_if_drained(id);
    }

    /// Whether any other subscriber of a publisher wants that very topic.
    pub(super) fn wanted_by_others(&self, socket: SocketId, id: EndId, topic: &[u8]) -> bool {
        let Some(socket) = self.socket(socket) else { return false };
        let others = socket.ends.iter().filter(|end| **end != id);
        others.filter_map(|end| self.end(*end)).any(|end| end.topics.has(topic))
    }

    /// An XPUB has a wish to tell its user: the first and the last of a topic, or all.
    pub(super) fn note_wish(&mut self, id: SocketId, wanted: bool, topic: &[u8], is_edge: bool) {
        let Some(socket) = self.socket_mut(id).filter(|socket| socket.role == Role::Xpub) else {
            return;
        };
        let all = if wanted { socket.settings.verbose } else { socket.settings.verboser };
        if is_edge || all {
            socket.pending.push_back(wish(wanted, topic));
        }
    }
}

/// A wish as it travels.
fn wish(wanted: bool, topic: &[u8]) -> Multipart {
    Multipart::from_iter([Frame::joined(&[&[u8::from(wanted)], topic])])
}
