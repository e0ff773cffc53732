//! What libzmq does where `zrig check` warns, on real sockets: so that each lesson is true.
//!
//! Owns no rule of the checker. Where nothing may arrive, something else that was sent later on
//! the same way, or beside it, is waited for first; only where that is impossible a short time.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::{Duration, Instant};

mod connections;
mod replies;
mod security;

use zmq::{Context, DONTWAIT, Error, POLLIN, SNDMORE, Socket, SocketEvent, SocketType};

/// How long anything may take before a test gives up on it.
const PATIENCE: i64 = 10_000;
/// How long nothing has to come before nothing counts as nothing.
const SILENCE: i64 = 250;

fn socket(context: &Context, kind: SocketType) -> Socket {
    let socket = context.socket(kind).unwrap();
    socket.set_linger(0).unwrap();
    socket
}

/// Binds a free port of this machine and tells which.
fn bound(socket: &Socket) -> String {
    socket.bind("tcp://127.0.0.1:*").unwrap();
    socket.get_last_endpoint().unwrap().unwrap()
}

fn receive(socket: &Socket) -> Vec<Vec<u8>> {
    assert_eq!(socket.poll(POLLIN, PATIENCE), Ok(1), "nothing came");
    socket.recv_multipart(DONTWAIT).unwrap()
}

fn is_silent(socket: &Socket) -> bool {
    socket.poll(POLLIN, SILENCE) == Ok(0)
}

/// A subscriber whose subscription has arrived at its publisher.
fn subscribed(context: &Context, publisher: &Socket, endpoint: &str, filter: &str) -> Socket {
    let subscriber = socket(context, SocketType::SUB);
    subscriber.connect(endpoint).unwrap();
    subscriber.set_subscribe(filter.as_bytes()).unwrap();
    receive(publisher);
    subscriber
}

#[test]
fn zr0301_a_sub_without_a_filter_receives_nothing() {
    let context = Context::new();
    let publisher = socket(&context, SocketType::XPUB);
    let endpoint = bound(&publisher);
    let deaf = socket(&context, SocketType::SUB);
    deaf.connect(&endpoint).unwrap();
    let hearing = subscribed(&context, &publisher, &endpoint, "");
    publisher.send("news", 0).unwrap();
    assert_eq!(receive(&hearing), [b"news"]);
    assert!(is_silent(&deaf));
}

#[test]
fn zr0311_a_filter_takes_every_longer_id_that_begins_so() {
    let context = Context::new();
    let publisher = socket(&context, SocketType::XPUB);
    let endpoint = bound(&publisher);
    let bare = subscribed(&context, &publisher, &endpoint, "100");
    let exact = subscribed(&context, &publisher, &endpoint, "100 ");
    for message in ["1000 json {}", "100 text mild"] {
        publisher.send(message, 0).unwrap();
    }
    assert_eq!(receive(&bare), [b"1000 json {}"]);
    assert_eq!(receive(&bare), [b"100 text mild"]);
    assert_eq!(receive(&exact), [b"100 text mild"]);
}

#[test]
fn zr0312_a_message_that_fits_two_filters_arrives_once() {
    let context = Context::new();
    let publisher = socket(&context, SocketType::XPUB);
    let endpoint = bound(&publisher);
    let subscriber = subscribed(&context, &publisher, &endpoint, "orders.");
    subscriber.set_subscribe(b"orders.eu.").unwrap();
    receive(&publisher);
    publisher.send("orders.eu.lamp", 0).unwrap();
    publisher.send("orders.end", 0).unwrap();
    assert_eq!(receive(&subscriber), [b"orders.eu.lamp"]);
    assert_eq!(receive(&subscriber), [b"orders.end"]);
}

#[test]
fn zr0314_what_a_connecting_pub_sends_first_is_lost() {
    let context = Context::new();
    let subscriber = socket(&context, SocketType::SUB);
    subscriber.set_subscribe(b"").unwrap();
    let endpoint = bound(&subscriber);
    let publisher = socket(&context, SocketType::PUB);
    publisher.connect(&endpoint).unwrap();
    publisher.send("early", 0).unwrap();
    let end = Instant::now() + Duration::from_millis(PATIENCE.unsigned_abs());
    while subscriber.poll(POLLIN, 5) == Ok(0) {
        assert!(Instant::now() < end);
        publisher.send("late", 0).unwrap();
    }
    assert_eq!(receive(&subscriber), [b"late"]);
}

