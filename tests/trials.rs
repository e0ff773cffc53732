//! `zrig test`, seen from outside: what ships is tested, the same seed gives the same run, what fails is
//! shown, and real sockets say the same.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "trials/guide.rs"]
mod guide;
#[path = "run/support/port.rs"]
mod port;
#[path = "trials/runs.rs"]
mod runs;
#[path = "trials/shipped.rs"]
mod shipped;

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

use port::free_ports;

/// `zrig test` in the repository.
fn zrig_test(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_zrig"))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env("NO_COLOR", "1")
        .arg("test")
        .args(arguments)
        .output()
        .unwrap()
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &*String::from_utf8_lossy(&output.stderr)
}

/// A topology and its tests in a folder of their own.
fn folder(topology: &str, tests: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.yaml"), topology).unwrap();
    fs::write(folder.path().join("a.test.yaml"), format!("topology: a.yaml\ntests:\n{tests}"))
        .unwrap();
    folder
}

fn file(folder: &tempfile::TempDir) -> String {
    folder.path().join("a.test.yaml").display().to_string()
}

#[test]
fn the_same_seed_gives_the_same_run_to_the_byte() {
    let once = |seed: &str| {
        let output =
            zrig_test(&["topologies/tests/broker.test.yaml", "--seed", seed, "--format", "json"]);
        assert!(output.status.success(), "{}", text(&output));
        String::from_utf8(output.stdout).unwrap()
    };
    let first = once("7");
    for _ in 0..20 {
        assert_eq!(once("7"), first);
    }
}

#[test]
fn other_seeds_give_other_orders_of_what_is_open() {
    let topology = "
nodes:
  one: {role: push, connect: sink, on_start: 'send(\"1\")'}
  two: {role: push, connect: sink, on_start: 'send(\"2\")'}
  three: {role: push, connect: sink, on_start: 'send(\"3\")'}
  sink: {role: pull, bind: 'tcp://127.0.0.1:21111', on_message: 'this.all += msg.text; print(this.all)', on_start: 'this.all = \"\"'}
";
    let folder = folder(
        topology,
        "  - name: all come\n    steps: [{expect: {at: sink, count: 3, where: 'true'}}]\n",
    );
    let output = zrig_test(&[&file(&folder), "--seeds", "200"]);
    let told = text(&output);
    assert!(output.status.success(), "{told}");
    // Six orders in which they arrive, told with the order of the log between.
    let orders: usize = told
        .split(" different orders")
        .next()
        .unwrap()
        .rsplit(' ')
        .next()
        .unwrap()
        .parse()
        .unwrap();
    assert!(orders >= 6, "{told}");
}

#[test]
fn what_does_not_hold_is_drawn_where_it_stands_with_what_was_seen_instead() {
    let topology = "nodes: {a: {role: push, bind: 'inproc://a'}, b: {role: pull, connect: a, on_message: 'print(msg.text)'}}";
    let tests = "
  - name: b prints what a sends
    steps:
      - send: {from: a, text: hello}
      - expect: {at: b, log: goodbye, within: 2s}
";
    let folder = folder(topology, tests);
    let output = zrig_test(&[&file(&folder)]);
    assert_eq!(output.status.code(), Some(1));
    let told = text(&output).replace(&folder.path().display().to_string(), "FOLDER");
    let told =
        told.lines().filter(|line| !line.contains(" passed, ")).collect::<Vec<_>>().join("\n");
    insta::assert_snapshot!(told);
    let junit = zrig_test(&[&file(&folder), "--format", "junit"]);
    let xml = String::from_utf8(junit.stdout).unwrap();
    let parsed = roxmltree::Document::parse(&xml).unwrap();
    let failure = parsed.descendants().find(|it| it.has_tag_name("failure")).unwrap();
    assert!(failure.attribute("message").unwrap().contains("goodbye"), "{xml}");
}

