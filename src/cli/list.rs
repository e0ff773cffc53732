//! `zrig list`: what runs here, and which of its nodes hurt.
//!
//! Owns the arguments of `list`, and what counts as hurting. Finding runs is `control`'s.

use std::io::{self, Write};
use std::process::ExitCode;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use chrono::{DateTime, Local};
use clap::{Args, ValueEnum};
use serde::Serialize;

use super::output::aside;
use crate::clock::since_epoch;
use crate::control::{Client, Reply, Request, Running, running};
use crate::listing::thousands;
use crate::snapshot::{NodeSnapshot, NodeStatus, Snapshot};
use crate::visible::{visible, visible_lines};

/// How long a run may take to tell its figures.
const PATIENCE: Duration = Duration::from_secs(5);

/// List what runs here: name, process, since when, file, and the nodes that hurt
#[derive(Args, Debug)]
pub(super) struct ListArguments {
    /// How it is printed
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// How runs are printed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
enum Format {
    /// A table for a person
    Text,
    /// One JSON object a line, one a run
    Json,
}

/// A run.
#[derive(Serialize)]
struct Run {
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    place: Option<String>,
    process: u32,
    file: String,
    generation: u64,
    /// When it began, in seconds since the epoch; none where it did not tell.
    since: Option<f64>,
    nodes: usize,
    /// Those that hurt; none where it did not tell.
    hurting: Option<Vec<Hurting>>,
}

/// A node that hurts.
#[derive(PartialEq, Debug, Serialize)]
struct Hurting {
    node: String,
    status: String,
    /// A sentence each.
    why: Vec<String>,
}

impl ListArguments {
    /// Prints what runs.
    ///
    /// # Errors
    ///
    /// When the result cannot be written.
    pub(super) fn run(&self) -> io::Result<ExitCode> {
        let Running { clients, silent, barred } = running();
        let runs: Vec<Run> = clients.into_iter().map(Run::of).collect();
        let mut out = io::stdout().lock();
        match self.format {
            Format::Text if runs.is_empty() && silent.is_empty() => {
                writeln!(out, "nothing runs; `zrig run FILE` starts a topology")?;
            }
            Format::Text => out.write_all(table(&runs, &silent).as_bytes())?,
            Format::Json => {
                for run in &runs {
                    writeln!(out, "{}", serde_json::to_string(run)?)?;
                }
                for process in &silent {
                    writeln!(out, "{}", serde_json::json!({"process": process, "silent": true}))?;
                }
            }
        }
        for why in barred {
            aside(&format!("not looked at, where a run may be: {}", visible_lines(&why)));
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl Run {
    /// What a run tells of itself.
    fn of(mut client: Client) -> Self {
        let asked = client.ask(&Request::Figures);
        let figures = asked.and_then(|()| client.next(Some(PATIENCE)));
        let hello = client.hello;
        let figures = match figures {
            Ok(Some(Reply::Figures(figures))) => Some(figures),
            _ => None,
        };
        let now = since_epoch(SystemTime::now());
        Self {
            name: hello.name,
            place: hello.place,
            process: hello.pid,
            file: hello.file,
            generation: hello.generation,
            since: figures.as_ref().map(|figures| now.as_secs_f64() - figures.seconds),
            nodes: hello.nodes.len(),
            hurting: figures.map(|figures| hurting(&figures)),
        }
    }

    /// `weather`, or `weather@edge`: what the other commands take.
    fn title(&self) -> String {
        match &self.place {
            Some(place) => format!("{}@{place}", self.name),
            None => self.name.clone(),
        }
    }

    /// What is said of its nodes in a line of the table.
    fn health(&self) -> String {
        match self.hurting.as_deref() {
            None => "it does not tell".to_owned(),
            Some([]) => "well".to_owned(),
            Some([_]) => "1 hurts".to_owned(),
            Some(several) => format!("{} hurt", several.len()),
        }
    }
}

/// The nodes of a run that fail, drop or are blocked, with the reasons.
fn hurting(figures: &Snapshot) -> Vec<Hurting> {
    let told = figures.nodes.iter().map(|node| Hurting {
        node: node.instance.clone(),
        status: node.status.word().to_owned(),
        why: complaints(node),
    });
    told.filter(|node| !node.why.is_empty()).collect()
}

/// What hurts a node.
fn complaints(node: &NodeSnapshot) -> Vec<String> {
    let mut why = Vec::new();
    match node.status {
        NodeStatus::Failed => why.push("it has ended although nobody stopped it".to_owned()),
        NodeStatus::Exited => why.push("its program has exited and is left so".to_owned()),
        NodeStatus::Resting => why.push("it waits to start anew after a failure".to_owned()),
        NodeStatus::Busy
        | NodeStatus::Attaching
        | NodeStatus::Running
        | NodeStatus::Held
        | NodeStatus::Stopping => {}
    }
    match node.failed {
        0 => {}
        1 => why.push("a handler failed".to_owned()),
        times => why.push(format!("handlers failed {} times", thousands(times))),
    }
    for socket in &node.sockets {
        let reasons = socket.dropped.by_reason();
        for (reason, count) in reasons.into_iter().filter(|(_, count)| *count > 0) {
            why.push(format!("{} dropped {} ({reason})", socket.name, thousands(count)));
        }
        if socket.blocked {
            why.push(format!("{} is blocked: no peer has room", socket.name));
        }
        if socket.handshakes_failed > 0 {
            let times = thousands(socket.handshakes_failed);
            why.push(format!("{} let nobody in: {times} handshakes failed", socket.name));
        }
    }
    why
}

/// A table of what runs, and below each run the nodes that hurt.
fn table(runs: &[Run], silent: &[u32]) -> String {
    let mut rows =
        vec![["RUN", "PROCESS", "SINCE", "GENERATION", "NODES", "FILE"].map(String::from)];
    rows.extend(runs.iter().map(|run| {
        [
            visible(&run.title()).to_string(),
            run.process.to_string(),
            run.since.map_or_else(|| "?".to_owned(), moment),
            run.generation.to_string(),
            format!("{}, {}", run.nodes, run.health()),
            visible(&run.file).to_string(),
        ]
    }));
    let widths: Vec<usize> = (0..rows[0].len())
        .map(|column| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0))
        .collect();
    let mut text = String::new();
    for (at, row) in rows.iter().enumerate() {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
        text.push_str(cells.collect::<Vec<_>>().join("  ").trim_end());
        text.push('\n');
        let run = at.checked_sub(1).and_then(|at| runs.get(at));
        for node in run.and_then(|run| run.hurting.as_deref()).unwrap_or_default() {
            let (name, why) = (visible(&node.node), node.why.join("; "));
            text.push_str(&format!("  {name} ({}): {}\n", node.status, visible(&why)));
        }
    }
    for process in silent {
        text.push_str(&format!("process {process} has a control socket and does not answer\n"));
    }
    text
}

/// A moment of the clock on the wall.
fn moment(since: f64) -> String {
    let at = Duration::try_from_secs_f64(since).unwrap_or_default();
    DateTime::<Local>::from(UNIX_EPOCH + at).format("%Y-%m-%d %H:%M:%S").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snapshot::{Dropped, SocketSnapshot};

    fn node(name: &str, status: NodeStatus) -> NodeSnapshot {
        let sockets = vec![SocketSnapshot { name: "out".to_owned(), ..Default::default() }];
        NodeSnapshot { instance: name.to_owned(), status, sockets, ..Default::default() }
    }

    #[test]
    fn a_node_hurts_that_fails_drops_or_is_blocked_and_no_other() {
        let mut nodes = Vec::new();
        for status in NodeStatus::ALL {
            nodes.push(node(status.word(), status));
        }
        let mut drops = node("drops", NodeStatus::Running);
        drops.sockets[0].dropped = Dropped { full: 1200, malformed: 2, ..Dropped::default() };
        drops.failed = 3;
        let mut stuck = node("stuck", NodeStatus::Running);
        stuck.sockets[0].blocked = true;
        stuck.sockets[0].handshakes_failed = 1;
        nodes.extend([drops, stuck]);
        let found = hurting(&Snapshot { nodes, ..Snapshot::default() });
        let told = found.iter().map(|one| format!("{}: {}", one.node, one.why.join("; ")));
        assert_eq!(
            told.collect::<Vec<_>>(),
            [
                "resting: it waits to start anew after a failure",
                "exited: its program has exited and is left so",
                "failed: it has ended although nobody stopped it",
                "drops: handlers failed 3 times; out dropped 1,200 (full); out dropped 2 (malformed)",
                "stuck: out is blocked: no peer has room; out let nobody in: 1 handshakes failed",
            ]
        );
    }

    #[test]
    fn the_table_has_a_line_a_run_and_one_a_node_that_hurts() {
        let run = |name: &str, hurting| Run {
            name: name.to_owned(),
            place: (name == "far").then(|| "edge".to_owned()),
            process: 7,
            file: "/a b/x.yaml".to_owned(),
            generation: 3,
            since: None,
            nodes: 2,
            hurting,
        };
        let hurts = Hurting { node: "a.1".into(), status: "running".into(), why: vec!["x".into()] };
        let runs = [run("near", Some(vec![])), run("far", Some(vec![hurts])), run("mute", None)];
        let want = "\
RUN       PROCESS  SINCE  GENERATION  NODES                FILE
near      7        ?      3           2, well              /a b/x.yaml
far@edge  7        ?      3           2, 1 hurts           /a b/x.yaml
  a.1 (running): x
mute      7        ?      3           2, it does not tell  /a b/x.yaml
process 9 has a control socket and does not answer
";
        assert_eq!(table(&runs, &[9]), want);
    }
}
