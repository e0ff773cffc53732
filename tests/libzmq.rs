//! What the libzmq underneath must be able to do, so that no option of a topology is silently
//! without effect. Owns the facts about the build in `zmq-sys/`; never anything about nodes.

#![allow(unsafe_code, reason = "asks libzmq and the kernel what no safe wrapper asks")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::ffi::{CString, c_int, c_void};
use std::fs;
use std::mem;
use std::ptr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use zmq::{Context, DONTWAIT, Error, Message, POLLIN, POLLOUT, Socket, SocketEvent, SocketType};

/// How long anything may take before a test gives up on it.
const PATIENCE: Duration = Duration::from_secs(20);

/// Descriptors and threads belong to the whole process, so the tests take turns.
fn alone() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

fn socket(context: &Context, kind: SocketType) -> Socket {
    let socket = context.socket(kind).unwrap();
    socket.set_linger(0).unwrap();
    socket
}

/// Binds to a free port and tells which.
fn bound(socket: &Socket, endpoint: &str) -> String {
    socket.bind(endpoint).unwrap();
    socket.get_last_endpoint().unwrap().unwrap()
}

fn receive(socket: &Socket) -> Vec<Vec<u8>> {
    let patience = PATIENCE.as_millis().try_into().unwrap();
    assert_eq!(socket.poll(POLLIN, patience), Ok(1), "nothing came in {PATIENCE:?}");
    socket.recv_multipart(DONTWAIT).unwrap()
}

fn set_option(socket: &mut Socket, option: u32, value: c_int) -> c_int {
    let socket = socket.as_mut_ptr();
    // SAFETY: the value is an `int` and is there for the call.
    unsafe {
        zmq_sys::zmq_setsockopt(
            socket,
            option as c_int,
            (&raw const value).cast(),
            mem::size_of::<c_int>(),
        )
    }
}

fn option(socket: &mut Socket, option: u32) -> c_int {
    let socket = socket.as_mut_ptr();
    let mut value: c_int = -1;
    let mut length = mem::size_of::<c_int>();
    // SAFETY: there is room for an `int`, and `length` says so.
    let result = unsafe {
        zmq_sys::zmq_getsockopt(socket, option as c_int, (&raw mut value).cast(), &raw mut length)
    };
    assert_eq!(result, 0, "option {option}");
    value
}

/// A receiver of a socket's events, by protocol 2.
fn monitor(context: &Context, socket: &mut Socket, events: u32) -> Socket {
    let endpoint = format!("inproc://monitor-{:p}", socket.as_mut_ptr());
    let name = CString::new(endpoint.as_str()).unwrap();
    // SAFETY: the socket is alive and the endpoint ends with a 0.
    let result = unsafe {
        zmq_sys::zmq_socket_monitor_versioned(
            socket.as_mut_ptr(),
            name.as_ptr(),
            events.into(),
            zmq_sys::ZMQ_CURRENT_EVENT_VERSION_DRAFT as c_int,
            zmq_sys::ZMQ_PAIR as c_int,
        )
    };
    assert_eq!(result, 0);
    let receiver = self::socket(context, SocketType::PAIR);
    receiver.connect(&endpoint).unwrap();
    receiver
}

#[derive(Debug)]
struct Event {
    kind: u64,
    values: Vec<u64>,
    local: String,
    remote: String,
}

fn event(monitor: &Socket) -> Event {
    let frames = receive(monitor);
    let number = |frame: &Vec<u8>| u64::from_ne_bytes(frame.as_slice().try_into().unwrap());
    let text = |frame: &Vec<u8>| String::from_utf8(frame.clone()).unwrap();
    let [kind, count, values @ .., local, remote] = frames.as_slice() else {
        panic!("an event of {} frames", frames.len());
    };
    assert_eq!(number(count), values.len() as u64);
    Event {
        kind: number(kind),
        values: values.iter().map(number).collect(),
        local: text(local),
        remote: text(remote),
    }
}

fn event_of(monitor: &Socket, kind: u32) -> Event {
    let started = Instant::now();
    while started.elapsed() < PATIENCE {
        let event = event(monitor);
        if event.kind == u64::from(kind) {
            return event;
        }
    }
    panic!("no event {kind:#x} in {PATIENCE:?}");
}

