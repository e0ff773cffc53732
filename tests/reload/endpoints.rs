//! What handlers have bound while a node runs, over reloads.

use std::time::{Duration, Instant};

use crate::edited::Edited;
use crate::support::{PATIENCE, Zrig, free_port};

/// A subscriber of its own, outside the run.
struct Outside(zmq::Socket);

impl Outside {
    fn connected(port: u16) -> Self {
        let socket = zmq::Context::new().socket(zmq::SUB).unwrap();
        socket.set_reconnect_ivl(5).unwrap();
        socket.set_rcvtimeo(PATIENCE.as_millis() as i32).unwrap();
        socket.set_subscribe(b"").unwrap();
        socket.connect(&format!("tcp://127.0.0.1:{port}")).unwrap();
        Self(socket)
    }

    /// Waits for a message that was sent by that version.
    #[track_caller]
    fn hears(&self, version: &str) {
        let until = Instant::now() + PATIENCE;
        loop {
            let text = String::from_utf8(self.0.recv_bytes(0).unwrap()).unwrap();
            if text.ends_with(version) {
                return;
            }
            assert!(Instant::now() < until, "{text}");
        }
    }
}

fn station(port: u16, version: &str, more: &str) -> String {
    format!(
        "
nodes:
  station:
    role: pub
    every: 2ms
    on_start: bind({port}); print(`started`)
    on_tick: '\"{version}\"'
    on_reload: print(`now {version} at ${{last_endpoint()}}`)
    {more}
"
    )
}

#[test]
fn what_a_handler_bound_is_still_there_after_reloads_rebuilds_and_a_move() {
    let port = free_port();
    let mut edited = Edited::start(&station(port, "one", ""));
    let outside = Outside::connected(port);
    outside.hears("one");
    for (version, more) in [
        ("two", ""),
        ("three", "options: {rcvbuf: 65536}"),
        ("four", "options: {rcvbuf: 32768}\n    isolate: true"),
        ("five", "isolate: true\n    hwm: 50"),
        ("six", ""),
    ] {
        edited.apply(&station(port, version, more));
        edited.run.says(&format!("now {version} at tcp://127.0.0.1:{port}"));
        outside.hears(version);
    }
    let ending = edited.stop();
    assert_eq!(ending.times("started"), 1, "{}", ending.text());
    assert!(!ending.said("cannot bind"), "{}", ending.text());
}

#[test]
fn the_port_that_the_system_chose_for_a_handler_stays_over_a_rebuild() {
    let yaml = |rcvbuf: u32| {
        format!(
            "
nodes:
  station:
    role: pub
    options: {{rcvbuf: {rcvbuf}}}
    every: 2ms
    on_start: bind(\"tcp://127.0.0.1:*\"); bind(\"tcp://127.0.0.1:*\")
    on_peer: if peer.event == \"bound\" {{ print(`bound ${{peer.endpoint}}`) }}
    on_tick: '\"{rcvbuf}\"'
"
        )
    };
    let mut edited = Edited::start(&yaml(65_536));
    edited.run.says_times("bound tcp://", 2);
    let ports: Vec<u16> = edited
        .run
        .log()
        .iter()
        .filter_map(|line| line.split_once("bound tcp://127.0.0.1:")?.1.parse().ok())
        .collect();
    assert_eq!(ports.len(), 2);
    let outside: Vec<Outside> = ports.into_iter().map(Outside::connected).collect();
    outside.iter().for_each(|one| one.hears("65536"));
    edited.apply(&yaml(32_768));
    outside.iter().for_each(|one| one.hears("32768"));
    edited.stop();
}

#[test]
fn what_the_file_comes_to_bind_itself_is_the_files_from_then_on() {
    let port = free_port();
    let mut edited = Edited::start(&station(port, "one", ""));
    let outside = Outside::connected(port);
    outside.hears("one");
    edited.apply(&station(port, "two", &format!("bind: {port}")));
    outside.hears("two");
    edited.apply(&station(port, "three", &format!("bind: {}", free_port())));
    edited.run.says("now three");
    // It is nobody's now.
    let until = Instant::now() + PATIENCE;
    while std::net::TcpListener::bind(("127.0.0.1", port)).is_err() {
        assert!(Instant::now() < until);
        std::thread::sleep(Duration::from_millis(5));
    }
    edited.stop();
}

#[test]
fn who_may_come_where_a_handler_bound_is_asked_as_anywhere() {
    let port = free_port();
    let zrig = Zrig::of(&format!(
        "
nodes:
  station:
    role: pub
    deny: 127.0.0.1
    every: 2ms
    on_start: bind({port})
    on_peer: print(`${{peer.event}} to us`)
    on_tick: '\"secret\"'
"
    ));
    let run = zrig.start();
    run.says("bound to us");
    let outside = Outside::connected(port);
    run.says("refused to us");
    outside.0.set_rcvtimeo(200).unwrap();
    assert_eq!(outside.0.recv_bytes(0), Err(zmq::Error::EAGAIN));
    run.stop();
}
