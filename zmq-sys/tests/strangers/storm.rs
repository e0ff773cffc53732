//! Owns the storm: pairs of sockets of every role over every transport, with heartbeats of 20 to
//! 1,000 ms, marks of 1 to 1,000, slow readers, and peers that come and vanish, for as long as
//! `ZMQ_SYS_STORM` says in seconds (half an hour with `ZRIG_SOAK=1`).
//!
//! What a round has to show: nothing aborts, nothing hangs, every message arrives at most once and in
//! order, and all of them where no connection was lost. Never how fast.

use std::collections::BTreeSet;
use std::ffi::c_int;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::bytes::Random;
use super::library::{Context, PATIENCE, Socket, partner, port_of};
use super::peer::{MORE, Peer, frame, greeting, ping, ready};

/// Who sends to whom, and whether a full queue makes the sender wait.
const PAIRS: [(u32, u32, bool); 9] = [
    (zmq_sys::ZMQ_PUSH, zmq_sys::ZMQ_PULL, true),
    (zmq_sys::ZMQ_DEALER, zmq_sys::ZMQ_ROUTER, true),
    (zmq_sys::ZMQ_DEALER, zmq_sys::ZMQ_DEALER, true),
    (zmq_sys::ZMQ_DEALER, zmq_sys::ZMQ_REP, true),
    (zmq_sys::ZMQ_REQ, zmq_sys::ZMQ_ROUTER, true),
    (zmq_sys::ZMQ_PAIR, zmq_sys::ZMQ_PAIR, true),
    (zmq_sys::ZMQ_PUB, zmq_sys::ZMQ_SUB, false),
    (zmq_sys::ZMQ_XPUB, zmq_sys::ZMQ_XSUB, false),
    (zmq_sys::ZMQ_PUSH, zmq_sys::ZMQ_STREAM, true),
];

const TRANSPORTS: [&str; 4] = ["tcp", "ipc", "ws", "inproc"];

#[derive(Default)]
struct Totals {
    rounds: AtomicU64,
    sent: AtomicU64,
    received: AtomicU64,
    dropped: AtomicU64,
    lost: AtomicU64,
    connections: AtomicU64,
    strangers: AtomicU64,
}

fn one<T: Copy>(random: &mut Random, all: &[T]) -> T {
    all[random.below(all.len())]
}

fn made(random: &mut Random, context: &Context, role: u32, is_alone: bool) -> Socket {
    let socket = context.socket(role);
    let heartbeat: c_int = one(random, &[0, 20, 50, 200, 1000]);
    socket.paced(heartbeat, one(random, &[1, 2, 3, 10, 100, 1000]));
    if heartbeat > 0 && random.below(2) == 0 {
        socket.number(zmq_sys::ZMQ_HEARTBEAT_TTL, one(random, &[100, 300, 70_000]));
        socket.number(zmq_sys::ZMQ_HEARTBEAT_TIMEOUT, heartbeat * 3);
    }
    socket.number(zmq_sys::ZMQ_RECONNECT_IVL, one(random, &[1, 10, 50]));
    socket.number(zmq_sys::ZMQ_IN_BATCH_SIZE, one(random, &[33, 512, 8192, 65_536]));
    if random.below(4) == 0 {
        socket.number(zmq_sys::ZMQ_RCVBUF, 4096);
        socket.number(zmq_sys::ZMQ_SNDBUF, 4096);
    }
    // One that may lose its only peer for good has none to lose it to.
    if role == zmq_sys::ZMQ_ROUTER && is_alone {
        socket.number(zmq_sys::ZMQ_ROUTER_HANDOVER, 1);
    }
    match role {
        zmq_sys::ZMQ_SUB => socket.bytes(zmq_sys::ZMQ_SUBSCRIBE, b""),
        zmq_sys::ZMQ_XSUB => assert!(socket.send(&[&[1]])),
        _ => {}
    }
    socket
}

