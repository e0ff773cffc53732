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
fn what_a_busy_node_sends_later_does_not_wait_for_room_and_the_node_is_shown_as_busy() {
    let desk = Desk::new();
    let run = desk.run(
        "
name: clerk
nodes:
  post: {role: push, bind: 'tcp://127.0.0.1:*', every: 10ms, on_tick: 'send(1)'}
  clerk:
    sockets:
      in: {role: pull, connect: post}
      out: {role: push, connect: tray}
    on_message: 'busy(\"1h\"); send(\"done\")'
  tray: {role: pull, bind: 'tcp://127.0.0.1:*', on_message: '()'}
",
    );
    eventually("the clerk is busy", || {
        let table = json(&desk.ask(["top", "clerk", "--once", "--format", "json"]).well());
        let rows = table["nodes"].as_array().unwrap();
        let clerk = rows.iter().find(|row| row["instance"] == "clerk").unwrap();
        let sockets = clerk["sockets"].as_array().unwrap();
        let queued: u64 = sockets.iter().map(|one| one["waiting"].as_u64().unwrap()).sum();
        assert!(clerk["status"] != "busy" || clerk["waiting"] == queued, "{clerk}");
        clerk["status"] == "busy" && queued > 0
    });
    run.stop();
}

/// What a person does at a terminal where `top` runs, and what became of it.
fn at_a_terminal(desk: &Desk, size: &str, steps: &[&str], top: &[&str]) -> Value {
    let output = Command::new("python3")
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/python/terminal.py"))
        .arg(size)
        .args(steps)
        .args(["--", env!("CARGO_BIN_EXE_zrig"), "top"])
        .args(top)
        .env("XDG_RUNTIME_DIR", desk.path())
        .env("TMPDIR", desk.path())
        .env("TERM", "xterm-256color")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    let said = json(&said);
    let screen = said["screen"].as_str().unwrap();
    assert_eq!(said["missed"], Value::Null, "{screen}");
    for fact in ["entered", "left", "mode restored", "fits"] {
        assert_eq!(said[fact], true, "{fact} of {steps:?}: {said}\n{screen}");
    }
    said
}

#[test]
fn a_terminal_is_given_back_on_every_key_that_leaves_and_on_signals() {
    let desk = Desk::new();
    let run = desk.run(MILL);
    for way in ["press:q", "press:\\x03", "press:\\x1b", "signal:TERM", "signal:HUP"] {
        let steps = ["see:NODE▲", "see:reader.2", way];
        let said = at_a_terminal(&desk, "100x20", &steps, &["mill", "--interval", "100ms"]);
        assert_eq!((&said["status"], &said["after"]), (&0.into(), &"".into()), "{way}: {said}");
    }
    run.stop();
}

#[test]
fn a_person_sorts_seeks_unfolds_and_looks_at_messages_and_the_log() {
    let desk = Desk::new();
    let clock =
        "{role: pub, bind: 'tcp://127.0.0.1:*', every: 50ms, on_tick: 'print(\"tick tock\")'}";
    let run = desk.run(&format!("{MILL}  clock: {clock}\n"));
    let steps = [
        "see:NODE▲",
        "press:o",
        "see:OUT/s▼",
        "press:n",
        "see:NODE▲",
        "press:\\x1b[H\\r",
        "see:▾ calm",
        "press:t",
        "see:messages of calm",
        "see:out  calm.pub",
        "press:\\x1b[B\\x1b[B",
        "press:l",
        "see:log of clock",
        "see:tick tock",
        "press:\\t",
        "see:▶─ log of clock",
        "press:\\x1b[A",
        "see:stands still",
        "press:\\x1b[F\\x1b",
        "gone:log of clock",
        "press:/READ",
        "see:/READ█",
        "gone:feed",
        "press:\\r",
        "see:only /READ",
        "press:\\x1b",
        "see:feed",
        "press:?",
        "see:sort by name",
        "press:x",
        "see:feed",
        // A window that becomes small, and large again.
        "size:40x8",
        "gone:BLOCKED",
        "see:WAITING",
        "keep:narrow",
        "size:20x2",
        "size:100x24",
        "see:BLOCKED",
        "press:q",
    ];
    let said = at_a_terminal(&desk, "100x24", &steps, &["mill", "--interval", "100ms"]);
    assert_eq!(said["status"], 0);
    let narrow = said["kept"]["narrow"].as_str().unwrap();
    assert!(narrow.lines().all(|line| line.chars().count() <= 40), "{narrow}");
    run.stop();
}

#[test]
fn a_run_that_stands_still_ends_or_comes_back_is_said_to() {
    let desk = Desk::new();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mill.yaml");
    std::fs::write(&file, MILL).unwrap();
    let run = desk.start(Zrig::file(&file));
    let pid = run.id().to_string();
    let again = format!(
        "XDG_RUNTIME_DIR={} {} run {} --for 15s --log off &",
        desk.path().display(),
        env!("CARGO_BIN_EXE_zrig"),
        file.display()
    );
    let steps = [
        "see:NODE▲".to_owned(),
        format!("stop:{pid}"),
        "see:NO ANSWER".to_owned(),
        format!("cont:{pid}"),
        "gone:NO ANSWER".to_owned(),
        format!("run:kill -TERM {pid}"),
        "see:GONE".to_owned(),
        "see:the run is over".to_owned(),
        format!("run:{again}"),
        "see:BACK".to_owned(),
        "press:q".to_owned(),
    ];
    let steps: Vec<&str> = steps.iter().map(String::as_str).collect();
    let said = at_a_terminal(&desk, "100x20", &steps, &["mill", "--interval", "100ms"]);
    assert_eq!(said["status"], 0);
    drop(run);
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
