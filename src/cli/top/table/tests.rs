use super::*;
use crate::snapshot::{Bucket, Dropped};

fn socket(name: &str, messages: u64) -> SocketSnapshot {
    SocketSnapshot {
        name: name.into(),
        messages_in: messages,
        connections: Some(vec![ConnectionSnapshot::default()]),
        ..SocketSnapshot::default()
    }
}

fn node(name: &str, socket: SocketSnapshot) -> NodeSnapshot {
    NodeSnapshot { instance: name.into(), sockets: vec![socket], ..NodeSnapshot::default() }
}

fn snapshot(seconds: f64, nodes: Vec<NodeSnapshot>) -> Snapshot {
    Snapshot { seconds, nodes, ..Snapshot::default() }
}

#[test]
fn rates_are_of_the_time_between_and_new_nodes_begin_at_nothing() {
    let before = snapshot(1.0, vec![node("a", socket("in", 100))]);
    let now = snapshot(3.0, vec![node("a", socket("in", 300)), node("b", socket("in", 50))]);
    let table = Table::between(&before, &now);
    let rates: Vec<f64> = table.nodes.iter().map(|row| row.in_per_second).collect();
    assert_eq!(rates, [100.0, 25.0]);
    let same = Table::between(&now, &now);
    assert!(same.nodes.iter().all(|row| row.in_per_second == 0.0));
}

#[test]
fn what_hurts_comes_first() {
    let with = |name: &str, change: fn(&mut NodeSnapshot)| {
        let mut node = node(name, socket("in", 0));
        change(&mut node);
        node
    };
    let now = snapshot(
        1.0,
        vec![
            with("a-calm", |_| {}),
            with("b-slow", |node| {
                node.handler = Histogram { count: 1, sum: 0.5, buckets: Vec::new() };
            }),
            with("c-waits", |node| {
                node.waiting = 7;
                node.status = NodeStatus::Running;
            }),
            with("d-drops", |node| {
                node.sockets[0].dropped = Dropped { full: 3, ..Dropped::default() };
            }),
            with("e-blocked", |node| node.sockets[0].blocked_seconds = 0.4),
        ],
    );
    let table = Table::between(&snapshot(0.0, Vec::new()), &now);
    let names: Vec<&str> = table.nodes.iter().map(|row| row.instance.as_str()).collect();
    assert_eq!(names, ["e-blocked", "d-drops", "c-waits", "b-slow", "a-calm"]);
    assert!((table.nodes[0].blocked - 0.4).abs() < 1e-9);
}

#[test]
fn the_99th_of_a_hundred_calls_is_the_bound_it_is_below() {
    let buckets = |counts: [u64; 3]| Histogram {
        count: 200,
        sum: 1.0,
        buckets: [1e-6, 1e-3, 1.0]
            .into_iter()
            .zip(counts)
            .map(|(le, count)| Bucket { le, count })
            .collect(),
    };
    assert_eq!(p99(&buckets([198, 200, 200])), Some(1e-6));
    assert_eq!(p99(&buckets([197, 199, 200])), Some(1e-3));
    assert_eq!(p99(&buckets([0, 0, 0])), Some(1.0));
    assert_eq!(p99(&Histogram::default()), None);
}

#[test]
fn what_waits_is_exact_inside_the_file_and_certain_outside() {
    let queues = |outbound, inbound| {
        Some(vec![ConnectionSnapshot { outbound, inbound, ..ConnectionSnapshot::default() }])
    };
    let mut one = SocketSnapshot {
        name: "out".into(),
        hwm_send: 100,
        hwm_receive: 100,
        connections: queues(49, 7),
        ..SocketSnapshot::default()
    };
    assert_eq!(waiting("a", &one, &[]), 0, "it may be nothing");
    one.connections = queues(100, 50);
    assert_eq!(waiting("a", &one, &[]), 150);
    let port = |instance: &str| PortSnapshot {
        instance: instance.into(),
        socket: "out".into(),
        place: None,
    };
    let link = |from: &str, to: &str, waiting| LinkSnapshot {
        from: port(from),
        to: port(to),
        waiting,
        ..LinkSnapshot::default()
    };
    assert_eq!(waiting("a", &one, &[link("b", "a", Some(3))]), 103);
    assert_eq!(waiting("a", &one, &[link("a", "b", Some(3))]), 50);
    assert_eq!(waiting("a", &one, &[link("b", "a", None), link("a", "b", None)]), 150);
}

#[test]
fn figures_are_short() {
    let shown: Vec<String> = [0.0, 0.25, 9.99, 1234.0, 12_345.0, 2_400_000.0].map(rate).to_vec();
    assert_eq!(shown, ["0", "0.2", "10", "1234", "12.3k", "2.40M"]);
    assert_eq!([5e-7, 1.25e-5, 0.0021, 3.0].map(time), ["500ns", "12.5us", "2.1ms", "3.0s"]);
    let table =
        Table::between(&Snapshot::default(), &snapshot(61.0, vec![node("a", socket("in", 6100))]));
    let lines = table.lines();
    assert!(lines[0].contains("up 1m01s  1 nodes  in 100/s"), "{lines:?}");
    assert!(lines.iter().all(|line| line.trim_end() == line), "{lines:?}");
}

#[test]
fn the_part_of_the_time_in_handlers_is_known_also_of_a_call_that_goes_on() {
    let node = |status, count, sum| NodeSnapshot {
        instance: "a".into(),
        status,
        handler: Histogram { count, sum, ..Histogram::default() },
        ..NodeSnapshot::default()
    };
    for (before, now, want) in [
        (node(NodeStatus::Running, 10, 1.0), node(NodeStatus::Running, 20, 1.5), 0.25),
        (node(NodeStatus::Busy, 10, 1.0), node(NodeStatus::Busy, 10, 1.0), 1.0),
        (node(NodeStatus::Running, 10, 1.0), node(NodeStatus::Busy, 10, 1.0), 0.0),
        // It was made anew.
        (node(NodeStatus::Running, 10, 1.0), node(NodeStatus::Running, 1, 0.5), 0.0),
    ] {
        let table = Table::between(&snapshot(1.0, vec![before]), &snapshot(3.0, vec![now]));
        let busy = table.nodes[0].handler_busy;
        assert!((busy - want).abs() < 1e-9, "{busy} {want}");
    }
}

#[test]
fn a_queue_is_full_at_its_mark_and_never_without_one() {
    let with = |hwm_send, outbound| SocketSnapshot {
        hwm_send,
        connections: Some(vec![ConnectionSnapshot { outbound, ..ConnectionSnapshot::default() }]),
        ..SocketSnapshot::default()
    };
    let full = |socket: SocketSnapshot| {
        let now = snapshot(1.0, vec![node("a", socket)]);
        Table::between(&now, &now).nodes[0].sockets[0].is_full
    };
    assert_eq!([full(with(10, 10)), full(with(10, 9)), full(with(0, 10))], [true, false, false]);
}

#[test]
fn what_a_busy_node_has_not_sent_yet_does_not_wait_for_room() {
    let waiting = |status, blocked| {
        let mut node = node("a", SocketSnapshot { blocked, ..socket("out", 0) });
        (node.status, node.waiting) = (status, 3);
        let now = snapshot(1.0, vec![node]);
        Table::between(&now, &now).nodes[0].waiting
    };
    assert_eq!(waiting(NodeStatus::Busy, false), 0);
    assert_eq!(waiting(NodeStatus::Busy, true), 3, "a handler runs behind a full socket");
    assert_eq!(waiting(NodeStatus::Running, false), 3, "a file does not keep up");
}
