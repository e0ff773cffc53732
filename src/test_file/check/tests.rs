use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use crate::load::{LoadedTests, load_tests_text};
use crate::script::Offered;
use crate::test_file::{Action, Expected, PeerEnd, Saved, TestFile};

const TOPOLOGY: &str = r#"
nodes:
  station:
    role: pub
    bind: 15556
    every: 500ms
    on_tick: 'publish(1000, #{ city: "Oslo", celsius: 4 })'
  display:
    role: sub
    connect: station
    msgids: [1000]
    on_message: 'print(`${msg.body.city} ${msg.body.celsius}`)'
  broker:
    sockets:
      frontend: {role: router, bind: 15557}
      backend: {role: dealer, bind: 15558}
    forward: [frontend, backend]
  worker:
    role: rep
    connect: broker.backend
    replicas: 3
    timers: {check: 1s, clean: 5s}
    on_message: '"done " + msg.text'
    on_timer: this.last = name
  sink:
    sockets:
      lines: {role: pull, bind: 15559}
      words: {role: pull, bind: 15560}
    on_lines: this.count = (this.count ?? 0) + 1
    on_words: '()'
  file:
    role: pull
    bind: 15561
    write: {file: out.txt}
"#;

fn loaded(tests: &str) -> LoadedTests {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.yaml"), TOPOLOGY).unwrap();
    std::fs::write(folder.path().join("b.yaml"), "nodes: {}").unwrap();
    load_tests_text(&folder.path().join("a.test.yaml"), tests, &|name| {
        (name == "PORT").then(|| "15557".into())
    })
}

/// The tests of a sound file.
fn sound(tests: &str) -> TestFile {
    let loaded = loaded(tests);
    let told: Vec<&str> = loaded.diagnostics.iter().map(|fault| fault.message.as_str()).collect();
    assert_eq!(told, [""; 0], "{tests}");
    loaded.file.unwrap()
}

/// A test of these steps.
fn of(steps: &str) -> String {
    let steps: String = steps.lines().map(|step| format!("      - {step}\n")).collect();
    format!(
        "topology: a.yaml\ntests:\n  - name: a\n    peers:\n      client: {{role: req, connect: \
         broker.frontend}}\n      router: {{role: router, connect: broker.backend}}\n      bare: {{role: push, connect: file}}\n    steps:\n{steps}"
    )
}

fn steps(steps: &str) -> Vec<Action> {
    let file = sound(&of(&format!("{steps}\nnever: {{at: display}}")));
    let test = file.tests.into_iter().next().unwrap();
    test.steps.into_iter().map(|step| step.action).collect()
}

fn assert_told(name: &str, cases: &[String]) {
    insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!(name, told(cases));
    });
}

/// Every case with what is said of it, one line a fault; a fix is put in, and takes its fault away.
fn told(cases: &[String]) -> String {
    let mut text = String::new();
    for case in cases {
        let checked = loaded(case);
        let shown = case.find("    steps:\n").map_or(0, |at| at + "    steps:\n".len());
        let shown = if case.starts_with(&of("")[..40]) { &case[shown..] } else { case.as_str() };
        writeln!(text, "{}", shown.trim_end()).unwrap();
        for fault in &checked.diagnostics {
            let places: Vec<String> = fault
                .labels
                .iter()
                .map(|label| {
                    let source = checked.sources.get(label.span.source);
                    let written = &source.text()[label.span.start..label.span.end];
                    format!("`{}` {}", written.lines().next().unwrap_or_default(), label.text)
                })
                .collect();
            let folder = format!("{}/", checked.files[0].parent().unwrap().display());
            let message = fault.message.replace(&folder, "");
            writeln!(text, "  {}: {message} ({})", fault.code, places.join("; ")).unwrap();
            for (head, said) in [("why", &fault.why), ("help", &fault.help)] {
                if let Some(said) = said {
                    writeln!(text, "    {head}: {said}").unwrap();
                }
            }
            if let Some(fix) = &fault.fix {
                assert_eq!(Some(fix.span.source), checked.sources.iter().next().map(|it| it.0));
                let old = &case[fix.span.start..fix.span.end];
                writeln!(text, "    fix: {old} -> {}", fix.replacement).unwrap();
                let mut mended = case.clone();
                mended.replace_range(fix.span.start..fix.span.end, &fix.replacement);
                let after = loaded(&mended);
                let is_same =
                    |other: &crate::diagnostic::Diagnostic| other.message == fault.message;
                assert!(!after.diagnostics.iter().any(is_same), "{mended}");
            }
        }
        text.push_str("----\n");
    }
    text
}

