//! Certificates that come and go: who is let in, who is refused with a reason, and who is thrown out.
//!
//! Owns that nobody else on the same socket notices. The other programs are pyzmq's
//! (`tests/python/guests.py`).

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant, SystemTime};

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::edited::{Edited, times};
use crate::support::{Peer, Zrig, free_port, free_ports, soaking};

/// How long anything about security may take: see the contract.
const SOON: Duration = Duration::from_secs(1);
/// The same on a machine that is busy, in the short tests.
const BUSY: Duration = Duration::from_secs(5);

/// A topology in a folder with certificates for these nodes; in `guests` are those of others.
pub(crate) fn house(yaml: &str, nodes: &str, guests: &str) -> Zrig {
    let zrig = Zrig::of(yaml);
    for (folder, names) in [("keys", nodes), ("guests", guests)] {
        let folder = zrig.path(folder);
        Peer::guests(&format!("make {} {names}", folder.display())).well();
    }
    fs::create_dir_all(zrig.path("keys/allow")).unwrap();
    zrig
}

/// Those who were thrown out went soon, all others were answered all the time, and every change was live.
pub(crate) fn nobody_else_noticed(mut guests: Peer, edited: Edited, slowest: Duration) {
    println!("thrown out after {slowest:?} at the latest");
    assert!(slowest < if soaking() { SOON } else { BUSY }, "{slowest:?}");
    guests.tell("end");
    let summary = guests.well();
    println!("{summary}");
    assert!(summary["answers"].as_u64().unwrap() > 100, "{summary}");
    let receipts = edited.receipts();
    let live = receipts.iter().flat_map(|receipt| receipt["nodes"].as_array().unwrap());
    let mut how = live.flat_map(|node| node["changes"].as_array().unwrap()).map(|it| &it["how"]);
    assert!(how.all(|how| how == "live"), "{receipts:#?}");
    edited.stop();
}

fn allow(edited: &Edited, name: &str) {
    let beside = edited.run.path(&format!("guests/{name}.key"));
    fs::copy(beside, key(edited, name)).unwrap();
}

fn key(edited: &Edited, name: &str) -> PathBuf {
    edited.run.path(&format!("keys/allow/{name}.key"))
}

pub(crate) fn path(edited: &Edited, name: &str) -> String {
    edited.run.path(name).display().to_string()
}

/// What each of them is answered.
pub(crate) fn knock(edited: &Edited, endpoint: &str, guests: &[&str]) -> Value {
    let guest = |guest: &&str| match guest.split_once('@') {
        Some((name, server)) => {
            format!("{}@{}", path(edited, &format!("guests/{name}")), path(edited, server))
        }
        None => (*guest).to_owned(),
    };
    let guests: Vec<String> = guests.iter().map(guest).collect();
    let summary = Peer::guests(&format!("knock {endpoint} {}", guests.join(" "))).well();
    Value::from_iter(guests.iter().map(|guest| summary[guest.as_str()].clone()))
}