#[test]
fn real_sockets_say_the_same_as_simulated_ones() {
    let ports = free_ports::<2>();
    let topology = format!(
        "
nodes:
  source: {{role: push, bind: {}, hwm: 5}}
  worker: {{replicas: 2, sockets: {{in: {{role: pull, connect: source}}, out: {{role: push, connect: sink}}}}, on_message: 'if msg.text == \"bad\" {{ throw \"no\" }} msg.text + \"!\"'}}
  sink: {{role: pull, bind: {}, on_message: 'print(msg.text)'}}
",
        ports[0], ports[1]
    );
    let tests = "
  - name: what is sent arrives with a mark
    steps:
      - send: {from: source, text: one}
      - send: {from: source, text: two}
      - expect: {at: sink, log: one!, within: 5s}
      - expect: {at: sink, text: two!, within: 5s}
    always: counters.sink.received <= counters.source.sent
  - name: a copy that dies leaves the work to the other
    steps:
      - kill: worker.1
      - wait: 1s
      - send: {from: source, text: one}
      - send: {from: source, text: two}
      - expect: {at: sink, text: one!, within: 5s}
      - expect: {at: sink, text: two!, within: 5s}
      - start: worker.1
      - wait: 1s
      - send: {from: source, text: three}
      - send: {from: source, text: four}
      - expect: {at: worker.1, where: msg.text.len() > 3, within: 5s}
  - name: a handler that fails is seen
    steps:
      - send: {from: source, text: bad}
      - expect: {at: worker, fails: no, within: 5s}
      - never: {at: sink, text: bad!, for: 100ms}
  - name: a version that is saved is applied
    steps:
      - save: {set: {nodes.sink.on_message: 'print(\"new \" + msg.text)'}}
      - send: {from: source, text: one}
      - expect: {at: sink, log: new one!, within: 5s}
  - name: a program from outside is served
    peers:
      outside: {role: push, connect: sink}
    steps:
      - send: {from: outside, text: hello}
      - expect: {at: sink, log: hello, within: 5s}
  - name: this one does not hold
    steps:
      - never: {at: sink, log: hello, for: 50ms}
      - expect: {at: sink, log: hello, within: 200ms}
";
    let folder = folder(&topology, tests);
    let verdicts = |arguments: &[&str]| {
        let path = file(&folder);
        let all = [&[path.as_str(), "--format", "json"][..], arguments].concat();
        let output = zrig_test(&all);
        assert_eq!(output.status.code(), Some(1), "{}", text(&output));
        let lines = String::from_utf8(output.stdout).unwrap();
        let lines = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        lines
            .map(|line| (line["name"].clone(), line["verdict"].clone(), line["why"].clone()))
            .collect::<Vec<_>>()
    };
    let (simulated, real) = (verdicts(&[]), verdicts(&["--real"]));
    assert_eq!(simulated, real);
    let failed: BTreeSet<&str> = simulated
        .iter()
        .filter(|(_, verdict, _)| verdict == "failed")
        .map(|(name, _, _)| name.as_str().unwrap())
        .collect();
    assert_eq!(failed, BTreeSet::from(["this one does not hold"]), "{simulated:#?}");
}

#[test]
fn what_cannot_be_simulated_is_said_and_no_test_at_all_is_an_error() {
    let topology = "
nodes:
  a: {role: router, bind: 'inproc://a', options: {hello_msg: hi}, on_message: msg}
";
    let folder = folder(topology, "  - name: one\n    steps: [{wait: 1s}]\n");
    let output = zrig_test(&[&file(&folder)]);
    assert!(text(&output).contains("a.router sets `hello_msg`"), "{}", text(&output));
    let output = zrig_test(&[&file(&folder), "--filter", "two"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output).contains("no test has \"two\" in its name"), "{}", text(&output));
}

#[test]
fn a_run_that_a_node_ends_is_over_and_figures_outlive_a_reload() {
    let topology = "
nodes:
  a: {role: push, bind: 'inproc://a'}
  b: {role: pull, connect: a, on_message: 'if msg.text == \"end\" { stop() } else { print(msg.text) }'}
";
    let tests = "
  - name: the run ends
    steps:
      - send: {from: a, text: end}
      - wait: 1s
      - send: {from: a, text: more}
  - name: what was received before a rebuild counts on
    steps:
      - send: {from: a, text: one}
      - expect: {at: b, log: one}
      - save: {set: {nodes.b.hwm: 5}}
      - send: {from: a, text: two}
      - expect: {at: b, log: two}
    always: counters.b.received <= counters.a.sent && counters.b.handled <= 4
";
    let folder = folder(topology, tests);
    let output = zrig_test(&[&file(&folder)]);
    let told = text(&output);
    assert!(told.contains("FAIL  the run ends") && told.contains("asked for the end"), "{told}");
    assert!(told.contains("ok    what was received before a rebuild counts on"), "{told}");
}

