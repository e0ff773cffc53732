//! What the checker says, as snapshots: each case is a faulty text with all that is said of it.

mod edges;

use std::fmt::Write;

use proptest::prelude::*;

use super::*;
use crate::script::ScriptText;
use crate::source::{Source, SourceMap};
use crate::topology::spec::*;
use crate::zeromq::{Endpoint, OptionName, OptionValue, Role};

fn document(yaml: &str) -> Result<Document, Vec<Diagnostic>> {
    let mut sources = SourceMap::default();
    let source = Source::new("lab/a.yaml", yaml);
    let lookup = |name: &str| (name == "PORT").then(|| "5556".into());
    Document::parse(sources.add(source.clone()), &source, &lookup)
}

/// Checks with the handlers as they are written inline.
fn checked(yaml: &str) -> Checked {
    let document = match document(yaml) {
        Ok(document) => document,
        Err(diagnostics) => return Checked { topology: None, diagnostics },
    };
    let mut scripts = Scripts::default();
    for wanted in wanted_scripts(&document) {
        let handlers = match wanted.handlers {
            WantedHandlers::File { .. } => continue,
            WantedHandlers::Inline(inline) => {
                crate::script::Handlers::Inline(inline.into_iter().map(|i| i.text).collect())
            }
        };
        let path = document.source().path().to_owned();
        let script = ScriptText { path, handlers, modules: std::collections::BTreeMap::new() };
        scripts.insert(wanted.node, Ok(script));
    }
    check(&document, &scripts)
}

/// The topology that a sound text says, with its inline handlers.
pub(crate) fn sound(yaml: &str) -> Topology {
    let checked = checked(yaml);
    assert_eq!(checked.diagnostics, [], "{yaml}");
    checked.topology.unwrap()
}

fn assert_told(name: &str, cases: &[&str]) {
    insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!(name, told(cases));
    });
}

/// Every case with what is said of it, one line a fault.
fn told(cases: &[&str]) -> String {
    let mut text = String::new();
    for case in cases {
        let yaml = case.trim_start_matches('\n');
        let source = Source::new("a.yaml", yaml);
        let checked = checked(yaml);
        assert_eq!(
            checked.topology.is_none(),
            checked.diagnostics.iter().any(Diagnostic::is_error)
        );
        writeln!(text, "{}", yaml.trim_end()).unwrap();
        for fault in &checked.diagnostics {
            let places: Vec<String> = fault
                .labels
                .iter()
                .map(|label| format!("{} {}", source.position(label.span.start), label.text))
                .collect();
            writeln!(text, "  {}: {} ({})", fault.code, fault.message, places.join("; ")).unwrap();
            if let Some(why) = &fault.why {
                writeln!(text, "    why: {why}").unwrap();
            }
            if let Some(help) = &fault.help {
                writeln!(text, "    help: {help}").unwrap();
            }
            if let Some(fix) = &fault.fix {
                let old = &yaml[fix.span.start..fix.span.end];
                writeln!(text, "    fix: {old} -> {}", fix.replacement).unwrap();
            }
        }
        text.push_str("----\n");
    }
    text
}

#[test]
fn what_a_file_leaves_open_is_the_formats_own() {
    let topology = sound("nodes: {a: {role: pull, bind: 1}}");
    let socket = &topology.nodes[0].sockets[0];
    assert_eq!(socket.linger, Some(std::time::Duration::from_millis(500)));
    assert_eq!(socket.hwm, HighWaterMark { send: 1000, receive: 1000 });
}

#[test]
fn the_form_of_a_file_is_checked() {
    assert_told(
        "the_form_of_a_file_is_checked",
        &[
            "",
            "# nothing\n",
            "[]",
            "nodes:",
            "nodes: {}",
            "version: 2\nnodes: {a: {role: pull, bind: 1}}",
            "node: {a: {role: pull, bind: 1}}",
            "nodes: {a: {role: pull, bind: 1}}\nnodes: {}",
            "a: [1\nb: 2",
            "nodes:\n\ta: 1",
            "a: 1\n---\nb: 2",
            "nodes:\n  a:\n    role: rep\n    bind: *:5556",
            "nodes:\n  a:\n    role: rep\n   on_message: |\n      x",
            "nodes: {2a: {role: pull, bind: 1}, a.b: {role: pull, bind: 2}, '': {role: pull, bind: 3}}",
            "nodes: {a: pull, b: [1], c: }",
            "nodes: {a: {role: pull, bind: ${NOPE}}, b: {role: pull, bind: ${ALSO}}}",
            "nodes:\n  a:\n    role: pull\n    bind: ${NOPE}\n    description: \"${ALSO} ${PORT} ${\"\n",
            "nodes: {a: &a {role: pull, bind: 1, <<: *a}}",
            "nodes: {a: {<<: 1, role: pull, bind: 1}}",
            "nodes: {a: {[1]: 2, role: pull, bind: 1}}",
            "nodes: {a: {role: !x pull, bind: 1}}",
            "defaults: {hwm: 5, rolle: pub}\nnodes: {a: {role: pull, bind: 1}}",
        ],
    );
}