#[test]
fn zr0315_what_a_pub_sends_before_it_knows_of_a_subscription_is_lost() {
    let context = Context::new();
    let publisher = socket(&context, SocketType::XPUB);
    let endpoint = bound(&publisher);
    let subscriber = socket(&context, SocketType::SUB);
    subscriber.connect(&endpoint).unwrap();
    subscriber.set_subscribe(b"").unwrap();
    // It has asked, but the publisher has not heard of it yet.
    publisher.send("early", 0).unwrap();
    receive(&publisher);
    publisher.send("late", 0).unwrap();
    assert_eq!(receive(&subscriber), [b"late"]);
}

#[test]
fn zr0310_a_pub_with_a_mark_of_1_drops_what_comes_in_a_row() {
    let context = Context::new();
    let publisher = socket(&context, SocketType::XPUB);
    publisher.set_sndhwm(1).unwrap();
    publisher.bind("inproc://news").unwrap();
    let subscriber = socket(&context, SocketType::SUB);
    subscriber.set_rcvhwm(1).unwrap();
    subscriber.connect("inproc://news").unwrap();
    subscriber.set_subscribe(b"").unwrap();
    receive(&publisher);
    for number in 0..10_u8 {
        publisher.send(vec![number], 0).unwrap();
    }
    let mut seen = 0;
    while subscriber.poll(POLLIN, SILENCE) == Ok(1) {
        subscriber.recv_bytes(DONTWAIT).unwrap();
        seen += 1;
    }
    assert!(seen < 10, "{seen}");
}

#[test]
fn zr0316_a_mark_of_0_never_says_full() {
    let context = Context::new();
    for (mark, is_full) in [(0, false), (10, true)] {
        let sink = socket(&context, SocketType::PULL);
        sink.set_rcvhwm(10).unwrap();
        sink.bind(&format!("inproc://sink-{mark}")).unwrap();
        let source = socket(&context, SocketType::PUSH);
        source.set_sndhwm(mark).unwrap();
        source.connect(&format!("inproc://sink-{mark}")).unwrap();
        let refused = (0..50_000).any(|_| source.send("job", DONTWAIT) == Err(Error::EAGAIN));
        assert_eq!(refused, is_full, "mark {mark}");
    }
}

#[test]
fn zr0317_a_router_drops_what_it_cannot_deliver() {
    let context = Context::new();
    let router = socket(&context, SocketType::ROUTER);
    bound(&router);
    assert_eq!(router.send_multipart(["nobody", "job"], DONTWAIT), Ok(()));
    router.set_router_mandatory(true).unwrap();
    assert_eq!(router.send("nobody", DONTWAIT | SNDMORE), Err(Error::EHOSTUNREACH));
}

#[test]
fn zr0318_a_req_that_has_asked_cannot_send() {
    let context = Context::new();
    let server = socket(&context, SocketType::REP);
    let client = socket(&context, SocketType::REQ);
    client.connect(&bound(&server)).unwrap();
    client.send("first", 0).unwrap();
    assert_eq!(client.send("second", DONTWAIT), Err(Error::EFSM));
}

#[test]
fn zr0319_a_pair_turns_its_second_peer_away() {
    let context = Context::new();
    let table = socket(&context, SocketType::PAIR);
    table.bind("inproc://table").unwrap();
    let first = socket(&context, SocketType::PAIR);
    first.connect("inproc://table").unwrap();
    first.send("first", 0).unwrap();
    assert_eq!(receive(&table), [b"first"]);
    let second = socket(&context, SocketType::PAIR);
    second.connect("inproc://table").unwrap();
    let _ = second.send("second", DONTWAIT);
    first.send("again", 0).unwrap();
    assert_eq!(receive(&table), [b"again"]);
    assert!(is_silent(&table));
}

