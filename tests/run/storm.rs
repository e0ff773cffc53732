//! The storm: every role over every transport, with heartbeats, marks of 1 to 1,000, slow handlers and
//! strangers who vanish, in one run.
//!
//! What a round has to show: nothing aborts, nothing hangs, every message comes at most once and in its
//! order, all of them where the pattern drops nothing, and the figures add up while it lasts. Half an
//! hour of rounds with `ZRIG_SOAK=1`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use tempfile::TempDir;
use zrig::snapshot::{NodeSnapshot, Snapshot};

use crate::support::http::get;
use crate::support::{Zrig, eventually, free_port, free_ports, soaking};

/// Who sends to whom, and whether a full queue drops.
const PAIRS: [(&str, &str, bool); 8] = [
    ("push", "pull", false),
    ("dealer", "router", false),
    ("dealer", "dealer", false),
    ("pair", "pair", false),
    ("req", "rep", false),
    ("req", "router", false),
    ("pub", "sub", true),
    ("xpub", "xsub", true),
];
const TRANSPORTS: [&str; 4] = ["tcp", "ipc", "ws", "inproc"];

/// How many bytes of a greeting say that its ZMTP is 3.1.
const VERSION: usize = 12;

fn one<T: Copy>(chance: &mut StdRng, all: &[T]) -> T {
    *all.choose(chance).unwrap()
}

/// What a socket has beside its role and its endpoint.
fn paced(chance: &mut StdRng, role: &str) -> String {
    let mut options = String::new();
    let heartbeat = one(chance, &[0, 20, 50, 200, 1000]);
    if heartbeat > 0 {
        write!(options, "heartbeat_ivl: {heartbeat}ms").unwrap();
        if chance.random_range(0..2) == 0 {
            write!(options, ", heartbeat_timeout: {}ms", heartbeat * 3).unwrap();
        }
    }
    // Who answers drops answers at a smaller one, and is refused.
    let marks: &[u32] =
        if matches!(role, "rep" | "router") { &[10, 100, 1000] } else { &[1, 2, 3, 10, 100, 1000] };
    format!("hwm: {}, options: {{{options}}}", one(chance, marks))
}

/// The storm's file, and the TCP ports that it binds; its other sockets are in a folder.
fn storm(seed: u64, folder: &Path) -> (String, Vec<u16>) {
    let mut chance = StdRng::seed_from_u64(seed);
    let mut ports = Vec::new();
    let mut yaml = format!("# seed {seed}\nnodes:\n");
    for (sends, takes, drops) in PAIRS {
        for transport in TRANSPORTS {
            let (a, b) =
                (format!("{sends}-{takes}-{transport}"), format!("{takes}-of-{sends}-{transport}"));
            let endpoint = match transport {
                "tcp" | "ws" => {
                    let port = free_port();
                    ports.push(port);
                    format!("'{transport}://127.0.0.1:{port}'")
                }
                "ipc" => format!("'ipc://{}/{a}.sock'", folder.display()),
                _ => format!("'inproc://{a}'"),
            };
            let sender_binds = drops || chance.random_range(0..2) == 0;
            let [at_a, at_b] = if sender_binds {
                [format!("bind: {endpoint}"), format!("connect: {a}")]
            } else {
                [format!("connect: {b}"), format!("bind: {endpoint}")]
            };
            let burst = one(&mut chance, &[1, 5, 20]);
            let slow = one(&mut chance, &["", "", "let t = now(); while now() - t < 0.003 { } "]);
            let isolate = chance.random_range(0..4) == 0;
            let answer = if matches!(takes, "rep" | "router") { "msg" } else { "()" };
            let topics = if takes == "sub" { ", topics: all" } else { "" };
            let echo = if matches!(takes, "rep" | "router") {
                ", on_message: 'count(\"back\")'"
            } else {
                ""
            };
            writeln!(
                yaml,
                "  {a}: {{role: {sends}, {at_a}, {}, every: 1ms, on_start: this.n = 0{echo},\n    \
                 on_tick: 'for i in 0..{burst} {{ this.n += 1; send(\"\" + this.n); }}'}}\n  \
                 {b}: {{role: {takes}, {at_b}, {}{topics}, isolate: {isolate}, on_start: this.last = 0,\n    \
                 on_message: '{slow}let n = parse_int(msg.text); if n <= this.last {{ count(\"wrong\"); }} \
                 if n > this.last + 1 {{ count(\"gaps\"); }} this.last = n; {answer}'}}",
                paced(&mut chance, sends),
                paced(&mut chance, takes),
            )
            .unwrap();
        }
    }
    (yaml, ports)
}