#[test]
fn keys_and_values_of_a_node_are_checked() {
    assert_told(
        "keys_and_values_of_a_node_are_checked",
        &[
            "nodes: {a: {}}",
            "nodes: {a: {script: }}",
            "nodes: {a: {role: publisher, bind: 1}}",
            "nodes: {a: {role: PUSH, bind: 1}}",
            "nodes: {a: {role: 7, bind: 1}}",
            "nodes: {a: {bind: 1}}",
            "nodes: {a: {role: pull}}",
            "nodes: {a: {role: pull, bind: 1, conect: b, colour: red, reconnect_ivl: 1s, port: 2}}",
            "nodes: {a: {role: pull, bind: 1, every: 0}}",
            "nodes: {a: {role: pull, bind: 1, every: 5 sec, timers: {x: soon, y: }}}",
            "nodes: {a: {role: pull, bind: 1, params: [1], replicas: 0, isolate: yes, on_error: retry}}",
            "nodes: {a: {role: pull, bind: 1, description: {a: b}}}",
            "nodes: {a: {role: pull, bind: 1, linger: 1000h, hwm: [1]}}",
            "nodes: {a: {role: pull, bind: 1, hwm: {send: 1, recieve: x}}}",
            "nodes: {a: {role: pull, bind: 1, sockets: {in: {role: pull, bind: 2}}}}",
            "nodes: {a: {sockets: {}}}",
            "nodes: {a: {sockets: {in-put: {role: pull, bind: 2}, tick: {role: pull, bind: 3}}}}",
            "nodes: {a: {sockets: {x: pull}}}",
            "nodes: {a: {role: pull, bind: 1, script: a.rhai, on_message: x}}",
            "nodes: {a: {role: pull, bind: 1, on_mesage: x}}",
            "nodes: {a: {role: pull, bind: 1, on_message: {a: 1}, on_tick: , on_start: [1]}}",
            "nodes:\n  a:\n    role: pull\n    bind: 1\n    on_message: send(#{a: 1})\n",
        ],
    );
}

#[test]
fn endpoints_are_checked() {
    assert_told(
        "endpoints_are_checked",
        &[
            "nodes: {a: {role: pull, bind: 0}}",
            "nodes: {a: {role: pull, bind: 70000}}",
            "nodes: {a: {role: pull, bind: -5}}",
            "nodes: {a: {role: pull, bind: 5.5}}",
            "nodes: {a: {role: pull, bind: [1, , {a: b}]}}",
            "nodes: {a: {role: pull, bind: 'tcp://localhost:5556'}}",
            "nodes: {a: {role: pull, bind: 'tcp://example.org:5556'}}",
            "nodes: {a: {role: pull, bind: '*:5556'}}",
            "nodes: {a: {role: pull, bind: b}, b: {role: push, bind: 2}}",
            "nodes: {a: {role: pull, connect: 'tcp://*:5556'}}",
            "nodes: {a: {role: pull, connect: 'localhost:5556'}}",
            "nodes: {a: {role: pull, connect: 'tpc://127.0.0.1:5556'}}",
            "nodes: {a: {role: pull, connect: 'udp://127.0.0.1:5556'}}",
            "nodes: {a: {role: pull, connect: 'ipc://'}}",
            &format!("nodes: {{a: {{role: pull, bind: 'ipc:///{}'}}}}", "x".repeat(120)),
            "nodes: {a: {role: stream, bind: ['inproc://a', 'ws://127.0.0.1:80']}}",
            "nodes: {a: {role: pull, bind: [5, 'tcp://127.0.0.1:5']}, b: {role: pull, bind: 'tcp://*:5'}}",
        ],
    );
}

