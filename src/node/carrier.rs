//! What carries a node's messages: a socket of libzmq, one of a simulation, or a test's double.
//!
//! Owns the one interface of all. Never decides anything.

use std::fmt;

use self::simulated::Simulated;
use super::raw::{Errno, Listener, RawSocket, Readiness};
use super::wait::Ready;
use crate::message::Frame;
use crate::zeromq::OptionValue;

#[cfg(all(test, feature = "patched-libzmq"))]
mod agreement;
#[cfg(test)]
pub(super) mod double;
pub(super) mod simulated;

/// What carries the messages of one socket.
pub(super) enum Carrier {
    /// A socket of libzmq.
    Zmq(RawSocket),
    /// A socket of a simulation.
    Simulated(Simulated),
    /// A test's.
    #[cfg(test)]
    Double(double::Double),
}

/// The same call of either.
macro_rules! either {
    ($carrier:expr, $one:ident => $call:expr) => {
        match $carrier {
            Carrier::Zmq($one) => $call,
            Carrier::Simulated($one) => $call,
            #[cfg(test)]
            Carrier::Double($one) => $call,
        }
    };
}

impl Carrier {
    /// Whether it is one of a simulation.
    pub(super) fn is_simulated(&self) -> bool {
        matches!(self, Self::Simulated(_))
    }

    /// Sets an option by libzmq's number.
    pub(super) fn set(&self, option: i32, value: &OptionValue) -> Result<(), Errno> {
        match value {
            OptionValue::Int(value) => self.set_bytes(option, &value.to_ne_bytes()),
            OptionValue::Long(value) => self.set_bytes(option, &value.to_ne_bytes()),
            OptionValue::Bytes(bytes) => self.set_bytes(option, bytes),
            OptionValue::Secret(secret) => self.set_bytes(option, secret.expose()),
        }
    }

    /// Sets an option that is bytes.
    pub(super) fn set_bytes(&self, option: i32, bytes: &[u8]) -> Result<(), Errno> {
        either!(self, one => one.set_bytes(option, bytes))
    }

    /// An option that is a C int.
    pub(super) fn get_int(&self, option: u32) -> Result<i32, Errno> {
        either!(self, one => one.get_int(option))
    }

    /// Whether a receive would go through. Consumes the descriptor's edge.
    pub(super) fn events(&self) -> Result<Readiness, Errno> {
        either!(self, one => one.events())
    }

    /// What tells when it is to be looked at. It has to be dropped first.
    pub(super) fn watch(&self) -> Result<Ready, Errno> {
        match self {
            Self::Zmq(socket) => socket.watch().map(Ready::Descriptor),
            Self::Simulated(socket) => Ok(socket.watch()),
            #[cfg(test)]
            Self::Double(double) => double.watch().map(Ready::Descriptor),
        }
    }

    /// The last endpoint that was bound, with the port that the system chose.
    pub(super) fn last_endpoint(&self) -> Result<String, Errno> {
        either!(self, one => one.last_endpoint())
    }

    /// Binds.
    pub(super) fn bind(&self, endpoint: &str) -> Result<(), Errno> {
        either!(self, one => one.bind(endpoint))
    }

    /// Connects.
    pub(super) fn connect(&self, endpoint: &str) -> Result<(), Errno> {
        either!(self, one => one.connect(endpoint))
    }

    /// Takes a bound endpoint away; the text is that of `last_endpoint`.
    pub(super) fn unbind(&self, endpoint: &str) -> Result<(), Errno> {
        either!(self, one => one.unbind(endpoint))
    }

    /// Takes a connection away.
    pub(super) fn disconnect(&self, endpoint: &str) -> Result<(), Errno> {
        either!(self, one => one.disconnect(endpoint))
    }

    /// Sends a frame without waiting; on failure it stays whole.
    #[inline]
    pub(super) fn send(&self, frame: &mut Frame, more: bool) -> Result<(), Errno> {
        either!(self, one => one.send(frame, more))
    }

    /// Receives a frame without waiting, in place of the one given: how many bytes it has, and whether
    /// more frames of its message follow.
    #[inline]
    pub(super) fn receive(&self, frame: &mut Frame) -> Result<(usize, bool), Errno> {
        either!(self, one => one.receive(frame))
    }

    /// Has events told to a listener, until it is dropped.
    pub(super) fn monitor(&mut self, events: u32, listener: Listener) -> Result<(), Errno> {
        either!(self, one => one.monitor(events, listener))
    }

    /// Lets the monitor tell how full the queues of each connection are, in a moment.
    pub(super) fn ask_queues(&self) -> Result<(), Errno> {
        either!(self, one => one.ask_queues())
    }

    /// Has a listener told of what becomes of it once it is closed.
    pub(super) fn at_its_end(&mut self, listener: Listener) {
        either!(self, one => one.at_its_end(listener));
    }
}

impl fmt::Debug for Carrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        either!(self, one => fmt::Debug::fmt(one, f))
    }
}
