//! What a run does now, in the few words that a picture has room for.
//!
//! Owns the words of `--live`. Never draws.

use std::path::PathBuf;
use std::time::Duration;

use super::super::top::{Figures, Row, SocketRow, Table, rate, time};
use crate::control::Failed;
use crate::graph::{Live, Picture};
use crate::listing::counted;

/// The time that the rates are of.
const INTERVAL: Duration = Duration::from_secs(1);
/// The part of the time that handlers take from which on what waits is waiting for them.
const SLOW: f64 = 0.8;

/// What a run does.
pub(super) struct Now {
    /// Its file.
    pub(super) file: PathBuf,
    /// The place of it that runs, where it is one.
    pub(super) place: Option<String>,
    /// When, as a sentence.
    pub(super) when: String,
    table: Table,
}

/// Looks at a run for a second.
pub(super) fn look(run: &str) -> Result<Now, Failed> {
    let mut figures = Figures::open(run)?;
    let before = figures.take()?;
    std::thread::sleep(INTERVAL);
    let now = figures.take()?;
    let when = format!(
        "Live, generation {}, {:.0} s after the start; rates are of one second.",
        now.generation, now.seconds
    );
    let table = Table::between(&before, &now);
    Ok(Now { file: now.file, place: now.place, when, table })
}

impl Now {
    /// What the boxes of a picture do, all copies of all nodes of one together.
    pub(super) fn boxes(&self, picture: &Picture) -> Vec<Live> {
        let live_box = |members: &[String], name: &str| {
            let is_member = |row: &&Row| members.contains(&row.node);
            let mut rows: Vec<&Row> = self.table.nodes.iter().filter(is_member).collect();
            rows.sort_by(|a, b| a.instance.cmp(&b.instance));
            let busiest = rows.iter().max_by(|a, b| a.handler_busy.total_cmp(&b.handler_busy));
            (!rows.is_empty()).then(|| live(name, &rows, busiest.and_then(|row| slow(row))))
        };
        picture.boxes.iter().filter_map(|node| live_box(node.members(), &node.name)).collect()
    }
}

/// `handler busy 97 %, 2.1ms a call`
fn slow(row: &Row) -> Option<String> {
    let busy = row.handler_busy;
    if busy < SLOW {
        return None;
    }
    let each = row.handler_mean.map(|mean| format!(", {} a call", time(mean)));
    Some(format!("handler busy {:.0} %{}", busy * 100.0, each.unwrap_or_default()))
}

/// All copies together.
fn live(node: &str, rows: &[&Row], slow: Option<String>) -> Live {
    let sockets = rows.first().map_or(0, |row| row.sockets.len());
    let flow = (0..sockets).map(|at| {
        let copies: Vec<&SocketRow> = rows.iter().filter_map(|row| row.sockets.get(at)).collect();
        flow(&copies, sockets > 1)
    });
    Live { node: node.to_owned(), flow: flow.collect(), trouble: trouble(rows), slow }
}

/// `out: 1.2k/s out, 3 peers`
fn flow(copies: &[&SocketRow], is_named: bool) -> String {
    if copies.iter().any(|socket| socket.is_of_program) {
        let name = copies.first().filter(|_| is_named).map(|socket| format!("{}: ", socket.name));
        return format!("{}known to the program alone", name.unwrap_or_default());
    }
    let sum = |of: fn(&SocketRow) -> f64| copies.iter().map(|socket| of(socket)).sum::<f64>();
    let (received, sent) = (sum(|one| one.in_per_second), sum(|one| one.out_per_second));
    let peers: u64 = copies.iter().map(|socket| socket.peers).sum();
    let mut parts = Vec::new();
    if received > 0.0 {
        parts.push(format!("{}/s in", rate(received)));
    }
    if sent > 0.0 {
        parts.push(format!("{}/s out", rate(sent)));
    }
    if parts.is_empty() {
        parts.push("idle".to_owned());
    }
    if peers > 0 {
        parts.push(counted(peers, "peer"));
    }
    let name = copies.first().filter(|_| is_named).map(|socket| format!("{}: ", socket.name));
    format!("{}{}", name.unwrap_or_default(), parts.join(", "))
}

fn trouble(rows: &[&Row]) -> Option<String> {
    let waiting: u64 = rows.iter().map(|row| row.waiting).sum();
    let dropped: u64 = rows.iter().map(|row| row.dropped).sum();
    let blocked = rows.iter().map(|row| row.blocked).fold(0.0, f64::max);
    let mut parts = Vec::new();
    if waiting > 0 {
        parts.push(format!("{waiting} waiting"));
    }
    if blocked >= 0.005 {
        parts.push(format!("blocked {:.0} %", blocked * 100.0));
    }
    if dropped > 0 {
        parts.push(format!("{dropped} dropped"));
    }
    (!parts.is_empty()).then(|| parts.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_are_one_node_and_calm_has_no_words() {
        let socket = |rate| SocketRow {
            name: "in".into(),
            in_per_second: rate,
            peers: 1,
            ..SocketRow::default()
        };
        let row = |rate, dropped, blocked| Row {
            dropped,
            blocked,
            sockets: vec![socket(rate)],
            ..Row::default()
        };
        let (one, two) = (row(40.0, 0, 0.0), row(2.0, 3, 0.25));
        let both = live("worker", &[&one, &two], None);
        assert_eq!(both.flow, ["42/s in, 2 peers"]);
        assert_eq!(both.trouble.as_deref(), Some("blocked 25 %, 3 dropped"));
        assert_eq!(live("worker", &[&one], None).trouble, None);
        let idle = row(0.0, 0, 0.0);
        assert_eq!(live("worker", &[&idle], None).flow, ["idle, 1 peer"]);
    }

    #[test]
    fn a_handler_that_takes_nearly_all_the_time_is_named() {
        let row = |handler_busy| Row { handler_mean: Some(0.0021), handler_busy, ..Row::default() };
        assert_eq!(slow(&row(0.97)).as_deref(), Some("handler busy 97 %, 2.1ms a call"));
        assert_eq!(slow(&row(0.5)), None);
    }
}
