//! The peers that a replay plays, and when each says what.
//!
//! Owns their sockets and the time. What cannot be given is counted by why, and never given in another
//! way.

use std::collections::{BTreeMap, HashMap};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use super::origin::Origin;
use super::pace::Pace;
use super::replayed::Replayed;
use super::stop::Stop;
use crate::event::Events;
use crate::message::{Frame, Multipart};
use crate::node::{Context, Direction, Errno, Passed, PeerSettings, PeerSocket, copy_of};
use crate::recording::Entry;
use crate::snapshot::Snapshot;
use crate::topology::{Attachment, SocketSpec, Topology};
use crate::zeromq::{Endpoint, Role, Side};

/// How long a message may wait for room, and a peer for who has to come to it first.
const ROOM: Duration = Duration::from_secs(5);
/// How often peers look for what came to them.
const DRAIN_EVERY: Duration = Duration::from_millis(5);
/// How many sockets peers may be.
const SOCKETS: i32 = 4096;
/// Messages that may wait for or with a peer.
const HWM: u32 = 1000;

/// Plays the peers of a run.
#[derive(Debug)]
pub(super) struct Player<'t> {
    topology: &'t Topology,
    bound: HashMap<(String, String), String>,
    origin: Origin,
    pace: Pace,
    /// From when on messages are given; none for all of them.
    from: Option<SystemTime>,
    stop: Stop,
    // Before the context, which waits for them.
    peers: HashMap<Key, Result<Peer, String>>,
    context: Context,
    runtime: tokio::runtime::Runtime,
    /// When the recording's first message was, and when it was given again.
    begun: Option<(SystemTime, Instant)>,
    /// How many messages each socket was given.
    given: BTreeMap<(String, String), u64>,
    drained: Instant,
    replayed: Replayed,
}

/// A peer that is played.
#[derive(Debug)]
struct Peer {
    socket: PeerSocket,
    role: Role,
    /// How long it waits for its node: not at all where that has not come to it the last time.
    patience: Duration,
}

/// A peer: of which socket, and with which routing id.
type Key = (String, String, Option<Vec<u8>>);

impl<'t> Player<'t> {
    /// Of a run of a topology, as it stands.
    ///
    /// # Errors
    ///
    /// When the system gives no sockets.
    pub(super) fn new(
        topology: &'t Topology,
        snapshot: &Snapshot,
        pace: Pace,
    ) -> Result<Self, String> {
        let mut bound = HashMap::new();
        for node in &snapshot.nodes {
            for socket in &node.sockets {
                if let Some(endpoint) = socket.bound.first() {
                    let seen = Endpoint::parse(endpoint, Side::Bind);
                    let seen = seen
                        .map_or_else(|_| endpoint.clone(), |it| it.as_seen_by_peer().to_string());
                    bound.insert((node.instance.clone(), socket.name.clone()), seen);
                }
            }
        }
        let context = Context::new(SOCKETS, 1, Events::new());
        let context = context.map_err(|errno| format!("the system gives no sockets: {errno}"))?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        Ok(Self {
            topology,
            bound,
            origin: Origin::of(topology),
            pace,
            from: None,
            stop: Stop::default(),
            peers: HashMap::new(),
            context,
            runtime: runtime.map_err(|error| error.to_string())?,
            begun: None,
            given: BTreeMap::new(),
            drained: Instant::now(),
            replayed: Replayed::default(),
        })
    }

    /// Gives only what came from that time on. What it is told of the time before says where later messages
    /// came from.
    #[must_use]
    pub(super) fn beginning_at(self, from: Option<SystemTime>) -> Self {
        Self { from, ..self }
    }

    /// Waits for nothing any more once this says so.
    #[must_use]
    pub(super) fn until(self, stop: Stop) -> Self {
        Self { stop, ..self }
    }

