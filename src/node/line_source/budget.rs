//! How many bytes of long lines may be on their way, in libzmq's queues too.
//!
//! Owns the count. A high-water mark counts messages, and a thousand lines of 16 MiB are more than a
//! machine has. Never counts short lines: their number is bound by the mark.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use tokio::sync::Notify;

use crate::message::{Frame, Multipart};

/// A line from this length on is counted.
const LONG: usize = 16 << 10;
/// How many bytes of them may be on their way at once; one more line goes in any case.
const BYTES: usize = 32 << 20;

/// Counts long lines from the source until nobody holds them any more.
#[derive(Debug)]
pub(in crate::node) struct Budget {
    held: AtomicUsize,
    /// Notified when there is room again.
    room: Arc<Notify>,
}

impl Budget {
    pub(super) fn new(room: Arc<Notify>) -> Self {
        Self { held: AtomicUsize::new(0), room }
    }

    pub(super) fn is_spent(&self) -> bool {
        self.held.load(SeqCst) >= BYTES
    }

    /// Counts a message's long frames until their bytes are freed, wherever that happens.
    pub(in crate::node) fn count(self: &Arc<Self>, frames: Multipart) -> Multipart {
        frames
            .into_iter()
            .map(|frame| if frame.len() < LONG { frame } else { self.count_one(frame) })
            .collect()
    }

    fn count_one(self: &Arc<Self>, frame: Frame) -> Frame {
        let bytes = frame.len();
        self.held.fetch_add(bytes, SeqCst);
        frame.until_freed(Held { budget: Arc::clone(self), bytes })
    }
}

/// Bytes that are on their way.
struct Held {
    budget: Arc<Budget>,
    bytes: usize,
}

impl Drop for Held {
    fn drop(&mut self) {
        let before = self.budget.held.fetch_sub(self.bytes, SeqCst);
        if before >= BYTES && before - self.bytes < BYTES {
            self.budget.room.notify_one();
        }
    }
}
