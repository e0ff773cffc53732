//! What the service manager is told that started the run: systemd, by the socket `NOTIFY_SOCKET`.
//!
//! Owns when it is told what. Never waits for it, and says nothing where there is none.

use sd_notify::NotifyState;

/// The run stands, and what is said of it.
pub(super) fn ready(status: &str) {
    tell(&[NotifyState::Ready, NotifyState::Status(status)]);
}

/// The run takes over another version of its files; [`ready`] says that it has.
pub(super) fn reloading() {
    let since = NotifyState::monotonic_usec_now();
    let states: Vec<NotifyState<'_>> = [NotifyState::Reloading].into_iter().chain(since).collect();
    tell(&states);
}

/// The run ends.
pub(super) fn stopping() {
    tell(&[NotifyState::Stopping, NotifyState::Status("stopping")]);
}

fn tell(states: &[NotifyState<'_>]) {
    // Whoever does not listen any more misses nothing that the run could wait for.
    let _ = sd_notify::notify(states);
}
