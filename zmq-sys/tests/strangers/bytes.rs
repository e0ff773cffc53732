//! Owns the flood: what a peer of each protocol says, made wrong at random, by connections that come
//! in pieces and go at any byte, against every reader of peers' data, while the sockets are used.
//!
//! `ZMQ_SYS_BYTES` is how many bytes each reader gets, `ZMQ_SYS_SEED` begins another row of chances.
//! Never a judge of what is heard: who is well has to be served at the end, and that is all.

use std::ffi::c_int;
use std::time::Instant;

use super::curve;
use super::library::{Context, PATIENCE, ROLES, Socket, partner, port_of};
use super::peer::{
    COMMAND, Peer, command, frame, greeting, listener, metadata, old_greeting, oldest_frame,
    property, ready, ws_frame, ws_request, ws_response,
};

/// Chances that come again for a seed.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(crate) fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % end.max(1)
    }

    fn one_in(&mut self, count: usize) -> bool {
        self.below(count) == 0
    }

    fn of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }

    fn bytes(&mut self, most: usize) -> Vec<u8> {
        (0..self.below(most + 1)).map(|_| self.below(256) as u8).collect()
    }
}

/// What it is that reads.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Reader {
    /// ZMTP, on what was connected to.
    Bound(Wire),
    /// ZMTP, on what connected.
    Connected(Wire),
    /// The SOCKS proxy of what connects.
    Socks,
    /// Bytes as they are.
    Stream,
}

#[derive(Clone, Copy, PartialEq, Debug)]
enum Wire {
    Oldest,
    Old,
    Zmtp2,
    Zmtp3,
    Plain,
    Curve,
    WebSocket,
}

const WIRES: [Wire; 7] =
    [Wire::Oldest, Wire::Old, Wire::Zmtp2, Wire::Zmtp3, Wire::Plain, Wire::Curve, Wire::WebSocket];

/// A body that some reader looks into.
fn body(random: &mut Random) -> (u8, Vec<u8>) {
    let flags = *random.of(&[0, 0, 0, 1, 1, 4, 4, 5, 2, 6, 0x80, 0xff]);
    let body = match random.below(14) {
        0 => Vec::new(),
        1 => [&[1], &random.bytes(20)[..]].concat(),
        2 => [&[0], &random.bytes(20)[..]].concat(),
        3 => command("PING", &random.bytes(40)),
        4 => command("PONG", &random.bytes(40)),
        5 => command("SUBSCRIBE", &random.bytes(300)),
        6 => command("CANCEL", &random.bytes(3)),
        7 => command("SUBSCRIBE", b"a"),
        8 => command("ERROR", &random.bytes(9)),
        9 => metadata("ROUTER", b"x"),
        10 => random.bytes(3),
        11 => {
            let most = *random.of(&[60, 60, 60, 600, 600, 9000]);
            vec![7; random.below(most)]
        }
        _ => random.bytes(80),
    };
    (flags, body)
}

/// The metadata of a peer of that kind, mostly.
fn properties(random: &mut Random, kind: &str) -> Vec<u8> {
    let kind = if random.one_in(8) { ROLES[random.below(12)].1 } else { kind };
    let identity = match random.below(4) {
        0 => random.bytes(5),
        1 => [&[0], &random.bytes(4)[..]].concat(),
        2 => b"twin".to_vec(),
        _ => Vec::new(),
    };
    let mut all = metadata(kind, &identity);
    for _ in 0..random.below(3) {
        all.extend(property("X-more", &random.bytes(30)));
    }
    wrong(random, all)
}

