//! Calls of handlers that take long, while other nodes have the same thread.
//!
//! Owns what counts as long, and how often it is told. Where a call is interrupted is the guard's
//! in `script/`.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::neighbours::Seat;
use crate::event::EventKind;
use crate::listing::some_of;
use crate::script::Engine;

/// How much a call computes that is told as long.
pub(super) const LONG: Duration = Duration::from_millis(20);
/// How long the others wait on end that is told as long.
const HELD: Duration = Duration::from_millis(10);
/// How long a call takes that is told as long although nobody knows how much of it the system gave
/// to other programs, at once and when it has happened three times.
const CERTAIN: Duration = Duration::from_millis(200);
const SUSPICIONS: u8 = 3;

/// What a node knows of its long calls.
pub(super) struct Slowness {
    seat: Seat,
    suspicions: u8,
    told: bool,
    told_held: bool,
}

impl Slowness {
    pub(super) fn new(seat: Seat) -> Self {
        Self { seat, suspicions: 0, told: false, told_held: false }
    }

    /// A call that is to be told as long, if this was one: once, and once more if it held the others up.
    ///
    /// `stretch` is how long it can have held them up at most.
    pub(super) fn judge(
        &mut self,
        engine: &Engine,
        before: Instant,
        took: Duration,
        stretch: Duration,
    ) -> Option<Long> {
        let others = self.seat.others();
        if others.is_empty() {
            return None;
        }
        let (computed, held) = engine.last_call(before, stretch);
        if !self.is_long(took, computed) {
            return None;
        }
        let held = (held >= HELD).then_some(held);
        let told = if held.is_some() { &mut self.told_held } else { &mut self.told };
        (!std::mem::replace(told, true)).then_some(Long { took, held, others })
    }

    /// Whether a call that took so long was a long one.
    fn is_long(&mut self, took: Duration, computed: Option<Duration>) -> bool {
        if let Some(computed) = computed {
            return computed >= LONG;
        }
        if took >= LONG {
            self.suspicions = self.suspicions.saturating_add(1);
        }
        took >= CERTAIN || self.suspicions >= SUSPICIONS
    }
}

/// A call that was long.
pub(super) struct Long {
    took: Duration,
    /// How long it held the others up on end, if it did.
    held: Option<Duration>,
    others: Vec<Arc<str>>,
}

impl Long {
    /// What is told of it.
    pub(super) fn of(self, handler: String) -> EventKind {
        let milliseconds = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        EventKind::LongCall {
            handler,
            took_ms: milliseconds(self.took),
            held_ms: self.held.map(milliseconds),
            others: some_of(&self.others),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_system_gave_to_others_makes_no_call_long() {
        let neighbours = std::rc::Rc::default();
        let mut slowness = Slowness::new(Seat::take(&neighbours, &"a".into()));
        let ms = Duration::from_millis;
        assert!(!slowness.is_long(ms(500), Some(ms(2))));
        assert!(slowness.is_long(ms(40), Some(ms(30))));
        assert!(slowness.is_long(ms(300), None), "no machine is that busy");
        assert!(!Slowness::new(Seat::take(&neighbours, &"b".into())).is_long(ms(30), None));
        assert!((1..=SUSPICIONS).any(|_| slowness.is_long(ms(30), None)));
    }
}
