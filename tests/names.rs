//! Who asks the name server: a thread of its own, and none that anybody waits for.
//!
//! Owns a name server that knows no host and remembers who asked. Never looks at a real one.

#![allow(unsafe_code, reason = "stands in for the system's look-up of names")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::ffi::{CStr, c_char, c_int};
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::{self, ThreadId};
use std::time::Duration;

use zmq::{Context, DONTWAIT, Error, POLLIN, Socket, SocketEvent, SocketType};

/// How long anything may take before a test gives up on it, in milliseconds.
const PATIENCE: i64 = 30_000;

/// The threads that asked for a name, and what for.
static ASKED: Mutex<Vec<(ThreadId, String)>> = Mutex::new(Vec::new());

fn asked() -> MutexGuard<'static, Vec<(ThreadId, String)>> {
    ASKED.lock().unwrap_or_else(PoisonError::into_inner)
}

type LookUp = unsafe extern "C" fn(
    *const c_char,
    *const c_char,
    *const libc::addrinfo,
    *mut *mut libc::addrinfo,
) -> c_int;

/// In place of the system's: a name under `.invalid` has no address, and who asks is remembered.
///
/// # Safety
///
/// As that of the system.
// SAFETY: it is what the name stands for, with the same arguments.
#[unsafe(no_mangle)]
unsafe extern "C" fn getaddrinfo(
    node: *const c_char,
    service: *const c_char,
    hints: *const libc::addrinfo,
    found: *mut *mut libc::addrinfo,
) -> c_int {
    // SAFETY: the caller gives a text that ends with a 0, or none, and hints or none.
    let (name, flags) = unsafe {
        let name = (!node.is_null()).then(|| CStr::from_ptr(node).to_string_lossy().into_owned());
        (name.unwrap_or_default(), hints.as_ref().map_or(0, |hints| hints.ai_flags))
    };
    if name.ends_with(".invalid") {
        if flags & libc::AI_NUMERICHOST == 0 {
            asked().push((thread::current().id(), name));
        }
        return libc::EAI_NONAME;
    }
    // SAFETY: the system's has this type, and the arguments are the caller's.
    unsafe {
        let system = libc::dlsym(libc::RTLD_NEXT, c"getaddrinfo".as_ptr());
        std::mem::transmute::<*mut libc::c_void, LookUp>(system)(node, service, hints, found)
    }
}

fn socket(context: &Context, kind: SocketType) -> Socket {
    let socket = context.socket(kind).unwrap();
    socket.set_linger(0).unwrap();
    socket
}

#[test]
fn a_name_is_looked_up_again_by_another_thread_than_the_callers_whatever_the_transport() {
    for (transport, path) in [("tcp", ""), ("ws", ""), ("ws", "/a/b:c")] {
        let context = Context::new();
        let push = socket(&context, SocketType::PUSH);
        push.monitor("inproc://events", SocketEvent::CONNECT_RETRIED.to_raw().into()).unwrap();
        let events = socket(&context, SocketType::PAIR);
        events.connect("inproc://events").unwrap();
        let name = format!("connect-{transport}-{}.invalid", path.len());
        let endpoint = format!("{transport}://{name}:9{path}");
        push.connect(&endpoint).unwrap();
        // It does not come up, which is told, and tried again; an answer holds for a second.
        let asked_for =
            || asked().iter().filter(|(_, of)| *of == name).cloned().collect::<Vec<_>>();
        while asked_for().len() < 2 {
            assert_eq!(events.poll(POLLIN, PATIENCE), Ok(1), "{endpoint}: nothing is told");
            let told = events.recv_multipart(DONTWAIT).unwrap();
            let wanted = if path.is_empty() && transport == "ws" { "/" } else { "" };
            assert_eq!(String::from_utf8_lossy(&told[1]), format!("{endpoint}{wanted}"));
        }
        assert!(asked_for().iter().all(|(by, _)| *by != thread::current().id()), "{endpoint}");
        push.disconnect(&endpoint).unwrap();
    }
}

#[test]
fn nobody_is_asked_for_a_name_to_bind_or_one_that_is_let_go_of_and_was_never_there() {
    let context = Context::new();
    let push = socket(&context, SocketType::PUSH);
    for transport in ["tcp", "ws"] {
        let name = format!("here-{transport}.invalid");
        let endpoint = format!("{transport}://{name}:9");
        assert_eq!(push.bind(&endpoint), Err(Error::ENODEV), "{endpoint}");
        assert_eq!(push.unbind(&endpoint), Err(Error::ENOENT), "{endpoint}");
        assert_eq!(push.disconnect(&endpoint), Err(Error::ENOENT), "{endpoint}");
        let asked = asked().iter().filter(|(_, of)| *of == name).count();
        assert_eq!(asked, 0, "{endpoint}");
    }
    // An address may be written in another way all the same.
    push.set_ipv6(true).unwrap();
    push.bind("tcp://[::1]:*").unwrap();
    let bound = push.get_last_endpoint().unwrap().unwrap();
    push.unbind(&bound.replace("[::1]", "[0:0:0:0:0:0:0:1]")).unwrap();
}

#[test]
fn a_websocket_is_asked_for_by_the_name_and_the_whole_path() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let context = Context::new();
    let push = socket(&context, SocketType::PUSH);
    push.connect(&format!("ws://localhost:{port}/a/b:c")).unwrap();
    let (stream, _) = listener.accept().unwrap();
    stream.set_read_timeout(Some(Duration::from_millis(PATIENCE.unsigned_abs()))).unwrap();
    let mut lines = BufReader::new(stream).lines();
    assert_eq!(lines.next().unwrap().unwrap(), "GET /a/b:c HTTP/1.1");
    assert_eq!(lines.next().unwrap().unwrap(), "Host: localhost");
}

#[test]
fn what_is_no_endpoint_of_a_websocket_is_refused_at_once() {
    let context = Context::new();
    let push = socket(&context, SocketType::PUSH);
    for endpoint in [
        "ws://localhost",
        "ws://:9",
        "ws://*:9",
        "ws://localhost:*",
        "ws://localhost:x/",
        "ws:///a",
    ] {
        assert_eq!(push.connect(endpoint), Err(Error::EINVAL), "{endpoint}");
    }
}
