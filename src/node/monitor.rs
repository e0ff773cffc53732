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
use super::handshake::{no_detail, not_authenticated, protocol_error};
use super::raw::{self, Errno};
use crate::lock::locked;
use crate::topology::{Knock, Mechanism, NotAdmitted};

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
    /// The handshake is done; the peer's name, if the run's ZAP handler knows one.
    Connected { user: Option<Arc<str>> },
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

/// How a socket that is watched authenticates.
#[derive(Clone, Copy, Debug)]
pub(super) struct Watched {
    /// Those who come in.
    pub(super) accepting: Mechanism,
    /// Those whom it connects to.
    pub(super) connecting: Mechanism,
    /// Whether the run's ZAP handler is asked who may come.
    pub(super) asks: bool,
}

const EVENTS: u32 = zmq_sys::ZMQ_EVENT_HANDSHAKE_SUCCEEDED
    | zmq_sys::ZMQ_EVENT_ACCEPTED
    | zmq_sys::ZMQ_EVENT_CONNECTED
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
pub(super) struct Feed {
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
    /// The same of connections that this end made, where their peers may have to be asked about.
    made: BTreeMap<RawFd, Accepted>,
    /// How many connections there have been.
    begun: u64,
    /// Whether who knocks is turned away.
    turns_away: bool,
    /// How many listeners have closed, among others.
    closed: usize,
}

/// A connection whose peer may have to be asked about.
#[derive(Debug)]
struct Accepted {
    /// Which one it is of all that had its descriptor.
    number: u64,
    ends: (String, String),
    state: State,
    /// What the run's ZAP handler said of it.
    verdict: Option<Verdict>,
}

/// A connection whose handshake is under way.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Knocking {
    pub(super) descriptor: RawFd,
    number: u64,
}

/// What the run's ZAP handler said of a peer.
#[derive(Debug)]
enum Verdict {
    Admitted { knock: Knock, user: Option<Arc<str>> },
    Refused(String),
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
    fn of(number: u64, local: &CStr, remote: &CStr) -> Self {
        let ends = (text(local), text(remote));
        Self { number, ends, state: State::Handshake, verdict: None }
    }

    fn user(&self) -> Option<Arc<str>> {
        match &self.verdict {
            Some(Verdict::Admitted { user, .. }) => user.clone(),
            Some(Verdict::Refused(_)) | None => None,
        }
    }

    fn leave(&mut self, descriptor: RawFd) {
        if raw::end_output(descriptor).is_ok() {
            self.state = State::Leaving;
        }
    }
}

impl Monitor {
    /// Watches a socket, which authenticates in this way.
    pub(super) fn start(socket: &mut Carrier, watched: Watched) -> Result<Self, Errno> {
        let feed = Arc::new(Feed::default());
        let listening = Arc::clone(&feed);
        socket.monitor(
            EVENTS,
            Box::new(move |event, values, local, remote| {
                let known = listening.note(event, values, (local, remote), watched);
                if let Some(event) = decode(event, values, local, remote, known) {
                    listening.push(event);
                }
            }),
        )?;
        Ok(Self(feed))
    }

