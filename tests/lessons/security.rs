//! Who comes in, who does not, and what the line shows, where nobody looks.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc;
use std::thread;

use zmq::{Context, CurveKeyPair, DONTWAIT, Socket, SocketEvent, SocketType};

use super::{bound, is_silent, receive, socket};

/// A CURVE server with new keys.
fn server(context: &Context, kind: SocketType) -> (Socket, CurveKeyPair) {
    let keys = CurveKeyPair::new().unwrap();
    let server = socket(context, kind);
    server.set_curve_server(true).unwrap();
    server.set_curve_secretkey(&keys.secret_key).unwrap();
    (server, keys)
}

/// A client of a server's public key, with keys that nobody has ever seen.
fn stranger(context: &Context, kind: SocketType, server: &[u8; 32]) -> Socket {
    let keys = CurveKeyPair::new().unwrap();
    let client = socket(context, kind);
    client.set_curve_serverkey(server).unwrap();
    client.set_curve_publickey(&keys.public_key).unwrap();
    client.set_curve_secretkey(&keys.secret_key).unwrap();
    client
}

#[test]
fn zr0334_and_zr0339_a_curve_server_that_asks_nobody_lets_in_every_key() {
    let context = Context::new();
    let (sink, keys) = server(&context, SocketType::PULL);
    let endpoint = bound(&sink);
    for job in ["one", "two", "three"] {
        let source = stranger(&context, SocketType::PUSH, &keys.public_key);
        source.connect(&endpoint).unwrap();
        source.send(job, 0).unwrap();
        assert_eq!(receive(&sink), [job.as_bytes()]);
    }
}

#[test]
fn zr0343_a_socket_without_a_mechanism_lets_in_whoever_reaches_it() {
    let context = Context::new();
    let sink = socket(&context, SocketType::PULL);
    sink.bind("tcp://*:*").unwrap();
    let endpoint = sink.get_last_endpoint().unwrap().unwrap();
    let source = socket(&context, SocketType::PUSH);
    source.connect(&endpoint.replace("0.0.0.0", "127.0.0.1")).unwrap();
    source.send("anything", 0).unwrap();
    assert_eq!(receive(&sink), [b"anything"]);
}

/// What passes between a client and a server, in both directions, as somebody on the line sees it.
fn line_to(endpoint: &str) -> (String, mpsc::Receiver<Vec<u8>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let here = format!("tcp://{}", listener.local_addr().unwrap());
    let there = endpoint.strip_prefix("tcp://").unwrap().to_owned();
    let (tell, told) = mpsc::channel();
    thread::spawn(move || {
        for client in listener.incoming() {
            let (client, server) = (client.unwrap(), TcpStream::connect(&there).unwrap());
            let ends =
                [(client.try_clone().unwrap(), server.try_clone().unwrap()), (server, client)];
            for (mut from, mut to) in ends {
                let tell = tell.clone();
                thread::spawn(move || {
                    let mut bytes = [0; 4096];
                    while let Ok(count @ 1..) = from.read(&mut bytes) {
                        // Whoever listens may have heard enough.
                        let _ = tell.send(bytes[..count].to_vec());
                        if to.write_all(&bytes[..count]).is_err() {
                            return;
                        }
                    }
                });
            }
        }
    });
    (here, told)
}

fn has(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|part| part == text.as_bytes())
}

/// All that was on the line until a message arrived.
fn seen(told: &mpsc::Receiver<Vec<u8>>) -> Vec<u8> {
    told.try_iter().flatten().collect()
}

