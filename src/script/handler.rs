//! One node's handlers at work.
//!
//! Owns a node's state, `this`, and what becomes of what a handler returns or fails with. Never
//! performs an effect: the node does.

mod direct;

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::rc::Rc;

use rhai::{
    Caches, Dynamic, EvalAltResult, EvalContext, Expression, GlobalRuntimeState, ImmutableString,
    Map, Scope,
};

use self::direct::Direct;
use super::call_context::{CallContext, NodeView, View, WayBack};
use super::effect::{Effect, Inbound, Invocation, PeerEvent, PeerEventKind};
use super::engine::Engine;
use super::failure;
use super::fault::{HandlerError, HandlerErrorKind};
use super::generator::Generator;
use super::json;
use super::kept_state::{self, StateText};
use super::limits;
use super::msg::{LazyMessage, Misfit, Msg, ReadProfile, excerpt, text_or_blob};
use super::program::{Compiled, Entry, Program};
use super::saved_state::SavedState;
use super::socket_lookup;
use super::timer::Timer;
use super::weight::{StateNews, Weight, size_of_message};
use crate::source::Position;
use crate::zeromq::Role;

/// The handlers of one node with their state.
pub struct Handler {
    engine: Rc<Engine>,
    program: Rc<Compiled>,
    view: Rc<View>,
    state: Dynamic,
    weight: Weight,
    /// The argument's variable, and nothing else between calls.
    scope: Scope<'static>,
    global: GlobalRuntimeState,
    caches: Caches,
    profile: ReadProfile,
    /// How many times the usual time and steps a call may take.
    patience: u32,
    /// For each socket, the handler of its messages.
    routes: Vec<Option<Rc<Entry>>>,
    /// What stands in the place of a message between calls.
    blank: Msg,
}

/// What a handler is called with.
enum Argument {
    None,
    Value(Dynamic),
    Message(Msg),
}

/// What is left to do for a handler's value.
enum Work {
    /// To evaluate the handler.
    Call(Argument),
    /// Nothing: it is known.
    Done(Dynamic),
}

impl Handler {
    /// The handlers of a node that starts: its state is an empty map.
    #[must_use]
    pub fn new(engine: &Rc<Engine>, program: Program, view: NodeView) -> Self {
        let global = program.0.base.clone();
        let mut handler = Self {
            engine: Rc::clone(engine),
            weight: Weight::new(view.state_limit),
            view: Rc::new(view_of(view, &program.0)),
            program: program.0,
            state: Dynamic::from_map(Map::new()),
            scope: Scope::new(),
            global,
            caches: Caches::new(),
            profile: ReadProfile::default(),
            patience: 1,
            routes: Vec::new(),
            blank: Msg(Rc::new(LazyMessage::blank())),
        };
        handler.route();
        handler
    }

    /// Lets calls take twenty times as long: for handlers that have a thread of their own, where
    /// they hold up nobody else.
    #[must_use]
    pub fn with_patience(mut self) -> Self {
        self.patience = limits::PATIENCE;
        self
    }

    /// Puts other handlers in the place of these; the state stays.
    pub fn swap(&mut self, program: Program, view: NodeView) {
        self.weight.limit_to(view.state_limit);
        let generator = Rc::clone(&self.view.generator);
        self.view = Rc::new(View { generator, ..view_of(view, &program.0) });
        self.program = program.0;
        self.profile = ReadProfile::default();
        self.forget();
        self.route();
    }

    /// The state as it is, for a node that begins anew elsewhere.
    #[must_use]
    pub fn saved_state(&self) -> SavedState {
        SavedState::of(&self.state)
    }

    /// Goes on with the state of an earlier node.
    pub fn restore(&mut self, kept: SavedState) {
        self.state = kept.into_state();
        self.weight.measure(&self.state);
    }

    /// The state as the text of a file that keeps it.
    ///
    /// # Errors
    ///
    /// When it is nested too deep.
    pub fn state_text(&self) -> Result<StateText, String> {
        kept_state::write(&self.state)
    }

    /// Goes on with a state that a file kept.
    ///
    /// # Errors
    ///
    /// When the text is none, or one that takes more than a state may.
    pub fn restore_text(&mut self, text: &[u8]) -> Result<(), String> {
        let state = kept_state::read(text)?;
        self.weight.measure(&state);
        if let Some(excess) = self.weight.excess() {
            return Err(excess);
        }
        self.state = state;
        Ok(())
    }

    /// What is to be said of how large the state has become, since this was last asked.
    pub fn state_news(&mut self) -> Option<StateNews> {
        self.weight.look(&self.state)
    }

