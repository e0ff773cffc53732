//! What the handlers of one call want done, as far as there is room for it.
//!
//! Owns the effects of a call until it ended, and the limits on them, for every way in which a
//! handler is evaluated. Never looks at what an effect is for.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;

use super::effect::Effect;
use super::limits;
use crate::message::{Frame, Multipart};

/// How much one call may want done.
#[derive(Clone, Copy, Debug)]
pub(super) struct Room {
    pub(super) effects: usize,
    pub(super) bytes: usize,
}

impl Room {
    /// Whether there is room for one more effect behind `effects`, of `bytes` in all.
    fn has_room(self, effects: usize, bytes: usize) -> bool {
        effects < self.effects && bytes <= self.bytes
    }

    /// Says what there is no room for.
    fn admit(self, effects: usize, bytes: usize) -> Result<(), String> {
        if self.has_room(effects, bytes) {
            return Ok(());
        }
        Err(if effects >= self.effects {
            format!(
                "a call can send and log {} times at most; spread the work over on_tick or after()",
                self.effects
            )
        } else {
            format!("a call can send and log {} MiB at most", self.bytes >> 20)
        })
    }
}

/// The effects of one call.
pub(super) struct Collector {
    room: Cell<Room>,
    effects: RefCell<Vec<Effect>>,
    bytes: Cell<usize>,
}

/// The effects of a call that was interrupted.
pub(super) struct Collected {
    effects: Vec<Effect>,
    bytes: usize,
}

impl Default for Collector {
    fn default() -> Self {
        let room = Room { effects: limits::EFFECTS, bytes: limits::EFFECT_BYTES };
        Self { room: Cell::new(room), effects: RefCell::default(), bytes: Cell::default() }
    }
}

impl Collector {
    /// Begins a call. One that panicked may have left its own behind; they go.
    pub(super) fn begin(&self) {
        self.effects.borrow_mut().clear();
        self.bytes.set(0);
    }

    /// Ends a call: what it collected goes behind what was in `effects` before it.
    pub(super) fn end(&self, effects: &mut VecDeque<Effect>) {
        effects.extend(self.effects.borrow_mut().drain(..));
    }

    /// Adds an effect, as long as there is room.
    pub(super) fn push(&self, effect: Effect) -> Result<(), String> {
        let mut effects = self.effects.borrow_mut();
        let bytes = self.bytes.get() + bytes_of_effect(&effect);
        self.room.get().admit(effects.len(), bytes)?;
        self.bytes.set(bytes);
        effects.push(effect);
        Ok(())
    }

    /// Adds an effect whether there is room or not: somebody waits for this answer.
    pub(super) fn push_anyway(&self, effect: Effect) {
        self.effects.borrow_mut().push(effect);
    }

    /// Whether there is room for a call that only sends one message of so many bytes.
    pub(super) fn takes_one(&self, bytes: usize) -> bool {
        self.room.get().has_room(0, bytes)
    }

    /// Forgets what a failed call wanted, but for what it logged and counted.
    pub(super) fn take_back(&self) {
        let is_said = |effect: &Effect| matches!(effect, Effect::Log { .. } | Effect::Count { .. });
        self.effects.borrow_mut().retain(is_said);
    }

    /// Makes room for the calls of other nodes, in the middle of a call.
    pub(super) fn suspend(&self) -> Collected {
        Collected { effects: self.effects.take(), bytes: self.bytes.take() }
    }

    /// Goes on with the call that was interrupted.
    pub(super) fn resume(&self, collected: Collected) {
        self.effects.replace(collected.effects);
        self.bytes.set(collected.bytes);
    }

    /// Bounds the calls of a test so that it need not send much.
    #[cfg(test)]
    pub(super) fn bound(&self, room: Room) {
        self.room.set(room);
    }
}

/// How many bytes the frames of a message have.
pub(super) fn bytes_of(frames: &Multipart) -> usize {
    frames.iter().map(Frame::len).sum()
}

fn bytes_of_effect(effect: &Effect) -> usize {
    match effect {
        Effect::Send { message, .. } => bytes_of(&message.frames),
        Effect::Write(frames) => bytes_of(frames),
        Effect::Subscribe { prefix, .. } | Effect::Unsubscribe { prefix, .. } => prefix.len(),
        Effect::Connect { endpoint, .. } | Effect::Disconnect { endpoint, .. } => {
            endpoint.as_str().len()
        }
        Effect::Bind { wanted, .. } | Effect::Unbind { wanted, .. } => {
            wanted.endpoint.as_str().len()
        }
        Effect::After { name, .. } | Effect::Count { name, .. } => name.len(),
        Effect::Log { text, .. } => text.len(),
        Effect::Cancel { .. }
        | Effect::Busy { .. }
        | Effect::Owe { .. }
        | Effect::Pause { .. }
        | Effect::Resume { .. }
        | Effect::Stop { .. } => 0,
    }
}
