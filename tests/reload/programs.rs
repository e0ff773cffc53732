//! Programs among handlers, edited while they run: who is touched, who is not, and what arrives.

use serde_json::Value;

use crate::edited::{Edited, tail, times};
use crate::support::{Zrig, eventually, free_ports, node_py};

/// What a receipt says of a node.
fn told<'r>(receipt: &'r Value, node: &str) -> Option<&'r Value> {
    receipt["nodes"].as_array().unwrap().iter().find(|one| one["node"] == node)
}

/// Two programs and handlers between them.
fn desks([one, two]: [u16; 2]) -> String {
    let answer = node_py("answer");
    format!(
        "
nodes:
  one:
    process: {{command: {answer}, environment: {{LEVEL: a}}}}
    sockets: {{desk: {{role: rep, bind: {one}}}}}
  two:
    process: {{command: {answer}}}
    replicas: 2
    sockets: {{desk: {{role: rep, bind: 'tcp://127.0.0.1:*'}}}}
  asker: {{role: dealer, connect: [one, two], every: 20ms, on_tick: 'send([\"\", \"?\"])'}}
  other: {{role: pull, bind: {two}}}
"
    )
}

#[test]
fn a_program_is_started_anew_by_what_it_is_told_and_left_alone_by_all_else() {
    let yaml = desks(free_ports());
    let mut edited = Edited::start(&yaml);
    edited.run.says_times("its program runs as process", 3);
    let mut known = edited.run.programs();
    for (what, by, anew) in [
        ("LEVEL: a", "LEVEL: b", &["one"][..]),
        ("every: 20ms", "every: 30ms", &[]),
        ("role: pull", "role: pull, description: reads", &[]),
        ("LEVEL: b}", "LEVEL: b}, stop: {within: 5s}, on_exit: leave", &[]),
        ("replicas: 2\n", "replicas: 2\n    description: answers\n", &[]),
        ("replicas: 2\n", "replicas: 3\n", &["two.3"]),
        (
            "bind: 'tcp://127.0.0.1:*'",
            "bind: 'tcp://127.0.0.1:*', hwm: 10",
            &["two.1", "two.2", "two.3"],
        ),
    ] {
        let text = std::fs::read_to_string(edited.run.path("topology.yaml")).unwrap();
        let after = text.replacen(what, by, 1);
        assert_ne!(after, text, "{what}");
        let receipt = edited.apply(&after);
        let is_anew = |instance: &String| anew.contains(&instance.as_str());
        eventually(&format!("{what} → {by}"), || {
            let now = edited.run.programs();
            anew.iter().all(|one| now.get(*one).is_some_and(|pid| known.get(*one) != Some(pid)))
        });
        let now = edited.run.programs();
        for (instance, pid) in now.iter().filter(|(instance, _)| !is_anew(instance)) {
            assert_eq!(known.get(instance), Some(pid), "{instance} by {what} → {by}");
        }
        let has_ended = anew.iter().any(|one| known.contains_key(*one));
        let notes = receipt["notes"].to_string();
        assert_eq!(notes.contains("was a program, and ended"), has_ended, "{receipt:#}");
        known = now;
    }
    edited.stop();
}

#[test]
fn a_reload_whose_program_cannot_be_started_changes_nothing() {
    let yaml = desks(free_ports());
    let mut edited = Edited::start(&yaml);
    edited.run.says_times("its program runs as process", 3);
    let known = edited.run.programs();
    for (what, by, why) in [
        (node_py("answer"), "[no-such-program]".to_owned(), "no folder of PATH has a program"),
        (
            "environment: {LEVEL: a}".to_owned(),
            "directory: nowhere".to_owned(),
            "there is no folder",
        ),
    ] {
        edited.save(&yaml.replacen(&what, &by, 1).replace("every: 20ms", "every: 21ms"));
        let receipt = edited.receipt();
        assert_eq!(receipt["verdict"], "rolled-back", "{receipt:#}");
        assert!(receipt["errors"].to_string().contains(why), "{receipt:#}");
        assert_eq!(edited.run.programs(), known);
    }
    edited.stop();
}

/// A node between two others, driven by handlers or by a program.
fn swapped([jobs, results]: [u16; 2], worker: &str) -> String {
    format!(
        "
nodes:
  source:
    role: push
    connect: worker
    every: 2ms
    read: {{file: '-'}}
    on_start: this.n = 0
    on_tick: if this.asks != false {{ this.n += 1; send(this.n) }}
    on_line: this.asks = false; print(`sent ${{this.n}} in all`)
  worker:
{worker}
    sockets:
      jobs: {{role: pull, bind: {jobs}}}
      results: {{role: push, connect: sink}}
  sink:
    role: pull
    bind: {results}
    on_start: this.n = 0; this.by = []
    on_message: |
      let words = msg.text.split(\" \");
      this.n += 1;
      if parse_int(words[0]) != this.n {{ print(`${{words[0]}} came in the place of ${{this.n}}`); this.n = parse_int(words[0]) }}
      if this.by.is_empty() || this.by[this.by.len() - 1] != words[1] {{ this.by.push(words[1]); print(`now by ${{words[1]}}`) }}
      print(`${{this.n}} arrived`);
"
    )
}

const HANDLERS: &str = "    on_jobs: send_to(\"results\", `${msg.text} handlers`)";

#[test]
fn handlers_become_a_program_and_a_program_handlers_with_nothing_lost() {
    let ports = free_ports();
    let handlers = swapped(ports, HANDLERS);
    let program =
        swapped(ports, &format!("    process: {{command: {}, ready: jobs}}", node_py("work")));
    let mut edited = Edited::of(Zrig::of(&handlers).with_stdin());
    edited.run.says("now by handlers");
    for turn in 1..=times(5, 50) {
        let receipt = edited.apply(&program);
        let worker = told(&receipt, "worker").unwrap();
        assert!(worker.to_string().contains("a program for handlers"), "{receipt:#}");
        edited.run.says_times("now by worker.1", turn);
        let receipt = edited.apply(&handlers);
        let worker = told(&receipt, "worker").unwrap();
        assert!(worker.to_string().contains("handlers for a program"), "{receipt:#}");
        assert!(receipt["notes"].to_string().contains("was a program, and ended"), "{receipt:#}");
        edited.run.says_times("now by handlers", turn + 1);
    }
    use std::io::Write;
    writeln!(edited.run.stdin(), "enough").unwrap();
    let sent = edited.run.says(" in all");
    let sent = sent.split_whitespace().rev().nth(2).unwrap().to_owned();
    edited.run.says(&format!("  {sent} arrived"));
    assert!(sent.parse::<u64>().unwrap() > 100, "{sent}");
    let ending = edited.stop();
    assert!(!ending.said("came in the place of"), "{}", tail(&ending.log));
    assert!(!ending.said("did not arrive"), "{}", tail(&ending.log));
}