/// What a stranger does before it is gone.
fn knock(random: &mut Random, port: u16, role: u32) {
    let mut peer = Peer::connect(port);
    let mut bytes = [greeting(1, "NULL", false), ready(partner(role), b"")].concat();
    if random.below(2) == 0 {
        bytes.truncate(random.below(bytes.len() + 1));
        peer.try_say(&bytes);
    } else {
        peer.try_say(&bytes);
        if peer.try_hear(64).and_then(|_| peer.try_hear_frame()).is_some() {
            let parts =
                [frame(MORE, b"stranger"), frame(0, b"stranger"), ping(random.below(9) as u16)];
            let mut rest = parts.concat();
            rest.truncate(random.below(rest.len() + 1));
            peer.try_say(&rest);
            thread::sleep(Duration::from_millis(random.below(30) as u64));
        }
    }
    if random.below(2) == 0 {
        peer.reset();
    }
}

/// The number in a message of ours.
fn number_of(message: &[Vec<u8>]) -> Option<u64> {
    let [.., mark, number] = message else { return None };
    (mark == b"storm").then(|| u64::from_be_bytes(number[..8].try_into().unwrap()))
}

fn play(random: &mut Random, totals: &Totals, folder: &std::path::Path, name: u64) {
    let (from, to, waits) = one(random, &PAIRS);
    if to == zmq_sys::ZMQ_STREAM {
        return play_stream(random, totals);
    }
    let transport = one(random, &TRANSPORTS);
    let context = Context::new();
    let sender = made(random, &context, from, true);
    let reader = made(random, &context, to, true);
    let sender_binds = random.below(2) == 0;
    let (binder, connecter) = if sender_binds { (&sender, &reader) } else { (&reader, &sender) };
    let binder_role = if sender_binds { from } else { to };
    let endpoint = match transport {
        "tcp" | "ws" => format!("{transport}://127.0.0.1:*"),
        "ipc" => format!("ipc://{}/{name}", folder.display()),
        _ => format!("inproc://{name}"),
    };
    let endpoint = binder.bind(&endpoint);
    let watch = connecter.watched(&context);
    connecter.connect(&endpoint);
    let port = (transport == "tcp").then(|| port_of(&endpoint));
    // A PAIR has room for one, and a stranger takes messages that were for somebody else.
    let strangers = port.is_some()
        && waits
        && !sender_binds
        && matches!(to, zmq_sys::ZMQ_PULL | zmq_sys::ZMQ_ROUTER | zmq_sys::ZMQ_REP);
    let count: u64 = one(random, &[20, 100, 400]);
    let mut seeds = [1_u64, 2, 3].map(|step| random.below(1 << 40) as u64 + step);
    let quick = one(random, &[0, 1, 5]);
    let pause = one(random, &[0, 1, 3, 30]);
    let ended = AtomicU64::new(0);
    let broken = AtomicU64::new(0);
    let (sent, received) = thread::scope(|scope| {
        let sending = scope.spawn({
            let sender = Held(&sender);
            let (ended, broken) = (&ended, &broken);
            let seed = std::mem::take(&mut seeds[0]);
            move || {
                send_all(&mut Random::new(seed), sender.get(), from, count, quick, ended, broken)
            }
        });
        if strangers {
            let ended = &ended;
            let seed = std::mem::take(&mut seeds[1]);
            scope.spawn(move || {
                let mut random = Random::new(seed);
                while ended.load(Ordering::Relaxed) < 2 {
                    knock(&mut random, port.unwrap(), binder_role);
                    totals.strangers.fetch_add(1, Ordering::Relaxed);
                    thread::sleep(Duration::from_millis(random.below(20) as u64));
                }
            });
        }
        let mut random = Random::new(seeds[2]);
        let received =
            take_all(&mut random, &reader, to, count, pause, waits, &ended, &broken, &watch);
        ended.store(2, Ordering::Relaxed);
        (sending.join().unwrap(), received)
    });
    let mut gone = 0;
    while watch.take().is_some() {
        gone += 1;
    }
    let gone = gone + received.1;
    let received = received.0;
    assert!(received <= sent, "{from} to {to} over {transport}: {received} of {sent}");
    let missing = sent - received;
    if missing > 0 && gone == 0 && waits {
        panic!("{from} to {to} over {transport}: {received} of {sent}, and no connection was lost");
    }
    let counter = if gone > 0 { &totals.lost } else { &totals.dropped };
    counter.fetch_add(missing, Ordering::Relaxed);
    totals.connections.fetch_add(gone, Ordering::Relaxed);
    totals.sent.fetch_add(sent, Ordering::Relaxed);
    totals.received.fetch_add(received, Ordering::Relaxed);
    totals.rounds.fetch_add(1, Ordering::Relaxed);
}