#[test]
fn the_tests_of_the_contract_are_read() {
    let file = sound(
        r#"topology: a.yaml
tests:
  - name: the display shows its own kind only
    steps:
      - send: {from: station, msgid: 1000, json: {city: Oslo, celsius: 4}}
      - send: {from: station, msgid: 10001, text: battery}
      - expect: {at: display, log: "Oslo 4", within: 2s}
      - never: {at: display, where: msg.msgid == 10001, for: 3s}
  - name: a worker that dies loses no request that is asked again
    peers:
      client: {role: req, connect: broker.frontend}
    steps:
      - send: {from: client, text: ask}
      - kill: worker.2
      - expect: {at: client, text: done ask, within: 10s}
    always: counters.sink.received <= counters.station.sent
"#,
    );
    let [first, second] = file.tests.as_slice() else { panic!("{file:?}") };
    assert_eq!(file.topology.file_name().unwrap(), "a.yaml");
    assert_eq!(first.name, "the display shows its own kind only");
    let [Action::Send { from, message }, _, Action::Expect(log), Action::Never(never)] =
        &first.steps.iter().map(|step| step.action.clone()).collect::<Vec<_>>()[..]
    else {
        panic!("{first:?}")
    };
    assert_eq!((from.as_str(), message.tag.as_deref()), ("station", Some("1000")));
    let oslo = serde_json::json!({"city": "Oslo", "celsius": 4});
    assert_eq!(message.value, Offered::Json(oslo));
    assert!(matches!(&log.what, Expected::Log(line) if line.0 == "Oslo 4"));
    assert_eq!((log.time, never.time), (Duration::from_secs(2), Duration::from_secs(3)));
    let Expected::Message { condition: Some(condition), .. } = &never.what else {
        panic!("{never:?}")
    };
    assert_eq!(condition.text, "msg.msgid == 10001");
    let end = PeerEnd::Node { node: "broker".to_owned(), socket: Some("frontend".to_owned()) };
    assert_eq!(second.peers[0].ends, [end]);
    assert_eq!(second.always[0].text, "counters.sink.received <= counters.station.sent");
}

#[test]
fn every_step_is_read_as_it_is_written() {
    let read = steps(
        "send: {to: display, msgid: 7, text: x}\nsend: {from: client, frames: ['', x]}\n\
         send: {from: broker.frontend, to: client, text: x}\n\
         wait: 5s\ntick: station\ntick: {node: worker.2, timer: check}\nkill: worker\nstart: worker.3\n\
         cut: [station, display]\nheal: [display, station]\ndelay: {between: [client, broker], by: 10ms}\n\
         slow: {node: display, by: 1s}\nsave: {set: {nodes.display.hwm: 5, nodes.sink: , nodes.display.on_message: 'print(`${msg.text}`)'}}\n\
         save: {file: b.yaml}\n\
         call: {node: worker, text: x, returns: done x, sends: [], state: {a: 1}, this: {a: 1}}\n\
         call: {node: sink, text: x, this: {count: 1}}\n\
         call: {node: worker, handler: on_timer, text: check, this: {last: check}}",
    );
    assert!(matches!(&read[0], Action::Receive { to, .. } if to == "display"));
    assert!(
        matches!(&read[1], Action::Send { message, .. } if message.frames.as_ref().unwrap().len() == 2)
    );
    assert!(
        matches!(&read[2], Action::Send { message, .. } if message.to.as_deref() == Some(b"client"))
    );
    assert!(matches!(&read[3], Action::Wait(time) if *time == Duration::from_secs(5)));
    assert!(matches!(&read[4], Action::Tick { node, timer: None } if node == "station"));
    assert!(matches!(&read[5], Action::Tick { timer: Some(timer), .. } if timer == "check"));
    assert!(
        matches!(&read[8], Action::Cut(one, other) if (one.as_str(), other.as_str()) == ("station", "display"))
    );
    let Action::Save(Saved::Set(set)) = &read[12] else { panic!("{:?}", read[12]) };
    let want = [
        (vec!["nodes", "display", "hwm"], Some("5")),
        (vec!["nodes", "sink"], None),
        (vec!["nodes", "display", "on_message"], Some("\"print(`${msg.text}`)\"")),
    ];
    let set: Vec<(Vec<&str>, Option<&str>)> = set
        .iter()
        .map(|(way, value)| (way.iter().map(String::as_str).collect(), value.as_deref()))
        .collect();
    assert_eq!(set, want);
    assert!(matches!(&read[13], Action::Save(Saved::File(path)) if path.ends_with("b.yaml")));
    let Action::Call(call) = &read[14] else { panic!("{:?}", read[14]) };
    assert_eq!((call.handler.as_str(), call.sends.as_deref()), ("on_message", Some(&[][..])));
    let Action::Call(call) = &read[15] else { panic!("{:?}", read[15]) };
    assert_eq!(call.handler, "on_lines", "a handler of the socket comes first");
}

