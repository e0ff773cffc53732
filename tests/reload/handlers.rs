//! Handlers that change between two messages.

use crate::edited::{Edited, notes, times};
use crate::support::{Peer, free_ports, soaking};

fn relay(from: u16, to: u16, version: usize) -> String {
    let squared = version * version;
    // Work in between, so that a mixture of two versions would have time to happen.
    format!(
        "
nodes:
  relay:
    sockets:
      in: {{role: pull, connect: {from}}}
      out: {{role: push, bind: {to}}}
    on_start: this.n = 0
    on_message: |
      this.n += 1;
      let first = {version};
      let i = 0;
      while i < 5 {{ i += 1 }}
      `${{msg.text}} ${{first}} {squared}`
    on_stop: print(`handled ${{this.n}}`)
"
    )
}

#[test]
fn handlers_are_swapped_under_full_load_and_nothing_is_lost() {
    let [from, to] = free_ports();
    let mut edited = Edited::start(&relay(from, to, 1));
    let mut sender = Peer::flood(&format!("send --bind tcp://127.0.0.1:{from}"));
    let receiver = Peer::flood(&format!("receive --connect tcp://127.0.0.1:{to}"));
    let swaps = times(40, 1000);
    for version in 2..swaps + 2 {
        let receipt = edited.apply(&relay(from, to, version));
        assert_eq!(
            receipt["held"].as_array().unwrap().len(),
            0,
            "nobody needs to be held: {receipt}"
        );
    }
    sender.tell("end");
    let sent = sender.well();
    let received = receiver.well();
    assert_eq!(sent["sent"], received["received"]);
    assert_eq!(received["disconnects"], 0);
    assert!(received["versions"].as_u64().unwrap() as usize > swaps / 2, "{received}");
    println!("{swaps} swaps: {received}");
    // The end is a message too.
    let handled = received["received"].as_u64().unwrap() + 1;
    edited.stop().expect(0, [&format!("handled {handled}")]);
}

#[test]
fn a_swap_of_handlers_costs_no_latency() {
    let [from, to] = free_ports();
    let seconds = if soaking() { 30 } else { 4 };
    let rate = 2000;
    let mut p99 = [0.0; 2];
    for (swapping, p99) in [false, true].into_iter().zip(&mut p99) {
        let mut edited = Edited::start(&relay(from, to, 1));
        let receiver = Peer::flood(&format!("receive --connect tcp://127.0.0.1:{to}"));
        let mut sender = Peer::flood(&format!(
            "send --bind tcp://127.0.0.1:{from} --rate {rate} --count {}",
            rate * seconds
        ));
        let mut version = 1;
        let over = std::time::Instant::now() + std::time::Duration::from_secs(seconds - 1);
        while std::time::Instant::now() < over {
            if swapping {
                version += 1;
                edited.apply(&relay(from, to, version));
            } else {
                std::thread::sleep(std::time::Duration::from_millis(50));
            }
        }
        sender.says("sent");
        sender.tell("end");
        sender.well();
        let received = receiver.well();
        println!("swapping {swapping}, {version} versions: {received}");
        *p99 = received["p99_ms"].as_f64().unwrap();
        edited.stop();
    }
    let added = p99[1] - p99[0];
    println!("p99 {:.3} ms without, {:.3} ms with swaps: {added:.3} ms added", p99[0], p99[1]);
    // Only a quiet machine can tell; the full run is made on one.
    assert!(added < if soaking() { 5.0 } else { 50.0 }, "{p99:?}");
}

#[test]
fn the_state_stays_and_on_reload_may_migrate_it() {
    let yaml = |on_message: &str, more: &str| {
        format!(
            "
nodes:
  source: {{role: push, bind: 'inproc://s', every: 2ms, on_start: this.n = 0, on_tick: 'this.n += 1; this.n'}}
  sink:
    role: pull
    connect: source
    on_start: this.seen = 0
    on_message: |
      {on_message}
{more}"
        )
    };
    let mut edited = Edited::start(&yaml("this.seen += 1; print(`seen ${this.seen}`)", ""));
    edited.passes("seen", 20);
    let migrate = "    on_reload: |\n      this.count = this.seen; this.seen = ();  print(`migrated at ${this.count}`)\n";
    edited.apply(&yaml("this.count += 1; print(`count ${this.count}`)", migrate));
    let migrated = edited.passes("migrated at", 19);
    edited.passes("count", migrated + 20);
    let text = edited.stop().text();
    assert!(text.contains(&format!("count {}", migrated + 1)), "{text}");
}

#[test]
fn a_span_of_silence_changes_while_it_runs_and_a_paused_socket_stays_paused() {
    let [from] = free_ports();
    let yaml = |idle: &str, more: &str| {
        format!(
            "
nodes:
  source: {{role: push, bind: {from}, every: 5ms, on_start: this.n = 0, on_tick: 'this.n += 1; this.n'}}
  sink:
    role: pull
    connect: source
    idle: {idle}
    on_start: this.seen = 0; this.idle = 0
    on_message: |
      this.seen += 1;
      if this.seen == 10 {{ pause() }}
    on_idle: |
      this.idle += 1;
      print(`idle ${{this.idle}} seen ${{this.seen}}`)
{more}"
        )
    };
    let mut edited = Edited::start(&yaml("1h", ""));
    let receipt = edited.apply(&yaml("50ms", ""));
    assert_eq!(receipt["held"].as_array().unwrap().len(), 0, "nobody needs to be held: {receipt}");
    edited.passes("idle", 3);
    // A socket that is opened anew keeps what was said of the one before.
    edited.apply(&yaml("50ms", "    hwm: 77\n"));
    let before = edited.greatest_number("idle").unwrap();
    edited.passes("idle", before + 3);
    let text = edited.stop().text();
    assert!(!text.contains("seen 11"), "{text}");
}

#[test]
fn what_a_new_name_means_is_told_and_so_is_an_edit_that_changes_nothing() {
    let yaml = "name: one\nnodes:\n  a: {role: pull, bind: inproc://x, on_message: this.n = 1;}\n  \
                b: {role: push, connect: a, every: 1s, on_tick: send(1)}\n";
    let mut edited = Edited::start(yaml);
    let receipt = edited.apply(&format!("# nothing but this\n{yaml}"));
    assert_eq!(receipt["nodes"].as_array().unwrap().len(), 0, "{receipt}");
    edited.run.says("nothing changed");
    let receipt = edited.apply(&yaml.replace("name: one", "name: two"));
    assert!(notes(&receipt).contains("the topology `one` is called `two` now"), "{receipt}");
    let receipt = edited.apply(&yaml.replace("  a: ", "  c: ").replace("connect: a", "connect: c"));
    assert!(notes(&receipt).contains("c looks like a under another name"), "{receipt}");
    edited.stop().expect(0, []);
}
