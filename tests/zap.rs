//! What the libzmq underneath does where a ZAP handler should be asked: away, gone, silent, talkative.
//!
//! Owns the facts about the patches `zmq-sys/patches/0005-no-peer-unasked.patch` and
//! `0049-name-before-an-answer.patch`; never anything about nodes.

#![allow(unsafe_code, reason = "sets what no safe wrapper sets")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::ffi::{c_int, c_void};
use std::io::{Read, Write};
use std::mem;
use std::net::TcpStream;
use std::time::Duration;

use zmq::{CurveKeyPair, DONTWAIT, POLLIN, Socket};

const HANDLER: &str = "inproc://zeromq.zap.01";
/// How long anything may take on a machine that is busy; libzmq itself gives a handshake 30 s.
const PATIENCE: Duration = Duration::from_secs(15);
/// How long nothing must come of a handshake that must not succeed.
const A_WHILE: Duration = Duration::from_millis(300);

/// Every mechanism by which a handler is asked.
const MECHANISMS: [&str; 3] = ["NULL", "PLAIN", "CURVE"];

/// A context, which the crate has no settings for.
struct Context(*mut c_void);

impl Context {
    fn new() -> Self {
        // SAFETY: no preconditions.
        Self(unsafe { zmq_sys::zmq_ctx_new() })
    }

    fn socket(&self, kind: u32) -> Socket {
        // SAFETY: a live context, and a socket that nobody else owns.
        let socket = unsafe { Socket::from_raw(zmq_sys::zmq_socket(self.0, kind.cast_signed())) };
        socket.set_linger(0).unwrap();
        socket
    }

    /// Makes every handshake that would ask a handler fail while there is none.
    fn need_zap(&self, needed: bool) {
        let option = zmq_sys::ZMQ_SYS_NEEDS_ZAP.cast_signed();
        // SAFETY: a live context.
        assert_eq!(unsafe { zmq_sys::zmq_ctx_set(self.0, option, c_int::from(needed)) }, 0);
    }
}

impl Drop for Context {
    fn drop(&mut self) {
        // SAFETY: dropped once; it waits for the sockets, which go before.
        unsafe { zmq_sys::zmq_ctx_term(self.0) };
    }
}

fn set(socket: &mut Socket, option: u32, value: c_int) {
    // SAFETY: the value is an `int` and is there for the call.
    let set = unsafe {
        zmq_sys::zmq_setsockopt(
            socket.as_mut_ptr(),
            option.cast_signed(),
            (&raw const value).cast(),
            mem::size_of::<c_int>(),
        )
    };
    assert_eq!(set, 0);
}

/// A server that asks, and what its clients need to know.
struct Server {
    socket: Socket,
    mechanism: &'static str,
    keys: CurveKeyPair,
    endpoint: String,
}

impl Server {
    fn of(context: &Context, mechanism: &'static str, set_more: impl Fn(&mut Socket)) -> Self {
        let keys = CurveKeyPair::new().unwrap();
        let mut socket = context.socket(zmq_sys::ZMQ_PULL);
        match mechanism {
            "PLAIN" => socket.set_plain_server(true).unwrap(),
            "CURVE" => {
                socket.set_curve_server(true).unwrap();
                socket.set_curve_secretkey(&keys.secret_key).unwrap();
            }
            _ => socket.set_zap_domain("home").unwrap(),
        }
        set_more(&mut socket);
        socket.bind("tcp://127.0.0.1:*").unwrap();
        let endpoint = socket.get_last_endpoint().unwrap().unwrap();
        Self { socket, mechanism, keys, endpoint }
    }

    /// A client that knocks; it is in another context, as another process is.
    fn knock(&self, context: &Context) -> Socket {
        let client = context.socket(zmq_sys::ZMQ_PUSH);
        client.set_reconnect_ivl(20).unwrap();
        match self.mechanism {
            "PLAIN" => {
                client.set_plain_username(Some("ann")).unwrap();
                client.set_plain_password(Some("secret")).unwrap();
            }
            "CURVE" => {
                let keys = CurveKeyPair::new().unwrap();
                client.set_curve_serverkey(&self.keys.public_key).unwrap();
                client.set_curve_publickey(&keys.public_key).unwrap();
                client.set_curve_secretkey(&keys.secret_key).unwrap();
            }
            _ => {}
        }
        client.connect(&self.endpoint).unwrap();
        client.send("heard", DONTWAIT).unwrap();
        client
    }

    fn hears(&self, patience: Duration) -> bool {
        self.socket.poll(POLLIN, patience.as_millis().try_into().unwrap()) == Ok(1)
    }
}

fn handler(context: &Context) -> Socket {
    let handler = context.socket(zmq_sys::ZMQ_ROUTER);
    handler.bind(HANDLER).unwrap();
    handler
}

/// The next question; the frames before the answer are those of the envelope.
fn question(handler: &Socket) -> Vec<Vec<u8>> {
    let patience = PATIENCE.as_millis().try_into().unwrap();
    assert_eq!(handler.poll(POLLIN, patience), Ok(1), "nobody asked");
    handler.recv_multipart(DONTWAIT).unwrap()
}