#[test]
fn links_are_checked() {
    assert_told(
        "links_are_checked",
        &[
            "nodes: {station: {role: pub, bind: 5}, a: {role: sub, topics: all, connect: statoin}}",
            "nodes: {a: {role: sub, topics: all, connect: moon}}",
            "nodes: {a: {role: req, connect: b}, b: {role: rep, connect: a}}",
            "nodes: {a: {role: req, connect: b}, b: {role: rep, connect: 5}}",
            "nodes: {a: {role: req, bind: 1, connect: a}}",
            "nodes: {a: {role: push, bind: 5}, b: {role: sub, topics: all, connect: a}}",
            "nodes: {a: {role: push, bind: 5}, b: {role: sub, topics: all, connect: 5}}",
            "nodes: {a: {role: push, bind: 'inproc://x'}, b: {role: sub, topics: all, connect: 'inproc://x'}}",
            "nodes: {a: {sockets: {x: {role: push, bind: 5}, y: {role: push, bind: 6}}}, b: {role: pull, connect: a}}",
            "nodes: {a: {sockets: {x: {role: push, bind: 5}, y: {role: push, bind: 6}}}, b: {role: pull, connect: a.z}}",
            "nodes: {a: {sockets: {x: {role: push, connect: 5}, y: {role: push, bind: 6}}}, b: {role: pull, connect: a.x}}",
            "nodes: {a: {role: pull, bind: 5}, b: {role: push, bind: 5}}",
            "nodes: {a: {role: pull, bind: 'ipc://x'}, b: {role: push, bind: 'ipc://x'}}",
            "nodes: {a: {role: pull, bind: 5, replicas: 3}}",
            "nodes: {a: {role: dealer, connect: 5, replicas: 3, identity: x}}",
        ],
    );
}

#[test]
fn what_a_role_cannot_have_is_checked() {
    assert_told(
        "what_a_role_cannot_have_is_checked",
        &[
            "nodes: {a: {role: sub, bind: 5}}",
            "nodes: {a: {role: sub, bind: 5, topics: []}}",
            "nodes: {a: {role: pull, bind: 5, topics: all, msgids: 5}}",
            "nodes: {a: {role: sub, bind: 5, msgids: [1000, x, 99999999999999999999]}}",
            "nodes: {a: {role: sub, bind: 5, msgids: 5, format: envelope}}",
            "nodes: {a: {role: sub, bind: 5, topics: all, msgid: 5}}",
            "nodes: {a: {role: push, bind: 5, msgid: 5}}",
            "nodes: {a: {role: push, bind: 5, format: json}}",
            "nodes: {a: {role: push, bind: 5, when_full: block}}",
            "nodes: {a: {role: push, bind: 5, sequence: true}}",
            "nodes: {a: {role: push, bind: 5, identity: x}}",
            "nodes: {a: {role: req, bind: 5, identity: \"\\0x\"}}",
            "nodes: {a: {role: rep, bind: 5, hwm: {send: 1}}}",
            "defaults: {hwm: 1}\nnodes: {a: {role: router, bind: 5}}",
        ],
    );
}

#[test]
fn options_are_checked() {
    assert_told(
        "options_are_checked",
        &[
            "nodes: {a: {role: rep, bind: 5, options: {router_mandatory: true}}}",
            "nodes: {a: {role: pub, bind: 5, options: {router_mandatory: true, xpub_nodrop: true}}}",
            "nodes: {a: {role: pub, bind: 5, options: {sndhwm: 5, io_threads: 2, events: 1, rate: 5}}}",
            "nodes: {a: {role: pub, bind: 5, options: {hartbeat_ivl: 1s, ZMQ_TOS: 3, colour: red}}}",
            "nodes: {a: {role: pub, bind: 5, options: {heartbeat_ttl: 150ms, heartbeat_ivl: 250us}}}",
            "nodes: {a: {role: pub, bind: 5, options: {heartbeat_ttl: 7000s, backlog: -1, tos: 256}}}",
            "nodes: {a: {role: pub, bind: 5, options: {in_batch_size: 65535, priority: 7}}}",
            "nodes: {a: {role: pub, bind: 5, options: {in_batch_size: 0, out_batch_size: 70000000}}}",
            "nodes: {a: {role: pub, bind: 5, options: {tcp_keepalive: on, immediate: 2, ipv6: maybe}}}",
            "nodes: {a: {role: pub, bind: 5, options: {tcp_keepalive_idle: 1500ms, maxmsgsize: big}}}",
            "nodes: {a: {role: pub, bind: 5, options: {maxmsgsize: 1MiBs, sndbuf: 8GiB}}}",
            "nodes: {a: {role: pub, bind: 5, options: {curve_server: true}}}",
            "nodes: {a: {role: pub, bind: 5, options: {curve_secretkey: abc, curve_serverkey: 5}}}",
            "nodes: {a: {role: pub, bind: 5, options: {plain_server: true, plain_username: x}}}",
            "nodes: {a: {role: pub, bind: 5, options: {metadata: hello, reconnect_stop: [x, conn_refused]}}}",
            "nodes: {a: {role: router, bind: 5, options: {connect_routing_id: x}}}",
            "nodes: {a: {role: router, connect: [5, 6], options: {connect_routing_id: x}}}",
            "nodes: {a: {role: pub, bind: 5, options: [conflate]}}",
        ],
    );
}