#[test]
fn tests_that_are_watched_are_carried_out_again_when_their_topology_is_saved() {
    let topology = "nodes: {a: {role: push, bind: 'inproc://a'}, b: {role: pull, connect: a, on_message: 'print(msg.text)'}}";
    let tests = "  - name: b says it\n    steps: [{send: {from: a, text: hi}}, {expect: {at: b, log: hi}}]\n";
    let folder = folder(topology, tests);
    let mut command = Command::new(env!("CARGO_BIN_EXE_zrig"));
    let command = command.args(["test", &file(&folder), "--watch"]).stdout(Stdio::piped());
    let mut running = command.spawn().unwrap();
    let mut lines = BufReader::new(running.stdout.take().unwrap()).lines().map(Result::unwrap);
    let mut until = |wanted: &str| {
        let said: Vec<String> =
            lines.by_ref().take_while(|line| !line.contains("waits for a save")).collect();
        assert!(said.iter().any(|line| line.contains(wanted)), "{said:?}");
    };
    until("1 passed");
    let other = topology.replace("print(msg.text)", "print(1)");
    fs::write(folder.path().join("a.yaml"), other).unwrap();
    until("1 failed");
    running.kill().unwrap();
    running.wait().unwrap();
}

#[test]
fn a_version_that_has_a_bound_socket_made_anew_ends_no_simulated_run() {
    let topology = "
nodes:
  a: {role: push, connect: b}
  b: {role: pull, bind: 'tcp://127.0.0.1:21115', on_message: 'print(msg.text)'}
";
    let tests = "
  - name: it goes on
    steps:
      - send: {from: a, text: one}
      - expect: {at: b, log: one}
      - save: {set: {nodes.b.hwm: 5}}
      - send: {from: a, text: two}
      - expect: {at: b, log: two, within: 5s}
";
    let folder = folder(topology, tests);
    let told = text(&zrig_test(&[&file(&folder)]));
    assert!(told.contains("ok    it goes on"), "{told}");
}

#[test]
fn a_bus_whose_way_in_is_made_anew_goes_on_with_what_its_readers_have_subscribed_to() {
    let [first, second] = free_ports();
    let topology = format!(
        "
nodes:
  bus: {{sockets: {{in: {{role: xsub, bind: {first}}}, out: {{role: xpub, bind: {second}}}}}, forward: [in, out]}}
  news: {{role: pub, connect: bus.in}}
  reader: {{role: sub, connect: bus.out, msgids: [1000], on_message: 'print(msg.body)'}}
"
    );
    let tests = "
  - name: it goes on
    steps:
      - wait: 300ms
      - send: {from: news, msgid: 1000, text: one}
      - expect: {at: reader, log: one}
      - save: {set: {nodes.bus.sockets.in.hwm: 1001}}
      - wait: 1s
      - send: {from: news, msgid: 1000, text: two}
      - expect: {at: reader, log: two, within: 5s}
";
    let folder = folder(&topology, tests);
    for real in [&[][..], &["--real"]] {
        let told = text(&zrig_test(&[&[file(&folder).as_str()], real].concat()));
        assert!(told.contains("ok    it goes on"), "{told}");
    }
}

