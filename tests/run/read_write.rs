//! `read` and `write`: what goes in comes out, byte for byte, or is counted and told.

use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::process::Command;
use std::time::Duration;

use crate::support::http::get;
use crate::support::{Ending, Zrig, eventually, free_port, numbered};

/// From `in.txt` to `out.txt`, with more keys for `read` and `write`.
fn through(read: &str, write: &str) -> Zrig {
    Zrig::of(&format!(
        "
nodes:
  source: {{role: push, bind: 'inproc://lines', read: {{file: in.txt{read}}}}}
  sink: {{role: pull, connect: source, write: {{file: out.txt{write}}}}}
"
    ))
}

#[track_caller]
fn gives(zrig: Zrig, input: &[u8], output: &[u8]) -> Ending {
    let run = zrig.with("in.txt", input).start();
    let path = run.path("out.txt");
    eventually("all is written", || std::fs::read(&path).is_ok_and(|found| found == output));
    run.stop()
}

#[test]
fn bytes_that_are_no_text_go_through_as_they_are() {
    let lines = b"caf\xE9\n\xFF\xFE\x00\x01\nplain\n";
    gives(through("", ""), lines, lines);
}

#[test]
fn a_line_that_is_no_text_reaches_its_handler_as_a_blob() {
    let run = Zrig::of(
        "
nodes:
  source:
    role: pub
    bind: inproc://lines
    read: {file: in.txt}
    on_line: 'print(`${type_of(line)} ${line.len()}`)'
",
    )
    .with("in.txt", b"caf\xE9\nword\n")
    .start();
    run.says("blob 4");
    run.says("string 4");
    run.stop();
}

#[test]
fn a_byte_order_mark_is_no_part_of_the_first_line() {
    gives(
        through("", ""),
        b"\xEF\xBB\xBFfirst\n\xEF\xBB\xBFsecond",
        b"first\n\xEF\xBB\xBFsecond\n",
    );
    gives(through("", ""), b"\xEF\xBB\xBF\nsecond\r\n", b"\nsecond\n");
}

#[test]
fn a_line_that_is_too_long_is_left_out_and_told() {
    let mut input = b"one\n".to_vec();
    input.resize(input.len() + (17 << 20), b'x');
    input.extend_from_slice(b"\nthree\n");
    let ending = gives(through("", ""), &input, b"one\nthree\n");
    ending.expect(0, ["line 2 is longer than 16 MiB, so it was left out"]);
}

#[test]
fn a_device_without_line_ends_takes_no_memory() {
    let run = Zrig::of(
        "
nodes:
  source: {role: push, bind: 'inproc://lines', read: {file: /dev/zero}}
  taker: {role: pull, connect: source, on_message: print(1)}
",
    )
    .start();
    run.says("line 1 is longer than 16 MiB");
    let peak = peak_memory(run.id());
    assert!(peak < 200 << 20, "{} MiB", peak >> 20);
    run.stop();
}

#[test]
fn long_lines_on_their_way_are_bounded_by_their_bytes() {
    const LINES: usize = 64;
    const LENGTH: u64 = 15 << 20;
    let port = free_port();
    let zrig = Zrig::of(&format!(
        "nodes: {{source: {{role: push, bind: {port}, read: {{file: in.txt}}}}}}\n"
    ));
    // Holes take no room on the disk.
    let mut file = File::create(zrig.path("in.txt")).unwrap();
    for line in 1..=LINES as u64 {
        file.seek(SeekFrom::Start(line * LENGTH - 1)).unwrap();
        file.write_all(b"\n").unwrap();
    }
    let run = zrig.start();
    let context = zmq::Context::new();
    let taker = context.socket(zmq::PULL).unwrap();
    taker.set_rcvhwm(1).unwrap();
    taker.set_rcvtimeo(30_000).unwrap();
    taker.connect(&format!("tcp://127.0.0.1:{port}")).unwrap();
    for line in 0..LINES {
        let got = taker.recv_bytes(0).unwrap();
        assert_eq!(got.len() as u64, LENGTH - 1, "line {line}");
        if line < 3 {
            // All the time that a source needs to read them all.
            std::thread::sleep(Duration::from_millis(700));
        }
    }
    let peak = peak_memory(run.id());
    assert!(peak < 250 << 20, "{} MiB", peak >> 20);
    run.stop();
}

