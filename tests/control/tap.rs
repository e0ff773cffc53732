//! What a tap shows, what it leaves out, and that it costs the run nothing but what it says.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;

use serde_json::{Value, json};

use crate::client::{Desk, Follower};
use crate::support::{PATIENCE, Peer, Zrig, eventually, free_port, free_ports};

/// Waits until a tap is on: messages are sent until it shows one.
fn on(desk: &Desk, node: &str, tap: &Follower) {
    eventually("the tap is on", || {
        desk.ask(["send", "t", node, "are you there"]);
        tap.out.as_ref().unwrap().all().iter().any(|line| line.contains("are you there"))
    });
}

#[test]
fn a_tap_shows_text_json_bytes_and_several_frames_of_other_programs() {
    let desk = Desk::new();
    let [pull, router, publish] = free_ports();
    let run = desk.run(&format!(
        "
name: t
nodes:
  mill: {{role: pull, bind: {pull}}}
  desk: {{role: router, bind: {router}, on_message: '[\"got\", msg.text]'}}
  news: {{role: pub, bind: {publish}}}
"
    ));
    let tap = desk.tap(["t", "mill", "--format", "json"]);
    on(&desk, "mill", &tap);
    // text, {"a":1}, ff00, [a, "", fe]
    let _peer = Peer::frames(&format!("push {pull} 746578 7b2261223a317d ff00 61,,fe"));
    for (body, frames, bytes) in [
        (json!("tex"), Value::Null, 3),
        (json!("{\"a\":1}"), Value::Null, 7),
        (json!({"hex": "ff00"}), Value::Null, 2),
        (Value::Null, json!(["a", "", {"hex": "fe"}]), 2),
    ] {
        let shown = tap.shows_json(|one| one["body"] == body && one["frames"] == frames);
        assert_eq!(shown["bytes"], bytes, "{shown}");
        assert_eq!((&shown["direction"], &shown["node"]), (&json!("in"), &json!("mill")));
        assert!(shown["time"].as_f64().is_some_and(|time| time > 1.7e9), "{shown}");
    }

    let tap = desk.tap(["t", "desk", "--format", "json"]);
    eventually("the tap is on", || {
        desk.ask(["call", "t", "desk", "are you there"]).well();
        !tap.out.as_ref().unwrap().all().is_empty()
    });
    let client = Peer::frames(&format!("dealer {router} 6869 --id me"));
    client.says("got 676f74,6869");
    let asked = tap.shows_json(|one| one["peer"] == "me" && one["direction"] == "in");
    assert_eq!(asked["body"], "hi");
    let told = tap.shows_json(|one| one["peer"] == "me" && one["direction"] == "out");
    assert_eq!(told["frames"], json!(["got", "hi"]));

    let tap = desk.tap(["t", "news.pub"]);
    on(&desk, "news", &tap);
    let peer = Peer::frames(&format!("sub {publish}"));
    eventually("a subscriber", || {
        desk.ask(["send", "t", "news", "{\"city\": \"Oslo\"}", "--json", "--msgid", "7"]).well();
        tap.out.as_ref().unwrap().all().last().is_some_and(|line| line.contains("Oslo"))
    });
    peer.says("got 37206a736f6e207b2263697479223a224f736c6f227d");
    let line = tap.shows("Oslo");
    assert!(line.ends_with("  out  news.pub  7 json {\"city\":\"Oslo\"}"), "{line}");
    run.stop();
}

