//! Ends that are bounded, whatever happened before: each role, each change, each state of the peer.
//!
//! Owns peers that never answer. What the end takes is measured from SIGTERM.

use std::net::TcpListener;
use std::time::Duration;

use crate::edited::Edited;
use crate::support::{Ending, Zrig, free_port, soaking};

/// The longest linger of these files is the default of half a second.
const SOON: Duration = Duration::from_secs(5);

/// That it came to its end by itself: one that does not is ended by force, with status 1. How soon is
/// asked of a machine that does nothing else.
#[track_caller]
fn assert_ends_by_itself(ending: &Ending, what: &str) {
    assert_eq!(ending.status, Some(0), "{what}: {}", ending.text());
    let is_soon = ending.took < SOON || !soaking();
    assert!(is_soon, "{what}: {:?}\n{}", ending.took, ending.text());
}

/// A peer as it can be found.
enum State {
    /// Nobody listens.
    Absent,
    /// It accepts and says nothing.
    Silent,
    /// It accepts and closes at once.
    Refusing,
    /// It is there and takes nothing.
    Slow,
}

/// Somebody at a port for as long as this lives.
#[allow(dead_code, reason = "held for what it does when it is dropped")]
enum Presence {
    Nobody,
    Listener(TcpListener),
    Socket(zmq::Socket),
}

/// The role that a peer has to have.
fn other(role: &str) -> &'static str {
    match role {
        "sub" | "xsub" => "pub",
        "pub" | "xpub" => "sub",
        "push" => "pull",
        "pull" => "push",
        "req" | "dealer" => "router",
        "pair" => "pair",
        _ => "dealer",
    }
}

fn be(state: &State, role: &str, port: u16) -> Presence {
    match state {
        State::Absent => Presence::Nobody,
        State::Silent => Presence::Listener(TcpListener::bind(("127.0.0.1", port)).unwrap()),
        State::Refusing => {
            let listener = TcpListener::bind(("127.0.0.1", port)).unwrap();
            let accepting = listener.try_clone().unwrap();
            // It ends with the process of the tests.
            std::thread::spawn(move || accepting.incoming().for_each(drop));
            Presence::Listener(listener)
        }
        State::Slow => {
            let kind = match other(role) {
                "pub" => zmq::PUB,
                "sub" => zmq::SUB,
                "pull" => zmq::PULL,
                "push" => zmq::PUSH,
                "router" => zmq::ROUTER,
                "pair" => zmq::PAIR,
                _ => zmq::DEALER,
            };
            let socket = zmq::Context::new().socket(kind).unwrap();
            socket.set_rcvhwm(1).unwrap();
            socket.set_linger(0).unwrap();
            socket.bind(&format!("tcp://127.0.0.1:{port}")).unwrap();
            Presence::Socket(socket)
        }
    }
}

fn yaml(role: &str, port: u16, hwm: u32, more: &str) -> String {
    let sends = match role {
        "sub" | "xsub" | "pull" => "on_message: '()'".to_owned(),
        "pub" | "xpub" => "on_start: 'publish(\"x\", \"y\")'".to_owned(),
        _ => "on_start: 'send(\"x\")'\n    on_message: '()'".to_owned(),
    };
    let filter = if role == "sub" { "msgids: [1]" } else { "description: x" };
    let sends = if role == "push" { "on_start: 'send(\"x\")'".to_owned() } else { sends };
    format!(
        "
nodes:
  x:
    role: {role}
    connect: tcp://127.0.0.1:{port}
    hwm: {hwm}
    {filter}
    {sends}
{more}
"
    )
}

#[test]
fn a_run_ends_soon_after_a_rebuild_whatever_its_role_and_its_peer() {
    for state in [State::Absent, State::Silent, State::Refusing, State::Slow] {
        for role in ["sub", "xsub", "push", "pull", "req", "dealer", "pair", "pub", "xpub"] {
            let port = free_port();
            let presence = be(&state, role, port);
            let mut edited = Edited::start(&yaml(role, port, 10, ""));
            edited.apply(&yaml(role, port, 20, ""));
            edited.run.signal("TERM");
            let ending = edited.run.ends();
            assert_ends_by_itself(&ending, role);
            assert!(!ending.said("linger of ;"), "{role}: {}", ending.text());
            drop(presence);
        }
    }
}

#[test]
fn what_a_replaced_or_removed_socket_did_not_send_is_told_with_its_name_and_number() {
    let nobody = free_port();
    let node = |hwm: u32| {
        format!(
            "  x:\n    role: push\n    connect: {nobody}\n    hwm: {hwm}\n    \
             on_start: 'for n in 0..3 {{ send(n) }} print(\"sent\")'\n"
        )
    };
    let spare = "  spare: {role: pair, bind: 'inproc://spare'}\n";
    for after in [format!("nodes:\n{}{spare}", node(20)), format!("nodes:\n{spare}")] {
        let mut edited = Edited::start(&format!("nodes:\n{}{spare}", node(10)));
        edited.run.says("sent");
        edited.apply(&after);
        edited.run.signal("TERM");
        let ending = edited.run.ends();
        assert_ends_by_itself(&ending, &after);
        let told = format!("3 messages for tcp://127.0.0.1:{nobody} were never sent");
        let lines: Vec<_> = ending.log.iter().filter(|line| line.contains("3 messages")).collect();
        assert_eq!(lines.len(), 1, "not told once:\n{}", ending.text());
        assert!(lines[0].contains("x.push") && lines[0].contains(&told), "{}", lines[0]);
    }
}

#[test]
fn what_a_peer_that_accepts_and_says_nothing_did_not_get_is_told_at_the_end() {
    let port = free_port();
    let _listener = TcpListener::bind(("127.0.0.1", port)).unwrap();
    let run = Zrig::of(&format!(
        "nodes:\n  y: {{role: push, connect: {port}, on_start: 'for n in 0..5 {{ send(n) }} print(\"sent\")'}}\n"
    ))
    .start();
    run.says("sent");
    run.signal("TERM");
    let ending = run.ends().expect(0, ["5 messages for", "were never sent"]);
    assert_ends_by_itself(&ending, "silent");
}

#[test]
fn a_run_whose_peer_is_stopped_ends_within_its_linger() {
    let port = free_port();
    let peer = Zrig::of(&format!(
        "nodes:\n  sink: {{role: pull, bind: {port}, hwm: 1, on_start: print(\"up\"), on_message: '()'}}\n"
    ))
    .start();
    peer.says("up");
    let yaml = |hwm: u32| {
        format!(
            "nodes:\n  x:\n    role: push\n    connect: {port}\n    hwm: {hwm}\n    every: 1ms\n    \
             on_tick: 'for n in 0..50 {{ send(`${{n}} and a text that fills what the kernel holds`) }} \
             this.n = (this.n ?? 0) + 1; if this.n == 20 {{ print(\"flows\") }}'\n"
        )
    };
    let mut edited = Edited::start(&yaml(1000));
    edited.run.says("flows");
    peer.signal("STOP");
    edited.apply(&yaml(500));
    edited.run.signal("TERM");
    let ending = edited.run.ends();
    assert_ends_by_itself(&ending, "stopped");
    peer.signal("CONT");
    peer.stop();
}