fn answer(handler: &Socket, question: &[Vec<u8>], status: &str) {
    let route = question[0].as_slice();
    let answer: [&[u8]; 8] = [route, b"", b"1.0", b"1", status.as_bytes(), b"", b"", b""];
    handler.send_multipart(answer, DONTWAIT).unwrap();
}

#[test]
fn a_context_that_needs_a_handler_lets_nobody_in_while_there_is_none() {
    for mechanism in MECHANISMS {
        let (context, outside) = (Context::new(), Context::new());
        context.need_zap(true);
        let server = Server::of(&context, mechanism, |_| ());
        let _client = server.knock(&outside);
        assert!(!server.hears(A_WHILE), "{mechanism}");
        // It knocks on, and is in as soon as there is a handler that says so.
        let handler = handler(&context);
        let asked = question(&handler);
        answer(&handler, &asked, "200");
        assert!(server.hears(PATIENCE), "{mechanism}");
    }
}

#[test]
fn a_context_that_needs_none_is_as_libzmq_is() {
    for (mechanism, comes_in) in [("NULL", true), ("PLAIN", false), ("CURVE", true)] {
        let (context, outside) = (Context::new(), Context::new());
        let server = Server::of(&context, mechanism, |_| ());
        context.need_zap(true);
        context.need_zap(false);
        let _client = server.knock(&outside);
        let patience = if comes_in { PATIENCE } else { A_WHILE };
        assert_eq!(server.hears(patience), comes_in, "{mechanism}");
    }
}

#[test]
fn who_enforces_a_domain_lets_nobody_in_without_a_handler_and_keeps_nobody_waiting() {
    for mechanism in MECHANISMS {
        let (context, outside) = (Context::new(), Context::new());
        let server = Server::of(&context, mechanism, |socket| {
            socket.set_zap_domain("home").unwrap();
            set(socket, zmq_sys::ZMQ_ZAP_ENFORCE_DOMAIN, 1);
        });
        let client = server.knock(&outside);
        let ends = zmq_sys::ZMQ_EVENT_DISCONNECTED;
        client.monitor("inproc://ends", ends.cast_signed()).unwrap();
        let events = outside.socket(zmq_sys::ZMQ_PAIR);
        events.connect("inproc://ends").unwrap();
        let patience = PATIENCE.as_millis().try_into().unwrap();
        assert_eq!(events.poll(POLLIN, patience), Ok(1), "{mechanism}: left waiting");
        assert!(!server.hears(A_WHILE), "{mechanism}");
    }
}

#[test]
fn a_handshake_ends_when_its_handler_goes_and_the_next_handler_is_asked() {
    for mechanism in MECHANISMS {
        let (context, outside) = (Context::new(), Context::new());
        context.need_zap(true);
        let silent = handler(&context);
        let server = Server::of(&context, mechanism, |_| ());
        let _client = server.knock(&outside);
        question(&silent);
        silent.unbind(HANDLER).unwrap();
        let next = handler(&context);
        drop(silent);
        let asked = question(&next);
        answer(&next, &asked, "200");
        assert!(server.hears(PATIENCE), "{mechanism}");
    }
}

#[test]
fn a_peer_that_is_put_off_may_knock_again_at_once() {
    for mechanism in MECHANISMS {
        let (context, outside) = (Context::new(), Context::new());
        let handler = handler(&context);
        let server = Server::of(&context, mechanism, |_| ());
        let _client = server.knock(&outside);
        for status in ["300", "300", "200"] {
            let asked = question(&handler);
            answer(&handler, &asked, status);
        }
        assert!(server.hears(PATIENCE), "{mechanism}");
    }
}

#[test]
fn a_req_that_is_a_server_hears_every_answer_of_a_peer_that_has_a_name() {
    let (context, outside) = (Context::new(), Context::new());
    let handler = handler(&context);
    let asking = context.socket(zmq_sys::ZMQ_REQ);
    asking.set_plain_server(true).unwrap();
    asking.bind("tcp://127.0.0.1:*").unwrap();
    let answering = outside.socket(zmq_sys::ZMQ_REP);
    answering.set_plain_username(Some("ann")).unwrap();
    answering.set_plain_password(Some("secret")).unwrap();
    answering.connect(&asking.get_last_endpoint().unwrap().unwrap()).unwrap();
    let asked = question(&handler);
    let route = asked[0].as_slice();
    let admitted: [&[u8]; 8] = [route, b"", b"1.0", b"1", b"200", b"", b"ann", b""];
    handler.send_multipart(admitted, DONTWAIT).unwrap();
    let patience = PATIENCE.as_millis().try_into().unwrap();
    for number in ["1", "2", "3"] {
        asking.send(number, 0).unwrap();
        assert_eq!(answering.poll(POLLIN, patience), Ok(1));
        answering.send(answering.recv_bytes(0).unwrap(), 0).unwrap();
        assert_eq!(asking.poll(POLLIN, patience), Ok(1), "the answer {number} is lost");
        let mut answer = asking.recv_msg(0).unwrap();
        assert_eq!(&*answer, number.as_bytes());
        assert_eq!(answer.gets("User-Id"), Some("ann"));
    }
}

