//! Whether simulated sockets do what libzmq's do: the same calls of both, one after the other.
//!
//! Owns the comparison. After each call both come to rest, so that libzmq has one way to answer only.

use std::time::Duration;

use proptest::prelude::{ProptestConfig, Strategy, TestCaseError, any, prop};
use proptest::test_runner::RngSeed;
use proptest::{prop_assert_eq, prop_oneof, proptest};

use super::Carrier;
use super::simulated::Simulated;
use crate::clock;
use crate::message::{Frame, Multipart};
use crate::node::raw::{Errno, RawContext, RawSocket};
use crate::simulation::{Network, Next};
use crate::zeromq::{OptionValue, Role};

/// What is done to the sockets of a case: one that binds, and up to three that connect.
#[derive(Clone, Debug)]
enum Call {
    /// The socket of that number sends a message of so many frames.
    Send(usize, usize),
    /// It sends to the peer of that number, as a ROUTER does.
    SendTo(usize, usize),
    /// It receives so many at most.
    Receive(usize, usize),
    /// It subscribes to a topic, or no longer does.
    Subscribe(usize, bool, usize),
    /// A socket that connects is closed, and one like it opened.
    Renew(usize),
}

#[derive(Clone, Debug)]
struct Case {
    binds: Role,
    connects: Role,
    transport: &'static str,
    count: usize,
    marks: [i32; 4],
    calls: Vec<Call>,
}

const TOPICS: [&str; 3] = ["", "a", "ab"];

/// The sockets of a case, real or simulated.
struct World {
    // Dropped first: a context waits for its sockets.
    sockets: Vec<Carrier>,
    network: Option<(Network, Duration)>,
    context: Option<RawContext>,
    endpoint: String,
    case: Case,
    sent: usize,
    /// How many times the usual time libzmq has.
    patience: u32,
}

impl World {
    fn new(case: &Case, simulated: bool, patience: u32) -> Self {
        let mut world = Self {
            sockets: Vec::new(),
            network: simulated.then(|| (Network::new(7), Duration::ZERO)),
            context: (!simulated).then(|| RawContext::new().unwrap()),
            endpoint: String::new(),
            case: case.clone(),
            sent: 0,
            patience,
        };
        let binder = world.open(case.binds, 0);
        let endpoint = match case.transport {
            "inproc" => "inproc://agreement",
            "tcp" => "tcp://127.0.0.1:*",
            _ => "ipc://*",
        };
        binder.bind(endpoint).unwrap();
        world.endpoint = binder.last_endpoint().unwrap();
        world.sockets.push(binder);
        for number in 1..=case.count {
            let connecter = world.open(case.connects, number);
            connecter.connect(&world.endpoint).unwrap();
            world.sockets.push(connecter);
            world.rest();
        }
        world
    }

    fn open(&self, role: Role, number: usize) -> Carrier {
        let socket = match (&self.network, &self.context) {
            (Some((network, _)), _) => {
                Carrier::Simulated(Simulated::open_as(network, &number.to_string(), role))
            }
            (None, Some(context)) => Carrier::Zmq(RawSocket::open_as(context, role).unwrap()),
            (None, None) => unreachable!(),
        };
        let set = |option: u32, value| {
            socket.set(option.cast_signed(), &OptionValue::Int(value)).unwrap();
        };
        let [send, receive, ..] = self.case.marks;
        let [.., theirs_send, theirs_receive] = self.case.marks;
        let marks = if number == 0 { (send, receive) } else { (theirs_send, theirs_receive) };
        set(zmq_sys::ZMQ_SNDHWM, marks.0);
        set(zmq_sys::ZMQ_RCVHWM, marks.1);
        set(zmq_sys::ZMQ_LINGER, 0);
        // Later than any case ends.
        set(zmq_sys::ZMQ_RECONNECT_IVL, 60_000);
        if role == Role::Router {
            set(zmq_sys::ZMQ_ROUTER_MANDATORY, 1);
        }
        if matches!(role, Role::Dealer | Role::Req | Role::Router) {
            let id = OptionValue::Bytes(name(number));
            socket.set(zmq_sys::ZMQ_ROUTING_ID.cast_signed(), &id).unwrap();
        }
        socket
    }

