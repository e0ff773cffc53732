//! How many of a publisher's messages each subscriber inside the file takes.
//!
//! libzmq tells nobody what it drops for a full subscriber, so what a subscriber should get is
//! counted here, to be compared with what it got. Owns the matching of messages with filters; a
//! message costs no lock and no allocation. Never touches a socket.

use std::collections::HashMap;
use std::sync::Arc;

use crate::counters::{Counter, Reached, SocketCounters};

/// Up to so many filters are compared one by one; more are looked up by their length.
const FEW: usize = 8;

/// A subscriber inside the file.
#[derive(Debug)]
struct Followed {
    counters: Arc<SocketCounters>,
    version: u64,
    reached: Arc<Reached>,
}

/// The filters of all subscribers inside the file, with a counter each.
#[derive(Default, Debug)]
pub(super) struct Reach {
    subscribers: Vec<Followed>,
    filters: Vec<(Vec<u8>, Arc<Counter>)>,
    /// Where there are many: the lengths that occur, and each filter's place.
    lengths: Vec<usize>,
    places: HashMap<Vec<u8>, usize>,
}

impl Reach {
    /// Says who the subscribers are, and where to count for each.
    pub(super) fn set(&mut self, subscribers: Vec<(Arc<SocketCounters>, Arc<Reached>)>) {
        for old in std::mem::take(&mut self.subscribers) {
            old.reached.follow(Vec::new());
        }
        let subscribers = subscribers.into_iter();
        let subscribers =
            subscribers.map(|(counters, reached)| Followed { counters, version: 0, reached });
        self.subscribers = subscribers.collect();
        self.rebuild();
    }

    /// Follows what subscribers changed.
    pub(super) fn refresh(&mut self) {
        let changed =
            |subscriber: &Followed| subscriber.counters.interest.version() != subscriber.version;
        if self.subscribers.iter().any(changed) {
            self.rebuild();
        }
    }

    fn rebuild(&mut self) {
        let known: HashMap<Vec<u8>, Arc<Counter>> =
            std::mem::take(&mut self.filters).into_iter().collect();
        self.lengths.clear();
        self.places.clear();
        for subscriber in &mut self.subscribers {
            subscriber.version = subscriber.counters.interest.version();
            let mut counters = Vec::new();
            for prefix in subscriber.counters.interest.prefixes() {
                let place = *self.places.entry(prefix.clone()).or_insert_with(|| {
                    let counter = known.get(&prefix).cloned().unwrap_or_default();
                    self.filters.push((prefix, counter));
                    self.filters.len() - 1
                });
                counters.push(Arc::clone(&self.filters[place].1));
            }
            subscriber.reached.follow(counters);
        }
        self.lengths.extend(self.filters.iter().map(|(prefix, _)| prefix.len()));
        self.lengths.sort_unstable();
        self.lengths.dedup();
    }

    /// Counts a message, by its first frame.
    pub(super) fn count(&self, first: &[u8]) {
        if self.filters.len() <= FEW {
            for (prefix, counter) in &self.filters {
                if first.starts_with(prefix) {
                    counter.add(1);
                }
            }
            return;
        }
        for &length in &self.lengths {
            let Some(begin) = first.get(..length) else { return };
            if let Some(&place) = self.places.get(begin) {
                self.filters[place].1.add(1);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subscriber(prefixes: &[&str]) -> Arc<SocketCounters> {
        let counters = SocketCounters::default();
        counters.interest.set(prefixes.iter().map(|prefix| prefix.as_bytes().to_vec()).collect());
        Arc::new(counters)
    }

    #[test]
    fn each_subscriber_is_counted_for_once_a_message() {
        let many: Vec<String> = (0..40).map(|id| format!("{id} ")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        for others in [&[][..], &many] {
            let members = [
                subscriber(&[""]),
                subscriber(&["1000 "]),
                subscriber(&["1", "1000 "]),
                subscriber(&[]),
                subscriber(others),
            ];
            let reached: Vec<Arc<Reached>> = members.iter().map(|_| Arc::default()).collect();
            let mut reach = Reach::default();
            reach.set(members.iter().cloned().zip(reached.iter().cloned()).collect());
            for text in ["1000 text a", "10001 text b", "2 text c", "", "39 json {}"] {
                reach.count(text.as_bytes());
            }
            let counts: Vec<u64> = reached.iter().map(|reached| reached.get()).collect();
            let of_others = if others.is_empty() { 0 } else { 2 };
            assert_eq!(counts, [5, 1, 2, 0, of_others]);

            // One changes its mind; the others go on.
            members[1].interest.set([b"2 ".to_vec()].into());
            reach.refresh();
            reach.count(b"2 text d");
            reach.count(b"1000 text e");
            let counts: Vec<u64> = reached.iter().map(|reached| reached.get()).collect();
            let of_others = if others.is_empty() { 0 } else { 3 };
            assert_eq!(counts, [7, 2, 3, 0, of_others]);
        }
    }
}