#[test]
fn sources_sinks_and_forwards_are_checked() {
    assert_told(
        "sources_sinks_and_forwards_are_checked",
        &[
            "nodes: {a: {role: pull, bind: 5, read: {file: x}}}",
            "nodes: {a: {role: push, bind: 5, read: {fil: x, rate: fast, repeat: 2}}}",
            "nodes: {a: {sockets: {x: {role: push, bind: 5}, y: {role: pub, bind: 6}}, read: {file: x}}}",
            "nodes: {a: {role: push, bind: 5, write: {file: x}}}",
            "nodes: {a: {role: pull, bind: 5, write: x}}",
            "nodes: {a: {role: pull, bind: 5, forward: [pull, push]}}",
            "nodes: {a: {role: pull, bind: 5, forward: pull}}",
            "nodes: {a: {sockets: {x: {role: pull, bind: 5}, y: {role: pull, bind: 6}}, forward: [x, y]}}",
            "nodes: {a: {sockets: {x: {role: push, bind: 5}, y: {role: pull, bind: 6}}, forward: {x: y}}}",
            "nodes: {a: {sockets: {x: {role: pull, bind: 5}, y: {role: push, bind: 6}}, forward: [[x, y], {x: y}]}}",
            "nodes: {a: {sockets: {x: {role: pair, bind: 5}}, forward: [x, x]}}",
            "nodes: {a: {sockets: {x: {role: pull, bind: 5}, y: {role: push, bind: 6}}, forward: [x, y], capture: y}}",
            "nodes: {a: {sockets: {x: {role: pull, bind: 5}, y: {role: push, bind: 6}, z: {role: rep, bind: 7}}, forward: [x, y], capture: z}}",
            "nodes: {a: {role: pull, bind: 5, capture: x}}",
        ],
    );
}

#[test]
fn a_whole_topology_is_read() {
    let topology = sound(
        r#"
version: 1
name: lab
defaults: {hwm: 50, linger: 1s, options: {tcp_keepalive: true, router_mandatory: true}}
nodes:
  broker:
    sockets:
      front: {role: router, bind: "tcp://*:${PORT}", hwm: {send: 20}}
      back: {role: dealer, bind: inproc://work, options: {immediate: 1, heartbeat_ivl: 1s}}
      tap: {role: pub, bind: 5557, linger: -1}
    forward: [front, back]
    capture: tap
  worker: &worker
    role: rep
    connect: broker.back
    replicas: 3
    params: {n: 1, list: [a, 2.5, null]}
    on_message: msg.text
  other:
    <<: *worker
    connect: inproc://work
    on_error: restart
  client:
    role: req
    connect: [broker, 5556]
    every: 1.5s
    timers: {late: 2m}
    identity: me
    read: {file: lines.txt, rate: 10/s, repeat: true}
  seen:
    role: sub
    connect: broker.tap
    msgids: [1000, 1000]
    topics: ["x", all]
    write: {file: "-", append: true}
"#,
    );
    assert_eq!(topology.name, "lab");
    let broker = topology.node("broker").unwrap();
    assert_eq!(broker.forwards, [ForwardSpec { from: 0, to: 1, both_ways: true }]);
    assert_eq!(broker.capture, Some(2));
    let [front, back, tap] = broker.sockets.as_slice() else { panic!() };
    assert_eq!(front.hwm, HighWaterMark { send: 20, receive: 50 });
    assert_eq!(front.options[&OptionName("router_mandatory")], OptionValue::Int(1));
    assert_eq!(back.options.get(&OptionName("router_mandatory")), None);
    assert_eq!(back.options[&OptionName("heartbeat_ivl")], OptionValue::Int(1000));
    assert_eq!((front.linger, tap.linger), (Some(std::time::Duration::from_secs(1)), None));
    let worker = topology.node("worker").unwrap();
    assert_eq!(worker.instances().count(), 3);
    assert_eq!(worker.params["list"], serde_json::json!(["a", 2.5, null]));
    let work = crate::zeromq::Endpoint::parse("inproc://work", crate::zeromq::Side::Bind).unwrap();
    let to_broker =
        |socket, endpoint| Attachment::ConnectNode { node: "broker".into(), socket, endpoint };
    assert_eq!(worker.sockets[0].attachments, [to_broker(1, work)]);
    assert_eq!(worker.sockets[0].name, "rep");
    let other = topology.node("other").unwrap();
    assert_eq!((other.on_error, other.replicas), (OnError::Restart, worker.replicas));
    let client = topology.node("client").unwrap();
    assert_eq!(client.sockets[0].attachments[1], Attachment::Connect(Endpoint::local(5556)));
    assert_eq!(client.read.as_ref().unwrap().file, FileSpec::Path("lab/lines.txt".into()));
    let seen = &topology.node("seen").unwrap().sockets[0];
    assert_eq!(seen.role, Role::Sub);
    assert_eq!(
        seen.filters,
        [Filter::Msgid(1000), Filter::Topic(b"x".to_vec()), Filter::Topic(b"all".to_vec())]
    );
    assert_eq!(topology.links().len(), 5);
}

#[test]
fn a_fault_behind_an_alias_is_told_once() {
    let faults = checked(
        "nodes:\n  a: &a {role: pull, bind: 5, colour: red}\n  b: {<<: *a, bind: 6}\n  c: {<<: *a, bind: 7}\n",
    );
    assert_eq!(faults.diagnostics.len(), 1, "{:#?}", faults.diagnostics);
}

#[test]
fn an_alias_bomb_is_refused_at_once() {
    let mut yaml = "a: &a [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for (one, next) in ('a'..='y').zip('b'..='z') {
        let many = format!("*{one}, ").repeat(10);
        writeln!(yaml, "{next}: &{next} [{many}]").unwrap();
    }
    let checked = checked(&yaml);
    assert_eq!(checked.diagnostics[0].code, Code::TooLarge);
}

