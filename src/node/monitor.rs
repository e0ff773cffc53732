//! What libzmq tells of a socket's connections.
//!
//! Owns the reading of monitor events and their plain words. Never acts on one.

use std::collections::{BTreeMap, VecDeque};
use std::ffi::CStr;
use std::os::fd::RawFd;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::{Acquire, Release};
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context as TaskContext, Waker};

use super::carrier::Carrier;
use super::raw::{self, Errno};
use crate::lock::locked;
use crate::topology::Mechanism;

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
    /// A connection did not come about, for this errno; 0 where there is none.
    Unreached { errno: i32 },
    /// A ROUTER does not take a peer.
    TurnedAway,
    /// How many messages wait in its queues, as far as the socket knows of its readers' progress, and
    /// how many really wait to go out.
    Queues { outbound: u64, inbound: u64, unsent: u64 },
}

const EVENTS: u32 = zmq_sys::ZMQ_EVENT_HANDSHAKE_SUCCEEDED
    | zmq_sys::ZMQ_EVENT_ACCEPTED
    | zmq_sys::ZMQ_EVENT_CLOSED
    | zmq_sys::ZMQ_EVENT_DISCONNECTED
    | zmq_sys::ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL
    | zmq_sys::ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL
    | zmq_sys::ZMQ_EVENT_HANDSHAKE_FAILED_AUTH
    | zmq_sys::ZMQ_EVENT_CONNECT_RETRIED
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
    /// What was accepted and has not broken, by descriptor. libzmq closes one only after it has told,
    /// under this lock, that the connection broke.
    accepted: BTreeMap<RawFd, Accepted>,
    /// Whether who knocks is turned away.
    turns_away: bool,
    /// How many listeners have closed, among others.
    closed: usize,
}

/// An accepted connection.
#[derive(Debug)]
struct Accepted {
    ends: (String, String),
    state: State,
}

/// How far an accepted connection is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    Handshake,
    Up,
    /// Nothing more is sent on it.
    Leaving,
}

impl Accepted {
    fn leave(&mut self, descriptor: RawFd) {
        if raw::end_output(descriptor).is_ok() {
            self.state = State::Leaving;
        }
    }
}