/// The most memory that a process had so far, in bytes.
fn peak_memory(id: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    let kilobytes: u64 = line.trim().trim_end_matches(" kB").parse().unwrap();
    kilobytes << 10
}

#[test]
fn what_is_appended_while_a_source_reads_is_read_too() {
    let run = through(", rate: 20/s", "").with("in.txt", numbered("line", 10).join("\n")).start();
    let out = run.path("out.txt");
    let lines = || std::fs::read_to_string(&out).unwrap_or_default().lines().count();
    eventually("some are through", || lines() > 2);
    let mut file = File::options().append(true).open(run.path("in.txt")).unwrap();
    file.write_all(b" and more\nthe last\n").unwrap();
    eventually("all are through", || lines() == 11);
    let ending = run.stop();
    assert_eq!(ending.file("out.txt")[8..], ["line 8", "line 9 and more", "the last"]);
}

/// Sends texts that hold line ends, given in Rhai, to `out.txt`.
fn sends(texts: &str, write: &str) -> Zrig {
    Zrig::of(&format!(
        "
nodes:
  source:
    role: push
    bind: inproc://lines
    on_start: 'for text in [{texts}] {{ send(text) }}'
  sink: {{role: pull, connect: source, write: {{file: out.txt{write}}}}}
"
    ))
}

#[test]
fn a_message_cannot_forge_a_second_line() {
    let texts = r#""one", "two\nforged", "three\rforged", "ends\n", "four""#;
    let port = free_port();
    let run = sends(texts, "").arguments(["--metrics", &port.to_string()]).start();
    let path = run.path("out.txt");
    eventually("all is written", || {
        std::fs::read(&path).is_ok_and(|found| found == b"one\nfour\n")
    });
    run.says("a message with a line end inside was left out");
    let figures = get(port, "/metrics").body;
    assert!(figures.contains("zrig_node_lines_refused_total{node=\"sink\"} 3"), "{figures}");
    run.stop().expect(0, ["`escape: true`"]);
}

#[test]
fn escaped_lines_are_read_as_they_were_written() {
    let texts = r#""one", "two\nlines", "three\r\n", "C:\\new""#;
    let run = sends(texts, ", escape: true").start();
    let path = run.path("out.txt");
    let written = b"one\ntwo\\nlines\nthree\\r\\n\nC:\\\\new\n";
    eventually("all is written", || std::fs::read(&path).is_ok_and(|found| found == written));
    run.stop();
    let zrig = through(", escape: true", ", escape: true");
    gives(zrig, written, written);
}

#[test]
fn what_a_full_disk_did_not_take_makes_the_run_a_failed_one() {
    let run = Zrig::of(
        "
nodes:
  source: {role: push, bind: 'inproc://lines', read: {file: in.txt}, on_end: print(\"all read\")}
  sink: {role: pull, connect: source, write: {file: /dev/full}}
",
    )
    .with("in.txt", numbered("line", 100).join("\n"))
    .start();
    run.says("all read");
    run.says("writing /dev/full: No space left on device");
    run.signal("INT");
    run.ends().expect(1, ["writing /dev/full: 100 lines (790 bytes) were not taken"]);
}

#[test]
fn a_file_at_its_size_limit_fails_instead_of_ending_the_process() {
    let zrig = through("", "").with("in.txt", numbered("line", 10_000).join("\n"));
    let output = Command::new("bash")
        .args(["-c", "ulimit -f 16; exec \"$0\" run \"$1\" --for 2s"])
        .arg(env!("CARGO_BIN_EXE_zrig"))
        .arg(zrig.path("topology.yaml"))
        .output()
        .unwrap();
    let log = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{:?}: {log}", output.status);
    assert!(log.contains("File too large"), "{log}");
    assert!(log.contains("were not taken before the node had to close"), "{log}");
}

#[test]
fn a_node_that_fails_again_and_again_rests_longer_each_time() {
    let run = Zrig::of(
        "
nodes:
  node:
    role: pub
    bind: inproc://x
    every: 5ms
    on_error: restart
    on_tick: 'this.n = (this.n ?? 0) + 1; if this.n == 4 { throw \"the fourth\" }'
",
    )
    .start();
    run.says("starts anew in 1600 ms");
    run.says("starts anew in 3200 ms");
    run.stop();
}
