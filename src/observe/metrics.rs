//! The names under which Prometheus sees the figures of a snapshot.
//!
//! Owns the metrics' names, units and help. Never takes a snapshot.

use super::exposition::{Exposition, Family, Kind};
use super::flow_metrics::flows;
use crate::snapshot::{
    ConnectionSnapshot, HandlerSnapshot, LinkSnapshot, NodeSnapshot, NodeStatus, ProgramSnapshot,
    Snapshot, SocketSnapshot,
};

use Kind::{Counter, Gauge, Histogram};

/// A figure of a node: name, kind, help, and where it is.
type NodeMetric = (&'static str, Kind, &'static str, fn(&NodeSnapshot) -> u64);
/// A figure of a handler, which only grows.
type HandlerMetric = (&'static str, &'static str, fn(&HandlerSnapshot) -> f64);
/// A figure of a socket.
type SocketMetric = (&'static str, Kind, &'static str, fn(&SocketSnapshot) -> f64);
/// A figure of a link, where it can be known.
type LinkMetric = (&'static str, Kind, &'static str, fn(&LinkSnapshot) -> Option<u64>);

const NODES: [NodeMetric; 7] = [
    ("zrig_node_handled_total", Counter, "Events that a handler was called for.", |node| {
        node.handled
    }),
    (
        "zrig_node_failures_total",
        Counter,
        "Handler calls that failed, and messages that libzmq refused.",
        |node| node.failed,
    ),
    ("zrig_node_lines_read_total", Counter, "Lines that read took.", |node| node.lines_read),
    ("zrig_node_lines_written_total", Counter, "Lines that write wrote.", |node| {
        node.lines_written
    }),
    (
        "zrig_node_lines_refused_total",
        Counter,
        "Lines that read or write left out: too long, or with a line end inside.",
        |node| node.lines_refused,
    ),
    (
        "zrig_node_state_bytes",
        Gauge,
        "About how much the state of its handlers takes, exact to a MiB or an eighth of it.",
        |node| node.state_bytes,
    ),
    (
        "zrig_node_waiting_messages",
        Gauge,
        "Messages in the node that a full socket did not take yet.",
        |node| node.waiting,
    ),
];

const HANDLERS: [HandlerMetric; 2] = [
    ("zrig_handler_calls_total", "Calls of a handler.", |handler| handler.calls as f64),
    ("zrig_handler_seconds_total", "Time that the calls of a handler took.", |handler| {
        handler.seconds
    }),
];

const SOCKETS: [SocketMetric; 15] = [
    ("zrig_socket_received_messages_total", Counter, "Messages received.", |socket| {
        socket.messages_in as f64
    }),
    ("zrig_socket_sent_messages_total", Counter, "Messages handed to libzmq.", |socket| {
        socket.messages_out as f64
    }),
    ("zrig_socket_received_bytes_total", Counter, "Bytes received, all frames.", |socket| {
        socket.bytes_in as f64
    }),
    ("zrig_socket_sent_bytes_total", Counter, "Bytes handed to libzmq, all frames.", |socket| {
        socket.bytes_out as f64
    }),
    ("zrig_socket_blocked", Gauge, "Whether a message waits for room in it now.", |socket| {
        f64::from(u8::from(socket.blocked))
    }),
    (
        "zrig_socket_blocked_seconds_total",
        Counter,
        "Time that messages waited for room in it.",
        |socket| socket.blocked_seconds,
    ),
    (
        "zrig_socket_peers",
        Gauge,
        "Connections whose handshake is done; inproc has none.",
        |socket| socket.peers as f64,
    ),
    (
        "zrig_socket_subscriptions",
        Gauge,
        "What its subscribers want now, each wish of each.",
        |socket| socket.subscriptions as f64,
    ),
    ("zrig_socket_handshakes_failed_total", Counter, "Handshakes that failed.", |socket| {
        socket.handshakes_failed as f64
    }),
    ("zrig_socket_disconnects_total", Counter, "Connections that were lost.", |socket| {
        socket.disconnects as f64
    }),
    (
        "zrig_socket_reconnects_total",
        Counter,
        "Connections to an endpoint that had one before.",
        |socket| socket.reconnects as f64,
    ),
    (
        "zrig_socket_sequence_gaps_total",
        Counter,
        "Messages that sequence found missing.",
        |socket| socket.sequence_gaps as f64,
    ),
    (
        "zrig_socket_sequence_duplicates_total",
        Counter,
        "Messages that sequence saw before.",
        |socket| socket.sequence_duplicates as f64,
    ),
    (
        "zrig_socket_sequence_delay_seconds",
        Gauge,
        "Time between sending and receiving of the last message with a sequence frame.",
        |socket| socket.sequence_delay,
    ),
    (
        "zrig_socket_connections",
        Gauge,
        "Connections that libzmq holds, those on their way included.",
        |socket| socket.connections.as_ref().map_or(0, Vec::len) as f64,
    ),
];