    /// About how many bytes the state took when it was last measured: it is where calls have left a
    /// MiB behind, or an eighth of it.
    #[must_use]
    pub fn state_bytes(&self) -> usize {
        self.weight.bytes()
    }

    /// Measures the state, if that takes no time to speak of.
    pub fn measure_small_state(&mut self) {
        self.weight.measure_small(&self.state);
    }

    /// Forgets the state.
    pub fn empty_state(&mut self) {
        self.state = Dynamic::from_map(Map::new());
        self.weight.measure(&self.state);
    }

    /// Whether a handler of that name is defined.
    #[must_use]
    pub fn handles(&self, name: &str) -> bool {
        self.program.entries.contains_key(name)
    }

    /// Whether messages of a socket have a handler.
    #[must_use]
    pub fn takes(&self, socket: usize) -> bool {
        matches!(self.routes.get(socket), Some(Some(_)))
    }

    /// Whether the last call may have logged something: then there are [`Effect::Log`]s among what it
    /// wants done.
    #[must_use]
    pub fn has_said(&self) -> bool {
        self.engine.context.has_said()
    }

    /// The handler of that name, or that of a socket's messages: its name, its file and where it
    /// begins there.
    #[must_use]
    pub fn place_of(&self, name: &str, socket: Option<usize>) -> Option<(&str, &Path, Position)> {
        let entry = match socket {
            Some(socket) => self.routes.get(socket)?.as_ref()?,
            None => self.program.entries.get(name)?,
        };
        let position = self.program.main.find(entry.place)?;
        Some((&entry.name, self.program.main.path(), position))
    }

    /// Calls the handler that an invocation is for, if there is one, and adds what it wants done to
    /// `effects`.
    ///
    /// A handler is all or nothing: when it fails, nothing is sent but what it logged and counted.
    /// What it changed in `this` before stays changed. A request on a `rep` is answered in any
    /// case: with an empty frame where the handler gave no answer, with `error: …` where it failed.
    ///
    /// # Errors
    ///
    /// When the handler fails, or the message does not fit its socket's format.
    pub fn call_into(
        &mut self,
        invocation: Invocation,
        effects: &mut VecDeque<Effect>,
    ) -> Result<(), Box<HandlerError>> {
        let name = invocation.handler();
        let argument = match invocation {
            Invocation::Message(inbound) => return self.message(inbound, effects),
            Invocation::Start
            | Invocation::Tick
            | Invocation::End
            | Invocation::Idle
            | Invocation::Reload
            | Invocation::Stop => Argument::None,
            Invocation::Timer(name) => Argument::Value(ImmutableString::from(&*name).into()),
            Invocation::Line(line) => Argument::Value(text_or_blob(&line)),
            Invocation::Peer(peer) => Argument::Value(self.peer(&peer)),
        };
        match self.program.entries.get(name).cloned() {
            Some(entry) => self.run(&entry, Work::Call(argument), None, None, effects),
            None => Ok(()),
        }
    }

    fn message(
        &mut self,
        inbound: Inbound,
        effects: &mut VecDeque<Effect>,
    ) -> Result<(), Box<HandlerError>> {
        let socket = inbound.socket;
        let (Some(socket_view), Some(entry)) =
            (self.view.sockets.get(socket), self.routes.get(socket))
        else {
            return Ok(());
        };
        let asks = socket_view.role == Role::Rep;
        let mut message =
            match LazyMessage::open(inbound, socket_view, &self.view.names[socket], self.profile) {
                Ok(message) => message,
                Err(misfit) => {
                    let asker =
                        asks.then(|| WayBack { socket, route: misfit.inbound.route.clone() });
                    return Err(self.refuse(&misfit, asker, effects));
                }
            };
        let Some(entry) = entry.clone() else {
            if asks {
                let asker = WayBack { socket, route: message.route };
                effects.push_back(asker.notice(&self.view, ""));
            }
            return Ok(());
        };
        let known = match &entry.fast_expression {
            Some(fast_expression) => match self.directly(fast_expression, &mut message, effects) {
                Direct::Done => return Ok(()),
                Direct::Left(known) => known,
            },
            None => None,
        };
        let asker = asks.then(|| WayBack { socket, route: message.route.clone() });
        let msg = Msg(Rc::new(message));
        let work = match known {
            Some(known) => Work::Done(known.value(&msg)),
            None => Work::Call(Argument::Message(msg.clone())),
        };
        self.run(&entry, work, Some(msg), asker, effects)
    }