/// Some of it mended for the worse.
fn wrong(random: &mut Random, mut bytes: Vec<u8>) -> Vec<u8> {
    if bytes.is_empty() {
        return bytes;
    }
    let at = random.below(bytes.len());
    match random.below(16) {
        0 => {
            for _ in 0..=random.below(8) {
                let at = random.below(bytes.len());
                bytes[at] = random.below(256) as u8;
            }
        }
        1 => bytes.truncate(at),
        2 => drop(bytes.splice(at..at, random.bytes(12))),
        3 => {
            let end = (at + random.below(16)).min(bytes.len());
            let again = bytes[at..end].to_vec();
            drop(bytes.splice(at..at, again));
        }
        4 => {
            let value = *random.of(&[0, 1, 0x7f, 0x80, 0xfe, 0xff]);
            let end = (at + 8).min(bytes.len());
            bytes[at..end].fill(value);
        }
        5 => bytes = random.bytes(200),
        _ => {}
    }
    bytes
}

/// What a peer says to a reader, in pieces that may each be wrong.
fn speech(random: &mut Random, wire: Wire, kind: &str, connects: bool) -> Vec<Vec<u8>> {
    let identity = random.bytes(6);
    let mut all = match wire {
        Wire::Oldest => vec![oldest_frame(0, &identity)],
        Wire::Old => vec![old_greeting(0, &identity)],
        Wire::Zmtp2 => vec![old_greeting(1, &identity)],
        Wire::Zmtp3 | Wire::Curve => {
            let minor = random.below(3) as u8;
            let ready = frame(COMMAND, &command("READY", &properties(random, kind)));
            vec![greeting(minor, "NULL", false), ready]
        }
        Wire::Plain if connects => vec![
            greeting(random.below(2) as u8, "PLAIN", false),
            frame(COMMAND, &command("HELLO", b"\x01u\x01p")),
            frame(COMMAND, &command("INITIATE", &properties(random, kind))),
        ],
        Wire::Plain => vec![
            greeting(random.below(2) as u8, "PLAIN", true),
            frame(COMMAND, &command("WELCOME", b"")),
            frame(COMMAND, &command("READY", &properties(random, kind))),
        ],
        Wire::WebSocket => {
            let protocols = ["ZWS2.0/NULL", "ZWS2.0", "ZWS2.0,ZWS2.0/NULL", "ZWS2.0/PLAIN"];
            let protocol = *random.of(&protocols);
            let head = if connects {
                ws_request(protocol)
            } else {
                ws_response(&[protocol, *random.of(&protocols)][..=random.below(2)])
            };
            let opening = if protocol == "ZWS2.0" {
                [&[0], &identity[..]].concat()
            } else {
                [&[4], &command("READY", &properties(random, kind))[..]].concat()
            };
            vec![head, ws_frame(2, connects, &opening)]
        }
    };
    for _ in 0..random.below(12) {
        let (flags, body) = body(random);
        all.push(match wire {
            Wire::Oldest | Wire::Old => oldest_frame(flags, &body),
            Wire::WebSocket => {
                let opcode = *random.of(&[2, 2, 2, 2, 8, 9, 10, 0, 1, 15]);
                let body = if opcode == 2 { [&[flags], &body[..]].concat() } else { body };
                ws_frame(opcode, connects, &body)
            }
            _ => frame(flags, &body),
        });
    }
    for piece in &mut all {
        if random.one_in(4) {
            *piece = wrong(random, std::mem::take(piece));
        }
    }
    all
}

struct Place {
    wire: Wire,
    role: u32,
    socket: Socket,
    port: u16,
}

/// Sockets of all kinds, in one context, as an application has them.
struct World {
    places: Vec<Place>,
    handler: Socket,
    keys: curve::Keys,
    held: Vec<Peer>,
    context: Context,
}