    /// Opens the peers of sockets that nobody inside the file is linked with, so that they are there when
    /// the first message is due, and take what a node would wait with.
    pub(super) fn prepare<'p>(&mut self, places: impl IntoIterator<Item = (&'p str, &'p str)>) {
        for (instance, socket) in places {
            let spec = self.spec(instance, socket);
            let has_ids = spec.is_ok_and(|spec| matches!(spec.role, Role::Router | Role::Rep));
            if !has_ids && !self.origin.is_linked(instance, socket) {
                let key = (instance.to_owned(), socket.to_owned(), None);
                let peer = self.open(&key);
                self.peers.insert(key, peer);
            }
        }
    }

    /// Takes the next of what a recording has, and gives it to its node when its time has come.
    pub(super) fn take(&mut self, entry: &Entry) {
        let Entry::Message { passed, .. } = entry else { return };
        if passed.direction == Direction::Out {
            self.origin.note_sent(passed);
            return;
        }
        let is_from_outside = self.origin.is_from_outside(passed);
        if self.from.is_some_and(|from| passed.at < from) {
            return;
        }
        if !is_from_outside {
            self.replayed.inside += 1;
            return;
        }
        let due = self.due(passed.at);
        self.wait_until(due);
        if self.stop.is_said() {
            return;
        }
        match self.give(passed) {
            Ok(()) => {
                self.replayed.given += 1;
                let socket = (passed.place.instance.to_string(), passed.place.socket.to_string());
                *self.given.entry(socket).or_default() += 1;
                self.replayed.late = self.replayed.late.max(due.map(|due| due.elapsed()));
            }
            Err(why) => *self.replayed.refused.entry(why).or_default() += 1,
        }
    }

    /// What became of all so far.
    #[must_use]
    pub(super) fn replayed(&self) -> &Replayed {
        &self.replayed
    }

    /// How many messages each socket was given, by node and name.
    pub(super) fn given(&self) -> impl Iterator<Item = ((&str, &str), u64)> {
        self.given.iter().map(|((node, socket), count)| ((&**node, &**socket), *count))
    }

    /// Takes what came to the peers; nobody reads it.
    pub(super) fn drain(&mut self) {
        // What a REP is asked it has to have in its hand to answer.
        for peer in self.peers.values().flatten().filter(|peer| peer.role != Role::Rep) {
            while peer.socket.receive().is_some() {}
        }
        self.drained = Instant::now();
    }

    /// Lets all peers go, without what their nodes have not taken.
    pub(super) fn leave(self) {
        self.peers.values().flatten().for_each(|peer| peer.socket.vanish());
    }

    /// When a message of that time is due; none where that is at once.
    fn due(&mut self, at: SystemTime) -> Option<Instant> {
        let Pace::Times(times) = self.pace else { return None };
        let (first, begun) = *self.begun.get_or_insert_with(|| (at, Instant::now()));
        let since = at.duration_since(first).unwrap_or_default();
        Some(begun + Duration::try_from_secs_f64(since.as_secs_f64() / times).unwrap_or(since))
    }

    fn wait_until(&mut self, due: Option<Instant>) {
        while !self.stop.is_said() {
            if self.drained.elapsed() >= DRAIN_EVERY {
                self.drain();
            }
            let left = due.map(|due| due.saturating_duration_since(Instant::now()));
            match left {
                Some(left) if !left.is_zero() => thread::sleep(left.min(DRAIN_EVERY)),
                _ => return,
            }
        }
    }

    fn give(&mut self, passed: &Passed) -> Result<(), String> {
        let place = &passed.place;
        let has_id = matches!(place.role, Role::Router | Role::Rep);
        let (id, rest) = match passed.frames.split_first() {
            Some((id, rest)) if has_id => (Some(id.to_vec()), rest),
            _ => (None, &passed.frames[..]),
        };
        let key = (place.instance.to_string(), place.socket.to_string(), id);
        if !self.peers.contains_key(&key) {
            let opened = self.open(&key);
            self.peers.insert(key.clone(), opened);
        }
        let peer = match self.peers.get_mut(&key) {
            Some(Ok(peer)) => peer,
            Some(Err(why)) => return Err(why.clone()),
            None => return Ok(()),
        };
        let name = format!("{}.{}", place.instance, place.socket);
        // A peer that waited in vain does not wait again until something has gone through.
        let patience = std::mem::replace(&mut peer.patience, Duration::ZERO);
        if place.role == Role::Req {
            // It is answered when it has asked.
            await_one(&peer.socket, patience)
                .ok_or_else(|| format!("{name} has asked nothing that could be answered"))?;
        }
        let until = Instant::now() + patience;
        while let Some(Ok(peer)) = self.peers.get_mut(&key) {
            let message: Multipart = rest.iter().map(Frame::share).collect();
            let sent = self.runtime.block_on(peer.socket.send(message, patience.min(DRAIN_EVERY)));
            match sent {
                Ok(()) => {
                    peer.patience = ROOM;
                    break;
                }
                // It may wait for what it has sent to be taken.
                Err(Errno::AGAIN) if Instant::now() < until && !self.stop.is_said() => self.drain(),
                Err(errno) => return Err(format!("{name} takes no more: {errno}")),
            }
        }
        Ok(())
    }

    fn spec(&self, instance: &str, socket: &str) -> Result<&'t SocketSpec, String> {
        let (name, _) = copy_of(instance);
        let node = self.topology.node(name);
        let spec = node.and_then(|node| node.sockets.iter().find(|spec| spec.name == socket));
        spec.ok_or_else(|| format!("the topology has no socket {instance}.{socket} any more"))
    }

    fn open(&self, (instance, socket, id): &Key) -> Result<Peer, String> {
        let spec = self.spec(instance, socket)?;
        let name = format!("{instance}.{socket}");
        if spec.curve.is_some() || spec.plain.is_some() {
            return Err(format!("{name} is secured, and a recording has no keys"));
        }
        let role = peer_of(spec.role).ok_or_else(|| {
            format!("{name} is a {}, whose peers a replay cannot play", spec.role)
        })?;
        // What a ROUTER chose itself nobody can choose.
        let identity = id.clone().filter(|id| id.first().is_some_and(|first| *first != 0));
        let settings =
            PeerSettings { role, identity, prefixes: Vec::new(), hwm: (HWM, HWM), waits: true };
        let failed = |errno: Errno| format!("{name}: {errno}");
        let peer = PeerSocket::open(&self.context, &name, &settings).map_err(failed)?;
        match self.bound.get(&(instance.clone(), socket.clone())) {
            Some(endpoint) => peer.connect(endpoint).map_err(failed)?,
            None => {
                let endpoint = outside(spec).ok_or_else(|| {
                    format!("{name} is bound nowhere, and connects to nobody outside")
                })?;
                let bound = peer.bind(endpoint.as_str());
                bound.map_err(|errno| {
                    format!("{name} connects to {endpoint}, where a replay cannot be: {errno}")
                })?;
            }
        }
        if role == Role::Xpub {
            // What it says before somebody listens is lost.
            await_one(&peer, ROOM);
        }
        Ok(Peer { socket: peer, role, patience: ROOM })
    }
}

/// The role of who speaks with a socket.
fn peer_of(role: Role) -> Option<Role> {
    Some(match role {
        Role::Pair => Role::Pair,
        Role::Sub | Role::Xsub => Role::Xpub,
        Role::Xpub => Role::Xsub,
        Role::Pull => Role::Push,
        Role::Req => Role::Rep,
        Role::Rep | Role::Router | Role::Dealer => Role::Dealer,
        Role::Push => Role::Pull,
        Role::Pub | Role::Stream => return None,
    })
}

/// Where a socket connects to somebody outside.
fn outside(spec: &SocketSpec) -> Option<&Endpoint> {
    spec.attachments.iter().find_map(|attachment| match attachment {
        Attachment::Connect(endpoint) => Some(endpoint),
        Attachment::Bind(_) | Attachment::ConnectNode { .. } | Attachment::ConnectPlace { .. } => {
            None
        }
    })
}

/// Waits for a message.
fn await_one(peer: &PeerSocket, patience: Duration) -> Option<Multipart> {
    let until = Instant::now() + patience;
    loop {
        match peer.receive() {
            Some(message) => return Some(message),
            None if Instant::now() >= until => return None,
            None => thread::sleep(Duration::from_millis(1)),
        }
    }
}
