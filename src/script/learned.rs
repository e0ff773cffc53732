//! What a call learns beside its argument: the time of day, how long the run has lasted, and chance.
//!
//! Owns that it is noted for who records a node, and given again to handlers that follow a recording. Never
//! holds a generator: a node has its own.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::time::Duration;

use super::generator::Chance;
use crate::clock::{RunClock, nanos, since_epoch};

/// What a call has learned, in the order in which it asked.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Learned {
    /// What `now()` gave, in nanoseconds since the epoch.
    pub times: Vec<u64>,
    /// What `elapsed()` gave, in nanoseconds.
    pub running: Vec<u64>,
    /// Where chance stood, if it asked for any.
    pub chance: Option<Chance>,
}

/// When a call was, for what it asks that an earlier one did not ask.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct CallTime {
    /// In nanoseconds since the epoch.
    pub at: u64,
    /// In nanoseconds since the run began.
    pub running: u64,
}

/// The time as handlers are told it.
pub(super) struct Times {
    clock: RunClock,
    way: RefCell<Way>,
}

/// How they are told.
enum Way {
    /// From the clock.
    Read,
    /// From the clock, and it is noted.
    Noted(Learned),
    /// As it was noted.
    Given { times: Series, running: Series },
}

/// What was noted; behind its end the last of it.
#[derive(Default)]
struct Series {
    left: VecDeque<u64>,
    last: u64,
}

impl Series {
    fn next(&mut self) -> Duration {
        self.last = self.left.pop_front().unwrap_or(self.last);
        Duration::from_nanos(self.last)
    }
}

impl Times {
    pub(super) fn new(clock: RunClock) -> Self {
        Self { clock, way: RefCell::new(Way::Read) }
    }

    /// `now()`, since the epoch.
    pub(super) fn time_of_day(&self) -> Duration {
        match &mut *self.way.borrow_mut() {
            Way::Read => since_epoch(self.clock.time_of_day()),
            Way::Noted(learned) => {
                let now = since_epoch(self.clock.time_of_day());
                learned.times.push(nanos(now));
                now
            }
            Way::Given { times, .. } => times.next(),
        }
    }

    /// `elapsed()`.
    pub(super) fn running(&self) -> Duration {
        match &mut *self.way.borrow_mut() {
            Way::Read => self.clock.running(),
            Way::Noted(learned) => {
                let running = self.clock.running();
                learned.running.push(nanos(running));
                running
            }
            Way::Given { running, .. } => running.next(),
        }
    }

    /// Notes what is asked from now on, or no longer.
    pub(super) fn note(&self, notes: bool) {
        self.way.replace(if notes { Way::Noted(Learned::default()) } else { Way::Read });
    }

    /// What was noted since this was last taken, with where chance stood, unless it is nothing.
    pub(super) fn take_noted(&self, chance: Option<Chance>) -> Option<Box<Learned>> {
        let mut way = self.way.borrow_mut();
        let Way::Noted(learned) = &mut *way else { return None };
        if chance.is_none() && learned.times.is_empty() && learned.running.is_empty() {
            return None;
        }
        Some(Box::new(Learned { chance, ..std::mem::take(learned) }))
    }

    /// Gives what was noted, and then the last of it again and again.
    pub(super) fn give(&self, learned: &Learned, time: CallTime) {
        let series = |known: &[u64], last| Series { left: known.iter().copied().collect(), last };
        let times = series(&learned.times, time.at);
        let running = series(&learned.running, time.running);
        self.way.replace(Way::Given { times, running });
    }
}
