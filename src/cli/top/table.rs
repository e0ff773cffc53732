//! From two snapshots to a table: rates between them, and the row that hurts most first.
//!
//! Owns what each column means. Pure.

use serde::{Serialize, Serializer};

use crate::snapshot::{
    ConnectionSnapshot, Histogram, LinkSnapshot, NodeSnapshot, NodeStatus, PortSnapshot,
    ProgramSnapshot, Snapshot, SocketSnapshot, forget_what_a_program_knows,
};
use crate::visible::visible;

/// What happened between two moments.
#[derive(Debug, Serialize)]
pub(in crate::cli) struct Table {
    pub(in crate::cli) topology: String,
    pub(in crate::cli) generation: u64,
    /// Seconds since the start.
    pub(in crate::cli) seconds: f64,
    /// Seconds that the rates are of.
    pub(in crate::cli) interval: f64,
    pub(in crate::cli) nodes: Vec<Row>,
    /// Links inside the file, with their counts since the start.
    pub(in crate::cli) links: Vec<LinkSnapshot>,
}

/// One instance of a node.
#[derive(Clone, Default, PartialEq, Debug, Serialize)]
#[serde(remote = "Self")]
pub(in crate::cli) struct Row {
    pub(in crate::cli) instance: String,
    pub(in crate::cli) node: String,
    pub(in crate::cli) status: String,
    /// The program that drives it, which alone knows what it does: then the figures are `null`.
    pub(in crate::cli) program: Option<ProgramSnapshot>,
    /// Messages since the start.
    pub(in crate::cli) messages_in: u64,
    pub(in crate::cli) messages_out: u64,
    pub(in crate::cli) in_per_second: f64,
    pub(in crate::cli) out_per_second: f64,
    /// Messages in the node, and those that wait for it or for its peers outside the file.
    pub(in crate::cli) waiting: u64,
    /// The part of the time in which a message waited for room in a socket, from 0 to 1.
    pub(in crate::cli) blocked: f64,
    /// Messages since the start.
    pub(in crate::cli) dropped: u64,
    pub(in crate::cli) dropped_per_second: f64,
    /// Handler calls between the two moments: seconds each, and the longest of 99 in 100.
    pub(in crate::cli) handler_mean: Option<f64>,
    pub(in crate::cli) handler_p99: Option<f64>,
    /// The part of the time that handlers took, from 0 to 1.
    pub(in crate::cli) handler_busy: f64,
    /// Those calls, for who adds up several instances.
    #[serde(skip)]
    pub(in crate::cli) calls: Histogram,
    pub(in crate::cli) peers: u64,
    /// Handler calls that failed since the start.
    pub(in crate::cli) failed: u64,
    pub(in crate::cli) sockets: Vec<SocketRow>,
}

/// One socket of an instance.
#[derive(Clone, Default, PartialEq, Debug, Serialize)]
pub(in crate::cli) struct SocketRow {
    pub(in crate::cli) name: String,
    pub(in crate::cli) role: String,
    pub(in crate::cli) messages_in: u64,
    pub(in crate::cli) messages_out: u64,
    pub(in crate::cli) in_per_second: f64,
    pub(in crate::cli) out_per_second: f64,
    /// Messages that wait for it, and those that wait for its peers outside the file.
    pub(in crate::cli) waiting: u64,
    /// Messages in the queues of its connections, which libzmq tells to half the high-water mark;
    /// none where the node did not answer in time.
    pub(in crate::cli) outbound: Option<u64>,
    pub(in crate::cli) inbound: Option<u64>,
    pub(in crate::cli) blocked: f64,
    pub(in crate::cli) dropped: u64,
    #[serde(skip)]
    pub(in crate::cli) dropped_per_second: f64,
    pub(in crate::cli) peers: u64,
    /// Whether the queue of one of its connections is at its high-water mark.
    #[serde(skip)]
    pub(in crate::cli) is_full: bool,
    /// Whether a program opens it, so that nothing of it is known.
    #[serde(skip)]
    pub(in crate::cli) is_of_program: bool,
}

/// What is known of a node that a program drives.
const KNOWN_OF_PROGRAMS: [&str; 5] = ["instance", "node", "status", "program", "sockets"];
/// The same of its sockets.
const KNOWN_OF_THEIR_SOCKETS: [&str; 2] = ["name", "role"];

