//! Which topics a subscriber takes, and whom a publisher reaches.
//!
//! Owns what the ends inside the file know of each other. Never sends a message.

use super::{NodeSocket, THROWS_FOR};
use crate::message::{Frame, Outgoing};
use crate::node::inbox::subscription;
use crate::node::raw::Errno;
use crate::zeromq::Role;

impl NodeSocket {
    /// Takes one more topic.
    pub(in crate::node) fn subscribe(&mut self, prefix: &[u8]) -> Result<(), Errno> {
        self.note_subscription(true, prefix);
        self.tell_taken();
        self.subscription(prefix, 1, zmq_sys::ZMQ_SUBSCRIBE)
    }

    /// No longer takes a topic.
    pub(in crate::node) fn unsubscribe(&mut self, prefix: &[u8]) -> Result<(), Errno> {
        self.note_subscription(false, prefix);
        self.tell_taken();
        self.subscription(prefix, 0, zmq_sys::ZMQ_UNSUBSCRIBE)
    }

    /// Takes a topic that a handler asks for.
    pub(in crate::node) fn subscribe_more(&mut self, prefix: &[u8]) -> Result<(), Errno> {
        self.readable = true;
        self.subscribe(prefix)?;
        *self.wishes.entry(prefix.to_vec()).or_default() += 1;
        Ok(())
    }

    /// No longer takes a topic that a handler wants no more.
    pub(in crate::node) fn subscribe_less(&mut self, prefix: &[u8]) -> Result<(), Errno> {
        self.readable = true;
        self.unsubscribe(prefix)?;
        *self.wishes.entry(prefix.to_vec()).or_default() -= 1;
        Ok(())
    }

    /// Takes the subscriptions that the XSUB before passed on: whoever has subscribed at the other end of a
    /// bus does not do so again.
    pub(super) fn take_passed_on(&mut self, before: &Self) {
        if (self.spec.role, before.spec.role) != (Role::Xsub, Role::Xsub) {
            return;
        }
        for (prefix, taken) in &before.taken {
            let of_file = before.spec.filters.iter().filter(|it| it.prefix() == *prefix).count();
            let of_handlers = before.wishes.get(prefix).copied().unwrap_or_default().max(0);
            let own = of_file + usize::try_from(of_handlers).unwrap_or(usize::MAX);
            for _ in own..*taken as usize {
                // What the socket before took, this one takes.
                let _ = self.subscribe(prefix);
            }
        }
    }

    pub(super) fn subscription(
        &mut self,
        prefix: &[u8],
        wanted: u8,
        option: u32,
    ) -> Result<(), Errno> {
        if self.spec.role == Role::Xsub {
            let message = [&[wanted], prefix].concat();
            return self.raw.send(&mut Frame::copy(&message), false);
        }
        self.raw.set_bytes(option.cast_signed(), prefix)
    }

    /// Finds the subscribers inside the file that take a message, or notes what is subscribed to.
    #[inline]
    pub(super) fn find_reached(&mut self, message: &mut Outgoing) {
        if message.counted {
            return;
        }
        if matches!(self.spec.role, Role::Pub | Role::Xpub | Role::Xsub) {
            self.look_whom_it_concerns(message);
        } else {
            message.counted = true;
        }
    }

    fn look_whom_it_concerns(&mut self, message: &mut Outgoing) {
        match (self.spec.role, &*message.frames) {
            (Role::Pub | Role::Xpub, [first, ..]) => self.fanout.find(first),
            (Role::Xsub, frames) => {
                message.counted = true;
                if let Some((wanted, topic)) = subscription(frames) {
                    let topic = topic.to_vec();
                    self.note_subscription(wanted, &topic);
                    self.tell_taken();
                }
            }
            _ => message.counted = true,
        }
    }

    /// Counts a message that libzmq has begun to take for every subscriber that was found.
    pub(super) fn count_reached(&mut self, message: &mut Outgoing) {
        if !message.counted && message.next > 0 {
            message.counted = true;
            self.fanout.count_found();
        }
    }

    /// Notes what a subscriber takes, for its publishers inside the file.
    pub(super) fn note_subscription(&mut self, wanted: bool, prefix: &[u8]) {
        let count = self.taken.entry(prefix.to_vec()).or_default();
        *count = if wanted { *count + 1 } else { count.saturating_sub(1) };
        if *count == 0 {
            self.taken.remove(prefix);
        }
        if !wanted {
            self.throws_for = THROWS_FOR;
        }
        self.taken_is_told = false;
    }

    /// Lets publishers and subscribers inside the file know of each other's changes.
    pub(in crate::node) fn share_interest(&mut self) {
        if self.spec.role.publishes() {
            self.fanout.refresh();
        } else {
            self.tell_taken();
        }
    }

    /// Says what a subscriber takes, for its publishers inside the file.
    pub(super) fn tell_taken(&mut self) {
        if self.spec.role.filters() && !self.taken_is_told {
            self.taken_is_told = true;
            self.counters.interest.set(self.taken.keys().cloned().collect());
        }
    }

    /// Notes what a subscriber wants or no longer wants, on a publisher.
    pub(in crate::node) fn note_wish(&mut self, wanted: bool, topic: &[u8]) {
        let count = self.topics.entry(topic.to_vec()).or_default();
        *count = if wanted { count.saturating_add(1) } else { count.saturating_sub(1) };
        if *count == 0 {
            self.topics.remove(topic);
        }
        if wanted || !self.topics.contains_key(topic) {
            self.fanout.notice(topic, wanted);
        }
        let total: u64 = self.topics.values().map(|&count| u64::from(count)).sum();
        self.counters.subscriptions.set(total);
    }
}
