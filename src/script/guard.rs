//! What a call has used up, looked at while it runs.
//!
//! Owns the limits that no count of steps can hold: memory and time; and when a call that computes
//! long makes way for other nodes of its thread. Never judges a single value; functions that could
//! grow one without bound ask for room first.

use std::cell::Cell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use rhai::Dynamic;
use rustix::time::{ClockId, clock_gettime};

use super::call_context::CallContext;
use super::limits;
use crate::{clock, fiber, memory};

/// How many steps there are between two looks at the clock, where they are as short as they mostly
/// are: a clock costs as much as a step, and most calls end before they need one.
const STRIDE: u32 = 32;
/// Steps that take so long together are long ones, and the next is looked at by itself.
const LONG: Duration = Duration::from_micros(250);

/// One call's use of memory and time.
#[derive(Debug)]
pub(super) struct Guard {
    context: Rc<CallContext>,
    call: Call,
    /// How many steps there are between two looks at the clock, by the length of the last ones.
    stride: Cell<u32>,
}

/// A stretch so long is one also where nobody knows how much of it the system gave to others.
const CERTAIN: Duration = Duration::from_millis(200);

/// What belongs to a call, and is suspended while another one has its turn.
#[derive(Clone, Default, Debug)]
struct Call {
    base: Cell<isize>,
    /// How many steps there are until the clock is looked at. Counted here: a function that calls
    /// back counts the engine's steps anew for each call.
    left: Cell<u32>,
    patience: Cell<u32>,
    /// Whether it may be interrupted.
    yields: Cell<bool>,
    clock: Cell<Option<Clock>>,
    /// For how long on end at most it held its thread.
    held: Cell<Duration>,
}

/// How long a call has computed. Reading what a thread has computed costs a system call, so it is
/// done only when much time has passed; a busy machine may have passed it elsewhere.
#[derive(Clone, Copy, Debug)]
struct Clock {
    /// When it was looked at last.
    seen: Instant,
    /// When to look at what was computed.
    next: Instant,
    /// What it had computed up to `since`.
    used: Duration,
    since: Instant,
    /// What the thread had computed at `since`, where that was asked.
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
    /// A guard of the calls that use this call context.
    pub(super) fn new(context: &Rc<CallContext>) -> Self {
        Self { context: Rc::clone(context), call: Call::default(), stride: Cell::new(STRIDE) }
    }

    /// Begins to count. `patience` is how many times the usual time the call may take.
    pub(super) fn begin(&self, patience: u32) {
        self.call.base.set(memory::held());
        self.call.left.set(self.stride.get());
        self.call.patience.set(patience);
        self.call.yields.set(true);
        self.call.clock.set(None);
        self.call.held.set(Duration::ZERO);
    }

    /// Begins to count for what computes constants: it is short, and is not interrupted.
    pub(super) fn begin_constants(&self) {
        self.begin(1);
        self.call.yields.set(false);
    }

    /// Called for every step.
    pub(super) fn look(&self) -> Option<Spent> {
        if memory::held() - self.call.base.get() > limits::MEMORY_BYTES {
            return Some(Spent::Memory);
        }
        let left = self.call.left.get().saturating_sub(1);
        self.call.left.set(left);
        if left == 0 { self.look_at_clock() } else { None }
    }

    /// How much the last call has computed, if that was measured, and for how long on end at most
    /// it held its thread. It began at `began`, and held it at last for `stretch`.
    pub(super) fn last_call(
        &self,
        began: Instant,
        stretch: Duration,
    ) -> (Option<Duration>, Duration) {
        // A call that needed no engine left those of the one before.
        let clock = self.call.clock.get().filter(|clock| clock.since >= began);
        let Some(clock) = clock else { return (None, certain(stretch, None)) };
        let rest = clock.computed.map(|before| computed_by_this_thread().saturating_sub(before));
        self.note_stretch(stretch, rest);
        (rest.map(|rest| clock.used + rest), self.call.held.get())
    }

    /// Notes for how long the call held its thread on end.
    fn note_stretch(&self, took: Duration, computed: Option<Duration>) {
        self.call.held.set(self.call.held.get().max(certain(took, computed)));
    }

    /// How much more the thread holds than when the call began.
    pub(super) fn left_behind(&self) -> isize {
        memory::held() - self.call.base.get()
    }