    /// What it hears of the socket's connections.
    pub(super) fn feed(&self) -> &Arc<Feed> {
        &self.0
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
        let told = &mut *self.0.told();
        told.accepted.retain(|_, it| !gone(&it.ends.0, &it.ends.1));
        told.made.retain(|_, it| !gone(&it.ends.0, &it.ends.1));
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
    /// Keeps the descriptors of connections, for as long as they are libzmq's; what is known of the one
    /// that is told of.
    fn note(
        &self,
        event: u64,
        values: &[u64],
        (local, remote): (&CStr, &CStr),
        watched: Watched,
    ) -> Known {
        let descriptor = values.first().and_then(|value| RawFd::try_from(*value).ok());
        let mut known = Known { mechanism: watched.connecting, user: None, refusal: None };
        let told = &mut *self.told();
        match (u32::try_from(event), descriptor) {
            (Ok(zmq_sys::ZMQ_EVENT_ACCEPTED), Some(descriptor)) => {
                if told.turns_away {
                    // It finds the end of the connection, and knocks again.
                    let _ = raw::end_connection(descriptor);
                }
                told.begun += 1;
                told.accepted.insert(descriptor, Accepted::of(told.begun, local, remote));
            }
            (Ok(zmq_sys::ZMQ_EVENT_CONNECTED), Some(descriptor)) if watched.asks => {
                told.begun += 1;
                told.made.insert(descriptor, Accepted::of(told.begun, local, remote));
            }
            (Ok(zmq_sys::ZMQ_EVENT_HANDSHAKE_SUCCEEDED), descriptor) => {
                known.user = told.greet(descriptor, &(text(local), text(remote)));
            }
            (
                Ok(
                    zmq_sys::ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL
                    | zmq_sys::ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL
                    | zmq_sys::ZMQ_EVENT_HANDSHAKE_FAILED_AUTH,
                ),
                _,
            ) => {
                let ends = (text(local), text(remote));
                if told.accepted.values().any(|it| it.ends == ends) {
                    known.mechanism = watched.accepting;
                }
                // A peer that failed otherwise may have the ends of one that was refused: those of ipc are alike.
                if event == u64::from(zmq_sys::ZMQ_EVENT_HANDSHAKE_FAILED_AUTH) {
                    known.refusal = told.take_refusal(&ends);
                }
            }
            (Ok(zmq_sys::ZMQ_EVENT_CLOSED), _) => told.closed += 1,
            (Ok(zmq_sys::ZMQ_EVENT_DISCONNECTED), Some(descriptor)) => {
                told.accepted.remove(&descriptor);
                told.made.remove(&descriptor);
            }
            _ => {}
        }
        known
    }

    /// Who knocks on the connection that has a descriptor now.
    pub(super) fn knocking(&self, descriptor: RawFd) -> Option<Knocking> {
        let mut told = self.told();
        let knocks = told.connection(descriptor)?;
        (knocks.state == State::Handshake).then_some(Knocking { descriptor, number: knocks.number })
    }

    /// The run's ZAP handler let a peer in.
    pub(super) fn admit(&self, at: Knocking, knock: Knock, user: Option<Arc<str>>) {
        self.told().judged(at, Verdict::Admitted { knock, user });
    }

    /// It refused one.
    pub(super) fn refuse(&self, at: Knocking, why: String) {
        self.told().judged(at, Verdict::Refused(why));
    }

    /// Ends the connection of everybody who was let in and may not come any more.
    pub(super) fn review(&self, judge: impl Fn(&Knock) -> Result<Option<Arc<str>>, NotAdmitted>) {
        let told = &mut *self.told();
        for (&descriptor, connection) in told.accepted.iter_mut().chain(&mut told.made) {
            let Some(Verdict::Admitted { knock, .. }) = &connection.verdict else { continue };
            if let Err(why) = judge(knock) {
                connection.verdict = Some(Verdict::Refused(why.to_string()));
                // libzmq finds its end; what it had read before, it still hands on.
                let _ = raw::end_connection(descriptor);
            }
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

impl Told {
    fn connection(&mut self, descriptor: RawFd) -> Option<&mut Accepted> {
        match self.accepted.get_mut(&descriptor) {
            Some(accepted) => Some(accepted),
            None => self.made.get_mut(&descriptor),
        }
    }

    fn judged(&mut self, at: Knocking, verdict: Verdict) {
        // One that has ended meanwhile is nobody's any more.
        let connection = self.connection(at.descriptor);
        let Some(connection) =
            connection.filter(|it| it.state == State::Handshake && it.number == at.number)
        else {
            return;
        };
        // A connection asks once: one of two questions was that of another one, which had the
        // descriptor before, and whose name this one must not bear.
        if connection.verdict.replace(verdict).is_some() {
            let why = "it was asked about with another connection; it may knock again";
            connection.verdict = Some(Verdict::Refused(why.to_owned()));
            let _ = raw::end_connection(at.descriptor);
        }
    }

    /// A handshake is done; the name of the peer.
    fn greet(&mut self, descriptor: Option<RawFd>, ends: &(String, String)) -> Option<Arc<str>> {
        let at = descriptor.filter(|at| self.accepted.contains_key(at)).or_else(|| {
            // libzmq gives no descriptor of a connection without a mechanism.
            let mut fresh = self.accepted.iter();
            let fresh = fresh.find(|(_, it)| it.state == State::Handshake && it.ends == *ends);
            fresh.map(|(at, _)| *at)
        });
        if let Some(at) = at
            && let Some(accepted) = self.accepted.get_mut(&at)
        {
            accepted.state = State::Up;
            if self.turns_away {
                accepted.leave(at);
            }
            return accepted.user();
        }
        let made = self.made.get_mut(&descriptor?)?;
        made.state = State::Up;
        made.user()
    }

    fn take_refusal(&mut self, ends: &(String, String)) -> Option<String> {
        let is_refused = |it: &&mut Accepted| {
            it.ends == *ends && matches!(it.verdict, Some(Verdict::Refused(_)))
        };
        let refused = self.accepted.values_mut().chain(self.made.values_mut()).filter(is_refused);
        // libzmq tells of them in the order in which they were judged, which is about that of their begin.
        match refused.min_by_key(|it| it.number)?.verdict.take()? {
            Verdict::Refused(why) => Some(why),
            Verdict::Admitted { .. } => None,
        }
    }
}

/// What is known of a connection that something is told of.
struct Known {
    /// How this end of it authenticates.
    mechanism: Mechanism,
    user: Option<Arc<str>>,
    /// Why the run's ZAP handler refused the peer.
    refusal: Option<String>,
}

fn decode(
    event: u64,
    values: &[u64],
    local: &CStr,
    remote: &CStr,
    known: Known,
) -> Option<MonitorEvent> {
    let value = *values.first()?;
    let mechanism = known.mechanism;
    let kind = match u32::try_from(event).ok()? {
        zmq_sys::ZMQ_EVENT_HANDSHAKE_SUCCEEDED => MonitorKind::Connected { user: known.user },
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
            let why = known.refusal.unwrap_or_else(|| not_authenticated(value, mechanism));
            MonitorKind::HandshakeFailed { why, final_: true }
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

#[cfg(test)]
mod tests;
