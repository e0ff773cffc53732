//! What a picture of a recording shows, row by row, and how much more there is.
//!
//! Owns the bounds of a picture. Never knows what a message says.

use std::collections::BTreeMap;

use super::pairing::Party;
use super::places::At;
use crate::listing::thousands;

/// How many rows a picture has at most.
pub const ROWS: usize = 200;

/// Where a row stands: by the time, then by what came first; what several get has a row for each.
pub(super) type Key = (u64, u64, u32);

/// A row of a picture.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Row {
    /// A message was sent.
    Sent {
        /// From where.
        from: At,
        /// To whom, as far as that is known.
        to: Party,
        /// When it came, in nanoseconds since the epoch, if it has come.
        came: Option<u64>,
        /// Whether it goes to every peer that wants it.
        is_for_all: bool,
        /// What it says.
        text: String,
    },
    /// A message came that nobody of the file sent, as far as is known.
    Came {
        /// From whom.
        from: Party,
        /// To where.
        to: At,
        /// Whether it may have been sent before the recording, if that began later than its run.
        is_early: bool,
        /// What it says.
        text: String,
    },
    /// Something happened at a node.
    Note {
        /// Its name, with its copy's number.
        node: String,
        /// What.
        text: String,
        /// Whether something went wrong.
        is_alarm: bool,
    },
    /// Something happened to the run.
    Step {
        /// What.
        text: String,
    },
}

/// What there is that a picture has no room for.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct LeftOut {
    /// How many messages.
    pub messages: u64,
    /// How much else happened.
    pub events: u64,
    /// When the first of it was, in nanoseconds since the epoch.
    pub since: u64,
    /// How many more rows have to do with a node that there is no lane for.
    pub crowded: u64,
}

impl LeftOut {
    /// `1,234 messages and 1 event`: what comes later than a picture goes, if there is something.
    #[must_use]
    pub fn later(&self) -> Option<String> {
        let some = |count: u64, word: &str| {
            let plural = if count == 1 { "" } else { "s" };
            (count > 0).then(|| format!("{} {word}{plural}", thousands(count)))
        };
        let all = [some(self.messages, "message"), some(self.events, "event")];
        let all: Vec<String> = all.into_iter().flatten().collect();
        (!all.is_empty()).then(|| all.join(" and "))
    }

    fn count(&mut self, row: &Row, at: u64) {
        let is_first = self.messages == 0 && self.events == 0;
        self.since = if is_first { at } else { self.since.min(at) };
        match row {
            Row::Sent { .. } | Row::Came { .. } => self.messages += 1,
            Row::Note { .. } | Row::Step { .. } => self.events += 1,
        }
    }
}

/// The rows of a picture: the first ones.
#[derive(Default, Debug)]
pub(super) struct Rows {
    kept: BTreeMap<Key, Row>,
    left_out: LeftOut,
    /// How many messages of it have not come yet, and may.
    waiting: usize,
}

impl Rows {
    /// Adds a row. Its text is asked for where there is room for it.
    pub(super) fn add(&mut self, key: Key, row: Row, text: impl FnOnce() -> String) {
        let is_full = self.kept.len() >= ROWS;
        if is_full && self.kept.last_key_value().is_some_and(|(last, _)| *last < key) {
            self.left_out.count(&row, key.0);
            return;
        }
        let row = row.saying(text());
        self.waiting += usize::from(row.is_waiting());
        self.kept.insert(key, row);
        if let Some(((at, ..), row)) = is_full.then(|| self.kept.pop_last()).flatten() {
            self.waiting -= usize::from(row.is_waiting());
            self.left_out.count(&row, at);
        }
    }

    /// A message came that has a row, if there was room for it.
    pub(super) fn arrive(&mut self, key: Key, whom: At, at: u64) {
        if let Some(row) = self.kept.get_mut(&key) {
            self.waiting -= usize::from(row.is_waiting());
            if let Row::Sent { to, came, .. } = row {
                (*to, *came) = (Party::Inside(whom), Some(at));
            }
        }
    }

    /// Whether some of its messages may come yet.
    pub(super) fn is_waiting(&self) -> bool {
        self.waiting > 0
    }

    /// All of them, in order, and what is not among them.
    pub(super) fn finish(self) -> (BTreeMap<Key, Row>, LeftOut) {
        (self.kept, self.left_out)
    }
}

impl Row {
    fn saying(mut self, said: String) -> Self {
        match &mut self {
            Self::Sent { text, .. }
            | Self::Came { text, .. }
            | Self::Note { text, .. }
            | Self::Step { text } => *text = said,
        }
        self
    }

    fn is_waiting(&self) -> bool {
        matches!(self, Self::Sent { to: Party::Inside(_) | Party::Unknown, came: None, .. })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(to: Party) -> Row {
        Row::Sent { from: 0, to, came: None, is_for_all: false, text: String::new() }
    }

    fn texts(rows: Rows) -> (Vec<String>, LeftOut) {
        let (kept, left_out) = rows.finish();
        let text = |row: Row| match row {
            Row::Sent { text, .. } | Row::Came { text, .. } => text,
            Row::Note { text, .. } | Row::Step { text } => text,
        };
        (kept.into_values().map(text).collect(), left_out)
    }

    #[test]
    fn the_first_rows_are_kept_in_their_order_and_the_others_counted() {
        let mut rows = Rows::default();
        let more = 7;
        for at in (0..(ROWS + more) as u64).rev() {
            rows.add((at, 0, 0), sent(Party::Unknown), || at.to_string());
        }
        rows.add((9_999, 0, 0), Row::Step { text: String::new() }, || "never asked".to_owned());
        let (texts, left_out) = texts(rows);
        assert_eq!(texts, (0..ROWS).map(|at| at.to_string()).collect::<Vec<_>>());
        let since = ROWS as u64;
        let want = LeftOut { messages: more as u64, events: 1, since, crowded: 0 };
        assert_eq!(left_out, want);
        assert_eq!(left_out.later().as_deref(), Some("7 messages and 1 event"));
        assert_eq!(LeftOut::default().later(), None);
    }

    #[test]
    fn it_waits_for_what_may_come_and_has_room() {
        let mut rows = Rows::default();
        rows.add((0, 0, 0), sent(Party::Outside(None)), String::new);
        assert!(!rows.is_waiting());
        rows.add((1, 1, 0), sent(Party::Unknown), String::new);
        assert!(rows.is_waiting());
        rows.arrive((1, 1, 0), 3, 5);
        rows.arrive((2, 2, 0), 3, 5);
        assert!(!rows.is_waiting());
        for at in 2..2 + ROWS as u64 {
            rows.add((at, at, 0), Row::Step { text: String::new() }, String::new);
        }
        assert!(!rows.is_waiting());
        let (kept, _) = rows.finish();
        let Row::Sent { to, came, .. } = &kept[&(1, 1, 0)] else { panic!("{kept:?}") };
        assert_eq!((to, came), (&Party::Inside(3), &Some(5)));
    }
}
