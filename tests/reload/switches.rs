//! What the outside clients of a server that is rebuilt under load lose, and that it is counted.
//!
//! Owns the comparison with a bare ROUTER that is drained and bound again by hand.

use serde_json::Value;
use zrig::snapshot::Snapshot;

use crate::edited::{Edited, notes, number_after, times};
use crate::support::http::get;
use crate::support::{Peer, Zrig, eventually, free_ports};

/// A DEALER that asks a thousand times a second, whether it is answered or not.
fn client(port: u16) -> Peer {
    Peer::flood(&format!(
        "ask --type dealer --identity client --connect tcp://127.0.0.1:{port} --rate 1000 \
         --window 100000 --patience 3"
    ))
}

fn number(summary: &Value, key: &str) -> u64 {
    summary[key].as_u64().unwrap()
}

/// Rebuilds a server so many times while a DEALER outside asks it. Whatever was asked arrives, every
/// answer that could be given does too, and the others are counted. How many went unanswered.
fn asked_from_outside(rounds: usize, version: impl Fn(usize) -> [String; 2]) -> u64 {
    let [port, metrics] = free_ports();
    let yaml = |number: usize| {
        let [socket, handler] = version(number);
        let socket = format!("{{bind: {port}, {socket}}}");
        format!("\nnodes:\n  server: {{sockets: {{s: {socket}}}, on_message: '{handler}'}}\n")
    };
    let figures = || {
        let seen: Snapshot = serde_json::from_str(&get(metrics, "/topology").body).unwrap();
        let socket = seen.node("server").unwrap().sockets[0].clone();
        (socket.messages_in, socket.messages_out, socket.dropped.total())
    };
    let zrig = Zrig::of(&yaml(0)).arguments(["--metrics", &metrics.to_string()]);
    let mut edited = Edited::of(zrig);
    let mut client = client(port);
    let mut told = 0;
    for number in 1..=rounds {
        let before = figures().1;
        eventually("it answers", || figures().1 > before + 200);
        told += unanswered(&edited.apply(&yaml(number)));
    }
    let before = figures().1;
    eventually("it answers after the last one", || figures().1 > before + 200);
    client.tell("end");
    let summary = client.summary();
    let (received, answered, dropped) = figures();
    println!(
        "rebuilt {rounds} times: {summary}; {received} came, {answered} answered, \
         {dropped} dropped"
    );
    assert_eq!(dropped, told, "the receipts say what was dropped: {summary}");
    assert_eq!(received, answered + dropped, "what came is answered or counted");
    all_is_known(&summary, received, answered, &edited.stop().log);
    dropped
}

/// How many questions a receipt says were not answered any more.
fn unanswered(receipt: &Value) -> u64 {
    assert!(notes(receipt).contains("1 peer outside the file"), "{receipt:#}");
    number(receipt, "dropped")
}

/// Nothing was lost unseen, unless the log says that it may have been.
fn all_is_known(summary: &Value, received: u64, answered: u64, log: &[String]) {
    assert_eq!(summary["wrong"], 0, "{summary}");
    let is_cut_off = log.iter().any(|line| line.contains("is cut off"));
    if !is_cut_off {
        assert_eq!(summary["answered"], answered, "an answer did not arrive: {summary}");
        assert_eq!(summary["asked"], received, "a request was lost unseen: {summary}");
    }
    // How long a peer takes to notice that its connection ends depends on the machine, and so what is
    // on its way then. Where a machine is too busy for so many requests, their queue is never empty.
    let keeps_up = summary["longest_ms"].as_f64().is_some_and(|longest| longest < 1000.0);
    assert!(!keeps_up || received - answered <= received / 4, "{summary}");
}

#[test]
fn a_router_that_waits_is_rebuilt_and_all_that_it_was_asked_is_answered_or_counted() {
    let version = |number: usize| {
        [format!("role: router, when_full: wait, hwm: {}", 10 + number % 2), "msg".into()]
    };
    asked_from_outside(times(5, 50), version);
}

