//! What `zrig top` shows, to a script and on a terminal.

use std::process::Command;

use serde_json::Value;

use crate::client::Desk;
use crate::support::{Zrig, eventually, free_port};

const MILL: &str = "
name: mill
nodes:
  feed:
    role: push
    bind: tcp://127.0.0.1:*
    hwm: 50
    every: 1ms
    on_start: this.text = \"\"; this.text.pad(5000, \"x\")
    on_tick: for n in 0..50 { send(this.text) }
  mill: {role: pull, connect: feed, hwm: 10, on_message: 'let n = 0; while n < 3000 { n += 1 }'}
  calm: {role: pub, bind: 'tcp://127.0.0.1:*', every: 100ms, on_tick: 'publish(1000, 1)'}
  reader: {role: sub, connect: calm, msgids: [1000], on_message: '()', replicas: 2}
";

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[test]
fn what_hurts_comes_first_and_every_link_adds_up() {
    let desk = Desk::new();
    let run = desk.run(MILL);
    eventually("the feed is blocked", || {
        let table = json(&desk.ask(["top", "mill", "--once", "--format", "json"]).well());
        assert_eq!(table["topology"], "mill");
        let rows = table["nodes"].as_array().unwrap();
        assert_eq!(rows.len(), 5);
        for row in rows {
            let sockets = row["sockets"].as_array().unwrap();
            for figure in ["messages_in", "messages_out", "dropped", "peers"] {
                let sum: u64 = sockets.iter().map(|one| one[figure].as_u64().unwrap()).sum();
                assert_eq!(row[figure], sum, "{figure} of {row}");
            }
        }
        for link in table["links"].as_array().unwrap() {
            let [sent, received, dropped, waiting] =
                ["sent", "received", "dropped", "waiting"].map(|name| link[name].as_u64());
            if let (Some(sent), Some(received)) = (sent, received) {
                assert_eq!(
                    Some(sent),
                    dropped.zip(waiting).map(|(lost, waits)| received + lost + waits),
                    "{link}"
                );
            }
        }
        rows[0]["instance"] == "feed"
            && rows[0]["blocked"].as_f64().unwrap() > 0.2
            && rows[0]["out_per_second"].as_f64().unwrap() > 0.0
            && rows.iter().any(|row| row["instance"] == "mill" && row["handler_mean"].is_f64())
    });
    let text = desk.ask(["top", "mill", "--once", "--interval", "200ms"]).well();
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[0].starts_with("mill  generation 1  up "), "{text}");
    assert!(lines[1].starts_with("NODE ") && lines[1].ends_with("PEERS  FAILED"), "{text}");
    assert_eq!(lines.len(), 7, "{text}");
    desk.ask(["top", "nobody", "--once"]).fails(2, ["no run of nobody"]);
    run.stop();
}

#[test]
fn figures_come_from_the_address_of_metrics_too() {
    let desk = Desk::new();
    let port = free_port();
    let address = format!("127.0.0.1:{port}");
    let run = desk.start(Zrig::of(MILL).arguments(["--metrics", &address]));
    let arguments = ["top", &address, "--once", "--format", "json", "--interval", "100ms"];
    let table = json(&desk.ask(arguments).well());
    assert_eq!((&table["topology"], table["nodes"].as_array().unwrap().len()), (&"mill".into(), 5));
    run.stop();
    desk.ask(arguments).fails(1, [&address]);
}

#[test]
fn without_a_terminal_table_follows_table_until_the_run_is_over() {
    let desk = Desk::new();
    let run = desk.run(MILL);
    let top = crate::client::Follower::of(&mut desk.command(["top", "mill", "--interval", "50ms"]));
    let out = top.out.as_ref().unwrap();
    out.count(crate::support::PATIENCE, "generation 1", 3).unwrap();
    run.stop();
    let (status, lines) = top.ends();
    assert_eq!(status, Some(0));
    assert!(!lines.iter().any(|line| line.contains('\x1b')), "no colours and no cursor in a pipe");
}

#[test]
fn a_terminal_shows_it_anew_and_is_given_back_on_q_and_on_a_signal() {
    let desk = Desk::new();
    let run = desk.run(MILL);
    for way in ["q", "\x03", "TERM"] {
        let output = Command::new("python3")
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/python/terminal.py"))
            .args([way, env!("CARGO_BIN_EXE_zrig"), "top", "mill", "--interval", "100ms"])
            .env("XDG_RUNTIME_DIR", desk.path())
            .env("TMPDIR", desk.path())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{way:?}: {said}\n{errors}");
        let said = json(&said);
        assert_eq!(said["status"], 0, "{way:?}: {said}");
        for fact in ["entered", "tables", "left", "mode restored", "fits"] {
            assert_eq!(said[fact], true, "{way:?}: {fact} of {said}");
        }
    }
    run.stop();
}

#[test]
fn a_picture_shows_what_a_run_does() {
    let desk = Desk::new();
    let run = desk.run(MILL);
    eventually("the feed is blocked", || {
        let text = desk.ask(["graph", "--live", "mill"]).well();
        assert!(text.contains("Live, generation 1, "), "{text}");
        assert!(text.contains("reader ×2  (") && text.contains("/s in, 2 peers"), "{text}");
        assert!(!text.contains("inline handlers"), "{text}");
        // The mill is what the feed waits for.
        let mill = text.lines().find(|line| line.starts_with("mill  (")).unwrap_or_default();
        text.contains("hwm 50")
            && text.contains("/s out, 1 peer; ")
            && text.contains("blocked ")
            && mill.contains("handler busy ")
    });
    let svg = desk.ask(["graph", "--live", "mill", "--format", "svg"]).well();
    roxmltree::Document::parse(&svg).unwrap();
    assert!(svg.contains("/s out, 1 peer</text>"), "{svg}");
    assert!(svg.contains("handler busy "), "{svg}");
    let known = desk.ask(["graph", "--live", "mill", "--open", "mill,all"]).well();
    assert!(known.contains("mill"), "{known}");
    let unknown = ["graph", "--live", "mill", "--open", "many"];
    desk.ask(unknown).fails(2, ["no group many", "no nodes are shown as one here"]);
    desk.ask(["graph", "--live", "nobody"]).fails(2, ["no run of nobody"]);
    run.stop();
}
