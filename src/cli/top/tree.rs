//! From a table to a tree: nodes alike, a node, its copies, their sockets; what is below adds up.
//!
//! Owns which rows there are, what each sums up, and what a row is called. Pure, and without order
//! but that of names, which is the same each time.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use super::table::{Row, SocketRow, Table, p99};
use crate::snapshot::Histogram;
use crate::visible::visible;

/// From how many nodes on, alike and numbered, they are one row.
const GROUPED: usize = 4;
/// From how many copies on, those of a node are shown only when asked for.
const FOLDED: usize = 9;

/// Which row it is, as long as a run lasts.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(super) enum Key {
    /// Nodes that are alike, by what their names have in common.
    Group(String),
    /// A node with copies.
    Node(String),
    /// A copy of a node, or its only one.
    Instance(String),
    /// A socket of an instance.
    Socket(String, String),
}

/// A row with those below it.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Entry {
    pub(super) key: Key,
    /// What it is called: nothing in it acts on a terminal.
    pub(super) name: String,
    pub(super) sums: Sums,
    pub(super) below: Vec<Entry>,
}

/// What a row shows.
#[derive(Clone, Default, PartialEq, Debug)]
pub(super) struct Sums {
    /// What it does, or a socket's role.
    pub(super) status: String,
    pub(super) has_failed: bool,
    pub(super) received: f64,
    pub(super) sent: f64,
    pub(super) waiting: u64,
    pub(super) blocked: f64,
    pub(super) is_full: bool,
    pub(super) dropped: u64,
    pub(super) dropping: f64,
    pub(super) peers: u64,
    /// How often a program was started again, where programs alone are below: nothing else is known.
    pub(super) restarts: Option<u64>,
    /// What only a node has.
    pub(super) handler: Option<HandlerSums>,
}

/// What a node's handlers do.
#[derive(Clone, Default, PartialEq, Debug)]
pub(super) struct HandlerSums {
    /// Of several, that of the busiest.
    pub(super) busy: f64,
    pub(super) failed: u64,
    calls: Histogram,
}

/// How bad it is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Trouble {
    None,
    /// A queue is full, something is dropped, or has failed.
    Some,
    /// It stands still, or is over.
    Much,
}

impl HandlerSums {
    /// Seconds of a call.
    pub(super) fn mean(&self) -> Option<f64> {
        (self.calls.count > 0).then(|| self.calls.sum / self.calls.count as f64)
    }

    /// Seconds that 99 of 100 calls took no longer than.
    pub(super) fn p99(&self) -> Option<f64> {
        p99(&self.calls)
    }

    fn add(&mut self, other: &Self) {
        self.busy = self.busy.max(other.busy);
        self.failed += other.failed;
        if self.calls.buckets.len() != other.calls.buckets.len() {
            // One of them was never called, or counts in buckets of its own.
            if self.calls.count == 0 {
                self.calls = other.calls.clone();
            }
            return;
        }
        self.calls.count += other.calls.count;
        self.calls.sum += other.calls.sum;
        for (bucket, other) in self.calls.buckets.iter_mut().zip(&other.calls.buckets) {
            bucket.count += other.count;
        }
    }
}

impl Sums {
    /// How bad it is.
    pub(super) fn trouble(&self) -> Trouble {
        let failures = self.handler.as_ref().map_or(0, |handler| handler.failed);
        if self.has_failed || self.blocked >= 0.5 {
            Trouble::Much
        } else if self.blocked > 0.0 || self.is_full || self.dropping > 0.0 || failures > 0 {
            Trouble::Some
        } else {
            Trouble::None
        }
    }

    fn of_node(row: &Row) -> Self {
        Self {
            status: visible(&row.status).into_owned(),
            has_failed: row.status == "failed",
            received: row.in_per_second,
            sent: row.out_per_second,
            waiting: row.waiting,
            blocked: row.blocked,
            is_full: row.sockets.iter().any(|socket| socket.is_full),
            dropped: row.dropped,
            dropping: row.dropped_per_second,
            peers: row.peers,
            restarts: row.program.as_ref().map(|program| program.restarts),
            handler: row.program.is_none().then(|| HandlerSums {
                busy: row.handler_busy,
                failed: row.failed,
                calls: row.calls.clone(),
            }),
        }
    }

