//! What once ended the process, or a connection that was well, each as a sentence.

use std::collections::BTreeSet;
use std::ffi::c_int;
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::thread;
use std::time::{Duration, Instant};

use super::curve;
use super::library::{Context, PATIENCE, Socket};
use super::peer::{
    COMMAND, MORE, Peer, command, frame, greeting, listener, metadata, old_greeting, ping, ready,
    ws_frame, ws_request, ws_response,
};

/// Says whether a socket still hears others.
fn hears(socket: &Socket, port: u16, kind: &str) {
    let mut peer = Peer::connect(port).shaken(kind, b"");
    peer.say(&frame(0, b"still there?"));
    while socket.receive().last().unwrap() != b"still there?" {}
}

/// A PULL that is at its mark, and beyond it a peer's bytes.
fn full_reader(heartbeat: c_int, mark: c_int, rest: &[u8]) -> (Context, Socket, u16, Peer) {
    let context = Context::new();
    let reader = context.socket(zmq_sys::ZMQ_PULL);
    reader.paced(heartbeat, mark);
    if heartbeat > 0 {
        reader.number(zmq_sys::ZMQ_HEARTBEAT_TIMEOUT, 10_000);
    }
    let port = reader.bound();
    let mut peer = Peer::connect(port).shaken("PUSH", b"");
    // At once, so that all of it is read at once: what the kernel holds is lost with a connection.
    let messages = (0..mark + 3).flat_map(|number| frame(0, number.to_string().as_bytes()));
    peer.say(&messages.chain(rest.iter().copied()).collect::<Vec<u8>>());
    // Let it get full.
    thread::sleep(Duration::from_millis(50));
    (context, reader, port, peer)
}

fn all_arrive(reader: &Socket, mark: c_int) {
    for number in 0..mark + 3 {
        assert_eq!(reader.receive(), [number.to_string().as_bytes()]);
    }
}

#[test]
fn a_heartbeat_is_due_while_a_peer_is_gone_whose_messages_wait() {
    for mark in 1..=3 {
        let (_context, reader, port, peer) = full_reader(20, mark, b"");
        peer.reset();
        thread::sleep(Duration::from_millis(150));
        drop(reader.take());
        thread::sleep(Duration::from_millis(150));
        while reader.waits_for_input(Duration::from_millis(100)) {
            reader.take();
        }
        hears(&reader, port, "PUSH");
    }
}

#[test]
fn what_a_peer_said_before_it_left_arrives_although_heartbeats_are_due() {
    for mark in 1..=3 {
        let (_context, reader, port, peer) = full_reader(20, mark, b"");
        drop(peer);
        thread::sleep(Duration::from_millis(150));
        all_arrive(&reader, mark);
        hears(&reader, port, "PUSH");
    }
}

#[test]
fn a_ping_among_what_waits_of_a_peer_that_is_gone_is_not_answered() {
    let rest = [ping(0), frame(0, b"last"), ping(9)].concat();
    for mark in 1..=3 {
        let (_context, reader, port, peer) = full_reader(0, mark, &rest);
        drop(peer);
        // Something else of the socket shows that the end of this connection was seen.
        let other = Peer::connect(port).shaken("PUSH", b"");
        thread::sleep(Duration::from_millis(50));
        all_arrive(&reader, mark);
        assert_eq!(reader.receive(), [b"last"]);
        drop(other);
        hears(&reader, port, "PUSH");
    }
}

#[test]
fn a_new_connection_is_not_told_to_go_on_where_the_lost_one_stopped() {
    for role in [zmq_sys::ZMQ_PULL, zmq_sys::ZMQ_SUB, zmq_sys::ZMQ_DEALER, zmq_sys::ZMQ_ROUTER] {
        let context = Context::new();
        let reader = context.socket(role);
        reader.paced(20, 1);
        reader.number(zmq_sys::ZMQ_RECONNECT_IVL, 5);
        if role == zmq_sys::ZMQ_SUB {
            reader.bytes(zmq_sys::ZMQ_SUBSCRIBE, b"");
        }
        let (listener, port) = listener();
        reader.connect(&format!("tcp://127.0.0.1:{port}"));
        let kind = super::library::partner(role);
        let server = thread::spawn(move || {
            let mut peers = Vec::new();
            let end = Instant::now() + Duration::from_millis(900);
            // Never an answer to a PING: each of them is given up after 20 ms.
            for number in 0_u32.. {
                listener.set_nonblocking(true).unwrap();
                while let Ok((stream, _)) = listener.accept() {
                    stream.set_nonblocking(false).unwrap();
                    peers.push(Peer::over(stream).shaken(kind, b"x"));
                }
                for peer in &mut peers {
                    peer.drain();
                    if number % 3 == 0 {
                        peer.try_say(&frame(0, &number.to_be_bytes()));
                    }
                }
                if Instant::now() > end {
                    return;
                }
                thread::sleep(Duration::from_millis(2));
            }
        });
        let mut seen = 0;
        while !server.is_finished() {
            thread::sleep(Duration::from_millis(60));
            for _ in 0..3 {
                seen += usize::from(reader.take().is_some());
            }
        }
        server.join().unwrap();
        assert!(seen > 3, "{kind}: {seen}");
    }
}

