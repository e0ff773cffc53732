//! What the functions of a script work on during one call: the node's view, the message in hand,
//! and the effects so far.
//!
//! Owns the one place that the engine's functions and the handlers share. One engine serves many
//! nodes, one call at a time, so what belongs to a node is laid here for the length of its call.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Duration;

use rhai::{Dynamic, ImmutableString, Map};

use super::collector::{Collected, Collector};
use super::debt::Debt;
use super::effect::{Effect, Level, Route, SocketView};
use super::encode;
use super::generator::Generator;
use super::learned::Times;
use super::msg::{LazyMessage, Msg, ReadProfile};
use super::socket_lookup::{self, Tag};
use crate::clock::RunClock;
use crate::message::Multipart;
use crate::zeromq::Role;

/// What a node's handlers can see of their node.
#[derive(Debug)]
pub struct NodeView {
    /// The node's name, as in the file.
    pub node: Rc<str>,
    /// The name of this copy: `worker.2`, or the node's own name where it is not replicated.
    pub replica: Rc<str>,
    /// The number of this copy, from 1.
    pub replica_index: u32,
    /// What makes chance repeat.
    pub seed: Option<u64>,
    /// `params`.
    pub params: serde_json::Map<String, serde_json::Value>,
    /// Its sockets, in the order that [`Effect`]s count them.
    pub sockets: Vec<SocketView>,
    /// The time of the run.
    pub clock: RunClock,
    /// Whether what a handler returns is written to a sink.
    pub writes: bool,
    /// How many bytes the state may take.
    pub state_limit: usize,
}

impl NodeView {
    /// Of an expression that belongs to no node.
    pub(super) fn of_nobody() -> Self {
        Self {
            node: "".into(),
            replica: "".into(),
            replica_index: 1,
            seed: None,
            params: serde_json::Map::new(),
            sockets: Vec::new(),
            clock: RunClock::begun(),
            writes: false,
            state_limit: usize::MAX,
        }
    }
}

/// A [`NodeView`] in the types of the engine.
pub(super) struct View {
    pub(super) node: ImmutableString,
    pub(super) replica: ImmutableString,
    pub(super) replica_index: i64,
    pub(super) generator: Rc<Generator>,
    pub(super) params: Map,
    pub(super) sockets: Vec<SocketView>,
    pub(super) names: Vec<ImmutableString>,
    /// The socket that a handler outside a request sends on, or why there is none.
    pub(super) sender: Result<usize, Refusal>,
    pub(super) times: Rc<Times>,
    pub(super) writes: bool,
    pub(super) has_timer: bool,
    /// What each socket was bound to last.
    pub(super) endpoints: RefCell<Vec<Option<ImmutableString>>>,
}

/// Where what a handler returns goes.
pub(super) enum Target<'v> {
    /// The node's sink.
    Sink,
    /// A socket: back to whoever sent the message in hand, or on; or why there is none.
    Socket(Result<usize, &'v Refusal>),
}

impl View {
    /// Where what a handler returns goes, with or without a message in hand.
    pub(super) fn target(&self, current: Option<&LazyMessage>) -> Target<'_> {
        if self.writes {
            return Target::Sink;
        }
        match current {
            Some(message) if message.route.is_some() => Target::Socket(Ok(message.socket)),
            _ => Target::Socket(self.sender.as_ref().copied()),
        }
    }
}

/// Why a function of the contract refused; the engine adds the place.
pub(super) type Refusal = String;

/// What the engine's functions and the handlers share.
#[derive(Default)]
pub(super) struct CallContext {
    view: RefCell<Option<Rc<View>>>,
    current: RefCell<Option<Msg>>,
    collector: Collector,
    /// Whether something was logged since this was last asked.
    said: Cell<bool>,
    scratch: RefCell<Vec<u8>>,
    /// What was owed and is answered by this call, which may still fail.
    paid: RefCell<Vec<Debt>>,
}

/// What the call context holds in the middle of a call.
pub(super) struct Suspended {
    view: Option<Rc<View>>,
    current: Option<Msg>,
    collected: Collected,
    said: bool,
    paid: Vec<Debt>,
}

impl std::fmt::Debug for CallContext {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CallContext")
    }
}

impl CallContext {
    /// Lays a node's things out for one call.
    pub(super) fn begin(&self, view: &Rc<View>, current: Option<Msg>) {
        *self.view.borrow_mut() = Some(Rc::clone(view));
        *self.current.borrow_mut() = current;
        self.collector.begin();
        self.paid.borrow_mut().clear();
    }

    /// Clears the call context; what the call collected goes behind what was in `effects` before it.
    pub(super) fn end(&self, effects: &mut VecDeque<Effect>) {
        self.collector.end(effects);
        *self.view.borrow_mut() = None;
        self.paid.borrow_mut().clear();
        // A request that a script keeps has its answer by now and gets no second one.
        if let Some(msg) = self.current.borrow_mut().take()
            && !msg.0.is_owed()
        {
            msg.0.set_answered();
        }
    }