#[test]
fn a_filter_shows_exactly_what_it_is_true_of() {
    let desk = Desk::new();
    let port = free_port();
    let run = desk.run(&format!(
        "
name: t
nodes:
  display: {{role: sub, connect: {port}, msgids: [1000, 1001]}}
  ghost: {{role: pub, bind: {port}}}
"
    ));
    let ask = |filter: &str| desk.ask(["tap", "t", "display", "--filter", filter]);
    ask("msg.msgid ==").fails(2, ["filter:1:"]);
    ask("msg.msgid == 1 &&\n  mgs.body == 2").fails(2, ["filter:2:3", "mgs"]);
    for (filter, place) in [
        ("msg.msgid = 1000", "filter:1:11"),
        ("msg.msgid == 1000 && msg.body.n = 2", "filter:1:33"),
        ("(msg.body.n = 2) || true", "filter:1:13"),
    ] {
        ask(filter).fails(2, [place, "`=` sets something; two values are compared by `==`"]);
    }
    ask("msg.messageid == 1").fails(2, ["filter:1:5", "a message has no messageid"]);
    let tap = desk.tap([
        "t",
        "display",
        "--filter",
        "msg.msgid == 1000 && msg.body.n % 2 == 1",
        "--count",
        "3",
        "--format",
        "json",
    ]);
    let failing = desk.tap(["t", "display", "--filter", "msg.body.n"]);
    let mut n = 0;
    let mut publish = || {
        n += 1;
        let body = format!("{{\"n\": {n}}}");
        for msgid in ["1000", "1001"] {
            desk.ask(["send", "t", "ghost", &body, "--json", "--msgid", msgid]).well();
        }
    };
    eventually("three that fit", || {
        publish();
        tap.out.as_ref().unwrap().all().len() == 3
    });
    let (status, lines) = tap.ends();
    assert_eq!(status, Some(0));
    let shown: Vec<i64> = lines
        .iter()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .inspect(|one| assert_eq!(one["msgid"], 1000))
        .map(|one| one["body"]["n"].as_i64().unwrap())
        .collect();
    assert!(shown.windows(2).all(|pair| pair[1] == pair[0] + 2) && shown[0] % 2 == 1, "{shown:?}");
    let told = failing.errors.find(PATIENCE, |line| line.contains("filter failed"));
    assert!(told.unwrap().contains("it has to say true or false, and said a number"));
    run.stop();
}

#[test]
fn a_tap_of_a_replicated_node_sees_all_copies_or_one() {
    let desk = Desk::new();
    let run = desk.run(
        "
name: t
nodes:
  source: {role: push, bind: 'inproc://source', every: 2ms, on_tick: 'send(\"work\")'}
  worker: {role: pull, connect: source, replicas: 3, on_message: '()'}
",
    );
    let all = desk.tap(["t", "worker"]);
    for copy in 1..=3 {
        all.shows(&format!("worker.{copy}.pull"));
    }
    let one = desk.ask(["tap", "t", "worker.2", "--count", "5"]).well();
    assert!(one.lines().all(|line| line.contains("worker.2.pull")) && one.lines().count() == 5);
    desk.ask(["tap", "t", "worker.9"]).fails(2, ["3 copies"]);
    desk.ask(["tap", "t", "worker.out"]).fails(2, ["has no socket \"out\"; it has pull"]);
    let out = desk.ask(["tap", "t", "source", "--direction", "out", "--count", "1"]).well();
    assert!(out.contains("out  source.push  work"), "{out}");
    run.stop();
}

#[test]
fn a_tap_goes_on_through_reloads_and_says_when_its_node_is_gone() {
    let desk = Desk::new();
    let yaml = |node: &str, body: &str| {
        format!(
            "
name: t
nodes:
  source: {{role: push, bind: 'tcp://127.0.0.1:*', every: 5ms, on_tick: 'send(\"{body}\")'}}
  {node}
"
        )
    };
    let mill = "mill: {role: pull, connect: source, on_message: '()'}";
    let deeper = "mill: {role: pull, connect: source, hwm: 7, on_message: '()'}";
    let tagged = "mill: {role: pull, connect: source, hwm: 7, format: msgid, on_message: '()'}";
    let run = desk.run(&yaml(mill, "one"));
    let save = |text: String| std::fs::write(run.path("topology.yaml"), text).unwrap();
    let tap = desk.tap(["t", "mill", "--direction", "in"]);
    tap.shows("mill.pull  one");
    save(yaml(mill, "two"));
    tap.shows("mill.pull  two");
    // Another high-water mark makes another socket.
    save(yaml(deeper, "three"));
    tap.shows("mill.pull  three");
    // Another format is read from then on.
    save(yaml(tagged, "8 text four"));
    tap.shows("mill.pull  8 text four");
    save(yaml("other: {role: pull, connect: source}", "five"));
    let gone = |line: &str| line.contains("mill is gone") && line.contains("source and other");
    tap.errors.find(PATIENCE, gone).unwrap();
    save(yaml(mill, "six"));
    tap.errors.find(PATIENCE, |line| line.contains("mill is there again")).unwrap();
    tap.shows("mill.pull  six");
    run.stop();
    let (status, _) = tap.ends();
    assert_eq!(status, Some(0), "a tap ends well with its run");
}