fn desk(endpoint: &str) -> String {
    format!(
        "
security: {{curve: keys}}
nodes:
  desk:
    role: rep
    bind: '{endpoint}'
    on_message: |
      print(`HEARD ${{msg.user}}`);
      `hello ${{msg.user}}`
    on_peer: |
      if peer.event == \"refused\" {{ print(`REFUSED ${{peer.endpoint}} ${{peer.reason}}`) }}
      if peer.event == \"connected\" {{ print(`CAME ${{peer.user}}`) }}
  front: {{role: req, connect: desk, every: 50ms, on_tick: send(\"x\"), on_message: 'print(`FRONT ${{msg.text}}`)'}}
"
    )
}

#[test]
fn who_has_a_known_certificate_is_heard_by_its_name_and_all_others_are_refused_with_a_reason() {
    let port = free_port();
    for endpoint in [format!("tcp://127.0.0.1:{port}"), format!("ipc://@zrig-desk-{port}")] {
        let edited = Edited::of(house(&desk(&endpoint), "desk front", "alice bob"));
        edited.run.says("FRONT hello front");
        allow(&edited, "alice");
        edited.run.says("lets in alice");
        let guests =
            ["alice@keys/desk", "bob@keys/desk", "alice@keys/front", "null", "plain:ann:secret"];
        let answers = knock(&edited, &endpoint, &guests);
        let expected: [Option<&str>; 5] = [Some("hello alice"), None, None, None, None];
        assert_eq!(answers, Value::from_iter(expected), "{endpoint}");
        edited.run.says("CAME alice");
        // Each by a line that says who it is, and why.
        let bob = edited.run.says("REFUSED");
        assert!(bob.contains(&endpoint[..6]), "{bob}");
        for why in ["is of no certificate that may come", "the peer's CURVE keys do not match"] {
            edited.run.says_what(why, |line| line.contains("warn") && line.contains(why));
        }
        // Both ends find that out, and the other one may end it first.
        edited.run.says_what("no CURVE", |line| {
            let found = ["the peer wants another security mechanism", "it is no CURVE client"];
            line.contains("warn") && found.iter().any(|why| line.contains(why))
        });
        let ending = edited.stop();
        let others = ending.log.iter().filter(|line| line.contains("HEARD"));
        let others: Vec<_> = others
            .filter(|line| !line.contains("HEARD alice") && !line.contains("HEARD front"))
            .collect();
        assert_eq!(others, Vec::<&String>::new());
    }
}

/// Lets somebody in until a time of day.
fn allow_until(edited: &Edited, name: &str, end: SystemTime) {
    let beside = edited.run.path(&format!("guests/{name}.key"));
    let public = fs::read_to_string(beside).unwrap();
    let end = DateTime::<Utc>::from(end).format("%Y-%m-%dT%H:%M:%SZ");
    let limited = public.replace("metadata\n", &format!("metadata\n    expires = \"{end}\"\n"));
    assert_ne!(limited, public);
    fs::write(key(edited, name), limited).unwrap();
}

#[test]
fn whose_certificate_expires_during_a_run_is_thrown_out_then_and_nobody_else_notices() {
    let endpoint = format!("tcp://127.0.0.1:{}", free_port());
    let edited = Edited::of(house(&desk(&endpoint), "desk front", "alice bob"));
    edited.run.says("FRONT hello front");
    allow(&edited, "bob");
    edited.run.says("lets in bob");
    // Certificates know whole seconds.
    let end = SystemTime::now() + Duration::from_secs(4);
    allow_until(&edited, "alice", end);
    edited.run.says("lets in alice");
    let who = ["alice@keys/desk", "bob@keys/desk"];
    let in_time = knock(&edited, &endpoint, &who);
    let expected = [Some("hello alice"), Some("hello bob")];
    assert_eq!(in_time, Value::from_iter(expected));
    edited.run.says("ZR0347");
    assert!(SystemTime::now() > end - Duration::from_secs(1));
    edited.run.says("throws out alice");
    let after = knock(&edited, &endpoint, &who);
    assert_eq!(after, Value::from_iter([None, Some("hello bob")]));
    edited.stop();
}

#[test]
fn who_connects_may_be_the_server_and_somebody_elses_server_is_known_by_its_certificate() {
    let [turned, feed] = free_ports();
    let yaml = format!(
        "
security: {{curve: keys}}
nodes:
  desk: {{role: router, bind: {turned}, curve: {{role: client}}, on_message: 'reply(msg, \"back\")'}}
  front:
    role: dealer
    connect: desk
    curve: {{role: server}}
    every: 50ms
    on_tick: send(\"x\")
    on_message: 'print(`FRONT ${{msg.text}} from ${{msg.user}}`)'
  asker:
    role: req
    connect: 'tcp://127.0.0.1:{feed}'
    curve: {{server: guests/feed.key}}
    on_start: send(\"1\")
    on_message: 'print(`FEED ${{msg.text}}`); let n = parse_int(msg.text); send(`${{n + 1}}`)'
  web: {{role: push, bind: 'ws://127.0.0.1:*', every: 50ms, on_tick: send(\"w\")}}
  browser: {{role: pull, connect: web, on_message: 'print(`WEB ${{msg.text}}`)'}}
"
    );
    let zrig = house(&yaml, "desk front asker web browser", "feed");
    let feed_secret = zrig.path("guests/feed.key_secret").display().to_string();
    let (keys, count) = (zrig.path("keys").display().to_string(), times(1_000, 10_000));
    let server =
        Peer::guests(&format!("serve tcp://127.0.0.1:{feed} {feed_secret} {keys} {count}"));
    server.says("ready");
    let edited = Edited::of(zrig);
    edited.run.says("FRONT back from desk");
    edited.run.says("WEB w");
    server.well();
    edited.run.says(&format!("FEED {count}"));
    edited.stop();
}

#[test]
fn keys_come_and_go_under_traffic_and_nobody_else_notices() {
    let port = free_port();
    let yaml = format!(
        "
security: {{curve: keys}}
nodes:
  desk: {{role: router, bind: {port}, on_message: 'reply(msg, `${{msg.user}} ${{msg.text}}`)'}}
"
    );
    let names: Vec<String> = (0..times(6, 50)).map(|number| format!("guest{number}")).collect();
    let edited = Edited::of(house(&yaml, "desk", &names.join(" ")));
    for name in &names {
        allow(&edited, name);
    }
    let last = names.last().unwrap();
    edited.run.says_what(last, |line| line.contains("lets in") && line.contains("[live]"));
    let (server, folder) = (path(&edited, "keys/desk"), path(&edited, "guests"));
    let endpoint = format!("tcp://127.0.0.1:{port}");
    let guests = Peer::guests(&format!("stay {endpoint} {server} {folder} {}", names.join(" ")));
    for name in &names {
        guests.says(&format!("in {name} 1"));
    }
    let mut slowest = Duration::ZERO;
    for round in 0..times(8, 200) {
        let (name, before) = (&names[round % names.len()], round / names.len() + 1);
        let removed = Instant::now();
        fs::remove_file(key(&edited, name)).unwrap();
        guests.says(&format!("gone {name} {before}"));
        slowest = slowest.max(removed.elapsed());
        allow(&edited, name);
        guests.says(&format!("in {name} {}", before + 1));
    }
    nobody_else_noticed(guests, edited, slowest);
}

#[test]
fn a_line_secures_the_links_of_a_running_topology_and_nothing_is_lost() {
    let [jobs, news] = free_ports();
    let yaml = |security: &str| {
        format!(
            "
{security}
nodes:
  source:
    sockets:
      out: {{role: push, bind: {jobs}}}
      news: {{role: dealer, connect: board}}
    every: 1ms
    on_start: this.n = 0
    on_tick: |
      this.n += 1;
      send_to(\"out\", this.n);
      send_to(\"news\", this.n);
  board: {{role: router, bind: {news}, on_start: this.n = 0, on_message: 'this.n += 1; if parse_int(msg.text) != this.n {{ print(`GAP ${{this.n}} ${{msg.text}}`); stop(3) }} print(`BOARD ${{this.n}} by ${{msg.user}}`)'}}
  sink: {{role: pull, connect: source, on_start: this.n = 0, on_message: 'this.n += 1; if parse_int(msg.text) != this.n {{ print(`GAP ${{this.n}} ${{msg.text}}`); stop(3) }} print(`SINK ${{this.n}} by ${{msg.user}}`)'}}
"
        )
    };
    let zrig = house(&yaml(""), "source board sink", "alice");
    let mut edited = Edited::of(zrig);
    edited.run.says("SINK 20");
    for _ in 0..times(2, 20) {
        let receipt = edited.apply(&yaml("security: {curve: keys}"));
        assert_eq!(receipt["dropped"], 0, "{receipt:#}");
        let at = edited.greatest_number("BOARD").unwrap_or(0);
        edited.passes("BOARD", at + 50);
        edited.run.says_what("a name", |line| line.contains("BOARD") && line.ends_with("source"));
        let receipt = edited.apply(&yaml(""));
        assert_eq!(receipt["dropped"], 0, "{receipt:#}");
        let at = edited.greatest_number("SINK").unwrap_or(0);
        edited.passes("SINK", at + 50);
    }
    let ending = edited.stop();
    assert_eq!(ending.log.iter().find(|line| line.contains("GAP")), None);
}

#[test]
fn another_certificate_of_a_node_rebuilds_its_sockets_and_its_links_come_back() {
    let port = free_port();
    let endpoint = format!("tcp://127.0.0.1:{port}");
    let mut edited = Edited::of(house(&desk(&endpoint), "desk front", "alice"));
    edited.run.says("FRONT hello front");
    let keys = path(&edited, "keys");
    Peer::guests(&format!("make {keys} desk")).well();
    let receipt = edited.receipt();
    assert_eq!(receipt["verdict"], "applied", "{receipt:#}");
    let text = receipt.to_string();
    assert!(text.contains("\"how\":\"rebuild\"") && text.contains("curve"), "{text}");
    let heard = edited.run.log().iter().filter(|line| line.contains("FRONT hello")).count();
    edited.run.says_times("FRONT hello front", heard + 3);
    let alice = ["alice@keys/desk"];
    assert_eq!(knock(&edited, &endpoint, &alice), Value::from_iter([Value::Null]));
    allow(&edited, "alice");
    edited.run.says("lets in alice");
    assert_eq!(knock(&edited, &endpoint, &alice), Value::from_iter(["hello alice"]));
    edited.stop();
}

#[test]
fn addresses_are_let_in_and_thrown_out_while_it_runs() {
    let port = free_port();
    // Without keys: who is refused is told with the address.
    let plain = |lists: &str| {
        format!(
            "nodes:\n  desk: {{role: rep, bind: 'tcp://0.0.0.0:{port}', {lists} on_message: '\"yes\"'}}\n"
        )
    };
    let [near, far] = ["", "127.0.0.2:0;"].map(|source| format!("tcp://{source}127.0.0.1:{port}"));
    let mut edited = Edited::start(&plain("allow: 127.0.0.1,"));
    assert_eq!(knock(&edited, &near, &["null"]), Value::from_iter(["yes"]));
    assert_eq!(knock(&edited, &far, &["null"]), Value::from_iter([Value::Null]));
    edited.run.says("its address 127.0.0.2 is none that `allow` and `deny` let in");
    let receipt = edited.apply(&plain("deny: 127.0.0.1,"));
    assert_eq!(receipt["nodes"][0]["changes"][0]["how"], "live", "{receipt:#}");
    assert_eq!(knock(&edited, &near, &["null"]), Value::from_iter([Value::Null]));
    assert_eq!(knock(&edited, &far, &["null"]), Value::from_iter(["yes"]));
    edited.apply(&plain(""));
    assert_eq!(knock(&edited, &near, &["null"]), Value::from_iter(["yes"]));
    edited.stop();
}

#[test]
fn an_address_that_is_denied_goes_and_the_others_stay() {
    let port = free_port();
    let yaml = |lists: &str| {
        format!(
            "
security: {{curve: keys}}
nodes:
  desk: {{role: router, bind: 'tcp://0.0.0.0:{port}', {lists} on_message: 'reply(msg, `${{msg.user}} ${{msg.text}}`)'}}
"
        )
    };
    let edited = Edited::of(house(&yaml(""), "desk", "near far"));
    ["near", "far"].iter().for_each(|name| allow(&edited, name));
    edited.run.says("lets in");
    let (server, folder) = (path(&edited, "keys/desk"), path(&edited, "guests"));
    let [mut near, mut far] = [("", "near"), ("127.0.0.2:0;", "far")].map(|(source, name)| {
        let endpoint = format!("tcp://{source}127.0.0.1:{port}");
        Peer::guests(&format!("stay {endpoint} {server} {folder} {name}"))
    });
    near.says("in near 1");
    far.says("in far 1");
    edited.save(&yaml("deny: 127.0.0.2,"));
    far.says("gone far 1");
    edited.save(&yaml("allow: [127.0.0.1, 127.0.0.2],"));
    far.says("in far 2");
    for guests in [&mut near, &mut far] {
        guests.tell("end");
    }
    near.well();
    far.well();
    let log = edited.stop().log;
    assert!(!log.iter().any(|line| line.contains("rebuild")), "{log:#?}");
}