    /// Forgets what a failed call wanted, and that it answered what was owed.
    pub(super) fn take_back(&self) {
        self.collector.take_back();
        self.paid.borrow_mut().drain(..).for_each(|debt| debt.reopen());
    }

    fn answered(&self, message: &LazyMessage) {
        message.set_answered();
        self.paid.borrow_mut().extend(message.debt.get().cloned());
    }

    /// `later(msg)`: the request in hand is answered by another call.
    pub(super) fn later(&self, msg: &Msg, within: Duration) -> Result<(), Refusal> {
        let view = self.view()?;
        if msg.0.role != Role::Rep {
            return Err(format!(
                "later(msg) is for a rep; on {}, a {}, nothing is answered by itself: keep the \
                 message and reply(msg, v) when it is time",
                msg.0.name, msg.0.role
            ));
        }
        let back = way_back(&view, &msg.0)?;
        let is_in_hand = |current: &Msg| Rc::ptr_eq(&current.0, &msg.0);
        if !self.current.borrow().as_ref().is_some_and(is_in_hand) || msg.0.debt.get().is_some() {
            return Err(
                "later(msg) is called once, by the handler that is given the request".into()
            );
        }
        let Some(route) = back.route else { return Err("the request has no sender".into()) };
        let debt = Debt::default();
        self.push(Effect::Owe { socket: back.socket, route, debt: debt.clone(), within })?;
        // It was looked at just now that there is none.
        let _ = msg.0.debt.set(debt);
        Ok(())
    }

    /// Clears the call context for the calls of other nodes, in the middle of a call.
    pub(super) fn suspend(&self) -> Suspended {
        Suspended {
            view: self.view.take(),
            current: self.current.take(),
            collected: self.collector.suspend(),
            said: self.said.take(),
            paid: self.paid.take(),
        }
    }

    /// Puts back what was suspended.
    pub(super) fn resume(&self, suspended: Suspended) {
        self.view.replace(suspended.view);
        self.current.replace(suspended.current);
        self.collector.resume(suspended.collected);
        self.said.set(suspended.said);
        self.paid.replace(suspended.paid);
    }

    /// What a reader makes of the message in hand; nothing where there is none.
    pub(super) fn current<T>(&self, read: impl FnOnce(&Msg) -> Option<T>) -> Option<T> {
        self.current.borrow().as_ref().and_then(read)
    }

    /// The node whose handler is being called.
    pub(super) fn view(&self) -> Result<Rc<View>, Refusal> {
        self.view
            .borrow()
            .clone()
            .ok_or_else(|| "this can be called inside a handler only, not at top level".to_owned())
    }

    /// Adds an effect, as long as there is room.
    pub(super) fn push(&self, effect: Effect) -> Result<(), Refusal> {
        self.collector.push(effect)
    }

    /// `print`, `debug` and `log`.
    pub(super) fn log(&self, level: Level, text: &str) -> Result<(), Refusal> {
        // At top level, where constants are computed, there is no node that could log.
        self.view()?;
        self.said.set(true);
        self.push(Effect::Log { level, text: text.to_owned() })
    }

    /// `send(v)`.
    pub(super) fn send(&self, value: Dynamic) -> Result<(), Refusal> {
        let view = self.view()?;
        let socket = socket_lookup::sender(&view.sockets, self.asking())?;
        self.send_on(&view, socket, value, &Tag::Default)
    }

    /// `send_to(socket, v)`.
    pub(super) fn send_to(&self, socket: &str, value: Dynamic) -> Result<(), Refusal> {
        let view = self.view()?;
        let socket = socket_lookup::named(&view.sockets, socket)?;
        self.send_on(&view, socket, value, &Tag::Default)
    }

    /// `publish(id or topic, v)`, with or without a socket's name.
    pub(super) fn publish(
        &self,
        socket: Option<&str>,
        tag: &Dynamic,
        value: Dynamic,
    ) -> Result<(), Refusal> {
        let view = self.view()?;
        let socket = match socket {
            Some(name) => socket_lookup::named(&view.sockets, name)?,
            None => socket_lookup::publisher(&view.sockets)?,
        };
        let socket_view = &view.sockets[socket];
        socket_lookup::can_publish(socket_view)?;
        self.send_on(&view, socket, value, &encode::tag_of(tag)?)
    }

    /// `reply(msg, v)`.
    pub(super) fn reply(&self, msg: &Msg, value: Dynamic) -> Result<(), Refusal> {
        let view = self.view()?;
        let back = way_back(&view, &msg.0)?;
        self.send_back(&view, &back, value)?;
        self.answered(&msg.0);
        Ok(())
    }

