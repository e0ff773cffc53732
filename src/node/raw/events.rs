//! Monitors of sockets, and what a closed socket tells yet.
//!
//! Owns how long what libzmq calls stays alive. Never decides anything.

use std::ffi::{CStr, c_char, c_void};

use super::{Errno, RawSocket, check};

impl RawSocket {
    /// Has events told to a listener, in whichever thread they happen, until the socket is dropped.
    /// It must not block: the thread may be libzmq's own.
    pub(in crate::node) fn monitor(
        &mut self,
        events: u32,
        listener: Listener,
    ) -> Result<(), Errno> {
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
    pub(in crate::node) fn ask_queues(&self) -> Result<(), Errno> {
        // SAFETY: a live socket of this thread, and a libzmq that leaves out connections that are just
        // ending, by `zmq-sys/patches/0001-pipe-statistics.patch`.
        check(unsafe { zmq_sys::zmq_socket_monitor_pipes_stats(self.pointer) })
    }

    /// Has a listener told of the socket from the moment it is closed: [`CLOSED`] at once, who
    /// connects yet, what it drops, and `ZMQ_EVENT_MONITOR_STOPPED` when nothing of it is left. It
    /// must not block.
    pub(in crate::node) fn at_its_end(&mut self, listener: Listener) {
        self.epilogue = Some(listener);
    }

    /// Leaves the monitor to the epilogue; whether it did.
    pub(super) fn begin_epilogue(&mut self) -> bool {
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

    pub(super) fn stop_monitor(&self) {
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

/// What an epilogue hears first; no event of libzmq's.
pub(in crate::node) const CLOSED: u32 = 0x8000_0000;

/// What a closed socket tells, and to whom.
struct Epilogue {
    call: zmq_sys::zmq_sys_monitor_t,
    listener: Listener,
}

/// Hears an event, its values, our end and the peer's end of the connection.
pub(in crate::node) type Listener = Box<dyn Fn(u64, &[u64], &CStr, &CStr) + Send + Sync>;

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