#[test]
fn a_malformed_command_ends_the_connection_and_shows_no_memory() {
    let secret = [b's'; 300];
    for body in [
        &b"\x04PING"[..],
        b"\x04PING\0",
        b"",
        b"\x09PING\0\0",
        b"\x06CANCE",
        b"\x09SUBSCRIB",
        b"\xff",
    ] {
        for role in [zmq_sys::ZMQ_PULL, zmq_sys::ZMQ_XPUB, zmq_sys::ZMQ_ROUTER, zmq_sys::ZMQ_REP] {
            let context = Context::new();
            let socket = context.socket(role);
            let port = socket.bound();
            let mut peer = Peer::connect(port).shaken(super::library::partner(role), b"");
            peer.say(&frame(0, &secret));
            peer.say(&frame(COMMAND, body));
            assert_eq!(peer.hear_to_the_end(), b"", "{body:?} to {role}");
        }
    }
}

#[test]
fn a_ping_is_answered_with_its_context_alone() {
    let context = Context::new();
    let socket = context.socket(zmq_sys::ZMQ_PULL);
    let mut peer = Peer::connect(socket.bound()).shaken("PUSH", b"");
    for length in [0, 1, 15, 16, 17, 200] {
        let mark = vec![b'c'; length];
        peer.say(&frame(COMMAND, &command("PING", &[&[0, 0], &mark[..]].concat())));
        let answer = command("PONG", &mark[..length.min(16)]);
        assert_eq!(peer.hear_frame(), (COMMAND, answer));
    }
    // What is no command of this protocol is nobody's business.
    peer.say(&frame(COMMAND, &command("SUBSCRIBE", b"topic")));
    peer.say(&frame(COMMAND, &command("NONSENSE", b"")));
    peer.say(&frame(0, b"message"));
    assert_eq!(socket.receive(), [b"message"]);
}

#[test]
fn a_time_to_live_of_more_than_a_minute_is_no_short_one() {
    let context = Context::new();
    let socket = context.socket(zmq_sys::ZMQ_PULL);
    let mut peer = Peer::connect(socket.bound()).shaken("PUSH", b"");
    // 65.6 s, which in 16 bits of milliseconds are 64.
    peer.say(&ping(656));
    peer.hear_frame();
    thread::sleep(Duration::from_millis(400));
    peer.say(&ping(0));
    assert_eq!(peer.hear_frame().1, b"\x04PONG");
}

#[test]
fn a_reader_at_its_mark_keeps_the_connection_whatever_its_heartbeats() {
    let context = Context::new();
    let reader = context.socket(zmq_sys::ZMQ_PULL);
    reader.paced(100, 2);
    reader.number(zmq_sys::ZMQ_HEARTBEAT_TIMEOUT, 800);
    let writer = context.socket(zmq_sys::ZMQ_PUSH);
    writer.number(zmq_sys::ZMQ_SNDHWM, 0);
    writer.connect(&format!("tcp://127.0.0.1:{}", reader.bound()));
    for number in 0..500_u32 {
        assert!(writer.send(&[&number.to_be_bytes(), &[0; 10_000]]));
    }
    // Three times as long as it waits for a sign.
    thread::sleep(Duration::from_millis(2400));
    for number in 0..500_u32 {
        assert_eq!(reader.receive()[0], number.to_be_bytes());
        if number % 50 == 0 {
            thread::sleep(Duration::from_millis(40));
        }
    }
}

