//! Messages from outside, and answers.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Instant;

use crate::client::Desk;
use crate::support::{PATIENCE, Peer, Zrig, free_port, free_ports};

#[test]
fn a_rep_and_a_router_are_asked_over_every_way_they_are_reached() {
    let desk = Desk::new();
    let run = desk.run(
        "
name: t
nodes:
  tcp: {role: rep, bind: 'tcp://127.0.0.1:*', on_message: '\"tcp \" + msg.text'}
  inproc: {role: rep, bind: 'inproc://desk', on_message: '\"inproc \" + msg.text'}
  client: {role: req, connect: inproc, on_message: 'print(msg)'}
  worker:
    role: rep
    connect: 'tcp://127.0.0.1:9'
    replicas: 3
    on_message: 'replica() + \" \" + msg.text'
  tagged: {role: rep, bind: 'tcp://127.0.0.1:*', format: msgid, on_message: '#{id: msg.msgid, has: msg.body}'}
  later:
    role: router
    bind: 'tcp://127.0.0.1:*'
    on_message: |
      this.kept = msg;
      after(\"30ms\", \"answer\");
    on_timer: 'reply(this.kept, [\"late\", this.kept.text])'
  silent: {role: router, bind: 'tcp://127.0.0.1:*', on_message: '()'}
  broken: {role: rep, bind: 'tcp://127.0.0.1:*', on_message: 'throw \"no\"'}
  empty: {role: rep, bind: 'tcp://127.0.0.1:*'}
",
    );
    for (node, value, answer) in [
        ("tcp", "hi", "tcp hi"),
        ("tcp.rep", "-1", "tcp -1"),
        ("inproc", "hi", "inproc hi"),
        ("worker", "hi", "worker.1 hi"),
        ("worker.3", "hi", "worker.3 hi"),
        ("later", "hi", "late | hi"),
        ("broken", "hi", "error: no"),
        ("empty", "hi", ""),
    ] {
        assert_eq!(desk.ask(["call", "t", node, value]).well(), format!("{answer}\n"), "{node}");
    }
    let asked = desk.ask(["call", "t", "tagged", "[1, 2]", "--json", "--msgid", "7"]).well();
    assert_eq!(asked, "{\"has\":[1,2],\"id\":7}\n");
    let answer = desk.ask(["call", "t", "tagged", "x", "--format", "json"]).well();
    let answer: serde_json::Value = serde_json::from_str(&answer).unwrap();
    assert_eq!((&answer["node"], &answer["msgtype"]), (&"tagged".into(), &"json".into()));
    assert_eq!(answer["body"], serde_json::json!({"id": 1000, "has": "x"}));

    let begun = Instant::now();
    desk.ask(["call", "t", "silent", "hi", "--timeout", "200ms"])
        .fails(1, ["silent.router", "did not answer in time"]);
    assert!(begun.elapsed() < PATIENCE);
    desk.ask(["call", "t", "client", "hi"])
        .fails(2, ["client.req is a req", "only rep and router"]);
    desk.ask(["call", "t", "worker.4", "hi"]).fails(2, ["3 copies"]);
    desk.ask(["call", "t", "tcp.2", "hi"]).fails(2, ["has no copies"]);
    desk.ask(["call", "t", "tcp", "{", "--json"]).fails(2, ["no JSON"]);
    desk.ask(["call", "t", "tcp", "x", "--msgid", "3"]).fails(1, ["format: plain"]);
    run.stop();
}

/// Two and a half seconds it took once, whatever was asked for.
#[test]
fn a_call_of_a_node_that_computes_ends_when_its_time_is_over() {
    let desk = Desk::new();
    let run = desk.run(
        "
name: t
nodes:
  desk: {role: rep, bind: 'tcp://127.0.0.1:*', isolate: true, on_message: msg, timers: {go: 1ms}, on_timer: 'print(\"computes\"); let t = now(); while now() - t < 4.0 { }'}
  rests: {role: rep, bind: 'tcp://127.0.0.1:*', on_message: msg, on_start: 'busy(\"1m\")'}
",
    );
    run.says("desk  computes");
    for (node, why) in [("desk", "a handler holds it up"), ("rests", "not in time")] {
        let begun = Instant::now();
        desk.ask(["call", "t", node, "hi", "--timeout", "500ms"]).fails(1, [node, why]);
        let took = begun.elapsed().as_millis();
        assert!((500..2000).contains(&took), "{node}: {took} ms");
    }
}

#[test]
fn a_call_goes_through_a_broker_to_a_worker_and_back() {
    let desk = Desk::new();
    let run = desk.run(
        "
name: t
nodes:
  broker:
    sockets:
      front: {role: router, bind: 'tcp://127.0.0.1:*'}
      back: {role: dealer, bind: 'tcp://127.0.0.1:*'}
    forward: [front, back]
  worker: {role: rep, connect: broker.back, on_message: 'msg.text + \" done\"'}
",
    );
    assert_eq!(desk.ask(["call", "t", "broker", "it"]).well(), "it done\n");
    run.stop();
}

#[test]
fn every_role_sends_or_takes_a_value_as_its_own() {
    let desk = Desk::new();
    let run = desk.run(
        "
name: t
nodes:
  pub: {role: pub, bind: 'inproc://pub'}
  sub: {role: sub, connect: pub, topics: all, on_message: 'print(`${msg.msgid} ${msg.body}`)'}
  topic: {role: pub, bind: 'inproc://topic', format: envelope}
  reader: {role: sub, connect: topic, format: envelope, topics: all, on_message: 'print(`${msg.topic}: ${msg.body}`)'}
  push: {role: push, bind: 'inproc://push'}
  pull: {role: pull, connect: push, on_message: 'print(`${msg.frames.len()} ${msg.text}`)'}
  left: {role: pair, bind: 'inproc://pair', on_message: 'print(msg.text)'}
  right: {role: pair, connect: left, on_message: 'print(msg.text)'}
  dealer: {role: dealer, connect: router, identity: me, on_message: 'print(msg.text)'}
  router: {role: router, bind: 'inproc://router', on_message: 'print(msg.text)'}
  req: {role: req, connect: rep, on_message: 'print(msg.text)'}
  rep: {role: rep, bind: 'inproc://rep', on_message: '`answer to ${msg.text}`'}
  xpub: {role: xpub, bind: 'inproc://xpub', on_message: 'print(`wish ${msg.msgid}`)'}
  xsub: {role: xsub, connect: xpub, topics: all, on_message: 'print(`x ${msg.body}`)'}
",
    );
    for (arguments, line) in [
        (&["pub", "hello"][..], "sub  1000 hello"),
        (&["pub", "[1]", "--json", "--msgid", "-7"], "sub  -7 [1]"),
        (&["sub", "given", "--msgid", "9"], "sub  9 given"),
        (&["topic", "mild", "--topic", "weather"], "reader  weather: mild"),
        (&["push", "[\"a\", {\"b\": 1}]", "--json"], "pull  2 a"),
        (&["push", "-"], "pull  1 -"),
        (&["pull", "taken"], "pull  1 taken"),
        (&["left", "over"], "right  over"),
        (&["left", "back", "--receive"], "left  back"),
        (&["dealer", "asked"], "router  asked"),
        (&["router", "told", "--to", "me"], "dealer  told"),
        (&["router", "hex", "--to", "0x6d65"], "dealer  hex"),
        (&["req", "question"], "req  answer to question"),
        (&["req", "again"], "req  answer to again"),
        (&["xpub", "x", "--msgid", "1"], "xsub  x x"),
    ] {
        let words: Vec<&str> = ["send", "t"].iter().chain(arguments).copied().collect();
        let said = desk.command([]).args(&words).output().unwrap();
        assert!(said.status.success(), "{words:?}: {said:?}");
        run.says(line);
    }
    desk.ask(["send", "t", "rep", "x"]).fails(2, ["rep.rep", "zrig call"]);
    desk.ask(["send", "t", "router", "x"]).fails(2, ["--to"]);
    desk.ask(["send", "t", "push", "x", "--to", "me"]).fails(2, ["only router and stream"]);
    desk.ask(["send", "t", "push", "x", "--receive"]).fails(2, ["receives nothing"]);
    desk.ask(["send", "t", "router", "x", "--to", "0xq"]).fails(2, ["hex"]);
    desk.ask(["send", "t", "router", "x", "--to", "nobody"])
        .fails(1, ["no peer of that routing id"]);
    desk.ask(["send", "t", "topic", "x"]).fails(1, ["needs a topic"]);
    desk.ask(["send", "t", "pub.out", "x"]).fails(2, ["has no socket", "pub"]);
    run.stop();
}

#[test]
fn what_is_sent_reaches_other_programs_and_waits_where_nobody_takes_it() {
    let desk = Desk::new();
    let [port, lonely] = free_ports();
    let run = desk.run(&format!(
        "
name: t
nodes:
  out: {{role: push, bind: {port}}}
  lonely: {{role: push, bind: {lonely}, hwm: 2}}
  busy: {{role: req, connect: 'tcp://127.0.0.1:9', options: {{immediate: true}}}}
"
    ));
    let peer = Peer::frames(&format!("pull {port}"));
    assert_eq!(desk.ask(["send", "t", "out", "héllo"]).well(), "sent on out.push\n");
    peer.says("got 68c3a96c6c6f");
    for node in ["lonely", "busy"] {
        desk.ask(["send", "t", node, "x", "--timeout", "100ms"])
            .fails(1, ["not in time", "no peer takes it"]);
    }
    // What gave up is not sent later; what waits is sent when a peer comes.
    let waiting = crate::client::Follower::of(&mut desk.command(["send", "t", "lonely", "y"]));
    let peer = Peer::frames(&format!("pull {lonely}"));
    assert_eq!(peer.says("got"), "got 79");
    assert_eq!(waiting.ends().0, Some(0));
    run.stop();
}

#[test]
fn a_value_waits_while_the_node_is_blocked_and_holds_up_nothing() {
    let desk = Desk::new();
    let port = free_port();
    let run = desk.start(Zrig::of(&format!(
        "
name: t
nodes:
  gate:
    sockets:
      in: {{role: pull, bind: 'tcp://127.0.0.1:*'}}
      out: {{role: push, bind: {port}, hwm: 1}}
      side: {{role: push, bind: 'tcp://127.0.0.1:*'}}
    on_message: 'send_to(\"out\", msg)'
"
    )));
    assert_eq!(desk.ask(["send", "t", "gate.in", "1"]).well(), "taken by gate.in\n");
    desk.ask(["send", "t", "gate.in", "2", "--timeout", "100ms"])
        .fails(1, ["takes nothing new while a message of its own waits"]);
    desk.ask(["send", "t", "gate", "x"]).fails(2, ["several sockets", "in, out, side"]);
    let peer = Peer::frames(&format!("pull {port}"));
    assert_eq!(peer.says("got"), "got 31");
    run.stop();
}

#[test]
fn a_stream_sends_to_the_connection_it_is_told() {
    let desk = Desk::new();
    let port = free_port();
    let run = desk.run(&format!(
        "
name: t
nodes:
  server:
    role: stream
    bind: {port}
    on_message: |
      let id = \"\";
      for at in 0..5 {{
        let byte = msg.sender[at];
        id += (if byte < 16 {{ \"0\" }} else {{ \"\" }}) + byte.to_hex();
      }}
      print(`${{msg.text}} is ${{id}}.`);
      ()
"
    ));
    let clients = ["one", "two"].map(|name| {
        let mut client = TcpStream::connect(("127.0.0.1", port)).unwrap();
        client.set_read_timeout(Some(PATIENCE)).unwrap();
        client.write_all(name.as_bytes()).unwrap();
        let line = run.says(&format!("{name} is "));
        let id = line.split(" is ").nth(1).unwrap().split('.').next().unwrap().to_owned();
        (client, id)
    });
    for ((client, id), text) in clients.iter().zip(["to one", "to two"]).rev() {
        let to = format!("0x{id}");
        assert_eq!(
            desk.ask(["send", "t", "server", text, "--to", &to]).well(),
            "sent on server.stream\n"
        );
        let mut heard = [0; 6];
        (&*client).read_exact(&mut heard).unwrap();
        assert_eq!(&heard, text.as_bytes());
    }
    let gone = desk.ask(["send", "t", "server", "x", "--to", "0x0000000000"]);
    gone.fails(1, ["no peer of that routing id"]);
    drop(clients);
    let mut later = TcpStream::connect(("127.0.0.1", port)).unwrap();
    later.write_all(b"later").unwrap();
    run.says("later is ");
    let log = run.stop().log;
    // A stream has no handshake that could fail.
    assert!(!log.iter().any(|line| line.contains("handshake")), "{log:#?}");
}
