//! Changing a running node: hold, become another spec, go on.
//!
//! Owns how a socket is replaced without losing what it had received. Which nodes have to be held,
//! and for how long, is the supervisor's.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::blueprint::NodeError;
use super::control::{Bound, Figures, SocketFigures};
use super::forward::Forward;
use super::outbox::Pending;
use super::socket::{NodeSocket, SocketError};
use super::task::{Node, Phase};
use crate::counters::{DropReason, SocketCounters};
use crate::event::What;
use crate::plan::needs_rebuild;
use crate::script::Event;
use crate::topology::{NodeSpec, SocketSpec};
use crate::zeromq::Role;

/// How many messages a held node takes before others have their turn.
const STASH_BURST: usize = 1000;
/// How long a socket that goes is listened to after its endpoints are gone.
const LAST_WORDS: Duration = Duration::from_millis(2);

impl Node {
    /// Takes nothing new from now on, and stashes what arrives on these sockets.
    pub(super) fn hold(&mut self, names: &BTreeSet<String>) {
        let places = (0..self.sockets.len())
            .filter(|&place| names.contains(&*self.sockets[place].name))
            .collect();
        self.held = Some(places);
    }

    /// Whether what arrives on a socket is stashed now.
    pub(super) fn is_stashed(&self, place: usize) -> bool {
        self.held.as_ref().is_some_and(|held| held.contains(&place))
            && self.sockets[place].spec.role.receives()
    }

    /// Stashes what has arrived; whether anything had.
    pub(super) fn stash(&mut self) -> bool {
        let mut taken = false;
        for place in 0..self.sockets.len() {
            if !self.is_stashed(place) {
                continue;
            }
            for _ in 0..STASH_BURST {
                if !self.sockets[place].readable || !self.sockets[place].stash_one() {
                    break;
                }
                taken = true;
            }
        }
        taken
    }

    /// What went through the sockets so far.
    pub(super) fn figures(&self) -> Figures {
        let sockets = self.sockets.iter().map(|socket| {
            let figures = SocketFigures {
                received: socket.counters.messages_in.get(),
                sent: socket.counters.messages_out.get(),
                peers: socket.counters.peers.get(),
                stashed: socket.stash.len() as u64,
            };
            (socket.name.to_string(), figures)
        });
        let asks = |socket: &NodeSocket| socket.spec.role == Role::Req && socket.awaits_reply;
        Figures {
            sockets: sockets.collect(),
            busy: !self.pending.is_empty()
                || !self.forwards.iter().all(Forward::is_idle)
                || self.sockets.iter().any(|socket| asks(socket) || !socket.parked.is_empty()),
        }
    }

    /// Goes on after a hold or a change.
    pub(super) fn release(&mut self, reloaded: bool) {
        self.held = None;
        for socket in &mut self.sockets {
            socket.stirred = true;
            // Reads every command that waits: a pipe that ended must not be sent into.
            socket.look();
        }
        if reloaded && matches!(self.phase, Phase::Running | Phase::Quiet) {
            self.call(Event::Reload);
        }
    }

    /// Becomes what a spec says, connections apart.
    ///
    /// What can fail without harm comes first: the script, the source and the sink.
    pub(super) async fn change(&mut self, to: Arc<NodeSpec>) -> Result<Bound, NodeError> {
        let from = std::mem::replace(&mut self.blueprint.spec, Arc::clone(&to));
        if let Err(error) = self.change_files_and_handler(&from) {
            self.blueprint.spec = from;
            return Err(error);
        }
        self.timers_follow(&to);
        self.change_sockets(&to).await?;
        Ok(self.bound())
    }

    fn change_files_and_handler(&mut self, from: &NodeSpec) -> Result<(), NodeError> {
        let to = Arc::clone(&self.blueprint.spec);
        let program = match &to.script {
            Some(script) => Some(self.engine.compile(script).map_err(NodeError::Script)?),
            None => None,
        };
        let source = if from.read == to.read { None } else { Some(self.blueprint.source()?) };
        let sink = if from.write == to.write { None } else { Some(self.blueprint.sink()?) };
        if let Some(source) = source {
            self.source = source;
        }
        if let Some(sink) = sink {
            self.flush_sink(Instant::now());
            self.sink = sink;
        }
        self.outlets = self.blueprint.outlets();
        match (&mut self.handler, program) {
            (Some(handler), Some(program)) => handler.swap(program, self.blueprint.view()),
            (None, Some(_)) => self.handler = self.blueprint.handler(&self.engine)?,
            (_, None) => self.handler = None,
        }
        Ok(())
    }