#[test]
fn heartbeats_on_a_web_socket_without_a_mechanism_are_heartbeats() {
    for role in [zmq_sys::ZMQ_PULL, zmq_sys::ZMQ_ROUTER, zmq_sys::ZMQ_PUB] {
        let context = Context::new();
        let socket = context.socket(role);
        socket.paced(20, 10);
        socket.number(zmq_sys::ZMQ_HEARTBEAT_TIMEOUT, 20_000);
        let port = ws_port(&socket.bind("ws://127.0.0.1:*"));
        let mut peer = Peer::connect(port);
        peer.say(&ws_request("ZWS2.0"));
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.extend(peer.hear(1));
        }
        // A PING before the identity is no identity.
        peer.say(&ws_frame(9, true, b""));
        peer.say(&ws_frame(2, true, b"\0me"));
        peer.say(&ws_frame(10, true, b""));
        if role != zmq_sys::ZMQ_PUB {
            peer.say(&ws_frame(2, true, b"\0hello"));
            assert_eq!(socket.receive().last().unwrap(), b"hello");
        }
        let mut seen = BTreeSet::new();
        while !(seen.contains(&0x89) && seen.contains(&0x8a)) {
            let head = peer.hear(2);
            peer.hear(usize::from(head[1] & 0x7f));
            seen.insert(head[0]);
        }
        peer.say(&ws_frame(8, true, &[3, 232]));
        let rest = peer.hear_to_the_end();
        assert!(rest.windows(2).any(|pair| pair == [0x88, 2]), "no answer to CLOSE: {rest:?}");
    }
}

#[test]
fn a_web_socket_frame_that_makes_no_sense_ends_the_connection() {
    for bytes in [
        &b"\x02\x80\0\0\0\0"[..],
        b"\x83\x80\0\0\0\0",
        b"\x82\x01\0",
        b"\x82\x80\0\0\0\0",
        b"\x82\xfe\0\0\0\0\0\0",
        b"\x82\xff\0\0\0\0\0\0\0\0\0\0\0\0",
    ] {
        let context = Context::new();
        let socket = context.socket(zmq_sys::ZMQ_PULL);
        let port = ws_port(&socket.bind("ws://127.0.0.1:*"));
        let mut peer = Peer::connect(port);
        peer.say(&ws_request("ZWS2.0/NULL"));
        let ready = command("READY", &metadata("PUSH", b""));
        peer.say(&ws_frame(2, true, &[&[4], &ready[..]].concat()));
        while !peer.hear(1).starts_with(&[0x82]) {}
        peer.say(&ws_frame(2, true, b"\0message"));
        assert_eq!(socket.receive(), [b"message"]);
        // Now libzmq waits for more, and remembers that there was none.
        thread::sleep(Duration::from_millis(10));
        peer.say(bytes);
        peer.hear_to_the_end();
    }
}

#[test]
fn a_web_socket_server_that_names_two_protocols_is_left() {
    for role in [zmq_sys::ZMQ_ROUTER, zmq_sys::ZMQ_REP, zmq_sys::ZMQ_PULL] {
        let context = Context::new();
        let socket = context.socket(role);
        let (listener, port) = listener();
        socket.connect(&format!("ws://127.0.0.1:{port}/"));
        let mut peer = Peer::accept(&listener);
        peer.say(&ws_response(&["ZWS2.0", "ZWS2.0/NULL"]));
        peer.try_say(&ws_frame(2, false, b"\0me"));
        peer.hear_to_the_end();
    }
}

fn ws_port(endpoint: &str) -> u16 {
    super::library::port_of(endpoint)
}

/// Answers the next question to a ZAP handler, `times` times.
fn answer(handler: &Socket, times: usize) {
    let question = handler.receive();
    let end = question.iter().position(Vec::is_empty).unwrap();
    let mut reply: Vec<&[u8]> = question[..=end].iter().map(Vec::as_slice).collect();
    reply.extend([&b"1.0"[..], &question[end + 2], b"200", b"", b"user", b""]);
    for _ in 0..times {
        handler.send(&reply);
    }
}

fn plain_hello() -> Vec<u8> {
    frame(COMMAND, &command("HELLO", b"\x01u\x01p"))
}

#[test]
fn a_zap_handler_that_answers_twice_is_heard_once() {
    for curve in [false, true] {
        let context = Context::new();
        let handler = context.socket(zmq_sys::ZMQ_ROUTER);
        handler.bind("inproc://zeromq.zap.01");
        let server = context.socket(zmq_sys::ZMQ_PULL);
        let keys = curve::Keys::new();
        if curve {
            server.number(zmq_sys::ZMQ_CURVE_SERVER, 1);
            server.bytes(zmq_sys::ZMQ_CURVE_SECRETKEY, &keys.secret);
        } else {
            server.number(zmq_sys::ZMQ_PLAIN_SERVER, 1);
        }
        let port = server.bound();
        for _ in 0..5 {
            let mut peer = Peer::connect(port);
            if curve {
                let client = curve::Client::of(keys.public);
                peer.say(&greeting(1, "CURVE", false));
                peer.say(&frame(COMMAND, &client.hello()));
                peer.hear(64);
                let welcome = peer.hear_frame().1;
                let (initiate, _) = client.initiate(&welcome, &metadata("PUSH", b"")).unwrap();
                peer.say(&frame(COMMAND, &initiate));
            } else {
                peer.say(&greeting(1, "PLAIN", false));
                peer.say(&plain_hello());
            }
            answer(&handler, 2);
            if !curve {
                peer.hear(64);
            }
            peer.hear_frame();
        }
    }
}

