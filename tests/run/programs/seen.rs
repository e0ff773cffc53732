//! What is seen of programs from outside: figures, events, and what is said to who asks one.

use std::process::Command;

use serde_json::Value;

use crate::support::{Runner, Zrig, eventually, free_port, http, node_py};

fn topology(port: u16) -> Value {
    serde_json::from_str(&http::get(port, "/topology").body).unwrap()
}

/// A program between handlers, one that is restarted, and one that is left.
fn started(port: u16, desk: &str) -> Runner {
    Zrig::of(&format!(
        "
nodes:
  source: {{role: push, connect: worker.jobs, every: 5ms, on_tick: send(1)}}
  worker:
    process: {{command: {}, ready: jobs}}
    sockets:
      jobs: {{role: pull, bind: 'tcp://127.0.0.1:*', hwm: 7}}
      results: {{role: push, connect: sink}}
  sink: {{role: pull, bind: 'tcp://127.0.0.1:*', on_message: count(\"sunk\")}}
  again: {{role: pub, bind: 'tcp://127.0.0.1:*', process: {{command: [sh, -c, 'sleep 0.05; exit 3']}}}}
  left: {{role: pub, bind: 'tcp://127.0.0.1:*', process: {{command: [sh, -c, 'kill -9 $$$$'], on_exit: leave}}}}
",
        node_py("work")
    ))
    .arguments(["--metrics", &port.to_string()])
    .environment("XDG_RUNTIME_DIR", desk)
    .start()
}

#[test]
fn what_only_a_program_knows_is_null_and_what_is_known_of_it_is_told() {
    let port = free_port();
    let folder = tempfile::tempdir().unwrap();
    let run = started(port, folder.path().to_str().unwrap());
    run.says("running live");
    run.says("left  its program, process");
    eventually("it was started again", || {
        topology(port)["nodes"][0]["program"]["restarts"].as_u64() > Some(0)
    });
    eventually("messages passed", || {
        topology(port)["links"]
            .as_array()
            .is_some_and(|links| links.iter().any(|link| link["received"].as_u64() > Some(10)))
    });
    let told = topology(port);
    let node = |name: &str| {
        told["nodes"].as_array().unwrap().iter().find(|node| node["node"] == name).unwrap().clone()
    };
    let worker = node("worker");
    assert_eq!(worker["program"]["state"], "running", "{worker:#}");
    assert!(worker["program"]["pid"].as_u64().is_some() && worker["program"]["uptime"].is_number());
    for key in ["handled", "failed", "handler", "waiting", "user"] {
        assert_eq!(worker[key], Value::Null, "{key}");
    }
    let jobs = &worker["sockets"][0];
    assert_eq!((&jobs["name"], &jobs["hwm_receive"]), (&"jobs".into(), &7.into()));
    assert!(jobs["bound"][0].as_str().unwrap().starts_with("tcp://127.0.0.1:"), "{jobs}");
    for key in
        ["messages_in", "messages_out", "bytes_in", "dropped", "blocked", "peers", "connections"]
    {
        assert_eq!(jobs[key], Value::Null, "{key}");
    }
    assert_eq!(node("again")["program"]["exit_status"], 3);
    let left = node("left");
    assert_eq!((&left["status"], &left["program"]["exit_signal"]), (&"exited".into(), &9.into()));
    assert_eq!(node("sink")["program"], Value::Null);
    // What the other ends of its links count is what is known of them.
    let link = |from: &str| {
        let links = told["links"].as_array().unwrap();
        links.iter().find(|link| link["from"]["instance"] == from).unwrap().clone()
    };
    let (to, from) = (link("source"), link("worker"));
    assert!(to["sent"].as_u64() > Some(10), "{to}");
    assert!(from["received"].as_u64() > Some(10), "{from}");
    for null in [&to["received"], &to["dropped"], &to["waiting"], &from["sent"], &from["dropped"]] {
        assert_eq!(*null, Value::Null, "{to} {from}");
    }
    let metrics = http::get(port, "/metrics").body;
    for line in [
        "zrig_program_running{node=\"worker\",replica=\"\"} 1",
        "zrig_program_exit_status{node=\"again\",replica=\"\"} 3",
        "zrig_program_exit_signal{node=\"left\",replica=\"\"} 9",
        "zrig_node_status{node=\"left\",replica=\"\",status=\"exited\"} 1",
    ] {
        let line = line.replace(",replica=\"\"", "");
        assert!(metrics.contains(&line), "{line}");
    }
    for absent in ["zrig_node_handled_total{node=\"worker\"", "zrig_socket_peers{node=\"worker\""] {
        assert!(!metrics.contains(absent), "{absent}");
    }
    run.stop();
}

#[test]
fn who_asks_a_program_is_told_what_to_do_instead() {
    let folder = tempfile::tempdir().unwrap();
    let run = started(free_port(), folder.path().to_str().unwrap());
    run.says("running live");
    let zrig = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_zrig"))
            .args(arguments)
            .env("XDG_RUNTIME_DIR", folder.path())
            .output()
            .unwrap();
        let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        (output.status.code(), said)
    };
    // By its socket: other tests have runs of the same name.
    let socket = || {
        let found = std::fs::read_dir(folder.path().join("zrig")).into_iter().flatten().flatten();
        let mut paths = found.map(|entry| entry.path().display().to_string());
        paths.find(|path| path.ends_with(".sock"))
    };
    eventually("it can be asked", || socket().is_some());
    let name = socket().unwrap();
    for arguments in [
        &["tap", &name, "worker"][..],
        &["send", &name, "worker.jobs", "hello"],
        &["call", &name, "worker.jobs", "hello"],
    ] {
        let (status, said) = zrig(arguments);
        assert_ne!(status, Some(0), "{said}");
        assert!(said.contains("worker is a program, which opens its sockets itself"), "{said}");
        assert!(said.contains("tap the node at the other end of its link"), "{said}");
    }
    let (_, table) = zrig(&["top", &name, "--once", "--interval", "100ms"]);
    let row = table.lines().find(|line| line.starts_with("worker")).unwrap();
    let cells: Vec<&str> = row.split_whitespace().collect();
    assert_eq!(cells[1..], ["running", "-", "-", "-", "-", "-", "-", "-", "-", "0"], "{table}");
    run.stop();
}
