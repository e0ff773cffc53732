//! Those who connect to an inproc endpoint before anybody binds it, and give it up or are closed.
//!
//! Owns the proof that they are in nobody's way, and that what they said is heard.

use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use super::library::{Context, PATIENCE, ROLES, Socket, partner};

/// What comes of a socket that connected too early.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Way {
    Disconnects,
    IsClosed,
}

impl Way {
    const BOTH: [Self; 2] = [Self::Disconnects, Self::IsClosed];

    /// Who stays has heard nothing of that yet: it makes no call any more.
    fn go(self, context: &Context, early: Socket, endpoint: &str) -> Option<Socket> {
        match self {
            Self::Disconnects => {
                early.disconnect(endpoint);
                Some(early)
            }
            Self::IsClosed => {
                let [next, last] = [(); 2].map(|()| context.socket(zmq_sys::ZMQ_PAIR));
                let sign = format!("{endpoint}-is-closed");
                next.bind(&sign);
                drop(early);
                // Sockets are closed by a thread of libzmq's, one after the other.
                drop(next);
                while !last.binds(&sign) {
                    thread::sleep(Duration::from_millis(1));
                }
                None
            }
        }
    }
}

/// Binds, by this thread or another.
fn bound(late: Socket, endpoint: &str, elsewhere: bool) -> Socket {
    let bind = || {
        late.bind(endpoint);
        late
    };
    if elsewhere { thread::scope(|scope| scope.spawn(bind).join().unwrap()) } else { bind() }
}

/// Wants what begins with an `a` of a publisher, which knows of that then.
fn subscribe(subscriber: &Socket, publisher: &Socket, role: &str) {
    if role == "SUB" {
        subscriber.bytes(zmq_sys::ZMQ_SUBSCRIBE, b"a");
    } else {
        assert!(subscriber.send(&[b"\x01a"]));
    }
    // Each goes on by that.
    subscriber.waits_for_input(Duration::ZERO);
    publisher.waits_for_input(Duration::ZERO);
}

/// Lets two sockets that have just met say something to one another, as their roles can.
fn exchange(late: (&str, &Socket), friend: (&str, &Socket)) {
    let roles = [late.0, friend.0];
    let passes = |from: &Socket, to: &Socket, said: &[&[u8]], heard: &[&[u8]]| {
        let end = Instant::now() + PATIENCE;
        // For a moment it may not have heard yet of whom it has met.
        while !from.send(said) {
            assert!(Instant::now() < end, "{roles:?}: it was refused");
            thread::sleep(Duration::from_millis(1));
        }
        assert_eq!(to.receive(), heard, "{roles:?}");
    };
    let (late, friend) = (late.1, friend.1);
    match roles {
        ["PAIR" | "DEALER" | "PUSH", "PAIR" | "DEALER" | "PULL"] => {
            passes(late, friend, &[b"a"], &[b"a"]);
        }
        ["PULL", "PUSH"] => passes(friend, late, &[b"a"], &[b"a"]),
        ["PUB" | "XPUB", "SUB" | "XSUB"] => {
            subscribe(friend, late, roles[1]);
            passes(late, friend, &[b"a"], &[b"a"]);
        }
        ["SUB" | "XSUB", "PUB" | "XPUB"] => {
            subscribe(late, friend, roles[0]);
            passes(friend, late, &[b"a"], &[b"a"]);
        }
        ["REQ", "REP"] => {
            passes(late, friend, &[b"a"], &[b"a"]);
            passes(friend, late, &[b"b"], &[b"b"]);
        }
        ["REP", "REQ"] => {
            passes(friend, late, &[b"a"], &[b"a"]);
            passes(late, friend, &[b"b"], &[b"b"]);
        }
        ["DEALER", "ROUTER"] => passes(late, friend, &[b"a"], &[b"late", b"a"]),
        ["ROUTER", "DEALER"] => {
            passes(friend, late, &[b"a"], &[b"friend", b"a"]);
            passes(late, friend, &[b"friend", b"b"], &[b"b"]);
        }
        // What has nothing to say to one another does no harm.
        _ => {}
    }
}

#[test]
fn who_gives_up_an_inproc_endpoint_before_somebody_binds_it_is_forgotten() {
    let context = Context::new();
    let roles = ROLES.iter().filter(|(_, name, _)| *name != "STREAM");
    let pairs = roles.clone().flat_map(|early| roles.clone().map(move |late| (early, late)));
    for (number, ((early, name, _), (late, late_name, _))) in pairs.enumerate() {
        for (way, elsewhere) in Way::BOTH.into_iter().flat_map(|it| [(it, false), (it, true)]) {
            let endpoint = format!("inproc://{number}-{way:?}-{elsewhere}");
            let [gone, friend] = [(); 2].map(|()| context.socket(*early));
            gone.connect(&endpoint);
            let _stays = way.go(&context, gone, &endpoint);
            let binds = context.socket(*late);
            if *late_name == "DEALER" {
                binds.bytes(zmq_sys::ZMQ_ROUTING_ID, b"late");
            }
            if *name == "DEALER" {
                friend.bytes(zmq_sys::ZMQ_ROUTING_ID, b"friend");
            }
            let binds = bound(binds, &endpoint, elsewhere);
            assert_eq!(binds.take(), None, "{name}, {late_name}");
            friend.connect(&endpoint);
            exchange((late_name, &binds), (name, &friend));
        }
    }
}