#[test]
fn an_answer_to_a_lost_connection_is_not_the_answer_to_the_next() {
    let context = Context::new();
    let handler = context.socket(zmq_sys::ZMQ_ROUTER);
    handler.bind("inproc://zeromq.zap.01");
    let client = context.socket(zmq_sys::ZMQ_DEALER);
    client.bytes(zmq_sys::ZMQ_ZAP_DOMAIN, b"global");
    client.number(zmq_sys::ZMQ_RECONNECT_IVL, 5);
    let (listener, port) = listener();
    client.connect(&format!("tcp://127.0.0.1:{port}"));
    let mut first = Peer::accept(&listener);
    first.say(&greeting(1, "NULL", false));
    first.say(&ready("ROUTER", b""));
    assert!(handler.waits_for_input(PATIENCE), "nobody asked");
    drop(first);
    let mut second = Peer::accept(&listener);
    answer(&handler, 1);
    // It has heard, and the second has not even greeted.
    thread::sleep(Duration::from_millis(50));
    second.say(&greeting(1, "NULL", false));
    second.say(&ready("ROUTER", b""));
    second.hear(64);
    assert!(handler.waits_for_input(PATIENCE), "the second was not asked about");
    answer(&handler, 1);
    assert_eq!(second.hear_frame().1[..6], *b"\x05READY");
}

#[test]
fn what_sits_in_a_zap_handlers_place_and_cannot_answer_admits_nobody() {
    for role in [zmq_sys::ZMQ_PULL, zmq_sys::ZMQ_PUB, zmq_sys::ZMQ_PAIR, zmq_sys::ZMQ_DEALER] {
        let context = Context::new();
        let handler = context.socket(role);
        handler.bind("inproc://zeromq.zap.01");
        let server = context.socket(zmq_sys::ZMQ_PULL);
        server.number(zmq_sys::ZMQ_PLAIN_SERVER, 1);
        server.number(zmq_sys::ZMQ_HANDSHAKE_IVL, 200);
        let mut peer = Peer::connect(server.bound());
        peer.say(&greeting(1, "PLAIN", false));
        peer.say(&plain_hello());
        assert_eq!(peer.hear_to_the_end().len(), 64);
    }
}

#[test]
fn a_domain_that_is_enforced_and_missing_refuses_everybody() {
    let context = Context::new();
    let server = context.socket(zmq_sys::ZMQ_PULL);
    server.number(zmq_sys::ZMQ_PLAIN_SERVER, 1);
    server.number(zmq_sys::ZMQ_ZAP_ENFORCE_DOMAIN, 1);
    let mut peer = Peer::connect(server.bound());
    peer.say(&greeting(1, "PLAIN", false));
    peer.try_say(&plain_hello());
    // A greeting at most, and no WELCOME.
    let heard = peer.hear_to_the_end();
    assert!(heard.len() <= 64, "{heard:?}");
}

#[test]
fn a_peer_that_takes_the_next_nameless_ones_name_is_nameless() {
    let context = Context::new();
    let router = context.socket(zmq_sys::ZMQ_ROUTER);
    let port = router.bound();
    let mut first = Peer::connect(port).shaken("DEALER", b"");
    first.say(&frame(0, b"1"));
    let name = router.receive()[0].clone();
    let number = u32::from_be_bytes(name[1..].try_into().unwrap());
    let mut peers: Vec<Peer> = (1..6_u32)
        .map(|step| {
            let wanted = [&[0][..], &number.wrapping_add(step).to_be_bytes()].concat();
            Peer::connect(port).shaken("DEALER", &wanted)
        })
        .collect();
    peers.extend((0..6).map(|_| Peer::connect(port).shaken("DEALER", b"")));
    let mut names = BTreeSet::new();
    for peer in &mut peers {
        peer.say(&frame(0, b"who am I"));
        let message = router.receive();
        assert!(router.send(&[&message[0], b"you"]));
        assert_eq!(peer.hear_frame(), (0, b"you".to_vec()));
        names.insert(message[0].clone());
    }
    assert_eq!(names.len(), peers.len());
}

