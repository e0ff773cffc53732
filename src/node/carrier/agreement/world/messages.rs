//! The messages of a case: what its sockets send, receive and subscribe to.
//!
//! Owns their texts, by which each is known again.

use super::super::case::Transport;
use super::{World, name, said};
use crate::message::{Frame, Multipart};
use crate::zeromq::Role;

const TOPICS: [&str; 3] = ["", "a", "ab"];

impl World {
    pub(super) fn subscribe(&self, at: usize, on: bool, topic: usize) {
        let option = if on { zmq_sys::ZMQ_SUBSCRIBE } else { zmq_sys::ZMQ_UNSUBSCRIBE };
        let slot = &self.slots[at];
        if let Some(socket) = slot.carrier.as_ref().filter(|_| slot.role == Role::Sub) {
            // One that is not wanted cannot be given up.
            let _ = socket.set_bytes(option.cast_signed(), TOPICS[topic].as_bytes());
        }
    }

    /// Lets things happen that may, as many as chance has it, where nobody rests.
    pub(super) fn let_go_on(&self) {
        let goes_on = !self.rests || self.case.transport != Transport::Inproc;
        if let Some(network) = self.network.as_ref().filter(|_| goes_on) {
            network.go_on_a_little(self.now, self.is_lazy);
        }
    }

    pub(super) fn send(&mut self, at: usize, frames: usize) -> String {
        self.sent += 1;
        let topic = TOPICS[self.sent % 3];
        let texts = (0..frames).map(|n| format!("{topic}{}.{n}", self.sent).into_bytes());
        // Mostly with the envelope that a REP needs.
        let is_question = self.slots[at].role == Role::Dealer && self.peers_of(at) == Role::Rep;
        let head = (is_question && !self.sent.is_multiple_of(4)).then(Vec::new);
        self.say(at, head.into_iter().chain(texts).collect())
    }

    pub(super) fn send_to(&mut self, at: usize, to: usize) -> String {
        self.sent += 1;
        let text = self.sent.to_string().into_bytes();
        // Mostly with the envelope that a REQ needs.
        let is_answer = self.slots[at].role == Role::Router && self.peers_of(at) == Role::Req;
        let head = (is_answer && !self.sent.is_multiple_of(4)).then(Vec::new);
        self.say(at, [name(to)].into_iter().chain(head).chain([text]).collect())
    }

    pub(super) fn flood(&mut self, at: usize, many: usize) -> String {
        let count = self.slots.len();
        let mut told = Vec::new();
        for n in 0..many {
            let routes = self.slots[at].role == Role::Router;
            let said = if routes {
                // To each of its peers in turn.
                let peer = if at == 0 { 1 + n % (count - 1) } else { 0 };
                self.send_to(at, peer)
            } else {
                self.send(at, 1)
            };
            told.push(said);
            if self.rests {
                self.rest();
            }
        }
        told.join(" ")
    }

    fn say(&self, at: usize, frames: Vec<Vec<u8>>) -> String {
        self.let_go_on();
        let Some(socket) = &self.slots[at].carrier else { return "gone".to_owned() };
        let last = frames.len() - 1;
        for (number, frame) in frames.into_iter().enumerate() {
            let sent = socket.send(&mut Frame::copy(&frame), number < last);
            if sent.is_err() {
                return said(sent);
            }
        }
        "sent".to_owned()
    }

    /// Receives so many at most.
    pub(in super::super) fn receive_some(&self, at: usize, most: usize) -> String {
        let received = (0..most).map_while(|_| self.receive(at));
        received.collect::<Vec<_>>().join(" ")
    }

    fn receive(&self, at: usize) -> Option<String> {
        self.let_go_on();
        let mut frames = Multipart::new();
        loop {
            let mut frame = Frame::empty();
            let (_, more) = self.slots[at].carrier.as_ref()?.receive(&mut frame).ok()?;
            frames.push(frame);
            if !more {
                let texts: Vec<_> = frames.iter().map(|it| String::from_utf8_lossy(it)).collect();
                return Some(texts.join("|"));
            }
        }
    }

    /// What is left in all its sockets, one after the other.
    pub(in super::super) fn all_that_is_left(&mut self) -> Vec<String> {
        self.rests(true);
        self.rest();
        (0..self.slots.len()).map(|at| self.left_in(at)).collect()
    }

    /// One message after the other: each makes room for those that wait elsewhere.
    fn left_in(&mut self, at: usize) -> String {
        let mut left = Vec::new();
        while let Some(message) = self.receive(at) {
            left.push(message);
            self.rest();
        }
        left.join(" ")
    }
}
