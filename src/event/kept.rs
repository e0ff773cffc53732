//! The last of what happened, for readers that come later.
//!
//! Owns how much of it is kept: the newest stays, and what goes is counted. Never knows what an event
//! means.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use super::Stamped;
use crate::backlog::Room;
use crate::lock::locked;

/// Events, the newest last.
#[derive(Debug)]
pub(super) struct Kept {
    room: Room,
    past: Mutex<Past>,
}

#[derive(Default, Debug)]
struct Past {
    events: VecDeque<(Arc<Stamped>, usize)>,
    bytes: usize,
    /// How many have gone.
    gone: u64,
}

impl Kept {
    /// Nothing yet, and room for so much.
    pub(super) fn new(room: Room) -> Self {
        Self { room, past: Mutex::default() }
    }

    /// Keeps one more, and lets go of the oldest for it.
    pub(super) fn put(&self, told: &Arc<Stamped>, bytes: usize) {
        let mut past = locked(&self.past);
        past.events.push_back((Arc::clone(told), bytes));
        past.bytes += bytes;
        // A single one is always kept.
        while past.events.len() > 1
            && (past.events.len() > self.room.entries || past.bytes > self.room.bytes)
        {
            let oldest = past.events.pop_front().map_or(0, |(_, bytes)| bytes);
            past.bytes -= oldest;
            past.gone += 1;
        }
    }

    /// The last ones, so many at most, and how many were before them.
    pub(super) fn last(&self, most: usize) -> (Vec<Arc<Stamped>>, u64) {
        let past = locked(&self.past);
        let left_out = past.events.len().saturating_sub(most);
        let last = past.events.iter().skip(left_out).map(|(told, _)| Arc::clone(told));
        (last.collect(), past.gone + left_out as u64)
    }
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::*;
    use crate::event::{Event, EventKind};
    use crate::script::Level;

    fn said(text: &str) -> Arc<Stamped> {
        let kind = EventKind::Note { level: Level::Info, text: text.to_owned() };
        Arc::new(Stamped { at: UNIX_EPOCH, event: Event::of_run(kind) })
    }

    fn texts((last, before): (Vec<Arc<Stamped>>, u64)) -> (Vec<String>, u64) {
        (last.iter().map(|told| told.event.kind.text().to_owned()).collect(), before)
    }

    #[test]
    fn the_newest_are_kept_within_entries_and_bytes_and_the_others_are_counted() {
        let kept = Kept::new(Room { entries: 3, bytes: 10 });
        assert_eq!(texts(kept.last(9)), (vec![], 0));
        for text in ["a", "b", "c", "d"] {
            kept.put(&said(text), 1);
        }
        assert_eq!(texts(kept.last(9)), (vec!["b".into(), "c".into(), "d".into()], 1));
        assert_eq!(texts(kept.last(2)), (vec!["c".into(), "d".into()], 2));
        assert_eq!(texts(kept.last(0)), (vec![], 4));
        kept.put(&said("large"), 9);
        assert_eq!(texts(kept.last(9)), (vec!["d".into(), "large".into()], 3));
        kept.put(&said("larger"), 99);
        assert_eq!(texts(kept.last(9)), (vec!["larger".into()], 5));
    }
}