/// The open descriptors of this process and what is behind them.
fn descriptors() -> Vec<(c_int, String)> {
    fs::read_dir("/proc/self/fd")
        .unwrap()
        .filter_map(|entry| {
            let entry = entry.unwrap();
            // The one that reads the folder is gone when it is asked for.
            let target = fs::read_link(entry.path()).ok()?;
            let descriptor = entry.file_name().to_str()?.parse().ok()?;
            let target = target.to_string_lossy().into_owned();
            (!target.starts_with("/proc/")).then_some((descriptor, target))
        })
        .collect()
}

fn kernel_option(descriptor: c_int, level: c_int, name: c_int) -> c_int {
    let mut value: c_int = -1;
    let mut length = mem::size_of::<c_int>() as libc::socklen_t;
    // SAFETY: there is room for an `int`, and `length` says so.
    let result = unsafe {
        libc::getsockopt(
            descriptor,
            level,
            name,
            (&raw mut value).cast::<c_void>(),
            &raw mut length,
        )
    };
    assert_eq!(result, 0, "option {name} of descriptor {descriptor}");
    value
}

#[test]
fn it_is_libzmq_4_3_5() {
    assert_eq!(zmq::version(), (4, 3, 5));
}

#[test]
fn curve_is_built_in() {
    assert_eq!(zmq::has("curve"), Some(true));
}

#[test]
fn the_draft_api_is_built_in() {
    assert_eq!(zmq::has("draft"), Some(true));
}

#[test]
fn ipc_is_built_in() {
    assert_eq!(zmq::has("ipc"), Some(true));
}

#[test]
fn an_idle_inproc_socket_costs_one_descriptor() {
    let _turn = alone();
    let context = Context::new();
    // The first one starts the context's threads, which have descriptors of their own.
    let first = socket(&context, SocketType::PAIR);
    first.bind("inproc://first").unwrap();

    let before = descriptors().len();
    let sockets: Vec<Socket> = (0..200)
        .map(|number| {
            let socket = socket(&context, SocketType::PAIR);
            socket.bind(&format!("inproc://{number}")).unwrap();
            socket
        })
        .collect();

    assert_eq!(descriptors().len() - before, sockets.len());
}

#[test]
fn a_socket_is_woken_through_an_eventfd() {
    let _turn = alone();
    let context = Context::new();
    let socket = socket(&context, SocketType::PULL);
    let descriptor = socket.get_fd().unwrap();
    let behind = fs::read_link(format!("/proc/self/fd/{descriptor}")).unwrap();
    assert_eq!(behind.to_str(), Some("anon_inode:[eventfd]"));
}

#[test]
fn no_descriptor_is_left_open_in_a_child_process() {
    let _turn = alone();
    let before = descriptors();
    let context = Context::new();
    let pull = socket(&context, SocketType::PULL);
    let push = socket(&context, SocketType::PUSH);
    push.connect(&bound(&pull, "tcp://127.0.0.1:*")).unwrap();
    push.send("up", 0).unwrap();
    assert_eq!(receive(&pull), [b"up"]);

    let ours: Vec<_> =
        descriptors().into_iter().filter(|descriptor| !before.contains(descriptor)).collect();
    assert!(ours.len() >= 7, "sockets, threads and connections: {ours:?}");
    for (descriptor, behind) in ours {
        // SAFETY: asks for flags only.
        let flags = unsafe { libc::fcntl(descriptor, libc::F_GETFD) };
        assert_eq!(flags & libc::FD_CLOEXEC, libc::FD_CLOEXEC, "{descriptor}: {behind}");
    }
}

#[test]
fn the_threads_of_libzmq_have_names() {
    let _turn = alone();
    let context = Context::new();
    let pull = socket(&context, SocketType::PULL);
    let push = socket(&context, SocketType::PUSH);
    push.connect(&bound(&pull, "tcp://127.0.0.1:*")).unwrap();
    push.send("up", 0).unwrap();
    assert_eq!(receive(&pull), [b"up"]);

    let names: Vec<String> = fs::read_dir("/proc/self/task")
        .unwrap()
        .filter_map(|task| fs::read_to_string(task.unwrap().path().join("comm")).ok())
        .collect();
    assert!(names.iter().any(|name| name.trim_end() == "ZMQbg/IO/0"), "{names:?}");
}

