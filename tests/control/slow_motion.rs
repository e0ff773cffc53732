//! Slow motion: a client holds a run, lets its nodes take one thing at a time, and lets it go.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::client::Desk;
use crate::support::{Ending, PATIENCE, Zrig, eventually};

/// A program that holds the run of a desk.
struct Stepper {
    stream: UnixStream,
    lines: BufReader<UnixStream>,
}

impl Stepper {
    fn of(desk: &Desk) -> Self {
        let stream = UnixStream::connect(&desk.sockets()[0]).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let lines = BufReader::new(stream.try_clone().unwrap());
        Self { stream, lines }
    }

    /// One that holds it; with the nodes that are held.
    fn holding(desk: &Desk) -> (Self, Vec<String>) {
        let mut stepper = Self::of(desk);
        let held = stepper.ask(json!({"ask": "hold"}));
        let nodes = held["holding"].as_array().unwrap_or_else(|| panic!("{held}"));
        let nodes = nodes.iter().map(|node| node.as_str().unwrap().to_owned()).collect();
        (stepper, nodes)
    }

    fn ask(&mut self, mut request: Value) -> Value {
        request["zrig"] = 1.into();
        self.stream.write_all(format!("{request}\n").as_bytes()).unwrap();
        self.next()
    }

    fn next(&mut self) -> Value {
        let mut line = String::new();
        self.lines.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line:?}"))
    }

    fn step(&mut self, target: &str) -> Value {
        let stepped = self.ask(json!({"ask": "step", "target": target}));
        assert!(stepped["stepped"].is_object(), "{stepped}");
        stepped["stepped"].clone()
    }

    /// Steps a node until it takes a message, which may still be on its way.
    fn message(&mut self, target: &str) -> Value {
        let until = Instant::now() + PATIENCE;
        loop {
            let stepped = self.step(target);
            if stepped["took"]["message"].is_object() {
                return stepped;
            }
            assert!(stepped["took"].is_null() && Instant::now() < until, "{stepped}");
        }
    }

    fn release(mut self) {
        assert_eq!(self.ask(json!({"ask": "release"})), json!({"released": {"reason": "asked"}}));
    }

    fn fails(&mut self, request: Value, words: &[&str]) {
        let failed = self.ask(request);
        for word in words {
            assert!(failed["failed"]["error"].as_str().unwrap().contains(word), "{failed}");
        }
    }
}

const LINE: &str = "
name: line
nodes:
  source:
    role: push
    bind: 'inproc://s'
    every: 1ms
    on_start: this.made = 0
    on_tick: |
      this.made += 1;
      this.made
    on_stop: print(`made ${this.made}`)
  worker:
    sockets:
      in: {role: pull, connect: source}
      out: {role: push, bind: 'tcp://127.0.0.1:*'}
    on_in: '`<${msg.text}>`'
  sink:
    role: pull
    connect: worker.out
    write: {file: got.txt}
";

fn count(desk: &Desk, node: &str) -> u64 {
    let figures = Stepper::of(desk).ask(json!({"ask": "figures"}));
    let nodes = figures["figures"]["nodes"].as_array().unwrap();
    let node =
        nodes.iter().find(|it| it["instance"] == node).unwrap_or_else(|| panic!("{figures}"));
    let sockets = node["sockets"].as_array().unwrap();
    sockets.iter().map(|socket| socket["messages_in"].as_u64().unwrap()).sum()
}

/// Of a run of the line every number that was made has to be there, once and in order.
fn all_is_there(ending: &Ending) {
    let made = ending.log.iter().find_map(|line| line.rsplit_once("made ")).unwrap().1;
    let made: u64 = made.trim().parse().unwrap();
    let wanted: Vec<String> = (1..=made).map(|number| format!("<{number}>")).collect();
    assert_eq!(ending.file("got.txt"), wanted, "{}", ending.text());
    assert!(!ending.said("did not arrive"), "{}", ending.text());
}

