//! The time that passes, for whoever measures it and whoever waits.
//!
//! Owns the one reading of the clock that constants of time are kept by, and the time of day as handlers
//! know it. Where a test has paused the time of its tokio runtime, it moves only when everybody waits, so
//! that no such test really does. How long work takes is no matter of this clock: `really` has that.

use std::cell::Cell;
use std::time::{Duration, Instant, SystemTime};

/// How long it may take until a time of day that was set is noticed.
const CLOCK_IS_SET: Duration = Duration::from_secs(10);

/// The time of a run, as its nodes and their handlers know it.
#[derive(Clone, Debug)]
pub struct RunClock {
    begun: Instant,
    /// In a simulation, the time of day at which it began, from which on it passes as the rest does.
    from: Option<SystemTime>,
}

impl RunClock {
    /// A run begins now.
    #[must_use]
    pub fn begun() -> Self {
        Self { begun: now(), from: None }
    }

    /// A run begins now, at that time of day.
    pub(crate) fn begun_at(from: SystemTime) -> Self {
        Self { from: Some(from), ..Self::begun() }
    }

    /// When the run began.
    pub(crate) fn beginning(&self) -> Instant {
        self.begun
    }

    /// How long it has been running.
    pub(crate) fn running(&self) -> Duration {
        since(self.begun)
    }

    /// The time of day.
    pub(crate) fn time_of_day(&self) -> SystemTime {
        match self.from {
            Some(from) => from + self.running(),
            None => SystemTime::now(),
        }
    }
}

/// How long after the beginning of 1970 a time of day is; one before that counts as its beginning.
pub(crate) fn since_epoch(time: SystemTime) -> Duration {
    time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()
}

/// A duration in nanoseconds, as far as 64 bits count them: some 580 years.
pub(crate) fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// This moment.
pub(crate) fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

/// How long ago a moment was.
pub(crate) fn since(then: Instant) -> Duration {
    now().saturating_duration_since(then)
}

/// The moment that was just read from this clock, on the one that never pauses, by which it is known how
/// long work takes. Where no test pauses anything that is the same one, and is not read again.
pub(crate) fn really(now: Instant) -> Instant {
    if cfg!(test) { at_work() } else { now }
}

/// This moment, for who looks how long work takes. In a simulation it takes no time, or one run would
/// not be like the other.
pub(crate) fn at_work() -> Instant {
    if is_simulated() { now() } else { Instant::now() }
}

/// The time of day. In a simulation it passes as the rest of its time does, and each moment is a nanosecond
/// later than the one that was read before, so that what happened first can be told.
pub(crate) fn time_of_day() -> SystemTime {
    let Some(simulated) = SIMULATED.get() else { return SystemTime::now() };
    let read = simulated.read + 1;
    SIMULATED.set(Some(Simulated { read, ..simulated }));
    simulated.from + since(simulated.begun) + Duration::from_nanos(read)
}

/// Whether work on this thread takes no time, so that nothing may depend on how long it really takes.
pub(crate) fn is_simulated() -> bool {
    SIMULATED.get().is_some()
}

/// Lets work on this thread take no time from now on, which is that time of day, or take its time again.
pub(crate) fn simulate(from: Option<SystemTime>) {
    SIMULATED.set(from.map(|from| Simulated { begun: now(), from, read: 0 }));
}

/// The time of a simulation.
#[derive(Clone, Copy)]
struct Simulated {
    begun: Instant,
    from: SystemTime,
    /// How often the time of day was read.
    read: u64,
}

thread_local! {
    /// Of a thread whose work takes no time.
    static SIMULATED: Cell<Option<Simulated>> = const { Cell::new(None) };
}

/// Waits for so long.
pub(crate) async fn sleep(time: Duration) {
    tokio::time::sleep(time).await;
}

/// Waits until a time of day, at once if it is past; without end where there is none. It is looked for
/// again and again, since clocks are set and machines sleep.
pub(crate) async fn until_time_of_day(due: Option<SystemTime>) {
    let Some(due) = due else { return std::future::pending().await };
    while let Ok(left) = due.duration_since(SystemTime::now())
        && !left.is_zero()
    {
        sleep(left.min(CLOCK_IS_SET)).await;
    }
}

/// What comes of something, unless a moment comes first.
pub(crate) async fn before<T>(deadline: Instant, something: impl Future<Output = T>) -> Option<T> {
    tokio::time::timeout_at(deadline.into(), something).await.ok()
}

/// Runs a test in paused time.
#[cfg(test)]
pub(crate) fn paused<T>(test: impl Future<Output = T>) -> T {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_all().start_paused(true).build();
    runtime.unwrap().block_on(test)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn in_a_simulation_each_time_of_day_is_later_than_the_one_before() {
        paused(async {
            simulate(Some(SystemTime::UNIX_EPOCH));
            let moments: Vec<SystemTime> = (0..3).map(|_| time_of_day()).collect();
            sleep(Duration::from_secs(60)).await;
            let later = time_of_day().duration_since(SystemTime::UNIX_EPOCH);
            simulate(None);
            assert!(moments.is_sorted_by(|one, other| one < other), "{moments:?}");
            assert_eq!(later.unwrap().as_secs(), 60);
        });
    }

    #[test]
    fn in_paused_time_an_hour_passes_at_once_and_exactly() {
        let really = Instant::now();
        paused(async {
            let begun = now();
            sleep(Duration::from_secs(3600)).await;
            assert_eq!(since(begun).as_secs(), 3600);
            let never = before(now() + Duration::from_secs(60), std::future::pending::<()>()).await;
            assert_eq!((never, since(begun).as_secs()), (None, 3660));
            assert_eq!(before(now(), async { 7 }).await, Some(7));
        });
        assert!(really.elapsed() < Duration::from_secs(60));
    }
}
