//! Whoever read what a subcommand prints is gone: it ends at once and says nothing.

use std::io::pipe;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::{PATIENCE, Zrig, eventually, free_port};

/// Runs zrig with a standard output that nobody reads; the status and what it said beside.
#[track_caller]
fn unread(arguments: &[&str], runtime: &std::path::Path) -> (Option<i32>, String) {
    let (reader, writer) = pipe().unwrap();
    drop(reader);
    let mut child = Command::new(env!("CARGO_BIN_EXE_zrig"))
        .args(arguments)
        .env("XDG_RUNTIME_DIR", runtime)
        .stdin(Stdio::null())
        .stdout(writer)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let deadline = Instant::now() + PATIENCE;
    while child.try_wait().unwrap().is_none() {
        if Instant::now() > deadline {
            child.kill().unwrap();
            panic!("zrig {arguments:?} goes on without a reader");
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    let ended = child.wait_with_output().unwrap();
    (ended.status.code(), String::from_utf8(ended.stderr).unwrap())
}

#[test]
fn every_subcommand_ends_quietly_when_its_reader_has_gone() {
    let runtime = tempfile::tempdir().unwrap();
    let metrics = free_port();
    let yaml = "
name: quiet
nodes:
  # It sends nothing, so a tap has nothing to print.
  a: {role: rep, bind: 'tcp://127.0.0.1:*', on_message: msg}
  b: {role: sub, bind: 'tcp://127.0.0.1:*', topics: all, wrong: 1}
";
    let folder = tempfile::tempdir().unwrap();
    let faulty = folder.path().join("faulty.yaml");
    std::fs::write(&faulty, yaml).unwrap();
    let run = Zrig::of(&yaml.replace(", wrong: 1", ", on_message: '()'"))
        .environment("XDG_RUNTIME_DIR", runtime.path().display())
        .arguments(["--metrics", &metrics.to_string()])
        .start();
    run.says("figures at");
    let file = run.path("topology.yaml");
    let other = folder.path().join("other.yaml");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&other, text.replace("on_message: msg", "on_message: '1'")).unwrap();
    let exported = folder.path().join("exported");
    let exported = exported.to_str().unwrap();
    let (ugly, lessons) = (folder.path().join("ugly.yaml"), folder.path().join("lessons"));
    std::fs::write(&ugly, "a:   1\n").unwrap();
    let (ugly, lessons) = (ugly.to_str().unwrap(), lessons.to_str().unwrap());
    let (file, other, faulty) =
        (file.to_str().unwrap(), other.to_str().unwrap(), faulty.to_str().unwrap());
    eventually("it is found", || {
        let asked = Command::new(env!("CARGO_BIN_EXE_zrig"))
            .args(["call", "quiet", "a", "hello"])
            .env("XDG_RUNTIME_DIR", runtime.path())
            .output()
            .unwrap();
        asked.status.success()
    });
    let imported = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/import/devices.zpl");
    for arguments in [
        &["check", faulty][..],
        &["check", faulty, "--format", "json"],
        &["plan", file, other],
        &["graph", file],
        &["graph", file, "--format", "svg"],
        &["import", imported],
        &["export", "compose", file, "--to", exported],
        &["explain"],
        &["explain", "router"],
        &["schema"],
        &["lsp"],
        &["new"],
        &["completions", "zsh"],
        &["manual", "--to", exported],
        &["fmt", "--check", ugly],
        &["learn", lessons, "--list"],
        &["learn", lessons, "--hint"],
        &["learn", lessons, "--once"],
        &["learn", lessons],
        &["list"],
        &["list", "--format", "json"],
        &["logs", "quiet"],
        &["logs", "quiet", "-f", "-n", "0"],
        &["reload", "quiet"],
        &["call", "quiet", "a", "hello"],
        &["top", "quiet", "--once"],
        &["top", "quiet", "--interval", "1h"],
        &["tap", "quiet", "a"],
        &["tap", "quiet", "a", "--format", "json"],
        &["events", "quiet"],
        &["events", "quiet", "--format", "json"],
        &["web", "quiet"],
    ] {
        let (status, said) = unread(arguments, runtime.path());
        assert_eq!((status, &*said), (Some(1), ""), "zrig {arguments:?}");
    }
    run.stop();
}

#[test]
fn what_is_asked_for_comes_also_when_nobody_reads_the_warnings_beside_it() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("warned.yaml");
    // A warning: hwm 0 is memory without a limit.
    let yaml = "nodes: {a: {role: pull, bind: 'inproc://a', hwm: 0, on_message: '()'}}";
    std::fs::write(&file, yaml).unwrap();
    let file = file.to_str().unwrap();
    for (arguments, status) in
        [(&["graph", file][..], 0), (&["plan", file, file], 0), (&["run", "no/such.yaml"], 2)]
    {
        let (reader, writer) = pipe().unwrap();
        drop(reader);
        let ended = Command::new(env!("CARGO_BIN_EXE_zrig"))
            .args(arguments)
            .stderr(writer)
            .output()
            .unwrap();
        assert_eq!(ended.status.code(), Some(status), "zrig {arguments:?}");
        assert_eq!(ended.stdout.is_empty(), status == 2, "zrig {arguments:?}");
    }
}

#[test]
fn a_picture_in_a_format_that_is_not_written_is_refused_with_the_way_to_it() {
    let folder = tempfile::tempdir().unwrap();
    let topology = concat!(env!("CARGO_MANIFEST_DIR"), "/topologies/first.yaml");
    let graph = |name: &str| {
        let output = folder.path().join(name);
        let mut zrig = std::process::Command::new(env!("CARGO_BIN_EXE_zrig"));
        let ended = zrig.args(["graph", topology, "-o"]).arg(&output).output().unwrap();
        let said = String::from_utf8(ended.stderr).unwrap();
        (ended.status.code(), said, output.exists())
    };
    for (name, way) in [("x.png", "`rsvg-convert "), ("x.pdf", "`rsvg-convert "), ("x.doc", ".svg")]
    {
        let (status, said, is_written) = graph(name);
        assert_eq!((status, is_written), (Some(2), false), "{name}: {said}");
        assert!(said.contains(way), "{name}: {said}");
    }
    assert_eq!(graph("x.svg"), (Some(0), String::new(), true));
}