#[test]
fn a_place_is_a_node_a_copy_or_a_socket() {
    let topology = loaded(&of("wait: 1s")).topology.unwrap();
    for (name, want) in [
        ("station", Some((0, None, None))),
        ("station.pub", Some((0, None, Some(0)))),
        ("worker.3", Some((3, Some(3), None))),
        ("worker.2.rep", Some((3, Some(2), Some(0)))),
        ("worker.4", None),
        ("worker.0", None),
        ("station.1", None),
        ("station.sub", None),
        ("broker.backend.x", None),
        ("", None),
    ] {
        let place = crate::test_file::Place::find(&topology, name).ok();
        assert_eq!(place.map(|it| (it.node, it.copy, it.socket)), want, "{name}");
    }
    let worker = crate::test_file::Place::find(&topology, "worker").unwrap();
    assert_eq!(worker.instances(&topology), ["worker.1", "worker.2", "worker.3"]);
}

#[test]
fn a_warning_is_silenced_where_it_stands_and_an_error_is_not() {
    let cut = "cut: [station, sink]";
    for (steps, allow, told) in [
        (cut, "ZR0408 because it shows that nothing happens", &[][..]),
        (cut, "ZR0409 because of nothing", &["ZR0119", "ZR0408"]),
        ("kill: nobody", "ZR0112 because it is gone", &["ZR0112", "ZR0118"]),
    ] {
        let case = of(&format!("{steps} # zrig: allow {allow}\nnever: {{at: display}}"));
        let mut codes: Vec<&str> =
            loaded(&case).diagnostics.iter().map(|it| it.code.id()).collect();
        codes.sort_unstable();
        assert_eq!(codes, told, "{case}");
    }
}

#[test]
fn faults_of_the_topology_are_told_too_and_stop_its_tests() {
    let folder = tempfile::tempdir().unwrap();
    let topology = "nodes: {a: {role: pull, bind: 15562, on_message: 'print(msg.tex)'}}";
    std::fs::write(folder.path().join("a.yaml"), topology).unwrap();
    let tests = "topology: a.yaml\ntests: [{name: a, steps: [{kil: a}, {expect: {at: nobody}}]}]";
    let loaded = load_tests_text(&folder.path().join("a.test.yaml"), tests, &|_| None);
    let mut codes: Vec<&str> = loaded.diagnostics.iter().map(|it| it.code.id()).collect();
    codes.sort_unstable();
    assert_eq!(codes, ["ZR0105", "ZR0210"], "of a faulty topology no names are looked up");
    assert!(loaded.file.is_none() && loaded.topology.is_none());
    assert_eq!(loaded.files.len(), 2);
}

