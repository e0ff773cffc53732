//! Times simulations: messages a second on one core, an hour of a timer, a file of fifty tests.
//!
//! `cargo bench --bench trial`, or `-- WORD` for those whose name has it.

#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a benchmark prints, and fails by panicking"
)]

use std::time::{Duration, Instant};

use zrig::load::{LoadedTests, load_tests_text};
use zrig::topology::Topology;
use zrig::trial::{Manner, Outcome, Verdict, carry_out};

/// How often each is done; the fastest counts, as the others were disturbed.
const TIMES: usize = 5;

/// A hundred messages every ten milliseconds, through three nodes with handlers.
const LINE: &str = r"
nodes:
  source: {role: push, bind: 20001, every: 10ms, on_tick: 'for n in 0..100 { send(n) }'}
  worker:
    sockets: {in: {role: pull, connect: source}, out: {role: push, connect: sink}}
    on_message: 'if msg.text.len() > 1 { msg.text + `!` } else { msg }'
  sink: {role: pull, bind: 20002, on_start: this.n = 0, on_message: this.n += 1}
";

/// What ticks once a second.
const CLOCK: &str = r"
nodes:
  station: {role: pub, bind: 20001, every: 1s, on_tick: 'publish(1000, #{ city: `Oslo` })'}
  display: {role: sub, connect: station, msgids: [1000], on_message: print(msg.body.city)}
";

/// A broker between clients and workers.
const BROKER: &str = r"
nodes:
  broker:
    sockets: {frontend: {role: router, bind: 20001}, backend: {role: dealer, bind: 20002}}
    forward: [frontend, backend]
  worker: {role: rep, connect: broker.backend, replicas: 3, on_message: '`done ${msg.text}`'}
  client:
    role: req
    connect: broker.frontend
    replicas: 2
    on_start: send(1)
    on_message: print(msg.text)
";

fn loaded(topology: &str, tests: &str) -> LoadedTests {
    let folder = std::env::temp_dir().join(format!("zrig-bench-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("a.yaml"), topology).unwrap();
    let tests = format!("topology: a.yaml\ntests:\n{tests}");
    let loaded = load_tests_text(&folder.join("a.test.yaml"), &tests, &|_| None);
    std::fs::remove_dir_all(folder).unwrap();
    loaded
}

fn carried_out(loaded: &LoadedTests, topology: &Topology) -> Vec<Outcome> {
    let file = loaded.file.as_ref().unwrap();
    let load = |_: &_| Err("nothing is saved".to_owned());
    let tests = file.tests.iter();
    let outcomes = tests.map(|test| {
        let manner = Manner::simulated(0);
        let outcome = carry_out(test, topology, &load, manner).unwrap();
        assert_eq!(outcome.verdict, Verdict::Passed);
        outcome
    });
    outcomes.collect()
}

/// The least time that a file takes, read included, and what came of it.
fn timed(topology: &str, tests: &str) -> (Duration, Vec<Outcome>) {
    let once = |_| {
        let begun = Instant::now();
        let loaded = loaded(topology, tests);
        let outcomes = carried_out(&loaded, loaded.topology.as_ref().unwrap());
        (begun.elapsed(), outcomes)
    };
    (0..TIMES).map(once).min_by_key(|(took, _)| *took).unwrap()
}

fn messages() {
    let tests = "  - {name: a, steps: [never: {at: sink, fails: no, for: 10s}]}\n";
    let (took, outcomes) = timed(LINE, tests);
    let sockets = &outcomes[0].reached.sockets;
    let received: u64 = [("worker", "in"), ("sink", "pull")]
        .map(|(a, b)| sockets[&(a.into(), b.into())])
        .iter()
        .sum();
    let a_second = received as f64 / took.as_secs_f64();
    println!("messages: {received} in {:.3} s, {a_second:.0} a second", took.as_secs_f64());
}

fn hour() {
    let tests = "  - {name: a, steps: [wait: 1h, never: {at: display, log: Rome, for: 1ms}]}\n";
    let (took, outcomes) = timed(CLOCK, tests);
    let ticks = outcomes[0].reached.handlers[&("station".into(), "on_tick".into())];
    println!("hour: {ticks} ticks in {:.3} s", took.as_secs_f64());
}

fn fifty() {
    let steps =
        "[{send: {from: client, text: a}}, {expect: {at: client, text: done a}}, {wait: 1s}]";
    let peers = "{client9: {role: req, connect: broker.frontend}}";
    let steps = steps.replace("client", "client9");
    let test = |n| format!("  - {{name: test {n}, peers: {peers}, steps: {steps}}}\n");
    let (took, outcomes) = timed(BROKER, &(0..50).map(test).collect::<String>());
    println!("fifty: {} tests in {:.3} s", outcomes.len(), took.as_secs_f64());
}

fn main() {
    let wanted: Vec<String> = std::env::args().skip(1).filter(|it| !it.starts_with("--")).collect();
    let all: [(&str, fn()); 3] = [("messages", messages), ("hour", hour), ("fifty", fifty)];
    let is_wanted =
        |name: &str| wanted.is_empty() || wanted.iter().any(|word| name.contains(word.as_str()));
    all.iter().filter(|(name, _)| is_wanted(name)).for_each(|(_, time)| time());
}
