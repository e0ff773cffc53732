//! The timers of a node: `every`, `timers`, `after` and `idle`.
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
    /// `on_idle()`.
    Idle,
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
    once: BTreeMap<(Instant, u64), (u64, Rc<str>)>,
    /// Where each of those is, by what the handler knows it by.
    handles: BTreeMap<u64, (Instant, u64)>,
    counter: u64,
    /// Due when nothing has come for so long.
    idle: Option<Periodic>,
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

    /// Calls `on_idle()` when nothing has come for so long. What has passed of it counts.
    pub(super) fn set_idle(&mut self, idle: Option<Duration>, now: Instant) {
        self.idle = idle.map(|interval| {
            let since = self.idle.map_or(now, |idle| idle.next - idle.interval);
            Periodic { interval, next: since + interval }
        });
    }

    /// Something has come.
    pub(super) fn came(&mut self, now: impl FnOnce() -> Instant) {
        if let Some(idle) = &mut self.idle {
            idle.next = now() + idle.interval;
        }
    }

    /// Calls `on_timer(name)` once, later. A timer that waits begins anew.
    pub(super) fn after(&mut self, timer: u64, delay: Duration, name: &str, now: Instant) {
        self.cancel(timer);
        self.counter += 1;
        let at = (now + delay, self.counter);
        self.once.insert(at, (timer, name.into()));
        self.handles.insert(timer, at);
    }

    /// Forgets a timer, if it waits.
    pub(super) fn cancel(&mut self, timer: u64) {
        if let Some(at) = self.handles.remove(&timer) {
            self.once.remove(&at);
        }
    }

    /// When the next timer is due.
    pub(super) fn next_due(&self) -> Option<Instant> {
        let periodic = self.periodic.values().map(|timer| timer.next).min();
        let once = self.once_due();
        let idle = self.idle.map(|idle| idle.next);
        periodic.into_iter().chain(once).chain(idle).min()
    }

    /// Takes one timer that is due, the earliest first.
    pub(super) fn take_due(&mut self, now: Instant) -> Option<TimerName> {
        let due = self.next_due().filter(|&due| due <= now)?;
        if self.once_due() == Some(due) {
            return self.take_once_due(now);
        }
        if let Some(idle) = self.idle.as_mut().filter(|idle| idle.next == due) {
            idle.next = now + idle.interval;
            return Some(TimerName::Idle);
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

    /// Takes the timer that is due next, though its time may not have come. One that comes again does
    /// so an interval after that.
    pub(super) fn take_next(&mut self, now: Instant) -> Option<TimerName> {
        let due = self.next_due()?;
        let name = self.take_due(due.max(now))?;
        if due > now {
            let again = match &name {
                TimerName::Idle => self.idle.as_mut(),
                name @ (TimerName::Tick | TimerName::Named(_)) => {
                    self.periodic.get_mut(name).filter(|timer| timer.next > due)
                }
            };
            if let Some(timer) = again {
                timer.next = now + timer.interval;
            }
        }
        Some(name)
    }

    /// When the first one that a handler wanted once is due.
    pub(super) fn once_due(&self) -> Option<Instant> {
        self.once.first_key_value().map(|(&(at, _), _)| at)
    }

    /// Takes one of those that is due, the earliest first.
    pub(super) fn take_once_due(&mut self, now: Instant) -> Option<TimerName> {
        self.once_due().filter(|&due| due <= now)?;
        let (_, (timer, name)) = self.once.pop_first()?;
        self.handles.remove(&timer);
        Some(TimerName::Named(name))
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
    fn a_timer_that_is_brought_forward_comes_again_an_interval_later() {
        let start = Instant::now();
        let mut timers = Timers::default();
        assert_eq!(timers.take_next(start), None);
        timers.set_periodic(Some(ms(100)), &[("slow".to_owned(), ms(5000))].into(), start);
        for step in 0..50 {
            assert_eq!(timers.take_next(start + ms(step)), Some(TimerName::Tick));
            assert_eq!(timers.next_due(), Some(start + ms(step) + ms(100)), "not ever later");
        }
        timers.after(1, ms(20), "once", start);
        assert_eq!(timers.take_next(start), Some(TimerName::Named("once".into())));
        assert_eq!(timers.once_due(), None);
        timers.set_idle(Some(ms(10)), start);
        assert_eq!(timers.take_next(start + ms(4)), Some(TimerName::Idle));
        assert_eq!(timers.take_next(start + ms(5)), Some(TimerName::Idle));
        assert_eq!(timers.next_due(), Some(start + ms(15)));
        // One that is due keeps its phase.
        timers.set_idle(None, start);
        assert_eq!(timers.take_next(start + ms(151)), Some(TimerName::Tick));
        assert_eq!(timers.next_due(), Some(start + ms(249)));
    }

    #[test]
    fn single_timers_fire_once_and_in_order() {
        let start = Instant::now();
        let mut timers = Timers::default();
        timers.after(1, ms(2), "b", start);
        timers.after(2, ms(1), "a", start);
        timers.after(3, ms(2), "c", start);
        let due: Vec<_> = std::iter::from_fn(|| timers.take_due(start + ms(5))).collect();
        let names = ["a", "b", "c"].map(|name| TimerName::Named(name.into()));
        assert_eq!(due, names);
    }

    #[test]
    fn a_timer_that_is_cancelled_never_fires_and_one_that_begins_anew_fires_once() {
        let start = Instant::now();
        let mut timers = Timers::default();
        timers.after(1, ms(2), "a", start);
        timers.after(2, ms(2), "b", start);
        timers.cancel(1);
        timers.cancel(7);
        timers.after(2, ms(2), "b", start + ms(1));
        assert_eq!(timers.take_due(start + ms(2)), None);
        assert_eq!(timers.take_due(start + ms(3)), Some(TimerName::Named("b".into())));
        assert_eq!(timers.take_due(start + ms(9)), None);
        // One that has fired begins anew as well.
        timers.after(2, ms(2), "b", start + ms(9));
        assert_eq!(timers.next_due(), Some(start + ms(11)));
        timers.cancel(2);
        assert_eq!(timers.next_due(), None);
    }

    #[test]
    fn idle_is_due_after_the_last_that_came_and_again_after_each_span() {
        let start = Instant::now();
        let mut timers = Timers::default();
        timers.came(|| start);
        timers.set_idle(Some(ms(10)), start);
        assert_eq!(timers.take_due(start + ms(9)), None);
        timers.came(|| start + ms(9));
        assert_eq!(timers.take_due(start + ms(18)), None);
        assert_eq!(timers.take_due(start + ms(19)), Some(TimerName::Idle));
        assert_eq!(timers.take_due(start + ms(19)), None);
        assert_eq!(timers.take_due(start + ms(29)), Some(TimerName::Idle));
        // A reload counts what has passed.
        timers.set_idle(Some(ms(20)), start + ms(35));
        assert_eq!(timers.next_due(), Some(start + ms(49)));
        timers.set_idle(None, start + ms(35));
        assert_eq!(timers.next_due(), None);
    }
}
