//! Requests that are owed while their node changes: each asker hears the answer, or why there is none.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::edited::Edited;
use crate::support::{Peer, free_port};

/// A desk that owes its answer for so long, with more keys, beside another node that stays.
fn desk(port: u16, after: &str, more: &str) -> String {
    format!(
        r#"
nodes:
  desk:
    role: rep
    bind: {port}
    {more}
    on_message: 'print("owes"); this.asked = msg; later(msg, "60s"); after("{after}", "ready"); ()'
    on_timer: 'reply(this.asked, "done")'
  other: {{role: pull, bind: 'inproc://other', on_message: print(msg.text)}}
"#
    )
}

/// What somebody hears who asks the first of two versions and is owed the answer when the second
/// comes; how long that took.
fn heard_over(port: u16, first: &str, second: &str) -> (Value, Duration) {
    let mut edited = Edited::start(first);
    let client = Peer::late(&format!("{port} 1"));
    edited.run.says("owes");
    let begun = Instant::now();
    edited.apply(second);
    let told = client.well();
    let took = begun.elapsed();
    edited.stop();
    (told["answers"][0][1].clone(), took)
}

#[test]
fn what_is_owed_outlives_every_change_that_leaves_its_socket() {
    let port = free_port();
    for more in ["params: {v: 1}", "timers: {x: 1h}", "linger: 100ms"] {
        let (first, second) = (desk(port, "400ms", "params: {}"), desk(port, "400ms", more));
        assert_eq!(heard_over(port, &first, &second).0, "done", "{more}");
    }
    let (first, second) = (desk(port, "400ms", ""), desk(port, "400ms", ""));
    let second = second.replace("\"done\"", "\"done anew\"");
    assert_eq!(heard_over(port, &first, &second).0, "done anew");
}

#[test]
fn a_socket_that_is_replaced_answers_first_what_it_owes_for_a_moment() {
    let port = free_port();
    let (first, second) = (desk(port, "400ms", "hwm: 100"), desk(port, "400ms", "hwm: 200"));
    assert_eq!(heard_over(port, &first, &second).0, "done");
}

#[test]
fn who_is_owed_an_answer_for_longer_by_a_socket_that_goes_is_told_so_soon() {
    let port = free_port();
    let first = desk(port, "50s", "hwm: 100");
    let replaced = desk(port, "50s", "hwm: 200");
    let gone =
        "nodes: {other: {role: pull, bind: 'inproc://other', on_message: print(msg.text)}}\n";
    let elsewhere = replaced.replace("hwm: 200", "isolate: true");
    for (second, why) in [
        (&*replaced, "error: the socket was replaced before it had answered"),
        (gone, "error: the node ended before it had answered"),
        (&*elsewhere, "error: the node ended before it had answered"),
    ] {
        let (answer, took) = heard_over(port, &first, second);
        assert_eq!(answer, why, "{second}");
        assert!(took < Duration::from_secs(15), "{took:?}");
    }
}

#[test]
fn a_client_inside_the_file_hears_the_answer_that_a_replaced_socket_owes_it() {
    let port = free_port();
    let yaml = |hwm: u32| {
        let client = "  client: {role: req, connect: desk, on_start: send(\"ask\"), on_message: 'print(`heard ${msg.text}`)'}\n";
        desk(port, "400ms", &format!("hwm: {hwm}")) + client
    };
    let mut edited = Edited::start(&yaml(100));
    edited.run.says("owes");
    let begun = Instant::now();
    edited.apply(&yaml(200));
    edited.run.says("heard done");
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    edited.stop();
}
