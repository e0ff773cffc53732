//! `follow` and `from` of a `read`: files that come, grow, are cut off and are replaced.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::support::{Runner, Zrig, eventually};

/// What is read of `in.txt` so, into `out.txt`.
fn reading(read: &str) -> Zrig {
    Zrig::of(&format!(
        "
nodes:
  source:
    role: push
    bind: inproc://lines
    read: {{file: in.txt, {read}}}
    on_line: send(line)
    on_end: print(\"at its end\")
  sink: {{role: pull, connect: source, write: {{file: out.txt}}}}
"
    ))
}

fn append(path: &Path, bytes: &[u8]) {
    File::options().create(true).append(true).open(path).unwrap().write_all(bytes).unwrap();
}

#[track_caller]
fn writes(run: &Runner, lines: &str) {
    let out = run.path("out.txt");
    let found = || std::fs::read_to_string(&out).unwrap_or_default();
    let until = Instant::now() + Duration::from_secs(30);
    while found() != lines {
        assert!(Instant::now() < until, "{:?} is not {lines:?}", found());
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_file_that_is_not_there_yet_is_waited_for_and_read_when_it_comes() {
    // All of a file that comes later is new.
    for from in ["start", "end"] {
        let run = reading(&format!("follow: true, from: {from}")).start();
        run.says("waits for ");
        let path = run.path("in.txt");
        append(&path, b"one\ntwo\nthr");
        writes(&run, "one\ntwo\n");
        append(&path, b"ee\nfour\n");
        writes(&run, "one\ntwo\nthree\nfour\n");
        let ending = run.stop().expect(0, ["is there"]);
        assert_eq!(ending.times("waits for "), 1, "{}", ending.text());
        assert_eq!(ending.times("at its end"), 0, "{}", ending.text());
    }
}

#[test]
fn without_follow_a_missing_file_stops_the_start_and_check_says_what_would_wait() {
    let zrig = reading("rate: 10/s");
    let said = checked(&zrig);
    assert!(said.contains("`follow: true` of the `read` waits for it"), "{said}");
    zrig.ends().expect(1, ["No such file"]);
    let said = checked(&reading("follow: true"));
    assert!(!said.contains("not there"), "{said}");
}

/// What `zrig check` says of a topology.
fn checked(zrig: &Zrig) -> String {
    let mut check = Command::new(env!("CARGO_BIN_EXE_zrig"));
    let output = check.arg("check").arg(zrig.path("topology.yaml")).output().unwrap();
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

#[test]
fn a_file_that_is_followed_is_read_over_rotation_and_truncation() {
    let run = reading("follow: true").with("in.txt", "one\n").start();
    let path = run.path("in.txt");
    writes(&run, "one\n");
    std::fs::rename(&path, run.path("in.txt.1")).unwrap();
    // Whoever has it open writes on, up to the rotation.
    append(&run.path("in.txt.1"), b"two\nhalf");
    append(&path, b"three\n");
    writes(&run, "one\ntwo\nhalf\nthree\n");
    run.says("was replaced");
    append(&path, b"four\nfive\n");
    writes(&run, "one\ntwo\nhalf\nthree\nfour\nfive\n");
    File::options().write(true).open(&path).unwrap().set_len(0).unwrap();
    run.says("has become shorter");
    append(&path, b"six\n");
    writes(&run, "one\ntwo\nhalf\nthree\nfour\nfive\nsix\n");
    run.stop().expect(0, []);
}

#[test]
fn reading_begins_where_it_is_told() {
    for (read, lines) in [
        ("from: start", "one\ntwo\nthree\n"),
        ("from: {line: 2}", "two\nthree\n"),
        ("from: {line: 1}", "one\ntwo\nthree\n"),
        ("from: {byte: 4}", "two\nthree\n"),
        ("from: {byte: 13}", "e\n"),
        ("from: {line: 3}, follow: true", "three\n"),
    ] {
        let run = reading(read).with("in.txt", "one\ntwo\nthree\n").start();
        let expected = if read.contains("13") { "\n" } else { lines };
        writes(&run, expected);
        run.stop().expect(0, []);
    }
    let run = reading("from: end, follow: true").with("in.txt", "one\n").start();
    run.says("running");
    let path = run.path("in.txt");
    // What is appended once it runs is all that comes.
    eventually("its line comes", || {
        append(&path, b"late\n");
        std::fs::read_to_string(run.path("out.txt")).is_ok_and(|found| found.ends_with("late\n"))
    });
    assert!(!std::fs::read_to_string(run.path("out.txt")).unwrap().contains("one"));
    run.stop();
    reading("from: {byte: 100}")
        .with("in.txt", "one\n")
        .ends()
        .expect(1, ["it has 4 bytes, and reading was to begin at byte 100"]);
}

#[test]
fn repeat_begins_again_where_reading_began() {
    let run = reading("from: {line: 2}, repeat: true, rate: 100/s")
        .with("in.txt", "header\none\ntwo\n")
        .start();
    let out = run.path("out.txt");
    eventually("it was read twice", || {
        std::fs::read_to_string(&out).is_ok_and(|found| found.starts_with("one\ntwo\none\ntwo\n"))
    });
    run.stop();
}

#[test]
fn a_file_that_has_less_than_what_is_repeated_ends() {
    let run = reading("from: {line: 4}, repeat: true").with("in.txt", "one\ntwo\nthree\n").start();
    run.says("at its end");
    run.stop().expect(0, []);
}

#[test]
fn what_is_no_record_has_its_place_counted_from_where_reading_began() {
    let run =
        reading("format: json, from: {byte: 3}").with("in.txt", "{}\n{\"frames\": [\"a\"]}\nx\n");
    let run = run.start();
    run.says("line 2 behind byte 3 was left out");
    run.stop();
    let run =
        reading("format: json, from: {line: 2}").with("in.txt", "{}\n{\"frames\": [\"a\"]}\nx\n");
    let run = run.start();
    run.says("line 3 was left out");
    run.stop();
}

#[test]
fn bytes_are_read_and_written_as_they_are() {
    let bytes: Vec<u8> = (0..200_000_u32).map(|n| (n * 7 % 256) as u8).collect();
    let run = Zrig::of(
        "
nodes:
  source:
    role: push
    bind: inproc://bytes
    read: {file: in.bin, format: bytes}
    on_line: 'if type_of(line) == \"blob\" { send(line) }'
  sink: {role: pull, connect: source, write: {file: out.bin, format: bytes}}
",
    )
    .with("in.bin", &bytes)
    .start();
    let out = run.path("out.bin");
    eventually("all is written", || std::fs::read(&out).is_ok_and(|found| found == bytes));
    run.stop().expect(0, []);
}
