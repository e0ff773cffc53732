//! Owns the types that cross the border: a message, an item to poll, a listener to events. Their layout is libzmq's.
//!
//! It never looks into a message: what is in the 64 bytes is libzmq's affair.

use std::ffi::{c_char, c_int, c_short, c_void};

/// One frame. Opaque; always by reference.
#[repr(C, align(8))]
pub struct zmq_msg_t {
    _opaque: [u8; 64],
}

impl Default for zmq_msg_t {
    /// Room for a frame. Not yet a frame: `zmq_msg_init` and its kin make it one.
    fn default() -> Self {
        Self { _opaque: [0; 64] }
    }
}

const _: () = assert!(align_of::<zmq_msg_t>() >= align_of::<*mut c_void>());

/// Releases the data of a message; the hint is the one given to
/// [`zmq_msg_init_data`](crate::zmq_msg_init_data). May be called in any thread.
pub type zmq_free_fn = Option<unsafe extern "C" fn(data: *mut c_void, hint: *mut c_void)>;

/// A socket, or with `socket` null a descriptor, and what to wait for on it.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct zmq_pollitem_t {
    /// A socket of libzmq, or null.
    pub socket: *mut c_void,
    /// A descriptor, looked at when `socket` is null.
    pub fd: c_int,
    /// What to wait for: `ZMQ_POLL…`.
    pub events: c_short,
    /// What has come: `ZMQ_POLL…`.
    pub revents: c_short,
}

/// What a monitor of version [`ZMQ_SYS_EVENT_VERSION_CALL`](crate::ZMQ_SYS_EVENT_VERSION_CALL)
/// calls: only with the feature `needed`.
///
/// Its address is passed as the endpoint of
/// [`zmq_socket_monitor_versioned`](crate::zmq_socket_monitor_versioned), and has to stay valid
/// until the monitor is stopped with a null endpoint.
#[cfg(feature = "needed")]
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct zmq_sys_monitor_t {
    /// Called by whichever thread has something to tell, one call at a time, with `hint`, the
    /// event, its values and how many they are, and the endpoints of our end and the peer's. It
    /// must neither block nor call anything on the socket.
    pub tell: unsafe extern "C" fn(
        hint: *mut c_void,
        event: u64,
        values: *const u64,
        count: u64,
        local: *const c_char,
        remote: *const c_char,
    ),
    /// Passed on to `tell`.
    pub hint: *mut c_void,
}
