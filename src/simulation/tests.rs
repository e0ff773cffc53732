//! What the simulated sockets do, by themselves.

use std::time::Duration;

use super::*;
use crate::message::{Frame, Multipart};
use crate::zeromq::Role;

/// A network that is let go on until nothing happens any more.
struct Bench {
    network: Network,
    now: Duration,
}

impl Bench {
    fn new(seed: u64) -> Self {
        Self { network: Network::new(seed), now: Duration::ZERO }
    }

    fn open(&self, role: Role, settings: &[Setting]) -> SimulatedSocket {
        let socket = self.network.open(role, role.word());
        settings.iter().cloned().for_each(|setting| socket.set(setting));
        socket
    }

    /// Lets all happen that happens at once.
    fn settle(&mut self) {
        while self.network.advance(self.now) == Next::Now {}
    }

    /// Lets so much time pass.
    fn pass(&mut self, time: Duration) {
        let until = self.now + time;
        loop {
            self.settle();
            match self.network.advance(self.now) {
                Next::At(at) if at <= until => self.now = at,
                Next::Now => {}
                Next::At(_) | Next::Idle => break,
            }
        }
        self.now = until;
        self.settle();
    }

    /// Two sockets, linked.
    fn pair(
        &mut self,
        transport: &str,
        (binds, its): (Role, &[Setting]),
        (connects, theirs): (Role, &[Setting]),
    ) -> (SimulatedSocket, SimulatedSocket) {
        let (one, other) = (self.open(binds, its), self.open(connects, theirs));
        let endpoint = if transport == "inproc" { "inproc://a" } else { "tcp://127.0.0.1:*" };
        one.bind(endpoint).unwrap();
        other.connect(&one.last_endpoint());
        self.settle();
        (one, other)
    }
}

#[test]
fn who_gives_up_an_inproc_endpoint_before_it_is_bound_leaves_what_it_said_and_nothing_else() {
    for (seed, says) in (0..8).flat_map(|seed| [(seed, false), (seed, true)]) {
        let mut bench = Bench::new(seed);
        for (closes, at) in [(false, "inproc://a"), (true, "inproc://b")] {
            let early = bench.open(Role::Pair, &[]);
            early.connect(at);
            assert!(!says || send(&early, "said").is_ok());
            early.disconnect(at).unwrap();
            let early = if closes { None } else { Some(early) };
            let late = bench.open(Role::Pair, &[]);
            late.bind(at).unwrap();
            bench.settle();
            send(&late, "lost").unwrap_err();
            assert_eq!(receive(&late), says.then(|| "said".to_owned()));
            assert_eq!(receive(&late), None);
            let friend = bench.open(Role::Pair, &[]);
            friend.connect(at);
            bench.settle();
            send(&late, "kept").unwrap();
            bench.settle();
            assert_eq!(receive(&friend).as_deref(), Some("kept"));
            assert_eq!(early.and_then(|early| receive(&early)), None);
        }
    }
}

fn send(socket: &SimulatedSocket, text: &str) -> Result<(), Refusal> {
    let frames: Vec<&str> = text.split('|').collect();
    for (at, frame) in frames.iter().enumerate() {
        socket.send(&mut Frame::copy(frame.as_bytes()), at + 1 < frames.len())?;
    }
    Ok(())
}

fn receive(socket: &SimulatedSocket) -> Option<String> {
    let mut frames = Multipart::new();
    loop {
        let (frame, more) = socket.receive().ok()?;
        frames.push(frame);
        if !more {
            let texts: Vec<_> = frames.iter().map(|it| String::from_utf8_lossy(it)).collect();
            return Some(texts.join("|"));
        }
    }
}

fn all(socket: &SimulatedSocket) -> Vec<String> {
    std::iter::from_fn(|| receive(socket)).collect()
}

/// Sends until the socket takes no more, at most so often; how many it took.
fn fill(socket: &SimulatedSocket, most: usize) -> usize {
    (0..most).find(|n| send(socket, &n.to_string()).is_err()).unwrap_or(most)
}

