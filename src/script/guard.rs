//! What a call has used up, looked at while it runs.
//!
//! Owns the limits that no count of steps can hold: memory and time. Never judges a single value;
//! functions that could grow one without bound ask for room first.

use std::cell::Cell;
use std::time::Instant;

use rhai::Dynamic;

use super::limits;
use crate::memory;

/// One call's use of memory and time.
#[derive(Default, Debug)]
pub(super) struct Guard {
    base: Cell<isize>,
    /// Counted here: a function that calls back counts the engine's steps anew for each call.
    steps: Cell<u32>,
    patience: Cell<u32>,
    deadline: Cell<Option<Instant>>,
}

/// Why a call is ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Spent {
    /// It holds more memory than it may.
    Memory,
    /// It has taken longer than it may.
    Time,
}

impl Spent {
    /// The value that the engine ends a call with.
    pub(super) fn token(self) -> Dynamic {
        Dynamic::from_bool(self == Self::Memory)
    }

    /// Why the engine ended a call with that value.
    pub(super) fn of_token(token: &Dynamic) -> Self {
        if token.as_bool() == Ok(true) { Self::Memory } else { Self::Time }
    }
}

impl Guard {
    /// Begins to count. `patience` is how many times the usual time the call may take.
    pub(super) fn begin(&self, patience: u32) {
        self.base.set(memory::held());
        self.steps.set(0);
        self.patience.set(patience);
        self.deadline.set(None);
    }

    /// Called for every step.
    pub(super) fn look(&self) -> Option<Spent> {
        if memory::held() - self.base.get() > limits::MEMORY_BYTES {
            return Some(Spent::Memory);
        }
        // A clock costs as much as a step, and most calls end before they need one.
        let steps = self.steps.get().wrapping_add(1);
        self.steps.set(steps);
        if steps.is_multiple_of(32) { self.look_at_clock() } else { None }
    }

    /// How much more memory the call may take.
    pub(super) fn room(&self) -> usize {
        let left = limits::MEMORY_BYTES - (memory::held() - self.base.get());
        usize::try_from(left).unwrap_or(0)
    }

    #[inline(never)]
    fn look_at_clock(&self) -> Option<Spent> {
        let now = Instant::now();
        match self.deadline.get() {
            Some(deadline) => (now > deadline).then_some(Spent::Time),
            None => {
                let time = limits::CALL_TIME * self.patience.get();
                self.deadline.set(Some(now + time));
                None
            }
        }
    }
}
