//! The four traps that the project began with: torn messages, lost replies, a bus that hangs when
//! it is shut down, and 10001 for a subscriber of 1000 (which `interoperation` looks at).

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use crate::support::{Peer, Zrig, eventually, free_port, free_ports, soaking};

/// The lines that whole messages of three frames make, by `peer.py torn-sender`.
fn whole(count: usize) -> Vec<String> {
    (0..count).map(|n| format!("whole {n} 0 whole {n} 1 whole {n} 2")).collect()
}

/// What one thread of a test does, until it is told to end; it counts.
type Work = Box<dyn FnOnce(&AtomicBool, &AtomicU64) + Send>;

#[test]
fn a_sender_that_dies_in_the_middle_of_a_message_leaves_nothing_torn() {
    for (kind, role, more) in [
        ("push", "pull", "--cut between"),
        ("push", "pull", "--cut frame"),
        ("dealer", "router", "--cut between"),
        ("dealer", "dealer", "--cut frame"),
        ("req", "rep", "--cut between --delimiter"),
    ] {
        let port = free_port();
        let mut yaml =
            format!("nodes:\n  taker: {{role: {role}, bind: {port}, write: {{file: out.txt}}}}\n");
        if role == "rep" {
            // Unanswered requests of peers that are gone would be counted as drops.
            yaml = yaml.replace("write", "on_message: msg, write");
        }
        let run = Zrig::of(&yaml).start();
        eventually("the port is bound", || {
            std::net::TcpStream::connect(("127.0.0.1", port)).is_ok()
        });
        let summary = Peer::start(&format!(
            "torn-sender --port {port} --type {kind} --times 20 --whole 5 --then-whole 10 --frames 3 \
             --pause 0.005 --settle 0.005 {more}"
        ))
        .well();
        assert_eq!((&summary["torn"], &summary["whole"]), (&20.into(), &110.into()));
        let out = run.path("out.txt");
        eventually(&format!("all whole messages of {kind} are written"), || {
            std::fs::read_to_string(&out).is_ok_and(|text| text.lines().count() >= 110)
        });
        let ending = run.stop();
        let mut found = ending.file("out.txt");
        let mut wanted = whole(110);
        // Each connection is a peer of its own, so only the set is sure.
        found.sort_unstable();
        wanted.sort_unstable();
        assert_eq!(found, wanted, "{kind} to {role} {more}");
    }
}

#[test]
fn a_sender_whose_machine_crashes_leaves_nothing_torn() {
    let port = free_port();
    let run = Zrig::of(&format!(
        "nodes:\n  taker: {{role: pull, bind: {port}, write: {{file: out.txt}}}}\n"
    ))
    .start();
    eventually("the port is bound", || std::net::TcpStream::connect(("127.0.0.1", port)).is_ok());
    Peer::start(&format!(
        "torn-sender --port {port} --times 20 --whole 5 --then-whole 10 --frames 3 --reset --settle 0.005"
    ))
    .well();
    let out = run.path("out.txt");
    eventually("the last message is written", || {
        std::fs::read_to_string(&out).is_ok_and(|text| text.ends_with("whole 109 2\n"))
    });
    let ending = run.stop();
    let wanted: BTreeSet<String> = whole(110).into_iter().collect();
    // The reset may take whole messages with it, but leaves no part of one.
    for line in ending.file("out.txt") {
        assert!(wanted.contains(&line), "torn: {line}");
    }
}

