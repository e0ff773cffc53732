//! What a run is made of: the same one for the same seed, all orders that there are, what it keeps, and what
//! it reached.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;
use zrig::load::{LoadedTests, load_tests};
use zrig::trial::{Manner, Outcome, Verdict, carry_out};

use super::port::free_port;
use super::{file, folder, text, zrig_test};

/// How often something is tried: ten times as often in a soak.
fn times(count: u64) -> u64 {
    if std::env::var_os("ZRIG_SOAK").is_some() { count * 10 } else { count }
}

fn outcome(loaded: &LoadedTests, seed: u64) -> Outcome {
    let test = &loaded.file.as_ref().unwrap().tests[0];
    let load = |_: &_| Err("nothing is saved".to_owned());
    let manner = Manner::simulated(seed);
    carry_out(test, loaded.topology.as_ref().unwrap(), &load, manner).unwrap()
}

/// Four senders, whose messages may arrive in any order; the sink says in which they did.
fn race() -> LoadedTests {
    let sender = |name: &str| {
        format!("  {name}: {{role: push, connect: sink, on_start: 'send(\"{name}\")'}}\n")
    };
    let topology = format!(
        "nodes:\n{}  sink: {{role: pull, bind: 'tcp://127.0.0.1:21121', on_start: 'this.all = \"\"', \
         on_message: 'this.all += msg.text; if this.all.len == 4 {{ print(this.all) }}'}}\n",
        ["a", "b", "c", "d"].map(sender).concat()
    );
    let tests =
        "  - {name: a, steps: [{expect: {at: sink, where: 'true', count: 4}}, {wait: 1s}]}\n";
    let folder = folder(&topology, tests);
    load_tests(Path::new(&file(&folder)), &|_| None)
}

#[test]
fn a_seed_gives_one_run_however_often_and_all_seeds_every_order_that_there_is() {
    let race = race();
    let first = outcome(&race, 7);
    assert_eq!(first.verdict, Verdict::Passed);
    for _ in 0..times(100) {
        assert_eq!(outcome(&race, 7), first);
    }
    let mut orders = BTreeSet::new();
    for seed in 0..times(250) {
        let outcome = outcome(&race, seed);
        orders.extend(
            outcome.sequence.iter().filter_map(|line| {
                line.split_once("sink logged ").map(|(_, order)| order.to_owned())
            }),
        );
    }
    assert_eq!(orders.len(), 24, "four messages have so many orders: {orders:?}");
}

#[test]
fn a_state_that_is_kept_is_there_when_its_node_comes_back_and_not_in_the_next_test() {
    let topology = "
nodes:
  a: {role: push, bind: PORT}
  b: {role: pull, connect: a, persist: state.json, on_message: 'this.n = (this.n ?? 0) + 1; print(`n ${this.n}`)'}
";
    let topology = topology.replace("PORT", &free_port().to_string());
    let tests = "
  - name: it is there again
    steps:
      - send: {from: a, text: x}
      - expect: {at: b, log: n 1}
      - wait: 1s
      - kill: b
      - start: b
      - wait: 1s
      - send: {from: a, text: x}
      - expect: {at: b, log: n 2}
  - name: every test begins without one
    steps: [{send: {from: a, text: x}}, {expect: {at: b, log: n 1}}]
";
    let folder = folder(&topology, tests);
    for way in [&[][..], &["--real"]] {
        let output = zrig_test(&[&[file(&folder).as_str()], way].concat());
        assert!(output.status.success(), "{way:?}: {}", text(&output));
        assert!(!folder.path().join("state.json").exists(), "that is a run's, not a test's");
    }
}

#[test]
fn what_no_test_reached_is_told_down_to_the_branches() {
    let topology = "
nodes:
  a: {role: push, bind: 'inproc://a'}
  b:
    role: pull
    connect: a
    on_message: |
      if msg.text == \"x\" {
        print(\"x\");
      }
      switch msg.text {
        \"x\" => 1,
        _ => print(\"y\"),
      }
    on_stop: print(\"over\")
";
    let tests = "  - {name: a, steps: [{send: {from: a, text: x}}, {expect: {at: b, log: x}}]}\n";
    let folder = folder(topology, tests);
    let told = text(&zrig_test(&[&file(&folder)]));
    let path = folder.path().join("a.yaml").display().to_string();
    for line in [
        "a: 1 of 2 handlers (not b.on_stop), 1 of 1 link, 2 of 4 branches".to_owned(),
        format!("  {path}:8: the else of this `if` was never taken"),
        format!("  {path}:13: this arm of the `switch` was never taken"),
    ] {
        assert!(told.lines().any(|it| it == line), "{line}\n{told}");
    }
    let json = zrig_test(&[&file(&folder), "--format", "json"]);
    let last: Value = serde_json::from_str(text(&json).lines().last().unwrap()).unwrap();
    let branches = &last["coverage"]["branches"];
    assert_eq!((&branches["all"], &branches["missed"][0]["line"]), (&4.into(), &8.into()));
    assert_eq!(last["coverage"]["handlers"]["missed"][0], "b.on_stop");
}

#[test]
fn a_version_with_a_program_cannot_be_saved_where_nobody_could_simulate_it() {
    let tests = "
  - name: one
    steps:
      - save: {set: {nodes.a.on_message: null, nodes.a.process: {command: [cat]}}}
      - expect: {at: a, log: x}
";
    let folder = folder("nodes: {a: {role: pull, bind: 21123, on_message: 'print(1)'}}", tests);
    let output = zrig_test(&[&file(&folder)]);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output));
    assert!(text(&output).contains("the new version cannot be simulated"), "{}", text(&output));
}
