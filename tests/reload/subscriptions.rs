//! Subscriptions that come and go while the connections stay.

use zrig::snapshot::Snapshot;

use crate::edited::{Edited, notes, times};
use crate::support::http::get;
use crate::support::{Peer, Zrig, eventually, free_port, free_ports};

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

#[test]
fn a_publisher_that_is_rebuilt_waits_for_no_subscription_that_goes() {
    let port = free_port();
    let station = |hwm: u32| {
        format!(
            "
nodes:
  station: {{role: pub, bind: {port}, hwm: {hwm}, every: 5ms, on_tick: 'publish(1000, 1); publish(2000, 2)'}}
"
        )
    };
    let display = |name: &str, more: &str| {
        format!(
            "  {name}: {{role: sub, connect: station, on_message: 'print(`{name} ${{msg.msgid}}`)', {more}}}\n"
        )
    };
    let relay = "
  relay:
    sockets: {in: {role: xsub, connect: station}, out: {role: xpub, bind: 'inproc://relayed'}}
    forward: [in, out]
";
    let behind = "  behind: {role: sub, connect: relay.out, msgids: [3000], on_message: '()'}\n";
    let versions = [
        [display("one", "msgids: [1000, 2000]"), display("two", "msgids: [1000]")].concat(),
        // An id goes, then a subscriber, both come back, one moves, copies go, a relay's reader goes.
        [display("one", "msgids: [1000]"), display("two", "msgids: [1000]")].concat(),
        display("one", "msgids: [1000]"),
        [display("one", "msgids: [1000, 2000]"), display("two", "msgids: [2000]")].concat(),
        [display("one", "msgids: [2000]"), display("two", "msgids: [1000], isolate: true")]
            .concat(),
        display("one", "msgids: [1000], replicas: 3"),
        display("one", "msgids: [1000], replicas: 2"),
        [&display("one", "msgids: [1000]"), relay, behind].concat(),
        [&display("one", "msgids: [1000]"), relay].concat(),
        display("one", "topics: all"),
        display("one", "msgids: [1000], on_start: unsubscribe(1000)"),
        display("two", "msgids: [1000]"),
    ];
    let mut edited = Edited::start(&[&*station(100), &*versions[0]].concat());
    edited.run.says("one 2000");
    for (number, version) in versions.iter().enumerate().skip(1) {
        let receipt = edited.apply(&[&*station(100 + number as u32), &**version].concat());
        assert_eq!(notes(&receipt), "", "version {number}: {receipt:#}");
    }
    edited.stop();
}

#[test]
fn a_publisher_that_is_rebuilt_still_waits_for_its_subscribers_outside() {
    let port = free_port();
    let yaml = |hwm: u32, ids: &str| {
        format!(
            "
nodes:
  station: {{role: pub, bind: {port}, hwm: {hwm}, on_start: this.n = 0, every: 5ms,
            on_tick: 'this.n += 1; publish(2000, this.n)', on_reload: 'publish(2000, `new ${{this.n}}`)'}}
  display: {{role: sub, connect: station, msgids: {ids}, on_message: '()'}}
"
        )
    };
    let context = zmq::Context::new();
    let outside = context.socket(zmq::SUB).unwrap();
    outside.set_reconnect_ivl(20).unwrap();
    outside.set_subscribe(b"2000 ").unwrap();
    outside.set_rcvtimeo(20_000).unwrap();
    outside.connect(&format!("tcp://127.0.0.1:{port}")).unwrap();
    let mut edited = Edited::start(&yaml(100, "[1000, 2000]"));
    outside.recv_bytes(0).unwrap();
    for (hwm, ids) in [(101, "[1000]"), (102, "[1000, 2000]")] {
        // What the publisher says first after the reload is heard outside.
        let handler = format!("on_reload: 'publish(2000, `{hwm} is here`)'");
        let yaml = yaml(hwm, ids).replace("on_reload: 'publish(2000, `new ${this.n}`)'", &handler);
        edited.save(&yaml);
        // A subscriber subscribes again while its program is in a call of libzmq.
        let is_first =
            |message: &[u8]| String::from_utf8_lossy(message).contains(&format!("{hwm} is here"));
        let heard = (0..2_000).any(|_| is_first(&outside.recv_bytes(0).unwrap()));
        assert!(heard, "it published before its subscriber was back");
        assert_eq!(edited.receipt()["verdict"], "applied");
    }
    edited.stop();
}

/// What is on its way to a subscriber that no longer wants it is thrown away by libzmq: that is no
/// loss, and it does not wait for ever either.
#[test]
fn ids_that_come_and_go_under_load_are_no_drops_where_the_publisher_waits() {
    for endpoint in ["tcp://127.0.0.1:*", "inproc://news"] {
        let [metrics] = free_ports();
        let yaml = |ids: &str, runs: bool| {
            let tick = if runs {
                "for n in 0..20 { publish(1000, n); publish(2000, n); publish(3000, n) }"
            } else {
                "()"
            };
            format!(
                "
nodes:
  station: {{role: pub, bind: '{endpoint}', when_full: wait, hwm: 20, every: 1ms, on_tick: '{tick}'}}
  slow:
    role: sub
    connect: station
    hwm: 20
    msgids: {ids}
    on_message: 'let n = 0; while n < 300 {{ n += 1 }} count(\"got\")'
  other: {{role: sub, connect: station, hwm: 20, msgids: [1000, 3000], on_message: '()'}}
"
            )
        };
        let zrig = Zrig::of(&yaml("[1000, 2000]", true));
        let mut edited = Edited::of(zrig.arguments(["--metrics", &metrics.to_string()]));
        let seen =
            || -> Snapshot { serde_json::from_str(&get(metrics, "/topology").body).unwrap() };
        let got = || seen().node("slow").unwrap().user.get("got").copied().unwrap_or(0);
        let mut before = 0;
        let versions = ["[1000]", "[2000, 3000]", "[3000]", "[1000, 2000]"];
        for number in 0..times(12, 200) {
            edited.apply(&yaml(versions[number % 4], true));
            eventually("it gets more", || got() > before + 100);
            before = got();
        }
        edited.apply(&yaml("[1000]", false));
        let waiting = || {
            let seen = seen();
            let flow = seen.flows.iter().find(|flow| flow.to[0].instance == "slow").unwrap();
            assert_eq!(flow.dropped, Some(0), "{endpoint}: {flow:?}");
            let sum = flow.received.unwrap() + flow.waiting.unwrap();
            assert_eq!(flow.sent, Some(sum), "{flow:?}");
            flow.waiting.unwrap()
        };
        // A subscriber may have hundreds of thousands of messages before it, all to be thrown away.
        let mut before = waiting();
        while before > 0 {
            eventually("fewer wait", || waiting() < before);
            before = waiting();
        }
        let ending = edited.stop();
        assert!(!ending.said("did not arrive"), "{}", ending.text());
    }
}
