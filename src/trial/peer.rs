//! Programs outside that a test plays.
//!
//! Owns a peer's socket, and how its messages are laid out and read.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::clock;
use crate::message::{Frame, Multipart};
use crate::node::{Context, Direction, NodeHandle, Passed, PeerSettings, PeerSocket, Place};
use crate::script::{SocketView, encode_offered};
use crate::supervisor::Supervisor;
use crate::test_file::{MessageSpec, PeerEnd, PeerSpec};
use crate::topology::{Filter, Topology};
use crate::zeromq::{Endpoint, Role, Side};

/// How long a message of a peer may wait for room.
const ROOM: Duration = Duration::from_secs(5);
/// How often it looks whether it is connected.
const AGAIN: Duration = Duration::from_millis(1);

/// A peer.
pub(super) struct Peer {
    spec: PeerSpec,
    name: Arc<str>,
    place: Arc<Place>,
    /// None while it is killed.
    socket: Option<PeerSocket>,
    /// What came while it waited to send.
    came: RefCell<VecDeque<Multipart>>,
    /// Of a stream, the name of whom it is connected with.
    route: RefCell<Option<Frame>>,
}

impl Peer {
    pub(super) fn open(
        spec: &PeerSpec,
        context: &Context,
        supervisor: &Supervisor,
        topology: &Topology,
    ) -> Result<Self, String> {
        let name: Arc<str> = spec.name.as_str().into();
        let place = Place {
            instance: Arc::clone(&name),
            socket: spec.role.word().into(),
            // A REP of libzmq's own keeps its envelopes to itself.
            role: if spec.role == Role::Rep { Role::Pair } else { spec.role },
            format: spec.format,
            numbered: false,
        };
        let mut peer = Self {
            spec: spec.clone(),
            name,
            place: Arc::new(place),
            socket: None,
            came: RefCell::default(),
            route: RefCell::default(),
        };
        peer.begin(context, supervisor, topology)?;
        Ok(peer)
    }

    /// Opens its socket, and goes where it is to go.
    pub(super) fn begin(
        &mut self,
        context: &Context,
        supervisor: &Supervisor,
        topology: &Topology,
    ) -> Result<(), String> {
        let spec = &self.spec;
        let settings = PeerSettings {
            role: spec.role,
            identity: spec.identity.clone(),
            prefixes: spec.filters.iter().map(Filter::prefix).collect(),
            hwm: spec.hwm,
            waits: false,
        };
        let failed = |errno: crate::node::Errno| format!("the peer {}: {errno}", spec.name);
        let socket = PeerSocket::open(context, &spec.name, &settings).map_err(failed)?;
        for end in &spec.ends {
            match end {
                PeerEnd::Bind(endpoint) => drop(socket.bind(endpoint.as_str()).map_err(failed)?),
                PeerEnd::Connect(endpoint) => socket.connect(endpoint.as_str()).map_err(failed)?,
                PeerEnd::Node { node, socket: of } => {
                    for endpoint in bound(supervisor, topology, node, of.as_deref())? {
                        socket.connect(&endpoint).map_err(failed)?;
                    }
                }
            }
        }
        self.socket = Some(socket);
        self.came.borrow_mut().clear();
        *self.route.borrow_mut() = None;
        Ok(())
    }

    pub(super) fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// Vanishes; whether it was there.
    pub(super) fn vanish(&mut self) -> bool {
        let socket = self.socket.take();
        socket.iter().for_each(PeerSocket::vanish);
        socket.is_some()
    }

    /// Sends a message; the result is it, as it went out.
    pub(super) async fn send(&self, message: &MessageSpec) -> Result<Passed, String> {
        let socket = self.socket.as_ref().ok_or_else(|| format!("{} is killed", self.name))?;
        let view = SocketView {
            name: self.spec.role.word().into(),
            role: self.spec.role,
            format: self.spec.format,
            msgid: 0,
        };
        let payload: Multipart = match &message.frames {
            Some(frames) => frames.iter().map(|frame| Frame::copy(frame)).collect(),
            None => encode_offered(message.value.clone(), message.tag.as_deref(), &view)?,
        };
        let route = if self.spec.role == Role::Stream {
            Some(self.connection(socket).await?)
        } else {
            let to = message.to.as_ref().filter(|_| self.spec.role == Role::Router);
            to.map(|id| Frame::copy(id))
        };
        let whole: Multipart = route.into_iter().chain(payload).collect();
        let shown = self.passed(Direction::Out, crate::message::share_all(&whole));
        socket.send(whole, ROOM).await.map_err(|errno| {
            format!("{} could not send, as a {}: {errno}", self.name, self.spec.role)
        })?;
        Ok(shown)
    }

    /// What came, if anything did.
    pub(super) fn receive(&self) -> Option<Passed> {
        let before = self.came.borrow_mut().pop_front();
        let message = match before {
            Some(message) => message,
            None => self.take(self.socket.as_ref()?)?,
        };
        Some(self.passed(Direction::In, message))
    }

    /// The next message that is one. A stream is told by empty ones that somebody has come or gone.
    fn take(&self, socket: &PeerSocket) -> Option<Multipart> {
        loop {
            let message = socket.receive()?;
            let ([id, data], Role::Stream) = (message.as_slice(), self.spec.role) else {
                return Some(message);
            };
            if !data.is_empty() {
                return Some(message);
            }
            let mut route = self.route.borrow_mut();
            let has_gone = route.as_ref().is_some_and(|known| **known == **id);
            *route = if has_gone { None } else { Some(Frame::copy(id)) };
        }
    }

    /// Of a stream, the name of whom it is connected with, once it is.
    async fn connection(&self, socket: &PeerSocket) -> Result<Frame, String> {
        let until = clock::now() + ROOM;
        loop {
            while let Some(message) = self.take(socket) {
                self.came.borrow_mut().push_back(message);
            }
            if let Some(route) = &*self.route.borrow() {
                return Ok(Frame::copy(route));
            }
            if clock::now() >= until {
                return Err(format!("{} is connected with nobody", self.name));
            }
            clock::sleep(AGAIN).await;
        }
    }

    fn passed(&self, direction: Direction, frames: Multipart) -> Passed {
        let place = Arc::clone(&self.place);
        Passed { at: SystemTime::UNIX_EPOCH, direction, place, number: 0, frames }
    }
}

/// What sockets of a node are bound to: of the one that is named, or of all that bind.
fn bound(
    supervisor: &Supervisor,
    topology: &Topology,
    node: &str,
    socket: Option<&str>,
) -> Result<Vec<String>, String> {
    let is_meant = |handle: &&NodeHandle| *handle.instance == *node || handle.node == node;
    let mut found = Vec::new();
    for handle in supervisor.nodes().filter(is_meant) {
        let Some(spec) = topology.node(&handle.node) else {
            continue;
        };
        for (place, _, actual) in &handle.bound {
            let name = spec.sockets.get(*place).map(|socket| socket.name.as_str());
            if socket.is_none_or(|socket| name == Some(socket)) {
                let endpoint = Endpoint::parse(actual, Side::Bind);
                let seen = endpoint.map(|it| it.as_seen_by_peer().to_string());
                found.push(seen.unwrap_or_else(|_| actual.clone()));
            }
        }
    }
    if found.is_empty() {
        Err(format!("{node} has bound nothing to connect to"))
    } else {
        Ok(found)
    }
}
