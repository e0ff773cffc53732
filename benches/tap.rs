//! What a tap costs a node that is never idle: `cargo bench --bench tap`.
//!
//! A feed, a gate and a sink over inproc in one run; the rate is the gate's. Without a tap, with
//! one, with one that has a filter, in turn, seven times; medians. Whoever compares wants a quiet
//! machine.
#![allow(clippy::print_stdout, reason = "a benchmark prints what it measured")]
#![allow(clippy::unwrap_used, reason = "a benchmark that cannot run has nothing to say")]

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

const ROUNDS: usize = 7;
const SETTLE: Duration = Duration::from_millis(500);
const MEASURE: Duration = Duration::from_millis(1500);

/// What may look at the gate.
const LOOKS: [(&str, &[&str]); 3] = [
    ("no tap", &[]),
    ("a tap", &["tap", "bench", "gate"]),
    ("a tap with a filter", &["tap", "bench", "gate", "--filter", "msg.msgid == 1001"]),
];

fn main() {
    for (what, way) in [
        ("native forward", "forward: {in: out}"),
        ("a handler", "on_message: 'if msg.msgid == 1000 { msg }'"),
    ] {
        let folder = tempfile::TempDir::with_prefix("zrig-bench-").unwrap();
        let body = "x".repeat(100);
        fs::write(folder.path().join("lines.txt"), format!("{body}\n").repeat(1000)).unwrap();
        fs::write(folder.path().join("bench.yaml"), topology(way)).unwrap();
        let file = folder.path().join("bench.yaml");
        let run = zrig(folder.path(), &["run", &file.display().to_string(), "--no-watch"]);
        std::thread::sleep(Duration::from_secs(2));
        let mut rates = [const { Vec::new() }; LOOKS.len()];
        for _ in 0..ROUNDS {
            for (rates, (_, arguments)) in rates.iter_mut().zip(LOOKS) {
                let tap = (!arguments.is_empty()).then(|| zrig(folder.path(), arguments));
                std::thread::sleep(SETTLE);
                rates.push(rate(folder.path()));
                drop(tap);
            }
        }
        drop(run);
        println!("{what}:");
        let free = median(&rates[0]);
        for ((name, _), rates) in LOOKS.iter().zip(&rates) {
            let rate = median(rates);
            let cost = (1.0 - rate / free) * 100.0;
            println!("  {name:20} {rate:>12.0} messages/s  {cost:>5.1} % less");
        }
    }
}

fn topology(way: &str) -> String {
    format!(
        "
nodes:
  feed: {{role: push, bind: 'inproc://in', format: msgid, read: {{file: lines.txt, repeat: true}}}}
  gate:
    sockets:
      in: {{role: pull, connect: 'inproc://in', format: msgid}}
      out: {{role: push, bind: 'inproc://out', format: msgid}}
    {way}
  sink: {{role: pull, connect: 'inproc://out', format: msgid}}
"
    )
}

/// Messages that the gate sends in a second.
fn rate(folder: &Path) -> f64 {
    let begun = Instant::now();
    let before = sent(folder);
    std::thread::sleep(MEASURE);
    let sent = sent(folder) - before;
    sent / begun.elapsed().as_secs_f64()
}

fn sent(folder: &Path) -> f64 {
    let output = Command::new(env!("CARGO_BIN_EXE_zrig"))
        .args(["top", "bench", "--once", "--interval", "50ms", "--format", "json"])
        .env("XDG_RUNTIME_DIR", folder)
        .output()
        .unwrap();
    let table: Value = serde_json::from_slice(&output.stdout).unwrap();
    let rows = table["nodes"].as_array().unwrap();
    let gate = rows.iter().find(|row| row["instance"] == "gate").unwrap();
    gate["messages_out"].as_f64().unwrap()
}

fn median(rates: &[f64]) -> f64 {
    let mut rates = rates.to_vec();
    rates.sort_by(f64::total_cmp);
    rates[rates.len() / 2]
}

/// A process that ends with its handle.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn zrig(folder: &Path, arguments: &[&str]) -> Process {
    let child = Command::new(env!("CARGO_BIN_EXE_zrig"))
        .args(arguments)
        .env("XDG_RUNTIME_DIR", folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::inherit())
        .spawn()
        .unwrap();
    Process(child)
}