#[test]
fn a_router_that_waits_for_a_client_that_has_gone_serves_those_that_come() {
    let topology = "
nodes:
  server:
    role: router
    bind: 'inproc://server'
    hwm: 2
    when_full: wait
    on_message: 'for n in 0..20 { reply(msg, n) }'
  client: {role: dealer, connect: server, hwm: 2, on_message: '()'}
";
    let tests = "
  - name: it goes on
    steps:
      - slow: {node: client, by: 500ms}
      - send: {from: client, text: one}
      - send: {from: client, text: nobody reads this before the client is gone}
      - expect: {at: client, where: 'true'}
      - kill: client
      - start: client
      - send: {from: client, text: again}
      - expect: {at: server, text: again, within: 5s}
";
    let folder = folder(topology, tests);
    // As it was released, libzmq waits for ever.
    let ways: &[&[&str]] =
        if cfg!(feature = "patched-libzmq") { &[&[], &["--real"]] } else { &[&[]] };
    for real in ways {
        let told = text(&zrig_test(&[&[file(&folder).as_str()], *real].concat()));
        assert!(told.contains("ok    it goes on"), "{told}");
    }
}

#[test]
fn a_line_that_is_written_is_seen_and_one_that_must_not_be_fails_the_test() {
    let topology = "
nodes:
  a: {role: push, bind: 'inproc://a'}
  b: {role: pull, connect: a, on_message: 'msg.text', write: {file: out.txt}}
";
    let tests = "
  - name: lines are seen once each
    steps:
      - send: {from: a, text: one}
      - send: {from: a, text: two}
      - expect: {at: b, file: one}
      - expect: {at: b, file: two}
      - never: {at: b, file: three, for: 100ms}
  - name: one too many
    steps:
      - send: {from: a, text: one}
      - never: {at: b, file: one, for: 100ms}
";
    let folder = folder(topology, tests);
    for real in [&[][..], &["--real"]] {
        let output = zrig_test(&[&[file(&folder).as_str()], real].concat());
        let told = text(&output);
        assert!(told.contains("ok    lines are seen once each"), "{told}");
        assert!(told.contains("FAIL  one too many") && told.contains("b wrote \"one\""), "{told}");
    }
}

#[test]
fn what_is_no_test_file_is_said_with_what_is_to_be_done_and_status_2() {
    let sound = "nodes: {a: {role: push, bind: 'inproc://a'}, b: {role: pull, connect: a}}";
    let folder = folder(sound, "  - name: a\n    steps: [{wait: 1s}]\n");
    let of = |peers: &str, at: &str| {
        format!(
            "topology: a.yaml\ntests: [{{name: a, peers: {peers}, steps: [{{expect: {{at: {at}}}}}]}}]"
        )
    };
    for (name, written) in [
        ("empty", String::new()),
        ("open", "topology: a.yaml\ntests:\n  - name: [a\n".to_owned()),
        ("nowhere", "topology: b.yaml\ntests: [{name: a, steps: [{wait: 1s}]}]".to_owned()),
        ("folder", "topology: .\ntests: [{name: a, steps: [{wait: 1s}]}]".to_owned()),
        ("peer", of("{p: {role: pull, connect: c}}", "b")),
        ("place", of("{}", "c")),
    ] {
        fs::write(folder.path().join(format!("{name}.test.yaml")), written).unwrap();
    }
    fs::create_dir(folder.path().join("bare")).unwrap();
    for (file, what, help) in [
        ("none.test.yaml", "there is no such file", "check the path"),
        ("none*.test.yaml", "no file fits the pattern", "none*"),
        ("bare", "there is no .yaml or .yml file in the folder", "bare"),
        ("a.yaml", "a topology, where a test file is meant", "name the file of its tests"),
        ("empty.test.yaml", "there is nothing in this file", "name what is tested"),
        ("open.test.yaml", "a list that is never closed", "write `]`"),
        ("nowhere.test.yaml", "cannot read ", "its path is relative to the test file's folder"),
        ("folder.test.yaml", "it is a folder", "name a file in it"),
        ("peer.test.yaml", "there is no node `c`", "write `a` or `b`, or an endpoint"),
        ("place.test.yaml", "there is no node and no peer `c`", "the nodes are `a` or `b`"),
    ] {
        let output = zrig_test(&[&folder.path().join(file).display().to_string()]);
        let told = text(&output);
        assert_eq!(output.status.code(), Some(2), "{file}: {told}");
        assert!(told.contains(what) && told.contains(help), "{file}: {told}");
        assert!(!told.contains("ok  "), "{file}: {told}");
    }
}