    /// What the handler of messages says of one; nothing is done about it.
    pub(super) fn judge(&mut self, message: LazyMessage) -> Result<Dynamic, Box<HandlerError>> {
        let Some(entry) = self.program.entries.get("on_message").cloned() else {
            return Ok(Dynamic::UNIT);
        };
        let engine = Rc::clone(&self.engine);
        let msg = Msg(Rc::new(message));
        if let Some(value) =
            entry.fast_expression.as_ref().and_then(|fast_expression| fast_expression.value(&msg))
        {
            return Ok(value);
        }
        engine.context.begin(&self.view, Some(msg.clone()));
        let said = self.evaluate(&entry, Argument::Message(msg));
        engine.context.end(&mut VecDeque::new());
        said.map_err(|error| {
            self.forget();
            failure::of(*error, &entry, &self.program)
        })
    }

    /// Evaluates a handler and sees to what it leaves behind.
    fn run(
        &mut self,
        entry: &Entry,
        work: Work,
        current: Option<Msg>,
        asker: Option<WayBack>,
        effects: &mut VecDeque<Effect>,
    ) -> Result<(), Box<HandlerError>> {
        let engine = Rc::clone(&self.engine);
        let context = &*engine.context;
        let message = current.as_ref().map(|msg| Rc::downgrade(&msg.0));
        context.begin(&self.view, current);
        // A panic is a fault of ours or of the engine's, and a failed call like any other.
        let outcome = catch_unwind(AssertUnwindSafe(|| self.work(entry, work, asker.as_ref())));
        let outcome =
            outcome.unwrap_or_else(|panic| Err(failure::panicked(entry, &self.program, &*panic)));
        if let Err(failed) = &outcome {
            context.collector().take_back();
            if let Some(asker) = &asker {
                let text = format!("error: {}", failed.message);
                context.collector().push_anyway(asker.notice(&self.view, &text));
            }
            // What was half-way through may have left marks there.
            self.forget();
        }
        context.end(effects);
        if let Some(kept) = message.and_then(|message| message.upgrade()) {
            // The bytes of a message are libzmq's, out of the sight of our own allocator.
            self.weight.add(isize::try_from(size_of_message(&Msg(kept))).unwrap_or(isize::MAX));
        }
        outcome
    }