    /// Waits until nothing happens any more. Inside a process a message is there at once.
    fn rest(&mut self) {
        let is_busy = self.patience > 1;
        let pause = if self.case.transport == "inproc" { u64::from(is_busy) } else { 6 };
        self.rest_for(Duration::from_millis(pause));
    }

    fn rest_for(&mut self, pause: Duration) {
        if let Some((network, now)) = &mut self.network {
            // What happens later is a try to connect again, later than any case ends.
            // libzmq's are looked at more than once as well, and a look can end what the next one misses.
            for _ in 0..2 {
                while network.advance(*now) == Next::Now {}
                for socket in &self.sockets {
                    let _ = socket.events();
                }
            }
        } else {
            let until = clock::at_work() + pause * self.patience;
            loop {
                for socket in &self.sockets {
                    // What libzmq knows it knows by this.
                    let _ = socket.events();
                }
                if clock::at_work() >= until {
                    break;
                }
                std::thread::sleep(Duration::from_millis(1));
            }
        }
    }

    /// Makes a call; what came of it.
    fn call(&mut self, call: &Call) -> String {
        let count = self.sockets.len();
        let said = match call {
            Call::Send(at, frames) => {
                self.sent += 1;
                let topic = TOPICS[self.sent % 3];
                let texts = (0..*frames).map(|n| format!("{topic}{}.{n}", self.sent));
                self.send(at % count, texts.map(String::into_bytes).collect())
            }
            Call::SendTo(at, to) => {
                self.sent += 1;
                let text = format!("{}", self.sent).into_bytes();
                self.send(at % count, vec![name(to % (count + 1)), text])
            }
            Call::Receive(at, most) => {
                let received = (0..*most).map_while(|_| self.receive(at % count));
                received.collect::<Vec<_>>().join(" ")
            }
            Call::Subscribe(at, on, topic) => {
                let option = if *on { zmq_sys::ZMQ_SUBSCRIBE } else { zmq_sys::ZMQ_UNSUBSCRIBE };
                let socket = &self.sockets[at % count];
                let subscribes =
                    if at % count == 0 { self.case.binds } else { self.case.connects } == Role::Sub;
                if subscribes {
                    let topic = TOPICS[topic % 3].as_bytes();
                    // One that is not wanted cannot be given up.
                    let _ = socket.set_bytes(option.cast_signed(), topic);
                }
                String::new()
            }
            Call::Renew(at) => {
                let at = 1 + at % (count - 1);
                let fresh = self.open(self.case.connects, at);
                let before = std::mem::replace(&mut self.sockets[at], fresh);
                drop(before);
                // A thread of libzmq's own closes it.
                self.rest_for(Duration::from_millis(8));
                self.sockets[at].connect(&self.endpoint).unwrap();
                String::new()
            }
        };
        self.rest();
        said
    }

    fn send(&self, at: usize, frames: Vec<Vec<u8>>) -> String {
        let last = frames.len() - 1;
        for (number, frame) in frames.into_iter().enumerate() {
            let sent = self.sockets[at].send(&mut Frame::copy(&frame), number < last);
            if let Err(errno) = sent {
                return match errno {
                    Errno::AGAIN => "again".to_owned(),
                    Errno::HOST_UNREACHABLE => "unreachable".to_owned(),
                    Errno::WRONG_STATE => "wrong state".to_owned(),
                    _ => "cannot".to_owned(),
                };
            }
        }
        "sent".to_owned()
    }

    fn receive(&self, at: usize) -> Option<String> {
        let mut frames = Multipart::new();
        loop {
            let mut frame = Frame::empty();
            let (_, more) = self.sockets[at].receive(&mut frame).ok()?;
            frames.push(frame);
            if !more {
                let texts: Vec<_> = frames.iter().map(|it| String::from_utf8_lossy(it)).collect();
                return Some(texts.join("|"));
            }
        }
    }
}

fn name(number: usize) -> Vec<u8> {
    format!("socket-{number}").into_bytes()
}

/// What both say of a case, call by call.
fn compare(case: &Case) -> Result<(), TestCaseError> {
    let told = |simulated, patience| {
        let mut world = World::new(case, simulated, patience);
        case.calls.iter().map(|call| world.call(call)).collect::<Vec<_>>()
    };
    let seems = told(true, 1);
    let mut is = told(false, 1);
    if is != seems {
        // On a busy machine libzmq's threads may not have had their turn.
        is = told(false, 20);
    }
    prop_assert_eq!(is, seems, "{:#?}", case);
    Ok(())
}

