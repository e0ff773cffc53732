//! Messages of several nodes in the order in which they passed.
//!
//! Owns for how long each is kept, since the threads of nodes tell of theirs a little later or sooner.
//! Never looks into one.

use std::collections::BTreeMap;
use std::time::{Duration, Instant, SystemTime};

/// How much later than it passed a message may be told.
const LATE: Duration = Duration::from_millis(200);

/// What waits for others that may have passed before.
pub(super) struct InOrder<T> {
    late: Duration,
    waits: BTreeMap<(SystemTime, u64), (Instant, T)>,
    count: u64,
}

impl<T> InOrder<T> {
    /// With `several` nodes; one tells of its messages in their order.
    pub(super) fn new(several: bool) -> Self {
        let late = if several { LATE } else { Duration::ZERO };
        Self { late, waits: BTreeMap::new(), count: 0 }
    }

    /// Whether it takes more than it has: of several nodes so many at most, of one none but the next.
    pub(super) fn takes(&self, most: usize) -> bool {
        self.waits.len() < if self.late.is_zero() { 1 } else { most }
    }

    /// Adds what passed then.
    pub(super) fn push(&mut self, at: SystemTime, one: T) {
        self.count += 1;
        // Of one node what came first is first, whatever the clock was set to meanwhile.
        let at = if self.late.is_zero() { SystemTime::UNIX_EPOCH } else { at };
        self.waits.insert((at, self.count), (Instant::now(), one));
    }

    /// The next one, if nothing that passed before it is to come any more; all of them at the end.
    pub(super) fn pop(&mut self, now: Instant, is_over: bool) -> Option<T> {
        let first = self.waits.first_entry()?;
        let is_due = is_over || self.late.is_zero() || first.get().0 + self.late <= now;
        is_due.then(|| first.remove().1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_passed_first_is_first_however_late_it_is_told() {
        let begin = SystemTime::now();
        let at = |ms| begin + Duration::from_millis(ms);
        let mut several = InOrder::new(true);
        for (ms, name) in [(2, "c"), (0, "a"), (1, "b"), (1, "b2")] {
            several.push(at(ms), name);
        }
        let now = Instant::now();
        assert_eq!(several.pop(now, false), None);
        let told: Vec<_> = std::iter::from_fn(|| several.pop(now + LATE, false)).collect();
        assert_eq!(told, ["a", "b", "b2", "c"]);
        several.push(at(9), "d");
        assert_eq!(several.pop(Instant::now(), true), Some("d"));

        let mut one = InOrder::new(false);
        let now = Instant::now();
        one.push(at(2), "first");
        one.push(at(1), "the clock was set back");
        assert!(!one.takes(9) && several.takes(9));
        assert_eq!(one.pop(now, false), Some("first"), "one has nothing to wait for");
    }
}
