//! A node's state, `this`, and how large it has become.
//!
//! Owns its beginning, its way into a file and back, and its limit. Never calls a handler.

use rhai::{Dynamic, Map};

use crate::script::kept_state::{self, StateText};
use crate::script::saved_state::SavedState;
use crate::script::weight::{StateNews, Weight};

/// What a node's handlers keep between calls.
pub struct NodeState {
    value: Dynamic,
    weight: Weight,
}

impl NodeState {
    /// That of a node that starts: an empty map, which may grow to so many bytes.
    pub(super) fn new(limit: usize) -> Self {
        Self { value: Dynamic::from_map(Map::new()), weight: Weight::new(limit) }
    }

    /// Lets it grow to another number of bytes.
    pub(super) fn limit_to(&mut self, limit: usize) {
        self.weight.limit_to(limit);
    }

    /// What handlers know as `this`.
    pub(super) fn value_mut(&mut self) -> &mut Dynamic {
        &mut self.value
    }

    /// Notes that about so many bytes more, or fewer, have stayed behind from a call.
    pub(super) fn grow(&mut self, bytes: isize) {
        self.weight.add(bytes);
    }

    /// As it is, for a node that begins anew elsewhere.
    #[must_use]
    pub fn saved(&self) -> SavedState {
        SavedState::of(&self.value)
    }

    /// Goes on with the state of an earlier node.
    pub fn restore(&mut self, saved: SavedState) {
        self.value = saved.into_state();
        self.weight.measure(&self.value);
    }

    /// The text of a file that keeps it.
    ///
    /// # Errors
    ///
    /// When it is nested too deep.
    pub fn text(&self) -> Result<StateText, String> {
        kept_state::write(&self.value)
    }

    /// Goes on with a state that a file kept.
    ///
    /// # Errors
    ///
    /// When the text is none, or one that takes more than a state may.
    pub fn restore_text(&mut self, text: &[u8]) -> Result<(), String> {
        let value = kept_state::read(text)?;
        self.weight.measure(&value);
        if let Some(excess) = self.weight.excess() {
            return Err(excess);
        }
        self.value = value;
        Ok(())
    }

    /// What is to be said of how large it has become, since this was last asked.
    pub fn news(&mut self) -> Option<StateNews> {
        self.weight.look(&self.value)
    }

    /// About how many bytes it took when it was last measured: it is where calls have left a MiB
    /// behind, or an eighth of it.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.weight.bytes()
    }

    /// Measures it, if that takes no time to speak of.
    pub fn measure_if_small(&mut self) {
        self.weight.measure_small(&self.value);
    }

    /// Forgets it.
    pub fn clear(&mut self) {
        self.value = Dynamic::from_map(Map::new());
        self.weight.measure(&self.value);
    }
}

impl std::fmt::Debug for NodeState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NodeState").field("bytes", &self.bytes()).finish_non_exhaustive()
    }
}
