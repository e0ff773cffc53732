//! How messages have come to a node lately, and what follows for how it waits for the next.
//!
//! Owns that decision, by how long the node worked: no test pauses that. Never waits itself.

use std::sync::LazyLock;
use std::time::{Duration, Instant};

/// How many messages in a row have to come alone before the next is taken for one that does. Once
/// is not enough: the first answer to a burst, sent on its own, would bring the next one alone.
const ALONE: u8 = 3;
/// How many answers at a time make it worth looking for more requests before the node sleeps.
const WORTH_LOOKING: usize = 8;
/// How long a node looks at most: to wake a thread whose processor sleeps takes about as long.
const LOOKING: Duration = Duration::from_micros(50);

/// How messages have come to a node lately.
#[derive(Debug)]
pub(super) struct Arrivals {
    /// How many came since the node slept.
    count: usize,
    /// How many answers went out since the node slept, or last found nothing.
    answers: usize,
    /// How many went out before that: what hands requests on has answers only the next time.
    answers_before: usize,
    /// When the first of the requests may have come.
    since: Instant,
    /// How long to go on looking, once nothing was found.
    until: Option<Instant>,
    /// How many times in a row there was one only between two sleeps.
    alone: u8,
    /// Whether those who send can run while the node looks.
    may_look: bool,
}

impl Arrivals {
    /// Nothing came yet.
    pub(super) fn new(now: Instant) -> Self {
        // To ask takes as long as to make half a node.
        static PROCESSORS: LazyLock<usize> =
            LazyLock::new(|| std::thread::available_parallelism().map_or(1, usize::from));
        Self {
            count: 0,
            answers: 0,
            answers_before: 0,
            since: now,
            until: None,
            alone: 0,
            may_look: *PROCESSORS > 1,
        }
    }

    /// A message came.
    pub(super) fn add(&mut self) {
        self.count += 1;
    }

    /// So many answers went back to whoever asked.
    pub(super) fn answer(&mut self, count: usize) {
        self.answers += count;
    }

    /// Whether the message that has just come is likely to be the only one, so that to look for a
    /// second one would only delay the answer.
    pub(super) fn is_alone(&self) -> bool {
        self.count == 1 && self.alone >= ALONE
    }

    /// There was something to do.
    pub(super) fn work(&mut self) {
        self.until = None;
    }

    /// There was nothing to do: whether the node is to look again before it sleeps. Whoever has
    /// got answers asks again in a moment, and waits while a sleeping processor wakes; a stream of
    /// messages waits for nobody, and comes in larger batches to who sleeps. A node never looks for
    /// longer than it worked, so this at most doubles what it uses.
    pub(super) fn looks_on(&mut self, now: Instant) -> bool {
        let until = match self.until {
            Some(until) => until,
            None if !self.may_look || self.answers.max(self.answers_before) < WORTH_LOOKING => {
                return false;
            }
            None => {
                let until = now + (now - self.since).min(LOOKING);
                self.until = Some(until);
                (self.answers, self.answers_before) = (0, self.answers);
                until
            }
        };
        self.since = now;
        now < until
    }

    /// The node sleeps now.
    pub(super) fn sleep(&mut self) {
        self.alone = match self.count {
            0 => self.alone,
            1 => self.alone.saturating_add(1),
            _ => 0,
        };
        if self.until.take().is_none() {
            (self.answers, self.answers_before) = (0, self.answers);
        }
        self.count = 0;
    }

    /// The node has slept.
    pub(super) fn wake(&mut self, now: Instant) {
        self.since = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(1);

    /// A node that gave so many answers since then.
    fn worked(since: Instant, answers: usize) -> Arrivals {
        Arrivals { answers, may_look: true, ..Arrivals::new(since) }
    }

    #[test]
    fn after_a_burst_a_node_looks_on_and_then_sleeps() {
        let begin = Instant::now();
        let end = begin + LONG;
        let mut arrivals = worked(begin, 64);
        assert!(arrivals.looks_on(end));
        assert!(arrivals.looks_on(end + LOOKING / 2));
        assert!(!arrivals.looks_on(end + LOOKING));
        arrivals.sleep();
        arrivals.wake(end + LONG);
        assert!(!arrivals.looks_on(end + LONG), "there was nothing since");
    }

    #[test]
    fn a_node_looks_no_longer_than_it_worked() {
        let begin = Instant::now();
        let work = LOOKING / 5;
        let mut arrivals = worked(begin, 64);
        assert!(arrivals.looks_on(begin + work));
        assert!(!arrivals.looks_on(begin + 2 * work));

        let mut arrivals = worked(begin, 64);
        assert!(arrivals.looks_on(begin + LONG));
        // What it finds then is a stretch of its own.
        arrivals.answer(WORTH_LOOKING);
        arrivals.work();
        assert!(arrivals.looks_on(begin + LONG + work));
        assert!(!arrivals.looks_on(begin + LONG + 2 * work));
    }

    #[test]
    fn who_hands_requests_on_looks_for_their_answers() {
        let begin = Instant::now();
        let mut broker = worked(begin, 64);
        broker.looks_on(begin + LONG);
        broker.sleep();
        for (round, looks) in [(2, true), (3, false)] {
            let begin = begin + round * LONG;
            broker.wake(begin);
            broker.work();
            assert_eq!(broker.looks_on(begin + LONG / 2), looks, "round {round}");
            broker.sleep();
        }
    }

    #[test]
    fn a_few_answers_are_no_reason_to_look_on() {
        let begin = Instant::now();
        assert!(!worked(begin, WORTH_LOOKING - 1).looks_on(begin + LONG));
        let mut pinned = Arrivals { may_look: false, ..worked(begin, 64) };
        assert!(!pinned.looks_on(begin + LONG), "nobody else could run meanwhile");
    }

    #[test]
    fn what_came_alone_three_times_is_taken_for_alone() {
        let mut arrivals = Arrivals::new(Instant::now());
        for count in [1, 1, 0, 1] {
            (0..count).for_each(|_| arrivals.add());
            assert!(!arrivals.is_alone());
            arrivals.sleep();
        }
        arrivals.add();
        assert!(arrivals.is_alone());
        arrivals.add();
        assert!(!arrivals.is_alone());
        arrivals.sleep();
        arrivals.add();
        assert!(!arrivals.is_alone(), "a burst ends the row");
    }
}