/// Knocks at ports with what no peer would say, or only half of it, and is gone.
fn knock(ports: Vec<u16>, seed: u64, over: Arc<AtomicBool>) -> thread::JoinHandle<u64> {
    thread::spawn(move || {
        let mut chance = StdRng::seed_from_u64(seed);
        let mut greeting = [&b"\xff\0\0\0\0\0\0\0\x01\x7f\x03\x01NULL"[..], &[0; 48]].concat();
        greeting.extend(b"\x04\x26\x05READY\x0bSocket-Type\0\0\0\x06");
        let mut knocks = 0;
        while !over.load(Relaxed) {
            if let Ok(mut stranger) = TcpStream::connect(("127.0.0.1", one(&mut chance, &ports))) {
                let mut bytes = greeting.clone();
                bytes.truncate(chance.random_range(0..greeting.len()));
                // Whoever begins otherwise may be a peer of an older ZMTP, which has no handshake to fail.
                if bytes.len() > VERSION && chance.random_range(0..3) == 0 {
                    let place = VERSION + chance.random_range(0..bytes.len() - VERSION);
                    bytes.splice(place.., (0..64).map(|_| one(&mut chance, &[0, 1, 0x7f, 0xff])));
                }
                // Whoever hangs up first, it is a knock.
                let _ = stranger.write_all(&bytes);
                thread::sleep(Duration::from_millis(one(&mut chance, &[0, 1, 10])));
                knocks += 1;
            }
        }
        knocks
    })
}

fn snapshot(metrics: u16) -> Snapshot {
    serde_json::from_str(&get(metrics, "/topology").body).unwrap()
}

/// How many messages came so far, and what is wrong, by who receives.
fn look(metrics: u16) -> (u64, BTreeMap<String, String>) {
    let seen = snapshot(metrics);
    let (mut came, mut wrong) = (0, BTreeMap::new());
    for flow in &seen.flows {
        let ends: Vec<&NodeSnapshot> = flow
            .from
            .iter()
            .chain(&flow.to)
            .map(|port| seen.node(&port.instance).unwrap())
            .collect();
        // What the kernel had of a connection that timed out is gone, and what comes by two of them
        // may come in any order.
        let is_linked = ends.iter().all(|node| node.sockets[0].disconnects == 0);
        let drops = ["pub", "xpub", "router", "rep"].iter().any(|it| flow.pattern.starts_with(it));
        let is_sound = match [flow.sent, flow.received, flow.dropped, flow.waiting] {
            [Some(sent), Some(received), Some(dropped), Some(waiting)] => {
                came += received;
                sent == received + dropped + waiting && (drops || !is_linked || dropped == 0)
            }
            // Who connects again may for a moment be two peers, of which one is not in the file.
            _ => !is_linked,
        };
        let has = |name: &str| ends.iter().any(|node| node.user.contains_key(name));
        let has_failed = ends.iter().any(|node| node.failed > 0);
        let is_whole = !is_linked || !has("wrong") && (drops || !has("gaps"));
        if !is_sound || has_failed || !is_whole {
            let mut told = format!("{flow:?}");
            for node in ends {
                let socket = &node.sockets[0];
                write!(
                    told,
                    "\n  {}: {} failed, {:?}, {} peers, {} disconnects, {:?}",
                    node.instance,
                    node.failed,
                    node.user,
                    socket.peers,
                    socket.disconnects,
                    socket.dropped
                )
                .unwrap();
            }
            wrong.insert(flow.to[0].instance.clone(), told);
        }
    }
    (came, wrong)
}

fn round(seed: u64, lasts: Duration, knocks: &AtomicU64) -> u64 {
    let folder = TempDir::new().unwrap();
    let (yaml, ports) = storm(seed, folder.path());
    println!("seed {seed}");
    let [metrics] = free_ports();
    let run = Zrig::of(&yaml).arguments(["--metrics", &metrics.to_string()]).start();
    run.says("figures at");
    eventually("it has started", || snapshot(metrics).started);
    let over = Arc::new(AtomicBool::new(false));
    let strangers = knock(ports, seed, Arc::clone(&over));
    let end = Instant::now() + lasts;
    let (mut came, mut before) = (0, BTreeMap::new());
    while Instant::now() < end {
        let (now, wrong) = look(metrics);
        // One look is no moment: the end of a connection may show in the next one.
        let stays = wrong.keys().find(|who| before.contains_key(*who));
        assert!(stays.is_none(), "{}\n{}", wrong[stays.unwrap()], run.log().join("\n"));
        (came, before) = (now, wrong);
        thread::sleep(Duration::from_millis(100));
    }
    over.store(true, Relaxed);
    knocks.fetch_add(strangers.join().unwrap(), Relaxed);
    let ending = run.stop();
    assert_eq!(ending.status, Some(0), "{}", ending.text());
    assert!(came > 0);
    came
}

#[test]
fn a_storm_over_every_role_and_transport_loses_nothing_and_ends() {
    let begun = Instant::now();
    let knocks = AtomicU64::new(0);
    let (lasts, patience) = if soaking() {
        (Duration::from_secs(20), Duration::from_secs(30 * 60))
    } else {
        (Duration::from_secs(2), Duration::ZERO)
    };
    let (mut rounds, mut came) = (0, 0);
    loop {
        came += round(rounds, lasts, &knocks);
        rounds += 1;
        if begun.elapsed() >= patience {
            break;
        }
    }
    println!("{rounds} rounds, {came} messages, {} knocks", knocks.load(Relaxed));
}