fn pairs() -> impl Strategy<Value = (Role, Role)> {
    let all = Role::ALL
        .into_iter()
        .filter(|role| *role != Role::Stream)
        .flat_map(|role| role.peers().iter().map(move |peer| (role, *peer)));
    prop::sample::select(all.collect::<Vec<_>>())
}

fn call() -> impl Strategy<Value = Call> {
    prop_oneof![
        6 => (0..4_usize, 1..3_usize).prop_map(|(at, frames)| Call::Send(at, frames)),
        3 => (0..4_usize, 0..5_usize).prop_map(|(at, to)| Call::SendTo(at, to)),
        4 => (0..4_usize, 1..6_usize).prop_map(|(at, most)| Call::Receive(at, most)),
        3 => (0..4_usize, any::<bool>(), 0..3_usize)
            .prop_map(|(at, on, topic)| Call::Subscribe(at, on, topic)),
        1 => (0..3_usize).prop_map(Call::Renew),
    ]
}

fn case(
    transport: &'static str,
    marks: std::ops::Range<i32>,
    calls: usize,
) -> impl Strategy<Value = Case> {
    let marks = [marks.clone(), marks.clone(), marks.clone(), marks];
    (pairs(), 1..4_usize, marks, prop::collection::vec(call(), 1..calls)).prop_map(
        move |((binds, connects), count, marks, calls)| {
            // A PAIR has one peer.
            let count = if binds == Role::Pair { 1 } else { count };
            Case { binds, connects, transport, count, marks, calls }
        },
    )
}

fn is_soak() -> bool {
    std::env::var_os("ZRIG_SOAK").is_some()
}

/// So many cases, the same ones each time but in a soak.
fn config(cases: u32, soak: u32, shrinks: u32) -> ProptestConfig {
    ProptestConfig {
        cases: if is_soak() { soak } else { cases },
        rng_seed: if is_soak() { RngSeed::Random } else { RngSeed::Fixed(19) },
        failure_persistence: None,
        max_shrink_iters: shrinks,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(config(400, 20_000, 2000))]

    #[test]
    fn inside_a_process_simulated_sockets_do_what_libzmqs_do(case in case("inproc", 1..11, 60)) {
        compare(&case)?;
    }
}

proptest! {
    #![proptest_config(config(40, 2000, 60))]

    #[test]
    fn over_tcp_and_ipc_they_do_as_long_as_no_queue_is_full(
        case in prop_oneof![case("tcp", 100..101, 30), case("ipc", 100..101, 30)]
    ) {
        compare(&case)?;
    }
}

#[test]
fn what_a_subscriber_has_unsubscribed_from_makes_room_as_it_does_in_libzmq() {
    for binds in [Role::Pub, Role::Xpub] {
        let calls = vec![
            Call::Subscribe(1, true, 0),
            Call::Send(0, 1),
            Call::Send(0, 1),
            Call::Receive(1, 2),
            Call::SendTo(2, 0),
            Call::Send(2, 1),
            Call::Subscribe(1, true, 1),
            Call::Subscribe(1, false, 0),
            Call::Send(0, 1),
            Call::Send(0, 1),
            Call::Send(0, 1),
            Call::Send(0, 1),
            Call::Receive(1, 4),
        ];
        let marks = [1, 1, 1, 4];
        compare(&Case { binds, connects: Role::Sub, transport: "inproc", count: 1, marks, calls })
            .unwrap();
    }
}

#[test]
fn whose_turn_it_is_after_peers_were_replaced_is_the_same() {
    let mut calls = vec![
        Call::Send(0, 1),
        Call::Send(0, 1),
        Call::Renew(2),
        Call::Send(0, 1),
        Call::Send(0, 1),
        Call::SendTo(0, 1),
        Call::Receive(3, 4),
        Call::Send(0, 2),
        Call::Send(0, 1),
        Call::Renew(1),
        Call::Send(0, 1),
    ];
    calls.extend([1, 2, 3].map(|socket| Call::Receive(socket, 9)));
    let (binds, connects) = (Role::Dealer, Role::Router);
    let marks = [2, 1, 1, 1];
    compare(&Case { binds, connects, transport: "inproc", count: 3, marks, calls }).unwrap();
}
