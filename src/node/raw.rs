//! A libzmq socket without the zmq crate's panics: every failure is an [`Errno`].
//!
//! Owns all unsafe code about sockets and contexts; messages are `message/frame.rs`'s. Never
//! decides anything.
#![expect(unsafe_code, reason = "zmq has no setter for most options and panics on unknown errnos")]

use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::fmt;
use std::os::fd::RawFd;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use super::lingering::Lingering;
use crate::event::Events;
use crate::message::Frame;
use crate::zeromq::{OptionValue, Role};

/// An error number of libzmq or the system.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Errno(pub c_int);

impl Errno {
    /// A send or receive that would have to wait.
    pub const AGAIN: Self = Self(libc::EAGAIN);
    /// A ROUTER has no peer of that routing id.
    pub const HOST_UNREACHABLE: Self = Self(libc::EHOSTUNREACH);
    /// libzmq knows no such endpoint.
    pub const NOT_FOUND: Self = Self(libc::ENOENT);
    /// Somebody else has the endpoint.
    pub const ADDRESS_IN_USE: Self = Self(libc::EADDRINUSE);

    fn last() -> Self {
        // SAFETY: reads a thread-local.
        Self(unsafe { zmq_sys::zmq_errno() })
    }
}

impl fmt::Display for Errno {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // SAFETY: the text is static and ends with a zero.
        let text = unsafe { CStr::from_ptr(zmq_sys::zmq_strerror(self.0)) };
        f.write_str(&text.to_string_lossy())
    }
}

impl std::error::Error for Errno {}

/// A socket, used by the thread that made it and closed when dropped.
pub(super) struct RawSocket {
    pointer: *mut c_void,
    /// What a monitor calls, and what that hands on to.
    monitor: Option<(Box<zmq_sys::zmq_sys_monitor_t>, Box<Listener>)>,
    /// Who hears of the socket when it is closed.
    epilogue: Option<Listener>,
    /// Closes the socket when it is dropped.
    _owner: zmq::Socket,
}

impl RawSocket {
    /// A socket of that type. `rep` and `pub` run as ROUTER and XPUB underneath: the same for
    /// every peer of theirs, but what ZeroMQ hides can be seen.
    /// `conflate` works on a true PUB only, so such a `pub` gets one.
    pub(super) fn open(context: &Context, role: Role, conflate: bool) -> Result<Self, Errno> {
        let kind = match role {
            Role::Pair => zmq_sys::ZMQ_PAIR,
            Role::Pub if conflate => zmq_sys::ZMQ_PUB,
            Role::Pub | Role::Xpub => zmq_sys::ZMQ_XPUB,
            Role::Sub => zmq_sys::ZMQ_SUB,
            Role::Req => zmq_sys::ZMQ_REQ,
            Role::Rep | Role::Router => zmq_sys::ZMQ_ROUTER,
            Role::Dealer => zmq_sys::ZMQ_DEALER,
            Role::Push => zmq_sys::ZMQ_PUSH,
            Role::Pull => zmq_sys::ZMQ_PULL,
            Role::Xsub => zmq_sys::ZMQ_XSUB,
            Role::Stream => zmq_sys::ZMQ_STREAM,
        };
        // SAFETY: the context lives until every socket is closed: termination waits for them.
        let pointer = unsafe { zmq_sys::zmq_socket(context.0.pointer, kind.cast_signed()) };
        if pointer.is_null() {
            return Err(Errno::last());
        }
        // SAFETY: the pointer is a fresh socket that nobody else owns.
        let owner = unsafe { zmq::Socket::from_raw(pointer) };
        Ok(Self { pointer, monitor: None, epilogue: None, _owner: owner })
    }

    /// Sets an option by libzmq's number.
    pub(super) fn set(&self, option: i32, value: &OptionValue) -> Result<(), Errno> {
        match value {
            OptionValue::Int(value) => self.set_bytes(option, &value.to_ne_bytes()),
            OptionValue::Long(value) => self.set_bytes(option, &value.to_ne_bytes()),
            OptionValue::Bytes(bytes) => self.set_bytes(option, bytes),
        }
    }