const LINKS: [LinkMetric; 4] = [
    (
        "zrig_link_sent_messages_total",
        Counter,
        "Messages sent on a link inside the file; of a publisher those that match.",
        |link| link.sent,
    ),
    (
        "zrig_link_received_messages_total",
        Counter,
        "Messages received from a link inside the file.",
        |link| link.received,
    ),
    (
        "zrig_link_dropped_messages_total",
        Counter,
        "Messages lost on a link inside the file.",
        |link| link.dropped,
    ),
    (
        "zrig_link_waiting_messages",
        Gauge,
        "Messages on their way on a link inside the file.",
        |link| link.waiting,
    ),
];

/// The text that a scrape gets.
pub(crate) fn text(snapshot: &Snapshot) -> String {
    let mut text = Exposition::default();
    run(&mut text, snapshot);
    for (name, kind, help, value) in NODES {
        let mut family = text.family(name, kind, help);
        for node in handlers_of(snapshot) {
            family.sample(&node_labels(node), value(node));
        }
    }
    nodes(&mut text, snapshot);
    programs(&mut text, snapshot);
    for (name, kind, help, value) in SOCKETS {
        let mut family = text.family(name, kind, help);
        each_socket(snapshot, |node, socket| {
            family.sample(&socket_labels(node, socket, None), value(socket));
        });
    }
    sockets(&mut text, snapshot);
    for (name, kind, help, value) in LINKS {
        let mut family = text.family(name, kind, help);
        for link in &snapshot.links {
            if let Some(value) = value(link) {
                family.sample(&link_labels(link), value);
            }
        }
    }
    flows(&mut text, snapshot);
    text.finish()
}

/// The nodes of which zrig counts what they do: what a program does it knows alone.
fn handlers_of(snapshot: &Snapshot) -> impl Iterator<Item = &NodeSnapshot> {
    snapshot.nodes.iter().filter(|node| node.program.is_none())
}

/// A figure of a program, where there is one.
type ProgramMetric = (&'static str, Kind, &'static str, fn(&ProgramSnapshot) -> Option<f64>);

const PROGRAMS: [ProgramMetric; 6] = [
    (
        "zrig_program_restarts_total",
        Counter,
        "How often a program was started again after it had exited by itself.",
        |program| Some(program.restarts as f64),
    ),
    ("zrig_program_running", Gauge, "Whether a program runs and is ready.", |program| {
        Some(f64::from(u8::from(program.state == "running")))
    }),
    ("zrig_program_pid", Gauge, "The process of a program that runs.", |program| {
        program.pid.map(f64::from)
    }),
    (
        "zrig_program_uptime_seconds",
        Gauge,
        "For how long the process of a program runs.",
        |program| program.uptime,
    ),
    (
        "zrig_program_exit_status",
        Gauge,
        "The status with which a program exited last; none where a signal ended it.",
        |program| program.exit_status.map(f64::from),
    ),
    (
        "zrig_program_exit_signal",
        Gauge,
        "The number of the signal that ended a program last; none where it exited.",
        |program| program.exit_signal.map(f64::from),
    ),
];

fn programs(text: &mut Exposition, snapshot: &Snapshot) {
    for (name, kind, help, value) in PROGRAMS {
        let mut family = text.family(name, kind, help);
        for node in &snapshot.nodes {
            let Some(program) = &node.program else { continue };
            if let Some(value) = value(program) {
                family.sample(&node_labels(node), value);
            }
        }
    }
}

fn run(text: &mut Exposition, snapshot: &Snapshot) {
    let file = snapshot.file.to_string_lossy();
    let labels = [
        ("topology", &*snapshot.topology),
        ("file", &file),
        ("version", env!("CARGO_PKG_VERSION")),
    ];
    text.family("zrig_info", Gauge, "What runs.").sample(&labels, 1);
    text.family("zrig_generation", Gauge, "The version of the file that runs; the first is 1.")
        .sample(&[], snapshot.generation);
    text.family("zrig_uptime_seconds", Gauge, "Time since the start.")
        .sample(&[], snapshot.seconds);
}