#[test]
fn a_held_run_takes_one_thing_at_a_time_and_loses_nothing() {
    let desk = Desk::new();
    let run = desk.run(LINE);
    eventually("messages arrive", || count(&desk, "sink") > 20);
    let (mut stepper, nodes) = Stepper::holding(&desk);
    assert_eq!(nodes, ["source", "worker", "sink"].map(str::to_owned));
    run.says("held: 3 nodes");
    let status = Stepper::of(&desk).ask(json!({"ask": "figures"}));
    for node in status["figures"]["nodes"].as_array().unwrap() {
        assert_eq!(node["status"], "held", "{node}");
        for socket in node["sockets"].as_array().unwrap() {
            assert_eq!(socket["blocked"], false, "{socket}");
        }
    }
    // What was on its way stays there.
    let before = count(&desk, "sink");
    std::thread::sleep(Duration::from_millis(50));
    assert_eq!(count(&desk, "sink"), before);
    for _ in 0..3 {
        let stepped = stepper.step("source");
        assert_eq!(stepped["took"], json!({"tick": "on_tick"}), "{stepped}");
        assert_eq!(stepped["sent"].as_array().unwrap().len(), 1, "{stepped}");
        let made = stepped["sent"][0]["body"].as_str().unwrap().to_owned();
        assert_eq!(
            (&stepped["node"], &stepped["sent"][0]["socket"]),
            (&json!("source"), &json!("push"))
        );
        // The worker has this one, or one before it, which went into it before the hold.
        let worked = stepper.message("worker");
        let taken = worked["took"]["message"]["body"].as_str().unwrap().to_owned();
        assert!(taken.parse::<u64>().unwrap() <= made.parse().unwrap(), "{worked}");
        assert_eq!(worked["sent"][0]["body"], format!("<{taken}>"), "{worked}");
        assert_eq!(worked["sent"].as_array().unwrap().len(), 1, "{worked}");
    }
    let drawn = count(&desk, "sink");
    let stepped = stepper.message("sink");
    assert_eq!(stepped["took"]["message"]["direction"], "in", "{stepped}");
    assert_eq!(stepped["sent"], json!([]));
    assert_eq!(count(&desk, "sink"), drawn + 1, "one, and no more");
    stepper.release();
    run.says("released: who held it lets it go on");
    let released = count(&desk, "sink");
    eventually("it goes on", || count(&desk, "sink") > released + 20);
    all_is_there(&run.stop());
}

#[test]
fn a_client_that_dies_lets_go_and_the_next_one_may_hold() {
    let desk = Desk::new();
    let run = desk.run(LINE);
    for _ in 0..3 {
        let (mut stepper, _) = Stepper::holding(&desk);
        stepper.step("source");
        let mut second = Stepper::of(&desk);
        second.fails(json!({"ask": "hold"}), &["held already"]);
        second.fails(json!({"ask": "step", "target": "source"}), &["does not hold"]);
        second.fails(json!({"ask": "release"}), &["does not hold"]);
        let held = count(&desk, "sink");
        // In the middle of a request, too.
        stepper.stream.write_all(b"{\"zrig\":1,\"ask\":\"st").unwrap();
        drop(stepper);
        eventually("it goes on", || count(&desk, "sink") > held + 20);
    }
    run.says_times("released: who held it has gone", 3);
    all_is_there(&run.stop());
}

#[test]
fn a_reload_lets_go_first_and_says_so() {
    let desk = Desk::new();
    let run = desk.run(LINE);
    let (mut stepper, _) = Stepper::holding(&desk);
    stepper.step("source");
    // What is wrong changes nothing, and lets nobody go.
    let file = run.path("topology.yaml");
    std::fs::write(&file, LINE.replace("role: push", "role: posh")).unwrap();
    run.says("rejected");
    stepper.step("source");
    let other = LINE.replace("<${msg.text}>", "(${msg.text})");
    std::fs::write(&file, &other).unwrap();
    assert_eq!(stepper.next(), json!({"released": {"reason": "reload"}}));
    run.says("released: a reload goes before");
    run.says("reload applied");
    stepper.fails(json!({"ask": "step", "target": "source"}), &["does not hold"]);
    let (stepper, nodes) = Stepper::holding(&desk);
    assert_eq!(nodes.len(), 3);
    stepper.release();
    let ending = run.stop();
    let made = ending.log.iter().find_map(|line| line.rsplit_once("made ")).unwrap().1;
    let got = ending.file("got.txt");
    let numbers: Vec<String> = got.iter().map(|line| line[1..line.len() - 1].to_owned()).collect();
    let wanted: Vec<String> =
        (1..=made.trim().parse().unwrap()).map(|number: u64| number.to_string()).collect();
    assert_eq!(numbers, wanted, "{}", ending.text());
}

#[test]
fn a_stop_lets_go_first_and_what_is_on_its_way_arrives() {
    let desk = Desk::new();
    let run = desk.run(LINE);
    eventually("messages arrive", || count(&desk, "sink") > 20);
    let (mut stepper, _) = Stepper::holding(&desk);
    for _ in 0..20 {
        stepper.step("source");
    }
    run.signal("INT");
    assert_eq!(stepper.next(), json!({"released": {"reason": "stop"}}));
    all_is_there(&run.ends().expect(0, ["released: the run stops"]));
}

