//! The figures of a run as the page draws them: a snapshot cut down, with rates.
//!
//! Owns what a viewer is told of a node and of a link, and that one which did not change is not told
//! again. Pure: two samples give what is between them.
//!
//! A field that is zero, false or empty is left out.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use serde::Serialize;

use crate::snapshot::{
    HandlerSnapshot, Histogram, LinkSnapshot, NodeSnapshot, PortSnapshot, ProgramSnapshot,
    Snapshot, SocketSnapshot,
};

/// The figures of one moment.
#[derive(Clone, PartialEq, Debug, Default)]
pub(super) struct Sample {
    /// Seconds since the epoch.
    pub(super) time: f64,
    /// Seconds since the start of the run.
    pub(super) seconds: f64,
    pub(super) generation: u64,
    pub(super) started: bool,
    /// One that says the same as in the sample before is the same.
    nodes: Vec<Arc<Node>>,
    links: Vec<Arc<Link>>,
}

/// What is told of a sample.
#[derive(Serialize)]
struct Told<'s> {
    /// Whether it is all; otherwise what is not in it is as it was.
    #[serde(skip_serializing_if = "is_default")]
    whole: bool,
    time: f64,
    seconds: f64,
    generation: u64,
    started: bool,
    nodes: Vec<&'s Node>,
    links: Vec<&'s Link>,
}

/// An instance of a node.
#[derive(Clone, PartialEq, Debug, Default, Serialize)]
struct Node {
    instance: String,
    node: String,
    status: &'static str,
    /// The program that drives it, if one does: its state, process and restarts.
    #[serde(skip_serializing_if = "is_default")]
    program: Option<Program>,
    #[serde(skip_serializing_if = "is_default")]
    handled: u64,
    #[serde(skip_serializing_if = "is_default")]
    failed: u64,
    #[serde(skip_serializing_if = "is_default")]
    waiting: u64,
    #[serde(skip_serializing_if = "is_default")]
    lines_read: u64,
    #[serde(skip_serializing_if = "is_default")]
    lines_written: u64,
    #[serde(skip_serializing_if = "is_default")]
    state_bytes: u64,
    /// Of the calls since the sample before.
    #[serde(skip_serializing_if = "is_default")]
    handler: Handler,
    /// Of each handler how often it was called, and the nanoseconds that it took.
    #[serde(skip_serializing_if = "is_default")]
    handlers: BTreeMap<String, (u64, u64)>,
    #[serde(skip_serializing_if = "is_default")]
    user: BTreeMap<String, i64>,
    sockets: Vec<Socket>,
    /// All calls, to know those of the next time.
    #[serde(skip)]
    durations: Histogram,
}

/// A program that drives a node.
#[derive(Clone, PartialEq, Debug, Default, Serialize)]
struct Program {
    state: String,
    pid: Option<u32>,
    restarts: u64,
}

impl Program {
    fn of(program: &ProgramSnapshot) -> Self {
        Self { state: program.state.clone(), pid: program.pid, restarts: program.restarts }
    }
}

/// How long handlers took.
#[derive(Clone, PartialEq, Debug, Default, Serialize)]
struct Handler {
    /// Calls a second.
    rate: f64,
    /// Seconds.
    mean: f64,
    /// Seconds that 99 of 100 calls did not exceed; none where one took longer than is counted.
    p99: Option<f64>,
    /// How much of the time a handler ran.
    busy: f64,
}

/// A socket.
#[derive(Clone, PartialEq, Debug, Default, Serialize)]
struct Socket {
    name: String,
    role: String,
    #[serde(skip_serializing_if = "is_default")]
    bound: Vec<String>,
    #[serde(skip_serializing_if = "is_default")]
    r#in: u64,
    #[serde(skip_serializing_if = "is_default")]
    out: u64,
    /// Messages a second since the sample before.
    #[serde(skip_serializing_if = "is_default")]
    in_rate: f64,
    #[serde(skip_serializing_if = "is_default")]
    out_rate: f64,
    #[serde(skip_serializing_if = "is_default")]
    bytes_in: u64,
    #[serde(skip_serializing_if = "is_default")]
    bytes_out: u64,
    #[serde(skip_serializing_if = "is_default")]
    dropped: Dropped,
    #[serde(skip_serializing_if = "is_default")]
    blocked: bool,
    #[serde(skip_serializing_if = "is_default")]
    blocked_seconds: f64,
    #[serde(skip_serializing_if = "is_default")]
    peers: u64,
    #[serde(skip_serializing_if = "is_default")]
    subscriptions: u64,
    #[serde(skip_serializing_if = "is_default")]
    hwm_send: u32,
    #[serde(skip_serializing_if = "is_default")]
    hwm_receive: u32,
    /// What waits in all connections, and in the fullest.
    #[serde(skip_serializing_if = "is_default")]
    queue_out: [u64; 2],
    #[serde(skip_serializing_if = "is_default")]
    queue_in: [u64; 2],
    #[serde(skip_serializing_if = "is_default")]
    handshakes_failed: u64,
    #[serde(skip_serializing_if = "is_default")]
    disconnects: u64,
    #[serde(skip_serializing_if = "is_default")]
    reconnects: u64,
    #[serde(skip_serializing_if = "is_default")]
    sequence_gaps: u64,
}