    fn of_socket(socket: &SocketRow) -> Self {
        Self {
            status: visible(&socket.role).into_owned(),
            has_failed: false,
            received: socket.in_per_second,
            sent: socket.out_per_second,
            waiting: socket.waiting,
            blocked: socket.blocked,
            is_full: socket.is_full,
            dropped: socket.dropped,
            dropping: socket.dropped_per_second,
            peers: socket.peers,
            restarts: socket.is_of_program.then_some(0),
            handler: None,
        }
    }

    /// All of these together.
    fn of_all(entries: &[Entry]) -> Self {
        let restarts = (!entries.is_empty()).then_some(0);
        let mut all = Self { status: status_of(entries), restarts, ..Self::default() };
        for Entry { sums, .. } in entries {
            all.has_failed |= sums.has_failed;
            all.received += sums.received;
            all.sent += sums.sent;
            all.waiting += sums.waiting;
            all.blocked = all.blocked.max(sums.blocked);
            all.is_full |= sums.is_full;
            all.dropped += sums.dropped;
            all.dropping += sums.dropping;
            all.peers += sums.peers;
            all.restarts = all.restarts.zip(sums.restarts).map(|(all, one)| all + one);
            if let Some(handler) = &sums.handler {
                all.handler.get_or_insert_default().add(handler);
            }
        }
        all
    }
}

/// What all do, or how many of them do what is worth telling first.
fn status_of(entries: &[Entry]) -> String {
    const WORST: [&str; 8] =
        ["failed", "exited", "resting", "stopping", "attaching", "held", "busy", "running"];
    let rank = |entry: &&Entry| {
        let status = entry.sums.status.split(' ').next_back().unwrap_or_default();
        WORST.iter().position(|word| *word == status).unwrap_or(WORST.len())
    };
    let Some(worst) = entries.iter().min_by_key(rank) else { return String::new() };
    let word = worst.sums.status.split(' ').next_back().unwrap_or_default();
    let like = entries.iter().filter(|entry| entry.sums.status == word).count();
    if like == entries.len() || like == 0 { word.to_owned() } else { format!("{like} {word}") }
}

/// The names and roles of a node's sockets.
type Shape<'t> = Vec<(&'t str, &'t str)>;

