//! What slow motion lets a node take: nothing, or one thing at a time.
//!
//! Owns since when it is so, and whose turn it is. Never takes anything by itself.

use std::time::{Duration, Instant};

/// Whether a node is held by slow motion, and what it may take then.
#[derive(Default, Debug)]
pub(super) struct Halt {
    since: Option<Instant>,
    /// Whether it may take one thing all the same.
    may_take: bool,
    /// Whether the last thing that it began by itself was a timer.
    timer_was_last: bool,
}

impl Halt {
    /// Takes nothing from now on.
    pub(super) fn begin(&mut self, now: Instant) {
        self.since.get_or_insert(now);
    }

    /// Takes everything again; for how long it took nothing.
    pub(super) fn end(&mut self, now: Instant) -> Option<Duration> {
        self.may_take = false;
        self.since.take().map(|since| now.saturating_duration_since(since))
    }

    /// Whether it is held, though it may take one thing.
    pub(super) fn lasts(&self) -> bool {
        self.since.is_some()
    }

    /// Whether it may take nothing now.
    pub(super) fn forbids(&self) -> bool {
        self.since.is_some() && !self.may_take
    }

    /// Lets it take one thing.
    pub(super) fn allow_one(&mut self) {
        self.may_take = self.since.is_some();
    }

    /// It has taken that, or there was nothing.
    pub(super) fn has_taken(&mut self) {
        self.may_take = false;
    }

    /// Whether a timer goes before a line of the source: the one that is due first, and where both
    /// are, each in its turn.
    pub(super) fn timer_goes_first(
        &self,
        timer: Option<Instant>,
        line: Option<Instant>,
        now: Instant,
    ) -> bool {
        match (timer.map(|at| at.max(now)), line.map(|at| at.max(now))) {
            (Some(timer), Some(line)) if timer == line => !self.timer_was_last,
            (Some(timer), Some(line)) => timer < line,
            (timer, _) => timer.is_some(),
        }
    }

    /// Notes what it began by itself.
    pub(super) fn began(&mut self, timer: bool) {
        self.timer_was_last = timer;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_thing_is_allowed_once_and_only_to_who_is_held() {
        let now = Instant::now();
        let mut halt = Halt::default();
        halt.allow_one();
        assert!(!halt.forbids() && !halt.lasts());
        halt.begin(now);
        halt.begin(now + Duration::from_secs(1));
        assert!(halt.forbids() && halt.lasts());
        halt.allow_one();
        assert!(!halt.forbids() && halt.lasts());
        halt.has_taken();
        assert!(halt.forbids());
        halt.allow_one();
        assert_eq!(halt.end(now + Duration::from_secs(3)), Some(Duration::from_secs(3)));
        assert_eq!(halt.end(now), None);
        halt.begin(now);
        assert!(halt.forbids(), "what was allowed before is not any more");
    }

    #[test]
    fn of_a_timer_and_a_line_the_one_that_is_due_first_goes_first_and_else_each_in_its_turn() {
        let now = Instant::now();
        let at = |seconds| Some(now + Duration::from_secs(seconds));
        let past = now.checked_sub(Duration::from_secs(1));
        let mut halt = Halt::default();
        for (timer, line, first) in [
            (at(1), None, true),
            (None, at(1), false),
            (None, None, false),
            (at(1), at(2), true),
            (at(2), at(1), false),
            (past, at(1), true),
            (at(1), past, false),
        ] {
            assert_eq!(halt.timer_goes_first(timer, line, now), first, "{timer:?} {line:?}");
        }
        let mut turns = Vec::new();
        for _ in 0..4 {
            let timer = halt.timer_goes_first(past, Some(now), now);
            halt.began(timer);
            turns.push(timer);
        }
        assert_eq!(turns, [true, false, true, false]);
    }
}
