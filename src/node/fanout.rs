//! How many of a publisher's messages each subscriber inside the file takes.
//!
//! libzmq tells nobody what it drops for a full subscriber, so what a subscriber should get is
//! counted here, to be compared with what it got. Owns the matching of messages with filters; a
//! message costs no lock and no allocation. Never touches a socket.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::clock;
use crate::counters::{Counter, ExpectedDeliveries, SocketCounters, said};

/// Up to so many filters are compared one by one; more are looked up by their length.
const FEW: usize = 8;
/// How long a subscription may take to reach a publisher, before it counts in any case.
const ON_ITS_WAY: Duration = Duration::from_secs(1);

/// A subscriber inside the file.
#[derive(Debug)]
struct Followed {
    counters: Arc<SocketCounters>,
    version: u64,
    expected: Arc<ExpectedDeliveries>,
    /// What it takes and libzmq is known to send it; nothing is known of one that is new, and whose
    /// subscriptions came while it was waited for.
    certain: Option<BTreeSet<Vec<u8>>>,
}

/// The filters of all subscribers inside the file, with a counter each.
#[derive(Default, Debug)]
pub(super) struct Fanout {
    subscribers: Vec<Followed>,
    filters: Vec<(Vec<u8>, Arc<Counter>)>,
    /// Where there are many: the lengths that occur, and each filter's place.
    lengths: Vec<usize>,
    places: HashMap<Vec<u8>, usize>,
    /// The filters that take the message in hand, by their places.
    found: Vec<usize>,
    /// What [`said`] was when subscribers were last looked at.
    seen: u64,
    /// Whether libzmq tells of every subscription.
    is_told: bool,
    /// What [`said`] was when libzmq last told of a subscription to a topic.
    noticed: HashMap<Vec<u8>, u64>,
    /// Since when a subscription is on its way.
    on_its_way: Option<Instant>,
    /// Whether one has come.
    has_come: bool,
}

impl Fanout {
    /// Says who the subscribers are, where to count for each, and whether libzmq tells of every
    /// subscription.
    pub(super) fn set(
        &mut self,
        subscribers: Vec<(Arc<SocketCounters>, Arc<ExpectedDeliveries>)>,
        is_told: bool,
    ) {
        self.is_told = is_told;
        let mut known = std::mem::take(&mut self.subscribers);
        for old in &known {
            old.expected.follow(Vec::new());
        }
        for (counters, expected) in subscribers {
            let before = known.iter_mut().find(|old| Arc::ptr_eq(&old.expected, &expected));
            let certain = before.and_then(|old| old.certain.take());
            self.subscribers.push(Followed { counters, version: 0, expected, certain });
        }
        self.rebuild();
    }

    /// Notes that libzmq told of a subscription to a topic, or of the end of the last one.
    pub(super) fn notice(&mut self, topic: &[u8], is_wanted: bool) {
        if is_wanted {
            self.noticed.insert(topic.to_vec(), said());
            self.has_come = self.on_its_way.is_some();
        } else {
            self.noticed.remove(topic);
        }
    }

    /// Follows what subscribers changed.
    pub(super) fn refresh(&mut self) {
        let now = said();
        let is_overdue = self.on_its_way.is_some_and(|since| clock::since(since) >= ON_ITS_WAY);
        if self.seen == now && !self.has_come && !is_overdue {
            return;
        }
        self.seen = now;
        let changed =
            |subscriber: &Followed| subscriber.counters.interest.version() != subscriber.version;
        if self.has_come || is_overdue || self.subscribers.iter().any(changed) {
            self.rebuild();
        }
    }