/// The rows of a table, in the order of their names.
pub(super) fn tree(table: &Table) -> Vec<Entry> {
    let mut nodes: BTreeMap<&str, Vec<&Row>> = BTreeMap::new();
    for row in &table.nodes {
        nodes.entry(&row.node).or_default().push(row);
    }
    let mut alike: BTreeMap<(String, Shape<'_>), Vec<Entry>> = BTreeMap::new();
    let mut entries = Vec::new();
    for (node, rows) in nodes {
        let Some(first) = rows.first() else { continue };
        let shape = first.sockets.iter().map(|one| (one.name.as_str(), one.role.as_str()));
        let shape = shape.collect();
        let entry = node_entry(node, &rows);
        match stem(node) {
            Some(stem) => alike.entry((stem.to_owned(), shape)).or_default().push(entry),
            None => entries.push(entry),
        }
    }
    let mut stems: Vec<String> = Vec::new();
    for ((stem, _), members) in alike {
        // A second kind of the same stem is no group: its key is taken.
        if members.len() >= GROUPED && !stems.contains(&stem) {
            stems.push(stem.clone());
            entries.push(together(Key::Group(stem.clone()), &stem, members));
        } else {
            entries.extend(members);
        }
    }
    entries.sort_by(|a, b| by_name(&a.name, &b.name));
    entries
}

fn node_entry(node: &str, rows: &[&Row]) -> Entry {
    let mut copies: Vec<Entry> = rows.iter().map(|row| instance(row)).collect();
    if let [only] = copies.as_slice()
        && only.key == Key::Instance(node.to_owned())
    {
        return copies.remove(0);
    }
    together(Key::Node(node.to_owned()), node, copies)
}

fn together(key: Key, name: &str, mut below: Vec<Entry>) -> Entry {
    below.sort_by(|a, b| by_name(&a.name, &b.name));
    let name = format!("{} ×{}", visible(name), below.len());
    Entry { key, name, sums: Sums::of_all(&below), below }
}

fn instance(row: &Row) -> Entry {
    let sockets = row.sockets.iter().map(|socket| Entry {
        key: Key::Socket(row.instance.clone(), socket.name.clone()),
        name: visible(&socket.name).into_owned(),
        sums: Sums::of_socket(socket),
        below: Vec::new(),
    });
    Entry {
        key: Key::Instance(row.instance.clone()),
        name: visible(&row.instance).into_owned(),
        sums: Sums::of_node(row),
        below: sockets.collect(),
    }
}

/// What numbered names have in common.
fn stem(name: &str) -> Option<&str> {
    let stem = name.trim_end_matches(|c: char| c.is_ascii_digit());
    if stem.len() == name.len() {
        return None;
    }
    let stem = stem.strip_suffix(['-', '_']).unwrap_or(stem);
    (!stem.is_empty()).then_some(stem)
}

impl Entry {
    /// Whether it shows what is below before anybody has said so.
    pub(super) fn opens_by_itself(&self) -> bool {
        matches!(self.key, Key::Node(_)) && self.below.len() < FOLDED
    }
}

impl Key {
    /// What `zrig tap` calls it; a group has no such name.
    pub(super) fn target(&self) -> Option<String> {
        match self {
            Self::Group(_) => None,
            Self::Node(name) | Self::Instance(name) => Some(name.clone()),
            Self::Socket(instance, socket) => Some(format!("{instance}.{socket}")),
        }
    }

    /// Whether what a copy says in the log belongs to it; a socket's row has the log of its node.
    pub(super) fn covers(&self, instance: &str) -> bool {
        let node = node_of(instance);
        match self {
            Self::Group(group) => stem(node) == Some(group),
            Self::Node(name) => node == name,
            Self::Instance(name) | Self::Socket(name, _) => name == instance,
        }
    }

    /// Rows that it may be below, the nearest first.
    pub(super) fn above(&self) -> Vec<Self> {
        let group = |node: &str| stem(node).map(|stem| Self::Group(stem.to_owned()));
        match self {
            Self::Group(_) => Vec::new(),
            Self::Node(name) => {
                // One without copies any more is its only one.
                [Some(Self::Instance(name.clone())), group(name)].into_iter().flatten().collect()
            }
            Self::Instance(name) => {
                let node = node_of(name);
                [Some(Self::Node(node.to_owned())), group(node)].into_iter().flatten().collect()
            }
            Self::Socket(instance, _) => {
                let instance = Self::Instance(instance.clone());
                let above = instance.above();
                [instance].into_iter().chain(above).collect()
            }
        }
    }
}

/// The node of a copy: `worker` of `worker.2`.
fn node_of(instance: &str) -> &str {
    match instance.rsplit_once('.') {
        Some((node, copy)) if !copy.is_empty() && copy.bytes().all(|c| c.is_ascii_digit()) => node,
        _ => instance,
    }
}

/// Names as people count: `worker.2` before `worker.10`.
fn by_name(one: &str, other: &str) -> Ordering {
    let (mut a, mut b) = (one, other);
    while let (Some(x), Some(y)) = (a.chars().next(), b.chars().next()) {
        let order = if x.is_ascii_digit() && y.is_ascii_digit() {
            let (m, n) = (digits(&mut a), digits(&mut b));
            m.len().cmp(&n.len()).then_with(|| m.cmp(n))
        } else {
            (a, b) = (&a[x.len_utf8()..], &b[y.len_utf8()..]);
            x.cmp(&y)
        };
        if order != Ordering::Equal {
            return order;
        }
    }
    a.len().cmp(&b.len()).then_with(|| one.cmp(other))
}

/// Takes the digits at the front, without zeros before them.
fn digits<'t>(text: &mut &'t str) -> &'t str {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (digits, rest) = text.split_at(end);
    *text = rest;
    digits.trim_start_matches('0')
}

#[cfg(test)]
mod tests;