#[test]
fn zr0321_conflate_tears_messages_of_several_frames() {
    let context = Context::new();
    let source = socket(&context, SocketType::PUSH);
    let sink = socket(&context, SocketType::PULL);
    sink.set_conflate(true).unwrap();
    sink.connect(&bound(&source)).unwrap();
    source.send_multipart(["topic", "body"], 0).unwrap();
    let frames = receive(&sink);
    assert_eq!(frames.len(), 1, "{frames:?}");
}

#[test]
fn zr0111_a_port_of_70000_is_taken_for_4464() {
    let context = Context::new();
    let sink = socket(&context, SocketType::PULL);
    match sink.bind("tcp://127.0.0.1:70000") {
        Ok(()) => {
            let endpoint = sink.get_last_endpoint().unwrap().unwrap();
            assert_eq!(endpoint, "tcp://127.0.0.1:4464");
        }
        // Another program may have 4464.
        Err(error) => assert_eq!(error, Error::EADDRINUSE),
    }
}

#[test]
fn zr0111_what_bind_makes_of_a_host_name_depends_on_the_transport() {
    let context = Context::new();
    let sink = socket(&context, SocketType::PULL);
    // As released it asks for the address, on the thread of whoever binds, however long that takes.
    let is_asked_for = !cfg!(feature = "patched-libzmq");
    assert_eq!(sink.bind("tcp://localhost:*").is_ok(), is_asked_for, "since libzmq 4.3.5");
    assert!(sink.bind("ws://localhost:*").is_err());
}

#[test]
fn zr0303_a_second_bind_fails_over_tcp_and_steals_over_ipc() {
    let context = Context::new();
    let first = socket(&context, SocketType::PULL);
    let second = socket(&context, SocketType::PULL);
    let endpoint = bound(&first);
    assert_eq!(second.bind(&endpoint), Err(Error::EADDRINUSE));
    let folder = tempfile::tempdir().unwrap();
    let endpoint = format!("ipc://{}", folder.path().join("jobs").display());
    first.bind(&endpoint).unwrap();
    second.bind(&endpoint).unwrap();
    let source = socket(&context, SocketType::PUSH);
    source.connect(&endpoint).unwrap();
    source.send("job", 0).unwrap();
    assert_eq!(receive(&second), [b"job"]);
}

#[test]
fn zr0323_bind_deletes_whatever_lies_at_an_ipc_path() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("precious.txt");
    std::fs::write(&path, "years of work").unwrap();
    let context = Context::new();
    let sink = socket(&context, SocketType::PULL);
    sink.bind(&format!("ipc://{}", path.display())).unwrap();
    assert!(std::fs::read_to_string(&path).is_err());
}

#[test]
fn zr0305_inproc_checks_no_roles() {
    let context = Context::new();
    let source = socket(&context, SocketType::PUSH);
    source.bind("inproc://jobs").unwrap();
    let subscriber = socket(&context, SocketType::REP);
    assert_eq!(subscriber.connect("inproc://jobs"), Ok(()));
}

#[test]
fn zr0304_nobody_is_told_that_nobody_binds() {
    let context = Context::new();
    let sink = socket(&context, SocketType::PULL);
    assert_eq!(sink.connect("inproc://never-bound"), Ok(()));
    assert!(is_silent(&sink));
}

#[test]
fn zr0325_a_push_without_a_reader_blocks_and_a_pub_drops() {
    let context = Context::new();
    let source = socket(&context, SocketType::PUSH);
    source.bind("inproc://jobs").unwrap();
    assert_eq!(source.send("job", DONTWAIT), Err(Error::EAGAIN));
    let station = socket(&context, SocketType::PUB);
    station.bind("inproc://news").unwrap();
    assert_eq!(station.send("news", DONTWAIT), Ok(()));
}

#[test]
fn zr0326_libzmqs_own_linger_is_for_ever() {
    let context = Context::new();
    assert_eq!(context.socket(SocketType::PUSH).unwrap().get_linger(), Ok(-1));
}

