//! What is subscribed to: prefixes of the first frame.
//!
//! Owns the match, and when a wish is the first or the last of its kind. Never sees a socket.

use std::collections::BTreeMap;

/// Prefixes, each wanted so many times.
#[derive(Clone, Default, Debug)]
pub(super) struct Topics {
    wanted: BTreeMap<Vec<u8>, u32>,
    /// How many bytes the longest of them had.
    longest: usize,
}

impl Topics {
    /// One more wants this; whether it is the first.
    pub(super) fn add(&mut self, topic: &[u8]) -> bool {
        self.longest = self.longest.max(topic.len());
        let count = self.wanted.entry(topic.to_vec()).or_default();
        *count += 1;
        *count == 1
    }

    /// One less wants this; how many still do, if it was wanted at all.
    pub(super) fn remove(&mut self, topic: &[u8]) -> Option<u32> {
        let count = self.wanted.get_mut(topic)?;
        *count -= 1;
        let left = *count;
        if left == 0 {
            self.wanted.remove(topic);
        }
        Some(left)
    }

    /// Whether this very prefix is wanted.
    pub(super) fn has(&self, topic: &[u8]) -> bool {
        self.wanted.contains_key(topic)
    }

    /// Whether a first frame begins with any of them.
    pub(super) fn match_frame(&self, frame: &[u8]) -> bool {
        let longest = self.longest.min(frame.len());
        !self.wanted.is_empty() && (0..=longest).any(|length| self.has(&frame[..length]))
    }

    /// All prefixes, in order.
    pub(super) fn all(&self) -> impl Iterator<Item = &Vec<u8>> {
        self.wanted.keys()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_matches_by_any_prefix_also_by_one_that_sorts_far_before_it() {
        let mut topics = Topics::default();
        assert!(!topics.match_frame(b""));
        for topic in ["a", "ab 1", "b"] {
            assert!(topics.add(topic.as_bytes()));
        }
        assert!(!topics.add(b"a"));
        for (frame, wanted) in
            [("a", true), ("azzz", true), ("ab 0", true), ("c", false), ("", false)]
        {
            assert_eq!(topics.match_frame(frame.as_bytes()), wanted, "{frame}");
        }
        assert_eq!((topics.remove(b"a"), topics.remove(b"a")), (Some(1), Some(0)));
        assert_eq!(topics.remove(b"a"), None);
        assert!(!topics.match_frame(b"azzz") && topics.match_frame(b"ab 1!"));
        assert!(topics.add(b"") && topics.match_frame(b""));
    }
}
