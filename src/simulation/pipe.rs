//! One way of messages, bounded by a high-water mark: who writes learns in steps how far who reads is.
//!
//! Owns libzmq's arithmetic of that (`pipe.cpp`). Never knows who is at its ends.

use std::collections::VecDeque;

use crate::message::Multipart;

/// A queue between one who writes and one who reads.
#[derive(Debug)]
pub(super) struct Pipe {
    queue: VecDeque<Multipart>,
    /// How many messages may be under way; 0 is no limit.
    mark: u64,
    /// Whether only the newest message counts.
    conflates: bool,
    written: u64,
    read: u64,
    /// How many were read as far as who writes knows.
    credited: u64,
}

impl Pipe {
    pub(super) fn new(mark: u64, conflates: bool) -> Self {
        let queue = VecDeque::new();
        Self { queue, mark, conflates, written: 0, read: 0, credited: 0 }
    }

    /// Whether another message may be written.
    pub(super) fn has_room(&self) -> bool {
        self.conflates || self.mark == 0 || self.written - self.credited < self.mark
    }

    /// Writes a message; one before it may be replaced by it.
    pub(super) fn write(&mut self, message: Multipart) {
        if self.conflates {
            self.queue.clear();
        }
        self.written += 1;
        self.queue.push_back(message);
    }

    /// Reads a message; with it what the writer is to be told, if it is time for that.
    pub(super) fn read(&mut self) -> Option<(Multipart, Option<u64>)> {
        let message = self.queue.pop_front()?;
        self.read += 1;
        let step = self.mark.div_ceil(2);
        let is_due = !self.conflates && step > 0 && self.read.is_multiple_of(step);
        Some((message, is_due.then_some(self.read)))
    }

    /// Who writes hears how many messages have been read.
    pub(super) fn credit(&mut self, read: u64) {
        self.credited = self.credited.max(read);
    }

    /// Has another mark from now on.
    pub(super) fn limit(&mut self, mark: u64) {
        self.mark = mark;
    }

    /// Messages that wait in it.
    pub(super) fn waiting(&self) -> usize {
        self.queue.len()
    }

    /// How many have been read of it.
    pub(super) fn taken(&self) -> u64 {
        self.read
    }

    /// Messages that wait in it as far as who writes knows.
    pub(super) fn believed(&self) -> u64 {
        self.written - self.credited
    }

    pub(super) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// The message that is read next.
    pub(super) fn front(&self) -> Option<&Multipart> {
        self.queue.front()
    }

    /// Throws away what waits; how many messages that is.
    pub(super) fn clear(&mut self) -> usize {
        let count = self.queue.len();
        self.queue.clear();
        count
    }

    /// Takes out what waits, all of it.
    pub(super) fn take(&mut self) -> VecDeque<Multipart> {
        std::mem::take(&mut self.queue)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::Frame;

    fn message() -> Multipart {
        Multipart::from_iter([Frame::copy(b"m")])
    }

    #[test]
    fn who_writes_goes_on_when_half_of_the_mark_has_been_read() {
        for (mark, step) in [(1, 1), (2, 1), (3, 2), (4, 2), (5, 3), (10, 5), (1000, 500)] {
            let mut pipe = Pipe::new(mark, false);
            for _ in 0..mark {
                assert!(pipe.has_room());
                pipe.write(message());
            }
            assert!(!pipe.has_room());
            for read in 1..=mark {
                let (_, credit) = pipe.read().unwrap();
                assert_eq!(credit.is_some(), read % step == 0, "{mark}: {read}");
                assert!(!pipe.has_room(), "nobody has told the writer");
            }
            pipe.credit(step);
            assert!(pipe.has_room());
            assert_eq!(pipe.believed(), mark - step);
        }
    }

    #[test]
    fn without_a_mark_or_where_only_the_newest_counts_there_is_always_room() {
        for (mut pipe, kept) in [(Pipe::new(0, false), 9), (Pipe::new(2, true), 1)] {
            for _ in 0..9 {
                assert!(pipe.has_room());
                pipe.write(message());
            }
            assert_eq!(pipe.waiting(), kept);
            assert!(pipe.read().unwrap().1.is_none());
        }
    }
}
