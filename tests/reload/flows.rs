//! Figures over a reload: every link's count goes on and adds up.

use zrig::snapshot::{FlowSnapshot, Snapshot};

use crate::edited::{Edited, times};
use crate::support::http::get;
use crate::support::{Zrig, eventually, free_ports};

fn snapshot(port: u16) -> Snapshot {
    serde_json::from_str(&get(port, "/topology").body).unwrap()
}

/// The flow that ends at a node.
#[track_caller]
fn flow_to<'s>(seen: &'s Snapshot, instance: &str) -> &'s FlowSnapshot {
    let flow = seen.flows.iter().find(|flow| flow.to.iter().any(|port| port.instance == instance));
    flow.unwrap_or_else(|| panic!("none to {instance}: {:?}", seen.flows))
}

/// What was sent, received and dropped, which has to add up.
#[track_caller]
fn figures(flow: &FlowSnapshot) -> [u64; 3] {
    let known = |figure: Option<u64>| figure.unwrap_or_else(|| panic!("unknown: {flow:?}"));
    let [sent, received, dropped, waiting] =
        [flow.sent, flow.received, flow.dropped, flow.waiting].map(known);
    assert_eq!(sent, received + dropped + waiting, "{flow:?}");
    [sent, received, dropped]
}

#[test]
fn what_was_sent_received_and_dropped_adds_up_over_reloads() {
    let [tcp, metrics] = free_ports::<2>();
    let yaml = |hwm: u32, runs: bool| {
        let every = if runs { "every: 1ms" } else { "" };
        format!(
            "
nodes:
  source:
    role: push
    connect: sink
    hwm: {hwm}
    {every}
    on_tick: 'for i in 0..20 {{ send(i); }} count(\"given\", 20)'
  sink: {{role: pull, bind: {tcp}, hwm: {hwm}, on_message: 'count(\"got\")'}}
  station:
    role: pub
    bind: 'inproc://news'
    hwm: {hwm}
    {every}
    on_tick: 'for i in 0..20 {{ publish(1000, i); }} count(\"given\", 20)'
  display: {{role: sub, connect: station, msgids: [1000], hwm: 10, on_message: 'count(\"got\")'}}
"
        )
    };
    let address = metrics.to_string();
    let mut edited = Edited::of(Zrig::of(&yaml(100, true)).arguments(["--metrics", &address]));
    let mut last = [[0; 3]; 2];
    for round in 1..=times(8, 100) {
        edited.apply(&yaml(if round % 2 == 0 { 100 } else { 20 }, true));
        let seen = snapshot(metrics);
        for (last, instance) in last.iter_mut().zip(["sink", "display"]) {
            let now = figures(flow_to(&seen, instance));
            let goes_on = now.iter().zip(&*last).all(|(now, last)| now >= last);
            assert!(goes_on, "{instance}: {last:?} became {now:?}");
            *last = now;
        }
    }
    edited.apply(&yaml(100, false));
    for (from, to) in [("source", "sink"), ("station", "display")] {
        eventually("all that was given is accounted for", || {
            let seen = snapshot(metrics);
            let count = |node: &str, name: &str| {
                seen.node(node).unwrap().user.get(name).copied().unwrap_or_default()
            };
            let [sent, received, dropped] = figures(flow_to(&seen, to));
            let (given, got) = (count(from, "given"), count(to, "got"));
            i64::try_from(sent) == Ok(given)
                && i64::try_from(received) == Ok(got)
                && sent == received + dropped
        });
    }
    edited.stop();
}
