//! What a heartbeat does where the kernel has no room for it. Owns a peer that speaks ZMTP by hand and
//! reads when it is told to; never anything about nodes.
//!
//! `ZRIG_SOAK=1` has a hundred connections, four at once, instead of four.

#![allow(unsafe_code, reason = "asks the kernel how full a connection is")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::env;
use std::ffi::{c_int, c_void};
use std::io::{ErrorKind, Read, Write};
use std::mem;
use std::net::{TcpListener, TcpStream};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::thread;
use std::time::{Duration, Instant};

use zmq::{Context, DONTWAIT, POLLIN, Socket, SocketType};

/// How long anything may take before a test gives up on it.
const PATIENCE: Duration = Duration::from_secs(30);
/// Between two heartbeats, and until one has to be answered.
const HEARTBEAT: Duration = Duration::from_secs(2);
/// What both ends may keep in the kernel.
const BUFFER: c_int = 4096;

const COMMAND: u8 = 4;
const PING: &[u8] = b"\x04PING";
const PONG: &[u8] = b"\x04PONG";

/// One frame of ZMTP.
struct Frame {
    flags: u8,
    body: Vec<u8>,
}

fn set_option(socket: &OwnedFd, name: c_int, value: c_int) {
    let length = mem::size_of::<c_int>().try_into().unwrap();
    // SAFETY: the value is an `int` and is there for the call.
    let result = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            libc::SOL_SOCKET,
            name,
            (&raw const value).cast::<c_void>(),
            length,
        )
    };
    assert_eq!(result, 0, "option {name}");
}

/// Listens on a free port; what it accepts keeps little.
fn listener() -> TcpListener {
    // SAFETY: makes a descriptor and asks for nothing else.
    let socket = unsafe { libc::socket(libc::AF_INET, libc::SOCK_STREAM | libc::SOCK_CLOEXEC, 0) };
    assert!(socket >= 0);
    // SAFETY: it has just been made, and nobody else has it.
    let socket = unsafe { OwnedFd::from_raw_fd(socket) };
    set_option(&socket, libc::SO_RCVBUF, BUFFER);
    let address = libc::sockaddr_in {
        sin_family: libc::AF_INET.try_into().unwrap(),
        sin_port: 0,
        sin_addr: libc::in_addr { s_addr: u32::from_ne_bytes([127, 0, 0, 1]) },
        sin_zero: [0; 8],
    };
    let length = mem::size_of_val(&address).try_into().unwrap();
    // SAFETY: the address is one of IPv4, and its length is said.
    let result = unsafe { libc::bind(socket.as_raw_fd(), (&raw const address).cast(), length) };
    assert_eq!(result, 0);
    // SAFETY: a descriptor of this process.
    assert_eq!(unsafe { libc::listen(socket.as_raw_fd(), 1) }, 0);
    TcpListener::from(socket)
}

/// The bytes that wait to be sent with all that the kernel adds to them, and how many may.
fn waiting(descriptor: c_int) -> (u32, u32) {
    // `SK_MEMINFO_SNDBUF` and `SK_MEMINFO_WMEM_QUEUED` of linux/sock_diag.h.
    const ROOM: usize = 3;
    const QUEUED: usize = 5;
    let mut figures = [0_u32; 9];
    let mut length = mem::size_of_val(&figures).try_into().unwrap();
    // SAFETY: there is room for all figures, and `length` says so.
    let result = unsafe {
        libc::getsockopt(
            descriptor,
            libc::SOL_SOCKET,
            libc::SO_MEMINFO,
            (&raw mut figures).cast::<c_void>(),
            &raw mut length,
        )
    };
    assert_eq!(result, 0);
    (figures[QUEUED], figures[ROOM])
}

/// A PULL of ZMTP 3.1 without security.
struct Peer(TcpStream);

impl Peer {
    fn accept(listener: &TcpListener) -> Self {
        let (mut stream, _) = listener.accept().unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut greeting = [0; 64];
        greeting[0] = 0xff;
        greeting[9] = 0x7f;
        greeting[10] = 3;
        greeting[11] = 1;
        greeting[12..16].copy_from_slice(b"NULL");
        stream.write_all(&greeting).unwrap();
        stream.read_exact(&mut greeting).unwrap();
        let mut peer = Self(stream);
        peer.send(COMMAND, b"\x05READY\x0bSocket-Type\0\0\0\x04PULL");
        let ready = peer.receive().unwrap();
        assert!(ready.body.starts_with(b"\x05READY"), "{:?}", ready.body);
        peer
    }

    fn send(&mut self, flags: u8, body: &[u8]) {
        let mut frame = vec![flags, body.len().try_into().unwrap()];
        frame.extend(body);
        self.0.write_all(&frame).unwrap();
    }