#[test]
fn a_name_for_who_is_connected_to_may_be_taken() {
    for role in [zmq_sys::ZMQ_ROUTER, zmq_sys::ZMQ_STREAM] {
        let context = Context::new();
        let socket = context.socket(role);
        let (listener, there) = listener();
        for _ in 0..2 {
            socket.bytes(zmq_sys::ZMQ_CONNECT_ROUTING_ID, b"x");
            socket.connect(&format!("tcp://127.0.0.1:{there}"));
        }
        let mut taken = BTreeSet::new();
        let _held: Vec<Peer> = (0..2)
            .map(|number| {
                let mut peer = Peer::accept(&listener);
                if role == zmq_sys::ZMQ_ROUTER {
                    let name = [b'a' + number];
                    peer = peer.shaken("DEALER", &name);
                    peer.say(&frame(0, b"hi"));
                    taken.insert(socket.receive()[0].clone());
                }
                peer
            })
            .collect();
        assert!(role == zmq_sys::ZMQ_STREAM || taken.len() == 2, "{taken:?}");
    }
}

#[test]
fn a_proxy_that_refuses_can_be_left() {
    let (listener, closed) = listener();
    drop(listener);
    for _ in 0..3 {
        let context = Context::new();
        let socket = context.socket(zmq_sys::ZMQ_PUSH);
        socket.bytes(zmq_sys::ZMQ_SOCKS_PROXY, format!("127.0.0.1:{closed}").as_bytes());
        socket.number(zmq_sys::ZMQ_RECONNECT_IVL, 30);
        socket.connect("tcp://127.0.0.1:9");
        thread::sleep(Duration::from_millis(80));
    }
}

#[test]
fn the_answer_of_a_proxy_may_come_in_any_pieces() {
    let host = [b'h'; 200];
    let named = [&[5, 0, 0, 3, 200], &host[..], &[0, 9]].concat();
    for answer in
        [&[5, 0, 0, 1, 127, 0, 0, 1, 0, 9][..], &named, &[&[5, 0, 0, 4], &[0; 18][..]].concat()]
    {
        let context = Context::new();
        let socket = context.socket(zmq_sys::ZMQ_PULL);
        let (listener, port) = listener();
        socket.bytes(zmq_sys::ZMQ_SOCKS_PROXY, format!("127.0.0.1:{port}").as_bytes());
        socket.connect("tcp://127.0.0.1:9");
        let mut peer = Peer::accept(&listener);
        peer.hear(3);
        peer.say(&[5, 0]);
        peer.hear(10);
        for byte in answer {
            peer.say(&[*byte]);
            thread::sleep(Duration::from_millis(2));
        }
        let mut peer = peer.shaken("PUSH", b"");
        peer.say(&frame(0, b"through"));
        assert_eq!(socket.receive(), [b"through"]);
    }
}

#[test]
fn a_peer_that_comes_back_to_a_full_queue_is_heard() {
    // Revision 1 is ZMTP 2.0; 3 stands for all later ones.
    for (role, kind) in [(zmq_sys::ZMQ_ROUTER, "DEALER"), (zmq_sys::ZMQ_REP, "REQ")] {
        for revision in [0, 1, 3] {
            let context = Context::new();
            let socket = context.socket(role);
            socket.paced(0, 2);
            socket.number(zmq_sys::ZMQ_RECONNECT_IVL, 5);
            let (listener, port) = listener();
            socket.connect(&format!("tcp://127.0.0.1:{port}"));
            let say = |peer: &mut Peer, numbers: std::ops::Range<u8>| {
                let mut bytes = Vec::new();
                if revision == 3 {
                    peer.say(&[greeting(1, "NULL", false), ready(kind, b"it")].concat());
                    peer.hear(64);
                    peer.hear_frame();
                } else {
                    bytes = old_greeting(revision, b"it");
                }
                for number in numbers {
                    let parts = [(MORE, &b""[..]), (0, &[number])];
                    for (flags, body) in parts {
                        bytes.extend(if revision == 0 {
                            super::peer::oldest_frame(flags, body)
                        } else {
                            frame(flags, body)
                        });
                    }
                }
                peer.say(&bytes);
            };
            let mut first = Peer::accept(&listener);
            say(&mut first, 0..2);
            assert!(socket.waits_for_input(PATIENCE));
            thread::sleep(Duration::from_millis(20));
            drop(first);
            let mut second = Peer::accept(&listener);
            say(&mut second, 2..5);
            thread::sleep(Duration::from_millis(20));
            for number in 0..5 {
                assert_eq!(socket.receive().last().unwrap(), &[number], "{kind} {revision}");
                if role == zmq_sys::ZMQ_REP {
                    socket.send(&[b"yes"]);
                }
            }
        }
    }
}

