//! The messages of a recording that a node has received and its handlers were not called for yet.
//!
//! Owns how many are kept. Never calls a handler.

use std::collections::{BTreeMap, VecDeque};

use crate::node::Passed;

/// How many messages of a socket are kept that no handler is called for.
const MOST: usize = 100_000;

/// What was received, by socket.
#[derive(Default, Debug)]
pub(super) struct Kept {
    sockets: BTreeMap<String, VecDeque<Passed>>,
}

impl Kept {
    /// Keeps a message until its call comes.
    pub(super) fn keep(&mut self, passed: Passed) {
        let socket = &*passed.place.socket;
        if !self.sockets.contains_key(socket) {
            self.sockets.insert(socket.to_owned(), VecDeque::new());
        }
        if let Some(waiting) = self.sockets.get_mut(socket) {
            if waiting.len() >= MOST {
                waiting.pop_front();
            }
            waiting.push_back(passed);
        }
    }

    /// The message of that number, without those before it: nobody was called for them.
    pub(super) fn take(&mut self, socket: &str, number: u32) -> Option<Passed> {
        let waiting = self.sockets.get_mut(socket)?;
        let at = waiting.iter().position(|passed| passed.number == number)?;
        waiting.drain(..at);
        waiting.pop_front()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::SystemTime;

    use super::*;
    use crate::message::{Format, Frame};
    use crate::node::{Direction, Place};
    use crate::zeromq::Role;

    #[test]
    fn a_message_is_found_by_its_number_and_those_before_it_are_let_go() {
        let place = Arc::new(Place {
            instance: "a".into(),
            socket: "in".into(),
            role: Role::Pull,
            format: Format::Plain,
            numbered: false,
        });
        let mut kept = Kept::default();
        for number in [u32::MAX, 0, 1, 2] {
            kept.keep(Passed {
                at: SystemTime::UNIX_EPOCH,
                direction: Direction::In,
                place: Arc::clone(&place),
                number,
                frames: [Frame::from(&*number.to_string())].into_iter().collect(),
            });
        }
        assert_eq!(&*kept.take("in", 0).unwrap().frames[0], b"0");
        assert!(kept.take("in", u32::MAX).is_none());
        assert_eq!(&*kept.take("in", 2).unwrap().frames[0], b"2");
        assert!(kept.take("in", 1).is_none() && kept.take("out", 1).is_none());
    }
}
