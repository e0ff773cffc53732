//! Nodes on one thread, of which one computes long.

use crate::support::{Ending, Zrig};

/// A publisher, subscribers that are quick, as many as there are threads and more, and one on the
/// publisher's own thread whose calls take long.
fn topology(slow: &str) -> String {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    // Nodes are laid on threads there and back, so the last of two rows is where the first is.
    let quick: String =
        (1..=2 * threads - 2).map(|number| format!("  desk{number}: *quick\n")).collect();
    format!(
        "
nodes:
  station:
    role: pub
    bind: tcp://127.0.0.1:*
    every: 10ms
    on_start: 'this.n = 0;'
    on_tick: 'this.n += 1; `${{this.n}}`'
    on_stop: 'print(`published ${{this.n}}`)'
{quick}
  slow:
    role: sub
    connect: station
    topics: all
    on_start: 'this.n = 0;'
    on_message: |
      this.n += 1;
      if this.n <= 5 {{ {slow} }}
      if this.n == 5 {{ stop() }}
  last:
    <<: *quick
",
    )
    .replacen("*quick", "&quick\n    role: sub\n    connect: station\n    topics: all\n    on_start: 'this.n = 0;'\n    on_message: 'this.n += 1;'\n    on_stop: 'print(`received ${this.n}`)'", 1)
}

/// The numbers behind that word.
#[track_caller]
fn numbers(ending: &Ending, word: &str) -> Vec<u64> {
    let numbers: Vec<u64> = ending
        .log
        .iter()
        .filter_map(|line| line.split_once(&format!("  {word} "))?.1.trim().parse().ok())
        .collect();
    assert!(!numbers.is_empty(), "{}", ending.text());
    numbers
}

#[test]
fn a_slow_handler_holds_up_nobody_on_its_thread() {
    let slow = "let t = now(); while now() - t < 0.4 { }";
    let ending = Zrig::of(&topology(slow)).ends().expect(0, ["slow called stop()"]);
    let published = numbers(&ending, "published")[0];
    // 40 in each of its calls; before it was made way for, it was one.
    assert!(published >= 5 * 10, "{}", ending.text());
    for received in numbers(&ending, "received") {
        assert_eq!(received, published, "{}", ending.text());
    }
    let told: Vec<&String> = ending.log.iter().filter(|line| line.contains("a call of")).collect();
    assert_eq!(told.len(), 1, "{}", ending.text());
    assert!(told[0].contains("slow  a call of on_message (topology.yaml:"), "{}", told[0]);
    assert!(
        told[0].contains(" ms; station") && told[0].contains("had their turns meanwhile"),
        "{}",
        told[0]
    );
}
