//! Completion: what is offered at a place, and what is not.

use std::fs;

use serde_json::{Value, json};

use super::client::{Client, marked};

/// Before every text of the table: nodes that are there.
const HEAD: &str = "\
version: 1
places: {edge: {address: edge.local}, hall: {address: 10.1.0.7}}
nodes:
  station: {role: pub, bind: 5581, every: 1s, on_tick: publish(1000, 1)}
  desk:
    sockets:
      ask: {role: router, bind: 5582}
      jobs: {role: push, bind: 5583}
      news: {role: sub, connect: station, topics: all}
    params: {limit: 3, city: Oslo}
    timers: {late: 1s, early: 2s}
    script: desk.rhai
  view:
";
const DESK: &str = "\
import \"parts/unit\" as unit;
fn half(n) { n / 2 }
fn on_start() { this.count = 0; this.jobs = []; }
";

/// What stands behind [`HEAD`], in a node `view`; what is offered at the `§`; what is not.
type Case = (&'static str, &'static [&'static str], &'static [&'static str]);

const IN_TOPOLOGY: &[Case] = &[
    // Keys, by place.
    (
        "    §",
        &["role", "sockets", "bind", "script", "on_message", "replicas"],
        &["nodes", "pub", "file"],
    ),
    ("    ro§", &["role"], &["nodes"]),
    ("    role: sub\n    §", &["connect", "topics", "on_start", "params"], &["role", "sockets"]),
    ("    role: pull\n    §", &["bind", "hwm"], &["topics", "msgids"]),
    ("    ro§\n    bind: 1", &["role"], &["sockets", "bind"]),
    (
        "    sockets:\n      a: {role: pull, bind: 1}\n    §",
        &["forward", "on_a", "timers"],
        &["role", "bind"],
    ),
    (
        "    script: x.rhai\n    role: pull\n    §",
        &["every", "params"],
        &["on_message", "on_start", "script"],
    ),
    ("    role: pull\n    on_message: \"1\"\n    §", &["on_start"], &["script", "on_message"]),
    ("    {rol§}", &["role", "bind"], &["nodes"]),
    ("    {role: pull, §}", &["bind", "options"], &["role", "topics"]),
    ("    {role: pull, bi§", &["bind"], &["role"]),
    ("    sockets:\n      a:\n        §", &["role", "bind", "identity"], &["script", "on_message"]),
    ("    sockets:\n      a: {§", &["role", "bind"], &["script"]),
    (
        "    role: router\n    options:\n      §",
        &["router_mandatory", "maxmsgsize"],
        &["req_relaxed", "role"],
    ),
    ("    role: req\n    options: {§}", &["req_relaxed", "req_correlate"], &["router_mandatory"]),
    ("    role: req\n    options: {req_relaxed: true, §}", &["req_correlate"], &["req_relaxed"]),
    ("    hwm: {§", &["send", "receive"], &["role"]),
    ("    hwm:\n      §", &["send", "receive"], &["role"]),
    ("    read: {§", &["file", "rate", "repeat"], &["append"]),
    ("    process: {§", &["command", "directory", "environment", "on_exit", "ready"], &["file"]),
    ("    process: {command: [x], stop: {§", &["signal", "within"], &["command"]),
    ("    process: {command: [x], on_exit: §}", &["restart", "stop", "leave"], &["skip"]),
    ("    process: {command: [x], stop: {signal: §}}", &["SIGTERM", "SIGINT"], &["restart"]),
    ("    write:\n      file: x\n      §", &["append"], &["file", "rate"]),
    ("    curve: {§", &["role", "server", "allow"], &["bind"]),
    // Words that a value may be.
    ("    role: §", &["pub", "sub", "router", "stream"], &["true", "station"]),
    ("    role: pu§", &["pub", "push", "pull"], &["bind"]),
    ("    {role: §}", &["pub", "xsub"], &["bind"]),
    ("    sockets:\n      a: {role: §, bind: 1}", &["dealer"], &["bind"]),
    ("    role: pub\n    format: §", &["msgid", "envelope", "plain"], &["drop"]),
    ("    role: pub\n    when_full: §", &["drop", "wait"], &["plain"]),
    ("    on_error: §", &["skip", "restart", "stop"], &["true"]),
    ("    isolate: §", &["true", "false"], &["skip"]),
    ("    role: router\n    options: {router_mandatory: §}", &["true", "false"], &["pub"]),
    ("    curve: {role: §}", &["server", "client"], &["pub"]),
    ("    read: {file: x, format: §}", &["lines"], &["msgid"]),
    ("    role: sub\n    topics: §", &[], &["station"]),
    // Ends of links.
    (
        "    role: sub\n    connect: §",
        &["station", "tcp://", "ipc://"],
        &["desk", "view", "desk.ask"],
    ),
    ("    role: sub\n    connect: sta§", &["station"], &["desk"]),
    (
        "    role: dealer\n    connect: §",
        &["desk.ask", "desk"],
        &["station", "desk.jobs", "desk.news"],
    ),
    ("    role: pull\n    connect: [§", &["desk.jobs"], &["desk.ask"]),
    ("    role: pull\n    connect: [5581, §]", &["desk.jobs"], &["station"]),
    ("    role: pull\n    connect:\n      - §", &["desk.jobs", "inproc://"], &["station"]),
    ("    role: pull\n    connect:\n    - \"desk.§\"", &["desk.jobs"], &["station"]),
    ("    {role: req, connect: §}", &["desk.ask"], &["desk.jobs"]),
    ("    sockets:\n      a: {role: pull, connect: §}", &["desk.jobs"], &["desk.ask"]),
    ("    bind: §", &["tcp://", "ipc://", "inproc://", "ws://"], &["station"]),
    (
        "    sockets:\n      a: {role: xpub, bind: 1}\n      b: {role: xsub, bind: 2}\n    forward: [§",
        &["a", "b"],
        &["station", "ask"],
    ),
    (
        "    sockets:\n      a: {role: xpub, bind: 1}\n      b: {role: xsub, bind: 2}\n    forward: [a, §]",
        &["a", "b"],
        &["ask"],
    ),
    (
        "    sockets:\n      a: {role: pull, bind: 1}\n      b: {role: push, bind: 2}\n    forward: {a: §}",
        &["b"],
        &["jobs"],
    ),
    (
        "    sockets:\n      a: {role: pull, bind: 1}\n      b: {role: push, bind: 2}\n    forward: {§",
        &["a", "capture"],
        &["jobs"],
    ),
    (
        "    sockets:\n      a: {role: pull, bind: 1}\n      b: {role: push, bind: 2}\n    forward: {a: b}\n    capture: §",
        &["a", "b"],
        &["jobs"],
    ),
    ("    on: §", &["edge", "hall"], &["station", "tcp://"]),
    ("    {role: pull, on: h§}", &["hall"], &["desk"]),
    ("    script: §", &["desk.rhai", "parts/unit.rhai"], &["station"]),
    // Scripts in blocks, in quotes, in one line.
    (
        "    role: pull\n    on_message: |\n      §",
        &["print", "send", "msg", "this", "let"],
        &["fn", "peer", "role"],
    ),
    ("    role: pull\n    on_message: |\n      let x = 1;\n      pri§", &["print", "x"], &["role"]),
    (
        "    role: pull\n    on_message: |\n      msg.§",
        &["text", "json", "frames", "sender"],
        &["msgid", "topic", "print"],
    ),
    (
        "    role: sub\n    on_message: |\n      print(msg.§)",
        &["msgid", "body"],
        &["topic", "send"],
    ),
    (
        "    role: sub\n    format: envelope\n    on_message: msg.§",
        &["topic", "body"],
        &["msgid", "msgtype"],
    ),
    ("    role: sub\n    on_message: print(msg.bo§)", &["body"], &["print"]),
    ("    role: sub\n    on_message: 'print(msg.§)'", &["body"], &["topic"]),
    ("    role: sub\n    on_message: \"print(`${msg.§}`)\"", &["body"], &["topic"]),
    ("    {role: sub, on_message: print(msg.§)}", &["body"], &["topic"]),
    ("    role: sub\n    on_message: print(`${msg.§", &["body"], &["print"]),
    (
        "    role: pub\n    on_peer: |\n      print(peer.§)",
        &["event", "endpoint", "topic", "reason"],
        &["body"],
    ),
    (
        "    role: pub\n    on_peer: if peer.event == \"§\" { }",
        &["connected", "subscribed"],
        &["late"],
    ),
    ("    role: pull\n    on_start: this.seen = 0;\n    on_message: this.§", &["seen"], &["text"]),
    ("    role: pull\n    params: {most: 1}\n    on_message: param(\"§\")", &["most"], &["limit"]),
    (
        "    role: pull\n    timers: {soon: 1s}\n    on_timer: if name == \"§\" { 1 }",
        &["soon"],
        &["late"],
    ),
    (
        "    sockets:\n      in: {role: pull, bind: 1}\n      out: {role: push, bind: 2}\n    on_in: send_to(\"§\", msg)",
        &["out"],
        &["in", "ask"],
    ),
    ("    role: pull\n    on_message: log(\"§\", 1)", &["warn", "error"], &["zlib"]),
    ("    role: pull\n    on_message: compress(msg.bytes, \"§\")", &["zlib", "lz4"], &["warn"]),
    ("    role: pull\n    on_message: |\n      // msg.§", &[], &["text", "print"]),
    ("    role: pull\n    on_message: print(\"msg.§\")", &[], &["text", "print"]),
    (
        "    role: pull\n    on_message: |\n      let a = [1];\n      a.§",
        &["push", "len", "map"],
        &["text"],
    ),
    // Comments, and what is nothing.
    ("    role: pull  # zrig: allow §", &["ZR0318", "ZR0316"], &["ZR0105", "role"]),
    ("    role: pull  # ro§", &[], &["role"]),
    ("    role: pull§x", &["pull"], &["bind"]),
];

/// A whole file of its own.
const WHOLE: &[Case] = &[
    ("§", &["nodes", "version", "defaults", "security"], &["role"]),
    ("ver§", &["version"], &["role"]),
    ("version: 1\n§\nnodes: {}\n", &["name", "description"], &["version", "nodes"]),
    ("defaults: {§}\n", &["hwm", "linger", "options"], &["role"]),
    ("defaults:\n  options:\n    §\n", &["router_mandatory", "req_relaxed"], &["role"]),
    ("security: {§}\n", &["curve"], &["role"]),
    ("nodes:\n  a: {role: pull, connect: [b§\n  b: {role: push, bind: 1}\n", &["b"], &["a"]),
    (
        "nodes:\n  a: {role: rep, bind: 1, on_message: \"msg.te§\n  b: {role: req, connect: a}\n",
        &["text"],
        &["msgid"],
    ),
];

/// In `desk.rhai`, which the node `desk` runs.
const IN_SCRIPT: &[Case] = &[
    ("§", &["fn", "import", "const"], &["print", "role"]),
    ("fn §", &["on_message", "on_ask", "on_news", "on_tick"], &["on_start", "on_jobs", "print"]),
    ("fn on_ask(m) { m.§ }", &["text", "sender"], &["msgid", "half"]),
    ("fn on_news(msg) { msg.§", &["msgid", "body"], &["topic"]),
    ("fn on_ask(msg) { ha§ }", &["half", "print", "unit", "msg"], &["role"]),
    ("fn on_ask(msg) { this.§ }", &["count", "jobs", "half"], &["text"]),
    ("fn on_ask(msg) { send_to(\"§\", 1) }", &["jobs", "ask"], &["news", "desk"]),
    ("fn on_ask(msg) { subscribe(\"§\", \"a\") }", &["news"], &["jobs"]),
    ("fn on_ask(msg) { param(\"§", &["limit", "city"], &["late"]),
    ("fn on_ask(msg) { after(\"1s\", \"§\") }", &["late", "early"], &["limit"]),
    ("fn on_timer(name) { if name == \"§\" { } }", &["late", "early"], &["limit"]),
    ("fn on_ask(msg) { unit::§ }", &["celsius"], &["half", "print"]),
    ("fn on_ask(msg) { let seen = 1; for city in [1] { §", &["seen", "city", "msg"], &["fn"]),
    ("fn on_ask(msg) { [1].map(|x| x + §) }", &["x", "msg"], &["fn"]),
    ("fn on_ask(msg) { Fn(\"§\") }", &["half"], &["print"]),
    ("import \"§\" as u;", &["parts/unit"], &["desk"]),
    ("fn on_peer(peer) { peer.§ }", &["event", "user"], &["text"]),
    ("fn on_ask(msg) { let x§", &[], &["print", "half"]),
];

fn labels(client: &mut Client, path: &std::path::Path, place: (usize, usize)) -> Vec<Value> {
    let answer = client.request("textDocument/completion", &Client::at(path, place.0, place.1));
    answer.unwrap().as_array().unwrap().clone()
}

/// What is wrong with what is offered at a place.
fn wrong(found: &[Value], (text, must, must_not): Case) -> Option<String> {
    let has = |name: &str| found.iter().any(|item| item["label"] == name);
    let missing: Vec<&&str> = must.iter().filter(|name| !has(name)).collect();
    let wrong: Vec<&&str> = must_not.iter().filter(|name| has(name)).collect();
    let shown: Vec<&str> = found.iter().take(40).map(|it| it["label"].as_str().unwrap()).collect();
    let is_right = missing.is_empty() && wrong.is_empty();
    (!is_right).then(|| format!("{text}\nmissing {missing:?}, wrong {wrong:?}, found {shown:?}"))
}

#[test]
fn what_fits_a_place_is_offered_there_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("parts")).unwrap();
    fs::write(folder.path().join("parts/unit.rhai"), "fn celsius(f) { (f - 32) / 2 }\n").unwrap();
    fs::write(folder.path().join("desk.rhai"), DESK).unwrap();
    let path = folder.path().join("desk.yaml");
    let script = folder.path().join("desk.rhai");
    let mut client = Client::start();
    client.open(&path, "zrig", HEAD);
    client.diagnostics(&path, 1);
    let mut faults: Vec<String> = Vec::new();
    for &case in IN_TOPOLOGY {
        let written = if case.0.starts_with("    {") {
            format!("{} {}\n", HEAD.trim_end(), case.0.trim_start())
        } else {
            format!("{HEAD}{}\n", case.0)
        };
        let (text, _, place) = marked(&written);
        client.change(&path, &json!([{"text": text}]));
        faults.extend(wrong(&labels(&mut client, &path, place), case));
    }
    for &case in WHOLE {
        let (text, _, place) = marked(case.0);
        client.change(&path, &json!([{"text": text}]));
        faults.extend(wrong(&labels(&mut client, &path, place), case));
    }
    let version =
        client.change(&path, &json!([{"text": format!("{HEAD}    {{role: pair, bind: 1}}\n")}]));
    client.diagnostics(&path, version);
    client.open(&script, "rhai", DESK);
    for &case in IN_SCRIPT {
        let (text, _, place) = marked(&format!("{DESK}{}", case.0));
        client.change(&script, &json!([{"text": text}]));
        faults.extend(wrong(&labels(&mut client, &script, place), case));
    }
    let places = IN_TOPOLOGY.len() + WHOLE.len() + IN_SCRIPT.len();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    println!("{places} places");
    assert!(places >= 60, "{places}");
    assert_eq!(client.logged, [""; 0]);
}

#[test]
fn what_is_offered_has_its_line_and_takes_the_place_of_the_word_there() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.yaml");
    let mut client = Client::start();
    for (text, label, line, result) in [
        (
            "nodes:\n  a:\n    ro§\n",
            "role",
            "What kind of ZeroMQ socket",
            "nodes:\n  a:\n    role: \n",
        ),
        (
            "nodes:\n  a: {ro§: pub}\n",
            "role",
            "What kind of ZeroMQ socket",
            "nodes:\n  a: {role: pub}\n",
        ),
        ("no§", "nodes", "", "nodes:\n  "),
        ("nodes:\n  a:\n    role: p§\n", "pub", "Sends", "nodes:\n  a:\n    role: pub\n"),
        (
            "nodes:\n  a: {role: pull, bind: 1, on_message: print(msg.te§)}\n",
            "text",
            "the payload as UTF-8 text",
            "nodes:\n  a: {role: pull, bind: 1, on_message: print(msg.text)}\n",
        ),
        (
            "nodes:\n  a:\n    role: pull\n    on_message: |\n      pri§\n",
            "print",
            "",
            "nodes:\n  a:\n    role: pull\n    on_message: |\n      print\n",
        ),
        (
            "nodes:\n  a: {role: pull, bind: 1, on_message: \"ä.len(); msg.te§\"}\n",
            "text",
            "the payload",
            "nodes:\n  a: {role: pull, bind: 1, on_message: \"ä.len(); msg.text\"}\n",
        ),
        (
            "nodes:\n  a: {role: sub}\n  b: {role: sub, connect: §}\n",
            "tcp://",
            "",
            "nodes:\n  a: {role: sub}\n  b: {role: sub, connect: tcp://}\n",
        ),
    ] {
        let (text, _, place) = marked(text);
        client.open(&path, "zrig", &text);
        let found = labels(&mut client, &path, place);
        let item = found.iter().find(|item| item["label"] == label).unwrap();
        let detail = item["detail"].as_str().unwrap_or_default();
        assert!(detail.contains(line), "{label}: {detail}");
        let edited = super::client::applied(
            &text,
            std::slice::from_ref(&item["textEdit"])
                .iter()
                .map(|edit| json!({"range": edit["range"], "newText": edit["newText"]}))
                .collect::<Vec<Value>>()
                .as_slice(),
        );
        assert_eq!(edited, result);
        client.close(&path);
    }
}