impl World {
    fn new(random: &mut Random) -> Self {
        let context = Context::new();
        let handler = context.socket(zmq_sys::ZMQ_ROUTER);
        handler.bind("inproc://zeromq.zap.01");
        let keys = curve::Keys::new();
        let mut world = Self { places: Vec::new(), handler, keys, held: Vec::new(), context };
        for (role, ..) in ROLES {
            world.add(random, Wire::Zmtp3, role);
            if role != zmq_sys::ZMQ_STREAM {
                world.add(random, Wire::WebSocket, role);
            }
        }
        for wire in [Wire::Plain, Wire::Curve] {
            for role in [zmq_sys::ZMQ_ROUTER, zmq_sys::ZMQ_XPUB, zmq_sys::ZMQ_REP] {
                world.add(random, wire, role);
            }
        }
        world
    }

    fn add(&mut self, random: &mut Random, wire: Wire, role: u32) {
        let socket = self.context.socket(role);
        self.options(random, &socket, role);
        match wire {
            Wire::Plain => socket.number(zmq_sys::ZMQ_PLAIN_SERVER, 1),
            Wire::Curve => {
                socket.number(zmq_sys::ZMQ_CURVE_SERVER, 1);
                socket.bytes(zmq_sys::ZMQ_CURVE_SECRETKEY, &self.keys.secret);
            }
            _ => {}
        }
        let scheme = if wire == Wire::WebSocket { "ws" } else { "tcp" };
        let port = port_of(&socket.bind(&format!("{scheme}://127.0.0.1:*")));
        self.places.push(Place { wire, role, socket, port });
    }

    fn options(&self, random: &mut Random, socket: &Socket, role: u32) {
        let marks: [c_int; 5] = [1, 2, 3, 10, 1000];
        let heartbeat = if role == zmq_sys::ZMQ_STREAM { 0 } else { *random.of(&[0, 20, 50]) };
        socket.paced(heartbeat, *random.of(&marks));
        socket.number(zmq_sys::ZMQ_IN_BATCH_SIZE, *random.of(&[1, 33, 512, 8193, 65_536]));
        socket.number(zmq_sys::ZMQ_OUT_BATCH_SIZE, *random.of(&[1, 33, 512, 65_536]));
        if random.one_in(2) {
            socket.bytes(zmq_sys::ZMQ_MAXMSGSIZE, &100_000_i64.to_ne_bytes());
        }
        if role == zmq_sys::ZMQ_SUB {
            socket.bytes(zmq_sys::ZMQ_SUBSCRIBE, b"");
        }
        if role == zmq_sys::ZMQ_ROUTER && random.one_in(2) {
            socket.number(zmq_sys::ZMQ_ROUTER_HANDOVER, 1);
        }
        if role == zmq_sys::ZMQ_XPUB && random.one_in(2) {
            socket.number(zmq_sys::ZMQ_XPUB_MANUAL, 1);
        }
    }

    /// What an application does with its sockets.
    fn use_them(&mut self, random: &mut Random) {
        while let Some(question) = self.handler.take() {
            let Some(end) = question.iter().position(Vec::is_empty) else { continue };
            let Some(number) = question.get(end + 2) else { continue };
            let mut reply: Vec<&[u8]> = question[..=end].iter().map(Vec::as_slice).collect();
            let code = *random.of(&[&b"200"[..], b"200", b"200", b"400", b"300", b"no"]);
            let user = random.bytes(40);
            let more = if random.one_in(4) { random.bytes(20) } else { Vec::new() };
            reply.extend([&b"1.0"[..], number, code, b"text", &user, &more]);
            self.handler.send(&reply[..reply.len() - random.below(20) / 19]);
        }
        for place in &self.places {
            use_socket(random, place.role, &place.socket);
        }
        for peer in &mut self.held {
            if random.one_in(3) {
                peer.drain();
            }
        }
    }

    /// Plays a whole connection, and tells how many bytes were said.
    fn play(&mut self, random: &mut Random, reader: Reader) -> usize {
        match reader {
            Reader::Bound(wire) => self.play_bound(random, wire),
            Reader::Stream => {
                let place = self.places.iter().find(|place| place.role == zmq_sys::ZMQ_STREAM);
                let peer = Peer::connect(place.unwrap().port);
                let pieces = (0..random.below(9)).map(|_| random.bytes(300)).collect();
                self.say(random, peer, pieces)
            }
            Reader::Connected(wire) => self.play_connected(random, Some(wire)),
            Reader::Socks => self.play_connected(random, None),
        }
    }

