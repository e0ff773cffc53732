//! When the calls of a node's handlers began and ended.
//!
//! Owns how often the clock is read for that: a clock costs as much as half of a short call, so in a
//! burst the end of one is the beginning of the next. Never calls a handler.

use std::time::Instant;

/// When calls began and ended.
pub(super) struct CallClock {
    /// In a burst, when the last call ended.
    last: Option<Instant>,
    /// When the last call of all ended.
    ended: Instant,
}

impl CallClock {
    pub(super) fn new(now: Instant) -> Self {
        Self { last: None, ended: now }
    }

    /// A burst begins.
    pub(super) fn begin_burst(&mut self) {
        self.last = Some(Instant::now());
    }

    /// The burst is over.
    pub(super) fn end_burst(&mut self) {
        self.last = None;
    }

    /// Where the burst is; now, if there is none.
    pub(super) fn now(&self) -> Instant {
        self.last.unwrap_or_else(Instant::now)
    }

    /// A call has ended; when that was.
    pub(super) fn called(&mut self) -> Instant {
        let now = Instant::now();
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

    /// When the last call of all ended.
    pub(super) fn ended(&self) -> Instant {
        self.ended
    }
}
