//! Files, handlers and peers that mean ill: what a terminal is spared, and who is served all the same.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;

use serde_json::Value;
use zrig::visible::acts;

use crate::client::{Desk, Follower};
use crate::support::{PATIENCE, Peer, Zrig, eventually, free_port, free_ports, http};

/// Clears the screen, names the window, goes back, turns the writing and forges a line.
const HOSTILE: &str =
    "\u{1b}[2J\u{1b}]0;t\u{7}\rab\u{9b}A\u{202e}c\u{2066}d\u{200f}e\u{61c}f\u{2028}g";

/// What a human output may have that acts: the ends of lines alone.
#[track_caller]
fn assert_tame(what: &str, text: &str) {
    let odd: Vec<char> = text.chars().filter(|&c| c != '\n' && acts(c)).collect();
    assert!(odd.is_empty(), "{what} has {odd:?}:\n{text:?}");
}

#[test]
fn what_a_file_its_handlers_and_its_peers_say_acts_on_no_terminal() {
    let desk = Desk::new();
    let [news, desk_port, metrics] = free_ports();
    // JSON's escapes are those of YAML and of Rhai.
    let quoted = serde_json::to_string(HOSTILE)
        .unwrap()
        .replace("\\u001b", "\\x1b")
        .replace("\\u0007", "\\x07");
    let spoken = HOSTILE.replace('\r', " ");
    let yaml = format!(
        "
name: t
description: {quoted}
nodes:
  talks:
    description: {quoted}
    role: pub
    format: envelope
    bind: {news}
    every: 100ms
    params: {{hostile: {quoted}}}
    on_tick: |
      print(param(\"hostile\"));
      count(param(\"hostile\"));
      publish(param(\"hostile\"), param(\"hostile\"))
  hears: {{role: sub, format: envelope, connect: talks, topics: [{quoted}], on_message: 'print(msg.text); throw msg.text'}}
  answers: {{role: rep, bind: {desk_port}, on_message: msg.text}}
"
    );
    let run = desk.start(Zrig::of(&yaml).arguments([
        "--log",
        "trace",
        "--metrics",
        &metrics.to_string(),
    ]));
    run.says("talks");
    let file = run.path("topology.yaml");
    let old = run.path("old.yaml");
    fs::copy(&file, &old).unwrap();
    let follow = |arguments: &[&str]| Follower::of(desk.command([]).args(arguments));
    let followers = [
        follow(&["tap", "t"]),
        follow(&["tap", "t", "hears", "--frames"]),
        follow(&["events", "t"]),
    ];
    for follower in &followers {
        follower.shows("");
    }
    // Refused: the fault's snippet has the line.
    let worse = format!("  talks: # {spoken}\n    \"wrong{spoken}\": 1\n");
    fs::write(&file, yaml.replace("  talks:\n", &worse)).unwrap();
    run.says("ZR0105");
    fs::write(
        &file,
        yaml.replace("count(", "count(\"more\" + ").replace("topics: [", "topics: [x, "),
    )
    .unwrap();
    run.says("subscribe");
    let faulty = run.path(&format!("faulty{}.yaml", HOSTILE.replace('/', "")));
    fs::write(&faulty, yaml.replace("  talks:\n", &worse)).unwrap();
    let (path, old, faulty) =
        (file.to_str().unwrap(), old.to_str().unwrap(), faulty.to_str().unwrap());
    for arguments in [
        &["check", path][..],
        &["check", faulty],
        &["check", faulty, "--format", "short"],
        &["plan", old, path],
        &["graph", path],
        &["graph", path, "--format", "text"],
        &["graph", path, "--format", "dot"],
        &["graph", path, "--format", "mermaid"],
        &["graph", path, "--format", "svg"],
        &["graph", path, "--live", "t", "--format", "text"],
        &["top", "t", "--once"],
        &["call", "t", "answers", HOSTILE],
        &["send", "t", HOSTILE, "x"],
        &["explain", HOSTILE],
    ] {
        let output = desk.command([]).args(arguments).output().unwrap();
        let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        assert!(!said.is_empty(), "{arguments:?}");
        assert_tame(&format!("{arguments:?}"), &said);
    }
    // What programs read is exact.
    let answer = desk.ask(["call", "t", "answers", HOSTILE, "--format", "json"]).well();
    assert_eq!(serde_json::from_str::<Value>(&answer).unwrap()["body"], HOSTILE);
    let figures: Value = serde_json::from_str(&http::get(metrics, "/topology").body).unwrap();
    assert!(figures.to_string().contains(&serde_json::to_string(HOSTILE).unwrap()));
    let ending = run.stop();
    assert_tame("the log", &ending.text());
    for follower in followers {
        let lines = follower.out.as_ref().unwrap().all();
        assert!(!lines.is_empty());
        assert_tame("a tap or events", &lines.join("\n"));
        assert_tame("its errors", &follower.errors.all().join("\n"));
    }
}

/// A request and its answer over ZeroMQ, within a deadline.
#[track_caller]
fn asks(port: u16) {
    let context = zmq::Context::new();
    let client = context.socket(zmq::REQ).unwrap();
    client.set_linger(0).unwrap();
    client.set_rcvtimeo(i32::try_from(PATIENCE.as_millis()).unwrap()).unwrap();
    client.connect(&format!("tcp://127.0.0.1:{port}")).unwrap();
    client.send("hello", 0).unwrap();
    assert_eq!(client.recv_bytes(0).unwrap(), b"hello");
}

fn server(more: &str) -> (Zrig, u16) {
    let port = free_port();
    let yaml = format!("nodes: {{a: {{role: rep, bind: {port}, on_message: msg{more}}}}}");
    (Zrig::of(&yaml), port)
}

#[test]
fn http_on_a_port_of_zeromq_and_zeromq_on_that_of_the_figures_are_cut_off() {
    let (zrig, port) = server("");
    let metrics = free_port();
    let run = zrig.arguments(["--metrics", &metrics.to_string()]).start();
    run.says("figures at");
    eventually("it listens", || TcpStream::connect(("127.0.0.1", port)).is_ok());
    http::throw_at(port, "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    run.says("no connection with");
    asks(port);
    // A greeting of ZMTP 3.1.
    let mut stranger = TcpStream::connect(("127.0.0.1", metrics)).unwrap();
    stranger.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut greeting = [0_u8; 64];
    (greeting[0], greeting[9], greeting[10], greeting[11]) = (0xff, 0x7f, 3, 1);
    greeting[12..16].copy_from_slice(b"NULL");
    stranger.write_all(&greeting).unwrap();
    let mut said = Vec::new();
    let _ = stranger.read_to_end(&mut said);
    assert!(said.is_empty() || said.starts_with(b"HTTP/1.1 400"), "{said:?}");
    assert_eq!(http::get(metrics, "/healthz").status, 200);
    asks(port);
    run.stop();
}

#[test]
fn a_thousand_who_begin_a_handshake_and_say_no_more_keep_nobody_out_and_are_sent_away() {
    let (zrig, port) = server(", options: {handshake_ivl: 3s}");
    let run = zrig.start();
    eventually("it listens", || TcpStream::connect(("127.0.0.1", port)).is_ok());
    let slow = Peer::half_open(port, 1000);
    slow.says("open");
    for _ in 0..5 {
        asks(port);
    }
    slow.says("closed");
    asks(port);
    run.stop();
}

#[test]
fn a_request_by_a_foreign_name_gets_no_figures() {
    let (zrig, _) = server("");
    let metrics = free_port();
    let run = zrig.arguments(["--metrics", &metrics.to_string()]).start();
    run.says("figures at");
    for (host, status) in [
        (format!("127.0.0.1:{metrics}"), 200),
        (format!("localhost:{metrics}"), 200),
        (format!("evil.example:{metrics}"), 421),
    ] {
        let asked = format!("GET /topology HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        let answer = http::request(metrics, &asked);
        assert_eq!(answer.status, status, "{host}");
        assert_eq!(answer.body.contains("nodes"), status == 200);
    }
    run.stop();
}