#[test]
fn the_name_of_an_interface_is_an_address() {
    let _turn = alone();
    let context = Context::new();
    let pull = socket(&context, SocketType::PULL);
    let endpoint = bound(&pull, "tcp://lo:*");
    assert!(endpoint.starts_with("tcp://127.0.0.1:"), "{endpoint}");

    let push = socket(&context, SocketType::PUSH);
    push.connect(&endpoint).unwrap();
    push.send("by name", 0).unwrap();
    assert_eq!(receive(&pull), [b"by name"]);
}

#[test]
fn tcp_options_reach_the_kernel_on_both_ends() {
    let _turn = alone();
    let context = Context::new();
    let mut pull = socket(&context, SocketType::PULL);
    let mut push = socket(&context, SocketType::PUSH);
    for socket in [&mut pull, &mut push] {
        socket.set_tcp_keepalive(1).unwrap();
        socket.set_tcp_keepalive_cnt(7).unwrap();
        socket.set_tcp_keepalive_idle(33).unwrap();
        socket.set_tcp_keepalive_intvl(11).unwrap();
        assert_eq!(set_option(socket, zmq_sys::ZMQ_PRIORITY, 3), 0);
        assert_eq!(set_option(socket, zmq_sys::ZMQ_TCP_MAXRT, 9_000), 0);
    }
    let accepting = monitor(&context, &mut pull, zmq_sys::ZMQ_EVENT_ACCEPTED);
    let connecting = monitor(&context, &mut push, zmq_sys::ZMQ_EVENT_CONNECTED);
    push.connect(&bound(&pull, "tcp://127.0.0.1:*")).unwrap();
    push.send("up", 0).unwrap();
    assert_eq!(receive(&pull), [b"up"]);

    let accepted = event_of(&accepting, zmq_sys::ZMQ_EVENT_ACCEPTED);
    let connected = event_of(&connecting, zmq_sys::ZMQ_EVENT_CONNECTED);
    for descriptor in [accepted.values[0], connected.values[0]] {
        let descriptor = descriptor.try_into().unwrap();
        let of_socket = |name| kernel_option(descriptor, libc::SOL_SOCKET, name);
        let of_tcp = |name| kernel_option(descriptor, libc::IPPROTO_TCP, name);
        assert_eq!(of_socket(libc::SO_KEEPALIVE), 1);
        assert_eq!(of_tcp(libc::TCP_KEEPCNT), 7);
        assert_eq!(of_tcp(libc::TCP_KEEPIDLE), 33);
        assert_eq!(of_tcp(libc::TCP_KEEPINTVL), 11);
        assert_eq!(of_tcp(libc::TCP_USER_TIMEOUT), 9_000);
        assert_eq!(of_socket(libc::SO_PRIORITY), 3);
    }
}

#[test]
fn keep_alive_is_off_unless_asked_for() {
    let _turn = alone();
    let context = Context::new();
    let pull = socket(&context, SocketType::PULL);
    let mut push = socket(&context, SocketType::PUSH);
    let connecting = monitor(&context, &mut push, zmq_sys::ZMQ_EVENT_CONNECTED);
    push.connect(&bound(&pull, "tcp://127.0.0.1:*")).unwrap();

    let connected = event_of(&connecting, zmq_sys::ZMQ_EVENT_CONNECTED);
    let descriptor = connected.values[0].try_into().unwrap();
    assert_eq!(kernel_option(descriptor, libc::SOL_SOCKET, libc::SO_KEEPALIVE), 0);
}