    /// How much more memory the call may take.
    pub(super) fn room(&self) -> usize {
        let left = limits::MEMORY_BYTES - (memory::held() - self.call.base.get());
        usize::try_from(left).unwrap_or(0)
    }

    /// Ends a call that has computed through its time, and interrupts one whose turn is over.
    #[inline(never)]
    pub(super) fn look_at_clock(&self) -> Option<Spent> {
        if clock::is_simulated() {
            // Its steps are counted in any case; how long they take is the machine's matter.
            self.call.left.set(self.stride.get());
            return None;
        }
        let now = Instant::now();
        let limit = limits::CALL_TIME * self.call.patience.get();
        let due = if self.call.yields.get() { fiber::due(now) } else { None };
        let Some(mut clock) = self.call.clock.get() else {
            // Most calls are over before anybody has to know what they computed.
            let next = due.unwrap_or(now + fiber::TURN);
            let clock = Clock { seen: now, next, used: Duration::ZERO, since: now, computed: None };
            self.call.clock.set(Some(clock));
            self.call.left.set(self.stride.get());
            return None;
        };
        self.adapt(now - clock.seen);
        clock.seen = now;
        if now >= clock.next {
            let computed = computed_by_this_thread();
            let stretch = clock.computed.map(|before| computed.saturating_sub(before));
            clock.used += stretch.unwrap_or((now - clock.since).min(limit / 2));
            if clock.used >= limit {
                // Whoever makes nothing of it hears it again at the next step.
                self.call.left.set(1);
                return Some(Spent::Time);
            }
            let interrupted = due.is_some_and(|due| now >= due);
            if let Some(due) = due.filter(|_| interrupted) {
                self.note_stretch(now - due + fiber::TURN, stretch);
                self.interrupt();
                clock.seen = Instant::now();
            }
            clock.since = clock.seen;
            clock.computed = Some(if interrupted { computed_by_this_thread() } else { computed });
            let due = if interrupted { fiber::due(clock.since) } else { due };
            clock.plan(due, limit - clock.used);
        }
        self.call.clock.set(Some(clock));
        None
    }

    /// Looks at the clock more often where steps are long.
    fn adapt(&self, took: Duration) {
        let stride = self.stride.get();
        self.stride.set(match took {
            _ if took >= LONG => 1,
            _ if took < LONG / 8 => (stride * 2).min(STRIDE),
            _ => stride,
        });
        self.call.left.set(self.stride.get());
    }

    /// Lets other nodes of the thread have their turn in the middle of this call.
    fn interrupt(&self) {
        let (held, call, suspended) = (memory::held(), self.call.clone(), self.context.suspend());
        fiber::pause();
        self.context.resume(suspended);
        self.call.base.set(call.base.get() + memory::held() - held);
        self.call.left.set(self.stride.get());
        self.call.patience.set(call.patience.get());
        self.call.yields.set(call.yields.get());
        self.call.clock.set(call.clock.get());
        self.call.held.set(call.held.get());
    }
}

impl Clock {
    /// When to look next: when the turn is over, or when the time is used up.
    fn plan(&mut self, due: Option<Instant>, left: Duration) {
        let spent = self.since + left;
        self.next = due.map_or(spent, |due| due.min(spent));
    }
}

/// How much of a stretch the thread surely had for itself.
fn certain(took: Duration, computed: Option<Duration>) -> Duration {
    match computed {
        Some(computed) => took.min(computed),
        None if took >= CERTAIN => took,
        None => Duration::ZERO,
    }
}

/// How long this thread has had a processor; for ever where the system does not tell.
pub(crate) fn computed_by_this_thread() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::try_from(time).unwrap_or(Duration::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_that_has_computed_through_its_time_is_ended_but_not_in_a_simulation() {
        let guard = Guard::new(&Rc::new(CallContext::default()));
        let computed_through = || {
            guard.begin(1);
            let now = Instant::now();
            let used = limits::CALL_TIME;
            let clock = Clock { seen: now, next: now, used, since: now, computed: None };
            guard.call.clock.set(Some(clock));
        };
        computed_through();
        assert_eq!(guard.look_at_clock(), Some(Spent::Time));
        computed_through();
        clock::simulate(Some(std::time::SystemTime::UNIX_EPOCH));
        let ended = guard.look_at_clock();
        clock::simulate(None);
        assert_eq!(ended, None);
    }
}