/// A socket that is used by one thread, and waited for by who made it.
struct Held<'a>(&'a Socket);

// SAFETY: who made it does not use it until the thread has ended.
unsafe impl Send for Held<'_> {}

impl<'a> Held<'a> {
    fn get(&self) -> &'a Socket {
        self.0
    }
}

/// How many the socket took.
fn send_all(
    random: &mut Random,
    sender: &Socket,
    role: u32,
    count: u64,
    quick: usize,
    ended: &AtomicU64,
    broken: &AtomicU64,
) -> u64 {
    let publishes = matches!(role, zmq_sys::ZMQ_PUB | zmq_sys::ZMQ_XPUB);
    let mut number = 0_u64;
    let mut waited = Instant::now();
    while number < count && ended.load(Ordering::Relaxed) < 2 {
        let padding = one(random, &[0, 10, 40, 300, 9000]);
        let body = [&number.to_be_bytes()[..], &vec![0; padding]].concat();
        let parts: &[&[u8]] = match role {
            zmq_sys::ZMQ_DEALER => &[b"", b"storm", &body],
            _ => &[b"storm", &body],
        };
        if sender.send(parts) {
            number += 1;
            waited = Instant::now();
            if role == zmq_sys::ZMQ_REQ {
                // The answer says that it came; where it was lost, there is nothing more to send.
                let end = Instant::now() + Duration::from_secs(6);
                while sender.take().is_none() {
                    if Instant::now() > end || ended.load(Ordering::Relaxed) == 2 {
                        ended.fetch_max(1, Ordering::Relaxed);
                        return number;
                    }
                    sender.waits_for_input(Duration::from_millis(20));
                }
            }
        } else if waited.elapsed() > PATIENCE {
            // Heartbeats that a busy machine cannot keep lose every connection.
            assert!(broken.load(Ordering::Relaxed) > 0, "{role} takes no more after {number}");
            break;
        } else {
            thread::sleep(Duration::from_millis(1));
        }
        while role != zmq_sys::ZMQ_REQ && sender.take().is_some() {}
        if publishes || random.below(20) == 0 {
            thread::sleep(Duration::from_millis(random.below(quick + 1) as u64));
        }
    }
    ended.fetch_max(1, Ordering::Relaxed);
    number
}