/// Messages dropped, by reason.
#[derive(Clone, Copy, PartialEq, Debug, Default, Serialize)]
struct Dropped {
    #[serde(skip_serializing_if = "is_default")]
    unroutable: u64,
    #[serde(skip_serializing_if = "is_default")]
    full: u64,
    #[serde(skip_serializing_if = "is_default")]
    malformed: u64,
    #[serde(skip_serializing_if = "is_default")]
    shutdown: u64,
}

/// One direction of a link between two instances.
#[derive(Clone, PartialEq, Debug, Default, Serialize)]
struct Link {
    /// Instance and socket.
    from: [String; 2],
    to: [String; 2],
    endpoint: String,
    pattern: String,
    /// `null` where nobody can know, as of the others.
    sent: Option<u64>,
    received: Option<u64>,
    dropped: Option<u64>,
    waiting: Option<u64>,
    /// Messages a second, of those sent or else of those received.
    #[serde(skip_serializing_if = "is_default")]
    rate: f64,
}

impl Sample {
    /// What a snapshot says at a time; what it says as before is kept from there.
    pub(super) fn of(snapshot: &Snapshot, time: f64, before: Option<&Self>) -> Self {
        // Of another run, or of one that went on: the counts of one that began anew are no differences.
        let before = before.filter(|before| before.seconds < snapshot.seconds);
        let elapsed = before.map_or(0.0, |before| snapshot.seconds - before.seconds);
        let known: HashMap<&str, &Arc<Node>> = before
            .into_iter()
            .flat_map(|before| before.nodes.iter().map(|node| (node.instance.as_str(), node)))
            .collect();
        let nodes = snapshot.nodes.iter().map(|node| {
            let was = known.get(node.instance.as_str());
            shared(Node::of(node, was.map(|was| &***was), elapsed), was.copied())
        });
        let known: HashMap<_, &Arc<Link>> = before
            .into_iter()
            .flat_map(|before| before.links.iter())
            .map(|link| ((&link.from, &link.to, link.endpoint.as_str()), link))
            .collect();
        let links = snapshot.links.iter().map(|link| {
            let ends = (port(&link.from), port(&link.to));
            let was = known.get(&(&ends.0, &ends.1, link.endpoint.as_str())).copied();
            shared(Link::of(link, ends, was.map(|was| &**was), elapsed), was)
        });
        Self {
            time,
            seconds: snapshot.seconds,
            generation: snapshot.generation,
            started: snapshot.started,
            nodes: nodes.collect(),
            links: links.collect(),
        }
    }

    /// All of it as JSON.
    pub(super) fn whole(&self) -> String {
        self.told(true, |_| true, |_| true)
    }

    /// What is otherwise than in the one before. All, where that has not the same nodes and links.
    pub(super) fn since(&self, before: &Self) -> String {
        if !self.is_alike(before) {
            return self.whole();
        }
        self.told(
            false,
            |at| !Arc::ptr_eq(&self.nodes[at], &before.nodes[at]),
            |at| !Arc::ptr_eq(&self.links[at], &before.links[at]),
        )
    }

    /// Whether another one is of the same nodes and links.
    fn is_alike(&self, other: &Self) -> bool {
        let ends = |link: &Link| (link.from.clone(), link.to.clone());
        self.generation == other.generation
            && self.nodes.len() == other.nodes.len()
            && self.links.len() == other.links.len()
            && self.nodes.iter().zip(&other.nodes).all(|(one, two)| one.instance == two.instance)
            && self.links.iter().zip(&other.links).all(|(one, two)| {
                Arc::ptr_eq(one, two) || (ends(one) == ends(two) && one.endpoint == two.endpoint)
            })
    }

    fn told(
        &self,
        whole: bool,
        node: impl Fn(usize) -> bool,
        link: impl Fn(usize) -> bool,
    ) -> String {
        let nodes = self.nodes.iter().enumerate().filter(|(at, _)| node(*at));
        let links = self.links.iter().enumerate().filter(|(at, _)| link(*at));
        let told = Told {
            whole,
            time: self.time,
            seconds: self.seconds,
            generation: self.generation,
            started: self.started,
            nodes: nodes.map(|(_, node)| &**node).collect(),
            links: links.map(|(_, link)| &**link).collect(),
        };
        // Its maps have texts as keys.
        serde_json::to_string(&told).unwrap_or_default()
    }
}

fn shared<T: PartialEq>(now: T, before: Option<&Arc<T>>) -> Arc<T> {
    match before {
        Some(before) if **before == now => Arc::clone(before),
        Some(_) | None => Arc::new(now),
    }
}