#[test]
fn a_rep_with_small_marks_is_rebuilt_and_all_that_it_was_asked_is_answered_or_counted() {
    let version = |number: usize| [format!("role: rep, hwm: {}", 10 + number % 2), "msg".into()];
    asked_from_outside(times(5, 50), version);
}

#[test]
fn a_router_gets_other_handlers_and_marks_at_once_and_all_is_answered_or_counted() {
    let version = |number: usize| {
        [format!("role: router, hwm: {}", 1000 + number), format!("let v = {number}; msg")]
    };
    asked_from_outside(times(5, 50), version);
}

/// A server that takes another role answers as the one before up to then.
#[test]
fn a_server_changes_between_rep_and_router_and_all_that_it_was_asked_is_answered_or_counted() {
    let role = |number: usize| if number.is_multiple_of(2) { "rep" } else { "router" };
    let version = |number: usize| [format!("role: {}", role(number)), "msg".into()];
    asked_from_outside(times(4, 50), version);
}

/// A server that moves to a thread of its own, and back, is a new one in its place with its state,
/// and figures that begin anew.
#[test]
fn a_server_moves_between_threads_and_all_that_it_was_asked_is_answered_or_told() {
    let [port] = free_ports();
    let yaml = |number: usize| {
        format!(
            "\nnodes:\n  server:\n    role: router\n    bind: {port}\n    isolate: {}\n    \
             on_start: this.n = 0\n    on_message: this.n += 1; msg\n    every: 10ms\n    \
             on_tick: 'log(\"info\", \"came: \" + this.n)'\n    \
             on_stop: 'log(\"info\", \"came: \" + this.n)'\n",
            number % 2 == 1
        )
    };
    let mut edited = Edited::start(&yaml(0));
    let mut client = client(port);
    let mut told = 0;
    let rounds = times(4, 50);
    let serves = |edited: &Edited| {
        // What the one before said last is no sign of the next.
        let before = edited.greatest_number("came: ").unwrap_or(0);
        edited.passes("came: ", before + 200);
    };
    for number in 1..=rounds {
        serves(&edited);
        told += unanswered(&edited.apply(&yaml(number)));
    }
    serves(&edited);
    client.tell("end");
    let summary = client.summary();
    let log = edited.stop().log;
    let received = log.iter().filter_map(|line| number_after(line, "came: ")).max().unwrap();
    println!("moved {rounds} times: {summary}; {received} came, {told} were not answered");
    all_is_known(&summary, received, received - told, &log);
}

/// What a bare ROUTER loses of the same traffic, when it is drained and bound again so many times.
fn asked_of_a_bare_router(rounds: usize) -> u64 {
    let [port] = free_ports();
    let mut server = Peer::rebind(&format!("--bind tcp://127.0.0.1:{port}"));
    let mut client = client(port);
    for round in 0..=rounds {
        server.tell("serve 200");
        server.says(&format!("served {round}"));
        if round < rounds {
            server.tell("switch");
        }
    }
    client.tell("end");
    let asked = client.summary();
    server.tell("end");
    let served = server.summary();
    println!("bare ROUTER, bound again {rounds} times: {asked}; {served}");
    number(&asked, "asked") - number(&asked, "answered")
}

/// Nobody can have what the kernel took for a connection that ends before it was read: with requests
/// that never cease, a bare ROUTER loses some at each switch and cannot tell how many.
#[test]
fn a_rebuilt_router_counts_what_a_bare_one_that_is_bound_again_loses_unseen() {
    let rounds = times(5, 100);
    let bare = asked_of_a_bare_router(rounds);
    let version = |number: usize| [format!("role: router, hwm: {}", 1000 + number), "msg".into()];
    let ours = asked_from_outside(rounds, version);
    println!(
        "of a thousand a second, at {rounds} switches: {bare} lost by a bare one, {ours} here"
    );
}
