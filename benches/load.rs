//! What drives a program under measurement: sources, sinks, clients and peers on plain libzmq, so
//! fast that they are not the limit. `benches/compare.py` runs it; nobody else has to.
//!
//! A mode that measures prints `begin` when it has warmed up, and its figures at the end.
#![expect(clippy::print_stdout, reason = "it talks to the script that runs it")]
#![expect(clippy::unwrap_used, reason = "a peer that cannot go on ends the measurement")]

use std::time::{Duration, Instant};

use zmq::{Context, PollItem, Socket, SocketType};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        ["push", endpoint, ref texts @ ..] => source(SocketType::PUSH, endpoint, texts),
        ["pub", endpoint, ref texts @ ..] => source(SocketType::PUB, endpoint, texts),
        ["pull", endpoint, warm, time] => sink(SocketType::PULL, endpoint, 1, warm, time),
        ["sub", endpoint, count, warm, time] => {
            sink(SocketType::SUB, endpoint, count.parse().unwrap(), warm, time);
        }
        ["echo", endpoint] => echo(endpoint),
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

fn open(kind: SocketType, endpoint: &str) -> Socket {
    let socket = Context::new().socket(kind).unwrap();
    socket.set_linger(0).unwrap();
    socket.set_reconnect_ivl(10).unwrap();
    socket.connect(endpoint).unwrap();
    socket
}

/// Sends without end, one text after the other.
fn source(kind: SocketType, endpoint: &str, texts: &[&str]) {
    let socket = open(kind, endpoint);
    let payloads: Vec<Vec<u8>> = texts.iter().map(|text| payload(text)).collect();
    loop {
        for payload in &payloads {
            socket.send(payload.as_slice(), 0).unwrap();
        }
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

/// Counts what arrives on all sockets together.
fn sink(kind: SocketType, endpoint: &str, sockets: usize, warm: &str, time: &str) {
    let context = Context::new();
    let sockets: Vec<Socket> = (0..sockets)
        .map(|_| {
            let socket = context.socket(kind).unwrap();
            socket.set_linger(0).unwrap();
            socket.set_reconnect_ivl(10).unwrap();
            if kind == SocketType::SUB {
                socket.set_subscribe(b"").unwrap();
            }
            socket.connect(endpoint).unwrap();
            socket
        })
        .collect();
    let mut window = Window::new(warm, time);
    let mut message = zmq::Message::new();
    let mut count = 0_u64;
    loop {
        let mut items: Vec<PollItem<'_>> =
            sockets.iter().map(|socket| socket.as_poll_item(zmq::POLLIN)).collect();
        if sockets.len() > 1 {
            zmq::poll(&mut items, -1).unwrap();
        }
        for (socket, item) in sockets.iter().zip(&items) {
            if sockets.len() > 1 && !item.is_readable() {
                continue;
            }
            let mut wait = if sockets.len() > 1 { zmq::DONTWAIT } else { 0 };
            for _ in 0..256 {
                if socket.recv(&mut message, wait).is_err() {
                    break;
                }
                wait = zmq::DONTWAIT;
                count += u64::from(!message.get_more());
            }
        }
        if window.begins() {
            count = 0;
        }
        if let Some(took) = window.over() {
            println!("{} {took}", count);
            return;
        }
    }
}

/// Answers every request with itself.
fn echo(endpoint: &str) {
    let socket = open(SocketType::REP, endpoint);
    let mut message = zmq::Message::new();
    loop {
        socket.recv(&mut message, 0).unwrap();
        socket.send(std::mem::replace(&mut message, zmq::Message::new()), 0).unwrap();
    }
}

/// Keeps so many requests in flight, and counts the answers.
fn ask(endpoint: &str, in_flight: usize, text: &str, warm: &str, time: &str) {
    let socket = open(SocketType::DEALER, endpoint);
    let payload = payload(text);
    let send = || {
        socket.send("", zmq::SNDMORE).unwrap();
        socket.send(payload.as_slice(), 0).unwrap();
    };
    (0..in_flight).for_each(|_| send());
    let mut window = Window::new(warm, time);
    let mut message = zmq::Message::new();
    let mut count = 0_u64;
    loop {
        socket.recv(&mut message, 0).unwrap();
        if message.get_more() {
            continue;
        }
        count += 1;
        send();
        if count.is_multiple_of(16) {
            if window.begins() {
                count = 0;
            }
            if let Some(took) = window.over() {
                println!("{count} {took}");
                return;
            }
        }
    }
}

/// Asks one endpoint after the other, and takes the time of every round trip.
fn trip(endpoints: &[&str], text: &str, warm: &str, time: &str) {
    let context = Context::new();
    let payload = payload(text);
    let sockets: Vec<Socket> = endpoints
        .iter()
        .map(|endpoint| {
            let socket = context.socket(SocketType::REQ).unwrap();
            socket.set_linger(0).unwrap();
            socket.set_reconnect_ivl(10).unwrap();
            socket.connect(endpoint).unwrap();
            socket
        })
        .collect();
    let mut message = zmq::Message::new();
    let mut micros: Vec<f64> = Vec::new();
    let mut window = Window::new(warm, time);
    // The first round connects.
    for round in 0.. {
        for socket in &sockets {
            let begun = Instant::now();
            socket.send(payload.as_slice(), 0).unwrap();
            socket.recv(&mut message, 0).unwrap();
            micros.push(begun.elapsed().as_secs_f64() * 1e6);
            if round > 0 && window.begins() {
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
