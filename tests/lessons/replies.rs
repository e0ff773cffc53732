//! Answers that vanish without a word.

use std::os::unix::process::ExitStatusExt as _;
use std::process::Command;
use std::time::Duration;

use zmq::{Context, POLLIN, Socket, SocketEvent, SocketType};

use super::{SILENCE, bound, receive, socket};

/// Set for the process in which libzmq is to abort.
const ABORTING: &str = "ZRIG_LESSON_ABORTS";

/// How many of so many requests in flight a REP's answers reach the one who asked.
fn answered(
    context: &Context,
    server: &Socket,
    endpoint: &str,
    mark: i32,
    requests: usize,
) -> usize {
    let client = socket(context, SocketType::DEALER);
    client.set_rcvhwm(mark).unwrap();
    client.connect(endpoint).unwrap();
    for _ in 0..requests {
        client.send_multipart(["", "question"], 0).unwrap();
    }
    for _ in 0..requests {
        receive(server);
        server.send("answer", 0).unwrap();
    }
    let mut count = 0;
    while count < requests && client.poll(POLLIN, SILENCE) == Ok(1) {
        receive(&client);
        count += 1;
    }
    count
}

fn server(context: &Context, mark: i32) -> Socket {
    let server = socket(context, SocketType::REP);
    server.set_sndhwm(mark).unwrap();
    server
}

#[test]
fn zr0302_a_rep_with_a_mark_of_1_drops_answers_and_says_that_it_sent_them() {
    let context = Context::new();
    let careless = server(&context, 1);
    let endpoint = bound(&careless);
    assert!(answered(&context, &careless, &endpoint, 1000, 500) < 500);
    let careful = server(&context, 1000);
    let endpoint = bound(&careful);
    assert_eq!(answered(&context, &careful, &endpoint, 1000, 500), 500);
}

#[test]
fn zr0309_over_inproc_small_marks_of_both_ends_add_up_and_the_rest_is_dropped() {
    for (endpoint, send, receive) in [("inproc://a", 2, 1), ("inproc://b", 5, 3)] {
        let context = Context::new();
        let server = server(&context, send);
        server.bind(endpoint).unwrap();
        let arrived = answered(&context, &server, endpoint, receive, 20);
        assert_eq!(i32::try_from(arrived), Ok(send + receive));
    }
}

#[test]
fn zr0307_a_client_that_vanishes_ends_the_process_of_a_mandatory_rep() {
    if std::env::var_os(ABORTING).is_some() {
        answer_who_is_gone();
        return;
    }
    let this = std::env::current_exe().unwrap();
    let name = "replies::zr0307_a_client_that_vanishes_ends_the_process_of_a_mandatory_rep";
    let ended = Command::new(this).args(["--exact", name]).env(ABORTING, "1").output().unwrap();
    let said = String::from_utf8_lossy(&ended.stderr);
    assert_eq!(ended.status.signal(), Some(libc::SIGABRT), "{said}");
    assert!(said.contains("rep.cpp"), "{said}");
}

fn answer_who_is_gone() {
    let context = Context::new();
    let server = socket(&context, SocketType::REP);
    server.set_router_mandatory(true).unwrap();
    let gone = i32::from(SocketEvent::DISCONNECTED.to_raw());
    server.monitor("inproc://monitor", gone).unwrap();
    let monitor = socket(&context, SocketType::PAIR);
    monitor.connect("inproc://monitor").unwrap();
    let endpoint = bound(&server);
    // The end of a connection is told just before its queue ends, so the first try may be too early.
    for pause in 0..50 {
        let client = socket(&context, SocketType::DEALER);
        client.set_linger(-1).unwrap();
        client.connect(&endpoint).unwrap();
        client.send_multipart(["", "question"], 0).unwrap();
        assert_eq!(server.poll(POLLIN, super::PATIENCE), Ok(1));
        drop(client);
        receive(&monitor);
        std::thread::sleep(Duration::from_millis(pause));
        // Polling reads what became of connections, which receiving may put off. The question is
        // still there, but the way back, which goes with it, is not.
        assert_eq!(server.poll(POLLIN, 0), Ok(1));
        let _ = server.recv_multipart(0);
        let _ = server.send("answer", 0);
    }
}