#[test]
fn what_was_said_before_it_was_given_up_is_heard_and_nothing_is_said_back() {
    let context = Context::new();
    for (role, elsewhere) in [zmq_sys::ZMQ_PAIR, zmq_sys::ZMQ_DEALER, zmq_sys::ZMQ_PUSH]
        .into_iter()
        .flat_map(|role| [(role, false), (role, true)])
    {
        for way in Way::BOTH {
            let endpoint = format!("inproc://{role}-{elsewhere}-{way:?}");
            let early = context.socket(role);
            early.connect(&endpoint);
            assert!(early.send(&[b"one"]) && early.send(&[b"two", b"and more"]));
            let _stays = way.go(&context, early, &endpoint);
            let pulls = role == zmq_sys::ZMQ_PUSH;
            let late = context.socket(if pulls { zmq_sys::ZMQ_PULL } else { role });
            let late = bound(late, &endpoint, elsewhere);
            assert!(!late.send(&[b"lost"]), "{role}: it is taken for nobody");
            assert_eq!(late.receive(), [b"one".as_slice()]);
            assert_eq!(late.receive(), [b"two".as_slice(), b"and more"]);
            assert_eq!(late.take(), None);
            let friend = context.socket(role);
            friend.connect(&endpoint);
            // A PAIR has another peer only when it has noticed that the first one is gone.
            if role == zmq_sys::ZMQ_DEALER {
                exchange(("DEALER", &late), ("DEALER", &friend));
            }
        }
    }
}

#[test]
fn where_only_the_newest_message_counts_an_early_one_ends_nobody() {
    let context = Context::new();
    for (at, way) in Way::BOTH.into_iter().enumerate() {
        let endpoint = format!("inproc://newest-{at}");
        let early = context.socket(zmq_sys::ZMQ_PUSH);
        early.number(zmq_sys::ZMQ_CONFLATE, 1);
        early.connect(&endpoint);
        assert!(early.send(&[b"old"]));
        let _stays = way.go(&context, early, &endpoint);
        let late = context.socket(zmq_sys::ZMQ_PULL);
        late.number(zmq_sys::ZMQ_CONFLATE, 1);
        late.bind(&endpoint);
        assert_eq!(late.take(), None);
    }
}

#[test]
fn nothing_is_left_of_closed_sockets_that_nobody_bound_for() {
    let context = Context::new();
    let end = Instant::now() + PATIENCE;
    for number in 0..1_000 {
        let (role, ..) = ROLES[number % (ROLES.len() - 1)];
        let socket = context.socket(role);
        if role == zmq_sys::ZMQ_SUB {
            socket.bytes(zmq_sys::ZMQ_SUBSCRIBE, b"news");
        }
        socket.connect(&format!("inproc://never-{}", number % 7));
    }
    // A context has 1,023 sockets at most.
    while (0..1_000).map_while(|_| context.socket_if_any(zmq_sys::ZMQ_PAIR)).count() < 1_000 {
        assert!(Instant::now() < end, "closed sockets are there still");
        thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn a_pair_that_turns_away_a_second_endpoint_is_not_there_for_its_binder() {
    let context = Context::new();
    let early = context.socket(zmq_sys::ZMQ_PAIR);
    early.connect("inproc://first");
    early.connect("inproc://second");
    let second = context.socket(zmq_sys::ZMQ_PAIR);
    second.bind("inproc://second");
    assert!(!second.send(&[b"lost"]));
    let friend = context.socket(zmq_sys::ZMQ_PAIR);
    friend.connect("inproc://second");
    exchange((partner(zmq_sys::ZMQ_PAIR), &second), ("PAIR", &friend));
    let first = context.socket(zmq_sys::ZMQ_PAIR);
    first.bind("inproc://first");
    exchange(("PAIR", &first), ("PAIR", &early));
}

#[test]
fn who_gives_up_while_another_binds_or_all_ends_breaks_nothing() {
    for round in 0..400 {
        let context = Context::new();
        let says = round % 2 == 0;
        let start = Barrier::new(2);
        let [early, late] = [(); 2].map(|()| context.socket(zmq_sys::ZMQ_DEALER));
        for number in 0..3 {
            let closed = context.socket(zmq_sys::ZMQ_PUSH);
            closed.connect(&format!("inproc://{number}"));
            assert!(number > 0 || closed.send(&[b"kept"]));
        }
        early.connect("inproc://race");
        assert!(!says || early.send(&[b"said"]));
        let late = thread::scope(|scope| {
            let binds = scope.spawn(|| {
                start.wait();
                late.bind("inproc://race");
                let _ = late.send(&[b"perhaps"]);
                late
            });
            start.wait();
            early.disconnect("inproc://race");
            early.take();
            binds.join().unwrap()
        });
        if says {
            assert_eq!(late.receive(), [b"said"]);
        }
        assert_eq!(late.take(), None);
    }
}
