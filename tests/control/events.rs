//! What happens in a run, told over its control socket.

use std::io::{BufRead, BufReader, Lines, Write};
use std::os::unix::net::UnixStream;
use std::process::Stdio;

use serde_json::{Value, json};

use crate::client::{Desk, Follower};
use crate::support::{PATIENCE, Zrig, eventually};

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

/// `zrig events` of a run, when it is on: it shows an answer of `desk` that is asked meanwhile.
fn events<const N: usize>(desk: &Desk, run: &str, arguments: [&str; N]) -> Follower {
    let events = Follower::of(desk.command(["events", run]).args(arguments));
    eventually("it shows something", || {
        desk.ask(["call", run, "desk", "are you there"]).well();
        events.out.as_ref().unwrap().all().iter().any(|line| line.contains("are you there"))
    });
    events
}

const SCRIPT: &str = "fn inner(n) {
    throw `no ${n}`
}
fn on_message(msg) {
    if msg.text == \"fail\" { inner(7) }
    print(msg.text);
    msg.text
}
";

#[test]
fn events_are_shown_as_the_log_has_them_and_as_json_with_all_that_is_known() {
    let desk = Desk::new();
    let yaml = "
name: echo
nodes:
  desk: {role: rep, bind: 'tcp://127.0.0.1:*', on_error: skip, script: desk.rhai}
";
    let run = desk.start(Zrig::of(yaml).with("desk.rhai", SCRIPT).arguments(["--log", "error"]));
    let exact = events(&desk, "echo", ["--format", "json"]);
    let shown = events(&desk, "echo", []);
    assert_eq!(desk.ask(["call", "echo", "desk", "fail"]).well(), "error: no 7\n");
    let line = shown.shows("no 7");
    assert!(line.contains("  error  desk.rep  ") || line.contains("  error  desk  "), "{line}");
    let failed = exact.shows_json(|event| event["kind"] == "handler-failed");
    assert!(failed["time"].as_f64().unwrap() > 1.7e9, "{failed}");
    assert_eq!((&failed["node"], &failed["level"]), (&json!("desk"), &json!("error")));
    let fault = &failed["details"]["fault"];
    assert!(fault["file"].as_str().unwrap().ends_with("desk.rhai"), "{fault}");
    assert_eq!((&fault["line"], &fault["column"]), (&json!(2), &json!(5)), "{fault}");
    assert_eq!(fault["calls"][0]["function"], "inner", "{fault}");
    assert_eq!(fault["calls"][0]["line"], 5, "{fault}");
    // What the log of this run does not tell is there too.
    std::fs::write(run.path("desk.rhai"), SCRIPT.replace("no ", "never ")).unwrap();
    let reloaded = exact.shows_json(|event| event["kind"] == "reloaded");
    assert_eq!(reloaded["details"]["receipt"]["generation"], 2, "{reloaded}");
    run.stop();
    for events in [exact, shown] {
        assert_eq!(events.ends().0, Some(0), "it ends well with its run");
    }
}

#[test]
fn events_end_after_their_time_and_with_what_is_wrong_said() {
    let desk = Desk::new();
    desk.ask(["events", "nobody"]).fails(2, ["no run of nobody"]);
    let run = desk.run("{name: calm, nodes: {desk: {role: rep, bind: 'inproc://a'}}}");
    assert_eq!(desk.ask(["events", "calm", "--for", "1ms"]).well(), "");
    desk.ask(["events", "calm", "--for", "soon"]).fails(2, ["soon"]);
    run.stop();
}

#[test]
fn a_reader_of_events_that_stands_still_is_told_how_many_it_missed() {
    const PRINTS: usize = 8_000;
    let desk = Desk::new();
    let run = desk.run(&format!(
        "
name: mill
nodes:
  desk:
    role: rep
    bind: 'tcp://127.0.0.1:*'
    on_message: |
      if msg.text == \"go\" {{
        for n in 0..{PRINTS} {{ print(`${{n}} and some more to fill the pipe of who does not read`) }}
      }} else {{
        print(msg.text)
      }}
      \"done\"
"
    ));
    let mut command = desk.command(["events", "mill", "--format", "json"]);
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut line = || -> Value { serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap() };
    std::thread::scope(|scope| {
        let first = scope.spawn(&mut line);
        eventually("somebody listens", || {
            desk.ask(["call", "mill", "desk", "on?"]).well();
            first.is_finished()
        });
    });
    for _ in 0..3 {
        desk.ask(["call", "mill", "desk", "go"]).well();
    }
    run.says_times("and some more", 3 * PRINTS);
    let (mut heard, mut dropped) = (0, 0);
    while heard + dropped < 3 * PRINTS as u64 {
        let line = line();
        match line["dropped"].as_u64() {
            Some(count) => dropped += count,
            None => heard += u64::from(line["message"].as_str().unwrap().contains("some more")),
        }
    }
    assert!(heard > 0 && dropped > 0, "{heard} heard, {dropped} dropped");
    assert_eq!(heard + dropped, 3 * PRINTS as u64);
    child.kill().unwrap();
    child.wait().unwrap();
    run.stop();
}
