//! The sockets of a case, real or simulated.
//!
//! Owns what a call does to them and what it says. Compares nothing.

mod messages;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use super::super::Carrier;
use super::super::simulated::Simulated;
use super::case::{Call, Case, Transport};
use super::relay::Relay;
use crate::clock;
use crate::node::raw::{Errno, RawContext, RawSocket};
use crate::simulation::{Fault, Network, Next};
use crate::zeromq::{OptionValue, Role};

/// How long a socket waits at least before it connects again; libzmq adds up to as much again.
const RECONNECT: Duration = Duration::from_millis(4);
/// How long it takes until sockets that lost one another are linked again.
const LINKED: Duration = Duration::from_millis(40);
/// How long a thread of libzmq's own takes to close a socket.
const CLOSED: Duration = Duration::from_millis(8);
/// The port of all cases, below those that the system chooses itself: each has an address of its own.
const PORT: u16 = 23_019;

/// A socket of a case, while it is there.
struct Slot {
    role: Role,
    marks: [i32; 2],
    carrier: Option<Carrier>,
    /// Whether it is bound, or connected.
    is_attached: bool,
}

/// The sockets of a case.
pub(super) struct World {
    // Dropped first: a context waits for its sockets.
    slots: Vec<Slot>,
    network: Option<Network>,
    now: Duration,
    context: Option<RawContext>,
    relays: Vec<Relay>,
    /// Where the socket of that number binds or connects.
    endpoints: Vec<String>,
    /// Where a socket file is.
    _folder: Option<tempfile::TempDir>,
    case: Case,
    sent: usize,
    /// How many times the usual time libzmq has.
    patience: u32,
    /// Whether all comes to rest after each call.
    rests: bool,
    /// Whether the threads of a simulation hardly have their turn, as on a busy machine.
    is_lazy: bool,
}

/// An address of this machine alone that no other case has.
fn address() -> u32 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let next = NEXT.fetch_add(8, Ordering::Relaxed);
    let process = std::process::id().wrapping_mul(7919 * 8);
    // What begins with 127, but for its first and last addresses.
    (127 << 24) | (256 + process.wrapping_add(next) % (0x00ff_ffff - 512))
}

impl World {
    /// Real sockets, which have so many times the usual time, or those of a simulation with that seed.
    pub(super) fn new(case: &Case, kind: Kind) -> Self {
        let folder = (case.transport == Transport::Ipc).then(|| tempfile::tempdir().unwrap());
        let first = address();
        let at = |more: u32| SocketAddr::from((Ipv4Addr::from_bits(first + more), PORT));
        let far = match case.transport {
            Transport::Inproc => "inproc://agreement".to_owned(),
            Transport::Tcp | Transport::Relay => format!("tcp://{}", at(0)),
            Transport::Ipc => {
                let folder = folder.as_ref().map(|folder| folder.path().join("a"));
                format!("ipc://{}", folder.unwrap_or_default().display())
            }
        };
        let mut endpoints = vec![far; case.count + 1];
        let mut relays = Vec::new();
        if case.transport == Transport::Relay && matches!(kind, Kind::Real { .. }) {
            for (more, endpoint) in (1..).zip(&mut endpoints[1..]) {
                let near = at(more);
                relays.push(Relay::new(near, at(0)));
                *endpoint = format!("tcp://{near}");
            }
        }
        let (network, context, patience) = match kind {
            Kind::Real { patience } => (None, Some(RawContext::new().unwrap()), patience),
            Kind::Simulated { seed } => (Some(Network::new(seed)), None, 1),
        };
        let is_lazy = matches!(kind, Kind::Simulated { seed } if seed.is_multiple_of(4));
        let mut world = Self {
            slots: Vec::new(),
            network,
            now: Duration::ZERO,
            context,
            relays,
            endpoints,
            _folder: folder,
            case: case.clone(),
            sent: 0,
            patience,
            rests: true,
            is_lazy,
        };
        let [send, receive, send_too, receive_too] = case.marks;
        for number in 0..=case.count {
            let (role, marks) = if number == 0 {
                (case.binds, [send, receive])
            } else {
                (case.connects, [send_too, receive_too])
            };
            world.slots.push(Slot { role, marks, carrier: None, is_attached: false });
            world.begin(number);
            world.rest_until_linked();
        }
        world
    }

    /// Lets calls follow each other at once from now on, or with a rest after each.
    pub(super) fn rests(&mut self, on: bool) {
        self.rests = on;
    }

    /// Opens a socket, which binds or connects.
    fn begin(&mut self, number: usize) -> String {
        let carrier = self.open(number);
        self.slots[number].carrier = Some(carrier);
        self.attach(number)
    }

