//! The libzmq context of a run.
//!
//! Owns what all of its sockets share: their number, and who hears of those that were closed. Never
//! touches a socket.

use std::fmt;
use std::sync::Arc;

use super::carrier::Carrier;
#[cfg(test)]
use super::carrier::double::Doubles;
use super::carrier::simulated::Simulated;
use super::door::Doors;
use super::known_servers::KnownServers;
use super::lingering::Lingering;
use super::raw::{Errno, RawContext, RawSocket};
use crate::event::Events;
use crate::simulation::Network;
use crate::topology::SocketSpec;
use crate::zeromq::Role;

/// Whom handshakes have to ask.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Asking {
    /// Nobody.
    Nobody,
    /// A node of the file.
    HandlerOfTheFile,
    /// The run itself, which is told which connection it is about.
    HandlerOfTheRun,
}

/// A libzmq context, shared by all threads; terminated when the last handle is dropped.
#[derive(Clone)]
pub struct Context {
    raw: Arc<RawContext>,
    lingering: Lingering,
    doors: Doors,
    servers: KnownServers,
    /// Whose its sockets are instead of libzmq's.
    network: Option<Network>,
    /// What its sockets are in a test of one node.
    #[cfg(test)]
    doubles: Option<Doubles>,
}

impl Context {
    /// A context that may hold so many sockets. Its threads start with the first socket.
    /// What closed sockets drop is told as events.
    pub fn new(max_sockets: i32, io_threads: i32, events: Events) -> Result<Self, Errno> {
        let raw = RawContext::new()?;
        raw.set(zmq_sys::ZMQ_MAX_SOCKETS, max_sockets)?;
        raw.set(zmq_sys::ZMQ_IO_THREADS, io_threads)?;
        Ok(Self {
            raw: Arc::new(raw),
            lingering: Lingering::new(events),
            doors: Doors::default(),
            servers: KnownServers::default(),
            network: None,
            #[cfg(test)]
            doubles: None,
        })
    }

    /// A context whose sockets are those of a simulation.
    pub(crate) fn simulated(network: &Network, events: Events) -> Result<Self, Errno> {
        let network = Some(network.clone());
        Ok(Self { network, ..Self::new(1, 0, events)? })
    }

    /// libzmq's own.
    pub(super) fn raw(&self) -> &RawContext {
        &self.raw
    }

    /// Whether its sockets are those of a simulation.
    #[must_use]
    pub fn is_simulated(&self) -> bool {
        self.network.is_some()
    }

    /// The simulation that its sockets are of.
    pub(super) fn network(&self) -> Option<&Network> {
        self.network.as_ref()
    }

    /// Whether every handshake that would ask a ZAP handler fails while there is none.
    pub fn need_zap(&self, needed: Asking) -> Result<(), Errno> {
        self.raw.set(
            zmq_sys::ZMQ_SYS_NEEDS_ZAP,
            match needed {
                Asking::Nobody => 0,
                Asking::HandlerOfTheFile => 1,
                Asking::HandlerOfTheRun => 2,
            },
        )
    }

    /// Where a ZAP handler of the run says what becomes of connections.
    pub(super) fn doors(&self) -> &Doors {
        &self.doors
    }

    /// The public keys of those of its sockets that are CURVE servers.
    pub(super) fn servers(&self) -> &KnownServers {
        &self.servers
    }

    /// A socket of its own, for who speaks for the run.
    pub(super) fn open_raw(&self, role: Role) -> Result<RawSocket, Errno> {
        RawSocket::open(&self.raw, role, false)
    }

    /// Its sockets that were closed and are not gone yet.
    #[must_use]
    pub fn lingering(&self) -> &Lingering {
        &self.lingering
    }

    /// The most sockets a context can ever be told to hold.
    #[must_use]
    pub fn socket_limit() -> i32 {
        65_535
    }

    /// Opens what carries the messages of a socket.
    pub(super) fn open(&self, owner: &str, spec: &SocketSpec) -> Result<Carrier, Errno> {
        #[cfg(test)]
        if let Some(doubles) = &self.doubles {
            return Ok(Carrier::Double(doubles.open(owner, &spec.name)));
        }
        if let Some(network) = &self.network {
            let socket = Simulated::open(network, owner, spec.role, spec.is_on("conflate"));
            return Ok(Carrier::Simulated(socket));
        }
        RawSocket::open(&self.raw, spec.role, spec.is_on("conflate")).map(Carrier::Zmq)
    }

    /// A context whose sockets are doubles.
    #[cfg(test)]
    pub(super) fn of_doubles(events: Events, doubles: &Doubles) -> Self {
        Self {
            raw: Arc::new(RawContext::new().unwrap()),
            lingering: Lingering::new(events),
            doors: Doors::default(),
            servers: KnownServers::default(),
            network: None,
            doubles: Some(doubles.clone()),
        }
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Context({:?})", self.raw)
    }
}
