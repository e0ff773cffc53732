//! Owns the few calls of libzmq that these tests make. Never waits longer than `PATIENCE`.

use std::ffi::{CStr, CString, c_int, c_long, c_void};
use std::mem::MaybeUninit;
use std::time::{Duration, Instant};

/// How long anything may take before a test gives up on it.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// All roles, with a kind that may talk to each.
pub(crate) const ROLES: [(u32, &str, &str); 12] = [
    (zmq_sys::ZMQ_PAIR, "PAIR", "PAIR"),
    (zmq_sys::ZMQ_PUB, "PUB", "SUB"),
    (zmq_sys::ZMQ_SUB, "SUB", "PUB"),
    (zmq_sys::ZMQ_REQ, "REQ", "REP"),
    (zmq_sys::ZMQ_REP, "REP", "REQ"),
    (zmq_sys::ZMQ_DEALER, "DEALER", "ROUTER"),
    (zmq_sys::ZMQ_ROUTER, "ROUTER", "DEALER"),
    (zmq_sys::ZMQ_PULL, "PULL", "PUSH"),
    (zmq_sys::ZMQ_PUSH, "PUSH", "PULL"),
    (zmq_sys::ZMQ_XPUB, "XPUB", "XSUB"),
    (zmq_sys::ZMQ_XSUB, "XSUB", "XPUB"),
    (zmq_sys::ZMQ_STREAM, "STREAM", ""),
];

/// The kind of a role's peers.
pub(crate) fn partner(role: u32) -> &'static str {
    ROLES.iter().find(|(number, ..)| *number == role).unwrap().2
}

pub(crate) struct Context(*mut c_void);

impl Context {
    pub(crate) fn new() -> Self {
        // SAFETY: takes nothing.
        Self(unsafe { zmq_sys::zmq_ctx_new() })
    }

    pub(crate) fn socket(&self, role: u32) -> Socket {
        self.socket_if_any(role).unwrap_or_else(|| panic!("{}", why()))
    }

    /// A socket, if there may be another one.
    pub(crate) fn socket_if_any(&self, role: u32) -> Option<Socket> {
        // SAFETY: the context is alive.
        let raw = unsafe { zmq_sys::zmq_socket(self.0, role as c_int) };
        let socket = (!raw.is_null()).then_some(Socket(raw))?;
        socket.number(zmq_sys::ZMQ_LINGER, 0);
        Some(socket)
    }
}

impl Drop for Context {
    fn drop(&mut self) {
        // SAFETY: its sockets are closed: each is dropped before what made it.
        unsafe { zmq_sys::zmq_ctx_term(self.0) };
    }
}

pub(crate) struct Socket(*mut c_void);

// SAFETY: a socket may go to another thread, as long as one at a time uses it.
unsafe impl Send for Socket {}

impl Socket {
    pub(crate) fn number(&self, option: u32, value: c_int) {
        let size = size_of::<c_int>();
        // SAFETY: the value is there for the call.
        let result = unsafe {
            zmq_sys::zmq_setsockopt(self.0, option as c_int, (&raw const value).cast(), size)
        };
        assert_eq!(result, 0, "option {option} = {value}: {}", why());
    }

    /// Its socket type.
    fn role(&self) -> c_int {
        let (mut role, mut size) = (0, size_of::<c_int>());
        let option = zmq_sys::ZMQ_TYPE as c_int;
        // SAFETY: the value is there for the call.
        unsafe { zmq_sys::zmq_getsockopt(self.0, option, (&raw mut role).cast(), &raw mut size) };
        role
    }

    pub(crate) fn bytes(&self, option: u32, value: &[u8]) {
        let (data, length) = (value.as_ptr().cast(), value.len());
        // SAFETY: the value is there for the call.
        let result = unsafe { zmq_sys::zmq_setsockopt(self.0, option as c_int, data, length) };
        assert_eq!(result, 0, "option {option}: {}", why());
    }

    /// Heartbeats and high-water marks.
    pub(crate) fn paced(&self, heartbeat: c_int, mark: c_int) {
        self.number(zmq_sys::ZMQ_HEARTBEAT_IVL, heartbeat);
        self.number(zmq_sys::ZMQ_SNDHWM, mark);
        self.number(zmq_sys::ZMQ_RCVHWM, mark);
    }

    /// Binds, unless somebody has; whether it did.
    pub(crate) fn binds(&self, endpoint: &str) -> bool {
        let name = CString::new(endpoint).unwrap();
        // SAFETY: the name ends with a 0.
        unsafe { zmq_sys::zmq_bind(self.0, name.as_ptr()) == 0 }
    }

    pub(crate) fn bind(&self, endpoint: &str) -> String {
        assert!(self.binds(endpoint), "{endpoint}: {}", why());
        let mut place = [0_u8; 512];
        let mut length = place.len();
        // SAFETY: there is room for as much as `length` says.
        let result = unsafe {
            zmq_sys::zmq_getsockopt(
                self.0,
                zmq_sys::ZMQ_LAST_ENDPOINT as c_int,
                place.as_mut_ptr().cast(),
                &raw mut length,
            )
        };
        assert_eq!(result, 0);
        CStr::from_bytes_until_nul(&place).unwrap().to_str().unwrap().to_owned()
    }

