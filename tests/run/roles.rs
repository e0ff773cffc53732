//! What the topology file offers, between nodes of one file: every socket type and transport, every
//! format, every event and every function that moves messages.

use std::io::{Read, Write};

use crate::support::{PATIENCE, Zrig, eventually, free_port, numbered};

/// Where the messages of these tests go: a file, in the order of their arrival.
const OUT: &str = "write: {file: out.txt}";

/// Runs a topology that ends itself with `stop()`, and gives the lines of `out.txt`.
#[track_caller]
fn written(yaml: &str) -> Vec<String> {
    Zrig::of(yaml).ends().expect(0, ["called stop()"]).file("out.txt")
}

/// Gives an endpoint for a name that is used nowhere else.
type MakeEndpoint = fn(&str) -> String;

/// Each transport that the libzmq underneath has.
fn transports() -> Vec<(&'static str, MakeEndpoint)> {
    let mut all: Vec<(&str, MakeEndpoint)> = vec![
        ("tcp", |_| "tcp://127.0.0.1:*".to_owned()),
        ("ipc", |_| "ipc://*".to_owned()),
        ("inproc", |name| format!("inproc://{name}")),
    ];
    if zmq::has("WS").unwrap_or(false) {
        all.push(("ws", |_| format!("ws://127.0.0.1:{}", free_port())));
    }
    all
}

