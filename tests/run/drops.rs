//! What is lost is counted: sent is received, dropped and on its way, exactly.

use zrig::snapshot::{FlowSnapshot, Snapshot};

use super::figures::{serving, snapshot};
use crate::support::{Zrig, eventually, free_port, numbered};

/// The one flow that ends at an instance.
#[track_caller]
fn flow_to(seen: &Snapshot, instance: &str) -> FlowSnapshot {
    let mut flows = seen.flows.iter().filter(|flow| flow.to[0].instance == instance);
    let flow = flows.next().unwrap_or_else(|| panic!("none to {instance}: {:?}", seen.flows));
    assert!(flows.next().is_none(), "{:?}", seen.flows);
    flow.clone()
}

/// A flow's figures, which have to add up.
#[track_caller]
fn figures(flow: &FlowSnapshot) -> [u64; 4] {
    let figures = [flow.sent, flow.received, flow.dropped, flow.waiting];
    let [sent, received, dropped, waiting] = figures.map(|figure| figure.unwrap());
    assert_eq!(sent, received + dropped + waiting, "{flow:?}");
    [sent, received, dropped, waiting]
}

/// Follows a flow until so many were sent and none is on its way.
#[track_caller]
fn settled(port: u16, instance: &str, sent: u64) -> [u64; 4] {
    let mut last = [0; 4];
    eventually("nothing is on its way", || {
        let now = figures(&flow_to(&snapshot(port), instance));
        assert!(now[0] >= last[0] && now[1] >= last[1] && now[2] >= last[2], "{last:?} {now:?}");
        last = now;
        now[0] >= sent && now[3] == 0
    });
    last
}

const MANY: usize = 100_000;

#[test]
fn a_slow_subscriber_loses_exactly_what_is_counted() {
    for endpoint in ["tcp://127.0.0.1:*", "inproc://news"] {
        let port = free_port();
        let yaml = format!(
            "
defaults: {{hwm: 10}}
nodes:
  station:
    role: pub
    bind: '{endpoint}'
    read: {{file: lines.txt}}
    options: {{sndbuf: 8KiB}}
  slow:
    role: sub
    connect: station
    msgids: [1000]
    options: {{rcvbuf: 8KiB}}
    on_message: 'let n = 0; while n < 300 {{ n += 1 }} msg.body'
    write: {{file: got.txt}}
  fast: {{role: sub, connect: station, topics: all, on_message: '()'}}
"
        );
        let lines = numbered("line", MANY).join("\n");
        let run = serving(Zrig::of(&yaml).with("lines.txt", lines), port);
        let [sent, received, dropped, _] = settled(port, "slow", MANY as u64);
        println!("{endpoint}: {received} + {dropped} = {sent}");
        assert_eq!(sent, MANY as u64);
        assert!(dropped > 0, "nothing was dropped");

        let seen = snapshot(port);
        let link = seen.links.iter().find(|link| link.to.instance == "slow").unwrap();
        assert_eq!(
            (link.sent, link.received, link.dropped),
            (Some(sent), Some(received), Some(dropped))
        );
        let [_, _, fast, _] = settled(port, "fast", MANY as u64);
        let full = snapshot(port).node("station").unwrap().sockets[0].dropped.full;
        assert_eq!(full, dropped + fast, "what the publisher shows is all that both lost");

        let ending = run.stop();
        let got = ending.file("got.txt");
        assert_eq!(got.len() as u64, received);
        assert!(ending.said(&format!("station.pub → slow.sub: {dropped} of {sent} messages")));
    }
}