    fn timers_follow(&mut self, to: &NodeSpec) {
        if matches!(self.phase, Phase::Running | Phase::Quiet) {
            self.timers.set_periodic(to.every, &to.timers, Instant::now());
        }
    }

    async fn change_sockets(&mut self, to: &NodeSpec) -> Result<(), NodeError> {
        self.finish_stashes_of_the_gone(to);
        let names: Vec<Arc<str>> =
            self.sockets.iter().map(|socket| Arc::clone(&socket.name)).collect();
        let mut old: Vec<Option<NodeSocket>> = self.sockets.drain(..).map(Some).collect();
        let mut failed = None;
        for spec in &to.sockets {
            let known = old
                .iter_mut()
                .find(|slot| slot.as_ref().is_some_and(|socket| *socket.name == *spec.name))
                .and_then(Option::take);
            match self.next_socket(known, spec) {
                Ok(socket) => self.sockets.push(socket),
                Err((known, error)) => {
                    failed.get_or_insert(error);
                    self.sockets.extend(known.map(|socket| *socket));
                }
            }
        }
        if let Some(error) = failed {
            // Back to the order they had, so that the places in what waits still hold.
            self.sockets.extend(old.into_iter().flatten());
            self.sockets.sort_by_key(|socket| names.iter().position(|name| *name == socket.name));
            return Err(error.into());
        }
        drop(old);
        self.renumber(&names);
        self.forwards = self.forwards_of(to);
        let counters = self.sockets.iter().map(|socket| Arc::clone(&socket.counters)).collect();
        self.blueprint.counters.set_sockets(counters);
        for socket in &mut self.sockets {
            attach_bound(socket).await?;
        }
        Ok(())
    }

    /// The socket that a spec wants: the known one, changed, or a new one in its place.
    fn next_socket(
        &self,
        known: Option<NodeSocket>,
        spec: &SocketSpec,
    ) -> Result<NodeSocket, (Option<Box<NodeSocket>>, SocketError)> {
        let blueprint = &self.blueprint;
        let open =
            |counters| NodeSocket::open(&blueprint.context, &blueprint.instance, spec, counters);
        let Some(mut known) = known else {
            return open(Arc::<SocketCounters>::default()).map_err(|error| (None, error));
        };
        if !needs_rebuild(&known.spec, spec) {
            return match known.adopt(spec) {
                Ok(()) => Ok(known),
                Err(error) => Err((Some(Box::new(known)), error)),
            };
        }
        let mut fresh = match open(Arc::clone(&known.counters)) {
            Ok(fresh) => fresh,
            Err(error) => return Err((Some(Box::new(known)), error)),
        };
        take_last_words(&mut known);
        known.detach_all();
        fresh.stash = std::mem::take(&mut known.stash);
        known.counters.peers.set(0);
        known.counters.subscriptions.set(0);
        Ok(fresh)
    }

    /// Lets the handlers as they are now have what arrived on sockets that go or change their role.
    fn finish_stashes_of_the_gone(&mut self, to: &NodeSpec) {
        for place in 0..self.sockets.len() {
            let stays = to.sockets.iter().any(|spec| {
                *spec.name == *self.sockets[place].name
                    && spec.role == self.sockets[place].spec.role
            });
            if stays {
                continue;
            }
            take_last_words(&mut self.sockets[place]);
            while let Some(frames) = self.sockets[place].stash.pop_front() {
                self.arrived(place, frames);
                self.flush(Instant::now());
            }
        }
    }

