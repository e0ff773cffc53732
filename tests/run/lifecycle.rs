//! How a run begins and ends: signals, exit statuses, the command line's settings.

use std::io::{ErrorKind, Write};
use std::net::TcpListener;
use std::time::Duration;

use crate::support::{Zrig, eventually, free_port, free_ports, numbered};

/// What a stop may take here. The promise is two seconds; a debug build on a machine where
/// everything else is tested too gets some more.
const SOON: Duration = Duration::from_secs(4);

/// Everything moves as fast as it can.
const FULL_TRAFFIC: &str = "
nodes:
  ventilator:
    role: push
    bind: tcp://127.0.0.1:*
    every: 1ms
    on_tick: 'for n in 0..200 { send(n) }'
  worker:
    replicas: 2
    sockets:
      in: {role: pull, connect: ventilator}
      out: {role: push, connect: sink}
    on_in: msg
  sink:
    role: pull
    bind: tcp://127.0.0.1:*
    on_message: 'this.n = (this.n ?? 0) + 1; if this.n == 1000 { print(\"in full traffic\") }'
  publisher:
    role: pub
    bind: inproc://news
    every: 1ms
    on_tick: 'for n in 0..100 { send(n) }'
  subscriber: {role: sub, connect: publisher, msgids: [1000], on_message: 'count(\"n\")'}
  server: {role: rep, bind: tcp://127.0.0.1:*, on_message: msg}
  client:
    role: req
    connect: server
    replicas: 4
    on_start: send(1)
    on_message: msg
  left: {role: pair, bind: inproc://ball, on_start: send(1), on_message: msg}
  right: {role: pair, connect: left, on_message: msg}
";

#[test]
fn sigint_and_sigterm_end_a_run_in_full_traffic_well_and_soon() {
    for signal in ["INT", "TERM"] {
        let run = Zrig::of(FULL_TRAFFIC).start();
        run.says("in full traffic");
        run.signal(signal);
        let ending = run.ends().expect(0, []);
        println!("{signal}: {:?}", ending.took);
        assert!(ending.took < SOON, "{signal} took {:?}", ending.took);
    }
}

#[test]
fn what_lingers_is_named_and_a_second_ctrl_c_ends_at_once() {
    let nobody = free_port();
    let mut run = Zrig::of(&format!(
        "
nodes:
  patient:
    role: push
    connect: {nobody}
    linger: 1h
    on_start: |
      send(\"for nobody\");
      print(\"sent\")
"
    ))
    .start();
    run.says("sent");
    run.signal("INT");
    // The released libzmq does not tell whose message it is.
    let name = if cfg!(feature = "patched-libzmq") { "patient.push" } else { "has not ended" };
    run.says(&format!("{name}; press Ctrl-C again"));
    assert!(run.runs());
    run.signal("INT");
    let ending = run.ends();
    assert!(ending.took < SOON, "{:?}", ending.took);
    assert_eq!(ending.status, Some(130));
}

#[test]
fn a_handler_ends_the_topology_with_the_status_it_wants() {
    for (call, status) in [("stop()", 0), ("stop(3)", 3)] {
        Zrig::of(&format!(
            "nodes:\n  node: {{role: pub, bind: 'inproc://x', on_start: {call}, on_stop: print(\"closing\")}}\n"
        ))
        .ends()
        .expect(status, ["node  closing", "stop()"]);
    }
}

#[test]
fn a_run_of_a_given_length_ends_well() {
    let ending = Zrig::of("nodes:\n  node: {role: pub, bind: 'inproc://x', on_start: print(\"up\"), on_stop: print(\"down\")}\n")
        .lasting("300ms")
        .ends()
        .expect(0, ["up", "down"]);
    assert!(ending.took >= Duration::from_millis(290), "{:?}", ending.took);
}

#[test]
fn some_nodes_run_here_and_the_others_elsewhere() {
    let port = free_port();
    let yaml = format!(
        "
nodes:
  server: {{role: rep, bind: {port}, on_start: print(\"up\"), on_message: 'msg.text + \"!\"'}}
  client: {{role: req, connect: server, on_start: send(\"hello\"), on_message: print(msg.text)}}
  other: {{role: req, connect: server, on_start: print(\"other runs\")}}
"
    );
    let client = Zrig::of(&yaml).arguments(["--only", "client"]).start();
    let server = Zrig::of(&yaml).arguments(["--only", "server"]).start();
    client.says("client  hello!");
    let (client, server) = (client.stop(), server.stop());
    assert!(!client.said("up") && !client.said("other runs"), "{}", client.text());
    assert!(!server.said("other runs"), "{}", server.text());
    Zrig::of(&yaml).arguments(["--only", "client,sever"]).ends().expect(2, ["sever", "server"]);
}

#[test]
fn a_variable_comes_from_the_command_line_before_the_environment_before_the_file() {
    let yaml = "
nodes:
  node:
    role: pub
    bind: inproc://x
    params: {word: \"${WORD:-file}\", price: \"$$5\"}
    on_start: 'print(`${param(\"word\")} ${param(\"price\")}`); stop()'
";
    Zrig::of(yaml).ends().expect(0, ["node  file $5"]);
    Zrig::of(yaml).environment("WORD", "environment").ends().expect(0, ["node  environment $5"]);
    Zrig::of(yaml)
        .environment("WORD", "environment")
        .set("WORD", "line")
        .ends()
        .expect(0, ["node  line $5"]);
}

#[test]
fn a_variable_without_a_value_is_an_error_at_its_line() {
    Zrig::of(
        "nodes:\n  node:\n    role: rep\n    bind: ${ZRIG_NO_SUCH_PORT}\n    on_message: msg\n",
    )
    .ends()
    .expect(2, ["ZRIG_NO_SUCH_PORT", "topology.yaml:4:"]);
}

#[test]
fn a_failing_handler_ends_the_topology_where_the_file_says_so() {
    Zrig::of("nodes:\n  node:\n    role: pub\n    bind: inproc://x\n    on_error: stop\n    on_start: |\n      let a = 1;\n      throw \"no more\"\n")
        .ends()
        .expect(1, ["no more", "topology.yaml:8:7", "on_start", "a handler of node failed"]);
}

#[test]
fn a_failing_node_starts_anew_where_the_file_says_so() {
    let run = Zrig::of(
        "
nodes:
  node:
    role: pub
    bind: inproc://x
    on_error: restart
    every: 20ms
    on_start: 'this.n = 0; print(\"begins\")'
    on_tick: |
      this.n += 1;
      if this.n == 3 { throw \"three\" }
      print(this.n)
",
    )
    .start();
    run.says_times("node  begins", 3);
    let ending = run.stop();
    assert!(ending.said("three") && ending.said("starts anew"), "{}", ending.text());
    assert!(!ending.said("node  3"), "{}", ending.text());
}

#[test]
fn a_port_that_is_taken_is_named() {
    let port = free_port();
    let _taken = TcpListener::bind(("127.0.0.1", port)).unwrap();
    Zrig::of(&format!("nodes:\n  server: {{role: rep, bind: {port}, on_message: msg}}\n  other: {{role: pull, bind: 'inproc://a'}}\n"))
        .ends()
        .expect(1, ["server", &format!("tcp://127.0.0.1:{port}"), "another socket or program has it"]);
}

/// A second run of a file would otherwise take messages that are the first one's, and lose them.
#[test]
fn a_start_that_fails_has_connected_to_nobody_outside_the_file() {
    let [taken, outside] = free_ports();
    let _taken = TcpListener::bind(("127.0.0.1", taken)).unwrap();
    let outsider = TcpListener::bind(("127.0.0.1", outside)).unwrap();
    outsider.set_nonblocking(true).unwrap();
    let mut yaml = format!(
        "nodes:\n  feeder: {{role: push, bind: 'inproc://feeder', on_start: 'send(1)'}}\n  \
         taker: {{role: pull, connect: [feeder, 'tcp://127.0.0.1:{outside}'], on_message: print(msg)}}\n"
    );
    for n in 0..200 {
        yaml +=
            &format!("  other{n}: {{role: pull, bind: 'tcp://127.0.0.1:*', on_message: msg}}\n");
    }
    yaml += &format!("  server: {{role: rep, bind: {taken}, on_message: msg}}\n");
    Zrig::of(&yaml).ends().expect(1, ["server", "another socket or program has it"]);
    assert_eq!(outsider.accept().unwrap_err().kind(), ErrorKind::WouldBlock);
}

#[test]
fn who_decides_about_connections_is_there_before_anybody_can_connect() {
    let [first, second] = free_ports();
    let run = Zrig::of(&format!(
        "nodes:\n  first: {{role: rep, bind: {first}, on_message: msg}}\n  \
         second: {{role: rep, bind: {second}, options: {{plain_server: true, zap_domain: x}}, on_message: msg}}\n  \
         guard: {{role: rep, bind: 'inproc://zeromq.zap.01', on_message: print(msg)}}\n"
    ))
    .arguments(["--log", "debug"])
    .start();
    run.says(&format!("bound to tcp://127.0.0.1:{second}"));
    let log = run.log();
    let bound = log.iter().find(|line| line.contains("bound to")).unwrap();
    assert!(bound.contains("guard"), "{log:?}");
    run.stop();
}

#[test]
fn a_file_in_the_way_of_an_ipc_endpoint_stays() {
    let zrig = Zrig::of("");
    let path = zrig.path("precious");
    let yaml = format!(
        "nodes:\n  server: {{role: rep, bind: 'ipc://{}', on_message: msg}}\n",
        path.display()
    );
    let ending = zrig.with("topology.yaml", yaml).with("precious", "a year's work\n").ends();
    let ending = ending.expect(2, ["server", path.to_str().unwrap(), "no socket"]);
    assert_eq!(ending.file("precious"), ["a year's work"]);
}

#[test]
fn an_ipc_endpoint_of_another_run_is_not_stolen() {
    let zrig = Zrig::of("");
    let yaml = format!(
        "nodes:\n  server: {{role: rep, bind: 'ipc://{}', on_start: print(\"up\"), on_message: msg}}\n",
        zrig.path("endpoint").display()
    );
    let first = zrig.with("topology.yaml", &yaml).start();
    first.says("up");
    Zrig::of(&yaml).ends().expect(1, ["server", "another program has it already"]);
    let client = zmq::Context::new().socket(zmq::REQ).unwrap();
    client.set_rcvtimeo(20_000).unwrap();
    client.connect(&format!("ipc://{}", first.path("endpoint").display())).unwrap();
    client.send("still there", 0).unwrap();
    assert_eq!(client.recv_string(0).unwrap().unwrap(), "still there");
    first.stop();
}

#[test]
fn an_ipc_endpoint_left_over_from_a_run_that_was_killed_is_taken_again() {
    let zrig = Zrig::of("");
    let yaml = format!(
        "nodes:\n  server: {{role: rep, bind: 'ipc://{}', on_start: print(\"up\"), on_message: msg}}\n",
        zrig.path("endpoint").display()
    );
    let first = zrig.with("topology.yaml", &yaml).start();
    first.says("up");
    first.signal("KILL");
    let endpoint = first.path("endpoint");
    eventually("it is dead", || std::os::unix::net::UnixStream::connect(&endpoint).is_err());
    assert!(endpoint.exists());
    let second = Zrig::of(&yaml).start();
    second.says("up");
    second.stop();
}

#[test]
fn a_pipeline_through_files_loses_nothing_when_it_is_stopped() {
    for replicas in [1, 3] {
        let run = Zrig::of(&format!(
            "
nodes:
  source:
    role: push
    bind: tcp://127.0.0.1:*
    read: {{file: in.txt, repeat: true}}
    on_start: this.n = 0
    on_line: |
      let text = `${{line}} ${{this.n}}`;
      this.n += 1;
      text
    on_stop: print(`sent ${{this.n}}`)
  worker:
    replicas: {replicas}
    sockets:
      in: {{role: pull, connect: source}}
      out: {{role: push, connect: sink}}
    on_in: msg
  sink: {{role: pull, bind: 'tcp://127.0.0.1:*', write: {{file: out.txt}}}}
"
        ))
        .with("in.txt", "line\n")
        .start();
        let out = run.path("out.txt");
        eventually("the pipeline runs", || {
            std::fs::metadata(&out).is_ok_and(|about| about.len() > 50_000)
        });
        let ending = run.stop();
        let said = ending.log.iter().find(|line| line.contains("source  sent ")).unwrap();
        let sent: usize = said.rsplit(' ').next().unwrap().parse().unwrap();
        let mut found: Vec<usize> = ending
            .file("out.txt")
            .iter()
            .map(|line| line.strip_prefix("line ").unwrap().parse().unwrap())
            .collect();
        if replicas > 1 {
            found.sort_unstable();
        }
        assert_eq!(found.len(), sent, "the log:\n{}", ending.text());
        assert!(found.into_iter().eq(0..sent));
        println!("{sent} lines, stopped in {:?}", ending.took);
    }
}

#[test]
fn standard_input_goes_in_and_standard_output_gets_it_all() {
    let mut run = Zrig::of(
        "
nodes:
  source: {role: push, bind: 'inproc://lines', read: {file: '-'}}
  sink: {role: pull, connect: source, write: {file: '-'}}
",
    )
    .with_stdin()
    .start();
    let lines = numbered("line", 20_000);
    let mut stdin = run.stdin();
    stdin.write_all(lines.join("\n").as_bytes()).unwrap();
    drop(stdin);
    run.prints_times("line", lines.len());
    assert!(run.stop().out == lines);
}

#[test]
fn a_standard_output_that_nobody_reads_does_not_keep_a_run_from_ending() {
    let mut run = Zrig::of(
        "
nodes:
  source:
    role: push
    bind: inproc://lines
    every: 1ms
    on_tick: 'for n in 0..1000 { send(\"a line that fills the pipe in no time at all\") } this.n = (this.n ?? 0) + 1; if this.n % 10 == 0 { print(\"goes on\") }'
  sink: {role: pull, connect: source, write: {file: '-'}, hwm: 10}
",
    )
    .with_unread_output()
    .start();
    run.says("goes on");
    let output = run.unread();
    run.signal("INT");
    let ending = run.ends().expect(1, ["writing standard output: ", "were not taken"]);
    assert!(ending.took < SOON, "{:?}", ending.took);
    drop(output);
}

#[test]
fn every_fault_of_the_command_line_is_an_exit_status_of_2() {
    let yaml = "nodes:\n  node: {role: pull, bind: 'inproc://x'}\n";
    for arguments in [["--for", "soon"], ["--set", "nothing"], ["--no-such-flag", "x"]] {
        let ending = Zrig::of(yaml).lasting("1s").arguments(arguments).ends();
        assert_eq!(ending.status, Some(2), "{arguments:?}: {}", ending.text());
        assert!(ending.said(arguments[0]), "{}", ending.text());
    }
}

#[test]
fn a_run_says_in_one_line_that_it_stands() {
    let yaml = "nodes:\n  source: {role: push, bind: inproc://x}\n  \
                sink: {role: pull, connect: source, replicas: 2}\n";
    let run = Zrig::of(yaml).start();
    run.says("running live: 3 nodes; what is saved is applied; ends in");
    run.stop();
    Zrig::of(yaml)
        .arguments(["--no-watch"])
        .lasting("10ms")
        .ends()
        .expect(0, ["running live: 3 nodes; a SIGHUP applies changes; ends in 10ms"]);
}

#[test]
fn a_failed_handler_ends_with_status_1_where_that_is_asked_for() {
    let yaml = "nodes:\n  source: {role: pub, bind: inproc://x, on_start: 'throw \"no\"; stop()'}\n  \
                sink: {role: sub, connect: source, topics: all, every: 10ms, on_tick: stop()}\n";
    Zrig::of(yaml).ends().expect(0, ["on_start: no"]);
    Zrig::of(yaml).arguments(["--fail-on-error"]).ends().expect(1, ["on_start: no"]);
    let sound = yaml.replace("throw \"no\"; ", "");
    Zrig::of(&sound).arguments(["--fail-on-error"]).ends().expect(0, []);
}

#[test]
fn a_stop_that_takes_long_names_what_it_waits_for() {
    // What a handler prints is told when it is over, so it is the stop itself that computes.
    let yaml = "nodes:\n  slow:\n    role: push\n    bind: inproc://x\n    isolate: true\n    \
                on_stop: 'for i in 0..3000000000000 { let x = i; }'\n  \
                sink: {role: pull, connect: slow}\n";
    let run = Zrig::of(yaml).start();
    run.says("running live");
    run.signal("INT");
    run.says("still stopping: waiting for slow,");
    run.signal("INT");
    run.ends().expect(130, []);
}

#[test]
fn no_timer_of_a_node_calls_it_again_once_it_has_called_stop() {
    let yaml = "nodes:\n  source:\n    role: push\n    bind: inproc://x\n    every: 1ms\n    \
                on_start: this.n = 0\n    \
                on_tick: 'this.n += 1; print(`tick ${this.n}`); if this.n == 2 { stop(); }'\n  \
                sink: {role: pull, connect: source}\n";
    let ending = Zrig::of(yaml).ends().expect(0, ["tick 2"]);
    assert!(!ending.log.iter().any(|line| line.contains("tick 3")), "{:#?}", ending.log);
}

#[test]
fn a_variable_that_is_set_and_that_nothing_reads_is_refused() {
    let yaml = "nodes:\n  a: {role: pub, bind: \"${HELLO:-5555}\", every: 1s, on_tick: send(1)}\n";
    Zrig::of(yaml)
        .arguments(["--set", "HELO=1"])
        .ends()
        .expect(2, ["--set HELO: nothing in the file reads `${HELO}`; did you mean `HELLO`?"]);
}

#[test]
fn who_has_a_port_is_named_a_second_run_of_the_file_too() {
    let port = free_port();
    let taken = TcpListener::bind(("127.0.0.1", port)).unwrap();
    let yaml = format!("nodes:\n  server: {{role: rep, bind: {port}, on_message: msg.text}}\n");
    let own = format!("it is process {}, `", std::process::id());
    Zrig::of(&yaml).ends().expect(1, ["has it already", &own]);
    drop(taken);
    let first = Zrig::of(&yaml).start();
    first.says("running live");
    let of_zrig = format!("it is a run of zrig, process {}: `", first.id());
    Zrig::of(&yaml).ends().expect(1, ["has it already", &of_zrig]);
    first.stop();
}

#[test]
fn an_ipc_folder_that_is_not_there_is_named() {
    let yaml =
        "nodes:\n  server: {role: rep, bind: 'ipc:///no/such/folder/x', on_message: msg.text}\n";
    Zrig::of(yaml).ends().expect(1, ["there is no folder /no/such/folder"]);
}
