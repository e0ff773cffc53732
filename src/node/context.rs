//! The libzmq context of a run.
//!
//! Owns what all of its sockets share: their number, and who hears of those that were closed. Never
//! touches a socket.

use std::fmt;
use std::sync::Arc;

use super::lingering::Lingering;
use super::raw::{Errno, RawContext};
use crate::event::Events;

/// A libzmq context, shared by all threads; terminated when the last handle is dropped.
#[derive(Clone)]
pub struct Context(Arc<RawContext>, Lingering);

impl Context {
    /// A context that may hold so many sockets. Its threads start with the first socket.
    /// What closed sockets drop is told as events.
    pub fn new(max_sockets: i32, io_threads: i32, events: Events) -> Result<Self, Errno> {
        let raw = RawContext::new()?;
        raw.set(zmq_sys::ZMQ_MAX_SOCKETS, max_sockets)?;
        raw.set(zmq_sys::ZMQ_IO_THREADS, io_threads)?;
        Ok(Self(Arc::new(raw), Lingering::new(events)))
    }

    /// Whether every handshake that would ask a ZAP handler fails while there is none.
    pub fn need_zap(&self, needed: bool) -> Result<(), Errno> {
        self.0.set(zmq_sys::ZMQ_SYS_NEEDS_ZAP, i32::from(needed))
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

    pub(super) fn raw(&self) -> &RawContext {
        &self.0
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Context({:?})", self.0)
    }
}