    /// Sets an option that is bytes.
    pub(super) fn set_bytes(&self, option: i32, bytes: &[u8]) -> Result<(), Errno> {
        // SAFETY: the pointer is a live socket of this thread, the bytes are as long as said.
        check(unsafe {
            zmq_sys::zmq_setsockopt(self.pointer, option, bytes.as_ptr().cast(), bytes.len())
        })
    }

    /// An option that is a C int.
    pub(super) fn get_int(&self, option: u32) -> Result<i32, Errno> {
        let mut value: c_int = 0;
        let mut length = size_of::<c_int>();
        // SAFETY: as in `set_bytes`; the room is that of an int.
        check(unsafe {
            zmq_sys::zmq_getsockopt(
                self.pointer,
                option.cast_signed(),
                std::ptr::from_mut(&mut value).cast(),
                &mut length,
            )
        })?;
        Ok(value)
    }

    /// `ZMQ_EVENTS`: whether a receive would go through. Processes every command that
    /// waits, and so consumes the descriptor's edge.
    pub(super) fn events(&self) -> Result<Readiness, Errno> {
        self.get_int(zmq_sys::ZMQ_EVENTS).map(Readiness)
    }

    /// Registers `ZMQ_FD` with this thread's reactor. The result has to be dropped before the
    /// socket is.
    pub(super) fn watch(&self) -> Result<AsyncFd<RawFd>, Errno> {
        let descriptor = self.get_int(zmq_sys::ZMQ_FD)?;
        // SAFETY: the descriptor is open as long as the socket; its holders declare the watch
        // before the socket, so it is dropped first.
        unsafe { AsyncFd::register_with_interest(descriptor, Interest::READABLE) }
            .map_err(|error| Errno(std::io::Error::from(error).raw_os_error().unwrap_or(libc::EIO)))
    }

    /// `ZMQ_LAST_ENDPOINT`: with the port that the system chose.
    pub(super) fn last_endpoint(&self) -> Result<String, Errno> {
        let mut room = [0_u8; 512];
        let mut length = room.len();
        // SAFETY: as in `get_int`.
        check(unsafe {
            zmq_sys::zmq_getsockopt(
                self.pointer,
                zmq_sys::ZMQ_LAST_ENDPOINT.cast_signed(),
                room.as_mut_ptr().cast(),
                &mut length,
            )
        })?;
        let text = &room[..length.saturating_sub(1)];
        Ok(String::from_utf8_lossy(text).into_owned())
    }

    /// Binds.
    pub(super) fn bind(&self, endpoint: &str) -> Result<(), Errno> {
        // SAFETY: a live socket and a string that ends with a zero.
        with_endpoint(endpoint, |text| unsafe { zmq_sys::zmq_bind(self.pointer, text) })
    }

    /// Connects.
    pub(super) fn connect(&self, endpoint: &str) -> Result<(), Errno> {
        // SAFETY: as in `bind`.
        with_endpoint(endpoint, |text| unsafe { zmq_sys::zmq_connect(self.pointer, text) })
    }

    /// Takes a bound endpoint away; the text is that of `last_endpoint`.
    pub(super) fn unbind(&self, endpoint: &str) -> Result<(), Errno> {
        // SAFETY: as in `bind`.
        with_endpoint(endpoint, |text| unsafe { zmq_sys::zmq_unbind(self.pointer, text) })
    }

    /// Takes a connection away.
    pub(super) fn disconnect(&self, endpoint: &str) -> Result<(), Errno> {
        // SAFETY: as in `bind`.
        with_endpoint(endpoint, |text| unsafe { zmq_sys::zmq_disconnect(self.pointer, text) })
    }

    /// Sends a frame without waiting; on failure it stays whole.
    pub(super) fn send(&self, frame: &mut Frame, more: bool) -> Result<(), Errno> {
        let flags = zmq_sys::ZMQ_DONTWAIT | if more { zmq_sys::ZMQ_SNDMORE } else { 0 };
        loop {
            // SAFETY: a live socket and an initialised message.
            let status =
                unsafe { zmq_sys::zmq_msg_send(frame.as_raw(), self.pointer, flags.cast_signed()) };
            match check(status) {
                Err(Errno(libc::EINTR)) => {}
                result => return result,
            }
        }
    }