impl Serialize for Row {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.program.is_none() {
            return Self::serialize(self, serializer);
        }
        let told = Self::serialize(self, serde_json::value::Serializer);
        let mut told = told.map_err(serde::ser::Error::custom)?;
        forget_what_a_program_knows(&mut told, &KNOWN_OF_PROGRAMS, &KNOWN_OF_THEIR_SOCKETS);
        told.serialize(serializer)
    }
}

impl Table {
    /// The table of what happened between two moments; without any time between them there are no
    /// rates.
    pub(in crate::cli) fn between(before: &Snapshot, now: &Snapshot) -> Self {
        let interval = now.seconds - before.seconds;
        let blank = NodeSnapshot::default();
        let mut nodes: Vec<Row> = now
            .nodes
            .iter()
            .map(|node| {
                let was = before.node(&node.instance);
                let busy = busy(was, node, interval);
                row(was.unwrap_or(&blank), node, &now.links, interval, busy)
            })
            .collect();
        nodes.sort_by(|a, b| {
            let key = |row: &Row| {
                [
                    (row.blocked * 100.0).round(),
                    row.dropped_per_second,
                    row.dropped as f64,
                    row.waiting as f64,
                    row.handler_mean.unwrap_or_default(),
                ]
            };
            let order = key(b).partial_cmp(&key(a)).unwrap_or(std::cmp::Ordering::Equal);
            order.then_with(|| a.instance.cmp(&b.instance))
        });
        Self {
            topology: match &now.place {
                Some(place) => format!("{} at {place}", now.topology),
                None => now.topology.clone(),
            },
            generation: now.generation,
            seconds: now.seconds,
            interval,
            nodes,
            links: now.links.clone(),
        }
    }

    /// The table as lines for a person.
    pub(in crate::cli) fn lines(&self) -> Vec<String> {
        let sum = |of: fn(&Row) -> f64| self.nodes.iter().map(of).sum::<f64>();
        let title = format!(
            "{}  generation {}  up {}  {} nodes  in {}/s  out {}/s",
            visible(&self.topology),
            self.generation,
            uptime(self.seconds),
            self.nodes.len(),
            rate(sum(|row| row.in_per_second)),
            rate(sum(|row| row.out_per_second)),
        );
        let cells: Vec<[String; COLUMNS.len()]> = self.nodes.iter().map(Row::cells).collect();
        let widths: Vec<usize> = (0..COLUMNS.len())
            .map(|at| {
                let cells = cells.iter().map(|row| row[at].chars().count());
                cells.chain([COLUMNS[at].chars().count()]).max().unwrap_or_default()
            })
            .collect();
        let head = joined(&COLUMNS.map(str::to_owned), &widths);
        let rows = cells.iter().map(|cells| joined(cells, &widths));
        [title, head].into_iter().chain(rows).collect()
    }
}

const COLUMNS: [&str; 11] = [
    "NODE", "STATUS", "IN/s", "OUT/s", "WAITING", "BLOCKED", "DROPPED", "MEAN", "P99", "PEERS",
    "FAILED",
];
/// The columns that begin on the left.
const TEXTS: usize = 2;

impl Row {
    fn cells(&self) -> [String; COLUMNS.len()] {
        let time = |seconds: Option<f64>| seconds.map_or_else(|| "-".to_owned(), time);
        if let Some(program) = &self.program {
            let unknown = || "-".to_owned();
            let [instance, status] =
                [&self.instance, &self.status].map(|it| visible(it).into_owned());
            let rest: [String; COLUMNS.len() - TEXTS] = std::array::from_fn(|_| unknown());
            let mut cells = [instance, status].into_iter().chain(rest);
            let mut cells = std::array::from_fn(|_| cells.next().unwrap_or_default());
            // A program has no handlers that could fail, but it may have been started again.
            cells[COLUMNS.len() - 1] = program.restarts.to_string();
            return cells;
        }
        let dropped = match self.dropped_per_second {
            0.0 => self.dropped.to_string(),
            now => format!("{} +{}/s", self.dropped, rate(now)),
        };
        [
            // Figures may come from a program that is no zrig.
            visible(&self.instance).into_owned(),
            visible(&self.status).into_owned(),
            rate(self.in_per_second),
            rate(self.out_per_second),
            self.waiting.to_string(),
            format!("{:.0}%", self.blocked * 100.0),
            dropped,
            time(self.handler_mean),
            time(self.handler_p99),
            self.peers.to_string(),
            self.failed.to_string(),
        ]
    }
}

