//! A libzmq socket without the zmq crate's panics: every failure is an [`Errno`].
//!
//! Owns all unsafe code about sockets and contexts; messages are `message/frame.rs`'s. Never
//! decides anything.
#![expect(unsafe_code, reason = "zmq has no setter for most options and panics on unknown errnos")]

mod context;
mod events;
mod system;

pub(super) use context::{RawContext, linger_at_most};
pub(super) use events::{CLOSED, Listener};
pub(super) use system::{end_connection, end_output};
pub use system::{lay_out_descriptors, look_up_hosts_by_itself};

use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::fmt;
use std::os::fd::RawFd;

use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use crate::message::Frame;
use crate::zeromq::Role;

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
    /// A REQ or REP is asked for what is not its turn: libzmq's `EFSM`.
    pub const WRONG_STATE: Self = Self(156_384_763);

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
    pub(super) fn open(context: &RawContext, role: Role, conflate: bool) -> Result<Self, Errno> {
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
        Self::open_kind(context, kind)
    }

    /// A socket that is what it is called.
    pub(super) fn open_as(context: &RawContext, role: Role) -> Result<Self, Errno> {
        if role == Role::Rep {
            return Self::open_kind(context, zmq_sys::ZMQ_REP);
        }
        Self::open(context, role, role == Role::Pub)
    }

    fn open_kind(context: &RawContext, kind: u32) -> Result<Self, Errno> {
        // SAFETY: the context lives until every socket is closed: termination waits for them.
        let pointer = unsafe { zmq_sys::zmq_socket(context.pointer, kind.cast_signed()) };
        if pointer.is_null() {
            return Err(Errno::last());
        }
        // SAFETY: the pointer is a fresh socket that nobody else owns.
        let owner = unsafe { zmq::Socket::from_raw(pointer) };
        Ok(Self { pointer, monitor: None, epilogue: None, _owner: owner })
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
        watch(self.get_int(zmq_sys::ZMQ_FD)?)
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

    /// Receives a frame without waiting, in place of the one given: how many bytes it has, and whether
    /// more frames of its message follow.
    #[inline]
    pub(super) fn receive(&self, frame: &mut Frame) -> Result<(usize, bool), Errno> {
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
                Ok(()) if status == c_int::MAX => return Ok((frame.len(), frame.more())),
                Ok(()) => return Ok((usize::try_from(status).unwrap_or_default(), frame.more())),
            }
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

impl fmt::Debug for RawSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RawSocket({:p})", self.pointer)
    }
}

/// What `ZMQ_EVENTS` said.
#[derive(Clone, Copy, Debug)]
pub(super) struct Readiness(i32);

impl Readiness {
    /// What a socket says that is not libzmq's.
    pub(super) fn of(readable: bool) -> Self {
        Self(if readable { zmq_sys::ZMQ_POLLIN.cast_signed() } else { 0 })
    }

    /// A receive would go through.
    pub(super) fn readable(self) -> bool {
        self.0 & zmq_sys::ZMQ_POLLIN.cast_signed() != 0
    }
}

/// Registers a socket's descriptor with this thread's reactor.
pub(super) fn watch(descriptor: RawFd) -> Result<AsyncFd<RawFd>, Errno> {
    // SAFETY: the descriptor is open as long as the socket; its holders declare the watch before the
    // socket, so it is dropped first.
    unsafe { AsyncFd::register_with_interest(descriptor, Interest::READABLE) }
        .map_err(|error| Errno(std::io::Error::from(error).raw_os_error().unwrap_or(libc::EIO)))
}

fn check(status: c_int) -> Result<(), Errno> {
    if status < 0 { Err(Errno::last()) } else { Ok(()) }
}

fn with_endpoint(endpoint: &str, call: impl FnOnce(*const c_char) -> c_int) -> Result<(), Errno> {
    let text = CString::new(endpoint).map_err(|_| Errno(libc::EINVAL))?;
    check(call(text.as_ptr()))
}