impl Monitor {
    /// Watches a socket, which authenticates in this way.
    pub(super) fn start(watched: &mut Carrier, mechanism: Mechanism) -> Result<Self, Errno> {
        let feed = Arc::new(Feed::default());
        let listening = Arc::clone(&feed);
        watched.monitor(
            EVENTS,
            Box::new(move |event, values, local, remote| {
                listening.note_accepted(event, values, local, remote);
                if let Some(event) = decode(event, values, local, remote, mechanism) {
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

    /// Says on accepted connections that nothing more is sent on them: the peer ends its side when it
    /// has read all, and until then what it sent still arrives. Who knocks from now on is turned away
    /// before it has sent anything.
    pub(super) fn finish(&self, wanted: impl Fn(&(String, String)) -> bool) {
        let mut told = self.0.told();
        told.turns_away = true;
        for (&descriptor, accepted) in &mut told.accepted {
            if accepted.state == State::Up && wanted(&accepted.ends) {
                accepted.leave(descriptor);
            }
        }
    }

    /// Lets peers in again.
    pub(super) fn welcome(&self) {
        self.0.told().turns_away = false;
    }

    /// How many peers that were told so have not ended their side yet.
    pub(super) fn leaving(&self) -> usize {
        let accepted = &self.0.told().accepted;
        accepted.values().filter(|accepted| accepted.state == State::Leaving).count()
    }

    /// How many listeners have closed so far. What libzmq's thread had in hand before, it has handed on.
    pub(super) fn closed(&self) -> usize {
        self.0.told().closed
    }

    /// How many accepted peers are there.
    pub(super) fn accepted(&self) -> usize {
        let accepted = &self.0.told().accepted;
        accepted.values().filter(|accepted| accepted.state != State::Handshake).count()
    }

    /// Forgets connections that we end ourselves, of which libzmq does not tell.
    pub(super) fn forget(&self, gone: impl Fn(&str, &str) -> bool) {
        self.0.told().accepted.retain(|_, it| !gone(&it.ends.0, &it.ends.1));
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
    /// Keeps the descriptors of accepted connections, for as long as they are libzmq's.
    fn note_accepted(&self, event: u64, values: &[u64], local: &CStr, remote: &CStr) {
        let value = values.first().and_then(|value| RawFd::try_from(*value).ok());
        match (u32::try_from(event), value) {
            (Ok(zmq_sys::ZMQ_EVENT_ACCEPTED), Some(descriptor)) => {
                let mut told = self.told();
                if told.turns_away {
                    // It finds the end of the connection, and knocks again.
                    let _ = raw::end_connection(descriptor);
                }
                let ends = (text(local), text(remote));
                told.accepted.insert(descriptor, Accepted { ends, state: State::Handshake });
            }
            (Ok(zmq_sys::ZMQ_EVENT_HANDSHAKE_SUCCEEDED), _) => {
                let ends = (text(local), text(remote));
                let told = &mut *self.told();
                let fresh = told
                    .accepted
                    .iter_mut()
                    .find(|(_, it)| it.state == State::Handshake && it.ends == ends);
                if let Some((&descriptor, accepted)) = fresh {
                    accepted.state = State::Up;
                    if told.turns_away {
                        accepted.leave(descriptor);
                    }
                }
            }
            (Ok(zmq_sys::ZMQ_EVENT_CLOSED), _) => self.told().closed += 1,
            (Ok(zmq_sys::ZMQ_EVENT_DISCONNECTED), Some(descriptor)) => {
                self.told().accepted.remove(&descriptor);
            }
            _ => {}
        }
    }

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

fn decode(
    event: u64,
    values: &[u64],
    local: &CStr,
    remote: &CStr,
    mechanism: Mechanism,
) -> Option<MonitorEvent> {
    let value = *values.first()?;
    let kind = match u32::try_from(event).ok()? {
        zmq_sys::ZMQ_EVENT_HANDSHAKE_SUCCEEDED => MonitorKind::Connected,
        zmq_sys::ZMQ_EVENT_DISCONNECTED => MonitorKind::Disconnected,
        zmq_sys::ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL => MonitorKind::HandshakeFailed {
            why: no_detail(i32::try_from(value).unwrap_or(0), mechanism),
            // Without a ZAP handler libzmq takes the peer for one that broke the protocol.
            final_: i32::try_from(value) == Ok(libc::EFAULT),
        },
        zmq_sys::ZMQ_EVENT_CONNECT_RETRIED => MonitorKind::Unreached {
            errno: values.get(1).and_then(|errno| i32::try_from(*errno).ok()).unwrap_or(0),
        },
        zmq_sys::ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL
            if value == u64::from(zmq_sys::ZMQ_SYS_PROTOCOL_ERROR_SAME_ROUTING_ID) =>
        {
            MonitorKind::TurnedAway
        }
        zmq_sys::ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL => MonitorKind::HandshakeFailed {
            why: protocol_error(u32::try_from(value).unwrap_or(0), mechanism),
            final_: true,
        },
        zmq_sys::ZMQ_EVENT_HANDSHAKE_FAILED_AUTH => {
            MonitorKind::HandshakeFailed { why: not_authenticated(value, mechanism), final_: true }
        }
        zmq_sys::ZMQ_EVENT_PIPES_STATS => {
            // See zmq-sys/patches/0002-what-really-waits.patch.
            let (outbound, unsent) = (value & u64::from(u32::MAX), value >> 32);
            MonitorKind::Queues { outbound, inbound: *values.get(1)?, unsent }
        }
        _ => return None,
    };
    Some(MonitorEvent { kind, local: text(local), remote: text(remote) })
}

fn text(endpoint: &CStr) -> String {
    endpoint.to_string_lossy().into_owned()
}

fn no_detail(errno: i32, mechanism: Mechanism) -> String {
    match errno {
        0 | libc::EPIPE | libc::ECONNRESET => {
            format!("the peer ended the handshake; perhaps {}", unsaid(mechanism))
        }
        libc::EFAULT => {
            "there is no ZAP handler to be asked about the peer, so it was not let in".to_owned()
        }
        libc::ENOTCONN => {
            "the ZAP handler went before it answered, so the peer was not let in".to_owned()
        }
        libc::EPROTO => "the peer does not speak ZMTP".to_owned(),
        libc::ETIMEDOUT => "the peer did not finish the handshake in time".to_owned(),
        other => Errno(other).to_string(),
    }
}

/// Why a peer may have ended a handshake without saying so.
pub(super) fn unsaid(mechanism: Mechanism) -> &'static str {
    match mechanism {
        Mechanism::Null => "its socket type does not fit this one, or it does not speak ZMTP",
        Mechanism::CurveClient => {
            "its public key is not this socket's `curve_serverkey`, `curve_publickey` does not \
             belong to `curve_secretkey`, its ZAP handler was not there, or its socket type does \
             not fit this one"
        }
        Mechanism::CurveServer => {
            "it is no CURVE client of this socket's public key, or its socket type does not fit \
             this one"
        }
        Mechanism::PlainClient => {
            "it is no PLAIN server, has no ZAP handler, or its socket type does not fit this one"
        }
        Mechanism::PlainServer => "it is no PLAIN client, or its socket type does not fit this one",
    }
}

/// A handler of ours tells the peer, that of a peer tells us.
fn not_authenticated(status: u64, mechanism: Mechanism) -> String {
    match (status, mechanism) {
        (300, _) => "the ZAP handler put it off (status 300)".to_owned(),
        (500, _) => "the ZAP handler failed (status 500)".to_owned(),
        (_, Mechanism::CurveClient) => {
            format!(
                "the peer's ZAP handler refused this socket's `curve_publickey` (status {status})"
            )
        }
        (_, Mechanism::PlainClient) => {
            format!("the peer's ZAP handler refused the name and password (status {status})")
        }
        // Whose handler it was, nobody says.
        (_, Mechanism::Null) => {
            format!("a ZAP handler refused the connection (status {status})")
        }
        (_, Mechanism::CurveServer | Mechanism::PlainServer) => {
            format!("the ZAP handler refused the peer (status {status})")
        }
    }
}

fn protocol_error(code: u32, mechanism: Mechanism) -> String {
    match code {
        zmq_sys::ZMQ_PROTOCOL_ERROR_ZMTP_INVALID_METADATA => {
            "the peer's socket type does not fit this one, or its greeting is malformed".to_owned()
        }
        zmq_sys::ZMQ_PROTOCOL_ERROR_ZMTP_MECHANISM_MISMATCH => {
            "the peer wants another security mechanism".to_owned()
        }
        zmq_sys::ZMQ_PROTOCOL_ERROR_ZMTP_CRYPTOGRAPHIC => {
            let keys = match mechanism {
                Mechanism::CurveServer => {
                    "its `curve_serverkey` is not this socket's public key, or its \
                     `curve_publickey` does not belong to its `curve_secretkey`"
                }
                Mechanism::Null
                | Mechanism::CurveClient
                | Mechanism::PlainServer
                | Mechanism::PlainClient => "it has another key than `curve_serverkey` says",
            };
            format!("the peer's CURVE keys do not match: {keys}")
        }
        zmq_sys::ZMQ_PROTOCOL_ERROR_ZMTP_UNEXPECTED_COMMAND => {
            "the peer sent a command that does not belong there".to_owned()
        }
        other => protocol_words(other),
    }
}

/// What a peer or an authenticator did, by the number that libzmq gives it.
fn protocol_words(code: u32) -> String {
    let what = match code {
        zmq_sys::ZMQ_PROTOCOL_ERROR_ZMTP_UNSPECIFIED => "the peer broke ZMTP",
        zmq_sys::ZMQ_PROTOCOL_ERROR_ZMTP_INVALID_SEQUENCE => "the peer repeated a CURVE nonce",
        zmq_sys::ZMQ_PROTOCOL_ERROR_ZMTP_KEY_EXCHANGE => "the exchange of CURVE keys failed",
        0x1000_0011..=0x1000_0017 => "the peer sent a malformed command",
        zmq_sys::ZMQ_PROTOCOL_ERROR_WS_UNSPECIFIED => {
            "the peer does not speak ZeroMQ over WebSocket (ZWS 2.0): it sent no such HTTP request or \
             answer, or wants none of the sub-protocols of this one"
        }
        0x2000_0000..=0x2000_0006 => {
            "whoever authenticates (ZAP) gave an answer that is none: see `zrig explain zap`"
        }
        other => return format!("the peer broke the protocol (error 0x{other:08x} of libzmq)"),
    };
    what.to_owned()
}
