//! `zrig check` as a command: what it prints where, and its exit status. Owns no rule of the checker.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "check/secrets.rs"]
mod secrets;

use assert_cmd::Command;
use serde_json::Value;

fn check(arguments: &[&str]) -> (i32, String, String) {
    let mut command = Command::cargo_bin("zrig").unwrap();
    command.arg("check").args(arguments);
    secrets::lock();
    command.envs(secrets::VARIABLES);
    let output = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

#[test]
fn errors_end_with_status_two_and_warnings_only_when_denied() {
    assert_eq!(check(&["tests/check/key_twice.yaml"]).0, 2);
    assert_eq!(check(&["tests/check/linger_for_ever.yaml"]).0, 0);
    assert_eq!(check(&["--deny-warnings", "tests/check/linger_for_ever.yaml"]).0, 2);
    assert_eq!(check(&["--deny-warnings", "tests/check/linger_for_ever.fixed.yaml"]).0, 0);
    assert_eq!(check(&["--deny-warnings", "tests/check/allow_unused.yaml"]).0, 0);
}

#[test]
fn folders_and_patterns_are_checked_as_a_whole() {
    let sound = |(status, text, error): (i32, String, String)| {
        let one_line = text.lines().count() == 1 && text.contains(" files, all sound: ");
        assert!(status == 0 && one_line && error.is_empty(), "{status}\n{text}{error}");
    };
    // The fleet below it has certificates that are made first; `tests/run/fleet.rs` checks it.
    sound(check(&["--deny-warnings", "tests/sound", "topologies/*.yaml", "topologies/guide"]));
    sound(check(&["--deny-warnings", "tests/check/*.fixed.yaml"]));
    let first = (0, "sound: 2 nodes, 1 link and their handlers\n".to_owned(), String::new());
    assert_eq!(check(&["topologies/first.yaml"]), first);
    let nothing = (0, String::new(), String::new());
    assert_eq!(check(&["--format", "json", "topologies/first.yaml"]), nothing);
    let (status, _, error) = check(&["tests/check/*.toml"]);
    assert_eq!((status, error.contains("no file fits")), (2, true), "{error}");
}

#[test]
fn test_files_are_checked_with_their_topologies() {
    let sound = "tests/check_tests/timer_misspelt.fixed.test.yaml";
    let (status, text, _) = check(&[sound]);
    let want = "sound: 4 nodes, 2 links and their handlers, 1 test\n";
    assert_eq!((status, text.as_str()), (0, want));
    let (status, text, _) =
        check(&["--format", "short", "tests/check_tests/timer_misspelt.test.yaml"]);
    let line = text.lines().next().unwrap();
    let place = "tests/check_tests/timer_misspelt.test.yaml:5:39: error[ZR0406]: ";
    assert!(status == 2 && line.starts_with(place), "{status} {text}");
    let warned = "tests/check_tests/test_that_cannot_fail.test.yaml";
    assert_eq!(check(&[warned]).0, 0);
    assert_eq!(check(&["--deny-warnings", warned]).0, 2);
}

#[test]
fn a_topology_beside_its_tests_is_told_of_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    std::fs::write(path("a.yaml"), "nodes: {a: {role: pull, bnd: 5, on_message: x}}").unwrap();
    let tests = "topology: a.yaml\ntests: [{name: a, steps: [{never: {at: a}}]}]";
    std::fs::write(path("a.test.yaml"), tests).unwrap();
    let told = |of: &std::path::Path| {
        let (status, text, _) = check(&["--format", "json", of.to_str().unwrap()]);
        assert_eq!(status, 2);
        text.lines().filter(|line| line.contains("ZR0105")).count()
    };
    assert_eq!(told(&path("a.test.yaml")), 1);
    assert_eq!(told(folder.path()), 1);
}

#[test]
fn the_short_form_has_one_line_a_fault() {
    let (_, text, _) = check(&["--format", "short", "tests/check/port_too_large.yaml"]);
    let line = text.lines().next().unwrap();
    assert!(line.starts_with("tests/check/port_too_large.yaml:2:30: error[ZR0111]: "), "{line}");
}

#[test]
fn json_has_an_object_a_fault_and_nothing_else() {
    let (status, text, _) = check(&["--format", "json", "tests/check"]);
    assert_eq!(status, 2);
    let faults: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(faults.len() >= 90);
    for fault in faults {
        assert!(fault["code"].as_str().unwrap().starts_with("ZR"));
        assert!(fault["topology"].as_str().unwrap().starts_with("tests/check"));
        for place in fault["places"].as_array().unwrap() {
            assert!(place["start"]["byte"].as_u64() <= place["end"]["byte"].as_u64());
            assert!(place["start"]["line"].as_u64().unwrap() >= 1);
        }
    }
}

#[test]
fn a_pipe_gets_no_colours() {
    let (_, text, _) = check(&["tests/check/key_twice.yaml"]);
    assert!(!text.contains('\u{1b}'));
}

#[test]
fn an_unknown_word_is_met_with_the_nearest() {
    let output = Command::cargo_bin("zrig").unwrap().args(["explain", "ruoter"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8(output.stderr).unwrap().contains("`router`"));
}

#[test]
fn a_file_that_is_to_be_read_and_is_not_there_is_a_warning() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.yaml");
    std::fs::write(&path, "nodes:\n  a: {role: pub, bind: 5555, read: {file: lines.txt}}\n")
        .unwrap();
    let (status, text, _) = check(&["--format", "short", path.to_str().unwrap()]);
    assert_eq!(status, 0, "{text}");
    assert!(text.contains(":2:43: warning[ZR0101]: `a` reads "), "{text}");
    std::fs::write(folder.path().join("lines.txt"), "one\n").unwrap();
    assert!(check(&[path.to_str().unwrap()]).1.starts_with("sound: 1 node"));
}