    /// Binds a free port of this machine.
    pub(crate) fn bound(&self) -> u16 {
        port_of(&self.bind("tcp://127.0.0.1:*"))
    }

    pub(crate) fn connect(&self, endpoint: &str) {
        let name = CString::new(endpoint).unwrap();
        // SAFETY: the name ends with a 0.
        let result = unsafe { zmq_sys::zmq_connect(self.0, name.as_ptr()) };
        assert_eq!(result, 0, "{endpoint}: {}", why());
    }

    pub(crate) fn disconnect(&self, endpoint: &str) {
        let name = CString::new(endpoint).unwrap();
        // SAFETY: the name ends with a 0.
        let result = unsafe { zmq_sys::zmq_disconnect(self.0, name.as_ptr()) };
        assert_eq!(result, 0, "{endpoint}: {}", why());
    }

    /// Whether all of it was taken.
    pub(crate) fn send(&self, frames: &[&[u8]]) -> bool {
        frames.iter().enumerate().all(|(at, frame)| {
            let more = if at + 1 < frames.len() { zmq_sys::ZMQ_SNDMORE } else { 0 };
            let flags = (more | zmq_sys::ZMQ_DONTWAIT) as c_int;
            // SAFETY: the frame is there for the call.
            let sent =
                unsafe { zmq_sys::zmq_send(self.0, frame.as_ptr().cast(), frame.len(), flags) };
            sent >= 0
        })
    }

    /// A whole message, if one waits.
    pub(crate) fn take(&self) -> Option<Vec<Vec<u8>>> {
        let mut frames = Vec::new();
        loop {
            let mut message = MaybeUninit::<zmq_sys::zmq_msg_t>::uninit();
            let place = message.as_mut_ptr();
            // SAFETY: the message is made before it is filled, and closed once.
            let more = unsafe {
                zmq_sys::zmq_msg_init(place);
                if zmq_sys::zmq_msg_recv(place, self.0, zmq_sys::ZMQ_DONTWAIT as c_int) < 0 {
                    zmq_sys::zmq_msg_close(place);
                    assert!(frames.is_empty(), "half a message: {frames:?} of a {}", self.role());
                    return None;
                }
                let data = zmq_sys::zmq_msg_data(place).cast::<u8>();
                let length = zmq_sys::zmq_msg_size(place);
                frames.push(std::slice::from_raw_parts(data, length).to_vec());
                let more = zmq_sys::zmq_msg_more(place) != 0;
                zmq_sys::zmq_msg_close(place);
                more
            };
            if !more {
                return Some(frames);
            }
        }
    }

    /// Where the ends of this socket's connections are told from now on.
    pub(crate) fn watched(&self, context: &Context) -> Socket {
        let endpoint = format!("inproc://watch-{:p}", self.0);
        let name = CString::new(endpoint.as_str()).unwrap();
        let events = zmq_sys::ZMQ_EVENT_DISCONNECTED as c_int;
        // SAFETY: the name ends with a 0.
        assert_eq!(unsafe { zmq_sys::zmq_socket_monitor(self.0, name.as_ptr(), events) }, 0);
        let watch = context.socket(zmq_sys::ZMQ_PAIR);
        watch.connect(&endpoint);
        watch
    }

    pub(crate) fn waits_for_input(&self, patience: Duration) -> bool {
        let mut item = zmq_sys::zmq_pollitem_t {
            socket: self.0,
            fd: 0,
            events: zmq_sys::ZMQ_POLLIN as i16,
            revents: 0,
        };
        let patience = c_long::try_from(patience.as_millis()).unwrap();
        // SAFETY: one item, which is there for the call.
        unsafe { zmq_sys::zmq_poll(&raw mut item, 1, patience) > 0 }
    }

    /// The next message.
    pub(crate) fn receive(&self) -> Vec<Vec<u8>> {
        let end = Instant::now() + PATIENCE;
        while Instant::now() < end {
            if let Some(message) = self.take() {
                return message;
            }
            self.waits_for_input(Duration::from_millis(100));
        }
        panic!("no message in {PATIENCE:?}");
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        // SAFETY: it is used no more.
        unsafe { zmq_sys::zmq_close(self.0) };
    }
}

pub(crate) fn port_of(endpoint: &str) -> u16 {
    endpoint.trim_end_matches('/').rsplit(':').next().unwrap().parse().unwrap()
}

fn why() -> String {
    // SAFETY: libzmq's texts are there for ever.
    unsafe { CStr::from_ptr(zmq_sys::zmq_strerror(zmq_sys::zmq_errno())) }
        .to_string_lossy()
        .into_owned()
}
