//! One node's handlers at work.
//!
//! Owns which handler a call is for, and what becomes of what it returns or fails with. Never performs
//! an effect: the node does.

mod argument;
mod direct;
mod learning;
mod state;

use std::cell::RefCell;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::rc::{Rc, Weak};

use rhai::{
    Caches, Dynamic, EvalAltResult, EvalContext, Expression, GlobalRuntimeState, ImmutableString,
};

use self::argument::{Argument, ArgumentSlot};
use self::direct::Direct;
pub use self::state::NodeState;
use super::call_context::{CallContext, NodeView, View, WayBack};
use super::effect::{Effect, EndpointCall, Inbound, Invocation};
use super::engine::Engine;
use super::failure;
use super::fault::{HandlerError, HandlerErrorKind};
use super::generator::Generator;
use super::json;
use super::learned::Times;
use super::limits;
use super::msg::{LazyMessage, Misfit, Msg, ReadProfile, blobs, excerpt, text_or_blob};
use super::program::{Compiled, Entry, Program};
use super::socket_lookup;
use super::timer::Timer;
use super::weight::size_of_message;
use crate::source::Position;
use crate::zeromq::Role;

/// The handlers of one node with their state.
pub struct Handler {
    engine: Rc<Engine>,
    program: Rc<Compiled>,
    view: Rc<View>,
    state: NodeState,
    argument: ArgumentSlot,
    global: GlobalRuntimeState,
    caches: Caches,
    profile: ReadProfile,
    /// How many times the usual time and steps a call may take.
    patience: u32,
    /// For each socket, the handler of its messages.
    routes: Vec<Option<Rc<Entry>>>,
    /// The number of the handler that the last call was of.
    called: Option<usize>,
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
            state: NodeState::new(view.state_limit),
            argument: ArgumentSlot::default(),
            view: Rc::new(view_of(view, &program.0)),
            program: program.0,
            global,
            caches: Caches::new(),
            profile: ReadProfile::default(),
            patience: 1,
            routes: Vec::new(),
            called: None,
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
        self.state.limit_to(view.state_limit);
        let (generator, times) = (Rc::clone(&self.view.generator), Rc::clone(&self.view.times));
        self.view = Rc::new(View { generator, times, ..view_of(view, &program.0) });
        self.program = program.0;
        self.profile = ReadProfile::default();
        self.forget();
        self.route();
    }

    /// Lets handlers know what a socket was bound to last.
    pub fn know_endpoint(&self, socket: usize, endpoint: Option<&str>) {
        let mut known = self.view.endpoints.borrow_mut();
        let room = known.len().max(socket + 1);
        known.resize(room, None);
        known[socket] = endpoint.map(Into::into);
    }

    /// What a call failed with after it was over.
    #[must_use]
    pub fn failed_later(&self, call: &EndpointCall, message: String) -> Box<HandlerError> {
        failure::later(call, &self.program, message)
    }

    /// The node's state.
    #[must_use]
    pub fn state(&self) -> &NodeState {
        &self.state
    }

    /// The node's state, to be measured, restored or emptied.
    pub fn state_mut(&mut self) -> &mut NodeState {
        &mut self.state
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

    /// The names of all handlers, in the order of their numbers.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.program.entries.keys().map(String::as_str)
    }

    /// The number of the handler that the last call was of; none where there was none for it, or its
    /// message did not fit.
    #[must_use]
    pub fn called(&self) -> Option<usize> {
        self.called
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
        self.called = None;
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
            Invocation::Bytes(bytes) => Argument::Value(Dynamic::from_blob(bytes)),
            Invocation::Record(frames) => Argument::Value(blobs(&frames).into()),
            Invocation::Peer(peer) => Argument::of_peer(&peer, &self.view.names),
        };
        match self.program.entries.get(name).cloned() {
            Some(entry) => {
                self.called = Some(entry.number);
                self.run(&entry, Work::Call(argument), None, None, effects)
            }
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
        self.called = Some(entry.number);
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
            context.take_back();
            if let Some(asker) = &asker {
                let text = format!("error: {}", failed.message);
                context.collector().push_anyway(asker.notice(&self.view, &text));
                if let Some(message) = message.as_ref().and_then(Weak::upgrade) {
                    message.set_answered();
                }
            }
            // What was half-way through may have left marks there.
            self.forget();
        }
        context.end(effects);
        if let Some(kept) = message.and_then(|message| message.upgrade()) {
            // The bytes of a message are libzmq's, out of the sight of our own allocator.
            self.state.grow(isize::try_from(size_of_message(&Msg(kept))).unwrap_or(isize::MAX));
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
        self.argument.lay(entry, argument);
        self.engine.guard.begin(self.patience);
        // The engine's limit is for handlers with a thread of their own; others begin part-way.
        self.global.num_operations =
            limits::OPERATIONS * u64::from(limits::PATIENCE - self.patience);
        self.global.num_modules_loaded = 0;
        let mut context = EvalContext::new(
            &self.engine.rhai,
            &mut self.global,
            &mut self.caches,
            self.argument.scope(),
            Some(self.state.value_mut()),
        );
        let result = context.eval_expression_tree(&Expression::from(&entry.body));
        self.argument.lift(entry);
        self.state.grow(self.engine.guard.left_behind());
        result.or_else(|error| match *error {
            EvalAltResult::Return(value, _) | EvalAltResult::Exit(value, _) => Ok(value),
            other => Err(Box::new(other)),
        })
    }

    fn finish(
        &self,
        context: &CallContext,
        value: Dynamic,
        asker: Option<&WayBack>,
    ) -> Result<(), String> {
        let answered = asker.is_some() && context.is_answered();
        let owed = context.is_owed();
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
        if let Some(asker) = asker.filter(|_| !answered && !owed) {
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
        times: Rc::new(Times::new(view.clock)),
        writes: view.writes,
        has_timer: program.entries.contains_key("on_timer"),
        endpoints: RefCell::default(),
    }
}

#[cfg(test)]
mod tests;