    /// Evaluates a handler, and hands on what it returns.
    fn work(
        &mut self,
        entry: &Entry,
        work: Work,
        asker: Option<&WayBack>,
    ) -> Result<(), Box<HandlerError>> {
        let value = match work {
            Work::Call(argument) => self.evaluate(entry, argument),
            Work::Done(value) => Ok(value),
        };
        let value = value.map_err(|error| failure::of(*error, entry, &self.program))?;
        let engine = Rc::clone(&self.engine);
        engine.context.note_reads(&mut self.profile);
        self.finish(&engine.context, value, asker)
            .map_err(|message| failure::returned(entry, &self.program, message))
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "of the engine's errors two are none")]
    fn evaluate(
        &mut self,
        entry: &Entry,
        argument: Argument,
    ) -> Result<Dynamic, Box<EvalAltResult>> {
        self.lay(entry, argument);
        self.engine.guard.begin(self.patience);
        // The engine's limit is for handlers with a thread of their own; others begin part-way.
        self.global.num_operations =
            limits::OPERATIONS * u64::from(limits::PATIENCE - self.patience);
        self.global.num_modules_loaded = 0;
        let mut context = EvalContext::new(
            &self.engine.rhai,
            &mut self.global,
            &mut self.caches,
            &mut self.scope,
            Some(&mut self.state),
        );
        let result = context.eval_expression_tree(&Expression::from(&entry.body));
        self.lift(entry);
        self.weight.add(self.engine.guard.left_behind());
        result.or_else(|error| match *error {
            EvalAltResult::Return(value, _) | EvalAltResult::Exit(value, _) => Ok(value),
            other => Err(Box::new(other)),
        })
    }

    /// Puts a call's argument into the scope. Mostly one handler is called again and again, so its
    /// variable stays there, and with it the boxes that a message needs to be a value.
    fn lay(&mut self, entry: &Entry, argument: Argument) {
        let Some(name) = &entry.argument else {
            self.scope.clear();
            return;
        };
        if self.scope.get_mut(name).is_none() {
            self.scope.clear();
            self.scope.push_dynamic(name.as_str(), Dynamic::UNIT);
        }
        let Some(slot) = self.scope.get_mut(name) else { return };
        match argument {
            Argument::Message(msg) => put(slot, msg),
            Argument::Value(value) => *slot = value,
            Argument::None => *slot = Dynamic::UNIT,
        }
    }

    /// Takes a call's argument out of the scope, so that nothing but the script holds it.
    fn lift(&mut self, entry: &Entry) {
        let Some(slot) = entry.argument.as_ref().and_then(|name| self.scope.get_mut(name)) else {
            return;
        };
        put(slot, self.blank.clone());
    }

    fn finish(
        &self,
        context: &CallContext,
        value: Dynamic,
        asker: Option<&WayBack>,
    ) -> Result<(), String> {
        let answered = asker.is_some() && context.is_answered();
        // A timer that is the last word, as in `after("1s", "x")`, is nothing to send.
        if !value.is_unit() && !value.is::<Timer>() {
            if answered && !self.view.writes {
                return Err("the request was answered and a value is returned too; \
                            a rep answers once"
                    .to_owned());
            }
            context.deliver(&self.view, value)?;
            if !self.view.writes {
                return Ok(());
            }
        }
        if let Some(asker) = asker.filter(|_| !answered) {
            context.collector().push_anyway(asker.notice(&self.view, ""));
        }
        Ok(())
    }

    fn refuse(
        &self,
        misfit: &Misfit,
        asker: Option<WayBack>,
        effects: &mut VecDeque<Effect>,
    ) -> Box<HandlerError> {
        let frame =
            misfit.inbound.payload.first().map_or("".to_owned(), |frame| excerpt(frame, 48));
        let message = format!(
            "a message on {} was dropped: {}; it begins {frame:?}",
            self.view.names[misfit.inbound.socket], misfit.why
        );
        if let Some(asker) = asker {
            effects.push_back(asker.notice(&self.view, &format!("error: {}", misfit.why)));
        }
        Box::new(HandlerError {
            kind: HandlerErrorKind::Malformed(misfit.why),
            handler: "on_message".to_owned(),
            message,
            path: self.program.main.path().to_owned(),
            position: None,
            calls: Vec::new(),
        })
    }

    fn peer(&self, peer: &PeerEvent) -> Dynamic {
        let mut map = Map::new();
        let event = match peer.kind {
            PeerEventKind::Connected => "connected",
            PeerEventKind::Disconnected => "disconnected",
            PeerEventKind::Subscribed => "subscribed",
            PeerEventKind::Unsubscribed => "unsubscribed",
        };
        map.insert("event".into(), event.into());
        if let Some(name) = self.view.names.get(peer.socket) {
            map.insert("socket".into(), name.clone().into());
        }
        if let Some(endpoint) = &peer.endpoint {
            map.insert("endpoint".into(), endpoint.clone().into());
        }
        if let Some(topic) = &peer.topic {
            map.insert("topic".into(), text_or_blob(topic));
        }
        Dynamic::from_map(map)
    }

    /// Begins the next call with the program as it was compiled.
    fn forget(&mut self) {
        self.global = self.program.base.clone();
        self.caches = Caches::new();
    }

    fn route(&mut self) {
        let entries = &self.program.entries;
        self.routes = self
            .view
            .sockets
            .iter()
            .map(|socket_view| {
                let own = entries.get(&format!("on_{}", socket_view.name));
                own.filter(|entry| entry.argument.is_some())
                    .or_else(|| entries.get("on_message"))
                    .cloned()
            })
            .collect();
    }
}

impl std::fmt::Debug for Handler {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Handler").field("node", &self.view.replica).finish_non_exhaustive()
    }
}

/// Puts a message into a variable: into its boxes if there is one already, and no closure shares it.
fn put(slot: &mut Dynamic, msg: Msg) {
    if !slot.is_shared()
        && let Some(mut held) = slot.write_lock::<Msg>()
    {
        *held = msg;
        return;
    }
    *slot = Dynamic::from(msg);
}

fn view_of(view: NodeView, program: &Compiled) -> View {
    View {
        node: (&*view.node).into(),
        replica: (&*view.replica).into(),
        replica_index: view.replica_index.into(),
        generator: Rc::new(Generator::new(view.seed, &view.replica)),
        params: json::from_object(view.params),
        names: view.sockets.iter().map(|socket_view| (&*socket_view.name).into()).collect(),
        sender: socket_lookup::sender(&view.sockets, None),
        sockets: view.sockets,
        clock: view.clock,
        writes: view.writes,
        has_timer: program.entries.contains_key("on_timer"),
    }
}

#[cfg(test)]
mod tests;