#[test]
fn the_peer_of_an_ipc_connection_is_known() {
    let _turn = alone();
    let context = Context::new();
    let pull = socket(&context, SocketType::PULL);
    let push = socket(&context, SocketType::PUSH);
    push.connect(&bound(&pull, "ipc://*")).unwrap();
    push.send("who am I", 0).unwrap();

    let mut message = Message::new();
    assert_eq!(pull.poll(POLLIN, PATIENCE.as_millis().try_into().unwrap()), Ok(1));
    pull.recv(&mut message, DONTWAIT).unwrap();
    // SAFETY: asks for a number only.
    let user = unsafe { libc::getuid() };
    let address = message.gets(zmq_sys::ZMQ_MSG_PROPERTY_PEER_ADDRESS).unwrap_or_default();
    assert!(address.contains(&format!(":{user}:")), "{address:?}");
}

#[test]
fn a_curve_handshake_carries_a_message() {
    let _turn = alone();
    let context = Context::new();
    let server_keys = zmq::CurveKeyPair::new().unwrap();
    let client_keys = zmq::CurveKeyPair::new().unwrap();

    let mut server = socket(&context, SocketType::PULL);
    server.set_curve_server(true).unwrap();
    server.set_curve_secretkey(&server_keys.secret_key).unwrap();
    let handshakes = monitor(&context, &mut server, zmq_sys::ZMQ_EVENT_ALL);
    let client = socket(&context, SocketType::PUSH);
    client.set_curve_serverkey(&server_keys.public_key).unwrap();
    client.set_curve_publickey(&client_keys.public_key).unwrap();
    client.set_curve_secretkey(&client_keys.secret_key).unwrap();

    client.connect(&bound(&server, "tcp://127.0.0.1:*")).unwrap();
    client.send("in private", 0).unwrap();
    assert_eq!(receive(&server), [b"in private"]);
    assert_eq!(server.get_mechanism(), Ok(zmq::Mechanism::ZMQ_CURVE));
    event_of(&handshakes, zmq_sys::ZMQ_EVENT_HANDSHAKE_SUCCEEDED);
}

#[test]
fn a_curve_handshake_with_the_wrong_key_of_the_server_fails() {
    let _turn = alone();
    let context = Context::new();
    let server_keys = zmq::CurveKeyPair::new().unwrap();
    let client_keys = zmq::CurveKeyPair::new().unwrap();

    let mut server = socket(&context, SocketType::PULL);
    server.set_curve_server(true).unwrap();
    server.set_curve_secretkey(&server_keys.secret_key).unwrap();
    let handshakes = monitor(&context, &mut server, zmq_sys::ZMQ_EVENT_ALL);
    let client = socket(&context, SocketType::PUSH);
    client.set_curve_serverkey(&client_keys.public_key).unwrap();
    client.set_curve_publickey(&client_keys.public_key).unwrap();
    client.set_curve_secretkey(&client_keys.secret_key).unwrap();

    client.connect(&bound(&server, "tcp://127.0.0.1:*")).unwrap();
    let failed = event_of(&handshakes, zmq_sys::ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL);
    let reason = u64::from(zmq_sys::ZMQ_PROTOCOL_ERROR_ZMTP_CRYPTOGRAPHIC);
    assert_eq!(failed.values, [reason]);
}

#[test]
fn a_public_key_follows_from_its_secret_one() {
    let (mut public, mut secret, mut derived) = ([0; 41], [0; 41], [0; 41]);
    // SAFETY: each has room for 40 characters and a 0, and the secret key has got both.
    unsafe {
        assert_eq!(zmq_sys::zmq_curve_keypair(public.as_mut_ptr(), secret.as_mut_ptr()), 0);
        assert_eq!(zmq_sys::zmq_curve_public(derived.as_mut_ptr(), secret.as_ptr()), 0);
    }
    assert_eq!(public, derived);
}

