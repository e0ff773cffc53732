//! A libzmq context.
//!
//! Owns its end: it is terminated when the last handle is dropped. Never decides anything.

use std::ffi::c_void;
use std::time::Duration;

use super::{Errno, check};

/// A libzmq context.
#[derive(Debug)]
pub(in crate::node) struct RawContext {
    pub(super) pointer: *mut c_void,
}

// SAFETY: zmq.h says that a context is thread-safe.
unsafe impl Send for RawContext {}
// SAFETY: as above.
unsafe impl Sync for RawContext {}

impl RawContext {
    pub(in crate::node) fn new() -> Result<Self, Errno> {
        // SAFETY: no preconditions.
        let pointer = unsafe { zmq_sys::zmq_ctx_new() };
        if pointer.is_null() { Err(Errno::last()) } else { Ok(Self { pointer }) }
    }

    pub(in crate::node) fn set(&self, option: u32, value: i32) -> Result<(), Errno> {
        // SAFETY: a live context.
        check(unsafe { zmq_sys::zmq_ctx_set(self.pointer, option.cast_signed(), value) })
    }
}

impl Drop for RawContext {
    fn drop(&mut self) {
        // SAFETY: the last handle is gone; the call waits for sockets that are still open.
        unsafe { zmq_sys::zmq_ctx_term(self.pointer) };
    }
}

/// Lets no closed socket of this process linger for longer than that from now on. The released libzmq
/// cannot do that; there only the process's own end is left.
pub(in crate::node) fn linger_at_most(time: Duration) {
    let milliseconds = u64::try_from(time.as_millis()).unwrap_or(u64::MAX >> 1);
    #[cfg(feature = "patched-libzmq")]
    // SAFETY: it takes a number only.
    unsafe {
        zmq_sys::zmq_sys_linger_at_most(milliseconds);
    }
    #[cfg(not(feature = "patched-libzmq"))]
    let _ = milliseconds;
}
