//! A lock that outlives a panic.
//!
//! Owns the one answer to a thread that panicked with a lock: what is behind it goes on being used.
//! Only for what is sound after every single change.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// What is behind a lock, whatever a thread that panicked was doing with it.
pub(crate) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::locked;

    #[test]
    fn what_a_panicking_thread_held_is_still_there() {
        let counted = Mutex::new(0);
        let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            *locked(&counted) += 1;
            let _held = locked(&counted);
            std::panic::resume_unwind(Box::new(()));
        }));
        assert!(counted.is_poisoned());
        assert_eq!(*locked(&counted), 1);
    }
}