    fn open(&self, number: usize) -> Carrier {
        let Slot { role, marks, .. } = self.slots[number];
        let socket = match (&self.network, &self.context) {
            (Some(network), _) => {
                Carrier::Simulated(Simulated::open_as(network, &number.to_string(), role))
            }
            (None, Some(context)) => Carrier::Zmq(RawSocket::open_as(context, role).unwrap()),
            (None, None) => unreachable!(),
        };
        let set = |option: u32, value| {
            socket.set(option.cast_signed(), &OptionValue::Int(value)).unwrap();
        };
        set(zmq_sys::ZMQ_SNDHWM, marks[0]);
        set(zmq_sys::ZMQ_RCVHWM, marks[1]);
        set(zmq_sys::ZMQ_LINGER, 0);
        set(zmq_sys::ZMQ_RECONNECT_IVL, i32::try_from(RECONNECT.as_millis()).unwrap());
        let options = self.case.options;
        if role == Role::Router && !options.drops {
            set(zmq_sys::ZMQ_ROUTER_MANDATORY, 1);
        }
        if role.publishes() && options.waits {
            set(zmq_sys::ZMQ_XPUB_NODROP, 1);
        }
        if role == Role::Req && options.relaxed {
            set(zmq_sys::ZMQ_REQ_RELAXED, 1);
            // A ROUTER would see numbers, which are drawn.
            set(zmq_sys::ZMQ_REQ_CORRELATE, i32::from(self.peers_of(number) == Role::Rep));
        }
        if matches!(role, Role::Dealer | Role::Req | Role::Router) {
            let id = OptionValue::Bytes(name(number));
            socket.set(zmq_sys::ZMQ_ROUTING_ID.cast_signed(), &id).unwrap();
        }
        socket
    }

    /// Binds or connects a socket, unless it is.
    fn attach(&mut self, number: usize) -> String {
        let endpoint = self.endpoints[number].clone();
        let is_real = self.network.is_none();
        let slot = &mut self.slots[number];
        let Some(socket) = slot.carrier.as_ref().filter(|_| !slot.is_attached) else {
            return String::new();
        };
        slot.is_attached = true;
        if number > 0 {
            return said(socket.connect(&endpoint));
        }
        let mut bound = socket.bind(&endpoint);
        // Libzmq's own thread may still have it.
        for _ in 0..if is_real { 1000 } else { 0 } {
            if bound != Err(Errno::ADDRESS_IN_USE) {
                break;
            }
            std::thread::sleep(Duration::from_millis(1));
            bound = socket.bind(&endpoint);
        }
        said(bound)
    }

    fn detach(&mut self, number: usize) -> String {
        if self.slots[number].carrier.is_none() || !self.slots[number].is_attached {
            return String::new();
        }
        // libzmq aborts where the rest of a message that it has begun to read goes with its connection.
        let came = if number > 0 { self.receive_some(number, 1) } else { String::new() };
        let slot = &mut self.slots[number];
        let Some(socket) = &slot.carrier else { return came };
        slot.is_attached = false;
        let endpoint = &self.endpoints[number];
        let said =
            said(if number == 0 { socket.unbind(endpoint) } else { socket.disconnect(endpoint) });
        format!("{came} {said}")
    }

    /// The role at the other end of its links.
    fn peers_of(&self, number: usize) -> Role {
        if number == 0 { self.case.connects } else { self.case.binds }
    }

    /// Waits until nothing happens any more. Inside a process a message is there at once.
    fn rest(&mut self) {
        let is_busy = self.patience > 1;
        let pause = if self.case.transport == Transport::Inproc { u64::from(is_busy) } else { 6 };
        self.rest_for(Duration::from_millis(pause));
    }

