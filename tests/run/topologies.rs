//! Every topology that ships is run, and what arrives is looked at.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;

use crate::support::{PATIENCE, Peer, Runner, Zrig, eventually, free_port, free_ports, python};

/// The topologies that a test of this file, or of `feeds.rs`, runs.
const TESTED: &[&str] = &[
    "bitcoin",
    "broker",
    "bus",
    "detector",
    "eddn",
    "envelope",
    "first",
    "hello",
    "jupyter",
    "kill-signal",
    "load-balancing",
    "pair",
    "pipeline",
    "pupil",
    "seed",
    "stream",
    "weather",
    "words",
];

fn folder() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/topologies"))
}

#[test]
fn every_topology_that_ships_has_its_test() {
    let found: BTreeSet<String> = fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "yaml"))
        .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    let tested: BTreeSet<String> = TESTED.iter().map(|&name| name.to_owned()).collect();
    assert_eq!(found, tested);
}

#[test]
fn every_script_that_ships_belongs_to_a_topology() {
    let topologies: String = TESTED
        .iter()
        .map(|name| fs::read_to_string(folder().join(format!("{name}.yaml"))).unwrap())
        .collect();
    let entries = fs::read_dir(folder().with_file_name("scripts")).unwrap();
    // Those of the guide are held by `tests/trials/guide.rs`.
    for entry in entries.map(Result::unwrap).filter(|entry| entry.path().is_file()) {
        let name = entry.file_name().into_string().unwrap();
        assert!(topologies.contains(&format!("../scripts/{name}")), "nobody runs {name}");
    }
}

#[test]
fn hello_asks_and_answers() {
    let port = free_port();
    let run = Zrig::shipped("hello").set("HELLO_PORT", port).start();
    run.says("server  asked: Hello 1");
    run.says("client  answered: Hello 1, World");
    run.says("client  answered: Hello 3, World");
    // Somebody else's client is answered too, between the topology's own.
    Peer::with(&format!("rr-client --port {port} --count 100"), &["--expect-suffix", ", World"])
        .well();
    run.stop();
}

/// Its port stands in the file, as a first look should have it: so it is run with another one.
#[test]
fn weather_shows_each_display_its_kind_only() {
    let text = fs::read_to_string(folder().join("weather.yaml")).unwrap();
    let port = free_port().to_string();
    let script = folder().with_file_name("scripts").join("station.rhai");
    let text = text.replace("bind: 5556", &format!("bind: {port}"));
    let text = text.replace("../scripts/station.rhai", "station.rhai");
    assert!(text.contains(&port) && !text.contains("../"));
    let run = Zrig::of(&text).with("station.rhai", fs::read(script).unwrap()).start();
    for celsius in 1..=3 {
        run.says(&format!("temperature  Oslo: {celsius} °C"));
        run.says(&format!("wind  Oslo: wind {celsius} kn"));
    }
    let ending = run.stop();
    assert!(!ending.said("battery"), "{}", ending.text());
    let of = |node: &str, word: &str| {
        ending.log.iter().any(|line| line.contains(node) && line.contains(word))
    };
    assert!(!of("  temperature  ", "kn") && !of("  wind  ", "°C"), "{}", ending.text());
}

#[test]
fn pipeline_factors_every_number_and_ends() {
    let ports: [u16; 3] = free_ports();
    let out = tempfile::tempdir().unwrap();
    let results = out.path().join("results.txt");
    let run = Zrig::shipped("pipeline")
        .set("PIPELINE_WORK", ports[0])
        .set("PIPELINE_RESULTS", ports[1])
        .set("PIPELINE_TOTAL", ports[2])
        .environment("ZRIG_OUT", results.display())
        .ends()
        .expect(0, ["sink  all 60 results are in"]);
    let numbers = fs::read_to_string(folder().join("data/numbers.txt")).unwrap();
    let mut wanted: Vec<u64> = numbers.lines().map(|line| line.parse().unwrap()).collect();
    let mut found = Vec::new();
    for line in fs::read_to_string(&results).unwrap().lines() {
        let (number, factors) = line.split_once(" = ").unwrap();
        let number: u64 = number.parse().unwrap();
        let factors = factors.split(" × ").map(|factor| factor.parse::<u64>().unwrap());
        assert_eq!(factors.product::<u64>(), number, "{line}");
        found.push(number);
    }
    wanted.sort_unstable();
    found.sort_unstable();
    assert_eq!(found, wanted);
    for worker in ["worker.1  ", "worker.2  ", "worker.3  "] {
        assert!(run.said(worker), "{worker} did nothing:\n{}", run.text());
    }
}