#[test]
fn zr0342_whoever_is_on_the_line_reads_a_password_and_every_message_of_plain() {
    let context = Context::new();
    let guard = socket(&context, SocketType::REP);
    guard.bind("inproc://zeromq.zap.01").unwrap();
    let asking = thread::spawn(move || {
        let asked = receive(&guard);
        let answer: [&[u8]; 6] = [b"1.0", &asked[1], b"200", b"", b"", b""];
        guard.send_multipart(answer, 0).unwrap();
        asked
    });
    let sink = socket(&context, SocketType::PULL);
    sink.set_plain_server(true).unwrap();
    let (line, told) = line_to(&bound(&sink));
    let source = socket(&context, SocketType::PUSH);
    source.set_plain_username(Some("alice")).unwrap();
    source.set_plain_password(Some("open sesame")).unwrap();
    source.connect(&line).unwrap();
    source.send("the treasure is below the oak", 0).unwrap();
    receive(&sink);
    assert_eq!(asking.join().unwrap()[6..], [&b"alice"[..], b"open sesame"]);
    let seen = seen(&told);
    for text in ["alice", "open sesame", "the treasure is below the oak"] {
        assert!(has(&seen, text), "{text}");
    }
}

#[test]
fn zr0342_of_curve_the_line_shows_neither_a_key_nor_a_message() {
    let context = Context::new();
    let (sink, keys) = server(&context, SocketType::PULL);
    let (line, told) = line_to(&bound(&sink));
    let source = stranger(&context, SocketType::PUSH, &keys.public_key);
    source.connect(&line).unwrap();
    source.send("the treasure is below the oak", 0).unwrap();
    receive(&sink);
    assert!(!has(&seen(&told), "treasure"));
}

#[test]
fn zr0333_with_the_wrong_key_a_client_connects_again_and_again_and_is_told_nothing() {
    let context = Context::new();
    let (sink, _) = server(&context, SocketType::PULL);
    let endpoint = bound(&sink);
    let other = CurveKeyPair::new().unwrap();
    let source = stranger(&context, SocketType::PUSH, &other.public_key);
    source.set_reconnect_ivl(10).unwrap();
    let begun = i32::from(SocketEvent::CONNECT_DELAYED.to_raw());
    source.monitor("inproc://monitor", begun).unwrap();
    let monitor = socket(&context, SocketType::PAIR);
    monitor.connect("inproc://monitor").unwrap();
    source.connect(&endpoint).unwrap();
    // To the program it is a network that is slow: the message is taken, and waits.
    assert_eq!(source.send("job", DONTWAIT), Ok(()));
    for _ in 0..3 {
        receive(&monitor);
    }
    assert!(is_silent(&sink));
}

#[test]
fn zr0346_a_socket_has_one_mechanism_and_a_null_peer_of_a_curve_server_never_comes_in() {
    let context = Context::new();
    let (sink, keys) = server(&context, SocketType::PULL);
    let endpoint = bound(&sink);
    let null = socket(&context, SocketType::PUSH);
    null.connect(&endpoint).unwrap();
    null.send("null", 0).unwrap();
    let right = stranger(&context, SocketType::PUSH, &keys.public_key);
    right.connect(&endpoint).unwrap();
    right.send("curve", 0).unwrap();
    assert_eq!(receive(&sink), [b"curve"]);
    assert!(is_silent(&sink));
    // And the other way round: a server without one takes nobody's keys.
    let open = socket(&context, SocketType::PULL);
    let endpoint = bound(&open);
    let curve = stranger(&context, SocketType::PUSH, &keys.public_key);
    curve.connect(&endpoint).unwrap();
    curve.send("curve", 0).unwrap();
    let null = socket(&context, SocketType::PUSH);
    null.connect(&endpoint).unwrap();
    null.send("null", 0).unwrap();
    assert_eq!(receive(&open), [b"null"]);
    assert!(is_silent(&open));
}

#[test]
fn zr0120_libzmq_takes_two_keys_that_are_no_pair() {
    let context = Context::new();
    let (one, other) = (CurveKeyPair::new().unwrap(), CurveKeyPair::new().unwrap());
    let (sink, keys) = server(&context, SocketType::PULL);
    let endpoint = bound(&sink);
    let source = socket(&context, SocketType::PUSH);
    source.set_curve_serverkey(&keys.public_key).unwrap();
    source.set_curve_publickey(&one.public_key).unwrap();
    source.set_curve_secretkey(&other.secret_key).unwrap();
    source.connect(&endpoint).unwrap();
    source.send("job", 0).unwrap();
    assert!(is_silent(&sink));
}
