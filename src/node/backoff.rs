//! How long to pause after a failure: longer each time, until there has been none for a while.
//!
//! Owns the pauses. Never reads a clock.

use std::time::{Duration, Instant};

/// The first pause; each is twice the one before.
const FIRST: Duration = Duration::from_millis(100);
/// The longest pause.
const LONGEST: Duration = Duration::from_secs(5);
/// How long there has to be no failure for the pauses to begin anew: a life of a few messages
/// before the next one is no recovery.
const RECOVERED: Duration = Duration::from_secs(10);

/// The failures in a row.
#[derive(Debug)]
pub(super) struct Backoff {
    failures: u32,
    /// Since when it goes well.
    since: Instant,
}

impl Backoff {
    /// No failure yet.
    pub(super) fn new(now: Instant) -> Self {
        Self { failures: 0, since: now }
    }

    /// Notes a failure; how long to pause.
    pub(super) fn fail(&mut self, now: Instant) -> Duration {
        if now.duration_since(self.since) >= RECOVERED {
            self.failures = 0;
        }
        let pause = FIRST.saturating_mul(2_u32.saturating_pow(self.failures.min(10))).min(LONGEST);
        self.failures += 1;
        pause
    }

    /// Notes that it goes on.
    pub(super) fn go_on(&mut self, now: Instant) {
        self.since = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_longest_and_begin_anew_after_a_recovery() {
        let mut now = Instant::now();
        let mut backoff = Backoff::new(now);
        let mut pauses = Vec::new();
        for _ in 0..8 {
            let pause = backoff.fail(now);
            pauses.push(pause.as_millis());
            now += pause;
            backoff.go_on(now);
            // A life of a few messages.
            now += Duration::from_secs(9);
        }
        assert_eq!(pauses, [100, 200, 400, 800, 1600, 3200, 5000, 5000]);
        now += Duration::from_secs(1);
        assert_eq!(backoff.fail(now), FIRST);
    }
}
