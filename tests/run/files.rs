//! Topology files that are none: a clear fault at once, and exit status 2.

use std::fs::File;
use std::time::{Duration, Instant};

use crate::support::{Ending, Zrig};

/// The promise is a second; a debug build beside all other tests gets what a busy machine may take.
const AT_ONCE: Duration = Duration::from_secs(20);

#[track_caller]
fn refused<const N: usize>(what: &str, zrig: Zrig, texts: [&str; N]) -> Ending {
    let begun = Instant::now();
    let ending = zrig.ends().expect(2, texts);
    let took = begun.elapsed();
    println!("{what}: {took:?}");
    assert!(took < AT_ONCE, "{what} took {took:?}");
    assert!(ending.text().len() < 100_000, "{what}: {} bytes of complaints", ending.text().len());
    ending
}

#[test]
fn a_file_that_is_not_there() {
    refused(
        "missing",
        Zrig::file("/nonexistent/topology.yaml"),
        ["ZR0101", "/nonexistent/topology.yaml", "there is no such file"],
    );
    refused("folder", Zrig::file(env!("CARGO_MANIFEST_DIR")), ["ZR0101", "it is a folder"]);
}

#[test]
fn a_file_that_is_empty() {
    for text in
        ["", "\n\n", "# only a comment\n", "---\n", "version: 1\n", "nodes:\n", "nodes: {}\n"]
    {
        refused("empty", Zrig::of(text), ["error", "nodes"]);
    }
}

#[test]
fn a_file_that_is_no_yaml() {
    for text in [
        "nodes: [",
        "\tnodes: {}",
        "a: b: c: d",
        "nodes:\n  a: {role: \"pub\n",
        "%%%\n",
        "{]}\n",
        "- 1\n- 2\n",
        "just words\n",
    ] {
        refused(text, Zrig::of(text), ["error", "topology.yaml"]);
    }
    refused(
        "bytes",
        Zrig::of("").with("topology.yaml", b"nodes:\n  a\xFF: 1\n"),
        ["not UTF-8", "line 2"],
    );
    let binary: Vec<u8> =
        std::fs::read(env!("CARGO_BIN_EXE_zrig")).unwrap().into_iter().take(100_000).collect();
    refused("a program", Zrig::of("").with("topology.yaml", binary), ["error"]);
    refused("a zero", Zrig::of("nodes:\0\n"), ["error"]);
}

#[test]
fn a_file_with_an_alias_bomb() {
    let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..=12 {
        let alias = format!("*a{}", level - 1);
        bomb += &format!("a{level}: &a{level} [{}]\n", [alias.as_str(); 10].join(", "));
    }
    bomb += "nodes: *a12\n";
    refused("aliases", Zrig::of(&bomb), ["ZR0103"]);
    let mut merges = String::from("a0: &a0 {k0: 1}\n");
    for level in 1..=60 {
        merges += &format!("a{level}: &a{level} {{<<: [*a{0}, *a{0}], k{level}: 1}}\n", level - 1);
    }
    merges += "nodes: *a60\n";
    refused("merge keys", Zrig::of(&merges), ["error"]);
}

#[test]
fn a_file_that_is_deep_or_wide() {
    let deep = format!("nodes: {}{}\n", "[".repeat(100_000), "]".repeat(100_000));
    refused("deep", Zrig::of(&deep), ["error"]);
    let deep: String = (0..2_000).map(|level| format!("{}a:\n", " ".repeat(level))).collect();
    refused("indented", Zrig::of(&deep), ["error"]);
    let wide: String = (0..50_000).map(|n| format!("unknown{n}: 1\n")).collect();
    refused("wide", Zrig::of(&wide), ["error"]);
    let long = format!("nodes: {}\n", "x".repeat(1_000_000));
    refused("long", Zrig::of(&long), ["error"]);
}

#[test]
fn a_file_of_100_megabytes() {
    let zrig = Zrig::of("nodes:\n");
    let file = File::options().write(true).open(zrig.path("topology.yaml")).unwrap();
    file.set_len(100 << 20).unwrap();
    refused("100 MiB", zrig, ["ZR0103", "larger than"]);
    refused("without end", Zrig::file("/dev/zero"), ["ZR0103", "larger than"]);
}

#[test]
fn all_faults_are_told_at_once_each_with_its_place() {
    let ending = refused(
        "many faults",
        Zrig::of(
            "
version: 1
nodes:
  first:
    role: publisher
    bind: 5556
  second:
    role: sub
    connect: frist
    msgids: [1000]
  third:
    role: sub
    bind: 70000
  fourth:
    role: rep
    bind: tcp://localhost:5557
    hwm: {send: 1}
    on_message: |
      let x = ;
  fifth:
    role: pull
    bind: 5558
    every: 10 parsecs
    options: {no_such_option: true}
  sixth:
    role: push
    bind: 5558
    bind: 5559
",
        ),
        [
            "topology.yaml:5:",
            "topology.yaml:9:",
            "topology.yaml:13:",
            "topology.yaml:16:",
            "topology.yaml:17:",
            "topology.yaml:19:",
            "topology.yaml:23:",
            "topology.yaml:24:",
            "topology.yaml:28:",
            "first",
            "127.0.0.1",
        ],
    );
    assert!(ending.times("error[ZR") >= 9, "{}", ending.text());
}

#[test]
fn a_script_with_a_fault_is_shown_in_its_own_file() {
    let yaml = "nodes:\n  node:\n    role: pull\n    bind: inproc://x\n    script: wrong.rhai\n";
    refused(
        "script",
        Zrig::of(yaml).with("wrong.rhai", "fn on_message(msg) {\n  let x = 1\n  x\n}\n"),
        ["ZR0201", "wrong.rhai:2:"],
    );
    refused(
        "eval",
        Zrig::of(yaml).with("wrong.rhai", "fn on_message(msg) { eval(msg.text) }\n"),
        ["ZR0201", "eval is not available", "wrong.rhai:1:22"],
    );
    let outside = "import \"../../etc/passwd\" as p;\nfn on_message(msg) { p::x() }\n";
    refused("import", Zrig::of(yaml).with("wrong.rhai", outside), ["ZR0202", "wrong.rhai:1:"]);
    refused("no script", Zrig::of(yaml), ["wrong.rhai", "no such file", "topology.yaml:5:"]);
}

/// Editors of other systems put a mark of the encoding in front of a text.
#[test]
fn a_byte_order_mark_in_front_of_any_file_is_no_part_of_it() {
    let yaml = "\u{feff}nodes:
  a:
    role: pull
    bind: inproc://a
    script: a.rhai
    params: {map: {file: map.json}, rows: {file: rows.csv}}
";
    Zrig::of(yaml)
        .with(
            "a.rhai",
            "\u{feff}import \"b\" as b;\nfn on_start() { print(b::of(param(\"map\"))); stop(); }",
        )
        .with("b.rhai", "\u{feff}fn of(map) { `${map.city} ${param(\"rows\")[0].name}` }")
        .with("map.json", "\u{feff}{\"city\": \"Oslo\"}")
        .with("rows.csv", "\u{feff}name\nTurin\n")
        .ends()
        .expect(0, ["a  Oslo Turin"]);
    refused(
        "its place",
        Zrig::of(yaml)
            .with("a.rhai", "\u{feff}fn on_start() { nope( }")
            .with("map.json", "{}")
            .with("rows.csv", "a\n"),
        ["ZR0201", "a.rhai:1:21"],
    );
}
