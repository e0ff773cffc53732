//! Endpoints that handlers give sockets while they run: bound, let go of, refused.

use std::net::TcpListener;
use std::os::unix::net::UnixListener;

use crate::support::{Zrig, free_port, numbered};

/// Two sockets without an endpoint in the file: one that its handler binds, and says where, and one
/// that another handler connects there.
fn pair(endpoint: &str) -> String {
    format!(
        "
nodes:
  worker:
    sockets:
      jobs: {{role: pull}}
      told: {{role: pull, connect: source.tell}}
    on_told: connect(\"jobs\", msg.text)
    on_jobs: |
      print(`job ${{msg.text}}`);
      if msg.text == \"20\" {{ stop(); }}
  source:
    sockets:
      out: {{role: push}}
      tell: {{role: push, bind: 'inproc://tell'}}
    on_start: |
      if last_endpoint(\"out\") != () {{ print(\"too early\") }}
      bind(\"out\", \"{endpoint}\")
    on_peer: |
      if peer.event == \"bound\" {{
        if peer.endpoint != last_endpoint(peer.socket) {{ print(\"another one\") }}
        print(`bound ${{peer.socket}} ${{peer.endpoint}}`);
        send_to(\"tell\", peer.endpoint);
        for n in 1..=20 {{ send_to(\"out\", n) }}
      }}
"
    )
}

#[test]
fn a_socket_without_an_endpoint_gets_one_from_its_handlers_over_every_transport() {
    let folder = tempfile::tempdir().unwrap();
    let mut endpoints = vec![
        "tcp://127.0.0.1:*".to_owned(),
        format!("tcp://127.0.0.1:{}", free_port()),
        "ipc://*".to_owned(),
        format!("ipc://{}/out", folder.path().display()),
        "inproc://out".to_owned(),
    ];
    if zmq::has("WS").unwrap_or(false) {
        endpoints.push(format!("ws://127.0.0.1:{}", free_port()));
    }
    for endpoint in endpoints {
        let ending = Zrig::of(&pair(&endpoint)).ends().expect(0, ["called stop()"]);
        let jobs: Vec<&str> =
            ending.log.iter().filter_map(|line| Some(line.split_once("job ")?.1)).collect();
        let wanted: Vec<String> = (1..=20).map(|number: u32| number.to_string()).collect();
        assert_eq!(jobs, wanted, "{endpoint}:\n{}", ending.text());
        for word in ["too early", "another one", "cannot"] {
            assert!(!ending.said(word), "{endpoint}:\n{}", ending.text());
        }
        if !endpoint.ends_with('*') {
            assert!(ending.said(&format!("bound out {endpoint}")), "{}", ending.text());
        }
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "its file goes with it");
}

#[test]
fn the_port_that_the_system_chose_for_an_endpoint_of_the_file_is_known_at_the_start() {
    let run = Zrig::of(
        "
nodes:
  desk:
    role: rep
    bind: 'tcp://127.0.0.1:*'
    on_start: print(`at ${last_endpoint()}`)
    on_message: msg
",
    )
    .start();
    let said = run.says("at tcp://127.0.0.1:");
    let port: u16 = said.rsplit_once(':').unwrap().1.parse().unwrap();
    assert!(port > 0);
    run.stop();
}

#[test]
fn an_endpoint_that_somebody_has_is_a_failure_with_its_place_and_holds_up_nobody() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("taken");
    let _listener = UnixListener::bind(&path).unwrap();
    std::fs::write(folder.path().join("file"), "").unwrap();
    let yaml = |on_error: &str| {
        format!(
            "
nodes:
  desk:
    role: pub
    every: 5ms
    on_error: {on_error}
    on_start: |
      bind({port});
      bind(\"ipc://{}\");
      bind(\"ipc://{}\");
      bind(\"ipc:///nowhere/at/all\");
      unbind(\"tcp://127.0.0.1:9\");
      bind(\"tcp://127.0.0.1:*\");
      print(`done`)
    on_tick: print(`tick`)
    on_peer: if peer.event == \"bound\" {{ print(`bound at last`) }}
",
            path.display(),
            folder.path().join("file").display()
        )
    };
    let run = Zrig::of(&yaml("skip")).start();
    run.says("bound at last");
    let log = run.log();
    let at = |text: &str| {
        let found = log.iter().position(|line| line.contains(text));
        found.unwrap_or_else(|| panic!("no {text:?} in\n{}", log.join("\n")))
    };
    // Tried for half a second, while the node goes on.
    let ticks = log[at("done")..at("another socket or program")].iter();
    assert!(ticks.filter(|line| line.ends_with("tick")).count() >= 20, "{}", log.join("\n"));
    let failed = &log[at("another socket or program")];
    assert!(failed.contains("topology.yaml:8:7: bind: socket pub: cannot bind"), "{failed}");
    assert!(failed.contains("tests/run") || failed.contains("process"), "{failed}");
    for (line, text) in [
        (9, "another program has it already"),
        (10, "bind would delete it"),
        (11, "there is no folder /nowhere/at: make it first"),
        (12, "it is not bound to tcp://127.0.0.1:9"),
    ] {
        assert!(log[at(text)].contains(&format!("topology.yaml:{line}:7: ")), "{}", log[at(text)]);
    }
    run.stop();
    Zrig::of(&yaml("stop")).ends().expect(1, ["it is not bound", "a handler of desk failed"]);
}

#[test]
fn an_endpoint_is_let_go_of_and_bound_again_as_often_as_a_handler_likes() {
    let port = free_port();
    let run = Zrig::of(&format!(
        "
nodes:
  desk:
    role: push
    on_start: this.times = 0; bind({port})
    on_peer: |
      if peer.event == \"connected\" {{
        this.times += 1;
        send(this.times);
        if this.times < 20 {{ after(\"5ms\", \"again\"); }}
      }}
    on_timer: unbind({port}); bind({port})
  sink:
    role: pull
    connect: {port}
    options: {{reconnect_ivl: 5ms}}
    on_message: print(`came ${{msg.text}}`)
"
    ))
    .start();
    for line in numbered("came", 21).iter().skip(1) {
        run.says(line);
    }
    let ending = run.stop();
    assert!(!ending.said("cannot bind"), "{}", ending.text());
}

#[test]
fn an_endpoint_that_is_let_go_of_before_it_is_bound_never_is() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let run = Zrig::of(&format!(
        "
nodes:
  desk:
    role: push
    on_start: bind({port}); unbind({port}); bind(\"tcp://127.0.0.1:*\")
    on_peer: print(peer.event)
"
    ))
    .start();
    run.says("bound");
    let ending = run.stop();
    assert!(!ending.said("cannot bind"), "{}", ending.text());
}

#[test]
fn a_node_that_begins_anew_binds_anew() {
    let port = free_port();
    let run = Zrig::of(&format!(
        "
nodes:
  desk:
    role: push
    on_error: restart
    on_start: bind({port})
    on_peer: |
      print(`${{peer.event}} once more`);
      if peer.event == \"bound\" {{ throw \"again\" }}
"
    ))
    .start();
    run.says_times("bound once more", 3);
    run.signal("INT");
    let ending = run.ends();
    assert!(!ending.said("cannot bind"), "{}", ending.text());
}

/// libzmq 4.3.5 aborts where it has begun to read a message, as it does when it is asked whether there is one,
/// and the connection is let go of before the rest is read (libzmq#3485).
#[test]
fn who_lets_go_of_an_endpoint_where_a_message_waits_handles_that_message_and_goes_on() {
    for (from, to) in [
        ("role: dealer", "role: router"),
        ("role: dealer", "role: rep"),
        ("role: dealer", "role: dealer"),
        ("role: pub, format: envelope", "role: sub, format: envelope, topics: all"),
        ("role: pub, format: plain", "role: xsub, format: plain, topics: all"),
    ] {
        for endpoint in ["inproc://x".to_owned(), format!("tcp://127.0.0.1:{}", free_port())] {
            let says = if from.contains("envelope") {
                "publish(\"t\", \"first\"); publish(\"t\", \"second\");"
            } else {
                "send([\"\", \"first\"]); send([\"\", \"second\"]);"
            };
            let run = Zrig::of(&format!(
                "
nodes:
  d: {{{from}, bind: '{endpoint}', on_start: 'after(\"100ms\", \"speak\");', on_timer: '{says}'}}
  r:
    {}
    connect: '{endpoint}'
    on_start: pause(); after(\"300ms\", \"leave\");
    on_message: print(\"took a message\")
    on_timer: |
      if name == \"leave\" {{ disconnect(\"{endpoint}\"); after(\"100ms\", \"go on\"); }}
      if name == \"go on\" {{ resume(); after(\"100ms\", \"say\"); }}
      if name == \"say\" {{ print(\"still here\"); }}
",
                to.replace(", ", "\n    ")
            ))
            .start();
            run.says("r  took a message");
            run.says("r  still here");
            run.stop();
        }
    }
}
