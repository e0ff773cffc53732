//! The answers that a node owes: requests of a `rep` that a handler answers later.
//!
//! Owns until when each may be answered. While a socket owes one nothing more is taken from it, as in
//! ZeroMQ's own lockstep. Never answers by itself.

use std::rc::Rc;
use std::time::{Duration, Instant};

use crate::duration::format_duration;
use crate::script::{Debt, Route};

/// A request that is still to be answered.
#[derive(Debug)]
pub(super) struct Owed {
    pub(super) socket: usize,
    pub(super) route: Rc<Route>,
    pub(super) debt: Debt,
    pub(super) within: Duration,
}

/// What a node owes.
#[derive(Default, Debug)]
pub(super) struct Debts {
    owed: Vec<(Owed, Instant)>,
}

/// An answer that its handler can no longer give.
#[derive(Debug)]
pub(super) struct Broken {
    pub(super) socket: usize,
    pub(super) route: Rc<Route>,
    /// What whoever asked is told.
    pub(super) why: String,
}

impl Debts {
    pub(super) fn add(&mut self, owed: Owed, now: Instant) {
        let until = now + owed.within;
        self.owed.push((owed, until));
    }

    /// Gives all of them so much more time.
    pub(super) fn put_off(&mut self, by: Duration) {
        self.owed.iter_mut().for_each(|(_, until)| *until += by);
    }

    /// Whether a socket owes an answer.
    pub(super) fn has_of(&self, place: usize) -> bool {
        self.owed.iter().any(|(owed, _)| owed.socket == place && !owed.debt.is_paid())
    }

    /// Whether any socket owes one.
    pub(super) fn has_any(&self) -> bool {
        self.owed.iter().any(|(owed, _)| !owed.debt.is_paid())
    }

    /// When the first of them has to be there.
    pub(super) fn due(&self) -> Option<Instant> {
        self.owed.iter().map(|(_, until)| *until).min()
    }

    /// Takes out those whose time is over, and those that the script has forgotten.
    pub(super) fn take_broken(&mut self, now: Instant) -> Vec<Broken> {
        if self.owed.is_empty() {
            return Vec::new();
        }
        self.take(|owed, until| {
            if owed.debt.is_forgotten() {
                return Some(
                    "the request was not kept, so nobody can answer it; a handler that calls \
                     later(msg) keeps it in `this`"
                        .to_owned(),
                );
            }
            let within = format_duration(owed.within);
            (until <= now).then(|| format!("no answer came within {within}"))
        })
    }

    /// Takes out those of one socket, or of all, which can be answered no more for that reason.
    pub(super) fn take_all(&mut self, place: Option<usize>, why: &str) -> Vec<Broken> {
        self.take(|owed, _| place.is_none_or(|place| owed.socket == place).then(|| why.to_owned()))
    }

    fn take(&mut self, why: impl Fn(&Owed, Instant) -> Option<String>) -> Vec<Broken> {
        let mut broken = Vec::new();
        self.owed.retain(|(owed, until)| {
            if owed.debt.is_paid() {
                return false;
            }
            let Some(why) = why(owed, *until) else { return true };
            owed.debt.close();
            broken.push(Broken { socket: owed.socket, route: Rc::clone(&owed.route), why });
            false
        });
        broken
    }

    /// Moves them from the old places of sockets to the new ones.
    pub(super) fn renumber(&mut self, place_now: impl Fn(usize) -> Option<usize>) {
        self.owed.retain_mut(|(owed, _)| {
            let place = place_now(owed.socket);
            owed.socket = place.unwrap_or_default();
            place.is_some()
        });
    }
}