#[test]
fn zr0327_a_router_ignores_the_second_peer_of_an_identity() {
    let context = Context::new();
    let router = socket(&context, SocketType::ROUTER);
    let endpoint = bound(&router);
    let dealer = |text: &str| {
        let dealer = socket(&context, SocketType::DEALER);
        dealer.set_identity(b"worker").unwrap();
        dealer.connect(&endpoint).unwrap();
        dealer.send(text, 0).unwrap();
        dealer
    };
    let first = dealer("first");
    assert_eq!(receive(&router), [&b"worker"[..], b"first"]);
    let _second = dealer("second");
    assert!(is_silent(&router));
    first.send("again", 0).unwrap();
    assert_eq!(receive(&router), [&b"worker"[..], b"again"]);
}

/// How many connections the bound socket accepts when the other connects twice.
fn accepted(connecting: SocketType, binding: SocketType) -> usize {
    let context = Context::new();
    let binder = socket(&context, binding);
    let endpoint = bound(&binder);
    let wanted = i32::from(SocketEvent::HANDSHAKE_SUCCEEDED.to_raw());
    binder.monitor("inproc://monitor", wanted).unwrap();
    let monitor = socket(&context, SocketType::PAIR);
    monitor.connect("inproc://monitor").unwrap();
    let connecter = socket(&context, connecting);
    connecter.connect(&endpoint).unwrap();
    connecter.connect(&endpoint).unwrap();
    receive(&monitor);
    let mut count = 1;
    while monitor.poll(POLLIN, SILENCE) == Ok(1) {
        monitor.recv_multipart(DONTWAIT).unwrap();
        count += 1;
    }
    count
}

#[test]
fn zr0328_a_second_connect_is_nothing_for_a_dealer_and_real_for_a_push() {
    assert_eq!(accepted(SocketType::DEALER, SocketType::ROUTER), 1);
    assert_eq!(accepted(SocketType::SUB, SocketType::PUB), 1);
    assert_eq!(accepted(SocketType::PUSH, SocketType::PULL), 2);
}

#[test]
fn zr0324_a_reconnect_ivl_of_0_never_reconnects() {
    let context = Context::new();
    let sink = socket(&context, SocketType::PULL);
    let endpoint = bound(&sink);
    sink.unbind(&endpoint).unwrap();
    drop(sink);
    let source = |interval: i32, text: &str| {
        let source = socket(&context, SocketType::PUSH);
        source.set_reconnect_ivl(interval).unwrap();
        source.connect(&endpoint).unwrap();
        source.send(text, 0).unwrap();
        source
    };
    let never = source(0, "never");
    let monitored = source(10, "again");
    // Both have met a closed port by now, or will before the next one is bound.
    std::thread::sleep(Duration::from_millis(100));
    let sink = socket(&context, SocketType::PULL);
    let end = Instant::now() + Duration::from_millis(PATIENCE.unsigned_abs());
    while sink.bind(&endpoint).is_err() {
        assert!(Instant::now() < end);
    }
    assert_eq!(receive(&sink), [b"again"]);
    assert!(is_silent(&sink));
    drop((never, monitored));
}

/// Switches an option on that the zmq crate has no setter for.
#[expect(unsafe_code, reason = "sets an option by its number")]
fn switch_on(option: &'static str, socket: &mut Socket) {
    let on: std::ffi::c_int = 1;
    let number = zrig::zeromq::OptionName(option).number();
    // SAFETY: the value is an `int` and is there for the call.
    let done = unsafe {
        zmq_sys::zmq_setsockopt(
            socket.as_mut_ptr(),
            number,
            (&raw const on).cast(),
            size_of_val(&on),
        )
    };
    assert_eq!(done, 0);
}

#[test]
fn zr0332_what_one_end_lets_pass_the_other_drops() {
    let context = Context::new();
    let publisher = socket(&context, SocketType::XPUB);
    let endpoint = bound(&publisher);
    let plain = subscribed(&context, &publisher, &endpoint, "b");
    let mut inverted = socket(&context, SocketType::SUB);
    switch_on("invert_matching", &mut inverted);
    inverted.connect(&endpoint).unwrap();
    inverted.set_subscribe(b"a").unwrap();
    receive(&publisher);
    for message in ["a 1", "b 2"] {
        publisher.send(message, 0).unwrap();
    }
    assert_eq!(receive(&plain), [b"b 2"]);
    assert!(is_silent(&inverted));
}