#[test]
fn a_full_queue_goes_on_when_its_mark_is_raised() {
    const COUNT: u8 = 100;
    for (before, after) in [(1, 2), (3, 0), (5, 50), (3, 1000)] {
        let context = Context::new();
        let reader = context.socket(zmq_sys::ZMQ_PULL);
        reader.paced(0, before);
        let mut peer = Peer::connect(reader.bound()).shaken("PUSH", b"");
        peer.say(&(0..COUNT).flat_map(|number| frame(0, &[number])).collect::<Vec<u8>>());
        assert!(reader.waits_for_input(PATIENCE));
        // Let it get full.
        thread::sleep(Duration::from_millis(20));
        reader.number(zmq_sys::ZMQ_RCVHWM, after);
        for number in 0..COUNT {
            assert_eq!(reader.receive(), [[number]], "{before} to {after}");
        }
    }
}

#[test]
fn a_full_sender_goes_on_when_its_mark_is_raised() {
    let context = Context::new();
    let sender = context.socket(zmq_sys::ZMQ_PUSH);
    sender.paced(0, 2);
    let _unread = Peer::connect(sender.bound()).shaken("PULL", b"");
    let large = vec![0; 1 << 20];
    let end = Instant::now() + PATIENCE;
    // The connection's own buffers take some.
    let mut refused = 0;
    while refused < 5 && Instant::now() < end {
        refused = if sender.send(&[&large]) { 0 } else { refused + 1 };
        thread::sleep(Duration::from_millis(5));
    }
    sender.number(zmq_sys::ZMQ_SNDHWM, 100);
    assert!(sender.send(&[&large]));
}

#[test]
fn a_first_limit_counts_only_what_waits() {
    let context = Context::new();
    let reader = context.socket(zmq_sys::ZMQ_PULL);
    reader.paced(0, 0);
    let mut peer = Peer::connect(reader.bound()).shaken("PUSH", b"");
    for mark in [0, 10, 0, 3] {
        reader.number(zmq_sys::ZMQ_RCVHWM, mark);
        peer.say(&(0..100).flat_map(|number| frame(0, &[number])).collect::<Vec<u8>>());
        for number in 0..100 {
            assert_eq!(reader.receive(), [[number]], "at {mark}");
        }
    }
}

#[test]
fn a_peer_may_leave_while_half_a_message_to_it_is_thrown_away() {
    for round in 0..150_u64 {
        let context = Context::new();
        let writer = context.socket(zmq_sys::ZMQ_PUSH);
        writer.number(zmq_sys::ZMQ_SNDBUF, 4096);
        let peer = Peer::connect(writer.bound()).shaken("PULL", b"");
        let part = vec![0; 300_000];
        let end = Instant::now() + PATIENCE;
        while !writer.send(&[&part, &part, &part, &part]) {
            assert!(Instant::now() < end);
        }
        thread::sleep(Duration::from_millis(1));
        let gone = thread::spawn(move || {
            thread::sleep(Duration::from_micros(round % 30 * 10));
            peer.reset();
        });
        drop(writer);
        gone.join().unwrap();
    }
}

#[test]
fn an_identity_that_comes_while_the_socket_closes_is_nobodys() {
    for round in 0..100_u64 {
        let context = Context::new();
        let role = if round % 2 == 0 { zmq_sys::ZMQ_ROUTER } else { zmq_sys::ZMQ_PUB };
        let socket = context.socket(role);
        let port = socket.bound();
        let knocks: Vec<_> = (0..6_u64)
            .map(|number| {
                let stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
                thread::spawn(move || {
                    let mut peer = Peer::over(stream);
                    let bytes = match (number + round) % 3 {
                        0 => super::peer::oldest_frame(0, b"me"),
                        revision => old_greeting(revision as u8 - 1, b"me"),
                    };
                    let (greeting, identity) = bytes.split_at(bytes.len() - 4);
                    peer.try_say(greeting);
                    thread::sleep(Duration::from_micros(number * 60));
                    peer.try_say(identity);
                    thread::sleep(Duration::from_millis(1));
                })
            })
            .collect();
        thread::sleep(Duration::from_micros(round % 20 * 20));
        drop(socket);
        for knock in knocks {
            knock.join().unwrap();
        }
    }
}

