//! Changing a running node: hold, become another spec, go on.
//!
//! Owns how a socket is replaced without losing what it had received. Which nodes have to be held,
//! and for how long, is the supervisor's.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::Node;
use crate::clock;
use crate::counters::DropReason;
use crate::event::EventKind;
use crate::node::blueprint::{Blueprint, NodeError};
use crate::node::files::NewFiles;
use crate::node::forward::Forward;
use crate::node::rehearsal::Claim;
use crate::node::replacement::{
    STASH_BURST, bind_ahead, bind_as_handlers_did, bind_declared, make_way, next_socket,
    take_last_words, take_what_has_come,
};
use crate::node::socket::{NodeSocket, SocketError};
use crate::node::state::Bound;
use crate::plan::{Fate, SocketFates};
use crate::script::{Handler, Invocation, Program};
use crate::topology::NodeSpec;

/// What is said to whoever asked by a socket that is replaced.
const REPLACED: &str = "the socket was replaced before it had answered";

impl Node {
    /// Takes nothing new from now on, and stashes what arrives on these sockets.
    pub(super) fn hold(&mut self, names: &BTreeSet<String>) {
        let places = (0..self.sockets.len())
            .filter(|&place| names.contains(&*self.sockets[place].name))
            .collect();
        self.let_through(true);
        self.life.hold(places);
    }

