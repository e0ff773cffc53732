//! `this`: how much a node's handlers may keep.

use crate::support::http::get;
use crate::support::{Zrig, free_port};

/// A node that keeps a MiB more with every tick, with more keys.
fn keeps(keys: &str) -> String {
    format!(
        "
nodes:
  node:
    role: pub
    bind: inproc://x
    every: 10ms
    state_limit: 32MiB
    on_start: print(\"begins\")
    on_tick: |
      if this.kept == () {{ this.kept = []; }}
      this.kept.push(blob(1048576, 1));
{keys}
"
    )
}

/// The most memory that a process had so far, in MiB.
fn peak_memory(id: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() >> 10
}

#[test]
fn a_state_that_only_grows_is_warned_of_and_begins_anew() {
    let port = free_port();
    let run = Zrig::of(&keeps("")).arguments(["--metrics", &port.to_string()]).start();
    run.says("of 32 MiB; beyond that it starts anew with an empty one");
    let figures = get(port, "/metrics").body;
    let gauge = figures.lines().find_map(|line| line.strip_prefix("zrig_node_state_bytes{"));
    let bytes: u64 = gauge.unwrap().rsplit(' ').next().unwrap().parse().unwrap();
    assert!(bytes < 40 << 20, "{bytes}");
    run.says("more than the 32 MiB of `state_limit`");
    run.says("starts anew in 100 ms");
    run.says_times("begins", 3);
    let peak = peak_memory(run.id());
    assert!(peak < 300, "{peak} MiB");
    run.stop();
}

#[test]
fn a_state_that_is_too_large_ends_a_run_that_is_to_end_by_errors() {
    let ending = Zrig::of(&keeps("    on_error: stop")).ends();
    ending.expect(1, ["more than the 32 MiB of `state_limit`", "the state of node is too large"]);
}

#[test]
fn messages_that_are_kept_count_as_state() {
    let run = Zrig::of(
        "
nodes:
  source:
    role: push
    bind: inproc://x
    every: 5ms
    on_tick: send(blob(1048576, 1))
  taker:
    role: pull
    connect: source
    state_limit: 16MiB
    on_message: |
      if this.kept == () { this.kept = []; }
      this.kept.push(msg);
",
    )
    .start();
    run.says("more than the 16 MiB of `state_limit`");
    run.stop();
}

#[test]
fn a_larger_limit_is_taken_over_while_the_node_runs() {
    let yaml = keeps("").replace("if this.kept == ()", "if (this.kept ?? []).len() > 40 { print(`kept ${this.kept.len()}`); return }\n      if this.kept == ()");
    let run = Zrig::of(&yaml.replace("32MiB", "48MiB")).start();
    run.says("kept 41");
    assert!(!run.log().iter().any(|line| line.contains("more than the")), "{:?}", run.log());
    std::fs::write(run.path("topology.yaml"), &yaml).unwrap();
    run.says("state_limit");
    run.stop();
}