#[test]
fn a_reader_that_stands_still_holds_up_nobody_and_learns_what_it_missed() {
    const COUNT: usize = 100_000;
    let desk = Desk::new();
    let port = free_port();
    let run = desk.start(Zrig::of(&format!(
        "
name: t
nodes:
  mill:
    role: pull
    bind: {port}
    write: {{file: out.txt}}
"
    )));
    let mut tap = UnixStream::connect(&desk.sockets()[0]).unwrap();
    tap.set_read_timeout(Some(PATIENCE)).unwrap();
    tap.write_all(b"{\"zrig\":1,\"ask\":\"tap\",\"target\":\"mill\"}\n").unwrap();
    let mut lines = BufReader::with_capacity(1 << 16, tap).lines();
    assert_eq!(lines.next().unwrap().unwrap(), "{\"tapping\":[\"mill\"]}");
    let body = "x".repeat(100);
    let text: String = (0..COUNT).map(|n| format!("{n} {body}\n")).collect();
    let source = Zrig::of(&format!(
        "nodes: {{s: {{role: push, connect: {port}, read: {{file: lines.txt}}}}}}"
    ))
    .with("lines.txt", text)
    .environment("XDG_RUNTIME_DIR", desk.path().display())
    .start();
    // The node has all although nobody reads the tap.
    let written = run.path("out.txt");
    eventually("the node took everything", || {
        std::fs::read_to_string(&written).is_ok_and(|text| text.lines().count() == COUNT)
    });
    let (mut shown, mut told) = (0, 0);
    while shown + told < COUNT as u64 {
        let line: Value = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
        match line["dropped"].as_u64() {
            Some(count) => told += count,
            None => shown += 1,
        }
    }
    assert_eq!(shown + told, COUNT as u64);
    assert!(told > 0 && told < COUNT as u64, "{told} dropped");
    source.stop();
    run.stop();
}

#[test]
fn what_a_peer_says_reaches_no_terminal_as_it_is() {
    const HOSTILE: &str =
        "\u{1b}[2J\u{1b}]0;t\u{7}\rgone\n12:00:00.000  in   desk.rep  forged\u{9b}A";
    const SHOWN: &str =
        "\\x1b[2J\\x1b]0;t\\x07\\rgone\\n12:00:00.000  in   desk.rep  forged\\u{9b}A";
    let desk = Desk::new();
    let run = desk.run(
        "
name: t
nodes:
  desk: {role: rep, bind: 'tcp://127.0.0.1:*', on_message: msg}
  fails: {role: rep, bind: 'tcp://127.0.0.1:*', on_message: throw msg.text}
",
    );
    let tap = desk.tap(["t", "desk"]);
    let exact = desk.tap(["t", "desk", "--format", "json"]);
    eventually("both taps are on", || {
        let answer = desk.ask(["call", "t", "desk", HOSTILE]).well();
        assert_eq!(answer, format!("{SHOWN}\n"));
        [&tap, &exact].iter().all(|tap| !tap.out.as_ref().unwrap().all().is_empty())
    });
    assert!(tap.shows("gone").ends_with(SHOWN));
    exact.shows_json(|message| message["body"] == HOSTILE);
    assert_eq!(desk.ask(["call", "t", "fails", HOSTILE]).well(), format!("error: {SHOWN}\n"));
    let answer = desk.ask(["call", "t", "desk", HOSTILE, "--format", "json"]).well();
    let answer: Value = serde_json::from_str(&answer).unwrap();
    assert_eq!(answer["body"], HOSTILE);
    let refused = desk.ask(["tap", "t", "no\u{1b}[31mbody"]);
    assert!(!refused.errors.contains('\u{1b}'), "{refused:?}");
    run.stop();
}