#[test]
fn the_queue_of_a_full_tcp_connection_can_be_seen() {
    const HIGH_WATER_MARK: i32 = 100;
    let _turn = alone();
    let context = Context::new();
    let pull = socket(&context, SocketType::PULL);
    pull.set_rcvhwm(HIGH_WATER_MARK).unwrap();
    pull.set_rcvbuf(16 * 1024).unwrap();
    let mut push = socket(&context, SocketType::PUSH);
    push.set_sndhwm(HIGH_WATER_MARK).unwrap();
    push.set_sndbuf(16 * 1024).unwrap();
    let events = monitor(&context, &mut push, zmq_sys::ZMQ_EVENT_ALL_V2);
    let endpoint = bound(&pull, "tcp://127.0.0.1:*");
    push.connect(&endpoint).unwrap();
    event_of(&events, zmq_sys::ZMQ_EVENT_HANDSHAKE_SUCCEEDED);

    // Nobody reads: fill the queues and the kernel's buffers until a while brings no room.
    let body = vec![b'x'; 4096];
    while push.poll(POLLOUT, 300) == Ok(1) {
        while push.send(&body, DONTWAIT).is_ok() {}
    }
    assert_eq!(push.send(&body, DONTWAIT), Err(Error::EAGAIN));

    let event = queues(&mut push, &events);
    // Only the end that bound is told its own endpoint.
    assert_eq!((event.local.as_str(), event.remote.as_str()), ("", endpoint.as_str()));
    assert_eq!(event.values, [HIGH_WATER_MARK as u64, 0]);

    // Somebody reads: the queue drains.
    let started = Instant::now();
    while queues(&mut push, &events).values != [0, 0] {
        assert!(started.elapsed() < PATIENCE, "the queue does not drain");
        while pull.poll(POLLIN, 10) == Ok(1) {
            pull.recv_bytes(DONTWAIT).unwrap();
        }
    }
}

/// Asks how full the queues of a socket's one connection are.
fn queues(socket: &mut Socket, events: &Socket) -> Event {
    // SAFETY: the socket is alive.
    assert_eq!(unsafe { zmq_sys::zmq_socket_monitor_pipes_stats(socket.as_mut_ptr()) }, 0);
    // The answer comes through the socket, which has to be worked for it to go on.
    let started = Instant::now();
    while events.poll(POLLIN, 10) == Ok(0) && started.elapsed() < PATIENCE {
        socket.get_events().unwrap();
    }
    event_of(events, zmq_sys::ZMQ_EVENT_PIPES_STATS)
}

#[test]
fn options_of_the_draft_api_are_known() {
    let _turn = alone();
    let context = Context::new();
    let mut publisher = socket(&context, SocketType::XPUB);
    let subscriber = socket(&context, SocketType::SUB);
    publisher.bind("inproc://topics").unwrap();
    subscriber.connect("inproc://topics").unwrap();
    subscriber.set_subscribe(b"one").unwrap();
    subscriber.set_subscribe(b"two").unwrap();
    receive(&publisher);
    receive(&publisher);
    assert_eq!(option(&mut publisher, zmq_sys::ZMQ_TOPICS_COUNT), 2);

    let stop = zmq_sys::ZMQ_RECONNECT_STOP_HANDSHAKE_FAILED as c_int;
    assert_eq!(set_option(&mut publisher, zmq_sys::ZMQ_RECONNECT_STOP, stop), 0);
    assert_eq!(option(&mut publisher, zmq_sys::ZMQ_RECONNECT_STOP), stop);
}

/// pyzmq#846: libzmq 4.3.5 aborts where the one that connected is a ROUTER or REP.
#[test]
fn who_gives_up_an_inproc_endpoint_before_somebody_binds_it_ends_nobody() {
    let _turn = alone();
    const KINDS: [SocketType; 10] = [
        SocketType::PAIR,
        SocketType::REQ,
        SocketType::REP,
        SocketType::DEALER,
        SocketType::ROUTER,
        SocketType::PUSH,
        SocketType::PULL,
        SocketType::XPUB,
        SocketType::XSUB,
        SocketType::PUB,
    ];
    let context = Context::new();
    for connects in KINDS {
        for binds in KINDS {
            for (elsewhere, sends) in [(false, false), (false, true), (true, false), (true, true)] {
                let endpoint = format!("inproc://{connects:?}-{binds:?}-{elsewhere}-{sends}");
                let early = socket(&context, connects);
                early.connect(&endpoint).unwrap();
                if sends {
                    // What cannot send says so; what can leaves it in the queue.
                    let _ = early.send("early", DONTWAIT);
                }
                early.disconnect(&endpoint).unwrap();
                let late = socket(&context, binds);
                let bind = |late: Socket| {
                    late.bind(&endpoint).unwrap();
                    // What is received, if anything, is the early one's and whole.
                    let came = late.recv_multipart(DONTWAIT);
                    assert!(came.is_err() || sends, "{endpoint}: {came:?}");
                    late
                };
                let late = match elsewhere {
                    true => std::thread::scope(|scope| scope.spawn(|| bind(late)).join().unwrap()),
                    false => bind(late),
                };
                // Both go on: the one finds its way to the other after all.
                early.connect(&endpoint).unwrap();
                early.get_events().unwrap();
                late.get_events().unwrap();
            }
        }
    }
}

