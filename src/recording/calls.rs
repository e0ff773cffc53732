//! The calls of a node's handlers as a recording has them: a protobuf message whose schema is in the file.
//!
//! Owns its form, and the way there and back. Never touches a file.

use std::collections::BTreeMap;
use std::sync::Arc;

use prost::bytes::Bytes;
use smallvec::SmallVec;

use super::contents::moment;
use crate::message::Format;
use crate::node::{self, CallEnd, Called, Cause, SentTo, SocketStand};
use crate::script::{Chance, Learned, PeerEvent, PeerEventKind};
use crate::zeromq::Role;

/// Calls of one node, whose name is its channel's.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Calls {
    /// How the node stood before them, unless it stood as the calls before had left it.
    #[prost(message, optional, tag = "1")]
    stand: Option<Stand>,
    #[prost(message, repeated, tag = "2")]
    calls: Vec<Call>,
    /// How many calls before them are missing.
    #[prost(uint64, tag = "3")]
    missing: u64,
}

/// How many calls there are, without a look into them.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct CountedCalls {
    #[prost(bytes = "bytes", repeated, tag = "2")]
    pub(super) calls: Vec<Bytes>,
    #[prost(uint64, tag = "3")]
    pub(super) missing: u64,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Stand {
    /// The state, as the text of a file that keeps one.
    #[prost(bytes = "bytes", tag = "1")]
    state: Bytes,
    /// Why there is none.
    #[prost(string, tag = "2")]
    unknown: String,
    #[prost(message, repeated, tag = "3")]
    sockets: Vec<Socket>,
    /// In nanoseconds since the epoch.
    #[prost(fixed64, tag = "4")]
    at: u64,
    /// How long the run had lasted, in nanoseconds.
    #[prost(uint64, tag = "5")]
    running: u64,
    /// Whether it goes on with the state that it has.
    #[prost(bool, tag = "6")]
    goes_on: bool,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Socket {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(string, tag = "2")]
    role: String,
    #[prost(string, tag = "3")]
    format: String,
    #[prost(bool, tag = "4")]
    is_handled: bool,
    #[prost(string, optional, tag = "5")]
    endpoint: Option<String>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Call {
    /// The handler; empty where it is called for a message.
    #[prost(string, tag = "1")]
    handler: String,
    /// Of a message, or of news of a peer: the socket, by its place in the node, and the message's number,
    /// which is the `sequence` of its record.
    #[prost(uint32, tag = "2")]
    socket: u32,
    #[prost(uint32, tag = "3")]
    number: u32,
    #[prost(bool, tag = "4")]
    is_bare: bool,
    #[prost(fixed64, tag = "5")]
    at: u64,
    /// A line, as a line or as bytes, or the frames of a record.
    #[prost(bytes = "bytes", repeated, tag = "6")]
    given: Vec<Bytes>,
    #[prost(string, tag = "7")]
    form: String,
    /// The name of a timer.
    #[prost(string, tag = "8")]
    timer: String,
    #[prost(message, optional, tag = "9")]
    peer: Option<Peer>,
    /// What now() and elapsed() gave.
    #[prost(fixed64, repeated, tag = "10")]
    times: Vec<u64>,
    #[prost(uint64, repeated, tag = "11")]
    running: Vec<u64>,
    /// Where chance stood, and what it was made from.
    #[prost(uint64, optional, tag = "12")]
    chance: Option<u64>,
    #[prost(bytes = "bytes", tag = "13")]
    seed: Bytes,
    /// failed, exhausted, malformed, or nothing.
    #[prost(string, tag = "14")]
    end: String,
    /// The socket of each message that was wanted sent, one higher than its place; 0 where it was written.
    #[prost(uint32, repeated, tag = "15")]
    to: Vec<u32>,
    #[prost(fixed64, repeated, tag = "16")]
    fingerprints: Vec<u64>,
    #[prost(message, repeated, tag = "17")]
    written: Vec<Record>,
    #[prost(string, repeated, tag = "18")]
    deeds: Vec<String>,
    /// What the sockets are bound to from here on, where that has changed.
    #[prost(message, optional, tag = "19")]
    endpoints: Option<Endpoints>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Record {
    #[prost(bytes = "bytes", repeated, tag = "1")]
    frames: Vec<Bytes>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Endpoints {
    /// By the places of the sockets; empty where there is none.
    #[prost(string, repeated, tag = "1")]
    endpoints: Vec<String>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Peer {
    #[prost(string, tag = "1")]
    event: String,
    #[prost(string, optional, tag = "2")]
    endpoint: Option<String>,
    #[prost(bytes = "bytes", optional, tag = "3")]
    topic: Option<Bytes>,
    #[prost(string, optional, tag = "4")]
    user: Option<String>,
    #[prost(string, optional, tag = "5")]
    reason: Option<String>,
}

/// The topic of a node's calls: `/NODE/calls`.
pub(super) fn topic(instance: &str) -> String {
    format!("/{instance}/calls")
}

/// What is to be known of a node to read its calls.
pub(super) fn about(instance: &str) -> BTreeMap<String, String> {
    [("node".to_owned(), instance.to_owned())].into()
}

impl Calls {
    /// As they are written.
    pub(super) fn of(calls: &node::Calls, missing: u64) -> Self {
        let stand = calls.stand.as_deref().map(Stand::of);
        Self { stand, calls: calls.calls.iter().map(Call::of).collect(), missing }
    }

    /// As they were; how many before them are missing.
    pub(super) fn read(self, instance: &Arc<str>, at: u64) -> Result<(node::Calls, u64), String> {
        let stand = self.stand.map(Stand::read).transpose()?.map(Box::new);
        let calls = self.calls.into_iter().map(Call::read).collect::<Result<_, _>>()?;
        let instance = Arc::clone(instance);
        Ok((node::Calls { instance, at: moment(at), stand, calls }, self.missing))
    }
}

impl Stand {
    fn of(stand: &node::Stand) -> Self {
        let (state, unknown) = match &stand.state {
            Some(Ok(text)) => (text.clone().into(), String::new()),
            Some(Err(why)) => (Bytes::new(), why.clone()),
            None => (Bytes::new(), String::new()),
        };
        Self {
            state,
            unknown,
            sockets: stand.sockets.iter().map(Socket::of).collect(),
            at: stand.at,
            running: stand.running,
            goes_on: stand.state.is_none(),
        }
    }

    fn read(self) -> Result<node::Stand, String> {
        let state = match (self.goes_on, self.unknown.is_empty()) {
            (true, _) => None,
            (false, true) => Some(Ok(self.state.to_vec())),
            (false, false) => Some(Err(self.unknown)),
        };
        let sockets = self.sockets.into_iter().map(Socket::read).collect::<Result<_, _>>()?;
        Ok(node::Stand { state, running: self.running, at: self.at, sockets })
    }
}

impl Socket {
    fn of(socket: &SocketStand) -> Self {
        Self {
            name: socket.name.clone(),
            role: socket.role.word().to_owned(),
            format: socket.format.word().to_owned(),
            is_handled: socket.is_handled,
            endpoint: socket.endpoint.clone(),
        }
    }

    fn read(self) -> Result<SocketStand, String> {
        let (Some(role), Some(format)) = (Role::parse(&self.role), Format::parse(&self.format))
        else {
            return Err(format!("{} has no role and format that this zrig knows", self.name));
        };
        let Self { name, is_handled, endpoint, .. } = self;
        Ok(SocketStand { name, role, format, is_handled, endpoint })
    }
}

/// Lines as text, and as bytes.
const LINE: &str = "line";
const BYTES: &str = "bytes";
const RECORD: &str = "record";

impl Call {
    fn of(called: &Called) -> Self {
        let mut call = Self { at: called.at, ..Self::default() };
        call.cause(&called.cause);
        if let Some(learned) = &called.learned {
            call.times.clone_from(&learned.times);
            call.running.clone_from(&learned.running);
            call.chance = learned.chance.map(|chance| chance.position);
            let seed = learned.chance.and_then(|chance| chance.seed);
            call.seed = seed.map_or_else(Bytes::new, |seed| Bytes::copy_from_slice(&seed));
        }
        call.end = word_of(called.end).to_owned();
        call.to =
            called.sent.iter().map(|to| to.socket.map_or(0, |it| u32::from(it) + 1)).collect();
        call.fingerprints = called.sent.iter().map(|to| to.fingerprint).collect();
        call.written =
            called.written.iter().map(|frames| Record { frames: bytes(frames) }).collect();
        call.deeds.clone_from(&called.deeds);
        call.endpoints = called.endpoints.as_ref().map(|endpoints| Endpoints {
            endpoints: endpoints.iter().map(|it| it.clone().unwrap_or_default()).collect(),
        });
        call
    }

    #[allow(clippy::cast_possible_truncation, reason = "no node has so many sockets")]
    fn cause(&mut self, cause: &Cause) {
        match cause {
            Cause::Message { socket, number, is_bare } => {
                self.socket = *socket as u32;
                (self.number, self.is_bare) = (*number, *is_bare);
                // Most are of messages, and their handler is left out.
                return;
            }
            Cause::Timer(name) => self.timer.clone_from(name),
            Cause::Line(line) => self.line(LINE, std::slice::from_ref(line)),
            Cause::Bytes(line) => self.line(BYTES, std::slice::from_ref(line)),
            Cause::Record(frames) => self.line(RECORD, frames),
            Cause::Peer(peer) => {
                self.socket = peer.socket as u32;
                self.peer = Some(Peer {
                    event: peer.kind.word().to_owned(),
                    endpoint: peer.endpoint.clone(),
                    topic: peer.topic.clone().map(Bytes::from),
                    user: peer.user.as_deref().map(str::to_owned),
                    reason: peer.reason.clone(),
                });
            }
            Cause::Start | Cause::Tick | Cause::End | Cause::Idle | Cause::Reload | Cause::Stop => {
            }
        }
        cause.handler().clone_into(&mut self.handler);
    }

    fn line(&mut self, form: &str, given: &[Vec<u8>]) {
        form.clone_into(&mut self.form);
        self.given = bytes(given);
    }

    fn read(self) -> Result<Called, String> {
        if self.to.len() != self.fingerprints.len() {
            return Err("a call does not say where to it sent".to_owned());
        }
        let chance = self
            .chance
            .map(|position| Chance { seed: <[u8; 32]>::try_from(&*self.seed).ok(), position });
        let cause = self.read_cause()?;
        let learned = Learned { times: self.times, running: self.running, chance };
        let sent = self.to.iter().zip(&self.fingerprints).map(|(to, fingerprint)| {
            let socket = to.checked_sub(1).map(|to| u16::try_from(to).unwrap_or(u16::MAX));
            SentTo { socket, fingerprint: *fingerprint }
        });
        let endpoints = self.endpoints.map(|it| {
            let known = |text: String| if text.is_empty() { None } else { Some(text) };
            it.endpoints.into_iter().map(known).collect()
        });
        Ok(Called {
            cause,
            at: self.at,
            learned: (learned != Learned::default()).then(|| Box::new(learned)),
            endpoints,
            end: end_of(&self.end)?,
            sent: sent.collect::<SmallVec<_>>(),
            written: self.written.iter().map(|record| vecs(&record.frames)).collect(),
            deeds: self.deeds,
        })
    }

    fn read_cause(&self) -> Result<Cause, String> {
        let line = || self.given.first().map_or_else(Vec::new, |line| line.to_vec());
        let socket = self.socket as usize;
        Ok(match self.handler.as_str() {
            "on_start" => Cause::Start,
            "" => Cause::Message { socket, number: self.number, is_bare: self.is_bare },
            "on_tick" => Cause::Tick,
            "on_timer" => Cause::Timer(self.timer.clone()),
            "on_line" if self.form == BYTES => Cause::Bytes(line()),
            "on_line" if self.form == RECORD => Cause::Record(vecs(&self.given)),
            "on_line" => Cause::Line(line()),
            "on_end" => Cause::End,
            "on_idle" => Cause::Idle,
            "on_peer" => {
                let peer = self.peer.clone().unwrap_or_default();
                let kind = PeerEventKind::ALL.into_iter().find(|kind| kind.word() == peer.event);
                let kind = kind.ok_or_else(|| format!("a peer was told {:?}", peer.event))?;
                let topic = peer.topic.map(|topic| topic.to_vec());
                let Peer { endpoint, user, reason, .. } = peer;
                let user = user.map(Arc::from);
                Cause::Peer(Box::new(PeerEvent { kind, socket, endpoint, topic, user, reason }))
            }
            "on_reload" => Cause::Reload,
            "on_stop" => Cause::Stop,
            other => return Err(format!("a call is of {other:?}, which this zrig does not know")),
        })
    }
}

fn word_of(end: CallEnd) -> &'static str {
    match end {
        CallEnd::Well => "",
        CallEnd::Failed => "failed",
        CallEnd::Exhausted => "exhausted",
        CallEnd::Malformed => "malformed",
    }
}

fn end_of(word: &str) -> Result<CallEnd, String> {
    let all = [CallEnd::Well, CallEnd::Failed, CallEnd::Exhausted, CallEnd::Malformed];
    let found = all.into_iter().find(|end| word_of(*end) == word);
    found.ok_or_else(|| format!("a call ended {word:?}, which this zrig does not know"))
}

fn bytes(frames: &[Vec<u8>]) -> Vec<Bytes> {
    frames.iter().map(|frame| Bytes::copy_from_slice(frame)).collect()
}

fn vecs(frames: &[Bytes]) -> Vec<Vec<u8>> {
    frames.iter().map(|frame| frame.to_vec()).collect()
}