#[test]
fn a_file_full_of_faults_tells_the_first_thousand() {
    let mut yaml = "nodes:\n".to_owned();
    for at in 0..5_000 {
        writeln!(yaml, "  n{at}: {{role: pull, connect: m{at}, colour{at}: red}}").unwrap();
    }
    assert_eq!(checked(&yaml).diagnostics.len(), 1_000);
}

/// Pieces that a topology is made of, so that nonsense gets past the first line.
fn piece() -> impl Strategy<Value = String> {
    let words = prop::sample::select(vec![
        "nodes",
        "version",
        "defaults",
        "role",
        "bind",
        "connect",
        "sockets",
        "msgids",
        "topics",
        "hwm",
        "send",
        "options",
        "forward",
        "capture",
        "read",
        "write",
        "file",
        "every",
        "timers",
        "params",
        "replicas",
        "on_message",
        "on_start",
        "script",
        "identity",
        "linger",
        "format",
        "pub",
        "sub",
        "rep",
        "router",
        "pull",
        "push",
        "all",
        "true",
        "5556",
        "-1",
        "1s",
        "1MiB",
        "tcp://*:5",
        "inproc://a",
        "tcp://localhost:1",
        "a",
        "b",
        "a.b",
        "x.rhai",
        "msgid",
        "<<",
        "router_mandatory",
        "curve_serverkey",
        "heartbeat_ivl",
        "${PORT}",
        "${X}",
        "$$",
        "${",
    ]);
    let marks = prop::sample::select(vec![
        ": ", ":\n", "\n", "\n  ", "\n    ", "\n      ", "- ", ", ", "[", "]", "{", "}", "'", "\"",
        "|\n", ">\n", "&a ", "*a", "#", " # ", "!x ", "---\n", "\t", "é", "\u{feff}", "\\", "\r\n",
    ]);
    prop_oneof![4 => words.prop_map(str::to_owned), 5 => marks.prop_map(str::to_owned), 1 => "\\PC{0,4}"]
}

/// A label names whole characters of the text.
fn are_whole(yaml: &str) -> bool {
    let faults = checked(yaml).diagnostics;
    let mut labels = faults.iter().flat_map(|fault| &fault.labels);
    labels.all(|label| yaml.get(label.span.start..label.span.end).is_some())
}

#[test]
fn a_line_behind_a_tab_is_marked_by_whole_characters() {
    for yaml in ["\té\nnodes: ", "nodes:\n  a:\n\té é\n", " \tü:\n", "\t# é\nnodes: {"] {
        assert!(are_whole(yaml), "{yaml:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn no_text_panics(pieces in prop::collection::vec(piece(), 0..60)) {
        let yaml = pieces.concat();
        prop_assert!(are_whole(&yaml), "{:?}", checked(&yaml).diagnostics);
    }

    #[test]
    fn no_node_panics(pieces in prop::collection::vec(piece(), 0..30)) {
        let yaml = format!("nodes:\n  a: {{{}}}\n  b: {{role: pub, bind: 5}}", pieces.concat());
        checked(&yaml);
    }
}
