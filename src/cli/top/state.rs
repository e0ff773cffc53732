//! What the screen shows: figures, which row is chosen, what is folded, sought and opened below.
//!
//! Owns what becomes of it when figures or news come; what keys do to it is `keys`'. Pure: it is
//! told the time, and knows neither a terminal nor a run.

use std::collections::HashMap;

use super::history::History;
use super::layout::Areas;
use super::order::{Order, Places, places};
use super::pane::{Log, Pane, Said, Shows};
use super::table::Table;
use super::text::width;
use super::tree::{Entry, Key, Sums, tree};
use crate::observe::Happened;
use crate::snapshot::{NodeStatus, Snapshot};

/// Seconds that a notice stays.
const NOTICE: f64 = 6.0;
/// Seconds that it is said that a run has come back.
const BACK: f64 = 10.0;
/// Seconds without an answer that are worth a word.
const SILENT: f64 = 3.0;

/// What a key or news make necessary outside.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Wish {
    Nothing,
    Leave,
    /// Follow the messages of this target, instead of another.
    Tap(String),
    /// Follow none any more.
    Untap,
}

/// Whether the run is there.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Presence {
    Here,
    /// Since when it is not, and why.
    Gone(f64, String),
    /// Since when it is there again.
    Back(f64),
}

/// What the keys of moving move.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Focus {
    Table,
    Pane,
}

/// A row as it is seen.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Shown {
    pub(super) key: Key,
    pub(super) depth: usize,
    pub(super) name: String,
    pub(super) sums: Sums,
    pub(super) fold: Fold,
}

/// Whether a row has some below it, and whether they are seen.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Fold {
    Leaf,
    Closed,
    Open,
}

/// All that the screen shows.
#[derive(Debug)]
pub(super) struct State {
    pub(super) size: (u16, u16),
    /// Seconds since the beginning.
    pub(super) at: f64,
    /// Whether there is more to ask than figures.
    pub(super) is_run: bool,
    last: Option<(f64, Snapshot)>,
    pub(super) table: Table,
    pub(super) entries: Vec<Entry>,
    /// The rows that are not folded away or filtered out.
    pub(super) rows: Vec<Shown>,
    pub(super) history: History,
    pub(super) order: Order,
    pub(super) folds: HashMap<Key, bool>,
    pub(super) filter: String,
    pub(super) is_typing: bool,
    /// The first line that is seen of the help, while it is open.
    pub(super) help: Option<usize>,
    pub(super) chosen: Option<Key>,
    /// Where it is among the rows, and the first row that is seen.
    pub(super) chosen_at: usize,
    pub(super) top: usize,
    pub(super) pane: Option<Pane>,
    pub(super) focus: Focus,
    pub(super) log: Log,
    pub(super) presence: Presence,
    notice: Option<(f64, String)>,
}

impl State {
    pub(super) fn new(size: (u16, u16), is_run: bool) -> Self {
        let nothing = Snapshot::default();
        Self {
            size,
            at: 0.0,
            is_run,
            last: None,
            table: Table::between(&nothing, &nothing),
            entries: Vec::new(),
            rows: Vec::new(),
            history: History::default(),
            order: Order::FIRST,
            folds: HashMap::new(),
            filter: String::new(),
            is_typing: false,
            help: None,
            chosen: None,
            chosen_at: 0,
            top: 0,
            pane: None,
            focus: Focus::Table,
            log: Log::default(),
            presence: Presence::Here,
            notice: None,
        }
    }

    /// Figures have come.
    pub(super) fn sampled(&mut self, at: f64, now: Snapshot) -> Wish {
        self.at = at;
        let last = self.last.take().filter(|(_, last)| last.seconds <= now.seconds);
        let (since, before) = last.unwrap_or_else(|| (at, now.clone()));
        let was_gone = matches!(self.presence, Presence::Gone(..));
        let is_another = before.seconds == now.seconds && self.table.seconds > now.seconds;
        if was_gone || is_another {
            self.presence = Presence::Back(at);
            self.log.aside("the run is there again");
        }
        self.table = Table::between(&before, &now);
        let stood = places(&self.entries);
        self.entries = tree(&self.table);
        if before.seconds < now.seconds {
            remember(&mut self.history, &self.entries, since, at);
            self.history.forget();
        }
        self.last = Some((at, now));
        self.rearrange(&stood);
        match (&self.pane, was_gone || is_another) {
            (Some(Pane { shows: Shows::Tap(target), .. }), true) => Wish::Tap(target.clone()),
            _ => Wish::Nothing,
        }
    }

    /// The run does not answer any more.
    pub(super) fn gone(&mut self, at: f64, why: &str) {
        self.at = at;
        if !matches!(self.presence, Presence::Gone(..)) {
            self.presence = Presence::Gone(at, why.to_owned());
            self.log.aside(why);
        }
    }

    /// Something happened.
    pub(super) fn happened(&mut self, happened: &Happened) {
        self.log.add(happened);
    }

    /// So many events found no room.
    pub(super) fn missed(&mut self, count: u64) {
        self.log.aside(&format!("{count} more events happened and are not shown"));
    }

    /// The tap of this target tells something.
    pub(super) fn tapped(&mut self, target: &str, said: Said) {
        if let Some(pane) = &mut self.pane
            && pane.shows == Shows::Tap(target.to_owned())
        {
            pane.add(said);
        }
    }

