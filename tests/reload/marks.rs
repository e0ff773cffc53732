//! High-water marks that change under load, on links inside the file and towards peers outside.

use crate::edited::{Edited, notes, times};
use crate::support::{Peer, Zrig, free_port, free_ports};

/// Marks up and down, one after the other.
const MARKS: [(u32, u32); 8] =
    [(50, 1000), (5, 5), (1000, 50), (2, 300), (300, 2), (10, 10), (1000, 1000), (3, 1000)];

/// How full the pipes are: how often the source sends how many, and how slow the sink is.
struct Load {
    name: &'static str,
    every: &'static str,
    batch: u32,
    work: u32,
}

const LOADS: [Load; 3] = [
    Load { name: "full", every: "1ms", batch: 500, work: 200 },
    Load { name: "half-full", every: "5ms", batch: 300, work: 0 },
    Load { name: "empty", every: "1ms", batch: 1, work: 0 },
];

fn link(binds: &str, (send, receive): (u32, u32), load: &Load, source_runs: bool) -> String {
    let Load { every, batch, work, .. } = load;
    let every = if source_runs { format!("every: {every}") } else { String::new() };
    let on_reload = if source_runs { "()" } else { "print(`sent ${this.n}`)" };
    let work = if source_runs { *work } else { 0 };
    format!(
        "
nodes:
  source:
    role: push
    connect: sink
    hwm: {{send: {send}}}
    {every}
    on_start: this.n = 0
    on_tick: |
      for i in 0..{batch} {{ this.n += 1; send(this.n) }}
    on_reload: {on_reload}
  sink:
    role: pull
    bind: '{binds}'
    hwm: {{receive: {receive}}}
    every: 20ms
    on_start: this.next = 1; this.bad = 0
    on_message: |
      let n = parse_int(msg.text);
      if n != this.next {{
        this.bad += 1;
        if this.bad < 10 {{ log(\"error\", `wanted ${{this.next}}, got ${{n}}`) }}
      }}
      this.next = n + 1;
      let i = 0;
      while i < {work} {{ i += 1 }}
    on_tick: print(`arrived ${{this.next - 1}} bad ${{this.bad}}`)
"
    )
}

fn marks_change(transport: &str, endpoint: impl Fn(&Zrig) -> String) {
    for load in &LOADS {
        let zrig = Zrig::of("");
        let binds = endpoint(&zrig);
        let file = zrig.path("topology.yaml");
        std::fs::write(file, link(&binds, (1000, 1000), load, true)).unwrap();
        let mut edited = Edited::of(zrig);
        let mut arrived = edited.passes("arrived", 0);
        let changes = times(6, 200);
        let mut slowest: f64 = 0.0;
        for change in 0..changes {
            let receipt = edited.apply(&link(&binds, MARKS[change % MARKS.len()], load, true));
            assert_eq!(notes(&receipt), "", "{transport} {}: {receipt:#}", load.name);
            slowest = slowest.max(receipt["milliseconds"].as_f64().unwrap());
            arrived = edited.passes("arrived", arrived);
        }
        edited.apply(&link(&binds, MARKS[changes % MARKS.len()], load, false));
        let sent = edited.passes("sent", 0);
        edited.passes("arrived", sent - 1);
        println!(
            "{transport} {}: {changes} changes, {sent} messages, slowest {slowest:.0} ms",
            load.name
        );
        edited.stop().expect(0, [&format!("arrived {sent} bad 0")]);
    }
}

#[test]
fn marks_of_a_tcp_link_change_and_nothing_is_lost() {
    marks_change("tcp", |_| format!("tcp://127.0.0.1:{}", free_port()));
}

#[test]
fn marks_of_an_ipc_link_change_and_nothing_is_lost() {
    marks_change("ipc", |zrig| format!("ipc://{}", zrig.path("link.ipc").display()));
}

#[test]
fn marks_of_an_inproc_link_change_and_nothing_is_lost() {
    marks_change("inproc", |_| "inproc://link".to_owned());
}

/// A source, and a sink that is blocked as soon as it has handled anything.
fn blocked(nobody: u16, send: u32, receive: u32) -> String {
    format!(
        "
nodes:
  source:
    role: push
    bind: inproc://link
    hwm: {{send: {send}}}
    every: 1ms
    on_start: this.n = 0
    on_tick: |
      this.n += 1; print(`offered ${{this.n}}`); this.n
  sink:
    sockets:
      in: {{role: pull, connect: source, hwm: {{receive: {receive}}}}}
      out: {{role: push, connect: {nobody}, hwm: 1}}
    on_in: msg
"
    )
}

#[test]
fn a_new_mark_really_holds() {
    let settled = |edited: &Edited| {
        let mut last = edited.passes("offered", 0);
        loop {
            std::thread::sleep(std::time::Duration::from_millis(300));
            let now = edited.greatest_number("offered").unwrap();
            if now == last {
                return now;
            }
            last = now;
        }
    };
    let nobody = free_port();
    let mut edited = Edited::start(&blocked(nobody, 100, 100));
    let first = settled(&edited);
    // Both marks, what the sink holds, and the message that the source waits with.
    assert!((200..=200 + 66).contains(&first), "{first}");
    edited.apply(&blocked(nobody, 400, 100));
    let second = settled(&edited);
    // What the sink had received waits in it, and the link is empty again.
    assert!((first + 490..=first + 570).contains(&second), "{first} {second}");
    edited.apply(&blocked(nobody, 10, 5));
    let third = settled(&edited);
    assert!((second..=second + 20).contains(&third), "{second} {third}");
    edited.stop();
}

/// A source that sends to peers outside.
fn outward(attach: &str, send: u32, runs: bool) -> String {
    let (every, on_reload) = if runs {
        ("every: 1ms", "()")
    } else {
        ("", "send(`source end ${this.n}`); print(`sent ${this.n}`)")
    };
    format!(
        "
nodes:
  source:
    role: push
    {attach}
    hwm: {send}
    {every}
    on_start: this.n = 0
    on_tick: |
      for i in 0..100 {{ send(`source ${{this.n}} 0`); this.n += 1 }}
      this.ticks = if this.ticks == () {{ 1 }} else {{ this.ticks + 1 }};
      if this.ticks % 20 == 0 {{ print(`reached ${{this.n}}`) }}
    on_reload: {on_reload}
"
    )
}

fn outside_receiver(attach: &str, receiver: &str, slow: f64) {
    let mut edited = Edited::start(&outward(attach, 1000, true));
    let receiver = Peer::flood(&format!("receive {receiver} --slow {slow} --hwm 20"));
    let mut reached = edited.passes("reached", 0);
    let mut named = 0;
    for change in 0..times(5, 200) {
        let receipt = edited.apply(&outward(attach, MARKS[change % MARKS.len()].0, true));
        // It may just be on its way back from the change before.
        named += usize::from(notes(&receipt).contains("source.push was replaced while 1 peer"));
        reached = edited.passes("reached", reached);
    }
    edited.apply(&outward(attach, 7, false));
    edited.passes("sent", 0);
    let received = receiver.well();
    println!("{attach}: the peer was named in {named} receipts; {received}");
    assert!(named > 0);
    edited.stop();
}

#[test]
fn marks_towards_an_outside_receiver_change_and_nothing_is_lost_or_reordered() {
    let port = free_port();
    outside_receiver(&format!("bind: {port}"), &format!("--connect tcp://127.0.0.1:{port}"), 0.0);
}

#[test]
fn marks_towards_a_slow_outside_receiver_change_and_nothing_is_lost_or_reordered() {
    let port = free_port();
    outside_receiver(&format!("bind: {port}"), &format!("--connect tcp://127.0.0.1:{port}"), 0.1);
}

#[test]
fn marks_towards_an_outside_receiver_that_binds_change_and_nothing_is_lost() {
    let port = free_port();
    // ZeroMQ promises no order between two connections.
    outside_receiver(
        &format!("connect: {port}"),
        &format!("--bind tcp://127.0.0.1:{port} --unordered"),
        0.0,
    );
}

#[test]
fn marks_towards_outside_senders_change_without_a_stall_and_the_receipt_says_what_is_at_risk() {
    let [one, two] = free_ports();
    let yaml = |receive: u32| {
        format!(
            "
nodes:
  sink:
    role: pull
    bind: {one}
    connect: {two}
    hwm: {{receive: {receive}}}
    every: 20ms
    on_start: this.n = 0
    on_message: this.n += 1
    on_tick: print(`arrived ${{this.n}}`)
"
        )
    };
    let mut edited = Edited::start(&yaml(1000));
    let mut first = Peer::flood(&format!("send --source a --connect tcp://127.0.0.1:{one}"));
    let mut second = Peer::flood(&format!("send --source b --bind tcp://127.0.0.1:{two}"));
    let mut arrived = edited.passes("arrived", 0);
    let mut slowest: f64 = 0.0;
    for change in 0..times(5, 200) {
        let receipt = edited.apply(&yaml([50, 5, 300, 2][change % 4]));
        let notes = notes(&receipt);
        assert!(notes.contains("sink.pull") && notes.contains("may be lost"), "{receipt:#}");
        slowest = slowest.max(receipt["milliseconds"].as_f64().unwrap());
        arrived = edited.passes("arrived", arrived + 1000);
    }
    let mut sent = 0;
    for sender in [&mut first, &mut second] {
        sender.tell("end");
        let summary = sender.summary();
        assert!(summary["longest_ms"].as_f64().unwrap() < 10_000.0, "{summary}");
        sent += summary["sent"].as_u64().unwrap();
    }
    std::thread::sleep(std::time::Duration::from_millis(500));
    let arrived = edited.greatest_number("arrived").unwrap();
    println!("outside senders: {sent} sent, {arrived} arrived, slowest reload {slowest:.0} ms");
    edited.stop();
}

#[test]
fn a_receiver_that_does_not_read_holds_up_no_reload() {
    let port = free_port();
    let mut edited = Edited::start(&outward(&format!("bind: {port}"), 1000, true));
    let mut receiver = Peer::flood(&format!("receive --connect tcp://127.0.0.1:{port} --hwm 20"));
    edited.passes("reached", 0);
    receiver.tell("pause");
    std::thread::sleep(std::time::Duration::from_millis(500));
    for mark in [10, 500, 20] {
        let receipt = edited.apply(&outward(&format!("bind: {port}"), mark, true));
        let took = receipt["milliseconds"].as_f64().unwrap();
        assert!(took < 1000.0, "{receipt:#}");
    }
    receiver.tell("go");
    edited.passes("reached", edited.greatest_number("reached").unwrap());
    edited.apply(&outward(&format!("bind: {port}"), 7, false));
    receiver.well();
    edited.stop();
}