#[test]
fn what_is_pushed_arrives_whole_and_in_order_whatever_the_marks() {
    for seed in 0..50 {
        for transport in ["inproc", "tcp"] {
            for mark in [1, 2, 3, 10, 0] {
                let mut bench = Bench::new(seed);
                let marks = [Setting::SendMark(mark), Setting::ReceiveMark(mark)];
                let (pull, push) =
                    bench.pair(transport, (Role::Pull, &marks), (Role::Push, &marks));
                let mut got = Vec::new();
                let mut sent = 0;
                while sent < 200 {
                    let text = format!("{sent}|more");
                    match send(&push, &text) {
                        Ok(()) => sent += 1,
                        Err(refusal) => {
                            assert_eq!(refusal, Refusal::Again);
                            got.extend(receive(&pull));
                            bench.network.advance(bench.now);
                        }
                    }
                }
                while got.len() < 200 {
                    bench.settle();
                    let before = got.len();
                    got.extend(receive(&pull));
                    assert!(got.len() > before, "{transport} {mark}: {} of 200", got.len());
                }
                let expected: Vec<String> = (0..200).map(|n| format!("{n}|more")).collect();
                assert_eq!(got, expected, "{transport} {mark}");
            }
        }
    }
}

#[test]
fn inside_a_process_the_marks_of_both_ends_add_up() {
    for (send, receive, takes) in
        [(1, 1, 2), (3, 4, 7), (1000, 10, 1010), (0, 5, 5000), (5, 0, 5000)]
    {
        let mut bench = Bench::new(1);
        let (_pull, push) = bench.pair(
            "inproc",
            (Role::Pull, &[Setting::ReceiveMark(receive)]),
            (Role::Push, &[Setting::SendMark(send)]),
        );
        assert_eq!(fill(&push, 5000), takes);
    }
}

#[test]
fn peers_have_their_turns_and_a_full_one_is_passed_over() {
    let mut bench = Bench::new(3);
    let push = bench.open(Role::Push, &[Setting::SendMark(1)]);
    push.bind("inproc://work").unwrap();
    let pulls: Vec<_> =
        (0..3).map(|_| bench.open(Role::Pull, &[Setting::ReceiveMark(1)])).collect();
    for pull in &pulls {
        pull.connect("inproc://work");
        bench.settle();
    }
    for n in 0..5 {
        send(&push, &n.to_string()).unwrap();
    }
    bench.settle();
    assert_eq!(
        pulls.iter().map(all).collect::<Vec<_>>(),
        [vec!["0", "3"], vec!["1", "4"], vec!["2"]]
    );
}

#[test]
fn a_request_is_answered_in_lockstep_by_whoever_was_asked() {
    for transport in ["inproc", "tcp"] {
        let mut bench = Bench::new(4);
        let (rep, req) = bench.pair(transport, (Role::Rep, &[]), (Role::Req, &[]));
        for n in 0..3 {
            assert_eq!(send(&rep, "too early"), Err(Refusal::WrongState));
            send(&req, &format!("q{n}")).unwrap();
            assert_eq!(send(&req, "again"), Err(Refusal::WrongState));
            bench.settle();
            assert_eq!(receive(&rep).unwrap(), format!("q{n}"));
            send(&rep, &format!("a{n}|more")).unwrap();
            bench.settle();
            assert_eq!(receive(&req).unwrap(), format!("a{n}|more"));
            assert!(req.receive().is_err());
        }
    }
}

#[test]
fn a_router_names_its_peers_and_says_whom_it_cannot_reach() {
    for transport in ["inproc", "tcp"] {
        let mut bench = Bench::new(5);
        let id = Setting::RoutingId(b"me".to_vec());
        let (router, dealer) = bench.pair(
            transport,
            (Role::Router, &[Setting::RouterMandatory(true)]),
            (Role::Dealer, std::slice::from_ref(&id)),
        );
        send(&dealer, "hello").unwrap();
        bench.settle();
        assert_eq!(receive(&router).unwrap(), "me|hello");
        send(&router, "me|there").unwrap();
        bench.settle();
        assert_eq!(receive(&dealer).unwrap(), "there");
        assert_eq!(send(&router, "you|there"), Err(Refusal::HostUnreachable));
        let second = bench.open(Role::Dealer, &[id]);
        second.connect(&router.last_endpoint());
        send(&second, "I too").unwrap();
        bench.settle();
        assert_eq!(receive(&router), None, "the id is taken");
        drop(dealer);
        bench.settle();
        assert_eq!(send(&router, "me|gone"), Err(Refusal::HostUnreachable));
    }
}