    /// Receives a frame without waiting, in place of the one given, and says how many bytes it has.
    pub(super) fn receive(&self, frame: &mut Frame) -> Result<usize, Errno> {
        loop {
            // SAFETY: as in `send`.
            let status = unsafe {
                zmq_sys::zmq_msg_recv(
                    frame.as_raw(),
                    self.pointer,
                    zmq_sys::ZMQ_DONTWAIT.cast_signed(),
                )
            };
            match check(status) {
                Err(Errno(libc::EINTR)) => {}
                Err(errno) => return Err(errno),
                // libzmq says no more than that.
                Ok(()) if status == c_int::MAX => return Ok(frame.len()),
                Ok(()) => return Ok(usize::try_from(status).unwrap_or_default()),
            }
        }
    }

    /// Has events told to a listener, in whichever thread they happen, until the socket is dropped.
    /// It must not block: the thread may be libzmq's own.
    pub(super) fn monitor(&mut self, events: u32, listener: Listener) -> Result<(), Errno> {
        let listener = Box::new(listener);
        let hint = std::ptr::from_ref(&*listener).cast_mut().cast();
        let call = Box::new(zmq_sys::zmq_sys_monitor_t { tell, hint });
        // SAFETY: a live socket; the address stays valid, because the monitor is stopped before
        // `self.monitor` is dropped or replaced.
        check(unsafe {
            zmq_sys::zmq_socket_monitor_versioned(
                self.pointer,
                std::ptr::from_ref(&*call).cast(),
                u64::from(events),
                zmq_sys::ZMQ_SYS_EVENT_VERSION_CALL.cast_signed(),
                zmq_sys::ZMQ_PAIR.cast_signed(),
            )
        })?;
        self.monitor = Some((call, listener));
        Ok(())
    }

    /// Lets the monitor tell how full the queues of each connection are, in a moment.
    pub(super) fn ask_queues(&self) -> Result<(), Errno> {
        // SAFETY: a live socket of this thread, and a libzmq that leaves out connections that are just
        // ending, by `zmq-sys/patches/0001-pipe-statistics.patch`.
        check(unsafe { zmq_sys::zmq_socket_monitor_pipes_stats(self.pointer) })
    }

    /// Has a listener told of the socket from the moment it is closed: [`CLOSED`] at once, who
    /// connects yet, what it drops, and `ZMQ_EVENT_MONITOR_STOPPED` when nothing of it is left. It
    /// must not block.
    pub(super) fn at_its_end(&mut self, listener: Listener) {
        self.epilogue = Some(listener);
    }

    /// Leaves the monitor to the epilogue; whether it did.
    fn begin_epilogue(&mut self) -> bool {
        let Some(listener) = self.epilogue.take() else { return false };
        listener(CLOSED.into(), &[], c"", c"");
        let mut epilogue = Box::new(Epilogue {
            call: zmq_sys::zmq_sys_monitor_t { tell: tell_end, hint: std::ptr::null_mut() },
            listener,
        });
        epilogue.call.hint = std::ptr::from_mut(&mut *epilogue).cast();
        let epilogue = Box::into_raw(epilogue);
        // SAFETY: a live socket; the address stays valid until `tell_end` hears that the monitor
        // has stopped, which libzmq tells last.
        let started = check(unsafe {
            zmq_sys::zmq_socket_monitor_versioned(
                self.pointer,
                (&raw const (*epilogue).call).cast(),
                u64::from(
                    zmq_sys::ZMQ_EVENT_HANDSHAKE_SUCCEEDED
                        | zmq_sys::ZMQ_SYS_EVENT_UNSENT
                        | zmq_sys::ZMQ_EVENT_MONITOR_STOPPED,
                ),
                zmq_sys::ZMQ_SYS_EVENT_VERSION_CALL.cast_signed(),
                zmq_sys::ZMQ_PAIR.cast_signed(),
            )
        });
        if started.is_err() {
            // SAFETY: libzmq did not take it.
            let epilogue = unsafe { Box::from_raw(epilogue) };
            (epilogue.listener)(zmq_sys::ZMQ_EVENT_MONITOR_STOPPED.into(), &[], c"", c"");
        }
        started.is_ok()
    }