/// How many came, and how many connections were lost meanwhile.
#[expect(clippy::too_many_arguments, reason = "a round has as many sides")]
fn take_all(
    random: &mut Random,
    reader: &Socket,
    role: u32,
    count: u64,
    pause: usize,
    waits: bool,
    ended: &AtomicU64,
    broken: &AtomicU64,
    watch: &Socket,
) -> (u64, u64) {
    let (mut came, mut next, mut gone) = (0_u64, 0_u64, 0_u64);
    let mut seen = BTreeSet::new();
    let mut silent_since = Instant::now();
    loop {
        if let Some(message) = reader.take() {
            if role == zmq_sys::ZMQ_REP {
                reader.send(&[b"yes"]);
            }
            if let Some(number) = number_of(&message) {
                while watch.take().is_some() {
                    gone += 1;
                }
                // Once, and in order; what a lost connection had still to say comes beside what
                // the next one says.
                assert!(seen.insert(number), "{role}: {number} twice");
                assert!(number >= next || gone > 0, "{role}: {number} after {next}");
                (next, came) = (next.max(number + 1), came + 1);
                silent_since = Instant::now();
                if role == zmq_sys::ZMQ_ROUTER {
                    reader.send(&[&message[0], b"", b"yes"]);
                }
            }
            if random.below(8) == 0 {
                thread::sleep(Duration::from_millis(random.below(pause + 1) as u64));
            }
            if random.below(300) == 0 {
                // Longer than some heartbeats.
                thread::sleep(Duration::from_millis(120));
            }
        } else {
            reader.waits_for_input(Duration::from_millis(10));
        }
        while watch.take().is_some() {
            gone += 1;
            broken.store(1, Ordering::Relaxed);
        }
        if came == count || next == count && gone == 0 && !waits {
            return (came, gone);
        }
        // What was lost with its connection never comes, and what nobody waits for need not.
        let is_over = ended.load(Ordering::Relaxed) > 0;
        let patience = if !waits || gone > 0 { Duration::from_millis(1500) } else { PATIENCE };
        if is_over && silent_since.elapsed() > patience {
            return (came, gone);
        }
        assert!(silent_since.elapsed() < PATIENCE * 3, "{role} hears nothing after {next}");
    }
}

/// Bytes of several peers: all of what each said before it went, and who sends is heard.
fn play_stream(random: &mut Random, totals: &Totals) {
    let context = Context::new();
    let stream = context.socket(zmq_sys::ZMQ_STREAM);
    stream.paced(0, one(random, &[1, 2, 10, 1000]));
    let port = stream.bound();
    let mut said = 0;
    let peers: Vec<Peer> = (0..1 + random.below(4))
        .map(|_| {
            let mut peer = Peer::connect(port);
            for _ in 0..random.below(20) {
                let bytes = vec![b'x'; 1 + random.below(3000)];
                said += bytes.len();
                peer.say(&bytes);
            }
            peer.hang_up();
            peer
        })
        .collect();
    let mut heard = 0;
    while heard < said {
        let message = stream.receive();
        heard += message[1].len();
        if random.below(9) == 0 {
            thread::sleep(Duration::from_millis(random.below(5) as u64));
        }
    }
    assert_eq!(heard, said);
    totals.strangers.fetch_add(peers.len() as u64, Ordering::Relaxed);
    totals.rounds.fetch_add(1, Ordering::Relaxed);
}

#[test]
fn a_storm_loses_nothing_but_what_was_on_a_lost_connection() {
    let is_soak = std::env::var_os("ZRIG_SOAK").is_some_and(|value| value == "1");
    let seconds = std::env::var("ZMQ_SYS_STORM")
        .map_or(if is_soak { 1800 } else { 6 }, |text| text.parse().unwrap());
    let seed = std::env::var("ZMQ_SYS_SEED").map_or(1, |text| text.parse().unwrap());
    let end = Instant::now() + Duration::from_secs(seconds);
    let folder = std::env::temp_dir().join(format!("zmq-sys-storm-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let totals = Totals::default();
    thread::scope(|scope| {
        for worker in 0..6_u64 {
            let (totals, folder) = (&totals, &folder);
            scope.spawn(move || {
                let mut random = Random::new(seed * 1000 + worker);
                for round in 0.. {
                    if Instant::now() > end {
                        break;
                    }
                    play(&mut random, totals, folder, worker << 32 | round);
                }
            });
        }
    });
    std::fs::remove_dir_all(&folder).unwrap();
    let of = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    println!(
        "{seconds} s: {} rounds, {} sent, {} received, {} dropped by publishers, {} on {} lost \
         connections, {} strangers",
        of(&totals.rounds),
        of(&totals.sent),
        of(&totals.received),
        of(&totals.dropped),
        of(&totals.lost),
        of(&totals.connections),
        of(&totals.strangers),
    );
    assert_eq!(of(&totals.sent), of(&totals.received) + of(&totals.dropped) + of(&totals.lost));
}