#[test]
fn zr0333_a_plain_client_and_a_null_server_never_meet() {
    let context = Context::new();
    let sink = socket(&context, SocketType::PULL);
    let endpoint = bound(&sink);
    let wrong = socket(&context, SocketType::PUSH);
    wrong.set_plain_username(Some("a")).unwrap();
    wrong.set_plain_password(Some("b")).unwrap();
    wrong.connect(&endpoint).unwrap();
    wrong.send("secret", 0).unwrap();
    let right = socket(&context, SocketType::PUSH);
    right.connect(&endpoint).unwrap();
    right.send("open", 0).unwrap();
    assert_eq!(receive(&sink), [b"open"]);
    assert!(is_silent(&sink));
}

#[test]
fn zr0334_a_plain_server_that_can_ask_nobody_lets_nobody_in() {
    let context = Context::new();
    let sink = socket(&context, SocketType::PULL);
    sink.set_plain_server(true).unwrap();
    let endpoint = bound(&sink);
    let source = socket(&context, SocketType::PUSH);
    source.set_plain_username(Some("a")).unwrap();
    source.set_plain_password(Some("b")).unwrap();
    source.connect(&endpoint).unwrap();
    source.send("secret", 0).unwrap();
    assert!(is_silent(&sink));
}

#[test]
fn zr0313_filters_beyond_the_send_mark_vanish() {
    let context = Context::new();
    let publisher = socket(&context, SocketType::XPUB);
    let endpoint = bound(&publisher);
    let subscriber = socket(&context, SocketType::SUB);
    subscriber.set_sndhwm(3).unwrap();
    for filter in 0..1_000 {
        subscriber.set_subscribe(format!("{filter:04} ").as_bytes()).unwrap();
    }
    subscriber.connect(&endpoint).unwrap();
    let mut arrived = 0;
    while publisher.poll(POLLIN, SILENCE) == Ok(1) {
        publisher.recv_bytes(DONTWAIT).unwrap();
        arrived += 1;
    }
    assert!(arrived < 1_000, "{arrived}");
}

#[test]
fn zr0336_an_xsub_behind_a_verbose_xpub_never_unsubscribes() {
    for (verboser, want) in [(false, vec!["+7"]), (true, vec!["+7", "-7"])] {
        let context = Context::new();
        let publisher = socket(&context, SocketType::XPUB);
        let upstream = bound(&publisher);
        let (front, mut back) =
            (socket(&context, SocketType::XSUB), socket(&context, SocketType::XPUB));
        front.connect(&upstream).unwrap();
        back.set_xpub_verbose(true).unwrap();
        if verboser {
            switch_on("xpub_verboser", &mut back);
        }
        let endpoint = bound(&back);
        let mut passed = 0;
        // One subscription each, then one unsubscription each, every one of them passed on if told.
        let subscribers: Vec<Socket> = (0..2)
            .map(|_| {
                let subscriber = socket(&context, SocketType::SUB);
                subscriber.connect(&endpoint).unwrap();
                subscriber.set_subscribe(b"7").unwrap();
                front.send(&receive(&back)[0], 0).unwrap();
                passed += 1;
                subscriber
            })
            .collect();
        for subscriber in &subscribers {
            subscriber.set_unsubscribe(b"7").unwrap();
        }
        while back.poll(POLLIN, SILENCE) == Ok(1) {
            front.send(back.recv_bytes(DONTWAIT).unwrap(), 0).unwrap();
            passed += 1;
        }
        assert_eq!(passed, if verboser { 4 } else { 3 });
        // Sent last on the same way, it tells that all before it has arrived.
        front.send("\x01end", 0).unwrap();
        let mut seen = Vec::new();
        loop {
            let told = receive(&publisher).remove(0);
            if told == b"\x01end" {
                break;
            }
            let sign = if told[0] == 1 { '+' } else { '-' };
            seen.push(format!("{sign}{}", String::from_utf8_lossy(&told[1..])));
        }
        assert_eq!(seen, want);
    }
}
