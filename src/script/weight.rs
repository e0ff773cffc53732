//! How much memory a node's state takes, and when that is worth saying.
//!
//! Owns the measuring of `this`, which is done when calls have left enough behind since the last
//! time: a look at every value costs as much as the state is large. Never empties a state.

use rhai::{Array, Blob, Dynamic, ImmutableString, Map};

use super::msg::Msg;
use crate::message::Frame;
use crate::units::size_text;

/// What a value takes beside its own bytes.
const VALUE: usize = size_of::<Dynamic>();
/// What an entry of a map takes beside key and value.
const ENTRY: usize = 2 * VALUE;
/// What a value on the heap takes beside its contents.
const HEAP: usize = 48;
/// The state is not measured before that much was left behind.
const STEP_LEAST: usize = 4 << 10;
/// The state is measured when that much was left behind, or an eighth of it where that is more.
const STEP_MOST: usize = 1 << 20;

/// What is to be said of a state.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum StateNews {
    /// It takes more than three quarters of what it may; said once.
    Large {
        /// How many bytes it takes.
        bytes: usize,
    },
    /// It takes more than it may.
    TooLarge {
        /// How many bytes it takes.
        bytes: usize,
    },
}

/// The weight of one node's state.
#[derive(Debug)]
pub(super) struct Weight {
    limit: usize,
    /// What it took when it was measured last.
    bytes: usize,
    /// What calls have allocated and not freed since.
    drift: isize,
    is_told: bool,
}

impl Weight {
    pub(super) fn new(limit: usize) -> Self {
        Self { limit, bytes: 0, drift: 0, is_told: false }
    }

    pub(super) fn limit_to(&mut self, limit: usize) {
        self.limit = limit;
        self.is_told = false;
    }

    /// What the state took when it was measured last.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Notes what a call has left behind.
    pub(super) fn add(&mut self, bytes: isize) {
        self.drift = self.drift.saturating_add(bytes);
    }

    /// Measures a state, if enough has changed since the last time; what is to be said of it.
    pub(super) fn look(&mut self, state: &Dynamic) -> Option<StateNews> {
        let step = (self.limit / 8).clamp(STEP_LEAST, STEP_MOST).max(self.bytes / 8);
        if self.drift.unsigned_abs() < step {
            return None;
        }
        self.measure(state);
        let bytes = self.bytes;
        if bytes > self.limit {
            return Some(StateNews::TooLarge { bytes });
        }
        let is_large = bytes > self.limit / 4 * 3;
        if bytes < self.limit / 2 {
            self.is_told = false;
        }
        let is_news = is_large && !self.is_told;
        self.is_told |= is_large;
        is_news.then_some(StateNews::Large { bytes })
    }

    /// What is wrong with a state that takes more than it may.
    pub(super) fn excess(&self) -> Option<String> {
        (self.bytes > self.limit).then(|| {
            let [takes, may] = [self.bytes, self.limit].map(|bytes| size_text(bytes as u64));
            format!("it takes {takes}, more than the {may} of `state_limit`")
        })
    }

    /// Measures a state.
    pub(super) fn measure(&mut self, state: &Dynamic) {
        self.drift = 0;
        self.bytes = weigh(state);
    }

    /// The same where that takes no time to speak of.
    pub(super) fn measure_small(&mut self, state: &Dynamic) {
        if self.drift != 0 && self.bytes < STEP_MOST {
            self.measure(state);
        }
    }
}

/// About how much memory a value takes, whatever shares it.
fn weigh(value: &Dynamic) -> usize {
    VALUE + beside(value)
}

/// The same of what lies outside the value itself.
fn beside(value: &Dynamic) -> usize {
    if let Some(text) = value.read_lock::<ImmutableString>() {
        return HEAP + text.len();
    }
    if let Some(map) = value.read_lock::<Map>() {
        let entries = map.iter().map(|(key, value)| ENTRY + key.len() + weigh(value));
        return HEAP + entries.sum::<usize>();
    }
    if let Some(array) = value.read_lock::<Array>() {
        let spare = array.capacity() - array.len();
        return HEAP + spare * VALUE + array.iter().map(weigh).sum::<usize>();
    }
    if let Some(blob) = value.read_lock::<Blob>() {
        return HEAP + blob.capacity();
    }
    if let Some(msg) = value.read_lock::<Msg>() {
        return 4 * HEAP + size_of_message(&msg);
    }
    if value.is_fnptr() { HEAP } else { 0 }
}

/// The bytes of a message that a script keeps.
pub(super) fn size_of_message(msg: &Msg) -> usize {
    msg.0.payload.iter().map(Frame::len).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn array(length: usize) -> Dynamic {
        Dynamic::from_array((0..length).map(|n| Dynamic::from(n as i64)).collect())
    }

    #[test]
    fn a_state_weighs_about_what_it_takes() {
        for (value, least, most) in [
            (Dynamic::UNIT, 0, 100),
            (array(1000), 16_000, 20_000),
            (Dynamic::from_blob(vec![0; 100_000]), 100_000, 101_000),
            (Dynamic::from("x".repeat(5000)), 5000, 5100),
            (Dynamic::from_array(vec![Dynamic::from_blob(vec![0; 1000]); 10]), 10_000, 12_000),
        ] {
            let bytes = weigh(&value);
            assert!((least..=most).contains(&bytes), "{bytes} of {least} to {most}");
        }
    }

    #[test]
    fn what_grows_is_told_once_before_the_limit_and_again_beyond_it() {
        let mut weight = Weight::new(100_000);
        let mut grow = |bytes: usize| {
            weight.add(bytes as isize);
            weight.look(&Dynamic::from_blob(vec![0; bytes]))
        };
        assert_eq!(grow(50_000), None);
        assert!(matches!(grow(80_000), Some(StateNews::Large { .. })));
        assert_eq!(grow(90_000), None);
        assert!(matches!(grow(110_000), Some(StateNews::TooLarge { .. })));
        assert_eq!(grow(20_000), None);
        assert!(matches!(grow(80_000), Some(StateNews::Large { .. })));
        // Too little has changed to look again.
        assert_eq!(grow(100), None);
    }
}