#[test]
fn timers_lines_and_the_end_of_a_source_are_stepped_though_their_time_has_not_come() {
    let desk = Desk::new();
    let zrig = Zrig::of(
        "
name: own
nodes:
  reader:
    role: push
    bind: 'inproc://lines'
    read: {file: lines.txt, rate: 0.001/s}
    every: 1h
    timers: {slow: 2h}
    on_start: 'after(\"30m\", \"later\")'
    on_tick: '\"tick\"'
    on_timer: name
    on_line: line
    on_end: '\"end\"'
  sink: {role: pull, connect: reader, on_message: print(msg.text)}
  alone: {role: pull, bind: 'inproc://alone', isolate: true, on_message: ()}
  copy: {role: push, connect: alone, replicas: 2, every: 1h, on_tick: replica()}
",
    )
    .with("lines.txt", "one\ntwo\n");
    let run = desk.start(zrig);
    // The first line comes at once.
    run.says("one");
    let (mut stepper, nodes) = Stepper::holding(&desk);
    assert_eq!(nodes.len(), 5);
    let mut took = Vec::new();
    for _ in 0..6 {
        let stepped = stepper.step("reader");
        assert_eq!(stepped["sent"].as_array().unwrap().len(), 1, "{stepped}");
        took.push(stepped["took"].clone());
    }
    // The end is told a quarter of an hour after the line, by its rate: before the timers, unless its
    // thread was slower than that.
    assert_eq!(took[0], json!({"line": "two"}), "{took:?}");
    for one in [json!({"end": "on_end"}), json!({"timer": "later"})] {
        assert_eq!(took.iter().filter(|it| **it == one).count(), 1, "{took:?}");
    }
    // A tick that was brought forward comes an hour after that, and so before the slow timer.
    let ticks = took.iter().filter(|it| **it == json!({"tick": "on_tick"})).count();
    assert_eq!(ticks, 3, "{took:?}");
    let nothing = stepper.step("alone");
    assert_eq!((&nothing["took"], &nothing["sent"]), (&Value::Null, &json!([])));
    assert_eq!(stepper.step("copy.2")["sent"][0]["body"], "copy.2");
    assert_eq!(stepper.step("copy")["node"], "copy.1");
    assert_eq!(stepper.message("alone")["took"]["message"]["body"], "copy.2");
    stepper.fails(json!({"ask": "step", "target": "nobody"}), &["no node \"nobody\""]);
    stepper.fails(json!({"ask": "step", "target": "copy.3"}), &["has 2 copies"]);
    stepper.fails(json!({"ask": "step", "target": "alone.pull"}), &["not of one of its sockets"]);
    stepper.fails(json!({"ask": "tap", "target": "alone"}), &["by another one"]);
    stepper.fails(json!({"ask": "events"}), &["by another one"]);
    stepper.fails(json!({"ask": "hold"}), &["already"]);
    // Whatever was brought forward does not come in a burst.
    stepper.release();
    run.says_times("tick", 3);
    let ending = run.stop();
    assert_eq!(ending.times("tick"), 3, "{}", ending.text());
}

#[test]
fn timers_do_not_burst_when_a_run_is_released() {
    let desk = Desk::new();
    let run = desk.run(
        "
name: beat
nodes:
  beat:
    role: pub
    bind: 'inproc://beat'
    every: 20ms
    on_tick: |
      print(`beat`);
      ()
",
    );
    run.says_times("beat", 3);
    let (stepper, _) = Stepper::holding(&desk);
    std::thread::sleep(Duration::from_millis(600));
    let held = run.log().iter().filter(|line| line.ends_with("beat")).count();
    let released = Instant::now();
    stepper.release();
    run.says_times("beat", held + 6);
    assert!(released.elapsed() > Duration::from_millis(50), "several at once");
    run.stop();
}

#[test]
fn a_broker_of_requests_is_stepped_and_every_request_is_answered() {
    let desk = Desk::new();
    let run = desk.run(
        "
name: broker
nodes:
  client:
    role: req
    connect: broker.frontend
    replicas: 3
    every: 2ms
    on_start: this.asked = 0; this.got = 0
    on_tick: |
      if this.asked > this.got { return }
      this.asked += 1;
      `${node()} ${this.asked}`
    on_message: |
      this.got += 1;
      if msg.text != `${node()} ${this.got}!` { print(`wrong ${msg.text}`) }
    on_stop: print(`asked ${this.asked} got ${this.got}`)
  broker:
    sockets:
      frontend: {role: router, bind: 'tcp://127.0.0.1:*'}
      backend: {role: dealer, bind: 'tcp://127.0.0.1:*'}
    forward: [frontend, backend]
  server: {role: rep, connect: broker.backend, on_message: msg.text + '!'}
",
    );
    eventually("requests are answered", || count(&desk, "client.1") > 10);
    let (mut stepper, nodes) = Stepper::holding(&desk);
    assert_eq!(nodes.len(), 5);
    let mut moved = 0;
    for _ in 0..40 {
        for node in ["client.1", "client.2", "client.3", "broker", "server"] {
            let stepped = stepper.step(node);
            let taken = &stepped["took"]["message"];
            if node == "broker" && taken.is_object() {
                moved += 1;
                assert_eq!(stepped["sent"].as_array().unwrap().len(), 1, "{stepped}");
            }
        }
    }
    assert!(moved > 10, "{moved}");
    let before = count(&desk, "client.1");
    stepper.release();
    eventually("it goes on", || count(&desk, "client.1") > before + 10);
    let ending = run.stop();
    assert!(!ending.said("wrong"), "{}", ending.text());
    let counts: Vec<(u64, u64)> = ending
        .log
        .iter()
        .filter_map(|line| {
            let (asked, got) = line.split_once("asked ")?.1.split_once(" got ")?;
            Some((asked.parse().unwrap(), got.parse().unwrap()))
        })
        .collect();
    assert_eq!(counts.len(), 3, "{}", ending.text());
    for (asked, got) in counts {
        assert_eq!(asked, got, "{}", ending.text());
    }
}

