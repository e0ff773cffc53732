//! Recordings given again as fast as it goes: all of it comes, whoever has no room meanwhile.

use std::fs;

use crate::client::Desk;
use crate::support::{Zrig, eventually, free_ports};

/// With the bytes of each, more than may wait in the queues between a peer and a node.
const COUNT: usize = 6_000;

/// A subscriber that is slower than who speaks to it, and a relay.
fn slow([feed, jobs, done]: [u16; 3]) -> Zrig {
    Zrig::of(&format!(
        "
name: slow
nodes:
  reader:
    sockets: {{in: {{role: sub, topics: all, connect: 'tcp://127.0.0.1:{feed}'}}, out: {{role: pub, bind: inproc://out}}}}
    on_in: 'let s = 0; for n in 0..800 {{ s += n * s % 7; }} msg'
  relay:
    sockets: {{in: {{role: pull, bind: {jobs}}}, out: {{role: push, bind: {done}}}}}
    on_in: msg
"
    ))
}

#[test]
fn as_fast_as_nodes_take_it_no_subscriber_misses_any_and_what_they_push_is_taken() {
    let desk = Desk::new();
    let ports = free_ports();
    let [feed, jobs, done] = ports;
    let first = slow(ports);
    let one = first.path("one.mcap");
    let waits = ["--record", one.to_str().unwrap(), "--record-when-slow", "wait"];
    let run = desk.start(first.arguments(waits));
    let lines: String = (0..COUNT).map(|n| format!("line {n} {:4000}\n", "")).collect();
    let others = Zrig::of(&format!(
        "
nodes:
  feed: {{role: pub, bind: {feed}, when_full: wait, read: {{file: lines.txt, rate: 2000/s}}}}
  jobs: {{role: push, connect: {jobs}, read: {{file: lines.txt}}}}
  done: {{role: pull, connect: {done}, write: {{file: done.txt}}}}
"
    ));
    let done = others.path("done.txt");
    let others = others.with("lines.txt", lines).start();
    let came = |node: &str, socket: usize, way: &str| {
        let figures = desk.ask(["top", "slow", "--once", "--format", "json"]).well();
        let figures: serde_json::Value = serde_json::from_str(&figures).unwrap();
        let nodes = figures["nodes"].as_array().unwrap();
        let node = nodes.iter().find(|it| it["node"] == node).unwrap();
        node["sockets"][socket][way].as_u64().unwrap()
    };
    // What was published before it has subscribed is nobody's.
    let mut read = 0;
    eventually("all has passed", || {
        std::thread::sleep(std::time::Duration::from_millis(200));
        let pushed = fs::read_to_string(&done).map_or(0, |text| text.lines().count());
        let now = came("reader", 0, "messages_in");
        pushed == COUNT && now > COUNT as u64 / 4 && std::mem::replace(&mut read, now) == now
    });
    others.stop();
    let _first = run.stop();

    let run = desk.start(slow(ports));
    let said = desk.ask(["replay", one.to_str().unwrap(), "slow", "--speed", "max"]).well();
    let pushed = COUNT as u64;
    assert!(said.starts_with(&format!("{} messages given", read + pushed)), "{said}");
    assert_eq!(came("reader", 0, "messages_in"), read);
    assert_eq!(came("relay", 0, "messages_in"), pushed);
    assert_eq!(came("relay", 1, "messages_out"), pushed);
    drop(run.stop());
}