    /// Moves what waits from the old places of sockets to the new ones.
    fn renumber(&mut self, names: &[Arc<str>]) {
        let place_now = |sockets: &[NodeSocket], old: usize| {
            sockets.iter().position(|socket| Some(&socket.name) == names.get(old))
        };
        for mut pending in std::mem::take(&mut self.pending) {
            let Pending::Send { socket, message } = &mut pending else {
                self.pending.push_back(pending);
                continue;
            };
            match place_now(&self.sockets, *socket) {
                Some(place) if message.next == 0 => {
                    *socket = place;
                    self.pending.push_back(pending);
                }
                Some(place) => self.sockets[place].counters.drop_one(DropReason::Shutdown),
                None => {
                    let what = What::Dropped { reason: DropReason::Shutdown, count: 1 };
                    self.tell_limited(None, what);
                }
            }
        }
        for mut event in std::mem::take(&mut self.peer_events) {
            if let Some(place) = place_now(&self.sockets, event.socket) {
                event.socket = place;
                self.peer_events.push_back(event);
            }
        }
        self.reconnects.clear();
    }

    /// The forwards of a spec; what an old one still held is sent as the node's own.
    fn forwards_of(&mut self, to: &NodeSpec) -> Vec<Forward> {
        for forward in std::mem::take(&mut self.forwards) {
            let held = [(forward.held_copy, forward.capture), (forward.held, Some(forward.to))];
            for (message, place) in held {
                if let (Some(message), Some(socket)) = (message, place)
                    && socket < self.sockets.len()
                {
                    self.pending.push_back(Pending::Send { socket, message });
                }
            }
        }
        Forward::all(to)
    }

    /// Connects to what is declared now, and lets go of what is declared no more.
    pub(super) fn connect_all(
        &mut self,
        endpoints: &[(usize, String)],
        renew: &[(usize, String)],
    ) -> Vec<SocketError> {
        let mut failures = Vec::new();
        for (place, socket) in self.sockets.iter_mut().enumerate() {
            let wanted = |endpoint: &String| {
                endpoints.iter().any(|(at, one)| *at == place && one == endpoint)
            };
            let renewed =
                |endpoint: &String| renew.iter().any(|(at, one)| *at == place && one == endpoint);
            for endpoint in std::mem::take(&mut socket.declared) {
                if !wanted(&endpoint) || renewed(&endpoint) {
                    failures.extend(socket.disconnect(&endpoint).err());
                } else {
                    socket.declared.push(endpoint);
                }
            }
            for (_, endpoint) in endpoints.iter().filter(|(at, _)| *at == place) {
                if !socket.declared.contains(endpoint) {
                    match socket.connect(endpoint) {
                        Ok(()) => socket.declared.push(endpoint.clone()),
                        Err(error) => failures.push(error),
                    }
                }
            }
        }
        failures
    }

    fn bound(&self) -> Bound {
        let mut bound = Bound::new();
        for (place, socket) in self.sockets.iter().enumerate() {
            for (given, actual) in &socket.bound {
                bound.push((place, given.clone(), actual.clone()));
            }
        }
        bound
    }
}

/// Binds what the spec declares and lets go of what it does not.
async fn attach_bound(socket: &mut NodeSocket) -> Result<(), SocketError> {
    let wanted: Vec<String> = socket.spec.binds().map(ToString::to_string).collect();
    let gone: Vec<String> =
        socket.bound.keys().filter(|known| !wanted.contains(known)).cloned().collect();
    for endpoint in gone {
        socket.unbind(&endpoint)?;
    }
    for endpoint in wanted {
        if !socket.bound.contains_key(&endpoint) {
            socket.bind_again(&endpoint).await?;
        }
    }
    Ok(())
}

/// Takes everything that has arrived on a socket that is about to be closed.
fn take_last_words(socket: &mut NodeSocket) {
    for endpoint in socket.bound.keys().cloned().collect::<Vec<_>>() {
        // What cannot be let go of goes with the socket.
        let _ = socket.unbind(&endpoint);
    }
    if !socket.spec.role.receives() {
        return;
    }
    let deadline = Instant::now() + LAST_WORDS;
    loop {
        while socket.stash_one() {}
        let more = socket.raw.events().is_ok_and(super::raw::Events::readable);
        if !more && Instant::now() >= deadline {
            return;
        }
        std::hint::spin_loop();
    }
}