    fn rebuild(&mut self) {
        let known: HashMap<Vec<u8>, Arc<Counter>> =
            std::mem::take(&mut self.filters).into_iter().collect();
        self.lengths.clear();
        self.places.clear();
        self.has_come = false;
        let is_overdue = self.on_its_way.is_some_and(|since| clock::since(since) >= ON_ITS_WAY);
        let mut all_came = true;
        for subscriber in &mut self.subscribers {
            subscriber.version = subscriber.counters.interest.version();
            let before = subscriber.certain.take();
            let mut certain = BTreeSet::new();
            let prefixes = subscriber.counters.interest.prefixes(|prefix, since| {
                let has_come = !self.is_told
                    || is_overdue
                    || before.as_ref().is_none_or(|before| before.contains(prefix))
                    || self.noticed.get(prefix).is_some_and(|&noticed| noticed >= since);
                all_came &= has_come;
                if has_come {
                    certain.insert(prefix.to_vec());
                }
                has_come
            });
            subscriber.certain = Some(certain);
            let mut counters = Vec::new();
            for prefix in prefixes {
                let place = *self.places.entry(prefix.clone()).or_insert_with(|| {
                    let counter = known.get(&prefix).cloned().unwrap_or_default();
                    self.filters.push((prefix, counter));
                    self.filters.len() - 1
                });
                counters.push(Arc::clone(&self.filters[place].1));
            }
            subscriber.expected.follow(counters);
        }
        self.on_its_way = match all_came {
            true => None,
            false => Some(self.on_its_way.filter(|_| !is_overdue).unwrap_or_else(clock::now)),
        };
        self.lengths.extend(self.filters.iter().map(|(prefix, _)| prefix.len()));
        self.lengths.sort_unstable();
        self.lengths.dedup();
    }

    /// Finds who takes a message, by its first frame.
    pub(super) fn find(&mut self, first: &[u8]) {
        if self.seen != said() {
            self.refresh();
        }
        self.found.clear();
        if self.filters.len() <= FEW {
            for (place, (prefix, _)) in self.filters.iter().enumerate() {
                if first.starts_with(prefix) {
                    self.found.push(place);
                }
            }
            return;
        }
        for &length in &self.lengths {
            let Some(begin) = first.get(..length) else { return };
            self.found.extend(self.places.get(begin));
        }
    }

    /// Counts the message that was looked at last, now that libzmq has it. Who has unsubscribed in
    /// between may not get it.
    pub(super) fn count_found(&mut self) {
        if self.seen == said() {
            for &place in &self.found {
                self.filters[place].1.add(1);
            }
            return;
        }
        let counters = self.found.iter().map(|&place| Arc::clone(&self.filters[place].1));
        let counters: Vec<Arc<Counter>> = counters.collect();
        self.refresh();
        counters.iter().for_each(|counter| counter.add(1));
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
            let expected: Vec<Arc<ExpectedDeliveries>> =
                members.iter().map(|_| Arc::default()).collect();
            let mut fanout = Fanout::default();
            fanout.set(members.iter().cloned().zip(expected.iter().cloned()).collect(), true);
            for text in ["1000 text a", "10001 text b", "2 text c", "", "39 json {}"] {
                count(&mut fanout, text);
            }
            let counts: Vec<u64> = expected.iter().map(|expected| expected.get()).collect();
            let of_others = if others.is_empty() { 0 } else { 2 };
            assert_eq!(counts, [5, 1, 2, 0, of_others]);

            // One changes its mind; the others go on.
            members[1].interest.set([b"2 ".to_vec()].into());
            fanout.notice(b"2 ", true);
            fanout.refresh();
            count(&mut fanout, "2 text d");
            count(&mut fanout, "1000 text e");
            let counts: Vec<u64> = expected.iter().map(|expected| expected.get()).collect();
            let of_others = if others.is_empty() { 0 } else { 3 };
            assert_eq!(counts, [7, 2, 3, 0, of_others]);
        }
    }

    fn count(fanout: &mut Fanout, text: &str) {
        fanout.find(text.as_bytes());
        fanout.count_found();
    }

    #[test]
    fn nothing_counts_before_libzmq_knows_or_after_a_subscriber_left() {
        let member = subscriber(&["1 "]);
        let other = subscriber(&["1 "]);
        let expected = [Arc::<ExpectedDeliveries>::default(), Arc::default()];
        let mut fanout = Fanout::default();
        let members = [Arc::clone(&member), other].into_iter().zip(expected.iter().cloned());
        fanout.set(members.collect(), true);
        count(&mut fanout, "1 a");
        // It left while the message was on its way into libzmq; the other one has not.
        fanout.find(b"1 b");
        member.interest.set([b"2 ".to_vec()].into());
        fanout.count_found();
        assert_eq!(expected.each_ref().map(|one| one.get()), [1, 2]);
        // Its new subscription is not there yet.
        count(&mut fanout, "2 c");
        assert_eq!(expected[0].get(), 1);
        fanout.notice(b"2 ", true);
        fanout.refresh();
        count(&mut fanout, "2 d");
        assert_eq!(expected.each_ref().map(|one| one.get()), [2, 2]);
    }
}
