//! Subscriptions that come and go while the connections stay.

use crate::edited::{Edited, times};
use crate::support::{Peer, free_port};

#[test]
fn subscriptions_change_without_a_disconnect_and_what_stays_loses_nothing() {
    let port = free_port();
    let yaml = |extra: &str| {
        format!(
            "
nodes:
  display:
    role: sub
    connect: {port}
    format: plain
    topics: [flood{extra}]
    every: 20ms
    on_start: this.next = 0; this.bad = 0; this.others = 0
    on_message: |
      let words = msg.text.split(\" \");
      if words[0] != \"flood\" {{ this.others += 1 }}
      else if words[1] == \"end\" {{ print(`end ${{words[2]}} next ${{this.next}} bad ${{this.bad}}`) }}
      else {{
        let n = parse_int(words[1]);
        if n != this.next {{ this.bad += 1 }}
        this.next = n + 1;
      }}
    on_tick: print(`arrived ${{this.next}}`)
"
        )
    };
    let mut edited = Edited::start(&yaml(""));
    // Paced, since a publisher drops what a full queue does not take.
    let mut sender = Peer::flood(&format!(
        "send --type pub --bind tcp://127.0.0.1:{port} --rate 5000 --hwm 100000 --delay 1"
    ));
    let mut arrived = edited.passes("arrived", 100);
    for change in 0..times(10, 200) {
        let extra = format!(", other{}", change % 7);
        let receipt = edited.apply(&yaml(if change % 2 == 0 { &extra } else { "" }));
        let changes = receipt["nodes"][0]["changes"].as_array().unwrap();
        assert!(changes.iter().all(|change| change["how"] == "live"), "{receipt:#}");
        assert_eq!(receipt["held"].as_array().unwrap().len(), 0);
        arrived = edited.passes("arrived", arrived);
    }
    sender.tell("end");
    let sent = sender.well();
    assert_eq!((&sent["connects"], &sent["disconnects"]), (&1.into(), &0.into()));
    let sent = sent["sent"].as_u64().unwrap();
    edited.run.says(&format!("end {sent} next {sent} bad 0"));
    edited.stop();
}

#[test]
fn what_a_handler_subscribed_to_is_still_there_after_a_rebuild() {
    let yaml = |hwm: u32| {
        format!(
            "
nodes:
  station:
    role: pub
    bind: 'inproc://s'
    every: 2ms
    on_start: this.n = 0
    on_tick: this.n += 1; publish(2000, this.n)
  display:
    role: sub
    connect: station
    msgids: [1000]
    hwm: {hwm}
    on_start: subscribe(2000)
    on_message: print(`got ${{msg.body}}`)
"
        )
    };
    let mut edited = Edited::start(&yaml(100));
    let got = edited.passes("got", 10);
    edited.apply(&yaml(50));
    let now = edited.passes("got", got + 200);
    assert!(now > got);
    edited.stop();
}
