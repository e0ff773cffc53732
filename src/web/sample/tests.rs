//! What is told of figures, and what is not told again.

use serde_json::{Value, json};

use super::{Sample, rounded};
use crate::snapshot::{
    Bucket, ConnectionSnapshot, HandlerSnapshot, Histogram, LinkSnapshot, NodeSnapshot, NodeStatus,
    PortSnapshot, Snapshot, SocketSnapshot,
};

fn node(name: &str, out: u64) -> NodeSnapshot {
    NodeSnapshot {
        instance: name.to_owned(),
        node: name.to_owned(),
        status: NodeStatus::Running,
        handled: out,
        handler: Histogram {
            count: out,
            sum: out as f64 * 0.001,
            buckets: vec![
                Bucket { le: 0.001, count: out * 98 / 100 },
                Bucket { le: 0.01, count: out },
            ],
        },
        handlers: vec![
            HandlerSnapshot { name: "on_message".to_owned(), calls: out, seconds: 0.25 },
            HandlerSnapshot { name: "on_stop".to_owned(), ..Default::default() },
        ],
        sockets: vec![SocketSnapshot {
            name: "pub".to_owned(),
            role: "pub".to_owned(),
            messages_out: out,
            connections: Some(vec![
                ConnectionSnapshot { outbound: 3, ..Default::default() },
                ConnectionSnapshot { outbound: 4, ..Default::default() },
            ]),
            ..Default::default()
        }],
        ..Default::default()
    }
}

fn snapshot(seconds: f64, out: u64) -> Snapshot {
    let port = |name: &str| PortSnapshot {
        instance: name.to_owned(),
        socket: "pub".to_owned(),
        place: None,
    };
    let link = LinkSnapshot {
        from: port("a"),
        to: port("b"),
        sent: Some(out),
        received: None,
        ..Default::default()
    };
    Snapshot {
        generation: 1,
        seconds,
        started: true,
        nodes: vec![node("a", out), node("b", 0)],
        links: vec![link],
        ..Default::default()
    }
}

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn only_what_changed_is_told_again() {
    let first = Sample::of(&snapshot(1.0, 100), 10.0, None);
    let whole = parsed(&first.whole());
    assert_eq!(whole["whole"], true);
    assert_eq!(whole["nodes"].as_array().unwrap().len(), 2);
    let second = Sample::of(&snapshot(3.0, 300), 12.0, Some(&first));
    let told = parsed(&second.since(&first));
    assert_eq!(told["nodes"].as_array().unwrap().len(), 1, "{told}");
    assert_eq!(told["whole"], Value::Null);
    let a = &told["nodes"][0];
    assert_eq!(a["handler"], json!({"rate": 100.0, "mean": 0.001, "p99": 0.01, "busy": 0.1}));
    assert_eq!(a["handlers"], json!({"on_message": [300, 250_000_000]}), "one was never called");
    let socket = &a["sockets"][0];
    assert_eq!(socket["out_rate"], 100.0);
    assert_eq!(socket["queue_out"], json!([7, 4]));
    assert_eq!(told["links"][0]["rate"], 100.0);
    // When nothing more comes, the rates are told once more, and then nothing is.
    let third = Sample::of(&snapshot(4.0, 300), 13.0, Some(&second));
    let still = parsed(&third.since(&second));
    assert_eq!(still["nodes"][0]["sockets"][0]["out_rate"], Value::Null);
    let fourth = Sample::of(&snapshot(5.0, 300), 14.0, Some(&third));
    assert_eq!(parsed(&fourth.since(&third))["nodes"], json!([]));
}

#[test]
fn another_version_is_told_as_a_whole_and_another_run_has_no_rates_yet() {
    let first = Sample::of(&snapshot(7.0, 100), 10.0, None);
    let mut changed = snapshot(8.0, 100);
    changed.generation = 2;
    changed.nodes.pop();
    let second = Sample::of(&changed, 11.0, Some(&first));
    let told = parsed(&second.since(&first));
    assert_eq!((&told["whole"], told["nodes"].as_array().unwrap().len()), (&json!(true), 1));
    let anew = Sample::of(&snapshot(0.5, 700), 12.0, Some(&second));
    assert_eq!(parsed(&anew.whole())["nodes"][0]["sockets"][0]["out_rate"], Value::Null);
}

#[test]
fn a_busy_node_keeps_the_queues_that_it_told_last() {
    let first = Sample::of(&snapshot(1.0, 100), 10.0, None);
    let mut busy = snapshot(2.0, 100);
    busy.nodes[0].sockets[0].connections = None;
    let second = Sample::of(&busy, 11.0, Some(&first));
    assert_eq!(parsed(&second.whole())["nodes"][0]["sockets"][0]["queue_out"], json!([7, 4]));
}

#[test]
fn three_digits_are_told() {
    for (value, want) in [(1234.5, 1230.0), (0.0012345, 0.00123), (7.0, 7.0), (0.0, 0.0)] {
        assert!((rounded(value) - want).abs() < 1e-9, "{value}");
    }
}