#[test]
fn a_handler_that_answers_more_than_once_is_heard_once() {
    for mechanism in MECHANISMS {
        for first in ["200", "400", "300"] {
            let (context, outside) = (Context::new(), Context::new());
            let handler = handler(&context);
            let server = Server::of(&context, mechanism, |_| ());
            let _client = server.knock(&outside);
            let asked = question(&handler);
            answer(&handler, &asked, first);
            for status in ["200", "400", "200", "500"] {
                answer(&handler, &asked, status);
                std::thread::sleep(Duration::from_millis(5));
            }
            let patience = if first == "200" { PATIENCE } else { A_WHILE };
            assert_eq!(server.hears(patience), first == "200", "{mechanism}, {first}");
        }
    }
}

#[test]
fn a_connecting_socket_asks_anew_for_each_connection() {
    let context = Context::new();
    let handler = handler(&context);
    // The one that asks connects, and hears an answer for a peer that is gone.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let asking = context.socket(zmq_sys::ZMQ_PULL);
    asking.set_zap_domain("home").unwrap();
    asking.set_reconnect_ivl(10).unwrap();
    asking.connect(&format!("tcp://{}", listener.local_addr().unwrap())).unwrap();
    for _ in 0..20 {
        let (mut peer, _) = listener.accept().unwrap();
        peer.set_read_timeout(Some(PATIENCE)).unwrap();
        // The greeting of ZMTP 3.0 with NULL, and a READY of a PUSH.
        let mut greeting = [0; 64];
        greeting[0] = 0xff;
        greeting[9] = 0x7f;
        greeting[10] = 3;
        greeting[12..16].copy_from_slice(b"NULL");
        peer.write_all(&greeting).unwrap();
        let mut theirs = [0; 64];
        peer.read_exact(&mut theirs).unwrap();
        let asked = question(&handler);
        drop(peer);
        // Some answers come when there is no connection, some while the next one greets.
        answer(&handler, &asked, "200");
    }
    let server = context.socket(zmq_sys::ZMQ_PUSH);
    server.bind("tcp://127.0.0.1:*").unwrap();
    asking.connect(&server.get_last_endpoint().unwrap().unwrap()).unwrap();
    let asked = question(&handler);
    answer(&handler, &asked, "200");
    server.send("heard", 0).unwrap();
    let patience = PATIENCE.as_millis().try_into().unwrap();
    assert_eq!(asking.poll(POLLIN, patience), Ok(1));
}

#[test]
fn a_plain_server_that_enforces_a_domain_that_it_has_not_asks_all_the_same() {
    let (context, outside) = (Context::new(), Context::new());
    let handler = handler(&context);
    let server = Server::of(&context, "PLAIN", |socket| {
        set(socket, zmq_sys::ZMQ_ZAP_ENFORCE_DOMAIN, 1);
    });
    let _client = server.knock(&outside);
    let asked = question(&handler);
    answer(&handler, &asked, "200");
    assert!(server.hears(PATIENCE));
}

/// What a WebSocket server says to who wants a protocol; nothing where it hangs up.
fn upgraded(endpoint: &str, protocol: &str) -> String {
    let address = endpoint.strip_prefix("ws://").unwrap().trim_end_matches('/');
    let mut peer = TcpStream::connect(address).unwrap();
    peer.set_read_timeout(Some(PATIENCE)).unwrap();
    let request = format!(
        "GET / HTTP/1.1\r\nHost: {address}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: {protocol}\r\n\
         Sec-WebSocket-Version: 13\r\n\r\n"
    );
    peer.write_all(request.as_bytes()).unwrap();
    let mut said = [0; 12];
    match peer.read_exact(&mut said) {
        Ok(()) => String::from_utf8_lossy(&said).into_owned(),
        Err(_) => String::new(),
    }
}

#[test]
fn a_websocket_peer_cannot_choose_to_pass_without_being_asked_about() {
    let context = Context::new();
    let served = |domain: Option<&str>| {
        let server = context.socket(zmq_sys::ZMQ_PULL);
        if let Some(domain) = domain {
            server.set_zap_domain(domain).unwrap();
        }
        server.bind("ws://127.0.0.1:*").unwrap();
        let endpoint = server.get_last_endpoint().unwrap().unwrap();
        (server, endpoint)
    };
    let (_open, open) = served(None);
    assert_eq!(upgraded(&open, "ZWS2.0"), "HTTP/1.1 101");
    let (_guarded, guarded) = served(Some("home"));
    assert_eq!(upgraded(&guarded, "ZWS2.0/NULL"), "HTTP/1.1 101");
    assert_eq!(upgraded(&guarded, "ZWS2.0"), "");
}