    /// Sends what a handler returned, where the message in hand or the node's sockets say.
    pub(super) fn deliver(&self, view: &View, value: Dynamic) -> Result<(), Refusal> {
        // Taken out first, so that a returned message is the last one and its frames are moved.
        let current = self.current.borrow_mut().take();
        let socket = match view.target(current.as_ref().map(|msg| &*msg.0)) {
            Target::Sink => {
                let frames = encode::record(value, &mut self.scratch.borrow_mut())?;
                return self.push(Effect::Write(frames));
            }
            Target::Socket(socket) => socket.map_err(Clone::clone)?,
        };
        let route = current.and_then(|msg| {
            self.answered(&msg.0);
            msg.0.route.clone()
        });
        match route {
            Some(_) => self.send_back(view, &WayBack { socket, route }, value),
            None => self.send_on(view, socket, value, &Tag::Default),
        }
    }

    /// Whether a call has logged something since this was last asked.
    pub(super) fn has_said(&self) -> bool {
        self.said.take()
    }

    /// What the call has collected so far.
    pub(super) fn collector(&self) -> &Collector {
        &self.collector
    }

    /// Whether the request in hand has its answer.
    pub(super) fn is_answered(&self) -> bool {
        self.current.borrow().as_ref().is_some_and(|msg| msg.0.is_answered())
    }

    /// Whether the request in hand is answered later.
    pub(super) fn is_owed(&self) -> bool {
        self.current.borrow().as_ref().is_some_and(|msg| msg.0.is_owed())
    }

    /// Learns from how the message in hand was read.
    pub(super) fn note_reads(&self, profile: &mut ReadProfile) {
        if let Some(msg) = &*self.current.borrow() {
            msg.0.teach(profile);
        }
    }

    fn asking(&self) -> Option<usize> {
        let current = self.current.borrow();
        let message = &current.as_ref()?.0;
        (message.role == Role::Rep).then_some(message.socket)
    }

    fn send_on(
        &self,
        view: &View,
        socket: usize,
        value: Dynamic,
        tag: &Tag,
    ) -> Result<(), Refusal> {
        let socket_view = &view.sockets[socket];
        socket_lookup::can_send(socket_view)?;
        let frames = match socket_view.role {
            Role::Rep => return self.answer_current(view, socket, value),
            Role::Router | Role::Stream => {
                encode::routed(value, socket_view, &mut self.scratch.borrow_mut())?
            }
            Role::Sub
            | Role::Pull
            | Role::Pair
            | Role::Pub
            | Role::Req
            | Role::Dealer
            | Role::Push
            | Role::Xpub
            | Role::Xsub => {
                encode::message(value, socket_view, tag, &mut self.scratch.borrow_mut())?
            }
        };
        self.push(Effect::Send { socket, message: frames.into() })
    }

    fn answer_current(&self, view: &View, socket: usize, value: Dynamic) -> Result<(), Refusal> {
        let current = self.current.borrow().clone().filter(|msg| msg.0.socket == socket);
        let Some(msg) = current else {
            let name = &view.sockets[socket].name;
            return Err(format!("{name} is a rep and can only answer the request being handled"));
        };
        let back = way_back(view, &msg.0)?;
        self.send_back(view, &back, value)?;
        self.answered(&msg.0);
        Ok(())
    }

    fn send_back(&self, view: &View, back: &WayBack, value: Dynamic) -> Result<(), Refusal> {
        let socket_view = &view.sockets[back.socket];
        let payload = encode::answer(value, socket_view, &mut self.scratch.borrow_mut())?;
        self.push(Effect::Send { socket: back.socket, message: back.frames(payload).into() })
    }
}

/// Where an answer to a message goes.
pub(super) struct WayBack {
    pub(super) socket: usize,
    pub(super) route: Option<Rc<Route>>,
}

impl WayBack {
    /// A text to whoever sent the message, in the form of the socket's format.
    pub(super) fn notice(&self, view: &View, text: &str) -> Effect {
        let payload = encode::notice(text, &view.sockets[self.socket]);
        Effect::Send { socket: self.socket, message: self.frames(payload).into() }
    }

    fn frames(&self, payload: Multipart) -> Multipart {
        match &self.route {
            Some(route) => Route::back(Rc::clone(route), payload),
            None => payload,
        }
    }
}

/// The way back to whoever sent a message, if it is still open.
fn way_back(view: &View, message: &LazyMessage) -> Result<WayBack, Refusal> {
    let socket_view =
        view.sockets.get(message.socket).filter(|socket_view| *socket_view.name == *message.name);
    let Some(socket_view) = socket_view else {
        return Err("the socket that the message came by is no longer there".to_owned());
    };
    if message.route.is_none() && socket_view.role != Role::Pair {
        socket_lookup::can_reply(socket_view)?;
        return Err("the message came while its socket was another, so it has no sender".into());
    }
    if socket_view.role == Role::Rep && message.is_answered() {
        return Err("this request was answered already; a rep answers once".to_owned());
    }
    Ok(WayBack { socket: message.socket, route: message.route.clone() })
}