#[test]
fn pair_plays_ball() {
    let run = Zrig::shipped("pair").set("PAIR_ENDPOINT", free_port()).start();
    for (node, ball) in [("right", 1), ("left", 2), ("right", 3), ("left", 4), ("right", 5)] {
        run.says(&format!("{node}  {node} has {ball}"));
    }
    run.stop();
}

#[test]
fn pair_plays_ball_inside_the_process_too() {
    let run = Zrig::shipped("pair").set("PAIR_ENDPOINT", "inproc://table").start();
    run.says("left  left has 4");
    run.stop();
}

#[test]
fn broker_brings_every_reply_back_to_its_client() {
    let [frontend, backend] = free_ports();
    let run = Zrig::shipped("broker")
        .set("BROKER_FRONTEND", frontend)
        .set("BROKER_BACKEND", backend)
        .start();
    for client in ["client.1", "client.2"] {
        for n in 1..=3 {
            run.says(&format!("{client}  {n} squared is {}, says ", n * n));
        }
    }
    // A client and a worker of another program join on either side.
    let context = zmq::Context::new();
    let client = context.socket(zmq::REQ).unwrap();
    client.set_rcvtimeo(20_000).unwrap();
    client.connect(&format!("tcp://127.0.0.1:{frontend}")).unwrap();
    let mut workers = BTreeSet::new();
    for n in 1..=12 {
        client.send(n.to_string().as_str(), 0).unwrap();
        let answer = client.recv_string(0).unwrap().unwrap();
        let worker = answer.strip_prefix(&format!("{n} squared is {}, says ", n * n));
        workers.insert(worker.unwrap_or_else(|| panic!("{answer}")).to_owned());
    }
    assert_eq!(workers.len(), 3, "{workers:?}");
    run.stop();
}

#[test]
fn bus_has_a_subscriber_that_comes_and_goes() {
    let [publishers, subscribers] = free_ports();
    let run = Zrig::shipped("bus")
        .set("BUS_PUBLISHERS", publishers)
        .set("BUS_SUBSCRIBERS", subscribers)
        .start();
    run.says("resident  weather report 1");
    run.says("visitor  traffic report 1");
    run.says("traffic  somebody listens");
    run.says("visitor  I am away");
    run.says("traffic  nobody listens any more");
    run.says("visitor  I am back");
    run.says_times("traffic  somebody listens", 2);
    run.says_what("a report after the return", {
        let mut back = false;
        move |line| {
            back |= line.contains("I am back");
            back && line.contains("visitor  traffic report")
        }
    });
    let ending = run.stop();
    let count = |line: &str| line.rsplit(' ').next().unwrap().parse::<u32>().unwrap();
    let seen = |start: &str| -> Vec<u32> {
        ending.log.iter().filter(|line| line.contains(start)).map(|line| count(line)).collect()
    };
    let weather = seen("resident  weather report");
    assert_eq!(weather, (1..=u32::try_from(weather.len()).unwrap()).collect::<Vec<_>>());
    let traffic = seen("visitor  traffic report");
    assert!(traffic.windows(2).any(|pair| pair[1] > pair[0] + 1), "no gap in {traffic:?}");
    assert!(traffic.is_sorted());
}