fn row(
    before: &NodeSnapshot,
    now: &NodeSnapshot,
    links: &[LinkSnapshot],
    interval: f64,
    handler_busy: f64,
) -> Row {
    let blank = SocketSnapshot::default();
    let sockets: Vec<SocketRow> = now
        .sockets
        .iter()
        .map(|socket| {
            let waiting = waiting(&now.instance, socket, links);
            let before = before.socket(&socket.name).unwrap_or(&blank);
            let row = socket_row(before, socket, waiting, interval);
            SocketRow { is_of_program: now.program.is_some(), ..row }
        })
        .collect();
    let total = |of: fn(&SocketRow) -> u64| sockets.iter().map(of).sum::<u64>();
    let dropped = total(|socket| socket.dropped);
    let dropped_before: u64 = before.sockets.iter().map(|socket| socket.dropped.total()).sum();
    let calls = difference(&before.handler, &now.handler);
    Row {
        instance: now.instance.clone(),
        node: now.node.clone(),
        status: now.status.word().to_owned(),
        program: now.program.clone(),
        messages_in: total(|socket| socket.messages_in),
        messages_out: total(|socket| socket.messages_out),
        in_per_second: sockets.iter().map(|socket| socket.in_per_second).sum(),
        out_per_second: sockets.iter().map(|socket| socket.out_per_second).sum(),
        waiting: held_in(now) + total(|socket| socket.waiting),
        blocked: sockets.iter().map(|socket| socket.blocked).fold(0.0, f64::max),
        dropped,
        dropped_per_second: per_second(dropped_before, dropped, interval),
        handler_mean: (calls.count > 0).then(|| calls.sum / calls.count as f64),
        handler_p99: p99(&calls),
        handler_busy,
        calls,
        peers: total(|socket| socket.peers),
        failed: now.failed,
        sockets,
    }
}

/// What waits in the node for room. Where it is busy, and no socket is full, it waits for the node.
fn held_in(node: &NodeSnapshot) -> u64 {
    let is_blocked = node.sockets.iter().any(|socket| socket.blocked);
    if node.status == NodeStatus::Busy && !is_blocked { 0 } else { node.waiting }
}

/// What waits for a socket, and for its peers outside the file. A link inside the file is counted
/// exactly; of a connection libzmq knows less than half the high-water mark not from nothing.
fn waiting(instance: &str, socket: &SocketSnapshot, links: &[LinkSnapshot]) -> u64 {
    let is_here = |port: &PortSnapshot| port.instance == instance && port.socket == socket.name;
    let told = |hwm: u32, queued: fn(&ConnectionSnapshot) -> u64| -> u64 {
        let connections = socket.connections.iter().flatten();
        connections.map(queued).filter(|queued| *queued >= u64::from(hwm.div_ceil(2))).sum()
    };
    let arriving: Vec<Option<u64>> =
        links.iter().filter(|link| is_here(&link.to)).map(|link| link.waiting).collect();
    let is_counted = !arriving.is_empty() && arriving.iter().all(Option::is_some);
    let inbound = if is_counted {
        arriving.into_iter().flatten().sum()
    } else {
        told(socket.hwm_receive, |one| one.inbound)
    };
    // What waits in a link is counted where it goes.
    let leaves = |link: &LinkSnapshot| is_here(&link.from) && link.waiting.is_some();
    let is_counted = links.iter().any(leaves);
    let outbound = if is_counted { 0 } else { told(socket.hwm_send, |one| one.outbound) };
    inbound + outbound
}