/// A client, a broker and a server: what a trace of all of them shows.
const CHAIN: &str = "
name: t
nodes:
  client:
    role: req
    connect: broker.front
    identity: me
    every: 5ms
    on_start: this.n = 0; this.waits = false
    on_tick: if !this.waits { this.n += 1; this.waits = true; send(`ask ${this.n}`) }
    on_message: this.waits = false;
  broker:
    sockets:
      front: {role: router, bind: 'tcp://127.0.0.1:*'}
      back: {role: dealer, bind: 'tcp://127.0.0.1:*'}
    on_front: send_to(\"back\", msg.frames)
    on_back: send_to(\"front\", msg.frames)
  server: {role: rep, connect: broker.back, on_message: '`got ${msg.text}`'}
";

#[test]
fn a_tap_of_everything_is_one_trace_in_order() {
    let desk = Desk::new();
    let run = desk.run(CHAIN);
    for all in ["--all", "--frames"] {
        let trace = desk.ask(["tap", "t", "--format", "json", "--count", "240", all]).well();
        let passed: Vec<(String, String)> = trace
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap())
            .map(|one| {
                let text = one["body"].as_str().map(str::to_owned);
                let last = || one["frames"].as_array().unwrap().last().unwrap().clone();
                let text = text.unwrap_or_else(|| last().as_str().unwrap().to_owned());
                let (node, socket) =
                    (one["node"].as_str().unwrap(), one["socket"].as_str().unwrap());
                (format!("{} {node}.{socket}", one["direction"].as_str().unwrap()), text)
            })
            .collect();
        assert_eq!(passed.len(), 240);
        // One request is under way at a time, so each has its eight steps in a row.
        let steps = [
            "out client.req",
            "in broker.front",
            "out broker.back",
            "in server.rep",
            "out server.rep",
            "in broker.back",
            "out broker.front",
            "in client.req",
        ];
        let begin = passed.iter().position(|(step, _)| step == steps[0]).unwrap();
        for row in passed[begin..].chunks_exact(8) {
            let told: Vec<&str> = row.iter().map(|(step, _)| step.as_str()).collect();
            assert_eq!(told, steps, "{row:?}");
            assert!(row[4].1 == format!("got {}", row[0].1), "{row:?}");
        }
    }
    desk.ask(["send", "t", "*", "x"]).fails(2, ["\"*\""]);
    run.stop();
}

#[test]
fn a_tap_shows_an_envelope_frame_by_frame() {
    let desk = Desk::new();
    let run = desk.run(CHAIN);
    let tap = |target: &str, direction: &str| -> Vec<Value> {
        let text = desk
            .ask([
                "tap",
                "t",
                target,
                "--direction",
                direction,
                "--frames",
                "--format",
                "json",
                "--count",
                "1",
            ])
            .well();
        serde_json::from_str::<Value>(&text).unwrap()["wire"].as_array().unwrap().clone()
    };
    let id = json!({"kind": "routing id", "frame": "me", "bytes": 2});
    let local = json!({"kind": "routing id", "frame": "me", "bytes": 2, "local": true});
    let delimiter = json!({"kind": "delimiter", "frame": "", "bytes": 0});
    let asked = tap("client", "out");
    assert_eq!(asked[0], delimiter, "a req leaves it to libzmq");
    assert!(
        asked[1]["kind"] == "payload" && asked[1]["frame"].as_str().unwrap().starts_with("ask ")
    );
    assert_eq!(tap("broker.front", "in")[..2], [local, delimiter.clone()]);
    assert_eq!(tap("broker.back", "out")[..2], [id.clone(), delimiter.clone()]);
    let served = tap("server", "in");
    assert!(served[0]["local"] == true && served[0]["frame"] != "me", "{served:?}");
    assert_eq!(served[1..3], [id, delimiter]);
    let text =
        desk.ask(["tap", "t", "broker.back", "--direction", "out", "--frames", "--count", "1"]);
    let text = text.well();
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[0].ends_with("  out  broker.back"), "{text}");
    assert_eq!(lines[1..3], ["    [002] me  (routing id)", "    [000] (delimiter)"], "{text}");
    assert!(lines[3].starts_with("    [00") && lines[3].contains("] ask "), "{text}");
    run.stop();
}