    /// Whether what arrives on a socket is stashed now.
    pub(super) fn is_stashed(&self, place: usize) -> bool {
        self.life.holds(place) && self.sockets[place].spec.role.receives()
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

    /// Goes on after a hold or a change.
    pub(super) fn release(&mut self, reloaded: bool) {
        self.let_through(false);
        self.life.release();
        self.life.wake();
        for socket in &mut self.sockets {
            // Reads every command that waits: a pipe that ended must not be sent into.
            socket.look();
            socket.settle();
        }
        if reloaded && self.life.works() {
            self.call(Invocation::Reload);
        }
    }

    /// Tries what becoming another could fail at, and keeps what it opened for that.
    pub(super) fn rehearse(&mut self, fates: &SocketFates) -> Result<Vec<Claim>, NodeError> {
        self.rehearsed = None;
        let next = Blueprint { spec: Arc::clone(fates.to()), ..self.blueprint.clone() };
        let stays = |socket: &NodeSocket| !goes(fate(fates, socket));
        let (rehearsed, claims) = next.rehearse(&self.engine, &self.sockets, stays)?;
        self.rehearsed = Some(Box::new(rehearsed));
        Ok(claims)
    }

    /// Becomes another, connections apart: of each socket becomes what it was told.
    ///
    /// First comes what can fail without harm: the script, the source, the sink and new sockets. Then
    /// what arrived where it cannot be answered or handled later is handled, as before the change.
    pub(super) async fn change(&mut self, fates: &SocketFates) -> Result<Bound, NodeError> {
        let to = fates.to();
        let Prepared { program, fresh, files, answerers } = self.prepare(fates).await?;
        self.answer_until_the_switch(fates).await;
        self.empty_endpoints_that_go(fates).await;
        self.finish_what_cannot_wait(fates, answerers).await;
        self.take_over(to, (program, fresh), files);
        self.timers_follow(to);
        self.change_sockets(fates).await?;
        Ok(self.bound())
    }

    /// Makes what is needed to become another and can fail without harm.
    async fn prepare(&self, fates: &SocketFates) -> Result<Prepared, NodeError> {
        let to = fates.to();
        let mut answerers = BTreeMap::new();
        for socket in self.sockets.iter().filter(|socket| fate(fates, socket) == Fate::Rebuilt) {
            let Some(next) = fates.after(&socket.name) else { continue };
            if socket.spec.role == next.role && next.role.routes() {
                let counters = Arc::clone(&socket.counters);
                let (context, instance) = (&self.blueprint.context, &self.blueprint.instance);
                let fresh = NodeSocket::open(context, instance, next, counters)?;
                answerers.insert(next.name.clone(), fresh);
            }
        }
        let from = &self.blueprint.spec;
        let next = Blueprint { spec: Arc::clone(to), ..self.blueprint.clone() };
        let (mut program, mut fresh) = (None, None);
        match &to.script {
            Some(script) if self.handler.is_some() => {
                let compiled =
                    self.engine.compile_counting(script, self.blueprint.branches.as_ref());
                let compiled = compiled.map_err(NodeError::Script)?;
                program = Some(compiled.without_survey());
            }
            Some(_) => fresh = next.handler(&self.engine)?,
            None => {}
        }
        let source = if from.keeps_source(to) { None } else { Some(next.source().await?) };
        let sink = if from.keeps_sink(to) { None } else { Some(next.sink().await?) };
        let keeps = to.persists_in(next.replica);
        let keeper = if self.files.keeps_in(keeps.as_deref()) {
            None
        } else if fresh.is_some() {
            Some(next.keeper(fresh.as_mut()).await?)
        } else {
            // The state that runs is newer than one that lies there, which is looked at all the same:
            // what is no state is nothing to write over.
            let mut unused = next.handler(&self.engine)?;
            Some(next.keeper(unused.as_mut()).await?)
        };
        Ok(Prepared { program, fresh, files: NewFiles { source, sink, keeper }, answerers })
    }

    /// Takes a spec over, with what was made for it.
    fn take_over(
        &mut self,
        to: &Arc<NodeSpec>,
        (program, fresh): (Option<Program>, Option<Handler>),
        files: NewFiles,
    ) {
        self.blueprint.spec = Arc::clone(to);
        if files.keeper.is_some() {
            self.keep_state(clock::now(), true);
        }
        self.files.change(to, files);
        self.files.state_changed(clock::now());
        self.socket_views = self.blueprint.socket_views();
        match (&mut self.handler, program) {
            (Some(handler), Some(program)) => {
                handler.swap(program, self.blueprint.view());
                self.log.sockets_moved();
            }
            (_, None) => {
                self.handler = fresh;
                self.log.moved();
            }
            (None, Some(_)) => {}
        }
        self.count_handlers();
    }

    fn timers_follow(&mut self, to: &NodeSpec) {
        if self.life.works() {
            self.timers.set_periodic(to.every, &to.timers, clock::now());
            self.timers.set_idle(to.idle, clock::now());
        }
    }

    async fn change_sockets(&mut self, fates: &SocketFates) -> Result<(), NodeError> {
        self.inquiries.forget();
        self.outbox.unload_forwards();
        let names = self.socket_names();
        self.replace_sockets(fates, &names).await?;
        self.renumber(&names);
        self.outbox.change_forwards(Forward::all(fates.to()));
        let counters = self.sockets.iter().map(|socket| Arc::clone(&socket.counters)).collect();
        self.blueprint.counters.set_sockets(counters);
        // What is known of a socket's format or of its place may be another thing now.
        self.lookout.look_again();
        // An endpoint may move from one socket to another.
        self.sockets.iter_mut().try_for_each(make_way)?;
        for socket in &mut self.sockets {
            bind_declared(socket).await?;
        }
        for place in 0..self.sockets.len() {
            for error in bind_as_handlers_did(&mut self.sockets[place]).await {
                let error = format!("a handler had bound it: {error}");
                self.reporter.emit_limited(Some(place), EventKind::Failed { error });
            }
        }
        self.share_endpoints();
        // Whoever waits for subscriptions has to know what is subscribed to now.
        self.sockets.iter_mut().for_each(NodeSocket::share_interest);
        Ok(())
    }

    /// Has the sockets that are to be in place of those that there are, which are called so.
    async fn replace_sockets(
        &mut self,
        fates: &SocketFates,
        names: &[Arc<str>],
    ) -> Result<(), SocketError> {
        let to = fates.to();
        let mut rehearsed =
            self.rehearsed.take().map(|made| made.sockets_for(to)).unwrap_or_default();
        let has = self.bound_endpoints();
        let mut old: Vec<Option<NodeSocket>> = self.sockets.drain(..).map(Some).collect();
        let mut failed = None;
        for spec in &to.sockets {
            let known = old
                .iter_mut()
                .find(|slot| slot.as_ref().is_some_and(|socket| *socket.name == *spec.name))
                .and_then(Option::take);
            let fresh = rehearsed.iter().position(|socket| *socket.name == *spec.name);
            let fresh = fresh.map(|at| rehearsed.swap_remove(at));
            // What answers was replaced already, and is what it is to be.
            let becomes = fates.fate(&spec.name, known.as_ref().map(|known| &known.spec));
            match next_socket(&self.blueprint, known, becomes, fresh, spec, &has).await {
                Ok(socket) => self.sockets.push(socket),
                Err((known, error)) => {
                    failed.get_or_insert(error);
                    self.sockets.extend(known.map(|socket| *socket));
                }
            }
        }
        let Some(error) = failed else { return Ok(()) };
        // Back to the order they had, so that the places in what waits still hold.
        self.sockets.extend(old.into_iter().flatten());
        let place = |socket: &NodeSocket| names.iter().position(|name| *name == socket.name);
        self.sockets.sort_by_key(|socket| place(socket).unwrap_or(usize::MAX));
        self.outbox.make_room(self.sockets.len());
        self.reporter.call_sockets(self.socket_names());
        Err(error)
    }

    /// Moves what waits from the old places of sockets to the new ones.
    fn renumber(&mut self, names: &[Arc<str>]) {
        let sockets = &self.sockets;
        let place_now =
            |old: usize| sockets.iter().position(|socket| Some(&socket.name) == names.get(old));
        let lost = self.outbox.renumber(sockets, place_now);
        for _ in 0..lost {
            let kind = EventKind::Dropped { reason: DropReason::Shutdown, count: 1 };
            self.reporter.emit_limited(None, kind);
        }
        self.life.renumber(place_now);
        self.incoming.renumber(place_now);
        self.bindings.renumber(place_now);
        self.connections.forget_reconnects();
        self.reporter.call_sockets(self.socket_names());
    }

    /// The endpoints that its sockets are bound to, as the file gives them.
    fn bound_endpoints(&self) -> BTreeSet<String> {
        self.sockets.iter().flat_map(|socket| socket.bound.keys().cloned()).collect()
    }

    /// Lets the handlers as they are now have what arrived on sockets that go, change their role,
    /// or have to answer by connections that will be gone. Those are replaced at once: whoever asks
    /// in between hears nothing.
    async fn finish_what_cannot_wait(
        &mut self,
        fates: &SocketFates,
        mut answerers: BTreeMap<String, NodeSocket>,
    ) {
        let has = self.bound_endpoints();
        for place in 0..self.sockets.len() {
            let known = &self.sockets[place].spec;
            let next = fates.after(&known.name);
            let fresh = answerers.remove(&known.name);
            match next {
                Some(spec) if spec.role == known.role => {
                    let Some(mut fresh) = fresh else { continue };
                    bind_ahead(&mut fresh, &has).await;
                    self.end_debts(Some(place), REPLACED);
                    self.part_from_peers(place).await;
                    take_what_has_come(&mut self.sockets[place]);
                    self.finish_stash(place);
                    self.end_debts(Some(place), REPLACED);
                    self.send_last(place).await;
                    let mut known = std::mem::replace(&mut self.sockets[place], fresh);
                    known.keep_unsent();
                    known.detach_all();
                    self.sockets[place].succeed(&mut known);
                }
                Some(_) | None => {
                    self.end_debts(Some(place), REPLACED);
                    if self.sockets[place].spec.role.routes() {
                        self.part_from_peers(place).await;
                    }
                    take_last_words(&mut self.sockets[place]);
                    self.finish_stash(place);
                    self.end_debts(Some(place), REPLACED);
                    self.send_last(place).await;
                }
            }
        }
    }

    /// Handles, or forwards, what was stashed on a socket.
    pub(super) fn finish_stash(&mut self, place: usize) {
        while let Some(frames) = self.sockets[place].next_stashed() {
            if self.outbox.forwards_from(place) {
                self.outbox.forward_later(place, &frames);
            } else {
                self.arrived(place, frames);
            }
            self.flush(clock::now());
        }
    }

    /// Stops in the middle of a reload: what was taken is finished first. A ZAP handler answers who
    /// has asked already, whether it was held or not.
    pub(super) fn finish_before_stop(&mut self) {
        let was_held = self.life.release();
        let runs = self.life.works();
        for place in 0..self.sockets.len() {
            if was_held || runs && self.sockets[place].spec.is_zap_handler() {
                take_last_words(&mut self.sockets[place]);
                self.finish_stash(place);
            }
        }
        if was_held {
            self.outbox.unload_forwards();
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
}

/// What was made for a change.
struct Prepared {
    /// What takes the place of the handlers that there are.
    program: Option<Program>,
    /// The handlers of a node that had none.
    fresh: Option<Handler>,
    files: NewFiles,
    /// The sockets that take the place of those that answer by their connections, by name.
    answerers: BTreeMap<String, NodeSocket>,
}

/// What becomes of a socket.
pub(super) fn fate(fates: &SocketFates, socket: &NodeSocket) -> Fate {
    fates.fate(&socket.name, Some(&socket.spec))
}

/// Whether a socket is closed then.
pub(super) fn goes(fate: Fate) -> bool {
    matches!(fate, Fate::Rebuilt | Fate::Ended)
}
