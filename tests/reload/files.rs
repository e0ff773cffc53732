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

#[test]
fn records_go_on_where_they_were_and_an_edit_of_their_format_is_told() {
    let records: String = (0..LINES).map(|n| format!("{{\"frames\":[\"{n:05}\"]}}\n")).collect();
    let yaml = |rate: u32, write: &str, isolate: bool| {
        format!(
            "
nodes:
  feed: {{role: push, bind: 'inproc://feed', read: {{file: in, format: json, rate: {rate}/s}}, isolate: {isolate}}}
  sink: {{role: pull, connect: feed, write: {{file: out.txt, format: {write}}}, isolate: {isolate}}}
"
        )
    };
    let mut edited = Edited::of(Zrig::of(&yaml(300, "json", false)).with("in", &records));
    let out = edited.run.path("out.txt");
    let written = || std::fs::read_to_string(&out).unwrap_or_default();
    eventually("records arrive", || written().lines().count() > 20);
    let receipt = edited.apply(&yaml(400, "json", true));
    assert_eq!(notes(&receipt), "", "{receipt:#}");
    let before = written();
    eventually("more of them", || written().len() > before.len() + 100);
    let receipt = edited.apply(&yaml(500, "lines", true));
    let sink = receipt["nodes"].as_array().unwrap().iter().find(|node| node["node"] == "sink");
    let change = &sink.unwrap()["changes"][0];
    let why = "what is written from now on has the new format; what is in the file stays";
    assert_eq!((&change["what"], &change["why"]), (&"write".into(), &why.into()), "{receipt:#}");
    eventually("all have arrived", || written().lines().count() >= LINES);
    let found = written();
    let places: Vec<usize> = found
        .lines()
        .map(|line| line.trim_matches(|c: char| !c.is_ascii_digit()).parse().unwrap())
        .collect();
    assert_eq!(places, (0..LINES).collect::<Vec<_>>());
    assert!(found.lines().last().is_some_and(|line| !line.starts_with('{')), "{found}");
    edited.stop();
}

#[test]
fn a_source_that_waits_for_its_file_comes_by_an_edit_and_keeps_its_place_over_another() {
    let yaml = |read: &str| {
        format!(
            "
nodes:
  feed: {{role: push, bind: 'inproc://feed', read: {{file: {read}}}}}
  sink: {{role: pull, connect: feed, write: {{file: out.txt}}}}
"
        )
    };
    let zrig = Zrig::of(&yaml("first.txt")).with("first.txt", "first\n");
    let mut edited = Edited::of(zrig);
    let (file, out) = (edited.run.path("later.txt"), edited.run.path("out.txt"));
    let written = || std::fs::read_to_string(&out).unwrap_or_default();
    eventually("the first file is read", || written() == "first\n");
    edited.apply(&yaml("later.txt, follow: true, rate: 1000/s"));
    edited.run.says("later.txt, which is not there");
    std::fs::write(&file, "one\n").unwrap();
    eventually("it is read", || written() == "first\none\n");
    edited.apply(&yaml("later.txt, follow: true, rate: 500/s"));
    let mut more = std::fs::File::options().append(true).open(&file).unwrap();
    std::io::Write::write_all(&mut more, b"two\n").unwrap();
    eventually("what it has more is read", || written().ends_with("two\n"));
    assert_eq!(written(), "first\none\ntwo\n");
    edited.stop();
}
