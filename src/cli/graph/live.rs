//! What a run does now, in the few words that a picture has room for.
//!
//! Owns the words of `--live`. Never draws.

use std::path::PathBuf;
use std::time::Duration;

use super::super::top::{Figures, Row, SocketRow, Table, rate};
use crate::control::Failed;
use crate::graph::Live;

/// The time that the rates are of.
const INTERVAL: Duration = Duration::from_secs(1);

/// What a run does.
pub(super) struct Now {
    /// Its file.
    pub(super) file: PathBuf,
    /// Its nodes.
    pub(super) nodes: Vec<Live>,
    /// When, as a sentence.
    pub(super) when: String,
}

/// Looks at a run for a second.
pub(super) fn look(run: &str) -> Result<Now, Failed> {
    let mut figures = Figures::open(run)?;
    let before = figures.take()?;
    std::thread::sleep(INTERVAL);
    let now = figures.take()?;
    let table = Table::between(&before, &now);
    let when = format!(
        "Live, generation {}, {:.0} s after the start; rates are of one second.",
        now.generation, now.seconds
    );
    let mut names: Vec<&str> = now.nodes.iter().map(|node| node.node.as_str()).collect();
    names.dedup();
    let rows = |name: &str| -> Vec<&Row> {
        let mut rows: Vec<&Row> = table.nodes.iter().filter(|row| row.node == name).collect();
        rows.sort_by(|a, b| a.instance.cmp(&b.instance));
        rows
    };
    let nodes = names.iter().map(|name| live(name, &rows(name))).collect();
    Ok(Now { file: now.file, nodes, when })
}

/// All copies of a node together.
fn live(node: &str, rows: &[&Row]) -> Live {
    let sockets = rows.first().map_or(0, |row| row.sockets.len());
    let flow = (0..sockets).map(|at| {
        let copies: Vec<&SocketRow> = rows.iter().filter_map(|row| row.sockets.get(at)).collect();
        flow(&copies, sockets > 1)
    });
    Live { node: node.to_owned(), flow: flow.collect(), trouble: trouble(rows) }
}

/// `out: 1.2k/s out, 3 peers`
fn flow(copies: &[&SocketRow], is_named: bool) -> String {
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
        parts.push(format!("{peers} peer{}", if peers == 1 { "" } else { "s" }));
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
        let both = live("worker", &[&one, &two]);
        assert_eq!(both.flow, ["42/s in, 2 peers"]);
        assert_eq!(both.trouble.as_deref(), Some("blocked 25 %, 3 dropped"));
        assert_eq!(live("worker", &[&one]).trouble, None);
        let idle = row(0.0, 0, 0.0);
        assert_eq!(live("worker", &[&idle]).flow, ["idle, 1 peer"]);
    }
}
