//! What drives a program under measurement: sources, sinks, clients and peers that speak ZMTP on
//! plain connections, so that of the processor time of a measurement next to all is the program's.
//! `benches/compare.py` runs it; nobody else has to.
//!
//! A mode that measures prints `begin` when it has warmed up, and its figures at the end.
#![expect(clippy::print_stdout, reason = "it talks to the script that runs it")]
#![expect(clippy::unwrap_used, reason = "a peer that cannot go on ends the measurement")]

#[path = "load/secured.rs"]
mod secured;
#[path = "load/zmtp.rs"]
mod zmtp;

use std::time::{Duration, Instant};

use zmq::PollItem;
use zmtp::{Connection, message};

/// What a source writes at a time, in bytes at least.
const BATCH: usize = 64 * 1024;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        ["push", endpoint, ref texts @ ..] => source("PUSH", endpoint, texts),
        ["pub", endpoint, ref texts @ ..] => source("PUB", endpoint, texts),
        ["pull", endpoint, warm, time] => sink("PULL", endpoint, 1, warm, time),
        ["sub", endpoint, count, warm, time] => {
            sink("SUB", endpoint, count.parse().unwrap(), warm, time);
        }
        ["echo", endpoint] => echo(endpoint),
        ["secure-push", endpoint, key, text] => secured::push(endpoint, key, text),
        ["secure-pull", endpoint, key, warm, time] => {
            secured::pull(endpoint, key, Window::new(warm, time));
        }
        ["secure-ask", endpoint, key, in_flight, text, warm, time] => {
            let window = Window::new(warm, time);
            secured::ask(endpoint, key, in_flight.parse().unwrap(), text, window);
        }
        ["ask", endpoint, in_flight, text, warm, time] => {
            ask(endpoint, in_flight.parse().unwrap(), text, warm, time);
        }
        ["trip", text, warm, time, ref endpoints @ ..] => trip(endpoints, text, warm, time),
        // `cargo bench` and `cargo test --benches` call every benchmark without a mode.
        _ => println!("push, pub, pull, sub, echo, ask or trip; see benches/compare.py"),
    }
}

/// A text as it is, or `size:N` for so many bytes.
fn payload(text: &str) -> Vec<u8> {
    match text.strip_prefix("size:") {
        Some(size) => vec![b'x'; size.parse().unwrap()],
        None => text.as_bytes().to_vec(),
    }
}

/// Sends without end, one text after the other.
fn source(socket_type: &str, endpoint: &str, texts: &[&str]) {
    let mut connection = Connection::open(endpoint, socket_type);
    let round: Vec<u8> = texts.iter().flat_map(|text| message(&[&payload(text)])).collect();
    let batch = round.repeat(BATCH.div_ceil(round.len()));
    loop {
        connection.write(&batch);
    }
}

/// A time to warm up, then one to measure.
struct Window {
    warm: Duration,
    time: Duration,
    began: Option<Instant>,
    first: Option<Instant>,
}

impl Window {
    fn new(warm: &str, time: &str) -> Self {
        let seconds = |text: &str| Duration::from_secs_f64(text.parse().unwrap());
        Self { warm: seconds(warm), time: seconds(time), began: None, first: None }
    }

    /// Whether what was counted so far is to be forgotten: the time to measure begins.
    fn begins(&mut self) -> bool {
        let now = Instant::now();
        let first = *self.first.get_or_insert(now);
        if self.began.is_none() && now - first >= self.warm {
            println!("begin");
            self.began = Some(Instant::now());
            return true;
        }
        false
    }

    /// The seconds that were measured, once they are over.
    fn over(&self) -> Option<f64> {
        let took = self.began?.elapsed();
        (took >= self.time).then_some(took.as_secs_f64())
    }
}

/// Counts what arrives on all connections together.
fn sink(socket_type: &str, endpoint: &str, count: usize, warm: &str, time: &str) {
    let mut connections: Vec<Connection> =
        (0..count).map(|_| Connection::open(endpoint, socket_type)).collect();
    for connection in &mut connections {
        connection.set_blocking(count == 1);
        if socket_type == "SUB" {
            connection.write(&message(&[b"\x01"]));
        }
    }
    let mut items: Vec<PollItem<'_>> = connections
        .iter()
        .map(|connection| PollItem::from_fd(connection.descriptor(), zmq::POLLIN))
        .collect();
    let mut window = Window::new(warm, time);
    let mut received = 0;
    loop {
        if count > 1 {
            zmq::poll(&mut items, -1).unwrap();
        }
        for (connection, item) in connections.iter_mut().zip(&items) {
            if count == 1 || item.is_readable() {
                received += connection.read().0;
            }
        }
        if window.begins() {
            received = 0;
        }
        if let Some(took) = window.over() {
            println!("{received} {took}");
            return;
        }
    }
}

/// Answers every request with itself.
fn echo(endpoint: &str) {
    let mut connection = Connection::open(endpoint, "REP");
    loop {
        let requests = connection.read().1.to_vec();
        connection.write(&requests);
    }
}

/// Keeps so many requests in flight, and counts the answers.
fn ask(endpoint: &str, in_flight: usize, text: &str, warm: &str, time: &str) {
    let mut connection = Connection::open(endpoint, "DEALER");
    let request = message(&[b"", &payload(text)]);
    let requests = request.repeat(in_flight);
    connection.write(&requests);
    let mut window = Window::new(warm, time);
    let mut received = 0;
    loop {
        let (answers, _) = connection.read();
        connection.write(&requests[..request.len() * usize::try_from(answers).unwrap()]);
        received += answers;
        if window.begins() {
            received = 0;
        }
        if let Some(took) = window.over() {
            println!("{received} {took}");
            return;
        }
    }
}

/// Asks one endpoint after the other, and takes the time of every round trip.
fn trip(endpoints: &[&str], text: &str, warm: &str, time: &str) {
    let request = message(&[b"", &payload(text)]);
    let mut connections: Vec<Connection> =
        endpoints.iter().map(|endpoint| Connection::open(endpoint, "REQ")).collect();
    let mut micros: Vec<f64> = Vec::new();
    let mut window = Window::new(warm, time);
    loop {
        for connection in &mut connections {
            let begun = Instant::now();
            connection.write(&request);
            while connection.read().0 == 0 {}
            micros.push(begun.elapsed().as_secs_f64() * 1e6);
            if window.begins() {
                micros.clear();
            }
            let Some(took) = window.over() else { continue };
            micros.sort_by(f64::total_cmp);
            let at = |part: f64| micros[((micros.len() - 1) as f64 * part) as usize];
            println!("{} {took} {} {} {} {}", micros.len(), at(0.5), at(0.9), at(0.99), at(1.0));
            return;
        }
    }
}
