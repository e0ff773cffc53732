//! Slow motion: a node that takes nothing, and one thing when it is told to.
//!
//! Owns what that thing is: a message that waits, or else news of a peer, or else what the node begins
//! by itself, now if need be. What is done with it is `handling`'s.

use std::time::Instant;

use super::Node;
use crate::clock;
use crate::node::life::Phase;
use crate::node::line_source::Next;
use crate::node::slow_motion::{SlowMotion, Step, Took};
use crate::node::timers::TimerName;
use crate::node::whole_tap::WholeReader;
use crate::script::Invocation;

impl Node {
    pub(super) fn obey_slow_motion(&mut self, told: SlowMotion) {
        match told {
            SlowMotion::Hold { done } => {
                let now = clock::now();
                self.life.halt().begin(now);
                self.flush(now);
                // Whoever wanted it may have gone.
                let _ = done.send(());
            }
            SlowMotion::Step { seen, done } => drop(done.send(self.step(&seen))),
            SlowMotion::Release => self.go_on(),
        }
    }

    /// Goes on after slow motion: whoever waits for an answer has waited for nothing meanwhile.
    fn go_on(&mut self) {
        let now = clock::now();
        let Some(lasted) = self.life.halt().end(now) else { return };
        self.outbox.debts().put_off(lasted);
        self.timers.came(|| now);
        self.sockets.iter_mut().for_each(|socket| socket.readable = true);
    }

    /// Takes one thing, and does what comes of it as far as sockets take that.
    fn step(&mut self, seen: &WholeReader) -> Step {
        let now = clock::now();
        self.clock.begin_round(now);
        // The tap stands there from now on.
        self.look_out();
        self.flush(now);
        while seen.try_next().is_some() {}
        self.life.halt().allow_one();
        let took = if self.life.works() { self.take_one(now) } else { None };
        self.life.halt().has_taken();
        self.flush(now);
        let why = if took.is_none() { self.why_it_takes_nothing() } else { None };
        let waiting = self.outbox.messages_waiting();
        Step { took, why, seen: std::iter::from_fn(|| seen.try_next()).collect(), waiting }
    }

    fn why_it_takes_nothing(&self) -> Option<&'static str> {
        if !self.life.is_in_slow_motion() {
            Some("the run is not held any more")
        } else if !self.life.works() {
            Some("the node stops")
        } else if self.life.is_resting() {
            Some("it rests after a failure, until the run is released")
        } else if self.outbox.busy_until().is_some() {
            Some("a handler said that it is busy")
        } else if !self.outbox.is_clear() {
            Some("a message of its own waits to be sent first: no peer has room for it")
        } else if self.files.are_full() {
            Some("what it writes waits for its file")
        } else {
            None
        }
    }

    fn take_one(&mut self, now: Instant) -> Option<Took> {
        if !self.life.is_in_slow_motion() {
            return None;
        }
        self.sockets.iter_mut().for_each(|socket| socket.readable = true);
        if self.take_message(now) {
            self.timers.came(|| now);
            return Some(Took::Message);
        }
        if self.takes_new()
            && let Some(event) = self.incoming.next_peer_event()
        {
            self.life.halt().has_taken();
            let word = event.kind.word();
            self.call(Invocation::Peer(event));
            return Some(Took::Peer(word));
        }
        if self.life.phase() != Phase::Running || !self.takes_new() {
            return None;
        }
        self.life.halt().has_taken();
        let (timer, line) = (self.timers.next_due(), self.files.line_due(now));
        if self.life.halt().timer_goes_first(timer, line, now) {
            self.take_timer(now).or_else(|| self.take_line(now))
        } else {
            self.take_line(now).or_else(|| self.take_timer(now))
        }
    }

    /// Takes the next message of any socket, or one that was given from outside; whether there was one.
    fn take_message(&mut self, now: Instant) -> bool {
        let count = self.sockets.len();
        for step in 0..count {
            let place = (self.cursor + step) % count;
            if self.take_from(place) {
                self.cursor = (place + 1) % count;
                return true;
            }
        }
        self.perform_injected(now);
        self.life.halt().forbids()
    }

    fn take_from(&mut self, place: usize) -> bool {
        if self.outbox.forwards_from(place) {
            let (outbox, sockets, life, mut notes) = self.sending();
            return outbox.forward_one(place, sockets, life, &mut notes);
        }
        if !self.takes_from(place) {
            return false;
        }
        let Some(frames) = self.sockets[place].receive() else { return false };
        self.life.halt().has_taken();
        self.arrived(place, frames);
        true
    }

    /// Calls the timer that is due next, now.
    fn take_timer(&mut self, now: Instant) -> Option<Took> {
        let name = self.timers.take_next(now)?;
        self.life.halt().began(true);
        let took = match &name {
            TimerName::Tick => Took::Tick,
            TimerName::Named(name) => Took::Timer(name.to_string()),
            TimerName::Idle => Took::Idle,
        };
        self.call_timer(name);
        Some(took)
    }

    /// Takes the next line of the source, now; what was left out of it is told, and is no line.
    fn take_line(&mut self, now: Instant) -> Option<Took> {
        self.files.bring_forward(now);
        loop {
            let next = self.files.next_record(now)?;
            let took = match &next {
                Ok(Next::Line(line) | Next::Bytes(line)) => Some(Took::Line(vec![line.clone()])),
                Ok(Next::Frames(frames)) => {
                    Some(Took::Line(frames.iter().map(|frame| frame.to_vec()).collect()))
                }
                Ok(Next::End) => Some(Took::End),
                Ok(Next::Nothing | Next::Ended) => return None,
                Ok(Next::LeftOut(_)) | Err(_) => None,
            };
            self.take_record(next, now);
            if took.is_some() {
                self.life.halt().began(false);
                return took;
            }
        }
    }
}