#[test]
fn subscriptions_travel_and_a_subscriber_that_is_full_misses_what_it_wants() {
    for transport in ["inproc", "tcp"] {
        let mut bench = Bench::new(6);
        let (publisher, sub) = bench.pair(
            transport,
            (Role::Xpub, &[Setting::SendMark(5)]),
            (Role::Sub, &[Setting::ReceiveMark(5)]),
        );
        send(&publisher, "a early").unwrap();
        bench.settle();
        assert_eq!(all(&sub), [""; 0]);
        sub.subscribe(b"a");
        sub.subscribe(b"a");
        bench.settle();
        assert_eq!(all(&publisher), ["\u{1}a"]);
        for text in ["a 1", "b 2", "a 3"] {
            send(&publisher, text).unwrap();
        }
        bench.settle();
        assert_eq!(all(&sub), ["a 1", "a 3"]);
        if transport == "inproc" {
            (0..50).for_each(|n| send(&publisher, &format!("a{n}")).unwrap());
            bench.settle();
            assert_eq!(all(&sub).len(), 8, "of ten, two were read and not told of yet");
        }
        sub.unsubscribe(b"a");
        bench.settle();
        assert_eq!(all(&publisher), [""; 0], "it is wanted once yet");
        sub.unsubscribe(b"a");
        bench.settle();
        assert_eq!(all(&publisher), ["\u{0}a"]);
    }
}

#[test]
fn who_connects_before_anybody_binds_is_served_when_somebody_does() {
    for endpoint in ["inproc://late", "tcp://127.0.0.1:5555", "ipc:///late"] {
        let mut bench = Bench::new(7);
        let (pull, push) = (bench.open(Role::Pull, &[]), bench.open(Role::Push, &[]));
        push.connect(endpoint);
        send(&push, "kept").unwrap();
        bench.pass(Duration::from_secs(5));
        pull.bind(endpoint).unwrap();
        bench.pass(Duration::from_secs(1));
        assert_eq!(all(&pull), ["kept"], "{endpoint}");
    }
}

#[test]
fn a_closed_socket_sends_within_its_linger_and_tells_what_it_drops() {
    use std::sync::{Arc, Mutex};
    for (linger, arrives) in [(None, true), (Some(Duration::ZERO), false)] {
        let mut bench = Bench::new(8);
        let (pull, push) = (bench.open(Role::Pull, &[]), bench.open(Role::Push, &[]));
        push.set(Setting::Linger(linger));
        let told = Arc::new(Mutex::new(Vec::new()));
        let telling = Arc::clone(&told);
        push.at_its_end(Box::new(move |it| telling.lock().unwrap().push(format!("{it:?}"))));
        push.connect("tcp://127.0.0.1:5556");
        send(&push, "last").unwrap();
        drop(push);
        bench.pass(Duration::from_secs(1));
        pull.bind("tcp://127.0.0.1:5556").unwrap();
        bench.pass(Duration::from_secs(1));
        assert_eq!(all(&pull).len(), usize::from(arrives));
        let told = told.lock().unwrap().join("\n");
        assert_eq!(told.contains("count: 1"), !arrives, "{told}");
        assert!(told.ends_with("Stopped"), "{told}");
    }
}