    /// The terminal has another size.
    pub(super) fn resized(&mut self, width: u16, height: u16) {
        self.size = (width, height);
        self.follow_chosen();
    }

    /// Time has passed.
    pub(super) fn passed(&mut self, at: f64) {
        self.at = at;
        if self.notice.as_ref().is_some_and(|(since, _)| at - since > NOTICE) {
            self.notice = None;
        }
        if matches!(self.presence, Presence::Back(since) if at - since > BACK) {
            self.presence = Presence::Here;
        }
    }

    /// Says something for a moment.
    pub(super) fn note(&mut self, text: &str) {
        self.notice = Some((self.at, text.to_owned()));
    }

    pub(super) fn notice(&self) -> Option<&str> {
        self.notice.as_ref().map(|(_, text)| text.as_str())
    }

    /// The parts of the screen.
    pub(super) fn areas(&self) -> Areas {
        Areas::of(self.size.0, self.size.1, self.pane.is_some())
    }

    /// Seconds without figures, where that is worth a word.
    pub(super) fn silence(&self, interval: f64) -> Option<f64> {
        let silent = self.last.as_ref().map_or(0.0, |(at, _)| self.at - at);
        (silent > SILENT + 2.0 * interval).then_some(silent)
    }

    /// Whether nodes take nothing, because of a reload or of somebody who steps them.
    pub(super) fn is_held(&self) -> bool {
        let nodes = self.last.iter().flat_map(|(_, now)| &now.nodes);
        let is = |status| nodes.clone().any(|node| node.status == status);
        is(NodeStatus::Held) && !is(NodeStatus::Running)
    }

    /// Whether the start is over.
    pub(super) fn has_started(&self) -> bool {
        self.last.as_ref().is_none_or(|(_, now)| now.started)
    }

    /// The longest name among the rows, with what stands before it.
    pub(super) fn longest_name(&self) -> usize {
        let names = self.rows.iter().map(|row| 2 * row.depth + 2 + width(&row.name));
        names.max().unwrap_or_default().max(4)
    }

    /// Puts the rows in order anew, as somebody has asked for another one.
    pub(super) fn reorder(&mut self, order: Order) {
        self.order = order;
        self.entries = tree(&self.table);
        self.rearrange(&Places::new());
    }

    fn rearrange(&mut self, before: &Places) {
        self.order.arrange(&mut self.entries, before);
        self.unfold();
    }

    /// Finds anew which rows are seen, with the chosen one still chosen.
    pub(super) fn unfold(&mut self) {
        let needle = self.filter.to_lowercase();
        let mut rows = Vec::new();
        for entry in &self.entries {
            show(entry, 0, &needle, &self.folds, &mut rows);
        }
        self.rows = rows;
        self.choose_again();
    }

    fn choose_again(&mut self) {
        let find = |key: &Key| self.rows.iter().position(|row| row.key == *key);
        let found = self
            .chosen
            .as_ref()
            .and_then(|chosen| find(chosen).or_else(|| chosen.above().iter().find_map(find)));
        // What is not there any more leaves its place to the next.
        self.chosen_at = found.unwrap_or(self.chosen_at).min(self.rows.len().saturating_sub(1));
        self.chosen = self.rows.get(self.chosen_at).map(|row| row.key.clone());
        self.follow_chosen();
    }

    /// Chooses the row at that place, or the last.
    pub(super) fn choose(&mut self, at: usize) {
        self.chosen_at = at.min(self.rows.len().saturating_sub(1));
        self.chosen = self.rows.get(self.chosen_at).map(|row| row.key.clone());
        self.follow_chosen();
    }

    /// Lets the chosen row be seen.
    pub(super) fn follow_chosen(&mut self) {
        let height = usize::from(self.areas().rows.height).max(1);
        let last_top = self.rows.len().saturating_sub(height);
        let least = (self.chosen_at + 1).saturating_sub(height);
        self.top = self.top.clamp(least, self.chosen_at.max(least)).min(last_top);
    }
}

fn remember(history: &mut History, entries: &[Entry], from: f64, to: f64) {
    for entry in entries {
        history.add(&entry.key, from, to, entry.sums.received + entry.sums.sent);
        remember(history, &entry.below, from, to);
    }
}

/// Adds the rows of an entry that are seen; whether there are any.
fn show(
    entry: &Entry,
    depth: usize,
    needle: &str,
    folds: &HashMap<Key, bool>,
    rows: &mut Vec<Shown>,
) -> bool {
    let is_meant = needle.is_empty() || entry.name.to_lowercase().contains(needle);
    let chosen = folds.get(&entry.key).copied();
    let is_open = chosen.unwrap_or_else(|| entry.opens_by_itself());
    let at = rows.len();
    let fold = match (entry.below.is_empty(), is_open) {
        (true, _) => Fold::Leaf,
        (false, true) => Fold::Open,
        (false, false) => Fold::Closed,
    };
    let row = Shown {
        key: entry.key.clone(),
        depth,
        name: entry.name.clone(),
        sums: entry.sums.clone(),
        fold,
    };
    rows.push(row);
    if is_meant {
        // Who finds a node finds all of it.
        if is_open {
            for below in &entry.below {
                show(below, depth + 1, "", folds, rows);
            }
        }
        return true;
    }
    let mut has_found = false;
    for below in &entry.below {
        has_found |= show(below, depth + 1, needle, folds, rows);
    }
    if has_found {
        rows[at].fold = Fold::Open;
    } else {
        rows.truncate(at);
    }
    has_found
}