#[test]
fn envelope_shows_each_office_its_region() {
    let port = free_port();
    let run = Zrig::shipped("envelope").set("ENVELOPE_PORT", port).start();
    run.says("europe  Europe: 2 lamps to Lyon");
    run.says("america  America: 2 chairs to Boston");
    run.says("archive  archive: [orders.eu.] 2 lamps to Lyon");
    run.says("archive  archive: [orders.us.] 2 chairs to Boston");
    run.says("archive  archive: [stock.] ");
    // Another program sees two frames.
    let context = zmq::Context::new();
    let office = context.socket(zmq::SUB).unwrap();
    office.set_rcvtimeo(20_000).unwrap();
    office.set_subscribe(b"stock.").unwrap();
    office.connect(&format!("tcp://127.0.0.1:{port}")).unwrap();
    let frames = office.recv_multipart(0).unwrap();
    assert_eq!(frames.len(), 2);
    assert_eq!(frames[0], b"stock.");
    let body: serde_json::Value = serde_json::from_slice(&frames[1]).unwrap();
    assert!(body["lamps"].is_u64(), "{body}");
    let ending = run.stop();
    let wrong = ending.log.iter().any(|line| {
        line.contains("  europe  ") && !line.contains("Lyon")
            || line.contains("  america  ") && !line.contains("Boston")
    });
    assert!(!wrong, "{}", ending.text());
}

#[test]
fn load_balancing_keeps_every_worker_busy() {
    let [frontend, backend] = free_ports();
    let run = Zrig::shipped("load-balancing")
        .set("BALANCER_FRONTEND", frontend)
        .set("BALANCER_BACKEND", backend)
        .start();
    for worker in ["worker.1", "worker.2", "worker.3"] {
        run.says(&format!("{worker}  does a job of "));
    }
    let context = zmq::Context::new();
    let client = context.socket(zmq::REQ).unwrap();
    client.set_rcvtimeo(20_000).unwrap();
    client.connect(&format!("tcp://127.0.0.1:{frontend}")).unwrap();
    for job in ["7", "11"] {
        client.send(job, 0).unwrap();
        assert_eq!(client.recv_string(0).unwrap().unwrap(), format!("done in {job} ms"));
    }
    run.says_times("does a job of ", 12);
    run.stop();
}

#[test]
fn stream_answers_a_browser() {
    let port = free_port();
    let run = Zrig::shipped("stream").set("STREAM_PORT", port).start();
    run.says(&format!("web  open http://127.0.0.1:{port}/"));
    let get = |pieces: &[&str]| -> String {
        let mut browser = TcpStream::connect(("127.0.0.1", port)).unwrap();
        browser.set_read_timeout(Some(PATIENCE)).unwrap();
        browser.set_nodelay(true).unwrap();
        for piece in pieces {
            browser.write_all(piece.as_bytes()).unwrap();
        }
        let mut answer = String::new();
        browser.read_to_string(&mut answer).unwrap();
        answer
    };
    let answer = get(&["GET /first HTTP/1.1\r\nHost: localhost\r\n\r\n"]);
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(answer.ends_with("\r\n\r\nHello from a STREAM socket, visitor 1.\n"), "{answer}");
    // In pieces, TCP's way.
    let answer = get(&["GET /sec", "ond HTTP/1.1\r\nHo", "st: x\r\n", "\r\n"]);
    assert!(answer.ends_with("visitor 2.\n"), "{answer}");
    run.says("web  GET /first HTTP/1.1");
    run.says("web  GET /second HTTP/1.1");
    let ending = run.stop();
    assert!(!ending.said("on_message:"), "{}", ending.text());
}

#[test]
fn kill_signal_stops_the_workers_and_then_the_topology() {
    let ports: [u16; 3] = free_ports();
    let ending = Zrig::shipped("kill-signal")
        .set("KILL_TASKS", ports[0])
        .set("KILL_RESULTS", ports[1])
        .set("KILL_CONTROL", ports[2])
        .ends()
        .expect(0, ["sink  enough"]);
    for worker in ["worker.1", "worker.2", "worker.3"] {
        assert_eq!(ending.times(&format!("{worker}  told to stop after ")), 1, "{}", ending.text());
    }
    let last = ending.log.iter().find(|line| line.contains("all workers have stopped after"));
    let results: u32 = last.unwrap().split(' ').rev().nth(1).unwrap().parse().unwrap();
    let done: u32 = ending
        .log
        .iter()
        .filter(|line| line.contains("told to stop after "))
        .map(|line| line.split(' ').rev().nth(1).unwrap().parse::<u32>().unwrap())
        .sum();
    // A goodbye comes behind its worker's last result, so every one of them is in.
    assert!(results >= 30 && results == done, "{results} of {done}:\n{}", ending.text());
}