#[test]
fn who_vanishes_loses_what_was_on_its_way_and_who_connects_comes_back() {
    let mut bench = Bench::new(9);
    let push = bench.network.open(Role::Push, "push");
    push.connect("tcp://127.0.0.1:5557");
    let pull = bench.network.open(Role::Pull, "pull");
    pull.bind("tcp://127.0.0.1:5557").unwrap();
    send(&push, "one").unwrap();
    bench.pass(Duration::from_secs(1));
    assert_eq!(all(&pull), ["one"]);
    bench.network.kill("pull");
    // Until it is noticed, what is sent is lost.
    bench.settle();
    send(&push, "two").unwrap();
    bench.pass(Duration::from_secs(1));
    let other = bench.network.open(Role::Pull, "other");
    other.bind("tcp://127.0.0.1:5557").unwrap();
    bench.pass(Duration::from_secs(1));
    assert_eq!(all(&other), ["two"]);
}

#[test]
fn a_line_that_is_cut_keeps_what_it_has_until_it_heals() {
    let mut bench = Bench::new(10);
    let (pull, push) = bench.pair("tcp", (Role::Pull, &[]), (Role::Push, &[]));
    bench.network.fault(("pull", "push"), Fault::Cut);
    send(&push, "kept").unwrap();
    bench.pass(Duration::from_secs(60));
    assert_eq!(all(&pull), [""; 0]);
    bench.network.fault(("push", "pull"), Fault::Heal);
    bench.settle();
    assert_eq!(all(&pull), ["kept"]);
    bench.network.fault(("push", "pull"), Fault::Delay(Duration::from_secs(2)));
    send(&push, "slow").unwrap();
    bench.pass(Duration::from_millis(1999));
    assert_eq!(all(&pull), [""; 0]);
    bench.pass(Duration::from_millis(1));
    assert_eq!(all(&pull), ["slow"]);
}

#[test]
fn the_same_seed_gives_the_same_order_and_others_give_others() {
    let order = |seed| {
        let mut bench = Bench::new(seed);
        let pull = bench.open(Role::Pull, &[]);
        pull.bind("tcp://127.0.0.1:5558").unwrap();
        let pushes: Vec<_> = (0..3).map(|_| bench.open(Role::Push, &[])).collect();
        for (n, push) in pushes.iter().enumerate() {
            push.connect("tcp://127.0.0.1:5558");
            send(push, &n.to_string()).unwrap();
        }
        bench.pass(Duration::from_secs(1));
        all(&pull)
    };
    assert_eq!(order(1), order(1));
    let orders: std::collections::BTreeSet<_> = (0..200).map(order).collect();
    assert_eq!(orders.len(), 6, "all orders of three: {orders:?}");
}

#[test]
fn who_connects_hears_of_the_end_and_of_each_connection_once() {
    use std::sync::{Arc, Mutex};
    for seed in 0..20 {
        let mut bench = Bench::new(seed);
        let rep = bench.network.open(Role::Router, "server");
        rep.bind("tcp://127.0.0.1:5560").unwrap();
        let req = bench.network.open(Role::Req, "client");
        let told = Arc::new(Mutex::new(Vec::new()));
        let telling = Arc::clone(&told);
        req.monitor(Box::new(move |it| {
            let word = format!("{it:?}");
            telling.lock().unwrap().push(word.split('(').next().unwrap().to_owned());
        }));
        req.connect("tcp://127.0.0.1:5560");
        bench.pass(Duration::from_secs(1));
        bench.network.kill("server");
        drop(rep);
        bench.pass(Duration::from_millis(50));
        send(&req, "kept").unwrap();
        bench.pass(Duration::from_secs(1));
        let again = bench.network.open(Role::Router, "server");
        again.set(Setting::RouterMandatory(true));
        again.bind("tcp://127.0.0.1:5560").unwrap();
        bench.pass(Duration::from_secs(1));
        let mut told = told.lock().unwrap().clone();
        told.dedup();
        assert_eq!(told, ["Connected", "Disconnected", "Refused", "Connected"], "{seed}");
        let question = receive(&again).unwrap();
        let name = question.split('|').next().unwrap();
        again.send(&mut Frame::copy(name.as_bytes()), true).ok();
        assert!(question.ends_with("||kept"));
    }
}