    fn play_bound(&mut self, random: &mut Random, wire: Wire) -> usize {
        let home = match wire {
            Wire::Oldest | Wire::Old | Wire::Zmtp2 => Wire::Zmtp3,
            other => other,
        };
        let fits = |place: &&Place| place.wire == home && place.role != zmq_sys::ZMQ_STREAM;
        let places: Vec<usize> =
            (0..self.places.len()).filter(|at| fits(&&self.places[*at])).collect();
        let at = *random.of(&places);
        if random.one_in(150) {
            // A socket that closes among its peers, and another in its place.
            let Place { role, .. } = self.places.swap_remove(at);
            self.add(random, home, role);
        }
        let (role, port) = (self.places[at].role, self.places[at].port);
        let mut peer = Peer::connect(port);
        if wire != Wire::Curve {
            let pieces = speech(random, wire, partner(role), true);
            return self.say(random, peer, pieces);
        }
        let client = curve::Client::of(self.keys.public);
        let hello = frame(COMMAND, &client.hello());
        let mut said = 64 + hello.len();
        let hello = if random.one_in(4) { wrong(random, hello) } else { hello };
        peer.try_say(&greeting(random.below(2) as u8, "CURVE", false));
        peer.try_say(&hello);
        self.use_them(random);
        let welcome = peer.try_hear(64).and_then(|_| peer.try_hear_frame());
        let properties = properties(random, partner(role));
        let Some((initiate, mut sealer)) =
            welcome.and_then(|welcome| client.initiate(&welcome, &properties))
        else {
            return said;
        };
        let initiate = frame(COMMAND, &initiate);
        let mut pieces = vec![if random.one_in(4) { wrong(random, initiate) } else { initiate }];
        for _ in 0..random.below(9) {
            let (flags, body) = body(random);
            let sealed = frame(*random.of(&[0, 0, 0, 4, 1]), &sealer.message(flags, &body));
            pieces.push(if random.one_in(8) { wrong(random, sealed) } else { sealed });
        }
        // The answer of the handler has to come before what follows.
        peer.try_say(&pieces.remove(0));
        for _ in 0..3 {
            self.use_them(random);
            std::thread::yield_now();
        }
        if random.one_in(2) {
            peer.try_hear_frame();
        }
        said += self.say(random, peer, pieces);
        said
    }

