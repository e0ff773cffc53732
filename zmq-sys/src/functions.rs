//! Owns the functions of `zmq.h` that have a caller, or are next to one.
//!
//! It never wraps them, and leaves out what nobody here should use: the deprecated ones, and
//! libzmq's own timers, threads, atomic counters and pollers.

use std::ffi::{c_char, c_int, c_long, c_void};

use crate::messages::{zmq_free_fn, zmq_msg_t, zmq_pollitem_t};

// The library.
unsafe extern "C" {
    /// The error number of this thread's last call that failed.
    pub fn zmq_errno() -> c_int;
    /// What an error number means, in English; static.
    pub fn zmq_strerror(errnum: c_int) -> *const c_char;
    /// The version at run time.
    pub fn zmq_version(major: *mut c_int, minor: *mut c_int, patch: *mut c_int);
    /// 1 if this was built in: `ipc`, `curve`, `draft`, `WS`, and with other builds `pgm`, `tipc`,
    /// `norm`, `gssapi`, `vmci`, `WSS`.
    pub fn zmq_has(capability: *const c_char) -> c_int;
}

// Contexts.
unsafe extern "C" {
    /// A new context. Its threads start with its first socket.
    pub fn zmq_ctx_new() -> *mut c_void;
    /// Waits until all sockets are closed and their lingering is over, then frees the context.
    pub fn zmq_ctx_term(context: *mut c_void) -> c_int;
    /// Makes all blocking calls on its sockets, and all later ones, fail with `ETERM`.
    pub fn zmq_ctx_shutdown(context: *mut c_void) -> c_int;
    /// Sets a context option that is an `int`.
    pub fn zmq_ctx_set(context: *mut c_void, option: c_int, value: c_int) -> c_int;
    /// A context option that is an `int`.
    pub fn zmq_ctx_get(context: *mut c_void, option: c_int) -> c_int;
    /// Draft. Sets a context option of any type.
    pub fn zmq_ctx_set_ext(
        context: *mut c_void,
        option: c_int,
        value: *const c_void,
        length: usize,
    ) -> c_int;
    /// Draft. A context option of any type; `length` is the room, and then what was used.
    pub fn zmq_ctx_get_ext(
        context: *mut c_void,
        option: c_int,
        value: *mut c_void,
        length: *mut usize,
    ) -> c_int;
}

// Messages.
unsafe extern "C" {
    /// Makes an empty frame.
    pub fn zmq_msg_init(msg: *mut zmq_msg_t) -> c_int;
    /// Makes a frame of a size, its bytes undefined.
    pub fn zmq_msg_init_size(msg: *mut zmq_msg_t, size: usize) -> c_int;
    /// Makes a frame of foreign bytes, which `free` releases.
    pub fn zmq_msg_init_data(
        msg: *mut zmq_msg_t,
        data: *mut c_void,
        size: usize,
        free: zmq_free_fn,
        hint: *mut c_void,
    ) -> c_int;
    /// Draft. Makes a frame with a copy of bytes.
    pub fn zmq_msg_init_buffer(msg: *mut zmq_msg_t, data: *const c_void, size: usize) -> c_int;
    /// Sends a frame and leaves an empty one in its place; on failure it stays as it was.
    pub fn zmq_msg_send(msg: *mut zmq_msg_t, socket: *mut c_void, flags: c_int) -> c_int;
    /// Receives a frame in place of the one that is there.
    pub fn zmq_msg_recv(msg: *mut zmq_msg_t, socket: *mut c_void, flags: c_int) -> c_int;
    /// Releases a frame.
    pub fn zmq_msg_close(msg: *mut zmq_msg_t) -> c_int;
    /// Moves the content, releasing what was in `to` and leaving `from` empty.
    pub fn zmq_msg_move(to: *mut zmq_msg_t, from: *mut zmq_msg_t) -> c_int;
    /// Releases what was in `to` and lets it share the content of `from`: more than 33 bytes are
    /// counted, not copied, and must not be written to any more.
    pub fn zmq_msg_copy(to: *mut zmq_msg_t, from: *mut zmq_msg_t) -> c_int;
    /// Where the bytes are, until the frame is used in another call.
    pub fn zmq_msg_data(msg: *mut zmq_msg_t) -> *mut c_void;
    /// How many bytes there are.
    pub fn zmq_msg_size(msg: *const zmq_msg_t) -> usize;
    /// 1 if more frames of the same message follow.
    pub fn zmq_msg_more(msg: *const zmq_msg_t) -> c_int;
    /// A property that is an `int`: `ZMQ_MORE`, `ZMQ_SHARED`.
    pub fn zmq_msg_get(msg: *const zmq_msg_t, property: c_int) -> c_int;
    /// Sets a property. No property can be set in 4.3.5: always `EINVAL`.
    pub fn zmq_msg_set(msg: *mut zmq_msg_t, property: c_int, value: c_int) -> c_int;
    /// A property that is a string, such as `Peer-Address` or one of the peer's `X-…`; null with
    /// `EINVAL` if the frame has none of that name. Lives as long as the frame.
    pub fn zmq_msg_gets(msg: *const zmq_msg_t, property: *const c_char) -> *const c_char;
}

