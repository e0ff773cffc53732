//! Names of hosts that a name server takes long to find: nothing else waits for it.

use std::fs;
use std::process::Command;

use crate::support::{Zrig, free_ports};

#[test]
fn a_name_server_that_does_not_answer_holds_up_no_other_connection() {
    let [one, two, inside] = free_ports();
    let yaml = format!(
        "
nodes:
  tcp: {{role: push, connect: 'tcp://slow.example:{one}', on_start: send(1)}}
  ws: {{role: push, connect: 'ws://slow.example:{two}', on_start: send(2)}}
  once:
    role: push
    connect: tcp://slow.example:{one}
    options: {{reconnect_ivl: -1}}
    on_start: send(3)
  source: {{role: push, connect: 'tcp://127.0.0.1:{inside}', every: 5ms, on_tick: send(now())}}
  sink: {{role: pull, bind: 'tcp://127.0.0.1:{inside}', on_message: print(\"heard\")}}
"
    );
    let zrig = Zrig::of(&yaml);
    let (library, answered) = (zrig.path("slow_names.so"), zrig.path("answered"));
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/run/slow_names.c");
    let mut compiler = Command::new("cc");
    compiler.args(["-shared", "-fPIC", "-o"]).arg(&library).arg(source).arg("-ldl");
    assert!(compiler.status().unwrap().success());
    let zrig = zrig.environment("LD_PRELOAD", library.display());
    let run = zrig.environment("ANSWERED", answered.display()).start();
    for node in ["tcp", "ws", "once"] {
        run.says_what(node, |line| {
            line.contains(&format!("warn  {node}.push"))
                && line.contains("the look-up of its host's name has not ended yet")
        });
    }
    run.says_times("heard", 100);
    fs::write(&answered, "").unwrap();
    let context = zmq::Context::new();
    let mut came = Vec::new();
    for (scheme, port, messages) in [("tcp", one, 2), ("ws", two, 1)] {
        let pull = context.socket(zmq::PULL).unwrap();
        pull.set_rcvtimeo(30_000).unwrap();
        pull.bind(&format!("{scheme}://127.0.0.1:{port}")).unwrap();
        came.extend((0..messages).map(|_| pull.recv_string(0).unwrap().unwrap()));
    }
    came.sort();
    assert_eq!(came, ["1", "2", "3"]);
    let ending = run.stop();
    assert!(ending.said("ended"), "{}", ending.text());
}