    fn stop_monitor(&self) {
        // SAFETY: a live socket; a null endpoint ends the monitor. libzmq tells events under a
        // lock that this call takes too, so none is under way after it.
        unsafe {
            zmq_sys::zmq_socket_monitor_versioned(
                self.pointer,
                std::ptr::null(),
                0,
                zmq_sys::ZMQ_SYS_EVENT_VERSION_CALL.cast_signed(),
                zmq_sys::ZMQ_PAIR.cast_signed(),
            );
        }
    }
}

impl Drop for RawSocket {
    fn drop(&mut self) {
        if !self.begin_epilogue() {
            self.stop_monitor();
        }
    }
}

/// What an epilogue hears first; no event of libzmq's.
pub(super) const CLOSED: u32 = 0x8000_0000;

/// What a closed socket tells, and to whom.
struct Epilogue {
    call: zmq_sys::zmq_sys_monitor_t,
    listener: Listener,
}

/// Lets no closed socket of this process linger for longer than that from now on. The released libzmq
/// cannot do that; there only the process's own end is left.
pub(super) fn linger_at_most(time: Duration) {
    let milliseconds = u64::try_from(time.as_millis()).unwrap_or(u64::MAX >> 1);
    #[cfg(feature = "patched-libzmq")]
    // SAFETY: it takes a number only.
    unsafe {
        zmq_sys::zmq_sys_linger_at_most(milliseconds);
    }
    #[cfg(not(feature = "patched-libzmq"))]
    let _ = milliseconds;
}

/// Says to the peer of a connection of libzmq's that nothing more is sent to it. What the peer sends
/// still arrives.
pub(super) fn end_output(descriptor: RawFd) -> Result<(), Errno> {
    // SAFETY: it takes a number only; the caller knows that it is a connection's.
    check(unsafe { libc::shutdown(descriptor, libc::SHUT_WR) })
}

/// Ends a connection of libzmq's for both sides; libzmq finds its end, and closes it.
pub(super) fn end_connection(descriptor: RawFd) -> Result<(), Errno> {
    // SAFETY: as in `end_output`.
    check(unsafe { libc::shutdown(descriptor, libc::SHUT_RDWR) })
}

/// Hears an event, its values, our end and the peer's end of the connection.
pub(super) type Listener = Box<dyn Fn(u64, &[u64], &CStr, &CStr) + Send + Sync>;

unsafe extern "C" fn tell(
    hint: *mut c_void,
    event: u64,
    values: *const u64,
    count: u64,
    local: *const c_char,
    remote: *const c_char,
) {
    // SAFETY: libzmq passes on the hint of `monitor`, and arguments that live as long as the call.
    unsafe { hear(&*hint.cast::<Listener>(), event, values, count, local, remote) }
}

/// Hands an event on.
///
/// # Safety
///
/// The arguments are those that libzmq calls a monitor with.
unsafe fn hear(
    listener: &Listener,
    event: u64,
    values: *const u64,
    count: u64,
    local: *const c_char,
    remote: *const c_char,
) {
    // SAFETY: as the caller says: so many values, and texts that end with a zero.
    unsafe {
        let values = std::slice::from_raw_parts(values, usize::try_from(count).unwrap_or(0));
        listener(event, values, CStr::from_ptr(local), CStr::from_ptr(remote));
    }
}

unsafe extern "C" fn tell_end(
    hint: *mut c_void,
    event: u64,
    values: *const u64,
    count: u64,
    local: *const c_char,
    remote: *const c_char,
) {
    let epilogue = hint.cast::<Epilogue>();
    // SAFETY: as in `tell`; the hint is the epilogue itself.
    unsafe {
        hear(&(*epilogue).listener, event, values, count, local, remote);
        if event == u64::from(zmq_sys::ZMQ_EVENT_MONITOR_STOPPED) {
            // Nothing more is told, and libzmq looks at it no more.
            drop(Box::from_raw(epilogue));
        }
    }
}

impl fmt::Debug for RawSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RawSocket({:p})", self.pointer)
    }
}