#[test]
fn a_test_file_is_known_by_its_name_or_by_what_it_says() {
    for (name, text, want) in [
        ("a.test.yaml", "", true),
        ("a.yaml", "topology: b.yaml\ntests: []", true),
        ("a.yaml", "nodes: {}\n", false),
        ("a.yaml", "nodes:\n  tests:\n    role: pub\n", false),
    ] {
        assert_eq!(crate::test_file::is_test_file(Path::new(name), text), want, "{name} {text}");
    }
}

#[test]
fn the_form_of_a_test_file_is_checked() {
    let cases = [
        "",
        "[]",
        "topology: a.yaml",
        "tests:\n  - name: x",
        "topology: b.yml\ntests: []",
        "topology: a.yaml\ntest:\n  - name: a\n",
        "topology: a.yaml\ntests: {a: 1}",
        "topology: a.yaml\ntests:\n  - wait\n  - name: a\n  - name: a\n    steps: []\n  - steps:\n",
        "topology: a.yaml\ntests:\n  - nme: a\n    step: []\n    peer: {}\n    alwys: true\n",
        "topology: a.yaml\ntests:\n  - name: a\n    steps: [wait, {wiat: 1s}, {wait: 1s, kill: worker}, {}, {sleep: 1s}, {wait: soon}, wait: 1s]\n",
        "topology: a.yaml\ntests:\n  - name: ${NOPE}\n    steps: [{never: {at: display, where: '`${msg.text}` == \"\"'}}]\n",
        "topology: a.yaml\ntests:\n  - name: a\n    steps: [{send: {from: station, text: x}}]\n",
    ];
    assert_told("the_form_of_a_test_file_is_checked", &cases.map(str::to_owned));
}

#[test]
fn peers_are_checked() {
    let peers = |peers: &str| {
        format!(
            "topology: a.yaml\ntests:\n  - name: a\n    peers:\n      {peers}\n    steps: [{{never: {{at: display}}}}]\n"
        )
    };
    let cases = [
        "station: {role: req, connect: broker.frontend}",
        "a.b: {role: req, connect: broker.frontend}",
        "a: {role: req}",
        "a: {connect: broker.frontend}",
        "a: {role: rq, conect: broker.frontend}",
        "a: {role: sub, connect: station}",
        "a: {role: pull, connect: station}",
        "a: {role: req, connect: broker}",
        "a: {role: dealer, connect: broker}",
        "a: {role: push, connect: sink}",
        "a: {role: req, connect: brokr.frontend}",
        "a: {role: req, connect: broker.frontnd}",
        "a: {role: req, connect: worker}",
        "a: {role: req, connect: worker.2}",
        "a: {role: req, connect: display}",
        "a: {role: req, connect: \"${PORT}\"}",
        "a: {role: pub, connect: 15557}",
        "a: {role: req, connect: 15999}",
        "a: {role: rep, bind: 15556}",
        "a: {role: rep, bind: 15998}",
        "a: {role: req, connect: broker.frontend, hwm: x, identity: '', format: json}",
        "a: {role: push, connect: file, topics: all}",
    ];
    assert_told("peers_are_checked", &cases.map(peers));
}

