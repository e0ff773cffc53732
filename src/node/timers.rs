//! The timers of a node: `every`, `timers` and `after`.
//!
//! Owns when each is due next. Never calls a handler.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::{Duration, Instant};

/// A periodic timer that is late by more than this starts again from now instead of catching up.
const CATCH_UP: Duration = Duration::from_millis(100);

/// What a timer calls.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum TimerName {
    /// `on_tick()`.
    Tick,
    /// `on_timer(name)`.
    Named(Rc<str>),
}

#[derive(Clone, Copy, Debug)]
struct Periodic {
    interval: Duration,
    next: Instant,
}

/// All timers of a node.
#[derive(Default, Debug)]
pub(super) struct Timers {
    periodic: BTreeMap<TimerName, Periodic>,
    once: BTreeMap<(Instant, u64), Rc<str>>,
    counter: u64,
}

impl Timers {
    /// Sets the periodic timers. One whose interval stays keeps its phase.
    pub(super) fn set_periodic(
        &mut self,
        every: Option<Duration>,
        named: &BTreeMap<String, Duration>,
        now: Instant,
    ) {
        let tick = every.map(|interval| (TimerName::Tick, interval));
        let named = named
            .iter()
            .map(|(name, interval)| (TimerName::Named(name.as_str().into()), *interval));
        let old = std::mem::take(&mut self.periodic);
        for (name, interval) in tick.into_iter().chain(named) {
            let kept = old.get(&name).filter(|timer| timer.interval == interval).copied();
            let fresh = Periodic { interval, next: now + interval };
            self.periodic.insert(name, kept.unwrap_or(fresh));
        }
    }

    /// Calls `on_timer(name)` once, later.
    pub(super) fn after(&mut self, delay: Duration, name: &str, now: Instant) {
        self.counter += 1;
        self.once.insert((now + delay, self.counter), name.into());
    }

    /// When the next timer is due.
    pub(super) fn next_due(&self) -> Option<Instant> {
        let periodic = self.periodic.values().map(|timer| timer.next).min();
        let once = self.once.first_key_value().map(|(&(at, _), _)| at);
        periodic.into_iter().chain(once).min()
    }

    /// Takes one timer that is due, the earliest first.
    pub(super) fn take_due(&mut self, now: Instant) -> Option<TimerName> {
        let due = self.next_due().filter(|&due| due <= now)?;
        if let Some((&key, _)) = self.once.first_key_value().filter(|((at, _), _)| *at == due) {
            return self.once.remove(&key).map(TimerName::Named);
        }
        let (name, timer) = self.periodic.iter_mut().find(|(_, timer)| timer.next == due)?;
        timer.next += timer.interval;
        if now.duration_since(due) > CATCH_UP && timer.next <= now {
            let missed =
                now.duration_since(timer.next).as_nanos() / timer.interval.as_nanos().max(1);
            let skipped = u32::try_from(missed + 1).unwrap_or(u32::MAX);
            timer.next += timer.interval.saturating_mul(skipped);
        }
        Some(name.clone())
    }

    /// Forgets every timer.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(number: u64) -> Duration {
        Duration::from_millis(number)
    }

    #[test]
    fn a_timer_keeps_its_phase_when_its_interval_stays() {
        let start = Instant::now();
        let mut timers = Timers::default();
        timers.set_periodic(Some(ms(10)), &BTreeMap::new(), start);
        timers.set_periodic(Some(ms(10)), &BTreeMap::new(), start + ms(7));
        assert_eq!(timers.next_due(), Some(start + ms(10)));
        timers.set_periodic(Some(ms(20)), &BTreeMap::new(), start + ms(7));
        assert_eq!(timers.next_due(), Some(start + ms(27)));
    }

    #[test]
    fn a_late_timer_skips_what_it_missed_and_stays_in_phase() {
        let start = Instant::now();
        let mut timers = Timers::default();
        timers.set_periodic(Some(ms(10)), &BTreeMap::new(), start);
        let late = start + ms(1005);
        assert_eq!(timers.take_due(late), Some(TimerName::Tick));
        assert_eq!(timers.take_due(late), None);
        assert_eq!(timers.next_due(), Some(start + ms(1010)));
    }

    #[test]
    fn single_timers_fire_once_and_in_order() {
        let start = Instant::now();
        let mut timers = Timers::default();
        timers.after(ms(2), "b", start);
        timers.after(ms(1), "a", start);
        timers.after(ms(2), "c", start);
        let due: Vec<_> = std::iter::from_fn(|| timers.take_due(start + ms(5))).collect();
        let names = ["a", "b", "c"].map(|name| TimerName::Named(name.into()));
        assert_eq!(due, names);
    }
}
