//! `later`: a `rep` that answers when it is ready, to clients of pyzmq, which wait for nothing else.

use std::time::Duration;

use serde_json::json;

use crate::support::http::get;
use crate::support::{Peer, Zrig, free_port};

/// A desk that answers what it is asked 30 ms later, each time, with these further keys.
fn desk(port: u16, more: &str) -> Zrig {
    Zrig::of(&format!(
        r#"
nodes:
  desk:
    role: rep
    bind: {port}
    on_message: 'this.asked = msg; later(msg, "10s"); after("30ms", "ready"); ()'
    on_timer: 'reply(this.asked, `${{this.asked.text}}!`)'
    {more}
"#
    ))
}

/// What clients of pyzmq hear that ask one question each.
fn asks(port: u16, count: usize) -> Peer {
    Peer::late(&format!("{port} {count}"))
}

#[test]
fn a_late_answer_reaches_who_asked_and_the_next_waits_for_its_turn() {
    let port = free_port();
    let run = desk(port, "every: 5ms\n    on_tick: count(\"ticks\")").start();
    let told = asks(port, 5).well();
    for answer in told["answers"].as_array().unwrap() {
        assert_eq!(answer[1], json!(format!("{}!", answer[0].as_str().unwrap())), "{told}");
    }
    // One after the other, and no sooner than they are ready.
    assert!(told["seconds"].as_f64().unwrap() >= 0.15, "{told}");
    run.stop().expect(0, []);
}

#[test]
fn a_request_that_nobody_answers_is_answered_with_why() {
    for (handlers, why) in [
        ("on_message: 'this.asked = msg; later(msg, \"200ms\")'", "no answer came within 200ms"),
        ("on_message: later(msg)", "the request was not kept, so nobody can answer it"),
        (
            "on_message: 'this.asked = msg; later(msg); this.timer = after(\"20ms\", \"never\"); after(\"10ms\", \"gone\")'\n    on_timer: 'if name == \"gone\" { cancel(this.timer); this.asked = () }'",
            "the request was not kept, so nobody can answer it",
        ),
        ("on_message: 'this.asked = msg; later(msg); throw \"broken\"'", "broken"),
        (
            "on_error: restart\n    on_message: 'this.asked = msg; later(msg); after(\"10ms\", \"x\")'\n    on_timer: 'reply(this.asked, \"x\"); throw \"broken\"'",
            "the request was not kept, so nobody can answer it",
        ),
        (
            "on_message: 'this.asked = msg; later(msg, \"300ms\"); after(\"10ms\", \"x\")'\n    on_timer: 'reply(this.asked, \"x\"); throw \"broken\"'",
            "no answer came within 300ms",
        ),
    ] {
        let port = free_port();
        let metrics = free_port();
        let run = Zrig::of(&format!(
            "nodes:\n  desk:\n    role: rep\n    bind: {port}\n    {handlers}\n"
        ))
        .arguments(["--metrics", &metrics.to_string()])
        .start();
        let told = asks(port, 1).well();
        let answer = told["answers"][0][1].as_str().unwrap();
        assert!(answer.starts_with("error: ") && answer.contains(why), "{handlers}: {told}");
        run.says(why);
        let figures = get(metrics, "/metrics").body;
        let none = "zrig_node_failures_total{node=\"desk\"} 0\n";
        assert!(!figures.contains(none), "{figures}");
        run.stop();
    }
}

#[test]
fn a_request_is_answered_once_however_late() {
    let port = free_port();
    let run = Zrig::of(&format!(
        r#"
nodes:
  desk:
    role: rep
    bind: {port}
    on_message: 'this.asked = msg; later(msg, "50ms"); after("80ms", "x")'
    on_timer: 'reply(this.asked, "too late")'
"#
    ))
    .start();
    let told = asks(port, 1).well();
    assert_eq!(told["answers"][0][1], json!("error: no answer came within 50ms"), "{told}");
    run.says("this request was answered already; a rep answers once");
    run.stop();
}

#[test]
fn a_value_that_is_returned_after_all_is_the_answer() {
    let port = free_port();
    let run = Zrig::of(&format!(
        "nodes: {{desk: {{role: rep, bind: {port}, on_message: 'later(msg); `now ${{msg.text}}`'}}}}"
    ))
    .start();
    let told = asks(port, 2).well();
    assert_eq!(told["answers"][1][1], json!("now 1"), "{told}");
    run.stop().expect(0, []);
}

#[test]
fn who_waits_for_a_node_that_ends_is_told_so() {
    let port = free_port();
    let run = Zrig::of(&format!(
        "
nodes:
  desk:
    role: rep
    bind: {port}
    on_message: 'print(\"owes\"); this.asked = msg; later(msg)'
"
    ))
    .start();
    let client = asks(port, 1);
    run.says("owes");
    run.stop();
    let told = client.well();
    assert_eq!(told["answers"][0][1], json!("error: the node ended before it had answered"));
}

#[test]
fn a_call_from_outside_waits_for_its_late_answer_too() {
    let port = free_port();
    let run = desk(port, "params: {}").start();
    run.says("running live");
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_zrig"))
        .arg("call")
        .arg(run.path("topology.yaml"))
        .args(["desk", "ask", "--timeout", "20s"])
        .output()
        .unwrap();
    assert!(String::from_utf8_lossy(&output.stdout).contains("ask!"), "{output:?}");
    run.stop().expect(0, []);
}

#[test]
fn a_node_that_owes_burns_no_processor_time() {
    let port = free_port();
    let run = Zrig::of(&format!(
        "
nodes:
  desk:
    role: rep
    bind: {port}
    on_message: 'this.asked = msg; later(msg); after(\"2s\", \"ready\"); ()'
    on_timer: 'reply(this.asked, \"done\")'
"
    ))
    .start();
    let before = processor_time(run.id());
    asks(port, 1).well();
    let took = processor_time(run.id()) - before;
    assert!(took < Duration::from_millis(700), "{took:?}");
    run.stop().expect(0, []);
}

/// What a process has had of the processors.
fn processor_time(id: u32) -> Duration {
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap();
    let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
    let ticks: u64 = fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap();
    Duration::from_millis(ticks * 10)
}