#[test]
fn steps_are_checked() {
    let cases = [
        "send: {text: x}",
        "send: {from: statoin, text: x}",
        "send: {from: display, text: x}",
        "send: {from: broker, text: x}",
        "send: {from: broker.frontend, text: x}",
        "send: {from: broker.fronted, to: x, text: x}",
        "send: {from: worker, text: x}",
        "send: {from: worker.7, text: x}",
        "send: {from: station.1, text: x}",
        "send: {from: client, to: x, text: x}",
        "send: {from: client, text: x, json: 1}",
        "send: {from: client, msgid: 1, text: x}",
        "send: {from: station, topic: x, text: x}",
        "send: {from: station, msgid: x, text: x}",
        "send: {from: station, msgid: 1, topic: x, text: x}",
        "send: {from: station, msgid: 1, frames: [x]}",
        "send: {from: station, frames: x, text: {a: 1}}",
        "send: {from: client, json: 123456789012345678901234567890}",
        "send: {to: client, text: x}",
        "send: {to: station, text: x}",
        "send: {to: sink, text: x}",
        "send: {fom: station, text: x}",
        "tick: display",
        "tick: worker",
        "tick: {node: worker, timer: chek}",
        "tick: {node: station, timer: x}",
        "tick: {timer: x}",
        "kill: wroker",
        "kill: worker.1.rep",
        "kill: client",
        "cut: station",
        "cut: [station, station]",
        "cut: [station, sink]",
        "cut: [client, brokr]",
        "cut: [client, station]",
        "heal: [station, display]",
        "delay: {between: [station, display]}",
        "delay: {between: [station, file], by: 5}",
        "slow: {node: broker, by: 1s}",
        "slow: 1s",
        "start: worker",
        "save: {}",
        "save: {file: nothing.yaml}",
        "save: {file: a.yaml, set: {}}",
        "save: {set: {nodes.dispaly.hwm: 5, nodes.display.hwn: 5, node.a: 1, nodes..a: 1, nodes.sink.sockets.line.hwm: 1, nodes.sink.sockets.lines.hmw: 1}}",
        "call: {node: broker}",
        "call: {node: station, returns: 1}",
        "call: {node: worker, handler: on_mesage, text: x}",
        "call: {node: station, handler: on_tick, text: x}",
        "call: {node: worker, socket: req, text: x}",
        "call: {node: worker, handler: on_timer, json: 1}",
        "call: {node: worker, text: x, sends: 1, state: 1, this: [1]}",
        "call: {handler: on_message}",
    ];
    let cases = cases.map(|step| of(&format!("{step}\nnever: {{at: display}}")));
    assert_told("steps_are_checked", &cases);
}

#[test]
fn what_is_looked_for_is_checked() {
    let cases = [
        "expect: {log: x}",
        "expect: {at: nothing, log: x}",
        "expect: {at: client, log: x}",
        "expect: {at: client, fails: x}",
        "expect: {at: broker, fails: x}",
        "expect: {at: display, file: x}",
        "expect: {at: file, file: x}",
        "expect: {at: station, text: x}",
        "expect: {at: station, text: x, sent: true}",
        "expect: {at: display, text: x, sent: true}",
        "expect: {at: display, text: x, log: y}",
        "expect: {at: display, log: x, fails: y}",
        "expect: {at: display, text: x, json: 1}",
        "expect: {at: display, topic: x}",
        "expect: {at: client, msgid: 1}",
        "expect: {at: display, for: 1s}",
        "never: {at: display, within: 1s}",
        "expect: {at: display, count: 0}",
        "expect: {at: display, within: 5 sec}",
        "expect: {at: display, where: msg.msgid = 1}",
        "expect: {at: display, where: mgs.msgid == 1}",
        "expect: {at: display, where: msg.mesgid == 1}",
        "expect: {at: client, where: msg.msgid == 1}",
        "expect: {at: display, where: \"msg.msgid ==\"}",
        "expect: {at: display, where: startswith(msg.text)}",
        "expect: {at: display, wher: true}",
        "within: 1s\nexpect: {at: display}",
        "expect: {at: display, text: x}\n  within: 1s",
    ];
    assert_told("what_is_looked_for_is_checked", &cases.map(of));
}

#[test]
fn what_always_has_to_hold_is_checked() {
    let cases = [
        "counters.sink.received <= counters.station.sent",
        "counters[\"worker\"].handled > 0 && counters.broker.frontend.peers > 0",
        "counters.worker[\"2\"].handled > 0",
        "counters.client.sent >= counters.display.received",
        "counters.snik.received == 0",
        "counters.sink.recieved == 0",
        "counters.sink.line.received == 0",
        "counters.sink.peers == 0",
        "counters.sink.lines.failed == 0",
        "counter.sink.received == 0",
        "msg.text == \"\"",
        "true",
        "counters.sink.received ==",
        "[counters.sink.received == 0, counters.sink.sended == 0]",
    ];
    let cases = cases.map(|always| {
        let always =
            if always.starts_with('[') { always.to_owned() } else { format!("|\n      {always}") };
        format!("{}    always: {always}\n", of("never: {at: display}"))
    });
    assert_told("what_always_has_to_hold_is_checked", &cases);
}