fn socket_row(
    before: &SocketSnapshot,
    now: &SocketSnapshot,
    waiting: u64,
    interval: f64,
) -> SocketRow {
    let connections = now.connections.as_ref();
    let blocked = now.blocked_seconds - before.blocked_seconds;
    SocketRow {
        name: now.name.clone(),
        role: now.role.clone(),
        messages_in: now.messages_in,
        messages_out: now.messages_out,
        in_per_second: per_second(before.messages_in, now.messages_in, interval),
        out_per_second: per_second(before.messages_out, now.messages_out, interval),
        waiting,
        outbound: connections.map(|all| all.iter().map(|one| one.outbound).sum()),
        inbound: connections.map(|all| all.iter().map(|one| one.inbound).sum()),
        blocked: if interval > 0.0 { (blocked / interval).clamp(0.0, 1.0) } else { 0.0 },
        dropped: now.dropped.total(),
        dropped_per_second: per_second(before.dropped.total(), now.dropped.total(), interval),
        peers: now.peers,
        is_full: connections.into_iter().flatten().any(|one| {
            let at = |hwm: u32, queued| hwm > 0 && queued >= u64::from(hwm);
            at(now.hwm_send, one.outbound) || at(now.hwm_receive, one.inbound)
        }),
        is_of_program: false,
    }
}

/// The part of the time that an instance's handlers took; one that has been in a handler all along
/// has told of none.
fn busy(before: Option<&NodeSnapshot>, now: &NodeSnapshot, interval: f64) -> f64 {
    let (calls_before, sum_before) =
        before.map_or((0, 0.0), |node| (node.handler.count, node.handler.sum));
    let (calls, sum) = (now.handler.count, now.handler.sum);
    let both_busy =
        [before, Some(now)].iter().all(|node| node.is_some_and(|it| it.status == NodeStatus::Busy));
    if calls == calls_before && both_busy {
        1.0
    } else if interval > 0.0 && calls >= calls_before {
        ((sum - sum_before) / interval).clamp(0.0, 1.0)
    } else {
        0.0
    }
}

fn per_second(before: u64, now: u64, interval: f64) -> f64 {
    if interval > 0.0 { now.saturating_sub(before) as f64 / interval } else { 0.0 }
}

/// The calls that came after the first moment; one that counts from anew has only those.
fn difference(before: &Histogram, now: &Histogram) -> Histogram {
    if before.count > now.count || before.buckets.len() != now.buckets.len() {
        return now.clone();
    }
    let mut calls = now.clone();
    calls.count -= before.count;
    calls.sum = (calls.sum - before.sum).max(0.0);
    for (bucket, before) in calls.buckets.iter_mut().zip(&before.buckets) {
        bucket.count = bucket.count.saturating_sub(before.count);
    }
    calls
}

/// The least bound of a bucket that 99 of 100 calls are in; of slower ones, the last bound.
pub(super) fn p99(calls: &Histogram) -> Option<f64> {
    if calls.count == 0 {
        return None;
    }
    let wanted = calls.count - calls.count / 100;
    let bucket = calls.buckets.iter().find(|bucket| bucket.count >= wanted);
    bucket.or(calls.buckets.last()).map(|bucket| bucket.le)
}

fn joined(cells: &[String; COLUMNS.len()], widths: &[usize]) -> String {
    let padded = cells.iter().zip(widths).enumerate().map(|(at, (cell, &width))| {
        if at < TEXTS { format!("{cell:<width$}") } else { format!("{cell:>width$}") }
    });
    padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
}

/// A rate in few characters.
pub(in crate::cli) fn rate(rate: f64) -> String {
    match rate {
        0.0 => "0".to_owned(),
        small if small < 9.95 => format!("{small:.1}"),
        some if some < 9_999.5 => format!("{some:.0}"),
        many if many < 999_950.0 => format!("{:.1}k", many / 1e3),
        flood => format!("{:.2}M", flood / 1e6),
    }
}

/// A time in few characters.
pub(in crate::cli) fn time(seconds: f64) -> String {
    match seconds {
        short if short < 1e-6 => format!("{:.0}ns", short * 1e9),
        some if some < 1e-3 => format!("{:.1}us", some * 1e6),
        long if long < 1.0 => format!("{:.1}ms", long * 1e3),
        slow => format!("{slow:.1}s"),
    }
}

/// How long something has been there, in few characters.
pub(super) fn uptime(seconds: f64) -> String {
    let all = seconds as u64;
    match (all / 3600, all / 60 % 60, all % 60) {
        (0, 0, seconds) => format!("{seconds}s"),
        (0, minutes, seconds) => format!("{minutes}m{seconds:02}s"),
        (hours, minutes, _) => format!("{hours}h{minutes:02}m"),
    }
}

#[cfg(test)]
mod tests;
