//! What libzmq tells of a socket's connections.
//!
//! Owns the reading of monitor events and their plain words. Never acts on one.

use std::os::fd::RawFd;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use tokio::io::unix::AsyncFd;

use super::raw::{Context, Errno, RawSocket};
use crate::message::Frame;
use crate::zeromq::Role;

/// Something that happened to a connection.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct MonitorEvent {
    /// What.
    pub kind: MonitorKind,
    /// Our end; for a connecting socket the endpoint as it was given.
    pub local: String,
    /// The peer's end.
    pub remote: String,
}

/// What can happen to a connection.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum MonitorKind {
    /// The handshake is done.
    Connected,
    /// The connection broke.
    Disconnected,
    /// The handshake failed, in plain words, and whether libzmq now gives the endpoint up.
    HandshakeFailed { why: String, final_: bool },
    /// How many messages wait in its queues.
    Queues { outbound: u64, inbound: u64 },
}

const EVENTS: u32 = zmq_sys::ZMQ_EVENT_HANDSHAKE_SUCCEEDED
    | zmq_sys::ZMQ_EVENT_DISCONNECTED
    | zmq_sys::ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL
    | zmq_sys::ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL
    | zmq_sys::ZMQ_EVENT_HANDSHAKE_FAILED_AUTH
    | zmq_sys::ZMQ_EVENT_PIPES_STATS;

/// A running monitor. It ends with the socket that it watches.
#[derive(Debug)]
pub(super) struct Monitor {
    pub(super) ready: AsyncFd<RawFd>,
    inbox: RawSocket,
}

impl Monitor {
    /// Watches a socket.
    pub(super) fn start(context: &Context, watched: &RawSocket) -> Result<Self, Errno> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let endpoint = format!("inproc://zrig.monitor.{}", NEXT.fetch_add(1, Relaxed));
        watched.monitor(&endpoint, u64::from(EVENTS))?;
        let inbox = RawSocket::open(context, Role::Pair, false)?;
        inbox.set_int(zmq_sys::ZMQ_LINGER, 0)?;
        // The socket tells of its queues on our own thread: a full inbox would block it for ever.
        inbox.set_int(zmq_sys::ZMQ_RCVHWM, 0)?;
        inbox.connect(&endpoint)?;
        let ready = inbox.watch()?;
        Ok(Self { ready, inbox })
    }

    /// The next event, if one waits.
    pub(super) fn next(&self) -> Option<MonitorEvent> {
        loop {
            let frames = self.frames()?;
            if let Some(event) = decode(&frames) {
                return Some(event);
            }
        }
    }

    fn frames(&self) -> Option<Vec<Frame>> {
        let mut frames = Vec::with_capacity(6);
        loop {
            let mut frame = Frame::empty();
            if let Err(errno) = self.inbox.receive(&mut frame) {
                // Receiving may skip pending commands; reading EVENTS never does.
                let waiting = errno == Errno::AGAIN
                    && frames.is_empty()
                    && self.inbox.events().is_ok_and(|events| events.readable());
                if waiting {
                    continue;
                }
                return None;
            }
            let more = frame.more();
            frames.push(frame);
            if !more {
                return Some(frames);
            }
        }
    }
}

/// Protocol 2: event, number of values, the values, our end, the peer's end.
fn decode(frames: &[Frame]) -> Option<MonitorEvent> {
    let number = |at: usize| -> Option<u64> {
        Some(u64::from_ne_bytes(frames.get(at)?.get(..8)?.try_into().ok()?))
    };
    let event = u32::try_from(number(0)?).ok()?;
    let values = usize::try_from(number(1)?).ok()?;
    let text = |at: usize| {
        frames.get(at).map_or(String::new(), |frame| String::from_utf8_lossy(frame).into_owned())
    };
    let kind = match event {
        zmq_sys::ZMQ_EVENT_HANDSHAKE_SUCCEEDED => MonitorKind::Connected,
        zmq_sys::ZMQ_EVENT_DISCONNECTED => MonitorKind::Disconnected,
        zmq_sys::ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL => MonitorKind::HandshakeFailed {
            why: no_detail(i32::try_from(number(2)?).unwrap_or(0)),
            final_: false,
        },
        zmq_sys::ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL => MonitorKind::HandshakeFailed {
            why: protocol_error(u32::try_from(number(2)?).unwrap_or(0)),
            final_: true,
        },
        zmq_sys::ZMQ_EVENT_HANDSHAKE_FAILED_AUTH => MonitorKind::HandshakeFailed {
            why: format!("the peer was not authenticated (status {})", number(2)?),
            final_: true,
        },
        zmq_sys::ZMQ_EVENT_PIPES_STATS => {
            MonitorKind::Queues { outbound: number(2)?, inbound: number(3)? }
        }
        _ => return None,
    };
    Some(MonitorEvent { kind, local: text(2 + values), remote: text(3 + values) })
}

fn no_detail(errno: i32) -> String {
    match errno {
        0 | libc::EPIPE | libc::ECONNRESET => {
            "the peer ended the handshake; perhaps its socket type does not fit this one, or it \
             does not speak ZMTP"
                .to_owned()
        }
        libc::EPROTO => "the peer does not speak ZMTP".to_owned(),
        libc::ETIMEDOUT => "the peer did not finish the handshake in time".to_owned(),
        other => Errno(other).to_string(),
    }
}

fn protocol_error(code: u32) -> String {
    match code {
        zmq_sys::ZMQ_PROTOCOL_ERROR_ZMTP_INVALID_METADATA => {
            "the peer's socket type does not fit this one, or its greeting is malformed".to_owned()
        }
        zmq_sys::ZMQ_PROTOCOL_ERROR_ZMTP_MECHANISM_MISMATCH => {
            "the peer wants another security mechanism".to_owned()
        }
        zmq_sys::ZMQ_PROTOCOL_ERROR_ZMTP_CRYPTOGRAPHIC => {
            "the peer's CURVE keys do not match".to_owned()
        }
        zmq_sys::ZMQ_PROTOCOL_ERROR_ZMTP_UNEXPECTED_COMMAND => {
            "the peer sent a command that does not belong there".to_owned()
        }
        other => format!("the peer broke the protocol (ZMTP error 0x{other:08x})"),
    }
}