/// What `ZMQ_EVENTS` said.
#[derive(Clone, Copy, Debug)]
pub(super) struct Readiness(i32);

impl Readiness {
    /// A receive would go through.
    pub(super) fn readable(self) -> bool {
        self.0 & zmq_sys::ZMQ_POLLIN.cast_signed() != 0
    }
}

/// A libzmq context, shared by all threads; terminated when the last handle is dropped.
#[derive(Clone)]
pub struct Context(Arc<ContextPointer>, Lingering);

struct ContextPointer {
    pointer: *mut c_void,
}

// SAFETY: zmq.h says that a context is thread-safe.
unsafe impl Send for ContextPointer {}
// SAFETY: as above.
unsafe impl Sync for ContextPointer {}

impl Context {
    /// A context that may hold so many sockets. Its threads start with the first socket.
    /// What closed sockets drop is told as events.
    pub fn new(max_sockets: i32, io_threads: i32, events: Events) -> Result<Self, Errno> {
        // SAFETY: no preconditions.
        let pointer = unsafe { zmq_sys::zmq_ctx_new() };
        if pointer.is_null() {
            return Err(Errno::last());
        }
        let context = Self(Arc::new(ContextPointer { pointer }), Lingering::new(events));
        context.set(zmq_sys::ZMQ_MAX_SOCKETS, max_sockets)?;
        context.set(zmq_sys::ZMQ_IO_THREADS, io_threads)?;
        Ok(context)
    }

    /// Whether every handshake that would ask a ZAP handler fails while there is none.
    pub fn need_zap(&self, needed: bool) -> Result<(), Errno> {
        self.set(zmq_sys::ZMQ_SYS_NEEDS_ZAP, i32::from(needed))
    }

    fn set(&self, option: u32, value: i32) -> Result<(), Errno> {
        // SAFETY: a live context.
        check(unsafe { zmq_sys::zmq_ctx_set(self.0.pointer, option.cast_signed(), value) })
    }

    /// Its sockets that were closed and are not gone yet.
    #[must_use]
    pub fn lingering(&self) -> &Lingering {
        &self.1
    }

    /// The most sockets a context can ever be told to hold.
    #[must_use]
    pub fn socket_limit() -> i32 {
        65_535
    }
}

impl Drop for ContextPointer {
    fn drop(&mut self) {
        // SAFETY: the last handle is gone; the call waits for sockets that are still open.
        unsafe { zmq_sys::zmq_ctx_term(self.pointer) };
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Context({:p})", self.0.pointer)
    }
}

/// Raises the limit of open descriptors of this process as far as it goes, and returns it.
fn raise_descriptor_limit() -> u64 {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: both calls take a valid pointer to the struct.
    unsafe {
        if libc::getrlimit(libc::RLIMIT_NOFILE, &mut limit) != 0 {
            return 1024;
        }
        let raised = libc::rlimit { rlim_cur: limit.rlim_max, ..limit };
        if libc::setrlimit(libc::RLIMIT_NOFILE, &raised) == 0 {
            return raised.rlim_cur;
        }
    }
    limit.rlim_cur
}

/// Raises the limit of open descriptors as far as it goes, and has the system lay out its table for
/// so many of them.
///
/// A process with several threads waits for all processors each time the table grows, so this is
/// for before they begin.
pub fn lay_out_descriptors(expected: u64) {
    let last = expected.min(raise_descriptor_limit()).saturating_sub(1);
    // SAFETY: both calls take numbers only; the second one closes what the first one opened.
    unsafe {
        let duplicate = libc::fcntl(
            libc::STDERR_FILENO,
            libc::F_DUPFD_CLOEXEC,
            c_int::try_from(last).unwrap_or(c_int::MAX),
        );
        if duplicate >= 0 {
            libc::close(duplicate);
        }
    }
}

fn check(status: c_int) -> Result<(), Errno> {
    if status < 0 { Err(Errno::last()) } else { Ok(()) }
}

fn with_endpoint(endpoint: &str, call: impl FnOnce(*const c_char) -> c_int) -> Result<(), Errno> {
    let text = CString::new(endpoint).map_err(|_| Errno(libc::EINVAL))?;
    check(call(text.as_ptr()))
}
