//! The metrics of flows: what always adds up, also from one place to another.
//!
//! Owns under which labels a flow is told. What a flow is stands in `snapshot`.

use std::collections::BTreeMap;

use super::exposition::{Exposition, Kind};
use crate::snapshot::{FlowSnapshot, PortSnapshot, Snapshot};

use Kind::{Counter, Gauge};

/// A figure of a flow, where it can be known.
type FlowMetric = (&'static str, Kind, &'static str, fn(&FlowSnapshot) -> Option<u64>);

const FLOWS: [FlowMetric; 4] = [
    (
        "zrig_flow_sent_messages_total",
        Counter,
        "Messages sent by the sockets of a flow, at all places.",
        |flow| flow.sent,
    ),
    (
        "zrig_flow_received_messages_total",
        Counter,
        "Messages received by the sockets of a flow, at all places.",
        |flow| flow.received,
    ),
    (
        "zrig_flow_dropped_messages_total",
        Counter,
        "Messages sent by a flow's sockets and lost.",
        |flow| flow.dropped,
    ),
    ("zrig_flow_waiting_messages", Gauge, "Messages on their way in a flow.", |flow| flow.waiting),
];

/// The ends and the pattern of flows, which are one for Prometheus where these are the same.
type Labels = (String, String, String);

/// Adds the metrics of all flows that can be known.
pub(super) fn flows(text: &mut Exposition, snapshot: &Snapshot) {
    for (name, kind, help, value) in FLOWS {
        let mut sums: BTreeMap<Labels, Option<u64>> = BTreeMap::new();
        for flow in &snapshot.flows {
            let labels =
                (ends(snapshot, &flow.from), ends(snapshot, &flow.to), flow.pattern.clone());
            let sum = sums.entry(labels).or_insert(Some(0));
            *sum = sum.zip(value(flow)).map(|(sum, more)| sum + more);
        }
        let mut family = text.family(name, kind, help);
        for ((from, to, pattern), sum) in &sums {
            if let Some(sum) = sum {
                family.sample(&[("from", from), ("to", to), ("pattern", pattern)], sum);
            }
        }
    }
}

/// The sockets at one end, without copies: `edge/worker.jobs`.
fn ends(snapshot: &Snapshot, ports: &[PortSnapshot]) -> String {
    let mut names: Vec<String> = ports.iter().map(|port| end(snapshot, port)).collect();
    names.sort();
    names.dedup();
    names.join(",")
}

fn end(snapshot: &Snapshot, port: &PortSnapshot) -> String {
    let node = snapshot.node(&port.instance).map_or(&*port.instance, |node| &node.node);
    let place = port.place.as_ref().map(|place| format!("{place}/")).unwrap_or_default();
    format!("{place}{node}.{}", port.socket)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snapshot::NodeSnapshot;

    fn port(place: Option<&str>, instance: &str, socket: &str) -> PortSnapshot {
        let (instance, socket) = (instance.to_owned(), socket.to_owned());
        PortSnapshot { place: place.map(str::to_owned), instance, socket }
    }

    #[test]
    fn flows_of_copies_are_one_and_what_nobody_knows_is_not_told() {
        let copy = |n: u32| NodeSnapshot {
            instance: format!("worker.{n}"),
            node: "worker".to_owned(),
            ..NodeSnapshot::default()
        };
        let from_copy = |n: u32, sent: Option<u64>| FlowSnapshot {
            pattern: "pub → sub".to_owned(),
            from: vec![port(None, "news", "pub")],
            to: vec![port(None, &format!("worker.{n}"), "sub")],
            sent,
            received: Some(3),
            ..FlowSnapshot::default()
        };
        let away = FlowSnapshot {
            pattern: "push → pull".to_owned(),
            from: vec![port(Some("edge"), "source", "push")],
            to: vec![port(Some("hall"), "sink", "pull")],
            sent: Some(7),
            ..FlowSnapshot::default()
        };
        let snapshot = Snapshot {
            nodes: vec![copy(1), copy(2)],
            flows: vec![from_copy(1, Some(4)), from_copy(2, None), away],
            ..Snapshot::default()
        };
        let mut text = Exposition::default();
        flows(&mut text, &snapshot);
        let told = text.finish();
        let samples: Vec<&str> = told.lines().filter(|line| !line.starts_with('#')).collect();
        assert_eq!(
            samples,
            [
                "zrig_flow_sent_messages_total{from=\"edge/source.push\",to=\"hall/sink.pull\",pattern=\"push → pull\"} 7",
                "zrig_flow_received_messages_total{from=\"news.pub\",to=\"worker.sub\",pattern=\"pub → sub\"} 6",
            ]
        );
    }
}
