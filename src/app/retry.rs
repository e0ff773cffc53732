//! When a reload that failed is tried again: seldom, and at once when somebody saves.
//!
//! Owns the pauses, and what a file looked like when the reload failed. Never reads a file.

use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::clock;

/// The first pause; each is twice the one before.
const FIRST: Duration = Duration::from_secs(1);
/// The longest pause.
const LONGEST: Duration = Duration::from_secs(30);

/// What tells that a file was saved, though perhaps with the same text.
type Stamp = Option<(u64, i64, i64, i64, i64)>;

/// A reload that may have failed.
#[derive(Default)]
pub(super) struct Retry {
    /// When it is tried again, and the pause before that.
    pending: Option<(Instant, Duration)>,
    stamps: Vec<Stamp>,
}

impl Retry {
    /// Notes that a reload of these files failed; after how long it is tried again.
    pub(super) fn failed(&mut self, files: &[PathBuf]) -> Duration {
        let pause = self.pending.map_or(FIRST, |(_, before)| (before * 2).min(LONGEST));
        self.pending = Some((clock::now() + pause, pause));
        self.stamps = stamps(files);
        pause
    }

    /// Notes that another try begins, whatever becomes of it: a file that is just being saved puts it
    /// off.
    pub(super) fn begin(&mut self) {
        if let Some((at, pause)) = &mut self.pending {
            *at = clock::now() + *pause;
        }
    }

    /// There is nothing to try again: it succeeded, or the files say something else.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// When to try again.
    pub(super) fn due(&self) -> Option<Instant> {
        self.pending.map(|(at, _)| at)
    }

    /// Whether a reload failed and one of its files was saved since, even with the same text.
    pub(super) fn is_asked_for(&self, files: &[PathBuf]) -> bool {
        self.pending.is_some() && stamps(files) != self.stamps
    }
}

fn stamps(files: &[PathBuf]) -> Vec<Stamp> {
    let stamp = |file: &PathBuf| {
        let about = file.metadata().ok()?;
        let (changed, modified) = (about.ctime_nsec(), about.mtime_nsec());
        Some((about.ino(), about.ctime(), changed, about.mtime(), modified))
    };
    files.iter().map(stamp).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::until::until;

    #[test]
    fn pauses_double_up_to_the_longest_and_begin_again_after_a_success() {
        let mut retry = Retry::default();
        let pauses: Vec<u64> = (0..7).map(|_| retry.failed(&[]).as_secs()).collect();
        assert_eq!(pauses, [1, 2, 4, 8, 16, 30, 30]);
        assert!(retry.due().is_some());
        retry.clear();
        assert!(retry.due().is_none());
        assert_eq!(retry.failed(&[]).as_secs(), 1);
    }

    #[test]
    fn a_try_is_due_when_its_pause_is_over_and_one_that_began_puts_the_next_off() {
        clock::paused(async {
            let begun = clock::now();
            let mut retry = Retry::default();
            retry.failed(&[]);
            until(retry.due()).await;
            assert_eq!(clock::since(begun), FIRST);
            retry.begin();
            until(retry.due()).await;
            assert_eq!(clock::since(begun), 2 * FIRST);
            retry.failed(&[]);
            until(retry.due()).await;
            assert_eq!(clock::since(begun), 4 * FIRST, "its pause has doubled");
        });
    }

    #[test]
    fn a_save_of_the_same_text_asks_for_another_try() {
        let folder = tempfile::tempdir().unwrap();
        let files = [folder.path().join("a")];
        std::fs::write(&files[0], "text").unwrap();
        let mut retry = Retry::default();
        assert!(!retry.is_asked_for(&files));
        retry.failed(&files);
        assert!(!retry.is_asked_for(&files));
        let beside = folder.path().join("b");
        std::fs::write(&beside, "text").unwrap();
        std::fs::rename(&beside, &files[0]).unwrap();
        assert!(retry.is_asked_for(&files));
    }
}
