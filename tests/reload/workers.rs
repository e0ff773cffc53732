//! Workers of a pipeline that come and go under load.

use crate::edited::{Edited, times};
use crate::support::{Peer, free_ports};

fn pipeline(source: u16, sink: u16, replicas: usize, more: &str) -> String {
    format!(
        "
nodes:
  ventilator:
    forward: {{in: out}}
    sockets:
      in: {{role: pull, connect: {source}}}
      out: {{role: push, bind: 'ipc://@zrig-{source}'}}
  worker:
    replicas: {replicas}
    sockets:
      in: {{role: pull, connect: ventilator.out}}
      out: {{role: push, connect: collector.in}}
    on_in: |
      let i = 0;
      while i < 20 {{ i += 1 }}
      msg
  collector:
    forward: {{in: out}}
    sockets:
      in: {{role: pull, bind: 'inproc://collected'}}
      out: {{role: push, bind: {sink}}}
{more}"
    )
}

#[test]
fn workers_come_and_go_under_load_and_nothing_is_lost() {
    let [source, sink] = free_ports();
    let mut edited = Edited::start(&pipeline(source, sink, 2, ""));
    let mut sender = Peer::flood(&format!("send --bind tcp://127.0.0.1:{source}"));
    let receiver = Peer::flood(&format!("receive --connect tcp://127.0.0.1:{sink} --unordered"));
    let extra = "
  helper:
    sockets:
      in: {role: pull, connect: ventilator.out}
      out: {role: push, connect: collector.in}
    on_in: msg
";
    let mut slowest: f64 = 0.0;
    for round in 0..times(10, 100) {
        let replicas = [3, 1, 4, 2][round % 4];
        let more = if round % 3 == 1 { extra } else { "" };
        let receipt = edited.apply(&pipeline(source, sink, replicas, more));
        assert_eq!(receipt["dropped"], 0, "{receipt:#}");
        slowest = slowest.max(receipt["milliseconds"].as_f64().unwrap());
    }
    sender.tell("end");
    sender.well();
    let received = receiver.well();
    println!("workers: slowest {slowest:.0} ms; {received}");
    edited.stop();
}

#[test]
fn a_node_that_becomes_isolated_or_replicated_keeps_its_state() {
    let yaml = |more: &str| {
        format!(
            "
nodes:
  source: {{role: push, bind: 'inproc://s', every: 1ms, on_start: this.n = 0, on_tick: 'this.n += 1; this.n'}}
  sink:
    role: pull
    connect: source
    {more}
    on_start: this.next = 1
    on_message: |
      let n = parse_int(msg.text);
      if n != this.next {{ log(\"error\", `wanted ${{this.next}}, got ${{n}}`) }}
      this.next = n + 1;
      print(`arrived ${{n}}`)
"
        )
    };
    let mut edited = Edited::start(&yaml(""));
    let mut arrived = edited.passes("arrived", 20);
    for more in ["isolate: true", "", "replicas: 1", "", "isolate: true"] {
        edited.apply(&yaml(more));
        arrived = edited.passes("arrived", arrived + 20);
    }
    let ending = edited.stop();
    assert!(!ending.said("wanted"), "{}", ending.text());
}