#[test]
fn a_malformed_request_takes_no_answer_from_others() {
    let context = Context::new();
    let server = context.socket(zmq_sys::ZMQ_REP);
    // So that no answer of those below is dropped: REP drops what it has no room for.
    server.paced(0, 10);
    server.number(zmq_sys::ZMQ_SNDBUF, 4096);
    let port = server.bound();
    let mut careless = Peer::connect(port).shaken("DEALER", b"careless");
    let answer = vec![b'a'; 1 << 20];
    let ask = [frame(MORE, b""), frame(0, b"ask")].concat();
    // Until its queue is full, as it never reads.
    for _ in 0..40 {
        careless.say(&ask);
        assert_eq!(server.receive(), [b"ask"]);
        server.send(&[&answer]);
    }
    careless.say(&[frame(MORE, b"no"), frame(0, b"delimiter")].concat());
    let mut careful = Peer::connect(port).shaken("REQ", b"");
    for _ in 0..5 {
        careful.say(&ask);
        assert_eq!(server.receive(), [b"ask"]);
        assert!(server.send(&[b"answer"]));
        assert_eq!(careful.hear_frame(), (MORE, b"".to_vec()));
        assert_eq!(careful.hear_frame(), (0, b"answer".to_vec()));
    }
}

#[test]
fn a_subscription_as_long_as_it_likes_needs_no_deep_stack() {
    let work = || {
        let context = Context::new();
        let listener = context.socket(zmq_sys::ZMQ_XSUB);
        let publisher = context.socket(zmq_sys::ZMQ_XPUB);
        publisher.bind("inproc://long");
        let topic = [&[1], &vec![b't'; 1_000_000][..]].concat();
        let mut fork = topic[..500_000].to_vec();
        fork.push(b'f');
        assert!(listener.send(&[&topic]));
        assert!(listener.send(&[&fork]));
        // Those who come later are told of all.
        listener.connect("inproc://long");
        let mut seen = [publisher.receive().concat(), publisher.receive().concat()];
        seen.sort_by_key(Vec::len);
        assert_eq!(seen, [fork.clone(), topic.clone()]);
        let mut less = topic.clone();
        less[0] = 0;
        assert!(listener.send(&[&less]));
        assert_eq!(publisher.receive(), [less]);
        assert!(publisher.send(&[&fork[1..]]));
        assert_eq!(listener.receive(), [&fork[1..]]);
        assert!(publisher.send(&[&topic[1..]]));
        assert!(publisher.send(&[&fork[1..], b"second"]));
        assert_eq!(listener.receive().len(), 2);
    };
    thread::Builder::new().stack_size(256 << 10).spawn(work).unwrap().join().unwrap();
}

#[test]
fn subscriptions_are_kept_and_left_as_they_were_made() {
    let context = Context::new();
    let listener = context.socket(zmq_sys::ZMQ_XSUB);
    listener.number(zmq_sys::ZMQ_SNDHWM, 0);
    let publisher = context.socket(zmq_sys::ZMQ_XPUB);
    publisher.bind("inproc://all");
    let mut random = super::bytes::Random::new(7);
    let mut wanted: std::collections::BTreeMap<Vec<u8>, usize> = std::collections::BTreeMap::new();
    for _ in 0..20_000 {
        let length = random.below(6);
        let topic: Vec<u8> = (0..length).map(|_| b"\x00\x01az\xff"[random.below(5)]).collect();
        let count = wanted.entry(topic.clone()).or_default();
        let adds = random.below(2) == 0;
        if adds {
            *count += 1;
        } else {
            *count = count.saturating_sub(1);
        }
        assert!(listener.send(&[&[&[u8::from(adds)], &topic[..]].concat()]));
    }
    wanted.retain(|_, count| *count > 0);
    listener.connect("inproc://all");
    let mut told = BTreeSet::new();
    for _ in 0..wanted.len() {
        told.insert(publisher.receive().concat().split_off(1));
    }
    assert_eq!(told, wanted.into_keys().collect());
    assert!(!publisher.waits_for_input(Duration::from_millis(50)));
}

#[test]
fn a_subscription_inside_a_message_runs_no_messages_together() {
    let context = Context::new();
    let publisher = context.socket(zmq_sys::ZMQ_XPUB);
    let mut peer = Peer::connect(publisher.bound()).shaken("SUB", b"");
    peer.say(&frame(0, b"\x01a"));
    assert_eq!(publisher.receive(), [b"\x01a"]);
    // It is subscribed to already, so this part is passed on to nobody.
    peer.say(&[frame(MORE, b"user"), frame(0, b"\x01a")].concat());
    peer.say(&frame(0, b"\x01b"));
    assert_eq!(publisher.receive(), [b"user"]);
    assert_eq!(publisher.receive(), [b"\x01b"]);
}

