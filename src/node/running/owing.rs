//! Requests that are answered later, and what becomes of those that are not.
//!
//! Owns that nobody who asked waits in silence. What is owed stands in the outbox.

use std::time::Instant;

use super::Node;
use crate::clock;
use crate::event::EventKind;
use crate::node::debts::Broken;
use crate::node::timers::TimerName;
use crate::script::{Invocation, encode_failure};

/// What is said to whoever asked a node that ends.
pub(super) const ENDED: &str = "the node ended before it had answered";

impl Node {
    /// Answers, with an error, requests whose time is over or that nobody can answer any more.
    pub(super) fn settle_debts(&mut self, now: Instant) {
        // Who is held can give no answer, so nobody's time passes.
        let waits = self.life.is_in_slow_motion();
        let broken = if waits { Vec::new() } else { self.outbox.debts().take_broken(now) };
        if !broken.is_empty() {
            self.break_debts(broken);
            self.obey_on_error(|instance| format!("{instance} did not answer what it owed"));
        }
        if !self.life.goes_on() {
            self.end_debts(None, ENDED);
        }
    }

    /// Calls the timers that handlers have set, while a node that begins nothing else by itself owes
    /// an answer: one of them may give it. Whether there was one.
    pub(super) fn give_what_is_owed(&mut self, now: Instant) -> bool {
        let mut given = false;
        while self.gives_what_is_owed() && self.takes_new() {
            let Some(TimerName::Named(name)) = self.timers.take_once_due(now) else { break };
            self.call(Invocation::Timer(name));
            self.flush(now);
            given = true;
        }
        given
    }

    /// Whether it owes an answer and begins nothing else by itself.
    pub(super) fn gives_what_is_owed(&self) -> bool {
        self.life.only_answers() && self.outbox.is_in_debt_at_all()
    }

    /// Answers, with an error, the requests that a socket owes, or all sockets: no handler will.
    pub(super) fn end_debts(&mut self, place: Option<usize>, why: &str) {
        if place.is_some() {
            // What was called last may owe something more, or answer.
            self.flush(clock::now());
        }
        let broken = self.outbox.debts().take_all(place, why);
        self.break_debts(broken);
    }

    fn break_debts(&mut self, broken: Vec<Broken>) {
        if !broken.is_empty() {
            // A handler that answers later hears then that nobody waits.
            self.log.moved();
        }
        for Broken { socket, route, why } in broken {
            self.blueprint.counters.failed.add(1);
            let error = format!("a request was answered with an error instead of later: {why}");
            let kind = EventKind::HandlerFailed { error, fault: None };
            self.reporter.emit_limited(Some(socket), kind);
            if let Some(socket_view) = self.socket_views.get(socket) {
                let frames = encode_failure(&why, route, socket_view);
                self.outbox.send_last(socket, frames);
            }
        }
    }
}