#[test]
fn what_is_published_is_stepped_and_nothing_is_lost() {
    let desk = Desk::new();
    let run = desk.run(
        "
name: news
nodes:
  station:
    role: pub
    bind: 'tcp://127.0.0.1:*'
    every: 1ms
    when_full: wait
    on_start: this.n = 0
    on_tick: |
      this.n += 1;
      publish(1000 + this.n % 2, this.n);
    on_stop: print(`published ${this.n}`)
  even: {role: sub, connect: station, msgids: [1000], write: {file: even.txt}}
  all: {role: sub, connect: station, topics: all, write: {file: all.txt}}
",
    );
    eventually("readings arrive", || count(&desk, "even") > 10);
    for _ in 0..3 {
        let (mut stepper, _) = Stepper::holding(&desk);
        for _ in 0..4 {
            let stepped = stepper.step("station");
            assert_eq!(stepped["took"], json!({"tick": "on_tick"}), "{stepped}");
            assert_eq!(stepped["sent"].as_array().unwrap().len(), 1, "{stepped}");
            let taken = stepper.message("all");
            assert!(taken["took"]["message"]["body"].is_number(), "{taken}");
        }
        let even = stepper.message("even");
        assert_eq!(even["took"]["message"]["msgid"], 1000, "{even}");
        stepper.release();
    }
    let ending = run.stop();
    let published = ending.log.iter().find_map(|line| line.rsplit_once("published ")).unwrap().1;
    let published: usize = published.trim().parse().unwrap();
    assert_eq!(ending.file("all.txt").len(), published, "{}", ending.text());
    assert_eq!(ending.file("even.txt").len(), published / 2, "{}", ending.text());
}

#[test]
fn a_handler_that_fails_or_cannot_send_is_stepped_with_the_reason() {
    let desk = Desk::new();
    let run = desk.run(
        "
name: full
nodes:
  lonely: {role: push, connect: 'tcp://127.0.0.1:1', options: {immediate: true}, every: 1h, on_tick: '\"x\"'}
  faulty: {role: push, connect: 'tcp://127.0.0.1:1', every: 1h, on_tick: 'throw \"no\"'}
",
    );
    let (mut stepper, _) = Stepper::holding(&desk);
    let stepped = stepper.step("lonely");
    assert_eq!((&stepped["took"], &stepped["waiting"]), (&json!({"tick": "on_tick"}), &json!(1)));
    let stepped = stepper.step("lonely");
    assert!(stepped["why"].as_str().unwrap().contains("waits to be sent"), "{stepped}");
    let stepped = stepper.step("faulty");
    assert_eq!(stepped["took"], json!({"tick": "on_tick"}), "{stepped}");
    run.says("no");
    stepper.release();
    run.signal("INT");
    run.ends();
}

#[test]
fn what_is_given_from_outside_waits_for_a_step_and_a_late_answer_for_the_release() {
    let desk = Desk::new();
    let run = desk.run(
        "
name: late
nodes:
  desk:
    role: rep
    bind: 'tcp://127.0.0.1:*'
    on_message: |
      this.owed = msg;
      after(\"20ms\", \"answer\");
      later(msg, \"200ms\")
    on_timer: reply(this.owed, `late ${this.owed.text}`)
",
    );
    let (mut stepper, _) = Stepper::holding(&desk);
    let asked = std::thread::scope(|scope| {
        let asking = scope.spawn(|| desk.ask(["call", "late", "desk", "hi", "--timeout", "20s"]));
        let stepped = stepper.message("desk");
        assert_eq!(stepped["took"]["message"]["body"], "hi", "{stepped}");
        // Longer than the answer may take: no time passes for it.
        std::thread::sleep(Duration::from_millis(400));
        stepper.release();
        asking.join().unwrap()
    });
    assert_eq!(asked.well(), "late hi\n");
    run.stop();
}