    fn rest_for(&mut self, pause: Duration) {
        let look = || {
            for socket in self.slots.iter().filter_map(|slot| slot.carrier.as_ref()) {
                let _ = socket.events();
            }
        };
        if let Some(network) = &self.network {
            // The first look may come in the middle of what happens.
            self.let_go_on();
            look();
            // libzmq's are looked at more than once as well, and a look can end what the next one misses.
            let until = self.now + pause;
            loop {
                let next = network.advance(self.now);
                for _ in 0..2 {
                    if next != Next::Now {
                        look();
                    }
                }
                match network.advance(self.now) {
                    Next::Now => {}
                    Next::At(at) if at <= until => self.now = at,
                    Next::At(_) | Next::Idle => break,
                }
            }
            self.now = until;
            // What is called next is called at that time.
            network.advance(until);
            return;
        }
        let until = clock::at_work() + pause * self.patience;
        loop {
            // What libzmq knows it knows by this.
            look();
            if clock::at_work() >= until {
                break;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// Makes a call; what came of it.
    pub(super) fn call(&mut self, call: &Call) -> String {
        let count = self.slots.len();
        let one_of = |at: usize| at % count;
        // Of those that connect.
        let connecting = |at: usize| 1 + at % (count - 1);
        let said = match call {
            Call::Send(at, frames) => self.send(one_of(*at), *frames),
            Call::SendTo(at, to) => self.send_to(one_of(*at), to % (count + 1)),
            Call::Flood(at, many) => self.flood(one_of(*at), *many),
            Call::Receive(at, most) => self.receive_some(one_of(*at), *most),
            Call::Subscribe(at, on, topic) => {
                self.subscribe(one_of(*at), *on, topic % 3);
                String::new()
            }
            Call::Renew(at) => {
                let at = connecting(*at);
                self.end(at, false);
                self.begin(at)
            }
            Call::Kill(at) => {
                self.end(one_of(*at), true);
                String::new()
            }
            Call::Start(at, marks) => {
                let at = one_of(*at);
                let is_gone = self.slots[at].carrier.is_none();
                if is_gone {
                    self.slots[at].marks = *marks;
                    self.begin(at)
                } else {
                    String::new()
                }
            }
            Call::Bind => self.attach(0),
            Call::Unbind => self.detach(0),
            Call::Connect(at) => self.attach(connecting(*at)),
            Call::Disconnect(at) => self.detach(connecting(*at)),
            Call::Cut(at) => self.fault(connecting(*at), Some(Fault::Cut)),
            Call::Heal(at) => self.fault(connecting(*at), Some(Fault::Heal)),
            Call::Break(at) => self.fault(connecting(*at), None),
        };
        self.rest_after(call);
        said
    }

    fn rest_after(&mut self, call: &Call) {
        match call {
            Call::Send(..)
            | Call::SendTo(..)
            | Call::Receive(..)
            | Call::Subscribe(..)
            | Call::Flood(..)
            | Call::Cut(_) => {
                if self.rests {
                    self.rest();
                }
            }
            Call::Renew(_)
            | Call::Kill(_)
            | Call::Start(..)
            | Call::Heal(_)
            | Call::Break(_)
            | Call::Unbind
            | Call::Bind
            | Call::Disconnect(_)
            | Call::Connect(_) => {
                self.rest_until_linked();
            }
        }
    }

    fn rest_until_linked(&mut self) {
        let is_inproc = self.case.transport == Transport::Inproc;
        self.rest_for(if is_inproc { Duration::from_millis(1) } else { LINKED });
    }

    /// Closes a socket at once; a process that is killed says no word more.
    fn end(&mut self, at: usize, vanishes: bool) {
        let slot = &mut self.slots[at];
        slot.is_attached = false;
        let before = slot.carrier.take();
        // What it had to send may be with the system already.
        self.let_go_on();
        if let Some(network) = self.network.as_ref().filter(|_| vanishes) {
            network.kill(&at.to_string());
        }
        let was_there = before.is_some();
        drop(before);
        self.rest_for(CLOSED);
        if at == 0 && was_there && self.case.transport == Transport::Inproc {
            // Inside a process nobody connects again by itself.
            self.slots.iter_mut().for_each(|slot| slot.is_attached = false);
        }
    }

    /// What happens to the line of a socket; without a fault its connection ends.
    fn fault(&self, at: usize, fault: Option<Fault>) -> String {
        let between = ("0", &*at.to_string());
        match (&self.network, self.relays.get(at - 1), fault) {
            (Some(network), _, Some(fault)) => network.fault(between, fault),
            (Some(network), _, None) => network.end_connections(between),
            (None, Some(relay), Some(fault)) => relay.cut(fault == Fault::Cut),
            (None, Some(relay), None) => relay.end_connections(),
            (None, None, _) => {}
        }
        String::new()
    }
}

/// What kind of world: real, with so many times the usual time, or simulated.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    Real { patience: u32 },
    Simulated { seed: u64 },
}

fn name(number: usize) -> Vec<u8> {
    format!("socket-{number}").into_bytes()
}

fn said(result: Result<(), Errno>) -> String {
    match result {
        Ok(()) => "sent",
        Err(Errno::AGAIN) => "again",
        Err(Errno::HOST_UNREACHABLE) => "unreachable",
        Err(Errno::WRONG_STATE) => "wrong state",
        Err(Errno::NOT_FOUND) => "not found",
        Err(Errno::ADDRESS_IN_USE) => "in use",
        Err(_) => "cannot",
    }
    .to_owned()
}