/// The variables of seed.yaml with free ports.
fn seed() -> (Zrig, BTreeMap<&'static str, u16>) {
    let names = ["SEED_PUBLISH", "SEED_REQUEST", "SEED_PUSH", "SEED_PAIR"];
    let ports: BTreeMap<&str, u16> = names.into_iter().map(|name| (name, free_port())).collect();
    let zrig = ports.iter().fold(Zrig::shipped("seed"), |zrig, (name, port)| zrig.set(name, port));
    (zrig, ports)
}

#[test]
fn seed_runs_the_eight_classes_side_by_side() {
    let (zrig, _) = seed();
    let run = zrig.start();
    for text in [
        "subscriber  1000 text publisher 0",
        "subscriber  1000 json #{\"number\": 1, \"source\": \"publisher\"}",
        "subscriber  1000 text publisher 2",
        "rr-client  reply: client 0!",
        "rr-client  reply: client 1!",
        "puller  pulled: pusher 0",
        "puller  pulled: pusher 1",
        "pair-client  came back: ball 0",
        "pair-client  came back: ball 1",
    ] {
        run.says(text);
    }
    run.stop();
}

#[test]
fn seed_takes_a_program_of_the_module_for_any_of_its_nodes() {
    let part = |nodes: &str| -> (Runner, BTreeMap<&'static str, u16>) {
        let (zrig, ports) = seed();
        (zrig.arguments(["--only", nodes]).start(), ports)
    };
    // Those that bind, here; their partners in Python.
    let (run, ports) = part("publisher,rr-server,pusher,pair-server");
    let port = |name: &str| ports[name];
    let peers = [
        Peer::start(&format!("subscriber --port {} --count 4 --first any", port("SEED_PUBLISH"))),
        Peer::start(&format!("puller --port {} --count 2 --first any", port("SEED_PUSH"))),
        Peer::start(&format!("pair-client --port {} --count 50", port("SEED_PAIR"))),
    ];
    Peer::with(
        &format!("rr-client --port {} --count 50", port("SEED_REQUEST")),
        &["--expect-suffix", "!"],
    )
    .well();
    for peer in peers {
        peer.well();
    }
    run.stop();
    // And the other way round.
    let (run, ports) = part("subscriber,rr-client,puller,pair-client");
    let port = |name: &str| ports[name];
    let publisher = Peer::start(&format!(
        "publisher --port {} --count 5 --wait-peers 1 --hold",
        port("SEED_PUBLISH")
    ));
    let server = Peer::with(
        &format!("rr-server --port {} --count 2", port("SEED_REQUEST")),
        &["--reply-suffix", "!"],
    );
    let pusher =
        Peer::start(&format!("pusher --port {} --count 5 --wait-peers 1", port("SEED_PUSH")));
    let pair = Peer::start(&format!("pair-server --port {} --count 2", port("SEED_PAIR")));
    run.says("subscriber  1000 text peer 4");
    run.says("rr-client  reply: client 1!");
    run.says("puller  pulled: peer 4");
    run.says("pair-client  came back: ball 1");
    let mut publisher = publisher;
    publisher.tell("enough");
    for peer in [publisher, server, pusher, pair] {
        peer.well();
    }
    run.stop();
}

#[test]
fn a_run_leaves_no_file_behind() {
    let out = tempfile::tempdir().unwrap();
    let endpoint = out.path().join("pair.socket");
    let run =
        Zrig::shipped("pair").set("PAIR_ENDPOINT", format!("ipc://{}", endpoint.display())).start();
    run.says("left  left has 2");
    assert!(endpoint.exists());
    run.stop();
    eventually("the ipc socket's file is gone", || !endpoint.exists());
}

#[test]
fn words_are_counted_by_a_program_in_python_among_handlers() {
    let [lines, counts] = free_ports();
    let ending = Zrig::shipped("words")
        .set("WORDS_LINES", lines)
        .set("WORDS_COUNTS", counts)
        .set("PYTHON", python())
        .ends()
        .expect(0, ["total  46 different words, \"the\" 10 times"]);
    assert_eq!(ending.times("  counts words"), 3, "{}", ending.text());
    assert_eq!(ending.times("ended with status 0"), 3, "{}", ending.text());
}
