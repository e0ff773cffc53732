//! The time that passes, for whoever measures it and whoever waits.
//!
//! Owns the one reading of the clock that constants of time are kept by. Where a test has paused the
//! time of its tokio runtime, it moves only when everybody waits, so that no such test really does.

use std::time::{Duration, Instant};

/// This moment.
pub(crate) fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

/// How long ago a moment was.
pub(crate) fn since(then: Instant) -> Duration {
    now().saturating_duration_since(then)
}

/// Waits for so long.
pub(crate) async fn sleep(time: Duration) {
    tokio::time::sleep(time).await;
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
