//! What libzmq tells of a socket's connections.
//!
//! Owns the reading of monitor events and their plain words. Never acts on one.

use std::collections::VecDeque;
use std::ffi::CStr;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::{Acquire, Release};
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context as TaskContext, Waker};

use super::raw::{Errno, RawSocket};
use crate::lock::locked;

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

/// What a socket's monitor has told. It ends with the socket that it watches.
#[derive(Debug)]
pub(super) struct Monitor(Arc<Feed>);

/// Events on their way from libzmq's thread to the node's.
#[derive(Default, Debug)]
struct Feed {
    /// Spares a look that finds nothing the lock.
    any: AtomicBool,
    told: Mutex<Told>,
}

#[derive(Default, Debug)]
struct Told {
    events: VecDeque<MonitorEvent>,
    sleeper: Option<Waker>,
}

impl Monitor {
    /// Watches a socket.
    pub(super) fn start(watched: &mut RawSocket) -> Result<Self, Errno> {
        let feed = Arc::new(Feed::default());
        let listening = Arc::clone(&feed);
        watched.monitor(
            EVENTS,
            Box::new(move |event, values, local, remote| {
                if let Some(event) = decode(event, values, local, remote) {
                    listening.push(event);
                }
            }),
        )?;
        Ok(Self(feed))
    }

    /// The next event, if one waits.
    pub(super) fn next(&self) -> Option<MonitorEvent> {
        if !self.0.any.load(Acquire) {
            return None;
        }
        let mut told = self.0.told();
        let event = told.events.pop_front();
        self.0.any.store(!told.events.is_empty(), Release);
        event
    }

    /// Whether an event waits; if not, the task is woken by the next one.
    pub(super) fn waits(&self, task: &TaskContext<'_>) -> bool {
        let mut told = self.0.told();
        if told.events.is_empty()
            && !told.sleeper.as_ref().is_some_and(|it| it.will_wake(task.waker()))
        {
            told.sleeper = Some(task.waker().clone());
        }
        !told.events.is_empty()
    }
}

impl Feed {
    fn push(&self, event: MonitorEvent) {
        let mut told = self.told();
        told.events.push_back(event);
        self.any.store(true, Release);
        let sleeper = told.sleeper.take();
        drop(told);
        if let Some(sleeper) = sleeper {
            sleeper.wake();
        }
    }

    fn told(&self) -> MutexGuard<'_, Told> {
        locked(&self.told)
    }
}

fn decode(event: u64, values: &[u64], local: &CStr, remote: &CStr) -> Option<MonitorEvent> {
    let value = *values.first()?;
    let kind = match u32::try_from(event).ok()? {
        zmq_sys::ZMQ_EVENT_HANDSHAKE_SUCCEEDED => MonitorKind::Connected,
        zmq_sys::ZMQ_EVENT_DISCONNECTED => MonitorKind::Disconnected,
        zmq_sys::ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL => MonitorKind::HandshakeFailed {
            why: no_detail(i32::try_from(value).unwrap_or(0)),
            final_: false,
        },
        zmq_sys::ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL => MonitorKind::HandshakeFailed {
            why: protocol_error(u32::try_from(value).unwrap_or(0)),
            final_: true,
        },
        zmq_sys::ZMQ_EVENT_HANDSHAKE_FAILED_AUTH => MonitorKind::HandshakeFailed {
            why: format!("the peer was not authenticated (status {value})"),
            final_: true,
        },
        zmq_sys::ZMQ_EVENT_PIPES_STATS => {
            MonitorKind::Queues { outbound: value, inbound: *values.get(1)? }
        }
        _ => return None,
    };
    let text = |endpoint: &CStr| endpoint.to_string_lossy().into_owned();
    Some(MonitorEvent { kind, local: text(local), remote: text(remote) })
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