#[test]
fn a_curve_server_that_sends_a_point_of_no_use_is_left() {
    let context = Context::new();
    let server = curve::Server::new();
    let client = context.socket(zmq_sys::ZMQ_DEALER);
    let keys = curve::Keys::new();
    client.bytes(zmq_sys::ZMQ_CURVE_SERVERKEY, &server.keys.public);
    client.bytes(zmq_sys::ZMQ_CURVE_PUBLICKEY, &keys.public);
    client.bytes(zmq_sys::ZMQ_CURVE_SECRETKEY, &keys.secret);
    let (listener, port) = listener();
    client.connect(&format!("tcp://127.0.0.1:{port}"));
    let mut peer = Peer::accept(&listener);
    peer.say(&greeting(1, "CURVE", true));
    peer.hear(64);
    let hello = peer.hear_frame().1;
    let (welcome, _) = server.welcome(&hello, Some([0; 32]));
    peer.say(&frame(COMMAND, &welcome));
    assert_eq!(peer.hear_to_the_end(), b"");
}

#[test]
fn what_libzmq_says_in_a_lost_peers_place_fills_no_queue_for_ever() {
    let context = Context::new();
    let client = context.socket(zmq_sys::ZMQ_DEALER);
    client.paced(0, 1);
    client.bytes(zmq_sys::ZMQ_HICCUP_MSG, b"lost");
    client.number(zmq_sys::ZMQ_RECONNECT_IVL, 5);
    let (listener, port) = listener();
    client.connect(&format!("tcp://127.0.0.1:{port}"));
    for _ in 0..6 {
        let mut peer = Peer::accept(&listener).shaken("ROUTER", b"");
        peer.say(&frame(0, b"here"));
        assert_eq!(client.receive(), [b"here"]);
        drop(peer);
        assert_eq!(client.receive(), [b"lost"]);
    }
}

#[test]
fn a_buffer_of_any_size_holds_messages_where_they_may_be() {
    for size in (1..70).chain([127, 1001, 4097, 8191, 65_537]) {
        let context = Context::new();
        let reader = context.socket(zmq_sys::ZMQ_PULL);
        reader.number(zmq_sys::ZMQ_IN_BATCH_SIZE, size);
        reader.number(zmq_sys::ZMQ_OUT_BATCH_SIZE, size);
        let mut peer = Peer::connect(reader.bound()).shaken("PUSH", b"");
        let mut bytes = Vec::new();
        for length in (0..200).chain([300, 1000, 5000]) {
            bytes.extend(frame(0, &vec![length as u8; length]));
        }
        peer.say(&bytes);
        for length in (0..200).chain([300, 1000, 5000]) {
            assert_eq!(reader.receive(), [vec![length as u8; length]]);
        }
    }
}

#[test]
fn a_subscription_of_any_length_reaches_an_older_publisher_whole() {
    for length in [0, 1, 253, 254, 255, 256, 257] {
        let context = Context::new();
        let subscriber = context.socket(zmq_sys::ZMQ_SUB);
        subscriber.bytes(zmq_sys::ZMQ_SUBSCRIBE, &vec![b't'; length]);
        let (listener, port) = listener();
        subscriber.connect(&format!("tcp://127.0.0.1:{port}"));
        let mut peer = Peer::accept(&listener);
        peer.say(&[greeting(0, "NULL", false), ready("PUB", b"")].concat());
        peer.hear(64);
        peer.hear_frame();
        let expected = [&[1], &vec![b't'; length][..]].concat();
        assert_eq!(peer.hear_frame().1, expected);
    }
}

#[test]
fn being_out_of_descriptors_turns_connections_away() {
    const NAME: &str = "faults::being_out_of_descriptors_turns_connections_away";
    if std::env::var_os("ZMQ_SYS_ALONE").is_none() {
        // The limit is the process's, so it is tried in one of its own.
        let status = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", NAME])
            .env("ZMQ_SYS_ALONE", "1")
            .status()
            .unwrap();
        assert!(status.success(), "{status}");
        return;
    }
    let folder = std::env::temp_dir().join(format!("zmq-sys-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join("socket");
    let context = Context::new();
    let (ipc, tcp) = (context.socket(zmq_sys::ZMQ_PULL), context.socket(zmq_sys::ZMQ_PULL));
    ipc.bind(&format!("ipc://{}", path.display()));
    let port = tcp.bound();
    let limit = |count: u64| {
        let limit = libc::rlimit { rlim_cur: count, rlim_max: 4096 };
        // SAFETY: the value is there for the call.
        assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit) }, 0);
    };
    limit(64);
    let mut streams = Vec::new();
    let mut others = Vec::new();
    for number in 0..200 {
        if number % 2 == 0 {
            streams.extend(UnixStream::connect(&path));
        } else {
            others.extend(TcpStream::connect(("127.0.0.1", port)));
        }
    }
    thread::sleep(Duration::from_millis(200));
    limit(4096);
    drop((streams, others));
    thread::sleep(Duration::from_millis(50));
    hears(&tcp, port, "PUSH");
    std::fs::remove_dir_all(&folder).unwrap();
}