    fn play_connected(&mut self, random: &mut Random, wire: Option<Wire>) -> usize {
        let (listener, port) = listener();
        let role = ROLES[random.below(11)].0;
        let socket = self.context.socket(role);
        self.options(random, &socket, role);
        socket.number(zmq_sys::ZMQ_RECONNECT_IVL, 1);
        let server = curve::Server::new();
        match wire {
            Some(Wire::Plain) => {
                socket.bytes(zmq_sys::ZMQ_PLAIN_USERNAME, b"u");
                socket.bytes(zmq_sys::ZMQ_PLAIN_PASSWORD, b"p");
            }
            Some(Wire::Curve) => {
                socket.bytes(zmq_sys::ZMQ_CURVE_SERVERKEY, &server.keys.public);
                socket.bytes(zmq_sys::ZMQ_CURVE_PUBLICKEY, &self.keys.public);
                socket.bytes(zmq_sys::ZMQ_CURVE_SECRETKEY, &self.keys.secret);
            }
            None => {
                socket.bytes(zmq_sys::ZMQ_SOCKS_PROXY, format!("127.0.0.1:{port}").as_bytes());
                if random.one_in(2) {
                    socket.bytes(zmq_sys::ZMQ_SOCKS_USERNAME, b"u");
                    socket.bytes(zmq_sys::ZMQ_SOCKS_PASSWORD, b"p");
                }
            }
            Some(_) => {}
        }
        let scheme = if wire == Some(Wire::WebSocket) { "ws" } else { "tcp" };
        let end = if wire == Some(Wire::WebSocket) { "/" } else { "" };
        let target = if wire.is_none() { 9 } else { port };
        socket.connect(&format!("{scheme}://127.0.0.1:{target}{end}"));
        let mut peer = Peer::accept(&listener);
        let mut said = 0;
        let mut pieces = Vec::new();
        if wire == Some(Wire::Curve) {
            peer.try_say(&greeting(random.below(2) as u8, "CURVE", true));
            let hello = peer.try_hear(64).and_then(|_| peer.try_hear_frame());
            let Some(hello) = hello.filter(|hello| hello.len() == 200) else { return 64 };
            let short = random.one_in(6).then(|| [random.below(2) as u8; 32]);
            let (welcome, mut sealer) = server.welcome(&hello, short);
            let welcome = frame(COMMAND, &welcome);
            said += 64 + welcome.len();
            let is_wrong = random.one_in(4);
            peer.try_say(&if is_wrong { wrong(random, welcome) } else { welcome });
            if peer.try_hear_frame().is_none() {
                return said;
            }
            let properties = properties(random, partner(role));
            pieces.push(frame(COMMAND, &sealer.ready(&properties)));
            for _ in 0..random.below(9) {
                let (flags, body) = body(random);
                pieces.push(frame(0, &sealer.message(flags, &body)));
            }
            for piece in &mut pieces {
                if random.one_in(8) {
                    *piece = wrong(random, std::mem::take(piece));
                }
            }
        } else {
            if wire.is_none() {
                let method = *random.of(&[0, 0, 2, 255]);
                pieces.push(wrong(random, vec![5, method]));
                if method == 2 {
                    pieces.push(wrong(random, vec![1, 0]));
                }
                let address = *random.of::<&[u8]>(&[
                    &[5, 0, 0, 1, 127, 0, 0, 1, 0, 9][..],
                    &[5, 0, 0, 3, 2, b'x', b'y', 0, 9],
                    &[5, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 9],
                    &[5, 9, 0, 1, 1],
                ]);
                pieces.push(wrong(random, address.to_vec()));
                // In turn, as the other side has to ask.
                for piece in std::mem::take(&mut pieces) {
                    peer.overhear(std::time::Duration::from_millis(20));
                    said += piece.len();
                    peer.try_say(&piece);
                }
            }
            let wire = wire.unwrap_or(Wire::Zmtp3);
            pieces.extend(speech(random, wire, partner(role), false));
        }
        for _ in 0..3 {
            use_socket(random, role, &socket);
        }
        said += self.say(random, peer, pieces);
        for _ in 0..3 {
            use_socket(random, role, &socket);
            std::thread::yield_now();
        }
        said
    }

    /// Says all of it in pieces of any length, and leaves, at the end or before.
    fn say(&mut self, random: &mut Random, mut peer: Peer, pieces: Vec<Vec<u8>>) -> usize {
        let mut bytes = pieces.concat();
        if random.one_in(3) {
            bytes.truncate(random.below(bytes.len() + 1));
        }
        let mut rest = &bytes[..];
        while !rest.is_empty() {
            let length = if random.one_in(3) { rest.len() } else { 1 + random.below(rest.len()) };
            let (piece, after) = rest.split_at(length);
            if !peer.try_say(piece) {
                break;
            }
            rest = after;
            if random.one_in(3) {
                self.use_them(random);
            }
        }
        match random.below(4) {
            0 => peer.reset(),
            1 => drop(peer),
            _ => {
                if random.one_in(2) {
                    peer.hang_up();
                }
                self.held.push(peer);
                if self.held.len() > 24 {
                    let at = random.below(self.held.len());
                    drop(self.held.swap_remove(at));
                }
            }
        }
        bytes.len()
    }
}