impl Node {
    fn of(node: &NodeSnapshot, before: Option<&Self>, elapsed: f64) -> Self {
        let sockets = node.sockets.iter().map(|socket| {
            let same = |was: &&Socket| was.name == socket.name && was.role == socket.role;
            let was = before.and_then(|before| before.sockets.iter().find(same));
            Socket::of(socket, was, elapsed)
        });
        Self {
            instance: node.instance.clone(),
            node: node.node.clone(),
            status: node.status.word(),
            program: node.program.as_ref().map(Program::of),
            handled: node.handled,
            failed: node.failed,
            waiting: node.waiting,
            lines_read: node.lines_read,
            lines_written: node.lines_written,
            state_bytes: node.state_bytes,
            handler: before
                .map(|was| Handler::between(&was.durations, &node.handler, elapsed))
                .unwrap_or_default(),
            handlers: node.handlers.iter().filter(|one| one.calls > 0).map(spent).collect(),
            user: node.user.clone(),
            sockets: sockets.collect(),
            durations: node.handler.clone(),
        }
    }
}

/// What a handler did so far; whole numbers are exact in a page as well.
fn spent(handler: &HandlerSnapshot) -> (String, (u64, u64)) {
    (handler.name.clone(), (handler.calls, (handler.seconds * 1e9).round() as u64))
}

impl Handler {
    fn between(before: &Histogram, now: &Histogram, elapsed: f64) -> Self {
        let calls = now.count.saturating_sub(before.count);
        if calls == 0 {
            return Self::default();
        }
        let took = (now.sum - before.sum).max(0.0);
        let quick = |bucket: &&crate::snapshot::Bucket| {
            let was = before.buckets.iter().find(|was| was.le.total_cmp(&bucket.le).is_eq());
            let count = bucket.count.saturating_sub(was.map_or(0, |was| was.count));
            count.saturating_mul(100) >= calls.saturating_mul(99)
        };
        Self {
            rate: per_second(calls, elapsed),
            mean: rounded(took / calls as f64),
            p99: now.buckets.iter().find(quick).map(|bucket| bucket.le),
            busy: if elapsed > 0.0 { rounded((took / elapsed).min(1.0)) } else { 0.0 },
        }
    }
}

impl Socket {
    fn of(socket: &SocketSnapshot, before: Option<&Self>, elapsed: f64) -> Self {
        let rate = |now: u64, was: fn(&Self) -> u64| {
            before.map_or(0.0, |before| per_second(now.saturating_sub(was(before)), elapsed))
        };
        let connections = socket.connections.as_deref();
        let queue = |of: fn(&crate::snapshot::ConnectionSnapshot) -> u64| {
            let all = connections.unwrap_or_default().iter().map(of);
            [all.clone().sum(), all.max().unwrap_or_default()]
        };
        // A node that is busy does not tell; what it told last is better than nothing.
        let last = before.filter(|_| connections.is_none());
        Self {
            name: socket.name.clone(),
            role: socket.role.clone(),
            bound: socket.bound.clone(),
            r#in: socket.messages_in,
            out: socket.messages_out,
            in_rate: rate(socket.messages_in, |was| was.r#in),
            out_rate: rate(socket.messages_out, |was| was.out),
            bytes_in: socket.bytes_in,
            bytes_out: socket.bytes_out,
            dropped: Dropped {
                unroutable: socket.dropped.unroutable,
                full: socket.dropped.full,
                malformed: socket.dropped.malformed,
                shutdown: socket.dropped.shutdown,
            },
            blocked: socket.blocked,
            blocked_seconds: rounded(socket.blocked_seconds),
            peers: socket.peers,
            subscriptions: socket.subscriptions,
            hwm_send: socket.hwm_send,
            hwm_receive: socket.hwm_receive,
            queue_out: last.map_or_else(|| queue(|one| one.outbound), |last| last.queue_out),
            queue_in: last.map_or_else(|| queue(|one| one.inbound), |last| last.queue_in),
            handshakes_failed: socket.handshakes_failed,
            disconnects: socket.disconnects,
            reconnects: socket.reconnects,
            sequence_gaps: socket.sequence_gaps,
        }
    }
}

impl Link {
    fn of(
        link: &LinkSnapshot,
        (from, to): ([String; 2], [String; 2]),
        before: Option<&Self>,
        elapsed: f64,
    ) -> Self {
        let between = |now: Option<u64>, was: Option<u64>| {
            now.zip(was).map(|(now, was)| per_second(now.saturating_sub(was), elapsed))
        };
        let rate = before.and_then(|was| {
            between(link.sent, was.sent).or_else(|| between(link.received, was.received))
        });
        Self {
            from,
            to,
            endpoint: link.endpoint.clone(),
            pattern: link.pattern.clone(),
            sent: link.sent,
            received: link.received,
            dropped: link.dropped,
            waiting: link.waiting,
            rate: rate.unwrap_or_default(),
        }
    }
}

fn port(port: &PortSnapshot) -> [String; 2] {
    [port.instance.clone(), port.socket.clone()]
}

fn per_second(count: u64, elapsed: f64) -> f64 {
    if elapsed > 0.0 { rounded(count as f64 / elapsed) } else { 0.0 }
}

/// With three digits that count: more would be bytes for noise.
fn rounded(value: f64) -> f64 {
    if value == 0.0 || !value.is_finite() {
        return 0.0;
    }
    let scale = 10_f64.powi(2 - value.abs().log10().floor() as i32);
    (value * scale).round() / scale
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

#[cfg(test)]
mod tests;