fn nodes(text: &mut Exposition, snapshot: &Snapshot) {
    let help = "Whether a node has this status.";
    let mut family = text.family("zrig_node_status", Gauge, help);
    for node in &snapshot.nodes {
        for status in NodeStatus::ALL {
            let [name, replica] = node_labels(node);
            let value = u8::from(node.status == status);
            family.sample(&[name, replica, ("status", status.word())], value);
        }
    }
    let mut family =
        text.family("zrig_node_handler_seconds", Histogram, "How long a handler took.");
    for node in handlers_of(snapshot) {
        let labels = node_labels(node);
        for bucket in &node.handler.buckets {
            family.bucket(&labels, bucket.le, bucket.count);
        }
        family.sum(&labels, node.handler.sum, node.handler.count);
    }
    for (name, help, value) in HANDLERS {
        let mut family = text.family(name, Counter, help);
        for node in &snapshot.nodes {
            for handler in &node.handlers {
                let [node, replica] = node_labels(node);
                family.sample(&[node, replica, ("handler", &handler.name)], value(handler));
            }
        }
    }
    let help = "What handlers count by count(name, by); it only grows.";
    let mut family = text.family("zrig_user_count", Gauge, help);
    for node in &snapshot.nodes {
        for (name, value) in &node.user {
            let [node, replica] = node_labels(node);
            family.sample(&[node, replica, ("name", name)], value);
        }
    }
}

fn sockets(text: &mut Exposition, snapshot: &Snapshot) {
    let help = "Messages dropped, by reason.";
    let mut family = text.family("zrig_socket_dropped_messages_total", Counter, help);
    each_socket(snapshot, |node, socket| {
        for (reason, count) in socket.dropped.by_reason() {
            family.sample(&socket_labels(node, socket, Some(("reason", reason))), count);
        }
    });
    let help = "The high-water mark of each connection; 0 is no limit.";
    let mut family = text.family("zrig_socket_high_water_mark_messages", Gauge, help);
    each_socket(snapshot, |node, socket| {
        for (direction, mark) in [("out", socket.hwm_send), ("in", socket.hwm_receive)] {
            family.sample(&socket_labels(node, socket, Some(("direction", direction))), mark);
        }
    });
    let help = "Messages in libzmq's queues, all connections of a socket together.";
    let family = text.family("zrig_socket_queued_messages", Gauge, help);
    queues(family, snapshot, |counts| counts.sum());
    let help = "Messages in the fullest of a socket's queues, to be compared with its mark.";
    let family = text.family("zrig_socket_fullest_queue_messages", Gauge, help);
    queues(family, snapshot, |counts| counts.max().unwrap_or(0));
}

/// Samples of both directions of every socket whose node answered.
fn queues(
    mut family: Family<'_>,
    snapshot: &Snapshot,
    fold: fn(&mut dyn Iterator<Item = u64>) -> u64,
) {
    let outbound: fn(&ConnectionSnapshot) -> u64 = |connection| connection.outbound;
    each_socket(snapshot, |node, socket| {
        let Some(connections) = &socket.connections else { return };
        for (direction, count) in [("out", outbound), ("in", |connection| connection.inbound)] {
            let value = fold(&mut connections.iter().map(count));
            family.sample(&socket_labels(node, socket, Some(("direction", direction))), value);
        }
    });
}

fn each_socket(snapshot: &Snapshot, mut each: impl FnMut(&NodeSnapshot, &SocketSnapshot)) {
    for node in handlers_of(snapshot) {
        for socket in &node.sockets {
            each(node, socket);
        }
    }
}

fn node_labels(node: &NodeSnapshot) -> [(&'static str, &str); 2] {
    let replica = node.instance.strip_prefix(&node.node).unwrap_or_default();
    [("node", &node.node), ("replica", replica.trim_start_matches('.'))]
}

fn socket_labels<'s>(
    node: &'s NodeSnapshot,
    socket: &'s SocketSnapshot,
    more: Option<(&'static str, &'s str)>,
) -> [(&'static str, &'s str); 5] {
    let [name, replica] = node_labels(node);
    // An empty label is left out.
    [name, replica, ("socket", &socket.name), ("role", &socket.role), more.unwrap_or(("none", ""))]
}

fn link_labels(link: &LinkSnapshot) -> [(&'static str, &str); 6] {
    [
        ("from", &link.from.instance),
        ("from_socket", &link.from.socket),
        ("to", &link.to.instance),
        ("to_socket", &link.to.socket),
        ("endpoint", &link.endpoint),
        ("pattern", &link.pattern),
    ]
}
