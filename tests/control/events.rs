//! What happens in a run, told over its control socket.

use std::io::{BufRead, BufReader, Lines, Write};
use std::os::unix::net::UnixStream;

use serde_json::{Value, json};

use crate::client::Desk;
use crate::support::PATIENCE;

/// A client that asked for events.
struct Listener(Lines<BufReader<UnixStream>>);

impl Listener {
    fn of(desk: &Desk) -> Self {
        let mut stream = UnixStream::connect(&desk.sockets()[0]).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.write_all(b"{\"zrig\":1,\"ask\":\"events\"}\n").unwrap();
        let mut listener = Self(BufReader::new(stream).lines());
        assert!(listener.next()["hello"].is_object());
        listener
    }

    fn next(&mut self) -> Value {
        serde_json::from_str(&self.0.next().unwrap().unwrap()).unwrap()
    }

    /// The next event of a kind.
    fn wait_for(&mut self, kind: &str) -> Value {
        loop {
            let mut line = self.next();
            if line["event"]["kind"] == kind {
                return line["event"].take();
            }
        }
    }
}

#[test]
fn several_clients_hear_of_prints_faults_and_reloads() {
    const FILE: &str = "
name: echo
nodes:
  desk:
    role: rep
    bind: 'tcp://127.0.0.1:*'
    on_error: skip
    on_message: |
      print(msg.text);
      if msg.text == \"fail\" { throw \"failed\" }
      msg.text
";
    let desk = Desk::new();
    let run = desk.run(FILE);
    let mut listeners = [Listener::of(&desk), Listener::of(&desk)];
    assert_eq!(desk.ask(["call", "echo", "desk", "hi"]).well(), "hi\n");
    desk.ask(["call", "echo", "desk", "fail"]);
    let file = run.path("topology.yaml");
    std::fs::write(&file, FILE.replace("print(msg.text);", "print(\"new\");")).unwrap();
    for listener in &mut listeners {
        let print = listener.wait_for("log");
        assert_eq!((&print["node"], &print["message"]), (&json!("desk"), &json!("hi")));
        assert!(print["time"].as_f64().unwrap() > 1.6e9, "{print}");
        let fault = listener.wait_for("handler-failed");
        assert_eq!(fault["details"]["fault"]["handler"], "on_message", "{fault}");
        assert!(fault["details"]["fault"]["line"].is_u64(), "{fault}");
        let reloaded = listener.wait_for("reloaded");
        assert_eq!(reloaded["details"]["receipt"]["verdict"], "applied", "{reloaded}");
        assert_eq!(reloaded["details"]["receipt"]["generation"], 2, "{reloaded}");
    }
    run.stop();
}

#[test]
fn a_client_that_does_not_read_loses_events_and_is_told_how_many_and_the_log_has_all() {
    const CALLS: usize = 5;
    const PRINTS: usize = 8_000;
    const COUNT: usize = CALLS * PRINTS;
    let desk = Desk::new();
    let run = desk.run(&format!(
        "
name: mill
nodes:
  desk:
    role: rep
    bind: 'tcp://127.0.0.1:*'
    on_message: |
      for n in 0..{PRINTS} {{ print(`${{n}} and some more to fill the socket of who does not read`) }}
      \"done\"
"
    ));
    let mut deaf = Listener::of(&desk);
    for _ in 0..CALLS {
        assert_eq!(desk.ask(["call", "mill", "desk", "go"]).well(), "done\n");
    }
    run.says_times("and some more", COUNT);
    let (mut heard, mut dropped) = (0, 0);
    while heard + dropped < COUNT as u64 {
        let line = deaf.next();
        match line["dropped"].as_u64() {
            Some(count) => dropped += count,
            None => heard += u64::from(line["event"]["kind"] == "log"),
        }
    }
    assert_eq!(heard + dropped, COUNT as u64);
    assert!(dropped > 0 && heard > 4_000, "{heard} heard, {dropped} dropped");
    run.stop();
}
