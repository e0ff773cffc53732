//! Sources and sinks outlive every change that does not concern them.

use crate::edited::{Edited, notes};
use crate::support::{Zrig, eventually};

/// How many lines the source has.
const LINES: usize = 1500;

/// A source that feeds a sink, each with so many more keys.
fn feeding(source: &str, sink: &str) -> String {
    format!(
        "
nodes:
  feed: {{role: push, bind: 'inproc://feed', read: {{file: lines.txt, {source}}}}}
  sink: {{role: pull, connect: feed, write: {{file: out.txt}}, {sink}}}
"
    )
}

#[test]
fn no_line_is_read_or_written_twice_or_lost_however_their_nodes_change() {
    let lines: Vec<String> = (0..LINES).map(|number| format!("line {number:05}")).collect();
    let first = feeding("rate: 300/s", "params: {v: 0}");
    let mut edited = Edited::of(Zrig::of(&first).with("lines.txt", lines.join("\n")));
    let out = edited.run.path("out.txt");
    let written = || std::fs::read_to_string(&out).unwrap_or_default();
    eventually("lines arrive", || written().lines().count() > 20);
    for (source, sink) in [
        ("rate: 300/s}, isolate: true, params: {v: 0", "params: {v: 0}"),
        ("rate: 300/s}, isolate: true, params: {v: 0", "params: {v: 0}, isolate: true"),
        ("rate: 300/s}, isolate: true, params: {v: 0", "params: {v: 0}, replicas: 1"),
        ("rate: 300/s}, isolate: true, params: {v: 0", "params: {v: 0}, replicas: 3"),
        ("rate: 400/s, escape: true", "params: {v: 0}, replicas: 2"),
        ("rate: 400/s, escape: true", "params: {v: 0}, replicas: 2, isolate: true"),
        ("rate: 400/s, escape: true", "params: {v: 0}"),
        ("rate: 400/s", "params: {v: 1}"),
    ] {
        let before = written();
        let receipt = edited.apply(&feeding(source, sink));
        assert_eq!(notes(&receipt), "", "{receipt:#}");
        eventually("more lines arrive", || written().len() > before.len() + 100);
        assert!(written().starts_with(&before), "{source} {sink}: what was written is gone");
    }
    eventually("all lines have arrived", || written().lines().count() >= LINES);
    let mut arrived: Vec<String> = written().lines().map(str::to_owned).collect();
    // Several copies write side by side.
    arrived.sort();
    assert_eq!(arrived, lines);
    edited.stop();
}

#[test]
fn a_source_that_is_another_one_is_read_from_its_first_line_and_the_plan_says_so() {
    let text = |name: &str| (0..50).map(|n| format!("{name} {n:02}\n")).collect::<String>();
    let yaml = |name: &str| feeding("rate: 1000/s", "params: {v: 0}").replace("lines.txt", name);
    let zrig = Zrig::of(&yaml("a.txt")).with("a.txt", text("a")).with("b.txt", text("b"));
    let mut edited = Edited::of(zrig);
    let out = edited.run.path("out.txt");
    let written = || std::fs::read_to_string(&out).unwrap_or_default();
    eventually("all of the first arrive", || written().lines().count() == 50);
    let receipt = edited.apply(&yaml("b.txt"));
    let change = &receipt["nodes"][0]["changes"][0];
    assert_eq!(
        (&change["what"], &change["why"]),
        (&"read".into(), &"read from its first line".into())
    );
    eventually("and all of the second", || written() == [text("a"), text("b")].concat());
    edited.stop();
}
