//! What subscribers inside the file take, and how many messages reached out for each of them.
//!
//! Owns the figures that a publisher and a subscriber share. Never matches a message: the
//! publisher's node does. Locked only when filters change and by who reads.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use super::Counter;
use crate::lock::locked;

/// How often any subscriber has said what it takes.
static SAID: AtomicU64 = AtomicU64::new(0);

/// A number that changes whenever any subscriber says what it takes: a look at it spares a publisher
/// the looks at all of them.
#[must_use]
pub fn said() -> u64 {
    SAID.load(Ordering::Acquire)
}

/// What one subscriber takes now.
#[derive(Default, Debug)]
pub struct Interest {
    version: AtomicU64,
    /// Each with what [`said`] was when it was said first.
    prefixes: Mutex<BTreeMap<Vec<u8>, u64>>,
}

impl Interest {
    /// Says what is taken from now on. What is taken no more has to be said before libzmq is told,
    /// and so has what is new: a publisher counts nothing that may not have been sent.
    pub fn set(&self, prefixes: BTreeSet<Vec<u8>>) {
        let now = SAID.fetch_add(1, Ordering::AcqRel) + 1;
        let mut known = locked(&self.prefixes);
        let with_since = |prefix: Vec<u8>| {
            let since = known.get(&prefix).copied().unwrap_or(now);
            (prefix, since)
        };
        *known = prefixes.into_iter().map(with_since).collect();
        drop(known);
        self.version.fetch_add(1, Ordering::Release);
        SAID.fetch_add(1, Ordering::AcqRel);
    }

    /// A number that changes whenever the prefixes do.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.version.load(Ordering::Acquire)
    }

    /// All of them, or nothing where nobody has said yet what is taken.
    #[must_use]
    pub fn taken(&self) -> Option<BTreeSet<Vec<u8>>> {
        (self.version() > 0).then(|| locked(&self.prefixes).keys().cloned().collect())
    }

    /// The prefixes that `counts` by themselves and by what [`said`] was when they were said first,
    /// without those that a shorter one includes: a message matches one at most.
    #[must_use]
    pub fn prefixes(&self, mut counts: impl FnMut(&[u8], u64) -> bool) -> Vec<Vec<u8>> {
        let mut shortest: Vec<Vec<u8>> = Vec::new();
        // In order, a prefix comes right before whatever it includes.
        for (prefix, since) in locked(&self.prefixes).iter() {
            let is_included = shortest.last().is_some_and(|shorter| prefix.starts_with(shorter));
            if counts(prefix, *since) && !is_included {
                shortest.push(prefix.clone());
            }
        }
        shortest
    }
}

/// How many messages a publisher sent that one subscriber takes.
#[derive(Default, Debug)]
pub struct ExpectedDeliveries(Mutex<Terms>);

#[derive(Default, Debug)]
struct Terms {
    /// What was counted under earlier filters.
    before: u64,
    /// The counters of its filters, each with what it said when this subscriber joined.
    now: Vec<(Arc<Counter>, u64)>,
}

impl ExpectedDeliveries {
    /// How many so far.
    #[must_use]
    pub fn get(&self) -> u64 {
        locked(&self.0).total()
    }

    /// Counts by these counters from now on.
    pub fn follow(&self, counters: Vec<Arc<Counter>>) {
        let mut terms = locked(&self.0);
        terms.before = terms.total();
        let join = |counter: Arc<Counter>| {
            let start = counter.get();
            (counter, start)
        };
        terms.now = counters.into_iter().map(join).collect();
    }
}

impl Terms {
    fn total(&self) -> u64 {
        let now = self.now.iter().map(|(counter, start)| counter.get() - start);
        self.before + now.sum::<u64>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_that_a_shorter_one_includes_does_not_count() {
        for (given, left) in [
            (&["a", "ab", "b"][..], &["a", "b"][..]),
            (&["", "a"], &[""]),
            (&["ab", "ac", "abc", "b"], &["ab", "ac", "b"]),
            (&[], &[]),
        ] {
            let interest = Interest::default();
            interest.set(given.iter().map(|prefix| prefix.as_bytes().to_vec()).collect());
            let left: Vec<Vec<u8>> = left.iter().map(|prefix| prefix.as_bytes().to_vec()).collect();
            assert_eq!(interest.prefixes(|_, _| true), left, "{given:?}");
        }
    }

    #[test]
    fn what_was_counted_before_a_change_of_filters_stays() {
        let (first, second) = (Arc::new(Counter::default()), Arc::new(Counter::default()));
        first.add(5);
        let expected = ExpectedDeliveries::default();
        expected.follow(vec![Arc::clone(&first)]);
        first.add(2);
        second.add(7);
        expected.follow(vec![Arc::clone(&first), Arc::clone(&second)]);
        first.add(1);
        second.add(1);
        assert_eq!(expected.get(), 4);
    }
}
