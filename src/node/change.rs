//! Changing a running node: hold, become another spec, go on.
//!
//! Owns how a socket is replaced without losing what it had received. Which nodes have to be held,
//! and for how long, is the supervisor's.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::blueprint::{Blueprint, NodeError};
use super::forward::Forward;
use super::line_source::LineSource;
use super::rehearsal::Claim;
use super::sink::Sink;
use super::socket::{NodeSocket, SocketError};
use super::state::{Bound, Figures, NodeState, SocketFigures};
use super::task::{Node, Phase};
use crate::counters::{DropReason, SocketCounters};
use crate::event::EventKind;
use crate::script::{Effect, Invocation, Program};
use crate::topology::{NodeSpec, SocketSpec};
use crate::zeromq::Role;

/// How many messages a held node takes before others have their turn.
const STASH_BURST: usize = 1000;
/// How long a socket that goes is listened to after its endpoints are gone.
const LAST_WORDS: Duration = Duration::from_millis(2);
/// The same where a peer never ceases to send.
const LAST_WORDS_MOST: Duration = Duration::from_millis(20);

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
            let stashed = socket.stash.len() as u64;
            let figures = SocketFigures { stashed, ..SocketFigures::of(&socket.counters) };
            (socket.name.to_string(), figures)
        });
        let unanswered = |socket: &NodeSocket| {
            socket.spec.role == Role::Req && socket.awaits_reply
                || !socket.deferred_replies.is_empty()
        };
        let in_hand = !self.pending.is_empty() || !self.forwards.iter().all(Forward::is_idle);
        Figures {
            sockets: sockets.collect(),
            unanswered: match &self.held {
                Some(held) => held.iter().any(|&place| unanswered(&self.sockets[place])),
                None => self.sockets.iter().any(unanswered),
            },
            unsent: in_hand && self.held.is_none(),
        }
    }

    /// Goes on after a hold or a change.
    pub(super) fn release(&mut self, reloaded: bool) {
        self.held = None;
        if self.phase == Phase::Quiet {
            self.phase = Phase::Running;
        }
        for socket in &mut self.sockets {
            // Reads every command that waits: a pipe that ended must not be sent into.
            socket.look();
            socket.settle();
        }
        if reloaded && matches!(self.phase, Phase::Running | Phase::Quiet) {
            self.call(Invocation::Reload);
        }
    }

    /// Tries what becoming a spec could fail at, and keeps what it opened for that.
    pub(super) fn rehearse(&mut self, to: Arc<NodeSpec>) -> Result<Vec<Claim>, NodeError> {
        self.rehearsed = None;
        let next = Blueprint { spec: to, ..self.blueprint.clone() };
        let (rehearsed, claims) = next.rehearse(&self.engine, &self.sockets)?;
        self.rehearsed = Some(Box::new(rehearsed));
        Ok(claims)
    }

    /// Becomes what a spec says, connections apart.
    ///
    /// First comes what can fail without harm: the script, the source, the sink and new sockets. Then
    /// what arrived where it cannot be answered or handled later is handled, as before the change.
    pub(super) async fn change(&mut self, to: Arc<NodeSpec>) -> Result<Bound, NodeError> {
        let prepared = self.prepare(&to).await?;
        self.answer_until_the_switch(&to).await;
        self.empty_endpoints_that_go(&to).await;
        self.finish_what_cannot_wait(&to, prepared.answerers).await;
        self.take_over(&to, prepared.files)?;
        self.timers_follow(&to);
        self.change_sockets(&to).await?;
        Ok(self.bound())
    }

    /// Makes what a spec needs and what can fail without harm.
    async fn prepare(&mut self, to: &Arc<NodeSpec>) -> Result<Prepared, NodeError> {
        let mut answerers = BTreeMap::new();
        for socket in &self.sockets {
            let next = to.sockets.iter().find(|spec| spec.name == socket.spec.name);
            let Some(next) = next.filter(|spec| answers_anew(socket, spec)) else { continue };
            let counters = Arc::clone(&socket.counters);
            let (context, instance) = (&self.blueprint.context, &self.blueprint.instance);
            let fresh = NodeSocket::open(context, instance, next, counters)?;
            answerers.insert(next.name.clone(), fresh);
        }
        let from = std::mem::replace(&mut self.blueprint.spec, Arc::clone(to));
        let files = self.prepare_files(&from).await;
        self.blueprint.spec = from;
        Ok(Prepared { files: files?, answerers })
    }

    async fn prepare_files(&self, from: &NodeSpec) -> Result<Files, NodeError> {
        let to = &self.blueprint.spec;
        let program = match &to.script {
            Some(script) => {
                let program = self.engine.compile(script).map_err(NodeError::Script)?;
                Some(program.without_survey())
            }
            None => None,
        };
        let keeps = (from.keeps_source(to), from.keeps_sink(to));
        let source = if keeps.0 { None } else { Some(self.blueprint.source().await?) };
        let sink = if keeps.1 { None } else { Some(self.blueprint.sink().await?) };
        Ok(Files { program, source, sink })
    }

    /// Takes a spec over, with what was made for it.
    fn take_over(&mut self, to: &Arc<NodeSpec>, files: Files) -> Result<(), NodeError> {
        self.blueprint.spec = Arc::clone(to);
        if let Some(source) = files.source {
            self.source = source;
        } else if let Some((source, spec)) = self.source.as_mut().zip(to.read.as_ref()) {
            source.adopt(spec);
        }
        if let Some(sink) = files.sink {
            self.flush_sink();
            // It goes on writing what it has.
            self.old_sinks.extend(std::mem::replace(&mut self.sink, sink));
        } else if let Some((sink, spec)) = self.sink.as_mut().zip(to.write.as_ref()) {
            sink.adopt(spec);
        }
        self.socket_views = self.blueprint.socket_views();
        match (&mut self.handler, files.program) {
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
        self.inquiry = None;
        self.unload_forwards();
        let mut rehearsed =
            self.rehearsed.take().map(|made| made.sockets_for(to)).unwrap_or_default();
        let has = self.bound_endpoints();
        let names: Vec<Arc<str>> =
            self.sockets.iter().map(|socket| Arc::clone(&socket.name)).collect();
        let mut old: Vec<Option<NodeSocket>> = self.sockets.drain(..).map(Some).collect();
        let mut failed = None;
        for spec in &to.sockets {
            let known = old
                .iter_mut()
                .find(|slot| slot.as_ref().is_some_and(|socket| *socket.name == *spec.name))
                .and_then(Option::take);
            let fresh = rehearsed.iter().position(|socket| *socket.name == *spec.name);
            let fresh = fresh.map(|at| rehearsed.swap_remove(at));
            match self.next_socket(known, fresh, spec, &has).await {
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
        self.forwards = Forward::all(to);
        let counters = self.sockets.iter().map(|socket| Arc::clone(&socket.counters)).collect();
        self.blueprint.counters.set_sockets(counters);
        // What is known of a socket's format or of its place may be another thing now.
        self.taps.look_again();
        // An endpoint may move from one socket to another.
        self.sockets.iter_mut().try_for_each(make_way)?;
        for socket in &mut self.sockets {
            bind_declared(socket).await?;
        }
        // Whoever waits for subscriptions has to know what is subscribed to now.
        self.sockets.iter_mut().for_each(NodeSocket::share_interest);
        Ok(())
    }

    /// The endpoints that its sockets are bound to, as the file gives them.
    fn bound_endpoints(&self) -> BTreeSet<String> {
        self.sockets.iter().flat_map(|socket| socket.bound.keys().cloned()).collect()
    }

    /// The socket that a spec wants: the known one, changed, or a new one in its place.
    ///
    /// What it is to bind and no socket of the node `has` is bound before anything is let go of.
    async fn next_socket(
        &self,
        known: Option<NodeSocket>,
        fresh: Option<NodeSocket>,
        spec: &SocketSpec,
        has: &BTreeSet<String>,
    ) -> Result<NodeSocket, (Option<Box<NodeSocket>>, SocketError)> {
        let blueprint = &self.blueprint;
        let open = |counters| match fresh {
            Some(fresh) => Ok(fresh),
            None => NodeSocket::open(&blueprint.context, &blueprint.instance, spec, counters),
        };
        let Some(mut known) = known else {
            let mut fresh =
                open(Arc::<SocketCounters>::default()).map_err(|error| (None, error))?;
            bind_ahead(&mut fresh, has).await;
            return Ok(fresh);
        };
        if !known.has_to_go_for(spec) {
            return match known.adopt(spec) {
                Ok(()) => {
                    bind_ahead(&mut known, has).await;
                    Ok(known)
                }
                Err(error) => Err((Some(Box::new(known)), error)),
            };
        }
        let mut fresh = match open(Arc::clone(&known.counters)) {
            Ok(fresh) => fresh,
            Err(error) => return Err((Some(Box::new(known)), error)),
        };
        bind_ahead(&mut fresh, has).await;
        take_last_words(&mut known);
        known.keep_unsent();
        known.detach_all();
        fresh.succeed(&mut known);
        Ok(fresh)
    }

    /// Lets the handlers as they are now have what arrived on sockets that go, change their role,
    /// or have to answer by connections that will be gone. Those are replaced at once: whoever asks
    /// in between hears nothing.
    async fn finish_what_cannot_wait(
        &mut self,
        to: &NodeSpec,
        mut answerers: BTreeMap<String, NodeSocket>,
    ) {
        let has = self.bound_endpoints();
        for place in 0..self.sockets.len() {
            let known = &self.sockets[place].spec;
            let next = to.sockets.iter().find(|spec| spec.name == known.name);
            let fresh = answerers.remove(&known.name);
            match next {
                Some(spec) if spec.role == known.role => {
                    let Some(mut fresh) = fresh else { continue };
                    bind_ahead(&mut fresh, &has).await;
                    self.part_from_peers(place).await;
                    take_what_has_come(&mut self.sockets[place]);
                    self.finish_stash(place);
                    self.send_last(place).await;
                    let mut known = std::mem::replace(&mut self.sockets[place], fresh);
                    known.keep_unsent();
                    known.detach_all();
                    self.sockets[place].succeed(&mut known);
                }
                Some(_) | None => {
                    if self.sockets[place].spec.role.routes() {
                        self.part_from_peers(place).await;
                    }
                    take_last_words(&mut self.sockets[place]);
                    self.finish_stash(place);
                    self.send_last(place).await;
                }
            }
        }
    }

    /// Handles, or forwards, what was stashed on a socket.
    pub(super) fn finish_stash(&mut self, place: usize) {
        while let Some(frames) = self.sockets[place].stash.pop_front() {
            if self.forwards.iter().any(|forward| forward.from == place) {
                self.forward_later(place, frames);
            } else {
                self.arrived(place, frames);
            }
            self.flush(Instant::now());
        }
    }

    /// Stops in the middle of a reload: what was taken is finished first. A ZAP handler answers who
    /// has asked already, whether it was held or not.
    pub(super) fn finish_before_stop(&mut self) {
        let was_held = self.held.take().is_some();
        let runs = matches!(self.phase, Phase::Running | Phase::Quiet);
        for place in 0..self.sockets.len() {
            if was_held || runs && self.sockets[place].spec.is_zap_handler() {
                take_last_words(&mut self.sockets[place]);
                self.finish_stash(place);
            }
        }
        if was_held {
            self.unload_forwards();
        }
    }

    /// Moves what waits from the old places of sockets to the new ones.
    fn renumber(&mut self, names: &[Arc<str>]) {
        let place_now = |sockets: &[NodeSocket], old: usize| {
            sockets.iter().position(|socket| Some(&socket.name) == names.get(old))
        };
        for mut effect in std::mem::take(&mut self.pending) {
            let Effect::Send { socket, message } = &mut effect else {
                self.pending.push_back(effect);
                continue;
            };
            match place_now(&self.sockets, *socket) {
                Some(place) if message.next == 0 => {
                    *socket = place;
                    self.pending.push_back(effect);
                }
                Some(place) => self.sockets[place].counters.drop_one(DropReason::Shutdown),
                None => {
                    let kind = EventKind::Dropped { reason: DropReason::Shutdown, count: 1 };
                    self.emit_limited(None, kind);
                }
            }
        }
        if let Some(held) = self.held.take() {
            let places = held.into_iter().filter_map(|place| place_now(&self.sockets, place));
            self.held = Some(places.collect());
        }
        for mut event in std::mem::take(&mut self.peer_events) {
            if let Some(place) = place_now(&self.sockets, event.socket) {
                event.socket = place;
                self.peer_events.push_back(event);
            }
        }
        self.reconnects.clear();
    }

    /// What the forwards have in hand is sent as the node's own.
    fn unload_forwards(&mut self) {
        for forward in &mut self.forwards {
            let held = [
                (forward.held_copy.take(), forward.capture),
                (forward.held.take(), Some(forward.to)),
            ];
            for (message, place) in held {
                if let (Some(message), Some(socket)) = (message, place) {
                    self.pending.push_back(Effect::Send { socket, message });
                }
            }
        }
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
                if socket.declared.contains(endpoint) {
                    continue;
                }
                if socket.connected.contains(endpoint) {
                    socket.declared.push(endpoint.clone());
                } else {
                    match socket.connect(endpoint) {
                        Ok(()) => socket.declared.push(endpoint.clone()),
                        Err(error) => failures.push(error),
                    }
                }
            }
        }
        failures
    }

    /// What is there, as libzmq tells it where it does.
    pub(super) fn describe(&self) -> NodeState {
        NodeState {
            spec: Arc::clone(&self.blueprint.spec),
            sockets: self.sockets.iter().map(NodeSocket::describe).collect(),
        }
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

/// What was made for a change.
struct Prepared {
    files: Files,
    /// The sockets that take the place of those that answer by their connections, by name.
    answerers: BTreeMap<String, NodeSocket>,
}

/// What a change of a spec needs of files; nothing where that stays.
struct Files {
    program: Option<Program>,
    source: Option<Option<LineSource>>,
    sink: Option<Option<Sink>>,
}

/// Whether a socket that answers by its connections is replaced by one of the same role.
fn answers_anew(socket: &NodeSocket, to: &SocketSpec) -> bool {
    socket.spec.role == to.role && to.role.routes() && socket.has_to_go_for(to)
}

/// Lets go of bound endpoints that the spec does not declare, and of connections to those that it
/// is to bind itself.
fn make_way(socket: &mut NodeSocket) -> Result<(), SocketError> {
    let wanted: Vec<String> = socket.spec.binds().map(ToString::to_string).collect();
    let gone: Vec<String> =
        socket.bound.keys().filter(|known| !wanted.contains(known)).cloned().collect();
    gone.iter().try_for_each(|endpoint| socket.unbind(endpoint))?;
    // libzmq tells endpoints apart by their text: letting go of one later would end both.
    for endpoint in &wanted {
        while socket.connected.contains(endpoint) {
            socket.disconnect(endpoint)?;
        }
        socket.declared.retain(|known| known != endpoint);
    }
    Ok(())
}

/// Binds what the spec declares and no socket of the node has. What another node has yet comes free
/// while it changes too, and is bound after.
async fn bind_ahead(socket: &mut NodeSocket, has: &BTreeSet<String>) {
    let wanted: Vec<String> = socket.spec.binds().map(ToString::to_string).collect();
    for endpoint in wanted.iter().filter(|endpoint| !has.contains(*endpoint)) {
        // A connection of its own to where it is to be bound has to end first.
        if !socket.connected.contains(endpoint) {
            let _ = socket.try_bind(endpoint).await;
        }
    }
}

/// Binds what the spec declares and the socket is not bound to.
async fn bind_declared(socket: &mut NodeSocket) -> Result<(), SocketError> {
    let wanted: Vec<String> = socket.spec.binds().map(ToString::to_string).collect();
    for endpoint in wanted {
        if !socket.bound.contains_key(&endpoint) {
            socket.bind_again(&endpoint).await?;
        }
    }
    Ok(())
}

/// Takes everything that has arrived on a socket that is about to be closed.
fn take_last_words(socket: &mut NodeSocket) {
    // Over inproc nothing is on its way but what libzmq has already.
    let from_afar = socket.bound.keys().any(|endpoint| !endpoint.starts_with("inproc:"));
    // `zmq_unbind` ends connections with all that waits to go out on them.
    if from_afar && socket.spec.role.sends() {
        take_what_has_come(socket);
        return;
    }
    socket.unbind_all(|_| true);
    take_for(socket, if from_afar { LAST_WORDS } else { Duration::ZERO });
}

/// Stashes what has arrived.
pub(super) fn take_what_has_come(socket: &mut NodeSocket) {
    take_for(socket, Duration::ZERO);
}

/// Stashes what has arrived and what still comes in that time; a peer that never ceases to send
/// does not make it longer than [`LAST_WORDS_MOST`].
fn take_for(socket: &mut NodeSocket, patience: Duration) {
    if !socket.spec.role.receives() {
        return;
    }
    let begun = Instant::now();
    loop {
        for _ in 0..STASH_BURST {
            if !socket.stash_one() {
                break;
            }
        }
        let more = socket.raw.events().is_ok_and(super::raw::Readiness::readable);
        let waited = begun.elapsed();
        if waited >= LAST_WORDS_MOST || !more && waited >= patience {
            return;
        }
        std::hint::spin_loop();
    }
}
