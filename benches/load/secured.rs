//! The same loads by libzmq itself, with CURVE or without: what encrypts costs at both ends, and is
//! compared between programs that have the same ends.
//!
//! Owns its sockets' keys, which are new each time. Never measures the processor time of anybody.

use zmq::{Context, CurveKeyPair, Socket, SocketType};

use super::{Window, payload};

/// A socket that knows a server's public key in Z85; `-` is no CURVE.
fn socket(kind: SocketType, endpoint: &str, key: &str) -> Socket {
    let socket = Context::new().socket(kind).unwrap();
    if key != "-" {
        let own = CurveKeyPair::new().unwrap();
        socket.set_curve_serverkey(&zmq::z85_decode(key).unwrap()).unwrap();
        socket.set_curve_publickey(&own.public_key).unwrap();
        socket.set_curve_secretkey(&own.secret_key).unwrap();
    }
    socket.connect(endpoint).unwrap();
    socket
}

/// Sends without end.
pub(super) fn push(endpoint: &str, key: &str, text: &str) {
    let (socket, text) = (socket(zmq::PUSH, endpoint, key), payload(text));
    loop {
        socket.send(&*text, 0).unwrap();
    }
}

/// Counts what comes.
pub(super) fn pull(endpoint: &str, key: &str, window: Window) {
    let socket = socket(zmq::PULL, endpoint, key);
    count(window, || {
        socket.recv_bytes(0).unwrap();
    });
}

/// Keeps so many requests in flight, and counts the answers.
pub(super) fn ask(endpoint: &str, key: &str, in_flight: usize, text: &str, window: Window) {
    let (socket, text) = (socket(zmq::DEALER, endpoint, key), payload(text));
    let ask = || socket.send_multipart([&b""[..], &text], 0).unwrap();
    (0..in_flight).for_each(|_| ask());
    count(window, || {
        socket.recv_multipart(0).unwrap();
        ask();
    });
}

fn count(mut window: Window, mut next: impl FnMut()) {
    let mut received = 0_u64;
    loop {
        next();
        received += 1;
        // The clock costs more than a message.
        if !received.is_multiple_of(16) {
            continue;
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