    /// The next frame, or nothing when the connection is gone.
    fn receive(&mut self) -> Option<Frame> {
        let mut head = [0; 2];
        match self.0.read_exact(&mut head) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                panic!("nothing came in {PATIENCE:?}")
            }
            Err(_) => return None,
        }
        let mut body = vec![0; head[1].into()];
        self.0.read_exact(&mut body).ok()?;
        Some(Frame { flags: head[0], body })
    }

    /// Reads and counts messages until a command comes that begins so; other heartbeats are answered.
    fn until(&mut self, command: &[u8], messages: &mut usize) -> bool {
        while let Some(frame) = self.receive() {
            if frame.flags & COMMAND == 0 {
                *messages += 1;
            } else if frame.body.starts_with(command) {
                return true;
            } else if frame.body.starts_with(PING) {
                self.send(COMMAND, PONG);
            }
        }
        false
    }
}

/// A PUSH, the descriptor of its one connection, and the peer at the other end.
fn connection(context: &Context, heartbeat: Duration) -> (Socket, c_int, Peer) {
    let push = context.socket(SocketType::PUSH).unwrap();
    push.set_linger(0).unwrap();
    push.set_sndbuf(BUFFER).unwrap();
    push.set_heartbeat_ivl(heartbeat.as_millis().try_into().unwrap()).unwrap();
    let listener = listener();
    let port = listener.local_addr().unwrap().port();
    let name = format!("inproc://events-{port}");
    push.monitor(&name, zmq_sys::ZMQ_EVENT_CONNECTED.try_into().unwrap()).unwrap();
    let events = context.socket(SocketType::PAIR).unwrap();
    events.set_linger(0).unwrap();
    events.connect(&name).unwrap();
    push.connect(&format!("tcp://127.0.0.1:{port}")).unwrap();
    assert_eq!(events.poll(POLLIN, PATIENCE.as_millis().try_into().unwrap()), Ok(1));
    let event = events.recv_multipart(0).unwrap();
    let descriptor = i32::from_ne_bytes(event[0][2..6].try_into().unwrap());
    (push, descriptor, Peer::accept(&listener))
}

/// Sends short messages one at a time, each when the kernel has room for it, until it has had none for a
/// while, and says how many they are. So all of them were written whole, and nothing more can be.
fn fill(push: &Socket, descriptor: c_int) -> usize {
    const MESSAGE: usize = 100;
    const WHILE: Duration = Duration::from_millis(100);
    let started = Instant::now();
    let mut full_since = None;
    let mut messages = 0;
    loop {
        let (queued, room) = waiting(descriptor);
        if queued >= room {
            // What the peer's buffer still takes is acknowledged soon, and makes room again.
            if full_since.get_or_insert_with(Instant::now).elapsed() >= WHILE {
                return messages;
            }
            thread::sleep(Duration::from_millis(1));
            continue;
        }
        full_since = None;
        push.send(vec![b'x'; MESSAGE], DONTWAIT).unwrap();
        messages += 1;
        // Until it is with the kernel, or with the peer.
        let moment = Instant::now();
        while waiting(descriptor).0 <= queued && moment.elapsed() < Duration::from_millis(5) {
            thread::yield_now();
        }
        assert!(started.elapsed() < PATIENCE, "never full: {queued} of {room}");
    }
}

fn at_once(check: impl Fn(&Context) + Sync) {
    let rounds = if env::var_os("ZRIG_SOAK").is_some() { 25 } else { 1 };
    for _ in 0..rounds {
        let context = Context::new();
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| check(&context));
            }
        });
    }
}

/// A connection whose buffer is full before its first heartbeat is due, and how many messages that took.
fn full(context: &Context) -> (Socket, Peer, Instant, usize) {
    for _ in 0..10 {
        let (push, descriptor, peer) = connection(context, HEARTBEAT);
        let connected = Instant::now();
        let sent = fill(&push, descriptor);
        if connected.elapsed() < HEARTBEAT - Duration::from_millis(200) {
            return (push, peer, connected, sent);
        }
    }
    panic!("the machine is too slow to fill a buffer in {HEARTBEAT:?}");
}

#[test]
fn a_heartbeat_that_is_due_while_the_buffer_is_exactly_full_is_sent_when_there_is_room() {
    at_once(|context| {
        let (push, mut peer, connected, sent) = full(context);
        // Until the heartbeat is due, and 200 ms more.
        thread::sleep((HEARTBEAT + Duration::from_millis(200)).saturating_sub(connected.elapsed()));

        let mut messages = 0;
        assert!(peer.until(PING, &mut messages), "dropped after {messages} of {sent} messages");
        assert_eq!(messages, sent);
        peer.send(COMMAND, PONG);
        push.send("one more", DONTWAIT).unwrap();
        assert!(peer.until(PING, &mut messages), "dropped after the answer");
        assert_eq!(messages, sent + 1);
    });
}

#[test]
fn the_answer_to_a_heartbeat_is_sent_when_there_is_room() {
    at_once(|context| {
        // None of its own comes in between.
        let (push, descriptor, mut peer) = connection(context, Duration::ZERO);
        let sent = fill(&push, descriptor);
        peer.send(COMMAND, b"\x04PING\0\0mine");
        thread::sleep(Duration::from_millis(200));

        let mut messages = 0;
        assert!(peer.until(PONG, &mut messages), "dropped after {messages} of {sent} messages");
        assert_eq!(messages, sent);
    });
}