#[test]
fn options_of_a_context_can_be_set_by_value_and_by_bytes() {
    let _turn = alone();
    // SAFETY: the context is used between its making and its end only, by this thread; the name is
    // there for the call.
    unsafe {
        let context = zmq_sys::zmq_ctx_new();
        let sockets = zmq_sys::ZMQ_MAX_SOCKETS as c_int;
        assert_eq!(zmq_sys::zmq_ctx_set(context, sockets, 5_000), 0);
        assert_eq!(zmq_sys::zmq_ctx_get(context, sockets), 5_000);
        let prefix = zmq_sys::ZMQ_THREAD_NAME_PREFIX as c_int;
        let name = b"zrig";
        let set = zmq_sys::zmq_ctx_set_ext(context, prefix, name.as_ptr().cast(), name.len());
        assert_eq!(set, 0);
        assert_eq!(zmq_sys::zmq_ctx_term(context), 0);
    }
}

#[test]
fn frames_are_shared_and_moved_without_a_copy() {
    let mut original = zmq_sys::zmq_msg_t::default();
    let mut copy = zmq_sys::zmq_msg_t::default();
    let mut moved = zmq_sys::zmq_msg_t::default();
    // SAFETY: each frame is initialised before it is used and closed once.
    unsafe {
        zmq_sys::zmq_msg_init_size(&raw mut original, 1000);
        zmq_sys::zmq_msg_init(&raw mut copy);
        zmq_sys::zmq_msg_init(&raw mut moved);
        let bytes = zmq_sys::zmq_msg_data(&raw mut original);

        assert_eq!(zmq_sys::zmq_msg_copy(&raw mut copy, &raw mut original), 0);
        assert_eq!(zmq_sys::zmq_msg_data(&raw mut copy), bytes);
        let shared = zmq_sys::ZMQ_SHARED as c_int;
        assert_eq!(zmq_sys::zmq_msg_get(&raw const copy, shared), 1);

        assert_eq!(zmq_sys::zmq_msg_move(&raw mut moved, &raw mut original), 0);
        assert_eq!(zmq_sys::zmq_msg_data(&raw mut moved), bytes);
        assert_eq!(zmq_sys::zmq_msg_size(&raw const original), 0);

        assert_eq!(zmq_sys::zmq_msg_set(&raw mut moved, shared, 1), -1);
        assert_eq!(zmq_sys::zmq_errno(), zmq_sys::errno::EINVAL);
        assert_eq!(zmq_sys::zmq_msg_gets(&raw const moved, c"Nothing".as_ptr()), ptr::null());
        for frame in [&mut original, &mut copy, &mut moved] {
            assert_eq!(zmq_sys::zmq_msg_close(&raw mut *frame), 0);
        }
    }
}

#[test]
fn the_events_of_a_handshake_reach_the_safe_monitor() {
    let _turn = alone();
    let context = Context::new();
    let pull = socket(&context, SocketType::PULL);
    let push = socket(&context, SocketType::PUSH);
    let wanted = SocketEvent::HANDSHAKE_SUCCEEDED;
    push.monitor("inproc://events", wanted.to_raw().into()).unwrap();
    let events = socket(&context, SocketType::PAIR);
    events.connect("inproc://events").unwrap();
    push.connect(&bound(&pull, "tcp://127.0.0.1:*")).unwrap();

    let frames = receive(&events);
    let kind = u16::from_ne_bytes([frames[0][0], frames[0][1]]);
    assert_eq!(SocketEvent::from_raw(kind), wanted);
}