#[test]
fn a_publisher_that_dies_in_the_middle_of_a_message_leaves_nothing_torn() {
    let port = free_port();
    let peer = Peer::start(&format!(
        "torn-sender --listen --port {port} --type pub --times 5 --whole 3 --then-whole 10 --frames 2 \
         --prefix news. --settle 0.2"
    ))
    .ready();
    let run = Zrig::of(&format!(
        "
nodes:
  taker:
    role: sub
    connect: {port}
    format: envelope
    topics: [\"news.\"]
    options: {{reconnect_ivl: 10ms}}
    write: {{file: out.txt}}
"
    ))
    .start();
    peer.well();
    let out = run.path("out.txt");
    eventually("the last message is written", || {
        std::fs::read_to_string(&out).is_ok_and(|text| text.ends_with("whole 24 1\n"))
    });
    let ending = run.stop();
    let wanted: Vec<String> = (0..25).map(|n| format!("news.whole {n} 0 whole {n} 1")).collect();
    assert_eq!(ending.file("out.txt"), wanted);
}

#[test]
fn a_high_water_mark_of_1_on_rep_or_router_is_refused_with_its_reason() {
    for (role, mark) in [("rep", "{send: 1}"), ("rep", "1"), ("router", "{send: 1, receive: 10}")] {
        Zrig::of(&format!(
            "
nodes:
  server:
    role: {role}
    bind: 5555
    hwm: {mark}
    on_message: msg
"
        ))
        .ends()
        .expect(
            2,
            [
                &format!("a high-water mark of 1 on a {role}"),
                "topology.yaml:6:",
                "libzmq#4750",
                "dropped",
                "let at least 10 messages wait",
            ],
        );
    }
}

#[test]
fn a_rep_with_a_high_water_mark_of_2_answers_eight_hammering_clients_every_time() {
    let each = if soaking() { 25_000 } else { 5_000 };
    let port = free_port();
    let run = Zrig::of(&format!(
        "nodes:\n  server: {{role: rep, bind: {port}, hwm: {{send: 2}}, on_message: '`<${{msg.text}}>`'}}\n"
    ))
    .start();
    let summary = Peer::with(
        &format!("hammer-req --port {port} --clients 8 --count {each} --hwm 2"),
        &["--expect-prefix", "<", "--expect-suffix", ">"],
    )
    .well();
    println!("{summary}");
    assert_eq!(summary["received"], 8 * each);
    let ending = run.stop();
    assert!(!ending.said("dropped"), "{}", ending.text());
}

/// It asks a thousand times without reading, and has room for one answer; what it has none for waits
/// in the server, and has to go out as it was asked.
#[test]
fn answers_for_which_a_client_has_no_room_come_in_the_order_of_its_questions() {
    const ASKED: usize = 500;
    let port = free_port();
    let run = Zrig::of(&format!(
        "nodes:\n  server: {{role: rep, bind: {port}, hwm: {{send: 2, receive: 10000}}, on_message: msg}}\n"
    ))
    .start();
    let context = zmq::Context::new();
    let client = context.socket(zmq::DEALER).unwrap();
    client.set_rcvhwm(1).unwrap();
    client.set_rcvtimeo(20_000).unwrap();
    client.set_sndtimeo(20_000).unwrap();
    client.set_linger(0).unwrap();
    client.connect(&format!("tcp://127.0.0.1:{port}")).unwrap();
    let question = |number: usize| format!("{number:>20000}");
    for number in 0..ASKED {
        client.send_multipart([&b""[..], question(number).as_bytes()], 0).unwrap();
    }
    for number in 0..ASKED {
        let answer = client.recv_multipart(0).unwrap();
        let text = std::str::from_utf8(&answer[1]).unwrap();
        assert_eq!(text.trim_start(), number.to_string(), "another answer was first");
    }
    let ending = run.stop();
    assert!(!ending.said("dropped"), "{}", ending.text());
}

/// Eight clients ask over inproc, where both ends' marks make one queue.
#[test]
fn a_rep_with_a_high_water_mark_of_2_answers_every_time_inside_the_process_too() {
    let each = if soaking() { 25_000 } else { 2_500 };
    let ending = Zrig::of(&format!(
        "
nodes:
  server: {{role: rep, bind: 'inproc://server', hwm: {{send: 2}}, on_message: msg}}
  client:
    role: req
    connect: server
    replicas: 8
    hwm: 1
    on_start: |
      this.n = 0;
      send(0)
    on_message: |
      if msg.text != `${{this.n}}` {{ print(`wrong: ${{msg.text}} for ${{this.n}}`) }}
      this.n += 1;
      if this.n == {each} {{ print(\"all are answered\"); return }}
      this.n
"
    ))
    .start();
    ending.says_times("all are answered", 8);
    let ending = ending.stop();
    assert!(!ending.said("wrong") && !ending.said("dropped"), "{}", ending.text());
}

/// Floods the bus from outside, and takes from it, until it is dropped.
struct Outside {
    over: Arc<AtomicBool>,
    received: Arc<AtomicU64>,
    threads: Vec<std::thread::JoinHandle<()>>,
}

impl Outside {
    fn begin(publishers: u16, subscribers: u16) -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let received = Arc::new(AtomicU64::new(0));
        let mut threads = Vec::new();
        let mut thread = |work: Work| {
            let (over, received) = (Arc::clone(&over), Arc::clone(&received));
            threads.push(std::thread::spawn(move || work(&over, &received)));
        };
        thread(Box::new(move |over, _| {
            let context = zmq::Context::new();
            let publisher = context.socket(zmq::PUB).unwrap();
            publisher.set_linger(0).unwrap();
            publisher.set_reconnect_ivl(5).unwrap();
            publisher.connect(&format!("tcp://127.0.0.1:{publishers}")).unwrap();
            while !over.load(Relaxed) {
                for _ in 0..20 {
                    publisher.send("2000 text from outside", 0).unwrap();
                }
                std::thread::sleep(Duration::from_millis(1));
            }
        }));
        thread(Box::new(move |over, received| {
            let context = zmq::Context::new();
            let subscriber = context.socket(zmq::SUB).unwrap();
            subscriber.set_linger(0).unwrap();
            subscriber.set_reconnect_ivl(5).unwrap();
            subscriber.set_rcvtimeo(50).unwrap();
            subscriber.set_subscribe(b"").unwrap();
            subscriber.connect(&format!("tcp://127.0.0.1:{subscribers}")).unwrap();
            while !over.load(Relaxed) {
                if subscriber.recv_bytes(0).is_ok() {
                    received.fetch_add(1, Relaxed);
                }
            }
        }));
        Self { over, received, threads }
    }
}

impl Drop for Outside {
    fn drop(&mut self) {
        self.over.store(true, Relaxed);
        for thread in self.threads.drain(..) {
            // One that failed has said so.
            let _ = thread.join();
        }
    }
}

#[test]
fn a_bus_in_full_traffic_is_shut_down_50_times_without_a_hang() {
    let [publishers, subscribers] = free_ports();
    let yaml = format!(
        "
nodes:
  bus:
    sockets:
      front: {{role: xsub, bind: {publishers}}}
      back: {{role: xpub, bind: {subscribers}}}
    forward: [front, back]
  publisher:
    role: pub
    connect: bus.front
    replicas: 2
    every: 1ms
    on_tick: 'for n in 0..20 {{ send(n) }}'
  computing:
    role: sub
    connect: bus.back
    msgids: [1000, 2000]
    isolate: true
    on_message: 'this.n = (this.n ?? 0) + 1; if this.n == 200 {{ print(\"computing has 200\") }}'
  subscriber:
    role: sub
    connect: bus.back
    topics: all
    replicas: 2
    on_message: 'this.n = (this.n ?? 0) + 1; if this.n == 200 {{ print(\"subscriber has 200\") }}'
"
    );
    let outside = Outside::begin(publishers, subscribers);
    let mut longest = Duration::ZERO;
    for time in 0..50 {
        let before = outside.received.load(Relaxed);
        let run = Zrig::of(&yaml).start();
        run.says("computing has 200");
        run.says_times("subscriber has 200", 2);
        eventually("the outside takes part", || outside.received.load(Relaxed) > before + 50);
        run.signal(if time % 2 == 0 { "INT" } else { "TERM" });
        let ending = run.ends().expect(0, []);
        longest = longest.max(ending.took);
    }
    println!("the longest of 50 stops took {longest:?}");
    // How long it takes beside other tests is theirs to say.
    assert!(!soaking() || longest < Duration::from_secs(4), "a stop took {longest:?}");
}

#[test]
fn a_delimiter_that_is_left_out_is_told_once() {
    let port = free_port();
    let yaml = |answer: &str| {
        format!(
            "nodes:\n  desk: {{role: router, bind: {port}, on_message: 'send([msg.sender, {answer}]); print(\"asked\")'}}\n  \
             client: {{role: req, connect: 'tcp://127.0.0.1:{port}', on_start: send(1)}}\n"
        )
    };
    let run = Zrig::of(&yaml("\"x\"")).start();
    run.says("without an empty frame behind the id");
    run.stop();
    let run = Zrig::of(&yaml("\"\", \"x\"")).start();
    run.says("asked");
    let ending = run.stop();
    assert!(!ending.said("without an empty frame"), "{}", ending.text());
}
