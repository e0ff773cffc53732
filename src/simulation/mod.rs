//! ZeroMQ's sockets without a network: in one process, in the time that it is told, in an order that is
//! drawn from a seed.
//!
//! Owns what libzmq's sockets do with messages: queues with high-water marks at both ends and credit in
//! steps of half, turns, fair queueing, the lockstep of REQ and REP, envelopes, routing ids,
//! subscriptions that travel, what is dropped where. What real sockets leave open — who is first, how
//! far a queue has got — is drawn. Never waits, never reads a clock, and touches nothing of the system.

mod bell;
mod breaking;
mod closing;
mod disk;
mod end;
mod endpoints;
mod faults;
mod line;
mod link;
mod membership;
mod network;

mod receiving;
mod sending;
mod socket;
mod stream;
mod survey;
mod topics;
mod turns;
mod wishes;

mod pipe;

pub(crate) use bell::Bell;
pub(crate) use disk::Disk;
pub(crate) use faults::Fault;
pub(crate) use network::{Network, Next, SimulatedSocket};
pub(crate) use survey::{Stretch, Survey};

use std::time::Duration;

/// What a socket can be set to. What libzmq has beyond that is of a network that is not there.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Setting {
    /// `sndhwm`, in messages; 0 is no limit.
    SendMark(u64),
    /// `rcvhwm`, in messages; 0 is no limit.
    ReceiveMark(u64),
    /// `linger`; none is without end.
    Linger(Option<Duration>),
    /// `routing_id`.
    RoutingId(Vec<u8>),
    /// `conflate`.
    Conflate(bool),
    /// `immediate`.
    Immediate(bool),
    /// `router_mandatory`.
    RouterMandatory(bool),
    /// `router_handover`.
    RouterHandover(bool),
    /// `probe_router`.
    ProbeRouter(bool),
    /// `req_relaxed`.
    ReqRelaxed(bool),
    /// `req_correlate`.
    ReqCorrelate(bool),
    /// `xpub_verbose`.
    XpubVerbose(bool),
    /// `xpub_verboser`.
    XpubVerboser(bool),
    /// `xpub_nodrop`.
    XpubNoDrop(bool),
    /// `invert_matching`.
    InvertMatching(bool),
    /// `reconnect_ivl`; none is never.
    ReconnectIvl(Option<Duration>),
    /// `heartbeat_ivl`; none is no heartbeats.
    HeartbeatIvl(Option<Duration>),
    /// `heartbeat_timeout`; none is as long as the interval.
    HeartbeatTimeout(Option<Duration>),
}

/// Why a socket does not do what it is asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Refusal {
    /// It would have to wait.
    Again,
    /// A ROUTER has no peer of that routing id.
    HostUnreachable,
    /// A REQ or REP is not in the state for it.
    WrongState,
    /// Somebody else has the endpoint.
    InUse,
    /// It has no such endpoint.
    NotFound,
    /// Its role cannot do that.
    Unsupported,
}

/// What a socket tells of its connections; the texts are its own end and the peer's.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Told<'t> {
    /// The handshake is done.
    Connected(&'t (String, String)),
    /// The connection broke.
    Disconnected(&'t (String, String)),
    /// Nobody listens at an endpoint.
    Refused(&'t str),
    /// A ROUTER does not take a peer, since it has one of that routing id.
    TurnedAway(&'t (String, String)),
    /// Messages in the queues of a connection.
    Queues {
        /// Which.
        ends: &'t (String, String),
        /// Out, as far as the socket knows of its readers' progress.
        outbound: u64,
        /// Out, really.
        unsent: u64,
        /// In.
        inbound: u64,
    },
    /// So many messages were dropped with a closed socket.
    Unsent {
        /// Of which connection.
        ends: &'t (String, String),
        /// How many.
        count: u64,
    },
    /// Nothing is left of a closed socket.
    Stopped,
}

#[cfg(test)]
mod tests;
