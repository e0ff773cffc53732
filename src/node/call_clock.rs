//! When the calls of a node's handlers began and ended.
//!
//! Owns how often the clock is read for that: a clock costs as much as half of a short call, so in a
//! burst the end of one is the beginning of the next. Measures work and not time that passes, so no
//! test pauses it. Never calls a handler.

use std::time::{Duration, Instant};

use crate::clock;

/// When calls began and ended.
pub(super) struct CallClock {
    /// In a burst, when the last call ended.
    last: Option<Instant>,
    /// When the last call of all ended.
    ended: Instant,
    /// When the round began.
    round: Instant,
}

impl CallClock {
    pub(super) fn new(now: Instant) -> Self {
        let now = clock::really(now);
        Self { last: None, ended: now, round: now }
    }

    /// A round begins, at this moment of the clock that is waited by.
    pub(super) fn begin_round(&mut self, now: Instant) {
        self.round = clock::really(now);
    }

    /// Whether calls took the round longer than that.
    pub(super) fn calls_took(&self, long: Duration) -> bool {
        self.ended > self.round + long
    }

    /// Whether the burst, or else the round, has lasted longer than that.
    pub(super) fn has_lasted(&self, long: Duration) -> bool {
        self.now() > self.round + long
    }

    /// A burst begins.
    pub(super) fn begin_burst(&mut self) {
        self.last = Some(clock::at_work());
    }

    /// The burst is over.
    pub(super) fn end_burst(&mut self) {
        self.last = None;
    }

    /// Where the burst is; now, if there is none.
    pub(super) fn now(&self) -> Instant {
        self.last.unwrap_or_else(clock::at_work)
    }

    /// A call has ended; when that was.
    pub(super) fn called(&mut self) -> Instant {
        let now = clock::at_work();
        self.ended = now;
        if let Some(last) = &mut self.last {
            *last = now;
        }
        now
    }

    /// Others had their turn meanwhile.
    pub(super) fn paused(&mut self) {
        if let Some(last) = &mut self.last {
            *last = Instant::now();
        }
    }
}