fn use_socket(random: &mut Random, role: u32, socket: &Socket) {
    for _ in 0..random.below(4) {
        let Some(message) = socket.take() else { break };
        if random.one_in(2) && (role == zmq_sys::ZMQ_ROUTER || role == zmq_sys::ZMQ_STREAM) {
            let end = if random.one_in(20) { Vec::new() } else { b"answer".to_vec() };
            socket.send(&[&message[0], &end]);
        }
    }
    if random.one_in(2) {
        let topic = [random.below(3) as u8, b'a'];
        let length = *random.of(&[0, 30, 5000]);
        socket.send(&[&topic[..], &vec![1; length]][..=random.below(2)]);
    }
}

fn wanted(name: &str, or: usize) -> usize {
    std::env::var(name).map_or(or, |text| text.parse().unwrap())
}

/// Whoever is well is served, on every socket.
fn all_serve(world: &mut World, random: &mut Random) {
    world.held.clear();
    for at in 0..world.places.len() {
        let (wire, role, port) = {
            let place = &world.places[at];
            (place.wire, place.role, place.port)
        };
        let began = Instant::now();
        let mut peer = Peer::connect(port);
        match wire {
            Wire::WebSocket => {
                peer.say(&ws_request("ZWS2.0/NULL"));
                let answer = peer.hear(12);
                assert_eq!(answer, b"HTTP/1.1 101", "{role}");
            }
            _ if role == zmq_sys::ZMQ_STREAM => {
                peer.say(b"still there?");
                // In pieces of what one call receives.
                let mut heard = Vec::new();
                while !heard.ends_with(b"still there?") {
                    assert!(began.elapsed() < PATIENCE, "STREAM does not hear");
                    heard.extend(world.places[at].socket.receive().pop().unwrap());
                }
            }
            Wire::Curve | Wire::Plain => {
                let mechanism = if wire == Wire::Curve { "CURVE" } else { "PLAIN" };
                peer.say(&greeting(1, mechanism, false));
                peer.hear(64);
                if wire == Wire::Curve {
                    let client = curve::Client::of(world.keys.public);
                    peer.say(&frame(COMMAND, &client.hello()));
                    assert_eq!(peer.hear_frame().1[..8], *b"\x07WELCOME");
                }
            }
            _ => {
                peer.say(&greeting(1, "NULL", false));
                peer.say(&ready(partner(role), b""));
                peer.hear(64);
                assert_eq!(peer.hear_frame().1[..6], *b"\x05READY", "{role}");
            }
        }
        world.use_them(random);
    }
}

#[test]
fn random_bytes_disturb_no_reader() {
    let limit = wanted("ZMQ_SYS_BYTES", 200_000);
    let mut random = Random::new(wanted("ZMQ_SYS_SEED", 1) as u64);
    let mut world = World::new(&mut random);
    let mut readers: Vec<(Reader, usize, usize)> = WIRES
        .into_iter()
        .flat_map(|wire| [Reader::Bound(wire), Reader::Connected(wire)])
        .chain([Reader::Socks, Reader::Stream])
        .map(|reader| (reader, 0, 0))
        .collect();
    let mut turns = 0_usize;
    while let Some(least) = readers.iter_mut().min_by_key(|(_, bytes, _)| *bytes) {
        if least.1 >= limit {
            break;
        }
        least.1 += world.play(&mut random, least.0).max(8);
        least.2 += 1;
        world.use_them(&mut random);
        turns += 1;
        if turns.is_multiple_of(20_000) {
            all_serve(&mut world, &mut random);
            println!("{turns} connections, {} bytes each and more", least.1);
        }
    }
    all_serve(&mut world, &mut random);
    for (reader, bytes, connections) in readers {
        println!("{reader:?}: {bytes} bytes by {connections} connections");
    }
}
