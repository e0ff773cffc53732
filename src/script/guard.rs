//! What a call has used up, looked at while it runs.
//!
//! Owns the limits that no count of steps can hold: memory and time. Never judges a single value;
//! functions that could grow one without bound ask for room first.

use std::cell::Cell;
use std::time::{Duration, Instant};

use rhai::Dynamic;
use rustix::time::{ClockId, clock_gettime};

use super::limits;
use crate::memory;

/// One call's use of memory and time.
#[derive(Default, Debug)]
pub(super) struct Guard {
    base: Cell<isize>,
    /// Counted here: a function that calls back counts the engine's steps anew for each call.
    steps: Cell<u32>,
    patience: Cell<u32>,
    patrol: Cell<Option<Patrol>>,
}

/// When to look next at how long a call takes. Reading what a thread has computed costs a system
/// call, so it is done only when much time has passed; a busy machine may have passed it elsewhere.
#[derive(Clone, Copy, Debug)]
struct Patrol {
    next: Instant,
    /// What the thread had computed when the look before this one was due.
    computed: Option<Duration>,
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
        self.patrol.set(None);
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

    /// How much more the thread holds than when the call began.
    pub(super) fn left_behind(&self) -> isize {
        memory::held() - self.base.get()
    }

    /// How much more memory the call may take.
    pub(super) fn room(&self) -> usize {
        let left = limits::MEMORY_BYTES - (memory::held() - self.base.get());
        usize::try_from(left).unwrap_or(0)
    }

    /// Ends a call that has computed through the second half of its time.
    #[inline(never)]
    fn look_at_clock(&self) -> Option<Spent> {
        let now = Instant::now();
        let half = limits::CALL_TIME * self.patience.get() / 2;
        let computed = match self.patrol.get() {
            Some(patrol) if now < patrol.next => return None,
            Some(patrol) => Some((patrol.computed, computed_by_this_thread())),
            None => None,
        };
        let left = match computed {
            Some((Some(before), after)) => half.saturating_sub(after.saturating_sub(before)),
            Some((None, _)) | None => half,
        };
        if left.is_zero() {
            return Some(Spent::Time);
        }
        let computed = computed.map(|(before, after)| before.unwrap_or(after));
        self.patrol.set(Some(Patrol { next: now + left, computed }));
        None
    }
}

fn computed_by_this_thread() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::try_from(time).unwrap_or(Duration::MAX)
}
