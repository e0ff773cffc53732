//! `zrig list`, `stop`, `reload` and `logs`.

use std::fs;
use std::os::unix::net::UnixListener;
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use crate::client::{Desk, Follower};
use crate::support::{PATIENCE, Zrig, eventually};

const ECHO: &str = "
name: echo
nodes:
  desk: {role: rep, bind: 'tcp://127.0.0.1:*', on_error: skip, on_message: 'if msg.text == \"fail\" { throw \"no\" } print(msg.text); msg.text'}
";

fn listed(desk: &Desk) -> Vec<Value> {
    let out = desk.ask(["list", "--format", "json"]).well();
    out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn the_list_has_what_runs_and_not_what_has_ended() {
    let desk = Desk::new();
    let nothing = "nothing runs; `zrig run FILE` starts a topology\n";
    assert_eq!(desk.ask(["list"]).well(), nothing);
    assert_eq!(desk.ask(["list", "--format", "json"]).well(), "");
    let before = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs_f64();
    let first = desk.run(ECHO);
    let second = desk.run(&ECHO.replace("name: echo", "name: other"));
    let killed = desk.run(&ECHO.replace("name: echo", "name: killed"));
    killed.signal("KILL");
    killed.ends();
    // What a run left behind whose process number somebody else has by now.
    let stale = desk.path().join(format!("zrig/stale.{}.sock", std::process::id()));
    drop(UnixListener::bind(&stale).unwrap());

    let mut runs = listed(&desk);
    runs.sort_by_key(|run| run["name"].as_str().unwrap().to_owned());
    let names: Vec<&Value> = runs.iter().map(|run| &run["name"]).collect();
    assert_eq!(names, [&json!("echo"), &json!("other")]);
    let file = first.path("topology.yaml").canonicalize().unwrap();
    let since = runs[0]["since"].as_f64().unwrap();
    assert!(since > before - 1.0 && since < before + PATIENCE.as_secs_f64(), "{since} {before}");
    runs[0]["since"] = Value::Null;
    assert_eq!(
        runs[0],
        json!({
            "name": "echo", "process": first.id(), "file": file, "generation": 1, "since": null,
            "nodes": 1, "hurting": [],
        })
    );
    let table = desk.ask(["list"]).well();
    let lines: Vec<&str> = table.lines().collect();
    assert_eq!(lines.len(), 3, "{table}");
    assert!(lines[0].starts_with("RUN    PROCESS"), "{table}");
    let line = lines.iter().find(|line| line.starts_with("echo ")).unwrap();
    for part in [&first.id().to_string(), " 1, well ", &file.display().to_string()] {
        assert!(line.contains(part), "{part:?} in {line}");
    }
    second.stop();
    first.stop();
    assert_eq!(desk.ask(["list"]).well(), nothing);
}

#[test]
fn a_node_that_fails_or_drops_is_listed_as_hurting_and_why() {
    let desk = Desk::new();
    let run = desk.run(ECHO);
    desk.ask(["call", "echo", "desk", "fail", "--timeout", "200ms"]);
    eventually("it hurts", || listed(&desk)[0]["hurting"] != json!([]));
    let hurting = json!([{"node": "desk", "status": "running", "why": ["a handler failed"]}]);
    assert_eq!(listed(&desk)[0]["hurting"], hurting);
    let table = desk.ask(["list"]).well();
    assert!(table.contains(" 1, 1 hurts "), "{table}");
    assert!(table.ends_with("\n  desk (running): a handler failed\n"), "{table}");
    run.stop();
}

#[test]
fn a_run_that_stands_still_is_listed_as_one_that_does_not_answer() {
    let desk = Desk::new();
    let run = desk.run(ECHO);
    run.signal("STOP");
    assert_eq!(listed(&desk), [json!({"process": run.id(), "silent": true})]);
    let table = desk.ask(["list"]).well();
    let silent = format!("process {} has a control socket and does not answer\n", run.id());
    assert!(table.ends_with(&silent), "{table}");
    run.signal("CONT");
    run.stop();
}

#[test]
fn a_stopped_run_has_ended_well_and_in_order_when_the_command_has() {
    let desk = Desk::new();
    let mut run = desk.run(
        "
name: last
nodes:
  a: {role: pub, bind: 'tcp://127.0.0.1:*', every: 1h, on_tick: '1', on_stop: 'print(\"goodbye\")'}
",
    );
    let said = desk.ask(["stop", "last"]).well();
    assert!(said.starts_with(&format!("last (process {}) has ended, after ", run.id())), "{said}");
    assert!(!run.runs(), "it has ended");
    assert_eq!(desk.sockets().len(), 0);
    let ending = run.ends();
    assert_eq!(ending.status, Some(0));
    let log = ending.log.join("\n");
    assert!(log.contains("goodbye"), "{log}");
    assert!(log.contains("stopping: a client of the control socket asked for it"), "{log}");
    desk.ask(["stop", "last"]).fails(2, ["nothing runs"]);
}

#[test]
fn a_run_that_does_not_end_in_time_is_said_and_goes_on_ending() {
    let desk = Desk::new();
    // The message waits for a peer that never comes, for as long as its linger.
    let run = desk.run(
        "
name: slow
nodes:
  a:
    role: push
    connect: tcp://127.0.0.1:9
    linger: 1m
    on_start: send(1)
    on_stop: busy(\"2s\")
",
    );
    let process = format!("process {}", run.id());
    desk.ask(["stop", "slow", "--within", "300ms"]).fails(1, ["not ended within 300ms", &process]);
    run.signal("TERM");
    run.ends();
}

#[test]
fn a_reload_prints_the_receipt_and_its_status_says_whether_it_was_applied() {
    let desk = Desk::new();
    let run = desk.start(Zrig::of(ECHO).arguments(["--no-watch"]));
    let file = run.path("topology.yaml");
    let said = desk.ask(["reload", "echo"]).well();
    assert!(said.starts_with("reload applied (generation 2, "), "{said}");
    assert!(said.ends_with("): nothing changed\n"), "{said}");

    fs::write(&file, ECHO.replace("print(msg.text);", "print(\"new\");")).unwrap();
    let said = desk.ask(["reload", "echo"]).well();
    assert!(said.starts_with("reload applied (generation 3, "), "{said}");
    assert!(said.contains("\n  ~ desk\n"), "{said}");

    fs::write(&file, "nodes: {desk: {role: rap}}").unwrap();
    let rejected = desk.ask(["reload", "echo"]);
    assert_eq!((rejected.status, &*rejected.errors), (Some(2), ""));
    assert!(rejected.out.starts_with("reload rejected, the running version stays (generation 3"));
    assert!(
        rejected.out.contains("\n  error: ") && rejected.out.contains("rap"),
        "{}",
        rejected.out
    );
    let json = desk.ask(["reload", "echo", "--format", "json"]);
    let receipt: Value = serde_json::from_str(&json.out).unwrap();
    assert_eq!((json.status, &receipt["verdict"]), (Some(2), &json!("rejected")));

    // Twice, since the second time it is known that there is nothing.
    fs::remove_file(&file).unwrap();
    for _ in 0..2 {
        let lost = desk.ask(["reload", "echo"]);
        assert_eq!(lost.status, Some(2), "{lost:?}");
        assert!(lost.out.contains("error: "), "{lost:?}");
    }
    fs::write(&file, ECHO).unwrap();
    assert!(desk.ask(["reload", "echo"]).well().contains("~ desk"));
    assert_eq!(desk.ask(["call", "echo", "desk", "hi"]).well(), "hi\n");
    run.stop();
}

#[test]
fn a_reload_whose_step_fails_ends_with_status_one() {
    let desk = Desk::new();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let run = desk.start(Zrig::of(ECHO).arguments(["--no-watch"]));
    fs::write(run.path("topology.yaml"), ECHO.replace("127.0.0.1:*", &format!("127.0.0.1:{port}")))
        .unwrap();
    let failed = desk.ask(["reload", "echo"]);
    assert_eq!(failed.status, Some(1), "{failed:?}");
    assert!(failed.out.starts_with("reload rolled back, the running version stays"), "{failed:?}");
    run.stop();
}

#[test]
fn logs_show_the_last_lines_and_follow_to_the_end() {
    let desk = Desk::new();
    let run = desk.run(ECHO);
    for text in ["one", "two", "three"] {
        desk.ask(["call", "echo", "desk", text]).well();
    }
    let plain = |line: &str| line.split_once("  ").map(|(_, rest)| rest.to_owned()).unwrap();
    let logs = desk.ask(["logs", "echo"]).well();
    let shown: Vec<String> = logs.lines().map(plain).collect();
    let log: Vec<String> = run.log().iter().map(|line| plain(line)).collect();
    assert_eq!(shown, log, "the same as the log has");
    let last = desk.ask(["logs", "echo", "-n", "2"]).well();
    let last: Vec<String> = last.lines().map(plain).collect();
    assert_eq!(last, ["desk  two", "desk  three"]);
    assert_eq!(desk.ask(["logs", "echo", "--lines", "0"]).well(), "");
    let none = desk.ask(["logs", "echo", "--log", "error"]).well();
    assert_eq!(none, "");
    let json = desk.ask(["logs", "echo", "-n", "1", "--format", "json"]).well();
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!((&json["node"], &json["message"]), (&json!("desk"), &json!("three")));

    let follower = Follower::of(&mut desk.command(["logs", "echo", "-f", "-n", "1"]));
    follower.shows("desk  three");
    desk.ask(["call", "echo", "desk", "four"]).well();
    follower.shows("desk  four");
    run.stop();
    let (status, out) = follower.ends();
    assert_eq!(status, Some(0));
    let three = out.iter().filter(|line| line.contains("three")).count();
    assert_eq!(three, 1, "nothing is shown twice: {out:?}");
}

#[test]
fn what_a_run_keeps_of_its_log_has_an_end_and_says_how_much_went() {
    let desk = Desk::new();
    let run =
        desk.run(&ECHO.replace("print(msg.text);", "for n in 0..1500 { print(`line ${n}`) }"));
    desk.ask(["call", "echo", "desk", "go"]).well();
    let shown = desk.ask(["logs", "echo", "-n", "5000"]);
    assert_eq!(shown.status, Some(0));
    let lines: Vec<&str> = shown.out.lines().collect();
    assert_eq!(lines.len(), 1000);
    assert!(lines[999].ends_with("desk  line 1499"), "{}", lines[999]);
    assert!(shown.errors.contains(" earlier events are not kept any more"), "{}", shown.errors);
    run.stop();
}

#[test]
fn all_four_find_a_run_as_the_others_do() {
    let desk = Desk::new();
    for command in ["stop", "reload", "logs"] {
        desk.ask([command, "echo"]).fails(2, ["no run of echo: nothing runs"]);
    }
    let run = desk.run(ECHO);
    let name = run.id().to_string();
    assert!(desk.ask(["logs", &name]).well().contains("running live"));
    assert!(desk.ask(["reload", &name]).well().contains("reload applied"));
    assert!(desk.ask(["stop", &name]).well().contains("has ended"));
    // What is asked for may be given in any order, and more is refused.
    let wrong = Command::new(env!("CARGO_BIN_EXE_zrig")).args(["stop"]).output().unwrap();
    assert_eq!(wrong.status.code(), Some(2));
    drop(run);
}