// Sockets.
unsafe extern "C" {
    /// A new socket.
    pub fn zmq_socket(context: *mut c_void, socket_type: c_int) -> *mut c_void;
    /// Closes a socket. What waits outbound follows `ZMQ_LINGER`.
    pub fn zmq_close(socket: *mut c_void) -> c_int;
    /// Sets an option; its type is in [the list of options](crate#constants).
    pub fn zmq_setsockopt(
        socket: *mut c_void,
        option: c_int,
        value: *const c_void,
        length: usize,
    ) -> c_int;
    /// An option; `length` is the room, and then what was used.
    pub fn zmq_getsockopt(
        socket: *mut c_void,
        option: c_int,
        value: *mut c_void,
        length: *mut usize,
    ) -> c_int;
    /// Accepts connections on an endpoint.
    pub fn zmq_bind(socket: *mut c_void, endpoint: *const c_char) -> c_int;
    /// Connects to an endpoint, and keeps at it.
    pub fn zmq_connect(socket: *mut c_void, endpoint: *const c_char) -> c_int;
    /// Undoes `zmq_bind`, ending the connections that came in there.
    pub fn zmq_unbind(socket: *mut c_void, endpoint: *const c_char) -> c_int;
    /// Undoes `zmq_connect`.
    pub fn zmq_disconnect(socket: *mut c_void, endpoint: *const c_char) -> c_int;
    /// Sends a copy of bytes as a frame.
    pub fn zmq_send(socket: *mut c_void, data: *const c_void, length: usize, flags: c_int)
    -> c_int;
    /// Sends bytes that are never freed and never change as a frame, without a copy.
    pub fn zmq_send_const(
        socket: *mut c_void,
        data: *const c_void,
        length: usize,
        flags: c_int,
    ) -> c_int;
    /// Receives a frame into room that is there, cutting off what does not fit; returns the frame's
    /// own length.
    pub fn zmq_recv(socket: *mut c_void, data: *mut c_void, length: usize, flags: c_int) -> c_int;
    /// Draft. The state of one peer of a ROUTER: `ZMQ_POLLOUT` if a message to it would be taken,
    /// `EHOSTUNREACH` if there is none of that routing id.
    pub fn zmq_socket_get_peer_state(
        socket: *mut c_void,
        routing_id: *const c_void,
        length: usize,
    ) -> c_int;
}

// Monitors.
unsafe extern "C" {
    /// Lets a PAIR at an `inproc` endpoint tell the events of a socket, protocol 1: a frame
    /// {u16 event, u32 value} and a frame with the endpoint. A null endpoint ends it.
    ///
    /// It has to be read: when its queue is full, some 2,000 events, the I/O thread that has one
    /// more to tell stops, and all its sockets with it.
    pub fn zmq_socket_monitor(socket: *mut c_void, endpoint: *const c_char, events: c_int)
    -> c_int;
    /// Draft. The same with a choice of protocol (2: frames u64 event, u64 n, n × u64 value, local
    /// endpoint, remote endpoint) and of the telling socket (PAIR, PUSH, or PUB, which drops what
    /// nobody reads).
    ///
    /// With the feature `needed` there is a version 3, whose `endpoint` is the address of a
    /// `zmq_sys_monitor_t`, which is called instead.
    pub fn zmq_socket_monitor_versioned(
        socket: *mut c_void,
        endpoint: *const c_char,
        events: u64,
        version: c_int,
        socket_type: c_int,
    ) -> c_int;
    /// Draft. Asks for a `ZMQ_EVENT_PIPES_STATS` for each connection: how many messages wait
    /// outbound and inbound. The answer passes through the socket, so it needs a later call on it
    /// (reading `ZMQ_EVENTS` is one), and over `inproc`, where it names no endpoint, one on the peer
    /// before. `EINVAL` without such a monitor, `EAGAIN` while the socket knows of no connection; it
    /// learns of one that came in by being called, too.
    pub fn zmq_socket_monitor_pipes_stats(socket: *mut c_void) -> c_int;
}

// Waiting and passing on.
unsafe extern "C" {
    /// Waits for something to happen on one of `count` items, at most `timeout` milliseconds, -1 for
    /// ever; how many it happened on.
    pub fn zmq_poll(items: *mut zmq_pollitem_t, count: c_int, timeout: c_long) -> c_int;
    /// Passes on between two sockets, both ways, with a copy to a third if it is not null. Returns
    /// only when the context goes.
    pub fn zmq_proxy(frontend: *mut c_void, backend: *mut c_void, capture: *mut c_void) -> c_int;
    /// The same, listening to `PAUSE`, `RESUME`, `TERMINATE`, `STATISTICS` on a fourth.
    pub fn zmq_proxy_steerable(
        frontend: *mut c_void,
        backend: *mut c_void,
        capture: *mut c_void,
        control: *mut c_void,
    ) -> c_int;
}

// Keys.
unsafe extern "C" {
    /// Writes bytes, a multiple of 4, as Z85: 5 characters for 4 bytes, and a 0. Null on failure.
    pub fn zmq_z85_encode(to: *mut c_char, data: *const u8, size: usize) -> *mut c_char;
    /// Reads Z85, a multiple of 5 characters: 4 bytes for each 5. Null on failure.
    pub fn zmq_z85_decode(to: *mut u8, text: *const c_char) -> *mut u8;
    /// A new pair of CURVE keys in Z85, 40 characters and a 0 each.
    pub fn zmq_curve_keypair(public: *mut c_char, secret: *mut c_char) -> c_int;
    /// The public key that belongs to a secret one, both in Z85.
    pub fn zmq_curve_public(public: *mut c_char, secret: *const c_char) -> c_int;
}