#[test]
fn an_ipv6_address_needs_no_option() {
    let port = free_port();
    let out = written(&format!(
        "
nodes:
  literal: {{role: push, bind: 'tcp://[::1]:{port}', on_start: send(\"a\")}}
  wildcard: {{role: push, bind: 'tcp://[::1]:*', on_start: send(\"b\")}}
  by_name: {{role: push, bind: 'tcp://[::]:*', on_start: send(\"c\")}}
  sink:
    role: pull
    connect: ['tcp://[::1]:{port}', wildcard, by_name]
    {OUT}
    on_start: this.seen = 0
    on_message: 'this.seen += 1; if this.seen == 3 {{ stop(); }} msg'
"
    ));
    let mut out = out;
    out.sort();
    assert_eq!(out, ["a", "b", "c"]);
}

/// Both ends of each kind of link: how the first sends 0 to 9, and how the second takes them.
const ONE_WAY: &[(&str, &str, &str, &str)] = &[
    ("push", "", "pull", ""),
    ("pub", "msgid: 1000", "sub", "msgids: [1000]"),
    ("xpub", "msgid: 1000", "sub", "topics: all"),
    ("pub", "msgid: 1000", "xsub", "topics: all"),
    ("xpub", "msgid: 1000", "xsub", "msgids: [1000]"),
    ("pair", "", "pair", ""),
    ("dealer", "", "dealer", ""),
];

#[test]
fn every_one_way_link_carries_messages_over_every_transport() {
    for (transport, endpoint) in transports() {
        let mut yaml = String::from("nodes:\n");
        for (n, (from, from_keys, to, to_keys)) in ONE_WAY.iter().enumerate() {
            for first_binds in [true, false] {
                let name = format!("{n}{}", if first_binds { "a" } else { "b" });
                let endpoint = endpoint(&name);
                let bind = format!("bind: '{endpoint}'");
                let (first, second) = match first_binds {
                    true => (bind, format!("connect: from{name}")),
                    false => (format!("connect: to{name}"), bind),
                };
                let number = match *to {
                    "sub" | "xsub" => "msg.body",
                    _ => "parse_int(msg.text)",
                };
                yaml += &format!(
                    "
  from{name}:
    role: {from}
    {first}
    {from_keys}
    on_start: 'for n in 0..10 {{ send(n) }}'
  to{name}:
    role: {to}
    {second}
    {to_keys}
    on_start: 'this.seen = 0'
    on_message: |
      let n = {number};
      if n != this.seen {{ print(`wrong: ${{n}}`) }}
      this.seen += 1;
      if this.seen == 10 {{ print(\"has all\") }}
"
                );
            }
        }
        let run = Zrig::of(&yaml).start();
        run.says_times("has all", 2 * ONE_WAY.len());
        let ending = run.stop();
        assert!(!ending.said("wrong"), "{transport}: {}", ending.text());
    }
}

/// Asking and answering: the first end asks, the second answers what it was asked.
const TWO_WAY: &[(&str, &str)] = &[
    ("req", "rep"),
    ("req", "router"),
    ("dealer", "router"),
    ("dealer", "rep"),
    ("pair", "pair"),
    ("dealer", "dealer"),
];

#[test]
fn every_two_way_link_brings_answers_over_every_transport() {
    for (transport, endpoint) in transports() {
        let mut yaml = String::from("nodes:\n");
        for (n, (asker, answerer)) in TWO_WAY.iter().enumerate() {
            let endpoint = endpoint(&n.to_string());
            // A dealer that talks to a rep puts the empty frame there itself.
            let (ask, text) = match (*asker, *answerer) {
                ("dealer", "rep") => ("send([\"\", this.n])", "msg.frames[1].as_string()"),
                _ => ("send(this.n)", "msg.text"),
            };
            yaml += &format!(
                "
  answerer{n}: {{role: {answerer}, bind: '{endpoint}', on_message: '`<${{msg.text}}>`'}}
  asker{n}:
    role: {asker}
    connect: answerer{n}
    on_start: |
      this.n = 0;
      {ask};
    on_message: |
      let answer = {text};
      if answer != `<${{this.n}}>` {{ print(`wrong: ${{answer}} to ${{this.n}}`) }}
      this.n += 1;
      if this.n < 50 {{ {ask}; }} else {{ print(\"has all\") }}
"
            );
        }
        let run = Zrig::of(&yaml).start();
        run.says_times("has all", TWO_WAY.len());
        let ending = run.stop();
        assert!(!ending.said("wrong"), "{transport}: {}", ending.text());
    }
}

#[test]
fn a_stream_node_is_a_client_of_a_tcp_server() {
    let server = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = server.local_addr().unwrap().port();
    let run = Zrig::of(&format!(
        "
nodes:
  client:
    role: stream
    connect: tcp://127.0.0.1:{port}
    on_message: 'print(`heard ${{msg.text}}`); msg.text.to_upper()'
"
    ))
    .start();
    let (mut client, _) = server.accept().unwrap();
    client.set_read_timeout(Some(PATIENCE)).unwrap();
    client.write_all(b"hello").unwrap();
    let mut answer = [0; 5];
    client.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"HELLO");
    run.says("heard hello");
    run.stop();
}

#[test]
fn ten_thousand_messages_stay_in_order_through_three_nodes() {
    let count = 10_000;
    let ending = Zrig::of(&format!(
        "
nodes:
  source: {{role: push, bind: 'tcp://127.0.0.1:*', hwm: 10, read: {{file: in.txt}}}}
  middle:
    sockets:
      in: {{role: pull, connect: source, hwm: 10}}
      out: {{role: push, bind: 'tcp://127.0.0.1:*', hwm: 10}}
    on_in: msg
  sink:
    role: pull
    connect: middle.out
    hwm: 10
    {OUT}
    on_start: this.n = 0
    on_message: |
      this.n += 1;
      if this.n == {count} {{ stop() }}
      msg
"
    ))
    .with("in.txt", numbered("line", count).join("\n"))
    .ends()
    .expect(0, []);
    assert!(ending.file("out.txt") == numbered("line", count));
}

#[test]
fn format_msgid_writes_texts_maps_arrays_numbers_and_booleans() {
    let lines = written(&format!(
        "
nodes:
  publisher:
    role: pub
    bind: inproc://news
    msgid: 7
    on_start: |
      send(\"a text with spaces\");
      send(#{{a: 1, b: [true, ()]}});
      send([1, \"two\", 3.5]);
      send(42);
      send(true);
      send(\"\");
      publish(8, \"äöü\");
      publish(9, \"the end\");
  subscriber:
    role: sub
    connect: publisher
    msgids: [7, 8, 9]
    {OUT}
    on_message: |
      if msg.msgid == 9 {{ stop() }}
      msg
"
    ));
    assert_eq!(
        lines,
        [
            "7 text a text with spaces",
            "7 json {\"a\":1,\"b\":[true,null]}",
            "7 json [1,\"two\",3.5]",
            "7 json 42",
            "7 json true",
            "7 text ",
            "8 text äöü",
            "9 text the end",
        ]
    );
}

#[test]
fn format_envelope_has_a_frame_for_the_topic_and_one_for_the_body() {
    let lines = written(&format!(
        "
nodes:
  publisher:
    role: pub
    bind: inproc://news
    format: envelope
    on_start: |
      publish(\"a.b\", \"text\");
      publish(\"ab\", #{{n: 1}});
      publish(\"b\", \"not wanted\");
      publish(\"a.end\", \"\");
  subscriber:
    role: sub
    connect: publisher
    format: envelope
    topics: [\"a\"]
    {OUT}
    on_message: |
      if msg.topic == \"a.end\" {{ stop() }}
      `${{msg.topic}}|${{msg.body}}|${{msg.frames.len()}}`
"
    ));
    assert_eq!(lines, ["a.b|text|2", "ab|{\"n\":1}|2", "a.end||2"]);
}

#[test]
fn format_plain_sends_frames_as_they_are() {
    let lines = written(&format!(
        "
nodes:
  pusher:
    role: push
    bind: inproc://plain
    on_start: |
      send(\"text\");
      send([\"two\", \"frames\"]);
      send([1, true, #{{a: 1}}]);
      send(12);
      send(1.5);
      send(\"bytes\".to_blob());
      send(#{{key: [1, 2]}});
      send(\"end\");
  puller:
    role: pull
    connect: pusher
    {OUT}
    on_message: |
      if msg.text == \"end\" {{ stop() }}
      msg
"
    ));
    assert_eq!(
        lines,
        ["text", "two frames", "1 true {\"a\":1}", "12", "1.5", "bytes", "{\"key\":[1,2]}", "end",]
    );
}

#[test]
fn replicas_are_told_apart_and_share_the_work() {
    let lines = written(&format!(
        "
nodes:
  source: {{role: push, bind: 'tcp://127.0.0.1:*', on_start: 'for n in 0..30 {{ send(n) }}'}}
  worker:
    replicas: 3
    sockets:
      in: {{role: pull, connect: source}}
      out: {{role: push, connect: sink}}
    on_in: '`${{node()}} ${{replica()}} ${{msg.text}}`'
  sink:
    role: pull
    bind: tcp://127.0.0.1:*
    {OUT}
    on_message: |
      this.n = (this.n ?? 0) + 1;
      if this.n == 30 {{ stop() }}
      msg
"
    ));
    for worker in 1..=3 {
        let start = format!("worker {worker} ");
        let alone = format!("worker worker.{worker} ");
        let count = lines
            .iter()
            .filter(|line| line.starts_with(&start) || line.starts_with(&alone))
            .count();
        assert_eq!(count, 10, "{lines:?}");
    }
}

#[test]
fn a_forward_moves_messages_both_ways_and_its_capture_gets_a_copy() {
    let run = Zrig::of(
        "
nodes:
  broker:
    sockets:
      front: {role: router, bind: 'tcp://127.0.0.1:*'}
      back: {role: dealer, bind: 'tcp://127.0.0.1:*'}
      copy: {role: push, bind: 'inproc://copies'}
    forward: [front, back]
    capture: copy
  server: {role: rep, connect: broker.back, on_message: '`<${msg.text}>`'}
  client:
    role: req
    connect: broker.front
    on_start: this.n = 0; send(0)
    on_message: |
      this.n += 1;
      if this.n == 20 { print(\"client has all\") } else { send(this.n) }
  witness:
    role: pull
    connect: broker.copy
    on_message: |
      this.n = (this.n ?? 0) + 1;
      if this.n == 40 { print(\"witness has all\") }
",
    )
    .start();
    run.says("client has all");
    run.says("witness has all");
    run.stop();
}

#[test]
fn a_forward_of_one_way_moves_messages_of_many_frames_untouched() {
    let lines = written(&format!(
        "
nodes:
  source: {{role: push, bind: 'inproc://a', on_start: 'for n in 0..100 {{ send([n, \"\", \"x\"]) }} send(\"end\")'}}
  middle:
    sockets:
      in: {{role: pull, connect: source}}
      out: {{role: push, bind: 'inproc://b'}}
    forward: {{in: out}}
  sink:
    role: pull
    connect: middle
    {OUT}
    on_message: |
      if msg.text == \"end\" {{ stop() }}
      msg
"
    ));
    let mut wanted: Vec<String> = (0..100).map(|n| format!("{n}  x")).collect();
    wanted.push("end".to_owned());
    assert_eq!(lines, wanted);
}

#[test]
fn timers_call_their_handlers_and_after_calls_once() {
    let run = Zrig::of(
        "
nodes:
  clock:
    role: pub
    bind: inproc://x
    every: 20ms
    timers: {fast: 30ms, slow: 1h}
    on_start: 'this.ticks = 0; after(\"5ms\", \"once\"); after(10, \"later\"); after(\"0ms\", \"now\")'
    on_tick: 'this.ticks += 1; if this.ticks <= 3 { print(`tick ${this.ticks}`) }'
    on_timer: 'print(`timer ${name}`)'
",
    )
    .start();
    for text in ["tick 1", "tick 2", "tick 3", "timer once", "timer later", "timer now"] {
        run.says(text);
    }
    run.says_times("timer fast", 3);
    let ending = run.stop();
    for once in ["tick 1", "timer once", "timer later", "timer now"] {
        assert_eq!(ending.times(once), 1, "{}", ending.text());
    }
    assert!(!ending.said("timer slow"), "{}", ending.text());
}

#[test]
fn read_keeps_its_rate_repeats_and_tells_the_end() {
    let run = Zrig::of(
        "
nodes:
  once:
    role: pub
    bind: inproc://x
    read: {file: in.txt, rate: 100/s}
    on_start: this.begun = elapsed()
    on_line: 'print(`line ${line}`)'
    on_end: 'print(`the end after ${elapsed() - this.begun}`)'
  again:
    role: push
    bind: inproc://y
    read: {file: in.txt, rate: 200/s, repeat: true}
  taker:
    role: pull
    connect: again
    on_message: 'this.n = (this.n ?? 0) + 1; if this.n == 30 { print(\"thirty\") }'
",
    )
    .with("in.txt", numbered("number", 10).join("\n"))
    .start();
    run.says("thirty");
    let end = run.says("the end after ");
    let seconds: f64 = end.rsplit(' ').next().unwrap().parse().unwrap();
    assert!(seconds > 0.08, "{end}");
    let ending = run.stop();
    assert_eq!(ending.times("line number"), 10);
    assert_eq!(ending.times("the end after"), 1);
}

#[test]
fn write_appends_where_it_should_and_a_handler_decides_what() {
    let yaml = |append: bool| {
        format!(
            "
nodes:
  source: {{role: push, bind: 'inproc://x', on_start: 'for n in 0..4 {{ send(n) }}'}}
  sink:
    role: pull
    connect: source
    write: {{file: out.txt, append: {append}}}
    on_message: |
      let n = parse_int(msg.text);
      if n == 3 {{ stop() }}
      if n % 2 == 0 {{ `even ${{n}}` }}
"
        )
    };
    let old = "old\n";
    let ending = Zrig::of(&yaml(true)).with("out.txt", old).ends().expect(0, []);
    assert_eq!(ending.file("out.txt"), ["old", "even 0", "even 2"]);
    let ending = Zrig::of(&yaml(false)).with("out.txt", old).ends().expect(0, []);
    assert_eq!(ending.file("out.txt"), ["even 0", "even 2"]);
}

#[test]
fn handlers_read_params_names_and_times_and_log_at_levels() {
    let ending = Zrig::of(
        "
nodes:
  node:
    role: pub
    bind: inproc://x
    params: {text: hello, number: 5, list: [1, 2], map: {a: b}, flag: true}
    on_start: |
      print(`${param(\"text\")} ${param(\"number\") + 1} ${param(\"list\").len()} ${param(\"map\").a} ${param(\"flag\")}`);
      print(`${param(\"missing\", 7)} ${node()}`);
      if now() > 1.7e9 && elapsed() < 60.0 { print(\"the time is right\") }
      log(\"warn\", \"a warning\");
      log(\"error\", \"an error\");
      log(\"debug\", \"hidden\");
      debug(\"hidden too\");
      stop()
",
    )
    .ends()
    .expect(0, ["hello 6 2 b true", "7 node", "the time is right", "warn  node  a warning", "error  node  an error"]);
    assert!(!ending.said("hidden"), "{}", ending.text());
}

#[test]
fn peers_that_come_and_go_are_told() {
    let port = free_port();
    let run = Zrig::of(&format!(
        "
nodes:
  publisher:
    role: pub
    bind: {port}
    on_peer: 'print(`${{peer.event}} ${{peer.socket}} ${{peer.topic ?? \"\"}}${{peer.endpoint ?? \"\"}}`)'
"
    ))
    .start();
    let context = zmq::Context::new();
    let subscriber = context.socket(zmq::SUB).unwrap();
    subscriber.connect(&format!("tcp://127.0.0.1:{port}")).unwrap();
    run.says("connected pub tcp://127.0.0.1:");
    subscriber.set_subscribe(b"1000 ").unwrap();
    run.says("  subscribed pub 1000 ");
    subscriber.set_unsubscribe(b"1000 ").unwrap();
    run.says("unsubscribed pub 1000 ");
    drop(subscriber);
    run.says("disconnected pub tcp://127.0.0.1:");
    run.stop();
}

#[test]
fn on_stop_still_sends() {
    let port = free_port();
    let run = Zrig::of(&format!(
        "nodes:\n  pusher: {{role: push, bind: {port}, on_start: send(\"hello\"), on_stop: 'for n in 0..100 {{ send(n) }} send(\"goodbye\")'}}\n"
    ))
    .start();
    let context = zmq::Context::new();
    let puller = context.socket(zmq::PULL).unwrap();
    puller.set_rcvtimeo(20_000).unwrap();
    puller.connect(&format!("tcp://127.0.0.1:{port}")).unwrap();
    assert_eq!(puller.recv_string(0).unwrap().unwrap(), "hello");
    run.stop();
    for n in 0..100 {
        assert_eq!(puller.recv_string(0).unwrap().unwrap(), n.to_string());
    }
    assert_eq!(puller.recv_string(0).unwrap().unwrap(), "goodbye");
}

#[test]
fn a_req_that_asks_three_times_in_one_handler_gets_three_answers() {
    let lines = written(&format!(
        "
nodes:
  server: {{role: rep, bind: 'tcp://127.0.0.1:*', on_message: '`<${{msg.text}}>`'}}
  client:
    role: req
    connect: server
    {OUT}
    on_start: 'send(\"one\"); send(\"two\"); send(\"three\")'
    on_message: |
      if msg.text == \"<three>\" {{ stop() }}
      msg
"
    ));
    assert_eq!(lines, ["<one>", "<two>", "<three>"]);
}

#[test]
fn a_publisher_that_waits_loses_nothing_to_a_slow_subscriber() {
    let run = Zrig::of(&format!(
        "
nodes:
  publisher:
    role: pub
    bind: tcp://127.0.0.1:*
    when_full: wait
    hwm: 5
    read: {{file: in.txt}}
  slow:
    role: sub
    connect: publisher
    msgids: [1000]
    hwm: 5
    isolate: true
    {OUT}
    on_message: |
      let x = 0;
      for n in 0..200 {{ x += n }}
      this.n = (this.n ?? 0) + 1;
      if this.n == 5000 {{ print(\"slow has all\") }}
      msg
  fast: {{role: sub, connect: publisher, msgids: [1000], write: {{file: fast.txt}}}}
"
    ))
    .with("in.txt", numbered("line", 5_000).join("\n"))
    .start();
    run.says("slow has all");
    let fast = run.path("fast.txt");
    eventually("the fast one has all", || {
        std::fs::read_to_string(&fast).is_ok_and(|text| text.ends_with("line 4999\n"))
    });
    let ending = run.stop();
    let wanted: Vec<String> = (0..5_000).map(|n| format!("1000 text line {n}")).collect();
    assert!(ending.file("out.txt") == wanted);
    assert!(ending.file("fast.txt") == wanted);
}

#[test]
fn a_kept_message_is_answered_later_and_to_its_own_sender() {
    let port = free_port();
    let run = Zrig::of(&format!(
        "
nodes:
  server:
    role: router
    bind: {port}
    on_start: this.kept = []
    on_message: |
      this.kept.push(msg);
      if this.kept.len() == 3 {{
          for (kept, n) in this.kept {{ reply(kept, `${{kept.text}} was number ${{n}}`) }}
      }}
"
    ))
    .start();
    let context = zmq::Context::new();
    let clients: Vec<zmq::Socket> = ["a", "b", "c"]
        .into_iter()
        .map(|name| {
            let client = context.socket(zmq::REQ).unwrap();
            client.set_linger(0).unwrap();
            client.set_rcvtimeo(20_000).unwrap();
            client.connect(&format!("tcp://127.0.0.1:{port}")).unwrap();
            client.send(name, 0).unwrap();
            client
        })
        .collect();
    for (client, name) in clients.iter().zip(["a", "b", "c"]) {
        let answer = client.recv_string(0).unwrap().unwrap();
        assert!(answer.starts_with(&format!("{name} was number ")), "{answer}");
    }
    run.stop();
}

#[test]
fn a_rep_answers_nothing_with_nothing_and_a_failure_with_its_reason() {
    let lines = written(&format!(
        "
nodes:
  server:
    role: rep
    bind: inproc://server
    on_message: |
      if msg.text == \"nothing\" {{ return }}
      if msg.text == \"failure\" {{ throw \"no such thing\" }}
      msg
  client:
    role: req
    connect: server
    {OUT}
    on_start: 'send(\"nothing\"); send(\"failure\"); send(\"end\")'
    on_message: |
      if msg.text == \"end\" {{ stop() }}
      `[${{msg.text}}]`
"
    ));
    assert_eq!(lines, ["[]", "[error: no such thing]", "[end]"]);
}

#[test]
fn options_of_libzmq_reach_the_socket() {
    let port = free_port();
    let run = Zrig::of(&format!(
        "
defaults: {{options: {{tcp_keepalive: true, heartbeat_ivl: 1s}}}}
nodes:
  cache:
    role: pub
    bind: {port}
    options: {{conflate: true}}
    every: 1ms
    on_start: this.n = 0
    on_tick: 'this.n += 1; publish(1000, `update ${{this.n}}`)'
  router: {{role: router, bind: 'inproc://r', options: {{router_mandatory: true}}, identity: me, on_message: msg}}
"
    ))
    .start();
    let context = zmq::Context::new();
    let subscriber = context.socket(zmq::SUB).unwrap();
    subscriber.set_rcvtimeo(20_000).unwrap();
    subscriber.set_subscribe(b"").unwrap();
    subscriber.connect(&format!("tcp://127.0.0.1:{port}")).unwrap();
    assert!(subscriber.recv_string(0).unwrap().unwrap().starts_with("1000 text update "));
    run.stop();
}

#[test]
fn subscriptions_and_connections_change_at_run_time() {
    let lines = written(&format!(
        "
nodes:
  publisher:
    role: pub
    bind: tcp://127.0.0.1:*
    every: 5ms
    on_tick: 'for id in 1..=3 {{ publish(id, \"x\") }}'
  subscriber:
    role: sub
    connect: publisher
    msgids: [1]
    {OUT}
    on_start: 'this.phase = 1; this.quiet = 0'
    on_message: |
      if this.phase == 1 {{
          if msg.msgid != 1 {{ return \"wrong\" }}
          this.phase = 2; subscribe(2); return \"has 1\"
      }}
      if this.phase == 2 && msg.msgid == 2 {{
          this.phase = 3; unsubscribe(1); return \"has 2\"
      }}
      if this.phase == 3 {{
          this.quiet = if msg.msgid == 1 {{ 0 }} else {{ this.quiet + 1 }};
          if this.quiet == 5 {{ this.phase = 4; stop(); return \"no 1 any more\" }}
      }}
"
    ));
    assert_eq!(lines, ["has 1", "has 2", "no 1 any more"]);
}

#[test]
fn a_failing_handler_tells_file_line_and_column() {
    let yaml = "nodes:\n  node:\n    role: pub\n    bind: inproc://x\n    script: a.rhai\n";
    Zrig::of(yaml)
        .with("a.rhai", "fn on_start() {\n    print(\"before\");\n    let x = helper(0);\n}\nfn helper(n) {\n    1 / n\n}\nfn on_stop() { print(\"still here\") }\n")
        .lasting("300ms")
        .ends()
        .expect(0, ["before", "a.rhai:6:", "on_start", "division by zero", "still here"]);
}

#[test]
fn a_script_imports_what_lies_below_the_topology() {
    let yaml = "nodes:\n  node:\n    role: pub\n    bind: inproc://x\n    script: a.rhai\n";
    Zrig::of(yaml)
        .with("a.rhai", "import \"b\" as b;\nfn on_start() { print(b::greet(\"you\")); stop() }\n")
        .with("b.rhai", "const WORD = \"hello\";\nfn greet(who) { `${WORD}, ${who}` }\n")
        .ends()
        .expect(0, ["hello, you"]);
}

#[test]
fn each_copy_has_the_routing_id_that_its_name_and_number_make() {
    let yaml = "
nodes:
  boss:
    role: router
    bind: tcp://127.0.0.1:*
    options: {router_mandatory: true}
    on_start: this.seen = []
    on_message: |
      this.seen.push(msg.sender.as_string());
      if this.seen.len() < 3 { return; }
      for id in this.seen { send([id, `go, ${id}`]) }
  worker:
    replicas: 3
    sockets:
      work: {role: dealer, connect: boss, identity: 'w${replica_index} of ${replica}'}
      done: {role: push, connect: sink}
    on_start: send_to(\"work\", \"ready\")
    on_work: send_to(\"done\", `${replica()} is told ${msg.text}`)
  sink:
    role: pull
    bind: tcp://127.0.0.1:*
    OUT
    on_start: this.n = 0
    on_message: |
      this.n += 1;
      if this.n == 3 { stop() }
      msg.text
";
    let mut lines = written(&yaml.replace("OUT", OUT));
    lines.sort();
    let told = |copy: u32| format!("worker.{copy} is told go, w{copy} of worker.{copy}");
    assert_eq!(lines, [told(1), told(2), told(3)]);
}
