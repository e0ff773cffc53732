//! Endpoints, roles and options that need another socket, changed under load inside the file.

use crate::edited::{Edited, notes, times};
use crate::support::{Peer, Zrig, free_port, free_ports};

/// Everything that asks libzmq for another socket, as keys of a socket.
const REBUILDS: &[&str] = &[
    "options: {sndbuf: 65536}",
    "options: {rcvbuf: 65536}",
    "options: {reconnect_ivl: 50ms}",
    "options: {tcp_keepalive: true}",
    "options: {maxmsgsize: 1MiB}",
    "options: {immediate: true}",
    "options: {backlog: 20}",
    "options: {handshake_ivl: 10s}",
    "options: {heartbeat_ivl: 1s}",
    "options: {tos: 8}",
    "hwm: 100",
];

/// A source and a sink with so many words about their sockets.
fn push_pull(source: &str, sink: &str, runs: bool) -> String {
    let (every, on_reload) =
        if runs { ("every: 1ms", "()") } else { ("", "print(`sent ${this.n}`)") };
    format!(
        "
nodes:
  source:
    {source}
    {every}
    on_start: this.n = 0
    on_tick: |
      for i in 0..100 {{ this.n += 1; send(this.n) }}
    on_reload: {on_reload}
  sink:
    {sink}
    every: 20ms
    on_start: this.next = 1; this.bad = 0
    on_message: |
      let n = parse_int(msg.text);
      if n != this.next {{
        this.bad += 1;
        if this.bad < 10 {{ log(\"error\", `wanted ${{this.next}}, got ${{n}}`) }}
      }}
      this.next = n + 1;
    on_tick: print(`arrived ${{this.next - 1}} bad ${{this.bad}}`)
"
    )
}

/// Walks through versions of source and sink, each under load.
fn walk(name: &str, versions: &[(String, String)], rounds: usize) {
    let (source, sink) = &versions[0];
    let mut edited = Edited::start(&push_pull(source, sink, true));
    let mut arrived = edited.passes("arrived", 0);
    let mut slowest: f64 = 0.0;
    for round in 1..=rounds {
        let (source, sink) = &versions[round % versions.len()];
        let receipt = edited.apply(&push_pull(source, sink, true));
        assert_eq!(notes(&receipt), "", "{name}: {receipt:#}");
        assert_eq!(receipt["dropped"], 0, "{name}: {receipt:#}");
        slowest = slowest.max(receipt["milliseconds"].as_f64().unwrap());
        arrived = edited.passes("arrived", arrived);
    }
    let (source, sink) = &versions[rounds % versions.len()];
    edited.apply(&push_pull(source, sink, false));
    let sent = edited.passes("sent", 0);
    edited.passes("arrived", sent - 1);
    println!("{name}: {rounds} changes, {sent} messages, slowest {slowest:.0} ms");
    edited.stop().expect(0, [&format!("arrived {sent} bad 0")]);
}

#[test]
fn a_link_to_a_socket_by_another_name_is_made_anew_on_every_transport() {
    let [port] = free_ports();
    for endpoint in [port.to_string(), "'inproc://s'".to_owned(), "'ipc://s.ipc'".to_owned()] {
        let yaml = |socket: &str, version: usize| {
            format!(
                "
nodes:
  source: {{role: push, connect: sink, every: 10ms, on_tick: 'send(\"x\")'}}
  sink: {{sockets: {{{socket}: {{role: pull, bind: {endpoint}}}}}, on_message: 'print(\"version {version};\")'}}
"
            )
        };
        let mut edited = Edited::start(&yaml("one", 0));
        edited.run.says("version 0;");
        edited.apply(&yaml("other", 1));
        edited.run.says("version 1;");
        edited.apply(&yaml("one", 2));
        edited.run.says("version 2;");
        edited.stop();
    }
}

#[test]
fn a_bound_port_changes_and_back_and_nothing_is_lost() {
    let [one, two] = free_ports();
    let version = |port: u16| {
        ("role: push\n    connect: sink".to_owned(), format!("role: pull\n    bind: {port}"))
    };
    walk("the sink's port", &[version(one), version(two)], times(4, 100));
    let version = |port: u16| {
        (format!("role: push\n    bind: {port}"), "role: pull\n    connect: source".to_owned())
    };
    walk("the source's port", &[version(one), version(two)], times(4, 100));
}

#[test]
fn a_link_moves_between_transports_and_nothing_is_lost() {
    let [port] = free_ports();
    let file = Zrig::of("");
    let ipc = format!("ipc://{}", file.path("link.ipc").display());
    let versions = [format!("tcp://127.0.0.1:{port}"), ipc, "inproc://link".to_owned()].map(|at| {
        ("role: push\n    connect: sink".to_owned(), format!("role: pull\n    bind: '{at}'"))
    });
    walk("the transport", &versions, times(6, 99));
}

#[test]
fn binding_and_connecting_change_sides_and_nothing_is_lost() {
    let [port] = free_ports();
    let versions = [
        ("role: push\n    connect: sink".to_owned(), format!("role: pull\n    bind: {port}")),
        (format!("role: push\n    bind: {port}"), "role: pull\n    connect: source".to_owned()),
    ];
    walk("the side", &versions, times(4, 50));
}

#[test]
fn roles_change_and_nothing_is_lost() {
    for endpoint in
        ["inproc://link".to_owned(), format!("tcp://127.0.0.1:{}", free_ports::<1>()[0])]
    {
        let versions =
            [("push", "pull"), ("pair", "pair"), ("dealer", "dealer")].map(|(source, sink)| {
                (
                    format!("role: {source}\n    connect: sink"),
                    format!("role: {sink}\n    bind: '{endpoint}'"),
                )
            });
        walk(&format!("the roles at {endpoint}"), &versions, times(6, 60));
    }
}

#[test]
fn every_option_that_needs_another_socket_changes_and_nothing_is_lost() {
    let [port] = free_ports();
    let mut versions = Vec::new();
    for rebuild in REBUILDS {
        let version = |source: &str, sink: &str| {
            (
                format!("role: push\n    connect: sink\n    {source}"),
                format!("role: pull\n    bind: {port}\n    {sink}"),
            )
        };
        versions.push(version("", ""));
        versions.push(version(rebuild, ""));
        versions.push(version("", rebuild));
        versions.push(version(rebuild, rebuild));
    }
    let rounds = times(versions.len() / 2, versions.len() * 2);
    walk("options", &versions, rounds);
}

/// A client that numbers its requests, and a server; `{{}}` stands for what a version adds.
fn asking(
    client_role: &str,
    server_role: &str,
    endpoint: &str,
    client: &str,
    server: &str,
    runs: bool,
) -> String {
    let [every, on_reload] = if runs {
        ["every: 1ms", "()"]
    } else {
        [
            "",
            "this.last = true; print(`answered ${this.answered} bad ${this.bad}`); print(`asked ${this.n}`)",
        ]
    };
    // A REQ asks again when it is answered; a DEALER keeps some requests on their way.
    let delimiter = if client_role == "dealer" && server_role == "rep" {
        "[\"\", `${this.n}`]"
    } else {
        "`${this.n}`"
    };
    format!(
        "
nodes:
  client:
    role: {client_role}
    connect: server
    {client}
    {every}
    on_start: this.n = 0; this.answered = 0; this.bad = 0
    on_tick: |
      for i in 0..20 {{
        if this.n - this.answered < {window} {{ this.n += 1; send({delimiter}) }}
      }}
      if this.n % 50 == 0 {{ print(`answered ${{this.answered}} bad ${{this.bad}}`) }}
    on_message: |
      this.answered += 1;
      let n = parse_int(msg.frames[msg.frames.len - 1].as_string());
      if n != this.answered {{ this.bad += 1; log(\"error\", `wanted ${{this.answered}}, got ${{n}}`) }}
      if this.answered % 50 == 0 {{ print(`answered ${{this.answered}} bad ${{this.bad}}`) }}
      if this.last == true {{ print(`answered ${{this.answered}} bad ${{this.bad}}`) }}
      ()
    on_reload: {on_reload}
  server:
    role: {server_role}
    bind: '{endpoint}'
    {server}
    on_message: msg.text
",
        window = if client_role == "req" { 1 } else { 40 },
    )
}

fn questions(client: &str, server: &str, endpoint: &str) {
    let versions = [
        ("", ""),
        ("hwm: 500", ""),
        ("", "hwm: 500"),
        ("hwm: 300", "hwm: 300"),
        ("options: {rcvbuf: 65536}", ""),
        ("", "options: {sndbuf: 65536}"),
    ];
    let yaml = |round: usize, runs| {
        let (more, most) = versions[round % versions.len()];
        asking(client, server, endpoint, more, most, runs)
    };
    let mut edited = Edited::start(&yaml(0, true));
    let mut answered = edited.passes("answered", 0);
    let rounds = times(6, 120);
    let mut slowest: f64 = 0.0;
    for round in 1..=rounds {
        let receipt = edited.apply(&yaml(round, true));
        assert_eq!(notes(&receipt), "", "{client} {server} {endpoint}: {receipt:#}");
        slowest = slowest.max(receipt["milliseconds"].as_f64().unwrap());
        answered = edited.passes("answered", answered);
    }
    edited.apply(&yaml(rounds, false));
    let asked = edited.passes("asked", 0);
    println!(
        "{client} {server} {endpoint}: {rounds} changes, {asked} asked, slowest {slowest:.0} ms"
    );
    if edited.greatest_number("answered") != Some(asked) {
        edited.passes("answered", asked - 1);
    }
    let ending = edited.stop();
    assert!(!ending.said("wanted"), "{}", ending.text());
}

#[test]
fn requests_and_answers_survive_rebuilds_on_either_side() {
    let [port] = free_ports();
    questions("req", "rep", &format!("tcp://127.0.0.1:{port}"));
    questions("req", "rep", "inproc://q");
    questions("req", "router", &format!("tcp://127.0.0.1:{port}"));
}

#[test]
fn dealers_and_routers_survive_rebuilds_on_either_side() {
    let [port] = free_ports();
    questions("dealer", "router", &format!("tcp://127.0.0.1:{port}"));
    questions("dealer", "router", "inproc://q");
    questions("dealer", "rep", &format!("tcp://127.0.0.1:{port}"));
}

/// A broker in the middle: ROUTER and DEALER, moved natively.
#[test]
fn a_broker_is_rebuilt_between_its_clients_and_workers_and_every_request_is_answered() {
    let [front, back] = free_ports();
    let yaml = |frontend: &str, backend: &str, runs: bool| {
        let [every, on_reload] = if runs {
            ["every: 1ms", "()"]
        } else {
            ["", "this.last = true; print(`answered ${this.answered}`); print(`asked ${this.n}`)"]
        };
        format!(
            "
nodes:
  client:
    replicas: 3
    role: req
    connect: broker.front
    {every}
    on_start: this.n = 0; this.answered = 0
    on_tick: |
      if this.n == this.answered {{ this.n += 1; send(`${{replica()}} ${{this.n}}`) }}
    on_message: |
      this.answered += 1;
      if msg.text != `${{replica()}} ${{this.answered}} done` {{ log(\"error\", `wanted ${{this.answered}}, got ${{msg.text}}`) }}
      if this.last == true || this.answered % 50 == 0 {{ print(`answered ${{this.answered}}`) }}
      ()
    on_reload: {on_reload}
  broker:
    forward: [front, back]
    sockets:
      front: {{role: router, bind: {front}{frontend}}}
      back: {{role: dealer, bind: {back}{backend}}}
  worker:
    replicas: 2
    role: rep
    connect: broker.back
    on_message: \"`${{msg.text}} done`\"
"
        )
    };
    let mut edited = Edited::start(&yaml("", "", true));
    let mut answered = edited.passes("answered", 0);
    let versions = [(", hwm: 100", ""), (", hwm: 100", ", hwm: 100"), ("", ", hwm: 50"), ("", "")];
    for round in 0..times(8, 100) {
        let (frontend, backend) = versions[round % versions.len()];
        let receipt = edited.apply(&yaml(frontend, backend, true));
        assert_eq!(notes(&receipt), "", "{receipt:#}");
        answered = edited.passes("answered", answered.saturating_sub(200));
    }
    let ending = edited.stop();
    assert!(!ending.said("wanted"), "{}", ending.text());
}

#[test]
fn outside_clients_of_a_server_that_is_rebuilt_are_named_and_go_on() {
    let [port] = free_ports();
    let yaml = |hwm: u32| {
        format!(
            "
nodes:
  server:
    role: rep
    bind: {port}
    hwm: {hwm}
    on_message: 'msg.text + \"!\"'
"
        )
    };
    let mut edited = Edited::start(&yaml(1000));
    let mut client =
        Peer::flood(&format!("ask --connect tcp://127.0.0.1:{port} --suffix ! --patience 3"));
    std::thread::sleep(std::time::Duration::from_millis(300));
    for hwm in [100, 200, 300] {
        let receipt = edited.apply(&yaml(hwm));
        let notes = notes(&receipt);
        assert!(notes.contains("server.rep") && notes.contains("1 peer"), "{receipt:#}");
        assert!(receipt["milliseconds"].as_f64().unwrap() < 1500.0, "{receipt:#}");
        std::thread::sleep(std::time::Duration::from_millis(300));
    }
    client.tell("end");
    let summary = client.summary();
    println!("outside client: {summary}");
    assert_eq!(summary["wrong"], 0, "{summary}");
    edited.stop();
}

/// What waits in libzmq for a reader that is slow still reaches it, but for what libzmq has in hand
/// when its queue is empty.
#[test]
fn what_waits_for_a_reader_outside_still_goes_out_when_the_socket_is_replaced() {
    const SENT: usize = 500;
    let port = free_port();
    let yaml = |hwm: u32| {
        format!(
            "
nodes:
  source:
    role: push
    bind: {port}
    hwm: {hwm}
    options: {{sndbuf: 4096, out_batch_size: 2048}}
    on_start: 'let b = \"\"; b.pad(1000, \"x\"); for i in 0..{SENT} {{ send(`${{i}} ${{b}}`) }} print(\"all is sent\")'
"
        )
    };
    let context = zmq::Context::new();
    let reader = context.socket(zmq::PULL).unwrap();
    reader.set_rcvhwm(1).unwrap();
    reader.set_rcvbuf(4096).unwrap();
    reader.set_rcvtimeo(10_000).unwrap();
    reader.connect(&format!("tcp://127.0.0.1:{port}")).unwrap();
    let mut edited = Edited::start(&yaml(1000));
    edited.run.says("all is sent");
    // What a handler says is told before what it sends has gone.
    assert!(reader.recv_bytes(0).unwrap().starts_with(b"0 "));
    let receipt = edited.apply(&yaml(900));
    assert!(notes(&receipt).contains("is still sent"), "{receipt:#}");
    let mut got = 1;
    while let Ok(message) = reader.recv_bytes(0) {
        assert!(message.starts_with(format!("{got} ").as_bytes()), "not in order");
        got += 1;
    }
    assert!(got >= SENT - 5, "{got} of {SENT}");
    edited.stop();
}

#[test]
fn a_port_that_is_taken_rolls_back_and_traffic_goes_on() {
    let [one, taken] = free_ports();
    let thief = std::net::TcpListener::bind(("127.0.0.1", taken)).unwrap();
    let yaml = |sink_hwm: u32, more: &str| {
        let sink = format!("role: pull\n    bind: {one}\n    hwm: {sink_hwm}");
        push_pull("role: push\n    connect: sink", &sink, true) + more
    };
    let mut edited = Edited::start(&yaml(1000, ""));
    let mut arrived = edited.passes("arrived", 0);
    let added = format!("  late:\n    role: pull\n    bind: {taken}\n    on_message: ()\n");
    for _ in 0..times(2, 20) {
        for hwm in [1000, 50] {
            edited.save(&yaml(hwm, &added));
            let receipt = edited.receipt();
            assert_eq!(receipt["verdict"], "rolled-back", "{receipt:#}");
            assert_eq!(receipt["generation"], 1, "{receipt:#}");
            let errors = receipt["errors"].to_string();
            assert!(errors.contains(&taken.to_string()) && errors.contains("late"), "{receipt:#}");
            arrived = edited.passes("arrived", arrived);
        }
    }
    drop(thief);
    // The same again: what was in the way is gone.
    edited.apply(&yaml(50, &added));
    edited.passes("arrived", arrived);
    let ending = edited.stop();
    assert!(!ending.said("wanted"), "{}", ending.text());
}
