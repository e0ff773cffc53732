//! A recording as a line of time: how much passed when, and what is worth going to.
//!
//! Owns what counts as that, and how much is read to find it. Of a large file its index alone says how much
//! passed, a chunk's messages being shared out over its time.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry as Slot;
use std::ops::{ControlFlow, RangeInclusive};

use serde::Serialize;
use serde_json::Value;

use super::contents::{Entry, RecordingError};
use super::names::{EVENTS, GAPS};
use super::reader::{Reached, Reader, Selection};
use super::writer::nanoseconds;

/// Into how many parts the time is divided.
const COLUMNS: u64 = 240;
/// How many bytes a recording may have, unpacked, whose messages are counted one by one.
const ONE_BY_ONE: u64 = 32 << 20;
/// How many bytes are read, unpacked, to find what is worth going to.
const MARKED: u64 = 128 << 20;

/// A recording as a line of time.
#[derive(Clone, Debug)]
pub struct Overview {
    /// When it begins, in nanoseconds since the epoch.
    pub first: u64,
    /// How many nanoseconds a part of its time has.
    pub step: u64,
    /// How many messages passed in each part, both ways.
    pub columns: Vec<u64>,
    /// Whether they were counted one by one.
    pub is_exact: bool,
    /// What is worth going to, in its order.
    pub marks: Vec<Mark>,
    /// Until when that was looked for, in nanoseconds since the epoch, where it was not to the end.
    pub marked_until: Option<u64>,
    /// How many messages are missing, as far as that was looked for.
    pub missing: u64,
}

/// A place of the line that is worth going to: of a part of the time, all of a kind are one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Mark {
    /// When the first of them was, in nanoseconds since the epoch.
    pub at: u64,
    /// Of which kind.
    pub kind: MarkKind,
    /// How many reloads or failures, or messages that were dropped or are missing.
    pub count: u64,
    /// The node of the first; empty for the run as a whole.
    pub node: String,
    /// What was said of the first.
    pub text: String,
}

/// Why a place is worth going to.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum MarkKind {
    /// A reload was attempted.
    Reload,
    /// Messages were dropped, or not sent.
    Drop,
    /// A handler failed, or something else.
    Failure,
    /// Messages are not in the recording.
    Gap,
}

impl Overview {
    /// Of a recording, which is empty where this is none.
    ///
    /// # Errors
    ///
    /// When a part of it cannot be read.
    pub fn of(reader: &mut Reader) -> Result<Option<Self>, RecordingError> {
        let Some(times) = reader.times() else { return Ok(None) };
        let mut line = Line::of(&times);
        let is_exact = reader.pieces().map(|piece| piece.bytes).sum::<u64>() <= ONE_BY_ONE;
        if !is_exact {
            line.share_out(reader);
        }
        // What is small is read once for both.
        let topics = (!is_exact).then(|| [EVENTS, GAPS].map(str::to_owned).into());
        let selection = Selection { topics, most: MARKED, ..Selection::of(None) };
        let mut last = *times.start();
        let reached = reader.select(selection, |entry| {
            last = last.max(line.take(&entry));
            ControlFlow::<()>::Continue(())
        })?;
        Ok(Some(Self {
            first: line.first,
            step: line.step,
            columns: line.columns,
            is_exact,
            marks: in_order(line.marks),
            marked_until: (reached == Reached::Bound).then_some(last),
            missing: line.missing,
        }))
    }
}

/// A line under way.
struct Line {
    first: u64,
    step: u64,
    columns: Vec<u64>,
    marks: BTreeMap<(usize, MarkKind), Mark>,
    missing: u64,
}

impl Line {
    fn of(times: &RangeInclusive<u64>) -> Self {
        let step = (times.end() - times.start()) / COLUMNS + 1;
        Self {
            first: *times.start(),
            step,
            columns: vec![0; usize::try_from(COLUMNS).unwrap_or_default()],
            marks: BTreeMap::new(),
            missing: 0,
        }
    }

    fn column(&self, at: u64) -> usize {
        let column = usize::try_from(at.saturating_sub(self.first) / self.step);
        column.unwrap_or(usize::MAX).min(self.columns.len() - 1)
    }

    /// Counts the messages of all chunks, each chunk's shared out over its time.
    fn share_out(&mut self, reader: &Reader) {
        for piece in reader.pieces() {
            let of_sockets =
                piece.messages.iter().filter(|(id, _)| reader.channels().contains_key(id));
            let messages: u64 = of_sockets.map(|(_, messages)| messages).sum();
            let (from, to) = (self.column(*piece.times.start()), self.column(*piece.times.end()));
            let columns = &mut self.columns[from..=to.max(from)];
            let (share, mut rest) =
                (messages / columns.len() as u64, messages % columns.len() as u64);
            for column in columns {
                *column += share + u64::from(rest > 0);
                rest = rest.saturating_sub(1);
            }
        }
    }

    /// Takes what stands there; when that was.
    fn take(&mut self, entry: &Entry) -> u64 {
        let at = match entry {
            Entry::Message { passed, .. } => passed.at,
            Entry::Calls { calls, .. } => calls.at,
            Entry::Event { at, .. } | Entry::Gap { at, .. } => *at,
        };
        let at = nanoseconds(at);
        match entry {
            Entry::Message { .. } => {
                let column = self.column(at);
                self.columns[column] += 1;
            }
            Entry::Calls { .. } => {}
            Entry::Event { happened, .. } => {
                if let Some((kind, count)) = worth(happened) {
                    let text = |name: &str| happened[name].as_str().unwrap_or_default().to_owned();
                    self.mark(Mark { at, kind, count, node: text("node"), text: text("message") });
                }
            }
            Entry::Gap { gap, .. } => {
                let text = |name: &str| gap[name].as_str().unwrap_or_default();
                let count = gap["messages"].as_u64().unwrap_or_default();
                self.missing += count;
                let node = format!("{}.{}", text("node"), text("socket"));
                let text = text("direction").to_owned();
                self.mark(Mark { at, kind: MarkKind::Gap, count, node, text });
            }
        }
        at
    }

    fn mark(&mut self, mark: Mark) {
        let column = self.column(mark.at);
        match self.marks.entry((column, mark.kind)) {
            Slot::Occupied(mut first) => {
                first.get_mut().count += mark.count;
            }
            Slot::Vacant(room) => {
                room.insert(mark);
            }
        }
    }
}

/// Whether an event is worth going to: of which kind, and for how many it stands.
fn worth(happened: &Value) -> Option<(MarkKind, u64)> {
    let kind = happened["kind"].as_str()?;
    let count = |name: &str| happened["details"][name].as_u64().unwrap_or(1);
    let times = 1 + happened["repeated"].as_u64().unwrap_or_default();
    Some(match kind {
        "reloaded" => (MarkKind::Reload, 1),
        "dropped" | "unsent" | "never-sent" => (MarkKind::Drop, count("count") * times),
        "lost" => (MarkKind::Drop, count("lost")),
        "handler-failed" | "panicked" | "malformed" | "handshake-failed" | "refused" => {
            (MarkKind::Failure, times)
        }
        _ if happened["level"] == "error" => (MarkKind::Failure, times),
        _ => return None,
    })
}

fn in_order(marks: BTreeMap<(usize, MarkKind), Mark>) -> Vec<Mark> {
    let mut marks: Vec<Mark> = marks.into_values().collect();
    marks.sort_by_key(|mark| mark.at);
    marks
}
