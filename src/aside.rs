//! Calls of the system that may never end, each in a thread of its own.
//!
//! Owns waiting for them no longer than said: a file system that is away keeps whoever looks at it
//! for good, and no signal ends that. Never joins such a thread.

use std::sync::mpsc;
use std::time::Duration;

/// What a call comes to, unless it takes longer than that; it then goes on without anybody.
pub(crate) fn within<T: Send + 'static>(
    patience: Duration,
    call: impl FnOnce() -> T + Send + 'static,
) -> Option<T> {
    let (answer, done) = mpsc::channel();
    let thread = std::thread::Builder::new().name("zrig-aside".to_owned());
    // Whoever asked may have given up by then.
    thread.spawn(move || drop(answer.send(call()))).ok()?;
    done.recv_timeout(patience).ok()
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
