//! Programs written on the eight classes of a Python module, on either side of `zrig run`, with
//! nothing changed for zrig's sake: 10,000 messages each way, none lost, reordered or torn.

use std::collections::BTreeMap;

use crate::support::{Ending, Peer, Zrig, free_port, free_ports};

const COUNT: usize = 10_000;

/// A puller of everything: each message is a line of `out.txt`, and the last of `due` ends the run.
fn takes(due: usize) -> String {
    format!(
        "
    write: {{file: out.txt}}
    on_start: this.n = 0
    on_message: |
      this.n += 1;
      if this.n == {due} {{ print(\"all are here\"); stop() }}
      msg"
    )
}

/// The lines of `out.txt` by their source, each without `<msgid> <msgtype>` where it has those.
fn by_source(ending: &Ending) -> BTreeMap<String, Vec<u64>> {
    let mut found: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    for line in ending.file("out.txt") {
        let payload =
            line.strip_prefix("1000 text ").or(line.strip_prefix("1000 json ")).unwrap_or(&line);
        let (source, number) = match serde_json::from_str::<serde_json::Value>(payload) {
            Ok(body) => {
                (body["source"].as_str().unwrap().to_owned(), body["number"].as_u64().unwrap())
            }
            Err(_) => {
                let (source, number) =
                    payload.split_once(' ').unwrap_or_else(|| panic!("torn: {line}"));
                (source.to_owned(), number.parse().unwrap_or_else(|_| panic!("torn: {line}")))
            }
        };
        found.entry(source).or_default().push(number);
    }
    found
}

#[track_caller]
fn assert_all_in_order(found: &BTreeMap<String, Vec<u64>>, sources: &[&str], count: usize) {
    assert_eq!(found.keys().map(String::as_str).collect::<Vec<_>>(), sources);
    let wanted: Vec<u64> = (0..count as u64).collect();
    for (source, numbers) in found {
        let wrong = numbers.iter().zip(&wanted).position(|(found, wanted)| found != wanted);
        assert!(
            *numbers == wanted,
            "{source}: {} messages, wrong from {wrong:?} on",
            numbers.len()
        );
    }
}

#[test]
fn a_sub_hears_publishers_of_the_module_on_several_ports_and_one_added_later() {
    let [text, json, late, command] = free_ports();
    let run = Zrig::of(&format!(
        "
nodes:
  listener:
    sockets:
      news: {{role: sub, connect: [{text}, {json}], msgids: [1000], hwm: 0}}
      command: {{role: rep, bind: {command}}}
    write: {{file: out.txt}}
    on_start: this.n = 0
    on_command: |
      connect(\"news\", `tcp://127.0.0.1:${{msg.text}}`);
      reply(msg, msg.text);
    on_news: |
      this.n += 1;
      if this.n == {} {{ stop() }}
      msg
",
        3 * COUNT
    ))
    .start();
    let publisher = |port: u16, source: &str, more: &str| {
        // Each publishes as 10001 too, which the subscription to 1000 must not take.
        Peer::start(&format!(
            "publisher --port {port} --source {source} --count {COUNT} --wait-peers 1 --hwm 0 \
             --linger 20000 {more}"
        ))
    };
    let first = publisher(text, "text", "--also-msgid 10001 --also-msgid 999");
    let second = publisher(json, "json", "--format json --filler äöü");
    let third = publisher(late, "late", "--also-msgid 100").ready();
    let asker = zmq::Context::new().socket(zmq::REQ).unwrap();
    asker.connect(&format!("tcp://127.0.0.1:{command}")).unwrap();
    asker.send(late.to_string().as_str(), 0).unwrap();
    assert_eq!(asker.recv_string(0).unwrap().unwrap(), late.to_string());
    for peer in [first, second, third] {
        peer.well();
    }
    let ending = run.ends();
    assert_eq!(ending.status, Some(0), "{}", ending.text());
    assert_all_in_order(&by_source(&ending), &["json", "late", "text"], COUNT);
}

/// A publisher that begins when somebody subscribes, and loses nothing.
fn publishes(port: u16, source: &str, body: &str, more: &str) -> String {
    format!(
        "
  {source}:
    role: pub
    bind: {port}
    when_full: wait
    on_start: this.n = 0
    on_peer: |
      if peer.event == \"subscribed\" && this.n == 0 {{ after(\"1ms\", \"more\") }}
    on_timer: |
      for i in 0..1000 {{
        let n = this.n;
        {more}
        publish(1000, {body});
        this.n += 1;
      }}
      if this.n < {COUNT} {{ after(\"1ms\", \"more\") }} else {{ print(\"all are sent\") }}
"
    )
}

#[test]
fn a_subscriber_of_the_module_hears_pubs_on_several_ports_and_one_added_later() {
    let [text, json, late] = free_ports();
    let run = Zrig::of(&format!(
        "nodes:{}{}{}",
        publishes(text, "text", "`text ${n}`", ""),
        publishes(json, "json", "#{ source: \"json\", number: n }", "publish(1001, n);"),
        publishes(late, "late", "`late ${n}`", "publish(999, \"x\");"),
    ))
    .start();
    let mut peer = Peer::start(&format!(
        "subscriber --port {text} --port {json} --count {COUNT} --sources text,json,late --timeout 60"
    ))
    .ready();
    peer.tell(&format!("add {late}"));
    peer.says("added");
    peer.well();
    run.says_times("all are sent", 3);
    run.stop();
}

#[test]
fn a_subscriber_of_1000_gets_none_of_10001() {
    let [theirs, ours] = free_ports();
    // From a publisher of the module …
    let run = Zrig::of(&format!(
        "
nodes:
  sub: {{role: sub, connect: {theirs}, msgids: [1000], write: {{file: out.txt}}}}
"
    ))
    .start();
    Peer::start(&format!(
        "publisher --port {theirs} --count 1000 --wait-peers 1 --also-msgid 10001 --also-msgid 100 \
         --also-msgid 10000 --hwm 0"
    ))
    .well();
    let got = run.path("out.txt");
    crate::support::eventually("the last message is written", || {
        std::fs::read_to_string(&got).is_ok_and(|text| text.ends_with("1000 text peer 999\n"))
    });
    let ending = run.stop();
    assert_all_in_order(&by_source(&ending), &["peer"], 1000);
    // … and from a pub of zrig, whose subscriber's subscription nobody else's software made.
    let ending = Zrig::of(&format!(
        "
nodes:
  pub:
    role: pub
    bind: {ours}
    on_start: |
      for n in 0..100 {{
        publish(10001, \"foreign\");
        publish(1000, `own ${{n}}`);
        publish(100, \"foreign\");
      }}
      publish(1000, \"own 100\");
  sub:
    role: sub
    connect: pub
    msgids: [1000]
    {}
",
        takes(101).trim_start()
    ))
    .ends()
    .expect(0, []);
    assert_all_in_order(&by_source(&ending), &["own"], 101);
}

#[test]
fn a_client_of_the_module_asks_a_rep() {
    let [text, json] = free_ports();
    let run = Zrig::of(&format!(
        "
nodes:
  text: {{role: rep, bind: {text}, on_message: '`<${{msg.text}}>`'}}
  json:
    role: rep
    bind: {json}
    on_message: |
      let body = msg.json;
      body.answered = true;
      body
"
    ))
    .start();
    let peers = [
        Peer::with(
            &format!("rr-client --port {text} --count {COUNT} --timeout 60"),
            &["--expect-prefix", "<", "--expect-suffix", ">"],
        ),
        Peer::with(
            &format!("rr-client --port {json} --count {COUNT} --timeout 60 --format json"),
            &["--expect-add", "{\"answered\": true}"],
        ),
    ];
    for peer in peers {
        peer.well();
    }
    run.stop();
}

/// A node that sends numbered messages, each when the answer to the one before has come.
fn asks(name: &str, attach: &str, make: &str) -> String {
    format!(
        "
  {name}:
    {attach}
    write: {{file: {name}.txt}}
    on_start: |
      this.n = 0;
      send({first});
    on_message: |
      this.n += 1;
      if this.n < {COUNT} {{ send({make}) }} else {{ print(\"all are answered\") }}
      msg
",
        first = make.replace("this.n", "0"),
    )
}

#[test]
fn a_req_asks_a_server_of_the_module() {
    let [text, json] = free_ports();
    let run = Zrig::of(&format!(
        "nodes:{}{}",
        asks("text", &format!("role: req\n    connect: {text}"), "`text ${this.n}`"),
        asks(
            "json",
            &format!("role: req\n    connect: {json}"),
            "#{ source: \"json\", number: this.n }"
        ),
    ))
    .start();
    let peers = [
        Peer::with(
            &format!("rr-server --port {text} --count {COUNT} --timeout 60"),
            &["--reply-suffix", "!"],
        ),
        Peer::with(
            &format!(
                "rr-server --port {json} --count {COUNT} --timeout 60 --format json --coroutine"
            ),
            &["--reply-add", "{\"answered\": true}"],
        ),
    ];
    run.says_times("all are answered", 2);
    for peer in peers {
        peer.well();
    }
    let ending = run.stop();
    let wanted: Vec<String> = (0..COUNT).map(|n| format!("text {n}!")).collect();
    assert!(ending.file("text.txt") == wanted);
    let answers = ending.file("json.txt");
    assert_eq!(answers.len(), COUNT);
    for (n, answer) in answers.iter().enumerate() {
        let answer: serde_json::Value = serde_json::from_str(answer).unwrap();
        assert!(answer["number"] == n && answer["answered"] == true, "{answer}");
    }
}

#[test]
fn a_puller_of_the_module_takes_from_a_push() {
    let [text, json] = free_ports();
    let lines = crate::support::numbered("lines", COUNT).join("\n");
    let run = Zrig::of(&format!(
        "
nodes:
  lines: {{role: push, bind: {text}, read: {{file: lines.txt}}}}
  maps:
    role: push
    bind: {json}
    on_start: |
      this.n = 0;
      after(\"0ms\", \"more\")
    on_timer: |
      for i in 0..5000 {{ send(#{{ source: \"maps\", number: this.n }}); this.n += 1; }}
      if this.n < {COUNT} {{ after(\"0ms\", \"more\") }}
"
    ))
    .with("lines.txt", lines)
    .start();
    let peers = [
        Peer::start(&format!("puller --port {text} --count {COUNT} --timeout 60")),
        Peer::start(&format!("puller --port {json} --count {COUNT} --timeout 60 --coroutine")),
    ];
    for peer in peers {
        peer.well();
    }
    run.stop();
}

#[test]
fn a_pull_takes_from_pushers_of_the_module() {
    let [text, json] = free_ports();
    let run = Zrig::of(&format!(
        "
nodes:
  puller:
    role: pull
    connect: [{text}, {json}]{}
",
        takes(2 * COUNT)
    ))
    .start();
    let peers = [
        Peer::start(&format!("pusher --port {text} --source text --count {COUNT} --timeout 60")),
        Peer::start(&format!(
            "pusher --port {json} --source json --count {COUNT} --timeout 60 --format json"
        )),
    ];
    let ending = run.ends().expect(0, ["all are here"]);
    for peer in peers {
        peer.well();
    }
    assert_all_in_order(&by_source(&ending), &["json", "text"], COUNT);
}

#[test]
fn a_pair_client_of_the_module_talks_to_a_pair_that_binds_or_connects() {
    let [bound, connected] = free_ports();
    let run = Zrig::of(&format!(
        "
nodes:
  bound: {{role: pair, bind: {bound}, on_message: 'msg'}}
  connected: {{role: pair, connect: {connected}, on_message: 'msg'}}
"
    ))
    .start();
    let peers = [
        Peer::start(&format!("pair-client --port {bound} --count {COUNT} --timeout 60")),
        Peer::start(&format!(
            "pair-client --port {connected} --bind --count {COUNT} --timeout 60 --format json"
        )),
    ];
    for peer in peers {
        peer.well();
    }
    run.stop();
}

#[test]
fn a_pair_talks_to_a_pair_server_of_the_module() {
    let port = free_port();
    let run = Zrig::of(&format!(
        "nodes:{}",
        asks("pair", &format!("role: pair\n    connect: {port}"), "`pair ${this.n}`")
    ))
    .start();
    let peer = Peer::with(
        &format!("pair-server --port {port} --count {COUNT} --timeout 60"),
        &["--reply-prefix", "<", "--reply-suffix", ">"],
    );
    run.says("all are answered");
    peer.well();
    let wanted: Vec<String> = (0..COUNT).map(|n| format!("<pair {n}>")).collect();
    assert!(run.stop().file("pair.txt") == wanted);
}
