//! Calls of the system that may never end, each in a thread of its own.
//!
//! Owns waiting for them no longer than said: a file system that is away keeps whoever looks at it
//! for good, and no signal ends that. Never joins such a thread.

use std::sync::mpsc;
use std::time::Duration;

use tokio::sync::oneshot;

/// What a call comes to, unless it takes longer than that; it then goes on without anybody.
pub(crate) fn within<T: Send + 'static>(
    patience: Duration,
    call: impl FnOnce() -> T + Send + 'static,
) -> Option<T> {
    let (answer, done) = mpsc::channel();
    // Whoever asked may have given up by then.
    start(move || drop(answer.send(call())))?;
    done.recv_timeout(patience).ok()
}

/// What a call comes to, for who does something else meanwhile; nothing where the system gives no
/// thread. Not waited for any longer, it goes on without anybody.
pub(crate) async fn asked<T: Send + 'static>(
    call: impl FnOnce() -> T + Send + 'static,
) -> Option<T> {
    let (answer, done) = oneshot::channel();
    start(move || drop(answer.send(call())))?;
    done.await.ok()
}

fn start(call: impl FnOnce() + Send + 'static) -> Option<()> {
    let thread = std::thread::Builder::new().name("zrig-aside".to_owned());
    thread.spawn(call).map(drop).ok()
}

#[cfg(test)]
mod tests {
    use super::within;
    use std::time::Duration;

    #[test]
    fn a_call_that_never_ends_is_left_behind() {
        assert_eq!(within(Duration::from_secs(30), || 7), Some(7));
        let (_keeps, waits) = std::sync::mpsc::channel::<()>();
        assert_eq!(within(Duration::from_millis(1), move || waits.recv()), None);
    }
}
