//! Looking at some messages as they pass a socket, without holding them up.
//!
//! Owns the way of a message from a node to whoever taps it. A node never waits for a reader: it
//! shares a message while it has credit from the reader, and counts it as dropped otherwise. What
//! a message means is the reader's business.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use super::interception::{Direction, Interceptor, Interceptors, Passed, Passing, Place, Unseen};
use super::target::Target;
use crate::message::Frame;

/// What one reader wants to see, shared with the nodes that it looks at.
#[derive(Debug)]
struct Tap {
    target: Target,
    direction: Option<Direction>,
    /// Messages that the reader has room for.
    credit: AtomicU64,
    closed: AtomicBool,
    queue: SyncSender<Passed>,
    /// What did not fit.
    dropped: AtomicU64,
}

/// The reader's end of a tap; dropping it ends the tap.
#[derive(Debug)]
pub struct TapReader {
    interceptors: Arc<Interceptors>,
    tap: Arc<Tap>,
    queue: Receiver<Passed>,
}

impl Interceptors {
    /// Begins to look at a part of the topology. `room` messages may wait for the reader.
    #[must_use]
    pub fn tap(
        self: &Arc<Self>,
        target: Target,
        direction: Option<Direction>,
        room: u32,
    ) -> TapReader {
        let (sender, queue) = sync_channel(room as usize);
        let tap = Arc::new(Tap {
            target,
            direction,
            credit: AtomicU64::new(room.into()),
            closed: AtomicBool::new(false),
            queue: sender,
            dropped: AtomicU64::new(0),
        });
        self.add(Arc::clone(&tap) as Arc<dyn Interceptor>);
        TapReader { interceptors: Arc::clone(self), tap, queue }
    }
}

impl TapReader {
    /// The next message, if one waits.
    #[must_use]
    pub fn try_next(&self) -> Option<Passed> {
        self.queue.try_recv().ok()
    }

    /// Lets the nodes share so many messages more: as many as were taken out, at most.
    pub fn give_credit(&self, messages: u64) {
        self.tap.credit.fetch_add(messages, Relaxed);
    }

    /// How many messages passed without being shared, since the beginning.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.tap.dropped.load(Relaxed)
    }
}

impl Drop for TapReader {
    fn drop(&mut self) {
        self.tap.closed.store(true, Relaxed);
        self.interceptors.remove(&self.tap);
    }
}

impl Tap {
    fn looks(&self, direction: Direction) -> bool {
        self.direction.is_none_or(|wanted| wanted == direction)
    }

    /// Takes one message's credit, if there is any.
    fn take_credit(&self) -> bool {
        let mut credit = self.credit.load(Relaxed);
        while credit > 0 && !self.closed.load(Relaxed) {
            match self.credit.compare_exchange_weak(credit, credit - 1, Relaxed, Relaxed) {
                Ok(_) => return true,
                Err(now) => credit = now,
            }
        }
        false
    }
}

impl Interceptor for Tap {
    fn target(&self) -> &Target {
        &self.target
    }

    fn wants(&self, direction: Direction) -> bool {
        self.looks(direction) && self.credit.load(Relaxed) > 0
    }

    fn passed(&self, passing: Passing<'_>, frames: &[Frame]) {
        if !self.looks(passing.direction) {
            return;
        }
        let shown = self.take_credit() && self.queue.try_send(Passed::of(passing, frames)).is_ok();
        if !shown {
            self.dropped.fetch_add(1, Relaxed);
        }
    }

    fn passed_unseen(&self, direction: Direction, _: &Arc<Place>, unseen: Unseen) {
        if self.looks(direction) {
            self.dropped.fetch_add(unseen.messages, Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::{Format, Multipart};
    use crate::node::interception::{Copy, Lookout};
    use crate::zeromq::Role;

    fn place(socket: &str) -> Place {
        Place {
            instance: "a".into(),
            socket: socket.into(),
            role: Role::Pull,
            format: Format::Plain,
            numbered: false,
        }
    }

    #[test]
    fn what_finds_no_credit_is_counted_and_nothing_else() {
        let interceptors = Arc::new(Interceptors::default());
        let reader = interceptors.tap("a".parse().unwrap(), Some(Direction::In), 2);
        let passage = Lookout::new(&interceptors).passage("a", 1, place("in"));
        for text in ["1", "2", "3"] {
            passage.received(&[Frame::from(text)]);
        }
        passage.sent(Some(&Copy::now(&Multipart::from_buf([Frame::from("out")]))));
        assert_eq!(reader.dropped(), 1);
        assert_eq!(&*reader.try_next().unwrap().frames[0], b"1");
        reader.give_credit(1);
        passage.received(&[Frame::from("4")]);
        let rest: Vec<_> = std::iter::from_fn(|| reader.try_next()).collect();
        assert_eq!(rest.len(), 2);
        assert_eq!((&*rest[1].frames[0], reader.dropped()), (&b"4"[..], 1));
        passage.passed_unseen(Direction::In, 7);
        passage.passed_unseen(Direction::Out, 7);
        passage.tell_unseen();
        assert_eq!(reader.dropped(), 8);
    }
}
